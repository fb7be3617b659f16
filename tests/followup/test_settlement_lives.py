"""Random lives with a settlement: kept, broken, paid off, bounced; told again by a small auditor that shares no rule with the book."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.kernel.rate import Per, Rate
from holdfast.loans import loan_id_of
from holdfast.servicing import Done, owed, read_history, read_loans
from holdfast.servicing.fold import Event, begin, fold, step
from holdfast.servicing.payoff import payoff
from holdfast.servicing.settling import outlook, rest_of
from tests.books import round_terms
from tests.followup.settling import WEEKLY, House
from tests.servicing.house import DAY

LENT: Final = 120_000
GRACE: Final = 1


@dataclass
class Auditor:
    """What a clerk with a pencil knows: what was agreed, each receipt with its day, and whether the bank took it back."""

    parts: list[tuple[date, int]] = field(default_factory=list)
    receipts: list[list[Any]] = field(default_factory=list)  # day, minor units, since the agreement, still there
    state: str = "running"

    def all_in(self) -> int:
        return sum(minor for _on, minor, _since, there in self.receipts if there)

    def satisfied(self) -> bool:
        return all(self._by(day) >= asked for day, asked in self._sums())

    def missed(self, at_end_of: date) -> bool:
        return any(at_end_of >= day and self._by(day) < asked for day, asked in self._sums())

    def _sums(self) -> list[tuple[date, int]]:
        days = [day + timedelta(days=GRACE) for day, _minor in self.parts]
        return [(day, sum(minor for _day, minor in self.parts[: n + 1])) for n, day in enumerate(days)]

    def _by(self, day: date) -> int:
        return sum(minor for on, minor, since, there in self.receipts if since and there and on <= day)


def ledger(house: House, account: str) -> int:
    row = house.db.execute(
        """SELECT coalesce(sum(CASE WHEN debit_account = %(name)s THEN amount ELSE 0 END), 0)
                - coalesce(sum(CASE WHEN credit_account = %(name)s THEN amount ELSE 0 END), 0) FROM gl_entry""",
        {"name": account},
    ).fetchone()
    assert row is not None
    return int(row[0])


def without_settlement(house: House, loan: str) -> int:
    """What the same loan would owe today if nobody had ever settled it."""
    held = read_loans(house.db, [loan_id_of(house.db, loan)], lock=False)[0]
    events = read_history(house.db, [held.loan.loan_id])[held.loan.loan_id]
    forgiven = {event.event_no for event in events if event.kind == "forgiven"}
    plain = [each for each in events if each.event_no not in forgiven and each.payload.get("event_no") not in forgiven]
    return payoff(fold(held.state.terms, plain), max(house.day, held.account.last_event_on))


moves = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.sampled_from([1, 10_000, 30_000, 50_000, 70_000, 100_000])),
        st.tuples(st.just("bounce"), st.integers(0, 3)),
        st.tuples(st.just("sleep"), st.integers(1, 4)),
        st.tuples(st.just("pay_all"), st.just(0)),
    ),
    min_size=2,
    max_size=7,
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.sampled_from([((3, 100_000),), ((2, 50_000), (6, 50_000)), ((1, 30_000), (2, 30_000), (4, 45_000))]), acts=moves)
def test_whatever_comes_in_or_bounces_the_book_and_a_clerk_with_a_pencil_agree_to_the_fen(
    db: psycopg.Connection[Any], parts: tuple[tuple[int, int], ...], acts: list[tuple[str, int]]
) -> None:
    with db.transaction(force_rollback=True):
        house = House(db, DAY).open()
        loan = house.late()
        house.running(loan, *((days, minor / 100) for days, minor in parts))
        clerk = Auditor([(house.day + timedelta(days=days), minor) for days, minor in parts])
        done: list[Done] = []
        bounced_on: date | None = None
        for what, figure in acts:
            if what == "sleep":
                for _ in range(figure):
                    if clerk.state == "running" and clerk.missed(house.day):
                        clerk.state = "broken"
                    house.nights(1)
            elif what == "bounce" and done:
                number = figure % len(done)
                if not clerk.receipts[number][3] or bounced_on == house.day:
                    continue
                bounced_on = house.day
                house.take_back(done[number])
                clerk.receipts[number][3] = False
                if clerk.state == "kept" and not clerk.satisfied():
                    clerk.state = "running"
            elif what in ("pay", "pay_all"):
                minor = figure or max(owed(db, loan=loan, on=house.day).minor, 1)
                done.append(house.settle(loan, minor / 100))
                clerk.receipts.append([house.day, minor, True, True])
                if clerk.state == "running" and clerk.satisfied():
                    clerk.state = "kept"
            agree(house, loan, clerk)
        house.clean()


def agree(house: House, loan: str, clerk: Auditor) -> None:
    assert str(house.now(loan)) == clerk.state, (house.now(loan), clerk)
    assert ledger(house, "bank") == clerk.all_in() - LENT  # money that came in stays what it was
    debt, plain = owed(house.db, loan=loan, on=house.day).minor, without_settlement(house, loan)
    if clerk.state == "kept":
        assert debt == 0 and house.loan_state(loan) == "releasing"
        assert ledger(house, "principal_receivable") == ledger(house, "interest_receivable") == 0
        lost = LENT - clerk.all_in() - ledger(house, "borrower_credit")
        assert ledger(house, "goodwill_expense") + ledger(house, "interest_income") == lost
    else:
        assert debt == plain and ledger(house, "goodwill_expense") == 0


@given(
    principal=st.integers(3, 10**9),
    rate=st.integers(0, 360),
    paid=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10**9)), max_size=5),
    until=st.integers(0, 40),
)
def test_a_debt_that_is_forgiven_ends_with_what_came_in_and_nothing_is_made_or_lost(
    principal: int, rate: int, paid: list[tuple[int, int]], until: int
) -> None:
    terms = round_terms(DAY, **WEEKLY, principal=principal, rate=Rate(rate * 1_000_000, Per.YEAR))
    state = step(begin(terms), Event(1, "disbursed", DAY, DAY, {"amount": principal}))
    number = 1
    for days, amount in sorted(paid):
        on = DAY + timedelta(days=min(days, until))
        if payoff(state, on) <= amount or state.closed:
            continue
        number += 1
        step(state, Event(number, "receipt", on, on, {"amount": amount}))
    on = DAY + timedelta(days=until)
    before, came = rest_of(state, on), sum(part.amount for part in state.allocations) + state.totals.overpaid
    step(state, Event(number + 1, "forgiven", on, on, {"settlement": "se_x", "reason": "kept"}))
    totals = state.totals
    assert state.paid_off_on == on and state.principal_out == 0 and payoff(state, on) == 0
    assert totals.interest_earned == totals.interest_paid and totals.fee_charged == totals.fee_paid
    # What came in and what the lender gave is principal, interest and what goes back: to the fen.
    assert came + totals.goodwill == totals.principal_paid + totals.interest_paid + totals.overpaid
    assert totals.goodwill == max(before.principal, 0)
    assert all(not row.unpaid for row in state.instalments)


@given(amounts=st.lists(st.integers(1, 60_000), min_size=1, max_size=4), sooner=st.integers(0, 5))
def test_paid_sooner_than_on_the_last_day_never_leaves_more_principal_to_forgive(amounts: list[int], sooner: int) -> None:
    terms = round_terms(DAY, **WEEKLY)
    state = step(begin(terms), Event(1, "disbursed", DAY, DAY, {"amount": LENT}))
    first = DAY + timedelta(days=10)
    late = [(first + timedelta(days=6 * n + 6), minor) for n, minor in enumerate(amounts)]
    early = [(day - timedelta(days=sooner), minor) for day, minor in late]
    then = outlook(state, today=first, last_event_no=1, payments=late).left
    now = outlook(state, today=first, last_event_no=1, payments=early).left
    assert now.principal <= then.principal and now.total <= then.total
