"""Promises to pay: judged by what came in, broken by themselves, and never a way for arrears to be forgotten."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.duties import ownership, take
from holdfast.duties.ranking import weights_of
from holdfast.followup import promises
from holdfast.followup.promises_model import Limits, Part, Promise, PromiseState, Receipt, check, judge, missed
from holdfast.journal import Actor
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.loans import loan_id_of
from holdfast.policy import lender
from holdfast.servicing import queues, reverse
from holdfast.servicing.reading import look_of
from tests.servicing.house import DAY, House

LATE = timedelta(days=34)  # the first instalment, 412.00, fell due three days before


def yuan(amount: float) -> Money:
    return Money(round(amount * 100), "CNY")


@pytest.fixture
def house(db: object) -> House:
    return House(db, DAY).open()  # type: ignore[arg-type]


@pytest.fixture
def loan(house: House) -> str:
    loan = house.loan()
    house.sleep(LATE.days)
    return loan


def promised(house: House, loan: str, *parts: tuple[int, float], role: str = "caller", identified: bool = True) -> Promise:
    """So many days from now, so many yuan."""
    wanted = [Part(house.day + timedelta(days=days), yuan(amount)) for days, amount in parts]
    return promises.make(house.db, clock=house.clock, by=house.people[role], loan=loan, parts=wanted, identified=identified)


def sleep(house: House, nights: int) -> None:
    """Nights as `days.close_book` does them: the book's own, then the promises."""
    for _ in range(nights):
        day, clock = house.day, house.clock
        house.sleep(1)
        promises.judge_all(house.db, clock=clock, on=day)


def state(house: House, loan: str) -> PromiseState:
    return promises.promises_of(house.db, by=house.people["caller"], loan=loan)[0].state


def lines(house: House) -> list[queues.QueueLine]:
    caller = house.people["caller"]
    hands, weights = ownership.hands(house.db, clock=house.clock), weights_of(house.pack, lender(house.db), house.day)
    look = look_of(house.db, caller.scope, house.clock)
    return list(queues.queue(house.db, look, caller, hands, weights, now=house.clock.now(), zone="Asia/Shanghai").items)


def duties(house: House, loan: str) -> set[str]:
    return {kind for kind, _, _ in house.open_duties(loan)}


# ── the rule ───────────────────────────────────────────────────────────────────────────────────────────────

DAY_1, DAY_5 = date(2026, 4, 1), date(2026, 4, 5)
TWO = (Part(DAY_1, yuan(100)), Part(DAY_5, yuan(50)))


@pytest.mark.parametrize(
    ("receipts", "on", "became"),
    [
        ([], date(2026, 4, 1), "live"),  # grace runs
        ([], date(2026, 4, 2), "broken"),
        ([(date(2026, 4, 2), 100)], date(2026, 4, 2), "live"),  # the first part in its grace, the second to come
        ([(date(2026, 4, 2), 99.99)], date(2026, 4, 2), "broken"),  # a fen short
        ([(date(2026, 4, 3), 100)], date(2026, 4, 3), "broken"),  # a day late
        ([(date(2026, 4, 1), 150)], date(2026, 4, 1), "kept"),  # all at once
        ([(date(2026, 4, 1), 100)], date(2026, 4, 6), "broken"),
        ([(date(2026, 4, 1), 120), (date(2026, 4, 6), 30)], date(2026, 4, 6), "kept"),
    ],
)
def test_what_came_in_by_the_day_and_its_grace_says_whether_it_was_kept(receipts: list[tuple[date, float]], on: date, became: str) -> None:
    came = [Receipt(day, yuan(amount).minor) for day, amount in receipts]
    assert judge(TWO, came, grace_days=1, at_end_of=on) == became


