"""A record is canonical bytes, hashed once, that name the record before them."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.journal import EMPTY_HEAD, Actor, Head, draw
from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput, Fault
from tests.journal.journals import AT, CLERK, ON, drawn

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_the_first_record_has_these_bytes_and_this_hash() -> None:
    record, head = draw(
        EMPTY_HEAD,
        loan_id=7,
        chain="ln_example",
        kind="receipt.posted",
        on=ON,
        at=AT,
        by=CLERK,
        says={"amount": {"minor": 100, "currency": "CNY"}},
    )
    assert record.body == (
        b'{"at":"2026-11-22T04:30:00.000000Z","by":{"id":"st_example","role":"officer"},"chain":"ln_example","kind":"receipt.posted",'
        b'"on":"2026-11-22","pack":"","prev":"'
        + b"0" * 64
        + b'","says":{"amount":{"currency":"CNY","minor":100}},"seals":{},"seq":1,"v":1}'
    )
    assert record.leaf_hash == hashlib.sha256(b"\x00" + record.body).digest()
    assert head == Head(1, record.leaf_hash)


def test_each_record_names_the_hash_of_the_one_before() -> None:
    records = drawn("ln_example", 4)
    assert [record.seq for record in records] == [1, 2, 3, 4]
    for before, after in pairwise(records):
        assert json.loads(after.body)["prev"] == before.leaf_hash.hex()


def test_an_instant_without_a_zone_cannot_be_recorded() -> None:
    with pytest.raises(Fault, match="without a zone"):
        draw(EMPTY_HEAD, loan_id=1, chain="ln_example", kind="x", on=ON, at=datetime(2026, 1, 1), by=CLERK, says={})


def test_a_fraction_cannot_be_recorded() -> None:
    with pytest.raises(BadInput, match="float"):
        draw(EMPTY_HEAD, loan_id=1, chain="ln_example", kind="x", on=ON, at=AT, by=CLERK, says={"amount": 1.5})


@given(TEXT, TEXT, TEXT, TEXT, st.dictionaries(TEXT, VALUES, max_size=3), st.dictionaries(TEXT, TEXT, max_size=2), st.integers(0, 10**6))
def test_the_bytes_of_a_record_are_the_canonical_bytes_of_its_fields(
    chain: str, kind: str, actor: str, pack: str, says: dict[str, Any], seals: dict[str, str], seq: int
) -> None:
    head = Head(seq, hashlib.sha256(kind.encode()).digest())
    by = Actor(actor, actor + "x")
    record, _ = draw(head, loan_id=1, chain=chain, kind=kind, on=ON, at=AT, by=by, says=says, seals=seals, pack=pack)
    fields = {
        "v": 1, "chain": chain, "seq": seq + 1, "prev": head.hash.hex(), "kind": kind, "on": "2026-11-22",
        "at": "2026-11-22T04:30:00.000000Z", "by": {"id": actor, "role": actor + "x"}, "says": says, "seals": seals, "pack": pack,
    }  # fmt: skip
    assert record.body == canonical.encode(fields)


@given(VALUES)
def test_what_is_encoded_is_read_back_and_encodes_to_the_same_bytes(value: Any) -> None:
    data = canonical.encode(value)
    assert canonical.decode(data) == value
    assert canonical.encode(canonical.decode(data)) == data


@given(VALUES, VALUES)
def test_two_different_values_never_share_their_bytes(one: Any, other: Any) -> None:
    # json text tells 1 from true, Python's == does not.
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (canonical.encode(one) == canonical.encode(other)) == same


@pytest.mark.parametrize(
    "data",
    [
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":NaN}',
        b'"\\u0061"',
        b'{"a":1}\n',
        b"\xff",
        b'"\\ud800"',
        b"[" * 100_000,
    ],
)
def test_bytes_that_are_not_the_one_form_are_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        canonical.decode(data)
