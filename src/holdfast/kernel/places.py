"""Where a book lives on this machine: its data folder and its keys folder.

`HOLDFAST_DATA` and `HOLDFAST_KEYS` say so; without them each checkout has its own place, so that
two checkouts on one machine never share a book by accident.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def checkout() -> Path:
    """The folder this code was installed from; its path names the default data folder."""
    return Path(__file__).resolve().parents[3]


def system_folder() -> Path:
    """Where root keeps what must be reachable for the account that runs the database."""
    return Path("/var/lib/holdfast")


def data_folder() -> Path:
    """`HOLDFAST_DATA`, else `/var/lib/holdfast/<checkout>` for root, else the same under the XDG data folder. May not exist yet."""
    if named := os.environ.get("HOLDFAST_DATA"):
        return Path(named).absolute()
    mark = hashlib.sha256(os.fsencode(checkout())).hexdigest()[:12]
    if os.geteuid() == 0:
        return system_folder() / mark
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "holdfast" / mark


def keys_folder() -> Path:
    """`HOLDFAST_KEYS`, else `keys` in the data folder. Never inside the database, never in a backup of it."""
    if named := os.environ.get("HOLDFAST_KEYS"):
        return Path(named).absolute()
    return data_folder() / "keys"