def test_the_first_part_that_was_missed_is_named_with_what_had_come_in() -> None:
    assert missed(TWO, [Receipt(DAY_1, 10_000)], grace_days=1) == (TWO[1], 10_000)
    assert missed(TWO, [Receipt(DAY_1, 15_000)], grace_days=1) is None


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([], "promise_parts"),
        ([(1, 10), (2, 10), (3, 10), (4, 10)], "promise_parts"),
        ([(-1, 10)], "promise_to_pay_day"),
        ([(32, 10)], "promise_to_pay_day"),
        ([(1, 0)], "promise_amount"),
        ([(1, 10), (1, 20)], "promise_same_day"),
        ([(1, 400), (2, 12.01)], "promise_too_much"),
    ],
)
def test_a_promise_beyond_the_pack_s_limits_or_the_debt_is_refused_with_the_mend(parts: list[tuple[int, float]], code: str) -> None:
    wanted = [Part(DAY_1 + timedelta(days=days), yuan(amount)) for days, amount in parts]
    with pytest.raises(BadInput) as refused:
        check(wanted, Limits(31, 3, 1, 2), today=DAY_1, owed=yuan(412))
    assert refused.value.code == code


# ── its life ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_promise_is_kept_when_its_money_came_in_and_the_loan_has_had_its_follow_up_all_along(house: House, loan: str) -> None:
    before = duties(house, loan)
    made = promised(house, loan, (2, 200), (5, 212))
    assert duties(house, loan) == before
    assert "follow_up" in before
    house.pay(loan, 200)
    sleep(house, 3)
    assert state(house, loan) is PromiseState.LIVE
    house.pay(loan, 212)
    sleep(house, 1)
    assert state(house, loan) is PromiseState.KEPT
    assert house.kinds(loan).count("promise.kept") == 1
    assert promises.promises_of(house.db, by=house.people["caller"], loan=loan)[0].received == made.total.minor
    house.clean()


def test_a_promise_breaks_by_itself_and_calls_for_a_caller_with_the_reason_of_its_rank_named(house: House) -> None:
    loan = house.loan()
    house.sleep(LATE.days)
    made = promised(house, loan, (2, 400))
    house.pay(loan, 399)
    sleep(house, 3)
    assert state(house, loan) is PromiseState.LIVE
    sleep(house, 1)
    assert state(house, loan) is PromiseState.BROKEN
    duty = take(house.db, loan, None, lock=False).open("promise_broken")
    assert duty is not None
    assert duty.role == "caller"
    house.day = duty.due_on
    first = next(each for each in lines(house) if each.kind == "promise_broken")
    assert first.loan == loan
    reason = next(each for each in first.rank.reasons if each.name == "promise_broken")
    assert (reason.points, reason.figure) == (25, made.parts[0].pay_by)
    house.clean()


def test_the_night_judges_a_promise_once(house: House, loan: str) -> None:
    promised(house, loan, (0, 100))
    sleep(house, 2)
    assert promises.judge_all(house.db, clock=house.clock, on=house.day) == (0, 0)
    assert house.kinds(loan).count("promise.broken") == 1


def test_money_that_the_bank_took_back_keeps_no_promise(house: House, loan: str) -> None:
    promised(house, loan, (2, 100))
    paid = house.pay(loan, 100)
    event_no = promises_event(house, loan)
    assert paid.record.kind == "receipt.posted"
    reverse(house.db, clock=house.clock, by=Actor("st_officer", "officer"), loan=loan, event_no=event_no, reason="returned（示例）")
    sleep(house, 4)
    assert state(house, loan) is PromiseState.BROKEN


