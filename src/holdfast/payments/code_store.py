"""Where pay codes and virtual accounts are kept."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.payments.model import PayCode
from holdfast.payments.store import Db


def pay_code(db: Db, loan_id: int) -> PayCode | None:
    """The code of a loan, if it has one."""
    row = db.execute("SELECT loan_id, code, coalesce(virtual, '') FROM pay_code WHERE loan_id = %s", [loan_id]).fetchone()
    return None if row is None else PayCode(*row)


def register(db: Db, code: str, loan_id: int) -> bool:
    """Take a code, or a virtual account, for a loan; False if another loan has it."""
    row = db.execute(
        "INSERT INTO pay_code_registry (code, loan_id) VALUES (%s, %s) ON CONFLICT (code) DO NOTHING RETURNING loan_id", [code, loan_id]
    ).fetchone()
    return row is not None


def insert(db: Db, *, loan_id: int, code: str) -> None:
    """The code of a loan; whoever comes second finds the first one's."""
    db.execute("INSERT INTO pay_code (loan_id, code) VALUES (%s, %s) ON CONFLICT (loan_id) DO NOTHING", [loan_id, code])


def give_virtual(db: Db, loan_id: int, number: str) -> None:
    """The account number of a loan; it never changes again."""
    db.execute("UPDATE pay_code SET virtual = %s WHERE loan_id = %s AND virtual IS NULL", [number, loan_id])


def next_virtual(db: Db) -> int:
    """A number of the range that nobody has had."""
    row = db.execute("SELECT nextval('virtual_account_seq')").fetchone()
    assert row is not None
    return int(row[0])


def loans_of_codes(db: Db, codes: Sequence[str]) -> dict[str, int]:
    """The loans of codes and of virtual accounts; those that are nobody's are left out."""
    return {row[0]: row[1] for row in db.execute("SELECT code, loan_id FROM pay_code_registry WHERE code = ANY(%s)", [sorted(set(codes))])}
