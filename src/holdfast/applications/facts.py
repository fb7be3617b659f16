"""What a file holds: each fact with its rule, however it was typed, and each paper with what it may be.

A fact comes from a form, from a caller who heard it, or from a program; it is brought to one form here
before it is kept. Nothing else can be put into a file.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from holdfast.collateral import Grade, normal_imei
from holdfast.collateral.things import LONGEST_COLOUR, LONGEST_MODEL, STORAGES_GB
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import LARGEST_MINOR

Fact = str | int | bool

# What identifies the person; it is kept with the party and stands in no file.
PRIVATE: Final = ("name", "id_number", "address")
OF_AGE: Final = 18

PURPOSES: Final = ("medical", "education", "home", "working_capital", "daily_life", "other")
HOUSING: Final = ("own", "rent", "other")
SAVINGS: Final = ("none", "low", "medium", "high")
SIMS: Final = ("single", "dual")
# Condition, asked in plain words: each question, its answers, and the best grade that each still allows.
CONDITION: Final[Mapping[str, Mapping[str, Grade]]] = {
    "screen": {"clean": Grade.A, "light_marks": Grade.B, "scratched": Grade.C, "cracked": Grade.D},
    "body": {"clean": Grade.A, "light_marks": Grade.B, "dented": Grade.C, "bent": Grade.D},
    "works": {"all": Grade.A, "something_faulty": Grade.C, "does_not_start": Grade.D},
    "opened": {"no": Grade.A, "yes": Grade.C},
}
# What feeds the score, and nothing else does.
ANSWERS: Final = (
    "employment_years", "housing", "savings_band", "existing_loans", "monthly_income_minor", "monthly_obligations_minor",
    "residence_years",
)  # fmt: skip
# What makes the phone this one phone; after the file was handed in it does not change.
THING: Final = ("model", "storage_gb", "sim", "imei1", "imei2")
DECLARATION: Final = "2026-11"  # the version of what the borrower declares about the phone


def _text(longest: int) -> Callable[[str, Any], Fact]:
    def read(field: str, value: Any) -> Fact:
        text = " ".join(unicodedata.normalize("NFC", str(value)).split())
        if not text:
            raise BadInput(f"{field}: it is empty", code="fact_empty", field=field)
        if len(text) > longest:
            raise BadInput(f"{field}: at most {longest} characters", code="fact_long", field=field, most=longest)
        if not text.isprintable():
            raise BadInput(f"{field}: it holds characters that cannot be printed", code="fact_unprintable", field=field)
        return text

    return read


def _one_of(*choices: str) -> Callable[[str, Any], Fact]:
    def read(field: str, value: Any) -> Fact:
        if value not in choices:
            raise BadInput(f"{field}: choose one of {', '.join(choices)}", code="fact_choice", field=field)
        return str(value)

    return read


def _number(least: int, most: int) -> Callable[[str, Any], Fact]:
    def read(field: str, value: Any) -> Fact:
        if isinstance(value, bool):
            raise BadInput(f"{field}: write a whole number", code="fact_number", field=field)
        text = unicodedata.normalize("NFKC", str(value)).strip().replace(",", "")
        if not (text.isascii() and text.isdigit() and len(text) <= 16):
            raise BadInput(f"{field}: write a whole number", code="fact_number", field=field)
        if not least <= int(text) <= most:
            raise BadInput(f"{field}: between {least} and {most}", code="fact_range", field=field, least=least, most=most)
        return int(text)

    return read


def _storage(field: str, value: Any) -> Fact:
    number = _number(1, 10_000)(field, value)
    if number not in STORAGES_GB:
        raise BadInput(f"{field}: choose one of {', '.join(map(str, STORAGES_GB))}", code="fact_choice", field=field)
    return number


def _yes(field: str, value: Any) -> Fact:
    if value in (True, "true", "yes", "on"):
        return True
    if value in (False, "false", "no", ""):
        return False
    raise BadInput(f"{field}: yes or no", code="fact_choice", field=field)


def _imei(field: str, value: Any) -> Fact:
    return normal_imei(str(value), field)


_READ: Final[Mapping[str, Callable[[str, Any], Fact]]] = {
    "model": _text(LONGEST_MODEL),
    "storage_gb": _storage,
    "colour": _text(LONGEST_COLOUR),
    **{name: _one_of(*answers) for name, answers in CONDITION.items()},
    "sim": _one_of(*SIMS),
    "imei1": _imei,
    "imei2": _imei,
    "account_signed_out": _yes,
    "declaration": _one_of(DECLARATION, ""),
    "purpose": _one_of(*PURPOSES),
    "employment_years": _number(0, 60),
    "residence_years": _number(0, 100),
    "housing": _one_of(*HOUSING),
    "savings_band": _one_of(*SAVINGS),
    "existing_loans": _number(0, 99),
    "monthly_income_minor": _number(0, LARGEST_MINOR // 10**4),
    "monthly_obligations_minor": _number(0, LARGEST_MINOR // 10**4),
}
FACTS: Final = tuple(_READ)


def read_fact(field: str, value: Any) -> Fact:
    """A fact in its one form; BadInput names the field and says what it should be, or that a file holds no such fact."""
    if field not in _READ:
        raise BadInput(f"{field}: a file holds no such fact; it holds {', '.join((*PRIVATE, *FACTS))}", field=field)
    return _READ[field](field, value)


def grade_of(facts: Mapping[str, Fact]) -> Grade | None:
    """The grade that all answers on the phone's condition still allow, the worst decides; None until all are given."""
    if any(facts.get(question) not in answers for question, answers in CONDITION.items()):
        return None
    return max(answers[str(facts[question])] for question, answers in CONDITION.items())


def born_on(id_number: str) -> date:
    """The date of birth in a resident's number that is in its one form."""
    return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))


def age_on(born: date, today: date) -> int:
    """Whole years; who is born on 29 February is a year older on 1 March of other years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


_PICTURE: Final = frozenset({"image/jpeg", "image/png", "image/webp"})
_PAPER: Final = _PICTURE | {"application/pdf"}
LARGEST_UPLOAD: Final = 10 * 2**20


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the file for one paper or picture: which kinds it may be, and whether a file is incomplete without it."""

    name: str
    kinds: frozenset[str]
    needed: bool


SLOTS: Final = {
    slot.name: slot
    for slot in (
        Slot("id_front", _PICTURE, True),
        Slot("id_back", _PICTURE, True),
        Slot("invoice", _PAPER, True),
        Slot("account_signed_out", _PICTURE, False),
        Slot("photo_front", _PICTURE, True),
        Slot("photo_back", _PICTURE, True),
        Slot("photo_screen", _PICTURE, True),
        Slot("consent_sheet", _PAPER, False),
    )
}
