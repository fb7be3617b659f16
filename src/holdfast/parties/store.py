"""Where branches, staff, tokens, parties and their sealed data are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import psycopg

from holdfast.parties.model import Branch, Party, Reach, Role, Scope, Staff

_STAFF: Final = "staff_id, public_id, user_id, person_id, name, role, branch_id, team, scope, active"
_PARTY: Final = "party_id, public_id, kind, label, language, branch_id, wrapped_key IS NULL"

INSERT_BRANCH: Final = "INSERT INTO branch (public_id, code, name) VALUES (%s, %s, %s) ON CONFLICT (code) DO NOTHING RETURNING branch_id"
SELECT_BRANCHES: Final = "SELECT branch_id, public_id, code, name FROM branch ORDER BY code"
SELECT_BRANCH: Final = "SELECT branch_id, public_id, code, name FROM branch WHERE code = %s"

# Django's own table of log-ins, written here so that the log-in and the person behind it are one transaction.
INSERT_USER: Final = """
    INSERT INTO auth_user (username, password, first_name, last_name, email, is_superuser, is_staff, is_active, date_joined)
    VALUES (%s, %s, '', '', '', false, false, true, %s) ON CONFLICT (username) DO NOTHING RETURNING id"""
INSERT_STAFF: Final = f"""
    INSERT INTO staff (public_id, user_id, person_id, name, role, branch_id, team, scope)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING {_STAFF}"""
DEACTIVATE_STAFF: Final = "UPDATE staff SET active = false WHERE staff_id = %s"
DEACTIVATE_USER: Final = "UPDATE auth_user SET is_active = false WHERE id = %s"
SELECT_STAFF: Final = f"SELECT {_STAFF} FROM staff"

INSERT_ACCESS: Final = "INSERT INTO api_token (token_hash, staff_id, label, created_at) VALUES (%s, %s, %s, %s)"
SELECT_WHO_HAS_ACCESS: Final = """
    SELECT s.staff_id, s.public_id, s.user_id, s.person_id, s.name, s.role, s.branch_id, s.team, s.scope, s.active
    FROM api_token t JOIN staff s USING (staff_id)
    WHERE t.token_hash = %s AND t.revoked_at IS NULL AND s.active"""
REVOKE_ACCESS: Final = "UPDATE api_token SET revoked_at = %s WHERE token_hash = %s AND revoked_at IS NULL"
REVOKE_ALL_ACCESS: Final = "UPDATE api_token SET revoked_at = %s WHERE staff_id = %s AND revoked_at IS NULL"

INSERT_PARTY: Final = f"""
    INSERT INTO party (public_id, kind, label, language, wrapped_key, branch_id) VALUES (%s, %s, %s, %s, %s, %s) RETURNING {_PARTY}"""
SELECT_PARTY: Final = f"SELECT {_PARTY} FROM party WHERE public_id = %s"
SELECT_PARTY_BY_ID: Final = f"SELECT {_PARTY} FROM party WHERE party_id = %s"
SELECT_WRAPPED_KEY: Final = "SELECT wrapped_key FROM party WHERE party_id = %s"
# Promises: whoever is revealed to has the person in sight, by a loan or, with no loan yet, by the branch.
PARTY_IN_SIGHT: Final = """
    SELECT EXISTS (SELECT FROM loan l WHERE l.party_id = %(party)s AND {condition})
        OR EXISTS (SELECT FROM party p WHERE p.party_id = %(party)s AND {by_branch})"""
DESTROY_KEY: Final = "UPDATE party SET wrapped_key = NULL, label = '*' WHERE party_id = %s"
DELETE_PRIVATE: Final = "DELETE FROM party_private WHERE party_id = %s"
UPDATE_LABEL: Final = "UPDATE party SET label = %s WHERE party_id = %s"
UPSERT_PRIVATE: Final = """
    INSERT INTO party_private (party_id, kind, nonce, sealed, lookup, masked) VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (party_id, kind) DO UPDATE SET
        (nonce, sealed, lookup, masked) = (excluded.nonce, excluded.sealed, excluded.lookup, excluded.masked)"""
SELECT_SEALED: Final = "SELECT nonce, sealed FROM party_private WHERE party_id = %s AND kind = %s"
SELECT_MASKED: Final = "SELECT kind, masked FROM party_private WHERE party_id = %s ORDER BY kind"
SELECT_PHONES: Final = """
    SELECT p.party_id, p.public_id, p.wrapped_key, x.nonce, x.sealed
    FROM party p JOIN party_private x ON x.party_id = p.party_id AND x.kind = 'phone'
    WHERE p.party_id = ANY(%s) AND p.wrapped_key IS NOT NULL"""
SELECT_PARTIES_BY_LOOKUP: Final = """
    SELECT p.party_id, p.public_id, p.kind, p.label, p.language, p.branch_id, p.wrapped_key IS NULL
    FROM party_private x JOIN party p USING (party_id) WHERE x.kind = %s AND x.lookup = %s ORDER BY p.party_id"""

INSERT_CONSENT: Final = """
    INSERT INTO consent (party_id, purpose, text_version, given, channel, evidence, recorded_at) VALUES (%s, %s, %s, %s, %s, %s, %s)"""
# The last act for a purpose decides.
SELECT_CONSENT: Final = "SELECT given FROM consent WHERE party_id = %s AND purpose = %s ORDER BY consent_id DESC LIMIT 1"

Db = psycopg.Connection[Any]


def insert_branch(db: Db, *, public_id: str, code: str, name: str) -> bool:
    """Write a branch; False if its code is taken."""
    return db.execute(INSERT_BRANCH, (public_id, code, name)).fetchone() is not None


def branches(db: Db) -> list[Branch]:
    """All branches, by code."""
    return [Branch(*row) for row in db.execute(SELECT_BRANCHES).fetchall()]


def branch_of_code(db: Db, code: str) -> Branch | None:
    """The branch of that code."""
    row = db.execute(SELECT_BRANCH, (code,)).fetchone()
    return Branch(*row) if row else None


def insert_user(db: Db, *, username: str, password_hash: str, at: datetime) -> int | None:
    """Write a log-in; None if the name is taken."""
    row = db.execute(INSERT_USER, (username, password_hash, at)).fetchone()
    return int(row[0]) if row else None


def insert_staff(
    db: Db,
    *,
    public_id: str,
    user_id: int | None,
    person_id: int | None,
    name: str,
    role: Role,
    branch_id: int | None,
    team: str | None,
    reach: Reach,
) -> Staff:
    """Write a staff member."""
    row = db.execute(INSERT_STAFF, (public_id, user_id, person_id, name, role, branch_id, team, reach)).fetchone()
    assert row is not None
    return _staff(row)


def deactivate(db: Db, staff: Staff, at: datetime) -> None:
    """Close a log-in and all its tokens."""
    db.execute(DEACTIVATE_STAFF, (staff.staff_id,))
    db.execute(REVOKE_ALL_ACCESS, (at, staff.staff_id))
    if staff.user_id is not None:
        db.execute(DEACTIVATE_USER, (staff.user_id,))


def staff_where(db: Db, column: str, value: object) -> Staff | None:
    """The one staff member with that value in a unique column."""
    row = db.execute(f"{SELECT_STAFF} WHERE {column} = %s", (value,)).fetchone()
    return _staff(row) if row else None


def staff_list(db: Db) -> list[Staff]:
    """Everybody, by name."""
    return [_staff(row) for row in db.execute(f"{SELECT_STAFF} ORDER BY name, staff_id").fetchall()]


def insert_token(db: Db, *, token_hash: bytes, staff_id: int, label: str, at: datetime) -> None:
    """Keep a token's hash."""
    db.execute(INSERT_ACCESS, (token_hash, staff_id, label, at))


