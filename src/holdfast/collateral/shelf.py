"""Places on a shelf and what an audit of one finds. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from holdfast.collateral.states import ItemState
from holdfast.kernel.errors import BadInput

_PLACE: Final = re.compile(r"([A-Z][A-Z0-9]{0,3})-([0-9]{2})-([0-9]{2})", re.ASCII)
_SEAL: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{3,23}", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A slot of a shelf's level: `A-03-05`."""

    shelf: str
    level: int
    slot: int

    def __str__(self) -> str:
        return f"{self.shelf}-{self.level:02d}-{self.slot:02d}"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A shelf of a branch: so many levels of so many slots."""

    branch_id: int
    branch: str
    code: str
    levels: int
    slots: int

    def holds(self, place: Place) -> bool:
        """Whether the shelf has such a slot."""
        return place.shelf == self.code and 1 <= place.level <= self.levels and 1 <= place.slot <= self.slots


@dataclass(frozen=True, slots=True)
class Item:
    """A thing's stay: where it lies, under which seal, since when."""

    item_id: int
    thing_id: int
    thing: str
    state: ItemState
    branch_id: int
    place: Place
    seal_no: str
    placed_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """What closing an audit says: of each list the items or the seals that nobody knows."""

    seen: tuple[Item, ...]
    missing: tuple[Item, ...]
    found: tuple[Item, ...]
    elsewhere: tuple[Item, ...]
    unknown: tuple[str, ...]


def place_of(text: str) -> Place:
    """The place that is written so; BadInput otherwise."""
    match = _PLACE.fullmatch(text.strip().upper())
    if match is None:
        raise BadInput("slot: write shelf, level and slot, such as A-03-05", code="slot_unreadable", field="slot")
    return Place(match[1], int(match[2]), int(match[3]))


def seal_of(text: str) -> str:
    """A seal's number in one form, as a scanner gives it or a person types it; BadInput otherwise."""
    seal = text.strip().upper().replace(" ", "")
    if not _SEAL.fullmatch(seal):
        raise BadInput("seal_no: a seal's number has 4 to 24 letters, digits and dashes", code="seal_unreadable", field="seal_no")
    return seal


def compare(on_shelf: Iterable[Item], scanned: Mapping[str, Item | None], *, opened_at: datetime, shelf: str, branch_id: int) -> Finding:
    """What should lie on the shelf against what was scanned there.

    What came to its slot only after the audit was opened is not missing for not having been scanned.
    """
    seen: list[Item] = []
    missing: list[Item] = []
    found: list[Item] = []
    for item in sorted(on_shelf, key=lambda item: item.place):
        here = scanned.get(item.seal_no) is not None
        if item.state is ItemState.MISSING and here:
            found.append(item)
        elif item.state is ItemState.IN_CUSTODY and here:
            seen.append(item)
        elif item.state is ItemState.IN_CUSTODY and item.placed_at <= opened_at:
            missing.append(item)
    strangers = [item for item in scanned.values() if item is not None and (item.branch_id, item.place.shelf) != (branch_id, shelf)]
    # Whatever bears a seal of ours but should not lie anywhere (handed back, sold, lost) is as strange as one of another shelf.
    strangers += [
        item
        for item in scanned.values()
        if item is not None and item not in strangers and item.state not in (ItemState.IN_CUSTODY, ItemState.MISSING)
    ]
    unknown: Sequence[str] = sorted(seal for seal, item in scanned.items() if item is None)
    return Finding(tuple(seen), tuple(missing), tuple(found), tuple(sorted(strangers, key=lambda item: item.seal_no)), tuple(unknown))
