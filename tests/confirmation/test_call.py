"""A confirmation call from the first ring to its end: what is asked in which order, what ends it, and what stands of it afterwards."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from holdfast import applications, confirmation
from holdfast.confirmation import CallOutcome, ConfirmationState, Failure
from holdfast.confirmation.script import script
from holdfast.decisioning import service as decisioning
from holdfast.duties import enter, take
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.life import MOVES, LoanState
from tests.confirmation.desk import LAST_FOUR, NAME, USUAL, CallDesk


def code(error: pytest.ExceptionInfo[Refusal] | pytest.ExceptionInfo[BadInput]) -> str:
    return error.value.code


# ── the good end ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_call_that_says_everything_confirms_the_loan_and_calls_for_its_decision(desk: CallDesk) -> None:
    done = desk.confirmed()
    assert done.state is LoanState.CONFIRMED
    assert desk.standing.state is ConfirmationState.CONFIRMED
    assert desk.open_duties() == ["decide"]
    assert desk.ledger() == [("service", "voice", "reached")]
    assert [each["kind"] for each in desk.records()] == ["application.submitted", "confirmation.dialled", "confirmation.completed"]
    assert desk.audited()


def test_its_record_holds_script_facts_code_and_attempts_and_nothing_private(desk: CallDesk) -> None:
    desk.unreached()
    desk.confirmed()
    record = desk.records()[-1]
    says, seals = record["says"], record["seals"]
    assert (says["script"], says["attempts"], says["recording"]) == ("confirm-loan 1", 2, True)
    assert seals["script"] == script().digest
    assert says["facts"] == seals["facts"] == desk.standing.facts_digest
    assert says["proof"]["code"].startswith("oc_") and says["proof"]["attempts"] == 1
    assert says["steps"] == [step.id for step in script().steps]
    told = json.dumps(desk.records(), ensure_ascii=False)
    for private in (NAME, LAST_FOUR, "13912345678", "每个月七百二十块上下", "海棠路"):
        assert private not in told


def test_what_was_confirmed_is_what_the_application_asked_for(desk: CallDesk) -> None:
    with pytest.raises(Refusal) as error:
        confirmation.confirmed_facts(desk.db, desk.case.loan.loan_id)
    assert code(error) == "not_confirmed"
    desk.confirmed()
    facts = confirmation.confirmed_facts(desk.db, desk.case.loan.loan_id)
    assert (facts["principal"], len(facts["instalments"]), facts["purpose"]) == (400_000, 6, "daily_life")
    assert facts["total"] == sum(due for _, due in facts["instalments"])
    assert facts["wants_person"] is False


def test_whoever_wants_a_person_to_decide_is_heard(desk: CallDesk) -> None:
    desk.talk()
    desk.say(questions={"answer": "wants_person"})
    desk.prove()
    desk.confirm()
    assert confirmation.confirmed_facts(desk.db, desk.case.loan.loan_id)["wants_person"] is True
    assert desk.records()[-1]["says"]["wants_person"] is True


def test_the_words_of_the_borrower_are_sealed(desk: CallDesk) -> None:
    desk.talk()
    desk.say("plan")
    kept = desk.db.execute("SELECT sealed FROM confirmation_answer WHERE step = 'plan'").fetchone()
    assert kept is not None and "七百二十".encode() not in bytes(kept[0])
    assert next(each for each in desk.standing.calls[0].answers if each.step == "plan").said


def test_the_script_is_read_in_the_language_of_the_call(desk: CallDesk) -> None:
    assert desk.dial(language="en").language == "en"
    desk.end("busy")
    with pytest.raises(BadInput):
        desk.dial(language="fr")
    assert desk.dial().language == "zh-hans"


# ── order ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("step", [step.id for step in script().steps if step.names_loan])
def test_no_step_that_names_the_loan_is_answered_before_it_is_proved_who_answers(desk: CallDesk, step: str) -> None:
    desk.talk()
    desk.say("recording")
    with pytest.raises(Refusal) as error:
        desk.answer(step, **USUAL.get(step, {}))
    assert code(error) == "identity_first"


def test_a_wrong_name_or_number_is_not_the_borrower(desk: CallDesk) -> None:
    desk.talk()
    desk.say("recording")
    assert not desk.answer("identity", name=NAME, last_four="0000").passed
    with pytest.raises(Refusal) as error:
        desk.answer("will", answer="own_will")
    assert code(error) == "identity_first"
    assert desk.answer("identity", name=f" {NAME} ", last_four=LAST_FOUR.lower()).passed


def test_who_cannot_say_who_they_are_twice_is_taken_for_somebody_else(desk: CallDesk) -> None:
    desk.talk()
    desk.say("recording")
    for name, four in (("李示例", LAST_FOUR), (NAME, "1234")):
        assert not desk.answer("identity", name=name, last_four=four).passed
    with pytest.raises(Refusal) as error:
        desk.answer("identity", name=NAME, last_four=LAST_FOUR)
    assert code(error) == "step_unclear"
    ended = confirmation.fail(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan, reason="wrong_person")
    assert (ended.failure, ended.loan_state) == (Failure.WRONG_PERSON, LoanState.REFUSED)


def test_the_last_four_have_their_form(desk: CallDesk) -> None:
    desk.talk()
    desk.say("recording")
    with pytest.raises(BadInput) as error:
        desk.answer("identity", name=NAME, last_four="12")
    assert error.value.field == "last_four"


@pytest.mark.parametrize("step", ["purpose", "plan", "pledge", "code"])
def test_no_step_is_skipped(desk: CallDesk, step: str) -> None:
    desk.talk()
    desk.say("identity")
    with pytest.raises(Refusal) as error:
        desk.answer(step, **USUAL.get(step, {}))
    assert code(error) == "step_order"


def test_a_step_is_answered_once(desk: CallDesk) -> None:
    desk.talk()
    desk.say("recording")
    with pytest.raises(Refusal) as error:
        desk.answer("recording", answer="declines")
    assert code(error) == "step_done"


def test_an_answer_that_the_step_does_not_take_is_refused(desk: CallDesk) -> None:
    desk.talk()
    with pytest.raises(BadInput) as error:
        desk.answer("who_calls", answer="perhaps")
    assert error.value.field == "answer"
    with pytest.raises(NotFound):
        desk.answer("weather")


def test_what_stays_unclear_twice_is_answered_by_nobody_else(desk: CallDesk) -> None:
    desk.talk()
    desk.say("purpose")
    assert not desk.answer("plan", answer="told_again").passed
    assert not desk.answer("plan", answer="unclear").passed
    with pytest.raises(Refusal) as error:
        desk.answer("plan", answer="right")
    assert code(error) == "step_unclear"
    ended = confirmation.fail(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan, reason="not_understood")
    assert ended.failure is Failure.NOT_UNDERSTOOD


def test_once_told_again_it_may_be_said_right(desk: CallDesk) -> None:
    desk.talk()
    desk.say("purpose")
    desk.answer("plan", answer="told_again")
    assert desk.answer("plan", answer="right").passed


def test_another_call_begins_from_the_first_step(desk: CallDesk) -> None:
    desk.talk()
    desk.say("plan")
    desk.end("hung_up")
    desk.wait(600)
    desk.talk()
    with pytest.raises(Refusal) as error:
        desk.answer("overdue", answer="understood")
    assert code(error) == "identity_first"


# ── the code ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_code_is_sent_only_when_everything_else_is_said(desk: CallDesk) -> None:
    desk.talk()
    desk.say("plan")
    with pytest.raises(Refusal) as error:
        confirmation.send_code(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan)
    assert code(error) == "step_order"


def test_the_step_of_the_code_is_done_only_by_the_right_digits(desk: CallDesk) -> None:
    desk.talk()
    desk.say()
    with pytest.raises(Refusal) as none:
        desk.answer("code")
    assert code(none) == "no_code"
    sent = confirmation.send_code(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan)
    assert sent.to == "139****5678"
    digits = desk.code()
    wrong = f"{(int(digits) + 1) % 1_000_000:06}"
    assert not confirmation.try_code(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan, digits=wrong)
    with pytest.raises(Refusal) as error:
        desk.answer("code")
    assert code(error) == "code_not_proved"
    assert confirmation.try_code(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan, digits=digits)
    assert desk.answer("code").next is None


def test_the_borrower_may_type_the_code_on_their_own_page(desk: CallDesk) -> None:
    desk.talk()
    desk.say()
    confirmation.send_code(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan)
    by = applications.actor_of(desk.party)
    assert confirmation.try_code_as_borrower(desk.db, clock=desk.clock, by=by, loan=desk.loan, digits=desk.code())
    desk.answer("code")
    assert desk.confirm().state is LoanState.CONFIRMED


def test_staff_do_not_type_it_as_the_borrower(desk: CallDesk) -> None:
    desk.talk()
    desk.say()
    confirmation.send_code(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan)
    with pytest.raises(Refusal):
        confirmation.try_code_as_borrower(desk.db, clock=desk.clock, by=desk.caller.actor, loan=desk.loan, digits=desk.code())


def test_a_code_stands_for_the_figures_that_were_read_and_for_no_others(desk: CallDesk) -> None:
    desk.talk()
    desk.say()
    desk.prove()
    desk.db.execute("UPDATE application SET principal = principal + 100 WHERE loan_id = %s", [desk.case.loan.loan_id])
    with pytest.raises(Refusal) as error:
        desk.confirm()
    assert code(error) == "code_bound"
    assert desk.case.loan.state is LoanState.SUBMITTED


def test_a_proved_code_does_not_wait_for_ever(desk: CallDesk) -> None:
    desk.talk()
    desk.say()
    desk.prove()
    desk.wait(360)
    with pytest.raises(Refusal) as error:
        desk.confirm()
    assert code(error) == "code_expired"


@pytest.mark.parametrize(
    "upto", ["who_calls", "recording", "identity", "will", "purpose", "plan", "overdue", "pledge", "facts", "questions"]
)
def test_nothing_is_completed_while_a_step_is_missing(desk: CallDesk, upto: str) -> None:
    desk.talk()
    desk.say(upto)
    with pytest.raises(Refusal) as error:
        desk.confirm()
    assert code(error) == "steps_missing"
    assert "code" in error.value.facts["steps"]


# ── no loan goes on without it ─────────────────────────────────────────────────────────────────────────────


def test_the_map_lets_no_loan_be_decided_that_was_not_confirmed() -> None:
    assert {before for before, after in MOVES if after is LoanState.DECIDED} == {LoanState.CONFIRMED}
    # From refused it comes back only where a rule had decided, and a rule decides on confirmed loans only.
    assert {before for before, after in MOVES if after is LoanState.CONFIRMED} == {LoanState.SUBMITTED, LoanState.REFUSED}


def test_an_application_that_was_not_confirmed_is_not_brought_back_by_asking_for_a_review(desk: CallDesk) -> None:
    desk.talk()
    desk.say("identity")
    desk.answer("will", answer="for_another")
    confirmation.fail(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan, reason="will_not_confirmed")
    with pytest.raises(Refusal):
        decisioning.ask_review(desk.db, clock=desk.clock, by=applications.actor_of(desk.party), loan=desk.loan, words="请再看一次")
    assert desk.case.loan.state is LoanState.REFUSED


def test_an_unconfirmed_loan_is_not_decided(desk: CallDesk) -> None:
    approver = desk.hire("approver", "approver-1")
    with pytest.raises(Refusal) as error:
        decisioning.decide(desk.db, clock=desk.clock, by=approver, loan=desk.loan)
    assert code(error) == "loan_state"


@pytest.mark.parametrize("state", [LoanState.DECIDED, LoanState.SIGNED, LoanState.ACTIVE])
def test_an_unconfirmed_loan_goes_nowhere(desk: CallDesk, state: LoanState) -> None:
    case = take(desk.db, desk.loan, None)
    with pytest.raises(Refusal) as error:
        enter(desk.db, case, clock=desk.clock, by=desk.caller.actor, kind="decision.approved", says={}, to=state)
    assert code(error) == "loan_state"


# ── facts that were missing ────────────────────────────────────────────────────────────────────────────────


def test_what_was_missing_is_put_into_the_file_with_the_call_as_its_source(desk: CallDesk) -> None:
    wanted = confirmation.facts_wanted(desk.db, clock=desk.clock, loan_id=desk.case.loan.loan_id)
    assert (wanted.needed, "colour" in wanted.besides) == ((), True)
    call = desk.talk()
    desk.say("pledge")
    assert desk.answer("facts", facts={"colour": "黑色", "housing": ""}).passed
    file = applications.of_loan(desk.db, desk.case.loan.loan_id)
    assert file.facts["colour"] == "黑色"
    assert applications.entries_of(desk.db, file)[-1].source == f"call {call.public_id}"
    assert desk.records()[-1]["kind"] == "application.supplemented"


def test_a_fact_that_the_file_does_not_take_is_refused_and_the_step_stays_open(desk: CallDesk) -> None:
    desk.talk()
    desk.say("pledge")
    with pytest.raises(BadInput):
        desk.answer("facts", facts={"favourite_colour": "black"})
    assert desk.answer("facts").passed


# ── ends without a result ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("outcome", ["no_answer", "busy", "powered_off", "wrong_number"])
def test_a_call_that_reached_nobody_counts_and_leaves_the_duty_as_it_was(desk: CallDesk, outcome: str) -> None:
    due = desk.case.open("confirm")
    desk.dial()
    ended = desk.end(outcome)
    assert (ended.state, ended.loan_state) == (ConfirmationState.WAITING, LoanState.SUBMITTED)
    assert desk.standing.unreached == 1
    assert desk.ledger() == [("service", "voice", "not_reached")]
    after = desk.case.open("confirm")
    assert due is not None and after is not None and after.due_at == due.due_at
    assert desk.records()[-1]["says"]["outcome"] == outcome
    assert desk.audited()


@pytest.mark.parametrize("outcome", ["hung_up", "refused"])
def test_a_call_that_was_broken_off_reached_and_does_not_use_up_the_attempts(desk: CallDesk, outcome: str) -> None:
    desk.talk()
    desk.end(outcome)
    assert desk.standing.unreached == 0
    assert desk.ledger() == [("service", "voice", "reached")]


@pytest.mark.parametrize("outcome", ["hung_up", "refused", "call_back", "answered", "stopped"])
def test_a_call_that_nobody_answered_cannot_have_come_to_that(desk: CallDesk, outcome: str) -> None:
    desk.dial()
    with pytest.raises(Refusal) as error:
        desk.end(outcome)
    assert code(error) == "call_outcome"


@pytest.mark.parametrize("outcome", ["no_answer", "busy", "powered_off", "answered", "stopped"])
def test_a_call_that_was_answered_cannot_have_come_to_that(desk: CallDesk, outcome: str) -> None:
    desk.talk()
    with pytest.raises(Refusal) as error:
        desk.end(outcome)
    assert code(error) == "call_outcome"


def test_an_outcome_that_there_is_not_is_refused_by_name(desk: CallDesk) -> None:
    desk.dial()
    with pytest.raises(BadInput) as error:
        desk.end("gone")
    assert error.value.field == "outcome"


def test_another_call_is_agreed_for_a_moment_to_come(desk: CallDesk) -> None:
    desk.talk()
    assert desk.answer("who_calls", answer="not_now").call_back
    at = desk.now + timedelta(hours=3)
    ended = desk.end("call_back", call_back_at=at)
    assert ended.state is ConfirmationState.TO_CALL_BACK
    assert desk.standing.call_back_at == at
    desk.now = at
    assert desk.talk().call_no == 2
    assert desk.standing.call_back_at is None


@pytest.mark.parametrize("moment", ["none", "over", "night"])
def test_a_call_is_not_agreed_for_never_for_the_past_or_for_the_night(desk: CallDesk, moment: str) -> None:
    desk.talk()
    at = {"none": None, "over": desk.now, "night": desk.now.replace(hour=15)}[moment]
    with pytest.raises((BadInput, Refusal)) as error:
        desk.end("call_back", call_back_at=at)
    assert error.value.code == ("contact_refused" if moment == "night" else "bad_input")


def test_two_calls_are_not_open_at_once(desk: CallDesk) -> None:
    desk.dial()
    with pytest.raises(Refusal) as error:
        desk.dial()
    assert code(error) == "confirmation_state"


def test_nothing_is_answered_in_a_call_that_rings_or_is_not_there(desk: CallDesk) -> None:
    with pytest.raises(Refusal) as none:
        desk.answer("who_calls", answer="goes_on")
    assert code(none) == "no_call"
    desk.dial()
    with pytest.raises(Refusal) as rings:
        desk.answer("who_calls", answer="goes_on")
    assert code(rings) == "call_rings"
    confirmation.picked_up(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan)
    with pytest.raises(Refusal) as twice:
        confirmation.picked_up(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan)
    assert code(twice) == "call_answered"


# ── ends that end the application ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("step", "answer", "failure", "state"),
    [
        ("will", "for_another", Failure.WILL_NOT_CONFIRMED, LoanState.REFUSED),
        ("will", "does_not_want", Failure.DECLINED, LoanState.WITHDRAWN),
        ("purpose", "differs", Failure.PURPOSE_DIFFERS, LoanState.REFUSED),
        ("pledge", "does_not_want", Failure.DECLINED, LoanState.WITHDRAWN),
    ],
)
def test_an_answer_that_ends_the_application_ends_it(desk: CallDesk, step: str, answer: str, failure: Failure, state: LoanState) -> None:
    desk.talk()
    before = list(USUAL)[list(USUAL).index(step) - 1]
    desk.say(before)
    assert desk.answer(step, answer=answer).stops is failure
    turn = "purpose" if step == "will" else step
    with pytest.raises(Refusal):
        desk.answer(turn, **USUAL[turn])
    ended = confirmation.fail(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan, reason=failure.value, words="示例")
    assert (ended.loan_state, ended.outcome) == (state, CallOutcome.ANSWERED)
    assert desk.open_duties() == []
    assert desk.standing.failure is failure
    assert [each["kind"] for each in desk.records()][-2:] == [
        "confirmation.failed", "application.withdrawn" if state is LoanState.WITHDRAWN else "loan.refused"
    ]  # fmt: skip
    assert desk.audited()


@pytest.mark.parametrize("reason", [each.value for each in Failure])
def test_no_application_is_ended_for_a_reason_that_no_answer_shows(desk: CallDesk, reason: str) -> None:
    desk.talk()
    desk.say("plan")
    with pytest.raises(Refusal) as error:
        confirmation.fail(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan, reason=reason)
    assert code(error) == "failure_not_shown"
    assert desk.case.loan.state is LoanState.SUBMITTED


def test_a_reason_that_there_is_not_is_refused_by_name(desk: CallDesk) -> None:
    desk.talk()
    with pytest.raises(BadInput) as error:
        confirmation.fail(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan, reason="did not like the voice")
    assert error.value.field == "reason"


def test_after_as_many_calls_as_the_pack_allows_the_application_is_returned(desk: CallDesk) -> None:
    for day in range(2):
        desk.at(10, days=day)
        for _ in range(3):
            desk.wait(600).unreached()
        if day == 0:
            with pytest.raises(Refusal) as early:
                confirmation.give_up(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan)
            assert code(early) == "attempts_left"
    with pytest.raises(Refusal) as used:
        desk.wait(600).dial()
    assert (code(used), used.value.facts["rule"]) == ("attempts_used", "confirmation.attempts_most")
    ended = confirmation.give_up(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan, words="六次都没人接")
    assert (ended.failure, ended.loan_state) == (Failure.UNREACHED, LoanState.REFUSED)
    assert desk.records()[-1]["says"]["reason"] == "unreached"
    assert desk.audited()


def test_a_loan_that_is_confirmed_is_not_called_again(desk: CallDesk) -> None:
    desk.confirmed()
    with pytest.raises(Refusal) as error:
        desk.wait(600).dial()
    assert code(error) == "loan_state"
