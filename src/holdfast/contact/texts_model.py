"""The wording of a message as a lender's own: its versions, who agreed to each, and what a carrier says to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

from holdfast.contact.templates import TEMPLATES, names_in, tongue_of
from holdfast.kernel.states import following

LANGUAGES: Final = ("zh-hans", "en")


class TextState(StrEnum):
    """Where a version of a text stands. Of each template and language at most one is a draft or asked for, and at most one approved."""

    DRAFT = "draft"
    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    RETIRED = "retired"


class TextEvent(StrEnum):
    """What may be done with a version."""

    EDIT = "edit"
    ASK = "ask"
    APPROVE = "approve"
    REFUSE = "refuse"
    RETIRE = "retire"


LIFE: Final = {
    (TextState.DRAFT, TextEvent.EDIT): TextState.DRAFT,
    (TextState.DRAFT, TextEvent.ASK): TextState.ASKED,
    (TextState.DRAFT, TextEvent.RETIRE): TextState.RETIRED,
    (TextState.ASKED, TextEvent.APPROVE): TextState.APPROVED,
    (TextState.ASKED, TextEvent.REFUSE): TextState.REFUSED,
    (TextState.APPROVED, TextEvent.RETIRE): TextState.RETIRED,
}
OPEN: Final = (TextState.DRAFT, TextState.ASKED)


def after(state: TextState, event: TextEvent) -> TextState:
    """The state that `event` leads to; Refusal if the table has no such line."""
    return following(LIFE, state, event, words=f"this version of the text is {state}; nobody can {event} it now", code="text_state")


class CarrierState(StrEnum):
    """What a carrier says to one wording."""

    UNKNOWN = "unknown"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REFUSED = "refused"


class CarrierEvent(StrEnum):
    """What is heard of it: that it was handed in, and the carrier's word."""

    SUBMIT = "submit"
    APPROVE = "approve"
    REFUSE = "refuse"


# A carrier may take its word back; what it refused is handed in again.
CARRIER_LIFE: Final = {
    (CarrierState.UNKNOWN, CarrierEvent.SUBMIT): CarrierState.SUBMITTED,
    (CarrierState.SUBMITTED, CarrierEvent.APPROVE): CarrierState.APPROVED,
    (CarrierState.SUBMITTED, CarrierEvent.REFUSE): CarrierState.REFUSED,
    (CarrierState.APPROVED, CarrierEvent.REFUSE): CarrierState.REFUSED,
    (CarrierState.REFUSED, CarrierEvent.SUBMIT): CarrierState.SUBMITTED,
}


def carrier_after(state: CarrierState, event: CarrierEvent) -> CarrierState:
    """The state that `event` leads to; Refusal if the table has no such line."""
    return following(
        CARRIER_LIFE, state, event, words=f"with this carrier the text is {state}; it cannot be told to {event} now", code="carrier_state"
    )


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a template in one language. Version 0 ships with the program; `sha256` is of the words in UTF-8."""

    template: str
    language: str
    version: int
    words: str
    sha256: bytes

    @property
    def digest(self) -> str:
        """The sha256 as people compare it."""
        return self.sha256.hex()


@dataclass(frozen=True, slots=True)
class Text:
    """One version that a lender wrote. `writers` are the staff numbers of all who wrote at it: none of them approves it."""

    text_id: int
    public_id: str
    template: str
    language: str
    version: int
    words: str
    sha256: bytes
    state: TextState
    writers: tuple[int, ...]
    drafted_at: datetime
    drafted_by: str
    request: str | None
    decided_at: datetime | None
    decided_by: str | None
    ended_at: datetime | None
    ended_by: str | None
    ended_why: str

    @property
    def digest(self) -> str:
        """The sha256 as people compare it."""
        return self.sha256.hex()


@dataclass(frozen=True, slots=True)
class AtCarrier:
    """What one carrier says to one wording: since when, and who noted it."""

    carrier: str
    sha256: bytes
    state: CarrierState
    at: datetime
    by: str
    words: str


class Wordings:
    """The wording of each template and language that is sent now: the lender's own where one is in force, else the shipped one.

    Read once for a whole batch of messages. A wording that names a value which this version of the program no longer gives is not sent.
    """

    def __init__(self, own: Mapping[tuple[str, str], Wording] | None = None) -> None:
        self._own = {
            key: each for key, each in (own or {}).items() if key in SHIPPED and names_in(each.words) <= names_in(SHIPPED[key].words)
        }

    def of(self, template: str, language: str) -> Wording | None:
        """The wording in that language; None if there is no such template."""
        key = (template, tongue_of(language))
        return self._own.get(key) or SHIPPED.get(key)


def wording(template: str, language: str, version: int, words: str) -> Wording:
    """A wording with its digest."""
    return Wording(template, language, version, words, digest_of(words))


def digest_of(words: str) -> bytes:
    """The sha256 of the words in UTF-8."""
    return sha256(words.encode()).digest()


SHIPPED: Final[Mapping[tuple[str, str], Wording]] = {
    (template, language): wording(template, language, 0, words) for template, by in TEMPLATES.items() for language, words in by.items()
}
