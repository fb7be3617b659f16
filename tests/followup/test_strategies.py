"""Strategies of follow-up: typed facts in, one step out; whole before they decide; put live by two; decided again to the same bytes."""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import product
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast import contact
from holdfast.followup import promises, strategies, strategies_store, strategy_check, strategy_model
from holdfast.followup.promises_model import Part
from holdfast.followup.strategy_check import OTHER, Defect, Flaw, check
from holdfast.followup.strategy_model import (
    REST,
    SHIPPED,
    Condition,
    Does,
    Facts,
    Row,
    Span,
    Step,
    Strategy,
    decide,
    read,
    shipped,
    written,
)
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.loans import loan_id_of
from holdfast.parties import Staff
from holdfast.servicing import Kind, Rearrangement, rearrange
from holdfast.servicing.arrears import CLASSES
from tests.pledges import lives
from tests.servicing.house import DAY, House

WHY = "试行新的催收分工（示例）"
YES, NO = frozenset({"true"}), frozenset({"false"})
CALL = Step(Does.CALL, "caller", "agree_a_day", 30, "call")
CATCH_ALL = Row(REST, {}, Step(Does.REFER, "approver", "none", 100, "nothing fits"))
FACTS = Facts(
    days_past_due=5, loan_class="pass", product="phone", lender_type="micro_lender", exposure=120_000, promises_broken=0,
    times_followed_up=0, has_collateral_in_custody=True, restructured=False, paused=False,
)  # fmt: skip


def rule(number: int, then: Step = CALL, **when: Condition) -> Row:
    return Row(f"r{number}", {name.replace("loan_class", "class"): condition for name, condition in when.items()}, then)


def defects(*rows: Row) -> list[str]:
    return [each.sentence for each in check([*rows, CATCH_ALL])]


def told(**facts: Any) -> Facts:
    return Facts.of({**FACTS.told(), **facts})


# ── the table ──────────────────────────────────────────────────────────────────────────────────────────────


def test_what_comes_with_the_program_is_whole() -> None:
    assert check(shipped().rows) == []


@pytest.mark.parametrize(
    ("facts", "step", "role"),
    [
        ({"days_past_due": 3}, "message", "caller"),
        ({"days_past_due": 4}, "call", "caller"),
        ({"days_past_due": 10, "promises_broken": 1}, "call", "caller"),
        ({"days_past_due": 10, "promises_broken": 2}, "offer_terms", "officer"),
        ({"days_past_due": 45, "restructured": True}, "visit", "officer"),
        ({"days_past_due": 75}, "letter", "officer"),
        ({"days_past_due": 75, "has_collateral_in_custody": False}, "visit", "officer"),
        ({"days_past_due": 91}, "legal_review", "approver"),
        ({"days_past_due": 200, "paused": True}, "leave", "officer"),
    ],
)
def test_the_shipped_strategy_says_what_is_done(facts: dict[str, Any], step: str, role: str) -> None:
    decided = decide(told(**facts), shipped())
    assert (decided.step.step, decided.step.role, decided.failed) == (step, role, "")


@given(
    st.integers(0, 10**15), st.sampled_from(CLASSES), st.integers(0, 10**15), st.integers(0, 100), st.integers(0, 100),
    st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_the_last_row_of_the_shipped_strategy_is_never_needed(
    days: int, loan_class: str, exposure: int, broken: int, times: int, held: bool, restructured: bool, paused: bool
) -> None:
    facts = Facts(days, loan_class, "phone", "micro_lender", exposure, broken, times, held, restructured, paused)
    decided = decide(facts, shipped())
    assert decided.row not in ("", REST) and not decided.failed


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("days_past_due", "5"), ("days_past_due", True), ("days_past_due", -1), ("days_past_due", None), ("class", "late"),
        ("lender_type", "bank"), ("paused", 1), ("paused", "true"), ("product", ""), ("exposure", 1.5),
    ],
)  # fmt: skip
def test_a_fact_of_another_type_never_reaches_a_table(name: str, fact: object) -> None:
    with pytest.raises(BadInput, match=name):
        told(**{name: fact})


