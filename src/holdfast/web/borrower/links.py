"""Signed links: whoever was sent one sees that loan and no other, for as long as the link lasts."""

from __future__ import annotations

from typing import Final

from django.core import signing

DAYS_GOOD: Final = 30
_SALT: Final = "holdfast.borrower.loan"
_CALENDAR: Final = "holdfast.borrower.calendar"


def path_of(public_id: str) -> str:
    """The address of a loan's page for its borrower, without the host."""
    return f"/borrower/{signing.dumps(public_id, salt=_SALT)}"


def loan_behind(link: str) -> str | None:
    """The loan that a link was made for; None if nobody here made it, or it is too old."""
    try:
        return str(signing.loads(link, salt=_SALT, max_age=DAYS_GOOD * 24 * 3600))
    except signing.BadSignature:
        return None


def calendar_path(public_id: str) -> str:
    """The private address of a loan's due dates for a calendar, without the host. It does not age: a calendar asks for years."""
    return f"/borrower/calendar/{signing.dumps(public_id, salt=_CALENDAR)}"


def calendar_of(link: str) -> str | None:
    """The loan whose due dates a link tells; None if nobody here made it. It opens nothing else."""
    try:
        return str(signing.loads(link, salt=_CALENDAR))
    except signing.BadSignature:
        return None
