"""`night-1m`: what a business day's end and the morning after cost in a book of a million loans.

One round is: the night of a day (instalments that fell due, arrears that begin, tomorrow's reminders promised), and
next morning, of each message that a carrier has taken, what became of it, its record and the next duty, by the processes
among which `days.send_due` shares it. Neither the carrier nor the asking of the rules is in it. Three rounds on
three days; the figure is the middle one. About a sixth of the loans are touched in each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg

from bench import book
from bench.scratch import Figure, Rows, Scratch, Spent, bare_copy, say, scratch_book, take_rows
from holdfast.database.connection import transaction
from holdfast.database.hands import Hands
from holdfast.days import close_book, hands_for_sending, share_answers

ROUNDS = 3
LOANS = 1_000_000


@dataclass(frozen=True, slots=True)
class Round:
    """One night with its morning, and what it touched."""

    day: date
    touched: int
    night: Spent
    morning: Spent
    counts: dict[str, Any]

    @property
    def wall_s(self) -> float:
        return self.night.wall_s + self.morning.wall_s

    @property
    def cpu_s(self) -> float:
        return self.night.cpu_s + self.morning.cpu_s


def measure(scale: float) -> Figure:
    """The middle one of three rounds, beside the floor of its own rows."""
    with scratch_book() as scratch:
        loans = book.generate(scratch, book.evenly(int(LOANS * scale)))
        rounds, floors, written = _live(scratch)
    middle = sorted(rounds, key=lambda each: each.wall_s)[len(rounds) // 2]
    floor = floors[rounds.index(middle)]
    return Figure(
        name="night-1m",
        figure=round(middle.wall_s, 3),
        unit="s",
        floor=round(floor, 3),
        ratio=round(middle.wall_s / floor, 2),
        n=loans,
        cpu_s=round(middle.cpu_s, 2),
        pg=scratch.version,
        detail={
            "loans_touched": middle.touched,
            "night_s": round(middle.night.wall_s, 3),
            "morning_s": round(middle.morning.wall_s, 3),
            "client_cpu_s": round(middle.night.client_cpu_s + middle.morning.client_cpu_s, 2),
            "server_cpu_s": round(middle.night.server_cpu_s + middle.morning.server_cpu_s, 2),
            "rows": written[rounds.index(middle)],
            "floor": "COPY of the same rows, updated ones too, into tables with only a primary key",
            "rounds_s": [round(each.wall_s, 3) for each in rounds],
        },
    )


def _live(scratch: Scratch) -> tuple[list[Round], list[float], list[dict[str, int]]]:
    """Live three days; beside each, the floor of the same rows."""
    rounds, floors, written = [], [], []
    for number in range(ROUNDS):
        day = book.DAY + timedelta(days=number)
        rounds.append(live_round(scratch, day))
        with scratch.owner() as db:
            rows = rows_of(db, day)
            floors.append(bare_copy(db, rows))
        written.append({each.table: each.count for each in rows})
        say(f"{day}: {rounds[-1].touched} loans in {rounds[-1].wall_s:.1f} s; floor {floors[-1]:.2f} s")
    return rounds, floors, written


def live_round(scratch: Scratch, day: date) -> Round:
    """The night of `day` and the morning after it."""
    with scratch.watch() as night:
        done = close_book(day, book.evening(day))
    tomorrow = day + timedelta(days=1)
    with transaction() as db:
        sent = book.taken(db, tomorrow)
    with scratch.watch() as morning, Hands(hands_for_sending(len(sent))) as hands:
        portion = book.SENDS_AT_ONCE * hands.many
        for start in range(0, len(sent), portion):
            share_answers(hands, book.morning(tomorrow), sent[start : start + portion])
    return Round(day, done.loans, night, morning, done.as_json())


def rows_of(db: psycopg.Connection[Any], day: date) -> Sequence[Rows]:
    """All rows that the round of `day` wrote or updated."""
    tomorrow = day + timedelta(days=1)
    at = {"evening": book.evening(day).now(), "morning": book.morning(tomorrow).now(), "tomorrow": tomorrow}
    when = "recorded_at IN (%(evening)s, %(morning)s)"
    # The round's records say which loans it wrote to, which duties it opened and which it closed.
    db.execute("DROP TABLE IF EXISTS round_record")
    db.execute(f"CREATE TEMPORARY TABLE round_record AS SELECT loan_id, seq FROM record WHERE {when}".encode(), at)
    db.execute("CREATE INDEX ON round_record (loan_id, seq)")
    db.execute("ANALYZE round_record")
    of_round = "loan_id IN (SELECT loan_id FROM round_record UNION SELECT loan_id FROM message WHERE on_date = %(tomorrow)s)"
    billed = "(loan_id, {number}) IN (SELECT loan_id, event_no FROM loan_event WHERE " + when + ")"
    return [
        take_rows(db, "record", when, at),
        take_rows(db, "loan_event", when, at),
        take_rows(db, "posting", billed.format(number="event_no"), at),
        take_rows(db, "gl_entry", when, at),
        take_rows(db, "message", "on_date = %(tomorrow)s", at),
        take_rows(db, "outbox", "(loan_id, message_no) IN (SELECT loan_id, message_no FROM message WHERE on_date = %(tomorrow)s)", at),
        take_rows(db, "contact_ledger", "on_date = %(tomorrow)s", at),
        take_rows(
            db, "duty", "EXISTS (SELECT 1 FROM round_record r WHERE r.loan_id = duty.loan_id AND r.seq IN (opened_seq, proof_seq))", at
        ),
        take_rows(db, "account", of_round, at),
        take_rows(db, "loan", "loan_id IN (SELECT loan_id FROM round_record)", at),
    ]
