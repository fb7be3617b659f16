"""The papers of a loan at the desk, on the phone, in a calendar and by API: the same figures everywhere, masked data only."""

from __future__ import annotations

import base64
import csv
from datetime import date
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.test import Client
from icalendar import Calendar

from holdfast.kernel.errors import Forbidden, NotFound, Refusal
from holdfast.kernel.money import minor_of
from holdfast.policy import set_business_date
from holdfast.servicing import papers, receive, reverse
from holdfast.servicing.papers import issue_account_statement, issued, read_paper
from holdfast.servicing.reading import look_of
from holdfast.web.borrower.links import calendar_path
from holdfast.wiring import NOTARY, PRESS
from tests.api.conftest import Api, refused, said
from tests.books import OFFICER
from tests.restructuring.house import House, yuan
from tests.servicing.house import DAY
from tests.web.screens import desk, hidden, on_the_phone


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    house = House(db, DAY).open()
    set_business_date(db, DAY)
    return house


@pytest.fixture
def loan(house: House) -> str:
    """1,200.00 paid out, 100.00 paid back."""
    loan = house.loan()
    receive(house.db, clock=house.clock, by=OFFICER, loan=loan, amount=yuan(100), received_on=DAY)
    return loan


# ── statement of account ───────────────────────────────────────────────────────────────────────────────────


def test_the_statement_tells_opening_lines_and_closing_at_the_desk_and_on_the_phone(house: House, loan: str) -> None:
    # 12.00 of the 100.00 pays interest of the first instalment ahead of its day: it is added and taken at once.
    for page in (
        desk(house, "caller").get(f"/loans/{loan}/statement").content.decode(),
        on_the_phone(house.borrower.public_id).get(f"/borrower/loans/{loan}/statement").content.decode(),
    ):
        for figure in ("1,212.00", "100.00", "1,112.00", "Paid out", "Received", "interest 12.00", "2 Apr 2026"):
            assert figure in page, figure
        assert "13800000001" not in page and "张示例" not in page


def test_the_table_adds_up_line_by_line(house: House, loan: str) -> None:
    for client, path in ((desk(house, "auditor"), f"/loans/{loan}"), (on_the_phone(house.borrower.public_id), f"/borrower/loans/{loan}")):
        answer = client.get(f"{path}/statement.csv")
        assert answer["Content-Type"].startswith("text/csv") and "attachment" in answer["Content-Disposition"]
        head, *rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))
        assert len({len(row) for row in (head, *rows)}) == 1
        balance = minor_of(rows[0][14], "CNY")
        for row in rows[1:-1]:
            figures = [minor_of(cell, "CNY") for cell in row[4:15]]
            balance += sum(figures[:5]) - sum(figures[5:10])
            assert figures[10] == balance
        assert minor_of(rows[-1][14], "CNY") == balance == 111_200


def test_a_period_that_cannot_be_is_told_beside_the_form(house: House, loan: str) -> None:
    for client, path in ((desk(house, "officer"), f"/loans/{loan}"), (on_the_phone(house.borrower.public_id), f"/borrower/loans/{loan}")):
        for query, why in (
            ("until=2026-03-03", "has not come yet"),
            ("start=2026-13-40", "write a day"),
            ("until=2026-01-01", "Nothing was booked"),
        ):
            answer = client.get(f"{path}/statement?{query}")
            assert answer.status_code == 422 and why in answer.content.decode(), (query, answer.content.decode()[-1500:])


# ── pay-off statement ──────────────────────────────────────────────────────────────────────────────────────


def test_the_pay_off_of_a_day_ahead_is_shown_with_its_parts_and_the_days_after(house: House, loan: str) -> None:
    # 1,112.00 less the 12.00 paid ahead for a month of which 10 of 31 days are used: 1,200 - 100 + 12.00 x 10/31 = 1,103.87.
    for page in (
        desk(house, "officer").get(f"/loans/{loan}/payoff?on=2026-03-12").content.decode(),
        on_the_phone(house.borrower.public_id).get(f"/borrower/loans/{loan}/payoff?on=2026-03-12").content.decode(),
    ):
        assert "1,103.87" in page and "Good until midnight of 12 Mar 2026" in page and "13 Mar 2026" in page


