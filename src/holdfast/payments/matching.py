"""Matching: which loan a line of a bank's statement is for.

First by what is the loan's own: the virtual account that the money came to, and the code that the remark carries; else by
a contract's number in the remark, else by an account from which only one loan is being repaid. Where two ways or two numbers
lead to different loans, nobody guesses: a person looks.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from holdfast.payments.model import Intent
from holdfast.payments.pay_codes import pay_codes_in

# Crockford's base 32 without I, L, O and U, so that a code survives being read out and typed.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_DIGITS: Final = 7
_CODE: Final = re.compile(rf"(?<![A-Z0-9])HK[{_ALPHABET}]{{{_CODE_DIGITS}}}(?![A-Z0-9])")
_NUMBER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_/-]{2,59}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Told:
    """What a line tells about where it belongs: its remark, its amount and, if it names one, the look-up of its account."""

    remark: str
    amount: int
    currency: str
    account: bytes | None
    virtual: str = ""  # the account of ours that it came to, if it is a loan's own


@dataclass(frozen=True, slots=True)
class Proposal:
    """The loan that a line is for and by what, with the intent that it clears; or no loan, and why."""

    loan_id: int | None
    how: str
    intent: Intent | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the book knows that could fit: intents by code, loans by contract number and by account, intents that wait by loan."""

    codes: Mapping[str, Intent]
    contracts: Mapping[str, int]
    accounts: Mapping[bytes, set[int]]
    waiting: Mapping[int, Sequence[Intent]]
    pay_codes: Mapping[str, int] = field(default_factory=dict)  # of loans for good, and their virtual accounts


def new_code() -> str:
    """A code for one intent: two letters and seven signs that nobody mistakes."""
    return "HK" + "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_DIGITS))


def codes_in(remark: str) -> list[str]:
    """The codes that a remark carries."""
    return _CODE.findall(remark.upper())


def numbers_in(remark: str) -> list[str]:
    """What in a remark could be a contract's number."""
    return [found.strip("-_/").upper() for found in _NUMBER.findall(remark)]


def judge(told: Told, known: Known) -> Proposal:
    """Where the line belongs, if that is beyond doubt."""
    by_code = {known.codes[code].loan_id: known.codes[code] for code in codes_in(told.remark) if code in known.codes}
    by_number = {known.contracts[number] for number in numbers_in(told.remark) if number in known.contracts}
    by_pay_code = {known.pay_codes[code] for code in pay_codes_in(told.remark) if code in known.pay_codes}
    own = {known.pay_codes[told.virtual]} if told.virtual in known.pay_codes else set()
    named = own | set(by_code) | by_pay_code | by_number
    if len(named) > 1:
        return Proposal(None, "several_loans")
    if own or by_pay_code:
        loan_id = next(iter(named))
        intent = by_code.get(loan_id) or _of_amount(told, known, loan_id)
        return Proposal(loan_id, "virtual_account" if own else "pay_code", intent)
    if by_code:
        told_of = next(iter(by_code.values()))
        return Proposal(told_of.loan_id, "code", told_of)
    if by_number:
        loan_id = next(iter(by_number))
        return Proposal(loan_id, "contract_no", _of_amount(told, known, loan_id))
    from_account = known.accounts.get(told.account, set()) if told.account is not None else set()
    if not from_account:
        return Proposal(None, "nobody_known")
    if len(from_account) == 1:
        loan_id = next(iter(from_account))
        return Proposal(loan_id, "account", _of_amount(told, known, loan_id))
    fitting = [(loan_id, intent) for loan_id in sorted(from_account) if (intent := _of_amount(told, known, loan_id)) is not None]
    if len(fitting) == 1:
        return Proposal(fitting[0][0], "account_and_amount", fitting[0][1])
    return Proposal(None, "several_loans")


def _of_amount(told: Told, known: Known, loan_id: int) -> Intent | None:
    """The one waiting intent of a loan for exactly this amount."""
    same = [each for each in known.waiting.get(loan_id, ()) if (each.amount.minor, each.amount.currency) == (told.amount, told.currency)]
    return same[0] if len(same) == 1 else None
