"""Writing loans: all rows that verbs changed, in one statement for a few loans, and by COPY and in sets for many.

Which rows these are is decided once; only the way they travel differs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

import psycopg

from holdfast.kernel import canonical
from holdfast.ledger import Key, Move, Sum, aggregate, entries_of, sum_moves
from holdfast.servicing.held import Change, Held
from holdfast.servicing.store import TOTALS, agreed_text, charges_text, pauses_text

Db = psycopg.Connection[Any]
Row = tuple[Any, ...]

# From this many loans on, rows travel by COPY and are merged in sets.
SET_FROM: Final = 50

_SUMS = attrgetter(*TOTALS)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What is done to the rows of one table: they are new (`keys` is 0), or the first `keys` columns find them.

    Rows that are found are brought up to date, `also` what is the same for all of them; or they end (`ends`).
    """

    table: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    keys: int = 0
    also: str = ""
    ends: bool = False

    def statement(self, source: str) -> str:
        """The step for the rows of `source`, which is called s and has the step's columns."""
        names = ", ".join(self.columns)
        if not self.keys:
            return f"INSERT INTO {self.table} ({names}) SELECT {names} FROM {source}"
        found = " AND ".join(f"t.{name} = s.{name}" for name in self.columns[: self.keys])
        if self.ends:
            return f"DELETE FROM {self.table} t USING {source} WHERE {found}"
        to = ", ".join([f"{name} = s.{name}" for name in self.columns[self.keys :]] + ([self.also] if self.also else []))
        return f"UPDATE {self.table} t SET {to} FROM {source} WHERE {found}"


def _step(table: str, described: str, keys: int = 0, also: str = "", *, ends: bool = False) -> Step:
    pairs = [each.split() for each in described.split(",")]
    return Step(table, tuple(name for name, _ in pairs), tuple(kind for _, kind in pairs), keys, also, ends)


_LOAN: Final = (
    "loan_id bigint, state text, principal_out bigint, head_seq integer, head_hash bytea, last_duty_no integer, duty_no integer,"
    " next_action_at timestamptz"
)
_INSTALMENT: Final = (
    "loan_id bigint, n integer, due_on date, principal bigint, interest bigint, fee bigint, penalty bigint, principal_paid bigint,"
    " interest_paid bigint, fee_paid bigint, penalty_paid bigint, paid_on date, late_base bigint"
)
_ACCOUNT: Final = (
    "loan_id bigint, next_event_on date, oldest_unpaid_due_on date, next_due_on date, next_due_amount bigint, last_event_no integer,"
    " last_event_on date, billed_through date, reminded_through date, followed_through date, promised_for date, class_floor text,"
    " observe_until date, charges_barred boolean, paid_off_on date, written_off_on date, penalised_through date, pauses text,"
    f" charges text, agreed text, {', '.join(name + ' bigint' for name in TOTALS)}, non_accrual_since date, accrued_daily numeric,"
    " accrued_constant numeric"
)

