"""Reading and writing loans: one round trip each way, for one loan or for many."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.duties import Duty
from holdfast.journal import Head
from holdfast.kernel import canonical
from holdfast.kernel.errors import Fault, NotFound
from holdfast.kernel.rate import Per, Rate
from holdfast.ledger import Slope, aggregate, sum_moves
from holdfast.life import LoanState
from holdfast.loans import Loan
from holdfast.products.terms import Terms
from holdfast.servicing.books import PAIRS
from holdfast.servicing.duties import Cursors
from holdfast.servicing.fold import Charge, Event, Instalment, State, Totals
from holdfast.servicing.held import Account, Change, Held
from holdfast.servicing.recalculation import standing
from holdfast.servicing.state import Pause

Db = psycopg.Connection[Any]

TOTALS: Final = tuple(PAIRS)
# From this many loans on, rows travel by COPY and are merged in sets; below it each statement is one row.
SET_FROM: Final = 50

_LOANS = f"""
SELECT l.loan_id, l.public_id, l.branch_id, l.officer_id, l.party_id, l.borrower_label, l.product_code, l.product_version,
       l.contract_no, l.currency, l.state, l.principal_out, l.head_seq, l.head_hash, l.last_duty_no, l.duty_no, l.next_action_at,
       l.pack_version, l.opened_on, p.collateral, t.terms,
       a.next_event_on, a.last_event_no, a.last_event_on, a.billed_through, a.reminded_through, a.followed_through, a.promised_for,
       a.class_floor, a.observe_until, a.charges_barred, a.paid_off_on, a.written_off_on, a.penalised_through,
       a.pauses, a.charges, a.agreed, {", ".join("a." + name for name in TOTALS)},
       a.non_accrual_since, a.accrued_daily, a.accrued_constant
  FROM loan l
  JOIN product p ON p.code = l.product_code
  JOIN loan_terms t USING (loan_id)
  JOIN account a USING (loan_id)
 WHERE l.loan_id = ANY(%s)
 ORDER BY l.loan_id
"""
# Before and apart from the reading: a statement that waits for a lock joins what it read before it waited.
_LOCK = "SELECT 1 FROM loan WHERE loan_id = ANY(%s) ORDER BY loan_id FOR UPDATE"

_INSTALMENTS = """
SELECT loan_id, n, due_on, principal, interest, fee, penalty, principal_paid, interest_paid, fee_paid, penalty_paid, paid_on,
       late_base
  FROM instalment WHERE loan_id = ANY(%s) ORDER BY loan_id, due_on, n
"""

_OPEN_DUTIES = """
SELECT loan_id, duty_no, kind, about, due_on, due_at, window_from, role, opened_seq, proof_seq, closed_on, owner_id, attempts
  FROM duty WHERE loan_id = ANY(%s) AND open ORDER BY loan_id, duty_no
"""

_EVENTS = """
SELECT loan_id, event_no, kind, on_date, entered_on, payload FROM loan_event WHERE loan_id = ANY(%s) ORDER BY loan_id, event_no
"""


def load(db: Db, loan_ids: Sequence[int], *, lock: bool = True, on: date | None = None) -> list[Held]:
    """The loans with those numbers, locked in their order for the rest of the transaction.

    To be looked at and not changed: `on` brings their penalty interest, and interest that follows what is owed, up to that day.
    Raises Fault if one of them is not there: the caller has found it by its registry entry.
    """
    ids = sorted(set(loan_ids))
    with db.pipeline():
        if lock:
            db.execute(_LOCK, [ids])
        loans = db.execute(_LOANS, [ids])
        instalments = db.execute(_INSTALMENTS, [ids])
        duties = db.execute(_OPEN_DUTIES, [ids])
    rows_of: dict[int, list[Instalment]] = {loan_id: [] for loan_id in ids}
    for row in instalments.fetchall():
        rows_of[row[0]].append(Instalment(*row[1:]))
    duties_of: dict[int, list[Duty]] = {loan_id: [] for loan_id in ids}
    for row in duties.fetchall():
        duties_of[row[0]].append(Duty(*row))
    found = [_held(row, rows_of[row[0]], duties_of[row[0]]) for row in loans.fetchall()]
    if len(found) != len(ids):
        missing = set(ids) - {held.loan.loan_id for held in found}
        raise Fault(f"loans {sorted(missing)[:5]} have no rows behind their registry entry")
    if on is not None:
        for held in found:
            held.state = standing(held.state, on)
    return found


def history(db: Db, loan_ids: Sequence[int]) -> dict[int, list[Event]]:
    """All events of the loans, in the order they were entered."""
    found: dict[int, list[Event]] = {loan_id: [] for loan_id in loan_ids}
    for loan_id, event_no, kind, on, entered_on, payload in db.execute(_EVENTS, [list(loan_ids)]).fetchall():
        found[loan_id].append(Event(event_no, kind, on, entered_on, json.loads(payload)))
    return found


def terms_of(db: Db, loan_id: int) -> Terms:
    """The contract's terms; NotFound if the loan has none yet."""
    row = db.execute("SELECT terms FROM loan_terms WHERE loan_id = %s", [loan_id]).fetchone()
    if row is None:
        raise NotFound("the loan has no terms yet")
    return Terms.from_json(json.loads(row[0]))


