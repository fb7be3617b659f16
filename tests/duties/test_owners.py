"""Whose duty it is: taken, given back, handed over, assigned, put off; people who are away; many duties moved in one act."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from holdfast import duties
from holdfast.duties import ownership
from holdfast.duties.ownership import Wanted
from holdfast.duties.ranking import rank, weights_of
from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.loans import loan_id_of
from holdfast.parties import Staff, close_staff
from holdfast.policy import lender
from holdfast.servicing import note_duty, queues
from holdfast.servicing.queues import QueueLine
from holdfast.servicing.reading import look_of
from tests.servicing.house import DAY, House

WHY = "示例缘由"


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    return House(db, DAY).open()


@pytest.fixture(autouse=True)
def points_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever queue a test opens: the points by which the database sorts are those of the rule."""
    real = queues._line

    def checked(row: Any, *more: Any) -> QueueLine:
        found = real(row, *more)
        assert row["points"] == found.rank.points, (dict(row), found.rank)
        return found

    monkeypatch.setattr(queues, "_line", checked)


def late(house: House, loan: str, days: int = 1) -> int:
    """The instalment of 2 April is unpaid by so many days; the number of the open follow-up."""
    house.sleep((date(2026, 4, 2) - house.day).days + days)
    return follow_up(house, loan)


def follow_up(house: House, loan: str) -> int:
    case = duties.take(house.db, loan, None, lock=False)
    duty = case.open("follow_up")
    assert duty is not None
    return duty.duty_no


def line(house: House, by: Staff, view: str = "open", **more: Any) -> list[QueueLine]:
    hands = ownership.hands(house.db, clock=house.clock)
    weights = weights_of(house.pack, lender(house.db), house.day)
    look = look_of(house.db, by.scope, house.clock)
    return list(queues.queue(house.db, look, by, hands, weights, now=house.clock.now(), zone="Asia/Shanghai", view=view, **more).items)


def owner(house: House, loan: str, duty_no: int) -> int | None:
    row = house.db.execute(
        "SELECT owner_id FROM duty WHERE loan_id = %s AND duty_no = %s", [loan_id_of(house.db, loan), duty_no]
    ).fetchone()
    assert row is not None
    found: int | None = row[0]
    return found


def act(house: House, verb: Any, by: Staff, loan: str, no: int, **more: Any) -> Any:
    return verb(house.db, clock=house.clock, by=by, loan=loan, duty_no=no, **more)


# -- one duty --------------------------------------------------------------------------------------


def test_a_duty_is_taken_by_one_person_and_is_then_on_their_list_alone(house: House) -> None:
    loan, caller, second = house.loan(), house.people["caller"], house.hire("caller", name="second")
    no = late(house, loan)
    assert [each.no for each in line(house, second)] == [no]
    record = act(house, ownership.take_duty, caller, loan, no)
    assert (record.kind, record.says()["to"]) == ("duty.taken", caller.public_id)
    assert [each.owner for each in line(house, caller, "mine")] == [caller.name]
    assert line(house, second) == []
    assert act(house, ownership.take_duty, caller, loan, no) is None, "taking it twice writes nothing"
    with pytest.raises(Refusal, match="has duty"):
        act(house, ownership.take_duty, second, loan, no)
    house.clean()


def test_a_duty_of_another_role_is_not_taken(house: House) -> None:
    loan = house.loan()
    no = late(house, loan)
    with pytest.raises(Refusal) as refused:
        act(house, ownership.take_duty, house.people["officer"], loan, no)
    assert refused.value.code == "duty_role"


def test_what_is_taken_can_be_given_back_or_handed_to_a_colleague_and_each_is_on_the_loan_s_chain(house: House) -> None:
    loan, caller, second = house.loan(), house.people["caller"], house.hire("caller", name="second")
    no = late(house, loan)
    with pytest.raises(Refusal, match="not yours"):
        act(house, ownership.give_back, caller, loan, no, reason=WHY)
    act(house, ownership.take_duty, caller, loan, no)
    act(house, ownership.hand_over, caller, loan, no, to=second.public_id, reason=WHY)
    assert owner(house, loan, no) == second.staff_id
    act(house, ownership.give_back, second, loan, no, reason=WHY)
    assert owner(house, loan, no) is None
    assert house.kinds(loan)[-3:] == ["duty.taken", "duty.handed_over", "duty.given_back"]
    house.clean()


