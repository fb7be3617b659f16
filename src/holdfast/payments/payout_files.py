"""Files of payouts: approved payouts go to the bank in one file (pain.001), made by one person and taken out by another.

Until the second person takes it out nothing has left the house, and the file can be stopped. The moment it is taken out, every
payout in it is written down as sent: whoever downloads it again has the same bytes, and no key is ever put in a second file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from holdfast.duties import enter
from holdfast.files import anything_sealed
from holdfast.journal import Actor, write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import Money
from holdfast.kernel.sealing import master_box
from holdfast.parties import Reach, Staff, require, staff_by_id
from holdfast.payments import rail_store, store
from holdfast.payments.messages import FileHead, write_pain001
from holdfast.payments.model import Payout, PayoutFile
from holdfast.payments.payouts import held_payout, mark_sent, order_of, payout, why_not_now
from holdfast.payments.states import PAYOUT_FILE_LIFE, PAYOUT_LIFE, PayoutEvent, PayoutFileEvent, PayoutFileState, PayoutState, after
from holdfast.payments.store import Db

MOST_ORDERS: Final = 1_000
SHORTEST_REASON: Final = 4
_KEY: Final = "payout files"
# By then the bank has answered a file, or a person asks it.
_ANSWER_WITHIN: Final = timedelta(days=1)


def make_payout_file(db: Db, *, clock: Clock, by: Staff, payouts: Sequence[str], execute_on: date) -> PayoutFile:
    """Put approved payouts that go by file into one. It is written once and kept sealed; another person takes it out.

    Refusal if one of them is not approved, goes by the rail, or may not go out today; BadInput for none, too many, or mixed currencies.
    """
    require(by, "payout_file.make")
    chosen = sorted(set(payouts))
    if not 0 < len(chosen) <= MOST_ORDERS:
        raise BadInput(f"payouts: choose 1 to {MOST_ORDERS}", field="payouts")
    if by.branch_id is None:
        raise Refusal("you belong to no branch, so the file has no place", code="no_counter")
    today = clock.today()
    if not today <= execute_on <= today + timedelta(days=30):
        raise BadInput(f"execute_on: a day from {today} to 30 days on", field="execute_on")
    own = rail_store.house_account(db)
    if own is None:
        raise Refusal("the lender's own account is not set; set it before a file is made", code="no_house_account")
    public_id = new_id("pf")
    # The loans in the order of their numbers, as everyone locks them who locks several.
    held = sorted((held_payout(db, each, by.scope) for each in chosen), key=lambda pair: pair[1].loan_id)
    orders = []
    for case, found in held:
        after(PAYOUT_LIFE, f"payout {found.public_id}", found.state, PayoutEvent.LIST)
        if found.channel != "file":
            raise Refusal(f"payout {found.public_id} goes by the rail, not by file", code="by_rail", payout=found.public_id)
        if why := why_not_now(case, found):
            raise Refusal(f"payout {found.public_id}: {why}", code="payout_may_not_go", payout=found.public_id)
        orders.append(order_of(db, case, found, on=execute_on))
    head = FileHead(public_id, clock.now(), execute_on, own.holder, own.account, own.bank_code)
    content = write_pain001(head, orders)
    digest = hashlib.sha256(content).hexdigest()
    total = Money(sum(order.amount.minor for order in orders), orders[0].amount.currency)
    sealed = master_box(_KEY, first_use=not anything_sealed(db)).seal(content, public_id)
    file_id = rail_store.insert_file(
        db, public_id=public_id, branch_id=by.branch_id, orders=len(orders), total=total, execute_on=execute_on, content=sealed,
        digest=digest, maker_id=by.staff_id, at=clock.now(),
    )  # fmt: skip
    for case, found in held:
        state = after(PAYOUT_LIFE, f"payout {found.public_id}", found.state, PayoutEvent.LIST)
        store.update_payout(db, found, state=state, file_id=file_id)
        says = {"payout": found.public_id, "file": public_id, "amount": found.amount.as_json()}
        enter(db, case, clock=clock, by=by.actor, kind="payout.listed", says=says)
    about = {"orders": len(orders), "total": total.as_json(), "execute_on": execute_on.isoformat()}
    _record(db, clock, by.actor, file_id, public_id, "payout_file.made", about, {"file": digest})
    return _file(db, public_id)


def take_payout_file(db: Db, *, clock: Clock, by: Staff, file: str) -> tuple[str, bytes]:
    """The second person takes the file out: its name and its bytes. Its payouts are sent from this moment on.

    Forbidden for whoever made it, under any log-in. Refusal if one of its payouts may not go out any more: the file is then stopped and
    another one made. Taken out again, it is the same bytes, and nothing is sent again.
    """
    require(by, "payout_file.take")
    found = _held(db, by, file)
    state = after(PAYOUT_FILE_LIFE, f"file {file}", found.state, PayoutFileEvent.TAKE)
    _another_person(db, by, found)
    if found.state is PayoutFileState.MADE:
        held = sorted((held_payout(db, each, None) for each in found.payouts), key=lambda pair: pair[1].loan_id)
        for case, each in held:
            if why := why_not_now(case, each):
                raise Refusal(f"payout {each.public_id}: {why}; stop the file", code="payout_may_not_go", payout=each.public_id)
        for case, each in held:
            mark_sent(db, clock, by.actor, case, each, answer_by=clock.now() + _ANSWER_WITHIN, says={"file": file})
        rail_store.update_file(db, found, state=state, taker_id=by.staff_id, taken_at=clock.now())
    content = master_box(_KEY).open(rail_store.content_of(db, found), file)
    _record(db, clock, by.actor, found.file_id, file, "payout_file.taken", {"orders": found.orders}, {"file": found.digest})
    return f"pain.001-{file}.xml", content


def hand_over(db: Db, *, clock: Clock, by: Staff, file: str, reference: str) -> PayoutFile:
    """The file is with the bank: `reference` is the bank's receipt for it. From now on its answers are awaited."""
    require(by, "payout_file.take")
    found = _held(db, by, file)
    state = after(PAYOUT_FILE_LIFE, f"file {file}", found.state, PayoutFileEvent.HAND_OVER)
    if not SHORTEST_REASON <= len(reference.strip()) <= 100:
        raise BadInput("reference: the bank's receipt for the file, 4 to 100 characters", field="reference")
    rail_store.update_file(db, found, state=state, handed_at=clock.now(), reference=reference.strip())
    _record(db, clock, by.actor, found.file_id, file, "payout_file.handed_over", {"reference": reference.strip()}, {})
    return _file(db, file)