def staff_of_token_hash(db: Db, token_hash: bytes) -> Staff | None:
    """Whose living token it is."""
    row = db.execute(SELECT_WHO_HAS_ACCESS, (token_hash,)).fetchone()
    return _staff(row) if row else None


def revoke_token(db: Db, token_hash: bytes, at: datetime) -> bool:
    """End a token; False if it was not living."""
    return bool(db.execute(REVOKE_ACCESS, (at, token_hash)).rowcount)


def insert_party(db: Db, *, public_id: str, kind: str, label: str, language: str, wrapped_key: bytes, branch_id: int) -> Party:
    """Write a party."""
    row = db.execute(INSERT_PARTY, (public_id, kind, label, language, wrapped_key, branch_id)).fetchone()
    assert row is not None
    return Party(*row)


def party(db: Db, public_id: str) -> Party | None:
    """The party of that public id."""
    row = db.execute(SELECT_PARTY, (public_id,)).fetchone()
    return Party(*row) if row else None


def party_by_id(db: Db, party_id: int) -> Party | None:
    """The party of that number."""
    row = db.execute(SELECT_PARTY_BY_ID, (party_id,)).fetchone()
    return Party(*row) if row else None


def in_sight(db: Db, party_id: int, scope: Scope) -> bool:
    """Whether a person with that scope may know of the party."""
    condition, values = scope.condition("l")
    by_branch = {Reach.ALL: "TRUE", Reach.BRANCH: "p.branch_id = %(scope_branch)s"}.get(scope.reach, "FALSE")
    row = db.execute(PARTY_IN_SIGHT.format(condition=condition, by_branch=by_branch), {**values, "party": party_id}).fetchone()
    return bool(row and row[0])