def _held(row: Sequence[Any], instalments: list[Instalment], duties: list[Duty]) -> Held:
    loan = Loan(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], LoanState(row[10]), row[11],
        Head(row[12], bytes(row[13])), row[14], row[15], row[16], row[17], row[18],
    )  # fmt: skip
    state = State(
        terms=Terms.from_json(json.loads(row[20])),
        instalments=instalments,
        totals=Totals(**dict(zip(TOTALS, row[37:-3], strict=True))),
        paid_off_on=row[31],
        written_off_on=row[32],
        through=row[24],
        penalised_through=row[33],
        pauses=pauses_of(row[34]),
        charges=charges_of(row[35]),
    )
    if row[36] is not None:
        put_agreed(state, row[36])
    account = Account(
        row[21], row[22], row[23], Cursors(row[25], row[26]), row[27], row[28], row[29], row[30], row[-3],
        Slope(int(row[-2]), int(row[-1])),
    )  # fmt: skip
    return Held(loan, row[19], state, account, duties)


def pauses_of(text: str | None) -> tuple[Pause, ...]:
    """The pauses as `account.pauses` holds them: `2026-03-02/2026-04-01`, one after the other; None where there are none."""
    spans = (span.split("/") for span in (text or "").split())
    return tuple(Pause(date.fromisoformat(first), date.fromisoformat(last)) for first, last in spans)


def pauses_text(pauses: Sequence[Pause]) -> str | None:
    """What `pauses_of` reads back."""
    return " ".join(f"{each.starts_on}/{each.ends_on}" for each in pauses) or None


def charges_of(text: str | None) -> list[Charge]:
    """The charges as `account.charges` holds them, JSON; None where there are none."""
    return [Charge(n, part, amount, date.fromisoformat(due_on)) for n, part, amount, due_on in json.loads(text or "[]")]


def charges_text(charges: Sequence[Charge]) -> str | None:
    """What `charges_of` reads back."""
    return json.dumps([[each.n, each.part, each.amount, each.due_on.isoformat()] for each in charges]) if charges else None


# ── writing ────────────────────────────────────────────────────────────────────────────────────────────────


def agreed_text(state: State) -> str | None:
    """What later agreements put in the contract's place, as `account.agreed` holds it; None where there is nothing."""
    if not (state.replaced or state.rates or state.starts or state.loose or state.level or state.reckoned_on):
        return None
    agreed: dict[str, Any] = {
        "terms": None if state.replaced is None else state.replaced.to_json(),
        "rates": [[n, rate.ppb, rate.per.value] for n, rate in state.rates],
        "starts": [[n, on.isoformat()] for n, on in sorted(state.starts.items())],
        "loose": sorted(state.loose),
        "level": state.level,
        "carried": [[n, amount] for n, amount in sorted(state.carried.items())],
        "reckoned": None if state.reckoned_on is None else [state.reckoned_on.isoformat(), state.reckoned],
    }
    return canonical.encode({name: value for name, value in agreed.items() if value}).decode()


