"""What a batch asks of the machine: not to look for garbage in what it holds.

A batch builds hundreds of thousands of small values, none of which refers back to itself; looking through all of them for
circles again and again took a third of a night's time in Python.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

_LOCK: Final = Lock()
_running = 0


@contextmanager
def batch() -> Iterator[None]:
    """While the block (or the function that this decorates) runs, nothing is looked through; afterwards as before. Blocks may overlap."""
    global _running  # noqa: PLW0603 - a process has one collector, and one count of who has switched it off
    with _LOCK:
        ours = _running > 0 or gc.isenabled()
        _running += ours
        gc.disable()
    try:
        yield
    finally:
        with _LOCK:
            _running -= ours
            if ours and not _running:
                gc.enable()