_NEW_LOAN: Final = _step(
    "loan",
    f"{_LOAN}, public_id text, branch_id bigint, officer_id bigint, party_id bigint, borrower_label text, product_code text,"
    " product_version integer, contract_no text, currency text, pack_version text, opened_on date",
)
_NAME: Final = _step("loan_registry", "kind text, key text, loan_id bigint")
_TERMS: Final = _step("loan_terms", "loan_id bigint, terms text")
_NEW_ACCOUNT: Final = _step("account", _ACCOUNT)
_EVENT: Final = _step(
    "loan_event",
    "loan_id bigint, event_no integer, kind text, on_date date, entered_on date, payload text, record_seq integer, recorded_at timestamptz",
)
_ALLOCATION: Final = _step(
    "allocation", "loan_id bigint, event_no integer, n integer, principal bigint, interest bigint, fee bigint, penalty bigint"
)
_POSTING: Final = _step(
    "posting",
    "loan_id bigint, event_no integer, line integer, on_date date, debit_account text, credit_account text, amount bigint, currency text",
)
_ENTRY: Final = _step(
    "gl_entry",
    "on_date date, branch_id bigint, product_code text, debit_account text, credit_account text, amount numeric, currency text,"
    " source text, recorded_at timestamptz",
)
_DELTA: Final = _step(
    "accrual_delta",
    "on_date date, branch_id bigint, product_code text, currency text, kind text, daily numeric, constant numeric, lost numeric,"
    " stood_on date, entered numeric, source text, recorded_at timestamptz",
)
_NEW_INSTALMENT: Final = _step("instalment", _INSTALMENT)
_INSTALMENT_MOVED: Final = _step("instalment", _INSTALMENT, 2)
# An agreement that is taken back, or another that it gives way to, ends instalments that it had made.
_INSTALMENT_ENDED: Final = _step("instalment", "loan_id bigint, n integer", 2, ends=True)
_DUTY_CLOSED: Final = _step("duty", "loan_id bigint, duty_no integer, proof_seq integer, closed_on date", 2, "open = false")
_NEW_DUTY: Final = _step(
    "duty",
    "loan_id bigint, duty_no integer, kind text, about text, due_on date, due_at timestamptz, window_from timestamptz, role text,"
    " opened_seq integer, proof_seq integer, closed_on date, owner_id bigint, attempts integer, open boolean",
)
_ACCOUNT_MOVED: Final = _step("account", _ACCOUNT, 1)
_ACCOUNT_NOTED: Final = _step(
    "account", "loan_id bigint, next_event_on date, reminded_through date, followed_through date, non_accrual_since date", 1
)
_PROMISED: Final = _step("account", "loan_id bigint, next_event_on date, promised_for date", 1)
_LINE: Final = _step("account", "loan_id bigint, accrued_daily numeric, accrued_constant numeric", 1)
_LOAN_MOVED: Final = _step("loan", _LOAN, 1)


def write(db: Db, changes: Sequence[Change], *, source: str, at: datetime, today: date) -> None:
    """Write all that the verbs changed, but for the journal's records, which their caller appends.

    `source` names the act in the general ledger.
    """
    rows: dict[Step, list[Row]] = {
        step: []
        for step in (
            _NEW_LOAN, _NAME, _TERMS, _NEW_ACCOUNT, _EVENT, _ALLOCATION, _POSTING, _ENTRY, _DELTA,
            _NEW_INSTALMENT, _INSTALMENT_MOVED, _INSTALMENT_ENDED, _DUTY_CLOSED, _NEW_DUTY, _ACCOUNT_MOVED, _ACCOUNT_NOTED,
            _LOAN_MOVED,
        )
    }  # fmt: skip
    for change in changes:
        _collect(change, rows, at, today)
    moved = moves_of((change.held, move) for change in changes for move in change.moves)
    rows[_ENTRY] = _general_ledger(changes, source, at, today) + _accrual_entries(moved, source, at, today)
    rows[_DELTA] = _accrual_deltas(moved, changes[0].held.lender.accrued_through, source, at, today) if changes else []
    _carry(db, rows, many=len(changes) >= SET_FROM)


def promise(db: Db, promised: Iterable[tuple[int, date, date | None]]) -> None:
    """Note on each account (loan_id, moment, next_event_on) that the reminder of that moment is in the outbox."""
    rows: list[Row] = [(loan_id, next_event_on, moment) for loan_id, moment, next_event_on in promised]
    _carry(db, {_PROMISED: rows}, many=len(rows) >= SET_FROM)


def lay(db: Db, laid: Sequence[tuple[Held, Move]], *, source: str, at: datetime, on: date, booked_on: date) -> None:
    """Note on each account what its loan accrues, and write by how much that moved the lines of its product, as an act of the day `on`."""
    if not laid:
        return
    moved = moves_of((held, move) for held, move in laid)
    rows: dict[Step, Sequence[Row]] = {
        _ENTRY: _accrual_entries(moved, source, at, booked_on),
        _DELTA: _accrual_deltas(moved, laid[0][0].lender.accrued_through, source, at, on),
        _LINE: [(held.loan.loan_id, held.account.accrued.daily, held.account.accrued.constant) for held, _ in laid],
    }
    _carry(db, rows, many=len(laid) >= SET_FROM)


