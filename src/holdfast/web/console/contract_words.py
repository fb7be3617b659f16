"""The words of a contract, for staff and borrower alike. The papers themselves are Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

STATES: Final[Mapping[str, tuple[str, Text]]] = {
    "drafted": ("todo", _("Drafted, not offered yet")),
    "offered": ("now", _("With the borrower, to be signed")),
    "borrower_signed": ("now", _("Signed by the borrower, to be sealed")),
    "sealed": ("done", _("Signed by both")),
    "lapsed": ("late", _("Lapsed unsigned")),
    "void": ("todo", _("Taken back")),
}
PAPERS: Final[Mapping[str, Text]] = {
    "cost_statement": _("Cost statement"),
    "agreement": _("Loan and pledge agreement"),
    "evidence": _("Evidence of the borrower's signature"),
}
STAGES: Final[Mapping[str, Text]] = {
    "draft": _("the text, without signatures"),
    "signed": _("signed by the borrower"),
    "sealed": _("signed by both"),
}
REFUSALS: Final[Mapping[str, Text]] = {
    "contract_state": _("The contract has moved on since this page was drawn; this cannot be done any more."),
    "contract_stands": _("A contract stands for this loan. Take it back before another is drafted."),
    "no_contract": _("No contract has been drafted for this loan."),
    "seal_maker": _("You offered this contract, so another person must seal it."),
    "seal_same_person": _("The person who offered it is you under another log-in, so another person must seal it."),
    "offer_stands": _("The offer is good until %(good_until)s; it can lapse from the day after."),
    "offer_over": _("The offer was good until %(good_until)s. Ask us for a new one."),
    "clause_unread": _("Please read each boxed clause and tick it."),
    "character_missing": _("The font of our documents lacks: %(characters)s. Write it otherwise, or have the document made by hand."),
    "no_paper": _("There is no such paper to read."),
    "notary_keys": _("The keys that sign documents cannot be used now. Nothing was signed; tell the administrator."),
}
