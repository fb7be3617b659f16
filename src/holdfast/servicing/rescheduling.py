"""Rearrangement: an agreement that changes the instalments still to come, as one event that the fold replays.

The event carries what was agreed, never the figures it came to: a receipt that is learned of later, or taken
back, gives other figures by the same rule. What was paid on an instalment stays on it, principal is never made
or lost, and nothing that is owed in fees or penalties stands in the way: it stays where it is, or joins the first
new instalment where the old ones are closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

from holdfast.kernel.calendar import Unit, add_months, parse_date, step
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.rate import Per, Rate
from holdfast.kernel.rounding import divide, to_minor
from holdfast.products.schedule import Instalment, added_time_rate, due_on, evenly, financed, lay_out, level, level_over, rate_over
from holdfast.products.terms import MOST_INSTALMENTS, Method, Rest, Terms
from holdfast.servicing.arrears import days_past_due
from holdfast.servicing.state import Charge, Event, State


class Kind(StrEnum):
    """What is agreed to."""

    DEFER = "defer"  # every instalment not wholly paid falls due whole months later
    DUE_DATE = "due_date"  # one instalment falls due on another day
    DUE_DATES = "due_dates"  # one instalment falls due on another day and all later ones step from it
    EXTEND = "extend"  # more instalments
    HOLIDAY = "holiday"  # some instalments ask for no principal, or for nothing
    NEW_RATE = "new_rate"  # another rate from an instalment on
    REAMORTISE = "reamortise"  # what is overdue is spread over the instalments to come
    REAGE = "reage"  # the old instalments are closed; all that is owed comes back in new ones from a day
    REINSTAL = "reinstal"  # 分期: as re-age, and what was due in one sum comes back in equal instalments


class Asks(StrEnum):
    """What an instalment in a holiday still asks for."""

    NOTHING = "nothing"
    INTEREST = "interest"
    PRINCIPAL = "principal"


class Arrears(StrEnum):
    """Where interest that was overdue is asked for after a re-amortisation."""

    NEXT = "next"
    SPREAD = "spread"


class Charges(StrEnum):
    """Where fees and penalties of overdue instalments are asked for after a re-amortisation."""

    NEXT = "next"  # with the next instalment
    STAY = "stay"  # where they are: what is overdue of them stays overdue


_NEEDS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.DEFER: ("months",),
    Kind.DUE_DATE: ("from_n", "due_on"),
    Kind.DUE_DATES: ("from_n", "due_on"),
    Kind.EXTEND: ("instalments",),
    Kind.HOLIDAY: ("periods",),
    Kind.NEW_RATE: ("rate",),
    Kind.REAMORTISE: (),
    Kind.REAGE: ("instalments", "start_on"),
    Kind.REINSTAL: ("instalments", "start_on"),
}
_MAY: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.DEFER: (),
    Kind.DUE_DATE: (),
    Kind.DUE_DATES: (),
    Kind.EXTEND: ("from_n",),
    Kind.HOLIDAY: ("from_n", "asks", "longer"),
    Kind.NEW_RATE: ("from_n",),
    Kind.REAMORTISE: ("arrears", "charges"),
    Kind.REAGE: ("every_unit", "every_count"),
    Kind.REINSTAL: ("every_unit", "every_count", "rate"),
}


@dataclass(frozen=True, slots=True)
class Rearrangement:
    """What is agreed to. Each kind needs its own parameters and takes no others; BadInput names the one that is wrong.

    | kind | needs | may say |
    |---|---|---|
    | defer | `months` | |
    | due_date | `from_n`, `due_on` | |
    | due_dates | `from_n`, `due_on` | |
    | extend | `instalments`: how many more | `from_n` |
    | holiday | `periods`: how many instalments | `from_n`, `asks`, `longer`: as many more at the end |
    | new_rate | `rate` | `from_n` |
    | reamortise | | `arrears`: overdue interest with the `next` instalment or `spread` over all; `charges`: with the `next` or to `stay` |
    | reage | `instalments` in all, `start_on`: the first new due date | `every_unit`, `every_count` |
    | reinstal | as reage | `every_unit`, `every_count`, `rate` |

    Without `from_n` it begins with the first instalment that has not fallen due.
    """

    kind: Kind
    from_n: int | None = None
    due_on: date | None = None
    months: int | None = None
    instalments: int | None = None
    periods: int | None = None
    asks: Asks | None = None
    longer: bool | None = None
    rate: Rate | None = None
    arrears: Arrears | None = None
    charges: Charges | None = None
    start_on: date | None = None
    every_unit: Unit | None = None
    every_count: int | None = None

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "kind", Kind(self.kind))
        except ValueError:
            raise BadInput(f"kind: must be one of {', '.join(Kind)}, not {self.kind!r}", field="kind") from None
        needs, may = _NEEDS[self.kind], _MAY[self.kind]
        for name in _FIELDS:
            value = getattr(self, name)
            if value is None and name in needs:
                raise BadInput(f"{name}: say it to agree to {self.kind}", field=name)
            if value is not None and name not in needs and name not in may:
                raise BadInput(f"{name}: {self.kind} does not ask for it; leave it out", field=name)
        for name in ("from_n", "months", "instalments", "periods", "every_count"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_INSTALMENTS):
                raise BadInput(f"{name}: write a whole number from 1 to {MOST_INSTALMENTS}, not {value!r}", field=name)
        if self.rate is not None and self.rate.ppb < 0:
            raise BadInput("rate: must not be negative", field="rate")

    def to_json(self) -> dict[str, Any]:
        """As the event keeps it: only what was said; `from_json` gives back an equal value."""
        said: dict[str, Any] = {"kind": self.kind.value}
        for name in _FIELDS:
            value = getattr(self, name)
            if isinstance(value, date):
                said[name] = value.isoformat()
            elif isinstance(value, Rate):
                said[name] = {"ppb": value.ppb, "per": value.per.value}
            elif isinstance(value, StrEnum):
                said[name] = value.value
            elif value is not None:
                said[name] = value
        return said

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Rearrangement:
        """BadInput names a field that is missing, unknown or malformed."""
        if "kind" not in data:
            raise BadInput("kind: is missing", field="kind")
        for name in data:
            if name != "kind" and name not in _FIELDS:
                raise BadInput(f"{name}: no such field", field=name)
        return cls(**{name: _FIELDS[name](value, name) if name in _FIELDS else value for name, value in data.items() if value is not None})


def _whole(value: object, field: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise BadInput(f"{field}: write a whole number, not {value!r}", field=field)


def _yes(value: object, field: str) -> bool:
    if isinstance(value, bool):
        return value
    raise BadInput(f"{field}: write true or false, not {value!r}", field=field)


def _choice(kind: type[StrEnum]) -> Callable[[object, str], StrEnum]:
    def read(value: object, field: str) -> StrEnum:
        try:
            return kind(value)  # type: ignore[arg-type]
        except ValueError:
            raise BadInput(f"{field}: must be one of {', '.join(kind)}, not {value!r}", field=field) from None

    return read


def _rate(value: object, field: str) -> Rate:
    if not isinstance(value, Mapping) or set(value) != {"ppb", "per"}:
        raise BadInput(f"{field}: write an object with ppb and per, not {value!r}", field=field)
    return Rate(_whole(value["ppb"], f"{field}.ppb"), Per(_choice(Per)(value["per"], f"{field}.per")))


_FIELDS: Final[dict[str, Callable[[object, str], Any]]] = {
    "from_n": _whole,
    "due_on": parse_date,
    "months": _whole,
    "instalments": _whole,
    "periods": _whole,
    "asks": _choice(Asks),
    "longer": _yes,
    "rate": _rate,
    "arrears": _choice(Arrears),
    "charges": _choice(Charges),
    "start_on": parse_date,
    "every_unit": _choice(Unit),
    "every_count": _whole,
}


@dataclass(frozen=True, slots=True)
class Rearranged:
    """What a rearrangement would make of a loan's instalments, and what it costs.

    `owed_before` and `owed_after` sum what the instalments still ask for; `extra_cost` is the difference. `ends_on` is
    the new last due date, `longest_until` the day to which the first term, had once more, would reach. `payload`
    is that of the event `event_kind`.
    """

    loan: str
    on: date
    change: Rearrangement
    before: tuple[Instalment, ...]
    after: tuple[Instalment, ...]
    owed_before: Money
    owed_after: Money
    extra_cost: Money
    ends_on: date
    longest_until: date
    days_late: int
    payload: Mapping[str, Any]
    event_kind: str


def rearranged(
    state: State,
    events: Sequence[Event],
    change: Rearrangement,
    *,
    loan: str,
    on: date,
    bears_interest: bool = True,
) -> Rearranged:
    """What agreeing to `change` on `on` would do to `state`, which `events` have made; `state` is left as it is.

    Refusal if nothing is owed, if the change would touch nothing, if an instalment would fall due on a day that is
    gone or before the one before it, or if a loan that may take no new charge would cost more.
    """
    if change.kind is Kind.DEFER:
        assert change.months is not None
        payload, kind = deferral_payload(state, events, loan=loan, months=change.months, on=on, bears_interest=bears_interest), "deferred"
        rule = defer
    else:
        _check(state, change, loan, on)
        payload, kind, rule = {"change": change.to_json()}, "rearranged", apply
    before = tuple(replace(row) for row in state.instalments)
    moved = state.copy()
    rule(moved, Event(len(events) + 1, kind, on, on, payload))
    after = tuple(moved.instalments)
    _check_days(before, after, change, on)
    owed = [sum(row.unpaid for row in rows) for rows in (before, after)]
    currency = state.terms.currency
    if not bears_interest and owed[1] > owed[0]:
        raise Refusal(f"loan {loan} may take no new charge, and this would cost more", code="charges_barred", loan=loan)
    if kind == "deferred":
        payload = {**payload, "extra_interest": [{"n": payload["from_n"], "minor": owed[1] - owed[0]}]}
    return Rearranged(
        loan, on, change, before, after,
        Money(owed[0], currency), Money(owed[1], currency), Money(owed[1] - owed[0], currency),
        ends_on=max(row.due_on for row in after if row.n >= 1 and row.due),
        longest_until=once_more(state.terms),
        days_late=days_past_due(state.oldest_unpaid_due_on, on),
        payload=payload,
        event_kind=kind,
    )  # fmt: skip


def apply(state: State, event: Event) -> None:
    """The rule of the fold: the instalments of `state` as `event` agrees, in place. A debt that is closed stays as it is."""
    if state.closed:
        return
    change = Rearrangement.from_json(event.payload["change"])
    earned = _earned(state)
    _RULES[change.kind](state, change, event.on)
    state.arrange()
    for name, was in earned.items():
        setattr(state.totals, name, getattr(state.totals, name) + _earned(state)[name] - was)


def defer(state: State, event: Event) -> None:
    """Instalments fall due later, on the days that were agreed; the principal still in them bears the contract's interest for the time.

    That interest is due with the first of them that is not paid. It follows from what was truly owed: a receipt
    that is learned of later, or taken back, changes it by the same rule. What had fallen due and now has not is
    earned when it falls due again.
    """
    moved = {each["n"]: date.fromisoformat(each["due_on"]) for each in event.payload["instalments"]}
    rows = [row for row in state.instalments if row.n in moved]
    first = next((row for row in rows if row.unpaid), None)
    if state.closed or first is None:
        return
    earned = _earned(state)
    owed, was_due_on = sum(row.principal - row.principal_paid for row in rows), first.due_on
    for row in rows:
        row.due_on = moved[row.n]
    if event.payload["bears_interest"]:
        terms = terms_of_row(state, first.n)
        rate = added_time_rate(terms, was_due_on, first.due_on, months=event.payload["months"])
        first.interest += to_minor(owed * rate, terms.rounding)
    state.arrange()
    for name, was in earned.items():
        setattr(state.totals, name, getattr(state.totals, name) + _earned(state)[name] - was)


def deferral_payload(state: State, events: Sequence[Event], *, loan: str, months: int, on: date, bears_interest: bool) -> dict[str, Any]:
    """The event that defers by `months` on `on`; Refusal if nothing is owed or the first new due date would have passed."""
    if months < 1:
        raise BadInput("months: defer by at least one month", field="months")
    first = next((row for row in state.instalments if row.n >= 1 and row.unpaid), None)
    if state.closed or first is None:
        raise Refusal(f"loan {loan} has no instalment that could be deferred", code="nothing_to_defer", loan=loan)
    moved = [
        {"n": row.n, "was_due_on": row.due_on.isoformat(), "due_on": _moved_due_on(state, events, row, months).isoformat()}
        for row in state.instalments
        if row.n >= first.n
    ]
    new_first = date.fromisoformat(str(moved[0]["due_on"]))
    if new_first <= on:
        raise Refusal(
            f"{months} more months bring instalment {first.n} only to {new_first}; ask for more, or pay the oldest part first",
            code="deferral_too_short", field="months", due_on=new_first.isoformat(),
        )  # fmt: skip
    return {"from_n": first.n, "months": months, "bears_interest": bears_interest, "instalments": moved}


def once_more(terms: Terms) -> date:
    """The day on which the loan would end if its first term were had once more."""
    if terms.every_unit is Unit.MONTHS:
        return _from_the_first(terms, terms.instalments, terms.every_count * terms.instalments)
    ends_on = due_on(terms, terms.instalments)
    return ends_on + (ends_on - terms.disbursed_on)


# ── the kinds ──────────────────────────────────────────────────────────────────────────────────────────────


def _one_due_date(state: State, change: Rearrangement, on: date) -> None:
    assert change.due_on is not None
    _move(state, {change.from_n or 0: change.due_on}, on)


def _all_due_dates(state: State, change: Rearrangement, on: date) -> None:
    assert change.due_on is not None
    rows = [row for row in regular(state) if row.n >= (change.from_n or 0)]
    terms = state.now
    dates = {row.n: step(change.due_on, terms.every_unit, terms.every_count * index) for index, row in enumerate(rows)}
    if terms.last_due_on is not None and len(rows) > 1 and rows[-1].n == terms.instalments:
        # A last instalment that is no step of the others keeps its distance from the one before.
        dates[rows[-1].n] = dates[rows[-2].n] + (rows[-1].due_on - rows[-2].due_on)
    _move(state, dates, on)


def _extend(state: State, change: Rearrangement, on: date) -> None:
    rows = _to_come(state, change.from_n, on)
    if rows:
        relay(state, rows, _more_rows(state, change.instalments or 0), on)


def _holiday(state: State, change: Rearrangement, on: date) -> None:
    rows = _to_come(state, change.from_n, on)
    periods = change.periods or 0
    if rows and change.asks is Asks.PRINCIPAL:
        _interest_later(rows, periods)
        return
    if not rows or (not change.longer and periods >= len(rows)):
        return
    more = _more_rows(state, periods) if change.longer else []
    nothing = (change.asks or Asks.NOTHING) is Asks.NOTHING
    relay(state, rows, more, on, principal_grace=periods, interest_grace=periods if nothing else 0)


def _interest_later(rows: Sequence[Instalment], periods: int) -> None:
    """The interest of the first instalments is asked for with the first after them; their principal stays."""
    later = rows[min(periods, len(rows) - 1)]
    for row in rows[: rows.index(later)]:
        later.interest += row.interest - row.interest_paid
        row.interest = row.interest_paid


def _new_rate(state: State, change: Rearrangement, on: date) -> None:
    rows = _to_come(state, change.from_n, on)
    if rows and change.rate is not None:
        old = _plain_interest(state, rows)
        state.rates = (*((n, rate) for n, rate in state.rates if n < rows[0].n), (rows[0].n, change.rate))
        relay(state, rows, [], on, old=old)


def _reamortise(state: State, change: Rearrangement, on: date) -> None:
    rows = _to_come(state, None, on)
    overdue = [row for row in regular(state) if row.due_on <= on and row.unpaid]
    if not rows or not overdue:
        return
    principal = interest = fee = penalty = 0
    for row in overdue:
        principal += row.principal - row.principal_paid
        interest += row.interest - row.interest_paid
        if change.charges is Charges.STAY:
            row.principal, row.interest = row.principal_paid, row.interest_paid
            row.paid_on = None if row.unpaid else on
            continue
        fee += row.fee - row.fee_paid
        penalty += row.penalty - row.penalty_paid
        _close(state, row, rows[0], on)
    rows[0].fee += fee
    rows[0].penalty += penalty
    spread = change.arrears is Arrears.SPREAD
    if not any(terms_of_row(state, row.n).rate.ppb for row in rows):
        # Without interest there is nothing to balance: each takes its share.
        for row, share in zip(rows, evenly(state.now, principal, len(rows)), strict=True):
            row.principal += share
        rows[0].interest += 0 if spread else interest
    else:
        relay(state, rows, [], on, joins=principal, carried=0 if spread else interest)
    if spread:
        for row, part in zip(rows, Money(interest, state.terms.currency).split([1] * len(rows)), strict=True):
            row.interest += part.minor


def _reage(state: State, change: Rearrangement, on: date) -> None:
    """Close what is open and ask for all of it in new instalments; the running period is charged up to the day."""
    assert change.start_on is not None and change.instalments is not None
    regular = [row for row in state.instalments if row.paid_on is None]
    if not regular:
        return
    terms = state.now
    first = Instalment(max(row.n for row in state.instalments) + 1, change.start_on, 0, 0)
    # Before any is closed: where a period begins, the one before it says.
    to_come = [row for row in regular if row.due_on > on]
    running = next((row for row in to_come if row.n >= 1 and row.n not in state.loose), None)
    run = 0 if running is None else so_far(state, running, on)
    principal = interest = 0
    for row in regular:
        owed = row.interest if row.due_on <= on else run if row is running else 0
        principal += row.principal - row.principal_paid
        interest += max(0, owed - row.interest_paid)
        first.fee += row.fee - row.fee_paid
        first.penalty += row.penalty - row.penalty_paid
        _close(state, row, first, on)
        state.loose.add(row.n)
    method = terms.method
    if change.kind is Kind.REINSTAL or method is Method.SINGLE_PERIOD:
        method = Method.EQUAL_INSTALMENT
    state.replaced = terms = replace(
        terms, principal=max(principal, 1), method=method, instalments=change.instalments, down_payment_ppb=0, principal_grace=0,
        interest_grace=0, instalment_amount=None, balloon=0, last_due_on=None, first_due_on=change.start_on,
        every_unit=change.every_unit or terms.every_unit, every_count=change.every_count or terms.every_count, fees=(),
    )  # fmt: skip
    if change.rate is not None:
        state.rates = (*state.rates, (first.n, change.rate))
    rows = [first]
    for index in range(1, change.instalments):
        rows.append(Instalment(first.n + index, step(change.start_on, terms.every_unit, terms.every_count * index), 0, 0))
    rows[0].principal = principal
    state.starts[first.n] = on
    state.instalments.extend(rows)
    relay(state, rows, [], on, carried=interest, old=0)


_RULES: Final[dict[Kind, Callable[[State, Rearrangement, date], None]]] = {
    Kind.DUE_DATE: _one_due_date,
    Kind.DUE_DATES: _all_due_dates,
    Kind.EXTEND: _extend,
    Kind.HOLIDAY: _holiday,
    Kind.NEW_RATE: _new_rate,
    Kind.REAMORTISE: _reamortise,
    Kind.REAGE: _reage,
    Kind.REINSTAL: _reage,
}


# ── how instalments are laid anew ──────────────────────────────────────────────────────────────────────────


def regular(state: State) -> list[Instalment]:
    """The instalments of the schedule: not down payments, and not charges that stand alone after it."""
    return [row for row in state.instalments if row.n >= 1 and row.n not in state.loose]


def _to_come(state: State, from_n: int | None, on: date) -> list[Instalment]:
    """The instalments from `from_n` on that have not fallen due and are not closed."""
    return [row for row in regular(state) if row.due_on > on and row.n >= (from_n or 1) and row.paid_on is None]


def _more_rows(state: State, count: int) -> list[Instalment]:
    """`count` instalments more, stepping on from the last one; they ask for nothing yet."""
    last = regular(state)[-1]
    number = max(row.n for row in state.instalments)
    terms = state.now
    rows = []
    for index in range(1, count + 1):
        rows.append(Instalment(number + index, _stepped(terms, last.due_on, index), 0, 0))
    state.instalments.extend(rows)
    return rows


def fill_term(state: State) -> None:
    """Give the schedule the instalments of its term that it ended without; they ask for nothing yet."""
    terms = state.now
    numbers = {row.n for row in state.instalments}
    state.instalments.extend(Instalment(n, due_on(terms, n), 0, 0) for n in range(1, terms.instalments + 1) if n not in numbers)
    state.arrange()


def _stepped(terms: Terms, start: date, steps: int) -> date:
    """`start` moved on by the contract's spacing; a day that a shorter month had cut returns with a longer one."""
    if terms.every_unit is not Unit.MONTHS:
        return step(start, terms.every_unit, terms.every_count * steps)
    anchor = (terms.disbursed_on if terms.first_due_on is None else terms.first_due_on).day
    months = (start.year - 2000) * 12 + start.month - 1
    if add_months(date(2000, 1, anchor), months) != start:
        anchor = start.day
    return add_months(date(2000, 1, anchor), months + terms.every_count * steps)


