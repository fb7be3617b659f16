"""`holdfast ledger ...`: the trial balance, the entries as a file, and the close of a month."""

from __future__ import annotations

import argparse
import json
import sys

from holdfast.database.connection import book, transaction
from holdfast.journal import SYSTEM
from holdfast.kernel.calendar import parse_date
from holdfast.kernel.errors import NotFound
from holdfast.kernel.money import decimal_of
from holdfast.ledger.reading import GROUPS, entries_csv, trial_balance
from holdfast.parties.staff import staff
from holdfast.policy import clock, lender
from holdfast.servicing.closing import close_month, closing_checks
from holdfast.servicing.laying import end_laying, lay_lines
from holdfast.servicing.month_end import month_end_of


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    ledger = commands.add_parser("ledger", help="the general ledger: trial balance, entries, months")
    verbs = ledger.add_subparsers(dest="verb", required=True)
    balance = verbs.add_parser("trial-balance", help="debits, credits and balance of each account at the end of a day")
    balance.add_argument("--date", metavar="D", help="as of this business date (default: the lender's)")
    balance.add_argument("--by", choices=sorted(GROUPS), default="none", help="apart by branch or product")
    balance.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    balance.set_defaults(func=_trial_balance)
    entries = verbs.add_parser("entries", help="all entries of a month as CSV, on standard output")
    entries.add_argument("month", metavar="MONTH", help="2026-11")
    entries.set_defaults(func=_entries)
    lay = verbs.add_parser("lay-lines", help="once, in a book older than daily accrual: what each loan accrues; again it lays nothing more")
    lay.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    lay.set_defaults(func=_lay_lines)
    close = verbs.add_parser("close", help="close a month: snapshot, provision, and no more entries with a date in it")
    close.add_argument("month", metavar="MONTH", help="2026-11")
    close.add_argument("--by", metavar="STAFF", help="who closes it: the id of a risk manager or administrator (st_...)")
    close.add_argument("--dry-run", action="store_true", help="only say what stands in the way; exit 1 if something does")
    close.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    close.set_defaults(func=_close)


def _trial_balance(arguments: argparse.Namespace) -> int:
    asked = parse_date(arguments.date, "--date") if arguments.date else None
    with book(), transaction() as db:
        on = asked or clock(db).today()
        found = trial_balance(db, on, lender_type=lender(db).lender_type, by=arguments.by)
    sums: dict[str, int] = {}
    for each in found:
        sums[each.currency] = sums.get(each.currency, 0) + each.net
    if arguments.json:
        items = [
            {"code": each.title.account.value, "number": each.title.code, "currency": each.currency, "part": each.part,
             "debits": each.debits, "credits": each.credits, "balance": each.net}
            for each in found
        ]  # fmt: skip
        print(json.dumps({"as_of": on.isoformat(), "balanced": not any(sums.values()), "items": items}, ensure_ascii=False))
    else:
        for each in found:
            sides = [decimal_of(amount, each.currency) for amount in (each.debits, each.credits, each.net)]
            print(f"{each.title.code:8} {sides[0]:>18} {sides[1]:>18} {sides[2]:>18} {each.currency} {each.part} {each.title.en}")
    return 1 if any(sums.values()) else 0


def _entries(arguments: argparse.Namespace) -> int:
    until = month_end_of(arguments.month)
    with book(), transaction() as db:
        for line in entries_csv(db, lender_type=lender(db).lender_type, since=until.replace(day=1), until=until):
            sys.stdout.write(line)
    return 0


def _lay_lines(arguments: argparse.Namespace) -> int:
    lines, after = 0, -1
    with book():
        while True:
            with transaction() as db:
                laid = lay_lines(db, clock=clock(db), by=SYSTEM, after=after)
                lines += laid.lines
                if laid.after is None:
                    end_laying(db, clock=clock(db), by=SYSTEM, lines=lines)
                    break
                after = laid.after
    print(json.dumps({"lines": lines}) if arguments.json else f"{lines} lines laid")
    return 0


def _close(arguments: argparse.Namespace) -> int:
    with book(), transaction() as db:
        if arguments.dry_run:
            checks = closing_checks(db, clock=clock(db), month=arguments.month)
            told = [{"name": each.name, "ok": each.ok, "found": list(each.found)} for each in checks]
            if arguments.json:
                print(json.dumps({"month": arguments.month, "ready": all(each.ok for each in checks), "checks": told}, ensure_ascii=False))
            for each in checks if not arguments.json else []:
                print(f"{'ok    ' if each.ok else 'NOT SO'}  {each.name}" + (f": {', '.join(each.found)}" if each.found else ""))
            return 0 if all(each.ok for each in checks) else 1
        if not arguments.by:
            raise NotFound("--by: say who closes the month, by the id of a risk manager or administrator", field="by")
        closed = close_month(db, clock=clock(db), by=staff(db, arguments.by), month=arguments.month)
    facts = {"month": closed.month, "entries": closed.entries, "digest": closed.digest, "snapshot": closed.snapshot}
    print(json.dumps(facts) if arguments.json else f"{closed.month} is closed: {closed.entries} entries, snapshot {closed.snapshot}")
    return 0
