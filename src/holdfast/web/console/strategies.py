"""Strategies of follow-up: what decides, what is drafted row by row, how it would have gone last month, and what it says today.

A risk manager writes; a second person, who wrote nothing of it, puts it live. Every page shows the row behind what is to be done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from holdfast.database.connection import transaction
from holdfast.followup import strategies
from holdfast.followup.strategies import SHIPPED_ID, Advice, Draft, Version
from holdfast.followup.strategy_model import (
    INPUTS,
    MOST_POINTS,
    REST,
    ROLES,
    SCRIPTS,
    SPOKEN,
    Condition,
    Decided,
    Does,
    Row,
    Span,
    Step,
    Strategy,
)
from holdfast.kernel.errors import BadInput, NotFound
from holdfast.kernel.money import Money, decimal_of
from holdfast.parties import may, require
from holdfast.products import products
from holdfast.servicing import reading as book
from holdfast.web.console import strategy_words, words
from holdfast.web.console.acts import Tried, kept, perform
from holdfast.web.console.approval import why_not_second
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, AmountField, AnswerForm, ReasonForm
from holdfast.web.console.templatetags.console import of_language

WRITE: Final = strategies.ACT
ANSWER: Final = "strategy.answer"
TRY: Final = "strategy.try"
_BRIEFLY: Final = frozenset({"days_past_due", "class", "exposure", "promises_broken", "times_followed_up"})
NEW: Final = "new"
_EITHER: Final = (("", _("either")), ("true", _("yes")), ("false", _("no")))
_FIGURE: Final = {"inputmode": "numeric", "autocomplete": "off"}
_SPANS: Final = tuple(each.name for each in INPUTS if each.numeric)
_FLAGS: Final = tuple(each.name for each in INPUTS if each.kind == "yes_no")
_LISTS: Final = tuple(each.name for each in INPUTS if each.kind == "word")


class BeginForm(ActForm):
    """A draft's name."""

    name = forms.CharField(label=_("Name"), min_length=2, max_length=60)


class ProposeForm(ReasonForm):
    """From which day, and why."""

    from_day = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    field_order = ("from_day", "reason")