def _move(state: State, dates: Mapping[int, date], on: date) -> None:
    """Put instalments on other days: their principal stays, their interest follows the days of their periods."""
    rows = [row for row in regular(state) if row.n >= min(dates, default=0)]
    moved = [row for row in rows if row.n in dates and row.paid_on is None]
    if not moved:
        return
    terms = state.now
    touched = rows[rows.index(moved[0]) :]
    was = {row.n: _rate_of_row(state, row) for row in touched}
    for row in moved:
        row.due_on = dates[row.n]
    balance = sum(row.principal for row in touched)
    for row in touched:
        rate = _rate_of_row(state, row)
        if rate != was[row.n] and row.paid_on is None and terms.method is not Method.FLAT:
            extra = to_minor(balance * rate, terms.rounding) - to_minor(balance * was[row.n], terms.rounding)
            row.interest = max(row.interest_paid, row.interest + extra)
        balance -= row.principal


def relay(
    state: State,
    rows: list[Instalment],
    more: list[Instalment],
    on: date,
    *,
    joins: int = 0,
    carried: int = 0,
    principal_grace: int = 0,
    interest_grace: int = 0,
    old: int | None = None,
    keeps_level: bool = False,
) -> None:
    """Lay the principal of `rows`, and what `joins` it on the day, anew over `rows` and `more`, with interest on the balance at hand.

    Interest that earlier agreements or grace have put on `rows` beside that of their own periods is not lost: it is
    asked for with the first that asks for interest, as is what is `carried`.
    """
    terms = state.now
    flat = terms.method is Method.FLAT
    balance = sum(row.principal for row in rows) + joins
    was = sum(row.interest for row in rows)
    if terms.recalculates:
        carried += sum(state.carried.pop(row.n, 0) for row in rows)
    elif not flat and old != 0:
        carried += was - (_plain_interest(state, rows) if old is None else old)
    kept = {row.n: (row.interest, _rate_of_row(state, row)) for row in rows} if flat and old is None else {}
    all_rows = rows + more
    rates = [_rate_of_row(state, row) for row in all_rows]
    own = sum(row.n <= terms.principal_grace for row in rows), sum(row.n <= terms.interest_grace for row in rows)
    principal_grace = min(max(principal_grace, own[0]), len(all_rows) - 1)
    interest_grace = min(max(interest_grace, own[1]), len(all_rows) - 1)
    fixed = None
    if flat:
        fixed = [
            kept[row.n][0] if row.n in kept and kept[row.n][1] == rate else to_minor(financed(terms) * rate, terms.rounding)
            for row, rate in zip(all_rows, rates, strict=True)
        ]
        each = divide(balance - terms.balloon, len(all_rows) - principal_grace, terms.instalment_rounding)
        multiple = terms.instalment_multiple
        each = divide(each, multiple, terms.instalment_rounding) * multiple
        if joins:
            fixed = [interest + to_minor(joins * rate, terms.rounding) for interest, rate in zip(fixed, rates, strict=True)]
            fixed[0] -= to_minor(joins * rate_over(terms_of_row(state, rows[0].n), state.starts_on(rows[0]), on), terms.rounding)
        parts = _flat_parts(balance, fixed, each, principal_grace=principal_grace, interest_grace=interest_grace)
    else:
        repeating, first_extra, truly = 0, 0, rates
        if joins:
            # The running period in two spans, each rounded once: what was owed before, and all of it from the day on.
            first, start = terms_of_row(state, rows[0].n), state.starts_on(rows[0])
            spans = (balance - joins) * rate_over(first, start, on), balance * rate_over(first, on, rows[0].due_on)
            first_extra = sum(to_minor(span, terms.rounding) for span in spans) - to_minor(balance * rates[0], terms.rounding)
            truly = [sum(spans, Fraction(0)) / balance, *rates[1:]]
        if terms.method in (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL):
            repeating = level_over(terms_of_row(state, rows[0].n), balance, truly, principal_grace=principal_grace)
            if keeps_level:
                repeating = state.level or level(state.terms)
            state.level = repeating or None
        parts = lay_out(
            terms,
            balance,
            rates,
            repeating=repeating,
            principal_grace=principal_grace,
            interest_grace=interest_grace,
            first_extra=first_extra,
        )  # fmt: skip
    parts += [(0, 0)] * (len(all_rows) - len(parts))
    fit(all_rows, parts)
    asking = all_rows[min(interest_grace, len(all_rows) - 1)]
    asking.interest = max(asking.interest_paid, asking.interest + carried)
    if terms.recalculates and carried:
        state.carried[asking.n] = carried
    for row in all_rows:
        if row.unpaid:
            row.paid_on = None
        elif row.due:
            row.paid_on = row.paid_on or on


