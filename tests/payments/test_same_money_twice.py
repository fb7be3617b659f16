"""One payment that the bank tells of in several ways is in the book once: files that overlap, a CSV and a camt.053, equal line numbers."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast import payments, wiring
from holdfast.payments import BankFile
from tests.payments.house import House
from tests.payments.iso import camt053, entry

HEAD = "交易日期,交易金额,对方户名,对方账号,摘要,流水号\n"


def csv_of(house: House, *rows: str) -> bytes:
    return (HEAD + "".join(f"{house.book.day},{row}\n" for row in rows)).encode()


def hand_in(house: House, data: bytes, name: str = "流水.csv") -> BankFile:
    """A file as a person hands it in, matched to its end."""
    given: dict[str, Any] = {"clock": house.clock, "by": house["officer"], "name": name, "data": data, "map_name": "generic"}
    made = payments.load_bank_file(house.db, **given)
    while payments.match_lines(house.db, clock=house.clock, receive=wiring.receive_many, answer=wiring.take_answer):
        pass
    return payments.bank_file(house.db, house["officer"], made.public_id)


def received(house: House, loan: str) -> list[int]:
    return [amount for amount, _ in house.receipts(loan)]


@pytest.fixture
def loan(house: House) -> str:
    return house.paid()


def contract(house: House, loan: str) -> str:
    row = house.db.execute("SELECT contract_no FROM loan WHERE public_id = %s", [loan]).fetchone()
    assert row is not None
    return str(row[0])


def test_two_files_that_overlap_apply_the_common_lines_once(house: House, loan: str) -> None:
    number = contract(house, loan)
    first, common, last = (f"{amount}.00,示例,,{number},R{amount}" for amount in (10, 20, 30))
    hand_in(house, csv_of(house, first, common))
    second = hand_in(house, csv_of(house, common, last))
    assert received(house, loan) == [1_000, 2_000, 3_000]
    assert second.report["already"] == 1
    house.prove()


def test_lines_with_the_same_number_in_two_files_are_two_payments(house: House, loan: str) -> None:
    number = contract(house, loan)
    hand_in(house, csv_of(house, f"10.00,示例,,{number},R1"))
    hand_in(house, csv_of(house, f"20.00,示例,,{number},R2"))
    assert received(house, loan) == [1_000, 2_000]


def test_a_payment_in_a_csv_and_in_a_camt_053_is_one_by_the_banks_reference(house: House, loan: str) -> None:
    number = contract(house, loan)
    hand_in(house, csv_of(house, f"412.00,示例张三,6222000011112222,{number},BANK-77"))
    again = hand_in(house, camt053(entry("412.00", day=str(house.book.day), remark=number, ref="BANK-77")), "camt.xml")
    assert received(house, loan) == [41_200]
    assert again.report["already"] == 1
    house.prove()


def test_the_other_way_round_it_is_one_too(house: House, loan: str) -> None:
    number = contract(house, loan)
    hand_in(house, camt053(entry("412.00", day=str(house.book.day), remark=number, ref="BANK-78")), "camt.xml")
    hand_in(house, csv_of(house, f"412.00,示例张三,6222000011112222,{number},BANK-78"))
    assert received(house, loan) == [41_200]


def test_many_lines_for_one_loan_in_one_file_are_all_its_receipts_in_the_order_of_the_file(house: House, loan: str) -> None:
    """One turn of the worker is enough: each line sees what the line before it has paid."""
    number = contract(house, loan)
    data = csv_of(house, *(f"{amount}.00,示例,,{number},R{amount}" for amount in range(1, 21)))
    given: dict[str, Any] = {"clock": house.clock, "by": house["officer"], "name": "f.csv", "data": data, "map_name": "generic"}
    payments.load_bank_file(house.db, **given)
    assert payments.match_lines(house.db, clock=house.clock, receive=wiring.receive_many, answer=wiring.take_answer) == 20
    assert received(house, loan) == [100 * amount for amount in range(1, 21)]
    assert payments.match_lines(house.db, clock=house.clock, receive=wiring.receive_many, answer=wiring.take_answer) == 0
    house.prove()


def test_what_is_over_after_a_loan_is_paid_off_in_the_same_file_is_owed_to_the_borrower(house: House, loan: str) -> None:
    number = contract(house, loan)
    hand_in(house, csv_of(house, f"1300.00,示例,,{number},R1", f"50.00,示例,,{number},R2"))
    assert received(house, loan) == [130_000, 5_000]
    house.prove()
