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
from holdfast.kernel.batches import batch
from holdfast.kernel.clock import Clock, FixedClock, instant_on
from holdfast.kernel.money import Money
from holdfast.ledger import Folded, Key, Line, entries_of, post_accrual, preview_accrual
from holdfast.life import DUTIES, LoanState
from holdfast.policy import Lender, lender, pack_in_force
from holdfast.servicing import night_store, store, writing
from holdfast.servicing.arrears import CLASSES, days_past_due
from holdfast.servicing.fold import Event
from holdfast.servicing.held import Change, Held
from holdfast.servicing.impairment import candidates, doubt_of
from holdfast.servicing.night_store import Touched, reminds_of
from holdfast.servicing.recalculation import standing
from holdfast.servicing.reminder_plan_model import MACHINE, PERSON, LivePlan, plan_on
from holdfast.servicing.rules import Act, change, first_unbilled
from holdfast.servicing.service import Plans, save

Db = psycopg.Connection[Any]
# So many loans are closed in one transaction, and sealed under one batch record.
PART: Final = 5_000
# By which rule a night enters what no single loan's line is: what its acts move, and what was earned until it.
MOVED: Final = {"accrued": "interest that is billed leaves what has accrued", "suspended": "interest in doubt is kept off income"}
EARNED: Final = {"accrued": "interest is earned day by day", "suspended": "interest in doubt is kept off income"}
COUNTS: Final = ("loans", "entries", "messages", "duties", "classes")