def test_a_duty_is_handed_only_to_who_has_the_role_is_there_and_sees_the_loan(house: House) -> None:
    loan, caller = house.loan(), house.people["caller"]
    no = late(house, loan)
    act(house, ownership.take_duty, caller, loan, no)
    far = house.hire("caller", name="far", reach="branch")
    gone = house.hire("caller", name="gone")
    ill = house.hire("caller", name="ill")
    close_staff(house.db, clock=house.clock, by=house.people["admin"].actor, staff=gone)
    ownership.set_absence(house.db, clock=house.clock, by=ill, staff=ill.public_id, from_on=house.day, until_on=house.day, reason=WHY)
    codes = []
    for colleague in (house.people["officer"], far, gone, ill, house.people["auditor"]):
        with pytest.raises(Refusal) as refused:
            act(house, ownership.hand_over, caller, loan, no, to=colleague.public_id, reason=WHY)
        codes.append(refused.value.code)
    assert codes == ["owner_role", "owner_sees_not", "owner_left", "owner_away", "owner_role"]


def test_a_supervisor_assigns_the_duties_of_the_roles_below_and_of_no_other(house: House) -> None:
    loan, caller = house.loan(), house.people["caller"]
    no = late(house, loan)
    act(house, ownership.assign, house.people["approver"], loan, no, to=caller.public_id, reason=WHY)
    assert owner(house, loan, no) == caller.staff_id
    act(house, ownership.assign, house.people["risk"], loan, no, to=None, reason=WHY)
    assert owner(house, loan, no) is None
    for role in ("caller", "officer", "custodian", "auditor"):
        with pytest.raises(Forbidden):
            act(house, ownership.assign, house.people[role], loan, no, to=caller.public_id, reason=WHY)


@pytest.mark.parametrize("role", ["auditor", "admin", "integrator"])
def test_who_works_no_queue_takes_nothing(house: House, role: str) -> None:
    loan = house.loan()
    no = late(house, loan)
    for verb, more in (
        (ownership.take_duty, {}),
        (ownership.give_back, {"reason": WHY}),
        (ownership.hand_over, {"to": "st_x", "reason": WHY}),
        (ownership.snooze, {"until": house.clock.now() + timedelta(hours=1), "reason": WHY}),
    ):
        with pytest.raises(Forbidden):
            act(house, verb, house.people[role], loan, no, **more)


def test_a_loan_out_of_sight_is_not_there_for_any_of_these_verbs(house: House) -> None:
    loan = house.loan()
    no = late(house, loan)
    far, above = house.hire("caller", name="far", reach="branch"), house.hire("approver", name="above", reach="own")
    until = house.clock.now() + timedelta(hours=1)
    for verb, by, more in (
        (ownership.take_duty, far, {}),
        (ownership.give_back, far, {"reason": WHY}),
        (ownership.hand_over, far, {"to": far.public_id, "reason": WHY}),
        (ownership.snooze, far, {"until": until, "reason": WHY}),
        (ownership.assign, above, {"to": None, "reason": WHY}),
    ):
        with pytest.raises(NotFound):
            act(house, verb, by, loan, no, **more)
    assert line(house, far) == []


# -- putting off -----------------------------------------------------------------------------------


def test_a_snooze_hides_the_duty_until_its_hour_and_moves_neither_deadline_nor_escalation(house: House) -> None:
    loan, caller = house.loan(), house.people["caller"]
    no = late(house, loan)
    act(house, ownership.take_duty, caller, loan, no)
    (before,) = line(house, caller)
    until = house.clock.now() + timedelta(hours=2)
    record = act(house, ownership.snooze, caller, loan, no, until=until, reason=WHY)
    assert record.kind == "duty.snoozed"
    assert line(house, caller) == [] and [each.no for each in line(house, caller, "snoozed")] == [no]
    (after,) = line(house, caller, "snoozed")
    assert (after.due_at, after.used, after.told) == (before.due_at, before.used, before.told)
    assert duties.take(house.db, loan, None, lock=False).loan.next_action_at is not None
    hands = ownership.hands(house.db, clock=house.clock)
    look, weights = look_of(house.db, caller.scope, house.clock), weights_of(house.pack, lender(house.db), house.day)
    later = queues.queue(house.db, look, caller, hands, weights, now=until, zone="Asia/Shanghai")
    assert [each.no for each in later.items] == [no]
    house.clean()


