"""Every figure of the stories, computed a second time the way a clerk would on paper, held against book, papers and ledger.

The agreed plan is 1.2 % a month, equal instalments, interest for whole months of what is owed and by the day where a month
is broken off. None of the book's own arithmetic is called here.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from holdfast import files
from holdfast.database.connection import transaction
from holdfast.journal import read_chain
from holdfast.ledger import post_accrual
from holdfast.parties import box_of, party_by_id
from holdfast.policy import clock
from holdfast.stories import play

MONTHLY: Final = Decimal("0.012")
FROM, DUE = date(2026, 8, 3), (date(2026, 9, 3), date(2026, 10, 3), date(2026, 11, 3))


def fen(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def plan(principal: int) -> list[tuple[int, int]]:
    """Principal and interest of each of three instalments, in fen."""
    growth = (1 + MONTHLY) ** 3
    instalment = fen(Decimal(principal) * MONTHLY * growth / (growth - 1))
    rows, left = [], principal
    for n in range(3):
        interest = fen(Decimal(left) * MONTHLY)
        part = left if n == 2 else instalment - interest
        rows.append((part, interest))
        left -= part
    return rows


def yearly(principal: int, rows: list[tuple[int, int]]) -> Decimal:
    """The effective annual rate by actual days over 365, found by halving the interval."""
    low, high = Decimal(0), Decimal(1)
    for _ in range(60):
        rate = (low + high) / 2
        worth = sum(
            Decimal(part + interest) / (1 + rate) ** (Decimal((due - FROM).days) / 365)
            for (part, interest), due in zip(rows, DUE, strict=True)
        )
        low, high = (rate, high) if worth > principal else (low, rate)
    return low


def yuan(minor: int) -> str:
    return f"{Decimal(minor) / 100:,.2f}"


class Played:
    """A story that was played in a book of its own, with its papers as text."""

    def __init__(self, name: str, folder: Path) -> None:
        self.told = play(name)
        with transaction() as db:
            row = db.execute("SELECT loan_id, party_id FROM loan WHERE public_id = %s", [self.told.loan]).fetchone()
            assert row is not None
            self.loan_id = row[0]
            self.events = [
                (kind, on, minor)
                for kind, on, minor in db.execute(
                    "SELECT kind, on_date, (payload::jsonb ->> 'amount')::bigint FROM loan_event WHERE loan_id = %s ORDER BY event_no",
                    [row[0]],
                ).fetchall()
            ]
            self.rows = db.execute(
                "SELECT principal, interest, fee, penalty FROM instalment WHERE loan_id = %s ORDER BY n", [row[0]]
            ).fetchall()
            self.says = [(record.kind, record.says()) for record in read_chain(db, row[0])]
            # What has accrued is brought to where the last act left it by the night; the story may end before it.
            post_accrual(db, on=clock(db).today(), at=clock(db).now(), booked_on=clock(db).today())
            # The lender's money: what was taken at the counter is on hand until somebody pays it in.
            self.balance: Counter[str] = Counter()
            for account, amount in db.execute(
                """SELECT CASE account WHEN 'cash' THEN 'bank' ELSE account END AS account, sum(amount)
                     FROM (SELECT debit_account AS account, amount FROM gl_entry
                           UNION ALL SELECT credit_account, -amount FROM gl_entry) side GROUP BY 1 HAVING sum(amount) <> 0"""
            ).fetchall():
                self.balance[account] = int(amount)
            self.papers = self._papers(db, row[1], folder)

    def _papers(self, db: Any, party_id: int, folder: Path) -> Mapping[str, str]:
        box, found = box_of(db, party_by_id(db, party_id)), {}
        for public_id, purpose, name in db.execute(
            "SELECT f.public_id, l.purpose, f.name FROM file f JOIN file_link l USING (file_id) WHERE l.loan_id = %s ORDER BY f.file_id",
            [self.loan_id],
        ).fetchall():
            if name.endswith(".pdf"):
                kept = folder / f"{public_id}.pdf"
                kept.write_bytes(files.read(files.get(db, public_id), box=box))
                done = subprocess.run(["pdftotext", "-layout", str(kept), "-"], capture_output=True, text=True, check=True)
                found[purpose] = done.stdout
        return found

    def last(self, kind: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = next(says for name, says in reversed(self.says) if name == kind)
        return found

    def came_in(self) -> list[tuple[date, int]]:
        return [(on, minor) for kind, on, minor in self.events if kind == "receipt"]

    def went_back(self) -> int:
        return sum(minor for kind, _, minor in self.events if kind == "refund")

    def holds_nothing(self) -> None:
        """No claim, no borrower's money and no money of nobody is left; what was earned or lost is what the bank has moved by."""
        for account in (
            "principal_receivable",
            "interest_receivable",
            "fee_receivable",
            "penalty_receivable",
            "borrower_credit",
            "suspense",
        ):
            assert self.balance.get(account, 0) == 0, account


