"""Beside the old system: each day its export is compared with the book, until nothing differs and the book takes over.

Nothing of the book is changed by it. What differs is kept with its cause, so that the days can be laid
side by side; a difference that stays on purpose is accepted by a person with a reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, Final

import psycopg

from holdfast.duties import in_sight
from holdfast.journal import SYSTEM, Actor, chain_ids, write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Forbidden, NotFound
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import Money, decimal_of
from holdfast.parties import Reach, Scope, Staff, require
from holdfast.policy import clock as clock_of
from holdfast.policy import lender, pack_in_force
from holdfast.servicing import read_history, read_loans
from holdfast.servicing.arrears import floor_on
from holdfast.takeover import shadow_store as store
from holdfast.takeover.causes import UNEXPLAINED, Basis, Cause, Figures, Finding, Meaning, differences, explain, figures_of, state_of
from holdfast.takeover.cells import shown
from holdfast.takeover.exports import Told, export_of, needed_of, told_of
from holdfast.takeover.map import TapeMap
from holdfast.takeover.reading import BadRow, Row, rows
from holdfast.takeover.rules import fingerprint
from holdfast.takeover.service import CHUNK, Edge, Progress
from holdfast.takeover.shadow_store import Accepted, Line, Run

_LONGEST_REASON: Final = 500
_FIELDS: Final = ("balance", "next_due_on", "next_due_amount", "days_past_due", "loan_class", "penalty")
_AMOUNTS: Final = frozenset({"balance", "next_due_amount", "penalty"})
_EVERYTHING: Final = Scope(Reach.ALL, 0, None, None)


@dataclass(frozen=True, slots=True)
class Compared:
    """A run with its lines, as the person who asks may see them. `accepted` names the accepted ones by line number."""

    run: Run
    lines: tuple[Line, ...]
    accepted: Mapping[int, Accepted]

    @property
    def open(self) -> list[Line]:
        """The lines that nobody has accepted."""
        return [line for line in self.lines if line.line_no not in self.accepted]

    @property
    def unexplained(self) -> list[Line]:
        """The lines without a proved cause that nobody has accepted: what must be looked at before the switch."""
        return [line for line in self.open if line.cause in UNEXPLAINED]


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the trend: how many loans were compared and differed, and what was still open of that now."""

    run: str
    as_of: date
    compared: int
    different: int
    unexplained: int


def compare(
    edge: Edge,
    path: Path,
    tape_map: TapeMap,
    *,
    as_of: date | None = None,
    by: Actor = SYSTEM,
    staff_id: int | None = None,
    name: str | None = None,
    progress: Progress | None = None,
) -> str:
    """Compare the export at `path` with the book as both stood at the end of `as_of` (default: yesterday); the run's public id.

    BadInput, with nothing kept, if the file cannot be read or names no loan of the map, or for a day that has not ended.
    """
    with edge() as db:
        clock = clock_of(db)
        on = as_of or date.fromordinal(clock.today().toordinal() - 1)
        if on > clock.today():
            raise BadInput(f"as_of: {on} has not come yet; today is {clock.today()}", field="as_of")
        floors = pack_in_force(db, clock).table("classification.floors", on=on, lender_type=lender(db).lender_type)
        reading = _Reading(tape_map, Meaning(on, tape_map.shadow.next_due, floors), store.taken_over_on(db, tape_map.name))
    with export_of(path) as (file, digest, lines):
        records = rows(file, needed_of(tape_map) if tape_map.key else tape_map.needed_columns)
        while chunk := list(islice(records, CHUNK)):
            with edge() as db:
                reading.take(db, chunk)
                if progress:
                    progress(db, reading.rows, max(lines - 1, reading.rows))
    with edge() as db:
        reading.end(db)
        run = Run(chain_ids(db, 1)[0], new_id("sh"), tape_map.name, on, shown(name or path.name), digest, reading.outcome(), clock.now())
        store.keep(db, run, reading.lines, by=staff_id)
        says = {"map": run.map_name, "as_of": on.isoformat(), **{key: run.outcome[key] for key in ("rows", "compared", "different")}}
        write_record(
            db, clock=clock, by=by, chain_id=run.run_id, chain=run.public_id, kind="shadow.compared", says=says, seals={"file": digest}
        )
    return run.public_id


