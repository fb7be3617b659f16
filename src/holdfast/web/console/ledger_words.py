"""The words of the ledger's pages: what two people are asked for, and why a month cannot be closed or opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACTS: Final[Mapping[str, str | Promise]] = {"ledger.reopen": _("Open a closed month again")}

REFUSALS: Final[Mapping[str, str | Promise]] = {
    "month_not_ready": _("This month cannot be closed yet: look what stands in the way."),
    "month_not_agreeing": _("The loans and the ledger do not agree on the principal at the month's end."),
    "month_not_closed": _("This month is not closed."),
    "later_month_closed": _("A later month is closed; open that one first."),
    "reopen_asked": _("Somebody has asked for it already; another person decides."),
    "reopen_not_asked": _("Nobody has asked to open this month again."),
    "drawer_not_closed": _("Two people close a drawer before its money goes to the bank."),
    "nothing_to_bank": _("This drawer holds no more than its change."),
    "drawer_banked": _("The money of this drawer is in the bank already."),
}
