"""Where releases, disposals and the branches' counters are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any, Final

import psycopg

from holdfast.kernel import canonical
from holdfast.kernel.errors import NotFound
from holdfast.release.model import AuditLine, Counter, Disposal, Release, Thing, Way
from holdfast.release.states import DisposalState, ReleaseState

Db = psycopg.Connection[Any]

_RELEASE_COLUMNS: Final = tuple(field.name for field in fields(Release))
_DISPOSAL_COLUMNS: Final = tuple(field.name for field in fields(Disposal))
_RELEASE: Final = ", ".join(f"r.{name}" for name in _RELEASE_COLUMNS)
_DISPOSAL: Final = ", ".join(f"d.{name}" for name in _DISPOSAL_COLUMNS)

# The newest release of a loan: an earlier one was cancelled.
LATEST_RELEASE: Final = f"SELECT {_RELEASE} FROM release r WHERE r.loan_id = %s ORDER BY r.release_no DESC LIMIT 1"
RELEASE_NAMED: Final = f"SELECT {_RELEASE} FROM release_name n JOIN release r USING (loan_id, release_no) WHERE n.name = %s"
LATEST_DISPOSAL: Final = f"SELECT {_DISPOSAL} FROM disposal d WHERE d.loan_id = %s ORDER BY d.disposal_no DESC LIMIT 1"
INSERT_NAME: Final = "INSERT INTO release_name (name, loan_id, release_no) VALUES (%s, %s, %s)"
# Releases within sight, those that go on first and in the order of their earliest duty.
IN_SIGHT: Final = f"""
    SELECT {_RELEASE}, l.public_id, l.borrower_label, l.contract_no, l.currency, l.state, l.next_action_at, p.name_zh, p.name_en, b.name
      FROM release r JOIN loan l USING (loan_id) JOIN product p ON p.code = l.product_code JOIN branch b USING (branch_id)
     WHERE {{condition}} AND (%(under_way)s = (r.state NOT IN ('completed', 'cancelled', 'ended_otherwise')))
     ORDER BY l.next_action_at NULLS LAST, r.opened_at DESC, r.loan_id LIMIT %(limit)s"""
DISPOSALS_IN_SIGHT: Final = f"""
    SELECT {_DISPOSAL}, l.public_id, l.borrower_label, l.contract_no, l.state, l.next_action_at, p.name_zh, p.name_en, b.name
      FROM disposal d JOIN loan l USING (loan_id) JOIN product p ON p.code = l.product_code JOIN branch b USING (branch_id)
     WHERE {{condition}} ORDER BY d.noticed_on DESC, d.loan_id LIMIT %(limit)s"""
# Loans that are late enough for a notice of default and have none that goes on.
LATE_ENOUGH: Final = """
    SELECT l.public_id, l.borrower_label, l.contract_no, l.currency, l.principal_out, a.oldest_unpaid_due_on,
           p.name_zh, p.name_en, b.name
      FROM loan l JOIN account a USING (loan_id) JOIN product p ON p.code = l.product_code JOIN branch b USING (branch_id)
     WHERE {condition} AND l.state = 'active' AND p.collateral <> 'none' AND a.oldest_unpaid_due_on <= %(late_since)s
       AND (a.pauses IS NULL OR days_late(a.oldest_unpaid_due_on, a.pauses, %(today)s) >= %(least)s)
       AND NOT EXISTS (SELECT FROM disposal d WHERE d.loan_id = l.loan_id AND d.state NOT IN ('cured', 'cancelled'))
     ORDER BY a.oldest_unpaid_due_on, l.loan_id LIMIT %(limit)s"""
COLLATERAL: Final = "SELECT collateral, name_zh, name_en FROM product WHERE code = %s"
COUNTER: Final = """
    SELECT b.branch_id, b.name, coalesce(c.address, ''), coalesce(c.opens, '09:00'), coalesce(c.closes, '18:00'),
           coalesce(c.first_day, 1), coalesce(c.last_day, 5), coalesce(c.phone, '')
      FROM branch b LEFT JOIN branch_counter c USING (branch_id) WHERE b.branch_id = %s"""
UPSERT_COUNTER: Final = """
    INSERT INTO branch_counter (branch_id, address, opens, closes, first_day, last_day, phone) VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (branch_id) DO UPDATE SET (address, opens, closes, first_day, last_day, phone)
        = (excluded.address, excluded.opens, excluded.closes, excluded.first_day, excluded.last_day, excluded.phone)"""
# Changes of a party's phone number since a day: the record's number, its day, and who made it.
PHONE_CHANGES: Final = """
    SELECT r.seq, r.on_date, s.staff_id
      FROM record r LEFT JOIN staff s ON s.public_id = (convert_from(r.body, 'UTF8')::json -> 'by' ->> 'id')
     WHERE r.loan_id = %s AND r.kind = 'party.changed' AND convert_from(r.body, 'UTF8')::json -> 'says' ->> 'what' = 'phone'
       AND r.on_date > %s ORDER BY r.seq"""
ROLE_OF: Final = "SELECT role FROM staff WHERE staff_id = %s"
STAFF_PARTIES: Final = "SELECT EXISTS (SELECT FROM staff WHERE active AND person_id = ANY(%s))"
MESSAGES_OF: Final = """
    SELECT template, body, state, send_from, sent_at, settled_at FROM message
     WHERE loan_id = %s AND template = ANY(%s) ORDER BY message_no DESC LIMIT 10"""
# When the receipt that paid the loan off was booked.
PAID_OFF_AT: Final = """
    SELECT recorded_at FROM record WHERE loan_id = %s AND kind = 'receipt.posted' AND seq < %s ORDER BY seq DESC LIMIT 1"""


def latest(db: Db, loan_id: int) -> Release | None:
    """The newest release of the loan."""
    row = db.execute(LATEST_RELEASE, [loan_id]).fetchone()
    return _release(row) if row else None


def named(db: Db, name: str) -> Release | None:
    """The release of that public id or proof token."""
    row = db.execute(RELEASE_NAMED, [name]).fetchone()
    return _release(row) if row else None


def insert(db: Db, release: Release) -> None:
    """Write a new release and its names."""
    _insert(db, "release", _RELEASE_COLUMNS, release)
    for name in (release.public_id, release.token):
        db.execute(INSERT_NAME, [name, release.loan_id, release.release_no])


def change(db: Db, release: Release, **changes: Any) -> Release:
    """Bring columns of a release up to date; the release as it stands now."""
    _update(db, "release", ("loan_id", "release_no"), release, changes)
    return replace(release, **changes)


def in_sight(db: Db, condition: str, values: Mapping[str, Any], *, under_way: bool, limit: int) -> list[tuple[Release, Sequence[Any]]]:
    """Releases of loans that meet the condition, each with what a list shows of its loan."""
    rows = db.execute(IN_SIGHT.format(condition=condition), {**values, "under_way": under_way, "limit": limit}).fetchall()
    return [(_release(row[: len(_RELEASE_COLUMNS)]), row[len(_RELEASE_COLUMNS) :]) for row in rows]


def latest_disposal(db: Db, loan_id: int) -> Disposal | None:
    """The newest default of the loan."""
    row = db.execute(LATEST_DISPOSAL, [loan_id]).fetchone()
    return _disposal(row) if row else None


def insert_disposal(db: Db, disposal: Disposal) -> None:
    """Write a new default."""
    _insert(db, "disposal", _DISPOSAL_COLUMNS, disposal)


def change_disposal(db: Db, disposal: Disposal, **changes: Any) -> Disposal:
    """Bring columns of a default up to date; the default as it stands now."""
    _update(db, "disposal", ("loan_id", "disposal_no"), disposal, changes)
    return replace(disposal, **changes)


def disposals_in_sight(db: Db, condition: str, values: Mapping[str, Any], *, limit: int) -> list[tuple[Disposal, Sequence[Any]]]:
    """Defaults of loans that meet the condition, each with what a list shows of its loan."""
    rows = db.execute(DISPOSALS_IN_SIGHT.format(condition=condition), {**values, "limit": limit}).fetchall()
    return [(_disposal(row[: len(_DISPOSAL_COLUMNS)]), row[len(_DISPOSAL_COLUMNS) :]) for row in rows]


def late_enough(db: Db, condition: str, values: Mapping[str, Any], *, today: date, least: int, limit: int) -> list[Sequence[Any]]:
    """Loans to which a notice of default could be given."""
    given = {**values, "late_since": today - timedelta(days=least), "today": today, "least": least, "limit": limit}
    return db.execute(LATE_ENOUGH.format(condition=condition), given).fetchall()


def collateral_of(db: Db, product_code: str) -> tuple[str, str, str]:
    """What secures loans of that product, and the product's names."""
    row = db.execute(COLLATERAL, [product_code]).fetchone()
    if row is None:
        raise NotFound(f"there is no product {product_code}", code="no_product")
    return str(row[0]), str(row[1]), str(row[2])


