"""Periodic reviews: each business on the book always has its next one, it is made whole, and the audit finds one that is missing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import product
from typing import Any

import psycopg
import pytest

from holdfast import files, servicing
from holdfast.contact import calls, rests
from holdfast.duties import take
from holdfast.duties.audit import Audit, examine
from holdfast.followup import reviews, visits
from holdfast.followup.kept_files import kept_file
from holdfast.followup.reviews_model import LIFE, QUESTIONS, Pace, Review, ReviewEvent, ReviewState, after, checked, not_fine
from holdfast.followup.visits_model import Point
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.loans import loan_id_of
from holdfast.parties import Party, erase, register_party
from holdfast.policy import note_night
from holdfast.servicing import originate, write_off
from holdfast.servicing.night import run_night
from holdfast.wiring import EXPECTATIONS, carry
from tests.books import OFFICER, round_terms
from tests.servicing.house import DAY, House

WORDS = "账上有钱，货在走（示例）"
PHOTO = b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00GPS here\xff\xda\x00\x02shop"
ANSWERS: dict[str, Any] = {
    "running": "yes", "sells": "五金零售（示例）", "staff": 4, "premises": "not_seen", "turnover": 8_000_000,
    "evidence": ["bank_statement", "invoices"], "evidenced": 7_500_000, "owner_changed": "no", "address_changed": "no",
    "other_debts": 0, "money_use": "as_agreed", "thing": "with_us",
}  # fmt: skip
PACE = Pace({"pass": 6, "special_mention": 3, "substandard": 1, "doubtful": 1, "loss": 1}, {"watch": 3, "worse": 1}, 5_000_000, "CN")


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    return House(db, DAY).open()


def firm(house: House) -> Party:
    private = {"name": "示例五金店", "phone": "13800000009"}
    return register_party(house.db, clock=house.clock, by=OFFICER, kind="firm", branch_id=house.branch_id, private=private)


def lent(house: House, *, to: Party | None = None, yuan: int = 60_000, instalments: int = 12) -> str:
    """So many yuan lent today to a firm, in so many months."""
    party = to or firm(house)
    house.loans += 1
    return originate(
        house.db, clock=house.clock, by=OFFICER, officer_id=house.people["officer"].staff_id, branch_id=house.branch_id,
        party_id=party.party_id, borrower_label=party.label, product_code="vehicle", product_version=1,
        contract_no=f"HF-B-{house.loans:04}", terms=round_terms(house.day, principal=yuan * 100, instalments=instalments), pack=house.pack,
    ).public_id  # fmt: skip


def night(house: House, days: int = 1) -> tuple[int, int, int]:
    """So many nights, each with its reviews; what the last of them called for, brought forward and ended."""
    done = (0, 0, 0)
    for _ in range(days):
        on = house.day
        servicing_night(house)
        done = reviews.call_all(house.db, clock=house.clock, on=on)
        note_night(house.db, on)
        house.walk(1)
    return done


def servicing_night(house: House) -> None:
    run_night(house.db, clock=house.clock, on=house.day)


def audit(house: House, on: date | None = None) -> Audit:
    return examine(house.db, on or house.day, EXPECTATIONS)


def named(found: Audit) -> set[tuple[str, str]]:
    return {(where, each.kind) for where in ("missing", "unproved") for each in getattr(found, where)}


def due(house: House, loan: str) -> date:
    standing = reviews.standing_of(house.db, by=house.people["officer"], loan=loan)
    assert standing is not None
    return standing.due_on


def ready(house: House, **more: Any) -> str:
    """A firm's loan whose next review may be made now."""
    loan = lent(house, **more)
    night(house)
    reviews.bring_forward(
        house.db, clock=house.clock, by=house.people["officer"], loan=loan, due_on=house.day + timedelta(days=5), words=WORDS
    )
    return loan


def begun(house: House, loan: str, role: str = "officer", **more: Any) -> Review:
    return reviews.begin(house.db, clock=house.clock, by=house.people[role], loan=loan, **{"means": "call", **more})


def made(house: House, loan: str, conclusion: str = "fine", *, role: str = "officer", answers: dict[str, Any] | None = None) -> Review:
    found = begun(house, loan, role)
    return reviews.make(
        house.db, clock=house.clock, by=house.people[role], loan=loan, review=found.public_id, answers=answers or ANSWERS,
        conclusion=conclusion, words=WORDS,
    )  # fmt: skip


