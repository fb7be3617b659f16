"""Describing a thing, finding it again, and asking whether somebody's right already lies on it.

An IMEI is sealed under its owner's key before it reaches the database, and found by a keyed hash. No
two open pledges can hold the same IMEI: the registry of claims is unique, whoever comes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg

from holdfast import files
from holdfast.collateral import store
from holdfast.collateral.imei import distinct_imeis
from holdfast.collateral.model import EVIDENCE, Grade, Thing
from holdfast.journal import Actor, write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.sealing import Sealed
from holdfast.parties import Party, PrivateKind, Staff, box_of, masked, party_by_id, require
from holdfast.parties import lookup_of as hash_of

Db = psycopg.Connection[Any]

KINDS: Final = ("phone",)
STORAGES_GB: Final = (16, 32, 64, 128, 256, 512, 1024, 2048)
LONGEST_MODEL: Final = 80
LONGEST_COLOUR: Final = 40
SHORTEST_REASON: Final = 4


def describe(
    db: Db, *, clock: Clock, by: Actor, model: str, storage_gb: int, grade: str, imeis: Sequence[str], evidence: Mapping[str, str],
    party: Party, kind: str = "phone", colour: str = "",
) -> Thing:  # fmt: skip
    """A thing that a borrower would pledge, with its IMEIs checked and sealed and its evidence named by file.

    `evidence` pairs names of `EVIDENCE` with public ids of stored files; it may be incomplete here, for what an
    application needs is the application's rule. BadInput names the field.
    """
    if kind not in KINDS:
        raise BadInput(f"kind: {kind!r} cannot be pledged here; use one of {', '.join(KINDS)}", field="kind")
    name = " ".join(model.split())
    if not 0 < len(name) <= LONGEST_MODEL:
        raise BadInput(f"model: name the model, in at most {LONGEST_MODEL} characters", field="model")
    if storage_gb not in STORAGES_GB:
        raise BadInput(f"storage_gb: {storage_gb} is none of {', '.join(map(str, STORAGES_GB))}", field="storage_gb")
    if grade not in tuple(Grade):
        raise BadInput(f"grade: {grade!r} is not a grade; use A, B, C or D", field="grade")
    numbers = distinct_imeis(imeis)
    shown = {what: files.get(db, file) for what, file in evidence.items() if _known(what)}
    public_id, box = new_id("th"), box_of(db, party)
    made = store.insert_thing(
        db, public_id=public_id, kind=kind, party_id=party.party_id, model=name, storage_gb=storage_gb,
        colour=" ".join(colour.split())[:LONGEST_COLOUR], grade=grade, on=clock.today(),
    )  # fmt: skip
    for place, number in enumerate(numbers, start=1):
        sealed = box.seal(number.encode(), _about(public_id, place))
        store.insert_imei(
            db, made, place=place, nonce=sealed.nonce, sealed=sealed.sealed, lookup=lookup_of(number), mask=masked(PrivateKind.IMEI, number)
        )
    for what, file in shown.items():
        store.insert_evidence(db, made, what=what, file_id=file.file_id)
    says = {
        "kind": kind, "model": name, "storage_gb": storage_gb, "grade": grade, "party": party.public_id,
        "imeis": [masked(PrivateKind.IMEI, number) for number in numbers], "evidence": sorted(shown),
    }  # fmt: skip
    seals = {f"imei{place}": box.keyed_hash(f"imei {number}").hex() for place, number in enumerate(numbers, start=1)}
    seals |= {what: file.digest for what, file in shown.items()}
    write_record(db, clock=clock, by=by, chain_id=made, chain=public_id, kind="thing.described", says=says, seals=seals)
    return thing(db, made)


def thing(db: Db, thing_id: int) -> Thing:
    """The thing of that number; NotFound otherwise."""
    found = store.thing_where(db, "thing_id", thing_id)
    if found is None:
        raise NotFound(f"there is no thing number {thing_id}", code="no_thing", field="thing")
    return found


def thing_named(db: Db, public_id: str) -> Thing:
    """The thing of that public id; NotFound otherwise."""
    found = store.thing_where(db, "public_id", public_id)
    if found is None:
        raise NotFound(f"there is no thing {public_id}", code="no_thing", field="thing")
    return found


def offer_for(db: Db, *, thing_id: int, loan_id: int) -> None:
    """Say that a thing is offered as security for a loan: from now on it is found by that loan."""
    store.insert_offer(db, loan_id=loan_id, thing_id=thing_id)


def things_of(db: Db, loan_id: int) -> list[Thing]:
    """The things offered for a loan, first offered first."""
    return store.things_of(db, loan_id)


def claimed(db: Db, imeis: Sequence[str]) -> list[str]:
    """The public ids of the open pledges that already lie on any of these IMEIs."""
    return store.claims_on(db, [lookup_of(number) for number in distinct_imeis(imeis)])


def claims_on_thing(db: Db, thing_id: int) -> list[str]:
    """The public ids of the open pledges that already lie on any IMEI of this thing."""
    return store.claims_on(db, store.lookups(db, thing_id))


def claim(db: Db, *, thing_id: int, pledge: str) -> None:
    """Lay a pledge's claim on every IMEI of a thing; Refusal, naming the other pledge, if one is taken. Two at once cannot both win."""
    for lookup in store.lookups(db, thing_id):
        if not store.insert_claim(db, lookup=lookup, pledge=pledge):
            others = ", ".join(store.claims_on(db, [lookup])) or "another pledge"
            raise Refusal(
                f"this phone is pledged already, under {others}; one phone cannot stand behind two pledges",
                code="pledged_already",
                pledges=others,
            )


