"""Export: the bundle of one chain, gathered from the tables.

What waits is sealed first, so a bundle always holds the chain's last record. It shows how its
head follows from the heads that have left the house, because one of those is what an outsider
comes back with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from holdfast.journal.bundle import Bundle, Earlier, Line, Placed
from holdfast.journal.checkpoint import Checkpoint, checkpoint_of
from holdfast.journal.keys import signing_key
from holdfast.journal.note import SigningKey, VerifierKey
from holdfast.journal.sealer import newest_head, seal, stored_nodes
from holdfast.journal.store import BATCH_LEVEL
from holdfast.journal.tree import Frontier, Node, Span, consistency_spans, hashes_of, inclusion_spans
from holdfast.kernel import canonical
from holdfast.kernel.errors import Fault, NotFound, Refusal

if TYPE_CHECKING:
    from psycopg import Connection

# A bundle stays small: of all heads that left the house it builds on the newest ones, and on any that is asked for.
EARLIER_HEADS: Final = 64

NAMED: Final = "SELECT loan_id FROM loan_registry WHERE key = %s AND kind IN ('public_id', 'contract_no') ORDER BY kind DESC LIMIT 1"

# One row a record, with the place of what seals it: its own leaf, or its batch's.
PLACED_CHAIN: Final = """
SELECT record.body, record.leaf_hash, record.batch_id, record.batch_line, tree_leaf.position
  FROM record
  LEFT JOIN tree_leaf ON tree_leaf.loan_id = coalesce(record.batch_id, record.loan_id)
                     AND tree_leaf.seq = CASE WHEN record.batch_id IS NULL THEN record.seq ELSE 1 END
 WHERE record.loan_id = %s
 ORDER BY record.seq
"""

BATCHES: Final = """
SELECT record.loan_id, record.body, tree_leaf.position
  FROM record JOIN tree_leaf USING (loan_id, seq)
 WHERE record.loan_id = ANY(%s::bigint[]) AND record.seq = 1
"""

BATCH_LINES: Final = """
SELECT batch_line, leaf_hash FROM record
 WHERE batch_id = %s AND (batch_line BETWEEN %s AND %s OR batch_line BETWEEN %s AND %s)
"""

BATCH_NODES: Final = """
SELECT level, number, hash
  FROM batch_node JOIN unnest(%s::integer[], %s::bigint[]) AS wanted (level, number) USING (level, number)
 WHERE batch_id = %s
"""

COPIES: Final = """
SELECT size, checkpoint FROM tree_head
 WHERE size < %s AND (size IN (SELECT size FROM head_copy ORDER BY size DESC LIMIT %s) OR size = ANY(%s::bigint[]))
 ORDER BY size
"""

NOTE_COPY: Final = "INSERT INTO head_copy (size, holder, given_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"

SUMMARY: Final = """
SELECT count(*), count(tree_leaf.position)
  FROM record
  LEFT JOIN tree_leaf ON tree_leaf.loan_id = coalesce(record.batch_id, record.loan_id)
                     AND tree_leaf.seq = CASE WHEN record.batch_id IS NULL THEN record.seq ELSE 1 END
 WHERE record.loan_id = %s
"""


def chain_named(db: Connection[Any], name: str) -> int:
    """The chain of a loan, by its public id or its contract number; NotFound if there is none."""
    row = db.execute(NAMED, (name,)).fetchone()
    if row is None:
        raise NotFound(f"no loan has the id or contract number {name!r}", loan=name)
    return int(row[0])


def export(db: Connection[Any], keys: Path, loan_id: int, at: datetime, *, head: str | None = None) -> bytes:
    """The bundle of one chain as the bytes of a file.

    `head` is a head from outside that the bundle must build on, besides those known to be outside.
    Refusal if it is not one of this journal's; NotFound if the chain has no records.
    """
    seal(db, keys, at)
    rows = db.execute(PLACED_CHAIN, (loan_id,)).fetchall()
    newest = newest_head(db)
    if not rows or newest is None:
        raise NotFound(f"chain {loan_id} has no records", chain=loan_id)
    now, note, _ = newest
    key = signing_key(keys, heads_exist=True)
    wanted = [_own_head(db, key.verifier, head, now)] if head is not None else []
    if any(row[4] is None for row in rows):
        raise Fault(f"chain {loan_id} has a record that was never queued for sealing; run: holdfast journal verify")
    batches = _batches(db, list(dict.fromkeys(row[2] for row in rows if row[2] is not None)))
    copies = db.execute(COPIES, (now.size, EARLIER_HEADS, wanted)).fetchall()
    # All that the paths need is asked for at once, then handed out in the same order.
    paths = iter(
        _paths(
            db,
            [inclusion_spans(row[4], now.size) for row in rows if row[2] is None]
            + [inclusion_spans(batch.position, now.size) for batch in batches]
            + [consistency_spans(size, now.size) for size, _ in copies],
        )
    )
    bundle = Bundle(
        chain=str(canonical.decode(rows[0][0])["chain"]),
        checkpoint=note,
        records=tuple(
            Placed(body.decode(), position, next(paths)) if batch_id is None else _line(db, body, batch_id, line, batches)
            for body, _, batch_id, line, position in rows
        ),
        batches=tuple(Placed(batch.body, batch.position, next(paths)) for batch in batches),
        earlier=tuple(Earlier(checkpoint, next(paths)) for _, checkpoint in copies),
    )
    return _signed(bundle, key, now).data()


def give_head(db: Connection[Any], keys: Path, at: datetime, *, holder: str) -> str:
    """The newest head's checkpoint, to be kept by somebody else; notes that it left, so that later bundles build on it."""
    seal(db, keys, at)
    newest = newest_head(db)
    if newest is None:
        raise Refusal("the journal has no records yet, so it has no head to give", code="no_head")
    head, note, _ = newest
    db.execute(NOTE_COPY, (head.size, holder, at))
    return note


