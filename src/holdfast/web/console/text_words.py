"""Words of the texts to borrowers: what each is for, where it stands, what was found in it, why an act is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from holdfast.contact.texts_model import CarrierEvent, CarrierState, TextState

# Each template belongs to one part; the list shows the first four parts in its left column.
PARTS: Final[tuple[tuple[str | Promise, tuple[str, ...]], ...]] = (
    (_("Codes"), ("code", "code_spoken")),
    (
        _("Application and contract"),
        ("application_received", "application_returned", "application_withdrawn", "contract_offer", "contract_sealed"),
    ),
    (_("While it is repaid"), ("reminder", "overdue", "receipt", "settlement", "default_notice", "disposal_statement")),
    (_("Return of the pledge"), ("release", "release_none", "released")),
    (
        _("Other terms"),
        ("deferral_agreed", "deferral_refused", "terms_offered", "terms_agreed", "terms_refused", "programme_given", "programme_taken_back",
         "settlement_offered", "settlement_kept"),
    ),
    (
        _("Answers, complaints and visits"),
        ("inbound_waits", "inbound_help", "inbound_stopped", "inbound_ticket", "inbound_answered", "complaint_taken", "complaint_extended",
         "complaint_answered", "visit_planned", "visit_cancelled"),
    ),
)  # fmt: skip
TEMPLATES: Final[Mapping[str, str | Promise]] = {
    "code": _("A code that is typed"),
    "code_spoken": _("A code that is said to us"),
    "application_received": _("Application received"),
    "application_returned": _("Application lacks something"),
    "application_withdrawn": _("Application withdrawn"),
    "contract_offer": _("Contract to sign"),
    "contract_sealed": _("Contract signed by both"),
    "reminder": _("Reminder before the due date"),
    "overdue": _("Instalment overdue"),
    "receipt": _("Money received"),
    "settlement": _("Loan paid off"),
    "default_notice": _("Notice of default"),
    "disposal_statement": _("The thing was sold"),
    "deferral_agreed": _("More time agreed"),
    "deferral_refused": _("More time not agreed"),
    "terms_offered": _("New terms offered"),
    "terms_agreed": _("New terms hold"),
    "terms_refused": _("Other terms not agreed"),
    "programme_given": _("More time by a programme"),
    "programme_taken_back": _("More time of a programme taken back"),
    "settlement_offered": _("Settlement offered"),
    "settlement_kept": _("Settlement kept"),
    "release": _("Fetch the pledged thing"),
    "release_none": _("Paid off, nothing to fetch"),
    "released": _("The thing was handed back"),
    "inbound_waits": _("Answer: log in to see it"),
    "inbound_help": _("Answer: what may be written"),
    "inbound_stopped": _("Answer: no more texts"),
    "inbound_ticket": _("Answer: a person will answer"),
    "inbound_answered": _("A message was answered"),
    "complaint_taken": _("Complaint taken in"),
    "complaint_extended": _("Complaint needs more time"),
    "complaint_answered": _("Complaint answered"),
    "visit_planned": _("Visit planned"),
    "visit_cancelled": _("Visit cancelled"),
}
LANGUAGES: Final[Mapping[str, str | Promise]] = {"zh-hans": _("Chinese"), "en": _("English")}
STATES: Final[Mapping[TextState, tuple[str, str | Promise]]] = {
    TextState.DRAFT: ("now", _("draft")),
    TextState.ASKED: ("hold", _("waits for an answer")),
    TextState.APPROVED: ("done", _("is sent")),
    TextState.REFUSED: ("late", _("not agreed to")),
    TextState.RETIRED: ("todo", _("no longer sent")),
}
CARRIER_STATES: Final[Mapping[CarrierState, tuple[str, str | Promise]]] = {
    CarrierState.UNKNOWN: ("todo", _("not handed in")),
    CarrierState.SUBMITTED: ("now", _("handed in")),
    CarrierState.APPROVED: ("done", _("approved by the carrier")),
    CarrierState.REFUSED: ("late", _("refused by the carrier")),
}
CARRIER_EVENTS: Final[Mapping[CarrierEvent, str | Promise]] = {
    CarrierEvent.SUBMIT: _("handed in at the carrier"),
    CarrierEvent.APPROVE: _("the carrier approved it"),
    CarrierEvent.REFUSE: _("the carrier refused it"),
}
ACTS: Final[Mapping[str, str | Promise]] = {"text.approve": _("Send another text")}
# What the linter found, and the mend. A forbidden word is told by its group.
FINDINGS: Final[Mapping[str, str | Promise]] = {
    "value_unknown": _("This message knows no such value."),
    "value_missing": _("The borrower needs this value: say it somewhere."),
    "values_touch": _("Two values touch. Write a word between them; carriers ask for it."),
    "brace": _("A brace stands around the name of a value and nowhere else."),
    "only_values": _("There are no words besides the values. Carriers take no such text."),
    "signature_missing": _("The lender has no name yet. It is the signature in front of every text."),
    "signature_twice": _("The signature is put in front by itself. Write no such bracket."),
    "unmasked": _("This looks like a telephone, a card or a document's number. Leave it out."),
    "currency_sign": _("Write the currency in words; carriers refuse the sign."),
    "character": _("This character may not arrive, or counts twice."),
    "link": _("Send no link and no address. The borrower logs in by themselves."),
    "too_long": _("It is too long. Make it shorter."),
    "threat": _("This threatens. Say it without."),
    "shame": _("This shames. Say it without."),
    "third_persons": _("This brings other people in. A message is for the borrower alone."),
    "impersonation": _("This speaks of courts, police or lawyers. A text says nothing of them."),
    "promised_approval": _("This promises what nobody may promise."),
    "false_haste": _("This presses, or says a last time that is none."),
    "secrets": _("This asks for a secret, or for money in the wrong place."),
}
REFUSALS: Final[Mapping[str, str | Promise]] = {
    "text_state": _("A colleague has just moved this text on. Load the page anew."),
    "text_moved": _("The words have changed since you looked at them. Look again."),
    "text_same": _("These are the words that are sent already."),
    "text_unclean": _("The text has places to mend first; they stand below."),
    "text_shipped": _("The words that ship with the program are sent. They are not retired."),
    "text_writer": _("You wrote at this text, so another person must answer."),
    "no_text_draft": _("Nobody has drafted another text. Load the page anew."),
    "no_text": _("There is no such text."),
    "carrier_state": _("That does not follow on where the text stands with this carrier."),
}
