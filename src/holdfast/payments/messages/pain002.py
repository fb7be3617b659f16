"""pain.002: what the bank says of a file of payouts and of each payout in it (ISO 20022 CustomerPaymentStatusReport)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from holdfast.kernel.errors import BadInput
from holdfast.payments.messages.reading import elements, message_name, text, texts
from holdfast.payments.ports import Outcome

# What the standard's status codes mean for money. What is only taken in, or checked, is not paid.
_CODES: Final = {
    "ACSC": Outcome.PAID, "ACCC": Outcome.PAID,
    "RJCT": Outcome.REJECTED, "CANC": Outcome.REJECTED,
    "RCVD": Outcome.ACCEPTED, "ACTC": Outcome.ACCEPTED, "ACCP": Outcome.ACCEPTED, "ACSP": Outcome.ACCEPTED, "ACWC": Outcome.ACCEPTED,
    "ACWP": Outcome.ACCEPTED, "ACFC": Outcome.ACCEPTED, "PATC": Outcome.ACCEPTED, "PDNG": Outcome.ACCEPTED, "PART": Outcome.ACCEPTED,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One answer. `end_to_end` names a payout; empty, the answer is for every payout of the file `message`."""

    message: str
    end_to_end: str
    outcome: Outcome
    reference: str
    why: str


def read_pain002(data: bytes) -> list[StatusLine]:
    """The answers in their order, those for the whole file first; a status code that nobody knows is `unknown`, never guessed.

    BadInput if it is no pain.002.
    """
    if not (message_name(data) or "").startswith("pain.002."):
        raise BadInput("file: this is no status report (pain.002)", field="file", code="not_pain002")
    found: list[StatusLine] = []
    whole: list[StatusLine] = []
    message = ""
    for element in elements(data, "OrgnlGrpInfAndSts", "TxInfAndSts", "OrgnlPmtInfAndSts"):
        if element.tag == "OrgnlGrpInfAndSts":
            message = text(element, "OrgnlMsgId")
            if code := text(element, "GrpSts"):
                whole.append(StatusLine(message, "", _outcome(code), "", _why(element, code)))
        elif element.tag == "OrgnlPmtInfAndSts":
            if code := text(element, "PmtInfSts"):
                whole.append(StatusLine(message, "", _outcome(code), "", _why(element, code)))
        elif key := text(element, "OrgnlEndToEndId"):
            code = text(element, "TxSts")
            found.append(StatusLine(message, key, _outcome(code), text(element, "AcctSvcrRef"), _why(element, code)))
    # Of the file as a whole only a refusal counts: "accepted" in part or in form says nothing of one payout.
    return [each for each in whole if each.outcome is Outcome.REJECTED] + found


def _outcome(code: str) -> Outcome:
    return _CODES.get(code, Outcome.UNKNOWN)


def _why(element: Element, code: str) -> str:
    said = " ".join(part for part in (texts(element, "StsRsnInf/Rsn/Cd"), texts(element, "StsRsnInf/AddtlInf")) if part)
    return f"{code} {said}".strip()[:300]
