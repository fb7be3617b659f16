"""Promises to pay on one loan: what is late to the fen, what the rules of contact allow today, and what was promised and came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from holdfast import contact
from holdfast.database.connection import transaction
from holdfast.duties import take
from holdfast.followup import promises
from holdfast.followup.promises_model import Part, Promise, PromiseState
from holdfast.kernel.errors import Refusal
from holdfast.parties import may
from holdfast.servicing import reading as book
from holdfast.web.console import promise_words, words
from holdfast.web.console.acts import Tried, Verb, kept, perform
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, AmountField, ReasonForm

_DUTY: Final = "promise_broken"
_TAKE: Final = "promise.take"
_MOST_FIELDS: Final = 3


def _part(label: Any, *, required: bool = False) -> tuple[forms.DateField, AmountField]:
    """The two fields of a part: its day and its amount."""
    day = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, widget=day), AmountField(label=_("Amount"), required=required)


class MakeForm(ActForm):
    """Who speaks, and how much by which days; the first part must be filled in."""

    identified = forms.BooleanField(label=_("It is the borrower who speaks: I made certain before I named the debt"))

    pay_by_1, amount_1 = _part(_("By"), required=True)
    pay_by_2, amount_2 = _part(_("Then by, if there is another part"))
    pay_by_3, amount_3 = _part(_("Then by, if there is another part"))

    def __init__(self, *args: Any, currency: str, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["identified"].widget.attrs["class"] = ""
        for number in range(1, _MOST_FIELDS + 1):
            self.fields[f"pay_by_{number}"].widget.attrs["min"] = today.isoformat()
            amount = self.fields[f"amount_{number}"]
            assert isinstance(amount, AmountField)
            amount.currency = currency

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for number in range(2, _MOST_FIELDS + 1):
            day, amount = given.get(f"pay_by_{number}"), given.get(f"amount_{number}")
            if (day is None) != (amount is None) and not self.errors:
                missing = f"amount_{number}" if amount is None else f"pay_by_{number}"
                self.add_error(missing, gettext("A part has a day and an amount."))
        return given

    def first_part(self) -> list[forms.BoundField]:
        """The day and the amount of the first part."""
        return [self["pay_by_1"], self["amount_1"]]

    def more_parts(self) -> list[forms.BoundField]:
        """The days and the amounts of the others."""
        return [self[f"{name}_{number}"] for number in range(2, _MOST_FIELDS + 1) for name in ("pay_by", "amount")]

    def parts(self) -> list[Part]:
        """The parts that were filled in."""
        pairs = [(self.cleaned_data[f"pay_by_{n}"], self.cleaned_data[f"amount_{n}"]) for n in range(1, _MOST_FIELDS + 1)]
        return [Part(day, amount) for day, amount in pairs if day is not None]


class SpeakForm(ActForm):
    """What came of the talk about a broken promise."""

    outcome = forms.ChoiceField(label=_("Outcome"), choices=[(code, promise_words.OUTCOMES[code]) for code in promises.OUTCOMES])
    how = forms.ChoiceField(label=_("How you spoke"), choices=words.HOW)
    words = forms.CharField(
        label=_("In their words, or yours"), min_length=4, max_length=promises.MOST_WORDS, widget=forms.Textarea(attrs={"rows": 3})
    )


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """The panel: each promise and where it stands; nothing on a loan that never had one and is not late."""
    found = promises.promises_of(db, by=desk.staff, loan=loan_id)
    late = any(line.state in ("late", "part_paid") for line in book.schedule(db, desk.look, loan_id))
    may_take = may(desk.staff, _TAKE) and late
    if not found and not may_take:
        return None
    return {"promises": [_row(each) for each in found], "may_take": may_take, "promises_loan": loan_id}


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def of_loan(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The promises on one loan, and the form that takes a new one."""
    if request.method != "POST":
        return _page(request, desk, loan_id)
    with transaction() as db:
        form = _make_form(db, desk, loan_id, request)

    def verb(db: Db) -> str:
        made = promises.make(
            db, clock=desk.clock, by=desk.staff, loan=loan_id, parts=form.parts(), identified=form.cleaned_data["identified"]
        )
        return made.public_id

    return _perform(request, desk, loan_id, Tried("make", loan_id, form), verb,
                    gettext("Noted. The night finds out whether it is kept; what is late keeps its follow-up."))  # fmt: skip


