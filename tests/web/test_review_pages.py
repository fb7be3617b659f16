"""The pages of reviews of businesses: the list, the form that is gone on with later, what is missing said beside its question, and risk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from holdfast.followup import reviews
from tests.followup.test_reviews import WORDS, lent
from tests.servicing.house import DAY, House
from tests.web.screens import desk, form_of, live_at

SAID: dict[str, Any] = {
    "running": "reduced", "sells": "五金零售（示例）", "staff": "3", "premises": "not_seen", "turnover": "86,000", "evidence": ["invoices"],
    "evidenced": "79000.50", "owner_changed": "no", "address_changed": "no", "other_debts": "0", "money_use": "as_agreed",
    "thing": "with_us", "conclusion": "worse", "words": WORDS,
}  # fmt: skip


@pytest.fixture
def house(db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> House:
    """A book whose hour is noon, whatever the machine's is."""
    house = House(db, DAY).open()
    live_at(monkeypatch, house)
    for role in ("officer", "risk", "custodian"):
        house.people[role]
    return house


def under_review(house: House) -> str:
    loan = lent(house)
    reviews.call_all(house.db, clock=house.clock, on=house.day)
    due_on = house.day + timedelta(days=5)
    reviews.bring_forward(house.db, clock=house.clock, by=house.people["risk"], loan=loan, due_on=due_on, words=WORDS)
    return loan


def test_a_review_is_begun_kept_and_made_on_its_page_and_read_by_risk(house: House) -> None:
    loan = under_review(house)
    officer, path = desk(house, "officer"), f"/loans/{loan}/reviews"
    assert path in officer.get("/reviews").content.decode()
    assert "Begin the review" in officer.get(f"/loans/{loan}").content.decode()
    page = officer.get(path).content.decode()
    assert officer.post(path, {**form_of(page, path)[1], "means": "call"}).status_code == 302
    review = reviews.reviews_of(house.db, by=house.people["officer"], loan=loan)[0].public_id
    page = officer.get(path).content.decode()
    key = form_of(page, f"{path}/{review}/make")[1]
    kept = officer.post(f"{path}/{review}/save", {"key": key["key"], "running": "reduced", "turnover": "86000"})
    assert kept.status_code == 302
    page = officer.get(path).content.decode()
    assert 'value="86000.00"' in page
    filled = {**SAID, "key": form_of(page, f"{path}/{review}/make")[1]["key"]}
    lacking = officer.post(f"{path}/{review}/make", {**filled, "sells": "", "conclusion": ""})
    assert lacking.status_code == 422
    page = lacking.content.decode()
    assert "answers-sells-err" in page and "answers-conclusion-err" in page and "answers-staff-err" not in page
    assert officer.post(f"{path}/{review}/make", filled).status_code == 302
    page = officer.get(path).content.decode()
    assert "79,000.50" in page and "Less than before" in page and WORDS in page
    risk = desk(house, "risk")
    page = risk.get(path).content.decode()
    answer = risk.post(f"{path}/{review}/read", {**form_of(page, f"{path}/{review}/read")[1], "words": "停止新增（示例）"})
    assert answer.status_code == 302
    assert "停止新增（示例）" in risk.get(path).content.decode()
    assert "零售" not in desk(house, "custodian").get(path).content.decode()


def test_the_list_is_narrowed_by_view_and_branch(house: House) -> None:
    loan = under_review(house)
    house.branch_elsewhere()
    risk = desk(house, "risk")
    for query, there in (("which=soon", True), ("which=late", False), ("which=worrying", False), ("which=nonsense&branch=br_test", True)):
        assert (f"/loans/{loan}/reviews" in risk.get(f"/reviews?{query}").content.decode()) is there, query


def test_an_earlier_day_is_asked_for_on_the_page(house: House) -> None:
    loan = under_review(house)
    risk, path = desk(house, "risk"), f"/loans/{loan}/reviews"
    page = risk.get(path).content.decode()
    form = form_of(page, f"{path}/next/earlier")[1]
    late = risk.post(f"{path}/next/earlier", {**form, "due_on": str(house.day + timedelta(days=5)), "words": WORDS})
    assert late.status_code == 422
    assert "before 2026-03-07" in late.content.decode()
    assert risk.post(f"{path}/next/earlier", {**form, "due_on": str(house.day + timedelta(days=2)), "words": WORDS}).status_code == 302
    assert "4 Mar 2026" in risk.get(path).content.decode()
