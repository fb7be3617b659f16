"""A bank's statement: what it may look like, and what of it is refused by row, column, value and reason."""

from __future__ import annotations

import contextlib
import io
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.errors import BadInput
from holdfast.payments.statements import Statement, load_map, map_of, read_statement, shipped_maps

TODAY = date(2026, 3, 2)
GENERIC = load_map("generic")
HEADING = "交易日期,交易金额,对方户名,对方账号,摘要,流水号"


def read(text: str | bytes, **how: Any) -> Statement:
    return read_statement(text if isinstance(text, bytes) else text.encode(), GENERIC, today=how.get("today", TODAY))


def row(cells: str) -> Statement:
    return read(f"{HEADING}\n{cells}\n")


def workbook(*rows: tuple[Any, ...]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for each in rows:
        sheet.append(each)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def test_a_line_is_read_with_all_that_it_tells() -> None:
    (line,) = row('2026-03-01,"1,234.56",示例张三,6222020000000000123,还款 HK1234567,R-1').lines
    assert (line.row, line.booked_on, line.amount, line.currency) == (2, date(2026, 3, 1), 123_456, "CNY")
    assert (line.payer, line.account, line.remark, line.reference) == ("示例张三", "6222020000000000123", "还款 HK1234567", "R-1")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_is_read_in_each_encoding(encoding: str) -> None:
    assert read(f"{HEADING}\n2026-03-01,10.00,欧阳示例,,摘要,1\n".encode(encoding)).lines[0].payer == "欧阳示例"


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1234.56", 123_456), ('"1,234.56"', 123_456), ("+1234.5", 123_450), ("￥99.00", 9_900), ("99.00元", 9_900), ("１２.３４", 1_234),
        ("-5.00", -500), ("(5.00)", -500), ("−5", -500), ("CNY 7.00", 700), ("0.01", 1), ("1234.560", 123_456),
    ],
)  # fmt: skip
def test_an_amount_is_read_in_the_ways_in_which_banks_write_it(text: str, minor: int) -> None:
    assert row(f"2026-03-01,{text},,,,").lines[0].amount == minor


@pytest.mark.parametrize("text", ['"1,23.45"', "1.234,56", "12a", "1.005", "1e3", "NaN", "", "0.00", "99999999999999999"])
def test_an_amount_that_is_not_plain_is_refused_by_its_column(text: str) -> None:
    read_ = row(f"2026-03-01,{text},,,,")
    assert not read_.lines
    assert (read_.refused[0].row, read_.refused[0].column) == (2, "交易金额")


@pytest.mark.parametrize(
    "text", ["2026-03-01", "2026/3/1", "2026.03.01", "20260301", "2026年3月1日", "2026-03-01 10:22:33", "20260301 102233"]
)
def test_a_day_is_read_in_the_ways_in_which_banks_write_it(text: str) -> None:
    assert row(f"{text},1.00,,,,").lines[0].booked_on == date(2026, 3, 1)


@pytest.mark.parametrize("text", ["01/03/2026", "2026-13-01", "2026-02-30", "", "gestern", "2026-03-03", "2026-03-01x"])
def test_a_day_that_is_none_or_has_not_come_is_refused(text: str) -> None:
    read_ = row(f"{text},1.00,,,,")
    assert not read_.lines and read_.refused[0].column == "交易日期"


def test_a_bad_line_costs_its_neighbours_nothing() -> None:
    read_ = read(f"{HEADING}\n2026-03-01,1.00,,,,a\n2026-03-01,x,,,,b\n2026-03-01,3.00,,,,c\n")
    assert [line.reference for line in read_.lines] == ["a", "c"]
    assert [(each.row, each.value) for each in read_.refused] == [(3, "x")]
    assert "1,234.56" in read_.refused[0].reason


