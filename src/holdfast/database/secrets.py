"""Generated secrets, each in a file of the keys folder that only its owner can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from holdfast.kernel.errors import Unavailable
from holdfast.kernel.places import keys_folder

OWNER_PASSWORD = "database-owner"
APP_PASSWORD = "database-app"
WEB_SECRET = "web-sessions"


def open_keys_folder() -> Path:
    """The keys folder, made with mode 700 if it is not there."""
    folder = keys_folder()
    try:
        if not folder.is_dir():
            # Passing through is allowed (the account that runs the database must), looking inside is not.
            folder.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"the keys folder {folder} cannot be made ({error.strerror}); set HOLDFAST_KEYS to a folder you may write"
        ) from error
    return folder


def known(name: str) -> str | None:
    """The secret of that name, or None if none was ever made."""
    path = keys_folder() / name
    try:
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(f"the key file {path} cannot be read ({error.strerror}); run as the user who made it") from error


def secret(name: str) -> str:
    """The secret of that name; made on first use. Two processes that ask at once get the same one."""
    if (value := known(name)) is not None:
        return value
    folder = open_keys_folder()
    draft = folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, folder / name)
        except FileExistsError:
            pass  # another process was first; its secret is read below
        finally:
            draft.unlink()
    except OSError as error:
        raise Unavailable(f"no key can be written in {folder} ({error.strerror}); set HOLDFAST_KEYS to a folder you may write") from error
    value = known(name)
    if value is None:
        raise Unavailable(f"the key {name} vanished from {folder} while it was being made")
    return value
