"""Acts of servicing that need two people: one asks, another answers, and the yes does it.

What is approved is the act with exactly the inputs that were asked. The yes, the spending of the
approval and the act are one transaction: an act that cannot be done any more leaves the request open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import psycopg

from holdfast import approvals
from holdfast.approvals import Request, Standing
from holdfast.duties import in_sight
from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import Fault, Refusal
from holdfast.kernel.money import Money
from holdfast.loans import Happened, loan_id_of
from holdfast.parties import Staff, require
from holdfast.servicing import relief
from holdfast.servicing.service import Done, refund, reverse, write_off

Db = psycopg.Connection[Any]
Act = Callable[[Db, Clock, Actor, Mapping[str, Any]], Done]


def ask_reversal(db: Db, *, clock: Clock, by: Staff, loan: str, event_no: int, reason: str) -> Request:
    """Ask another person to take a receipt back. Refusal, as of `reverse`, if it could not be done now."""
    return _ask(db, clock, by, "receipt.reverse", {"loan": loan, "event_no": event_no, "reason": reason}, reason)


def ask_refund(db: Db, *, clock: Clock, by: Staff, loan: str, amount: Money, reason: str) -> Request:
    """Ask another person to let over-paid money go back. Refusal, as of `refund`, if it could not be done now."""
    return _ask(db, clock, by, "refund", {"loan": loan, "amount": amount.as_json()}, reason)


def ask_write_off(db: Db, *, clock: Clock, by: Staff, loan: str, reason: str) -> Request:
    """Ask another person to write the loan off. Refusal, as of `write_off`, if it could not be done now."""
    return _ask(db, clock, by, "write_off", {"loan": loan, "reason": reason}, reason)


def ask_charge(
    db: Db, *, clock: Clock, by: Staff, loan: str, name: str, ground: str, collected_by: str, reason: str, amount: Money | None = None,
    ppb: int = 0, of: str = "", due_on: date | None = None,
) -> Request:  # fmt: skip
    """Ask another person to put a charge on the loan. Refusal, as of `relief.charge`, if it could not be done now."""
    inputs = {
        "loan": loan, "name": name, "ground": ground, "collected_by": collected_by, "reason": reason,
        "amount": amount.as_json() if amount else None, "ppb": ppb, "of": of, "due_on": due_on.isoformat() if due_on else None,
    }  # fmt: skip
    return _ask(db, clock, by, "charge", inputs, reason)


def ask_waiver(db: Db, *, clock: Clock, by: Staff, loan: str, parts: Mapping[str, Money], reason: str) -> Request:
    """Ask another person to waive named amounts. Refusal, as of `relief.waive_part`, if it could not be done now."""
    inputs = {"loan": loan, "parts": {part: money.as_json() for part, money in parts.items() if money.minor}, "reason": reason}
    return _ask(db, clock, by, "waiver", inputs, reason)


def ask_goodwill(db: Db, *, clock: Clock, by: Staff, loan: str, amount: Money, reason: str) -> Request:
    """Ask another person to let the lender pay a part of the debt. Refusal, as of `relief.credit_goodwill`, if it could not be done now."""
    return _ask(db, clock, by, "goodwill", {"loan": loan, "amount": amount.as_json(), "reason": reason}, reason)


def ask_pause(db: Db, *, clock: Clock, by: Staff, loan: str, starts_on: date, ends_on: date, why: str, reason: str) -> Request:
    """Ask another person to pause the count of days late. Refusal, as of `relief.pause`, if it could not be done now."""
    inputs = {"loan": loan, "starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat(), "why": why, "reason": reason}
    return _ask(db, clock, by, "delinquency.pause", inputs, reason)


@dataclass(frozen=True, slots=True)
class Answered:
    """A request after an answer, and what the last yes did."""

    request: Request
    done: Done | None

    @property
    def happened(self) -> tuple[Happened, ...]:
        return self.done.happened if self.done else ()


def answer(db: Db, *, clock: Clock, by: Staff, request: str, approved: bool, words: str) -> Answered:
    """Answer a request; the last yes that it needed does the act, and then what was done is told too.

    Refusal for an act of another stage: it is answered where that stage shows what is to be agreed to. NotFound for a loan out of sight.
    """
    asked = approvals.request(db, request)
    if asked.act not in _ACTS:
        raise Refusal(f"request {request} ({asked.act}) is answered on its own page", code="answered_elsewhere", act=asked.act)
    in_sight(db, asked.inputs["loan"], by.scope)
    if approved:
        approvals.may_answer(asked, by)
        _within_authority(db, by, asked)
    answered = approvals.answer(db, clock=clock, by=by, public_id=request, approved=approved, words=words)
    if answered.standing is not Standing.APPROVED:
        return Answered(answered, None)
    spent = approvals.spend(
        db, clock=clock, by=by.actor, public_id=request, act=answered.act, inputs=answered.inputs, loan_id=answered.loan_id
    )
    return Answered(spent, _act(answered.act)(db, clock, by.actor, answered.inputs))


def _ask(db: Db, clock: Clock, by: Staff, act: str, inputs: Mapping[str, Any], reason: str) -> Request:
    require(by, act)
    in_sight(db, inputs["loan"], by.scope)
    # Tried and taken back, so that nobody is asked to approve what the book would refuse.
    with db.transaction(force_rollback=True):
        _act(act)(db, clock, by.actor, inputs)
    return approvals.ask(db, clock=clock, by=by, act=act, inputs=inputs, reason=reason, loan_id=loan_id_of(db, inputs["loan"]))


def _within_authority(db: Db, by: Staff, asked: Request) -> None:
    """Refusal if what would be given up is beyond what the pack lets this person agree to."""
    given_up = (
        list(asked.inputs["parts"].values()) if asked.act == "waiver" else [asked.inputs["amount"]] if asked.act == "goodwill" else []
    )
    if given_up:
        total, currency = sum(each["minor"] for each in given_up), given_up[0]["currency"]
        relief.within_authority(db, loan=asked.inputs["loan"], role=by.role, act=asked.act, minor=total, currency=currency)


def _act(name: str) -> Act:
    try:
        return _ACTS[name]
    except KeyError:
        raise Fault(f"nobody knows how to do the approved act {name}") from None


def _reverse(db: Db, clock: Clock, by: Actor, inputs: Mapping[str, Any]) -> Done:
    return reverse(db, clock=clock, by=by, loan=inputs["loan"], event_no=inputs["event_no"], reason=inputs["reason"])


def _refund(db: Db, clock: Clock, by: Actor, inputs: Mapping[str, Any]) -> Done:
    return refund(db, clock=clock, by=by, loan=inputs["loan"], amount=Money(inputs["amount"]["minor"], inputs["amount"]["currency"]))


def _write_off(db: Db, clock: Clock, by: Actor, inputs: Mapping[str, Any]) -> Done:
    return write_off(db, clock=clock, by=by, loan=inputs["loan"], reason=inputs["reason"])


def _charge(db: Db, clock: Clock, by: Actor, inputs: Mapping[str, Any]) -> Done:
    given = {name: inputs[name] for name in ("loan", "name", "ground", "collected_by", "reason", "ppb", "of")}
    due_on = date.fromisoformat(inputs["due_on"]) if inputs["due_on"] else None
    return relief.charge(db, clock=clock, by=by, amount=Money(**inputs["amount"]) if inputs["amount"] else None, due_on=due_on, **given)


def _waive(db: Db, clock: Clock, by: Actor, inputs: Mapping[str, Any]) -> Done:
    parts = {part: Money(**money) for part, money in inputs["parts"].items()}
    return relief.waive_part(db, clock=clock, by=by, loan=inputs["loan"], parts=parts, reason=inputs["reason"])


def _goodwill(db: Db, clock: Clock, by: Actor, inputs: Mapping[str, Any]) -> Done:
    return relief.credit_goodwill(
        db, clock=clock, by=by, loan=inputs["loan"], amount=Money(**inputs["amount"]), reason=inputs["reason"]
    )  # fmt: skip


def _pause(db: Db, clock: Clock, by: Actor, inputs: Mapping[str, Any]) -> Done:
    days = {name: date.fromisoformat(inputs[name]) for name in ("starts_on", "ends_on")}
    return relief.pause(db, clock=clock, by=by, loan=inputs["loan"], why=inputs["why"], reason=inputs["reason"], **days)


_ACTS: Final[Mapping[str, Act]] = {
    "receipt.reverse": _reverse,
    "refund": _refund,
    "write_off": _write_off,
    "charge": _charge,
    "waiver": _waive,
    "goodwill": _goodwill,
    "delinquency.pause": _pause,
}

# What is asked for here, and so answered here.
ACTS: Final = frozenset(_ACTS)
