"""What release and disposal refuse, by code, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REFUSALS: Final[Mapping[str, str | Promise]] = {
    "no_release": _("A release begins when the loan is paid off; this one is not."),
    "release_state": _("This release has moved on; look at its steps. Nothing was done."),
    "disposal_state": _("This default has moved on; look at its steps. Nothing was done."),
    "identity_differs": _("This is not what the contract says. Do not go on; look at the ID card again."),
    "papers_not_enough": _("The borrower is known: compare name and number, and send a code."),
    "nothing_to_compare": _("We hold no name to compare with; identify by papers."),
    "identity_by_approver": _("You approved this release, so another person must check the identity."),
    "not_identified": _("Whoever has come must be identified before the thing is handed over."),
    "audit_stale": _("Something has changed since the audit. Send it back and audit again."),
    "phone_unchanged": _("The phone number was not changed of late; nothing has to be allowed."),
    "nothing_to_hand_back": _("There is nothing to hand back."),
    "hand_back_unasked": _("A custodian reads seal and IMEI first and asks for a witness."),
    "handed_back": _("The thing has been handed back; the receipt that paid the loan off stands."),
    "priced_by_book": _(
        "The price book knows this model: leave the figure out, or have the thing appraised; that stands beside the price."
    ),
    "reported_already": _("The settlement has been reported already."),
    "not_compensated": _("The thing is not lost and made good: it is handed back, found, or compensated first."),
    "default_too_early": _("%(days_past_due)s days past due; a notice is given from %(least_days)s days on."),
    "default_cured": _("The arrears are paid: the default is cured and the thing is not sold."),
    "sale_too_early": _("The borrower's time to pay is not over; nothing is sold before."),
    "notice_stands": _("A notice stands already."),
    "nothing_to_sell": _("Nothing secures this loan that could be sold."),
    "no_disposal": _("No notice of default was given on this loan."),
    "valuation_stale": _("The valuation is too old; value the thing again before it is sold."),
    "sale_unasked": _("A custodian enters price, costs and buyer first and asks two others."),
    "sale_stale": _("The day or the valuation is another by now; ask again."),
    "risk_must_approve": _("The price is far below the valuation; one of the two must be risk's."),
    "no_surplus": _("The sale left no surplus to return."),
    "surplus_unasked": _("An officer asks for the surplus to go back first."),
    "surplus_stale": _("What is to go back has changed since; ask again."),
    "no_forfeiture": _(
        "The lender cannot take the thing for the debt: such a clause is void (Civil Code 401, 428). It is sold to an outsider"
        " and the surplus goes back to the borrower."
    ),
    "buyer_related": _("Nobody who works here, nor their kin, may buy what is disposed of."),
}
