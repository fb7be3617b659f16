"""Bank files: each line applies once, to the right loan or to nobody's, and the books agree all the way."""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

import pytest

from holdfast import payments, servicing
from holdfast.journal import SYSTEM
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.payments import BankLineState
from holdfast.payments.matching import judge
from holdfast.payments.model import BankFile
from holdfast.wiring import carry
from tests.payments.house import ACCOUNT, House

HEADING = "交易日期,交易金额,对方户名,对方账号,摘要,流水号"


def csv(*rows: str) -> str:
    return "\n".join([HEADING, *rows]) + "\n"


def contract_no(house: House, loan: str) -> str:
    row = house.db.execute("SELECT contract_no FROM loan WHERE public_id = %s", [loan]).fetchone()
    assert row is not None
    return str(row[0])


def states(house: House, file: BankFile) -> list[str]:
    return [str(line.state) for line in payments.lines_of(house.db, house["risk"], file.public_id)]


def suspended(house: House) -> int:
    """What the account `suspense` holds, in fen."""
    row = house.db.execute(
        """SELECT coalesce(sum(CASE WHEN credit_account = 'suspense' THEN amount ELSE -amount END), 0)
             FROM gl_entry WHERE 'suspense' IN (credit_account, debit_account)"""
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_line_with_the_contract_s_number_is_received_as_of_its_value_date(house: House) -> None:
    loan = house.paid()
    house.book.walk(31)
    file = house.load(csv(f"2026-04-01,412.00,示例张三,,还款 {contract_no(house, loan)},R1"))
    assert states(house, file) == ["read"]
    assert house.match() == 1
    assert states(house, file) == ["matched"]
    assert house.receipts(loan) == [(41_200, date(2026, 4, 1))]
    house.prove()


def test_the_same_file_twice_applies_once(house: House) -> None:
    loan = house.paid()
    data = csv(f"2026-03-02,10.00,示例张三,,{contract_no(house, loan)},R1", f"2026-03-02,10.00,示例张三,,{contract_no(house, loan)},")
    first, second = house.load(data), house.load(data)
    house.match()
    assert len(house.receipts(loan)) == 2
    assert states(house, second) == ["duplicate", "duplicate"]
    assert (first.report["already"], second.report["already"]) == (0, 2)


def test_a_line_in_two_files_applies_once_though_its_neighbours_differ(house: House) -> None:
    loan = house.paid()
    number = contract_no(house, loan)
    house.load(csv(f"2026-03-02,10.00,示例张三,,{number},R1", f"2026-03-02,11.00,示例张三,,{number},"))
    later = house.load(
        csv(f"2026-03-02,12.00,示例张三,,{number},R3", f"2026-03-02,11.00,示例张三,,{number},", f"2026-03-02,10.00,示例张三,,{number},R1")
    )
    house.match()
    assert sorted(amount for amount, _ in house.receipts(loan)) == [1_000, 1_100, 1_200]
    assert states(house, later) == ["matched", "duplicate", "duplicate"]


def test_two_equal_payments_without_a_reference_are_two_payments(house: House) -> None:
    loan = house.paid()
    line = f"2026-03-02,10.00,示例张三,,{contract_no(house, loan)},"
    house.load(csv(line, line))
    house.match()
    assert len(house.receipts(loan)) == 2


def test_one_reference_twice_in_a_file_is_one_payment(house: House) -> None:
    loan = house.paid()
    line = f"2026-03-02,10.00,示例张三,,{contract_no(house, loan)},R1"
    house.load(csv(line, line))
    house.match()
    assert len(house.receipts(loan)) == 1


def test_outgoing_lines_and_refused_lines_are_told_and_cost_the_others_nothing(house: House) -> None:
    loan = house.paid()
    number = contract_no(house, loan)
    file = house.load(csv(f"2026-03-02,-5.00,水电,,{number},R1", f"2026-03-32,6.00,,,{number},R2", f"2026-03-02,7.00,,,{number},R3"))
    house.match()
    assert (file.report["rows"], file.report["outgoing"]) == (3, [2])
    assert [(each["row"], each["column"]) for each in file.report["refused"]] == [(3, "交易日期")]
    assert states(house, file) == ["ignored", "matched"]
    assert house.receipts(loan) == [(700, house.book.day)]
    house.prove()


def test_the_account_that_a_loan_was_paid_out_to_names_it(house: House) -> None:
    loan = house.paid()
    file = house.load(csv(f"2026-03-02,10.00,示例张三,{ACCOUNT},转账,R1"))
    house.match()
    assert states(house, file) == ["matched"]
    assert house.line(file, 2).how == "account"
    assert house.receipts(loan) == [(1_000, house.book.day)]


def test_an_account_of_two_living_loans_is_left_to_a_person(house: House) -> None:
    house.paid()
    house.paid("示例赵六")
    file = house.load(csv(f"2026-03-02,10.00,示例张三,{ACCOUNT},转账,R1"))
    house.match()
    assert house.line(file, 2).how == "several_loans"


def test_money_that_fits_no_loan_is_kept_in_suspense_and_leaves_it_when_it_is_matched(house: House) -> None:
    loan = house.paid()
    file = house.load(csv("2026-03-02,10.00,示例张三,6217000000000000001,谢谢,R1"))
    house.match()
    line = house.line(file, 2)
    assert (line.state, line.how, suspended(house)) == (BankLineState.UNMATCHED, "nobody_known", 1_000)
    house.prove()
    done = carry(payments.match_by_hand, house.db, clock=house.clock, by=house["officer"], line=line.public_id, loan=loan, words="")
    assert (done.state, suspended(house)) == (BankLineState.MATCHED, 0)
    assert house.receipts(loan) == [(1_000, house.book.day)]
    house.prove()


def test_the_account_of_a_line_that_was_matched_by_name_is_known_from_then_on(house: House) -> None:
    loan = house.paid()
    first = house.load(csv(f"2026-03-02,10.00,示例张三,6217000000000000001,{contract_no(house, loan)},R1"))
    house.match()
    second = house.load(csv("2026-03-02,11.00,示例张三,6217000000000000001,,R2"))
    house.match()
    assert (house.line(first, 2).how, house.line(second, 2).how) == ("contract_no", "account")


def test_where_the_payer_is_not_the_borrower_two_people_match(house: House) -> None:
    loan = house.paid()
    file = house.load(csv("2026-03-02,10.00,示例李四,6217000000000000001,替他还,R1"))
    house.match()
    line = house.line(file, 2).public_id
    by_hand: dict[str, Any] = {"clock": house.clock, "line": line, "loan": loan, "words": "his wife pays for him"}
    proposed = carry(payments.match_by_hand, house.db, by=house["cashier"], **by_hand)
    assert (proposed.state, proposed.loan) == (BankLineState.UNMATCHED, loan)
    assert house.receipts(loan) == []
    answer: dict[str, Any] = {"clock": house.clock, "line": line, "approved": True, "words": ""}
    for who, error in (("officer", Forbidden), ("cashier", Forbidden), ("custodian", Forbidden), ("far_approver", NotFound)):
        with pytest.raises(error):
            payments.answer_line(house.db, by=house[who], **answer)
    assert carry(payments.answer_line, house.db, by=house["approver"], **answer).state is BankLineState.MATCHED
    assert house.receipts(loan) == [(1_000, house.book.day)]
    house.prove()


def test_a_stranger_s_account_is_not_learned_from_what_he_paid_for_another(house: House) -> None:
    loan = house.paid()
    house.load(csv(f"2026-03-02,10.00,示例李四,6217000000000000001,{contract_no(house, loan)},R1"))
    house.match()
    file = house.load(csv("2026-03-02,11.00,示例李四,6217000000000000001,,R2"))
    house.match()
    assert house.line(file, 2).state is BankLineState.UNMATCHED


def test_a_no_frees_the_line_for_another_try(house: House) -> None:
    loan = house.paid()
    file = house.load(csv("2026-03-02,10.00,示例李四,,,R1"))
    house.match()
    line = house.line(file, 2).public_id
    carry(payments.match_by_hand, house.db, clock=house.clock, by=house["officer"], line=line, loan=loan, words="it may be his")
    refused = payments.answer_line(house.db, clock=house.clock, by=house["second"], line=line, approved=False, words="it is not")
    assert (refused.state, refused.loan, refused.approval) == (BankLineState.UNMATCHED, None, None)
    with pytest.raises(Refusal) as caught:
        payments.answer_line(house.db, clock=house.clock, by=house["second"], line=line, approved=True, words="")
    assert caught.value.code == "nothing_proposed"


def test_money_that_is_no_loan_s_is_set_aside_by_two(house: House) -> None:
    file = house.load(csv("2026-03-02,10.00,示例李四,,误转,R1"))
    house.match()
    line = house.line(file, 2).public_id
    payments.ask_set_aside(house.db, clock=house.clock, by=house["officer"], line=line, words="sent back to him today")
    with pytest.raises(Forbidden):
        payments.answer_line(house.db, clock=house.clock, by=house["officer"], line=line, approved=True, words="")
    done = payments.answer_line(house.db, clock=house.clock, by=house["approver"], line=line, approved=True, words="")
    assert (done.state, suspended(house)) == (BankLineState.IGNORED, 0)
    house.prove()


def test_a_line_is_not_matched_twice(house: House) -> None:
    loan = house.paid()
    file = house.load(csv(f"2026-03-02,10.00,示例张三,,{contract_no(house, loan)},R1"))
    house.match()
    with pytest.raises(Refusal) as caught:
        payments.match_by_hand(
            house.db, clock=house.clock, by=house["officer"], line=house.line(file, 2).public_id, loan=loan, words="again"
        )
    assert caught.value.code == "wrong_state"


@pytest.mark.parametrize("who", ["approver", "custodian", "caller", "auditor"])
def test_only_an_officer_hands_a_file_in_and_matches(house: House, who: str) -> None:
    with pytest.raises(Forbidden):
        house.load(csv("2026-03-02,10.00,,,,R1"), by=who)
    house.load(csv("2026-03-02,10.00,,,,R1"))
    house.match()
    line = payments.suspense(house.db, house["risk"])[0].public_id
    with pytest.raises(Forbidden):
        payments.match_by_hand(house.db, clock=house.clock, by=house[who], line=line, loan="ln_x", words="")
    with pytest.raises(Forbidden):
        payments.ask_set_aside(house.db, clock=house.clock, by=house[who], line=line, words="not ours at all")


def test_another_branch_sees_neither_file_nor_line(house: House) -> None:
    file = house.load(csv("2026-03-02,10.00,,,,R1"))
    house.match()
    line = house.line(file, 2).public_id
    assert payments.bank_files(house.db, house["stranger"]) == [] and payments.suspense(house.db, house["stranger"]) == []
    with pytest.raises(NotFound):
        payments.bank_file(house.db, house["stranger"], file.public_id)
    with pytest.raises(NotFound):
        payments.ask_set_aside(house.db, clock=house.clock, by=house["stranger"], line=line, words="not ours at all")


def test_a_reversed_receipt_puts_its_line_back_into_suspense_to_be_matched_anew(house: House) -> None:
    wrong, right = house.paid(), house.paid("示例赵六", account="6222020000000000999")
    file = house.load(csv(f"2026-03-02,10.00,示例赵六,,{contract_no(house, wrong)},R1"))
    house.match()
    carry(servicing.reverse, house.db, clock=house.clock, by=SYSTEM, loan=wrong, event_no=2, reason="the number was mistyped")
    line = house.line(file, 2)
    assert (line.state, suspended(house)) == (BankLineState.REVERSED, 1_000)
    house.prove()
    carry(payments.match_by_hand, house.db, clock=house.clock, by=house["officer"], line=line.public_id, loan=right, words="")
    assert (house.receipts(right), suspended(house)) == ([(1_000, house.book.day)], 0)
    house.prove()


def test_what_one_loan_refuses_costs_no_other_line(house: House) -> None:
    """The first line is dated before its loan began: it waits for a person, the second is received."""
    loan = house.paid()
    number = contract_no(house, loan)
    file = house.load(csv(f"2026-02-01,10.00,示例张三,,{number},R1", f"2026-03-02,11.00,示例张三,,{number},R2"))
    house.match()
    assert states(house, file) == ["unmatched", "matched"]
    assert house.receipts(loan) == [(1_100, house.book.day)]
    house.prove()


def test_money_in_another_currency_waits_for_a_person(house: House) -> None:
    loan = house.paid()
    file = house.load(f"交易日期,交易金额,币种,摘要\n2026-03-02,10.00,USD,{contract_no(house, loan)}\n")
    house.match()
    assert house.line(file, 2).how == "other_currency"
    house.prove()


def test_a_receipt_that_pays_the_loan_off_ends_it_by_the_bank_s_line_too(house: House) -> None:
    loan = house.paid()
    house.load(csv(f"2026-03-02,1200.00,示例张三,,{contract_no(house, loan)},R1"))
    house.match()
    assert house.state(loan) == "releasing"


def test_nothing_of_the_payer_stands_in_the_clear(house: House) -> None:
    file = house.load(csv("2026-03-02,10.00,示例张三,6217000000000000001,谢谢张三,R1"))
    rows = house.db.execute("SELECT bank_line::text FROM bank_line").fetchall()
    assert not [row for row in rows if "张三" in row[0] or "6217000000000000001" in row[0]]
    line = house.line(file, 2)
    assert (line.payer, line.account) == ("示*", "*" * 15 + "0001")
    assert payments.line_words(house.db, house["officer"], line)["remark"] == "谢谢张三"
    with pytest.raises(Forbidden):
        payments.line_words(house.db, house["caller"], line)


def test_who_belongs_to_no_branch_has_no_place_for_the_money(house: House) -> None:
    from dataclasses import replace

    with pytest.raises(BadInput) as caught:
        payments.load_bank_file(
            house.db, clock=house.clock, by=replace(house["officer"], branch_id=None), name="x", data=csv("2026-03-02,1.00,,,,").encode(),
            map_name="generic",
        )  # fmt: skip
    assert caught.value.field == "branch"


def test_the_file_is_on_record_with_its_digest(house: House) -> None:
    file = house.load(csv("2026-03-02,10.00,,,,R1"))
    row = house.db.execute("SELECT kind, convert_from(body, 'UTF8') FROM record WHERE loan_id = %s", [file.file_id]).fetchone()
    assert row is not None
    assert row[0] == "bank_file.loaded" and file.digest in row[1]


def test_many_lines_of_one_loan_are_each_judged_twice_at_most(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of many lines for few loans once took as many judgements as the square of its lines."""
    judged: list[str] = []

    def counted(told: Any, known: Any) -> Any:
        judged.append(told.remark)
        return judge(told, known)

    monkeypatch.setattr(sys.modules[payments.load_bank_file.__module__], "judge", counted)
    loan = house.paid()
    house.load(csv(*(f"2026-03-02,1.{number:02d},示例张三,,{contract_no(house, loan)},R{number}" for number in range(12))))
    house.match()
    assert house.receipts(loan) == [(100 + number, house.book.day) for number in range(12)]
    assert len(judged) <= 2 * 12
    house.prove()


def test_ten_thousand_lines_are_taken_in_and_each_stands_once(house: House) -> None:
    """Known and unknown payers, mixed; the whole of it is in the books to the fen."""
    loan = house.paid()
    number = contract_no(house, loan)
    rows = [f"2026-03-02,{1 + index % 7}.00,示例,,{number if index % 500 == 0 else '谢谢'},R{index}" for index in range(10_000)]
    file = house.load(csv(*rows))
    house.match()
    counted = payments.bank_file(house.db, house["officer"], file.public_id).lines
    assert counted == {"matched": 20, "unmatched": 9_980}
    total = sum(100 * (1 + index % 7) for index in range(10_000))
    assert suspended(house) + sum(amount for amount, _ in house.receipts(loan)) == total
    assert suspended(house) == total - sum(100 * (1 + index % 7) for index in range(0, 10_000, 500))
