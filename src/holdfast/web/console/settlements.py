"""Settlements: what one forgives beside going on, whose authority it is, the offer, the decision, and the register of them all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from holdfast import approvals
from holdfast.approvals.authority import Authority
from holdfast.database.connection import transaction
from holdfast.duties import take
from holdfast.followup import settlements
from holdfast.followup.settlements_model import MEANS, PARTS, REASONS, Part, Settlement, SettlementState, Terms
from holdfast.followup.settlements_papers import read_agreement
from holdfast.kernel.errors import HoldfastError, NotFound
from holdfast.parties import may
from holdfast.servicing import reading as book
from holdfast.web.console import promise_words, settlement_words, words
from holdfast.web.console.acts import Tried, kept, perform
from holdfast.web.console.contracts import served
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, AmountField, ReasonForm

_OFFER: Final = "settlement.offer"
_DECIDE: Final = "settlement.decide"
_MOST_FIELDS: Final = 6
_LISTED: Final = 100
_WAITING: Final = (SettlementState.OFFERED, SettlementState.APPROVED)
_OWING: Final = ("active", "written_off")
# Whoever may not agree to so much may still say no.
_MAY_STILL_REFUSE: Final = frozenset({"beyond_authority_of", "authority_of_others"})


class PartsForm(forms.Form):
    """By which days how much is paid; looked at before anything is offered. The first part must be filled in."""

    def __init__(self, data: Any = None, *, currency: str, today: date, most: int) -> None:
        super().__init__(data, auto_id="parts-%s", initial={"pay_by_1": today + timedelta(days=7)})
        self.most = min(most, _MOST_FIELDS)
        for number in range(1, self.most + 1):
            first = number == 1
            day = forms.DateInput(attrs={"type": "date", "class": "in", "min": today.isoformat()}, format="%Y-%m-%d")
            label = _("Paid by") if first else _("Then by, if there is another part")
            self.fields[f"pay_by_{number}"] = forms.DateField(label=label, required=first, widget=day)
            amount = AmountField(label=_("Amount"), required=first, currency=currency)
            amount.widget.attrs["class"] = "in"
            self.fields[f"amount_{number}"] = amount

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for number in range(2, self.most + 1):
            day, amount = given.get(f"pay_by_{number}"), given.get(f"amount_{number}")
            if (day is None) != (amount is None) and not self.errors:
                self.add_error(f"amount_{number}" if amount is None else f"pay_by_{number}", gettext("A part has a day and an amount."))
        return given

    def parts(self) -> list[Part]:
        """The parts that were filled in."""
        pairs = [(self.cleaned_data[f"pay_by_{n}"], self.cleaned_data[f"amount_{n}"]) for n in range(1, self.most + 1)]
        return [Part(day, amount) for day, amount in pairs if day is not None]

    def first_part(self) -> list[forms.BoundField]:
        """The day and the amount of the first part."""
        return [self["pay_by_1"], self["amount_1"]]

    def more_parts(self) -> list[forms.BoundField]:
        """The days and the amounts of the others."""
        return [self[f"{name}_{number}"] for number in range(2, self.most + 1) for name in ("pay_by", "amount")]


class OfferForm(ActForm):
    """Why, by which means, and words for whoever decides; `shown` binds the offer to the figures on the page."""

    shown = forms.CharField(widget=forms.HiddenInput, max_length=64)
    reason = forms.ChoiceField(label=_("Why"), choices=[(code, settlement_words.REASONS[code]) for code in REASONS])
    means = forms.ChoiceField(label=_("Where the money comes from"), choices=[(code, settlement_words.MEANS[code]) for code in MEANS])
    words = forms.CharField(
        label=_("Why this sum, for whoever decides"), min_length=settlements.SHORTEST, max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip


class DecideForm(ActForm):
    """Yes or no, and why."""

    words = forms.CharField(label=_("Words"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    agreed = forms.TypedChoiceField(widget=forms.HiddenInput, choices=[("yes", "yes"), ("no", "no")], coerce=lambda value: value == "yes")


class SpeakForm(ActForm):
    """What came of the talk about a broken settlement."""

    outcome = forms.ChoiceField(label=_("Outcome"), choices=[(code, promise_words.OUTCOMES[code]) for code in settlements.OUTCOMES])
    how = forms.ChoiceField(label=_("How you spoke"), choices=words.HOW)
    words = forms.CharField(
        label=_("In their words, or yours"), min_length=settlements.SHORTEST, max_length=settlements.MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """The panel: each settlement and where it stands; nothing on a loan that never had one and is not late."""
    found = settlements.settlements_of(db, by=desk.staff, loan=loan_id)
    row = book.loan_detail(db, desk.look, loan_id).row
    late = row.state == "written_off" or any(line.state in ("late", "part_paid") for line in book.schedule(db, desk.look, loan_id))
    may_offer = may(desk.staff, _OFFER) and row.state in _OWING and late
    if not found and not may_offer:
        return None
    return {"settlements": [_line(each) for each in found], "may_offer": may_offer, "settlements_loan": loan_id}


@require_safe
@at_desk
def register(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The settlements within sight, newest first; `?state` shows one state only."""
    state = request.GET.get("state", "")
    states = [SettlementState(state)] if state in set(SettlementState) else None
    with transaction() as db:
        rows = [_line(each) for each in settlements.register(db, by=desk.staff, states=states, limit=_LISTED)]
    choices = [(str(code), word) for code, (_shape, word) in settlement_words.STATES.items()]
    return render(request, "console/settlements/list.html", {"rows": rows, "state": state if states else "", "choices": choices})


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def of_loan(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The settlements on one loan; the parts of a new one beside going on, and the offer that is bound to these figures."""
    if request.method != "POST":
        return _page(request, desk, loan_id)
    form = OfferForm(request.POST, name="offer")
    with transaction() as db:
        parts_form = _parts_form(db, desk, loan_id, request.POST)
    if not parts_form.is_valid():
        return _page(request, desk, loan_id, tried=Tried("offer", loan_id, form), status=422)

    def verb(db: Db) -> str:
        given = {name: form.cleaned_data[name] for name in ("reason", "means", "words", "shown")}
        return settlements.offer(db, clock=desk.clock, by=desk.staff, loan=loan_id, parts=parts_form.parts(), **given).public_id

    return _done(request, desk, loan_id, Tried("offer", loan_id, form), _OFFER, verb,
                 gettext("Offered. Until people have agreed and the borrower has paid, nothing changes."))  # fmt: skip


@require_POST
@at_desk
def speak(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Say what came of the talk about a broken settlement."""
    form = SpeakForm(request.POST, name="speak")

    def verb(db: Db) -> None:
        given = form.cleaned_data
        settlements.speak(
            db, clock=desk.clock, by=desk.staff, loan=loan_id, outcome=given["outcome"], words=given["words"], how=given["how"]
        )

    said = gettext("Noted. The follow-up of what is late goes on.")
    return _done(request, desk, loan_id, Tried("speak", loan_id, form), _OFFER, verb, said)


@require_POST
@at_desk
def act(request: HttpRequest, desk: Desk, loan_id: str, settlement_id: str, what: str) -> HttpResponse:
    """Decide on a settlement, or take it back."""
    if what not in ("decision", "withdrawal"):
        raise Http404
    about: dict[str, Any] = {"clock": desk.clock, "by": desk.staff, "loan": loan_id, "settlement": settlement_id}
    if what == "decision":
        form: ActForm = DecideForm(request.POST, name=f"decision-{settlement_id}")

        def decide(db: Db) -> str:
            given = form.cleaned_data
            return str(settlements.decide(db, **about, agreed=given["agreed"], words=given["words"]).state)

        def said(made: str) -> str:
            if made == SettlementState.OFFERED:
                return gettext("Agreed. One more person must agree before the borrower is asked.")
            if made == SettlementState.APPROVED:
                return gettext("Agreed. The borrower reads it and agrees with a code.")
            return gettext("Refused.")

        return _done(request, desk, loan_id, Tried("decision", settlement_id, form), _DECIDE, decide, said)
    form = ReasonForm(request.POST, name=f"withdrawal-{settlement_id}")

    def withdraw(db: Db) -> None:
        settlements.withdraw(db, **about, words=form.cleaned_data["reason"])

    taken_back = gettext("The settlement is taken back.")
    return _done(request, desk, loan_id, Tried("withdrawal", settlement_id, form), _OFFER, withdraw, taken_back)


@require_safe
@at_desk
def agreement(request: HttpRequest, desk: Desk, loan_id: str, settlement_id: str) -> HttpResponse:
    """The agreement as it was sealed."""
    with transaction() as db:
        every = settlements.settlements_of(db, by=desk.staff, loan=loan_id)
        found = next((each for each in every if each.public_id == settlement_id), None)
        if found is None:
            raise NotFound(f"loan {loan_id} has no settlement {settlement_id}", code="no_settlement")
        file, data = read_agreement(db, found)
    return served(file.name, data)


def _done(request: HttpRequest, desk: Desk, loan_id: str, tried: Tried, may_do: str, verb: Any, said: Any) -> HttpResponse:
    return perform(
        request, desk, tried, act=may_do, verb=verb, said=said, back=reverse("console:settlement_of", args=[loan_id]),
        again=lambda refused: _page(request, desk, loan_id, tried=refused, status=422),
    )  # fmt: skip


def _page(request: HttpRequest, desk: Desk, loan_id: str, *, tried: Tried | None = None, status: int = 200) -> HttpResponse:
    offers = may(desk.staff, _OFFER)
    told: tuple[Terms, Authority] | None = None
    why_not = ""
    with transaction() as db:
        row = book.loan_detail(db, desk.look, loan_id).row
        found = settlements.settlements_of(db, by=desk.staff, loan=loan_id)
        broken = take(db, loan_id, desk.staff.scope, lock=False).open("settlement_broken") is not None
        open_now = any(each.state in (*_WAITING, SettlementState.RUNNING) for each in found)
        may_offer = offers and row.state in _OWING and not open_now
        typed = request.POST if request.method == "POST" and tried is not None and tried.name == "offer" else request.GET
        parts_form = _parts_form(db, desk, loan_id, typed if "pay_by_1" in typed else None) if may_offer else None
        if parts_form is not None and parts_form.is_bound and parts_form.is_valid():
            try:
                told = settlements.compare(db, clock=desk.clock, by=desk.staff, loan=loan_id, parts=parts_form.parts())
            except HoldfastError as error:
                why_not = words.refusal(error)
        shown = [_shown(db, desk, each, tried) for each in found]
    context = {
        "row": row, "shown": shown, "parts_form": parts_form, "told": _told(*told) if told else None, "why_not": why_not,
        "offer": kept(tried, "offer", loan_id, lambda: OfferForm(name="offer")) if told else None,
        "speak": kept(tried, "speak", loan_id, lambda: SpeakForm(name="speak")) if broken and offers else None,
    }  # fmt: skip
    return render(request, "console/settlements/loan.html", context, status=status)


def _parts_form(db: Db, desk: Desk, loan_id: str, data: Any) -> PartsForm:
    case = take(db, loan_id, desk.staff.scope, lock=False)
    return PartsForm(data, currency=case.loan.currency, today=desk.today, most=case.number("settlement.parts", desk.today))


def _told(terms: Terms, authority: Authority) -> Mapping[str, Any]:
    """The terms as the page shows them: by part what is owed, would be owed and is forgiven; and whose authority it is."""
    owed, going_on, forgiven = terms.owed.as_json(), terms.going_on.as_json(), terms.forgiven.as_json()
    named = [part for part in reversed(PARTS) if owed[part] or going_on[part]]
    lines = [(settlement_words.PARTS[part], owed[part], going_on[part], forgiven[part]) for part in named]
    beyond = [(words.word(words.ROLES, role), words.word(settlement_words.LIMITS, rule)) for role, rule in authority.beyond.items()]
    return {
        "terms": terms, "currency": terms.currency, "lines": lines, "whose": roles_line(authority), "two": bool(authority.two),
        "beyond": beyond,
    }  # fmt: skip


def roles_line(authority: Authority) -> str:
    """The roles that decide, in words."""
    if authority.two:
        return "、".join(f"{words.word(words.ROLES, role)} × {people}" for role, people in authority.two.items())
    return " / ".join(str(words.word(words.ROLES, role)) for role in authority.roles)


def _line(found: Settlement) -> Mapping[str, Any]:
    shape, word = settlement_words.STATES[found.state]
    return {"its": found, "shape": shape, "word": word, "currency": found.terms.currency, "forgiven": found.terms.forgiven.total}


def _shown(db: Db, desk: Desk, found: Settlement, tried: Tried | None) -> Mapping[str, Any]:
    """One settlement: its figures, who has answered, and for this person the form or the reason why there is none."""
    decide_form, why_not, may_answer = None, "", True
    if found.state is SettlementState.OFFERED and may(desk.staff, _DECIDE):
        try:
            settlements.may_be_decided_by(db, by=desk.staff, loan=found.loan, settlement=found.public_id)
        except HoldfastError as error:
            why_not = words.refusal(error)
            may_answer = error.code in _MAY_STILL_REFUSE
        if may_answer:
            decide_form = kept(tried, "decision", found.public_id, lambda: DecideForm(name=f"decision-{found.settlement_no}"))
    withdraw_form = None
    if found.state in _WAITING and may(desk.staff, _OFFER):
        withdraw_form = kept(tried, "withdrawal", found.public_id, lambda: ReasonForm(name=f"withdrawal-{found.settlement_no}"))
    asked = approvals.request(db, found.request)
    return {
        **_line(found),
        **_told(found.terms, settlements.authority_of(db, by=desk.staff, loan=found.loan, settlement=found.public_id)),
        "reason": settlement_words.REASONS[found.reason],
        "means": settlement_words.MEANS[found.means],
        "words": asked.reason,
        "answers": asked.answers,
        "decide_form": decide_form,
        "may_agree": not why_not,
        "why_not": why_not,
        "withdraw_form": withdraw_form,
        "withdraw_failed": tried is not None and tried.name == "withdrawal",
    }
