"""Price books: dated prices from a file, each load a new version that is never edited.

A model without a price, or with none that is fresh enough, is an alarm; nothing is ever valued by an
old price or by a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any, Final

import psycopg

from holdfast.collateral import price_store
from holdfast.collateral.price_file import PriceLine, model_key, read
from holdfast.journal import write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import NotFound
from holdfast.kernel.ids import new_id
from holdfast.parties import Staff, require

Db = psycopg.Connection[Any]

MOST_LISTED: Final = 200
# How long after it was described a thing that is not in custody still calls for a price.
LOOKED_AT_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class PriceBook:
    """One load: whose file, when, how much, and over which days its prices stretch."""

    book_id: int
    public_id: str
    name: str
    digest: str
    lines: int
    loaded_by: str
    loaded_at: datetime
    first_day: date
    last_day: date
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A model that cannot be valued: `missing` or `stale`, the day of its newest price, and how many things wait for one."""

    kind: str
    model: str
    storage_gb: int
    as_of: date | None
    things: int
    in_custody: int


def load_price_book(db: Db, *, clock: Clock, by: Staff, name: str, data: bytes) -> PriceBook:
    """Load a price book whole; BadPriceFile names every bad cell, and then nothing is kept."""
    require(by, "price_book.load")
    found = read(data, today=clock.today())
    public_id = new_id("pb")
    book_id = price_store.insert_book(
        db, public_id=public_id, name=name[:120], digest=found.digest, lines=found.lines, loaded_by=by.staff_id, at=clock.now()
    )
    says = {
        "lines": len(found.lines),
        "sources": sorted({line.source for line in found.lines}),
        "last_day": max(line.as_of for line in found.lines).isoformat(),
    }
    write_record(
        db, clock=clock, by=by.actor, chain_id=book_id, chain=public_id, kind="price_book.loaded", says=says, seals={"file": found.digest}
    )
    return price_book(db, public_id)


def price_books(db: Db, *, limit: int = 50) -> list[PriceBook]:
    """The loads, newest first."""
    return [_book(row) for row in price_store.books(db, limit=min(limit, MOST_LISTED))]


def price_book(db: Db, public_id: str) -> PriceBook:
    """One load; NotFound otherwise."""
    row = price_store.book(db, public_id)
    if row is None:
        raise NotFound(f"there is no price book {public_id}", code="no_price_book", field="price_book")
    return _book(row)


def lines_of(db: Db, public_id: str) -> list[PriceLine]:
    """The prices of one load, in the file's order."""
    return [line for line, _book_id in price_store.lines(db, public_id)]


def prices_of(db: Db, *, model: str, storage_gb: int, on: date) -> list[tuple[PriceLine, str]]:
    """What each source last said of a model, fresh or not, with the book it stands in."""
    return price_store.newest_lines(db, model=model, storage_gb=storage_gb, on=on)


def fresh(line: PriceLine, *, on: date, stale_after: int) -> bool:
    """Whether a price may still be used: it is at most `stale_after` days old."""
    return on <= line.as_of + timedelta(days=stale_after)


def offered_models(db: Db, *, on: date, stale_after: int) -> list[tuple[str, int]]:
    """Model and storage of all that has a fresh price: what can be valued today."""
    found: dict[tuple[str, int], tuple[str, int]] = {}
    for line, _book_id in price_store.all_newest_lines(db, on=on):
        if fresh(line, on=on, stale_after=stale_after):
            found.setdefault((model_key(line.model), line.storage_gb), (line.model, line.storage_gb))
    return sorted(found.values())


def price_alarms(db: Db, *, on: date, stale_after: int) -> list[Alarm]:
    """The models that things need a price for and that have none, or only an old one; those in custody first."""
    days: dict[tuple[str, int], date] = {}
    for line, _book_id in price_store.all_newest_lines(db, on=on):
        key = (model_key(line.model), line.storage_gb)
        days[key] = max(days.get(key, line.as_of), line.as_of)
    alarms = []
    for model, storage_gb, things, kept in price_store.needed_models(db, since=on - timedelta(days=LOOKED_AT_DAYS)):
        as_of = days.get((model_key(model), storage_gb))
        if as_of is None:
            alarms.append(Alarm("missing", model, storage_gb, None, things, kept))
        elif on > as_of + timedelta(days=stale_after):
            alarms.append(Alarm("stale", model, storage_gb, as_of, things, kept))
    return sorted(alarms, key=lambda alarm: (-alarm.in_custody, alarm.kind, alarm.model, alarm.storage_gb))


def sample_price_book(today: date) -> bytes:
    """The sample price book that comes with the program: fictional models, marked 示例, its days moved so that it is two days old."""
    text = (files("holdfast.collateral") / "prices" / "sample.csv").read_text("utf-8")
    return (
        text.replace("2026-11-20", (today - timedelta(days=1)).isoformat())
        .replace("2026-11-18", (today - timedelta(days=2)).isoformat())
        .encode()
    )


def _book(row: Sequence[Any]) -> PriceBook:
    book_id, public_id, name, digest, lines, loaded_by, loaded_at, first_day, last_day, sources = row
    return PriceBook(book_id, public_id, name, digest, lines, loaded_by, loaded_at, first_day, last_day, tuple(sources))
