"""Words of what borrowers write: what they ask for, whose the number is, and why an act is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from holdfast.contact import Question

QUESTIONS: Final[Mapping[str, str | Promise]] = {
    Question.BALANCE: _("Balance"),
    Question.PLAN: _("Plan"),
    Question.PAYOFF: _("Pay-off"),
    Question.RELEASE: _("Release"),
    Question.STOP: _("Stop"),
    Question.HELP: _("Help"),
    Question.OTHER: _("In their own words"),
}
REFUSALS: Final[Mapping[str, str | Promise]] = {
    "no_ticket": _("No question about this loan waits for an answer. A colleague may just have answered it."),
    "inbound_closed": _("A colleague has just dealt with this message. Load the page anew."),
    "no_inbound": _("There is no such message."),
}
