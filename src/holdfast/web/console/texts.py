"""Texts: what borrowers are sent, in each language; write another version, see it on the phone, have a second person agree."""

from __future__ import annotations

import json
from typing import Any, Final

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from holdfast.approvals import request as the_request
from holdfast.contact import TEMPLATES, segments, text_of, texts
from holdfast.contact.lint import MOST_CHARACTERS, Finding
from holdfast.contact.templates import LONG_SEGMENT, ONE_SEGMENT, samples_in_words, samples_of
from holdfast.contact.texts_model import CarrierEvent, Text, TextState
from holdfast.database.connection import transaction
from holdfast.parties import may, require
from holdfast.web.console import text_words, words
from holdfast.web.console.acts import Tried, perform
from holdfast.web.console.approval import why_not_second
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, AnswerForm, ReasonForm
from holdfast.wiring import CHANNELS


class WordsForm(ActForm):
    """The words of a version."""

    words = forms.CharField(
        label=_("The text"), max_length=MOST_CHARACTERS, strip=True,
        widget=forms.Textarea(attrs={"rows": 6, "data-counts": "", "spellcheck": "true", "maxlength": None}),
    )  # fmt: skip


class CarrierForm(ActForm):
    """What became of a wording at a carrier."""

    carrier = forms.ChoiceField(label=_("Carrier"))
    event = forms.ChoiceField(label=_("What became of it"), choices=list(text_words.CARRIER_EVENTS.items()))
    words = forms.CharField(label=_("Its number there, or why it was refused"), max_length=texts.MOST_WORDS, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        carrier = self.fields["carrier"]
        assert isinstance(carrier, forms.ChoiceField)
        carrier.choices = [(name, name) for name in texts.carriers_of(CHANNELS)]


@require_safe
@at_desk
def listed(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Every text, by what it is for."""
    with transaction() as db:
        found = {(each.template, each.language): each for each in texts.texts(db, CHANNELS)}
    parts = [
        {
            "name": name,
            "rows": [
                {
                    "word": text_words.TEMPLATES[template],
                    "tongues": [_row(found[template, each]) for each in text_words.LANGUAGES],
                }
                for template in templates if template in TEMPLATES
            ],
        }
        for name, templates in text_words.PARTS
    ]  # fmt: skip
    return render(request, "console/texts/list.html", {"columns": (parts[:4], parts[4:]), "must": _must()})


@require_safe
@at_desk
def one(request: HttpRequest, desk: Desk, template: str, language: str) -> HttpResponse:
    """One text in one language: what is sent, what is drafted, and what this person may do with it."""
    return _page(request, desk, template, language)


@require_POST
@at_desk
def act(request: HttpRequest, desk: Desk, template: str, language: str, what: str) -> HttpResponse:
    """Check or keep words, ask, give up, answer, retire, note a carrier's word."""
    if what not in _ACTS:
        raise Http404
    right, form_of, done = _ACTS[what]
    require(desk.staff, right)
    form = form_of(request.POST, name=what)
    shown = request.POST.get("shown", "")
    if what == "draft" and "check" in request.POST:
        return _page(request, desk, template, language, checked=form, status=200 if form.is_valid() else 422)

    def said(_made: str) -> str:
        return gettext("You said no; what is sent stays as it is.") if form.cleaned_data.get("approved") is False else str(done)

    return perform(
        request, desk, Tried(what, f"{template} {language} {shown}", form), act=right,
        verb=lambda db: _do(db, desk, what, {"template": template, "language": language}, shown, form.cleaned_data), said=said,
        back=reverse("console:text", args=[template, language]),
        again=lambda tried: _page(request, desk, template, language, tried=tried, status=422),
    )  # fmt: skip


def _page(
    request: HttpRequest, desk: Desk, template: str, language: str, *, tried: Tried | None = None, checked: ActForm | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    with transaction() as db:
        page = texts.text(db, template=template, language=language)
        found = page.open
        words_now = (
            _words_of(checked) or (_words_of(tried.form) if tried and tried.name == "draft" else "") or (found.words if found else "")
        )
        told = texts.check_text(db, template=template, language=language, words=words_now) if words_now else None
        open_forms, why_not = _forms(db, desk, page, clean=told is not None and not told.findings)
    if checked is not None and "draft" in open_forms:
        open_forms["draft"] = checked
    if tried is not None and tried.name in open_forms:
        open_forms[tried.name] = tried.form
    sent = text_of(template, samples_of(template), language=language, signature=desk.lender.name, words=page.sent.words)
    samples = samples_in_words(template, language)
    signature = f"【{desk.lender.name}】" if desk.lender.name else ""
    shown = sent if told is None else told.preview if told.preview is not None else signature + words_now
    context = {
        "page": page,
        "word": text_words.TEMPLATES[template],
        "tongue": text_words.LANGUAGES[language],
        "tongues": [(code, name) for code, name in text_words.LANGUAGES.items() if code != language],
        "sent": sent,
        "open": found,
        "open_state": text_words.STATES[found.state] if found else None,
        "told": told,
        "findings": [_finding(each, words_now) for each in told.findings] if told else [],
        "is_check": checked is not None and not checked.errors,
        "samples": samples,
        "samples_json": json.dumps(samples, ensure_ascii=False),
        "shown": shown,
        "length": format_html("<b data-length>{}</b>", len(shown)),
        "parts": format_html("<b data-parts>{}</b>", segments(shown)),
        "signature": signature,
        "one": ONE_SEGMENT,
        "long": LONG_SEGMENT,
        "versions": [(each, *text_words.STATES[each.state]) for each in page.versions],
        "carriers": [
            (each, *text_words.CARRIER_STATES[each.state], each.sha256 == page.sent.sha256) for each in page.carriers
        ],
        "forms": open_forms,
        "why_not": why_not,
    }  # fmt: skip
    return render(request, "console/texts/text.html", context, status=status)


def _words_of(form: ActForm | None) -> str:
    return str(form.data.get("words", "")).strip() if form is not None else ""


def _forms(db: Db, desk: Desk, page: texts.Page, *, clean: bool) -> tuple[dict[str, ActForm], str]:
    """The forms that this person may send now, by act, and why the answer is somebody else's."""
    mine: dict[str, ActForm] = {}
    why_not, found = "", page.open
    if may(desk.staff, "text.draft"):
        if found is None or found.state is TextState.DRAFT:
            mine["draft"] = WordsForm(name="draft", initial={"words": (found or page.sent).words})
        if found is not None and found.state is TextState.DRAFT:
            mine["drop"] = ActForm(name="drop")
            if clean:
                mine["ask"] = ReasonForm(name="ask")
    if found is not None and found.state is TextState.ASKED and may(desk.staff, texts.ACT):
        why_not = _why_not(db, desk, found)
        if not why_not:
            mine["answer"] = AnswerForm(name="answer")
    if page.in_force is not None and may(desk.staff, texts.ACT):
        mine["retire"] = ReasonForm(name="retire")
    if texts.carriers_of(CHANNELS) and may(desk.staff, "text.carrier"):
        mine["carrier"] = CarrierForm(name="carrier")
    return mine, why_not


def _why_not(db: Db, desk: Desk, found: Text) -> str:
    if desk.staff.staff_id in found.writers:
        return str(text_words.REFUSALS["text_writer"])
    return why_not_second(the_request(db, found.request), desk) if found.request else ""


def _finding(each: Finding, whole: str) -> dict[str, Any]:
    return {
        "at": each.start + 1, "found": each.found, "said": words.word(text_words.FINDINGS, each.group or each.code),
        "before": whole[max(0, each.start - 8) : each.start] if each.end > each.start else "",
        "after": whole[each.end : each.end + 8] if each.end > each.start else "", "placed": 0 < each.end - each.start < len(whole),
    }  # fmt: skip


def _row(each: texts.Standing) -> dict[str, Any]:
    return {
        "it": each,
        "language": text_words.LANGUAGES[each.language],
        "open": text_words.STATES[each.open.state] if each.open else None,
        "carriers": [(name, *text_words.CARRIER_STATES[state]) for name, state in each.carriers.items()],
    }


def _must() -> list[str]:
    """The carriers that take only what they have approved."""
    return sorted({each.capabilities().name for each in CHANNELS.values() if each.capabilities().templates_must_be_approved})


# Each act: who may, its form, and what is said when it is done.
_ACTS: Final[dict[str, tuple[str, type[ActForm], Any]]] = {
    "draft": ("text.draft", WordsForm, _("Kept as a draft. Nothing that is sent has changed.")),
    "drop": ("text.draft", ActForm, _("The draft is given up.")),
    "ask": ("text.draft", ReasonForm, _("Asked. Until another person agrees, what is sent stays as it is.")),
    "answer": (texts.ACT, AnswerForm, _("You agreed. It is sent from now on.")),
    "retire": (texts.ACT, ReasonForm, _("The words that ship with the program are sent again.")),
    "carrier": ("text.carrier", CarrierForm, _("What the carrier said is noted.")),
}


def _do(db: Db, desk: Desk, what: str, about: dict[str, str], shown: str, given: dict[str, Any]) -> None:
    """The verb of an act, with what its form says and the digest of the words that the page showed."""
    common: dict[str, Any] = {"clock": desk.clock, "by": desk.staff, **about}
    if what == "draft":
        texts.draft_text(db, **common, words=given["words"])
    elif what == "drop":
        texts.drop_text(db, **common)
    elif what == "ask":
        texts.ask_text(db, **common, sha256=shown, reason=given["reason"])
    elif what == "answer":
        texts.answer_text(db, **common, sha256=shown, approved=given["approved"], words=given["words"])
    elif what == "retire":
        texts.retire_text(db, **common, reason=given["reason"])
    else:
        version = int(shown) if shown.isdecimal() and len(shown) < 6 else 0
        texts.note_carrier(
            db, CHANNELS, **common, version=version, carrier=given["carrier"], event=CarrierEvent(given["event"]), words=given["words"]
        )