# ── the rules, without a book ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("state", "event"), list(product(ReviewState, ReviewEvent)))
def test_what_is_not_in_the_life_of_a_review_is_refused(state: ReviewState, event: ReviewEvent) -> None:
    if (state, event) in LIFE:
        assert after(state, event) is LIFE[state, event]
    else:
        with pytest.raises(Refusal) as refused:
            after(state, event)
        assert refused.value.code == "review_state"


@pytest.mark.parametrize(
    ("loan_class", "conclusion", "expected"),
    [
        ("pass", None, date(2026, 9, 2)), ("pass", "fine", date(2026, 9, 2)), ("pass", "watch", date(2026, 6, 2)),
        ("pass", "worse", date(2026, 4, 2)), ("special_mention", "fine", date(2026, 6, 2)), ("substandard", "watch", date(2026, 4, 2)),
    ],
)  # fmt: skip
def test_the_sooner_of_class_and_conclusion_says_when_the_next_is_due(loan_class: str, conclusion: str | None, expected: date) -> None:
    assert PACE.due_on(date(2026, 3, 2), loan_class, conclusion) == expected


def test_a_day_that_is_no_workday_gives_way_to_the_first_after_it() -> None:
    assert PACE.due_on(date(2026, 3, 6), "pass", None) == date(2026, 9, 7)  # 6 September 2026 is a Sunday


def test_the_whole_form_is_kept_in_its_order() -> None:
    shuffled = dict(reversed(ANSWERS.items()))
    assert list(checked(shuffled, whole=True)) == [each.name for each in QUESTIONS if each.name in ANSWERS]


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_a_question_without_an_answer_is_named(name: str) -> None:
    with pytest.raises(BadInput) as refused:
        checked({**ANSWERS, name: None}, whole=True)
    assert refused.value.field == name
    assert name not in checked({**ANSWERS, name: None}, whole=False) or name == "evidence"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("running", "maybe"), ("sells", "a"), ("staff", -1), ("staff", "four"), ("staff", True), ("turnover", 10**14),
        ("evidence", ["hearsay"]), ("evidence", ["none", "invoices"]), ("thing", "sold"), ("hobby", "chess"),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_refused_by_its_question(name: str, wrong: Any) -> None:
    for whole in (True, False):
        with pytest.raises(BadInput) as refused:
            checked({**ANSWERS, name: wrong}, whole=whole)
        assert refused.value.field == name


def test_what_the_money_went_to_is_asked_only_where_it_went_elsewhere() -> None:
    assert "used_for" not in checked({**ANSWERS, "used_for": "买车（示例）"}, whole=True)
    with pytest.raises(BadInput) as refused:
        checked({**ANSWERS, "money_use": "otherwise"}, whole=True)
    assert refused.value.field == "used_for"


def test_without_evidence_nobody_says_how_much_is_proved() -> None:
    told = checked({**ANSWERS, "evidence": ["none"]}, whole=True)
    assert "evidenced" not in told


def test_a_business_that_stopped_or_money_that_went_elsewhere_is_not_fine() -> None:
    assert not_fine({**ANSWERS, "running": "stopped"}) == "running"
    assert not_fine({**ANSWERS, "money_use": "otherwise"}) == "money_use"
    assert not_fine(ANSWERS) is None


# ── who must have one ──────────────────────────────────────────────────────────────────────────────────────


def test_the_night_calls_for_the_review_of_a_firm_in_six_months_and_once_only(house: House) -> None:
    loan = lent(house)
    assert night(house) == (1, 0, 0)
    assert due(house, loan) == date(2026, 9, 2)
    assert night(house, 3) == (0, 0, 0)
    assert house.kinds(loan).count("review.called") == 1
    house.clean()


def test_a_person_who_borrows_for_no_business_and_a_firm_that_borrows_little_have_none(house: House) -> None:
    lent(house, to=house.borrower)
    lent(house, yuan=49_999)
    assert night(house) == (0, 0, 0)
    assert named(audit(house)) == set()


def test_from_fifty_thousand_yuan_on_it_is_asked_for(house: House) -> None:
    lent(house, yuan=50_000)
    assert night(house) == (1, 0, 0)


