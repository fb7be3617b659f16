"""What a file still lacks, and why it is asked for. Pure: the same file, the same answer.

A file that lacks nothing can be handed in; nothing else is asked for afterwards but what a person finds
in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from holdfast.applications.consents import CONSENTS
from holdfast.applications.facts import ANSWERS, CONDITION, DECLARATION, OF_AGE, age_on
from holdfast.applications.model import Application


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that a file lacks: the step where it is given, the field, and what is asked for and why."""

    step: str
    field: str
    why: str


# The steps in which a borrower fills in a file, in their order.
STEPS: Final = ("you", "phone", "proof", "money", "consents")

_WHY: Final = {
    "name": "your name as it stands on your ID card: the contract names you",
    "id_number": "your ID number: we must know whom we lend to",
    "address": "where you live: letters that matter go there",
    "id_front": "a picture of the front of your ID card: we hold it against what you typed",
    "id_back": "a picture of the back of your ID card: it says until when it is valid",
    "model": "the phone's model: its value depends on it",
    "storage_gb": "the phone's storage: its value depends on it",
    "sim": "whether the phone takes one SIM or two: it has as many IMEIs",
    "imei1": "the IMEI: it says which phone this is",
    "imei2": "the second IMEI: a phone with two SIMs has two",
    "screen": "how the screen looks: the value depends on it",
    "body": "how the case looks: the value depends on it",
    "works": "whether everything works: the value depends on it",
    "opened": "whether it was opened for a repair: the value depends on it",
    "invoice": "the invoice or receipt: it shows that the phone is yours",
    "account_signed_out": "that your account is signed out: we take no phone that is locked to an account, and never a password",
    "declaration": "that the phone is yours and free: nobody else has a right to it",
    "photo_front": "a picture of the front: it shows the condition",
    "photo_back": "a picture of the back: it shows the condition",
    "photo_screen": "a picture with the screen lit: it shows that it works",
    "purpose": "what the money is for: the contract says so",
    "employment_years": "how long you have worked where you work: it bears on what you can repay",
    "residence_years": "how long you have lived where you live: it bears on what you can repay",
    "housing": "how you live: it bears on what you can repay",
    "savings_band": "what you have saved: it bears on what you can repay",
    "existing_loans": "how many other loans you repay: we lend nobody into trouble",
    "monthly_income_minor": "what you earn in a month: we lend nobody into trouble",
    "monthly_obligations_minor": "what you pay every month: we lend nobody into trouble",
}


def completeness(application: Application, *, today: date) -> tuple[Missing, ...]:
    """Everything that the file lacks on that day, in the order of the steps; empty if it can be handed in."""
    return tuple(_missing(application, today))


def _missing(file: Application, today: date) -> Iterator[Missing]:
    for name in ("name", "id_number", "address"):
        if name not in file.private:
            yield Missing("you", name, _WHY[name])
    if file.born_on is not None and age_on(file.born_on, today) < OF_AGE:
        yield Missing("you", "id_number", f"an age of {OF_AGE} years: we lend to adults only")
    yield from _papers(file, "you", "id_front", "id_back")
    yield from _facts(file, "phone", "model", "storage_gb", *CONDITION, "sim", "imei1")
    if file.facts.get("sim") == "dual":
        yield from _facts(file, "phone", "imei2")
    yield from _papers(file, "proof", "invoice")
    if file.facts.get("account_signed_out") is not True:
        yield Missing("proof", "account_signed_out", _WHY["account_signed_out"])
    if file.facts.get("declaration") != DECLARATION:
        yield Missing("proof", "declaration", _WHY["declaration"])
    yield from _papers(file, "proof", "photo_front", "photo_back", "photo_screen")
    yield from _facts(file, "money", "purpose", *ANSWERS)
    for text in CONSENTS.values():
        if text.needed and file.consents.get(text.purpose) != text.version:
            yield Missing("consents", f"consent_{text.purpose}", f"your consent: {text.en.lower()}")
    if file.channel == "program":  # whoever stands at the counter has agreed by a code of their own
        yield from _papers(file, "consents", "consent_sheet")


def _facts(file: Application, step: str, *names: str) -> Iterator[Missing]:
    return (Missing(step, name, _WHY[name]) for name in names if name not in file.facts)


def _papers(file: Application, step: str, *slots: str) -> Iterator[Missing]:
    held = {each.slot for each in file.documents}
    return (Missing(step, slot, _WHY.get(slot, "the signed sheet of consents")) for slot in slots if slot not in held)
