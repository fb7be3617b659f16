"""`books verify`: the books are recomputed and compared, both ways.

None of the proofs trusts a figure that it is meant to prove: the fold reads terms and events only, the sums read the
postings only. What has accrued is computed loan by loan from the fold and compared with the moves that the acts wrote, and those with
what stands in the general ledger; all three are the same to the billionth of a minor unit, and the ledger's figure after a night is that
sum rounded once to the nearest, a half up, for each branch, product and currency. Between two nights each act rounds what it moves
once more, so the ledger may be off the loans' sum of the last night by half a minor unit for each act since, and by no more.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import psycopg

from holdfast.kernel.batches import batch
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
from holdfast.products.terms import PayoutJoins
from holdfast.servicing.books import DRAWER, PAIRS, accruing, in_doubt, standing, suspended
from holdfast.servicing.fold import Event, Instalment, State, fold, in_order
from holdfast.servicing.month_end import recorded_root, root_now, snapshots
from holdfast.servicing.month_end_store import entries_digest
from holdfast.servicing.periods import standing_closes
from holdfast.servicing.rearranging import watched
from holdfast.servicing.state import by_number
from holdfast.servicing.store import agreed_text, charges_text, pauses_text, terms_read

Db = psycopg.Connection[Any]
# So many loans are proved at once, and by one process.
PART: Final = 4_000
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

    def join(self, other: Check) -> None:
        """Add what another part of the same proof found."""
        self.compared += other.compared
        self.found += other.found
        self.differences += other.differences[: _MOST_LISTED - len(self.differences)]

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "ok": self.ok, "compared": self.compared, "differences": self.differences}


@dataclass(slots=True)
class LoanProofs:
    """What was found loan by loan, and what these loans accrue together: their lines, and what stood of them at the last night."""

    folded: Check = field(default_factory=lambda: Check("loan rows = fold of events"))
    posted: Check = field(default_factory=lambda: Check("totals = postings"))
    allocated: Check = field(default_factory=lambda: Check("instalments = allocations"))
    lines: dict[Key, Slope] = field(default_factory=dict)
    stands: dict[Key, int] = field(default_factory=dict)

    def join(self, other: LoanProofs) -> None:
        """Add what was found of other loans."""
        self.folded.join(other.folded)
        self.posted.join(other.posted)
        self.allocated.join(other.allocated)
        for key, line in other.lines.items():
            self.lines[key] = self.lines.get(key, FLAT) + line
            self.stands[key] = self.stands.get(key, 0) + other.stands[key]


# First and last loan of a part, and the day of the last night.
Part = tuple[int, int, date | None]
Prove = Callable[[Sequence[Part]], Iterable[LoanProofs]]

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

_PARTS = """
SELECT min(loan_id), max(loan_id) FROM (
    SELECT loan_id, (row_number() OVER (ORDER BY loan_id) - 1) / %s AS part FROM account
) AS loans GROUP BY part ORDER BY part
"""
_LOANS = f"""
SELECT a.loan_id, l.public_id, l.principal_out, t.terms, a.oldest_unpaid_due_on, a.next_due_on, a.next_due_amount, a.last_event_no,
       a.last_event_on, a.billed_through, a.paid_off_on, a.written_off_on, a.class_floor, a.observe_until,
       a.penalised_through, a.pauses, a.charges, a.agreed,
       {", ".join("a." + name for name in PAIRS)}, a.forgiven,
       a.accrued_daily, a.accrued_constant, a.non_accrual_since, l.branch_id, l.product_code, l.currency
  FROM account a JOIN loan l USING (loan_id) JOIN loan_terms t USING (loan_id)
 WHERE a.loan_id BETWEEN %s AND %s ORDER BY a.loan_id
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
# What `_LOANS` reads of a loan's rows, and the fold gives too.
_COMPARED: Final = (
    "principal_out", "oldest_unpaid_due_on", "next_due_on", "next_due_amount", "last_event_no", "last_event_on", "billed_through",
    "paid_off_on", "written_off_on", "class_floor", "observe_until", "penalised_through", "pauses", "charges", "agreed", *PAIRS,
    "forgiven", "accrued_daily", "accrued_constant",
)  # fmt: skip
_PAIR_NAMES: Final = tuple((debit.value, credit.value) for debit, credit in PAIRS.values())
_NOTHING: Final = (0, 0, 0, 0)
_ORPHANS = """
SELECT l.public_id FROM loan l LEFT JOIN account a USING (loan_id)
 WHERE a.loan_id IS NULL AND (l.principal_out <> 0 OR l.state IN ('active', 'written_off', 'releasing', 'settled')) ORDER BY 1
"""


