"""Causes: why the old system and this book say different things of one loan. Pure.

A cause is never guessed. Each is a hypothesis about the contract or about what has happened; our own fold is run under
it, and only if every figure that the old system tells then comes out to the minor unit is the cause said. What no
hypothesis reaches is `unexplained`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import islice, permutations
from typing import Any, Final

from holdfast.kernel.calendar import DayCount, Unit, add_months, step
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.rounding import Rounding
from holdfast.products.terms import PARTS, Across, Excess, PeriodInterest, Terms
from holdfast.servicing.arrears import days_past_due, five_tier
from holdfast.servicing.charging import as_of
from holdfast.servicing.fold import Event, State, fold, in_order
from holdfast.servicing.payoff import payoff

_DAY: Final = timedelta(days=1)
# How many of the latest events, and of the instalments to come, are tried one by one.
_LATEST: Final = 8
_AHEAD: Final = 3


class Cause(StrEnum):
    """What a difference comes from, as far as a hypothesis proves it."""

    RECEIPT_ONLY_HERE = "receipt_only_here"
    RECEIPT_NOT_HERE = "receipt_not_here"
    RECEIPT_OTHER_DAY = "receipt_other_day"
    RECEIPT_OTHER_AMOUNT = "receipt_other_amount"
    REVERSAL_ONLY_HERE = "reversal_only_here"
    CHARGE_ONLY_HERE = "charge_only_here"
    WAIVER_ONLY_HERE = "waiver_only_here"
    REARRANGED_ONLY_HERE = "rearranged_only_here"
    PAUSE_ONLY_HERE = "pause_only_here"
    REFUND_ONLY_HERE = "refund_only_here"
    WRITTEN_OFF_HERE = "written_off_here"
    WRITTEN_OFF_THERE = "written_off_there"
    RATE = "rate"
    DAY_COUNT = "day_count"
    ROUNDING = "rounding"
    ALLOCATION_ORDER = "allocation_order"
    PENALTY = "penalty"
    MONTH_END = "month_end"
    DUE_DAY = "due_day"
    OTHER_DAY = "other_day"
    NEXT_DUE_MEANING = "next_due_meaning"
    ARREARS_COUNT = "arrears_count"
    CLASS_FLOOR = "class_floor"
    CLASS_RULE = "class_rule"
    ROUNDING_WITHIN = "rounding_within"
    CLOSED_THERE = "closed_there"
    CLOSED_HERE = "closed_here"
    NOT_TAKEN_OVER = "not_taken_over"
    UNKNOWN_LOAN = "unknown_loan"
    MISSING_THERE = "missing_there"
    UNREADABLE = "unreadable"
    UNEXPLAINED = "unexplained"


# What a person has to look at before the switch, whatever else is accepted.
UNEXPLAINED: Final = frozenset({Cause.UNEXPLAINED, Cause.UNREADABLE})
_ONLY_HERE: Final[Mapping[str, Cause]] = {
    "receipt": Cause.RECEIPT_ONLY_HERE,
    "reversal": Cause.REVERSAL_ONLY_HERE,
    "charge": Cause.CHARGE_ONLY_HERE,
    "waived": Cause.WAIVER_ONLY_HERE,
    "waived_part": Cause.WAIVER_ONLY_HERE,
    "goodwill": Cause.WAIVER_ONLY_HERE,
    "forgiven": Cause.WAIVER_ONLY_HERE,
    "deferred": Cause.REARRANGED_ONLY_HERE,
    "rearranged": Cause.REARRANGED_ONLY_HERE,
    "paused": Cause.PAUSE_ONLY_HERE,
    "refund": Cause.REFUND_ONLY_HERE,
    "written_off": Cause.WRITTEN_OFF_HERE,
}


class NextDue(StrEnum):
    """What the old system means by the next instalment: the oldest that is not wholly paid, or the next to fall due."""

    OLDEST_UNPAID = "oldest_unpaid"
    UPCOMING = "upcoming"


@dataclass(frozen=True, slots=True)
class Figures:
    """What one side says of a loan on one day; amounts in minor units. What is None is not told."""

    balance: int
    next_due_on: date | None = None
    next_due_amount: int | None = None
    days_past_due: int | None = None
    at_least_days: int | None = None
    loan_class: str | None = None
    penalty: int | None = None
    rate_ppb: int | None = None
    last_receipt_on: date | None = None
    last_receipt_amount: int | None = None
    written_off: bool = False


@dataclass(frozen=True, slots=True)
class Meaning:
    """How figures are read on both sides: the day, what `next due` means there, and from how many days each class begins."""

    on: date
    next_due: NextDue
    class_floors: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Basis:
    """What our figures follow from: the contract, what happened, the floor under the class, and the month-end rule if not ours."""

    terms: Terms
    events: tuple[Event, ...]
    class_floor: str = "pass"
    month_end: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Why two sides differ: the causes that were proved together, and what was supposed."""

    cause: Cause
    supposed: Mapping[str, Any]
    also: Cause | None = None


