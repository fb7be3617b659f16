"""Other terms for a loan: what they cost, asking for them, deciding as somebody else, taking them back, and the terms of before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from holdfast import restructuring
from holdfast.database.connection import transaction
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.rate import Per
from holdfast.parties import may
from holdfast.restructuring import OPEN, REASONS, Request, RequestState
from holdfast.servicing import reading as book
from holdfast.web.console import restructuring_words, words
from holdfast.web.console.acts import Tried, Verb, in_panel, once
from holdfast.web.console.approval import why_not_second
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, AnswerForm, ReasonForm


class AskForm(ActForm):
    """What, and why; `shown` binds the request to the figures on the page."""

    change = restructuring_words.ChangeField(max_length=500)
    shown = forms.CharField(widget=forms.HiddenInput, max_length=64)
    reason = forms.ChoiceField(label=_("Why, in the borrower's words"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reason = self.fields["reason"]
        assert isinstance(reason, forms.ChoiceField)
        reason.choices = [(code, restructuring_words.REASONS[code]) for code in REASONS]


class DecideForm(ActForm):
    """Yes or no, and why."""

    words = forms.CharField(label=_("Words"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    agreed = forms.TypedChoiceField(widget=forms.HiddenInput, choices=[("yes", "yes"), ("no", "no")], coerce=lambda value: value == "yes")


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """The panel: every request with both schedules, the answer that this person may give, and the way to ask."""
    asked = restructuring.requests_of(db, by=desk.staff, loan=loan_id)
    active = book.loan_detail(db, desk.look, loan_id).row.state == "active"
    waiting = any(each.state in OPEN for each in asked)
    may_ask = active and not waiting and may(desk.staff, "restructuring.ask")
    if not asked and not may_ask:
        return None
    return {"requests": [_shown(db, desk, each) for each in asked], "may_ask_terms": may_ask, "terms_loan": loan_id}


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def ask(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The comparison of one change, and the request that is bound to it."""
    form, status = AskForm(name="ask"), 200
    change = None
    if request.method == "POST":
        form, status = AskForm(request.POST, name="ask"), 422
        if form.is_valid():
            change = wanted = form.cleaned_data["change"]
            given = {name: form.cleaned_data[name] for name in ("reason", "shown")}

            def verb(db: Db) -> None:
                restructuring.ask(db, clock=desk.clock, by=desk.staff, loan=loan_id, change=wanted, **given)

            inputs = {"loan": loan_id, "change": wanted.to_json(), **given}
            try:
                once(desk, act="restructuring.ask", key=form.one_time_key, inputs=inputs, verb=verb)
            except HoldfastError as error:
                form.add_error(None, words.refusal(error))  # nothing that was typed is wrong
            else:
                messages.success(request, gettext("Asked. Until it is agreed nothing changes."))
                return HttpResponseRedirect(_panel(loan_id))
    kind = change.kind if change else restructuring_words.kind_of(request.GET.get("kind"), restructuring_words.KINDS)
    told, why_not = None, ""
    with transaction() as db:
        detail = book.loan_detail(db, desk.look, loan_id)
        rate = detail.terms.get("rate", {"ppb": 0, "per": "year"})
        first = restructuring_words.first_choice(book.schedule(db, desk.look, loan_id), rate["ppb"], desk.today)
        choice = restructuring_words.ChangeForm(request.GET, kind=kind, per=Per(rate["per"]), first=first)
        try:
            change = change or choice.change()
            told = restructuring.compare(db, clock=desk.clock, by=desk.staff, loan=loan_id, change=change)
        except HoldfastError as error:
            why_not = words.refusal(error)
    context = {
        "row": detail.row, "told": told, "why_not": why_not, "form": form, "choice": choice, "kind": kind,
        "kinds": [(each, *said) for each, said in restructuring_words.KINDS.items()],
        "lead": restructuring_words.KINDS[kind][1], "more": restructuring_words.told_more(told) if told else None,
        "change": restructuring_words.hidden(change) if change and told else "",
        "title": restructuring_words.title(change) if change else "",
        "consent": change is not None and restructuring.wants_consent(change),
    }  # fmt: skip
    return render(request, "console/restructuring/ask.html", context, status=status)


@require_POST
@at_desk
def decide(request: HttpRequest, desk: Desk, loan_id: str, asked: str) -> HttpResponse:
    """Agree to a request or refuse it."""
    form = DecideForm(request.POST, name="decide")

    def verb(db: Db) -> str:
        wanted = form.cleaned_data
        given = {"request": asked, "agreed": wanted["agreed"], "words": wanted["words"]}
        return str(restructuring.decide(db, clock=desk.clock, by=desk.staff, loan=loan_id, **given).state)

    def said(made: str) -> str:
        if made == RequestState.SECONDED:
            return gettext("Agreed. One more person must agree before anything changes.")
        return gettext("Agreed; the new terms hold.") if form.cleaned_data["agreed"] else gettext("Refused; the borrower is told.")

    return _act(request, desk, loan_id, Tried("decide", asked, form), "restructuring.decide", verb, said)


