"""A past period under audit: what was due each day, when it was done, by whom, by which record; what was late, missing or unproved.

What was due comes from the same providers as the audit's, as each day knew it; whether it was done, from the records' own bytes.
The answer for a day that is over does not change: work that is done later proves nothing for it, and events that are entered
later accuse nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

import psycopg

from holdfast.duties.audit import Expected, Provider, fault_of
from holdfast.duties.audit_store import DutyRow, chunks, duties_between, loans_between
from holdfast.kernel.clock import iso_instant
from holdfast.kernel.errors import BadInput

# proved: on its day or before. late: done after its day. open: its day is over and it is not done. missing: nothing of it is
# there. unproved: it is marked as done, but its record does not show it.
VERDICTS: Final = ("proved", "late", "open", "missing", "unproved")
LONGEST_DAYS: Final = 366
_REMINDED_BY: Final = "contact.sent"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was due in the period, and what became of it. `by` and `role` are those of the record that proves it."""

    loan: str
    kind: str
    about: str
    due_on: date
    due_at: datetime
    verdict: str
    done_on: date | None = None
    done_at: datetime | None = None
    by: str = ""
    role: str = ""
    seq: int | None = None
    record: str = ""
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """The form of `duties period --json` and of the API."""
        return {
            "loan": self.loan, "kind": self.kind, "about": self.about,
            "due_on": self.due_on.isoformat(), "due_at": iso_instant(self.due_at),
            "verdict": self.verdict, "done_on": self.done_on.isoformat() if self.done_on else None,
            "done_at": iso_instant(self.done_at) if self.done_at else None, "by": self.by, "role": self.role, "seq": self.seq,
            "record": self.record, "why": self.why,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Coverage:
    """One day's figures: loans live at its end, what was due on it, how much of that was proved, late, missing, unproved by its end.

    `reminded` are the reminders among the proved that a message to the borrower proves.
    """

    on: date
    live: int = 0
    due: int = 0
    reminded: int = 0
    proved: int = 0
    late: int = 0
    missing: int = 0
    unproved: int = 0

    def as_json(self) -> dict[str, Any]:
        """As the house's chain states it."""
        figures = ("live", "due", "reminded", "proved", "late", "missing", "unproved")
        return {"on": self.on.isoformat(), **{name: getattr(self, name) for name in figures}}


@dataclass(slots=True)
class Period:
    """What an audit of a period found. `days` counts each verdict by day, `lines` keeps those that are wanted."""

    first: date
    until: date
    loans: int = 0
    days: dict[date, Counter[str]] = field(default_factory=dict)
    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)

    def counts(self) -> Counter[str]:
        """Each verdict over the whole period."""
        return sum(self.days.values(), Counter())

    def add(self, line: Line) -> None:
        """Count a line."""
        self.days.setdefault(line.due_on, Counter())[line.verdict] += 1
        self.kinds.setdefault(line.kind, Counter())[line.verdict] += 1


def check_period(first: date, until: date, today: date) -> None:
    """BadInput unless the period is over by now, and not longer than a year."""
    if until >= today:
        raise BadInput(
            f"until: only days that are over can be audited; the last one is the day before {today}", field="until", code="period_open"
        )
    if first > until:
        raise BadInput("first: not after the last day", field="first", code="period_order")
    if (until - first).days >= LONGEST_DAYS:
        raise BadInput(f"first: a period holds at most {LONGEST_DAYS} days", field="first", code="period_long", most=LONGEST_DAYS)


def examine_period(
    db: psycopg.Connection[Any],
    first: date,
    until: date,
    providers: Sequence[Provider],
    *,
    keep_proved: bool = False,
    most: int | None = None,
    told: Callable[[Line], None] | None = None,
) -> Period:
    """Audit the whole book over past days. `lines` holds what was not proved (or everything), up to `most`; the counts are whole.

    Each line that was not proved is also told to `told`, however many there are. Call it in one snapshot (`REPEATABLE READ`).
    """
    found = Period(first, until)
    for _loan, lines, _rows in _hearings(db, first, until, providers):
        found.loans += 1
        for line in lines:
            found.add(line)
            if told is not None and line.verdict != "proved":
                told(line)
            if (keep_proved or line.verdict != "proved") and (most is None or len(found.lines) < most):
                found.lines.append(line)
    return found