def test_a_missing_fact_and_one_that_is_no_input_are_named() -> None:
    facts = FACTS.told()
    del facts["paused"]
    with pytest.raises(BadInput, match="paused: it is missing"):
        Facts.of(facts)
    with pytest.raises(BadInput, match="gender: no strategy asks of it"):
        told(gender="f")


def test_an_empty_answer_of_the_table_is_an_approvers() -> None:
    raw = json.loads(shipped().content)
    table = next(node for node in raw["nodes"] if node["type"] == "decisionTableNode")
    table["content"]["rules"] = table["content"]["rules"][:1]  # what nothing lets in: a table without its last row
    decided = decide(FACTS, Strategy("broken", json.dumps(raw)))
    assert (decided.row, decided.step.step, decided.step.role) == ("", Does.REFER, "approver")
    assert decided.failed


@pytest.mark.parametrize("content", ["{}", "no table", json.dumps({"nodes": [], "edges": []})])
def test_an_error_of_the_engine_is_an_approvers(content: str) -> None:
    decided = decide(FACTS, Strategy("broken", content))
    assert (decided.row, decided.step.step, decided.step.role) == ("", Does.REFER, "approver")
    assert decided.failed


def test_what_fits_no_row_falls_to_the_last_one_and_is_referred() -> None:
    decided = decide(told(days_past_due=40), written("thin", [rule(1, days_past_due=Span(0, 9)), CATCH_ALL]))
    assert (decided.row, decided.step.step) == (REST, Does.REFER)


def test_a_strategy_reads_back_as_it_was_written() -> None:
    rows = [
        rule(1, days_past_due=Span(0, 9), loan_class=frozenset({"pass", "loss"}), paused=NO),
        rule(2, exposure=Span(100), product=frozenset({"phone"})),
        CATCH_ALL,
    ]
    made = written("一种策略", rows)
    assert read(made.content) == made
    assert list(made.rows) == rows
    assert [strategy_model.row_of(strategy_model.row_json(row)) for row in rows] == rows


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([rule(1)], "the last row must catch everything"),
        ([rule(1), Row(REST, {}, CALL)], "the last row must catch everything"),
        ([rule(1), Row(REST, {"paused": YES}, CATCH_ALL.then)], "the last row must catch everything"),
        ([CATCH_ALL, CATCH_ALL], "each row has a name of its own"),
        ([rule(1, gender=YES), CATCH_ALL], "gender is no input"),
        ([rule(1, days_past_due=Span(9, 3)), CATCH_ALL], "days_past_due goes from"),
        ([rule(1, days_past_due=YES), CATCH_ALL], "days_past_due names nothing"),
        ([rule(1, loan_class=frozenset({"late"})), CATCH_ALL], "class cannot be 'late'"),
        ([rule(1, product=frozenset({'a"b'})), CATCH_ALL], "product cannot be"),
        ([rule(1, Step(Does.CALL, "debtor", "agree_a_day", 3, "x")), CATCH_ALL], "role is one of"),
        ([rule(1, Step(Does.REFER, "caller", "none", 3, "x")), CATCH_ALL], "what is referred is an approver's"),
        ([rule(1, Step(Does.CALL, "caller", "none", 3, "x")), CATCH_ALL], "name what is said"),
        ([rule(1, Step(Does.LEAVE, "caller", "agree_a_day", 3, "x")), CATCH_ALL], "nothing is said"),
        ([rule(1, Step(Does.CALL, "caller", "agree_a_day", 101, "x")), CATCH_ALL], "points are 0 to 100"),
        ([rule(1, Step(Does.CALL, "caller", "agree_a_day", 3, "")), CATCH_ALL], "say why"),
        ([rule(1, Step(Does.CALL, "caller", "agree_a_day", 3, 'a"b')), CATCH_ALL], "say why"),
        ([*(rule(number) for number in range(1, 61)), CATCH_ALL], "1 to 60 rows"),
    ],
)
def test_rows_that_are_none_are_refused_by_name(rows: list[Row], what: str) -> None:
    with pytest.raises(BadInput, match=what):
        written("a name", rows)


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ((), {"nodes": []}),
        ((), {"more": 1}),
        (("nodes", 1, "content"), {"hitPolicy": "collect"}),
        (("nodes", 1, "content"), {"inputs": [{"id": "gender", "name": "gender", "field": "gender"}]}),
        (("nodes", 1, "content", "rules", 0), {"days_past_due": "$ > gender"}),
        (("nodes", 1, "content", "rules", 0), {"row": '"r9"'}),
        (("nodes", 1, "content", "rules", 0), {"why": '"a" + days_past_due'}),
        (("nodes", 1, "content", "rules", 0), {"gender": '"f"'}),
    ],
)
def test_a_text_that_holds_more_than_known_rows_is_refused(where: tuple[Any, ...], what: dict[str, Any]) -> None:
    raw = json.loads(shipped().content)
    place = raw
    for step in where:
        place = place[step]
    place.update(what)
    with pytest.raises(BadInput):
        read(json.dumps(raw))


