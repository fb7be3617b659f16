"""The words of the call desk and of a frozen loan, for the codes that the confirmation writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from holdfast.web.console.words import Text

STATES: Final[Mapping[str, tuple[str, Text]]] = {
    "waiting": ("todo", _("Waits for a call")),
    "in_call": ("now", _("In a call")),
    "to_call_back": ("now", _("Another call is agreed")),
    "confirmed": ("done", _("Confirmed")),
    "failed": ("late", _("Not confirmed")),
}

OUTCOMES: Final[Mapping[str, Text]] = {
    "no_answer": _("No answer"),
    "busy": _("Busy"),
    "powered_off": _("Switched off"),
    "wrong_number": _("Wrong number"),
    "hung_up": _("Broken off"),
    "refused": _("Would not talk"),
    "call_back": _("Call back at another time"),
    "answered": _("Spoken to the end"),
    "stopped": _("Stopped: sign of fraud"),
}

FAILURES: Final[Mapping[str, Text]] = {
    "wrong_person": _("Not the person"),
    "will_not_confirmed": _("Not their own free will"),
    "purpose_differs": _("Another purpose than applied for"),
    "not_understood": _("Did not understand what they would owe"),
    "declined": _("Does not want the loan"),
    "unreached": _("Never reached"),
}

# Why a case stands where it stands: the shape of its state, and the reason.
TURNS: Final[Mapping[str, tuple[str, Text]]] = {
    "past_deadline": ("late", _("past the deadline")),
    "call_back_now": ("warn", _("the agreed time has come")),
    "in_call": ("now", _("in a call")),
    "near_deadline": ("warn", _("close to the deadline")),
    "deadline": ("now", _("by deadline")),
    "call_back_later": ("todo", _("a later time is agreed")),
    "attempts_used": ("hold", _("attempts used up: to be returned")),
    "frozen": ("hold", _("frozen: sign of fraud")),
}

OBSERVED: Final[Mapping[str, Text]] = {
    "hesitates": _("Hesitates"),
    "prompted": _("Someone prompts"),
    "contradicts": _("Contradicts itself"),
    "cannot_explain": _("Cannot explain"),
    "distressed": _("Sounds distressed"),
    "noise": _("Noise, hard to hear"),
    "other": _("Something else"),
}

SIGNS: Final[Mapping[str, Text]] = {
    "impersonation": _("Somebody else poses as the borrower"),
    "coached": _("The borrower is told what to say"),
    "forged_papers": _("Forged papers or pictures"),
    "stolen_thing": _("The thing may be stolen"),
    "paid_upfront": _("Somebody asked for money first"),
    "many_at_once": _("Many applications at once"),
    "other": _("Another sign"),
}

ANSWERS: Final[Mapping[str, Text]] = {
    "matches": _("Matches"),
    "differs": _("Does not match"),
    "filled": _("Written into the file"),
    "proved": _("Code is right"),
}

REVIEWS: Final[Mapping[str, Text]] = {
    "fraud.thaw": _("Let the loan go on"),
    "fraud.refuse": _("End the loan for good"),
}

PURPOSES: Final[Mapping[str, Text]] = {
    "medical": _("Medical care"),
    "education": _("Education"),
    "home": _("Home and household"),
    "working_capital": _("Running a business"),
    "daily_life": _("Daily expenses"),
    "other": _("Something else"),
}

FACTS: Final[Mapping[str, Text]] = {
    "colour": _("Colour of the phone"),
    "screen": _("How the screen looks"),
    "body": _("How the case looks"),
    "works": _("Whether everything works"),
    "opened": _("Whether it was opened for a repair"),
    "purpose": _("What the money is for"),
    "employment_years": _("Years at the present work"),
    "residence_years": _("Years at the present address"),
    "housing": _("Housing"),
    "savings_band": _("Savings"),
    "existing_loans": _("Other loans being repaid"),
    "monthly_income_minor": _("Income a month"),
    "monthly_obligations_minor": _("Obligations a month"),
}

# The answers that a file takes to these facts.
CHOICES: Final[Mapping[str, Mapping[str, Text]]] = {
    "purpose": PURPOSES,
    "housing": {"own": _("Own"), "rent": _("Rented"), "other": _("Something else")},
    "savings_band": {"none": _("None"), "low": _("Little"), "medium": _("Some"), "high": _("Much")},
    "screen": {"clean": _("Clean"), "light_marks": _("Light marks"), "scratched": _("Scratched"), "cracked": _("Cracked")},
    "body": {"clean": _("Clean"), "light_marks": _("Light marks"), "dented": _("Dented"), "bent": _("Bent")},
    "works": {"all": _("Everything"), "something_faulty": _("Something is faulty"), "does_not_start": _("Does not start")},
    "opened": {"no": _("No"), "yes": _("Yes")},
}
