"""Where reviews of borrowers in business are kept, and which loans must have them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.followup.reviews_model import Listed, Review, ReviewState

Db = psycopg.Connection[Any]

_OF_LOAN: Final = """
    SELECT r.public_id, r.review_no, l.public_id, l.contract_no, l.borrower_label, r.state, r.means, v.public_id, r.form, r.rule,
           r.begun_at, r.begun_by, r.reached_at, a.public_id, r.conclusion, s.public_id, r.made_on, r.made_by, r.next_due_on, r.read_at,
           r.read_by, w.public_id, r.ended_why,
           ARRAY(SELECT f.public_id FROM business_review_photo x JOIN file f USING (file_id)
                  WHERE x.loan_id = r.loan_id AND x.review_no = r.review_no ORDER BY f.file_id)
      FROM business_review r JOIN loan l USING (loan_id) LEFT JOIN visit v USING (loan_id, visit_no)
      LEFT JOIN file a ON a.file_id = r.answers_id LEFT JOIN file s ON s.file_id = r.said_id LEFT JOIN file w ON w.file_id = r.read_id
     WHERE r.loan_id = %s ORDER BY r.review_no DESC"""
# Promises: the loans whose borrower is a firm, or that were applied for to run a business, and why; each once.
_BUSINESS: Final = """
    SELECT l.loan_id, 'firm' AS why FROM party p JOIN loan l USING (party_id) WHERE p.kind = 'firm'
     UNION ALL
    SELECT x.loan_id, 'working_capital' FROM application x JOIN party p USING (party_id)
     WHERE x.purpose = 'working_capital' AND x.loan_id IS NOT NULL AND p.kind <> 'firm'"""
# Promises: of those, the ones that are being repaid and have had so much lent on them, with the duty that stands, if one does.
_CALLED_FOR: Final = f"""
    SELECT b.loan_id, b.why, a.disbursed + a.taken_over, d.duty_no IS NOT NULL, l.pack_version, l.opened_on, l.product_code
      FROM ({_BUSINESS}) b JOIN loan l USING (loan_id) JOIN account a USING (loan_id)
      LEFT JOIN duty d ON d.loan_id = b.loan_id AND d.open AND d.kind = 'business_review'
     WHERE l.state = 'active' ORDER BY b.loan_id"""
# Promises: the loans on which something of a review is still to be done although they are not being repaid.
_OVER: Final = """
    SELECT DISTINCT d.loan_id FROM duty d JOIN loan l USING (loan_id)
     WHERE d.open AND d.kind IN ('business_review', 'review_reading') AND l.state <> 'active' ORDER BY d.loan_id"""
_WHY: Final = f"SELECT b.why FROM ({_BUSINESS}) b WHERE b.loan_id = %s"
_SAID: Final = "SELECT body FROM record WHERE loan_id = %s AND seq = %s"
_INSERT: Final = """
    INSERT INTO business_review (loan_id, review_no, public_id, state, means, visit_no, form, rule, begun_at, begun_by)
    VALUES (%(loan)s, (SELECT coalesce(max(review_no), 0) + 1 FROM business_review WHERE loan_id = %(loan)s), %(public_id)s, 'begun',
            %(means)s, %(visit)s, %(form)s, %(rule)s, %(at)s, %(by)s)"""
_SAVE: Final = """
    UPDATE business_review SET answers_id = %s, reached_at = coalesce(reached_at, %s) WHERE loan_id = %s AND review_no = %s"""
_MAKE: Final = """
    UPDATE business_review SET state = 'made', answers_id = %(answers)s, reached_at = coalesce(reached_at, %(at)s),
           conclusion = %(conclusion)s, said_id = %(said)s, made_on = %(on)s, made_by = %(by)s, next_due_on = %(next)s
     WHERE loan_id = %(loan)s AND review_no = %(no)s"""
_READ: Final = "UPDATE business_review SET state = 'read', read_at = %s, read_by = %s, read_id = %s WHERE loan_id = %s AND review_no = %s"
_GIVE_UP: Final = "UPDATE business_review SET state = 'given_up', ended_why = %s WHERE loan_id = %s AND review_no = %s"
_PHOTO: Final = "INSERT INTO business_review_photo (loan_id, review_no, file_id) VALUES (%s, %s, %s)"
# Promises: the loans within sight for which a review is called, the earliest due first; `due`, `late`, or all of them.
_LISTED: Final = """
    SELECT l.public_id, l.contract_no, l.borrower_label, b.name, o.name, d.due_on,
           EXISTS (SELECT 1 FROM business_review r WHERE r.loan_id = l.loan_id AND r.state = 'begun'),
           last.made_on, last.conclusion, coalesce(last.conclusion = 'worse' AND last.state = 'made', false)
      FROM duty d JOIN loan l USING (loan_id) JOIN branch b USING (branch_id) LEFT JOIN staff o ON o.staff_id = l.officer_id
      LEFT JOIN LATERAL (SELECT r.made_on, r.conclusion, r.state FROM business_review r
                          WHERE r.loan_id = l.loan_id AND r.made_on IS NOT NULL ORDER BY r.review_no DESC LIMIT 1) last ON true
     WHERE d.open AND d.kind = 'business_review' AND {sight}
       AND (%(due_by)s::date IS NULL OR d.due_on <= %(due_by)s::date) AND (%(late_on)s::date IS NULL OR d.due_on < %(late_on)s::date)
       AND (NOT %(worrying)s::boolean OR last.conclusion IN ('watch', 'worse'))
       AND (%(branch)s::text IS NULL OR b.public_id = %(branch)s::text)
     ORDER BY d.due_on, l.loan_id LIMIT %(limit)s"""
_MADE: Final = """
    SELECT r.public_id, l.public_id, l.contract_no, l.borrower_label, b.name, s.name, r.means, r.made_on, r.conclusion, r.state,
           r.next_due_on
      FROM business_review r JOIN loan l USING (loan_id) JOIN branch b USING (branch_id) JOIN staff s ON s.staff_id = r.made_by
     WHERE r.made_on BETWEEN %(since)s AND %(until)s AND {sight} AND (%(branch)s::text IS NULL OR b.public_id = %(branch)s::text)
     ORDER BY r.made_on DESC, r.loan_id DESC, r.review_no DESC LIMIT %(limit)s"""
_COUNTS: Final = """
    SELECT count(*) FILTER (WHERE d.due_on < %(today)s), count(*) FILTER (WHERE d.due_on BETWEEN %(today)s AND %(soon)s), count(*),
           (SELECT count(*) FROM business_review r JOIN loan l USING (loan_id)
             WHERE r.state = 'made' AND r.conclusion = 'worse' AND {sight})
      FROM duty d JOIN loan l USING (loan_id) WHERE d.open AND d.kind = 'business_review' AND {sight}"""
# Promises: what the chains of a stretch of loans tell of reviews, and of the purpose that each was applied for.
_TOLD: Final = """
    SELECT r.loan_id, r.seq, r.body FROM record r
     WHERE r.loan_id > %s AND r.loan_id <= %s AND r.on_date <= %s
       AND (r.kind = ANY(%s) OR r.seq = 1 AND r.kind = 'application.submitted') ORDER BY r.loan_id, r.seq"""
_GOVERNED: Final = """
    SELECT l.loan_id, l.pack_version, l.opened_on, l.product_code, coalesce(p.kind = 'firm', false)
      FROM loan l LEFT JOIN party p USING (party_id)
     WHERE l.loan_id > %s AND l.loan_id <= %s AND (p.kind = 'firm' OR l.loan_id = ANY(%s))"""


@dataclass(frozen=True, slots=True)
class CalledFor:
    """A loan that carries a business: why we say so, what was lent (minor units), whether a review stands, and what governs it."""

    loan_id: int
    why: str
    lent: int
    stands: bool
    pack_version: str
    opened_on: date
    product: str


@dataclass(frozen=True, slots=True)
class Made:
    """A review that was made, on the list of them."""

    review: str
    loan: str
    contract_no: str
    borrower: str
    branch: str
    by: str
    means: str
    on: date
    conclusion: str
    state: str
    next_due_on: date


def of_loan(db: Db, loan_id: int) -> list[Review]:
    """The loan's reviews, newest first."""
    rows = db.execute(_OF_LOAN, [loan_id]).fetchall()
    return [_review(row) for row in rows]


