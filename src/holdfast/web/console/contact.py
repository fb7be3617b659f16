"""When contact rests with a borrower: who paused it and why, and the forms that pause it and let it go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from holdfast import contact
from holdfast.contact.pauses import BY_ANOTHER, SHORTEST_REASON, STOP_REASONS
from holdfast.database.connection import transaction
from holdfast.parties import may, staff_by_id
from holdfast.servicing import reading as book
from holdfast.web.console import contact_words, words
from holdfast.web.console.acts import Tried, Verb, kept, perform
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm

_ACT: Final = "contact.stop"


class LiftForm(ActForm):
    """Why contact goes on."""

    because = forms.CharField(label=_("Why"), min_length=SHORTEST_REASON, max_length=200)


class PauseForm(LiftForm):
    """What contact rests for, why, and until when."""

    reason = forms.ChoiceField(label=_("For"), choices=[(each, contact_words.REASONS[each]) for each in STOP_REASONS])
    until = forms.DateField(
        label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: until somebody lifts it."),
    )  # fmt: skip
    field_order = ("reason", "because", "until")


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """The panel: what rests now; nothing to whoever could not pause it, where nothing rests."""
    found = contact.pauses_of(db, clock=desk.clock, by=desk.staff, loan=loan_id)
    if not found and not may(desk.staff, _ACT):
        return None
    return {"pauses": [{"pause": each, "reason": contact_words.REASONS[each.reason]} for each in found], "contact_loan": loan_id}


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def of_loan(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """What rests with the borrower of a loan, and the form that pauses contact."""
    if request.method != "POST":
        return _page(desk, request, loan_id)
    form = PauseForm(request.POST, name="pause")

    def verb(db: Db) -> None:
        given = form.cleaned_data
        contact.pause(
            db, clock=desk.clock, by=desk.staff, loan=loan_id, reason=given["reason"], because=given["because"], until=given["until"]
        )

    return _perform(request, desk, loan_id, Tried("pause", loan_id, form), verb, gettext("Contact rests from now on."))


@require_POST
@at_desk
def lift(request: HttpRequest, desk: Desk, loan_id: str, reason: str) -> HttpResponse:
    """Let contact go on, as far as that reason goes."""
    form = LiftForm(request.POST, name=f"lift-{reason}")

    def verb(db: Db) -> None:
        contact.lift(db, clock=desk.clock, by=desk.staff, loan=loan_id, reason=reason, because=form.cleaned_data["because"])

    return _perform(request, desk, loan_id, Tried("lift", reason, form), verb, gettext("Lifted; contact may go on."))


def _perform(request: HttpRequest, desk: Desk, loan_id: str, tried: Tried, verb: Verb, said: str) -> HttpResponse:
    return perform(
        request, desk, tried, act=_ACT, verb=verb, said=said, back=reverse("console:contact_of", args=[loan_id]),
        again=lambda refused: _page(desk, request, loan_id, refused),
    )  # fmt: skip


def _page(desk: Desk, request: HttpRequest, loan_id: str, tried: Tried | None = None) -> HttpResponse:
    with transaction() as db:
        row = book.loan_detail(db, desk.look, loan_id).row
        found = contact.pauses_of(db, clock=desk.clock, by=desk.staff, loan=loan_id)
        shown = [
            {
                "pause": each, "reason": contact_words.REASONS[each.reason],
                "by": staff_by_id(db, each.by_staff).name if each.by_staff is not None else "",
                "purposes": [words.word(contact_words.PURPOSES, name) for name in sorted(each.purposes)],
                "another": each.reason in BY_ANOTHER, "of_a_case": each.reason in BY_ANOTHER and each.by_staff is None,
                "form": kept(tried, "lift", each.reason, lambda name=each.reason: LiftForm(name=f"lift-{name}")),  # type: ignore[misc]
            }
            for each in found
        ]  # fmt: skip
    form = kept(tried, "pause", loan_id, lambda: PauseForm(name="pause")) if may(desk.staff, _ACT) else None
    return render(request, "console/contact/loan.html", {"row": row, "shown": shown, "form": form}, status=422 if tried else 200)
