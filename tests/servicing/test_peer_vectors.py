"""A second system's worked examples come out of our rules, and nothing is taken from their answers."""

from __future__ import annotations

import argparse
import copy
import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from holdfast.cli import conform
from holdfast.kernel.errors import BadInput
from holdfast.servicing.vectors.peers import first_difference, recognises, skip_of, states

FOLDER = Path(__file__).parents[1] / "vectors" / "peers2"
FILES = sorted(FOLDER.glob("*.json"))
NAMES = [file.stem for file in FILES]


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(), parse_float=Decimal)
    return found


def scenario(start: str) -> dict[str, Any]:
    return read(next(file for file in FILES if file.stem.startswith(start)))


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_our_rules_give_the_peer_s_figures(file: Path) -> None:
    example = read(file)
    assert recognises(example)
    assert skip_of(example) is None
    assert first_difference(example) is None


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_our_states_do_not_read_what_is_expected(file: Path) -> None:
    example = read(file)
    bare = {name: example[name] for name in ("product", "loan", "events")}
    assert states(bare) == states(example)
    assert skip_of(bare) == skip_of(example)


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_one_changed_figure_fails_and_names_the_field(file: Path) -> None:
    example = read(file)
    for name, value in example["expected"].items():
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            wrong = copy.deepcopy(example)
            wrong["expected"][name] = value + 1
            assert (first_difference(wrong) or "").startswith(f"expected.{name}: expected ")


def test_an_outcome_that_an_event_names_is_compared_and_never_followed() -> None:
    example = scenario("017")
    example["events"][-1]["outcome"] = "refused"
    assert first_difference(example) == "events[4].outcome: expected 'refused', ours 'allowed'"


def test_a_name_that_we_do_not_know_fails() -> None:
    example = scenario("037")
    example["expected"] = {"colour": "green"}
    assert first_difference(example) == "expected.colour: we do not say this"


def test_letting_go_what_would_leave_too_little_is_refused() -> None:
    example = scenario("017")
    example["events"][-1] = {"type": "release", "items": {"S2": 4000, "S1": 1000}}
    example["expected"] = {"release": "refused", "security_value_after": 500000}
    assert first_difference(example) is None


def test_february_counts_the_days_since_the_due_date_before_it() -> None:
    """From 30 January to 28 February are 29 days: 921,912.75 at 13.5 % come to 9,888.46."""
    example = scenario("014")
    example["expected"] = {"row2_days": 29, "row2_interest": Decimal("9888.46"), "row2_due": "2025-02-28"}
    assert first_difference(example) is None


def test_interest_of_the_broken_period_can_be_added_to_the_first_instalment() -> None:
    """30 days on 100,000 at 14.5 % are 1,191.78; two broken days 79.45."""
    example = scenario("009")
    example["loan"]["bpi_recovery"] = "Add To First Repayment"
    example["expected"] = {"row1_interest": Decimal("1271.23"), "row2_interest": Decimal("1135.31"), "emi": 9003}
    assert first_difference(example) is None


def test_the_first_due_date_follows_the_product_where_none_is_agreed() -> None:
    example = scenario("007")
    example["product"]["schedule"] = "Pro-rated calendar months, pay at end of the current month"
    example["expected"] = {"first_due": "2022-10-31", "second_due": "2022-11-30", "last_due": "2023-09-30"}
    assert first_difference(example) is None
    example["product"] |= {"schedule": "Monthly as per cycle date", "cycle_day": 5, "min_days_first_repayment": 15}
    example["expected"] = {"first_due": "2022-11-05", "second_due": "2022-12-05", "last_due": "2023-10-05"}
    assert first_difference(example) is None
    example["product"]["schedule"] = "Monthly as per repayment start date"
    example["expected"] = {"first_due": "2022-10-17", "second_due": "2022-11-17", "last_due": "2023-09-17"}
    assert first_difference(example) is None


def test_a_price_that_rises_again_ends_the_shortfall() -> None:
    example = scenario("022")
    example["events"] += [{"type": "set_price", "security": "S1", "price": 250}, {"type": "shortfall_run"}]
    example["expected"] = {"shortfall": 0, "shortfall_exists": False, "status": "Completed", "borrower_limit_after": 500000}
    assert first_difference(example) is None


def test_what_we_have_no_rule_for_is_named_by_its_family() -> None:
    def family(**changes: Any) -> str:
        example = scenario("009")
        for part, change in changes.items():
            example[part] = example[part] + change if isinstance(change, list) else {**example[part], **change}
        return str(skip_of(example))

    assert family(loan={"moratorium_tenure": 3}) == "not-yet loan-moratorium-tenure"
    assert family(product={"co_lender_share": 80}) == "not-yet product-co-lender-share"
    assert family(events=[{"type": "restructure", "date": "2024-01-05"}]) == "not-yet event-restructure"
    assert family(events=[{"type": "pay", "date": "2024-01-05", "amount": 1, "kind": "Full Settlement"}]) == (
        "not-yet payment-full-settlement"
    )


def test_penalty_interest_of_this_family_is_not_guessed_at() -> None:
    example = scenario("014")
    example["events"][-1]["date"] = "2025-02-20"
    assert str(skip_of(example)) == "not-yet penalty-interest"


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("loan", "rate"), "soon", "loan.rate"),
        (("loan", "principal"), "2023-12-31", "loan.principal"),
        (("loan", "loans"), 3, "loan.loans"),
        (("loan", "loans"), [1], "loan.loans[0]"),
        (("loan", "loans"), [{"rate": 9}], "loan.loans[0].id"),
    ],
)
def test_a_malformed_value_is_refused_and_the_field_is_named(path: tuple[str, str], value: object, field: str) -> None:
    example = scenario("002")
    example[path[0]][path[1]] = value
    with pytest.raises(BadInput) as refused:
        states(example)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("name", "value"),
    [("qty", "many"), ("haircut_pct", "12.5"), ("haircut_pct", 101), ("ltv_pct", None), ("price", [1])],
)
def test_a_malformed_pledge_is_refused_and_the_field_is_named(name: str, value: object) -> None:
    example = scenario("017")
    item = example["events"][0]["items"][0]
    if name == "ltv_pct":
        item.pop("haircut_pct", None)
    item[name] = value
    with pytest.raises(BadInput) as refused:
        states(example)
    assert refused.value.field == f"events[0].items[0].{name}"


def test_the_command_tells_the_two_families_apart_in_one_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(FILES[0], tmp_path)
    other = sorted((FOLDER.parent / "loans").glob("004*.json"))[0]
    shutil.copy(other, tmp_path)
    assert conform.run(argparse.Namespace(folder=tmp_path, show=False)) == 0
    assert capsys.readouterr().out.splitlines() == [f"ok {FILES[0].stem}", f"ok {other.stem}", "2 passed, 0 failed"]
    assert conform.run(argparse.Namespace(folder=tmp_path, show=True)) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["name"] for each in shown] == [FILES[0].stem, other.stem]
    assert shown[0]["states"][-1]["total_interest"] == "22707.63"
