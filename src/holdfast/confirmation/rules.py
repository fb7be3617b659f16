"""What may be said and answered next in a call, when it may be completed, and whose turn it is to be called.

Pure. Steps come in the script's order. A step that names the loan is neither shown nor answered before it is
proved who answers. A step that stays unclear closes: nobody answers in the borrower's place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from holdfast.confirmation.model import Answer, Call, CallOutcome, Failure
from holdfast.confirmation.script import Script, Step, Then
from holdfast.kernel.errors import Refusal

# After so many tries a step stays unclear for this call.
MOST_AGAIN: Final = 2
MATCHES: Final = "matches"
DIFFERS: Final = "differs"
FILLED: Final = "filled"
PROVED: Final = "proved"


def passed(script: Script, answers: Sequence[Answer]) -> frozenset[str]:
    """The steps that are done."""
    return frozenset(answer.step for answer in answers if answer.passed)


def identity_proved(script: Script, answers: Sequence[Answer]) -> bool:
    """Whether it is proved who answers."""
    return {step.id for step in script.identity} <= passed(script, answers)


def next_step(script: Script, answers: Sequence[Answer]) -> Step | None:
    """The step whose turn it is; None when all are done."""
    done = passed(script, answers)
    return next((step for step in script.steps if step.id not in done), None)


def may_show(script: Script, answers: Sequence[Answer], step: Step) -> None:
    """Refusal if what the step says may not be read yet."""
    if step.names_loan and not identity_proved(script, answers):
        raise Refusal(
            f"the step {step.id} names the loan; first it must be proved who answers", code="identity_first", field="step", step=step.id
        )


def may_answer(script: Script, answers: Sequence[Answer], step: Step) -> None:
    """Refusal, saying why, unless it is this step's turn."""
    may_show(script, answers, step)
    turn = next_step(script, answers)
    if turn is None or step.id in passed(script, answers):
        raise Refusal(f"the step {step.id} is done", code="step_done", field="step", step=step.id)
    if step.id != turn.id:
        raise Refusal(f"the step {turn.id} comes before {step.id}", code="step_order", field="step", step=step.id, turn=turn.id)
    if unclear(answers, step):
        raise Refusal(
            f"the step {step.id} stayed unclear {MOST_AGAIN} times; nobody answers in the borrower's place: end the call, "
            "agree another, or end the application",
            code="step_unclear", field="step", step=step.id,
        )  # fmt: skip
    stopped = stops(script, answers)
    if stopped is not None:
        raise Refusal(f"what was answered ends this application: {stopped}", code="call_stopped", field="step", failure=str(stopped))


def unclear(answers: Sequence[Answer], step: Step) -> bool:
    """Whether the step was tried as often as it may be, and is not done."""
    tried = [answer for answer in answers if answer.step == step.id]
    return len(tried) >= MOST_AGAIN and not any(answer.passed for answer in tried)


def stops(script: Script, answers: Sequence[Answer]) -> Failure | None:
    """The failure that an answer of this call points to, if one does."""
    for answer in answers:
        step = script.step(answer.step)
        for choice in step.choices:
            if choice.code == answer.code and choice.then is Then.STOP and choice.stop:
                return Failure(choice.stop)
    return None


def shows(script: Script, answers: Sequence[Answer]) -> frozenset[Failure]:
    """The reasons for which this call may end the application: no reason is given that the answers do not show."""
    found = {stopped} if (stopped := stops(script, answers)) else set()
    for step in script.steps:
        if unclear(answers, step):
            found.add(Failure.WRONG_PERSON if step in script.identity else Failure.NOT_UNDERSTOOD)
    return frozenset(found)


def missing(script: Script, answers: Sequence[Answer]) -> tuple[str, ...]:
    """The steps that are not done yet."""
    done = passed(script, answers)
    return tuple(step.id for step in script.steps if step.id not in done)


def may_end(call: Call, outcome: CallOutcome) -> None:
    """Refusal if the call cannot have come to that: whether anybody answered decides."""
    reached = call.answered_at is not None
    allowed = _ENDS_REACHED if reached else _ENDS_UNREACHED
    if outcome not in allowed:
        what = "was answered" if reached else "was not answered"
        raise Refusal(
            f"this call {what}; it can have ended as {', '.join(sorted(allowed))}, not as {outcome}", code="call_outcome", field="outcome"
        )


_ENDS_UNREACHED: Final = frozenset({CallOutcome.NO_ANSWER, CallOutcome.BUSY, CallOutcome.POWERED_OFF, CallOutcome.WRONG_NUMBER})
_ENDS_REACHED: Final = frozenset({CallOutcome.HUNG_UP, CallOutcome.REFUSED, CallOutcome.CALL_BACK, CallOutcome.WRONG_NUMBER})


class Turn(StrEnum):
    """Why a case stands where it stands in the queue, most pressing first."""

    PAST_DEADLINE = "past_deadline"
    CALL_BACK_NOW = "call_back_now"
    IN_CALL = "in_call"
    NEAR_DEADLINE = "near_deadline"
    DEADLINE = "deadline"
    CALL_BACK_LATER = "call_back_later"
    ATTEMPTS_USED = "attempts_used"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A loan that waits for its confirmation call."""

    loan: str
    loan_id: int
    borrower: str
    product_zh: str
    product_en: str
    currency: str
    due_at: datetime
    window_from: datetime
    owner_id: int | None
    owner: str | None
    state: str
    call_back_at: datetime | None
    unreached: int
    frozen: bool
    turn: Turn = Turn.DEADLINE

    @property
    def at(self) -> datetime:
        """The moment that its rank follows from."""
        return self.call_back_at if self.turn in (Turn.CALL_BACK_NOW, Turn.CALL_BACK_LATER) and self.call_back_at else self.due_at


def turn_of(case: Waiting, *, now: datetime, used: int, most: int) -> Turn:
    """Whose turn it is: `used` percent of its time has gone, `most` calls may reach nobody."""
    if case.frozen:
        return Turn.FROZEN
    if case.state == "in_call":
        return Turn.IN_CALL
    if case.unreached >= most:
        return Turn.ATTEMPTS_USED
    if case.due_at <= now:
        return Turn.PAST_DEADLINE
    if case.call_back_at is not None:
        return Turn.CALL_BACK_NOW if case.call_back_at <= now else Turn.CALL_BACK_LATER
    return Turn.NEAR_DEADLINE if used >= _NEAR else Turn.DEADLINE


_NEAR: Final = 80
