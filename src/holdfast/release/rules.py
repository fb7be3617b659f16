"""What must be true before a thing leaves the shelf, or before it is sold. Pure: facts in, lines or a refusal out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from holdfast.kernel.errors import BadInput, Forbidden, Refusal
from holdfast.release.model import NOTHING_TO_HAND_BACK, AuditLine, Release, Thing
from holdfast.release.states import UNDER_WAY, ReleaseEvent, after

MOST_COSTS: Final = 10
# Of the valuation, in percent: a price below it is not taken on the seller's word alone.
LEAST_OF_VALUATION: Final = 80


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the audit of a release looks at. Amounts are minor units.

    `asked` is what the contract asked for and `received` what came and was kept, both from the events by the fold;
    `owed` is what ends the debt today. `breaches` are open duties that mean something is wrong, and a payout
    that has not ended.
    """

    asked: int
    received: int
    owed: int
    overpaid_without_duty: int
    uncleared: int
    open_drawers: tuple[str, ...]
    other_pledges: tuple[str, ...]
    freezes: tuple[str, ...]
    breaches: tuple[str, ...]
    phone_changed_on: date | None
    phone_freeze_days: int
    phone_approved: bool
    thing: Thing
    custody_problem: str
    today: date


def audit(facts: Facts) -> tuple[AuditLine, ...]:
    """Every check with its figures, in the order in which a person would make them."""
    frozen_until = facts.phone_changed_on + timedelta(days=facts.phone_freeze_days) if facts.phone_changed_on else None
    changed = frozen_until is not None and facts.today < frozen_until
    lines = [
        _equal("receipts_match_contract", "money", facts.asked, facts.received),
        _equal("nothing_owed", "money", 0, facts.owed),
        _equal("overpayment_goes_back", "money", 0, facts.overpaid_without_duty),
        _equal("nothing_uncleared", "money", 0, facts.uncleared),
        _none("drawers_closed", facts.open_drawers),
        _none("title_clear", facts.other_pledges),
        _none("no_freeze", facts.freezes),
        _none("no_breach", facts.breaches),
        AuditLine(
            "phone_number_unchanged", "day", None, facts.phone_changed_on.isoformat() if facts.phone_changed_on and changed else None,
            not changed or facts.phone_approved,
        ),
    ]  # fmt: skip
    if facts.thing is Thing.IN_CUSTODY:
        lines.append(_none("thing_in_custody", (facts.custody_problem,) if facts.custody_problem else ()))
    return tuple(lines)


def _equal(check: str, unit: str, wanted: int, found: int) -> AuditLine:
    return AuditLine(check, unit, wanted, found, wanted == found)


def _none(check: str, found: Sequence[str]) -> AuditLine:
    return AuditLine(check, "names", [], list(found), not found)


def may_hand_back(release: Release) -> None:
    """Refusal, naming what is missing, unless the thing may leave the shelf now."""
    if release.thing in NOTHING_TO_HAND_BACK:
        raise Refusal(f"release {release.public_id} has nothing to hand back ({release.thing})", code="nothing_to_hand_back")
    after(release.state, ReleaseEvent.HAND_BACK)
    if release.identified_at is None:
        raise Refusal("whoever has come must be identified before the thing is handed over", code="not_identified")


def ends(release: Release) -> ReleaseEvent | None:
    """How the release ends now, if nothing is left to do for it."""
    if release.state not in UNDER_WAY or release.certified_at is None or release.reported_at is None:
        return None
    if release.thing in (Thing.COMPENSATED, Thing.DISPOSED):
        return ReleaseEvent.END_OTHERWISE
    if release.thing in (Thing.NONE, Thing.RETURNED) or release.handed_back_at is not None:
        return ReleaseEvent.COMPLETE
    return None


def barred_from_approving(*, officer: int | None, identified_by: int | None, phone_changers: Sequence[int]) -> list[int]:
    """Who may not approve a release: the loan's officer, whoever identified the borrower, whoever changed the phone number."""
    return sorted({each for each in (officer, identified_by, *phone_changers) if each is not None})


# -- default and disposal -------------------------------------------------------------------------


def may_notice(*, days_past_due: int, least_days: int) -> None:
    """Refusal, with the figures, unless the arrears are old enough for a notice of default."""
    if days_past_due < least_days:
        why = f"{days_past_due} days past due; a notice of default is given from {least_days} days on"
        raise Refusal(why, code="default_too_early", days_past_due=days_past_due, least_days=least_days)


def may_sell(*, today: date, sale_from: date, unpaid_due: int) -> None:
    """Refusal while the borrower still has time to pay, and for good once the arrears are paid."""
    if unpaid_due <= 0:
        raise Refusal("the arrears are paid; the default is cured and the thing is not sold", code="default_cured")
    if today < sale_from:
        raise Refusal(f"the borrower may pay until {sale_from - timedelta(days=1)}; no sale before {sale_from}", code="sale_too_early")


def checked_costs(costs: Mapping[str, int]) -> dict[str, int]:
    """The costs of a sale, itemised; BadInput for one without a name or an amount."""
    if len(costs) > MOST_COSTS:
        raise BadInput(f"costs: at most {MOST_COSTS} items", field="costs")
    for name, minor in costs.items():
        if not name.strip() or len(name) > 40:
            raise BadInput("costs: say in at most 40 characters what each cost is for", field="costs")
        if minor <= 0:
            raise BadInput(f"costs: {name} costs more than nothing", field="costs")
    return {name.strip(): minor for name, minor in sorted(costs.items())}


def checked_sale(*, price: int, costs: Mapping[str, int], valued_at: int, reason: str) -> bool:
    """Whether the price is fair by itself; if not, it needs risk's approval. BadInput for a low price without a reason."""
    if price <= 0:
        raise BadInput("price: a sale brings more than nothing", field="price")
    if sum(costs.values()) >= price:
        raise BadInput("costs: a sale that brings nothing after its costs is none", field="costs")
    fair = price * 100 >= valued_at * LEAST_OF_VALUATION
    if not fair and len(reason.strip()) < 4:
        why = f"price: below {LEAST_OF_VALUATION} % of the valuation; say why it is taken"
        raise BadInput(why, field="reason")
    return fair


def may_buy(*, relation: str, is_lender: bool, is_staff: bool) -> None:
    """Forbidden where the buyer is the lender, somebody who works here, or close to one.

    Title goes to an outsider for a price that is accounted for, or it does not go: an agreement by which the lender
    keeps the thing for the debt is void (Civil Code 401, 428).
    """
    if is_lender or relation == "lender":
        raise Forbidden(
            "the lender cannot take the thing for the debt: a clause that forfeits it is void (Civil Code 401, 428); "
            "it is sold to an outsider and the surplus goes back to the borrower",
            code="no_forfeiture",
        )  # fmt: skip
    if is_staff or relation in ("staff", "related"):
        raise Forbidden("nobody who works here, nor their kin, may buy what is disposed of", code="buyer_related", relation=relation)
    if relation != "none":
        raise BadInput("relation: declare how the buyer stands to the lender: none, related, staff or lender", field="relation")


def shared(net: int, debt: Mapping[str, int]) -> dict[str, int]:
    """How the net proceeds fall on the parts of the debt, in the order given; what is left over is the surplus."""
    left, paid = net, {}
    for part, minor in debt.items():
        paid[part] = min(max(left, 0), minor)
        left -= paid[part]
    return paid
