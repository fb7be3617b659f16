"""The embedded channel: a message is shown in the console as the borrower's phone would show it.

Nothing leaves the machine, so nothing is ever unknown: what is handed over is delivered.
"""

from __future__ import annotations

from holdfast.contact import Capabilities, Handover, Outgoing


class LocalOutbox:
    """An SMS channel without a carrier."""

    capabilities = Capabilities(name="local outbox", inbound=False, receipts=True, finance_allowed=True, real=False)

    def send(self, message: Outgoing) -> Handover:
        """Delivered at once, under the message's own key."""
        return Handover("delivered", provider_id=message.key)
