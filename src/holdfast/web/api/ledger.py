"""The general ledger: its sums and entries, the months that are closed, and the proof that the books agree with themselves."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Router
from pydantic import Field, StringConstraints

from holdfast.approvals import Request
from holdfast.kernel.errors import NotFound
from holdfast.ledger import chart_of
from holdfast.ledger.reading import MOST_ON_A_PAGE, PAGE, Balance, Entry, account_entries, account_named, trial_balance
from holdfast.policy import lender
from holdfast.servicing import month_end
from holdfast.servicing.closing import ask_to_reopen, close_month, closing_checks, decide_reopening
from holdfast.servicing.periods import Closed, closes
from holdfast.servicing.verify import verify_books
from holdfast.web.api.operation import NEXT, Call, operation
from holdfast.web.api.shapes import ChecksOut
from holdfast.web.api.values import Day, In, Instant, Name, Out, Words

router = Router()

Month = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
By = Literal["none", "branch", "product"]


class AccountOut(Out):
    """An account of the lender's chart; `account` is its name in postings."""

    account: str
    code: str
    kind: str
    zh: str
    en: str


class ChartOut(Out):
    """The chart of the lender's type, in the order of its numbers."""

    lender_type: str | None
    items: list[AccountOut]
    next: None = None


class BalanceOut(Out):
    """One account in one currency and one part of the book; amounts are minor units and may be beyond 64 bits."""

    code: str
    number: str
    zh: str
    en: str
    kind: str
    currency: str
    part: str
    debits: int
    credits: int
    balance: int


class TrialBalanceOut(Out):
    """The general ledger's sums as of a day; debits equal credits in each currency."""

    as_of: Day
    balanced: bool
    items: list[BalanceOut]
    next: None = None


class LedgerEntryOut(Out):
    """One line of the general ledger: `amount` minor units from the credited to the debited account."""

    id: int
    on: Day
    branch: str
    product: str
    debit: str
    credit: str
    amount: int
    currency: str
    source: str
    recorded_at: Instant


class AccountPageOut(Out):
    """A stretch of an account: what stood before it, in minor units by currency, and its entries."""

    account: AccountOut
    before: dict[str, int]
    items: list[LedgerEntryOut]
    next: str | None


class LedgerCheckOut(Out):
    """One thing that must be so before a month is closed."""

    name: str
    ok: bool
    found: list[str]


class ReadyOut(Out):
    """Whether a month may be closed now."""

    month: str
    ready: bool
    checks: list[LedgerCheckOut]


class ClosedOut(Out):
    """A month that was closed, and what opened it again."""

    month: str
    entries: int
    digest: str
    snapshot: str
    suspense: list[dict[str, Any]]
    closed_by: str
    closed_at: Instant
    reason: str | None
    reopened_by: str | None
    reopened_at: Instant | None


class ClosedList(Out):
    """The months that were closed, newest first."""

    items: list[ClosedOut]
    next: None = None


class LedgerAskedOut(Out):
    """A request that another person must answer."""

    id: str
    act: str
    standing: str
    reason: str


class SumOut(Out):
    """The loans of one class in a snapshot; amounts are minor units."""

    currency: str
    loan_class: str
    loans: int
    principal: int
    interest_due: int
    accrued: int
    suspended: int
    provision: int


class SnapshotOut(Out):
    """The book at a month's end. `root` is the RFC 6962 root over its lines; the journal's record of the snapshot holds it too."""

    id: str
    month_ends: Day
    loans: int
    root: str
    taken_at: Instant
    sums: list[SumOut]


class SnapshotList(Out):
    """The snapshots, newest first."""

    items: list[SnapshotOut]
    next: None = None


class MonthEndLineOut(Out):
    """One loan at a month's end; amounts are minor units."""

    loan: str
    product: str
    currency: str
    state: str
    principal: int
    interest_due: int
    accrued: int
    suspended: int
    days_late: int
    loan_class: str
    provision: int