def called_for(db: Db) -> list[CalledFor]:
    """The loans that are being repaid and carry a business."""
    return [CalledFor(*row) for row in db.execute(_CALLED_FOR)]


def over(db: Db) -> list[int]:
    """The loans that are not being repaid any more although a duty of a review stands on them."""
    return [row[0] for row in db.execute(_OVER)]


def why(db: Db, loan_id: int) -> str | None:
    """Why this loan carries a business; None if it does not."""
    row = db.execute(_WHY, [loan_id]).fetchone()
    return None if row is None else str(row[0])


def said(db: Db, loan_id: int, seq: int) -> dict[str, Any]:
    """What a record of the loan says."""
    row = db.execute(_SAID, [loan_id, seq]).fetchone()
    assert row is not None
    told: dict[str, Any] = json.loads(row[0])["says"]
    return told


def insert(db: Db, *, loan_id: int, public_id: str, means: str, visit_no: int | None, form: str, rule: str, at: datetime, by: int) -> None:
    """Write down that a review was begun."""
    given = {"loan": loan_id, "public_id": public_id, "means": means, "visit": visit_no, "form": form, "rule": rule, "at": at, "by": by}
    db.execute(_INSERT, given)


def save(db: Db, *, loan_id: int, review_no: int, answers: int, at: datetime) -> None:
    """Keep a draft's answers; the borrower was reached by then."""
    db.execute(_SAVE, [answers, at, loan_id, review_no])


