"""Queues, owners, absences, moves and past days by API."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from holdfast import duties
from holdfast.duties.period import cover
from holdfast.duties.statements import state
from holdfast.journal import SYSTEM
from holdfast.parties import issue_token
from holdfast.web.api import operation
from holdfast.wiring import EXPECTATIONS
from tests.api.conftest import Api, refused, said
from tests.servicing.house import DAY, House

WHY = "示例缘由"


@pytest.fixture
def house(db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> House:
    """A book on the day after an instalment fell due and was not paid, at noon."""
    house = House(db, DAY).open()
    house.loan()
    house.sleep((date(2026, 4, 3) - house.day).days)
    monkeypatch.setattr(operation, "clock", lambda _db: house.clock)
    return house


@pytest.fixture
def api(house: House) -> Api:
    """Everybody of the house with a token; `second` is one more caller, `far` one who sees no loan of the house."""
    api = Api(house.db, house)
    house.hire("caller", name="second")
    house.hire("caller", name="far", reach="branch")
    for name in ("officer", "caller", "second", "far", "approver", "custodian", "risk", "auditor", "admin", "integrator"):
        person = api.people[name] = house.people[name]
        api.tokens[name] = issue_token(house.db, clock=house.clock, by=SYSTEM, staff=person, label="test")
    return api


def loan_of(house: House) -> str:
    return str(house.db.execute("SELECT public_id FROM loan").fetchone()[0])  # type: ignore[index]


def duty_of(house: House) -> str:
    """The address of the open follow-up."""
    loan = loan_of(house)
    duty = duties.take(house.db, loan, None, lock=False).open("follow_up")
    assert duty is not None
    return f"/loans/{loan}/duties/{duty.duty_no}"


def test_the_queue_tells_the_order_and_its_reasons(house: House, api: Api) -> None:
    (line,) = said(api.get("/duties/queue", "caller"))["items"]
    assert (line["loan"], line["kind"], line["rank"]["points"]) == (loan_of(house), "follow_up", 15)
    assert {each["name"]: each["figure"] for each in line["rank"]["reasons"]} == {"exposure": 120_000, "days_past_due": 1}
    assert said(api.get("/duties/queue", "far"))["items"] == []
    refused(api.get("/duties/queue", "caller", view="nonsense"), 422, "bad_input", "view")


def test_a_duty_is_taken_put_off_handed_over_and_assigned(house: House, api: Api) -> None:
    at = duty_of(house)
    assert said(api.post(f"{at}/take", {}, "caller"))["record_seq"] is not None
    until = (house.clock.now() + timedelta(hours=1)).isoformat()
    assert said(api.post(f"{at}/snooze", {"until": until, "reason": WHY}, "caller"))["record_seq"]
    assert said(api.get("/duties/queue", "caller", view="snoozed"))["items"][0]["snoozed_until"]
    assert said(api.post(f"{at}/hand-over", {"to": api.people["second"].public_id, "reason": WHY}, "caller"))["record_seq"]
    assert said(api.post(f"{at}/give-back", {"reason": WHY}, "second"))["record_seq"]
    assert said(api.post(f"{at}/assign", {"to": api.people["caller"].public_id, "reason": WHY}, "approver"))["record_seq"]
    house.clean()


def test_who_may_not_and_who_does_not_see_is_refused(house: House, api: Api) -> None:
    at, until = duty_of(house), (house.clock.now() + timedelta(hours=1)).isoformat()
    for path, body in (("take", {}), ("give-back", {"reason": WHY}), ("snooze", {"until": until, "reason": WHY})):
        refused(api.post(f"{at}/{path}", body, "auditor"), 403, "role_may_not")
        refused(api.post(f"{at}/{path}", body, "far"), 404, "loan_not_found", "loan")
    refused(api.post(f"{at}/assign", {"reason": WHY}, "caller"), 403, "role_may_not")
    refused(api.post("/duties/moves/preview", {"role": "caller"}, "officer"), 403, "role_may_not")
    refused(api.post(f"{at}/take", {}, "officer"), 409, "duty_role", "duty_no")


def test_a_moment_that_is_none_is_named(house: House, api: Api) -> None:
    at = duty_of(house)
    said(api.post(f"{at}/take", {}, "caller"))
    for until in ("soon", "2026-04-03T15:00:00"):
        answer = api.post(f"{at}/snooze", {"until": until, "reason": WHY}, "caller")
        assert answer.status_code == 422, answer.content.decode()


def test_an_absence_is_entered_listed_and_ended(house: House, api: Api) -> None:
    body = {"staff": api.people["caller"].public_id, "from_on": house.day.isoformat(), "until_on": house.day.isoformat(), "reason": WHY}
    made = said(api.post("/absences", {**body, "stand_in": api.people["second"].public_id}, "caller"), 201)
    assert said(api.get("/absences", "officer"))["items"] == [made]
    refused(api.post("/absences", body, "officer"), 403, "role_may_not")
    refused(api.post(f"/absences/{made['id']}/end", {}, "second"), 403, "role_may_not")
    said(api.post(f"/absences/{made['id']}/end", {}, "caller"))
    refused(api.post(f"/absences/{made['id']}/end", {}, "caller"), 409, "absence_ended", "absence")


def test_many_duties_are_moved_as_they_were_shown(house: House, api: Api) -> None:
    wanted = {"role": "caller", "to": api.people["caller"].public_id}
    seen = said(api.post("/duties/moves/preview", wanted, "approver"))
    assert (seen["count"], seen["unseen"], seen["first"][0]["loan"]) == (1, 0, loan_of(house))
    refused(api.post("/duties/moves", {**wanted, "shown": "other", "reason": WHY}, "approver"), 409, "move_changed")
    moved = said(api.post("/duties/moves", {**wanted, "shown": seen["shown"], "reason": WHY}, "approver"), 201)
    assert moved["count"] == 1 and moved["digest"] == seen["shown"]


def test_a_promise_is_noted_with_its_day(house: House, api: Api) -> None:
    at = duty_of(house)
    gone = {"outcome": "promised", "words": WHY, "pay_by": "2026-04-01", "how": "came"}
    refused(api.post(f"{at}/notes", gone, "caller"), 422, "promise_day", "pay_by")
    said(api.post(f"{at}/notes", {**gone, "pay_by": "2026-04-05"}, "caller"), 201)


def test_past_days_are_audited_for_a_loan_and_for_the_book(house: House, api: Api) -> None:
    days = {"first": "2026-03-02", "until": "2026-04-02"}
    one = said(api.get(f"/loans/{loan_of(house)}/duties/period", "caller", **days))
    assert one["counts"]["open"] == len(one["lines"]) > 0
    whole = said(api.get("/duties/period", "auditor", **days))
    assert whole["counts"] == one["counts"] and whole["loans"] == 1
    refused(api.get("/duties/period", "caller", **days), 403, "role_may_not")
    refused(api.get(f"/loans/{loan_of(house)}/duties/period", "far", **days), 404, "loan_not_found", "loan")
    refused(api.get("/duties/period", "auditor", first="2026-03-02", until="2026-04-03"), 422, "period_open", "until")
    paper = said(api.post("/duties/period/papers", {**days, "loan": loan_of(house)}, "auditor"), 201)
    assert paper["pdf"].startswith("JVBERi") and paper["counts"] == one["counts"]
    refused(api.post("/duties/period/papers", days, "officer"), 403, "role_may_not")


def test_the_daily_statements_are_read(house: House, api: Api) -> None:
    found = cover(house.db, house.day - timedelta(days=1), EXPECTATIONS)
    state(house.db, found, clock=house.clock)
    (line,) = said(api.get("/duties/coverage", "auditor"))["items"]
    assert {name: line[name] for name in ("on", "live", "due", "late")} == {
        "on": "2026-04-02",
        "live": 1,
        "due": found.due,
        "late": found.late,
    }
    refused(api.get("/duties/coverage", "caller"), 403, "role_may_not")