def test_paid_on_time_costs_what_the_statement_said(committed_db: psycopg.Connection[Any], tmp_path: Path) -> None:
    it, rows = Played("paid-on-time", tmp_path), plan(200_000)
    assert it.rows == [(part, interest, 0, 0) for part, interest in rows]
    assert it.came_in() == [(due, part + interest) for (part, interest), due in zip(rows, DUE, strict=True)]
    interest = sum(each for _, each in rows)
    assert interest == 4_820
    for kind in ("contract cost_statement, sealed", "contract agreement, sealed"):
        told = it.papers[kind]
        assert yuan(200_000 + interest) in told and yuan(interest) in told
        assert f"{(yearly(200_000, rows) * 100).quantize(Decimal('0.01'), ROUND_HALF_UP)}%" in told
    for (part, each), due in zip(rows, DUE, strict=True):
        line = next(
            line for line in it.papers["contract agreement, sealed"].splitlines() if f"{due.year} 年 {due.month} 月 {due.day} 日  " in line
        )
        assert [yuan(part + each), yuan(part), yuan(each)] == line.split()[-5:-2]
    assert {"2,048.20", "2,000.00", "48.20"} <= set(it.papers["settlement_certificate"].split())
    it.holds_nothing()
    assert (it.balance["bank"], it.balance["interest_income"]) == (interest, -interest)


def test_paid_early_costs_the_days_that_went_by(committed_db: psycopg.Connection[Any], tmp_path: Path) -> None:
    it = Played("early", tmp_path)
    ((on, paid),) = it.came_in()
    interest = fen(Decimal(2_400) * (on - FROM).days / (DUE[0] - FROM).days)
    assert ((on - FROM).days, interest, paid) == (20, 1_548, 201_548)
    assert {"2,015.48", "15.48"} <= set(it.papers["settlement_certificate"].split())
    it.holds_nothing()
    assert it.balance["bank"] == interest


def test_late_and_cured_costs_no_more_than_on_time(committed_db: psycopg.Connection[Any], tmp_path: Path) -> None:
    it, rows = Played("overdue-cured", tmp_path), plan(200_000)
    assert [paid for _, paid in it.came_in()] == [part + interest for part, interest in rows]
    assert (it.came_in()[0][0] - DUE[0]).days == 9
    it.holds_nothing()
    assert it.balance["bank"] == 4_820


def test_a_month_more_costs_a_month_of_what_is_owed(committed_db: psycopg.Connection[Any], tmp_path: Path) -> None:
    it, rows = Played("deferred", tmp_path), plan(200_000)
    extra = fen(Decimal(rows[1][0] + rows[2][0]) * MONTHLY)
    assert extra == 1_610 == it.last("restructuring.asked")["extra_cost"]["minor"]
    assert it.came_in() == [
        (DUE[0], sum(rows[0])), (date(2026, 11, 3), sum(rows[1]) + extra), (date(2026, 12, 3), sum(rows[2])),
    ]  # fmt: skip
    assert {"2,064.30", "64.30"} <= set(it.papers["settlement_certificate"].split())
    it.holds_nothing()
    assert it.balance["bank"] == 4_820 + extra


def test_withdrawing_costs_nothing(committed_db: psycopg.Connection[Any], tmp_path: Path) -> None:
    it = Played("withdrawn-cooling-off", tmp_path)
    assert [paid for _, paid in it.came_in()] == [200_000]
    it.holds_nothing()
    assert it.balance["bank"] == 0 and "interest_income" not in it.balance


def test_a_sale_pays_the_debt_and_the_rest_goes_back(committed_db: psycopg.Connection[Any], tmp_path: Path) -> None:
    it, rows = Played("default-disposed", tmp_path), plan(150_000)
    sold_on, net = it.came_in()[0]
    interest = rows[0][1] + rows[1][1] + fen(Decimal(rows[2][1]) * (sold_on - DUE[1]).days / (DUE[2] - DUE[1]).days)
    surplus = 420_000 - 12_000 - 150_000 - interest
    assert (net, interest, surplus) == (408_000, 3_301, 254_699)
    accounted = it.last("disposal.accounted")
    assert {part: money["minor"] for part, money in accounted["paid"].items() if money["minor"]} == {
        "principal": 150_000,
        "interest": interest,
    }
    assert (accounted["surplus"]["minor"], accounted["deficit"]["minor"], it.went_back()) == (surplus, 0, surplus)
    statement = next(text for purpose, text in it.papers.items() if "statement" in purpose and "contract" not in purpose)
    for figure in (420_000, 12_000, net, 150_000, interest, surplus):
        assert yuan(figure) in statement
    it.holds_nothing()
    assert it.balance["bank"] == interest


def test_a_lost_thing_is_paid_for_out_of_our_own_money(committed_db: psycopg.Connection[Any], tmp_path: Path) -> None:
    """Its value is 5,000.00: the debt of ten days is paid from it, the rest goes to the borrower."""
    it = Played("lost-compensated", tmp_path)
    ((on, worth),) = it.came_in()
    interest = fen(Decimal(2_400) * (on - FROM).days / (DUE[0] - FROM).days)
    assert ((on - FROM).days, worth, interest, it.went_back()) == (10, 500_000, 774, 500_000 - 200_000 - 774)
    assert it.last("custody.compensated")["amount"]["minor"] == worth
    it.holds_nothing()
    # Out of the bank: the loan and what went back. In: nothing. The thing's worth is our loss.
    assert it.balance["bank"] == -200_000 - it.went_back()
    assert (it.balance["custody_loss"], it.balance["interest_income"]) == (worth, -interest)


@pytest.mark.parametrize("name", ["refused", "fraud-frozen"])
def test_where_no_money_moved_the_ledger_is_empty(committed_db: psycopg.Connection[Any], tmp_path: Path, name: str) -> None:
    it = Played(name, tmp_path)
    assert (it.events, it.balance) == ([], {})