def state_of(basis: Basis, on: date) -> State:
    """The loan at the end of the day `on`."""
    state = as_of(fold(basis.terms, [event for event in basis.events if event.on <= on]), on)
    return _redated(state, basis.month_end) if basis.month_end else state


def figures_of(state: State, meaning: Meaning, class_floor: str = "pass") -> Figures:
    """What we say of a loan on the day, in the words of the comparison."""
    days = days_past_due(state.oldest_unpaid_due_on, meaning.on, state.pauses)
    if meaning.next_due is NextDue.UPCOMING:
        row = None if state.closed else next((row for row in state.instalments if row.due_on > meaning.on and row.unpaid), None)
        next_due_on, next_due_amount = (None, 0) if row is None else (row.due_on, row.unpaid)
    else:
        next_due_on, next_due_amount = state.next_due
    return Figures(
        balance=state.principal_out, next_due_on=next_due_on, next_due_amount=next_due_amount, days_past_due=days,
        loan_class=five_tier(days, meaning.class_floors, class_floor),
        penalty=sum(row.penalty - row.penalty_paid for row in state.instalments),
        written_off=state.written_off_on is not None,
    )  # fmt: skip


def differences(theirs: Figures, ours: Figures) -> frozenset[str]:
    """The fields in which the two sides differ. A loan that is closed on either side has a balance and nothing else."""
    found = {"balance"} if theirs.balance != ours.balance else set()
    if not theirs.balance or not ours.balance:
        return frozenset(found)
    for name in ("next_due_on", "next_due_amount", "days_past_due", "loan_class", "penalty"):
        told = getattr(theirs, name)
        if told is not None and told != getattr(ours, name):
            found.add(name)
    days = ours.days_past_due or 0
    if theirs.at_least_days is not None and (days < theirs.at_least_days or (not theirs.at_least_days and days)):
        found.add("days_past_due")
    return frozenset(found)


def explain(theirs: Figures, basis: Basis, meaning: Meaning) -> Finding | None:
    """Why the two sides differ; None if they do not."""
    ours = figures_of(state_of(basis, meaning.on), meaning, basis.class_floor)
    if not differences(theirs, ours):
        return None
    tried: list[tuple[Cause, Mapping[str, Any], Basis, Figures]] = []
    for cause, supposed, other in _hypotheses(theirs, basis, meaning):
        figures = _under(other, meaning)
        if figures is None:
            continue
        if not differences(theirs, figures):
            return Finding(cause, supposed)
        tried.append((cause, supposed, other, figures))
    plain = _of_the_reading(theirs, ours, basis, meaning)
    if plain is not None:
        return plain
    for cause, supposed, other, figures in tried:
        besides = _of_the_reading(theirs, figures, other, meaning, days=())
        if besides is not None:
            return Finding(cause, {**supposed, **besides.supposed}, besides.cause)
    if not theirs.balance or not ours.balance:
        return Finding(Cause.CLOSED_THERE if ours.balance else Cause.CLOSED_HERE, {})
    return _of_two(theirs, tried, meaning) or Finding(Cause.UNEXPLAINED, {})


# -- hypotheses about what happened and what was agreed -----------------------------------------------------------

_Tried = tuple[Cause, Mapping[str, Any], Basis]


def _hypotheses(theirs: Figures, basis: Basis, meaning: Meaning) -> Iterator[_Tried]:
    yield from _happened(theirs, basis, meaning)
    yield from _agreed(theirs, basis, meaning)


