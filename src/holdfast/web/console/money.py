"""Payouts: asked by one, checked by another, sent by the system, asked after when the answer is lost. A desk and a loan's panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from holdfast import days, payments, servicing
from holdfast.approvals import Request, Standing, requests
from holdfast.database.connection import transaction
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.money import Money
from holdfast.parties import may, require
from holdfast.payments import Payout, PayoutState
from holdfast.servicing import reading as book
from holdfast.servicing.views import DutyFilter
from holdfast.web.console import money_words, rails, words
from holdfast.web.console.acts import Tried, kept, perform
from holdfast.web.console.approval import why_not_second
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm
from holdfast.web.console.money_forms import CheckForm, FurtherForm, PayoutForm, RulingForm, WordsForm
from holdfast.web.console.templatetags.console import money as amount_of
from holdfast.wiring import GROWS, RAIL, carry

_OPEN = (PayoutState.ASKED, PayoutState.APPROVED, PayoutState.LISTED, PayoutState.SENT, PayoutState.UNKNOWN)
_LISTED = 50


@require_safe
@at_desk
def money(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The payouts desk: what is to be paid out, checked, asked after; and what was."""
    return _page(request, desk)


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """The loan's panel: its payouts, the next step of the last one, and the withdrawal in the cooling-off period."""
    number = book.loan_number(db, desk.look, loan_id)
    found = payments.payouts(db, desk.staff.scope, loan_id=number)
    kinds = {duty.kind for duty in book.duties_of(db, desk.look, loan_id) if duty.open}
    withdrawal = payments.withdrawal_of(db, number)
    intents = payments.intents_of(db, number)
    drawers = payments.drawers_open_for(db, number)
    bank = rails.on_loan(db, desk, loan_id, number, kinds)
    nothing = not any(bank[name] for name in ("pay_code", "mandates", "debits", "matters"))
    if not found and not kinds & {"pay_out", "debit_failed"} and withdrawal is None and not intents and not drawers and nothing:
        return None
    waits = "pay_out" in kinds and not any(each.state in (*_OPEN, PayoutState.PAID) for each in found)
    return {
        "loan_id": loan_id,
        "cards": [_card(db, desk, each, None) for each in found],
        "ask_form": PayoutForm(name="payout") if waits and may(desk.staff, "payout.ask") else None,
        "waits": waits,
        "withdrawal": (withdrawal, *money_words.WITHDRAWALS[withdrawal.state]) if withdrawal else None,
        "intents": [(each, *money_words.INTENTS[each.state]) for each in intents[:5]],
        "drawers_open": drawers,
        "bank": bank,
        "rail": RAIL.capabilities(),
    }


