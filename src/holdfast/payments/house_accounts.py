"""The lender's own account: where payouts come from and receipts go to. One person writes it, another of another role agrees.

Whoever changes it quietly takes every repayment; so it is never edited, and two people stand behind each version.
"""

from __future__ import annotations

import re
from typing import Any, Final

from holdfast import approvals
from holdfast.approvals import Request
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound
from holdfast.parties import Staff, require
from holdfast.payments import rail_store
from holdfast.payments.accounts import account_number
from holdfast.payments.model import HouseAccount
from holdfast.payments.store import Db

_ACT: Final = "house_account.set"
_PREFIX: Final = re.compile(r"[0-9]{4,14}", re.ASCII)
_BANK_CODE: Final = re.compile(r"[A-Z0-9]{8,14}", re.ASCII)
_LONGEST: Final = 70
# Room for a hundred thousand loans and a check digit at least.
_LEAST_OWN_DIGITS: Final = 6
_MOST_DIGITS: Final = 24


def ask_house_account(
    db: Db, *, clock: Clock, by: Staff, holder: str, account: str, bank: str, bank_code: str, words: str, virtual_prefix: str = "",
    virtual_digits: int = 0,
) -> Request:  # fmt: skip
    """Ask for this to be the lender's account. `virtual_prefix` and `virtual_digits`: the range of accounts the bank gives for loans."""
    require(by, _ACT)
    given: dict[str, Any] = {"holder": _text(holder, "holder"), "account": account_number(account), "bank": _text(bank, "bank")}
    if bank_code.strip() and not _BANK_CODE.fullmatch(bank_code.strip()):
        raise BadInput("bank_code: 8 to 14 letters and figures (CNAPS or BIC), or nothing", field="bank_code")
    if virtual_prefix.strip():
        if not _PREFIX.fullmatch(virtual_prefix.strip()):
            raise BadInput("virtual_prefix: 4 to 14 figures, or nothing", field="virtual_prefix")
        if not len(virtual_prefix.strip()) + _LEAST_OWN_DIGITS <= virtual_digits <= _MOST_DIGITS:
            raise BadInput(
                f"virtual_digits: the prefix and {_LEAST_OWN_DIGITS} figures at least, {_MOST_DIGITS} at most", field="virtual_digits"
            )
    given |= {"bank_code": bank_code.strip(), "virtual_prefix": virtual_prefix.strip()}
    given["virtual_digits"] = virtual_digits if virtual_prefix.strip() else 0
    return approvals.ask(db, clock=clock, by=by, act=_ACT, inputs=given, reason=words)


def answer_house_account(db: Db, *, clock: Clock, by: Staff, request: str, approved: bool, words: str) -> HouseAccount | None:
    """The second person's yes or no; after a yes it is in force."""
    require(by, "house_account.check")
    asked = approvals.request(db, request)
    if asked.act != _ACT:
        raise NotFound(f"there is no request {request} about the lender's account", code="no_approval", field="request")
    answered = approvals.answer(db, clock=clock, by=by, public_id=request, approved=approved, words=words)
    if approved:
        approvals.spend(db, clock=clock, by=by.actor, public_id=request, act=_ACT, inputs=answered.inputs)
        rail_store.insert_house_account(db, **answered.inputs, approval=request, at=clock.now())
    return rail_store.house_account(db)


def house_account(db: Db) -> HouseAccount | None:
    """The account in force; None while none is set."""
    return rail_store.house_account(db)


def _text(value: str, field: str) -> str:
    clean = " ".join(value.split())
    if not 2 <= len(clean) <= _LONGEST or not clean.isprintable():
        raise BadInput(f"{field}: 2 to {_LONGEST} characters", field=field)
    return clean
