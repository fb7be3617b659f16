"""The ledger's night: the moves of the lines are folded, and what was earned since the last night is entered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import psycopg

from holdfast.ledger import store
from holdfast.ledger.accrual import Key, Level, earned
from holdfast.ledger.rules import Line

# No act commits later than this after its business date; how far the night looks back for those that it has not folded.
LATEST_COMMIT: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class AccrualRun:
    """What a night posted: how many keys it read, and the entries it made."""

    on: date
    keys: int
    entries: int


def post_accrual(db: psycopg.Connection[Any], *, on: date, at: datetime, booked_on: date) -> AccrualRun:
    """Fold what moved since the last night and enter what was earned up to `on`. Again on the same day it enters only what is new.

    Nights that were left out are made good: the line on a day does not depend on how often it was read.
    A day before the last night's is left alone. `booked_on` is the day of the entries.
    """
    store.lock_accrual(db)
    last = store.last_run(db)
    if last is not None and on < last.on:
        return AccrualRun(on, 0, 0)
    before = {} if last is None else store.levels(db, last.run_id)
    run_id = store.insert_run(db, on=on, at=at)
    after, rows = _read(before, store.fold_new(db, run_id, since=_since(last), until=on), on)
    store.insert_levels(db, run_id, after)
    store.insert_entries(
        db, [(booked_on, *key[:2], line.debit, line.credit, line.amount, key[2], f"accrual {on} earned", at) for key, line in rows]
    )
    store.note_accrued(db, on)
    return AccrualRun(on, len(after), len(rows))


def preview_accrual(db: psycopg.Connection[Any], *, on: date, tonight: Mapping[Key, store.Folded]) -> list[tuple[Key, Line]]:
    """The entries that `post_accrual` would make if acts of tonight moved the lines by `tonight` besides; writes nothing."""
    last = store.last_run(db)
    if last is not None and on < last.on:
        return []
    moves = store.not_folded(db, since=_since(last), until=on)
    for key, more in tonight.items():
        so_far = moves.get(key, store.Folded())
        moves[key] = store.Folded(so_far.by + more.by, so_far.lost + more.lost, so_far.entered + more.entered)
    return _read({} if last is None else store.levels(db, last.run_id), moves, on)[1]


def _since(last: store.LastRun | None) -> date | None:
    return None if last is None else last.on - LATEST_COMMIT


def _read(before: Mapping[Key, Level], moves: Mapping[Key, store.Folded], on: date) -> tuple[dict[Key, Level], list[tuple[Key, Line]]]:
    """Where the lines stand on the day once they have moved, and the entries of what was earned until then."""
    after: dict[Key, Level] = {}
    rows: list[tuple[Key, Line]] = []
    for key in sorted(before.keys() | moves.keys()):
        was, moved = before.get(key, Level()), moves.get(key, store.Folded())
        line = was.line + moved.by
        now = after[key] = Level(line, was.lost + moved.lost, line.minor(on))
        entry = earned(key[3], was.minor + moved.entered, now)
        if entry is not None:
            rows.append((key, entry))
    return after, rows


def accrued_by_ledger(db: psycopg.Connection[Any]) -> tuple[date | None, Mapping[Key, Level], Mapping[Key, store.Folded]]:
    """What the proof compares: the day of the last fold, where it left each key, and the sum of all moves ever written."""
    last = store.last_run(db)
    return (None if last is None else last.on), ({} if last is None else store.levels(db, last.run_id)), store.all_moves(db)
