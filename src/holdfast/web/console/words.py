"""The console's words for what the book writes in codes: states, kinds, roles, accounts, reasons.

Codes are for programs; a screen never shows one. Where a code is not known here it is shown as it
stands rather than hidden.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from holdfast.contact import CALLED, CAME
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.rate import BILLION
from holdfast.life import RECORDS
from holdfast.web.borrower import wording
from holdfast.web.console import (
    call_refusals,
    complaint_words,
    contact_words,
    contract_words,
    custody_words,
    decision_words,
    duty_refusals,
    inbound_words,
    ledger_words,
    money_words,
    paper_refusals,
    plan_words,
    promise_words,
    release_refusals,
    relief_words,
    restructuring_refusals,
    review_words,
    settlement_words,
    strategy_refusals,
    text_words,
    visit_words,
)
from holdfast.web.console.sentences import told

Text = str | Promise

# The shapes of the sprite; a state is a shape and a word.
SHAPES: Final = frozenset({"done", "now", "todo", "warn", "late", "hold", "info"})

LOAN_STATES: Final[Mapping[str, tuple[str, Text]]] = {
    "submitted": ("now", _("Submitted")),
    "confirmed": ("now", _("Confirmed")),
    "decided": ("now", _("Decided")),
    "signed": ("now", _("Signed")),
    "active": ("now", _("Repaying")),
    "written_off": ("late", _("Written off")),
    "releasing": ("now", _("Paid off, to be released")),
    "refused": ("todo", _("Refused")),
    "withdrawn": ("todo", _("Withdrawn")),
    "settled": ("done", _("Settled")),
}

CLASSES: Final[Mapping[str, tuple[str, Text]]] = {
    "pass": ("done", _("Pass")),
    "special_mention": ("warn", _("Special mention")),
    "substandard": ("late", _("Substandard")),
    "doubtful": ("late", _("Doubtful")),
    "loss": ("late", _("Loss")),
}

INSTALMENT_STATES: Final[Mapping[str, tuple[str, Text]]] = {
    "paid": ("done", _("Paid")),
    "late": ("late", _("Past due")),
    "part_paid": ("now", _("Part paid")),
    "to_come": ("todo", _("Not due")),
}

MESSAGE_STATES: Final[Mapping[str, tuple[str, Text]]] = {
    "promised": ("now", _("To be sent")),
    "held": ("hold", _("Held")),
    "sending": ("now", _("On its way")),
    "sent": ("now", _("Sent")),
    "delivered": ("done", _("Delivered")),
    "failed": ("late", _("Failed")),
    "unknown": ("warn", _("Delivery unknown")),
    "dropped": ("todo", _("Not sent")),
}

ROLES: Final[Mapping[str, Text]] = {
    "caller": _("Caller"),
    "officer": _("Credit officer"),
    "approver": _("Approver"),
    "custodian": _("Collateral officer"),
    "risk": _("Risk manager"),
    "auditor": _("Auditor"),
    "admin": _("Administrator"),
    "integrator": _("Integrator"),
    "system": _("The system"),
    "borrower": _("Borrower"),
}

REACHES: Final[Mapping[str, Text]] = {
    "own": _("You see your own loans"),
    "team": _("You see your team's loans"),
    "branch": _("You see your branch's loans"),
    "all": _("You see every loan"),
}

COLLATERAL: Final[Mapping[str, Text]] = {
    "phone": _("Phone in pledge"),
    "vehicle": _("Vehicle"),
    "real_estate": _("House"),
    "none": _("No collateral"),
}

ACCOUNTS: Final[Mapping[str, Text]] = {
    "bank": _("Bank"),
    "suspense": _("Suspense: money that is no loan's yet"),
    "principal_receivable": _("Principal receivable"),
    "interest_receivable": _("Interest receivable"),
    "fee_receivable": _("Fees receivable"),
    "penalty_receivable": _("Penalty receivable"),
    "borrower_credit": _("Owed to the borrower"),
    "takeover_clearing": _("Takeover clearing"),
    "interest_income": _("Interest income"),
    "fee_income": _("Fee income"),
    "penalty_income": _("Penalty income"),
    "recovery_income": _("Recovered after write-off"),
    "write_off_loss": _("Write-off loss"),
    "custody_loss": _("Loss in custody"),
    "cash": _("Cash on hand"),
    "cash_difference": _("Cash differences"),
    "cash_loss": _("Cash short or over"),
    "accrued_interest": _("Interest accrued"),
    "interest_suspense": _("Interest in suspense"),
    "loan_loss_provision": _("Provision for loan losses"),
    "provision_expense": _("Credit impairment loss"),
    **relief_words.ACCOUNTS,
}

EVENTS: Final[Mapping[str, Text]] = {
    "disbursed": _("Paid out"),
    "taken_over": _("Taken over"),
    "receipt": _("Received"),
    "instalment_due": _("Instalment fell due"),
    "reversal": _("Receipt reversed"),
    "written_off": _("Written off"),
    "refund": _("Refunded"),
    "waived": _("All but principal waived"),
    "deferred": _("Due dates moved"),
    "rearranged": _("Instalments rearranged"),
    **relief_words.EVENTS,
}

METHODS: Final[Mapping[str, Text]] = {
    "equal_instalment": _("Equal instalment"),
    "equal_principal": _("Equal principal"),
    "interest_first": _("Interest first, principal last"),
    "single_period": _("All at maturity"),
    "flat": _("Flat interest"),
}

PER: Final[Mapping[str, Text]] = {"year": _("a year"), "month": _("a month"), "day": _("a day")}

OUTCOMES: Final[Mapping[str, Text]] = {
    "done": _("Done"),
    "reached": _("Reached the borrower"),
    "promised": _("Borrower promised to pay"),
    "not_reached": _("Not reached"),
    "reviewed": _("Reviewed"),
    "refunded": _("Refunded"),
    "returned": _("Handed back"),
    "issued": _("Issued"),
    "reported": _("Reported"),
}

# Which outcomes a person may note for a kind of duty.
OUTCOMES_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "reminder": ("reached", "not_reached"),
    "follow_up": ("promised", "reached", "not_reached"),
    "reach": ("reached", "not_reached"),
    "recovery": ("reviewed",),
    "settlement_certificate": ("issued",),
    "return_collateral": ("returned",),
    "credit_update": ("reported",),
}

# How a borrower was spoken to.
HOW: Final[Sequence[tuple[str, Text]]] = ((CALLED, _("We called")), (CAME, _("They came, rang or wrote")))

# Acts that one person asks for and another answers.
ACTS: Final[Mapping[str, Text]] = {
    "receipt.reverse": _("Take a receipt back"),
    "refund": _("Give back an over-payment"),
    "write_off": _("Write the loan off"),
    "decision.make": _("Lend this sum"),
    "settlement": _("Settle the debt for less"),
    "programme": _("Hardship programmes"),
    "programme.reverse": _("Take the whole back"),
    "decision.activate": _("What decides"),
    **custody_words.ACTS,
    **money_words.ACTS,
    **ledger_words.ACTS,
    **relief_words.ACTS,
    **plan_words.ACTS,
    **text_words.ACTS,
}

# The colour of a deadline's bar, by the last mark of its time that is passed.
TONES: Final[Mapping[int, str]] = {0: "now", 50: "warn", 80: "warn", 100: "late"}

# A payment or a write-off ends the reason for any duty; a card names only what is done for the duty itself.
ENDS_THE_REASON: Final = frozenset(
    {
        "receipt.posted", "receipt.reversed", "loan.written_off", "loan.written_off.reversed", "loan.goodwill", "loan.goodwill.reversed",
        "loan.part_waived", "loan.part_waived.reversed", "loan.charged", "loan.charged.reversed", "loan.waived", "loan.waived.reversed",
        "loan.deferred", "loan.deferred.reversed", "loan.rearranged", "loan.rearranged.reversed", "loan.disbursed.reversed",
        "loan.forgiven", "loan.forgiven.reversed", "reminder.replanned",
    }
)  # fmt: skip

# What the button on a duty says: the first thing to do for it.
DUTY_ACTS: Final[Mapping[str, Text]] = {
    "reminder": _("Look"),
    "follow_up": _("Call"),
    "refund": _("Refund"),
    "recovery": _("Review"),
    "settlement_certificate": _("Issue"),
    "return_collateral": _("Hand back"),
    "credit_update": _("Report"),
    "confirm": _("Call"),
    "decide": _("Decide"),
    "sign": _("Have it signed"),
    "take_in": _("Take it in"),
    "pay_out": _("Pay out"),
    "payout_enquiry": _("Enquire"),
    "payout_recall": _("Pursue"),
    "payout_dispute": _("Clear up"),
    "debit_failed": _("Call"),
    "reach": _("Reach"),
    "hand_back": _("Hand back"),
    "fraud_review": _("Look into it"),
    "cooling_off": _("Look"),
    "restructuring": _("Decide"),
    "find_item": _("Look for it"),
    "compensate": _("Compensate"),
    "dispose": _("Go on"),
    "release_notice": _("Look"),
    "inbound": _("Answer"),
    "complaint": _("Answer"),
    "complaint_extended": _("Answer"),
    "complaint_second": _("Answer"),
    "promise_broken": _("Call"),
    "business_review": _("Review the business"),
    "review_reading": _("Read the review"),
    "visit": _("Visit"),
    "settlement": _("Decide"),
    "settlement_agree": _("Call"),
    "settlement_broken": _("Call"),
}

NIGHT_KINDS: Final[Mapping[str, Text]] = {
    "message": _("Messages"),
    "entry": _("Entries"),
    "duty": _("Duties"),
    "class": _("Classes"),
}

# What `journal verify` looks at when it computes the whole journal again.
CHECKS: Final[Mapping[str, Text]] = {
    "records": _("Each record's bytes hash to its digest"),
    "chains": _("Each chain is gapless, each record holds the one before"),
    "loan heads": _("Each loan's row names the end of its chain"),
    "places": _("Each record has exactly one place: leaf, batch or queue"),
    "batches": _("Each batch's root follows from its lines"),
    "tree": _("The one tree follows from its leaves"),
    "heads": _("Each signed head is the tree's at its size"),
    "outside head": _("A head kept outside agrees"),
    "outside anchor": _("A head kept outside agrees"),
}

# Why the night does something: the rule of the pack, or of the engine, in words.
RULES: Final[Mapping[str, Text]] = {
    "reminder.days_before": _("the pack's days of reminding before a due date"),
    "followup.days_past_due": _("the pack's days of following up arrears"),
    "classification.floors": _("the pack's five classes by days past due"),
    "interest is earned when its instalment falls due": _("interest is earned when its instalment falls due"),
    "interest is earned day by day": _("interest is earned day by day"),
    "interest that is billed leaves what has accrued": _("interest that is billed leaves what has accrued"),
    "interest in doubt is kept off income": _("interest in doubt is kept off income"),
}

# Why a message that was promised did not go out, by the rule that ended it or the state it is in.
NOT_SENT: Final[Mapping[str, Text]] = {
    "promised": _("still to go, within its hours"),
    "held": _("still to go, within its hours"),
    "failed": _("the carrier says that it did not arrive"),
    "unknown": _("nobody knows whether it arrived"),
    "dropped": _("not sent"),
    "duty.closed": _("no longer needed: what it was about has been done"),
    "tonight.hold": _("held by a person"),
    "contact.window": _("its time was over before it could go"),
    "contact.no_number": _("no number of the borrower is known"),
    "contact.no_channel": _("no way to send text messages is set up"),
    "contact.finance_allowed": _("the carrier takes no messages about lending"),
    "contact.text_approved": _("the carrier has not approved the text"),
    "contact.opt_out": _("the borrower asked to be left alone"),
    "contact.pauses": _("contact rests: a complaint, a dispute or hardship"),
    "contact.right_party": _("only the borrower or a guarantor may be told"),
    "contact.marketing_needs_consent": _("the borrower has not agreed to marketing"),
    "contact.quiet_hours": _("quiet hours"),
    "contact.sms_hours": _("outside the hours of text messages"),
    "contact.service_waits_for_morning": _("waits for morning"),
    "contact.sms_per_day_reminder": _("the day's number of reminders is used up"),
    "contact.sms_per_day_collection": _("the day's number of collection messages is used up"),
    "contact.per_day_all_channels": _("the day's number of contacts over all channels is used up"),
}

_REMINDER: Final = re.compile(r"i(?P<n>\d+) T-(?P<days>\d+)")
_FOLLOW_UP: Final = re.compile(r"\d{4}-\d\d-\d\d T\+(?P<days>\d+)")


def word(words: Mapping[str, Text], code: str) -> str:
    """The word for a code; the code itself where there is none."""
    return str(words.get(code, code))


def record(kind: str) -> str:
    """What a kind of record is called, in the reader's language; the code itself where the map has none."""
    known = RECORDS.get(kind)
    if known is None:
        return kind
    return known.en if (get_language() or "").startswith("en") else known.zh


