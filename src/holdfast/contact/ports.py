"""The port through which a message leaves the house, and what every adapter of it promises.

`send` takes letters with a key each and answers every one. It raises Unavailable only where it is certain that nothing
has left; what may have left is answered `unknown`. Whether a letter that is sent again under its key still reaches the
person once is the channel's to say (`once_per_key`); where it is not so, what is unknown is never sent again.

What a channel hears by itself (receipts, inbound messages) it gives to its `Keep`, and tells the outside that it has it
only when that returns: nothing heard is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one number. `number` is in the clear and lives only for the moment of sending."""

    key: str
    number: str = field(repr=False)
    text: str


@dataclass(frozen=True, slots=True)
class PartAnswer:
    """What the outside said to one part of a letter: its own id, and `sent`, `delivered`, `failed` or `unknown` with why."""

    provider_id: str | None
    outcome: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the outside said to one letter.

    `outcome` is `delivered`, `sent` (a receipt follows), `failed` with why, `unknown` (it may have left) or `not_taken`
    (it certainly has not). `parts` are the answers part by part, where there were several.
    """

    key: str
    provider_id: str | None
    outcome: str
    why: str = ""
    parts: tuple[PartAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a part: its id outside, `delivered`, `failed`, `waiting` or `unknown`, and the outside's own word for it.

    `submitted` and `done` are the outside's times as it wrote them: they tell receipts apart and decide nothing.
    """

    provider_id: str
    state: str
    stat: str = ""
    number: str = field(default="", repr=False)
    submitted: str = ""
    done: str = ""


@dataclass(frozen=True, slots=True)
class LateAnswer:
    """A gateway's answer to a part, come after its sender had given up waiting."""

    key: str
    part_no: int
    answer: PartAnswer


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a person sent us. `to` is our number with its extension; `text` None: no text; `complete` False: parts were missing.

    It proves nobody's identity: numbers can be forged.
    """

    provider_id: str
    number: str = field(repr=False)
    to: str
    text: str | None = field(repr=False)
    complete: bool = True


Heard = Receipt | LateAnswer | Inbound
# Stores what a channel, named first, has heard; it is safe when this returns.
Keep = Callable[[str, Sequence[Heard]], None]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can do. `finance_allowed`: the carrier accepts lending content.

    `once_per_key`: a letter that is sent again under its key reaches the person once. `on_screen`: our own console is the
    phone, so a one-time code may be read there; with any other channel it is readable only where it was sent to.
    `per_second` None: no limit of its own. `templates_must_be_approved`: it takes only wordings that it has approved itself.
    """

    name: str
    finance_allowed: bool
    run_against: str
    receipts_pushed: bool = False
    receipts_pulled: bool = False
    inbound: bool = False
    once_per_key: bool = False
    long_messages: bool = True
    per_second: int | None = None
    on_screen: bool = False
    templates_must_be_approved: bool = False

    @property
    def receipts(self) -> bool:
        """Whether what became of a message is told after it was taken."""
        return self.receipts_pushed or self.receipts_pulled


class SmsChannel(Protocol):
    """A way to send text messages and to hear what became of them."""

    def capabilities(self) -> Capabilities:
        """What this channel can do, and against which peer that was seen."""

    def start(self) -> None:
        """Begin to listen, where the channel hears by itself."""

    def stop(self) -> None:
        """Take leave of the outside, and wait until that is done."""

    def send(self, letters: Sequence[Letter], at: datetime) -> Sequence[Accepted]:
        """Hand the letters over; one answer for each, in their order. Unavailable if certainly none of them has left."""

    def receipt(self, raw: Mapping[str, str], body: bytes) -> Sequence[Receipt]:
        """The receipts in what was pushed to us: headers and body. BadInput if it is not theirs, or not signed."""

    def inbound(self, raw: Mapping[str, str], body: bytes) -> Sequence[Inbound]:
        """The messages in what was pushed to us: headers and body. BadInput if it is not theirs, or not signed."""

    def pull_receipts(self, provider_ids: Sequence[str]) -> Sequence[Receipt]:
        """What the outside knows of these parts; nothing where it cannot be asked. Unavailable if it does not answer."""

    def pull_inbound(self) -> Sequence[Inbound]:
        """Messages that wait outside; nothing where it cannot be asked. Unavailable if it does not answer."""


# Of messages whose first channel had left before it failed, by loan and what they are about: those that still ask for something.
Still = Callable[[Any, Sequence[tuple[int, str]]], Collection[tuple[int, str]]]
# The way that is set up for each channel of `message.channel`.
Channels = Mapping[str, SmsChannel]
