"""Settlements: a debt ends for less than is owed once all that was agreed has come in, and not a day or a fen sooner."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import Any

import psycopg
import pytest

from holdfast import approvals
from holdfast.approvals import Standing
from holdfast.contact import codes, messages
from holdfast.duties import freeze, take
from holdfast.followup import settlements
from holdfast.followup.settlements_model import LIFE, Limits, Part, Settlement, SettlementEvent, SettlementState, after, in_order
from holdfast.followup.settlements_papers import read_agreement
from holdfast.journal import Actor
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.loans import loan_id_of
from holdfast.servicing import credit_goodwill, owed, read_history, reverse, write_off
from holdfast.servicing.settling import rest_today
from holdfast.wiring import NOTARY, PRESS
from tests.books import OFFICER
from tests.followup.settling import House, yuan
from tests.servicing.house import DAY

BIG = 3_000_000  # 30,000.00 lent: 10,300.00 is late


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    return House(db, DAY).open()


@pytest.fixture
def loan(house: House) -> str:
    return house.late()


def owes(house: House, loan: str) -> int:
    return owed(house.db, loan=loan, on=house.day).minor


def gl(house: House, account: str) -> int:
    """What stands on an account of the general ledger: debits less credits."""
    row = house.db.execute(
        """SELECT coalesce(sum(CASE WHEN debit_account = %(name)s THEN amount ELSE 0 END), 0)
                - coalesce(sum(CASE WHEN credit_account = %(name)s THEN amount ELSE 0 END), 0) FROM gl_entry""",
        {"name": account},
    ).fetchone()
    assert row is not None
    return int(row[0])


# ── the table of states, and what no settlement can be ─────────────────────────────────────────────────────


@pytest.mark.parametrize(("state", "event"), list(product(SettlementState, SettlementEvent)))
def test_what_is_not_in_the_table_of_states_is_refused(state: SettlementState, event: SettlementEvent) -> None:
    if (state, event) in LIFE:
        assert after(state, event) is LIFE[state, event]
    else:
        with pytest.raises(Refusal) as refused:
            after(state, event)
        assert refused.value.code == "settlement_state"


FIRST = date(2026, 4, 1)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([], "settlement_parts"),
        ([(1, 10), (2, 10), (3, 10)], "settlement_parts"),
        ([(-1, 10)], "settlement_day"),
        ([(32, 10)], "settlement_day"),
        ([(1, 0)], "settlement_amount"),
        ([(1, 10), (1, 20)], "settlement_same_day"),
    ],
)
def test_parts_beyond_the_pack_are_refused_with_the_mend(parts: list[tuple[int, float]], code: str) -> None:
    wanted = [Part(FIRST + timedelta(days=days), yuan(amount)) for days, amount in parts]
    with pytest.raises(BadInput) as refused:
        in_order(wanted, Limits(31, 2, 1, 7), today=FIRST, currency="CNY")
    assert refused.value.code == code and refused.value.field


# ── offered ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_terms_say_what_is_owed_what_going_on_costs_and_what_is_forgiven_by_part(house: House, loan: str) -> None:
    parts = house.parts((10, 1000))
    terms, authority = settlements.compare(house.db, clock=house.clock, by=house.people["caller"], loan=loan, parts=parts)
    assert terms.owed.total == owes(house, loan)
    assert terms.going_on.as_json() == {"penalty": 0, "fee": 0, "interest": 554, "principal": 120_000}  # its three weeks are over then
    assert terms.total == yuan(1000)
    # Each instalment's interest is paid before its principal, so what is left is principal: 1,205.54 less 1,000.00.
    assert terms.forgiven.as_json() == {"penalty": 0, "fee": 0, "interest": 0, "principal": 20_554}
    assert [str(role) for role in authority.roles] == ["approver", "risk"] and not authority.two


def test_nothing_that_is_looked_at_is_written(house: House, loan: str) -> None:
    before = house.kinds(loan)
    settlements.compare(house.db, clock=house.clock, by=house.people["officer"], loan=loan, parts=house.parts((5, 900)))
    assert house.kinds(loan) == before and not settlements.settlements_of(house.db, by=house.people["risk"], loan=loan)


def test_only_a_debt_that_is_late_or_written_off_is_settled(house: House) -> None:
    loan = house.loan()
    with pytest.raises(Refusal) as refused:
        house.offer(loan, (5, 900))
    assert refused.value.code == "settlement_nothing_late"


def test_what_pays_the_whole_debt_is_no_settlement(house: House, loan: str) -> None:
    with pytest.raises(Refusal) as refused:
        house.offer(loan, (5, 1300))
    assert refused.value.code == "settlement_pays_all"


def test_one_settlement_is_open_at_a_time(house: House, loan: str) -> None:
    house.offer(loan, (5, 900))
    with pytest.raises(Refusal) as refused:
        house.offer(loan, (6, 900))
    assert refused.value.code == "settlement_open"


def test_an_offer_is_bound_to_the_figures_that_were_shown(house: House, loan: str) -> None:
    with pytest.raises(Refusal) as refused:
        house.offer(loan, (5, 900), shown="0" * 64)
    assert refused.value.code == "settlement_moved"


@pytest.mark.parametrize(("field", "value"), [("reason", "free words"), ("means", "lottery"), ("words", "x")])
def test_an_offer_says_why_and_by_which_means_from_a_list(house: House, loan: str, field: str, value: str) -> None:
    with pytest.raises(BadInput) as refused:
        house.offer(loan, (5, 900), **{field: value})
    assert refused.value.field == field


@pytest.mark.parametrize("role", ["approver", "risk", "custodian", "auditor", "admin", "integrator"])
def test_whoever_decides_or_only_looks_does_not_offer(house: House, loan: str, role: str) -> None:
    with pytest.raises(Forbidden):
        house.offer(loan, (5, 900), by=role, shown="0" * 64)


def test_a_loan_of_another_branch_is_not_there_for_a_caller(house: House, loan: str) -> None:
    found = house.offer(loan, (5, 900))
    far = house.hire("caller", name="far", reach="branch")
    about: dict[str, Any] = {"clock": house.clock, "by": far, "loan": loan}
    with pytest.raises(NotFound):
        settlements.compare(house.db, parts=house.parts((5, 900)), **about)
    with pytest.raises(NotFound):
        settlements.settlements_of(house.db, by=far, loan=loan)
    with pytest.raises(NotFound):
        settlements.withdraw(house.db, settlement=found.public_id, words="示例缘由", **about)
    assert settlements.register(house.db, by=far) == []
    assert [each.public_id for each in settlements.register(house.db, by=house.people["auditor"])] == [found.public_id]


def test_a_loan_of_another_branch_is_not_there_for_who_decides(house: House, loan: str) -> None:
    found = house.offer(loan, (5, 900))
    with pytest.raises(NotFound):
        house.decide(found, by=house.hire("risk", name="far", reach="branch"))


# ── decided, within authority ──────────────────────────────────────────────────────────────────────────────


def test_more_than_a_role_may_forgive_is_refused_by_name_and_says_whose_it_is(house: House, loan: str) -> None:
    found = house.offer(loan, (5, 800))  # 400.00 of 1,200.00 is a third; an approver's share of principal is a fifth
    with pytest.raises(Forbidden) as refused:
        house.decide(found, by="approver")
    assert refused.value.code == "beyond_authority_of"
    assert refused.value.facts == {"limits": ["authority.principal_percent"], "whose": ["risk"]}
    assert house.decide(found, by="risk").state is SettlementState.APPROVED


def test_what_is_beyond_everybody_is_not_even_offered(house: House, loan: str) -> None:
    with pytest.raises(Refusal) as refused:
        house.offer(loan, (5, 100))  # more than four fifths of the principal
    assert refused.value.code == "beyond_all_authority" and refused.value.facts["limits"] == ["authority.principal_percent"]


def test_from_the_sum_that_the_pack_names_one_of_each_role_agrees(house: House) -> None:
    loan = house.late(principal=BIG)
    found = house.offer(loan, (5, 18_000))  # more than 10,000.00 is forgiven
    assert house.decide(found, by="risk").state is SettlementState.OFFERED
    with pytest.raises(Forbidden) as refused:
        house.decide(found, by=house.hire("risk", name="second risk"))
    assert refused.value.code == "authority_of_others" and refused.value.facts["whose"] == ["approver"]
    assert house.decide(found, by="approver").state is SettlementState.APPROVED
    kinds = house.kinds(loan)
    assert kinds.count("settlement.seconded") == 1 and kinds.count("settlement.approved") == 1


def test_one_person_under_two_log_ins_is_one_person(house: House) -> None:
    loan = house.late(principal=BIG)
    one = house.person("双签示例", phone="13800000009").party_id
    house.hire("approver", name="first log-in", person_id=one)
    house.hire("risk", name="second log-in", person_id=one)
    found = house.offer(loan, (5, 18_000))
    house.decide(found, by="first log-in")
    with pytest.raises(Forbidden) as refused:
        house.decide(found, by="second log-in")
    assert refused.value.code == "approval_same_person"


def test_whoever_offered_it_does_not_decide_under_another_log_in(house: House, loan: str) -> None:
    one = house.person("双签示例", phone="13800000009").party_id
    house.hire("caller", name="offers", person_id=one)
    house.hire("risk", name="decides", person_id=one)
    found = house.offer(loan, (5, 900), by="offers")
    with pytest.raises(Forbidden) as refused:
        house.decide(found, by="decides")
    assert refused.value.code == "approval_same_person"


def test_nobody_decides_on_a_debt_of_their_own(house: House, loan: str) -> None:
    house.hire("risk", name="owes it", person_id=house.borrower.party_id)
    with pytest.raises(Forbidden) as refused:
        house.decide(house.offer(loan, (5, 900)), by="owes it")
    assert refused.value.code == "approval_barred"


@pytest.mark.parametrize("role", ["caller", "officer", "custodian", "auditor", "admin"])
def test_only_who_has_the_role_decides(house: House, loan: str, role: str) -> None:
    found = house.offer(loan, (5, 900))
    with pytest.raises(Forbidden):
        house.decide(found, by=role)


def test_a_refusal_says_why_and_changes_nothing(house: House, loan: str) -> None:
    found = house.offer(loan, (5, 900))
    with pytest.raises(BadInput):
        house.decide(found, agreed=False, words="")
    assert house.decide(found, by="approver", agreed=False).state is SettlementState.REFUSED
    assert approvals.request(house.db, found.request).standing is Standing.REFUSED
    assert "settlement" not in house.duties(loan)
    house.clean()


def test_money_that_comes_in_meanwhile_stops_the_decision(house: House, loan: str) -> None:
    found = house.offer(loan, (5, 900))
    house.settle(loan, 50)
    with pytest.raises(Refusal) as refused:
        house.decide(found, by="risk")
    assert refused.value.code == "settlement_moved"


def test_nights_that_only_bill_and_count_days_leave_an_offer_as_it_was_shown(house: House) -> None:
    loan = house.late(instalments=6)
    found = house.offer(loan, (20, 900))
    house.nights(3)
    assert house.decide(found, by="risk").state is SettlementState.APPROVED


def test_an_offer_that_is_taken_back_waits_for_nobody(house: House, loan: str) -> None:
    found = house.offer(loan, (5, 900))
    back = settlements.withdraw(
        house.db, clock=house.clock, by=house.people["officer"], loan=loan, settlement=found.public_id, words="借款人改变主意（示例）"
    )
    assert back.state is SettlementState.WITHDRAWN and "settlement" not in house.duties(loan)
    assert not settlements.waits(house.db, approvals.request(house.db, found.request))
    with pytest.raises(Refusal):
        house.decide(found, by="risk")
    assert house.offer(loan, (6, 900)).state is SettlementState.OFFERED
    house.clean()


# ── agreed by the borrower ─────────────────────────────────────────────────────────────────────────────────


def test_the_borrower_agrees_with_a_code_to_exactly_these_terms_and_gets_the_agreement(house: House, loan: str) -> None:
    found = house.agree(house.decide(house.offer(loan, (5, 900)), by="risk"))
    assert found.state is SettlementState.RUNNING and found.agreed_on == house.day and found.paper
    file, data = read_agreement(house.db, found)
    assert data.startswith(b"%PDF") and file.public_id == found.paper
    told = [each.template for each in messages(house.db, house.people["risk"].scope)]
    assert "settlement_offered" in told
    assert "settlement_agree" not in house.duties(loan)


def test_nobody_agrees_before_it_is_decided_nor_without_typing_the_code(house: House, loan: str) -> None:
    found = house.offer(loan, (5, 900))
    about: dict[str, Any] = {"clock": house.clock, "by": house.theirs, "loan": loan, "settlement": found.public_id}
    with pytest.raises(Refusal) as refused:
        settlements.ask_code(house.db, **about)
    assert refused.value.code == "settlement_state"
    house.decide(found, by="risk")
    code_id = settlements.ask_code(house.db, **about)
    with pytest.raises(Refusal) as refused:
        settlements.agree(house.db, **about, code_id=code_id, press=PRESS, notary=NOTARY)
    assert refused.value.code == "code_not_proved"


def test_a_code_for_one_settlement_agrees_to_no_other(house: House, loan: str) -> None:
    found = house.decide(house.offer(loan, (5, 900)), by="risk")
    about: dict[str, Any] = {"clock": house.clock, "by": house.theirs, "loan": loan}
    code_id = settlements.ask_code(house.db, **about, settlement=found.public_id)
    assert codes.attempt(house.db, clock=house.clock, code_id=code_id, digits=house.digits())
    settlements.withdraw(house.db, **{**about, "by": house.people["caller"]}, settlement=found.public_id, words="另立方案（示例）")
    other = house.decide(house.offer(loan, (6, 850)), by="risk")
    with pytest.raises(Refusal) as refused:
        settlements.agree(house.db, **about, settlement=other.public_id, code_id=code_id, press=PRESS, notary=NOTARY)
    assert refused.value.code == "code_bound"


def test_somebody_else_s_settlement_is_not_there_for_a_borrower(house: House, loan: str) -> None:
    found = house.decide(house.offer(loan, (5, 900)), by="risk")
    stranger = Actor(house.person("别人示例", phone="13800000002").public_id, "borrower")
    about: dict[str, Any] = {"clock": house.clock, "by": stranger, "loan": loan, "settlement": found.public_id}
    with pytest.raises(NotFound):
        settlements.ask_code(house.db, **about)
    with pytest.raises(NotFound):
        settlements.agree(house.db, **about, code_id="oc_x", press=PRESS, notary=NOTARY)
    with pytest.raises(NotFound):
        settlements.settlements_of(house.db, by=stranger, loan=loan)


def test_what_nobody_agrees_to_in_time_lapses(house: House, loan: str) -> None:
    found = house.decide(house.offer(loan, (5, 900)), by="risk")
    house.nights(5)
    assert house.now(loan) is SettlementState.APPROVED  # its last day is not over
    house.nights(1)
    assert house.now(loan) is SettlementState.LAPSED and found.agree_by == house.day - timedelta(days=1)
    assert "settlement_agree" not in house.duties(loan)
    house.clean()


def test_once_agreed_to_it_binds_and_nobody_takes_it_back(house: House, loan: str) -> None:
    found = house.running(loan, (5, 900))
    with pytest.raises(Refusal) as refused:
        settlements.withdraw(
            house.db, clock=house.clock, by=house.people["caller"], loan=loan, settlement=found.public_id, words="示例缘由"
        )
    assert refused.value.code == "settlement_state"


# ── kept ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_settlement_that_is_kept_ends_the_loan_in_the_transaction_of_its_last_receipt(house: House, loan: str) -> None:
    house.running(loan, (5, 500), (10, 500))
    house.settle(loan, 500)
    assert house.now(loan) is SettlementState.RUNNING and house.loan_state(loan) == "active"
    house.nights(6)
    house.settle(loan, 499.99)
    assert house.now(loan) is SettlementState.RUNNING  # a fen is missing
    house.settle(loan, 0.01)
    assert house.now(loan) is SettlementState.KEPT and house.loan_state(loan) == "releasing"
    assert owes(house, loan) == 0
    assert house.kinds(loan)[-3:] == ["loan.forgiven", "settlement.kept", "release.opened"]
    assert "settlement_certificate" in house.duties(loan)
    house.clean()


def test_what_is_forgiven_is_an_expense_for_principal_and_no_income_for_the_rest(house: House, loan: str) -> None:
    house.running(loan, (5, 1000))
    house.settle(loan, 1000)
    for account in ("principal_receivable", "interest_receivable", "accrued_interest"):
        assert gl(house, account) == 0, account
    # 1,200.00 went out and 1,000.00 came back: the lender is 200.00 poorer, whatever of it is called expense and what no income.
    assert gl(house, "goodwill_expense") + gl(house, "interest_income") == 20_000
    assert gl(house, "interest_income") <= -276  # what had fallen due was paid: it stays income
    house.clean()


def test_money_on_the_day_of_grace_keeps_it_and_the_night_breaks_it_after(house: House, loan: str) -> None:
    house.running(loan, (5, 1000))
    house.nights(6)
    house.settle(loan, 1000)
    assert house.now(loan) is SettlementState.KEPT
    house.clean()


def test_a_debt_that_was_written_off_is_settled_too_and_its_claim_ends(house: House, loan: str) -> None:
    write_off(house.db, clock=house.clock, by=OFFICER, loan=loan, reason="无法收回（示例）")
    claim = owes(house, loan)
    found = house.running(loan, (5, 700))
    assert found.terms.forgiven.total == claim - 70_000
    house.nights(2)
    house.settle(loan, 700)
    assert house.now(loan) is SettlementState.KEPT and house.loan_state(loan) == "releasing" and owes(house, loan) == 0
    assert gl(house, "recovery_income") == -70_000 and gl(house, "goodwill_expense") == 0
    house.clean()


def test_a_debt_written_off_while_its_settlement_runs_keeps_it(house: House, loan: str) -> None:
    house.running(loan, (5, 500), (10, 500))
    house.settle(loan, 500)
    write_off(house.db, clock=house.clock, by=OFFICER, loan=loan, reason="无法收回（示例）")
    house.settle(loan, 500)
    assert house.now(loan) is SettlementState.KEPT and house.loan_state(loan) == "releasing"
    house.clean()


def test_whoever_pays_the_whole_debt_after_all_has_kept_it_and_nothing_is_forgiven(house: House, loan: str) -> None:
    house.running(loan, (5, 1000))
    house.settle(loan, 1300)
    found = settlements.settlements_of(house.db, by=house.people["caller"], loan=loan)[0]
    assert found.state is SettlementState.KEPT and found.forgiven_no is None and house.loan_state(loan) == "releasing"
    assert gl(house, "goodwill_expense") == 0
    house.clean()


def test_a_loan_that_ends_without_the_money_agreed_on_has_overtaken_its_settlement(house: House, loan: str) -> None:
    house.running(loan, (5, 1000))
    rest = Money(owes(house, loan), "CNY")
    credit_goodwill(house.db, clock=house.clock, by=OFFICER, loan=loan, amount=rest, reason="本行过错（示例）")
    house.nights(1)
    assert house.now(loan) is SettlementState.OVERTAKEN


def test_more_money_than_was_agreed_on_pays_debt_and_lessens_what_is_forgiven(house: House, loan: str) -> None:
    house.running(loan, (5, 1000))
    before = owes(house, loan)
    house.settle(loan, 1100)
    number = loan_id_of(house.db, loan)
    event = next(each for each in read_history(house.db, [number])[number] if each.kind == "forgiven")
    assert sum(event.payload["parts"].values()) == before - 110_000
    house.clean()


def test_money_that_came_before_the_agreement_does_not_count_for_it(house: House, loan: str) -> None:
    house.settle(loan, 400)
    house.running(loan, (5, 700))
    house.settle(loan, 600)
    assert house.now(loan) is SettlementState.RUNNING


def test_a_freeze_does_not_hold_up_what_was_kept(house: House, loan: str) -> None:
    house.running(loan, (5, 1000))
    freeze(house.db, take(house.db, loan, None), clock=house.clock, by=house.people["risk"].actor, reason="fraud", words="示例迹象")
    house.nights(7)
    assert house.now(loan) is SettlementState.BROKEN  # the night judges a frozen loan as any other


# ── broken ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_settlement_that_is_not_kept_forgives_nothing_and_calls_for_a_caller(house: House, loan: str) -> None:
    house.running(loan, (5, 500), (10, 500))
    house.settle(loan, 500)
    house.nights(11)
    assert house.now(loan) is SettlementState.RUNNING  # grace runs
    before = owes(house, loan)
    house.nights(1)
    assert house.now(loan) is SettlementState.BROKEN and house.loan_state(loan) == "active"
    assert owes(house, loan) >= before and "loan.forgiven" not in house.kinds(loan)
    assert "settlement_broken" in house.duties(loan)
    house.settle(loan, 500)
    assert house.loan_state(loan) == "active"  # too late: it is money like any other
    settlements.speak(
        house.db, clock=house.clock, by=house.people["caller"], loan=loan, outcome="asks_for_relief", words="再商量（示例）", how="came"
    )
    assert "settlement_broken" not in house.duties(loan)
    house.clean()


def test_the_talk_about_a_broken_settlement_is_noted_once_by_who_may(house: House, loan: str) -> None:
    about: dict[str, Any] = {"clock": house.clock, "loan": loan, "words": "示例说明", "how": "came"}
    with pytest.raises(Refusal) as refused:
        settlements.speak(house.db, by=house.people["caller"], outcome="reached", **about)
    assert refused.value.code == "settlement_none_broken"
    with pytest.raises(BadInput):
        settlements.speak(house.db, by=house.people["caller"], outcome="nonsense", **about)
    with pytest.raises(Forbidden):
        settlements.speak(house.db, by=house.people["approver"], outcome="reached", **about)


def test_a_debt_that_grew_otherwise_is_not_the_one_that_was_settled(house: House, loan: str) -> None:
    """An old receipt of 400.00 bounces while the settlement runs: what is left is no longer what was to be forgiven."""
    old = house.settle(loan, 400)
    house.running(loan, (5, 700))
    house.take_back(old)
    house.settle(loan, 700)
    assert house.now(loan) is SettlementState.BROKEN and house.loan_state(loan) == "active"
    assert "settlement_broken" in house.duties(loan)
    house.clean()


# ── taken back ─────────────────────────────────────────────────────────────────────────────────────────────


def test_money_that_is_taken_back_takes_back_what_was_forgiven_in_the_same_transaction(house: House, loan: str) -> None:
    house.running(loan, (5, 1000))
    before = owes(house, loan)
    done = house.settle(loan, 1000)
    assert house.loan_state(loan) == "releasing"
    house.take_back(done)
    assert house.loan_state(loan) == "active" and house.now(loan) is SettlementState.RUNNING
    assert owes(house, loan) == before and gl(house, "goodwill_expense") == 0
    assert "loan.forgiven.reversed" in house.kinds(loan) and "release.cancelled" in house.kinds(loan)
    house.clean()
    house.settle(loan, 1000)
    assert house.now(loan) is SettlementState.KEPT and house.loan_state(loan) == "releasing"
    house.clean()


def test_a_settlement_whose_money_was_taken_back_is_broken_when_its_day_is_over(house: House, loan: str) -> None:
    house.running(loan, (5, 1000))
    done = house.settle(loan, 1000)
    house.nights(8)
    house.take_back(done)
    assert house.now(loan) is SettlementState.RUNNING
    house.nights(1)
    assert house.now(loan) is SettlementState.BROKEN and house.loan_state(loan) == "active"
    house.clean()


def test_an_old_receipt_that_bounces_after_the_end_brings_the_debt_back_too(house: House, loan: str) -> None:
    old = house.settle(loan, 400)
    house.running(loan, (5, 700))
    house.settle(loan, 700)
    assert house.now(loan) is SettlementState.KEPT
    house.take_back(old)
    # All that was agreed is there, but 400.00 more of principal would be forgiven than anybody agreed to.
    assert house.loan_state(loan) == "active" and house.now(loan) is SettlementState.BROKEN
    assert "settlement_broken" in house.duties(loan) and gl(house, "goodwill_expense") == 0
    house.clean()


def test_money_beyond_what_was_agreed_may_bounce_and_the_settlement_stays_kept(house: House, loan: str) -> None:
    house.running(loan, (5, 1000))
    house.settle(loan, 1000)
    more = house.settle(loan, 50)  # over-paid
    house.take_back(more)
    assert house.loan_state(loan) == "releasing" and house.now(loan) is SettlementState.KEPT and owes(house, loan) == 0
    house.clean()


def test_a_whole_payment_that_bounces_makes_its_settlement_run_again(house: House, loan: str) -> None:
    house.running(loan, (5, 1000))
    done = house.settle(loan, 1300)
    house.take_back(done)
    assert house.now(loan) is SettlementState.RUNNING and house.loan_state(loan) == "active"
    house.clean()


def test_money_of_a_settled_claim_that_bounces_brings_the_claim_back(house: House, loan: str) -> None:
    write_off(house.db, clock=house.clock, by=OFFICER, loan=loan, reason="无法收回（示例）")
    claim = owes(house, loan)
    house.running(loan, (5, 700))
    done = house.settle(loan, 700)
    assert rest_today(house.db, loan=loan, on=house.day).total == 0
    house.take_back(done)
    assert owes(house, loan) == claim and house.loan_state(loan) == "written_off"
    house.clean()


def test_nobody_takes_a_forgiveness_back_by_itself(house: House, loan: str) -> None:
    house.running(loan, (5, 1000))
    house.settle(loan, 1000)
    events = read_history(house.db, [loan_id_of(house.db, loan)])[loan_id_of(house.db, loan)]
    event_no = next(each.event_no for each in events if each.kind == "forgiven")
    with pytest.raises(Refusal) as refused:
        reverse(house.db, clock=house.clock, by=OFFICER, loan=loan, event_no=event_no, reason="示例缘由")
    assert refused.value.code == "not_a_receipt"


def test_cash_and_what_is_forgiven_are_kept_apart_in_the_ledger(house: House, loan: str) -> None:
    house.running(loan, (5, 1000))
    done = house.settle(loan, 1000, source="dr_settlement")
    assert gl(house, "cash") == 100_000
    house.clean()
    assert isinstance(done.event_no, int)


def test_the_register_tells_where_each_stands(house: House, loan: str) -> None:
    found: Settlement = house.running(loan, (5, 500), (10, 500))
    house.settle(loan, 300)
    line = settlements.register(house.db, by=house.people["auditor"], states=[SettlementState.RUNNING])[0]
    assert (line.public_id, line.received, line.left) == (found.public_id, 30_000, yuan(700))
    assert line.next_part == Part(house.day + timedelta(days=5), yuan(200))
    assert settlements.register(house.db, by=house.people["auditor"], states=[SettlementState.KEPT]) == []
