"""`books verify`: the books are recomputed and compared, both ways.

Five proofs. None of them trusts a figure that it is meant to prove: the fold reads terms and events only,
the sums read the postings only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

from holdfast.kernel.errors import HoldfastError
from holdfast.ledger import CHART
from holdfast.products.terms import Terms
from holdfast.servicing.books import PAIRS
from holdfast.servicing.deferral import watched
from holdfast.servicing.fold import Event, Instalment, State, fold
from holdfast.servicing.store import charges_text, pauses_text

Db = psycopg.Connection[Any]
_CHUNK: Final = 2_000
_MOST_LISTED: Final = 100


@dataclass(slots=True)
class Check:
    """One proof: how much was compared and where the two sides differ."""

    name: str
    compared: int = 0
    differences: list[dict[str, Any]] = field(default_factory=list)
    found: int = 0

    @property
    def ok(self) -> bool:
        return self.found == 0

    def differ(self, **facts: Any) -> None:
        """Count a difference; the first hundred are listed."""
        self.found += 1
        if len(self.differences) < _MOST_LISTED:
            self.differences.append(facts)

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "ok": self.ok, "compared": self.compared, "differences": self.differences}


_BALANCE = """
SELECT currency, account, sum(amount) FROM (
    SELECT currency, debit_account AS account, amount FROM gl_entry
    UNION ALL SELECT currency, credit_account, -amount FROM gl_entry
) AS side GROUP BY currency, account ORDER BY currency, account
"""

# Every pair of accounts of every day, in both ledgers; only the unequal ones come back.
_SUB_AGAINST_GENERAL = """
WITH sub AS (
    SELECT p.on_date, l.branch_id, l.product_code, p.debit_account, p.credit_account, p.currency, sum(p.amount) AS amount
      FROM posting p JOIN loan l USING (loan_id) GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT on_date, branch_id, product_code, debit_account, credit_account, currency, sum(amount)
      FROM suspense_posting GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT on_date, branch_id, product_code, debit_account, credit_account, currency, sum(amount)
      FROM custody_loss_posting GROUP BY 1, 2, 3, 4, 5, 6
), general AS (
    SELECT on_date, branch_id, product_code, debit_account, credit_account, currency, sum(amount) AS amount
      FROM gl_entry GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT on_date, branch_id, product_code, debit_account, credit_account, currency, sub.amount, general.amount
  FROM sub FULL JOIN general USING (on_date, branch_id, product_code, debit_account, credit_account, currency)
 ORDER BY on_date, branch_id, product_code, debit_account, credit_account, currency
"""

_LOANS_AFTER = f"""
SELECT a.loan_id, l.public_id, l.principal_out, t.terms, a.oldest_unpaid_due_on, a.next_due_on, a.next_due_amount, a.last_event_no,
       a.last_event_on, a.billed_through, a.paid_off_on, a.written_off_on, a.class_floor, a.observe_until,
       a.penalised_through, a.pauses, a.charges,
       {", ".join("a." + name for name in PAIRS)}
  FROM account a JOIN loan l USING (loan_id) JOIN loan_terms t USING (loan_id)
 WHERE a.loan_id > %s ORDER BY a.loan_id LIMIT {_CHUNK}
"""
_EVENTS = """
SELECT loan_id, event_no, kind, on_date, entered_on, payload FROM loan_event
 WHERE loan_id BETWEEN %s AND %s ORDER BY loan_id, event_no
"""
_INSTALMENTS = """
SELECT loan_id, n, due_on, principal, interest, fee, penalty, principal_paid, interest_paid, fee_paid, penalty_paid, paid_on,
       late_base
  FROM instalment WHERE loan_id BETWEEN %s AND %s ORDER BY loan_id, n
"""
_POSTED = """
SELECT loan_id, debit_account, credit_account, sum(amount) FROM posting
 WHERE loan_id BETWEEN %s AND %s GROUP BY 1, 2, 3
"""
_ALLOCATED = """
SELECT loan_id, n, sum(principal), sum(interest), sum(fee), sum(penalty) FROM allocation
 WHERE loan_id BETWEEN %s AND %s GROUP BY 1, 2
"""
_ORPHANS = """
SELECT l.public_id FROM loan l LEFT JOIN account a USING (loan_id)
 WHERE a.loan_id IS NULL AND (l.principal_out <> 0 OR l.state IN ('active', 'written_off', 'releasing', 'settled')) ORDER BY 1
"""


def verify_books(db: Db) -> list[Check]:
    """All proofs over the whole book, in one snapshot. Reads only."""
    checks = [_debits_equal_credits(db), _sub_ledger_equals_general(db)]
    folded, posted, allocated = Check("loan rows = fold of events"), Check("totals = postings"), Check("instalments = allocations")
    for row in db.execute(_ORPHANS).fetchall():
        folded.differ(loan=row[0], field="account", stored=None, computed="an account row")
    for chunk in _chunks(db):
        _verify_chunk(db, chunk, folded, posted, allocated)
    return [*checks, folded, posted, allocated]


def _debits_equal_credits(db: Db) -> Check:
    check = Check("debits = credits")
    sums: dict[str, int] = {}
    for currency, account, amount in db.execute(_BALANCE).fetchall():
        check.compared += 1
        sums[currency] = sums.get(currency, 0) + int(amount)
        if account not in CHART:
            check.differ(account=account, why="not in the chart")
    for currency, rest in sums.items():
        if rest:
            check.differ(currency=currency, debits_less_credits=rest)
    return check


def _sub_ledger_equals_general(db: Db) -> Check:
    check = Check("sub-ledger = general ledger")
    for on, branch, product, debit, credit, currency, sub, general in db.execute(_SUB_AGAINST_GENERAL).fetchall():
        check.compared += 1
        if sub != general:
            check.differ(
                on=on.isoformat(), branch=branch, product=product, debit=debit, credit=credit, currency=currency,
                sub_ledger=int(sub or 0), general_ledger=int(general or 0),
            )  # fmt: skip
    return check


def _chunks(db: Db) -> Iterator[list[Any]]:
    after = -1
    while chunk := db.execute(_LOANS_AFTER, [after]).fetchall():
        yield chunk
        after = chunk[-1][0]


def _verify_chunk(db: Db, chunk: list[Any], folded: Check, posted: Check, allocated: Check) -> None:
    span = (chunk[0][0], chunk[-1][0])
    events: dict[int, list[Event]] = {row[0]: [] for row in chunk}
    for loan_id, number, kind, on, entered, payload in db.execute(_EVENTS, span).fetchall():
        events.setdefault(loan_id, []).append(Event(number, kind, on, entered, json.loads(payload)))
    instalments: dict[int, list[Instalment]] = {row[0]: [] for row in chunk}
    for row in db.execute(_INSTALMENTS, span).fetchall():
        instalments.setdefault(row[0], []).append(Instalment(*row[1:]))
    sums: dict[int, dict[tuple[str, str], int]] = {}
    for loan_id, debit, credit, amount in db.execute(_POSTED, span).fetchall():
        sums.setdefault(loan_id, {})[debit, credit] = int(amount)
    parts = {(row[0], row[1]): tuple(int(part) for part in row[2:]) for row in db.execute(_ALLOCATED, span).fetchall()}
    for row in chunk:
        _verify_loan(row, events[row[0]], instalments[row[0]], folded)
        _verify_postings(row, sums.get(row[0], {}), posted)
        for stored in instalments[row[0]]:
            allocated.compared += 1
            paid = (stored.principal_paid, stored.interest_paid, stored.fee_paid, stored.penalty_paid)
            if parts.get((row[0], stored.n), (0, 0, 0, 0)) != paid:
                allocated.differ(loan=row[1], instalment=stored.n, stored=paid, computed=parts.get((row[0], stored.n)))


def _verify_loan(row: Sequence[Any], events: list[Event], stored: list[Instalment], check: Check) -> None:
    check.compared += 1
    try:
        state = fold(Terms.from_json(json.loads(row[3])), events)
    except (HoldfastError, KeyError, ValueError) as error:
        check.differ(loan=row[1], field="events", stored="", computed=f"cannot be folded: {error}")
        return
    next_due = state.next_due
    floor, until = watched(events)
    computed = {
        "principal_out": state.principal_out,
        "oldest_unpaid_due_on": state.oldest_unpaid_due_on,
        "next_due_on": next_due[0],
        "next_due_amount": next_due[1],
        "last_event_no": len(events),
        "last_event_on": max((event.on for event in events), default=None),
        "billed_through": state.through,
        "paid_off_on": state.paid_off_on,
        "written_off_on": state.written_off_on,
        "class_floor": floor,
        "observe_until": until,
        "penalised_through": state.penalised_through,
        "pauses": pauses_text(state.pauses),
        "charges": charges_text(state.charges),
        **{name: getattr(state.totals, name) for name in PAIRS},
    }
    found = dict(zip(computed, (row[2], *row[4:]), strict=True))
    for name, value in computed.items():
        if found[name] != value:
            check.differ(loan=row[1], field=name, stored=_plain(found[name]), computed=_plain(value))
    if [event.event_no for event in events] != list(range(1, len(events) + 1)):
        check.differ(loan=row[1], field="event_no", stored=[event.event_no for event in events][:20], computed="1, 2, 3 without a gap")
    if state.instalments != stored:
        check.differ(loan=row[1], field="instalments", stored=_first_unequal(stored, state), computed="the schedule that the events give")


def _verify_postings(row: Sequence[Any], sums: dict[tuple[str, str], int], check: Check) -> None:
    """Each account of the loan's sub-ledger must stand where the totals say: debits less credits."""
    check.compared += 1
    posted: dict[str, int] = {}
    for (debit, credit), amount in sums.items():
        posted[debit] = posted.get(debit, 0) + amount
        posted[credit] = posted.get(credit, 0) - amount
    stored: dict[str, int] = {}
    for number, (debit_account, credit_account) in enumerate(PAIRS.values()):
        amount = row[17 + number]
        stored[debit_account.value] = stored.get(debit_account.value, 0) + amount
        stored[credit_account.value] = stored.get(credit_account.value, 0) - amount
    for account in sorted(stored.keys() | posted.keys()):
        if stored.get(account, 0) != posted.get(account, 0):
            check.differ(loan=row[1], account=account, stored=stored.get(account, 0), posted=posted.get(account, 0))


def _first_unequal(stored: list[Instalment], state: State) -> str:
    for mine, theirs in zip(stored, state.instalments, strict=False):
        if mine != theirs:
            return f"instalment {mine.n}"
    return f"{len(stored)} instalments, not {len(state.instalments)}"


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | str) else str(value)
