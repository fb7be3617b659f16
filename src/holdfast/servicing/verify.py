"""`books verify`: the books are recomputed and compared, both ways.

None of the proofs trusts a figure that it is meant to prove: the fold reads terms and events only, the sums read the
postings only. What has accrued is computed loan by loan from the fold and compared with the moves that the acts wrote, and those with
what stands in the general ledger; all three are the same to the billionth of a minor unit, and the ledger's figure after a night is that
sum rounded once to the nearest, a half up, for each branch, product and currency. Between two nights each act rounds what it moves
once more, so the ledger may be off the loans' sum of the last night by half a minor unit for each act since, and by no more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import psycopg

from holdfast.kernel.errors import HoldfastError
from holdfast.ledger import (
    CHART,
    FLAT,
    PARTS,
    Account,
    Folded,
    Key,
    Kind,
    Level,
    Slope,
    Waiting,
    accrual_balances,
    accrued_by_ledger,
    folded_moves,
    nearest,
    waiting_moves,
)
from holdfast.products.terms import Terms
from holdfast.servicing.books import DRAWER, PAIRS, accruing, in_doubt, standing, suspended
from holdfast.servicing.fold import Event, Instalment, State, fold, in_order
from holdfast.servicing.month_end import recorded_root, root_now, snapshots
from holdfast.servicing.month_end_store import entries_digest
from holdfast.servicing.periods import standing_closes
from holdfast.servicing.rearranging import watched
from holdfast.servicing.store import agreed_text, charges_text, pauses_text

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
    UNION ALL
    SELECT on_date, branch_id, product_code, debit_account, credit_account, currency, sum(amount)
      FROM house_posting GROUP BY 1, 2, 3, 4, 5, 6
), general AS (
    SELECT on_date, branch_id, product_code, debit_account, credit_account, currency, sum(amount) AS amount
      FROM gl_entry
       -- What the night accrues is no loan's own line: its proof is the sum over the loans.
     WHERE NOT '{"accrued_interest", "interest_suspense"}' && ARRAY[debit_account, credit_account] GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT on_date, branch_id, product_code, debit_account, credit_account, currency, sub.amount, general.amount
  FROM sub FULL JOIN general USING (on_date, branch_id, product_code, debit_account, credit_account, currency)
 ORDER BY on_date, branch_id, product_code, debit_account, credit_account, currency
"""

