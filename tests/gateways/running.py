"""The stand-in gateway as a test holds it: a process, its port, orders to it, and what it wrote down."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.adapters.cmpp.link import Account
from tests.gateways.cmpp import SECRET, SP_ID

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Running:
    """A gateway in another process."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    def order(self, do: str, **facts: Any) -> None:
        """Tell the gateway to do something, and wait until it has heard."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **facts}) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def noted(self, what: str) -> list[dict[str, Any]]:
        """What it wrote down of one kind, in order."""
        whole = self.log.read_text().rpartition("\n")[0]
        return [found for found in map(json.loads, whole.splitlines()) if found["what"] == what]

    def account(self, version: int, **other: Any) -> Account:
        """An account of this gateway, with times short enough for a test."""
        settings = {
            "name": "test gateway", "host": "127.0.0.1", "port": self.port, "sp_id": SP_ID, "secret": SECRET, "version": version,
            "src_id": "1069012345", "per_second": 5_000, "answer_s": 2.0, "connect_s": 5.0, "first_wait_s": 0.05, "most_wait_s": 0.2,
        }  # fmt: skip
        return Account(**{**settings, **other})


@contextmanager
def gateway(folder: Path, **options: Any) -> Iterator[Running]:
    """Start a gateway and end it; options are those of its command."""
    log = folder / "gateway.jsonl"
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.gateways.cmpp", "--log", str(log), *words],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        ready = process.stdout.readline().split()
        assert ready[:1] == ["ready"], "the gateway did not start"
        yield Running(process, int(ready[1]), log)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def until(done: Callable[[], bool], seconds: float = 15.0) -> bool:
    """Whether it came true in time."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
