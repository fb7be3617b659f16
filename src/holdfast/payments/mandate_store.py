"""Where mandates and direct debits are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from holdfast.kernel.money import Money
from holdfast.kernel.sealing import Sealed
from holdfast.loans import Happened
from holdfast.parties import Scope
from holdfast.payments.model import Debit, Mandate
from holdfast.payments.states import DebitState, MandateState
from holdfast.payments.store import MOST_LISTED, Db, sight

_MANDATES: Final = """
SELECT m.loan_id, m.mandate_no, m.public_id, l.public_id, l.contract_no, l.borrower_label, m.state, m.payer_label, m.account_masked,
       m.currency, m.most_each, m.most_a_month, m.body, m.digest, m.drafted_at, m.signed_at, m.ended_at, m.why
  FROM mandate m JOIN loan l USING (loan_id)
 WHERE {sight} AND (%(loan)s::bigint IS NULL OR m.loan_id = %(loan)s) AND (%(mandate)s::text IS NULL OR m.public_id = %(mandate)s)
   AND m.state = ANY(%(states)s)
 ORDER BY m.drafted_at DESC, m.mandate_no DESC LIMIT %(limit)s"""
_MANDATE_COLUMNS: Final = frozenset({"state", "signed_at", "ended_at", "why"})
_DEBITS: Final = """
SELECT d.loan_id, d.debit_no, d.public_id, l.public_id, l.contract_no, l.borrower_label, d.mandate_no, d.n, d.due_on, d.state, d.amount,
       d.currency, d.on_date, d.sent_at, d.reference, d.why, d.paid_on, d.enquiries
  FROM debit d JOIN loan l USING (loan_id)
 WHERE {sight} AND (%(loan)s::bigint IS NULL OR d.loan_id = %(loan)s) AND (%(debit)s::text IS NULL OR d.public_id = %(debit)s)
   AND d.state = ANY(%(states)s)
 ORDER BY d.on_date DESC, d.loan_id, d.debit_no DESC LIMIT %(limit)s"""
_DEBIT_COLUMNS: Final = frozenset({"state", "amount", "sent_at", "reference", "why", "paid_on", "enquiries", "enquire_at"})


def mandates(
    db: Db, scope: Scope | None, *, loan_id: int | None = None, public_id: str | None = None,
    states: Sequence[MandateState] = tuple(MandateState),
) -> list[Mandate]:  # fmt: skip
    """Mandates of loans within sight, newest first."""
    condition, values = sight(scope)
    given = {"loan": loan_id, "mandate": public_id, "states": [str(each) for each in states], "limit": MOST_LISTED, **values}
    found = []
    for row in db.execute(_MANDATES.format(sight=condition), given).fetchall():
        currency = row[9]
        parts = [*row[:6], MandateState(row[6]), *row[7:9], Money(row[10], currency), Money(row[11], currency), *row[12:]]
        found.append(Mandate(*parts))
    return found


def insert_mandate(
    db: Db, *, loan_id: int, public_id: str, payer_label: str, account_masked: str, sealed: Sealed, lookup: bytes, most_each: Money,
    most_a_month: Money, body: str, digest: str, at: datetime,
) -> None:  # fmt: skip
    """A mandate that waits to be signed."""
    db.execute(
        """INSERT INTO mandate (loan_id, mandate_no, public_id, state, payer_label, account_masked, nonce, sealed, lookup, currency,
                                most_each, most_a_month, body, digest, drafted_at, why)
           SELECT %(loan)s, coalesce(max(mandate_no), 0) + 1, %(public_id)s, 'drafted', %(payer)s, %(account)s, %(nonce)s, %(sealed)s,
                  %(lookup)s, %(currency)s, %(each)s, %(month)s, %(body)s, %(digest)s, %(at)s, ''
             FROM mandate WHERE loan_id = %(loan)s""",
        {
            "loan": loan_id, "public_id": public_id, "payer": payer_label, "account": account_masked, "nonce": sealed.nonce,
            "sealed": sealed.sealed, "lookup": lookup, "currency": most_each.currency, "each": most_each.minor,
            "month": most_a_month.minor, "body": body, "digest": digest, "at": at,
        },
    )  # fmt: skip


def update_mandate(db: Db, mandate: Mandate, **columns: Any) -> None:
    """Write where a mandate now stands; its loan is locked by the caller."""
    assert columns.keys() <= _MANDATE_COLUMNS
    sets = ", ".join(f"{name} = %({name})s" for name in columns)
    db.execute(
        f"UPDATE mandate SET {sets} WHERE loan_id = %(loan)s AND mandate_no = %(no)s",
        {**columns, "loan": mandate.loan_id, "no": mandate.mandate_no},
    )


def sealed_of_mandate(db: Db, mandate: Mandate) -> tuple[Sealed, bytes]:
    """The sealed payer of a mandate, and the keyed hash of the account."""
    row = db.execute(
        "SELECT nonce, sealed, lookup FROM mandate WHERE loan_id = %s AND mandate_no = %s", [mandate.loan_id, mandate.mandate_no]
    ).fetchone()
    assert row is not None
    return Sealed(bytes(row[0]), bytes(row[1])), bytes(row[2])


def loans_to_collect(db: Db, today: date) -> list[int]:
    """The loans with a mandate in force whose oldest unpaid instalment is due by today, in the order of their numbers."""
    rows = db.execute(
        """SELECT m.loan_id FROM mandate m JOIN loan l USING (loan_id)
            WHERE m.state = 'active' AND l.state = 'active' AND l.loan_id IN (
                  SELECT i.loan_id FROM instalment i WHERE i.loan_id = m.loan_id AND i.due_on <= %s AND i.paid_on IS NULL)
            ORDER BY m.loan_id""",
        [today],
    )
    return [row[0] for row in rows]


def loans_to_end(db: Db) -> list[int]:
    """The loans that are no longer repaid and still have a mandate in force."""
    rows = db.execute(
        """SELECT m.loan_id FROM mandate m JOIN loan l USING (loan_id)
            WHERE m.state = 'active' AND l.state NOT IN ('active', 'written_off', 'releasing') ORDER BY m.loan_id"""
    )
    return [row[0] for row in rows]


def loans_with_failed_debits(db: Db) -> list[int]:
    """The loans with an open duty about a debit that failed for the last time."""
    return [row[0] for row in db.execute("SELECT loan_id FROM duty WHERE kind = 'debit_failed' AND open ORDER BY loan_id")]


def debits(
    db: Db, scope: Scope | None, *, loan_id: int | None = None, public_id: str | None = None,
    states: Sequence[DebitState] = tuple(DebitState), happened: tuple[Happened, ...] = (),
) -> list[Debit]:  # fmt: skip
    """Direct debits of loans within sight, newest first."""
    condition, values = sight(scope)
    given = {"loan": loan_id, "debit": public_id, "states": [str(each) for each in states], "limit": MOST_LISTED, **values}
    found = []
    for row in db.execute(_DEBITS.format(sight=condition), given).fetchall():
        found.append(Debit(*[*row[:9], DebitState(row[9]), Money(row[10], row[11]), *row[12:], happened]))
    return found


def insert_debit(db: Db, *, loan_id: int, public_id: str, mandate_no: int, n: int, due_on: date, amount: Money, on: date) -> bool:
    """A proposed debit; False if one for that instalment is under way."""
    row = db.execute(
        """INSERT INTO debit (loan_id, debit_no, public_id, mandate_no, n, due_on, state, amount, currency, on_date, reference, why,
                              enquiries)
           SELECT %(loan)s, coalesce(max(debit_no), 0) + 1, %(public_id)s, %(mandate)s, %(n)s, %(due_on)s, 'proposed', %(amount)s,
                  %(currency)s, %(on)s, '', '', 0
             FROM debit WHERE loan_id = %(loan)s
           ON CONFLICT (loan_id, n) WHERE state IN ('proposed', 'sent', 'unknown') DO NOTHING RETURNING debit_no""",
        {
            "loan": loan_id, "public_id": public_id, "mandate": mandate_no, "n": n, "due_on": due_on, "amount": amount.minor,
            "currency": amount.currency, "on": on,
        },
    ).fetchone()  # fmt: skip
    return row is not None


def update_debit(db: Db, debit: Debit, **columns: Any) -> None:
    """Write where a debit now stands; its loan is locked by the caller."""
    assert columns.keys() <= _DEBIT_COLUMNS
    sets = ", ".join(f"{name} = %({name})s" for name in columns)
    db.execute(
        f"UPDATE debit SET {sets} WHERE loan_id = %(loan)s AND debit_no = %(no)s",
        {**columns, "loan": debit.loan_id, "no": debit.debit_no},
    )


def debits_to_send(db: Db) -> list[str]:
    """The proposed debits, oldest first."""
    return [row[0] for row in db.execute("SELECT public_id FROM debit WHERE state = 'proposed' ORDER BY on_date, loan_id, debit_no")]


def debits_to_enquire(db: Db, now: datetime) -> list[str]:
    """The debits whose answer is not known and whose turn to be asked after has come."""
    rows = db.execute(
        "SELECT public_id FROM debit WHERE state IN ('sent', 'unknown') AND enquire_at <= %s ORDER BY enquire_at, loan_id", [now]
    )
    return [row[0] for row in rows]


def debits_of_month(db: Db, loan_id: int, first: date) -> tuple[int, int]:
    """Of the debits that a bank heard of since the first of a month: how many, and the sum of those that are under way or were paid."""
    row = db.execute(
        """SELECT count(*), coalesce(sum(amount) FILTER (WHERE state IN ('sent', 'unknown', 'collected')), 0)::bigint FROM debit
            WHERE loan_id = %s AND on_date >= %s AND state NOT IN ('proposed', 'dropped')""",
        [loan_id, first],
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
