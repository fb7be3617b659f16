"""Recalculation: interest that follows what is truly owed, where the contract says so.

Money that comes before its day goes to principal and bears no more interest; principal that is overdue goes on
bearing it. The running instalment is reckoned in spans between one movement and the next, each rounded once; what
is to come assumes that everybody pays on the day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise

from holdfast.kernel.errors import Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.rounding import to_minor
from holdfast.products.schedule import Instalment, lay_out, level, level_over, rate_over
from holdfast.products.terms import Early, Excess, Method, OverdueInterest, Rest
from holdfast.servicing.allocation import allocate_ahead, allocate_due, pay
from holdfast.servicing.charging import as_of
from holdfast.servicing.rescheduling import fit, regular, so_far, terms_of_row
from holdfast.servicing.state import Event, State

# At these events nobody pays or asks: under `running` they leave what is overdue as it stands.
_QUIET = frozenset({"instalment_due", "charge", "paused", "resumed", "waived_part"})


def reckon(state: State, on: date, *, kind: str = "receipt") -> None:
    """Bring the interest of the running instalment up to `on`, in place, and lay the later ones on what then is owed."""
    terms = state.terms
    if not terms.recalculates or state.closed:
        return
    # What is waived must have been reckoned, or it would be asked for again when money next comes.
    waives = kind == "waived_part" and terms.overdue_interest is OverdueInterest.NONE
    if kind in _QUIET and terms.overdue_interest is not OverdueInterest.ALWAYS and not waives:
        return
    rows = regular(state)
    for index, row in enumerate(rows):
        if state.reckoned_on is not None and state.ends_on(row) <= state.reckoned_on:
            continue
        start = state.starts_on(row)
        if start >= on:
            break
        since = start if state.reckoned_on is None else max(start, state.reckoned_on)
        if row.due_on < on and terms.overdue_interest is OverdueInterest.RUNNING:
            state.reckoned_on, state.reckoned = row.due_on, 0
            continue
        less = _less(state, rows)
        if terms.rest is Rest.DUE_DATE:
            # What came in before the due date counts from it on.
            bears = sum(each.principal for each in rows[index:]) - sum(each.principal_paid for each in rows[index + 1 :])
            period = _rate(state, rows, row, since, row.due_on)
            late = to_minor((bears + _overdue(state, rows[:index])) * period, terms.rounding) - to_minor(bears * period, terms.rounding)
            state.reckoned_on, state.reckoned, interest = row.due_on, 0, row.interest - state.carried.get(row.n, 0) + late
        else:
            until = min(on, row.due_on)
            ahead = sum(each.principal - each.principal_paid for each in rows[index:])
            owed = ahead + _overdue(state, rows[:index])
            so_far = to_minor(owed * _rate(state, rows, row, since, until), terms.rounding)
            state.reckoned = so_far if since == start else state.reckoned + so_far
            state.reckoned_on = until
            interest = state.reckoned
            if until < row.due_on:
                interest += to_minor(ahead * _rate(state, rows, row, until, row.due_on), terms.rounding)
        if interest + state.carried.get(row.n, 0) != row.interest:
            _set_interest(state, row, interest)
            _lay_later(state, rows, index, less)


def standing(state: State, on: date) -> State:
    """The state as it stands at the end of `on`, with penalty and with interest on what is truly owed; never changes `state`."""
    later = as_of(state, on)
    if not state.terms.recalculates or state.closed:
        return later
    later = later.copy() if later is state else later
    reckon(later, on)
    return later


def receive(state: State, event: Event, amount: int) -> int:
    """Take a receipt of a contract whose interest follows what is owed; what no instalment could take is returned."""
    terms = state.terms
    early = Early(event.payload.get("early", terms.early))
    left = allocate_due(state, event_no=event.event_no, on=event.on, amount=amount)
    if early is Early.AHEAD:
        return allocate_ahead(state, event_no=event.event_no, on=event.on, amount=left) if left else 0
    rows = regular(state)
    index = next((index for index, row in enumerate(rows) if row.due_on >= event.on), None)
    if not left or index is None:
        return left
    if early is Early.LAST:
        return _pay_in_order(state, event, left)
    row, less = rows[index], _less(state, rows)
    if terms.rest is Rest.DUE_DATE and row.due_on > event.on:
        # Till the due date nothing changes for it: it pays what then falls due, as on that day, before it goes to principal.
        left -= pay(state, row, event_no=event.event_no, on=event.on, amount=left, order=terms.allocation)
        if not left:
            return 0
    to_principal = min(left, sum(each.principal - each.principal_paid for each in rows[index:]))
    beyond = max(0, to_principal - (row.principal - row.principal_paid))
    if beyond:
        row.principal += beyond
        row.paid_on = None
        _take_from_later(rows, index, beyond)
    pay(state, row, event_no=event.event_no, on=event.on, amount=to_principal, order=("principal",))
    left -= to_principal
    if row.due_on > event.on:
        _reckon_rest(state, rows, index, event.on)
    _lay_later(state, rows, index, less, early=early, beyond=beyond)
    return allocate_ahead(state, event_no=event.event_no, on=event.on, amount=left) if left else 0


def _pay_in_order(state: State, event: Event, amount: int) -> int:
    """Pay instalments to come, the next or the last first as the contract says; what they could not take is returned.

    Interest is owed up to the day only: for an instalment that is paid whole before its day, the rest of its amount is
    principal, and the days that are left of its period are asked for with the next one.
    """
    terms, on, rows = state.terms, event.on, regular(state)
    order = terms.allocation_in_advance or terms.allocation
    running = next((index for index, row in enumerate(rows) if state.ends_on(row) > on), None)
    left = amount
    if running is not None:
        if state.starts_on(rows[running]) >= on:
            state.reckoned_on, state.reckoned = on, 0
        ahead = [index for index in range(running, len(rows)) if rows[index].unpaid]
        excess = terms.excess_of("goodwill" if event.kind == "goodwill" else event.payload.get("type", "receipt"))
        backward = excess is Excess.LAST
        shares = dict.fromkeys(ahead, left)
        if excess is Excess.SPREAD and ahead:
            shares = {index: part.minor for index, part in zip(ahead, Money(left, terms.currency).split([1] * len(ahead)), strict=True)}
        for index in [*(reversed(ahead) if backward else ahead), *(ahead if excess is Excess.SPREAD else ())]:
            row = rows[index]
            if not left or not row.unpaid:
                continue
            if terms.rest is Rest.DAILY:
                _owe_to_the_day(state, row, on, givers=rows[running:index] if backward else rows[:index:-1], last=row is rows[-1])
            left -= pay(state, row, event_no=event.event_no, on=on, amount=min(left, shares.pop(index, left)), order=order)
        while terms.rest is Rest.DAILY and running < len(rows) - 1 and not rows[running].unpaid:
            running += 1
            state.starts[rows[running].n] = on
            state.reckoned_on, state.reckoned = on, 0
        _reckon_rest(state, rows, running, on)
        _lay_in_order(state, rows, running)
    return allocate_ahead(state, event_no=event.event_no, on=on, amount=left) if left else 0


def _owe_to_the_day(state: State, row: Instalment, on: date, *, givers: Sequence[Instalment], last: bool) -> None:
    """What an instalment before its day would ask for if it were paid whole on the day; `givers` give what its principal gains."""
    row.interest = max(so_far(state, row, on), row.interest_paid)
    if last or state.terms.method is not Method.EQUAL_INSTALMENT or row.n <= state.terms.principal_grace:
        return
    repeating = state.level or level(state.terms)
    gains = max(0, repeating - row.interest + state.carried.get(row.n, 0) - row.principal)
    for giver in givers:
        taken = min(gains, giver.principal - giver.principal_paid)
        giver.principal -= taken
        row.principal += taken
        gains -= taken


def _lay_in_order(state: State, rows: list[Instalment], index: int) -> None:
    """Lay the running instalment's principal and the later ones where early money pays them in their order.

    Each asks for the amount that repeats, and the last that is not yet paid for the rest; what was paid ahead on a later
    one stays on it, and bears no interest any more.
    """
    terms, repeating = state.terms, state.level or level(state.terms)
    left = sum(row.principal for row in rows[index:])
    later_paid = sum(row.principal_paid for row in rows[index:])
    for row in rows[index:]:
        later_paid -= row.principal_paid
        if row is not rows[index]:
            owed = left - row.principal_paid - later_paid
            _set_interest(state, row, to_minor(owed * _rate(state, rows, row, state.starts_on(row), row.due_on), terms.rounding))
        planned = 0
        if row.n > terms.principal_grace and terms.method is Method.EQUAL_INSTALMENT:
            planned = repeating - row.interest + state.carried.get(row.n, 0)
        elif row.n > terms.principal_grace and terms.method is Method.EQUAL_PRINCIPAL:
            planned = repeating
        row.principal = left if row is rows[-1] else min(max(planned, row.principal_paid), left - later_paid)
        left -= row.principal
        if row.unpaid:
            row.paid_on = None
        elif row.due:
            row.paid_on = row.paid_on or state.reckoned_on


def _rate(state: State, rows: Sequence[Instalment], row: Instalment, start: date, end: date) -> Fraction:
    """What the days from `start` to `end` cost on one unit at the rate of `row`, period by period where they reach over more than one."""
    terms = terms_of_row(state, row.n)
    cuts = [start, *(each.due_on for each in rows if start < each.due_on < end), end]
    return sum((rate_over(terms, one, other) for one, other in pairwise(cuts)), Fraction(0))


def restart(state: State, on: date) -> None:
    """Reckon the rest of the running instalment anew, since on `on` more was lent or other instalments were agreed to."""
    rows = regular(state)
    index = next((index for index, row in enumerate(rows) if state.ends_on(row) > on), None)
    if index is None or not state.terms.recalculates or state.starts_on(rows[index]) >= on:
        return
    less = _less(state, rows)
    _reckon_rest(state, rows, index, on)
    _lay_later(state, rows, index, less)


def known_early(state: State, early: str) -> None:
    """Refusal unless the contract lets the borrower choose what early money does."""
    if state.terms.early is Early.AHEAD:
        raise Refusal("this contract takes early money as payment ahead; there is nothing to choose", code="no_early_choice", field="early")
    if early not in (Early.REDUCE, Early.SHORTEN, Early.NEXT):
        raise Refusal(f"early: choose reduce, shorten or next, not {early!r}", code="no_early_choice", field="early")


def lay_paid_off(state: State, on: date, owed: Sequence[tuple[Instalment, int]]) -> None:
    """Before a pay-off that owes this interest: where early money pays instalments in their order, each asks for the
    amount that repeats, and the last for the rest.
    """
    rows = [row for row in regular(state) if row.due_on > on]
    if state.terms.early is not Early.LAST or state.terms.method is not Method.EQUAL_INSTALMENT or not rows:
        return
    interest = {row.n: amount for row, amount in owed}
    repeating, left = state.level or level(state.terms), sum(row.principal for row in rows)
    paid = sum(row.principal_paid for row in rows)
    backward = state.terms.excess_of("receipt") is Excess.LAST
    parts = {}
    for row in reversed(rows) if backward else rows:
        paid -= row.principal_paid
        asks = row.principal + row.interest if row is rows[-1] and backward else repeating
        part = min(max(asks - interest.get(row.n, row.interest), row.principal_paid), left - paid)
        if row is (rows[0] if backward else rows[-1]):
            part = left
        parts[row.n] = part, interest.get(row.n, row.interest)
        left -= part
    fit(rows, [parts[row.n] for row in rows])


def _overdue(state: State, before: list[Instalment]) -> int:
    """What of the instalments before the running one still bears interest."""
    if state.terms.overdue_interest is OverdueInterest.NONE:
        return 0
    owed = sum(row.principal - row.principal_paid for row in before)
    if state.terms.compounding:
        owed += sum(row.interest - row.interest_paid for row in before)
    return owed


def _reckon_rest(state: State, rows: list[Instalment], index: int, on: date) -> None:
    """The running instalment's interest, now that its principal has been paid down on `on`."""
    row, terms = rows[index], state.terms
    if terms.rest is Rest.DUE_DATE:
        return
    ahead = sum(each.principal - each.principal_paid for each in rows[index:])
    if state.reckoned_on != on:
        state.reckoned_on, state.reckoned = on, 0
    _set_interest(state, row, state.reckoned + to_minor(ahead * _rate(state, rows, row, on, row.due_on), terms.rounding))


