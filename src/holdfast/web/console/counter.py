"""The counter: one's own drawer, cash for a loan, and the evening's count by two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from holdfast import payments
from holdfast.database.connection import transaction
from holdfast.parties import may
from holdfast.payments import Drawer, DrawerState
from holdfast.web.console import money_words
from holdfast.web.console.acts import Tried, kept, perform
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.money_forms import CashForm, CountForm, DifferenceForm, DrawerForm, SlipForm
from holdfast.web.console.reading import loan_named
from holdfast.web.console.templatetags.console import money
from holdfast.wiring import carry

_LISTED = 20


@require_safe
@at_desk
def counter(request: HttpRequest, desk: Desk) -> HttpResponse:
    """My drawer with what came in today, the drawers that wait for a second count, and those that did not agree."""
    return _page(request, desk)


@require_POST
@at_desk
def open_drawer(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Open a drawer of one's own."""
    form = DrawerForm(request.POST, name="drawer", currency=desk.lender.currency)

    def verb(db: Db) -> None:
        payments.open_drawer(db, clock=desk.clock, by=desk.staff, float_held=form.cleaned_data["float_held"])

    return _do(request, desk, Tried("open", "", form), "drawer.open", verb, gettext("Your drawer is open."))


@require_POST
@at_desk
def cash(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Take cash for a loan."""
    form = CashForm(request.POST, name="cash", currency=desk.lender.currency)

    def verb(db: Db) -> None:
        loan = loan_named(db, desk, form.cleaned_data["loan"])
        carry(payments.post_cash, db, clock=desk.clock, by=desk.staff, loan=loan, amount=form.cleaned_data["amount"])

    def said(made: str) -> str:
        amount = form.cleaned_data["amount"]
        return gettext("%(amount)s received and posted.") % {"amount": money(amount.minor, amount.currency)}

    return perform(
        request, desk, Tried("cash", "", form), act="receipt.post", verb=verb, said=said, back=reverse("console:counter"),
        again=lambda tried: _page(request, desk, tried),
    )  # fmt: skip


@require_POST
@at_desk
def count(request: HttpRequest, desk: Desk, drawer: str) -> HttpResponse:
    """The cashier's own count."""
    form = CountForm(request.POST, name=f"count-{drawer[-6:]}", currency=desk.lender.currency)

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        payments.count_drawer(db, clock=desk.clock, by=desk.staff, drawer=drawer, counted=wanted["counted"], words=wanted["words"])

    return _do(
        request, desk, Tried("count", drawer, form), "drawer.open", verb, gettext("Counted. Another person counts again and closes.")
    )


@require_POST
@at_desk
def close(request: HttpRequest, desk: Desk, drawer: str) -> HttpResponse:
    """The second person's count."""
    form = CountForm(request.POST, name=f"close-{drawer[-6:]}", currency=desk.lender.currency)

    def verb(db: Db) -> str:
        wanted = form.cleaned_data
        given = {"drawer": drawer, "counted": wanted["counted"], "words": wanted["words"]}
        return str(payments.close_drawer(db, clock=desk.clock, by=desk.staff, **given).state)

    def said(made: str) -> str:
        if made == DrawerState.OPEN:
            return gettext("The two counts differ: the drawer is open again for the cashier to count anew.")
        return gettext("Closed by two.")

    return perform(
        request, desk, Tried("close", drawer, form), act="drawer.close", verb=verb, said=said, back=reverse("console:counter"),
        again=lambda tried: _page(request, desk, tried),
    )  # fmt: skip


@require_POST
@at_desk
def settle(request: HttpRequest, desk: Desk, drawer: str) -> HttpResponse:
    """What became of a difference."""
    form = DifferenceForm(request.POST, name=f"settle-{drawer[-6:]}")

    def verb(db: Db) -> None:
        said = form.cleaned_data["loan"].strip()
        loan = loan_named(db, desk, said) if said else ""
        given = {"words": form.cleaned_data["words"], "outcome": form.cleaned_data["outcome"], "loan": loan}
        carry(payments.settle_difference, db, clock=desk.clock, by=desk.staff, drawer=drawer, **given)

    return _do(request, desk, Tried("settle", drawer, form), "drawer.settle", verb, gettext("Noted; the difference is settled."))


@require_POST
@at_desk
def bank(request: HttpRequest, desk: Desk, drawer: str) -> HttpResponse:
    """What a closed drawer took is paid in at the bank."""
    form = SlipForm(request.POST, name=f"bank-{drawer[-6:]}")

    def verb(db: Db) -> None:
        payments.bank_drawer(db, clock=desk.clock, by=desk.staff, drawer=drawer, slip=form.cleaned_data["slip"])

    return _do(request, desk, Tried("bank", drawer, form), "drawer.bank", verb, gettext("The money of the drawer is in the bank."))


def _do(request: HttpRequest, desk: Desk, tried: Tried, act: str, verb: Any, said: str) -> HttpResponse:
    return perform(
        request, desk, tried, act=act, verb=verb, said=said, back=reverse("console:counter"),
        again=lambda tried: _page(request, desk, tried),
    )  # fmt: skip


def _page(request: HttpRequest, desk: Desk, tried: Tried | None = None) -> HttpResponse:
    currency = desk.lender.currency
    with transaction() as db:
        mine = payments.drawer_of(db, desk.staff)
        entries = payments.in_drawer(db, mine) if mine else []
        found = payments.drawers(db, desk.staff)
        to_bank = payments.drawers_to_bank(db, desk.staff) if may(desk.staff, "drawer.bank") else []
    may_hold = may(desk.staff, "drawer.open")
    open_form: forms.Form | None = None
    if may_hold and mine is None:
        open_form = kept(tried, "open", "", lambda: DrawerForm(name="drawer", currency=currency))
    counted = [each for each in found if each.state is DrawerState.COUNTED]
    differing = [each for each in found if each.difference and each.difference.minor and each.settled_at is None]
    context = {
        "mine": mine,
        "entries": list(reversed(entries)),
        "open_form": open_form,
        "cash_form": kept(tried, "cash", "", lambda: CashForm(name="cash", currency=currency)) if mine else None,
        "count_form": kept(tried, "count", mine.public_id, lambda: CountForm(name="count", currency=currency)) if mine else None,
        "counted": [_counted(desk, each, tried) for each in counted],
        "differing": [_differing(desk, each, tried) for each in differing],
        "to_bank": [_to_bank(each, tried) for each in to_bank],
        "drawers": [(each, *money_words.DRAWERS[each.state]) for each in found][:_LISTED],
        "may_hold": may_hold,
        "tab": "counter",
    }
    return render(request, "console/money/counter.html", context, status=422 if tried else 200)


def _counted(desk: Desk, found: Drawer, tried: Tried | None) -> Mapping[str, Any]:
    name = f"close-{found.public_id[-6:]}"
    closes = may(desk.staff, "drawer.close") and desk.staff.staff_id != found.cashier_id
    form = kept(tried, "close", found.public_id, lambda: CountForm(name=name, currency=found.float_held.currency)) if closes else None
    return {"drawer": found, "form": form}


def _to_bank(found: Drawer, tried: Tried | None) -> Mapping[str, Any]:
    form = kept(tried, "bank", found.public_id, lambda: SlipForm(name=f"bank-{found.public_id[-6:]}"))
    return {"drawer": found, "takings": found.counted - found.float_held if found.counted else found.taken, "form": form}


def _differing(desk: Desk, found: Drawer, tried: Tried | None) -> Mapping[str, Any]:
    form = kept(tried, "settle", found.public_id, lambda: DifferenceForm(name=f"settle-{found.public_id[-6:]}"))
    return {"drawer": found, "form": form if may(desk.staff, "drawer.settle") else None}