def comparison(db: psycopg.Connection[Any], by: Staff | None, public_id: str) -> Compared:
    """One run as this person may see it (None: all of it), with what is accepted now."""
    run = store.run_named(db, public_id)
    lines = tuple(store.lines(db, run.run_id, _EVERYTHING if by is None else by.scope))
    words = {(each.identity, each.cause): each for each in store.accepted(db, run.map_name)}
    accepted = {}
    for line in lines:
        for identity in (line.identity, ""):
            word = words.get((identity, line.cause))
            if word is not None and abs(line.apart) <= word.most:
                accepted[line.line_no] = word
                break
    return Compared(run, lines, accepted)


def comparisons(db: psycopg.Connection[Any], *, limit: int) -> list[Run]:
    """The latest runs, newest first."""
    return store.runs(db, limit)


def days(db: psycopg.Connection[Any], map_name: str, *, limit: int) -> list[Day]:
    """The trend: the newest run of each day, the latest day first."""
    return [
        Day(public_id, as_of, outcome["compared"], outcome["different"], outcome["unexplained"])
        for public_id, as_of, outcome in store.trend(db, map_name, limit)
    ]


def accept(
    db: psycopg.Connection[Any], *, clock: Clock, by: Staff, comparison: str, cause: str, line: int | None, most: Money | None, reason: str
) -> Run:
    """A person accepts a difference with a reason: of one line's loan, or (no line) of every loan with a proved cause.

    It holds on later days too, as long as the balances lie no further apart than `most` (default: as far as now). Without
    a line the person must see the whole lender's loans, and what is unexplained is accepted loan by loan only.
    """
    words = _words(reason)
    run, chosen, identity = _meant(db, by, comparison, cause, line)
    apart = max((abs(each.apart) for each in chosen), default=0)
    currency = str(run.outcome["currency"])
    if most is not None and (most.currency != currency or most.minor < 0):
        raise BadInput(f"most: say how far the balances may lie apart, in {currency}", field="most")
    limit = apart if most is None else most.minor
    store.accept(db, run, identity=identity, cause=cause, most=limit, reason=words, by=by.staff_id, at=clock.now())
    says = {"cause": cause, "loan": chosen[0].loan or "" if line is not None else "", "most": Money(limit, currency).as_json()}
    write_record(
        db, clock=clock, by=by.actor, chain_id=run.run_id, chain=run.public_id, kind="shadow.accepted", says=says | {"reason": words}
    )
    return run


def take_back(
    db: psycopg.Connection[Any], *, clock: Clock, by: Staff, comparison: str, cause: str, line: int | None, reason: str
) -> Run:  # fmt: skip
    """What was accepted is a difference again from now on."""
    words = _words(reason)
    run, chosen, identity = _meant(db, by, comparison, cause, line)
    if all((each.identity, each.cause) != (identity, cause) for each in store.accepted(db, run.map_name)):
        raise NotFound("nobody has accepted this; a colleague may have just taken it back", code="not_accepted", field="cause")
    store.accept(db, run, identity=identity, cause=cause, most=-1, reason=words, by=by.staff_id, at=clock.now())
    says = {"cause": cause, "loan": chosen[0].loan or "" if line is not None else "", "reason": words}
    write_record(db, clock=clock, by=by.actor, chain_id=run.run_id, chain=run.public_id, kind="shadow.accepted.reversed", says=says)
    return run


def in_json(found: Compared, trend: Sequence[Day]) -> dict[str, Any]:
    """A run as the command and the API tell it: money as decimal strings."""
    outcome, currency = found.run.outcome, str(found.run.outcome["currency"])
    causes: dict[str, dict[str, Any]] = {}
    for line in found.lines:
        cause = causes.setdefault(line.cause, {"cause": line.cause, "loans": 0, "accepted": 0, "apart": 0})
        cause["loans"] += 1
        cause["accepted"] += line.line_no in found.accepted
        cause["apart"] += line.apart
    return {
        "run": found.run.public_id,
        "as_of": found.run.as_of.isoformat(),
        "map": found.run.map_name,
        "file": found.run.file_name,
        "currency": currency,
        "rows": outcome["rows"],
        "compared": outcome["compared"],
        "equal": outcome["equal"],
        "different": len(found.lines),
        "accepted": len(found.accepted),
        "unexplained": len(found.unexplained),
        "balance": {side: decimal_of(outcome[side], currency) for side in ("theirs", "ours")},
        "causes": [
            {**each, "apart": decimal_of(each["apart"], currency)} for each in sorted(causes.values(), key=lambda one: -one["loans"])
        ],
        "differences": [_line_json(line, found.accepted.get(line.line_no), currency) for line in found.lines],
        "trend": [asdict(day) | {"as_of": day.as_of.isoformat()} for day in trend],
    }


