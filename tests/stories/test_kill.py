"""Killed in mid-posting: web, worker and database end with signal 9, again and again, while receipts come in.

Nothing that was acknowledged is lost, each receipt counts once however often it was sent, and every proof of
the book is green afterwards.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from holdfast.database.supervisor import Supervisor

pytestmark = pytest.mark.store

SECONDS = 20
CLERKS = 3


@pytest.fixture
def demo() -> Iterator[Demo]:
    folder = Path(tempfile.mkdtemp(prefix="hf-kill-"))
    folder.chmod(0o711)  # the account that runs the database passes through
    running = Demo(folder / "data")
    try:
        yield running
    finally:
        running.stop()
        Supervisor(folder / "data").destroy()
        shutil.rmtree(folder)


class Demo:
    """`holdfast demo` as a process on a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.environment = {**os.environ, "HOLDFAST_DATA": str(folder), "HOLDFAST_KEYS": str(folder / "keys")}
        self.environment.pop("DATABASE_URL", None)
        self.port = _free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "holdfast.cli.main", "demo", "--port", str(self.port)],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.token = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.match(r"token officer (\S+)", line):
                self.token = found[1]
            if line.startswith("ready "):
                return
        raise AssertionError("the demo ended before it was ready")

    def call(self, path: str, body: dict[str, Any] | None = None, key: str = "") -> tuple[int, dict[str, Any]]:
        """One request; a broken connection and a 5xx are 0: nobody knows what became of it."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "Idempotency-Key": key},
        )
        try:
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as error:
                return (0 if error.code >= 500 else error.code), json.loads(error.read() or b"{}")
        except (OSError, ValueError, http.client.HTTPException):
            return 0, {}

    def ask(self, path: str) -> dict[str, Any]:
        """The answer to a question, asked again while what was killed last comes back."""
        until = time.monotonic() + 60
        while True:
            status, answer = self.call(path)
            if status == 200:
                return answer
            assert status == 0 and time.monotonic() < until, (status, answer)
            time.sleep(0.2)

    def victims(self) -> list[int]:
        """The process numbers of the worker, the web's processes and the postmaster."""
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        services = [child for child, parent in parents.items() if parent == self.process.pid]
        below = [child for child, parent in parents.items() if parent in services]
        servers = [int(file.read_text().split()[0]) for file in Path(self.environment["HOLDFAST_DATA"]).rglob("postmaster.pid")]
        return [*services, *below, *servers]

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "holdfast.cli.main", *arguments], env=self.environment, capture_output=True, text=True, timeout=300
        )

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        if self.process.stdout is not None:
            self.process.stdout.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_nothing_acknowledged_is_lost_when_everything_is_killed_in_mid_posting(demo: Demo) -> None:
    loans = [loan["id"] for loan in demo.ask("/loans?state=active&limit=20")["items"]]
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    acknowledged: dict[str, tuple[str, int]] = {}
    until = time.monotonic() + SECONDS
    lock = threading.Lock()

    def clerk(number: int) -> None:
        rng = random.Random(number)
        sent = 0
        while time.monotonic() < until:
            loan, key = rng.choice(loans), f"clerk-{number}-{sent}"
            sent += 1
            body = {"amount": {"minor": 100 + sent % 7, "currency": "CNY"}, "received_on": today}
            # The same key until it is answered: what a client does that does not know.
            for _ in range(200):
                status, answer = demo.call(f"/loans/{loan}/receipts", body, key)
                if status in (200, 201):
                    with lock:
                        acknowledged[key] = (loan, answer["event_no"])
                    break
                assert status == 0, (status, answer)
                time.sleep(0.2)
            else:
                raise AssertionError(f"{key} was never answered")

    errors: list[AssertionError] = []

    def guarded(number: int) -> None:
        try:
            clerk(number)
        except AssertionError as error:
            errors.append(error)

    clerks = [threading.Thread(target=guarded, args=(number,)) for number in range(CLERKS)]
    for each in clerks:
        each.start()
    rng, kills = random.Random(7), 0
    while time.monotonic() < until:
        time.sleep(rng.uniform(1.0, 3.0))
        try:
            os.kill(rng.choice(demo.victims()), signal.SIGKILL)
            kills += 1
        except (IndexError, OSError):
            continue
    for each in clerks:
        each.join(120)
    assert errors == []
    assert kills >= 4 and len(acknowledged) > 20

    # Each acknowledged receipt is one event, and no two keys share one.
    assert len(set(acknowledged.values())) == len(acknowledged)
    in_book: set[tuple[str, int]] = set()
    for loan in loans:
        path = f"/loans/{loan}/events?limit=200"
        while path:
            events = demo.ask(path)
            in_book |= {(loan, event["no"]) for event in events["items"] if event["kind"] == "receipt"}
            path = f"/loans/{loan}/events?limit=200&cursor={events['next']}" if events["next"] else ""
    assert set(acknowledged.values()) <= in_book
    demo.stop()
    for command in (("books", "verify"), ("duties", "audit"), ("journal", "verify")):
        outcome = demo.command(*command)
        assert outcome.returncode == 0, (command, outcome.stdout[-2000:], outcome.stderr[-500:])
