"""What the verbs of the call and of a frozen loan refuse, told to the person at the desk: the rule, and what can be done instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# By code; a refusal of the rules of contact by code and rule.
REFUSALS: Final[Mapping[str, str | Promise]] = {
    "contact_refused contact.quiet_hours": _(
        "Nobody is called at this hour; from %(local)s on you may. Until then take the case and read the file."
    ),
    "contact_refused contact.service_waits_for_morning": _("Not at this hour. From %(local)s on it may be."),
    "contact_refused contact.voice_effective_per_day": _(
        "No more calls today: they were reached as often as a day allows. From %(local)s on it may be."
    ),
    "contact_refused contact.voice_attempts_per_day": _(
        "No more calls today: they were called as often as a day allows. From %(local)s on it may be."
    ),
    "contact_refused contact.pauses": _("Contact with this person rests for now. From %(local)s on it may be."),
    "contact_refused contact.opt_out": _("This person asked not to be contacted."),
    "file_given_back": _("The file was given back to the borrower. It can be confirmed when it is handed in again."),
    "attempts_used": _("%(made)s calls reached nobody and no more are allowed; return the application."),
    "attempts_left": _("%(made)s of %(most)s calls reached nobody; call again before the application is returned."),
    "case_taken": _("A colleague has this case; take it over if that is agreed."),
    "anothers_call": _("%(who)s is in a call with this borrower."),
    "confirmation_state": _("This is not possible in the present state of the confirmation; load the page anew."),
    "not_dialled": _("No call of yours rings here. Press Call on the loan's page first: that asks whether it may be made."),
    "another_call_rings": _("Another call of yours still rings. Note what came of it, or hang up, first."),
    "came_is_reached": _("Whoever came to us was reached; choose what came of it."),
    "no_call": _("There is no open call; ring first."),
    "call_rings": _("Nobody has answered this call yet."),
    "call_answered": _("This call has been answered already."),
    "call_outcome": _("The call cannot have come to this: whether anybody answered decides."),
    "identity_first": _("This step names the loan; first prove who answers."),
    "step_done": _("This step is done already."),
    "step_order": _("Another step comes before this one."),
    "step_unclear": _("This stayed unclear twice; end the call, agree another, or end the application."),
    "call_stopped": _("What was answered ends this application; end it, or end the call."),
    "steps_missing": _("Not yet: some steps of the script are not done."),
    "facts_missing": _("The file still lacks facts that are needed."),
    "failure_not_shown": _("The answers of this call do not show this reason."),
    "no_identity": _("No name and ID number are kept for this person; take them in first."),
    "no_recording_consent": _("The borrower did not agree to be recorded in this call; nothing of it is kept."),
    "recording_kept": _("The recording of this call is kept already."),
    "fraud_reporter": _("You reported a sign, so you take no part in the review; two others must."),
    "review_open": _("Something has been asked about this loan already; it is answered first."),
    "approval_other_inputs": _("Something has changed since this was asked; ask again."),
    "not_frozen": _("This loan is not frozen any more."),
    "payout_unknown": _("A payout of this loan has no known outcome; it is enquired after first."),
}
