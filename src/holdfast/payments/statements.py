"""Statements: a bank's file, CSV or XLSX, read by a map into lines, exactly or not at all.

All or nothing per line: a line with a cell that is not plainly what it should be is refused by row, column, value
and reason, and costs its neighbours nothing. Outgoing lines are told apart, never booked.
"""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from typing import Any, Final

import openpyxl
import yaml
from openpyxl.utils.exceptions import InvalidFileException

from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import EXPONENTS, LARGEST_MINOR, exponent_of, minor_of

MOST_BYTES: Final = 32 * 2**20
MOST_ROWS: Final = 200_000
_MOST_UNPACKED: Final = 256 * 2**20
_MOST_COLUMNS: Final = 100
_LONGEST_CELL: Final = 500
_LONGEST_SHOWN: Final = 80
_HEADING_WITHIN: Final = 30
_FORMAT: Final = "bank-map/1"
_SHIPPED: Final = files("holdfast.payments") / "maps"
_FIELDS: Final = (
    "booked_on",
    "amount",
    "credit",
    "debit",
    "direction",
    "currency",
    "payer",
    "account",
    "remark",
    "reference",
    "own_account",
)
_GROUPED: Final = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.[0-9]+)?", re.ASCII)
_DAY: Final = re.compile(r"([0-9]{4})(?:[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日|([0-9]{2})([0-9]{2}))", re.ASCII)
_TIME: Final = re.compile(r"[ T]?([0-9]{1,2}:?[0-9]{2}(:?[0-9]{2})?(\.[0-9]+)?)?", re.ASCII)
_SPACES: Final = re.compile(r"\s+")
_CURRENCY_SIGN: Final = re.compile(r"^(CNY|RMB|¥)|元$", re.IGNORECASE)
_UNREADABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff]")
Cell = str | int | float | datetime | date | None


@dataclass(frozen=True, slots=True)
class StatementMap:
    """What the columns of one bank's statements are called. `columns` lists, for each field, the names it goes by."""

    name: str
    title_zh: str
    title_en: str
    currency: str
    columns: Mapping[str, tuple[str, ...]]
    outgoing: frozenset[str]
    incoming: frozenset[str]


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line that can be booked. `amount` is in minor units, negative where money went out; `row` is the file's, from 1."""

    row: int
    booked_on: date
    amount: int
    currency: str
    payer: str
    account: str
    remark: str
    reference: str
    own_account: str = ""  # the account of ours that the money came to: a virtual one names its loan
    end_to_end: str = ""  # the key under which a payment of ours went to the bank
    returned: bool = False  # the bank takes back, or gives back, what an earlier line was


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that cannot be booked: in which column, what stands there, and what is wrong with it."""

    row: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A file that was read: its lines in order and the refused ones."""

    lines: tuple[StatementLine, ...]
    refused: tuple[RefusedLine, ...]


def refused_line(row: int, column: str, value: str, reason: str) -> RefusedLine:
    """A refused line with what stood there made fit to be shown."""
    return RefusedLine(row, column, _shown(value), reason)


def shipped_maps() -> list[str]:
    """The names of the maps that come with the system."""
    return sorted(entry.name.removesuffix(".yaml") for entry in _SHIPPED.iterdir() if entry.name.endswith(".yaml"))


def load_map(name: str) -> StatementMap:
    """A map by name; BadInput for one that is not there."""
    if name not in shipped_maps():
        raise BadInput(f"map: there is no map {name!r}; use one of {', '.join(shipped_maps())}", field="map")
    return map_of(yaml.safe_load((_SHIPPED / f"{name}.yaml").read_text("utf-8")))


def map_of(raw: Any) -> StatementMap:
    """A map as written in a file; BadInput names the first thing that is wrong with it."""
    if not isinstance(raw, dict) or raw.get("format") != _FORMAT:
        raise BadInput(f"map: it must say format: {_FORMAT}", field="format")
    unknown = set(raw) - {"format", "name", "title", "currency", "columns", "outgoing", "incoming"}
    if unknown:
        raise BadInput(f"map: {sorted(unknown)[0]!r} is no field of a map", field=sorted(unknown)[0])
    columns = raw.get("columns")
    if not isinstance(columns, dict) or set(columns) - set(_FIELDS):
        raise BadInput(f"map: columns names only {', '.join(_FIELDS)}", field="columns")
    if "booked_on" not in columns or not ({"amount", "credit"} & set(columns)):
        raise BadInput("map: columns must name booked_on, and amount or credit", field="columns")
    exponent_of(str(raw.get("currency")))
    title = raw.get("title")
    if not isinstance(title, dict) or set(title) != {"zh", "en"}:
        raise BadInput("map: title has a text in zh and one in en", field="title")
    return StatementMap(
        str(raw["name"]), str(title["zh"]), str(title["en"]), str(raw["currency"]),
        {field: tuple(_plain(str(name)) for name in names) for field, names in columns.items()},
        frozenset(_plain(str(word)) for word in raw.get("outgoing", ())), frozenset(_plain(str(word)) for word in raw.get("incoming", ())),
    )  # fmt: skip