def test_a_snoozed_duty_still_reaches_its_supervisor_when_four_fifths_of_its_time_are_used(house: House) -> None:
    loan, caller, above = house.loan(), house.people["caller"], house.people["approver"]
    no = late(house, loan)
    act(house, ownership.take_duty, caller, loan, no)
    (before,) = line(house, caller)
    act(house, ownership.snooze, caller, loan, no, until=before.due_at, reason=WHY)
    hands = ownership.hands(house.db, clock=house.clock)
    weights = weights_of(house.pack, lender(house.db), house.day)

    def told(by: Staff, percent: int) -> list[int]:
        now = before.window_from + (before.due_at - before.window_from) * percent / 100
        look = look_of(house.db, by.scope, house.clock)
        return [each.no for each in queues.queue(house.db, look, by, hands, weights, now=now, zone="Asia/Shanghai", view="told").items]

    assert (told(above, 79), told(above, 80)) == ([], [no])
    assert (told(house.people["risk"], 99), told(house.people["risk"], 100)) == ([], [no])
    assert told(caller, 100) == [], "whoever supervises nobody hears of nobody's"


def test_what_has_passed_its_deadline_stands_on_the_supervisor_s_list_until_it_is_done(house: House) -> None:
    loan, above = house.loan(), house.people["approver"]
    late(house, loan, 3)
    house.walk(2)
    (each,) = line(house, above, "told")
    assert each.used == 100 and each.told == ("owner", "approver", "risk")
    note_duty(house.db, clock=house.clock, by=house.people["caller"], loan=loan, duty_no=each.no, outcome="reached", words=WHY, how="came")
    assert line(house, above, "told") == []


def test_a_duty_is_put_off_twice_at_most_not_beyond_a_day_and_never_past_its_deadline(house: House) -> None:
    loan, caller = house.loan(), house.people["caller"]
    no = late(house, loan)
    now = house.clock.now()
    with pytest.raises(Refusal, match="not yours"):
        act(house, ownership.snooze, caller, loan, no, until=now + timedelta(hours=1), reason=WHY)
    act(house, ownership.take_duty, caller, loan, no)
    due_at = line(house, caller)[0].due_at
    for until in (now, now - timedelta(hours=1), due_at + timedelta(minutes=1), now + timedelta(days=2)):
        with pytest.raises(Refusal) as refused:
            act(house, ownership.snooze, caller, loan, no, until=until, reason=WHY)
        assert refused.value.code == "snooze_until"
    for hours in (1, 2):
        act(house, ownership.snooze, caller, loan, no, until=now + timedelta(hours=hours), reason=WHY)
    with pytest.raises(Refusal) as refused:
        act(house, ownership.snooze, caller, loan, no, until=now + timedelta(hours=3), reason=WHY)
    assert refused.value.code == "snooze_times"


def test_a_refund_that_is_owed_never_waits(house: House) -> None:
    loan, officer = house.loan(), house.people["officer"]
    house.pay(loan, 2_000)
    case = duties.take(house.db, loan, None, lock=False)
    refund = case.open("refund")
    assert refund is not None
    act(house, ownership.take_duty, officer, loan, refund.duty_no)
    with pytest.raises(Refusal) as refused:
        act(house, ownership.snooze, officer, loan, refund.duty_no, until=house.clock.now() + timedelta(hours=1), reason=WHY)
    assert refused.value.code == "snooze_never"


def test_an_act_says_why(house: House) -> None:
    loan, caller = house.loan(), house.people["caller"]
    no = late(house, loan)
    act(house, ownership.take_duty, caller, loan, no)
    with pytest.raises(BadInput) as bad:
        act(house, ownership.give_back, caller, loan, no, reason=" x ")
    assert bad.value.field == "reason"


# -- being away ------------------------------------------------------------------------------------


