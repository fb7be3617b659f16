"""Importing: each row booked whole, once, or not at all; and the book says the same as the tape."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from holdfast.cli.main import build_parser
from holdfast.database.connection import transaction
from holdfast.journal import SYSTEM
from holdfast.kernel.errors import BadInput, Unavailable
from holdfast.kernel.money import Money
from holdfast.policy import clock, from_fields, set_lender
from holdfast.servicing import receive
from holdfast.servicing.verify import verify_books
from holdfast.takeover import Reconciliation, ask, import_tape, job, load, parse, run_job, tape, unfinished
from holdfast.takeover import service as takeover_service

Db = psycopg.Connection[Any]
MakeTape = Callable[..., Path]
MAP = load("lendingclub-openintro")
CHARGED_OFF = {"loan_status": "Charged Off", "balance": "0.0"}
SETTLED = {"loan_status": "Fully Paid", "balance": "0.0", "paid_principal": "12000.0", "paid_total": "12400.0"}


def take(path: Path, **options: Any) -> Reconciliation:
    return import_tape(transaction, path, MAP, **options)


def loans(db: Db) -> list[tuple[str, int]]:
    """State and outstanding principal of each loan in the book, in the order in which they came."""
    return db.execute("SELECT state, principal_out FROM loan ORDER BY loan_id").fetchall()


def test_what_comes_in_is_the_tapes_balance_and_liveness_follows_it(db: Db, make_tape: MakeTape) -> None:
    report = take(make_tape({}, {"balance": "6999.99", "paid_principal": "5000.01", "paid_total": "5400.01"}, SETTLED, CHARGED_OFF))
    assert loans(db) == [("active", 7_000_00), ("active", 6_999_99), ("settled", 0), ("written_off", 0)]
    assert report.to_json()["principal"] == {
        "tape": {"Charged Off": "0.00", "Current": "13999.99", "Fully Paid": "0.00"},
        "booked": {"Charged Off": "0.00", "Current": "13999.99", "Fully Paid": "0.00"},
        "refused": {},
    }
    assert report.principal_agrees


def test_the_books_are_right_after_an_import_and_after_a_receipt_to_each_live_loan(db: Db, make_tape: MakeTape) -> None:
    take(make_tape({}, {"loan_status": "Late (31-120 days)"}, CHARGED_OFF, SETTLED))
    assert all(check.ok for check in verify_books(db))
    live = [row[0] for row in db.execute("SELECT public_id FROM loan WHERE duty_open ORDER BY loan_id").fetchall()]
    assert len(live) == 3
    for loan in live:
        receive(db, clock=clock(db), by=SYSTEM, loan=loan, amount=Money(100_00, "USD"), received_on=clock(db).today())
    assert [check.differences for check in verify_books(db) if not check.ok] == []


def test_every_live_loan_has_its_next_duty_and_a_settled_one_has_none(db: Db, make_tape: MakeTape) -> None:
    take(make_tape({}, {"loan_status": "Late (16-30 days)"}, CHARGED_OFF, SETTLED))
    found = db.execute("SELECT l.state, d.kind FROM loan l LEFT JOIN duty d USING (loan_id, duty_no) ORDER BY l.loan_id").fetchall()
    # The late loan owes since 1 June: on 1 July it is followed up at 18:00, and reminded of the next instalment at 21:00.
    assert found == [("active", "reminder"), ("active", "follow_up"), ("written_off", "recovery"), ("settled", None)]


def test_the_same_file_twice_books_nothing_twice(db: Db, make_tape: MakeTape) -> None:
    path = make_tape({}, SETTLED)
    first, second = take(path), take(path)
    assert (first.booked, first.already, second.booked, second.already) == (2, 0, 0, 2)
    assert len(loans(db)) == 2
    assert second.to_json()["principal"] == first.to_json()["principal"]
    assert second.equal == 2


def test_a_second_reading_still_compares_with_what_came_in_after_money_was_received(db: Db, make_tape: MakeTape) -> None:
    path = make_tape({})
    take(path)
    loan = db.execute("SELECT public_id FROM loan").fetchall()[0][0]
    receive(db, clock=clock(db), by=SYSTEM, loan=loan, amount=Money(2_000_00, "USD"), received_on=clock(db).today())
    assert take(path).principal_agrees


def test_equal_rows_are_as_many_loans_and_a_longer_file_adds_only_what_is_new(db: Db, make_tape: MakeTape) -> None:
    assert take(make_tape({}, {})).booked == 2
    report = take(make_tape({"balance": "1.00", "paid_principal": "11999.0"}, {}, {}, {}, name="longer.csv"))
    assert (report.booked, report.already) == (2, 2)
    assert len(loans(db)) == 4


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_row_is_the_same_row_in_any_encoding(db: Db, make_tape: MakeTape, encoding: str) -> None:
    take(make_tape({}))
    report = take(make_tape({}, encoding=encoding, name="again.csv"))
    assert (report.booked, report.already) == (0, 1)


def test_a_bad_row_is_listed_by_row_and_column_and_nothing_of_it_is_booked(db: Db, make_tape: MakeTape) -> None:
    report = take(make_tape({"emp_title": "two\nlines"}, {"balance": "-1"}, {"term": "x", "loan_status": "Default"}, {}))
    told = report.to_json()
    assert (told["rows"], told["booked"]) == (4, 2)
    assert told["refused"] == [
        {"row": 4, "column": "balance", "value": "-1", "reason": "what is outstanding cannot be less than nothing"},
        {
            "row": 5, "column": "term", "value": "x", "reason": "term: write a whole number, such as 36, not 'x'",
        },
    ]  # fmt: skip
    assert len(loans(db)) == 2
    assert db.execute("SELECT count(*) FROM loan_registry WHERE kind = 'tape'").fetchone() == (2,)


def test_a_refused_rows_outstanding_principal_is_told_apart_where_it_can_be_read(db: Db, make_tape: MakeTape) -> None:
    told = take(make_tape({}, {"term": "x", "balance": "5.00"})).to_json()["principal"]
    assert (told["tape"], told["refused"]) == ({"Current": "7000.00"}, {"Current": "5.00"})


def test_a_loan_above_the_ceiling_is_booked_listed_and_barred_from_new_charges(db: Db, make_tape: MakeTape) -> None:
    report = take(make_tape({}, {"interest_rate": "30.94", "installment": "1175.58"}))
    assert [(row["row"], row["rate_percent"]) for row in report.over_ceiling] == [(3, "30.94")]
    assert db.execute("SELECT charges_barred FROM account ORDER BY loan_id").fetchall() == [(False,), (True,)]


def test_an_instalment_that_differs_is_listed_and_the_tapes_is_the_contract(db: Db, make_tape: MakeTape) -> None:
    report = take(make_tape({}, {"installment": "1066.00"}))
    assert (report.equal, [(row["row"], row["tape"], row["ours"]) for row in report.different]) == (1, [(3, "1066.00", "1066.19")])
    row = db.execute("SELECT terms FROM loan_terms ORDER BY loan_id DESC LIMIT 1").fetchone()
    assert row is not None and json.loads(row[0])["instalment_amount"] == 1_066_00


def test_a_wrong_header_books_nothing(db: Db, write_tape: Callable[[bytes], Path], header: str, line: str) -> None:
    with pytest.raises(BadInput, match="lacks the column balance"):
        take(write_tape(f"{header.replace('balance', 'rest')}\n{line}\n".encode()))
    assert loans(db) == []


def test_an_import_into_an_empty_book_sets_the_business_date_to_the_tapes(db: Db, make_tape: MakeTape) -> None:
    take(make_tape({}))
    assert clock(db).today() == date(2018, 6, 30)


def test_the_clock_of_a_lender_who_is_set_stays_as_it_is(db: Db, make_tape: MakeTape) -> None:
    set_lender(db, from_fields({"name": "示例小贷", "type": "micro_lender", "licence_no": "示例", "regulator": "示例", "region": "CN-44"}))
    today = clock(db).today()
    take(make_tape({}))
    assert clock(db).today() == today


def test_a_tape_of_a_later_day_than_the_books_is_refused(db: Db, make_tape: MakeTape) -> None:
    take(make_tape({}))
    with pytest.raises(BadInput, match="2018-07-01 lies after the book's business date 2018-06-30"):
        take(make_tape({"balance": "6000"}, name="later.csv"), as_of=date(2018, 7, 1))


def test_a_map_without_a_date_needs_one(db: Db, make_tape: MakeTape) -> None:
    with pytest.raises(BadInput, match="say it with --as-of"):
        import_tape(transaction, make_tape({}), replace(MAP, as_of=None))


KEYED = """
format: 1
name: keyed
title: {zh: 示例, en: Sample}
currency: CNY
as_of: 2026-06-30
contract_prefix: SA
key: [contract]
contract: {method: equal_instalment}
columns:
  principal: {column: amount, read: money}
  instalments: {column: n, read: integer}
  rate: {column: rate, read: percent}
  disbursed_on: {column: start, read: date}
  status: {column: status, read: text}
  balance: {column: balance, read: money}
