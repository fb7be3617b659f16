"""The words of charges, waivers, goodwill, pauses and hardship programmes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

# Acts that one person asks for and another answers.
ACTS: Final[Mapping[str, Text]] = {
    "charge": _("Put a charge on the loan"),
    "waiver": _("Waive"),
    "goodwill": _("Goodwill credit"),
    "delinquency.pause": _("Pause the count of days late"),
}
EVENTS: Final[Mapping[str, Text]] = {
    "charge": _("Charged"),
    "waived_part": _("Waived"),
    "goodwill": _("Goodwill credit"),
    "forgiven": _("Settled for less: the rest forgiven"),
    "paused": _("Count of days late paused"),
    "resumed": _("Count of days late resumed"),
}
ACCOUNTS: Final[Mapping[str, Text]] = {"goodwill_expense": _("Goodwill: paid by us")}
PARTS: Final[Mapping[str, Text]] = {"penalty": _("Penalty interest"), "fee": _("Fees"), "interest": _("Interest fallen due")}
GROUNDS: Final[Mapping[str, Text]] = {
    "contract": _("the contract names it"),
    "agreed": _("the borrower has agreed to it in writing"),
    "court": _("a court has ordered it"),
}
BASES: Final[Mapping[str, Text]] = {
    "principal": _("principal that is left"),
    "instalment_principal": _("principal of each instalment to come"),
    "instalment_interest": _("interest of each instalment to come"),
    "instalment_principal_and_interest": _("principal and interest of each instalment to come"),
}
WHYS: Final[Mapping[str, Text]] = {
    "dispute": _("a dispute is open"),
    "disaster": _("a disaster"),
    "illness": _("serious illness"),
    "our_fault": _("our own fault"),
}
CAUSES: Final[Mapping[str, Text]] = {
    "flood": _("Flood"),
    "earthquake": _("Earthquake"),
    "epidemic": _("Epidemic"),
    "closure": _("A large employer closed"),
    "other": _("Something else that befell many"),
}
STATES: Final[Mapping[str, tuple[str, Text]]] = {
    "planned": ("now", _("Drawn up")),
    "asked": ("now", _("Waits for another person's yes")),
    "dropped": ("hold", _("Given up")),
    "refused": ("hold", _("Not agreed to")),
    "running": ("now", _("Under way")),
    "done": ("done", _("Every loan has had its turn")),
    "reversing": ("warn", _("Being taken back")),
    "reversed": ("hold", _("Taken back")),
}
OUTCOMES: Final[Mapping[str, tuple[str, Text]]] = {
    "planned": ("now", _("to be given")),
    "left_out": ("hold", _("left out")),
    "given": ("done", _("given")),
    "moved": ("warn", _("left alone")),
    "taken_back": ("hold", _("as it was before")),
    "kept": ("warn", _("could not be taken back")),
}
# Why a loan was left out, or left alone, by code.
LEFT_OUT: Final[Mapping[str, Text]] = {
    "frozen": _("the loan is frozen"),
    "in_another_programme": _("another programme has it already"),
    "deferral_times": _("it has been given more time as often as the policy pack allows"),
    "deferral_too_long": _("it would run longer than its first term, had once more"),
    "programme_moved": _("it has moved since the programme was drawn up"),
    "loan_not_active": _("it is not being repaid any more"),
    "loan_frozen": _("the loan is frozen"),
    "already_reversed": _("its new days were taken back already"),
    "loan_not_open": _("it is settled"),
}
DOES_NOT_FIT: Final = _("the new days do not fit this loan")
REFUSALS: Final[Mapping[str, Text]] = {
    "charges_barred": _("This loan was taken over above a ceiling; no new charge may be put on it."),
    "charge_of_nothing": _("The charge comes to nothing on this loan."),
    "penalty_above_cap": _("Penalty interest is too dear: at most %(most)s %% a year on this contract, not %(yearly)s %%."),
    "waiver_too_large": _("More than is unpaid and has fallen due cannot be waived."),
    "goodwill_too_large": _("A goodwill credit is not more than what ends the loan today."),
    "beyond_authority": _("This sum is beyond what your role may agree to; see relief.authority in the policy pack."),
    "pause_too_long": _("At most %(most)s days at once (delinquency.pause_days_most)."),
    "pause_meets_another": _("The count is paused on some of these days already."),
    "not_paused": _("The count of days late is not paused."),
    "programme_state": _("The programme has moved on in the meantime; look at it again."),
    "programme_empty": _("No loan that is being repaid can be given this. Widen the choice, or give less time."),
    "programme_too_large": _("More loans than one person can answer for meet this choice; make several programmes."),
    "programme_currencies": _("The loans are in several currencies; make a programme for each."),
    "programme_months": _("At most %(most)s (programme.months_most)."),
    "programme_moved": _("This is not the preview that was drawn up; look at it again."),
    "programme_not_asked": _("Nobody has asked for it yet."),
    "programme_back_asked": _("Taking it back is asked for already."),
    "no_programme": _("There is no such programme within your sight."),
}