def _set_interest(state: State, row: Instalment, interest: int) -> None:
    """Give the row its interest; under equal instalments its principal is what that leaves of the amount that repeats."""
    billed = row.due_on <= state.through
    was = row.interest
    row.interest = max(interest + state.carried.get(row.n, 0), row.interest_paid)
    if billed:
        state.totals.interest_earned += row.interest - was
    if row.unpaid:
        row.paid_on = None


def _take_from_later(rows: list[Instalment], index: int, beyond: int) -> None:
    """What the running instalment takes of principal beyond its own is taken from the last ones; laying them anew puts it right."""
    for row in reversed(rows[index + 1 :]):
        taken = min(beyond, row.principal - row.principal_paid)
        row.principal -= taken
        beyond -= taken


def _less(state: State, rows: list[Instalment]) -> dict[int, int]:
    """How much less principal than the repeating amount leaves room for each instalment asks for, since it was paid before."""
    if state.terms.method is not Method.EQUAL_INSTALMENT:
        return {}
    repeating, after = state.level or level(state.terms), 0
    found = {}
    for row in reversed(rows):
        if after and row.n > state.terms.principal_grace:
            found[row.n] = max(0, repeating - row.interest + state.carried.get(row.n, 0) - row.principal)
        after += row.principal
    return found