def put_agreed(state: State, text: str) -> None:
    """Give `state` what `agreed_text` wrote."""
    agreed = json.loads(text)
    state.replaced = Terms.from_json(agreed["terms"]) if "terms" in agreed else None
    state.rates = tuple((n, Rate(ppb, Per(per))) for n, ppb, per in agreed.get("rates", []))
    state.starts = {n: date.fromisoformat(on) for n, on in agreed.get("starts", [])}
    state.loose = set(agreed.get("loose", []))
    state.level = agreed.get("level")
    state.carried = dict(agreed.get("carried", []))
    if "reckoned" in agreed:
        state.reckoned_on, state.reckoned = date.fromisoformat(agreed["reckoned"][0]), agreed["reckoned"][1]


_INSERTS: Final = {
    "loan_event": ("loan_id", "event_no", "kind", "on_date", "entered_on", "payload", "record_seq", "recorded_at"),
    "allocation": ("loan_id", "event_no", "n", "principal", "interest", "fee", "penalty"),
    "posting": ("loan_id", "event_no", "line", "on_date", "debit_account", "credit_account", "amount", "currency"),
    "duty": (
        "loan_id", "duty_no", "kind", "about", "due_on", "due_at", "window_from", "role", "opened_seq", "proof_seq", "closed_on",
        "owner_id", "attempts", "open",
    ),
    "gl_entry": ("on_date", "branch_id", "product_code", "debit_account", "credit_account", "amount", "currency", "source", "recorded_at"),
    "accrual_delta": (
        "on_date", "branch_id", "product_code", "currency", "kind", "daily", "constant", "lost", "source", "recorded_at",
    ),
}  # fmt: skip

# An agreement that is taken back, or another that it gives way to, ends instalments that it had made.
_REMOVED: Final = "DELETE FROM instalment WHERE loan_id = %s AND n = ANY(%s)"

_INSTALMENT_COLUMNS: Final = (
    "loan_id", "n", "due_on", "principal", "interest", "fee", "penalty",
    "principal_paid", "interest_paid", "fee_paid", "penalty_paid", "paid_on",
    "late_base",
)  # fmt: skip
_ACCOUNT_COLUMNS: Final = (
    "loan_id", "next_event_on", "oldest_unpaid_due_on", "next_due_on", "next_due_amount", "last_event_no", "last_event_on",
    "billed_through", "reminded_through", "followed_through", "promised_for", "class_floor", "observe_until", "charges_barred",
    "paid_off_on", "written_off_on", "penalised_through", "pauses", "charges", "agreed", *TOTALS,
    "non_accrual_since", "accrued_daily", "accrued_constant",
)  # fmt: skip
_LOAN_COLUMNS: Final = (
    "loan_id", "state", "principal_out", "head_seq", "head_hash", "last_duty_no", "duty_no", "next_action_at",
)  # fmt: skip
_BIRTH_COLUMNS: Final = (
    *_LOAN_COLUMNS, "public_id", "branch_id", "officer_id", "party_id", "borrower_label", "product_code", "product_version",
    "contract_no", "currency", "pack_version", "opened_on",
)  # fmt: skip


