"""Reminder plans through the API: proposed by risk, put live by another, read by all; bad moments are named with the mend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from holdfast.parties import Role
from tests.api.conftest import Api, refused, said
from tests.servicing.house import DAY, House

WORDS = "短信太晚，提前提醒（示例）"
MOMENTS = [
    {"days": -5, "channels": ["sms"]}, {"days": 0, "channels": ["sms", "voice", "person"]}, {"days": 1, "channels": ["person"]},
]  # fmt: skip


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


def body(house: House, **changes: Any) -> dict[str, Any]:
    first = str(house.day + timedelta(days=3))
    return {"name": "提前提醒", "product": "phone", "from_day": first, "moments": MOMENTS, "words": WORDS, **changes}


def test_a_plan_is_proposed_put_live_by_another_and_binds_from_its_day(api: Api, house: House) -> None:
    made = said(api.post("/reminder-plans", body(house), "risk"), 202)
    assert (made["standing"], made["version"], made["live_at"]) == ("proposed", 1, None)
    assert made["moments"][0] == {"days": -5, "channels": ["sms", "person"]}
    assert {"days": -7, "was": ["sms", "person"], "now": []} in made["differs"]
    live = said(api.post(f"/reminder-plans/{made['id']}/answer", {"approved": True}, "approver"))
    assert live["standing"] == "to_come"
    before = said(api.get("/reminder-plans/in-force", product="phone", on=str(house.day + timedelta(days=2))))
    after = said(api.get("/reminder-plans/in-force", product="phone", on=str(house.day + timedelta(days=3))))
    assert (before["plan"], after["plan"], after["version"]) == (None, made["id"], 1)
    assert [each["days"] for each in before["moments"]][:4] == [-7, -3, -1, 0]
    assert [each["id"] for each in said(api.get("/reminder-plans", "auditor"))["items"]] == [made["id"]]
    second = said(api.post("/reminder-plans", body(house), "risk", key="second"), 202)
    assert second["version"] == 2


def test_nobody_answers_their_own_plan_and_only_risk_proposes(api: Api, house: House) -> None:
    refused(api.post("/reminder-plans", body(house), "officer"), 403, "role_may_not")
    made = said(api.post("/reminder-plans", body(house), "risk"), 202)
    refused(api.post(f"/reminder-plans/{made['id']}/answer", {"approved": True}, "risk"), 403, "approval_maker")
    refused(api.post(f"/reminder-plans/{made['id']}/answer", {"approved": True}, "caller"), 403, "role_may_not")
    assert said(api.get(f"/reminder-plans/{made['id']}"))["standing"] == "proposed"


def test_what_is_wrong_with_a_moment_is_named(api: Api, house: House) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"moments": [{"days": 1, "channels": ["person"]}]}, "moments"),
        ({"moments": [*MOMENTS, {"days": 4, "channels": ["sms"]}]}, "moments[3].channels"),
        ({"from_day": str(house.day)}, "from_day"),
        ({"product": "boat"}, "product"),
    ]
    for number, (changes, field) in enumerate(wrong):
        refused(api.post("/reminder-plans", body(house, **changes), "risk", key=f"wrong-{number}"), 422, "bad_input", field)
    refused(api.get("/reminder-plans/rp_nobody"), 404, "no_reminder_plan", "plan")