class RowForm(ActForm):
    """One rule: of which loans it speaks, and what is done for them."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
    place = forms.IntegerField(label=_("Place in the table"), min_value=1, widget=forms.NumberInput(attrs=_FIGURE))
    step = forms.ChoiceField(label=_("What is done"), choices=[(each.value, strategy_words.STEPS[each.value]) for each in Does])
    role = forms.ChoiceField(label=_("Who does it"), choices=[(each, words.ROLES[each]) for each in ROLES])
    script = forms.ChoiceField(label=_("What is said"), choices=[(each, strategy_words.SCRIPTS[each]) for each in SCRIPTS])
    points = forms.IntegerField(
        label=_("Priority, 0 to 100 points"), min_value=0, max_value=MOST_POINTS, widget=forms.NumberInput(attrs=_FIGURE)
    )
    why = forms.CharField(label=_("Why"), max_length=200)

    def __init__(self, *args: Any, codes: Mapping[str, str], last: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.last = last
        if last:
            del self.fields["place"]
            for name in ("step", "role", "script"):
                del self.fields[name]
            return
        for name in _SPANS:
            for end, word in (("from", _("from")), ("to", _("up to"))):
                label = f"{strategy_words.ASKS[name]} {word}"
                about: dict[str, Any] = {"label": label, "required": False}
                field = (
                    AmountField(**about)
                    if name == "exposure"
                    else forms.IntegerField(**about, min_value=0, widget=forms.NumberInput(attrs={**_FIGURE, "class": "in"}))
                )
                field.widget.attrs.setdefault("class", "in")
                self.fields[f"{name}_{end}"] = field
        known = {each.name: [(word, self._word(each.name, word, codes)) for word in each.words or codes] for each in INPUTS}
        for name in _LISTS:
            self.fields[name] = forms.MultipleChoiceField(
                label=strategy_words.ASKS[name], choices=known[name], required=False, widget=forms.CheckboxSelectMultiple
            )
        for name in _FLAGS:
            self.fields[name] = forms.ChoiceField(
                label=strategy_words.ASKS[name], choices=_EITHER, required=False, widget=forms.Select(attrs={"class": "in"})
            )

    @staticmethod
    def _word(name: str, word: str, codes: Mapping[str, str]) -> str:
        return strategy_words.said(name, frozenset({word}), codes)

    @property
    def spans(self) -> list[tuple[Any, Any]]:
        """The two ends of each figure."""
        return [] if self.last else [(self[f"{name}_from"], self[f"{name}_to"]) for name in _SPANS]

    @property
    def lists(self) -> list[Any]:
        """What may be one of several."""
        return [] if self.last else [self[name] for name in _LISTS]

    @property
    def flags(self) -> list[Any]:
        """What is so, is not so, or may be either."""
        return [] if self.last else [self[name] for name in _FLAGS]

    @property
    def does(self) -> list[Any]:
        """What is done, and where the row stands."""
        return [self[name] for name in ("step", "role", "script", "points", "why", "place") if name in self.fields]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.last:
            return given
        step, script = given.get("step"), given.get("script")
        if step and script and (script != "none") != (Does(step) in SPOKEN):
            self.add_error(
                "script", _("Name what is said.") if Does(step) in SPOKEN else _("Nothing is said then: choose “nothing is said”.")
            )
        if step == Does.REFER and given.get("role") not in (None, "approver"):
            self.add_error("role", _("What is referred is an approver's."))
        for name in _SPANS:
            low, high = given.get(f"{name}_from"), given.get(f"{name}_to")
            if low is not None and high is not None and _number(low) > _number(high):
                self.add_error(f"{name}_to", _("This is less than where it begins."))
        if set(given.get("why", "")) & {'"', "\\"}:
            self.add_error("why", _("Leave out straight quotation marks and backslashes."))
        return given

    def row(self, row_id: str) -> Row:
        """The rule as it was written."""
        given = self.cleaned_data
        why = " ".join(given["why"].split())
        if self.last:
            return Row(REST, {}, Step(Does.REFER, "approver", "none", given["points"], why))
        when: dict[str, Condition] = {}
        for each in INPUTS:
            if each.numeric:
                low, high = given[f"{each.name}_from"], given[f"{each.name}_to"]
                if low is not None or high is not None:
                    when[each.name] = Span(_number(low) if low is not None else 0, _number(high) if high is not None else None)
            elif given[each.name]:
                chosen = given[each.name]
                when[each.name] = frozenset({chosen} if each.kind == "yes_no" else chosen)
        return Row(row_id, when, Step(Does(given["step"]), given["role"], given["script"], given["points"], why))


def _number(figure: int | Money) -> int:
    return figure.minor if isinstance(figure, Money) else figure


# -- pages --------------------------------------------------------------------------------------------------------------


@require_safe
@at_desk
def listed(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What decides now, what is to come or proposed, the drafts, and what decided before."""
    return _list(request, desk)


def _list(request: HttpRequest, desk: Desk, *, tried: Tried | None = None) -> HttpResponse:
    with transaction() as db:
        every, drafts = strategies.every(db, clock=desk.clock), strategies.drafts(db)
    context = {
        "versions": [_version(each) for each in every],
        "drafts": [{"it": each, "defects": len(each.defects)} for each in drafts],
        "form": kept(tried, "begin", "", lambda: BeginForm(name="begin")) if may(desk.staff, WRITE) else None,
    }
    return render(request, "console/strategies/list.html", context, status=422 if tried else 200)


@require_safe
@at_desk
def one(request: HttpRequest, desk: Desk, strategy_id: str) -> HttpResponse:
    """A draft or a version: its rows, what is wrong with them, and what may be done with it."""
    return _one(request, desk, strategy_id)


