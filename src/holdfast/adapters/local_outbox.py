"""The embedded text-message channel: nothing leaves the house, and the console shows each message as a phone would.

Needs no account. A message counts as delivered at once, since its phone is the screen. Receipts never
come late here, and nobody answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from holdfast.contact import Accepted, Capabilities, Delivery, Letter


class LocalOutbox:
    """An `SmsChannel` that delivers to the console."""

    def capabilities(self) -> Capabilities:
        return Capabilities(name="local outbox", finance_allowed=True, receipts=False, inbound=False, run_against="itself", on_screen=True)

    def send(self, letters: Sequence[Letter], at: datetime) -> Sequence[Accepted]:
        return [Accepted(letter.key, f"local:{letter.key}", "delivered") for letter in letters]

    def receipts(self) -> Sequence[Delivery]:
        return ()
