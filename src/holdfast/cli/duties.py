"""`holdfast duties audit`: recompute what should have been done, and name what is missing, late or unproved."""

from __future__ import annotations

import argparse
import json
from datetime import date

from holdfast.database.connection import book, transaction
from holdfast.duties.audit import Audit, examine
from holdfast.kernel.calendar import parse_date
from holdfast.policy import clock
from holdfast.wiring import EXPECTATIONS

_SHOWN = 20


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    duties = commands.add_parser("duties", help="what must be done, and whether it was")
    verbs = duties.add_subparsers(dest="verb", required=True)
    audit = verbs.add_parser("audit", help="recompute what should have been done; exit 1 if anything is missing, late or unproved")
    audit.add_argument("--date", metavar="D", help="audit as of this business date (default: the lender's)")
    audit.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    audit.set_defaults(func=_audit)


def _audit(arguments: argparse.Namespace) -> int:
    as_of = parse_date(arguments.date, "--date") if arguments.date else None
    with book():
        outcome = audit_book(as_of)
    print(json.dumps(outcome.as_json(), ensure_ascii=False) if arguments.json else _in_words(outcome))
    return 0 if outcome.clean else 1


def audit_book(as_of: date | None) -> Audit:
    """The audit in one snapshot of the book, as of its business date unless another is given."""
    with transaction() as db:
        db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return examine(db, as_of or clock(db).today(), EXPECTATIONS)


def _in_words(outcome: Audit) -> str:
    lines = [f"As of {outcome.as_of}: {outcome.loans} loans, {outcome.expected} moments that had to be there."]
    for name in ("missing", "late", "unproved"):
        findings = getattr(outcome, name)
        lines.append(f"{name}: {len(findings)}")
        lines += [f"  {each.loan} {each.kind or 'loan'} {each.due_at or ''} {each.why}" for each in findings[:_SHOWN]]
        if len(findings) > _SHOWN:
            lines.append(f"  and {len(findings) - _SHOWN} more; --json names all of them")
    return "\n".join(lines)
