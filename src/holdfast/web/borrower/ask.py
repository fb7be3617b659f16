"""Asking on the phone, at any hour: what is owed, the plan, what ends the loan, what to bring; or a question that a person answers."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from holdfast import release
from holdfast.contact import Question, inbound
from holdfast.database.connection import transaction
from holdfast.duties import take_by_id
from holdfast.kernel.errors import HoldfastError
from holdfast.servicing import answers
from holdfast.web.borrower.desk import Visitor, borrower_at
from holdfast.web.console import inbound_words, words

_ASKED: Final = (Question.BALANCE, Question.PLAN, Question.PAYOFF, Question.RELEASE)


class AskForm(forms.Form):
    """A question in one's own words."""

    words = forms.CharField(
        label=_("Your question"), min_length=inbound.SHORTEST_WORDS, max_length=inbound.MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 4, "class": "in"}),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@borrower_at
def ask(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """The answer to `?about=`, the questions that were asked, and the form for a new one."""
    if request.method != "POST":
        return _page(request, visitor, loan_id, AskForm(), 200)
    form = AskForm(request.POST)
    if form.is_valid():
        try:
            with transaction() as db:
                inbound.ask(db, clock=visitor.clock, by=visitor.actor, loan=loan_id, words=form.cleaned_data["words"])
        except HoldfastError as error:
            form.add_error("words" if error.field == "words" else None, words.refusal(error))
        else:
            messages.success(request, gettext("We have your question. A person answers it here."))
            return HttpResponseRedirect(reverse("borrower:ask", args=[loan_id]))
    return _page(request, visitor, loan_id, form, 422)


@require_POST
@borrower_at
def leave_alone(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """No reminders, collection or news any more."""
    with transaction() as db:
        inbound.leave_alone(db, clock=visitor.clock, by=visitor.actor, loan=loan_id)
    messages.success(request, gettext("You will have no more reminders, collection or news. What you owe stays as it is."))
    return HttpResponseRedirect(reverse("borrower:ask", args=[loan_id]))


def _page(request: HttpRequest, visitor: Visitor, loan_id: str, form: AskForm, status: int) -> HttpResponse:
    about, answer, why_not, counter = request.GET.get("about", ""), None, "", None
    with transaction() as db:
        number = visitor.must_own(db, loan_id)
        if about in _ASKED:
            question = Question(about)
            try:
                answer = answers.answer(
                    db, clock=visitor.clock, look=visitor.look, loan=loan_id, question=question, proved=True, on=_day(request)
                )
            except HoldfastError as error:
                why_not = words.refusal(error)
            if question is Question.RELEASE:
                counter = release.counter_of(db, take_by_id(db, number, lock=False).loan.branch_id)
        tickets = inbound.tickets_of(db, by=visitor.actor, loan=loan_id)
        said = inbound.words_of(db, by=visitor.actor, loan=loan_id)
    context: dict[str, Any] = {
        "loan_id": loan_id, "about": about, "answer": answer, "why_not": why_not, "counter": counter, "form": form, "today": visitor.today,
        "questions": [(each, inbound_words.QUESTIONS[each]) for each in _ASKED], "on": request.GET.get("on") or visitor.today.isoformat(),
        "tickets": [(each, [(one, said.get(one.seq)) for one in each.said]) for each in tickets],
    }  # fmt: skip
    return render(request, "borrower/ask.html", context, status=422 if why_not else status)


def _day(request: HttpRequest) -> date | None:
    field = forms.DateField(required=False)
    try:
        found: date | None = field.clean(request.GET.get("on", ""))
    except forms.ValidationError:
        return None
    return found
