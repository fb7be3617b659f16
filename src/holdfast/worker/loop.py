"""The loop: each job in its turn and its own transactions, until told to stop.

Work that has a date is a row with that date, never a queued job. What a job could not do now stays where it
is, is told in the log, and is tried again on the next turn.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Final

from holdfast import days, takeover
from holdfast.database.connection import transaction
from holdfast.journal import seal
from holdfast.kernel.clock import ShiftedClock
from holdfast.kernel.errors import HoldfastError, Unavailable
from holdfast.policy import clock, lender, note_night
from holdfast.wiring import CHANNELS

log = logging.getLogger("holdfast.worker")

# A record is sealed within a second: this and the time that sealing takes.
_SEAL_SECONDS: Final = 0.5
# Who has paid a loan off is told within two seconds where to come: sending waits for no other job.
SEND_SECONDS: Final = 0.5


@dataclass(slots=True)
class Job:
    """Something the worker does every `seconds`; `next_at` is on the monotonic clock."""

    name: str
    seconds: float
    work: Callable[[], object]
    next_at: float = 0.0


def jobs() -> list[Job]:
    """All that the worker does besides sealing and sending, the most urgent first."""
    return [
        Job("receipts", 1.0, days.take_receipts),
        Job("undelivered messages", 10.0, days.hand_over_undelivered),
        Job("payouts", 1.0, days.send_payouts),
        Job("rail answers", 1.0, days.take_rail_answers),
        Job("bank lines", 1.0, days.match_bank_lines),
        Job("direct debits", 10.0, days.collect_debits),
        Job("payment terms", 60.0, days.end_payment_terms),
        Job("contract offers", 5.0, days.end_offers),
        Job("programmes", 2.0, days.run_programmes),
        Job("tapes", 1.0, read_tapes),
        Job("day-end", 60.0, close_past_days),
        Job("audit", 10.0, days.audit_if_new_day),
        Job("coverage", 10.0, days.state_coverage),
    ]


def run(keys: Path, stop: Event) -> None:
    """Work until `stop` is set. A job that fails is logged and tried again; it never stops the others.

    The sealer and the sender have a thread each, so that a long tape keeps neither records nor messages waiting.
    """
    urgent = [Job("seal", _SEAL_SECONDS, lambda: seal_now(keys)), Job("send", SEND_SECONDS, send_now)]
    threads = [Thread(target=turn, args=([job], stop), name=job.name) for job in urgent]
    for channel in CHANNELS.values():
        channel.start()
    for thread in threads:
        thread.start()
    try:
        turn(jobs(), stop)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        for channel in CHANNELS.values():
            channel.stop()


def turn(due: list[Job], stop: Event) -> None:
    """Do each job at its pace until told to stop."""
    while not stop.is_set():
        for job in due:
            if time.monotonic() >= job.next_at and not stop.is_set():
                job.next_at = time.monotonic() + job.seconds
                attempt(job)
        stop.wait(max(0.05, min(job.next_at for job in due) - time.monotonic()))


def attempt(job: Job) -> bool:
    """Do one job once; False if it has to be tried again."""
    try:
        job.work()
    except Unavailable as error:
        log.warning("%s: %s", job.name, error.sentence)
    except HoldfastError as error:
        log.error("%s: %s (%s)", job.name, error.sentence, error.code)
    except Exception:  # the last wall: it is logged whole, and the other jobs go on
        log.exception("%s failed", job.name)
    else:
        return True
    return False


def seal_now(keys: Path) -> int:
    """Put all committed records into the tree and sign its head, if there are any."""
    with transaction() as db:
        if db.execute("SELECT 1 FROM seal_queue LIMIT 1").fetchone() is None:
            return 0
        # A signature keeps machine time, whatever day the book lives on.
        return seal(db, keys, ShiftedClock().now())


def send_now() -> int:
    """Send what is promised for this hour."""
    with transaction() as db:
        now = clock(db)
    return days.send_due(now)


def read_tapes() -> None:
    """Read the tapes that someone has uploaded, one after the other."""
    with transaction() as db:
        waiting = takeover.unfinished(db)
    for public_id in waiting:
        takeover.run_job(transaction, public_id)


def close_past_days() -> None:
    """Close the days that are over. A book that lives apart from the machine is moved by people, not by the worker."""
    with transaction() as db:
        known, today = lender(db), clock(db).today()
        if days.lives_apart(known):
            return
        if known.last_night_on is None:
            # A new book: its nights are counted from here.
            note_night(db, today - timedelta(days=1))
    days.close_through(today - timedelta(days=1))
