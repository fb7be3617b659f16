"""The rule by which an event changes a loan: state, duties, postings and the record that proves it.

Pure: values in, values out. The single receipt, the bank file, the night and the tape all pass here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any

from holdfast.duties import Moment, rearrange, state_after
from holdfast.journal import EMPTY_HEAD, Actor, draw
from holdfast.kernel.errors import Fault
from holdfast.kernel.money import Money
from holdfast.life import MOVES, LoanState
from holdfast.servicing.books import accruing, money_account, moves, postings, standing
from holdfast.servicing.duties import (
    Cursors,
    Plan,
    follow_ups,
    recoveries,
    reminders,
    unpaid_of,
    until,
    wanted,
)
from holdfast.servicing.fold import Event, State, Totals, fold, step
from holdfast.servicing.held import Change, Held, Paid

RECORD_KINDS = {
    "disbursed": "loan.disbursed",
    "taken_over": "loan.taken_over",
    "receipt": "receipt.posted",
    "instalment_due": "instalment.due",
    "reversal": "receipt.reversed",
    "written_off": "loan.written_off",
    "refund": "refund.noted",
    "waived": "loan.waived",
    "charge": "loan.charged",
    "waived_part": "loan.part_waived",
    "goodwill": "loan.goodwill",
    "forgiven": "loan.forgiven",
    "paused": "loan.paused",
    "resumed": "loan.resumed",
    "deferred": "loan.deferred",
    "rearranged": "loan.rearranged",
}


# The notes by which a loan becomes impaired, and ceases to be.
_OF_DOUBT = frozenset({"interest.suspended", "interest.resumed"})


# All that may change of an instalment.
_parts = attrgetter(
    "principal", "interest", "fee", "penalty", "principal_paid", "interest_paid", "fee_paid", "penalty_paid", "due_on", "paid_on",
    "late_base",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Act:
    """When a verb acts and for whom: the business date, the instant, the actor and the lender's zone."""

    today: date
    now: datetime
    by: Actor
    zone: str
    closed_through: date | None = None

    @property
    def booked_on(self) -> date:
        """The day of the entries: today, or the first day that is open if today's month is closed already."""
        return self.today if self.closed_through is None else max(self.today, self.closed_through + timedelta(days=1))


