"""Where files of payouts, recalls, the answers of banks and the lender's own account are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from holdfast.kernel.money import Money
from holdfast.kernel.sealing import Sealed
from holdfast.loans import Happened
from holdfast.parties import Scope
from holdfast.payments.model import HouseAccount, Matter, PayoutFile, RailAnswer
from holdfast.payments.states import MatterState, PayoutFileState
from holdfast.payments.store import MOST_LISTED, Db, sight

# ── files of payouts ───────────────────────────────────────────────────────────────────────────────────────

_FILES: Final = """
SELECT f.file_id, f.public_id, f.branch_id, f.state, f.orders, f.total, f.currency, f.execute_on, f.digest, f.maker_id, m.name, t.name,
       f.made_at, f.taken_at, f.handed_at, f.reference
  FROM payout_file f JOIN staff m ON m.staff_id = f.maker_id LEFT JOIN staff t ON t.staff_id = f.taker_id
 WHERE (%(branch)s::bigint IS NULL OR f.branch_id = %(branch)s) AND (%(file)s::text IS NULL OR f.public_id = %(file)s)
 ORDER BY f.made_at DESC, f.file_id DESC LIMIT %(limit)s"""
_FILE_COLUMNS: Final = frozenset({"state", "taker_id", "taken_at", "handed_at", "reference"})


def insert_file(
    db: Db, *, public_id: str, branch_id: int, orders: int, total: Money, execute_on: date, content: Sealed, digest: str, maker_id: int,
    at: datetime,
) -> int:  # fmt: skip
    """A new file; its number."""
    row = db.execute(
        """INSERT INTO payout_file (public_id, branch_id, state, orders, total, currency, execute_on, nonce, sealed, digest, maker_id,
                                    made_at, reference)
           VALUES (%s, %s, 'made', %s, %s, %s, %s, %s, %s, %s, %s, %s, '') RETURNING file_id""",
        [public_id, branch_id, orders, total.minor, total.currency, execute_on, content.nonce, content.sealed, digest, maker_id, at],
    ).fetchone()
    assert row is not None
    return int(row[0])


def lock_file(db: Db, public_id: str) -> None:
    """Let no other transaction change this file before this one ends."""
    db.execute("SELECT 1 FROM payout_file WHERE public_id = %s FOR UPDATE", [public_id])


def files(db: Db, *, branch_id: int | None = None, public_id: str | None = None) -> list[PayoutFile]:
    """Files of payouts, newest first, with how many of their payouts stand where."""
    rows = db.execute(_FILES, {"branch": branch_id, "file": public_id, "limit": MOST_LISTED}).fetchall()
    inside: dict[int, list[tuple[str, str]]] = {row[0]: [] for row in rows}
    for file_id, payout, state in db.execute(
        "SELECT file_id, public_id, state FROM payout WHERE file_id = ANY(%s) ORDER BY asked_at, loan_id", [list(inside)]
    ):
        inside[file_id].append((payout, state))
    found = []
    for row in rows:
        counts: dict[str, int] = {}
        for _, state in inside[row[0]]:
            counts[state] = counts.get(state, 0) + 1
        names = tuple(payout for payout, _ in inside[row[0]])
        found.append(PayoutFile(*[*row[:3], PayoutFileState(row[3]), row[4], Money(row[5], row[6]), *row[7:], names, counts]))
    return found


def update_file(db: Db, file: PayoutFile, **columns: Any) -> None:
    """Write where a file now stands; it is locked by the caller."""
    assert columns.keys() <= _FILE_COLUMNS
    sets = ", ".join(f"{name} = %({name})s" for name in columns)
    db.execute(f"UPDATE payout_file SET {sets} WHERE file_id = %(file)s", {**columns, "file": file.file_id})


def content_of(db: Db, file: PayoutFile) -> Sealed:
    """The sealed bytes of a file."""
    row = db.execute("SELECT nonce, sealed FROM payout_file WHERE file_id = %s", [file.file_id]).fetchone()
    assert row is not None
    return Sealed(bytes(row[0]), bytes(row[1]))


def file_named(db: Db, public_id: str) -> str | None:
    """The file of that id whoever asks, for an answer that names it."""
    row = db.execute("SELECT public_id FROM payout_file WHERE public_id = %s", [public_id]).fetchone()
    return None if row is None else str(row[0])


# ── recalls and contradictions ─────────────────────────────────────────────────────────────────────────────

_MATTERS: Final = """
SELECT m.loan_id, m.matter_no, m.public_id, l.public_id, l.contract_no, l.borrower_label, m.payout, p.amount, p.currency, m.kind, m.state,
       m.opened_at, m.opened_by, m.words, m.approval, m.outcome, m.reference, m.ended_at
  FROM payout_matter m JOIN loan l USING (loan_id) JOIN payout p ON p.loan_id = m.loan_id AND p.public_id = m.payout
 WHERE {sight} AND (%(loan)s::bigint IS NULL OR m.loan_id = %(loan)s) AND (%(matter)s::text IS NULL OR m.public_id = %(matter)s)
   AND m.state = ANY(%(states)s)
 ORDER BY m.opened_at DESC, m.matter_no DESC LIMIT %(limit)s"""
_MATTER_COLUMNS: Final = frozenset({"state", "approval", "outcome", "reference", "ended_at"})


def matters(
    db: Db, scope: Scope | None, *, loan_id: int | None = None, public_id: str | None = None,
    states: Sequence[MatterState] = tuple(MatterState), happened: tuple[Happened, ...] = (),
) -> list[Matter]:  # fmt: skip
    """Recalls and contradictions of loans within sight, newest first."""
    condition, values = sight(scope)
    given = {"loan": loan_id, "matter": public_id, "states": [str(each) for each in states], "limit": MOST_LISTED, **values}
    rows = db.execute(_MATTERS.format(sight=condition), given).fetchall()
    return [Matter(*[*row[:7], Money(row[7], row[8]), row[9], MatterState(row[10]), *row[11:], happened]) for row in rows]


def insert_matter(
    db: Db, *, loan_id: int, public_id: str, payout: str, kind: str, by: str, words: str, reference: str, at: datetime
) -> None:
    """A recall or contradiction that begins."""
    db.execute(
        """INSERT INTO payout_matter (loan_id, matter_no, public_id, payout, kind, state, opened_at, opened_by, words, outcome, reference)
           SELECT %(loan)s, coalesce(max(matter_no), 0) + 1, %(public_id)s, %(payout)s, %(kind)s, 'open', %(at)s, %(by)s, %(words)s, '',
                  %(reference)s
             FROM payout_matter WHERE loan_id = %(loan)s""",
        {
            "loan": loan_id, "public_id": public_id, "payout": payout, "kind": kind, "by": by, "words": words, "reference": reference,
            "at": at,
        },
    )  # fmt: skip


def update_matter(db: Db, matter: Matter, **columns: Any) -> None:
    """Write where a matter now stands; its loan is locked by the caller."""
    assert columns.keys() <= _MATTER_COLUMNS
    sets = ", ".join(f"{name} = %({name})s" for name in columns)
    db.execute(
        f"UPDATE payout_matter SET {sets} WHERE loan_id = %(loan)s AND matter_no = %(no)s",
        {**columns, "loan": matter.loan_id, "no": matter.matter_no},
    )


def loan_of_matter(db: Db, public_id: str) -> int | None:
    """The number of the loan that a matter is about."""
    row = db.execute("SELECT loan_id FROM payout_matter WHERE public_id = %s", [public_id]).fetchone()
    return None if row is None else int(row[0])


# ── what banks said ────────────────────────────────────────────────────────────────────────────────────────


def keep_answer(db: Db, answer: RailAnswer) -> None:
    """Keep an answer as it came."""
    db.execute(
        """INSERT INTO rail_answer (key, outcome, reference, why, said_on, source, fate, came_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s)""",
        [answer.key, answer.outcome, answer.reference, answer.why, answer.said_on, answer.source, answer.fate, answer.came_at],
    )


def answers(db: Db, *, key: str | None = None, fates: Sequence[str] = (), limit: int = MOST_LISTED) -> list[RailAnswer]:
    """Answers, newest first: of one key, or those that need a person."""
    rows = db.execute(
        """SELECT key, outcome, reference, why, said_on, source, fate, came_at FROM rail_answer
            WHERE (%(key)s::text IS NULL OR key = %(key)s) AND (cardinality(%(fates)s::text[]) = 0 OR fate = ANY(%(fates)s))
            ORDER BY answer_id DESC LIMIT %(limit)s""",
        {"key": key, "fates": list(fates), "limit": limit},
    )
    return [RailAnswer(*row) for row in rows]


def last_heard(db: Db, rail: str) -> int:
    """The number up to which a rail's feed was heard."""
    row = db.execute("SELECT heard FROM rail_feed WHERE rail = %s", [rail]).fetchone()
    return 0 if row is None else int(row[0])


