"""A sign of fraud stops everything in one moment; two people who did not report it let the loan go on, or end it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from holdfast import applications, approvals, confirmation
from holdfast.confirmation import SIGNS, CallOutcome, ConfirmationState
from holdfast.decisioning import service as decisioning
from holdfast.duties import enter, take, thaw
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.life import MOVES, LoanState
from holdfast.parties import MAY, Party, Role, Staff, register_party
from tests.confirmation.desk import CallDesk


@pytest.fixture
def approver(desk: CallDesk) -> Staff:
    return desk.hire("approver", "approver-1")


@pytest.fixture
def risk(desk: CallDesk) -> Staff:
    return desk.hire("risk", "risk-1")


def person(desk: CallDesk) -> Party:
    return register_party(
        desk.db, clock=desk.clock, by=desk.caller.actor, kind="person", branch_id=desk.case.loan.branch_id, private={"name": "赵示例"}
    )


def ask(desk: CallDesk, by: Staff, verb: Callable[..., approvals.Request] = confirmation.ask_thaw) -> approvals.Request:
    return verb(desk.db, clock=desk.clock, by=by, loan=desk.loan, words="回访本人，确认无人指使")


def answer(desk: CallDesk, by: Staff, asked: approvals.Request, approved: bool = True) -> confirmation.Reviewed:
    return confirmation.answer_review(
        desk.db, clock=desk.clock, by=by, request=asked.public_id, approved=approved, words="已核对通话与资料"
    )


def advance(desk: CallDesk, to: LoanState) -> None:
    """Bring the loan to a later state by the records of the stages between."""
    steps: dict[LoanState, dict[str, Any]] = {
        LoanState.CONFIRMED: {"kind": "confirmation.completed", "closes": ("confirm",), "opens": ("decide",)},
        LoanState.DECIDED: {"kind": "decision.approved", "closes": ("decide",), "opens": ("sign",)},
        LoanState.SIGNED: {"kind": "contract.sealed", "closes": ("sign",), "opens": ("take_in",)},
    }
    for state, how in steps.items():
        if desk.case.loan.state is to:
            return
        enter(desk.db, take(desk.db, desk.loan, None), clock=desk.clock, by=desk.caller.actor, says={}, to=state, **how)


# ── the freeze ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sign_in_a_call_ends_it_freezes_the_loan_and_opens_the_duty_for_the_same_day(desk: CallDesk) -> None:
    call = desk.talk()
    desk.say("will")
    reported = desk.freeze(desk.caller)
    assert reported.call == call.public_id
    assert desk.standing.state is ConfirmationState.WAITING
    assert desk.standing.calls[-1].outcome is CallOutcome.STOPPED
    assert [each.reason for each in desk.case.freezes] == ["fraud"]
    review = desk.case.open("fraud_review")
    assert review is not None and review.due_on == desk.clock.today()
    assert reported.review_by == review.due_at
    record = desk.records()[-1]
    assert (record["kind"], record["says"]["sign"], record["says"]["call"]) == ("fraud.frozen", "coached", call.public_id)
    assert desk.audited()


def test_a_sign_while_it_rings_enters_the_call_as_not_reached(desk: CallDesk) -> None:
    desk.dial()
    desk.freeze(desk.caller)
    assert desk.ledger() == [("service", "voice", "not_reached")]


@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_freezes(desk: CallDesk, sign: str) -> None:
    desk.freeze(desk.caller, sign)
    assert desk.case.freezes


def test_what_it_rests_on_is_sealed_and_said_nowhere(desk: CallDesk) -> None:
    desk.freeze(desk.caller)
    kept = desk.db.execute("SELECT sealed FROM fraud_report").fetchone()
    assert kept is not None and "旁边教".encode() not in bytes(kept[0])
    assert "旁边教" not in str(desk.records())
    (sign,) = confirmation.signs_of(desk.db, desk.caller.scope, loan=desk.loan)
    assert "旁边教" in sign.evidence


@pytest.mark.parametrize(
    ("field", "given"),
    [("sign", {"sign": "a feeling"}), ("evidence", {"evidence": " "}), ("words", {"words": ""}), ("evidence", {"evidence": "x" * 1_001})],
)
def test_a_sign_without_what_it_is_and_rests_on_is_refused(desk: CallDesk, field: str, given: dict[str, str]) -> None:
    whole = {"sign": "coached", "evidence": "02:14 第二个声音", "words": "受人指使", **given}
    with pytest.raises(BadInput) as error:
        confirmation.report_fraud(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan, **whole)
    assert error.value.field == field
    assert not desk.case.freezes


@pytest.mark.parametrize("state", [LoanState.SUBMITTED, LoanState.CONFIRMED, LoanState.DECIDED, LoanState.SIGNED])
def test_a_loan_is_frozen_in_whatever_stage_it_is(desk: CallDesk, state: LoanState) -> None:
    advance(desk, state)
    desk.freeze(desk.hire("officer", "officer-1"))
    assert (desk.case.loan.state, len(desk.case.freezes)) == (state, 1)
    assert desk.audited()


def test_a_second_sign_is_kept_beside_the_first(desk: CallDesk, approver: Staff) -> None:
    desk.freeze(desk.caller)
    desk.freeze(approver, "forged_papers")
    assert len(desk.case.freezes) == 1
    assert [sign.report_no for sign in confirmation.signs_of(desk.db, desk.caller.scope, loan=desk.loan)] == [1, 2]
    assert [each["kind"] for each in desk.records()][-2:] == ["fraud.frozen", "fraud.noted"]
    assert desk.open_duties().count("fraud_review") == 1


def test_a_loan_that_is_over_is_not_frozen(desk: CallDesk) -> None:
    applications.withdraw(desk.db, clock=desk.clock, by=applications.actor_of(desk.party), loan=desk.loan, words="")
    with pytest.raises(Refusal):
        desk.freeze(desk.caller)


# ── what it stops ──────────────────────────────────────────────────────────────────────────────────────────


def frozen(error: pytest.ExceptionInfo[Refusal]) -> bool:
    return error.value.code == "loan_frozen"


def test_a_frozen_application_is_neither_withdrawn_nor_added_to_nor_given_back(desk: CallDesk) -> None:
    desk.freeze(desk.caller)
    who = applications.actor_of(desk.party)
    with pytest.raises(Refusal) as withdrawn:
        applications.withdraw(desk.db, clock=desk.clock, by=who, loan=desk.loan, words="")
    assert frozen(withdrawn)
    with pytest.raises(Refusal) as added, desk.db.transaction():
        applications.supplement(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan, facts={"colour": "黑色"}, source="电话")
    assert frozen(added)


def test_a_frozen_application_is_not_called_and_not_confirmed(desk: CallDesk) -> None:
    desk.talk()
    desk.say()
    desk.prove()
    colleague = desk.hire("officer", "officer-1")
    desk.freeze(colleague)
    for verb in (desk.dial, desk.confirm, lambda: desk.answer("code")):
        with pytest.raises(Refusal) as error:
            verb()
        assert frozen(error)


def test_a_frozen_loan_is_not_decided(desk: CallDesk, approver: Staff) -> None:
    advance(desk, LoanState.CONFIRMED)
    desk.freeze(desk.caller)
    with pytest.raises(Refusal) as error:
        decisioning.decide(desk.db, clock=desk.clock, by=approver, loan=desk.loan)
    assert frozen(error)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (LoanState.SUBMITTED, "confirmation.completed"),
        (LoanState.CONFIRMED, "decision.approved"),
        (LoanState.DECIDED, "contract.offered"),
        (LoanState.DECIDED, "contract.signed"),
        (LoanState.DECIDED, "contract.sealed"),
        (LoanState.SIGNED, "custody.taken_in"),
        (LoanState.SIGNED, "payout.asked"),
        (LoanState.SIGNED, "payout.approved"),
        (LoanState.SIGNED, "loan.disbursed"),
    ],
)
def test_no_stage_enters_anything_on_a_frozen_loan(desk: CallDesk, state: LoanState, kind: str) -> None:
    advance(desk, state)
    desk.freeze(desk.caller)
    with pytest.raises(Refusal) as error:
        enter(desk.db, take(desk.db, desk.loan, None), clock=desk.clock, by=desk.caller.actor, kind=kind, says={})
    assert frozen(error)
    for to in [after for before, after in MOVES if before is state]:
        with pytest.raises(Refusal) as moved:
            enter(desk.db, take(desk.db, desk.loan, None), clock=desk.clock, by=desk.caller.actor, kind=kind, says={}, to=to)
        assert frozen(moved)


def test_the_freeze_and_its_duty_are_one_transaction(desk: CallDesk) -> None:
    with pytest.raises(psycopg.errors.RaiseException), desk.db.transaction():
        desk.freeze(desk.caller)
        desk.db.execute("DO $$ BEGIN RAISE EXCEPTION 'the edge fails'; END $$")
    assert not desk.case.freezes
    assert "fraud_review" not in desk.open_duties()
    assert desk.db.execute("SELECT count(*) FROM fraud_report").fetchone() == (0,)


# ── who may ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM])
def test_a_sign_is_reported_by_whoever_may_see_one(desk: CallDesk, role: Role) -> None:
    somebody = desk.hire(role.value, "somebody")
    if role in MAY["fraud.freeze"]:
        desk.freeze(somebody)
        assert desk.case.freezes
    else:
        with pytest.raises(Forbidden):
            desk.freeze(somebody)


@pytest.mark.parametrize("role", [role for role in Role if role not in MAY["fraud.thaw"] | {Role.SYSTEM}])
def test_only_approvers_and_risk_review(desk: CallDesk, risk: Staff, role: Role) -> None:
    desk.freeze(desk.caller)
    somebody = desk.hire(role.value, "somebody")
    for verb in (confirmation.ask_thaw, confirmation.ask_refusal):
        with pytest.raises(Forbidden):
            ask(desk, somebody, verb)
    asked = ask(desk, risk)
    with pytest.raises(Forbidden):
        answer(desk, somebody, asked)


def test_nobody_out_of_sight_reports_asks_or_answers(desk: CallDesk, risk: Staff) -> None:
    outside = desk.hire("approver", "western", scope="branch", branch="T")
    with pytest.raises(NotFound):
        desk.freeze(outside)
    desk.freeze(desk.caller)
    with pytest.raises(NotFound):
        ask(desk, outside)
    with pytest.raises(NotFound):
        answer(desk, outside, ask(desk, risk))


# ── the thaw ───────────────────────────────────────────────────────────────────────────────────────────────


def test_two_people_thaw_it_and_it_goes_on_where_it_stood(desk: CallDesk, approver: Staff, risk: Staff) -> None:
    desk.freeze(desk.caller)
    asked = ask(desk, approver)
    assert desk.case.freezes, "one person thaws nothing"
    done = answer(desk, risk, asked)
    assert (done.frozen, done.state) == (False, LoanState.SUBMITTED)
    assert desk.open_duties() == ["confirm"]
    assert desk.records()[-1]["kind"] == "fraud.thawed"
    assert desk.audited()
    desk.wait(60)
    assert desk.confirmed().state is LoanState.CONFIRMED


def test_whoever_asked_does_not_answer_not_even_under_another_log_in(desk: CallDesk) -> None:
    known = person(desk).party_id
    one, other = (desk.hire("approver", name, person_id=known) for name in ("approver-a", "approver-b"))
    desk.freeze(desk.caller)
    asked = ask(desk, one)
    for same in (one, other):
        with pytest.raises(Forbidden):
            answer(desk, same, asked)
    assert desk.case.freezes


@pytest.mark.parametrize("verb", [confirmation.ask_thaw, confirmation.ask_refusal])
def test_whoever_reported_neither_asks_nor_answers_not_even_under_another_log_in(
    desk: CallDesk, risk: Staff, verb: Callable[..., approvals.Request]
) -> None:
    known = person(desk).party_id
    reporter, again = (desk.hire("approver", name, person_id=known) for name in ("approver-a", "approver-b"))
    desk.freeze(reporter)
    for same in (reporter, again):
        with pytest.raises(Forbidden) as error:
            ask(desk, same, verb)
        assert error.value.code == "fraud_reporter"
    asked = ask(desk, risk, verb)
    for same in (reporter, again):
        with pytest.raises(Forbidden):
            answer(desk, same, asked)
    assert desk.case.freezes


def test_a_no_leaves_it_frozen_and_it_may_be_asked_again(desk: CallDesk, approver: Staff, risk: Staff) -> None:
    desk.freeze(desk.caller)
    done = answer(desk, risk, ask(desk, approver), approved=False)
    assert (done.frozen, done.record) == (True, None)
    assert "fraud_review" in desk.open_duties()
    assert answer(desk, approver, ask(desk, risk)).frozen is False


def test_one_thing_is_asked_at_a_time(desk: CallDesk, approver: Staff, risk: Staff) -> None:
    desk.freeze(desk.caller)
    ask(desk, approver)
    with pytest.raises(Refusal) as error:
        ask(desk, risk, confirmation.ask_refusal)
    assert error.value.code == "review_open"


def test_a_sign_that_was_seen_since_it_was_asked_is_not_passed_over(desk: CallDesk, approver: Staff, risk: Staff) -> None:
    desk.freeze(desk.caller)
    asked = ask(desk, approver)
    desk.freeze(desk.hire("officer", "officer-1"), "stolen_thing")
    with pytest.raises(Refusal) as error, desk.db.transaction():
        answer(desk, risk, asked)
    assert error.value.code == "approval_other_inputs"
    assert desk.case.freezes


def test_what_is_not_frozen_is_not_thawed(desk: CallDesk, approver: Staff) -> None:
    with pytest.raises(Refusal) as error:
        ask(desk, approver)
    assert error.value.code == "not_frozen"
    with pytest.raises(Refusal):
        thaw(desk.db, take(desk.db, desk.loan, None), clock=desk.clock, by=approver.actor, reason="fraud", words="x")


def test_another_request_is_not_answered_here(desk: CallDesk, approver: Staff, risk: Staff) -> None:
    other = approvals.ask(
        desk.db,
        clock=desk.clock,
        by=approver,
        act="write_off",
        inputs={"loan": desk.loan},
        reason="给借款核销",
        loan_id=desk.case.loan.loan_id,
    )
    with pytest.raises(NotFound):
        answer(desk, risk, other)


# ── the end ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", [LoanState.SUBMITTED, LoanState.CONFIRMED, LoanState.DECIDED, LoanState.SIGNED])
def test_two_people_end_a_loan_that_is_fraud(desk: CallDesk, approver: Staff, risk: Staff, state: LoanState) -> None:
    advance(desk, state)
    desk.freeze(desk.caller)
    done = answer(desk, approver, ask(desk, risk, confirmation.ask_refusal))
    assert done.state is LoanState.REFUSED
    assert desk.open_duties() == []
    assert (desk.records()[-1]["kind"], desk.records()[-1]["says"]["reason"]) == ("loan.refused", "fraud")
    assert desk.audited()


def test_a_loan_whose_thing_lies_in_custody_ends_by_handing_it_back(desk: CallDesk, risk: Staff) -> None:
    advance(desk, LoanState.SIGNED)
    enter(
        desk.db, take(desk.db, desk.loan, None), clock=desk.clock, by=desk.caller.actor, kind="custody.taken_in", says={},
        closes=("take_in",), opens=("pay_out",),
    )  # fmt: skip
    desk.freeze(desk.caller)
    with pytest.raises(Refusal) as error:
        ask(desk, risk, confirmation.ask_refusal)
    assert error.value.code == "in_custody"


def test_a_payout_without_an_answer_is_enquired_after_before_the_loan_is_ended(desk: CallDesk, risk: Staff) -> None:
    advance(desk, LoanState.SIGNED)
    enter(
        desk.db, take(desk.db, desk.loan, None), clock=desk.clock, by=desk.caller.actor, kind="payout.unknown", says={},
        opens=("payout_enquiry",),
    )  # fmt: skip
    desk.freeze(desk.caller)
    with pytest.raises(Refusal) as error:
        ask(desk, risk, confirmation.ask_refusal)
    assert error.value.code == "payout_unknown"
