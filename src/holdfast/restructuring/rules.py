"""When other terms may be asked for, and how they are compared with what stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from holdfast.approvals.authority import Wanted
from holdfast.kernel import canonical
from holdfast.kernel.calendar import add_months
from holdfast.kernel.errors import BadInput, Forbidden, Refusal
from holdfast.kernel.money import Money
from holdfast.parties import Staff
from holdfast.products import Instalment
from holdfast.products.cost import internal_rate
from holdfast.restructuring.model import (
    BORROWER_MAY_ASK,
    PLAIN,
    REASONS,
    Comparison,
    Line,
    Request,
    RequestState,
    comparison_json,
)
from holdfast.restructuring.states import RequestEvent
from holdfast.servicing import Kind, Rearranged, Rearrangement

# What gives more time of the term that runs: asked for before that term is over.
_OF_THE_TERM = frozenset({Kind.DEFER, Kind.DUE_DATE, Kind.DUE_DATES, Kind.EXTEND, Kind.HOLIDAY})


@dataclass(frozen=True, slots=True)
class Limits:
    """What the loan's pack allows: how often, how many months at once, and how long the loan is watched afterwards."""

    times_most: int
    months_most: int
    observed_months: int


def comparison(plan: Rearranged, limits: Limits) -> Comparison:
    """Today beside after, for the instalments that ask for anything in either."""
    currency = plan.extra_cost.currency
    was = {row.n: row for row in plan.before if row.unpaid}
    now = {row.n: row for row in plan.after if row.unpaid}
    order = sorted(was.keys() | now.keys(), key=lambda n: (was[n].due_on if n in was else now[n].due_on, n))
    lines = tuple(
        Line(
            n, was[n].due_on if n in was else None, was[n].unpaid if n in was else 0, now[n].due_on if n in now else None,
            now[n].unpaid if n in now else 0,
        )
        for n in order
    )  # fmt: skip
    told = Comparison(
        loan=plan.loan,
        on=plan.on,
        change=plan.change,
        lines=lines,
        extra_cost=plan.extra_cost,
        total_before=Money(sum(line.was_due for line in lines), currency),
        total_after=Money(sum(line.due for line in lines), currency),
        was_ending_on=_ends(row.due_on for row in was.values()),
        ends_on=_ends(row.due_on for row in now.values()),
        days_late=plan.days_late,
        watched_until=add_months(plan.on, limits.observed_months),
        yearly_before=yearly(plan.before, plan.on),
        yearly_after=yearly(plan.after, plan.on),
        shown="",
    )
    return replace(told, shown=digest_of(told))


def yearly(rows: Iterable[Instalment], on: date) -> str | None:
    """What is left costs by the year, all of it counted, as a share of one; by actual days over 365, what is overdue at once."""
    unpaid = [row for row in rows if row.unpaid]
    principal = sum(row.principal - row.principal_paid for row in unpaid)
    flows = [(Decimal(max(0, (row.due_on - on).days)) / 365, row.unpaid) for row in unpaid]
    if principal <= 0 or not any(time for time, _amount in flows):
        return None
    return str(internal_rate(principal, flows).quantize(Decimal("0.0001"), ROUND_HALF_UP))


def digest_of(told: Comparison) -> str:
    """What binds a request to the figures that were shown: all of them but the day of looking and what follows from it alone."""
    facts = comparison_json(told)
    for name in ("on", "days_late", "watched_until", "yearly_before", "yearly_after", "shown"):
        del facts[name]
    return canonical.digest(facts)


