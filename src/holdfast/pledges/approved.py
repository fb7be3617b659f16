"""The acts around a thing that two people do: one asks, another answers, and the yes does it.

What is agreed to is the act with exactly the inputs that were asked. The yes, the spending of the approval and the act
are one transaction: an act that cannot be done any more leaves the request open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from holdfast import approvals, collateral, duties
from holdfast.approvals import Request, Standing
from holdfast.collateral import custody
from holdfast.files.ports import Notary, Press
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import NotFound
from holdfast.loans import Happened
from holdfast.parties import Staff, require
from holdfast.pledges import compensating, giving_back, intake, lifting
from holdfast.pledges.model import Answered, Done
from holdfast.pledges.ports import Owed

Db = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Ports:
    """Who answers from outside this stage: the press and the notary of documents, and servicing for what is owed."""

    press: Press
    notary: Notary
    owed: Owed


def _settle(db: Db, clock: Clock, by: Staff, asked: Request, ports: Ports) -> Any:
    return collateral.settle(db, clock=clock, by=by.actor, inputs=_spent(db, clock, by, asked), request=asked.public_id)


def _in_custody(db: Db, clock: Clock, by: Staff, asked: Request, ports: Ports) -> Any:
    return custody.ACTS[asked.act](db, clock=clock, by=by.actor, inputs=_spent(db, clock, by, asked), request=asked.public_id)


def _take_in(db: Db, clock: Clock, by: Staff, asked: Request, ports: Ports) -> Any:
    return intake.take_in(db, clock=clock, by=by, approval=asked.public_id, press=ports.press, notary=ports.notary)


def _add(db: Db, clock: Clock, by: Staff, asked: Request, ports: Ports) -> Any:
    return lifting.add(db, clock=clock, by=by, approval=asked.public_id, press=ports.press, notary=ports.notary)


def _substitute(db: Db, clock: Clock, by: Staff, asked: Request, ports: Ports) -> Any:
    return lifting.substitute(db, clock=clock, by=by, approval=asked.public_id, press=ports.press, notary=ports.notary, owed=ports.owed)


def _release_part(db: Db, clock: Clock, by: Staff, asked: Request, ports: Ports) -> Any:
    return lifting.release_part(db, clock=clock, by=by, approval=asked.public_id, owed=ports.owed)


def _to_hand_back(db: Db, clock: Clock, by: Staff, asked: Request, ports: Ports) -> Any:
    return giving_back.to_hand_back(db, clock=clock, by=by, approval=asked.public_id)


def _hand_back(db: Db, clock: Clock, by: Staff, asked: Request, ports: Ports) -> Any:
    return giving_back.hand_back(db, clock=clock, by=by, approval=asked.public_id)


def _compensate(db: Db, clock: Clock, by: Staff, asked: Request, ports: Ports) -> Any:
    return compensating.compensate(db, clock=clock, by=by, approval=asked.public_id)


ACTS: Final[dict[str, Callable[[Db, Clock, Staff, Request, Ports], Any]]] = {
    collateral.SETTLE: _settle,
    custody.MOVE: _in_custody,
    custody.LOSE: _in_custody,
    intake.TAKE_IN: _take_in,
    intake.ADD: _add,
    lifting.SUBSTITUTE: _substitute,
    lifting.PART: _release_part,
    giving_back.TO_HAND_BACK: _to_hand_back,
    giving_back.HAND_BACK: _hand_back,
    compensating.COMPENSATE: _compensate,
}
# What begins with a draft: a no takes the draft back.
_DRAFTED: Final = (intake.TAKE_IN, intake.ADD, lifting.SUBSTITUTE)


def answer(
    db: Db, *, clock: Clock, by: Staff, request: str, approved: bool, words: str, press: Press, notary: Notary, owed: Owed
) -> Answered:  # fmt: skip
    """Answer a request of this stage or of custody; a yes does the act at once, a no to an intake gives its draft up.

    NotFound for a request about a loan out of sight or of another stage. Call it through `wiring.carry`.
    """
    asked = approvals.request(db, request)
    if asked.act not in ACTS:
        raise NotFound(f"there is no request {request} about a thing", code="no_approval", field="request")
    _must_see(db, by, asked)
    if asked.act in _DRAFTED:
        require(by, "custody.witness")
    answered = approvals.answer(db, clock=clock, by=by, public_id=request, approved=approved, words=words)
    if answered.standing is Standing.REFUSED and asked.act in _DRAFTED:
        drafted = intake.named(db, asked.inputs["pledge"])
        return Answered(answered, intake.void(db, clock, by.actor, drafted, asked.inputs["loan"], words))
    if answered.standing is not Standing.APPROVED:
        return Answered(answered)
    done = ACTS[asked.act](db, clock, by, answered, Ports(press, notary, owed))
    happened: tuple[Happened, ...] = done.happened if isinstance(done, Done) else ()
    return Answered(approvals.request(db, request), done, happened)


def _spent(db: Db, clock: Clock, by: Staff, asked: Request) -> Any:
    approvals.spend(db, clock=clock, by=by.actor, public_id=asked.public_id, act=asked.act, inputs=asked.inputs, loan_id=asked.loan_id)
    return asked.inputs


def _must_see(db: Db, by: Staff, asked: Request) -> None:
    if asked.loan_id is not None:
        duties.in_sight(db, duties.take_by_id(db, asked.loan_id, lock=False).loan.public_id, by.scope)
