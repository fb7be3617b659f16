"""Reading a price book: a CSV file as dated prices, or every reason why it is none.

Pure. A file is taken whole or not at all: one bad cell refuses all of it, and each bad cell is named
by row (the header is row 1) and column, so that the file is mended in one go.
"""

from __future__ import annotations

import csv
import hashlib
import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from holdfast.collateral.model import Grade
from holdfast.kernel.calendar import parse_date
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import EXPONENTS, minor_of
from holdfast.kernel.rounding import Rounding, to_minor

MOST_ROWS: Final = 20_000
LONGEST_BYTES: Final = 4_000_000
MOST_NAMED: Final = 20

# A lower grade's price where the file gives none: shares of grade A, fixed effects over 542 Chinese offers (base 99 %, then 95, 90 and
# at most 80 % as new), rounded; to be replaced by the lender's own sales.
SHARE_OF_A: Final[Mapping[Grade, Fraction]] = {
    Grade.A: Fraction(1), Grade.B: Fraction(97, 100), Grade.C: Fraction(89, 100), Grade.D: Fraction(85, 100),
}  # fmt: skip

_COLUMNS: Final[Mapping[str, str]] = {
    "model": "model", "机型": "model", "型号": "model",
    "storage_gb": "storage_gb", "storage": "storage_gb", "容量gb": "storage_gb", "容量": "storage_gb",
    "price_a": "price_a", "price": "price_a", "a级价": "price_a", "价格": "price_a",
    "price_b": "price_b", "b级价": "price_b", "price_c": "price_c", "c级价": "price_c", "price_d": "price_d", "d级价": "price_d",
    "currency": "currency", "币种": "currency",
    "source": "source", "来源": "source",
    "as_of": "as_of", "日期": "as_of", "报价日期": "as_of",
}  # fmt: skip
_NEEDED: Final = ("model", "storage_gb", "price_a", "source", "as_of")
_PRICES: Final[Mapping[Grade, str]] = {grade: f"price_{grade.lower()}" for grade in Grade}


