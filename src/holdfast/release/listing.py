"""What screens and the API list of releases and defaults, within a person's sight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from holdfast.kernel.money import Money
from holdfast.parties import Scope
from holdfast.release import store
from holdfast.release.model import Disposal, Release
from holdfast.release.store import Db

MESSAGES = ("release", "release_none", "released")
MOST = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """A release and what a list shows of its loan."""

    release: Release
    loan: str
    borrower: str
    contract_no: str
    currency: str
    loan_state: str
    next_action_at: datetime | None
    product_zh: str
    product_en: str
    branch: str


@dataclass(frozen=True, slots=True)
class ListedDisposal:
    """A default and what a list shows of its loan."""

    disposal: Disposal
    loan: str
    borrower: str
    contract_no: str
    loan_state: str
    next_action_at: datetime | None
    product_zh: str
    product_en: str
    branch: str


@dataclass(frozen=True, slots=True)
class Late:
    """A loan that is late enough for a notice of default."""

    loan: str
    borrower: str
    contract_no: str
    principal_out: Money
    late_since: date
    product_zh: str
    product_en: str
    branch: str


def releases(db: Db, scope: Scope, *, under_way: bool = True, limit: int = MOST) -> list[Listed]:
    """Releases within sight: those that go on, the most pressing first, or those that are over."""
    condition, values = scope.condition("l")
    return [Listed(found, *rest) for found, rest in store.in_sight(db, condition, values, under_way=under_way, limit=min(limit, MOST))]


def disposals(db: Db, scope: Scope, *, limit: int = MOST) -> list[ListedDisposal]:
    """Defaults within sight, newest first."""
    condition, values = scope.condition("l")
    return [ListedDisposal(found, *rest) for found, rest in store.disposals_in_sight(db, condition, values, limit=min(limit, MOST))]


def late_loans(db: Db, scope: Scope, *, today: date, least_days: int, limit: int = MOST) -> list[Late]:
    """Loans within sight to which a notice of default could be given today."""
    condition, values = scope.condition("l")
    rows = store.late_enough(db, condition, values, today=today, least=least_days, limit=min(limit, MOST))
    return [Late(row[0], row[1], row[2], Money(row[4], row[3]), *row[5:]) for row in rows]


def told(db: Db, loan_id: int) -> list[tuple[str, str, datetime | None]]:
    """The release's messages to the borrower: text, state, when it was handed over; newest first."""
    return [(row[1], row[2], row[4]) for row in store.messages_of(db, loan_id, MESSAGES)]


def paid_off_at(db: Db, release: Release) -> datetime | None:
    """When the receipt that opened the release was booked."""
    found: datetime | None = store.paid_off_at(db, release.loan_id, release.opened_seq)
    return found
