"""A past period under audit, the daily statement of coverage, and the signed paper."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from holdfast.duties import papers
from holdfast.duties.period import check_period, cover, examine_loan, examine_period
from holdfast.duties.statements import recompute, state, statements, unlike_records
from holdfast.kernel.errors import BadInput, Forbidden, NotFound
from holdfast.loans import loan_id_of
from holdfast.servicing import note_duty
from holdfast.wiring import EXPECTATIONS, NOTARY, PRESS
from tests.duties.books import Book
from tests.servicing.house import DAY, House

# The book's instalments fall due on the 5th of each month; reminders 7, 3, 1 and 0 days before.
FIRST = date(2026, 1, 29)


def lines(book: Book, loan: str, first: str, until: str) -> list[tuple[str, str, Any]]:
    found = examine_loan(book.db, loan_id_of(book.db, loan), date.fromisoformat(first), date.fromisoformat(until), EXPECTATIONS)
    return [(each.about, each.verdict, each.done_on) for each in found.lines]


def test_what_was_due_on_each_day_when_it_was_done_by_whom_and_by_which_record(book: Book) -> None:
    loan = book.lend()
    book.remind(loan, "2026-01-29", "2026-02-02")
    found = examine_loan(book.db, loan_id_of(book.db, loan), FIRST, date(2026, 2, 2), EXPECTATIONS)
    assert [(each.about, each.due_on.isoformat(), each.verdict, each.by, each.record, each.seq) for each in found.lines] == [
        ("i1 T-7", "2026-01-29", "proved", "st_example", "contact.noted", 2),
        ("i1 T-3", "2026-02-02", "proved", "st_example", "contact.noted", 3),
    ]  # fmt: skip
    assert found.counts() == {"proved": 2}


def test_what_was_done_after_its_day_is_late_and_what_waited_behind_it_too(book: Book) -> None:
    loan = book.lend()
    book.remind(loan, "2026-02-03")
    assert lines(book, loan, "2026-01-29", "2026-02-02") == [
        ("i1 T-7", "late", date(2026, 2, 3)), ("i1 T-3", "late", date(2026, 2, 3)),
    ]  # fmt: skip


def test_what_nobody_has_done_is_open_and_what_waits_behind_it_was_not_begun(book: Book) -> None:
    loan = book.lend()
    assert lines(book, loan, "2026-01-29", "2026-02-02") == [("i1 T-7", "open", None), ("i1 T-3", "open", None)]


def test_a_duty_that_was_deleted_is_missing_and_one_whose_record_says_another_day_unproved(book: Book) -> None:
    loan = book.lend()
    book.remind(loan, "2026-01-29", "2026-02-02")
    book.tamper("DELETE FROM duty WHERE about = 'i1 T-7'")
    book.tamper("UPDATE duty SET closed_on = '2026-02-01' WHERE about = 'i1 T-3'")
    assert [(about, verdict) for about, verdict, _ in lines(book, loan, "2026-01-29", "2026-02-02")] == [
        ("i1 T-7", "missing"), ("i1 T-3", "unproved"),
    ]  # fmt: skip


def test_a_day_that_is_over_stays_as_it_was_whatever_is_done_later(book: Book) -> None:
    loan = book.lend()
    book.remind(loan, "2026-01-29")
    first = cover(book.db, FIRST, EXPECTATIONS)
    late = cover(book.db, date(2026, 2, 2), EXPECTATIONS)
    assert (first.live, first.due, first.proved, first.late) == (1, 1, 1, 0)
    assert (late.live, late.due, late.proved, late.late) == (1, 1, 0, 1)
    book.remind(loan, "2026-02-03")
    book.pay(loan, 120_000, "2026-02-04", received_on="2026-01-20")
    assert cover(book.db, FIRST, EXPECTATIONS) == first
    assert cover(book.db, date(2026, 2, 2), EXPECTATIONS) == late


def test_a_message_that_was_sent_counts_as_reminded_and_a_call_does_not(db: psycopg.Connection[Any]) -> None:
    house = House(db, DAY).open()
    loan = house.loan()
    house.sleep((date(2026, 3, 26) - house.day).days)
    day = house.day
    row = house.db.execute("SELECT duty_no FROM duty WHERE open AND kind = 'reminder'").fetchone()
    assert row is not None
    note_duty(
        house.db, clock=house.clock, by=house.people["caller"], loan=loan, duty_no=row[0], outcome="reached", words="示例", how="came"
    )
    house.walk(1)
    found = cover(house.db, day, EXPECTATIONS)
    assert (found.due, found.proved, found.reminded) == (1, 1, 0)


def test_the_statement_of_a_day_is_written_once_into_the_house_s_chain_and_agrees_with_it(book: Book) -> None:
    loan = book.lend()
    book.remind(loan, "2026-01-29")
    book.day = date(2026, 1, 30)
    found = cover(book.db, FIRST, EXPECTATIONS)
    record = state(book.db, found, clock=book.clock)
    assert record is not None and record.kind == "coverage.stated" and record.says() == found.as_json()
    assert state(book.db, found, clock=book.clock) is None
    assert [each.coverage for each in statements(book.db)] == [found]
    assert unlike_records(book.db) == [] and recompute(book.db, FIRST, FIRST, EXPECTATIONS) == []


def test_a_statement_that_was_bent_and_a_day_that_was_bent_are_named(book: Book) -> None:
    loan = book.lend()
    book.remind(loan, "2026-01-29")
    book.day = date(2026, 1, 30)
    state(book.db, cover(book.db, FIRST, EXPECTATIONS), clock=book.clock)
    book.tamper("DELETE FROM duty WHERE about = 'i1 T-7'")
    (difference,) = recompute(book.db, FIRST, FIRST, EXPECTATIONS)
    assert "proved 1, now 0" in difference.why and "missing 0, now 1" in difference.why
    book.tamper("UPDATE coverage_statement SET proved = 0, missing = 1")
    assert recompute(book.db, FIRST, FIRST, EXPECTATIONS) == []
    assert [each.on for each in unlike_records(book.db)] == [FIRST]
    book.tamper("DELETE FROM coverage_statement")
    (gone,) = unlike_records(book.db)
    assert gone.on == FIRST and "is gone" in gone.why


def test_the_whole_book_s_period_is_the_sum_of_its_days(book: Book) -> None:
    loans = [book.lend(), book.lend()]
    for loan in loans:
        book.remind(loan, "2026-01-29")
    book.remind(loans[0], "2026-02-02")
    found = examine_period(book.db, FIRST, date(2026, 2, 2), EXPECTATIONS)
    assert found.loans == 2 and found.counts() == {"proved": 3, "open": 1}
    assert [each.loan for each in found.lines] == [loans[1]], "only what was not done is kept line by line"
    for day, counts in found.days.items():
        told = cover(book.db, day, EXPECTATIONS)
        assert (told.due, told.proved, told.late) == (counts.total(), counts["proved"], counts["open"] + counts["late"])


def test_only_days_that_are_over_can_be_audited() -> None:
    today = date(2026, 3, 2)
    check_period(today - timedelta(days=30), today - timedelta(days=1), today)
    for first, until, field in (
        (today, today, "until"),
        (today - timedelta(days=1), today - timedelta(days=2), "first"),
        (today - timedelta(days=400), today - timedelta(days=1), "first"),
    ):
        with pytest.raises(BadInput) as bad:
            check_period(first, until, today)
        assert bad.value.field == field


def issue(house: House, by: Any, loan: str | None) -> papers.Issued:
    return papers.issue(
        house.db, clock=house.clock, by=by, first=DAY, until=house.day - timedelta(days=1), loan=loan, providers=EXPECTATIONS,
        press=PRESS, notary=NOTARY,
    )  # fmt: skip


def test_the_signed_paper_of_a_loan_and_of_the_book_are_on_record_and_can_be_opened_again(db: psycopg.Connection[Any]) -> None:
    house = House(db, DAY).open()
    loan, auditor = house.loan(), house.people["auditor"]
    house.sleep((date(2026, 3, 30) - house.day).days)
    one = issue(house, auditor, loan)
    assert house.kinds(loan)[-1] == "duty_audit.issued"
    assert one.found.counts().total() == 1, "the reminder of 26 March; the next one is of the 30th"
    file, pdf = papers.read_paper(house.db, by=auditor, paper=one.file.public_id, loan=loan)
    assert pdf.startswith(b"%PDF") and b"/Sig" in pdf and file.digest == one.file.digest
    whole = issue(house, auditor, None)
    _, pdf = papers.read_paper(house.db, by=auditor, paper=whole.file.public_id)
    assert pdf.startswith(b"%PDF")
    assert papers.issued_of_book(house.db)[0].public_id == whole.file.public_id
    with pytest.raises(NotFound):
        papers.read_paper(house.db, by=auditor, paper=one.file.public_id)
    house.clean()


def test_the_paper_of_a_large_book_names_the_list_of_all_that_was_not_done_by_its_digest(
    db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(papers, "MOST_LINES", 1)
    house = House(db, DAY).open()
    loans = {house.loan() for _ in range(3)}
    house.sleep(35)
    until = house.day - timedelta(days=1)
    audited = papers.audit_book(house.db, DAY, until, EXPECTATIONS)
    whole = issue(house, house.people["auditor"], None)
    listing, paper = sorted(papers.issued_of_book(house.db), key=lambda each: each.media_type == "application/pdf")
    assert paper.public_id == whole.file.public_id
    _, data = papers.read_paper(house.db, by=house.people["auditor"], paper=listing.public_id)
    lines = [json.loads(line) for line in data.decode().splitlines()]
    counts = whole.found.counts()
    assert len(lines) == audited.lines == counts.total() - counts["proved"] > papers.MOST_LINES
    assert {line["loan"] for line in lines} == loans
    row = house.db.execute("SELECT body FROM record WHERE kind = 'duty_audit.issued' ORDER BY seq DESC LIMIT 1").fetchone()
    assert row is not None
    said = json.loads(row[0])["says"]
    assert said["list_sha256"] == hashlib.sha256(data).hexdigest() == audited.digest
    assert said["list_lines"] == len(lines)


def test_a_book_with_nothing_left_undone_needs_no_list(db: psycopg.Connection[Any]) -> None:
    house = House(db, DAY).open()
    house.loan()
    house.sleep(2)
    issue(house, house.people["auditor"], None)
    assert [each.media_type for each in papers.issued_of_book(house.db)] == ["application/pdf"]


def test_who_may_have_the_paper_made(db: psycopg.Connection[Any]) -> None:
    house = House(db, DAY).open()
    loan = house.loan()
    house.sleep(2)
    for role in ("caller", "officer", "approver", "custodian", "integrator"):
        with pytest.raises(Forbidden):
            issue(house, house.people[role], loan)
    far = house.hire("auditor", name="far", reach="branch")
    with pytest.raises(NotFound):
        issue(house, far, loan)
    with pytest.raises(Forbidden):
        issue(house, far, None)
    with pytest.raises(Forbidden):
        papers.read_paper(house.db, by=far, paper="fl_x")
    with pytest.raises(NotFound):
        papers.read_paper(house.db, by=far, paper="fl_x", loan=loan)
