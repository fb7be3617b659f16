"""Files that people hand in: kept on our own disk under a name of our own, readable by nobody else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile

from holdfast.kernel.ids import new_id
from holdfast.kernel.places import data_folder

LONGEST_NAME: Final = 200


def keep_tape(file: UploadedFile[Any]) -> Path:
    """The tape on disk, safe there before we answer, for the worker to read."""
    folder = data_folder() / "tapes"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{new_id('up')}.csv"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as kept:
        for chunk in file.chunks():
            kept.write(chunk)
        kept.flush()
        os.fsync(kept.fileno())
    return path


def plain_name(file: UploadedFile[Any]) -> str:
    """The file's own name, as it may be shown: no path, nothing that does not print."""
    name = "".join(sign for sign in Path(file.name or "tape.csv").name if sign.isprintable())
    return name[-LONGEST_NAME:] or "tape.csv"
