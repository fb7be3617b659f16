"""Reading the book: the loan list, one loan and its parts, the duties and the day's figures.

The console, the API and nothing else read loans through here, so a figure is computed once and a
loan that lies outside a person's data scope is nowhere to be seen: not in a list, not by its id.
Everything here reads and nothing writes. Lists come in pages by key, never by offset, so that a
page costs the same at the end of a book as at its beginning.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound
from holdfast.kernel.money import Money
from holdfast.life import DUTIES, RECORDS, LoanState
from holdfast.policy import lender, pack_in_force
from holdfast.products import Instalment
from holdfast.servicing import store
from holdfast.servicing.arrears import CLASSES, days_past_due, five_tier, floor_on
from holdfast.servicing.pages import PAST_THE_LAST, Db, Page, cursor_after, fetch, page_size, read_cursor
from holdfast.servicing.recalculation import standing
from holdfast.servicing.views import (
    Balances,
    DayFigures,
    DutyFilter,
    DutyRow,
    EntryRow,
    EventRow,
    InstalmentRow,
    LoanDetail,
    LoanFilter,
    LoanRow,
    Look,
    NextDuty,
    Part,
    Sight,
    TimelineItem,
)

# The stage that a loan stands in, by its state.
STAGE_OF_STATE: Final = {
    LoanState.SUBMITTED: "applications",
    LoanState.CONFIRMED: "confirmation",
    LoanState.DECIDED: "decisioning",
    LoanState.SIGNED: "contracts",
    LoanState.ACTIVE: "servicing",
    LoanState.WRITTEN_OFF: "followup",
    LoanState.RELEASING: "release",
    LoanState.SETTLED: "release",
    LoanState.REFUSED: "decisioning",
    LoanState.WITHDRAWN: "applications",
}


def look_of(db: Db, sight: Sight, clock: Clock) -> Look:
    """The look of somebody with this data scope, today, under the class floors of the pack in force."""
    today = clock.today()
    floors = pack_in_force(db, clock).table("classification.floors", on=today, lender_type=lender(db).lender_type)
    return Look(sight, today, floors)


# -- the loan list --------------------------------------------------------------------------------

_LOAN_COLUMNS: Final = """
    l.loan_id, l.public_id, l.contract_no, l.borrower_label, l.product_code, l.product_version,
    p.name_zh, p.name_en, p.collateral, b.code AS branch_code, b.name AS branch_name, o.name AS officer_name,
    l.state, l.currency, l.principal_out, l.opened_on, l.pack_version, l.head_seq, l.head_hash,
    a.oldest_unpaid_due_on, a.next_due_on, a.next_due_amount, a.class_floor, a.observe_until, a.pauses,
    d.duty_no, d.kind AS duty_kind, d.about AS duty_about, d.due_at AS duty_due_at, d.role AS duty_role, w.name AS duty_owner
"""
# As `arrears.floor_on`: a floor that was set with a time of observation ends with that time.
_FLOOR: Final = "CASE WHEN a.observe_until < %(today)s::date THEN 'pass' ELSE a.class_floor END"
# As `arrears.days_past_due`. The function is called for the few loans that have been paused only.
LATE: Final = """CASE WHEN a.pauses IS NULL THEN greatest(%(today)s::date - a.oldest_unpaid_due_on, 0)
                  ELSE days_late(a.oldest_unpaid_due_on, a.pauses, %(today)s::date) END"""
_LOAN_TABLES: Final = """
    FROM loan l
    JOIN product p ON p.code = l.product_code
    JOIN branch b USING (branch_id)
    LEFT JOIN staff o ON o.staff_id = l.officer_id
    LEFT JOIN account a ON a.loan_id = l.loan_id
    LEFT JOIN duty d ON d.loan_id = l.loan_id AND d.duty_no = l.duty_no
    LEFT JOIN staff w ON w.staff_id = d.owner_id
