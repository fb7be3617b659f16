"""One loan: where it stands, what comes next, what happened, and what proves it. Every number opens to its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from holdfast import servicing
from holdfast.approvals import requests
from holdfast.contact import messages, segments
from holdfast.database.connection import transaction
from holdfast.duties import escalation, take_by_id
from holdfast.followup import calls
from holdfast.journal import prove
from holdfast.kernel.errors import HoldfastError
from holdfast.life import DUTIES
from holdfast.parties import may
from holdfast.policy import read_pack
from holdfast.servicing import Quote, reminder_plans
from holdfast.servicing import reading as book
from holdfast.servicing.service import SPOKEN
from holdfast.servicing.views import Balances, DutyRow, EventRow, InstalmentRow
from holdfast.web.console import approval, paper_words, relief, story, words
from holdfast.web.console import money as money_desk
from holdfast.web.console.acts import Tried
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, NoteForm, ReasonForm, ReceiptForm, RefundForm
from holdfast.web.console.panels import DONE_AT, behind, panels
from holdfast.web.console.templatetags.console import money

_RECORDS: Final = 40
_MESSAGES: Final = 5
_TOLD_ONE_BY_ONE: Final = 4
_FAR: Final = timedelta(days=3660)
# What is asked on this page to be taken back.
_TAKEN_BACK: Final = frozenset({"receipt", "charge", "waived_part", "goodwill", "paused", "resumed", "written_off"})
_TAKES_RECEIPTS: Final = ("active", "written_off", "releasing")


@require_safe
@at_desk
def loan(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The loan's page; `?on=` asks for the pay-off of another day."""
    return page(request, desk, loan_id)


def page(request: HttpRequest, desk: Desk, loan_id: str, *, tried: Tried | None = None, status: int = 200) -> HttpResponse:
    """The whole page; `tried` is a form that was refused and is shown as it was filled in."""
    on = _quote_day(request, desk)
    with transaction() as db:
        detail = book.loan_detail(db, desk.look, loan_id)
        schedule = book.schedule(db, desk.look, loan_id)
        events = book.events(db, desk.look, loan_id, limit=_RECORDS)
        timeline = book.timeline(db, desk.look, loan_id, cursor=request.GET.get("records") or None, limit=_RECORDS)
        entries = book.entries(db, desk.look, loan_id, cursor=request.GET.get("entries") or None, limit=_RECORDS)
        duties = book.duties_of(db, desk.look, loan_id)
        asked = requests(db, desk.staff.scope, loan_id=detail.number)
        sent = messages(db, desk.staff.scope, loan_id=detail.number, limit=_MESSAGES)
        passed = book.milestones(db, desk.look, loan_id, story.MILESTONES)
        stage_panels = panels(db, desk, loan_id)
        rings = calls.ringing(db, by=desk.staff, loan=loan_id) if may(desk.staff, "duty.note") else None
        freezes = take_by_id(db, detail.number, lock=False).freezes
        proof = prove(db, detail.number)
        pack = read_pack(db, *detail.pack_version.split(" ", 1))
        plan = reminder_plans.plan_for(db, desk.lender, pack, on=detail.row.opened_on, product=detail.row.product)
        serviced = detail.last_event_no > 0
        quote, quote_refused = _quote(db, loan_id, on) if serviced else (None, "")
        grows = serviced and money_desk.may_grow(db, desk, detail.number, detail.row.state)
    row, currency = detail.row, detail.row.currency
    earlier = bool(request.GET.get("records"))
    to_come = [] if earlier else story.ahead(schedule, duties, plan, desk.today, desk.now)
    open_duties = [_card(duty, desk, tried) for duty in duties if duty.open]
    folded = behind(stage_panels, {duty.kind for duty in duties if duty.open}) if serviced else frozenset()
    began_on = events.items[-1].on if events.items and events.next is None else row.opened_on
    over = detail.balances.overpaid.minor
    context = {
        "loan": detail,
        "serviced": serviced,
        "stage_panels": [panel for panel in stage_panels if panel["name"] not in folded],
        "folded_panels": [panel for panel in stage_panels if panel["name"] in folded],
        "freezes": freezes,
        "row": row,
        "currency": currency,
        "terms_line": words.terms_line(detail.terms),
        "cost": paper_words.yearly(detail.terms),
        "steps": story.steps(detail, schedule, passed, began_on, desk.today),
        "moments": to_come + story.behind(timeline.items, events.items, desk.today),
        "timeline_next": timeline.next,
        "earlier": earlier,
        "schedule": schedule,
        "totals": _totals(schedule),
        "has_charges": any(line.fee.minor or line.penalty.minor for line in schedule),
        "due_now": sum(line.unpaid.minor for line in schedule if line.due_on <= desk.today),
        "entries": entries,
        "events": [_event(event, desk, tried) for event in events.items if event.kind != "instalment_due"],
        "open_duties": open_duties,
        "next_duty": open_duties[0] if open_duties else None,
        "primary": next(
            (card for card in open_duties if card["form"] is not None and card["duty"].due_on <= desk.today + timedelta(days=1)), None
        ),
        "refund_due": any(card["duty"].kind == "refund" for card in open_duties),
        "closed_duties": [duty for duty in duties if not duty.open],
        "panels": approval.panels(asked, desk, (tried.about, tried.form) if tried and tried.name == "answer" else None),
        "quote": quote,
        "quote_on": on,
        "quote_refused": quote_refused,
        "quote_lines": _quote_lines(quote, detail.balances) if quote else [],
        "messages_sent": [(each, len(each.body), segments(each.body)) for each in sent],
        "sealed": proof,
        "may_export": may(desk.staff, "journal.export"),
        "may_receive": may(desk.staff, "receipt.post") and row.state in _TAKES_RECEIPTS,
        "receipt_form": _kept(tried, "receipt") or ReceiptForm(name="receipt", currency=currency, today=desk.today),
        "refund_form": _kept(tried, "refund")
        or (RefundForm(name="refund", currency=currency) if over and may(desk.staff, "refund") else None),
        "write_off_form": _kept(tried, "write_off")
        or (ReasonForm(name="writeoff") if row.state == "active" and may(desk.staff, "write_off") else None),
        "grows": grows,
        "more_acts": relief.acts_for(desk, detail),
        "pauses": [each for each in detail.pauses if each.ends_on > max(desk.today, each.starts_on)],
        "rings": rings,
        "call_form": _kept(tried, "call") or ActForm(name="call"),
        "failed": tried.name if tried else "",
    }
    return render(request, "console/loan.html", context, status=status)


