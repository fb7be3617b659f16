"""The tree gives the roots that Certificate Transparency publishes, and proves every leaf and every older tree of itself."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.journal.records import leaf_hash
from holdfast.journal.tree import EMPTY_ROOT, Frontier, node_hash, root_of, verify_consistency, verify_inclusion
from tests.journal.journals import Nodes

# Source: certificate-transparency (Google), merkletree test vectors: eight leaves and the root at each size.
CT_LEAVES: Final = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
CT_ROOTS: Final = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
LARGEST: Final = 130
LEAVES: Final = [leaf_hash(number.to_bytes(2, "big")) for number in range(LARGEST)]


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word: split at the largest power of two below the size."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


@pytest.fixture(scope="module")
def roots() -> list[bytes]:
    return [by_definition(LEAVES[:size]) for size in range(LARGEST + 1)]


@pytest.fixture(scope="module")
def tree() -> Nodes:
    return Nodes(LEAVES)


def test_the_roots_are_those_that_certificate_transparency_publishes() -> None:
    leaves = [leaf_hash(bytes.fromhex(leaf)) for leaf in CT_LEAVES]
    assert [root_of(leaves[:size]).hex() for size in range(len(leaves) + 1)] == list(CT_ROOTS)


def test_growing_a_tree_gives_the_root_of_the_definition_at_every_size(roots: list[bytes]) -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT
    for size, leaf in enumerate(LEAVES, 1):
        frontier.add(leaf)
        assert frontier.root() == roots[size]


def test_a_tree_that_is_put_down_and_taken_up_again_grows_the_same(roots: list[bytes]) -> None:
    frontier = Frontier()
    for leaf in LEAVES:
        frontier = Frontier(frontier.size, frontier.edge)
        frontier.add(leaf)
    assert frontier.root() == roots[LARGEST]


def test_every_leaf_is_proved_at_every_size(tree: Nodes, roots: list[bytes]) -> None:
    for size in range(1, LARGEST + 1):
        for position in range(size):
            path = tree.inclusion(position, size)
            assert verify_inclusion(LEAVES[position], position=position, size=size, path=path, root=roots[size])


def test_no_leaf_is_proved_at_another_position_with_another_leafs_path(tree: Nodes, roots: list[bytes]) -> None:
    for size in range(2, 34):
        for position in range(size):
            path = tree.inclusion(position, size)
            for other in range(-1, size + 1):
                holds = verify_inclusion(LEAVES[position], position=other, size=size, path=path, root=roots[size])
                assert holds == (other == position)


def test_a_path_with_a_step_missing_added_or_swapped_proves_nothing(tree: Nodes, roots: list[bytes]) -> None:
    for size in range(2, 34):
        for position in range(size):
            path = tree.inclusion(position, size)
            wrong = [path[:-1], path[1:], (*path, bytes(32)), (bytes(32), *path), (*path, path[-1])]
            if len(path) > 1:
                wrong.append((path[1], path[0], *path[2:]))
            for altered in wrong:
                assert not verify_inclusion(LEAVES[position], position=position, size=size, path=altered, root=roots[size])


def test_every_older_tree_is_shown_to_be_the_beginning_of_every_newer_one(tree: Nodes, roots: list[bytes]) -> None:
    for newer in range(LARGEST + 1):
        for older in range(newer + 1):
            path = tree.consistency(older, newer)
            assert verify_consistency(older=older, older_root=roots[older], newer=newer, newer_root=roots[newer], path=path)


def test_a_tree_that_was_rewritten_is_not_the_beginning_of_the_newer_one(tree: Nodes, roots: list[bytes]) -> None:
    for newer in range(2, 34):
        for older in range(1, newer):
            path = tree.consistency(older, newer)
            rewritten = root_of([leaf_hash(b"forged"), *LEAVES[1:older]])
            for old_root, steps in (
                (rewritten, path),
                (roots[older], path[:-1]),
                (roots[older], (*path, bytes(32))),
                (roots[older - 1], path),
            ):
                assert not verify_consistency(older=older, older_root=old_root, newer=newer, newer_root=roots[newer], path=steps)


def test_an_empty_or_impossible_tree_proves_nothing() -> None:
    leaf = LEAVES[0]
    assert not verify_inclusion(leaf, position=0, size=0, path=(), root=leaf)
    assert not verify_inclusion(leaf, position=-1, size=1, path=(), root=leaf)
    assert not verify_consistency(older=2, older_root=leaf, newer=1, newer_root=leaf, path=())
    assert not verify_consistency(older=0, older_root=leaf, newer=1, newer_root=leaf, path=())
    assert not verify_consistency(older=3, older_root=leaf, newer=5, newer_root=leaf, path=())


@given(st.integers(1, 10_000), st.data())
def test_a_path_is_never_longer_than_the_tree_is_deep(size: int, data: st.DataObject) -> None:
    from holdfast.journal.tree import inclusion_spans

    position = data.draw(st.integers(0, size - 1))
    spans = inclusion_spans(position, size)
    assert len(spans) <= (size - 1).bit_length()
    covered = sorted([(span.start, span.end) for span in spans] + [(position, position + 1)])
    assert covered[0][0] == 0
    assert covered[-1][1] == size
    assert all(left[1] == right[0] for left, right in pairwise(covered))
