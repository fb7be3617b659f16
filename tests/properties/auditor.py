"""The auditor: what a loan promises about money, checked from the outside.

It knows the promises and adds up; how money falls on instalments it neither knows nor asks. What only the machine can
answer (what follows from events, what ends the loan on a day, what class a loan has) it is handed as `Machine`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from random import Random
from typing import Any, Final, NoReturn, Protocol

from holdfast.servicing.state import Event, State, by_day

PARTS: Final = ("principal", "interest", "fee", "penalty")
CHARGED: Final = {"interest": "interest_earned", "fee": "fee_charged", "penalty": "penalty_charged"}
MONEY_IN: Final = ("receipt", "goodwill")
CLASSES: Final = ("pass", "special_mention", "substandard", "doubtful", "loss")


class Broken(AssertionError):
    """A promise that a life has broken: its name, and by what."""

    def __init__(self, promise: str, found: str) -> None:
        super().__init__(f"{promise}: {found}")
        self.promise = promise


class Machine(Protocol):
    """What the auditor may ask of the loan's machinery."""

    def after(self, events: Sequence[Event]) -> State: ...
    def next(self, state: State, event: Event) -> State: ...
    def quote(self, state: State, on: date) -> int: ...
    def class_of(self, state: State, events: Sequence[Event], on: date) -> str: ...
    def days_late(self, state: State, on: date) -> int: ...


