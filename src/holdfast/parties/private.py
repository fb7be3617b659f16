"""Private data: what a well-formed name, number or plate is, and what of it may be shown.

A value is brought to one form before it is sealed, so that the same number is found however it
was typed. What is shown follows the trade's masks: enough to recognise, not enough to use.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Final

from holdfast.kernel.errors import BadInput


class PrivateKind(StrEnum):
    """The kinds of private data that are kept sealed; the column `party_private.kind`."""

    NAME = "name"
    ID_NUMBER = "id_number"
    PHONE = "phone"
    CARD = "card"
    ADDRESS = "address"
    PLATE = "plate"
    IMEI = "imei"


_SURNAMES: Final = """
    欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠 公孙 慕容
    仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐
    段干 百里 呼延 东郭 南门 羊舌 微生 公户 公玉 公仪 梁丘 公仲 公上 公门 公山 公坚 左丘 公伯 西门 公祖 第五 公乘 贯丘 公皙
    南荣 东里 东宫 仲长 子书 子桑 即墨 达奚 褚师
"""
_PROVINCE_CODES: Final = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83"
# The compound surnames still in use: their bearers keep two characters under the mask.
COMPOUND_SURNAMES: Final = frozenset(_SURNAMES.split())
_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS: Final = "10X98765432"
_PROVINCES: Final = frozenset(_PROVINCE_CODES.split())
_PLATE: Final = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-Z][A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳]"
)
LONGEST: Final = 200


def normal(kind: str, text: str) -> str:
    """The one form of a value; BadInput names the kind and says what is wrong."""
    if kind not in _NORMAL:
        raise BadInput(f"kind: {kind!r} is not a kind of private data; use one of {', '.join(PrivateKind)}", field="kind")
    if not text.strip():
        raise BadInput(f"{kind}: it is empty", field=kind)
    if len(text) > LONGEST:
        raise BadInput(f"{kind}: longer than {LONGEST} characters", field=kind)
    return _NORMAL[PrivateKind(kind)](unicodedata.normalize("NFKC", text).strip())


def masked(kind: str, value: str) -> str:
    """What may be shown of a value that is in its one form."""
    return _MASKS[PrivateKind(kind)](value)


def mask_name(name: str) -> str:
    """`张*`, `欧阳*`, `A*`: the surname, or the first letter of a name in letters."""
    name = name.strip()
    kept = 2 if name[:2] in COMPOUND_SURNAMES and len(name) > 2 else 1
    return name[:kept] + "*"


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check of the others."""
    total = 0
    for index, char in enumerate(reversed(digits)):
        value = int(char) * (2 if index % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def id_check_digit(first17: str) -> str:
    """The eighteenth character of a resident's number (GB 11643, ISO 7064 MOD 11-2)."""
    return _ID_CHECKS[sum(int(digit) * weight for digit, weight in zip(first17, _ID_WEIGHTS, strict=True)) % 11]


def _name(text: str) -> str:
    text = re.sub(r"\s+", " ", text).replace("•", "·").replace("・", "·")
    if any(not (char.isalpha() or unicodedata.category(char).startswith("M") or char in " ·.'-") for char in text):
        raise BadInput("name: a name has letters, spaces and · only", field="name")
    return text


def _id_number(text: str) -> str:
    text = text.replace(" ", "").upper()
    if not re.fullmatch(r"[0-9]{17}[0-9X]", text, re.ASCII):
        raise BadInput("id_number: a resident's number has 17 digits and a last digit or X", field="id_number")
    if text[:2] not in _PROVINCES:
        raise BadInput("id_number: the first two digits are no province", field="id_number")
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        raise BadInput("id_number: digits 7 to 14 are no date of birth", field="id_number") from None
    if id_check_digit(text[:17]) != text[17]:
        raise BadInput("id_number: the last character does not fit the others; look for a mistyped digit", field="id_number")
    return text


def _phone(text: str) -> str:
    text = re.sub(r"[\s-]", "", text)
    text = re.sub(r"^(\+86|0086)", "", text)
    if not re.fullmatch(r"1[3-9][0-9]{9}", text, re.ASCII):
        raise BadInput("phone: a mobile number has 11 digits and begins with 13 to 19", field="phone")
    return text


def _card(text: str) -> str:
    text = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]{12,19}", text, re.ASCII):
        raise BadInput("card: a card number has 12 to 19 digits", field="card")
    if not luhn(text):
        raise BadInput("card: the last digit does not fit the others; look for a mistyped digit", field="card")
    return text


def _address(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _plate(text: str) -> str:
    text = re.sub(r"[\s·.-]", "", text).upper()
    if not _PLATE.fullmatch(text):
        raise BadInput("plate: a plate is a province, a letter and five or six characters, such as 粤B12345", field="plate")
    return text


def _imei(text: str) -> str:
    text = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]{15}", text, re.ASCII):
        raise BadInput("imei: an IMEI has 15 digits; dial *#06# on the phone to read it", field="imei")
    if not luhn(text):
        raise BadInput("imei: the last digit does not fit the others; dial *#06# on the phone to read it", field="imei")
    return text


_NORMAL: Final[Mapping[PrivateKind, Callable[[str], str]]] = {
    PrivateKind.NAME: _name,
    PrivateKind.ID_NUMBER: _id_number,
    PrivateKind.PHONE: _phone,
    PrivateKind.CARD: _card,
    PrivateKind.ADDRESS: _address,
    PrivateKind.PLATE: _plate,
    PrivateKind.IMEI: _imei,
}
_MASKS: Final[Mapping[PrivateKind, Callable[[str], str]]] = {
    PrivateKind.NAME: mask_name,
    PrivateKind.ID_NUMBER: lambda value: value[:6] + "*" * 8 + value[14:],
    PrivateKind.PHONE: lambda value: value[:3] + "****" + value[7:],
    PrivateKind.CARD: lambda value: "*" * (len(value) - 4) + value[-4:],
    PrivateKind.ADDRESS: lambda value: value[:6] + "****",
    PrivateKind.PLATE: lambda value: value[:2] + "***" + value[-1],
    PrivateKind.IMEI: lambda value: "*" * 11 + value[-4:],
}
