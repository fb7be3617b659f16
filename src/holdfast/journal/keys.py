"""The journal's signing key: one file in the keys folder, made once, readable by its owner only.

The operator holds it, so a signature alone proves nothing against the operator: that takes a
head which somebody else has kept.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from holdfast.journal.note import BadNote, SigningKey, signing_key_of
from holdfast.kernel.errors import Unavailable
from holdfast.kernel.ids import new_id

KEY_FILE: Final = "journal.key"
_OTHERS: Final = 0o077


def signing_key(folder: Path, *, heads_exist: bool) -> SigningKey:
    """The key in `folder`; made there if the journal has not signed anything yet.

    Unavailable if it is missing, unreadable or open to others. A new key is never made beside old
    heads: whoever holds one of them would see a stranger's signature on the next.
    """
    path = folder / KEY_FILE
    try:
        if not path.exists() and not heads_exist:
            _create(folder, path)
        if path.stat().st_mode & _OTHERS:
            raise Unavailable(f"{path} can be read by others than its owner; run: chmod 600 {path}", code="key_open")
        return signing_key_of(path.read_text("ascii"))
    except FileNotFoundError:
        raise Unavailable(
            f"the journal's signing key {path} is missing, but this book has signed heads; put the folder of keys back, "
            "or name it in HOLDFAST_KEYS",
            code="key_missing",
        ) from None
    except OSError as error:
        raise Unavailable(f"the journal's signing key {path} cannot be used: {error.strerror}", code="key_unusable") from error
    except (BadNote, UnicodeDecodeError) as error:
        raise Unavailable(f"{path} is damaged ({error}); put back the one from your backup of the keys", code="key_damaged") from None


def _create(folder: Path, path: Path) -> None:
    # Written whole under another name, then linked: a second process sees all of it or nothing, and the first one wins.
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f".{KEY_FILE}.{secrets.token_hex(8)}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(SigningKey.new(f"holdfast/{new_id('journal')}").secret_text() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
    finally:
        draft.unlink()
