"""What should have been done for a loan that is being serviced, from its terms, events, pack and calendar only.

This is written a second time on purpose: the verbs that make duties do not use it, and it never sees a
duty row. If either of the two is wrong, the audit says so. It shares one thing with them, the money rule
(`fold`) by which an instalment is paid or not, and that rule is proved by `books verify`.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import count, groupby
from typing import Any, Final

import psycopg

from holdfast.duties.audit import Expectation, Expected
from holdfast.kernel.clock import instant_on
from holdfast.policy import REST_AT_MOST, Lender, Pack, add_workdays, kind_of_rest, lender, read_pack, rest_days, shipped
from holdfast.products.terms import Terms
from holdfast.servicing import reminder_plan_store
from holdfast.servicing.fold import Event, State, begin, fold, step
from holdfast.servicing.reminder_plan_model import LivePlan, plan_on

_DAY: Final = timedelta(days=1)
_EVENING: Final = time(21)  # a reminder's last hour
_CLOSING: Final = time(18)  # the counter's
_RETURN_RULE: Final = {
    "phone": "release.sla.phone_return",
    "vehicle": "release.sla.vehicle_docs",
    "real_estate": "release.sla.real_estate_file",
}


@dataclass(frozen=True, slots=True)
class Demands:
    """What the pack demands for one loan, in days and workdays. `return_workdays` is None where nothing was pledged."""

    remind_days_before: Sequence[int]
    follow_up_days: Sequence[int]
    follow_up_every: int
    recover_every: int
    refund_workdays: int
    certificate_workdays: int
    return_workdays: int | None
    bureau_workdays: int
    region: str | None
    zone: str
    product: str = ""
    plans: Sequence[LivePlan] = ()
    rests: frozenset[str] = frozenset()

    def days_on(self, on: date) -> tuple[Sequence[int], Sequence[int]]:
        """Days before and days after a due date that bind on that day: those of the plan in force on it, else the pack's."""
        plan = plan_on(self.plans, self.product, on)
        if plan is None:
            return self.remind_days_before, self.follow_up_days
        return [-each.days for each in plan.moments if each.days <= 0], [each.days for each in plan.moments if each.days > 0]

    @property
    def days_before(self) -> Sequence[int]:
        """Every day before a due date that ever binds."""
        planned = {-each.days for plan in self.plans for each in plan.moments if each.days <= 0}
        return sorted({*self.remind_days_before, *planned})

    def in_force_by(self, on: date) -> Demands:
        """What was demanded before any plan that begins later."""
        return replace(self, plans=[plan for plan in self.plans if plan.from_day <= on])


@dataclass(frozen=True, slots=True)
class _Known:
    """What the book knew of the loan from day `since` on, up to the day before `until` (None: to this day)."""

    since: date
    until: date | None
    unpaid: Sequence[tuple[date, int]]
    written_off_on: date | None
    paid_off: bool
    owed: bool
    owed_back: bool
    # What was not so at some moment of day `since`, though it may have been so before and after: a run of it began anew.
    broke: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Stretch:
    """One state of knowledge and the one before it."""

    before: _Known | None
    now: _Known

    def days(self, began_on: date) -> tuple[date, date | None]:
        """The first day whose moments this knowledge decides, and the day after the last."""
        return max(self.now.since, began_on + _DAY), self.now.until


def expectation(terms: Terms, events: Sequence[Event], demands: Demands, as_of: date) -> Expectation:
    """The moments of one loan in order, kind by kind, up to the first of each that is after `as_of`.

    A moment counts if what asks for it was known by its day: events entered later change nothing of it.
    What became known only on its own day may have been done then, but is not demanded.
    """
    known = _knowledge(terms, [event for event in events if event.entered_on <= as_of])
    if not known:
        return Expectation(owed=False, moments=())
    stretches = [_Stretch(before, now) for before, now in zip([None, *known], known, strict=False)]
    began_on = known[0].since
    moments = [
        *_as_plans_change(_reminders, stretches, demands, began_on, as_of),
        *_as_plans_change(_follow_ups, stretches, demands, began_on, as_of),
        *_cut(_recoveries(stretches, demands, began_on, as_of), as_of),
        *_refunds(known, demands),
        *_releases(known, demands),
    ]
    return Expectation(owed=known[-1].owed, moments=moments)


# -- what was known, and when ---------------------------------------------------------------------


