"""The verbs of restructuring: see what other terms cost, ask for them, agree, decide, take back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import psycopg

from holdfast import approvals
from holdfast.approvals import Standing
from holdfast.approvals.authority import Authority, authority_for, may_agree
from holdfast.approvals.authority import limits_of as authority_limits
from holdfast.contact import Promise, codes, promise
from holdfast.duties import Case, enter, take
from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.life import LoanState
from holdfast.parties import MAY, Party, Role, Scope, Staff, party_by_id, require, staff_by_id
from holdfast.products import check_ceiling
from holdfast.restructuring import store
from holdfast.restructuring.model import OPEN, Comparison, Request, RequestState
from holdfast.restructuring.rules import (
    Limits,
    before_expiry,
    borrower_may_ask,
    comparison,
    known_reason,
    may_decide,
    next_yes,
    wanted,
    wants_consent,
    within_limits,
)
from holdfast.restructuring.states import RequestEvent, after
from holdfast.servicing import Kind, Rearranged, Rearrangement, preview, read_loans, rearrange, reverse

Db = psycopg.Connection[Any]

MOST_WORDS: Final = 500
SHORTEST_WORDS: Final = 4
_TELLS_WITHIN: Final = timedelta(days=2)
_REVERSAL: Final = "restructuring.reverse"
_CODE: Final = "restructuring"
_DECIDE: Final = "restructuring.decide"


def compare(db: Db, *, clock: Clock, by: Staff | Actor, loan: str, change: Rearrangement) -> Comparison:
    """Today, after, and what it costs, if it were agreed now; writes nothing. Refusal if it could not be agreed to."""
    return _plan(db, _case(db, by, loan, lock=False), clock, change)[1]


def ask(db: Db, *, clock: Clock, by: Staff | Actor, loan: str, change: Rearrangement, reason: str, shown: str) -> Request:
    """Ask for other terms. `shown` is the digest of the comparison that whoever asks has seen.

    The borrower asks on their own loan, or a caller or officer for them. Refusal if the pack or the law allows no such
    change, if it is beyond everybody's authority, if something is asked for already, or if the loan has moved since the
    comparison was shown.
    """
    if isinstance(by, Staff):
        require(by, "restructuring.ask")
    else:
        borrower_may_ask(change)
    known_reason(reason)
    case = _case(db, by, loan)
    if any(each.state in OPEN for each in store.of_loan(db, case.loan.loan_id)):
        raise Refusal(f"other terms of loan {loan} are asked for already; that waits for an answer", code="restructuring_asked", loan=loan)
    plan, told = _plan(db, case, clock, change)
    before_expiry(plan, clock.today())
    _as_shown(told, shown)
    _authority(case, change)
    actor, staff_id = (by.actor, by.staff_id) if isinstance(by, Staff) else (by, None)
    public_id = new_id("rs")
    state = RequestState.PROPOSED if wants_consent(change) else RequestState.ASKED
    says = {
        "request": public_id,
        "change": change.to_json(),
        "reason": reason,
        "extra_cost": told.extra_cost.as_json(),
        "was_ending_on": told.was_ending_on.isoformat(),
        "ends_on": told.ends_on.isoformat(),
        "days_late": told.days_late,
    }
    record = enter(
        db, case, clock=clock, by=actor, kind="restructuring.asked", says=says, seals={"comparison": told.shown}, opens=("restructuring",)
    )
    store.insert(
        db, loan_id=case.loan.loan_id, public_id=public_id, state=state, comparison=told, reason=reason, on=clock.today(), at=clock.now(),
        by=actor.id, role=actor.role, staff_id=staff_id, seq=record.seq,
    )  # fmt: skip
    if state is RequestState.PROPOSED and staff_id is not None:
        _tell(db, case, clock, "terms_offered", {})
    return _the(db, case, public_id)


def ask_code(db: Db, *, clock: Clock, by: Actor, loan: str, request: str) -> str:
    """Send the borrower a code that stands for agreeing to exactly the figures of a request; its id.

    Refusal, once the loan has moved since they were shown, or unless the request waits for the borrower.
    """
    case = _case(db, by, loan)
    asked = _consentable(db, case, clock, request)
    party = _borrower(db, case)
    return codes.send(
        db, clock=clock, chain_id=case.loan.loan_id, purpose=_CODE, bound=asked.comparison.shown, party=party, language=party.language
    )


def consent(db: Db, *, clock: Clock, by: Actor, loan: str, request: str, code_id: str) -> Request:
    """The borrower agrees, by a proved code, to exactly the figures that the request shows."""
    case = _case(db, by, loan)
    asked = _consentable(db, case, clock, request)
    evidence = codes.spend(db, clock=clock, code_id=code_id, purpose=_CODE, bound=asked.comparison.shown)
    says = {
        "request": request,
        "code": evidence.code_id,
        "number": evidence.masked_number,
        "attempts": evidence.attempts,
    }
    record = enter(db, case, clock=clock, by=by, kind="restructuring.consented", says=says, seals={"comparison": asked.comparison.shown})
    state = after(asked.state, RequestEvent.CONSENT)
    store.consent(db, loan_id=case.loan.loan_id, public_id=request, state=state, at=clock.now(), seq=record.seq)
    return _the(db, case, request)


def decide(db: Db, *, clock: Clock, by: Staff, loan: str, request: str, agreed: bool, words: str) -> Request:
    """Agree to exactly what was asked for, or refuse it and say why; the borrower is told what comes of it.

    Never the one who asked, the loan's officer or the borrower, nor the same person twice, under whichever log-in. Forbidden to
    agree beyond the authority that the loan's pack gives by role, saying whose it is; of two, one must have it. To agree, the
    loan must still stand as it was shown: if it has moved, the request is refused or taken back, and asked for anew.
    """
    require(by, _DECIDE)
    words = _said(words)
    case = _case(db, by, loan)
    asked = _the(db, case, request)
    event = next_yes(asked) if agreed else RequestEvent.REFUSE
    state = after(asked.state, event)
    _somebody_else(db, case, by, asked)
    if agreed:
        _within_authority(db, case, by, asked)
        _as_shown(_plan(db, case, clock, asked.change)[1], asked.comparison.shown)
    elif len(words) < SHORTEST_WORDS:
        raise BadInput("words: whoever refuses says why", field="words")
    ends = event is not RequestEvent.SECOND
    says = {"request": request, "outcome": str(state), "kind": asked.change.kind.value, "words": words}
    record = enter(
        db, case, clock=clock, by=by.actor, kind="restructuring.decided" if ends else "restructuring.seconded", says=says,
        seals={"comparison": asked.comparison.shown}, closes=("restructuring",) if ends else (), while_frozen=not agreed,
    )  # fmt: skip
    store.answer(
        db, loan_id=case.loan.loan_id, request_no=asked.request_no, staff_id=by.staff_id, agreed=agreed, words=words, at=clock.now(),
        seq=record.seq,
    )  # fmt: skip
    if not ends:
        store.move(db, loan_id=case.loan.loan_id, public_id=request, state=state)
        return _the(db, case, request)
    event_no = rearrange(db, clock=clock, by=by.actor, loan=loan, change=asked.change).event_no if agreed else None
    store.close(db, loan_id=case.loan.loan_id, public_id=request, state=state, at=clock.now(), seq=record.seq, event_no=event_no)
    _tell_outcome(db, case, clock, asked.comparison, agreed=agreed)
    return _the(db, case, request)


def withdraw(db: Db, *, clock: Clock, by: Staff | Actor, loan: str, request: str) -> Request:
    """Take a request back before it is decided: the borrower, or staff in their words."""
    if isinstance(by, Staff):
        require(by, "restructuring.ask")
    case = _case(db, by, loan)
    asked = _the(db, case, request)
    state = after(asked.state, RequestEvent.WITHDRAW)
    actor = by.actor if isinstance(by, Staff) else by
    record = enter(
        db, case, clock=clock, by=actor, kind="restructuring.withdrawn", says={"request": request}, closes=("restructuring",),
        while_frozen=True,
    )  # fmt: skip
    store.close(db, loan_id=case.loan.loan_id, public_id=request, state=state, at=clock.now(), seq=record.seq, event_no=None)
    return _the(db, case, request)


def ask_reversal(db: Db, *, clock: Clock, by: Staff, loan: str, request: str, reason: str) -> approvals.Request:
    """Ask another person to take agreed terms back, as if they had never been. Refusal if that could not be done now."""
    require(by, _REVERSAL)
    case = _case(db, by, loan)
    asked = _the(db, case, request)
    after(asked.state, RequestEvent.REVERSE)
    inputs = {"loan": loan, "request": request, "reason": reason}
    # Tried and taken back, so that nobody is asked to approve what the book would refuse.
    with db.transaction(force_rollback=True):
        _reverse(db, clock, by.actor, case, asked, reason)
    barred = [case.loan.officer_id] if case.loan.officer_id is not None else []
    return approvals.ask(db, clock=clock, by=by, act=_REVERSAL, inputs=inputs, reason=reason, loan_id=case.loan.loan_id, barred=barred)


def answer_reversal(db: Db, *, clock: Clock, by: Staff, asked: str, approved: bool, words: str) -> approvals.Request:
    """The second person's answer; a yes takes the terms back at once. NotFound for a loan out of sight."""
    require(by, "restructuring.decide")
    wanted = approvals.request(db, asked)
    if wanted.act != _REVERSAL:
        raise Refusal(f"request {asked} ({wanted.act}) is answered on its own page", code="answered_elsewhere", act=wanted.act)
    case = _case(db, by, wanted.inputs["loan"])
    answered = approvals.answer(db, clock=clock, by=by, public_id=asked, approved=approved, words=words)
    if answered.standing is not Standing.APPROVED:
        return answered
    spent = approvals.spend(db, clock=clock, by=by.actor, public_id=asked, act=_REVERSAL, inputs=answered.inputs, loan_id=answered.loan_id)
    _reverse(db, clock, by.actor, case, _the(db, case, wanted.inputs["request"]), wanted.inputs["reason"])
    return spent


