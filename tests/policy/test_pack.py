"""The policy pack: dated rules with a source each, read from a file that says what is wrong with it."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
import yaml

from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.rate import Per, Rate
from holdfast.policy import Confidence, Pack, load, shipped
from holdfast.policy.pack import of, read

PACK = shipped()
TODAY = date(2026, 11, 23)


def small(**changes: Any) -> dict[str, Any]:
    rule = {
        "key": "reminder.days_before", "value": [7, 1], "unit": "days, each", "hard": False, "effective_from": "2026-01-01",
        "legal_ref": "none", "source": "OWN", "confidence": "L",
    }  # fmt: skip
    return {
        "pack": "sample", "version": "1", "effective_from": "2026-01-01", "sources": {"OWN": "our own choice"},
        "rules": [{**rule, **changes}],
    }  # fmt: skip


def wrong(raw: dict[str, Any]) -> BadInput:
    with pytest.raises(BadInput) as caught:
        of(raw)
    return caught.value


# What the program asks of any pack, on any day a book may live.
READ_BY_THE_PROGRAM = [
    "reminder.days_before", "followup.days_past_due", "followup.then_every_days", "recovery.review_days", "refund.sla_workdays",
    "release.sla.settlement_cert", "release.sla.phone_return", "release.sla.vehicle_docs", "release.sla.real_estate_file",
    "release.sla.credit_update", "classification.floors", "contact.quiet_hours", "contact.sms_hours", "contact.bound_purposes",
    "contact.service_waits_for_morning", "contact.sms_per_day_reminder", "contact.sms_per_day_collection", "contact.sms_per_day_marketing",
    "contact.push_per_day", "contact.voice_effective_per_day", "contact.voice_attempts_per_day", "contact.per_day_all_channels",
    "contact.right_party", "contact.marketing_needs_consent",
]  # fmt: skip


@pytest.mark.parametrize("key", READ_BY_THE_PROGRAM)
@pytest.mark.parametrize("on", [date(2018, 3, 31), TODAY, date(2031, 1, 1)])
@pytest.mark.parametrize("lender_type", [None, "pawnshop", "online_micro_lender"])
def test_the_shipped_pack_answers_whatever_the_program_asks_on_any_day(key: str, on: date, lender_type: str | None) -> None:
    assert PACK.rule(key, on=on, lender_type=lender_type).key == key


def test_reminders_are_seven_three_one_and_no_days_before() -> None:
    assert PACK.numbers("reminder.days_before", on=TODAY) == (7, 3, 1, 0)


def test_follow_up_begins_the_day_after_and_then_comes_every_fifteen_days() -> None:
    assert PACK.numbers("followup.days_past_due", on=TODAY) == (1, 3, 7, 14, 21, 30)
    assert PACK.number("followup.then_every_days", on=TODAY) == 15


def test_class_floors_are_one_ninety_one_two_seventy_one_and_three_sixty_one_days() -> None:
    assert PACK.table("classification.floors", on=TODAY) == {"special_mention": 1, "substandard": 91, "doubtful": 271, "loss": 361}


def test_a_micro_lender_may_ask_24_percent_until_the_end_of_2027_and_four_times_lpr_from_then_on() -> None:
    before = PACK.ceiling(on=date(2027, 12, 30), lender_type="micro_lender")
    assert (before.rate, before.provisional) == (Rate(240_000_000, Per.YEAR), False)
    after = PACK.ceiling(on=date(2027, 12, 31), lender_type="micro_lender")
    assert after.rule.value == {"lpr_multiple": 4}
    assert after.rate == Rate(120_000_000, Per.YEAR)
    assert after.provisional, "the only LPR with a source is provisional"


def test_a_private_lenders_ceiling_is_four_times_the_lpr_of_the_contracts_day() -> None:
    assert PACK.ceiling(on=TODAY, lender_type="private_lender").rate.ppb == 4 * PACK.prime_rate(TODAY).rate.ppb


def test_a_day_before_the_first_known_lpr_is_refused_and_never_guessed() -> None:
    with pytest.raises(Refusal, match="no 1-year LPR"):
        PACK.ceiling(on=date(2022, 1, 1), lender_type="private_lender")


def test_a_lender_type_without_a_ceiling_is_refused_and_never_unlimited() -> None:
    with pytest.raises(Refusal, match=r"has no rule rate\.cap for financial_leasing"):
        PACK.ceiling(on=TODAY, lender_type="financial_leasing")


def test_identity_is_kept_ten_years_and_books_thirty() -> None:
    assert PACK.number("retention.identity", on=TODAY) == 10
    assert PACK.number("retention.books", on=TODAY) == 30


def test_what_is_refused_by_design_is_named() -> None:
    assert {"device_lock", "engine_cut", "addressbook_upload"} <= set(PACK.names("prohibited.features", on=TODAY))


def test_quiet_hours_pass_midnight() -> None:
    quiet = PACK.hours("contact.quiet_hours", on=TODAY)
    assert [quiet.hold(time(hour)) for hour in (21, 22, 0, 7, 8)] == [False, True, True, True, False]


def test_every_rule_names_its_source_and_how_sure_we_are() -> None:
    for rule in PACK.rules:
        assert rule.source
        assert rule.confidence in set(Confidence)
        assert rule.legal_ref


def test_general_knowledge_never_counts_as_certain() -> None:
    assert [rule.key for rule in PACK.rules if rule.source in ("GK", "OWN") and rule.confidence is Confidence.HIGH] == []


def test_a_narrower_rule_goes_before_a_wider_one() -> None:
    raw = small()
    raw["rules"].append({**raw["rules"][0], "value": [2], "scope": {"product": ["phone"]}})
    pack = of(raw)
    assert pack.numbers("reminder.days_before", on=TODAY, product="phone") == (2,)
    assert pack.numbers("reminder.days_before", on=TODAY, product="house") == (7, 1)


def test_two_rules_for_one_day_are_refused_by_their_key() -> None:
    raw = small(effective_to="2026-12-31")
    raw["rules"].append({**raw["rules"][0], "effective_from": "2026-12-31", "effective_to": None})
    assert wrong(raw).field == "reminder.days_before"
    raw["rules"][1]["effective_from"] = "2027-01-01"
    assert of(raw).numbers("reminder.days_before", on=date(2027, 1, 1)) == (7, 1)


@pytest.mark.parametrize(
    ("field", "value", "about"),
    [
        ("value", [7, -1], "value"),
        ("value", "seven", "value"),
        ("unit", "fortnights", "unit"),
        ("hard", "yes", "hard"),
        ("effective_from", "1.1.2026", "effective_from"),
        ("effective_to", "2025-01-01", "effective_to"),
        ("source", "S99", "source"),
        ("confidence", "certain", "confidence"),
        ("scope", {"lender_type": ["shark"]}, "scope.lender_type"),
        ("legal_ref", " ", "legal_ref"),
        ("colour", "red", "colour"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: Any, about: str) -> None:
    error = wrong(small(**{field: value}))
    assert error.field is not None
    assert error.field.endswith(about)


@pytest.mark.parametrize("field", ["key", "value", "unit", "hard", "effective_from", "legal_ref", "source", "confidence"])
def test_a_missing_field_is_named(field: str) -> None:
    raw = small()
    del raw["rules"][0][field]
    assert wrong(raw).field == f"rules[0].{field}"


@pytest.mark.parametrize("value", [{"percent": "24", "lpr_multiple": 4}, {}, {"percent": 24}, {"percent": "a lot"}, {"multiple": 4}])
def test_a_rate_is_either_a_percentage_in_quotes_or_a_multiple_of_lpr(value: Any) -> None:
    assert "value" in str(wrong(small(unit="yearly rate", value=value)).field)


def test_binary_fractions_are_refused_with_the_mend() -> None:
    with pytest.raises(BadInput, match="between quotes"):
        read(yaml.safe_dump(small(unit="yearly rate", value={"percent": 24.5})))


def test_lpr_figures_stand_in_date_order() -> None:
    figure = {"published_on": "2026-01-20", "percent": "3.00", "source": "OWN", "confidence": "L", "provisional": True}
    raw = {**small(), "lpr1y": [figure, {**figure, "published_on": "2025-12-20"}]}
    assert wrong(raw).field == "lpr1y"


def test_a_file_that_is_not_there_or_no_yaml_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.yaml"):
        load(tmp_path / "none.yaml")
    for text in ("{", "- a", "pack: [", "\ttab"):
        (tmp_path / "bad.yaml").write_text(text)
        with pytest.raises(BadInput):
            load(tmp_path / "bad.yaml")


def test_the_digest_stands_for_all_of_it_and_not_for_the_order_of_the_fields() -> None:
    raw = small()
    turned = dict(reversed(raw.items()))
    assert of(turned).digest == of(raw).digest
    changed = deepcopy(raw)
    changed["rules"][0]["note"] = "x"
    assert of(changed).digest != of(raw).digest


def test_a_pack_asked_for_another_shape_says_what_it_found() -> None:
    pack: Pack = of(small())
    with pytest.raises(BadInput, match="not one whole number"):
        pack.number("reminder.days_before", on=TODAY)
