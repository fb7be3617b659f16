"""Taking a thing into custody: the pledge is drafted by one person and delivered by the yes of another.

A pledge exists only from delivery. Until the second person has agreed, the draft holds the slot, the seal and the
claim on both IMEIs, so that nothing else can take them; a no, or taking the draft back, lets all three go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import psycopg

from holdfast import approvals, duties, files
from holdfast.collateral import Thing, claim, custody, imeis_match, normal_imei, thing, thing_of, unclaim
from holdfast.duties import Case
from holdfast.files.ports import Notary, Press
from holdfast.journal import Actor, Record, write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.life import LoanState
from holdfast.parties import Staff, require, staff_by_id
from holdfast.pledges import papers, store
from holdfast.pledges.model import PHOTOS, Asked, Done, IntakeRead, Pledge
from holdfast.pledges.states import PledgeEvent, PledgeState, after

Db = psycopg.Connection[Any]

TAKE_IN: Final = "custody.take_in"
ADD: Final = "pledge.add"
MOST_PHOTOS: Final = 12


def ask_take_in(db: Db, *, clock: Clock, by: Staff, loan: str, seen: IntakeRead, thing: str | None = None) -> Asked:
    """Draft the pledge of a signed loan's thing and ask a witness to agree to what was seen.

    Refused unless the contract is sealed and waits for the thing, the lock is off and the SIM out, the IMEIs read from
    the phone are those of the file, no other pledge lies on either, and slot and seal are free.
    """
    require(by, TAKE_IN)
    case = duties.take(db, loan, by.scope)
    may_take_in(case)
    about = thing_of(db, case, thing)
    return draft(db, clock, by, case, about, seen, act=TAKE_IN, more={})


def may_take_in(case: Case) -> None:
    """Refusal unless the loan is signed, is not frozen, and waits for its thing."""
    case.must_be(LoanState.SIGNED)
    if case.open("take_in") is None:
        raise Refusal(f"loan {case.loan.public_id} waits for nothing to be taken in", code="no_take_in_duty")
    must_flow(case)


def must_flow(case: Case) -> None:
    """Refusal if the loan is frozen: before anybody puts a thing on a shelf, not after."""
    if case.freezes:
        raise Refusal(
            f"loan {case.loan.public_id} is frozen since {case.freezes[0].since} ({case.freezes[0].reason}); two people must thaw it first",
            code="loan_frozen", reason=case.freezes[0].reason,
        )  # fmt: skip


def draft(
    db: Db, clock: Clock, by: Staff, case: Case, about: Thing, seen: IntakeRead, *, act: str, more: Mapping[str, Any], reason: str = ""
) -> Asked:  # fmt: skip
    """Draft a pledge of this thing for this loan and ask the witness; the caller has looked whether the loan may have it."""
    _must_be_open_to_us(seen)
    if not imeis_match(db, thing_id=about.thing_id, imeis=[normal_imei(each, f"imei{n}") for n, each in enumerate(seen.imeis, start=1)]):
        raise Refusal("the IMEIs read from this phone are not those of the file; it is another phone", code="imei_differs", field="imei1")
    for what in PHOTOS:
        if what not in seen.photos:
            raise BadInput(f"photos.{what}: take a photo of it", code="photo_missing", field=f"photos.{what}")
    shown = {what: files.get(db, file) for what, file in seen.photos.items()}
    if len(shown) > MOST_PHOTOS:
        raise BadInput(f"photos: at most {MOST_PHOTOS}", field="photos")
    public_id = new_id("pl")
    claim(db, thing_id=about.thing_id, pledge=public_id)
    item = custody.expect(db, clock=clock, thing_id=about.thing_id, branch_id=case.loan.branch_id, place=seen.slot, seal_no=seen.seal_no)
    pledge_id = store.insert_pledge(
        db, public_id=public_id, thing_id=about.thing_id, item_id=item.item_id, on=clock.today(), taken_by=by.staff_id
    )
    for what, file in shown.items():
        store.insert_photo(db, pledge_id=pledge_id, what=what, file_id=file.file_id)
    inputs = {
        "loan": case.loan.public_id, "pledge": public_id, "thing": about.public_id, "seal_no": item.seal_no, "slot": str(item.place),
        "photos": {what: file.digest for what, file in shown.items()}, "lock_off": True, "sim_out": True,
        "imeis": list(about.imeis), **more,
    }  # fmt: skip
    told = reason or f"{about.model} {about.storage_gb} GB, {item.place}, {item.seal_no}"
    asked = approvals.ask(db, clock=clock, by=by, act=act, inputs=inputs, reason=told, loan_id=case.loan.loan_id)
    store.set_request(db, pledge_id, asked.public_id)
    says = {
        "loan": case.loan.public_id,
        "thing": about.public_id,
        "seal_no": item.seal_no,
        "slot": str(item.place),
        "request": asked.public_id,
    }
    on_pledge(db, clock, by.actor, store.lock(db, pledge_id), "pledge.drafted", says)
    return Asked(asked, store.lock(db, pledge_id))


def take_in(db: Db, *, clock: Clock, by: Staff, approval: str, press: Press, notary: Notary) -> Done:
    """Deliver the pledge that two people agreed on: custody begins, the owner's receipt is made, and the payout may be asked for.

    `approval` is the witness's; `by` is either of the two. Refusal if the loan no longer waits for the thing.
    """
    asked = approvals.request(db, approval)
    inputs = asked.inputs
    case = duties.take(db, inputs["loan"], by.scope)
    may_take_in(case)
    approvals.spend(db, clock=clock, by=by.actor, public_id=approval, act=TAKE_IN, inputs=inputs, loan_id=case.loan.loan_id)
    pledge, record = deliver(
        db,
        clock,
        by,
        case,
        inputs,
        asked.maker_id,
        press=press,
        notary=notary,
        kind="custody.taken_in",
        closes=("take_in",),
        opens=("pay_out",),
    )
    return Done(case.loan.public_id, (pledge,), record.seq)


def deliver(
    db: Db, clock: Clock, by: Staff, case: Case, inputs: Mapping[str, Any], maker_id: int, *, press: Press, notary: Notary, kind: str,
    closes: tuple[str, ...] = (), opens: tuple[str, ...] = (), told: Mapping[str, Any] | None = None,
) -> tuple[Pledge, Record]:  # fmt: skip
    """The drafted pledge's thing is taken: state, place, receipt, and the link under both keys, in one transaction."""
    drafted = named(db, inputs["pledge"])
    drafted = store.lock(db, drafted.pledge_id)
    state = after(drafted.state, PledgeEvent.DELIVER)
    maker, witness = staff_by_id(db, maker_id), _witness(db, inputs, by, maker_id)
    about = thing(db, drafted.thing_id)
    item = custody.take(db, clock=clock, item_id=drafted.item_id)
    receipt = papers.custody_receipt(
        db, clock=clock, case=case, pledge=drafted.public_id, thing=about, item=item, people=(maker.name, witness.name),
        photos=len(inputs["photos"]), press=press, notary=notary,
    )  # fmt: skip
    says = {
        "pledge": drafted.public_id, "thing": about.public_id, "seal_no": item.seal_no, "place": str(item.place),
        "imeis": list(about.imeis), "lock_off": True, "sim_out": True, "taken_by": maker.public_id, "witness": witness.public_id,
        "request": drafted.request or "", **(told or {}),
    }  # fmt: skip
    seals = {"receipt": receipt.digest, **{f"photo_{what}": digest for what, digest in inputs["photos"].items()}}
    record = duties.enter(db, case, clock=clock, by=by.actor, kind=kind, says=says, seals=seals, closes=closes, opens=opens)
    store.deliver(db, drafted.pledge_id, state=state, on=clock.today(), witness=witness.staff_id, receipt_id=receipt.file_id)
    own = on_pledge(db, clock, by.actor, drafted, "pledge.delivered", {"loan": case.loan.public_id, **says}, seals)
    write_record(
        db, clock=clock, by=by.actor, chain_id=about.thing_id, chain=about.public_id, kind="custody.taken_in",
        says={"loan": case.loan.public_id, **says}, seals=seals,
    )  # fmt: skip
    store.link(db, loan_id=case.loan.loan_id, loan_seq=record.seq, pledge_id=drafted.pledge_id, pledge_seq=own.seq)
    return store.lock(db, drafted.pledge_id), record


