"""The pages of complaints: at the desk and on the borrower's phone."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from holdfast.followup import complaints
from holdfast.policy import set_business_date
from tests.servicing.house import DAY, House
from tests.web.screens import desk, form_of, on_the_phone

SAID = "多收了一笔费用（示例）"


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    house = House(db, DAY).open()
    set_business_date(db, DAY)
    for role in ("caller", "approver", "risk"):
        house.hire(role)
    return house


def test_a_caller_takes_a_complaint_in_and_an_approver_answers_it(house: House) -> None:
    loan = house.loan()
    caller, approver = desk(house, "caller"), desk(house, "approver")
    page = caller.get(f"/loans/{loan}/complaints").content.decode()
    assert "Nobody has complained about this loan." in page
    shot = SimpleUploadedFile("shot.png", b"\x89PNG\r\n\x1a\n" + b"x" * 20)
    sent = {**form_of(page)[1], "channel": "phone", "about": "price", "words": SAID, "file": shot}
    assert caller.post(f"/loans/{loan}/complaints", sent).status_code == 302
    page = approver.get(f"/loans/{loan}/complaints").content.decode()
    assert SAID in page
    assert "To be answered by 9 Mar 2026" in page
    (found,) = complaints.complaints_of(house.db, by=house.people["approver"], loan=loan)
    kept = approver.get(f"/loans/{loan}/follow-up/files/{found.steps[0].attached[0]}")
    assert kept.headers["Content-Type"] == "image/png"
    to = f"/loans/{loan}/complaints/{found.public_id}/answer"
    key = form_of(page, "/answer")[1]
    refused = approver.post(to, {**key, "outcome": "upheld", "words": "x"})
    assert refused.status_code == 422
    assert approver.post(to, {**key, "outcome": "upheld", "words": "已退还（示例）"}).status_code == 302
    assert "The borrower is right" in approver.get("/complaints").content.decode()
    assert found.public_id in approver.get("/complaints.csv").content.decode()


def test_whoever_is_complained_of_sees_why_there_is_no_form(house: House) -> None:
    loan = house.loan()
    complaints.take_in(
        house.db, clock=house.clock, by=house.people["caller"], loan=loan, channel="phone", about="service", words=SAID,
        against=[house.people["approver"].public_id],
    )  # fmt: skip
    page = desk(house, "approver").get(f"/loans/{loan}/complaints").content.decode()
    assert "This complaint is about you." in page
    assert "Answer in writing" not in page


def test_the_borrower_complains_reads_the_answer_and_does_not_accept_it(house: House) -> None:
    loan = house.loan()
    phone = on_the_phone(house.borrower.public_id)
    to = f"/borrower/loans/{loan}/complaint"
    assert "Something is not right?" in phone.get(to).content.decode()
    assert phone.post(to, {"about": "price", "words": "x"}).status_code == 422
    assert phone.post(to, {"about": "price", "words": SAID}).status_code == 302
    page = phone.get(to).content.decode()
    assert "You have our answer by 9 Mar 2026" in page
    (found,) = complaints.complaints_of(house.db, by=house.people["risk"], loan=loan)
    assert phone.post(f"{to}/{found.public_id}/more", {"words": "还有一笔（示例）"}).status_code == 302
    complaints.answer(
        house.db, clock=house.clock, by=house.people["approver"], loan=loan, complaint=found.public_id, outcome="not_upheld",
        words="合同已写明（示例）",
    )  # fmt: skip
    page = phone.get(to).content.decode()
    assert "合同已写明（示例）" in page
    assert "I do not accept this answer" in page
    assert phone.post(f"{to}/{found.public_id}/more", {"words": "不认可（示例）"}).status_code == 302
    assert "To be answered a second time" in phone.get(to).content.decode()
