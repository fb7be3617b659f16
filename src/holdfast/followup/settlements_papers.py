"""The agreement by which a debt is settled: set in type, sealed under the borrower's own key, and named in the loan's chain."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg

from holdfast import files
from holdfast.contact.codes import CodeEvidence
from holdfast.duties import Case
from holdfast.files import File
from holdfast.files.ports import Notary, Press
from holdfast.followup.settlements_model import PARTS, Settlement
from holdfast.kernel.capitals import in_capitals
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import NotFound
from holdfast.kernel.money import decimal_of
from holdfast.parties import box_of, party_by_id

Db = psycopg.Connection[Any]

PURPOSE: Final = "settlement_agreement"
_TEMPLATE: Final = Path(__file__).resolve().parent / "documents" / "settlement_agreement.typ"
_PARTS: Final = {"principal": "本金", "interest": "利息", "fee": "费用", "penalty": "罚息"}
_TITLE: Final = "协商结清协议"


def make(db: Db, *, clock: Clock, case: Case, found: Settlement, evidence: CodeEvidence, press: Press, notary: Notary) -> File:
    """Set, seal and keep the agreement; it names the code by which the borrower agreed, and the digest that the code stood for."""
    facts = agreement_facts(case, found, clock, evidence)
    pdf = press.typeset(_TEMPLATE, facts, at=clock.now())
    signed = notary.seal(pdf, organisation=case.lender.name or "Holdfast", reason=f"{_TITLE} {case.loan.contract_no}", at=clock.now())
    party = party_by_id(db, case.loan.party_id) if case.loan.party_id is not None else None
    box = box_of(db, party) if party else None
    name = f"{_TITLE}-{case.loan.contract_no}-{clock.today().isoformat()}.pdf"
    file = files.put(db, signed.pdf, clock=clock, name=name, box=box, party_id=party.party_id if party else None)
    files.link(db, loan_id=case.loan.loan_id, file=file, purpose=PURPOSE)
    return file


def read_agreement(db: Db, found: Settlement) -> tuple[File, bytes]:
    """The agreement of a settlement that the caller may see, opened; NotFound while there is none."""
    linked = files.of_loan(db, found.loan_id)
    file = next((each for each, purpose in linked if purpose == PURPOSE and each.public_id == found.paper), None)
    if file is None:
        raise NotFound(f"settlement {found.public_id} has no agreement yet", code="no_file", field="settlement")
    party = party_by_id(db, file.party_id) if file.party_id is not None else None
    return file, files.read(file, box=box_of(db, party) if party else None)


def agreement_facts(case: Case, found: Settlement, clock: Clock, evidence: CodeEvidence) -> dict[str, Any]:
    """The agreement as it is set in type."""
    terms, known = found.terms, case.lender

    def money(minor: int) -> str:
        return _amount(minor, terms.currency)

    forgiven, going_on = terms.forgiven.as_json(), terms.going_on.as_json()
    local = evidence.proved_at.astimezone(ZoneInfo(known.zone))
    return {
        "lender": known.name or "",
        "licence": known.licence_no or "",
        "contract_no": case.loan.contract_no,
        "borrower": case.loan.borrower_label,
        "number": found.public_id,
        "issued_on": _day(clock.today()),
        "total": money(terms.total.minor),
        "capitals": in_capitals(terms.total),
        "owed": money(terms.owed.total),
        "going_on": money(terms.going_on.total),
        "last_day": _day(terms.parts[-1].pay_by),
        "grace_days": terms.grace_days,
        "parts": [[f"第 {number} 笔", _day(part.pay_by), money(part.amount.minor)] for number, part in enumerate(terms.parts, 1)],
        "forgiven": [[_PARTS[part], money(going_on[part]), money(forgiven[part])] for part in PARTS if going_on[part]],
        "forgiven_total": money(terms.forgiven.total),
        "phone": evidence.masked_number,
        "agreed_at": f"{_day(local.date())} {local:%H:%M}",
        "digest": found.shown,
    }


def _amount(minor: int, currency: str) -> str:
    whole, point, decimals = decimal_of(minor, currency).partition(".")
    return f"{int(whole):,}{point}{decimals}"


def _day(day: date) -> str:
    return f"{day.year} 年 {day.month} 月 {day.day} 日"