def _flat_parts(balance: int, fixed: Sequence[int], each: int, *, principal_grace: int, interest_grace: int) -> list[tuple[int, int]]:
    parts = []
    deferred = sum(fixed[:interest_grace])
    for index, interest in enumerate(fixed):
        last = index == len(fixed) - 1
        principal = balance if last else 0 if index < principal_grace else min(balance, each)
        balance -= principal
        parts.append((principal, 0 if index < interest_grace else interest + (deferred if index == interest_grace else 0)))
    return parts


def fit(rows: Sequence[Instalment], parts: Sequence[tuple[int, int]]) -> None:
    """Give each row its part, but never less than was paid on it; what that takes more is taken from the last ones."""
    over = 0
    for row, (principal, interest) in zip(rows, parts, strict=True):
        over += max(0, row.principal_paid - principal)
        row.principal, row.interest = max(principal, row.principal_paid), max(interest, row.interest_paid)
    for row in reversed(rows):
        taken = min(over, row.principal - row.principal_paid)
        row.principal -= taken
        over -= taken


def _close(state: State, row: Instalment, into: Instalment, on: date) -> None:
    """The row asks for no more than was paid on it; the charges that stood on it fall due with `into`."""
    row.principal, row.interest, row.fee, row.penalty = row.principal_paid, row.interest_paid, row.fee_paid, row.penalty_paid
    row.paid_on = on
    state.charges = [Charge(into.n, charge.part, charge.amount, into.due_on) if charge.n == row.n else charge for charge in state.charges]