def change(
    held: Held,
    when: Act,
    plan: Plan,
    events: Sequence[Event] = (),
    *,
    history: Sequence[Event] | None = None,
    note: tuple[str, Mapping[str, Any]] | None = None,
    seals: Mapping[str, str] | None = None,
    done: frozenset[str] = frozenset(),
    arrears_from: date | None = None,
) -> Change:
    """Apply `events` in order, or a `note` (record kind and facts) without an event, to the loan.

    `history` holds all earlier events; it is needed when an event is a reversal or dated before the last
    one, for then the fold is replayed. `done` names the kinds of duty that the act fulfils, `seals` digests of what the note rests on.
    `arrears_from`: instalments due before it count as overdue; the night passes tomorrow.
    """
    loan, account = held.loan, held.account
    # Any other note leaves the money as it is, and the morning after a night is a note for each loan.
    moves_money = bool(events) or (note is not None and note[0] in _OF_DOUBT)
    before = _before(held) if moves_money else None
    was_unpaid = unpaid_of(held.state)
    was_paid_off, was_written_off = held.state.paid_off_on, held.state.written_off_on

    state = held.state
    last_on = account.last_event_on
    for event in events:
        if event.kind == "reversal" or event.on < last_on:
            assert history is not None, "a backdated event needs the loan's history"
            state = fold(state.terms, [*history, *events[: events.index(event) + 1]])
        else:
            state = step(state, event)
        last_on = max(last_on, event.on)

    unpaid = unpaid_of(state) if events else was_unpaid
    loan_state = _loan_state(loan.state, state, events)
    begins_release = loan_state is LoanState.RELEASING and loan.state is not LoanState.RELEASING
    seq = loan.head.seq + max(len(events), 1)
    # What leaves the money as it is ends no duty's reason.
    reversed_now = any(event.kind == "reversal" and event.payload.get("of") not in ("paused", "resumed") for event in events)

    def wants(cursors: Cursors) -> dict[str, Moment]:
        return wanted(
            loan_state, state, unpaid, held.standing, plan, cursors,
            collateral=held.collateral, on=when.today, arrears_from=arrears_from or when.today,
            begins_release=begins_release, done=done,
        )  # fmt: skip

    would = wants(account.cursors)
    cursors, passed = _advance(held, plan, was_unpaid, was_written_off, would, when.today, done, reversed_now)
    if cursors != account.cursors:
        would = wants(cursors)
    arrangement = rearrange(
        held.standing, would, passed, loan_id=loan.loan_id, last_no=loan.last_duty_no, seq=seq, on=when.today, zone=when.zone
    )
    loan_state = state_after(loan_state, arrangement.next)
    if loan.head != EMPTY_HEAD and loan_state is not loan.state and (loan.state, loan_state) not in MOVES:
        raise Fault(f"loan {loan.public_id} is {loan.state}; nothing may make it {loan_state}", code="loan_move")

    result = Change(
        held, list(events), duties=arrangement, born=account.last_event_no == 0, loan_born=loan.head == EMPTY_HEAD, was=loan.state
    )
    head = loan.head
    drafts: list[tuple[str, dict[str, Any]]] = [(record_kind(event), _says(event, loan.currency)) for event in events]
    if note is not None:
        drafts.append((note[0], dict(note[1])))
    for number, (kind, says) in enumerate(drafts, 1):
        if number == len(drafts):
            says |= {"duties": arrangement.numbers, "state": loan_state.value, "principal_out": state.principal_out}
            if state.paid_off_on != was_paid_off and state.paid_off_on is not None:
                says["paid_off_on"] = state.paid_off_on.isoformat()
        record, head = draw(
            head, loan_id=loan.loan_id, chain=loan.public_id, kind=kind, on=when.today, at=when.now,
            by=when.by, says=says, seals=seals or {}, pack=loan.pack_version,
        )  # fmt: skip
        result.records.append(record)
        if number <= len(events):
            result.event_records.append(record.seq)

    if before is not None:
        result.lines = postings(before.totals, state.totals, money_account(events, history))
        _tell_instalments(result, before, state)
        _move_lines(result, before, state, _non_accrual(account.non_accrual_since, state, note, when.today))

    loan.state, loan.principal_out, loan.head, loan.last_duty_no = loan_state, state.principal_out, head, arrangement.last_no
    following = arrangement.next
    loan.duty_no, loan.next_action_at = (following.duty_no, following.due_at) if following else (None, None)
    held.standing = list(arrangement.still_open)
    held.state = state
    account.last_event_no += len(events)
    account.last_event_on, account.cursors = last_on, cursors
    account.next_event_on = next_event_on(held)
    return result


@dataclass(frozen=True, slots=True)
class _Before:
    """A loan's money before an act: its totals, its instalments, and what stood of what it accrues."""

    totals: Totals
    instalments: Mapping[int, tuple[Any, ...]]
    stood: int


def _before(held: Held) -> _Before:
    born = held.account.last_event_no == 0
    return _Before(
        held.state.totals.copy(),
        {} if born else {row.n: _parts(row) for row in held.state.instalments},
        standing(held.state, held.account.accrued, held.lender.accrued_through),
    )


def _tell_instalments(result: Change, before: _Before, state: State) -> None:
    """Name the instalments that are new, changed or gone, and how the act's money fell on them."""
    was_paid = before.instalments
    for row in state.instalments:
        parts = _parts(row)
        if was_paid.get(row.n) != parts:
            result.instalments.append(row)
            was = was_paid.get(row.n, (0,) * 8)
            moved: Paid = (parts[4] - was[4], parts[5] - was[5], parts[6] - was[6], parts[7] - was[7])
            if any(moved):
                result.allocations.append((row.n, moved))
    if not result.born:
        numbers = {row.n for row in state.instalments}
        result.added = frozenset(numbers - was_paid.keys())
        result.removed = sorted(was_paid.keys() - numbers)
        for n in result.removed:
            gone: Paid = (-was_paid[n][4], -was_paid[n][5], -was_paid[n][6], -was_paid[n][7])
            if any(gone):
                result.allocations.append((n, gone))


