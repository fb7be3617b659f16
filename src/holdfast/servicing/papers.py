"""The papers of a loan that is being repaid: statement of account and pay-off statement, set in type, sealed and on record.

Only masked data stands on them. A paper lies sealed under the borrower's own key; the loan's chain names it by its digest, so
that a sum we once confirmed can be held against us.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import psycopg

from holdfast import files
from holdfast.duties import Case, enter, take_by_id
from holdfast.files import File
from holdfast.files.ports import Notary, Press
from holdfast.journal import Actor
from holdfast.kernel.capitals import in_capitals
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import NotFound, Refusal
from holdfast.kernel.money import Money, decimal_of
from holdfast.life import RECORDS
from holdfast.parties import Staff, box_of, party_by_id, require
from holdfast.servicing import reading
from holdfast.servicing.account_statement import ACCRUED, AccountStatement, Parts, StatementLine, account_statement
from holdfast.servicing.payoff import PayoffLine
from holdfast.servicing.payoff_statement import PayoffStatement, payoff_statement
from holdfast.servicing.views import Look

Db = psycopg.Connection[Any]

_TEMPLATES: Final = Path(__file__).resolve().parent / "documents"
ACCOUNT: Final = "account_statement"
PAYOFF: Final = "payoff_statement"
# What the papers of this stage are called among a loan's files.
PURPOSES: Final = (ACCOUNT, PAYOFF)
# Setting and sealing costs more than reading; nobody needs more in a day.
MOST_A_DAY: Final = 20
_PARTS: Final = {"principal": "本金", "interest": "利息", "fee": "费用", "penalty": "罚息", "credit": "多付款"}
_COUNT_TODAY: Final = "SELECT count(*) FROM record WHERE loan_id = %s AND on_date = %s AND kind = ANY(%s)"
_RECORDS: Final = {ACCOUNT: "account_statement.issued", PAYOFF: "payoff_statement.issued"}


@dataclass(frozen=True, slots=True)
class Issued:
    """A paper that was made, and the record that tells of it."""

    file: File
    record_seq: int


def issue_account_statement(
    db: Db, *, clock: Clock, by: Staff | Actor, look: Look, loan: str, start: date | None = None, until: date | None = None, press: Press,
    notary: Notary,
) -> Issued:  # fmt: skip
    """Set and seal the statement of account of a period. Staff of the loan's branch, or the borrower (`look` is their sight).

    BadInput and Refusal as in `account_statement`; Refusal after twenty papers in a day.
    """
    actor = _actor(by)
    case = _case(db, look, loan, clock)
    found = account_statement(db, look, loan, start=start, until=until)
    says = {"start": found.start.isoformat(), "until": found.until.isoformat(), "closing": Money(found.closing, found.currency).as_json()}
    facts = {**_heading(case, clock), **account_facts(found)}
    name = f"借款对账单-{case.loan.contract_no}-{found.until.isoformat()}.pdf"
    return _keep(db, clock, actor, case, press, notary, purpose=ACCOUNT, facts=facts, name=name, title="借款对账单", says=says)


def issue_payoff_statement(
    db: Db, *, clock: Clock, by: Staff | Actor, look: Look, loan: str, on: date | None = None, press: Press, notary: Notary
) -> Issued:
    """Set and seal the pay-off statement for a day; who and what is refused as for the statement of account."""
    actor = _actor(by)
    case = _case(db, look, loan, clock)
    found = payoff_statement(db, look, loan, on=on)
    says = {"for": found.on.isoformat(), "total": found.total.as_json(), "good_until": found.good_until.isoformat()}
    facts = {**_heading(case, clock), **payoff_facts(found)}
    name = f"提前结清金额单-{case.loan.contract_no}-{found.on.isoformat()}.pdf"
    return _keep(db, clock, actor, case, press, notary, purpose=PAYOFF, facts=facts, name=name, title="提前结清金额单", says=says)


def issued(db: Db, look: Look, loan: str) -> list[tuple[File, str]]:
    """The papers of a loan within sight, newest first, with what each is."""
    number = reading.loan_number(db, look, loan)
    return [(file, purpose) for file, purpose in reversed(files.of_loan(db, number)) if purpose in PURPOSES]


def read_paper(db: Db, look: Look, loan: str, paper: str) -> tuple[File, bytes]:
    """A paper, opened; NotFound for a loan out of sight or a file that is no paper of its."""
    found = next((file for file, _purpose in issued(db, look, loan) if file.public_id == paper), None)
    if found is None:
        raise NotFound(f"this loan has no paper {paper}", code="no_file", field="paper")
    party = party_by_id(db, found.party_id) if found.party_id is not None else None
    return found, files.read(found, box=box_of(db, party) if party else None)


# ── what stands on them ────────────────────────────────────────────────────────────────────────────────────


def account_facts(found: AccountStatement) -> dict[str, Any]:
    """The statement of account as it is set in type."""

    def money(minor: int) -> str:
        return _amount(minor, found.currency)

    overdue = "无"
    if found.fallen_due and found.oldest_on is not None:
        late = f"，最早一笔 {_day(found.oldest_on)}到期" + (f"，已逾期 {found.days_late} 天" if found.days_late else "")
        overdue = f"{money(found.fallen_due)} 元{late}"
    return {
        "borrower": found.borrower,
        "product": found.product_zh,
        "start": _day(found.start),
        "until": _day(found.until),
        "opening": money(found.opening),
        "added": money(found.added.total),
        "taken": money(found.taken.total),
        "closing": money(found.closing),
        "overdue": overdue,
        "next": f"{_day(found.next_on)}，{money(found.next_due)} 元" if found.next_on is not None else "无",
        "lines": [_told(line, found.currency) for line in found.lines],
    }


def _told(line: StatementLine, currency: str) -> dict[str, str]:
    added, taken = _breakdown(line.added, currency), _breakdown(line.taken, currency)
    notes = [f"增：{added}", f"减：{taken}"] if added and taken else [added or taken]
    if line.value_on != line.on:
        notes.append(f"起息日 {_day(line.value_on)}")
    if line.undone_by is not None:
        notes.append(f"已由第 {line.undone_by} 笔冲回")
    return {
        "on": line.on.isoformat(),
        "what": what_zh(line),
        "note": "；".join(note for note in notes if note),
        "added": _amount(line.added.total, currency) if line.added.total else "",
        "taken": _amount(line.taken.total, currency) if line.taken.total else "",
        "balance": _amount(line.balance, currency),
    }


def what_zh(line: StatementLine) -> str:
    """What happened, as the paper says it."""
    if line.kind == ACCRUED:
        return "截至期末的逾期罚息"
    if line.kind == "instalment.due":
        return f"第 {line.facts['n']} 期到期，计入利息"
    name = RECORDS[line.kind].zh
    return f"{name}（第 {line.facts['event_no']} 笔）" if "event_no" in line.facts else name


def _breakdown(parts: Parts, currency: str) -> str:
    return "，".join(f"{_PARTS[name]} {_amount(minor, currency)}" for name, minor in parts.told().items())


def payoff_facts(found: PayoffStatement) -> dict[str, Any]:
    """The pay-off statement as it is set in type."""
    currency = found.total.currency
    more = found.a_day_more.minor
    same = found.good_until > found.on
    changes = "不变" if not more else f"{'增加' if more > 0 else '减少'} {_amount(abs(more), currency)} 元"
    return {
        "borrower": found.borrower,
        "product": found.product_zh,
        "on": _day(found.on),
        "total": _amount(found.total.minor, currency),
        "capitals": in_capitals(found.total),
        "good_until": f"{_day(found.on)}当天 24:00 前到账" + (f"；至 {_day(found.good_until)}金额相同" if same else ""),
        "lines": [[*_payoff_line(line, currency), _amount(line.amount, currency)] for line in found.lines],
        "following": [[_day(day), _amount(each.minor, currency)] for day, each in found.following],
        "a_day_more": f"晚一天还清，金额{changes}。",
    }


def _payoff_line(line: PayoffLine, currency: str) -> tuple[str, str]:
    """What a line of the sum is, and the arithmetic under it."""
    if line.part == "interest_running":
        why = f"第 {line.n} 期利息 {_amount(line.of, currency)} × {line.days} 天 ÷ {line.period_days} 天"
        return "当期利息，按天计", why
    names = {
        "principal": "未还本金", "claim": "核销后仍欠的款项", "paid_ahead": "减：已多付的未到期利息",
        "interest": f"第 {line.n} 期已到期利息",
        "fee": f"第 {line.n} 期费用",
        "penalty": f"第 {line.n} 期罚息",
    }  # fmt: skip
    return names[line.part], f"逾期 {line.days} 天" if line.part == "penalty" and line.days else ""


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _actor(by: Staff | Actor) -> Actor:
    if isinstance(by, Staff):
        require(by, "paper.issue")
        return by.actor
    return by


def _case(db: Db, look: Look, loan: str, clock: Clock) -> Case:
    """The loan within sight, locked; Refusal where its papers of the day are used up."""
    case = take_by_id(db, reading.loan_number(db, look, loan))
    made = db.execute(_COUNT_TODAY, [case.loan.loan_id, clock.today(), list(_RECORDS.values())]).fetchone()
    if made is not None and made[0] >= MOST_A_DAY:
        why = f"{MOST_A_DAY} papers of loan {loan} were made today; they stay where they are, and new ones can be made tomorrow"
        raise Refusal(why, code="papers_a_day", most=MOST_A_DAY)
    return case


def _keep(
    db: Db, clock: Clock, actor: Actor, case: Case, press: Press, notary: Notary, *, purpose: str, facts: Mapping[str, Any], name: str,
    title: str, says: Mapping[str, Any],
) -> Issued:  # fmt: skip
    """Set, seal and keep one paper under the borrower's key, and write it on the loan's chain."""
    pdf = press.typeset(_TEMPLATES / f"{purpose}.typ", facts, at=clock.now())
    organisation = case.lender.name or "Holdfast"
    signed = notary.seal(pdf, organisation=organisation, reason=f"{title} {case.loan.contract_no}", at=clock.now())
    party = party_by_id(db, case.loan.party_id) if case.loan.party_id is not None else None
    box = box_of(db, party) if party else None
    file = files.put(db, signed.pdf, clock=clock, name=name, box=box, party_id=party.party_id if party else None)
    files.link(db, loan_id=case.loan.loan_id, file=file, purpose=purpose)
    record = enter(
        db, case, clock=clock, by=actor, kind=_RECORDS[purpose], says={**says, "paper": file.public_id}, seals={"paper": file.digest},
        while_frozen=True,
    )  # fmt: skip
    return Issued(file, record.seq)


def _heading(case: Case, clock: Clock) -> dict[str, str]:
    known = case.lender
    return {
        "lender": known.name or "",
        "licence": known.licence_no or "",
        "contract_no": case.loan.contract_no,
        "issued_on": _day(clock.today()),
    }


def _amount(minor: int, currency: str) -> str:
    """`1,234.50`, with a true minus sign."""
    whole, point, decimals = decimal_of(abs(minor), currency).partition(".")
    return f"{'−' if minor < 0 else ''}{int(whole):,}{point}{decimals}"


def _day(day: date) -> str:
    return f"{day.year} 年 {day.month} 月 {day.day} 日"
