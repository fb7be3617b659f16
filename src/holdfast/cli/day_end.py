"""`holdfast day-end`: close the business day, or show beforehand what closing it will do."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from datetime import date
from typing import Any

from holdfast import days
from holdfast.database.connection import book, transaction
from holdfast.kernel.calendar import parse_date
from holdfast.kernel.places import keys_folder
from holdfast.policy import clock
from holdfast.worker.loop import seal_now

_SHOWN = 40


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("day-end", help="close the business day: entries, duties, reminders, classes")
    command.add_argument("--date", metavar="D", help="close every day up to this one (default: the lender's business date)")
    command.add_argument("--dry-run", action="store_true", help="show what would be done, by which rule, and write nothing")
    command.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    command.set_defaults(func=_day_end)


def _day_end(arguments: argparse.Namespace) -> int:
    asked = parse_date(arguments.date, "--date") if arguments.date else None
    with book():
        if asked is None:
            with transaction() as db:
                asked = clock(db).today()
        answer = _dry_run(asked) if arguments.dry_run else _close(asked)
        if not arguments.dry_run:
            seal_now(keys_folder())
    if arguments.json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        _in_words(answer)
    return 0


def _dry_run(on: date) -> dict[str, Any]:
    night = days.preview(on)
    rules = Counter(line.rule for line in night.lines)
    return {**night.as_json(), "rule": dict(sorted(rules.items())), "lines": [line.as_json() for line in night.lines]}


def _close(until: date) -> dict[str, Any]:
    nights = days.close_through(until)
    sums = {name: sum(getattr(night, name) for night in nights) for name in ("loans", "entries", "messages", "duties", "classes")}
    return {"date": until.isoformat(), **sums, "nights": len(nights)}


def _in_words(answer: dict[str, Any]) -> None:
    for line in answer.get("lines", [])[:_SHOWN]:
        print(f"{line['loan']}  {line['kind']:8} {line['about']:24} {line['rule']}")
    more = len(answer.get("lines", [])) - _SHOWN
    if more > 0:
        print(f"... and {more} more; --json prints them all")
    words = ", ".join(f"{name} {answer[name]}" for name in ("loans", "entries", "messages", "duties", "classes"))
    print(f"{answer['date']}: {words}")
