"""Own chains: the records of a thing that keeps no head of its own.

A loan carries its chain's head in its row. A party, a staff member or an approval does not: its
chain is short, so its end is read when the next record is written, under a lock of that chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from holdfast.journal.records import EMPTY_HEAD, NOTHING_SEALED, Actor, Head, Record, draw
from holdfast.journal.store import append
from holdfast.kernel.clock import Clock

if TYPE_CHECKING:
    from psycopg import Connection

LOCK_CHAIN: Final = "SELECT pg_advisory_xact_lock(hashtextextended('chain ' || %s, 0))"
# The end of one chain.
SELECT_END: Final = "SELECT seq, leaf_hash FROM record WHERE loan_id = %s ORDER BY seq DESC LIMIT 1"


def write_record(
    db: Connection[Any],
    *,
    clock: Clock,
    by: Actor,
    chain_id: int,
    chain: str,
    kind: str,
    says: Mapping[str, Any],
    seals: Mapping[str, str] = NOTHING_SEALED,
    pack: str = "",
) -> Record:
    """Write the next record of a chain whose thing keeps no head; two writers of one chain take turns."""
    db.execute(LOCK_CHAIN, (chain_id,))
    end = db.execute(SELECT_END, (chain_id,)).fetchone()
    head = Head(end[0], bytes(end[1])) if end else EMPTY_HEAD
    record, _ = draw(
        head, loan_id=chain_id, chain=chain, kind=kind, on=clock.today(), at=clock.now(), by=by, says=says, seals=seals, pack=pack
    )
    append(db, [record])
    return record