def test_a_person_who_applied_for_money_to_run_a_business_has_one(house: House) -> None:
    loan = lent(house, to=house.borrower)
    house.db.execute(
        """INSERT INTO application (application_id, public_id, party_id, branch_id, channel, state, product_code, product_version,
                                    currency, principal, instalments, loan_id, started_on, started_at, submitted_at, purpose)
           SELECT 900001, 'ap_test', party_id, branch_id, 'counter', 'submitted', product_code, 1, 'CNY', 1, 1, loan_id, opened_on,
                  now(), now(), 'working_capital' FROM loan WHERE public_id = %s""",
        [loan],
    )
    assert night(house) == (1, 0, 0)
    assert reviews.carries_business(house.db, by=house.people["officer"], loan=loan) == "working_capital"


# ── the audit ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_audit_finds_a_business_whose_review_nobody_called_for(house: House) -> None:
    lent(house)
    servicing_night(house)
    note_night(house.db, house.day)
    assert named(audit(house)) == set()  # the night of this very day may still write
    house.walk(1)
    assert named(audit(house)) == {("missing", "business_review")}


def test_the_audit_finds_a_review_that_was_not_brought_forward(house: House) -> None:
    loan = lent(house)
    night(house)
    while house.day < date(2026, 4, 10):  # the first instalment is not paid: special mention from the day after
        servicing_night(house)
        note_night(house.db, house.day)
        house.walk(1)
    found = audit(house)
    assert ("missing", "business_review") in named(found)
    assert night(house) == (0, 1, 0)
    assert due(house, loan) == date(2026, 7, 10)
    assert ("missing", "business_review") not in named(audit(house))
    assert ("unproved", "business_review") not in named(audit(house))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM duty WHERE kind = 'business_review' AND loan_id = %s",
        "UPDATE duty SET due_on = due_on + 30, due_at = due_at + interval '30 d' WHERE kind = 'business_review' AND open AND loan_id = %s",
    ],
)
def test_the_audit_finds_a_review_that_was_hidden_or_put_off(owner_db: psycopg.Connection[Any], statement: str) -> None:
    house = House(owner_db, DAY).open()
    loan = lent(house)
    night(house)
    house.db.execute("SET LOCAL session_replication_role = replica")
    house.db.execute(statement.encode(), [loan_id_of(house.db, loan)])
    assert ("missing", "business_review") in named(audit(house))


def test_a_review_that_is_not_made_in_time_is_late(house: House) -> None:
    loan = lent(house)
    night(house)
    late = audit(house, due(house, loan) + timedelta(days=1)).late
    assert [each.kind for each in late if each.kind == "business_review"] == ["business_review"]


# ── making one ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_review_by_telephone_ends_its_duty_and_calls_for_the_next(house: House) -> None:
    loan = ready(house)
    done = made(house, loan)
    assert (done.state, done.conclusion) == (ReviewState.MADE, "fine")
    assert due(house, loan) == done.next_due_on == date(2026, 9, 3)
    assert house.kinds(loan)[-2:] == ["review.begun", "review.made"]
    line = house.db.execute("SELECT channel, purpose, outcome FROM contact_ledger ORDER BY entry_no DESC LIMIT 1").fetchone()
    assert line == ("voice", "service", "reached")
    told = reviews.opened(house.db, by=house.people["risk"], review=done)
    assert told is not None
    assert told.answers == ANSWERS
    assert told.said == WORDS
    assert named(audit(house)) == set()


def test_what_was_answered_stands_in_no_record_but_its_digest_does(house: House) -> None:
    loan = ready(house)
    done = made(house, loan)
    row = house.db.execute("SELECT body FROM record WHERE kind = 'review.made'").fetchone()
    assert row is not None
    record = json.loads(row[0])
    assert done.answers is not None
    assert record["seals"]["answers"] == files.get(house.db, done.answers).digest
    assert "五金" not in bytes(row[0]).decode()


def test_a_draft_is_gone_on_with_later_and_the_call_is_entered_once(house: House) -> None:
    loan = ready(house)
    found = begun(house, loan)
    officer = house.people["officer"]
    about: dict[str, Any] = {"clock": house.clock, "by": officer, "loan": loan, "review": found.public_id}
    draft = reviews.save(house.db, **about, answers={"running": "reduced", "staff": 2})
    told = reviews.opened(house.db, by=officer, review=draft)
    assert told is not None
    assert told.answers == {"running": "reduced", "staff": 2}
    reviews.make(house.db, **about, answers=ANSWERS, conclusion="watch", words=WORDS)
    told = house.db.execute("SELECT count(*) FROM contact_ledger WHERE channel = 'voice'").fetchone()
    assert told == (1,)
    assert due(house, loan) == date(2026, 6, 3)


