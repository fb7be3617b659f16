"""Reading and writing loans: one round trip each way, for one loan or for many."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache
from typing import Any, Final

import psycopg

from holdfast.duties import Duty
from holdfast.journal import Head
from holdfast.kernel import canonical
from holdfast.kernel.errors import Fault, NotFound
from holdfast.kernel.rate import Per, Rate
from holdfast.ledger import Slope
from holdfast.life import LoanState
from holdfast.loans import Loan, loan_id_of
from holdfast.policy import Lender, ask_lender
from holdfast.products.terms import PayoutJoins, Terms
from holdfast.servicing import reminder_plan_store
from holdfast.servicing.duties import Cursors
from holdfast.servicing.fold import Charge, Event, Instalment, State, Totals
from holdfast.servicing.held import Account, Held
from holdfast.servicing.recalculation import standing
from holdfast.servicing.reminder_plan_model import LivePlan
from holdfast.servicing.state import Pause

Db = psycopg.Connection[Any]

TOTALS: Final = tuple(each.name for each in fields(Totals))

_LOANS = f"""
SELECT l.loan_id, l.public_id, l.branch_id, l.officer_id, l.party_id, l.borrower_label, l.product_code, l.product_version,
       l.contract_no, l.currency, l.state, l.principal_out, l.head_seq, l.head_hash, l.last_duty_no, l.duty_no, l.next_action_at,
       l.pack_version, l.opened_on, p.collateral, t.terms,
       a.next_event_on, a.last_event_no, a.last_event_on, a.billed_through, a.reminded_through, a.followed_through, a.promised_for,
       a.class_floor, a.observe_until, a.charges_barred, a.paid_off_on, a.written_off_on, a.penalised_through,
       a.pauses, a.charges, a.agreed, {", ".join("a." + name for name in TOTALS)},
       a.non_accrual_since, a.accrued_daily, a.accrued_constant, coalesce(k.digest, ''), a.settling
  FROM loan l
  JOIN product p ON p.code = l.product_code
  LEFT JOIN policy_pack k ON k.name || ' ' || k.version = l.pack_version
  JOIN loan_terms t USING (loan_id)
  JOIN account a USING (loan_id)
 WHERE l.loan_id {{which}}
 ORDER BY l.loan_id
"""
# Before and apart from the reading: a statement that waits for a lock joins what it read before it waited.
_LOCK = "SELECT 1 FROM loan WHERE loan_id {which} ORDER BY loan_id FOR UPDATE"

_INSTALMENTS = """
SELECT loan_id, n, due_on, principal, interest, fee, penalty, principal_paid, interest_paid, fee_paid, penalty_paid, paid_on,
       late_base
  FROM instalment WHERE loan_id {which} ORDER BY loan_id, due_on, n < 0, n
"""

_OPEN_DUTIES = """
SELECT loan_id, duty_no, kind, about, due_on, due_at, window_from, role, opened_seq, proof_seq, closed_on, owner_id, attempts
  FROM duty WHERE loan_id {which} AND open ORDER BY loan_id, duty_no
"""

_EVENTS = """
SELECT loan_id, event_no, kind, on_date, entered_on, payload FROM loan_event WHERE loan_id = ANY(%s) ORDER BY loan_id, event_no
"""


@dataclass(frozen=True, slots=True)
class _Read:
    """The statements that read loans, which one condition picks."""

    lock: bytes
    loans: bytes
    instalments: bytes
    duties: bytes


def _read(which: str) -> _Read:
    return _Read(*(statement.format(which=which).encode() for statement in (_LOCK, _LOANS, _INSTALMENTS, _OPEN_DUTIES)))


_MANY: Final = _read("= ANY(%s)")
# One loan is its own statement: for an array of any length PostgreSQL plans anew each time, which costs more than it reads.
_ONE: Final = _read("= (SELECT loan_id FROM loan_registry WHERE kind = 'public_id' AND key = %s)")


def load(db: Db, loan_ids: Sequence[int], *, lock: bool = True, on: date | None = None) -> list[Held]:
    """The loans with those numbers, locked in their order for the rest of the transaction.

    To be looked at and not changed: `on` brings their penalty interest, and interest that follows what is owed, up to that day.
    Raises Fault if one of them is not there: the caller has found it by its registry entry.
    """
    ids = sorted(set(loan_ids))
    found = _load(db, _MANY, ids, lock)
    if len(found) != len(ids):
        missing = set(ids) - {held.loan.loan_id for held in found}
        raise Fault(f"loans {sorted(missing)[:5]} have no rows behind their registry entry")
    if on is not None:
        for held in found:
            held.state = standing(held.state, on)
    return found


def load_one(db: Db, loan: str) -> Held:
    """The loan of a public id, locked for the rest of the transaction; NotFound if there is none."""
    found = _load(db, _ONE, loan, True)
    return found[0] if found else load(db, [loan_id_of(db, loan)])[0]


def _load(db: Db, read: _Read, which: Sequence[int] | str, lock: bool) -> list[Held]:
    """All that the rules need of the loans, and the lender, in one round trip."""
    with db.pipeline():
        if lock:
            db.execute(read.lock, [which])
        loans = db.execute(read.loans, [which], binary=True)
        instalments = db.execute(read.instalments, [which], binary=True)
        duties = db.execute(read.duties, [which], binary=True)
        known = ask_lender(db)
        live = reminder_plan_store.ask_live(db)
    rows_of: defaultdict[int, list[Instalment]] = defaultdict(list)
    for row in instalments.fetchall():
        rows_of[row[0]].append(Instalment(*row[1:]))
    duties_of: defaultdict[int, list[Duty]] = defaultdict(list)
    for row in duties.fetchall():
        duties_of[row[0]].append(Duty(*row))
    house, plans = known(), live()
    return [_held(row, rows_of[row[0]], duties_of[row[0]], house, plans) for row in loans.fetchall()]


def history(db: Db, loan_ids: Sequence[int]) -> dict[int, list[Event]]:
    """All events of the loans, in the order they were entered."""
    found: dict[int, list[Event]] = {loan_id: [] for loan_id in loan_ids}
    for loan_id, event_no, kind, on, entered_on, payload in db.execute(_EVENTS, [list(loan_ids)]).fetchall():
        found[loan_id].append(Event(event_no, kind, on, entered_on, json.loads(payload)))
    return found


def expect_settlement(db: Db, loan_id: int, runs: bool) -> None:
    """From now on a settlement runs on the loan, and its receipts are told to it; or none does any more."""
    db.execute("UPDATE account SET settling = %s WHERE loan_id = %s", [runs, loan_id])


def terms_of(db: Db, loan_id: int) -> Terms:
    """The contract's terms; NotFound if the loan has none yet."""
    row = db.execute("SELECT terms FROM loan_terms WHERE loan_id = %s", [loan_id]).fetchone()
    if row is None:
        raise NotFound("the loan has no terms yet")
    return terms_read(row[0])