statuses: {正常: {kind: live}}
"""


def test_with_key_columns_a_loan_is_known_by_its_key(db: Db, write_tape: Callable[[bytes], Path]) -> None:
    head = "contract,amount,n,rate,start,status,balance\n"
    tape_map = parse(KEYED)
    first = import_tape(transaction, write_tape(f"{head}0001,100,10,6,2026-01-15,正常,50\n".encode()), tape_map)
    again = import_tape(
        transaction, write_tape(f"{head}0001,100,10,6,2026-01-15,正常,40\n0001,200,10,6,2026-01-15,正常,50\n".encode()), tape_map
    )
    assert (first.booked, again.booked, again.already) == (1, 0, 1)
    assert [(row["row"], row["column"], row["reason"]) for row in again.refused] == [
        (3, "contract", "an earlier row of this tape has the same key")
    ]


def test_an_import_that_was_cut_short_is_ended_by_starting_it_again(
    committed_db: Db, make_tape: MakeTape, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeover_service, "CHUNK", 2)
    path = make_tape({}, {}, {}, {}, {})
    calls = 0

    def failing_edge() -> AbstractContextManager[Db]:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Unavailable("the database went away")
        return transaction()

    with pytest.raises(Unavailable):
        import_tape(failing_edge, path, MAP)
    report = take(path)
    assert (report.rows, report.booked, report.already) == (5, 1, 4)
    assert len(loans(committed_db)) == 5


def test_a_chunk_is_booked_whole_or_not_at_all(committed_db: Db, make_tape: MakeTape) -> None:
    def break_off(db: Db, done: int, of: int) -> None:
        raise Unavailable("the worker was killed")

    with pytest.raises(Unavailable):
        take(make_tape({}, {}), progress=break_off)
    assert loans(committed_db) == []
    assert committed_db.execute("SELECT count(*) FROM record").fetchone() == (0,)


def test_a_job_tells_how_far_it_is_and_which_reconciliation_it_made(db: Db, make_tape: MakeTape) -> None:
    asked = ask(db, clock=clock(db), by=SYSTEM, map_name=MAP.name, as_of=None, path=make_tape({}, {"term": "x"}), file_name="六月.csv")
    assert unfinished(db) == [asked]
    run_job(transaction, asked)
    ended = job(db, asked)
    assert (ended.state, ended.rows_done, ended.rows_all, unfinished(db)) == ("done", 2, 2, [])
    assert ended.tape is not None
    kept = tape(db, ended.tape)
    assert (kept.outcome["booked"], kept.outcome["tape"]["name"], kept.outcome["tape"]["id"]) == (1, "六月.csv", ended.tape)


def test_a_job_that_has_ended_is_not_run_again(db: Db, make_tape: MakeTape) -> None:
    asked = ask(db, clock=clock(db), by=SYSTEM, map_name=MAP.name, as_of=None, path=make_tape({}), file_name="t.csv")
    run_job(transaction, asked)
    run_job(transaction, asked)
    assert db.execute("SELECT count(*) FROM tape").fetchone() == (1,)


def test_a_job_with_a_bad_file_ends_as_failed_with_the_reason(db: Db, write_tape: Callable[[bytes], Path]) -> None:
    asked = ask(db, clock=clock(db), by=SYSTEM, map_name=MAP.name, as_of=None, path=write_tape(b""), file_name="t.csv")
    run_job(transaction, asked)
    ended = job(db, asked)
    assert (ended.state, ended.why) == ("failed", "the tape is empty; its first line must name the columns")


def test_a_file_handed_in_is_gone_once_its_job_has_ended_and_stays_while_it_may_be_run_again(
    db: Db, make_tape: MakeTape, write_tape: Callable[[bytes], Path]
) -> None:
    made: tuple[Callable[[], Path], ...] = (lambda: make_tape({}), lambda: write_tape(b""))
    for make in made:
        path = make()
        asked = ask(db, clock=clock(db), by=SYSTEM, map_name=MAP.name, as_of=None, path=path, file_name="t.csv")
        assert path.exists()
        run_job(transaction, asked)
        assert not path.exists()
    path = make_tape({})
    asked = ask(db, clock=clock(db), by=SYSTEM, map_name=MAP.name, as_of=None, path=path, file_name="t.csv")

    asked_before: list[str] = []

    def edge() -> AbstractContextManager[Db]:
        if asked_before:
            raise Unavailable("the database went away")
        asked_before.append(asked)
        return transaction()

    with pytest.raises(Unavailable):
        run_job(edge, asked)
    assert path.exists() and unfinished(db) == [asked]


def command(*arguments: str) -> int:
    given = build_parser().parse_args(["tape", "import", *arguments])
    code: int = given.func(given)
    return code


@pytest.mark.parametrize(("changes", "code"), [({}, 0), ({"balance": "x"}, 1)])
def test_the_command_prints_the_report_and_exits_1_if_rows_were_refused(
    committed_db: Db, make_tape: MakeTape, capsys: pytest.CaptureFixture[str], changes: Mapping[str, str], code: int
) -> None:
    assert command(str(make_tape({}, changes)), "--map", "lendingclub-openintro", "--json") == code
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"rows", "booked", "already", "refused", "instalment", "principal", "over_ceiling"} <= set(told)
    assert (told["rows"], told["booked"], len(told["refused"])) == (2, 2 - code, code)


def test_the_command_says_in_words_what_it_found(committed_db: Db, make_tape: MakeTape, capsys: pytest.CaptureFixture[str]) -> None:
    command(str(make_tape({}, {"balance": "x"}, {"interest_rate": "30"})), "--map", "lendingclub-openintro")
    said = capsys.readouterr().out
    assert "3 rows: 2 booked, 0 already in the book, 1 refused." in said
    assert "Tape and book agree." in said
    assert "line 3 balance 'x':" in said
    assert "line 4: 30 %" in said