def away(house: House, by: Staff, person: Staff, stand_in: Staff | None = None, first: int = 0, last: int = 4) -> Any:
    return ownership.set_absence(
        house.db, clock=house.clock, by=by, staff=person.public_id, from_on=house.day + timedelta(days=first),
        until_on=house.day + timedelta(days=last), stand_in=stand_in.public_id if stand_in else None, reason=WHY,
    )  # fmt: skip


def test_while_somebody_is_away_their_duties_stand_with_the_stand_in_and_afterwards_with_them_again(house: House) -> None:
    loan, caller = house.loan(), house.people["caller"]
    second, third = house.hire("caller", name="second"), house.hire("caller", name="third")
    no = late(house, loan)
    act(house, ownership.take_duty, caller, loan, no)
    absence = away(house, caller, caller, second)
    assert [(each.no, each.does) for each in line(house, second, "mine")] == [(no, second.staff_id)]
    assert line(house, third) == []
    assert owner(house, loan, no) == caller.staff_id, "no row is rewritten"
    act(house, ownership.hand_over, second, loan, no, to=third.public_id, reason=WHY)
    assert [each.no for each in line(house, third, "mine")] == [no]
    act(house, ownership.hand_over, third, loan, no, to=second.public_id, reason=WHY)
    ownership.end_absence(house.db, clock=house.clock, by=caller, absence=absence.public_id)
    assert ownership.absences(house.db, clock=house.clock) == []
    kinds = [row[0] for row in house.db.execute("SELECT kind FROM record WHERE loan_id = %s ORDER BY seq", [caller.staff_id]).fetchall()]
    assert kinds[-2:] == ["staff.absent", "staff.back"]


def test_without_a_stand_in_they_are_back_in_the_role_s_queue_and_anyone_of_the_role_may_take_one(house: House) -> None:
    loan, caller, second = house.loan(), house.people["caller"], house.hire("caller", name="second")
    no = late(house, loan)
    act(house, ownership.take_duty, caller, loan, no)
    away(house, caller, caller)
    assert [each.no for each in line(house, second, "role")] == [no]
    act(house, ownership.take_duty, second, loan, no)
    assert owner(house, loan, no) == second.staff_id


def test_what_somebody_who_left_had_taken_is_in_the_queue_again(house: House) -> None:
    loan, caller, second = house.loan(), house.people["caller"], house.hire("caller", name="second")
    no = late(house, loan)
    act(house, ownership.take_duty, caller, loan, no)
    close_staff(house.db, clock=house.clock, by=house.people["admin"].actor, staff=caller)
    assert [each.no for each in line(house, second, "role")] == [no]


def test_a_stand_in_has_the_role_sees_as_much_and_is_there(house: House) -> None:
    caller, far, ill = house.people["caller"], house.hire("caller", name="far", reach="branch"), house.hire("caller", name="ill")
    away(house, ill, ill)
    codes = []
    for deputy in (house.people["officer"], far, ill):
        with pytest.raises(Refusal) as refused:
            away(house, caller, caller, deputy, 1, 2)
        codes.append((refused.value.code, refused.value.field))
    assert codes == [("owner_role", "stand_in"), ("owner_sees_not", "stand_in"), ("owner_away", "stand_in")]
    with pytest.raises(BadInput):
        away(house, caller, caller, caller)


def test_days_are_away_once_and_not_in_the_past(house: House) -> None:
    caller = house.people["caller"]
    away(house, caller, caller, first=0, last=4)
    with pytest.raises(Refusal) as refused:
        away(house, caller, caller, first=4, last=6)
    assert refused.value.code == "absence_overlaps"
    for first, last in ((-1, 2), (6, 5), (6, 500)):
        with pytest.raises(BadInput):
            away(house, caller, caller, first=first, last=last)


