"""Cells: how the text of one field of a tape becomes a value, exactly or not at all.

Nothing is guessed: text that is not plainly what the map says it is, is refused with the mend.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final

from holdfast.kernel.calendar import parse_date
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import LARGEST_MINOR, exponent_of, minor_of
from holdfast.kernel.rate import ppb_of_percent

Cell = int | str | date | Fraction

_WHOLE: Final = re.compile(r"-?[0-9]{1,9}(\.0{1,9})?", re.ASCII)
_FIGURE: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,18})?", re.ASCII)
_MONTH: Final = re.compile(r"([A-Za-z]{3})-([0-9]{2})", re.ASCII)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST_SHOWN: Final = 80


class Reader(StrEnum):
    """How a column is read."""

    MONEY = "money"
    """An amount to be booked, as whole minor units; more decimals than the currency has are refused."""
    FIGURE = "figure"
    """An amount that is compared and never booked: exact, in minor units, with any decimals; may be empty."""
    PERCENT = "percent"
    """A rate in percent, as parts per billion."""
    INTEGER = "integer"
    """A whole number; `36.0` is one."""
    MONTH = "month"
    """`Jan-18`: the first day of January 2018."""
    DATE = "date"
    """`2018-01-31`."""
    TEXT = "text"
    """Words, without the spaces around them; never empty."""


def read(reader: Reader, text: str, *, currency: str, field: str) -> Cell | None:
    """The value of `text`; None only for an empty figure; BadInput says what should stand there."""
    text = text.strip()
    if not text:
        if reader is Reader.FIGURE:
            return None
        raise BadInput(f"{field} is empty", field=field, code="empty")
    if len(text) > _LONGEST_SHOWN and reader is not Reader.TEXT:
        raise BadInput(f"{field} is {len(text)} characters long; that is no {reader.value}", field=field, code="too_long")
    match reader:
        case Reader.MONEY:
            return minor_of(text, currency, field)
        case Reader.FIGURE:
            return _figure(text, currency, field)
        case Reader.PERCENT:
            return ppb_of_percent(text.removesuffix("%").rstrip(), field)
        case Reader.INTEGER:
            return _integer(text, field)
        case Reader.MONTH:
            return _month(text, field)
        case Reader.DATE:
            return parse_date(text, field)
        case Reader.TEXT:
            return text


def shown(text: str) -> str:
    """`text` as it may stand in a report: on one line, without control or broken characters, not too long."""
    start = text[: _LONGEST_SHOWN + 1]
    safe = "".join(char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode() for char in start)
    return safe if len(safe) <= _LONGEST_SHOWN else safe[: _LONGEST_SHOWN - 1] + "…"


def _figure(text: str, currency: str, field: str) -> Fraction:
    if not _FIGURE.fullmatch(text):
        raise BadInput(f"{field}: write the amount as digits with a point, such as 1234.50, not {text!r}", field=field)
    minor: Fraction = Fraction(text) * 10 ** exponent_of(currency)
    if abs(minor) > LARGEST_MINOR:
        raise BadInput(f"{field}: {text!r} is beyond the largest amount that we book", field=field)
    return minor


def _integer(text: str, field: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise BadInput(f"{field}: write a whole number, such as 36, not {text!r}", field=field)
    return int(text.partition(".")[0])


def _month(text: str, field: str) -> date:
    found = _MONTH.fullmatch(text)
    if not found or found[1].lower() not in _MONTHS:
        raise BadInput(f"{field}: write the month as Jan-18, not {text!r}", field=field)
    return date(2000 + int(found[2]), _MONTHS.index(found[1].lower()) + 1, 1)
