"""Valuation: sources beside each other, a named rule, two people where they disagree, and no silent default."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from holdfast import collateral
from holdfast.collateral import CHECKLIST, Grade, Source, Standing, grade_of
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.parties import Role, Staff
from tests.books import CNY
from tests.pledges.lives import House, photo

BEST = {point: next(iter(answers)) for point, answers in CHECKLIST.items()}


def appraise(house: House, loan: str, yuan: int, by: Staff | None = None, **changes: Any) -> collateral.Valuation:
    said: dict[str, Any] = {"checklist": BEST, "market": Money(yuan * 100, CNY), "locked": False}
    return collateral.appraise(house.db, clock=house.clock, by=by or house.chen, loan=loan, **{**said, **changes})


def value(house: House, loan: str) -> Standing:
    return collateral.value(house.db, clock=house.clock, by=house.chen, loan=loan)


def test_the_worst_point_of_the_checklist_decides_the_grade() -> None:
    assert grade_of(BEST) is Grade.A
    for point, answers in CHECKLIST.items():
        for answer, grade in answers.items():
            assert grade_of({**BEST, point: answer}) is grade
    with pytest.raises(BadInput, match="screen"):
        grade_of({point: answer for point, answer in BEST.items() if point != "screen"})
    with pytest.raises(BadInput, match="no such point"):
        grade_of({**BEST, "smell": "fine"})
    with pytest.raises(BadInput, match="answer one of"):
        grade_of({**BEST, "screen": "so so"})


def test_the_price_book_alone_values_a_phone_and_the_haircut_leaves_sixty_in_a_hundred(house: House) -> None:
    loan, _thing = house.signed()
    standing = value(house, loan)
    assert (standing.rule, standing.amount.minor, standing.lending_value.minor) == ("lowest_of_fresh_sources", 300_000, 180_000)
    assert standing.counting is not None and standing.counting.source is Source.PRICE_BOOK
    assert collateral.value_named(house.db, standing.public_id or "") == standing


def test_valuing_again_when_nothing_changed_keeps_the_same_choice(house: House) -> None:
    loan, _thing = house.signed()
    assert value(house, loan) == value(house, loan)


def test_the_lowest_of_close_sources_counts(house: House) -> None:
    loan, _thing = house.signed()
    value(house, loan)
    said = appraise(house, loan, 2600)
    standing = value(house, loan)
    assert standing.counting == said and standing.referred is None
    assert standing.apart_percent == 14


def test_faults_come_off_in_money_and_the_grade_reprices_the_book(house: House) -> None:
    loan, _thing = house.signed()
    said = appraise(house, loan, 2700, checklist={**BEST, "screen": "scratched"}, deductions={"screen_repair": 20_000})
    assert (said.grade, said.amount.minor) == (Grade.C, 250_000)
    standing = value(house, loan)
    assert {each.source: each.amount.minor for each in standing.sources} == {Source.APPRAISAL: 250_000, Source.PRICE_BOOK: 267_000}


def test_a_locked_phone_is_worth_its_parts(house: House) -> None:
    loan, _thing = house.signed()
    appraise(house, loan, 3000, locked=True)
    standing = value(house, loan)
    assert standing.locked and (standing.amount.minor, standing.lending_value.minor) == (45_000, 27_000)


def test_sources_far_apart_count_for_nothing_until_two_people_settle(house: House) -> None:
    loan, thing = house.signed()
    value(house, loan)
    low = appraise(house, loan, 2000)
    standing = value(house, loan)
    assert standing.referred and standing.counting is None and standing.lending_value.minor == 0

    def ask(valuation: str = low.public_id) -> Any:
        return collateral.ask_settlement(house.db, clock=house.clock, by=house.chen, loan=loan, valuation=valuation, reason="屏幕有暗纹")

    with pytest.raises(BadInput):
        ask("va_other")
    asked = ask()
    with pytest.raises(Forbidden):
        house.yes(asked.public_id, house.chen)
    house.yes(asked.public_id, house.risk)
    settled = value(house, loan)
    assert settled.rule == "settled_by_two" and settled.counting == low and settled.lending_value.minor == 120_000
    with pytest.raises(Refusal) as nothing_left:
        ask()
    assert nothing_left.value.code == "not_referred"
    assert [each.public_id for each in collateral.valuations(house.db, thing.thing_id)].count(low.public_id) == 1


def test_a_settlement_holds_only_for_the_words_it_was_made_from(house: House) -> None:
    loan, _thing = house.signed()
    value(house, loan)
    low = appraise(house, loan, 2000)
    asked = collateral.ask_settlement(house.db, clock=house.clock, by=house.chen, loan=loan, valuation=low.public_id, reason="屏幕有暗纹")
    appraise(house, loan, 1900)
    with pytest.raises(Refusal) as refused, house.db.transaction():
        house.yes(asked.public_id, house.risk)
    assert refused.value.code == "sources_changed"
    assert value(house, loan).referred


def test_a_word_runs_out_and_a_stale_or_missing_price_refuses(house: House) -> None:
    loan, _thing = house.signed()
    appraise(house, loan, 2900)
    house.wait(8)
    assert [each.source for each in value(house, loan).sources] == [Source.PRICE_BOOK]
    house.wait(30)
    with pytest.raises(Refusal) as stale:
        value(house, loan)
    assert stale.value.code == "price_stale"
    other, _thing = house.signed(model="没有价的示例机")
    with pytest.raises(Refusal) as missing:
        value(house, other)
    assert missing.value.code == "price_missing"


def test_an_outside_quote_needs_a_paper_and_a_day_that_has_come(house: House) -> None:
    loan, thing = house.signed()
    paper = photo(house, house.party_of(thing))
    given: dict[str, Any] = {"source_name": "回收商示例", "market": Money(280_000, CNY), "as_of": house.day, "evidence": (paper,)}
    for wrong, field in (
        ({"evidence": ()}, "evidence"), ({"source_name": " "}, "source_name"), ({"as_of": date(2030, 1, 1)}, "as_of"),
        ({"as_of": date(2026, 1, 1)}, "as_of"), ({"market": Money(1, "USD")}, "market"),
    ):  # fmt: skip
        with pytest.raises(BadInput) as refused:
            collateral.enter_quote(house.db, clock=house.clock, by=house.chen, loan=loan, **{**given, **wrong})
        assert refused.value.field == field
    said = collateral.enter_quote(house.db, clock=house.clock, by=house.chen, loan=loan, **given)
    assert said.evidence == (paper,) and value(house, loan).counting == said


def test_faults_that_leave_nothing_and_faults_of_no_name_are_refused(house: House) -> None:
    loan, _thing = house.signed()
    for off in ({"screen_repair": 300_000}, {"other": -1}, {"rust": 1}):
        with pytest.raises(BadInput):
            appraise(house, loan, 3000, deductions=off)


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.CUSTODIAN, Role.SYSTEM)])
def test_only_a_custodian_appraises(house: House, role: Role) -> None:
    loan, _thing = house.signed()
    with pytest.raises(Forbidden):
        appraise(house, loan, 3000, house.hire("别人", role))


def test_another_branch_values_nothing_here(house: House) -> None:
    loan, _thing = house.signed()
    with pytest.raises(NotFound):
        appraise(house, loan, 3000, house.hire("远方", Role.CUSTODIAN, branch=house.other_branch()))