_LOANS_AFTER = f"""
SELECT a.loan_id, l.public_id, l.principal_out, t.terms, a.oldest_unpaid_due_on, a.next_due_on, a.next_due_amount, a.last_event_no,
       a.last_event_on, a.billed_through, a.paid_off_on, a.written_off_on, a.class_floor, a.observe_until,
       a.penalised_through, a.pauses, a.charges, a.agreed,
       {", ".join("a." + name for name in PAIRS)},
       a.accrued_daily, a.accrued_constant, a.non_accrual_since, l.branch_id, l.product_code, l.currency
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
  FROM instalment WHERE loan_id BETWEEN %s AND %s ORDER BY loan_id, due_on, n < 0, n
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
    lines, stands = dict[Key, Slope](), dict[Key, int]()
    accrued = accrued_by_ledger(db)
    for chunk in _chunks(db):
        for row, state in _verify_chunk(db, chunk, folded, posted, allocated):
            _add_lines(lines, stands, row, state, accrued[0])
    return [*checks, folded, posted, allocated, *_accruals(db, lines, stands, accrued), _closed_months(db)]


def _closed_months(db: Db) -> Check:
    """Closed months hold the entries that they held when they were closed, and the newest snapshot the lines of its record."""
    check = Check("closed months = what was closed")
    for month in standing_closes(db):
        check.compared += 1
        entries, digest = entries_digest(db, since=month.was_through, on=month.month_ends)
        if (entries, digest) != (month.entries, month.digest):
            check.differ(month=month.month, stored=month.entries, computed=entries)
    for taken in snapshots(db)[:1]:
        check.compared += 1
        recorded, now = recorded_root(db, taken), root_now(db, taken)
        if not taken.root == recorded == now:
            check.differ(snapshot=taken.public_id, stored=taken.root, recorded=recorded, computed=now)
    return check


def _accruals(
    db: Db, lines: Mapping[Key, Slope], stands: Mapping[Key, int], accrued: tuple[date | None, Mapping[Key, Level], Mapping[Key, Folded]]
) -> list[Check]:
    """The lines of all loans = the sum of the moves; what the ledger holds = the moves folded and entered = what the loans had accrued."""
    by_loans, by_ledger = Check("accrued by loans = accrued by moves"), Check("accrued in the ledger = moves folded")
    at_once = Check("accrued in the ledger = accrued by loans")
    on, levels, moves = accrued
    for key in sorted(lines.keys() | moves.keys()):
        by_loans.compared += 1
        computed, stored = lines.get(key, FLAT), moves.get(key, Folded()).by
        if computed != stored:
            day = on or date.min
            by_loans.differ(**_named(key), on=day.isoformat(), stored=stored.minor(day), computed=computed.minor(day))
    held, folded, waiting = accrual_balances(db), folded_moves(db), waiting_moves(db, on)
    for key in sorted(levels.keys() | folded.keys() | held.keys() | waiting.keys() | stands.keys()):
        by_ledger.compared += 1
        at_once.compared += 1
        level, now, since = levels.get(key, Level()), folded.get(key, Folded()), waiting.get(key, Waiting())
        right = now.by.minor(on) if on is not None else 0
        if (level.line, level.lost) != (now.by, now.lost) or right != level.minor or held.get(key, 0) != right + since.entered:
            by_ledger.differ(**_named(key), on=str(on), stored=held.get(key, 0), computed=right + since.entered)
        stand = stands.get(key, 0)
        if abs(held.get(key, 0) * PARTS - stand) > (1 + since.acts) * PARTS // 2 + since.out_by:
            at_once.differ(**_named(key), on=str(on), stored=held.get(key, 0), computed=nearest(stand))
    return [by_loans, by_ledger, at_once]


def _named(key: Key) -> dict[str, Any]:
    return dict(zip(("branch", "product", "currency", "kind"), key, strict=True))


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


def _verify_chunk(db: Db, chunk: list[Any], folded: Check, posted: Check, allocated: Check) -> Iterator[tuple[Any, State]]:
    """Prove each loan of the chunk; its row and its state by the fold, of those that can be folded."""
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
        state = _verify_loan(row, events[row[0]], instalments[row[0]], folded)
        if state is not None:
            yield row, state
        _verify_postings(row, sums.get(row[0], {}), posted)
        _verify_cash(row, events[row[0]], sums.get(row[0], {}), posted)
        for stored in instalments[row[0]]:
            allocated.compared += 1
            paid = (stored.principal_paid, stored.interest_paid, stored.fee_paid, stored.penalty_paid)
            if parts.get((row[0], stored.n), (0, 0, 0, 0)) != paid:
                allocated.differ(loan=row[1], instalment=stored.n, stored=paid, computed=parts.get((row[0], stored.n)))


def _add_lines(lines: dict[Key, Slope], stands: dict[Key, int], row: Sequence[Any], state: State, on: date | None) -> None:
    """Add what the loan accrues, by the closed form, and what stood of it at the last night, to its branch, product and currency."""
    branch, product, currency = row[-3:]
    accrued = accruing(state)
    stood = standing(state, accrued, on)
    parts: tuple[tuple[Kind, Slope, int], ...] = (
        ("accrued", accrued, stood),
        ("suspended", suspended(state.totals, accrued, row[-4]), in_doubt(state.totals, stood, row[-4])),
    )
    for kind, line, stand in parts:
        if line != FLAT:
            key = (branch, product, currency, kind)
            lines[key] = lines.get(key, FLAT) + line
            stands[key] = stands.get(key, 0) + stand


def _verify_loan(row: Sequence[Any], events: list[Event], stored: list[Instalment], check: Check) -> State | None:
    check.compared += 1
    try:
        state = fold(Terms.from_json(json.loads(row[3])), events)
    except (HoldfastError, KeyError, ValueError) as error:
        check.differ(loan=row[1], field="events", stored="", computed=f"cannot be folded: {error}")
        return None
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
        "agreed": agreed_text(state),
        **{name: getattr(state.totals, name) for name in PAIRS},
    }
    accrued = accruing(state)
    computed |= {"accrued_daily": accrued.daily, "accrued_constant": accrued.constant}
    found = dict(zip(computed, (row[2], *row[4:-4]), strict=True))
    for name, value in computed.items():
        if found[name] != value:
            check.differ(loan=row[1], field=name, stored=_plain(found[name]), computed=_plain(value))
    if [event.event_no for event in events] != list(range(1, len(events) + 1)):
        check.differ(loan=row[1], field="event_no", stored=[event.event_no for event in events][:20], computed="1, 2, 3 without a gap")
    if state.instalments != stored:
        check.differ(loan=row[1], field="instalments", stored=_first_unequal(stored, state), computed="the schedule that the events give")
    return state


def _verify_postings(row: Sequence[Any], sums: dict[tuple[str, str], int], check: Check) -> None:
    """Each account of the loan's sub-ledger must stand where the totals say: debits less credits."""
    check.compared += 1
    posted: dict[str, int] = {}
    for (debit, credit), amount in sums.items():
        # The totals tell how much money came and went; `_verify_cash` tells how much of it was cash.
        for account, side in ((debit, amount), (credit, -amount)):
            account = Account.BANK.value if account == Account.CASH else account
            posted[account] = posted.get(account, 0) + side
    stored: dict[str, int] = {}
    for number, (debit_account, credit_account) in enumerate(PAIRS.values()):
        amount = row[18 + number]
        stored[debit_account.value] = stored.get(debit_account.value, 0) + amount
        stored[credit_account.value] = stored.get(credit_account.value, 0) - amount
    for account in sorted(stored.keys() | posted.keys()):
        if stored.get(account, 0) != posted.get(account, 0):
            check.differ(loan=row[1], account=account, stored=stored.get(account, 0), posted=posted.get(account, 0))


def _verify_cash(row: Sequence[Any], events: list[Event], sums: dict[tuple[str, str], int], check: Check) -> None:
    """The cash of the loan's sub-ledger must be what came into drawers and was not taken back."""
    cash = Account.CASH.value
    stored = sum(amount * ((debit == cash) - (credit == cash)) for (debit, credit), amount in sums.items())
    came = sum(each.payload["amount"] for each in in_order(events) if str(each.payload.get("source", "")).startswith(DRAWER))
    if stored != came:
        check.differ(loan=row[1], account=cash, stored=came, posted=stored)


def _first_unequal(stored: list[Instalment], state: State) -> str:
    for mine, theirs in zip(stored, state.instalments, strict=False):
        if mine != theirs:
            return f"instalment {mine.n}"
    return f"{len(stored)} instalments, not {len(state.instalments)}"


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | str) else str(value)
