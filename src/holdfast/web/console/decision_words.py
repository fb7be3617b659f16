"""The words of a decision: its states, its gates, the questions of the score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from holdfast import decisioning
from holdfast.decisioning import Reason

Text = str | Promise

STATES: Final[Mapping[str, tuple[str, Text]]] = {
    "pending": ("now", _("To be decided")),
    "referred": ("warn", _("Referred to two people")),
    "approved": ("done", _("Approved")),
    "refused": ("todo", _("Refused")),
}
# What the rule would say if it were asked now.
OUTCOMES: Final[Mapping[str, tuple[str, Text]]] = {
    "approve": ("done", _("Would be approved at once")),
    "refer": ("warn", _("Would be referred to two people")),
    "refuse": ("todo", _("Would be refused")),
}
ANSWERS: Final[Mapping[str, tuple[str, Text]]] = {
    "pass": ("done", _("passes")),
    "refer": ("warn", _("two people")),
    "refuse": ("late", _("says no")),
}
BY_WHAT: Final[Mapping[str, Text]] = {
    "rule": _("by the rule"),
    "people": _("by people"),
    "review": _("the borrower asked for people"),
}
GATES: Final[Mapping[str, Text]] = {
    "lender": _("Lender's licence"),
    "capacity": _("Legal capacity"),
    "facts": _("Complete answers"),
    "purpose": _("Purpose"),
    "pledge": _("Other pledge on the IMEI"),
    "valuation": _("Valuation"),
    "lock": _("Account lock"),
    "existing_loans": _("Other loans"),
    "obligations": _("Debts, share of income"),
    "score": _("Score"),
    "amount": _("Sum asked for"),
    "price": _("All-in cost and ceiling"),
}
PARTS: Final[Mapping[str, Text]] = {
    "lending_value": _("Lending value of the phone"),
    "affordability": _("What a month bears"),
    "score_band": _("Cap of the score band"),
    "product": _("The product's most"),
    "law": _("Legal cap, less what is owed here"),
}
QUESTIONS: Final[Mapping[str, Text]] = {
    "instalments": _("Instalments"),
    "employment_years": _("Years in the present work"),
    "housing": _("Housing"),
    "savings_band": _("Savings"),
    "existing_loans": _("Other loans"),
}
VALUES: Final[Mapping[str, Mapping[str, Text]]] = {
    "valuation": {
        "counting": _("stands"),
        "referred": _("sources disagree"),
        "stale": _("price is out of date"),
        "missing": _("no price"),
    },
    "housing": {"own": _("own home"), "rent": _("rented"), "other": _("lives with others")},
    "savings_band": {"none": _("none"), "low": _("low"), "medium": _("medium"), "high": _("high")},
    "purpose": {
        "medical": _("medical"),
        "education": _("education"),
        "home": _("home and repairs"),
        "working_capital": _("working capital"),
        "daily_life": _("daily life"),
        "other": _("something else"),
        "stock": _("shares"),
        "house_purchase": _("a house purchase"),
        "gambling": _("gambling"),
        "relending": _("lending on"),
    },
}
REFUSALS: Final[Mapping[str, Text]] = {
    "no_value": _("The phone's value does not stand yet. Have it valued, or its sources settled, first."),
    "gate_barred": _("A gate says no that nobody may set aside; see the gates."),
    "sum_out_of_bounds": _("This sum cannot be approved; see the limit and the product's least."),
    "people_asked_for": _("The borrower asked for people to look at it; two of them answer."),
    "people_refused": _("People have looked at this loan already; they refused it."),
    "review_late": _("The days for asking people to look again are over."),
    "decision_state": _("The decision has moved on; load the page anew."),
}


def said(reason: Reason, currency: str) -> str:
    """A reason in the page's language."""
    return decisioning.words(reason, chinese=(get_language() or "").startswith("zh"), currency=currency)