def _happened(theirs: Figures, basis: Basis, meaning: Meaning) -> Iterator[_Tried]:
    """That something happened on one side only, or otherwise there."""
    past = [event for event in basis.events if event.on <= meaning.on]
    counted = in_order(past)
    receipts = [event for event in counted if event.kind == "receipt"]
    for many in range(1, min(_AHEAD, len(receipts)) + 1):
        last = receipts[-many:]
        yield Cause.RECEIPT_ONLY_HERE, _receipts(last), _without(basis, last)
    for event in islice((event for event in reversed(past) if event.kind in _ONLY_HERE), _LATEST):
        if event.kind != "receipt":
            yield _ONLY_HERE[event.kind], {"event": event.event_no, "on": event.on.isoformat()}, _without(basis, [event])
        elif event in receipts[:-1]:
            yield Cause.RECEIPT_ONLY_HERE, _receipts([event]), _without(basis, [event])
    on, amount = theirs.last_receipt_on, theirs.last_receipt_amount
    if on is not None and amount and on <= meaning.on:
        yield Cause.RECEIPT_NOT_HERE, {"on": on.isoformat(), "amount": amount}, _with(basis, on, amount)
        for event in receipts[-_AHEAD:]:
            if event.payload["amount"] == amount and event.on != on:
                days = {"ours": event.on.isoformat(), "theirs": on.isoformat()}
                yield Cause.RECEIPT_OTHER_DAY, days, _with(_without(basis, [event]), on, amount)
            elif event.on == on and event.payload["amount"] != amount:
                amounts = {"ours": event.payload["amount"], "theirs": amount}
                yield Cause.RECEIPT_OTHER_AMOUNT, amounts, _with(_without(basis, [event]), on, amount)
    if theirs.balance:
        yield from _instalments_paid_there(basis, meaning)
    elif theirs.written_off:
        yield Cause.WRITTEN_OFF_THERE, {}, replace(basis, events=(*basis.events, _event(basis, "written_off", meaning.on, {})))


def _instalments_paid_there(basis: Basis, meaning: Meaning) -> Iterator[_Tried]:
    """That the next instalments, wholly, have been paid there and not here."""
    state = state_of(basis, meaning.on)
    amount = 0
    for row in islice((row for row in state.instalments if row.unpaid), _AHEAD):
        amount += row.unpaid
        if amount < payoff(state, meaning.on):
            on = meaning.on
            yield Cause.RECEIPT_NOT_HERE, {"amount": amount, "through": row.n}, _with(basis, on, amount)


def _agreed(theirs: Figures, basis: Basis, meaning: Meaning) -> Iterator[_Tried]:
    """That the old system keeps another contract."""
    terms = basis.terms

    def under(cause: Cause, supposed: Mapping[str, Any], **changes: Any) -> Iterator[_Tried]:
        try:
            yield cause, supposed, replace(basis, terms=replace(terms, **changes))
        except HoldfastError:
            return  # no contract can say this

    if theirs.rate_ppb is not None and theirs.rate_ppb != terms.rate.ppb:
        yield from under(Cause.RATE, {"theirs": theirs.rate_ppb, "ours": terms.rate.ppb}, rate=replace(terms.rate, ppb=theirs.rate_ppb))
    for counted in PeriodInterest:
        for day_count in DayCount:
            if (counted, day_count) != (terms.period_interest, terms.day_count):
                told = {"day_count": day_count.value, "period_interest": counted.value}
                yield from under(Cause.DAY_COUNT, told, day_count=day_count, period_interest=counted)
    for mode in Rounding:
        if mode is not terms.rounding:
            yield from under(Cause.ROUNDING, {"rounding": mode.value}, rounding=mode)
        if mode is not terms.instalment_rounding and terms.instalment_amount is None:
            yield from under(Cause.ROUNDING, {"instalment_rounding": mode.value}, instalment_rounding=mode)
    if terms.penalty is not None:
        yield from under(Cause.PENALTY, {"penalty": "none"}, penalty=None)
    for rule in ("from_previous", "last_day", "first_of_next"):
        yield Cause.MONTH_END, {"month_end": rule}, replace(basis, month_end=rule)
    if theirs.next_due_on is not None:
        ours = figures_of(state_of(basis, meaning.on), meaning).next_due_on
        if ours is not None and ours != theirs.next_due_on:
            first = terms.first_due_on or step(terms.disbursed_on, terms.every_unit, terms.every_count)
            told = {"theirs": theirs.next_due_on.isoformat(), "ours": ours.isoformat()}
            yield from under(Cause.DUE_DAY, told, first_due_on=first + (theirs.next_due_on - ours))
    if not any(event.kind in ("receipt", "goodwill") for event in basis.events):
        return  # no money came that could have been laid otherwise
    for across in Across:
        for order in permutations(PARTS):
            if (across, order) != (terms.across, terms.allocation):
                told = {"order": " ".join(order), "across": across.value}
                yield from under(Cause.ALLOCATION_ORDER, told, allocation=order, allocation_in_advance=None, across=across)
    for excess in Excess:
        if excess is not terms.excess:
            yield from under(Cause.ALLOCATION_ORDER, {"excess": excess.value}, excess=excess)


