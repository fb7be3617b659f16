"""Public ids: prefixed, unguessable, and safe to read out over a phone."""

from __future__ import annotations

import secrets
from typing import Final

# Crockford's base 32: no I, L, O or U, so that nothing is misread.
_ALPHABET: Final = b"0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH: Final = 20
# A random byte as one of the thirty-two, each as likely as another: a bank's file asks for a hundred thousand ids at once.
_LETTERS: Final = _ALPHABET * (256 // len(_ALPHABET))


def new_id(prefix: str) -> str:
    """`ln_` and twenty characters of base 32: one hundred random bits."""
    return f"{prefix}_{secrets.token_bytes(_LENGTH).translate(_LETTERS).decode()}"
