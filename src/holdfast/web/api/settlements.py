"""Settlements: what one would forgive, offering it, deciding, taking it back, and what came of the talk about a broken one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Router
from pydantic import Field, StringConstraints

from holdfast.approvals.authority import Authority
from holdfast.followup import settlements
from holdfast.followup.settlements_model import Part, Settlement, SettlementState, Terms
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.values import Day, How, In, MoneyIn, MoneyOut, Out, Words

router = Router()

Count = Annotated[int, Field(ge=0, le=1_000_000)]
SettlementShown = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
StateName = Literal["offered", "approved", "running", "kept", "broken", "refused", "withdrawn", "lapsed", "overtaken"]


class SettlementPartOut(Out):
    """So much by the end of that day, and the days of grace after it."""

    pay_by: Day
    amount: MoneyOut


class DebtPartsOut(Out):
    """A debt by its parts."""

    penalty: MoneyOut
    fee: MoneyOut
    interest: MoneyOut
    principal: MoneyOut
    total: MoneyOut


class SettlementTermsOut(Out):
    """What is paid by when, and what of the debt is forgiven at most: what is left when each part comes on the last day of its grace.

    `owed` is the debt on the day of looking, `going_on` what it would be on the last day if nothing came in. Hand `shown` back when
    offering: it binds the offer to these figures.
    """

    parts: list[SettlementPartOut]
    grace_days: int
    total: MoneyOut
    owed: DebtPartsOut
    going_on: DebtPartsOut
    forgiven: DebtPartsOut
    shown: str


class SettlementAuthorityOut(Out):
    """Who must decide: one of `roles`; where `two` names any, so many of each role. `beyond` says for other roles which rule forbids it."""

    roles: list[str]
    two: dict[str, int]
    beyond: dict[str, str]


class SettlementOfferOut(Out):
    """The terms of a settlement that somebody looks at, and who would have to decide."""

    terms: SettlementTermsOut
    authority: SettlementAuthorityOut


class SettlementOut(Out):
    """A settlement. `received` is what came in since the borrower agreed; `offered_seq`, `decided_seq`, `agreed_seq` its records."""

    id: str
    loan: str
    state: str
    reason: str
    means: str
    terms: SettlementTermsOut
    authority: SettlementAuthorityOut
    request: str
    offered_on: Day
    offered_by: str
    agree_by: Day
    agreed_on: Day | None
    ended_on: Day | None
    received: MoneyOut
    left: MoneyOut
    paper: str | None
    offered_seq: int
    decided_seq: int | None
    agreed_seq: int | None


class SettlementList(Out):
    items: list[SettlementOut]


class SettlementLine(Out):
    """One line of the register."""

    id: str
    loan: str
    contract_no: str
    borrower: str
    state: str
    pays: MoneyOut
    forgiven: MoneyOut
    received: MoneyOut
    offered_on: Day
    last_day: Day


class SettlementRegister(Out):
    items: list[SettlementLine]


class SettlementPartIn(In):
    """So much by the end of that day."""

    pay_by: Day
    amount: MoneyIn


class SettlementLookIn(In):
    """The parts, to be looked at; nothing is stored."""

    parts: list[SettlementPartIn]

    def wanted(self) -> list[Part]:
        """The parts as the verb takes them."""
        return [Part(each.pay_by, each.amount.money()) for each in self.parts]


class SettlementOfferIn(SettlementLookIn):
    """The parts, why, where the money is to come from, and words for whoever decides; `shown` comes from comparing the same parts."""

    reason: Literal["income_lost", "illness", "disaster", "bereaved", "thing_worth_less", "disputed", "other"]
    means: Literal["wages", "family", "sale", "savings", "other_income"]
    words: Words
    shown: SettlementShown


class SettlementDecideIn(In):
    """Yes or no; a no says why."""

    agreed: bool
    words: Words | None = None


class SettlementWithdrawIn(In):
    """Why the offer is taken back."""

    words: Words


class SettlementTalkIn(In):
    """What came of the talk about a broken settlement."""

    outcome: Literal["reached", "not_reached", "wrong_number", "refuses", "asks_for_relief", "disputes"]
    how: How
    words: Words


@operation(router, "GET", "/settlements", "settlements.register", answer=SettlementRegister)
def register(call: Call, state: StateName | None = None, skip: Count = 0) -> Any:
    """The settlements on loans within sight, newest first, two hundred at a time; of one state only, if asked."""
    states = [SettlementState(state)] if state else None
    found = settlements.register(call.db, by=call.staff, states=states, limit=settlements.MOST_LISTED, skip=skip)
    return {"items": [_line(each) for each in found]}


@operation(router, "GET", "/loans/{loan}/settlements", "settlements.list", answer=SettlementList)
def of_loan(call: Call, loan: str) -> Any:
    """The settlements on a loan, newest first, with what came in on each."""
    return _all(call, loan)


@operation(router, "POST", "/loans/{loan}/settlements/comparison", "settlements.compare", answer=SettlementOfferOut)
def compare(call: Call, loan: str, body: SettlementLookIn) -> Any:
    """What such a settlement would forgive, beside going on, and who must decide on it; nothing is stored."""
    terms, authority = settlements.compare(call.db, clock=call.clock, by=call.staff, loan=loan, parts=body.wanted())
    return {"terms": _terms(terms), "authority": _authority(authority)}


@operation(router, "POST", "/loans/{loan}/settlements", "settlements.offer", answer=SettlementOut, status=201)
def offer(call: Call, loan: str, body: SettlementOfferIn) -> Any:
    """Offer that so much by such days ends the debt. People with the authority decide, then the borrower agrees with a code."""
    given: dict[str, Any] = {"parts": body.wanted(), "reason": body.reason, "means": body.means, "words": body.words, "shown": body.shown}
    return _told(call, settlements.offer(call.db, clock=call.clock, by=call.staff, loan=loan, **given))


@operation(router, "POST", "/loans/{loan}/settlements/talk", "settlements.speak", answer=SettlementList)
def speak(call: Call, loan: str, body: SettlementTalkIn) -> Any:
    """Say what came of the talk about a broken settlement; its duty is done, and the follow-up of what is late goes on."""
    settlements.speak(call.db, clock=call.clock, by=call.staff, loan=loan, outcome=body.outcome, words=body.words, how=body.how)
    return _all(call, loan)


@operation(router, "POST", "/loans/{loan}/settlements/{settlement}/decision", "settlements.decide", answer=SettlementOut)
def decide(call: Call, loan: str, settlement: str, body: SettlementDecideIn) -> Any:
    """Agree to exactly these terms, or refuse them and say why; beyond one's authority it is refused, saying whose it is."""
    given: dict[str, Any] = {"loan": loan, "settlement": settlement, "agreed": body.agreed, "words": body.words or ""}
    return _told(call, settlements.decide(call.db, clock=call.clock, by=call.staff, **given))


