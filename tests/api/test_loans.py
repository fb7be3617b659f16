"""What the API says of loans."""

from __future__ import annotations

from datetime import timedelta

from tests.api.conftest import Api, refused, said
from tests.books import round_terms


def test_a_loan_tells_its_terms_balances_lateness_and_next_duty(api: Api) -> None:
    loan = api.book.lend().public_id
    found = said(api.get(f"/loans/{loan}"))
    assert found["id"] == loan
    assert found["state"] == "active"
    assert found["terms"]["principal"] == {"minor": 120_000, "currency": "CNY"}
    assert found["balances"]["principal_out"] == {"minor": 120_000, "currency": "CNY"}
    assert (found["days_past_due"], found["loan_class"]) == (0, "pass")
    assert found["next_due"] == {"minor": 41_200, "currency": "CNY"}
    assert found["next_duty"]["kind"] == "reminder"
    assert found["stage"] == "servicing"
    assert len(found["head_hash"]) == 64


def test_a_schedule_adds_up(api: Api) -> None:
    loan = api.book.lend().public_id
    rows = said(api.get(f"/loans/{loan}/schedule"))["items"]
    assert [row["due"]["minor"] for row in rows] == [41_200, 40_800, 40_400]
    assert [row["balance_after"]["minor"] for row in rows] == [80_000, 40_000, 0]
    assert [row["state"] for row in rows] == ["to_come"] * 3


def test_a_receipt_shows_in_events_entries_and_timeline(api: Api) -> None:
    loan = api.book.lend().public_id
    amount = {"minor": 41_200, "currency": "CNY"}
    done = said(api.post(f"/loans/{loan}/receipts", {"amount": amount, "received_on": str(api.book.day)}), 201)
    assert done["principal_out"]["minor"] == 80_000
    events = said(api.get(f"/loans/{loan}/events"))["items"]
    assert [(event["no"], event["kind"]) for event in events] == [(2, "receipt"), (1, "disbursed")]
    assert events[0]["amount"] == amount
    assert events[0]["parts"][0]["principal"]["minor"] == 40_000
    entries = said(api.get(f"/loans/{loan}/entries"))["items"]
    assert {(entry["debit"], entry["credit"], entry["amount"]["minor"]) for entry in entries if entry["event_no"] == 2} >= {
        ("bank", "principal_receivable", 40_000)
    }
    timeline = said(api.get(f"/loans/{loan}/timeline"))["items"]
    assert timeline[0]["kind"] == "receipt.posted"
    assert timeline[0]["by"] == api.people["officer"].public_id
    assert timeline[0]["by_name"] == api.people["officer"].name
    assert timeline[0]["leaf_hash"] == done["leaf_hash"]


def test_the_pay_off_is_a_sum_of_its_lines(api: Api) -> None:
    loan = api.book.lend().public_id
    quote = said(api.get(f"/loans/{loan}/payoff"))
    assert quote["total"]["minor"] == sum(line["amount"]["minor"] for line in quote["lines"]) == 120_000
    assert quote["on"] == str(api.book.day)
    later = said(api.get(f"/loans/{loan}/payoff", on=str(api.book.day + timedelta(days=10))))
    assert later["total"]["minor"] > 120_000


def test_the_list_is_narrowed_by_days_past_due_and_class(api: Api) -> None:
    day = api.book.day
    fresh = api.book.lend().public_id
    late = api.book.lend(round_terms(day - timedelta(days=130))).public_id
    assert {item["id"] for item in said(api.get("/loans"))["items"]} == {fresh, late}
    assert [item["id"] for item in said(api.get("/loans", dpd_min=1))["items"]] == [late]
    assert [item["id"] for item in said(api.get("/loans", dpd_max=0))["items"]] == [fresh]
    found = said(api.get("/loans", **{"class": "substandard"}))["items"]
    assert [(item["id"], item["loan_class"]) for item in found] == [(late, "substandard")]
    assert [item["id"] for item in said(api.get("/loans", **{"class": "pass"}))["items"]] == [fresh]
    assert said(api.get("/loans", **{"class": "loss"}))["items"] == []