def before(days: int) -> str:
    """A day of reminding, as lenders write it: `T-7`, and `T0` for the due date itself."""
    return f"T-{days}" if days else "T0"


def about(kind: str, said: str) -> str:
    """What exactly a duty is about: `第 3 期 T-7`, `T+8`; nothing where the kind says it all."""
    if match := _REMINDER.fullmatch(said):
        return gettext("instalment %(n)s, %(mark)s") % {"n": match["n"], "mark": before(int(match["days"]))}
    if match := _FOLLOW_UP.fullmatch(said):
        return "T+" + match["days"]
    return ""


def terms_line(terms: Mapping[str, Any]) -> str:
    """A contract's terms in one line: method, rate, day count, rounding."""
    if not terms:
        return ""
    rate = terms["rate"]
    percent = f"{rate['ppb'] * 100 / BILLION:.7f}".rstrip("0")
    whole, _point, fraction = percent.partition(".")
    parts = [
        word(METHODS, terms["method"]),
        gettext("%(rate)s%% %(per)s") % {"rate": f"{whole}.{fraction.ljust(2, '0')}", "per": word(PER, rate["per"])},
        terms.get("day_count", ""),
        gettext("last instalment takes the rest"),
    ]
    return " · ".join(part for part in parts if part)


def refusal(error: HoldfastError) -> str:
    """What went wrong, as a sentence in the page's language.

    A code that has words here is told in them with the error's facts; any other in its own sentence.
    """
    template = _REFUSALS.get(f"{error.code} {error.facts.get('rule', '')}") or _REFUSALS.get(error.code)
    if template is None:
        return told(error.sentence)
    try:
        roles = " / ".join(str(word(ROLES, role)) for role in error.facts.get("whose", ()))
        limits = {"limits": " / ".join(str(word(settlement_words.LIMITS, each)) for each in error.facts.get("limits", ()))}
        return str(template) % {**error.facts, "sentence": error.sentence, "roles": roles, **limits}
    except (KeyError, TypeError, ValueError):
        return error.sentence


