"""Maps: what a map file may say, and that nothing in it is silently passed over."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.errors import BadInput
from holdfast.takeover import load, parse, shipped

GOOD: dict[str, Any] = {
    "format": 1,
    "name": "sample",
    "title": {"zh": "示例", "en": "Sample"},
    "currency": "CNY",
    "as_of": date(2026, 6, 30),
    "ceiling_percent": 24,
    "contract_prefix": "SA",
    "key": ["contract"],
    "contract": {"method": "equal_principal", "day_count": "30/360"},
    "columns": {
        "principal": {"column": "amount", "read": "money"},
        "instalments": {"column": "months", "read": "integer"},
        "rate": {"column": "rate", "read": "percent"},
        "disbursed_on": {"column": "paid_out", "read": "date"},
        "status": {"column": "status", "read": "text"},
        "balance": {"column": "balance", "read": "money"},
    },
    "statuses": {"正常": {"kind": "live"}, "逾期": {"kind": "live", "min_days_past_due": 1}},
}


def changed(path: str, value: Any) -> str:
    """The good map with the field at `path` set to `value`, or removed if it is None."""
    data = yaml.safe_load(yaml.safe_dump(GOOD))
    *parents, last = path.split(".")
    place = data
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return yaml.safe_dump(data)


def test_the_shipped_map_is_found_by_its_name() -> None:
    found = load("lendingclub-openintro")
    assert (found.currency, found.as_of, found.ceiling_ppb, found.key) == ("USD", date(2018, 6, 30), 240_000_000, ())
    assert "lendingclub-openintro" in shipped()


def test_every_shipped_map_is_good_and_named_as_its_file() -> None:
    assert [load(name).name for name in shipped()] == shipped()


def test_a_map_may_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "sample.yaml"
    path.write_text(yaml.safe_dump(GOOD, allow_unicode=True), "utf-8")
    found = load(str(path))
    assert (found.product_code, found.key, sorted(found.needed_columns)) == (
        "tape-sample", ("contract",), ["amount", "balance", "contract", "months", "paid_out", "rate", "status"],
    )  # fmt: skip


def test_an_unknown_name_lists_the_maps_there_are() -> None:
    with pytest.raises(BadInput, match=r"one of .*lendingclub-openintro"):
        load("no-such-map")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("currncy", "CNY", "no such field as 'currncy'"),
        ("columns.balanse", {"column": "x", "read": "money"}, "columns: no such field as 'balanse'"),
        ("columns.balance.colum", "x", "columns.balance: no such field as 'colum'"),
        ("statuses.正常.knd", "live", "no such field as 'knd'"),
        ("contract.method_", "x", "contract.method_: no such field"),
        ("title.fr", "x", "title: no such field as 'fr'"),
        ("format", 2, "format: this system reads format 1, not 2"),
        ("name", "Sample Map", "name: at most 35 small letters"),
        ("currency", "XXX", "'XXX' is not a currency"),
        ("as_of", "30.06.2026", "as_of: write the date as YYYY-MM-DD"),
        ("ceiling_percent", 24.5, "ceiling_percent: write a whole number, or '24.5' in quotes"),
        ("contract_prefix", "sa-", "contract_prefix: at most 12 capital letters"),
        ("key", "contract", "key: write a list of column names"),
        ("contract.method", "balloon", "contract.method: must be one of"),
        ("contract.principal", 100, "contract.principal: comes from the tape's columns"),
        ("columns.balance", None, "columns.balance: is missing"),
        ("columns.balance.read", "text", "columns.balance.read: must be one of money, not text"),
        ("columns.balance.read", "float", "columns.balance.read: must be one of"),
        ("statuses.正常.kind", "alive", "kind: must be one of live, paid, written_off, not 'alive'"),
        ("statuses.逾期.min_days_past_due", -1, "write a number of days"),
        ("statuses.逾期.kind", "written_off", "columns.principal_paid: is needed"),
        ("statuses", {}, "statuses: must be a list of named fields"),
    ],
)
def test_what_is_wrong_in_a_map_is_named(path: str, value: Any, words: str) -> None:
    with pytest.raises(BadInput, match="the map mine: ") as error:
        parse(changed(path, value), where="mine")
    assert words in error.value.sentence


@given(
    st.text(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), lambda part: st.lists(part) | st.dictionaries(st.text(), part)).map(
        yaml.safe_dump
    )
)
def test_any_text_is_a_map_or_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadInput):
        parse(text)


@given(
    st.sampled_from(sorted(GOOD)),
    st.none() | st.integers() | st.text() | st.lists(st.integers()) | st.dictionaries(st.text(), st.integers()),
)
def test_a_map_with_any_one_field_replaced_is_a_map_or_is_refused_in_words(field: str, value: Any) -> None:
    try:
        parse(yaml.safe_dump(GOOD | {field: value}))
    except BadInput as error:
        assert error.sentence.startswith("the map map")
