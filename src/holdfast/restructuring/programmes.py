"""Hardship programmes (纾困计划): all loans of a chosen set are given more time in one act.

A risk manager draws the set up and sees each loan's new days and what they cost; another person agrees to exactly
that. Then each loan has its turn by the very function by which one extension is agreed to, under the programme's
record; what has moved in the meantime is left alone and says so. Ended in the middle, it goes on where it stopped. The
whole can be taken back by two people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import psycopg

from holdfast import approvals
from holdfast.approvals import Request, Standing
from holdfast.contact import Promise, promise
from holdfast.duties import enter, take_by_id
from holdfast.journal import Actor, chain_ids, write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Fault, Forbidden, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import Money
from holdfast.parties import Staff, require, staff_by_id
from holdfast.policy import lender, pack_in_force
from holdfast.restructuring import programme_store as store
from holdfast.restructuring.programme import (
    CAUSES,
    GIVEN,
    Chosen,
    Member,
    Outcome,
    Programme,
    ProgrammeEvent,
    ProgrammeState,
    after,
    digest_of,
    shown_of,
)
from holdfast.servicing import Kind, Rearranged, Rearrangement, preview, read_loans, rearrange, reverse

Db = psycopg.Connection[Any]

MOST_LOANS: Final = 5_000
AT_ONCE: Final = 50
MOST_NAME: Final = 80
_TELLS_WITHIN: Final = timedelta(days=2)


def plan_programme(db: Db, *, clock: Clock, by: Staff, name: str, cause: str, chosen: Chosen, change: Rearrangement) -> Programme:
    """Draw a programme up: which loans within sight it is for, what it does to each, and which are left out and why. Nothing moves yet.

    Refusal if the set is empty or larger than a person can answer for, or if the pack allows no such change.
    """
    require(by, "programme.plan")
    today = clock.today()
    if not name.strip() or len(name) > MOST_NAME or "\x00" in name:
        raise BadInput(f"name: 1 to {MOST_NAME} characters", field="name")
    if cause not in CAUSES:
        raise BadInput(f"cause: choose one of {', '.join(CAUSES)}, not {cause!r}", field="cause")
    _lawful(db, clock, change)
    condition, values = by.scope.condition("l")
    rows = store.choose(db, condition, values, chosen, today=today, limit=MOST_LOANS + 1)
    if not rows:
        raise Refusal("no loan that is being repaid meets this choice; widen it", code="programme_empty", field="branches")
    if len(rows) > MOST_LOANS:
        raise Refusal(
            f"more than {MOST_LOANS} loans meet this choice; make several programmes", code="programme_too_large", field="branches"
        )
    if len({row[4] for row in rows}) > 1:
        raise Refusal("the loans are in several currencies; make a programme for each", code="programme_currencies", field="products")
    times_most = pack_in_force(db, clock).number("deferral.times_most", on=today, lender_type=lender(db).lender_type)
    members = [_member(db, row, change, today, times_most) for row in rows]
    fit = [each for each in members if each.outcome is Outcome.PLANNED]
    if not fit:
        raise Refusal(f"none of the {len(members)} loans can be given this: {members[0].why}", code="programme_empty", field="months")
    programme_id, public_id = chain_ids(db, 1)[0], new_id("hp")
    currency = fit[0].principal.currency
    made = Programme(
        programme_id=programme_id, public_id=public_id, state=ProgrammeState.PLANNED, name=name.strip(), cause=cause, chosen=chosen,
        change=change, shown=digest_of(chosen, change, members), loans=len(fit), left_out=len(members) - len(fit),
        principal=Money(sum(each.principal.minor for each in fit), currency), extra=Money(sum(each.extra.minor for each in fit), currency),
        planned_on=today, planned_at=clock.now(), planned_by=by.staff_id, planned_name=by.name, request=None, decided_by=None,
        decided_name=None, reversal=None, reverse_why="", given=0, moved=0, taken_back=0, kept=0,
    )  # fmt: skip
    store.insert(db, made, members)
    _tell_chain(db, clock, by.actor, made, "programme.planned", {"chosen": chosen.as_json(), "change": change.to_json(), **_figures(made)})
    return made


def ask_programme(db: Db, *, clock: Clock, by: Staff, programme: str, shown: str, reason: str) -> Programme:
    """Ask another person to agree to the programme as it was shown. Refusal if `shown` is not the digest of its preview."""
    require(by, "programme.plan")
    found = _whole(db, by, programme)
    state = after(found.state, ProgrammeEvent.ASK)
    if shown != found.shown:
        raise Refusal("this is not the preview that was drawn up; look at it again", code="programme_moved", field="shown")
    asked = approvals.ask(db, clock=clock, by=by, act="programme", inputs=_inputs(found), reason=reason)
    store.change(db, found.programme_id, state, request=asked.public_id)
    return the_programme(db, by=by, programme=programme)


def drop_programme(db: Db, *, clock: Clock, by: Staff, programme: str) -> Programme:
    """Give up a programme that nobody has been asked to agree to."""
    require(by, "programme.plan")
    found = _whole(db, by, programme)
    store.change(db, found.programme_id, after(found.state, ProgrammeEvent.DROP))
    _tell_chain(db, clock, by.actor, found, "programme.dropped", {})
    return the_programme(db, by=by, programme=programme)


def decide_programme(db: Db, *, clock: Clock, by: Staff, programme: str, shown: str, agreed: bool, words: str) -> Programme:
    """Agree to exactly what was shown, or refuse it; from then on its loans have their turn.

    Never whoever drew it up or asked, under whichever log-in, nor the borrower of one of its loans.
    """
    require(by, "programme.decide")
    found = _whole(db, by, programme)
    state = after(found.state, ProgrammeEvent.AGREE if agreed else ProgrammeEvent.REFUSE)
    if shown != found.shown:
        raise Refusal("this is not what was asked; look at it again", code="programme_moved", field="shown")
    _answered(db, clock, by, found, found.request, "programme", _inputs(found), agreed, words)
    store.change(db, found.programme_id, state, decided_by=by.staff_id)
    kind = "programme.agreed" if agreed else "programme.refused"
    _tell_chain(db, clock, by.actor, found, kind, {"words": words.strip(), **_figures(found)})
    return the_programme(db, by=by, programme=programme)


def ask_programme_back(db: Db, *, clock: Clock, by: Staff, programme: str, reason: str) -> Programme:
    """Ask another person to take the whole programme back. Refusal until every loan has had its turn, or if it is asked already."""
    require(by, "programme.plan")
    found = _whole(db, by, programme)
    after(found.state, ProgrammeEvent.REVERSE)
    if found.reversal is not None and approvals.request(db, found.reversal).standing is Standing.OPEN:
        raise Refusal("taking it back is asked for already", code="programme_back_asked")
    asked = approvals.ask(db, clock=clock, by=by, act="programme.reverse", inputs=_back_inputs(found), reason=reason)
    store.change(db, found.programme_id, found.state, reversal=asked.public_id, reverse_why=reason.strip())
    return the_programme(db, by=by, programme=programme)


def decide_programme_back(db: Db, *, clock: Clock, by: Staff, programme: str, agreed: bool, words: str) -> Programme:
    """Agree to take the whole programme back, or not; then each loan has its turn again."""
    require(by, "programme.decide")
    found = _whole(db, by, programme)
    state = after(found.state, ProgrammeEvent.REVERSE)
    _answered(db, clock, by, found, found.reversal, "programme.reverse", _back_inputs(found), agreed, words)
    if agreed:
        store.change(db, found.programme_id, state, reversed_by=by.staff_id)
    kind = "programme.reversal_agreed" if agreed else "programme.reversal_refused"
    _tell_chain(db, clock, by.actor, found, kind, {"words": words.strip()})
    return the_programme(db, by=by, programme=programme)


def run_programme(db: Db, *, clock: Clock, programme: str, most: int = AT_ONCE) -> int:
    """Give the next loans their turn, in the caller's transaction; how many are still waiting.

    Safe to run again, by several at once, and after any of them was killed: a loan's turn and the note that it has had it
    are one transaction.
    """
    found = _found(db, programme)
    if found.state is ProgrammeState.RUNNING:
        turn, kind, step = Outcome.PLANNED, "programme.done", _give
    elif found.state is ProgrammeState.REVERSING:
        turn, kind, step = Outcome.GIVEN, "programme.reversed", _take_back
    else:
        return 0
    for loan_id in store.turn(db, found.programme_id, turn, most):
        step(db, clock, found, loan_id)
    found = _found(db, programme, lock=True)
    if found.state in (ProgrammeState.RUNNING, ProgrammeState.REVERSING) and not found.waiting:
        store.change(db, found.programme_id, after(found.state, ProgrammeEvent.FINISH))
        _tell_chain(
            db, clock, _decider(db, found), found, kind, {name: getattr(found, name) for name in ("given", "moved", "taken_back", "kept")}
        )
    return found.waiting


def the_programme(db: Db, *, by: Staff, programme: str) -> Programme:
    """One programme; NotFound unless the person sees every loan of it."""
    return _whole(db, by, programme, lock=False)


def programmes_of(db: Db, *, by: Staff) -> list[Programme]:
    """The programmes all of whose loans this person sees, newest first."""
    condition, values = by.scope.condition("l")
    return [each for each in store.programmes(db, limit=200) if not store.out_of_sight(db, each.programme_id, condition, values)]


def members_of(
    db: Db, *, by: Staff, programme: str, outcomes: tuple[str, ...] = (), after_loan: int = -1, limit: int = MOST_LOANS
) -> list[Member]:
    """The loans of a programme, each with what is done to it or why it was left out."""
    found = _whole(db, by, programme, lock=False)
    return store.members(db, found.programme_id, *by.scope.condition("l"), outcomes=outcomes, after=after_loan, limit=limit)


def unfinished(db: Db) -> list[str]:
    """The programmes that still have loans before them: what the worker goes on with."""
    return store.working(db)


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _lawful(db: Db, clock: Clock, change: Rearrangement) -> None:
    if change.kind not in GIVEN:
        raise BadInput(f"kind: a programme gives one of {', '.join(GIVEN)}, not {change.kind}", field="kind")
    most = pack_in_force(db, clock).number("programme.months_most", on=clock.today(), lender_type=lender(db).lender_type)
    asked = change.months if change.kind is Kind.DEFER else change.periods
    if (asked or 0) > most:
        field = "months" if change.kind is Kind.DEFER else "periods"
        raise Refusal(f"programme.months_most allows {most}, not {asked}", code="programme_months", field=field, most=most)


def _member(db: Db, row: Any, change: Rearrangement, today: date, times_most: int) -> Member:
    loan_id, loan, contract_no, borrower, currency, principal, oldest, frozen, elsewhere, times = row
    plain = Member(loan_id, loan, contract_no, borrower, Outcome.LEFT_OUT, Money(principal, currency), oldest, None, Money(0, currency))
    if frozen:
        return replace(plain, why="frozen")
    if elsewhere:
        return replace(plain, why="in_another_programme")
    if times >= times_most:
        return replace(plain, why="deferral_times")
    try:
        plan = preview(db, loan=loan, change=change, on=today)
    except (Refusal, BadInput) as error:
        return replace(plain, why=error.code)
    if plan.ends_on > plan.longest_until:
        return replace(plain, why="deferral_too_long")
    return replace(plain, outcome=Outcome.PLANNED, due_on=_first_due(plan), extra=plan.extra_cost, shown=shown_of(plan))


def _first_due(plan: Rearranged) -> date | None:
    return next((row.due_on for row in plan.after if row.unpaid), None)


def _give(db: Db, clock: Clock, found: Programme, loan_id: int) -> None:
    """One loan's turn. What has moved since the preview is left alone; nothing of it is written."""
    by = _decider(db, found)
    case = take_by_id(db, loan_id)
    member = store.members(db, found.programme_id, "TRUE", {}, after=loan_id - 1, limit=1)[0]
    try:
        with db.transaction():
            plan = preview(db, loan=member.loan, change=found.change, on=clock.today())
            if shown_of(plan) != member.shown:
                raise Refusal("the loan has moved since the programme was drawn up", code="programme_moved")
            says = {"programme": found.public_id, "name": found.name, "cause": found.cause, "extra": plan.extra_cost.as_json()}
            enter(db, case, clock=clock, by=by, kind="programme.given", says=says, seals={"programme": found.shown})
            done = rearrange(db, clock=clock, by=by, loan=member.loan, change=found.change)
    except (Refusal, BadInput) as error:
        store.settle(db, found.programme_id, loan_id, Outcome.MOVED, why=error.code)
        return
    store.settle(db, found.programme_id, loan_id, Outcome.GIVEN, event_no=done.event_no)
    first = next(row for row in plan.after if row.unpaid)
    told = {"n": first.n, "due_on": first.due_on.isoformat(), "extra": plan.extra_cost.as_json()}
    _promise(db, clock, case.loan, "programme_given", told)


