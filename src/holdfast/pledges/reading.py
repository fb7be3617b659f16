"""What screens and other stages ask of pledges; nothing here writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from holdfast import collateral
from holdfast.collateral import Shelf
from holdfast.journal import read_chain
from holdfast.kernel import canonical
from holdfast.pledges import store
from holdfast.pledges.model import Kept, Passage, Pledge

Db = psycopg.Connection[Any]


def pledge_of(db: Db, loan_id: int) -> Pledge | None:
    """The pledge that secures the loan: the newest that still does, or else the newest that ever did."""
    held = pledges_of(db, loan_id)
    return next((each for each in reversed(held) if each.state == "delivered"), held[-1] if held else None)


def pledges_of(db: Db, loan_id: int) -> list[Pledge]:
    """All pledges that secure or ever secured the loan, first drafted first."""
    return store.pledges_where(db, "p.pledge_id IN (SELECT pledge_id FROM loan_pledge WHERE loan_id = %s)", loan_id)


def draft_of(db: Db, loan_id: int) -> Pledge | None:
    """The draft that waits for its witness, if there is one."""
    return store.pledge_where(db, "p.state = 'drafted' AND p.thing_id IN (SELECT thing_id FROM thing_loan WHERE loan_id = %s)", loan_id)


def pledge_on(db: Db, item_id: int) -> Pledge | None:
    """The pledge under which a thing came into custody."""
    return store.pledge_where(db, "p.item_id = %s", item_id)


def open_pledges(db: Db, imeis: Sequence[str]) -> list[str]:
    """The public ids of the pledges that stand on any of these IMEIs."""
    return collateral.claimed(db, imeis)


def photos_of(db: Db, pledge: Pledge) -> dict[str, str]:
    """The photos of the intake: what each shows, and its file."""
    return store.photos(db, pledge.pledge_id)


def passages(db: Db, thing_id: int) -> list[Passage]:
    """A thing's way in and out, newest first, as its chain tells it."""
    found = []
    for record in read_chain(db, thing_id):
        if record.kind.startswith("custody."):
            body = canonical.decode(record.body)
            found.append(Passage(record.kind, record.recorded_at, body["by"]["id"], record.seq, body["says"]))
    return found[::-1]


def on_shelf(db: Db, shelf: Shelf) -> list[Kept]:
    """What fills the slots of a shelf that the caller was shown."""
    return store.on_shelf(db, shelf.branch_id, shelf.code)


def compare_links(db: Db) -> tuple[int, list[str]]:
    """The proof that each link of loan and pledge stands under both keys with a record on each chain: how many, and what differs."""
    count, differing = store.compare_links(db)
    said = []
    for loan_id, pledge_id, no_loan, no_pledge, no_loan_record, no_pledge_record in differing:
        wrong = "under the loan" if no_loan else "under the pledge" if no_pledge else ""
        wrong = wrong or (
            "its record on the loan's chain" if no_loan_record else "its record on the pledge's chain" if no_pledge_record else ""
        )
        said.append(f"loan {loan_id}, pledge {pledge_id}: missing {wrong}")
    return count, said
