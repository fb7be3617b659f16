"""What decides: the scorecard and the policy table in force, what is proposed in their place, and what decided before.

A proposal shows every difference and every figure before a second person puts it in force; what was decided stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from holdfast import decisioning
from holdfast.database.connection import transaction
from holdfast.decisioning import Artifact, PolicyTable, Row, Scorecard, Standing
from holdfast.decisioning.measures import Measures
from holdfast.decisioning.rulebook import KINDS
from holdfast.kernel.errors import BadInput, HoldfastError
from holdfast.parties import may, require
from holdfast.web.console import decision_words, sentences, words
from holdfast.web.console.acts import Tried, into_form, once, perform
from holdfast.web.console.approval import why_not_second
from holdfast.web.console.decisions import in_major
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, AnswerForm, ReasonForm

PROPOSE: Final = "decision.activate"
ANSWER: Final = "decision.make"
LARGEST: Final = 500_000
CURRENCY: Final = "CNY"  # what the sums of a policy table are in
STANDINGS: Final[Mapping[str, tuple[str, Any]]] = {
    "active": ("done", _("in force")),
    "proposed": ("now", _("proposed")),
    "refused": ("todo", _("not put in force")),
    "retired": ("todo", _("decided before")),
}
KIND_WORDS: Final[Mapping[str, Any]] = {"scorecard": _("Scorecard"), "table": _("Policy table")}


class ProposalForm(ReasonForm):
    """What should decide from now on, as a file, and why."""

    kind = forms.ChoiceField(label=_("What it is"), choices=list(KIND_WORDS.items()))
    file = forms.FileField(
        label=_("The file (JSON)"), widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
        help_text=_("A scorecard as “holdfast model train” writes it (scorecard.json), or a policy table (JDM)."),
    )  # fmt: skip
    field_order = ("kind", "file", "reason")

    def clean_file(self) -> str:
        upload = self.cleaned_data["file"]
        if upload.size > LARGEST:
            raise forms.ValidationError(_("The file is too large for a scorecard or a table."))
        try:
            text: str = upload.read().decode("utf-8")
        except UnicodeDecodeError:
            raise forms.ValidationError(_("The file is not UTF-8 text.")) from None
        return text


@require_safe
@at_desk
def rules(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What decides now, what waits for a second person, and what decided before."""
    return _page(request, desk)


def _page(request: HttpRequest, desk: Desk, *, form: ProposalForm | None = None, defects: list[str] | None = None) -> HttpResponse:
    with transaction() as db:
        kinds = [
            {
                "kind": kind,
                "word": KIND_WORDS[kind],
                "rows": [
                    {"it": each, "shape": STANDINGS[each.standing][0], "word": STANDINGS[each.standing][1], "asked": each.asked}
                    for each in decisioning.artifacts(db, desk.staff.scope, kind)
                ],
            }
            for kind in KINDS
        ]
    context = {
        "kinds": kinds,
        "form": form or (ProposalForm(name="propose") if may(desk.staff, PROPOSE) else None),
        "defects": [sentences.told(each) for each in defects or ()],
    }
    return render(request, "console/rulebook/rules.html", context, status=422 if form else 200)


@require_safe
@at_desk
def rule(request: HttpRequest, desk: Desk, sha256: str) -> HttpResponse:
    """One scorecard or table: what it says, what it changes against what is in force, how it ranks, and who answered."""
    return _one(request, desk, sha256)


def _one(request: HttpRequest, desk: Desk, sha256: str, *, tried: ActForm | None = None) -> HttpResponse:
    with transaction() as db:
        it, says = decisioning.artifact(db, desk.staff.scope, sha256)
        known = decisioning.artifacts(db, desk.staff.scope, it.kind)
        in_force = next(each for each in known if each.standing is Standing.ACTIVE)
        card, table = decisioning.in_force(db)
    now = card if it.kind == "scorecard" else table
    form, why_not = _answer_form(desk, it)
    context = {
        "it": it,
        "kind": KIND_WORDS[it.kind],
        "shape": STANDINGS[it.standing][0],
        "standing": STANDINGS[it.standing][1],
        "in_force": in_force,
        "changes": [
            {"where": _where(it.kind, each.where), "what": each.what, "was": _told(each.was), "now": _told(each.now)}
            for each in (decisioning.changes(now, says) if it.standing is not Standing.ACTIVE else ())
        ],
        "gates": [(_where("table", gate), [_told(row) for row in rows.values()]) for gate, rows in decisioning.rows_of(says).items()]
        if isinstance(says, PolicyTable) else [],
        "card": says if isinstance(says, Scorecard) else None,
        "questions": [
            (_where("scorecard", each.name), decisioning.points_of(each)) for each in says.characteristics
        ] if isinstance(says, Scorecard) else [],
        "figures": _figures(it, says, in_force, now),
        "form": (tried or form) if form else None,
        "why_not": why_not,
    }  # fmt: skip
    return render(request, "console/rulebook/rule.html", context, status=422 if tried else 200)


