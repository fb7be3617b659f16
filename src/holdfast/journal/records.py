"""Records: what was done, written once as canonical bytes and chained to what came before.

A record's body is hashed when it is drawn and never encoded again. It names the hash of the
record before it in its chain, so a chain cannot lose, gain or reorder a record unseen.
Personal data never enters a body: only masked labels and salted digests do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from holdfast.kernel import canonical
from holdfast.kernel.clock import iso_instant
from holdfast.kernel.errors import Fault

BODY_VERSION: Final = 1
BATCH_KIND: Final = "batch.sealed"
NOTHING_SEALED: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and in which role: a staff member's public id, or the system itself."""

    id: str
    role: str


SYSTEM: Final = Actor("system", "system")


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: the last record's number and leaf hash."""

    seq: int
    hash: bytes


EMPTY_HEAD: Final = Head(0, bytes(32))


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a chain. `body` is canonical JSON; `leaf_hash` is its RFC 6962 leaf hash."""

    loan_id: int
    seq: int
    kind: str
    body: bytes
    leaf_hash: bytes
    on_date: date
    recorded_at: datetime

    @property
    def head(self) -> Head:
        """The chain's end once this record is its last."""
        return Head(self.seq, self.leaf_hash)

    def says(self) -> Any:
        """The facts that the record states, read back from its bytes."""
        return canonical.decode(self.body)["says"]


def leaf_hash(body: bytes) -> bytes:
    """The RFC 6962 hash of a record: SHA-256 of a zero byte and the record's own bytes."""
    return hashlib.sha256(b"\x00" + body).digest()


def draw(
    head: Head,
    *,
    loan_id: int,
    chain: str,
    kind: str,
    on: date,
    at: datetime,
    by: Actor,
    says: Mapping[str, Any],
    seals: Mapping[str, str] = NOTHING_SEALED,
    pack: str = "",
) -> tuple[Record, Head]:
    """The next record of a chain, and the chain's new end. Writes nothing.

    `chain` is the public id of what the chain is about, `on` the business date, `at` the instant,
    `says` the facts, `seals` the digests of files, models or packets it rests on, `pack` the version
    of the policy pack that governed the act.
    """
    if at.tzinfo is None:
        raise Fault(f"record {kind} of {chain}: an instant without a zone cannot be recorded")
    seq = head.seq + 1
    # A night draws a million of these, so the outer keys are written here in canonical order; a test compares with `canonical.encode`.
    body = b"".join(
        (
            b'{"at":', _text(iso_instant(at)),
            b',"by":{"id":', _text(by.id), b',"role":', _text(by.role),
            b'},"chain":', canonical.encode(chain),
            b',"kind":', _text(kind),
            b',"on":', _text(on.isoformat()),
            b',"pack":', _text(pack),
            b',"prev":"', head.hash.hex().encode(),
            b'","says":', canonical.encode(dict(says)),
            b',"seals":', canonical.encode(dict(seals)) if seals else b"{}",
            b',"seq":', str(seq).encode(),
            b',"v":', str(BODY_VERSION).encode(), b"}",
        )
    )  # fmt: skip
    record = Record(loan_id, seq, kind, body, leaf_hash(body), on, at)
    return record, record.head


@lru_cache(maxsize=1024)
def _text(value: str) -> bytes:
    """The canonical bytes of a text that a batch repeats: who, when, which kind, which pack."""
    return canonical.encode(value)