class MonthEndLines(Out):
    """Lines of a snapshot in the order of their loans."""

    items: list[MonthEndLineOut]
    next: str | None


class MonthIn(In):
    """The month to close: `2026-11`."""

    month: Month


class LedgerReasonIn(In):
    """Why."""

    reason: Words


class LedgerDecisionIn(In):
    """Agreed or not, and in which words; whoever refuses says why."""

    agreed: bool
    words: str = ""


@operation(router, "GET", "/ledger/chart", "ledger.chart", answer=ChartOut)
def read_chart(call: Call) -> Any:
    """The chart of accounts of the lender's type."""
    known = lender(call.db)
    return {"lender_type": known.lender_type, "items": [_title(each) for each in chart_of(known.lender_type).values()]}


@operation(router, "GET", "/ledger/trial-balance", "ledger.trial_balance", answer=TrialBalanceOut)
def read_trial_balance(call: Call, on: Day | None = None, by: By = "none", branch: Name | None = None, product: Name | None = None) -> Any:
    """Debits, credits and balance of each account as of a day (today if none is given), whole or by branch or product."""
    as_of = on or call.clock.today()
    found = trial_balance(call.db, as_of, lender_type=lender(call.db).lender_type, by=by, branch=branch, product=product)
    sums: dict[str, int] = {}
    for each in found:
        sums[each.currency] = sums.get(each.currency, 0) + each.net
    return {"as_of": as_of, "balanced": not any(sums.values()), "items": [_balance(each) for each in found]}


@operation(router, "GET", "/ledger/accounts/{account}", "ledger.account", answer=AccountPageOut)
def read_account(
    call: Call, account: str, since: Day | None = None, until: Day | None = None, branch: Name | None = None, product: Name | None = None,
    cursor: str | None = NEXT, limit: Annotated[int, Field(ge=1, le=MOST_ON_A_PAGE)] = PAGE,
) -> Any:  # fmt: skip
    """An account's entries in the order of their days, and the balance before the first of them."""
    today = call.clock.today()
    page = account_entries(
        call.db, account_named(account), lender_type=lender(call.db).lender_type, since=since or today.replace(day=1),
        until=until or today, branch=branch, product=product, after=cursor, limit=limit,
    )  # fmt: skip
    return {"account": _title(page.title), "before": page.before, "items": [_entry(each) for each in page.entries], "next": page.next}


@operation(router, "GET", "/ledger/months", "ledger.months", answer=ClosedList)
def list_months(call: Call) -> Any:
    """The months that were closed, and those of them that were opened again."""
    return {"items": [_closed(each) for each in closes(call.db)]}


@operation(router, "GET", "/ledger/months/{month}/checks", "ledger.closing_checks", answer=ReadyOut, snapshot=True)
def check_month(call: Call, month: str) -> Any:
    """What must be so before the month is closed, and what stands in the way; proves the books, so it takes its time."""
    checks = closing_checks(call.db, clock=call.clock, month=month)
    told = [{"name": each.name, "ok": each.ok, "found": list(each.found)} for each in checks]
    return {"month": month, "ready": all(each.ok for each in checks), "checks": told}


@operation(router, "POST", "/ledger/months", "ledger.close", answer=ClosedOut, status=201)
def close(call: Call, body: MonthIn) -> Any:
    """Close a month: snap the book, post the provision, take no more entries with a date in it."""
    return _closed(close_month(call.db, clock=call.clock, by=call.staff, month=body.month))


@operation(router, "POST", "/ledger/months/{month}/reopening", "ledger.ask_reopening", answer=LedgerAskedOut, status=201)
def ask_reopening(call: Call, month: str, body: LedgerReasonIn) -> Any:
    """Ask that the latest closed month be opened again; another person decides."""
    return _asked(ask_to_reopen(call.db, clock=call.clock, by=call.staff, month=month, reason=body.reason))


