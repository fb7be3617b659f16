"""Where payouts, drawers, bank lines and intents are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.kernel.money import Money
from holdfast.kernel.sealing import Sealed
from holdfast.ledger import Account, open_day
from holdfast.loans import Happened
from holdfast.parties import Scope
from holdfast.payments.model import BankFile, BankLine, Drawer, DrawerEntry, Intent, Payout, Withdrawal
from holdfast.payments.states import BankLineState, DrawerState, IntentState, PayoutState

Db = psycopg.Connection[Any]

MOST_LISTED: Final = 200


def sight(scope: Scope | None) -> tuple[str, Mapping[str, Any]]:
    """The condition on the loan `l` that keeps a list within sight; for none, everything."""
    return ("TRUE", {}) if scope is None else scope.condition("l")


# ── payouts ────────────────────────────────────────────────────────────────────────────────────────────────

_PAYOUTS: Final = """
SELECT p.loan_id, p.payout_no, p.public_id, l.public_id, l.contract_no, l.borrower_label, p.state, p.amount, p.currency, p.contract,
       p.payee_label, p.account_masked, p.approval, p.maker_id, m.name, c.name, p.asked_at, p.sent_at, p.reference, p.why, p.paid_on,
       p.enquiries, p.enquire_at, p.channel, p.file_id, p.disputed, p.further
  FROM payout p JOIN loan l USING (loan_id) JOIN staff m ON m.staff_id = p.maker_id LEFT JOIN staff c ON c.staff_id = p.checker_id
 WHERE {sight} AND (%(loan)s::bigint IS NULL OR p.loan_id = %(loan)s) AND (%(payout)s::text IS NULL OR p.public_id = %(payout)s)
   AND p.state = ANY(%(states)s) AND (%(file)s::bigint IS NULL OR p.file_id = %(file)s)
   AND (%(channel)s::text IS NULL OR p.channel = %(channel)s)
 ORDER BY p.asked_at DESC, p.payout_no DESC LIMIT %(limit)s"""
_INSERT_PAYOUT: Final = """
INSERT INTO payout (loan_id, payout_no, public_id, state, channel, disputed, further, amount, currency, contract, payee_label,
                    account_masked, nonce, sealed, lookup, approval, maker_id, asked_at, reference, why, enquiries)
