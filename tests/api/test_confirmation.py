"""The confirmation call through the API: the whole call, the same refusals as anywhere, and two people for a frozen loan."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from holdfast.confirmation.script import script
from holdfast.parties import Role
from tests.api.conftest import Api, refused, said
from tests.confirmation.desk import USUAL, CallDesk


@pytest.fixture
def desk(db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> CallDesk:
    """A waiting application; the API lives at the desk's hour, which is never night."""
    desk = CallDesk(db)
    monkeypatch.setattr("holdfast.web.api.operation.clock", lambda _db: desk.clock)
    return desk


@pytest.fixture
def api(desk: CallDesk) -> Iterator[Api]:
    api = Api(desk.db, desk.shop.book)
    for role in Role:
        if role is not Role.SYSTEM:
            api.hire(role.value, role.value)
    yield api


def post(api: Api, desk: CallDesk, path: str, body: Any = None, who: str = "caller") -> Any:
    desk.wait(10)
    return api.post(f"/loans/{desk.loan}/{path}", body if body is not None else {}, who)


def talk(api: Api, desk: CallDesk) -> None:
    said(post(api, desk, "confirmation/calls"), 201)
    said(post(api, desk, "confirmation/answered", b""))


def test_a_whole_call_confirms_the_loan(api: Api, desk: CallDesk) -> None:
    assert said(api.get("/confirmations", "caller"))["items"][0]["turn"] == "deadline"
    said(post(api, desk, "confirmation/take", {"instead": False}))
    talk(api, desk)
    for step, given in USUAL.items():
        told = said(post(api, desk, f"confirmation/steps/{step}", dict(given)))
        assert told["passed"]
    sent = said(post(api, desk, "confirmation/code", b""), 201)
    assert sent["to"] == "139****5678"
    digits = desk.code()
    wrong = f"{(int(digits) + 1) % 1_000_000:06}"
    assert said(post(api, desk, "confirmation/code/attempts", {"digits": wrong})) == {"right": False}
    assert said(post(api, desk, "confirmation/code/attempts", {"digits": digits})) == {"right": True}
    said(post(api, desk, "confirmation/steps/code", {}))
    done = said(post(api, desk, "confirmation/completion", b""))
    assert (done["state"], done["facts_digest"]) == ("confirmed", sent["bound"])
    assert said(api.get(f"/loans/{desk.loan}/confirmation", "auditor"))["state"] == "confirmed"


def test_a_step_that_names_the_loan_is_shown_only_when_it_is_proved_who_answers(api: Api, desk: CallDesk) -> None:
    talk(api, desk)

    def shown() -> dict[str, str]:
        return {each["id"]: each["says"] for each in said(api.get(f"/loans/{desk.loan}/confirmation", "caller"))["steps"]}

    named = [step.id for step in script().steps if step.names_loan]
    assert shown()["identity"] and not any(shown()[step] for step in named)
    refused(post(api, desk, "confirmation/steps/will", {"answer": "own_will"}), 409, "identity_first", "step")
    for step in ("who_calls", "recording", "identity"):
        said(post(api, desk, f"confirmation/steps/{step}", dict(USUAL[step])))
    assert "4,000 元" in shown()["plan"] and all(shown()[step] for step in named)


def test_a_refusal_of_contact_names_the_rule_and_the_earliest_moment(api: Api, desk: CallDesk) -> None:
    desk.at(23)
    problem = refused(post(api, desk, "confirmation/calls"), 409, "contact_refused")
    assert "contact.service_waits_for_morning" in problem["detail"] and "T00:00:00" in problem["detail"]


def test_a_call_ends_and_another_is_agreed(api: Api, desk: CallDesk) -> None:
    said(post(api, desk, "confirmation/calls"), 201)
    assert said(post(api, desk, "confirmation/end", {"outcome": "busy"}))["state"] == "waiting"
    talk(api, desk)
    ended = said(post(api, desk, "confirmation/end", {"outcome": "call_back", "call_back_at": "2026-11-24T07:00:00Z"}))
    assert ended["state"] == "to_call_back"


def test_an_application_is_ended_for_what_the_call_shows(api: Api, desk: CallDesk) -> None:
    talk(api, desk)
    refused(post(api, desk, "confirmation/failure", {"reason": "declined"}), 409, "failure_not_shown", "reason")
    for step in ("who_calls", "recording", "identity"):
        said(post(api, desk, f"confirmation/steps/{step}", dict(USUAL[step])))
    assert said(post(api, desk, "confirmation/steps/will", {"answer": "does_not_want"}))["stops"] == "declined"
    assert said(post(api, desk, "confirmation/failure", {"reason": "declined"}))["loan_state"] == "withdrawn"


