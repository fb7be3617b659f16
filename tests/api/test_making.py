"""Making a loan, and computing one that is not made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Api, refused, said

CNY_1200 = {"minor": 120_000, "currency": "CNY"}


def terms(api: Api, **changes: Any) -> dict[str, Any]:
    """1,200.00 in three equal parts of principal at 12 % a year."""
    return {
        "principal": CNY_1200,
        "method": "equal_principal",
        "rate": {"ppb": 120_000_000, "per": "year"},
        "instalments": 3,
        "disbursed_on": str(api.book.day),
        **changes,
    }


def loan(api: Api, **changes: Any) -> dict[str, Any]:
    borrower = {"name": "示例甲", "phone": "13800000000"}
    return {"contract_no": "示例-2026-1", "product": "phone", "borrower": borrower, "terms": terms(api), **changes}


def test_a_loan_is_made_with_its_borrower_schedule_and_first_duty(api: Api) -> None:
    made = said(api.post("/loans", loan(api)), 201)
    found = said(api.get(f"/loans/{made['loan']}"))
    assert (found["contract_no"], found["state"]) == ("示例-2026-1", "active")
    assert found["balances"]["principal_out"] == CNY_1200
    assert found["next_duty"]["kind"] == "reminder"
    assert found["officer"] == api.people["officer"].name
    assert [row["due"]["minor"] for row in said(api.get(f"/loans/{made['loan']}/schedule"))["items"]] == [41_200, 40_800, 40_400]


def test_what_identifies_the_borrower_is_never_answered_in_clear(api: Api) -> None:
    made = said(api.post("/loans", loan(api)), 201)
    for part in ("", "/timeline", "/events", "/journal"):
        text = api.get(f"/loans/{made['loan']}{part}").content.decode()
        assert "示例甲" not in text and "13800000000" not in text
    assert said(api.get(f"/loans/{made['loan']}"))["borrower"] == "示*"


def test_the_products_terms_fill_what_the_contract_leaves_out(api: Api) -> None:
    api.db.execute(
        "INSERT INTO product_version VALUES ('phone', 2, %s, '2020-01-01')",
        ['{"method":"equal_principal","rate":{"ppb":120000000,"per":"year"},"instalments":3}'],
    )
    made = said(api.post("/loans", loan(api, terms={"principal": CNY_1200, "disbursed_on": str(api.book.day)})), 201)
    found = said(api.get(f"/loans/{made['loan']}"))
    assert (found["product_version"], found["terms"]["method"], found["terms"]["instalments"]) == (2, "equal_principal", 3)


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"product": "moon"}, 422, "bad_input", "product"),
        ({"branch": "Z"}, 422, "bad_input", "branch"),
        ({"borrower": {"name": ""}}, 422, "bad_input", "borrower.name"),
        ({"borrower": {"name": "示例", "phone": "12"}}, 422, "bad_input", "phone"),
        ({"terms": {"principal": CNY_1200, "disbursed_on": "2026-01-01"}}, 422, "bad_input", "terms.method"),
        ({"terms": {"principal": {"minor": 5, "currency": "CNY"}}}, 422, "bad_input", "terms.disbursed_on"),
    ],
)
def test_a_loan_that_cannot_be_made_is_refused_by_field(api: Api, change: dict[str, Any], status: int, code: str, field: str) -> None:
    refused(api.post("/loans", loan(api, **change)), status, code, field)
    assert api.db.execute("SELECT count(*) FROM loan").fetchone() == (0,)
    assert api.db.execute("SELECT count(*) FROM party").fetchone() == (0,)


def test_a_contract_number_is_used_once(api: Api) -> None:
    said(api.post("/loans", loan(api)), 201)
    refused(api.post("/loans", loan(api)), 409, "contract_no_taken", "contract_no")


def test_a_rate_above_the_ceiling_is_refused_with_its_rule(api: Api) -> None:
    response = api.post("/loans", loan(api, terms=terms(api, rate={"ppb": 990_000_000, "per": "year"})))
    assert response.status_code == 409, response.content


def test_a_schedule_is_computed_and_nothing_is_stored(api: Api) -> None:
    plan = said(api.post("/schedules", {"terms": terms(api)}))
    assert [item["due"]["minor"] for item in plan["items"]] == [41_200, 40_800, 40_400]
    assert plan["interest"]["minor"] == 2_400
    assert plan["items"][-1]["balance_after"]["minor"] == 0
    assert plan["apr_nominal"] == "0.1200"
    assert api.db.execute("SELECT count(*) FROM loan").fetchone() == (0,)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rate": {"ppb": 1.5, "per": "year"}}, "terms.rate.ppb"),
        ({"rate": {"ppb": 1, "per": "decade"}}, "terms.rate.per"),
        ({"instalments": 1_001}, "terms.instalments"),
        ({"instalments": 1_000, "every_count": 366}, "terms.instalments"),
        ({"rate": {"ppb": 10_000_000_000, "per": "day"}, "every_unit": "days"}, "terms.rate"),
        ({"instalment_amount": {"minor": 1, "currency": "USD"}}, "terms.instalment_amount.currency"),
        ({"fees": [{"name": "x", "amount": {"minor": 1, "currency": "USD"}, "at": "disbursement"}]}, "terms.fees[0].amount.currency"),
        ({"fees": [{"name": "x", "amount": CNY_1200, "at": "disbursement"}]}, "terms.fees"),
        ({"allocation": ["fee", "fee", "fee", "fee"]}, "terms.allocation"),
        ({"first_due_on": "2001-01-01"}, "terms.first_due_on"),
    ],
)
def test_terms_that_make_no_schedule_are_refused_by_field(api: Api, change: dict[str, Any], field: str) -> None:
    refused(api.post("/schedules", {"terms": terms(api, **change)}), 422, "bad_input", field)
