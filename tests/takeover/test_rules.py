"""What a row becomes: the loan, what is remarkable about it, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.servicing.fold import Event, fold
from holdfast.takeover import TapeMap, load, parse
from holdfast.takeover.cells import shown
from holdfast.takeover.reading import BadRow, Row
from holdfast.takeover.rules import Judged, fingerprint, judge

AS_OF = date(2018, 6, 30)
MAP = load("lendingclub-openintro")
# 12,000.00 at 12 % over 12 months from 1 January 2018: 1,066.19 a month, rounded up to the cent.
LOAN = {
    "emp_title": "示例", "loan_amount": "12000", "term": "12", "interest_rate": "12.0", "installment": "1066.19", "issue_month": "Jan-18",
    "loan_status": "Current", "balance": "7000.0", "paid_total": "5400.0", "paid_principal": "5000.0", "paid_interest": "400.0",
    "paid_late_fees": "0.0",
}  # fmt: skip


def of(changes: Mapping[str, str], *, as_of: date = AS_OF, ordinal: int = 1, tape_map: TapeMap = MAP) -> Judged | BadRow:
    row = Row(2, {**LOAN, **changes})
    return judge(row, tape_map, as_of=as_of, mark=fingerprint(row, tape_map), ordinal=ordinal)


def booked(as_of: date = AS_OF, **changes: str) -> Judged:
    found = of(changes, as_of=as_of)
    assert isinstance(found, Judged)
    return found


def payload(as_of: date = AS_OF, **changes: str) -> dict[str, Any]:
    return dict(booked(as_of, **changes).loan.payload)


def test_a_loan_up_to_date_owes_its_balance_from_the_next_instalment_on() -> None:
    # Five instalments fell due from February to June; the sixth is due on 1 July.
    assert payload() == {"balance": 7_000_00, "first_unpaid_n": 6}


@pytest.mark.parametrize(
    ("status", "first_unpaid"),
    [
        ("In Grace Period", 5),  # at least 1 day: the instalment of 1 June
        ("Late (16-30 days)", 5),
        ("Late (31-120 days)", 4),  # at least 31 days before 30 June: the instalment of 1 May
    ],
)
def test_a_late_loan_owes_from_the_latest_instalment_that_is_late_enough(status: str, first_unpaid: int) -> None:
    assert payload(loan_status=status)["first_unpaid_n"] == first_unpaid


def test_past_the_contracts_end_the_last_instalment_takes_the_whole_balance() -> None:
    found = booked(date(2019, 3, 1))
    assert found.loan.payload["first_unpaid_n"] == 12
    state = fold(found.loan.terms, [Event(1, "taken_over", date(2019, 3, 1), date(2019, 3, 1), found.loan.payload)])
    assert [(row.due_on, row.principal) for row in state.instalments] == [(date(2019, 1, 1), 7_000_00)]
    assert [cell.column for cell in found.contradictions] == ["loan_status"]


@pytest.mark.parametrize("status", ["Current", "Fully Paid", "Late (31-120 days)"])
def test_a_loan_without_a_balance_is_settled_whatever_it_is_called(status: str) -> None:
    assert payload(loan_status=status, balance="0.0", paid_principal="12000.0", paid_total="12400.0") == {
        "balance": 0,
        "first_unpaid_n": 13,
    }


@pytest.mark.parametrize("status", ["Fully Paid", "Charged Off"])
def test_a_loan_with_a_balance_is_owed_whatever_it_is_called(status: str) -> None:
    found = booked(loan_status=status)
    assert found.loan.payload["balance"] == 7_000_00
    assert [(cell.column, cell.value) for cell in found.contradictions] == [("loan_status", status)]


def test_a_charge_off_is_taken_over_and_written_off_with_what_never_came_back() -> None:
    # 12,000.00 lent, 5,000.00 came back.
    found = payload(loan_status="Charged Off", balance="0.0")
    assert found == {"balance": 0, "first_unpaid_n": 13, "principal_written_off": 7_000_00}


def test_a_charge_off_that_came_back_whole_is_settled() -> None:
    assert "principal_written_off" not in payload(loan_status="Charged Off", balance="0.0", paid_principal="12000.0", paid_total="12400.0")


def test_the_engines_instalment_equals_the_tapes() -> None:
    assert booked().difference is None


def test_the_tapes_instalment_is_the_contract_and_a_difference_is_explained() -> None:
    found = booked(installment="1065.00")
    assert found.loan.terms.instalment_amount == 1_065_00
    assert found.difference is not None
    assert (found.difference.tape, found.difference.ours) == (1_065_00, 1_066_19)
    assert found.difference.reason == (
        "12 instalments at 12 % a year come to 1066.19; the tape's is 1.19 less and is kept as the contract,"
        " as at a rate of about 11.79 %; the last instalment takes the rest"
    )


def test_an_instalment_that_repays_at_no_rate_is_still_only_a_difference() -> None:
    difference = booked(installment="0.01").difference
    assert difference is not None and "repays the loan in time at no rate" in difference.reason


def test_a_rate_above_the_ceiling_bars_new_charges_and_one_at_it_does_not() -> None:
    assert not booked(interest_rate="24.00").loan.charges_barred
    assert booked(interest_rate="24.01").loan.charges_barred


@pytest.mark.parametrize(
    ("changes", "column", "words"),
    [
        (
            {"paid_principal": "4999.0", "paid_total": "5399.0"},
            "paid_principal",
            "with the balance it comes to 11999.00, but 12000.00 was lent",
        ),
        ({"paid_total": "5500.0"}, "paid_total", "its parts come to 5400.00"),
        (
            {"loan_status": "Late (31-120 days)", "issue_month": "Jun-18"},
            "loan_status",
            "no instalment of this contract is 31 days past due",
        ),
    ],
)
def test_figures_that_contradict_each_other_are_named_and_stop_nothing(changes: dict[str, str], column: str, words: str) -> None:
    found = booked(AS_OF, **changes)
    assert [cell.column for cell in found.contradictions] == [column]
    assert words in found.contradictions[0].reason


def test_figures_that_are_only_compared_may_have_more_decimals_or_be_empty() -> None:
    assert booked(paid_total="5400.00499", paid_late_fees="0.00000003").contradictions == ()
    assert booked(paid_total="").contradictions == ()


@pytest.mark.parametrize(
    ("changes", "column", "words"),
    [
        ({"loan_amount": "12000.005"}, "loan_amount", "USD has 2 decimals"),
        ({"loan_amount": "0"}, "loan_amount", "must be more than nothing"),
        ({"loan_amount": "-12000", "balance": "0"}, "loan_amount", "must be more than nothing"),
        ({"loan_amount": "12,000.00"}, "loan_amount", "write the amount as digits"),
        ({"loan_amount": "NaN"}, "loan_amount", "write the amount as digits"),
        ({"loan_amount": "1e9"}, "loan_amount", "write the amount as digits"),
        ({"loan_amount": "１２０００"}, "loan_amount", "write the amount as digits"),
        ({"loan_amount": " "}, "loan_amount", "is empty"),
        ({"loan_amount": "9999999999999999"}, "loan_amount", "write the amount as digits"),
        ({"loan_amount": "100000000000000"}, "loan_amount", "beyond the largest amount"),
        ({"balance": "7" * 81}, "balance", "81 characters long"),
        ({"term": "36.5"}, "term", "write a whole number"),
        ({"term": "0"}, "term", "1 to 600 instalments"),
        ({"term": "601"}, "term", "1 to 600 instalments"),
        ({"interest_rate": "-1"}, "interest_rate", "write the rate as percent"),
        ({"interest_rate": "100.01"}, "interest_rate", "between 0 and 100"),
        ({"interest_rate": "12.00000001"}, "interest_rate", "at most 7 decimals"),
        ({"installment": "0"}, "installment", "more than nothing"),
        ({"issue_month": "2018-01"}, "issue_month", "write the month as Jan-18"),
        ({"issue_month": "Foo-18"}, "issue_month", "write the month as Jan-18"),
        ({"issue_month": "Jul-18"}, "issue_month", "would begin after 2018-06-30"),
        ({"loan_status": "Default"}, "loan_status", "does not know this status"),
        ({"balance": "-0.01"}, "balance", "cannot be less than nothing"),
        ({"balance": "12000.01"}, "balance", "more is outstanding than the 12000.00"),
        ({"balance": ""}, "balance", "is empty"),
        ({"balance": "0", "loan_status": "Charged Off", "paid_principal": "12000.01"}, "paid_principal", "cannot be written off"),
        ({"balance": "0", "loan_status": "Charged Off", "paid_principal": "-1"}, "paid_principal", "cannot be written off"),
        ({"paid_total": "much"}, "paid_total", "write the amount as digits"),
    ],
)
def test_a_bad_value_is_named_by_its_column(changes: dict[str, str], column: str, words: str) -> None:
    found = of(changes)
    assert isinstance(found, BadRow)
    assert [(cell.column, cell.value) for cell in found.cells] == [(column, shown(changes[column]))]
    assert words in found.cells[0].reason


def test_all_that_is_wrong_in_a_row_is_named() -> None:
    found = of({"term": "x", "balance": "y"})
    assert isinstance(found, BadRow)
    assert [cell.column for cell in found.cells] == ["term", "balance"]


def test_a_whole_number_may_be_written_with_a_point_and_a_percentage_with_its_sign() -> None:
    found = booked(term="12.0", interest_rate="12%", issue_month="jan-18")
    assert (found.loan.terms.instalments, found.loan.terms.rate.ppb) == (12, 120_000_000)


def test_equal_rows_are_told_apart_by_their_ordinal() -> None:
    one, two = of({}), of({}, ordinal=2)
    assert isinstance(one, Judged) and isinstance(two, Judged)
    assert one.loan.identity != two.loan.identity
    assert one.loan.contract_no != two.loan.contract_no


def test_a_row_is_the_same_row_in_whatever_order_its_columns_stand() -> None:
    assert fingerprint(Row(2, LOAN), MAP) == fingerprint(Row(9, dict(reversed(LOAN.items()))), MAP)


KEYED = """
format: 1
name: keyed
title: {zh: 示例, en: Sample}
currency: CNY
contract_prefix: SA
key: [contract]
contract: {method: equal_instalment, every_count: 400, every_unit: months}
columns:
  principal: {column: amount, read: money}
  instalments: {column: n, read: integer}
  rate: {column: rate, read: percent}
  disbursed_on: {column: start, read: date}
  first_due_on: {column: first, read: date}
  status: {column: status, read: text}
  balance: {column: balance, read: money}
