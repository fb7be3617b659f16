"""Where applications, their entries, papers and contract numbers are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.applications.model import ApplicationState, Asked, Document, Entry, Line
from holdfast.kernel.money import Money

Db = psycopg.Connection[Any]

# A file that was handed in is closed once its loan is past signing, whoever moved the loan there.
_STATE: Final = """
    CASE WHEN a.state IN ('submitted', 'returned') AND l.state NOT IN ('submitted', 'confirmed', 'decided', 'signed')
         THEN CASE WHEN l.state = 'withdrawn' THEN 'withdrawn' ELSE 'closed' END
         ELSE a.state END"""
# Promises: the file, if `condition` on application, party and loan lets it be seen.
SELECT_FILE: Final = f"""
    SELECT a.application_id, a.public_id, {_STATE}, a.party_id, p.public_id, p.label, a.branch_id, b.code, b.name, a.officer_id, a.channel,
           a.product_code, a.product_version, a.principal, a.currency, a.instalments, a.loan_id, l.public_id, a.thing_id, a.started_on,
           a.started_at, a.submitted_at
      FROM application a JOIN party p USING (party_id) JOIN branch b ON b.branch_id = a.branch_id
      LEFT JOIN loan l ON l.loan_id = a.loan_id
     WHERE {{condition}}"""
LOCK_FILE: Final = "SELECT 1 FROM application WHERE application_id = %s FOR UPDATE"
SELECT_MASKS: Final = "SELECT kind, masked FROM party_private WHERE party_id = %s"
SELECT_ENTRIES: Final = """
    SELECT entry_no, fields, source, by_actor, at, nonce, sealed FROM application_entry WHERE application_id = %s ORDER BY entry_no"""
SELECT_PAPERS: Final = """
    SELECT DISTINCT ON (x.slot) x.slot, f.public_id, f.name, f.media_type, f.size, f.digest, x.put_at
      FROM application_file x JOIN file f USING (file_id) WHERE x.application_id = %s ORDER BY x.slot, x.place DESC"""
SELECT_ASKED: Final = """
    SELECT fields, words, on_date FROM application_return WHERE application_id = %s ORDER BY return_no DESC LIMIT 1"""
INSERT_FILE: Final = """
    INSERT INTO application (application_id, public_id, party_id, branch_id, officer_id, channel, state, product_code, product_version,
                             currency, principal, instalments, started_on, started_at)
    VALUES (%(application_id)s, %(public_id)s, %(party_id)s, %(branch_id)s, %(officer_id)s, %(channel)s, 'draft', %(product_code)s,
            %(product_version)s, %(currency)s, %(principal)s, %(instalments)s, %(on)s, %(at)s)
    ON CONFLICT (party_id) WHERE state = 'draft' DO NOTHING RETURNING application_id"""
UPDATE_PLAN: Final = """
    UPDATE application SET (product_code, product_version, currency, principal, instalments, branch_id) = (%s, %s, %s, %s, %s, %s)
     WHERE application_id = %s"""
UPDATE_STATE: Final = "UPDATE application SET state = %s WHERE application_id = %s"
UPDATE_SUBMITTED: Final = """
    UPDATE application SET (state, loan_id, thing_id, submitted_at, purpose) = ('submitted', %s, %s, %s, %s)
     WHERE application_id = %s"""
INSERT_ENTRY: Final = """
    INSERT INTO application_entry (application_id, entry_no, fields, source, by_actor, at, nonce, sealed)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"""
NEXT_ENTRY: Final = "SELECT coalesce(max(entry_no), 0) + 1 FROM application_entry WHERE application_id = %s"
INSERT_PAPER: Final = """
    INSERT INTO application_file (application_id, place, slot, file_id, put_at)
    SELECT %(application)s, coalesce(max(place), 0) + 1, %(slot)s, %(file)s, %(at)s
      FROM application_file WHERE application_id = %(application)s"""
COUNT_PAPERS: Final = "SELECT count(*) FROM application_file WHERE application_id = %s"
INSERT_RETURN: Final = """
    INSERT INTO application_return (application_id, return_no, fields, words, on_date, by_staff)
    SELECT %(application)s, coalesce(max(return_no), 0) + 1, %(fields)s, %(words)s, %(on)s, %(staff)s
      FROM application_return WHERE application_id = %(application)s"""
# Promises: one number more each time, none twice, however many ask at once.
NEXT_CONTRACT_NUMBER: Final = """
    INSERT INTO contract_number (month, last) VALUES (%s, 1)
    ON CONFLICT (month) DO UPDATE SET last = contract_number.last + 1 RETURNING last"""
SELECT_LINES: Final = f"""
    SELECT a.application_id, a.public_id, {_STATE} AS standing, p.label, x.masked, a.product_code, d.name_zh, d.name_en, a.principal,
           a.currency, a.instalments, b.code, b.name, a.channel, l.public_id, l.contract_no, l.state, a.started_at, a.submitted_at
      FROM application a JOIN party p USING (party_id) JOIN branch b ON b.branch_id = a.branch_id JOIN product d ON d.code = a.product_code
      LEFT JOIN party_private x ON x.party_id = a.party_id AND x.kind = 'phone' LEFT JOIN loan l ON l.loan_id = a.loan_id
     WHERE {{condition}} AND (%(before)s::bigint IS NULL OR a.application_id < %(before)s)
       AND (%(state)s::text IS NULL OR {_STATE} = %(state)s) AND (%(branch)s::text IS NULL OR b.code = %(branch)s)
       AND (%(q)s::text IS NULL OR a.public_id = %(q)s OR l.public_id = %(q)s OR l.contract_no LIKE %(q_start)s OR p.label LIKE %(q_part)s)
     ORDER BY a.application_id DESC LIMIT %(limit)s"""
HAS_LOAN: Final = "SELECT EXISTS (SELECT FROM loan WHERE party_id = %s)"


def file_where(db: Db, condition: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The newest file that meets the condition, as a row."""
    return db.execute(SELECT_FILE.format(condition=condition) + " ORDER BY a.application_id DESC LIMIT 1", values).fetchone()


