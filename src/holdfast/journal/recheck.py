"""The whole journal computed again from its records, and compared with what is stored.

Each record is hashed, each chain followed, each batch and the one tree rebuilt, each stored head
recomputed and its signature checked. It streams: memory does not grow with the book. What it cannot
show is that the whole was not rewritten and signed anew; that takes a head from outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from holdfast.journal.checkpoint import Checkpoint, checkpoint_of
from holdfast.journal.note import BadNote, VerifierKey
from holdfast.journal.records import BATCH_KIND, leaf_hash
from holdfast.journal.sealer import tree_size
from holdfast.journal.store import BATCH_LEVEL
from holdfast.journal.tree import Frontier, Node
from holdfast.journal.verify import Check, Verdict, counted
from holdfast.kernel import canonical
from holdfast.kernel.clock import iso_instant
from holdfast.kernel.errors import BadInput

if TYPE_CHECKING:
    from psycopg import Connection

SHOWN: Final = 10
FETCH: Final = 2_000

# Everything is read as of one moment, so that the sealer may go on meanwhile.
ONE_MOMENT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

# The only place where the journal looks at a stage's row: the loan row carries its chain's end, and the two must agree.
RECORDS: Final = """
SELECT record.loan_id, record.seq, record.kind, record.body, record.leaf_hash, record.on_date, record.recorded_at,
       loan.public_id, loan.head_seq, loan.head_hash
  FROM record LEFT JOIN loan USING (loan_id)
 ORDER BY record.loan_id, record.seq
"""

LOANS_WITHOUT: Final = """
SELECT public_id FROM loan WHERE NOT EXISTS (SELECT FROM record WHERE record.loan_id = loan.loan_id) ORDER BY loan_id
"""

MISPLACED: Final = """
SELECT loan_id, seq, (batch_id IS NOT NULL)::integer + (position IS NOT NULL)::integer + count(queue_id)
  FROM record LEFT JOIN tree_leaf USING (loan_id, seq) LEFT JOIN seal_queue USING (loan_id, seq)
 GROUP BY loan_id, seq, batch_id, position
HAVING (batch_id IS NOT NULL)::integer + (position IS NOT NULL)::integer + count(queue_id) <> 1
 ORDER BY loan_id, seq
"""

WAITING: Final = """
SELECT count(*) FILTER (WHERE record.loan_id IS NOT NULL), count(*) FILTER (WHERE record.loan_id IS NULL)
  FROM seal_queue LEFT JOIN record USING (loan_id, seq)
"""

BATCH_RECORDS: Final = "SELECT loan_id, body FROM record WHERE kind = %s ORDER BY loan_id"

LINES: Final = "SELECT batch_id, batch_line, leaf_hash FROM record WHERE batch_id IS NOT NULL ORDER BY batch_id, batch_line"

# In the order in which the growing tree completes them.
BATCH_NODES: Final = "SELECT batch_id, level, number, hash FROM batch_node ORDER BY batch_id, (number + 1) << level, level"
NODES: Final = "SELECT level, number, hash FROM tree_node ORDER BY (number + 1) << level, level"

LEAVES: Final = """
SELECT position, loan_id, seq, tree_leaf.leaf_hash, record.leaf_hash
  FROM tree_leaf LEFT JOIN record USING (loan_id, seq)
 ORDER BY position