SELECT %(loan)s, coalesce(max(payout_no), 0) + 1, %(public_id)s, 'asked', %(channel)s, false, %(further)s, %(amount)s, %(currency)s,
       %(contract)s, %(payee)s,
       %(account)s, %(nonce)s, %(sealed)s, %(lookup)s, %(approval)s, %(maker)s, %(at)s, '', '', 0
  FROM payout WHERE loan_id = %(loan)s"""
_PAYOUT_COLUMNS: Final = frozenset(
    {"state", "checker_id", "sent_at", "reference", "why", "paid_on", "enquiries", "enquire_at", "file_id", "disputed"}
)


def payouts(
    db: Db, scope: Scope | None, *, loan_id: int | None = None, public_id: str | None = None,
    states: Sequence[PayoutState] = tuple(PayoutState), file_id: int | None = None, channel: str | None = None,
    happened: tuple[Happened, ...] = (),
) -> list[Payout]:  # fmt: skip
    """Payouts of loans within sight, newest first."""
    condition, values = sight(scope)
    given = {"loan": loan_id, "payout": public_id, "states": [str(each) for each in states], "file": file_id, "channel": channel, **values}
    given["limit"] = MOST_LISTED if file_id is None else None
    found = []
    for row in db.execute(_PAYOUTS.format(sight=condition), given).fetchall():
        head, state, amount, currency, rest = row[:6], row[6], row[7], row[8], row[9:]
        found.append(Payout(*[*head, PayoutState(state), Money(amount, currency), *rest, happened]))
    return found


def loan_of_debit(db: Db, public_id: str) -> int | None:
    """The number of the loan that a direct debit is of."""
    row = db.execute("SELECT loan_id FROM debit WHERE public_id = %s", [public_id]).fetchone()
    return None if row is None else int(row[0])


def loan_of_payout(db: Db, public_id: str) -> int | None:
    """The number of the loan that a payout is of."""
    row = db.execute("SELECT loan_id FROM payout WHERE public_id = %s", [public_id]).fetchone()
    return None if row is None else int(row[0])


def payout_alive(db: Db, loan_id: int) -> str | None:
    """The payout of that loan that is under way or paid, if there is one; the one under way before those that are paid."""
    row = db.execute(
        "SELECT public_id FROM payout WHERE loan_id = %s AND state NOT IN ('rejected', 'cancelled') ORDER BY state = 'paid' LIMIT 1",
        [loan_id],
    ).fetchone()
    return None if row is None else str(row[0])


def payout_under_way(db: Db, loan_id: int) -> str | None:
    """The payout of that loan that has not ended, if there is one."""
    row = db.execute(
        "SELECT public_id FROM payout WHERE loan_id = %s AND state NOT IN ('paid', 'rejected', 'cancelled')", [loan_id]
    ).fetchone()
    return None if row is None else str(row[0])


def insert_payout(
    db: Db, *, loan_id: int, public_id: str, amount: Money, contract: str, payee_label: str, account_masked: str, sealed: Sealed,
    lookup: bytes, channel: str, approval: str, maker_id: int, at: datetime, further: bool,
) -> None:  # fmt: skip
    """Write a payout that is asked for."""
    db.execute(
        _INSERT_PAYOUT,
        {
            "loan": loan_id, "public_id": public_id, "amount": amount.minor, "currency": amount.currency, "contract": contract,
            "payee": payee_label, "account": account_masked, "nonce": sealed.nonce, "sealed": sealed.sealed, "lookup": lookup,
            "approval": approval, "maker": maker_id, "at": at, "channel": channel, "further": further,
        },
    )  # fmt: skip


def update_payout(db: Db, payout: Payout, **columns: Any) -> None:
    """Write where a payout now stands; its loan is locked by the caller."""
    assert columns.keys() <= _PAYOUT_COLUMNS
    sets = ", ".join(f"{name} = %({name})s" for name in columns)
    db.execute(
        f"UPDATE payout SET {sets} WHERE loan_id = %(loan)s AND payout_no = %(no)s",
        {**columns, "loan": payout.loan_id, "no": payout.payout_no},
    )


def sealed_of_payout(db: Db, payout: Payout) -> tuple[bytes, bytes]:
    """The nonce and the sealed payee of a payout."""
    row = db.execute(
        "SELECT nonce, sealed FROM payout WHERE loan_id = %s AND payout_no = %s", [payout.loan_id, payout.payout_no]
    ).fetchone()
    assert row is not None
    return bytes(row[0]), bytes(row[1])


def lookup_of_payout(db: Db, payout: Payout) -> bytes:
    """The keyed hash of the account that a payout goes to."""
    row = db.execute("SELECT lookup FROM payout WHERE loan_id = %s AND payout_no = %s", [payout.loan_id, payout.payout_no]).fetchone()
    assert row is not None
    return bytes(row[0])


def payouts_to_send(db: Db) -> list[str]:
    """The approved payouts that go by the rail, oldest first."""
    rows = db.execute("SELECT public_id FROM payout WHERE state = 'approved' AND channel = 'rail' ORDER BY asked_at, loan_id")
    return [row[0] for row in rows]


def payouts_to_enquire(db: Db, now: datetime) -> list[str]:
    """The payouts whose answer is not known and whose turn to be asked after has come."""
    rows = db.execute(
        "SELECT public_id FROM payout WHERE state IN ('sent', 'unknown') AND channel = 'rail' AND enquire_at <= %s"
        " ORDER BY enquire_at, loan_id",
        [now],
    )
    return [row[0] for row in rows]


def payouts_without_answer(db: Db, now: datetime) -> list[str]:
    """The payouts of files whose answer should have come by now."""
    rows = db.execute(
        "SELECT public_id FROM payout WHERE state = 'sent' AND channel = 'file' AND enquire_at <= %s ORDER BY enquire_at, loan_id", [now]
    )
    return [row[0] for row in rows]


def lock_payment(db: Db, public_id: str) -> bool:
    """Take the session's lock of a payout or a debit; False if another session has it."""
    row = db.execute("SELECT pg_try_advisory_lock(hashtextextended('payment ' || %s, 0))", [public_id]).fetchone()
    return bool(row and row[0])


def unlock_payment(db: Db, public_id: str) -> None:
    """Give the session's lock of a payout or a debit back."""
    db.execute("SELECT pg_advisory_unlock(hashtextextended('payment ' || %s, 0))", [public_id])


# ── the built-in stand-in for a bank ───────────────────────────────────────────────────────────────────────


