"""What borrowers wrote: the questions that wait for an answer, the messages that are nobody's yet, and the thread of one loan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from holdfast.contact import inbound
from holdfast.contact.inbound_store import Queued, Ticket
from holdfast.database.connection import transaction
from holdfast.parties import may
from holdfast.servicing import reading as book
from holdfast.web.console import inbound_words, words
from holdfast.web.console.acts import Tried, kept, perform
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm

_LISTED = 200


class AnswerForm(ActForm):
    """The answer, as the borrower reads it."""

    words = forms.CharField(
        label=_("The answer, as the borrower reads it"), min_length=inbound.SHORTEST_WORDS, max_length=inbound.MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip


class LinkForm(ActForm):
    """The loan that a message is about, and how that was checked."""

    loan = forms.CharField(label=_("Loan"), max_length=60, help_text=_("Its id, as on the loan's page: ln_…"))
    why = forms.CharField(label=_("How it was checked"), min_length=inbound.SHORTEST_WORDS, max_length=200)


class AsideForm(ActForm):
    """Why a message is about no loan of ours."""

    why = forms.CharField(label=_("Why it is about no loan of ours"), min_length=inbound.SHORTEST_WORDS, max_length=200)


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """The panel: the last question and its last day; nothing where nobody has asked."""
    tickets = inbound.tickets_of(db, by=desk.staff, loan=loan_id)
    return {"tickets": [_row(each, desk) for each in tickets], "inbound_loan": loan_id} if tickets else None


@require_safe
@at_desk
def queue(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What waits for a person: questions within sight, and messages of which nobody can tell whose they are."""
    return _queue(request, desk)


@require_POST
@at_desk
def link(request: HttpRequest, desk: Desk, inbound_id: str) -> HttpResponse:
    """Say which loan a message is about."""
    form = LinkForm(request.POST, name=f"link-{inbound_id}")

    def verb(db: Db) -> None:
        given = form.cleaned_data
        inbound.link(db, clock=desk.clock, by=desk.staff, inbound=inbound_id, loan=given["loan"].strip(), why=given["why"])

    return perform(
        request, desk, Tried("link", inbound_id, form), act="inbound.link", verb=verb, back=reverse("console:inbound"),
        said=gettext("It is a question on that loan now, and waits for its answer there."),
        again=lambda tried: _queue(request, desk, tried),
    )  # fmt: skip


@require_POST
@at_desk
def set_aside(request: HttpRequest, desk: Desk, inbound_id: str) -> HttpResponse:
    """Say that a message is about no loan of ours."""
    form = AsideForm(request.POST, name=f"aside-{inbound_id}")

    def verb(db: Db) -> None:
        inbound.set_aside(db, clock=desk.clock, by=desk.staff, inbound=inbound_id, why=form.cleaned_data["why"])

    return perform(
        request, desk, Tried("aside", inbound_id, form), act="inbound.link", verb=verb, back=reverse("console:inbound"),
        said=gettext("Set aside; why stays on record."), again=lambda tried: _queue(request, desk, tried),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def of_loan(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """What was asked and answered about one loan, and the form for the answer."""
    if request.method != "POST":
        return _thread(request, desk, loan_id)
    form = AnswerForm(request.POST, name="answer")

    def verb(db: Db) -> None:
        inbound.answer(db, clock=desk.clock, by=desk.staff, loan=loan_id, words=form.cleaned_data["words"])

    return perform(
        request, desk, Tried("answer", loan_id, form), act="inbound.answer", verb=verb,
        back=reverse("console:inbound_of", args=[loan_id]), said=gettext("Answered; the borrower is told where to read it."),
        again=lambda tried: _thread(request, desk, loan_id, tried),
    )  # fmt: skip


def _queue(request: HttpRequest, desk: Desk, tried: Tried | None = None) -> HttpResponse:
    with transaction() as db:
        tickets = inbound.open_tickets(db, by=desk.staff, limit=_LISTED)
        waiting = inbound.queue(db, by=desk.staff, limit=_LISTED) if may(desk.staff, "inbound.link") else []
        strays = [_stray(db, desk, each, tried) for each in waiting]
    context = {"tickets": [_row(each, desk) for each in tickets], "strays": strays, "may_link": may(desk.staff, "inbound.link")}
    return render(request, "console/inbound/queue.html", context, status=422 if tried else 200)


def _stray(db: Db, desk: Desk, found: Queued, tried: Tried | None) -> Mapping[str, Any]:
    return {
        "message": found, "text": inbound.words_of_queued(found), "late": found.answer_by is not None and found.answer_by < desk.today,
        "candidates": inbound.candidates(db, by=desk.staff, found=found),
        "link": kept(tried, "link", found.public_id, lambda: LinkForm(name=f"link-{found.public_id}")),
        "aside": kept(tried, "aside", found.public_id, lambda: AsideForm(name=f"aside-{found.public_id}")),
        "failed": tried.name if tried is not None and tried.about == found.public_id else "",
        "question": words.word(inbound_words.QUESTIONS, found.question),
    }  # fmt: skip


def _thread(request: HttpRequest, desk: Desk, loan_id: str, tried: Tried | None = None) -> HttpResponse:
    with transaction() as db:
        row = book.loan_detail(db, desk.look, loan_id).row
        tickets = inbound.tickets_of(db, by=desk.staff, loan=loan_id)
        said = inbound.words_of(db, by=desk.staff, loan=loan_id)
    form = None
    if may(desk.staff, "inbound.answer") and any(each.open for each in tickets):
        form = kept(tried, "answer", loan_id, lambda: AnswerForm(name="answer"))
    shown = [{**_row(each, desk), "said": [(one, said.get(one.seq)) for one in each.said]} for each in tickets]
    return render(request, "console/inbound/loan.html", {"row": row, "shown": shown, "form": form}, status=422 if tried else 200)


def _row(found: Ticket, desk: Desk) -> Mapping[str, Any]:
    late = found.open and found.answer_by < desk.today
    return {
        "ticket": found, "late": late, "shape": "late" if late else "now" if found.open else "done",
        "word": _("To be answered") if found.open else _("Answered"),
    }  # fmt: skip
