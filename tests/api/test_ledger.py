"""The ledger over the API: what it says, who may ask, and a month that two people open again."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from holdfast.database.connection import transaction
from holdfast.parties import MAY, Role
from holdfast.policy import note_night, set_business_date
from holdfast.servicing.night import run_night
from tests.api.conftest import Api, refused, said, settled_in

MARCH_2 = date(2026, 3, 2)
OVERSEES = {"risk", "auditor", "admin"}
READS = ("/ledger/trial-balance", "/ledger/accounts/accrued_interest", "/ledger/months", "/ledger/snapshots")


@pytest.fixture
def api(db: Any) -> Api:
    return march(db)


@pytest.fixture
def kept_api(committed_db: Any) -> Api:
    """The same, committed: proofs read one snapshot of their own."""
    with transaction() as db:
        return march(db)


def march(db: Any) -> Api:
    """1,200.00 lent on 2 March at 12 %; every night of March has run, and the book lives on 1 April."""
    set_business_date(db, MARCH_2)
    api = settled_in(db)
    api.book.lend()
    while api.book.day < date(2026, 4, 1):
        run_night(db, clock=api.book.clock, on=api.book.day)
        note_night(db, api.book.day)
        api.book.walk(1)
    set_business_date(db, api.book.day)
    return api


def balances(told: dict[str, Any]) -> dict[str, int]:
    return {each["code"]: each["balance"] for each in told["items"]}


def close(api: Api, month: str = "2026-03", who: str = "risk") -> Any:
    return api.post("/ledger/months", {"month": month}, who=who)


# ── the trial balance, by product and by branch ────────────────────────────────────────────────────────────


def test_the_trial_balance_of_a_day_balances_and_names_each_account_as_the_chart_does(api: Api) -> None:
    told = said(api.get("/ledger/trial-balance", on="2026-03-12"))
    assert (told["as_of"], told["balanced"]) == ("2026-03-12", True)
    assert balances(told) == {"bank": -120_000, "principal_receivable": 120_000, "accrued_interest": 387, "interest_income": -387}
    chart = {each["account"]: each for each in said(api.get("/ledger/chart"))["items"]}
    for each in told["items"]:
        assert (each["number"], each["zh"], each["en"]) == tuple(chart[each["code"]][name] for name in ("code", "zh", "en"))
    assert balances(said(api.get("/ledger/trial-balance", on="2026-03-01"))) == {}


@pytest.mark.parametrize("by", ["product", "branch"])
def test_by_product_and_by_branch_each_part_balances_by_itself(api: Api, by: str) -> None:
    api.book.lend(product="vehicle")
    told = said(api.get("/ledger/trial-balance", by=by))
    parts = {each["part"] for each in told["items"]}
    assert parts == ({"phone", "vehicle"} if by == "product" else {"T"})
    for part in parts:
        assert sum(each["balance"] for each in told["items"] if each["part"] == part) == 0


def test_one_product_s_trial_balance_holds_nothing_of_another(api: Api) -> None:
    assert balances(said(api.get("/ledger/trial-balance", product="vehicle"))) == {}
    assert balances(said(api.get("/ledger/trial-balance", product="phone")))["principal_receivable"] == 120_000


@pytest.mark.parametrize(("query", "field"), [({"by": "colour"}, "by"), ({"on": "12 March"}, "on")])
def test_what_is_asked_wrongly_is_named(api: Api, query: dict[str, str], field: str) -> None:
    refused(api.get("/ledger/trial-balance", **query), 422, "bad_input", field)


# ── the entries of an account ──────────────────────────────────────────────────────────────────────────────


def test_an_account_is_read_page_by_page_and_its_pages_sum_to_its_balance(api: Api) -> None:
    query: dict[str, Any] = {"since": "2026-03-01", "until": "2026-03-31", "limit": 10}
    seen, pages, asked = 0, 0, dict(query)
    while True:
        page = said(api.get("/ledger/accounts/accrued_interest", **asked))
        assert page["before"] == ({"CNY": seen} if seen else {})
        seen += sum(each["amount"] * (1 if each["debit"] == "accrued_interest" else -1) for each in page["items"])
        pages += 1
        if page["next"] is None:
            break
        asked = {**query, "next": page["next"]}
    assert (seen, pages) == (1_123, 3)  # 12.00 x 29 / 31 = 11.2258…
    refused(api.get("/ledger/accounts/petty"), 422, "bad_input", "account")


# ── who may ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", READS)
def test_only_those_who_oversee_read_the_ledger(api: Api, path: str) -> None:
    for role in Role:
        if role is not Role.SYSTEM:
            assert api.get(path, who=role.value).status_code == (200 if role.value in OVERSEES else 403), role


@pytest.mark.parametrize("path", READS)
def test_whoever_sees_one_branch_has_no_ledger_of_the_whole_book(api: Api, path: str) -> None:
    api.hire("one_branch", "risk", "branch")
    assert api.get(path, who="one_branch").status_code == 403


def test_without_a_token_there_is_no_ledger(api: Api) -> None:
    assert api.get("/ledger/trial-balance", who="nobody").status_code == 401


# ── a month: closed, locked, opened again by two ───────────────────────────────────────────────────────────


def test_a_month_is_closed_with_its_snapshot_and_then_takes_no_entry(api: Api) -> None:
    closed = said(close(api), 201)
    assert (closed["month"], closed["reopened_by"]) == ("2026-03", None)
    (snapshot,) = said(api.get("/ledger/snapshots"))["items"]
    assert (snapshot["id"], snapshot["month_ends"], snapshot["loans"]) == (closed["snapshot"], "2026-03-31", 1)
    (line,) = said(api.get(f"/ledger/snapshots/{snapshot['id']}/loans"))["items"]
    assert (line["principal"], line["accrued"], line["loan_class"], line["provision"]) == (120_000, 1_123, "pass", 1_200)
    assert balances(said(api.get("/ledger/trial-balance")))["loan_loss_provision"] == -1_200
    with pytest.raises(Exception, match="the general ledger is closed through 2026-03-31"):
        api.db.execute(
            """INSERT INTO gl_entry (on_date, branch_id, product_code, debit_account, credit_account, amount, currency, source, recorded_at)
               VALUES ('2026-03-31', %s, 'phone', 'bank', 'interest_income', 1, 'CNY', 'late', now())""",
            [api.book.branch_id],
        )


def test_a_month_that_is_not_over_or_closed_already_is_not_closed(api: Api) -> None:
    told = refused(close(api, "2026-04"), 409, "month_not_ready", "month")
    assert "last night" in told["detail"]
    said(close(api), 201)
    refused(close(api), 409, "month_not_ready", "month")
    refused(close(api, "March"), 422, "bad_input", "month")


@pytest.mark.parametrize("role", [role.value for role in Role if role is not Role.SYSTEM and role not in MAY["ledger.close"]])
def test_who_may_not_close_a_month(api: Api, role: str) -> None:
    assert close(api, who=role).status_code == 403
    assert said(api.get("/ledger/months"))["items"] == []


def test_whoever_sees_one_branch_closes_and_opens_no_month(api: Api) -> None:
    api.hire("one_branch", "risk", "branch")
    assert close(api, who="one_branch").status_code == 403
    said(close(api), 201)
    assert api.post("/ledger/months/2026-03/reopening", {"reason": "示例：漏记收款"}, who="one_branch").status_code == 403


def test_two_people_open_a_month_again_and_neither_is_one_of_them_twice(api: Api) -> None:
    api.hire("risk_2", "risk")
    said(close(api), 201)
    path = "/ledger/months/2026-03/reopening"
    asked = said(api.post(path, {"reason": "示例：漏记收款"}, who="risk"), 201)
    assert asked["standing"] == "open"
    alone = api.post(f"{path}/decision", {"agreed": True, "words": "示例：同意"}, who="risk")
    refused(alone, 403, "approval_maker")
    assert api.post(f"{path}/decision", {"agreed": True, "words": "示例：同意"}, who="approver").status_code == 403
    opened = said(api.post(f"{path}/decision", {"agreed": True, "words": "示例：同意"}, who="risk_2"))
    assert (opened["month"], opened["reason"], opened["reopened_by"]) == ("2026-03", "示例：漏记收款", "risk_2 示例")
    refused(api.post(path, {"reason": "示例：漏记收款"}, who="risk"), 404, "month_not_closed", "month")
    said(close(api), 201)


def test_one_person_under_two_log_ins_does_not_open_a_month(api: Api) -> None:
    person = api.db.execute(
        """INSERT INTO party (public_id, kind, label, language, branch_id) VALUES ('pt_same', 'person', '示*', 'zh-Hans', %s)
           RETURNING party_id""",
        [api.book.branch_id],
    ).fetchone()
    assert person is not None
    api.hire("risk_2", "risk")
    api.db.execute("UPDATE staff SET person_id = %s WHERE public_id IN ('st_risk', 'st_risk_2')", [person[0]])
    said(close(api), 201)
    said(api.post("/ledger/months/2026-03/reopening", {"reason": "示例：漏记收款"}, who="risk"), 201)
    same = api.post("/ledger/months/2026-03/reopening/decision", {"agreed": True, "words": "示例：同意"}, who="risk_2")
    refused(same, 403, "approval_same_person")
    assert said(api.get("/ledger/months"))["items"][0]["reopened_by"] is None


def test_what_must_be_so_before_a_close_is_told_one_by_one(kept_api: Api) -> None:
    ready = said(kept_api.get("/ledger/months/2026-03/checks", who="risk"))
    assert ready["ready"] and len(ready["checks"]) == 6 and all(each["ok"] for each in ready["checks"])
    not_over = said(kept_api.get("/ledger/months/2026-04/checks", who="risk"))
    assert next(each["name"] for each in not_over["checks"] if not each["ok"]) == "the month is over and its last night has run"


def test_the_books_are_proved_over_the_api_for_those_who_oversee_all_of_them(kept_api: Api) -> None:
    told = said(kept_api.get("/books/verify"))
    assert told["ok"] and "accrued in the ledger = accrued by loans" in [check["name"] for check in told["checks"]]
    for role in Role:
        if role is not Role.SYSTEM:
            assert kept_api.get("/books/verify", who=role.value).status_code == (200 if role.value in OVERSEES else 403), role
