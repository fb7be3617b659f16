"""Idempotency: a POST may be sent again, and is done once.

The key's row is inserted first, in the same transaction as the verb, so two copies of a request that
arrive together meet at that row: the second waits, then finds the first one's answer. Only what
was done is remembered: a request that was refused left nothing behind, and its key is free.

What was asked is remembered as a keyed hash: names, numbers and accounts are among it, and the row outlives the
person's own key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from django.http import HttpRequest

from holdfast.files import anything_sealed
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.sealing import master_box

HEADER: Final = "Idempotency-Key"
LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: status and body, and whether it is a repeat of an earlier answer."""

    status: int
    body: str
    replayed: bool = False


def key_of(request: HttpRequest) -> str:
    """The request's key; BadInput if it has none or an unusable one."""
    key = request.headers.get(HEADER, "")
    if not key:
        raise BadInput(
            f"{HEADER}: each POST needs one; send a value of your own, new for each act and the same when you repeat it",
            code="idempotency_key_missing", field=HEADER,
        )  # fmt: skip
    if len(key) > LONGEST or not (key.isascii() and key.isprintable()):
        raise BadInput(f"{HEADER}: use 1 to {LONGEST} printable ASCII characters", code="idempotency_key_malformed", field=HEADER)
    return key


def digest_of(request: HttpRequest, operation: str) -> bytes:
    """What the request asks for, as one digest: spacing and order of fields do not matter, every value does."""
    what: dict[str, Any] = {"operation": operation, "path": request.path, "query": sorted(request.GET.lists())}
    if request.content_type == "multipart/form-data":
        what["form"] = sorted(request.POST.lists())
        what["files"] = sorted((name, _digest_of_file(file)) for name, files in request.FILES.lists() for file in files)
    else:
        what["body"] = json.loads(request.body) if request.body else None
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).digest()


def once(db: psycopg.Connection[Any], *, scope: str, key: str, inputs: bytes, now: datetime, act: Callable[[], tuple[int, str]]) -> Answer:
    """Do `act` unless this caller's key has been used: then its answer, or Refusal if the inputs (their digest) were others."""
    inputs = master_box("idempotency", first_use=not anything_sealed(db)).keyed_hash(inputs.hex())
    ours = db.execute(
        "INSERT INTO idempotency (scope, key, inputs_hash, status, answer, recorded_at) VALUES (%s, %s, %s, 0, '', %s)"
        " ON CONFLICT (scope, key) DO NOTHING RETURNING true",
        [scope, key, inputs, now],
    ).fetchone()
    if ours is None:
        return _earlier(db, scope=scope, key=key, inputs=inputs)
    status, body = act()
    db.execute("UPDATE idempotency SET status = %s, answer = %s WHERE scope = %s AND key = %s", [status, body, scope, key])
    return Answer(status, body)


def _earlier(db: psycopg.Connection[Any], *, scope: str, key: str, inputs: bytes) -> Answer:
    row = db.execute("SELECT inputs_hash, status, answer FROM idempotency WHERE scope = %s AND key = %s", [scope, key]).fetchone()
    if row is None or bytes(row[0]) != inputs:
        raise Refusal(
            f"{HEADER}: {key!r} was used before for another request; use a new key for a new act",
            code="idempotency_key_reused", field=HEADER,
        )  # fmt: skip
    return Answer(row[1], row[2], replayed=True)


def _digest_of_file(file: Any) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
