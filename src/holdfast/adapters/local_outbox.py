"""The embedded text-message channel: nothing leaves the house, and the console shows each message as a phone would.

Needs no account. A message counts as delivered at once, since its phone is the screen. Receipts never
come late here, and nobody answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from holdfast.contact import Accepted, Capabilities, Inbound, Letter, Receipt
from holdfast.kernel.errors import BadInput


class LocalOutbox:
    """An `SmsChannel` that delivers to the console."""

    def capabilities(self) -> Capabilities:
        return Capabilities(name="local outbox", finance_allowed=True, run_against="itself", once_per_key=True, on_screen=True)

    def start(self) -> None:
        return None

    def stop(self) -> None:
        return None

    def send(self, letters: Sequence[Letter], at: datetime) -> Sequence[Accepted]:
        return [Accepted(letter.key, f"local:{letter.key}", "delivered") for letter in letters]

    def receipt(self, raw: Mapping[str, str], body: bytes) -> Sequence[Receipt]:
        raise BadInput("the local outbox has no outside that could push a receipt", code="not_pushed")

    def inbound(self, raw: Mapping[str, str], body: bytes) -> Sequence[Inbound]:
        raise BadInput("the local outbox has no outside that could push a message", code="not_pushed")

    def pull_receipts(self, provider_ids: Sequence[str]) -> Sequence[Receipt]:
        return ()

    def pull_inbound(self) -> Sequence[Inbound]:
        return ()
