"""Beside the old system: each planted difference is found with its cause, and the book is not touched."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from holdfast.database.connection import transaction
from holdfast.journal import SYSTEM
from holdfast.kernel import canonical
from holdfast.kernel.money import Money
from holdfast.policy import clock, set_business_date
from holdfast.servicing import receive, reverse
from holdfast.takeover import import_tape, parse, shadow

Db = psycopg.Connection[Any]
START = date(2026, 6, 30)
MAP = """
format: 1
name: old-system
title: {zh: 旧系统, en: Old system}
currency: CNY
as_of: 2026-06-30
contract_prefix: OLD
key: [number]
contract: {method: equal_principal, day_count: 30/360, period_interest: period}
columns:
  principal: {column: lent, read: money}
  instalments: {column: months, read: integer}
  rate: {column: rate, read: percent}
  disbursed_on: {column: begun, read: date}
  status: {column: status, read: text}
  balance: {column: balance, read: money}
  principal_paid: {column: paid, read: money}
  next_due_on: {column: due_on, read: date}
  next_due_amount: {column: due, read: money}
  days_past_due: {column: days, read: integer}
  class: {column: class, read: text}
  penalty_due: {column: penalty, read: money}
  last_receipt_on: {column: receipt_on, read: date}
  last_receipt_amount: {column: receipt, read: money}
statuses:
  live: {kind: live}
  paid: {kind: paid}
  lost: {kind: written_off}
shadow:
  classes: {正常: pass, 关注: special_mention, 次级: substandard, 可疑: doubtful, 损失: loss}
"""
OLD = parse(MAP)
END = date(2026, 7, 31)
# 12,000.00 in twelve parts of principal at 12 % a year, paid out on 15 January; five are paid. The sixth, on 15 July, is 1,000.00 and
# 70.00 interest on 7,000.00; the seventh, on 15 August, 1,000.00 and 60.00.
LOAN = {
    "lent": "12000.00", "months": "12", "rate": "12", "begun": "2026-01-15", "status": "live", "balance": "7000.00", "paid": "5000.00",
    "due_on": "2026-07-15", "due": "1070.00", "days": "16", "class": "关注", "penalty": "", "receipt_on": "", "receipt": "",
}  # fmt: skip
# After 1,070.00 on 15 July.
PAID = LOAN | {
    "balance": "6000.00", "paid": "6000.00", "due_on": "2026-08-15", "due": "1060.00", "days": "0", "class": "正常",
    "receipt_on": "2026-07-15", "receipt": "1070.00",
}  # fmt: skip
UNTOLD = {"receipt_on": "", "receipt": ""}


class OldSystem:
    """A book taken over from the old system on 30 June, and the old system's own days after it."""

    def __init__(self, db: Db, folder: Path) -> None:
        self.db, self.folder = db, folder

    def take_over(self, **loans: Mapping[str, str]) -> None:
        import_tape(transaction, self.write(loans), OLD)
        set_business_date(self.db, END)

    def receive(self, no: str, yuan: str, on: date = date(2026, 7, 15)) -> tuple[str, int]:
        done = receive(
            self.db, clock=clock(self.db), by=SYSTEM, loan=self.loan(no), amount=Money(round(float(yuan) * 100), "CNY"), received_on=on
        )
        return done.public_id, done.event_no

    def loan(self, no: str) -> str:
        found = self.db.execute("SELECT public_id FROM loan WHERE contract_no = %s", [contract(no)]).fetchone()
        assert found is not None
        return str(found[0])

    def write(self, loans: Mapping[str, Mapping[str, str]], name: str = "export.csv") -> Path:
        text = io.StringIO()
        writer = csv.DictWriter(text, ["number", *LOAN], lineterminator="\n")
        writer.writeheader()
        writer.writerows({"number": no, **row} for no, row in loans.items())
        path = self.folder / name
        path.write_text(text.getvalue(), "utf-8")
        return path

    def compare(self, on: date = END, /, **loans: Mapping[str, str]) -> shadow.Compared:
        run = shadow.compare(transaction, self.write(loans), OLD, as_of=on)
        return shadow.comparison(self.db, None, run)

    def cause(self, no: str, theirs: Mapping[str, str]) -> tuple[str, Any]:
        """Why this one loan differs."""
        lines = [line for line in self.compare(END, **{no: theirs}).lines if line.cause != "missing_there"]
        assert len(lines) == 1
        return lines[0].cause, lines[0].told["supposed"]


def contract(no: str) -> str:
    return f"OLD-{canonical.digest({'number': no})[:16].upper()}"


