"""`holdfast clock`: show the book's business date, or let a book that lives apart from the machine live on."""

from __future__ import annotations

import argparse
import json

from holdfast import days
from holdfast.database.connection import book, transaction
from holdfast.kernel.errors import Refusal
from holdfast.policy import clock, lender


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("clock", help="the book's business date")
    command.add_argument("--next-days", type=int, default=0, metavar="N", help="close N days, one after the other (sample books only)")
    command.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    command.set_defaults(func=_clock)


def _clock(arguments: argparse.Namespace) -> int:
    with book():
        with transaction() as db:
            known = lender(db)
        if arguments.next_days and not days.lives_apart(known):
            raise Refusal("this book keeps the machine's date; its days cannot be skipped", code="clock_real")
        for _ in range(arguments.next_days):
            days.open_next_day()
        with transaction() as db:
            known, now = lender(db), clock(db)
    answer = {"business_date": now.today().isoformat(), "offset_days": known.offset_days, "zone": known.zone, "sample": known.sample}
    print(json.dumps(answer) if arguments.json else f"business date {answer['business_date']} ({known.offset_days:+d} days, {known.zone})")
    return 0