def register_tape(db: Db, identities: Sequence[tuple[str, int]]) -> None:
    """Remember which row of which tape each loan came from, so that it comes in once."""
    _carry(db, {_NAME: [("tape", key, loan_id) for key, loan_id in identities]}, many=True)


# ── how rows travel ────────────────────────────────────────────────────────────────────────────────────────


def _carry(db: Db, rows: Mapping[Step, Sequence[Row]], *, many: bool) -> None:
    given = {step: lines for step, lines in rows.items() if lines}
    if many:
        for step, lines in given.items():
            _in_sets(db, step, lines)
    elif given:
        _at_once(db, given)


def _at_once(db: Db, rows: Mapping[Step, Sequence[Row]]) -> None:
    """All steps as one statement that takes one value: what it costs to send, bind and plan a statement is paid once."""
    value = {number: [dict(zip(step.columns, line, strict=True)) for line in lines] for number, (step, lines) in enumerate(rows.items())}
    # Raw: psycopg would look for the places of values in so long a statement anew each time.
    psycopg.RawCursor(db).execute(_one_statement(tuple(rows)), [json.dumps(value, default=_as_text)])


@lru_cache(maxsize=256)
def _one_statement(steps: tuple[Step, ...]) -> bytes:
    parts = []
    for number, step in enumerate(steps):
        described = ", ".join(f"{name} {kind}" for name, kind in zip(step.columns, step.types, strict=True))
        source = f"jsonb_to_recordset($1::jsonb -> '{number}') AS s ({described})"
        parts.append(f"s{number} AS ({step.statement(source)})")
    return f"WITH {', '.join(parts)} SELECT 1".encode()


def _as_text(value: object) -> str:
    """A value that JSON has no form for, as PostgreSQL reads it."""
    return "\\x" + value.hex() if isinstance(value, bytes) else str(value)


def _in_sets(db: Db, step: Step, rows: Sequence[Row]) -> None:
    """One step by COPY: new rows straight into their table, others by way of a table that ends with the transaction."""
    table, names = step.table, ", ".join(step.columns)
    if step.keys:
        table = f"merge_{step.table}"
        db.execute(f"CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS SELECT {names} FROM {step.table} WITH NO DATA".encode())
    with db.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)".encode()) as copy:
        copy.set_types(step.types)
        for row in rows:
            copy.write_row(row)
    if step.keys:
        db.execute(step.statement(f"{table} s").encode())
        db.execute(f"DROP TABLE {table}".encode())


# ── which rows ─────────────────────────────────────────────────────────────────────────────────────────────


def _collect(change: Change, rows: Mapping[Step, list[Row]], at: datetime, today: date) -> None:
    loan = change.held.loan
    loan_id, currency = loan.loan_id, loan.currency
    rows[_NEW_LOAN if change.loan_born else _LOAN_MOVED].append(_birth_row(change) if change.loan_born else _loan_row(change))
    if change.events:
        rows[_NEW_ACCOUNT if change.born else _ACCOUNT_MOVED].append(_account_row(change))
    else:
        rows[_ACCOUNT_NOTED].append(_noted_row(change))
    if change.loan_born:
        rows[_NAME] += [("public_id", loan.public_id, loan_id), ("contract_no", loan.contract_no, loan_id)]
    if change.born:
        rows[_TERMS].append((loan_id, canonical.encode(change.held.state.terms.to_json()).decode()))
    for row in change.instalments:
        step = _NEW_INSTALMENT if change.born or row.n in change.added else _INSTALMENT_MOVED
        rows[step].append(
            (
                loan_id, row.n, row.due_on, row.principal, row.interest, row.fee, row.penalty,
                row.principal_paid, row.interest_paid, row.fee_paid, row.penalty_paid, row.paid_on, row.late_base,
            )
        )  # fmt: skip
    rows[_INSTALMENT_ENDED] += [(loan_id, n) for n in change.removed]
    for event, seq in zip(change.events, change.event_records, strict=True):
        payload = canonical.encode(dict(event.payload)).decode()
        rows[_EVENT].append((loan_id, event.event_no, event.kind, event.on, event.entered_on, payload, seq, at))
    event_no = change.held.account.last_event_no
    rows[_ALLOCATION] += [(loan_id, event_no, n, *parts) for n, parts in change.allocations]
    rows[_POSTING] += [
        (loan_id, event_no, number, today, line.debit, line.credit, line.amount, currency) for number, line in enumerate(change.lines, 1)
    ]
    rows[_NEW_DUTY] += [
        (
            duty.loan_id, duty.duty_no, duty.kind, duty.about, duty.due_on, duty.due_at, duty.window_from, duty.role,
            duty.opened_seq, duty.proof_seq, duty.closed_on, duty.owner_id, duty.attempts, duty.open,
        )
        for duty in change.duties.written
    ]  # fmt: skip
    rows[_DUTY_CLOSED] += [(duty.loan_id, duty.duty_no, duty.proof_seq, duty.closed_on) for duty in change.duties.closed]