def examine_loan(db: psycopg.Connection[Any], loan_id: int, first: date, until: date, providers: Sequence[Provider]) -> Period:
    """Audit one loan over past days; `lines` holds everything, day by day. The caller has made sure that the loan may be seen."""
    found = Period(first, until)
    for _loan, lines, _rows in _hearings(db, first, until, providers, only=loan_id):
        found.loans += 1
        for line in lines:
            found.add(line)
            found.lines.append(line)
    found.lines.sort(key=lambda line: (line.due_at, line.kind, line.about))
    return found


def cover(db: psycopg.Connection[Any], on: date, providers: Sequence[Provider]) -> Coverage:
    """The coverage of one day that is over, recomputed from first principles. Call it in one snapshot."""
    figures: Counter[str] = Counter()
    for _loan, lines, rows in _hearings(db, on, on, providers):
        figures["live"] += any(_open_at_the_end_of(row, on) for row in rows)
        for line in lines:
            figures["due"] += 1
            figures["late" if line.verdict == "open" else line.verdict] += 1
            figures["reminded"] += line.verdict == "proved" and line.kind == "reminder" and line.record == _REMINDED_BY
    return Coverage(on, **figures)


def _hearings(
    db: psycopg.Connection[Any], first: date, until: date, providers: Sequence[Provider], *, only: int | None = None
) -> Iterator[tuple[str, list[Line], list[DutyRow]]]:
    """Each loan in turn: its name, what was due of it in the period, and its rows."""
    for after, upto in chunks(db) if only is None else [(only - 1, only)]:
        moments: dict[int, list[Expected]] = {}
        for provider in providers:
            for loan_id, expected in provider(db, after, upto, until).items():
                moments.setdefault(loan_id, []).extend(expected.moments)
        names = {loan.loan_id: loan.public_id for loan in loans_between(db, after, upto)}
        rows = {loan_id: list(group) for loan_id, group in groupby(duties_between(db, after, upto), key=attrgetter("loan_id"))}
        for loan_id in sorted(names.keys() | moments.keys()):
            mine = rows.get(loan_id, [])
            yield names.get(loan_id, f"chain {loan_id}"), hear(names.get(loan_id), moments.get(loan_id, ()), mine, first, until), mine


def hear(loan: str | None, moments: Sequence[Expected], rows: Sequence[DutyRow], first: date, until: date) -> list[Line]:
    """What became of each moment of one loan that was due in the period. `moments` come kind by kind, each kind in order."""
    by_moment: dict[tuple[str, str], list[DutyRow]] = {}
    for row in rows:
        by_moment.setdefault((row.kind, row.about), []).append(row)
    found = []
    for _kind, run in groupby(moments, key=attrgetter("kind")):
        standing: list[DutyRow] = []  # what was not done on its day; the moments after it wait behind it
        for moment in run:
            exact = [row for row in by_moment.get((moment.kind, moment.about), ()) if row.due_at == moment.due_at]
            if moment.demanded and first <= moment.due_on <= until:
                found.append(_judged(loan, moment, exact, standing))
            standing += [row for row in exact if row.open or row.closed_on is None or row.closed_on > moment.due_on]
    return found


def _judged(loan: str | None, moment: Expected, exact: Sequence[DutyRow], standing: Sequence[DutyRow]) -> Line:
    name = loan or ""
    base = (name, moment.kind, moment.about, moment.due_on, moment.due_at)
    done = [row for row in exact if not row.open and not fault_of(row, loan)]
    fair = [row for row in done if row.proof is not None and row.proof.on >= moment.from_on]
    if fair:
        proof = min((row.proof for row in fair if row.proof is not None), key=lambda each: each.on)
        verdict = "proved" if proof.on <= moment.due_on else "late"
        return Line(*base, verdict, proof.on, proof.at, proof.by, proof.role, proof.seq, proof.kind)
    if any(row.open for row in exact):
        return Line(*base, "open", why="still open")
    if exact:
        row = exact[0]
        why = fault_of(row, loan) or f"record {row.proof_seq} is of a day before it could be done"
        return Line(*base, "unproved", seq=row.proof_seq, why=why)
    behind = next((row for row in standing if row.open or row.closed_on is None or row.closed_on > moment.due_on), None)
    if behind is not None:
        return Line(*base, "open", why=f"not begun: duty {behind.duty_no} stood open before it")
    return Line(*base, "missing", why="there is no such duty")


def _open_at_the_end_of(row: DutyRow, on: date) -> bool:
    """Whether a duty stood open when the day was over, as its records tell."""
    if row.opened_on is None or row.opened_on > on:
        return False
    closed_on = row.proof.on if row.proof is not None else row.closed_on
    return row.open or closed_on is None or closed_on > on