def verify_books(db: Db, prove: Prove | None = None) -> list[Check]:
    """All proofs over the whole book, in one snapshot. Reads only.

    `prove` has the parts proved by `prove_loans` wherever there is room, in this snapshot; without it they are proved here.
    """
    checks = [_debits_equal_credits(db), _sub_ledger_equals_general(db)]
    found = LoanProofs()
    for row in db.execute(_ORPHANS).fetchall():
        found.folded.differ(loan=row[0], field="account", stored=None, computed="an account row")
    accrued = accrued_by_ledger(db)
    parts: list[Part] = [(first, last, accrued[0]) for first, last in db.execute(_PARTS, [PART]).fetchall()]
    for proofs in (prove_loans(db, *part) for part in parts) if prove is None else prove(parts):
        found.join(proofs)
    accruals = _accruals(db, found.lines, found.stands, accrued)
    return [*checks, found.folded, found.posted, found.allocated, *accruals, _closed_months(db)]


@batch()
def prove_loans(db: Db, first: int, last: int, on: date | None) -> LoanProofs:
    """Fold the loans from `first` to `last` from their terms and events alone, and compare; `on` is the day of the last night."""
    proofs, span = LoanProofs(), (first, last)
    with db.pipeline():
        loans = db.execute(_LOANS, span, binary=True)
        told = db.execute(_EVENTS, span, binary=True)
        rows = db.execute(_INSTALMENTS, span, binary=True)
        posted = db.execute(_POSTED, span, binary=True)
        allocated = db.execute(_ALLOCATED, span, binary=True)
    events: defaultdict[int, list[Event]] = defaultdict(list)
    for loan_id, number, kind, on_date, entered, payload in told.fetchall():
        events[loan_id].append(Event(number, kind, on_date, entered, json.loads(payload)))
    instalments: defaultdict[int, list[Instalment]] = defaultdict(list)
    for row in rows.fetchall():
        instalments[row[0]].append(Instalment(*row[1:]))
    sums: defaultdict[int, dict[tuple[str, str], int]] = defaultdict(dict)
    for loan_id, debit, credit, amount in posted.fetchall():
        sums[loan_id][debit, credit] = int(amount)
    paid = {(row[0], row[1]): tuple(int(part) for part in row[2:]) for row in allocated.fetchall()}
    for row in loans.fetchall():
        loan_id = row[0]
        _verify_loan(proofs, row, events[loan_id], instalments[loan_id], on)
        _verify_postings(row, sums[loan_id], proofs.posted)
        _verify_cash(row, events[loan_id], sums[loan_id], proofs.posted)
        _verify_allocations(row, instalments[loan_id], paid, proofs.allocated)
    return proofs


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
        level, now, since = levels.get(key, Level()), folded.get(key, Folded()), waiting.get(key, Waiting())
        right = now.by.minor(on) if on is not None else 0
        if (level.line, level.lost) != (now.by, now.lost) or right != level.minor or held.get(key, 0) != right + since.entered:
            by_ledger.differ(**_named(key), on=str(on), stored=held.get(key, 0), computed=right + since.entered)
        if since.out_by is None:
            continue  # the next night puts right what was entered while the first one was at work
        at_once.compared += 1
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


def _verify_allocations(
    row: Sequence[Any], stored: list[Instalment], paid: Mapping[tuple[int, int], tuple[int, ...]], check: Check
) -> None:
    """What is paid on each instalment must be the sum of what the events laid on it."""
    check.compared += len(stored)
    for each in stored:
        parts = (each.principal_paid, each.interest_paid, each.fee_paid, each.penalty_paid)
        if paid.get((row[0], each.n), _NOTHING) != parts:
            check.differ(loan=row[1], instalment=each.n, stored=parts, computed=paid.get((row[0], each.n)))


