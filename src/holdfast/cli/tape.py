"""`holdfast tape import`: take over another lender's loans and print how tape and book compare."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from holdfast.cli.progress import progress
from holdfast.database.connection import book, transaction
from holdfast.kernel.calendar import parse_date
from holdfast.kernel.places import keys_folder
from holdfast.takeover import Reconciliation, import_tape, load, shipped
from holdfast.worker.loop import seal_now

_SHOWN = 20


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    tape = commands.add_parser("tape", help="take over loans from another lender's tape")
    verbs = tape.add_subparsers(dest="verb", required=True)
    read = verbs.add_parser("import", help="book a tape's loans; exit 1 if some rows were refused. The same file twice books nothing twice")
    read.add_argument("file", metavar="FILE", type=Path, help="CSV in UTF-8 or GB18030, its first line naming the columns")
    read.add_argument("--map", required=True, metavar="NAME|PATH", help=f"how the tape is read: a file, or one of {', '.join(shipped())}")
    read.add_argument("--as-of", metavar="D", help="the day whose balances the tape shows (default: the map's)")
    read.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    read.set_defaults(func=_import)


def _import(arguments: argparse.Namespace) -> int:
    as_of = parse_date(arguments.as_of, "--as-of") if arguments.as_of else None
    tape_map = load(arguments.map)
    with book():
        report = import_tape(transaction, arguments.file, tape_map, as_of=as_of, progress=progress())
        seal_now(keys_folder())
    print(json.dumps(report.to_json(), ensure_ascii=False) if arguments.json else _in_words(report))
    return 1 if report.refused else 0


def _in_words(report: Reconciliation) -> str:
    told = report.to_json()
    tape, principal, instalment = told["tape"], told["principal"], told["instalment"]
    lines = [
        f"{tape['name']} under the map {tape['map']}, as of {tape['as_of']} ({tape['id']}):",
        f"{report.rows} rows: {report.booked} booked, {report.already} already in the book, {len(report.refused)} refused.",
        f"Instalment: {instalment['equal']} equal to the cent, {len(instalment['different'])} different.",
        f"Outstanding principal in {report.currency}, by the tape's status:",
    ]
    lines += [f"  {status:<24} tape {principal['tape'][status]:>18}  book {booked:>18}" for status, booked in principal["booked"].items()]
    lines.append("Tape and book agree." if report.principal_agrees else "TAPE AND BOOK DIFFER.")
    lines += _listed("Refused, nothing of them booked", report.refused, "{row} {column} {value!r}: {reason}")
    lines += _listed("Instalment differs", instalment["different"], "{row}: tape {tape}, ours {ours}: {reason}")
    lines += _listed("Rate above the ceiling, barred from new charges", report.over_ceiling, "{row}: {rate_percent} %")
    lines += _listed("Figures that contradict each other", report.contradictions, "{row} {column} {value!r}: {reason}")
    return "\n".join(lines)


def _listed(title: str, rows: list[dict[str, Any]], form: str) -> list[str]:
    if not rows:
        return []
    lines = [f"{title}: {len(rows)}"] + ["  line " + form.format(**row) for row in rows[:_SHOWN]]
    return lines + ([f"  and {len(rows) - _SHOWN} more; --json names all of them"] if len(rows) > _SHOWN else [])
