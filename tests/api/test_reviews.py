"""Reviews of businesses through the API: the same rules and refusals as at the desk, amounts with their currency, one act for one key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from holdfast.followup import reviews
from holdfast.parties import Role
from tests.api.conftest import Api, refused, said
from tests.followup.test_reviews import ANSWERS, WORDS, lent
from tests.servicing.house import DAY, House

SUMS = ("turnover", "evidenced", "other_debts")
TOLD = {name: {"minor": answer, "currency": "CNY"} if name in SUMS else answer for name, answer in ANSWERS.items()}


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


def under_review(api: Api, house: House) -> str:
    """A firm's loan, whose next review risk has brought forward through the API."""
    loan = lent(house)
    reviews.call_all(house.db, clock=house.clock, on=house.day)
    body = {"due_on": str(house.day + timedelta(days=5)), "words": WORDS}
    assert said(api.post(f"/loans/{loan}/review-day", body, "risk"))["due_on"] == body["due_on"]
    return loan


def test_a_review_is_begun_drafted_made_and_read_over_the_api(api: Api, house: House) -> None:
    loan = under_review(api, house)
    listed = said(api.get("/reviews"))
    assert (listed["late"], listed["soon"], listed["standing"], listed["unread"]) == (0, 1, 1, 0)
    assert [each["loan"] for each in listed["items"]] == [loan]
    begun = said(api.post(f"/loans/{loan}/reviews", {"means": "call"}), 201)
    path = f"/loans/{loan}/reviews/{begun['id']}"
    draft = said(api.post(f"{path}/draft", {"answers": {"running": "reduced"}}))
    assert draft["opened"]["answers"]["running"] == "reduced"
    body = {"answers": TOLD, "conclusion": "worse", "words": WORDS}
    made = said(api.post(path, body, key="made"))
    assert said(api.post(path, body, key="made")) == made
    assert {name: made["opened"]["answers"][name] for name in TOLD} == TOLD
    assert (made["state"], made["conclusion"]) == ("made", "worse")
    assert said(api.get("/reviews"))["unread"] == 1
    read = said(api.post(f"{path}/reading", {"words": WORDS}, "risk"))
    assert (read["state"], read["opened"]["read"]) == ("read", WORDS)
    of_loan = said(api.get(f"/loans/{loan}/reviews"))
    assert of_loan["next"]["due_on"] == made["next_due_on"]
    assert [each["id"] for each in of_loan["items"]] == [begun["id"]]
    assert said(api.get(f"/loans/{loan}/reviews", "custodian"))["items"][0]["opened"] is None


def test_an_answer_that_is_none_names_its_field(api: Api, house: House) -> None:
    loan = under_review(api, house)
    review = said(api.post(f"/loans/{loan}/reviews", {"means": "call"}), 201)["id"]
    path = f"/loans/{loan}/reviews/{review}"
    foreign = {**TOLD, "turnover": {"minor": 1, "currency": "EUR"}}
    for answers, field in ((foreign, "answers.turnover.currency"), ({**TOLD, "staff": None}, "staff")):
        body = {"answers": answers, "conclusion": "fine", "words": WORDS}
        problem = said(api.post(path, body), 422)
        assert problem["field"] == field
    stopped = {"answers": {**TOLD, "running": "stopped"}, "conclusion": "fine", "words": WORDS}
    assert said(api.post(path, stopped), 422)["code"] == "review_not_fine"


def test_what_a_role_may_not_do_is_refused_and_what_is_out_of_sight_is_not_there(api: Api, house: House) -> None:
    loan = under_review(api, house)
    refused(api.post(f"/loans/{loan}/reviews", {"means": "call"}, "auditor"), 403, "role_may_not")
    api.hire("elsewhere", "officer", "branch", branch_id=house.branch_elsewhere())
    said(api.get(f"/loans/{loan}/reviews", "elsewhere"), 404)
    assert said(api.get("/reviews", "elsewhere", which="all"))["items"] == []
