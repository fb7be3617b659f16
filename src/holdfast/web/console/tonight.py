"""Tonight: what the end of this day will do, before it does it, and what the last one promised against what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from holdfast.contact import Wordings, hold_line, let_go, text_of, wordings
from holdfast.database.connection import transaction
from holdfast.days import preview
from holdfast.life import DUTIES
from holdfast.parties import may
from holdfast.servicing import reading as book
from holdfast.servicing.morning import held_lines, messages_not_done, messages_promised_for
from holdfast.servicing.night import BESIDE, NightLine
from holdfast.web.console import plan_words, reading, words
from holdfast.web.console.acts import Tried, perform
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, HoldForm
from holdfast.web.console.templatetags.console import money, of_language

KINDS: Final = ("message", "entry", "duty", "class")
_SHOWN: Final = 200
# A night is looked at so many loans at a time; of a larger one the page tells the whole by product, and its lines page by page.
_LOOKED_AT: Final = 300


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

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        number = book.loan_number(db, desk.look, wanted["loan"])
        line = {"loan_id": number, "on": wanted["on"], "kind": "message", "about": wanted["about"]}
        if wanted["let_go"]:
            let_go(db, clock=desk.clock, by=desk.staff, **line)
        else:
            hold_line(db, clock=desk.clock, by=desk.staff, reason=wanted["reason"], **line)

    def said(made: str) -> str:
        if form.cleaned_data["let_go"]:
            return gettext("The line runs tonight.")
        return gettext("The line is held; tonight it will not be sent.")

    return perform(
        request, desk, Tried("hold", "", form), act="tonight.hold", verb=verb, said=said, back=reverse("console:tonight"),
        again=lambda tried: _page(request, desk, form=tried.form, status=422),
    )  # fmt: skip


def _page(request: HttpRequest, desk: Desk, *, form: ActForm | None = None, status: int = 200) -> HttpResponse:
    asked = request.GET.get("page", "")
    page = int(asked) if asked.isdecimal() and len(asked) < 6 else 1
    page = max(page, 1)
    night = preview(desk.today, most=_LOOKED_AT, skip=(page - 1) * _LOOKED_AT)
    kind = request.GET.get("kind", "")
    if kind not in KINDS:
        kind = next((name for name in KINDS if any(line.kind == name for line in night.lines)), "message")
    tomorrow = desk.today + timedelta(days=1)
    with transaction() as db:
        known = reading.loans_named(db, desk.look, sorted({line.loan for line in night.lines if line.loan}))
        held = held_lines(db, desk.look, desk.today, tomorrow)
        kept = messages_promised_for(db, desk.look, desk.today)
        undone = messages_not_done(db, desk.look, desk.today, _SHOWN)
        last = reading.last_night(db)
        texts = wordings(db)
        due = reading.count_due_loans(db, desk.today)
        next_due = reading.next_due_on(db, desk.today)
        by_product = reading.night_by_product(db, desk.look, desk.today) if due > _LOOKED_AT else []
        products = {row["code"]: of_language((row["name_zh"], row["name_en"])) for row in reading.products(db)}
        branches = {row["public_id"]: row["name"] for row in reading.branches(db)}
    # Entries of all loans of a product are the whole lender's figures, and shown to who sees the whole lender.
    mine = [line for line in night.lines if line.loan in known or (not line.loan and desk.branch_only is None)]
    of_kind = [line for line in mine if line.kind == kind]
    stopped = {(row["public_id"], row["about"]) for row in held}
    context = {
        "night": night,
        "due": due,
        "cut": due > _LOOKED_AT,
        "kind": kind,
        "tabs": [(name, words.word(words.NIGHT_KINDS, name), count) for name, count in _counts(mine).items()],
        "lines": [
            _line(line, known.get(line.loan), desk, texts, form, held=(line.loan, line.about) in stopped)
            | ({} if line.loan else {"product": products[line.what["product"]], "branch": branches[line.what["branch"]]})
            for line in of_kind[:_SHOWN]
        ],
        "hidden": max(0, len(of_kind) - _SHOWN),
        "held": [_held(row, desk) for row in held],
        "kept": kept,
        "undone": [_undone(row) for row in undone],
        "undone_hidden": max(0, kept.get("dropped", 0) + kept.get("failed", 0) + kept.get("waiting", 0) - len(undone)),
        "by_product": [row | {"product": of_language((row["name_zh"], row["name_en"]))} for row in by_product],
        "page": page,
        "pages": -(-due // _LOOKED_AT),
        "sms_hours": desk.pack.hours("contact.sms_hours", on=tomorrow),
        "last": last,
        "next_due": next_due,
    }
    return render(request, "console/tonight.html", context, status=status)


def _counts(lines: list[NightLine]) -> dict[str, int]:
    counted = Counter(line.kind for line in lines)
    return {name: counted[name] for name in KINDS}


def _line(
    line: NightLine, loan: Mapping[str, Any] | None, desk: Desk, texts: Wordings, tried: ActForm | None, *, held: bool
) -> dict[str, Any]:
    """One line as the page tells it: what, by which rule, and the form to hold it where it may be held."""
    failed = tried is not None and (tried.data.get("loan"), tried.data.get("about")) == (line.loan, line.about)
    form: ActForm | None = None
    if failed:
        form = tried
    elif line.kind == "message" and not held and may(desk.staff, "tonight.hold"):
        form = _form(line.loan, line.about, line.what["send_on"])
    what = _what(line, loan, desk.lender.name or "Holdfast", texts)
    rule = words.word(words.RULES, line.rule)
    moment = words.about("reminder", line.about) if line.kind == "message" else ""
    sends_on = date.fromisoformat(line.what["send_on"]) if line.kind == "message" else None
    told = {"line": line, "loan": loan, "what": what, "rule": rule, "moment": moment, "sends_on": sends_on}
    if line.kind == "message":
        first, *then = line.what["channels"]
        told |= {"by": plan_words.CHANNELS[first], "then": plan_words.order(then)}
    return told | {"held": held, "form": form, "failed": failed}


def _undone(row: Mapping[str, Any]) -> dict[str, Any]:
    """A difference between what was promised and what was done: of which loan, why, and who has it now."""
    if row["why"] in ("promised", "held"):
        after = ""
    elif row["with_person"]:
        after = gettext("with a caller now")
    elif row["why"] in ("failed", "unknown"):
        after = gettext("a caller takes it over as soon as no receipt can change it")
    else:
        after = ""
    return {"row": row, "what": words.about("reminder", row["about"] or ""), "why": words.word(words.NOT_SENT, row["why"]), "after": after}


def _held(row: Mapping[str, Any], desk: Desk) -> dict[str, Any]:
    """A line that somebody holds, and the form to let it go."""
    what = words.about("reminder", row["about"])  # a reminder's or a follow-up's: each tells itself by its form
    return {
        "row": row,
        "what": what,
        "form": _form(row["public_id"], row["about"], row["on_date"]) if may(desk.staff, "tonight.hold") else None,
    }


def _form(loan: str, about: str, on: date | str) -> HoldForm:
    return HoldForm(name=f"hold-{loan[-6:]}-{about.replace(' ', '')}", initial={"loan": loan, "about": about, "on": on})


def _what(line: NightLine, loan: Mapping[str, Any] | None, signature: str, texts: Wordings) -> str:
    facts = line.what
    if line.kind == "message" and loan is not None:
        params = {name: value for name, value in facts.items() if name not in BESIDE}
        own = texts.of(facts["template"], loan["language"])
        return text_of(facts["template"], params, language=loan["language"], signature=signature, words=own.words if own else None)
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
