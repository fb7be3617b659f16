"""Wiring: the only place where ports meet adapters, and where each stage registers what the ground asks of it."""

from __future__ import annotations

from typing import Final

from holdfast.adapters.local_outbox import LocalOutbox
from holdfast.contact import Channels
from holdfast.duties.audit import Provider
from holdfast.servicing.expectations import serviced_loans

# What `duties audit` holds the book against, stage by stage.
EXPECTATIONS: Final[tuple[Provider, ...]] = (serviced_loans,)

# How a person is reached. A lender without a carrier has the outbox that the console shows as a phone.
CHANNELS: Final[Channels] = {"sms": LocalOutbox()}
