"""What the figures of performance are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PERIODS: Final[Mapping[str, str | Promise]] = {"day": _("By day"), "week": _("By week"), "month": _("By month")}
FIGURES: Final[Mapping[str, str | Promise]] = {
    "calls": _("Calls made"),
    "reached": _("Of these reached"),
    "in_time": _("Follow-ups done in time"),
    "late": _("Follow-ups done late"),
    "promises": _("Promises taken"),
    "kept": _("Promises kept"),
    "broken": _("Promises broken"),
    "complaints": _("Complaints about them"),
    "upheld": _("Complaints found right"),
}