@require_POST
@at_desk
def ask(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Ask for the contract's principal to be paid to the borrower's account."""
    form = PayoutForm(request.POST, name="payout")

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        given = {name: wanted[name] for name in ("payee_name", "account", "channel")}
        payments.ask_payout(db, clock=desk.clock, by=desk.staff, loan=loan_id, **given)

    return perform(
        request, desk, Tried("ask", loan_id, form), act="payout.ask", verb=verb, back=reverse("console:money"),
        said=gettext("Asked. Another person checks it; until then no money goes."), again=lambda tried: _page(request, desk, tried),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def further(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """A further sum under the contract's limit: how much of it is left, what stands in the way, and asking for it."""
    require(desk.staff, "payout.ask")
    with transaction() as db:
        detail = book.loan_detail(db, desk.look, loan_id)
        room = servicing.room_of(db, detail.number)
        under_way = [_card(db, desk, each, None) for each in payments.payouts(db, desk.staff.scope, loan_id=detail.number, states=_OPEN)]
        stops = _why_not(db, desk, loan_id, room.left)

    def drawn(tried: Tried | None = None) -> HttpResponse:
        form = tried.form if tried else FurtherForm(name="further", currency=detail.row.currency)
        context = {"row": detail.row, "room": room, "under_way": under_way, "stops": stops, "form": form}
        return render(request, "console/money/further.html", context, status=422 if tried else 200)

    if request.method != "POST":
        return drawn()
    form = FurtherForm(request.POST, name="further", currency=detail.row.currency)

    def verb(db: Db) -> None:
        given = {name: form.cleaned_data[name] for name in ("amount", "payee_name", "account", "channel", "words")}
        payments.ask_further_payout(db, clock=desk.clock, by=desk.staff, loan=loan_id, grows=GROWS, **given)

    return perform(
        request, desk, Tried("further", loan_id, form), act="payout.ask", verb=verb, back=reverse("console:loan", args=[loan_id]),
        said=gettext("Asked. Another person checks it; until then no money goes."), again=drawn,
    )  # fmt: skip


def _why_not(db: Db, desk: Desk, loan_id: str, left: Money) -> str:
    """What stands in the way of any further sum, before anybody fills in a form; tried with the smallest one, and taken back."""
    try:
        with db.transaction(force_rollback=True):
            GROWS(db, clock=desk.clock, by=desk.staff, loan=loan_id, amount=Money(1, left.currency))
    except HoldfastError as error:
        return gettext("The contract leaves nothing to pay out.") if left.minor == 0 else words.refusal(error)
    return ""


def may_grow(db: Db, desk: Desk, number: int, state: str) -> bool:
    """Whether this person may ask for a further sum of this loan, and its contract leaves any."""
    return state == "active" and may(desk.staff, "payout.ask") and servicing.room_of(db, number).left.minor > 0


@require_POST
@at_desk
def check(request: HttpRequest, desk: Desk, payout: str) -> HttpResponse:
    """The second person's answer; after a yes the order goes to the rail at once."""
    form = CheckForm(request.POST, name=f"check-{payout[-6:]}")

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        given = {"payout": payout, "approved": wanted["approved"], "words": wanted["words"], "rail": RAIL, "grows": GROWS}
        carry(payments.check_payout, db, clock=desk.clock, by=desk.staff, **given)

    def said(made: str) -> str:
        if not form.cleaned_data["approved"]:
            return gettext("You said no; no money goes.")
        days.send_payouts()
        with transaction() as db:
            found = payments.payout(db, payout, desk.staff.scope)
        return gettext("You agreed. %(state)s.") % {"state": money_words.PAYOUTS[found.state][1]}

    return perform(
        request, desk, Tried("check", payout, form), act="payout.check", verb=verb, said=said, back=reverse("console:money"),
        again=lambda tried: _page(request, desk, tried),
    )  # fmt: skip


@require_POST
@at_desk
def cancel(request: HttpRequest, desk: Desk, payout: str) -> HttpResponse:
    """Take back a payout that was not sent."""
    form = WordsForm(request.POST, name=f"cancel-{payout[-6:]}")

    def verb(db: Db) -> None:
        payments.cancel_payout(db, clock=desk.clock, by=desk.staff, payout=payout, words=form.cleaned_data["words"])

    return perform(
        request, desk, Tried("cancel", payout, form), act="payout.ask", verb=verb, back=reverse("console:money"),
        said=gettext("Cancelled. A new payout may be asked for."), again=lambda tried: _page(request, desk, tried),
    )  # fmt: skip


@require_POST
@at_desk
def enquire(request: HttpRequest, desk: Desk, payout: str) -> HttpResponse:
    """Ask the rail what became of a payout. Nothing is sent again."""
    form = ActForm(request.POST, name=f"enquire-{payout[-6:]}")

    def verb(db: Db) -> str:
        return str(carry(payments.enquire, db, clock=desk.clock, by=desk.staff, payout=payout, rail=RAIL).state)

    def said(made: str) -> str:
        return gettext("The bank was asked. %(state)s.") % {"state": money_words.PAYOUTS[PayoutState(made)][1]}

    return perform(
        request, desk, Tried("enquire", payout, form), act="payout.enquire", verb=verb, said=said, back=reverse("console:money"),
        again=lambda tried: _page(request, desk, tried),
    )  # fmt: skip


@require_POST
@at_desk
def rule(request: HttpRequest, desk: Desk, payout: str) -> HttpResponse:
    """Say, on the bank's word, how an unknown payout ended; another person must agree."""
    form = RulingForm(request.POST, name=f"rule-{payout[-6:]}")

    def verb(db: Db) -> None:
        wanted = {name: form.cleaned_data[name] for name in ("outcome", "reference", "words")}
        payments.ask_ruling(db, clock=desk.clock, by=desk.staff, payout=payout, **wanted)

    return perform(
        request, desk, Tried("rule", payout, form), act="payout.enquire", verb=verb, back=reverse("console:money"),
        said=gettext("Asked. Another person answers; until then it stays unknown."),
        again=lambda tried: _page(request, desk, tried),
    )  # fmt: skip


@require_POST
@at_desk
def answer_ruling(request: HttpRequest, desk: Desk, asked: str) -> HttpResponse:
    """The second person's answer to what another says about an unknown payout."""
    form = CheckForm(request.POST, name=f"ruling-{asked[-6:]}")

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        given = {"request": asked, "approved": wanted["approved"], "words": wanted["words"]}
        carry(payments.answer_ruling, db, clock=desk.clock, by=desk.staff, **given)

    return perform(
        request, desk, Tried("ruling", asked, form), act="payout.check", verb=verb, back=reverse("console:money"),
        said=gettext("Answered."), again=lambda tried: _page(request, desk, tried),
    )  # fmt: skip


# ── how the desk is drawn ──────────────────────────────────────────────────────────────────────────────────


def _page(request: HttpRequest, desk: Desk, tried: Tried | None = None) -> HttpResponse:
    with transaction() as db:
        found = payments.payouts(db, desk.staff.scope)
        standing = {each.loan for each in found if each.state in (*_OPEN, PayoutState.PAID)}
        duties = book.duty_list(db, desk.look, DutyFilter(kind="pay_out"), limit=_LISTED).items
        waiting = [each for each in duties if each.loan not in standing]
        cards = [_card(db, desk, each, tried) for each in found if each.state in _OPEN]
        matters = rails.open_matters(db, desk)
    may_ask = may(desk.staff, "payout.ask")
    context = {
        "matters": matters,
        "waiting": [(each, kept(tried, "ask", each.loan, lambda: PayoutForm(name="payout")) if may_ask else None) for each in waiting],
        "tried_loan": tried.about if tried and tried.name == "ask" else "",
        "cards": cards,
        "ended": [(each, *money_words.PAYOUTS[each.state]) for each in found if each.state not in _OPEN][:_LISTED],
        "rail": RAIL.capabilities(),
        "tab": "payouts",
    }
    return render(request, "console/money/payouts.html", context, status=422 if tried else 200)


def _card(db: Db, desk: Desk, found: Payout, tried: Tried | None) -> Mapping[str, Any]:
    """One payout with the two people, and what this one may do."""
    shape, word = money_words.PAYOUTS[found.state]
    asked = next(iter(each for each in requests(db, desk.staff.scope, loan_id=found.loan_id) if each.public_id == found.approval), None)
    rulings = [
        each for each in requests(db, desk.staff.scope, loan_id=found.loan_id)
        if each.act == "payout.rule" and each.inputs.get("payout") == found.public_id and each.standing is Standing.OPEN
    ]  # fmt: skip
    last, about = found.public_id[-6:], found.public_id
    check_form, why_not = _second(desk, asked, "payout.check") if found.state is PayoutState.ASKED else (False, "")
    under_way = found.state in (PayoutState.SENT, PayoutState.UNKNOWN) and may(desk.staff, "payout.enquire")
    cancellable = found.state in (PayoutState.ASKED, PayoutState.APPROVED) and may(desk.staff, "payout.ask")
    return {
        "payout": found,
        "shape": shape,
        "word": word,
        "amount": amount_of(found.amount.minor, found.amount.currency),
        "asked": asked,
        "check_form": kept(tried, "check", about, lambda: CheckForm(name=f"check-{last}")) if check_form else None,
        "why_not": why_not,
        "cancel_form": kept(tried, "cancel", about, lambda: WordsForm(name=f"cancel-{last}")) if cancellable else None,
        "enquire_form": kept(tried, "enquire", about, lambda: ActForm(name=f"enquire-{last}")) if under_way else None,
        "rule_form": kept(tried, "rule", about, lambda: RulingForm(name=f"rule-{last}"))
        if found.state is PayoutState.UNKNOWN and not rulings and may(desk.staff, "payout.enquire")
        else None,
        "rulings": [_ruling(desk, each, tried) for each in rulings],
    }


def _ruling(desk: Desk, asked: Request, tried: Tried | None) -> Mapping[str, Any]:
    allowed, why_not = _second(desk, asked, "payout.check")
    form = kept(tried, "ruling", asked.public_id, lambda: CheckForm(name=f"ruling-{asked.public_id[-6:]}")) if allowed else None
    says = gettext("It was paid") if asked.inputs["outcome"] == "paid" else gettext("It was not paid and will not be")
    return {"asked": asked, "form": form, "why_not": why_not, "says": says, "reference": asked.inputs["reference"]}


def _second(desk: Desk, asked: Request | None, act: str) -> tuple[bool, str]:
    """Whether this person may answer as the second, and if not, why."""
    if asked is None:
        return False, ""
    why_not = why_not_second(asked, desk, act)
    return not why_not, why_not