def write(db: Db, changes: Sequence[Change], *, source: str, at: datetime, today: date) -> None:
    """Write all that the verbs changed, but for the journal's records, which their caller appends.

    `source` names the act in the general ledger.
    """
    rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _INSERTS}
    closed: list[tuple[Any, ...]] = []
    for change in changes:
        _collect(change, rows, closed, at, today)
    rows["gl_entry"] = _general_ledger(changes, source, at, today)
    rows["accrual_delta"] = _accrual_deltas(changes, source, at, today)
    born = [change for change in changes if change.born]
    older = [change for change in changes if not change.born]
    new_loans = [change for change in changes if change.loan_born]
    many = len(changes) >= SET_FROM
    _insert(db, "loan", _BIRTH_COLUMNS, [_birth_row(change) for change in new_loans], many)
    _insert(db, "instalment", _INSTALMENT_COLUMNS, [row for change in born for row in _instalment_rows(change)], many)
    _insert(db, "account", _ACCOUNT_COLUMNS, [_account_row(change) for change in born], many)
    _insert(db, "loan_terms", ("loan_id", "terms"), [_terms_row(change) for change in born], many)
    _insert(db, "loan_registry", ("kind", "key", "loan_id"), [row for change in new_loans for row in _names(change)], many)
    for table, columns in _INSERTS.items():
        _insert(db, table, columns, rows[table], many)
    _merge(db, "duty", ("loan_id", "duty_no", "proof_seq", "closed_on"), 2, closed, many, extra="open = false")
    _insert(db, "instalment", _INSTALMENT_COLUMNS, [row for change in older for row in _instalment_rows(change, added=True)], many)
    _merge(db, "instalment", _INSTALMENT_COLUMNS, 2, [row for change in older for row in _instalment_rows(change, added=False)], many)
    for change in older:
        if change.removed:
            db.execute(_REMOVED, [change.held.loan.loan_id, change.removed])
    _merge(db, "account", _ACCOUNT_COLUMNS, 1, [_account_row(change) for change in older], many)
    _merge(db, "loan", _LOAN_COLUMNS, 1, [_loan_row(change) for change in changes if not change.loan_born], many)


def promise(db: Db, promised: Iterable[tuple[int, date, date | None]]) -> None:
    """Note on each account (loan_id, moment, next_event_on) that the reminder of that moment is in the outbox."""
    rows = [(loan_id, next_event_on, moment) for loan_id, moment, next_event_on in promised]
    _merge(db, "account", ("loan_id", "next_event_on", "promised_for"), 1, rows, len(rows) >= SET_FROM)


def register_tape(db: Db, identities: Sequence[tuple[str, int]]) -> None:
    """Remember which row of which tape each loan came from, so that it comes in once."""
    _insert(db, "loan_registry", ("kind", "key", "loan_id"), [("tape", key, loan_id) for key, loan_id in identities], many=True)


def _collect(change: Change, rows: dict[str, list[tuple[Any, ...]]], closed: list[tuple[Any, ...]], at: datetime, today: date) -> None:
    loan_id = change.held.loan.loan_id
    currency = change.held.loan.currency
    for event, seq in zip(change.events, change.event_records, strict=True):
        payload = canonical.encode(dict(event.payload)).decode()
        rows["loan_event"].append((loan_id, event.event_no, event.kind, event.on, event.entered_on, payload, seq, at))
    event_no = change.held.account.last_event_no
    rows["allocation"].extend((loan_id, event_no, n, *parts) for n, parts in change.allocations)
    rows["posting"].extend(
        (loan_id, event_no, number, today, line.debit, line.credit, line.amount, currency) for number, line in enumerate(change.lines, 1)
    )
    rows["duty"].extend(
        (
            duty.loan_id, duty.duty_no, duty.kind, duty.about, duty.due_on, duty.due_at, duty.window_from, duty.role,
            duty.opened_seq, duty.proof_seq, duty.closed_on, duty.owner_id, duty.attempts, duty.open,
        )
        for duty in change.duties.written
    )  # fmt: skip
    closed.extend((duty.loan_id, duty.duty_no, duty.proof_seq, duty.closed_on) for duty in change.duties.closed)


def _general_ledger(changes: Sequence[Change], source: str, at: datetime, today: date) -> list[tuple[Any, ...]]:
    sums = aggregate(
        ((change.held.loan.branch_id, change.held.loan.product_code, change.held.loan.currency), line)
        for change in changes
        for line in change.lines
    )
    return [
        (today, branch, product, debit, credit, amount, currency, source, at)
        for ((branch, product, currency), debit, credit), amount in sorted(sums.items())
    ]


