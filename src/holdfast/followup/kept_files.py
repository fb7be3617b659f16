"""Files that came with a complaint, from a visit or a review: for whoever sees the loan, and for the borrower those of their complaint."""

from __future__ import annotations

from typing import Any, Final

import psycopg

from holdfast import files
from holdfast.duties import take, take_own
from holdfast.files import File
from holdfast.journal import Actor
from holdfast.kernel.errors import BadInput, NotFound
from holdfast.parties import Staff, box_of, party_by_id

Db = psycopg.Connection[Any]

COMPLAINT: Final = "complaint"
VISIT: Final = "visit"
REVIEW: Final = "review"


SHORTEST_WORDS: Final = 4


def plain_words(words: str, *, most: int) -> str:
    """Words as they are kept: whatever does not print (a wide space, a mark without width) is a space. BadInput if too few or too many."""
    text = "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in words.replace("\r\n", "\n")).strip()
    if not SHORTEST_WORDS <= len(text) <= most or text.startswith("<"):
        raise BadInput(f"words: write {SHORTEST_WORDS} to {most} characters, and begin with a word", field="words")
    return text


def kept_file(db: Db, *, by: Staff | Actor, loan: str, file: str) -> tuple[File, bytes]:
    """A file of the loan and its bytes; NotFound if it belongs to neither a complaint nor a visit that this person may see."""
    staff = isinstance(by, Staff)
    case = take(db, loan, by.scope, lock=False) if isinstance(by, Staff) else take_own(db, loan, by, lock=False)
    seen = {COMPLAINT, VISIT, REVIEW} if staff else {COMPLAINT}
    found = next((each for each, purpose in files.of_loan(db, case.loan.loan_id) if each.public_id == file and purpose in seen), None)
    if found is None:
        raise NotFound(f"loan {loan} has no file {file} of a complaint or visit", code="no_file", field="file")
    box = box_of(db, party_by_id(db, found.party_id)) if found.party_id is not None else None
    return found, files.read(found, box=box)
