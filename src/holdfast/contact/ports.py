"""The port through which a message leaves the house, and what every adapter of it promises.

`send` takes letters with a key each. A letter sent twice under one key reaches the person once. An
outside that does not answer raises Unavailable: nothing is then known, and the same letters are sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one number. `number` is in the clear and lives only for the moment of sending."""

    key: str
    number: str = field(repr=False)
    text: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the outside said to one letter: its own id, and `delivered`, `sent` (a receipt follows) or `failed` with why."""

    key: str
    provider_id: str
    outcome: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A receipt that came later: the outside's id, `delivered` or `failed`, and when."""

    provider_id: str
    outcome: str
    at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can do. `finance_allowed`: the carrier accepts lending content.

    `on_screen`: our own console is the phone, so a one-time code may be read there; with any other channel it is
    readable only where it was sent to.
    """

    name: str
    finance_allowed: bool
    receipts: bool
    inbound: bool
    run_against: str
    on_screen: bool = False


class SmsChannel(Protocol):
    """A way to send text messages."""

    def capabilities(self) -> Capabilities:
        """What this channel can do, and against which peer that was seen."""

    def send(self, letters: Sequence[Letter], at: datetime) -> Sequence[Accepted]:
        """Hand the letters over; one answer for each, in their order. Unavailable if the outside gave none."""

    def receipts(self) -> Sequence[Delivery]:
        """Receipts that have come since the last time they were asked for."""


# The way that is set up for each channel of `message.channel`.
Channels = Mapping[str, SmsChannel]
