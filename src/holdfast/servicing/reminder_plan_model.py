"""A reminder plan: on which days before and after a due date a borrower is told, and by which channels, in order.

A plan that two people put live binds all loans of its product from its day on, whatever pack they were made under; before
that day nothing changes, so yesterday is judged by what was in force yesterday. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput

PERSON: Final = "person"
# The channels by which the program itself tells somebody; after the last of them it is a person's.
MACHINE: Final = ("sms", "voice")
FURTHEST_BEFORE: Final = 60
FURTHEST_AFTER: Final = 365
MOST_MOMENTS: Final = 20
# On the day after the due date the borrower is told by message before a person follows up; later days are the person's alone.
TOLD_AFTER: Final = 1


@dataclass(frozen=True, slots=True, order=True)
class PlannedMoment:
    """`days` from the due date (-7: a week before) and the machine's channels in order; a person is always the last."""

    days: int
    channels: tuple[str, ...]

    @property
    def steps(self) -> tuple[str, ...]:
        """All steps in order, the person's included."""
        return (*self.channels, PERSON)

    def as_json(self) -> dict[str, Any]:
        return {"days": self.days, "channels": list(self.steps)}


@dataclass(frozen=True, slots=True)
class LivePlan:
    """A plan that was put live: for one product, or (None) for all that have none of their own, from `from_day` on."""

    plan_id: int
    public_id: str
    name: str
    version: int
    product: str | None
    from_day: date
    moments: tuple[PlannedMoment, ...]

    @property
    def days_before(self) -> tuple[int, ...]:
        """Days before the due date on which a reminder goes, the furthest first."""
        return tuple(-each.days for each in self.moments if each.days <= 0)

    @property
    def days_past_due(self) -> tuple[int, ...]:
        """Days after it on which arrears are followed up, the first first."""
        return tuple(each.days for each in self.moments if each.days > 0)

    def channels(self, days: int) -> tuple[str, ...]:
        """The machine's channels of the moment `days` from the due date; none if the plan has no such moment."""
        return next((each.channels for each in self.moments if each.days == days), ())


@dataclass(frozen=True, slots=True)
class Era:
    """The days that bind from `since` to the day before `until` (None: without end), by a plan or, where that is None, by the pack."""

    since: date
    until: date | None
    days_before: tuple[int, ...]
    days_past_due: tuple[int, ...]
    plan: LivePlan | None = None

    def holds(self, on: date) -> bool:
        """Whether the day is one of its days."""
        return self.since <= on and (self.until is None or on < self.until)


def eras(live: Sequence[LivePlan], product: str, *, days_before: tuple[int, ...], days_past_due: tuple[int, ...]) -> tuple[Era, ...]:
    """What binds a product's loans one after the other: the pack's days until a plan begins, then each plan until the next."""
    own = {each.from_day: each for each in _in_order(live, product)}
    first_own = min(own, default=date.max)
    begins = {each.from_day: each for each in _in_order(live, None) if each.from_day < first_own} | own
    days = [date.min, *sorted(begins)]
    found = [Era(date.min, days[1] if len(days) > 1 else None, days_before, days_past_due)]
    for number, since in enumerate(days[1:], 2):
        plan = begins[since]
        found.append(Era(since, days[number] if number < len(days) else None, plan.days_before, plan.days_past_due, plan))
    return tuple(found)


def _in_order(live: Sequence[LivePlan], product: str | None) -> list[LivePlan]:
    """Of two plans that begin on one day the later version is meant, so it comes last."""
    return sorted((each for each in live if each.product == product), key=lambda each: (each.from_day, each.version))


def plan_on(live: Sequence[LivePlan], product: str, on: date) -> LivePlan | None:
    """The plan that binds the product's loans on that day; None while the pack's days do."""
    for code in (product, None):
        begun = [each for each in _in_order(live, code) if each.from_day <= on]
        if begun:
            return begun[-1]
    return None


def moments_of(given: Sequence[Mapping[str, Any]]) -> tuple[PlannedMoment, ...]:
    """Moments as somebody wrote them, checked and in order; BadInput names the moment and the mend."""
    if not 1 <= len(given) <= MOST_MOMENTS:
        raise BadInput(f"moments: write 1 to {MOST_MOMENTS} of them, not {len(given)}", field="moments")
    found: dict[int, PlannedMoment] = {}
    for number, each in enumerate(given):
        where = f"moments[{number}]"
        days, channels = each.get("days"), each.get("channels")
        if not isinstance(days, int) or isinstance(days, bool) or not -FURTHEST_BEFORE <= days <= FURTHEST_AFTER:
            raise BadInput(f"{where}.days: a whole number from -{FURTHEST_BEFORE} to {FURTHEST_AFTER}, not {days!r}", field=f"{where}.days")
        if days in found:
            raise BadInput(f"{where}.days: {days} is there already; one moment a day", field=f"{where}.days")
        if not isinstance(channels, list) or not channels:
            raise BadInput(f"{where}.channels: name at least one of sms, voice, person", field=f"{where}.channels")
        found[days] = PlannedMoment(days, _channels(days, channels, f"{where}.channels"))
    if 0 not in found:
        raise BadInput("moments: the due day itself needs its reminder; add days 0", field="moments")
    if max(found) <= 0:
        raise BadInput("moments: somebody has to follow up when nothing was paid; add a day after the due date", field="moments")
    return tuple(found[days] for days in sorted(found))


def _channels(days: int, channels: Sequence[Any], field: str) -> tuple[str, ...]:
    if unknown := [each for each in channels if each not in (*MACHINE, PERSON)]:
        raise BadInput(f"{field}: use sms, voice and person, not {unknown[0]!r}", field=field)
    if len(set(channels)) != len(channels):
        raise BadInput(f"{field}: each channel once", field=field)
    if PERSON in channels[:-1]:
        raise BadInput(f"{field}: a person comes last; nothing follows", field=field)
    machine = tuple(each for each in channels if each != PERSON)
    if days <= 0 and not machine:
        raise BadInput(f"{field}: a reminder begins with sms or voice", field=field)
    if days > TOLD_AFTER and machine:
        raise BadInput(f"{field}: from the second day after the due date on it is a person's: use person alone", field=field)
    return machine


def moments_text(moments: Sequence[PlannedMoment]) -> str:
    """What `moments_read` reads back."""
    return canonical.encode([each.as_json() for each in moments]).decode()


@lru_cache(maxsize=256)
def moments_read(text: str) -> tuple[PlannedMoment, ...]:
    """Moments as they are kept."""
    return tuple(PlannedMoment(each["days"], tuple(each["channels"][:-1])) for each in canonical.decode(text.encode()))