def _knowledge(terms: Terms, events: Sequence[Event]) -> list[_Known]:
    """The states of knowledge one after the other, each from the day on which news of it was entered."""
    found: list[_Known] = []
    state = begin(terms)
    heard: list[Event] = []
    latest: date | None = None
    told = sorted(events, key=lambda event: (event.entered_on, event.event_no))
    for day, news in groupby(told, key=lambda event: event.entered_on):
        billed_only, broke = True, set[str]()
        for event in news:
            heard.append(event)
            replayed = event.kind == "reversal" or (latest is not None and event.on < latest)
            state = fold(terms, heard) if replayed else step(state, event)
            latest = event.on if latest is None else max(latest, event.on)
            broke |= {name for name, holds in (("paid_off", state.paid_off_on is not None), ("owed_back", _owed_back(state))) if not holds}
            # Billing an instalment pays nothing.
            billed_only = billed_only and event.kind == "instalment_due"
        if not billed_only:
            if found:
                found[-1] = replace(found[-1], until=day)
            found.append(replace(_known(day, state, heard[0]), broke=frozenset(broke)))
    return found


def _known(day: date, state: State, first: Event) -> _Known:
    paid_off = state.paid_off_on is not None
    # What another lender had already been paid in full was never ours to release.
    nothing_taken = first.kind == "taken_over" and not first.payload["balance"]
    running = not paid_off and state.written_off_on is None
    return _Known(
        since=day,
        until=None,
        unpaid=sorted((row.due_on, row.n) for row in state.instalments if row.unpaid > 0) if running else (),
        # A claim that was written off and then settled is recovered no further.
        written_off_on=None if paid_off else state.written_off_on,
        paid_off=paid_off and not nothing_taken,
        owed=not paid_off,
        owed_back=_owed_back(state),
    )


def _owed_back(state: State) -> bool:
    return state.totals.overpaid > state.totals.refunded


# -- the moments of each kind ---------------------------------------------------------------------


_OfKind = Callable[[Sequence[_Stretch], Demands, date, date], Iterator[Expected]]


def _as_plans_change(of_kind: _OfKind, stretches: Sequence[_Stretch], demands: Demands, began_on: date, as_of: date) -> list[Expected]:
    """The moments of one kind. Until a plan to come has its first day, a loan may stand by the days before it or, after an act, by its own:
    a moment still ahead that only one of the two asks for is allowed, and not demanded yet.
    """
    now = list(_cut(of_kind(stretches, demands.in_force_by(as_of), began_on, as_of), as_of))
    if all(plan.from_day <= as_of for plan in demands.plans):
        return now
    then = list(_cut(of_kind(stretches, demands, began_on, as_of), as_of))
    both = {(each.due_on, each.about) for each in now} & {(each.due_on, each.about) for each in then}
    found = {(each.due_on, each.about): each for each in (*now, *then)}
    return [
        found[key] if key in both or key[0] <= as_of else replace(found[key], demanded=False)
        for key in sorted(found)
    ]  # fmt: skip


def _reminders(stretches: Sequence[_Stretch], demands: Demands, began_on: date, as_of: date) -> Iterator[Expected]:
    """Some days before each unpaid instalment falls due, and on the day."""
    every = demands.days_before
    if not every:
        return
    furthest = timedelta(days=max(every) + (REST_AT_MOST if demands.rests else 0))
    for stretch in stretches:
        first, end = stretch.days(began_on)
        unpaid = stretch.now.unpaid
        was_unpaid = set(stretch.before.unpaid) if stretch.before else set()
        upcoming: date | None = None
        for due_on, n in unpaid[bisect_left(unpaid, (first, 0)) :]:
            if due_on - furthest > (upcoming or end or due_on):
                break
            for days, on in _reminded(due_on, every, demands):
                if on < first or (end is not None and on >= end):
                    continue
                if on > as_of:
                    upcoming = on if upcoming is None else min(on, upcoming)
                demanded = on > stretch.now.since or (due_on, n) in was_unpaid
                yield _expected("reminder", f"i{n} T-{days}", on, _EVENING, demands.zone, demanded)


def _reminded(due_on: date, every: Sequence[int], demands: Demands) -> Iterator[tuple[int, date]]:
    """Each reminder of what falls due that day, the nearest first: how many days before, and on which day it is made."""
    taken: set[date] = set()
    for days in sorted(every):
        on = due_on - timedelta(days=days)
        while days and _rests(on, demands):
            on -= _DAY
        if on not in taken and days in demands.days_on(on)[0]:
            taken.add(on)
            yield days, on