def _of_two(
    theirs: Figures, tried: Sequence[tuple[Cause, Mapping[str, Any], Basis, Figures]], meaning: Meaning
) -> Finding | None:  # fmt: skip
    """Two hypotheses together: something that happened on one side only, and another contract."""
    apart = [each for each in tried if each[0] in _HAPPENED]
    for cause, supposed, basis, _ in apart:
        for second, told, other in _agreed(theirs, basis, meaning):
            if second is Cause.ALLOCATION_ORDER:
                break  # the many orders are tried alone
            figures = _under(other, meaning)
            if figures is not None and not differences(theirs, figures):
                return Finding(cause, {**supposed, **told}, second)
    return None


_HAPPENED: Final = frozenset({*_ONLY_HERE.values(), Cause.RECEIPT_NOT_HERE, Cause.RECEIPT_OTHER_DAY, Cause.RECEIPT_OTHER_AMOUNT})


# -- hypotheses about how the same loan is read ----------------------------------------------------------------------


def _of_the_reading(
    theirs: Figures, ours: Figures, basis: Basis, meaning: Meaning, *, days: Sequence[int] = (1, -1, 2, -2)
) -> Finding | None:
    """That both hold the same loan and read it otherwise: another day, another count of days or classes, another next instalment."""
    apart = differences(theirs, ours)
    if not apart:
        return None
    of_arrears = apart <= {"days_past_due", "loan_class"}
    if of_arrears and (found := _counted_otherwise(theirs, basis, meaning)):
        return found
    for ago in days if theirs.balance else ():
        other = _under(basis, replace(meaning, on=meaning.on - timedelta(days=ago)))
        if other is not None and not differences(theirs, other):
            return Finding(Cause.OTHER_DAY, {"as_of": (meaning.on - timedelta(days=ago)).isoformat()})
    if apart <= {"next_due_on", "next_due_amount"}:
        for means in NextDue:
            other = _under(basis, replace(meaning, next_due=means))
            if other is not None and not differences(theirs, other):
                return Finding(Cause.NEXT_DUE_MEANING, {"next_due": means.value})
    if apart <= {"penalty", "next_due_amount"} and theirs.penalty is not None and ours.penalty is not None:
        grown = theirs.penalty - ours.penalty
        if grown and (theirs.next_due_amount is None or theirs.next_due_amount - (ours.next_due_amount or 0) in (0, grown)):
            return Finding(Cause.PENALTY, {"theirs": theirs.penalty, "ours": ours.penalty})
    if of_arrears:
        return _classed_otherwise(theirs, ours, basis, meaning)
    amounts = frozenset({"balance", "next_due_amount", "penalty"})
    if apart <= amounts and all(abs(getattr(theirs, name) - getattr(ours, name)) <= basis.terms.instalments + 1 for name in apart):
        # A minor unit for each instalment that has fallen due, and one for the next.
        parts = sum(row.due_on <= meaning.on for row in state_of(basis, meaning.on).instalments) + 1
        if all(abs(getattr(theirs, name) - getattr(ours, name)) <= parts for name in apart):
            return Finding(Cause.ROUNDING_WITHIN, {"within": parts})
    return None


