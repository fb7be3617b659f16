"""Paying on the phone: one instalment, the arrears or all; a code for the transfer; and what waits for the bank, shown apart.

Nothing here is money. What the borrower says is paid stays "waiting for the bank" until the bank's statement has its line.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from holdfast import payments, servicing
from holdfast.database.connection import transaction
from holdfast.kernel.errors import BadInput, HoldfastError
from holdfast.kernel.money import Money
from holdfast.payments import DebitState, IntentState, MandateState
from holdfast.servicing import reading
from holdfast.servicing.views import InstalmentRow, LoanRow
from holdfast.web.borrower.desk import Db, Visitor, borrower_at
from holdfast.web.console import money_words, words
from holdfast.web.console.templatetags.console import day
from holdfast.wiring import carry

_EARLIER = 5
_STANDING = (IntentState.OPEN, IntentState.SAID_PAID)
_ON_THE_WAY = (DebitState.SENT, DebitState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be paid today: what, how much, and what it is the sum of."""

    what: str
    amount: Money
    title: str | Promise
    why: str


@require_http_methods(["GET", "HEAD", "POST"])
@borrower_at
def pay(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """What can be paid and how; a POST chooses, and the page then shows the code."""
    refused = ""
    with transaction() as db:
        number = visitor.must_own(db, loan_id)
        detail = reading.loan_detail(db, visitor.look, loan_id)
        schedule = reading.schedule(db, visitor.look, loan_id)
        choices = _choices(db, visitor, detail.row, schedule)
    if request.method == "POST":
        try:
            chosen = next((each for each in choices if each.what == request.POST.get("what")), None)
            if chosen is None:
                raise BadInput("what: this cannot be paid now", field="what")
            with transaction() as db:
                payments.intend(db, clock=visitor.clock, by=visitor.actor, loan=loan_id, what=chosen.what, amount=chosen.amount)
                payments.pay_code(db, number)  # the account that the transfer goes to may be the loan's own
            return HttpResponseRedirect(reverse("borrower:pay", args=[loan_id]))
        except HoldfastError as error:
            refused = words.refusal(error)
    with transaction() as db:
        intents = payments.intents_of(db, number)
        uncleared = payments.uncleared(db, number, detail.row.currency)
        withdrawal = payments.withdrawal_of(db, number)
        own = payments.house_account(db)
        may_give_back = payments.last_day_to_withdraw(db, loan_id, clock=visitor.clock)
        pay_code = payments.known_pay_code(db, number)
        standing_mandate = payments.mandate_of_loan(db, number)
        collecting = [each for each in payments.debits(db, None, loan_id=number) if each.state in _ON_THE_WAY]
    standing = next((each for each in intents if each.state is IntentState.OPEN and each.expires_on >= visitor.today), None)
    context = {
        "row": detail.row,
        "choices": choices,
        "standing": standing,
        "waiting": [each for each in intents if each.state is IntentState.SAID_PAID],
        "uncleared": uncleared,
        "earlier": [(each, *money_words.INTENTS[each.state]) for each in intents if each.state not in _STANDING][:_EARLIER],
        "lender": visitor.lender,
        "pay_code": pay_code if choices else None,
        "mandate": standing_mandate if standing_mandate and standing_mandate.state is MandateState.ACTIVE else None,
        "collecting": collecting,
        "own": own,
        "account": _in_fours((pay_code.virtual if pay_code else "") or own.account) if own is not None else "",
        "withdrawal": (withdrawal, *money_words.WITHDRAWALS[withdrawal.state]) if withdrawal else None,
        "may_give_back": may_give_back,
        "refused": refused,
        "today": visitor.today,
    }
    return render(request, "borrower/pay.html", context, status=422 if refused else 200)


@require_POST
@borrower_at
def code(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """The borrower asks for the code that stays the same: it is drawn once, and shown from then on."""
    with transaction() as db:
        visitor.must_own(db, loan_id)
        payments.draw_pay_code(db, by=visitor.actor, loan=loan_id)
    return HttpResponseRedirect(reverse("borrower:pay", args=[loan_id]) + "#code")


def _in_fours(account: str) -> str:
    """An account number as people read it out."""
    return " ".join(account[place : place + 4] for place in range(0, len(account), 4))


@require_POST
@borrower_at
def paid(request: HttpRequest, visitor: Visitor, loan_id: str, intent: str) -> HttpResponse:
    """The borrower says that the transfer is made."""
    with transaction() as db:
        visitor.must_own(db, loan_id)
        payments.say_paid(db, clock=visitor.clock, by=visitor.actor, loan=loan_id, intent=intent)
    messages.success(request, gettext("Noted. It counts as soon as the bank shows it, usually within one workday."))
    return HttpResponseRedirect(reverse("borrower:pay", args=[loan_id]))


@require_POST
@borrower_at
def cancel(request: HttpRequest, visitor: Visitor, loan_id: str, intent: str) -> HttpResponse:
    """The borrower does not pay this after all."""
    with transaction() as db:
        visitor.must_own(db, loan_id)
        payments.cancel_intent(db, clock=visitor.clock, by=visitor.actor, loan=loan_id, intent=intent)
    return HttpResponseRedirect(reverse("borrower:pay", args=[loan_id]))


@require_POST
@borrower_at
def give_back(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """Withdraw in the cooling-off period: only the principal is owed from now on."""
    with transaction() as db:
        visitor.must_own(db, loan_id)
        carry(payments.ask_withdrawal, db, clock=visitor.clock, by=visitor.actor, loan=loan_id)
    messages.success(request, gettext("You have withdrawn. Pay the principal back; nothing else is asked for."))
    return HttpResponseRedirect(reverse("borrower:pay", args=[loan_id]))


def _choices(db: Db, visitor: Visitor, row: LoanRow, schedule: list[InstalmentRow]) -> list[Choice]:
    """One instalment, the arrears, all: what the book asks for today, never what somebody typed."""
    if row.state not in ("active", "written_off"):
        return []
    found: list[Choice] = []
    unpaid = [line for line in schedule if line.unpaid.minor]
    late = [line for line in unpaid if line.due_on < visitor.today]
    if unpaid and row.state == "active":
        first = unpaid[0]
        facts = {"n": first.n, "day": day(first.due_on)}
        title = _("The late instalment") if late else _("The next instalment")
        found.append(Choice("instalment", first.unpaid, title, gettext("instalment %(n)s, due on %(day)s") % facts))
    if len(late) > 1:
        total = sum(line.unpaid.minor for line in late)
        found.append(
            Choice("arrears", Money(total, row.currency), _("All that is late"), gettext("%(n)s instalments together") % {"n": len(late)})
        )
    total_owed = servicing.owed(db, loan=row.id, on=visitor.today)
    if total_owed.minor:
        found.append(Choice("all", total_owed, _("Everything, today"), gettext("ends the loan; interest is counted to today only")))
    return found
