"""What the API says of the whole book: duties, ledger, journal, nights, tapes, people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from holdfast.journal.verify import verify_bundle
from holdfast.takeover import run_job
from tests.api.conftest import ROOT, Api, refused, said
from tests.books import round_terms


def loan_in(api: Api) -> str:
    row = api.db.execute("SELECT public_id FROM loan").fetchone()
    assert row is not None
    api.db.rollback()
    return str(row[0])


def test_a_duty_is_closed_by_a_persons_note_and_the_next_one_opens(api: Api) -> None:
    today = api.book.day
    api.book.walk(-4)
    loan = api.book.lend(round_terms(api.book.day, first_due_on=today + timedelta(days=3))).public_id
    duty = said(api.get("/duties", kind="reminder"))["items"][0]
    assert (duty["loan"], duty["due_on"], duty["open"], duty["proof_seq"]) == (loan, str(today), True, None)
    note = {"outcome": "reached", "words": "到店时提醒（示例）", "how": "came"}
    refused(api.post(f"/loans/{loan}/duties/{duty['no']}/notes", {**note, "how": "called"}, "caller"), 409, "not_dialled", "how")
    done = said(api.post(f"/loans/{loan}/duties/{duty['no']}/notes", note, "caller"), 201)
    assert done["record_kind"] == "contact.noted"
    duties = said(api.get(f"/loans/{loan}/duties"))["items"]
    closed = next(each for each in duties if each["no"] == duty["no"])
    assert (closed["open"], closed["proof_seq"]) == (False, done["record_seq"])
    assert duties[0]["open"] and duties[0]["about"] != duty["about"]
    refused(api.post(f"/loans/{loan}/duties/{duty['no']}/notes", note, "caller"), 409, "duty_not_open", "duty_no")


def test_duties_come_by_urgency_in_pages(api: Api) -> None:
    for days in (0, 1, 2, 3, 4):
        api.book.lend(round_terms(api.book.day - timedelta(days=days)))
    whole = [duty["loan"] for duty in said(api.get("/duties"))["items"]]
    first = said(api.get("/duties", limit=3))
    rest = said(api.get("/duties", limit=3, next=first["next"]))
    assert [duty["loan"] for duty in (*first["items"], *rest["items"])] == whole
    assert rest["next"] is None
    assert said(api.get("/duties", mine="true"))["items"] == []
    refused(api.get("/duties", kind="nap"), 422, "bad_input", "kind")


def test_the_trial_balance_balances(api: Api) -> None:
    loan = api.book.lend().public_id
    body = {"amount": {"minor": 41_200, "currency": "CNY"}, "received_on": str(api.book.day)}
    said(api.post(f"/loans/{loan}/receipts", body), 201)
    balance = said(api.get("/ledger/trial-balance"))
    assert balance["balanced"] is True
    accounts = {item["code"]: item["balance"] for item in balance["items"]}
    assert accounts["principal_receivable"] == 80_000
    assert sum(accounts.values()) == 0


def test_the_books_and_the_duties_are_proved_over_the_api(committed_api: Api) -> None:
    api = committed_api
    verified = said(api.get("/books/verify"))
    assert verified["ok"] is True
    assert {check["name"] for check in verified["checks"]} >= {"debits = credits", "loan rows = fold of events"}
    audit = said(api.get("/duties/audit"))
    assert (audit["missing"], audit["late"], audit["unproved"]) == ([], [], [])
    assert audit["loans"] == 1


def test_a_bundle_from_the_api_is_proved_by_key_and_head_from_outside(committed_api: Api) -> None:
    api = committed_api
    loan = loan_in(api)
    said(api.get(f"/loans/{loan}/bundle"))
    key = said(api.get("/journal/key"))["key"]
    head = said(api.get("/journal/head"))
    assert head["size"] > 0 and len(head["root"]) == 64
    bundle = said(api.get(f"/loans/{loan}/bundle", head=head["checkpoint"]))["bundle"]
    assert verify_bundle(bundle.encode(), key=key, head=head["checkpoint"]).verdict == "ok"
    assert verify_bundle(bundle.replace("loan.disbursed", "loan.disbursee").encode(), key=key, head=head["checkpoint"]).verdict == "broken"


def test_a_loans_records_are_the_bytes_that_were_hashed(api: Api) -> None:
    import hashlib

    loan = api.book.lend().public_id
    for record in said(api.get(f"/loans/{loan}/journal"))["items"]:
        assert hashlib.sha256(b"\0" + record["body"].encode()).hexdigest() == record["leaf_hash"]


def test_a_head_that_is_none_is_refused(committed_api: Api) -> None:
    loan = loan_in(committed_api)
    response = committed_api.get(f"/loans/{loan}/bundle", head="nonsense")
    assert 400 <= response.status_code < 500, response.content


def test_tonight_is_shown_before_it_happens_and_listed_after(committed_api: Api) -> None:
    api = committed_api
    shown = said(api.get("/night/tonight"))
    assert shown["date"] == str(api.book.day)
    assert said(api.get("/nights"))["items"] == []
    ran = said(api.post("/night", {}, "admin"))["items"]
    assert [night["date"] for night in ran] == [str(api.book.day)]
    assert said(api.get("/nights"))["items"] == ran
    assert {name: ran[0][name] for name in ("loans", "messages", "entries")} == {
        name: shown[name] for name in ("loans", "messages", "entries")
    }
    refused(api.post("/night", {"through": "2199-01-01"}, "admin"), 422, "bad_input", "through")


def hand_in(api: Api, content: bytes, key: str, **fields: Any) -> Any:
    headers = {**api._headers("admin"), "Idempotency-Key": key}
    data = {"file": SimpleUploadedFile("../示例.csv", content), "map": "lendingclub-openintro", **fields}
    return api.client.post(f"{ROOT}/tapes", data, headers=headers)


def test_a_tape_is_handed_in_once_and_followed_to_its_reconciliation(committed_api: Api) -> None:
    from holdfast.database.connection import transaction

    api = committed_api
    asked = said(hand_in(api, b"no,such,columns\n1,2,3\n", "tape-1"), 202)
    assert (asked["state"], asked["file"]) == ("waiting", "示例.csv")
    again = hand_in(api, b"no,such,columns\n1,2,3\n", "tape-1")
    assert (said(again, 202), again["Idempotent-Replay"]) == (asked, "true")
    refused(hand_in(api, b"other,columns\n", "tape-1"), 409, "idempotency_key_reused", "Idempotency-Key")
    run_job(transaction, asked["id"])
    failed = said(api.get(f"/tapes/{asked['id']}", "admin"))
    assert failed["state"] == "failed" and failed["why"]
    connection.close()


def test_a_tape_without_a_known_map_or_file_is_refused(api: Api) -> None:
    refused(hand_in(api, b"a\n", "t1", map="/etc/passwd"), 422, "bad_input", "map")
    refused(hand_in(api, b"a\n", "t2", as_of="yesterday"), 422, "bad_input", "as_of")
    headers = {**api._headers("admin"), "Idempotency-Key": "t3"}
    refused(api.client.post(f"{ROOT}/tapes", {"map": "lendingclub-openintro"}, headers=headers), 422, "bad_input", "file")  # type: ignore[arg-type]
    refused(api.get("/tapes/tj_none", "admin"), 404, "not_found", "job")


def test_packs_products_and_staff_are_listed(api: Api) -> None:
    packs = said(api.get("/policy/packs"))["items"]
    assert [pack["in_force"] for pack in packs] == [True]
    assert {product["code"] for product in said(api.get("/products"))["items"]} >= {"phone", "vehicle"}
    first = said(api.get("/staff", "admin", limit=3))
    rest = said(api.get("/staff", "admin", limit=200, next=first["next"]))
    assert len(first["items"]) + len(rest["items"]) == len(api.people)


def test_me_says_whom_the_token_speaks_for(api: Api) -> None:
    me = said(api.get("/me", "custodian"))
    assert (me["id"], me["role"], me["scope"], me["branch"], me["today"]) == ("st_custodian", "custodian", "all", "T", str(api.book.day))