def make(
    db: Db, *, loan_id: int, review_no: int, answers: int, conclusion: str, said: int, on: date, at: datetime, by: int, next_due_on: date
) -> None:
    """Write down that it is made, and what it found."""
    given = {"loan": loan_id, "no": review_no, "answers": answers, "conclusion": conclusion, "said": said, "on": on, "at": at, "by": by,
             "next": next_due_on}  # fmt: skip
    db.execute(_MAKE, given)


def read(db: Db, *, loan_id: int, review_no: int, at: datetime, by: int, words: int) -> None:
    """Write down that risk has read it."""
    db.execute(_READ, [at, by, words, loan_id, review_no])


def give_up(db: Db, *, loan_id: int, review_no: int, why: str) -> None:
    """Write down that it came to nothing."""
    db.execute(_GIVE_UP, [why, loan_id, review_no])


def add_photo(db: Db, *, loan_id: int, review_no: int, file_id: int) -> None:
    """Add a picture to it."""
    db.execute(_PHOTO, [loan_id, review_no, file_id])


def listed(
    db: Db, sight: str, values: Mapping[str, Any], *, due_by: date | None, late_on: date | None, worrying: bool, branch: str | None,
    limit: int,
) -> list[Listed]:  # fmt: skip
    """The loans within sight for which a review is called."""
    given = {**values, "due_by": due_by, "late_on": late_on, "worrying": worrying, "branch": branch, "limit": limit}
    return [Listed(*row) for row in db.execute(_LISTED.format(sight=sight).encode(), given)]


def made(db: Db, sight: str, values: Mapping[str, Any], *, since: date, until: date, branch: str | None, limit: int) -> list[Made]:
    """The reviews within sight that were made between two days, newest first."""
    given = {**values, "since": since, "until": until, "branch": branch, "limit": limit}
    return [Made(*row) for row in db.execute(_MADE.format(sight=sight).encode(), given)]


def counts(db: Db, sight: str, values: Mapping[str, Any], *, today: date, soon: date) -> tuple[int, int, int, int]:
    """Within sight: how many are late, how many fall due by `soon`, how many stand in all, and how many wait for risk to read them."""
    row = db.execute(_COUNTS.format(sight=sight).encode(), {**values, "today": today, "soon": soon}).fetchone()
    assert row is not None
    late, due, standing, unread = row
    return late, due, standing, unread


def told(db: Db, after: int, upto: int, as_of: date, kinds: Sequence[str]) -> list[tuple[int, int, dict[str, Any]]]:
    """Loan, number and content of the records of a stretch that tell of reviews, or of what a loan was applied for."""
    return [(loan_id, seq, json.loads(body)) for loan_id, seq, body in db.execute(_TOLD, [after, upto, as_of, list(kinds)])]


def governed(db: Db, after: int, upto: int, loans: Sequence[int]) -> list[tuple[int, str, date, str, bool]]:
    """Loan, pack, day of opening, product and whether the borrower is a firm: of the firms of a stretch, and of these loans."""
    return db.execute(_GOVERNED, [after, upto, list(loans)]).fetchall()


def _review(row: Sequence[Any]) -> Review:
    columns = [*row[:5], ReviewState(row[5]), *row[6:23], tuple(row[23])]
    return Review(*columns)