"""

HEADS: Final = "SELECT size, root, checkpoint FROM tree_head ORDER BY size"


@dataclass(slots=True)
class _Findings:
    """What one check found: the first few by name, the rest by number."""

    name: str
    shown: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, where: str) -> None:
        self.count += 1
        if self.count <= SHOWN:
            self.shown.append(where)

    def check(self, holds: str) -> Check:
        if not self.count:
            return Check(self.name, True, holds)
        more = f"; and {self.count - SHOWN} more" if self.count > SHOWN else ""
        return Check(self.name, False, "; ".join(self.shown) + more)


def as_of_one_moment(db: Connection[Any]) -> None:
    """Begin a transaction that sees one moment of the book; must be its first statement."""
    db.execute(ONE_MOMENT)


def recheck(db: Connection[Any], key: VerifierKey | None, *, outside: str | None = None) -> Verdict:
    """Compare the stored journal with what its records lead to.

    `key` is the public half of the book's own signing key, None while it has none; `outside` a signed
    head that somebody else has kept, without which `outside anchor` is listed as not checked.
    """
    verdict = Verdict(inside=True)
    kept, refused = _outside(outside, key)
    verdict.checks += _records(db)
    verdict.checks.append(_places(db))
    verdict.checks.append(_batches(db))
    verdict.checks += _tree(db, key, kept)
    if refused:
        verdict.checks.append(Check("outside head", False, refused))
    if outside is None:
        verdict.not_checked.append("outside anchor")
    elif kept and (newer := tree_size(db) - kept.size) > 0:
        verdict.not_checked.append(f"outside anchor of what came after the outside head: {counted(newer, 'record')}")
    return verdict


def _outside(note: str | None, key: VerifierKey | None) -> tuple[Checkpoint | None, str]:
    if note is None:
        return None, ""
    try:
        if key is not None:
            key.opens(note)
        return checkpoint_of(note), ""
    except BadNote as error:
        return None, error.sentence


def _records(db: Connection[Any]) -> list[Check]:
    """Each record's bytes, each chain from its first record to the end that the loan row names."""
    bytes_, chains, ends = _Findings("records"), _Findings("chains"), _Findings("loan heads")
    count = chain_count = 0
    before: tuple[int, int, bytes, str] | None = None
    end: tuple[str, int, bytes] | None = None
    for loan_id, seq, kind, body, leaf, on_date, recorded_at, public_id, head_seq, head_hash in _stream(db, "records", RECORDS):
        where = f"record {seq} of {public_id or f'chain {loan_id}'}"
        count += 1
        said = _said(body)
        if leaf_hash(body) != leaf:
            bytes_.add(f"{where}: its bytes do not give its hash")
        if said is None:
            bytes_.add(f"{where}: its bytes are not those of a record")
            said = {}
        elif [said.get(name) for name in ("seq", "kind", "on", "at")] != [seq, kind, on_date.isoformat(), iso_instant(recorded_at)]:
            bytes_.add(f"{where}: its columns say something else than its bytes")
        if before is None or before[0] != loan_id:
            chain_count += 1
            _compare_end(ends, before, end)
            before = (loan_id, 0, bytes(32), public_id or str(said.get("chain")))
        if seq != before[1] + 1:
            chains.add(f"{where}: it follows record {before[1]}")
        elif said.get("prev") != before[2].hex():
            chains.add(f"{where}: it does not follow the bytes of the record before it")
        if said.get("chain") != before[3]:
            chains.add(f"{where}: its bytes belong to {said.get('chain')}")
        before = (loan_id, seq, leaf, before[3])
        end = (public_id, head_seq, head_hash) if public_id else None
    _compare_end(ends, before, end)
    for (public_id,) in db.execute(LOANS_WITHOUT).fetchall():
        ends.add(f"loan {public_id} has no record")
    return [
        bytes_.check(f"{counted(count, 'record')} hashed again"),
        chains.check(f"{counted(chain_count, 'chain')} without a gap"),
        ends.check("each loan names its chain's end"),
    ]


def _compare_end(ends: _Findings, last: tuple[int, int, bytes, str] | None, end: tuple[str, int, bytes] | None) -> None:
    if not last or not end or (last[1], last[2]) == (end[1], end[2]):
        return
    other = " with other bytes" if last[1] == end[1] else ""
    ends.add(f"loan {end[0]} names record {end[1]} as its last, its chain ends at {last[1]}{other}")


def _places(db: Connection[Any]) -> Check:
    """Each record is sealed, or a line of a batch, or waits for the sealer; and only one of these."""
    findings = _Findings("places")
    for loan_id, seq, places in _stream(db, "misplaced", MISPLACED):
        what = "neither sealed, nor in a batch, nor waiting" if places == 0 else f"in {places} places at once"
        findings.add(f"record {seq} of chain {loan_id}: {what}")
    row = db.execute(WAITING).fetchone() or (0, 0)
    if row[1]:
        findings.add(f"the sealer's queue names {counted(row[1], 'record')} not to be found")
    return findings.check(f"each record has one place; waiting for the sealer: {row[0]}")


def _batches(db: Connection[Any]) -> Check:
    """Each batch's lines are as many as its record says and lead to the root it names."""
    findings = _Findings("batches")
    stated = {batch_id: (_said(body) or {}).get("says") for batch_id, body in db.execute(BATCH_RECORDS, (BATCH_KIND,)).fetchall()}
    nodes = _Merged((batch_id, Node(level, number), hashed) for batch_id, level, number, hashed in _stream(db, "batch_nodes", BATCH_NODES))
    frontiers: dict[int, Frontier] = {}
    for batch_id, line, leaf in _stream(db, "lines", LINES):
        frontier = frontiers.setdefault(batch_id, Frontier())
        if line != frontier.size:
            findings.add(f"batch {batch_id}: line {line} stands where line {frontier.size} belongs")
        for node, hashed in frontier.add(leaf):
            if node.level >= BATCH_LEVEL and not nodes.next_is((batch_id, node, hashed)):
                findings.add(f"batch {batch_id}: its stored node {node.number} of level {node.level} is not what its lines give")
    if nodes.left_over():
        findings.add("there are stored nodes of batches that no lines give")
    for batch_id in sorted(stated.keys() | frontiers.keys()):
        frontier = frontiers.get(batch_id, Frontier())
        says = stated.get(batch_id)
        if not isinstance(says, dict):
            findings.add(f"batch {batch_id}: there is no record of it")
        elif (says.get("lines"), says.get("root")) != (frontier.size, frontier.root().hex()):
            findings.add(
                f"batch {batch_id}: its {frontier.size} lines do not lead to the root of {says.get('lines')} that its record names"
            )
    return findings.check(f"{counted(len(stated), 'batch', 'batches')} computed again")


