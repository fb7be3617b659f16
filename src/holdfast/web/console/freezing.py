"""A loan that is frozen for a sign of fraud: the sign, who saw it, and the two people who may let the loan go on or end it.

Whoever reported takes no part, and is told so. One asks, another answers; each sees what the other saw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse as address
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from holdfast import confirmation, duties
from holdfast.approvals import Request, Standing
from holdfast.confirmation import Sign
from holdfast.confirmation.observations import observations_of
from holdfast.database.connection import transaction
from holdfast.kernel.errors import HoldfastError
from holdfast.life import LIVE
from holdfast.parties import may
from holdfast.web.console import call_words, words
from holdfast.web.console.acts import Tried, Verb, perform
from holdfast.web.console.approval import why_not_second
from holdfast.web.console.call_forms import ReviewForm, SignForm
from holdfast.web.console.calls import FRAUD, mark
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import AnswerForm

REPORT = "fraud.freeze"
REVIEW = "fraud.thaw"


@require_safe
@at_desk
def freeze(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The signs seen on a loan, and what may be done about them."""
    return page(request, desk, loan_id)


@require_POST
@at_desk
def report(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Report a sign of fraud: the loan is frozen in this moment."""
    form = SignForm(request.POST, name="sign")

    def verb(db: Db) -> None:
        confirmation.report_fraud(db, clock=desk.clock, by=desk.staff, loan=loan_id, **_said(form, "sign", "evidence", "words"))

    said = gettext("Frozen. Nothing goes on until two others have looked into it.")
    return _act(request, desk, Tried("sign", loan_id, form), REPORT, verb, said)


@require_POST
@at_desk
def ask(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Ask another person to let the loan go on, or to end it."""
    form = ReviewForm(request.POST, name="review")

    def verb(db: Db) -> None:
        asks = confirmation.ask_thaw if form.cleaned_data["act"] == REVIEW else confirmation.ask_refusal
        asks(db, clock=desk.clock, by=desk.staff, loan=loan_id, words=form.cleaned_data["words"])

    said = gettext("Asked. Another person answers on this page; until then nothing changes.")
    return _act(request, desk, Tried("review", loan_id, form), REVIEW, verb, said)


@require_POST
@at_desk
def answer(request: HttpRequest, desk: Desk, loan_id: str, asked_id: str) -> HttpResponse:
    """Answer as the second person."""
    form = AnswerForm(request.POST, name=f"answer-{asked_id[-6:]}")

    def verb(db: Db) -> None:
        duties.take(db, loan_id, desk.staff.scope, lock=False)
        wanted = form.cleaned_data
        confirmation.answer_review(
            db, clock=desk.clock, by=desk.staff, request=asked_id, approved=wanted["approved"], words=wanted["words"]
        )

    def said(made: str) -> str:
        if not form.cleaned_data["approved"]:
            return gettext("You said no; nothing is done.")
        return gettext("You agreed as the second person; it is done.")

    return _act(request, desk, Tried("answer", loan_id, form), REVIEW, verb, said)


def page(request: HttpRequest, desk: Desk, loan_id: str, *, tried: Tried | None = None, status: int = 200) -> HttpResponse:
    """The page of a loan that is or was frozen, or may be."""
    with transaction() as db:
        context = _context(db, desk, loan_id, tried)
    return render(request, "console/calls/freeze.html", context, status=status)


def _context(db: Db, desk: Desk, loan_id: str, tried: Tried | None) -> Mapping[str, Any]:
    case = duties.take(db, loan_id, desk.staff.scope, lock=False)
    signs = confirmation.signs_of(db, desk.staff.scope, loan=loan_id)
    reviews = confirmation.reviews_of(db, desk.staff.scope, loan=loan_id)
    frozen = any(each.reason == FRAUD for each in case.freezes)
    reviewer = may(desk.staff, REVIEW)
    barred = _barred(signs, desk)
    waits = any(each.standing is Standing.OPEN for each in reviews)
    asks = frozen and reviewer and not barred and not waits
    reports = may(desk.staff, REPORT) and case.loan.state in LIVE
    kept = {tried.name: tried.form} if tried else {}
    return {
        "loan_id": loan_id,
        "case": case,
        "frozen": frozen,
        "since": next((each for each in case.freezes if each.reason == FRAUD), None),
        "duty": case.open("fraud_review"),
        "signs": [_sign(each, reviewer) for each in signs],
        "observations": [
            {"seen": each, "word": words.word(call_words.OBSERVED, each.kind), "at": mark(each.mark)}
            for each in observations_of(db, desk.staff.scope, loan=loan_id)
        ]
        if reviewer
        else [],
        "reviews": [_review(each, desk, barred, kept) for each in reviews],
        "review_form": kept.get("review") or (ReviewForm(name="review", initial={"act": REVIEW}) if asks else None),
        "barred": barred,
        "reviewer": reviewer,
        "sign_form": kept.get("sign") or (SignForm(name="sign") if reports else None),
        "failed": tried.name if tried else "",
    }


def _sign(sign: Sign, reviewer: bool) -> Mapping[str, Any]:
    """A sign; what it rests on is shown to those who review it."""
    return {"seen": sign, "word": words.word(call_words.SIGNS, sign.sign), "evidence": sign.evidence if reviewer else ""}


def _barred(signs: Any, desk: Desk) -> str:
    """Why this person takes no part in the review; empty if they may."""
    try:
        confirmation.may_review(signs, desk.staff)
    except HoldfastError as error:
        return words.refusal(error)
    return ""


def _review(asked: Request, desk: Desk, barred: str, kept: Mapping[str, forms.Form]) -> Mapping[str, Any]:
    form: forms.Form | None = None
    why_not = barred
    if asked.standing is Standing.OPEN and not barred:
        why_not = why_not_second(asked, desk, REVIEW)
        form = None if why_not else kept.get("answer") or AnswerForm(name=f"answer-{asked.public_id[-6:]}")
    return {"asked": asked, "what": words.word(call_words.REVIEWS, asked.act), "form": form, "why_not": why_not}


def _said(form: forms.Form, *names: str) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in names}


def _act(request: HttpRequest, desk: Desk, tried: Tried, act: str, verb: Verb, said: str | Callable[[str], str]) -> HttpResponse:
    return perform(
        request, desk, tried, act=act, verb=verb, said=said, back=address("console:freeze", args=[tried.about]),
        again=lambda tried: page(request, desk, tried.about, tried=tried, status=422),
    )  # fmt: skip
