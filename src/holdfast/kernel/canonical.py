"""Canonical bytes: one legal byte form for each value, so that a digest means one thing.

JSON in UTF-8, keys sorted by code point, no spaces, and only strings, integers, booleans, null,
lists and objects. Floats are refused: money is `{"minor", "currency"}`, instants are text.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from holdfast.kernel.errors import BadInput

_FORM: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
# What most values are: looked at where they stand, since a batch encodes a hundred thousand records.
_PLAIN: Final = frozenset({str, int, bool, type(None)})


def encode(value: Any) -> bytes:
    """The canonical bytes of `value`; BadInput if it holds a float or a key that is not text."""
    _check(value)
    return _FORM.encode(value).encode()


def decode(data: bytes) -> Any:
    """The value of canonical bytes; BadInput unless they are exactly what `encode` would write."""
    try:
        value = json.loads(data.decode())
        same = encode(value) == data
    except (ValueError, RecursionError) as error:
        raise BadInput(f"not canonical JSON: {error}", code="not_canonical") from None
    if not same:
        raise BadInput("not in canonical form: keys sorted, no spaces, no floats, no repeated keys", code="not_canonical")
    return value


def digest(value: Any) -> str:
    """SHA-256 of the canonical bytes, in hexadecimal."""
    return hashlib.sha256(encode(value)).hexdigest()


def _check(value: Any) -> None:
    kind = type(value)
    if kind is dict:
        for key, item in value.items():
            if not isinstance(key, str):
                raise BadInput(f"a key must be text, not {key!r}", code="not_canonical")
            if type(item) not in _PLAIN:
                _check(item)
    elif kind is list or kind is tuple:
        for item in value:
            if type(item) not in _PLAIN:
                _check(item)
    elif isinstance(value, list | tuple):
        _check(list(value))
    elif isinstance(value, dict):
        _check(dict(value))
    elif not (value is None or isinstance(value, str | bool | int)):
        raise BadInput(f"{kind.__name__} has no canonical form", code="not_canonical")
