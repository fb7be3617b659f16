"""Looking loans up by the names that the world knows them by."""

from __future__ import annotations

from typing import Any

import psycopg

from holdfast.kernel.errors import NotFound


def loan_id_of(db: psycopg.Connection[Any], public_id: str) -> int:
    """The loan's number for its public id; NotFound if there is none."""
    row = db.execute("SELECT loan_id FROM loan_registry WHERE kind = 'public_id' AND key = %s", [public_id]).fetchone()
    if row is None:
        raise NotFound(f"there is no loan {public_id}", field="loan")
    return int(row[0])


def loan_of_number(db: psycopg.Connection[Any], contract_no: str) -> str | None:
    """The public id of the loan under that contract number, if there is one."""
    row = db.execute(
        """SELECT l.public_id FROM loan_registry r JOIN loan l USING (loan_id)
            WHERE r.kind = 'contract_no' AND r.key = ANY(%s)""",
        [[contract_no, contract_no.upper()]],
    ).fetchone()
    return None if row is None else str(row[0])
