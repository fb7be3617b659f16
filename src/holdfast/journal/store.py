"""The journal's tables: what a business transaction writes, and what is read back.

Nothing here takes a lock across loans: a chain is extended under its own loan's row lock, which
the verb already holds, and the tree is the sealer's alone (`sealer.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from holdfast.journal.records import BATCH_KIND, EMPTY_HEAD, Actor, Record, draw
from holdfast.journal.tree import Frontier
from holdfast.kernel.ids import new_id

if TYPE_CHECKING:
    # Only for types: the offline verifier lives in this package and must load without a database driver.
    from psycopg import Connection

# Perfect subtrees of a batch are stored from this level on; what is smaller is hashed again from its lines.
BATCH_LEVEL: Final = 8

NEXT_CHAIN_IDS: Final = "SELECT nextval('chain_id_seq') FROM generate_series(1, %s)"

# Promise: a record is never written without its place in the sealer's queue, and both in one round trip.
APPEND: Final = """
WITH written AS (
    INSERT INTO record (loan_id, seq, kind, body, leaf_hash, on_date, recorded_at)
    SELECT loan_id, seq, kind, convert_to(body, 'UTF8'), decode(leaf_hash, 'hex'), on_date, recorded_at
      FROM jsonb_to_recordset(%s::jsonb)
        AS line (loan_id bigint, seq integer, kind text, body text, leaf_hash text, on_date date, recorded_at timestamptz)
    RETURNING loan_id, seq
)
INSERT INTO seal_queue (loan_id, seq) SELECT loan_id, seq FROM written
"""

# A batch's lines are as many as a night has; they are streamed, and only the batch's own record is queued.
COPY_LINES: Final = """
COPY record (loan_id, seq, kind, body, leaf_hash, on_date, recorded_at, batch_id, batch_line) FROM STDIN (FORMAT BINARY)
"""
LINE_TYPES: Final = ("int8", "int4", "text", "bytea", "bytea", "date", "timestamptz", "int8", "int4")

COPY_BATCH_NODES: Final = "COPY batch_node (batch_id, level, number, hash) FROM STDIN (FORMAT BINARY)"
BATCH_NODE_TYPES: Final = ("int8", "int4", "int8", "bytea")

READ_CHAIN: Final = """
SELECT loan_id, seq, kind, body, leaf_hash, on_date, recorded_at FROM record WHERE loan_id = %s ORDER BY seq
"""


def next_chain_id(db: Connection[Any]) -> int:
    """A number for a new chain: a loan's, or that of another thing with a life of its own."""
    return chain_ids(db, 1)[0]


def chain_ids(db: Connection[Any], count: int) -> list[int]:
    """`count` new chain numbers, rising."""
    return [int(row[0]) for row in db.execute(NEXT_CHAIN_IDS, (count,)).fetchall()]


def append(db: Connection[Any], records: Sequence[Record]) -> None:
    """Write drawn records and queue them for the sealer, in the caller's transaction and in one statement.

    The caller holds the row lock of each chain it extends; a writer who does not is refused by the
    primary key, and the whole transaction with it.
    """
    if records:
        db.execute(APPEND, [json.dumps([_line(record) for record in records])])


def append_batch(
    db: Connection[Any], records: Sequence[Record], *, on: date, at: datetime, by: Actor, label: str, pack: str = ""
) -> Record:
    """Write many loans' records under one record of a new chain, and return that one.

    It says how many lines there are and their root; each line is proved by its path to that root, so
    the tree grows by one leaf. `label` says what the batch is: a tape's name, a night's date.
    """
    batch_id = next_chain_id(db)
    frontier = Frontier()
    kept: list[tuple[int, int, int, bytes]] = []
    with db.cursor().copy(COPY_LINES) as lines:
        lines.set_types(LINE_TYPES)
        for number, line in enumerate(records):
            for node, hashed in frontier.add(line.leaf_hash):
                if node.level >= BATCH_LEVEL:
                    kept.append((batch_id, node.level, node.number, hashed))
            lines.write_row(
                (line.loan_id, line.seq, line.kind, line.body, line.leaf_hash, line.on_date, line.recorded_at, batch_id, number)
            )
    if kept:
        with db.cursor().copy(COPY_BATCH_NODES) as nodes:
            nodes.set_types(BATCH_NODE_TYPES)
            for row in kept:
                nodes.write_row(row)
    record, _ = draw(
        EMPTY_HEAD,
        loan_id=batch_id,
        chain=new_id("bt"),
        kind=BATCH_KIND,
        on=on,
        at=at,
        by=by,
        says={"label": label, "lines": len(records), "root": frontier.root().hex()},
        pack=pack,
    )
    append(db, [record])
    return record


def _line(record: Record) -> dict[str, Any]:
    """A record as `APPEND` takes it: its bytes are text, for canonical JSON is UTF-8."""
    return {
        "loan_id": record.loan_id, "seq": record.seq, "kind": record.kind, "body": record.body.decode(),
        "leaf_hash": record.leaf_hash.hex(), "on_date": record.on_date.isoformat(), "recorded_at": record.recorded_at.isoformat(),
    }  # fmt: skip


def read_chain(db: Connection[Any], loan_id: int) -> list[Record]:
    """All records of one chain, oldest first."""
    return [Record(*row) for row in db.execute(READ_CHAIN, (loan_id,)).fetchall()]
