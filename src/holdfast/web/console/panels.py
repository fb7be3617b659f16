"""What each stage shows, and lets be done, on a loan's page. A stage that has nothing to say there shows nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from holdfast.web.console import (
    applications,
    calls,
    collateral,
    complaints,
    contact,
    contracts,
    custody,
    decisions,
    disposals,
    inbound,
    promises,
    releases,
    restructuring,
    reviews,
    settlements,
    strategies,
    visits,
)
from holdfast.web.console import money as money_desk
from holdfast.web.console.desk import Db, Desk

# In the order of a loan's life: the name of the stage's panel, and the function that gives its facts. The template is
# `console/NAME/_on_loan.html`; the panel's anchor is `#stage-NAME`.
PANELS: Final[tuple[tuple[str, Callable[[Db, Desk, str], Mapping[str, Any] | None]], ...]] = (
    ("applications", applications.on_loan),
    ("collateral", collateral.on_loan),
    ("calls", calls.on_loan),
    ("decisions", decisions.on_loan),
    ("contracts", contracts.on_loan),
    ("custody", custody.on_loan),
    ("money", money_desk.on_loan),
    ("strategies", strategies.on_loan),
    ("promises", promises.on_loan),
    ("visits", visits.on_loan),
    ("reviews", reviews.on_loan),
    ("inbound", inbound.on_loan),
    ("complaints", complaints.on_loan),
    ("contact", contact.on_loan),
    ("restructuring", restructuring.on_loan),
    ("settlements", settlements.on_loan),
    ("disposals", disposals.on_loan),
    ("releases", releases.on_loan),
)

# The stages that lie behind a loan that is being repaid: folded on its page, unless a duty of theirs is open.
BEHIND_ONCE_PAID_OUT: Final = frozenset({"applications", "collateral", "decisions", "contracts", "money"})

# Where on the page each duty of a stage is done.
DONE_AT: Final[Mapping[str, str]] = {
    "confirm": "calls",
    "fraud_review": "calls",
    "decide": "decisions",
    "sign": "contracts",
    "take_in": "custody",
    "hand_back": "custody",
    "find_item": "custody",
    "compensate": "custody",
    "pay_out": "money",
    "payout_enquiry": "money",
    "payout_recall": "money",
    "payout_dispute": "money",
    "debit_failed": "money",
    "cooling_off": "money",
    "promise_broken": "promises",
    "visit": "visits",
    "business_review": "reviews",
    "review_reading": "reviews",
    "inbound": "inbound",
    "complaint": "complaints",
    "complaint_extended": "complaints",
    "complaint_second": "complaints",
    "restructuring": "restructuring",
    "settlement": "settlements",
    "settlement_agree": "settlements",
    "settlement_broken": "settlements",
    "settlement_certificate": "releases",
    "return_collateral": "releases",
    "credit_update": "releases",
    "release_notice": "releases",
    "dispose": "disposals",
}


def behind(found: Sequence[Mapping[str, Any]], open_kinds: Collection[str]) -> frozenset[str]:
    """The names of those panels that can be folded on the page of a loan that is being repaid."""
    busy = {DONE_AT.get(kind) for kind in open_kinds}
    return frozenset(panel["name"] for panel in found if panel["name"] in BEHIND_ONCE_PAID_OUT - busy)


def panels(db: Db, desk: Desk, loan_id: str) -> list[Mapping[str, Any]]:
    """The panels that have something to show for this loan."""
    found: list[Mapping[str, Any]] = []
    for name, facts in PANELS:
        said = facts(db, desk, loan_id)
        if said is not None:
            found.append({"name": name, "template": f"console/{name}/_on_loan.html", **said})
    return found
