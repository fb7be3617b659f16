"""A small journal on paper: chains, one tree and its heads in memory, to make bundles from without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from holdfast.journal import EMPTY_HEAD, Actor, Head, Record, SigningKey, draw
from holdfast.journal.bundle import Bundle, Earlier, Line, Placed
from holdfast.journal.checkpoint import Checkpoint
from holdfast.journal.records import BATCH_KIND
from holdfast.journal.tree import Frontier, Node, consistency_spans, hashes_of, inclusion_spans, root_of

ON = date(2026, 11, 22)
AT = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
CLERK = Actor("st_example", "officer")


def drawn(chain: str, count: int, *, loan_id: int = 1, word: str = "100.00", head: Head = EMPTY_HEAD) -> list[Record]:
    """`count` receipts of one loan, following `head`."""
    records = []
    for number in range(count):
        says = {"amount": word, "n": number}
        record, head = draw(head, loan_id=loan_id, chain=chain, kind="receipt.posted", on=ON, at=AT, by=CLERK, says=says)
        records.append(record)
    return records


class Nodes:
    """All nodes of a tree over leaf hashes, kept in memory."""

    def __init__(self, leaves: Sequence[bytes] = ()) -> None:
        self.frontier = Frontier()
        self.stored: dict[Node, bytes] = {}
        for leaf in leaves:
            self.add(leaf)

    def add(self, leaf: bytes) -> int:
        position = self.frontier.size
        self.stored[Node(0, position)] = leaf
        self.stored.update(self.frontier.add(leaf))
        return position

    def fetch(self, nodes: Sequence[Node]) -> dict[Node, bytes]:
        return {node: self.stored[node] for node in nodes}

    def inclusion(self, position: int, size: int) -> tuple[bytes, ...]:
        return tuple(hashes_of(inclusion_spans(position, size), self.fetch))

    def consistency(self, older: int, newer: int) -> tuple[bytes, ...]:
        return tuple(hashes_of(consistency_spans(older, newer), self.fetch))


class PaperJournal:
    """Seals records one by one, signs heads, and makes a chain's bundle as `export` would."""

    def __init__(self, key: SigningKey) -> None:
        self.key = key
        self.tree = Nodes()
        self.places: dict[bytes, int] = {}
        self.heads: list[str] = []

    def seal(self, records: Sequence[Record]) -> str:
        for record in records:
            self.places[record.leaf_hash] = self.tree.add(record.leaf_hash)
        head = Checkpoint(self.key.name, self.tree.frontier.size, self.tree.frontier.root())
        self.heads.append(self.key.sign(head.text()))
        return self.heads[-1]

    def bundle(self, chain: str, records: Sequence[Record], *, batch: Record | None = None, lines: Sequence[Record] = ()) -> Bundle:
        """The bundle under the newest head, built on every earlier one; records among `lines` are proved by their batch."""
        note = self.heads[-1]
        size = int(note.splitlines()[1])
        leaves = [line.leaf_hash for line in lines]
        inside = Nodes(leaves)
        placed: list[Placed | Line] = []
        for record in records:
            if record.leaf_hash in leaves:
                line = leaves.index(record.leaf_hash)
                placed.append(Line(record.body.decode(), 0, line, inside.inclusion(line, len(leaves))))
            else:
                placed.append(self.placed(record, size))
        batches = (self.placed(batch, size),) if batch else ()
        earlier = [Earlier(head, self.tree.consistency(int(head.splitlines()[1]), size)) for head in self.heads[:-1]]
        return self.stated(Bundle(chain, note, tuple(placed), batches, tuple(earlier)))

    def stated(self, bundle: Bundle) -> Bundle:
        """The bundle with a statement of this key over what it holds now."""
        origin, size = bundle.checkpoint.splitlines()[:2]
        return replace(bundle, statement=self.key.sign(bundle.stated(origin, int(size))))

    def placed(self, record: Record, size: int) -> Placed:
        position = self.places[record.leaf_hash]
        return Placed(record.body.decode(), position, self.tree.inclusion(position, size))


def batch_record(lines: Sequence[Record]) -> Record:
    """The record of a batch over these lines."""
    says: dict[str, Any] = {"label": "night", "lines": len(lines), "root": root_of(line.leaf_hash for line in lines).hex()}
    return draw(EMPTY_HEAD, loan_id=99, chain="bt_example", kind=BATCH_KIND, on=ON, at=AT, by=Actor("system", "system"), says=says)[0]
