"""Our own keeper of a PostgreSQL server: started when needed, shared while used, stopped by the last to leave.

The server listens on a socket in a folder of mode 700 and nowhere else, asks each role for its
password, keeps checksums on its pages, and is given the time that a long recovery needs.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

from holdfast.database import account, binaries
from holdfast.database.secrets import APP_PASSWORD, OWNER_PASSWORD, known, secret
from holdfast.kernel.errors import Unavailable
from holdfast.kernel.places import data_folder, system_folder

OWNER_ROLE: Final = "holdfast_owner"
APP_ROLE: Final = "holdfast_app"
DATABASE: Final = "holdfast"
PORT: Final = 5432  # names the socket file; nothing listens on the network
SECONDS_TO_RECOVER: Final = 600  # 1.4 GB of log took 48 s on a busy machine; pg_ctl's own 60 s is too short
SECONDS_TO_VANISH: Final = 60
LONGEST_SOCKET_PATH: Final = 103  # bytes; Linux takes 107, macOS 103
ROOM_FOR_A_NEW_BOOK: Final = 200 * 2**20


@dataclass(frozen=True)
class Supervisor:
    """The server whose cluster lives in one data folder."""

    data: Path

    @classmethod
    def here(cls) -> Supervisor:
        """The supervisor of this checkout's own data folder."""
        return cls(data_folder())

    # -- where things are --

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own folder. A link, when the data folder lies where the database's account cannot go."""
        return self.data / "postgres"

    @property
    def log(self) -> Path:
        return self.cluster / "server.log"

    @property
    def socket_folder(self) -> Path:
        """Where the socket is: beside the cluster, or in a private folder with a short name if that path is too long."""
        near = self.cluster.resolve().parent / "run"
        if _fits(near):
            return near
        return Path(tempfile.gettempdir()) / f"holdfast-{sha256(os.fsencode(self.data)).hexdigest()[:12]}"

    def url(self, role: str, password: str, database: str = DATABASE) -> str:
        return f"postgresql://{role}:{password}@/{database}?host={quote(str(self.socket_folder), safe='')}&port={PORT}"

    def owner_url(self) -> str:
        return self.url(OWNER_ROLE, known(OWNER_PASSWORD) or "")

    def app_url(self) -> str:
        return self.url(APP_ROLE, known(APP_PASSWORD) or "")

    # -- shared use --

    @contextmanager
    def share(self) -> Iterator[Supervisor]:
        """Use the server: start it if it does not run, and stop it on leaving if nobody else uses it.

        Each user holds a shared lock while it lives, so one that was killed counts no longer.
        """
        with self._alone():
            self.start()
            held = self._lock_file("users.lock")
            fcntl.flock(held, fcntl.LOCK_SH)
        try:
            yield self
        finally:
            with self._alone():
                fcntl.flock(held, fcntl.LOCK_UN)
                if self._nobody_uses(held) and not self._kept.exists():
                    self.stop()
            held.close()

    def in_use(self) -> bool:
        """Whether some process uses the server now."""
        if not self.data.is_dir():
            return False
        with self._alone(), self._lock_file("users.lock") as held:
            return not self._nobody_uses(held)

    def revive(self) -> bool:
        """Start the server again if it died under its users; True if it had."""
        if self._state() != "down":
            return False
        with self._alone():
            self.start()
        return True

    def keep(self) -> None:
        """Leave the server running when its last user goes (until `unkeep`): someone outside was given its address."""
        self._kept.touch()

    def unkeep(self) -> None:
        """Stop the server now if nobody uses it, else when its last user goes."""
        self._kept.unlink(missing_ok=True)
        if not self.cluster.exists():
            return
        with self._alone(), self._lock_file("users.lock") as held:
            if self._nobody_uses(held):
                self.stop()

    @property
    def _kept(self) -> Path:
        return self.data / "keep-running"

    @staticmethod
    def _nobody_uses(held: IO[str]) -> bool:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        self._make_data_folder()
        with self._lock_file("start.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _lock_file(self, name: str) -> IO[str]:
        try:
            return (self.data / name).open("a")
        except OSError as error:
            raise Unavailable(f"{self.data / name} cannot be opened ({error.strerror}); run as the user who made this book") from error

    # -- starting --

    def start(self) -> None:
        """Bring the server up; a server that already runs is left as it is."""
        self._make_data_folder()
        if self.running():
            return
        who = account.choose(self.cluster)
        programs = account.within_reach(binaries.find(self._written_by()), who)
        if self._written_by() is None:
            self._make_cluster(programs, who)
        self._make_socket_folder(who)
        self._wait_for_the_old_one()
        said_before = self.log.stat().st_size if self.log.exists() else 0
        command: list[str | Path] = [
            programs.folder / "pg_ctl",
            "-D",
            self.cluster.resolve(),
            "-w",
            "-t",
            str(SECONDS_TO_RECOVER),
            "-l",
            self.log.resolve(),
            "-o",
            self._options(),
            "start",
        ]
        try:
            done = who.run(command, timeout=SECONDS_TO_RECOVER + 60, env=_environment())
        except subprocess.TimeoutExpired as error:
            raise Unavailable(
                f"PostgreSQL did not come up within {SECONDS_TO_RECOVER} s; {self.log} says why", code="slow_start"
            ) from error
        if done.returncode != 0:
            said = done.stderr + self._log_since(said_before)
            raise Unavailable(self._why_not(said), code="database_start")

    def running(self) -> bool:
        """Whether the server runs and takes connections; waits for one that is just starting or stopping."""
        until = time.monotonic() + SECONDS_TO_RECOVER
        while (state := self._state()) == "changing":
            if time.monotonic() > until:
                raise Unavailable(
                    f"PostgreSQL in {self.cluster} has been neither up nor down for {SECONDS_TO_RECOVER} s; {self.log} says why"
                )
            time.sleep(0.05)
        return state == "ready"

    def pid(self) -> int | None:
        """The process number in the pid file, whether that process lives or not."""
        lines = self._pid_file()
        return int(lines[0]) if lines and lines[0].isdigit() else None

    def _pid_file(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _state(self) -> str:
        lines = self._pid_file()
        pid = self.pid()
        if pid is None or not _lives_in(pid, self.cluster):
            return "down"
        return "ready" if len(lines) > 7 and lines[7].strip() == "ready" else "changing"

    def _written_by(self) -> int | None:
        """The major version that wrote the cluster; None if there is no cluster yet."""
        try:
            return int((self.cluster / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise Unavailable(f"{self.cluster / 'PG_VERSION'} cannot be read ({error}); run as the user who made this book") from error

    def _make_data_folder(self) -> None:
        try:
            # 711: the database's account must pass through; only the folders inside have anything to see, and those are 700.
            self.data.mkdir(mode=0o711, parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(
                f"the data folder {self.data} cannot be made ({error.strerror}); set HOLDFAST_DATA to a folder you may write"
            ) from error

    def _make_cluster(self, programs: binaries.Binaries, who: account.Account) -> None:
        """Write a new cluster beside its place and move it there whole, so that a killed attempt leaves nothing half-made."""
        self._check_room()
        if self.cluster.is_symlink():
            self.cluster.unlink()
        password = secret(OWNER_PASSWORD)
        home = self._home_of_a_new_cluster(who)
        draft, word = home / "postgres.new", home / "postgres.word"
        try:
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(mode=0o700)
            who.take(draft)
            word.unlink(missing_ok=True)
            with os.fdopen(os.open(word, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(password + "\n")
            who.take(word)
            done = who.run(
                [
                    programs.folder / "initdb", "-D", draft, "-U", OWNER_ROLE, "--auth=scram-sha-256", f"--pwfile={word}",
                    "--encoding=UTF8", *_locale(programs.major), "--data-checksums",
                ],
                timeout=SECONDS_TO_RECOVER, env=_environment(),
            )  # fmt: skip
            if done.returncode != 0:
                raise Unavailable(self._why_not(done.stderr), code="database_init")
            draft.rename(home / "postgres")
            if home != self.data:
                self.cluster.symlink_to(home / "postgres")
        except OSError as error:
            raise Unavailable(f"the database cannot be made in {home} ({error.strerror}); {_MEND_FOLDER}", code="database_init") from error
        finally:
            word.unlink(missing_ok=True)

    def _home_of_a_new_cluster(self, who: account.Account) -> Path:
        """The data folder; or, if root chose one where the database's account cannot go, a folder of ours under `/var/lib/holdfast`.

        Our own folder may be opened for passing through; folders above it are not ours to open.
        """
        if who.switch and not who.can_enter(self.data) and who.can_enter(self.data.parent):
            self.data.chmod(self.data.stat().st_mode | 0o011)
        if who.can_enter(self.data):
            return self.data
        try:
            system_folder().mkdir(mode=0o711, parents=True, exist_ok=True)
            home = Path(tempfile.mkdtemp(prefix="book-", dir=system_folder()))
            home.chmod(0o711)
        except OSError as error:
            raise Unavailable(
                f"the account {who.name} cannot pass into {self.data}, and {system_folder()} cannot be written "
                f"({error.strerror}); {_MEND_FOLDER}"
            ) from error
        return home

    def _check_room(self) -> None:
        free = shutil.disk_usage(self.data).free
        if free < ROOM_FOR_A_NEW_BOOK:
            raise Unavailable(
                f"the disk that holds {self.data} has {free // 2**20} MB free; a new book needs {ROOM_FOR_A_NEW_BOOK // 2**20} MB",
                code="disk_full",
            )

    def _make_socket_folder(self, who: account.Account) -> None:
        folder = self.socket_folder
        if not _fits(folder):
            raise Unavailable(
                f"the socket path in {folder} is longer than {LONGEST_SOCKET_PATH} bytes; set HOLDFAST_DATA (or TMPDIR) to a shorter path",
                code="socket_path_too_long",
            )
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            held = folder.lstat()
            # The short place is in a folder that everyone may write: one made there by somebody else is not trusted.
            if folder.is_symlink() or held.st_uid not in (os.geteuid(), who.uid):
                raise Unavailable(
                    f"{folder} belongs to another user; remove it, or set HOLDFAST_DATA to a shorter path", code="socket_folder"
                )
            folder.chmod(0o700)
            who.take(folder)
        except OSError as error:
            raise Unavailable(
                f"the socket folder {folder} cannot be made ({error.strerror}); {_MEND_FOLDER}", code="socket_folder"
            ) from error

    def _wait_for_the_old_one(self) -> None:
        """After a `kill -9` the old server's processes linger, and two servers on one cluster would ruin it: wait until all are gone."""
        until = time.monotonic() + SECONDS_TO_VANISH
        while lingering := _processes_in(self.cluster, self.pid()):
            if time.monotonic() > until:
                numbers = ", ".join(map(str, lingering))
                raise Unavailable(
                    f"old database processes still run in {self.cluster} ({numbers}); end them and try again", code="old_process"
                )
            time.sleep(0.05)
        # What is left names a dead process, a zombie that nobody reaps, or a stranger who got the number.
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        for left in (f".s.PGSQL.{PORT}.lock", f".s.PGSQL.{PORT}"):
            (self.socket_folder / left).unlink(missing_ok=True)

    def _options(self) -> str:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self.socket_folder}"',
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "jit": "off",
            "shared_buffers": f"{_shared_buffers_mb()}MB",
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            "random_page_cost": "1.1",
            # A failed statement or a violated key would put names and numbers into the log.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        }
        if _small_shared_memory():
            settings["dynamic_shared_memory_type"] = "mmap"
        return " ".join(["-p", str(PORT), *(f"-c {name}={shlex.quote(value)}" for name, value in settings.items())])

    # -- stopping --

    def stop(self) -> None:
        """Stop the server and wait until it is down; nothing happens if it does not run."""
        if not self.running():
            return
        who = account.choose(self.cluster)
        programs = account.within_reach(binaries.find(self._written_by()), who)
        done = who.run(
            [programs.folder / "pg_ctl", "-D", self.cluster.resolve(), "-m", "fast", "-w", "-t", str(SECONDS_TO_RECOVER), "stop"],
            timeout=SECONDS_TO_RECOVER + 60,
            env=_environment(),
        )
        if done.returncode != 0 and self._state() != "down":
            raise Unavailable(f"PostgreSQL did not stop: {_last_line(done.stderr)}; {self.log} says why")

    def destroy(self) -> None:
        """Stop the server and remove its cluster and socket folder. The book is gone; the keys stay."""
        with self._alone():
            if self.cluster.exists():
                self._kept.unlink(missing_ok=True)
                self.stop()
                shutil.rmtree(self.socket_folder, ignore_errors=True)
            real = self.cluster.resolve()
            if self.cluster.is_symlink():
                self.cluster.unlink()
                shutil.rmtree(real.parent, ignore_errors=True)
            else:
                shutil.rmtree(self.cluster, ignore_errors=True)

    def kill(self) -> None:
        """`kill -9` the server, as a power cut would: for tests that promise to survive it."""
        pid = self.pid()
        if pid is not None and _lives_in(pid, self.cluster):
            os.kill(pid, signal.SIGKILL)
            while _lives_in(pid, self.cluster):
                time.sleep(0.01)

    # -- saying why --

    def _log_since(self, size: int) -> str:
        try:
            with self.log.open("rb") as log:
                log.seek(size)
                return log.read(200_000).decode("utf-8", "replace")
        except OSError:
            return ""

    def _why_not(self, said: str) -> str:
        """What PostgreSQL said, as a sentence that says what to do."""
        for sign, sentence in _REASONS:
            if sign in said:
                return sentence.format(cluster=self.cluster, data=self.data, log=self.log, socket=self.socket_folder)
        return f"PostgreSQL did not start: {_last_line(said)}; {self.log} says more"


_MEND_FOLDER: Final = "set HOLDFAST_DATA to a folder on a disk you may write"

_REASONS: Final = (
    ("No space left on device", "the disk that holds {data} is full; free some space and try again"),
    ("Disk quota exceeded", "the disk quota for {data} is used up; free some space and try again"),
    ("Read-only file system", "{data} lies on a file system that is read-only; " + _MEND_FOLDER),
    (
        "incompatible with server",
        "the data in {cluster} was written by another PostgreSQL version; set HOLDFAST_PG to the one that wrote it (wheel or system)",
    ),
    ("pre-existing shared memory block", "old database processes still run in {cluster}; end them and try again"),
    ("Is another postmaster", "another server already runs in {cluster}, or its socket in {socket} is taken; stop that one and try again"),
    ("Address already in use", "the socket in {socket} is taken by another server; stop that one and try again"),
    ("is too long", "the socket path in {socket} is too long; set HOLDFAST_DATA to a shorter path"),
    ("invalid locale", "this machine lacks the locale C.UTF-8 that the database needs; install it (Debian: apt-get install libc-bin)"),
    ("locale", "this machine lacks the locale that the database was made with; install it, or set HOLDFAST_PG=wheel for a new book"),
    ("shared memory", "the machine has too little shared memory for PostgreSQL; free some, or give the container more"),
    ("could not create semaphores", "the machine has no semaphores left for PostgreSQL; stop other servers or raise kernel.sem"),
    ("could not locate required checkpoint record", "the data in {cluster} is damaged; restore a backup. {log} says more"),
    ("Permission denied", "the database's account may not use {data}; see who owns it, or " + _MEND_FOLDER),
    ("Cannot allocate memory", "the machine has too little memory for PostgreSQL; free some and try again"),
)


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder)) + len(f"/.s.PGSQL.{PORT}") <= LONGEST_SOCKET_PATH


def _locale(major: int) -> list[str]:
    """Code-point order and UTF-8, the same on every machine; from 17 on PostgreSQL carries it itself."""
    if major >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C.UTF-8"]


def _environment() -> dict[str, str]:
    """Nothing of ours: the server must not hold our secrets, and messages must be in the language we read them in."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _shared_buffers_mb() -> int:
    """An eighth of the memory, at least PostgreSQL's own default and at most what a book of a million loans profits from."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(128, min(2048, memory // 8 // 2**20))


def _small_shared_memory() -> bool:
    """Containers often have 64 MB of /dev/shm, too little for a parallel query."""
    shared = Path("/dev/shm")  # noqa: S108 - looked at, not written
    return shared.is_dir() and shutil.disk_usage(shared).total < 256 * 2**20


def _lives_in(pid: int, folder: Path) -> bool:
    """Whether that process lives and works in that folder: a number alone may have passed to a stranger."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it lives, as another user
    if not Path("/proc/self/cwd").exists():
        return True
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder.resolve()
    except OSError:
        return False


def _processes_in(folder: Path, pid: int | None) -> list[int]:
    """The living processes of the server in that folder; without /proc only the one in the pid file is known."""
    if Path("/proc/self/cwd").exists():
        return [number for entry in Path("/proc").iterdir() if entry.name.isdigit() and _lives_in(number := int(entry.name), folder)]
    return [pid] if pid is not None and _lives_in(pid, folder) else []
