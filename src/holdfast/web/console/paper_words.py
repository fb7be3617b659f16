"""How a statement of account, a pay-off statement and a calendar of due dates read, for staff and borrower alike."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from io import StringIO
from typing import Any, Final

from django.http import HttpResponse
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from icalendar import Alarm, Calendar, Event

from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import decimal_of
from holdfast.products import Terms, YearlyCost, yearly_cost
from holdfast.servicing.account_statement import ACCRUED, AccountStatement, Parts, StatementLine
from holdfast.servicing.due_dates import DueDate
from holdfast.servicing.payoff import PayoffLine
from holdfast.servicing.payoff_statement import PayoffStatement
from holdfast.web.console import words
from holdfast.web.console.templatetags.console import amount, day, money

Text = str | Promise

PARTS: Final[Mapping[str, Text]] = {
    "principal": _("principal"), "interest": _("interest"), "fee": _("fees"), "penalty": _("penalty"), "credit": _("paid too much"),
}  # fmt: skip
PAPERS: Final[Mapping[str, Text]] = {"account_statement": _("Statement of account"), "payoff_statement": _("Pay-off statement")}
# When a calendar speaks up: at nine in the morning of the day before.
_ALARM: Final = timedelta(hours=-15)
_NAME: Final = "holdfast"


def period(given: Mapping[str, str]) -> tuple[date | None, date | None]:
    """The period that an address names; BadInput for what is no day."""
    return _day_of(given, "start"), _day_of(given, "until")


def day_given(given: Mapping[str, str], name: str) -> date | None:
    """The day of that name; None if there is none, BadInput for what is no day."""
    return _day_of(given, name)


def _day_of(given: Mapping[str, str], name: str) -> date | None:
    text = given.get(name, "").strip()
    if not text:
        return None
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise BadInput(f"{name}: write a day as 2026-11-22", field=name)
    return found


# ── the statement of account ───────────────────────────────────────────────────────────────────────────────


def what(line: StatementLine) -> str:
    """What happened, in plain words."""
    if line.kind == ACCRUED:
        return gettext("Penalty interest up to the end of the period")
    if line.kind == "instalment.due":
        return gettext("Instalment %(n)s fell due: its interest") % {"n": line.facts["n"]}
    name = words.record(line.kind)
    return gettext("%(what)s (event %(n)s)") % {"what": name, "n": line.facts["event_no"]} if "event_no" in line.facts else name


def lines(found: AccountStatement) -> list[Mapping[str, Any]]:
    """The lines as a screen shows them."""
    return [
        {
            "line": each,
            "what": what(each),
            "added": breakdown(each.added, found.currency),
            "taken": breakdown(each.taken, found.currency),
        }
        for each in found.lines
    ]


def breakdown(parts: Parts, currency: str) -> str:
    """`principal 400.00, interest 12.00`; empty where there is but one part, for the sum says it."""
    told = parts.told()
    return gettext(", ").join(f"{PARTS[name]} {amount(minor, currency)}" for name, minor in told.items()) if told else ""


def statement_csv(found: AccountStatement) -> str:
    """The statement as a table: opening, one line an event, closing. Amounts are plain decimals, so that a sheet can add them up."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows(_csv_rows(found))
    return out.getvalue()


def _csv_rows(found: AccountStatement) -> Iterator[Sequence[str]]:
    parts = tuple(PARTS)

    def sums(amounts: Parts) -> list[str]:
        return [decimal_of(getattr(amounts, name), found.currency) for name in parts]

    added, taken = gettext("added: %(part)s"), gettext("taken off: %(part)s")
    yield [
        gettext("Booked on"), gettext("Counts from"), gettext("Event"), gettext("What"), *(added % {"part": PARTS[name]} for name in parts),
        *(taken % {"part": PARTS[name]} for name in parts), gettext("Balance"), gettext("Currency"),
    ]  # fmt: skip
    nothing = [""] * (2 * len(parts))
    yield [found.start.isoformat(), "", "", gettext("Opening balance"), *nothing, decimal_of(found.opening, found.currency), found.currency]
    for line in found.lines:
        number = str(line.event_no) if line.event_no else ""
        figures = [*sums(line.added), *sums(line.taken), decimal_of(line.balance, found.currency), found.currency]
        yield [line.on.isoformat(), line.value_on.isoformat(), number, what(line), *figures]
    figures = [*sums(found.added), *sums(found.taken), decimal_of(found.closing, found.currency), found.currency]
    yield [found.until.isoformat(), "", "", gettext("Closing balance"), *figures]