def take_back_draft(db: Db, *, clock: Clock, by: Staff, pledge: str, words: str) -> Done:
    """Give up a draft that nobody has agreed to: its owner keeps the phone, and slot and claim are free again."""
    require(by, TAKE_IN)
    drafted = named(db, pledge)
    loan = _loan_of_draft(db, drafted)
    duties.take(db, loan, by.scope)
    return void(db, clock, by.actor, drafted, loan, words)


def void(db: Db, clock: Clock, by: Actor, drafted: Pledge, loan: str, words: str) -> Done:
    """End a draft."""
    drafted = store.lock(db, drafted.pledge_id)
    state = after(drafted.state, PledgeEvent.VOID)
    custody.turn_away(db, clock=clock, item_id=drafted.item_id)
    unclaim(db, pledge=drafted.public_id)
    store.end(db, drafted.pledge_id, state=state, on=clock.today(), how="not_taken_in")
    on_pledge(db, clock, by, drafted, "pledge.voided", {"loan": loan, "words": words.strip()})
    return Done(loan, (store.lock(db, drafted.pledge_id),))


def named(db: Db, public_id: str) -> Pledge:
    """The pledge of that public id; NotFound otherwise."""
    found = store.pledge_where(db, "p.public_id = %s", public_id)
    if found is None:
        raise NotFound(f"there is no pledge {public_id}", code="no_pledge", field="pledge")
    return found


