"""Custody: where each thing lies, who put it there, and what happens when it does not lie there.

A thing has one slot and one unbroken seal. What moves it takes two people; what misses it is written on every loan
that it stands behind, in the same transaction, and opens the duty to find it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from holdfast import approvals, duties
from holdfast.approvals import Request
from holdfast.collateral import custody_store as store
from holdfast.collateral.shelf import Finding, Item, Place, Shelf, compare, place_of, seal_of
from holdfast.collateral.states import IN_PLACE, ItemEvent, ItemState, after
from holdfast.duties import Case
from holdfast.journal import Actor, Record, write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.life import LIVE
from holdfast.parties import Reach, Staff, require

Db = psycopg.Connection[Any]

MOVE: Final = "custody.move"
LOSE: Final = "custody.lost"
SHORTEST_REASON: Final = 4


@dataclass(frozen=True, slots=True)
class ShelfAudit:
    """A walk along a shelf. `scanned` counts seals; `found` is what closing found, by list, as seals."""

    audit_id: int
    public_id: str
    branch_id: int
    shelf: str
    opened_by: str
    opened_at: datetime
    closed_by: str | None
    closed_at: datetime | None
    found: Mapping[str, Sequence[str]]


# -- shelves -----------------------------------------------------------------------------------------------------


def set_shelf(db: Db, *, clock: Clock, by: Staff, branch_id: int, code: str, levels: int, slots: int) -> Shelf:
    """Put up a shelf, or make it larger or smaller; Refusal if something lies where it would end."""
    require(by, "shelf.define")
    _within(by, branch_id)
    code = code.strip().upper()
    try:
        place_of(f"{code}-01-01")
    except BadInput:
        raise BadInput("code: a shelf is called by a letter and up to three letters or digits, such as A or B2", field="code") from None
    if not 1 <= levels <= 20:
        raise BadInput("levels: a shelf has 1 to 20 levels", field="levels")
    if not 1 <= slots <= 50:
        raise BadInput("slots: a level has 1 to 50 slots", field="slots")
    level, slot = store.furthest(db, branch_id, code)
    if level > levels or slot > slots:
        raise Refusal(f"something lies on level {level} or in slot {slot} of shelf {code}; move it first", code="shelf_in_use")
    store.put_shelf(db, branch_id=branch_id, code=code, levels=levels, slots=slots)
    says = {"shelf": code, "levels": levels, "slots": slots}
    write_record(db, clock=clock, by=by.actor, chain_id=by.staff_id, chain=by.public_id, kind="shelf.set", says=says)
    return shelf(db, by, branch_id, code)


def shelves(db: Db, by: Staff) -> list[Shelf]:
    """The shelves that this person sees: of their branch, or of all for those who see all."""
    return store.shelves(db, None if by.reach is Reach.ALL else by.branch_id or 0)


def shelves_of(db: Db, branch_id: int) -> list[Shelf]:
    """The shelves of one branch."""
    return store.shelves(db, branch_id)


def shelf(db: Db, by: Staff, branch_id: int, code: str) -> Shelf:
    """One shelf; NotFound if there is none within sight."""
    found = store.shelf(db, branch_id, code)
    if found is None or (by.reach is not Reach.ALL and by.branch_id != branch_id):
        raise NotFound(f"there is no shelf {code} within your sight", code="no_shelf", field="shelf")
    return found


def items_on(db: Db, shelf: Shelf) -> list[Item]:
    """What holds a slot of the shelf, by place."""
    return store.items_where(db, "i.branch_id = %s AND i.shelf = %s AND i.of_place", shelf.branch_id, shelf.code)


def item_of(db: Db, thing_id: int) -> Item | None:
    """The newest stay of a thing with us, if it ever came."""
    return store.item_where(db, "i.thing_id = %s", thing_id)


def holds(db: Db, loan_id: int) -> list[Item]:
    """The things of a loan that we answer for now: expected, in custody or missing."""
    return store.items_where(db, "i.of_place AND i.thing_id IN (SELECT thing_id FROM thing_loan WHERE loan_id = %s)", loan_id)


def bearer(db: Db, seal_no: str) -> Item | None:
    """The item that bears that seal."""
    return store.bearer(db, seal_of(seal_no))


def sightings(db: Db, item: Item) -> list[tuple[datetime, str, str]]:
    """When audits saw it: moment, who scanned, and the audit's public id; newest first."""
    return store.seen(db, item.item_id)


