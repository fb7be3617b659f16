"""`./hf bench [NAME ...] [--json] [--scale S]`: run benchmarks, and print one object a line.

--scale S   a part of the full size, for a quick look (0.01: a hundredth); the figures of record are those of 1
--json      only the objects; without it a person is told on the way what is being done
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

BENCHES = {
    "night-1m": "bench.night_1m",
    "night-growth": "bench.night_growth",
    "receipts-single": "bench.receipts_single",
    "receipts-batch": "bench.receipts_batch",
    "replay": "bench.replay",
    "books-verify-1m": "bench.books_verify_1m",
    "read-loan": "bench.read_loan",
    "queue-1m": "bench.queue_1m",
    "decide": "bench.decide",
    "release-sms": "bench.release_sms",
    "dispatch": "bench.dispatch",
    "reminders": "bench.reminders",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 0 if all ran, 2 for a name that is no benchmark, 3 if one could not run."""
    parser = argparse.ArgumentParser(prog="hf bench", description="The speeds, each beside the least work that could give the same result.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(BENCHES)} (default: all)")
    parser.add_argument("--json", action="store_true", help="print nothing but one object a line")
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the full size")
    parser.add_argument("--inside", metavar="NAME", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.inside:
        return _inside(given.inside, given.scale)
    for name in given.names:
        if name not in BENCHES:
            print(f"hf bench: there is no benchmark {name!r}; choose from {', '.join(BENCHES)}", file=sys.stderr)
            return 2
    if not 0 < given.scale <= 1:
        print("hf bench: --scale is a part of the full size, more than 0 and at most 1", file=sys.stderr)
        return 2
    failed = 0
    for name in given.names or BENCHES:
        command = [sys.executable, "-m", "bench.run", "--inside", name, "--scale", str(given.scale)]
        # A process of its own, so that one benchmark's memory and connections do not weigh on the next.
        done = subprocess.run(command, cwd=_root(), stderr=subprocess.PIPE if given.json else None, env=os.environ.copy(), text=True)
        if done.returncode:
            print("\n".join((done.stderr or "").splitlines()[-5:]), file=sys.stderr)
            print(f"hf bench: {name} did not run to its end (exit {done.returncode})", file=sys.stderr)
            failed = 3
    return failed


def _inside(name: str, scale: float) -> int:
    figure = import_module(BENCHES[name]).measure(scale)
    print(json.dumps(figure.as_json(), ensure_ascii=False), flush=True)
    return 0


def _root() -> Path:
    return Path(__file__).resolve().parent.parent


if __name__ == "__main__":
    raise SystemExit(main())
