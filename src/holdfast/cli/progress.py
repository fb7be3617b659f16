"""How far a file is, counted on one line for whoever watches the terminal."""

from __future__ import annotations

import sys
from typing import Any

import psycopg

from holdfast.takeover import Progress


def progress() -> Progress | None:
    """What tells how many rows are done; nothing where nobody watches."""
    return _tell if sys.stderr.isatty() else None


def _tell(_db: psycopg.Connection[Any], done: int, of: int) -> None:
    print(f"\r{done} of about {of} rows", end="\n" if done >= of else "", file=sys.stderr, flush=True)