def unclaim(db: Db, *, pledge: str) -> None:
    """End a pledge's claim: the phone may be pledged again."""
    store.end_claims(db, pledge=pledge)


def imeis_match(db: Db, *, thing_id: int, imeis: Sequence[str]) -> bool:
    """Whether the numbers read from a phone are those of the thing, all of them, in any order."""
    return {lookup_of(number) for number in distinct_imeis(imeis)} == set(store.lookups(db, thing_id))


def reveal_imei(db: Db, *, clock: Clock, by: Staff, thing_id: int, reason: str) -> tuple[str, ...]:
    """The IMEIs in full, for a person who may see them, has a loan of the thing in sight, and says why. The record comes first.

    NotFound if no loan within sight has it.
    """
    require(by, "party.reveal")
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadInput("reason: say in a few words why you need to see it", field="reason")
    if not store.in_sight(db, thing_id, by.scope):
        raise NotFound("there is no such thing behind a loan that you see", code="no_thing", field="thing")
    known = thing(db, thing_id)
    says = {"what": "imei", "reason": reason.strip()}
    write_record(db, clock=clock, by=by.actor, chain_id=thing_id, chain=known.public_id, kind="thing.revealed", says=says)
    return _opened(db, known)


def imeis_for_document(db: Db, thing_id: int) -> tuple[str, ...]:
    """The IMEIs in the clear, for a document that is sealed under the owner's own key. For typesetting only: no person sees them."""
    return _opened(db, thing(db, thing_id))


def lookup_of(imei: str) -> bytes:
    """The keyed hash by which an IMEI is found; the key is the book's, so it says nothing outside it."""
    return hash_of(PrivateKind.IMEI, imei)


def _opened(db: Db, known: Thing) -> tuple[str, ...]:
    box = box_of(db, party_by_id(db, known.party_id))
    kept = store.sealed(db, known.thing_id)
    return tuple(box.open(Sealed(nonce, sealed), _about(known.public_id, place)).decode() for place, nonce, sealed in kept)


def _known(what: str) -> bool:
    if what not in EVIDENCE:
        raise BadInput(f"evidence.{what}: no evidence is called that; use one of {', '.join(EVIDENCE)}", field=f"evidence.{what}")
    return True


def _about(public_id: str, place: int) -> str:
    return f"imei {place} of {public_id}"
