"""Relief and programmes at the desk and by API: who finds which form, what a refusal says, and the whole way through."""

from __future__ import annotations

import csv
import re
from datetime import date
from io import StringIO
from typing import Any

import psycopg
import pytest

from holdfast.policy import set_business_date
from tests.api.conftest import Api, refused, said, settled_in
from tests.books import round_terms
from tests.servicing.house import DAY, House
from tests.web.screens import desk, sent

LATE: dict[str, Any] = {"minor": 500, "currency": "CNY"}


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    house = House(db, DAY).open()
    set_business_date(db, DAY)
    return house


def test_the_acts_stand_behind_one_disclosure_for_whoever_may(house: House) -> None:
    loan = house.loan()
    for role, acts in (("officer", 4), ("approver", 3), ("caller", 0), ("auditor", 0)):
        page = desk(house, role).get(f"/loans/{loan}").content.decode()
        assert len(set(re.findall(rf"/loans/{loan}/relief/(\w+)", page))) == acts, role


def test_a_charge_is_asked_at_the_desk_and_answered_by_another(house: House) -> None:
    loan = house.loan()
    officer, approver = desk(house, "officer"), desk(house, "approver")
    given = {"name": "估值费", "ground": "agreed", "amount": "5.00", "reason": "书面同意（示例）"}
    assert sent(officer, f"/loans/{loan}/relief/charge", **given).status_code == 302
    assert "Put a charge on the loan CNY 5.00" in approver.get(f"/loans/{loan}").content.decode()
    assert sent(approver, f"/loans/{loan}", to="/requests/", approved="yes", words="同意").status_code == 302
    assert house.state(loan).instalments[0].fee == 500


@pytest.mark.parametrize(
    ("act", "given", "why"),
    [
        ("charge", {"name": "x", "ground": "agreed", "percent": "abc", "reason": "示例理由"}, "Write the percentage in figures"),
        ("charge", {"name": "x", "ground": "agreed", "amount": "900", "reason": "示例理由"}, "ceiling"),
        ("waiver", {"penalty": "1.00", "reason": "示例理由"}, "More than is unpaid"),
        ("goodwill", {"amount": "5000", "reason": "示例理由"}, "not more than what ends the loan"),
        ("pause", {"starts_on": "2026-03-02", "ends_on": "2026-12-31", "why": "dispute", "reason": "示例理由"}, "At most 90 days"),
        ("resume", {"reason": "示例理由"}, "is not paused"),
    ],
)
def test_a_form_that_is_refused_says_why_and_keeps_what_was_typed(house: House, act: str, given: dict[str, str], why: str) -> None:
    loan = house.loan()
    answer = sent(desk(house, "officer"), f"/loans/{loan}/relief/{act}", **given)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert why in page and "示例理由" in page
    assert house.kinds(loan) == ["loan.disbursed"]


def test_who_may_not_finds_no_form(house: House) -> None:
    loan = house.loan()
    assert desk(house, "caller").get(f"/loans/{loan}/relief/charge").status_code == 403
    assert desk(house, "officer").get(f"/loans/{loan}/relief/unknown").status_code == 404
    assert desk(house, "officer").get("/loans/ln_none/relief/charge").status_code == 404


