"""Words of promises to pay: where one stands, what came of the talk about a broken one, and why an act on one is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from holdfast.followup.promises_model import PromiseState

STATES: Final[Mapping[str, tuple[str, str | Promise]]] = {
    PromiseState.LIVE: ("now", _("Running")),
    PromiseState.KEPT: ("done", _("Kept")),
    PromiseState.BROKEN: ("late", _("Broken")),
    PromiseState.WITHDRAWN: ("hold", _("Taken back")),
}
OUTCOMES: Final[Mapping[str, str | Promise]] = {
    "reached": _("Spoken to"),
    "not_reached": _("Not reached"),
    "wrong_number": _("The number is another person's"),
    "refuses": _("Refuses to pay"),
    "asks_for_relief": _("Asks for relief"),
    "disputes": _("Disputes the debt"),
}
REFUSALS: Final[Mapping[str, str | Promise]] = {
    "promise_not_identified": _("Make certain first that it is the borrower who speaks."),
    "promise_nothing_late": _("Nothing is late on this loan, so there is nothing to promise."),
    "promise_live": _("A promise is running on this loan. Take it back first if another one takes its place."),
    "promise_refer": _("%(broken)s promises on this loan were broken. An approver takes the next one, or the terms are changed."),
    "promise_parts": _("A promise has 1 to %(most)s parts."),
    "promise_to_pay_day": _("Name a day from %(first)s to %(last)s."),
    "promise_amount": _("Write an amount that is more than nothing."),
    "promise_same_day": _("Each part has a day of its own."),
    "promise_too_much": _("At most %(owed)s, which is all that is owed."),
    "promise_not_live": _("A colleague has just dealt with this promise. Load the page anew."),
    "promise_none_broken": _("Somebody has spoken about the broken promise already."),
    "no_promise": _("There is no such promise on this loan."),
}
