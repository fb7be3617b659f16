"""`holdfast shadow compare`: lay a day's export of the old system beside the book and print what differs, by cause."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from holdfast.cli.progress import progress
from holdfast.database.connection import book, transaction
from holdfast.kernel.calendar import parse_date
from holdfast.kernel.places import keys_folder
from holdfast.takeover import load, shadow, shipped
from holdfast.worker.loop import seal_now

_SHOWN = 20
_DAYS = 30


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("shadow", help="run beside an old system until nothing differs")
    verbs = parser.add_subparsers(dest="verb", required=True)
    compare = verbs.add_parser("compare", help="compare a day's export with the book; exit 1 if something remains unexplained")
    compare.add_argument("file", metavar="FILE", type=Path, help="CSV (UTF-8 or GB18030) or XLSX, its first line naming the columns")
    compare.add_argument("--map", required=True, metavar="NAME|PATH", help=f"how it is read: a file, or one of {', '.join(shipped())}")
    compare.add_argument("--as-of", metavar="D", help="the day at whose end the export was made (default: yesterday)")
    compare.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    compare.set_defaults(func=_compare)


def _compare(arguments: argparse.Namespace) -> int:
    as_of = parse_date(arguments.as_of, "--as-of") if arguments.as_of else None
    tape_map = load(arguments.map)
    with book():
        run = shadow.compare(transaction, arguments.file, tape_map, as_of=as_of, progress=progress())
        seal_now(keys_folder())
        with transaction() as db:
            found = shadow.comparison(db, None, run)
            told = shadow.in_json(found, shadow.days(db, tape_map.name, limit=_DAYS))
    print(json.dumps(told, ensure_ascii=False) if arguments.json else _in_words(told))
    return 1 if found.unexplained else 0


def _in_words(told: dict[str, Any]) -> str:
    lines = [
        f"{told['file']} under the map {told['map']}, end of {told['as_of']} ({told['run']}):",
        f"{told['rows']} rows, {told['compared']} loans compared: {told['equal']} equal, {told['different']} different,",
        f"of these {told['accepted']} accepted and {told['unexplained']} unexplained.",
        f"Outstanding in {told['currency']}: old system {told['balance']['theirs']}, book {told['balance']['ours']}.",
    ]
    lines += [
        f"  {each['cause']:<22} {each['loans']:>6} loans, {each['accepted']:>6} accepted, apart {each['apart']}" for each in told["causes"]
    ]
    for each in told["differences"][:_SHOWN]:
        fields = "; ".join(f"{name} {both['theirs']} / {both['ours']}" for name, both in each["fields"].items())
        lines.append(f"  line {each['row']} {each['name']} {each['loan'] or '-'}: {each['cause']} ({fields})")
    if len(told["differences"]) > _SHOWN:
        lines.append(f"  and {len(told['differences']) - _SHOWN} more; --json names all of them")
    lines += [f"{day['as_of']}: {day['different']} different, {day['unexplained']} unexplained" for day in told["trend"]]
    return "\n".join(lines)