def _kept(tried: Tried | None, name: str) -> forms.Form | None:
    return tried.form if tried and tried.name == name else None


def _quote_day(request: HttpRequest, desk: Desk) -> date:
    """The day that `?on=` names if it is a day within reach, else today."""
    try:
        asked = parse_date(request.GET.get("on", ""))
    except ValueError:
        asked = None
    return asked if asked is not None and abs(asked - desk.today) <= _FAR else desk.today


def _quote(db: Db, loan_id: str, on: date) -> tuple[Quote | None, str]:
    """The pay-off, or the sentence that says why there is none for that day."""
    try:
        return servicing.quote(db, loan=loan_id, on=on), ""
    except HoldfastError as error:
        return None, words.refusal(error)


def _quote_lines(quote: Quote, balances: Balances) -> list[Mapping[str, Any]]:
    """Each part of the pay-off with the arithmetic under it; interest that has fallen due is one line."""

    def told(minor: int) -> str:
        return money(minor, quote.currency)

    lines: list[Mapping[str, Any]] = []
    fallen_due = [line for line in quote.lines if line.part == "interest"]
    for line in quote.lines:
        n, amount, why = line.n, line.amount, ""
        if line.part == "principal":
            name, why = gettext("Principal left"), _principal_why(balances, quote.currency)
        elif line.part == "interest":
            if line is not fallen_due[0]:
                continue
            name, amount = gettext("Interest fallen due"), sum(each.amount for each in fallen_due)
            if len(fallen_due) <= _TOLD_ONE_BY_ONE:
                why = " + ".join(gettext("instalment %(n)s %(amount)s") % {"n": each.n, "amount": told(each.amount)} for each in fallen_due)
            else:
                span = {"first": fallen_due[0].n, "last": fallen_due[-1].n, "count": len(fallen_due)}
                why = gettext("instalments %(first)s to %(last)s, %(count)s of them; see the schedule") % span
        elif line.part == "interest_running":
            name = gettext("Interest of the running period")
            figures = {"n": n, "of": told(line.of), "days": line.days, "all": line.period_days}
            why = gettext("instalment %(n)s: %(of)s × %(days)s ÷ %(all)s days") % figures
        elif line.part == "paid_ahead":
            name = gettext("Interest already paid ahead")
        elif line.part == "fee":
            name = gettext("Fees, instalment %(n)s") % {"n": n}
        else:
            name = gettext("Penalty, instalment %(n)s") % {"n": n}
        lines.append({"name": name, "why": why, "amount": amount})
    return lines


