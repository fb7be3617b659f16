"""Where valuations, choices and settlements are kept; all three only grow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.collateral.model import Grade
from holdfast.collateral.valuation import Source, Standing, Valuation
from holdfast.kernel import canonical
from holdfast.kernel.money import Money

Db = psycopg.Connection[Any]

INSERT_VALUATION: Final = """
    INSERT INTO valuation (public_id, thing_id, source, source_name, grade, currency, market, deductions, checklist, amount, locked,
                           evidence, basis, as_of, valid_until, made_by, made_at, record_seq)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
_VALUATION: Final = """
    SELECT v.valuation_id, v.public_id, v.thing_id, v.source, v.source_name, v.grade, v.currency, v.market, v.deductions, v.amount,
           v.locked, v.evidence, v.basis, v.as_of, v.valid_until, s.name, v.made_at
      FROM valuation v LEFT JOIN staff s ON s.staff_id = v.made_by"""
SELECT_CHECKLIST: Final = "SELECT checklist FROM valuation WHERE valuation_id = %s"
INSERT_CHOICE: Final = """
    INSERT INTO valuation_choice (public_id, thing_id, rule, counting_id, of_ids, referred, apart_percent, locked, currency, amount,
                                  haircut_percent, lending_value, valid_until, chosen_at, record_seq)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
SELECT_CHOICE: Final = """
    SELECT public_id, thing_id, rule, counting_id, of_ids, referred, apart_percent, locked, currency, amount, haircut_percent,
           lending_value, valid_until
      FROM valuation_choice"""
INSERT_SETTLEMENT: Final = (
    "INSERT INTO valuation_settlement (thing_id, of_ids, counting_id, request, settled_at) VALUES (%s, %s, %s, %s, %s)"
)
SELECT_SETTLEMENT: Final = """
    SELECT counting_id FROM valuation_settlement WHERE thing_id = %s AND of_ids = %s::bigint[] ORDER BY settlement_id DESC LIMIT 1"""


def insert_valuation(
    db: Db, *, public_id: str, thing_id: int, source: Source, source_name: str, grade: Grade, market: Money, deductions: Mapping[str, int],
    checklist: Mapping[str, str], amount: Money, locked: bool, evidence: Sequence[str], basis: str, as_of: date, valid_until: date,
    made_by: int | None, at: datetime, seq: int,
) -> None:  # fmt: skip
    """Write one source's word."""
    db.execute(
        INSERT_VALUATION,
        [
            public_id, thing_id, source, source_name, grade, market.currency, market.minor, _text(deductions), _text(checklist),
            amount.minor, locked, list(evidence), basis, as_of, valid_until, made_by, at, seq,
        ],
    )  # fmt: skip


def valuations(db: Db, thing_id: int) -> list[Valuation]:
    """All that was ever said of a thing, oldest first."""
    return [_valuation(row) for row in db.execute(f"{_VALUATION} WHERE v.thing_id = %s ORDER BY v.valuation_id", [thing_id]).fetchall()]


def valuation(db: Db, public_id: str) -> Valuation | None:
    """One source's word."""
    row = db.execute(f"{_VALUATION} WHERE v.public_id = %s", [public_id]).fetchone()
    return _valuation(row) if row else None


def checklist(db: Db, valuation_id: int) -> dict[str, str]:
    """What the appraiser answered, point by point."""
    row = db.execute(SELECT_CHECKLIST, [valuation_id]).fetchone()
    return dict(json.loads(row[0])) if row else {}


def insert_choice(db: Db, standing: Standing, *, public_id: str, at: datetime, seq: int) -> None:
    """Write which word counted."""
    db.execute(
        INSERT_CHOICE,
        [
            public_id, standing.thing_id, standing.rule, standing.counting.valuation_id if standing.counting else None,
            sorted(each.valuation_id for each in standing.sources), standing.referred, standing.apart_percent, standing.locked,
            standing.amount.currency, standing.amount.minor, standing.haircut_percent, standing.lending_value.minor, standing.valid_until,
            at, seq,
        ],
    )  # fmt: skip


def choice(db: Db, public_id: str) -> Standing | None:
    """A choice as it was kept."""
    return _standing(db, db.execute(f"{SELECT_CHOICE} WHERE public_id = %s", [public_id]).fetchone())


def newest_choice(db: Db, thing_id: int) -> Standing | None:
    """The last choice that was kept for a thing."""
    return _standing(db, db.execute(f"{SELECT_CHOICE} WHERE thing_id = %s ORDER BY choice_id DESC LIMIT 1", [thing_id]).fetchone())


def insert_settlement(db: Db, *, thing_id: int, of_ids: Sequence[int], counting_id: int, request: str, at: datetime) -> None:
    """Write what two people settled on."""
    db.execute(INSERT_SETTLEMENT, [thing_id, sorted(of_ids), counting_id, request, at])


def settled(db: Db, thing_id: int, of_ids: Sequence[int]) -> int | None:
    """The valuation that two people chose out of exactly these."""
    row = db.execute(SELECT_SETTLEMENT, [thing_id, sorted(of_ids)]).fetchone()
    return int(row[0]) if row else None


def _standing(db: Db, row: Sequence[Any] | None) -> Standing | None:
    if row is None:
        return None
    public_id, thing_id, rule, counting_id, of_ids, referred, apart, locked, currency, amount, haircut, lending, valid_until = row
    words = {each.valuation_id: each for each in valuations(db, thing_id)}
    return Standing(
        thing_id, public_id, rule, words[counting_id] if counting_id is not None else None, tuple(words[each] for each in of_ids), referred,
        apart, locked, Money(amount, currency), haircut, Money(lending, currency), valid_until,
    )  # fmt: skip


def _valuation(row: Sequence[Any]) -> Valuation:
    (
        number,
        public_id,
        thing_id,
        source,
        name,
        grade,
        currency,
        market,
        deductions,
        amount,
        locked,
        evidence,
        basis,
        as_of,
        until,
        by,
        at,
    ) = row
    return Valuation(
        number, public_id, thing_id, Source(source), name, Grade(grade), Money(market, currency), dict(json.loads(deductions)),
        Money(amount, currency), locked, tuple(evidence), basis, as_of, until, by, at,
    )  # fmt: skip


def _text(values: Mapping[str, Any]) -> str:
    return canonical.encode(dict(values)).decode()
