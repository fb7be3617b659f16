"""The decisions desk, and one decision with all that it follows from: gates, score, limit, price, reasons, two people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse as address
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from holdfast import applications, decisioning, duties
from holdfast.approvals import Request
from holdfast.database.connection import transaction
from holdfast.decisioning import ByWhat, Decision, DecisionState, Line, Reason
from holdfast.duties import Case
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.parties import may
from holdfast.products import Terms, price_of, products
from holdfast.web.console import decision_words, words
from holdfast.web.console.acts import Tried, Verb, perform
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, AmountField
from holdfast.web.console.templatetags.console import money, of_language

MAKE: Final = "decision.make"
REVIEW: Final = "decision.review"


class VoteForm(ActForm):
    """One person's yes or no on a referred loan. The sum is named by the first; the second says yes to exactly that."""

    amount = AmountField(label=_("Sum to be lent"), required=False)
    words = forms.CharField(label=_("Why, in your words"), min_length=4, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    approved = forms.TypedChoiceField(widget=forms.HiddenInput, choices=[("yes", "yes"), ("no", "no")], coerce=lambda value: value == "yes")

    def __init__(self, *args: Any, currency: str = "CNY", second: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if second:
            del self.fields["amount"]
        else:
            amount = self.fields["amount"]
            assert isinstance(amount, AmountField)
            amount.currency = currency


class ReviewForm(ActForm):
    """A borrower's wish that people look at a refusal again, passed on by staff."""

    words = forms.CharField(label=_("What the borrower says"), min_length=4, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


@require_safe
@at_desk
def queue(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What waits for a decision, earliest deadline first; or what was decided."""
    decided = request.GET.get("show") == "decided"
    with transaction() as db:
        waiting = decisioning.desk(db, desk.staff.scope)
        lines = decisioning.desk(db, desk.staff.scope, decided=True) if decided else waiting
        names = {each.code: of_language((each.name_zh, each.name_en)) for each in products(db)}
    rows = [_row(line, names, desk) for line in lines]
    return render(request, "console/decisions/queue.html", {"rows": rows, "decided": decided, "waiting": len(waiting)})


@require_safe
@at_desk
def decision(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """One loan's decision, or what the rule would find now."""
    return page(request, desk, loan_id)


@require_POST
@at_desk
def decide(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Let the rule decide."""

    def verb(db: Db) -> None:
        decisioning.decide(db, clock=desk.clock, by=desk.staff, loan=loan_id)

    return _act(request, desk, Tried("decide", loan_id, ActForm(request.POST, name="decide")), MAKE, verb)


@require_POST
@at_desk
def answer(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """One person's yes or no on a referred loan."""
    with transaction() as db:
        case = duties.take(db, loan_id, desk.staff.scope, lock=False)
        second = _asked(db, desk, decisioning.decisions_of(db, case.loan.loan_id)) is not None
    form = VoteForm(request.POST, name="vote", currency=case.loan.currency, second=second)

    def verb(db: Db) -> None:
        given = form.cleaned_data
        decisioning.answer_referral(
            db,
            clock=desk.clock,
            by=desk.staff,
            loan=loan_id,
            approved=given["approved"],
            words=given["words"],
            amount=given.get("amount") or None,
        )

    return _act(request, desk, Tried("vote", loan_id, form), MAKE, verb)


@require_POST
@at_desk
def review(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Pass on that the borrower asks for people."""
    form = ReviewForm(request.POST, name="review")

    def verb(db: Db) -> None:
        decisioning.ask_review(db, clock=desk.clock, by=desk.staff, loan=loan_id, words=form.cleaned_data["words"])

    return _act(request, desk, Tried("review", loan_id, form), REVIEW, verb)


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """What a loan's page shows of its decision; nothing before the confirmation."""
    case = duties.take(db, loan_id, desk.staff.scope, lock=False)
    made = decisioning.decisions_of(db, case.loan.loan_id)
    if not made and case.loan.state is not LoanState.CONFIRMED:
        return None
    last = made[-1] if made else None
    return {
        "loan_id": loan_id,
        "last": _told(last) if last else None,
        "waits": case.loan.state is LoanState.CONFIRMED,
        "acts": may(desk.staff, MAKE),
    }


# ── what the page is made of ───────────────────────────────────────────────────────────────────────────────


def page(request: HttpRequest, desk: Desk, loan_id: str, *, tried: Tried | None = None, status: int = 200) -> HttpResponse:
    """The page; `tried` is the form that was refused, as it was filled in."""
    with transaction() as db:
        context = _context(db, desk, loan_id, tried)
    return render(request, "console/decisions/decision.html", context, status=status)


def _context(db: Db, desk: Desk, loan_id: str, tried: Tried | None) -> dict[str, Any]:
    case = duties.take(db, loan_id, desk.staff.scope, lock=False)
    asked = applications.of_loan(db, case.loan.loan_id)
    made = decisioning.decisions_of(db, case.loan.loan_id)
    last = made[-1] if made else None
    waits = case.loan.state is LoanState.CONFIRMED
    currency = case.loan.currency
    finding, now_words, cannot = dict(last.found) if last else None, None, ""
    if waits and (last is None or last.state is not DecisionState.REFERRED):
        try:
            _facts, _basis, now = decisioning.look(db, clock=desk.clock, by=desk.staff, loan=loan_id)
            finding, now_words = now.to_json(), decision_words.OUTCOMES[now.outcome]
        except HoldfastError as error:
            cannot = words.refusal(error)
    terms = last.approved_terms if last and last.approved_terms else _terms(finding)
    state = last.state if last else DecisionState.PENDING
    who_decides, why_not = _may_decide(db, desk, loan_id) if waits else (False, "")
    request = _asked(db, desk, made) if waits else None
    return {
        "loan_id": loan_id,
        "case": case,
        "asked": asked,
        "currency": currency,
        "last": last,
        "state": decision_words.STATES[state],
        "now": now_words,
        "cannot": cannot,
        "waits": waits,
        "gates": _gates(finding, currency) if finding else [],
        "score": _score(finding, last) if finding else None,
        "limit": _limit(finding) if finding else None,
        "price": _price(terms, finding) if finding and terms else None,
        "reasons": _said(finding["reasons"], currency) if finding else [],
        "mends": _said(finding["mends"], currency) if finding and state is not DecisionState.APPROVED else [],
        "people_words": last.words if last and last.by_what is not ByWhat.RULE else "",
        "due": case.open("decide"),
        "decide_form": ActForm(name="decide") if waits and who_decides and (last is None or last.by_what is ByWhat.RULE) else None,
        "why_not": why_not,
        "request": request,
        "vote_form": _vote_form(db, desk, case, state, finding, request, tried) if who_decides else None,
        "vote_why_not": _vote_why_not(db, desk, loan_id) if state is DecisionState.REFERRED and waits else "",
        "referred": state is DecisionState.REFERRED and waits,
        "review_form": _review_form(desk, case, last, tried),
        "history": [{**_told(each), "same": decisioning.replay(db, each) == each.finding} for each in reversed(made)],
        "failed": tried.form if tried and tried.name == "decide" else None,
    }  # fmt: skip


def _row(line: Line, names: Mapping[str, str], desk: Desk) -> dict[str, Any]:
    shape, word = decision_words.STATES[line.state]
    late = line.due_at is not None and line.due_at < desk.now
    return {"line": line, "shape": shape, "word": word, "product": names.get(line.product, line.product), "late": late,
            "by_what": decision_words.BY_WHAT.get(line.by_what or "", "")}  # fmt: skip


def _told(made: Decision) -> dict[str, Any]:
    shape, word = decision_words.STATES[made.state]
    return {
        "decision": made, "shape": shape, "word": word, "by_what": decision_words.BY_WHAT[made.by_what],
        "by": made.made_by_name or gettext("the borrower"), "approved_sum": made.approved_sum,
        "reasons": [decision_words.said(each, made.currency) for each in made.reasons],
        "card": made.named["scorecard"], "table": made.named["table"], "pack": made.named["pack"], "engine": made.named["engine"],
        "table_engine": made.named["table_engine"],
    }  # fmt: skip


def _gates(finding: Mapping[str, Any], currency: str) -> list[dict[str, Any]]:
    rows = []
    for gate in finding["gates"]:
        shape, word = decision_words.ANSWERS[gate["answer"]]
        given = ", ".join(_given(name, value, currency) for name, value in gate["given"].items())
        why = decision_words.said(Reason(f"gate.{gate['gate']}"), currency) if gate["answer"] != "pass" else ""
        rule = in_major(gate["rule"], currency) if any(name.endswith("_minor") for name in gate["given"]) else gate["rule"]
        hard = not gate["may_set_aside"] and gate["answer"] == "refuse"
        rows.append({"name": words.word(decision_words.GATES, gate["gate"]), "shape": shape, "word": word, "given": given,
                     "rule": rule, "row": gate["row"], "why": why, "hard": hard})  # fmt: skip
    return rows


def _given(name: str, value: Any, currency: str) -> str:
    if value is None:
        return gettext("not known")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if name.endswith("_minor"):
        return money(int(value), currency)
    if name.endswith("_percent"):
        return f"{value} %"
    if name == "all_in":
        return f"{Decimal(value) * 100:.2f} %"
    return words.word(decision_words.VALUES.get(name, {}), str(value))


def in_major(rule: str, currency: str) -> str:
    """A rule about minor units as people write sums."""
    return re.sub(r"\d+", lambda digits: money(int(digits[0]), currency), rule)


def _score(finding: Mapping[str, Any], last: Decision | None) -> dict[str, Any] | None:
    score = finding["score"]
    if score is None:
        return None
    band = next((gate["more"].get("band") for gate in finding["gates"] if gate["gate"] == "score"), "")
    rows = [
        {"name": words.word(decision_words.QUESTIONS, each["name"]), "points": each["points"], "best": each["best"],
         "lost": max(each["best"] - each["points"], 0)}
        for each in score["earned"]
    ]  # fmt: skip
    begins = score["milli"] - 1000 * sum(each["points"] for each in score["earned"])
    return {"points": score["milli"] // 1000, "begins": begins / 1000, "exact": score["milli"] / 1000, "band": band, "rows": rows,
            "chance": f"{score['pd_ppm'] / 10_000:.1f}", "card": last.named["scorecard"]["name"] if last else ""}  # fmt: skip


def _limit(finding: Mapping[str, Any]) -> dict[str, Any]:
    parts = [
        {"name": words.word(decision_words.PARTS, part["name"]), "minor": part["minor"], "hard": part["hard"],
         "binds": part["name"] == finding["limit"]["binding"]}
        for part in finding["limit"]["parts"]
    ]  # fmt: skip
    return {"parts": parts, "minor": finding["limit"]["minor"], "sum": finding["sum_minor"]}


def _terms(finding: Mapping[str, Any] | None) -> Terms | None:
    return Terms.from_json(finding["terms"]) if finding and finding["terms"] else None


def _price(terms: Terms, finding: Mapping[str, Any]) -> dict[str, Any]:
    price = price_of(terms)
    ceiling = next(gate["rule"].removeprefix("<= ").removesuffix(" %") for gate in finding["gates"] if gate["gate"] == "price")
    return {"terms": terms, "price": price, "rate": words.terms_line(terms.to_json()), "all_in": f"{price.all_in * 100:.2f}",
            "nominal": f"{price.cost.nominal * 100:.2f}", "effective": f"{price.cost.effective * 100:.2f}",
            "ceiling": f"{Decimal(ceiling):.2f}", "each": next(row.due for row in price.instalments if row.n >= 1)}  # fmt: skip


def _said(raw: list[Mapping[str, Any]], currency: str) -> list[str]:
    return [decision_words.said(Reason.from_json(each), currency) for each in raw]


def _may_decide(db: Db, desk: Desk, loan_id: str) -> tuple[bool, str]:
    """Whether this person may decide on the loan, and if not, why."""
    if not may(desk.staff, MAKE):
        return False, gettext("Approvers and risk managers decide.")
    try:
        decisioning.may_decide(db, desk.staff, loan_id)
    except HoldfastError as error:
        return False, words.refusal(error)
    return True, ""


def _asked(db: Db, desk: Desk, made: list[Decision]) -> Request | None:
    return decisioning.open_request(db, made[-1].loan_id, made[-1], desk.staff.scope) if made else None


def _vote_why_not(db: Db, desk: Desk, loan_id: str) -> str:
    try:
        decisioning.may_answer(db, desk.staff, loan_id)
    except HoldfastError as error:
        return words.refusal(error)
    return ""


def _vote_form(
    db: Db, desk: Desk, case: Case, state: DecisionState, finding: Mapping[str, Any] | None, request: Request | None, tried: Tried | None
) -> forms.Form | None:
    if state is not DecisionState.REFERRED or _vote_why_not(db, desk, case.loan.public_id):
        return None
    if tried and tried.name == "vote":
        return tried.form
    proposed = finding["sum_minor"] if finding else None
    initial = {"amount": Money(proposed, case.loan.currency).decimal()} if proposed else {}
    return VoteForm(name="vote", currency=case.loan.currency, second=request is not None, initial=initial)


def _review_form(desk: Desk, case: Case, last: Decision | None, tried: Tried | None) -> forms.Form | None:
    refused = last is not None and last.state is DecisionState.REFUSED and last.by_what is ByWhat.RULE
    if not refused or case.loan.state is not LoanState.REFUSED or not may(desk.staff, REVIEW):
        return None
    return tried.form if tried and tried.name == "review" else ReviewForm(name="review")


def _act(request: HttpRequest, desk: Desk, tried: Tried, act: str, verb: Verb) -> HttpResponse:
    return perform(
        request, desk, tried, act=act, verb=verb, said=lambda _made: _done(desk, tried.about, tried.name),
        back=address("console:decision", args=[tried.about]),
        again=lambda tried: page(request, desk, tried.about, tried=tried, status=422),
    )  # fmt: skip


def _done(desk: Desk, loan_id: str, form: str) -> str:
    """What came of it, in a sentence."""
    with transaction() as db:
        case = duties.take(db, loan_id, desk.staff.scope, lock=False)
        made = decisioning.decision_of(db, case.loan.loan_id)
    if form == "review":
        return gettext("Passed on. Two people answer; the deadline has begun.")
    if made.state is DecisionState.REFERRED:
        return (
            gettext("Your yes stands. Another person answers.") if form == "vote" else gettext("Referred. Two people answer on this page.")
        )
    return (
        gettext("Approved. The contract can be drafted.") if made.state is DecisionState.APPROVED else gettext("Refused, with its reasons.")
    )