def take_local_order(db: Db, *, key: str, digest: str, outcome: str, reference: str, why: str, paid_on: date | None) -> None:
    """Keep the first that is heard of a key; whatever comes later changes nothing."""
    db.execute(
        """INSERT INTO local_bank_order (key, digest, outcome, reference, why, paid_on) VALUES (%s, %s, %s, %s, %s, %s)
           ON CONFLICT (key) DO NOTHING""",
        [key, digest, outcome, reference, why, paid_on],
    )


def local_order(db: Db, key: str) -> tuple[str, str, str, str, date | None]:
    """What stands under a key: digest, outcome, reference, why, value date."""
    row = db.execute("SELECT digest, outcome, reference, why, paid_on FROM local_bank_order WHERE key = %s", [key]).fetchone()
    assert row is not None
    return row[0], row[1], row[2], row[3], row[4]


# ── accounts that money has come from or gone to ───────────────────────────────────────────────────────────


def note_payer_account(db: Db, lookup: bytes, party_id: int) -> None:
    """Remember that money of this party moves through that account."""
    db.execute("INSERT INTO payer_account (lookup, party_id) VALUES (%s, %s) ON CONFLICT DO NOTHING", [lookup, party_id])


# ── drawers ────────────────────────────────────────────────────────────────────────────────────────────────

_DRAWERS: Final = """
SELECT d.drawer_id, d.public_id, d.branch_id, b.name, d.cashier_id, s.name, d.state, d.currency, d.float_minor,
       coalesce(sum(e.amount), 0), count(e.amount), d.opened_at, d.counted, d.words, d.approval, c.name, d.closed_at, d.difference,
       d.settled_at
  FROM drawer d JOIN branch b USING (branch_id) JOIN staff s ON s.staff_id = d.cashier_id LEFT JOIN staff c ON c.staff_id = d.closer_id
       LEFT JOIN drawer_entry e USING (drawer_id)
 WHERE (%(branch)s::bigint IS NULL OR d.branch_id = %(branch)s) AND (%(drawer)s::text IS NULL OR d.public_id = %(drawer)s)
   AND (%(cashier)s::bigint IS NULL OR d.cashier_id = %(cashier)s) AND d.state = ANY(%(states)s)
   AND (NOT %(differing)s OR (d.difference <> 0 AND d.settled_at IS NULL))
 GROUP BY d.drawer_id, b.name, s.name, c.name ORDER BY d.opened_at DESC, d.drawer_id DESC LIMIT %(limit)s"""
_DRAWER_COLUMNS: Final = frozenset({"state", "counted", "words", "approval", "closer_id", "closed_at", "difference", "settled_at"})


def drawers(
    db: Db, *, branch_id: int | None = None, public_id: str | None = None, cashier_id: int | None = None,
    states: Sequence[DrawerState] = tuple(DrawerState), differing: bool = False,
) -> list[Drawer]:  # fmt: skip
    """Drawers, newest first."""
    given = {
        "branch": branch_id, "drawer": public_id, "cashier": cashier_id, "states": [str(each) for each in states],
        "differing": differing, "limit": MOST_LISTED,
    }  # fmt: skip
    found = []
    for row in db.execute(_DRAWERS, given).fetchall():
        currency = row[7]

        def money(minor: int | None, currency: str = currency) -> Money | None:
            return None if minor is None else Money(int(minor), currency)

        parts = [
            *row[:6], DrawerState(row[6]), Money(row[8], currency), Money(int(row[9]), currency), row[10], row[11], money(row[12]),
            *row[13:17], money(row[17]), row[18],
        ]  # fmt: skip
        found.append(Drawer(*parts))
    return found


def insert_drawer(db: Db, *, public_id: str, branch_id: int, cashier_id: int, float_held: Money, at: datetime) -> int | None:
    """A new open drawer; None if the cashier has one open."""
    row = db.execute(
        """INSERT INTO drawer (public_id, branch_id, cashier_id, state, currency, float_minor, opened_at, words)
           VALUES (%s, %s, %s, 'open', %s, %s, %s, '') ON CONFLICT (cashier_id) WHERE state = 'open' DO NOTHING RETURNING drawer_id""",
        [public_id, branch_id, cashier_id, float_held.currency, float_held.minor, at],
    ).fetchone()
    return None if row is None else int(row[0])