def _figures(it: Artifact, says: Scorecard | PolicyTable, in_force: Artifact, now: Scorecard | PolicyTable) -> dict[str, Any] | None:
    """How a scorecard ranks, beside the one in force; nothing for a table."""
    if not isinstance(says, Scorecard) or not isinstance(now, Scorecard):
        return None
    own, other = _measured(says), _measured(now)
    if isinstance(own, BadInput):
        return {"refused": words.refusal(own)}
    rows = [(it.name, own)]
    if in_force.sha256 != it.sha256 and not isinstance(other, BadInput):
        rows.append((in_force.name, other))
    return {
        "n": own.n,
        "rows": [
            {"name": name, "auc": f"{each.auc:.3f}", "ks": f"{each.ks:.3f}", "brier": f"{each.brier:.3f}",
             "ratio": f"{each.observed_over_predicted:.2f}"}
            for name, each in rows
        ],
    }  # fmt: skip


def _measured(card: Scorecard) -> Measures | BadInput:
    """A scorecard's figures, or why the rows that come with the program cannot give them."""
    try:
        return decisioning.figures(card).measures
    except BadInput as error:
        return error


def _where(kind: str, name: str) -> str:
    """A gate or a question, in words."""
    table = decision_words.QUESTIONS if kind == "scorecard" else decision_words.GATES
    return words.word(table, name) if name else gettext("Scale")


def _told(row: Row | str) -> str:
    """A row of a gate as a sentence: what is asked, and what is answered."""
    if isinstance(row, str):
        return row
    asked = gettext(", ").join(_cell(field, cell) for field, cell in row.asks if cell) or gettext("anything else")
    said = dict(row.says)
    answer = str(decision_words.ANSWERS[said["answer"]][1]) if said.get("answer") in decision_words.ANSWERS else said.get("answer", "")
    more = [answer]
    if said.get("answer") != "pass":
        more.append(gettext("two people may set it aside") if said.get("set_aside") == "true" else gettext("nobody may set it aside"))
    if said.get("band"):
        more.append(gettext("band %(band)s") % {"band": said["band"]})
    if said.get("cap_percent") not in (None, "", "0", "100"):
        more.append(gettext("at most %(n)s %% of the product's most") % {"n": said["cap_percent"]})
    return f"{asked} → {gettext(', ').join(more)}"


def _cell(field: str, cell: str) -> str:
    """What a row asks of a fact: words as words, sums as people write them."""
    if cell in ("true", "false"):
        return gettext("yes") if cell == "true" else gettext("no")
    if '"' in cell:
        table = decision_words.VALUES.get(field, {})
        return gettext(", ").join(words.word(table, each) for each in re.findall(r'"([^"]*)"', cell))
    if field.endswith("_minor"):
        return in_major(cell, CURRENCY)
    return f"{cell} %" if field.endswith("_percent") else cell


def _answer_form(desk: Desk, it: Artifact) -> tuple[AnswerForm | None, str]:
    if it.standing is not Standing.PROPOSED or it.asked is None:
        return None, ""
    if not may(desk.staff, ANSWER):
        return None, gettext("Approvers and risk managers answer.")
    why_not = why_not_second(it.asked, desk)
    return None if why_not else AnswerForm(name="verdict"), why_not


# -- acts ---------------------------------------------------------------------------------------------------------------


@require_POST
@at_desk
def propose(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Propose a scorecard or a table; what is not whole comes back with every gap and overlap."""
    require(desk.staff, PROPOSE)
    form = ProposalForm(request.POST, request.FILES, name="propose")
    defects: list[str] = []
    if form.is_valid():
        given = form.cleaned_data

        def verb(db: Db) -> str:
            asked = decisioning.propose(
                db, clock=desk.clock, by=desk.staff, kind=given["kind"], content=given["file"].rstrip("\n"), reason=given["reason"]
            )
            return str(asked.inputs["sha256"])

        try:
            proposed = once(desk, act=PROPOSE, key=form.one_time_key, inputs=form.stated(), verb=verb)
        except HoldfastError as error:
            defects = list(error.facts.get("defects", ()))
            if defects:
                form.add_error("file", gettext("It is not whole; see below. Nothing was proposed."))
            else:
                into_form(form, error)
        else:
            messages.success(request, gettext("Proposed. Another person looks at the differences and puts it in force, or not."))
            return HttpResponseRedirect(reverse("console:rule", args=[proposed.made]))
    return _page(request, desk, form=form, defects=defects)


@require_POST
@at_desk
def answer(request: HttpRequest, desk: Desk, sha256: str) -> HttpResponse:
    """Put a proposal in force as the second person, or say no."""
    require(desk.staff, ANSWER)
    form = AnswerForm(request.POST, name="verdict")
    with transaction() as db:
        it, _says = decisioning.artifact(db, desk.staff.scope, sha256)
    asked = it.asked
    if asked is None:
        return _one(request, desk, sha256, tried=form)

    def verb(db: Db) -> None:
        given = form.cleaned_data
        decisioning.activate(db, clock=desk.clock, by=desk.staff, request=asked.public_id, approved=given["approved"], words=given["words"])

    def said(made: str) -> str:
        if form.cleaned_data["approved"]:
            return gettext("It is in force: the next decision is made by it.")
        return gettext("You said no; nothing changes.")

    return perform(
        request, desk, Tried("verdict", asked.public_id, form), act=ANSWER, verb=verb, said=said,
        back=reverse("console:rule", args=[sha256]), again=lambda tried: _one(request, desk, sha256, tried=tried.form),
    )  # fmt: skip