def test_it_is_begun_in_the_last_thirty_days_only(house: House) -> None:
    loan = lent(house)
    night(house)
    with pytest.raises(Refusal) as refused:
        begun(house, loan)
    assert (refused.value.code, refused.value.facts["on"]) == ("review_not_yet", "2026-08-03")
    night(house, (date(2026, 8, 3) - house.day).days)
    begun(house, loan)


def test_whoever_is_left_alone_is_not_rung_for_a_review(house: House) -> None:
    loan = ready(house)
    party_id = take(house.db, loan, None, lock=False).loan.party_id
    assert party_id is not None
    rests.pause(house.db, clock=house.clock, by=OFFICER, party_id=party_id, reason="complaint", purposes=frozenset({"service"}))
    with pytest.raises(Refusal) as refused:
        begun(house, loan)
    assert refused.value.code == "contact_refused"
    assert refused.value.facts["rule"]


def test_nobody_reached_leaves_the_duty_and_another_review_may_be_begun(house: House) -> None:
    loan = ready(house)
    found = begun(house, loan)
    with pytest.raises(Refusal) as refused:
        begun(house, loan)
    assert refused.value.code == "review_begun"
    before = due(house, loan)
    reviews.give_up(house.db, clock=house.clock, by=house.people["caller"], loan=loan, review=found.public_id, words=WORDS)
    line = house.db.execute("SELECT outcome FROM contact_ledger ORDER BY entry_no DESC LIMIT 1").fetchone()
    assert line == ("not_reached",)
    assert due(house, loan) == before
    begun(house, loan, "caller")


def test_answers_of_the_day_after_are_of_another_call_that_the_rules_are_asked_for(house: House) -> None:
    loan = ready(house)
    found = begun(house, loan)
    assert calls.end_calls(house.db, on=house.day) == 1
    night(house)
    officer = house.people["officer"]
    reviews.save(house.db, clock=house.clock, by=officer, loan=loan, review=found.public_id, answers={"running": "yes"})
    told = house.db.execute("SELECT outcome FROM contact_ledger WHERE channel = 'voice' ORDER BY entry_no").fetchall()
    assert told == [("not_reached",), ("reached",)]
    assert calls.rings(house.db, by=officer) is None


def test_a_colleague_does_not_finish_what_another_one_asked(house: House) -> None:
    loan = ready(house)
    found = begun(house, loan)
    with pytest.raises(Forbidden) as refused:
        reviews.save(house.db, clock=house.clock, by=house.people["caller"], loan=loan, review=found.public_id, answers={})
    assert refused.value.code == "review_not_yours"


@pytest.mark.parametrize(
    ("means", "answers", "conclusion", "field"),
    [
        ("call", {"running": "stopped"}, "fine", "conclusion"),
        ("call", {"premises": "seen"}, "fine", "premises"),
        ("video", {"premises": "seen"}, "fine", "photos"),
        ("call", {}, "splendid", "conclusion"),
        ("call", {"staff": None}, "fine", "staff"),
    ],
)
def test_a_review_that_does_not_hold_is_not_made(
    house: House, means: str, answers: dict[str, Any], conclusion: str, field: str
) -> None:  # fmt: skip
    loan = ready(house)
    found = begun(house, loan, means=means)
    with pytest.raises(BadInput) as refused:
        reviews.make(
            house.db, clock=house.clock, by=house.people["officer"], loan=loan, review=found.public_id, answers={**ANSWERS, **answers},
            conclusion=conclusion, words=WORDS,
        )  # fmt: skip
    assert refused.value.field == field


def test_premises_seen_by_video_are_kept_as_a_picture_without_its_traces(house: House) -> None:
    loan = ready(house)
    found = begun(house, loan, means="video")
    done = reviews.make(
        house.db, clock=house.clock, by=house.people["officer"], loan=loan, review=found.public_id,
        answers={**ANSWERS, "premises": "seen"}, conclusion="fine", words=WORDS, photos=[PHOTO],
    )  # fmt: skip
    file, data = kept_file(house.db, by=house.people["risk"], loan=loan, file=done.photos[0])
    assert file.media_type == "image/jpeg"
    assert b"GPS" not in data