def lock(db: Db, application_id: int) -> None:
    """Keep others from changing the file until the transaction ends."""
    db.execute(LOCK_FILE, (application_id,))


def masks(db: Db, party_id: int) -> Mapping[str, str]:
    """What may be shown of the person."""
    return dict(db.execute(SELECT_MASKS, (party_id,)).fetchall())


def entries(db: Db, application_id: int) -> list[tuple[Entry, bytes, bytes]]:
    """Each step by which the file grew, with what it holds, sealed."""
    return [
        (Entry(number, tuple(fields), source, by, at), bytes(nonce), bytes(sealed))
        for number, fields, source, by, at, nonce, sealed in db.execute(SELECT_ENTRIES, (application_id,)).fetchall()
    ]


def papers(db: Db, application_id: int) -> tuple[Document, ...]:
    """The newest paper of each slot."""
    return tuple(Document(*row) for row in db.execute(SELECT_PAPERS, (application_id,)).fetchall())


def paper_count(db: Db, application_id: int) -> int:
    """How many papers were ever put into the file."""
    row = db.execute(COUNT_PAPERS, (application_id,)).fetchone()
    return int(row[0]) if row else 0


def asked(db: Db, application_id: int) -> Asked | None:
    """What was asked for when the file was last given back."""
    row = db.execute(SELECT_ASKED, (application_id,)).fetchone()
    return Asked(tuple(row[0]), row[1], row[2]) if row else None


def insert_file(
    db: Db, *, application_id: int, public_id: str, party_id: int, branch_id: int, officer_id: int | None, channel: str, product_code: str,
    product_version: int, principal: Money, instalments: int, on: date, at: datetime,
) -> bool:  # fmt: skip
    """Write a draft; False if the party has one already."""
    values = {
        "application_id": application_id, "public_id": public_id, "party_id": party_id, "branch_id": branch_id, "officer_id": officer_id,
        "channel": channel, "product_code": product_code, "product_version": product_version, "currency": principal.currency,
        "principal": principal.minor, "instalments": instalments, "on": on, "at": at,
    }  # fmt: skip
    return db.execute(INSERT_FILE, values).fetchone() is not None


