"""Words of field visits: why, whom we met, who was told, what came of it, where one stands, and why an act is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from holdfast.followup.visits_model import VisitState

REASONS: Final[Mapping[str, str | Promise]] = {
    "unreachable": _("The borrower cannot be reached"),
    "promise_broken": _("A promise was not kept"),
    "arrears": _("Arrears"),
    "collateral": _("The pledged thing"),
    "review": _("Periodic review"),
}
MET: Final[Mapping[str, str | Promise]] = {
    "borrower": _("The borrower"),
    "somebody_else": _("Somebody else"),
    "nobody": _("Nobody"),
    "wrong_place": _("The borrower does not live there"),
}
TOLD: Final[Mapping[str, str | Promise]] = {
    "nobody": _("Nobody"),
    "borrower": _("Only the borrower"),
    "somebody_else": _("Somebody else heard of it"),
}
OUTCOMES: Final[Mapping[str, str | Promise]] = {
    "promised": _("Promised to pay"),
    "will_pay_now": _("Pays now"),
    "cannot_pay": _("Cannot pay"),
    "disputes": _("Disputes the debt"),
    "refused_to_talk": _("Did not wish to talk"),
    "agreed": _("Agreed on what was asked"),
    "nothing": _("Nothing came of it"),
}
STATES: Final[Mapping[str, tuple[str, str | Promise]]] = {
    VisitState.PLANNED: ("todo", _("Planned")),
    VisitState.BEGUN: ("now", _("At the door")),
    VisitState.REPORTED: ("warn", _("Second to confirm")),
    VisitState.CONFIRMED: ("done", _("Confirmed by both")),
    VisitState.CANCELLED: ("hold", _("Called off")),
}
REFUSALS: Final[Mapping[str, str | Promise]] = {
    "visit_refused": _("The borrower may not be visited then. Rule: %(rule)s."),
    "visit_open": _("A visit is under way on this loan. Finish it or call it off first."),
    "visit_too_late": _("A visit is made by %(by)s. Name an earlier time."),
    "visit_other_day": _("It is planned for %(on)s. Move it first, and the borrower is told."),
    "visit_one_person": _("Two people go, not two log-ins of one."),
    "visit_not_yours": _("This visit is made by %(names)s."),
    "visit_own_report": _("You wrote the report; the other one of the two confirms it."),
    "visit_state": _("A colleague has just dealt with this visit. Load the page anew."),
    "no_visit": _("There is no such visit on this loan."),
    "borrower_unknown": _("Nobody knows who the borrower of this loan is."),
}