statuses: {正常: {kind: live}}
"""
KEYED_ROW = {
    "contract": "0001",
    "amount": "100",
    "n": "2",
    "rate": "6",
    "start": "2018-01-01",
    "first": "2018-02-15",
    "status": "正常",
    "balance": "80",
}


@pytest.mark.parametrize(
    ("changes", "column", "words"),
    [
        ({"contract": " "}, "contract", "the map knows a loan by it"),
        ({"first": "2018-01-01"}, "first", "must fall due after the loan begins"),
        ({"first": "2018-02-30"}, "first", "write the date as YYYY-MM-DD"),
        ({"n": "600"}, "n", "beyond the calendar"),
    ],
)
def test_a_map_with_keys_and_first_due_dates_refuses_what_cannot_be(changes: dict[str, str], column: str, words: str) -> None:
    tape_map = parse(KEYED)
    row = Row(2, KEYED_ROW | changes)
    found = judge(row, tape_map, as_of=AS_OF, mark=fingerprint(row, tape_map), ordinal=1)
    assert isinstance(found, BadRow)
    assert found.cells[0].column == column
    assert words in found.cells[0].reason


def test_a_row_is_known_by_its_key_columns_whatever_else_changes() -> None:
    tape_map = parse(KEYED)
    assert fingerprint(Row(2, KEYED_ROW), tape_map) == fingerprint(Row(2, KEYED_ROW | {"balance": "70"}), tape_map)


@given(
    st.dictionaries(
        st.sampled_from(sorted(LOAN)), st.text(max_size=12) | st.from_regex(r"-?[0-9]{1,6}(\.[0-9]{1,3})?", fullmatch=True), max_size=4
    )
)
def test_any_cells_become_a_loan_that_folds_or_are_refused_in_words(changes: dict[str, str]) -> None:
    found = of(changes)
    if isinstance(found, BadRow):
        assert all(cell.reason and cell.column in LOAN for cell in found.cells)
        return
    state = fold(found.loan.terms, [Event(1, "taken_over", AS_OF, AS_OF, found.loan.payload)])
    assert state.principal_out == found.balance
    assert sum(row.principal for row in state.instalments) == found.balance
