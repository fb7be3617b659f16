"""What the pages of a loan's papers show, and the making of a paper: alike for staff and borrower, each within their own sight."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from holdfast.database.connection import transaction
from holdfast.files import File
from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import HoldfastError
from holdfast.parties import Staff
from holdfast.servicing import papers
from holdfast.servicing import reading as book
from holdfast.servicing.account_statement import AccountStatement, account_statement
from holdfast.servicing.payoff_statement import PayoffStatement, payoff_statement
from holdfast.servicing.views import Look
from holdfast.web.console import paper_words, words
from holdfast.web.console.desk import Db
from holdfast.wiring import NOTARY, PRESS

Paper = TypeVar("Paper")


def statement_page(look: Look, loan_id: str, given: Mapping[str, str]) -> dict[str, Any]:
    """The account of the period that is given; without one, of the whole life so far."""

    def found(db: Db) -> AccountStatement:
        start, until = paper_words.period(given)
        return account_statement(db, look, loan_id, start=start, until=until)

    return _page(look, loan_id, papers.ACCOUNT, found, paper_words.lines)


def payoff_page(look: Look, loan_id: str, given: Mapping[str, str]) -> dict[str, Any]:
    """What ends the loan on the day that is given; without one, today."""

    def found(db: Db) -> PayoffStatement:
        return payoff_statement(db, look, loan_id, on=paper_words.day_given(given, "on"))

    return _page(look, loan_id, papers.PAYOFF, found, paper_words.payoff_lines)


def _page(look: Look, loan_id: str, kind: str, find: Callable[[Db], Paper], lines: Callable[[Paper], Sequence[Any]]) -> dict[str, Any]:
    """The loan's row, the paper with its lines or why there is none, and those of its kind that were made, newest first."""
    found, why_not = None, ""
    with transaction() as db:
        row = book.loan_detail(db, look, loan_id).row
        try:
            found = find(db)
        except HoldfastError as error:
            why_not = words.refusal(error)
        made = [file for file, purpose in papers.issued(db, look, loan_id) if purpose == kind]
    return {"row": row, "found": found, "lines": lines(found) if found else [], "why_not": why_not, "made": made}


def make(db: Db, *, clock: Clock, by: Staff | Actor, look: Look, loan: str, kind: str, given: Mapping[str, str]) -> File:
    """The sealed PDF of what the page of that kind shows for what is given; `kind` is one of `papers.PURPOSES`."""
    common: dict[str, Any] = {"clock": clock, "by": by, "look": look, "loan": loan, "press": PRESS, "notary": NOTARY}
    if kind == papers.PAYOFF:
        return papers.issue_payoff_statement(db, on=paper_words.day_given(given, "on"), **common).file
    start, until = paper_words.period(given)
    return papers.issue_account_statement(db, start=start, until=until, **common).file