@require_POST
@at_desk
def withdraw(request: HttpRequest, desk: Desk, loan_id: str, asked: str) -> HttpResponse:
    """Take a request back."""
    form = ActForm(request.POST, name="withdraw")

    def verb(db: Db) -> None:
        restructuring.withdraw(db, clock=desk.clock, by=desk.staff, loan=loan_id, request=asked)

    said = gettext("The request is taken back.")
    return _act(request, desk, loan_id, Tried("withdraw", asked, form), "restructuring.ask", verb, said)


@require_POST
@at_desk
def ask_reversal(request: HttpRequest, desk: Desk, loan_id: str, asked: str) -> HttpResponse:
    """Ask another person to take agreed terms back."""
    form = ReasonForm(request.POST, name="reversal")

    def verb(db: Db) -> None:
        given = {"request": asked, "reason": form.cleaned_data["reason"]}
        restructuring.ask_reversal(db, clock=desk.clock, by=desk.staff, loan=loan_id, **given)

    said = gettext("Asked. Another person must agree before the old terms hold again.")
    return _act(request, desk, loan_id, Tried("reversal", asked, form), "restructuring.reverse", verb, said)


@require_POST
@at_desk
def answer_reversal(request: HttpRequest, desk: Desk, loan_id: str, asked: str) -> HttpResponse:
    """The second person's answer to taking agreed terms back."""
    form = AnswerForm(request.POST, name="answer")

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        given = {"asked": asked, "approved": wanted["approved"], "words": wanted["words"]}
        restructuring.answer_reversal(db, clock=desk.clock, by=desk.staff, **given)

    def said(made: str) -> str:
        return gettext("The old terms hold again.") if form.cleaned_data["approved"] else gettext("Refused; the new terms stay.")

    return _act(request, desk, loan_id, Tried("answer", asked, form), "restructuring.decide", verb, said)


def _shown(db: Db, desk: Desk, asked: Request) -> Mapping[str, Any]:
    """One request: its words, and for this person the form or the reason why there is none."""
    open_now = asked.state in OPEN
    form: forms.Form | None = None
    why_not, moved = "", None
    if open_now and may(desk.staff, "restructuring.decide"):
        try:
            restructuring.may_be_decided_by(db, by=desk.staff, loan=asked.loan, request=asked.public_id)
            form = DecideForm(name=f"decide-{asked.request_no}")
        except HoldfastError as error:
            why_not = words.refusal(error)
    if open_now:
        try:
            moved = restructuring.as_it_stands(db, clock=desk.clock, by=desk.staff, loan=asked.loan, request=asked.public_id)
        except HoldfastError as error:
            why_not = why_not or words.refusal(error)
    shape, word = restructuring_words.STATES[asked.state]
    return {
        "request": asked,
        "title": restructuring_words.title(asked.change),
        "shape": shape,
        "word": word,
        "reason": restructuring_words.REASONS[asked.reason],
        "by": asked.asked_name or gettext("The borrower"),
        "more": restructuring_words.told_more(asked.comparison),
        "moved": moved,
        "moved_more": restructuring_words.told_more(moved) if moved else None,
        "may_agree": asked.state is not RequestState.PROPOSED and moved is None,
        "form": form,
        "why_not": why_not,
        "withdraw_form": ActForm(name=f"withdraw-{asked.request_no}") if open_now and may(desk.staff, "restructuring.ask") else None,
        **_reversal(db, desk, asked),
    }


def _reversal(db: Db, desk: Desk, asked: Request) -> Mapping[str, Any]:
    """The form to ask for it to be taken back, or the answer that this person may give to that."""
    if asked.state is not RequestState.AGREED:
        return {}
    waiting = next(
        (each for each in restructuring.reversals_of(db, by=desk.staff, loan=asked.loan) if each.inputs["request"] == asked.public_id), None
    )
    if waiting is None:
        return {"reverse_form": ReasonForm(name=f"reverse-{asked.request_no}") if may(desk.staff, "restructuring.reverse") else None}
    why_not = why_not_second(waiting, desk, "restructuring.decide")
    return {"waiting": waiting, "answer_form": None if why_not else AnswerForm(name=f"back-{asked.request_no}"), "answer_why": why_not}


def _act(
    request: HttpRequest, desk: Desk, loan_id: str, tried: Tried, act: str, verb: Verb, said: str | Callable[[str], str]
) -> HttpResponse:
    return in_panel(request, desk, tried, act=act, verb=verb, said=said, back=_panel(loan_id))


def _panel(loan_id: str) -> str:
    return reverse("console:loan", args=[loan_id]) + "#stage-restructuring"