# -- coming in and going out: called by the pledge's verbs, which bring the second person --------------------------


def expect(db: Db, *, clock: Clock, thing_id: int, branch_id: int, place: str, seal_no: str) -> Item:
    """Keep a slot and a seal for a thing that is about to come in; Refusal if either is taken, or the thing is here already."""
    wanted, seal = place_of(place), seal_of(seal_no)
    _must_exist(db, branch_id, wanted)
    held = store.item_where(db, "i.thing_id = %s AND i.of_place", thing_id)
    if held is not None:
        raise Refusal(f"this thing is {held.state} already, in {held.place}", code="item_state", state=str(held.state))
    item_id = store.insert_item(db, thing_id=thing_id, branch_id=branch_id, place=wanted, seal_no=seal, at=clock.now())
    if item_id is None:
        raise Refusal(f"slot {wanted} is taken; choose an empty one", code="slot_taken", field="slot")
    _use_seal(db, seal, item_id)
    return store.lock_item(db, item_id)


def take(db: Db, *, clock: Clock, item_id: int) -> Item:
    """The expected thing lies in its slot now."""
    return _step(db, clock, item_id, ItemEvent.TAKE_IN)


def turn_away(db: Db, *, clock: Clock, item_id: int) -> Item:
    """The expected thing was not taken in: its owner keeps it, and the slot is free."""
    return _step(db, clock, item_id, ItemEvent.TURN_AWAY)


def leave(db: Db, *, clock: Clock, item_id: int, disposed: bool = False) -> Item:
    """The thing leaves us: back to its owner, or sold."""
    return _step(db, clock, item_id, ItemEvent.DISPOSE if disposed else ItemEvent.HAND_BACK)


def must_bear(item: Item, seal_no: str) -> None:
    """Refusal unless the seal that was just scanned is the one the thing should bear."""
    if seal_of(seal_no) != item.seal_no:
        raise Refusal(
            f"the seal scanned does not belong to {item.place}; do not open it, and tell the head of custody",
            code="seal_differs",
            field="seal_no",
        )


# -- moving, by two ------------------------------------------------------------------------------------------------


def ask_move(db: Db, *, clock: Clock, by: Staff, seal_no: str, to: str, reason: str) -> Request:
    """Ask another person to agree that the thing under this seal goes to another slot of its branch."""
    require(by, MOVE)
    item = _in_sight(db, by, seal_no)
    after(item.state, ItemEvent.MOVE)
    wanted = place_of(to)
    _must_exist(db, item.branch_id, wanted)
    _must_be_free(db, item, wanted)
    inputs = {"thing": item.thing, "seal_no": item.seal_no, "from": str(item.place), "to": str(wanted)}
    loans = store.loans_of(db, item.thing_id)
    return approvals.ask(db, clock=clock, by=by, act=MOVE, inputs=inputs, reason=reason, loan_id=loans[0] if loans else None)


def move(db: Db, *, clock: Clock, by: Actor, inputs: Mapping[str, Any], request: str) -> Item:
    """Move the thing, in the transaction of the second person's yes; Refusal if it no longer lies where it lay when this was asked."""
    item = _known(db, inputs["seal_no"])
    cases = _cases(db, item)
    item = store.lock_item(db, item.item_id)
    state = after(item.state, ItemEvent.MOVE)
    if (str(item.place), item.seal_no) != (inputs["from"], inputs["seal_no"]):
        raise Refusal(f"the thing lies in {item.place} now, not in {inputs['from']}; ask again", code="moved_since")
    wanted = place_of(inputs["to"])
    _must_exist(db, item.branch_id, wanted)
    _must_be_free(db, item, wanted)
    store.set_place(db, item.item_id, wanted, item.seal_no, clock.now())
    says = {"from": inputs["from"], "to": inputs["to"], "seal_no": item.seal_no, "request": request, "state": state}
    _on_thing(db, clock, by, item, "custody.moved", says)
    for case in cases:
        duties.enter(db, case, clock=clock, by=by, kind="custody.moved", says={"thing": item.thing, **says}, while_frozen=True)
    return store.lock_item(db, item.item_id)


