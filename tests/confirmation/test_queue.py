"""Whose turn it is: past the deadline first, then what was agreed, then the nearest deadline; each with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from holdfast import confirmation
from holdfast.confirmation import Turn, Waiting
from holdfast.confirmation.rules import turn_of
from tests.confirmation.desk import CallDesk

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
CASE = Waiting(
    "ln_x", 1, "张*", "手机质押借款", "Phone pledge loan", "CNY", NOW + timedelta(hours=4), NOW, None, None, "waiting", None, 0, False
)


@pytest.mark.parametrize(
    ("change", "used", "turn"),
    [
        ({}, 10, Turn.DEADLINE),
        ({}, 80, Turn.NEAR_DEADLINE),
        ({"due_at": NOW}, 100, Turn.PAST_DEADLINE),
        ({"call_back_at": NOW, "state": "to_call_back"}, 10, Turn.CALL_BACK_NOW),
        ({"call_back_at": NOW + timedelta(hours=1), "state": "to_call_back"}, 10, Turn.CALL_BACK_LATER),
        ({"call_back_at": NOW + timedelta(hours=1), "due_at": NOW}, 100, Turn.PAST_DEADLINE),
        ({"state": "in_call"}, 90, Turn.IN_CALL),
        ({"unreached": 6}, 10, Turn.ATTEMPTS_USED),
        ({"frozen": True, "due_at": NOW}, 100, Turn.FROZEN),
    ],
)
def test_each_case_stands_where_it_stands_for_a_reason(change: dict[str, Any], used: int, turn: Turn) -> None:
    assert turn_of(replace(CASE, **change), now=NOW, used=used, most=6) is turn


def test_the_queue_holds_what_waits_and_nothing_else(desk: CallDesk) -> None:
    (waiting,) = confirmation.queue(desk.db, desk.caller.scope, clock=desk.clock)
    assert (waiting.loan, waiting.turn, waiting.owner_id) == (desk.loan, Turn.DEADLINE, None)
    desk.confirmed()
    assert confirmation.queue(desk.db, desk.caller.scope, clock=desk.clock) == []


def test_the_most_pressing_stands_first(desk: CallDesk) -> None:
    second = desk.shop.applicant("13912345679")
    second.start()
    second.fill(imei1="352099001761481", imei2="490154203237526", id_number=None, name="王示例")
    from tests.applications.people import id_number

    second.save(id_number=id_number(order=7))
    other = second.submit().loan
    desk.talk()
    desk.end("call_back", call_back_at=desk.now + timedelta(hours=2))
    order = [(each.loan, each.turn) for each in confirmation.queue(desk.db, desk.caller.scope, clock=desk.clock)]
    assert order == [(other, Turn.DEADLINE), (desk.loan, Turn.CALL_BACK_LATER)]
    desk.wait(7_200)
    order = [(each.loan, each.turn) for each in confirmation.queue(desk.db, desk.caller.scope, clock=desk.clock)]
    assert order[0] == (desk.loan, Turn.CALL_BACK_NOW)
