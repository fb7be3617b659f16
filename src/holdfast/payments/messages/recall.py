"""camt.056: asking the bank for a payout back (ISO 20022 FIToFIPaymentCancellationRequest), as the sheet that goes with the request."""

from __future__ import annotations

import xml.etree.ElementTree as Xml
from datetime import datetime
from typing import Final

from holdfast.kernel.money import Money

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:camt.056.001.08"


def write_camt056(*, case: str, made_at: datetime, message: str, end_to_end: str, amount: Money, why: str) -> bytes:
    """The request for one payout: `case` is our number of the matter, `message` the file's id or, of a payout by rail, its own key."""
    document = Xml.Element("Document", {"xmlns": NAMESPACE})
    root = Xml.SubElement(document, "FIToFIPmtCxlReq")
    head = Xml.SubElement(root, "Assgnmt")
    _put(head, "Id", case)
    _put(head, "CreDtTm", made_at.replace(microsecond=0).isoformat())
    of = Xml.SubElement(Xml.SubElement(root, "Undrlyg"), "TxInf")
    _put(of, "CxlId", case)
    group = Xml.SubElement(of, "OrgnlGrpInf")
    _put(group, "OrgnlMsgId", message)
    _put(group, "OrgnlMsgNmId", "pain.001.001.09")
    _put(of, "OrgnlEndToEndId", end_to_end)
    Xml.SubElement(of, "OrgnlIntrBkSttlmAmt", {"Ccy": amount.currency}).text = amount.decimal()
    reason = Xml.SubElement(of, "CxlRsnInf")
    _put(Xml.SubElement(reason, "Rsn"), "Cd", "CUST")
    _put(reason, "AddtlInf", "".join(sign for sign in why if sign.isprintable())[:105])
    Xml.indent(document)
    return bytes(Xml.tostring(document, encoding="utf-8", xml_declaration=True))


def _put(parent: Xml.Element, name: str, value: str) -> None:
    Xml.SubElement(parent, name).text = value
