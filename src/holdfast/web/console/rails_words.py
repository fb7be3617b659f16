"""The words of files, recalls, mandates and direct debits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

FILES: Final[Mapping[str, tuple[str, Text]]] = {
    "made": ("now", _("Made, to be taken out by another")),
    "taken": ("warn", _("Taken out, to be handed to the bank")),
    "handed": ("done", _("With the bank")),
    "stopped": ("todo", _("Stopped")),
}
MATTERS: Final[Mapping[str, tuple[str, Text]]] = {
    "open": ("warn", _("Pursued with the bank")),
    "ruled": ("now", _("Another person must agree")),
    "ended": ("done", _("Over")),
}
MATTER_KINDS: Final[Mapping[str, Text]] = {"recall": _("To come back"), "dispute": _("The bank contradicts itself")}
MANDATES: Final[Mapping[str, tuple[str, Text]]] = {
    "drafted": ("todo", _("Not signed")),
    "active": ("done", _("Direct debit allowed")),
    "cancelled": ("todo", _("Direct debit cancelled")),
    "ended": ("todo", _("Ended with the loan")),
}
DEBITS: Final[Mapping[str, tuple[str, Text]]] = {
    "proposed": ("now", _("To be sent today")),
    "sent": ("now", _("Sent, not cleared yet")),
    "unknown": ("warn", _("Outcome not known")),
    "collected": ("done", _("Collected")),
    "failed": ("late", _("Not collected")),
    "returned": ("late", _("Returned by the payer's bank")),
    "dropped": ("todo", _("Dropped: nothing to collect")),
}
FATES: Final[Mapping[str, Text]] = {
    "contradicts": _("contradicts what the book holds"),
    "nobody": _("names no payment of ours"),
    "noted": _("noted, people rule on it"),
}
