"""A borrower's promise to pay by a day, as a person noted it. Whether it was kept is read from what came in, never written."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from holdfast.journal import Record
from holdfast.kernel.errors import BadInput
from holdfast.policy import lender, read_pack
from holdfast.servicing.pages import Db

# The outcome of a contact in which the borrower promised to pay.
PROMISED: Final = "promised"
_LONGEST: Final = timedelta(days=92)
_INSERT: Final = "INSERT INTO payment_promise (loan_id, record_seq, made_on, pay_by) VALUES (%s, %s, %s, %s)"


def promise_of(pack_version: str, db: Db, today: date, pay_by: date | None) -> date:
    """The day by which a promise of today must be kept: the one that was named, else the pack's days from now.

    BadInput for a day that has gone by, or more than three months away.
    """
    if pay_by is None:
        pack = read_pack(db, *pack_version.split(" ", 1))
        return today + timedelta(days=pack.number("promise.days", on=today, lender_type=lender(db).lender_type))
    if not today <= pay_by <= today + _LONGEST:
        raise BadInput(f"pay_by: a day from {today} to {today + _LONGEST}", field="pay_by", code="promise_day")
    return pay_by


def keep_promise(db: Db, record: Record, pay_by: date) -> None:
    """Keep a promise under the record that tells of it."""
    db.execute(_INSERT, [record.loan_id, record.seq, record.on_date, pay_by])
