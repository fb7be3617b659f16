"""Which duties a loan must have, from its state and the plan of its policy pack.

Only the next moment of each kind is a row; the ones after it are derived from the terms when its turn
comes. `expectations` computes the same a second time, from other facts, for the audit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count, takewhile
from typing import Final

from holdfast.duties import Duty, Moment
from holdfast.life import LIVE, LoanState
from holdfast.policy import REST_AT_MOST, Lender, Pack, add_workdays, next_day_without, rest_days
from holdfast.servicing.fold import State
from holdfast.servicing.reminder_plan_model import Era, LivePlan, eras

_RETURN_RULE = {
    "phone": "release.sla.phone_return",
    "vehicle": "release.sla.vehicle_docs",
    "real_estate": "release.sla.real_estate_file",
}
RELEASE_KINDS = ("settlement_certificate", "return_collateral", "credit_update")
# The kinds that servicing computes; duties of any other kind belong to a stage, and stand until that stage's record proves them.
OWN_KINDS = frozenset({"reminder", "follow_up", "refund", "recovery", *RELEASE_KINDS})
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the pack and the plans that were put live ask for, in days; `region` picks the calendar of workdays.

    `eras`: the days of reminding and following up, one after the other in time. `rests`: the kinds of day on which nobody is
    reminded ahead of a due date or followed up.
    """

    eras: tuple[Era, ...]
    rests: frozenset[str]
    then_every: int
    recovery_days: int
    refund_workdays: int
    certificate_workdays: int
    return_workdays: int
    credit_workdays: int
    region: str | None
    _reminded: dict[date, tuple[tuple[date, int], ...]] = field(default_factory=dict, compare=False, repr=False)

    def reminded_on(self, due_on: date) -> tuple[tuple[date, int], ...]:
        """When the borrower is reminded of what falls due that day, and how many days before that is meant to be: in order.

        Of two that a holiday brings onto one day, the one nearer to the due date stands.
        """
        found = self._reminded.get(due_on)
        if found is None:
            days_of: dict[date, int] = {}
            for era in self.eras:
                for days in era.days_before:
                    # Told on the due day itself whatever day it is, and never after it.
                    on = next_day_without(self.rests, due_on - timedelta(days=days), self.region, step=-_DAY) if days else due_on
                    if era.holds(on):
                        days_of[on] = min(days, days_of.get(on, days))
            found = self._reminded[due_on] = tuple(sorted(days_of.items()))
        return found

    @property
    def longest(self) -> timedelta:
        """No reminder is further from its due date than this."""
        return timedelta(days=max((max(era.days_before, default=0) for era in self.eras), default=0) + (REST_AT_MOST if self.rests else 0))


def plan_of(pack: Pack, lender: Lender, collateral: str, on: date, *, product: str, live: Sequence[LivePlan] = ()) -> Plan:
    """The plan of `pack` on `on` for a loan of that product, secured by `collateral` (`phone`, `vehicle`, `real_estate` or `none`).

    A rule of the pack that names products binds theirs; one that names none binds all others. `live`: the reminder plans that were
    put live, each of which takes the place of the pack's days from its own day on.
    """

    def days(key: str) -> int:
        return pack.number(key, on=on, lender_type=lender.lender_type, product=product)

    return Plan(
        eras=eras(
            live,
            product,
            days_before=pack.numbers("reminder.days_before", on=on, lender_type=lender.lender_type, product=product),
            days_past_due=pack.numbers("followup.days_past_due", on=on, lender_type=lender.lender_type, product=product),
        ),
        rests=rest_days(pack, on=on, lender_type=lender.lender_type, product=product),
        then_every=days("followup.then_every_days"),
        recovery_days=days("recovery.review_days"),
        refund_workdays=days("refund.sla_workdays"),
        certificate_workdays=days("release.sla.settlement_cert"),
        return_workdays=days(_RETURN_RULE[collateral]) if collateral != "none" else 0,
        credit_workdays=days("release.sla.credit_update"),
        region=lender.region,
    )


def unpaid_of(state: State) -> list[tuple[int, date]]:
    """Number and due date of each instalment that still has something to pay, in order."""
    return [(row.n, row.due_on) for row in state.instalments if row.paid_on is None and row.unpaid > 0]


def reminders(unpaid: Sequence[tuple[int, date]], plan: Plan, *, after: date, through: date) -> list[Moment]:
    """All reminder moments later than `after` and not later than `through`."""
    found: list[Moment] = []
    longest = plan.longest
    for n, due_on in unpaid:
        if due_on - longest > through:
            break
        found += [_reminder(n, days, on) for on, days in plan.reminded_on(due_on) if after < on <= through]
    return sorted(found)


def next_reminder(unpaid: Sequence[tuple[int, date]], plan: Plan, *, after: date) -> Moment | None:
    """The earliest reminder moment later than `after`."""
    longest = plan.longest
    best: Moment | None = None
    for n, due_on in unpaid:
        if best is not None and due_on - longest > best.due_on:
            break
        for on, days in plan.reminded_on(due_on):
            if on > after and (best is None or on <= best.due_on):
                moment = _reminder(n, days, on)
                best = moment if best is None else min(best, moment)
    return best


