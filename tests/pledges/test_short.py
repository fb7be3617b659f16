"""A thing that is worth less than its loan ranks the loan's duties higher, as long as its valuation is in force."""

from __future__ import annotations

from datetime import timedelta

import pytest

from holdfast.duties import ownership
from holdfast.duties.ranking import weights_of
from holdfast.followup import complaints
from holdfast.policy import lender
from holdfast.servicing import queues
from holdfast.servicing.reading import look_of
from tests.pledges.lives import House

WORDS = "利息算得不清楚（示例）"
_AGAIN = """
    INSERT INTO valuation_choice (public_id, thing_id, rule, counting_id, of_ids, referred, apart_percent, locked, currency, amount,
                                  haircut_percent, lending_value, valid_until, chosen_at, record_seq)
    SELECT 'vc_' || nextval('chain_id_seq'), %(thing)s, 'lowest', v.valuation_id, ARRAY[v.valuation_id], NULL, 0, false, 'CNY',
           %(amount)s, 0, %(amount)s, %(until)s, now(), 1
      FROM valuation v ORDER BY v.valuation_id LIMIT 1"""
_VALUED = """
    INSERT INTO valuation (public_id, thing_id, source, source_name, grade, currency, market, deductions, checklist, amount, locked,
                           evidence, basis, as_of, valid_until, made_at, record_seq)
    VALUES ('va_' || nextval('chain_id_seq'), %(thing)s, 'appraisal', '', 'A', 'CNY', 900000, '{}', '{}', 900000, false, '{}', '',
            %(on)s, %(on)s, now(), 1)"""


def reasons(house: House) -> list[str]:
    """Why the approver's one duty ranks as it does."""
    by = house.approver
    hands = ownership.hands(house.db, clock=house.clock)
    weights = weights_of(house.pack, lender(house.db), house.day)
    look = look_of(house.db, by.scope, house.clock)
    (line,) = queues.queue(house.db, look, by, hands, weights, now=house.clock.now(), zone="Asia/Shanghai", kind="complaint").items
    assert line.rank.points == sum(each.points for each in line.rank.reasons)
    return [each.name for each in line.rank.reasons]


def valued(house: House, thing_id: int, minor: int, *, days: int = 30) -> None:
    """A valuation of the thing at so much, that holds for so many days from today."""
    house.db.execute(_VALUED, {"thing": thing_id, "on": house.day})
    house.db.execute(_AGAIN, {"thing": thing_id, "amount": minor, "until": house.day + timedelta(days)})


@pytest.fixture
def pledged(house: House) -> int:
    """1,200.00 lent on a thing, and a complaint about it, which is the approver's duty."""
    loan, thing, _pledge = house.lent()
    complaints.take_in(house.db, clock=house.clock, by=house.officer, loan=loan, channel="phone", about="price", words=WORDS)
    return thing.thing_id


def test_a_thing_worth_a_fen_less_than_the_principal_is_a_reason_of_the_rank(house: House, pledged: int) -> None:
    assert "thing_short" not in reasons(house)  # nobody has valued it
    valued(house, pledged, 120_000)
    assert "thing_short" not in reasons(house)
    valued(house, pledged, 119_999)
    assert "thing_short" in reasons(house)
    valued(house, pledged, 150_000)
    assert "thing_short" not in reasons(house)


def test_a_valuation_that_has_run_out_says_nothing(house: House, pledged: int) -> None:
    valued(house, pledged, 50_000, days=3)
    house.wait(3)
    assert "thing_short" in reasons(house)
    house.wait(1)
    assert "thing_short" not in reasons(house)