"""

# Each order: the key that it sorts by, as SQL, its type, and its direction. The loan's number breaks ties.
_ORDERS: Final = {
    "newest": ("l.loan_id", "bigint", "DESC"),
    "next_duty": ("coalesce(l.next_action_at, 'infinity')", "timestamptz", "ASC"),
    "arrears": ("coalesce(a.oldest_unpaid_due_on, 'infinity')", "date", "ASC"),
}
SORTS: Final = tuple(_ORDERS)


def loan_list(db: Db, look: Look, wanted: LoanFilter | None = None, *, cursor: str | None = None, limit: int = 50) -> Page[LoanRow]:
    """A page of loans within sight. BadInput names a filter that is no filter, or a cursor of another list."""
    wanted = wanted or LoanFilter()
    if wanted.sort not in _ORDERS:
        raise BadInput(f"sort: {wanted.sort!r} is not an order; use one of {', '.join(_ORDERS)}", field="sort")
    key, key_type, direction = _ORDERS[wanted.sort]
    conditions, values = _narrow(look, wanted)
    if cursor is not None:
        values["at"], values["number"] = read_cursor(cursor, f"loans {wanted.sort}", key_type, "bigint")
        conditions.append(f"({key}, l.loan_id) {'<' if direction == 'DESC' else '>'} (%(at)s::{key_type}, %(number)s::bigint)")
    values["limit"] = page_size(limit) + 1
    rows = fetch(
        db,
        f"SELECT {_LOAN_COLUMNS}, ({key})::text AS sort_key {_LOAN_TABLES}"
        f" WHERE {' AND '.join(conditions)} ORDER BY {key} {direction}, l.loan_id {direction} LIMIT %(limit)s",
        values,
    )
    after = cursor_after(rows, limit, f"loans {wanted.sort}", "sort_key", "loan_id")
    return Page([_loan_row(row, look) for row in _grown(db, look, rows[:limit])], after)


def _grown(db: Db, look: Look, rows: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """The rows with what a late loan asks for next as it stands today: penalty interest grows while nobody touches its row."""
    late = [
        row["loan_id"] for row in rows
        if row["state"] == "active" and row["oldest_unpaid_due_on"] is not None and row["oldest_unpaid_due_on"] < look.today
    ]  # fmt: skip
    due = {held.loan.loan_id: held.state.next_due[1] for held in store.load(db, late, lock=False, on=look.today)} if late else {}
    for row in rows:
        row["next_due_amount"] = due.get(row["loan_id"], row["next_due_amount"])
    return rows


def _narrow(look: Look, wanted: LoanFilter) -> tuple[list[str], dict[str, Any]]:
    condition, parameters = look.sight.condition("l")
    conditions, values = [condition], dict(parameters)

    def add(sql: str, **more: Any) -> None:
        conditions.append(sql)
        values.update(more)

    if wanted.state is not None:
        if wanted.state not in set(LoanState):
            raise BadInput(f"state: {wanted.state!r} is not a state of a loan; use one of {', '.join(LoanState)}", field="state")
        add("l.state = %(state)s", state=wanted.state)
    if wanted.product is not None:
        add("l.product_code = %(product)s", product=wanted.product)
    if wanted.branch is not None:
        add("(b.code = %(branch)s OR b.public_id = %(branch)s)", branch=wanted.branch)
    if wanted.q:
        # The person types plain words: signs that mean something to LIKE are taken as themselves.
        plain = wanted.q.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        add(
            "(l.public_id = %(q)s OR l.contract_no LIKE %(q_part)s OR l.borrower_label LIKE %(q_part)s)",
            q=wanted.q.strip(),
            q_part=f"%{plain}%",
        )
    if wanted.dpd_min is not None and wanted.dpd_min > 0:
        add(
            f"a.oldest_unpaid_due_on <= %(late_since)s AND (a.pauses IS NULL OR {LATE} >= %(dpd_min)s)",
            late_since=_days_before(look.today, wanted.dpd_min), dpd_min=wanted.dpd_min, today=look.today,
        )  # fmt: skip
    if wanted.dpd_max is not None:
        add(
            f"(coalesce(a.oldest_unpaid_due_on >= %(late_until)s, true) OR a.pauses IS NOT NULL AND {LATE} <= %(dpd_max)s)",
            late_until=_days_before(look.today, wanted.dpd_max), dpd_max=wanted.dpd_max, today=look.today,
        )  # fmt: skip
    if wanted.loan_class is not None:
        _narrow_to_class(look, wanted.loan_class, add)
    return conditions, values


def _narrow_to_class(look: Look, loan_class: str, add: Callable[..., None]) -> None:
    """A loan is in a class by its days past due or by the floor laid under its class, whichever is worse."""
    if loan_class not in CLASSES:
        raise BadInput(f"class: {loan_class!r} is not a class; use one of {', '.join(CLASSES)}", field="class")
    rank = CLASSES.index(loan_class)
    floor_rank = f"coalesce(array_position(%(classes)s::text[], {_FLOOR}), 1)"
    if rank + 1 < len(CLASSES):
        worse = look.class_floors[CLASSES[rank + 1]]
        add(
            f"(coalesce(a.oldest_unpaid_due_on >= %(worse_from)s, true) OR a.pauses IS NOT NULL AND {LATE} < %(worse)s)",
            worse_from=_days_before(look.today, worse - 1), worse=worse, today=look.today,
        )  # fmt: skip
    if rank > 0:
        add(
            f"(a.oldest_unpaid_due_on <= %(class_from)s AND (a.pauses IS NULL OR {LATE} >= %(reached)s) OR {floor_rank} = %(rank)s)",
            class_from=_days_before(look.today, look.class_floors[loan_class]),
            reached=look.class_floors[loan_class],
        )
    add(f"{floor_rank} <= %(rank)s", classes=list(CLASSES), rank=rank + 1, today=look.today)


def _days_before(today: date, days: int) -> date:
    return today - timedelta(days=min(max(days, 0), (today - date.min).days))


def _loan_row(row: Mapping[str, Any], look: Look) -> LoanRow:
    currency = row["currency"]
    late = days_past_due(row["oldest_unpaid_due_on"], look.today, store.pauses_of(row["pauses"]))
    duty = None
    if row["duty_no"] is not None:
        duty = NextDuty(row["duty_no"], row["duty_kind"], row["duty_about"], row["duty_due_at"], row["duty_role"], row["duty_owner"])
    return LoanRow(
        id=row["public_id"],
        contract_no=row["contract_no"],
        borrower=row["borrower_label"],
        product=row["product_code"],
        product_name_zh=row["name_zh"],
        product_name_en=row["name_en"],
        collateral=row["collateral"],
        branch=row["branch_code"],
        branch_name=row["branch_name"],
        officer=row["officer_name"],
        state=row["state"],
        currency=currency,
        principal_out=Money(row["principal_out"], currency),
        days_past_due=late,
        loan_class=five_tier(late, look.class_floors, floor_on(row["class_floor"] or "pass", row["observe_until"], look.today)),
        oldest_unpaid_due_on=row["oldest_unpaid_due_on"],
        next_due_on=row["next_due_on"],
        next_due=None if row["next_due_on"] is None else Money(row["next_due_amount"], currency),
        next_duty=duty,
        opened_on=row["opened_on"],
    )


# -- one loan -------------------------------------------------------------------------------------

_ACCOUNT_COLUMNS: Final = """
    a.charges_barred, a.last_event_no, a.disbursed, a.taken_over, a.interest_earned, a.fee_charged, a.penalty_charged,
    a.principal_paid, a.interest_paid, a.fee_paid, a.penalty_paid, a.overpaid, a.refunded,
    a.principal_written_off, a.interest_written_off, a.fee_written_off, a.penalty_written_off, a.recovered
