"""Texts through the API: drafted and checked, agreed to by another person, and what is wrong is named with its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from holdfast.contact import TEMPLATES
from holdfast.parties import Role
from tests.api.conftest import Api, refused, said
from tests.servicing.house import DAY, House

PATH = "/texts/reminder/zh-hans"
OWN = "您好，尾号 {contract} 的合同第 {n} 期 {amount}，{due_on}到期。如已还款请忽略。"


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


def test_a_text_is_drafted_asked_for_agreed_to_and_retired(api: Api) -> None:
    draft = said(api.post(f"{PATH}/draft", {"words": OWN}, "risk"))["versions"][0]
    assert (draft["state"], draft["version"], draft["words"]) == ("draft", 1, OWN)
    asked = said(api.post(f"{PATH}/request", {"sha256": draft["sha256"], "reason": "语气更平和"}, "risk"), 202)
    assert asked["versions"][0]["state"] == "asked" and asked["sent"]["version"] == 0
    yes = {"sha256": draft["sha256"], "approved": True}
    refused(api.post(f"{PATH}/decision", yes, "risk"), 403, "text_writer")
    agreed = said(api.post(f"{PATH}/decision", yes, "approver"))
    assert (agreed["sent"]["version"], agreed["sent"]["words"], agreed["sent"]["sha256"]) == (1, OWN, draft["sha256"])
    assert said(api.get(PATH, "caller")) == agreed
    again = said(api.post(f"{PATH}/retirement", {"reason": "措辞有误"}, "approver"))
    assert again["sent"] == again["shipped"]


def test_a_check_names_each_place_and_keeps_nothing(api: Api) -> None:
    told = said(api.post(f"{PATH}/check", {"words": OWN + "法 院见"}, "caller"))
    assert [(each["code"], each["group"], each["found"]) for each in told["findings"]] == [("forbidden", "impersonation", "法 院")]
    assert told["preview"].startswith("【") and told["segments"] == 1
    assert said(api.get(PATH))["versions"] == []


def test_a_text_with_findings_is_not_asked_for(api: Api) -> None:
    draft = said(api.post(f"{PATH}/draft", {"words": OWN + "￥"}, "risk"))["versions"][0]
    refused(api.post(f"{PATH}/request", {"sha256": draft["sha256"], "reason": "语气更平和"}, "risk"), 409, "text_unclean", "words")
    assert said(api.post(f"{PATH}/drop", {}, "risk"))["versions"][0]["state"] == "retired"


def test_the_list_has_every_text_in_both_languages(api: Api) -> None:
    listed = said(api.get("/texts", "caller"))["items"]
    assert {(each["template"], each["language"]) for each in listed} == {
        (name, tongue) for name in TEMPLATES for tongue in ("zh-hans", "en")
    }


def test_a_text_that_there_is_not_and_a_carrier_over_which_nothing_is_sent_are_named(api: Api) -> None:
    refused(api.get("/texts/gossip/en"), 404, "no_text", "template")
    told = {"carrier": "nobody", "version": 0, "event": "submit"}
    refused(api.post(f"{PATH}/carrier", told, "risk"), 422, "bad_input", "carrier")
    refused(api.post(f"{PATH}/carrier", told, "caller"), 403, "role_may_not")
