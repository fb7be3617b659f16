"""Strategies through the API: drafted and proposed by risk, put live by another, tried, read by all; a bad row is named with its mend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from holdfast.parties import Role
from tests.api.conftest import Api, refused, said
from tests.servicing.house import DAY, House

WHY = "试行新的分工（示例）"
REST = {"id": "rest", "when": {}, "step": "refer", "role": "approver", "script": "none", "points": 100, "why": "其余"}


def call(number: int, **when: Any) -> dict[str, Any]:
    return {"id": f"r{number}", "when": when, "step": "call", "role": "caller", "script": "agree_a_day", "points": 30, "why": "先打电话"}


@pytest.fixture
def house(db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> House:
    """A book whose hour is noon, whatever the machine's is."""
    house = House(db, DAY).open()
    monkeypatch.setattr("holdfast.web.api.operation.clock", lambda _db: house.clock)
    return house


@pytest.fixture
def api(house: House) -> Iterator[Api]:
    api = Api(house.db, house)
    for role in Role:
        if role is not Role.SYSTEM:
            api.hire(f"api-{role.value}", role.value)
            api.tokens[role.value] = api.tokens[f"api-{role.value}"]
    yield api


def test_a_draft_is_written_tried_proposed_and_put_live_by_another(api: Api, house: House) -> None:
    loan = house.loan()
    house.walk(70)
    begun = said(api.post("/strategies/drafts", {"name": "夏季策略"}, "risk"), 201)
    at = f"/strategies/drafts/{begun['id']}"
    rows = [call(1, days_past_due={"from": 0, "to": 9}), call(2, days_past_due={"from": 11, "to": None}), REST]
    gap = said(api.post(f"{at}/rows", {"revision": 1, "rows": rows}, "risk"))
    assert gap["defects"] == ["no row for days_past_due 10"]
    first = {"from_day": str(house.day + timedelta(days=1)), "reason": WHY}
    refused(api.post(f"{at}/propose", first, "risk", key="early"), 422, "strategy_not_whole", "draft")
    rows[1]["when"]["days_past_due"]["from"] = 10
    whole = said(api.post(f"{at}/rows", {"revision": 2, "rows": rows}, "risk", key="again"))
    assert (whole["defects"], whole["revision"], whole["rows"]) == ([], 3, rows)
    tried = said(api.get(f"/strategies/{begun['id']}/trial", "risk", month="2026-04"))
    assert (tried["loans"], tried["steps"]) == (1, [{"step": "call", "now": 1, "tried": 1}])
    assert said(api.get(f"/loans/{loan}/strategy"))["advice"]["says"]["row"] == "r7"
    made = said(api.post(f"{at}/propose", first, "risk"), 202)
    assert (made["standing"], made["version"]) == ("proposed", 1)
    live = said(api.post(f"/strategies/{made['id']}/answer", {"approved": True}, "approver"))
    assert live["standing"] == "to_come"
    house.walk(1)
    found = said(api.get(f"/loans/{loan}/strategy"))["advice"]
    assert (found["says"]["row"], found["strategy"], found["sha256"]) == ("r2", made["id"], made["sha256"])
    assert [each["standing"] for each in said(api.get("/strategies", "auditor"))["items"]] == ["in_force", "past"]
    assert said(api.get(f"/strategies/{made['id']}"))["table"] == made["table"]
    assert said(api.get("/strategies/drafts"))["items"] == []
    again = said(api.post(f"/strategies/{made['id']}/decide", {"facts": found["facts"]}, "caller"))
    assert again == found["says"]


def test_a_bad_row_or_fact_is_named_with_the_mend(api: Api) -> None:
    begun = said(api.post("/strategies/drafts", {"name": "夏季策略"}, "risk"), 201)
    at = f"/strategies/drafts/{begun['id']}/rows"
    for number, (row, field) in enumerate(
        [
            (call(1, gender=["f"]), "gender"),
            (call(1, days_past_due=[3]), "days_past_due"),
            (call(1, paused="yes"), "paused"),
            ({**call(1), "step": "threaten"}, "step"),
            ({**call(1), "script": "none"}, "script"),
        ]
    ):
        refused(api.post(at, {"revision": 1, "rows": [row, REST]}, "risk", key=f"bad-{number}"), 422, "bad_input", field)
    refused(api.post("/strategies/shipped/decide", {"facts": {"days_past_due": "5"}}, "caller"), 422, "bad_input", "class")


def test_a_draft_is_set_aside_and_a_caller_writes_none(api: Api, house: House) -> None:
    begun = said(api.post("/strategies/drafts", {"name": "夏季策略"}, "risk"), 201)
    at = f"/strategies/drafts/{begun['id']}"
    refused(api.post(f"{at}/set-aside", {}, "caller"), 403, "role_may_not")
    assert said(api.get(at))["ended"] is False
    assert said(api.post(f"{at}/set-aside", {}, "risk"))["ended"] is True
    assert said(api.get("/strategies/due", "caller"))["items"] == []
