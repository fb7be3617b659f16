"""The audit of a past period as a paper: set in type, sealed by the lender, on record, for one loan or for the whole book.

Only masked data stands on it. For one loan every line is there; for the book every day's counts, and the first of the lines
that were not done on their day. All of those are kept as a list beside the paper, which carries the list's SHA-256: so the
paper of a very large book is whole and still can be read.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from holdfast import files
from holdfast.duties.audit import Provider
from holdfast.duties.case import Db, enter, take
from holdfast.duties.period import VERDICTS, Line, Period, check_period, examine_loan, examine_period
from holdfast.files import File
from holdfast.files.ports import Notary, Press
from holdfast.journal import SYSTEM, Record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import Forbidden, NotFound
from holdfast.life import DUTIES, RECORDS
from holdfast.parties import Reach, Staff, box_of, party_by_id, require, staff_list
from holdfast.policy import Lender, lender, record_house_act

PURPOSE: Final = "duty_audit"
KIND: Final = "duty_audit.issued"
MOST_LINES: Final = 400
_TEMPLATE: Final = Path(__file__).resolve().parent / "documents" / "period.typ"
_HOUSE_PAPERS: Final = """
    SELECT f.public_id FROM file_link k JOIN file f USING (file_id) JOIN lender h ON h.chain_id = k.loan_id
     WHERE k.purpose = %s ORDER BY f.file_id DESC LIMIT %s"""


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit of the whole book found: the period, and each line that was not proved as one line of JSON."""

    found: Period
    listing: bytes

    @property
    def lines(self) -> int:
        """How many lines the list has."""
        return self.listing.count(b"\n")

    @property
    def digest(self) -> str:
        """The list's SHA-256, in hexadecimal figures."""
        return hashlib.sha256(self.listing).hexdigest()


@dataclass(frozen=True, slots=True)
class Issued:
    """A paper that was made, what it found, and the record that names it: in the loan's chain, or in the house's."""

    file: File
    found: Period
    record_seq: int


def issue(
    db: Db, *, clock: Clock, by: Staff, first: date, until: date, loan: str | None = None, providers: Sequence[Provider], press: Press,
    notary: Notary,
) -> Issued:  # fmt: skip
    """Audit a period that is over, and keep the result as a sealed PDF. For the whole book, only who sees the whole book may ask.

    BadInput for a period that is not over, or is longer than a year; NotFound for a loan out of sight.
    """
    require(by, "duty.audit")
    check_period(first, until, clock.today())
    if loan is not None:
        return _of_loan(db, clock, by, first, until, loan, providers, press, notary)
    _must_see_all(by)
    return issue_of_book(db, clock=clock, by=by, audited=audit_book(db, first, until, providers), press=press, notary=notary)


def audit_book(db: Db, first: date, until: date, providers: Sequence[Provider]) -> Audited:
    """Audit a whole book of any size, for a paper: call it in one snapshot, which need not be the transaction that keeps the paper."""
    told: list[bytes] = []

    def tell(line: Line) -> None:
        told.append(json.dumps(line.as_json(), ensure_ascii=False).encode() + b"\n")

    found = examine_period(db, first, until, providers, most=MOST_LINES, told=tell)
    return Audited(found, b"".join(told))


def issue_of_book(db: Db, *, clock: Clock, by: Staff | None, audited: Audited, press: Press, notary: Notary) -> Issued:
    """Keep the audit of the whole book as a sealed PDF, and its list. `by` is None where the command on the machine makes it."""
    if by is not None:
        require(by, "duty.audit")
        _must_see_all(by)
    found, known = audited.found, lender(db)
    check_period(found.first, found.until, clock.today())
    span = f"{found.first.isoformat()}-{found.until.isoformat()}"
    listing = files.put(db, audited.listing, clock=clock, name=f"事项核查清单-{span}.jsonl") if audited.listing else None
    facts = {
        **_facts(db, known, clock, by.name if by else "系统", found, of_book=True),
        "about": f"{found.first.isoformat()} – {found.until.isoformat()}",
        "scope": f"全部借款，共 {found.loans} 笔",
        "lines_title": "未按时办结的事项",
        "listing": f"全部未按时办结的事项另存清单，共 {audited.lines} 项，SHA-256：{audited.digest}" if listing else "",
    }
    file = files.put(db, _sealed(press, notary, known, clock, facts), clock=clock, name=f"事项核查单-{span}.pdf")
    says = {**_says(found), "paper": file.public_id}
    seals = {"paper": file.digest}
    if listing is not None:
        says |= {"list": listing.public_id, "list_lines": audited.lines, "list_sha256": audited.digest}
        seals["list"] = listing.digest
    record = record_house_act(db, clock=clock, by=by.actor if by else SYSTEM, kind=KIND, says=says, seals=seals)
    if listing is not None:
        files.link(db, loan_id=record.loan_id, file=listing, purpose=PURPOSE)
    return _kept(db, file, found, record)


def issued_of_book(db: Db, limit: int = 20) -> list[File]:
    """The papers of the whole book and their lists, newest first."""
    return [files.get(db, row[0]) for row in db.execute(_HOUSE_PAPERS, [PURPOSE, limit]).fetchall()]