def _one(request: HttpRequest, desk: Desk, strategy_id: str, *, tried: Tried | None = None) -> HttpResponse:
    draft: Draft | None = None
    version: Version | None = None
    with transaction() as db:
        names = _products(db)
        if strategy_id.startswith("sd_"):
            draft = strategies.draft_of(db, draft=strategy_id)
            strategy = draft.strategy
        else:
            version = strategies.one(db, clock=desk.clock, strategy=strategy_id)
            strategy = version.strategy
    writes = may(desk.staff, WRITE) and draft is not None and draft.proposed is None and draft.row.ended_at is None
    verdict, why_not = _verdict(desk, version)
    earliest = desk.today + timedelta(days=1)
    context = {
        "id": strategy_id,
        "strategy": strategy,
        "name": strategy_words.name_of(strategy),
        "draft": draft,
        "version": _version(version) if version else None,
        "writes": writes,
        "tries": may(desk.staff, TRY),
        "begins": may(desk.staff, WRITE) and version is not None,
        "begin": kept(tried, "begin", strategy_id, lambda: BeginForm(name="begin")),
        **_grid(strategy, names, draft),
        "propose": kept(tried, "propose", strategy_id, lambda: ProposeForm(name="propose", initial={"from_day": earliest}))
        if writes and draft and not draft.defects
        else None,
        "aside": kept(tried, "aside", strategy_id, lambda: ActForm(name="aside")) if writes else None,
        "verdict": kept(tried, "verdict", strategy_id, lambda: AnswerForm(name="verdict")) if verdict else None,
        "why_not": why_not,
        "form": tried.form if tried else None,
    }
    return render(request, "console/strategies/one.html", context, status=422 if tried else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def row(request: HttpRequest, desk: Desk, strategy_id: str, row_id: str) -> HttpResponse:
    """One row of a draft, to be written."""
    require(desk.staff, WRITE)
    with transaction() as db:
        draft = strategies.draft_of(db, draft=strategy_id)
        codes = _products(db)
    rows = list(draft.strategy.rows)
    found = next((each for each in rows if each.row_id == row_id), None)
    if found is None and row_id != NEW:
        raise NotFound(f"draft {strategy_id} has no row {row_id}", code="no_strategy_row", field="row")
    last = row_id == REST
    if request.method != "POST":
        return _row_page(request, draft, row_id, RowForm(name="row", codes=codes, last=last, initial=_initial(draft, found)), codes)
    form = RowForm(request.POST, name="row", codes=codes, last=last)

    def verb(db: Db) -> str:
        made = form.row(row_id if found else _next_id(rows))
        others = [each for each in rows if each.row_id != row_id]
        place = len(others) if last else min(form.cleaned_data["place"] - 1, len(others) - 1)
        new = [*others[:place], made, *others[place:]]
        strategies.change(db, clock=desk.clock, by=desk.staff, draft=strategy_id, revision=form.cleaned_data["revision"], rows=new)
        return made.row_id

    return perform(
        request, desk, Tried("row", row_id, form), act=WRITE, verb=verb, said=gettext("The row is written."),
        back=lambda made: f"{reverse('console:strategy', args=[strategy_id])}#{made}",
        again=lambda tried: _row_page(request, draft, row_id, form, codes, status=422),
    )  # fmt: skip


def _row_page(
    request: HttpRequest, draft: Draft, row_id: str, form: RowForm, names: Mapping[str, str], *, status: int = 200
) -> HttpResponse:
    wrong = [strategy_words.defect(each, names) for each in draft.defects if row_id in each.rows]
    context = {
        "draft": draft, "row_id": row_id, "form": form, "name": strategy_words.row_name(row_id) if row_id != NEW else "", "wrong": wrong,
        "spoken": [(strategy_words.SCRIPTS[code], text) for code, text in strategy_words.SPOKEN.items()] if not form.last else [],
        "drops": row_id not in (NEW, REST), "drop": ActForm(name="drop"),
    }  # fmt: skip
    return render(request, "console/strategies/row.html", context, status=status)


@require_safe
@at_desk
def trial(request: HttpRequest, desk: Desk, strategy_id: str) -> HttpResponse:
    """What a draft or a version would have said at the end of a month, beside what decides now."""
    require(desk.staff, TRY)
    month, refused, tried = request.GET.get("month", ""), "", None
    after = request.GET.get("after", "")
    with transaction() as db:
        names = _products(db)
        strategy = (
            strategies.draft_of(db, draft=strategy_id).strategy
            if strategy_id.startswith("sd_")
            else strategies.one(db, clock=desk.clock, strategy=strategy_id).strategy
        )
        live = strategies.in_force(db, desk.today)
        try:
            tried = strategies.try_on(
                db, clock=desk.clock, by=desk.staff, draft=strategy_id, month=month, after=int(after) if after.isdecimal() else -1
            )
        except BadInput as error:
            refused = words.refusal(error)
    context: dict[str, Any] = {
        "id": strategy_id,
        "name": strategy_words.name_of(strategy),
        "live": strategy_words.name_of(live.strategy),
        "refused": refused,
        "month": month,
        "after": after,
    }
    if tried is not None:
        context |= {
            "trial": tried,
            "month": f"{tried.on:%Y-%m}",
            "steps": [(words.word(strategy_words.STEPS, step), was, now, now - was) for step, was, now in tried.steps],
            "rows": [{**strategy_words.row(each, names), "n": tried.rows.get(each.row_id, 0)} for each in strategy.rows],
            "different": [
                {
                    "it": each,
                    "facts": strategy_words.facts(each.facts, names),
                    "was": _decided(each.was),
                    "now": _decided(each.now),
                }
                for each in tried.different
            ],
        }
    return render(request, "console/strategies/trial.html", context, status=422 if refused else 200)


@require_safe
@at_desk
def today(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The follow-ups that are due, each with what the strategy says to do, the most points first."""
    with transaction() as db:
        names = _products(db)
        live = strategies.in_force(db, desk.today)
        found = strategies.due(db, clock=desk.clock, by=desk.staff)
    role = request.GET.get("role", "")
    roles = [(each, words.word(words.ROLES, each), sum(one.decided.step.role == each for one in found)) for each in ROLES]
    context = {
        "live": live,
        "name": strategy_words.name_of(live.strategy),
        "roles": roles,
        "role": role,
        "rows": [
            {**_advice(each, names), "facts": strategy_words.facts(each.facts, names, _BRIEFLY)}
            for each in found
            if not role or each.decided.step.role == role
        ],
        "full": len(found) >= strategies.MOST_DUE,
    }
    return render(request, "console/strategies/today.html", context)


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """What the strategy says about a late loan, and by which row."""
    found = strategies.for_loan(db, clock=desk.clock, loan_id=book.loan_number(db, desk.look, loan_id))
    return None if found is None else {"advice": _advice(found, _products(db))}


def to_do(db: Db, desk: Desk, loans: Sequence[str]) -> dict[str, str]:
    """What is done at the follow-up of each of these loans, in a line; of those that are late."""
    found = strategies.for_loans(db, clock=desk.clock, loans=loans)
    return {loan: f"{told['step']} · {told['role']}" for loan, each in found.items() if (told := strategy_words.step(each.decided.step))}


# -- acts ---------------------------------------------------------------------------------------------------------------


@require_POST
@at_desk
def begin(request: HttpRequest, desk: Desk, strategy_id: str = "") -> HttpResponse:
    """Begin a draft, from what decides now or from a version."""
    form = BeginForm(request.POST, name="begin")

    def verb(db: Db) -> str:
        made = strategies.draft(db, clock=desk.clock, by=desk.staff, name=form.cleaned_data["name"], based_on=strategy_id)
        return made.row.public_id

    return perform(
        request, desk, Tried("begin", strategy_id, form), act=WRITE, verb=verb, said=gettext("The draft begins with the same rows."),
        back=lambda made: reverse("console:strategy", args=[made]),
        again=lambda tried: _one(request, desk, strategy_id, tried=tried) if strategy_id else _list(request, desk, tried=tried),
    )  # fmt: skip


@require_POST
@at_desk
def drop(request: HttpRequest, desk: Desk, strategy_id: str, row_id: str) -> HttpResponse:
    """Take a row out of a draft."""
    form = ActForm(request.POST, name="drop")

    def verb(db: Db) -> None:
        draft = strategies.draft_of(db, draft=strategy_id)
        rows = [each for each in draft.strategy.rows if each.row_id != row_id]
        if len(rows) == len(draft.strategy.rows):
            raise NotFound(f"draft {strategy_id} has no row {row_id}", code="no_strategy_row", field="row")
        strategies.change(db, clock=desk.clock, by=desk.staff, draft=strategy_id, revision=draft.row.revision, rows=rows)

    return perform(
        request, desk, Tried("drop", f"{strategy_id} {row_id}", form), act=WRITE, verb=verb, said=gettext("The row is out."),
        back=reverse("console:strategy", args=[strategy_id]), again=lambda tried: _one(request, desk, strategy_id, tried=tried),
    )  # fmt: skip


@require_POST
@at_desk
def act(request: HttpRequest, desk: Desk, strategy_id: str, what: str) -> HttpResponse:
    """Propose a draft, set it aside, or answer a version as the second person."""
    if what == "propose":
        return _propose(request, desk, strategy_id)
    if what == "aside":
        return _aside(request, desk, strategy_id)
    if what == "answer":
        return _answer(request, desk, strategy_id)
    raise Http404(what)


def _propose(request: HttpRequest, desk: Desk, strategy_id: str) -> HttpResponse:
    form = ProposeForm(request.POST, name="propose")

    def verb(db: Db) -> str:
        given = form.cleaned_data
        made = strategies.propose(db, clock=desk.clock, by=desk.staff, draft=strategy_id, from_day=given["from_day"], words=given["reason"])
        return made.public_id

    return perform(
        request, desk, Tried("propose", strategy_id, form), act=WRITE, verb=verb,
        said=gettext("Proposed. Somebody who has not written at it puts it live, or not."),
        back=lambda made: reverse("console:strategy", args=[made]), again=lambda tried: _one(request, desk, strategy_id, tried=tried),
    )  # fmt: skip


def _aside(request: HttpRequest, desk: Desk, strategy_id: str) -> HttpResponse:
    form = ActForm(request.POST, name="aside")

    def verb(db: Db) -> None:
        strategies.set_aside(db, clock=desk.clock, by=desk.staff, draft=strategy_id)

    return perform(
        request, desk, Tried("aside", strategy_id, form), act=WRITE, verb=verb, said=gettext("The draft is set aside."),
        back=reverse("console:strategies"), again=lambda tried: _one(request, desk, strategy_id, tried=tried),
    )  # fmt: skip


def _answer(request: HttpRequest, desk: Desk, strategy_id: str) -> HttpResponse:
    form = AnswerForm(request.POST, name="verdict")

    def verb(db: Db) -> None:
        given = form.cleaned_data
        strategies.answer(db, clock=desk.clock, by=desk.staff, strategy=strategy_id, approved=given["approved"], words=given["words"])

    def said(made: str) -> str:
        if form.cleaned_data["approved"]:
            return gettext("It is live: it decides from its first day on.")
        return gettext("You said no; the draft may be worked at again.")

    return perform(
        request, desk, Tried("verdict", strategy_id, form), act=ANSWER, verb=verb, said=said,
        back=reverse("console:strategy", args=[strategy_id]), again=lambda tried: _one(request, desk, strategy_id, tried=tried),
    )  # fmt: skip


# -- what is shown ------------------------------------------------------------------------------------------------------


def _products(db: Db) -> dict[str, str]:
    """What products are called, by their codes."""
    return {each.code: of_language((each.name_zh, each.name_en)) for each in products(db)}


def _version(each: Version) -> dict[str, Any]:
    shape, word = strategy_words.STANDINGS[each.standing]
    name = strategy_words.name_of(each.strategy)
    return {"it": each, "name": name, "shape": shape, "word": word, "shipped": each.public_id == SHIPPED_ID}


def _grid(strategy: Strategy, names: Mapping[str, str], draft: Draft | None) -> dict[str, Any]:
    """The table: a column for each input that some row asks of, and what is wrong, at the rows and at the whole."""
    rows = strategy.rows
    asked = [each.name for each in INPUTS if any(each.name in row.when for row in rows)]
    defects = draft.defects if draft else ()
    return {
        "columns": [strategy_words.ASKS[name] for name in asked],
        "rows": [
            {
                **(shown := strategy_words.row(each, names)),
                "cells": [shown["when"].get(name, "") for name in asked],
                "wrong": [strategy_words.defect(one, names) for one in defects if each.row_id in one.rows],
            }
            for each in rows
        ],
        "gaps": [strategy_words.defect(one, names) for one in defects if not one.rows],
        "defects": len(defects),
    }


def _decided(each: Decided) -> dict[str, Any]:
    row = strategy_words.row_name(each.row) if each.row else gettext("the table gave no answer")
    return {**strategy_words.step(each.step), "row": row, "failed": bool(each.failed)}


def _advice(each: Advice, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "it": each,
        "facts": strategy_words.facts(each.facts, names),
        **_decided(each.decided),
        "name": strategy_words.name_of(each.strategy),
        "shipped": each.version == 0,
    }


def _verdict(desk: Desk, version: Version | None) -> tuple[bool, str]:
    if version is None or version.standing != "proposed" or version.asked is None:
        return False, ""
    why_not = why_not_second(version.asked, desk, ANSWER)
    return not why_not, why_not


def _next_id(rows: Sequence[Row]) -> str:
    return f"r{max((int(each.row_id[1:]) for each in rows if each.row_id != REST), default=0) + 1}"


def _initial(draft: Draft, found: Row | None) -> dict[str, Any]:
    """A row as its form begins."""
    rows = draft.strategy.rows
    initial: dict[str, Any] = {"revision": draft.row.revision, "place": len(rows), "points": 50}
    if found is None:
        return initial
    initial |= {"place": rows.index(found) + 1, "why": strategy_words.why(found.then.why), "points": found.then.points}
    initial |= {"step": found.then.step.value, "role": found.then.role, "script": found.then.script}
    for name, condition in found.when.items():
        if isinstance(condition, Span):
            for end, figure in (("from", condition.low), ("to", condition.high)):
                initial[f"{name}_{end}"] = _typed(name, figure)
        else:
            initial[name] = next(iter(condition)) if name in _FLAGS else sorted(condition)
    return initial


def _typed(name: str, figure: int | None) -> Any:
    if figure is None or name != "exposure":
        return figure
    return decimal_of(figure, strategy_words.CURRENCY)