def _general_ledger(changes: Sequence[Change], source: str, at: datetime, today: date) -> list[Row]:
    sums = aggregate(
        ((change.held.loan.branch_id, change.held.loan.product_code, change.held.loan.currency), line)
        for change in changes
        for line in change.lines
    )
    return [
        (today, branch, product, debit, credit, amount, currency, source, at)
        for ((branch, product, currency), debit, credit), amount in sorted(sums.items())
    ]


def moves_of(moves: Iterable[tuple[Held, Move]]) -> list[tuple[Key, Sum]]:
    """By how much acts that are written together move the lines of what accrues, by branch, product, currency and kind."""
    sums = sum_moves(((held.loan.branch_id, held.loan.product_code, held.loan.currency), move) for held, move in moves)
    return sorted(sums.items(), key=lambda each: each[0])


def _accrual_entries(moved: Sequence[tuple[Key, Sum]], source: str, at: datetime, today: date) -> list[Row]:
    return [
        (today, branch, product, line.debit, line.credit, line.amount, currency, source, at)
        for (branch, product, currency, kind), each in moved
        for line in entries_of(kind, each)
    ]


def _accrual_deltas(moved: Sequence[tuple[Key, Sum]], stood_on: date | None, source: str, at: datetime, today: date) -> list[Row]:
    return [
        (today, branch, product, currency, kind, each.by.daily, each.by.constant, each.lost, stood_on, each.entered, source, at)
        for (branch, product, currency, kind), each in moved
    ]


def _loan_row(change: Change) -> Row:
    loan = change.held.loan
    return (
        loan.loan_id, loan.state, loan.principal_out, loan.head.seq, loan.head.hash, loan.last_duty_no, loan.duty_no, loan.next_action_at,
    )  # fmt: skip


def _birth_row(change: Change) -> Row:
    loan = change.held.loan
    return (
        *_loan_row(change), loan.public_id, loan.branch_id, loan.officer_id, loan.party_id, loan.borrower_label, loan.product_code,
        loan.product_version, loan.contract_no, loan.currency, loan.pack_version, loan.opened_on,
    )  # fmt: skip


def _noted_row(change: Change) -> Row:
    """What a note, which leaves the money as it is, may change of the account."""
    account = change.held.account
    cursors = account.cursors
    return (
        change.held.loan.loan_id, account.next_event_on, cursors.reminded_through, cursors.followed_through, account.non_accrual_since,
    )  # fmt: skip


def _account_row(change: Change) -> Row:
    state, account = change.held.state, change.held.account
    next_due_on, next_due_amount = state.next_due
    return (
        change.held.loan.loan_id, account.next_event_on, next_due_on, next_due_on, next_due_amount,
        account.last_event_no, account.last_event_on, state.through,
        account.cursors.reminded_through, account.cursors.followed_through, account.promised_for,
        account.class_floor, account.observe_until, account.charges_barred, state.paid_off_on, state.written_off_on,
        state.penalised_through, pauses_text(state.pauses), charges_text(state.charges), agreed_text(state),
        *_SUMS(state.totals),
        account.non_accrual_since, account.accrued.daily, account.accrued.constant,
    )  # fmt: skip
