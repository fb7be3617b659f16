"""Reminder plans: one person proposes a version, a second puts it live, and from its day on it binds the loans of its product.

What binds is computed by `duties` for the verbs and by `expectations` for the audit; the night before a plan begins brings the
open duties of its loans up to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import psycopg

from holdfast import approvals, products
from holdfast.approvals import Request, Standing
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.parties import Staff, require
from holdfast.policy import Lender, Pack, lender, pack_in_force, record_house_act
from holdfast.servicing import reminder_plan_store as store
from holdfast.servicing.duties import Plan as Days
from holdfast.servicing.duties import plan_of
from holdfast.servicing.reminder_plan_model import MACHINE, LivePlan, PlannedMoment, moments_of, moments_text, plan_on
from holdfast.servicing.reminder_plan_store import PlanRow

Db = psycopg.Connection[Any]

ACT: Final = "reminder_plan.propose"
_DAY: Final = timedelta(days=1)
_LONGEST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """A version of a plan and where it stands: `proposed`, `refused`, `to_come`, `in_force` or `past`."""

    row: PlanRow
    asked: Request
    standing: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One moment that a plan would change: the channels before and after, empty where there is no such moment."""

    days: int
    was: tuple[str, ...]
    now: tuple[str, ...]


def propose(
    db: Db, *, clock: Clock, by: Staff, name: str, product: str | None, moments: Sequence[Mapping[str, Any]], from_day: date, words: str
) -> Plan:
    """Propose the next version of the plan of a product, or (None) of all that have none of their own, to begin on `from_day`.

    BadInput for moments that do not hold together, or a day that is too near; nothing is in force before a second person agrees.
    """
    require(by, ACT)
    name = " ".join(name.split())
    if not 2 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise BadInput(f"name: 2 to {_LONGEST_NAME} characters", field="name")
    if product is not None and product not in {each.code for each in products.products(db)}:
        raise BadInput(f"product: there is no product {product!r}", field="product")
    wanted = moments_of(moments)
    if (earliest := first_day(lender(db), clock)) > from_day:
        raise BadInput(f"from_day: {earliest} at the earliest, since the day before it must not be closed yet", field="from_day")
    store.one_planner(db)
    public_id = new_id("rp")
    inputs = {"plan": public_id, "name": name, "product": product or "", "from_day": from_day.isoformat(), "moments": moments_text(wanted)}
    asked = approvals.ask(db, clock=clock, by=by, act=ACT, inputs=inputs, reason=words)
    store.insert(
        db, public_id=public_id, product=product, name=name, moments=moments_text(wanted), from_day=from_day, approval=asked.public_id,
        made_by=by.staff_id, at=clock.now(),
    )  # fmt: skip
    return one(db, clock=clock, plan=public_id)


def answer(db: Db, *, clock: Clock, by: Staff, plan: str, approved: bool, words: str) -> Plan:
    """The second person's yes or no. After a yes it binds from its day on.

    Refusal if that day has come too near meanwhile: then another version is proposed.
    """
    require(by, "reminder_plan.answer")
    store.one_planner(db)
    found = one(db, clock=clock, plan=plan).row
    answered = approvals.answer(db, clock=clock, by=by, public_id=found.approval, approved=approved, words=words)
    if approved:
        if (earliest := first_day(lender(db), clock)) > found.from_day:
            raise Refusal(
                f"it was to begin on {found.from_day}; {earliest} is the earliest now", code="plan_too_late", day=earliest.isoformat()
            )
        approvals.spend(db, clock=clock, by=by.actor, public_id=found.approval, act=ACT, inputs=answered.inputs)
        store.put_live(db, found.plan_id, clock.now())
        store.touch(db, found.product, found.from_day - _DAY)
        says = {
            "plan": found.public_id, "name": found.name, "version": found.version, "product": found.product or "",
            "from": found.from_day.isoformat(), "moments": moments_text(found.moments), "approval": found.approval,
        }  # fmt: skip
        record_house_act(db, clock=clock, by=by.actor, kind="reminder_plan.live", says=says)
    return one(db, clock=clock, plan=plan)


def first_day(known: Lender, clock: Clock) -> date:
    """The earliest day on which a plan may begin: the night before it has still to come."""
    today = clock.today()
    closed = known.last_night_on is not None and known.last_night_on >= today
    return today + (2 * _DAY if closed else _DAY)


def one(db: Db, *, clock: Clock, plan: str) -> Plan:
    """The version of that public id; NotFound otherwise."""
    rows = store.plans(db, plan)
    if not rows:
        raise NotFound(f"there is no reminder plan {plan}", code="no_reminder_plan", field="plan")
    return _stands(db, rows[0], store.live(db), clock.today())


def every(db: Db, *, clock: Clock) -> list[Plan]:
    """All versions of all plans, newest first."""
    live, today = store.live(db), clock.today()
    return [_stands(db, row, live, today) for row in store.plans(db)]


def _stands(db: Db, row: PlanRow, live: Sequence[LivePlan], today: date) -> Plan:
    asked = approvals.request(db, row.approval)
    if row.live_at is not None:
        of_product = [each for each in live if each.product == row.product]
        now = max((each for each in of_product if each.from_day <= today), key=lambda each: (each.from_day, each.version), default=None)
        if row.from_day > today:
            standing = "to_come"
        else:
            standing = "in_force" if now is not None and now.plan_id == row.plan_id else "past"
    else:
        standing = "refused" if asked.standing is Standing.REFUSED else "proposed"
    return Plan(row, asked, standing)


def in_force(db: Db, *, clock: Clock, product: str | None, on: date | None = None) -> tuple[LivePlan | None, tuple[PlannedMoment, ...]]:
    """What binds a product's loans on a day (today if none is named): the plan, or None and the moments of the lender's pack."""
    day = on or clock.today()
    plan = plan_on(store.live(db), product or "", day)
    if plan is not None:
        return plan, plan.moments
    pack, kind = pack_in_force(db, clock), lender(db).lender_type
    before = pack.numbers("reminder.days_before", on=day, lender_type=kind, product=product)
    after = pack.numbers("followup.days_past_due", on=day, lender_type=kind, product=product)
    told = {-days: MACHINE[:1] for days in before} | {days: MACHINE[:1] if days == 1 else () for days in after}
    return None, tuple(PlannedMoment(days, told[days]) for days in sorted(told))


def plan_for(db: Db, known: Lender, pack: Pack, *, on: date, product: str) -> Days:
    """The days of reminding and following up of a loan of that product which was made on that day under that pack."""
    return plan_of(pack, known, "none", on, product=product, live=store.live(db))


def differences(was: Sequence[PlannedMoment], now: Sequence[PlannedMoment]) -> list[Difference]:
    """What changes from one set of moments to the other, in order of their days."""
    old, new = ({each.days: each.steps for each in moments} for moments in (was, now))
    return [Difference(days, old.get(days, ()), new.get(days, ())) for days in sorted({*old, *new}) if old.get(days) != new.get(days)]
