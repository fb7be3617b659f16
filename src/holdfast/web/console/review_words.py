"""Words of the reviews of borrowers in business: the questions and answers of the form, what it found, and why an act is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from holdfast.followup.reviews_model import ReviewState

MEANS: Final[Mapping[str, str | Promise]] = {"call": _("By telephone"), "video": _("By video"), "visit": _("Visit by two")}
CONCLUSIONS: Final[Mapping[str, tuple[str, str | Promise]]] = {
    "fine": ("done", _("In order")),
    "watch": ("warn", _("To be watched")),
    "worse": ("late", _("Worse")),
}
WHY: Final[Mapping[str, str | Promise]] = {"firm": _("The borrower is a firm"), "working_capital": _("Lent to run a business")}
STATES: Final[Mapping[str, tuple[str, str | Promise]]] = {
    ReviewState.BEGUN: ("now", _("Begun")),
    ReviewState.MADE: ("done", _("Made")),
    ReviewState.READ: ("done", _("Read by risk")),
    ReviewState.GIVEN_UP: ("hold", _("Came to nothing")),
}
UNREAD: Final = ("warn", _("Risk has to read it"))
WHICH: Final[Mapping[str, str | Promise]] = {
    "soon": _("Late and in thirty days"),
    "late": _("Late"),
    "worrying": _("Watched or worse"),
    "all": _("All"),
}
SECTIONS: Final[Mapping[str, str | Promise]] = {
    "business": _("The business"),
    "turnover": _("Turnover and its evidence"),
    "changes": _("What has changed"),
    "money": _("The money and the thing"),
}
QUESTIONS: Final[Mapping[str, str | Promise]] = {
    "running": _("Is the business running"),
    "sells": _("What is sold or made"),
    "staff": _("People at work there"),
    "premises": _("The premises"),
    "turnover": _("Turnover of the last full month, as stated"),
    "evidence": _("Evidence of it"),
    "evidenced": _("How much of it the evidence shows"),
    "owner_changed": _("Has the owner changed"),
    "address_changed": _("Has the address changed"),
    "other_debts": _("Other debts of the business"),
    "money_use": _("Was the money used as agreed"),
    "used_for": _("What else it was used for"),
    "thing": _("The pledged thing"),
}
HINTS: Final[Mapping[str, str | Promise]] = {
    "evidenced": _("Only where there is evidence."),
    "other_debts": _("0 if there are none."),
    "used_for": _("Only where it was used otherwise."),
}
_YES_NO: Final[Mapping[str, str | Promise]] = {"no": _("No"), "yes": _("Yes")}
ANSWERS: Final[Mapping[str, Mapping[str, str | Promise]]] = {
    "running": {"yes": _("Yes"), "reduced": _("Less than before"), "stopped": _("It has stopped")},
    "premises": {"seen": _("Seen"), "not_seen": _("Not seen"), "none": _("There are none")},
    "evidence": {
        "bank_statement": _("Bank statement"),
        "tax_return": _("Tax return"),
        "invoices": _("Invoices"),
        "payment_records": _("Records of payment apps"),
        "none": _("None"),
    },
    "owner_changed": _YES_NO,
    "address_changed": _YES_NO,
    "money_use": {"as_agreed": _("As agreed"), "otherwise": _("Otherwise"), "not_shown": _("Not shown")},
    "thing": {
        "seen": _("Seen"),
        "not_seen": _("Not seen"),
        "with_us": _("With us"),
        "nothing_pledged": _("Nothing is pledged"),
    },
}
REFUSALS: Final[Mapping[str, str | Promise]] = {
    "review_none_called": _("No review of this loan is called for."),
    "review_not_yet": _("The next review may be made from %(on)s on. If it must be sooner, have it brought forward."),
    "review_begun": _("A review is begun on this loan. Finish it or give it up first."),
    "review_state": _("A colleague has just dealt with this review. Load the page anew."),
    "review_not_yours": _("%(name)s began this review. Give it up and begin another if it must go on without them."),
    "review_no_visit": _("Choose a visit by two that was planned for a review, has been begun, and stands in no other review."),
    "review_visit_open": _("Both of the two confirm the visit first."),
    "review_unanswered": _("Answer this question."),
    "review_not_a_number": _("Write a number that can be."),
    "review_none_and_some": _("Either none, or which there were."),
    "review_not_fine": _("The answers do not let it be in order: the business has stopped, or the money went elsewhere."),
    "review_seen_by_call": _("Nobody sees premises by telephone."),
    "review_no_picture": _("Keep at least one picture of the premises that were seen."),
    "review_not_worse": _("This review found nothing worse; nobody need read it."),
    "review_own": _("You made this review; another person of risk reads it."),
    "review_not_earlier": _("Name a day from today on, before %(on)s."),
    "no_review": _("There is no such review on this loan."),
}
