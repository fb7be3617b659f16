"""The demo and the servers as a newcomer meets them: real processes, real signals."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from holdfast.database.supervisor import Supervisor

pytestmark = pytest.mark.store
COMMAND = [sys.executable, "-m", "holdfast.cli.main"]


@pytest.fixture(scope="module")
def house() -> Iterator[Path]:
    """A data folder that lives as long as this file's tests, so that the sample book is loaded once."""
    folder = Path(tempfile.mkdtemp(prefix="hf-"))
    folder.chmod(0o711)
    yield folder
    Supervisor(folder / "data").destroy()
    shutil.rmtree(folder)


class Demo:
    """A running `holdfast demo` and what it printed up to its `ready` line."""

    def __init__(self, house: Path, *arguments: str) -> None:
        self.port = free_port()
        command = [*COMMAND, "demo", "--port", str(self.port), *arguments]
        self.process = subprocess.Popen(command, env=environment(house), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("ready "):
                return
        raise AssertionError(self.process.communicate()[1])

    def get(self, path: str, token: str = "") -> int:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {token}"} if token else {}
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def children(self) -> dict[str, int]:
        """The process numbers of the services, by name."""
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                stat, said = (entry / "stat").read_text(), (entry / "cmdline").read_text()
            except OSError:
                continue
            if entry.name.isdigit() and int(stat.rpartition(")")[2].split()[1]) == self.process.pid:
                found["web" if "granian" in said else "worker"] = int(entry.name)
        return found

    def end(self, by: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(by)
        code = self.process.wait(60)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        return code


@pytest.fixture(scope="class")
def demo(house: Path) -> Iterator[Demo]:
    running = Demo(house)
    yield running
    running.end()


class TestWhileItRuns:
    """One demo for all of these."""

    def test_it_prints_log_ins_tokens_and_where_it_is(self, demo: Demo) -> None:
        roles = [line.split()[1] for line in demo.lines if line.startswith("login ")]
        assert set(roles) == {"caller", "officer", "approver", "custodian", "risk", "auditor", "admin", "integrator"}
        assert [line.split()[1] for line in demo.lines if line.startswith("token ")] == roles
        assert demo.lines[-1] == f"ready http://127.0.0.1:{demo.port}"
        assert demo.get("/login") == 200

    def test_a_printed_token_opens_the_api_and_another_does_not(self, demo: Demo) -> None:
        token = next(line.split()[2] for line in demo.lines if line.startswith("token auditor "))
        assert demo.get("/api/v1/loans", token) == 200
        assert demo.get("/api/v1/loans", token + "x") == 401
        assert demo.get("/api/v1/loans") == 401

    def test_every_answer_forbids_inline_script_and_outside_hosts(self, demo: Demo) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{demo.port}/login", timeout=20) as answer:
            policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy

    def test_fresh_is_refused_while_somebody_uses_the_book(self, demo: Demo, house: Path) -> None:
        done = holdfast(house, "demo", "--fresh", "--port", str(free_port()))
        assert done.returncode == 1
        assert "is in use" in done.stderr

    def test_a_port_that_is_taken_is_said_before_anything_starts(self, demo: Demo, house: Path) -> None:
        done = holdfast(house, "serve", "--port", str(demo.port))
        assert done.returncode == 3
        assert "choose another with --port" in done.stderr

    @pytest.mark.parametrize("name", ["web", "worker"])
    def test_a_service_that_is_killed_is_started_again(self, demo: Demo, name: str) -> None:
        killed = demo.children()[name]
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda: demo.children().get(name, killed) != killed)
        assert eventually(lambda: not group_lives(killed)), "what it left behind holds the port"
        assert eventually(lambda: demo.get("/healthz") == 200)

    def test_the_web_comes_back_after_the_database_was_killed(self, demo: Demo, house: Path) -> None:
        assert demo.get("/healthz") == 200
        Supervisor(house / "data").kill()
        assert eventually(lambda: demo.get("/healthz") == 200)


def test_stopping_it_stops_everything_and_a_second_run_prints_the_same_log_ins(house: Path) -> None:
    first = Demo(house)
    children = first.children()
    assert set(children) == {"web", "worker"}
    assert Supervisor(house / "data").running()
    assert first.end(signal.SIGINT) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in children.values())
    assert not Supervisor(house / "data").running()
    second = Demo(house)
    assert second.end(signal.SIGTERM) == 0
    keep = ("login ", "token ")
    assert [line for line in first.lines if line.startswith(keep)] == [line for line in second.lines if line.startswith(keep)]


def test_a_demo_that_is_killed_outright_takes_its_services_with_it(house: Path) -> None:
    running = Demo(house)
    running.end(signal.SIGKILL)
    assert eventually(lambda: not Supervisor(house / "data").running())


def test_an_address_given_out_is_good_after_the_command_has_ended(house: Path) -> None:
    try:
        for role, name in (("owner", "holdfast_owner"), ("app", "holdfast_app")):
            with psycopg.connect(holdfast(house, "db-url", "--role", role).stdout.strip()) as connection:
                assert connection.execute("SELECT current_user").fetchone() == (name,)
    finally:
        holdfast(house, "db-url", "--stop")
    assert not Supervisor(house / "data").running()


def group_lives(number: int) -> bool:
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    # A zombie that nobody has reaped yet is in the group too, and does no harm.
    return any(stat_of(entry)[2] == str(number) and stat_of(entry)[0] != "Z" for entry in Path("/proc").iterdir() if entry.name.isdigit())


def stat_of(process: Path) -> list[str]:
    """State, parent and group of a process."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[:3]
    except OSError:
        return ["", "", ""]


def environment(house: Path) -> dict[str, str]:
    env = {**os.environ, "HOLDFAST_DATA": str(house / "data"), "HOLDFAST_KEYS": str(house / "data" / "keys")}
    env.pop("DATABASE_URL", None)
    return env


def holdfast(house: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], env=environment(house), capture_output=True, text=True, timeout=120)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(holds: object, seconds: float = 40) -> bool:
    """Whether it comes true in time; a connection that is refused meanwhile is not yet true."""
    assert callable(holds)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if holds():
                return True
        except OSError:
            pass  # refused while it restarts
        time.sleep(0.2)
    return False
