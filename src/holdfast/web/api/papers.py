"""The papers of a loan that is being repaid: statement of account, pay-off statement, due dates, and the sealed PDFs."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal

from ninja import Router
from pydantic import Field

from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money
from holdfast.servicing import papers
from holdfast.servicing.account_statement import AccountStatement, Parts, account_statement
from holdfast.servicing.due_dates import due_dates_of
from holdfast.servicing.payoff_statement import payoff_statement
from holdfast.servicing.reading import loan_detail
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.shapes import PayoffLineOut
from holdfast.web.api.values import Day, In, Instant, MoneyOut, Out
from holdfast.wiring import NOTARY, PRESS

router = Router()


class PartsOut(Out):
    """An amount by its parts; `credit` is money of the borrower's own. `total` is their sum."""

    principal: MoneyOut
    interest: MoneyOut
    fee: MoneyOut
    penalty: MoneyOut
    credit: MoneyOut
    total: MoneyOut


class PapersLineOut(Out):
    """One event. `on` is the day it was entered, `value_on` the day it counts from; `event_no` is 0 for penalty interest up to the end."""

    event_no: int
    on: Day
    value_on: Day
    kind: str
    added: PartsOut
    taken: PartsOut
    balance: MoneyOut
    undone_by: int | None


class StatementOut(Out):
    """A loan's account over a period: `opening` plus what was added less what was taken is `closing`."""

    loan: str
    contract_no: str
    borrower: str
    start: Day
    until: Day
    opening: MoneyOut
    items: list[PapersLineOut]
    added: PartsOut
    taken: PartsOut
    closing: MoneyOut
    fallen_due: MoneyOut
    oldest_on: Day | None
    days_late: int
    next_on: Day | None
    next_due: MoneyOut


class DaySumOut(Out):
    """What ends the loan on one day."""

    on: Day
    total: MoneyOut


class PayoffStatementOut(Out):
    """What ends the loan on `on`. `a_day_more` is what the next day asks for beyond it; `good_until` the last day with the same sum."""

    loan: str
    contract_no: str
    on: Day
    drawn_on: Day
    lines: list[PayoffLineOut]
    total: MoneyOut
    a_day_more: MoneyOut
    good_until: Day
    following: list[DaySumOut]


class DueDateOut(Out):
    """One instalment as a calendar keeps it; `changes` counts how often its day or amount has changed."""

    n: int
    due_on: Day
    amount: MoneyOut
    changes: int
    changed_on: Day
    stands: bool


class DueDateList(Out):
    items: list[DueDateOut]


class PapersPaperIn(In):
    """Which paper: of a period (`start`, `until`) or of a day (`on`); left out, the whole life so far and today."""

    kind: Literal["account_statement", "payoff_statement"]
    start: Day | None = None
    until: Day | None = None
    on: Day | None = None


class PapersPaperOut(Out):
    """A paper that was made: its kind, its file, the digest that the journal names it by."""

    id: str
    kind: str
    name: str
    digest: str
    made_at: Instant


class PaperList(Out):
    items: list[PapersPaperOut]


class PaperContentOut(Out):
    """A paper as it was sealed: the PDF in base64."""

    name: str
    media_type: str
    content: Annotated[str, Field(json_schema_extra={"contentEncoding": "base64"})]


@operation(router, "GET", "/loans/{loan}/statement", "servicing.statement", answer=StatementOut)
def read_statement(call: Call, loan: str, start: Day | None = None, until: Day | None = None) -> Any:
    """The account over a period, line by line; without days, the whole life so far."""
    return _statement(account_statement(call.db, call.look, loan, start=start, until=until))


