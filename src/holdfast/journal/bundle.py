"""The bundle: one chain's records with their proofs, as one file that a stranger can check.

It has one legal byte form: canonical JSON with exactly these fields, batches in the order of their
first use, earlier heads by size. Whoever reads one builds it again and compares every byte.

    format      "holdfast.bundle/1"
    chain       the loan's public id
    checkpoint  the signed head that the paths lead to
    records     body (the exact bytes that were hashed, as text), path, and either position, its place in
                the tree, or batch and line, its place in a batch
    batches     the batches' own records: body, position, path
    earlier     heads that left the house before: checkpoint, and the path that shows this head follows from it
    statement   a signed note that these are all records of the chain under this head
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from holdfast.journal.note import to_base64
from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput

FORMAT: Final = "holdfast.bundle/1"
LARGEST: Final = 2**53
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class BadBundle(BadInput):
    """A file that is not a bundle; `field` says at which part."""

    code = "bad_bundle"


@dataclass(frozen=True, slots=True)
class Placed:
    """A record that is a leaf of the tree, and the path from it to the root."""

    body: str
    position: int
    path: tuple[bytes, ...]

    def as_json(self) -> dict[str, Any]:
        return {"body": self.body, "position": self.position, "path": _hex(self.path)}


@dataclass(frozen=True, slots=True)
class Line:
    """A record that is a line of a batch, and the path from it to the batch's root."""

    body: str
    batch: int
    line: int
    path: tuple[bytes, ...]

    def as_json(self) -> dict[str, Any]:
        return {"body": self.body, "batch": self.batch, "line": self.line, "path": _hex(self.path)}


@dataclass(frozen=True, slots=True)
class Earlier:
    """A head that somebody may hold, and the path that shows that the bundle's head follows from it."""

    checkpoint: str
    path: tuple[bytes, ...]

    def as_json(self) -> dict[str, Any]:
        return {"checkpoint": self.checkpoint, "path": _hex(self.path)}


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle file holds; `statement` is empty until it is signed."""

    chain: str
    checkpoint: str
    records: tuple[Placed | Line, ...]
    batches: tuple[Placed, ...]
    earlier: tuple[Earlier, ...]
    statement: str = ""

    def data(self) -> bytes:
        """The one legal byte form."""
        return canonical.encode(self._fields() | {"statement": self.statement})

    def stated(self, origin: str, size: int) -> str:
        """The text that the statement signs: whose chain, how many records, under which head, and the digest of all else."""
        digest = to_base64(hashlib.sha256(canonical.encode(self._fields())).digest())
        return f"{origin} bundle\n{self.chain}\n{len(self.records)}\n{size}\n{digest}\n"

    def _fields(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "chain": self.chain,
            "checkpoint": self.checkpoint,
            "records": [record.as_json() for record in self.records],
            "batches": [batch.as_json() for batch in self.batches],
            "earlier": [head.as_json() for head in self.earlier],
        }


def bundle_of(value: Any) -> Bundle:
    """The bundle that a parsed JSON value is; BadBundle names the part that is not as it must be."""
    fields = _object(value, "the file", {"format", "chain", "checkpoint", "records", "batches", "earlier", "statement"})
    if fields["format"] != FORMAT:
        raise BadBundle(f"format: this verifier reads {FORMAT}", field="format")
    batches = tuple(_placed(item, f"batch {n}") for n, item in enumerate(_list(fields["batches"], "batches"), 1))
    records = tuple(_record(item, f"record {n}") for n, item in enumerate(_list(fields["records"], "records"), 1))
    used = list(dict.fromkeys(record.batch for record in records if isinstance(record, Line)))
    if used != list(range(len(batches))):
        raise BadBundle("batches: each stands once, in the order of its first use", field="batches")
    return Bundle(
        chain=_text(fields["chain"], "chain"),
        checkpoint=_text(fields["checkpoint"], "checkpoint"),
        records=records,
        batches=batches,
        earlier=tuple(_earlier(item, f"earlier head {n}") for n, item in enumerate(_list(fields["earlier"], "earlier"), 1)),
        statement=_text(fields["statement"], "statement"),
    )


def _record(value: Any, where: str) -> Placed | Line:
    if isinstance(value, dict) and "batch" in value:
        fields = _object(value, where, {"body", "batch", "line", "path"})
        return Line(
            _text(fields["body"], where), _number(fields["batch"], where), _number(fields["line"], where), _hashes(fields["path"], where)
        )
    return _placed(value, where)


def _placed(value: Any, where: str) -> Placed:
    fields = _object(value, where, {"body", "position", "path"})
    return Placed(_text(fields["body"], where), _number(fields["position"], where), _hashes(fields["path"], where))


def _earlier(value: Any, where: str) -> Earlier:
    fields = _object(value, where, {"checkpoint", "path"})
    return Earlier(_text(fields["checkpoint"], where), _hashes(fields["path"], where))


def _object(value: Any, where: str, names: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadBundle(f"{where}: not an object", field=where)
    if wrong := sorted(names ^ value.keys()):
        raise BadBundle(f"{where}: {', '.join(wrong)} is missing or does not belong there", field=where)
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadBundle(f"{where}: not a list", field=where)
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise BadBundle(f"{where}: not text", field=where)
    return value


def _number(value: Any, where: str) -> int:
    if type(value) is not int or not 0 <= value < LARGEST:
        raise BadBundle(f"{where}: not a whole number from 0", field=where)
    return value


def _hashes(value: Any, where: str) -> tuple[bytes, ...]:
    hashes = _list(value, where)
    for item in hashes:
        if not isinstance(item, str) or not _HASH.fullmatch(item):
            raise BadBundle(f"{where}: a step of its path is not 64 hexadecimal digits", field=where)
    return tuple(bytes.fromhex(item) for item in hashes)


def _hex(path: Sequence[bytes]) -> list[str]:
    return [step.hex() for step in path]
