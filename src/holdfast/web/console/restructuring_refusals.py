"""Why other terms cannot be had: the sentences for staff and borrower alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REFUSALS: Final[Mapping[str, str | Promise]] = {
    "restructuring_asked": _("Other terms are asked for already; that waits for an answer."),
    "restructuring_moved": _("The loan has moved since these figures were shown. Look at the new ones and ask again."),
    "restructuring_state": _("This request has been answered already."),
    "restructuring_no_consent": _("The borrower has not agreed to it yet. They do so on their own page, with a code."),
    "restructuring_by_staff": _("Talk to us about that: we propose it, and you decide on your page."),
    "deferral_times": _("This loan has been extended %(times)s times; the rules allow %(most)s."),
    "deferral_months": _("At most %(most)s months at once."),
    "deferral_too_long": _("An extension is never longer than the first term: the loan may run to %(until)s at the latest."),
    "deferral_too_short": _("That brings the oldest instalment only to %(due_on)s. Ask for more months, or pay the oldest part first."),
    "deferral_after_expiry": _("The loan's term ended on %(ended_on)s; more time can only be asked for before that day."),
    "nothing_to_defer": _("No instalment is left that could be extended."),
    "nothing_to_rearrange": _("Nothing is left to pay that could be changed."),
    "nothing_overdue": _("Nothing is overdue that could be spread."),
    "nothing_to_come": _("Every instalment has fallen due. Give more time, or agree to new instalments."),
    "holiday_too_long": _("A holiday leaves one instalment to pay, or makes the term longer."),
    "single_period": _("A loan that is paid back at once has no instalments to add to. Give more time, or agree to instalments."),
    "day_gone": _("That day has come already. Name a later one."),
    "out_of_order": _("That would fall due before the one before it. Move all of them, or name another day."),
    "instalment_closed": _("That instalment is not there, or it is paid. Name one that is open."),
    "instalment_due": _("That instalment has fallen due. Name one that has not."),
    "charges_barred": _("This loan may take no new charge, and this would cost more."),
    "approval_twice": _("You have agreed already; the other yes is another person's."),
}