def _plain_interest(state: State, rows: Sequence[Instalment]) -> int:
    """What the periods of `rows` ask for in interest on the balance at hand, and nothing else."""
    balance, total = sum(row.principal for row in rows), 0
    for row in rows:
        total += to_minor(balance * _rate_of_row(state, row), state.terms.rounding)
        balance -= row.principal
    return total


def _rate_of_row(state: State, row: Instalment) -> Fraction:
    return rate_over(terms_of_row(state, row.n), state.starts_on(row), row.due_on)


def terms_of_row(state: State, n: int) -> Terms:
    """The terms that govern instalment `n`: those in force, at the rate that was last agreed for it."""
    rate = next((rate for from_n, rate in reversed(state.rates) if from_n <= n), None)
    return state.now if rate is None else replace(state.now, rate=rate)


def so_far(state: State, row: Instalment, on: date) -> int:
    """The interest that the running instalment owes through `on`: as reckoned where it follows what is owed, else by its days."""
    if not state.terms.recalculates or state.terms.rest is Rest.DUE_DATE:
        return by_days(state, row, on)
    reckoned = state.reckoned if state.reckoned_on == on and state.starts_on(row) < on else 0
    return reckoned + state.carried.get(row.n, 0)


def by_days(state: State, row: Instalment, on: date) -> int:
    """The part of an instalment's interest that the days of its period up to `on` have earned."""
    start = state.starts_on(row)
    return divide(row.interest * max(0, (on - start).days), (row.due_on - start).days, state.terms.rounding)


