"""A further thing that a borrower brings for a loan that is being repaid: what it is and whose, before anything is pledged.

It binds nobody yet. Only an intake, agreed to by two, pledges it, beside the others or in place of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg

from holdfast import collateral, duties, files
from holdfast.collateral import Thing
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.life import LoanState
from holdfast.parties import Staff, party_by_id, require
from holdfast.pledges.intake import TAKE_IN, must_flow

Db = psycopg.Connection[Any]

# What the owner shows: that it was bought, and the signed word that it is free and shall secure this loan.
NEEDED: Final[Mapping[str, str]] = {
    "invoice": "put in the invoice or receipt; it shows whose the phone is",
    "declaration": "put in the owner's signed declaration; without it nothing may be pledged",
}


def offer(
    db: Db, *, clock: Clock, by: Staff, loan: str, model: str, storage_gb: int, grade: str, imeis: Sequence[str],
    evidence: Mapping[str, str], colour: str = "",
) -> Thing:  # fmt: skip
    """Describe a further thing of the borrower's and tie it to the loan; nothing is pledged by it.

    `evidence` pairs names of `collateral.EVIDENCE` with kept files and needs those of `NEEDED`. Refusal if another pledge
    lies on one of its IMEIs already, BadInput naming the field for whatever is malformed.
    """
    require(by, TAKE_IN)
    case = duties.take(db, loan, by.scope)
    case.must_be(LoanState.ACTIVE)
    must_flow(case)
    if case.loan.party_id is None:
        raise Refusal(f"loan {loan} names no borrower who could bring a thing", code="no_borrower")
    for what, mend in NEEDED.items():
        if what not in evidence:
            raise BadInput(f"{what}: {mend}", code="evidence_missing", field=what)
    others = collateral.claimed(db, imeis)
    if others:
        told = ", ".join(others)
        raise Refusal(
            f"this phone is pledged already, under {told}; one phone cannot stand behind two pledges", code="pledged_already",
            field="imei1", pledges=told,
        )  # fmt: skip
    about = collateral.describe(
        db, clock=clock, by=by.actor, party=party_by_id(db, case.loan.party_id), model=model, storage_gb=storage_gb, grade=grade,
        imeis=imeis, evidence=evidence, colour=colour,
    )  # fmt: skip
    collateral.offer_for(db, thing_id=about.thing_id, loan_id=case.loan.loan_id)
    says = {
        "thing": about.public_id,
        "model": about.model,
        "storage_gb": about.storage_gb,
        "grade": str(about.grade),
        "imeis": list(about.imeis),
    }
    seals = {what: files.get(db, file).digest for what, file in evidence.items()}
    duties.enter(db, case, clock=clock, by=by.actor, kind="pledge.offered", says=says, seals=seals)
    return about
