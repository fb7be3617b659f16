"""The words of contact that rests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASONS: Final[Mapping[str, Promise]] = {
    "opt_out": _("Asked to be left alone"),
    "complaint": _("A complaint"),
    "dispute": _("The debt is disputed"),
    "hardship": _("A hardship request"),
}
PURPOSES: Final[Mapping[str, str | Promise]] = {
    "code": _("codes"),
    "answer": _("answers to questions"),
    "service": _("service messages"),
    "reminder": _("reminders"),
    "collection": _("collection"),
    "marketing": _("marketing"),
}
REFUSALS: Final[Mapping[str, str | Promise]] = {
    "pause_in_force": _("Contact rests for this already. Lift that first."),
    "pause_of_a_case": _("A complaint that waits for its answer has set this pause. It ends with the answer."),
    "pause_same_person": _("You have set this pause, under this or another log-in. Another person lifts it."),
    "no_stop": _("Nothing rests for this any more."),
    "no_borrower": _("Nobody knows who the borrower of this loan is."),
}