def promises_event(house: House, loan: str) -> int:
    row = house.db.execute(
        "SELECT max(event_no) FROM loan_event WHERE kind = 'receipt' AND loan_id = %s", [loan_id_of(house.db, loan)]
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_what_was_paid_before_the_promise_keeps_no_promise(house: House, loan: str) -> None:
    house.pay(loan, 100)
    promised(house, loan, (0, 100))
    sleep(house, 2)
    assert state(house, loan) is PromiseState.BROKEN


def test_the_duty_ends_when_somebody_has_spoken_about_it(house: House, loan: str) -> None:
    promised(house, loan, (0, 100))
    sleep(house, 2)
    caller = house.people["caller"]
    promises.speak(
        house.db, clock=house.clock, by=caller, loan=loan, outcome="asks_for_relief", words="失业，想少还一些（示例）", how="came"
    )
    assert "promise_broken" not in duties(house, loan)
    assert "follow_up" in duties(house, loan)
    with pytest.raises(Refusal) as refused:
        promises.speak(house.db, clock=house.clock, by=caller, loan=loan, outcome="reached", words="再说一次（示例）", how="came")
    assert refused.value.code == "promise_none_broken"
    house.clean()


def test_another_promise_ends_the_duty_and_after_two_broken_ones_an_approver_takes_it(house: House, loan: str) -> None:
    for _ in range(2):
        promised(house, loan, (0, 100))
        assert "promise_broken" not in duties(house, loan)
        sleep(house, 2)
        assert "promise_broken" in duties(house, loan)
    with pytest.raises(Forbidden) as refused:
        promised(house, loan, (0, 100))
    assert refused.value.code == "promise_refer"
    assert promised(house, loan, (0, 100), role="approver").state is PromiseState.LIVE


def test_the_duty_ends_by_itself_once_nothing_is_late(house: House, loan: str) -> None:
    promised(house, loan, (0, 100))
    sleep(house, 2)
    house.pay(loan, 420)
    sleep(house, 1)
    assert "promise_broken" not in duties(house, loan)
    assert house.kinds(loan)[-1] == "promise.needless"
    house.clean()


def test_a_promise_is_withdrawn_with_a_reason_and_counts_as_neither(house: House, loan: str) -> None:
    made = promised(house, loan, (0, 100))
    with pytest.raises(Refusal) as refused:
        promised(house, loan, (1, 100))
    assert refused.value.code == "promise_live"
    gone = promises.withdraw(
        house.db, clock=house.clock, by=house.people["caller"], loan=loan, promise=made.public_id, words="记错了日期（示例）"
    )
    assert gone.state is PromiseState.WITHDRAWN
    sleep(house, 3)
    assert state(house, loan) is PromiseState.WITHDRAWN
    assert "promise_broken" not in duties(house, loan)
    with pytest.raises(Refusal):
        promises.withdraw(
            house.db, clock=house.clock, by=house.people["caller"], loan=loan, promise=made.public_id, words="再撤一次（示例）"
        )


def test_nobody_names_a_debt_before_it_is_certain_who_speaks(house: House, loan: str) -> None:
    with pytest.raises(BadInput) as refused:
        promised(house, loan, (1, 100), identified=False)
    assert refused.value.code == "promise_not_identified"


def test_where_nothing_is_late_there_is_nothing_to_promise(house: House) -> None:
    with pytest.raises(Refusal) as refused:
        promised(house, house.loan(), (1, 100))
    assert refused.value.code == "promise_nothing_late"


def test_a_wrong_role_and_another_branch_take_no_promise(house: House, loan: str) -> None:
    with pytest.raises(Forbidden):
        promised(house, loan, (1, 100), role="custodian")
    elsewhere = house.hire("caller", name="elsewhere", reach="branch")
    with pytest.raises(NotFound):
        promises.promises_of(house.db, by=elsewhere, loan=loan)
    with pytest.raises(NotFound):
        promised(house, loan, (1, 100), role="elsewhere")


STEP = st.sampled_from(["promise", "withdraw", "pay", "speak", "night"])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, min_size=4, max_size=14))
def test_no_promise_leaves_a_live_loan_without_its_duty(db: psycopg.Connection[Any], steps: list[str]) -> None:
    with db.transaction(force_rollback=True):
        house = House(db, DAY).open()
        assert house.people["caller"].active
        loan = house.loan()
        house.sleep(LATE.days)
        for step in steps:
            try:
                with house.db.transaction():
                    if step == "promise":
                        promised(house, loan, (1, 60))
                    elif step == "withdraw":
                        first = promises.promises_of(house.db, by=house.people["caller"], loan=loan)[:1]
                        for each in first:
                            promises.withdraw(
                                house.db,
                                clock=house.clock,
                                by=house.people["caller"],
                                loan=loan,
                                promise=each.public_id,
                                words="撤回（示例）",
                            )
                    elif step == "pay":
                        house.pay(loan, 20)  # never all that is late, however often
                    elif step == "speak":
                        promises.speak(
                            house.db,
                            clock=house.clock,
                            by=house.people["caller"],
                            loan=loan,
                            outcome="reached",
                            words="已说明（示例）",
                            how="came",
                        )
                    else:
                        sleep(house, 1)
            except (Refusal, Forbidden):
                pass
            assert "follow_up" in duties(house, loan)
            broken = [each.state for each in promises.promises_of(house.db, by=house.people["caller"], loan=loan)]
            assert broken.count(PromiseState.LIVE) <= 1
        house.clean()
