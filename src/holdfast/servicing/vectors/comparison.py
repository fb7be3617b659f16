"""Comparison: whether a scenario is run, what we say of it, and where that first differs from what is expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from holdfast.kernel.calendar import parse_date
from holdfast.kernel.errors import BadInput, HoldfastError
from holdfast.servicing.vectors.fields import NotYet
from holdfast.servicing.vectors.page import render
from holdfast.servicing.vectors.replay import EVENT_FIELDS, Reading, charge_base, replay
from holdfast.servicing.vectors.terms import read_setting

# Where our rule differs from the peer's on purpose; the reason stands beside each.
CONVENTIONS: Final[dict[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Skip:
    """Why a scenario is not run: `convention` or `not-yet`, and the name on our list."""

    why: Literal["convention", "not-yet"]
    name: str

    def __str__(self) -> str:
        return f"{self.why} {self.name}"


def skip_of(scenario: Mapping[str, Any]) -> Skip | None:
    """Why this scenario is not run, read from its terms and events only; None if it is."""
    terms, events = scenario.get("terms"), scenario.get("events")
    if not isinstance(terms, Mapping) or not isinstance(events, list):
        return None
    kinds = [event.get("type") for event in events if isinstance(event, Mapping)]
    for kind in kinds:
        if isinstance(kind, str) and kind not in EVENT_FIELDS:
            return Skip("not-yet", kind.lower().replace("_", "-"))
    try:
        read_setting(terms)
        for index, event in enumerate(events):
            if isinstance(event, Mapping) and event.get("type") == "CHARGE":
                charge_base(event, f"events[{index}]")
        replay(scenario)
    except NotYet as reason:
        return Skip("not-yet", reason.family)
    except HoldfastError:
        return None  # what is wrong is said when it is run
    return None


def states(scenario: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Our state after event 0 to n in the vectors' `expected` form; `expected` itself is not read."""
    setting, readings = replay(scenario)
    return [render(setting, reading, index, reading.on) for index, reading in enumerate(readings)]


def first_difference(scenario: Mapping[str, Any]) -> str | None:
    """The first place where `expected` and our state differ, as field, theirs and ours; None if they agree."""
    expected = scenario.get("expected")
    if not isinstance(expected, list) or not expected:
        return "expected: nothing to compare with"
    setting, readings = replay(scenario)
    for index, wanted in enumerate(expected):
        where = f"expected[{index}]"
        if not isinstance(wanted, Mapping):
            return f"{where}: is not an object"
        after = wanted.get("after_event")
        if isinstance(after, bool) or not isinstance(after, int) or not 0 <= after < len(readings):
            return f"{where}.after_event: {after!r} is not one of 0 to {len(readings) - 1}"
        reading = readings[after]
        found = _difference(wanted, render(setting, reading, after, _read_on(reading, wanted.get("business_date"))), where)
        if found:
            return found
    return None


def _read_on(reading: Reading, business_date: object) -> date:
    """The day on which a state is read: that of its event, or a later one up to the next event, since days may pass between two."""
    try:
        asked = parse_date(business_date)
    except BadInput:
        return reading.on
    return asked if reading.on <= asked <= (reading.until or asked) else reading.on


def _difference(wanted: object, ours: object, where: str) -> str | None:
    if isinstance(wanted, Mapping) and isinstance(ours, Mapping):
        for key, value in wanted.items():
            if key == "note":
                continue
            if key not in ours:
                return f"{where}.{key}: we do not say this"
            found = _difference(value, ours[key], f"{where}.{key}")
            if found:
                return found
        return None
    if isinstance(wanted, list) and isinstance(ours, list):
        for index, (theirs, mine) in enumerate(zip(wanted, ours, strict=False)):
            found = _difference(theirs, mine, f"{where}[{index}]")
            if found:
                return found
        return None if len(wanted) == len(ours) else f"{where}: expected {len(wanted)} rows, ours {len(ours)}"
    same = type(wanted) is type(ours) and wanted == ours
    return None if same else f"{where}: expected {wanted!r}, ours {ours!r}"
