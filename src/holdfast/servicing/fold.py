"""State = fold(terms, events): the one rule that the single receipt, the replay and the batch all call.

`step` is total over the kinds of event and exact to the minor unit. The order of events is by value date
and then by number, so a backdated receipt folds as if it had been entered on its day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

from holdfast.kernel.errors import Fault, Refusal
from holdfast.kernel.rate import Rate
from holdfast.products.schedule import Instalment, down_payment, evenly, rest_of_schedule, schedule
from holdfast.products.terms import PayoutJoins, Terms
from holdfast.servicing import charging, recalculation, rescheduling
from holdfast.servicing.allocation import allocate
from holdfast.servicing.payoff import ends, owed_interest, payoff
from holdfast.servicing.state import Allocation, Charge, Event, State, Totals

__all__ = ["Allocation", "Charge", "Event", "Instalment", "State", "Totals", "begin", "fold", "in_order", "step"]


def begin(terms: Terms) -> State:
    """The loan as agreed, before any money has moved."""
    return _agreed(terms).copy()


@lru_cache(maxsize=8_192)
def _agreed(terms: Terms) -> State:
    # Contracts of one product and day are often alike, and who proves a book begins with each of its contracts.
    return State(terms, schedule(terms), Totals(), through=terms.disbursed_on, penalised_through=terms.disbursed_on)


def step(state: State, event: Event) -> State:
    """`state` after `event`. Changes `state` in place and returns it; `state.copy()` first if the old one is needed.

    A reversal cannot be stepped, only folded: what it undoes lies in the past.
    """
    try:
        rule = _RULES[event.kind]
    except KeyError:
        raise Fault(f"no rule for an event of kind {event.kind}", code="unknown_event") from None
    charging.accrue(state, event.on)
    if state.terms.recalculates:
        recalculation.reckon(state, event.on, kind=event.kind)
    rule(state, event)
    return state


def fold(terms: Terms, events: Iterable[Event]) -> State:
    """The state after all of `events`, in any order given; reversed ones and their reversals count for nothing."""
    state = begin(terms)
    for event in in_order(events):
        step(state, event)
    return state


def in_order(events: Iterable[Event]) -> list[Event]:
    """The events that count, by value date and then number: those neither reversals nor reversed.

    Fault if two have one number: which of them came first, and what a reversal means, could not be said.
    """
    kept = list(events)
    if len({event.event_no for event in kept}) < len(kept):
        raise Fault("two events of one loan have the same number", code="event_twice")
    undone = {event.payload["event_no"] for event in kept if event.kind == "reversal"}
    kept = [event for event in kept if event.kind != "reversal" and event.event_no not in undone]
    kept.sort(key=lambda event: (event.on, event.event_no))
    return kept


def _disbursed(state: State, event: Event) -> None:
    amount = _amount(event.payload)
    further = state.totals.disbursed > 0
    state.totals.disbursed += amount
    if further:
        _spread_further(state, event, amount)
    else:
        # The fees of the day of the payout fall due with it.
        state.totals.fee_charged += sum(row.fee for row in state.instalments if row.due_on <= state.through)


def _spread_further(state: State, event: Event, amount: int) -> None:
    """A second payout joins the instalments still to fall due, after its own down payment, and bears interest from its day.

    Without interest it joins in equal parts, and what falls due on its own day too if the contract says so. A contract that
    fixes its instalment keeps it, so that the loan runs longer within its term; otherwise the instalment is set anew. A loan
    that was paid off owes this sum and nothing else.
    """
    terms = state.terms
    was_paid_off, state.paid_off_on = state.paid_off_on is not None, None
    if terms.instalment_amount is not None:
        rescheduling.fill_term(state)
    bears_interest = bool(state.now.rate.ppb or state.rates)
    same_day = terms.payout_joins is PayoutJoins.SAME_DAY and not bears_interest
    rows = [row for row in rescheduling.regular(state) if row.due_on > event.on or (same_day and row.due_on == event.on)]
    if not rows:
        raise Refusal("a payout cannot come after the last due date", code="after_maturity", event_no=event.event_no)
    at_once = down_payment(terms, amount)
    # Of a loan that was paid off the rows to come are what was paid of them; the sum is laid as if they were empty, and joins that.
    paid = [(row.principal_paid, row.interest_paid) if was_paid_off else (0, 0) for row in rows]
    for row, (principal, interest) in zip(rows, paid, strict=True):
        row.principal, row.principal_paid = row.principal - principal, row.principal_paid - principal
        row.interest, row.interest_paid = row.interest - interest, row.interest_paid - interest
    if bears_interest:
        rescheduling.relay(state, rows, [], event.on, joins=amount - at_once, keeps_level=terms.instalment_amount is not None)
        recalculation.restart(state, event.on)
    else:
        balance = sum(row.principal for row in rows) + amount - at_once
        rescheduling.fit(rows, [(principal, row.interest) for row, principal in zip(rows, evenly(terms, balance, len(rows)), strict=True)])
    for row, (principal, interest) in zip(rows, paid, strict=True):
        row.principal, row.principal_paid = row.principal + principal, row.principal_paid + principal
        row.interest, row.interest_paid = row.interest + interest, row.interest_paid + interest
        if row.unpaid:
            row.paid_on = None
    if at_once:
        earliest = min(row.n for row in state.instalments)
        state.instalments.append(Instalment(min(0, earliest) - 1, event.on, at_once, 0))
        state.arrange()


def _charge(state: State, event: Event) -> None:
    """A fee or penalty joins the instalment in whose period it falls due; after the last one it stands alone."""
    amount, falls_due = _amount(event.payload), event.payload["due_on"]
    if isinstance(falls_due, str):
        falls_due = date.fromisoformat(falls_due)
    regular = rescheduling.regular(state)
    row = next((row for row in regular if falls_due <= row.due_on), None)
    if row is None:
        last = max((row.due_on for row in regular), default=state.terms.disbursed_on)
        # What has been billed keeps its day: moved on, it would be billed again.
        alone = [row for row in state.instalments if row.n in state.loose and row.due_on > last]
        row = next((row for row in alone if row.due_on > state.through or falls_due <= row.due_on), None)
        if row is None:
            row = Instalment(max(row.n for row in state.instalments) + 1, falls_due, 0, 0)
            state.loose.add(row.n)
            state.instalments.append(row)
        row.due_on = max(row.due_on, falls_due)
        state.arrange()
    state.charges.append(Charge(row.n, event.payload["part"], amount, falls_due))
    billed = row.due_on <= state.through
    if event.payload["part"] == "penalty":
        row.penalty += amount
        state.totals.penalty_charged += amount if billed else 0
    else:
        row.fee += amount
        state.totals.fee_charged += amount if billed else 0
    if row.unpaid:
        row.paid_on = None
        state.paid_off_on = None


def _taken_over(state: State, event: Event) -> None:
    """The book of another lender begins here: its balance, at the contract's own instalment.

    Interest of instalments that are already due is owed, so it is earned at once. Principal that the
    other lender had given up is taken over and written off; receipts on it are recoveries.
    """
    balance = _amount(event.payload, "balance")
    lost = _amount(event.payload, "principal_written_off") if "principal_written_off" in event.payload else 0
    totals = state.totals
    totals.taken_over += balance + lost
    totals.principal_written_off += lost
    state.through = event.on
    first = min(event.payload["first_unpaid_n"], state.terms.instalments)
    state.instalments = rest_of_schedule(state.terms, balance=balance, first=first) if balance else []
    totals.interest_earned += sum(row.interest for row in state.instalments if row.due_on <= event.on)
    if lost and not balance:
        state.written_off_on = event.on
    elif not balance:
        state.paid_off_on = event.on


def _instalment_due(state: State, event: Event) -> None:
    """The night bills instalment `n` and all that falls due by its day: interest and charges are earned whether or not they are paid.

    Two may fall due on one day: one that an agreement has closed, and a new one. What, by all that is known now, falls due
    later than the night had it is billed on its own day.
    """
    day = next((row.due_on for row in state.instalments if row.n == event.payload["n"] and row.due_on <= event.on), state.through)
    if not state.closed:
        for row in state.instalments:
            if state.through < row.due_on <= day:
                state.totals.interest_earned += row.interest - row.interest_paid
                state.totals.fee_charged += row.fee - row.fee_paid
                state.totals.penalty_charged += row.penalty - row.penalty_paid
    state.through = max(state.through, day)


def _receipt(state: State, event: Event) -> None:
    amount = _amount(event.payload)
    totals = state.totals
    if not totals.disbursed and not totals.taken_over:
        raise Refusal("a receipt cannot come before the money was paid out", code="not_paid_out", event_no=event.event_no)
    if state.written_off_on is not None:
        recovered = min(amount, state.lost)
        totals.recovered += recovered
        totals.overpaid += amount - recovered
    elif state.paid_off_on is not None:
        totals.overpaid += amount
    elif ends(state, amount, event.on):
        _pay_off(state, event, amount, list(owed_interest(state, event.on)))
    else:
        totals.overpaid += _lay(state, event, amount, event.payload.get("type", "receipt"))


def _goodwill(state: State, event: Event) -> None:
    """The lender pays a part of the debt from its own pocket: it falls as a receipt would. Never more than is owed on the day."""
    owed = payoff(state, event.on)
    amount = min(_amount(event.payload), owed)
    state.totals.goodwill += amount
    if state.closed:
        return
    if amount == owed:
        _pay_off(state, event, amount, list(owed_interest(state, event.on)))
    else:
        state.totals.overpaid += _lay(state, event, amount, "goodwill")


def _lay(state: State, event: Event, amount: int, kind: str) -> int:
    """Lay money that does not end the loan on what is due and then on what is not, as the contract says of money of this kind."""
    if state.terms.recalculates:
        return recalculation.receive(state, event, amount)
    excess = state.terms.excess_of(kind)
    return allocate(state, event_no=event.event_no, on=event.on, amount=amount, excess=excess)


def _forgiven(state: State, event: Event) -> None:
    """What is still owed is given up, and the loan ends: a settlement was kept.

    Interest, fees and penalty are no longer asked for, and principal is the lender's expense. Of a loan that was written off
    nothing is on the books any more; what is still claimed is claimed no longer.
    """
    totals = state.totals
    if state.paid_off_on is not None:
        return
    if state.written_off_on is not None:
        totals.forgiven += state.lost
        state.paid_off_on = event.on
        return
    kept = []
    for row, owed in list(owed_interest(state, event.on)):
        if row.due_on <= state.through:
            totals.interest_earned -= max(owed - row.interest_paid, 0)
            totals.fee_charged -= row.fee - row.fee_paid
            totals.penalty_charged -= row.penalty - row.penalty_paid
        row.fee, row.penalty = row.fee_paid, row.penalty_paid
        kept.append((row, min(owed, row.interest_paid)))
    # Interest that was paid ahead and is not owed pays principal first, as in any pay-off.
    amount = max(state.principal_out - sum(row.interest_paid - owed for row, owed in kept), 0)
    totals.goodwill += amount
    _pay_off(state, event, amount, kept)


def _pay_off(state: State, event: Event, amount: int, all_owed: list[tuple[Instalment, int]]) -> None:
    """Pay every part that is owed, of interest `all_owed`; what is not earned falls away, and what was paid of it is credited."""
    totals = state.totals
    left = amount
    if state.terms.recalculates:
        recalculation.lay_paid_off(state, event.on, all_owed)
    for row, owed in all_owed:
        paid = Allocation(
            event.event_no,
            row.n,
            row.principal - row.principal_paid,
            owed - row.interest_paid,
            row.fee - row.fee_paid,
            row.penalty - row.penalty_paid,
        )
        billed = row.due_on <= state.through
        row.interest = owed
        row.principal_paid, row.interest_paid, row.fee_paid, row.penalty_paid = row.principal, owed, row.fee, row.penalty
        row.paid_on = row.paid_on or event.on
        totals.principal_paid += paid.principal
        totals.interest_paid += paid.interest
        totals.fee_paid += paid.fee
        totals.penalty_paid += paid.penalty
        if not billed:
            totals.interest_earned += paid.interest
            totals.fee_charged += paid.fee
            totals.penalty_charged += paid.penalty
        left -= paid.amount
        if paid.principal or paid.interest or paid.fee or paid.penalty:
            state.allocations.append(paid)
    totals.overpaid += left
    state.paid_off_on = event.on


def _written_off(state: State, event: Event) -> None:
    """What is owed is given up on the books; the claim stays, and later receipts are recoveries."""
    if state.closed:
        return
    totals = state.totals
    totals.principal_written_off += state.principal_out
    totals.interest_written_off += totals.interest_earned - totals.interest_paid
    totals.fee_written_off += totals.fee_charged - totals.fee_paid
    totals.penalty_written_off += totals.penalty_charged - totals.penalty_paid
    state.written_off_on = event.on


def _refund(state: State, event: Event) -> None:
    """Money that was paid too much goes back to the borrower; never more than there is."""
    amount = _amount(event.payload)
    if amount > state.totals.overpaid - state.totals.refunded:
        raise Refusal("a refund cannot be more than was over-paid and not yet returned", code="refund_too_large", event_no=event.event_no)
    state.totals.refunded += amount


def _waived(state: State, event: Event) -> None:
    """Everything but principal that is not paid is no longer asked for: what withdrawing in the cooling-off period costs is nothing."""
    totals = state.totals
    if state.terms.recalculates:
        # Nor does what is owed bear any interest until it has come back.
        state.rates = ((min(row.n for row in state.instalments), Rate(0)),)
        state.reckoned, state.carried = 0, {}
    for row in state.instalments:
        if row.due_on <= state.through:
            totals.interest_earned -= row.interest - row.interest_paid
            totals.fee_charged -= row.fee - row.fee_paid
            totals.penalty_charged -= row.penalty - row.penalty_paid
        row.interest, row.fee, row.penalty = row.interest_paid, row.fee_paid, row.penalty_paid
        if row.due and not row.unpaid:
            row.paid_on = row.paid_on or event.on


def _rearranged(state: State, event: Event) -> None:
    rescheduling.apply(state, event)
    if state.terms.recalculates and not state.closed:
        recalculation.restart(state, event.on)


def _amount(payload: Mapping[str, Any], name: str = "amount") -> int:
    amount = payload[name]
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < 0:
        raise Fault(f"an event's {name} must be whole minor units, not {amount!r}", code="bad_event")
    return amount


_RULES: Final[dict[str, Callable[[State, Event], None]]] = {
    "disbursed": _disbursed,
    "charge": _charge,
    "taken_over": _taken_over,
    "instalment_due": _instalment_due,
    "receipt": _receipt,
    "written_off": _written_off,
    "refund": _refund,
    "waived": _waived,
    "waived_part": charging.waived_part,
    "goodwill": _goodwill,
    "forgiven": _forgiven,
    "paused": charging.paused,
    "resumed": charging.resumed,
    "deferred": rescheduling.defer,
    "rearranged": _rearranged,
}
