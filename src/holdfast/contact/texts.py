"""The texts of a lender: drafted, looked through, agreed to by a second person, and from then on what is sent.

Version 0 of each ships with the program and needs nobody. A lender's own version is sent from the moment of its approval until a
newer one is approved or it is retired; then the shipped one is sent again. A message keeps the version and the digest of the
words that it was written with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from holdfast import approvals
from holdfast.contact import texts_store as store
from holdfast.contact.lint import MOST_CHARACTERS, Finding, lint
from holdfast.contact.ports import Channels
from holdfast.contact.templates import TEMPLATES, samples_of, segments, text_of
from holdfast.contact.texts_model import (
    LANGUAGES,
    OPEN,
    SHIPPED,
    AtCarrier,
    CarrierEvent,
    CarrierState,
    Text,
    TextEvent,
    TextState,
    Wording,
    after,
    carrier_after,
    digest_of,
    wording,
)
from holdfast.journal import chain_ids, write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Fault, Forbidden, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.parties import Staff, require
from holdfast.policy import lender

Db = psycopg.Connection[Any]

ACT: Final = "text.approve"
SHORTEST_REASON: Final = 4
MOST_WORDS: Final = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """One text in one language: what is sent now, what is drafted or asked for in its place, and what each carrier says to the former."""

    template: str
    language: str
    sent: Wording
    open: Text | None
    carriers: Mapping[str, CarrierState]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the linter says to words, and how they stand on the phone with usual values; no preview of words that cannot be filled in."""

    findings: tuple[Finding, ...]
    preview: str | None
    characters: int
    segments: int


@dataclass(frozen=True, slots=True)
class Page:
    """All that is known of one text in one language."""

    template: str
    language: str
    sent: Wording
    shipped: Wording
    versions: tuple[Text, ...]
    carriers: tuple[AtCarrier, ...]

    @property
    def open(self) -> Text | None:
        """The version that is drafted or asked for, if there is one."""
        return next((each for each in self.versions if each.state in OPEN), None)

    @property
    def in_force(self) -> Text | None:
        """The lender's own version that is sent; None: the shipped one is."""
        return next((each for each in self.versions if each.state is TextState.APPROVED), None)


def texts(db: Db, channels: Channels) -> list[Standing]:
    """Every text in every language, in the order of the program's list."""
    sent, told = store.wordings(db), store.at_all_carriers(db)
    open_ones = {(each.template, each.language): each for each in store.open_ones(db)}
    found = []
    for template, language in SHIPPED:
        now = sent.of(template, language) or SHIPPED[template, language]
        says = {name: told.get((name, now.sha256)) for name in carriers_of(channels)}
        standing = {name: at.state if at else CarrierState.UNKNOWN for name, at in says.items()}
        found.append(Standing(template, language, now, open_ones.get((template, language)), standing))
    return found


def text(db: Db, *, template: str, language: str) -> Page:
    """One text; NotFound if there is no such template or language."""
    _known(template, language)
    versions = tuple(store.versions(db, template, language))
    return Page(
        template,
        language,
        _sent(db, template, language),
        SHIPPED[template, language],
        versions,
        tuple(store.at_carriers(db, template, language)),
    )


def check_text(db: Db, *, template: str, language: str, words: str) -> Checked:
    """Look through words that nobody has kept yet. Changes nothing."""
    _known(template, language)
    signature = lender(db).name
    findings = lint(words, template=template, language=language, signature=signature)
    preview = None
    if not any(each.code in ("value_unknown", "brace", "unmasked", "currency_sign", "only_values") for each in findings):
        preview = text_of(template, samples_of(template), language=language, signature=signature, words=words)
    shown = preview if preview is not None else f"【{signature}】{words}"
    return Checked(tuple(findings), preview, len(shown), segments(shown))