def requests_of(db: Db, *, by: Staff | Actor, loan: str) -> list[Request]:
    """The loan's requests, newest first, each with both schedules as they were shown: the old terms stay readable."""
    return store.of_loan(db, _case(db, by, loan, lock=False).loan.loan_id)


def reversals_of(db: Db, *, by: Staff, loan: str) -> list[approvals.Request]:
    """The requests to take terms of this loan back that nobody has answered yet."""
    number = _case(db, by, loan, lock=False).loan.loan_id
    found = approvals.requests(db, by.scope, loan_id=number)
    return [each for each in found if each.act == _REVERSAL and each.standing is Standing.OPEN]


def limits_of(db: Db, *, by: Staff | Actor, loan: str) -> Limits:
    """What the loan's own pack allows: how often, and how many months at once."""
    return _limits(_case(db, by, loan, lock=False))


def may_be_decided_by(db: Db, *, by: Staff, loan: str, request: str) -> None:
    """Forbidden or Refusal, saying why, unless this person may agree to the request now: what a screen asks beforehand."""
    require(by, "restructuring.decide")
    case = _case(db, by, loan, lock=False)
    asked = _the(db, case, request)
    after(asked.state, RequestEvent.REFUSE)
    _somebody_else(db, case, by, asked)
    _within_authority(db, case, by, asked)