def _counted_otherwise(theirs: Figures, basis: Basis, meaning: Meaning) -> Finding | None:
    """That the days are counted by another rule from the same due date."""
    oldest = state_of(basis, meaning.on).oldest_unpaid_due_on
    if oldest is None or oldest > meaning.on:
        return None
    whole = (meaning.on - oldest).days
    weekdays = sum((oldest + _DAY * n).isoweekday() < 6 for n in range(1, whole + 1))
    for name, count in (("from_due_day", whole + 1), ("weekdays", weekdays), ("without_pauses", whole)):
        counted = Figures(1, days_past_due=count, loan_class=five_tier(count, meaning.class_floors, basis.class_floor))
        if not differences(replace(theirs, balance=1, next_due_on=None, next_due_amount=None, penalty=None), counted):
            return Finding(Cause.ARREARS_COUNT, {"count": name, "days": count})
    return None


def _classed_otherwise(theirs: Figures, ours: Figures, basis: Basis, meaning: Meaning) -> Finding | None:
    """That the same days late make another class: without the floor that stands here, or by another table."""
    if theirs.loan_class is None or theirs.days_past_due not in (None, ours.days_past_due):
        return None
    days = ours.days_past_due or 0
    if theirs.loan_class == five_tier(days, meaning.class_floors):
        return Finding(Cause.CLASS_FLOOR, {"days": days, "floor": basis.class_floor})
    if theirs.days_past_due is None and theirs.next_due_on is None:
        return None  # nothing tells that both count from the same day
    return Finding(Cause.CLASS_RULE, {"days": days, "theirs": theirs.loan_class, "ours": ours.loan_class})


# -- how a hypothesis is tried --------------------------------------------------------------------------------------


def _under(basis: Basis, meaning: Meaning) -> Figures | None:
    """Our figures under a hypothesis; None if no loan could have come to this."""
    try:
        return figures_of(state_of(basis, meaning.on), meaning, basis.class_floor)
    except HoldfastError:
        return None


def _without(basis: Basis, gone: Sequence[Event]) -> Basis:
    """As if these events had never been; what takes one of them back goes with it."""
    numbers = {event.event_no for event in gone}
    kept = tuple(
        event
        for event in basis.events
        if event.event_no not in numbers and not (event.kind == "reversal" and event.payload["event_no"] in numbers)
    )
    return replace(basis, events=kept)


def _with(basis: Basis, on: date, amount: int) -> Basis:
    return replace(basis, events=(*basis.events, _event(basis, "receipt", on, {"amount": amount})))


def _event(basis: Basis, kind: str, on: date, payload: Mapping[str, Any]) -> Event:
    return Event(max((event.event_no for event in basis.events), default=0) + 1, kind, on, on, payload)


def _receipts(events: Sequence[Event]) -> dict[str, Any]:
    last = events[-1]
    told: dict[str, Any] = {"event": last.event_no, "on": last.on.isoformat(), "amount": sum(each.payload["amount"] for each in events)}
    return told | ({"receipts": len(events)} if len(events) > 1 else {})


def _redated(state: State, rule: str) -> State:
    """The same instalments on the due dates of another month-end rule."""
    terms = state.terms
    if terms.every_unit is not Unit.MONTHS:
        return state
    moved = state.copy()
    dated = dict(enumerate(_dates(terms, rule), 1))
    for row in moved.instalments:
        row.due_on = dated.get(row.n, row.due_on)
    return moved


def _dates(terms: Terms, rule: str) -> Iterator[date]:
    """Due dates from the first: each stepped from the one before it; or always on a month's end; or over into the next month."""
    anchor, begun = (terms.disbursed_on, 1) if terms.first_due_on is None else (terms.first_due_on, 0)
    ends_month = (anchor + _DAY).day == 1
    before = anchor
    for n in range(begun, terms.instalments + begun):
        plain = add_months(anchor, terms.every_count * n)
        if rule == "from_previous":
            before = add_months(before, terms.every_count) if n else anchor
            yield before
        elif rule == "last_day":
            yield add_months(plain.replace(day=1), 1) - _DAY if ends_month else plain
        else:
            yield plain if plain.day == anchor.day else plain + _DAY
