"""The months of the general ledger: which are closed, since when, by whom, and which were opened again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from holdfast.servicing import month_end_store as store

Db = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Closed:
    """A month that was closed: how many entries it held since the close before, their digest, and who opened it again and why."""

    close_id: int
    chain_id: int
    month_ends: date
    was_through: date | None
    entries: int
    digest: str
    suspense: tuple[dict[str, Any], ...]
    closed_by: str
    closed_at: datetime
    snapshot: str
    reason: str | None
    reopened_at: datetime | None
    reopened_by: str | None

    @property
    def month(self) -> str:
        """As it is written: `2026-11`."""
        return f"{self.month_ends:%Y-%m}"


def closes(db: Db) -> list[Closed]:
    """Every close, newest first, with what reopened it."""
    found = []
    for row in store.closes(db):
        parts: list[Any] = [*row[:6], tuple(json.loads(row[6])), *row[7:]]
        found.append(Closed(*parts))
    return found


def standing_closes(db: Db) -> list[Closed]:
    """The months that are closed now, the latest first."""
    return [each for each in closes(db) if each.reopened_at is None]
