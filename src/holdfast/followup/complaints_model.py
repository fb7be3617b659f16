"""A complaint: what it is about, whom it is against, each thing said of it, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from holdfast.kernel.states import following


class ComplaintState(StrEnum):
    """Where a complaint stands."""

    OPEN = "open"
    EXTENDED = "extended"
    ANSWERED = "answered"
    ESCALATED = "escalated"
    FINAL = "final"


class ComplaintEvent(StrEnum):
    """What may be done with a complaint."""

    ADD = "add"
    EXTEND = "extend"
    ANSWER = "answer"
    ESCALATE = "escalate"


LIFE: Final = {
    (ComplaintState.OPEN, ComplaintEvent.ADD): ComplaintState.OPEN,
    (ComplaintState.OPEN, ComplaintEvent.EXTEND): ComplaintState.EXTENDED,
    (ComplaintState.OPEN, ComplaintEvent.ANSWER): ComplaintState.ANSWERED,
    (ComplaintState.EXTENDED, ComplaintEvent.ADD): ComplaintState.EXTENDED,
    (ComplaintState.EXTENDED, ComplaintEvent.ANSWER): ComplaintState.ANSWERED,
    (ComplaintState.ANSWERED, ComplaintEvent.ESCALATE): ComplaintState.ESCALATED,
    (ComplaintState.ESCALATED, ComplaintEvent.ADD): ComplaintState.ESCALATED,
    (ComplaintState.ESCALATED, ComplaintEvent.ANSWER): ComplaintState.FINAL,
}
# An answer is owed.
OPEN: Final = frozenset({ComplaintState.OPEN, ComplaintState.EXTENDED, ComplaintState.ESCALATED})
CHANNELS: Final = ("phone", "counter", "letter", "sms", "page", "regulator")
OUTCOMES: Final = ("upheld", "partly", "not_upheld")


def after(state: ComplaintState, event: ComplaintEvent) -> ComplaintState:
    """The state that `event` leads to; Refusal if the table has no such line."""
    return following(LIFE, state, event, words=f"the complaint is {state}; it cannot be {_DONE[event]} now", code="complaint_state")


_DONE: Final = {
    ComplaintEvent.ADD: "added to",
    ComplaintEvent.EXTEND: "given more time",
    ComplaintEvent.ANSWER: "answered",
    ComplaintEvent.ESCALATE: "taken further",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing said or done about a complaint. `words` is the public id of the file that holds the words, `attached` of what came with
    them; `by` is empty where the borrower did it."""

    what: str
    at: datetime
    by: str
    seq: int
    words: str
    attached: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint about a loan. `answer_by` is the last day for the answer that is owed, or was."""

    public_id: str
    complaint_no: int
    loan: str
    contract_no: str
    borrower: str
    state: ComplaintState
    channel: str
    about: str
    taken_on: date
    taken_at: datetime
    taken_by: int | None
    answer_by: date
    in_duty: bool
    outcome: str | None
    answered_on: date | None
    answered_by: int | None
    escalated_on: date | None
    against: tuple[int, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def open(self) -> bool:
        """Whether an answer is owed."""
        return self.state in OPEN

    def late(self, today: date) -> bool:
        """Whether its answer is owed and its last day is over, or came after it."""
        return self.answer_by < (today if self.open else self.answered_on or today)


@dataclass(frozen=True, slots=True)
class ComplaintFigures:
    """A period's complaints, as a regulator asks for them: how many came, by what they are about, and how they were answered."""

    since: date
    until: date
    taken: int
    open: int
    late: int
    escalated: int
    upheld: int
    by_about: tuple[tuple[str, int], ...]
