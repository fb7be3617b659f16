"""The embedded way to the credit bureau: a batch file a day, to be handed in by whatever way the bureau takes files.

Each line is on the disk before this returns. A line that is reported again under its key, because the act
that reported it was rolled back, is found and not written twice.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
from datetime import date
from pathlib import Path
from typing import Final

from holdfast.kernel.errors import Unavailable
from holdfast.kernel.money import decimal_of
from holdfast.kernel.places import data_folder
from holdfast.release.ports import BureauLine, Reported

HEADING: Final = ("key", "account", "status", "settled_on", "principal", "currency")


class BureauFile:
    """A `Bureau` that keeps one CSV file a day in the data folder."""

    def run_against(self) -> str:
        return "NOT RUN AGAINST A REAL PEER"

    def report(self, line: BureauLine, *, on: date) -> Reported:
        folder = data_folder() / "bureau"
        name = f"settlements-{on:%Y%m%d}.csv"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (folder / ".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                known = _found(folder, line.key)
                return known if known else Reported(name, _append(folder / name, line))
        except OSError as error:
            raise Unavailable(f"the bureau's file cannot be written: {error.strerror}", code="bureau_file") from None


def _found(folder: Path, key: str) -> Reported | None:
    for path in sorted(folder.glob("settlements-*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.reader(file)):
                if number and row and row[0] == key:
                    return Reported(path.name, number)
    return None


def _append(path: Path, line: BureauLine) -> int:
    """Write the line at the end; its number, the heading not counted."""
    lines = path.read_text("utf-8").count("\n") if path.exists() else 0
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if not lines:
        writer.writerow(HEADING)
    amount = decimal_of(line.principal, line.currency)
    writer.writerow((line.key, line.account, line.status, line.settled_on.isoformat(), amount, line.currency))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8") as file:
        file.write(text.getvalue())
        file.flush()
        os.fsync(file.fileno())
    return max(lines, 1)