def wrapped_key(db: Db, party_id: int) -> bytes | None:
    """The party's key under the master key; None if destroyed."""
    row = db.execute(SELECT_WRAPPED_KEY, (party_id,)).fetchone()
    return bytes(row[0]) if row and row[0] is not None else None


def write_private(db: Db, party_id: int, rows: Sequence[tuple[str, bytes, bytes, bytes, str]]) -> None:
    """Write sealed values: kind, nonce, sealed, look-up, mask."""
    with db.cursor() as cursor:
        cursor.executemany(UPSERT_PRIVATE, [(party_id, *row) for row in rows])


def update_label(db: Db, party_id: int, label: str) -> None:
    """Write the masked name that lists show."""
    db.execute(UPDATE_LABEL, (label, party_id))


def sealed_value(db: Db, party_id: int, kind: str) -> tuple[bytes, bytes] | None:
    """Nonce and sealed bytes of one value."""
    row = db.execute(SELECT_SEALED, (party_id, kind)).fetchone()
    return (bytes(row[0]), bytes(row[1])) if row else None


def masked_values(db: Db, party_id: int) -> Mapping[str, str]:
    """What may be shown of a party, by kind."""
    return dict(db.execute(SELECT_MASKED, (party_id,)).fetchall())


def sealed_phones(db: Db, party_ids: Sequence[int]) -> list[tuple[int, str, bytes, bytes, bytes]]:
    """Party, public id, wrapped key, nonce and sealed number of each that has one."""
    rows = db.execute(SELECT_PHONES, (list(party_ids),)).fetchall()
    return [(row[0], row[1], bytes(row[2]), bytes(row[3]), bytes(row[4])) for row in rows]


def parties_by_lookup(db: Db, kind: str, lookup: bytes) -> list[Party]:
    """The parties with that value."""
    return [Party(*row) for row in db.execute(SELECT_PARTIES_BY_LOOKUP, (kind, lookup)).fetchall()]


def destroy(db: Db, party_id: int) -> None:
    """Forget the party's key and everything that was sealed under it."""
    db.execute(DELETE_PRIVATE, (party_id,))
    db.execute(DESTROY_KEY, (party_id,))


def insert_consent(
    db: Db, *, party_id: int, purpose: str, text_version: str, given: bool, channel: str, evidence: str, at: datetime
) -> None:
    """Write one act of consent or withdrawal."""
    db.execute(INSERT_CONSENT, (party_id, purpose, text_version, given, channel, evidence, at))


def consents(db: Db, party_id: int, purpose: str) -> bool:
    """Whether the last act for that purpose was a yes."""
    row = db.execute(SELECT_CONSENT, (party_id, purpose)).fetchone()
    return bool(row and row[0])


def _staff(row: Sequence[Any]) -> Staff:
    staff_id, public_id, user_id, person_id, name, role, branch_id, team, scope, active = row
    return Staff(staff_id, public_id, user_id, person_id, name, Role(role), branch_id, team, Reach(scope), active)