def note_heard(db: Db, rail: str, number: int) -> None:
    """Its feed was heard up to this number, and never to a lower one."""
    db.execute(
        """INSERT INTO rail_feed (rail, heard) VALUES (%s, %s)
           ON CONFLICT (rail) DO UPDATE SET heard = greatest(rail_feed.heard, excluded.heard)""",
        [rail, number],
    )


# ── the lender's own account ───────────────────────────────────────────────────────────────────────────────


def house_account(db: Db) -> HouseAccount | None:
    """The account in force; None while none is set."""
    row = db.execute(
        """SELECT account_no, holder, account, bank, bank_code, virtual_prefix, virtual_digits, set_at FROM house_account
            ORDER BY account_no DESC LIMIT 1"""
    ).fetchone()
    return None if row is None else HouseAccount(*row)


def insert_house_account(
    db: Db, *, holder: str, account: str, bank: str, bank_code: str, virtual_prefix: str, virtual_digits: int, approval: str, at: datetime
) -> None:
    """From now on this is the lender's own account."""
    db.execute(
        """INSERT INTO house_account (holder, account, bank, bank_code, virtual_prefix, virtual_digits, approval, set_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s)""",
        [holder, account, bank, bank_code, virtual_prefix, virtual_digits, approval, at],
    )