def as_it_stands(db: Db, *, clock: Clock, by: Staff | Actor, loan: str, request: str) -> Comparison | None:
    """The same change with today's figures where they are no longer those that the request shows; None where they are.

    Refusal where the change could not be agreed to any more.
    """
    case = _case(db, by, loan, lock=False)
    asked = _the(db, case, request)
    told = _plan(db, case, clock, asked.change)[1]
    return None if told.shown == asked.comparison.shown else told


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _case(db: Db, by: Staff | Actor, loan: str, *, lock: bool = True) -> Case:
    """The case within the sight of staff, or the borrower's own; NotFound otherwise."""
    scope: Scope | None = by.scope if isinstance(by, Staff) else None
    case = take(db, loan, scope, lock=lock)
    if not isinstance(by, Staff):
        party_id = case.loan.party_id
        if by.role != "borrower" or party_id is None or party_by_id(db, party_id).public_id != by.id:
            raise NotFound(f"there is no loan {loan} within your sight", code="no_loan", field="loan")
    return case


def _borrower(db: Db, case: Case) -> Party:
    assert case.loan.party_id is not None  # whoever acts as the borrower was found by it
    return party_by_id(db, case.loan.party_id)


def _the(db: Db, case: Case, public_id: str) -> Request:
    found = next((each for each in store.of_loan(db, case.loan.loan_id) if each.public_id == public_id), None)
    if found is None:
        raise NotFound(f"loan {case.loan.public_id} has no request {public_id}", code="no_request", field="request")
    return found


def _consentable(db: Db, case: Case, clock: Clock, public_id: str) -> Request:
    """A request that the borrower may agree to now, with its figures as they were shown."""
    asked = _the(db, case, public_id)
    after(asked.state, RequestEvent.CONSENT)
    _as_shown(_plan(db, case, clock, asked.change)[1], asked.comparison.shown)
    return asked


def _somebody_else(db: Db, case: Case, by: Staff, asked: Request) -> None:
    may_decide(
        by,
        asker=staff_by_id(db, asked.asked_staff_id) if asked.asked_staff_id is not None else None,
        others=[staff_by_id(db, answer.staff_id) for answer in asked.answers],
        officer=staff_by_id(db, case.loan.officer_id) if case.loan.officer_id is not None else None,
        borrower_id=case.loan.party_id,
    )