def _reminder(n: int, days: int, on: date) -> Moment:
    return Moment(on, "reminder", f"i{n} T-{days}")


def follow_ups(oldest_unpaid: date, plan: Plan, *, after: date) -> Iterator[Moment]:
    """The moments later than `after` of following up arrears that began on `oldest_unpaid`, without end.

    Of several that a holiday brings onto one day, the first stands.
    """
    last = after
    for era in plan.eras:
        if era.until is not None and era.until <= last:
            continue
        for days in _days_late(era, plan, (max(last + _DAY, era.since) - oldest_unpaid).days):
            nominal = oldest_unpaid + timedelta(days=days)
            if era.until is not None and nominal >= era.until:
                break
            on = next_day_without(plan.rests, nominal, plan.region, step=_DAY)
            if on > last and era.holds(on):
                last = on
                yield Moment(on, "follow_up", f"{oldest_unpaid} T+{days}")


def _days_late(era: Era, plan: Plan, first: int) -> Iterator[int]:
    """The days of an era after a due date: those that it names, then at a steady pace; of the latter none that is over by day `first`."""
    yield from era.days_past_due
    last, every = max(era.days_past_due, default=0), plan.then_every
    over = max(first - last - (REST_AT_MOST if plan.rests else 0) - 1, 0) // every
    yield from count(last + every * (over + 1), every)


def recoveries(written_off_on: date, plan: Plan, *, after: date) -> Iterator[Moment]:
    """The reviews, later than `after`, of a debt that was written off, without end."""
    every = plan.recovery_days
    for days in count(every * (max((after - written_off_on).days, 0) // every + 1), every):
        yield Moment(written_off_on + timedelta(days=days), "recovery", f"{written_off_on} +{days}")


def until(moments: Iterable[Moment], through: date) -> list[Moment]:
    """The moments of an endless run that are not later than `through`."""
    return list(takewhile(lambda moment: moment.due_on <= through, moments))


def release_moments(paid_off_on: date, plan: Plan, collateral: str) -> dict[str, Moment]:
    """What a loan that is paid off still asks for, before it is settled."""
    days = {"settlement_certificate": plan.certificate_workdays, "credit_update": plan.credit_workdays}
    if collateral != "none":
        days["return_collateral"] = plan.return_workdays
    return {
        kind: Moment(add_workdays(paid_off_on, workdays, plan.region).on, kind, f"paid off {paid_off_on}")
        for kind, workdays in days.items()
    }


@dataclass(frozen=True, slots=True)
class Cursors:
    """How far each endless run of moments has been worked."""

    reminded_through: date
    followed_through: date


def wanted(
    loan_state: LoanState,
    state: State,
    unpaid: Sequence[tuple[int, date]],
    standing: Sequence[Duty],
    plan: Plan,
    cursors: Cursors,
    *,
    collateral: str,
    on: date,
    arrears_from: date,
    begins_release: bool = False,
    done: frozenset[str] = frozenset(),
) -> dict[str, Moment]:
    """The one open duty of each kind that the loan must have now.

    `unpaid`: what `unpaid_of` says of the state. `arrears_from`: instalments due before it count as overdue (the night passes tomorrow).
    `done`: kinds that this act has just fulfilled.
    """
    found = {duty.kind: _as_moment(duty) for duty in standing if duty.kind not in OWN_KINDS and duty.kind not in done}
    if loan_state is LoanState.ACTIVE:
        reminder = next_reminder(unpaid, plan, after=cursors.reminded_through)
        if reminder is not None:
            found["reminder"] = reminder
        oldest = unpaid[0][1]
        followed = any(duty.kind == "follow_up" and duty.about.startswith(str(oldest)) for duty in standing)
        if oldest < arrears_from or reminder is None or followed:
            found["follow_up"] = next(follow_ups(oldest, plan, after=cursors.followed_through))
    elif loan_state is LoanState.WRITTEN_OFF and state.written_off_on is not None:
        found["recovery"] = next(recoveries(state.written_off_on, plan, after=cursors.followed_through))
    elif loan_state is LoanState.RELEASING and begins_release and state.paid_off_on is not None:
        found.update(release_moments(on, plan, collateral))
    elif loan_state is LoanState.RELEASING:
        found.update({duty.kind: _as_moment(duty) for duty in standing if duty.kind in RELEASE_KINDS and duty.kind not in done})
    if state.totals.overpaid > state.totals.refunded and loan_state in LIVE:
        refund = next((duty for duty in standing if duty.kind == "refund"), None)
        by = add_workdays(on, plan.refund_workdays, plan.region).on
        found["refund"] = _as_moment(refund) if refund else Moment(by, "refund", f"over-payment {on}")
    return found


def _as_moment(duty: Duty) -> Moment:
    return Moment(duty.due_on, duty.kind, duty.about)
