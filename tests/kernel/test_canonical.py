"""Canonical bytes: what has a form has one, wherever it stands, and what has none is refused."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

import pytest

from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput


class Word(StrEnum):
    YES = "yes"


class Pair(NamedTuple):
    first: int
    second: str


class Named(dict[str, Any]):
    pass


def test_words_pairs_and_named_objects_are_written_as_what_they_are() -> None:
    value = {"b": [Word.YES, (1, None), Pair(2, "二")], "a": Named(x=True)}
    assert canonical.encode(value) == '{"a":{"x":true},"b":["yes",[1,null],[2,"二"]]}'.encode()


@pytest.mark.parametrize(
    "value",
    [1.5, {"a": [{"b": 0.1}]}, [[1.0]], {"a": {1: "x"}}, Pair(1, 2.5), Named(x=[1.5]), {"a": b"bytes"}, [object()]],  # type: ignore[arg-type]
    ids=["float", "float deep", "float in lists", "key", "float in a pair", "float in a named object", "bytes", "object"],
)
def test_what_has_no_form_is_refused_however_deep_it_stands(value: Any) -> None:
    with pytest.raises(BadInput) as refused:
        canonical.encode(value)
    assert refused.value.code == "not_canonical"


@pytest.mark.parametrize("data", [b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1.0}', b'{"a":1,"a":1}', b"\xff"])
def test_bytes_that_are_not_the_one_form_are_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        canonical.decode(data)
