"""The custody receipt: what the owner holds in hand for the thing that lies with us."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg

from holdfast import files
from holdfast.collateral import Item, Thing, imeis_for_document
from holdfast.duties import Case
from holdfast.files import File
from holdfast.files.ports import Notary, Press
from holdfast.kernel.clock import Clock
from holdfast.parties import PrivateKind, box_of, branches, for_document, party_by_id

Db = psycopg.Connection[Any]

_RECEIPT: Final = Path(__file__).resolve().parent / "documents" / "custody_receipt.typ"
RECEIPT: Final = "custody_receipt"


def custody_receipt(
    db: Db, *, clock: Clock, case: Case, pledge: str, thing: Thing, item: Item, people: Sequence[str], photos: int, press: Press,
    notary: Notary,
) -> File:  # fmt: skip
    """Set, seal and keep the receipt under the owner's key, tied to the loan."""
    owner = party_by_id(db, thing.party_id)
    kept = for_document(db, owner)
    lender, at = case.lender, clock.now()
    facts = {
        "contract_no": case.loan.contract_no,
        "lender": {"name": lender.name or "", "licence_no": lender.licence_no or ""},
        "owner": {"name": kept.get(PrivateKind.NAME, owner.label), "id_number": kept.get(PrivateKind.ID_NUMBER, "")},
        "pledge": pledge,
        "taken_in_at": f"{at.astimezone(ZoneInfo(lender.zone)):%Y-%m-%d %H:%M}",
        "branch": next((each.name for each in branches(db) if each.branch_id == item.branch_id), ""),
        "thing": {
            "model": thing.model, "storage": f"{thing.storage_gb} GB", "colour": thing.colour, "grade": str(thing.grade),
            "imeis": [f"IMEI{place} {number}" for place, number in enumerate(imeis_for_document(db, thing.thing_id), start=1)],
        },
        "photos": str(photos),
        "seal_no": item.seal_no,
        "place": str(item.place),
        "taken_by": people[0],
        "witness": people[1],
        "record": f"{case.loan.public_id} #{case.loan.head.seq + 1}",
    }  # fmt: skip
    pdf = press.typeset(_RECEIPT, facts, at=at)
    signed = notary.seal(pdf, organisation=lender.name or "", reason=f"质物保管凭证 {case.loan.contract_no}", at=at)
    file = files.put(
        db, signed.pdf, clock=clock, name=f"质物保管凭证-{case.loan.contract_no}.pdf", box=box_of(db, owner), party_id=owner.party_id
    )
    files.link(db, loan_id=case.loan.loan_id, file=file, purpose=RECEIPT)
    return file