def lock_drawer(db: Db, public_id: str) -> None:
    """Let no other transaction change this drawer before this one ends."""
    db.execute("SELECT 1 FROM drawer WHERE public_id = %s FOR UPDATE", [public_id])


def update_drawer(db: Db, drawer: Drawer, **columns: Any) -> None:
    """Write where a drawer now stands; it is locked by the caller."""
    assert columns.keys() <= _DRAWER_COLUMNS
    sets = ", ".join(f"{name} = %({name})s" for name in columns)
    db.execute(f"UPDATE drawer SET {sets} WHERE drawer_id = %(drawer)s", {**columns, "drawer": drawer.drawer_id})


def insert_entry(db: Db, *, drawer_id: int, loan_id: int, amount: int, at: datetime) -> int:
    """One more receipt in a drawer that the caller has locked; its number there."""
    row = db.execute(
        """INSERT INTO drawer_entry (loan_id, drawer_id, entry_no, amount, received_at)
           SELECT %(loan)s, %(drawer)s, coalesce(max(entry_no), 0) + 1, %(amount)s, %(at)s FROM drawer_entry WHERE drawer_id = %(drawer)s
           RETURNING entry_no""",
        {"loan": loan_id, "drawer": drawer_id, "amount": amount, "at": at},
    ).fetchone()
    assert row is not None
    return int(row[0])


def void_entry(db: Db, *, drawer_id: int, entry_no: int, at: datetime) -> int | None:
    """Take an entry out of a drawer that the caller has locked; its amount, or None if it was taken out before."""
    row = db.execute(
        """INSERT INTO drawer_entry (loan_id, drawer_id, entry_no, amount, received_at, voids)
           SELECT e.loan_id, e.drawer_id, (SELECT max(entry_no) + 1 FROM drawer_entry WHERE drawer_id = %(drawer)s), -e.amount, %(at)s,
                  e.entry_no
             FROM drawer_entry e WHERE e.drawer_id = %(drawer)s AND e.entry_no = %(entry)s AND e.amount > 0
           ON CONFLICT (loan_id, drawer_id, voids) DO NOTHING RETURNING -amount""",
        {"drawer": drawer_id, "entry": entry_no, "at": at},
    ).fetchone()
    return None if row is None else int(row[0])


def entries(db: Db, drawer: Drawer) -> list[DrawerEntry]:
    """What went into a drawer, in its order."""
    rows = db.execute(
        """SELECT e.entry_no, l.public_id, l.contract_no, l.borrower_label, e.amount, e.received_at
             FROM drawer_entry e JOIN loan l USING (loan_id) WHERE e.drawer_id = %s ORDER BY e.entry_no""",
        [drawer.drawer_id],
    )
    return [DrawerEntry(row[0], row[1], row[2], row[3], Money(row[4], drawer.float_held.currency), row[5]) for row in rows]


def drawers_open_for(db: Db, loan_id: int) -> tuple[str, ...]:
    """The drawers that hold a receipt of this loan and are not closed."""
    rows = db.execute(
        """SELECT DISTINCT d.public_id FROM drawer_entry e JOIN drawer d USING (drawer_id)
            WHERE e.loan_id = %s AND d.state <> 'closed' ORDER BY d.public_id""",
        [loan_id],
    )
    return tuple(row[0] for row in rows)


# ── bank files ─────────────────────────────────────────────────────────────────────────────────────────────

_FILES: Final = """
SELECT f.file_id, f.public_id, f.name, f.digest, f.map, f.branch_id, s.name, f.loaded_at, f.report
  FROM bank_file f JOIN staff s ON s.staff_id = f.loaded_by
 WHERE (%(branch)s::bigint IS NULL OR f.branch_id = %(branch)s) AND (%(file)s::text IS NULL OR f.public_id = %(file)s)
 ORDER BY f.loaded_at DESC, f.file_id DESC LIMIT %(limit)s"""