@operation(router, "GET", "/loans/{loan}/payoff-statement", "servicing.payoff_statement", answer=PayoffStatementOut)
def read_payoff_statement(call: Call, loan: str, on: Day | None = None) -> Any:
    """What ends the loan today or on a day ahead, by how much the next day differs, and how long the sum holds."""
    found = payoff_statement(call.db, call.look, loan, on=on)

    def money(minor: int) -> Money:
        return Money(minor, found.total.currency)

    lines = [
        {
            "part": line.part, "n": line.n, "amount": money(line.amount), "of": money(line.of), "days": line.days,
            "period_days": line.period_days,
        }
        for line in found.lines
    ]  # fmt: skip
    plain = {name: getattr(found, name) for name in ("loan", "contract_no", "on", "drawn_on", "total", "a_day_more", "good_until")}
    return {**plain, "lines": lines, "following": [{"on": day, "total": total} for day, total in found.following]}


@operation(router, "GET", "/loans/{loan}/due-dates", "servicing.due_dates", answer=DueDateList)
def read_due_dates(call: Call, loan: str) -> Any:
    """Every instalment that the loan has or had, with its day, what it still asks for and how often either has changed."""
    currency = loan_detail(call.db, call.look, loan).row.currency
    return {
        "items": [
            {
                "n": each.n, "due_on": each.due_on, "amount": Money(each.amount, currency), "changes": each.changes,
                "changed_on": each.changed_on, "stands": each.stands,
            }
            for each in due_dates_of(call.db, call.look, loan)
        ]
    }  # fmt: skip


@operation(router, "POST", "/loans/{loan}/papers", "servicing.issue_paper", answer=PapersPaperOut, status=201)
def issue_paper(call: Call, loan: str, body: PapersPaperIn) -> Any:
    """Make a statement or a pay-off statement: set in type, sealed, kept, and on the loan's chain."""
    common: dict[str, Any] = {
        "clock": call.clock, "by": call.staff, "look": call.look, "loan": loan, "press": PRESS, "notary": NOTARY,
    }  # fmt: skip
    if body.kind == papers.PAYOFF:
        if body.start is not None or body.until is not None:
            raise BadInput("start: a pay-off statement is for one day, `on`", field="start")
        made = papers.issue_payoff_statement(call.db, on=body.on, **common)
    else:
        if body.on is not None:
            raise BadInput("on: a statement of account is for a period, `start` and `until`", field="on")
        made = papers.issue_account_statement(call.db, start=body.start, until=body.until, **common)
    return _paper(made.file, body.kind)


@operation(router, "GET", "/loans/{loan}/papers", "servicing.papers", answer=PaperList)
def list_papers(call: Call, loan: str) -> Any:
    """The statements that were made for a loan, newest first."""
    return {"items": [_paper(file, kind) for file, kind in papers.issued(call.db, call.look, loan)]}


@operation(router, "GET", "/loans/{loan}/papers/{paper}", "servicing.paper", answer=PaperContentOut)
def read_paper(call: Call, loan: str, paper: str) -> Any:
    """One of them."""
    file, data = papers.read_paper(call.db, call.look, loan, paper)
    return {"name": file.name, "media_type": file.media_type, "content": base64.b64encode(data).decode()}


def _paper(file: Any, kind: str) -> dict[str, Any]:
    return {"id": file.public_id, "kind": kind, "name": file.name, "digest": file.digest, "made_at": file.recorded_at}


def _statement(found: AccountStatement) -> dict[str, Any]:
    def money(minor: int) -> Money:
        return Money(minor, found.currency)

    def parts(each: Parts) -> dict[str, Money]:
        return {name: money(getattr(each, name)) for name in ("principal", "interest", "fee", "penalty", "credit", "total")}

    lines = [
        {
            "event_no": line.event_no, "on": line.on, "value_on": line.value_on, "kind": line.kind, "added": parts(line.added),
            "taken": parts(line.taken), "balance": money(line.balance), "undone_by": line.undone_by,
        }
        for line in found.lines
    ]  # fmt: skip
    names = ("loan", "contract_no", "borrower", "start", "until", "oldest_on", "days_late", "next_on")
    return {
        **{name: getattr(found, name) for name in names},
        **{name: money(getattr(found, name)) for name in ("opening", "closing", "fallen_due", "next_due")},
        "added": parts(found.added),
        "taken": parts(found.taken),
        "items": lines,
    }