def test_a_pay_off_of_a_day_that_is_over_is_refused_with_words(house: House, loan: str) -> None:
    answer = on_the_phone(house.borrower.public_id).get(f"/borrower/loans/{loan}/payoff?on=2026-03-01")
    assert answer.status_code == 422 and "today or a day ahead" in answer.content.decode()


# ── the sealed papers ──────────────────────────────────────────────────────────────────────────────────────


def test_a_paper_is_made_once_sealed_kept_and_on_record(house: House, loan: str) -> None:
    officer = desk(house, "officer")
    page = officer.get(f"/loans/{loan}/payoff?on=2026-03-12").content.decode()
    sent = {"key": hidden(page, "key"), "on": "2026-03-12"}
    first = officer.post(f"/loans/{loan}/made/payoff_statement", sent)
    assert first.status_code == 302
    assert officer.post(f"/loans/{loan}/made/payoff_statement", sent).status_code == 302
    look = look_of(house.db, house.people["officer"].scope, house.clock)
    (file, kind), *others = issued(house.db, look, loan)
    assert kind == "payoff_statement" and not others, "the same form sent twice makes one paper"
    pdf = officer.get(first["Location"])
    assert pdf["Content-Type"] == "application/pdf" and pdf.content.startswith(b"%PDF") and b"/ByteRange" in pdf.content
    row = house.db.execute("SELECT body FROM record WHERE kind = 'payoff_statement.issued'").fetchone()
    assert row is not None and file.digest.encode() in bytes(row[0]) and b"110387" in bytes(row[0])
    house.clean()


def test_the_borrower_makes_and_keeps_their_own_paper_and_nobody_else_opens_it(house: House, loan: str) -> None:
    phone = on_the_phone(house.borrower.public_id)
    made = phone.post(f"/borrower/loans/{loan}/made/account_statement", {"start": "2026-03-02", "until": "2026-03-02"})
    assert made.status_code == 302 and phone.get(made["Location"]).content.startswith(b"%PDF")
    assert phone.post(f"/borrower/loans/{loan}/made/a_letter", {}).status_code == 404
    stranger = on_the_phone(house.person("李示例").public_id)
    for path in (
        made["Location"],
        f"/borrower/loans/{loan}/statement",
        f"/borrower/loans/{loan}/payoff",
        f"/borrower/loans/{loan}/statement.csv",
    ):
        assert stranger.get(path).status_code == 404, path
    assert stranger.post(f"/borrower/loans/{loan}/made/account_statement", {}).status_code == 404
    house.hire("officer", name="far", reach="own")
    for path in (f"/loans/{loan}/statement", f"/loans/{loan}/payoff", f"/loans/{loan}/repayments.ics", f"/loans/{loan}/statement.csv"):
        assert desk(house, "far").get(path).status_code == 404, path


@pytest.mark.parametrize("who", ["auditor", "custodian"])
def test_who_may_not_make_a_paper_is_refused(house: House, loan: str, who: str) -> None:
    assert desk(house, who).post(f"/loans/{loan}/made/account_statement", {"key": "a-key-of-twelve-or-more"}).status_code == 403
    look = look_of(house.db, house.people[who].scope, house.clock)
    with pytest.raises(Forbidden):
        issue_account_statement(house.db, clock=house.clock, by=house.people[who], look=look, loan=loan, press=PRESS, notary=NOTARY)


