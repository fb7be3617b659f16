"""When more time may be asked for, and how it is compared with what stands. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from holdfast.kernel import canonical
from holdfast.kernel.calendar import add_months
from holdfast.kernel.errors import BadInput, Forbidden, Refusal
from holdfast.kernel.money import Money
from holdfast.parties import Staff
from holdfast.restructuring.model import REASONS, Comparison, Line, comparison_json
from holdfast.servicing import Deferred


@dataclass(frozen=True, slots=True)
class Limits:
    """What the loan's pack allows: how often, how many months at once, and how long the loan is watched afterwards."""

    times_most: int
    months_most: int
    observed_months: int


def comparison(plan: Deferred, limits: Limits) -> Comparison:
    """Today beside after, for the instalments that are not wholly paid."""
    currency = plan.extra_interest.currency
    lines = tuple(
        Line(before.n, before.due_on, before.unpaid, after.due_on, after.unpaid)
        for before, after in zip(plan.before, plan.after, strict=True)
        if before.unpaid or after.unpaid
    )
    told = Comparison(
        loan=plan.loan,
        on=plan.on,
        months=plan.months,
        from_n=plan.from_n,
        lines=lines,
        extra_interest=plan.extra_interest,
        total_before=Money(sum(line.was_due for line in lines), currency),
        total_after=Money(sum(line.due for line in lines), currency),
        ends_on=plan.ends_on,
        days_late=plan.days_late,
        watched_until=add_months(plan.on, limits.observed_months),
        shown="",
    )
    return replace(told, shown=digest_of(told))


def digest_of(told: Comparison) -> str:
    """What binds a request to the figures that were shown: all of them but the day of looking and what follows from it alone."""
    facts = comparison_json(told)
    for name in ("on", "days_late", "watched_until", "shown"):
        del facts[name]
    return canonical.digest(facts)


def within_limits(plan: Deferred, limits: Limits, *, agreed_before: int) -> None:
    """Refusal, naming the rule, if the pack or the law allows no such extension."""
    if agreed_before >= limits.times_most:
        raise Refusal(
            f"this loan has been extended {agreed_before} times; deferral.times_most allows {limits.times_most}",
            code="deferral_times", times=agreed_before, most=limits.times_most,
        )  # fmt: skip
    if plan.months > limits.months_most:
        raise Refusal(
            f"{plan.months} months are more than the {limits.months_most} that deferral.months_most allows at once",
            code="deferral_months", field="months", most=limits.months_most,
        )  # fmt: skip
    if plan.ends_on > plan.longest_until:
        raise Refusal(
            f"the loan would end on {plan.ends_on}; an extension is never longer than the first term, which had once more ends on "
            f"{plan.longest_until}",
            code="deferral_too_long", field="months", until=plan.longest_until.isoformat(),
        )  # fmt: skip


def before_expiry(plan: Deferred, on: date) -> None:
    """Refusal if the loan's term is over: an extension is asked for before it expires (Civil Code art. 678)."""
    ends_on = max(row.due_on for row in plan.before)
    if on > ends_on:
        raise Refusal(
            f"the loan's term ended on {ends_on}; an extension is asked for before that day (Civil Code 678)",
            code="deferral_after_expiry", ended_on=ends_on.isoformat(),
        )  # fmt: skip


def known_reason(reason: str) -> None:
    """BadInput unless the reason is one of the list."""
    if reason not in REASONS:
        raise BadInput(f"reason: choose one of {', '.join(REASONS)}, not {reason!r}", field="reason")


def may_decide(by: Staff, *, asker: Staff | None, officer: Staff | None, borrower_id: int | None) -> None:
    """Forbidden, saying why, if this person asked, keeps the loan, or owes it: under whichever log-in."""
    if asker is not None and _same(by, asker):
        raise Forbidden("whoever asked cannot decide; another person must", code="approval_maker")
    if officer is not None and _same(by, officer):
        raise Forbidden("the loan's own officer cannot decide on its extension", code="approval_barred")
    if by.person_id is not None and by.person_id == borrower_id:
        raise Forbidden("nobody decides on a loan of their own", code="approval_barred")


def _same(one: Staff, other: Staff) -> bool:
    return one.staff_id == other.staff_id or (one.person_id is not None and one.person_id == other.person_id)
