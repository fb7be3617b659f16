"""Rates: whole parts per billion for a named period, so that a contract's rate is exact."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from holdfast.kernel.errors import BadInput

BILLION: Final = 1_000_000_000
_PERCENT: Final = re.compile(r"[0-9]{1,4}(\.[0-9]{1,7})?", re.ASCII)


class Per(StrEnum):
    """The period that a rate is quoted for."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Rate:
    """`ppb` parts per billion per `per`: 12 % a year is `Rate(120_000_000, Per.YEAR)`."""

    ppb: int
    per: Per = Per.YEAR

    @property
    def fraction(self) -> Fraction:
        """The rate as an exact fraction of one, for its own period."""
        return Fraction(self.ppb, BILLION)


def ppb_of_percent(text: str, field: str = "rate") -> int:
    """Parts per billion in a percentage such as `"5.31"`; BadInput beyond seven decimals."""
    if not _PERCENT.fullmatch(text):
        raise BadInput(f"{field}: write the rate as percent with at most 7 decimals, such as 5.31, not {text!r}", field=field)
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(7, "0"))


def percent_of_ppb(ppb: int) -> str:
    """`120_000_000` as `"12"`: the shortest percentage that is exact."""
    whole, fraction = divmod(ppb, 10_000_000)
    digits = f"{fraction:07d}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)
