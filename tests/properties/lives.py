"""Lives: random contracts, and what happens to them in up to ten years, over the pure fold.

A life is its terms and the events in the order in which they were entered, so that it can be told again, shortened and
printed. Each event is entered on the stored row, as the book does it; a backdated one and a reversal replay the fold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any, Final, cast

from holdfast.kernel.calendar import DayCount, Unit
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.rate import Per, Rate
from holdfast.kernel.rounding import Rounding
from holdfast.policy import Lender, Pack, shipped
from holdfast.products.terms import (
    PARTS,
    Across,
    Annuity,
    Early,
    Excess,
    Fee,
    FeeAt,
    FeeOf,
    Method,
    OverdueInterest,
    PayoffInterest,
    Penalty,
    PenaltyBase,
    PeriodInterest,
    Rest,
    Terms,
)
from holdfast.servicing import fold as fold_of
from holdfast.servicing import payoff as payoff_of
from holdfast.servicing.arrears import days_past_due, five_tier, floor_on
from holdfast.servicing.held import Held
from holdfast.servicing.rearranging import AGREEMENTS, _watched, watched
from holdfast.servicing.relief import waivable
from holdfast.servicing.rescheduling import Arrears, Asks, Kind, Rearrangement, rearranged
from holdfast.servicing.state import Event, State, by_day
from tests.properties.auditor import Auditor, Broken, difference
from tests.servicing.test_stored_state import reread

TEN_YEARS: Final = 3_650
FLOORS: Final = {"special_mention": 1, "substandard": 91, "doubtful": 271, "loss": 361}
# A unit, how many of it, and about how many days that is.
SPACINGS: Final = (
    (Unit.MONTHS, 1, 30),
    (Unit.MONTHS, 3, 91),
    (Unit.WEEKS, 1, 7),
    (Unit.WEEKS, 2, 14),
    (Unit.DAYS, 10, 10),
    (Unit.DAYS, 45, 45),
)
# What staff may take back; what a loan began with and what the night billed stand.
TAKEN_BACK: Final = frozenset(
    {"receipt", "refund", "waived", "deferred", "rearranged", "charge", "waived_part", "goodwill", "paused", "resumed", "written_off"}
)


@dataclass(frozen=True)
class FoldOf:
    """The machine of one contract, as the auditor asks it."""

    terms: Terms

    def after(self, events: Sequence[Event]) -> State:
        return fold_of.fold(self.terms, events)

    def next(self, state: State, event: Event) -> State:
        return fold_of.step(state, event)

    def quote(self, state: State, on: date) -> int:
        return payoff_of.payoff(state, on)

    def days_late(self, state: State, on: date) -> int:
        return days_past_due(state.oldest_unpaid_due_on, on, state.pauses)

    def class_of(self, state: State, events: Sequence[Event], on: date) -> str:
        floor, until = watched(events)
        return five_tier(self.days_late(state, on), FLOORS, floor_on(floor, until, on))


@dataclass
class Life:
    """One loan, lived. `state` is what its row says; `refused` counts what the loan would not take."""

    terms: Terms
    audits: bool = True
    events: list[Event] = field(default_factory=list)
    refused: int = 0
    trying: Event | None = None

    def __post_init__(self) -> None:
        self.state = fold_of.begin(self.terms)
        self.machine = FoldOf(self.terms)
        self.auditor = Auditor(self.machine)
        self.last_on = self.terms.disbursed_on

    def enter(self, event: Event) -> bool:
        """Enter an event as the book does; False, with everything as it was, if the loan refuses it."""
        self.state.instalments.sort(key=by_day)
        before = reread(self.state)
        before.allocations = self.state.allocations[:]
        self.trying = event
        tried = before.copy()
        try:
            if event.kind == "reversal" or event.on < self.last_on:
                after = fold_of.fold(self.terms, [*self.events, event])
            else:
                after = fold_of.step(tried, event)
        except Refusal:
            self.refused += 1
            self.trying = None
            if before != self.state:
                raise Broken("a refused event leaves the loan as it was", f"{event.kind} on {event.on}") from None
            return False
        if before != self.state:
            raise Broken("a refused event leaves the loan as it was", f"{event.kind} on {event.on}: {difference(before, self.state)}")
        if self.audits and event.kind in AGREEMENTS | {"paused", "resumed"} and event.on >= self.last_on:
            self.auditor.agreed(self.state, after, self.events, event)
        self.state, self.last_on = after, max(self.last_on, event.on)
        self.events.append(event)
        if self.audits:
            self.auditor.sums(self.events, self.state)
        return True

    @property
    def entered(self) -> list[Event]:
        """All that was entered, with the event whose entry failed."""
        return self.events if self.trying is None or self.trying in self.events else [*self.events, self.trying]

    @property
    def number(self) -> int:
        return max((event.event_no for event in self.events), default=0) + 1

    def nights(self, through: date) -> None:
        """Bill what has fallen due."""
        if not self.state.closed:
            for row in [replace(row) for row in self.state.instalments]:
                if self.state.through < row.due_on <= through:
                    self.enter(Event(self.number, "instalment_due", row.due_on, through, {"n": row.n}))


def told(terms: Terms, events: Sequence[Event], seed: int) -> Life:
    """The life told again from what was entered, and audited: the nights bill what now falls due, and nothing is agreed that is refused."""
    life = Life(terms)
    numbers: dict[int, int] = {}
    for event in events:
        if event.kind == "instalment_due":
            life.nights(event.entered_on)
            continue
        payload = dict(event.payload)
        if event.kind == "reversal":
            if payload["event_no"] not in numbers:
                continue
            payload["event_no"] = numbers[payload["event_no"]]
        elif event.kind in AGREEMENTS:
            said = payload["change"] if event.kind == "rearranged" else {"kind": "defer", "months": payload["months"]}
            try:
                plan = rearranged(life.state, life.events, Rearrangement.from_json(said), loan="ln_x", on=event.on)
            except (Refusal, BadInput):
                continue
            payload |= plan.payload
        numbers[event.event_no] = life.number
        try:
            life.enter(replace(event, event_no=life.number, payload=payload))
        except Exception as error:
            error.life = life  # type: ignore[attr-defined]
            raise
    try:
        closing_audit(life, seed)
    except Exception as error:
        error.life = life  # type: ignore[attr-defined]
        raise
    return life


def closing_audit(life: Life, seed: int) -> None:
    """What is asked of a life once, at its end."""
    chance = Random(seed)
    life.auditor.whole(life.events, life.state, chance)
    if life.events:
        for days in (0, chance.randint(1, 400)):
            life.auditor.quoted(life.state, life.last_on + timedelta(days=days), life.number)


def live(seed: int) -> Life:
    """A random life by its seed. Broken, with the life as `life`, where it breaks a promise."""
    chance = Random(seed)
    life = Life(product(chance))
    try:
        _live(life, chance)
        closing_audit(life, seed)
    except Exception as error:
        error.life = life  # type: ignore[attr-defined]
        raise
    return life


def _live(life: Life, chance: Random) -> None:
    terms, today = life.terms, life.terms.disbursed_on
    if chance.random() < 0.1 and not terms.down_payment_ppb:
        today = _taken_over(life, chance)
    else:
        life.enter(Event(1, "disbursed", today, today, {"amount": terms.principal}))
    term = max((life.state.instalments[-1].due_on - today).days, 1) if life.state.instalments else 30
    ends = min(today + timedelta(days=int(term * 1.4) + 90), terms.disbursed_on + timedelta(days=TEN_YEARS))
    moments = chance.randint(2, 28)
    for _ in range(moments):
        today += timedelta(days=max(0, int(chance.expovariate(moments / ((ends - terms.disbursed_on).days + 1)))))
        if today > ends:
            break
        life.nights(today - timedelta(days=chance.randint(0, 1)))
        today = max(today, life.last_on)
        kind = chance.choices(list(ACTS), [weight for weight, _act in ACTS.values()])[0]
        ACTS[kind][1](life, chance, today)
        if chance.random() < 0.1:
            life.auditor.quoted(life.state, today + timedelta(days=chance.randint(0, 60)), life.number)


# ── what happens ───────────────────────────────────────────────────────────────────────────────────────────


def _say(life: Life, kind: str, on: date, today: date, **payload: Any) -> None:
    life.enter(Event(life.number, kind, on, today, payload))


def _taken_over(life: Life, chance: Random) -> date:
    terms = life.terms
    first = chance.randint(1, terms.instalments)
    rows = [row for row in life.state.instalments if 1 <= row.n < first]
    as_of = (rows[-1].due_on if rows else terms.disbursed_on) + timedelta(days=chance.randint(0, 90))
    balance = chance.choice([terms.principal - sum(row.principal for row in rows), chance.randint(0, terms.principal)])
    lost = {"principal_written_off": chance.randint(1, terms.principal)} if chance.random() < 0.15 else {}
    _say(life, "taken_over", as_of, as_of, balance=balance, first_unpaid_n=first, **lost)
    return as_of


def _receipt(life: Life, chance: Random, today: date) -> None:
    """Money as it comes: what is due, some of it, more than it, all of it, or any amount; now and then learned of later."""
    state, on = life.state, today
    if chance.random() < 0.25:
        on = max(life.events[0].on, today - timedelta(days=chance.randint(1, 120)))
    due = state.unpaid_due(today) or state.next_due[1]
    some = chance.randint(1, max(1, life.terms.principal // 2))
    amounts = [due, due, due, max(1, due // 3), due + some, some, chance.randint(1, 50), payoff_of.payoff(state, today)]
    if chance.random() < 0.1:
        amounts = [payoff_of.payoff(state, today) + some]
    payload: dict[str, Any] = {"amount": max(1, chance.choice(amounts))}
    if life.terms.early is not Early.AHEAD and chance.random() < 0.3:
        payload["early"] = chance.choice(["reduce", "shorten", "next"])
    if chance.random() < 0.1:
        payload["type"] = chance.choice(["merchant_refund", "payout_refund"])
    _say(life, "receipt", on, today, **payload)


def _refund(life: Life, chance: Random, today: date) -> None:
    left = life.state.totals.overpaid - life.state.totals.refunded
    _say(life, "refund", today, today, amount=chance.choice([left or 1, max(1, left // 2), left + 1]))


def _charge(life: Life, chance: Random, today: date) -> None:
    if not life.state.closed:
        due = today + timedelta(days=chance.choice([0, 0, 10, 40, 400]))
        part = chance.choice(["fee", "fee", "penalty"])
        _say(life, "charge", today, today, part=part, amount=chance.randint(1, 9_999), due_on=due.isoformat())


def _waived_part(life: Life, chance: Random, today: date) -> None:
    if not life.state.closed:
        parts = {part: chance.randint(0, most) for part, most in waivable(life.state, today).items() if most > 0}
        if any(parts.values()):
            _say(life, "waived_part", today, today, **chance.choice([parts, waivable(life.state, today)]))


def _waived(life: Life, chance: Random, today: date) -> None:
    if not life.state.closed:
        _say(life, "waived", today, today, why="cooling_off")


def _goodwill(life: Life, chance: Random, today: date) -> None:
    owed = payoff_of.payoff(life.state, today)
    if owed > 0:
        _say(life, "goodwill", today, today, amount=chance.choice([owed, chance.randint(1, owed), min(owed, 100)]))


def _pause(life: Life, chance: Random, today: date) -> None:
    starts = today + timedelta(days=chance.choice([0, 0, 5]))
    ends = starts + timedelta(days=chance.randint(1, 90))
    free = all(ends < each.starts_on or each.ends_on < starts or each.starts_on == each.ends_on for each in life.state.pauses)
    if not life.state.closed and free:
        _say(life, "paused", today, today, starts_on=starts.isoformat(), ends_on=ends.isoformat())


def _resume(life: Life, chance: Random, today: date) -> None:
    if not life.state.closed and any(each.ends_on > max(today, each.starts_on) for each in life.state.pauses):
        _say(life, "resumed", today, today)


def _rearrange(life: Life, chance: Random, today: date) -> None:
    """Any kind of agreement that is not refused, with the watch over the class that the book sets with it."""
    if life.state.closed:
        return
    try:
        plan = rearranged(life.state, life.events, agreement(life, chance, today), loan="ln_x", on=today)
    except (Refusal, BadInput):
        life.refused += 1
        return
    floor, until = watched(life.events)
    held = SimpleNamespace(account=SimpleNamespace(class_floor=floor, observe_until=until))
    floor, until = _watched(cast(Held, held), PACK, cast(Lender, SimpleNamespace(lender_type="bank")), plan.days_late, today)
    _say(life, plan.event_kind, today, today, **plan.payload, class_floor=floor, observe_until=until.isoformat())


def agreement(life: Life, chance: Random, today: date) -> Rearrangement:
    """Any agreement that somebody might ask for."""
    kind = chance.choice(list(Kind))
    open_rows = [row.n for row in life.state.instalments if row.n >= 1 and row.unpaid] or [1]
    n, later = chance.choice([open_rows[0], chance.choice(open_rows)]), today + timedelta(days=chance.randint(1, 90))
    from_n = chance.choice([None, None, n])
    rate = Rate(chance.choice([0, 60_000_000, 240_000_000]))
    asks, arrears = chance.choice([None, *Asks]), chance.choice([None, *Arrears])
    every = chance.choice([{}, {}, {"every_unit": Unit.WEEKS, "every_count": 2}, {"every_unit": Unit.MONTHS, "every_count": 2}])
    count = chance.randint(1, 12)
    given: dict[Kind, dict[str, Any]] = {
        Kind.DEFER: {"months": chance.randint(1, 6)},
        Kind.DUE_DATE: {"from_n": n, "due_on": later},
        Kind.DUE_DATES: {"from_n": n, "due_on": later},
        Kind.EXTEND: {"instalments": count, "from_n": from_n},
        Kind.HOLIDAY: {"periods": chance.randint(1, 4), "from_n": from_n, "asks": asks, "longer": chance.choice([None, True])},
        Kind.NEW_RATE: {"rate": rate, "from_n": from_n},
        Kind.REAMORTISE: {"arrears": arrears},
        Kind.REAGE: {"instalments": count, "start_on": later, **every},
        Kind.REINSTAL: {"instalments": count, "start_on": later, "rate": chance.choice([None, rate]), **every},
    }
    return Rearrangement(kind, **given[kind])


def _more(life: Life, chance: Random, today: date) -> None:
    state, limit = life.state, life.terms.limit or life.terms.principal
    room = limit - state.totals.disbursed
    if room > 0 and not state.closed and state.totals.disbursed:
        _say(life, "disbursed", today, today, amount=chance.randint(1, room))


def _write_off(life: Life, chance: Random, today: date) -> None:
    if not life.state.closed:
        _say(life, "written_off", today, today, reason="示例")


def _take_back(life: Life, chance: Random, today: date) -> None:
    """Undo any earlier event that staff may undo; sometimes one that is undone already."""
    earlier = [event.event_no for event in life.events if event.kind in TAKEN_BACK]
    earlier += [event.event_no for event in life.events if event.kind == "disbursed"][1:]
    if earlier:
        _say(life, "reversal", today, today, event_no=chance.choice(earlier))


ACTS: Final[dict[str, tuple[int, Callable[[Life, Random, date], None]]]] = {
    "receipt": (45, _receipt),
    "rearrange": (14, _rearrange),
    "take back": (9, _take_back),
    "charge": (6, _charge),
    "waive a part": (5, _waived_part),
    "goodwill": (4, _goodwill),
    "pause": (4, _pause),
    "resume": (2, _resume),
    "refund": (5, _refund),
    "lend more": (5, _more),
    "write off": (2, _write_off),
    "withdraw": (1, _waived),
}
PACK: Final[Pack] = shipped()


# ── what may be lent ───────────────────────────────────────────────────────────────────────────────────────


def product(chance: Random) -> Terms:
    """Any contract that can be written; one that cannot is thrown away and another drawn."""
    while True:
        try:
            terms = _product(chance)
            fold_of.begin(terms)
        except BadInput:
            continue
        return terms


def _product(chance: Random) -> Terms:
    method = chance.choice(list(Method))
    unit, count, days = chance.choice(SPACINGS)
    longest = min(TEN_YEARS // days - 2, 120 if chance.random() < 0.03 else 18)
    instalments = 1 if method is Method.SINGLE_PERIOD else chance.randint(1, longest)
    starts = date(2023, 12, 1) + timedelta(days=chance.randint(0, 900))
    principal = chance.choice([chance.randint(100, 5_000), chance.randint(10_000, 3_000_000), 120_000])
    per, ppb = chance.choice([(Per.YEAR, 0), (Per.YEAR, 123_456_789), (Per.YEAR, 240_000_000), (Per.MONTH, 10_000_000), (Per.DAY, 300_000)])
    overdue = chance.choice([OverdueInterest.NONE, OverdueInterest.NONE, *OverdueInterest])
    early = chance.choice([Early.AHEAD, Early.AHEAD, Early.AHEAD, *Early])
    recalculates = method is not Method.FLAT and (early is not Early.AHEAD or overdue is not OverdueInterest.NONE)
    parts = list(PARTS)
    chance.shuffle(parts)
    first = starts + timedelta(days=chance.randint(1, 60)) if chance.random() < 0.15 else None

    def rare(value: Any, otherwise: Any, often: float = 0.15) -> Any:
        return value if chance.random() < often else otherwise

    return Terms(
        currency=chance.choice(["CNY", "CNY", "EUR", "JPY"]),
        principal=principal,
        method=method,
        rate=Rate(ppb, per),
        instalments=instalments,
        disbursed_on=starts,
        day_count=chance.choice(list(DayCount)),
        period_interest=chance.choice(list(PeriodInterest)),
        every_count=count,
        every_unit=unit,
        first_due_on=first,
        rounding=chance.choice(list(Rounding)),
        instalment_rounding=chance.choice(list(Rounding)),
        instalment_multiple=chance.choice([1, 1, 100]),
        instalment_amount=rare(max(1, principal // instalments + chance.randint(-5, principal // 10 + 5)), None, 0.1),
        principal_grace=rare(chance.randint(0, instalments - 1), 0),
        interest_grace=0 if recalculates else rare(chance.randint(0, instalments - 1), 0),
        annuity=chance.choice(list(Annuity)),
        balanced=chance.random() < 0.3,
        down_payment_ppb=rare(chance.choice([100_000_000, 250_000_000]), 0),
        allocation=tuple(parts),
        allocation_in_advance=rare(tuple(reversed(parts)), None),
        across=chance.choice(list(Across)),
        excess=chance.choice(list(Excess)),
        excess_for=rare((("goodwill", Excess.SPREAD), ("merchant_refund", Excess.LAST)), ()),
        payoff_interest=chance.choice(list(PayoffInterest)),
        early=early if recalculates else Early.AHEAD,
        overdue_interest=overdue if recalculates else OverdueInterest.NONE,
        compounding=recalculates and overdue is not OverdueInterest.NONE and chance.random() < 0.5,
        rest=chance.choice(list(Rest)) if recalculates else Rest.DAILY,
        limit=rare(principal * 2, None, 0.3),
        balloon=rare(principal // 4, 0, 0.1) if method not in (Method.INTEREST_FIRST, Method.SINGLE_PERIOD) else 0,
        fees=tuple(
            chance.sample(
                [
                    Fee("放款费", 500, FeeAt.DISBURSEMENT),
                    Fee("期费", 300, FeeAt.EACH_INSTALMENT),
                    Fee("评估费", 700, starts + timedelta(days=50)),
                    Fee("服务费", 0, FeeAt.EACH_INSTALMENT, ppb=10_000_000, of=FeeOf.INSTALMENT),
                ],
                chance.choice([0, 0, 1, 2]),
            )
        ),
        penalty=rare(
            chance.choice(
                [
                    Penalty(PenaltyBase.PRINCIPAL, ratio_ppb=1_500_000_000),
                    Penalty(PenaltyBase.PRINCIPAL_AND_INTEREST, ppb=477_777, from_day=chance.randint(1, 15)),
                ]
            ),
            None,
            0.5,
        ),
    )


# ── a shorter story ────────────────────────────────────────────────────────────────────────────────────────


def shrunk(life: Life, error: Exception, seed: int, *, tries: int = 400) -> tuple[list[Event], Exception]:
    """The life with every event left out that the same failure does not need, and how that one fails."""
    kind = promise_of(error)
    events, kept = life.entered, error
    at = len(events) - 1
    while at > 0 and tries:
        fewer = events[:at] + events[at + 1 :]
        tries -= 1
        try:
            told(life.terms, fewer, seed)
        except Exception as found:  # noqa: BLE001  # a crash is a failure to shorten too
            if promise_of(found) == kind:
                events, kept = fewer, found
        at -= 1
    return events, kept


def promise_of(error: Exception) -> str:
    """The promise that was broken, or the kind of failure."""
    return error.promise if isinstance(error, Broken) else type(error).__name__


def story_of(terms: Terms, events: Sequence[Event]) -> str:
    """The life as one can read it, and paste it into a test."""
    plain = {name: value for name, value in terms.to_json().items() if value not in (None, [], False)}
    lines = [f"  Event({e.event_no}, {e.kind!r}, {e.on.isoformat()}, {e.entered_on.isoformat()}, {dict(e.payload)!r})" for e in events]
    return "\n".join([f"Terms.from_json({plain!r})", *lines])
