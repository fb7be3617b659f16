"""Who may call: callers, within their sight, one person a case and one person a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from holdfast import confirmation
from holdfast.confirmation.observations import observe
from holdfast.kernel.errors import Forbidden, NotFound, Refusal
from holdfast.parties import MAY, Role, Staff
from tests.confirmation.desk import CallDesk

Verb = Callable[[CallDesk, Staff], Any]
VERBS: dict[str, Verb] = {
    "take_case": lambda desk, by: confirmation.take_case(desk.db, clock=desk.clock, by=by, loan=desk.loan),
    "dial": lambda desk, by: confirmation.dial(desk.db, clock=desk.clock, by=by, loan=desk.loan),
    "picked_up": lambda desk, by: confirmation.picked_up(desk.db, clock=desk.clock, by=by, loan=desk.loan),
    "answer": lambda desk, by: confirmation.answer(desk.db, clock=desk.clock, by=by, loan=desk.loan, step="who_calls", answer="goes_on"),
    "send_code": lambda desk, by: confirmation.send_code(desk.db, clock=desk.clock, by=by, loan=desk.loan),
    "try_code": lambda desk, by: confirmation.try_code(desk.db, clock=desk.clock, by=by, loan=desk.loan, digits="123456"),
    "confirm": lambda desk, by: confirmation.confirm(desk.db, clock=desk.clock, by=by, loan=desk.loan),
    "end_call": lambda desk, by: confirmation.end_call(desk.db, clock=desk.clock, by=by, loan=desk.loan, outcome="busy"),
    "fail": lambda desk, by: confirmation.fail(desk.db, clock=desk.clock, by=by, loan=desk.loan, reason="declined"),
    "give_up": lambda desk, by: confirmation.give_up(desk.db, clock=desk.clock, by=by, loan=desk.loan),
    "observe": lambda desk, by: observe(desk.db, clock=desk.clock, by=by, loan=desk.loan, kind="hesitates", evidence="停了很久"),
    "keep_recording": lambda desk, by: confirmation.keep_recording(
        desk.db, clock=desk.clock, by=by, loan=desk.loan, call="cf_x", data=b"OggS", name="x.ogg"
    ),
}  # fmt: skip
OTHERS = [role for role in Role if role not in MAY["confirmation.call"] | {Role.SYSTEM}]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("role", OTHERS)
def test_only_callers_call(desk: CallDesk, verb: str, role: Role) -> None:
    with pytest.raises(Forbidden) as error:
        VERBS[verb](desk, desk.hire(role.value, "somebody"))
    assert error.value.code == "role_may_not"


@pytest.mark.parametrize("verb", VERBS)
def test_a_caller_of_another_branch_does_not_see_the_loan(desk: CallDesk, verb: str) -> None:
    desk.talk()
    with pytest.raises(NotFound):
        VERBS[verb](desk, desk.hire("caller", "western", scope="branch", branch="T"))


def test_the_queue_shows_what_lies_within_sight(desk: CallDesk) -> None:
    west = desk.hire("caller", "western", scope="branch", branch="T")
    assert [each.loan for each in confirmation.queue(desk.db, desk.caller.scope, clock=desk.clock)] == [desk.loan]
    assert confirmation.queue(desk.db, west.scope, clock=desk.clock) == []


@pytest.mark.parametrize("verb", ["picked_up", "answer", "send_code", "try_code", "confirm", "end_call", "fail"])
def test_nobody_speaks_into_a_colleagues_call(desk: CallDesk, verb: str) -> None:
    desk.talk()
    with pytest.raises(Forbidden) as error:
        VERBS[verb](desk, desk.hire("caller", "colleague"))
    assert error.value.code == "anothers_call"


def test_a_case_belongs_to_whoever_took_it(desk: CallDesk) -> None:
    colleague = desk.hire("caller", "colleague")
    confirmation.take_case(desk.db, clock=desk.clock, by=colleague, loan=desk.loan)
    with pytest.raises(Refusal) as error:
        desk.dial()
    assert error.value.code == "case_taken"
    with pytest.raises(Refusal):
        confirmation.take_case(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan)
    confirmation.take_case(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan, instead=True)
    duty = desk.case.open("confirm")
    assert duty is not None and duty.owner_id == desk.caller.staff_id
    assert desk.records()[-1]["says"]["over"] is True
    desk.dial()


def test_taking_ones_own_case_again_changes_nothing(desk: CallDesk) -> None:
    for _ in range(2):
        confirmation.take_case(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan)
    assert [each["kind"] for each in desk.records()].count("confirmation.taken") == 1


def test_whoever_dials_has_the_case(desk: CallDesk) -> None:
    desk.dial()
    duty = desk.case.open("confirm")
    assert duty is not None and duty.owner_id == desk.caller.staff_id


def test_a_case_is_not_taken_out_of_a_call(desk: CallDesk) -> None:
    desk.talk()
    with pytest.raises(Forbidden):
        confirmation.take_case(desk.db, clock=desk.clock, by=desk.hire("caller", "colleague"), loan=desk.loan, instead=True)
