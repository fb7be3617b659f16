"""pain.001: many approved payouts in one file for the bank (ISO 20022 CustomerCreditTransferInitiation, version 09).

Each payout's own key is its end-to-end id, by which the bank's answers and statements name it again.
"""

from __future__ import annotations

import unicodedata
import xml.etree.ElementTree as Xml
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money
from holdfast.payments.ports import Order

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
LONGEST_ID: Final = 35
_LONGEST_NAME: Final = 140


@dataclass(frozen=True, slots=True)
class FileHead:
    """Who pays, from which account, when; `message` is the file's own id, at most 35 characters."""

    message: str
    made_at: datetime
    execute_on: date
    holder: str
    account: str
    bank_code: str


def write_pain001(head: FileHead, orders: Sequence[Order]) -> bytes:
    """The file, in UTF-8. One payment information block; its count and control sum are those of the orders.

    BadInput for no orders, several currencies, or an id that is too long.
    """
    if len({order.amount.currency for order in orders}) != 1:
        raise BadInput("payouts: a file holds at least one, and all of one currency", field="payouts")
    total = Money(sum(order.amount.minor for order in orders), orders[0].amount.currency).decimal()
    document = Xml.Element("Document", {"xmlns": NAMESPACE})
    root = Xml.SubElement(document, "CstmrCdtTrfInitn")
    header = Xml.SubElement(root, "GrpHdr")
    _put(header, "MsgId", _id(head.message))
    _put(header, "CreDtTm", head.made_at.replace(microsecond=0).isoformat())
    _put(header, "NbOfTxs", str(len(orders)))
    _put(header, "CtrlSum", total)
    _put(Xml.SubElement(header, "InitgPty"), "Nm", _name(head.holder))
    block = Xml.SubElement(root, "PmtInf")
    _put(block, "PmtInfId", _id(head.message))
    _put(block, "PmtMtd", "TRF")
    _put(block, "NbOfTxs", str(len(orders)))
    _put(block, "CtrlSum", total)
    _put(Xml.SubElement(block, "ReqdExctnDt"), "Dt", head.execute_on.isoformat())
    _put(Xml.SubElement(block, "Dbtr"), "Nm", _name(head.holder))
    _account(Xml.SubElement(block, "DbtrAcct"), head.account)
    agent = Xml.SubElement(Xml.SubElement(block, "DbtrAgt"), "FinInstnId")
    _put(Xml.SubElement(agent, "Othr"), "Id", head.bank_code or "NOTPROVIDED")
    for order in orders:
        one = Xml.SubElement(block, "CdtTrfTxInf")
        _put(Xml.SubElement(one, "PmtId"), "EndToEndId", _id(order.key))
        amount = Xml.SubElement(Xml.SubElement(one, "Amt"), "InstdAmt", {"Ccy": order.amount.currency})
        amount.text = order.amount.decimal()
        _put(Xml.SubElement(one, "Cdtr"), "Nm", _name(order.payee))
        _account(Xml.SubElement(one, "CdtrAcct"), order.account)
        _put(Xml.SubElement(one, "RmtInf"), "Ustrd", _name(order.remark))
    Xml.indent(document)
    return bytes(Xml.tostring(document, encoding="utf-8", xml_declaration=True))


def _account(parent: Xml.Element, number: str) -> None:
    _put(Xml.SubElement(Xml.SubElement(parent, "Id"), "Othr"), "Id", number)


def _put(parent: Xml.Element, name: str, value: str) -> None:
    Xml.SubElement(parent, name).text = value


def _id(value: str) -> str:
    if not 0 < len(value) <= LONGEST_ID:
        raise BadInput(f"id: {value!r} has more than {LONGEST_ID} characters", field="id")
    return value


def _name(value: str) -> str:
    """Plain signs only, in their composed form, no longer than the standard allows."""
    clean = "".join(sign for sign in unicodedata.normalize("NFC", value) if sign.isprintable())
    return clean.strip()[:_LONGEST_NAME]