# ── gaps and overlaps ──────────────────────────────────────────────────────────────────────────────────────


def test_a_gap_is_named_by_its_cell() -> None:
    assert defects(rule(1, days_past_due=Span(0, 9)), rule(2, days_past_due=Span(11))) == ["no row for days_past_due 10"]
    assert defects(rule(1, paused=YES)) == ["no row for paused false"]
    assert defects(rule(1, product=frozenset({"phone"}))) == ["no row for product any other"]
    assert defects() == ["no row for every loan"]


def test_an_overlap_is_named_by_its_rows_and_the_cell_that_they_share() -> None:
    rows = (rule(1, days_past_due=Span(0, 10)), rule(2, days_past_due=Span(10)))
    assert defects(*rows) == ["rows r1 and r2 overlap at days_past_due 10"]
    split = (rule(1, loan_class=frozenset({"pass", "loss"}), paused=NO), rule(2, loan_class=frozenset({"loss", "doubtful"})))
    assert defects(*split)[0] == "rows r1 and r2 overlap at class loss, paused false"


def test_rows_that_share_nothing_and_leave_nothing_have_no_defect() -> None:
    assert (
        defects(rule(1, days_past_due=Span(0, 9)), rule(2, days_past_due=Span(10), paused=YES), rule(3, days_past_due=Span(10), paused=NO))
        == []
    )


def test_rows_that_cut_the_book_into_too_many_cases_are_told_and_not_half_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategy_check, "_MOST_BOXES", 2)
    rows = [rule(1, days_past_due=Span(5, 6), exposure=Span(5, 6)), CATCH_ALL]
    assert check(rows) == [Defect(Flaw.INTRICATE, (), {})]


spans = st.one_of(st.none(), st.tuples(st.integers(0, 4), st.one_of(st.none(), st.integers(0, 4)))).map(
    lambda ends: None if ends is None else Span(ends[0], None if ends[1] is None else ends[0] + ends[1])
)
words = st.one_of(st.none(), st.frozensets(st.sampled_from(["a", "b"]), min_size=1))
flags = st.sampled_from([None, YES, NO])
boxes = st.lists(st.tuples(spans, spans, words, flags), max_size=6)