def _earned(state: State) -> dict[str, int]:
    """What the instalments have earned: all that a billed one asks for, and of another what is paid."""
    sums = {"interest_earned": 0, "fee_charged": 0, "penalty_charged": 0}
    for row in state.instalments:
        billed = row.due_on <= state.through
        sums["interest_earned"] += row.interest if billed else row.interest_paid
        sums["fee_charged"] += row.fee if billed else row.fee_paid
        sums["penalty_charged"] += row.penalty if billed else row.penalty_paid
    return sums


def _check(state: State, change: Rearrangement, loan: str, on: date) -> None:
    """Refusal, saying why, where the change could not be what anybody meant."""
    rows = regular(state)
    if state.closed or not any(row.unpaid for row in state.instalments):
        raise Refusal(f"loan {loan} has nothing that could be rearranged", code="nothing_to_rearrange", loan=loan)
    if change.from_n is not None:
        row = next((row for row in rows if row.n == change.from_n), None)
        if row is None or row.paid_on is not None:
            raise Refusal(
                f"instalment {change.from_n} is not there or is paid; name one that is still open", code="instalment_closed", field="from_n"
            )
        if change.kind in (Kind.EXTEND, Kind.HOLIDAY, Kind.NEW_RATE) and row.due_on <= on:
            raise Refusal(
                f"instalment {change.from_n} fell due on {row.due_on}; name one that has not", code="instalment_due", field="from_n"
            )
    to_come = _to_come(state, change.from_n, on)
    if change.kind in (Kind.EXTEND, Kind.HOLIDAY, Kind.NEW_RATE, Kind.REAMORTISE) and not to_come:
        raise Refusal(
            f"every instalment of loan {loan} has fallen due; defer, or ask for new instalments", code="nothing_to_come", loan=loan
        )
    if change.kind is Kind.REAMORTISE and not any(row.unpaid and row.due_on <= on for row in rows):
        raise Refusal(f"nothing of loan {loan} is overdue that could be spread", code="nothing_overdue", loan=loan)
    if change.kind is Kind.HOLIDAY and not change.longer and (change.periods or 0) >= len(to_come):
        raise Refusal(
            f"only {len(to_come)} instalments are to come; a holiday leaves one to pay, or makes the term longer",
            code="holiday_too_long", field="periods",
        )  # fmt: skip
    if change.kind is Kind.HOLIDAY and change.asks is not Asks.INTEREST and state.terms.recalculates:
        why = "interest of this contract follows what is owed each day; a holiday from it cannot be had, only one from principal"
        raise Refusal(why, code="holiday_from_interest", field="asks")
    if change.kind is Kind.EXTEND and state.now.method is Method.SINGLE_PERIOD:
        raise Refusal("a single period has no instalments to add to; defer it, or agree to instalments", code="single_period", field="kind")
    if change.start_on is not None and change.start_on <= on:
        raise Refusal(
            f"the first new instalment would fall due on {change.start_on}, which has come; name a later day",
            code="day_gone",
            field="start_on",
        )
    if len(rows) + (change.instalments or 0) + (change.periods or 0) > MOST_INSTALMENTS:
        raise BadInput(f"instalments: at most {MOST_INSTALMENTS} in all", field="instalments")