def _add_lines(proofs: LoanProofs, row: Sequence[Any], state: State, accrued: Slope, on: date | None) -> None:
    """Add what the loan accrues, by the closed form, and what stood of it at the last night, to its branch, product and currency."""
    branch, product, currency = row[-3:]
    stood = standing(state, accrued, on)
    parts: tuple[tuple[Kind, Slope, int], ...] = (
        ("accrued", accrued, stood),
        ("suspended", suspended(state.totals, accrued, row[-4]), in_doubt(state.totals, stood, row[-4])),
    )
    for kind, line, stand in parts:
        if line != FLAT:
            key = (branch, product, currency, kind)
            proofs.lines[key] = proofs.lines.get(key, FLAT) + line
            proofs.stands[key] = proofs.stands.get(key, 0) + stand


def _verify_loan(proofs: LoanProofs, row: Sequence[Any], events: list[Event], stored: list[Instalment], on: date | None) -> None:
    """The loan's rows must be what its terms and events fold to."""
    check = proofs.folded
    check.compared += 1
    try:
        state = fold(terms_read(row[3]), events)
    except (HoldfastError, KeyError, ValueError) as error:
        check.differ(loan=row[1], field="events", stored="", computed=f"cannot be folded: {error}")
        return
    next_due = state.next_due
    floor, until = watched(events)
    accrued = accruing(state)
    computed = (
        state.principal_out, state.oldest_unpaid_due_on, next_due[0], next_due[1], len(events),
        max((event.on for event in events), default=None), state.through, state.paid_off_on, state.written_off_on, floor, until,
        state.penalised_through, pauses_text(state.pauses), charges_text(state.charges), agreed_text(state),
        *[getattr(state.totals, name) for name in PAIRS], state.totals.forgiven, accrued.daily, accrued.constant,
    )  # fmt: skip
    found = (row[2], *row[4:-4])
    if found != computed:
        for name, was, value in zip(_COMPARED, found, computed, strict=True):
            if was != value:
                check.differ(loan=row[1], field=name, stored=_plain(was), computed=_plain(value))
    if [event.event_no for event in events] != list(range(1, len(events) + 1)):
        check.differ(loan=row[1], field="event_no", stored=[event.event_no for event in events][:20], computed="1, 2, 3 without a gap")
    if state.terms.payout_joins is not PayoutJoins.LATER:
        stored = sorted(stored, key=by_number)
    if state.instalments != stored:
        check.differ(loan=row[1], field="instalments", stored=_first_unequal(stored, state), computed="the schedule that the events give")
    _add_lines(proofs, row, state, accrued, on)


def _verify_postings(row: Sequence[Any], sums: dict[tuple[str, str], int], check: Check) -> None:
    """Each account of the loan's sub-ledger must stand where the totals say: debits less credits."""
    check.compared += 1
    totals = row[18 : 18 + len(PAIRS)]
    if sums == {pair: amount for pair, amount in zip(_PAIR_NAMES, totals, strict=True) if amount}:
        return  # each total by its own pair of accounts: what most loans have
    posted: dict[str, int] = {}
    for (debit, credit), amount in sums.items():
        # The totals tell how much money came and went; `_verify_cash` tells how much of it was cash.
        for account, side in ((debit, amount), (credit, -amount)):
            account = Account.BANK.value if account == Account.CASH else account
            posted[account] = posted.get(account, 0) + side
    stored: dict[str, int] = {}
    for (debit_account, credit_account), amount in zip(PAIRS.values(), totals, strict=True):
        stored[debit_account.value] = stored.get(debit_account.value, 0) + amount
        stored[credit_account.value] = stored.get(credit_account.value, 0) - amount
    for account in sorted(stored.keys() | posted.keys()):
        if stored.get(account, 0) != posted.get(account, 0):
            check.differ(loan=row[1], account=account, stored=stored.get(account, 0), posted=posted.get(account, 0))


def _verify_cash(row: Sequence[Any], events: list[Event], sums: dict[tuple[str, str], int], check: Check) -> None:
    """The cash of the loan's sub-ledger must be what came into drawers and was not taken back."""
    cash = Account.CASH.value
    stored = sum(amount * ((debit == cash) - (credit == cash)) for (debit, credit), amount in sums.items())
    if not stored and not any(str(each.payload.get("source", "")).startswith(DRAWER) for each in events):
        return
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
