"""Money out and money in, through the API: the same verbs, the same refusals."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.api.conftest import ROOT, Api
from tests.books import round_terms


def said(response: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(response.content)
    return body


@pytest.fixture
def loan(api: Api) -> str:
    """A loan that is being repaid, of the branch where everybody sits."""
    return api.book.lend(round_terms(api.book.day)).public_id


def money(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "CNY"}


def hand_in(api: Api, text: str, who: str = "officer", key: str = "file-1") -> Any:
    return api.client.post(
        f"{ROOT}/bank-files", {"file": SimpleUploadedFile("流水.csv", text.encode()), "map": "generic"},
        headers={"Authorization": f"Bearer {api.tokens[who]}", "Idempotency-Key": key},
    )  # fmt: skip


def test_cash_is_taken_into_a_drawer_that_two_close(api: Api, loan: str) -> None:
    refused = api.post(f"/loans/{loan}/cash", {"amount": money(41_200)})
    assert (refused.status_code, said(refused)["code"]) == (409, "no_open_drawer")
    opened = said(api.post("/drawers", {"float_held": money(10_000)}))
    taken = api.post(f"/loans/{loan}/cash", {"amount": money(41_200)})
    assert (taken.status_code, said(taken)["drawer"]) == (201, opened["id"])
    assert said(api.post(f"/drawers/{opened['id']}/count", {"counted": money(51_200)}))["state"] == "counted"
    assert api.post(f"/drawers/{opened['id']}/close", {"counted": money(51_200)}).status_code == 403
    closed = said(api.post(f"/drawers/{opened['id']}/close", {"counted": money(51_200)}, who="approver"))
    assert (closed["state"], closed["difference"]["minor"]) == ("closed", 0)
    assert said(api.get("/drawers"))["items"][0]["id"] == opened["id"]


def test_a_difference_is_settled_by_somebody_else(api: Api) -> None:
    drawer = said(api.post("/drawers", {"float_held": money(10_000)}))["id"]
    short = api.post(f"/drawers/{drawer}/count", {"counted": money(9_000)})
    assert (short.status_code, said(short)["field"]) == (422, "words")
    api.post(f"/drawers/{drawer}/count", {"counted": money(9_000), "words": "ten short"})
    api.post(f"/drawers/{drawer}/close", {"counted": money(9_000)}, who="risk")
    assert api.post(f"/drawers/{drawer}/difference", {"words": "paid in by the cashier"}).status_code == 403
    settled = said(api.post(f"/drawers/{drawer}/difference", {"words": "paid in by the cashier"}, who="approver"))
    assert settled["settled_at"] is not None


def test_a_statement_is_matched_and_the_same_request_again_does_nothing_more(api: Api, loan: str) -> None:
    rows = ["412.00,示例,T-1,R1", "5.00,示例,谢谢,R2", "x,,,R3"]
    text = "交易日期,交易金额,对方户名,摘要,流水号\n" + "".join(f"{api.book.day},{row}\n" for row in rows)
    first = hand_in(api, text)
    assert first.status_code == 201, first.content
    assert said(first)["lines"] == {"matched": 1, "unmatched": 1}
    assert said(first)["report"]["refused"][0]["column"] == "交易金额"
    again = hand_in(api, text)
    assert (again.headers["Idempotent-Replay"], again.content) == ("true", first.content)
    other = said(hand_in(api, text, key="file-2"))
    assert other["lines"] == {"duplicate": 2}
    lines = said(api.get(f"/bank-files/{said(first)['id']}/lines"))["items"]
    assert [line["state"] for line in lines] == ["matched", "unmatched"]


def test_a_line_in_suspense_is_matched_by_two(api: Api, loan: str) -> None:
    hand_in(api, f"交易日期,交易金额,对方户名,摘要\n{api.book.day},5.00,示例李四,谢谢\n")
    (line,) = said(api.get("/suspense"))["items"]
    asked = said(api.post(f"/bank-lines/{line['id']}/match", {"loan": loan, "words": "his brother pays"}))
    assert (asked["state"], asked["loan"]) == ("unmatched", loan)
    assert api.post(f"/bank-lines/{line['id']}/answer", {"approved": True}).status_code == 403
    assert said(api.post(f"/bank-lines/{line['id']}/answer", {"approved": True}, who="approver"))["state"] == "matched"
    assert said(api.get("/suspense"))["items"] == []


def test_money_that_is_no_loan_s_is_set_aside_by_two(api: Api) -> None:
    hand_in(api, f"交易日期,交易金额,摘要\n{api.book.day},5.00,误转\n")
    (line,) = said(api.get("/suspense"))["items"]
    assert api.post(f"/bank-lines/{line['id']}/set-aside", {"words": "sent back today"}).status_code == 202
    assert said(api.post(f"/bank-lines/{line['id']}/answer", {"approved": True}, who="risk"))["state"] == "ignored"


@pytest.mark.parametrize("who", ["caller", "custodian", "approver", "auditor", "risk", "admin"])
def test_only_an_officer_hands_a_statement_in(api: Api, who: str) -> None:
    assert hand_in(api, "交易日期,交易金额\n2026-01-01,1.00\n", who).status_code == 403


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "bad_input"), ("a,b\n1,2\n", "missing_column"), ("PK\x03\x04x", "not_xlsx")],
    ids=["empty", "no heading", "no workbook"],
)
def test_a_file_that_is_no_statement_is_refused_by_its_field(api: Api, text: str, code: str) -> None:
    refused = hand_in(api, text)
    assert refused.status_code in (400, 422) and said(refused)["field"] == "file"


def test_a_payout_is_refused_where_nothing_asks_for_it(api: Api, loan: str) -> None:
    body = {"payee_name": "示例张三", "account": "6222020000000000123"}
    refused = api.post(f"/loans/{loan}/payouts", body)
    assert (refused.status_code, said(refused)["code"]) == (409, "loan_state")
    assert api.post(f"/loans/{loan}/payouts", {**body, "amount": money(1)}).status_code in (400, 422), "the amount is nobody's input"
    assert api.post(f"/loans/{loan}/payouts", body, who="approver").status_code == 403


def test_the_rail_says_that_it_is_a_stand_in(api: Api) -> None:
    rail = said(api.get("/payouts/rail"))
    assert rail["real"] is False and "stand-in" in rail["name"]


def test_what_a_borrower_announced_is_told_apart_from_money(api: Api, loan: str) -> None:
    found = said(api.get(f"/loans/{loan}/intents"))
    assert (found["items"], found["uncleared"]["minor"]) == ([], 0)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/payouts/po_x/check", {"approved": True}), ("/payouts/po_x/cancel", {"words": "not this one"}), ("/payouts/po_x/enquiry", {}),
        ("/payouts/po_x/ruling", {"outcome": "paid", "reference": "letter 1", "words": "the bank says so"}),
        ("/payouts/rulings/aq_x/answer", {"approved": True}), ("/drawers/dr_x/count", {"counted": {"minor": 1, "currency": "CNY"}}),
        ("/bank-lines/bl_x/match", {"loan": "ln_x"}),
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(api: Api, path: str, body: dict[str, Any]) -> None:
    who = "approver" if "check" in path or "rulings" in path else "officer"
    assert api.post(path, body, who=who).status_code == 404


def test_a_file_dated_tomorrow_is_refused_line_by_line(api: Api) -> None:
    tomorrow: date = api.book.day + timedelta(days=1)
    loaded = said(hand_in(api, f"交易日期,交易金额\n{tomorrow},1.00\n"))
    assert (loaded["lines"], len(loaded["report"]["refused"])) == ({}, 1)


# ── the bank's own ways ────────────────────────────────────────────────────────────────────────────────────


def test_the_lenders_account_is_asked_for_by_one_and_answered_by_another(api: Api) -> None:
    body = {"holder": "示例小额贷款", "account": "6222000011112222", "bank": "示例银行", "words": "开户（示例）"}
    assert api.post("/house-account", body, who="officer").status_code == 403
    asked = said(api.post("/house-account", body, who="admin"))
    now = said(api.post(f"/house-account/{asked['id']}/answer", {"approved": True}, who="risk"))
    assert now["account"]["holder"] == said(api.get("/house-account"))["account"]["holder"] == "示例小额贷款"


def test_a_loan_tells_its_pay_code_and_money_with_it_finds_the_loan(api: Api, loan: str) -> None:
    assert api.get(f"/loans/{loan}/pay-code").status_code == 404
    code = said(api.post(f"/loans/{loan}/pay-code", {}))["code"]
    assert said(api.get(f"/loans/{loan}/pay-code"))["code"] == said(api.post(f"/loans/{loan}/pay-code", {}))["code"] == code
    day = api.book.day.isoformat()
    handed = said(hand_in(api, f"交易日期,交易金额,对方户名,摘要,流水号\n{day},12.00,示例别人,{code},R1\n"))
    assert handed["lines"] == {"matched": 1}


def test_money_in_suspense_is_split_and_its_parts_stand_in_the_queue(api: Api) -> None:
    day = api.book.day.isoformat()
    hand_in(api, f"交易日期,交易金额,对方户名,摘要,流水号\n{day},30.00,示例别人,不明,R1\n")
    (line,) = said(api.get("/suspense"))["items"]
    wrong = api.post(f"/bank-lines/{line['id']}/split", {"parts": [money(1000), money(1000)]})
    assert (wrong.status_code, said(wrong)["field"]) == (422, "parts")
    assert len(said(api.post(f"/bank-lines/{line['id']}/split", {"parts": [money(1000), money(2000)]}))["items"]) == 2
    assert sorted(each["amount"]["minor"] for each in said(api.get("/suspense"))["items"]) == [1000, 2000]


def test_what_is_not_there_is_not_found_by_any_of_them(api: Api, loan: str) -> None:
    day = api.book.day.isoformat()
    assert api.post("/payout-files", {"payouts": ["po_x"], "execute_on": day}).status_code in (404, 409)
    assert api.get("/payout-files/pf_x").status_code == 404
    assert api.post("/payouts/po_x/recall", {"words": "要求追回"}).status_code == 404
    assert api.post("/payout-matters/pm_x/answer", {"approved": True}, who="approver").status_code == 404
    assert api.post(f"/loans/{loan}/mandates/md_x/cancel", {"words": "来电取消"}).status_code == 404
    assert api.post(f"/loans/{loan}/debits/follow-up", {"words": "已沟通"}, who="caller").status_code == 422
    assert said(api.get("/mandates"))["items"] == said(api.get("/debits"))["items"] == said(api.get("/payout-matters"))["items"] == []
