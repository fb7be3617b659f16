"""Exports: one day of the old system, as rows that are compared with the book and never booked.

The map of the tape says what the columns mean. An export may leave out what does not change: only what
names the loan and its balance must be there; each further column that the map knows and the file has is compared.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from csv import writer
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TextIO

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from holdfast.kernel.errors import BadInput
from holdfast.servicing.arrears import CLASSES
from holdfast.takeover.causes import Figures
from holdfast.takeover.cells import read, shown
from holdfast.takeover.map import Kind, TapeMap
from holdfast.takeover.reading import BadCell, BadRow, Row, opened, survey

_MOST_UNPACKED: Final = 1 << 29
_MAY_BE_EMPTY: Final = frozenset(
    {"next_due_on", "next_due_amount", "days_past_due", "class", "penalty_due", "last_receipt_on", "last_receipt_amount"}
)


@dataclass(frozen=True, slots=True)
class Told:
    """What one row of the export says of a loan on its day; a figure that is None is not told and not compared."""

    line: int
    name: str
    kind: Kind | None
    begun_on: date | None
    figures: Figures


@contextmanager
def export_of(path: Path) -> Iterator[tuple[TextIO, str, int]]:
    """The export as lines of text with its SHA-256 and about how many lines it has: CSV, or the first sheet of a workbook."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise BadInput(f"the export {path.name} cannot be read: {error.strerror}", field="file") from None
    if head == b"PK\x03\x04":
        data = path.read_bytes()
        lines = list(_sheet(data))
        text = io.StringIO(newline="")
        writer(text).writerows(lines)
        text.seek(0)
        yield text, hashlib.sha256(data).hexdigest(), len(lines)
    else:
        surveyed = survey(path)
        with opened(path, surveyed.encoding) as text_file:
            yield text_file, surveyed.digest, surveyed.lines


def needed_of(tape_map: TapeMap) -> set[str]:
    """The columns without which an export says nothing: what names the loan, and its balance."""
    return {*tape_map.key, tape_map.columns["balance"].name}


def told_of(row: Row, tape_map: TapeMap) -> Told | BadRow:
    """What a row says; or every cell of it that cannot be read."""
    values: dict[str, Any] = {}
    bad = []
    for field, column in tape_map.columns.items():
        text = row.cells.get(column.name)
        if text is None or (field in _MAY_BE_EMPTY and not text.strip()):
            continue
        try:
            values[field] = read(column.reader, text, currency=tape_map.currency, field=column.name)
        except BadInput as error:
            bad.append(BadCell(column.name, shown(text), error.sentence))
    for name in tape_map.key:
        if not row.cells[name].strip():
            bad.append(BadCell(name, "", f"{name} is empty, and the map knows a loan by it"))
    status = tape_map.statuses.get(values["status"]) if "status" in values else None
    if "status" in values and status is None:
        words = ", ".join(tape_map.statuses)
        bad.append(
            BadCell(tape_map.columns["status"].name, shown(str(values["status"])), f"the map does not know this status; it knows {words}")
        )
    loan_class = values.get("class")
    if loan_class is not None:
        loan_class = tape_map.shadow.classes.get(loan_class, loan_class)
        if loan_class not in CLASSES:
            name = tape_map.columns["class"].name
            bad.append(BadCell(name, shown(str(values["class"])), "the map does not say which class this word is (shadow.classes)"))
    if values.get("balance", 0) < 0:
        bad.append(BadCell(tape_map.columns["balance"].name, str(values["balance"]), "what is outstanding cannot be less than nothing"))
    if bad:
        return BadRow(row.line, tuple(bad))
    alive = values["balance"] > 0 and "days_past_due" not in values and status is not None
    return Told(
        line=row.line,
        name=shown(" ".join(row.cells[name].strip() for name in tape_map.key)) if tape_map.key else "",
        kind=None if status is None else status.kind,
        begun_on=values.get("disbursed_on"),
        figures=Figures(
            balance=values["balance"],
            next_due_on=values.get("next_due_on"),
            next_due_amount=values.get("next_due_amount"),
            days_past_due=values.get("days_past_due"),
            at_least_days=status.min_days_past_due if alive and status is not None and status.kind is Kind.LIVE else None,
            loan_class=loan_class,
            penalty=values.get("penalty_due"),
            rate_ppb=values.get("rate"),
            last_receipt_on=values.get("last_receipt_on"),
            last_receipt_amount=values.get("last_receipt_amount"),
            written_off=status is not None and status.kind is Kind.WRITTEN_OFF,
        ),
    )


def _sheet(data: bytes) -> Iterator[list[str]]:
    """The rows of a workbook's first sheet as text."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > _MOST_UNPACKED:
                raise BadInput("the export is too large when unpacked; save its sheet as CSV", field="file", code="too_large")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise BadInput(f"the export is no workbook that can be read: {error}", field="file", code="not_xlsx") from None
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for row in sheet.iter_rows(values_only=True):
            yield [_text(cell) for cell in row]
    finally:
        book.close()


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return str(cell)
