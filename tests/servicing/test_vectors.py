"""Another system's worked examples come out of our rules to the last digit, and nothing is taken from their answers."""

from __future__ import annotations

import argparse
import copy
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from holdfast.cli import conform
from holdfast.kernel.errors import BadInput
from holdfast.servicing.vectors import CONVENTIONS, first_difference, read_setting, skip_of, states

FOLDER = Path(__file__).parents[1] / "vectors" / "loans"
FILES = sorted(FOLDER.glob("*.json"))
NAMES = [file.stem for file in FILES]


def scenario(start: str) -> dict[str, Any]:
    file = next(file for file in FILES if file.stem.startswith(start))
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def run(folder: Path, *, show: bool = False) -> int:
    return conform.run(argparse.Namespace(folder=folder, show=show))


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_our_rules_give_the_peer_s_figures(file: Path) -> None:
    example = json.loads(file.read_text())
    assert skip_of(example) is None
    assert first_difference(example) is None


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_our_states_do_not_read_what_is_expected(file: Path) -> None:
    example = json.loads(file.read_text())
    bare = {name: example[name] for name in ("terms", "events")}
    assert states(bare) == states(example)
    assert skip_of(bare) == skip_of(example)


def digits(value: Any, where: str = "expected") -> list[tuple[str, list[str | int], str]]:
    """Each money figure in `value`: its name in words, the way to it, and what it says."""
    found: list[tuple[str, list[str | int], str]] = []

    def walk(item: Any, name: str, way: list[str | int]) -> None:
        if isinstance(item, dict):
            for key, inner in item.items():
                walk(inner, f"{name}.{key}", [*way, key])
        elif isinstance(item, list):
            for index, inner in enumerate(item):
                walk(inner, f"{name}[{index}]", [*way, index])
        elif isinstance(item, str) and re.fullmatch(r"[0-9]+\.[0-9]{2}", item):
            found.append((name, way, item))

    walk(value, where, [])
    return found


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_one_changed_digit_fails_and_names_the_field(file: Path) -> None:
    example = json.loads(file.read_text())
    figures = digits(example["expected"])
    for name, way, figure in figures[:: max(1, len(figures) // 40)]:
        wrong = copy.deepcopy(example)
        place = wrong["expected"]
        for key in way[:-1]:
            place = place[key]
        place[way[-1]] = figure[:-1] + str((int(figure[-1]) + 1) % 10)
        difference = first_difference(wrong)
        assert difference is not None
        assert difference.startswith(f"{name}: expected ")


@pytest.mark.parametrize(("engine", "penalties"), [("CUMULATIVE", "50.00"), ("PROGRESSIVE", "0.00")])
def test_only_the_older_engine_lays_earlier_receipts_anew_when_a_charge_is_added(engine: str, penalties: str) -> None:
    example = scenario("049")
    charge, receipt = example["events"][2:4]
    example["events"][2:4] = [receipt, charge | {"entered_on": "2023-02-10", "due_date": "2023-01-15"}]
    example["terms"]["schedule_engine"] = engine
    assert states(example)[-1]["transactions"][-1]["penalties"] == penalties


def test_a_missing_row_an_unknown_key_and_a_wrong_date_are_differences() -> None:
    example = scenario("002")
    short = copy.deepcopy(example)
    del short["expected"][0]["schedule"][-1]
    assert first_difference(short) == "expected[0].schedule: expected 18 rows, ours 19"
    strange = copy.deepcopy(example)
    strange["expected"][0]["colour"] = "red"
    assert first_difference(strange) == "expected[0].colour: we do not say this"
    moved = copy.deepcopy(example)
    moved["expected"][0]["business_date"] = "2022-10-31"
    assert str(first_difference(moved)).startswith("expected[0].business_date: expected '2022-10-31'")
    noted = copy.deepcopy(example)
    noted["expected"][0]["note"] = "anything"
    assert first_difference(noted) is None


def test_a_file_that_expects_nothing_does_not_pass() -> None:
    example = scenario("002")
    del example["expected"]
    assert first_difference(example) == "expected: nothing to compare with"


def test_a_skip_does_not_ask_for_the_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = scenario("002") | {"id": "097", "slug": "re-age", "tags": ["re-age"]}
    (tmp_path / "097-re-age.json").write_text(json.dumps(example))
    assert run(tmp_path) == 0
    assert capsys.readouterr().out.splitlines() == ["ok 097-re-age", "1 passed, 0 failed"]


RECALCULATION = {
    "compounding": "NONE", "reschedule_strategy": "REDUCE_EMI_AMOUNT", "rest_frequency": "DAILY",
    "pre_close_interest": "TILL_PRE_CLOSE_DATE",
}  # fmt: skip
BEARS = {"interest_method": "DECLINING_BALANCE", "annual_rate_percent": "12"}
LONGER = {"type": "RESCHEDULE", "entered_on": "2023-10-01", "from_due_date": "2023-10-16", "extra_terms": 2}
LENT_LATER = {"type": "DISBURSEMENT", "date": "2023-10-20", "amount": "400.00", "entered_on": "2023-10-20"}
DAILY = {"compounding": "INTEREST", "compounding_frequency": {"unit": "DAILY", "interval": 1}}


@pytest.mark.parametrize(
    ("name", "change", "events", "skip"),
    [
        ("009", BEARS | {"interest_recalculation": RECALCULATION}, [], None),
        ("009", BEARS | {"interest_recalculation": RECALCULATION | {"rest_frequency": "WEEKLY"}}, [], "not-yet recalculation-rest-weekly"),
        ("009", BEARS | {"interest_recalculation": RECALCULATION | DAILY}, [], "not-yet recalculation-compounding-interest-daily"),
        ("009", BEARS | {"interest_recalculation": RECALCULATION | {"reschedule_strategy": "GUESS"}}, [], "not-yet recalculation-guess"),
        ("009", BEARS | {"interest_recalculation": RECALCULATION, "interest_method": "FLAT"}, [], "not-yet recalculation-flat"),
        ("009", {}, [{"type": "CHARGEBACK"}], "not-yet chargeback"),
        ("009", {"days_in_month": "30", "days_in_year": "365"}, [], "not-yet day-count-30-365"),
        ("009", {}, [{"type": "CHARGE", "calculation": "PERCENT_OF_THE_MOON"}], "not-yet charge-percent-of-the-moon"),
        ("236", {}, [LONGER, LENT_LATER], "not-yet payout-after-extension"),
    ],
)  # fmt: skip
def test_what_we_cannot_do_is_skipped_by_family(name: str, change: dict[str, Any], events: list[dict[str, Any]], skip: str | None) -> None:
    example = scenario(name)
    example["terms"] |= change
    example["events"] = example["events"][:2] + events
    found = skip_of(example)
    assert (str(found) if found else None) == skip
    if found and found.why == "convention":
        assert found.name in CONVENTIONS


def test_conform_says_a_line_for_each_file_and_counts_no_skip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for start in ("002", "009"):
        shutil.copy(next(file for file in FILES if file.stem.startswith(start)), tmp_path)
    other = scenario("009")
    other["events"].append({"type": "CHARGEBACK"})
    (tmp_path / "other.json").write_text(json.dumps(other))
    wrong = scenario("002")
    wrong["expected"][0]["totals"]["interest"] = "488.23"
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    (tmp_path / "zigzag.json").write_text("{")
    assert run(tmp_path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "ok 002-declining-emi-period-rate-monthly",
        "ok 009-rounding-declining-multiple-of-1",
        "SKIP other: not-yet chargeback",
        "FAIL wrong: expected[0].totals.interest: expected '488.23', ours '488.22'",
    ]
    assert lines[4].startswith("FAIL zigzag: zigzag.json: is not JSON")
    assert lines[5] == "2 passed, 2 failed"


def test_a_file_of_a_strange_shape_fails_by_name_and_the_next_is_still_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = scenario("047")
    strange = copy.deepcopy(whole)
    strange["events"][0]["type"] = ["DISBURSEMENT"]
    (tmp_path / "1-strange.json").write_text(json.dumps(strange))
    (tmp_path / "2-whole.json").write_text(json.dumps(whole))
    assert run(tmp_path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("FAIL 1-strange: events[0].type")
    assert lines[1:] == ["ok 2-whole", "1 passed, 1 failed"]


def test_what_breaks_in_one_file_does_not_stop_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("1-first", "2-second"):
        (tmp_path / f"{name}.json").write_text(json.dumps(scenario("047")))

    def broken(example: object) -> None:
        raise KeyError("due_on")

    monkeypatch.setattr("holdfast.servicing.vectors.skip_of", broken)
    assert run(tmp_path) == 1
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == ["FAIL 1-first", "FAIL 2-second", "0 passed, 2 failed"]


def test_print_shows_the_same_states_with_or_without_expected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = scenario("055")
    (tmp_path / "a.json").write_text(json.dumps(example))
    assert run(tmp_path, show=True) == 0
    whole = capsys.readouterr().out
    del example["expected"]
    (tmp_path / "a.json").write_text(json.dumps(example))
    assert run(tmp_path, show=True) == 0
    assert capsys.readouterr().out == whole
    shown = json.loads(whole)
    assert (shown["name"], [state["after_event"] for state in shown["states"]]) == ("a", list(range(8)))


def test_a_folder_without_scenarios_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no scenario files"):
        run(tmp_path)
    with pytest.raises(BadInput, match="is not a folder"):
        run(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": "red"}, "terms.colour"),
        ({"principal": 5000}, "terms.principal"),
        ({"principal": "5000.001"}, "terms.principal"),
        ({"principal": "0.00"}, "terms.principal"),
        ({"principal": "-1.00"}, "terms.principal"),
        ({"annual_rate_percent": "twelve"}, "terms.annual_rate_percent"),
        ({"annual_rate_percent": 12}, "terms.annual_rate_percent"),
        ({"currency": {"code": "XXX"}}, "terms.currency.code"),
        ({"currency": {"code": "EUR", "decimal_places": 3}}, "terms.currency.decimal_places"),
        ({"currency": {"code": "EUR", "colour": 1}}, "terms.currency.colour"),
        ({"number_of_instalments": 0}, "terms.number_of_instalments"),
        ({"number_of_instalments": "18"}, "terms.number_of_instalments"),
        ({"number_of_instalments": 18.0}, "terms.number_of_instalments"),
        ({"number_of_instalments": 12}, "terms.loan_term"),
        ({"repayment_every": {"count": 1, "unit": "YEARS"}}, "terms.repayment_every.unit"),
        ({"repayment_every": {"unit": "MONTHS"}}, "terms.repayment_every.count"),
        ({"expected_disbursement_on": "2022-02-30"}, "terms.expected_disbursement_on"),
        ({"rounding_mode": "SOMEHOW"}, "terms.rounding_mode"),
        ({"down_payment": {"percent_of_disbursed": "100", "auto_repayment": False}}, "terms.down_payment.percent_of_disbursed"),
        ({"interest_method": "COMPOUND"}, "terms.interest_method"),
        ({"grace": {"principal_instalments": 18}}, "terms.grace.principal_instalments"),
        ({"month_end_rule": "roll"}, "terms.month_end_rule"),
        ({"payment_allocation": {"strategy": "mifos-standard-strategy", "order": ["FEE"]}}, "terms.payment_allocation.order"),
        ({"fees": {}}, "terms.fees"),
        ({"fees": [{"name": "a", "amount": "1.00", "at": "never", "collected_by": "b"}]}, "terms.fees[0].at"),
        ({"fees": [{"name": "a", "amount": "1.00", "at": "2022-10-31", "collected_by": "b"}]}, "terms.fees[0].at"),
        ({"fees": [{"name": "a", "amount": "-1.00", "at": "disbursement", "collected_by": "b"}]}, "terms.fees[0].amount"),
        ({"fees": [{"name": " ", "amount": "1.00", "at": "disbursement", "collected_by": "b"}]}, "terms.fees[0].name"),
        ({"fees": [{"name": "a", "amount": "1.00", "at": "disbursement"}]}, "terms.fees[0].collected_by"),
    ],
)
def test_bad_terms_are_refused_and_the_field_is_named(change: dict[str, Any], field: str) -> None:
    terms = scenario("002")["terms"] | change
    with pytest.raises(BadInput) as refused:
        read_setting(terms)
    assert refused.value.field == field
    assert str(refused.value).startswith(field)


@pytest.mark.parametrize("name", ["currency", "principal", "annual_rate_percent", "number_of_instalments", "expected_disbursement_on"])
def test_a_missing_field_is_named(name: str) -> None:
    terms = scenario("002")["terms"]
    del terms[name]
    with pytest.raises(BadInput, match=rf"^terms\.{name}: is missing"):
        read_setting(terms)


ON_A_DAY = {"transaction_type": "ANY_ON_DATE", "transaction_date": "2023-09-01", "entered_on": "2023-09-01"}


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({"type": "DISBURSEMENT", "date": "2023-13-01", "amount": "1.00", "entered_on": "2023-09-01"}, "events[2].date"),
        ({"type": "REPAYMENT", "date": "2023-09-01", "amount": 5, "entered_on": "2023-09-01"}, "events[2].amount"),
        ({"type": "REPAYMENT", "date": "2023-09-01", "amount": "5.00", "entered_on": "2023-09-01", "by": "me"}, "events[2].by"),
        ({"type": "UNDO_TRANSACTION", "nth": 9} | ON_A_DAY, "events[2].nth"),
    ],
)  # fmt: skip
def test_a_bad_event_is_refused_and_the_field_is_named(event: dict[str, Any], field: str) -> None:
    example = scenario("009")
    example["events"].append(event)
    with pytest.raises(BadInput) as refused:
        states(example)
    assert refused.value.field == field