@pytest.fixture
def old(db: Db, tmp_path: Path) -> OldSystem:
    return OldSystem(db, tmp_path)


def test_where_both_say_the_same_nothing_is_listed(old: OldSystem) -> None:
    old.take_over(a=LOAN, b=LOAN)
    old.receive("b", "1070")
    found = old.compare(a=LOAN, b=PAID)
    assert found.lines == ()
    assert found.run.outcome["equal"] == 2
    assert (found.run.outcome["theirs"], found.run.outcome["ours"]) == (13_000_00, 13_000_00)


def test_a_receipt_that_only_the_old_system_has_is_told_by_its_own_columns_or_by_the_instalments_it_paid(old: OldSystem) -> None:
    old.take_over(a=LOAN, b=LOAN)
    assert old.cause("a", PAID) == ("receipt_not_here", {"on": "2026-07-15", "amount": 1070_00})
    assert old.cause("b", PAID | UNTOLD) == ("receipt_not_here", {"amount": 1070_00, "through": 6})


def test_a_receipt_that_only_this_book_has_is_named_with_its_event(old: OldSystem) -> None:
    old.take_over(a=LOAN)
    _, event = old.receive("a", "1070")
    assert old.cause("a", LOAN) == ("receipt_only_here", {"event": event, "on": "2026-07-15", "amount": 1070_00})


def test_a_receipt_of_another_amount_is_told_with_both(old: OldSystem) -> None:
    """Of 1,000.00 there, 70.00 are interest and 930.00 principal."""
    old.take_over(a=LOAN)
    old.receive("a", "1070")
    theirs = LOAN | {"balance": "6070.00", "due": "70.00", "receipt_on": "2026-07-15", "receipt": "1000.00"}
    assert old.cause("a", theirs) == ("receipt_other_amount", {"ours": 1070_00, "theirs": 1000_00})


def test_a_receipt_taken_back_only_here_is_found(old: OldSystem) -> None:
    old.take_over(a=LOAN)
    loan, event = old.receive("a", "1070")
    reverse(old.db, clock=clock(old.db), by=SYSTEM, loan=loan, event_no=event, reason="录错")
    assert old.cause("a", PAID | UNTOLD)[0] == "reversal_only_here"


def test_another_rate_is_proved_by_its_own_interest(old: OldSystem) -> None:
    """At 13 % the interest is 75.83, so that 5.83 of the instalment stays unpaid."""
    old.take_over(a=LOAN)
    old.receive("a", "1070")
    theirs = LOAN | {"rate": "13", "balance": "6005.83", "due": "5.83"}
    assert old.cause("a", theirs) == ("rate", {"theirs": 130_000_000, "ours": 120_000_000})


def test_another_day_count_is_proved_by_its_own_interest(old: OldSystem) -> None:
    """By days over 365: 69.04 for June to July, so 0.96 is ahead; 61.15 for the 31 days after."""
    old.take_over(a=LOAN)
    old.receive("a", "1070")
    assert old.cause("a", PAID | UNTOLD | {"due": "1060.19"}) == ("day_count", {"day_count": "actual/365", "period_interest": "daily"})


def test_another_rounding_is_proved_and_a_rest_within_a_fen_an_instalment_is_named_so(old: OldSystem) -> None:
    """Interest on 7,000.05 is 70.0005: rounded up 70.01."""
    odd = LOAN | {"balance": "7000.05", "paid": "4999.95"}
    old.take_over(a=odd, b=LOAN)
    old.receive("a", "1070")
    assert old.cause("a", odd | {"balance": "6000.06", "due": "0.01"}) == ("rounding", {"rounding": "up"})
    assert old.cause("b", LOAN | {"due": "1070.02"}) == ("rounding_within", {"within": 2})
    assert old.cause("b", LOAN | {"due": "1070.03"})[0] == "unexplained"


def test_another_allocation_order_is_proved_by_what_a_part_payment_left(old: OldSystem) -> None:
    """500.00: here 70.00 interest and 430.00 principal; there all to principal."""
    old.take_over(a=LOAN)
    old.receive("a", "500")
    cause, supposed = old.cause("a", LOAN | {"balance": "6500.00", "due": "570.00"})
    assert cause == "allocation_order"
    assert supposed["order"].split().index("principal") < supposed["order"].split().index("interest")


def test_penalty_that_only_the_old_system_asks_for(old: OldSystem) -> None:
    old.take_over(a=LOAN)
    assert old.cause("a", LOAN | {"penalty": "12.00", "due": "1082.00"}) == ("penalty", {"theirs": 12_00, "ours": 0})