def test_a_visit_by_two_is_the_review_once_both_have_confirmed_it(house: House) -> None:
    loan = ready(house)
    caller, officer = house.people["caller"], house.people["officer"]
    with pytest.raises(BadInput) as missing:
        begun(house, loan, means="visit", visit="vs_none")
    assert missing.value.field == "visit"
    planned = visits.plan(
        house.db, clock=house.clock, by=officer, loan=loan, reason="review", words=WORDS,
        planned_for=house.clock.now() + timedelta(hours=2),
        visitors=[caller.public_id, officer.public_id], address="示例路 1 号",
    )  # fmt: skip
    about: dict[str, Any] = {"loan": loan, "visit": planned.public_id}
    visits.begin(house.db, clock=house.clock, by=caller, **about)
    found = begun(house, loan, means="visit", visit=planned.public_id)
    finish: dict[str, Any] = {
        "clock": house.clock, "by": officer, "loan": loan, "review": found.public_id, "answers": {**ANSWERS, "premises": "seen"},
        "conclusion": "fine", "words": WORDS,
    }  # fmt: skip
    with pytest.raises(Refusal) as refused:
        reviews.make(house.db, **finish)
    assert refused.value.code == "review_visit_open"
    report: dict[str, Any] = {"met": "borrower", "told": "nobody", "outcome": "agreed", "words": WORDS, "stood": Point(30.1, 120.1)}
    visits.report(house.db, clock=house.clock, by=caller, **about, **report, photos=[PHOTO])
    visits.confirm(house.db, clock=house.clock, by=officer, **about)
    done = reviews.make(house.db, **finish)
    assert done.visit == planned.public_id
    voice = house.db.execute("SELECT count(*) FROM contact_ledger WHERE channel = 'voice'").fetchone()
    assert voice == (0,)
    assert named(audit(house)) == set()


# ── when it is worse ───────────────────────────────────────────────────────────────────────────────────────


def test_a_review_that_found_things_worse_is_read_by_risk_and_the_next_is_due_in_a_month(house: House) -> None:
    loan = ready(house)
    done = made(house, loan, "worse", answers={**ANSWERS, "running": "stopped"})
    assert due(house, loan) == date(2026, 4, 3)
    assert take(house.db, loan, None, lock=False).open("review_reading") is not None
    assert reviews.counts(house.db, clock=house.clock, by=house.people["risk"]).unread == 1
    house.clean()
    read = reviews.read(house.db, clock=house.clock, by=house.people["risk"], loan=loan, review=done.public_id, words=WORDS)
    assert read.state is ReviewState.READ
    assert take(house.db, loan, None, lock=False).open("review_reading") is None
    house.clean()


def test_whoever_made_a_review_does_not_read_it_under_another_log_in(house: House) -> None:
    person = house.person("李示例").party_id
    house.hire("officer", person_id=person)
    loan = ready(house)
    done = made(house, loan, "worse")
    twin = house.hire("risk", name="risk-twin", person_id=person)
    with pytest.raises(Forbidden) as refused:
        reviews.read(house.db, clock=house.clock, by=twin, loan=loan, review=done.public_id, words=WORDS)
    assert refused.value.code == "review_own"


def test_a_review_that_found_nothing_worse_is_for_nobody_to_read(house: House) -> None:
    loan = ready(house)
    done = made(house, loan, "watch")
    with pytest.raises(Refusal) as refused:
        reviews.read(house.db, clock=house.clock, by=house.people["risk"], loan=loan, review=done.public_id, words=WORDS)
    assert refused.value.code == "review_not_worse"


def test_a_second_worse_review_is_read_together_with_the_first(house: House) -> None:
    loan = ready(house)
    made(house, loan, "worse")
    night(house, (due(house, loan) - house.day).days)
    second = made(house, loan, "worse")
    assert reviews.counts(house.db, clock=house.clock, by=house.people["risk"]).unread == 2
    reviews.read(house.db, clock=house.clock, by=house.people["risk"], loan=loan, review=second.public_id, words=WORDS)
    assert reviews.counts(house.db, clock=house.clock, by=house.people["risk"]).unread == 0
    assert not [each for each in named(audit(house)) if each[1].startswith(("business_review", "review_reading"))]


# ── how it ends ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_loan_that_is_paid_off_needs_no_review_from_that_moment(house: House) -> None:
    loan = ready(house)
    made(house, loan, "worse")
    owed = servicing.quote(house.db, loan=loan, on=house.day).total
    carry(servicing.receive, house.db, clock=house.clock, by=OFFICER, loan=loan, amount=owed, received_on=house.day)
    standing = {duty.kind for duty in take(house.db, loan, None, lock=False).standing}
    assert not standing & {"business_review", "review_reading"}
    assert night(house) == (0, 0, 0)
    house.clean()