def _authority(case: Case, change: Rearrangement) -> Authority:
    """Who may agree to the change, by the loan's own pack; Refusal if it is beyond everybody's authority."""
    opened, product = case.loan.opened_on, case.loan.product_code
    most = authority_limits(case.pack, case.lender, on=opened, product=product)
    return authority_for(wanted(change, case.loan.currency), most, [role for role in Role if role in MAY[_DECIDE]])


def _within_authority(db: Db, case: Case, by: Staff, asked: Request) -> None:
    others = [staff_by_id(db, answer.staff_id).role for answer in asked.answers if answer.agreed]
    may_agree(_authority(case, asked.change), by.role, others, needed=asked.needed)


def _limits(case: Case) -> Limits:
    opened = case.loan.opened_on
    return Limits(
        case.number("deferral.times_most", opened),
        case.number("deferral.months_most", opened),
        case.number("classification.restructured_observation", opened),
    )


def _plan(db: Db, case: Case, clock: Clock, change: Rearrangement) -> tuple[Rearranged, Comparison]:
    """What it would do today, within the limits of the loan's own pack."""
    case.must_be(LoanState.ACTIVE)
    limits = _limits(case)
    if change.months is not None and change.months > limits.months_most * 100:
        raise BadInput(f"months: at most {limits.months_most}", field="months")
    if change.rate is not None:
        _under_the_ceiling(db, case, clock, change)
    plan = preview(db, loan=case.loan.public_id, change=change, on=clock.today())
    told = comparison(plan, limits)
    within_limits(plan, told, limits, agreed_before=store.of_loan(db, case.loan.loan_id))
    return plan, told


def _under_the_ceiling(db: Db, case: Case, clock: Clock, change: Rearrangement) -> None:
    """Refusal, naming the rule, if the contract at the new rate would cost more than the ceiling of the day."""
    terms = read_loans(db, [case.loan.loan_id], lock=False)[0].state.terms
    assert change.rate is not None
    check_ceiling(replace(terms, rate=change.rate), case.pack, case.lender, on=clock.today(), product=case.loan.product_code)


def _reverse(db: Db, clock: Clock, by: Actor, case: Case, asked: Request, reason: str) -> None:
    """Take agreed terms back: the event, the record, the row."""
    state = after(asked.state, RequestEvent.REVERSE)
    assert asked.event_no is not None
    says = {"request": asked.public_id, "event_no": asked.event_no, "reason": _said(reason)}
    record = enter(db, case, clock=clock, by=by, kind="restructuring.reversed", says=says, while_frozen=True)
    reverse(db, clock=clock, by=by, loan=case.loan.public_id, event_no=asked.event_no, reason=reason)
    store.take_back(db, loan_id=case.loan.loan_id, public_id=asked.public_id, state=state, seq=record.seq)


def _as_shown(told: Comparison, shown: str) -> None:
    if told.shown != shown:
        raise Refusal(
            "the loan has moved since these figures were shown; look at the new ones and ask again",
            code="restructuring_moved",
            field="shown",
        )


def _said(words: str) -> str:
    if len(words) > MOST_WORDS or "\x00" in words:
        raise BadInput(f"words: at most {MOST_WORDS} characters, without control characters", field="words")
    return words.strip()


def _tell_outcome(db: Db, case: Case, clock: Clock, told: Comparison, *, agreed: bool) -> None:
    if not agreed:
        _tell(db, case, clock, "deferral_refused" if told.change.kind is Kind.DEFER else "terms_refused", {})
        return
    first = told.after[0]
    assert first.due_on is not None
    params: dict[str, Any] = {"n": first.n, "due_on": first.due_on.isoformat()}
    if told.change.kind is Kind.DEFER:
        _tell(db, case, clock, "deferral_agreed", {**params, "extra": told.extra_cost.as_json()})
    else:
        due = {"minor": first.due, "currency": told.extra_cost.currency}
        _tell(db, case, clock, "terms_agreed", {**params, "due": due, "total": told.total_after.as_json()})


def _tell(db: Db, case: Case, clock: Clock, template: str, params: dict[str, Any]) -> None:
    """Promise the borrower a message, by the next morning at the latest."""
    loan, now = case.loan, clock.now()
    promise(
        db,
        Promise(
            loan_id=loan.loan_id, duty_no=None, party_id=loan.party_id, purpose="service", channel="sms", template=template,
            params={"contract": loan.contract_no[-4:], **params}, on_date=clock.today(), send_from=now, send_until=now + _TELLS_WITHIN,
        ),
    )  # fmt: skip