def _line_json(line: Line, accepted: Accepted | None, currency: str) -> dict[str, Any]:
    fields = {
        name: {side: decimal_of(value, currency) if name in _AMOUNTS and value is not None else value for side, value in both.items()}
        for name, both in line.told["fields"].items()
    }
    word = None if accepted is None else {"reason": accepted.reason, "by": accepted.by, "most": decimal_of(accepted.most, currency)}
    return {
        "line": line.line_no, "row": line.row, "name": line.name, "loan": line.loan, "cause": line.cause, "also": line.told.get("also"),
        "supposed": line.told["supposed"], "fields": fields, "accepted": word,
    }  # fmt: skip


# ── reading one export ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Reading:
    """One export as far as it has been compared."""

    tape_map: TapeMap
    meaning: Meaning
    taken_over_on: date | None
    rows: int = 0
    compared: int = 0
    equal: int = 0
    theirs: int = 0
    ours: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    lines: list[Line] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    def take(self, db: psycopg.Connection[Any], chunk: Sequence[Row | BadRow]) -> None:
        """Compare some rows with the loans that they name."""
        told: list[tuple[str, Told]] = []
        for record in chunk:
            self.rows += 1
            found = told_of(record, self.tape_map) if isinstance(record, Row) else record
            if isinstance(found, BadRow):
                self._unreadable(found)
                continue
            assert isinstance(record, Row)
            mark = fingerprint(record, self.tape_map)
            self.seen[mark] += 1
            told.append((f"{self.tape_map.name}:{mark}:{self.seen[mark]}", found))
        loans = store.our_loans(db, [identity for identity, _ in told])
        self.named.extend(loans)
        held = _bases(db, list(loans.values()), self.meaning.on)
        for identity, found in told:
            self.theirs += found.figures.balance
            if identity in loans:
                self._compare(identity, loans[identity], found, held[loans[identity]])
            elif found.figures.balance:
                self._not_here(identity, found)

    def end(self, db: psycopg.Connection[Any]) -> None:
        """Name the loans that the export has left out."""
        if not self.compared and self.rows:
            raise BadInput(
                "none of the rows is a loan of the book; is it the right map, and was its tape taken over?", field="file", code="no_loan"
            )
        for identity, loan_id, _, contract_no, _ in store.left_out(db, self.tape_map.name, self.named):
            ours = _ours(_bases(db, [loan_id], self.meaning.on)[loan_id], self.meaning)
            if ours.balance:
                self.ours += ours.balance
                finding = Finding(Cause.MISSING_THERE, {})
                self._add(finding, loan_id, None, contract_no, identity, {"balance": {"theirs": None, "ours": ours.balance}}, -ours.balance)

    def outcome(self) -> dict[str, Any]:
        """The totals of the run."""
        causes = Counter(line.cause for line in self.lines)
        return {
            "currency": self.tape_map.currency, "rows": self.rows, "compared": self.compared, "equal": self.equal,
            "different": len(self.lines), "unexplained": sum(causes[cause] for cause in UNEXPLAINED), "theirs": self.theirs,
            "ours": self.ours, "causes": dict(sorted(causes.items())),
        }  # fmt: skip

    def _compare(self, identity: str, loan_id: int, told: Told, basis: Basis) -> None:
        self.compared += 1
        ours = _ours(basis, self.meaning)
        self.ours += ours.balance
        apart = differences(told.figures, ours)
        if not apart:
            self.equal += 1
            return
        finding = explain(told.figures, basis, self.meaning) or Finding(Cause.UNEXPLAINED, {})
        fields: dict[str, Any] = {name: _both(name, told.figures, ours) for name in _FIELDS if name in apart}
        self._add(finding, loan_id, told.line, told.name, identity, fields, told.figures.balance - ours.balance)

    def _not_here(self, identity: str, told: Told) -> None:
        """The export names a loan that the book does not have: left behind by the takeover, or begun since."""
        later = self.taken_over_on is not None and told.begun_on is not None and told.begun_on > self.taken_over_on
        finding = Finding(Cause.UNKNOWN_LOAN if later or self.taken_over_on is None else Cause.NOT_TAKEN_OVER, {})
        balance = told.figures.balance
        self._add(finding, None, told.line, told.name, identity, {"balance": {"theirs": balance, "ours": None}}, balance)

    def _unreadable(self, bad: BadRow) -> None:
        cell = bad.cells[0]
        supposed = {"column": cell.column, "value": cell.value, "reason": cell.reason}
        self._add(Finding(Cause.UNREADABLE, supposed), None, bad.line, "", f"{self.tape_map.name}:row {bad.line}", {}, 0)

    def _add(
        self, finding: Finding, loan_id: int | None, row: int | None, name: str, identity: str, fields: Mapping[str, Any], apart: int
    ) -> None:  # fmt: skip
        told = {"fields": dict(fields), "supposed": dict(finding.supposed)} | ({"also": finding.also.value} if finding.also else {})
        self.lines.append(Line(len(self.lines) + 1, loan_id, None, row, name, identity, finding.cause.value, told, apart))


