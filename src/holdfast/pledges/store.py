"""Where pledges and what they secure are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.collateral import Place
from holdfast.kernel.money import Money
from holdfast.ledger import Account, open_day
from holdfast.pledges.model import Kept, Pledge
from holdfast.pledges.states import PledgeState

Db = psycopg.Connection[Any]

INSERT_PLEDGE: Final = """
    INSERT INTO pledge (public_id, thing_id, item_id, state, drafted_on, taken_by) VALUES (%s, %s, %s, 'drafted', %s, %s)
    RETURNING pledge_id"""
_PLEDGE: Final = """
    SELECT p.pledge_id, p.public_id, p.thing_id, t.public_id, p.item_id, p.state,
           ARRAY(SELECT l.public_id FROM pledge_loan k JOIN loan l USING (loan_id) WHERE k.pledge_id = p.pledge_id ORDER BY k.loan_id),
           p.drafted_on, p.delivered_on, p.ended_on, p.how, s.name, coalesce(w.name, ''), f.public_id, p.request
      FROM pledge p JOIN thing t USING (thing_id) JOIN staff s ON s.staff_id = p.taken_by LEFT JOIN staff w ON w.staff_id = p.witness
           LEFT JOIN file f ON f.file_id = p.receipt_id"""
LOCK_PLEDGE: Final = "SELECT 1 FROM pledge WHERE pledge_id = %s FOR UPDATE"
SET_REQUEST: Final = "UPDATE pledge SET request = %s WHERE pledge_id = %s"
DELIVER: Final = "UPDATE pledge SET state = %s, delivered_on = %s, witness = %s, receipt_id = %s WHERE pledge_id = %s"
END: Final = "UPDATE pledge SET state = %s, ended_on = %s, how = %s WHERE pledge_id = %s"
LINK_LOAN: Final = "INSERT INTO loan_pledge (loan_id, pledge_id, seq) VALUES (%s, %s, %s)"
LINK_PLEDGE: Final = "INSERT INTO pledge_loan (pledge_id, loan_id, seq) VALUES (%s, %s, %s)"
INSERT_PHOTO: Final = "INSERT INTO pledge_photo (pledge_id, what, file_id) VALUES (%s, %s, %s)"
SELECT_PHOTOS: Final = "SELECT h.what, f.public_id FROM pledge_photo h JOIN file f USING (file_id) WHERE h.pledge_id = %s ORDER BY h.what"
SELECT_DRAFT_LOAN: Final = "SELECT loan_id FROM thing_loan WHERE thing_id = %s ORDER BY loan_id DESC LIMIT 1"
# Links that stand under one key only, or name records that are not on the chain they name.
COMPARE_LINKS: Final = """
    SELECT coalesce(a.loan_id, b.loan_id), coalesce(a.pledge_id, b.pledge_id),
           a.loan_id IS NULL, b.pledge_id IS NULL,
           a.seq IS NOT NULL AND NOT EXISTS (SELECT FROM record r WHERE r.loan_id = a.loan_id AND r.seq = a.seq),
           b.seq IS NOT NULL AND NOT EXISTS (SELECT FROM record r WHERE r.loan_id = b.pledge_id AND r.seq = b.seq)
      FROM loan_pledge a FULL JOIN pledge_loan b ON (a.loan_id, a.pledge_id) = (b.loan_id, b.pledge_id)
     ORDER BY 1, 2"""
# What fills a branch's shelf: each item with its newest pledge and the newest loan it was offered for.
SELECT_SHELF: Final = """
    SELECT i.item_id, i.thing_id, t.public_id, t.model, t.storage_gb, i.shelf, i.level, i.slot, i.state, i.seal_no, p.public_id,
           coalesce(p.state, ''), l.public_id, coalesce(l.borrower_label, ''), coalesce(l.state, ''),
           EXISTS (SELECT FROM loan_freeze z WHERE z.loan_id = l.loan_id AND z.lifted_seq IS NULL)
      FROM custody_item i JOIN thing t USING (thing_id)
           LEFT JOIN LATERAL (SELECT * FROM pledge p WHERE p.item_id = i.item_id ORDER BY p.pledge_id DESC LIMIT 1) p ON true
           LEFT JOIN LATERAL (SELECT l.* FROM thing_loan k JOIN loan l USING (loan_id) WHERE k.thing_id = i.thing_id
                               ORDER BY l.loan_id DESC LIMIT 1) l ON true
     WHERE i.branch_id = %s AND i.shelf = %s AND i.of_place ORDER BY i.level, i.slot"""
COUNT_LINKS: Final = "SELECT count(*) FROM loan_pledge"


def insert_pledge(db: Db, *, public_id: str, thing_id: int, item_id: int, on: date, taken_by: int) -> int:
    """Write a draft; its number."""
    row = db.execute(INSERT_PLEDGE, [public_id, thing_id, item_id, on, taken_by]).fetchone()
    assert row is not None
    return int(row[0])


def pledge_where(db: Db, condition: str, *values: object) -> Pledge | None:
    """The newest pledge that meets the condition."""
    row = db.execute(f"{_PLEDGE} WHERE {condition} ORDER BY p.pledge_id DESC LIMIT 1", list(values)).fetchone()
    return _pledge(row) if row else None


def pledges_where(db: Db, condition: str, *values: object) -> list[Pledge]:
    """The pledges that meet the condition, in the order in which they are locked."""
    return [_pledge(row) for row in db.execute(f"{_PLEDGE} WHERE {condition} ORDER BY p.pledge_id", list(values)).fetchall()]


def lock(db: Db, pledge_id: int) -> Pledge:
    """The pledge, so that nobody else changes it before this transaction ends."""
    db.execute(LOCK_PLEDGE, [pledge_id])
    found = pledge_where(db, "p.pledge_id = %s", pledge_id)
    assert found is not None
    return found


def set_request(db: Db, pledge_id: int, request: str) -> None:
    """Name the approval that the delivery waits for."""
    db.execute(SET_REQUEST, [request, pledge_id])


def deliver(db: Db, pledge_id: int, *, state: PledgeState, on: date, witness: int, receipt_id: int) -> None:
    """Write that the thing was delivered."""
    db.execute(DELIVER, [state, on, witness, receipt_id, pledge_id])


def end(db: Db, pledge_id: int, *, state: PledgeState, on: date, how: str) -> None:
    """Write that the pledge has ended."""
    db.execute(END, [state, on, how, pledge_id])


def link(db: Db, *, loan_id: int, loan_seq: int, pledge_id: int, pledge_seq: int) -> None:
    """Write under both keys that the pledge secures the loan."""
    db.execute(LINK_LOAN, [loan_id, pledge_id, loan_seq])
    db.execute(LINK_PLEDGE, [pledge_id, loan_id, pledge_seq])


def insert_photo(db: Db, *, pledge_id: int, what: str, file_id: int) -> None:
    """Write a photo of the intake."""
    db.execute(INSERT_PHOTO, [pledge_id, what, file_id])


def post_loss(db: Db, pledge: Pledge, *, branch_id: int, product: str, amount: Money, on: date, at: datetime) -> None:
    """Enter what is paid for a lost thing: a loss of custody, out of the bank. Sub-ledger and general ledger alike."""
    row = [open_day(db, on), branch_id, product, Account.CUSTODY_LOSS, Account.BANK, amount.minor, amount.currency]
    db.execute(
        """INSERT INTO custody_loss_posting (pledge_id, on_date, branch_id, product_code, debit_account, credit_account, amount, currency)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s)""",
        [pledge.pledge_id, *row],
    )
    db.execute(
        """INSERT INTO gl_entry (on_date, branch_id, product_code, debit_account, credit_account, amount, currency, source, recorded_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
        [*row, f"{pledge.public_id} compensated", at],
    )


