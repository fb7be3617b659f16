"""The audit: was everything done that should have been, and does something prove it?

What should exist is handed in by each stage, computed from first principles and never from duty rows. This
module lays it beside the rows and their proofs and names every difference. It promises that a duty
that was deleted, moved, closed too early, or given a proof that is not its own does not pass unnamed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

import psycopg

from holdfast.duties.audit_store import DutyRow, LoanRow, chunks, duties_between, loans_between
from holdfast.kernel.clock import iso_instant
from holdfast.life import DUTIES, LIVE, LoanState

# A record of these kinds ends the reason for a duty, so it may close one before its day has come.
REPLANNED: Final = "reminder.replanned"
_ENDS_THE_REASON: Final = frozenset(
    {
        "receipt.posted", "receipt.reversed", "loan.written_off",
        "loan.deferred", "loan.deferred.reversed", "loan.rearranged", "loan.rearranged.reversed", "loan.waived", "loan.waived.reversed",
        "loan.goodwill", "loan.goodwill.reversed", "loan.forgiven", "loan.forgiven.reversed",
        "loan.part_waived",
        "loan.part_waived.reversed", "loan.charged", "loan.charged.reversed", "loan.written_off.reversed", "reminder.replanned",
        "review.brought_forward", "review.needless", "release.opened",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expected:
    """One moment that terms, events, pack and calendar call for.

    `from_on` is the first day on which its proof may be recorded. A moment that is not `demanded` may have a row but
    need not: what became owed only on the day itself, or what falls due only if nobody pays.
    """

    kind: str
    about: str
    due_on: date
    due_at: datetime
    from_on: date
    demanded: bool = True


@dataclass(frozen=True, slots=True)
class Expectation:
    """All that should exist of one loan: its moments of each kind in order, up to the first after the audit's date.

    `owed` says that the loan still has a balance to be paid or recovered, so that it must be live.
    """

    owed: bool
    moments: Sequence[Expected]


# Given the chain ids `after` (excluded) and `upto` (included) and the audit's date, the expectation of each loan between them.
Provider = Callable[[psycopg.Connection[Any], int, int, date], Mapping[int, Expectation]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and why, in words a clerk can act on."""

    loan: str
    kind: str
    due_at: datetime | None
    why: str

    def as_json(self) -> dict[str, str | None]:
        return {"loan": self.loan, "kind": self.kind, "due_at": iso_instant(self.due_at) if self.due_at else None, "why": self.why}


@dataclass(slots=True)
class Audit:
    """The outcome. `expected` counts the moments that had to be there; nothing is missed if all three lists are empty."""

    as_of: date
    loans: int = 0
    expected: int = 0
    missing: list[Finding] = field(default_factory=list)
    late: list[Finding] = field(default_factory=list)
    unproved: list[Finding] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.missing or self.late or self.unproved)

    def as_json(self) -> dict[str, Any]:
        """The form of `duties audit --json`."""
        lists = {name: [finding.as_json() for finding in getattr(self, name)] for name in ("missing", "late", "unproved")}
        return {"as_of": self.as_of.isoformat(), "loans": self.loans, "expected": self.expected, **lists}


def examine(db: psycopg.Connection[Any], as_of: date, providers: Sequence[Provider]) -> Audit:
    """Audit every loan of the book as of a business date.

    Call it in one snapshot (`REPEATABLE READ`), so that rows and events are of the same moment.
    """
    outcome = Audit(as_of)
    for after, upto in chunks(db):
        expectations: dict[int, Expectation] = {}
        for provider in providers:
            for loan_id, expected in provider(db, after, upto, as_of).items():
                expectations[loan_id] = _both(expectations.get(loan_id), expected)
        loans = {loan.loan_id: loan for loan in loans_between(db, after, upto)}
        rows = {loan_id: list(group) for loan_id, group in groupby(duties_between(db, after, upto), key=attrgetter("loan_id"))}
        for loan_id in sorted(expectations.keys() | loans.keys() | rows.keys()):
            judge(outcome, loan_id, loans.get(loan_id), expectations.get(loan_id), rows.get(loan_id, []))
    return outcome