def test_a_loan_that_is_written_off_is_recovered_and_no_longer_reviewed(house: House) -> None:
    loan = ready(house)
    write_off(house.db, clock=house.clock, by=OFFICER, loan=loan, reason="店已关门（示例）")
    assert night(house) == (0, 0, 1)
    assert take(house.db, loan, None, lock=False).open("business_review") is None
    house.clean()


def test_a_review_asked_for_earlier_stands_for_its_earlier_day(house: House) -> None:
    loan = lent(house)
    night(house)
    officer = house.people["officer"]
    about: dict[str, Any] = {"clock": house.clock, "by": officer, "loan": loan, "words": WORDS}
    for day in (house.day - timedelta(days=1), due(house, loan)):
        with pytest.raises(BadInput) as refused:
            reviews.bring_forward(house.db, **about, due_on=day)
        assert refused.value.field == "due_on"
    standing = reviews.bring_forward(house.db, **about, due_on=house.day + timedelta(days=9))
    assert standing.due_on == due(house, loan) == house.day + timedelta(days=9)
    assert night(house) == (0, 0, 0)
    assert named(audit(house)) == set()


# ── who may ────────────────────────────────────────────────────────────────────────────────────────────────


def _attempts(house: House, loan: str, review: str) -> dict[str, tuple[Any, dict[str, Any], Sequence[str]]]:
    return {
        "begin": (reviews.begin, {"means": "call"}, ("risk", "auditor", "custodian", "approver", "admin")),
        "save": (reviews.save, {"review": review, "answers": {}}, ("risk", "auditor", "approver")),
        "make": (
            reviews.make,
            {"review": review, "answers": ANSWERS, "conclusion": "fine", "words": WORDS},
            ("risk", "auditor", "approver"),
        ),
        "give_up": (reviews.give_up, {"review": review, "words": WORDS}, ("risk", "auditor")),
        "read": (reviews.read, {"review": review, "words": WORDS}, ("caller", "officer", "approver", "auditor", "admin")),
        "bring_forward": (reviews.bring_forward, {"due_on": house.day, "words": WORDS}, ("caller", "custodian", "auditor", "admin")),
    }


@pytest.mark.parametrize("verb", ["begin", "save", "make", "give_up", "read", "bring_forward"])
def test_the_wrong_role_and_the_wrong_branch_do_nothing(house: House, verb: str) -> None:
    loan = ready(house)
    review = begun(house, loan).public_id
    act, inputs, wrong = _attempts(house, loan, review)[verb]
    for role in wrong:
        with pytest.raises(Forbidden):
            act(house.db, clock=house.clock, by=house.people[role], loan=loan, **inputs)
    elsewhere = house.hire("risk" if verb == "read" else "officer", name="elsewhere", reach="branch")
    with pytest.raises(NotFound):
        act(house.db, clock=house.clock, by=elsewhere, loan=loan, **inputs)
    assert reviews.listed(house.db, clock=house.clock, by=elsewhere, which="all") == []


def test_the_answers_are_read_by_those_whose_work_it_is_and_by_nobody_once_erased(house: House) -> None:
    party = firm(house)
    loan = ready(house, to=party)
    done = made(house, loan)
    assert reviews.opened(house.db, by=house.people["custodian"], review=done) is None
    assert reviews.opened(house.db, by=house.people["auditor"], review=done) is not None
    erase(house.db, clock=house.clock, by=house.people["admin"], party=party, reason="示例：要求删除")
    assert reviews.opened(house.db, by=house.people["auditor"], review=done) is None


# ── the list ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_list_tells_the_late_the_soon_and_the_worrying_apart(house: House) -> None:
    quiet, watched = lent(house), ready(house)
    made(house, watched, "watch")
    by = house.people["risk"]

    def loans(which: str) -> list[str]:
        return [each.loan for each in reviews.listed(house.db, clock=house.clock, by=by, which=which)]

    assert loans("all") == [watched, quiet]
    assert loans("worrying") == [watched]
    assert loans("late") == loans("soon") == []
    house.day = date(2026, 6, 4)  # the day after
    assert loans("late") == loans("soon") == [watched]
    counts = reviews.counts(house.db, clock=house.clock, by=by)
    assert (counts.late, counts.soon, counts.standing, counts.unread) == (1, 0, 2, 0)
    shown = reviews.made(house.db, by=by, since=DAY, until=house.day)
    assert [(each.loan, each.conclusion) for each in shown] == [(watched, "watch")]
    with pytest.raises(BadInput):
        reviews.listed(house.db, clock=house.clock, by=by, which="none")