def draft_text(db: Db, *, clock: Clock, by: Staff, template: str, language: str, words: str) -> Text:
    """Write a new version, or other words into the draft that there is. What is wrong with it is told when it is asked for.

    Refusal while a version waits for its answer.
    """
    require(by, "text.draft")
    _known(template, language)
    words = words.strip()
    if not 1 <= len(words) <= MOST_CHARACTERS or "\x00" in words:
        raise BadInput(f"words: 1 to {MOST_CHARACTERS} characters", field="words")
    store.one_text(db, template, language)
    if digest_of(words) == _sent(db, template, language).sha256:
        raise Refusal("these are the words that are sent already", code="text_same", field="words")
    found = _open(db, template, language)
    if found is None:
        text_id, public_id = chain_ids(db, 1)[0], new_id("mt")
        store.insert(
            db, text_id=text_id, public_id=public_id, template=template, language=language, words=words, sha256=digest_of(words),
            by=by.staff_id, at=clock.now(),
        )  # fmt: skip
    else:
        after(found.state, TextEvent.EDIT)
        store.rewrite(db, found.text_id, words=words, sha256=digest_of(words), by=by.staff_id, at=clock.now())
    made = _the_open(db, template, language)
    _record(db, clock, by, made, "text.drafted", {"words": words})
    return made


def drop_text(db: Db, *, clock: Clock, by: Staff, template: str, language: str) -> Text:
    """Give up a draft that nobody was asked about."""
    require(by, "text.draft")
    found = _locked(db, template, language)
    store.ended(db, found.text_id, after(found.state, TextEvent.RETIRE), by.staff_id, clock.now(), "")
    _record(db, clock, by, found, "text.dropped", {})
    return _version(db, found)


def ask_text(db: Db, *, clock: Clock, by: Staff, template: str, language: str, sha256: str, reason: str) -> Text:
    """Ask another person to agree to exactly these words. Refusal, with all that the linter found, unless it found nothing."""
    require(by, "text.draft")
    found = _locked(db, template, language)
    state = after(found.state, TextEvent.ASK)
    _same(found, sha256)
    _clean(db, found)
    asked = approvals.ask(db, clock=clock, by=by, act=ACT, inputs=_inputs(found), reason=reason, barred=found.writers)
    store.asked(db, found.text_id, state, asked.public_id)
    _record(db, clock, by, found, "text.asked", {"request": asked.public_id})
    return _the_open(db, template, language)


def answer_text(db: Db, *, clock: Clock, by: Staff, template: str, language: str, sha256: str, approved: bool, words: str) -> Text:
    """Agree to exactly these words, or refuse them. What is agreed to is sent from now on, and what was sent before is retired.

    Never anybody who wrote at it or asked, under whichever log-in. The linter looks once more: its list may have grown.
    """
    require(by, ACT)
    found = _locked(db, template, language)
    state = after(found.state, TextEvent.APPROVE if approved else TextEvent.REFUSE)
    _same(found, sha256)
    if found.request is None:
        raise Fault(f"text {found.public_id} is asked for and nobody asked", code="text_unasked")
    if by.staff_id in found.writers:
        raise Forbidden("whoever wrote at this text cannot agree to it; another person must", code="text_writer")
    approvals.answer(db, clock=clock, by=by, public_id=found.request, approved=approved, words=words)
    if approved:
        _clean(db, found)
        approvals.spend(db, clock=clock, by=by.actor, public_id=found.request, act=ACT, inputs=_inputs(found))
        before = next((each for each in store.versions(db, template, language) if each.state is TextState.APPROVED), None)
        if before is not None:
            store.ended(db, before.text_id, after(before.state, TextEvent.RETIRE), by.staff_id, clock.now(), "")
            _record(db, clock, by, before, "text.retired", {"by_version": found.version})
    store.decided(db, found.text_id, state, by.staff_id, clock.now())
    _record(db, clock, by, found, "text.approved" if approved else "text.refused", {"words": words.strip()})
    return _version(db, found)


def retire_text(db: Db, *, clock: Clock, by: Staff, template: str, language: str, reason: str) -> Text:
    """Send the shipped words again from now on. One person does it: what is wrong with a text should not wait for a second one."""
    require(by, ACT)
    _known(template, language)
    if len(reason.strip()) < SHORTEST_REASON or len(reason) > MOST_WORDS:
        raise BadInput("reason: say in a few words why it is no longer sent", field="reason")
    store.one_text(db, template, language)
    found = text(db, template=template, language=language).in_force
    if found is None:
        raise Refusal("the words that ship with the program are sent; they are not retired", code="text_shipped")
    store.ended(db, found.text_id, after(found.state, TextEvent.RETIRE), by.staff_id, clock.now(), reason.strip())
    _record(db, clock, by, found, "text.retired", {"reason": reason.strip()})
    return _version(db, found)


