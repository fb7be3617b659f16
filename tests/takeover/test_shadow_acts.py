"""What people do beside the old system: hand in, look, accept with a reason, take back; and what they may not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from holdfast.cli.main import build_parser
from holdfast.database.connection import transaction
from holdfast.journal import read_chain
from holdfast.kernel.errors import BadInput, Forbidden, NotFound
from holdfast.kernel.money import Money
from holdfast.parties import MAY, Reach, Role, Staff
from holdfast.policy import clock, set_business_date
from holdfast.takeover import ask_comparison, import_tape, job, load, parse, run_job, shadow
from tests.takeover.test_shadow import END, LOAN, MAP, OLD, PAID, START, OldSystem

Db = psycopg.Connection[Any]
RISK_ID = 1


@pytest.fixture
def old(db: Db, tmp_path: Path) -> OldSystem:
    db.execute(
        "INSERT INTO staff (staff_id, public_id, name, role, scope) OVERRIDING SYSTEM VALUE VALUES (%s, 'st_risk', '示例', 'risk', 'all')",
        [RISK_ID],
    )
    return OldSystem(db, tmp_path)


def person(role: Role = Role.RISK, reach: Reach = Reach.ALL, branch_id: int | None = None) -> Staff:
    return Staff(RISK_ID, f"st_{role}", None, None, "示例", role, branch_id, None, reach, active=True)


def accept(old: OldSystem, found: shadow.Compared, by: Staff | None = None, **given: Any) -> None:
    asked = {"cause": "receipt_not_here", "line": None, "most": None, "reason": "旧系统当日入账，次日补录"} | given
    shadow.accept(old.db, clock=clock(old.db), by=by or person(), comparison=found.run.public_id, **asked)


def again(old: OldSystem, found: shadow.Compared, by: Staff | None = None) -> shadow.Compared:
    return shadow.comparison(old.db, by, found.run.public_id)


def test_a_difference_is_accepted_with_a_reason_and_stands_so_on_later_days(old: OldSystem) -> None:
    old.take_over(a=LOAN, b=LOAN)
    found = old.compare(a=PAID, b=PAID)
    accept(old, found, line=found.lines[0].line_no)
    assert [each.reason for each in again(old, found).accepted.values()] == ["旧系统当日入账，次日补录"]
    assert len(again(old, found).open) == 1
    later = old.compare(a=PAID, b=LOAN)
    assert (len(later.lines), len(later.open)) == (1, 0)


def test_an_acceptance_ends_where_the_balances_lie_further_apart(old: OldSystem) -> None:
    old.take_over(a=LOAN)
    found = old.compare(a=PAID)
    accept(old, found, line=1, most=Money(1_000_00, "CNY"))
    assert again(old, found).open == []
    further = old.compare(a=PAID | {"balance": "5000.00", "receipt": "2060.00", "due_on": "2026-09-15", "due": "1050.00"})
    assert [line.cause for line in further.open] == ["receipt_not_here"]


def test_a_cause_is_accepted_for_all_loans_and_taken_back_for_all(old: OldSystem) -> None:
    old.take_over(a=LOAN, b=LOAN)
    found = old.compare(a=PAID, b=PAID)
    accept(old, found)
    assert again(old, found).open == []
    shadow.take_back(
        old.db, clock=clock(old.db), by=person(), comparison=found.run.public_id, cause="receipt_not_here", line=None, reason="看错了"
    )
    assert len(again(old, found).open) == 2
    kinds = [record.kind for record in read_chain(old.db, found.run.run_id)]
    assert kinds == ["shadow.compared", "shadow.accepted", "shadow.accepted.reversed"]
    with pytest.raises(NotFound, match="nobody has accepted this"):
        shadow.take_back(
            old.db, clock=clock(old.db), by=person(), comparison=found.run.public_id, cause="receipt_not_here", line=None, reason="再撤"
        )


def test_what_is_unexplained_is_accepted_loan_by_loan_only(old: OldSystem) -> None:
    old.take_over(a=LOAN, b=LOAN)
    found = old.compare(a=LOAN | {"balance": "6543.21"}, b=LOAN)
    with pytest.raises(BadInput, match="loan by loan"):
        accept(old, found, cause="unexplained")
    torn = old.compare(a=LOAN | {"balance": "x"}, b=LOAN)
    with pytest.raises(BadInput, match="mended in the export"):
        accept(old, torn, cause="unreadable", line=1)
    accept(old, found, cause="unexplained", line=1)
    assert again(old, found).unexplained == []


@pytest.mark.parametrize("role", sorted(set(Role) - MAY["shadow.accept"] - {Role.SYSTEM}))
def test_a_role_that_may_not_accept_is_refused(old: OldSystem, role: Role) -> None:
    old.take_over(a=LOAN)
    found = old.compare(a=PAID)
    with pytest.raises(Forbidden, match="may not do shadow"):
        accept(old, found, person(role))


@pytest.mark.parametrize("role", sorted(set(Role) - MAY["shadow.compare"] - {Role.SYSTEM}))
def test_a_role_that_may_not_compare_is_refused(old: OldSystem, role: Role) -> None:
    with pytest.raises(Forbidden, match="may not do shadow"):
        ask_comparison(old.db, clock=clock(old.db), by=person(role), map_name="old-book", as_of=None, path=Path("x"), file_name="x")


def test_another_branch_s_loans_are_not_seen_and_not_accepted(old: OldSystem) -> None:
    old.take_over(a=LOAN)
    found = old.compare(a=PAID, zz=LOAN)
    elsewhere = person(reach=Reach.BRANCH, branch_id=999)
    assert again(old, found, elsewhere).lines == ()
    assert len(again(old, found, person()).lines) == 2
    with pytest.raises(NotFound, match="within your sight"):
        accept(old, found, elsewhere, line=1)
    own = old.db.execute("SELECT branch_id FROM loan").fetchone()
    assert own is not None
    at_home = person(reach=Reach.BRANCH, branch_id=own[0])
    assert [line.name for line in again(old, found, at_home).lines] == ["a"], "a row that is no loan of the book is nobody's branch"
    with pytest.raises(Forbidden, match="sees all loans"):
        accept(old, found, at_home)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"reason": " "}, "reason: say why"),
        ({"most": Money(1, "USD")}, "most: say how far"),
        ({"line": 99}, "no such difference"),
        ({"cause": "rate"}, "no such difference"),
    ],
)
def test_a_wrong_acceptance_is_refused_with_its_field(old: OldSystem, given: Mapping[str, Any], told: str) -> None:
    old.take_over(a=LOAN)
    found = old.compare(a=PAID)
    with pytest.raises((BadInput, NotFound), match=told):
        accept(old, found, **given)


def test_a_day_that_has_not_come_and_a_file_of_another_map_are_refused_and_nothing_is_kept(old: OldSystem) -> None:
    old.take_over(a=LOAN)
    with pytest.raises(BadInput, match="has not come yet"):
        old.compare(END + timedelta(days=1), a=LOAN)
    with pytest.raises(BadInput, match="none of the rows is a loan of the book"):
        old.compare(other=LOAN)
    path = old.write({"a": LOAN})
    path.write_text("colour\ngreen\n")
    with pytest.raises(BadInput, match="lacks the column"):
        shadow.compare(transaction, path, OLD, as_of=END)
    assert shadow.comparisons(old.db, limit=9) == []


def test_a_workbook_is_read_like_a_sheet_of_text(old: OldSystem, tmp_path: Path) -> None:
    old.take_over(a=LOAN)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["number", "balance", "due_on", "due", "days"])
    sheet.append(["a", 7000.0, START.replace(month=7, day=15), 1070, 16])
    book.save(tmp_path / "export.xlsx")
    run = shadow.compare(transaction, tmp_path / "export.xlsx", OLD, as_of=END)
    assert shadow.comparison(old.db, None, run).lines == ()


def test_what_no_map_can_mean_is_refused() -> None:
    with pytest.raises(BadInput, match=r"shadow\.next_due"):
        parse(MAP.replace("shadow:", "shadow:\n  next_due: someday"))
    with pytest.raises(BadInput, match=r"shadow\.classes\.正常"):
        parse(MAP.replace("正常: pass", "正常: fine"))
    with pytest.raises(BadInput, match=r"days_past_due\.read"):
        parse(MAP.replace("{column: days, read: integer}", "{column: days, read: money}"))


def test_the_worker_compares_what_was_handed_in(old: OldSystem, tmp_path: Path) -> None:
    head = "合同号,放款金额,期数,年利率,放款日,首期应还日,每期应还,状态,本金余额,已还本金"
    (tmp_path / "tape.csv").write_text(f"{head}\n甲-1,12000,12,12,2026-01-15,2026-02-15,1066.19,正常,7000,5000\n")
    import_tape(transaction, tmp_path / "tape.csv", load("old-book"), as_of=START)
    set_business_date(old.db, END)
    export = tmp_path / "日终.csv"
    export.write_text("合同号,本金余额,下期应还日,下期应还金额,逾期天数,五级分类\n甲-1,7000,2026-07-15,1066.19,16,关注\n")
    by = person()
    asked = ask_comparison(old.db, clock=clock(old.db), by=by, map_name="old-book", as_of=END, path=export, file_name="日终.csv")
    run_job(transaction, asked)
    done = job(old.db, asked)
    assert (done.state, done.purpose, done.rows_done) == ("done", "compare", 1)
    found = shadow.comparison(old.db, by, done.tape or "")
    assert (found.run.file_name, found.lines) == ("日终.csv", ())


def test_the_command_exits_with_1_while_something_is_unexplained(
    committed_db: Db, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    old = OldSystem(committed_db, tmp_path)
    path, map_path = old.write({"a": LOAN, "b": LOAN}), tmp_path / "map.yaml"
    map_path.write_text(MAP, "utf-8")
    import_tape(transaction, path, OLD)

    def run(**loans: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        given = build_parser().parse_args(
            ["shadow", "compare", str(old.write(loans)), "--map", str(map_path), "--as-of", "2026-06-30", "--json"]
        )
        code: int = given.func(given)
        told: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return code, told

    fresh = LOAN | {"days": "0", "class": "正常"}
    code, told = run(a=fresh, b=fresh | {"balance": "6543.21"})
    assert (code, told["equal"], told["unexplained"]) == (1, 1, 1)
    assert told["differences"][0]["fields"] == {"balance": {"theirs": "6543.21", "ours": "7000.00"}}
    code, told = run(a=fresh, b=fresh)
    assert (code, told["different"], [day["different"] for day in told["trend"]]) == (0, 0, [0])