def _rests(on: date, demands: Demands) -> bool:
    return bool(demands.rests) and kind_of_rest(on, demands.region) in demands.rests


def _follow_ups(stretches: Sequence[_Stretch], demands: Demands, began_on: date, as_of: date) -> Iterator[Expected]:
    """While an instalment stays unpaid beyond its day: some days after the oldest such one fell due, then at a steady pace."""
    for stretch in stretches:
        if not stretch.now.unpaid:
            continue
        first, end = stretch.days(began_on)
        oldest = stretch.now.unpaid[0][0]
        was_oldest = stretch.before is not None and bool(stretch.before.unpaid) and stretch.before.unpaid[0][0] == oldest
        for days, on in _followed(oldest, demands):
            if end is not None and on >= end:
                break
            if on < first:
                continue
            # Before anything is overdue the next follow-up may stand ready, but nobody has to be followed up.
            demanded = oldest < min(on, as_of) and (on > stretch.now.since or was_oldest)
            yield _expected("follow_up", f"{oldest} T+{days}", on, _CLOSING, demands.zone, demanded)
            if on > as_of:
                break


def _followed(oldest: date, demands: Demands) -> Iterator[tuple[int, date]]:
    """Each day of following up what has been due since `oldest`, without end: how many days after, and on which day it is done."""
    if not demands.plans and not demands.rests:
        yield from ((days, oldest + timedelta(days=days)) for days in _paces(demands.follow_up_days, demands.follow_up_every))
    before: date | None = None
    for late in count(1):
        on = oldest + timedelta(days=late)
        while _rests(on, demands):
            on += _DAY
        if (before is None or on > before) and _paced(late, demands.days_on(on)[1], demands.follow_up_every):
            before = on
            yield late, on


def _paced(late: int, named: Sequence[int], every: int) -> bool:
    """Whether somebody follows up that many days after the due date: on the days named, then at a steady pace."""
    last = named[-1] if named else 0
    return late in named or (late > last and (late - last) % every == 0)


def _recoveries(stretches: Sequence[_Stretch], demands: Demands, began_on: date, as_of: date) -> Iterator[Expected]:
    """A debt that was written off is looked at again at a steady pace, without end."""
    for stretch in stretches:
        written_off_on = stretch.now.written_off_on
        if written_off_on is None:
            continue
        first, end = stretch.days(began_on)
        was = stretch.before.written_off_on if stretch.before else None
        for days in _paces((), demands.recover_every):
            on = written_off_on + timedelta(days=days)
            if end is not None and on >= end:
                break
            if on < first:
                continue
            demanded = on > stretch.now.since or was == written_off_on
            yield _expected("recovery", f"{written_off_on} +{days}", on, _CLOSING, demands.zone, demanded)
            if on > as_of:
                break


def _refunds(known: Sequence[_Known], demands: Demands) -> Iterator[Expected]:
    """What a borrower paid too much goes back within the pack's workdays."""
    for since, until in _runs(known, "owed_back"):
        yield from _within("refund", f"over-payment {since}", since, until, demands.refund_workdays, demands)


def _releases(known: Sequence[_Known], demands: Demands) -> Iterator[Expected]:
    """A loan that is paid off asks for its certificate, its thing and its credit record, each within the pack's workdays."""
    workdays = {
        "settlement_certificate": demands.certificate_workdays,
        "return_collateral": demands.return_workdays,
        "credit_update": demands.bureau_workdays,
    }
    for since, until in _runs(known, "paid_off"):
        for kind, days in workdays.items():
            if days is not None:
                yield from _within(kind, f"paid off {since}", since, until, days, demands)


def _within(kind: str, about: str, since: date, until: date | None, workdays: int, demands: Demands) -> Iterator[Expected]:
    """One thing to be done within workdays, unless its reason had ended by then."""
    due_on = add_workdays(since, workdays, demands.region).on
    if until is None or until > due_on:
        yield Expected(kind, about, due_on, _instant(due_on, _CLOSING, demands.zone), from_on=since)


# -- helpers --------------------------------------------------------------------------------------


def _runs(known: Sequence[_Known], name: str) -> Iterator[tuple[date, date | None]]:
    """Each unbroken time in which what is so named was so: its first day and the day it ended, None if it has not.

    What ended and began again within one day ended one run and began another.
    """
    began: date | None = None
    until: date | None = None
    for each in known:
        holds = bool(getattr(each, name))
        if began is not None and (not holds or name in each.broke):
            yield began, each.since
            began = None
        if holds and began is None:
            began = each.since
        until = each.until
    if began is not None:
        yield began, until


