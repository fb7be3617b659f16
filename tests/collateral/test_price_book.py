"""Price books: a load is whole or nothing, every bad cell is named, and an old price values nothing."""

from __future__ import annotations

from datetime import date

import pytest

from holdfast import collateral
from holdfast.collateral.price_file import BadPriceFile, read
from holdfast.kernel.errors import BadInput, Forbidden, NotFound
from holdfast.parties import Role
from tests.pledges.lives import House

TODAY = date(2026, 11, 23)
HEAD = "机型,容量,A级价,B级价,C级价,D级价,来源,日期\n"
GOOD = HEAD + '示例机 X1,128 GB,"3,000.00",2900,,,示例行情,2026-11-20\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_book_is_read_in_either_encoding(encoding: str) -> None:
    (line,) = read(GOOD.encode(encoding), today=TODAY).lines
    assert (line.model, line.storage_gb, line.source, line.as_of) == ("示例机 X1", 128, "示例行情", date(2026, 11, 20))
    assert [line.prices[grade] for grade in collateral.Grade] == [300_000, 290_000, 267_000, 255_000]
    assert line.own == {"A", "B"}


def test_english_columns_are_known_too() -> None:
    (line,) = read(b"model,storage,price,source,as_of,currency\nX,64,10.00,us,2026-11-20,USD\n", today=TODAY).lines
    assert (line.currency, line.prices[collateral.Grade.A]) == ("USD", 1000)


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        (",128,3000,,,,示例,2026-11-20", [(2, "model")]),
        ("X,many,3000,,,,示例,2026-11-20", [(2, "storage_gb")]),
        ("X,128,abc,,,,示例,2026-11-20", [(2, "price_a")]),
        ("X,128,0,,,,示例,2026-11-20", [(2, "price_a")]),
        ("X,128,3000,3100,,,示例,2026-11-20", [(2, "price_b")]),
        ("X,128,3000,,,,,2026-11-20", [(2, "source")]),
        ("X,128,3000,,,,示例,2026-02-30", [(2, "as_of")]),
        ("X,128,3000,,,,示例,2026-11-24", [(2, "as_of")]),
        (",x,y,,,,,z", [(2, "model"), (2, "storage_gb"), (2, "price_a"), (2, "source"), (2, "as_of")]),
        ("X,128,3000", [(2, "(row)")]),
        ("X,128,3000,,,,示例,2026-11-20\nx ,128,3100,,,,示例,2026-11-20", [(3, "model")]),
    ],
)
def test_every_bad_cell_is_named_by_row_and_column(row: str, cells: list[tuple[int, str]]) -> None:
    with pytest.raises(BadPriceFile) as refused:
        read((HEAD + row + "\n").encode(), today=TODAY)
    assert [(cell.row, cell.column) for cell in refused.value.cells] == cells


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04rest", b"\xff\xfea\x00", HEAD.encode(), "机型,容量\nX,1\n".encode(), b"a\x00b,c\n"])
def test_what_is_no_price_book_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        read(data, today=TODAY)


def test_nothing_of_a_bad_book_is_kept(house: House) -> None:
    before = len(collateral.price_books(house.db))
    with pytest.raises(BadPriceFile), house.db.transaction():
        data = (GOOD + "X,x,x,,,,x,x\n").encode()
        collateral.load_price_book(house.db, clock=house.clock, by=house.risk, name="坏.csv", data=data)
    assert len(collateral.price_books(house.db)) == before


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.RISK, Role.SYSTEM)])
def test_only_risk_loads_prices(house: House, role: Role) -> None:
    with pytest.raises(Forbidden):
        collateral.load_price_book(house.db, clock=house.clock, by=house.hire("别人", role), name="x.csv", data=GOOD.encode())


def test_a_newer_day_counts_and_the_older_load_is_still_readable(house: House) -> None:
    first = collateral.price_books(house.db)[0]
    house.wait(1)
    house.load_prices(X1=2000)
    (line, book) = collateral.prices_of(house.db, model="示例机x1", storage_gb=128, on=house.day)[0]
    assert line.prices[collateral.Grade.A] == 200_000 and book != first.public_id
    assert collateral.lines_of(house.db, first.public_id)[0].prices[collateral.Grade.A] == 300_000
    with pytest.raises(NotFound):
        collateral.price_book(house.db, "pb_none")


def test_a_model_without_a_fresh_price_raises_an_alarm(house: House) -> None:
    house.lent()
    house.signed(model="没有价的示例机")
    alarms = collateral.price_alarms(house.db, on=house.day, stale_after=30)
    assert [(alarm.kind, alarm.model, alarm.in_custody) for alarm in alarms] == [("missing", "没有价的示例机", 0)]
    house.wait(31)
    alarms = collateral.price_alarms(house.db, on=house.day, stale_after=30)
    assert [(alarm.kind, alarm.model) for alarm in alarms] == [("stale", "示例机 X1"), ("missing", "没有价的示例机")]
    assert collateral.offered_models(house.db, on=house.day, stale_after=30) == []


def test_the_sample_book_is_fresh_and_marked(house: House) -> None:
    book = read(collateral.sample_price_book(house.day), today=house.day)
    assert all("示例" in line.model and "示例" in line.source for line in book.lines)
    assert all((house.day - line.as_of).days <= 2 for line in book.lines)