@operation(router, "POST", "/loans/{loan}/settlements/{settlement}/withdrawal", "settlements.withdraw", answer=SettlementOut)
def withdraw(call: Call, loan: str, settlement: str, body: SettlementWithdrawIn) -> Any:
    """Take an offer back before the borrower has agreed to it."""
    given: dict[str, Any] = {"loan": loan, "settlement": settlement, "words": body.words}
    return _told(call, settlements.withdraw(call.db, clock=call.clock, by=call.staff, **given))


def _all(call: Call, loan: str) -> dict[str, Any]:
    return {"items": [_told(call, each) for each in settlements.settlements_of(call.db, by=call.staff, loan=loan)]}


def _told(call: Call, found: Settlement) -> dict[str, Any]:
    names = (
        "loan", "reason", "means", "request", "offered_on", "offered_by", "agree_by", "agreed_on", "ended_on", "paper", "offered_seq",
        "decided_seq", "agreed_seq",
    )  # fmt: skip
    authority = settlements.authority_of(call.db, by=call.staff, loan=found.loan, settlement=found.public_id)
    return {
        **{name: getattr(found, name) for name in names},
        "id": found.public_id,
        "state": str(found.state),
        "terms": _terms(found.terms),
        "authority": _authority(authority),
        "received": {"minor": found.received, "currency": found.terms.currency},
        "left": found.left,
    }


def _terms(terms: Terms) -> dict[str, Any]:
    def parts(rest: Any) -> dict[str, Any]:
        sums = {**rest.as_json(), "total": rest.total}
        return {name: {"minor": minor, "currency": terms.currency} for name, minor in sums.items()}

    return {
        "parts": terms.parts, "grace_days": terms.grace_days, "total": terms.total, "owed": parts(terms.owed),
        "going_on": parts(terms.going_on), "forgiven": parts(terms.forgiven), "shown": terms.shown,
    }  # fmt: skip


def _authority(authority: Authority) -> dict[str, Any]:
    return {
        "roles": [str(role) for role in authority.roles],
        "two": {str(role): people for role, people in authority.two.items()},
        "beyond": {str(role): rule for role, rule in authority.beyond.items()},
    }


def _line(found: Settlement) -> dict[str, Any]:
    currency = found.terms.currency
    return {
        **{name: getattr(found, name) for name in ("loan", "contract_no", "borrower", "offered_on", "last_day")},
        "id": found.public_id,
        "state": str(found.state),
        "pays": found.terms.total,
        "forgiven": {"minor": found.terms.forgiven.total, "currency": currency},
        "received": {"minor": found.received, "currency": currency},
    }