def _ours(basis: Basis, meaning: Meaning) -> Figures:
    return figures_of(state_of(basis, meaning.on), meaning, basis.class_floor)


def _bases(db: psycopg.Connection[Any], loan_ids: Sequence[int], on: date) -> dict[int, Basis]:
    """What our figures of these loans follow from: contract, events, and the floor under the class on that day."""
    if not loan_ids:
        return {}
    events = read_history(db, loan_ids)
    return {
        held.loan.loan_id: Basis(
            held.state.terms, tuple(events[held.loan.loan_id]), floor_on(held.account.class_floor, held.account.observe_until, on)
        )
        for held in read_loans(db, loan_ids, lock=False)
    }


def _both(name: str, theirs: Figures, ours: Figures) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else value

    told = getattr(theirs, name)
    if name == "days_past_due" and told is None:
        told = theirs.at_least_days
    return {"theirs": plain(told), "ours": plain(getattr(ours, name))}


# ── accepting ───────────────────────────────────────────────────────────────────────────────────────────────


def _meant(
    db: psycopg.Connection[Any], by: Staff, public_id: str, cause: str, line: int | None
) -> tuple[Run, Sequence[Line], str]:  # fmt: skip
    """The run, the lines and the identity that an acceptance is about."""
    require(by, "shadow.accept")
    found = comparison(db, by, public_id)
    chosen = [each for each in found.lines if each.cause == cause and line in (None, each.line_no)]
    if cause == Cause.UNREADABLE:
        raise BadInput("a row that cannot be read is mended in the export, not accepted", field="cause", code="unreadable")
    if not chosen:
        raise NotFound("this comparison has no such difference within your sight", code="no_difference", field="line")
    if line is None:
        if by.scope.reach is not Reach.ALL:
            raise Forbidden("a cause is accepted for all loans only by one who sees all loans", code="out_of_sight", field="line")
        if cause in UNEXPLAINED:
            raise BadInput("what has no proved cause is accepted loan by loan; choose a line", field="line", code="unexplained")
    elif chosen[0].loan is not None:
        in_sight(db, chosen[0].loan, by.scope)
    return found.run, chosen, "" if line is None else chosen[0].identity


def _words(reason: str) -> str:
    words = reason.strip()
    if not 2 <= len(words) <= _LONGEST_REASON or "\x00" in words:
        raise BadInput(f"reason: say why in 2 to {_LONGEST_REASON} characters", field="reason")
    return words


def pick(found: Compared, *, cause: str = "", only_open: bool = False) -> Iterable[Line]:
    """The lines of a run with this cause, and, if asked, only those that nobody has accepted."""
    return (line for line in (found.open if only_open else found.lines) if cause in ("", line.cause))
