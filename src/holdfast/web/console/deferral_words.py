"""The words of an extension, for staff and borrower alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

STATES: Final[Mapping[str, tuple[str, Text]]] = {
    "asked": ("now", _("Waits for an answer")),
    "agreed": ("done", _("Agreed")),
    "refused": ("late", _("Not agreed")),
    "withdrawn": ("todo", _("Taken back")),
}
REASONS: Final[Mapping[str, Text]] = {
    "income_late": _("My income comes later"),
    "income_less": _("I earn less than before"),
    "unforeseen_cost": _("An expense that I did not foresee"),
    "other": _("Something else"),
}
REFUSALS: Final[Mapping[str, Text]] = {
    "deferral_asked": _("An extension is asked for already; it waits for an answer."),
    "deferral_moved": _("The loan has moved since these figures were shown. Look at the new ones and ask again."),
    "deferral_times": _("This loan has been extended %(times)s times; the rules allow %(most)s."),
    "deferral_months": _("At most %(most)s months at once."),
    "deferral_too_long": _("An extension is never longer than the first term: the loan may run to %(until)s at the latest."),
    "deferral_too_short": _("That brings the oldest instalment only to %(due_on)s. Ask for more months, or pay the oldest part first."),
    "deferral_after_expiry": _("The loan's term ended on %(ended_on)s; more time can only be asked for before that day."),
    "deferral_state": _("This request has been answered already."),
    "nothing_to_defer": _("No instalment is left that could be extended."),
}
