"""When a duty is due, how far its time has run, and how one set of open duties becomes the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from holdfast.duties.model import Duty, Moment
from holdfast.kernel.clock import instant_on
from holdfast.life import DUTIES, LoanState

ESCALATES_AT: Final = (50, 80, 100)


def times(moment: Moment, zone: str, opened_on: date) -> tuple[datetime, datetime]:
    """When work on it may begin and when it is due: instants in UTC.

    What is asked for over days (a return, a report) may begin on the day it was opened, or so many days before its own
    as its kind says.
    """
    kind = DUTIES[moment.kind]
    begins, ends = kind.hours
    spans_days = kind.chained or moment.kind in ("settlement_certificate", "return_collateral", "credit_update", "refund")
    first = min(opened_on, moment.due_on) if spans_days else moment.due_on
    if kind.days_before is not None:
        first = max(first, moment.due_on - timedelta(days=kind.days_before))
    return instant_on(first, begins, zone), instant_on(moment.due_on, ends, zone)


def escalation(window_from: datetime, due_at: datetime, now: datetime) -> tuple[int, int]:
    """Percent of the allowed time that is used (0 to 100) and the last mark passed (0, 50, 80 or 100)."""
    allowed = (due_at - window_from).total_seconds()
    used = (now - window_from).total_seconds()
    percent = 100 if used >= allowed else max(0, int(100 * used / allowed))
    return percent, max((mark for mark in ESCALATES_AT if percent >= mark), default=0)


def state_after(state: LoanState, following: Duty | None) -> LoanState:
    """A loan that is being released is settled when its last duty is done; any other stays where it is."""
    return LoanState.SETTLED if state is LoanState.RELEASING and following is None else state


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How a verb changes a loan's duties: rows closed by its record, rows written, and what the loan points at now."""

    closed: tuple[Duty, ...]
    written: tuple[Duty, ...]
    still_open: tuple[Duty, ...]
    last_no: int

    @property
    def numbers(self) -> list[int]:
        """The duties that the verb's record proves; it names them all."""
        return sorted([duty.duty_no for duty in self.closed] + [duty.duty_no for duty in self.written if not duty.open])

    @property
    def next(self) -> Duty | None:
        """The earliest open duty, which the loan points at."""
        return min(self.still_open, key=lambda duty: (duty.due_at, duty.duty_no), default=None)


def rearrange(
    standing: Sequence[Duty],
    wanted: Mapping[str, Moment],
    passed: Sequence[Moment],
    *,
    loan_id: int,
    last_no: int,
    seq: int,
    on: date,
    zone: str,
) -> Arrangement:
    """Turn the open duties `standing` into the open duties `wanted` (one a kind), by the record number `seq`.

    A standing duty that is still wanted as it is stays. Any other is closed by the record. Each moment
    of `passed` that no row stands for is written as a row closed by the same record, so that every
    moment has its row.
    """
    closed: list[Duty] = []
    kept: list[Duty] = []
    for duty in standing:
        moment = wanted.get(duty.kind)
        if moment is not None and (moment.about, moment.due_on) == (duty.about, duty.due_on):
            kept.append(duty)
        else:
            closed.append(_closed(duty, seq, on))
    standing_abouts = {(duty.kind, duty.about) for duty in standing}
    written: list[Duty] = []
    for moment in sorted(passed):
        if (moment.kind, moment.about) not in standing_abouts:
            last_no += 1
            # Opened by the record before, for no row may be proved by the record that opens it.
            written.append(_closed(_row(loan_id, last_no, moment, seq - 1, on, zone), seq, on))
    kept_kinds = {duty.kind for duty in kept}
    for kind, moment in sorted(wanted.items()):
        if kind not in kept_kinds:
            last_no += 1
            row = _row(loan_id, last_no, moment, seq, on, zone)
            written.append(row)
            kept.append(row)
    return Arrangement(tuple(closed), tuple(written), tuple(kept), last_no)


def _row(loan_id: int, duty_no: int, moment: Moment, opened_seq: int, on: date, zone: str) -> Duty:
    window_from, due_at = times(moment, zone, on)
    role = DUTIES[moment.kind].role
    return Duty(loan_id, duty_no, moment.kind, moment.about, moment.due_on, due_at, window_from, role, opened_seq)


def _closed(duty: Duty, seq: int, on: date) -> Duty:
    return Duty(
        duty.loan_id, duty.duty_no, duty.kind, duty.about, duty.due_on, duty.due_at, duty.window_from,
        duty.role, duty.opened_seq, seq, on, duty.owner_id, duty.attempts,
    )  # fmt: skip
