"""The borrower's words for what a file holds: each field, each answer, and why each thing is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

FIELDS: Final[Mapping[str, Text]] = {
    "name": _("Name, as on your ID card"),
    "id_number": _("ID number"),
    "address": _("Where you live"),
    "id_front": _("ID card, front"),
    "id_back": _("ID card, back"),
    "model": _("Model"),
    "storage_gb": _("Storage"),
    "colour": _("Colour (may be left out)"),
    "screen": _("The screen"),
    "body": _("The case"),
    "works": _("Does everything work?"),
    "opened": _("Was it ever opened for a repair?"),
    "sim": _("How many SIM cards does it take?"),
    "imei1": _("IMEI (15 digits)"),
    "imei2": _("Second IMEI"),
    "invoice": _("Invoice or receipt"),
    "account_signed_out": _("My account is signed out on the phone"),
    "declaration": _("The phone is mine and free"),
    "photo_front": _("Front side"),
    "photo_back": _("Back side"),
    "photo_screen": _("Screen lit"),
    "purpose": _("What is the money for?"),
    "monthly_income_minor": _("What you earn in a month (yuan)"),
    "monthly_obligations_minor": _("What you pay every month: rent, other loans (yuan)"),
    "existing_loans": _("Other loans you repay now"),
    "employment_years": _("Years in your present work"),
    "residence_years": _("Years at your present address"),
    "housing": _("How do you live?"),
    "savings_band": _("Savings"),
    "consent_sheet": _("Signed sheet of consents"),
    "consent_service": _("Consent: use of data for this loan"),
    "consent_bureau_query": _("Consent: query of the credit report"),
    "consent_bureau_report": _("Consent: report to the credit bureau"),
    "consent_contact": _("Consent: calls and messages"),
    "consent_recording": _("Consent: keeping the recording"),
    "consent_marketing": _("Consent: news of products"),
}

SCREENSHOT: Final = _("Picture of it (may be left out)")

CHOICES: Final[Mapping[str, Mapping[str, Text]]] = {
    "screen": {
        "clean": _("No marks"),
        "light_marks": _("Light marks"),
        "scratched": _("Scratches you can feel"),
        "cracked": _("Cracked"),
    },
    "body": {"clean": _("No marks"), "light_marks": _("Light marks"), "dented": _("Dents"), "bent": _("Bent or broken")},
    "works": {"all": _("Everything works"), "something_faulty": _("Something is faulty"), "does_not_start": _("It does not start")},
    "opened": {"no": _("No"), "yes": _("Yes")},
    "sim": {"single": _("One SIM card"), "dual": _("Two SIM cards")},
    "purpose": {
        "medical": _("Medical costs"),
        "education": _("Education"),
        "home": _("Home and repairs"),
        "working_capital": _("My small business"),
        "daily_life": _("Daily life"),
        "other": _("Something else"),
    },
    "housing": {"own": _("In my own home"), "rent": _("I rent"), "other": _("With family, or otherwise")},
    "savings_band": {
        "none": _("None"),
        "low": _("Less than one month's income"),
        "medium": _("One to six months' income"),
        "high": _("More than six months' income"),
    },
}

HINTS: Final[Mapping[str, Text]] = {
    "id_number": _("18 characters. We check the last one against the others."),
    "address": _("Province, city, street, number."),
    "imei1": _("Dial *#06# on the phone and copy the number."),
    "imei2": _("A phone with two SIM cards has two IMEIs; *#06# shows both."),
    "model": _("Choose from the list or write it as it stands in the phone's settings."),
    "monthly_income_minor": _("After tax, an ordinary month."),
    "monthly_obligations_minor": _("Write 0 if there is nothing."),
    "existing_loans": _("Write 0 if there are none."),
    "account_signed_out": _("We never ask for a password and never lock a phone. A phone that is bound to an account we cannot take."),
    "declaration": _("I bought it or was given it, nobody else has a right to it, and it is not pledged elsewhere."),
}

# Why a file is not complete without it: for the list of what is missing.
WHY: Final[Mapping[str, Text]] = {
    "name": _("the contract names you"),
    "id_number": _("we must know whom we lend to, and lend to adults only"),
    "address": _("letters that matter go there"),
    "id_front": _("we hold it against what you typed"),
    "id_back": _("it says until when the card is valid"),
    "model": _("the value depends on it"),
    "storage_gb": _("the value depends on it"),
    "screen": _("the value depends on it"),
    "body": _("the value depends on it"),
    "works": _("the value depends on it"),
    "opened": _("the value depends on it"),
    "sim": _("it has as many IMEIs"),
    "imei1": _("it says which phone this is"),
    "imei2": _("a phone with two SIM cards has two"),
    "invoice": _("it shows that the phone is yours"),
    "account_signed_out": _("a phone bound to an account cannot be taken"),
    "declaration": _("we take no phone to which somebody else has a right"),
    "photo_front": _("it shows the condition"),
    "photo_back": _("it shows the condition"),
    "photo_screen": _("it shows that the phone works"),
    "purpose": _("the contract says so"),
    "monthly_income_minor": _("we lend nobody into trouble"),
    "monthly_obligations_minor": _("we lend nobody into trouble"),
    "existing_loans": _("we lend nobody into trouble"),
    "employment_years": _("it bears on what you can repay"),
    "residence_years": _("it bears on what you can repay"),
    "housing": _("it bears on what you can repay"),
    "savings_band": _("it bears on what you can repay"),
    "consent_sheet": _("it is the proof of what was agreed"),
}
NEEDED_CONSENT: Final = _("without it no loan can be made")

STEP_NAMES: Final[Mapping[str, Text]] = {
    "you": _("You"),
    "phone": _("The phone"),
    "proof": _("Proof and pictures"),
    "money": _("Your means"),
    "consents": _("Your consent"),
    "check": _("Check and send"),
}
# The same parts of the file as staff call them.
DESK_NAMES: Final[Mapping[str, Text]] = {
    "you": _("The applicant"),
    "phone": _("The phone"),
    "proof": _("Proof and pictures"),
    "money": _("Purpose and means"),
}
STEP_TITLES: Final[Mapping[str, Text]] = {
    "you": _("Who are you?"),
    "phone": _("Which phone would you pledge?"),
    "proof": _("Show that it is yours"),
    "money": _("What is it for, and can you repay it?"),
    "consents": _("What we may do with your data"),
    "check": _("Check everything once more"),
}
STEP_LEADS: Final[Mapping[str, Text]] = {
    "you": _("Only you, and only staff who say why, see these in full."),
    "phone": _("We keep it sealed and hand it back the day you have repaid."),
    "proof": _("Pictures from this phone are fine. Anything readable will do."),
    "money": _("Seven plain questions. They are all that the score looks at besides the phone and the sum."),
    "consents": _("One purpose each. Nothing is ticked for you."),
    "check": _("You can still change everything. Sending binds you to nothing: the contract comes later."),
}

STATES: Final[Mapping[str, tuple[str, Text]]] = {
    "draft": ("todo", _("Being filled in")),
    "submitted": ("now", _("Handed in")),
    "returned": ("warn", _("Something is missing")),
    "withdrawn": ("todo", _("Withdrawn")),
    "closed": ("done", _("Closed")),
}
CHANNELS: Final[Mapping[str, Text]] = {"phone": _("by phone page"), "counter": _("at the counter"), "program": _("by a program")}

# What a verb refused, by its code.
REFUSALS: Final[Mapping[str, Text]] = {
    "code_used": _("This code has been used. Ask for a new one."),
    "code_expired": _("This code was good for five minutes. Ask for a new one."),
    "code_attempts": _("Five attempts were made. Ask for a new code."),
    "code_cap": _("Five codes went to this number within the hour. Try again later."),
    "code_too_soon": _("A code is on its way. You can ask for another after a minute."),
    "code_bound": _("This code was sent for something else. Ask for a new one."),
    "code_not_proved": _("Type the code from the message first."),
    "no_code": _("This code is not known. Ask for a new one."),
    "no_number": _("No phone number is known to send a code to."),
    "number_shared": _("This number stands on more than one file. Please come to the counter; we sort it out together."),
    "no_branch": _("This lender has no place of business yet; nobody can apply."),
    "no_application": _("There is no such application within your sight."),
    "application_open": _("An application is on its way; a second one can follow when it is decided."),
    "application_state": _("This application has moved on; this cannot be done any more."),
    "application_incomplete": _("The file is not complete; what is missing stands below."),
    "plan_changed": _("The terms of this product have changed. Look at the cost again before you apply."),
    "product_not_offered": _("This product cannot be applied for here."),
    "under_age": _("We lend to people of 18 years and more."),
    "born_later": _("This date of birth has not come yet. Look for a mistyped digit."),
    "identity_fixed": _("This is not what stands on your file. If it has changed, come to the counter with your ID card."),
    "thing_fixed": _("Which phone it is stays as it was handed in. Withdraw and apply anew with another one."),
    "upload_kind": _("This is no picture that can be read. Send JPEG, PNG or WebP; an invoice may also be a PDF."),
    "upload_large": _("This file is too large; at most 10 MB."),
    "papers_full": _("The file holds as many papers as it can; what is here must do."),
    "no_draft": _("Nothing within your sight is being filled in under this number. Begin with the cost."),
    "consent_code_needed": _("Only the borrower agrees: read each text out and type the code that comes to the borrower's phone."),
    "no_consent_sheet": _("Put the signed sheet of consents into the file first."),
    "in_custody": _("The phone is in our custody. Ask at the counter to have it handed back; that ends the loan."),
    "under_way": _("Something is under way that must end first; then the application can be withdrawn."),
    "fact_empty": _("It is empty."),
    "fact_long": _("At most %(most)s characters."),
    "fact_unprintable": _("It holds characters that cannot be printed."),
    "fact_choice": _("Choose one of the answers."),
    "fact_number": _("Write a whole number."),
    "fact_range": _("Between %(least)s and %(most)s."),
    "yuan": _("Write the amount in figures, such as 6500."),
    "not_on_screen": _("Messages leave the house over a carrier; nobody reads them here."),
}


def field(name: str) -> str:
    """What a field is called."""
    return str(FIELDS.get(name, name))


def hint(name: str) -> str:
    """How to fill a field in, where that needs saying."""
    return str(HINTS.get(name, ""))


def why(name: str) -> str:
    """Why a field is asked for."""
    return str(NEEDED_CONSENT if name.startswith("consent_") and name not in WHY else WHY.get(name, ""))


def answer(name: str, value: object) -> str:
    """An answer as it is read back."""
    return str(CHOICES[name].get(str(value), value)) if name in CHOICES else str(value)