def test_bytes_of_no_encoding_cost_their_own_line_only() -> None:
    data = f"{HEADING}\n2026-03-01,1.00,好,,,a\n".encode() + b"2026-03-01,2.00,\xff\xfe\x80,,,b\n"
    read_ = read(data)
    assert [line.reference for line in read_.lines] == ["a"]
    assert read_.refused[0].column == "对方户名"


def test_two_columns_say_what_came_and_what_went() -> None:
    read_ = read("日期,借方金额,贷方金额,用途\n2026-03-01,,20.00,a\n2026-03-01,30.00,,b\n2026-03-01,1.00,1.00,c\n")
    assert [line.amount for line in read_.lines] == [2_000, -3_000]
    assert read_.refused[0].row == 4


def test_a_word_says_which_way_the_money_went() -> None:
    read_ = read("交易日期,金额,借贷标志\n2026-03-01,20.00,贷\n2026-03-01,30.00,借\n2026-03-01,30.00,?\n")
    assert [line.amount for line in read_.lines] == [2_000, -3_000]
    assert read_.refused[0].column == "借贷标志"


def test_the_heading_may_stand_below_a_title() -> None:
    read_ = read(f"示例银行对账单\n账号：1234\n\n{HEADING}\n2026-03-01,1.00,,,,a\n")
    assert read_.lines[0].row == 5


def test_a_file_with_english_columns_and_tabs_is_read() -> None:
    assert read("Value date\tAmount\tRemark\n2026-03-01\t5.00\tPAY-1\n").lines[0].remark == "PAY-1"


def test_a_workbook_is_read_with_its_own_numbers_and_dates() -> None:
    data = workbook(
        ("示例银行", None, None, None, None, None), tuple(HEADING.split(",")),
        (datetime(2026, 3, 1, 9, 30), 1234.56, "示例张三", 6222020000000000, "HK", 77.0),
    )  # fmt: skip
    (line,) = read(data).lines
    assert (line.row, line.booked_on, line.amount, line.account, line.reference) == (3, date(2026, 3, 1), 123_456, "6222020000000000", "77")


def test_a_workbook_s_amount_between_two_fen_is_refused() -> None:
    read_ = read(workbook(tuple(HEADING.split(",")), ("2026-03-01", 1.005, "", "", "", "")))
    assert not read_.lines and read_.refused[0].column == "交易金额"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"), (b"PK\x03\x04nothing", "not_xlsx"), ("交易日期,金额\n".encode("utf-16"), "not_text"),
        (b"a,b\n1,2\n", "missing_column"),
        ("交易日期,摘要\n2026-03-01,x\n".encode(), "missing_column"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_statement_is_refused_whole(data: bytes, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(data)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "change",
    [
        {"format": "x"}, {"columns": {"booked_on": ["a"]}}, {"columns": {"amount": ["a"]}}, {"columns": {"booked_on": ["a"], "sum": ["b"]}},
        {"currency": "XXX"}, {"title": "x"}, {"more": 1},
    ],
)  # fmt: skip
def test_a_map_that_is_wrong_is_refused(change: dict[str, Any]) -> None:
    good = {"format": "bank-map/1", "name": "m", "title": {"zh": "一", "en": "one"}, "currency": "CNY",
            "columns": {"booked_on": ["d"], "amount": ["a"]}}  # fmt: skip
    assert map_of(good).name == "m"
    with pytest.raises(BadInput):
        map_of({**good, **change})


def test_only_a_shipped_map_is_found_by_name() -> None:
    assert "generic" in shipped_maps()
    with pytest.raises(BadInput):
        load_map("../generic")


@given(st.binary(max_size=400))
def test_whatever_bytes_come_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(BadInput):
        read_statement(data, GENERIC, today=TODAY)


@given(st.integers(1, 10**12))
def test_an_amount_that_is_written_with_commas_comes_back_exactly(minor: int) -> None:
    text = f"{minor // 100:,}.{minor % 100:02d}"
    assert row(f'2026-03-01,"{text}",,,,').lines[0].amount == minor
