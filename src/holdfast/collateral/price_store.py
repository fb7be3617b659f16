"""Where price books are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.collateral.model import Grade
from holdfast.collateral.price_file import PriceLine, model_key

Db = psycopg.Connection[Any]

INSERT_BOOK: Final = """
    INSERT INTO price_book (public_id, name, digest, lines, loaded_by, loaded_at) VALUES (%s, %s, %s, %s, %s, %s) RETURNING book_id"""
INSERT_LINE: Final = """
    INSERT INTO price_line (book_id, row_no, model_key, model, storage_gb, currency, price_a, price_b, price_c, price_d, own_grades, source,
                            as_of)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
SELECT_BOOKS: Final = """
    SELECT b.book_id, b.public_id, b.name, b.digest, b.lines, s.name, b.loaded_at,
           (SELECT min(as_of) FROM price_line p WHERE p.book_id = b.book_id),
           (SELECT max(as_of) FROM price_line p WHERE p.book_id = b.book_id),
           ARRAY(SELECT DISTINCT source FROM price_line p WHERE p.book_id = b.book_id ORDER BY source)
      FROM price_book b JOIN staff s ON s.staff_id = b.loaded_by"""
_LINE: Final = """
    p.row_no, p.model, p.storage_gb, p.currency, p.price_a, p.price_b, p.price_c, p.price_d, p.own_grades, p.source, p.as_of, b.public_id"""
# Of each source its newest line for a model; of two of one day the one loaded last.
SELECT_NEWEST: Final = f"""
    SELECT DISTINCT ON (p.source) {_LINE} FROM price_line p JOIN price_book b USING (book_id)
     WHERE p.model_key = %s AND p.storage_gb = %s AND p.as_of <= %s ORDER BY p.source, p.as_of DESC, p.book_id DESC, p.row_no DESC"""
SELECT_LINES: Final = f"SELECT {_LINE} FROM price_line p JOIN price_book b USING (book_id) WHERE b.public_id = %s ORDER BY p.row_no"
# The newest line of every model, storage and source: what the whole house is priced by.
SELECT_ALL_NEWEST: Final = f"""
    SELECT DISTINCT ON (p.model_key, p.storage_gb, p.source) {_LINE} FROM price_line p JOIN price_book b USING (book_id)
     WHERE p.as_of <= %s ORDER BY p.model_key, p.storage_gb, p.source, p.as_of DESC, p.book_id DESC, p.row_no DESC"""
# The models that somebody still needs a price for: of things in custody, and of those described lately.
SELECT_NEEDED: Final = """
    SELECT min(t.model), t.storage_gb, count(DISTINCT t.thing_id), count(DISTINCT c.thing_id)
      FROM thing t LEFT JOIN custody_item c ON c.thing_id = t.thing_id AND c.state IN ('in_custody', 'missing')
     WHERE c.thing_id IS NOT NULL OR t.described_on >= %s
     GROUP BY lower(regexp_replace(t.model, '\\s', '', 'g')), t.storage_gb ORDER BY 1, 2"""


def insert_book(
    db: Db, *, public_id: str, name: str, digest: str, lines: Sequence[PriceLine], loaded_by: int, at: datetime
) -> int:  # fmt: skip
    """Write a book and its lines; its number."""
    row = db.execute(INSERT_BOOK, [public_id, name, digest, len(lines), loaded_by, at]).fetchone()
    assert row is not None
    with db.cursor() as cursor:
        cursor.executemany(
            INSERT_LINE,
            [
                (
                    row[0], line.row, model_key(line.model), line.model, line.storage_gb, line.currency, line.prices[Grade.A],
                    line.prices[Grade.B], line.prices[Grade.C], line.prices[Grade.D], "".join(sorted(line.own)), line.source, line.as_of,
                )
                for line in lines
            ],
        )  # fmt: skip
    return int(row[0])


def books(db: Db, *, limit: int) -> list[tuple[Any, ...]]:
    """The books, newest first."""
    return db.execute(f"{SELECT_BOOKS} ORDER BY b.book_id DESC LIMIT %s", [limit]).fetchall()


def book(db: Db, public_id: str) -> tuple[Any, ...] | None:
    """One book's row."""
    row: tuple[Any, ...] | None = db.execute(f"{SELECT_BOOKS} WHERE b.public_id = %s", [public_id]).fetchone()
    return row


def lines(db: Db, public_id: str) -> list[tuple[PriceLine, str]]:
    """The lines of one book."""
    return [_line(row) for row in db.execute(SELECT_LINES, [public_id]).fetchall()]


def newest_lines(db: Db, *, model: str, storage_gb: int, on: date) -> list[tuple[PriceLine, str]]:
    """Each source's newest line for a model, with the public id of its book."""
    return [_line(row) for row in db.execute(SELECT_NEWEST, [model_key(model), storage_gb, on]).fetchall()]


def all_newest_lines(db: Db, *, on: date) -> list[tuple[PriceLine, str]]:
    """Each source's newest line for every model."""
    return [_line(row) for row in db.execute(SELECT_ALL_NEWEST, [on]).fetchall()]


def needed_models(db: Db, *, since: date) -> list[tuple[str, int, int, int]]:
    """Model, storage, how many things, and how many of them in custody."""
    return db.execute(SELECT_NEEDED, [since]).fetchall()


def _line(row: Sequence[Any]) -> tuple[PriceLine, str]:
    row_no, model, storage_gb, currency, a, b, c, d, own, source, as_of, book_id = row
    prices = dict(zip(Grade, (a, b, c, d), strict=True))
    return PriceLine(row_no, model, storage_gb, currency, prices, frozenset(Grade(each) for each in own), source, as_of), book_id
