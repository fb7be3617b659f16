"""The small values of the API: money, days, instants, words. Strict on the way in, one form on the way out.

A number in quotes, `true` for 1, `1.0` for 1 and a Unix time for a day are all refused: what
the caller meant is then not in doubt.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from holdfast.kernel.calendar import parse_date
from holdfast.kernel.clock import iso_instant
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import EXPONENTS, LARGEST_MINOR, Money

FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)

# What the OpenAPI page says of a day and of words; the validators below say the same and more.
_DAY: Final = r"^(19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-[0-9]{2}-[0-9]{2}$"
_NO_CONTROLS: Final = r"^[^\u0000-\u0008\u000b-\u001f]*$"

Currency = StrEnum("Currency", {code: code for code in sorted(EXPONENTS)})  # type: ignore[misc]


class In(BaseModel):
    """What a request says; a field that is not known is refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Out(BaseModel):
    """What an answer says, read from our own frozen values."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class MoneyIn(In):
    """A positive amount: `{"minor": 123400, "currency": "CNY"}` is 1,234.00 yuan."""

    minor: Annotated[StrictInt, Field(ge=1, le=LARGEST_MINOR, description="whole minor units, such as fen")]
    currency: Currency

    def money(self) -> Money:
        return Money(self.minor, str(self.currency))


class MoneyOut(Out):
    """An exact amount in minor units."""

    minor: int
    currency: str


def _day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        day = parse_date(value)
    except BadInput:
        raise PydanticCustomError("day", "must be a date written YYYY-MM-DD") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise PydanticCustomError("day", f"must lie between {FIRST_DAY} and {LAST_DAY}")
    return day


def _plain(text: str) -> str:
    if any(ord(sign) < 32 and sign not in "\n\t" for sign in text):
        raise PydanticCustomError("text", "must not hold control characters")
    return text


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date", "pattern": _DAY})]
Instant = Annotated[datetime, PlainSerializer(iso_instant, return_type=str), WithJsonSchema({"type": "string", "format": "date-time"})]
# How a borrower was spoken to: a call that was dialled before, or they came, rang or wrote of their own accord.
How = Literal["called", "came"]
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1000),
    AfterValidator(_plain),
    Field(json_schema_extra={"pattern": _NO_CONTROLS}),
]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_plain),
    Field(json_schema_extra={"pattern": _NO_CONTROLS}),
]
