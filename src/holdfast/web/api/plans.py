"""Reminder plans: what binds a product, proposing a version, and the second person's answer."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from ninja import Router
from pydantic import Field, StrictInt

from holdfast.servicing import reminder_plans
from holdfast.servicing.reminder_plan_model import FURTHEST_AFTER, FURTHEST_BEFORE, MOST_MOMENTS, PlannedMoment
from holdfast.servicing.reminder_plans import Plan
from holdfast.web.api.approvals import ApprovalsAnswerIn
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.values import Day, In, Instant, Name, Out, Words

router = Router()


class PlanMomentIn(In):
    """A day counted from the due date (-7: a week before) and the channels in order; a person is always the last, named or not."""

    days: Annotated[StrictInt, Field(ge=-FURTHEST_BEFORE, le=FURTHEST_AFTER)]
    channels: Annotated[list[Literal["sms", "voice", "person"]], Field(min_length=1, max_length=3)]


class PlanMomentOut(Out):
    """One moment: days from the due date, and the channels in the order in which they are tried."""

    days: int
    channels: list[str]


class ReminderPlanIn(In):
    """A version of a plan, for one product or (null) for all that have none of their own, to begin on a day to come."""

    name: Name
    product: Name | None = None
    from_day: Day
    moments: Annotated[list[PlanMomentIn], Field(min_length=1, max_length=MOST_MOMENTS)]
    words: Words


class PlanDifferenceOut(Out):
    """A moment that differs from what binds now: the channels there and here, none where there is no such moment."""

    days: int
    was: list[str]
    now: list[str]


class ReminderPlanOut(Out):
    """One version. `standing` is proposed, refused, to_come, in_force or past; `request` is what the second person answers."""

    id: str
    name: str
    version: int
    product: str | None
    from_day: Day
    moments: list[PlanMomentOut]
    standing: str
    request: str
    made_by: str
    made_at: Instant
    live_at: Instant | None
    differs: list[PlanDifferenceOut]


class ReminderPlanList(Out):
    """All versions, newest first."""

    items: list[ReminderPlanOut]
    next: None = None


class PlanInForceOut(Out):
    """What binds a product's loans on a day: a plan's moments or, where `plan` is null, those of the lender's policy pack."""

    product: str
    on: Day
    plan: str | None
    version: int | None
    moments: list[PlanMomentOut]


@operation(router, "GET", "/reminder-plans", "plans.list", answer=ReminderPlanList)
def list_plans(call: Call) -> Any:
    """All versions of all plans."""
    return {"items": [_out(call, each) for each in reminder_plans.every(call.db, clock=call.clock)], "next": None}


@operation(router, "GET", "/reminder-plans/in-force", "plans.in_force", answer=PlanInForceOut)
def in_force(call: Call, product: str, on: Day | None = None) -> Any:
    """What binds loans of that product on a day, today if none is named."""
    day: date = on or call.clock.today()
    plan, moments = reminder_plans.in_force(call.db, clock=call.clock, product=product, on=day)
    return {
        "product": product, "on": day, "plan": plan.public_id if plan else None, "version": plan.version if plan else None,
        "moments": _moments(moments),
    }  # fmt: skip


@operation(router, "POST", "/reminder-plans", "plans.propose", answer=ReminderPlanOut, status=202)
def propose(call: Call, body: ReminderPlanIn) -> Any:
    """Propose a version; another person puts it live, and it binds from its day on."""
    made = reminder_plans.propose(
        call.db, clock=call.clock, by=call.staff, name=body.name, product=body.product, from_day=body.from_day, words=body.words,
        moments=[each.model_dump() for each in body.moments],
    )  # fmt: skip
    return _out(call, made)


@operation(router, "GET", "/reminder-plans/{plan}", "plans.read", answer=ReminderPlanOut)
def read_plan(call: Call, plan: str) -> Any:
    """One version, and what differs from what binds now."""
    return _out(call, reminder_plans.one(call.db, clock=call.clock, plan=plan))


@operation(router, "POST", "/reminder-plans/{plan}/answer", "plans.answer", answer=ReminderPlanOut)
def answer(call: Call, plan: str, body: ApprovalsAnswerIn) -> Any:
    """The second person's yes or no; after a yes it binds from its day on, and no day before."""
    return _out(call, reminder_plans.answer(call.db, clock=call.clock, by=call.staff, plan=plan, approved=body.approved, words=body.words))


def _out(call: Call, plan: Plan) -> dict[str, Any]:
    row = plan.row
    stands = reminder_plans.in_force(call.db, clock=call.clock, product=row.product)[1]
    return {
        "id": row.public_id, "name": row.name, "version": row.version, "product": row.product, "from_day": row.from_day,
        "moments": _moments(row.moments), "standing": plan.standing, "request": row.approval, "made_by": row.made_by,
        "made_at": row.made_at, "live_at": row.live_at,
        "differs": [
            {"days": each.days, "was": list(each.was), "now": list(each.now)}
            for each in reminder_plans.differences(stands, row.moments)
        ],
    }  # fmt: skip


def _moments(moments: tuple[PlannedMoment, ...]) -> list[dict[str, Any]]:
    return [each.as_json() for each in moments]
