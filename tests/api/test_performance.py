"""Performance through the API: the same figures and refusals as at the desk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from holdfast import contact
from holdfast.loans import loan_id_of
from tests.api.conftest import Api, refused, said
from tests.servicing.house import DAY, House


@pytest.fixture
def house(db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> House:
    house = House(db, DAY).open()
    monkeypatch.setattr("holdfast.web.api.operation.clock", lambda _db: house.clock)
    return house


@pytest.fixture
def api(house: House) -> Iterator[Api]:
    api = Api(house.db, house)
    for role in ("caller", "officer", "approver", "custodian"):
        api.hire(f"api-{role}", role)
        api.tokens[role] = api.tokens[f"api-{role}"]
    yield api


def test_figures_and_their_records_are_had_over_the_api(api: Api, house: House) -> None:
    contact.enter_call(
        house.db, clock=house.clock, by=house.people["caller"], loan_id=loan_id_of(house.db, house.loan()),
        party_id=house.borrower.party_id, purpose="collection", reached=True, rule="contact.hours",
    )  # fmt: skip
    mine = house.people["caller"].public_id
    told = said(api.get(f"/performance?period=month&on={DAY}", "approver"))
    assert (told["since"], told["until"]) == ("2026-03-01", "2026-03-31")
    figures = next(each["figures"] for each in told["items"] if each["staff"] == mine)
    assert (figures["calls"], figures["reached"], figures["first_attempt_seconds"]) == (1, 1, None)
    records = said(api.get(f"/performance/{mine}/calls?period=day&on={DAY}", "approver"))["items"]
    assert [(each["what"], each["contract_no"]) for each in records] == [("reached", "HF-T-0001")]
    assert records[0]["at"] is not None and records[0]["on"] is None


def test_whose_work_it_is_not_is_refused_and_a_wrong_period_is_named(api: Api, house: House) -> None:
    mine = house.people["caller"].public_id
    said(api.get(f"/performance?period=day&on={DAY}", "custodian"), 403)
    refused(api.get(f"/performance/{mine}/calls?period=day&on={DAY}", "officer"), 403, "performance_of_others")
    assert said(api.get(f"/performance?period=year&on={DAY}", "caller"), 422)["field"] == "period"