def write_plan(db: Db, application_id: int, *, product: str, version: int, principal: Money, instalments: int, branch_id: int) -> None:
    """Write what is asked for."""
    db.execute(UPDATE_PLAN, (product, version, principal.currency, principal.minor, instalments, branch_id, application_id))


def write_state(db: Db, application_id: int, state: ApplicationState) -> None:
    """Write where the file stands."""
    db.execute(UPDATE_STATE, (state, application_id))


def write_submitted(db: Db, application_id: int, *, loan_id: int, thing_id: int, purpose: str, at: datetime) -> None:
    """Write that the file was handed in, for which loan and thing, and what the money is for."""
    db.execute(UPDATE_SUBMITTED, (loan_id, thing_id, at, purpose, application_id))


def next_entry(db: Db, application_id: int) -> int:
    """The number of the next step; the file is locked."""
    row = db.execute(NEXT_ENTRY, (application_id,)).fetchone()
    assert row is not None
    return int(row[0])


def untouched_since(db: Db, on: date) -> list[str]:
    """Drafts into which nobody has put anything after that day, oldest first."""
    rows = db.execute(
        """SELECT a.public_id FROM application a
            WHERE a.state = 'draft' AND a.started_on < %(on)s
              AND NOT EXISTS (SELECT FROM application_entry e WHERE e.application_id = a.application_id AND e.at::date >= %(on)s)
              AND NOT EXISTS (SELECT FROM application_file f WHERE f.application_id = a.application_id AND f.put_at::date >= %(on)s)
            ORDER BY a.application_id""",
        {"on": on},
    ).fetchall()
    return [str(row[0]) for row in rows]


def insert_entry(db: Db, application_id: int, entry: Entry, nonce: bytes, sealed: bytes) -> None:
    """Write a step."""
    db.execute(INSERT_ENTRY, (application_id, entry.entry_no, list(entry.fields), entry.source, entry.by, entry.at, nonce, sealed))


def insert_paper(db: Db, application_id: int, *, slot: str, file_id: int, at: datetime) -> None:
    """Put a paper into the file."""
    db.execute(INSERT_PAPER, {"application": application_id, "slot": slot, "file": file_id, "at": at})


def insert_return(db: Db, application_id: int, *, fields: Sequence[str], words: str, on: date, staff_id: int) -> None:
    """Write what is asked for."""
    db.execute(INSERT_RETURN, {"application": application_id, "fields": list(fields), "words": words, "on": on, "staff": staff_id})


def next_contract_number(db: Db, on: date) -> str:
    """`HF-202611-000042`."""
    row = db.execute(NEXT_CONTRACT_NUMBER, (f"{on:%Y%m}",)).fetchone()
    assert row is not None
    return f"HF-{on:%Y%m}-{row[0]:06d}"


def has_loan(db: Db, party_id: int) -> bool:
    """Whether a loan was ever made or asked for in this person's name."""
    row = db.execute(HAS_LOAN, (party_id,)).fetchone()
    return bool(row and row[0])


def lines(
    db: Db, condition: str, values: Mapping[str, Any], *, state: str | None, branch: str | None, q: str | None, before: int | None,
    limit: int,
) -> list[Line]:  # fmt: skip
    """Files that meet the condition, newest first."""
    plain = _literal(q) if q else None
    given = {
        **values, "state": state, "branch": branch, "before": before, "limit": limit, "q": q,
        "q_start": f"{plain}%" if plain else None, "q_part": f"%{plain}%" if plain else None,
    }  # fmt: skip
    return [
        Line(
            row[0], row[1], ApplicationState(row[2]), row[3], row[4] or "", row[5], row[6], row[7], Money(row[8], row[9]), row[10], row[11],
            row[12], row[13], row[14], row[15], row[16], row[17], row[18],
        )
        for row in db.execute(SELECT_LINES.format(condition=condition), given).fetchall()
    ]  # fmt: skip


def _literal(text: str) -> str:
    """The text as LIKE takes it letter by letter."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