def prove(db: Connection[Any], loan_id: int) -> dict[str, Any]:
    """What the loan page says of a chain's proof: its records, how many are sealed, and the newest head."""
    row = db.execute(SUMMARY, (loan_id,)).fetchone()
    newest = newest_head(db)
    return {
        "records": row[0] if row else 0,
        "sealed": row[1] if row else 0,
        "size": newest[0].size if newest else 0,
        "root": newest[0].root.hex() if newest else None,
        "signed_at": newest[2] if newest else None,
    }


def line_path(db: Connection[Any], batch_id: int, line: int, lines: int) -> list[bytes]:
    """The path from one line to its batch's root; reads a few hundred lines at most, however many there are."""

    def fetch(nodes: Sequence[Node]) -> dict[Node, bytes]:
        large = [node for node in nodes if node.level >= BATCH_LEVEL]
        found = _small_nodes(db, batch_id, line, lines)
        stored = db.execute(BATCH_NODES, ([n.level for n in large], [n.number for n in large], batch_id)).fetchall()
        found |= {Node(level, number): hashed for level, number, hashed in stored}
        if missing := [node for node in nodes if node not in found]:
            raise Fault(f"batch {batch_id} has lost {len(missing)} nodes of its tree; run: holdfast journal verify")
        return found

    return hashes_of(inclusion_spans(line, lines), fetch)


def _small_nodes(db: Connection[Any], batch_id: int, line: int, lines: int) -> dict[Node, bytes]:
    """The subtrees below BATCH_LEVEL that a path may need: those of the line's own block and of the unfinished last one."""
    block, last = line >> BATCH_LEVEL, lines >> BATCH_LEVEL
    ends = [number << BATCH_LEVEL for number in (block, block + 1, last, last + 1)]
    rows = db.execute(BATCH_LINES, (batch_id, ends[0], ends[1] - 1, ends[2], ends[3] - 1)).fetchall()
    hashes = dict(rows)
    found = {Node(0, number): hashed for number, hashed in hashes.items()}
    for start in {ends[0], ends[2]}:
        frontier = Frontier()
        while (leaf := hashes.get(start + frontier.size)) is not None and frontier.size < 1 << BATCH_LEVEL:
            for node, hashed in frontier.add(leaf):
                found[Node(node.level, node.number + (start >> node.level))] = hashed
    return found


@dataclass(frozen=True, slots=True)
class _Batch:
    batch_id: int
    body: str
    position: int
    lines: int


def _batches(db: Connection[Any], batch_ids: list[int]) -> list[_Batch]:
    """The batches' own records, in the given order."""
    rows = {row[0]: row for row in db.execute(BATCHES, (batch_ids,)).fetchall()} if batch_ids else {}
    return [
        _Batch(number, rows[number][1].decode(), rows[number][2], canonical.decode(rows[number][1])["says"]["lines"])
        for number in batch_ids
    ]


def _line(db: Connection[Any], body: bytes, batch_id: int, line: int, batches: Sequence[_Batch]) -> Line:
    index, batch = next((index, batch) for index, batch in enumerate(batches) if batch.batch_id == batch_id)
    return Line(body.decode(), index, line, tuple(line_path(db, batch_id, line, batch.lines)))


def _paths(db: Connection[Any], wanted: Sequence[Sequence[Span]]) -> list[tuple[bytes, ...]]:
    """The hashes of many paths through the tree, asked for at once."""
    hashes = iter(hashes_of([span for spans in wanted for span in spans], lambda nodes: stored_nodes(db, nodes)))
    return [tuple(next(hashes) for _ in spans) for spans in wanted]


def _own_head(db: Connection[Any], key: VerifierKey, note: str, now: Checkpoint) -> int:
    """The size of an outside head that this journal did sign; Refusal for any other."""
    key.opens(note)
    head = checkpoint_of(note)
    if head.size > now.size or head.root != root_at(db, head.size):
        raise Refusal(f"the head of {head.size} records is not one of this journal", code="strange_head")
    return head.size


def root_at(db: Connection[Any], size: int) -> bytes:
    """The root that the tree had at `size` leaves."""
    return hashes_of([Span(0, size)], lambda nodes: stored_nodes(db, nodes))[0]


def _signed(bundle: Bundle, key: SigningKey, now: Checkpoint) -> Bundle:
    return replace(bundle, statement=key.sign(bundle.stated(now.origin, now.size)))