def read_statement(data: bytes, chosen: StatementMap, *, today: date) -> Statement:
    """The lines of a file; BadInput if it is no CSV or XLSX that the map fits, is empty or too large."""
    if not data:
        raise BadInput("file: it is empty", field="file", code="empty")
    if len(data) > MOST_BYTES:
        raise BadInput(f"file: it has {len(data):,} bytes; the most is {MOST_BYTES:,}", field="file", code="too_large")
    rows = _sheet(data) if data.startswith(b"PK\x03\x04") else _csv(data)
    lines: list[StatementLine] = []
    refused: list[RefusedLine] = []
    heading: dict[str, list[int]] | None = None
    names: list[str] = []
    for number, row in rows:
        if number > MOST_ROWS:
            raise BadInput(f"file: it has more than {MOST_ROWS:,} rows; hand it in in parts", field="file", code="too_large")
        if heading is None:
            names = [_plain(_text(cell)) for cell in row]
            heading = _heading(names, chosen)
            if heading is None and number >= _HEADING_WITHIN:
                break
            continue
        if not any(_text(cell).strip() for cell in row):
            continue
        try:
            lines.append(_line(number, row, heading, names, chosen, today))
        except _BadCell as bad:
            refused.append(refused_line(number, bad.column, bad.value, bad.reason))
    if heading is None:
        raise BadInput(
            f"file: no row of the first {_HEADING_WITHIN} names the columns that the map {chosen.name} reads; is it the right map?",
            field="file", code="missing_column",
        )  # fmt: skip
    return Statement(tuple(lines), tuple(refused))


# ── rows of either kind of file ────────────────────────────────────────────────────────────────────────────


def _csv(data: bytes) -> Iterator[tuple[int, Sequence[Cell]]]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadInput("file: it is UTF-16; save it as CSV in UTF-8 or GB18030", field="file", code="not_text")
    text = _decoded(data)
    first = text.split("\n", 1)[0]
    delimiter = max(",\t;|", key=first.count)
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False), 1):
            yield number, row[:_MOST_COLUMNS]
    except csv.Error as error:
        raise BadInput(f"file: this is not CSV: {error}", field="file", code="not_csv") from None


def _decoded(data: bytes) -> str:
    """UTF-8 with or without its mark, else GB18030; bytes that are neither stay visible and cost their own line only."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8-sig", errors="surrogateescape")


def _sheet(data: bytes) -> Iterator[tuple[int, Sequence[Cell]]]:
    """The rows of a workbook's first sheet."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > _MOST_UNPACKED:
                raise BadInput("file: the workbook is too large when unpacked", field="file", code="too_large")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise BadInput(f"file: this is no workbook that can be read: {error}", field="file", code="not_xlsx") from None
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            yield number, [cell if isinstance(cell, str | int | float | datetime | date) else None for cell in row[:_MOST_COLUMNS]]
    finally:
        book.close()


def _heading(names: Sequence[str], chosen: StatementMap) -> dict[str, list[int]] | None:
    """Where each field stands, if this row names the columns."""
    found: dict[str, list[int]] = {}
    for field, known in chosen.columns.items():
        places = [names.index(name) for name in known if name in names]
        if places:
            found[field] = places if field == "remark" else places[:1]
    return found if "booked_on" in found and ("amount" in found or "credit" in found) else None


# ── one line ───────────────────────────────────────────────────────────────────────────────────────────────


class _BadCell(Exception):
    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value, self.reason = column, value, reason


def _line(
    number: int, row: Sequence[Cell], heading: Mapping[str, list[int]], names: Sequence[str], chosen: StatementMap, today: date
) -> StatementLine:
    def cell(field: str) -> Cell:
        places = heading.get(field, ())
        return row[places[0]] if places and places[0] < len(row) else None

    def name(field: str) -> str:
        return names[heading[field][0]] if field in heading else ""

    def words(field: str) -> str:
        parts = [_clean(_text(row[place]), names[place]) for place in heading.get(field, ()) if place < len(row)]
        return " ".join(part for part in parts if part)

    booked_on = _day(cell("booked_on"), name("booked_on"))
    if booked_on > today:
        raise _BadCell(name("booked_on"), booked_on.isoformat(), f"this day has not come yet; today is {today}")
    currency = _currency(words("currency"), name("currency"), chosen)
    amount = _signed(cell, name, words, currency, chosen)
    return StatementLine(number, booked_on, amount, currency, words("payer"), words("account"), words("remark"), words("reference"),
                         words("own_account"))  # fmt: skip


