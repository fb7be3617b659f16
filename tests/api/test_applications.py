"""Applications through the API: taken in for somebody at the counter, whole or not at all, by whom it is open to."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

from holdfast.applications import CONSENTS
from holdfast.contact import dispatch
from holdfast.policy import clock
from holdfast.products import Offer, define, new_version
from tests.api.conftest import Api, said
from tests.applications.people import FACTS, PAPERS, PRIVATE, PRODUCT, Phone, picture

ASKED = {"number": "13912345678", "product": PRODUCT, "amount": {"minor": 400_000, "currency": "CNY"}, "instalments": 6, "branch": "T"}
PICTURE = base64.b64encode(picture()).decode()


@pytest.fixture(autouse=True)
def product(api: Api) -> None:
    define(api.db, code=PRODUCT, name_zh="手机质押借款", name_en="Phone pledge loan", collateral="phone")
    terms = {"method": "equal_instalment", "rate": {"ppb": 12_000_000, "per": "month"}}
    new_version(api.db, code=PRODUCT, terms=terms, from_date=clock(api.db).today(), offer=Offer("CNY", 100_000, 800_000, (3, 6, 12)))


def begun(api: Api, who: str = "officer") -> str:
    return str(said(api.post("/applications", ASKED, who), 201)["id"])


def filled(api: Api) -> str:
    file = begun(api)
    said(api.post(f"/applications/{file}/facts", {"facts": {**PRIVATE, **FACTS}}))
    for slot in PAPERS:
        said(api.post(f"/applications/{file}/papers", {"slot": slot, "name": "p.png", "content": PICTURE}))
    wanted = {text.purpose: text.needed for text in CONSENTS.values()}
    sent = said(api.post(f"/applications/{file}/consent-code", {"consents": wanted}), 201)
    assert not said(api.post(f"/applications/{file}/consent-code/attempts", {"code": sent["code"], "digits": "000000"}))["right"]
    digits = read_out(api)
    assert said(api.post(f"/applications/{file}/consent-code/attempts", {"code": sent["code"], "digits": digits}))["right"]
    said(api.post(f"/applications/{file}/facts", {"consents": wanted, "code": sent["code"]}))
    return file


def read_out(api: Api) -> str:
    """The digits that came to the borrower's phone."""
    phone = Phone()
    dispatch(api.db, {"sms": phone}, clock=clock(api.db), limit=50)
    return next(found[0] for letter in reversed(phone.letters) if (found := re.search(r"(?<![0-9])[0-9]{6}(?![0-9])", letter.text)))


def test_an_application_is_taken_in_step_by_step_and_becomes_a_loan(api: Api) -> None:
    file = filled(api)
    assert said(api.get(f"/applications/{file}"))["missing"] == []
    made = said(api.post(f"/applications/{file}/submission", {}), 201)
    assert made["contract_no"].startswith("HF-")
    assert said(api.get(f"/loans/{made['loan']}"))["state"] == "submitted"
    (line,) = said(api.get("/applications", state="submitted"))["items"]
    assert (line["id"], line["loan"], line["applicant"]) == (file, made["loan"], "张*")


def test_what_identifies_the_person_or_the_phone_is_never_answered(api: Api) -> None:
    text = api.get(f"/applications/{filled(api)}").content.decode()
    for secret in (PRIVATE["name"], PRIVATE["id_number"], FACTS["imei1"], "13912345678"):
        assert secret not in text


def test_an_incomplete_file_is_refused_by_field(api: Api) -> None:
    told = api.post(f"/applications/{begun(api)}/submission", {})
    assert (told.status_code, told.json()["code"]) == (409, "application_incomplete")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("facts", {"facts": {"imei1": "1"}}, 422, "imei1"),
        ("facts", {"facts": {"shoe_size": 42}}, 422, "shoe_size"),
        ("facts", {"facts": {"name": "张\u0000"}}, 422, "name"),
        ("papers", {"slot": "invoice", "name": "p", "content": "not base64!"}, 422, "content"),
        ("papers", {"slot": "nowhere", "name": "p", "content": PICTURE}, 422, "slot"),
        ("facts", {"consents": {"service": True}}, 409, "code"),
    ],
)
def test_bad_input_is_named_by_its_field(api: Api, path: str, body: dict[str, Any], status: int, field: str) -> None:
    told = api.post(f"/applications/{begun(api)}/{path}", body)
    assert (told.status_code, told.json()["field"]) == (status, field)  # type: ignore[attr-defined]


@pytest.mark.parametrize("who", ["approver", "custodian", "risk", "auditor", "admin"])
def test_other_roles_look_and_do_nothing(api: Api, who: str) -> None:
    file = begun(api)
    assert api.get(f"/applications/{file}", who).status_code == 200
    assert api.post("/applications", ASKED, who).status_code == 403
    assert api.post(f"/applications/{file}/facts", {"facts": {"model": "x"}}, who).status_code == 403
    assert api.post(f"/applications/{file}/submission", {}, who).status_code == 403


def test_a_loan_s_file_is_supplemented_given_back_and_withdrawn(api: Api) -> None:
    loan = said(api.post(f"/applications/{filled(api)}/submission", {}), 201)["loan"]
    said(api.post(f"/loans/{loan}/application/supplement", {"facts": {"colour": "black"}, "source": "call 1"}, "caller"))
    back = said(api.post(f"/loans/{loan}/application/return", {"fields": ["invoice"], "words": "请重拍发票"}))
    assert back["state"] == "returned"
    assert said(api.post(f"/loans/{loan}/application/withdrawal", {"words": "客户不借了"}))["state"] == "withdrawn"
    assert api.post(f"/loans/{loan}/application/withdrawal", {"words": "客户不借了"}).status_code == 409


def test_a_draft_is_closed_and_a_page_of_the_list_has_its_next(api: Api) -> None:
    first = begun(api)
    assert said(api.post(f"/applications/{first}/close", {}))["state"] == "closed"
    begun(api)
    page = said(api.get("/applications", limit=1))
    assert len(said(api.get("/applications", limit=1, next=page["next"]))["items"]) == 1
    assert api.get("/applications", next="x").status_code == 422