def _both(one: Expectation | None, other: Expectation) -> Expectation:
    """What two stages expect of the same loan; a kind of duty belongs to one of them."""
    return other if one is None else Expectation(one.owed or other.owed, [*one.moments, *other.moments])


def judge(outcome: Audit, loan_id: int, loan: LoanRow | None, expectation: Expectation | None, rows: Sequence[DutyRow]) -> None:
    """Lay one loan's rows beside what should exist, and add what is wrong to `outcome`."""
    outcome.loans += 1
    _Hearing(outcome, loan_id, loan, expectation, rows).judge()


def fault_of(row: DutyRow, chain: str | None) -> str:
    """Why the proof of a closed row is none; empty if it is one. `chain` is the loan's public id, None if its ground row is gone."""
    proof, kind = row.proof, DUTIES.get(row.kind)
    if kind is None:
        return f"{row.kind!r} is no kind of duty"
    if row.opened_on is None:
        return f"record {row.opened_seq} that is said to have opened it is not in the loan's chain"
    if proof is None:
        return f"record {row.proof_seq} that is said to prove it is not in the loan's chain, or cannot be read"
    if (chain is not None and proof.chain != chain) or proof.seq != row.proof_seq:
        return f"record {row.proof_seq} belongs to {proof.chain} at {proof.seq}"
    if row.proof_seq <= row.opened_seq:
        return f"record {row.proof_seq} is not later than record {row.opened_seq} that opened it"
    if proof.kind not in kind.proofs:
        return f"record {row.proof_seq} is {proof.kind}, which cannot prove a {row.kind}"
    if row.duty_no not in proof.duties:
        return f"record {row.proof_seq} does not name duty {row.duty_no}"
    if proof.on < row.opened_on:
        return f"record {row.proof_seq} is of {proof.on}, before the duty was opened on {row.opened_on}"
    if proof.kind not in _ENDS_THE_REASON and proof.on < row.window_on:
        return f"record {row.proof_seq} is of {proof.on}, before work on it could begin on {row.window_on}"
    if row.closed_on != proof.on:
        return f"it is said to be closed on {row.closed_on}, but record {row.proof_seq} is of {proof.on}"
    return ""