@dataclass(frozen=True)
class Auditor:
    """Reads a life as it was entered, and what the machine made of it."""

    machine: Machine

    def sums(self, events: Sequence[Event], state: State) -> None:
        """The promises that hold of every state, after every event."""
        standing = that_stand(events)
        self._nothing_negative(state)
        self._principal(standing, state)
        self._receipts(standing, state)
        self._charged(state)
        self._closed(state)

    def whole(self, events: Sequence[Event], state: State, chance: Random) -> None:
        """The promises about a life as a whole: order, reversal, and that the same gives the same."""
        if self.machine.after(events) != self.machine.after(events):
            broken("the same events give the same state", "two folds differ")
        self._row(events, state)
        self._order(events, chance)
        self._as_if_never(events, state, chance)
        self._handed_in_twice(events)

    def quoted(self, state: State, on: date, number: int) -> None:
        """A pay-off quote is what closes the loan on its day; one minor unit less does not."""
        name, before = "a pay-off quote is exactly what closes the loan", state.copy()
        asked = self.machine.quote(state, on)
        if state != before:
            broken(name, "asking changed the loan")
        if asked <= 0:
            return
        paid = self.machine.next(state.copy(), Event(number, "receipt", on, on, {"amount": asked}))
        if paid.paid_off_on != on or paid.principal_out or any(row.unpaid for row in paid.instalments):
            broken(name, f"{asked} on {on} leaves {paid.principal_out} of principal, paid off {paid.paid_off_on}")
        if paid.totals.overpaid != state.totals.overpaid:
            broken(name, f"{asked} on {on} is {paid.totals.overpaid - state.totals.overpaid} too much")
        if asked > 1:
            less = self.machine.next(state.copy(), Event(number, "receipt", on, on, {"amount": asked - 1}))
            if less.paid_off_on is not None:
                broken(name, f"{asked - 1} on {on} closes it too")

    def agreed(self, before: State, after: State, earlier: Sequence[Event], event: Event) -> None:
        """An agreement alone makes no loan look better: not its class while it is watched, and by a pause not its days late."""
        name, on = "an agreement alone betters no class", event.on
        was = self.machine.class_of(before, earlier, on)
        if event.kind in ("paused", "resumed"):
            late = self.machine.days_late(before, on), self.machine.days_late(after, on)
            if late[1] < late[0]:
                broken(name, f"{event.kind} on {on}: {late[0]} days late become {late[1]}")
        days = [on, on + timedelta(days=30)] if event.kind not in ("paused", "resumed") else [on]
        for day in days:
            now = self.machine.class_of(after, [*earlier, event], day)
            if CLASSES.index(now) < CLASSES.index(was):
                broken(name, f"{event.kind} on {on}: {was} becomes {now} on {day}")

    # ── each promise ───────────────────────────────────────────────────────────────────────────────────────

    def _nothing_negative(self, state: State) -> None:
        name = "no part and nothing unpaid is negative"
        numbers = [row.n for row in state.instalments]
        if len(set(numbers)) != len(numbers):
            broken(name, f"two instalments share a number: {numbers}")
        for row in state.instalments:
            for part in PARTS:
                asked, paid = getattr(row, part), getattr(row, f"{part}_paid")
                if not 0 <= paid <= asked:
                    broken(name, f"instalment {row.n}: {part} {asked}, paid {paid}")
            if (row.paid_on is not None) and row.unpaid:
                broken(name, f"instalment {row.n} is marked paid and asks for {row.unpaid}")
        for each in fields(state.totals):
            if getattr(state.totals, each.name) < 0:
                broken(name, f"{each.name} is {getattr(state.totals, each.name)}")
        if state.totals.refunded > state.totals.overpaid:
            broken(name, f"refunded {state.totals.refunded} of {state.totals.overpaid}")

    def _principal(self, standing: Sequence[Event], state: State) -> None:
        name, totals = "principal is neither made nor lost", state.totals
        lent = sum(event.payload["amount"] for event in standing if event.kind == "disbursed")
        taken = [event.payload for event in standing if event.kind == "taken_over"]
        lost_before = sum(payload.get("principal_written_off", 0) for payload in taken)
        taken_over = sum(payload["balance"] for payload in taken) + lost_before
        if (totals.disbursed, totals.taken_over) != (lent, taken_over):
            broken(name, f"{lent} lent and {taken_over} taken over stand as {totals.disbursed} and {totals.taken_over}")
        if not lent and not taken_over:
            return
        asked = sum(row.principal for row in state.instalments)
        if asked != lent + taken_over - lost_before:
            broken(name, f"the instalments ask for {asked} of {lent + taken_over - lost_before}")
        paid = sum(row.principal_paid for row in state.instalments)
        open_ = asked - paid
        if totals.principal_paid != paid:
            broken(name, f"{totals.principal_paid} is counted as paid, {paid} stands on the instalments")
        written_off = totals.principal_written_off - lost_before
        if open_ != (state.principal_out if state.written_off_on is None else written_off):
            broken(name, f"{open_} is open on the instalments, {state.principal_out} is out, {written_off} written off")
        if lent + taken_over != totals.principal_paid + totals.principal_written_off + state.principal_out:
            broken(name, "lent and taken over is not paid, written off and out")

    def _receipts(self, standing: Sequence[Event], state: State) -> None:
        name, totals = "each receipt is what it paid and what was too much", state.totals
        came = {event.event_no: event for event in standing if event.kind in MONEY_IN}
        laid: dict[int, int] = defaultdict(int)
        on_rows: dict[tuple[int, str], int] = defaultdict(int)
        for each in state.allocations:
            laid[each.event_no] += each.amount
            for part in PARTS:
                on_rows[each.n, part] += getattr(each, part)
        for number, amount in laid.items():
            # Less than nothing where interest that was paid ahead, and is now not owed, is more than the rest: it is over-paid.
            if number not in came or amount > came[number].payload["amount"]:
                broken(name, f"{amount} is laid from event {number}")
        given = sum(event.payload["amount"] for event in came.values() if event.kind == "receipt") + totals.goodwill
        used = sum(laid.values()) + totals.overpaid + totals.recovered
        if given != used:
            broken(name, f"{given} came in, {used} is laid, over-paid or recovered")
        for row in state.instalments:
            for part in PARTS:
                if on_rows[row.n, part] != getattr(row, f"{part}_paid"):
                    broken(name, f"instalment {row.n}: {part} paid {getattr(row, f'{part}_paid')}, laid {on_rows[row.n, part]}")

    def _charged(self, state: State) -> None:
        name = "what is charged and not paid is what the billed instalments still ask for"
        for part, charged in CHARGED.items():
            unpaid = getattr(state.totals, charged) - getattr(state.totals, f"{part}_paid")
            if state.written_off_on is not None:
                asked = getattr(state.totals, f"{part}_written_off")
            else:
                rows = [row for row in state.instalments if row.due_on <= state.through]
                asked = sum(getattr(row, part) - getattr(row, f"{part}_paid") for row in rows)
            if unpaid != asked:
                broken(name, f"{part}: {unpaid} charged and unpaid, {asked} asked for")

    def _closed(self, state: State) -> None:
        if state.paid_off_on is not None and (state.principal_out or any(row.unpaid for row in state.instalments)):
            broken("a loan that is paid off asks for nothing", f"{state.principal_out} is out")
        if state.totals.recovered and state.lost < 0:
            broken("no more is recovered than was given up", f"{-state.lost} more")

    def _row(self, events: Sequence[Event], state: State) -> None:
        again = self.machine.after(events)
        # A further down payment stands behind an instalment of its day as it comes, and before it when the row is read.
        again.instalments.sort(key=by_day)
        state.instalments.sort(key=by_day)
        if replace(again, allocations=[]) != replace(state, allocations=[]):
            broken("the row that was carried on is the fold from scratch", difference(state, again))

    def _order(self, events: Sequence[Event], chance: Random) -> None:
        name, state = "any order of entry gives one state", self.machine.after(events)
        if (other := self.machine.after(chance.sample(list(events), len(events)))) != state:
            broken(name, difference(state, other))
        numbers, order = {}, sorted(events, key=lambda event: (event.on, event.event_no))
        days = sorted({event.on for event in events})
        chance.shuffle(days)
        for number, event in enumerate(sorted(order, key=lambda event: (days.index(event.on), event.event_no)), 1):
            numbers[event.event_no] = number
        entered = [renumbered(event, numbers) for event in order]
        other = self.machine.after(entered)
        if replace(other, allocations=[]) != replace(state, allocations=[]):
            broken(name, f"learned of in another order: {difference(state, other)}")

    def _as_if_never(self, events: Sequence[Event], state: State, chance: Random) -> None:
        name = "an event and its reversal are as if neither had been"
        again = self.machine.after(events)
        if self.machine.after(that_stand(events)) != again:
            broken(name, "without what was taken back the state is another")
        if not events:
            return
        last, first = max(event.on for event in events), min(event.on for event in events)
        number = max(event.event_no for event in events) + 1
        on = first + timedelta(days=chance.randint(0, (last - first).days))
        amount = chance.randint(1, max(2, state.terms.principal))
        tried = Event(number, "receipt", on, last, {"amount": amount})
        undone = Event(number + 1, "reversal", last, last, {"event_no": number})
        if (other := self.machine.after([*events, tried, undone])) != again:
            broken(name, f"a receipt of {amount} on {on}: {difference(again, other)}")

    def _handed_in_twice(self, events: Sequence[Event]) -> None:
        """A night that runs twice and a reversal that is sent twice change nothing."""
        entered: list[Event] = []
        for event in sorted(events, key=lambda each: each.event_no):
            entered += [event, event] if event.kind in ("instalment_due", "reversal") else [event]
        numbers = {event.event_no: number for number, event in enumerate(entered, 1)}
        again = []
        for number, event in enumerate(entered, 1):
            again.append(replace(renumbered(event, numbers), event_no=number))
        state, other = self.machine.after(events), self.machine.after(again)
        if replace(other, allocations=[]) != replace(state, allocations=[]):
            broken("a night or a reversal handed in twice counts once", difference(state, other))


def that_stand(events: Sequence[Event]) -> list[Event]:
    """The events that count: neither reversals nor taken back by one."""
    back = {event.payload["event_no"] for event in events if event.kind == "reversal"}
    return [event for event in events if event.kind != "reversal" and event.event_no not in back]


def renumbered(event: Event, numbers: dict[int, int]) -> Event:
    """The event as if it had been entered at another place."""
    payload = dict(event.payload)
    if event.kind == "reversal":
        payload["event_no"] = numbers.get(payload["event_no"], -1)
    return replace(event, event_no=numbers[event.event_no], payload=payload)


def difference(one: State, other: State) -> str:
    """The first fields in which two states differ."""
    found: list[Any] = [
        (each.name, getattr(one, each.name), getattr(other, each.name))
        for each in fields(one)
        if each.name != "allocations" and getattr(one, each.name) != getattr(other, each.name)
    ]
    return "; ".join(f"{name}: {str(a)[:600]} / {str(b)[:600]}" for name, a, b in found[:3])


def broken(promise: str, found: str) -> NoReturn:
    raise Broken(promise, found)
