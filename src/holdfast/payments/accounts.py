"""Account numbers: their one form, what of them may be shown, and how they are found again."""

from __future__ import annotations

import re
from typing import Final

from holdfast.kernel.errors import BadInput
from holdfast.kernel.sealing import Box, master_box

_NUMBER: Final = re.compile(r"[0-9]{8,28}", re.ASCII)
_GROUPING: Final = re.compile(r"[\s-]")
_FULL_WIDTH: Final = str.maketrans("０１２３４５６７８９　", "0123456789 ")


def account_number(text: str, field: str = "account") -> str:
    """Digits only, however the number was grouped; BadInput if it cannot be an account."""
    number = _GROUPING.sub("", text.translate(_FULL_WIDTH))
    if not _NUMBER.fullmatch(number):
        raise BadInput(f"{field}: an account number has 8 to 28 digits", field=field)
    return number


def masked_account(number: str) -> str:
    """The last four digits; of what is no number of ours, as much as cannot be used."""
    return "*" * max(0, len(number) - 4) + number[-4:]


def accounts_box() -> Box:
    """The box whose keyed hashes find accounts again; drawn once for a file of many."""
    return master_box("payer accounts")


def lookup_of_account(number: str, box: Box | None = None) -> bytes:
    """The keyed hash by which an account is found again; it says nothing to one without the key."""
    return (box or accounts_box()).keyed_hash(number)
