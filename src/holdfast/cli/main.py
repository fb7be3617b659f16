"""`holdfast COMMAND ...`: finds the command and turns what went wrong into a sentence and an exit code.

0 fine, 1 checked and found wrong, 2 bad input, 3 environment.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Final, NoReturn

from holdfast import __version__
from holdfast.kernel.errors import BadInput, Fault, HoldfastError, Refusal, Unavailable

# In the order of `holdfast --help`: the book's set-up, its days, its proofs, its servers.
COMMANDS: Final = (
    "init", "tape", "shadow", "schedule", "value", "conform", "decode", "model", "day_end", "duties", "books", "ledger", "journal", "clock",
    "db_url", "serve", "worker", "demo", "story",
)  # fmt: skip

EXIT_CODES: Final[dict[type, int]] = {BadInput: 2, Refusal: 1, Unavailable: 3, Fault: 1}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what it returns is the process's exit code."""
    signal.signal(signal.SIGTERM, _leave)
    parser = build_parser()
    given = parser.parse_args(arguments)
    try:
        code: int = given.func(given)
        sys.stdout.flush()
    except HoldfastError as error:
        print(f"holdfast: {error.sentence}", file=sys.stderr)
        return exit_code(error)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output left; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def build_parser() -> argparse.ArgumentParser:
    """The parser with every command in it."""
    parser = argparse.ArgumentParser(
        prog="holdfast", description="Secured lending, from the application to the day the thing is given back."
    )
    parser.add_argument("--version", action="version", version=f"holdfast {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        importlib.import_module(f"holdfast.cli.{name}").register(commands)
    return parser


def exit_code(error: HoldfastError) -> int:
    """The exit code of an error's kind."""
    return EXIT_CODES[next(kind for kind in type(error).__mro__ if kind in EXIT_CODES)]


def _leave(signal_number: int, frame: FrameType | None) -> NoReturn:
    """SIGTERM unwinds like Ctrl-C, so that a server that was started is stopped; a second one does not disturb that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(128 + signal_number)


if __name__ == "__main__":
    sys.exit(main())
