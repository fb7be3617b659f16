"""The business day: what was promised for it is sent, then its end closes the book.

`day-end`, the worker and the demo clock all walk through here, one day after the other, so that no
night is left out. A book that lives away from the machine's date (a demonstration, or one taken over as
of an earlier day) is moved on to each day as it is closed; any other book only closes days that have come.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Literal

from holdfast import applications, contact, contracts, payments, servicing
from holdfast.database.connection import transaction
from holdfast.database.hands import Hands, hands_for, share
from holdfast.duties.audit import Audit, examine
from holdfast.duties.kept_audits import audited_on, keep
from holdfast.duties.period import cover
from holdfast.duties.statements import state, stated_through
from holdfast.followup import promises, reviews, settlements
from holdfast.journal import SYSTEM
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock, FixedClock, instant_on
from holdfast.kernel.errors import BadInput
from holdfast.policy import Lender, clock, lender, note_night, shift_clock
from holdfast.restructuring import programmes
from holdfast.servicing import answers
from holdfast.servicing.next_channel import still_asked, take_next
from holdfast.servicing.night import Night, close_part, end_night, parts_of, record_contacts, run_night
from holdfast.servicing.verify import Check, LoanProofs, Part, prove_loans, verify_books
from holdfast.wiring import CHANNELS, EXPECTATIONS, RAIL, carry, receive_many, take_answer

Db = psycopg.Connection[Any]
# A message on its way, and what its channel said to it.
Answered = tuple[contact.Handed, contact.Accepted]

FURTHEST_DAYS: Final = 400
_MORNING = time(10)
_EVENING = time(22)
_SENDS_AT_ONCE = 2_000
# A process that is started for a morning costs a second or two, which that many messages' answers do too: fewer are written by one.
_SENDS_A_PART = 8_000
# Where a key may be sent once only, few are on their way at a time: of those, nobody knows if we die.
_SENDS_UNSURE_AT_ONCE = 100


def lives_apart(known: Lender) -> bool:
    """Whether the book's days are its own: a sample, or a book whose date is not the machine's."""
    return known.sample or known.offset_days != 0


def close_through(until: date) -> list[Night]:
    """Close every business day that is not closed yet, up to and with `until`; each day commits by itself."""
    with transaction() as db:
        today = clock(db).today()
    if (until - today).days > FURTHEST_DAYS:
        raise BadInput(f"--date: {until} is more than {FURTHEST_DAYS} days after {today}; go there in smaller steps", field="date")
    nights = []
    while (night := close_next(until)) is not None:
        nights.append(night)
    return nights


def close_next(until: date) -> Night | None:
    """Send and close the earliest day not closed yet, if it is not later than `until`."""
    with transaction() as db:
        known = lender(db)
        day = _first_open(db, known)
        if day > until:
            return None
        now = _arrive(db, known, day)
    end_offers(now)
    end_drafts(now)
    collect_debits()
    send_due(now)
    if lives_apart(known):
        now = FixedClock(instant_on(day, _EVENING, known.zone), known.zone)
    return close_book(day, now)


def close_book(day: date, now: Clock) -> Night:
    """The night itself: its parts, by as many processes as they are worth, each part committed by itself, and then the end of all.

    A night that is killed leaves whole parts behind; closing the day again does the rest, and tells of all of it.
    """
    with transaction() as db:
        parts = parts_of(db, day)
    for _ in share(_close_part, [(now, day, first, last) for first, last in parts]):
        pass
    with transaction() as db:
        night = end_night(db, clock=now, on=day)
        contact.end_calls(db, on=day)
        promises.judge_all(db, clock=now, on=day)
        reviews.call_all(db, clock=now, on=day)
        carry(settlements.judge_all, db, clock=now, by=SYSTEM, on=day)
        db.execute(
            "INSERT INTO night (on_date, summary, ran_at) VALUES (%s, %s, %s) ON CONFLICT (on_date) DO NOTHING",
            [day, canonical.encode(night.as_json()).decode(), now.now()],
        )
        note_night(db, day)
    return night


def _close_part(now: Clock, day: date, first: int, last: int) -> dict[str, int]:
    with transaction() as db:
        return close_part(db, clock=now, on=day, first=first, last=last)


def preview(on: date, *, most: int | None = None, skip: int = 0) -> Night:
    """What the night of `on` would do to the book as it stands now, or to `most` loans after the first `skip`; writes nothing."""
    with transaction() as db:
        return run_night(db, clock=clock(db), on=on, dry_run=True, most=most, skip=skip)


def open_next_day() -> date:
    """Close today and wake up tomorrow: the demo clock's step. Tomorrow's messages go out in its morning."""
    with transaction() as db:
        today = clock(db).today()
    close_through(today)
    with transaction() as db:
        known = lender(db)
        now = _arrive(db, known, today + timedelta(days=1))
    end_offers(now)
    collect_debits()
    send_due(now)
    return today + timedelta(days=1)


def send_due(now: Clock) -> int:
    """Hand over all that may be sent by now, and close the duties that it proves; returns how many messages moved.

    A large morning's answers are written by as many processes as they are worth. All answers of one loan go to the same of them, and
    the next messages are claimed when all are written: each is asked about by the rules as if one process did everything.
    """
    moved = 0
    sure = all(channel.capabilities().once_per_key for channel in CHANNELS.values())
    with transaction() as db:
        waiting = contact.waiting_now(db, clock=now)
    with Hands(hands_for_sending(waiting)) as hands:
        limit = _SENDS_AT_ONCE * hands.many if sure else _SENDS_UNSURE_AT_ONCE
        while True:
            # Written as on its way before it leaves: whoever dies in between sends nothing twice.
            with transaction() as db:
                ended, handed, due = contact.claim(db, CHANNELS, clock=now, limit=limit, still=still_asked)
                record_contacts(db, ended, clock=now)
            if not due:
                return moved
            answered = contact.hand_over(CHANNELS, handed, now.now())
            moved += len(ended) + share_answers(hands, now, answered)


def hands_for_sending(waiting: int) -> int:
    """How many processes so many messages' answers are worth."""
    return hands_for(waiting // _SENDS_A_PART)


def share_answers(hands: Hands, now: Clock, answered: Sequence[Answered]) -> int:
    """Write what became of messages that were handed over, each hand those of its own loans; how many."""
    return sum(hands.share(_record_answers, [(now, part) for part in _parts_of_answers(answered, hands.many)]))


def _parts_of_answers(answered: Sequence[Answered], many: int) -> list[list[Answered]]:
    """The answers in at most so many parts, those of one loan in one of them and in their order."""
    parts: list[list[Answered]] = [[] for _ in range(many)]
    for each in answered:
        parts[each[0].due.loan_id % many].append(each)
    return [part for part in parts if part]


def _record_answers(now: Clock, answered: Sequence[Answered]) -> int:
    """Write what became of messages that were handed over, and close the duties that they prove, in one transaction; how many."""
    with transaction() as db:
        sent = contact.take_answers(db, CHANNELS, answered, clock=now)
        record_contacts(db, sent, clock=now)
    return len(sent)


def take_receipts(now: Clock | None = None) -> int:
    """Settle what channels have told, ask those that can be asked, and end what nobody answers any more; how many things."""
    with transaction() as db:
        now = now or clock(db)
        touched = (
            contact.end_sending(db, CHANNELS, clock=now)
            + contact.end_waiting(db, clock=now)
            + contact.take_inbound(db, clock=now, answers=answers.stands)
        )
    for channel in CHANNELS.values():
        can = channel.capabilities()
        if can.receipts_pulled or can.inbound:
            with transaction() as db:
                touched += contact.ask_after(db, channel, clock=now)
    while True:
        with transaction() as db:
            settled, arrived = contact.settle_heard(db, clock=now)
            record_contacts(db, arrived, clock=now)
        touched += settled
        if not settled:
            return touched


def hand_over_undelivered(now: Clock | None = None) -> int:
    """Give the messages that did not arrive to the next channel of their plan, and those without one to a person; how many of both."""
    with transaction() as db:
        now = now or clock(db)
        found, ended = contact.undelivered(db, clock=now)
        left = take_next(db, found, CHANNELS, clock=now)
        with_a_person = {(each.loan_id, each.message_no) for each in left}
        record_contacts(db, [each for each in ended if (each.loan_id, each.message_no) in with_a_person], clock=now)
        for each in left:
            contact.hand_to_a_person(db, each, clock=now)
    return len(found)


def run_programmes() -> int:
    """Give loans of hardship programmes that two people agreed to their turn; how many programmes were gone on with."""
    with transaction() as db:
        waiting = programmes.unfinished(db)
    for public_id in waiting:
        before, left = -1, 0
        while left != before:  # the loans that somebody else has in hand are left to them
            before = left
            with transaction() as db:
                left = programmes.run_programme(db, clock=clock(db), programme=public_id)
    return len(waiting)


def end_offers(now: Clock | None = None) -> int:
    """Let the contracts lapse that were not signed in their days; how many."""
    with transaction() as db:
        now = now or clock(db)
        loans = contracts.run_out(db, now)
        for loan in loans:
            contracts.lapse(db, clock=now, by=SYSTEM, loan=loan)
    return len(loans)


def end_drafts(now: Clock | None = None) -> int:
    """Close the applications that were begun and not come back to within the pack's days; how many."""
    with transaction() as db:
        now = now or clock(db)
        drafts = applications.lapsing(db, clock=now)
        for draft in drafts:
            applications.lapse(db, clock=now, application_id=draft)
    return len(drafts)


def _first_open(db: Db, known: Lender) -> date:
    today = clock(db).today()
    if known.last_night_on is None:
        return today
    return known.last_night_on + timedelta(days=1)


def _arrive(db: Db, known: Lender, day: date) -> Clock:
    """The clock on `day`: the book's own if it keeps the machine's date, else ten in the morning of that day."""
    today = clock(db).today()
    if not lives_apart(known):
        if day > today:
            raise BadInput(f"--date: {day} has not come yet; today is {today}", field="date")
        return clock(db)
    if day > today:
        shift_clock(db, (day - today).days)
    return FixedClock(instant_on(day, _MORNING, known.zone), known.zone)


def send_payouts() -> int:
    """Send the payouts that two people agreed on, and ask after those whose answer is not known; how many were touched."""
    with transaction() as db:
        now = clock(db)
    return payments.send_approved(transaction, RAIL, partial(carry, payments.record_answer), now)


def collect_debits() -> int:
    """Propose what mandates collect today, send it, and ask after what has no answer; how many debits were touched."""
    with transaction() as db:
        now = clock(db)
        payments.end_mandates(db, clock=now)
        payments.propose_debits(db, clock=now, due_of=servicing.collectable)
    return payments.collect_proposed(transaction, RAIL, partial(carry, payments.record_debit), now, servicing.collectable)


def take_rail_answers() -> int:
    """Take in what the rail has to say of its own accord, in whatever order it says it; how many answers."""
    taken = 0
    while said := RAIL.answers(_last_heard()):
        for each in said:
            with transaction() as db:
                take_answer(db, clock=clock(db), by=SYSTEM, key=each.key, answer=each.answer, source="rail feed")
                payments.note_heard(db, RAIL.capabilities().name, each.number)
        taken += len(said)
    return taken


def match_bank_lines() -> int:
    """Match the lines of statements that wait, chunk by chunk; how many were looked at."""
    seen = 0
    while True:
        with transaction() as db:
            looked = payments.match_lines(db, clock=clock(db), receive=receive_many, answer=take_answer)
        seen += looked
        if not looked:
            return seen


def end_payment_terms() -> int:
    """End the payment intents and the withdrawals whose time has run out, and the withdrawals whose principal is back."""
    with transaction() as db:
        now = clock(db)
        return payments.expire_intents(db, clock=now) + len(_end_withdrawals(db, now)) + payments.give_up_waiting(db, clock=now)


def _last_heard() -> int:
    with transaction() as db:
        return payments.last_heard(db, RAIL.capabilities().name)


def _end_withdrawals(db: Db, now: Clock) -> list[payments.Withdrawal]:
    return [carry(verb, db, clock=now, by=SYSTEM, loan=loan) for verb, loan in payments.withdrawals_to_end(db, clock=now)]


def audit_now(as_of: date, at: datetime) -> Audit:
    """Audit the whole book as of a business date, in one snapshot, and keep what was found."""
    with transaction() as db:
        db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found = examine(db, as_of, EXPECTATIONS)
    with transaction() as db:
        keep(db, found, at)
    return found


def verify_now() -> list[Check]:
    """All proofs of the books over one snapshot, which as many processes share as the book's parts are worth."""
    with transaction() as db:
        db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return verify_books(db, partial(_prove, db))


def _prove(db: Db, parts: Sequence[Part]) -> Iterable[LoanProofs]:
    hands = hands_for(len(parts))
    if hands == 1:
        return (prove_loans(db, *part) for part in parts)
    snapshot = db.execute("SELECT pg_export_snapshot()").fetchall()[0][0]
    return share(_prove_part, [(snapshot, *part) for part in parts], hands=hands)


def _prove_part(snapshot: str, first: int, last: int, on: date | None) -> LoanProofs:
    with transaction() as db:
        db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        db.execute(SQL("SET TRANSACTION SNAPSHOT {}").format(Literal(snapshot)))
        return prove_loans(db, first, last, on)


def audit_if_new_day() -> bool:
    """Audit once each business day; False if today's audit is there or the book is empty."""
    with transaction() as db:
        now = clock(db)
        today = now.today()
        if audited_on(db) == today or db.execute("SELECT 1 FROM loan LIMIT 1").fetchone() is None:
            return False
    audit_now(today, now.now())
    return True


def state_coverage() -> list[date]:
    """Write the coverage statement of each day that is over and has none yet; the days that were stated now.

    A book's first statement is of the day before: what it was before anybody stated it is for an audit to find out.
    """
    with transaction() as db:
        yesterday = clock(db).today() - timedelta(days=1)
        first = db.execute("SELECT min(opened_on) FROM loan").fetchone()
        through = stated_through(db)
    if first is None or first[0] is None:
        return []
    day = through + timedelta(days=1) if through is not None else max(first[0], yesterday)
    stated = []
    while day <= yesterday:
        with transaction() as db:
            db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            found = cover(db, day, EXPECTATIONS)
        with transaction() as db:
            if state(db, found, clock=clock(db)) is not None:
                stated.append(day)
        day += timedelta(days=1)
    return stated
