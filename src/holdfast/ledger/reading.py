"""What the general ledger says on a day: the trial balance, an account with its entries, and all entries as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

import psycopg

from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import decimal_of
from holdfast.ledger.chart import Account, Title, chart_of

Db = psycopg.Connection[Any]
Group = Literal["none", "branch", "product"]

PAGE: Final = 100
MOST_ON_A_PAGE: Final = 500

# Each entry once as debited and once as credited, up to a day, within a branch and a product where they are given.
TRIAL_BALANCE: Final = """
SELECT s.account, s.currency, {group} AS part, sum(s.debit), sum(s.credit)
  FROM (SELECT debit_account AS account, branch_id, product_code, currency, amount AS debit, 0 AS credit FROM gl_entry
         WHERE on_date <= %(on)s AND on_date >= %(since)s
        UNION ALL
        SELECT credit_account, branch_id, product_code, currency, 0, amount FROM gl_entry
         WHERE on_date <= %(on)s AND on_date >= %(since)s) AS s
  JOIN branch b USING (branch_id)
 WHERE (%(branch)s::text IS NULL OR b.code = %(branch)s) AND (%(product)s::text IS NULL OR s.product_code = %(product)s)
 GROUP BY s.account, s.currency, part
"""
GROUPS: Final[Mapping[str, str]] = {"none": "''", "branch": "b.code", "product": "s.product_code"}
ENTRIES: Final = """
SELECT e.entry_id, e.on_date, b.code, e.product_code, e.debit_account, e.credit_account, e.amount, e.currency, e.source, e.recorded_at
  FROM gl_entry e JOIN branch b USING (branch_id)
 WHERE (%(account)s::text IS NULL OR %(account)s IN (e.debit_account, e.credit_account)) AND e.on_date BETWEEN %(since)s AND %(until)s
   AND (%(branch)s::text IS NULL OR b.code = %(branch)s) AND (%(product)s::text IS NULL OR e.product_code = %(product)s)
   AND (e.on_date, e.entry_id) > (%(after_on)s::date, %(after_id)s::bigint)
 ORDER BY e.on_date, e.entry_id LIMIT %(limit)s
"""
BEFORE: Final = """
SELECT e.currency, sum(CASE WHEN e.debit_account = %(account)s THEN e.amount ELSE -e.amount END)
  FROM gl_entry e JOIN branch b USING (branch_id)
 WHERE %(account)s IN (e.debit_account, e.credit_account)
   AND (e.on_date < %(since)s OR (e.on_date, e.entry_id) <= (%(after_on)s::date, %(after_id)s::bigint))
   AND (%(branch)s::text IS NULL OR b.code = %(branch)s) AND (%(product)s::text IS NULL OR e.product_code = %(product)s)
 GROUP BY e.currency
"""


@dataclass(frozen=True, slots=True)
class Balance:
    """One account, in one currency and one part of the book (a branch, a product or all); minor units."""

    title: Title
    currency: str
    part: str
    debits: int
    credits: int

    @property
    def net(self) -> int:
        """Debits less credits."""
        return self.debits - self.credits


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the general ledger."""

    entry_id: int
    on: date
    branch: str
    product: str
    debit: Account
    credit: Account
    amount: int
    currency: str
    source: str
    recorded_at: Any


@dataclass(frozen=True, slots=True)
class AccountPage:
    """A stretch of an account: what stood before it (by currency), its entries, and where the next one begins."""

    title: Title
    before: Mapping[str, int]
    entries: tuple[Entry, ...]
    next: str | None