def csv_answer(found: AccountStatement) -> HttpResponse:
    """The table on its way to a reader. The mark at its head tells a spreadsheet that it is UTF-8."""
    response = HttpResponse("\ufeff" + statement_csv(found), content_type="text/csv; charset=utf-8")
    return _to_keep(response, f"statement-{found.contract_no}-{found.until.isoformat()}.csv")


# ── the pay-off ────────────────────────────────────────────────────────────────────────────────────────────


def payoff_lines(found: PayoffStatement) -> list[Mapping[str, Any]]:
    """Each part of the sum with the arithmetic under it."""
    return [{"name": _payoff_name(line), "why": _payoff_why(line, found.total.currency), "amount": line.amount} for line in found.lines]


def _payoff_name(line: PayoffLine) -> str:
    at = {"n": line.n}
    return {
        "principal": gettext("Principal left"),
        "interest": gettext("Interest fallen due, instalment %(n)s") % at,
        "interest_running": gettext("Interest of the running period"),
        "fee": gettext("Fees, instalment %(n)s") % at,
        "penalty": gettext("Penalty, instalment %(n)s") % at,
        "paid_ahead": gettext("Interest already paid ahead"),
        "claim": gettext("What is still claimed after the write-off"),
    }[line.part]


def _payoff_why(line: PayoffLine, currency: str) -> str:
    if line.part == "interest_running":
        figures = {"n": line.n, "of": money(line.of, currency), "days": line.days, "all": line.period_days}
        return gettext("instalment %(n)s: %(of)s × %(days)s ÷ %(all)s days") % figures
    if line.part == "penalty" and line.days:
        return ngettext("%(n)s day late", "%(n)s days late", line.days) % {"n": line.days}
    return ""


# ── what it costs in a year ─────────────────────────────────────────────────────────────────────────────────


def yearly(terms: Mapping[str, Any]) -> tuple[str, str] | None:
    """What the contract costs in a year if performed as agreed, nominal and effective, as `23.99%`; None for one without terms."""
    if not terms:
        return None
    cost = _yearly(Terms.from_json(dict(terms)))
    return (f"{cost.nominal * 100:.2f}%", f"{cost.effective * 100:.2f}%")


@lru_cache(maxsize=512)
def _yearly(terms: Terms) -> YearlyCost:
    """Computed once for a contract: a page of it is looked at again and again."""
    return yearly_cost(terms)


# ── the calendar ───────────────────────────────────────────────────────────────────────────────────────────


def calendar_file(dates: Sequence[DueDate], *, loan: str, currency: str, today: date, now: datetime) -> bytes:
    """The due dates as an iCalendar file (RFC 5545): day and amount, no name, no contract.

    Each instalment keeps its UID for good; SEQUENCE counts how often its day or amount has changed, and one that is paid, or
    no longer stands, is told as cancelled for as long as its day lies ahead, so that a calendar that holds it lets go of it.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Holdfast//due dates//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", gettext("Repayments"))
    for each in dates:
        if each.stands or each.due_on >= today:
            calendar.add_component(_entry(each, loan, currency, now))
    return bytes(calendar.to_ical())


def _entry(each: DueDate, loan: str, currency: str, now: datetime) -> Event:
    told = gettext("Instalment %(n)s") % {"n": each.n}
    entry = Event()
    entry.add("uid", f"{loan}-{each.n}@{_NAME}")
    entry.add("sequence", each.changes)
    entry.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    entry.add("last-modified", datetime.combine(each.changed_on, time(), UTC))
    entry.add("dtstart", each.due_on)
    entry.add("dtend", each.due_on + timedelta(days=1))
    entry.add("transp", "TRANSPARENT")
    if not each.stands:
        entry.add("status", "CANCELLED")
        entry.add("summary", told)
        return entry
    entry.add("status", "CONFIRMED")
    entry.add("summary", gettext("Repay %(sum)s") % {"sum": money(each.amount, currency)})
    entry.add("description", gettext("%(instalment)s, due on %(day)s.") % {"instalment": told, "day": day(each.due_on)})
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", gettext("Repay tomorrow"))
    alarm.add("trigger", _ALARM)
    entry.add_component(alarm)
    return entry


def calendar_answer(data: bytes) -> HttpResponse:
    """The calendar on its way to a reader."""
    return _to_keep(HttpResponse(data, content_type="text/calendar; charset=utf-8"), "repayments.ics")


def _to_keep(response: HttpResponse, name: str) -> HttpResponse:
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response.headers["Cache-Control"] = "private, no-store"
    return response
