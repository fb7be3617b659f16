"""Words of complaints: what they are about, by which way they came, where they stand, and why an act on one is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from holdfast.followup.complaints_model import ComplaintState

ABOUT: Final[Mapping[str, str | Promise]] = {
    "collection": _("How money was asked for"),
    "price": _("Interest and fees"),
    "payment": _("A payment or its booking"),
    "privacy": _("Personal data"),
    "collateral": _("The thing in custody"),
    "service": _("The service"),
    "other": _("Something else"),
}
CHANNELS: Final[Mapping[str, str | Promise]] = {
    "phone": _("by phone"),
    "counter": _("at the counter"),
    "letter": _("by letter"),
    "sms": _("by text message"),
    "page": _("on the borrower's page"),
    "regulator": _("through the regulator"),
}
STATES: Final[Mapping[str, tuple[str, str | Promise]]] = {
    ComplaintState.OPEN: ("now", _("To be answered")),
    ComplaintState.EXTENDED: ("warn", _("To be answered, more time taken")),
    ComplaintState.ANSWERED: ("done", _("Answered in writing")),
    ComplaintState.ESCALATED: ("warn", _("To be answered a second time")),
    ComplaintState.FINAL: ("done", _("Answered a second time")),
}
OUTCOMES: Final[Mapping[str, str | Promise]] = {
    "upheld": _("The borrower is right"),
    "partly": _("The borrower is right in part"),
    "not_upheld": _("The borrower is not right"),
}
STEPS: Final[Mapping[str, str | Promise]] = {
    "take": _("Complaint"),
    "add": _("Added"),
    "extend": _("More time taken"),
    "answer": _("Answer"),
    "escalate": _("Answer not accepted"),
}
REFUSALS: Final[Mapping[str, str | Promise]] = {
    "complaint_open": _("A complaint about this loan waits for its answer already. Add to that one."),
    "complaint_state": _("A colleague has just dealt with this complaint. Load the page anew."),
    "complaint_late": _("It was to be answered by %(by)s. No more time can be taken; answer it now."),
    "complaint_escalation_over": _("The answer could be refused until %(until)s. A new complaint can be made at any time."),
    "complaint_about_you": _("This complaint is about you. Somebody else handles it, under no log-in of yours."),
    "complaint_answered_by_you": _("You gave the first answer. The second one is another person's."),
    "no_complaint": _("There is no such complaint on this loan."),
}
