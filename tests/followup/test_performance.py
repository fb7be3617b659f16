"""Performance: each figure is a count of records that anybody can count again, and everybody sees how theirs are made up."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from holdfast import contact
from holdfast.duties import take
from holdfast.followup import complaints, performance, promises
from holdfast.followup.performance_model import Figure, Figures, days_of, together
from holdfast.followup.promises_model import Part
from holdfast.kernel.errors import BadInput, Forbidden, NotFound
from holdfast.kernel.money import Money
from holdfast.loans import loan_id_of
from holdfast.parties import Staff
from holdfast.servicing import note_duty, reverse
from tests.books import OFFICER
from tests.servicing.house import DAY, House

LATE = timedelta(days=34)  # the first instalment, 412.00, fell due three days before: 5 April 2026, a Sunday
SAID = "催收电话一天打了三次（示例）"


@pytest.fixture
def house(db: object) -> House:
    return House(db, DAY).open()  # type: ignore[arg-type]


@pytest.fixture
def loan(house: House) -> str:
    loan = house.loan()
    house.sleep(LATE.days)
    return loan


def rung(house: House, loan: str, *, reached: bool, who: str = "caller") -> None:
    contact.enter_call(
        house.db, clock=house.clock, by=house.people[who], loan_id=loan_id_of(house.db, loan), party_id=house.borrower.party_id,
        purpose="collection", reached=reached, rule="contact.hours",
    )  # fmt: skip


def followed_up(house: House, loan: str, who: str = "caller") -> None:
    duty = take(house.db, loan, None, lock=False).open("follow_up")
    assert duty is not None
    note_duty(
        house.db, clock=house.clock, by=house.people[who], loan=loan, duty_no=duty.duty_no, outcome="reached", words="示例", how="came"
    )


def promised(house: House, loan: str, yuan: int, days: int = 2, who: str = "caller") -> None:
    parts = [Part(house.day + timedelta(days=days), Money(yuan * 100, "CNY"))]
    promises.make(house.db, clock=house.clock, by=house.people[who], loan=loan, parts=parts, identified=True)


def sleep(house: House, nights: int) -> None:
    for _ in range(nights):
        day, clock = house.day, house.clock
        house.sleep(1)
        promises.judge_all(house.db, clock=clock, on=day)


def seen(house: House, who: str = "caller", *, by: Staff | None = None, period: str = "month", on: date | None = None) -> Figures:
    found = performance.figures(house.db, by=by or house.people[who], period=period, on=on or house.day)
    return next(each.figures for each in found if each.staff == house.people[who].public_id)


def listed(house: House, figure: Figure, who: str = "caller", *, by: Staff | None = None) -> list[str]:
    of = house.people[who]
    found = performance.lines(house.db, by=by or of, of=of.public_id, figure=figure, period="month", on=house.day)
    return [each.what for each in found]


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [("day", (2026, 4, 5), (2026, 4, 5)), ("week", (2026, 3, 30), (2026, 4, 5)), ("month", (2026, 4, 1), (2026, 4, 30))],
)
def test_a_week_begins_on_monday_and_a_month_on_its_first(
    period: str, first: tuple[int, int, int], last: tuple[int, int, int]
) -> None:  # fmt: skip
    assert days_of(period, date(2026, 4, 5)) == (date(*first), date(*last))


def test_no_other_period_is_known() -> None:
    with pytest.raises(BadInput) as wrong:
        days_of("year", DAY)
    assert wrong.value.field == "period"


def test_money_of_two_currencies_is_never_added_up() -> None:
    both = together([Figures(promised={"CNY": 5}), Figures(promised={"USD": 7}), Figures(promised={"CNY": 1})])
    assert both.promised == {"CNY": 6, "USD": 7}


def test_calls_are_those_of_the_ledger_and_a_call_by_another_is_not_ones_own(house: House, loan: str) -> None:
    rung(house, loan, reached=False)
    rung(house, loan, reached=True)
    rung(house, loan, reached=True, who="officer")
    told = seen(house)
    assert (told.calls, told.reached) == (2, 1)
    assert sorted(listed(house, Figure.CALLS)) == ["not_reached", "reached"]
    assert listed(house, Figure.REACHED) == ["reached"]


def test_yesterdays_calls_are_of_the_week_and_not_of_the_day(house: House, loan: str) -> None:
    house.walk(1)
    rung(house, loan, reached=True)
    house.walk(1)
    assert seen(house, period="day").calls == 0
    assert seen(house, period="week").calls == 1


def by_hand(house: House, loan: str) -> tuple[int, int]:
    """The follow-ups that notes closed: in time and late, counted from the rows."""
    rows = house.db.execute(
        """SELECT r.recorded_at <= d.due_at FROM duty d JOIN record r ON r.loan_id = d.loan_id AND r.seq = d.proof_seq
            WHERE d.loan_id = %s AND d.kind = 'follow_up' AND r.kind = 'contact.noted'""",
        [loan_id_of(house.db, loan)],
    ).fetchall()
    return sum(row[0] for row in rows), sum(not row[0] for row in rows)


def test_a_follow_up_counts_as_in_time_until_its_moment_and_late_after_it(house: House, loan: str) -> None:
    followed_up(house, loan)
    before = by_hand(house, loan)
    assert sum(before) >= 1
    assert (seen(house).in_time, seen(house).late) == before
    house.sleep(12)
    standing = take(house.db, loan, None, lock=False).open("follow_up")
    assert standing is not None and standing.due_at < house.clock.now()
    followed_up(house, loan)
    after = by_hand(house, loan)
    assert (seen(house).in_time, seen(house).late) == after
    assert after[1] > before[1]
    assert set(listed(house, Figure.LATE)) == {"follow_up"}


def test_a_follow_up_that_money_ended_is_nobodys_work(house: House, loan: str) -> None:
    house.pay(loan, 412)
    assert take(house.db, loan, None, lock=False).open("follow_up") is None
    assert seen(house, "officer") == Figures()


def test_the_wait_for_the_first_attempt_ends_with_the_first_call_whoever_made_it(house: House, loan: str) -> None:
    rung(house, loan, reached=False, who="officer")
    first = house.clock.now()
    house.walk(1)
    rung(house, loan, reached=True)
    then = house.clock.now()
    followed_up(house, loan)
    begun = house.db.execute(
        "SELECT window_from FROM duty WHERE loan_id = %s AND kind = 'follow_up' AND closed_on = %s", [loan_id_of(house.db, loan), house.day]
    ).fetchall()
    waits = [max((first if first >= begin else then) - begin, timedelta()) for (begin,) in begun]
    assert waits and first - begun[0][0] in waits
    assert seen(house).first_attempt == sum(waits, timedelta()) / len(waits)
    assert Figures().first_attempt is None


def test_a_promise_counts_for_whoever_took_it_with_what_was_promised_and_what_came(house: House, loan: str) -> None:
    promised(house, loan, 100)
    house.pay(loan, 60)
    found = promises.promises_of(house.db, by=house.people["caller"], loan=loan)[0]
    told = seen(house)
    assert (told.promises, told.kept, told.broken) == (1, 0, 0)
    assert (told.promised, told.received) == ({"CNY": 10_000}, {"CNY": found.received}) == ({"CNY": 10_000}, {"CNY": 6_000})
    sleep(house, 5)
    assert seen(house).broken == 1
    assert seen(house).broken_money == {"CNY": 10_000}
    assert listed(house, Figure.BROKEN) == ["broken"]


def test_more_than_was_promised_is_not_counted_for_the_promise(house: House, loan: str) -> None:
    promised(house, loan, 100)
    house.pay(loan, 300)
    sleep(house, 1)
    told = seen(house)
    assert (told.kept, told.kept_money, told.received) == (1, {"CNY": 10_000}, {"CNY": 10_000})


def test_money_that_was_taken_back_is_not_counted(house: House, loan: str) -> None:
    promised(house, loan, 100)
    house.pay(loan, 60)
    row = house.db.execute("SELECT max(event_no) FROM loan_event WHERE loan_id = %s", [loan_id_of(house.db, loan)]).fetchone()
    assert row is not None
    reverse(house.db, clock=house.clock, by=OFFICER, loan=loan, event_no=row[0], reason="returned（示例）")
    assert seen(house).received == {"CNY": 0}


def test_complaints_about_somebody_stand_beside_their_figures(house: House, loan: str) -> None:
    accused = house.people["caller"].public_id
    found = complaints.take_in(
        house.db, clock=house.clock, by=house.people["officer"], loan=loan, channel="phone", about="collection", words=SAID,
        against=[accused],
    )  # fmt: skip
    assert (seen(house).complaints, seen(house).upheld) == (1, 0)
    complaints.answer(
        house.db, clock=house.clock, by=house.people["approver"], loan=loan, complaint=found.public_id, outcome="upheld", words=SAID
    )
    assert seen(house).upheld == 1
    assert listed(house, Figure.UPHELD) == ["collection"]
    assert seen(house, "officer").complaints == 0


def test_every_figure_is_as_long_as_its_list(house: House, loan: str) -> None:
    rung(house, loan, reached=True)
    followed_up(house, loan)
    promised(house, loan, 100)
    told = seen(house)
    for figure in Figure:
        assert len(listed(house, figure)) == getattr(told, figure), figure
    assert (told.calls, told.promises) == (1, 1)
    assert (told.in_time, told.late) == by_hand(house, loan)


def test_somebody_sees_their_own_and_a_supervisor_everybodys_by_name(house: House, loan: str) -> None:
    caller, officer = house.people["caller"], house.people["officer"]
    assert [each.staff for each in performance.figures(house.db, by=caller, period="month", on=house.day)] == [caller.public_id]
    for role in ("approver", "risk", "auditor"):
        names = [each.name for each in performance.figures(house.db, by=house.people[role], period="month", on=house.day)]
        assert names == sorted(names) and len(names) == 2
    with pytest.raises(Forbidden) as refused:
        listed(house, Figure.CALLS, by=officer)
    assert refused.value.code == "performance_of_others"


@pytest.mark.parametrize("role", ["custodian", "admin", "integrator"])
def test_whose_work_it_is_not_sees_no_figures(house: House, role: str) -> None:
    with pytest.raises(Forbidden):
        performance.figures(house.db, by=house.hire(role), period="day", on=house.day)


def test_a_supervisor_of_another_branch_sees_neither_the_people_nor_their_records(house: House, loan: str) -> None:
    rung(house, loan, reached=True)
    elsewhere = house.hire("approver", name="far", reach="branch")
    assert performance.figures(house.db, by=elsewhere, period="month", on=house.day) == []
    with pytest.raises(NotFound):
        listed(house, Figure.CALLS, by=elsewhere)


def test_a_loan_out_of_sight_counts_for_no_reader(house: House, loan: str) -> None:
    theirs = house.hire("caller", name="near", reach="own")
    rung(house, loan, reached=True, who="near")
    assert seen(house, "near", by=house.people["risk"]).calls == 1
    assert seen(house, "near", by=theirs).calls == 0


def test_a_team_of_two_is_not_shown_together_for_it_would_tell_of_one(house: House, loan: str) -> None:
    caller = house.people["caller"]
    assert performance.team(house.db, by=caller, period="month", on=house.day) is None
    rung(house, loan, reached=True)
    house.hire("caller", name="third")
    found = performance.team(house.db, by=caller, period="month", on=house.day)
    assert found is not None
    assert (found[0], found[1].calls) == (3, 1)


def test_an_unknown_figure_is_named(house: House) -> None:
    with pytest.raises(BadInput) as wrong:
        performance.lines(
            house.db, by=house.people["caller"], of=house.people["caller"].public_id, figure="rank", period="day", on=house.day
        )
    assert wrong.value.field == "figure"