def counter(db: Db, branch_id: int) -> Counter:
    """Where and when the branch hands things back."""
    row = db.execute(COUNTER, [branch_id]).fetchone()
    if row is None:
        raise NotFound(f"there is no branch {branch_id}", code="no_branch")
    return Counter(*row)


def write_counter(db: Db, counter: Counter) -> None:
    """Write where and when a branch hands things back."""
    values = [counter.branch_id, counter.address, counter.opens, counter.closes, counter.first_day, counter.last_day, counter.phone]
    db.execute(UPSERT_COUNTER, values)


def phone_changes(db: Db, party_id: int, after: Any) -> list[tuple[int, Any, int | None]]:
    """Record, day and staff number of each change of the party's phone number later than a day."""
    return [(row[0], row[1], row[2]) for row in db.execute(PHONE_CHANGES, [party_id, after]).fetchall()]


def role_of(db: Db, staff_id: int) -> str:
    """The role of a member of staff."""
    row = db.execute(ROLE_OF, [staff_id]).fetchone()
    return str(row[0]) if row else ""


def any_staff(db: Db, party_ids: Sequence[int]) -> bool:
    """Whether one of those parties works here."""
    row = db.execute(STAFF_PARTIES, [list(party_ids)]).fetchone()
    return bool(row and row[0])


