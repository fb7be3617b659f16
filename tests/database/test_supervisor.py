"""The keeper of the server: who runs it, who may reach it, what it survives, and what it says when it cannot."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from holdfast.database import account, binaries, secrets, supervisor
from holdfast.database.connection import book, owner_url, transaction
from holdfast.database.supervisor import OWNER_ROLE, Supervisor
from holdfast.kernel.errors import BadInput, Unavailable

pytestmark = pytest.mark.store

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can choose another account")


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of the test's own, with a short path and passable for the account that runs the database."""
    folder = Path(tempfile.mkdtemp(prefix="hf-"))
    folder.chmod(0o711)
    monkeypatch.setenv("HOLDFAST_DATA", str(folder / "data"))
    monkeypatch.setenv("HOLDFAST_KEYS", str(folder / "keys"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    yield folder / "data"
    Supervisor(folder / "data").destroy()
    shutil.rmtree(folder)


def owner(server: Supervisor) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(server.url(OWNER_ROLE, secrets.secret(secrets.OWNER_PASSWORD), "postgres"), autocommit=True)


def shown(server: Supervisor, setting: str) -> object:
    with owner(server) as connection:
        row = connection.execute(f"SHOW {setting}".encode()).fetchone()
    assert row is not None
    return row[0]


def test_the_server_listens_on_a_private_socket_only_and_keeps_checksums(place: Path) -> None:
    with Supervisor.here().share() as server:
        assert shown(server, "data_checksums") == "on"
        assert shown(server, "listen_addresses") == ""
        assert shown(server, "fsync") == shown(server, "synchronous_commit") == shown(server, "full_page_writes") == "on"
        assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(server.cluster.stat().st_mode) == 0o700
        assert stat.S_IMODE((place.parent / "keys").stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in (place.parent / "keys").iterdir()} == {0o600}


def test_nobody_gets_in_without_the_password(place: Path) -> None:
    with Supervisor.here().share() as server:
        for password in ("", "wrong"):
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(server.url(OWNER_ROLE, password, "postgres"))


@as_root
def test_the_server_never_runs_as_root(place: Path) -> None:
    with Supervisor.here().share() as server:
        pid = server.pid()
        assert pid is not None
        assert Path(f"/proc/{pid}").stat().st_uid != 0
        assert server.cluster.stat().st_uid == server.socket_folder.stat().st_uid == Path(f"/proc/{pid}").stat().st_uid


def python_for(user: pwd.struct_passwd) -> str | None:
    """A Python of our version that this user can run: ours may lie where only root can go."""
    same = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    for candidate in (sys.executable, shutil.which("python3", path="/usr/local/bin:/usr/bin") or ""):
        try:
            done = subprocess.run(
                [candidate, "-c", same], user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd="/", capture_output=True
            )
        except OSError:
            continue
        if done.returncode == 0:
            return candidate
    return None


@as_root
def test_an_ordinary_user_runs_the_server_as_themselves(place: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    place.mkdir()
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    ours, theirs = Path(supervisor.__file__).parents[2], Path(psycopg.__file__).parents[1]
    reader = account.Account("nobody", nobody.pw_uid, nobody.pw_gid, switch=True)
    python = python_for(nobody)
    if python is None or not (reader.can_enter(ours) and reader.can_enter(theirs)):
        pytest.skip("this checkout or its Python lies where an ordinary user cannot go")
    program = "from holdfast.database.supervisor import Supervisor\nwith Supervisor.here().share() as server:\n    print(server.running())"
    env = {**os.environ, "HOLDFAST_KEYS": str(place / "keys"), "PYTHONPATH": f"{ours}:{theirs}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [python, "-c", program], user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], env=env, cwd="/", capture_output=True, text=True
    )
    assert done.stdout.strip() == "True", done.stderr
    assert (place / "postgres").stat().st_uid == nobody.pw_uid
    assert not Supervisor(place).running()


def test_the_last_to_leave_stops_the_server_and_nobody_before(place: Path) -> None:
    first, second = Supervisor.here(), Supervisor.here()
    with first.share():
        with second.share():
            assert first.pid() == second.pid()
        assert first.running()
    assert not first.running()


def test_the_one_who_started_it_may_leave_first(place: Path) -> None:
    server = Supervisor.here()
    entered, may_leave = threading.Event(), threading.Event()

    def visit() -> None:
        with Supervisor.here().share():
            entered.set()
            may_leave.wait(60)

    visitor = threading.Thread(target=visit)
    with server.share():
        visitor.start()
        assert entered.wait(60)
    assert server.running()
    may_leave.set()
    visitor.join()
    assert not server.running()


def test_an_address_that_was_given_out_stays_good_until_let_go(place: Path) -> None:
    server = Supervisor.here()
    with server.share():
        server.keep()
    assert server.running()
    with server.share():
        pass
    assert server.running()
    server.unkeep()
    assert not server.running()


def test_after_kill_9_the_server_starts_at_once_and_nothing_committed_is_lost(place: Path) -> None:
    server = Supervisor.here()
    with server.share():
        with owner(server) as connection:
            connection.execute("CREATE TABLE kept (n integer)")
            for number in range(100):
                connection.execute("INSERT INTO kept VALUES (%s)", (number,))
            killed = server.pid()
            server.kill()
        server.start()
        assert server.pid() != killed
        with owner(server) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (100,)


def test_a_pid_file_that_names_a_stranger_does_not_stop_the_start(place: Path) -> None:
    server = Supervisor.here()
    with server.share():
        pass
    (server.cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{server.cluster}\n1700000000\n5432\n/nowhere\n\n\nready\n")
    assert not server.running()
    with server.share():
        assert server.running()


def test_a_cluster_that_was_half_made_is_made_again(place: Path) -> None:
    (place / "postgres.new").mkdir(parents=True)
    (place / "postgres.new" / "PG_VERSION").write_text("18")
    with Supervisor.here().share() as server:
        assert shown(server, "server_encoding") == "UTF8"
    assert not (place / "postgres.new").exists()
    assert not (place / "postgres.word").exists()


def test_a_path_too_long_for_a_socket_gets_a_short_private_one(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = place / ("x" * 100)
    place.mkdir(mode=0o711)
    monkeypatch.setenv("HOLDFAST_DATA", str(deep))
    server = Supervisor.here()
    try:
        with server.share():
            assert len(os.fsencode(server.socket_folder)) < 60
            assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
            assert shown(server, "listen_addresses") == ""
    finally:
        server.destroy()


def test_a_short_place_that_somebody_else_made_is_not_trusted(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place.parent))
    server = Supervisor(place / ("x" * 100))
    server.data.mkdir(parents=True, mode=0o711)
    place.chmod(0o711)
    server.socket_folder.symlink_to("/tmp")
    with pytest.raises(Unavailable, match="belongs to another user"), server.share():
        pass
    server.destroy()


@as_root
def test_a_book_where_the_account_cannot_go_is_kept_elsewhere_and_no_parent_is_opened(place: Path) -> None:
    place.parent.chmod(0o700)
    with Supervisor.here().share() as server:
        assert server.cluster.is_symlink()
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        home = server.cluster.resolve().parent
    server.destroy()
    assert not home.exists()


@as_root
def test_programs_where_the_account_cannot_go_are_copied_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = binaries.find()
    hidden = place.parent / "hidden"
    hidden.mkdir(mode=0o700)
    shutil.copytree(
        found.folder.parent if found.kind == "wheel" else found.folder,
        hidden / "tree" if found.kind == "wheel" else hidden / "tree" / "bin",
    )
    monkeypatch.setattr(account, "system_folder", lambda: place.parent / "system")
    who = account.choose(place / "postgres")
    moved = binaries.Binaries(hidden / "tree" / "bin", found.major, found.kind)
    once, again = account.within_reach(moved, who), account.within_reach(moved, who)
    assert once.folder.is_relative_to(place.parent / "system")
    assert once == again
    assert stat.S_IMODE(hidden.stat().st_mode) == 0o700


def test_no_binaries_at_all_is_said_with_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_candidates", lambda: iter(()))
    for kind, mend in (("wheel", "reinstall the package"), ("system", "apt-get install postgresql-15"), ("", "DATABASE_URL")):
        monkeypatch.setenv("HOLDFAST_PG", kind)
        with pytest.raises(Unavailable, match=mend):
            binaries.find()


def test_a_kind_that_does_not_exist_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_PG", "oracle")
    with pytest.raises(BadInput, match="wheel or system"):
        binaries.find()


def test_data_of_another_version_is_not_touched(place: Path) -> None:
    with Supervisor.here().share() as server:
        pass
    (server.cluster / "PG_VERSION").write_text("9\n")
    with pytest.raises(Unavailable, match=r"written by PostgreSQL 9.*pg_dump"):
        server.start()
    shutil.rmtree(server.cluster)


def test_a_full_disk_is_said_before_anything_is_written(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "ROOM_FOR_A_NEW_BOOK", 2**60)
    with pytest.raises(Unavailable, match="MB free; a new book needs"):
        Supervisor.here().start()
    assert not (place / "postgres").exists()


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("FATAL:  could not write lock file: No space left on device", "is full"),
        ('FATAL:  could not create lock file "/x": Read-only file system', "read-only"),
        ("FATAL:  database files are incompatible with server", "another PostgreSQL version"),
        ('FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use', "old database processes still run"),
        ("LOG:  could not bind: Address already in use\nHINT:  Is another postmaster already running", "another server already runs"),
        ('initdb: error: invalid locale name "C.UTF-8"', "lacks the locale"),
        ('FATAL:  could not open file "global/pg_control": Permission denied', "may not use"),
        ("FATAL:  could not resize shared memory segment", "too little shared memory"),
        ("PANIC:  could not locate required checkpoint record", "restore a backup"),
        ("something never heard of", "something never heard of"),
    ],
)  # fmt: skip
def test_what_the_server_says_becomes_a_sentence_that_says_what_to_do(said: str, understood: str) -> None:
    assert understood in Supervisor(Path("/data"))._why_not(said)


def test_a_book_made_with_other_keys_says_which_keys_are_missing(place: Path) -> None:
    with book():
        pass
    (place.parent / "keys" / secrets.OWNER_PASSWORD).unlink()
    with pytest.raises(Unavailable, match="set HOLDFAST_KEYS"), book():
        pass
    (place.parent / "keys" / secrets.OWNER_PASSWORD).write_text("another\n")
    with pytest.raises(Unavailable, match="do not open the database"), book():
        pass


def test_a_folder_that_cannot_be_made_is_said_by_name(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write_text("a file, not a folder")
    with pytest.raises(Unavailable, match=f"data folder {place} cannot be made"):
        Supervisor.here().start()
    place.unlink()


def test_everyone_who_asks_for_a_secret_at_once_gets_the_same_one(place: Path) -> None:
    got: list[str] = []
    askers = [threading.Thread(target=lambda: got.append(secrets.secret("tried"))) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert len(got) == 8
    assert len(set(got)) == 1
    assert len(got[0]) == 64


def test_a_verb_whose_database_dies_fails_as_unavailable_and_the_next_one_works(place: Path) -> None:
    with book():
        server = Supervisor.here()
        with pytest.raises(Unavailable, match="try again"), transaction() as db:
            db.execute("INSERT INTO gl_account VALUES ('lost', 'asset')")
            server.kill()
            time.sleep(0.2)
            db.execute("SELECT 1")
        server.start()
        with transaction() as db:
            assert db.execute("SELECT count(*) FROM gl_account WHERE code = 'lost'").fetchone() == (0,)


def test_a_connection_that_ended_while_nobody_used_it_is_opened_anew(place: Path) -> None:
    with book():
        with transaction() as db:
            first = db.info.backend_pid
        with psycopg.connect(owner_url()) as owner:
            owner.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
        with transaction() as db:
            assert db.info.backend_pid != first


def test_two_first_commands_at_once_migrate_once_and_both_work(place: Path) -> None:
    program = (
        "from holdfast.database.connection import book, transaction\n"
        "with book():\n"
        "    with transaction() as db:\n"
        "        print(db.execute('SELECT session_user').fetchone()[0])"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    both = [subprocess.Popen([sys.executable, "-c", program], env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=300)[0].strip() for process in both] == ["holdfast_app", "holdfast_app"]
    assert not Supervisor(place).running()


def test_the_owner_s_address_is_the_one_in_database_url_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me@/book?host=/run/pg")
    assert owner_url() == "postgresql://me@/book?host=/run/pg"


def test_a_database_beyond_this_machine_is_reached_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGSSLMODE", raising=False)
    for near in (
        "postgresql://me@localhost/book",
        "postgresql://me@127.0.0.1/book",
        "postgresql:///book",
        "postgresql://me@far/book?sslmode=verify-full",
    ):
        monkeypatch.setenv("DATABASE_URL", near)
        assert owner_url() == near
    monkeypatch.setenv("DATABASE_URL", "postgresql://me@far/book")
    assert "sslmode=require" in owner_url()


def test_an_address_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://somewhere")
    with pytest.raises(Unavailable, match="DATABASE_URL cannot be read"):
        owner_url()
