"""Who a borrower is: whoever reads the code that was sent to the phone.

The same number and a fresh code lead back to the same file, on any device. Whether a number is known
here is told to nobody: an unknown one gets its code like any other, and becomes a party once it is proved.
"""

from __future__ import annotations

from typing import Any

import psycopg

from holdfast.contact import codes
from holdfast.files import anything_sealed
from holdfast.journal import Actor, next_chain_id, write_record
from holdfast.kernel.clock import Clock, iso_instant
from holdfast.kernel.errors import Refusal
from holdfast.kernel.sealing import master_box
from holdfast.parties import Party, PrivateKind, branches, find, lookup_of, normal, register_number

Db = psycopg.Connection[Any]
PURPOSE = "login"


def ask_code(db: Db, *, clock: Clock, number: str, language: str) -> str:
    """Send a code to log in with; its id. BadInput for what is no number, Refusal above the cap on codes."""
    number = normal(PrivateKind.PHONE, number)
    master_box("look-up", first_use=not anything_sealed(db))  # the first borrower of a new book may come before anything is sealed
    known = _people_of(db, number)
    chain_id = known[0].party_id if known else next_chain_id(db)
    return codes.send(db, clock=clock, chain_id=chain_id, purpose=PURPOSE, bound=_bound(number), number=number, language=language)


def sign_in(db: Db, *, clock: Clock, number: str, code_id: str, language: str) -> Party:
    """The person of that number, who has just typed the code; made known here if they are new.

    Refusal if the code was not sent to this number to log in, or if several people share the number.
    """
    number = normal(PrivateKind.PHONE, number)
    evidence = codes.spend(db, clock=clock, code_id=code_id, purpose=PURPOSE, bound=_bound(number))
    known = _people_of(db, number)
    if len(known) > 1:
        raise Refusal("this number stands on more than one file; please come to the counter, we sort it out together", code="number_shared")
    person = known[0] if known else _newcomer(db, clock, number, language)
    says = {
        "code": evidence.code_id, "sent_at": iso_instant(evidence.sent_at), "proved_at": iso_instant(evidence.proved_at),
        "attempts": evidence.attempts, "number": evidence.masked_number,
    }  # fmt: skip
    write_record(
        db, clock=clock, by=actor_of(person), chain_id=person.party_id, chain=person.public_id, kind="borrower.signed_in", says=says
    )
    return person


def actor_of(person: Party) -> Actor:
    """How the journal names a borrower."""
    return Actor(person.public_id, "borrower")


def _newcomer(db: Db, clock: Clock, number: str, language: str) -> Party:
    houses = branches(db)
    if not houses:
        raise Refusal("this lender has no place of business yet; nobody can apply", code="no_branch")
    return register_number(
        db, clock=clock, by=Actor("visitor", "borrower"), branch_id=houses[0].branch_id, number=number, language=language
    )


def _people_of(db: Db, number: str) -> list[Party]:
    return [each for each in find(db, PrivateKind.PHONE, number) if each.kind == "person" and not each.erased]


def _bound(number: str) -> str:
    return lookup_of(PrivateKind.PHONE, number).hex()