def photos(db: Db, pledge_id: int) -> dict[str, str]:
    """What each photo of the intake shows, and its file."""
    return dict(db.execute(SELECT_PHOTOS, [pledge_id]).fetchall())


def on_shelf(db: Db, branch_id: int, shelf: str) -> list[Kept]:
    """What fills the slots of a shelf."""
    found = []
    for row in db.execute(SELECT_SHELF, [branch_id, shelf]).fetchall():
        item_id, thing_id, thing, model, storage_gb, code, level, slot, *rest = row
        place = str(Place(code, level, slot))
        found.append(Kept(item_id, thing_id, thing, model, storage_gb, place, level, slot, *rest))
    return found


def compare_links(db: Db) -> tuple[int, list[tuple[int, int, bool, bool, bool, bool]]]:
    """How many links there are, and those that do not stand alike under both keys or name no record."""
    row = db.execute(COUNT_LINKS).fetchone()
    return (row[0] if row else 0), [each for each in db.execute(COMPARE_LINKS).fetchall() if any(each[2:])]


def _pledge(row: Sequence[Any]) -> Pledge:
    number, public_id, thing_id, thing, item_id, state, secures, drafted, delivered, ended, how, taken_by, witness, receipt, asked = row
    return Pledge(
        number, public_id, thing_id, thing, item_id, PledgeState(state), tuple(secures), drafted, delivered, ended, how, taken_by, witness,
        receipt, asked,
    )  # fmt: skip
