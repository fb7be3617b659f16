"""The verbs of restructuring: see what more time costs, ask for it, decide, take the request back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import psycopg

from holdfast.contact import Promise, promise
from holdfast.duties import Case, enter, take
from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.life import LoanState
from holdfast.parties import Scope, Staff, party_by_id, require, staff_by_id
from holdfast.restructuring import store
from holdfast.restructuring.model import Comparison, Deferral, DeferralState
from holdfast.restructuring.rules import Limits, before_expiry, comparison, known_reason, may_decide, within_limits
from holdfast.restructuring.states import DeferralEvent, after
from holdfast.servicing import Deferred, defer, preview_deferral

Db = psycopg.Connection[Any]

MOST_WORDS: Final = 500
SHORTEST_WORDS: Final = 4
_TELLS_WITHIN: Final = timedelta(days=2)


def compare(db: Db, *, clock: Clock, by: Staff | Actor, loan: str, months: int) -> Comparison:
    """Today, after, and what it costs, if it were agreed now; writes nothing. Refusal if it could not be agreed to."""
    case = _case(db, by, loan, lock=False)
    plan, limits = _plan(db, case, clock, months)
    return comparison(plan, limits)


def ask_deferral(db: Db, *, clock: Clock, by: Staff | Actor, loan: str, months: int, reason: str, shown: str) -> Deferral:
    """Ask for `months` more months. `shown` is the digest of the comparison that whoever asks has seen.

    The borrower asks on their own loan, or a caller or officer for them. Refusal if the pack or the law allows no
    such extension, if one is asked for already, or if the loan has moved since the comparison was shown.
    """
    if isinstance(by, Staff):
        require(by, "deferral.ask")
    known_reason(reason)
    case = _case(db, by, loan)
    if any(each.state is DeferralState.ASKED for each in store.of_loan(db, case.loan.loan_id)):
        raise Refusal(f"an extension of loan {loan} is asked for already; it waits for an answer", code="deferral_asked", loan=loan)
    plan, limits = _plan(db, case, clock, months)
    before_expiry(plan, clock.today())
    told = comparison(plan, limits)
    _as_shown(told, shown)
    actor, staff_id = (by.actor, by.staff_id) if isinstance(by, Staff) else (by, None)
    public_id = new_id("df")
    says = {
        "deferral": public_id,
        "months": months,
        "reason": reason,
        "from_n": told.from_n,
        "extra_interest": told.extra_interest.as_json(),
        "was_ending_on": told.was_ending_on.isoformat(),
        "ends_on": told.ends_on.isoformat(),
        "days_late": told.days_late,
    }
    record = enter(db, case, clock=clock, by=actor, kind="deferral.asked", says=says, seals={"comparison": told.shown}, opens=("deferral",))
    store.insert(
        db, loan_id=case.loan.loan_id, public_id=public_id, comparison=told, reason=reason, on=clock.today(), at=clock.now(),
        by=actor.id, role=actor.role, staff_id=staff_id, seq=record.seq,
    )  # fmt: skip
    return _the(db, case, public_id)


def decide_deferral(db: Db, *, clock: Clock, by: Staff, loan: str, deferral: str, agreed: bool, words: str) -> Deferral:
    """Agree to exactly what was asked for, or refuse it and say why; the borrower is told either way.

    Never the one who asked, the loan's officer or the borrower, under whichever log-in. To agree, the loan must still
    stand as it was shown: if it has moved, the request is refused or taken back, and asked for anew.
    """
    require(by, "deferral.decide")
    words = _said(words)
    case = _case(db, by, loan)
    asked = _the(db, case, deferral)
    state = after(asked.state, DeferralEvent.AGREE if agreed else DeferralEvent.REFUSE)
    _somebody_else(db, case, by, asked)
    if agreed:
        plan, limits = _plan(db, case, clock, asked.months)
        _as_shown(comparison(plan, limits), asked.comparison.shown)
    elif len(words) < SHORTEST_WORDS:
        raise BadInput("words: whoever refuses says why", field="words")
    says = {"deferral": deferral, "outcome": str(state), "months": asked.months, "words": words}
    seals = {"comparison": asked.comparison.shown}
    record = enter(
        db, case, clock=clock, by=by.actor, kind="deferral.decided", says=says, seals=seals, closes=("deferral",), while_frozen=not agreed
    )
    event_no = defer(db, clock=clock, by=by.actor, loan=loan, months=asked.months).event_no if agreed else None
    store.decide(
        db, loan_id=case.loan.loan_id, public_id=deferral, state=state, at=clock.now(), staff_id=by.staff_id, seq=record.seq, words=words,
        event_no=event_no,
    )  # fmt: skip
    _tell(db, case, clock, asked.comparison, agreed=agreed)
    return _the(db, case, deferral)


def withdraw_deferral(db: Db, *, clock: Clock, by: Staff | Actor, loan: str, deferral: str) -> Deferral:
    """Take a request back before it is decided: the borrower, or staff in their words."""
    if isinstance(by, Staff):
        require(by, "deferral.ask")
    case = _case(db, by, loan)
    asked = _the(db, case, deferral)
    state = after(asked.state, DeferralEvent.WITHDRAW)
    actor, staff_id = (by.actor, by.staff_id) if isinstance(by, Staff) else (by, None)
    record = enter(
        db, case, clock=clock, by=actor, kind="deferral.withdrawn", says={"deferral": deferral}, closes=("deferral",), while_frozen=True
    )
    store.decide(
        db, loan_id=case.loan.loan_id, public_id=deferral, state=state, at=clock.now(), staff_id=staff_id, seq=record.seq, words="",
        event_no=None,
    )  # fmt: skip
    return _the(db, case, deferral)


def deferrals_of(db: Db, *, by: Staff | Actor, loan: str) -> list[Deferral]:
    """The loan's requests, newest first, each with both schedules as they were shown: the old terms stay readable."""
    return store.of_loan(db, _case(db, by, loan, lock=False).loan.loan_id)