def test_an_application_is_returned_only_when_the_attempts_are_used_up(api: Api, desk: CallDesk) -> None:
    refused(post(api, desk, "confirmation/return", {}), 409, "attempts_left")


def test_what_was_noticed_is_for_those_who_look_again(api: Api, desk: CallDesk) -> None:
    talk(api, desk)
    noted = said(post(api, desk, "observations", {"kind": "prompted", "evidence": "有人小声报数字"}), 201)
    assert noted["mark"] == 10
    assert said(api.get(f"/loans/{desk.loan}/observations", "risk"))["items"][0]["kind"] == "prompted"
    refused(api.get(f"/loans/{desk.loan}/observations", "officer"), 403, "role_may_not")


def test_a_recording_is_kept_with_consent_only(api: Api, desk: CallDesk) -> None:
    talk(api, desk)
    number = desk.standing.calls[-1].public_id
    body = {"name": "call.ogg", "data": base64.b64encode(b"OggS" + bytes(50)).decode()}
    refused(post(api, desk, f"calls/{number}/recording", body), 409, "no_recording_consent")
    for step in ("who_calls", "recording"):
        said(post(api, desk, f"confirmation/steps/{step}", dict(USUAL[step])))
    refused(post(api, desk, f"calls/{number}/recording", {"name": "call.ogg", "data": "T2dn"}), 422, "bad_input", "file")
    assert said(post(api, desk, f"calls/{number}/recording", body), 201)["media_type"] == "audio/ogg"


def test_a_sign_freezes_and_two_others_thaw(api: Api, desk: CallDesk) -> None:
    sign = {"sign": "coached", "evidence": "02:14 第二个声音", "words": "受人指使"}
    assert said(post(api, desk, "fraud", sign, "officer"), 201)["review_by"]
    refused(post(api, desk, "confirmation/calls"), 409, "loan_frozen")
    assert said(api.get(f"/loans/{desk.loan}/fraud", "officer"))["signs"][0]["evidence"] is None
    assert said(api.get(f"/loans/{desk.loan}/fraud", "risk"))["signs"][0]["evidence"] == sign["evidence"]
    asked = said(post(api, desk, "fraud/thaw", {"words": "已回访本人"}, "risk"), 202)["id"]
    answer = {"approved": True, "words": "已核对"}
    refused(api.post(f"/fraud-reviews/{asked}/answer", answer, "risk"), 403, "approval_maker")
    done = said(api.post(f"/fraud-reviews/{asked}/answer", answer, "approver"))
    assert (done["frozen"], done["request"]["standing"]) == (False, "spent")
    said(post(api, desk, "confirmation/calls"), 201)


def test_a_frozen_loan_is_ended_by_two(api: Api, desk: CallDesk) -> None:
    said(post(api, desk, "fraud", {"sign": "stolen_thing", "evidence": "序列号已挂失", "words": "疑似赃物"}, "custodian"), 201)
    asked = said(post(api, desk, "fraud/refusal", {"words": "已核实是赃物"}, "approver"), 202)["id"]
    assert said(api.post(f"/fraud-reviews/{asked}/answer", {"approved": True, "words": ""}, "risk"))["state"] == "refused"


@pytest.mark.parametrize(
    ("path", "body", "who"),
    [
        ("confirmation/calls", {}, "officer"),
        ("confirmation/steps/who_calls", {"answer": "goes_on"}, "approver"),
        ("confirmation/completion", b"", "integrator"),
        ("fraud", {"sign": "other", "evidence": "xxxx", "words": "xxxx"}, "auditor"),
        ("fraud/thaw", {"words": "xxxx"}, "caller"),
        ("fraud/refusal", {"words": "xxxx"}, "officer"),
    ],
)
def test_each_operation_is_open_to_its_roles_only(api: Api, desk: CallDesk, path: str, body: Any, who: str) -> None:
    refused(post(api, desk, path, body, who), 403, "role_may_not")


def test_a_caller_of_another_branch_sees_nothing_of_it(api: Api, desk: CallDesk) -> None:
    api.hire("western", "caller", "branch")
    assert said(api.get("/confirmations", "western"))["items"] == []
    refused(api.get(f"/loans/{desk.loan}/confirmation", "western"), 404, "loan_not_found", "loan")
    refused(post(api, desk, "confirmation/calls", {}, "western"), 404, "loan_not_found", "loan")


def test_the_same_key_dials_once(api: Api, desk: CallDesk) -> None:
    for _ in range(2):
        said(api.post(f"/loans/{desk.loan}/confirmation/calls", {}, "caller", key="once"), 201)
    assert len(desk.standing.calls) == 1
