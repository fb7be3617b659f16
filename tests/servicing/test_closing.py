"""A month is closed once it is proved, and then takes no entry; two people open it again."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.ledger import Account
from holdfast.parties import MAY, Reach, Role, Staff
from holdfast.policy import note_night
from holdfast.servicing.closing import ask_to_reopen, close_month, closing_checks, decide_reopening
from holdfast.servicing.month_end import book_at, month_end_of, provision_for, root_now, snapshot, snapshot_csv, snapshots
from holdfast.servicing.night import run_night
from holdfast.servicing.periods import closes
from holdfast.servicing.verify import verify_books
from tests.books import Book, round_terms
from tests.servicing.test_accrual import balance
from tests.servicing.test_verbs import prove

START = date(2026, 3, 2)
MARCH = date(2026, 3, 31)


@pytest.fixture
def book(db: psycopg.Connection[Any]) -> Book:
    return Book(db, START)


def nights(book: Book, until: date) -> None:
    """Close every day through `until`, as the worker does."""
    while book.day <= until:
        run_night(book.db, clock=book.clock, on=book.day)
        note_night(book.db, book.day)
        book.walk(1)


def somebody(book: Book, role: Role = Role.RISK, *, reach: Reach = Reach.ALL, person: str | None = None) -> Staff:
    """A member of staff with a row of their own; `person` is the party that two log-ins may share."""
    number = book.db.execute("SELECT count(*) FROM staff").fetchone()[0]  # type: ignore[index]
    person_id = None
    if person is not None:
        found = book.db.execute("SELECT party_id FROM party WHERE public_id = %s", [person]).fetchone()
        if found is None:
            found = book.db.execute(
                """INSERT INTO party (public_id, kind, label, language, branch_id)
                   VALUES (%s, 'person', '示*', 'zh-Hans', %s) RETURNING party_id""",
                [person, book.branch_id],
            ).fetchone()
        assert found is not None
        person_id = found[0]
    row = book.db.execute(
        """INSERT INTO staff (public_id, name, role, branch_id, scope, person_id) VALUES (%s, %s, %s, %s, %s, %s) RETURNING staff_id""",
        [f"st_{number}", f"示例{number}", role.value, book.branch_id, reach.value, person_id],
    ).fetchone()
    assert row is not None
    return Staff(row[0], f"st_{number}", None, person_id, f"示例{number}", role, book.branch_id, None, reach, active=True)


def test_a_month_closes_with_a_snapshot_and_a_provision(book: Book) -> None:
    book.lend()
    nights(book, MARCH)
    closed = close_month(book.db, clock=book.clock, by=somebody(book), month="2026-03")
    assert closed.month == "2026-03" and closed.reopened_at is None
    taken = snapshots(book.db)[0]
    # 1,200.00 owed; 29 of 31 days of 12.00 earned: 11.23; one per cent of the principal set aside.
    assert taken.sums == (("CNY", "pass", 1, 120_000, 0, 1_123, 0, 1_200),)
    assert balance(book, Account.PROVISION) == -1_200
    assert balance(book, Account.PROVISION_EXPENSE) == 1_200
    prove(book)


def test_no_entry_with_a_date_in_a_closed_month_is_taken(book: Book) -> None:
    book.lend()
    nights(book, MARCH)
    close_month(book.db, clock=book.clock, by=somebody(book), month="2026-03")
    with pytest.raises(psycopg.errors.CheckViolation, match="closed through 2026-03-31"):
        book.db.execute(
            """INSERT INTO gl_entry (on_date, branch_id, product_code, debit_account, credit_account, amount, currency, source, recorded_at)
               VALUES ('2026-03-31', %s, 'phone', 'bank', 'interest_income', 1, 'CNY', 'forged', now())""",
            [book.branch_id],
        )


def test_a_receipt_of_a_closed_month_that_is_learned_of_later_is_entered_on_its_day_of_entry_and_keeps_its_value_date(book: Book) -> None:
    loan = book.lend()
    nights(book, MARCH)
    close_month(book.db, clock=book.clock, by=somebody(book), month="2026-03")
    done = book.pay(loan.public_id, 500, on=date(2026, 3, 20))
    event = book.db.execute("SELECT on_date FROM loan_event WHERE loan_id = %s AND event_no = %s", [loan.loan_id, done.event_no]).fetchone()
    entered = book.db.execute("SELECT DISTINCT on_date FROM gl_entry WHERE source LIKE '%%receipt.posted'").fetchall()
    assert event == (date(2026, 3, 20),) and entered == [(date(2026, 4, 1),)]
    prove(book)


def test_a_receipt_on_the_last_evening_after_the_close_is_entered_on_the_first_open_day(book: Book) -> None:
    loan = book.lend()
    nights(book, MARCH)
    close_month(book.db, clock=book.clock, by=somebody(book), month="2026-03")
    book.day = MARCH  # a counter that is still open on the day that is closed already
    book.pay(loan.public_id, 100)
    entered = book.db.execute("SELECT DISTINCT on_date FROM gl_entry WHERE source LIKE '%%receipt.posted'").fetchall()
    assert entered == [(date(2026, 4, 1),)]
    book.day = date(2026, 4, 1)
    nights(book, date(2026, 4, 2))
    prove(book)


def test_a_month_whose_last_night_has_not_run_is_not_closed(book: Book) -> None:
    book.lend()
    nights(book, date(2026, 3, 30))
    with pytest.raises(Refusal, match="last night"):
        close_month(book.db, clock=book.clock, by=somebody(book), month="2026-03")


def test_a_month_that_is_closed_is_not_closed_again_and_none_is_left_out(book: Book) -> None:
    book.lend()
    nights(book, date(2026, 5, 31))
    by = somebody(book)
    close_month(book.db, clock=book.clock, by=by, month="2026-03")
    with pytest.raises(Refusal, match="not closed yet"):
        close_month(book.db, clock=book.clock, by=by, month="2026-03")
    with pytest.raises(Refusal, match=r"before it are closed \(2026-04\)"):
        close_month(book.db, clock=book.clock, by=by, month="2026-05")


def test_books_that_are_not_proved_are_not_closed(book: Book) -> None:
    loan = book.lend()
    nights(book, MARCH)
    book.db.execute("UPDATE account SET interest_earned = interest_earned + 1 WHERE loan_id = %s", [loan.loan_id])
    with pytest.raises(Refusal, match="the books are proved"):
        close_month(book.db, clock=book.clock, by=somebody(book), month="2026-03")


def test_a_month_with_an_open_drawer_is_not_closed(book: Book) -> None:
    book.lend()
    cashier = somebody(book, Role.OFFICER)
    book.db.execute(
        """INSERT INTO drawer (public_id, branch_id, cashier_id, state, float_minor, currency, opened_at, words)
           VALUES ('dr_test', %s, %s, 'open', 0, 'CNY', '2026-03-30T02:00:00Z', '')""",
        [book.branch_id, cashier.staff_id],
    )
    nights(book, MARCH)
    checks = {check.name: check for check in closing_checks(book.db, clock=book.clock, month="2026-03")}
    assert checks["every drawer of the month is closed by two"].found == ("dr_test",)
    with pytest.raises(Refusal, match="dr_test"):
        close_month(book.db, clock=book.clock, by=somebody(book), month="2026-03")


def test_a_month_is_written_year_and_month(book: Book) -> None:
    assert month_end_of("2024-02") == date(2024, 2, 29)
    assert month_end_of("2026-12") == date(2026, 12, 31)
    for text in ("2026-13", "03/2026", ""):
        with pytest.raises(BadInput, match="month"):
            month_end_of(text)


@pytest.mark.parametrize("role", [role for role in Role if role not in MAY["ledger.close"] | {Role.SYSTEM}])
def test_who_may_not_close_a_month(book: Book, role: Role) -> None:
    by = somebody(book, role)
    for verb in (
        lambda: close_month(book.db, clock=book.clock, by=by, month="2026-03"),
        lambda: ask_to_reopen(book.db, clock=book.clock, by=by, month="2026-03", reason="示例：有漏记"),
        lambda: decide_reopening(book.db, clock=book.clock, by=by, month="2026-03", agreed=True, words=""),
    ):
        with pytest.raises(Forbidden):
            verb()


def test_a_month_is_closed_by_those_who_see_the_whole_book(book: Book) -> None:
    with pytest.raises(Forbidden, match="whole book"):
        close_month(book.db, clock=book.clock, by=somebody(book, reach=Reach.BRANCH), month="2026-03")


# ── opened again ───────────────────────────────────────────────────────────────────────────────────────────


def closed_march(book: Book) -> None:
    book.lend()
    nights(book, MARCH)
    close_month(book.db, clock=book.clock, by=somebody(book), month="2026-03")


def test_a_closed_month_is_opened_by_two_and_what_was_closed_stays_readable(book: Book) -> None:
    closed_march(book)
    ask_to_reopen(book.db, clock=book.clock, by=somebody(book, Role.ADMIN), month="2026-03", reason="示例：有漏记的收款")
    opened = decide_reopening(book.db, clock=book.clock, by=somebody(book), month="2026-03", agreed=True, words="")
    assert opened.reopened_at is not None and opened.reason == "示例：有漏记的收款"
    again = close_month(book.db, clock=book.clock, by=somebody(book), month="2026-03")
    assert [each.reopened_at is None for each in closes(book.db)] == [True, False]
    assert (again.entries, again.digest) == (opened.entries, opened.digest)  # nothing was added, and the provision stands
    assert balance(book, Account.PROVISION) == -1_200
    prove(book)


def test_nobody_opens_a_month_alone_nor_under_two_log_ins(book: Book) -> None:
    closed_march(book)
    asker = somebody(book, person="pt_one")
    ask_to_reopen(book.db, clock=book.clock, by=asker, month="2026-03", reason="示例：有漏记的收款")
    with pytest.raises(Forbidden, match="another person"):
        decide_reopening(book.db, clock=book.clock, by=asker, month="2026-03", agreed=True, words="")
    with pytest.raises(Forbidden, match="under another log-in"):
        decide_reopening(book.db, clock=book.clock, by=somebody(book, person="pt_one"), month="2026-03", agreed=True, words="")


def test_a_refusal_leaves_the_month_closed(book: Book) -> None:
    closed_march(book)
    ask_to_reopen(book.db, clock=book.clock, by=somebody(book), month="2026-03", reason="示例：有漏记的收款")
    still = decide_reopening(book.db, clock=book.clock, by=somebody(book), month="2026-03", agreed=False, words="示例：下月再记")
    assert still.reopened_at is None
    with pytest.raises(Refusal, match="nobody has asked"):
        decide_reopening(book.db, clock=book.clock, by=somebody(book), month="2026-03", agreed=True, words="")


def test_it_is_asked_for_once_and_the_latest_month_comes_first(book: Book) -> None:
    closed_march(book)
    ask_to_reopen(book.db, clock=book.clock, by=somebody(book), month="2026-03", reason="示例：有漏记的收款")
    with pytest.raises(Refusal, match="already"):
        ask_to_reopen(book.db, clock=book.clock, by=somebody(book), month="2026-03", reason="示例：有漏记的收款")
    nights(book, date(2026, 4, 30))
    close_month(book.db, clock=book.clock, by=somebody(book), month="2026-04")
    with pytest.raises(Refusal, match="2026-04 is closed after it"):
        ask_to_reopen(book.db, clock=book.clock, by=somebody(book), month="2026-03", reason="示例：有漏记的收款")
    with pytest.raises(NotFound, match="not closed"):
        ask_to_reopen(book.db, clock=book.clock, by=somebody(book), month="2026-05", reason="示例：有漏记的收款")


def test_the_proof_finds_a_closed_month_that_was_changed(owner_db: psycopg.Connection[Any]) -> None:
    theirs = Book(owner_db, START)  # only the owner can change what is written
    closed_march(theirs)
    prove(theirs)
    owner_db.execute("UPDATE gl_entry SET recorded_at = now(), source = 'forged' WHERE debit_account = 'provision_expense'")
    changed = [check for check in verify_books(owner_db) if not check.ok]
    assert [(check.name, check.differences[0]["month"]) for check in changed] == [("closed months = what was closed", "2026-03")]


# ── the snapshot ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_snapshot_taken_later_shows_the_book_as_it_was_known_at_the_months_end(book: Book) -> None:
    loan, other = book.lend(), book.lend()
    nights(book, MARCH)
    before = list(book_at(book.db, MARCH))
    book.pay(loan.public_id, 412, on=date(2026, 3, 30))  # learned of in April
    book.lend()
    nights(book, date(2026, 4, 20))
    after = list(book_at(book.db, MARCH))
    assert after == before and [each.public_id for each in after] == [loan.public_id, other.public_id]
    prove(book)


def test_the_root_of_a_snapshot_stands_in_the_journal_and_over_its_lines(owner_db: psycopg.Connection[Any]) -> None:
    theirs = Book(owner_db, START)
    closed_march(theirs)
    taken = snapshots(owner_db)[0]
    row = owner_db.execute("SELECT convert_from(body, 'UTF8') FROM record WHERE kind = 'month_end.taken'").fetchone()
    assert row is not None and taken.root in row[0]
    assert root_now(owner_db, taken) == taken.root
    owner_db.execute("UPDATE month_end_loan SET provision = provision - 1")
    assert root_now(owner_db, taken) != taken.root


def test_a_class_moves_its_provision_and_a_cure_brings_it_back(book: Book) -> None:
    loan = book.lend(round_terms(START, instalments=12))
    nights(book, date(2026, 7, 31))
    by = somebody(book)
    close_month(book.db, clock=book.clock, by=by, month="2026-07")
    assert snapshots(book.db)[0].sums[0][1] == "substandard"  # 120 days late
    assert balance(book, Account.PROVISION) == -30_000  # 25 % of 1,200.00
    book.pay(loan.public_id, 454)  # four instalments and their interest, and a little more
    nights(book, date(2026, 8, 31))
    close_month(book.db, clock=book.clock, by=by, month="2026-08")
    owed = snapshots(book.db)[0].sums[0][3]
    assert balance(book, Account.PROVISION) == -provision_for(owed, 2)
    prove(book)


def test_the_snapshot_as_csv_has_a_line_for_each_loan_in_major_units(book: Book) -> None:
    closed_march(book)
    lines = list(snapshot_csv(book.db, snapshots(book.db)[0]))
    assert len(lines) == 2 and lines[0].startswith("public_id,branch_id,product_code")
    assert ",1200.00," in lines[1] and lines[1].rstrip().endswith("pass,12.00")
    with pytest.raises(NotFound):
        snapshot(book.db, "me_none")