_COUNTS: Final = "SELECT file_id, state, count(*) FROM bank_line WHERE file_id = ANY(%s) GROUP BY 1, 2"
_LINES: Final = """
SELECT b.line_id, b.public_id, f.public_id, b.file_id, f.branch_id, b.row_no, b.state, b.booked_on, b.amount, b.currency, b.payer,
       b.account, b.loan_id, l.public_id, b.how, b.approval, b.about
  FROM bank_line b JOIN bank_file f USING (file_id) LEFT JOIN loan l ON l.loan_id = b.loan_id
 WHERE (%(branch)s::bigint IS NULL OR f.branch_id = %(branch)s) AND (%(file)s::text IS NULL OR f.public_id = %(file)s)
   AND (%(line)s::text IS NULL OR b.public_id = %(line)s) AND b.state = ANY(%(states)s)
   AND (%(ids)s::bigint[] IS NULL OR b.line_id = ANY(%(ids)s))
   AND (%(amount)s::bigint IS NULL OR (b.amount = %(amount)s AND b.currency = %(currency)s AND b.booked_on <= %(through)s))
 ORDER BY {order} LIMIT %(limit)s"""
_LINE_COLUMNS: Final = frozenset({"state", "loan_id", "how", "approval"})
_INSERTED: Final = (
    "public_id", "file_id", "row_no", "identity", "state", "booked_on", "amount", "currency", "payer", "account", "lookup", "nonce",
    "sealed", "how", "about",
)  # fmt: skip


def insert_file(
    db: Db, *, public_id: str, name: str, digest: str, map_name: str, branch_id: int, by: int, at: datetime, report: str
) -> int:
    """A new file; its number."""
    row = db.execute(
        """INSERT INTO bank_file (public_id, name, digest, map, branch_id, loaded_by, loaded_at, report)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING file_id""",
        [public_id, name, digest, map_name, branch_id, by, at, report],
    ).fetchone()
    assert row is not None
    return int(row[0])


def one_file_at_a_time(db: Db) -> None:
    """Two files that hold the same line are read one after the other, so that the second sees the first's."""
    db.execute("SELECT pg_advisory_xact_lock(hashtext('bank file'))")


def known_identities(db: Db, identities: Sequence[bytes]) -> set[bytes]:
    """Those that stand in the book already."""
    rows = db.execute("SELECT identity FROM bank_line WHERE identity = ANY(%s)", [list(identities)])
    return {bytes(row[0]) for row in rows}