def test_there_are_only_so_many_papers_a_day(house: House, loan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(papers, "MOST_A_DAY", 2)
    look = look_of(house.db, house.people["officer"].scope, house.clock)
    made: dict[str, Any] = {
        "clock": house.clock,
        "by": house.people["officer"],
        "look": look,
        "loan": loan,
        "press": PRESS,
        "notary": NOTARY,
    }
    for _ in range(2):
        issue_account_statement(house.db, **made)
    with pytest.raises(Refusal, match="papers of loan"):
        issue_account_statement(house.db, **made)
    with pytest.raises(NotFound):
        read_paper(house.db, look, loan, "fl_nothing")


# ── the calendar ───────────────────────────────────────────────────────────────────────────────────────────


def entries(data: bytes) -> dict[str, Any]:
    return {str(each["UID"]): each for each in Calendar.from_ical(data).walk("VEVENT")}


def test_the_calendar_holds_each_instalment_and_follows_it_under_the_same_name(house: House) -> None:
    loan = house.loan()
    anybody, link = Client(headers={"Accept-Language": "en"}), calendar_path(loan)
    before = anybody.get(link)
    assert before["Content-Type"].startswith("text/calendar")
    told = entries(before.content)
    assert [(each["DTSTART"].dt, str(each["SUMMARY"]), each["SEQUENCE"]) for each in told.values()] == [
        (date(2026, 4, 2), "Repay CNY 412.00", 0), (date(2026, 5, 2), "Repay CNY 408.00", 0), (date(2026, 6, 2), "Repay CNY 404.00", 0),
    ]  # fmt: skip
    for private in (b"HF-T-", "张".encode(), "示例".encode(), b"1380"):
        assert private not in before.content
    receipt = receive(house.db, clock=house.clock, by=OFFICER, loan=loan, amount=yuan(412), received_on=DAY)
    paid = entries(anybody.get(link).content)
    assert (
        paid.keys() == told.keys()
        and str(paid[f"{loan}-1@holdfast"]["STATUS"]) == "CANCELLED"
        and paid[f"{loan}-1@holdfast"]["SEQUENCE"] == 1
    )
    reverse(house.db, clock=house.clock, by=OFFICER, loan=loan, event_no=receipt.event_no, reason="付错了（示例）")
    back = entries(anybody.get(link).content)[f"{loan}-1@holdfast"]
    assert str(back["STATUS"]) == "CONFIRMED" and back["SEQUENCE"] == 2
    assert entries(desk(house, "caller").get(f"/loans/{loan}/repayments.ics").content).keys() == told.keys()


def test_a_link_that_nobody_made_opens_no_calendar_and_a_calendar_s_link_opens_nothing_else(house: House, loan: str) -> None:
    anybody, link = Client(), calendar_path(loan)
    assert anybody.get(f"{link}x").status_code == 404
    assert anybody.get(f"/borrower/calendar/{loan}").status_code == 404
    assert anybody.get(link.replace("/calendar", "")).status_code == 404


# ── by API ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_by_api(house: House, loan: str) -> None:
    api = Api(house.db, house)
    for name, role in (("ring", "caller"), ("look", "auditor")):
        api.hire(name, role)
    told = said(api.get(f"/loans/{loan}/statement", "look"))
    assert (
        told["closing"]["minor"] == told["opening"]["minor"] + told["added"]["total"]["minor"] - told["taken"]["total"]["minor"] == 111_200
    )
    ahead = said(api.get(f"/loans/{loan}/payoff-statement", "look", on="2026-03-12"))
    assert ahead["total"]["minor"] == 110_387 == sum(line["amount"]["minor"] for line in ahead["lines"])
    assert [each["changes"] for each in said(api.get(f"/loans/{loan}/due-dates", "look"))["items"]] == [1, 0, 0]
    assert api.post(f"/loans/{loan}/papers", {"kind": "account_statement"}, "look").status_code == 403
    made = said(api.post(f"/loans/{loan}/papers", {"kind": "account_statement"}, "ring"), 201)
    assert said(api.get(f"/loans/{loan}/papers", "look"))["items"] == [made]
    paper = said(api.get(f"/loans/{loan}/papers/{made['id']}", "look"))
    assert base64.b64decode(paper["content"]).startswith(b"%PDF")
    refused(api.post(f"/loans/{loan}/papers", {"kind": "payoff_statement", "start": "2026-03-02"}, "ring"), 422, "bad_input", "start")
    refused(api.get(f"/loans/{loan}/payoff-statement", "look", on="2026-03-01"), 422, "payoff_day", "on")
