"""What release and disposal call things on a screen, in the reader's language."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from holdfast.release import AuditLine, DisposalState, ReleaseState, Thing, Way
from holdfast.web.console.templatetags.console import amount

# State: shape and word.
RELEASE_STATES: Final[dict[str, tuple[str, Any]]] = {
    ReleaseState.OPENED: ("now", _("Paid off, to be released")),
    ReleaseState.IDENTIFIED: ("now", _("Identified, to be audited")),
    ReleaseState.AUDITED: ("now", _("Waits for two people")),
    ReleaseState.APPROVED: ("now", _("Approved, certificate to be issued")),
    ReleaseState.CERTIFIED: ("now", _("Certificate issued")),
    ReleaseState.HANDED_BACK: ("now", _("Handed back")),
    ReleaseState.COMPLETED: ("done", _("Completed")),
    ReleaseState.CANCELLED: ("hold", _("Cancelled")),
    ReleaseState.ENDED_OTHERWISE: ("done", _("Ended, nothing to return")),
}
DISPOSAL_STATES: Final[dict[str, tuple[str, Any]]] = {
    DisposalState.NOTICED: ("warn", _("Notice given")),
    DisposalState.VALUED: ("warn", _("Valued for sale")),
    DisposalState.SOLD: ("now", _("Sold, to be accounted for")),
    DisposalState.ACCOUNTED: ("now", _("Accounted for")),
    DisposalState.SURPLUS_RETURNED: ("done", _("Surplus returned")),
    DisposalState.CURED: ("done", _("Cured")),
    DisposalState.CANCELLED: ("hold", _("Notice withdrawn")),
}
THINGS: Final = {
    Thing.IN_CUSTODY: _("on our shelf"),
    Thing.OUTSIDE: _("kept outside our records"),
    Thing.NONE: _("no thing was pledged"),
    Thing.COMPENSATED: _("lost and made good"),
    Thing.DISPOSED: _("sold"),
    Thing.RETURNED: _("returned earlier"),
}
WAYS: Final = {
    Way.SELF: _("In person, with a code from their phone"),
    Way.AGENT: _("Somebody with a power of attorney"),
    Way.PAPERS: _("By papers, where we know no number"),
}
CHECKS: Final = {
    "receipts_match_contract": (_("What was asked and what came in agree to the fen"), _("terms and events, folded again")),
    "nothing_owed": (_("Nothing is owed today"), _("pay-off of today")),
    "overpayment_goes_back": (_("Over-payment has its duty to go back"), _("duty to refund")),
    "nothing_uncleared": (_("No money is on its way"), _("payment intents, bank lines")),
    "drawers_closed": (_("The drawer was closed by two"), _("drawers")),
    "title_clear": (_("Nothing else hangs on the thing"), _("IMEI register, pledges")),
    "no_freeze": (_("No freeze"), _("freezes")),
    "no_breach": (_("Nothing is under review"), _("open duties")),
    "phone_number_unchanged": (_("Phone number not changed of late"), _("party's record")),
    "thing_in_custody": (_("The thing lies sealed in its slot"), _("custody record")),
}
PARTS: Final = {
    "principal": pgettext_lazy("part of a debt", "Principal"),
    "interest": pgettext_lazy("part of a debt", "Interest"),
    "fee": pgettext_lazy("part of a debt", "Fees"),
    "penalty": pgettext_lazy("part of a debt", "Penalty"),
}
RELATIONS: Final = (
    ("none", _("no relation")), ("related", _("kin of somebody who works here")), ("staff", _("works here")),
    ("lender", _("the lender itself")),
)  # fmt: skip


def figures(line: AuditLine, currency: str) -> tuple[str, str]:
    """What should be and what is, as a person reads them."""
    return _figure(line.unit, line.wanted, currency), _figure(line.unit, line.found, currency)


def _figure(unit: str, value: Any, currency: str) -> str:
    if unit == "money":
        return amount(value, currency)
    if unit == "day":
        return str(value) if value else gettext("unchanged")
    return ", ".join(str(each) for each in value) if value else gettext("none")