def insert_lines(db: Db, rows: Iterable[Sequence[Any]]) -> None:
    """Write the lines of a file, in their order."""
    with db.cursor() as cursor, cursor.copy(f"COPY bank_line ({', '.join(_INSERTED)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def files(db: Db, *, branch_id: int | None = None, public_id: str | None = None, limit: int = 50) -> list[BankFile]:
    """Files, newest first, with how many of their lines stand where."""
    rows = db.execute(_FILES, {"branch": branch_id, "file": public_id, "limit": limit}).fetchall()
    counts: dict[int, dict[str, int]] = {row[0]: {} for row in rows}
    for file_id, state, number in db.execute(_COUNTS, [list(counts)]).fetchall():
        counts[file_id][state] = number
    return [BankFile(*[*row[:8], json.loads(row[8]), counts[row[0]]]) for row in rows]


def lines(
    db: Db, *, branch_id: int | None = None, file: str | None = None, public_id: str | None = None,
    states: Sequence[BankLineState] = tuple(BankLineState), oldest_first: bool = False, limit: int = MOST_LISTED,
    happened: tuple[Happened, ...] = (),
) -> list[BankLine]:  # fmt: skip
    """Lines, in the order of their file, or the oldest first for a queue."""
    given = {"branch": branch_id, "file": file, "line": public_id, "states": [str(each) for each in states]}
    return _lines(db, given, "b.booked_on, b.line_id" if oldest_first else "b.file_id DESC, b.row_no, b.line_id", limit, happened)


def _lines(db: Db, given: Mapping[str, Any], order: str, limit: int, happened: tuple[Happened, ...] = ()) -> list[BankLine]:
    asked: dict[str, Any] = dict.fromkeys(("branch", "file", "line", "ids", "amount", "currency", "through"))
    asked |= {"states": list(BankLineState), "limit": limit, **given}
    rows = db.execute(_LINES.format(order=order), asked).fetchall()
    return [BankLine(*[*row[:6], BankLineState(row[6]), row[7], Money(row[8], row[9]), *row[10:], happened]) for row in rows]


def lines_of_amount(db: Db, *, branch_id: int | None, amount: Money, through: date, states: Sequence[BankLineState]) -> list[BankLine]:
    """Lines of exactly that amount, booked by that day, the newest first."""
    given = {"branch": branch_id, "amount": amount.minor, "currency": amount.currency, "through": through, "states": list(states)}
    return _lines(db, given, "b.booked_on DESC, b.line_id DESC", MOST_LISTED)


def lock_line(db: Db, public_id: str) -> None:
    """Let no other transaction change this line before this one ends."""
    db.execute("SELECT 1 FROM bank_line WHERE public_id = %s FOR UPDATE", [public_id])


def update_line(db: Db, line: BankLine, **columns: Any) -> None:
    """Write where a line now stands; it is locked by the caller."""
    assert columns.keys() <= _LINE_COLUMNS
    sets = ", ".join(f"{name} = %({name})s" for name in columns)
    db.execute(f"UPDATE bank_line SET {sets} WHERE line_id = %(line)s", {**columns, "line": line.line_id})


def sealed_lines(db: Db, line_ids: Sequence[int]) -> dict[int, tuple[bytes, bytes, bytes | None]]:
    """Nonce, sealed bytes and account look-up of those lines."""
    rows = db.execute("SELECT line_id, nonce, sealed, lookup FROM bank_line WHERE line_id = ANY(%s)", [list(line_ids)])
    return {row[0]: (bytes(row[1]), bytes(row[2]), None if row[3] is None else bytes(row[3])) for row in rows}


def lines_to_match(db: Db, limit: int) -> list[BankLine]:
    """Lines of one file that were read and not yet looked at, in their order, locked; those that another process is at are passed over."""
    rows = db.execute(
        "SELECT line_id, file_id FROM bank_line WHERE state = 'read' ORDER BY line_id LIMIT %s FOR UPDATE SKIP LOCKED", [limit]
    ).fetchall()
    ids = [row[0] for row in rows if row[1] == rows[0][1]]
    return _lines(db, {"ids": ids}, "b.line_id", len(ids)) if ids else []


def settle_lines(db: Db, settled: Sequence[tuple[int, int, str]]) -> None:
    """Write of lines (line, loan, how) that they are matched; they are locked by the caller."""
    db.execute(
        """UPDATE bank_line b SET state = 'matched', loan_id = v.loan_id, how = v.how, approval = NULL
             FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS v (line_id, loan_id, how) WHERE b.line_id = v.line_id""",
        [[each[0] for each in settled], [each[1] for each in settled], [each[2] for each in settled]],
    )


def miss_lines(db: Db, missed: Sequence[tuple[int, str]]) -> None:
    """Write of lines (line, why) that they belong to no loan yet; they are locked by the caller."""
    db.execute(
        """UPDATE bank_line b SET state = 'unmatched', how = v.how
             FROM unnest(%s::bigint[], %s::text[]) AS v (line_id, how) WHERE b.line_id = v.line_id""",
        [[each[0] for each in missed], [each[1] for each in missed]],
    )


def insert_part(db: Db, line: BankLine, *, public_id: str, identity: bytes, amount: int, sealed: Sealed, lookup: bytes | None) -> None:
    """A part of a line that was split: in the same place of the same file, in suspense."""
    db.execute(
        """INSERT INTO bank_line (public_id, file_id, row_no, identity, state, booked_on, amount, currency, payer, account, lookup, nonce,
                                  sealed, how, about, part_of)
           VALUES (%s, %s, %s, %s, 'unmatched', %s, %s, %s, %s, %s, %s, %s, %s, 'part', '', %s)""",
        [
            public_id, line.file_id, line.row, identity, line.booked_on, amount, line.amount.currency, line.payer, line.account, lookup,
            sealed.nonce, sealed.sealed, line.line_id,
        ],
    )  # fmt: skip


def loans_at_hand(db: Db, loan_ids: Sequence[int]) -> dict[int, tuple[str, str, int | None]]:
    """Of those loans: state, currency, and the borrower's number."""
    rows = db.execute("SELECT loan_id, state, currency, party_id FROM loan WHERE loan_id = ANY(%s)", [list(loan_ids)])
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


# ── which loan a line is for ───────────────────────────────────────────────────────────────────────────────


def loans_of_contracts(db: Db, numbers: Sequence[str]) -> dict[str, int]:
    """Loans by contract number, however its letters were typed; numbers that are none are left out."""
    rows = db.execute(
        "SELECT key, loan_id FROM loan_registry WHERE kind = 'contract_no' AND key = ANY(%s)",
        [sorted({form for number in numbers for form in (number, number.upper())})],
    )
    return {row[0].upper(): row[1] for row in rows}


def loans_of_accounts(db: Db, lookups: Sequence[bytes]) -> dict[bytes, set[int]]:
    """The loans that are being repaid by the parties whose money moves through each account."""
    rows = db.execute(
        """SELECT a.lookup, l.loan_id FROM payer_account a JOIN loan l USING (party_id)
            WHERE a.lookup = ANY(%s) AND l.state IN ('active', 'written_off')""",
        [list(lookups)],
    )
    found: dict[bytes, set[int]] = {}
    for lookup, loan_id in rows:
        found.setdefault(bytes(lookup), set()).add(loan_id)
    return found


def parties_of_accounts(db: Db, lookups: Sequence[bytes]) -> dict[bytes, set[int]]:
    """The parties whose money is known to move through each account."""
    found: dict[bytes, set[int]] = {}
    for lookup, party_id in db.execute("SELECT lookup, party_id FROM payer_account WHERE lookup = ANY(%s)", [list(lookups)]):
        found.setdefault(bytes(lookup), set()).add(party_id)
    return found


def payment_of_key(db: Db, key: str) -> tuple[int, Money] | None:
    """The loan and the amount of a payout or a direct debit of ours; None for a key that is neither's."""
    row = db.execute(
        """SELECT loan_id, amount, currency FROM payout WHERE public_id = %(key)s
           UNION ALL SELECT loan_id, amount, currency FROM debit WHERE public_id = %(key)s""",
        {"key": key},
    ).fetchone()
    return None if row is None else (int(row[0]), Money(row[1], row[2]))


# ── money that belongs to no loan yet ──────────────────────────────────────────────────────────────────────


def post_suspense(db: Db, *, line: BankLine, on: date, came: bool, at: datetime) -> None:
    """Enter money of a line in the account `suspense`, or take it out again: sub-ledger and general ledger alike."""
    post_suspense_all(db, [line], on=on, came=came, at=at)


def post_suspense_all(db: Db, lines: Sequence[BankLine], *, on: date, came: bool, at: datetime) -> None:
    """The same of many lines."""
    on = open_day(db, on)
    debit, credit = (Account.BANK, Account.SUSPENSE) if came else (Account.SUSPENSE, Account.BANK)
    rows = [
        (on, line.branch_id, SUSPENSE_PRODUCT, debit, credit, line.amount.minor, line.amount.currency, line.line_id, line.public_id)
        for line in lines
    ]
    with db.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO suspense_posting (on_date, branch_id, product_code, debit_account, credit_account, amount, currency, line_id)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s)""",
            [row[:8] for row in rows],
        )
        cursor.executemany(
            """INSERT INTO gl_entry (on_date, branch_id, product_code, debit_account, credit_account, amount, currency, source, recorded_at)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            [(*row[:7], f"{row[8]} {'unmatched' if came else 'matched'}", at) for row in rows],
        )