def _signed(cell: Any, name: Any, words: Any, currency: str, chosen: StatementMap) -> int:
    """What came in, or, negative, what went out: from one column with a sign or a word, or from two."""
    if "amount" in chosen.columns and name("amount"):
        amount = _minor(cell("amount"), currency, name("amount"))
        if amount is None:
            raise _BadCell(name("amount"), "", "the amount is empty")
        said = _plain(words("direction"))
        if said and said not in chosen.outgoing | chosen.incoming:
            raise _BadCell(name("direction"), said, "this word says neither that money came nor that it went")
        amount = -abs(amount) if said in chosen.outgoing else amount
    else:
        came, went = _minor(cell("credit"), currency, name("credit")) or 0, _minor(cell("debit"), currency, name("debit")) or 0
        if came and went:
            raise _BadCell(name("credit"), _text(cell("credit")), "the line says both that money came and that it went")
        amount = came - went
    if amount == 0:
        raise _BadCell(name("amount") or name("credit"), "0", "the line is about no money")
    return int(amount)


def _currency(text: str, column: str, chosen: StatementMap) -> str:
    if not text:
        return chosen.currency
    code = {"人民币": "CNY", "RMB": "CNY", "人民币元": "CNY", "港币": "HKD", "美元": "USD", "欧元": "EUR"}.get(text.upper(), text.upper())
    if code not in EXPONENTS:
        raise _BadCell(column, text, "this is no currency that we keep books in")
    return code


def _minor(value: Cell, currency: str, column: str) -> int | None:
    """The amount in minor units; None where the cell is empty."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        # A workbook keeps amounts as binary fractions: the nearest minor unit, if it is plainly that.
        scaled = float(value) * 10.0 ** exponent_of(currency)
        if not math.isfinite(scaled) or abs(scaled) > LARGEST_MINOR or abs(scaled - round(scaled)) > 1e-4:
            raise _BadCell(column, str(value), f"this is no amount in {currency}")
        return round(scaled)
    text = unicodedata.normalize("NFKC", _clean(_text(value), column)).replace(" ", "")
    if text in ("", "-", "--"):
        return None
    shown = text
    text = _CURRENCY_SIGN.sub("", text)
    negative = text.startswith(("-", "−")) or (text.startswith("(") and text.endswith(")"))
    text = text.strip("()").lstrip("+-−")
    if not _GROUPED.fullmatch(text):
        raise _BadCell(column, shown, "write the amount in figures, such as 1,234.56")
    try:
        minor = minor_of(text.replace(",", ""), currency)
    except BadInput as error:
        raise _BadCell(column, shown, error.sentence) from None
    return int(-minor if negative else minor)


def _day(value: Cell, column: str) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = unicodedata.normalize("NFKC", _clean(_text(value), column))
    if not text:
        raise _BadCell(column, "", "the date is empty")
    found = _DAY.match(text)
    if not found or not _TIME.fullmatch(text[found.end() :].strip()):
        raise _BadCell(column, text, "write the date as 2026-11-22, 2026/11/22, 20261122 or 2026年11月22日")
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        return date(year, month, day)
    except ValueError:
        raise _BadCell(column, text, "there is no such day") from None


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))  # a number that a workbook made of an account or a reference
    return str(cell)


def _clean(text: str, column: str) -> str:
    if text.isalnum() and len(text) <= _LONGEST_CELL:
        return text  # what most cells are, and nothing in it to be cleaned
    if _UNREADABLE.search(text):
        raise _BadCell(column, text, "there are bytes here that are not text in the file's encoding")
    if len(text) > _LONGEST_CELL:
        raise _BadCell(column, text, f"the cell holds more than {_LONGEST_CELL} characters")
    return _SPACES.sub(" ", text).strip()


def _plain(text: str) -> str:
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text)).strip().removeprefix("\ufeff")


def _shown(text: str) -> str:
    safe = "".join(char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode() for char in text)
    return safe if len(safe) <= _LONGEST_SHOWN else safe[: _LONGEST_SHOWN - 1] + "…"
