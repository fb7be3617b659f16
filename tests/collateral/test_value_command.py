"""`holdfast value phone FILE`: the keys that other programs read, and what is refused."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from holdfast.cli.main import exit_code, main
from holdfast.cli.value import value_phone
from holdfast.kernel.errors import BadInput, HoldfastError, Refusal
from tests.pledges.lives import House

PHONE: dict[str, Any] = {
    "model": "示例机型 S", "storage_gb": 128, "grade": "A", "as_of": "2026-11-23",
    "prices": [{"source": "示例行情", "price": "3000.00", "as_of": "2026-11-20"}],
}  # fmt: skip
KEYS = {"as_of", "point", "quantiles", "forecast", "lending_value", "haircut_ppm", "binding_month", "seen", "sources"}


def test_the_answer_has_the_published_keys_and_money_as_decimal_strings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "phone.json"
    file.write_text(json.dumps(PHONE), "utf-8")
    assert main(["value", "phone", str(file)]) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(answer) == KEYS
    assert answer["point"] == "3000.00" and set(answer["quantiles"]) == {"p05", "p25", "p50", "p75", "p95"}
    assert [line["month"] for line in answer["forecast"]] == list(range(1, 13))
    assert set(answer["forecast"][0]) == {"month", "p05", "p50"}


def test_the_figures_hold_together() -> None:
    told = value_phone(PHONE)
    figures = [Decimal(told["quantiles"][name]) for name in ("p05", "p25", "p50", "p75", "p95")]
    assert figures == sorted(figures) and Decimal(told["quantiles"]["p50"]) == Decimal("3000.00")
    later = [Decimal(line["p05"]) for line in told["forecast"]]
    assert later == sorted(later, reverse=True)
    lent = Decimal(told["lending_value"])
    assert told["haircut_ppm"] == -(-int((3000 - lent) * 1_000_000) // 3000)
    assert 0 < lent < Decimal(told["quantiles"]["p05"])


def test_the_lowest_fresh_price_counts_and_a_stale_one_is_shown_but_not_used() -> None:
    prices = [
        *PHONE["prices"],
        {"source": "另一示例", "price": "2800.00", "as_of": "2026-11-22"},
        {"source": "旧", "price": "1.00", "as_of": "2026-01-01"},
    ]
    told = value_phone({**PHONE, "prices": prices})
    assert told["point"] == "2800.00"
    assert [source["fresh"] for source in told["sources"]] == [True, True, False]


def test_grade_lock_and_an_unknown_model_lower_what_is_lent() -> None:
    whole = Decimal(value_phone(PHONE)["lending_value"])
    for change in ({"grade": "D"}, {"locked": True}, {"seen": False}, {"loan": {"method": "bullet", "instalments": 12}}):
        assert Decimal(value_phone({**PHONE, **change})["lending_value"]) < whole, change
    assert value_phone({**PHONE, "locked": True})["point"] == "450.00"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model": ""}, "model"), ({"storage_gb": "128"}, "storage_gb"), ({"grade": "E"}, "grade"), ({"locked": "yes"}, "locked"),
        ({"currency": "XXX"}, "currency"), ({"height": 1}, "height"), ({"prices": []}, ""), ({"prices": [{}]}, "prices[0].source"),
        ({"prices": [{"source": "x", "price": "-1", "as_of": "2026-11-20"}]}, "prices[0].price"), ({"loan": {"rate": 1}}, "loan.rate"),
        ({"loan": {"rate_percent": "x"}}, "loan.rate_percent"), ({"loan": {"instalments": 0}}, "loan.instalments"),
        ({"loan": {"method": "balloon"}}, "loan.method"), ({"as_of": "tomorrow"}, "as_of"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(HoldfastError) as refused:
        value_phone({**PHONE, **change})
    if field:
        assert isinstance(refused.value, BadInput) and refused.value.field == field


def test_a_model_without_a_fresh_price_is_not_valued() -> None:
    with pytest.raises(Refusal) as refused:
        value_phone({**PHONE, "as_of": "2027-03-01"})
    assert (refused.value.code, exit_code(refused.value)) == ("price_stale", 1)


def test_without_prices_the_book_s_own_price_books_are_asked(committed_db: Any) -> None:
    house = House(committed_db, date(2026, 11, 20))
    committed_db.commit()
    asked = {"model": "示例机 X1", "storage_gb": 128, "as_of": house.day.isoformat()}
    assert (value_phone(asked)["point"], value_phone(asked)["seen"]) == ("3000.00", True)
    with pytest.raises(Refusal) as refused:
        value_phone({**asked, "model": "没有的"})
    assert refused.value.code == "price_missing"
