"""The rule of a decision, without a database: what binds the sum, why, and what may change it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.decisioning import features, policy_table, protected, trained
from holdfast.decisioning.features import Facts, read_answers
from holdfast.decisioning.policy_table import Answer
from holdfast.decisioning.reasons import WORDS, Reason, words
from holdfast.decisioning.rules import Basis, Finding, Outcome, burden_minor, find, people_may, terms_of
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.policy import Lender, shipped
from holdfast.products import Offer, Product, ProductVersion

DAY = date(2026, 11, 23)
PRODUCT = ProductVersion(
    Product("phone-pledge", "手机质押借款", "Phone pledge loan", "phone"),
    1,
    {"method": "equal_instalment", "rate": {"ppb": 12_000_000, "per": "month"}},
    date(2026, 1, 1),
    Offer("CNY", 100_000, 800_000, (3, 6, 12)),
)
BASIS = Basis(
    PRODUCT, shipped(), Lender(lender_type="micro_lender"), trained.shipped("german-2026"), policy_table.shipped("phone-2026-11"), DAY
)
USUAL: dict[str, Any] = {
    "amount_minor": 150_000, "instalments": 6, "purpose": "daily_life", "adult": True, "employment_years": 6, "housing": "own",
    "savings_band": "medium", "existing_loans": 0, "monthly_income_minor": 900_000, "monthly_obligations_minor": 90_000,
    "lending_value_minor": 300_000, "valuation": "counting", "locked": False, "open_pledges": 0, "may_originate": True,
}  # fmt: skip


def found(**changes: Any) -> Finding:
    return find(Facts(**{**USUAL, **changes}), BASIS)


def part(finding: Finding, name: str) -> int | None:
    return next(each.minor for each in finding.parts if each.name == name)


FACTS = st.fixed_dictionaries(
    {
        "amount_minor": st.integers(100_000, 800_000),
        "instalments": st.sampled_from([3, 6, 12]),
        "purpose": st.none() | st.sampled_from(features.PURPOSES),
        "adult": st.sampled_from([True, True, True, False, None]),
        "employment_years": st.none() | st.integers(0, 40),
        "housing": st.none() | st.sampled_from(features.HOUSING),
        "savings_band": st.none() | st.sampled_from(features.SAVINGS),
        "existing_loans": st.none() | st.integers(0, 8),
        "monthly_income_minor": st.none() | st.integers(0, 3_000_000),
        "monthly_obligations_minor": st.none() | st.integers(0, 1_500_000),
        "lending_value_minor": st.integers(0, 900_000),
        "locked": st.booleans(),
        "open_pledges": st.sampled_from([0, 0, 0, 1]),
        "may_originate": st.sampled_from([True, True, True, False]),
        "owed_here_minor": st.integers(0, 500_000),
    }
)


def test_a_usual_case_is_approved_with_what_was_asked_for() -> None:
    assert (found().outcome, found().sum_minor, found().reasons, found().mends) == (Outcome.APPROVE, 150_000, (), ())


def test_the_lowest_part_binds_and_what_is_left_over_is_rounded_down_to_tens() -> None:
    finding = found(amount_minor=800_000, lending_value_minor=234_567)
    assert (finding.binding, finding.limit_minor, finding.sum_minor) == ("lending_value", 234_567, 234_000)


def test_each_part_of_the_limit_by_hand() -> None:
    finding = found(monthly_income_minor=500_000, monthly_obligations_minor=150_000)
    assert part(finding, "lending_value") == 300_000
    assert part(finding, "product") == 800_000
    assert part(finding, "score_band") == 800_000
    # half of 5,000.00 less 1,500.00 leaves 1,000.00 a month
    most = part(finding, "affordability")
    assert most is not None
    facts = Facts(**USUAL)
    assert burden_minor(terms_of(facts, BASIS, most)) <= 100_000 < burden_minor(terms_of(facts, BASIS, most + 2_000))


def test_band_b_caps_the_sum_at_six_tenths_of_the_products_most() -> None:
    finding = found(
        instalments=12, housing="own", savings_band="none", employment_years=2, amount_minor=800_000, lending_value_minor=900_000
    )
    assert finding.score is not None and 510 <= finding.score.points < 525
    assert (part(finding, "score_band"), finding.sum_minor) == (480_000, 480_000)


def test_a_minor_a_lender_without_licence_and_a_forbidden_purpose_are_refused_and_nobody_sets_that_aside() -> None:
    for change, gate in (({"adult": False}, "capacity"), ({"may_originate": False}, "lender"), ({"purpose": "stock"}, "purpose"),
                         ({"open_pledges": 1}, "pledge")):  # fmt: skip
        finding = found(**change)
        assert finding.outcome is Outcome.REFUSE
        with pytest.raises(Refusal, match=f"the gate {gate} says no"):
            people_may(finding, 150_000, 100_000)


def test_a_thing_worth_too_little_is_refused_with_what_is_missing() -> None:
    finding = found(lending_value_minor=60_000)
    assert finding.outcome is Outcome.REFUSE
    assert Reason("mend.limit.lending_value", {"by_minor": 40_000}) in finding.mends


def test_too_little_room_in_the_month_is_refused_with_what_is_missing() -> None:
    finding = found(monthly_income_minor=200_000, monthly_obligations_minor=78_000, instalments=3)
    short = next(mend.figures["by_minor"] for mend in finding.mends if mend.code == "mend.limit.affordability")
    assert isinstance(short, int)
    assert found(monthly_income_minor=200_000, monthly_obligations_minor=78_000 - short, instalments=3).sum_minor == 100_000


def test_obligations_that_refuse_say_by_how_much_they_must_come_down() -> None:
    finding = found(monthly_income_minor=500_000, monthly_obligations_minor=400_000)
    by = next(mend.figures["by_minor"] for mend in finding.mends if mend.code == "mend.obligations")
    assert isinstance(by, int)
    better = found(monthly_income_minor=500_000, monthly_obligations_minor=400_000 - by)
    gate = next(gate for gate in better.gates if gate.name == "obligations")
    assert gate.answer is not Answer.REFUSE


def test_a_weak_score_names_what_lost_most_points_and_what_would_win_them_back() -> None:
    finding = found(instalments=12, housing="rent", savings_band="none", employment_years=0)
    score = [reason for reason in finding.reasons if reason.code.startswith("score.")]
    lost = [int(reason.figures["lost"]) for reason in score]
    assert 0 < len(score) <= 4 and lost == sorted(lost, reverse=True)
    mended: dict[str, dict[str, Any]] = {
        "score.instalments": {"instalments": 3}, "score.housing": {"housing": "own"}, "score.savings_band": {"savings_band": "high"},
        "score.employment_years": {"employment_years": 30}, "score.existing_loans": {"existing_loans": 0},
    }  # fmt: skip
    now: dict[str, Any] = {"instalments": 12, "housing": "rent", "savings_band": "none", "employment_years": 0}
    for reason in score:
        raised = found(**{**now, **mended[reason.code]})
        assert raised.score is not None and finding.score is not None
        assert raised.score.milli == finding.score.milli + 1000 * int(reason.figures["lost"])


def test_a_score_that_refuses_says_how_many_points_reach_the_next_band() -> None:
    finding = found(instalments=12, housing="rent", savings_band="none", employment_years=0, existing_loans=2)
    assert finding.outcome is Outcome.REFUSE and finding.score is not None
    by = next(mend.figures["by"] for mend in finding.mends if mend.code == "mend.score")
    assert finding.score.points + int(by) == 495


def test_people_may_set_aside_a_score_and_a_month_that_is_full_but_not_the_thing_the_product_and_the_law() -> None:
    finding = found(instalments=12, housing="rent", savings_band="none", employment_years=0, existing_loans=2)
    people_may(finding, 150_000, 100_000)
    assert finding.most_by_people_minor == 300_000
    with pytest.raises(Refusal):
        people_may(finding, 300_001, 100_000)
    with pytest.raises(Refusal):
        people_may(finding, 99_999, 100_000)


def test_what_is_missing_or_unreadable_goes_to_people_by_name() -> None:
    finding = found(monthly_income_minor=None, unreadable=("housing",), housing=None)
    assert finding.outcome is Outcome.REFER
    assert Reason("mend.facts", {"names": "housing monthly_income_minor"}) in finding.mends


@pytest.mark.parametrize("valuation", ["referred", "stale", "missing"])
def test_without_a_value_that_stands_no_sum_is_proposed(valuation: str) -> None:
    finding = found(valuation=valuation, lending_value_minor=None)
    assert (finding.outcome, finding.sum_minor, finding.limit_minor) == (Outcome.REFER, None, None)
    with pytest.raises(Refusal) as refused:
        people_may(finding, 150_000, 100_000)
    assert refused.value.code == "no_value"


def test_a_plan_that_is_not_offered_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="instalments"):
        found(instalments=5)


@settings(max_examples=60)
@given(FACTS)
def test_whatever_the_facts_the_finding_keeps_its_promises(given_facts: dict[str, Any]) -> None:
    facts = Facts(**{**USUAL, **given_facts})
    finding = find(facts, BASIS)
    assert find(Facts.from_json(json.loads(json.dumps(facts.to_json()))), BASIS).content() == finding.content()
    if finding.outcome is Outcome.APPROVE:
        assert all(gate.answer is Answer.PASS for gate in finding.gates)
        assert not facts.missing
    if finding.sum_minor is not None:
        assert finding.limit_minor is not None
        assert PRODUCT.offer.least <= finding.sum_minor <= min(facts.amount_minor, finding.limit_minor)
    if finding.outcome is Outcome.REFUSE:
        assert finding.sum_minor is None and finding.terms is None
        assert finding.mends[-1] == Reason("mend.review")
        assert finding.reasons or finding.limit_minor is not None
    for reason in (*finding.reasons, *finding.mends):
        assert reason.code in WORDS
        for chinese in (True, False):
            assert "%(" not in words(reason, chinese=chinese, currency="CNY")
        assert protected.attribute(reason.code.rpartition(".")[2]) is None


@settings(max_examples=40)
@given(FACTS, st.integers(1, 300_000))
def test_a_phone_worth_more_never_lowers_the_sum(given_facts: dict[str, Any], more: int) -> None:
    facts = {**USUAL, **given_facts}
    before, after = find(Facts(**facts), BASIS), find(Facts(**{**facts, "lending_value_minor": facts["lending_value_minor"] + more}), BASIS)
    assert (after.sum_minor or 0) >= (before.sum_minor or 0)


def test_the_feature_record_has_exactly_these_keys() -> None:
    assert set(features.KEYS) == {
        "amount_minor", "instalments", "purpose", "adult", "employment_years", "housing", "savings_band", "existing_loans",
        "monthly_income_minor", "monthly_obligations_minor", "lending_value_minor", "valuation", "locked", "open_pledges", "may_originate",
        "owed_here_minor", "unreadable",
    }  # fmt: skip
    record = Facts(**USUAL).to_json()
    assert Facts.from_json(record) == Facts(**USUAL)
    for broken in ({**record, "observation": "hesitated"}, {name: value for name, value in record.items() if name != "adult"},
                   {**record, "form": "holdfast-features/2"}):  # fmt: skip
        with pytest.raises(BadInput, match="exactly the keys"):
            Facts.from_json(broken)


@pytest.mark.parametrize(
    ("name", "given_as", "read_as"),
    [
        ("employment_years", 3, 3), ("employment_years", "3", None), ("employment_years", -1, None), ("employment_years", True, None),
        ("employment_years", 2.5, None), ("housing", "own", "own"), ("housing", "castle", None), ("existing_loans", 101, None),
        ("monthly_income_minor", 5_000_00, 5_000_00), ("monthly_income_minor", {"minor": 12, "currency": "CNY"}, 12),
        ("monthly_income_minor", 10**13, None), ("adult", True, True), ("adult", "yes", None), ("purpose", "daily_life", "daily_life"),
    ],
)  # fmt: skip
def test_the_gate_before_the_rule_types_each_answer_and_names_what_it_cannot_read(name: str, given_as: Any, read_as: Any) -> None:
    read, unreadable = read_answers({name: given_as, "an observation": "hesitated"})
    assert read[name] == read_as and (name in unreadable) is (read_as is None)
    assert set(read) == set(features.ASKED)


def test_an_answer_left_empty_is_missing_and_not_unreadable() -> None:
    assert read_answers({"housing": "", "adult": None}) == (dict.fromkeys(features.ASKED), ())


def test_every_reason_has_words_in_both_languages() -> None:
    for code, (chinese, english) in WORDS.items():
        assert chinese and english and chinese != english, code
    assert words(Reason("mend.obligations", {"by_minor": 123_450}), chinese=True, currency="CNY") == "每月已有还款再减少 1,234.50 元"
    assert words(Reason("mend.obligations", {"by_minor": 123_450}), chinese=False, currency="CNY").startswith("Owe 1,234.50 CNY less")
    assert words(Reason("mend.facts", {"names": "housing purpose"}), chinese=False, currency="CNY").endswith("housing, purpose")