# -- the audit of a shelf --------------------------------------------------------------------------------------------


def open_audit(db: Db, *, clock: Clock, by: Staff, branch_id: int, code: str) -> ShelfAudit:
    """Begin to walk along a shelf; Refusal if somebody already does."""
    require(by, "custody.audit")
    found = shelf(db, by, branch_id, code)
    public_id = new_id("sa")
    audit_id = store.insert_audit(db, public_id=public_id, branch_id=branch_id, shelf=found.code, opened_by=by.staff_id, at=clock.now())
    if audit_id is None:
        raise Refusal(f"shelf {found.code} is being audited already; go on with that audit", code="audit_open")
    says = {"shelf": found.code, "should_hold": len(items_on(db, found))}
    write_record(db, clock=clock, by=by.actor, chain_id=audit_id, chain=public_id, kind="shelf_audit.opened", says=says)
    return audit(db, by, public_id)


def audit(db: Db, by: Staff, public_id: str) -> ShelfAudit:
    """One audit; NotFound if it is out of sight."""
    rows = store.audits_where(db, "a.public_id = %s", public_id)
    if not rows or (by.reach is not Reach.ALL and rows[0][2] != by.branch_id):
        raise NotFound(f"there is no shelf audit {public_id} within your sight", code="no_audit", field="audit")
    return _audit(rows[0])


def audits(db: Db, shelf: Shelf, *, limit: int = 10) -> list[ShelfAudit]:
    """The audits of a shelf, newest first."""
    return [_audit(row) for row in store.audits_where(db, "a.branch_id = %s AND a.shelf = %s", shelf.branch_id, shelf.code, limit=limit)]


def scan(db: Db, *, clock: Clock, by: Staff, audit: str, seal_no: str) -> Item | None:
    """A seal was scanned on the shelf; the item that bears it, or None if none of ours does. Twice is once."""
    require(by, "custody.audit")
    going = _open_audit(db, by, audit)
    seal = seal_of(seal_no)
    item = store.bearer(db, seal)
    store.insert_scan(db, audit_id=going.audit_id, seal_no=seal, item_id=item.item_id if item else None, by=by.staff_id, at=clock.now())
    return item


def scanned(db: Db, going: ShelfAudit) -> dict[str, Item | None]:
    """What has been scanned so far: each seal with the item that bears it, as it stands now."""
    return {seal: store.bearer(db, seal) for seal, _item, _at in store.scans(db, going.audit_id)}


def compare_now(db: Db, going: ShelfAudit) -> Finding:
    """What closing the audit would find now."""
    here = store.items_where(db, "i.branch_id = %s AND i.shelf = %s AND i.of_place", going.branch_id, going.shelf)
    return compare(here, scanned(db, going), opened_at=going.opened_at, shelf=going.shelf, branch_id=going.branch_id)


def close_audit(db: Db, *, clock: Clock, by: Staff, audit: str) -> Finding:
    """Compare what was scanned with what should lie there.

    What is missing, and what is found again, is written on each loan that it stands behind.
    """
    require(by, "custody.audit")
    going = _open_audit(db, by, audit)
    finding = compare_now(db, going)
    for item in sorted((*finding.missing, *finding.found), key=lambda item: item.item_id):
        if item in finding.missing:
            _miss(db, clock, by.actor, item, f"shelf audit {going.public_id}")
        else:
            _find(db, clock, by.actor, item, item.place, item.seal_no, f"shelf audit {going.public_id}")
    lists = {
        "seen": [item.seal_no for item in finding.seen],
        "missing": [item.seal_no for item in finding.missing],
        "found": [item.seal_no for item in finding.found],
        "elsewhere": [item.seal_no for item in finding.elsewhere],
        "unknown": list(finding.unknown),
    }
    write_record(
        db,
        clock=clock,
        by=by.actor,
        chain_id=going.audit_id,
        chain=going.public_id,
        kind="shelf_audit.closed",
        says={"shelf": going.shelf, **lists},
    )
    store.close_audit(db, going.audit_id, by=by.staff_id, at=clock.now(), found=lists)
    return finding


