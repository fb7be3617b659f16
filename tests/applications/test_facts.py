"""What may be put into a file, however it was typed; and how old somebody is."""

from __future__ import annotations

from datetime import date

import pytest

from holdfast.applications.facts import ANSWERS, CONDITION, FACTS, age_on, born_on, grade_of, read_fact
from holdfast.collateral import Grade
from holdfast.kernel.errors import BadInput
from tests.applications.people import IMEI, id_number


@pytest.mark.parametrize(
    ("field", "typed", "kept"),
    [
        ("model", "  iPhone   15 ", "iPhone 15"),
        ("storage_gb", "128", 128),
        ("storage_gb", 256, 256),
        ("imei1", "35 391810-4472804", IMEI),
        ("imei1", "３５３９１８１０４４７２８０４", IMEI),
        ("monthly_income_minor", "900,000", 900_000),
        ("employment_years", "０６", 6),
        ("account_signed_out", "on", True),
        ("account_signed_out", False, False),
        ("sim", "dual", "dual"),
    ],
)
def test_a_fact_is_brought_to_one_form(field: str, typed: str | int | bool, kept: str | int | bool) -> None:
    assert read_fact(field, typed) == kept


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("model", ""), ("model", " \n "), ("model", "x" * 81), ("model", "iPhone\x00 15"), ("model", "a\x1b[31m"),
        ("storage_gb", "100"), ("storage_gb", "a lot"), ("storage_gb", True), ("sim", "three"), ("screen", "fine"),
        ("imei1", "353918104472809"), ("imei1", "12345"), ("imei1", "3539181044728041"), ("imei1", "٣٥٣٩١٨١٠٤٤٧٢٨٠٤"),
        ("employment_years", "-1"), ("employment_years", "61"), ("employment_years", "1.5"), ("existing_loans", "１００"),
        ("monthly_income_minor", "99999999999999"), ("declaration", "2020-01"), ("purpose", "stocks"),
        ("account_signed_out", "perhaps"), ("shoe_size", "42"), ("name", "张示例"),
    ],
)  # fmt: skip
def test_what_is_no_such_fact_is_refused_by_its_field(field: str, typed: str | bool) -> None:
    with pytest.raises(BadInput) as refused:
        read_fact(field, typed)
    assert refused.value.field == field
    assert refused.value.sentence.startswith(f"{field}: ")


def test_an_imei_of_sixteen_digits_is_named_for_what_it_is() -> None:
    with pytest.raises(BadInput, match="IMEISV"):
        read_fact("imei1", "3539181044728041")


def test_the_worst_answer_on_the_condition_sets_the_grade() -> None:
    best = {question: next(iter(answers)) for question, answers in CONDITION.items()}
    assert grade_of(best) is Grade.A
    for question, answers in CONDITION.items():
        for answer, grade in answers.items():
            assert grade_of({**best, question: answer}) is grade


def test_there_is_no_grade_before_every_question_is_answered() -> None:
    assert grade_of({"screen": "clean"}) is None


def test_everything_that_feeds_the_score_is_a_fact_of_the_file() -> None:
    assert set(ANSWERS) <= set(FACTS)


@pytest.mark.parametrize(
    ("today", "years"),
    [(date(2026, 11, 22), 17), (date(2026, 11, 23), 18), (date(2027, 11, 22), 18)],
)
def test_somebody_is_a_year_older_on_the_birthday(today: date, years: int) -> None:
    assert age_on(born_on(id_number(date(2008, 11, 23))), today) == years


def test_who_is_born_on_the_last_of_february_is_older_on_the_first_of_march() -> None:
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18
