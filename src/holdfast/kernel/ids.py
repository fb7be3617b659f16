"""Public ids: prefixed, unguessable, and safe to read out over a phone."""

from __future__ import annotations

import secrets
from typing import Final

# Crockford's base 32: no I, L, O or U, so that nothing is misread.
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH: Final = 20


def new_id(prefix: str) -> str:
    """`ln_` and twenty characters of base 32: one hundred random bits."""
    return prefix + "_" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