def on_pledge(
    db: Db, clock: Clock, by: Actor, pledge: Pledge, kind: str, says: Mapping[str, Any], seals: Mapping[str, str] | None = None
) -> Record:
    """Write a record on the pledge's own chain."""
    return write_record(db, clock=clock, by=by, chain_id=pledge.pledge_id, chain=pledge.public_id, kind=kind, says=says, seals=seals or {})


def _loan_of_draft(db: Db, drafted: Pledge) -> str:
    if drafted.state is not PledgeState.DRAFTED or drafted.request is None:
        raise Refusal(f"pledge {drafted.public_id} is {drafted.state}; there is no draft to take back", code="pledge_state")
    return str(approvals.request(db, drafted.request).inputs["loan"])


def _must_be_open_to_us(seen: IntakeRead) -> None:
    # A phone that only its owner's account opens cannot be sold; and whoever holds the account could erase it from afar.
    if not seen.lock_off:
        raise BadInput(
            "lock_off: have the owner sign out of the maker's account; a locked phone is not taken in", code="lock_on", field="lock_off"
        )
    if not seen.sim_out:
        raise BadInput("sim_out: have the owner take the SIM card out and keep it", code="sim_in", field="sim_out")


def _witness(db: Db, inputs: Mapping[str, Any], by: Staff, maker_id: int) -> Staff:
    answers = [each for each in approvals.request(db, _request_of(db, inputs)).answers if each.approved]
    witness = staff_by_id(db, answers[-1].staff_id)
    require(witness, "custody.witness")
    if by.staff_id not in (maker_id, witness.staff_id):
        raise Forbidden("an intake is finished by one of the two who saw the thing", code="not_of_the_two")
    return witness


def _request_of(db: Db, inputs: Mapping[str, Any]) -> str:
    request = named(db, inputs["pledge"]).request
    if request is None:
        raise Refusal("nobody has been asked to witness this intake", code="no_witness")
    return request
