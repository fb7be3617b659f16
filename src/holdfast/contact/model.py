"""A message from the promise to the receipt, and what the dispatcher did with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Promise:
    """A message that shall reach a person between two instants. `params` holds masked values only.

    `party_id` None: nobody knows who the borrower is (a tape without names), so nothing can be sent, unless
    `number` says where to: to somebody who is no party yet, or to a number that is to become the party's. `secret`
    holds what only the letter itself shows: a one-time code. `language` is the party's own unless it is said. `after_no` is the
    message before it of the same moment, which did not arrive by its own channel.
    """

    loan_id: int
    duty_no: int | None
    party_id: int | None
    purpose: str
    channel: str
    template: str
    params: Mapping[str, Any]
    on_date: date
    send_from: datetime
    send_until: datetime
    number: str | None = field(default=None, repr=False)
    language: str | None = None
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)
    after_no: int | None = None


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What became of a message: `delivered`, `sent`, `failed`, `refused` by a rule or `dropped`, and by which rule.

    `after_no`: the message before it of the same moment, whose channel had failed.
    """

    loan_id: int
    message_no: int
    duty_no: int | None
    outcome: str
    rule: str
    after_no: int | None = None


@dataclass(frozen=True, slots=True)
class SealedLetter:
    """What was kept sealed until the moment of sending; either may be absent."""

    number: str | None = field(repr=False)
    text: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Due:
    """A message whose time to be sent has come, with what bears on it now."""

    queue_id: int
    loan_id: int
    message_no: int
    duty_no: int | None
    party_id: int | None
    purpose: str
    channel: str
    body: str
    send_until: datetime
    duty_open: bool
    held: str | None
    letter: SealedLetter | None = None
    text_sha256: bytes | None = None
    after_no: int | None = None
    about: str = ""
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Handed:
    """A message on its way out: the rule that allowed it, and what is sent to which number. It lives only for that moment."""

    due: Due
    rule: str
    number: str = field(repr=False)
    text: str = field(repr=False)

    @property
    def key(self) -> str:
        """The key under which it is sent: one a message, whatever happens."""
        return f"{self.due.loan_id}:{self.due.message_no}"


@dataclass(frozen=True, slots=True)
class Message:
    """A message as a reader sees it; `to` is the masked number."""

    loan: str
    message_no: int
    purpose: str
    channel: str
    template: str
    body: str
    to: str | None
    label: str
    on_date: date
    send_from: datetime
    state: str
    state_why: str
    sent_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Bubble:
    """A message as the phone shows it, where our own screen is the phone; `loan` is empty if it is about none."""

    body: str
    to: str
    sent_at: datetime
    purpose: str
    loan: str | None
    channel: str = "sms"
