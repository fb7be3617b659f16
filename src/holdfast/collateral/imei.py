"""IMEI: the number by which a phone is known: fifteen digits, the last a Luhn check of the others.

A phone with two cards has two, and both are asked for. What a phone also shows, the IMEISV, has
sixteen digits and no check digit, so it cannot be told from a typing error and is refused by name.
(3GPP TS 23.003, 6.2.)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from holdfast.kernel.errors import BadInput
from holdfast.parties import PrivateKind, normal

IMEISV_DIGITS: Final = 16
MOST: Final = 2


def normal_imei(text: str, field: str = "imei") -> str:
    """The fifteen digits; BadInput says what is wrong with them and how to read them again."""
    digits = re.sub(r"[\s./-]", "", unicodedata.normalize("NFKC", text))
    if len(digits) == IMEISV_DIGITS and digits.isdecimal():
        raise BadInput(
            f"{field}: sixteen digits are an IMEISV, which has no check digit; give the IMEI of fifteen digits, which *#06# shows",
            code="imeisv", field=field,
        )  # fmt: skip
    try:
        return normal(PrivateKind.IMEI, digits)
    except BadInput as error:
        words = error.sentence.partition(": ")[2]
        raise BadInput(f"{field}: {words}", code="imei", field=field) from None


def distinct_imeis(texts: Sequence[str]) -> tuple[str, ...]:
    """The one or two IMEIs of one phone, each checked; BadInput if there is none, too many, or one twice."""
    if not texts:
        raise BadInput("imei1: a phone has an IMEI; dial *#06# on it to read it", code="imei", field="imei1")
    if len(texts) > MOST:
        raise BadInput(f"imei{MOST + 1}: a phone has at most {MOST} IMEIs", code="imei", field=f"imei{MOST + 1}")
    found: list[str] = []
    for number, text in enumerate(texts, start=1):
        digits = normal_imei(text, f"imei{number}")
        if digits in found:
            raise BadInput(
                f"imei{number}: this is the first IMEI again; a phone with two cards has two different ones", code="imei_twice",
                field=f"imei{number}",
            )  # fmt: skip
        found.append(digits)
    return tuple(found)
