"""The same verbs by the console's forms, by the API and on the borrower's phone: the same people, the same refusals, once each."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from django.http import HttpResponse
from django.test import Client

from holdfast import contracts
from holdfast.adapters.local_ca import LocalNotary
from holdfast.journal import SYSTEM, read_chain
from holdfast.kernel.clock import Clock, ShiftedClock
from holdfast.parties import create_branch, issue_token, register_party
from holdfast.policy import clock
from tests.books import Book
from tests.contracts.offers import FLAGS, Desk, left_by_earlier_stages, terms_of

ENGLISH = {"Accept-Language": "en"}


class Today(Desk):
    """A desk that lives now, as the pages do."""

    @property
    def clock(self) -> Clock:  # type: ignore[override]  # the machine's own
        return ShiftedClock()

    def client(self, who: str) -> Client:
        """A browser in which that member of staff, or `borrower`, is logged in."""
        from django.contrib.auth.models import User

        client = Client(headers=ENGLISH)
        if who == "borrower":
            session = client.session
            session["borrower"] = self.borrower.public_id
            session.save()
        else:
            client.force_login(User.objects.get(pk=self.people[who].user_id or 0))
        return client

    def press(self, who: str, act: str, key: str = "a-key-of-the-form", **given: str) -> HttpResponse:
        answer: HttpResponse = self.client(who).post(f"/loans/{self.loan}/contract/{act}", {"key": key, **given})  # type: ignore[assignment]
        return answer

    def call(self, who: str, method: str, path: str, body: Any = None, key: str = "key-1") -> HttpResponse:
        token = issue_token(self.db, clock=self.clock, by=SYSTEM, staff=self.people[who], label="test")
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        answer: HttpResponse = getattr(Client(), method)(
            f"/api/v1{path}", data=json.dumps(body or {}) if method == "post" else None, content_type="application/json", headers=headers
        )
        return answer

    def standing(self) -> str:
        row = self.db.execute(
            "SELECT c.state FROM contract c JOIN loan l USING (loan_id) WHERE l.public_id = %s ORDER BY n DESC LIMIT 1", [self.loan]
        ).fetchone()
        return row[0] if row else "none"


@pytest.fixture
def today(db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> Today:
    made = Today(Book(db, clock(db).today()), LocalNotary())
    made.terms = terms_of(made.book.day)
    made.hire("officer", "officer")
    left_by_earlier_stages(monkeypatch, made)
    made.decided()
    return made


# -- the console -------------------------------------------------------------------------------------------------


def test_drafted_offered_and_sealed_at_the_desk(today: Today) -> None:
    assert today.press("officer", "draft", key="key-of-the-draft").status_code == 302
    assert today.standing() == "drafted"
    assert today.press("officer", "offer", key="key-of-the-offer").status_code == 302
    assert today.standing() == "offered"
    today.sign()
    assert today.press("officer", "seal", key="key-of-the-seal").status_code == 403
    assert today.press("approver", "seal", key="key-of-the-seal").status_code == 302
    assert (today.standing(), today.state()) == ("sealed", "signed")


def test_a_form_sent_twice_acts_once(today: Today) -> None:
    today.press("officer", "offer", key="one-and-the-same-key")
    assert today.press("officer", "offer", key="one-and-the-same-key").status_code == 302
    assert today.kinds().count("contract.offered") == 1


@pytest.mark.parametrize("role", ["caller", "approver", "custodian", "risk", "auditor", "admin"])
def test_the_desk_refuses_other_roles(today: Today, role: str) -> None:
    for act in ("draft", "offer", "void", "lapse"):
        assert today.press(role, act, key=f"key-of-{act}-{role}", words="示例理由").status_code == 403
    assert today.standing() == "none"


def test_the_panel_shows_each_person_what_they_may_do(today: Today) -> None:
    def page(who: str) -> str:
        return today.client(who).get(f"/loans/{today.loan}").content.decode()

    assert "Offer it to the borrower" in page("officer")
    assert "Offer it to the borrower" not in page("approver")
    today.offer()
    assert "With the borrower, to be signed" in page("caller")
    assert "Take the contract back" in page("officer")
    today.sign()
    assert "Seal as the second person" in page("approver")
    assert "Seal as the second person" not in page("officer")
    today.seal()
    assert "Signed by both" in page("auditor")
    assert "TEST" in page("auditor")


def test_the_maker_under_another_log_in_is_told_why_not(today: Today) -> None:
    known = {"name": "示例员工"}
    person = register_party(today.db, clock=today.clock, by=SYSTEM, kind="person", branch_id=today.book.branch_id, private=known)
    today.hire("maker", "officer", person_id=person.party_id)
    today.hire("maker-again", "approver", person_id=person.party_id)
    today.offer(by="maker")
    today.sign()
    assert "under another log-in" in today.client("maker-again").get(f"/loans/{today.loan}").content.decode()
    assert today.press("maker-again", "seal").status_code == 403


def test_a_paper_opens_for_a_reason_and_the_reading_is_on_record(today: Today) -> None:
    today.offer()
    path = f"/loans/{today.loan}/contract/papers/agreement"
    officer = today.client("officer")
    assert officer.post(path, {"key": "a-key-of-the-form"}).status_code == 302
    answer = officer.post(path, {"key": "a-key-of-the-form", "reason": "borrower asked"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Cache-Control"] == "private, no-store"
    assert read_chain(today.db, today.borrower.party_id)[-1].says()["reason"] == "borrower asked"
    assert today.client("auditor").post(path, {"key": "a-key-of-the-form", "reason": "borrower asked"}).status_code == 403


def test_anybody_may_have_the_certificate_to_check_by(today: Today) -> None:
    answer = Client().get("/authority.pem")
    assert answer.status_code == 200
    assert answer.content == LocalNotary().authority()


# -- the API -----------------------------------------------------------------------------------------------------


def test_offered_read_and_sealed_by_the_api(today: Today) -> None:
    offered = today.call("officer", "post", f"/loans/{today.loan}/contract/offer")
    assert offered.status_code == 200, offered.content
    today.sign()
    sealed = today.call("approver", "post", f"/loans/{today.loan}/contract/seal")
    assert sealed.status_code == 200, sealed.content
    said = json.loads(today.call("auditor", "get", f"/loans/{today.loan}/contract").content)
    assert (said["state"], said["total"]["minor"], said["instalments"]) == ("sealed", 521_210, 6)
    assert said["bound"] == json.loads(offered.content)["bound"]
    assert [each["stage"] for each in said["papers"]] == ["sealed", "sealed", "signed"]
    listed = json.loads(today.call("auditor", "get", f"/loans/{today.loan}/contracts").content)
    assert [each["number"] for each in listed["items"]] == [said["number"]]
    authority = json.loads(today.call("auditor", "get", "/signatures/authority").content)
    assert (authority["test"], authority["certificate"][:27]) == (True, "-----BEGIN CERTIFICATE-----")


@pytest.mark.parametrize(
    ("act", "role"), [("draft", "approver"), ("offer", "approver"), ("seal", "officer"), ("void", "risk"), ("lapse", "caller")]
)
def test_the_api_refuses_other_roles(today: Today, act: str, role: str) -> None:
    answer = today.call(role, "post", f"/loans/{today.loan}/contract/{act}", {"words": "示例理由"} if act == "void" else None)
    assert answer.status_code == 403
    assert today.standing() == "none"


def test_the_api_does_not_show_another_branchs_contract(today: Today) -> None:
    today.offer()
    other = create_branch(today.db, code="示例-2", name="示例二部")
    today.hire("far", "officer", branch_id=other.branch_id)
    for method, path in (("get", "contract"), ("get", "contracts"), ("post", "contract/offer"), ("post", "contract/lapse")):
        assert today.call("far", method, f"/loans/{today.loan}/{path}").status_code == 404


def test_no_operation_signs_for_the_borrower() -> None:
    from holdfast.web.api.roles import OPEN_TO

    assert {name for name in OPEN_TO if name.startswith("contracts.")} == {
        "contracts.list", "contracts.get", "contracts.draft", "contracts.offer", "contracts.seal", "contracts.void", "contracts.lapse",
        "contracts.authority",
    }  # fmt: skip


# -- the borrower's phone ----------------------------------------------------------------------------------------


@pytest.fixture
def phone(today: Today) -> Client:
    today.offer()
    return today.client("borrower")


def shown(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()
    return str(answer.content.decode())


def path(today: Today) -> str:
    return f"/borrower/loans/{today.loan}/sign"


def test_the_cost_stands_before_anything_is_asked_for(today: Today, phone: Client) -> None:
    page = shown(phone.get(path(today)))
    for said in ("5,212.10", "15.49%", "212.10", "Besides what stands in this table nothing is charged"):
        assert said in page
    assert page.index("Comprehensive cost statement") < page.index("The papers in full") < page.index("Before you sign, read and tick")
    assert page.count('name="read"') == len(FLAGS)
    assert "checked" not in page


def test_signed_on_the_phone_by_ticks_and_code(today: Today, phone: Client) -> None:
    page = shown(phone.post(path(today), {"read": FLAGS}))
    code_id = page.split('name="code_id" value="')[1].split('"')[0]
    assert "138****2046" in page
    wrong = f"{(int(today.digits()) + 1) % 1_000_000:06d}"
    assert "not the digits" in shown(phone.post(path(today), {"read": FLAGS, "code_id": code_id, "code": wrong, "sign": "1"}), 422)
    assert today.standing() == "offered"
    done = phone.post(path(today), {"read": FLAGS, "code_id": code_id, "code": today.digits(), "sign": "1"})
    assert done.status_code == 302
    assert today.standing() == "borrower_signed"
    assert "You have signed" in shown(phone.get(path(today)))
    today.seal()
    assert "Your copies are below" in shown(phone.get(path(today)))


def test_without_every_tick_no_code_is_sent(today: Today, phone: Client) -> None:
    assert "Please read each clause and tick it" in shown(phone.post(path(today), {"read": FLAGS[1:]}), 422)
    assert "Please read each clause and tick it" in shown(phone.post(path(today), {}), 422)
    assert today.db.execute("SELECT count(*) FROM one_time_code").fetchone() == (0,)


@pytest.mark.parametrize("code", ["", "12345", "abcdef"])
def test_a_malformed_code_is_told_beside_the_field(today: Today, phone: Client, code: str) -> None:
    code_id = contracts.ask_code(today.db, clock=today.clock, by=today.actor, loan=today.loan)
    shown(phone.post(path(today), {"read": FLAGS, "code_id": code_id, "code": code, "sign": "1"}), 422)
    assert today.standing() == "offered"


def test_the_papers_open_and_nobody_elses_do(today: Today, phone: Client) -> None:
    own = f"/borrower/loans/{today.loan}/papers/agreement"
    assert phone.get(own).content.startswith(b"%PDF-")
    assert Client().get(own).status_code == 302
    mine = today.loan
    today.decided()
    stranger = today.client("borrower")
    assert stranger.get(f"/borrower/loans/{mine}/papers/agreement").status_code == 404
    assert stranger.get(f"/borrower/loans/{mine}/sign").status_code == 404
    assert stranger.post(f"/borrower/loans/{mine}/sign", {"read": FLAGS}).status_code == 404


def test_a_contract_that_was_taken_back_says_so_and_takes_no_signature(today: Today, phone: Client) -> None:
    contracts.void(today.db, clock=today.clock, by=today.people["officer"], loan=today.loan, words="示例：写错了")
    page = shown(phone.get(path(today)))
    assert "We took this contract back" in page
    assert 'name="read"' not in page
    assert "We took this contract back" in shown(phone.post(path(today), {"read": FLAGS}))


def test_a_ceiling_that_fell_meanwhile_is_told_on_the_phone(today: Today, phone: Client) -> None:
    from tests.contracts.test_ceiling import put_in_force

    put_in_force(today, "2026.11.2", "15")
    page = shown(phone.post(path(today), {"read": FLAGS}), 422)
    assert "15" in page and "Nothing was saved" in page


def test_before_the_offer_there_is_nothing_to_sign(today: Today) -> None:
    borrower = today.client("borrower")
    for state in ("none", "drafted"):
        today.bring_to(state)
        assert "no contract to read here yet" in shown(borrower.get(path(today)))
        assert "no contract to read here yet" in shown(borrower.post(path(today), {"read": FLAGS}))


def test_the_borrowers_home_leads_to_the_contract() -> None:
    from holdfast.web.borrower.home import ACTS

    def pages(state: str) -> list[str]:
        return [act.page for act in ACTS if act.open_to(state, frozenset({"sign"}))]

    assert "borrower:sign" in pages("decided")
    assert "borrower:sign" in pages("active")
    assert "borrower:sign" not in pages("confirmed")


def test_pages_in_chinese_carry_no_english_sentence(today: Today, phone: Client) -> None:
    page = shown(phone.get(path(today), headers={"Accept-Language": "zh-CN"}))
    assert "综合融资成本明示表" in page and "都看过了，发验证码" in page
    assert "The contract" not in page and "reading copy" not in page
