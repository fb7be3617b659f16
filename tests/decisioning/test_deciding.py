"""Deciding on a loan: at once, by two people, refused with what may change it; by whom, and from which state."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest

from holdfast import collateral, decisioning, duties
from holdfast.decisioning import DecisionEvent, DecisionState
from holdfast.decisioning.states import LIFE, after
from holdfast.duties.audit import examine
from holdfast.journal import Actor
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.wiring import EXPECTATIONS
from tests.applications.people import DAY
from tests.books import clock_on
from tests.decisioning.house import House

REFERRED: dict[str, Any] = {"existing_loans": 4}
REFUSED: dict[str, Any] = {"existing_loans": 9}


def kinds(house: House, loan: str) -> list[str]:
    found = house.db.execute(
        "SELECT body FROM record WHERE loan_id = (SELECT loan_id FROM loan_registry WHERE kind = 'public_id' AND key = %s) ORDER BY seq",
        [loan],
    ).fetchall()
    return [json.loads(bytes(body))["kind"] for (body,) in found]


# -- the table of states -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "event"), [*itertools.product(DecisionState, DecisionEvent)])
def test_every_pair_of_state_and_event_is_allowed_or_refused(state: DecisionState, event: DecisionEvent) -> None:
    allowed = {
        ("pending", "approve"): "approved", ("pending", "refer"): "referred", ("pending", "refuse"): "refused",
        ("referred", "approve"): "approved", ("referred", "refer"): "referred", ("referred", "refuse"): "refused",
        ("referred", "yes"): "approved", ("referred", "no"): "refused", ("refused", "review"): "referred",
    }  # fmt: skip
    if (state, event) in allowed:
        assert after(state, event) == allowed[state, event]
    else:
        with pytest.raises(Refusal, match="the decision is"):
            after(state, event)
    assert len(LIFE) == len(allowed)


# -- at once -------------------------------------------------------------------------------------------------------


def test_a_straight_case_is_approved_at_once_and_the_duty_to_sign_opens(house: House) -> None:
    loan = house.confirmed()
    made = house.decide(loan)
    assert (made.state, made.by_what, made.terms.principal, made.terms.instalments) == ("approved", "rule", 150_000, 6)
    assert (house.state(loan), house.open_duties(loan)) == ("decided", ["sign"])
    assert all(gate["answer"] == "pass" for gate in made.found["gates"])
    assert made.mends == ()


def test_less_than_was_asked_for_is_approved_where_a_part_of_the_limit_binds(house: House) -> None:
    loan = house.confirmed(yuan=8_000)
    made = house.decide(loan)
    parts = {part["name"]: part["minor"] for part in made.found["limit"]["parts"]}
    # grade B: 4,500.00, less the haircut of 40 %
    assert parts["lending_value"] == 270_000
    assert (made.found["limit"]["binding"], made.terms.principal) == ("lending_value", 270_000)
    assert [reason.code for reason in made.reasons] == ["limit.lending_value"]


def test_a_hard_gate_refuses_and_says_what_may_change_it(house: House) -> None:
    loan = house.confirmed(**REFUSED)
    made = house.decide(loan)
    assert (made.state, house.state(loan), house.open_duties(loan)) == ("refused", "refused", [])
    codes = [mend.code for mend in made.mends]
    assert "mend.existing_loans" in codes and codes[-1] == "mend.review"
    assert next(mend.figures for mend in made.mends if mend.code == "mend.existing_loans") == {"most": 5}
    with pytest.raises(Refusal, match="nothing is approved"):
        _ = made.terms


def test_a_phone_that_is_pledged_already_is_refused(house: House) -> None:
    loan = house.confirmed()
    thing = collateral.things_of(house.db, duties.take(house.db, loan, None).loan.loan_id)[0]
    collateral.claim(house.db, thing_id=thing.thing_id, pledge="pl_somebody_elses")
    made = house.decide(loan)
    assert made.state == "refused"
    assert {reason.code for reason in made.reasons} == {"gate.pledge"}


def test_a_phone_without_a_price_or_with_an_old_one_is_referred_and_no_sum_is_proposed(house: House) -> None:
    unpriced = house.decide(house.confirmed(model="没有价格的手机"))
    assert (unpriced.state, unpriced.facts.valuation, unpriced.found["sum_minor"]) == ("referred", "missing", None)
    house.load_prices(
        "机型,容量GB,A级价,B级价,C级价,D级价,币种,来源,日期\n"
        f"旧机型,128,5000.00,4500.00,4000.00,3000.00,CNY,示例行情,{DAY - timedelta(days=90)}\n"
    )  # fmt: skip
    assert house.decide(house.confirmed(model="旧机型")).facts.valuation == "stale"


def test_what_two_people_must_see_is_referred_and_the_duty_to_decide_stays_open(house: House) -> None:
    loan = house.confirmed(**REFERRED)
    made = house.decide(loan)
    assert (made.state, house.state(loan), house.open_duties(loan)) == ("referred", "confirmed", ["decide"])
    assert kinds(house, loan)[-1] == "decision.referred"


def test_a_referred_loan_is_decided_again_once_its_facts_have_changed(house: House) -> None:
    loan = house.confirmed(model="没有价格的手机")
    house.decide(loan)
    house.load_prices(
        f"机型,容量GB,A级价,B级价,C级价,D级价,币种,来源,日期\n没有价格的手机,128,5000.00,4500.00,4000.00,3000.00,CNY,示例行情,{DAY}\n"
    )
    assert house.decide(loan).state == "approved"
    assert [each.decision_no for each in decisioning.decisions_of(house.db, duties.take(house.db, loan, None).loan.loan_id)] == [1, 2]


def test_what_the_borrower_owes_here_already_counts_against_the_legal_cap(house: House) -> None:
    house.db.execute("UPDATE lender SET lender_type = 'online_micro_lender'")
    made = house.decide(house.confirmed())
    assert {part["name"]: part["minor"] for part in made.found["limit"]["parts"]}["law"] == 20_000_000


def test_a_product_that_costs_more_than_the_ceiling_is_lent_by_nobody(house: House) -> None:
    loan = house.confirmed()
    house.shop.reprice(30_000_000)  # 36 % a year and more
    house.db.execute("UPDATE loan SET product_version = 2 FROM loan_registry r WHERE r.loan_id = loan.loan_id AND r.key = %s", [loan])
    made = house.decide(loan)
    assert made.state == "refused"
    assert "gate.price" in {reason.code for reason in made.reasons}
    review(house, loan)
    with pytest.raises(Refusal, match="the gate price says no, and nobody may set it aside"):
        house.answer(loan, house.one("approver"), yuan=1_000)


def test_a_loan_is_decided_only_once_it_is_confirmed_and_not_while_it_is_frozen(house: House) -> None:
    applicant = house.shop.applicant("13700000000")
    submitted = applicant.apply().loan
    with pytest.raises(Refusal) as refused:
        house.decide(submitted)
    assert refused.value.code == "loan_state"
    loan = house.confirmed()
    case = duties.take(house.db, loan, None)
    duties.freeze(house.db, case, clock=house.clock, by=house.one("approver").actor, reason="fraud", words="示例：身份证照片有涂改")
    with pytest.raises(Refusal) as frozen:
        house.decide(loan)
    assert frozen.value.code == "loan_frozen"
    approved = house.confirmed()
    house.decide(approved)
    with pytest.raises(Refusal):
        house.decide(approved)


@pytest.mark.parametrize("role", ["caller", "officer", "custodian", "auditor", "admin", "integrator"])
def test_only_approvers_and_risk_decide(house: House, role: str) -> None:
    loan = house.confirmed()
    referred = house.confirmed(**REFERRED)
    house.decide(referred)
    with pytest.raises(Forbidden):
        house.decide(loan, house.one(role))
    with pytest.raises(Forbidden):
        house.answer(referred, house.one(role))


def test_nobody_decides_out_of_their_sight(house: House) -> None:
    loan = house.confirmed(**REFERRED)
    elsewhere = house.one("approver", "elsewhere", scope="branch", branch="T")
    with pytest.raises(NotFound):
        house.decide(loan, elsewhere)
    made = house.decide(loan)
    with pytest.raises(NotFound):
        house.answer(loan, elsewhere)
    with pytest.raises(NotFound):
        decisioning.decision_named(house.db, made.public_id, elsewhere.scope)
    assert decisioning.decision_named(house.db, made.public_id, house.one("approver").scope).public_id == made.public_id
    assert decisioning.desk(house.db, elsewhere.scope) == []


def test_a_loans_officer_decides_nothing_on_it_under_whatever_log_in(house: House) -> None:
    person = house.same_person()
    officer = house.one("approver", "officer-too", person_id=person)
    other_log_in = house.one("risk", "officer-again", person_id=person)
    loan = house.confirmed(officer=officer, **REFERRED)
    for who in (officer, other_log_in):
        with pytest.raises(Forbidden, match="officer"):
            house.decide(loan, who)
    house.decide(loan)
    for who in (officer, other_log_in):
        with pytest.raises(Forbidden, match="officer"):
            house.answer(loan, who)
        with pytest.raises(Forbidden):
            decisioning.may_answer(house.db, who, loan)


# -- two people ----------------------------------------------------------------------------------------------------


def test_two_yes_to_the_same_sum_approve(house: House) -> None:
    loan = house.confirmed(**REFERRED)
    house.decide(loan)
    first = house.answer(loan, house.one("approver"), yuan=1_200)
    assert (first.state, house.open_duties(loan)) == ("referred", ["decide"])
    made = house.answer(loan, house.one("risk"))
    assert (made.state, made.by_what, made.terms.principal) == ("approved", "people", 120_000)
    assert (house.state(loan), house.open_duties(loan)) == ("decided", ["sign"])
    assert kinds(house, loan)[-4:] == ["decision.referred", "decision.answered", "decision.answered", "decision.approved"]
    assert decisioning.replay(house.db, made) == made.finding


def test_one_person_does_not_answer_twice_nor_under_two_log_ins(house: House) -> None:
    loan = house.confirmed(**REFERRED)
    house.decide(loan)
    person = house.same_person()
    first, again = house.one("approver", "first", person_id=person), house.one("risk", "again", person_id=person)
    house.answer(loan, first)
    with pytest.raises(Forbidden) as refused:
        house.answer(loan, first)
    assert refused.value.code == "approval_maker"
    with pytest.raises(Forbidden) as under_another:
        house.answer(loan, again)
    assert under_another.value.code == "approval_same_person"
    with pytest.raises(Forbidden):
        decisioning.may_answer(house.db, again, loan)
    assert house.state(loan) == "confirmed"


@pytest.mark.parametrize("after_a_yes", [False, True])
def test_a_single_no_refuses_with_its_words(house: House, after_a_yes: bool) -> None:
    loan = house.confirmed(**REFERRED)
    house.decide(loan)
    if after_a_yes:
        house.answer(loan, house.one("approver"))
    made = house.answer(loan, house.one("risk"), approved=False, words="其他借款太多")
    assert (made.state, made.words, house.state(loan), house.open_duties(loan)) == ("refused", "其他借款太多", "refused", [])


def test_the_second_yes_is_to_exactly_the_first_sum(house: House) -> None:
    loan = house.confirmed(**REFERRED)
    house.decide(loan)
    house.answer(loan, house.one("approver"), yuan=1_000)
    with pytest.raises(Refusal, match="say yes to exactly that"):
        house.answer(loan, house.one("risk"), yuan=1_200)


def test_two_people_lend_no_more_than_was_asked_for_or_than_the_thing_bears(house: House) -> None:
    loan = house.confirmed(yuan=8_000, **REFERRED)
    house.decide(loan)
    with pytest.raises(BadInput, match="nobody is lent more than was asked for"):
        house.answer(loan, house.one("approver"), yuan=8_001)
    with pytest.raises(Refusal) as above:
        house.answer(loan, house.one("approver"), yuan=2_701)
    assert above.value.facts["most"] == 270_000
    with pytest.raises(Refusal):
        house.answer(loan, house.one("approver"), yuan=900)
    with pytest.raises(BadInput):
        decisioning.answer_referral(house.db, clock=house.clock, by=house.one("approver"), loan=loan, approved=True, words="看过资料了",
                                    amount=Money(100_000, "USD"))  # fmt: skip
    with pytest.raises(BadInput, match="words"):
        house.answer(loan, house.one("approver"), words=" 好 ")
    with pytest.raises(BadInput, match="words"):
        house.answer(loan, house.one("approver"), words="好" * 501)


def test_two_people_approve_nothing_on_a_thing_without_a_value(house: House) -> None:
    loan = house.confirmed(model="没有价格的手机")
    house.decide(loan)
    with pytest.raises(Refusal) as refused:
        house.answer(loan, house.one("approver"), yuan=1_500)
    assert refused.value.code == "no_value"
    with pytest.raises(BadInput, match="the rule proposes no sum"):
        house.answer(loan, house.one("approver"))


def test_what_changed_between_the_first_yes_and_the_second_is_seen(house: House) -> None:
    loan = house.confirmed(**REFERRED)
    house.decide(loan)
    house.answer(loan, house.one("approver"))
    thing = collateral.things_of(house.db, duties.take(house.db, loan, None).loan.loan_id)[0]
    collateral.claim(house.db, thing_id=thing.thing_id, pledge="pl_somebody_elses")
    with pytest.raises(Refusal) as refused:
        house.answer(loan, house.one("risk"))
    assert refused.value.code == "gate_barred"


def test_what_is_not_referred_is_answered_by_nobody(house: House) -> None:
    loan = house.confirmed()
    with pytest.raises(Refusal, match="the decision is"):
        house.answer(loan, house.one("approver"))
    house.decide(loan)
    with pytest.raises(Refusal):
        house.answer(loan, house.one("approver"))


# -- people, asked for by the borrower --------------------------------------------------------------------------------


def borrower(house: House, loan: str) -> Actor:
    row = house.db.execute(
        "SELECT p.public_id FROM loan l JOIN party p USING (party_id) JOIN loan_registry r USING (loan_id) WHERE r.key = %s", [loan]
    ).fetchone()
    assert row is not None
    return Actor(row[0], "borrower")


def review(house: House, loan: str, words: str = "请人工再看一次") -> decisioning.Decision:
    return decisioning.ask_review(house.db, clock=house.clock, by=borrower(house, loan), loan=loan, words=words)


def test_a_borrower_whom_the_rule_refused_has_people_look_again(house: House) -> None:
    loan = house.confirmed(**REFUSED)
    house.decide(loan)
    asked = review(house, loan)
    assert (asked.state, asked.by_what, house.state(loan), house.open_duties(loan)) == ("referred", "review", "confirmed", ["decide"])
    with pytest.raises(Refusal, match="two of them answer"):
        house.decide(loan)
    house.answer(loan, house.one("approver"), yuan=1_000)
    made = house.answer(loan, house.one("risk"))
    assert (made.state, made.terms.principal) == ("approved", 100_000)


def test_what_people_refused_is_not_looked_at_again_nor_what_is_not_refused(house: House) -> None:
    loan = house.confirmed(**REFUSED)
    with pytest.raises(Refusal, match="the decision is"):
        review(house, loan)
    house.decide(loan)
    review(house, loan)
    with pytest.raises(Refusal, match="the decision is"):
        review(house, loan)
    house.answer(loan, house.one("approver"), approved=False, words="其他借款太多")
    with pytest.raises(Refusal) as refused:
        review(house, loan)
    assert refused.value.code == "people_refused"


def test_people_are_asked_for_within_the_packs_days(house: House) -> None:
    loan = house.confirmed(**REFUSED)
    house.decide(loan)
    with pytest.raises(Refusal) as late:
        decisioning.ask_review(
            house.db, clock=clock_on(DAY + timedelta(days=31)), by=borrower(house, loan), loan=loan, words="请人工再看一次"
        )
    assert late.value.code == "review_late"
    made = decisioning.ask_review(
        house.db, clock=clock_on(DAY + timedelta(days=30)), by=borrower(house, loan), loan=loan, words="请人工再看一次"
    )
    assert made.state == "referred"


def test_staff_pass_a_borrowers_wish_on_only_in_their_role_and_sight(house: House) -> None:
    loan = house.confirmed(**REFUSED)
    house.decide(loan)
    for role in ("approver", "risk", "auditor", "custodian"):
        with pytest.raises(Forbidden):
            decisioning.ask_review(house.db, clock=house.clock, by=house.one(role), loan=loan, words="客户来电要求复核")
    elsewhere = house.one("officer", "elsewhere", scope="branch", branch="T")
    with pytest.raises(NotFound):
        decisioning.ask_review(house.db, clock=house.clock, by=elsewhere, loan=loan, words="客户来电要求复核")
    assert (
        decisioning.ask_review(house.db, clock=house.clock, by=house.one("officer"), loan=loan, words="客户来电要求复核").state
        == "referred"
    )


# -- the log and its proofs -------------------------------------------------------------------------------------------


def test_the_desk_lists_what_waits_and_what_was_decided(house: House) -> None:
    waiting, referred, approved = house.confirmed(), house.confirmed(**REFERRED), house.confirmed()
    house.decide(referred)
    house.decide(approved)
    scope = house.one("approver").scope
    assert {(line.loan, str(line.state)) for line in decisioning.desk(house.db, scope)} == {(waiting, "pending"), (referred, "referred")}
    assert [(line.loan, str(line.state)) for line in decisioning.desk(house.db, scope, decided=True)] == [(approved, "approved")]


def test_looking_writes_nothing(house: House) -> None:
    loan, approver = house.confirmed(), house.one("approver")
    before = house.db.execute("SELECT count(*) FROM record").fetchone()
    _facts, _basis, finding = decisioning.look(house.db, clock=house.clock, by=approver, loan=loan)
    assert finding.outcome == "approve"
    assert house.db.execute("SELECT count(*) FROM record").fetchone() == before
    assert house.db.execute("SELECT count(*) FROM decision").fetchone() == (0,)


def test_the_journal_holds_codes_and_digests_and_nothing_of_the_person(house: House) -> None:
    loan = house.confirmed()
    made = house.decide(loan)
    row = house.db.execute("SELECT body FROM record WHERE loan_id = %s AND seq = %s", [made.loan_id, made.record_seq]).fetchone()
    assert row is not None
    body = bytes(row[0]).decode()
    for private in ("900000", "150000", '"rent"', '"medium"', "income"):
        assert private not in body.replace('"minor":150000', "")
    assert json.loads(body)["seals"].keys() >= {"features", "finding", "scorecard", "table"}


def test_the_audit_finds_every_decision_done_in_time(house: House) -> None:
    for facts in ({}, REFERRED, REFUSED):
        house.decide(house.confirmed(**facts))
    loan = house.confirmed(**REFUSED)
    house.decide(loan)
    review(house, loan)
    house.answer(loan, house.one("approver"), approved=False, words="其他借款太多")
    outcome = examine(house.db, DAY, EXPECTATIONS)
    assert outcome.clean, (outcome.missing, outcome.late, outcome.unproved)