def test_a_programme_goes_its_whole_way_at_the_desk(house: House) -> None:
    loans = [house.loan(), house.loan()]
    left_out = house.loan(instalments=1)
    risk, approver = desk(house, "risk"), desk(house, "approver")
    given = {"name": "示例洪水", "cause": "flood", "products": "phone", "kind": "defer", "months": "2"}
    drawn = sent(risk, "/programmes", **given)
    assert drawn.status_code == 302
    path = drawn["Location"]
    page = risk.get(path).content.decode()
    assert "CNY 48.00" in page and "longer than its first term" in page
    rows = list(csv.DictReader(StringIO(risk.get(f"{path}/loans.csv").content.decode("utf-8-sig"))))
    assert [(row["loan"], row["outcome"], row["extra_interest"]) for row in rows] == [
        (loans[0], "planned", "24.00"), (loans[1], "planned", "24.00"), (left_out, "left_out", "0.00"),
    ]  # fmt: skip
    assert sent(risk, path, to="/ask", reason="洪水断路（示例）").status_code == 302
    assert 'name="approved"' not in risk.get(path).content.decode()
    assert sent(approver, path, to="/decide", approved="yes", words="同意").status_code == 302
    assert sent(risk, path, to="/run").status_code == 302
    assert [house.state(loan).instalments[0].due_on for loan in loans] == [date(2026, 6, 2)] * 2
    assert sent(risk, path, to="/back", reason="名单有误（示例）").status_code == 302
    assert sent(approver, path, to="/decide-back", approved="yes", words="同意").status_code == 302
    sent(risk, path, to="/run")
    assert [house.state(loan).instalments[0].due_on for loan in loans] == [date(2026, 4, 2)] * 2
    assert "Taken back" in risk.get(path).content.decode()
    house.clean()


def test_a_programme_that_cannot_be_drawn_up_says_why(house: House) -> None:
    house.loan()
    answer = sent(desk(house, "risk"), "/programmes", name="示例", cause="flood", products="vehicle", kind="defer", months="1")
    assert answer.status_code == 422 and "No loan that is being repaid" in answer.content.decode()
    assert desk(house, "officer").post("/programmes", {}).status_code == 403


# ── by API ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def api(db: psycopg.Connection[Any]) -> Api:
    return settled_in(db)


def lent(api: Api) -> str:
    return api.book.lend(round_terms(api.book.day)).public_id


def test_each_act_is_asked_and_answered_by_api(api: Api) -> None:
    loan = lent(api)
    words = {"name": "估值费", "ground": "agreed", "collected_by": "示例评估", "reason": "书面同意（示例）"}
    asked = said(api.post(f"/loans/{loan}/charges", {**words, "amount": LATE}), 202)
    assert said(api.post(f"/approvals/{asked['id']}/answer", {"approved": True}, "approver"))["request"]["standing"] == "spent"
    assert said(api.get(f"/loans/{loan}/schedule"))["items"][0]["fee"] == LATE
    assert said(api.get(f"/loans/{loan}/waivable"))["fee"]["minor"] == 0
    refused(api.post(f"/loans/{loan}/waivers", {"fee": LATE, "reason": "示例减免"}), 409, "waiver_too_large", "fee")
    refused(api.post(f"/loans/{loan}/charges", {**words, "ppb": 1}), 422, "bad_input", "of")
    given = said(api.post(f"/loans/{loan}/goodwill", {"amount": LATE, "reason": "示例让利"}), 202)
    assert said(api.post(f"/approvals/{given['id']}/answer", {"approved": True}, "approver"))["done"]["record_kind"] == "loan.goodwill"


def test_a_programme_goes_its_way_by_api(api: Api) -> None:
    loan = lent(api)
    body = {"name": "示例洪水", "cause": "flood", "chosen": {"products": ["phone"]}, "kind": "defer", "months": 1}
    made = said(api.post("/programmes", body, "risk"), 201)
    assert (made["loans"], made["state"]) == (1, "planned")
    where = f"/programmes/{made['id']}"
    said(api.post(f"{where}/request", {"shown": made["shown"], "reason": "洪水断路（示例）"}, "risk"), 202)
    refused(api.post(f"{where}/decision", {"shown": made["shown"], "agreed": True}, "risk"), 403, "approval_maker")
    assert said(api.post(f"{where}/decision", {"shown": made["shown"], "agreed": True}, "approver"))["state"] == "running"
    assert said(api.post(f"{where}/run", {}, "risk"))["state"] == "done"
    assert said(api.get(f"{where}/loans", outcome="given"))["items"][0]["loan"] == loan
    assert said(api.get("/programmes"))["items"][0]["given"] == 1
    refused(api.post("/programmes", {**body, "months": 9}, "risk"), 409, "programme_months", "months")
