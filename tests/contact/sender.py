"""The part of the worker that sends and hears, as a process that a test may kill: it works until its input ends.

    python -m tests.contact.sender BASE STARTED

BASE is the instant at which the book's clock stood when the machine's monotonic clock stood at STARTED.
"""

from __future__ import annotations

import sys
import threading
from datetime import datetime

from tests.contact.running_clock import RunningClock


def main(base: str, started: str) -> None:
    from holdfast.database.connection import book

    with book():
        from holdfast import contact, days
        from holdfast.wiring import CHANNELS

        clock = RunningClock(datetime.fromisoformat(base), float(started))
        # What is heard bears the time of the book that the test lives in.
        from holdfast.database.connection import transaction

        CHANNELS["sms"]._keep = contact.keep_heard(transaction, lambda db: clock)  # type: ignore[attr-defined]
        CHANNELS["sms"].start()
        stop = threading.Event()
        listener = threading.Thread(target=_listen, args=(stop, clock), daemon=True)
        listener.start()
        threading.Thread(target=_end_with_input, args=(stop,), daemon=True).start()
        print("ready", flush=True)
        while not stop.is_set():
            days.send_due(clock)
            stop.wait(0.1)
        listener.join()
        CHANNELS["sms"].stop()


def _end_with_input(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


def _listen(stop: threading.Event, clock: RunningClock) -> None:
    from django.db import connection

    from holdfast import days

    while not stop.is_set():
        days.take_receipts(clock)
        stop.wait(0.1)
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