def _move_lines(result: Change, before: _Before, state: State, non_accrual_since: date | None) -> None:
    """Say by how much the act moved the lines of what accrues, and keep the loan's own."""
    account, through = result.held.account, result.held.lender.accrued_through
    accrued = accruing(state) if result.events else account.accrued
    result.moves = moves(
        before.totals, state.totals, accrued=(account.accrued, accrued), stood=(before.stood, standing(state, accrued, through)),
        non_accrual=(account.non_accrual_since, non_accrual_since),
    )  # fmt: skip
    account.accrued, account.non_accrual_since = accrued, non_accrual_since


def next_event_on(held: Held) -> date | None:
    """The night that must next touch the loan: an instalment falls due, or tomorrow is a reminder's day."""
    if held.loan.state is not LoanState.ACTIVE:
        return None
    reminder = next((duty.due_on for duty in held.standing if duty.kind == "reminder"), None)
    eve = reminder - timedelta(days=1) if reminder is not None and reminder > held.account.promised_for else None
    return min((day for day in (first_unbilled(held.state), eve) if day is not None), default=None)


def first_unbilled(state: State) -> date | None:
    """The due date of the first instalment that no night has billed."""
    return next((row.due_on for row in state.instalments if row.due_on > state.through), None)


def _loan_state(was: LoanState, state: State, events: Sequence[Event]) -> LoanState:
    if not events:
        return was
    if state.paid_off_on is not None:
        # What was taken over already paid asks for nothing more.
        return LoanState.SETTLED if events[-1].kind == "taken_over" else LoanState.RELEASING
    if state.written_off_on is not None:
        return LoanState.WRITTEN_OFF
    return LoanState.ACTIVE


def _non_accrual(since: date | None, state: State, note: tuple[str, Mapping[str, Any]] | None, today: date) -> date | None:
    """Since when the loan is impaired: the night says when that begins and ends; a loan that is paid off owes nothing to doubt."""
    if state.paid_off_on is not None or (note is not None and note[0] == "interest.resumed"):
        return None
    return today if note is not None and note[0] == "interest.suspended" else since


def _advance(
    held: Held,
    plan: Plan,
    was_unpaid: Sequence[tuple[int, date]],
    was_written_off: date | None,
    would: Mapping[str, Moment],
    today: date,
    done: frozenset[str],
    reversed_now: bool,
) -> tuple[Cursors, list[Moment]]:
    """Move the cursors past what this act ends, and name the moments that went by on the way.

    A note fulfils its kind through today. An event that ends the reason for a standing duty ends it
    through yesterday, since until then the money was owed. What is neither fulfilled nor ended stands.
    """
    old = held.account.cursors
    standing = {duty.kind: duty for duty in held.standing}

    def through(kind: str, so_far: date) -> date:
        if kind in done:
            return max(so_far, today)
        duty = standing.get(kind)
        moment = would.get(kind)
        ended = duty is not None and (moment is None or (moment.about, moment.due_on) != (duty.about, duty.due_on))
        return max(so_far, today - timedelta(days=1)) if ended or reversed_now else so_far

    reminded = through("reminder", old.reminded_through)
    passed: list[Moment] = []
    if held.loan.state is LoanState.WRITTEN_OFF and was_written_off is not None:
        followed = through("recovery", old.followed_through)
        passed += until(recoveries(was_written_off, plan, after=old.followed_through), followed)
    else:
        followed = through("follow_up", old.followed_through)
        if held.loan.state is LoanState.ACTIVE and was_unpaid:
            if reminded > old.reminded_through:
                passed += reminders(was_unpaid, plan, after=old.reminded_through, through=reminded)
            if followed > old.followed_through:
                passed += until(follow_ups(was_unpaid[0][1], plan, after=old.followed_through), followed)
    return Cursors(reminded, followed), passed


def record_kind(event: Event) -> str:
    """What tells of an event; taking back anything but a receipt is named after what is taken back."""
    of = event.payload.get("of", "receipt") if event.kind == "reversal" else "receipt"
    return RECORD_KINDS[event.kind] if of == "receipt" else f"{RECORD_KINDS[of]}.reversed"


def _says(event: Event, currency: str) -> dict[str, Any]:
    facts = dict(event.payload)
    for key in ("amount", "balance", "principal_written_off", "penalty", "fee", "interest"):
        if key in facts:
            facts[key] = Money(facts[key], currency).as_json()
    return {"event": event.event_no, "on": event.on.isoformat(), **facts}
