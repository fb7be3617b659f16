"""Where reminder plans are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.servicing.reminder_plan_model import LivePlan, PlannedMoment, moments_read

Db = psycopg.Connection[Any]

_LIVE: Final = """
    SELECT p.plan_id, p.public_id, p.name, p.version, p.product_code, p.from_day, p.moments
    FROM reminder_plan_live JOIN reminder_plan p USING (plan_id) ORDER BY p.plan_id"""
_PLANS: Final = """
    SELECT p.plan_id, p.public_id, p.name, p.version, p.product_code, p.from_day, p.moments, p.approval, s.public_id, s.name, p.made_at,
           l.live_at
    FROM reminder_plan p JOIN staff s ON s.staff_id = p.made_by LEFT JOIN reminder_plan_live l USING (plan_id)
    WHERE %(plan)s::text IS NULL OR p.public_id = %(plan)s ORDER BY p.plan_id DESC"""
_INSERT: Final = """
    INSERT INTO reminder_plan (public_id, product_code, version, name, moments, from_day, approval, made_by, made_at)
    SELECT %(public_id)s, %(product)s, coalesce(max(version), 0) + 1, %(name)s, %(moments)s, %(from_day)s, %(approval)s, %(made_by)s, %(at)s
    FROM reminder_plan WHERE product_code IS NOT DISTINCT FROM %(product)s"""
# Promises: the night before the plan begins touches each loan that it binds, unless an act has brought the loan up to it before.
_TOUCH: Final = """
    UPDATE account a SET next_event_on = least(a.next_event_on, %(eve)s)
    FROM loan l WHERE l.loan_id = a.loan_id AND l.state = 'active' AND (%(product)s::text IS NULL OR l.product_code = %(product)s)"""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A version of a plan as it was proposed, and when it was put live, if it was."""

    plan_id: int
    public_id: str
    name: str
    version: int
    product: str | None
    from_day: date
    moments: tuple[PlannedMoment, ...]
    approval: str
    made_by: str
    made_by_name: str
    made_at: datetime
    live_at: datetime | None

    @property
    def as_live(self) -> LivePlan:
        """The plan as it binds, or would."""
        return LivePlan(self.plan_id, self.public_id, self.name, self.version, self.product, self.from_day, self.moments)


def ask_live(db: Db) -> Callable[[], tuple[LivePlan, ...]]:
    """Ask for the plans that were put live, within a pipeline; what it gives back reads them."""
    rows = db.execute(_LIVE)
    return lambda: tuple(LivePlan(*(*row[:-1], moments_read(row[-1]))) for row in rows.fetchall())


def live(db: Db) -> tuple[LivePlan, ...]:
    """The plans that were put live, in the order in which they were proposed."""
    return ask_live(db)()


def plans(db: Db, public_id: str | None = None) -> list[PlanRow]:
    """All versions of all plans, newest first; or the one of that public id."""
    rows = db.execute(_PLANS, {"plan": public_id}).fetchall()
    return [PlanRow(*(*row[:6], moments_read(row[6]), *row[7:])) for row in rows]


def one_planner(db: Db) -> None:
    """Wait until no other transaction numbers or puts live a plan."""
    db.execute("SELECT pg_advisory_xact_lock(hashtextextended('holdfast reminder plans', 0))")


def insert(
    db: Db, *, public_id: str, product: str | None, name: str, moments: str, from_day: date, approval: str, made_by: int, at: datetime
) -> None:
    """Write a version as it is proposed."""
    given = {"public_id": public_id, "product": product, "name": name, "moments": moments, "from_day": from_day, "approval": approval}
    db.execute(_INSERT, {**given, "made_by": made_by, "at": at})


def put_live(db: Db, plan_id: int, at: datetime) -> None:
    """Write that two people put it live."""
    db.execute("INSERT INTO reminder_plan_live (plan_id, live_at) VALUES (%s, %s)", [plan_id, at])


def touch(db: Db, product: str | None, eve: date) -> int:
    """Have the night of `eve` touch the loans that are being repaid, of the product or of all; how many."""
    return db.execute(_TOUCH, {"product": product, "eve": eve}).rowcount
