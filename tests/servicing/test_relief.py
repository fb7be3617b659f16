"""What staff put on a loan and take off it: what each does to the debt, who may, two people, and that each can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from holdfast.approvals import Request
from holdfast.kernel.errors import BadInput, Forbidden, HoldfastError, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.rate import Rate
from holdfast.life import LoanState
from holdfast.loans import loan_id_of
from holdfast.parties import Staff
from holdfast.products.schedule import schedule
from holdfast.products.terms import Fee, FeeAt, FeeOf, Penalty, PenaltyBase, Terms
from holdfast.servicing import owed, receive, resume, write_off
from holdfast.servicing.approved import answer, ask_charge, ask_goodwill, ask_pause, ask_reversal, ask_waiver, ask_write_off
from holdfast.servicing.charging import as_of
from holdfast.servicing.reading import day_figures, loan_detail, loan_list, look_of
from holdfast.servicing.verify import verify_books
from holdfast.servicing.views import LoanFilter
from holdfast.wiring import carry
from tests.books import OFFICER
from tests.servicing.contracts import contract
from tests.servicing.house import DAY, House

HALF_MORE = Penalty(PenaltyBase.PRINCIPAL, ratio_ppb=1_500_000_000)


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    return House(db, DAY).open()


def yuan(amount: float) -> Money:
    return Money(round(amount * 100), "CNY")


def charge(house: House, loan: str, by: str = "officer", **other: Any) -> Request:
    given: dict[str, Any] = {"name": "估值费", "ground": "agreed", "collected_by": "示例评估", "reason": "借款人书面同意（示例）"} | other
    if not given.keys() & {"amount", "ppb"}:
        given["amount"] = yuan(5)
    return ask_charge(house.db, clock=house.clock, by=house.people[by], loan=loan, **given)


def waive(house: House, loan: str, by: str = "officer", **parts: Any) -> Request:
    given = {part: yuan(amount) for part, amount in parts.items()}
    return ask_waiver(house.db, clock=house.clock, by=house.people[by], loan=loan, parts=given, reason="系统故障，减免（示例）")


def goodwill(house: House, loan: str, amount: float, by: str = "officer") -> Request:
    return ask_goodwill(house.db, clock=house.clock, by=house.people[by], loan=loan, amount=yuan(amount), reason="服务有误，让利（示例）")


def pause(house: House, loan: str, days: int = 20, by: str = "officer", **other: Any) -> Request:
    given: dict[str, Any] = {
        "starts_on": house.day,
        "ends_on": house.day + timedelta(days=days),
        "why": "dispute",
        "reason": "金额有争议（示例）",
    } | other
    return ask_pause(house.db, clock=house.clock, by=house.people[by], loan=loan, **given)


def agree(house: House, asked: Request, by: str = "approver") -> None:
    carry(answer, house.db, clock=house.clock, by=house.people[by], request=asked.public_id, approved=True, words="同意（示例）")


def late_loan(house: House, **terms: Any) -> str:
    """412.00 fell due on 2 April and is ten days late: 2.00 of penalty interest."""
    loan = house.loan(**({"penalty": HALF_MORE} | terms))
    house.sleep(41)
    assert house.day == date(2026, 4, 12)
    return loan


def unpaid(house: House, loan: str) -> int:
    return owed(house.db, loan=loan, on=house.day).minor


# ── charges of the contract ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fee", "each"),
    [
        (Fee("示例", 0, FeeAt.EACH_INSTALMENT, "lender", 10_000_000, FeeOf.PRINCIPAL), [1_200, 1_200, 1_200]),
        (Fee("示例", 0, FeeAt.EACH_INSTALMENT, "lender", 10_000_000, FeeOf.INSTALMENT_PRINCIPAL), [400, 400, 400]),
        (Fee("示例", 0, FeeAt.EACH_INSTALMENT, "lender", 100_000_000, FeeOf.INSTALMENT_INTEREST), [120, 80, 40]),
        (Fee("示例", 0, FeeAt.EACH_INSTALMENT, "lender", 10_000_000, FeeOf.INSTALMENT), [412, 408, 404]),
        (Fee("示例", 0, date(2026, 4, 1), "lender", 10_000_000, FeeOf.PRINCIPAL), [0, 0, 1_200]),
    ],
)
def test_a_fee_by_percentage_is_of_what_the_contract_names(fee: Fee, each: list[int]) -> None:
    assert [row.fee for row in schedule(contract(instalments=3, fees=(fee,)))] == each


def test_a_fee_by_percentage_reads_back_as_it_was_written() -> None:
    terms = contract(fees=(Fee("示例", 0, FeeAt.EACH_INSTALMENT, "示例仓库", 15_000_000, FeeOf.INSTALMENT),))
    assert Terms.from_json(terms.to_json()) == terms


@pytest.mark.parametrize(
    "wrong",
    [
        {"ppb": 0, "of": "principal"},
        {"ppb": 1, "of": "income"},
        {"ppb": 1, "of": "principal", "amount": 5},
        {"ppb": 1, "of": "instalment_interest", "at": "disbursement"},
    ],
)
def test_a_malformed_percentage_is_named(wrong: dict[str, Any]) -> None:
    fee = {"name": "示例", "amount": 0, "at": "each_instalment", "collected_by": "lender"} | wrong
    with pytest.raises(BadInput) as refused:
        Terms.from_json(contract().to_json() | {"fees": [fee]})
    assert (refused.value.field or "").startswith("terms.fees[0]")


# ── a charge on a loan ─────────────────────────────────────────────────────────────────────────────────────


def test_a_charge_falls_due_with_the_next_instalment_and_says_who_collects_it(house: House) -> None:
    loan = house.loan()
    agree(house, charge(house, loan))
    assert [row.fee for row in house.state(loan).instalments] == [500, 0, 0]
    assert unpaid(house, loan) == 120_000 + 500
    says = house.db.execute(
        "SELECT convert_from(body, 'UTF8')::json -> 'says' FROM record WHERE loan_id = %s AND kind = 'loan.charged'",
        [loan_id_of(house.db, loan)],
    ).fetchone()
    assert says is not None and (says[0]["collected_by"], says[0]["ground"]) == ("示例评估", "agreed")
    house.clean()


def test_a_charge_may_be_a_percentage_of_each_instalment_to_come(house: House) -> None:
    loan = house.loan()
    agree(house, charge(house, loan, ppb=1_000_000, of="instalment_principal"))
    assert [row.fee for row in house.state(loan).instalments] == [40, 40, 40]
    house.clean()


def test_a_charge_with_a_day_of_its_own_falls_due_on_it(house: House) -> None:
    # The second instalment's period holds it; a receipt of that day pays it, though the instalment is not due.
    loan = house.loan()
    agree(house, charge(house, loan, due_on=date(2026, 4, 20)))
    receive(house.db, clock=house.clock, by=OFFICER, loan=loan, amount=yuan(412), received_on=DAY)
    house.day = date(2026, 4, 20)
    receive(house.db, clock=house.clock, by=OFFICER, loan=loan, amount=yuan(5), received_on=house.day)
    assert [(row.fee, row.fee_paid) for row in house.state(loan).instalments] == [(0, 0), (500, 500), (0, 0)]
    for check in verify_books(house.db):
        assert check.ok, check.differences


def test_a_charge_that_takes_all_costs_above_the_ceiling_is_refused_when_it_is_asked(house: House) -> None:
    # 21 % a year, monthly, is 23.14 % effective; 5.00 more on 1,200.00 over three months is above 24 %.
    loan = house.loan(rate=Rate(210_000_000))
    charge(house, loan, amount=yuan(0.10))
    with pytest.raises(Refusal) as refused:
        charge(house, loan)
    assert refused.value.code == "above_ceiling"


def test_small_charges_one_after_the_other_do_not_pass_the_ceiling_either(house: House) -> None:
    loan = house.loan(rate=Rate(210_000_000))
    agree(house, charge(house, loan, amount=yuan(1)))
    with pytest.raises(Refusal):
        charge(house, loan, amount=yuan(1))


def test_a_loan_that_may_take_no_new_charge_takes_none(house: House) -> None:
    loan = house.loan()
    house.db.execute("UPDATE account SET charges_barred = true")
    with pytest.raises(Refusal) as refused:
        charge(house, loan)
    assert refused.value.code == "charges_barred"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"ground": "custom"}, "ground"),
        ({"name": " "}, "name"),
        ({"collected_by": ""}, "collected_by"),
        ({"amount": yuan(0)}, "amount"),
        ({"amount": Money(1, "USD")}, "amount"),
        ({"amount": yuan(5), "ppb": 1, "of": "principal"}, "amount"),
        ({"ppb": 1, "of": "income"}, "of"),
        ({"ppb": 1, "of": "instalment_principal"}, "of"),
        ({"due_on": date(2026, 3, 1)}, "due_on"),
    ],
)
def test_what_no_charge_may_be_is_named(house: House, wrong: dict[str, Any], field: str) -> None:
    loan = house.loan()
    with pytest.raises((BadInput, Refusal)) as refused:
        charge(house, loan, **wrong)
    assert refused.value.field == field


# ── waivers ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_waiver_gives_up_what_it_names_and_no_principal(house: House) -> None:
    loan = late_loan(house)
    before = unpaid(house, loan)
    agree(house, waive(house, loan, penalty=2, interest=5))
    assert unpaid(house, loan) == before - 700
    state = house.state(loan)
    assert (state.totals.penalty_charged, state.totals.interest_earned, state.principal_out) == (0, 700, 120_000)
    house.clean()
    house.walk(10)
    assert unpaid(house, loan) - before == 200 - 700 + 266  # ten days more, and ten of the second's 30 days of 8.00


def test_more_than_is_unpaid_is_never_given_up(house: House) -> None:
    loan = late_loan(house)
    every: list[dict[str, Any]] = [{"penalty": 2.01}, {"interest": 12.01}, {"fee": 0.01}]
    for parts in every:
        with pytest.raises(Refusal) as refused:
            waive(house, loan, **parts)
        assert refused.value.code == "waiver_too_large"
    with pytest.raises(BadInput):
        waive(house, loan)
    with pytest.raises(BadInput):
        waive(house, loan, principal=1)


def test_giving_up_the_last_that_is_owed_ends_the_loan(house: House) -> None:
    loan = late_loan(house, instalments=1, allocation=("interest", "principal", "fee", "penalty"))
    house.pay(loan, 1_212)
    assert unpaid(house, loan) == 600
    agree(house, waive(house, loan, penalty=6))
    assert house.state(loan).paid_off_on == house.day
    assert loan_detail(house.db, look_of(house.db, house.people["risk"].scope, house.clock), loan).row.state == LoanState.RELEASING
    house.clean()


def test_what_turns_out_to_have_been_paid_before_was_not_given_up(house: House) -> None:
    # 412.60 paid on the 5th, three days late, is learned of after 2.00 were waived on the 12th: nothing was left to waive.
    loan = late_loan(house)
    agree(house, waive(house, loan, penalty=2))
    house.pay(loan, "412.60", on=date(2026, 4, 5))
    assert house.state(loan).totals.penalty_paid == 60
    assert house.state(loan).instalments[0].unpaid == 0
    house.clean()


def test_whoever_agrees_needs_the_authority_for_the_sum(house: House) -> None:
    # The pack lets an approver agree to 5,000.00 and risk to 100,000.00.
    loan = house.loan(principal=60_000_000)
    house.sleep(41)
    asked = waive(house, loan, interest=5_000.01)
    with pytest.raises(Refusal) as refused:
        agree(house, asked)
    assert refused.value.code == "beyond_authority"
    agree(house, asked, by="risk")
    agree(house, waive(house, loan, interest=900))
    with pytest.raises(Refusal):
        agree(house, goodwill(house, loan, 5_000.01))


# ── goodwill ───────────────────────────────────────────────────────────────────────────────────────────────


def test_goodwill_falls_as_a_payment_would_and_is_an_expense_that_no_bank_sees(house: House) -> None:
    loan = late_loan(house)
    agree(house, goodwill(house, loan, 14))
    row = house.state(loan).instalments[0]
    assert (row.penalty_paid, row.interest_paid, row.principal_paid) == (200, 1_200, 0)
    lines = house.db.execute(
        "SELECT debit_account, credit_account, amount FROM posting WHERE loan_id = %s AND event_no ="
        " (SELECT max(event_no) FROM loan_event WHERE loan_id = %s) AND debit_account = 'goodwill_expense' ORDER BY amount",
        [loan_id_of(house.db, loan)] * 2,
    ).fetchall()
    assert [tuple(line) for line in lines] == [
        ("goodwill_expense", "penalty_receivable", 200), ("goodwill_expense", "interest_receivable", 1_200),
    ]  # fmt: skip
    house.clean()


def test_goodwill_may_end_the_loan_and_is_never_more_than_that(house: House) -> None:
    loan = late_loan(house)
    ends = unpaid(house, loan)
    with pytest.raises(Refusal) as refused:
        goodwill(house, loan, ends / 100 + 0.01)
    assert refused.value.code == "goodwill_too_large"
    agree(house, goodwill(house, loan, ends / 100))
    assert house.state(loan).paid_off_on == house.day
    house.clean()


def test_goodwill_that_was_too_much_after_all_is_not_paid_out(house: House) -> None:
    loan = house.loan()
    agree(house, goodwill(house, loan, 1_000))
    house.walk(1)
    house.pay(loan, 1_200, on=DAY)  # received on the day of the goodwill, and entered after it
    assert house.state(loan).totals.overpaid == 100_000
    house.clean()


# ── pauses ─────────────────────────────────────────────────────────────────────────────────────────────────


def days_late(house: House, loan: str) -> int:
    return loan_detail(house.db, look_of(house.db, house.people["risk"].scope, house.clock), loan).row.days_past_due


def test_while_the_count_is_paused_no_day_is_late_and_none_costs_anything(house: House) -> None:
    loan = late_loan(house)
    agree(house, pause(house, loan, 20))
    told = []
    for _ in range(3):
        told.append((days_late(house, loan), house.state(loan).totals.penalty_charged, unpaid(house, loan)))
        house.walk(10)
    assert [each[0] for each in told] == [10, 10, 10]
    assert days_late(house, loan) == 20
    assert sum(row.penalty for row in _as_of(house, loan)) == 400 + 200  # of the second instalment too: due on 2 May, the last day paused


def _as_of(house: House, loan: str) -> Any:
    return as_of(house.state(loan), house.day).instalments


def test_what_is_late_stays_at_least_one_day_late(house: House) -> None:
    loan = house.loan()
    agree(house, pause(house, loan, 60))
    house.walk(45)
    assert days_late(house, loan) == 1
    row = loan_list(house.db, look_of(house.db, house.people["risk"].scope, house.clock)).items[0]
    assert row.loan_class == "special_mention"


def test_lists_and_figures_count_as_the_loans_page_does(house: House) -> None:
    loan = late_loan(house)
    agree(house, pause(house, loan, 90))
    house.walk(90)  # 100 calendar days late, 10 of them count
    look = look_of(house.db, house.people["risk"].scope, house.clock)

    def found(**wanted: Any) -> bool:
        return bool(loan_list(house.db, look, LoanFilter(**wanted)).items)

    assert [found(dpd_min=days) for days in (1, 10, 11, 91)] == [True, True, False, False]
    assert [found(dpd_max=days) for days in (9, 10, 99)] == [False, True, True]
    assert found(loan_class="special_mention") and not found(loan_class="substandard")
    assert day_figures(house.db, look, house.clock.now()).classes["special_mention"] == 1


def test_resumed_the_count_goes_on_from_that_day(house: House) -> None:
    loan = late_loan(house)
    agree(house, pause(house, loan, 20))
    house.walk(5)
    assert days_late(house, loan) == 10
    resume(house.db, clock=house.clock, by=house.people["officer"], loan=loan, reason="争议已解决（示例）")
    house.walk(5)
    assert days_late(house, loan) == 15
    with pytest.raises(Refusal) as refused:
        resume(house.db, clock=house.clock, by=house.people["officer"], loan=loan, reason="再来一次（示例）")
    assert refused.value.code == "not_paused"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"why": "whim"}, "bad_input"),
        ({"starts_on": DAY - timedelta(days=1)}, "bad_input"),
        ({"ends_on": DAY}, "bad_input"),
        ({"ends_on": DAY + timedelta(days=91)}, "pause_too_long"),
    ],
)
def test_what_no_pause_may_be_is_refused(house: House, wrong: dict[str, Any], code: str) -> None:
    loan = house.loan()
    with pytest.raises(HoldfastError) as refused:
        pause(house, loan, **wrong)
    assert refused.value.code == code


def test_two_pauses_do_not_meet(house: House) -> None:
    loan = house.loan()
    agree(house, pause(house, loan, 20))
    with pytest.raises(Refusal) as refused:
        pause(house, loan, 20, starts_on=DAY + timedelta(days=20), ends_on=DAY + timedelta(days=30))
    assert refused.value.code == "pause_meets_another"
    agree(house, pause(house, loan, starts_on=DAY + timedelta(days=21), ends_on=DAY + timedelta(days=30)))
    house.clean()


# ── written off, recovered ─────────────────────────────────────────────────────────────────────────────────


def test_a_write_off_takes_all_that_was_due_off_the_books_and_recovery_brings_it_back(house: House) -> None:
    loan = late_loan(house)
    agree(house, charge(house, loan, due_on=house.day))
    house.sleep(1)
    agree(house, ask_write_off(house.db, clock=house.clock, by=house.people["approver"], loan=loan, reason="无力偿还（示例）"), by="risk")
    totals = house.state(loan).totals
    assert (totals.principal_written_off, totals.interest_written_off, totals.penalty_written_off) == (120_000, 1_200, 220)
    claim = unpaid(house, loan)
    assert claim == house.state(loan).lost
    house.pay(loan, 1)
    assert (unpaid(house, loan), house.state(loan).totals.recovered) == (claim - 100, 100)
    house.clean()


def test_a_write_off_is_taken_back_by_two_and_penalty_interest_has_run_on(house: House) -> None:
    loan = late_loan(house)
    done = write_off(house.db, clock=house.clock, by=OFFICER, loan=loan, reason="误核销（示例）")
    house.sleep(5)
    assert unpaid(house, loan) == 120_000 + 1_200 + 200
    asked = ask_reversal(
        house.db, clock=house.clock, by=house.people["officer"], loan=loan, event_no=done.event_no, reason="误核销（示例）"
    )
    agree(house, asked)
    assert house.state(loan).written_off_on is None
    assert unpaid(house, loan) == 120_000 + 1_200 + 400 + 300
    house.clean()


# ── taken back, who may, two people ────────────────────────────────────────────────────────────────────────

ASKS: dict[str, Callable[..., Request]] = {
    "charge": charge,
    "waiver": lambda house, loan, **by: waive(house, loan, penalty=1, **by),
    "goodwill": lambda house, loan, **by: goodwill(house, loan, 1, **by),
    "delinquency.pause": pause,
}
NOT_FOR = {
    "charge": ("caller", "approver", "custodian", "risk", "auditor"),
    "waiver": ("caller", "custodian", "risk", "auditor"),
    "goodwill": ("caller", "custodian", "risk", "auditor"),
    "delinquency.pause": ("caller", "custodian", "risk", "auditor"),
}


@pytest.mark.parametrize("act", ASKS)
def test_each_is_taken_back_as_if_it_had_never_been(house: House, act: str) -> None:
    loan = late_loan(house)
    before = house.state(loan)
    agree(house, ASKS[act](house, loan))
    event_no = house.db.execute("SELECT max(event_no) FROM loan_event WHERE loan_id = %s", [loan_id_of(house.db, loan)]).fetchone()
    assert event_no is not None
    asked = ask_reversal(house.db, clock=house.clock, by=house.people["officer"], loan=loan, event_no=event_no[0], reason="有误（示例）")
    agree(house, asked)
    after = house.state(loan)
    assert (after.instalments, after.totals, after.pauses, after.charges) == (
        before.instalments, before.totals, before.pauses, before.charges,
    )  # fmt: skip
    house.clean()


@pytest.mark.parametrize(("act", "role"), [(act, role) for act, roles in NOT_FOR.items() for role in roles])
def test_each_is_asked_by_its_roles_only(house: House, act: str, role: str) -> None:
    loan = late_loan(house)
    with pytest.raises(Forbidden):
        ASKS[act](house, loan, by=role)


@pytest.mark.parametrize("act", ASKS)
def test_each_takes_two_people_whatever_their_log_ins(house: House, act: str) -> None:
    person = house.person("白示例", phone="13800000008").party_id
    house.hire("officer", name="one", person_id=person)
    house.hire("approver", name="one_again", person_id=person)
    loan = late_loan(house)
    before = house.state(loan)
    asked = ASKS[act](house, loan, by="one")
    assert house.state(loan) == before
    with pytest.raises(Forbidden):
        agree(house, asked, by="one_again")
    with pytest.raises(Forbidden):
        agree(house, asked, by="officer")


@pytest.mark.parametrize("act", ASKS)
def test_each_is_out_of_reach_for_another_branch(house: House, act: str) -> None:
    house.hire("officer", name="elsewhere", reach="branch")
    loan = late_loan(house)
    with pytest.raises(NotFound):
        ASKS[act](house, loan, by="elsewhere")


@pytest.mark.parametrize("act", ASKS)
def test_none_is_for_a_loan_that_is_not_being_repaid(house: House, act: str) -> None:
    loan = late_loan(house)
    write_off(house.db, clock=house.clock, by=OFFICER, loan=loan, reason="示例核销")
    with pytest.raises(Refusal) as refused:
        ASKS[act](house, loan)
    assert refused.value.code == "loan_not_active"


def test_only_who_may_resumes(house: House) -> None:
    loan = house.loan()
    agree(house, pause(house, loan))
    house.hire("officer", name="elsewhere", reach="branch")

    def by(who: Staff) -> None:
        resume(house.db, clock=house.clock, by=who, loan=loan, reason="示例恢复")

    for role in ("caller", "custodian", "auditor"):
        with pytest.raises(Forbidden):
            by(house.people[role])
    with pytest.raises(NotFound):
        by(house.people["elsewhere"])
    by(house.people["risk"])