"""


def loan_number(db: Db, look: Look, public_id: str) -> int:
    """The inner key of a loan within sight; NotFound for one that is not there or not to be seen, without saying which."""
    condition, values = look.sight.condition("l")
    rows = fetch(
        db,
        "SELECT l.loan_id FROM loan_registry r JOIN loan l USING (loan_id)"
        f" WHERE r.kind = 'public_id' AND r.key = %(public_id)s AND {condition}",
        {**values, "public_id": public_id},
    )
    if not rows:
        raise _no_such_loan(public_id)
    return int(rows[0]["loan_id"])


def loan_named(db: Db, look: Look, number: int) -> str:
    """The public id of a loan within sight; NotFound for one that is not to be seen."""
    condition, values = look.sight.condition("l")
    rows = fetch(db, f"SELECT l.public_id FROM loan l WHERE l.loan_id = %(number)s AND {condition}", {**values, "number": number})
    if not rows:
        raise NotFound("there is no such loan within your sight", code="loan_not_found", field="loan")
    return str(rows[0]["public_id"])


def loan_detail(db: Db, look: Look, public_id: str) -> LoanDetail:
    """One loan with its terms and balances, in one statement; NotFound as in `loan_number`."""
    condition, values = look.sight.condition("l")
    rows = fetch(
        db,
        f"SELECT {_LOAN_COLUMNS}, {_ACCOUNT_COLUMNS}, t.terms, y.public_id AS party_public_id {_LOAN_TABLES}"
        " LEFT JOIN loan_terms t ON t.loan_id = l.loan_id LEFT JOIN party y ON y.party_id = l.party_id"
        " WHERE l.loan_id = (SELECT r.loan_id FROM loan_registry r WHERE r.kind = 'public_id' AND r.key = %(public_id)s)"
        f" AND {condition}",
        {**values, "public_id": public_id},
    )
    if not rows:
        raise _no_such_loan(public_id)
    row = _grown(db, look, rows)[0]
    held = store.load(db, [row["loan_id"]], lock=False)[0] if row["terms"] is not None and row["last_event_no"] else None
    if held is not None:
        grown = standing(held.state, look.today)
        row["penalty_charged"] += sum(line.penalty for line in grown.instalments) - sum(line.penalty for line in held.state.instalments)
    return LoanDetail(
        number=row["loan_id"],
        row=_loan_row(row, look),
        party=row["party_public_id"],
        product_version=row["product_version"],
        pack_version=row["pack_version"],
        terms={} if row["terms"] is None else json.loads(row["terms"]),
        balances=_balances(row),
        charges_barred=bool(row["charges_barred"]),
        pauses=store.pauses_of(row["pauses"]),
        last_event_no=row["last_event_no"] or 0,
        head_seq=row["head_seq"],
        head_hash=bytes(row["head_hash"]).hex(),
        stage=STAGE_OF_STATE[LoanState(row["state"])],
    )


def _balances(row: Mapping[str, Any]) -> Balances:
    def money(minor: int) -> Money:
        return Money(minor, row["currency"])

    def kept(name: str) -> int:
        return row[name] or 0

    return Balances(
        disbursed=money(kept("disbursed")),
        taken_over=money(kept("taken_over")),
        principal_out=money(row["principal_out"]),
        principal_paid=money(kept("principal_paid")),
        interest_earned=money(kept("interest_earned")),
        interest_paid=money(kept("interest_paid")),
        interest_unpaid=money(kept("interest_earned") - kept("interest_paid") - kept("interest_written_off")),
        fee_unpaid=money(kept("fee_charged") - kept("fee_paid") - kept("fee_written_off")),
        penalty_unpaid=money(kept("penalty_charged") - kept("penalty_paid") - kept("penalty_written_off")),
        overpaid=money(kept("overpaid") - kept("refunded")),
        refunded=money(kept("refunded")),
        principal_written_off=money(kept("principal_written_off")),
        interest_written_off=money(kept("interest_written_off")),
        recovered=money(kept("recovered")),
    )


def _no_such_loan(public_id: str) -> NotFound:
    return NotFound(f"there is no loan {public_id} within your sight", code="loan_not_found", field="loan")


def schedule(db: Db, look: Look, public_id: str) -> list[InstalmentRow]:
    """The instalments as they stand now, first to last; those that are late with the penalty interest of today."""
    number = loan_number(db, look, public_id)
    if not db.execute("SELECT 1 FROM account WHERE loan_id = %s", [number]).fetchone():
        return []
    state = store.load(db, [number], lock=False, on=look.today)[0].state
    return _instalments(state.instalments, state.terms.currency, look.today)


def _instalments(rows: Sequence[Instalment], currency: str, today: date) -> list[InstalmentRow]:
    ahead = sum(row.principal for row in rows)
    lines = []
    for row in rows:
        ahead -= row.principal
        lines.append(
            InstalmentRow(
                n=row.n,
                due_on=row.due_on,
                principal=Money(row.principal, currency),
                interest=Money(row.interest, currency),
                fee=Money(row.fee, currency),
                penalty=Money(row.penalty, currency),
                due=Money(row.due, currency),
                paid=Money(row.paid, currency),
                unpaid=Money(row.unpaid, currency),
                balance_after=Money(ahead, currency),
                paid_on=row.paid_on,
                state=_instalment_state(row.due, row.paid, row.due_on, today),
            )
        )
    return lines


def _instalment_state(due: int, paid: int, due_on: date, today: date) -> str:
    if paid >= due:
        return "paid"
    if due_on < today:
        return "late"
    return "part_paid" if paid else "to_come"


def events(db: Db, look: Look, public_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[EventRow]:
    """What happened to the money, newest first, each with how it fell on the instalments."""
    number = loan_number(db, look, public_id)
    before = read_cursor(cursor, "events", "integer")[0] if cursor is not None else PAST_THE_LAST
    rows = fetch(
        db,
        "SELECT e.event_no, e.kind, e.on_date, e.entered_on, e.payload, e.record_seq, e.recorded_at, l.currency"
        " FROM loan_event e JOIN loan l USING (loan_id)"
        " WHERE e.loan_id = %(number)s AND e.event_no < %(before)s::integer ORDER BY e.event_no DESC LIMIT %(limit)s",
        {"number": number, "before": before, "limit": page_size(limit) + 1},
    )
    shown = rows[:limit]
    numbers = [row["event_no"] for row in shown]
    parts = _parts(db, number, numbers)
    reversed_by = _reversals(db, number)
    items = []
    for row in shown:
        payload = json.loads(row["payload"])
        currency = row["currency"]
        amount = payload.get("amount", payload.get("balance"))
        items.append(
            EventRow(
                no=row["event_no"],
                kind=row["kind"],
                on=row["on_date"],
                entered_on=row["entered_on"],
                amount=None if amount is None else Money(amount, currency),
                payload=payload,
                parts=tuple(_part(part, currency) for part in parts.get(row["event_no"], ())),
                reversed_by=reversed_by.get(row["event_no"]),
                record_seq=row["record_seq"],
                recorded_at=row["recorded_at"],
            )
        )
    return Page(items, cursor_after(rows, limit, "events", "event_no"))


def _parts(db: Db, number: int, event_numbers: list[int]) -> dict[int, list[Mapping[str, Any]]]:
    found: dict[int, list[Mapping[str, Any]]] = {}
    rows = fetch(
        db,
        "SELECT event_no, n, principal, interest, fee, penalty FROM allocation"
        " WHERE loan_id = %(number)s AND event_no = ANY(%(events)s) ORDER BY event_no, n",
        {"number": number, "events": event_numbers},
    )
    for row in rows:
        found.setdefault(row["event_no"], []).append(row)
    return found


def _part(row: Mapping[str, Any], currency: str) -> Part:
    amounts = (Money(row[name], currency) for name in ("principal", "interest", "fee", "penalty"))
    return Part(row["n"], *amounts)


def _reversals(db: Db, number: int) -> dict[int, int]:
    rows = fetch(db, "SELECT event_no, payload FROM loan_event WHERE loan_id = %(number)s AND kind = 'reversal'", {"number": number})
    return {int(json.loads(row["payload"])["event_no"]): row["event_no"] for row in rows}


def entries(db: Db, look: Look, public_id: str, *, cursor: str | None = None, limit: int = 100) -> Page[EntryRow]:
    """The loan's lines in the sub-ledger, newest event first."""
    number = loan_number(db, look, public_id)
    before, line = read_cursor(cursor, "entries", "integer", "integer") if cursor is not None else (PAST_THE_LAST, "0")
    rows = fetch(
        db,
        "SELECT event_no, line, on_date, debit_account, credit_account, amount, currency FROM posting"
        " WHERE loan_id = %(number)s AND (event_no < %(before)s::integer OR (event_no = %(before)s::integer AND line > %(line)s::integer))"
        " ORDER BY event_no DESC, line LIMIT %(limit)s",
        {"number": number, "before": before, "line": line, "limit": page_size(limit) + 1},
    )
    items = [
        EntryRow(
            row["event_no"], row["line"], row["on_date"], row["debit_account"], row["credit_account"], Money(row["amount"], row["currency"])
        )
        for row in rows[:limit]
    ]
    return Page(items, cursor_after(rows, limit, "entries", "event_no", "line"))


