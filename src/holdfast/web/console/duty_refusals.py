"""Why a duty does not change hands, does not wait, or a past period is not audited: the sentences for staff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REFUSALS: Final[Mapping[str, str | Promise]] = {
    "duty_role": _("This duty is for another role."),
    "duty_owned": _("A colleague has this duty. Ask them to hand it over, or a supervisor to assign it."),
    "duty_not_yours": _("This duty is not yours. Take it first."),
    "owner_role": _("This person has another role. Name somebody of the duty's role."),
    "owner_away": _("This person is away then. Name somebody who is there."),
    "owner_left": _("This person has left."),
    "owner_sees_not": _("This person does not see these loans. Name somebody who does."),
    "snooze_never": _("This may not wait: it is owed to the borrower or a regulator, or it is urgent."),
    "snooze_times": _("It was put off as often as the rules allow (%(most)s times). Do it, or hand it over."),
    "snooze_until": _("Name a moment after now, within the time that the rules allow and before the deadline, which does not move."),
    "absence_overlaps": _("These days are covered by another absence. End that one first."),
    "absence_ended": _("This absence has ended already."),
    "move_changed": _("Some of these duties were done or taken meanwhile, and nothing was moved. Look at them again."),
    "move_empty": _("There is no such duty to move."),
    "period_too_large": _("This book is too large for one page. Name one loan, or run the command holdfast duties period."),
}