def _check_days(before: Sequence[Instalment], after: Sequence[Instalment], change: Rearrangement, on: date) -> None:
    was = {row.n: row.due_on for row in before}
    numbers = [row.n for row in after if row.n >= 1 and row.unpaid]
    for row in after:
        if row.unpaid and was.get(row.n) != row.due_on and row.due_on <= on:
            raise Refusal(
                f"instalment {row.n} would fall due on {row.due_on}, which has come; name a later day", code="day_gone", field="due_on"
            )
    if change.kind in (Kind.DUE_DATE, Kind.DUE_DATES) and numbers != sorted(numbers):
        raise Refusal(
            "an instalment would fall due before the one before it; move all of them, or name another day",
            code="out_of_order",
            field="due_on",
        )


def _moved_due_on(state: State, events: Sequence[Event], row: Instalment, months: int) -> date:
    """The due date of an instalment, moved by `months`: counted from the first due date, not from the one before."""
    terms = state.terms
    if any(event.kind == "rearranged" for event in events):
        return _stepped(replace(state.now, every_unit=Unit.MONTHS, every_count=1), row.due_on, months)
    n = min(row.n, terms.instalments)
    had = moved_months(events, row.n)
    if terms.every_unit is not Unit.MONTHS:
        return add_months(due_on(terms, n), had + months)
    return _from_the_first(terms, n, had + months)


def moved_months(events: Sequence[Event], n: int) -> int:
    """By how many months earlier deferrals have moved instalment `n`; those taken back count for nothing."""
    undone = {event.payload["event_no"] for event in events if event.kind == "reversal"}
    return sum(
        event.payload["months"]
        for event in events
        if event.kind == "deferred" and event.event_no not in undone and event.payload["from_n"] <= n
    )


def _from_the_first(terms: Terms, n: int, months: int) -> date:
    start, steps = (terms.disbursed_on, n) if terms.first_due_on is None else (terms.first_due_on, n - 1)
    return add_months(start, terms.every_count * steps + months)