def _accrual_deltas(changes: Sequence[Change], source: str, at: datetime, today: date) -> list[tuple[Any, ...]]:
    sums = sum_moves(
        ((change.held.loan.branch_id, change.held.loan.product_code, change.held.loan.currency), move)
        for change in changes
        for move in change.moves
    )
    return [
        (today, branch, product, currency, kind, by.daily, by.constant, lost, source, at)
        for (branch, product, currency, kind), (by, lost) in sorted(sums.items())
    ]


def _loan_row(change: Change) -> tuple[Any, ...]:
    loan = change.held.loan
    return (
        loan.loan_id, loan.state, loan.principal_out, loan.head.seq, loan.head.hash, loan.last_duty_no, loan.duty_no, loan.next_action_at,
    )  # fmt: skip


def _birth_row(change: Change) -> tuple[Any, ...]:
    loan = change.held.loan
    return (
        *_loan_row(change), loan.public_id, loan.branch_id, loan.officer_id, loan.party_id, loan.borrower_label, loan.product_code,
        loan.product_version, loan.contract_no, loan.currency, loan.pack_version, loan.opened_on,
    )  # fmt: skip


def _account_row(change: Change) -> tuple[Any, ...]:
    state, account = change.held.state, change.held.account
    next_due = state.next_due
    totals = tuple(getattr(state.totals, name) for name in TOTALS)
    return (
        change.held.loan.loan_id, account.next_event_on, state.oldest_unpaid_due_on,
        next_due[0], next_due[1],
        account.last_event_no, account.last_event_on, state.through,
        account.cursors.reminded_through, account.cursors.followed_through, account.promised_for,
        account.class_floor, account.observe_until, account.charges_barred, state.paid_off_on, state.written_off_on,
        state.penalised_through, pauses_text(state.pauses), charges_text(state.charges), agreed_text(state), *totals,
        account.non_accrual_since, account.accrued.daily, account.accrued.constant,
    )  # fmt: skip


def _instalment_rows(change: Change, *, added: bool | None = None) -> list[tuple[Any, ...]]:
    """The rows that changed: all of them, or only those that were, or were not, added to a loan that had others."""
    loan_id = change.held.loan.loan_id
    return [
        (
            loan_id, row.n, row.due_on, row.principal, row.interest, row.fee, row.penalty,
            row.principal_paid, row.interest_paid, row.fee_paid, row.penalty_paid, row.paid_on,
            row.late_base,
        )
        for row in change.instalments
        if added is None or added == (row.n in change.added)
    ]  # fmt: skip


def _terms_row(change: Change) -> tuple[Any, ...]:
    return change.held.loan.loan_id, canonical.encode(change.held.state.terms.to_json()).decode()


def _names(change: Change) -> list[tuple[Any, ...]]:
    loan = change.held.loan
    return [("public_id", loan.public_id, loan.loan_id), ("contract_no", loan.contract_no, loan.loan_id)]


def _insert(db: Db, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], many: bool) -> None:
    if not rows:
        return
    names = ", ".join(columns)
    if many:
        with db.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        marks = ", ".join(["%s"] * len(columns))
        with db.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)


def _merge(db: Db, table: str, columns: Sequence[str], keys: int, rows: Sequence[Sequence[Any]], many: bool, *, extra: str = "") -> None:
    """Bring rows up to date; the first `keys` columns find them."""
    if not rows:
        return
    if many:
        names = ", ".join(columns)
        found = " AND ".join(f"t.{name} = s.{name}" for name in columns[:keys])
        to = ", ".join([f"{name} = s.{name}" for name in columns[keys:]] + ([extra] if extra else []))
        db.execute(f"CREATE TEMPORARY TABLE merge_{table} ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA")
        _insert(db, f"merge_{table}", columns, rows, many)
        db.execute(f"UPDATE {table} t SET {to} FROM merge_{table} s WHERE {found}")
        db.execute(f"DROP TABLE merge_{table}")
    else:
        found = " AND ".join(f"{name} = %s" for name in columns[:keys])
        to = ", ".join([f"{name} = %s" for name in columns[keys:]] + ([extra] if extra else []))
        with db.cursor() as cursor:
            cursor.executemany(f"UPDATE {table} SET {to} WHERE {found}", [(*row[keys:], *row[:keys]) for row in rows])