# The general ledger sums by product; money that is no loan's yet stands under none.
SUSPENSE_PRODUCT: Final = ""


# ── intents ────────────────────────────────────────────────────────────────────────────────────────────────

_INTENTS: Final = """
SELECT i.loan_id, i.intent_no, i.public_id, l.public_id, i.code, i.what, i.amount, i.currency, i.state, i.made_at, i.said_at, i.expires_on
  FROM payment_intent i JOIN loan l USING (loan_id)
 WHERE (%(loan)s::bigint IS NULL OR i.loan_id = %(loan)s) AND (%(loans)s::bigint[] IS NULL OR i.loan_id = ANY(%(loans)s))
   AND (%(intent)s::text IS NULL OR i.public_id = %(intent)s)
   AND (%(codes)s::text[] IS NULL OR i.code = ANY(%(codes)s)) AND i.state = ANY(%(states)s)
   AND (%(expired)s::date IS NULL OR i.expires_on < %(expired)s)
 ORDER BY i.loan_id, i.intent_no DESC"""
_INTENT_COLUMNS: Final = frozenset({"state", "said_at", "line_id"})


def intents(
    db: Db, *, loan_id: int | None = None, public_id: str | None = None, codes: Sequence[str] | None = None,
    states: Sequence[IntentState] = tuple(IntentState), expired_by: date | None = None, loan_ids: Sequence[int] | None = None,
) -> list[Intent]:  # fmt: skip
    """Intents, newest first within a loan."""
    given = {
        "loan": loan_id, "loans": None if loan_ids is None else list(loan_ids), "intent": public_id,
        "codes": None if codes is None else list(codes),
        "states": [str(each) for each in states], "expired": expired_by,
    }  # fmt: skip
    rows = db.execute(_INTENTS, given).fetchall()
    return [Intent(*[*row[:6], Money(row[6], row[7]), IntentState(row[8]), *row[9:]]) for row in rows]