def _paces(first: Sequence[int], every: int) -> Iterator[int]:
    """The days named first, then every so many more, without end."""
    yield from first
    last = first[-1] if first else 0
    yield from count(last + every, every)


def _cut(moments: Iterable[Expected], as_of: date) -> Iterator[Expected]:
    """In order of their days, up to the first after `as_of`: the ones behind it have no row yet."""
    for moment in sorted(moments, key=lambda each: (each.due_on, each.about)):
        yield moment
        if moment.due_on > as_of:
            return


def _expected(kind: str, about: str, on: date, hour: time, zone: str, demanded: bool) -> Expected:
    return Expected(kind, about, on, _instant(on, hour, zone), from_on=on, demanded=demanded)


@lru_cache(maxsize=100_000)
def _instant(on: date, hour: time, zone: str) -> datetime:
    return instant_on(on, hour, zone)


# -- the book -------------------------------------------------------------------------------------

# Promises: each loan that has terms, in order, whether or not its ground row is there.
_TERMS: Final = """
    SELECT t.loan_id, t.terms, l.pack_version, l.opened_on, p.collateral, l.product_code
    FROM loan_terms t LEFT JOIN loan l USING (loan_id) LEFT JOIN product p ON p.code = l.product_code
    WHERE t.loan_id > %s AND t.loan_id <= %s ORDER BY t.loan_id"""
# Promises: all events entered by a day, in the order in which they were entered.
_EVENTS: Final = """
    SELECT loan_id, event_no, kind, on_date, entered_on, payload FROM loan_event
    WHERE loan_id > %s AND loan_id <= %s AND entered_on <= %s ORDER BY loan_id, event_no"""


def serviced_loans(db: psycopg.Connection[Any], after: int, upto: int, as_of: date) -> Mapping[int, Expectation]:
    """The expectation of each loan with terms between those chain ids: what `duties audit` asks of this stage."""
    known_lender = lender(db)
    events: dict[int, list[Event]] = {}
    for loan_id, event_no, kind, on, entered_on, payload in db.execute(_EVENTS, [after, upto, as_of]):
        events.setdefault(loan_id, []).append(Event(event_no, kind, on, entered_on, json.loads(payload)))
    demands: dict[tuple[Any, ...], Demands] = {}
    plans = reminder_plan_store.live(db)
    found = {}
    for loan_id, terms, *governed_by in db.execute(_TERMS, [after, upto]).fetchall():
        if tuple(governed_by) not in demands:
            version, opened_on, collateral, product = governed_by
            pack = _pack(db, known_lender, version)
            demands[tuple(governed_by)] = _demands(pack, known_lender, collateral, opened_on or as_of, product, plans)
        found[loan_id] = expectation(Terms.from_json(json.loads(terms)), events.get(loan_id, []), demands[tuple(governed_by)], as_of)
    return found


def _pack(db: psycopg.Connection[Any], known_lender: Lender, version: str | None) -> Pack:
    """The pack that governed the loan when it was made (`cn-baseline 2026.11.0`); the lender's, if the loan's row is gone."""
    if version is None:
        return shipped(known_lender.pack_name)
    return read_pack(db, *version.split(" ", 1))


def _demands(pack: Pack, known_lender: Lender, collateral: str | None, on: date, product: str | None, plans: Sequence[LivePlan]) -> Demands:
    def number(key: str) -> int:
        return pack.number(key, on=on, lender_type=known_lender.lender_type, product=product)

    return Demands(
        remind_days_before=pack.numbers("reminder.days_before", on=on, lender_type=known_lender.lender_type, product=product),
        follow_up_days=pack.numbers("followup.days_past_due", on=on, lender_type=known_lender.lender_type, product=product),
        follow_up_every=number("followup.then_every_days"),
        recover_every=number("recovery.review_days"),
        refund_workdays=number("refund.sla_workdays"),
        certificate_workdays=number("release.sla.settlement_cert"),
        return_workdays=number(_RETURN_RULE[collateral]) if collateral in _RETURN_RULE else None,
        bureau_workdays=number("release.sla.credit_update"),
        region=known_lender.region,
        zone=known_lender.zone,
        product=product or "",
        plans=plans,
        rests=rest_days(pack, on=on, lender_type=known_lender.lender_type, product=product),
    )
