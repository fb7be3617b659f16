"""The call desk and the frozen loan as pages: drawn in both languages, each form does its verb or says why not."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from holdfast import confirmation
from holdfast.confirmation.script import script
from holdfast.parties import staff
from tests.confirmation.desk import LAST_FOUR, NAME, USUAL, CallDesk
from tests.web.screens import Person, live_at, on_the_phone


@pytest.fixture
def desk(db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> CallDesk:
    """A waiting application; the console lives at the desk's hour."""
    desk = CallDesk(db)
    live_at(monkeypatch, desk)
    return desk


class Caller(Person):
    """Somebody at the call desk; each thing they do takes ten seconds."""

    def __init__(self, desk: CallDesk, who: str) -> None:
        super().__init__(desk.db, staff(desk.db, f"st_{who}"))
        self.desk = desk

    def do(self, page: str, action: str, *, status: int = 302, **given: Any) -> str:
        self.desk.wait(10)
        return str(self.send(page, f"{page}/{action}", status=status, **given).content.decode())


@pytest.fixture
def caller(desk: CallDesk) -> Caller:
    return Caller(desk, "caller-1")


def at(desk: CallDesk) -> str:
    return f"/calls/{desk.loan}"


def ring(caller: Caller, desk: CallDesk) -> None:
    """Dial, and the borrower answers."""
    caller.do(at(desk), "dial", language="zh-hans")
    caller.do(at(desk), "answered")


def test_a_whole_call_is_walked_from_the_queue_to_the_confirmation(desk: CallDesk, caller: Caller) -> None:
    assert "by deadline" in caller.see("/calls") and "按期限" in caller.see("/calls", "zh")
    page = at(desk)
    caller.do(page, "take")
    ring(caller, desk)
    for step, given in USUAL.items():
        said = caller.see(page)
        assert f"/steps/{step}" in said
        caller.do(page, f"steps/{step}", **given)
    caller.do(page, "code")
    assert "139****5678" in caller.see(page)
    digits = desk.code()
    wrong = f"{(int(digits) + 1) % 1_000_000:06}"
    assert "not the digits that were sent" in caller.do(page, "steps/code", status=422, digits=wrong)
    caller.do(page, "steps/code", digits=digits)
    caller.do(page, "confirm")
    assert desk.case.loan.state == "confirmed"
    assert "Nobody waits for a call" in caller.see("/calls")


def test_a_wrong_code_counts_even_though_nothing_else_came_of_it(desk: CallDesk, caller: Caller) -> None:
    desk.talk()
    desk.say()
    caller.do(at(desk), "code")
    caller.do(at(desk), "steps/code", status=422, digits="000000" if desk.code() != "000000" else "111111")
    row = desk.db.execute("SELECT attempts FROM one_time_code WHERE purpose = 'confirm'").fetchone()
    assert row == (1,)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_of_the_loan_is_read_before_it_is_proved_who_answers(desk: CallDesk, caller: Caller, language: str) -> None:
    desk.talk()
    desk.say("recording")
    page = caller.see(at(desk), language)
    for step in script().steps:
        if step.names_loan:
            assert step.says["zh-hans"][:12] not in page
    said = caller.do(at(desk), "steps/identity", status=302, name="李示例", last_four="0000")
    assert said == ""
    assert LAST_FOUR not in re.sub(r"\*{8}\w{4}", "", caller.see(at(desk), language))
    caller.do(at(desk), "steps/identity", name=NAME, last_four=LAST_FOUR)
    assert "4,000 元" in caller.see(at(desk), language)


def test_the_desk_says_why_nobody_may_be_called_now(desk: CallDesk, caller: Caller) -> None:
    desk.at(23)
    page = caller.see(at(desk), "zh")
    assert "这个时间不能打，2026-11-25 08:00 起可以。" in page
    assert f"{at(desk)}/dial" not in page


def test_a_call_that_nobody_answers_is_ended_with_its_outcome(desk: CallDesk, caller: Caller) -> None:
    desk.dial()
    assert "Nobody answers?" in caller.see(at(desk))
    caller.do(at(desk), "end", outcome="powered_off")
    assert desk.standing.unreached == 1


def test_another_call_is_agreed_and_a_wrong_moment_is_said_beside_the_field(desk: CallDesk, caller: Caller) -> None:
    desk.talk()
    said = caller.do(at(desk), "end", status=422, outcome="call_back", call_back_at="2026-11-24T23:30")
    assert "Not at this hour" in said
    caller.do(at(desk), "end", outcome="call_back", call_back_at="2026-11-24T15:00")
    assert desk.standing.call_back_at is not None


