"""The default desk: loans late enough for a notice, defaults that stand, and one default from notice to statement and surplus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from holdfast import approvals, duties, release
from holdfast.database.connection import transaction
from holdfast.duties import Case
from holdfast.parties import may
from holdfast.release import Disposal, DisposalState, disposal, rules
from holdfast.servicing import debt_parts, read_loans
from holdfast.servicing import reading as book
from holdfast.web.console import release_words
from holdfast.web.console.acts import Tried, Verb, perform
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, AnswerForm, ReasonForm
from holdfast.web.console.release_forms import SaleForm, ValueForm
from holdfast.web.console.releases import panel
from holdfast.wiring import NOTARY, PRESS, carry

_OVER: Final = frozenset({DisposalState.CURED, DisposalState.CANCELLED})


@require_safe
@at_desk
def desk_list(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Defaults within sight, and the loans to which a notice could be given."""
    least = desk.pack.number("default.days_past_due", on=desk.today, lender_type=desk.lender.lender_type)
    with transaction() as db:
        rows = release.disposals(db, desk.staff.scope)
        late = release.late_loans(db, desk.staff.scope, today=desk.today, least_days=least)
    shown = [{"listed": each, "disposal": each.disposal, "state": release_words.DISPOSAL_STATES[each.disposal.state]} for each in rows]
    late_rows = [{"late": each, "days": (desk.today - each.late_since).days} for each in late]
    return render(request, "console/disposals/list.html", {"rows": shown, "late": late_rows, "least": least})


