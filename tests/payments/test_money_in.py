"""Money in by a bank's message: whose it is by its own code or account, many lines at a time, split, sent back, taken back by the bank."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast import payments
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.payments import BankLine, BankLineState
from holdfast.payments.pay_codes import ALPHABET, is_code, new_code, pay_codes_in, virtual_numbers_in
from holdfast.servicing.verify import verify_books
from holdfast.wiring import carry
from tests.payments.house import House, yuan
from tests.payments.iso import camt053, entry
from tests.payments.test_bank_files import contract_no, csv, states, suspended
from tests.payments.test_payout_files import with_account

# ── codes ──────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.integers(0, 7), st.sampled_from(ALPHABET))
def test_one_wrong_sign_of_a_code_is_always_seen(place: int, sign: str) -> None:
    code = new_code()
    changed = code[: 2 + place] + sign + code[3 + place :]
    assert is_code(code) and is_code(changed) is (changed == code)


def test_a_code_is_found_however_it_is_spaced_and_a_mistyped_one_is_none() -> None:
    code = new_code()
    for text in (code, code.lower(), f"还款 {code[:2]} {code[2:6]} {code[6:]} 谢谢", f"{code[:2]}-{code[2:6]}-{code[6:]}"):
        assert pay_codes_in(text) == [code]
    wrong = code[:-1] + next(sign for sign in ALPHABET if sign != code[-1])
    assert pay_codes_in(wrong) == pay_codes_in(f"X{code}9") == []


def test_a_virtual_account_is_one_of_the_range_with_its_check_digit() -> None:
    assert virtual_numbers_in("6222 0000 0000 0017", "62220000", 16) == "6222000000000017"
    assert virtual_numbers_in("6222000000000018", "62220000", 16) == virtual_numbers_in("6222000000000017", "", 0) == ""


def test_a_loan_keeps_its_code_and_its_virtual_account(house: House) -> None:
    first, second = house.loan_id(house.paid()), house.loan_id(house.paid("示例李四"))
    before = payments.pay_code(house.db, first)
    assert (before.virtual, is_code(before.code)) == ("", True)
    with_account(house, virtual_prefix="62220000", virtual_digits=16)
    mine, other = payments.pay_code(house.db, first), payments.pay_code(house.db, second)
    assert (mine.code, len(mine.virtual), mine.virtual != other.virtual) == (before.code, 16, True)
    assert payments.pay_code(house.db, first) == mine


def test_the_pay_code_names_the_loan_whoever_pays(house: House) -> None:
    loan = house.paid()
    code = payments.pay_code(house.db, house.loan_id(loan)).code
    file = house.load(camt053(entry("412.00", payer="示例别人", account="6222020000000000999", remark=f"还款{code}", ref="B-1")))
    house.match()
    assert (house.line(file, 1).how, house.receipts(loan)) == ("pay_code", [(41_200, date(2026, 3, 2))])
    house.prove()


def test_the_virtual_account_names_the_loan_without_any_words(house: House) -> None:
    with_account(house, virtual_prefix="62220000", virtual_digits=16)
    loan = house.paid()
    number = payments.pay_code(house.db, house.loan_id(loan)).virtual
    file = house.load(camt053(entry("412.00", payer="示例别人", own=number, ref="B-1")))
    house.match()
    assert (house.line(file, 1).how, house.receipts(loan)) == ("virtual_account", [(41_200, date(2026, 3, 2))])


def test_a_code_and_a_contract_number_of_two_loans_are_left_to_a_person(house: House) -> None:
    first, second = house.paid(), house.paid("示例李四")
    code = payments.pay_code(house.db, house.loan_id(first)).code
    file = house.load(camt053(entry("10.00", remark=f"{code} {contract_no(house, second)}")))
    house.match()
    assert (house.line(file, 1).how, house.receipts(first), house.receipts(second)) == ("several_loans", [], [])


# ── many lines ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_of_many_lines_is_posted_as_each_would_be_alone_and_sealed_as_one(house: House) -> None:
    names = [f"示例{mark}" for mark in "甲乙丙丁戊己"]
    loans = [house.paid(name) for name in names]
    rows = [entry(f"{100 + number}.00", remark=contract_no(house, loan), ref=f"B-{number}") for number, loan in enumerate(loans)]
    # The first loan's second line waits for the next turn, one loan owes nothing, one line is nobody's.
    rows += [entry("50.00", remark=contract_no(house, loans[0]), ref="B-90"), entry("1.00", remark="谁的", ref="B-91")]
    before = house.db.execute("SELECT count(*) FROM record WHERE kind = 'batch.sealed'").fetchone()
    file = house.load(camt053(*rows))
    assert house.match() >= len(rows)
    assert states(house, file) == ["matched"] * 7 + ["unmatched"]
    assert house.receipts(loans[0]) == [(10_000, date(2026, 3, 2)), (5_000, date(2026, 3, 2))]
    assert [house.receipts(loan) for loan in loans[1:]] == [[(10_000 + 100 * number, date(2026, 3, 2))] for number in range(1, 6)]
    after = house.db.execute("SELECT count(*) FROM record WHERE kind = 'batch.sealed'").fetchone()
    assert (before, after) == ((0,), (2,))
    house.prove()


def test_a_batch_leaves_the_loan_as_the_single_receipt_does(house: House) -> None:
    """The very same rule: money, instalments, duties and class of a loan are equal whichever way the same money came."""
    alone, batched = house.paid(), house.paid("示例李四")
    house.book.walk(40)
    house.receive(alone, 500)
    house.load(camt053(entry("500.00", remark=contract_no(house, batched), day="2026-04-11")))
    house.match()
    read = """SELECT l.state, l.principal_out, a.oldest_unpaid_due_on, a.next_due_on, a.next_due_amount, a.next_event_on, a.class_floor
                FROM loan l JOIN account a USING (loan_id) WHERE l.public_id = %s"""
    assert house.db.execute(read, [alone]).fetchone() == house.db.execute(read, [batched]).fetchone()
    assert [each[0] for each in house.book.open_duties(alone)] == [each[0] for each in house.book.open_duties(batched)]
    assert [(check.name, check.differences) for check in verify_books(house.db) if not check.ok] == []


def test_a_file_is_taken_up_where_it_was_left(house: House) -> None:
    loans = [house.paid(f"示例{mark}") for mark in "甲乙丙"]
    file = house.load(camt053(*[entry("10.00", remark=contract_no(house, loan)) for loan in loans]))
    from holdfast.wiring import receive_many, take_answer

    assert payments.match_lines(house.db, clock=house.clock, receive=receive_many, answer=take_answer, limit=2) == 2
    assert states(house, file) == ["matched", "matched", "read"]
    assert house.match() == 1 and house.match() == 0
    assert states(house, file) == ["matched"] * 3


def test_the_same_line_in_a_statement_and_in_a_notice_counts_once(house: House) -> None:
    loan = house.paid()
    line = entry("10.00", remark=contract_no(house, loan), ref="B-1")
    house.load(camt053(line))
    again = house.load(camt053(line).replace(b"camt.053.001.08", b"camt.054.001.08"))
    house.match()
    assert (states(house, again), house.receipts(loan)) == (["duplicate"], [(1_000, date(2026, 3, 2))])


def test_a_line_dated_before_its_loan_began_waits_in_suspense_and_costs_its_neighbours_nothing(house: House) -> None:
    first, second = house.paid(), house.paid("示例李四")
    file = house.load(
        camt053(entry("10.00", remark=contract_no(house, first), day="2026-03-01"), entry("11.00", remark=contract_no(house, second)))
    )
    house.match()
    assert (states(house, file), house.line(file, 1).how) == (["unmatched", "matched"], "bad_input")
    assert (house.receipts(second), suspended(house)) == ([(1_100, date(2026, 3, 2))], 1_000)
    house.prove()


# ── suspense ───────────────────────────────────────────────────────────────────────────────────────────────


def in_suspense(house: House, amount: str = "30.00", payer: str = "示例别人") -> BankLine:
    file = house.load(csv(f"2026-03-02,{amount},{payer},,不明,R9"))
    house.match()
    return house.line(file, 2)


def split(house: House, line: str, *parts: float, by: str = "officer") -> list[BankLine]:
    return payments.split_line(house.db, clock=house.clock, by=house[by], line=line, parts=[yuan(part) for part in parts])


def test_a_line_for_two_loans_is_split_and_each_part_finds_its_own(house: House) -> None:
    first, second = house.paid("示例别人"), house.paid("示例李四")
    line = in_suspense(house)
    one, two = split(house, line.public_id, 10, 20)
    assert (suspended(house), house.line(payments.bank_file(house.db, house["risk"], line.file), 2).state) == (3_000, "split")
    match = carry(
        payments.match_by_hand, house.db, clock=house.clock, by=house["officer"], line=one.public_id, loan=first, words="借款人本人"
    )
    assert match.state is BankLineState.MATCHED, "the payer is this loan's own borrower"
    asked = payments.match_by_hand(house.db, clock=house.clock, by=house["officer"], line=two.public_id, loan=second, words="代朋友还款")
    carry(payments.answer_line, house.db, clock=house.clock, by=house["second"], line=asked.public_id, approved=True, words="")
    assert (house.receipts(first), house.receipts(second), suspended(house)) == (
        [(1_000, date(2026, 3, 2))],
        [(2_000, date(2026, 3, 2))],
        0,
    )
    house.prove()


@pytest.mark.parametrize("parts", [(30.0,), (10.0, 10.0), (31.0, -1.0), (30.0, 0.0)])
def test_parts_sum_to_the_line_or_nothing_is_split(house: House, parts: tuple[float, ...]) -> None:
    line = in_suspense(house)
    with pytest.raises(BadInput) as caught:
        split(house, line.public_id, *parts)
    assert (caught.value.field, suspended(house)) == ("parts", 3_000)


@pytest.mark.parametrize("who", ["approver", "caller", "auditor"])
def test_only_who_matches_splits_and_only_within_the_branch(house: House, who: str) -> None:
    line = in_suspense(house)
    with pytest.raises(Forbidden):
        split(house, line.public_id, 10, 20, by=who)
    with pytest.raises(NotFound):
        split(house, line.public_id, 10, 20, by="stranger")


def test_above_the_limit_two_people_match_even_the_borrowers_own_money(house: House) -> None:
    loan = house.paid()
    line = in_suspense(house, "20000.01", "示例张三")
    asked = payments.match_by_hand(house.db, clock=house.clock, by=house["officer"], line=line.public_id, loan=loan, words="借款人本人大额")
    assert (asked.state, asked.approval is not None) == (BankLineState.UNMATCHED, True)


def test_money_is_sent_back_by_two_and_leaves_suspense(house: House) -> None:
    line = in_suspense(house)
    payments.ask_set_aside(house.db, clock=house.clock, by=house["officer"], line=line.public_id, words="付款人转错", purpose="sent_back")
    done = carry(payments.answer_line, house.db, clock=house.clock, by=house["approver"], line=line.public_id, approved=True, words="")
    assert (done.how, suspended(house)) == ("sent_back", 0)
    with pytest.raises(BadInput):
        payments.ask_set_aside(house.db, clock=house.clock, by=house["officer"], line=line.public_id, words="为什么", purpose="kept")


# ── taken back by the bank ─────────────────────────────────────────────────────────────────────────────────


def returned(house: House, line: str, outgoing: str, by: str = "officer") -> BankLine:
    return carry(payments.returned_by_bank, house.db, clock=house.clock, by=house[by], line=line, outgoing=outgoing)


def test_what_the_bank_takes_back_reverses_its_receipt_and_is_in_no_suspense(house: House) -> None:
    loan = house.paid()
    file = house.load(
        camt053(entry("10.00", remark=contract_no(house, loan), ref="B-1"), entry("10.00", sign="DBIT", ref="B-2", back=True))
    )
    house.match()
    came, went = house.line(file, 1), house.line(file, 2)
    assert returned(house, came.public_id, went.public_id).state is BankLineState.RETURNED
    assert house.kinds(loan)[-1] == "receipt.reversed"
    assert (states(house, file), suspended(house)) == (["returned", "answered"], 0)
    with pytest.raises(Refusal):
        returned(house, came.public_id, went.public_id)
    house.prove()


def test_what_the_bank_takes_back_out_of_suspense_leaves_it(house: House) -> None:
    file = house.load(camt053(entry("10.00", ref="B-1"), entry("10.00", sign="DBIT", ref="B-2")))
    house.match()
    returned(house, house.line(file, 1).public_id, house.line(file, 2).public_id)
    assert (states(house, file), suspended(house)) == (["returned", "answered"], 0)
    house.prove()


@pytest.mark.parametrize("went", ["9.99", "10.01"])
def test_another_amount_proves_no_return(house: House, went: str) -> None:
    file = house.load(camt053(entry("10.00", ref="B-1"), entry(went, sign="DBIT", ref="B-2")))
    house.match()
    with pytest.raises(BadInput):
        returned(house, house.line(file, 1).public_id, house.line(file, 2).public_id)


def test_a_hundred_parts_of_one_entry_are_a_hundred_lines(house: House) -> None:
    parts: list[Any] = [("1.00", "") for _ in range(100)]
    file = house.load(camt053(entry("100.00", parts=parts, ref="B-1")))
    house.match()
    assert (file.lines, suspended(house)) == ({"read": 100}, 10_000)
