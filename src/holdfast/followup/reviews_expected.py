"""Which reviews the book should have, computed a second time for the audit.

From the chains' own records, the kind of the borrower, the pack, and the fold over terms and events; no duty row and no row of a
review is believed. A review that the night failed to call for, or to bring forward when the class worsened, is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import psycopg

from holdfast.duties.audit import Expectation, Expected
from holdfast.followup import reviews_store as store
from holdfast.followup.reviews import DUTY, floors_of, pace_of
from holdfast.followup.reviews_model import Pace
from holdfast.kernel.clock import instant_on
from holdfast.life import DUTIES
from holdfast.policy import Lender, Pack, lender, read_pack
from holdfast.servicing.arrears import CLASSES, five_tier
from holdfast.servicing.retold import Stood, stood_on

_KIND: Final = DUTIES[DUTY]
_TELLING: Final = sorted(_KIND.after | _KIND.proofs)


@dataclass(slots=True)
class _Called:
    """The review that stands after a record: its day, the class it was called for, and what the last review found."""

    due_on: date
    loan_class: str


def reviews_called_for(db: psycopg.Connection[Any], after: int, upto: int, as_of: date) -> Mapping[int, Expectation]:
    """The expectation of each loan that carries a business: what `duties audit` asks of the reviews."""
    known = lender(db)
    told: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    applied = set()
    for loan_id, seq, record in store.told(db, after, upto, as_of, _TELLING):
        if record["kind"] == "application.submitted":
            if record["says"].get("purpose") == "working_capital":
                applied.add(loan_id)
        else:
            told.setdefault(loan_id, []).append((seq, record))
    governed = store.governed(db, after, upto, sorted(applied | told.keys()))
    # What a night writes may bear the date of the day after it.
    last_night = min(known.last_night_on, as_of - timedelta(days=1)) if known.last_night_on is not None else None
    asked = [row[0] for row in governed if row[4] or row[0] in applied] if last_night is not None else []
    stood = _certain(db, asked, last_night, as_of) if last_night is not None else {}
    packs: dict[str, Pack] = {}
    found = {}
    for loan_id, version, opened_on, product, _ in governed:
        if version not in packs:
            packs[version] = read_pack(db, *version.split(" ", 1))
        pace = pace_of(packs[version], known, opened_on, product)
        if pace is None:
            continue
        floors = floors_of(packs[version], known, last_night or as_of, product)
        moments = _moments(told.get(loan_id, []), pace, floors, known, stood.get(loan_id), last_night)
        if moments:
            found[loan_id] = Expectation(False, moments)
    return found


def _certain(db: psycopg.Connection[Any], loans: Sequence[int], last_night: date, as_of: date) -> Mapping[int, Stood]:
    """How the loans stood at the end of that night, as far as what was entered since does not say otherwise."""
    then, since = stood_on(db, loans, last_night), stood_on(db, loans, last_night, entered_by=as_of)
    return {
        loan_id: Stood(
            was.running and since[loan_id].running, min(was.days_late, since[loan_id].days_late),
            min(was.class_floor, since[loan_id].class_floor, key=CLASSES.index), min(was.lent, since[loan_id].lent),
        )
        for loan_id, was in then.items()
    }  # fmt: skip


def _moments(
    told: list[tuple[int, dict[str, Any]]], pace: Pace, floors: Mapping[str, int], known: Lender, stood: Stood | None,
    last_night: date | None,
) -> list[Expected]:  # fmt: skip
    moments: list[Expected] = []
    called: _Called | None = None
    conclusion: str | None = None
    for seq, record in told:
        says, on = record["says"], date.fromisoformat(record["on"])
        if record["kind"] in _KIND.proofs:
            called = None
        conclusion = says.get("conclusion", conclusion)
        if record["kind"] in _KIND.after:
            asked = date.fromisoformat(says["due_on"]) if says.get("asked") else None
            called = _Called(asked or pace.due_on(on, says["class"], conclusion), says["class"])
            moments.append(_expected(f"record {seq}", called.due_on, on, known))
    if stood is None or last_night is None or not stood.running or stood.lent < pace.from_minor:
        return moments
    loan_class = five_tier(stood.days_late, floors, stood.class_floor)
    sooner = pace.due_on(last_night, loan_class, conclusion)
    if called is None:
        moments.append(_expected(f"a business on the book on {last_night} and no review called for", sooner, last_night, known))
    elif CLASSES.index(loan_class) > CLASSES.index(called.loan_class) and sooner < called.due_on:
        # The row that stands is for a later day than the one that this class asks for.
        moments[-1] = _expected(moments[-1].about, sooner, last_night, known)
    return moments


def _expected(about: str, due_on: date, from_on: date, known: Lender) -> Expected:
    return Expected(DUTY, about, due_on, instant_on(due_on, _KIND.hours[1], known.zone), from_on=from_on)
