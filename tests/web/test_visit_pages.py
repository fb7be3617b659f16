"""The pages of field visits, as the two see them on their phones."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from holdfast.followup import visits
from tests.servicing.house import DAY, House
from tests.web.screens import desk, form_of, live_at

HOME = "杭州市西湖区文三路 1 号 示例"


@pytest.fixture
def house(db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> House:
    house = House(db, DAY).open()
    live_at(monkeypatch, house)
    for role in ("caller", "officer", "risk"):
        house.hire(role) if role not in house.people else None
    return house


def test_a_visit_is_planned_begun_reported_and_confirmed_on_the_pages(house: House) -> None:
    loan = house.loan()
    caller, officer = desk(house, "caller"), desk(house, "officer")
    to = f"/loans/{loan}/visits"
    page = caller.get(to).content.decode()
    two = {"first": house.people["caller"].public_id, "second": house.people["officer"].public_id}
    tomorrow = house.day + timedelta(days=1)
    sent = {**form_of(page)[1], **two, "reason": "arrears", "planned_for": f"{tomorrow}T22:30", "address": HOME, "words": "谈还款（示例）",
            "lat": "30.274100", "lon": "120.156100"}  # fmt: skip
    night = caller.post(to, sent)
    assert night.status_code == 422
    assert "Rule: contact.quiet_hours" in night.content.decode()
    assert caller.post(to, {**sent, "planned_for": f"{tomorrow}T10:00"}).status_code == 302
    (found,) = visits.visits_of(house.db, by=house.people["caller"], loan=loan)
    assert HOME in officer.get(to).content.decode()
    assert HOME not in desk(house, "risk").get(to).content.decode()
    house.walk(1)
    page = caller.get(to).content.decode()
    assert caller.post(f"{to}/{found.public_id}/begin", form_of(page, "/begin")[1]).status_code == 302
    page = caller.get(to).content.decode()
    told = {**form_of(page, "/report")[1], "lat": "30.2741", "lon": "120.1551", "accuracy_m": "12", "met": "borrower", "told": "borrower",
            "outcome": "promised", "words": "月底还（示例）"}  # fmt: skip
    assert caller.post(f"{to}/{found.public_id}/report", told).status_code == 422  # no photo
    shot = SimpleUploadedFile("door.png", b"\x89PNG\r\n\x1a\n" + b"x" * 20)
    assert caller.post(f"{to}/{found.public_id}/report", {**told, "photo": shot}).status_code == 302
    page = caller.get(to).content.decode()
    assert "96 m from the known address" in page
    assert "You wrote the report" in page
    page = officer.get(to).content.decode()
    assert officer.post(f"{to}/{found.public_id}/confirm", form_of(page, "/confirm")[1]).status_code == 302
    assert "Confirmed by both" in officer.get("/visits?all").content.decode()
    assert "No visit is planned." in officer.get("/visits").content.decode()