def test_a_supervisor_enters_the_absence_of_the_ill_and_a_colleague_may_not(house: House) -> None:
    caller, second = house.people["caller"], house.hire("caller", name="second")
    for role in ("officer", "custodian"):
        with pytest.raises(Forbidden):
            away(house, house.people[role], caller)
    with pytest.raises(Forbidden):
        away(house, second, caller)
    made = away(house, house.people["approver"], caller)
    with pytest.raises(Forbidden):
        ownership.end_absence(house.db, clock=house.clock, by=second, absence=made.public_id)
    ownership.end_absence(house.db, clock=house.clock, by=house.people["admin"], absence=made.public_id)
    with pytest.raises(Refusal, match="has ended"):
        ownership.end_absence(house.db, clock=house.clock, by=caller, absence=made.public_id)


# -- many at once ----------------------------------------------------------------------------------


def test_many_duties_change_hands_in_one_act_with_one_record_that_names_their_digest(house: House) -> None:
    loans = [house.loan() for _ in range(3)]
    first, second = house.people["caller"], house.hire("caller", name="second")
    late(house, loans[0])
    for loan in loans[:2]:
        act(house, ownership.take_duty, first, loan, follow_up(house, loan))
    wanted = Wanted(role="caller", owner=first.public_id, to=second.public_id)
    above = house.people["approver"]
    seen = ownership.preview_move(house.db, clock=house.clock, by=above, wanted=wanted)
    assert [each.loan for each in seen.lines] == loans[:2] and not seen.more and not seen.unseen
    moved = ownership.move(house.db, clock=house.clock, by=above, wanted=wanted, shown=seen.shown, reason=WHY)
    assert moved.count == 2
    assert {owner(house, loan, follow_up(house, loan)) for loan in loans[:2]} == {second.staff_id}
    assert owner(house, loans[2], follow_up(house, loans[2])) is None
    body = house.db.execute(
        "SELECT r.body FROM record r JOIN lender h ON h.chain_id = r.loan_id WHERE r.seq = %s", [moved.record_seq]
    ).fetchone()
    assert body is not None
    told = canonical.decode(bytes(body[0]))
    assert (told["kind"], told["says"]["count"], told["seals"]["lines"]) == ("duties.moved", 2, seen.shown)
    lines = house.db.execute("SELECT count(*) FROM duty_move_line").fetchone()
    assert lines == (2,)
    house.clean()


def test_a_move_does_only_what_was_shown(house: House) -> None:
    loans = [house.loan() for _ in range(2)]
    late(house, loans[0])
    second, above = house.hire("caller", name="second"), house.people["approver"]
    wanted = Wanted(role="caller", to=second.public_id, kinds=("follow_up",))
    seen = ownership.preview_move(house.db, clock=house.clock, by=above, wanted=wanted)
    assert len(seen.lines) == 2
    act(house, ownership.take_duty, house.people["caller"], loans[1], follow_up(house, loans[1]))
    with pytest.raises(Refusal) as refused:
        ownership.move(house.db, clock=house.clock, by=above, wanted=wanted, shown=seen.shown, reason=WHY)
    assert refused.value.code == "move_changed"


def test_what_the_other_does_not_see_stays_and_is_counted(house: House) -> None:
    loan = house.loan()
    late(house, loan)
    far = house.hire("caller", name="far", reach="branch")
    seen = ownership.preview_move(house.db, clock=house.clock, by=house.people["approver"], wanted=Wanted(role="caller", to=far.public_id))
    assert (seen.lines, seen.unseen) == ((), 1)


def test_nobody_moves_duties_that_they_do_not_supervise_or_see(house: House) -> None:
    loan = house.loan()
    late(house, loan)
    wanted = Wanted(role="caller", to=house.people["caller"].public_id)
    for role in ("caller", "officer", "auditor"):
        with pytest.raises(Forbidden):
            ownership.preview_move(house.db, clock=house.clock, by=house.people[role], wanted=wanted)
        with pytest.raises(Forbidden):
            ownership.move(house.db, clock=house.clock, by=house.people[role], wanted=wanted, shown="", reason=WHY)
    far = house.hire("approver", name="far", reach="branch")
    assert ownership.preview_move(house.db, clock=house.clock, by=far, wanted=wanted).lines == ()
    with pytest.raises(Forbidden):
        ownership.preview_move(house.db, clock=house.clock, by=house.people["approver"], wanted=Wanted(role="approver", to=None))


