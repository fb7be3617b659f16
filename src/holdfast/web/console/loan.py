"""One loan: where it stands, what comes next, what happened and what proves it; and the acts that staff may do on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse as address
from django.utils.dateparse import parse_date
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from holdfast import servicing
from holdfast.contact import segments
from holdfast.database.connection import transaction
from holdfast.duties import escalation
from holdfast.journal import prove
from holdfast.kernel.errors import HoldfastError, NotFound
from holdfast.life import DUTIES
from holdfast.parties import may
from holdfast.policy import read_pack
from holdfast.servicing import Quote
from holdfast.servicing import reading as book
from holdfast.servicing.views import DutyRow, EventRow, InstalmentRow
from holdfast.web.console import reading, story, words
from holdfast.web.console.acts import into_form, once
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import NoteForm, ReasonForm, ReceiptForm
from holdfast.web.console.templatetags.console import money

_RECORDS: Final = 40
_MESSAGES: Final = 5
_FAR: Final = timedelta(days=3660)


@require_safe
@at_desk
def loan(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The loan's page; `?on=` asks for the pay-off of another day."""
    return _page(request, desk, loan_id)


@require_POST
@at_desk
def receive(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Post a receipt."""
    with transaction() as db:
        currency = book.loan_detail(db, desk.look, loan_id).row.currency
    form = ReceiptForm(request.POST, name="receipt", currency=currency, today=desk.today)

    def verb(db: Db) -> None:
        book.loan_number(db, desk.look, loan_id)
        servicing.receive(
            db,
            clock=desk.clock,
            by=desk.actor,
            loan=loan_id,
            amount=form.cleaned_data["amount"],
            received_on=form.cleaned_data["received_on"],
        )

    def said() -> str:
        received = form.cleaned_data["amount"]
        return gettext("%(amount)s received and posted.") % {"amount": money(received.minor, received.currency)}

    return _act(request, desk, loan_id, form, "receipt.post", verb, said, slot="receipt")


@require_POST
@at_desk
def reverse(request: HttpRequest, desk: Desk, loan_id: str, event_no: int) -> HttpResponse:
    """Take a receipt back as if it had never come, with a reason."""
    form = ReasonForm(request.POST, name=f"reverse{event_no}")

    def verb(db: Db) -> None:
        book.loan_number(db, desk.look, loan_id)
        servicing.reverse(db, clock=desk.clock, by=desk.actor, loan=loan_id, event_no=event_no, reason=form.cleaned_data["reason"])

    return _act(
        request,
        desk,
        loan_id,
        form,
        "receipt.reverse",
        verb,
        lambda: gettext("The receipt is taken back."),
        slot="reversal",
        about=event_no,
    )


@require_POST
@at_desk
def note_duty(request: HttpRequest, desk: Desk, loan_id: str, duty_no: int) -> HttpResponse:
    """Note how an open duty went; the record closes it."""
    with transaction() as db:
        duty = next((each for each in book.duties_of(db, desk.look, loan_id) if each.no == duty_no), None)
    if duty is None:
        raise NotFound(f"loan {loan_id} has no duty {duty_no}", code="duty_not_found", field="duty")
    form = NoteForm(request.POST, name=f"duty{duty_no}", kind=duty.kind)

    def verb(db: Db) -> None:
        book.loan_number(db, desk.look, loan_id)
        servicing.note_duty(
            db,
            clock=desk.clock,
            by=desk.actor,
            loan=loan_id,
            duty_no=duty_no,
            outcome=form.cleaned_data["outcome"],
            words=form.cleaned_data["words"],
        )

    return _act(request, desk, loan_id, form, "duty.note", verb, lambda: gettext("Noted; the duty is done."), slot="note", about=duty_no)


def _act(
    request: HttpRequest,
    desk: Desk,
    loan_id: str,
    form: forms.Form,
    act: str,
    verb: Callable[[Db], None],
    said: Callable[[], str],
    *,
    slot: str,
    about: int = 0,
) -> HttpResponse:
    """Do what a form of the page asks, and come back to the page; refused, the page shows the form with its input."""
    if form.is_valid():
        inputs = {name: str(value) for name, value in form.cleaned_data.items() if name != "key"}
        try:
            once(desk, act=act, key=form.cleaned_data["key"], inputs={"loan": loan_id, "about": about, **inputs}, verb=verb)
        except HoldfastError as error:
            into_form(form, error)
        else:
            messages.success(request, said())
            return HttpResponseRedirect(address("console:loan", args=[loan_id]))
    return _page(request, desk, loan_id, status=422, **{slot: (about, form)})


def _page(
    request: HttpRequest,
    desk: Desk,
    loan_id: str,
    *,
    status: int = 200,
    receipt: tuple[int, forms.Form] | None = None,
    reversal: tuple[int, forms.Form] | None = None,
    note: tuple[int, forms.Form] | None = None,
) -> HttpResponse:
    on = _quote_day(request, desk)
    with transaction() as db:
        detail = book.loan_detail(db, desk.look, loan_id)
        schedule = book.schedule(db, desk.look, loan_id)
        events = book.events(db, desk.look, loan_id, limit=_RECORDS)
        timeline = book.timeline(db, desk.look, loan_id, cursor=request.GET.get("records") or None, limit=_RECORDS)
        entries = book.entries(db, desk.look, loan_id, cursor=request.GET.get("entries") or None, limit=_RECORDS)
        duties = book.duties_of(db, desk.look, loan_id)
        sent = reading.messages_of(db, detail.number, _MESSAGES)
        sealed = prove(db, detail.number)
        pack = read_pack(db, *detail.pack_version.split(" ", 1))
        quote, quote_refused = _quote(db, loan_id, on)
    began_on = events.items[-1].on if events.items and events.next is None else detail.row.opened_on
    earlier = bool(request.GET.get("records"))
    days_before = pack.numbers("reminder.days_before", on=desk.today, lender_type=desk.lender.lender_type)
    moments = ([] if earlier else story.ahead(schedule, duties, days_before, desk.today, desk.now)) + story.behind(
        timeline.items, events.items, desk.today
    )
    open_duties = [_card(duty, desk, note) for duty in duties if duty.open]
    return render(
        request,
        "console/loan.html",
        {
            "loan": detail,
            "row": detail.row,
            "currency": detail.row.currency,
            "schedule": schedule,
            "totals": _totals(schedule),
            "due_now": sum(line.unpaid.minor for line in schedule if line.due_on <= desk.today),
            "steps": story.steps(detail, schedule, began_on, desk.today),
            "moments": moments,
            "timeline_next": timeline.next,
            "earlier": earlier,
            "record_count": detail.head_seq,
            "open_duties": open_duties,
            "closed_duties": [duty for duty in duties if not duty.open],
            "next_duty": open_duties[0] if open_duties else None,
            "quote": quote,
            "quote_lines": _quote_lines(quote, detail, schedule),
            "quote_refused": quote_refused,
            "quote_on": on,
            "events": [_event(event, desk, reversal) for event in events.items if event.kind != "instalment_due"],
            "entries": entries,
            "messages_sent": [(each, len(each["body"]), segments(each["body"])) for each in sent],
            "sealed": sealed,
            "receipt_form": receipt[1] if receipt else ReceiptForm(name="receipt", currency=detail.row.currency, today=desk.today),
            "may_receive": may(desk.staff, "receipt.post") and detail.row.state in ("active", "written_off", "releasing"),
            "may_export": may(desk.staff, "journal.export"),
            "terms_line": words.terms_line(detail.terms),
            "has_fees": any(line.fee.minor or line.penalty.minor for line in schedule),
        },
        status=status,
    )


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


def _quote_lines(quote: Quote | None, detail: Any, schedule: list[InstalmentRow]) -> list[Mapping[str, Any]]:
    """Each part of the pay-off with the arithmetic under it."""
    if quote is None:
        return []
    figures = detail.balances
    interest_due = [line for line in quote.lines if line.part == "interest"]
    lines: list[Mapping[str, Any]] = []
    for line in quote.lines:
        why = ""
        if line.part == "principal":
            name = gettext("Principal left")
            start = figures.taken_over if figures.taken_over.minor else figures.disbursed
            first = gettext("taken over %(amount)s") if figures.taken_over.minor else gettext("paid out %(amount)s")
            why = first % {"amount": money(start.minor, quote.currency)}
            why += gettext(" − %(amount)s paid back") % {"amount": money(figures.principal_paid.minor, quote.currency)}
        elif line.part == "interest":
            if line is not interest_due[0]:
                continue
            name = gettext("Interest fallen due")
            why = " + ".join(
                gettext("instalment %(n)s %(amount)s") % {"n": each.n, "amount": money(each.amount, quote.currency)}
                for each in interest_due
            )
            lines.append({"name": name, "why": why, "amount": sum(each.amount for each in interest_due)})
            continue
        elif line.part == "interest_running":
            name = gettext("Interest of the running period")
            why = gettext("instalment %(n)s: %(of)s × %(days)s ÷ %(all)s days") % {
                "n": line.n,
                "of": money(line.of, quote.currency),
                "days": line.days,
                "all": line.period_days,
            }
        elif line.part == "paid_ahead":
            name = gettext("Interest already paid ahead")
        else:
            name = gettext("Fees, instalment %(n)s") if line.part == "fee" else gettext("Penalty, instalment %(n)s")
            name %= {"n": line.n}
        lines.append({"name": name, "why": why, "amount": line.amount})
    return lines


def _totals(schedule: list[InstalmentRow]) -> Mapping[str, int]:
    names = ("due", "principal", "interest", "fee", "penalty", "paid", "unpaid")
    sums = {name: sum(getattr(line, name).minor for line in schedule) for name in names}
    return {**sums, "charges": sums["fee"] + sums["penalty"]}


def _card(duty: DutyRow, desk: Desk, note: tuple[int, forms.Form] | None) -> Mapping[str, Any]:
    """An open duty as its card shows it: how much of its time is used, the marks, what closes it, and the form to note it."""
    used, mark = escalation(duty.window_from, duty.due_at, desk.now)
    allowed = duty.due_at - duty.window_from
    form: forms.Form | None = None
    if duty.kind in words.OUTCOMES_OF and desk.now >= duty.window_from and may(desk.staff, "duty.note"):
        form = note[1] if note and note[0] == duty.no else NoteForm(name=f"duty{duty.no}", kind=duty.kind)
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
        "closes": [words.word(words.RECORDS, kind) for kind in duty.allowed_by if kind not in words.ENDS_THE_REASON],
        "form": form,
        "act": words.word(words.DUTY_ACTS, duty.kind),
        "failed": bool(note and note[0] == duty.no),
    }


def _event(event: EventRow, desk: Desk, reversal: tuple[int, forms.Form] | None) -> Mapping[str, Any]:
    """An event with how it fell, and the form to take it back where that can be."""
    can = event.kind == "receipt" and event.reversed_by is None and may(desk.staff, "receipt.reverse")
    form = None
    if can:
        form = reversal[1] if reversal and reversal[0] == event.no else ReasonForm(name=f"reverse{event.no}")
    return {
        "event": event,
        "word": words.word(words.EVENTS, event.kind),
        "fallen": story.fallen(event.parts) if event.parts else "",
        "form": form,
        "failed": bool(reversal and reversal[0] == event.no),
    }
