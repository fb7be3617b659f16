"""Texts to borrowers: every version, the linter's word, agreeing to one as a second person, and what carriers say."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Router
from pydantic import Field, StrictBool, StringConstraints

from holdfast.contact import texts
from holdfast.contact.lint import MOST_CHARACTERS
from holdfast.contact.texts_model import AtCarrier, Text
from holdfast.web.api.approvals import ApprovalsReasonIn
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.values import In, Instant, Name, Out, Words
from holdfast.wiring import CHANNELS

router = Router()

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
TextWords = Annotated[str, StringConstraints(min_length=1, max_length=MOST_CHARACTERS)]


class WordingOut(Out):
    """Words as they are sent. Version 0 ships with the program; `sha256` is of the words in UTF-8."""

    version: int
    words: str
    sha256: str


class TextVersionOut(Out):
    """One version that the lender wrote. Hand `sha256` back when asking and answering. `by` is who wrote at it last."""

    id: str
    version: int
    words: str
    sha256: str
    state: str
    drafted_at: Instant
    by: str
    request: str | None
    decided_at: Instant | None
    decided_by: str | None
    ended_at: Instant | None
    ended_why: str


class TextCarrierOut(Out):
    """What a carrier says to the words of that digest."""

    carrier: str
    sha256: str
    state: str
    at: Instant
    by: str
    words: str


class TextRowOut(Out):
    """One text in one language: what is sent, and where the version stands that is drafted or asked for."""

    template: str
    language: str
    version: int
    words: str
    open: str | None
    carriers: dict[str, str]


class TextList(Out):
    items: list[TextRowOut]


class TextOut(Out):
    """All of one text: what is sent, what ships with the program, the lender's versions, newest first, and the carriers."""

    template: str
    language: str
    sent: WordingOut
    shipped: WordingOut
    versions: list[TextVersionOut]
    carriers: list[TextCarrierOut]


class TextFindingOut(Out):
    """One thing to mend: its kind, where it stands in characters from 0, what stands there and the mend; `group` of a forbidden word."""

    code: str
    start: int
    end: int
    found: str
    mend: str
    group: str


class TextCheckedOut(Out):
    """What the linter found, and the text as the phone would show it with usual values; no preview if it cannot be filled in."""

    findings: list[TextFindingOut]
    preview: str | None
    characters: int
    segments: int


class TextWordsIn(In):
    """Words of a text, with its values in braces."""

    words: TextWords


class TextAskIn(ApprovalsReasonIn):
    """The words that are asked for, by their digest, and why."""

    sha256: Digest


class TextAnswerIn(In):
    """Yes or no to exactly these words; a no says why."""

    sha256: Digest
    approved: StrictBool
    words: Annotated[str, Field(max_length=500)] = ""


class TextRetireIn(In):
    """Why the shipped words are sent again."""

    reason: Words


class TextCarrierIn(In):
    """What became of a version at a carrier; `words` is its number there, or why it was refused."""

    carrier: Name
    version: Annotated[int, Field(ge=0, le=100_000)]
    event: Literal["submit", "approve", "refuse"]
    words: Annotated[str, Field(max_length=texts.MOST_WORDS)] = ""


@operation(router, "GET", "/texts", "texts.list", answer=TextList)
def listed(call: Call) -> Any:
    """Every text in every language."""
    return {
        "items": [
            {
                "template": each.template, "language": each.language, "version": each.sent.version, "words": each.sent.words,
                "open": each.open.state if each.open else None, "carriers": {name: str(state) for name, state in each.carriers.items()},
            }
            for each in texts.texts(call.db, CHANNELS)
        ]
    }  # fmt: skip


@operation(router, "GET", "/texts/{template}/{language}", "texts.get", answer=TextOut)
def one(call: Call, template: str, language: str) -> Any:
    """One text with its versions."""
    return _told(call, template, language)


@operation(router, "POST", "/texts/{template}/{language}/check", "texts.check", answer=TextCheckedOut)
def check(call: Call, template: str, language: str, body: TextWordsIn) -> Any:
    """Look words through and show them on the phone. Nothing is kept."""
    return texts.check_text(call.db, template=template, language=language, words=body.words)


@operation(router, "POST", "/texts/{template}/{language}/draft", "texts.draft", answer=TextOut)
def draft(call: Call, template: str, language: str, body: TextWordsIn) -> Any:
    """Write the next version, or other words into the draft that there is."""
    texts.draft_text(call.db, **_about(call, template, language), words=body.words)
    return _told(call, template, language)


@operation(router, "POST", "/texts/{template}/{language}/drop", "texts.drop", answer=TextOut)
def drop(call: Call, template: str, language: str) -> Any:
    """Give a draft up."""
    texts.drop_text(call.db, **_about(call, template, language))
    return _told(call, template, language)


@operation(router, "POST", "/texts/{template}/{language}/request", "texts.ask", answer=TextOut, status=202)
def ask(call: Call, template: str, language: str, body: TextAskIn) -> Any:
    """Ask another person to agree to exactly these words; refused while the linter finds anything."""
    texts.ask_text(call.db, **_about(call, template, language), sha256=body.sha256, reason=body.reason)
    return _told(call, template, language)


@operation(router, "POST", "/texts/{template}/{language}/decision", "texts.answer", answer=TextOut)
def answer(call: Call, template: str, language: str, body: TextAnswerIn) -> Any:
    """Agree to exactly these words, or refuse them. What is agreed to is sent from then on. Never anybody who wrote at them."""
    texts.answer_text(call.db, **_about(call, template, language), sha256=body.sha256, approved=body.approved, words=body.words)
    return _told(call, template, language)


@operation(router, "POST", "/texts/{template}/{language}/retirement", "texts.retire", answer=TextOut)
def retire(call: Call, template: str, language: str, body: TextRetireIn) -> Any:
    """Send the words that ship with the program again."""
    texts.retire_text(call.db, **_about(call, template, language), reason=body.reason)
    return _told(call, template, language)


@operation(router, "POST", "/texts/{template}/{language}/carrier", "texts.carrier", answer=TextOut)
def carrier(call: Call, template: str, language: str, body: TextCarrierIn) -> Any:
    """Note what became of a version at a carrier."""
    texts.note_carrier(
        call.db,
        CHANNELS,
        **_about(call, template, language),
        version=body.version,
        carrier=body.carrier,
        event=body.event,
        words=body.words,
    )
    return _told(call, template, language)


def _about(call: Call, template: str, language: str) -> dict[str, Any]:
    return {"clock": call.clock, "by": call.staff, "template": template, "language": language}


def _told(call: Call, template: str, language: str) -> dict[str, Any]:
    found = texts.text(call.db, template=template, language=language)
    said = {name: {"version": each.version, "words": each.words, "sha256": each.digest} for name, each in
            (("sent", found.sent), ("shipped", found.shipped))}  # fmt: skip
    return {
        "template": template, "language": language, **said, "versions": [_version(each) for each in found.versions],
        "carriers": [_at(each) for each in found.carriers],
    }  # fmt: skip


def _version(each: Text) -> dict[str, Any]:
    names = ("version", "words", "drafted_at", "request", "decided_at", "decided_by", "ended_at", "ended_why")
    own = {name: getattr(each, name) for name in names}
    return {**own, "id": each.public_id, "sha256": each.digest, "state": str(each.state), "by": each.drafted_by}


def _at(each: AtCarrier) -> dict[str, Any]:
    return {
        "carrier": each.carrier, "sha256": each.sha256.hex(), "state": str(each.state), "at": each.at, "by": each.by, "words": each.words,
    }  # fmt: skip
