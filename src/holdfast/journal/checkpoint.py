"""Checkpoints: a head of the tree as text that can be signed, mailed, printed and anchored.

The form is C2SP `tlog-checkpoint`: the log's origin, the number of leaves, the root in base64.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from holdfast.journal.note import BadNote, from_base64, split, to_base64

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of `origin` had `size` leaves, and this was their root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"


def checkpoint_of(note: str) -> Checkpoint:
    """What a signed checkpoint says, whoever signed it; BadNote if it is not one.

    Lines after the third are refused: the form leaves room for them, but none of ours has any.
    """
    text, _ = split(note)
    lines = text.split("\n")
    if len(lines) != 4 or not _SIZE.fullmatch(lines[1]):
        raise BadNote("not a checkpoint: origin, number of leaves, root")
    return Checkpoint(lines[0], int(lines[1]), from_base64(lines[2], 32))
