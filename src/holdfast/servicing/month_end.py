"""The month's end: the one pass over the book, loan by loan, and the provision that its classes ask for.

A snapshot shows the book as it was known at the end of the month's last day, whenever it is taken: what was entered later
is folded away. Its lines never change; one record in the journal holds the root over them, so that a single line can be proved.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

import psycopg

from holdfast.journal import Actor, next_chain_id, write_record
from holdfast.journal.records import leaf_hash
from holdfast.journal.tree import root_of
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock, FixedClock, instant_on
from holdfast.kernel.errors import BadInput, NotFound
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import decimal_of
from holdfast.kernel.rounding import Rounding, divide
from holdfast.ledger import PARTS, Account, Line, Slope, nearest, post_house
from holdfast.policy import Lender, lender, pack_in_force
from holdfast.servicing import month_end_store as store
from holdfast.servicing.arrears import CLASSES, days_past_due, five_tier, floor_on
from holdfast.servicing.books import accruing
from holdfast.servicing.fold import fold
from holdfast.servicing.impairment import PROVISION_PERCENT, doubt_of
from holdfast.servicing.rearranging import watched
from holdfast.servicing.store import history, pauses_of, terms_of

Db = psycopg.Connection[Any]

COLUMNS: Final = tuple(name for name in store.SNAPSHOT_COLUMNS if name not in ("loan_id", "snapshot_id"))


@dataclass(frozen=True, slots=True)
class LoanAtMonthEnd:
    """One loan on the last day of a month; amounts in minor units, to the nearest.

    `interest_due` is billed and unpaid, `accrued` is earned and not yet due, `suspended` is what of both is kept off income.
    """

    loan_id: int
    public_id: str
    branch_id: int
    product_code: str
    currency: str
    state: str
    principal: int
    interest_due: int
    accrued: int
    suspended: int
    days_late: int
    loan_class: str
    provision: int

    @property
    def row(self) -> tuple[Any, ...]:
        """As the table holds it, without the snapshot's number."""
        return (
            self.loan_id, self.public_id, self.branch_id, self.product_code, self.currency, self.state, self.principal, self.interest_due,
            self.accrued, self.suspended, self.days_late, self.loan_class, self.provision,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """A snapshot: its month's last day, how many loans, the root over its lines, and its sums by currency and class."""

    public_id: str
    snapshot_id: int
    on: date
    loans: int
    root: str
    taken_at: datetime
    sums: tuple[tuple[str, str, int, int, int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Rules:
    """What the pack in force at the month's end says of classes, doubt and provision."""

    floors: Mapping[str, int]
    percent: Mapping[str, int]
    doubtful: frozenset[str]


def month_end_of(text: str) -> date:
    """The last day of a month written `2026-11`; BadInput otherwise."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise BadInput(f"month: write it as 2026-11, not {text!r}", field="month") from None
    return date.fromordinal(date(first.year + first.month // 12, first.month % 12 + 1, 1).toordinal() - 1)


def provision_for(principal: int, percent: int) -> int:
    """What is set aside for a loan: that share of the principal owed, a half rounded up."""
    return divide(principal * percent, 100, Rounding.HALF_UP)


def book_at(db: Db, on: date) -> Iterator[LoanAtMonthEnd]:
    """Every loan with a claim at the end of a day, in order: as it was known then, whatever was entered since."""
    known = lender(db)
    rules = _rules(db, known, on)
    for chunk in store.loans(db, on):
        for row in chunk:
            line = _as_known_then(db, row, rules, on) if row[17] else _as_kept(row, rules, on)
            if line is not None:
                yield line


def take_snapshot(db: Db, *, clock: Clock, by: Actor, on: date) -> MonthEnd:
    """Keep the book as it was at the end of `on`, post the change of the provision, and record the root over all lines."""
    lines = list(book_at(db, on))
    public_id, chain_id = new_id("me"), next_chain_id(db)
    root = root_of(leaf_hash(leaf_of(line.row)) for line in lines).hex()
    number = store.insert_snapshot(
        db, public_id=public_id, chain_id=chain_id, on=on, at=clock.now(), rows=[line.row for line in lines], root=root
    )
    _provide(db, lines, public_id=public_id, on=on, at=clock.now())
    taken = snapshot(db, public_id)
    says = {"month_ends": on.isoformat(), "loans": len(lines), "root": root, "sums": [list(each) for each in taken.sums]}
    write_record(db, clock=clock, by=by, chain_id=chain_id, chain=public_id, kind="month_end.taken", says=says)
    assert number == taken.snapshot_id
    return taken


def leaf_of(row: Any) -> bytes:
    """The canonical bytes of one line: what its leaf in the tree is the hash of."""
    return canonical.encode(dict(zip(("loan_id", *COLUMNS), row, strict=True)))


def snapshot(db: Db, public_id: str) -> MonthEnd:
    """A snapshot with its sums; NotFound otherwise."""
    found = store.snapshots(db, public_id)
    if not found:
        raise NotFound(f"there is no snapshot {public_id}", code="no_snapshot", field="snapshot")
    return _told(db, found[0])


def snapshots(db: Db) -> list[MonthEnd]:
    """All snapshots, newest first."""
    return [_told(db, row) for row in store.snapshots(db)]


def lines_of(db: Db, taken: MonthEnd, *, after: int = -1, limit: int = store.CHUNK) -> list[LoanAtMonthEnd]:
    """Lines of a snapshot in order of loan, after the loan of that number."""
    return [LoanAtMonthEnd(*row) for row in store.snapshot_rows(db, taken.snapshot_id, after=after, limit=limit)]


def root_now(db: Db, taken: MonthEnd) -> str:
    """The root over the snapshot's lines as they stand in the database: the record's own, unless one was changed."""

    def leaves() -> Iterator[bytes]:
        after = -1
        while rows := store.snapshot_rows(db, taken.snapshot_id, after=after):
            yield from (leaf_hash(leaf_of(row)) for row in rows)
            after = rows[-1][0]

    return root_of(leaves()).hex()


def recorded_root(db: Db, taken: MonthEnd) -> str | None:
    """The root that the journal's record of the snapshot holds."""
    return store.recorded_root(db, taken.snapshot_id)


def snapshot_csv(db: Db, taken: MonthEnd) -> Iterator[str]:
    """The snapshot's lines as CSV, amounts in major units."""
    yield ",".join(COLUMNS) + "\r\n"
    after = -1
    while rows := store.snapshot_rows(db, taken.snapshot_id, after=after):
        for row in rows:
            told = dict(zip(("loan_id", *COLUMNS), row, strict=True))
            money = {name: decimal_of(told[name], told["currency"]) for name in _MONEY}
            line = io.StringIO()
            csv.writer(line).writerow([{**told, **money}[name] for name in COLUMNS])
            yield line.getvalue()
        after = rows[-1][0]


_MONEY: Final = ("principal", "interest_due", "accrued", "suspended", "provision")


def _rules(db: Db, known: Lender, on: date) -> _Rules:
    pack = pack_in_force(db, FixedClock(instant_on(on, time(12), known.zone), known.zone))
    doubt = doubt_of(pack, known, on)
    percent = pack.table(PROVISION_PERCENT, on=on, lender_type=known.lender_type)
    floors = pack.table("classification.floors", on=on, lender_type=known.lender_type)
    return _Rules(floors, percent, frozenset(doubt.classes if doubt else ()))


def _as_kept(row: Any, rules: _Rules, on: date) -> LoanAtMonthEnd | None:
    """The line of a loan on which nothing was entered since: its own row tells."""
    if row[14] is not None or row[15] is not None:
        return None
    line = Slope(int(row[8]), int(row[9]))
    late = days_past_due(row[10], on, pauses_of(row[13]))
    loan_class = five_tier(late, rules.floors, floor_on(row[11], row[12], on))
    return _line(row, rules, principal=row[6], due=row[7], accrued=line.at(on), late=late, loan_class=loan_class)


def _as_known_then(db: Db, row: Any, rules: _Rules, on: date) -> LoanAtMonthEnd | None:
    """The line of a loan that has moved since: its events of that time are folded again."""
    events = [event for event in history(db, [row[0]])[row[0]] if event.entered_on <= on]
    if not events:
        return None
    state = fold(terms_of(db, row[0]), events)
    if state.closed:
        return None
    floor, until = watched(events)
    late = days_past_due(state.oldest_unpaid_due_on, on, state.pauses)
    totals = state.totals
    return _line(
        (*row[:5], "active"), rules, principal=state.principal_out,
        due=totals.interest_earned - totals.interest_paid - totals.interest_written_off, accrued=accruing(state).at(on), late=late,
        loan_class=five_tier(late, rules.floors, floor_on(floor, until, on)),
    )  # fmt: skip


def _line(row: Any, rules: _Rules, *, principal: int, due: int, accrued: int, late: int, loan_class: str) -> LoanAtMonthEnd:
    doubted = loan_class in rules.doubtful
    loan_id, public_id, branch_id, product, currency, state, *_ = row
    return LoanAtMonthEnd(
        loan_id, public_id, branch_id, product, currency, state, principal=principal, interest_due=due, accrued=nearest(accrued),
        suspended=nearest(accrued + due * PARTS) if doubted else 0, days_late=late, loan_class=loan_class,
        provision=provision_for(principal, rules.percent.get(loan_class, 0)),
    )  # fmt: skip


def _provide(db: Db, lines: list[LoanAtMonthEnd], *, public_id: str, on: date, at: datetime) -> None:
    """Bring the provision of each branch and product to what its loans ask for; what is no longer needed goes back."""
    wanted: dict[tuple[int, str, str], int] = defaultdict(int)
    for line in lines:
        wanted[line.branch_id, line.product_code, line.currency] += line.provision
    held = {key: -amount for key, amount in store.balances(db, Account.PROVISION, on).items()}
    for key in sorted(wanted.keys() | held.keys()):
        more = wanted.get(key, 0) - held.get(key, 0)
        if more:
            accounts = (Account.PROVISION_EXPENSE, Account.PROVISION) if more > 0 else (Account.PROVISION, Account.PROVISION_EXPENSE)
            post_house(
                db, about=public_id, branch_id=key[0], product=key[1], lines=[Line(*accounts, abs(more))], currency=key[2], on=on, at=at,
                source=f"{public_id} provision {on}",
            )  # fmt: skip


def _told(db: Db, row: Any) -> MonthEnd:
    number, public_id, _, on, loans, root, taken_at = row
    sums = sorted(store.snapshot_sums(db, number), key=lambda each: (each[0], CLASSES.index(each[1])))
    return MonthEnd(public_id, number, on, loans, root, taken_at, tuple(sums))
