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
    "absence_days": _("The last day is not before the first, and the first is today or later."),
    "absence_long": _("An absence lasts at most %(most)s days. Enter a later one then."),
    "stand_in_self": _("Name somebody else."),
    "move_same": _("Name somebody else than who has them now."),
    "move_kind": _("This kind of duty belongs to another role."),
    "move_role": _("This role has no queue."),
    "reason_short": _("Say why in a few words."),
    "promise_day": _("Name a day from today on, within three months."),
    "period_open": _("Only days that are over can be audited."),
    "period_order": _("The first day is not after the last."),
    "period_long": _("A period holds at most %(most)s days."),
    "move_changed": _("Some of these duties were done or taken meanwhile, and nothing was moved. Look at them again."),
    "move_empty": _("There is no such duty to move."),
    "period_too_large": _(
        "This book is too large for one page. Name one loan, or run the command holdfast duties period;"
        " holdfast duties paper makes the sealed PDF."
    ),
}
