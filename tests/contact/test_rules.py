"""When a person may be contacted: one case a lender could check by hand for each rule."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.contact import Allowed, Made, Refused, Stop, may_contact
from holdfast.contact.rules import CHANNELS, PURPOSES
from holdfast.policy import shipped

PACK = shipped()
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 23)


def at(hour: int, minute: int = 0, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def ask(
    purpose: str = "reminder",
    channel: str = "sms",
    moment: datetime | None = None,
    made: list[Made] | None = None,
    stops: list[Stop] | None = None,
    target: str = "borrower",
    consented: bool = False,
) -> Allowed | Refused:
    return may_contact(
        PACK, history=made or [], stops=stops or [], purpose=purpose, channel=channel, moment=moment or at(10), zone="Asia/Shanghai",
        target=target, consented=consented,
    )  # fmt: skip


def refused(answer: Allowed | Refused) -> Refused:
    assert isinstance(answer, Refused), answer
    return answer


def made(purpose: str, channel: str, outcome: str = "sent", times: int = 1, on: date = DAY) -> list[Made]:
    return [Made(on, purpose, channel, outcome)] * times


@pytest.mark.parametrize("purpose", ["reminder", "collection"])
def test_nobody_is_called_in_quiet_hours_and_the_earliest_moment_is_eight_in_the_morning(purpose: str) -> None:
    late = refused(ask(purpose, "voice", at(22)))
    assert late.rule == "contact.quiet_hours"
    assert late.earliest == at(8, day=DAY + timedelta(days=1))
    early = refused(ask(purpose, "voice", at(7, 59)))
    assert early.earliest == at(8)
    assert isinstance(ask(purpose, "voice", at(8)), Allowed)
    assert isinstance(ask(purpose, "voice", at(21, 59)), Allowed)


def test_text_messages_end_at_nine_in_the_evening() -> None:
    answer = refused(ask(moment=at(21)))
    assert (answer.rule, answer.earliest) == ("contact.sms_hours", at(8, day=DAY + timedelta(days=1)))
    assert isinstance(ask(moment=at(20, 59)), Allowed)


def test_hours_are_the_persons_own_not_the_machines() -> None:
    ten_in_shanghai = at(10)
    answer = may_contact(
        PACK, history=[], stops=[], purpose="reminder", channel="sms", moment=ten_in_shanghai, zone="America/New_York"
    )  # 21:00 the evening before
    assert isinstance(answer, Refused)
    assert answer.rule == "contact.sms_hours"


def test_a_code_that_the_person_asked_for_goes_at_any_hour() -> None:
    assert isinstance(ask("code", moment=at(3)), Allowed)


def test_a_service_message_waits_for_the_morning() -> None:
    answer = refused(ask("service", moment=at(23)))
    assert (answer.rule, answer.earliest) == ("contact.service_waits_for_morning", at(8, day=DAY + timedelta(days=1)))
    assert isinstance(ask("service", moment=at(21, 30)), Allowed)


def test_three_calls_that_reached_the_person_are_a_days_worth() -> None:
    assert isinstance(ask("collection", "voice", made=made("collection", "voice", "reached", 2)), Allowed)
    answer = refused(ask("collection", "voice", made=made("collection", "voice", "reached", 3)))
    assert (answer.rule, answer.earliest) == ("contact.voice_effective_per_day", at(8, day=DAY + timedelta(days=1)))
    assert "3 of 3" in answer.sentence


def test_six_calls_are_a_days_worth_even_if_nobody_answered() -> None:
    calls = made("collection", "voice", "not_reached", 5)
    assert isinstance(ask("collection", "voice", made=calls), Allowed)
    assert refused(ask("collection", "voice", made=[*calls, *calls])).rule == "contact.voice_attempts_per_day"


def test_one_reminder_and_two_collection_messages_a_day() -> None:
    assert refused(ask("reminder", made=made("reminder", "sms"))).rule == "contact.sms_per_day_reminder"
    assert isinstance(ask("collection", made=made("collection", "sms")), Allowed)
    assert refused(ask("collection", made=made("collection", "sms", times=2))).rule == "contact.sms_per_day_collection"


def test_all_channels_share_one_budget_and_reminders_count_in_it() -> None:
    today = (
        made("reminder", "sms")
        + made("collection", "sms", times=2)
        + made("collection", "voice", "not_reached", 2)
        + made("collection", "push")
    )
    assert refused(ask("collection", "mail", made=today)).rule == "contact.per_day_all_channels"


def test_what_a_rule_refused_and_what_was_made_yesterday_do_not_use_up_today() -> None:
    assert isinstance(ask(made=made("reminder", "sms", "refused", 9) + made("reminder", "sms", on=DAY - timedelta(days=1))), Allowed)


@pytest.mark.parametrize("reason", ["opt_out", "complaint", "dispute", "hardship"])
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_pause_binds_every_channel_until_its_last_day(reason: str, channel: str) -> None:
    stop = Stop(reason, frozenset({"reminder", "collection"}), DAY, DAY)
    answer = refused(ask("reminder", channel, stops=[stop]))
    assert answer.rule == ("contact.opt_out" if reason == "opt_out" else "contact.pauses")
    assert answer.earliest == at(8, day=DAY + timedelta(days=1))
    assert isinstance(ask("reminder", channel, moment=at(10, day=DAY + timedelta(days=1)), stops=[stop]), Allowed)
    assert isinstance(ask("service", channel, stops=[stop]), Allowed)


def test_a_pause_does_not_bind_before_its_first_day() -> None:
    assert isinstance(ask(stops=[Stop("dispute", frozenset({"reminder"}), DAY + timedelta(days=1), None)]), Allowed)


def test_an_open_pause_has_no_earliest_moment() -> None:
    assert refused(ask(stops=[Stop("dispute", frozenset({"reminder"}), DAY, None)])).earliest is None


@pytest.mark.parametrize("target", ["relative", "employer", "contact"])
def test_nobody_but_borrower_and_guarantor_is_told_of_a_debt(target: str) -> None:
    assert refused(ask("collection", "voice", target=target)).rule == "contact.right_party"
    assert isinstance(ask("collection", "voice", target="guarantor"), Allowed)


def test_silence_is_no_to_marketing() -> None:
    assert refused(ask("marketing")).rule == "contact.marketing_needs_consent"
    assert isinstance(ask("marketing", consented=True), Allowed)


ATTEMPT = st.tuples(
    st.sampled_from(PURPOSES),
    st.sampled_from(CHANNELS),
    st.integers(0, 3 * 24 * 60 - 1),
    st.sampled_from(["sent", "reached", "not_reached"]),
)


@given(st.lists(ATTEMPT, max_size=80), st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=3))
def test_no_sequence_of_attempts_breaks_a_rule(attempts: list[tuple[str, str, int, str]], pauses: list[tuple[int, int]]) -> None:
    start = at(0)
    stops = [
        Stop("dispute", frozenset({"reminder", "collection"}), DAY + timedelta(days=a), DAY + timedelta(days=a + b)) for a, b in pauses
    ]
    history: list[Made] = []
    for purpose, channel, minute, outcome in sorted(attempts, key=lambda each: each[2]):
        moment = start + timedelta(minutes=minute)
        if isinstance(ask(purpose, channel, moment, history, stops), Refused):
            continue
        local = moment.astimezone(SHANGHAI)
        history.append(Made(local.date(), purpose, channel, outcome))
        if purpose in ("reminder", "collection", "marketing"):
            assert 8 <= local.hour < (21 if channel == "sms" else 22)
            assert not any(stop.holds(purpose, local.date()) for stop in stops)
    for day in {each.on_date for each in history}:
        bound = [each for each in history if each.on_date == day and each.purpose in ("reminder", "collection", "marketing")]
        assert len(bound) <= 6
        calls = [each for each in bound if each.channel == "voice"]
        assert sum(each.outcome == "reached" for each in calls) <= 3
        assert len([each for each in bound if each.channel == "sms" and each.purpose == "reminder"]) <= 1
        assert len([each for each in bound if each.channel == "sms" and each.purpose == "collection"]) <= 2
        assert len([each for each in bound if each.channel == "push"]) <= 3


@given(ATTEMPT, st.lists(ATTEMPT, max_size=30))
def test_a_refusal_that_names_an_earliest_moment_keeps_its_word(
    attempt: tuple[str, str, int, str], before: list[tuple[str, str, int, str]]
) -> None:
    purpose, channel, minute, _ = attempt
    history = [Made(DAY, each[0], each[1], each[3]) for each in before]
    moment = at(0) + timedelta(minutes=minute)
    for _ in range(5):
        answer = ask(purpose, channel, moment, history, consented=True)
        if isinstance(answer, Allowed):
            return
        assert answer.earliest is not None
        assert answer.earliest > moment
        moment = answer.earliest
    raise AssertionError(f"{purpose} by {channel} is put off for ever")
