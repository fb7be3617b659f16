"""The pages of performance: one's own figures, and the records behind each of them."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from holdfast import contact
from holdfast.loans import loan_id_of
from holdfast.policy import set_business_date
from tests.servicing.house import DAY, House
from tests.web.screens import desk


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    house = House(db, DAY).open()
    set_business_date(db, DAY)
    for role in ("caller", "officer", "approver", "custodian"):
        house.hire(role)
    contact.enter_call(
        db, clock=house.clock, by=house.people["caller"], loan_id=loan_id_of(db, house.loan()), party_id=house.borrower.party_id,
        purpose="collection", reached=True, rule="contact.hours",
    )  # fmt: skip
    return house


def test_each_figure_opens_the_records_that_it_counts(house: House) -> None:
    caller = desk(house, "caller")
    mine = house.people["caller"].public_id
    page = caller.get("/performance?period=week").content.decode()
    assert f"/performance/{mine}/reached?period=week" in page
    assert f"/performance/{mine}/broken" not in page  # nothing to open
    opened = caller.get(f"/performance/{mine}/reached?period=week&on={DAY}").content.decode()
    assert "HF-T-0001" in opened
    before = caller.get(f"/performance/{mine}/reached?period=week&on=2026-02-20").content.decode()
    assert "HF-T-0001" not in before


def test_a_colleagues_records_are_refused_and_a_supervisor_opens_them(house: House) -> None:
    address = f"/performance/{house.people['caller'].public_id}/calls"
    assert desk(house, "officer").get(address).status_code == 403
    assert desk(house, "approver").get(address).status_code == 200
    assert desk(house, "custodian").get("/performance").status_code == 403


def test_an_address_that_means_nothing_is_answered_in_words(house: House) -> None:
    caller = desk(house, "caller")
    for query in ("period=century", "on=never", "on=0001-01-01&period=month", "on=9999-12-31"):
        assert caller.get(f"/performance?{query}").status_code == 200, query
    assert caller.get(f"/performance/{house.people['caller'].public_id}/rank").status_code == 422
    assert caller.get("/performance/st_nobody/calls").status_code == 404
