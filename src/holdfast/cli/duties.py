"""`holdfast duties ...`: recompute what should have been done, now, over a past period, or for the daily statements of coverage."""

from __future__ import annotations

import argparse
import json
from datetime import date, timedelta

from holdfast.database.connection import book, transaction
from holdfast.duties import papers
from holdfast.duties.audit import Audit, examine
from holdfast.duties.period import VERDICTS, check_period, examine_loan, examine_period
from holdfast.duties.statements import recompute, statements, unlike_records
from holdfast.journal import chain_named
from holdfast.kernel.calendar import parse_date
from holdfast.policy import clock
from holdfast.wiring import EXPECTATIONS, NOTARY, PRESS

_SHOWN = 20


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    duties = commands.add_parser("duties", help="what must be done, and whether it was")
    verbs = duties.add_subparsers(dest="verb", required=True)
    audit = verbs.add_parser("audit", help="recompute what should have been done; exit 1 if anything is missing, late or unproved")
    audit.add_argument("--date", metavar="D", help="audit as of this business date (default: the lender's)")
    audit.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    audit.set_defaults(func=_audit)

    period = verbs.add_parser("period", help="what was due on past days, when it was done and by which record; exit 1 unless all is proved")
    period.add_argument("--from", dest="first", metavar="D", required=True, help="the first day")
    period.add_argument("--until", metavar="D", required=True, help="the last day; it must be over")
    period.add_argument("--loan", metavar="LOAN", help="one loan, by its public id or contract number (default: the whole book)")
    period.add_argument("--json", action="store_true", help="print every line as JSON, one a line, then the counts")
    period.set_defaults(func=_period)

    paper = verbs.add_parser(
        "paper", help="the audit of past days of the whole book as a sealed PDF with its list, whatever the book's size"
    )
    paper.add_argument("--from", dest="first", metavar="D", required=True, help="the first day")
    paper.add_argument("--until", metavar="D", required=True, help="the last day; it must be over")
    paper.set_defaults(func=_paper)

    covered = verbs.add_parser("coverage", help="compare the daily statements with their records and with the days recomputed")
    covered.add_argument("--from", dest="first", metavar="D", help="the first day (default: 30 days ago)")
    covered.add_argument("--until", metavar="D", help="the last day (default: the newest)")
    covered.set_defaults(func=_coverage)


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


def _period(arguments: argparse.Namespace) -> int:
    first, until = parse_date(arguments.first, "--from"), parse_date(arguments.until, "--until")
    with book(), transaction() as db:
        db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        check_period(first, until, clock(db).today())
        if arguments.loan:
            found = examine_loan(db, chain_named(db, arguments.loan), first, until, EXPECTATIONS)
        else:
            found = examine_period(db, first, until, EXPECTATIONS, keep_proved=arguments.json)
    counts = {verdict: found.counts()[verdict] for verdict in VERDICTS}
    if arguments.json:
        for line in found.lines:
            print(json.dumps(line.as_json(), ensure_ascii=False))
        print(json.dumps({"first": first.isoformat(), "until": until.isoformat(), "loans": found.loans, **counts}))
    else:
        print(f"{first} to {until}: {found.loans} loans, {sum(counts.values())} things were due.")
        for verdict, number in counts.items():
            print(f"{verdict}: {number}")
        for line in [each for each in found.lines if each.verdict != "proved"][:_SHOWN]:
            print(f"  {line.due_on} {line.loan} {line.kind} {line.about}: {line.verdict} {line.done_on or line.why}")
    return 0 if not sum(number for verdict, number in counts.items() if verdict != "proved") else 1


def _paper(arguments: argparse.Namespace) -> int:
    first, until = parse_date(arguments.first, "--from"), parse_date(arguments.until, "--until")
    with book():
        with transaction() as db:
            db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            check_period(first, until, clock(db).today())
            audited = papers.audit_book(db, first, until, EXPECTATIONS)
        with transaction() as db:
            made = papers.issue_of_book(db, clock=clock(db), by=None, audited=audited, press=PRESS, notary=NOTARY)
    print(f"{made.file.name}: {made.found.loans} loans, {audited.lines} things not done on their day (record {made.record_seq})")
    if audited.lines:
        print(f"list: SHA-256 {audited.digest}")
    return 0 if not audited.lines else 1


def _coverage(arguments: argparse.Namespace) -> int:
    with book(), transaction() as db:
        db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        today = clock(db).today()
        first = parse_date(arguments.first, "--from") if arguments.first else today - timedelta(days=30)
        until = parse_date(arguments.until, "--until") if arguments.until else today
        stated = statements(db, first, until)
        differences = unlike_records(db) + recompute(db, first, until, EXPECTATIONS)
    for each in reversed(stated):
        told = each.coverage.as_json()
        print(f"{each.coverage.on}: " + ", ".join(f"{name} {told[name]}" for name in told if name != "on") + f" (record {each.record_seq})")
    for difference in differences:
        print(f"DIFFERS  {difference.on}: {difference.why}")
    print(f"{len(stated)} statements recomputed; {len(differences)} differ")
    return 1 if differences else 0


def _in_words(outcome: Audit) -> str:
    lines = [f"As of {outcome.as_of}: {outcome.loans} loans, {outcome.expected} moments that had to be there."]
    for name in ("missing", "late", "unproved"):
        findings = getattr(outcome, name)
        lines.append(f"{name}: {len(findings)}")
        lines += [f"  {each.loan} {each.kind or 'loan'} {each.due_at or ''} {each.why}" for each in findings[:_SHOWN]]
        if len(findings) > _SHOWN:
            lines.append(f"  and {len(findings) - _SHOWN} more; --json names all of them")
    return "\n".join(lines)