def test_the_list_is_searched_by_contract_number_and_masked_name(api: Api) -> None:
    first, second = api.book.lend().public_id, api.book.lend().public_id
    assert [item["id"] for item in said(api.get("/loans", q="T-1"))["items"]] == [first]
    assert [item["id"] for item in said(api.get("/loans", q=second))["items"]] == [second]
    assert len(said(api.get("/loans", q="张"))["items"]) == 2
    assert said(api.get("/loans", q="%"))["items"] == []


def test_pages_follow_one_another_without_gap_or_repeat(api: Api) -> None:
    loans = [api.book.lend(round_terms(api.book.day - timedelta(days=40 * late))).public_id for late in range(5)]
    for sort in ("newest", "next_duty", "arrears"):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = said(api.get("/loans", sort=sort, limit=2, **cursor))
            seen += [item["id"] for item in page["items"]]
            if page["next"] is None:
                break
            cursor = {"next": page["next"]}
        assert sorted(seen) == sorted(loans), sort
    whole = said(api.get("/loans", sort="arrears"))["items"]
    assert [item["days_past_due"] for item in whole] == sorted((item["days_past_due"] for item in whole), reverse=True)


def test_a_cursor_of_another_list_is_refused(api: Api) -> None:
    api.book.lend(), api.book.lend()
    cursor = said(api.get("/loans", limit=1))["next"]
    refused(api.get("/loans", limit=1, next=cursor, sort="arrears"), 422, "bad_cursor", "next")
    refused(api.get("/loans", next="nonsense"), 422, "bad_cursor", "next")


def test_a_filter_that_is_none_is_refused_by_name(api: Api) -> None:
    refused(api.get("/loans", state="sleeping"), 422, "bad_input", "state")
    refused(api.get("/loans", sort="colour"), 422, "bad_input", "sort")
    refused(api.get("/loans", **{"class": "fair"}), 422, "bad_input", "class")
    refused(api.get("/loans", dpd_min="-1"), 422, "bad_input", "dpd_min")
    refused(api.get("/loans", limit=0), 422, "bad_input", "limit")
    refused(api.get("/loans", stat="active"), 422, "bad_input", "stat")
    refused(api.get("/loans", q="a\0b"), 422, "bad_input", "q")


def test_a_loan_outside_ones_scope_is_not_there(api: Api) -> None:
    loan = api.book.lend().public_id
    elsewhere = api.db.execute("INSERT INTO branch (public_id, code, name) VALUES ('br_far', 'F', '示例远') RETURNING branch_id").fetchone()
    assert elsewhere is not None
    api.hire("far", "officer", "branch", branch_id=elsewhere[0])
    assert said(api.get("/loans", "far"))["items"] == []
    assert said(api.get("/duties", "far"))["items"] == []
    for part in ("", "/schedule", "/events", "/entries", "/timeline", "/payoff", "/duties", "/journal", "/bundle"):
        refused(api.get(f"/loans/{loan}{part}", "far"), 404, "loan_not_found", "loan")
    body = {"amount": {"minor": 1, "currency": "CNY"}, "received_on": str(api.book.day)}
    refused(api.post(f"/loans/{loan}/receipts", body, "far"), 404, "loan_not_found", "loan")
    api.hire("near", "officer", "branch")
    assert [item["id"] for item in said(api.get("/loans", "near"))["items"]] == [loan]


def test_someone_with_own_scope_sees_only_loans_of_their_own(api: Api) -> None:
    api.book.lend()
    mine = api.book.lend()
    api.hire("own", "officer", "own")
    api.db.execute("UPDATE loan SET officer_id = %s WHERE loan_id = %s", [api.people["own"].staff_id, mine.loan_id])
    assert [item["id"] for item in said(api.get("/loans", "own"))["items"]] == [mine.public_id]


def test_duties_are_listed_by_urgency_and_closed_by_a_persons_note(api: Api) -> None:
    late = api.book.lend(round_terms(api.book.day - timedelta(days=40))).public_id
    duties = said(api.get("/duties", kind="follow_up"))["items"]
    if not duties:  # arrears open their follow-up in the night
        return
    assert duties[0]["loan"] == late