def test_a_month_end_rule_is_told_from_another_due_day(old: OldSystem) -> None:
    """Paid out on 31 January. Stepped from 28 February, the seventh instalment's day is the 28th; we keep the month's last."""
    ends = LOAN | {"begun": "2026-01-31", "due_on": "2026-07-31", "days": "0", "class": "正常"}
    old.take_over(a=ends, b=LOAN)
    assert old.cause("a", ends | {"due_on": "2026-07-28", "days": "3", "class": "关注"}) == ("month_end", {"month_end": "from_previous"})
    assert old.cause("b", LOAN | {"due_on": "2026-07-20", "days": "11"}) == ("due_day", {"theirs": "2026-07-20", "ours": "2026-07-15"})


def test_the_same_arrears_counted_otherwise(old: OldSystem) -> None:
    old.take_over(a=LOAN)
    assert old.cause("a", LOAN | {"days": "17"}) == ("arrears_count", {"count": "from_due_day", "days": 17})
    assert old.cause("a", LOAN | {"days": "15"}) == ("other_day", {"as_of": "2026-07-30"})
    assert old.cause("a", LOAN | {"days": "12"}) == ("arrears_count", {"count": "weekdays", "days": 12})
    assert old.cause("a", LOAN | {"class": "次级"}) == (
        "class_rule", {"days": 16, "theirs": "substandard", "ours": "special_mention"},
    )  # fmt: skip


def test_what_is_closed_on_one_side_only(old: OldSystem) -> None:
    old.take_over(a=LOAN, b=LOAN, c=LOAN, d=LOAN)
    closed = LOAN | {"status": "paid", "balance": "0.00", "due_on": "", "due": "", "days": "", "class": ""}
    assert old.cause("a", closed) == ("closed_there", {})
    assert old.cause("b", closed | {"receipt_on": "2026-07-15", "receipt": "7070.00"})[0] == "receipt_not_here"
    assert old.cause("c", closed | {"status": "lost"}) == ("written_off_there", {})
    old.receive("d", "7070")
    assert old.cause("d", LOAN)[0] == "receipt_only_here"
    assert old.cause("d", LOAN | {"balance": "5000.00"}) == ("closed_here", {})


def test_what_only_one_side_knows(old: OldSystem) -> None:
    old.take_over(a=LOAN, b=LOAN)
    found = old.compare(a=LOAN, c=LOAN, d=LOAN | {"begun": "2026-07-05"}, e=LOAN | {"balance": "x"})
    assert [(line.name, line.cause, line.apart) for line in found.lines] == [
        ("", "unreadable", 0), ("c", "not_taken_over", 7000_00), ("d", "unknown_loan", 7000_00), (contract("b"), "missing_there", -7000_00),
    ]  # fmt: skip
    assert [line.cause for line in found.unexplained] == ["unreadable"]


def test_two_causes_at_once_are_both_named(old: OldSystem) -> None:
    """No receipt there, and the days past due counted on weekdays."""
    old.take_over(a=LOAN)
    old.receive("a", "1070")
    line = old.compare(a=LOAN | {"days": "12"}).lines[0]
    assert (line.cause, line.told["also"]) == ("receipt_only_here", "arrears_count")


def test_figures_that_no_hypothesis_reaches_stay_unexplained(old: OldSystem) -> None:
    old.take_over(a=LOAN)
    assert old.cause("a", LOAN | {"balance": "6543.21"}) == ("unexplained", {})


def test_nothing_of_the_book_is_changed(old: OldSystem) -> None:
    old.take_over(a=LOAN)
    tables = ("loan", "account", "instalment", "loan_event", "posting", "gl_entry", "duty", "allocation")

    def book() -> list[Any]:
        return [
            old.db.execute(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {each} t".encode()).fetchall()
            for each in tables
        ]

    before = book()
    old.compare(a=PAID)
    assert book() == before


def test_the_days_go_down_to_zero_and_each_is_kept(old: OldSystem) -> None:
    old.take_over(a=LOAN, b=LOAN)
    old.compare(date(2026, 7, 14), a=PAID | UNTOLD, b=LOAN | {"days": "0", "class": "正常", "balance": "6999.00"})
    old.receive("a", "1070")
    old.compare(a=PAID, b=LOAN | {"balance": "6999.00"})
    old.compare(a=PAID, b=LOAN)
    assert [(day.as_of.isoformat(), day.different, day.unexplained) for day in shadow.days(old.db, "old-system", limit=9)] == [
        ("2026-07-31", 0, 0), ("2026-07-14", 2, 1),
    ]  # fmt: skip