def _principal_why(balances: Balances, currency: str) -> str:
    taken_over = balances.taken_over.minor
    first = gettext("taken over %(amount)s") if taken_over else gettext("paid out %(amount)s")
    start = first % {"amount": money(taken_over or balances.disbursed.minor, currency)}
    return start + gettext(" − %(amount)s paid back") % {"amount": money(balances.principal_paid.minor, currency)}


def _totals(schedule: Sequence[InstalmentRow]) -> Mapping[str, int]:
    names = ("due", "principal", "interest", "fee", "penalty", "paid", "unpaid")
    sums = {name: sum(getattr(line, name).minor for line in schedule) for name in names}
    return {**sums, "charges": sums["fee"] + sums["penalty"]}


def _card(duty: DutyRow, desk: Desk, tried: Tried | None) -> Mapping[str, Any]:
    """An open duty as its card shows it: how much of its time is used, the marks, what closes it, and the form to note it."""
    used, mark = escalation(duty.window_from, duty.due_at, desk.now)
    allowed = duty.due_at - duty.window_from
    failed = tried is not None and (tried.name, tried.about) == ("note", str(duty.no))
    form: forms.Form | None = None
    if failed and tried:
        form = tried.form
    elif duty.kind in words.OUTCOMES_OF and desk.now >= duty.window_from and may(desk.staff, "duty.note"):
        form = NoteForm(name=f"duty{duty.no}", kind=duty.kind)
    return {
        "duty": duty,
        "kind": DUTIES[duty.kind],
        "about": words.about(duty.kind, duty.about),
        "used": used,
        "tone": words.TONES[mark],
        "left": duty.due_at - desk.now,
        "half": duty.window_from + allowed / 2,
        "four_fifths": duty.window_from + allowed * 4 / 5,
        "one_day": allowed <= timedelta(days=1),
        "begun": desk.now >= duty.window_from,
        "closes": [words.record(kind) for kind in duty.allowed_by if kind not in words.ENDS_THE_REASON],
        "act": words.word(words.DUTY_ACTS, duty.kind),
        "place": DONE_AT.get(duty.kind, ""),
        "form": form,
        "spoken": form is not None and duty.kind in SPOKEN,
        "opens_at": duty.window_from if _noted_later(duty, desk) else None,
        "failed": failed,
    }


def _noted_later(duty: DutyRow, desk: Desk) -> bool:
    """Whether this person will note here what came of a duty, once its time has begun."""
    return duty.role != "system" and duty.kind in words.OUTCOMES_OF and desk.now < duty.window_from and may(desk.staff, "duty.note")


def _event(event: EventRow, desk: Desk, tried: Tried | None) -> Mapping[str, Any]:
    """An event with how it fell, and the form to ask for it to be taken back where that can be."""
    failed = tried is not None and (tried.name, tried.about) == ("reversal", str(event.no))
    form: forms.Form | None = None
    if failed and tried:
        form = tried.form
    elif event.kind in _TAKEN_BACK and event.reversed_by is None and may(desk.staff, "receipt.reverse"):
        form = ReasonForm(name=f"reverse{event.no}")
    return {
        "event": event,
        "word": words.word(words.EVENTS, event.kind),
        "fallen": story.fallen(event.parts) if event.parts else "",
        "form": form,
        "failed": failed,
    }
