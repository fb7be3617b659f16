"""The texts' pages: write, check, ask, agree, retire; what is wrong is shown with its place, and the phone shows what is sent."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.test import Client

from holdfast.contact import TEMPLATES, Capabilities
from holdfast.contact.lint import forbidden_words, lint
from holdfast.policy import set_business_date
from holdfast.web.console import text_words
from holdfast.wiring import CHANNELS
from tests.contact.test_dispatch import Carrier
from tests.servicing.house import DAY, House
from tests.web.screens import desk, form_of

PAGE = "/texts/reminder/zh-hans"
OWN = "您好，尾号 {contract} 的合同第 {n} 期 {amount}，{due_on}到期。如已还款请忽略。"


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    house = House(db, DAY).open()
    set_business_date(db, DAY)
    for role in ("risk", "approver", "caller"):
        house.hire(role)
    return house


def send(client: Client, what: str, **fields: str) -> Any:
    """What the page's own form of that act sends, with these fields besides."""
    return client.post(f"{PAGE}/{what}", {**form_of(client.get(PAGE).content.decode(), f"/{what}")[1], **fields})


def test_every_text_has_a_word_and_a_place_in_the_list() -> None:
    assert set(text_words.TEMPLATES) == set(TEMPLATES)
    listed = [name for _, names in text_words.PARTS for name in names]
    assert sorted(listed) == sorted(TEMPLATES)


def test_every_finding_of_the_linter_has_words() -> None:
    groups = {each.group for each in forbidden_words()}
    odd = lint("{x}{y} } 【$ 13800005678 www.x 😀" + "好" * 501, template="reminder", language="en", signature="")
    only = lint("{contract}", template="reminder", language="en", signature="x")
    codes = {each.code for each in [*odd, *only] if each.code != "forbidden"}
    assert len(codes) == 12
    assert groups | codes <= set(text_words.FINDINGS)


def test_a_text_is_written_asked_for_agreed_to_and_sent(house: House) -> None:
    risk, approver = desk(house, "risk"), desk(house, "approver")
    assert send(risk, "draft", words=OWN).status_code == 302
    page = risk.get(PAGE).content.decode()
    assert "您好，尾号 0042 的合同第 3 期 1,766.50 元" in page
    assert send(risk, "ask", reason="语气更平和").status_code == 302
    assert "another person must answer" in risk.get(PAGE).content.decode()
    assert 'name="words"' not in risk.get(PAGE).content.decode(), "while it waits nobody writes at it"
    assert send(approver, "answer", approved="yes", words="").status_code == 302
    assert "Version 1 is sent." in approver.get(PAGE).content.decode()
    assert "version 1 is sent" in approver.get("/texts").content.decode()
    assert send(approver, "retire", reason="措辞有误").status_code == 302
    assert "The words that ship with the program are sent." in approver.get(PAGE).content.decode()


def test_a_check_shows_each_finding_with_its_place_and_keeps_nothing(house: House) -> None:
    risk = desk(house, "risk")
    answer = send(risk, "draft", words=OWN + "否则法 院见", check="yes")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "1 place to mend" in page and "<b>法 院</b>" in page and "This speaks of courts" in page
    assert "法 院见</textarea>" in page, "what was typed is still there"
    assert "Version 1" not in risk.get(PAGE).content.decode()
    clean = send(risk, "draft", words=OWN, check="yes").content.decode()
    assert "Nothing to mend" in clean and 'action="/texts/reminder/zh-hans/ask"' not in clean


def test_a_draft_with_findings_is_kept_and_has_no_form_to_ask(house: House) -> None:
    risk = desk(house, "risk")
    assert send(risk, "draft", words=OWN + "<script>￥").status_code == 302
    page = risk.get(PAGE).content.decode()
    assert 'action="/texts/reminder/zh-hans/ask"' not in page
    assert "&lt;script&gt;" in page and "<script>￥" not in page
    assert send(risk, "drop").status_code == 302
    assert "no longer sent" in risk.get(PAGE).content.decode()


def test_whoever_may_not_write_sees_what_is_sent_and_no_form(house: House) -> None:
    page = desk(house, "caller").get(PAGE).content.decode()
    assert "您尾号 0042 的合同，第 3 期 1,766.50 元" in page
    assert '<form class="form' not in page
    assert desk(house, "caller").post(f"{PAGE}/draft", {"words": OWN}).status_code == 403


@pytest.mark.parametrize("where", ["/texts/gossip/en", "/texts/reminder/fr", "/texts/reminder/en/praise"])
def test_a_text_that_there_is_not_is_not_found(house: House, where: str) -> None:
    client = desk(house, "risk")
    assert (client.post(where) if where.count("/") > 3 else client.get(where)).status_code == 404


def test_every_text_has_its_page(house: House) -> None:
    risk = desk(house, "risk")
    for template in TEMPLATES:
        for language in ("zh-hans", "en"):
            assert risk.get(f"/texts/{template}/{language}").status_code == 200, (template, language)


class Strict(Carrier):
    """A carrier that takes only what it has approved."""

    def capabilities(self) -> Capabilities:
        return Capabilities(name="strict carrier", finance_allowed=True, run_against="itself", templates_must_be_approved=True)


def test_what_a_carrier_says_is_noted_and_shown(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHANNELS, "sms", Strict())
    risk = desk(house, "risk")
    assert "strict carrier takes only texts" in risk.get("/texts").content.decode()
    told = {"carrier": "strict carrier", "words": "SMS_1"}
    assert send(risk, "carrier", event="submit", **told).status_code == 302
    assert send(risk, "carrier", event="approve", **told).status_code == 302
    assert "approved by the carrier" in risk.get(PAGE).content.decode()
    refused = send(risk, "carrier", event="approve", **told)
    assert refused.status_code == 422 and "does not follow" in refused.content.decode()


def test_my_day_leads_an_approver_to_the_text_that_waits_and_nobody_else(house: House) -> None:
    house.hire("custodian")
    risk = desk(house, "risk")
    send(risk, "draft", words=OWN)
    send(risk, "ask", reason="语气更平和")
    page = desk(house, "approver").get("/").content.decode()
    assert f'<a class="btn s" href="{PAGE}">' in page and "Send another text" in page
    for role in ("risk", "custodian", "caller"):
        answer = desk(house, role).get("/")
        assert answer.status_code == 200
        assert f'<a class="btn s" href="{PAGE}">' not in answer.content.decode(), role
