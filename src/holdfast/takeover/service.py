"""Taking over a tape: read, judge, book in chunks, and reconcile.

A row is booked whole or not at all, and only once: what an earlier reading of the same row booked
is found by its identity and left as it is. So an import that was cut short is ended by starting it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, Final

import psycopg

from holdfast.journal import SYSTEM, Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput
from holdfast.kernel.ids import new_id
from holdfast.parties import branches, create_branch
from holdfast.policy import clock as clock_of
from holdfast.policy import lender, pack_in_force, set_business_date
from holdfast.products import define, new_version, products
from holdfast.servicing import take_over
from holdfast.takeover import store
from holdfast.takeover.cells import shown
from holdfast.takeover.map import TapeMap
from holdfast.takeover.reading import BadCell, BadRow, Row, Survey, opened, rows, survey
from holdfast.takeover.reconciliation import Reconciliation
from holdfast.takeover.rules import Judged, balance_of, fingerprint, judge

Edge = Callable[[], AbstractContextManager[psycopg.Connection[Any]]]
"""Opens one transaction, which is committed when the block ends."""
Progress = Callable[[psycopg.Connection[Any], int, int], None]
"""Told after each chunk, inside its transaction, how many rows are done and about how many there are."""

CHUNK: Final = 1_000


def import_tape(
    edge: Edge,
    path: Path,
    tape_map: TapeMap,
    *,
    as_of: date | None = None,
    by: Actor = SYSTEM,
    name: str | None = None,
    progress: Progress | None = None,
) -> Reconciliation:
    """Take over each row of the tape as it stood on `as_of` (default: the map's date), `CHUNK` rows a transaction.

    The first import into an empty book without a lender sets the book's business date to `as_of`.
    BadInput, with nothing booked, if the file cannot be read, its first line is not the map's, or
    `as_of` lies after the book's business date.
    """
    as_of = as_of or tape_map.as_of
    if as_of is None:
        raise BadInput(f"the map {tape_map.name} names no as-of date; say it with --as-of", field="as_of")
    surveyed = survey(path)
    reading = _Reading(tape_map, as_of, by, name or path.name, surveyed)
    with opened(path, surveyed.encoding) as file:
        records = rows(file, tape_map.needed_columns)
        while chunk := reading.judged(islice(records, CHUNK)):
            with edge() as db:
                reading.book(db, chunk)
                if progress:
                    progress(db, reading.report.rows, max(surveyed.lines - 1, reading.report.rows))
    with edge() as db:
        reading.end(db)
    return reading.report


@dataclass(slots=True)
class _Reading:
    """One reading of one tape: what was seen so far, and the report as it grows."""

    tape_map: TapeMap
    as_of: date
    by: Actor
    name: str
    surveyed: Survey
    report: Reconciliation = field(init=False)
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        about = {"name": shown(self.name), "digest": self.surveyed.digest, "encoding": self.surveyed.encoding, "map": self.tape_map.name}
        self.report = Reconciliation(about | {"as_of": self.as_of.isoformat()}, self.tape_map.currency)

    def judged(self, records: Iterator[Row | BadRow]) -> list[Judged | _Refused]:
        """What each of these records is, in order."""
        return [self._judge(record) for record in records]

    def book(self, db: psycopg.Connection[Any], chunk: list[Judged | _Refused]) -> None:
        """Book those rows of a chunk that are good and new, and put all of them in the report."""
        store.alone(db)
        good = [each for each in chunk if isinstance(each, Judged)]
        identities = [each.loan.identity for each in good]
        before = store.in_the_book(db, identities)
        fresh = [each.loan for each in good if each.loan.identity not in before]
        if fresh:
            clock = self._clock(db)
            _stand_for(db, self.tape_map, self.as_of)
            take_over(
                db, fresh, clock=clock, by=self.by, as_of=self.as_of, branch_id=_head_office(db), pack=pack_in_force(db, clock),
                label=f"tape {self.surveyed.digest[:16]} from line {chunk[0].line}",
            )  # fmt: skip
        after = store.in_the_book(db, [row.identity for row in fresh])
        for each in chunk:
            if isinstance(each, _Refused):
                self.report.refuse(each.row, each.outstanding)
            else:
                new = each.loan.identity in after
                self.report.accept(each, (after if new else before)[each.loan.identity], new=new)

    def end(self, db: psycopg.Connection[Any]) -> None:
        """Keep the reconciliation."""
        self.report.tape["id"] = new_id("tp")
        store.keep_tape(
            db, self.report.tape["id"], self.surveyed.digest, self.tape_map.name, self.as_of, self.report.to_json(), clock_of(db).now()
        )

    def _judge(self, record: Row | BadRow) -> Judged | _Refused:
        if isinstance(record, BadRow):
            return _Refused(record.line, record, None)
        mark = fingerprint(record, self.tape_map)
        self.seen[mark] += 1
        if self.tape_map.key and self.seen[mark] > 1:
            column = self.tape_map.key[0]
            again = BadCell(column, shown(record.cells[column].strip()), "an earlier row of this tape has the same key")
            return _Refused(record.line, BadRow(record.line, (again,)), balance_of(record, self.tape_map))
        judged = judge(record, self.tape_map, as_of=self.as_of, mark=mark, ordinal=self.seen[mark])
        if isinstance(judged, BadRow):
            return _Refused(record.line, judged, balance_of(record, self.tape_map))
        return judged

    def _clock(self, db: psycopg.Connection[Any]) -> Clock:
        """The book's clock, set to the as-of date first if nothing has happened in the book yet."""
        if lender(db).name is None and store.is_empty(db):
            return set_business_date(db, self.as_of)
        clock = clock_of(db)
        if self.as_of > clock.today():
            sentence = f"the as-of date {self.as_of} lies after the book's business date {clock.today()}"
            raise BadInput(sentence, field="as_of", code="as_of_later")
        return clock


@dataclass(frozen=True, slots=True)
class _Refused:
    line: int
    row: BadRow
    outstanding: tuple[str, int] | None


def _head_office(db: psycopg.Connection[Any]) -> int:
    """The lender's first branch, in which loans of a tape stand; made if the lender has none yet."""
    first = min(branches(db), key=lambda branch: branch.branch_id, default=None)
    return (first or create_branch(db, code="HO", name="总部")).branch_id


def _stand_for(db: psycopg.Connection[Any], tape_map: TapeMap, from_date: date) -> None:
    """Let there be the product under which the loans of this map stand; the first tape makes it."""
    if all(known.code != tape_map.product_code for known in products(db)):
        define(db, code=tape_map.product_code, name_zh=tape_map.title_zh, name_en=tape_map.title_en, collateral="none")
        new_version(db, code=tape_map.product_code, terms=tape_map.contract, from_date=from_date)
