"""Contact: one ledger that is asked before anything reaches a person, whatever the channel.

A message is a row before it is sent. Sending asks the rules once more, and what they said stands in
the ledger beside what was done.
"""

from holdfast.contact.ports import Capabilities, Channel, Channels, Handover, Outgoing
from holdfast.contact.rules import Allowed, Limits, Made, Refused, limits_of, may_contact
from holdfast.contact.service import Dispatched, Promise, dispatch, promise_batch
from holdfast.contact.templates import render, segments

__all__ = [
    "Allowed",
    "Capabilities",
    "Channel",
    "Channels",
    "Dispatched",
    "Handover",
    "Limits",
    "Made",
    "Outgoing",
    "Promise",
    "Refused",
    "dispatch",
    "limits_of",
    "may_contact",
    "promise_batch",
    "render",
    "segments",
]