@require_safe
@at_desk
def one(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The default of a loan, or what a notice would say."""
    return page(request, desk, loan_id)


def page(request: HttpRequest, desk: Desk, loan_id: str, *, tried: Tried | None = None, status: int = 200) -> HttpResponse:
    """The whole page; `tried` is a form that was refused."""
    with transaction() as db:
        case = duties.take(db, loan_id, desk.staff.scope, lock=False)
        context = _context(db, desk, case, tried)
    return render(request, "console/disposals/disposal.html", context, status=status)


def _context(db: Db, desk: Desk, case: Case, tried: Tried | None) -> dict[str, Any]:
    loan, currency = case.loan, case.loan.currency
    detail = book.loan_detail(db, desk.look, loan.public_id)
    found = release.disposal_of(db, loan.loan_id)
    stands = found is not None and found.state not in _OVER
    held = read_loans(db, [loan.loan_id], lock=False, on=desk.today)[0]
    owed = debt_parts(db, loan=loan.public_id, on=desk.today)
    forms_of: dict[str, forms.Form] = {
        **{name: ActForm(name=name) for name in ("notice", "account")},
        **{name: ReasonForm(name=name) for name in ("withdraw", "surplus")},
        **{name: AnswerForm(name=name) for name in ("sell", "return")},
        "value": ValueForm(name="value", currency=currency),
        "sale": SaleForm(name="sale", currency=currency),
    }
    if tried is not None:
        forms_of[tried.name] = tried.form
    sale = approvals.request(db, found.request) if found and found.request and found.state is DisposalState.VALUED else None
    surplus = approvals.request(db, found.surplus_request) if found and found.surplus_request else None
    return {
        "loan": loan, "row": detail.row, "currency": currency, "disposal": found, "stands": stands, "forms": forms_of,
        "failed": tried.name if tried else "", "state": release_words.DISPOSAL_STATES[found.state] if found else None,
        "steps": _steps(found) if stands and found else [], "unpaid_due": held.state.unpaid_due(desk.today),
        "late_days": detail.row.days_past_due,
        "owed": [(release_words.PARTS[part], minor) for part, minor in owed.items() if minor], "owed_total": sum(owed.values()),
        "least": case.number("default.days_past_due", loan.opened_on), "notice_days": case.number("default.notice_days", loan.opened_on),
        "may_be_sold": found is not None and desk.today >= found.sale_from,
        "sale": panel(db, desk, sale), "surplus": panel(db, desk, surplus),
        "shares": _shares(found), "can": {name: may(desk.staff, act) and possible(found) for name, (act, possible) in _POSSIBLE.items()},
    }  # fmt: skip


def _shares(found: Disposal | None) -> list[tuple[Any, int, int]]:
    """Each part of the debt, what it came to and what the sale paid of it."""
    if found is None or found.price is None:
        return []
    paid = rules.shared(found.net, found.debt)
    return [(release_words.PARTS[part], minor, paid[part]) for part, minor in found.debt.items() if minor]


def _is(*states: DisposalState) -> Callable[[Disposal | None], bool]:
    return lambda found: found is not None and found.state in states


_POSSIBLE: Final[Mapping[str, tuple[str, Callable[[Disposal | None], bool]]]] = {
    "notice": ("default.notice", lambda found: found is None or found.state in _OVER),
    "withdraw": ("default.withdraw", _is(DisposalState.NOTICED, DisposalState.VALUED)),
    "value": ("disposal.value", _is(DisposalState.NOTICED, DisposalState.VALUED)),
    "sale": ("disposal.sell", _is(DisposalState.VALUED)),
    "sell": ("disposal.approve", _is(DisposalState.VALUED)),
    "account": ("disposal.account", _is(DisposalState.SOLD)),
    "surplus": ("refund", lambda found: found is not None and found.state is DisposalState.ACCOUNTED and found.surplus > 0),
    "return": ("approval.answer", _is(DisposalState.ACCOUNTED)),
}


def _steps(found: Disposal) -> list[Mapping[str, Any]]:
    """The stages of a default, each done, now or to come."""
    steps: list[tuple[Any, Any]] = [
        (_("Notice"), found.noticed_on), (_("Valued"), found.valued_on), (_("Sold"), found.sold_on),
        (_("Accounted for"), found.accounted_on),
    ]  # fmt: skip
    now = next((index for index, (_name, on) in enumerate(steps) if on is None), len(steps))
    return [
        {"name": name, "on": on, "state": "done" if on else "now" if index == now else "todo"} for index, (name, on) in enumerate(steps)
    ]


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """What the loan's page shows of its default."""
    found = release.disposal_of(db, book.loan_number(db, desk.look, loan_id))
    if found is None:
        return None
    shape, word = release_words.DISPOSAL_STATES[found.state]
    return {"disposal": found, "shape": shape, "word": word, "steps": _steps(found), "address": reverse("console:disposal", args=[loan_id])}


# -- acts -----------------------------------------------------------------------------------------


@require_POST
@at_desk
def notice(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Give notice of default."""

    def verb(db: Db) -> None:
        disposal.notice(db, clock=desk.clock, by=desk.staff, loan=loan_id, press=PRESS, notary=NOTARY)

    return _act(
        request, desk, Tried("notice", loan_id, ActForm(request.POST, name="notice")), "default.notice", verb, gettext("Notice is given.")
    )


@require_POST
@at_desk
def withdraw(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Take the notice back."""
    form = ReasonForm(request.POST, name="withdraw")

    def verb(db: Db) -> None:
        disposal.withdraw_notice(db, clock=desk.clock, by=desk.staff, loan=loan_id, words=form.cleaned_data["reason"])

    return _act(request, desk, Tried("withdraw", loan_id, form), "default.withdraw", verb, gettext("The notice is taken back."))


@require_POST
@at_desk
def value(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Value the thing for the sale."""
    form = ValueForm(request.POST, name="value", currency=_currency(desk, loan_id))

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        disposal.value_for_sale(db, clock=desk.clock, by=desk.staff, loan=loan_id, amount=wanted["amount"] or None, words=wanted["words"])

    return _act(request, desk, Tried("value", loan_id, form), "disposal.value", verb, gettext("Valued."))


@require_POST
@at_desk
def ask_sale(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Enter price, costs and buyer, and ask two others."""
    form = SaleForm(request.POST, name="sale", currency=_currency(desk, loan_id))

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        disposal.ask_sale(
            db, clock=desk.clock, by=desk.staff, loan=loan_id, price=wanted["price"], costs=wanted["costs"],
            buyer_name=wanted["buyer_name"],
            buyer_id=wanted["buyer_id"], relation=wanted["relation"], sold_on=desk.today, reason=wanted["reason"],
        )  # fmt: skip

    return _act(request, desk, Tried("sale", loan_id, form), "disposal.sell", verb, gettext("Asked. Two others answer on this page."))


@require_POST
@at_desk
def sell(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """One person's yes or no to the sale; the last yes sells."""
    form = AnswerForm(request.POST, name="sell")

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        carry(disposal.sell, db, clock=desk.clock, by=desk.staff, loan=loan_id, approved=wanted["approved"], words=wanted["words"])

    return _act(request, desk, Tried("sell", loan_id, form), "disposal.approve", verb, gettext("Your answer is on record."))


@require_POST
@at_desk
def account(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Issue the statement."""

    def verb(db: Db) -> None:
        carry(disposal.account, db, clock=desk.clock, by=desk.staff, loan=loan_id, press=PRESS, notary=NOTARY)

    form = ActForm(request.POST, name="account")
    return _act(request, desk, Tried("account", loan_id, form), "disposal.account", verb, gettext("The statement is issued."))


@require_POST
@at_desk
def ask_surplus(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Ask another person to let the surplus go back."""
    form = ReasonForm(request.POST, name="surplus")

    def verb(db: Db) -> None:
        disposal.ask_surplus(db, clock=desk.clock, by=desk.staff, loan=loan_id, reason=form.cleaned_data["reason"])

    return _act(request, desk, Tried("surplus", loan_id, form), "refund", verb, gettext("Asked. Another person answers on this page."))


@require_POST
@at_desk
def return_surplus(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Another person's yes or no; the yes sends the surplus back."""
    form = AnswerForm(request.POST, name="return")

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        carry(
            disposal.return_surplus, db, clock=desk.clock, by=desk.staff, loan=loan_id, approved=wanted["approved"], words=wanted["words"]
        )

    return _act(request, desk, Tried("return", loan_id, form), "approval.answer", verb, gettext("Your answer is on record."))


def _currency(desk: Desk, loan_id: str) -> str:
    with transaction() as db:
        return book.loan_detail(db, desk.look, loan_id).row.currency


def _act(request: HttpRequest, desk: Desk, tried: Tried, act: str, verb: Verb, said: str) -> HttpResponse:
    return perform(
        request, desk, tried, act=act, verb=verb, said=said, back=reverse("console:disposal", args=[tried.about]),
        again=lambda tried: page(request, desk, tried.about, tried=tried, status=422),
    )  # fmt: skip