@require_POST
@at_desk
def act(request: HttpRequest, desk: Desk, loan_id: str, what: str) -> HttpResponse:
    """Take the running promise back, or say what came of the talk about a broken one."""
    if what not in ("withdraw", "speak"):
        raise Http404
    form = _fresh(what, request.POST)

    def verb(db: Db) -> None:
        given = form.cleaned_data
        about: dict[str, Any] = {"clock": desk.clock, "by": desk.staff, "loan": loan_id}
        if what == "speak":
            promises.speak(db, **about, outcome=given["outcome"], words=given["words"], how=given["how"])
            return
        live = next((each for each in promises.promises_of(db, by=desk.staff, loan=loan_id) if each.state is PromiseState.LIVE), None)
        if live is None:
            raise Refusal(f"no promise on loan {loan_id} is live", code="promise_not_live")
        promises.withdraw(db, **about, promise=live.public_id, words=given["reason"])

    said = gettext("The promise is taken back.") if what == "withdraw" else gettext("Noted. The follow-up of what is late goes on.")
    return _perform(request, desk, loan_id, Tried(what, loan_id, form), verb, said)


def _perform(request: HttpRequest, desk: Desk, loan_id: str, tried: Tried, verb: Verb, said: str) -> HttpResponse:
    return perform(
        request, desk, tried, act=_TAKE, verb=verb, said=said, back=reverse("console:promises_of", args=[loan_id]),
        again=lambda refused: _page(request, desk, loan_id, tried=refused, status=422),
    )  # fmt: skip


def _page(request: HttpRequest, desk: Desk, loan_id: str, *, tried: Tried | None = None, status: int = 200) -> HttpResponse:
    with transaction() as db:
        row = book.loan_detail(db, desk.look, loan_id).row
        late = [line for line in book.schedule(db, desk.look, loan_id) if line.due_on <= desk.today and line.unpaid.minor]
        found = promises.promises_of(db, by=desk.staff, loan=loan_id)
        case = take(db, loan_id, desk.staff.scope, lock=False)
        live = any(each.state is PromiseState.LIVE for each in found)
        acts = may(desk.staff, _TAKE)
        shown = {}
        if acts and live:
            shown["withdraw"] = kept(tried, "withdraw", loan_id, lambda: _fresh("withdraw"))
        if acts and case.open(_DUTY) is not None:
            shown["speak"] = kept(tried, "speak", loan_id, lambda: _fresh("speak"))
        if acts and late and not live:
            shown["make"] = kept(tried, "make", loan_id, lambda: _make_form(db, desk, loan_id, None))
        calls, not_now = _rules_today(db, desk, case.loan.party_id, case.lender.zone)
    context = {
        "row": row, "late": late, "total": sum(line.unpaid.minor for line in late), "currency": case.loan.currency,
        "shown": [_row(each) for each in found], "forms": shown, "calls": calls, "not_now": not_now, "failed": tried.name if tried else "",
    }  # fmt: skip
    return render(request, "console/promises/loan.html", context, status=status)


def _rules_today(db: Db, desk: Desk, party_id: int | None, zone: str) -> tuple[contact.Calls | None, str]:
    """How often the borrower was rung today of how often they may be, and why not now, if not."""
    if party_id is None:
        return None, ""
    said = contact.may_call(db, clock=desk.clock, party_id=party_id, purpose="collection")
    why = ""
    if isinstance(said, contact.Refused):
        local = f"{said.earliest.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if said.earliest else "—"
        why = words.refusal(Refusal(said.sentence, code="contact_refused", rule=said.rule, local=local))
    return contact.calls_today(db, clock=desk.clock, party_id=party_id), why


def _row(found: Promise) -> Mapping[str, Any]:
    shape, word = promise_words.STATES[found.state]
    return {"promise": found, "shape": shape, "word": word, "currency": found.total.currency}


def _fresh(what: str, data: Any = None) -> ActForm:
    return SpeakForm(data, name=what) if what == "speak" else ReasonForm(data, name=what)


def _make_form(db: Db, desk: Desk, loan_id: str, request: HttpRequest | None) -> MakeForm:
    currency = take(db, loan_id, desk.staff.scope, lock=False).loan.currency
    return MakeForm(request.POST if request is not None else None, name="make", currency=currency, today=desk.today)