def messages_of(db: Db, loan_id: int, templates: Sequence[str]) -> list[Sequence[Any]]:
    """The loan's messages of those templates, newest first."""
    return db.execute(MESSAGES_OF, [loan_id, list(templates)]).fetchall()


def paid_off_at(db: Db, loan_id: int, opened_seq: int) -> Any:
    """The instant at which the receipt that opened the release was booked."""
    row = db.execute(PAID_OFF_AT, [loan_id, opened_seq]).fetchone()
    return row[0] if row else None


_JSON: Final = frozenset({"lines", "costs", "debt"})


def _stored(name: str, value: Any) -> Any:
    if name == "lines":
        value = [line.as_json() for line in value]
    return canonical.encode(value).decode() if name in _JSON else value


def _insert(db: Db, table: str, columns: Sequence[str], value: Any) -> None:
    marks = ", ".join(["%s"] * len(columns))
    row = [_stored(name, getattr(value, name)) for name in columns]
    db.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", row)


def _update(db: Db, table: str, keys: Sequence[str], value: Any, changes: Mapping[str, Any]) -> None:
    to = ", ".join(f"{name} = %s" for name in changes)
    found = " AND ".join(f"{name} = %s" for name in keys)
    row = [_stored(name, new) for name, new in changes.items()] + [getattr(value, name) for name in keys]
    db.execute(f"UPDATE {table} SET {to} WHERE {found}", row)


def _release(row: Sequence[Any]) -> Release:
    values = dict(zip(_RELEASE_COLUMNS, row, strict=True))
    values["state"], values["thing"] = ReleaseState(values["state"]), Thing(values["thing"])
    values["way"] = Way(values["way"]) if values["way"] else None
    values["lines"] = tuple(AuditLine(**line) for line in json.loads(values["lines"]))
    return Release(**values)


def _disposal(row: Sequence[Any]) -> Disposal:
    values = dict(zip(_DISPOSAL_COLUMNS, row, strict=True))
    values["state"] = DisposalState(values["state"])
    values["costs"], values["debt"] = json.loads(values["costs"]), json.loads(values["debt"])
    return Disposal(**values)
