"""Performance: the figures of whoever follows up, each of which opens the list of its records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from holdfast.database.connection import transaction
from holdfast.followup import performance
from holdfast.followup.performance_model import PERIODS, Figure, Figures, Line, days_of
from holdfast.life import DUTIES
from holdfast.parties import staff as staff_of
from holdfast.web.console import complaint_words, performance_words, promise_words, words
from holdfast.web.console.desk import Desk, at_desk
from holdfast.web.console.templatetags.console import of_language

_LISTED: Final = 200


@require_safe
@at_desk
def all_of(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The figures of a day, a week or a month: one's own with the team's beside, or those of the people in sight by name."""
    period, on = _asked(request, desk)
    with transaction() as db:
        people = performance.figures(db, by=desk.staff, period=period, on=on)
        team = performance.team(db, by=desk.staff, period=period, on=on)
    context = {
        **_days(period, on, desk), "people": [(each, _shown(each.figures)) for each in people],
        "team": None if team is None else (team[0], _shown(team[1])),
    }  # fmt: skip
    return render(request, "console/performance/all.html", context)


@require_safe
@at_desk
def records(request: HttpRequest, desk: Desk, staff_id: str, figure: str) -> HttpResponse:
    """The records that a figure of somebody counts."""
    period, on = _asked(request, desk)
    with transaction() as db:
        found = performance.lines(db, by=desk.staff, of=staff_id, figure=figure, period=period, on=on, limit=_LISTED)
        name = staff_of(db, staff_id).name
    context = {
        **_days(period, on, desk), "name": name, "figure": performance_words.FIGURES[figure], "listed": _LISTED,
        "lines": [(each, isinstance(each.at, datetime), _what(Figure(figure), each)) for each in found],
        "full": len(found) == _LISTED,
    }  # fmt: skip
    return render(request, "console/performance/records.html", context)


def _asked(request: HttpRequest, desk: Desk) -> tuple[str, date]:
    """The period and the day of the address; this month where it names none."""
    period = request.GET.get("period", "")
    try:
        on = date.fromisoformat(request.GET.get("on", ""))
        days_of("month", on)
    except (ValueError, OverflowError):
        on = desk.today
    return period if period in PERIODS else "month", min(on, desk.today)


def _days(period: str, on: date, desk: Desk) -> Mapping[str, Any]:
    since, until = days_of(period, on)
    return {
        "period": period, "on": on, "since": since, "until": until, "periods": list(performance_words.PERIODS.items()),
        "before": since - timedelta(days=1) if since.year > 1 else None,
        "after": until + timedelta(days=1) if until < desk.today else None,
    }  # fmt: skip


def _shown(given: Figures) -> list[list[dict[str, Any]]]:
    """The figures by matter: the work, the promises with their money, the complaints."""
    money = {"promises": given.promised, "kept": given.kept_money, "broken": given.broken_money}

    def counted(*codes: str) -> list[dict[str, Any]]:
        return [
            {"code": code, "word": performance_words.FIGURES[code], "number": getattr(given, code), "money": _sums(money.get(code, {}))}
            for code in codes
        ]  # fmt: skip

    return [
        [*counted("calls", "reached", "in_time", "late"), {"word": gettext("First attempt after"), "text": _span(given.first_attempt)}],
        [*counted("promises", "kept", "broken"), {"word": gettext("Came in on promises"), "sums": _sums(given.received)}],
        counted("complaints", "upheld"),
    ]


def _sums(sums: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(code, minor) for code, minor in sums.items() if minor]


def _span(span: timedelta | None) -> str:
    if span is None:
        return "—"
    minutes = int(span.total_seconds()) // 60
    return gettext("%(hours)s h %(minutes)s min") % {"hours": minutes // 60, "minutes": minutes % 60}


def _what(figure: Figure, line: Line) -> str:
    if figure in (Figure.CALLS, Figure.REACHED):
        return words.word(promise_words.OUTCOMES, line.what)
    if figure in (Figure.IN_TIME, Figure.LATE):
        return of_language(DUTIES[line.what])
    if figure in (Figure.COMPLAINTS, Figure.UPHELD):
        return words.word(complaint_words.ABOUT, line.what)
    return str(promise_words.STATES[line.what][1])
