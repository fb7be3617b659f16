"""Whole lives under chance: whatever borrowers do, a book whose people do their duties on the day is clean on every day.

The verbs make the duties; the auditor works them out a second time. A life in which the two differ is a
defect in one of them.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from random import Random

import pytest

from holdfast.duties.period import Coverage, cover
from holdfast.kernel.errors import Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.rate import Per, Rate
from holdfast.products import Method, Terms
from holdfast.servicing import Kind, Rearrangement, rearrange, receive, refund, reverse, write_off
from holdfast.servicing.night import run_night
from holdfast.servicing.verify import verify_books
from holdfast.wiring import EXPECTATIONS
from tests.duties.books import CALLER, Book

SCHEDULES = ((Method.EQUAL_INSTALMENT, 6), (Method.EQUAL_PRINCIPAL, 4), (Method.INTEREST_FIRST, 3), (Method.SINGLE_PERIOD, 1))


class Life:
    """A handful of loans lived day by day. Chance decides what borrowers do; the lender's people do all that is due."""

    def __init__(self, book: Book, seed: int) -> None:
        self.book = book
        self.chance = Random(seed)
        self.stated: dict[date, Coverage] = {}

    def begin(self) -> None:
        for method, instalments in SCHEDULES:
            every = self.chance.choice((("months", 1), ("weeks", 2), ("days", 10), ("weeks", 1)))
            terms = Terms.from_json(
                Terms("CNY", 120_000, method, Rate(120_000_000, Per.YEAR), instalments, self.book.day).to_json()
                | {"every_unit": every[0], "every_count": every[1]}
            )
            self.book.lend(terms)

    def day(self) -> None:
        """Morning: borrowers act, and people do what is due. Evening: the night."""
        for loan_id, loan, state in self._loans():
            if state in ("active", "releasing", "written_off") and self.chance.random() < 0.06:
                self._borrower(loan_id, loan)
        self._duties()
        for loan_id, loan, state in self._loans():
            if state in ("active", "releasing") and self.chance.random() < 0.02:
                self._borrower(loan_id, loan)
        self._duties()
        self._clean("after the day's work")
        run_night(self.book.db, clock=self.book.clock, on=self.book.day)
        self.book.day += timedelta(days=1)
        self._clean("on the next morning")
        if self.book.day.day % 5 == 0:
            self._covered(self.book.day - timedelta(days=1))

    def _covered(self, day: date) -> None:
        """What the day that is over asked for was done on it."""
        found = self.stated[day] = cover(self.book.db, day, EXPECTATIONS)
        assert found.proved == found.due, f"{day}: {found}"

    def look_back(self) -> None:
        """Whatever was entered, backdated, taken back and done since: the days that were stated are what they were."""
        for day, stated in self.stated.items():
            assert cover(self.book.db, day, EXPECTATIONS) == stated

    def _loans(self) -> list[tuple[int, str, str]]:
        return self.book.db.execute("SELECT loan_id, public_id, state FROM loan ORDER BY loan_id").fetchall()

    def _borrower(self, loan_id: int, loan: str) -> None:
        book, what = self.book, self.chance.random()
        state = {row[1]: row[2] for row in self._loans()}[loan]
        if what < 0.1 and state == "active":
            write_off(book.db, clock=book.clock, by=CALLER, loan=loan, reason="示例")
        elif what < 0.2 and state == "active":
            with suppress(Refusal):  # too short to help, or nothing left to move
                months = self.chance.choice((1, 2))
                rearrange(book.db, clock=book.clock, by=CALLER, loan=loan, change=Rearrangement(Kind.DEFER, months=months))
        elif what < 0.35:
            standing = book.db.execute(
                "SELECT event_no FROM loan_event e WHERE loan_id = %s AND kind IN ('receipt', 'deferred') AND NOT EXISTS"
                " (SELECT 1 FROM loan_event r WHERE r.loan_id = e.loan_id AND r.kind = 'reversal'"
                " AND (r.payload::json ->> 'event_no')::int = e.event_no)",
                [loan_id],
            ).fetchall()
            if standing and state != "written_off":
                reverse(book.db, clock=book.clock, by=CALLER, loan=loan, event_no=self.chance.choice(standing)[0], reason="示例")
        else:
            amount = self.chance.choice((5_000, 20_000, 31_000, 60_000, 130_000))
            back = self.chance.choice((0, 0, 0, 3, 12))
            began_on = book.one("SELECT min(on_date) FROM loan_event WHERE loan_id = %s", loan_id)[0]
            received_on = max(book.day - timedelta(days=back), began_on)
            receive(book.db, clock=book.clock, by=CALLER, loan=loan, amount=Money(amount, "CNY"), received_on=received_on)

    def _duties(self) -> None:
        """Do all that is due today, and now and then what may be done early."""
        book = self.book
        while due := book.db.execute(
            "SELECT l.public_id, d.duty_no, d.kind, d.loan_id FROM duty d JOIN loan l USING (loan_id)"
            " WHERE d.open AND (d.due_on <= %s OR (d.kind LIKE '%%cert%%' AND d.window_from::date <= %s AND %s))"
            " ORDER BY d.due_at, d.loan_id LIMIT 1",
            [book.day, book.day, self.chance.random() < 0.3],
        ).fetchone():
            loan, duty_no, kind, loan_id = due
            if kind == "refund":
                owed = book.one("SELECT overpaid - refunded FROM account WHERE loan_id = %s", loan_id)[0]
                refund(book.db, clock=book.clock, by=CALLER, loan=loan, amount=Money(owed, "CNY"))
            else:
                book.do(loan, kind, duty_no)

    def _clean(self, when: str) -> None:
        outcome = self.book.audit(self.book.day.isoformat())
        assert outcome.clean, f"{self.book.day} {when}: {outcome.as_json()}"
        self.book.db.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.book.db.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.parametrize("seed", range(4))
def test_a_book_whose_people_do_their_duties_on_the_day_is_clean_every_day(book: Book, seed: int) -> None:
    _live(book, seed, days=100)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4, 200))
def test_many_books_whose_people_do_their_duties_on_the_day_are_clean_every_day(book: Book, seed: int) -> None:
    _live(book, seed, days=200)


def _live(book: Book, seed: int, *, days: int) -> None:
    life = Life(book, seed)
    life.begin()
    for _ in range(days):
        life.day()
    life.look_back()
    assert all(check.ok for check in verify_books(book.db))
