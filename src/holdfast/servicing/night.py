"""The night: what the end of a business day does to the book.

It touches only the loans whose `next_event_on` has come: instalments that fell due have their interest
earned, arrears that begin have their follow-up opened, and tomorrow's reminders are promised to the
outbox. Every loan passes through the same `rules.change` as a single receipt does. The dry run decides
the same and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any, Final

import psycopg

from holdfast.contact import Dispatched, Promise, promise_batch
from holdfast.duties import Duty, times
from holdfast.duties.model import Moment
from holdfast.journal import SYSTEM, Record, append_batch
from holdfast.kernel.clock import Clock, FixedClock, instant_on
from holdfast.kernel.money import Money
from holdfast.ledger import post_accrual
from holdfast.life import DUTIES, LoanState
from holdfast.policy import Lender, lender, pack_in_force
from holdfast.servicing import store, writing
from holdfast.servicing.arrears import CLASSES, days_past_due
from holdfast.servicing.fold import Event
from holdfast.servicing.held import Change, Held
from holdfast.servicing.impairment import candidates, doubt_of
from holdfast.servicing.recalculation import standing
from holdfast.servicing.rules import Act, change, next_event_on
from holdfast.servicing.service import Plans, save

Db = psycopg.Connection[Any]
_CHUNK: Final = 10_000


@dataclass(slots=True)
class NightLine:
    """One thing that the night does, and the rule that asks for it."""

    loan: str
    kind: str  # message, entry, duty, class
    about: str
    what: dict[str, Any]
    rule: str

    def as_json(self) -> dict[str, Any]:
        return {"loan": self.loan, "kind": self.kind, "about": self.about, "what": self.what, "rule": self.rule}


@dataclass(slots=True)
class Night:
    """What a night did, or would do: counts, and in a dry run each line."""

    on: date
    loans: int = 0
    entries: int = 0
    messages: int = 0
    duties: int = 0
    classes: int = 0
    lines: list[NightLine] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        counts = {name: getattr(self, name) for name in ("loans", "entries", "messages", "duties", "classes")}
        return {"date": self.on.isoformat(), **counts}


def due_loans(db: Db, on: date) -> list[int]:
    """The loans that the night of `on` must touch, in their order."""
    return [row[0] for row in db.execute("SELECT loan_id FROM account WHERE next_event_on <= %s ORDER BY loan_id", [on]).fetchall()]


def run_night(db: Db, *, clock: Clock, on: date, dry_run: bool = False, most: int | None = None) -> Night:
    """Close the business day `on`. Running it again does nothing more: what it did moved each loan's next event on.

    A dry run may look at no more than `most` loans: a screen shows the first ones of a very large night.
    """
    known = lender(db)
    night = Night(on)
    _classes(db, night, known, on, keep_lines=dry_run)
    plans = Plans(db, known)
    act = Act(on, clock.now(), SYSTEM, known.zone, known.closed_through)
    ids = due_loans(db, on)[: most if dry_run else None]
    for start in range(0, len(ids), _CHUNK):
        _close_day(db, ids[start : start + _CHUNK], night, plans, act, dry_run)
    if not dry_run:
        _move_impaired(db, known, plans, act)
        post_accrual(db, on=on, at=act.now, booked_on=act.booked_on)
    return night


def _move_impaired(db: Db, known: Lender, plans: Plans, act: Act) -> None:
    """Keep the interest of loans that have become impaired off income from tonight, and count that of recovered ones as income again."""
    pack = pack_in_force(db, FixedClock(instant_on(act.today, time(12), known.zone), known.zone))
    doubt = doubt_of(pack, known, act.today)
    if doubt is None:
        return
    for ids, begins in zip(candidates(db, doubt, act.today), (True, False), strict=True):
        for start in range(0, len(ids), _CHUNK):
            loans = [held for held in store.load(db, ids[start : start + _CHUNK]) if doubt.impaired(held, act.today) is begins]
            kind = "interest.suspended" if begins else "interest.resumed"
            changes = [change(held, act, plans.of(held), note=(kind, {"class": doubt.class_of(held, act.today)})) for held in loans]
            if changes:
                _save(db, changes, act, label=f"{kind} {act.today}")


# How the chain tells of a message. One that did not arrive proves nothing until a person has it.
_RECORD_OF: Final = {"sent": "contact.sent", "delivered": "contact.sent", "handed_over": "contact.handed_over"}


def record_contacts(db: Db, dispatched: Sequence[Dispatched], *, clock: Clock) -> int:
    """Tell of the messages that were sent, or that a rule or a person refused for good, and close the duties they prove; returns how many.

    One that failed, or whose time ran out in our hands, proves nothing: its duty stays open for a person.
    """
    known = lender(db)
    plans = Plans(db, known)
    act = Act(clock.today(), clock.now(), SYSTEM, known.zone, known.closed_through)
    waiting = [each for each in dispatched if each.duty_no is not None and _proves(each)]
    recorded = 0
    while waiting:
        # One message of a loan at a time: each record stands on the one before it.
        by_loan = {each.loan_id: each for each in reversed(waiting)}
        waiting = [each for each in waiting if by_loan[each.loan_id] is not each]
        changes = []
        for held in store.load(db, list(by_loan)):
            sent = by_loan[held.loan.loan_id]
            duty = next((each for each in held.standing if each.duty_no == sent.duty_no), None)
            if duty is None:
                continue  # paid in the meantime: the receipt has closed it
            kind = _RECORD_OF.get(sent.outcome, "contact.refused")
            facts = {"message": sent.message_no, "outcome": sent.outcome, "rule": sent.rule, "kind": duty.kind, "about": duty.about}
            # Arrears are followed up by a person; the message that went out beforehand is told, and proves nothing of it.
            done = frozenset({duty.kind}) if kind in DUTIES[duty.kind].proofs else frozenset()
            changes.append(change(held, act, plans.of(held), note=(kind, facts), done=done))
        if changes:
            _save(db, changes, act, label=f"contacts {act.today}")
        recorded += len(changes)
    return recorded


def _proves(sent: Dispatched) -> bool:
    return sent.outcome in ("sent", "delivered", "refused", "handed_over") or sent.rule == "tonight.hold"


def _close_day(db: Db, ids: Sequence[int], night: Night, plans: Plans, act: Act, dry_run: bool) -> None:
    tomorrow = act.today + timedelta(days=1)
    moved: list[Change] = []
    promises: list[Promise] = []
    promised: list[tuple[int, date, date | None]] = []
    loans = [(held, list(_falling_due(held, act.today))) for held in store.load(db, ids, lock=not dry_run)]
    # A pay-off that was reversed leaves instalments to bill whose day lies before what has happened since.
    replayed = [held.loan.loan_id for held, events in loans if events and events[0].on < held.account.last_event_on]
    told = store.history(db, replayed)
    for held, events in loans:
        if events:
            moved.append(change(held, act, plans.of(held), events, history=told.get(held.loan.loan_id), arrears_from=tomorrow))
            _tell_entries(night, moved[-1], dry_run)
            first = _first_follow_up(moved[-1], tomorrow)
            if first is not None:
                promises.append(_told_late(held, first, act))
                night.messages += 1
                if dry_run:
                    facts = {"send_on": first.due_on.isoformat(), "template": "overdue", **promises[-1].params}
                    night.lines.append(NightLine(held.loan.public_id, "message", first.about, facts, "followup.days_past_due"))
        reminder = next((duty for duty in held.standing if duty.kind == "reminder"), None)
        if reminder is not None and held.account.promised_for < reminder.due_on <= tomorrow:
            # One that a person holds is promised too: the dispatcher refuses it in the morning, and that proves the duty.
            promises.append(_promise(held, reminder, act, plans))
            held.account.promised_for = reminder.due_on
            promised.append((held.loan.loan_id, reminder.due_on, next_event_on(held)))
            night.messages += 1
            if dry_run:
                night.lines.append(
                    NightLine(
                        held.loan.public_id,
                        "message",
                        reminder.about,
                        {"send_on": reminder.due_on.isoformat(), "template": "reminder", **promises[-1].params},
                        "reminder.days_before",
                    )
                )
    night.loans += len(ids)
    night.duties += sum(sum(duty.open for duty in each.duties.written) for each in moved)
    if dry_run:
        return
    if moved:
        _save(db, moved, act, label=f"night {act.today}")
    if promises:
        promise_batch(db, promises)
        writing.promise(db, promised)


def _falling_due(held: Held, on: date) -> Iterator[Event]:
    if held.loan.state is not LoanState.ACTIVE:
        return
    number = held.account.last_event_no
    for row in held.state.instalments:
        if held.state.through < row.due_on <= on:
            number += 1
            yield Event(number, "instalment_due", row.due_on, on, {"n": row.n})


def _promise(held: Held, duty: Duty, act: Act, plans: Plans) -> Promise:
    send_from, send_until = times(Moment(duty.due_on, "reminder", duty.about), act.zone, act.today)
    number = int(duty.about[1:].split(" ", 1)[0])
    row = next(each for each in held.state.instalments if each.n == number)
    return Promise(
        loan_id=held.loan.loan_id,
        duty_no=duty.duty_no,
        party_id=held.loan.party_id,
        purpose="reminder",
        channel="sms",
        template="reminder",
        params={
            "contract": held.loan.contract_no[-4:],
            "n": row.n,
            "amount": Money(row.unpaid, held.loan.currency).as_json(),
            "due_on": row.due_on.isoformat(),
        },
        on_date=duty.due_on,
        send_from=send_from,
        send_until=send_until,
    )


def _first_follow_up(moved: Change, tomorrow: date) -> Duty | None:
    """The follow-up that arrears beginning tonight ask for tomorrow: on its morning the borrower is told what is missing."""
    return next((duty for duty in moved.duties.written if duty.open and duty.kind == "follow_up" and duty.due_on == tomorrow), None)


def _told_late(held: Held, duty: Duty, act: Act) -> Promise:
    row = next(each for each in held.state.instalments if each.unpaid > 0)
    send_from, send_until = times(Moment(duty.due_on, "reminder", duty.about), act.zone, act.today)
    return Promise(
        loan_id=held.loan.loan_id,
        duty_no=duty.duty_no,
        party_id=held.loan.party_id,
        purpose="collection",
        channel="sms",
        template="overdue",
        params={
            "contract": held.loan.contract_no[-4:],
            "n": row.n,
            "amount": Money(standing(held.state, duty.due_on).unpaid_due(act.today), held.loan.currency).as_json(),
            "days": (duty.due_on - row.due_on).days,
        },
        on_date=duty.due_on,
        send_from=send_from,
        send_until=send_until,
    )


def _tell_entries(night: Night, moved: Change, keep: bool) -> None:
    night.entries += len(moved.lines)
    if not keep:
        return
    loan, currency = moved.held.loan.public_id, moved.held.loan.currency
    about = ", ".join(f"i{event.payload['n']}" for event in moved.events)
    for line in moved.lines:
        facts = {"debit": line.debit.value, "credit": line.credit.value, "amount": Money(line.amount, currency).as_json()}
        night.lines.append(NightLine(loan, "entry", about, facts, "interest is earned when its instalment falls due"))
    for duty in moved.duties.written:
        if duty.open:
            facts = {"kind": duty.kind, "due_on": duty.due_on.isoformat(), "role": duty.role}
            night.lines.append(
                NightLine(loan, "duty", duty.about, facts, "followup.days_past_due" if duty.kind == "follow_up" else "reminder.days_before")
            )


def _classes(db: Db, night: Night, known: Lender, on: date, *, keep_lines: bool) -> None:
    """Which loans stand in another class tomorrow: those whose days past due reach a floor of the pack."""
    floors = pack_in_force(db, FixedClock(instant_on(on, time(12), known.zone), known.zone)).table(
        "classification.floors", on=on, lender_type=known.lender_type
    )
    days = {on + timedelta(days=1) - timedelta(days=floor): name for name, floor in floors.items() if name in CLASSES}
    rows = db.execute(
        """SELECT l.public_id, a.oldest_unpaid_due_on FROM account a JOIN loan l USING (loan_id)
            WHERE a.oldest_unpaid_due_on = ANY(%s) AND a.pauses IS NULL AND l.state = 'active' ORDER BY a.loan_id""",
        [list(days)],
    ).fetchall()
    reached = [(loan, oldest, days[oldest]) for loan, oldest in rows]
    reached += _paused_classes(db, {floor: name for name, floor in floors.items() if name in CLASSES}, on)
    night.classes = len(reached)
    if keep_lines:
        night.lines += [
            NightLine(loan, "class", name, {"from_tomorrow": name, "oldest_unpaid": oldest.isoformat()}, "classification.floors")
            for loan, oldest, name in reached
        ]


def _paused_classes(db: Db, names: Mapping[int, str], on: date) -> list[tuple[str, date, str]]:
    """The same of the few loans whose days late have stood still: one counts on only after its pause."""
    rows = db.execute(
        """SELECT l.public_id, a.oldest_unpaid_due_on, a.pauses FROM account a JOIN loan l USING (loan_id)
            WHERE a.pauses IS NOT NULL AND l.state = 'active' ORDER BY a.loan_id"""
    ).fetchall()
    found = []
    for loan, oldest, text in rows:
        pauses = store.pauses_of(text)
        tomorrow = days_past_due(oldest, on + timedelta(days=1), pauses)
        if tomorrow in names and tomorrow != days_past_due(oldest, on, pauses):
            found.append((loan, oldest, names[tomorrow]))
    return found


def _save(db: Db, changes: Sequence[Change], act: Act, *, label: str) -> Record | None:
    """A handful of loans is written as single verbs are; many are sealed under one batch record."""
    if len(changes) < writing.SET_FROM:
        save(db, changes, source=label, act=act)
        return None
    record = append_batch(db, [record for each in changes for record in each.records], at=act.now, on=act.today, by=act.by, label=label)
    writing.write(db, changes, source=label, at=act.now, today=act.booked_on)
    return record