def test_a_move_of_what_is_no_queue_or_no_kind_is_named(house: House) -> None:
    above = house.people["risk"]
    for wanted, field in (
        (Wanted(role="system"), "role"),
        (Wanted(role="nobody"), "role"),
        (Wanted(role="caller", to=house.people["caller"].public_id, kinds=("refund",)), "kinds"),
        (Wanted(role="caller"), "to"),
    ):
        with pytest.raises(BadInput) as bad:
            ownership.preview_move(house.db, clock=house.clock, by=above, wanted=wanted)
        assert bad.value.field == field


# -- the queue -------------------------------------------------------------------------------------


def test_the_order_of_the_database_is_the_order_of_the_rule(house: House) -> None:
    caller = house.people["caller"]
    sizes = (100_000, 2_000_000, 120_000, 600_000, 50_000)
    loans = [house.loan(principal=size) for size in sizes]
    late(house, loans[0], 3)
    note_duty(
        house.db, clock=house.clock, by=caller, loan=loans[4], duty_no=follow_up(house, loans[4]), outcome="promised", words=WHY,
        how="came",
        pay_by=house.day + timedelta(days=1),
    )  # fmt: skip
    house.sleep(5)
    found = line(house, caller)
    assert [each.rank.points for each in found] == sorted((each.rank.points for each in found), reverse=True)
    assert len(found) == 5 and len({each.rank.points for each in found}) > 2
    broken = next(each for each in found if each.loan == loans[4])
    assert ("promise_broken", 25) in [(each.name, each.points) for each in broken.rank.reasons]
    pages: list[QueueLine] = []
    cursor = None
    hands, weights = ownership.hands(house.db, clock=house.clock), weights_of(house.pack, lender(house.db), house.day)
    look = look_of(house.db, caller.scope, house.clock)
    while True:
        page = queues.queue(house.db, look, caller, hands, weights, now=house.clock.now(), zone="Asia/Shanghai", cursor=cursor, limit=2)
        pages += page.items
        cursor = page.next
        if cursor is None:
            break
    assert [(each.loan, each.no) for each in pages] == [(each.loan, each.no) for each in found]


def test_a_promise_that_was_kept_ranks_nothing(house: House) -> None:
    loan, caller = house.loan(), house.people["caller"]
    no = late(house, loan, 3)
    note_duty(house.db, clock=house.clock, by=caller, loan=loan, duty_no=no, outcome="promised", words=WHY, how="came")
    house.walk(1)
    house.pay(loan, 10)
    house.sleep(6)
    (each,) = line(house, caller)
    assert "promise_broken" not in [reason.name for reason in each.rank.reasons]


def test_a_promise_names_a_day_that_is_to_come(house: House) -> None:
    loan, caller = house.loan(), house.people["caller"]
    no = late(house, loan, 3)
    with pytest.raises(BadInput) as bad:
        note_duty(
            house.db,
            clock=house.clock,
            by=caller,
            loan=loan,
            duty_no=no,
            outcome="promised",
            words=WHY,
            how="came",
            pay_by=house.day - timedelta(days=1),
        )
    assert bad.value.field == "pay_by"


def test_a_view_or_a_kind_that_is_none_is_named(house: House) -> None:
    for more, field in (({"view": "nonsense"}, "view"), ({"kind": "nonsense"}, "kind")):
        with pytest.raises(BadInput) as bad:
            line(house, house.people["caller"], **more)
        assert bad.value.field == field


def test_a_freeze_raises_a_duty(house: House) -> None:
    loan, caller = house.loan(), house.people["caller"]
    late(house, loan)
    duties.freeze(house.db, duties.take(house.db, loan, None), clock=house.clock, by=caller.actor, reason="fraud", words=WHY)
    each = next(each for each in line(house, caller) if each.kind == "follow_up")
    assert ("frozen", 10) in [(reason.name, reason.points) for reason in each.rank.reasons]


def test_rank_is_read_from_the_same_facts_that_the_line_shows(house: House) -> None:
    loan, caller = house.loan(), house.people["caller"]
    late(house, loan, 3)
    (each,) = line(house, caller)
    assert each.rank.points == sum(reason.points for reason in each.rank.reasons)
    assert ("exposure", each.exposure.minor) in [(reason.name, reason.figure) for reason in each.rank.reasons]
    assert rank.__doc__
