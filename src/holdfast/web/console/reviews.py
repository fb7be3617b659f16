"""Periodic reviews of borrowers in business: which are due, the form that is gone on with later, and the former ones beside it."""

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
from holdfast.followup import reviews, visits
from holdfast.followup.reviews_model import CONCLUSIONS, MEANS, QUESTIONS, Question, Review
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money, decimal_of, minor_of
from holdfast.parties import may, staff_by_id
from holdfast.servicing import reading as book
from holdfast.web.console import reading, review_words, words
from holdfast.web.console.acts import Tried, kept, perform
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, AmountField
from holdfast.web.console.templatetags.console import count, money

_LISTED: Final = 200
_MADE_DAYS: Final = 90
_SIDE_BY_SIDE: Final = 3
_AREA: Final = {"rows": 3}
_PICTURE: Final = {"accept": "image/jpeg,image/png,image/webp"}


class SumField(AmountField):
    """An amount of no less than nothing, such as debts that are none."""

    def clean(self, value: Any) -> Money | None:
        text = str(value or "").translate(str.maketrans("０．", "0.")).strip()
        try:
            if text and not minor_of(text, self.currency):
                return Money(0, self.currency)
        except BadInput:
            pass  # the field's own check says what is wrong with it
        return super().clean(value)


class BeginForm(ActForm):
    """By which means; a visit is chosen among those made for a review."""

    means = forms.ChoiceField(label=_("How"), choices=[(code, review_words.MEANS[code]) for code in MEANS])
    visit = forms.ChoiceField(label=_("Which visit"), required=False)

    def __init__(self, *args: Any, visits_made: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if visits_made:
            field = self.fields["visit"]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", "—"), *visits_made]
        else:
            del self.fields["visit"]
            self.fields["means"].help_text = _("A visit by two is planned under field visits first, for a periodic review.")


class AnswersForm(ActForm):
    """The questions of the form; a draft may leave any out. To be made, the review needs all, a conclusion and its words."""

    use_required_attribute = False  # a draft is kept without them: the button decides, not the browser

    def __init__(
        self, *args: Any, currency: str, initial: dict[str, Any] | None = None, whole: bool = False, **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(*args, initial=_shown_as(initial or {}, currency), **kwargs)
        for question in QUESTIONS:
            self.fields[question.name] = field = _field(question, currency)
            if question.kind != "several":
                field.widget.attrs.setdefault("class", "in")
        self.fields["photo"] = forms.FileField(label=_("Picture"), required=False, widget=forms.FileInput({**_PICTURE, "class": "in"}))
        self.fields["conclusion"] = forms.ChoiceField(
            label=_("What the review found"), required=False, widget=forms.Select({"class": "in"}),
            choices=[("", "—"), *[(code, review_words.CONCLUSIONS[code][1]) for code in CONCLUSIONS]],
        )  # fmt: skip
        self.fields["words"] = forms.CharField(
            label=_("Why, in your words"), required=False, min_length=4, max_length=reviews.MOST_WORDS,
            widget=forms.Textarea({**_AREA, "class": "in"}),
        )  # fmt: skip
        for name in (*[question.name for question in QUESTIONS if question.when is None], "conclusion", "words") if whole else ():
            self.fields[name].required = True

    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The questions by section, in the form's order."""
        names = dict.fromkeys(question.section for question in QUESTIONS)
        return [(review_words.SECTIONS[name], [self[each.name] for each in QUESTIONS if each.section == name]) for name in names]

    def ending(self) -> list[forms.BoundField]:
        """What ends the review."""
        return [self[name] for name in ("photo", "conclusion", "words")]

    def answers(self) -> dict[str, Any]:
        """What was answered, as the rules take it."""
        given = {question.name: self.cleaned_data.get(question.name) for question in QUESTIONS}
        return {
            name: each.minor if isinstance(each, Money) else each for name, each in given.items() if each not in (None, "", [])
        }  # fmt: skip

    def photos(self) -> list[bytes]:
        """The picture, if one was given."""
        upload = self.cleaned_data.get("photo")
        return [] if upload is None else [upload.read()]


class WordsForm(ActForm):
    """Why, in words."""

    words = forms.CharField(label=_("In words"), min_length=4, max_length=reviews.MOST_WORDS, widget=forms.Textarea(attrs=_AREA))


class EarlierForm(WordsForm):
    """An earlier day for the next review, and why."""

    due_on = forms.DateField(label=_("To be made by"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    field_order = ("due_on", "words")


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """The panel: when the next review is due and what the last one found; nothing on a loan that carries no business."""
    found = reviews.reviews_of(db, by=desk.staff, loan=loan_id)
    standing = reviews.standing_of(db, by=desk.staff, loan=loan_id)
    if standing is None and not found:
        return None
    last = next((each for each in found if each.conclusion is not None), None)
    begun = any(each.open for each in found) and may(desk.staff, "review.make")
    return {"reviews_loan": loan_id, "standing": standing, "last": _row(db, last) if last else None, "begun": begun,
            "may_begin": standing is not None and desk.today >= standing.from_on and may(desk.staff, "review.make")}  # fmt: skip


@require_safe
@at_desk
def listed(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The reviews within sight: which are late or due, which worry, and what was made lately; by branch."""
    which = request.GET.get("which", "soon")
    which = which if which in reviews.WHICH else "soon"
    with transaction() as db:
        branches = {row["public_id"]: row["name"] for row in reading.branches(db)}
        branch = request.GET.get("branch", "")
        branch = branch if branch in branches else ""
        rows = reviews.listed(db, clock=desk.clock, by=desk.staff, which=which, branch=branch or None, limit=_LISTED)
        made = reviews.made(
            db, by=desk.staff, since=desk.today - timedelta(days=_MADE_DAYS), until=desk.today, branch=branch or None, limit=_LISTED
        )
        told = reviews.counts(db, clock=desk.clock, by=desk.staff)
    context = {
        "rows": [(each, _conclusion(each.conclusion), each.due_on < desk.today) for each in rows], "which": which, "branch": branch,
        "made": [(each, _conclusion(each.conclusion), words.word(review_words.MEANS, each.means)) for each in made], "told": told,
        "tabs": [(code, review_words.WHICH[code]) for code in reviews.WHICH], "branches": branches, "listed": _LISTED,
    }  # fmt: skip
    return render(request, "console/reviews/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def of_loan(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The reviews of one loan: the one that is begun with its form, the former ones side by side, and the way to begin the next."""
    if request.method != "POST":
        return _page(request, desk, loan_id)
    with transaction() as db:
        form = BeginForm(request.POST, name="begin", visits_made=_visits(db, desk, loan_id))

    def verb(db: Db) -> str:
        given = form.cleaned_data
        return reviews.begin(
            db, clock=desk.clock, by=desk.staff, loan=loan_id, means=given["means"], visit=given.get("visit") or ""
        ).public_id  # fmt: skip

    return perform(
        request, desk, Tried("begin", loan_id, form), act="review.make", verb=verb, back=reverse("console:reviews_of", args=[loan_id]),
        said=gettext("Begun. What is answered can be kept and gone on with later."),
        again=lambda refused: _page(request, desk, loan_id, tried=refused, status=422),
    )  # fmt: skip


@require_POST
@at_desk
def act(request: HttpRequest, desk: Desk, loan_id: str, review_id: str, what: str) -> HttpResponse:
    """Keep a draft, make the review, give it up, read it for risk, or have the next one brought forward."""
    if what not in _ACTS:
        raise Http404
    needed, said = _ACTS[what]
    with transaction() as db:
        currency = book.loan_detail(db, desk.look, loan_id).row.currency
    form = _posted(what, request, currency)

    def verb(db: Db) -> None:
        about: dict[str, Any] = {"clock": desk.clock, "by": desk.staff, "loan": loan_id}
        if isinstance(form, AnswersForm):
            told: dict[str, Any] = {"review": review_id, "answers": form.answers(), "photos": form.photos()}
            if what == "save":
                reviews.save(db, **about, **told)
            else:
                given = form.cleaned_data
                reviews.make(db, **about, **told, conclusion=given["conclusion"], words=given["words"])
        elif isinstance(form, EarlierForm):
            reviews.bring_forward(db, **about, due_on=form.cleaned_data["due_on"], words=form.cleaned_data["words"])
        elif what == "give_up":
            reviews.give_up(db, **about, review=review_id, words=form.cleaned_data["words"])
        else:
            reviews.read(db, **about, review=review_id, words=form.cleaned_data["words"])

    name = "answers" if isinstance(form, AnswersForm) else what
    return perform(
        request, desk, Tried(name, review_id, form), act=needed, verb=verb, said=str(said),
        back=reverse("console:reviews_of", args=[loan_id]),
        again=lambda refused: _page(request, desk, loan_id, tried=refused, status=422),
    )  # fmt: skip


# What may be done with a review: the act of `parties.MAY`, and what is said when it is done.
_ACTS: Final[Mapping[str, tuple[str, Any]]] = {
    "save": ("review.make", _("Kept. Go on with it whenever you like.")),
    "make": ("review.make", _("The review is made, and the next one is called for.")),
    "give_up": ("review.make", _("Given up; the review is still to be made.")),
    "read": ("review.read", _("Read, and noted.")),
    "earlier": ("review.bring_forward", _("The next review is brought forward.")),
}


def _page(request: HttpRequest, desk: Desk, loan_id: str, *, tried: Tried | None = None, status: int = 200) -> HttpResponse:
    with transaction() as db:
        row = book.loan_detail(db, desk.look, loan_id).row
        found = reviews.reviews_of(db, by=desk.staff, loan=loan_id)
        standing = reviews.standing_of(db, by=desk.staff, loan=loan_id)
        draft = next((each for each in found if each.open), None)
        former = [each for each in found if each.conclusion is not None]
        shown = [(each, reviews.opened(db, by=desk.staff, review=each)) for each in former[:_SIDE_BY_SIDE]]
        unread = next((each for each in former if each.unread), None)
        mine = draft is not None and may(desk.staff, "review.make") and desk.staff.is_same_person(staff_by_id(db, draft.begun_by))
        context: dict[str, Any] = {
            "row": row, "standing": standing, "draft": _row(db, draft) if draft else None, "failed": tried.name if tried else "",
            "why": words.word(review_words.WHY, standing.why) if standing and standing.why else "",
            "former": [_row(db, each) for each in found if not each.open], "columns": [_row(db, each) for each, _opened in shown],
            "table": _table([told.answers if told else {} for _each, told in shown], row.currency), "texts": [
                (_row(db, each), told) for each, told in shown if told is not None
            ],
            "read_form": _if(unread is not None and may(desk.staff, "review.read"), tried, "read", unread, lambda: WordsForm(name="read")),
            "unread": unread, "give_up_form": _if(draft is not None and may(desk.staff, "review.make"), tried, "give_up", draft,
                                                lambda: WordsForm(name="give_up")),
        }  # fmt: skip
        if mine and draft is not None:
            told = reviews.opened(db, by=desk.staff, review=draft)
            answered = dict(told.answers) if told else {}
            context["answers_form"] = kept(
                tried, "answers", draft.public_id, lambda: AnswersForm(name="answers", currency=row.currency, initial=answered)
            )
        if standing is not None and draft is None and may(desk.staff, "review.make"):
            if desk.today >= standing.from_on:
                choices = _visits(db, desk, loan_id)
                context["begin_form"] = kept(tried, "begin", loan_id, lambda: BeginForm(name="begin", visits_made=choices))
            else:
                context["not_yet"] = standing.from_on
        if standing is not None and desk.today < standing.due_on and may(desk.staff, "review.bring_forward"):
            context["earlier_form"] = kept(tried, "earlier", "next", lambda: EarlierForm(name="earlier"))
    return render(request, "console/reviews/loan.html", context, status=status)


def _if(holds: bool, tried: Tried | None, name: str, about: Review | None, fresh: Any) -> ActForm | None:
    return kept(tried, name, about.public_id, fresh) if holds and about is not None else None


def _posted(what: str, request: HttpRequest, currency: str) -> ActForm:
    if what in ("save", "make"):
        return AnswersForm(request.POST, request.FILES, name="answers", currency=currency, whole=what == "make")
    return EarlierForm(request.POST, name=what) if what == "earlier" else WordsForm(request.POST, name=what)


def _visits(db: Db, desk: Desk, loan_id: str) -> list[tuple[str, str]]:
    """The visits on which the review may be made."""
    used = {each.visit for each in reviews.reviews_of(db, by=desk.staff, loan=loan_id)}
    return [
        (each.public_id, f"{each.planned_for.astimezone():%Y-%m-%d %H:%M}")
        for each in visits.visits_of(db, by=desk.staff, loan=loan_id)
        if reviews.may_stand_for(each) and each.public_id not in used
    ]


def _row(db: Db, found: Review) -> Mapping[str, Any]:
    shape, word = review_words.UNREAD if found.unread else review_words.STATES[found.state]
    return {
        "review": found, "shape": shape, "word": word, "means": words.word(review_words.MEANS, found.means),
        "conclusion": _conclusion(found.conclusion), "begun_by": staff_by_id(db, found.begun_by).name,
        "made_by": staff_by_id(db, found.made_by).name if found.made_by else "",
        "read_by": staff_by_id(db, found.read_by).name if found.read_by else "",
    }  # fmt: skip


def _conclusion(code: str | None) -> tuple[str, Any] | None:
    return review_words.CONCLUSIONS[code] if code else None


def _table(columns: Sequence[Mapping[str, Any]], currency: str) -> list[tuple[Any, list[str], bool]]:
    """Each question with its answers, the newest review first, and whether the newest differs from the one before it."""
    lines = []
    for question in QUESTIONS:
        said = [_said(question, each.get(question.name), currency) for each in columns]
        if any(said):
            lines.append((review_words.QUESTIONS[question.name], said, len(said) > 1 and said[0] != said[1]))
    return lines


def _said(question: Question, answer: Any, currency: str) -> str:
    if answer is None:
        return ""
    if question.kind == "choice":
        return words.word(review_words.ANSWERS[question.name], answer)
    if question.kind == "several":
        return gettext(", ").join(words.word(review_words.ANSWERS[question.name], each) for each in answer)
    if question.kind == "money":
        return money(answer, currency)
    return count(answer) if question.kind == "count" else str(answer)


def _field(question: Question, currency: str) -> forms.Field:
    about: dict[str, Any] = {
        "label": review_words.QUESTIONS[question.name], "required": False, "help_text": review_words.HINTS.get(question.name, ""),
    }  # fmt: skip
    if question.kind in ("choice", "several"):
        options = [(code, review_words.ANSWERS[question.name][code]) for code in question.options]
        if question.kind == "several":
            return forms.MultipleChoiceField(**about, choices=options, widget=forms.CheckboxSelectMultiple)
        return forms.ChoiceField(**about, choices=[("", "—"), *options])
    if question.kind == "count":
        return forms.IntegerField(**about, min_value=0, widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}))
    return SumField(**about, currency=currency) if question.kind == "money" else forms.CharField(**about, min_length=2, max_length=1000)


def _shown_as(answers: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """Kept answers as the form shows them: amounts in major units."""
    return {
        name: decimal_of(answers[name], currency) if _BY_NAME[name].kind == "money" else answers[name] for name in answers
    }  # fmt: skip


_BY_NAME: Final = {question.name: question for question in QUESTIONS}
