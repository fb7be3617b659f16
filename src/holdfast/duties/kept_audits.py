"""What audits found, kept for whoever opens home next. Append-only; an audit never reads it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.duties.audit import Audit
from holdfast.kernel import canonical

_FINDINGS: Final = 100


def keep(db: psycopg.Connection[Any], audit: Audit, at: datetime) -> None:
    """Keep what an audit found, with the first findings of each list, for whoever opens home next."""
    told = audit.as_json()
    findings = {name: told[name][:_FINDINGS] for name in ("missing", "late", "unproved")}
    db.execute(
        """
        INSERT INTO duty_audit (as_of, loans, expected, missing, late, unproved, findings, ran_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        """,
        [
            audit.as_of,
            audit.loans,
            audit.expected,
            len(audit.missing),
            len(audit.late),
            len(audit.unproved),
            canonical.encode(findings).decode(),
            at,
        ],
    )


def audited_on(db: psycopg.Connection[Any]) -> date | None:
    """The business date of the newest audit that was kept."""
    row = db.execute("SELECT max(as_of) FROM duty_audit").fetchone()
    return row[0] if row else None
