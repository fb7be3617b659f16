"""Relief, and its opposite: what staff put on a loan that is being repaid, and what they take off it.

A charge (加收费用) says who collects it and on which ground, and is refused where all costs together would pass the
ceiling of the contract's day. A waiver (减免), a goodwill credit (让利) and a pause of the count of days late (暂停计算逾期)
are within the authority that the pack gives the person who agrees. Nobody here asks for approval: `approved` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any, Final

from holdfast.duties import in_sight
from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.rate import BILLION
from holdfast.kernel.rounding import to_minor
from holdfast.life import LoanState
from holdfast.loans import loan_id_of
from holdfast.parties import Role, Staff, require
from holdfast.policy import Lender, Pack, lender
from holdfast.products import Fee, Terms, check_ceiling
from holdfast.products.terms import FeeOf
from holdfast.servicing import store
from holdfast.servicing.charging import WAIVABLE
from holdfast.servicing.fold import Event, Instalment, State
from holdfast.servicing.held import Held
from holdfast.servicing.payoff import payoff
from holdfast.servicing.recalculation import standing
from holdfast.servicing.service import Db, Done, Plans, do, one, said

# On which ground a charge may be put on a loan; any other would be a cost that nobody disclosed.
GROUNDS: Final = ("contract", "agreed", "court")
PAUSE_REASONS: Final = ("dispute", "disaster", "illness", "our_fault")


def charge(
    db: Db, *, clock: Clock, by: Actor, loan: str, name: str, ground: str, collected_by: str, reason: str, amount: Money | None = None,
    ppb: int = 0, of: str = "", due_on: date | None = None,
) -> Done:  # fmt: skip
    """Put a charge on the loan: due on a day, or, as a percentage of parts of the instalments, with each one still to come.

    Either `amount` or `ppb` parts per billion `of` something: `principal` is what is still owed of it. Refusal if the loan
    may take no new charge, or if with it all costs would pass the ceiling of the contract's day.
    """
    held, today = _repaid(db, loan), clock.today()
    if held.account.charges_barred:
        raise Refusal(f"loan {loan} was taken over above a ceiling; no new charge may be put on it", code="charges_barred", loan=loan)
    if ground not in GROUNDS:
        raise BadInput(f"ground: choose one of {', '.join(GROUNDS)}, not {ground!r}", field="ground")
    facts: dict[str, Any] = {
        "part": "fee",
        "name": said(name, "name")[:100],
        "ground": ground,
        "collected_by": said(collected_by, "collected_by")[:100],
        "reason": said(reason, "reason"),
    }
    if ppb:
        facts |= {"ppb": ppb, "of": of}
    put = _puts(held, today, amount, ppb, of, due_on)
    events = [
        Event(held.account.last_event_no + number, "charge", today, today, {**facts, "amount": minor, "due_on": day.isoformat()})
        for number, (day, minor) in enumerate(put, 1)
    ]
    keep_ceiling(db, held, events, terms=held.state.terms, on=held.state.terms.disbursed_on)
    return do(db, held, clock, by, held.lender, events)


def waive_part(db: Db, *, clock: Clock, by: Actor, loan: str, parts: Mapping[str, Money], reason: str) -> Done:
    """Give up named amounts of penalty, fees and interest that have fallen due; principal is never given up so.

    Refusal for more than is unpaid today. A loan on which nothing more is owed is paid off by it.
    """
    held, today = _repaid(db, loan), clock.today()
    unpaid = waivable(held.state, today)
    given_up = {part: parts[part].minor for part in WAIVABLE if part in parts and parts[part].minor}
    for part, money in parts.items():
        if part not in WAIVABLE:
            raise BadInput(f"parts: {part!r} is none of {', '.join(WAIVABLE)}", field="parts")
        if money.minor < 0 or money.currency != held.loan.currency:
            raise BadInput(f"{part}: an amount in {held.loan.currency}, not less than nothing", field=part)
        if money.minor > unpaid[part]:
            most = Money(unpaid[part], held.loan.currency).decimal()
            raise Refusal(f"{most} of {part} is unpaid and has fallen due; more cannot be waived", code="waiver_too_large", field=part)
    if not given_up:
        raise BadInput("parts: name at least one amount to waive", field="penalty")
    payload = {**given_up, "reason": said(reason, "reason")}
    return do(db, held, clock, by, held.lender, [Event(held.account.last_event_no + 1, "waived_part", today, today, payload)])


def credit_goodwill(db: Db, *, clock: Clock, by: Actor, loan: str, amount: Money, reason: str) -> Done:
    """Pay a part of the debt, or all of it, from the lender's own pocket. Refusal for more than ends the loan."""
    held, today = _repaid(db, loan), clock.today()
    if amount.minor <= 0 or amount.currency != held.loan.currency:
        raise BadInput(f"amount: more than nothing, in {held.loan.currency}", field="amount")
    owed = payoff(held.state, max(today, held.account.last_event_on))
    if amount.minor > owed:
        raise Refusal(
            f"{Money(owed, amount.currency).decimal()} ends the loan today; a goodwill credit is not more", code="goodwill_too_large",
            field="amount",
        )  # fmt: skip
    payload = {"amount": amount.minor, "reason": said(reason, "reason")}
    return do(db, held, clock, by, held.lender, [Event(held.account.last_event_no + 1, "goodwill", today, today, payload)])