def _held(row: Sequence[Any], instalments: list[Instalment], duties: list[Duty], known: Lender, live: tuple[LivePlan, ...]) -> Held:
    loan = Loan(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], LoanState(row[10]), row[11],
        Head(row[12], row[13]), row[14], row[15], row[16], row[17], row[18],
    )  # fmt: skip
    state = State(
        terms=terms_read(row[20]),
        instalments=instalments,
        totals=Totals(*row[37:-5]),
        paid_off_on=row[31],
        written_off_on=row[32],
        through=row[24],
        penalised_through=row[33],
        pauses=pauses_of(row[34]),
        charges=charges_of(row[35]),
    )
    if state.terms.payout_joins is not PayoutJoins.LATER:
        state.arrange()
    if row[36] is not None:
        put_agreed(state, row[36])
    account = Account(
        row[21], row[22], row[23], Cursors(row[25], row[26]), row[27], row[28], row[29], row[30], row[-5],
        Slope(int(row[-4]), int(row[-3])), row[-1],
    )  # fmt: skip
    return Held(loan, row[19], state, account, duties, known, row[-2], live)


@lru_cache(maxsize=8_192)
def terms_read(text: str) -> Terms:
    """Terms as they are kept; loans of one product and day often share theirs."""
    return Terms.from_json(json.loads(text))


def pauses_of(text: str | None) -> tuple[Pause, ...]:
    """The pauses as `account.pauses` holds them: `2026-03-02/2026-04-01`, one after the other; None where there are none."""
    spans = (span.split("/") for span in (text or "").split())
    return tuple(Pause(date.fromisoformat(first), date.fromisoformat(last)) for first, last in spans)


def pauses_text(pauses: Sequence[Pause]) -> str | None:
    """What `pauses_of` reads back."""
    return " ".join(f"{each.starts_on}/{each.ends_on}" for each in pauses) or None


def charges_of(text: str | None) -> list[Charge]:
    """The charges as `account.charges` holds them, JSON; None where there are none."""
    return [Charge(n, part, amount, date.fromisoformat(due_on)) for n, part, amount, due_on in json.loads(text or "[]")]


def charges_text(charges: Sequence[Charge]) -> str | None:
    """What `charges_of` reads back."""
    return json.dumps([[each.n, each.part, each.amount, each.due_on.isoformat()] for each in charges]) if charges else None


def agreed_text(state: State) -> str | None:
    """What later agreements put in the contract's place, as `account.agreed` holds it; None where there is nothing."""
    if not (state.replaced or state.rates or state.starts or state.loose or state.level or state.reckoned_on):
        return None
    agreed: dict[str, Any] = {
        "terms": None if state.replaced is None else state.replaced.to_json(),
        "rates": [[n, rate.ppb, rate.per.value] for n, rate in state.rates],
        "starts": [[n, on.isoformat()] for n, on in sorted(state.starts.items())],
        "loose": sorted(state.loose),
        "level": state.level,
        "carried": [[n, amount] for n, amount in sorted(state.carried.items())],
        "reckoned": None if state.reckoned_on is None else [state.reckoned_on.isoformat(), state.reckoned],
    }
    return canonical.encode({name: value for name, value in agreed.items() if value}).decode()


def put_agreed(state: State, text: str) -> None:
    """Give `state` what `agreed_text` wrote."""
    agreed = json.loads(text)
    state.replaced = Terms.from_json(agreed["terms"]) if "terms" in agreed else None
    state.rates = tuple((n, Rate(ppb, Per(per))) for n, ppb, per in agreed.get("rates", []))
    state.starts = {n: date.fromisoformat(on) for n, on in agreed.get("starts", [])}
    state.loose = set(agreed.get("loose", []))
    state.level = agreed.get("level")
    state.carried = dict(agreed.get("carried", []))
    if "reckoned" in agreed:
        state.reckoned_on, state.reckoned = date.fromisoformat(agreed["reckoned"][0]), agreed["reckoned"][1]
