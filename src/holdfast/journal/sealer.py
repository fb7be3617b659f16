"""The sealer: puts committed records into the one tree and signs its head.

Positions have no gaps because the sealer alone gives them out, one run after another. A record
that commits late is simply sealed by a later run. A run costs what is new and a logarithm of
what is there: the tree's perfect subtrees are stored and never computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from holdfast.journal.checkpoint import Checkpoint, checkpoint_of
from holdfast.journal.keys import signing_key
from holdfast.journal.note import BadNote, SigningKey
from holdfast.journal.tree import Frontier, Node, edge_nodes
from holdfast.kernel.errors import Fault, Unavailable

if TYPE_CHECKING:
    from psycopg import Connection

CHUNK: Final = 50_000

# Held until commit: the next run must see this one's positions, and nobody else waits for this lock.
ONE_SEALER: Final = "SELECT pg_advisory_xact_lock(hashtext('holdfast journal sealer'))"

NEWEST_HEAD: Final = "SELECT size, root, checkpoint, signed_at FROM tree_head ORDER BY size DESC LIMIT 1"

TREE_SIZE: Final = "SELECT position + 1 FROM tree_leaf ORDER BY position DESC LIMIT 1"

# Promise: what is taken is gone from the queue only if this transaction commits its place in the tree.
TAKE: Final = """
WITH taken AS (
    DELETE FROM seal_queue WHERE queue_id IN (SELECT queue_id FROM seal_queue ORDER BY queue_id LIMIT %s)
    RETURNING queue_id, loan_id, seq
)
SELECT taken.loan_id, taken.seq, record.leaf_hash
  FROM taken LEFT JOIN record USING (loan_id, seq)
 ORDER BY taken.queue_id
"""

PLACE_LEAVES: Final = """
INSERT INTO tree_leaf (position, loan_id, seq, leaf_hash)
SELECT position, loan_id, seq, leaf_hash
  FROM unnest(%s::bigint[], %s::bigint[], %s::integer[], %s::bytea[]) AS leaf (position, loan_id, seq, leaf_hash)
"""

PLACE_NODES: Final = """
INSERT INTO tree_node (level, number, hash)
SELECT level, number, hash FROM unnest(%s::integer[], %s::bigint[], %s::bytea[]) AS node (level, number, hash)
"""

PLACE_HEAD: Final = "INSERT INTO tree_head (size, root, checkpoint, signed_at) VALUES (%s, %s, %s, %s)"

NODES: Final = """
SELECT 0, position, leaf_hash FROM tree_leaf WHERE position = ANY(%s::bigint[])
UNION ALL
SELECT level, number, hash FROM tree_node JOIN unnest(%s::integer[], %s::bigint[]) AS wanted (level, number) USING (level, number)
"""


def seal(db: Connection[Any], keys: Path, at: datetime) -> int:
    """Seal every record that waits, sign the new head, and return the tree's size.

    Runs in the caller's transaction and does nothing if nothing waits. Unavailable if the key is
    missing or another one signed the newest head; Fault if the stored tree does not lead to it.
    """
    db.execute(ONE_SEALER)
    frontier = None
    key = None
    while waiting := db.execute(TAKE, (CHUNK,)).fetchall():
        if frontier is None:
            frontier, key = _resume(db, keys)
        _place(db, frontier, waiting)
    if frontier is None or key is None:
        return tree_size(db)
    head = Checkpoint(key.name, frontier.size, frontier.root())
    db.execute(PLACE_HEAD, (head.size, head.root, key.sign(head.text()), at))
    return frontier.size


def tree_size(db: Connection[Any]) -> int:
    """How many records the tree holds."""
    row = db.execute(TREE_SIZE).fetchone()
    return int(row[0]) if row else 0


def newest_head(db: Connection[Any]) -> tuple[Checkpoint, str, datetime] | None:
    """The newest head, its signed text and when it was signed; None before the first."""
    row = db.execute(NEWEST_HEAD).fetchone()
    if row is None:
        return None
    return checkpoint_of(row[2]), str(row[2]), row[3]


def stored_nodes(db: Connection[Any], nodes: Sequence[Node]) -> dict[Node, bytes]:
    """The hashes of perfect subtrees; Fault if one that must exist does not."""
    leaves = [node.number for node in nodes if node.level == 0]
    inner = [node for node in nodes if node.level > 0]
    rows = db.execute(NODES, (leaves, [node.level for node in inner], [node.number for node in inner])).fetchall()
    found = {Node(int(level), int(number)): bytes(hashed) for level, number, hashed in rows}
    for node in nodes:
        if node not in found:
            raise Fault(f"the journal's tree has lost its node {node.number} of level {node.level}; run: holdfast journal verify")
    return found


def frontier_at(db: Connection[Any], size: int) -> Frontier:
    """The tree's growing edge when it had `size` leaves."""
    nodes = edge_nodes(size)
    stored = stored_nodes(db, nodes)
    return Frontier(size, [stored[node] for node in nodes])


def _resume(db: Connection[Any], keys: Path) -> tuple[Frontier, SigningKey]:
    newest = newest_head(db)
    key = signing_key(keys, heads_exist=newest is not None)
    size = tree_size(db)
    frontier = frontier_at(db, size)
    if newest is None:
        if size:
            raise Fault(f"the journal's tree holds {size} records under no head; run: holdfast journal verify")
        return frontier, key
    head, note, _ = newest
    try:
        key.verifier.opens(note)
    except BadNote as error:
        raise Unavailable(f"the newest head of this book is {error}; put back the keys it was made with", code="key_other") from None
    if (head.size, head.root) != (frontier.size, frontier.root()):
        raise Fault("the journal's tree does not lead to its newest head; nothing is signed over it; run: holdfast journal verify")
    return frontier, key


def _place(db: Connection[Any], frontier: Frontier, waiting: Sequence[tuple[int, int, bytes | None]]) -> None:
    first = frontier.size
    completed: list[tuple[Node, bytes]] = []
    leaves: list[bytes] = []
    for loan_id, seq, leaf in waiting:
        if leaf is None:
            raise Fault(f"record {seq} of chain {loan_id} waits to be sealed but does not exist")
        leaves.append(leaf)
        completed += frontier.add(leaf)
    positions = list(range(first, frontier.size))
    db.execute(PLACE_LEAVES, (positions, [row[0] for row in waiting], [row[1] for row in waiting], leaves))
    if completed:
        db.execute(PLACE_NODES, ([n.level for n, _ in completed], [n.number for n, _ in completed], [hashed for _, hashed in completed]))