# -- missing, found, lost ----------------------------------------------------------------------------------------------


def miss(db: Db, *, clock: Clock, by: Staff, seal_no: str, words: str) -> Item:
    """Somebody went to the slot and the thing is not there: said without waiting for an audit."""
    require(by, "custody.audit")
    item = _in_sight(db, by, seal_no)
    return _miss(db, clock, by.actor, item, _reason(words))


def found(db: Db, *, clock: Clock, by: Staff, seal_no: str, place: str, words: str, new_seal_no: str | None = None) -> Item:
    """A missing thing has been found and lies in a slot again; a broken seal is replaced by a new one. Closes the search."""
    require(by, "custody.find")
    item = _in_sight(db, by, seal_no)
    wanted = place_of(place)
    _must_exist(db, item.branch_id, wanted)
    _must_be_free(db, item, wanted)
    seal = item.seal_no
    if new_seal_no:
        seal = seal_of(new_seal_no)
        _use_seal(db, seal, item.item_id)
    return _find(db, clock, by.actor, item, wanted, seal, _reason(words))


def ask_lost(db: Db, *, clock: Clock, by: Staff, seal_no: str, reason: str) -> Request:
    """Ask another person to agree that a missing thing is lost: from then on the lender owes its worth."""
    require(by, LOSE)
    item = _in_sight(db, by, seal_no)
    after(item.state, ItemEvent.LOSE)
    loans = store.loans_of(db, item.thing_id)
    inputs = {"thing": item.thing, "seal_no": item.seal_no, "place": str(item.place)}
    return approvals.ask(db, clock=clock, by=by, act=LOSE, inputs=inputs, reason=reason, loan_id=loans[0] if loans else None)


def lose(db: Db, *, clock: Clock, by: Actor, inputs: Mapping[str, Any], request: str) -> Item:
    """Declare the thing lost, in the transaction of the second person's yes: the search ends, the duty to compensate begins."""
    item = _known(db, inputs["seal_no"])
    cases = _cases(db, item)
    item = store.lock_item(db, item.item_id)
    state = after(item.state, ItemEvent.LOSE)
    store.set_state(db, item.item_id, state, clock.now())
    says = {"thing": item.thing, "seal_no": item.seal_no, "request": request}
    _on_thing(db, clock, by, item, "custody.lost", says)
    for case in cases:
        _end_search(db, clock, by, case, item, "custody.lost", says, opens=() if case.open("compensate") else ("compensate",))
    return store.lock_item(db, item.item_id)


# The acts of custody that two people do; each is done in the transaction of the second one's yes.
ACTS: Final[Mapping[str, Callable[..., Item]]] = {MOVE: move, LOSE: lose}


# -- how it is done ------------------------------------------------------------------------------------------------------


def _miss(db: Db, clock: Clock, by: Actor, item: Item, how: str) -> Item:
    cases = _cases(db, item)
    item = store.lock_item(db, item.item_id)
    state = after(item.state, ItemEvent.MISS)
    store.set_state(db, item.item_id, state, clock.now())
    says = {"thing": item.thing, "seal_no": item.seal_no, "place": str(item.place), "how": how}
    _on_thing(db, clock, by, item, "custody.missing", says)
    for case in cases:
        # A search that runs already for another thing of the loan takes this one in.
        opens = () if case.open("find_item") else ("find_item",)
        duties.enter(db, case, clock=clock, by=by, kind="custody.missing", says=says, opens=opens, while_frozen=True)
    return store.lock_item(db, item.item_id)


def _find(db: Db, clock: Clock, by: Actor, item: Item, place: Place, seal_no: str, how: str) -> Item:
    cases = _cases(db, item)
    item = store.lock_item(db, item.item_id)
    state = after(item.state, ItemEvent.FIND)
    store.set_place(db, item.item_id, place, seal_no, clock.now())
    store.set_state(db, item.item_id, state, clock.now())
    says = {"thing": item.thing, "seal_no": seal_no, "place": str(place), "how": how}
    if seal_no != item.seal_no:
        says["instead_of_seal"] = item.seal_no
    _on_thing(db, clock, by, item, "custody.found", says)
    for case in cases:
        _end_search(db, clock, by, case, item, "custody.found", says)
    return store.lock_item(db, item.item_id)


