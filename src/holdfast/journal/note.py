"""Signed notes: a few lines of text and an Ed25519 signature under them, in the C2SP form.

The form is public (C2SP `signed-note`), so that heads can be read and checked by other programs.
A key's hash covers its name and its bytes; a signature line names both. Base64 has one legal
spelling here: what decodes but would not be written is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from holdfast.kernel.errors import BadInput

_ED25519: Final = b"\x01"
_NAME: Final = re.compile(r"[^\s+]{1,200}")
_HASH_BYTES: Final = 4
_SIGNATURE_BYTES: Final = 64
_DASH: Final = "\u2014 "
_PRIVATE: Final = "PRIVATE+KEY+"


class BadNote(BadInput):
    """A note or a key that is not of the form, or a signature that does not hold."""

    code = "bad_note"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a key and its name: what an outsider needs to check our signatures."""

    name: str
    public: bytes

    @property
    def mark(self) -> bytes:
        """The four bytes by which a signature line says which key made it."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_HASH_BYTES]

    def text(self) -> str:
        """`name+hash+base64`: the C2SP verifier key."""
        return f"{self.name}+{self.mark.hex()}+{to_base64(_ED25519 + self.public)}"

    def opens(self, note: str) -> str:
        """The text above the signatures, if this key signed it; BadNote says why not."""
        text, signatures = split(note)
        ours = [signed for name, mark, signed in signatures if name == self.name and mark == self.mark]
        if not ours:
            names = ", ".join(sorted({name for name, _, _ in signatures}))
            raise BadNote(f"signed by {names}, not by the key {self.name}")
        public = Ed25519PublicKey.from_public_bytes(self.public)
        for signed in ours:
            try:
                public.verify(signed, text.encode())
            except InvalidSignature:
                raise BadNote(f"the signature of {self.name} does not hold for this text") from None
        return text


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """The key that signs heads. Its text is secret and is never printed, logged or put in a database."""

    name: str
    seed: bytes

    @classmethod
    def new(cls, name: str) -> SigningKey:
        """A fresh key from the machine's source of randomness."""
        return cls(_good_name(name), Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def secret_text(self) -> str:
        """`PRIVATE+KEY+name+hash+base64`: what stands in the key file."""
        return f"{_PRIVATE}{self.name}+{self.verifier.mark.hex()}+{to_base64(_ED25519 + self.seed)}"

    def sign(self, text: str) -> str:
        """The note of `text`, which must end with a line end and hold no empty line."""
        if not text.endswith("\n") or "\n\n" in text or text.startswith("\n"):
            raise BadNote("the text of a note is whole lines, none of them empty")
        signed = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return f"{text}\n{_DASH}{self.name} {to_base64(self.verifier.mark + signed)}\n"


def verifier_key(text: str) -> VerifierKey:
    """A key from its C2SP verifier form; BadNote if it is not one."""
    name, mark, public = _parts(text.strip())
    key = VerifierKey(name, public)
    if key.mark != mark:
        raise BadNote("the key's hash does not fit its name and bytes: it was altered or cut")
    return key


def signing_key_of(text: str) -> SigningKey:
    """A signing key from the text of its file; BadNote without repeating any of it."""
    text = text.strip()
    if not text.startswith(_PRIVATE):
        raise BadNote("not a signing key")
    name, mark, seed = _parts(text.removeprefix(_PRIVATE))
    key = SigningKey(name, seed)
    if key.verifier.mark != mark:
        raise BadNote("the signing key was altered or cut")
    return key


def split(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The signed text and its signature lines as (name, key hash, signature)."""
    text, gap, below = note.rpartition("\n\n")
    if not gap or not text or not below.endswith("\n") or "\n\n" in text or text.startswith("\n"):
        raise BadNote("not a signed note: text, an empty line, then signature lines")
    return text + "\n", [_signature(line) for line in below[:-1].split("\n")]


def to_base64(data: bytes) -> str:
    """The one spelling of `data` in standard base64."""
    return base64.b64encode(data).decode()


def from_base64(text: str, length: int) -> bytes:
    """Exactly `length` bytes from their one spelling in base64."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("not base64") from None
    if len(data) != length or to_base64(data) != text:
        raise BadNote(f"not the base64 of {length} bytes")
    return data


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH):
        raise BadNote("a signature line begins with a dash and a space")
    data = from_base64(encoded, _HASH_BYTES + _SIGNATURE_BYTES)
    return _good_name(name), data[:_HASH_BYTES], data[_HASH_BYTES:]


def _parts(text: str) -> tuple[str, bytes, bytes]:
    # Base64 may hold a plus sign, a name and a hash may not: split from the left.
    name, _, rest = text.partition("+")
    mark, _, encoded = rest.partition("+")
    if not re.fullmatch(r"[0-9a-f]{8}", mark):
        raise BadNote("not a key of the form name+hash+base64")
    data = from_base64(encoded, 33)
    if data[:1] != _ED25519:
        raise BadNote("not an Ed25519 key")
    return _good_name(name), bytes.fromhex(mark), data[1:]


def _good_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadNote("a key's name has no spaces and no plus sign")
    return name
