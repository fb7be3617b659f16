"""Two people at two counters at the same moment: one of them wins, and the other is told why."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

import psycopg

from holdfast import collateral
from holdfast.kernel.errors import HoldfastError
from tests.pledges.lives import House, imei, phone


def test_two_intakes_of_one_phone_at_once_cannot_both_win(fresh_urls: Any) -> None:
    with psycopg.connect(fresh_urls.app) as first, psycopg.connect(fresh_urls.app) as second:
        house = House(first, date(2026, 11, 20))
        shared = imei()
        things = [phone(house, imeis=(shared, imei())), phone(house, imeis=(imei(), shared))]
        first.commit()
        collateral.claim(first, thing_id=things[0].thing_id, pledge="pl_first")
        said: list[str] = []

        def come_second() -> None:
            try:
                collateral.claim(second, thing_id=things[1].thing_id, pledge="pl_second")
                said.append("won")
            except HoldfastError as error:
                said.append(error.code)

        waiting = threading.Thread(target=come_second)
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive(), "the second does not wait for the first"
        first.commit()
        waiting.join(30)
        assert said == ["pledged_already"]
        second.rollback()


def test_a_slot_and_a_seal_go_to_one_of_two_at_once(fresh_urls: Any) -> None:
    with psycopg.connect(fresh_urls.app) as first, psycopg.connect(fresh_urls.app) as second:
        house = House(first, date(2026, 11, 20))
        things = [phone(house), phone(house)]
        first.commit()
        place: dict[str, Any] = {"clock": house.clock, "branch_id": house.branch_id, "place": "A-01-01"}
        collateral.custody.expect(first, thing_id=things[0].thing_id, seal_no="SL-90001", **place)
        said: list[str] = []

        def come_second() -> None:
            try:
                collateral.custody.expect(second, thing_id=things[1].thing_id, seal_no="SL-90002", **place)
                said.append("won")
            except HoldfastError as error:
                said.append(error.code)

        waiting = threading.Thread(target=come_second)
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        first.commit()
        waiting.join(30)
        assert said == ["slot_taken"]
        second.rollback()