def limits_of(db: Db, *, by: Staff | Actor, loan: str) -> Limits:
    """What the loan's own pack allows: how often, and how many months at once."""
    return _limits(_case(db, by, loan, lock=False))


def may_be_decided_by(db: Db, *, by: Staff, loan: str, deferral: str) -> None:
    """Forbidden or Refusal, saying why, unless this person may decide on the request now: what a screen asks beforehand."""
    require(by, "deferral.decide")
    case = _case(db, by, loan, lock=False)
    asked = _the(db, case, deferral)
    after(asked.state, DeferralEvent.REFUSE)
    _somebody_else(db, case, by, asked)


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


def _the(db: Db, case: Case, public_id: str) -> Deferral:
    found = next((each for each in store.of_loan(db, case.loan.loan_id) if each.public_id == public_id), None)
    if found is None:
        raise NotFound(f"loan {case.loan.public_id} has no request {public_id}", code="no_deferral", field="deferral")
    return found


def _somebody_else(db: Db, case: Case, by: Staff, asked: Deferral) -> None:
    may_decide(
        by,
        asker=staff_by_id(db, asked.asked_staff_id) if asked.asked_staff_id is not None else None,
        officer=staff_by_id(db, case.loan.officer_id) if case.loan.officer_id is not None else None,
        borrower_id=case.loan.party_id,
    )


def _limits(case: Case) -> Limits:
    opened = case.loan.opened_on
    return Limits(
        case.number("deferral.times_most", opened),
        case.number("deferral.months_most", opened),
        case.number("classification.restructured_observation", opened),
    )


def _plan(db: Db, case: Case, clock: Clock, months: int) -> tuple[Deferred, Limits]:
    """What it would do today, within the limits of the loan's own pack."""
    case.must_be(LoanState.ACTIVE)
    limits = _limits(case)
    if months > limits.months_most * 100:
        raise BadInput(f"months: at most {limits.months_most}", field="months")
    plan = preview_deferral(db, loan=case.loan.public_id, months=months, on=clock.today())
    agreed = sum(each.state is DeferralState.AGREED for each in store.of_loan(db, case.loan.loan_id))
    within_limits(plan, limits, agreed_before=agreed)
    return plan, limits


def _as_shown(told: Comparison, shown: str) -> None:
    if told.shown != shown:
        raise Refusal(
            "the loan has moved since these figures were shown; look at the new ones and ask again", code="deferral_moved", field="shown"
        )


def _said(words: str) -> str:
    if len(words) > MOST_WORDS or "\x00" in words:
        raise BadInput(f"words: at most {MOST_WORDS} characters, without control characters", field="words")
    return words.strip()


def _tell(db: Db, case: Case, clock: Clock, told: Comparison, *, agreed: bool) -> None:
    """Promise the borrower the answer, by the next morning at the latest."""
    loan, now = case.loan, clock.now()
    params: dict[str, Any] = {"contract": loan.contract_no[-4:]}
    if agreed:
        first = told.lines[0]
        params |= {"n": first.n, "due_on": first.due_on.isoformat(), "extra": told.extra_interest.as_json()}
    promise(
        db,
        Promise(
            loan_id=loan.loan_id, duty_no=None, party_id=loan.party_id, purpose="service", channel="sms",
            template="deferral_agreed" if agreed else "deferral_refused", params=params, on_date=clock.today(), send_from=now,
            send_until=now + _TELLS_WITHIN,
        ),
    )  # fmt: skip
