"""A credit file: a CSV with one row a loan and a column that says how it ended.

Read strictly: a cell that is not plainly what its column holds is named with its line and the mend, and nothing
is guessed. Empty cells, and the usual words for "not known", are missing.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from holdfast.decisioning.scorecard import Scorecard, Value
from holdfast.kernel.errors import BadInput

MISSING: Final = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "."})
_NUMBER: Final = re.compile(r"[+-]?(\d{1,18}(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Columns:
    """A file as columns of trimmed text; None stands for missing. `lines` are the rows' line numbers in the file."""

    names: tuple[str, ...]
    cells: Mapping[str, list[str | None]]
    lines: Sequence[int]

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, name: str, option: str = "FILE") -> list[str | None]:
        """The column of that name; BadInput names it and those that there are."""
        if name not in self.cells:
            known = ", ".join(self.names[:30])
            raise BadInput(f"{option}: the file has no column {name!r}; its columns are {known}", field=name)
        return self.cells[name]


def read(path: Path) -> Columns:
    """The file's columns; BadInput says what is wrong with it and where."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"FILE: {path} cannot be read: {error.strerror}", field="FILE") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise BadInput(f"FILE: {path} is neither UTF-8 nor GB18030 text; save it as CSV in UTF-8", field="FILE") from None
    if "\0" in text:
        raise BadInput(f"FILE: {path} is not text; save it as CSV in UTF-8", field="FILE")
    return parse(text, str(path))


def parse(text: str, name: str) -> Columns:
    """The columns of a file's text, told under `name` in errors."""
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [cell.strip() for cell in next(rows, [])]
        if not any(header):
            raise BadInput(f"FILE: {name} is empty; write a line of column names and a row for each loan", field="FILE")
        for place, column in enumerate(header, start=1):
            if not column:
                header[place - 1] = column = f"column {place}"
            if column in header[: place - 1]:
                raise BadInput(f"FILE: the column {column!r} stands twice in the first line; rename one", field=column)
        cells: list[list[str | None]] = [[] for _ in header]
        lines: list[int] = []
        for row in rows:
            if not row or row == [""]:
                continue
            if len(row) != len(header):
                raise BadInput(f"FILE: line {rows.line_num} has {len(row)} fields, the first line names {len(header)}", field="FILE")
            lines.append(rows.line_num)
            for column_cells, cell in zip(cells, row, strict=True):
                trimmed = cell.strip()
                column_cells.append(None if trimmed.lower() in MISSING else trimmed)
    except csv.Error as error:
        raise BadInput(f"FILE: line {rows.line_num} is not CSV: {error}", field="FILE") from None
    if not lines:
        raise BadInput(f"FILE: {name} has column names but no rows", field="FILE")
    return Columns(tuple(header), dict(zip(header, cells, strict=True)), lines)


def outcomes(file: Columns, target: str) -> list[int]:
    """The target as 0 and 1, where 1 is a bad end; BadInput names the first cell that is neither, or the class that is absent."""
    found = []
    for cell, line in zip(file.column(target, "--target"), file.lines, strict=True):
        if cell is None:
            raise BadInput(
                f"{target}: line {line} is empty; write 1 for a bad end and 0 for a good one, or leave the row out", field=target
            )
        if not _NUMBER.fullmatch(cell) or float(cell) not in (0, 1):
            raise BadInput(f"{target}: line {line} says {_short(cell)}; write 1 for a bad end and 0 for a good one", field=target)
        found.append(int(float(cell)))
    for value, word in ((1, "bad end (1)"), (0, "good end (0)")):
        if value not in found:
            raise BadInput(f"{target}: no row has a {word}; both outcomes are needed", field=target)
    return found


def numbers(file: Columns, name: str) -> list[float | None]:
    """A column of numbers; BadInput names the first cell that is none."""
    found: list[float | None] = []
    for cell, line in zip(file.column(name), file.lines, strict=True):
        number = None if cell is None else as_number(cell)
        if cell is not None and number is None:
            raise BadInput(
                f"{name}: line {line} says {_short(cell)} in a column of numbers; mend the cell or leave it empty"
                f" (when training, --levels {name} takes the whole column as words)",
                field=name,
            )  # fmt: skip
        found.append(number)
    return found


def answers_of(file: Columns, scorecard: Scorecard) -> list[dict[str, Value]]:
    """The file's rows as a scorecard asks for them; BadInput for a column that is absent or holds a word among numbers."""
    names = [each.name for each in scorecard.characteristics]
    columns = [numbers(file, each.name) if each.numeric else file.column(each.name) for each in scorecard.characteristics]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def as_number(cell: str) -> float | None:
    """The number that a cell plainly is, or None."""
    if not _NUMBER.fullmatch(cell):
        return None
    number = float(cell)
    return number if math.isfinite(number) else None


def holds_numbers(file: Columns, name: str) -> bool:
    """Whether a column is one of numbers: more than half of what stands in it are. (Then a word in it is a mistake.)"""
    given = [cell for cell in file.column(name) if cell is not None]
    return 2 * sum(_NUMBER.fullmatch(cell) is not None for cell in given) > len(given)


def _short(cell: str) -> str:
    return repr(cell if len(cell) <= _LONGEST_SHOWN else cell[:_LONGEST_SHOWN] + "…")
