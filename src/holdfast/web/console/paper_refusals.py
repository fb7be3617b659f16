"""Why there is no paper: the sentences for staff and borrower alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REFUSALS: Final[Mapping[str, str | Promise]] = {
    "no_account_yet": _("Nothing was booked on this loan by %(until)s. Choose a later day."),
    "nothing_owed": _("Nothing is owed on this loan."),
    "papers_a_day": _("%(most)s papers of this loan were made today. They stay where they are; new ones can be made tomorrow."),
    "payoff_day": _("A pay-off is told for today or a day ahead, ten years at most."),
}