def within_limits(plan: Rearranged, told: Comparison, limits: Limits, *, agreed_before: Iterable[Request]) -> None:
    """Refusal, naming the rule, if the pack or the law allows no such change.

    Whatever makes the loan end later is an extension (展期): it is counted, and with it the loan never ends later than if its
    first term were had once more.
    """
    months = plan.change.months
    if months is not None and months > limits.months_most:
        raise Refusal(
            f"{months} months are more than the {limits.months_most} that deferral.months_most allows at once",
            code="deferral_months", field="months", most=limits.months_most,
        )  # fmt: skip
    if not lengthens(told):
        return
    had = sum(each.state is RequestState.AGREED and lengthens(each.comparison) for each in agreed_before)
    if had >= limits.times_most:
        raise Refusal(
            f"this loan has been extended {had} times; deferral.times_most allows {limits.times_most}",
            code="deferral_times", times=had, most=limits.times_most,
        )  # fmt: skip
    if told.ends_on > plan.longest_until:
        raise Refusal(
            f"the loan would end on {told.ends_on}; an extension is never longer than the first term, which had once more ends on "
            f"{plan.longest_until}",
            code="deferral_too_long", field=_field_of(plan.change), until=plan.longest_until.isoformat(),
        )  # fmt: skip


def lengthens(told: Comparison) -> bool:
    """Whether the loan ends later than it did."""
    return told.ends_on > told.was_ending_on


def before_expiry(plan: Rearranged, on: date) -> None:
    """Refusal if the loan's term is over: an extension is asked for before it expires (Civil Code art. 678)."""
    ends_on = max(row.due_on for row in plan.before)
    if plan.change.kind in _OF_THE_TERM and on > ends_on:
        raise Refusal(
            f"the loan's term ended on {ends_on}; an extension is asked for before that day (Civil Code 678)",
            code="deferral_after_expiry", ended_on=ends_on.isoformat(),
        )  # fmt: skip


def known_reason(reason: str) -> None:
    """BadInput unless the reason is one of the list."""
    if reason not in REASONS:
        raise BadInput(f"reason: choose one of {', '.join(REASONS)}, not {reason!r}", field="reason")


def borrower_may_ask(change: Rearrangement) -> None:
    """Refusal if this is talked over with staff, who propose it."""
    if change.kind not in BORROWER_MAY_ASK:
        raise Refusal(
            f"{change.kind} is not asked for on the phone; call us, and we propose it", code="restructuring_by_staff", field="kind"
        )


def wants_consent(change: Rearrangement) -> bool:
    """Whether the borrower agrees with a code before anybody decides."""
    return change.kind not in PLAIN


def wanted(change: Rearrangement, currency: str) -> Wanted:
    """What the pack gives authority for by role: so many months, or instalments without payment, and so many new instalments."""
    return Wanted(currency, months=(change.months or 0) + (change.periods or 0), instalments=change.instalments or 0)


def next_yes(asked: Request) -> RequestEvent:
    """What one more yes does: the last that is needed brings the terms about."""
    given = sum(answer.agreed for answer in asked.answers)
    return RequestEvent.AGREE if given + 1 >= asked.needed else RequestEvent.SECOND


def may_decide(by: Staff, *, asker: Staff | None, others: Iterable[Staff], officer: Staff | None, borrower_id: int | None) -> None:
    """Forbidden, saying why, if this person asked, has answered, keeps the loan, or owes it: under whichever log-in."""
    if asker is not None and by.is_same_person(asker):
        raise Forbidden("whoever asked cannot decide; another person must", code="approval_maker")
    if any(by.is_same_person(other) for other in others):
        raise Forbidden("you have answered already; the other yes is another person's", code="approval_twice")
    if officer is not None and by.is_same_person(officer):
        raise Forbidden("the loan's own officer cannot decide on its terms", code="approval_barred")
    if by.person_id is not None and by.person_id == borrower_id:
        raise Forbidden("nobody decides on a loan of their own", code="approval_barred")


def _ends(days: Iterable[date]) -> date:
    return max(days)


def _field_of(change: Rearrangement) -> str:
    """Which figure of the change to make smaller."""
    return {
        Kind.DEFER: "months", Kind.DUE_DATE: "due_on", Kind.DUE_DATES: "due_on", Kind.EXTEND: "instalments", Kind.HOLIDAY: "periods",
        Kind.REAGE: "instalments", Kind.REINSTAL: "instalments",
    }.get(change.kind, "kind")  # fmt: skip