def _lay_later(
    state: State, rows: list[Instalment], index: int, less: dict[int, int], *, early: Early | None = None, beyond: int = 0
) -> None:
    """Lay the running instalment's own principal and the later instalments on what is owed, at the amount that repeats."""
    terms, row, later = state.terms, rows[index], rows[index + 1 :]
    if terms.early is Early.LAST:
        _lay_in_order(state, rows, index)
        return
    if not later:
        return
    repeating = state.level or level(terms)
    balance = sum(each.principal for each in later)
    if terms.method is Method.EQUAL_INSTALMENT and not beyond and row.n > terms.principal_grace and row.principal_paid < row.principal:
        # The instalment stays what it was: what its interest takes, its principal gives.
        planned = repeating - row.interest + state.carried.get(row.n, 0) - less.get(row.n, 0)
        planned = min(max(planned, row.principal_paid, 0), row.principal + sum(each.principal - each.principal_paid for each in later))
        balance += row.principal - planned
        row.principal = planned
    if not row.unpaid and row.due:
        row.paid_on = row.paid_on or state.reckoned_on
    rates = [_rate(state, rows, each, state.starts_on(each), each.due_on) for each in later]
    grace = min(sum(each.n <= terms.principal_grace for each in later), len(later) - 1)
    ahead = sum(less.get(each.n, 0) for each in later) + (beyond if early is Early.NEXT else 0)
    if early is Early.REDUCE and beyond and terms.method in (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL):
        repeating, ahead = level_over(state.now, balance, rates, principal_grace=grace), 0
        state.level = repeating or None
    parts = lay_out(terms, balance, rates, repeating=repeating, principal_grace=grace, ahead=ahead)
    billed = [each for each in later if each.due_on <= state.through]
    earned = sum(each.interest for each in billed)
    fit(later, parts + [(0, 0)] * (len(later) - len(parts)))
    for each in later:
        each.interest += state.carried.get(each.n, 0)
    state.totals.interest_earned += sum(each.interest for each in billed) - earned
    for each in later:
        if each.unpaid:
            each.paid_on = None
