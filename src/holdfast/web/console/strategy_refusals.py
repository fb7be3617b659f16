"""Why an act on a strategy of follow-up is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REFUSALS: Final[Mapping[str, str | Promise]] = {
    "draft_changed": _("%(name)s has changed the draft meanwhile. Look at it again."),
    "draft_ended": _("Nobody works at this draft any more. Begin another one."),
    "draft_proposed": _("The draft waits for a second person; it can be changed after their answer."),
    "strategy_too_late": _("Its first day has come meanwhile; %(day)s is the earliest now. It is proposed once more."),
    "strategy_not_whole": _("It has gaps or overlaps; see above. Nothing was proposed."),
    "no_strategy": _("There is no such strategy."),
    "no_strategy_row": _("There is no such row; a colleague may have just taken it out."),
}