@given(boxes)
@settings(max_examples=300, deadline=None)
def test_gaps_and_overlaps_are_what_trying_every_case_of_a_small_grid_finds(
    drawn: list[tuple[Span | None, Span | None, frozenset[str] | None, frozenset[str] | None]],
) -> None:
    names = ("days_past_due", "promises_broken", "product", "paused")
    rows = [
        Row(f"r{number}", {name: each for name, each in zip(names, conditions, strict=True) if each is not None}, CALL)
        for number, conditions in enumerate(drawn, 1)
    ]
    named = {word for row in rows for word in row.when.get("product", frozenset())}  # type: ignore[union-attr]
    grid = list(product(range(11), range(11), [*sorted(named), OTHER], ["true", "false"]))

    def holds(when: Any, case: tuple[Any, ...]) -> bool:
        return all(
            (each.low <= case[place] and (each.high is None or case[place] <= each.high)) if isinstance(each, Span) else case[place] in each
            for place, name in enumerate(names)
            if (each := when.get(name)) is not None
        )

    hits = {case: frozenset(row.row_id for row in rows if holds(row.when, case)) for case in grid}
    found = check([*rows, CATCH_ALL])
    doubled = {(a, b) for said in hits.values() for a in said for b in said if int(a[1:]) < int(b[1:])}
    assert {each.rows for each in found if each.flaw is Flaw.OVERLAP} == doubled
    for each in found:
        inside = [case for case in grid if holds(each.cell, case)]
        assert inside
        assert all(set(each.rows) <= hits[case] if each.flaw is Flaw.OVERLAP else not hits[case] for case in inside)
    assert any(each.flaw is Flaw.GAP for each in found) == any(not said for said in hits.values())


@given(boxes)
@settings(max_examples=100, deadline=None)
def test_the_engine_hits_the_row_whose_conditions_hold(
    drawn: list[tuple[Span | None, Span | None, frozenset[str] | None, frozenset[str] | None]],
) -> None:
    names = ("days_past_due", "promises_broken", "product", "paused")
    rows = [
        Row(f"r{number}", {name: each for name, each in zip(names, conditions, strict=True) if each is not None}, CALL)
        for number, conditions in enumerate(drawn, 1)
    ]
    made = written("any", [*rows, CATCH_ALL])
    for days, broken, word, paused in ((0, 0, "a", True), (3, 1, "b", False), (8, 8, "c", True), (4, 4, "b", True)):
        facts = told(days_past_due=days, promises_broken=broken, product=word, paused=paused)

        def fits(row: Row, facts: Facts = facts) -> bool:
            said = facts.told()
            for name, each in row.when.items():
                fact = said[name]
                if isinstance(each, Span):
                    assert isinstance(fact, int)
                    if not (each.low <= fact and (each.high is None or fact <= each.high)):
                        return False
                elif ("true" if fact else "false") not in each if isinstance(fact, bool) else fact not in each:
                    return False
            return True

        assert decide(facts, made).row == next(row.row_id for row in made.rows if fits(row))


# ── by two, from a day ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    return House(db, DAY).open()


def by(house: House, role: str) -> Staff:
    return house.people[role]


def drafted(house: House, who: str = "risk") -> strategies.Draft:
    return strategies.draft(house.db, clock=house.clock, by=by(house, who), name="夏季策略")


def changed(house: House, rows: list[Row] | None = None) -> strategies.Draft:
    begun = drafted(house)
    given = rows or [
        rule(1, days_past_due=Span(0, 9)),
        rule(2, Step(Does.VISIT, "officer", "offer_help", 70, "see"), days_past_due=Span(10)),
        CATCH_ALL,
    ]
    return strategies.change(
        house.db, clock=house.clock, by=by(house, "risk"), draft=begun.row.public_id, revision=begun.row.revision, rows=given
    )


def proposed(house: House, from_day: date | None = None, rows: list[Row] | None = None) -> strategies.Version:
    draft = changed(house, rows)
    return strategies.propose(
        house.db,
        clock=house.clock,
        by=by(house, "risk"),
        draft=draft.row.public_id,
        from_day=from_day or house.day + timedelta(1),
        words=WHY,
    )


