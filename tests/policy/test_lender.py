"""The lender, its clock, and the packs that are stored once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from holdfast.cli.main import main
from holdfast.journal import read_chain
from holdfast.kernel.clock import FixedClock, instant_on
from holdfast.kernel.errors import BadInput, Fault, NotFound, Refusal
from holdfast.policy import (
    Lender,
    clock,
    from_fields,
    lender,
    may_originate,
    note_night,
    pack_in_force,
    read_pack,
    set_business_date,
    set_lender,
    shift_clock,
    shipped,
    store_pack,
)
from holdfast.policy.pack import of
from tests.books import clock_on

Db = psycopg.Connection[Any]
FIELDS = {"name": "示例小额贷款", "type": "micro_lender", "licence_no": "示例-1", "regulator": "示例地方金融局", "region": "CN-44"}
CLOCK = clock_on(date(2026, 11, 23))


def test_nobody_makes_loans_before_type_licence_regulator_and_region_are_set(db: Db) -> None:
    with pytest.raises(Refusal, match="the lender type, the licence number, the regulator, the region not set"):
        may_originate(lender(db))
    known = set_lender(db, from_fields(FIELDS))
    may_originate(known)


@pytest.mark.parametrize(
    ("field", "words"),
    [("lender_type", "the lender type"), ("licence_no", "the licence number"), ("regulator", "the regulator"), ("region", "the region")],
)
def test_what_is_missing_is_named(field: str, words: str) -> None:
    without: dict[str, Any] = {field: None}
    with pytest.raises(Refusal) as caught:
        may_originate(replace(from_fields(FIELDS), **without))
    assert caught.value.facts["missing"] == [words]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "shark"),
        ("region", "China"),
        ("zone", "Mars/Base"),
        ("currency", "XXX"),
        ("licence_no", 7),
        ("name", " "),
        ("licence", "1"),
    ],
)
def test_a_wrong_field_of_the_lenders_file_is_named(field: str, value: Any) -> None:
    with pytest.raises(BadInput) as caught:
        from_fields({**FIELDS, field: value})
    assert caught.value.field == field


@pytest.mark.parametrize("field", list(FIELDS))
def test_a_missing_field_of_the_lenders_file_is_named(field: str) -> None:
    with pytest.raises(BadInput) as caught:
        from_fields({name: value for name, value in FIELDS.items() if name != field})
    assert caught.value.field == field


def test_a_book_nobody_has_set_up_keeps_the_machines_date(db: Db) -> None:
    assert lender(db) == Lender()
    assert clock(db).offset_days == 0


def test_the_books_clock_goes_forward_by_whole_days_and_never_back(db: Db) -> None:
    before = clock(db).today()
    assert shift_clock(db, 31).today() - before == timedelta(days=31)
    with pytest.raises(Refusal, match="forward"):
        shift_clock(db, -1)
    with pytest.raises(BadInput):
        shift_clock(db, 100_000)


def test_who_the_lender_is_and_each_move_of_the_clock_stand_in_the_houses_own_chain(db: Db) -> None:
    set_lender(db, from_fields(FIELDS))
    shift_clock(db, 2)
    row = db.execute("SELECT chain_id FROM lender").fetchone()
    assert row is not None
    records = read_chain(db, row[0])
    assert [each.kind for each in records] == ["lender.set", "clock.shifted"]
    assert records[0].says()["licence_no"] == "示例-1"
    assert records[1].says() == {"days": 2, "offset_days": 2}


def test_a_book_may_begin_on_an_earlier_day(db: Db) -> None:
    assert set_business_date(db, date(2018, 3, 31)).today() == date(2018, 3, 31)


def test_a_book_whose_nights_have_run_keeps_its_zone_and_its_currency(db: Db) -> None:
    known = set_lender(db, from_fields(FIELDS))
    note_night(db, date(2026, 11, 22))
    set_lender(db, replace(known, name="示例小贷"))
    with pytest.raises(Refusal, match="neither can change"):
        set_lender(db, replace(known, currency="HKD"))


def test_a_version_is_stored_once_and_never_with_other_content(db: Db) -> None:
    pack = shipped()
    assert store_pack(db, pack, at=CLOCK.now()) is True
    assert store_pack(db, pack, at=CLOCK.now()) is False
    raw = yaml.safe_load(pack.content)
    other = of({**raw, "about": "something else"})
    with pytest.raises(Refusal, match="new version"):
        store_pack(db, other, at=CLOCK.now())
    assert read_pack(db, pack.name, pack.version) == pack


def test_the_pack_in_force_is_the_latest_that_has_begun(db: Db) -> None:
    raw = yaml.safe_load(shipped().content)
    store_pack(db, shipped(), at=CLOCK.now())
    store_pack(db, of({**raw, "version": "2027.1.0", "effective_from": "2027-01-01"}), at=CLOCK.now())

    def version_on(day: date) -> str:
        return pack_in_force(db, FixedClock(instant_on(day, CLOCK.now().time(), "Asia/Shanghai"))).version

    assert version_on(date(2026, 12, 31)) == "2026.11.1"
    assert version_on(date(2027, 1, 2)) == "2027.1.0"
    assert version_on(date(2018, 3, 31)) == "2026.11.1", "a book that lives before all versions keeps to the first"


def test_a_book_without_a_pack_begins_with_the_shipped_one(db: Db) -> None:
    assert pack_in_force(db, CLOCK).version == shipped().version
    assert read_pack(db, "cn-baseline", shipped().version) == shipped()
    with pytest.raises(NotFound):
        read_pack(db, "cn-baseline", "0")


def test_a_pack_that_was_changed_in_the_database_is_a_fault(owner_db: Db) -> None:
    pack = shipped()
    store_pack(owner_db, pack, at=CLOCK.now())
    owner_db.execute("UPDATE policy_pack SET content = replace(content, '\"value\":91', '\"value\":92'), digest = repeat('0', 64)")
    with pytest.raises(Fault, match="was changed"):
        read_pack(owner_db, pack.name, pack.version)


def test_init_sets_the_lender_and_says_what_is_wrong_with_its_file(
    committed_db: Db, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lender.yaml"
    file.write_text(yaml.safe_dump(FIELDS, allow_unicode=True))
    assert main(["init", "--lender", str(file), "--json"]) == 0
    assert '"lender": "示例小额贷款"' in capsys.readouterr().out
    may_originate(lender(committed_db))
    committed_db.rollback()
    file.write_text(yaml.safe_dump({**FIELDS, "type": "shark"}))
    assert main(["init", "--lender", str(file)]) == 2
    assert "not a lender type" in capsys.readouterr().err
    assert main(["init", "--lender", str(tmp_path / "none")]) == 2