def _take_back(db: Db, clock: Clock, found: Programme, loan_id: int) -> None:
    """One loan's turn to be as if the programme had not been."""
    by = _decider(db, found)
    case = take_by_id(db, loan_id)
    member = store.members(db, found.programme_id, "TRUE", {}, after=loan_id - 1, limit=1)[0]
    try:
        with db.transaction():
            says = {"programme": found.public_id, "why": found.reverse_why}
            enter(db, case, clock=clock, by=by, kind="programme.taken_back", says=says, seals={"programme": found.shown})
            assert member.event_no is not None
            reverse(db, clock=clock, by=by, loan=member.loan, event_no=member.event_no, reason=found.reverse_why)
    except (Refusal, BadInput) as error:
        store.settle(db, found.programme_id, loan_id, Outcome.KEPT, why=error.code)
        return
    store.settle(db, found.programme_id, loan_id, Outcome.TAKEN_BACK)
    first = next((row for row in read_loans(db, [loan_id], lock=False)[0].state.instalments if row.unpaid), None)
    if first is not None:
        _promise(db, clock, case.loan, "programme_taken_back", {"n": first.n, "due_on": first.due_on.isoformat()})


def _promise(db: Db, clock: Clock, loan: Any, template: str, told: Mapping[str, Any]) -> None:
    now = clock.now()
    promise(
        db,
        Promise(
            loan_id=loan.loan_id, duty_no=None, party_id=loan.party_id, purpose="service", channel="sms", template=template,
            params={"contract": loan.contract_no[-4:], **told}, on_date=clock.today(), send_from=now, send_until=now + _TELLS_WITHIN,
        ),
    )  # fmt: skip


