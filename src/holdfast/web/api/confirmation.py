"""The confirmation call for programs: the queue, each step of a call, and signs of fraud with the two people who review them.

A step that names the loan shows what it says only once it is proved who answers, here as on the screen.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any, Final

from ninja import Router
from pydantic import Field, StrictBool, StringConstraints

from holdfast import confirmation, duties
from holdfast.approvals import Request
from holdfast.confirmation import rules
from holdfast.confirmation.observations import observations_of, observe
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.shapes import RequestOut
from holdfast.web.api.values import In, Instant, Name, Out, Words

router = Router()

Code = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
Text = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\u0000-\u0008\u000b-\u001f]*$")]
_LONGEST_RECORDING: Final = 1_000_000


class WaitingOut(Out):
    """A loan that waits for its call: the reason for its rank, and the moment it follows from."""

    loan: str
    borrower: str
    due_at: Instant
    state: str
    turn: str
    at: Instant
    owner: str | None
    call_back_at: Instant | None
    unreached: int
    frozen: bool


class QueueOut(Out):
    """The queue, most pressing first."""

    items: list[WaitingOut]


class StepOut(Out):
    """One step of the script in the language of the call. `says` is empty while the rule does not let it be read."""

    id: str
    kind: str
    names_loan: bool
    done: bool
    turn: bool
    says: str
    answers: list[str]


class CallOut(Out):
    """One call. `recording` is the borrower's yes or no to being recorded."""

    id: str
    attempt: int
    by: str
    language: str
    script: str
    script_digest: str
    rule: str
    dialled_at: Instant
    answered_at: Instant | None
    ended_at: Instant | None
    outcome: str | None
    recording: bool | None
    recording_file: str | None


class ConfirmationOut(Out):
    """Where a confirmation stands: its calls, and the steps of the one that is open."""

    loan: str
    state: str
    failure: str | None
    call_back_at: Instant | None
    unreached: int
    facts_digest: str | None
    calls: list[CallOut]
    steps: list[StepOut]


class ProgressOut(Out):
    """Where a call stands after an answer; `stops` names the failure that an answer points to."""

    loan: str
    call: str
    passed: bool
    next: str | None
    stops: str | None
    call_back: bool


class CodeSentOut(Out):
    """A code is on its way; `bound` is the digest of the facts it stands for."""

    to: str
    bound: str


class ConfirmationRightOut(Out):
    """Whether these were the digits; the attempt is counted either way."""

    right: bool


class EndedOut(Out):
    """How a call ended, and where confirmation and loan stand now."""

    loan: str
    call: str
    outcome: str
    state: str
    loan_state: str
    failure: str | None


class ConfirmedOut(Out):
    """A completed confirmation, and the record of the loan's chain that tells of it."""

    loan: str
    call: str
    seq: int
    facts_digest: str
    state: str


class ObservationOut(Out):
    """Something noticed, `mark` seconds into a call. For people who look again; never for the score."""

    call: str
    kind: str
    mark: int
    by: str
    seen_at: Instant
    evidence: str


class ObservationList(Out):
    """What was noticed, oldest first."""

    items: list[ObservationOut]


class RecordingOut(Out):
    """A recording that is kept, sealed."""

    file: str
    media_type: str
    digest: str


class ReportedOut(Out):
    """A frozen loan: the record that tells of it, and by when two people look into it."""

    loan: str
    report_no: int
    seq: int
    review_by: Instant | None


class ReviewedOut(Out):
    """What an answer came to."""

    loan: str
    request: RequestOut
    state: str
    frozen: bool
    seq: int | None


class SignOut(Out):
    """A sign of fraud; what it rests on is for those who review it."""

    report_no: int
    sign: str
    by: str
    seen_at: Instant
    seq: int
    evidence: str | None


class FraudOut(Out):
    """The signs seen on a loan, whether it is frozen, and what was asked about it."""

    loan: str
    frozen: bool
    signs: list[SignOut]
    requests: list[RequestOut]


class TakeIn(In):
    """`instead` takes the case over from a colleague."""

    instead: StrictBool = False


class DialIn(In):
    """The language that the script is read in; the borrower's own if none is given."""

    language: Code | None = None


