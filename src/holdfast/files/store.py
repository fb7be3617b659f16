"""Files: the row in the database and the sealed bytes on disk.

The bytes are on disk, whole and flushed, before the row that names them is written; a crash
between the two leaves sealed bytes that nothing names, never a row without bytes.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg

from holdfast.files.kinds import clean_name, media_type
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import Fault, NotFound, Unavailable
from holdfast.kernel.ids import new_id
from holdfast.kernel.places import data_folder
from holdfast.kernel.sealing import NONCE_BYTES, Box, Sealed, master_box

Db = psycopg.Connection[Any]
SALT_BYTES: Final = 16

_COLUMNS: Final = "f.file_id, f.public_id, f.digest, f.salt, f.party_id, f.media_type, f.size, f.name, f.stored_as, f.recorded_at"
INSERT_FILE: Final = """
    INSERT INTO file (public_id, digest, salt, party_id, media_type, size, name, stored_as, recorded_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING file_id"""
SELECT_FILE: Final = f"SELECT {_COLUMNS} FROM file f WHERE f.public_id = %s"
# Whether a master key has been in use: then a missing one is lost, and a new one must not take its place.
ANYTHING_SEALED: Final = "SELECT EXISTS (SELECT FROM file) OR EXISTS (SELECT FROM party WHERE wrapped_key IS NOT NULL)"
INSERT_LINK: Final = "INSERT INTO file_link (loan_id, file_id, purpose) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
SELECT_OF_LOAN: Final = f"""
    SELECT {_COLUMNS}, k.purpose FROM file_link k JOIN file f USING (file_id) WHERE k.loan_id = %s ORDER BY f.recorded_at, f.file_id"""


@dataclass(frozen=True, slots=True)
class File:
    """A stored document. `digest` is SHA-256 of salt and plain bytes: what the journal names it by."""

    file_id: int
    public_id: str
    digest: str
    salt: bytes
    party_id: int | None
    media_type: str
    size: int
    name: str
    stored_as: str
    recorded_at: datetime


def put(db: Db, data: bytes, *, clock: Clock, name: str, box: Box | None = None, party_id: int | None = None) -> File:
    """Keep a document. `box` is that of the party it is about (`parties.box_of`), together with `party_id`; without, the lender's own.

    BadInput for what is too large or of no kind that is taken in; Unavailable if the disk refuses.
    """
    if (box is None) != (party_id is None):
        raise Fault("a file is sealed either under a party's key or under the lender's own")
    kind, clean = media_type(data), clean_name(name)
    public_id, salt = new_id("fl"), secrets.token_bytes(SALT_BYTES)
    stored_as = f"{public_id[3:5]}/{public_id}"
    sealed = (box or master_box("files", first_use=not anything_sealed(db))).seal(data, public_id)
    _write(_folder() / stored_as, sealed.nonce + sealed.sealed)
    row = (public_id, _digest(salt, data), salt, party_id, kind, len(data), clean, stored_as, clock.now())
    made = db.execute(INSERT_FILE, row).fetchone()
    assert made is not None
    return File(made[0], *row)


def anything_sealed(db: Db) -> bool:
    """Whether this book holds anything that only its master key opens."""
    row = db.execute(ANYTHING_SEALED).fetchone()
    return bool(row and row[0])


def get(db: Db, public_id: str) -> File:
    """The row of a file; NotFound otherwise."""
    row = db.execute(SELECT_FILE, (public_id,)).fetchone()
    if row is None:
        raise NotFound(f"there is no file {public_id}", code="no_file", field="file")
    return _file(row)


def read(file: File, *, box: Box | None = None) -> bytes:
    """The plain bytes, checked against the digest; `box` as in `put`. Fault if they are gone or changed."""
    try:
        stored = (_folder() / file.stored_as).read_bytes()
    except FileNotFoundError:
        raise Fault(f"the bytes of file {file.public_id} are gone from the disk", code="file_gone") from None
    except OSError as error:
        raise Unavailable(f"the bytes of file {file.public_id} cannot be read: {error.strerror}", code="file_unreadable") from None
    if (box is None) != (file.party_id is None):
        raise Fault(f"file {file.public_id} is sealed under another key", code="seal_broken")
    data = (box or master_box("files")).open(Sealed(stored[:NONCE_BYTES], stored[NONCE_BYTES:]), file.public_id)
    if _digest(file.salt, data) != file.digest:
        raise Fault(f"the bytes of file {file.public_id} are not those that were stored", code="file_changed")
    return data


def link(db: Db, *, loan_id: int, file: File, purpose: str) -> None:
    """Say that a file belongs to a loan, and what for."""
    db.execute(INSERT_LINK, (loan_id, file.file_id, purpose))


def of_loan(db: Db, loan_id: int) -> list[tuple[File, str]]:
    """The files of a loan with their purpose, oldest first."""
    return [(_file(row[:-1]), row[-1]) for row in db.execute(SELECT_OF_LOAN, (loan_id,)).fetchall()]


def _file(row: Sequence[Any]) -> File:
    file_id, public_id, digest, salt, *rest = row
    return File(file_id, public_id, digest, bytes(salt), *rest)


def _folder() -> Path:
    return data_folder() / "files"


def _digest(salt: bytes, data: bytes) -> str:
    return hashlib.sha256(salt + data).hexdigest()


def _write(path: Path, data: bytes) -> None:
    """Write whole or not at all, and on the disk before this returns."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        for folder in (path.parent, path.parent.parent):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise Unavailable(f"the file cannot be written to the data folder: {error.strerror}", code="disk") from None
