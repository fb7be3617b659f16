"""Performance: what those who follow up did in a period, and the records that each figure counts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from ninja import Router

from holdfast.followup import performance
from holdfast.followup.performance_model import Figures, Line, days_of
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.values import Day, Instant, MoneyOut, Out

router = Router()
Period = Literal["day", "week", "month"]
FigureName = Literal["calls", "reached", "in_time", "late", "promises", "kept", "broken", "complaints", "upheld"]
_COUNTS = ("calls", "reached", "in_time", "late", "promises", "kept", "broken", "complaints", "upheld")
_MONEY = ("promised", "kept_money", "broken_money", "received")


class PerformanceFiguresOut(Out):
    """Counts of records; `first_attempt_seconds` is the average wait of a follow-up; `received` counts at most what was promised."""

    calls: int
    reached: int
    in_time: int
    late: int
    first_attempt_seconds: int | None
    promises: int
    kept: int
    broken: int
    complaints: int
    upheld: int
    promised: list[MoneyOut]
    kept_money: list[MoneyOut]
    broken_money: list[MoneyOut]
    received: list[MoneyOut]


class PerformerOut(Out):
    """Somebody and their figures."""

    staff: str
    name: str
    figures: PerformanceFiguresOut


class PerformanceTeamOut(Out):
    """How many people there are in the team, and their figures together."""

    people: int
    figures: PerformanceFiguresOut


class PerformanceOut(Out):
    """The figures of the days from `since` to `until`, by name. `team` is null where so few people would tell of one."""

    since: Day
    until: Day
    items: list[PerformerOut]
    team: PerformanceTeamOut | None


class PerformanceRecordOut(Out):
    """A record that a figure counts: its loan, its day, its moment if one is kept, a code of what it was, and its id on the loan."""

    loan: str
    contract_no: str
    borrower: str
    on: Day | None
    at: Instant | None
    what: str
    record: str
    amount: MoneyOut | None
    received: MoneyOut | None


class PerformanceRecordList(Out):
    items: list[PerformanceRecordOut]


@operation(router, "GET", "/performance", "performance.figures", answer=PerformanceOut)
def figures(call: Call, period: Period, on: Day) -> Any:
    """One's own figures for the day, week or month that `on` lies in; for approvers, risk and the auditor those of the people in sight."""
    since, until = days_of(period, on)
    together = performance.team(call.db, by=call.staff, period=period, on=on)
    return {
        "since": since, "until": until,
        "items": [
            {"staff": each.staff, "name": each.name, "figures": _told(each.figures)}
            for each in performance.figures(call.db, by=call.staff, period=period, on=on)
        ],
        "team": None if together is None else {"people": together[0], "figures": _told(together[1])},
    }  # fmt: skip


@operation(router, "GET", "/performance/{staff}/{figure}", "performance.records", answer=PerformanceRecordList)
def records(call: Call, staff: str, figure: FigureName, period: Period, on: Day) -> Any:
    """The records that a figure of somebody counts, newest first, 1,000 at most."""
    found = performance.lines(call.db, by=call.staff, of=staff, figure=figure, period=period, on=on, limit=performance.MOST_LISTED)
    return {"items": [_line(each) for each in found]}


def _told(given: Figures) -> dict[str, Any]:
    wait = given.first_attempt
    return {
        **{name: getattr(given, name) for name in _COUNTS},
        **{name: [{"minor": minor, "currency": code} for code, minor in getattr(given, name).items()] for name in _MONEY},
        "first_attempt_seconds": None if wait is None else int(wait.total_seconds()),
    }


def _line(each: Line) -> dict[str, Any]:
    at: date | datetime = each.at
    names = ("loan", "contract_no", "borrower", "what", "record", "amount", "received")
    moment = at if isinstance(at, datetime) else None
    return {**{name: getattr(each, name) for name in names}, "at": moment, "on": None if moment else at}