class ConfirmationAnswerIn(In):
    """A choice of the step; or name and last four as they were said, which are compared and not kept; or facts that were missing."""

    answer: Text = ""
    words: Text = ""
    name: Text = ""
    last_four: Annotated[str, StringConstraints(max_length=4)] = ""
    facts: dict[Code, Text] = Field(default_factory=dict, max_length=40)


class ConfirmationDigitsIn(In):
    """The code as it was read out."""

    digits: Name


class EndIn(In):
    """What a call came to; a call back says when."""

    outcome: Code
    call_back_at: Instant | None = None


class FailIn(In):
    """A reason that the call has shown."""

    reason: Code
    words: Text = ""


class GiveUpIn(In):
    """Words for the file."""

    words: Text = ""


class ObserveIn(In):
    """What was noticed and what it rests on; `mark` in seconds, now if not given."""

    kind: Code
    evidence: Words
    mark: Annotated[int, Field(ge=0, le=86_400)] | None = None


class RecordingIn(In):
    """The recording's bytes in base64, within the size of a body here; longer ones are kept at the desk."""

    name: Name
    data: Annotated[str, StringConstraints(max_length=_LONGEST_RECORDING, pattern=r"^[A-Za-z0-9+/=]*$")]


class SignIn(In):
    """A sign, what it rests on (sealed), and the words that stand on the loan."""

    sign: Code
    evidence: Words
    words: Words


class ConfirmationReviewIn(In):
    """What was looked into, for the person who answers."""

    words: Words


class ReviewAnswerIn(In):
    """Yes or no; a no says why."""

    approved: StrictBool
    words: Text = ""


# -- the call --------------------------------------------------------------------------------------


@operation(router, "GET", "/confirmations", "confirmation.queue", answer=QueueOut)
def queue(call: Call) -> Any:
    """Loans within the caller's sight that wait for their confirmation call, most pressing first, each with its reason."""
    return {"items": confirmation.queue(call.db, call.staff.scope, clock=call.clock)}


@operation(router, "GET", "/loans/{loan}/confirmation", "confirmation.read", answer=ConfirmationOut)
def read(call: Call, loan: str) -> Any:
    """Where the confirmation of a loan stands, with the script of the call that is open."""
    return _told(call, loan)


@operation(router, "POST", "/loans/{loan}/confirmation/take", "confirmation.take", answer=ConfirmationOut)
def take(call: Call, loan: str, body: TakeIn) -> Any:
    """Make the case the caller's own."""
    confirmation.take_case(call.db, clock=call.clock, by=call.staff, loan=loan, instead=body.instead)
    return _told(call, loan)


@operation(router, "POST", "/loans/{loan}/confirmation/calls", "confirmation.dial", answer=ConfirmationOut, status=201)
def dial(call: Call, loan: str, body: DialIn) -> Any:
    """Ring the borrower if the rules of contact allow it now; a refusal names the rule and the earliest moment."""
    confirmation.dial(call.db, clock=call.clock, by=call.staff, loan=loan, language=body.language)
    return _told(call, loan)


@operation(router, "POST", "/loans/{loan}/confirmation/answered", "confirmation.picked_up", answer=ConfirmationOut)
def picked_up(call: Call, loan: str) -> Any:
    """Somebody has answered the call."""
    confirmation.picked_up(call.db, clock=call.clock, by=call.staff, loan=loan)
    return _told(call, loan)


@operation(router, "POST", "/loans/{loan}/confirmation/steps/{step}", "confirmation.answer", answer=ProgressOut)
def answer(call: Call, loan: str, step: str, body: ConfirmationAnswerIn) -> Any:
    """Write the answer to the step whose turn it is."""
    return confirmation.answer(
        call.db, clock=call.clock, by=call.staff, loan=loan, step=step, answer=body.answer, words=body.words, name=body.name,
        last_four=body.last_four, facts=body.facts,
    )  # fmt: skip


@operation(router, "POST", "/loans/{loan}/confirmation/code", "confirmation.send_code", answer=CodeSentOut, status=201)
def send_code(call: Call, loan: str) -> Any:
    """Send the borrower the code that stands for what was read."""
    return confirmation.send_code(call.db, clock=call.clock, by=call.staff, loan=loan)


@operation(router, "POST", "/loans/{loan}/confirmation/code/attempts", "confirmation.try_code", answer=ConfirmationRightOut)
def try_code(call: Call, loan: str, body: ConfirmationDigitsIn) -> Any:
    """Try the digits as they were read out. A wrong attempt counts; the step of the code is answered when they are right."""
    return {"right": confirmation.try_code(call.db, clock=call.clock, by=call.staff, loan=loan, digits=body.digits)}