_REFUSALS: Final[Mapping[str, Text]] = {
    **wording.REFUSALS,
    **contract_words.REFUSALS,
    **call_refusals.REFUSALS,
    **decision_words.REFUSALS,
    **restructuring_refusals.REFUSALS,
    **inbound_words.REFUSALS,
    **complaint_words.REFUSALS,
    **contact_words.REFUSALS,
    **promise_words.REFUSALS,
    **strategy_refusals.REFUSALS,
    **settlement_words.REFUSALS,
    **plan_words.REFUSALS,
    **visit_words.REFUSALS,
    **text_words.REFUSALS,
    **review_words.REFUSALS,
    **relief_words.REFUSALS,
    **paper_refusals.REFUSALS,
    **custody_words.REFUSALS,
    **money_words.REFUSALS,
    **ledger_words.REFUSALS,
    **release_refusals.REFUSALS,
    **duty_refusals.REFUSALS,
    "loan_not_found": _("There is no such loan within your sight."),
    "approval_maker": _("You asked for this, so another person must answer."),
    "approval_same_person": _("The person who asked is you under another log-in, so another person must answer."),
    "approval_barred": _("You have a part in this loan, so another person must answer."),
    "approval_closed": _("This has been answered already."),
    "approval_twice": _("You have answered already; each person answers once."),
    "role_may_not": _("Your role may not do this."),
    "duty_not_open": _("This duty is not open any more; a colleague may have just done it."),
    "receipt_ended_a_pledge": _("This is what the pledged thing brought when its pledge ended; it is not taken back."),
    "already_reversed": _("This receipt has been taken back already."),
    "loan_not_open": _("Nothing is owed on this loan, so it takes no receipt and no reversal."),
    "idempotency_key_reused": _("This form was sent before with other figures. Load the page anew and fill it in again."),
    "database_lost": _("The database did not answer. Nothing was done; try again in a moment."),
    "not_staff": _("This log-in belongs to nobody on the staff; ask the administrator."),
    "as_of_later": _("The as-of date lies after the book's business date."),
    "bad_cursor": _("This page of the list no longer fits; start from the first page."),
}
