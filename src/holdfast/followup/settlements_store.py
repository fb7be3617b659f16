"""Where settlements are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import psycopg

from holdfast.followup.settlements_model import OPEN, Settlement, SettlementState, Terms
from holdfast.kernel import canonical
from holdfast.servicing.collectable import received

Db = psycopg.Connection[Any]

_COLUMNS: Final = """
    SELECT t.loan_id, t.settlement_no, t.public_id, l.public_id, l.contract_no, l.borrower_label, t.state, t.reason, t.means, t.figures,
           t.shown, t.offered_on, s.name, t.agree_by, t.request, t.offered_seq, t.decided_seq, t.agreed_seq, t.agreed_on, t.after_event,
           t.paper, t.ended_on, t.forgiven_no
      FROM settlement t JOIN loan l USING (loan_id) JOIN staff s ON s.staff_id = t.offered_by"""
_OF_LOAN: Final = f"{_COLUMNS} WHERE t.loan_id = %s ORDER BY t.settlement_no DESC"
# Promises: those within sight, newest first, so many of them.
_REGISTER: Final = f"""{_COLUMNS} WHERE {{sight}} AND (%(states)s::text[] IS NULL OR t.state = ANY(%(states)s))
    ORDER BY t.offered_on DESC, t.loan_id DESC, t.settlement_no DESC LIMIT %(limit)s OFFSET %(skip)s"""
_INSERT: Final = """
    INSERT INTO settlement (loan_id, settlement_no, public_id, state, reason, means, offered_on, offered_by, agree_by, grace_days, figures,
                            shown, request, offered_seq)
    VALUES (%(loan)s, (SELECT coalesce(max(settlement_no), 0) + 1 FROM settlement WHERE loan_id = %(loan)s), %(public_id)s, 'offered',
            %(reason)s, %(means)s, %(on)s, %(by)s, %(agree_by)s, %(grace)s, %(figures)s, %(shown)s, %(request)s, %(seq)s)
    RETURNING settlement_no"""
_INSERT_PART: Final = "INSERT INTO settlement_part (loan_id, settlement_no, part_no, pay_by, amount) VALUES (%s, %s, %s, %s, %s)"
_DECIDE: Final = "UPDATE settlement SET state = %s, decided_seq = %s, ended_on = %s WHERE loan_id = %s AND settlement_no = %s"
_AGREE: Final = """
    UPDATE settlement SET state = %(state)s, agreed_seq = %(seq)s, agreed_on = %(on)s, paper = %(paper)s,
           after_event = (SELECT coalesce(max(event_no), 0) FROM loan_event WHERE loan_id = %(loan)s)
     WHERE loan_id = %(loan)s AND settlement_no = %(no)s"""
_END: Final = "UPDATE settlement SET state = %s, ended_on = %s, forgiven_no = %s WHERE loan_id = %s AND settlement_no = %s"
_OPEN: Final = "SELECT DISTINCT loan_id FROM settlement WHERE state = ANY(%s) ORDER BY loan_id"
_STANDING: Final = "SELECT loan_id FROM duty WHERE open AND kind = 'settlement_broken' ORDER BY loan_id"


def of_loan(db: Db, loan_id: int) -> list[Settlement]:
    """The loan's settlements with what came in on each, newest first."""
    return [_read(db, row) for row in db.execute(_OF_LOAN, [loan_id]).fetchall()]


def register(db: Db, sight: str, values: Mapping[str, Any], *, states: Sequence[str] | None, limit: int, skip: int) -> list[Settlement]:
    """The settlements on loans within sight, newest first."""
    given = {**values, "states": list(states) if states else None, "limit": limit, "skip": skip}
    return [_read(db, row) for row in db.execute(_REGISTER.format(sight=sight), given).fetchall()]


def insert(
    db: Db, *, loan_id: int, public_id: str, terms: Terms, reason: str, means: str, on: date, by: int, agree_by: date, request: str,
    seq: int,
) -> None:  # fmt: skip
    """Write an offer down, with its figures as everybody is shown them."""
    row = db.execute(
        _INSERT,
        {
            "loan": loan_id, "public_id": public_id, "reason": reason, "means": means, "on": on, "by": by, "agree_by": agree_by,
            "grace": terms.grace_days, "figures": canonical.encode(terms.as_json()).decode(), "shown": terms.shown, "request": request,
            "seq": seq,
        },
    ).fetchone()  # fmt: skip
    assert row is not None
    for number, part in enumerate(terms.parts, 1):
        db.execute(_INSERT_PART, [loan_id, row[0], number, part.pay_by, part.amount.minor])


def decide(db: Db, found: Settlement, *, state: SettlementState, seq: int, ended_on: date | None) -> None:
    """Write down what the lender's people said."""
    db.execute(_DECIDE, [state, seq, ended_on, found.loan_id, found.settlement_no])


def agree(db: Db, found: Settlement, *, state: SettlementState, seq: int, on: date, paper: str) -> None:
    """Write down that the borrower has agreed; what has come in before does not count for it."""
    db.execute(_AGREE, {"state": state, "seq": seq, "on": on, "paper": paper, "loan": found.loan_id, "no": found.settlement_no})


def move(db: Db, found: Settlement, *, state: SettlementState, ended_on: date | None, forgiven_no: int | None = None) -> None:
    """Write down what became of it; one that runs again has no end."""
    db.execute(_END, [state, ended_on, forgiven_no, found.loan_id, found.settlement_no])


def loans_with_open(db: Db) -> list[int]:
    """The loans with a settlement that may still change."""
    return [row[0] for row in db.execute(_OPEN, [sorted(OPEN)]).fetchall()]


def loans_to_speak_to(db: Db) -> list[int]:
    """The loans with an open duty about a broken settlement."""
    return [row[0] for row in db.execute(_STANDING).fetchall()]


def _read(db: Db, row: Sequence[Any]) -> Settlement:
    """A row with what came in since it was agreed to, up to its end."""
    after_event, ended_on = row[19], row[21]
    came = [] if after_event is None else received(db, row[0], after_event=after_event)
    so_far = sum(minor for on, minor in came if ended_on is None or on <= ended_on)
    columns = [*row[:6], SettlementState(row[6]), *row[7:9], Terms.of(json.loads(row[9])), *row[10:], so_far]
    return Settlement(*columns)