@operation(router, "POST", "/loans/{loan}/confirmation/completion", "confirmation.confirm", answer=ConfirmedOut)
def confirm(call: Call, loan: str) -> Any:
    """Complete the confirmation: the loan goes on to its decision."""
    done = confirmation.confirm(call.db, clock=call.clock, by=call.staff, loan=loan)
    return {"loan": loan, "call": done.call, "seq": done.record.seq, "facts_digest": done.facts_digest, "state": done.state}


@operation(router, "POST", "/loans/{loan}/confirmation/end", "confirmation.end_call", answer=EndedOut)
def end_call(call: Call, loan: str, body: EndIn) -> Any:
    """End a call that settled nothing; the duty and its deadline stay."""
    return confirmation.end_call(call.db, clock=call.clock, by=call.staff, loan=loan, outcome=body.outcome, call_back_at=body.call_back_at)


@operation(router, "POST", "/loans/{loan}/confirmation/failure", "confirmation.fail", answer=EndedOut)
def fail(call: Call, loan: str, body: FailIn) -> Any:
    """End the application for a reason that the call has shown."""
    return confirmation.fail(call.db, clock=call.clock, by=call.staff, loan=loan, reason=body.reason, words=body.words)


@operation(router, "POST", "/loans/{loan}/confirmation/return", "confirmation.give_up", answer=EndedOut)
def give_up(call: Call, loan: str, body: GiveUpIn) -> Any:
    """Return an application whose borrower was called as often as the pack allows and never answered."""
    return confirmation.give_up(call.db, clock=call.clock, by=call.staff, loan=loan, words=body.words)


@operation(router, "POST", "/loans/{loan}/observations", "confirmation.observe", answer=ObservationOut, status=201)
def note(call: Call, loan: str, body: ObserveIn) -> Any:
    """Note something that was noticed in the call, with the moment and what it rests on."""
    return observe(call.db, clock=call.clock, by=call.staff, loan=loan, kind=body.kind, evidence=body.evidence, mark=body.mark)


@operation(router, "GET", "/loans/{loan}/observations", "confirmation.observations", answer=ObservationList)
def noticed(call: Call, loan: str) -> Any:
    """What was noticed in the calls of a loan; for people who look again, never for the score."""
    return {"items": observations_of(call.db, call.staff.scope, loan=loan)}