def _end_search(
    db: Db, clock: Clock, by: Actor, case: Case, item: Item, kind: str, says: Mapping[str, Any], opens: Sequence[str] = ()
) -> None:
    duties.enter(db, case, clock=clock, by=by, kind=kind, says=says, opens=opens, closes=("find_item",), while_frozen=True)
    for other in holds(db, case.loan.loan_id):
        if other.state is ItemState.MISSING and other.item_id != item.item_id:
            still = {"thing": other.thing, "seal_no": other.seal_no, "place": str(other.place), "how": "still missing"}
            duties.enter(db, case, clock=clock, by=by, kind="custody.missing", says=still, opens=("find_item",), while_frozen=True)
            break


def _cases(db: Db, item: Item) -> list[Case]:
    """The live loans that the thing stands behind, locked in the order of their numbers, before the item is."""
    return [case for loan_id in store.loans_of(db, item.thing_id) if (case := duties.take_by_id(db, loan_id)).loan.state in LIVE]


def _step(db: Db, clock: Clock, item_id: int, event: ItemEvent) -> Item:
    item = store.lock_item(db, item_id)
    store.set_state(db, item_id, after(item.state, event), clock.now())
    return store.lock_item(db, item_id)


def _on_thing(db: Db, clock: Clock, by: Actor, item: Item, kind: str, says: Mapping[str, Any]) -> Record:
    return write_record(db, clock=clock, by=by, chain_id=item.thing_id, chain=item.thing, kind=kind, says=says)


def _use_seal(db: Db, seal: str, item_id: int) -> None:
    if not store.insert_seal(db, seal_no=seal, item_id=item_id):
        raise Refusal(f"seal {seal} has been used before; a seal is used once", code="seal_used", field="seal_no")


def _must_exist(db: Db, branch_id: int, place: Place) -> None:
    known = store.shelf(db, branch_id, place.shelf)
    if known is None or not known.holds(place):
        raise BadInput(f"slot: there is no slot {place} in this branch", code="no_slot", field="slot", place=str(place))


def _must_be_free(db: Db, item: Item, place: Place) -> None:
    store.lock_shelf(db, item.branch_id, place.shelf)
    if not store.is_free(db, item.branch_id, place, item.item_id):
        raise Refusal(f"slot {place} is taken; choose an empty one", code="slot_taken", field="slot")


def _known(db: Db, seal_no: str) -> Item:
    item = store.bearer(db, seal_of(seal_no))
    if item is None:
        raise NotFound(f"nothing here bears the seal {seal_of(seal_no)}", code="no_item", field="seal_no")
    return item


def _in_sight(db: Db, by: Staff, seal_no: str) -> Item:
    item = _known(db, seal_no)
    if item.state not in IN_PLACE:
        raise Refusal(f"the thing under this seal is {item.state}", code="item_state", state=str(item.state))
    if by.reach is not Reach.ALL and by.branch_id != item.branch_id:
        raise NotFound(f"nothing within your sight bears the seal {item.seal_no}", code="no_item", field="seal_no")
    return item


def _within(by: Staff, branch_id: int) -> None:
    if by.reach is not Reach.ALL and by.branch_id != branch_id:
        raise NotFound("this is not your branch", code="no_branch", field="branch")


def _open_audit(db: Db, by: Staff, public_id: str) -> ShelfAudit:
    going = audit(db, by, public_id)
    store.lock_audit(db, going.audit_id)
    going = audit(db, by, public_id)
    if going.closed_at is not None:
        raise Refusal(f"this audit of shelf {going.shelf} is closed", code="audit_closed")
    return going


def _audit(row: Sequence[Any]) -> ShelfAudit:
    number, public_id, branch_id, shelf, opened_by, opened_at, closed_by, closed_at, found = row
    return ShelfAudit(number, public_id, branch_id, shelf, opened_by, opened_at, closed_by, closed_at, json.loads(found))


def _reason(words: str) -> str:
    if len(words.strip()) < SHORTEST_REASON:
        raise BadInput("words: say in a few words how it came about", code="words_short", field="words")
    return words.strip()
