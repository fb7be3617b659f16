"""Tonight: what the end of this day will do, before it does it, and what the last one promised against what was done."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from holdfast.database.connection import transaction
from holdfast.days import preview
from holdfast.kernel.errors import HoldfastError
from holdfast.life import DUTIES
from holdfast.parties import may
from holdfast.servicing import reading as book
from holdfast.servicing.night import NightLine
from holdfast.web.console import reading, words
from holdfast.web.console.acts import into_form, once
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import HoldForm
from holdfast.web.console.templatetags.console import money, of_language

KINDS: Final = ("message", "entry", "duty", "class")
_SHOWN: Final = 200


@require_safe
@at_desk
def tonight(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The lines of the coming night within the person's sight, by kind."""
    return _page(request, desk)


@require_POST
@at_desk
def hold(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Hold a message of tonight with a reason, or let it go again."""
    form = HoldForm(request.POST, name="hold")
    if form.is_valid():
        wanted = form.cleaned_data
        letting_go = bool(wanted["let_go"])

        def verb(db: Db) -> None:
            number = book.loan_number(db, desk.look, wanted["loan"])
            line = {"loan_id": number, "day": desk.today + timedelta(days=1), "kind": "message", "about": wanted["about"]}
            if letting_go:
                reading.release_line(db, **line)
            else:
                reading.hold_line(db, **line, reason=wanted["reason"], staff_id=desk.staff.staff_id, at=desk.clock.now())

        try:
            inputs = {name: str(wanted[name]) for name in ("loan", "about", "reason", "let_go")}
            once(desk, act="tonight.hold", key=wanted["key"], inputs=inputs, verb=verb)
        except HoldfastError as error:
            into_form(form, error)
        else:
            messages.success(
                request, gettext("The line runs tonight.") if letting_go else gettext("The line is held; tonight it will not be sent.")
            )
            return HttpResponseRedirect(reverse("console:tonight"))
    return _page(request, desk, form=form, status=422)


def _page(request: HttpRequest, desk: Desk, *, form: HoldForm | None = None, status: int = 200) -> HttpResponse:
    night = preview(desk.today)
    kind = request.GET.get("kind", "")
    if kind not in KINDS:
        kind = next((name for name in KINDS if any(line.kind == name for line in night.lines)), "message")
    with transaction() as db:
        known = reading.loans_named(db, desk.look, sorted({line.loan for line in night.lines}))
        held = {(row["public_id"], row["about"]): row for row in reading.held_lines(db, desk.today + timedelta(days=1))}
        kept = reading.messages_promised_for(db, desk.today, desk.branch_only)
        last = reading.last_night(db)
        next_due = reading.next_due_on(db, desk.today)
    mine = [line for line in night.lines if line.loan in known]
    lines = [_line(line, known[line.loan], held.get((line.loan, line.about)), desk, form) for line in mine if line.kind == kind]
    return render(
        request,
        "console/tonight.html",
        {
            "night": night,
            "kind": kind,
            "lines": lines[:_SHOWN],
            "hidden": max(0, len(lines) - _SHOWN),
            "kept": kept,
            "last": last,
            "tabs": [(name, words.word(words.NIGHT_KINDS, name), count) for name, count in _counts(mine).items()],
            "next_due": next_due,
            "tomorrow": desk.today + timedelta(days=1),
            "held_count": sum(1 for loan, _about in held if loan in known),
        },
        status=status,
    )


def _counts(lines: list[NightLine]) -> dict[str, int]:
    counted = Counter(line.kind for line in lines)
    return {name: counted[name] for name in KINDS}


def _line(line: NightLine, loan: dict[str, Any], held: dict[str, Any] | None, desk: Desk, form: HoldForm | None) -> dict[str, Any]:
    """One line as the page tells it: what, by which rule, and whether it may be held."""
    may_hold = line.kind == "message" and may(desk.staff, "tonight.hold")
    same = form is not None and (form.data.get("loan"), form.data.get("about")) == (line.loan, line.about)
    own = (
        form
        if same
        else HoldForm(name=f"hold-{line.loan[-6:]}-{line.about.replace(' ', '')}", initial={"loan": line.loan, "about": line.about})
    )
    return {
        "line": line,
        "loan": loan,
        "what": _what(line),
        "rule": words.word(words.RULES, line.rule),
        "rule_key": line.rule,
        "held": held,
        "form": own if may_hold else None,
        "failed": same,
    }


def _what(line: NightLine) -> str:
    facts = line.what
    if line.kind == "message":
        return gettext("text message: %(about)s") % {"about": words.about("reminder", line.about)}
    if line.kind == "entry":
        amount = facts["amount"]
        return gettext("debit %(debit)s, credit %(credit)s: %(amount)s") % {
            "debit": words.word(words.ACCOUNTS, facts["debit"]),
            "credit": words.word(words.ACCOUNTS, facts["credit"]),
            "amount": money(amount["minor"], amount["currency"]),
        }
    if line.kind == "duty":
        kind = DUTIES[facts["kind"]]
        return f"{of_language(kind)} {words.about(kind.name, line.about)}".strip()
    shape_and_word = words.CLASSES.get(line.about)
    return gettext("class from tomorrow: %(name)s") % {"name": shape_and_word[1] if shape_and_word else line.about}