@operation(router, "POST", "/loans/{loan}/calls/{number}/recording", "confirmation.keep_recording", answer=RecordingOut, status=201)
def keep_recording(call: Call, loan: str, number: str, body: RecordingIn) -> Any:
    """Keep the recording of a call in which the borrower agreed to it."""
    try:
        data = base64.b64decode(body.data, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("data: not base64", field="data") from None
    file = confirmation.keep_recording(call.db, clock=call.clock, by=call.staff, loan=loan, call=number, data=data, name=body.name)
    return {"file": file.public_id, "media_type": file.media_type, "digest": file.digest}


# -- signs of fraud --------------------------------------------------------------------------------


@operation(router, "GET", "/loans/{loan}/fraud", "confirmation.signs", answer=FraudOut)
def signs(call: Call, loan: str) -> Any:
    """The signs of fraud seen on a loan, whether it is frozen, and what was asked about it."""
    case = duties.take(call.db, loan, call.staff.scope, lock=False)
    reviewer = confirmation.may_see_evidence(call.staff)
    seen = [
        {"report_no": each.report_no, "sign": each.sign, "by": each.by, "seen_at": each.seen_at, "seq": each.record_seq,
         "evidence": each.evidence if reviewer else None}
        for each in confirmation.signs_of(call.db, call.staff.scope, loan=loan)
    ]  # fmt: skip
    asked = [_asked(each) for each in confirmation.reviews_of(call.db, call.staff.scope, loan=loan)]
    return {"loan": loan, "frozen": any(each.reason == "fraud" for each in case.freezes), "signs": seen, "requests": asked}


@operation(router, "POST", "/loans/{loan}/fraud", "confirmation.report_fraud", answer=ReportedOut, status=201)
def report_fraud(call: Call, loan: str, body: SignIn) -> Any:
    """Report a sign of fraud: the loan is frozen in this transaction, and two others look into it the same day."""
    done = confirmation.report_fraud(
        call.db, clock=call.clock, by=call.staff, loan=loan, sign=body.sign, evidence=body.evidence, words=body.words
    )
    return {"loan": loan, "report_no": done.report_no, "seq": done.record.seq, "review_by": done.review_by}


@operation(router, "POST", "/loans/{loan}/fraud/thaw", "confirmation.ask_thaw", answer=RequestOut, status=202)
def ask_thaw(call: Call, loan: str, body: ConfirmationReviewIn) -> Any:
    """Ask another person to let a frozen loan go on. Neither may have reported a sign."""
    return _asked(confirmation.ask_thaw(call.db, clock=call.clock, by=call.staff, loan=loan, words=body.words))


@operation(router, "POST", "/loans/{loan}/fraud/refusal", "confirmation.ask_refusal", answer=RequestOut, status=202)
def ask_refusal(call: Call, loan: str, body: ConfirmationReviewIn) -> Any:
    """Ask another person to end a frozen loan for good."""
    return _asked(confirmation.ask_refusal(call.db, clock=call.clock, by=call.staff, loan=loan, words=body.words))


@operation(router, "POST", "/fraud-reviews/{asked}/answer", "confirmation.answer_review", answer=ReviewedOut)
def answer_review(call: Call, asked: str, body: ReviewAnswerIn) -> Any:
    """Answer as the second person; the yes thaws or ends the loan."""
    done = confirmation.answer_review(call.db, clock=call.clock, by=call.staff, request=asked, approved=body.approved, words=body.words)
    return {
        "loan": done.loan, "request": _asked(done.request), "state": done.state, "frozen": done.frozen,
        "seq": done.record.seq if done.record else None,
    }  # fmt: skip


# -- how it is told --------------------------------------------------------------------------------


def _told(call: Call, loan: str) -> Mapping[str, Any]:
    case = duties.take(call.db, loan, call.staff.scope, lock=False)
    found = confirmation.confirmation_of(call.db, case.loan.loan_id)
    return {
        "loan": loan, "state": found.state, "failure": found.failure, "call_back_at": found.call_back_at, "unreached": found.unreached,
        "facts_digest": found.facts_digest, "calls": [_call(each) for each in found.calls],
        "steps": _steps(call, loan, found.call, case.lender.name or "") if found.call else [],
    }  # fmt: skip


def _call(each: confirmation.Call) -> Mapping[str, Any]:
    return {
        "id": each.public_id, "attempt": each.call_no, "by": each.by_name, "language": each.language,
        "script": f"{each.script} {each.script_version}", "script_digest": each.script_digest, "rule": each.rule,
        "dialled_at": each.dialled_at, "answered_at": each.answered_at, "ended_at": each.ended_at, "outcome": each.outcome,
        "recording": each.recording, "recording_file": each.recording_file,
    }  # fmt: skip


def _steps(call: Call, loan: str, spoken: confirmation.Call, lender: str) -> list[Mapping[str, Any]]:
    script = confirmation.script(spoken.script_version)
    facts = confirmation.facts_now(call.db, clock=call.clock, scope=call.staff.scope, loan=loan).words(spoken.language)
    figures = {"lender": lender, "caller": spoken.by_name, **facts}
    done, turn = rules.passed(script, spoken.answers), rules.next_step(script, spoken.answers)
    told: list[Mapping[str, Any]] = []
    for step in script.steps:
        try:
            rules.may_show(script, spoken.answers, step)
            says = step.said(spoken.language, figures)
        except Refusal:
            says = ""
        told.append(
            {"id": step.id, "kind": step.kind, "names_loan": step.names_loan, "done": step.id in done,
             "turn": turn is not None and turn.id == step.id, "says": says, "answers": [choice.code for choice in step.choices]}
        )  # fmt: skip
    return told


def _asked(asked: Request) -> Mapping[str, Any]:
    answers = [{"by": each.name, "approved": each.approved, "words": each.words, "answered_at": each.answered_at} for each in asked.answers]
    return {
        "id": asked.public_id, "act": asked.act, "inputs": dict(asked.inputs), "reason": asked.reason, "maker": asked.maker_name,
        "asked_at": asked.asked_at, "needed": asked.needed, "standing": asked.standing, "answers": answers,
    }  # fmt: skip