def answered(house: House, version: strategies.Version, who: str = "approver", *, approved: bool = True) -> strategies.Version:
    return strategies.answer(
        house.db, clock=house.clock, by=by(house, who), strategy=version.public_id, approved=approved, words="" if approved else WHY
    )


def test_before_anybody_proposes_the_one_that_comes_with_the_program_decides(house: House) -> None:
    found = strategies.in_force(house.db, house.day)
    assert (found.public_id, found.version, found.strategy.name) == ("shipped", 0, SHIPPED)


def test_a_draft_is_put_live_by_a_second_person_and_decides_from_its_day_on(house: House) -> None:
    live = answered(house, proposed(house))
    assert live.standing == "to_come"
    assert strategies.in_force(house.db, house.day).version == 0
    assert strategies.in_force(house.db, house.day + timedelta(1)).public_id == live.public_id
    house.walk(1)
    assert [(each.version, each.standing) for each in strategies.every(house.db, clock=house.clock)] == [(1, "in_force"), (0, "past")]
    assert strategies.drafts(house.db) == []


def test_an_old_version_stays_readable_when_another_decides(house: House) -> None:
    first = answered(house, proposed(house))
    house.walk(1)
    second = answered(house, proposed(house, rows=[rule(1), CATCH_ALL]))
    house.walk(1)
    assert [each.standing for each in strategies.every(house.db, clock=house.clock)] == ["in_force", "past", "past"]
    again = strategies.one(house.db, clock=house.clock, strategy=first.public_id)
    assert again.strategy == first.strategy and again.strategy != second.strategy
    assert again.row is not None and again.row.sha256 == first.strategy.sha256


def test_what_has_gaps_or_overlaps_is_kept_as_a_draft_and_not_proposed(house: House) -> None:
    draft = changed(house, [rule(1, days_past_due=Span(0, 9)), rule(2, days_past_due=Span(9, 20)), CATCH_ALL])
    assert [each.sentence for each in draft.defects] == ["rows r1 and r2 overlap at days_past_due 9", "no row for days_past_due 21 or more"]
    with pytest.raises(BadInput, match="no row for days_past_due 21 or more") as refused:
        strategies.propose(
            house.db, clock=house.clock, by=by(house, "risk"), draft=draft.row.public_id, from_day=house.day + timedelta(1), words=WHY
        )
    assert refused.value.facts["defects"] == [each.sentence for each in draft.defects]


def test_of_one_day_one_version_decides_so_that_none_begins_today(house: House) -> None:
    with pytest.raises(BadInput, match="at the earliest"):
        proposed(house, house.day)
    waiting = proposed(house)
    house.walk(1)
    with pytest.raises(Refusal, match="was to begin on"):
        answered(house, waiting)


def test_after_a_no_the_draft_may_be_worked_at_again_and_before_it_may_not(house: House) -> None:
    version = proposed(house)
    assert version.row is not None
    again: dict[str, Any] = {"clock": house.clock, "by": by(house, "risk"), "draft": version.row.draft}
    with pytest.raises(Refusal, match="waits for a second person"):
        strategies.change(house.db, **again, revision=2, rows=version.strategy.rows)
    with pytest.raises(Refusal, match="waits for a second person"):
        strategies.set_aside(house.db, **again)
    assert answered(house, version, approved=False).standing == "refused"
    assert strategies.change(house.db, **again, revision=2, rows=version.strategy.rows).row.revision == 3
    assert strategies.in_force(house.db, house.day + timedelta(9)).version == 0


def test_two_who_change_one_draft_do_not_overwrite_each_other(house: House) -> None:
    draft = changed(house)
    with pytest.raises(Refusal, match="has changed the draft meanwhile"):
        strategies.change(
            house.db, clock=house.clock, by=by(house, "risk"), draft=draft.row.public_id, revision=1, rows=draft.strategy.rows
        )


