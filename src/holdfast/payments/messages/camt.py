"""camt.053 and camt.054: the lines of a bank's statement, entry by entry and payment by payment (ISO 20022).

Only booked entries count. An entry that sums several payments gives one line for each of them, if they sum to it; else the
entry is refused by its place, and costs its neighbours nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final
from xml.etree.ElementTree import Element

from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import EXPONENTS, LARGEST_MINOR
from holdfast.payments.messages.reading import elements, message_name, text, texts
from holdfast.payments.statements import RefusedLine, Statement, StatementLine, refused_line

_KNOWN: Final = ("camt.053.", "camt.054.", "camt.052.")
_NOT_GIVEN: Final = frozenset({"", "NOTPROVIDED"})
_LONGEST: Final = 500
_MOST_ENTRIES: Final = 200_000


class _Bad(Exception):
    def __init__(self, where: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.where, self.value, self.reason = where, value, reason


def read_camt(data: bytes, *, today: date) -> Statement:
    """The lines of a statement or a notice; rows count entries from 1. BadInput if it is neither, or too long."""
    if not (message_name(data) or "").startswith(_KNOWN):
        raise BadInput("file: this is no bank statement (camt.053) and no notice (camt.054)", field="file", code="not_camt")
    lines: list[StatementLine] = []
    refused: list[RefusedLine] = []
    for number, entry in enumerate(elements(data, "Ntry"), 1):
        if number > _MOST_ENTRIES:
            raise BadInput(f"file: it has more than {_MOST_ENTRIES:,} entries; hand it in in parts", field="file", code="too_large")
        try:
            lines.extend(_lines(number, entry, today))
        except _Bad as bad:
            refused.append(refused_line(number, bad.where, bad.value, bad.reason))
    return Statement(tuple(lines), tuple(refused))


def _lines(number: int, entry: Element, today: date) -> Iterator[StatementLine]:
    status = text(entry, "Sts/Cd") or text(entry, "Sts")
    if status != "BOOK":
        raise _Bad("Sts", status, "only booked entries are taken; this one is not final")
    booked_on = _day(entry, today)
    amount, currency = _amount(entry, "Amt")
    sign = _sign(entry)
    returned = text(entry, "RvslInd").lower() in ("true", "1")
    details = entry.findall("NtryDtls/TxDtls")
    if len(details) <= 1:
        yield _line(number, 0, booked_on, sign * amount, currency, entry, details[0] if details else None, returned)
        return
    parts = []
    for part in details:
        if part.find("Amt") is not None:
            value, of = _amount(part, "Amt")
        else:
            value, of = _amount(part, "AmtDtls/TxAmt/Amt")
        parts.append((_sign(part, sign) * value, of, part))
    if {of for _, of, _ in parts} != {currency} or sum(value for value, _, _ in parts) != sign * amount:
        raise _Bad("Amt", text(entry, "Amt"), "the payments of this entry do not sum to it")
    for place, (value, of, part) in enumerate(parts, 1):
        yield _line(number, place, booked_on, value, of, entry, part, returned)


def _line(
    number: int, place: int, booked_on: date, amount: int, currency: str, entry: Element, part: Element | None, returned: bool
) -> StatementLine:
    if amount == 0:
        raise _Bad("Amt", "0", "the line is about no money")
    side = "Dbtr" if amount > 0 else "Cdtr"
    key = "" if part is None else text(part, "Refs/EndToEndId")
    remark = "" if part is None else texts(part, "RmtInf/Ustrd") + " " + texts(part, "RmtInf/Strd/CdtrRefInf/Ref")
    payer = "" if part is None else text(part, f"RltdPties/{side}/Nm") or text(part, f"RltdPties/{side}/Pty/Nm")
    account = "" if part is None else _number(part, f"RltdPties/{side}Acct")
    own = "" if part is None else _number(part, "RltdPties/CdtrAcct") if amount > 0 else ""
    reference = (text(part, "Refs/AcctSvcrRef") if part is not None else "") or _unique(entry, part, place)
    back = returned or (part is not None and part.find("RtrInf") is not None)
    of = key if key not in _NOT_GIVEN else ""
    extra = text(entry, "AddtlNtryInf") if not remark.strip() else ""
    return StatementLine(
        number, booked_on, amount, currency, _short(payer), _short(account), _short(" ".join(f"{remark} {extra}".split())),
        _short(reference), _short(own), _short(of), back,
    )  # fmt: skip


def _unique(entry: Element, part: Element | None, place: int) -> str:
    """The entry's own reference, with the payment's, or its place, where the entry has several."""
    whole = text(entry, "AcctSvcrRef") or text(entry, "NtryRef")
    if part is None or not whole or not place:
        return whole
    return f"{whole} {text(part, 'Refs/TxId') or text(part, 'Refs/InstrId') or place}"


def _number(part: Element, path: str) -> str:
    return text(part, f"{path}/Id/Othr/Id") or text(part, f"{path}/Id/IBAN")


def _sign(element: Element, otherwise: int | None = None) -> int:
    said = text(element, "CdtDbtInd")
    if said in ("CRDT", "DBIT"):
        return 1 if said == "CRDT" else -1
    if otherwise is None:
        raise _Bad("CdtDbtInd", said, "it says neither that money came nor that it went")
    return otherwise


def _amount(element: Element, path: str) -> tuple[int, str]:
    found = element.find(path)
    value, currency = text(element, path), "" if found is None else found.get("Ccy", "")
    if currency not in EXPONENTS:
        raise _Bad(path, currency, "this is no currency that we keep books in")
    try:
        minor = Decimal(value).scaleb(EXPONENTS[currency])
    except InvalidOperation:
        raise _Bad(path, value, f"this is no amount in {currency}") from None
    if not minor.is_finite() or minor != minor.to_integral_value() or not 0 <= minor <= LARGEST_MINOR:
        raise _Bad(path, value, f"this is no amount in {currency}")
    return int(minor), currency


def _day(entry: Element, today: date) -> date:
    """The value date, for that is the day from which money counts; else the day of booking."""
    said = next((found for path in ("ValDt/Dt", "ValDt/DtTm", "BookgDt/Dt", "BookgDt/DtTm") if (found := text(entry, path))), "")
    try:
        day = date.fromisoformat(said[:10])
    except ValueError:
        raise _Bad("ValDt", said, "there is no such day") from None
    if day > today:
        raise _Bad("ValDt", said, f"this day has not come yet; today is {today}")
    return day


def _short(value: str) -> str:
    if len(value) > _LONGEST:
        raise _Bad("NtryDtls", value, f"a text here has more than {_LONGEST} characters")
    return value