def timeline(db: Db, look: Look, public_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[TimelineItem]:
    """All that was done for a loan, newest first, each with its journal record."""
    number = loan_number(db, look, public_id)
    before = read_cursor(cursor, "timeline", "integer")[0] if cursor is not None else PAST_THE_LAST
    rows = fetch(
        db,
        # A line of a batch is sealed by the batch's own record, the first of its chain.
        "SELECT r.seq, r.kind, r.on_date, r.recorded_at, r.body, r.leaf_hash, r.batch_id, t.position FROM record r"
        " LEFT JOIN tree_leaf t ON t.loan_id = coalesce(r.batch_id, r.loan_id)"
        " AND t.seq = CASE WHEN r.batch_id IS NULL THEN r.seq ELSE 1 END"
        " WHERE r.loan_id = %(number)s AND r.seq < %(before)s::integer ORDER BY r.seq DESC LIMIT %(limit)s",
        {"number": number, "before": before, "limit": page_size(limit) + 1},
    )
    shown = rows[:limit]
    bodies = [json.loads(bytes(row["body"])) for row in shown]
    names = _names(db, (body["by"]["id"] for body in bodies))
    items = [_timeline_item(row, body, names) for row, body in zip(shown, bodies, strict=True)]
    return Page(items, cursor_after(rows, limit, "timeline", "seq"))


def milestones(db: Db, look: Look, public_id: str, kinds: Sequence[str]) -> dict[str, date]:
    """The day of the newest record of each of these kinds on the loan's chain; a kind that there is none of is left out."""
    number = loan_number(db, look, public_id)
    rows = fetch(
        db,
        "SELECT kind, max(on_date) AS on_date FROM record WHERE loan_id = %(number)s AND kind = ANY(%(kinds)s) GROUP BY kind",
        {"number": number, "kinds": list(kinds)},
    )
    return {row["kind"]: row["on_date"] for row in rows}


def _timeline_item(row: Mapping[str, Any], body: Mapping[str, Any], names: Mapping[str, str]) -> TimelineItem:
    says = body["says"]
    return TimelineItem(
        seq=row["seq"],
        kind=row["kind"],
        stage=RECORDS[row["kind"]].stage if row["kind"] in RECORDS else "servicing",
        on=row["on_date"],
        at=row["recorded_at"],
        by=body["by"]["id"],
        by_name=names.get(body["by"]["id"]),
        role=body["by"]["role"],
        says=says,
        duties=tuple(says.get("duties", ())),
        leaf_hash=bytes(row["leaf_hash"]).hex(),
        position=row["position"],
        in_batch=row["batch_id"] is not None,
    )


def _names(db: Db, public_ids: Iterable[str]) -> dict[str, str]:
    rows = fetch(db, "SELECT public_id, name FROM staff WHERE public_id = ANY(%(ids)s)", {"ids": sorted(set(public_ids))})
    return {row["public_id"]: row["name"] for row in rows}


# -- duties and the day ---------------------------------------------------------------------------

_DUTY_COLUMNS: Final = """
    SELECT l.public_id, l.contract_no, l.borrower_label, l.product_code, l.loan_id, d.duty_no, d.kind, d.about, d.due_on, d.due_at,
           d.window_from, d.role, w.name AS owner, d.attempts, d.open, d.proof_seq, d.closed_on, d.due_at::text AS sort_key
      FROM duty d JOIN loan l USING (loan_id) LEFT JOIN staff w ON w.staff_id = d.owner_id
"""


def duty_list(db: Db, look: Look, wanted: DutyFilter | None = None, *, cursor: str | None = None, limit: int = 50) -> Page[DutyRow]:
    """Open duties within sight, the most pressing first."""
    wanted = wanted or DutyFilter()
    condition, parameters = look.sight.condition("l")
    conditions, values = ["d.open", condition], dict(parameters)
    if wanted.role is not None:
        conditions.append("d.role = %(role)s")
    if wanted.kind is not None:
        if wanted.kind not in DUTIES:
            raise BadInput(f"kind: {wanted.kind!r} is not a kind of duty; use one of {', '.join(DUTIES)}", field="kind")
        conditions.append("d.kind = %(kind)s")
    if wanted.owner is not None:
        conditions.append("d.owner_id = %(owner)s")
    if wanted.due_before is not None:
        conditions.append("d.due_at < %(due_before)s")
    values |= {
        "role": wanted.role,
        "kind": wanted.kind,
        "owner": wanted.owner,
        "due_before": wanted.due_before,
        "limit": page_size(limit) + 1,
    }
    if cursor is not None:
        values["at"], values["number"], values["no"] = read_cursor(cursor, "duties", "timestamptz", "bigint", "integer")
        conditions.append("(d.due_at, d.loan_id, d.duty_no) > (%(at)s::timestamptz, %(number)s::bigint, %(no)s::integer)")
    rows = fetch(
        db,
        f"{_DUTY_COLUMNS} WHERE {' AND '.join(conditions)} ORDER BY d.due_at, d.loan_id, d.duty_no LIMIT %(limit)s",
        values,
    )
    return Page([_duty_row(row) for row in rows[:limit]], cursor_after(rows, limit, "duties", "sort_key", "loan_id", "duty_no"))


def duties_of(db: Db, look: Look, public_id: str) -> list[DutyRow]:
    """Every duty that one loan has or had, open ones first, then the latest closed."""
    condition, values = look.sight.condition("l")
    rows = fetch(
        db,
        f"{_DUTY_COLUMNS} WHERE l.loan_id = %(number)s AND {condition}"
        " ORDER BY d.open DESC, CASE WHEN d.open THEN d.due_at END, d.due_at DESC, d.duty_no DESC",
        {**values, "number": loan_number(db, look, public_id)},
    )
    return [_duty_row(row) for row in rows]


def _duty_row(row: Mapping[str, Any]) -> DutyRow:
    kind = DUTIES.get(row["kind"])
    return DutyRow(
        loan=row["public_id"],
        contract_no=row["contract_no"],
        borrower=row["borrower_label"],
        product=row["product_code"],
        no=row["duty_no"],
        kind=row["kind"],
        about=row["about"],
        due_on=row["due_on"],
        due_at=row["due_at"],
        window_from=row["window_from"],
        role=row["role"],
        owner=row["owner"],
        attempts=row["attempts"],
        open=row["open"],
        proof_seq=row["proof_seq"],
        closed_on=row["closed_on"],
        allowed_by=tuple(sorted(kind.proofs)) if kind else (),
    )


def day_figures(db: Db, look: Look, now: datetime) -> DayFigures:
    """How the book stands within sight; `now` decides which duties are late."""
    condition, parameters = look.sight.condition("l")
    values = {**parameters, "today": look.today, "now": now}
    loans = fetch(
        db,
        f"SELECT l.state, l.currency, l.duty_open AS live, {_FLOOR} AS class_floor, count(*) AS loans, sum(l.principal_out) AS principal,"
        f" {LATE} AS late_days"
        f" FROM loan l LEFT JOIN account a USING (loan_id) WHERE {condition}"
        " GROUP BY 1, 2, 3, 4, late_days",
        values,
    )
    duties = fetch(
        db,
        "SELECT count(*) FILTER (WHERE d.due_on = %(today)s) AS today, count(*) FILTER (WHERE d.due_at < %(now)s) AS late"
        f" FROM duty d JOIN loan l USING (loan_id) WHERE d.open AND d.due_on <= %(today)s AND {condition}",
        values,
    )[0]
    classes = dict.fromkeys(CLASSES, 0)
    states: dict[str, int] = {}
    principal: dict[str, int] = {}
    for row in loans:
        states[row["state"]] = states.get(row["state"], 0) + row["loans"]
        if row["live"]:
            classes[five_tier(row["late_days"] or 0, look.class_floors, row["class_floor"] or "pass")] += row["loans"]
            principal[row["currency"]] = principal.get(row["currency"], 0) + int(row["principal"])
    live = [row for row in loans if row["live"]]
    return DayFigures(
        live_loans=sum(row["loans"] for row in live),
        late_loans=sum(row["loans"] for row in live if row["late_days"]),
        principal_out=tuple(Money(minor, currency) for currency, minor in sorted(principal.items())),
        duties_due_today=duties["today"],
        duties_late=duties["late"],
        classes=classes,
        states=states,
    )
