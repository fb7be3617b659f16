"""What a file lacks: named field by field, with why it is asked, and nothing besides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from holdfast.applications import CONSENTS, SLOTS, STEPS, Application, ApplicationState, Document, completeness
from holdfast.kernel.money import Money
from tests.applications.people import DAY, FACTS, PAPERS

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
WHOLE = Application(
    1, "ap_1", ApplicationState.DRAFT, 2, "pt_1", "张*", 1, "T", "示例营业部", None, "phone", "phone-pledge", 1, Money(400_000, "CNY"), 6,
    None, None, None, DAY, NOW, None, dict(FACTS), {text.purpose: text.version for text in CONSENTS.values() if text.needed},
    tuple(Document(slot, f"fl_{slot}", "p.png", "image/png", 1, "00", NOW) for slot in PAPERS),
    {"name": "张*", "id_number": "330203********0018", "address": "示例省示例市****", "phone": "139****5678"}, date(1990, 3, 7),
)  # fmt: skip


def lacks(file: Application, today: date = DAY) -> list[str]:
    return [each.field for each in completeness(file, today=today)]


def test_a_whole_file_lacks_nothing() -> None:
    assert lacks(WHOLE) == []


@pytest.mark.parametrize("field", ["name", "id_number", "address"])
def test_who_the_person_is_is_needed(field: str) -> None:
    assert lacks(replace(WHOLE, private={key: mask for key, mask in WHOLE.private.items() if key != field})) == [field]


@pytest.mark.parametrize("field", sorted(set(FACTS) - {"imei2"}))
def test_each_fact_is_needed_and_named_alone(field: str) -> None:
    assert lacks(replace(WHOLE, facts={key: value for key, value in WHOLE.facts.items() if key != field})) in (
        [field],
        [field, "imei2"] if field == "sim" else [field],
    )


@pytest.mark.parametrize("slot", PAPERS)
def test_each_paper_is_needed_and_named_alone(slot: str) -> None:
    assert lacks(replace(WHOLE, documents=tuple(each for each in WHOLE.documents if each.slot != slot))) == [slot]


def test_a_second_imei_is_asked_of_a_phone_with_two_sims_only() -> None:
    without = {key: value for key, value in WHOLE.facts.items() if key != "imei2"}
    assert lacks(replace(WHOLE, facts=without)) == ["imei2"]
    assert lacks(replace(WHOLE, facts={**without, "sim": "single"})) == []


@pytest.mark.parametrize("purpose", [text.purpose for text in CONSENTS.values() if text.needed])
@pytest.mark.parametrize("given", ["", "2020-01"], ids=["not given", "given to an older text"])
def test_each_needed_consent_is_asked_for_in_its_present_text(purpose: str, given: str) -> None:
    assert lacks(replace(WHOLE, consents={**WHOLE.consents, purpose: given})) == [f"consent_{purpose}"]


def test_recording_and_marketing_may_be_left_out() -> None:
    assert {text.purpose for text in CONSENTS.values() if not text.needed} == {"recording", "marketing"}


@pytest.mark.parametrize("field", ["account_signed_out", "declaration"])
def test_a_tick_taken_out_is_missing(field: str) -> None:
    assert lacks(replace(WHOLE, facts={**WHOLE.facts, field: False})) == [field]


def test_nobody_under_eighteen_hands_a_file_in() -> None:
    young = replace(WHOLE, born_on=date(2008, 11, 24))
    assert lacks(young) == ["id_number"]
    assert lacks(young, date(2026, 11, 24)) == []


def test_at_the_counter_the_signed_sheet_of_consents_is_needed() -> None:
    assert lacks(replace(WHOLE, channel="program")) == ["consent_sheet"]
    assert lacks(replace(WHOLE, channel="counter")) == [], "at the counter the borrower's own code is the consent"


def test_an_empty_file_lacks_everything_in_the_order_of_the_steps_each_with_its_reason() -> None:
    empty = replace(WHOLE, facts={}, consents={}, documents=(), private={}, born_on=None)
    missing = completeness(empty, today=DAY)
    assert [each.step for each in missing] == sorted((each.step for each in missing), key=STEPS.index)
    assert {each.field for each in missing} >= {slot.name for slot in SLOTS.values() if slot.needed}
    assert all(each.why for each in missing)
    assert len({each.field for each in missing}) == len(missing)
