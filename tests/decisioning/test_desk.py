"""The decisions desk and the API: what a person sees, and what each may do there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from holdfast import decisioning
from holdfast.journal import SYSTEM
from holdfast.parties import Staff, issue_token
from holdfast.policy import set_business_date
from tests.applications.people import DAY
from tests.decisioning.house import House
from tests.decisioning.test_deciding import REFERRED, REFUSED

ZH, EN = {"Accept-Language": "zh-hans"}, {"Accept-Language": "en"}


@pytest.fixture
def house(house: House) -> House:
    set_business_date(house.db, DAY)
    return house


def at_desk(staff: Staff, language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language})
    client.force_login(get_user_model().objects.get(pk=staff.user_id or 0))
    client.cookies["holdfast_language"] = language
    return client


def press(client: Client, loan: str, what: str, **given: str) -> Any:
    return client.post(f"/decisions/{loan}/{what}", {"key": f"key-{what}-{len(given)}-{loan}", **given}, follow=True)


def test_the_desk_lists_what_waits_and_the_page_shows_what_the_rule_would_find(house: House) -> None:
    loan = house.confirmed()
    client = at_desk(house.one("approver"))
    assert loan in client.get("/decisions").content.decode()
    page = client.get(f"/decisions/{loan}").content.decode()
    for words in ("Would be approved at once", "Let the rule decide", "Lending value of the phone", "Everybody begins with",
                  "Comes back in all", "Nothing is logged yet"):  # fmt: skip
        assert words in page, words
    assert house.db.execute("SELECT count(*) FROM decision").fetchone() == (0,)


def test_one_press_approves_a_plain_case_and_the_log_replays(house: House) -> None:
    loan = house.confirmed()
    page = press(at_desk(house.one("approver")), loan, "decide")
    assert page.status_code == 200
    text = page.content.decode()
    assert "Approved. The contract can be drafted." in text
    assert "computed anew from the log: the same bytes" in text
    assert house.state(loan) == "decided"
    assert "Decided" in at_desk(house.one("approver")).get("/decisions?show=decided").content.decode()


def test_two_people_answer_on_the_page_and_the_first_cannot_be_the_second(house: House) -> None:
    loan = house.confirmed(**REFERRED)
    first, second = at_desk(house.one("approver")), at_desk(house.one("risk"))
    press(first, loan, "decide")
    page = press(first, loan, "answer", amount="1,200.00", words="看过收入证明", approved="yes").content.decode()
    assert "Your yes stands" in page and "another person must answer" in page
    assert "Say yes as the second person" in second.get(f"/decisions/{loan}").content.decode()
    refused = press(first, loan, "answer", words="我再说一次", approved="yes")
    assert refused.status_code == 422
    text = press(second, loan, "answer", words="同意这个金额", approved="yes").content.decode()
    assert "Approved" in text
    assert decisioning.decision_of(house.db, _number(house, loan)).terms.principal == 120_000


def test_a_sum_above_what_the_thing_bears_is_refused_beside_its_field(house: House) -> None:
    loan = house.confirmed(yuan=8_000, **REFERRED)
    client = at_desk(house.one("approver"))
    press(client, loan, "decide")
    page = press(client, loan, "answer", amount="5000", words="看过收入证明", approved="yes")
    assert page.status_code == 422
    assert "This sum cannot be approved" in page.content.decode()


def test_a_refusal_shows_what_may_change_it_and_an_officer_passes_the_borrowers_wish_on(house: House) -> None:
    loan = house.confirmed(**REFUSED)
    text = press(at_desk(house.one("approver"), "zh-hans"), loan, "decide").content.decode()
    assert "其他借款减少到 5 笔以内" in text and "您可以要求人工复核这一决定" in text
    officer = at_desk(house.one("officer"))
    assert "Pass it on to two people" in officer.get(f"/decisions/{loan}").content.decode()
    assert "Passed on" in press(officer, loan, "review", words="客户来电要求复核").content.decode()
    assert house.state(loan) == "confirmed"
    assert "Two people answer" in at_desk(house.one("approver")).get(f"/decisions/{loan}").content.decode()


@pytest.mark.parametrize("role", ["officer", "caller", "custodian", "auditor"])
def test_who_may_not_decide_is_told_so_and_refused(house: House, role: str) -> None:
    loan = house.confirmed()
    client = at_desk(house.one(role))
    page = client.get(f"/decisions/{loan}").content.decode()
    assert "Approvers and risk managers decide." in page and "Let the rule decide" not in page
    assert press(client, loan, "decide").status_code == 403
    assert house.state(loan) == "confirmed"


def test_a_loan_out_of_sight_has_no_page(house: House) -> None:
    loan = house.confirmed()
    assert at_desk(house.one("approver", "elsewhere", scope="branch", branch="T")).get(f"/decisions/{loan}").status_code == 404


def test_the_loans_own_page_shows_its_decision(house: House) -> None:
    loan = house.confirmed()
    client = at_desk(house.one("approver"))
    assert "Go to the decision" in client.get(f"/loans/{loan}").content.decode()
    house.decide(loan)
    assert "See gates, score, limit and price" in client.get(f"/loans/{loan}").content.decode()


# -- API -----------------------------------------------------------------------------------------------------------


class Caller:
    def __init__(self, house: House) -> None:
        self.house, self.keys = house, 0
        self.tokens: dict[str, str] = {}

    def __call__(self, role: str, method: str, path: str, body: Any = None) -> Any:
        if role not in self.tokens:
            self.tokens[role] = issue_token(self.house.db, clock=self.house.clock, by=SYSTEM, staff=self.house.one(role), label="test")
        self.keys += 1
        headers = {"Authorization": f"Bearer {self.tokens[role]}", "Idempotency-Key": f"k{self.keys}"}
        if method == "GET":
            return Client().get(f"/api/v1{path}", headers=headers)
        return Client().post(f"/api/v1{path}", json.dumps(body or {}), content_type="application/json", headers=headers)


def test_the_api_decides_answers_lists_and_replays(house: House) -> None:
    call, plain, referred = Caller(house), house.confirmed(), house.confirmed(**REFERRED)
    assert {each["loan"] for each in call("officer", "GET", "/decisions").json()["items"]} == {plain, referred}
    made = call("approver", "POST", f"/loans/{plain}/decision").json()
    assert (made["outcome"], made["approved"]) == ("approve", {"minor": 150_000, "currency": "CNY"})
    assert call("auditor", "GET", f"/decisions/{made['id']}/replay").json()["same"] is True
    assert call("approver", "POST", f"/loans/{referred}/decision").json()["outcome"] == "refer"
    first = call("approver", "POST", f"/loans/{referred}/decision/answer", {"approved": True, "words": "看过收入证明"}).json()
    assert (first["state"], first["waits_for_second"]) == ("referred", True)
    again = call("approver", "POST", f"/loans/{referred}/decision/answer", {"approved": True, "words": "再说一次可以"})
    assert (again.status_code, again.json()["code"]) == (403, "approval_maker")
    done = call("risk", "POST", f"/loans/{referred}/decision/answer", {"approved": True, "words": "同意这个金额"}).json()
    assert (done["state"], done["by_what"]) == ("approved", "people")
    assert [each["no"] for each in call("auditor", "GET", f"/loans/{referred}/decisions").json()["items"]] == [1, 2]
    assert len(call("officer", "GET", "/decisions?show=decided").json()["items"]) == 2


def test_the_api_refuses_by_role_state_and_malformed_answers(house: House) -> None:
    call, loan = Caller(house), house.confirmed(**REFUSED)
    for role in ("officer", "caller", "custodian", "auditor", "admin", "integrator"):
        assert call(role, "POST", f"/loans/{loan}/decision").status_code == 403
        assert call(role, "POST", f"/loans/{loan}/decision/answer", {"approved": True, "words": "看过收入证明"}).status_code == 403
    assert call("approver", "POST", f"/loans/{loan}/decision/review", {"words": "客户要求复核"}).status_code == 403
    assert call("approver", "POST", f"/loans/{loan}/decision/answer", {"approved": "yes", "words": "看过收入证明"}).status_code == 422
    early = call("approver", "POST", f"/loans/{loan}/decision/answer", {"approved": True, "words": "看过收入证明"})
    assert (early.status_code, early.json()["code"]) == (409, "decision_state")
    refused = call("risk", "POST", f"/loans/{loan}/decision").json()
    assert refused["mends"][-1]["code"] == "mend.review" and refused["reasons"][0]["zh"]
    reviewed = call("caller", "POST", f"/loans/{loan}/decision/review", {"words": "客户要求复核"}).json()
    assert (reviewed["state"], reviewed["by_what"]) == ("referred", "review")
    assert call("auditor", "GET", "/decisions/dc_nobody/replay").status_code == 404
    assert call("auditor", "GET", "/loans/ln_nobody/decisions").status_code == 404


def _number(house: House, loan: str) -> int:
    row = house.db.execute("SELECT loan_id FROM loan_registry WHERE kind = 'public_id' AND key = %s", [loan]).fetchone()
    assert row is not None
    return int(row[0])


# -- the borrower's own page ----------------------------------------------------------------------------------------


def as_borrower(house: House, loan: str, language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language})
    row = house.db.execute(
        "SELECT p.public_id FROM loan l JOIN party p USING (party_id) WHERE l.loan_id = %s", [_number(house, loan)]
    ).fetchone()
    assert row is not None
    session = client.session
    session["borrower"] = row[0]
    session.save()
    client.cookies["sessionid"] = session.session_key or ""
    return client


def test_a_borrower_reads_why_and_what_may_change_it_and_asks_for_people(house: House) -> None:
    loan = house.confirmed(**REFUSED)
    house.decide(loan)
    client = as_borrower(house, loan)
    page = client.get(f"/borrower/loans/{loan}/decision").content.decode()
    for words in ("We cannot lend this time", "There are many other loans running", "Bring the other loans down to 5 or fewer",
                  "Have people look at it"):  # fmt: skip
        assert words in page, words
    assert "existing_loans" not in page and "gate." not in page
    assert client.post(f"/borrower/loans/{loan}/decision", {"words": ""}).status_code == 422
    after = client.post(f"/borrower/loans/{loan}/decision", {"words": "其他借款上周已还清"}, follow=True).content.decode()
    assert "Two people are looking at it" in after
    assert house.state(loan) == "confirmed"
    assert "其他借款上周已还清" in at_desk(house.one("approver")).get(f"/decisions/{loan}").content.decode()


def test_a_borrower_sees_nobody_elses_decision(house: House) -> None:
    mine, other = house.confirmed(), house.confirmed(**REFUSED)
    house.decide(other)
    client = as_borrower(house, mine)
    assert client.get(f"/borrower/loans/{other}/decision").status_code == 404
    assert client.post(f"/borrower/loans/{other}/decision", {"words": "请再看一次吧"}).status_code == 404
    assert "Nothing was decided" in client.get(f"/borrower/loans/{mine}/decision").content.decode()
    assert house.state(other) == "refused"