def note_carrier(
    db: Db, channels: Channels, *, clock: Clock, by: Staff, template: str, language: str, version: int, carrier: str, event: str, words: str
) -> AtCarrier:  # fmt: skip
    """Note what became of a wording at a carrier: `submit`, `approve` or `refuse`, and in words its number there or why.

    BadInput for a carrier over which nothing is sent. Who noted it and when stays in that person's chain.
    """
    require(by, "text.carrier")
    _known(template, language)
    if carrier not in carriers_of(channels):
        raise BadInput(f"carrier: write one of {', '.join(carriers_of(channels)) or 'none: no carrier is set up'}", field="carrier")
    if event not in tuple(CarrierEvent):
        raise BadInput(f"event: write one of {', '.join(CarrierEvent)}", field="event")
    if len(words.strip()) > MOST_WORDS or "\x00" in words:
        raise BadInput(f"words: at most {MOST_WORDS} characters", field="words")
    if event == CarrierEvent.REFUSE and len(words.strip()) < SHORTEST_REASON:
        raise BadInput("words: say why the carrier refused it", field="words")
    store.one_text(db, template, language)
    found = _wording(db, template, language, version)
    state = carrier_after(store.carrier_state(db, carrier, found.sha256), CarrierEvent(event))
    store.note_carrier(db, carrier, found, state, words=words.strip(), by=by.staff_id, at=clock.now())
    says = {
        "carrier": carrier, "template": template, "language": language, "version": version, "sha256": found.digest, "state": str(state),
        "words": words.strip(),
    }  # fmt: skip
    write_record(db, clock=clock, by=by.actor, chain_id=by.staff_id, chain=by.public_id, kind="text.carrier", says=says)
    at = {(each.carrier, each.sha256): each for each in store.at_carriers(db, template, language)}
    return at[carrier, found.sha256]


def carriers_of(channels: Channels) -> tuple[str, ...]:
    """The carriers over which texts leave the house: not our own screen."""
    known = [channel.capabilities() for channel in channels.values()]
    return tuple(sorted({each.name for each in known if not each.on_screen}))


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _known(template: str, language: str) -> None:
    if template not in TEMPLATES or language not in LANGUAGES:
        raise NotFound(f"there is no text {template} in {language}", code="no_text", field="template")


def _sent(db: Db, template: str, language: str) -> Wording:
    return store.wordings(db).of(template, language) or SHIPPED[template, language]


def _wording(db: Db, template: str, language: str, version: int) -> Wording:
    if version == 0:
        return SHIPPED[template, language]
    for each in store.versions(db, template, language):
        if each.version == version:
            return wording(template, language, version, each.words)
    raise NotFound(f"the text {template} has no version {version}", code="no_text", field="version")


def _open(db: Db, template: str, language: str) -> Text | None:
    return text(db, template=template, language=language).open


def _the_open(db: Db, template: str, language: str) -> Text:
    found = _open(db, template, language)
    if found is None:
        raise Refusal(f"nobody has drafted another text for {template}", code="no_text_draft")
    return found


def _locked(db: Db, template: str, language: str) -> Text:
    _known(template, language)
    store.one_text(db, template, language)
    return _the_open(db, template, language)


def _version(db: Db, found: Text) -> Text:
    return next(each for each in store.versions(db, found.template, found.language) if each.version == found.version)


def _same(found: Text, sha256: str) -> None:
    if sha256 != found.digest:
        raise Refusal("the words have changed since you looked at them; look again", code="text_moved", field="sha256")


def _clean(db: Db, found: Text) -> None:
    findings = lint(found.words, template=found.template, language=found.language, signature=lender(db).name)
    if findings:
        told = [{"code": each.code, "start": each.start, "end": each.end, "found": each.found, "mend": each.mend} for each in findings]
        first = findings[0]
        raise Refusal(
            f"{len(findings)} places of the text are to be mended first; at {first.start + 1}: {first.mend}", code="text_unclean",
            field="words", findings=told,
        )  # fmt: skip


def _inputs(found: Text) -> dict[str, Any]:
    return {
        "text": found.public_id,
        "template": found.template,
        "language": found.language,
        "version": found.version,
        "sha256": found.digest,
    }


def _record(db: Db, clock: Clock, by: Staff, about: Text, kind: str, says: Mapping[str, Any]) -> None:
    facts = {"template": about.template, "language": about.language, "version": about.version, "sha256": about.digest}
    write_record(db, clock=clock, by=by.actor, chain_id=about.text_id, chain=about.public_id, kind=kind, says={**facts, **says})
