"""Days of rest that the pack names: nobody is collected from, and everything else goes as before."""

from __future__ import annotations

import json
from datetime import date, time

import pytest

from holdfast.contact import Allowed, Refused, may_contact
from holdfast.kernel.clock import instant_on
from holdfast.policy import shipped
from holdfast.policy.pack import Pack, of

HOLIDAY, WORKED = date(2026, 2, 18), date(2026, 2, 14)  # within the Spring Festival, and a Saturday that is worked before it


def pack(*kinds: str) -> Pack:
    raw = json.loads(shipped().content)
    next(rule for rule in raw["rules"] if rule["key"] == "contact.rest_days")["value"] = list(kinds)
    return of(raw)


def asked(on: date, purpose: str, *kinds: str, region: str | None = "CN") -> Allowed | Refused:
    moment = instant_on(on, time(10), "Asia/Shanghai")
    return may_contact(
        pack(*kinds), history=[], stops=[], purpose=purpose, channel="voice", moment=moment, zone="Asia/Shanghai", region=region
    )


def test_nobody_is_collected_from_on_a_day_of_rest_and_the_first_morning_after_it_is_named() -> None:
    said = asked(HOLIDAY, "collection", "public_holiday")
    assert isinstance(said, Refused) and said.rule == "contact.rest_days"
    assert said.earliest == instant_on(date(2026, 2, 24), shipped().hours("contact.quiet_hours", on=HOLIDAY).end, "Asia/Shanghai")


@pytest.mark.parametrize("purpose", ["reminder", "service", "answer", "code"])
def test_what_is_no_collection_goes_on_a_day_of_rest(purpose: str) -> None:
    assert isinstance(asked(HOLIDAY, purpose, "public_holiday", "weekend"), Allowed)


def test_a_saturday_that_is_worked_is_no_weekend() -> None:
    assert isinstance(asked(WORKED, "collection", "public_holiday", "weekend"), Allowed)
    assert isinstance(asked(date(2026, 3, 7), "collection", "weekend"), Refused)
    assert isinstance(asked(date(2026, 3, 7), "collection", "public_holiday"), Allowed)


def test_the_shipped_pack_rests_on_no_day() -> None:
    assert isinstance(asked(HOLIDAY, "collection"), Allowed)
