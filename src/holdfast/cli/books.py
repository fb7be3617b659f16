"""`holdfast books verify`: recompute the books and compare them, both ways."""

from __future__ import annotations

import argparse
import json

from holdfast.database.connection import book
from holdfast.days import verify_now


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    books = commands.add_parser("books", help="the lender's books")
    verbs = books.add_subparsers(dest="verb", required=True)
    verify = verbs.add_parser("verify", help="debits = credits, sub-ledger = general ledger, loan rows = fold of events")
    verify.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    verify.set_defaults(func=_verify)


def _verify(arguments: argparse.Namespace) -> int:
    with book():
        checks = verify_now()
    if arguments.json:
        print(json.dumps({"checks": [check.as_json() for check in checks]}, ensure_ascii=False))
    else:
        for check in checks:
            print(f"{'ok    ' if check.ok else 'DIFFER'}  {check.name}: {check.compared} compared, {check.found} different")
            for difference in check.differences[:10]:
                print("        " + ", ".join(f"{name} {value}" for name, value in difference.items()))
    return 0 if all(check.ok for check in checks) else 1
