"""Words of duties: why one ranks where it does, who hears of it, what became of it, and why an act on it is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from holdfast.duties.ranking import Rank, Reason
from holdfast.web.console.templatetags.console import money, short_day

VIEWS: Final[Mapping[str, str | Promise]] = {
    "open": _("Mine and my role's"),
    "mine": _("Taken by me"),
    "role": _("Nobody's yet"),
    "told": _("Told to me as a supervisor"),
    "snoozed": _("Put off"),
}

# Each verdict of the audit of past days: its shape and its word.
VERDICTS: Final[Mapping[str, tuple[str, str | Promise]]] = {
    "proved": ("done", _("done on its day")),
    "late": ("warn", _("done late")),
    "open": ("late", _("not done")),
    "missing": ("late", _("missing")),
    "unproved": ("late", _("unproved")),
}


def reasons(rank: Rank, currency: str) -> list[str]:
    """Why a duty ranks where it does, in plain words, the heaviest reason first, each with its points."""
    return [f"{reason(each, currency)} +{each.points}" for each in rank.reasons]


def reason(each: Reason, currency: str) -> str:
    """One reason in plain words."""
    figure = each.figure
    if each.name == "promise_broken" and isinstance(figure, date):
        return gettext("promise for %(day)s not kept") % {"day": short_day(figure)}
    if isinstance(figure, int):
        if each.name == "exposure":
            return gettext("%(sum)s at stake") % {"sum": money(figure, currency)}
        if each.name == "days_past_due":
            return ngettext("%(n)s day past due", "%(n)s days past due", figure) % {"n": figure}
        if each.name == "days_overdue":
            return ngettext("%(n)s day beyond its deadline", "%(n)s days beyond its deadline", figure) % {"n": figure}
        if each.name == "time_used":
            return gettext("its time is up") if figure >= 100 else gettext("%(n)s%% of its time used") % {"n": figure}
    return str(_SIGNALS[each.name])


_SIGNALS: Final[Mapping[str, str | Promise]] = {
    "thing_missing": _("the thing is missing"),
    "thing_short": _("the thing is worth less than is owed"),
    "frozen": _("the loan is frozen"),
}


def told(who: Sequence[str], roles: Mapping[str, str | Promise]) -> str:
    """Who has been told of a duty so far."""
    return ", ".join(gettext("its owner") if each == "owner" else str(roles[each]) for each in who)
