"""The lender whose book this is, and the book's clock.

One row. A lender cannot originate before its type, licence number, regulator and region are
set; taking over a tape and servicing need none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg

from holdfast.journal import SYSTEM, Actor
from holdfast.kernel.clock import ShiftedClock
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import exponent_of
from holdfast.policy import store
from holdfast.policy.pack import SHIPPED, LenderType

# A lending book that lives further away from the machine than this is a mistyped date.
FURTHEST_DAYS: Final = 36_525
_FIELDS: Final = ("name", "type", "licence_no", "regulator", "region", "zone", "currency", "pack")
_RECORDED: Final = ("name", "lender_type", "licence_no", "regulator", "region", "zone", "currency", "pack_name", "sample")
_NEEDED: Final = {
    "lender_type": "the lender type",
    "licence_no": "the licence number",
    "regulator": "the regulator",
    "region": "the region",
}


@dataclass(frozen=True, slots=True)
class Lender:
    """What the book knows of its lender; None where nobody has said yet."""

    name: str | None = None
    lender_type: str | None = None
    licence_no: str | None = None
    regulator: str | None = None
    region: str | None = None
    zone: str = "Asia/Shanghai"
    currency: str = "CNY"
    pack_name: str = SHIPPED
    offset_days: int = 0
    sample: bool = False
    last_night_on: date | None = None
    closed_through: date | None = None
    accrued_through: date | None = None


def lender(db: psycopg.Connection[Any]) -> Lender:
    """The lender of this book; all unknown, with the defaults, before `set_lender`."""
    return ask_lender(db)()


def ask_lender(db: psycopg.Connection[Any]) -> Callable[[], Lender]:
    """The same for a caller that asks for more in one pipeline: what is returned gives the answer once the pipeline has ended."""
    asked = store.ask_lender(db)

    def answer() -> Lender:
        row = asked.fetchone()
        return Lender(*row) if row else Lender()

    return answer


def clock(db: psycopg.Connection[Any]) -> ShiftedClock:
    """The book's clock: the lender's zone, and the days by which the book lives away from the machine."""
    known = lender(db)
    return ShiftedClock(known.offset_days, known.zone)


def from_fields(raw: Mapping[str, Any]) -> Lender:
    """A lender as written in a file; BadInput names the first field that is wrong."""
    for name in raw:
        if name not in _FIELDS:
            raise BadInput(f"{name}: not a field of a lender; the fields are {', '.join(_FIELDS)}", field=name)
    for name in ("name", "type", "licence_no", "regulator", "region"):
        if name not in raw:
            raise BadInput(f"{name}: missing; a lender is named by {', '.join(_FIELDS[:5])}", field=name)
    text = {name: _text(name, value) for name, value in raw.items()}
    if text["type"] not in set(LenderType):
        raise BadInput(f"type: {text['type']!r} is not a lender type; use one of {', '.join(LenderType)}", field="type")
    if not _is_region(text["region"]):
        raise BadInput(
            f"region: write a country code, or country and province, such as CN or CN-44, not {text['region']!r}", field="region"
        )
    zone = text.get("zone", "Asia/Shanghai")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(f"zone: {zone!r} is not a time zone; write one such as Asia/Shanghai", field="zone") from None
    currency = text.get("currency", "CNY")
    exponent_of(currency)
    return Lender(
        name=text["name"], lender_type=text["type"], licence_no=text["licence_no"], regulator=text["regulator"],
        region=text["region"], zone=zone, currency=currency, pack_name=text.get("pack", SHIPPED),
    )  # fmt: skip


def set_lender(db: psycopg.Connection[Any], new: Lender, *, pack_name: str | None = None, by: Actor = SYSTEM) -> Lender:
    """Write who the lender is, on record. The clock and the nights that have run stay as they are.

    Refusal to change the zone or the currency of a book whose nights have run: its dates and amounts would mean something else.
    """
    known = lender(db)
    if known.last_night_on is not None and (known.zone, known.currency) != (new.zone, new.currency):
        raise Refusal(
            f"this book has lived in {known.zone} and {known.currency}; neither can change any more", code="lender_fixed", zone=known.zone
        )
    store.write_lender(
        db, name=new.name, lender_type=new.lender_type, licence_no=new.licence_no, regulator=new.regulator, region=new.region,
        zone=new.zone, currency=new.currency, pack_name=pack_name or new.pack_name, sample=new.sample,
    )  # fmt: skip
    now = lender(db)
    says = {name: getattr(now, name) for name in _RECORDED}
    store.record_house_act(db, clock=clock(db), by=by, kind="lender.set", says=says)
    return now


def may_originate(known: Lender) -> None:
    """Refusal, naming what is missing, unless the lender may make new loans."""
    missing = [words for name, words in _NEEDED.items() if not getattr(known, name)]
    if missing:
        raise Refusal(
            f"this lender cannot make loans yet: {', '.join(missing)} not set; set it with `holdfast init --lender FILE`",
            code="lender_not_set", missing=missing,
        )  # fmt: skip


def shift_clock(db: psycopg.Connection[Any], days: int, *, by: Actor = SYSTEM) -> ShiftedClock:
    """Move the book's clock forward by whole days, on record; it never goes back, because what happened stays."""
    if days < 0:
        raise Refusal("the book's clock only goes forward", code="clock_back")
    moved = _set_offset(db, lender(db).offset_days + days)
    store.record_house_act(db, clock=moved, by=by, kind="clock.shifted", says={"days": days, "offset_days": moved.offset_days})
    return moved


def set_business_date(db: psycopg.Connection[Any], day: date) -> ShiftedClock:
    """Let the book live on `day` from now on. For a book in which nothing has happened: the caller makes sure of it."""
    moved = _set_offset(db, (day - ShiftedClock(0, lender(db).zone).today()) // timedelta(days=1))
    store.record_house_act(db, clock=moved, by=SYSTEM, kind="clock.set", says={"offset_days": moved.offset_days})
    return moved


def note_night(db: psycopg.Connection[Any], on: date) -> None:
    """Remember `on` as the latest business date whose night has run."""
    store.write_last_night(db, on)


def note_closed(db: psycopg.Connection[Any], through: date | None) -> None:
    """Remember through which day the general ledger takes no more entries; the database refuses them from now on."""
    store.write_closed_through(db, through)


def _set_offset(db: psycopg.Connection[Any], offset_days: int) -> ShiftedClock:
    if abs(offset_days) > FURTHEST_DAYS:
        raise BadInput(f"days: the book would live {offset_days} days away from today; the furthest is {FURTHEST_DAYS}", field="days")
    store.write_offset(db, offset_days)
    return clock(db)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{name}: write it as text between quotes, not {value!r}", field=name)
    return value.strip()


def _is_region(text: str) -> bool:
    country, _, part = text.partition("-")
    return len(country) == 2 and country.isascii() and country.isupper() and (not part or (part.isalnum() and len(part) <= 3))
