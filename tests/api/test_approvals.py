"""Two people for one act, through the API."""

from __future__ import annotations

from tests.api.conftest import Api, refused, said


def paid(api: Api, minor: int = 41_200) -> str:
    loan = api.book.lend().public_id
    said(api.post(f"/loans/{loan}/receipts", {"amount": {"minor": minor, "currency": "CNY"}, "received_on": str(api.book.day)}), 201)
    return loan


def test_a_receipt_is_taken_back_only_when_a_second_person_says_yes(api: Api) -> None:
    loan = paid(api)
    asked = said(api.post(f"/loans/{loan}/events/2/reversal", {"reason": "银行退票"}), 202)
    assert (asked["act"], asked["standing"]) == ("receipt.reverse", "open")
    assert said(api.get(f"/loans/{loan}"))["balances"]["principal_out"]["minor"] == 80_000
    answered = said(api.post(f"/approvals/{asked['id']}/answer", {"approved": True}, "approver"))
    assert answered["request"]["standing"] == "spent"
    assert answered["done"]["record_kind"] == "receipt.reversed"
    assert said(api.get(f"/loans/{loan}"))["balances"]["principal_out"]["minor"] == 120_000
    events = said(api.get(f"/loans/{loan}/events"))["items"]
    assert [(event["kind"], event["reversed_by"]) for event in events] == [("reversal", None), ("receipt", 3), ("disbursed", None)]


def test_a_no_ends_the_request_and_changes_nothing(api: Api) -> None:
    loan = paid(api)
    asked = said(api.post(f"/loans/{loan}/events/2/reversal", {"reason": "银行退票"}), 202)
    refused(api.post(f"/approvals/{asked['id']}/answer", {"approved": False}, "approver"), 422, "bad_input", "words")
    answered = said(api.post(f"/approvals/{asked['id']}/answer", {"approved": False, "words": "回单不符"}, "approver"))
    assert (answered["request"]["standing"], answered["done"]) == ("refused", None)
    refused(api.post(f"/approvals/{asked['id']}/answer", {"approved": True}, "risk"), 409, "approval_closed")
    assert said(api.get(f"/loans/{loan}"))["balances"]["principal_out"]["minor"] == 80_000


def test_whoever_asked_cannot_answer(api: Api) -> None:
    loan = api.book.lend().public_id
    asked = said(api.post(f"/loans/{loan}/write-off", {"reason": "长期失联"}, "approver"), 202)
    refused(api.post(f"/approvals/{asked['id']}/answer", {"approved": True}, "approver"), 403, "approval_maker")
    said(api.post(f"/approvals/{asked['id']}/answer", {"approved": True}, "risk"))
    assert said(api.get(f"/loans/{loan}"))["state"] == "written_off"


def test_nobody_is_asked_for_what_the_book_would_refuse(api: Api) -> None:
    loan = paid(api)
    refused(api.post(f"/loans/{loan}/events/1/reversal", {"reason": "银行退票"}), 409, "not_a_receipt", "event_no")
    refused(api.post(f"/loans/{loan}/events/9/reversal", {"reason": "银行退票"}), 404, "not_found", "event_no")
    assert said(api.get("/approvals"))["items"] == []


def test_over_paid_money_goes_back_by_two(api: Api) -> None:
    loan = paid(api, 130_000)
    asked = said(api.post(f"/loans/{loan}/refunds", {"amount": {"minor": 10_000, "currency": "CNY"}, "reason": "多还退回"}), 202)
    said(api.post(f"/approvals/{asked['id']}/answer", {"approved": True}, "approver"))
    balances = said(api.get(f"/loans/{loan}"))["balances"]
    assert (balances["overpaid"]["minor"], balances["refunded"]["minor"]) == (0, 10_000)


def test_a_request_about_a_loan_out_of_sight_is_not_there(api: Api) -> None:
    loan = paid(api)
    asked = said(api.post(f"/loans/{loan}/events/2/reversal", {"reason": "银行退票"}), 202)
    elsewhere = api.db.execute("INSERT INTO branch (public_id, code, name) VALUES ('br_far', 'F', '示例远') RETURNING branch_id").fetchone()
    assert elsewhere is not None
    api.hire("far", "approver", "branch", branch_id=elsewhere[0])
    assert said(api.get("/approvals", "far"))["items"] == []
    refused(api.get(f"/approvals/{asked['id']}", "far"), 404, "loan_not_found", "loan")
    refused(api.post(f"/approvals/{asked['id']}/answer", {"approved": True}, "far"), 404, "loan_not_found", "loan")
    refused(api.get("/approvals/aq_none"), 404, "no_approval", "approval")