def test_a_draft_that_is_set_aside_is_not_worked_at_any_more(house: House) -> None:
    draft = drafted(house)
    strategies.set_aside(house.db, clock=house.clock, by=by(house, "risk"), draft=draft.row.public_id)
    assert strategies.drafts(house.db) == []
    with pytest.raises(Refusal, match="nobody works at this draft"):
        strategies.set_aside(house.db, clock=house.clock, by=by(house, "risk"), draft=draft.row.public_id)


def test_whoever_wrote_at_it_does_not_put_it_live_under_any_log_in(house: House) -> None:
    house.hire("risk", person_id=house.borrower.party_id)
    same = house.hire("approver", name="same", person_id=house.borrower.party_id)
    colleague = house.hire("risk", name="colleague")
    begun = drafted(house)
    draft = strategies.change(
        house.db, clock=house.clock, by=colleague, draft=begun.row.public_id, revision=1, rows=begun.strategy.rows, name="同事改过"
    )
    version = strategies.propose(
        house.db, clock=house.clock, by=by(house, "risk"), draft=draft.row.public_id, from_day=house.day + timedelta(1), words=WHY
    )
    for who in (by(house, "risk"), same, colleague):
        with pytest.raises((Forbidden, Refusal)):
            strategies.answer(house.db, clock=house.clock, by=who, strategy=version.public_id, approved=True, words="")
    assert answered(house, version).standing == "to_come"


@pytest.mark.parametrize("role", ["caller", "officer", "approver", "custodian", "admin", "auditor"])
def test_only_a_risk_manager_drafts_changes_and_proposes(house: House, role: str) -> None:
    draft = drafted(house)
    about: dict[str, Any] = {"clock": house.clock, "by": by(house, role)}
    with pytest.raises(Forbidden):
        strategies.draft(house.db, **about, name="夏季策略")
    with pytest.raises(Forbidden):
        strategies.change(house.db, **about, draft=draft.row.public_id, revision=1, rows=draft.strategy.rows)
    with pytest.raises(Forbidden):
        strategies.set_aside(house.db, **about, draft=draft.row.public_id)
    with pytest.raises(Forbidden):
        strategies.propose(house.db, **about, draft=draft.row.public_id, from_day=house.day + timedelta(1), words=WHY)


@pytest.mark.parametrize("role", ["caller", "officer", "custodian", "admin", "auditor"])
def test_only_approvers_and_risk_managers_answer(house: House, role: str) -> None:
    version = proposed(house)
    with pytest.raises(Forbidden):
        answered(house, version, role)


def test_what_is_not_there_is_named(house: House) -> None:
    with pytest.raises(NotFound, match="no draft sd_none"):
        strategies.draft_of(house.db, draft="sd_none")
    with pytest.raises(NotFound, match="no strategy st_none"):
        strategies.one(house.db, clock=house.clock, strategy="st_none")


# ── one loan, and all that are due ─────────────────────────────────────────────────────────────────────────


def late(house: House, days: int = 5) -> str:
    """A loan whose first instalment is so many days late; the last of the nights has run."""
    loan = house.loan()
    due = house.db.execute("SELECT min(due_on) FROM instalment WHERE loan_id = %s", [loan_id_of(house.db, loan)]).fetchone()
    assert due is not None
    house.walk((due[0] - house.day).days + days - 1)
    house.sleep(1)
    return loan


def advice(house: House, loan: str) -> strategies.Advice:
    found = strategies.for_loan(house.db, clock=house.clock, loan_id=loan_id_of(house.db, loan))
    assert found is not None
    return found