def _tree(db: Connection[Any], key: VerifierKey | None, kept: Checkpoint | None) -> list[Check]:
    """The tree rebuilt leaf by leaf; each stored node and head compared on the way."""
    tree, heads, outside = _Findings("tree"), _Findings("heads"), _Findings("outside head")
    nodes = _Merged((Node(level, number), hashed) for level, number, hashed in _stream(db, "nodes", NODES))
    stored = [(size, root, note) for size, root, note in _stream(db, "heads", HEADS)]
    waiting = iter(stored)
    head = next(waiting, None)
    frontier = Frontier()
    found = kept is None
    for position, loan_id, seq, leaf, written in _stream(db, "leaves", LEAVES):
        if position != frontier.size:
            tree.add(f"position {position} stands where position {frontier.size} belongs")
        if written != leaf:
            tree.add(f"position {position}: it seals other bytes than record {seq} of chain {loan_id} has")
        for node, hashed in frontier.add(leaf):
            if not nodes.next_is((node, hashed)):
                tree.add(f"node {node.number} of level {node.level} is not what its leaves give")
        while head is not None and head[0] <= frontier.size:
            _compare_head(heads, head, frontier, key)
            head = next(waiting, None)
        if kept is not None and kept.size == frontier.size:
            found = True
            if kept.root != frontier.root():
                outside.add(f"two different journals of {kept.size} records: what was kept outside is not what is stored")
    if nodes.left_over():
        tree.add("there are stored nodes that no leaves give")
    if head is not None:
        heads.add(f"a head of {head[0]} records over a tree of {frontier.size}")
    if frontier.size and (not stored or stored[-1][0] < frontier.size):
        heads.add(f"the tree's {frontier.size} records are under no head")
    if not found and kept is not None:
        outside.add(f"the outside head holds {kept.size} records, the journal only {frontier.size}: records are gone")
    checks = [
        tree.check(f"computed again from {counted(frontier.size, 'leaf', 'leaves')}"),
        heads.check(f"{counted(len(stored), 'head')} computed again, each signature checked"),
    ]
    return (
        checks
        if kept is None
        else [*checks, outside.check(f"the journal begins with what was kept outside: {counted(kept.size, 'record')}")]
    )


def _compare_head(heads: _Findings, head: tuple[int, bytes, str], frontier: Frontier, key: VerifierKey | None) -> None:
    size, root, note = head
    if (size, root) != (frontier.size, frontier.root()):
        heads.add(f"head of {size}: its root is not what its leaves give")
    try:
        said = checkpoint_of(note)
        if key is None:
            heads.add(f"head of {size}: there is no key to check it with")
        else:
            key.opens(note)
    except BadNote as error:
        heads.add(f"head of {size}: {error.sentence}")
    else:
        if (said.size, said.root) != (size, root) or (key is not None and said.origin != key.name):
            heads.add(f"head of {size}: what is signed is not what is stored beside it")


class _Merged:
    """A stored sequence, read in step with a computed one."""

    def __init__(self, rows: Iterator[Any]) -> None:
        self.rows = rows
        self.row = next(rows, None)

    def next_is(self, expected: Any) -> bool:
        """Whether the next stored row is `expected`; a row that is missing does not swallow the one after it."""
        same = bool(self.row == expected)
        if same or (self.row is not None and self.row[:-1] == expected[:-1]):
            self.row = next(self.rows, None)
        return same

    def left_over(self) -> bool:
        """Whether stored rows are left that were not expected."""
        return self.row is not None


def _said(body: bytes) -> dict[str, Any] | None:
    try:
        value = canonical.decode(body)
    except BadInput:
        return None
    return value if isinstance(value, dict) else None


def _stream(db: Connection[Any], name: str, query: str) -> Iterator[Any]:
    with db.cursor(name=f"recheck_{name}") as rows:
        rows.itersize = FETCH
        yield from rows.execute(query)