def trial_balance(
    db: Db, on: date, *, lender_type: str | None, by: Group = "none", branch: str | None = None, product: str | None = None,
    since: date = date.min,
) -> list[Balance]:  # fmt: skip
    """Every account that was moved from `since` up to and with `on`, in the order of the chart."""
    if by not in GROUPS:
        raise BadInput(f"by: write one of {', '.join(GROUPS)}, not {by!r}", field="by")
    chart = chart_of(lender_type)
    order = {account: number for number, account in enumerate(chart)}
    rows = db.execute(
        TRIAL_BALANCE.format(group=GROUPS[by]).encode(), {"on": on, "since": since, "branch": branch, "product": product}
    ).fetchall()
    found = [Balance(chart[Account(row[0])], row[1], row[2], int(row[3]), int(row[4])) for row in rows]
    return sorted(found, key=lambda each: (each.currency, each.part, order[each.title.account]))


def account_named(text: str) -> Account:
    """The account of that name; BadInput names what there is."""
    try:
        return Account(text)
    except ValueError:
        raise BadInput(f"account: there is no account {text!r}; the accounts are {', '.join(Account)}", field="account") from None


def account_entries(
    db: Db, account: Account, *, lender_type: str | None, since: date, until: date, branch: str | None = None,
    product: str | None = None, after: str | None = None, limit: int = PAGE,
) -> AccountPage:  # fmt: skip
    """A page of an account's entries in the order of their days, with the balance that stood before its first."""
    if not 1 <= limit <= MOST_ON_A_PAGE:
        raise BadInput(f"limit: ask for 1 to {MOST_ON_A_PAGE} entries", field="limit")
    after_on, after_id = _cursor(after)
    values = {
        "account": account.value, "since": since, "until": until, "branch": branch, "product": product,
        "after_on": after_on, "after_id": after_id,
    }  # fmt: skip
    entries = [_entry(row) for row in db.execute(ENTRIES, {**values, "limit": limit + 1}).fetchall()]
    before = {currency: int(amount) for currency, amount in db.execute(BEFORE, values).fetchall()}
    last = entries[limit - 1] if len(entries) > limit else None
    return AccountPage(
        chart_of(lender_type)[account], before, tuple(entries[:limit]), f"{last.on.isoformat()}_{last.entry_id}" if last else None
    )


CSV_COLUMNS: Final = (
    "entry", "date", "branch", "product", "debit_code", "debit", "credit_code", "credit", "amount", "currency", "source", "recorded_at",
)  # fmt: skip


def entries_csv(
    db: Db, *, lender_type: str | None, since: date, until: date, account: Account | None = None, branch: str | None = None,
    product: str | None = None, zh: bool = False,
) -> Iterator[str]:  # fmt: skip
    """All entries of a stretch of days as CSV, line by line, amounts in major units."""
    chart = chart_of(lender_type)
    yield _csv_line(CSV_COLUMNS)
    after = (date.min, 0)
    while True:
        rows = db.execute(
            ENTRIES,
            {
                "account": account and account.value, "since": since, "until": until, "branch": branch, "product": product,
                "after_on": after[0], "after_id": after[1], "limit": 5_000,
            },
        ).fetchall()  # fmt: skip
        for each in map(_entry, rows):
            debit, credit = chart[each.debit], chart[each.credit]
            yield _csv_line(
                (
                    each.entry_id, each.on.isoformat(), each.branch, each.product, debit.code, debit.zh if zh else debit.en, credit.code,
                    credit.zh if zh else credit.en, decimal_of(each.amount, each.currency), each.currency, each.source,
                    each.recorded_at.isoformat(),
                )
            )  # fmt: skip
            after = (each.on, each.entry_id)
        if len(rows) < 5_000:
            return


def _entry(row: Any) -> Entry:
    return Entry(row[0], row[1], row[2], row[3], Account(row[4]), Account(row[5]), int(row[6]), row[7], row[8], row[9])


def _cursor(text: str | None) -> tuple[date, int]:
    if text is None:
        return date.min, 0
    day, _, number = text.partition("_")
    try:
        return date.fromisoformat(day), int(number)
    except ValueError:
        raise BadInput("next: give back what the page before said", field="next") from None


def _csv_line(cells: Any) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
