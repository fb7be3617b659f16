"""A lender's own texts: what two people agreed to is sent from then on, and every message tells which words it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count, product
from typing import Any

import psycopg
import pytest

from holdfast import contact, parties
from holdfast.contact import TEMPLATES, Capabilities, Promise, Wordings, texts, texts_store
from holdfast.contact.lint import lint
from holdfast.contact.texts_model import CARRIER_LIFE, LIFE, CarrierEvent, CarrierState, Text, TextEvent, TextState, after, carrier_after
from holdfast.journal import SYSTEM, read_chain
from holdfast.kernel.errors import BadInput, Forbidden, HoldfastError, NotFound, Refusal
from holdfast.parties import Staff
from tests.books import Book
from tests.contact.test_dispatch import AMOUNT, DAY, Carrier, Desk, at, moment, person

Db = psycopg.Connection[Any]
OWN = "您好，尾号 {contract} 的合同第 {n} 期 {amount}，{due_on}到期。如已还款请忽略。"
NEWER = "尾号 {contract} 的合同第 {n} 期应还 {amount}，{due_on}到期，已还请忽略。"
ABOUT = {"template": "reminder", "language": "zh-hans"}
NUMBERS = count(1)


@pytest.fixture
def desk(db: Db) -> Desk:
    book = Book(db, DAY)
    loan, borrower = book.lend(), person(book)
    db.execute("UPDATE loan SET party_id = %s WHERE loan_id = %s", [borrower.party_id, loan.loan_id])
    return Desk(db, book, borrower, loan.loan_id)


@dataclass
class Strict(Carrier):
    """A carrier that takes only what it has approved."""

    must: bool = True
    seen: list[str] = field(default_factory=list)

    def capabilities(self) -> Capabilities:
        return Capabilities(
            name="strict carrier", finance_allowed=True, run_against="itself", receipts_pushed=True, once_per_key=True,
            templates_must_be_approved=self.must,
        )  # fmt: skip


def hire(db: Db, role: str, *, person_id: int | None = None) -> Staff:
    return parties.create_staff(
        db, clock=at(8), by=SYSTEM, username=f"{role}-{next(NUMBERS)}", password="a long sample phrase", name="示例员工", role=role,
        scope="all", person_id=person_id,
    )  # fmt: skip


def draft(db: Db, by: Staff, words: str = OWN) -> Text:
    return texts.draft_text(db, clock=at(9), by=by, **ABOUT, words=words)


def ask(db: Db, by: Staff, found: Text, digest: str | None = None) -> Text:
    return texts.ask_text(db, clock=at(9), by=by, **ABOUT, sha256=digest or found.digest, reason="语气更平和")


def answer(db: Db, by: Staff, found: Text, *, approved: bool = True, digest: str | None = None) -> Text:
    return texts.answer_text(db, clock=at(10), by=by, **ABOUT, sha256=digest or found.digest, approved=approved, words="改得更清楚")


def agreed(db: Db, words: str = OWN) -> Text:
    """A wording that one risk manager wrote and an approver agreed to."""
    return answer(db, hire(db, "approver"), ask(db, writer := hire(db, "risk"), draft(db, writer, words)))


def body_of(desk: Desk, number: int) -> tuple[str, int, bytes]:
    row = desk.db.execute(
        "SELECT body, text_version, text_sha256 FROM message WHERE loan_id = %s AND message_no = %s", [desk.loan_id, number]
    ).fetchone()
    assert row is not None
    return row[0], row[1], bytes(row[2])


# -- the table of states --------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "event"), list(product(TextState, TextEvent)))
def test_every_pair_of_state_and_event_is_in_the_table_or_refused(state: TextState, event: TextEvent) -> None:
    if (state, event) in LIFE:
        assert after(state, event) is LIFE[state, event]
    else:
        with pytest.raises(Refusal, match=f"is {state}"):
            after(state, event)


@pytest.mark.parametrize(("state", "event"), list(product(CarrierState, CarrierEvent)))
def test_every_pair_of_a_carrier_s_states_and_events_is_in_the_table_or_refused(state: CarrierState, event: CarrierEvent) -> None:
    if (state, event) in CARRIER_LIFE:
        assert carrier_after(state, event) is CARRIER_LIFE[state, event]
    else:
        with pytest.raises(Refusal, match=f"is {state}"):
            carrier_after(state, event)


# -- what is sent ---------------------------------------------------------------------------------------


def test_the_shipped_words_are_version_nought_and_a_message_keeps_which_words_it_was_written_with(desk: Desk) -> None:
    body, version, digest = body_of(desk, desk.promise())
    assert version == 0 and digest == sha256(TEMPLATES["reminder"]["zh-hans"].encode()).digest()
    assert body.startswith("【示例小额贷款】您尾号 1234 的合同")


def test_what_two_people_agreed_to_is_sent_from_then_on_and_what_was_promised_before_stays(desk: Desk) -> None:
    before = desk.promise()
    made = agreed(desk.db)
    after_it = desk.promise()
    assert (made.state, made.version) == (TextState.APPROVED, 1)
    assert body_of(desk, before)[1] == 0
    assert body_of(desk, after_it) == (
        "【示例小额贷款】您好，尾号 1234 的合同第 1 期 396.84 元，11 月 25 日到期。如已还款请忽略。", 1, sha256(OWN.encode()).digest(),
    )  # fmt: skip


def test_a_draft_and_one_that_waits_for_its_answer_are_not_sent(desk: Desk) -> None:
    writer = hire(desk.db, "risk")
    found = draft(desk.db, writer)
    assert body_of(desk, desk.promise())[1] == 0
    ask(desk.db, writer, found)
    assert body_of(desk, desk.promise())[1] == 0


def test_only_the_language_that_was_agreed_to_changes(desk: Desk) -> None:
    agreed(desk.db)
    reader = person(desk.book, language="en")
    assert body_of(desk, desk.promise(party=reader))[1] == 0


def test_a_newer_version_takes_the_place_of_the_older_one_and_one_that_is_retired_gives_way_to_the_shipped_words(desk: Desk) -> None:
    agreed(desk.db)
    second = agreed(desk.db, NEWER)
    assert [(each.version, each.state) for each in texts.text(desk.db, **ABOUT).versions] == [
        (2, TextState.APPROVED), (1, TextState.RETIRED),
    ]  # fmt: skip
    assert body_of(desk, desk.promise())[1] == second.version == 2
    texts.retire_text(desk.db, clock=at(11), by=hire(desk.db, "approver"), **ABOUT, reason="措辞有误")
    assert body_of(desk, desk.promise())[1] == 0
    with pytest.raises(Refusal, match="ship with the program"):
        texts.retire_text(desk.db, clock=at(11), by=hire(desk.db, "risk"), **ABOUT, reason="措辞有误")


def test_one_statement_reads_the_texts_of_a_whole_batch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    agreed(desk.db)
    read: list[Db] = []
    real = texts_store.wordings

    def counted(db: Db) -> Wordings:
        read.append(db)
        return real(db)

    monkeypatch.setattr(texts_store, "wordings", counted)
    params = {"contract": "1234", "n": 1, "amount": AMOUNT, "due_on": "2026-11-25"}
    one = Promise(desk.loan_id, None, desk.party.party_id, "reminder", "sms", "reminder", params, DAY, moment(8), moment(21))
    assert len(contact.promise_batch(desk.db, [one] * 50)) == 50
    assert len(read) == 1


def test_words_that_name_a_value_which_the_program_no_longer_gives_are_not_sent(desk: Desk) -> None:
    made = agreed(desk.db)
    words = OWN + "{gone}"
    desk.db.execute(
        "UPDATE message_text SET (words, sha256) = (%s, %s) WHERE text_id = %s", [words, sha256(words.encode()).digest(), made.text_id]
    )
    assert body_of(desk, desk.promise())[1] == 0


def test_the_database_refuses_words_that_are_not_those_of_the_digest(desk: Desk) -> None:
    made = agreed(desk.db)
    with pytest.raises(psycopg.errors.CheckViolation):
        desk.db.execute("UPDATE message_text SET words = 'x' WHERE text_id = %s", [made.text_id])


# -- who agrees -----------------------------------------------------------------------------------------


def test_nobody_who_wrote_at_it_agrees_to_it_under_any_log_in(desk: Desk) -> None:
    db = desk.db
    first, second = (hire(db, "risk", person_id=person(desk.book, phone=None).party_id) for _ in range(2))
    draft(db, first)
    found = ask(db, second, draft(db, second, NEWER))
    assert found.writers == (first.staff_id, second.staff_id)
    for barred in (first, second, alter_ego(db, first), alter_ego(db, second)):
        with pytest.raises(Forbidden):
            answer(db, barred, found)
    assert answer(db, hire(db, "approver"), found).state is TextState.APPROVED


def alter_ego(db: Db, of: Staff) -> Staff:
    """The same person under another log-in."""
    return hire(db, "approver", person_id=of.person_id)


@pytest.mark.parametrize("role", ["caller", "officer", "approver", "custodian", "auditor", "admin"])
def test_only_a_risk_manager_writes_a_text(desk: Desk, role: str) -> None:
    with pytest.raises(Forbidden):
        draft(desk.db, hire(desk.db, role))


@pytest.mark.parametrize("role", ["caller", "officer", "custodian", "auditor", "admin"])
def test_only_an_approver_or_a_risk_manager_answers_or_retires(desk: Desk, role: str) -> None:
    writer = hire(desk.db, "risk")
    found = ask(desk.db, writer, draft(desk.db, writer))
    with pytest.raises(Forbidden):
        answer(desk.db, hire(desk.db, role), found)
    with pytest.raises(Forbidden):
        texts.retire_text(desk.db, clock=at(11), by=hire(desk.db, role), **ABOUT, reason="措辞有误")


def test_what_was_looked_at_is_what_is_asked_and_agreed_to(desk: Desk) -> None:
    writer, other = hire(desk.db, "risk"), sha256(b"x").hexdigest()
    found = draft(desk.db, writer)
    with pytest.raises(Refusal, match="changed since"):
        ask(desk.db, writer, found, other)
    ask(desk.db, writer, found)
    with pytest.raises(Refusal, match="changed since"):
        answer(desk.db, hire(desk.db, "approver"), found, digest=other)


def test_a_no_ends_the_version_and_the_next_draft_is_a_new_one(desk: Desk) -> None:
    writer = hire(desk.db, "risk")
    found = answer(desk.db, hire(desk.db, "approver"), ask(desk.db, writer, draft(desk.db, writer)), approved=False)
    assert found.state is TextState.REFUSED
    assert draft(desk.db, writer, NEWER).version == 2


def test_while_a_version_waits_for_its_answer_nobody_writes_at_it(desk: Desk) -> None:
    writer = hire(desk.db, "risk")
    ask(desk.db, writer, draft(desk.db, writer))
    with pytest.raises(Refusal, match="is asked"):
        draft(desk.db, writer, NEWER)
    with pytest.raises(Refusal, match="is asked"):
        texts.drop_text(desk.db, clock=at(9), by=writer, **ABOUT)


def test_a_draft_is_given_up_and_what_is_sent_already_is_not_drafted_anew(desk: Desk) -> None:
    writer = hire(desk.db, "risk")
    draft(desk.db, writer)
    assert texts.drop_text(desk.db, clock=at(9), by=writer, **ABOUT).state is TextState.RETIRED
    with pytest.raises(Refusal, match="sent already"):
        draft(desk.db, writer, TEMPLATES["reminder"]["zh-hans"])


# -- the linter -----------------------------------------------------------------------------------------


def test_a_text_that_is_not_clean_is_kept_as_a_draft_and_cannot_be_asked_for(desk: Desk) -> None:
    writer = hire(desk.db, "risk")
    found = draft(desk.db, writer, OWN + "否则 法 院 见")
    with pytest.raises(Refusal) as refused:
        ask(desk.db, writer, found)
    (told,) = refused.value.facts["findings"]
    assert (refused.value.code, told["found"]) == ("text_unclean", "法 院")


def test_the_linter_looks_once_more_when_the_second_person_answers(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    writer, approver = hire(desk.db, "risk"), hire(desk.db, "approver")
    found = ask(desk.db, writer, draft(desk.db, writer))
    finding = lint("", template="reminder", language="en", signature="x")[:1]
    monkeypatch.setattr("holdfast.contact.texts.lint", lambda *_, **__: finding)
    with pytest.raises(Refusal, match="mended first"):
        answer(desk.db, approver, found)


def test_a_check_says_what_is_wrong_shows_the_phone_and_changes_nothing(desk: Desk) -> None:
    told = texts.check_text(desk.db, **ABOUT, words=OWN)
    assert told.findings == () and told.segments == 1
    assert told.preview == "【示例小额贷款】您好，尾号 0042 的合同第 3 期 1,766.50 元，11 月 25 日到期。如已还款请忽略。"
    told = texts.check_text(desk.db, **ABOUT, words="{name} 您好")
    assert told.preview is None and "value_unknown" in {each.code for each in told.findings}
    assert texts.text(desk.db, **ABOUT).versions == ()


@pytest.mark.parametrize("words", ["", "  ", "好" * 501, "好\x00"])
def test_words_that_are_none_or_too_many_are_named(desk: Desk, words: str) -> None:
    with pytest.raises(BadInput, match="words:"):
        draft(desk.db, hire(desk.db, "risk"), words)


@pytest.mark.parametrize("about", [{"template": "gossip", "language": "en"}, {"template": "reminder", "language": "fr"}])
def test_a_text_or_a_language_that_does_not_exist_is_not_found(desk: Desk, about: dict[str, str]) -> None:
    for verb in (lambda: texts.text(desk.db, **about), lambda: texts.check_text(desk.db, **about, words="x")):
        with pytest.raises(NotFound):
            verb()


# -- the record -----------------------------------------------------------------------------------------


def test_who_wrote_asked_and_agreed_and_to_which_words_stays_on_the_chain_of_the_version(desk: Desk) -> None:
    made = agreed(desk.db)
    chain = read_chain(desk.db, made.text_id)
    assert [each.kind for each in chain] == ["text.drafted", "text.asked", "text.approved"]
    assert {each.says()["sha256"] for each in chain} == {made.digest}
    assert chain[0].says()["words"] == OWN


# -- carriers -------------------------------------------------------------------------------------------


def note(
    db: Db, by: Staff, carrier: Carrier, event: str, *, version: int = 0, words: str = "号 SMS_1", name: str = "strict carrier"
) -> str:
    return texts.note_carrier(
        db, {"sms": carrier}, clock=at(9), by=by, **ABOUT, version=version, carrier=name, event=event, words=words
    ).state  # fmt: skip


def test_a_carrier_that_approves_texts_is_sent_only_those_and_the_rest_is_refused_by_name(desk: Desk) -> None:
    carrier, risk = Strict(), hire(desk.db, "risk")
    desk.carrier = carrier
    first = desk.promise()
    assert [(each.outcome, each.rule) for each in desk.dispatch(at(10))] == [("dropped", "contact.text_approved")]
    assert desk.state(first) == ("dropped", "this carrier has not approved the wording")
    assert (note(desk.db, risk, carrier, "submit"), note(desk.db, risk, carrier, "approve")) == ("submitted", "approved")
    desk.promise()
    assert [each.outcome for each in desk.dispatch(at(10))] == ["sent"]
    agreed(desk.db)
    desk.promise()
    assert [each.rule for each in desk.dispatch(at(10))] == ["contact.text_approved"], "other words are another wording"


def test_what_a_carrier_would_not_take_is_a_person_s_to_read(desk: Desk) -> None:
    desk.carrier = Strict()
    desk.promise()
    desk.dispatch(at(10))
    found, _ = contact.undelivered(desk.db, clock=at(12))
    assert len(found) == 1


def test_a_carrier_may_take_its_word_back(desk: Desk) -> None:
    carrier, risk = Strict(), hire(desk.db, "risk")
    desk.carrier = carrier
    for event in ("submit", "approve", "refuse"):
        note(desk.db, risk, carrier, event)
    desk.promise()
    assert [each.rule for each in desk.dispatch(at(10))] == ["contact.text_approved"]


def test_a_carrier_that_asks_for_nothing_is_sent_everything(desk: Desk) -> None:
    desk.carrier = Strict(must=False)
    desk.promise()
    assert [each.outcome for each in desk.dispatch(at(10))] == ["sent"]


@pytest.mark.parametrize(
    ("given", "field"),
    [({"name": "nobody"}, "carrier"), ({"event": "praise"}, "event"), ({"event": "refuse", "words": ""}, "words"),
     ({"words": "x" * 501}, "words")],
)  # fmt: skip
def test_what_is_noted_of_a_carrier_is_looked_at(desk: Desk, given: dict[str, str], field: str) -> None:
    with pytest.raises(BadInput) as bad:
        note(desk.db, hire(desk.db, "risk"), Strict(), **{"event": "submit", **given})  # type: ignore[arg-type]
    assert bad.value.field == field


def test_a_version_that_there_is_not_and_a_step_that_does_not_follow_are_refused(desk: Desk) -> None:
    risk = hire(desk.db, "risk")
    with pytest.raises(NotFound, match="no version 7"):
        note(desk.db, risk, Strict(), "submit", version=7)
    with pytest.raises(Refusal, match="is unknown"):
        note(desk.db, risk, Strict(), "approve")
    with pytest.raises(Forbidden):
        note(desk.db, hire(desk.db, "caller"), Strict(), "submit")


def test_who_noted_what_a_carrier_said_stays_in_that_person_s_chain(desk: Desk) -> None:
    risk = hire(desk.db, "risk")
    note(desk.db, risk, Strict(), "submit")
    last = list(read_chain(desk.db, risk.staff_id))[-1]
    assert (last.kind, last.says()["carrier"], last.says()["state"]) == ("text.carrier", "strict carrier", "submitted")


def test_the_list_shows_every_text_in_every_language_with_what_waits_and_what_carriers_say(desk: Desk) -> None:
    carrier, risk = Strict(), hire(desk.db, "risk")
    note(desk.db, risk, carrier, "submit")
    draft(desk.db, risk)
    listed = {(each.template, each.language): each for each in texts.texts(desk.db, {"sms": carrier})}
    assert len(listed) == 2 * len(TEMPLATES)
    one = listed["reminder", "zh-hans"]
    assert (one.sent.version, one.open.state if one.open else None, one.carriers) == (0, TextState.DRAFT, {"strict carrier": "submitted"})
    assert listed["reminder", "en"].open is None


def test_every_refusal_has_a_code(desk: Desk) -> None:
    with pytest.raises(HoldfastError) as raised:
        texts.drop_text(desk.db, clock=at(9), by=hire(desk.db, "risk"), **ABOUT)
    assert raised.value.code == "no_text_draft"
