"""Home: what I must do next, and how the day stands.

Duty first: the list is ranked by what is at stake, and each line says why it stands where it does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_safe

from holdfast.approvals import Request, Standing, requests
from holdfast.database.connection import transaction
from holdfast.duties import escalation
from holdfast.duties.ownership import hands as hands_of
from holdfast.duties.ranking import Rank, weights_of
from holdfast.followup.settlements import waits
from holdfast.kernel.clock import instant_on
from holdfast.life import DUTIES, DutyKind
from holdfast.servicing.queues import QueueLine, count, queue, works
from holdfast.web.console import approval, duty_words, reading, words
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.pace import NEWEST, Told, pace

# How many duties are ranked at once; the rest is a click away and says how many it is.
_RANKED: Final = 200
_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Task:
    """A duty as a line of my day: `used` percent of its time, `tone` the colour of its bar, `reasons` why it stands where it does."""

    row: Mapping[str, Any]
    kind: DutyKind
    about: str
    act: str
    used: int
    tone: str
    left: timedelta
    later: bool
    points: int
    reasons: Sequence[str]

    @property
    def group(self) -> str:
        """`late`, `near` (half of the time is used), or when it is due: `today` or `week`."""
        return {"late": "late", "warn": "near"}.get(self.tone, "week" if self.later else "today")


def task_of(row: Mapping[str, Any], now: datetime, end_of_today: datetime, rank: Rank | None = None) -> Task:
    """A duty as a line; one whose time has not begun has no rank yet."""
    used, mark = escalation(row["window_from"], row["due_at"], now)
    kind = DUTIES[row["kind"]]
    return Task(
        row=row,
        kind=kind,
        about=words.about(row["kind"], row["about"]),
        act=words.word(words.DUTY_ACTS, row["kind"]),
        used=used,
        tone=words.TONES[mark],
        left=row["due_at"] - now,
        later=row["due_at"] >= end_of_today,
        points=rank.points if rank else 0,
        reasons=duty_words.reasons(rank, row["currency"]) if rank else (),
    )


def _as_row(line: QueueLine) -> Mapping[str, Any]:
    """A line of the queue under the names that the page's template reads."""
    return {
        "public_id": line.loan, "duty_no": line.no, "borrower_label": line.borrower, "contract_no": line.contract_no,
        "name_zh": line.product_zh, "name_en": line.product_en, "principal_out": line.exposure.minor, "currency": line.exposure.currency,
        "owner": line.owner, "kind": line.kind, "about": line.about, "due_at": line.due_at, "window_from": line.window_from,
    }  # fmt: skip


@require_safe
@at_desk
def home(request: HttpRequest, desk: Desk) -> HttpResponse:
    """My duties of the week, ranked, beside the day's figures and what waits for a second person."""
    zone = desk.lender.zone
    tomorrow = instant_on(desk.today + timedelta(days=1), time(0), zone)
    week_end = tomorrow + timedelta(days=6)
    with transaction() as db:
        hands = hands_of(db, clock=desk.clock)
        whose = reading.Whose(hands.owners_for(desk.staff.staff_id), hands.pool, works(desk.staff.role))
        weights = weights_of(desk.pack, desk.lender, desk.today)
        ranked = queue(db, desk.look, desk.staff, hands, weights, now=desk.now, zone=zone, roles=whose.roles, limit=_RANKED).items
        rows = reading.coming_duties(db, desk.look, whose, tomorrow, week_end, _RANKED)
        begun = (
            len(ranked) if len(ranked) < _RANKED else count(db, desk.look, desk.staff, hands, now=desk.now, zone=zone, roles=whose.roles)
        )
        coming = len(rows) if len(rows) < _RANKED else reading.count_coming_duties(db, desk.look, whose, tomorrow, week_end)
        told_of = (
            count(db, desk.look, desk.staff, hands, now=desk.now, zone=zone, view="told") if hands.ladder.hears(desk.staff.role) else 0
        )
        next_at = reading.next_duty_at(db, desk.look, whose, tomorrow) if not rows and not ranked else None
        open_requests = [each for each in requests(db, desk.staff.scope) if each.standing is Standing.OPEN and waits(db, each)][:_SHOWN]
        loans_asked = reading.loans_numbered(db, desk.look, [each.loan_id for each in open_requests if each.loan_id is not None])
        figures = _figures(db, desk)
        audit = reading.last_audit(db)
        late_now = reading.count_late_duties(db, desk.look, desk.now)
        told = reading.records_to_the_money(db, desk.look, NEWEST)
    all_week = begun + coming
    tasks = [task_of(_as_row(line), desk.now, tomorrow, line.rank) for line in ranked]
    tasks += [task_of(row, desk.now, tomorrow) for row in rows]
    asked = [_asked(each, loans_asked.get(each.loan_id or 0), desk) for each in open_requests]
    to_answer = [line for line in asked if line[3]]
    groups = _grouped(tasks)
    shown = [(name, heading, members) for name, heading, members in groups if members]
    counted = Counter(task.group for task in tasks)
    urgent, total = counted["late"] + counted["near"], len(tasks) - counted["week"] + len(to_answer)
    first = next((members[0] for _name, _heading, members in shown), None)
    return render(
        request,
        "console/home.html",
        {
            "groups": shown,
            "first": first,
            "hidden": all_week - sum(len(members) for _n, _h, members in shown),
            "mine_to_answer": to_answer,
            "waiting": [line for line in asked if not line[3]],
            "late_now": late_now,
            "told_of": told_of,
            "next_at": next_at,
            "figures": figures,
            "pace": _pace(told),
            "audit": audit,
            "hours": desk.pack.hours("contact.sms_hours", on=desk.today),
            "quiet_until": _quiet_until(desk) if any(task.kind.role == "caller" for task in tasks) else None,
            "headline": _headline(total, urgent),
        },
    )


