"""An application: what somebody asks for, and the file that grows until it can be handed in.

It lives before the loan does: a draft is the borrower's own and binds nobody. Handing it in makes the loan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from holdfast.applications.facts import ANSWERS, Fact
from holdfast.kernel.money import Money
from holdfast.kernel.states import following
from holdfast.loans import Happened


class ApplicationState(StrEnum):
    """Where a file stands. `closed`: it led to a loan that is past signing, or was given up."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


class ApplicationEvent(StrEnum):
    """What can happen to a file."""

    CHANGE_PLAN = "change_plan"
    FILL_IN = "fill_in"
    SUBMIT = "submit"
    SUPPLEMENT = "supplement"
    RETURN = "return"
    WITHDRAW = "withdraw"
    CLOSE = "close"


_S, _E = ApplicationState, ApplicationEvent
LIFE: Final = {
    (_S.DRAFT, _E.CHANGE_PLAN): _S.DRAFT,
    (_S.DRAFT, _E.FILL_IN): _S.DRAFT,
    (_S.DRAFT, _E.SUBMIT): _S.SUBMITTED,
    (_S.DRAFT, _E.WITHDRAW): _S.WITHDRAWN,
    (_S.DRAFT, _E.CLOSE): _S.CLOSED,
    (_S.SUBMITTED, _E.SUPPLEMENT): _S.SUBMITTED,
    (_S.SUBMITTED, _E.RETURN): _S.RETURNED,
    (_S.SUBMITTED, _E.WITHDRAW): _S.WITHDRAWN,
    (_S.SUBMITTED, _E.CLOSE): _S.CLOSED,
    (_S.RETURNED, _E.FILL_IN): _S.RETURNED,
    (_S.RETURNED, _E.SUPPLEMENT): _S.RETURNED,
    (_S.RETURNED, _E.SUBMIT): _S.SUBMITTED,
    (_S.RETURNED, _E.WITHDRAW): _S.WITHDRAWN,
    (_S.RETURNED, _E.CLOSE): _S.CLOSED,
}
# A file that somebody still works on, or waits for.
OPEN: Final = frozenset({_S.DRAFT, _S.SUBMITTED, _S.RETURNED})


def after(state: ApplicationState, event: ApplicationEvent) -> ApplicationState:
    """The state that `event` leads to; Refusal if the table has no such line."""
    words = f"this application is {state}; {event.replace('_', ' ')} is not possible any more"
    return following(LIFE, state, event, words=words, code="application_state")


@dataclass(frozen=True, slots=True)
class Document:
    """A paper or picture in the file; `file` is its public id, `digest` what records name it by."""

    slot: str
    file: str
    name: str
    media_type: str
    size: int
    digest: str
    put_at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """What staff asked for when they gave the file back."""

    fields: tuple[str, ...]
    words: str
    on: date


@dataclass(frozen=True, slots=True)
class Application:
    """A file as it stands. `facts` are those of `facts.FACTS` that are known; the person's own data stands with the party."""

    application_id: int
    public_id: str
    state: ApplicationState
    party_id: int
    party: str
    label: str
    branch_id: int
    branch: str
    branch_name: str
    officer_id: int | None
    channel: str
    product_code: str
    product_version: int
    principal: Money
    instalments: int
    loan_id: int | None
    loan: str | None
    thing_id: int | None
    started_on: date
    started_at: datetime
    submitted_at: datetime | None
    facts: Mapping[str, Fact] = field(default_factory=dict, repr=False)
    consents: Mapping[str, str] = field(default_factory=dict)
    documents: tuple[Document, ...] = ()
    private: Mapping[str, str] = field(default_factory=dict)
    born_on: date | None = None
    asked: Asked | None = None

    @property
    def purpose(self) -> str:
        """What the money is for; empty while it has not been said."""
        return str(self.facts.get("purpose", ""))

    @property
    def answers(self) -> Mapping[str, Fact]:
        """What feeds the score."""
        return {name: self.facts[name] for name in ANSWERS if name in self.facts}

    @property
    def imeis(self) -> tuple[str, ...]:
        """The phone's IMEIs that are known, in full: never to be shown or recorded."""
        places = ("imei1", "imei2") if self.facts.get("sim") == "dual" else ("imei1",)
        return tuple(str(self.facts[place]) for place in places if place in self.facts)

    def document(self, slot: str) -> Document | None:
        """The newest paper of that slot."""
        return next((each for each in self.documents if each.slot == slot), None)


@dataclass(frozen=True, slots=True)
class Submitted:
    """A file that was handed in: the loan that it is for."""

    loan: str
    application: str
    contract_no: str
    happened: tuple[Happened, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeSent:
    """A code on its way to the borrower's phone: its id, and the masked number."""

    code_id: str
    to: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One step by which the file grew: which fields, from whom, when."""

    entry_no: int
    fields: tuple[str, ...]
    source: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list of applications."""

    application_id: int
    public_id: str
    state: ApplicationState
    label: str
    phone: str
    product_code: str
    product_name_zh: str
    product_name_en: str
    principal: Money
    instalments: int
    branch: str
    branch_name: str
    channel: str
    loan: str | None
    contract_no: str | None
    loan_state: str | None
    started_at: datetime
    submitted_at: datetime | None