def read_paper(db: Db, *, by: Staff, paper: str, loan: str | None = None) -> tuple[File, bytes]:
    """A paper, opened; NotFound for one that is not of this loan, or (without a loan) not of the book."""
    require(by, "duty.audit")
    if loan is None:
        _must_see_all(by)
        found = next((each for each in issued_of_book(db, 1_000) if each.public_id == paper), None)
    else:
        number = take(db, loan, by.scope, lock=False).loan.loan_id
        found = next((file for file, purpose in files.of_loan(db, number) if file.public_id == paper and purpose == PURPOSE), None)
    if found is None:
        raise NotFound(f"there is no such paper {paper}", code="no_file", field="paper")
    party = party_by_id(db, found.party_id) if found.party_id is not None else None
    return found, files.read(found, box=box_of(db, party) if party else None)


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _of_loan(
    db: Db, clock: Clock, by: Staff, first: date, until: date, loan: str, providers: Sequence[Provider], press: Press, notary: Notary
) -> Issued:
    case = take(db, loan, by.scope)
    found = examine_loan(db, case.loan.loan_id, first, until, providers)
    facts = {
        **_facts(db, case.lender, clock, by.name, found, of_book=False),
        "about": f"合同号 {case.loan.contract_no}",
        "scope": f"合同号 {case.loan.contract_no}，借款人 {case.loan.borrower_label}（脱敏）",
        "lines_title": "逐项办理情况",
        "listing": "",
    }
    party = party_by_id(db, case.loan.party_id) if case.loan.party_id is not None else None
    name = f"事项核查单-{case.loan.contract_no}-{until.isoformat()}.pdf"
    pdf = _sealed(press, notary, case.lender, clock, facts)
    file = files.put(db, pdf, clock=clock, name=name, box=box_of(db, party) if party else None, party_id=party.party_id if party else None)
    says = {**_says(found), "paper": file.public_id}
    record = enter(db, case, clock=clock, by=by.actor, kind=KIND, says=says, seals={"paper": file.digest}, while_frozen=True)
    return _kept(db, file, found, record)


def _kept(db: Db, file: File, found: Period, record: Record) -> Issued:
    files.link(db, loan_id=record.loan_id, file=file, purpose=PURPOSE)
    return Issued(file, found, record.seq)


def _must_see_all(by: Staff) -> None:
    if by.reach is not Reach.ALL:
        raise Forbidden("an audit of the whole book is for who sees the whole book; name one loan", code="scope_too_narrow", scope=by.reach)


def _sealed(press: Press, notary: Notary, known: Lender, clock: Clock, facts: Mapping[str, Any]) -> bytes:
    pdf = press.typeset(_TEMPLATE, facts, at=clock.now())
    return notary.seal(pdf, organisation=known.name or "Holdfast", reason=f"事项核查单 {facts['about']}", at=clock.now()).pdf


def _says(found: Period) -> dict[str, Any]:
    counts = found.counts()
    return {
        "first": found.first.isoformat(), "until": found.until.isoformat(), "loans": found.loans,
        **{verdict: counts[verdict] for verdict in VERDICTS},
    }  # fmt: skip


def _facts(db: Db, known: Lender, clock: Clock, by: str, found: Period, *, of_book: bool) -> dict[str, Any]:
    counts = found.counts()
    names = {each.public_id: each.name for each in staff_list(db)}
    bad = sum(counts[verdict] for verdict in VERDICTS if verdict != "proved")
    kept = found.lines[:MOST_LINES]
    left = (bad if of_book else len(found.lines)) - len(kept)
    return {
        "lender": known.name or "",
        "licence": known.licence_no or "",
        "first": _day(found.first),
        "until": _day(found.until),
        "due": sum(counts.values()),
        **{verdict: counts[verdict] for verdict in VERDICTS},
        "verdict": "期间各项均按时办结，凭据齐全" if not bad else f"{bad} 项未按时办结或凭据不全，逐项列明于后",
        "days": [[day.isoformat(), *_row(found.days[day])] for day in sorted(found.days)],
        "lines": [_told(line, names, of_book=of_book) for line in kept],
        "more": f"另有 {left} 项未列出，见清单文件。" if left > 0 else "",
        "by": by,
        "issued_on": _day(clock.today()),
    }


def _row(counts: Counter[str]) -> list[str]:
    return [str(sum(counts.values())), *(str(counts[verdict]) for verdict in VERDICTS)]


def _told(line: Line, names: Mapping[str, str], *, of_book: bool) -> list[str]:
    kind = DUTIES[line.kind].zh if line.kind in DUTIES else line.kind
    about = "，".join(part for part in (about_zh(line.about), f"借款 {line.loan}" if of_book else "") if part)
    if line.done_on is None:
        done = {"open": "未办", "missing": "缺失", "unproved": "无有效凭据"}[line.verdict]
        return [line.due_on.isoformat(), kind, about, done, f"记录 {line.seq}" if line.seq else ""]
    done = f"{line.done_on.isoformat()} {'按时办结' if line.verdict == 'proved' else '逾时办结'}"
    record = RECORDS[line.record].zh if line.record in RECORDS else line.record
    who = names.get(line.by, {"system": "系统", "borrower": "借款人"}.get(line.role, line.by))
    return [line.due_on.isoformat(), kind, about, done, f"{who}，记录 {line.seq}：{record}"]


def about_zh(about: str) -> str:
    """What a moment is about, in words: `i3 T-7` is instalment 3, seven days ahead."""
    if found := re.fullmatch(r"i(\d+) T-(\d+)", about):
        return f"第 {found[1]} 期，提前 {found[2]} 天" if found[2] != "0" else f"第 {found[1]} 期，到期当天"
    if found := re.fullmatch(r"(\S+) T\+(\d+)", about):
        return f"{found[1]} 到期，逾期第 {found[2]} 天"
    if found := re.fullmatch(r"record (\d+)", about):
        return f"因记录 {found[1]}"
    return re.sub(r"^paid off (\S+)$", r"\1 结清", re.sub(r"^over-payment (\S+)$", r"\1 多收", about))


def _day(day: date) -> str:
    return f"{day.year} 年 {day.month} 月 {day.day} 日"
