"""Asking, answering, spending. The rule of two stands here, in the verb, not in a screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from holdfast.approvals import store
from holdfast.approvals.model import Request, Standing
from holdfast.approvals.rules import may_answer, may_spend, may_take_part
from holdfast.approvals.store import Db
from holdfast.journal import Actor, write_record
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.parties import Scope, Staff

SHORTEST_REASON: Final = 4
MOST_NEEDED: Final = 5
MOST_LISTED: Final = 200


def ask(
    db: Db, *, clock: Clock, by: Staff, act: str, inputs: Mapping[str, Any], reason: str,
    loan_id: int | None = None, needed: int = 1, barred: Iterable[int] = (), maker_counts: bool = False,
) -> Request:  # fmt: skip
    """Ask `needed` other people for an act with exactly these inputs. `barred` are staff numbers, the loan's officer for one.

    Where the maker is one of the people whom the act needs (`maker_counts`), a barred person cannot ask either: Forbidden, under
    whichever log-in.
    """
    barred = sorted(set(barred))
    if maker_counts:
        may_take_part(by, barred, store.persons(db, barred))
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadInput("reason: say in a few words why this is asked", field="reason")
    if not 1 <= needed <= MOST_NEEDED:
        raise BadInput(f"needed: ask 1 to {MOST_NEEDED} people", field="needed")
    public_id = new_id("aq")
    request_id = store.insert_request(
        db, public_id=public_id, act=act, loan_id=loan_id, inputs=inputs, needed=needed, barred=barred, maker_id=by.staff_id,
        reason=reason.strip(), at=clock.now(),
    )  # fmt: skip
    says = {"act": act, "inputs": canonical.digest(dict(inputs)), "needed": needed, "reason": reason.strip()}
    write_record(db, clock=clock, by=by.actor, chain_id=request_id, chain=public_id, kind="approval.asked", says=says)
    return request(db, public_id)


def answer(db: Db, *, clock: Clock, by: Staff, public_id: str, approved: bool, words: str) -> Request:
    """One person's yes or no. A single no ends the request; Forbidden and Refusal as in `rules.may_answer`."""
    store.lock(db, public_id)
    asked = request(db, public_id)
    may_answer(asked, by, store.persons(db, sorted(asked.barred)))
    if not approved and len(words.strip()) < SHORTEST_REASON:
        raise BadInput("words: whoever says no says why", field="words")
    store.insert_answer(db, request_id=asked.request_id, staff_id=by.staff_id, approved=approved, words=words.strip(), at=clock.now())
    kind = "approval.given" if approved else "approval.refused"
    says = {"act": asked.act, "inputs": asked.inputs_digest, "words": words.strip()}
    write_record(db, clock=clock, by=by.actor, chain_id=asked.request_id, chain=public_id, kind=kind, says=says)
    return request(db, public_id)


def spend(db: Db, *, clock: Clock, by: Actor, public_id: str, act: str, inputs: Mapping[str, Any], loan_id: int | None = None) -> Request:
    """Use an approval up, in the transaction of the act that it allows. Refusal unless it stands for exactly this."""
    store.lock(db, public_id)
    asked = request(db, public_id)
    may_spend(asked, act=act, inputs_digest=canonical.digest(dict(inputs)), loan_id=loan_id)
    if not store.insert_use(db, asked.request_id, clock.now()):
        raise Refusal(f"request {public_id} is {Standing.SPENT} already", code="approval_spent")
    says = {"act": act, "inputs": asked.inputs_digest}
    write_record(db, clock=clock, by=by, chain_id=asked.request_id, chain=public_id, kind="approval.spent", says=says)
    return request(db, public_id)


def request(db: Db, public_id: str) -> Request:
    """The request of that public id; NotFound otherwise."""
    found = store.request(db, public_id)
    if found is None:
        raise NotFound(f"there is no request {public_id}", code="no_approval", field="approval")
    return found


def requests(db: Db, scope: Scope, *, loan_id: int | None = None, act: str | None = None, limit: int = 50) -> list[Request]:
    """Requests about loans within sight or about no loan, newest first; of one loan or one act only, if asked."""
    condition, values = scope.condition("l")
    return store.requests(db, condition, values, loan_id=loan_id, act=act, limit=min(limit, MOST_LISTED))