def stop_payout_file(db: Db, *, clock: Clock, by: Staff, file: str, words: str) -> PayoutFile:
    """Stop a file that nobody has taken out: its payouts are approved as before, and may go in another file or be cancelled."""
    require(by, "payout_file.stop")
    found = _held(db, by, file)
    state = after(PAYOUT_FILE_LIFE, f"file {file}", found.state, PayoutFileEvent.STOP)
    if len(words.strip()) < SHORTEST_REASON:
        raise BadInput("words: say why it is stopped", field="words")
    for each in sorted(found.payouts):
        case, listed = held_payout(db, each, None)
        back = after(PAYOUT_LIFE, f"payout {each}", listed.state, PayoutEvent.UNLIST)
        store.update_payout(db, listed, state=back, file_id=None)
        says = {"payout": each, "file": file, "words": words.strip()}
        enter(db, case, clock=clock, by=by.actor, kind="payout.unlisted", says=says, while_frozen=True)
    rail_store.update_file(db, found, state=state, reference="")
    _record(db, clock, by.actor, found.file_id, file, "payout_file.stopped", {"words": words.strip()}, {})
    return _file(db, file)


def payout_files(db: Db, by: Staff) -> list[PayoutFile]:
    """The files of this person's branch, or of all for one who sees all; newest first."""
    return rail_store.files(db, branch_id=_branch_of(by))


def payout_file(db: Db, by: Staff, public_id: str) -> PayoutFile:
    """One file within sight; NotFound otherwise."""
    found = rail_store.files(db, branch_id=_branch_of(by), public_id=public_id)
    if not found:
        raise NotFound(f"there is no payout file {public_id} within your sight", code="no_payout_file", field="file")
    return found[0]


def payouts_of_file(db: Db, by: Staff, file: PayoutFile) -> list[Payout]:
    """The payouts of a file that are within sight, in its order."""
    return [payout(db, each, by.scope) for each in file.payouts if store.payouts(db, by.scope, public_id=each)]


def payouts_for_a_file(db: Db, by: Staff) -> list[Payout]:
    """The approved payouts within sight that wait for a file."""
    return store.payouts(db, by.scope, states=[PayoutState.APPROVED], channel="file")


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _another_person(db: Db, by: Staff, found: PayoutFile) -> None:
    if by.staff_id == found.maker_id:
        raise Forbidden("you made this file; another person takes it out", code="approval_maker")
    if by.person_id is not None and by.person_id == staff_by_id(db, found.maker_id).person_id:
        raise Forbidden("you made this file, under another log-in; another person takes it out", code="approval_same_person")


def _held(db: Db, by: Staff, public_id: str) -> PayoutFile:
    rail_store.lock_file(db, public_id)
    return payout_file(db, by, public_id)


def _file(db: Db, public_id: str) -> PayoutFile:
    return rail_store.files(db, public_id=public_id)[0]


def _branch_of(by: Staff) -> int | None:
    return None if by.reach is Reach.ALL else by.branch_id or 0


def _record(db: Db, clock: Clock, by: Actor, file_id: int, public_id: str, kind: str, says: dict[str, Any], seals: dict[str, str]) -> None:
    write_record(db, clock=clock, by=by, chain_id=file_id, chain=public_id, kind=kind, says=says, seals=seals)
