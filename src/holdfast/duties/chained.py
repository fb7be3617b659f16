"""What the records of a loan's chain call for, computed a second time for the audit.

From the records' own bytes, the pack and the calendar only: which kind of record calls for which duty and
within how many workdays stands in `life.DUTIES`; whether the verbs did open it is what the audit finds out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

import psycopg

from holdfast.duties.audit import Expectation, Expected
from holdfast.kernel.clock import instant_on
from holdfast.life import DUTIES, DutyKind
from holdfast.policy import Lender, Pack, add_workdays, lender, read_pack

# Where the record itself says by when, the stage whose rule that is answers for it with an expectation of its own.
_CHAINED: Final = tuple(kind for kind in DUTIES.values() if kind.chained and not kind.dated)
_CALLING: Final = sorted({name for kind in _CHAINED for name in kind.after})
_TELLING: Final = sorted({name for kind in _CHAINED for name in kind.after | kind.proofs})

# Promises: of each loan of the stretch whose chain calls for a chained duty, every record that calls for one or ends one.
_RECORDS: Final = """
    SELECT r.loan_id, r.seq, r.body, l.pack_version, l.opened_on, l.product_code
      FROM record r JOIN loan l USING (loan_id)
     WHERE r.loan_id IN (SELECT loan_id FROM record WHERE loan_id > %s AND loan_id <= %s AND kind = ANY(%s))
       AND r.kind = ANY(%s) AND r.on_date <= %s
     ORDER BY r.loan_id, r.seq"""


def chained_duties(db: psycopg.Connection[Any], after: int, upto: int, as_of: date) -> Mapping[int, Expectation]:
    """The expectation of each loan whose chain calls for something: what `duties audit` asks of the stages around servicing."""
    known = lender(db)
    packs: dict[str, Pack] = {}
    told: dict[int, list[tuple[int, str, date]]] = {}
    governed: dict[int, tuple[str, date, str]] = {}
    for loan_id, seq, body, pack_version, opened_on, product in db.execute(_RECORDS, [after, upto, _CALLING, _TELLING, as_of]):
        said = json.loads(body)
        told.setdefault(loan_id, []).append((seq, said["kind"], date.fromisoformat(said["on"])))
        governed[loan_id] = (pack_version, opened_on, product)
    found = {}
    for loan_id, records in told.items():
        version, opened_on, product = governed[loan_id]
        if version not in packs:
            packs[version] = read_pack(db, *version.split(" ", 1))
        found[loan_id] = Expectation(False, [*moments(records, packs[version], known, opened_on, product)])
    return found


def moments(records: Iterable[tuple[int, str, date]], pack: Pack, known: Lender, opened_on: date, product: str) -> list[Expected]:
    """The moments that a chain's records (number, kind, day) call for, kind by kind."""
    told = list(records)
    found: list[Expected] = []
    for kind in _CHAINED:
        called = False
        for seq, name, on in told:
            called = called and name not in kind.proofs
            if not called and name in kind.after:
                called = True
                found.append(_moment(kind, seq, on, pack, known, opened_on, product))
    return found


def _moment(kind: DutyKind, seq: int, on: date, pack: Pack, known: Lender, opened_on: date, product: str) -> Expected:
    workdays = pack.number(kind.within, on=opened_on, lender_type=known.lender_type, product=product)
    due_on = add_workdays(on, workdays, known.region).on if workdays else on
    return Expected(kind.name, f"record {seq}", due_on, instant_on(due_on, kind.hours[1], known.zone), from_on=on)
