"""The tree: an RFC 6962 Merkle tree over leaf hashes, with its proofs and their verification.

A tree is cut into perfect subtrees: `Node(level, number)` covers the leaves from
`number * 2**level` on. Whoever stores those can prove with a logarithm of hashes. The two
`verify` functions follow RFC 9162, 2.1.3.2 and 2.1.4.2, and know nothing of the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


class Node(NamedTuple):
    """A perfect subtree: level 0 is a leaf."""

    level: int
    number: int


class Span(NamedTuple):
    """The leaves from `start` up to but without `end`; one step of a proof is the hash of one span."""

    start: int
    end: int


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256 of a one byte, the left hash and the right hash."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The growing edge of a tree: its perfect subtrees from left to right, and nothing else.

    `edge` holds one hash for each bit of `size`, the largest subtree first.
    """

    def __init__(self, size: int = 0, edge: Sequence[bytes] = ()) -> None:
        self.size = size
        self.edge = list(edge)

    def add(self, leaf: bytes) -> list[tuple[Node, bytes]]:
        """Put one leaf hash at the end; returns the inner nodes that it completed."""
        completed = []
        hashed, level, position = leaf, 0, self.size
        while position & 1:
            hashed = node_hash(self.edge.pop(), hashed)
            level, position = level + 1, position >> 1
            completed.append((Node(level, position), hashed))
        self.edge.append(hashed)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """The root of all leaves so far."""
        return join(self.edge)


def join(hashes: Sequence[bytes]) -> bytes:
    """The hash over perfect subtrees that stand side by side, the largest first."""
    if not hashes:
        return EMPTY_ROOT
    hashed = hashes[-1]
    for left in reversed(hashes[:-1]):
        hashed = node_hash(left, hashed)
    return hashed


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    return frontier.root()


def edge_nodes(size: int) -> list[Node]:
    """The perfect subtrees that a tree of `size` leaves consists of, the largest first."""
    return nodes_of(Span(0, size))


def nodes_of(span: Span) -> list[Node]:
    """The perfect subtrees of a span that begins where a subtree at least as large as itself may begin."""
    nodes, start = [], span.start
    while start < span.end:
        level = (span.end - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def inclusion_spans(position: int, size: int) -> list[Span]:
    """The spans whose hashes lead from one leaf to the root, nearest first."""
    spans: list[Span] = []
    whole = Span(0, size)
    while whole.end - whole.start > 1:
        middle = whole.start + _split(whole.end - whole.start)
        left, right = Span(whole.start, middle), Span(middle, whole.end)
        whole, beside = (left, right) if position < middle else (right, left)
        spans.append(beside)
    return spans[::-1]


def consistency_spans(older: int, newer: int) -> list[Span]:
    """The spans whose hashes show that the tree of `newer` leaves begins with that of `older`.

    Empty if one of the two is empty or both are the same size: then there is nothing to show.
    """
    if older in (0, newer):
        return []
    spans: list[Span] = []
    whole, known = Span(0, newer), True
    while older != whole.end:
        middle = whole.start + _split(whole.end - whole.start)
        if older <= middle:
            spans.append(Span(middle, whole.end))
            whole = Span(whole.start, middle)
        else:
            spans.append(Span(whole.start, middle))
            whole, known = Span(middle, whole.end), False
    if not known:
        spans.append(whole)
    return spans[::-1]


def hashes_of(spans: Sequence[Span], fetch: Callable[[Sequence[Node]], dict[Node, bytes]]) -> list[bytes]:
    """The hash of each span, given a way to fetch stored nodes; asks once for all of them."""
    parts = [nodes_of(span) for span in spans]
    stored = fetch([node for nodes in parts for node in nodes])
    return [join([stored[node] for node in nodes]) for nodes in parts]


def verify_inclusion(leaf: bytes, *, position: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` leads from the leaf at `position` to the root of a tree of `size` leaves."""
    if not 0 <= position < size:
        return False
    first, last, hashed = position, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if first & 1 or first == last:
            hashed = node_hash(step, hashed)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            hashed = node_hash(hashed, step)
        first, last = first >> 1, last >> 1
    return last == 0 and hashed == root


def verify_consistency(*, older: int, older_root: bytes, newer: int, newer_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` shows that the newer tree begins with all leaves of the older one."""
    if not 0 <= older <= newer:
        return False
    if older == newer:
        return not path and older_root == newer_root
    if older == 0:
        return not path and older_root == EMPTY_ROOT
    steps = [older_root, *path] if older & (older - 1) == 0 else list(path)
    if not steps:
        return False
    first, last = older - 1, newer - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old_hash = new_hash = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            old_hash, new_hash = node_hash(step, old_hash), node_hash(step, new_hash)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            new_hash = node_hash(new_hash, step)
        first, last = first >> 1, last >> 1
    return last == 0 and old_hash == older_root and new_hash == newer_root


def _split(size: int) -> int:
    """The largest power of two smaller than `size`: where RFC 6962 parts a tree."""
    return 1 << ((size - 1).bit_length() - 1)
