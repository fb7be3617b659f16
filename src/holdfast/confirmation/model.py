"""A call, what was answered in it, and where the confirmation of a loan stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from holdfast.confirmation.states import ConfirmationState


class CallOutcome(StrEnum):
    """What a call came to. The first group reached nobody; it uses up the attempts that the pack allows."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    POWERED_OFF = "powered_off"
    WRONG_NUMBER = "wrong_number"
    HUNG_UP = "hung_up"  # reached, and broken off before anything was settled
    REFUSED = "refused"  # reached, and would not talk
    CALL_BACK = "call_back"
    ANSWERED = "answered"  # reached, and the script was spoken to its end or to a reason to stop
    STOPPED = "stopped"  # a sign of fraud ended it


UNREACHED = frozenset({CallOutcome.NO_ANSWER, CallOutcome.BUSY, CallOutcome.POWERED_OFF, CallOutcome.WRONG_NUMBER})


class Failure(StrEnum):
    """Why a confirmation failed for good."""

    WRONG_PERSON = "wrong_person"
    WILL_NOT_CONFIRMED = "will_not_confirmed"
    PURPOSE_DIFFERS = "purpose_differs"
    NOT_UNDERSTOOD = "not_understood"
    DECLINED = "declined"  # the borrower does not want the loan
    UNREACHED = "unreached"  # nobody answered as often as the pack lets us try


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to one step; `mark` is how far into the call it was given, in seconds. `code` is a code of the script."""

    answer_no: int
    step: str
    code: str
    passed: bool
    mark: int
    said: bool

    def as_json(self) -> Mapping[str, Any]:
        """How the call's transcript digest names it."""
        return {"step": self.step, "answer": self.code, "passed": self.passed, "at": self.mark}


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt to reach the borrower, under one version of the script. `recording`: their yes or no to being recorded."""

    loan_id: int
    call_no: int
    public_id: str
    by_staff: int
    by_name: str
    language: str
    script: str
    script_version: int
    script_digest: str
    rule: str
    dialled_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: CallOutcome | None
    recording: bool | None
    recording_file: str | None
    code_id: str | None
    bound: str | None
    answers: tuple[Answer, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it rings or is being spoken."""
        return self.ended_at is None

    def seconds(self, now: datetime) -> int:
        """How long it has been spoken, or was."""
        if self.answered_at is None:
            return 0
        return max(0, int(((self.ended_at or now) - self.answered_at).total_seconds()))


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Where the confirmation of a loan stands: its calls, and, once completed, the facts that were confirmed and their digest."""

    loan_id: int
    state: ConfirmationState
    calls: tuple[Call, ...]
    call_back_at: datetime | None
    failure: Failure | None
    facts: Mapping[str, Any] | None
    facts_digest: str | None

    @property
    def call(self) -> Call | None:
        """The call that rings or is being spoken."""
        return self.calls[-1] if self.calls and self.calls[-1].open else None

    @property
    def unreached(self) -> int:
        """How many calls reached nobody."""
        return sum(call.outcome in UNREACHED for call in self.calls)
