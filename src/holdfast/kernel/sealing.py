"""Sealing: bytes that only a key's holder can read, and keyed hashes to find them by.

AES-256-GCM, a fresh nonce each time. What a sealed text is about is bound into it, so that one
person's sealed number cannot be passed off as another's. The master key lies in a file of the
keys folder, never in the database; whoever loses it loses every name in the book.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from holdfast.kernel.errors import Fault, Unavailable
from holdfast.kernel.places import keys_folder

MASTER_KEY: Final = "master.key"
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Sealed:
    """A nonce and the sealed bytes that go with it."""

    nonce: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Box:
    """A key, and what can be done with it."""

    key: bytes = field(repr=False)

    def seal(self, plain: bytes, about: str) -> Sealed:
        """Seal `plain`; it opens only under the same key and the same `about`."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return Sealed(nonce, AESGCM(self.key).encrypt(nonce, plain, about.encode()))

    def open(self, sealed: Sealed, about: str) -> bytes:
        """What was sealed; Fault if the key is another one or a byte was changed."""
        try:
            return AESGCM(self.key).decrypt(sealed.nonce, sealed.sealed, about.encode())
        except InvalidTag:
            raise Fault(f"the sealed {about} does not open: another key, or changed bytes", code="seal_broken") from None

    def keyed_hash(self, text: str) -> bytes:
        """HMAC-SHA-256 of `text`: equal for equal texts, and of no use to one without the key."""
        return hmac.digest(self.key, text.encode(), hashlib.sha256)


def new_box() -> Box:
    """A box with a fresh random key."""
    return Box(secrets.token_bytes(KEY_BYTES))


def master_box(purpose: str, *, first_use: bool = False) -> Box:
    """The box for one purpose, drawn from the master key; `first_use` allows the key to be made.

    Unavailable if there is no master key, or the file does not hold one.
    """
    master = _master_key(first_use=first_use)
    return Box(HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"holdfast {purpose}".encode()).derive(master))


def _master_key(*, first_use: bool) -> bytes:
    path = keys_folder() / MASTER_KEY
    try:
        if first_use and not path.exists():
            _make_master_key()
        key = bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        raise Unavailable(
            f"there is no {MASTER_KEY} in the keys folder; put it back, or private data stays closed", code="master_key"
        ) from None
    except (OSError, ValueError) as error:
        raise Unavailable(f"{MASTER_KEY} in the keys folder cannot be read: {error}", code="master_key") from None
    if len(key) != KEY_BYTES:
        raise Unavailable(f"{MASTER_KEY} in the keys folder holds {len(key)} bytes, not {KEY_BYTES}", code="master_key")
    return key


def _make_master_key() -> None:
    """Write a new master key; of two processes at once, the first one's stays."""
    folder = keys_folder()
    folder.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    draft = folder / f".{MASTER_KEY}.{secrets.token_hex(6)}"
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, folder / MASTER_KEY)
        except FileExistsError:
            return
        finally:
            draft.unlink()
        folder_handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(folder_handle)
        finally:
            os.close(folder_handle)
    except OSError as error:
        raise Unavailable(f"the master key cannot be written in the keys folder: {error.strerror}", code="master_key") from None
