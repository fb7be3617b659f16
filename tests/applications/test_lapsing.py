"""A draft that nobody comes back to is closed by the night, on record; one that somebody works on stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from holdfast import applications
from holdfast.applications import ApplicationState
from holdfast.journal import read_chain
from holdfast.kernel.clock import FixedClock
from tests.applications.people import Shop

DAYS = 30  # application.draft_days of the pack that is shipped


@pytest.fixture
def shop(db: psycopg.Connection[Any]) -> Shop:
    return Shop(db)


def later(shop: Shop, days: int) -> FixedClock:
    return FixedClock(shop.clock.now() + timedelta(days=days))


def test_a_draft_lapses_the_day_after_the_pack_s_days_and_not_before(shop: Shop) -> None:
    me = shop.applicant()
    file = me.start().public_id
    assert applications.lapsing(shop.db, clock=later(shop, DAYS)) == []
    assert applications.lapsing(shop.db, clock=later(shop, DAYS + 1)) == [file]
    applications.lapse(shop.db, clock=later(shop, DAYS + 1), application_id=file)
    assert me.look().state is ApplicationState.CLOSED
    record = read_chain(shop.db, me.look().application_id)[-1]
    assert record.kind == "application.lapsed" and record.says()["days"] == DAYS
    assert me.start().public_id != file, "whoever comes back begins anew"


def test_what_was_touched_meanwhile_or_handed_in_stays(shop: Shop) -> None:
    me = shop.applicant()
    file = me.start().public_id
    me.save(model="iPhone 15")
    assert applications.lapsing(shop.db, clock=later(shop, DAYS)) == []
    applications.lapse(shop.db, clock=later(shop, DAYS - 1), application_id=file)
    assert me.look().state is ApplicationState.DRAFT
    other = shop.applicant("13800138000")
    other.apply()
    assert other.id not in applications.lapsing(shop.db, clock=later(shop, 10 * DAYS))


def test_a_paper_put_in_keeps_a_draft_alive(shop: Shop) -> None:
    me = shop.applicant()
    me.start()
    shop.db.execute("UPDATE application SET started_on = started_on - 40, started_at = started_at - interval '40 days'")
    assert applications.lapsing(shop.db, clock=shop.clock) == [me.id]
    me.attach("invoice")
    assert applications.lapsing(shop.db, clock=shop.clock) == []