def follow_up(house: House, loan: str) -> int:
    row = house.db.execute(
        "SELECT duty_no FROM duty WHERE loan_id = %s AND kind = 'follow_up' AND open", [loan_id_of(house.db, loan)]
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_late_loan_is_told_what_to_do_why_and_by_which_row(house: House) -> None:
    told = advice(house, late(house, 5))
    assert told.facts == Facts(5, "special_mention", "phone", "micro_lender", 120_000, 0, 0, False, False, False)
    assert (told.decided.row, told.decided.step.step, told.version) == ("r3", Does.CALL, 0)


def test_a_loan_with_nothing_late_is_told_nothing(house: House) -> None:
    assert strategies.for_loan(house.db, clock=house.clock, loan_id=loan_id_of(house.db, house.loan())) is None


def test_what_people_noted_in_this_run_of_arrears_is_counted(house: House) -> None:
    loan = late(house, 3)
    strategies.note(
        house.db,
        clock=house.clock,
        by=by(house, "caller"),
        loan=loan,
        duty_no=follow_up(house, loan),
        outcome="reached",
        words="到店说明",
        how="came",
    )
    assert advice(house, loan).facts.times_followed_up == 1


def test_the_loan_of_another_branch_is_not_noted(house: House) -> None:
    loan = late(house, 3)
    elsewhere = house.hire("caller", name="elsewhere", reach="branch")
    with pytest.raises(NotFound):
        strategies.note(
            house.db,
            clock=house.clock,
            by=elsewhere,
            loan=loan,
            duty_no=follow_up(house, loan),
            outcome="reached",
            words="到店说明",
            how="came",
        )
    assert strategies.due(house.db, clock=house.clock, by=elsewhere) == []
    assert [each.loan for each in strategies.due(house.db, clock=house.clock, by=by(house, "caller"))] == [loan]


def test_the_record_of_a_follow_up_keeps_what_the_strategy_said_and_is_decided_again_to_the_same_bytes(house: House) -> None:
    answered(house, proposed(house))
    loan = late(house, 14)
    said = advice(house, loan)
    assert said.decided.row == "r2"
    strategies.note(
        house.db,
        clock=house.clock,
        by=by(house, "caller"),
        loan=loan,
        duty_no=follow_up(house, loan),
        outcome="reached",
        words="到店说明",
        how="came",
    )
    body = house.db.execute(
        "SELECT body FROM record WHERE loan_id = %s AND kind = 'contact.noted' ORDER BY seq DESC LIMIT 1", [loan_id_of(house.db, loan)]
    ).fetchone()
    assert body is not None
    stamp = json.loads(bytes(body[0]))["says"]["by_strategy"]
    assert stamp == said.stamp()
    answered(house, proposed(house, rows=[rule(1), CATCH_ALL]))  # another one decides from tomorrow on
    house.walk(30)
    was, now = strategies.again(house.db, clock=house.clock, stamp=stamp)
    assert was == now
    with pytest.raises(Refusal, match="is not the one that decided"):
        strategies.again(house.db, clock=house.clock, stamp={**stamp, "sha256": "0" * 64})
    other, still = strategies.again(house.db, clock=house.clock, stamp={**stamp, "step": "leave", "script": "none"})
    assert other != still


def test_what_is_due_is_decided_as_the_single_loan_is_and_the_most_points_come_first(house: House) -> None:
    old, young = late(house, 40), house.loan()
    house.walk(33)
    house.sleep(1)
    found = strategies.due(house.db, clock=house.clock, by=by(house, "caller"))
    assert [each.loan for each in found] == [old, young]
    assert found == [advice(house, old), advice(house, young)]
    assert found[0].decided.step.points > found[1].decided.step.points


def test_a_broken_promise_a_rearrangement_and_a_pause_are_facts_from_their_day_on(house: House) -> None:
    loan = late(house, 3)
    number = loan_id_of(house.db, loan)
    part = Part(house.day + timedelta(1), Money(10_000, "CNY"))
    promises.make(house.db, clock=house.clock, by=by(house, "caller"), loan=loan, parts=[part], identified=True)
    house.walk(12)
    promises.judge_all(house.db, clock=house.clock, on=house.day)
    rearrange(house.db, clock=house.clock, by=by(house, "officer").actor, loan=loan, change=Rearrangement(Kind.DEFER, months=1))
    house.walk(40)
    contact.pause(house.db, clock=house.clock, by=by(house, "caller"), loan=loan, reason="hardship", because=WHY)
    now = advice(house, loan)
    assert (now.facts.promises_broken, now.facts.restructured, now.facts.paused) == (1, True, True)
    assert (now.decided.row, now.decided.step.step) == ("r1", Does.LEAVE)
    then = strategies_store.known(house.db, {number: 5}, DAY)[number]
    assert (then["promises_broken"], then["restructured"], then["paused"]) == (0, False, False)


# ── on last month's book ───────────────────────────────────────────────────────────────────────────────────


def everything(house: House) -> dict[str, int]:
    return {
        table: house.db.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()[0]  # type: ignore[index]
        for table in ("record", "duty", "strategy", "strategy_draft", "month_end", "message", "contact_ledger")
    }


def test_a_draft_is_tried_on_the_book_of_last_month_and_writes_nothing(house: House) -> None:
    loans = [late(house, 20), house.loan()]  # 22 April: the first is 20 days late
    house.walk(15)  # 7 May
    draft = changed(house)
    before = everything(house)
    tried = strategies.try_on(house.db, clock=house.clock, by=by(house, "risk"), draft=draft.row.public_id)
    assert everything(house) == before
    assert (tried.on, tried.loans, tried.changed) == (date(2026, 4, 30), 1, 1)
    assert {step: (was, now) for step, was, now in tried.steps} == {"call": (1, 0), "visit": (0, 1)}
    assert tried.rows == {"r2": 1}
    only = tried.different[0]
    assert (only.loan, only.facts.days_past_due, only.was.row, only.now.row) == (loans[0], 28, "r4", "r2")


def test_the_same_strategy_changes_nothing(house: House) -> None:
    late(house, 40)
    tried = strategies.try_on(house.db, clock=house.clock, by=by(house, "risk"), draft="shipped", month="2026-04")
    assert (tried.loans, tried.changed, tried.different, tried.next) == (1, 0, (), None)


def test_the_differences_of_a_trial_come_in_pages(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategies, "MOST_DIFFERENT", 2)
    loans = [house.loan() for _ in range(3)]
    house.walk(70)
    draft = changed(house)
    ask: dict[str, Any] = {"clock": house.clock, "by": by(house, "risk"), "draft": draft.row.public_id, "month": "2026-04"}
    first = strategies.try_on(house.db, **ask)
    assert ([each.loan for each in first.different], first.changed) == (loans[:2], 3)
    assert first.next is not None
    second = strategies.try_on(house.db, **ask, after=first.next)
    assert ([each.loan for each in second.different], second.next, second.changed) == (loans[2:], None, 3)


def test_a_trial_sees_only_what_its_reader_sees_and_no_month_that_goes_on(house: House) -> None:
    late(house, 40)
    draft = changed(house)
    elsewhere = house.hire("risk", name="elsewhere", reach="branch")
    ask: dict[str, Any] = {"clock": house.clock, "draft": draft.row.public_id}
    assert strategies.try_on(house.db, **ask, by=elsewhere, month="2026-04").loans == 0
    with pytest.raises(BadInput, match="has not ended"):
        strategies.try_on(house.db, **ask, by=by(house, "risk"), month="2026-05")
    with pytest.raises(Forbidden):
        strategies.try_on(house.db, **ask, by=by(house, "caller"))


def test_a_thing_is_in_custody_from_the_day_it_was_delivered(db: psycopg.Connection[Any]) -> None:
    pledged = lives.House(db, date(2026, 11, 20))
    loan, _thing, _pledge = pledged.lent()
    number = loan_id_of(db, loan)
    assert strategies_store.known(db, {number: 5}, pledged.day)[number]["in_custody"] is True
    assert strategies_store.known(db, {number: 5}, pledged.day - timedelta(1))[number]["in_custody"] is False
