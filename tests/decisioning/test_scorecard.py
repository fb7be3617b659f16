"""A scorecard is sorted edges and whole points; a better answer never costs points."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.decisioning import protected, trained
from holdfast.decisioning.features import SCORED
from holdfast.decisioning.reasons import WORDS
from holdfast.decisioning.scorecard import Characteristic, Scale, Scorecard, log_odds, pd, pd_ppm, read
from holdfast.kernel.errors import BadInput

YEARS = Characteristic("years", True, missing=-3, edges=("1", "4.5"), points=(-8, 0, 9), codes={"-9": 2})
HOME = Characteristic("home", False, missing=0, levels={"own": 5, "rent": -10}, other=-1)
CARD = Scorecard("示例", "bad", Scale(), 500_000, (YEARS, HOME))

SHIPPED = trained.shipped("german-2026")
ANSWERS = st.fixed_dictionaries(
    {
        "instalments": st.integers(1, 72),
        "employment_years": st.none() | st.integers(0, 60),
        "housing": st.none() | st.sampled_from(["own", "rent", "other"]),
        "savings_band": st.none() | st.sampled_from(["none", "low", "medium", "high"]),
        "existing_loans": st.none() | st.integers(0, 20),
    }
)


def scored(answers: dict[str, Any]) -> int:
    return SHIPPED.milli_of({each.name: answers[each.name] for each in SHIPPED.characteristics})


@pytest.mark.parametrize(
    ("years", "points"),
    [(0, -8), (0.999, -8), (1, 0), (4.4999, 0), (4.5, 9), (60, 9), (-9, 2), (None, -3)],
)
def test_an_answer_falls_into_the_bin_whose_edge_it_has_reached(years: float | None, points: int) -> None:
    assert CARD.milli_of({"years": years, "home": None}) == 500_000 + points * 1000


@pytest.mark.parametrize(("home", "points"), [("own", 5), ("rent", -10), ("a houseboat", -1), (None, 0)])
def test_a_word_that_was_never_seen_earns_what_rare_words_earn(home: str | None, points: int) -> None:
    assert CARD.milli_of({"years": 2, "home": home}) == 500_000 + points * 1000


@given(st.none() | st.floats(-20, 80) | st.integers(-10, 10), st.none() | st.sampled_from(["own", "rent", "boat", ""]))
def test_the_compiled_scorecard_gives_what_its_table_reads(years: float | None, home: str | None) -> None:
    by_hand = CARD.base_milli + 1000 * (CARD.points_of(YEARS, years) + CARD.points_of(HOME, home))
    assert CARD.milli_of({"years": years, "home": home}) == by_hand == CARD.score({"years": years, "home": home}).milli


def test_a_number_in_quotes_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="years: give a number, not '700'"):
        CARD.score({"years": "700", "home": "own"})
    with pytest.raises(BadInput, match="home: give one of its levels"):
        CARD.score({"years": 7, "home": 1})


def test_six_hundred_points_are_fifty_good_to_one_bad_and_twenty_more_double_it() -> None:
    assert pd(600_000, Scale()) == pytest.approx(1 / 51)
    assert pd(620_000, Scale()) == pytest.approx(1 / 101)
    assert pd_ppm(600_000, Scale()) == 19_608
    assert log_odds(600_000, Scale()) == pytest.approx(-3.912, abs=1e-3)
    assert 0 < pd(-(10**9), Scale()) <= 1 and 0 <= pd(10**9, Scale()) < 1e-100


def test_a_scorecard_is_read_back_byte_for_byte() -> None:
    assert read(CARD.content) == CARD
    assert read(SHIPPED.content).sha256 == SHIPPED.sha256


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"[]",
        b'{"form":"something else"}',
        CARD.content.replace(b'"edges":["1","4.5"]', b'"edges":["4.5","1"]'),
        CARD.content.replace(b"[-8,0,9]", b"[-8,0]"),
        CARD.content.replace(b'"base_milli"', b'"base"'),
        CARD.content + b"\n",
        json.dumps(json.loads(CARD.content), indent=1).encode(),
    ],
)
def test_a_damaged_scorecard_is_refused(damage: bytes) -> None:
    with pytest.raises(BadInput, match="scorecard"):
        read(damage)


@given(ANSWERS, st.integers(1, 60))
def test_more_years_at_work_never_cost_points(answers: dict[str, Any], more: int) -> None:
    if answers["employment_years"] is not None:
        assert scored({**answers, "employment_years": answers["employment_years"] + more}) >= scored(answers)


@given(ANSWERS, st.integers(1, 60))
def test_a_shorter_loan_and_fewer_loans_elsewhere_never_cost_points(answers: dict[str, Any], fewer: int) -> None:
    assert scored({**answers, "instalments": max(answers["instalments"] - fewer, 1)}) >= scored(answers)
    if answers["existing_loans"] is not None:
        assert scored({**answers, "existing_loans": max(answers["existing_loans"] - fewer, 0)}) >= scored(answers)


@given(ANSWERS)
def test_raising_a_named_characteristic_to_its_best_raises_the_score_by_what_was_lost(answers: dict[str, Any]) -> None:
    best = {"instalments": 1, "employment_years": 60, "housing": "own", "savings_band": "high", "existing_loans": 0}
    score = SHIPPED.score({each.name: answers[each.name] for each in SHIPPED.characteristics})
    for each in score.earned:
        raised = scored({**answers, each.name: best[each.name]})
        assert raised == score.milli + 1000 * each.lost
        assert raised > score.milli or each.lost == 0


@given(ANSWERS)
def test_nobody_gains_by_leaving_an_answer_out_more_than_the_best_answer_gives(answers: dict[str, Any]) -> None:
    for each in SHIPPED.characteristics:
        assert each.missing <= 0 <= each.best


def test_the_shipped_scorecard_asks_only_for_what_a_feature_record_holds_and_can_name() -> None:
    for each in SHIPPED.characteristics:
        assert each.name in SCORED
        assert protected.attribute(each.name) is None
        assert f"score.{each.name}" in WORDS and f"mend.score.{each.name}" in WORDS


@pytest.mark.parametrize(
    ("column", "what"),
    [
        ("sex", "sex"), ("SEX", "sex"), ("personal_status_and_sex", "sex"), ("GenderCode", "sex"), ("age", "age"), ("Age_in_years", "age"),
        ("foreign", "nationality"), ("ForeignWorker", "nationality"), ("MARRIAGE", "personal status"),
        ("marital.status", "personal status"),
        ("date_of_birth", "age"), ("民族", "ethnic group"), ("客户年龄", "age"), ("mortgage", None), ("average_balance", None),
        ("employment", None), ("essex_branch", None), ("percentage", None), ("language", None),
    ],
)  # fmt: skip
def test_a_protected_attribute_is_known_by_the_words_of_its_name(column: str, what: str | None) -> None:
    assert protected.attribute(column) == what