def test_an_application_is_ended_for_what_the_call_has_shown(desk: CallDesk, caller: Caller) -> None:
    desk.talk()
    desk.say("identity")
    assert f"{at(desk)}/fail" not in caller.see(at(desk))
    desk.answer("will", answer="for_another")
    caller.do(at(desk), "fail", reason="will_not_confirmed", words="受人指使")
    assert desk.case.loan.state == "refused"


def test_an_application_is_returned_when_the_attempts_are_used_up(desk: CallDesk, caller: Caller) -> None:
    for day in range(2):
        desk.at(10, days=day)
        for _ in range(3):
            desk.wait(600).unreached()
    assert "attempts used up" in caller.see("/calls")
    caller.do(at(desk), "return", words="六次没人接")
    assert desk.case.loan.state == "refused"


def test_what_is_noticed_is_shown_as_for_people_only(desk: CallDesk, caller: Caller) -> None:
    desk.talk()
    assert "只供复核，不进评分" in caller.see(at(desk), "zh")
    caller.do(at(desk), "observations", kind="prompted", evidence="有人小声报数字")
    assert "有人小声报数字" in caller.see(at(desk))
    desk.hire("officer", "officer-1")
    assert "有人小声报数字" not in Caller(desk, "officer-1").see(at(desk))


def test_a_recording_is_kept_from_the_desk(desk: CallDesk, caller: Caller) -> None:
    desk.talk()
    desk.say("recording")
    call = desk.standing.calls[-1].public_id
    caller.do(at(desk), "recording", call=call, file=SimpleUploadedFile("call.ogg", b"OggS" + bytes(60)))
    assert "recording kept" in caller.see(at(desk))


def test_somebody_of_another_role_reads_the_desk_and_does_nothing(desk: CallDesk) -> None:
    desk.hire("auditor", "auditor-1")
    page = Caller(desk, "auditor-1").see(at(desk))
    assert '<form method="post" action="/calls' not in page


def test_a_caller_of_another_branch_sees_no_desk(desk: CallDesk) -> None:
    desk.hire("caller", "western", scope="branch", branch="T")
    Caller(desk, "western").see(at(desk), status=404)


def test_a_sign_freezes_and_two_others_thaw_on_the_page_of_the_frozen_loan(desk: CallDesk, caller: Caller) -> None:
    desk.talk()
    frozen = f"/loans/{desk.loan}/freeze"
    caller.do(frozen, "report", sign="coached", evidence="02:14 第二个声音在报数", words="疑似受人指使")
    assert desk.case.freezes
    assert "第二个声音" not in caller.see(frozen), "what it rests on is for those who review"
    for role, name in (("approver", "approver-1"), ("risk", "risk-1")):
        desk.hire(role, name)
    approver, risk = Caller(desk, "approver-1"), Caller(desk, "risk-1")
    assert "第二个声音" in approver.see(frozen, "zh")
    approver.do(frozen, "ask", act="fraud.thaw", words="已回访本人，无人指使")
    asked = re.search(r"/freeze/(aq_\w+)", risk.see(frozen))
    assert asked is not None
    assert f"/freeze/{asked[1]}" not in approver.see(frozen), "whoever asked is given no form to answer"
    risk.do(frozen, asked[1], approved="yes", words="已听录音")
    assert not desk.case.freezes


def test_the_loan_page_shows_the_confirmation_and_leads_to_the_desk(desk: CallDesk, caller: Caller) -> None:
    desk.unreached()
    page = caller.see(f"/loans/{desk.loan}", "zh")
    assert "电话确认" in page and f'href="{at(desk)}"' in page and "无人接听" in page


def test_the_borrower_confirms_on_their_own_page(desk: CallDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    from holdfast.web.borrower import desk as counter

    monkeypatch.setattr(counter, "clock", lambda _db: desk.clock)
    client = on_the_phone(desk.party.public_id)
    path = f"/borrower/loans/{desk.loan}/confirm"
    assert "Nothing waits" in client.get(path, headers={"Accept-Language": "en"}).content.decode()
    desk.talk()
    desk.say()
    confirmation.send_code(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan)
    page = client.get(path, headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "4,000.00 元" in page
    wrong = client.post(path, {"digits": "000000" if desk.code() != "000000" else "111111"}, headers={"Accept-Language": "en"})
    assert wrong.status_code == 422
    assert client.post(path, {"digits": desk.code()}).status_code == 302
    desk.answer("code")
    assert desk.confirm().state == "confirmed"
