"""The rules of contact bind every call: hours, how often a day, whoever calls and for whichever loan; and every call is in the ledger."""

from __future__ import annotations

from datetime import timedelta

import pytest

from holdfast import confirmation, contact
from holdfast.kernel.clock import iso_instant
from holdfast.kernel.errors import Refusal
from tests.confirmation.desk import CallDesk


def not_now(desk: CallDesk) -> Refusal:
    with pytest.raises(Refusal) as error:
        desk.dial()
    assert error.value.code == "contact_refused"
    return error.value


@pytest.mark.parametrize(("hour", "days"), [(7, 0), (22, 0), (3, 0)])
def test_nobody_is_called_at_night_and_the_refusal_says_from_when_on(desk: CallDesk, hour: int, days: int) -> None:
    refused = not_now(desk.at(hour, 30, days=days))
    assert refused.facts["rule"] == "contact.service_waits_for_morning"
    morning = desk.at(8, 0, days=1 if hour >= 8 else 0).now
    assert refused.facts["earliest"] == iso_instant(morning)
    assert iso_instant(morning) in refused.sentence
    desk.dial()


def test_six_calls_a_day_are_enough_even_if_nobody_answers(desk: CallDesk) -> None:
    for _ in range(5):
        desk.wait(300).unreached()
    assert contact.calls_today(desk.db, clock=desk.clock, party_id=desk.party.party_id).left == 1
    desk.wait(300).unreached()
    assert contact.calls_today(desk.db, clock=desk.clock, party_id=desk.party.party_id).left == 0


def test_three_calls_that_reached_are_a_days_worth_whoever_made_them(desk: CallDesk) -> None:
    for _ in range(2):
        desk.wait(600).talk()
        desk.end("hung_up")
    # A colleague rang for another loan of the same person, to collect.
    contact.enter_call(
        desk.db, clock=desk.clock, by=desk.caller, loan_id=desk.case.loan.loan_id + 1, party_id=desk.party.party_id, purpose="collection",
        reached=True, rule="contact.per_day_all_channels",
    )  # fmt: skip
    refused = not_now(desk.wait(600))
    assert refused.facts["rule"] == "contact.voice_effective_per_day"
    desk.at(10, days=1).dial()


def test_a_call_that_rings_elsewhere_counts_already(desk: CallDesk) -> None:
    for _ in range(5):
        desk.wait(300).unreached()
    party = desk.party.party_id
    assert isinstance(contact.may_call(desk.db, clock=desk.clock, party_id=party, purpose="service"), contact.Allowed)
    ringing = contact.may_call(desk.db, clock=desk.clock, party_id=party, purpose="service", ringing=1)
    assert isinstance(ringing, contact.Refused) and ringing.rule == "contact.voice_attempts_per_day"


def test_a_person_who_asked_for_service_to_rest_is_not_called(desk: CallDesk) -> None:
    contact.stop(
        desk.db, clock=desk.clock, by=desk.caller, party=desk.party, reason="complaint", because="客户投诉",
        until=desk.clock.today(), purposes=frozenset({"service"}),
    )  # fmt: skip
    assert not_now(desk).facts["rule"] == "contact.pauses"


def test_every_call_is_in_the_ledger_with_the_rule_that_allowed_it_and_who_made_it(desk: CallDesk) -> None:
    call = desk.dial()
    desk.end("busy")
    row = desk.db.execute("SELECT purpose, channel, outcome, rule, by_staff FROM contact_ledger WHERE channel = 'voice'").fetchone()
    assert row == ("service", "voice", "not_reached", call.rule, desk.caller.staff_id)


def test_a_refused_call_leaves_nothing_behind(desk: CallDesk) -> None:
    before = len(desk.records())
    not_now(desk.at(23))
    assert (len(desk.records()), desk.ledger(), desk.standing.calls) == (before, [], ())


def test_the_desk_knows_beforehand_what_the_verb_will_say(desk: CallDesk) -> None:
    found = desk.standing
    assert confirmation.may_dial(desk.db, clock=desk.clock, case=desk.case, found=found) == "contact.voice_attempts_per_day"
    desk.now += timedelta(hours=14)
    with pytest.raises(Refusal):
        confirmation.may_dial(desk.db, clock=desk.clock, case=desk.case, found=found)