@dataclass(slots=True)
class NightLine:
    """One thing that the night does, and the rule that asks for it. `loan` is empty for an entry of all loans of a product."""

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
        return {"date": self.on.isoformat(), **{name: getattr(self, name) for name in COUNTS}}

    def add(self, counts: Mapping[str, int]) -> None:
        """Count what a part of the night did."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + counts[name])


@dataclass(frozen=True, slots=True)
class Reminded:
    """A loan whose open reminder is promised tonight, and what the instalment that it names still asks for."""

    loan: Touched
    on: date
    falls_due_on: date
    unpaid: int


def run_night(db: Db, *, clock: Clock, on: date, dry_run: bool = False, most: int | None = None, skip: int = 0) -> Night:
    """Close the business day `on` in one transaction. Again it does nothing more: what it did moved each loan's next event on.

    A dry run may look at no more than `most` loans after the first `skip`: a screen shows a very large night page by page.
    """
    if not dry_run:
        night = Night(on)
        for first, last in parts_of(db, on):
            night.add(close_part(db, clock=clock, on=on, first=first, last=last))
        _end(db, night, _evening(db, clock, on))
        return night
    night, evening = Night(on), _evening(db, clock, on, foreseen={})
    ids = night_store.due_loans(db, on)[skip:][:most]
    for start in range(0, len(ids), PART):
        _close_day(db, ids[start : start + PART], night, evening)
    if not skip and (most is None or len(ids) < most):
        _end(db, night, evening)
    else:
        _classes(db, night, evening.known, on, keep_lines=True)  # what a product's loans earn together is known of a whole night only
    return night


def parts_of(db: Db, on: date) -> list[tuple[int, int]]:
    """First and last loan of each part of the night of `on`: parts may be closed by several processes, in any order."""
    return night_store.parts(db, on, most=PART)


@batch()
def close_part(db: Db, *, clock: Clock, on: date, first: int, last: int) -> dict[str, int]:
    """Close the day for the loans of one part, and keep what was done; the counts.

    A night that ended in the middle is gone on with by closing the parts that are left.
    """
    part, evening = Night(on), _evening(db, clock, on)
    ids = night_store.due_loans(db, on, first=first, last=last)
    if not ids:
        return dict.fromkeys(COUNTS, 0)
    _close_day(db, ids, part, evening)
    counts: dict[str, int] = {name: getattr(part, name) for name in COUNTS}
    night_store.note_part(db, on=on, first=first, last=last, summary=counts, at=evening.act.now)
    return counts


def end_night(db: Db, *, clock: Clock, on: date) -> Night:
    """When all its parts are closed: impairment and what accrued; answers with what all parts of the night did, whoever ran them."""
    night = Night(on)
    for counts in night_store.parts_done(db, on):
        night.add(counts)
    _end(db, night, _evening(db, clock, on))
    return night


@dataclass(frozen=True, slots=True)
class Steps:
    """By which channels somebody is told, one after the other if the one before fails, and by whose plan; a person is always the last."""

    plan: LivePlan | None
    machine: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        of = {"plan": self.plan.public_id, "plan_name": self.plan.name, "plan_version": self.plan.version} if self.plan is not None else {}
        return {**of, "channels": [*self.machine, PERSON]}


# Of a line's facts, what is told beside the message and is no part of its words.
BESIDE: Final = frozenset({"send_on", "template", "plan", "plan_name", "plan_version", "channels"})


@dataclass(frozen=True, slots=True)
class _Evening:
    """Who closes which day, and by whose rules; in a dry run, what it would have moved and billed so far."""

    known: Lender
    plans: Plans
    act: Act
    foreseen: dict[Key, Folded] | None
    billed: dict[int, Held] = field(default_factory=dict)

    @property
    def dry_run(self) -> bool:
        return self.foreseen is not None

    def steps(self, product: str, on: date, days: int) -> Steps:
        """How somebody is told on that day, `days` from the due date."""
        return steps_on(self.plans.live, product, on, days)


def steps_on(live: Sequence[LivePlan], product: str, on: date, days: int) -> Steps:
    """How somebody is told on that day, `days` from the due date: as the plan in force says, without one by a text message."""
    plan = plan_on(live, product, on)
    if plan is None:
        return Steps(None, MACHINE[:1])
    return Steps(plan, plan.channels(days))


def _evening(db: Db, clock: Clock, on: date, *, foreseen: dict[Key, Folded] | None = None) -> _Evening:
    known = lender(db)
    return _Evening(known, Plans(db, known), Act(on, clock.now(), SYSTEM, known.zone, known.closed_through), foreseen)


def _end(db: Db, night: Night, evening: _Evening) -> None:
    act = evening.act
    _classes(db, night, evening.known, night.on, keep_lines=evening.dry_run)
    _move_impaired(db, night, evening)
    if evening.foreseen is None:
        night.entries += post_accrual(db, on=night.on, at=act.now, booked_on=act.booked_on).entries
        return
    tonight = evening.foreseen if act.booked_on <= night.on else {}  # what is booked on a later day is folded on that day
    branches = night_store.branches(db)
    for key, line in preview_accrual(db, on=night.on, tonight=tonight):
        _tell_product(night, key, line, EARNED[key[3]], branches[key[0]])


def _move_lines(db: Db, night: Night, changes: Sequence[Change], evening: _Evening) -> None:
    """Tell of the entries by which changes that are written together move what has accrued, or is in doubt, of their products."""
    branches = night_store.branches(db) if evening.dry_run else {}
    for key, moved in writing.moves_of((each.held, move) for each in changes for move in each.moves):
        lines = entries_of(key[3], moved)
        if evening.foreseen is None:
            night.entries += len(lines)
            continue
        so_far = evening.foreseen.get(key, Folded())
        evening.foreseen[key] = Folded(so_far.by + moved.by, so_far.lost + moved.lost, so_far.entered + moved.entered)
        for line in lines:
            _tell_product(night, key, line, MOVED[key[3]], branches[key[0]])


def _tell_product(night: Night, key: Key, line: Line, rule: str, branch: str) -> None:
    _, product, currency, _ = key
    amount = Money(line.amount, currency).as_json()
    facts = {"debit": line.debit.value, "credit": line.credit.value, "amount": amount, "branch": branch, "product": product}
    night.entries += 1
    night.lines.append(NightLine("", "entry", product, facts, rule))


def _move_impaired(db: Db, night: Night, evening: _Evening) -> None:
    """Keep the interest of loans that have become impaired off income from tonight, and count that of recovered ones as income again."""
    known, act = evening.known, evening.act
    pack = pack_in_force(db, FixedClock(instant_on(act.today, time(12), known.zone), known.zone))
    doubt = doubt_of(pack, known, act.today)
    if doubt is None:
        return
    for ids, begins in zip(candidates(db, doubt, act.today), (True, False), strict=True):
        kind = "interest.suspended" if begins else "interest.resumed"
        for start in range(0, len(ids), PART):
            loans = store.load(db, ids[start : start + PART], lock=not evening.dry_run)
            as_billed = [evening.billed.get(held.loan.loan_id, held) for held in loans]
            changes = [
                change(held, act, evening.plans.of(held), note=(kind, {"class": doubt.class_of(held, act.today)}))
                for held in as_billed
                if doubt.impaired(held, act.today) is begins
            ]
            if changes:
                _move_lines(db, night, changes, evening)
                if not evening.dry_run:
                    _save(db, changes, act, label=f"{kind} {act.today}")


# How the chain tells of a message. One that did not arrive proves nothing until a person has it.
_RECORD_OF: Final = {"sent": "contact.sent", "delivered": "contact.sent", "handed_over": "contact.handed_over"}


@batch()
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
                if sent.after_no is not None and sent.outcome in ("sent", "delivered"):
                    # Its first channel had left, and proved the duty, before it was known to have failed: the chain tells of both.
                    facts = {"message": sent.message_no, "outcome": sent.outcome, "rule": sent.rule, "after": sent.after_no}
                    changes.append(change(held, act, plans.of(held), note=("contact.sent", facts)))
                continue  # else paid in the meantime: the receipt has closed it
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


def _close_day(db: Db, ids: Sequence[int], night: Night, evening: _Evening) -> None:
    act, tomorrow = evening.act, evening.act.today + timedelta(days=1)
    touched = night_store.touched(db, ids, act.today, lock=not evening.dry_run)
    billed = _bill(db, [each.loan_id for each in touched if each.falls_due_on is not None and each.falls_due_on <= act.today], evening)
    if billed:
        _move_lines(db, night, list(billed.values()), evening)
    replanned = _replan(db, [each for each in touched if each.loan_id not in billed], evening, tomorrow)
    promises: list[Promise] = []
    for moved in replanned.values():
        _tell_entries(night, moved, evening.dry_run)
    for moved in billed.values():
        _tell_entries(night, moved, evening.dry_run)
        first = _first_follow_up(moved, tomorrow)
        if first is not None:
            step = evening.steps(moved.held.loan.product_code, first.due_on, late_days(first.about))
            if step.machine:
                moment = Moment(first.due_on, first.kind, first.about)
                promises.append(told_late(moved.held, first.duty_no, moment, act, channel=step.machine[0]))
                _tell_message(night, promises[-1], moved.held.loan.public_id, first.about, "followup.days_past_due", step, evening.dry_run)
    reminded = _reminders(db, touched, billed | replanned, tomorrow)
    for each in reminded:
        # One that a person holds is promised too: the dispatcher refuses it in the morning, and that proves the duty.
        step = evening.steps(each.loan.product, each.on, each.loan.days)
        promises.append(_promise(each, act, channel=step.machine[0]))
        _tell_message(night, promises[-1], each.loan.public_id, each.loan.about or "", "reminder.days_before", step, evening.dry_run)
    night.loans += len(touched)
    night.messages += len(promises)
    night.duties += sum(sum(duty.open for duty in each.duties.written) for each in (*billed.values(), *replanned.values()))
    if evening.dry_run:
        evening.billed.update((loan_id, moved.held) for loan_id, moved in billed.items())
        return
    if billed:
        _save(db, list(billed.values()), act, label=f"night {act.today}")
    if replanned:
        moved_to = [each for each in replanned.values() if _moved(each)]
        if moved_to:
            _save(db, moved_to, act, label=f"reminder plan {tomorrow}")
        # What the plan leaves as it is waits for its next day as before.
        writing.promise(
            db,
            [
                (loan_id, each.held.account.promised_for, each.held.account.next_event_on)
                for loan_id, each in replanned.items()
                if not _moved(each)
            ],
        )
    if promises:
        promise_batch(db, promises)
        # With its reminder promised, what a loan waits for is the night of its next due date.
        writing.promise(db, [(each.loan.loan_id, each.on, each.loan.falls_due_on) for each in reminded])


def _bill(db: Db, loan_ids: Sequence[int], evening: _Evening) -> dict[int, Change]:
    """What the instalments that fell due change, by loan; the loans are locked already."""
    today, moved = evening.act.today, {}
    loans = [(held, list(_falling_due(held, today))) for held in store.load(db, loan_ids, lock=False)] if loan_ids else []
    # A pay-off that was reversed leaves instalments to bill whose day lies before what has happened since.
    replayed = [held.loan.loan_id for held, events in loans if events and events[0].on < held.account.last_event_on]
    told = store.history(db, replayed)
    for held, events in loans:
        if events:
            history = told.get(held.loan.loan_id)
            moved[held.loan.loan_id] = change(
                held, evening.act, evening.plans.of(held), events, history=history, arrears_from=today + timedelta(days=1)
            )
    return moved


def _replan(db: Db, touched: Sequence[Touched], evening: _Evening, tomorrow: date) -> dict[int, Change]:
    """What a reminder plan that begins tomorrow changes of loans on which nothing fell due, by loan, whether or not it is anything."""
    begins = [plan for plan in evening.plans.live if plan.from_day == tomorrow]
    if not begins or not touched:
        return {}
    note = {"plans": [{"plan": plan.public_id, "version": plan.version} for plan in begins], "from": tomorrow.isoformat()}
    return {
        held.loan.loan_id: change(held, evening.act, evening.plans.of(held), note=("reminder.replanned", note))
        for held in store.load(db, [each.loan_id for each in touched], lock=False)
        if held.loan.state is LoanState.ACTIVE
    }


def _moved(replanned: Change) -> bool:
    return bool(replanned.duties.closed or replanned.duties.written)


def _reminders(db: Db, touched: Sequence[Touched], billed: Mapping[int, Change], tomorrow: date) -> list[Reminded]:
    """The reminders of tomorrow that are not promised yet.

    A loan on which nothing fell due is not folded for it: its duty, and what the one instalment still asks for, tell all.
    """
    after = [each if each.loan_id not in billed else _as_billed(each, billed[each.loan_id].held) for each in touched]
    waiting = [(each, each.remind_on) for each in after if each.remind_on is not None and each.promised_for < each.remind_on <= tomorrow]
    kept = night_store.unpaid(db, [(each.loan_id, each.reminds_of) for each, _ in waiting if each.loan_id not in billed])
    reminded = []
    for each, on in waiting:
        if each.loan_id in billed:
            row = next(row for row in billed[each.loan_id].held.state.instalments if row.n == each.reminds_of)
            reminded.append(Reminded(each, on, row.due_on, row.unpaid))
        else:
            reminded.append(Reminded(each, on, *kept[each.loan_id]))
    return reminded


def _as_billed(loan: Touched, held: Held) -> Touched:
    duty = next((duty for duty in held.standing if duty.kind == "reminder"), None)
    number, about, on = (None, None, None) if duty is None else (duty.duty_no, duty.about, duty.due_on)
    return loan._replace(falls_due_on=first_unbilled(held.state), duty_no=number, about=about, remind_on=on)


def _falling_due(held: Held, on: date) -> Iterator[Event]:
    if held.loan.state is not LoanState.ACTIVE:
        return
    number = held.account.last_event_no
    for row in held.state.instalments:
        if held.state.through < row.due_on <= on:
            number += 1
            yield Event(number, "instalment_due", row.due_on, on, {"n": row.n})


def _promise(reminded: Reminded, act: Act, *, channel: str) -> Promise:
    loan, due = reminded.loan, (reminded.loan.reminds_of, reminded.falls_due_on, Money(reminded.unpaid, reminded.loan.currency))
    moment = Moment(reminded.on, "reminder", loan.about or "")
    return _reminder(loan.loan_id, loan.duty_no, loan.party_id, loan.contract_no, moment, due, act, channel)


def reminded_again(held: Held, duty_no: int | None, moment: Moment, act: Act, *, channel: str) -> Promise:
    """The reminder of that moment by another channel, with what the instalment asks for now."""
    n = reminds_of(moment.about)
    row = next(each for each in held.state.instalments if each.n == n)
    loan, due = held.loan, (n, row.due_on, Money(row.unpaid, held.loan.currency))
    return _reminder(loan.loan_id, duty_no, loan.party_id, loan.contract_no, moment, due, act, channel)


def _reminder(
    loan_id: int, duty_no: int | None, party_id: int | None, contract_no: str, moment: Moment, due: tuple[int, date, Money], act: Act,
    channel: str,
) -> Promise:  # fmt: skip
    n, due_on, amount = due
    send_from, send_until = times(moment, act.zone, act.today)
    return Promise(
        loan_id=loan_id,
        duty_no=duty_no,
        party_id=party_id,
        purpose="reminder",
        channel=channel,
        template="reminder",
        params={"contract": contract_no[-4:], "n": n, "amount": amount.as_json(), "due_on": due_on.isoformat()},
        on_date=moment.due_on,
        send_from=send_from,
        send_until=send_until,
    )


def _first_follow_up(moved: Change, tomorrow: date) -> Duty | None:
    """The follow-up that arrears beginning tonight ask for tomorrow: on its morning the borrower is told what is missing."""
    return next((duty for duty in moved.duties.written if duty.open and duty.kind == "follow_up" and duty.due_on == tomorrow), None)


def late_days(about: str) -> int:
    """How many days after the due date the follow-up `2026-04-02 T+1` is meant to be."""
    return int(about.rsplit("T+", 1)[1])


def told_late(held: Held, duty_no: int | None, moment: Moment, act: Act, *, channel: str) -> Promise:
    """The message by which the borrower hears, on the day of the follow-up, what is missing."""
    row = next(each for each in held.state.instalments if each.unpaid > 0)
    send_from, send_until = times(Moment(moment.due_on, "reminder", moment.about), act.zone, act.today)
    return Promise(
        loan_id=held.loan.loan_id,
        duty_no=duty_no,
        party_id=held.loan.party_id,
        purpose="collection",
        channel=channel,
        template="overdue",
        params={
            "contract": held.loan.contract_no[-4:],
            "n": row.n,
            "amount": Money(standing(held.state, moment.due_on).unpaid_due(act.today), held.loan.currency).as_json(),
            "days": (moment.due_on - row.due_on).days,
        },
        on_date=moment.due_on,
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


def _tell_message(night: Night, promised: Promise, loan: str, about: str, rule: str, steps: Steps, keep: bool) -> None:
    if keep:
        facts = {"send_on": promised.on_date.isoformat(), "template": promised.template, **steps.as_json(), **promised.params}
        night.lines.append(NightLine(loan, "message", about, facts, rule))


def _classes(db: Db, night: Night, known: Lender, on: date, *, keep_lines: bool) -> None:
    """Which loans stand in another class tomorrow: those whose days past due reach a floor of the pack."""
    floors = pack_in_force(db, FixedClock(instant_on(on, time(12), known.zone), known.zone)).table(
        "classification.floors", on=on, lender_type=known.lender_type
    )
    days = {on + timedelta(days=1) - timedelta(days=floor): name for name, floor in floors.items() if name in CLASSES}
    reached = [(loan, oldest, days[oldest]) for loan, oldest in night_store.unpaid_since(db, list(days))]
    reached += _paused_classes(db, {floor: name for name, floor in floors.items() if name in CLASSES}, on)
    night.classes = len(reached)
    if keep_lines:
        night.lines += [
            NightLine(loan, "class", name, {"from_tomorrow": name, "oldest_unpaid": oldest.isoformat()}, "classification.floors")
            for loan, oldest, name in reached
        ]


def _paused_classes(db: Db, names: Mapping[int, str], on: date) -> list[tuple[str, date, str]]:
    """The same of the few loans whose days late have stood still: one counts on only after its pause."""
    found = []
    for loan, oldest, text in night_store.paused(db):
        pauses = store.pauses_of(text)
        tomorrow = days_past_due(oldest, on + timedelta(days=1), pauses)
        if oldest is not None and tomorrow in names and tomorrow != days_past_due(oldest, on, pauses):
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