def _asked(each: Request, loan: Mapping[str, Any] | None, desk: Desk) -> tuple[str, Request, Mapping[str, Any] | None, bool, str]:
    """A request as a line: the act, itself, its loan, whether it is this person's to answer, and where."""
    where = approval.place(each, loan["public_id"] if loan else None)
    return approval.what(each), each, loan, bool(where) and approval.is_mine(each, desk), where


def _quiet_until(desk: Desk) -> time | None:
    """When the hours end in which nobody is called, if these are such; None while people may be called."""
    quiet = desk.pack.hours("contact.quiet_hours", on=desk.today)
    return quiet.end if quiet.hold(desk.now.astimezone(ZoneInfo(desk.lender.zone)).time()) else None


def _pace(told: list[Told]) -> Mapping[str, Any] | None:
    """From the application to the money, in words."""
    found = pace(told)
    if found is None:
        return None
    slow = found.p95 if found.p95 is not None else found.slowest
    return {
        "loans": found.loans,
        "median": span(found.median),
        "slow": span(slow),
        "enough": found.p95 is not None,
        "minutes": found.staff_minutes,
    }


def span(length: timedelta) -> str:
    """A length of time in its two largest units: `2 d 3 h`, `1 h 42 min`, `9 min`."""
    minutes = round(length / timedelta(minutes=1))
    days, hours, left = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return gettext("%(days)s d %(hours)s h") % {"days": days, "hours": hours}
    if hours:
        return gettext("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": left}
    return gettext("%(minutes)s min") % {"minutes": left}


def _figures(db: Db, desk: Desk) -> dict[str, Any]:
    """How the day stands in the branch, or in all of them."""
    branch = desk.branch_only
    messages = reading.messages_on(db, desk.today, branch)
    return {
        "due": reading.due_on(db, desk.today, branch),
        "received": reading.received_on(db, desk.today, branch),
        "messages": sum(messages.values()),
        "messages_sent": messages.get("sent", 0) + messages.get("delivered", 0),
        "messages_unknown": messages.get("unknown", 0) + messages.get("failed", 0),
        "late": reading.loans_late(db, desk.today, branch),
        "releasing": reading.loans_in(db, ["releasing"], branch),
    }


def _headline(total: int, urgent: int) -> tuple[str, str]:
    if not total:
        return gettext("Nothing is waiting for you today."), ""
    first = ngettext("%(n)s thing today,", "%(n)s things today,", total) % {"n": total}
    if not urgent:
        return first, gettext("none is close to its deadline")
    if urgent == total:
        return first, gettext("every one of them pressing")
    return first, ngettext("first the %(n)s close to its deadline", "first the %(n)s close to their deadline", urgent) % {"n": urgent}


def _grouped(tasks: list[Task]) -> list[tuple[str, str, list[Task]]]:
    """The ranked tasks under their headings, as many as fit on the page."""
    headings = {
        "late": gettext("Past the deadline"),
        "near": gettext("Close to the deadline"),
        "today": gettext("Today"),
        "week": gettext("This week"),
    }
    room = _SHOWN
    groups = []
    for name, heading in headings.items():
        members = [task for task in tasks if task.group == name]
        groups.append((name, f"{heading} · {len(members)}", members[:room]))
        room -= len(members[:room])
    return groups
