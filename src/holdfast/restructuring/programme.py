"""The nouns of a hardship programme: whom it is for, what it gives them, what came of it, and its states. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money
from holdfast.kernel.states import following
from holdfast.servicing import Kind, Rearranged, Rearrangement

# Why it is given: what befell many at once.
CAUSES: Final = ("flood", "earthquake", "epidemic", "closure", "other")
GIVEN: Final = (Kind.DEFER, Kind.HOLIDAY)


class ProgrammeState(StrEnum):
    """Where a programme stands."""

    PLANNED = "planned"
    ASKED = "asked"
    DROPPED = "dropped"
    REFUSED = "refused"
    RUNNING = "running"
    DONE = "done"
    REVERSING = "reversing"
    REVERSED = "reversed"


class ProgrammeEvent(StrEnum):
    """What may be done with a programme."""

    ASK = "ask"
    DROP = "drop"
    AGREE = "agree"
    REFUSE = "refuse"
    FINISH = "finish"
    REVERSE = "reverse"


LIFE: Final = {
    (ProgrammeState.PLANNED, ProgrammeEvent.ASK): ProgrammeState.ASKED,
    (ProgrammeState.PLANNED, ProgrammeEvent.DROP): ProgrammeState.DROPPED,
    (ProgrammeState.ASKED, ProgrammeEvent.AGREE): ProgrammeState.RUNNING,
    (ProgrammeState.ASKED, ProgrammeEvent.REFUSE): ProgrammeState.REFUSED,
    (ProgrammeState.RUNNING, ProgrammeEvent.FINISH): ProgrammeState.DONE,
    (ProgrammeState.DONE, ProgrammeEvent.REVERSE): ProgrammeState.REVERSING,
    (ProgrammeState.REVERSING, ProgrammeEvent.FINISH): ProgrammeState.REVERSED,
}


def after(state: ProgrammeState, event: ProgrammeEvent) -> ProgrammeState:
    """The state that `event` leads to; Refusal if the table has no such line."""
    words = f"the programme is {state}; it cannot be asked to {event} now"
    return following(LIFE, state, event, words=words, code="programme_state")


class Outcome(StrEnum):
    """What came of one loan of the set."""

    PLANNED = "planned"
    LEFT_OUT = "left_out"  # it did not fit when the set was drawn up
    GIVEN = "given"
    MOVED = "moved"  # between the preview and its turn the loan changed, or could no longer be given it
    TAKEN_BACK = "taken_back"
    KEPT = "kept"  # could not be taken back


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which loans: of some branches and products (none named: of all), by the day of the oldest unpaid instalment, by days late."""

    branches: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    due_from: date | None = None
    due_until: date | None = None
    late_from: int | None = None
    late_until: int | None = None

    def __post_init__(self) -> None:
        if self.due_from and self.due_until and self.due_until < self.due_from:
            raise BadInput(f"due_until: not before {self.due_from}", field="due_until")
        for name in ("late_from", "late_until"):
            if (getattr(self, name) or 0) < 0:
                raise BadInput(f"{name}: 0 or more days", field=name)
        if self.late_from is not None and self.late_until is not None and self.late_until < self.late_from:
            raise BadInput(f"late_until: not less than {self.late_from}", field="late_until")
        if not self.as_json():
            raise BadInput("branches: name at least one thing by which the loans are chosen", field="branches")

    def as_json(self) -> dict[str, Any]:
        """The choice as its row and the journal keep it."""
        plain = asdict(self)
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in plain.items() if value not in (None, ())}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Chosen:
        """A choice as `as_json` wrote it."""
        given: dict[str, Any] = dict(data)
        for name in ("branches", "products"):
            given[name] = tuple(given.get(name, ()))
        for name in ("due_from", "due_until"):
            given[name] = date.fromisoformat(given[name]) if given.get(name) else None
        return cls(**given)


@dataclass(frozen=True, slots=True)
class Member:
    """One loan of the set, with what the programme does to it; `shown` is the digest of that, `why` says why it was left out."""

    loan_id: int
    loan: str
    contract_no: str
    borrower: str
    outcome: Outcome
    principal: Money
    was_due_on: date | None
    due_on: date | None
    extra: Money
    why: str = ""
    shown: str = ""
    event_no: int | None = None


@dataclass(frozen=True, slots=True)
class Programme:
    """One programme. `shown` is the digest of its choice and of what it does to each loan: what whoever approves agrees to."""

    programme_id: int
    public_id: str
    state: ProgrammeState
    name: str
    cause: str
    chosen: Chosen
    change: Rearrangement
    shown: str
    loans: int
    left_out: int
    principal: Money
    extra: Money
    planned_on: date
    planned_at: datetime
    planned_by: int
    planned_name: str
    request: str | None
    decided_by: int | None
    decided_name: str | None
    reversal: str | None
    reverse_why: str
    given: int
    moved: int
    taken_back: int
    kept: int

    @property
    def waiting(self) -> int:
        """How many loans still have their turn before them."""
        if self.state is ProgrammeState.RUNNING:
            return self.loans - self.given - self.moved
        return self.given if self.state is ProgrammeState.REVERSING else 0


def shown_of(plan: Rearranged) -> str:
    """What binds a programme to what was shown of one loan: its new days and what they ask for, without the penalty interest of the day."""
    rows = [[row.n, row.due_on.isoformat(), row.principal - row.principal_paid, row.interest - row.interest_paid] for row in plan.after]
    return canonical.digest({"change": plan.change.to_json(), "rows": rows, "extra": plan.extra_cost.as_json()})


def digest_of(chosen: Chosen, change: Rearrangement, members: Sequence[Member]) -> str:
    """What whoever approves agrees to: the choice, the change, and each loan with what is done to it."""
    loans = sorted([member.loan, member.shown] for member in members if member.outcome is Outcome.PLANNED)
    return canonical.digest({"chosen": chosen.as_json(), "change": change.to_json(), "loans": loans})