@operation(router, "POST", "/ledger/months/{month}/reopening/decision", "ledger.decide_reopening", answer=ClosedOut)
def answer_reopening(call: Call, month: str, body: LedgerDecisionIn) -> Any:
    """Another person agrees, and the month is open again, or refuses and says why."""
    return _closed(decide_reopening(call.db, clock=call.clock, by=call.staff, month=month, agreed=body.agreed, words=body.words))


@operation(router, "GET", "/ledger/snapshots", "ledger.snapshots", answer=SnapshotList)
def list_snapshots(call: Call) -> Any:
    """The snapshots of the months' ends."""
    return {"items": [_snapshot(each) for each in month_end.snapshots(call.db)]}


@operation(router, "GET", "/ledger/snapshots/{snapshot}/loans", "ledger.snapshot_loans", answer=MonthEndLines)
def read_snapshot(
    call: Call, snapshot: str, cursor: str | None = NEXT, limit: Annotated[int, Field(ge=1, le=MOST_ON_A_PAGE)] = PAGE
) -> Any:
    """The loans of a snapshot."""
    taken = month_end.snapshot(call.db, snapshot)
    if cursor is not None and not cursor.isdecimal():
        raise NotFound("next: give back what the page before said", field="next")
    lines = month_end.lines_of(call.db, taken, after=int(cursor or -1), limit=limit + 1)
    items = [
        {
            "loan": each.public_id, "product": each.product_code, "currency": each.currency, "state": each.state,
            "principal": each.principal, "interest_due": each.interest_due, "accrued": each.accrued, "suspended": each.suspended,
            "days_late": each.days_late, "loan_class": each.loan_class, "provision": each.provision,
        }
        for each in lines[:limit]
    ]  # fmt: skip
    return {"items": items, "next": str(lines[limit - 1].loan_id) if len(lines) > limit else None}


@operation(router, "GET", "/books/verify", "books.verify", answer=ChecksOut, snapshot=True)
def verify(call: Call) -> Any:
    """Recompute the books and compare: both ledgers, loan rows and the fold of their events, what has accrued, closed months."""
    checks = [check.as_json() for check in verify_books(call.db)]
    return {"ok": all(check["ok"] for check in checks), "checks": checks}


def _title(title: Any) -> dict[str, Any]:
    return {"account": title.account.value, "code": title.code, "kind": title.kind, "zh": title.zh, "en": title.en}


def _balance(each: Balance) -> dict[str, Any]:
    title = each.title
    return {
        "code": title.account.value, "number": title.code, "zh": title.zh, "en": title.en, "kind": title.kind, "currency": each.currency,
        "part": each.part, "debits": each.debits, "credits": each.credits, "balance": each.net,
    }  # fmt: skip


def _entry(each: Entry) -> dict[str, Any]:
    return {
        "id": each.entry_id, "on": each.on, "branch": each.branch, "product": each.product, "debit": each.debit.value,
        "credit": each.credit.value, "amount": each.amount, "currency": each.currency, "source": each.source,
        "recorded_at": each.recorded_at,
    }  # fmt: skip


def _closed(each: Closed) -> dict[str, Any]:
    return {
        "month": each.month, "entries": each.entries, "digest": each.digest, "snapshot": each.snapshot, "suspense": list(each.suspense),
        "closed_by": each.closed_by, "closed_at": each.closed_at, "reason": each.reason, "reopened_by": each.reopened_by,
        "reopened_at": each.reopened_at,
    }  # fmt: skip


def _asked(asked: Request) -> dict[str, Any]:
    return {"id": asked.public_id, "act": asked.act, "standing": str(asked.standing), "reason": asked.reason}


def _snapshot(each: month_end.MonthEnd) -> dict[str, Any]:
    names = ("currency", "loan_class", "loans", "principal", "interest_due", "accrued", "suspended", "provision")
    return {
        "id": each.public_id, "month_ends": each.on, "loans": each.loans, "root": each.root, "taken_at": each.taken_at,
        "sums": [dict(zip(names, row, strict=True)) for row in each.sums],
    }  # fmt: skip
