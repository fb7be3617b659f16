"""Pages by key: a list's cursor names the last row shown, so a page costs the same anywhere in the book.

A cursor is opaque to its holder and bound to one list in one order; anything else is BadInput.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

import psycopg
from psycopg.rows import dict_row

from holdfast.kernel.errors import BadInput

Db = psycopg.Connection[Any]
Item = TypeVar("Item")

LARGEST_PAGE: Final = 200
PAST_THE_LAST: Final = str(2**31 - 1)


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page; `next` is the cursor of the page after it, None at the end."""

    items: Sequence[Item]
    next: str | None


def page_size(limit: int) -> int:
    if not 1 <= limit <= LARGEST_PAGE:
        raise BadInput(f"limit: a page holds 1 to {LARGEST_PAGE} items, not {limit}", field="limit")
    return limit


def cursor_after(rows: Sequence[Mapping[str, Any]], limit: int, of: str, *keys: str) -> str | None:
    """The cursor behind the last row shown, or None where no row was left over for a further page."""
    if len(rows) <= limit:
        return None
    place = [str(rows[limit - 1][key]) for key in keys]
    return base64.urlsafe_b64encode(json.dumps([of, *place]).encode()).decode().rstrip("=")


def read_cursor(cursor: str, of: str, *kinds: str) -> list[str]:
    """The place that a cursor names; BadInput unless it came from the same list in the same order."""
    place: list[str] = []
    try:
        list_name, *place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        fits = list_name == of and all(_is_a(kind, key) for kind, key in zip(kinds, place, strict=True))
    except (ValueError, TypeError):
        fits = False
    if not fits:
        raise BadInput("next: hand back the `next` of the page before, with the same sort, unchanged", field="next", code="bad_cursor")
    return place


def _is_a(kind: str, key: str) -> bool:
    """Whether `key` is the text of a database value of this kind; ValueError or TypeError may say no as well."""
    if kind == "bigint":
        return abs(int(key)) < 2**62
    if kind == "integer":
        return abs(int(key)) < 2**31
    return key == "infinity" or bool(datetime.fromisoformat(key))


def fetch(db: Db, sql: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows by column name. Text that PostgreSQL cannot hold cannot be in the book either: BadInput names it."""
    for name, value in values.items():
        if isinstance(value, str) and any(sign == "\x00" or "\ud800" <= sign <= "\udfff" for sign in value):
            raise BadInput(f"{name}: remove the characters that are not text", field=name)
    with db.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql.encode(), values).fetchall()
