"""Words of reminder plans: standings, channels in order, and how far from the due date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from holdfast.servicing.reminder_plan_model import PERSON, TOLD_AFTER

STANDINGS: Final[Mapping[str, tuple[str, Any]]] = {
    "proposed": ("now", _("waits for a second person")),
    "refused": ("todo", _("not put live")),
    "to_come": ("now", _("live, not begun")),
    "in_force": ("done", _("binds now")),
    "past": ("todo", _("bound before")),
}
CHANNELS: Final[Mapping[str, Any]] = {"sms": _("text message"), "voice": _("robot call"), PERSON: _("a person")}
# The orders that a form offers.
HOW: Final[Mapping[str, Any]] = {
    "sms person": _("text message, then a person"),
    "sms voice person": _("text message, then a robot call, then a person"),
    "voice person": _("robot call, then a person"),
    "voice sms person": _("robot call, then a text message, then a person"),
    PERSON: _("a person"),
}
ACTS: Final[Mapping[str, Any]] = {"reminder_plan.propose": _("Put a reminder plan live")}
REFUSALS: Final[Mapping[str, Any]] = {"plan_too_late": _("Its first day has come too near: %(day)s is the earliest now. Propose it anew.")}


def order(steps: Sequence[str]) -> str:
    """Channels in the order in which they are tried."""
    return gettext(", then ").join(str(CHANNELS[each]) for each in steps)


def mark(days: int) -> str:
    """As lenders write it: `T-7`, `T0`, `T+1`."""
    return f"T{days:+d}" if days else "T0"


def when(days: int) -> str:
    """How far from the due date, in words."""
    if days == 0:
        return gettext("on the due day")
    if days < 0:
        return ngettext("%(n)s day before", "%(n)s days before", -days) % {"n": -days}
    return ngettext("%(n)s day after", "%(n)s days after", days) % {"n": days}


def why_not(days: int, how: str) -> Any | None:
    """Why a moment cannot be told that way; None if it can."""
    if days <= 0 and how == PERSON:
        return _("A reminder begins with a text message or a call; a person follows if it does not arrive.")
    if days > TOLD_AFTER and how != PERSON:
        return _("From the second day after the due date on, a person follows up.")
    return None