def _answered(
    db: Db, clock: Clock, by: Staff, found: Programme, request: str | None, act: str, inputs: Mapping[str, Any], agreed: bool, words: str
) -> Request:
    """The answer to a request of the programme; Refusal if there is none, Forbidden as in `approvals`."""
    if request is None:
        raise Refusal("nobody has asked for it yet", code="programme_not_asked")
    planner = staff_by_id(db, found.planned_by)
    if by.is_same_person(planner):
        raise Forbidden("whoever drew the programme up cannot agree to it; another person must", code="approval_maker")
    answer = approvals.answer(db, clock=clock, by=by, public_id=request, approved=agreed, words=words)
    if agreed:
        approvals.spend(db, clock=clock, by=by.actor, public_id=request, act=act, inputs=inputs)
    return answer


def _inputs(found: Programme) -> dict[str, Any]:
    return {"programme": found.public_id, "shown": found.shown, "loans": found.loans, "extra": found.extra.as_json()}


def _back_inputs(found: Programme) -> dict[str, Any]:
    return {"programme": found.public_id, "given": found.given}


def _figures(found: Programme) -> dict[str, Any]:
    return {
        "name": found.name, "cause": found.cause, "loans": found.loans, "left_out": found.left_out,
        "principal": found.principal.as_json(), "extra": found.extra.as_json(),
    }  # fmt: skip


def _tell_chain(db: Db, clock: Clock, by: Actor, found: Programme, kind: str, says: Mapping[str, Any]) -> None:
    write_record(
        db, clock=clock, by=by, chain_id=found.programme_id, chain=found.public_id, kind=kind, says=says, seals={"programme": found.shown}
    )


def _decider(db: Db, found: Programme) -> Actor:
    if found.decided_by is None:
        raise Fault(f"programme {found.public_id} runs and nobody agreed to it", code="programme_undecided")
    return staff_by_id(db, found.decided_by).actor


def _found(db: Db, public_id: str, *, lock: bool = False) -> Programme:
    found = store.programme(db, public_id, lock=lock)
    if found is None:
        raise NotFound(f"there is no programme {public_id} within your sight", code="no_programme", field="programme")
    return found


def _whole(db: Db, by: Staff, public_id: str, *, lock: bool = True) -> Programme:
    """The programme, if the person sees every loan of it: nobody agrees to what they cannot look at."""
    found = _found(db, public_id, lock=lock)
    if store.out_of_sight(db, found.programme_id, *by.scope.condition("l")):
        raise NotFound(f"there is no programme {public_id} within your sight", code="no_programme", field="programme")
    return found
