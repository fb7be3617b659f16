"""The port of a channel: what an adapter must do, and what it may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can do; `real` is false for one that reaches nobody outside."""

    name: str
    inbound: bool
    receipts: bool
    finance_allowed: bool
    real: bool


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way. `key` is the same on every try, so that a provider sends it once."""

    key: str
    party_id: int
    body: str


@dataclass(frozen=True, slots=True)
class Handover:
    """What the channel answered. `unknown`: nobody can say; it is asked about, never sent again."""

    state: Literal["sent", "delivered", "failed", "unknown"]
    provider_id: str | None = None
    why: str = ""


class Channel(Protocol):
    """A way to reach a person."""

    capabilities: Capabilities

    def send(self, message: Outgoing) -> Handover: ...


Channels = Mapping[str, Channel]