@dataclass(frozen=True, slots=True)
class PriceLine:
    """What one source says that a model fetches, grade by grade, on a day.

    `prices` are minor units; `own` are the grades that the file gave itself.
    """

    row: int
    model: str
    storage_gb: int
    currency: str
    prices: Mapping[Grade, int]
    own: frozenset[Grade]
    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class PriceFile:
    """A price book as read: its lines, and the digest of the bytes they came from."""

    lines: tuple[PriceLine, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell that cannot be taken: where it stands and what is wrong."""

    row: int
    column: str
    reason: str


class BadPriceFile(BadInput):
    """A price book that is refused whole; `cells` names each bad cell."""

    code = "price_file"

    def __init__(self, cells: Sequence[BadCell]) -> None:
        told = "; ".join(f"row {cell.row}, {cell.column}: {cell.reason}" for cell in cells[:MOST_NAMED])
        more = f"; and {len(cells) - MOST_NAMED} more" if len(cells) > MOST_NAMED else ""
        super().__init__(f"nothing was loaded: {told}{more}", field="file", cells=[(cell.row, cell.column, cell.reason) for cell in cells])
        self.cells = tuple(cells)


def model_key(model: str) -> str:
    """The form under which a model is found, however its name was typed."""
    return "".join(unicodedata.normalize("NFKC", model).casefold().split())


def read(data: bytes, *, today: date) -> PriceFile:
    """The prices in a CSV file of UTF-8 or GB18030; BadPriceFile names every cell that is wrong."""
    if len(data) > LONGEST_BYTES:
        raise BadInput(f"file: longer than {LONGEST_BYTES // 1_000_000} MB; a price book has one line a model and storage", field="file")
    rows = list(csv.reader(io.StringIO(_text(data), newline=""), strict=False))
    if not rows:
        raise BadInput("file: it is empty", field="file")
    names = [_COLUMNS.get(model_key(cell), "") for cell in rows[0]]
    bad = [BadCell(1, name, "this column is missing") for name in _NEEDED if name not in names]
    bad += [BadCell(1, name, "this column stands twice") for name in sorted({name for name in names if name and names.count(name) > 1})]
    bad += [
        BadCell(1, cell or "(empty)", "no column of a price book is called that")
        for cell, name in zip(rows[0], names, strict=True)
        if not name
    ]
    if bad:
        raise BadPriceFile(bad)
    if len(rows) - 1 > MOST_ROWS:
        raise BadInput(f"file: more than {MOST_ROWS} rows", field="file")
    lines: list[PriceLine] = []
    seen: dict[tuple[str, int, str, date], int] = {}
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            bad.append(BadCell(number, "(row)", f"{len(cells)} cells where the header has {len(names)}"))
            continue
        line, wrong = _line(number, dict(zip(names, cells, strict=True)), today)
        bad += wrong
        if line is not None:
            key = (model_key(line.model), line.storage_gb, line.source, line.as_of)
            if key in seen:
                bad.append(BadCell(number, "model", f"the same model, storage, source and day as row {seen[key]}"))
            seen.setdefault(key, number)
            lines.append(line)
    if bad:
        raise BadPriceFile(bad)
    if not lines:
        raise BadInput("file: there is no price in it", field="file")
    return PriceFile(tuple(lines), hashlib.sha256(data).hexdigest())


def _text(data: bytes) -> str:
    if data.startswith((b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff")):
        raise BadInput("file: a spreadsheet or UTF-16; save the sheet as CSV in UTF-8 or GB18030", field="file", code="not_text")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text
    raise BadInput("file: neither UTF-8 nor GB18030 text; save the sheet as CSV", field="file", code="not_text")


def _line(number: int, cells: Mapping[str, str], today: date) -> tuple[PriceLine | None, list[BadCell]]:
    bad: list[BadCell] = []

    def refuse(column: str, reason: str) -> None:
        bad.append(BadCell(number, column, reason))

    cells = {name: unicodedata.normalize("NFKC", cell).strip() for name, cell in cells.items()}
    model = " ".join(cells["model"].split())
    if not 0 < len(model) <= 80:
        refuse("model", "name the model, in at most 80 characters")
    storage = cells["storage_gb"].upper().removesuffix("GB").strip()
    storage_gb = int(storage) if storage.isascii() and storage.isdecimal() and len(storage) <= 5 else 0
    if storage_gb < 1:
        refuse("storage_gb", f"{cells['storage_gb']!r} is no number of gigabytes")
    currency = cells.get("currency", "") or "CNY"
    if currency not in EXPONENTS:
        refuse("currency", f"{currency!r} is not a currency we keep books in")
        currency = "CNY"
    prices = _prices(cells, currency, refuse)
    source = " ".join(cells["source"].split())
    if not 0 < len(source) <= 80:
        refuse("source", "name who says so, in at most 80 characters")
    as_of = today
    try:
        as_of = parse_date(cells["as_of"], "as_of")
        if as_of > today:
            refuse("as_of", f"{as_of} is still to come")
    except BadInput:
        refuse("as_of", f"{cells['as_of']!r} is no day; write it as 2026-11-20")
    if bad:
        return None, bad
    own = frozenset(grade for grade, column in _PRICES.items() if cells.get(column))
    return PriceLine(number, model, storage_gb, currency, prices, own, source, as_of), []


def _prices(cells: Mapping[str, str], currency: str, refuse: object) -> dict[Grade, int]:
    assert callable(refuse)
    given: dict[Grade, int] = {}
    for grade, column in _PRICES.items():
        text = cells.get(column, "").replace(",", "")
        if not text and grade is not Grade.A:
            continue
        try:
            given[grade] = minor_of(text, currency, column)
        except BadInput:
            refuse(column, f"{cells.get(column, '')!r} is no amount; write it as 1234.50")
            continue
        if given[grade] <= 0:
            refuse(column, "a price is more than nothing")
    top = given.get(Grade.A, 0)
    prices = {grade: given.get(grade, to_minor(top * SHARE_OF_A[grade], Rounding.DOWN)) for grade in Grade}
    for better, worse in zip(tuple(Grade), tuple(Grade)[1:], strict=False):
        if worse in given and prices[worse] > prices[better]:
            refuse(_PRICES[worse], f"grade {worse} is dearer than grade {better}")
    return prices
