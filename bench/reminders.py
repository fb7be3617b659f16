"""`reminders`: a night's reminders and duties in a book of a million loans, every one of which has a reminder that night.

A quarter of the loans each is one, two, four and eight days before its due date; nothing falls due. The night promises a million
messages, text and all; next morning, of each message that a carrier has taken, what became of it, its record, and the next duty.
Neither the carrier nor the asking of the rules is in it (`dispatch` measures those). One round: every duty is moved by it.
"""

from __future__ import annotations

from bench import book
from bench.night_1m import live_round, rows_of
from bench.scratch import Figure, bare_copy, say, scratch_book

LOANS = 1_000_000
# Due so many days after `book.DAY`: tomorrow is the day itself, or one, three, seven days before it.
COHORTS = (1, 2, 4, 8)


def measure(scale: float) -> Figure:
    """The night and its morning, beside the floor of their own rows."""
    with scratch_book() as scratch:
        loans = book.generate(scratch, book.evenly(int(LOANS * scale), COHORTS))
        done = live_round(scratch, book.DAY)
        with scratch.owner() as db:
            rows = rows_of(db, book.DAY)
            floor = bare_copy(db, rows)
        written = {each.table: each.count for each in rows}
        if written["message"] != loans:
            raise RuntimeError(f"{loans} loans should have a reminder each, and {written['message']} have")
        say(f"{written['message']} reminders in {done.wall_s:.1f} s; floor {floor:.2f} s")
    return Figure(
        name="reminders",
        figure=round(done.wall_s, 3),
        unit="s",
        floor=round(floor, 3),
        ratio=round(done.wall_s / floor, 2),
        n=loans,
        cpu_s=round(done.cpu_s, 2),
        pg=scratch.version,
        detail={
            "night_s": round(done.night.wall_s, 3),
            "morning_s": round(done.morning.wall_s, 3),
            "reminders_per_s": round(loans / done.wall_s),
            "rows": written,
            "floor": "COPY of the same rows, updated ones too, into tables with only a primary key",
        },
    )
