"""Pay codes: by what a loan's money is recognised, whoever pays it and from whichever account.

Each loan has one code for the remark, with a check sign so that a slip of the finger is no other loan's code; and, where the bank
gives them, an account number of its own. Both stay the same for the loan's whole life.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

from stdnum import luhn
from stdnum.iso7064 import mod_37_36

from holdfast.duties import take, take_own
from holdfast.journal import Actor
from holdfast.kernel.errors import Fault, Refusal
from holdfast.parties import Staff, require
from holdfast.payments import code_store, rail_store
from holdfast.payments.model import PayCode
from holdfast.payments.store import Db

# Crockford's base 32 without I, L, O and U, so that a code survives being read out and typed.
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PREFIX: Final = "HL"
_SIGNS: Final = 7
_CODE: Final = re.compile(rf"(?<![A-Z0-9]){PREFIX}[ -]?([{ALPHABET}]{{4}})[ -]?([{ALPHABET}]{{4}})(?![A-Z0-9])")


def pay_code(db: Db, loan_id: int) -> PayCode:
    """The code of a loan and its virtual account, made when first asked for. Refusal once the range of virtual accounts is used up."""
    found = code_store.pay_code(db, loan_id)
    if found is None:
        code = new_code()
        while not code_store.register(db, code, loan_id):
            code = new_code()  # somebody's already: draw another
        code_store.insert(db, loan_id=loan_id, code=code)
        found = code_store.pay_code(db, loan_id)
    if found is None:
        raise Fault(f"loan {loan_id} has no pay code though one was just made", code="pay_code_missing")
    own = rail_store.house_account(db)
    if not found.virtual and own is not None and own.virtual_prefix:
        number = _next_virtual(db, own.virtual_prefix, own.virtual_digits)
        if code_store.register(db, number, loan_id):
            code_store.give_virtual(db, loan_id, number)
            found = PayCode(loan_id, found.code, number)
    return found


def draw_pay_code(db: Db, *, by: Staff | Actor, loan: str) -> PayCode:
    """The same for whoever may ask: the loan's own borrower, or somebody who posts receipts and sees the loan."""
    if isinstance(by, Staff):
        require(by, "receipt.post")
        return pay_code(db, take(db, loan, by.scope, lock=False).loan.loan_id)
    return pay_code(db, take_own(db, loan, by).loan.loan_id)


def known_pay_code(db: Db, loan_id: int) -> PayCode | None:
    """The code of a loan, if anybody has asked for it yet."""
    return code_store.pay_code(db, loan_id)


def new_code() -> str:
    """`HL`, seven signs and a check sign (ISO 7064, hybrid system over 32 signs): one wrong sign is always seen."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(_SIGNS))
    return f"{PREFIX}{body}{mod_37_36.calc_check_digit(body, alphabet=ALPHABET)}"


def is_code(code: str) -> bool:
    """Whether the check sign fits."""
    return bool(mod_37_36.is_valid(code.removeprefix(PREFIX), alphabet=ALPHABET))


def pay_codes_in(remark: str) -> list[str]:
    """The codes that a remark carries, however they were spaced; what fails its check is none."""
    return [code for first, second in _CODE.findall(remark.upper()) if is_code(code := f"{PREFIX}{first}{second}")]


def virtual_numbers_in(account: str, prefix: str, digits: int) -> str:
    """The virtual account that money came to, if that is what this number is; empty otherwise."""
    number = account.replace(" ", "")
    fits = bool(prefix) and number.startswith(prefix) and len(number) == digits and number.isascii() and number.isdigit()
    return number if fits and luhn.is_valid(number) else ""


def _next_virtual(db: Db, prefix: str, digits: int) -> str:
    room = digits - len(prefix) - 1
    ordinal = code_store.next_virtual(db)
    if ordinal >= 10**room:
        raise Refusal("the range of virtual accounts is used up; ask the bank for a wider one", code="virtual_range_used_up")
    body = f"{prefix}{ordinal:0{room}}"
    return f"{body}{luhn.calc_check_digit(body)}"