def intents_of_loans(db: Db, loan_ids: Sequence[int]) -> list[Intent]:
    """The intents of those loans that wait for money."""
    waiting = [IntentState.OPEN, IntentState.SAID_PAID, IntentState.EXPIRED]
    return intents(db, loan_ids=sorted(set(loan_ids)), states=waiting) if loan_ids else []


def insert_intent(
    db: Db, *, loan_id: int, public_id: str, code: str, what: str, amount: Money, at: datetime, expires_on: date
) -> bool:  # fmt: skip
    """A new open intent; False if the code is taken."""
    row = db.execute(
        """INSERT INTO payment_intent (loan_id, intent_no, public_id, code, what, amount, currency, state, made_at, expires_on)
           SELECT %(loan)s, coalesce(max(intent_no), 0) + 1, %(public_id)s, %(code)s, %(what)s, %(amount)s, %(currency)s, 'open', %(at)s,
                  %(expires)s
             FROM payment_intent WHERE loan_id = %(loan)s
           ON CONFLICT (code) DO NOTHING RETURNING intent_no""",
        {
            "loan": loan_id, "public_id": public_id, "code": code, "what": what, "amount": amount.minor, "currency": amount.currency,
            "at": at, "expires": expires_on,
        },
    ).fetchone()  # fmt: skip
    return row is not None


def update_intent(db: Db, intent: Intent, **columns: Any) -> None:
    """Write where an intent now stands; its loan is locked by the caller."""
    assert columns.keys() <= _INTENT_COLUMNS
    sets = ", ".join(f"{name} = %({name})s" for name in columns)
    db.execute(
        f"UPDATE payment_intent SET {sets} WHERE loan_id = %(loan)s AND intent_no = %(no)s",
        {**columns, "loan": intent.loan_id, "no": intent.intent_no},
    )


def intent_cleared_by(db: Db, line_id: int) -> Intent | None:
    """The intent that a line of a bank's statement cleared."""
    row = db.execute("SELECT loan_id, public_id FROM payment_intent WHERE line_id = %s", [line_id]).fetchone()
    return None if row is None else intents(db, loan_id=row[0], public_id=row[1])[0]


def said_paid(db: Db, loan_id: int) -> int:
    """The sum of what the borrower says is paid and is not here."""
    row = db.execute(
        "SELECT coalesce(sum(amount), 0)::bigint FROM payment_intent WHERE loan_id = %s AND state = 'said_paid'", [loan_id]
    ).fetchone()
    assert row is not None
    return int(row[0])


# ── cooling-off ────────────────────────────────────────────────────────────────────────────────────────────


def withdrawal(db: Db, loan_id: int) -> Withdrawal | None:
    """The withdrawal of that loan, if there is one."""
    row = db.execute(
        """SELECT l.public_id, c.state, c.asked_on, c.return_by FROM cooling_off c JOIN loan l USING (loan_id) WHERE c.loan_id = %s""",
        [loan_id],
    ).fetchone()
    return None if row is None else Withdrawal(*row)


def insert_withdrawal(db: Db, *, loan_id: int, asked_on: date, return_by: date) -> None:
    """A withdrawal that is asked for."""
    db.execute("INSERT INTO cooling_off (loan_id, asked_on, return_by, state) VALUES (%s, %s, %s, 'asked')", [loan_id, asked_on, return_by])


def end_withdrawal(db: Db, loan_id: int, state: str) -> None:
    """How a withdrawal ended."""
    db.execute("UPDATE cooling_off SET state = %s WHERE loan_id = %s", [state, loan_id])


def withdrawals_to_end(db: Db, today: date) -> list[tuple[str, bool]]:
    """The withdrawals that are over: the loan's public id, and whether all was paid back (else its time has run out)."""
    rows = db.execute(
        """SELECT l.public_id, l.principal_out = 0 FROM cooling_off c JOIN loan l USING (loan_id)
            WHERE c.state = 'asked' AND (l.principal_out = 0 OR c.return_by < %s) ORDER BY l.loan_id""",
        [today],
    )
    return [(row[0], row[1]) for row in rows]