class _Hearing:
    """One loan before the auditor."""

    def __init__(
        self, outcome: Audit, loan_id: int, loan: LoanRow | None, expectation: Expectation | None, rows: Sequence[DutyRow]
    ) -> None:
        self.outcome = outcome
        self.as_of = outcome.as_of
        self.loan = loan
        self.name = loan.public_id if loan else f"chain {loan_id}"
        self.expectation = expectation
        self.rows = rows
        self.faults = {row.duty_no: fault_of(row, loan.public_id if loan else None) for row in rows if not row.open}
        self.unfulfilled = False

    def judge(self) -> None:
        self._moments()
        self._proofs()
        self._open_rows()
        self._pointer()

    # -- what should exist -----------------------------------------------------------------------

    def _moments(self) -> None:
        moments = self.expectation.moments if self.expectation else ()
        for _, run in groupby(moments, key=attrgetter("kind")):
            self._run(list(run))

    def _run(self, moments: Iterable[Expected]) -> None:
        """One kind's moments in order. Only the earliest that is not done is an open row; what follows waits for it."""
        waiting_behind: DutyRow | None = None
        for moment in moments:
            past = moment.due_on < self.as_of
            rows = [row for row in self.rows if (row.kind, row.about) == (moment.kind, moment.about)]
            exact = [row for row in rows if row.due_at == moment.due_at and row.due_on == moment.due_on]
            self.outcome.expected += moment.demanded
            # What a receipt closed and its reversal of the same day opened again stands, whatever was proved before.
            standing = next((row for row in exact if row.open), None)
            if standing is None and any(
                not row.open and not self.faults[row.duty_no] and self._proved_in_time(row, moment) for row in exact
            ):
                continue
            self.unfulfilled |= moment.demanded
            if standing is not None:
                if not past:
                    return
                self._late(moment.kind, moment.due_at, f"{moment.about}: duty {standing.duty_no} is still open")
                waiting_behind = waiting_behind or standing
            elif not moment.demanded and any(row.proof is not None and row.proof.kind == REPLANNED for row in exact):
                continue  # another plan begins before its day, and the loan stands by that one already
            elif any(not row.open for row in exact):
                for row in exact:
                    if not row.open and not self.faults[row.duty_no]:
                        self._unproved(row, "its proof was recorded before the day on which it could be done")
            elif not moment.demanded:
                continue
            elif past and waiting_behind is not None:
                self._late(moment.kind, moment.due_at, f"{moment.about}: not begun, for duty {waiting_behind.duty_no} is still open")
            elif waiting_behind is not None:
                return
            else:
                self._missing(moment.kind, moment.due_at, f"{moment.about}: {_where(rows)}")
            if not past:
                return

    def _proved_in_time(self, row: DutyRow, moment: Expected) -> bool:
        return row.proof is not None and row.proof.on >= moment.from_on

    # -- what closed each row --------------------------------------------------------------------

    def _proofs(self) -> None:
        for row in self.rows:
            why = self.faults.get(row.duty_no)
            if why:
                self._unproved(row, why)

    # -- what stands open ------------------------------------------------------------------------

    def _open_rows(self) -> None:
        """An open row is either called for, or late, or asked for by nothing."""
        if self.expectation is None:
            return
        called = {(moment.kind, moment.about, moment.due_at) for moment in self.expectation.moments}
        for row in self.rows:
            if not row.open or (row.kind, row.about, row.due_at) in called:
                continue
            if row.due_on < self.as_of:
                self._late(row.kind, row.due_at, f"{row.about}: duty {row.duty_no} is still open")
            elif row.opened_on is None or row.opened_on <= self.as_of:
                self._unproved(row, "it is open, but nothing in terms and events asks for it then")

    def _pointer(self) -> None:
        """The loan must be live while anything is owed or undone, and point at its earliest open duty."""
        standing = sorted((row for row in self.rows if row.open), key=lambda row: (row.due_at, row.duty_no))
        owed = self.expectation is not None and (self.expectation.owed or self.unfulfilled)
        if self.loan is None:
            if owed:
                self._missing("", None, "money is owed or a duty is undone, but the loan's row is gone")
            return
        live = LoanState(self.loan.state) in LIVE
        if owed and not live:
            self._missing("", None, f"the loan is marked {self.loan.state}, but money is owed or a duty is undone")
        if live and self.expectation is None:
            self._missing("", None, "the loan is live, but has no terms and events to tell what should be done")
        if not standing:
            if live:
                self._missing("", self.loan.next_action_at, "the loan is live and has no open duty")
            return
        first = standing[0]
        same_time = [row.duty_no for row in standing if row.due_at == first.due_at]
        if self.loan.duty_no not in same_time or self.loan.next_action_at != first.due_at:
            at = iso_instant(self.loan.next_action_at) if self.loan.next_action_at else "no time"
            why = f"the loan points at duty {self.loan.duty_no} at {at}, not at its earliest open duty {first.duty_no}"
            self._missing(first.kind, first.due_at, f"{first.about}: {why}")

    # -- findings --------------------------------------------------------------------------------

    def _missing(self, kind: str, due_at: datetime | None, why: str) -> None:
        self.outcome.missing.append(Finding(self.name, kind, due_at, why))

    def _late(self, kind: str, due_at: datetime, why: str) -> None:
        self.outcome.late.append(Finding(self.name, kind, due_at, why))

    def _unproved(self, row: DutyRow, why: str) -> None:
        self.outcome.unproved.append(Finding(self.name, row.kind, row.due_at, f"{row.about}: duty {row.duty_no}: {why}"))


def _where(rows: Sequence[DutyRow]) -> str:
    """Where the row of a moment has gone."""
    if not rows:
        return "there is no such duty"
    return "; ".join(f"duty {row.duty_no} is for {iso_instant(row.due_at)} instead" for row in rows)