def pause(db: Db, *, clock: Clock, by: Actor, loan: str, starts_on: date, ends_on: date, why: str, reason: str) -> Done:
    """Let the count of days late stand still from one day until another; those days cost no penalty interest either.

    What is late stays late: its class is never better than that of one day. Refusal if it is longer than the pack
    allows, begins before the last event, or meets another pause.
    """
    held, today = _repaid(db, loan), clock.today()
    known = lender(db)
    if why not in PAUSE_REASONS:
        raise BadInput(f"why: choose one of {', '.join(PAUSE_REASONS)}, not {why!r}", field="why")
    if ends_on <= starts_on:
        raise BadInput(f"ends_on: after {starts_on}", field="ends_on")
    if starts_on < today:
        raise BadInput(f"starts_on: from {today} on, not {starts_on}: what has been counted stays counted", field="starts_on")
    pack = Plans(db, known).pack(held.loan.pack_version)
    most = pack.number("delinquency.pause_days_most", on=held.loan.opened_on, lender_type=known.lender_type)
    if (ends_on - starts_on).days > most:
        raise Refusal(f"delinquency.pause_days_most allows {most} days at once", code="pause_too_long", field="ends_on", most=most)
    if any(starts_on <= each.ends_on and each.starts_on <= ends_on for each in held.state.pauses if each.starts_on != each.ends_on):
        raise Refusal(f"loan {loan} is paused on some of these days already", code="pause_meets_another", field="starts_on")
    payload = {"starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat(), "why": why, "reason": said(reason, "reason")}
    return do(db, held, clock, by, known, [Event(held.account.last_event_no + 1, "paused", today, today, payload)])


def resume(db: Db, *, clock: Clock, by: Staff, loan: str, reason: str) -> Done:
    """End the pause that runs today, or that is still to begin, before its day. Refusal if there is none."""
    require(by, "delinquency.resume")
    in_sight(db, loan, by.scope)
    held, today = _repaid(db, loan), clock.today()
    if all(each.ends_on <= max(today, each.starts_on) for each in held.state.pauses):
        raise Refusal(f"the count of days late of loan {loan} is not paused", code="not_paused", loan=loan)
    event = Event(held.account.last_event_no + 1, "resumed", today, today, {"reason": said(reason, "reason")})
    return do(db, held, clock, by.actor, held.lender, [event])


def within_authority(db: Db, *, loan: str, role: Role, act: str, minor: int, currency: str) -> None:
    """Refusal if giving up so much is beyond what the loan's pack lets this role agree to."""
    held, known = store.load(db, [loan_id_of(db, loan)], lock=False)[0], lender(db)
    pack = Plans(db, known).pack(held.loan.pack_version)
    table = pack.table("relief.authority", on=held.loan.opened_on, lender_type=known.lender_type)
    asked, most = Money(minor, currency), Money(table.get(str(role), 0), currency)
    if asked.minor > most.minor:
        raise Refusal(
            f"relief.authority lets {role} agree to {most.decimal()} {currency}; {act} of {asked.decimal()} is beyond it",
            code="beyond_authority", act=act, most=most.as_json(),
        )  # fmt: skip


def waivable(state: State, on: date) -> dict[str, int]:
    """What of each part has fallen due by `on` and is unpaid, in minor units."""
    rows = [row for row in standing(state, on).instalments if row.due_on <= on]
    return {part: sum(getattr(row, part) - getattr(row, f"{part}_paid") for row in rows) for part in WAIVABLE}


def _repaid(db: Db, loan: str) -> Held:
    held = one(db, loan)
    if held.loan.state is not LoanState.ACTIVE:
        raise Refusal(f"loan {loan} is {held.loan.state}; this is for a loan that is being repaid", code="loan_not_active", loan=loan)
    return held


def _puts(held: Held, today: date, amount: Money | None, ppb: int, of: str, due_on: date | None) -> list[tuple[date, int]]:
    """On which days the charge falls due, and what it comes to on each."""
    if (amount is None) == (not ppb):
        raise BadInput("amount: give an amount, or a percentage of something, and not both", field="amount")
    ahead = [row for row in held.state.instalments if row.n >= 1 and row.due_on > today and row.unpaid]
    if ppb and of != FeeOf.PRINCIPAL:
        if of not in set(FeeOf):
            raise BadInput(f"of: choose one of {', '.join(FeeOf)}, not {of!r}", field="of")
        put = [(row.due_on, _share(held, row, ppb, FeeOf(of))) for row in ahead]
    else:
        if amount is not None and (amount.minor <= 0 or amount.currency != held.loan.currency):
            raise BadInput(f"amount: more than nothing, in {held.loan.currency}", field="amount")
        day = due_on or next((row.due_on for row in ahead), today)
        if day < today:
            raise BadInput(f"due_on: {day} has passed; a charge falls due from {today} on", field="due_on")
        minor = amount.minor if amount else _rounded(held, held.state.principal_out * Fraction(ppb, BILLION))
        put = [(day, minor)]
    if not any(minor for _day, minor in put):
        raise Refusal("the charge comes to nothing on this loan", code="charge_of_nothing", field="of" if ppb else "amount")
    return [(day, minor) for day, minor in put if minor]


def _share(held: Held, row: Instalment, ppb: int, of: FeeOf) -> int:
    base = (row.principal if of is not FeeOf.INSTALMENT_INTEREST else 0) + (row.interest if of is not FeeOf.INSTALMENT_PRINCIPAL else 0)
    return _rounded(held, Fraction(base * ppb, BILLION))


def _rounded(held: Held, value: Fraction) -> int:
    return to_minor(value, held.state.terms.rounding)


def _charges_before(db: Db, held: Held) -> list[Event]:
    """The charges that stand on the loan already."""
    events = store.history(db, [held.loan.loan_id])[held.loan.loan_id]
    undone = {event.payload["event_no"] for event in events if event.kind == "reversal"}
    return [event for event in events if event.kind == "charge" and event.event_no not in undone]


def keep_ceiling(db: Db, held: Held, more: list[Event], *, terms: Terms, on: date) -> None:
    """Refusal if these terms, with all charges that stand on the loan and `more`, would cost more in a year than is lawful on that day."""
    known: Lender = lender(db)
    pack: Pack = Plans(db, known).pack(held.loan.pack_version)
    charges = [*_charges_before(db, held), *more]
    extra = tuple(
        Fee(str(event.payload["name"]), event.payload["amount"], date.fromisoformat(event.payload["due_on"]), event.payload["collected_by"])
        for event in charges
    )
    check_ceiling(replace(terms, fees=(*terms.fees, *extra)), pack, known, on=on, product=held.loan.product_code)
