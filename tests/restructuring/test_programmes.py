"""Hardship programmes: one act for many loans, agreed to as it was shown, and nothing of it twice."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any

import psycopg
import pytest

from holdfast.contact import messages
from holdfast.duties import freeze, take
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.restructuring.programme import LIFE, Chosen, Member, Outcome, Programme, ProgrammeEvent, ProgrammeState, after
from holdfast.restructuring.programmes import (
    ask_programme,
    ask_programme_back,
    decide_programme,
    decide_programme_back,
    drop_programme,
    members_of,
    plan_programme,
    programmes_of,
    run_programme,
    the_programme,
    unfinished,
)
from holdfast.servicing import Rearrangement, rearrange, receive
from tests.books import OFFICER
from tests.servicing.house import DAY, House


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    return House(db, DAY).open()


ONE_MONTH = Rearrangement("defer", months=1)  # type: ignore[arg-type]


def plan(house: House, by: str = "risk", **other: Any) -> Programme:
    given: dict[str, Any] = {"name": "示例洪水", "cause": "flood", "chosen": Chosen(products=("phone",)), "change": ONE_MONTH}
    return plan_programme(house.db, clock=house.clock, by=house.people[by], **(given | other))


def ask(house: House, made: Programme, by: str = "risk", **other: Any) -> Programme:
    given = {"programme": made.public_id, "shown": made.shown, "reason": "示例：洪水断路"} | other
    return ask_programme(house.db, clock=house.clock, by=house.people[by], **given)


def decide(house: House, made: Programme, agreed: bool = True, by: str = "approver", **other: Any) -> Programme:
    given: dict[str, Any] = {"programme": made.public_id, "shown": made.shown, "agreed": agreed, "words": "情况属实（示例）"} | other
    return decide_programme(house.db, clock=house.clock, by=house.people[by], **given)


def run(house: House, made: Programme, most: int = 50) -> int:
    return run_programme(house.db, clock=house.clock, programme=made.public_id, most=most)


def back(house: House, made: Programme, by: str = "risk") -> Programme:
    reason = "示例：名单有误"
    return ask_programme_back(house.db, clock=house.clock, by=house.people[by], programme=made.public_id, reason=reason)


def decide_back(house: House, made: Programme, agreed: bool = True, by: str = "approver") -> Programme:
    given: dict[str, Any] = {"programme": made.public_id, "agreed": agreed, "words": "同意撤回（示例）"}
    return decide_programme_back(house.db, clock=house.clock, by=house.people[by], **given)


def now(house: House, made: Programme) -> Programme:
    return the_programme(house.db, by=house.people["risk"], programme=made.public_id)


def lines(house: House, made: Programme, *outcomes: str) -> list[Member]:
    return members_of(house.db, by=house.people["risk"], programme=made.public_id, outcomes=outcomes)


def first_due(house: House, loan: str) -> date:
    return house.state(loan).instalments[0].due_on


# ── the table ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("state", "event"), list(product(ProgrammeState, ProgrammeEvent)))
def test_every_pair_of_state_and_event_is_allowed_or_refused(state: ProgrammeState, event: ProgrammeEvent) -> None:
    if (state, event) in LIFE:
        assert after(state, event) is LIFE[state, event]
    else:
        with pytest.raises(Refusal) as refused:
            after(state, event)
        assert refused.value.code == "programme_state"


# ── the preview ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_preview_counts_the_loans_their_principal_and_what_the_time_costs_and_moves_nothing(house: House) -> None:
    # Two loans of 1,200.00 at 12 %: one month more costs 12.00 each.
    loans = [house.loan(), house.loan()]
    made = plan(house)
    assert (made.loans, made.left_out) == (2, 0)
    assert (made.principal, made.extra) == (Money(240_000, "CNY"), Money(2_400, "CNY"))
    assert [(each.loan, each.was_due_on, each.due_on, each.extra.minor) for each in lines(house, made)] == [
        (loan, date(2026, 4, 2), date(2026, 5, 2), 1_200) for loan in loans
    ]
    assert [first_due(house, loan) for loan in loans] == [date(2026, 4, 2)] * 2
    assert run(house, made) == 0 and [first_due(house, loan) for loan in loans] == [date(2026, 4, 2)] * 2


def test_who_is_left_out_is_named_with_the_reason(house: House) -> None:
    fits, stopped, single, often = house.loan(), house.loan(), house.loan(instalments=1), house.loan()
    freeze(house.db, take(house.db, stopped, None), clock=house.clock, by=OFFICER, reason="fraud", words="示例")
    for _ in range(2):
        rearrange(house.db, clock=house.clock, by=OFFICER, loan=often, change=ONE_MONTH)
    made = plan(house, change=Rearrangement("defer", months=3))  # type: ignore[arg-type]
    assert {each.loan: each.why for each in lines(house, made)} == {
        fits: "", stopped: "frozen", single: "deferral_too_long", often: "deferral_times",
    }  # fmt: skip
    assert (made.loans, made.left_out) == (1, 3)


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        (Chosen(branches=("T",)), 3),
        (Chosen(products=("phone", "vehicle")), 3),
        (Chosen(due_from=date(2026, 4, 2), due_until=date(2026, 4, 2)), 2),
        (Chosen(due_until=date(2026, 3, 31)), 1),
        (Chosen(late_from=1), 1),
        (Chosen(late_until=0), 2),
        (Chosen(late_from=3, late_until=4), 1),
        (Chosen(late_from=4), 0),
        (Chosen(branches=("X",)), 0),
        (Chosen(products=("vehicle",)), 0),
    ],
)
def test_the_set_is_chosen_by_branch_product_day_and_days_late(house: House, chosen: Chosen, found: int) -> None:
    house.day = date(2026, 2, 28)
    house.loan()  # its first instalment falls due on 28 March
    house.day = DAY
    house.loan()
    house.loan()
    house.day = date(2026, 3, 31)
    if found:
        assert plan(house, chosen=chosen).loans == found
    else:
        with pytest.raises(Refusal) as refused:
            plan(house, chosen=chosen)
        assert refused.value.code == "programme_empty"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"cause": "whim"}, "cause"),
        ({"change": Rearrangement("extend", instalments=1)}, "kind"),  # type: ignore[arg-type]
        ({"change": Rearrangement("defer", months=4)}, "months"),  # type: ignore[arg-type]
        ({"change": Rearrangement("holiday", periods=4)}, "periods"),  # type: ignore[arg-type]
    ],
)
def test_what_no_programme_may_be_is_named(house: House, wrong: dict[str, Any], field: str) -> None:
    house.loan()
    with pytest.raises((BadInput, Refusal)) as refused:
        plan(house, **wrong)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "wrong",
    [{}, {"due_from": date(2026, 3, 2), "due_until": date(2026, 3, 1)}, {"late_from": -1}, {"late_from": 3, "late_until": 2}],
)
def test_a_choice_that_chooses_nothing_or_ends_before_it_begins_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        Chosen(**wrong)


# ── two people ─────────────────────────────────────────────────────────────────────────────────────────────


def test_each_loan_is_given_it_by_the_function_of_one_extension_and_tells_the_borrower(house: House) -> None:
    alone, loan = house.loan(), house.loan()
    rearrange(house.db, clock=house.clock, by=OFFICER, loan=alone, change=ONE_MONTH)
    made = plan(house, chosen=Chosen(due_until=date(2026, 4, 30)))
    assert made.loans == 1
    assert decide(house, ask(house, made)).state is ProgrammeState.RUNNING
    assert unfinished(house.db) == [made.public_id]
    assert run(house, made) == 0
    done = now(house, made)
    assert (done.state, done.given, done.moved) == (ProgrammeState.DONE, 1, 0)
    assert house.state(alone).instalments == house.state(loan).instalments
    records = house.db.execute(
        "SELECT r.kind, convert_from(r.body, 'UTF8')::json -> 'seals' ->> 'programme' FROM record r JOIN loan l USING (loan_id)"
        " WHERE l.public_id = %s ORDER BY r.seq DESC LIMIT 2", [loan],
    ).fetchall()  # fmt: skip
    assert [row[0] for row in records] in (["loan.deferred", "programme.given"], ["loan.rearranged", "programme.given"])
    assert records[1][1] == made.shown
    told = messages(house.db, house.people["risk"].scope, loan_id=take(house.db, loan, None).loan.loan_id, limit=1)[0]
    assert told.template == "programme_given"
    kinds = [row[0] for row in house.db.execute("SELECT kind FROM record WHERE loan_id = %s ORDER BY seq", [made.programme_id]).fetchall()]
    assert kinds == ["programme.planned", "programme.agreed", "programme.done"]
    house.clean()


def test_nobody_agrees_to_what_they_drew_up_under_whichever_log_in(house: House) -> None:
    person = house.person("祁示例", phone="13800000009").party_id
    house.hire("risk", name="risk2", person_id=person)
    house.hire("approver", name="risk2_again", person_id=person)
    house.loan()
    made = ask(house, plan(house, by="risk2"), by="risk2")
    for who in ("risk2", "risk2_again"):
        with pytest.raises(Forbidden):
            decide(house, made, by=who)
    assert now(house, made).state is ProgrammeState.ASKED
    assert decide(house, made).state is ProgrammeState.RUNNING


@pytest.mark.parametrize("role", ["officer", "caller", "approver", "custodian", "auditor"])
def test_only_risk_draws_one_up(house: House, role: str) -> None:
    house.loan()
    with pytest.raises(Forbidden):
        plan(house, by=role)
    made = plan(house)
    with pytest.raises(Forbidden):
        ask(house, made, by=role)
    with pytest.raises(Forbidden):
        drop_programme(house.db, clock=house.clock, by=house.people[role], programme=made.public_id)


@pytest.mark.parametrize("role", ["officer", "caller", "custodian", "auditor"])
def test_only_an_approver_or_risk_agrees(house: House, role: str) -> None:
    house.loan()
    made = ask(house, plan(house))
    with pytest.raises(Forbidden):
        decide(house, made, by=role)


def test_whoever_does_not_see_every_loan_of_it_sees_nothing_of_it(house: House) -> None:
    house.hire("approver", name="elsewhere", reach="branch")
    house.loan()
    made = ask(house, plan(house))
    with pytest.raises(NotFound):
        decide(house, made, by="elsewhere")
    with pytest.raises(NotFound):
        the_programme(house.db, by=house.people["elsewhere"], programme=made.public_id)
    assert programmes_of(house.db, by=house.people["elsewhere"]) == []
    assert [each.public_id for each in programmes_of(house.db, by=house.people["auditor"])] == [made.public_id]


def test_what_is_agreed_to_is_exactly_what_was_shown(house: House) -> None:
    house.loan()
    made = plan(house)
    with pytest.raises(Refusal) as refused:
        ask(house, made, shown="0" * 64)
    assert refused.value.code == "programme_moved"
    asked = ask(house, made)
    with pytest.raises(Refusal):
        decide(house, asked, shown="0" * 64)


def test_a_refused_or_dropped_programme_moves_nothing(house: House) -> None:
    loan = house.loan()
    made = ask(house, plan(house))
    assert decide(house, made, agreed=False).state is ProgrammeState.REFUSED
    other = plan(house)
    assert drop_programme(house.db, clock=house.clock, by=house.people["risk"], programme=other.public_id).state is ProgrammeState.DROPPED
    assert run(house, made) == run(house, other) == 0
    assert first_due(house, loan) == date(2026, 4, 2)
    with pytest.raises(Refusal):
        decide(house, made)


# ── its turns ──────────────────────────────────────────────────────────────────────────────────────────────


def test_ended_in_the_middle_it_goes_on_where_it_stopped_and_gives_nothing_twice(house: House) -> None:
    loans = [house.loan() for _ in range(5)]
    made = plan(house)
    decide(house, ask(house, made))
    assert run(house, made, most=2) == 3
    try:
        with house.db.transaction():  # the process dies before its turn is written down
            run(house, made, most=2)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert now(house, made).given == 2
    assert run(house, made, most=2) == 1
    assert run(house, made) == 0 and run(house, made) == 0
    assert now(house, made).state is ProgrammeState.DONE
    assert [first_due(house, loan) for loan in loans] == [date(2026, 5, 2)] * 5
    counted = house.db.execute("SELECT count(*) FROM loan_event WHERE kind IN ('deferred', 'rearranged')").fetchone()
    assert counted == (5,)
    house.clean()


def test_a_loan_that_moved_since_the_preview_is_left_alone_and_says_so(house: House) -> None:
    moved, paid_off, fits = house.loan(), house.loan(), house.loan()
    made = plan(house)
    decide(house, ask(house, made))
    for loan, yuan in ((moved, 100), (paid_off, 1_200)):
        receive(house.db, clock=house.clock, by=OFFICER, loan=loan, amount=Money(yuan * 100, "CNY"), received_on=DAY)
    run(house, made)
    assert {each.loan: (each.outcome, each.why) for each in lines(house, made)} == {
        moved: (Outcome.MOVED, "programme_moved"),
        paid_off: (Outcome.MOVED, "loan_not_active"),
        fits: (Outcome.GIVEN, ""),
    }
    assert "programme.given" not in house.kinds(moved)
    house.clean()


def test_a_loan_that_waits_in_one_programme_is_left_out_of_the_next(house: House) -> None:
    house.loan()
    ask(house, plan(house))
    with pytest.raises(Refusal, match="in_another_programme"):
        plan(house)


# ── taken back ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_whole_is_taken_back_by_two_and_each_loan_is_as_if_it_had_not_been(house: House) -> None:
    loans = [house.loan() for _ in range(3)]
    before = [house.state(loan).instalments for loan in loans]
    made = plan(house)
    decide(house, ask(house, made))
    run(house, made)
    asked = back(house, made)
    with pytest.raises(Forbidden):
        decide_back(house, asked, by="risk")
    assert decide_back(house, asked).state is ProgrammeState.REVERSING
    assert run(house, made, most=1) == 2
    assert run(house, made) == 0
    done = now(house, made)
    assert (done.state, done.taken_back, done.kept) == (ProgrammeState.REVERSED, 3, 0)
    assert [house.state(loan).instalments for loan in loans] == before
    house.clean()


def test_taking_back_is_asked_once_and_may_be_refused(house: House) -> None:
    house.loan()
    made = plan(house)
    decide(house, ask(house, made))
    with pytest.raises(Refusal):
        back(house, made)  # not before every loan has had its turn
    run(house, made)
    back(house, made)
    with pytest.raises(Refusal) as refused:
        back(house, made)
    assert refused.value.code == "programme_back_asked"
    assert decide_back(house, made, agreed=False).state is ProgrammeState.DONE
    back(house, made)
    assert decide_back(house, made).state is ProgrammeState.REVERSING
