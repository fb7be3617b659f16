"""What a borrower may ask about their loan, day and night, and the one answer to it, whichever way the question came.

Whoever has proved nothing hears only whether there is an answer; its figures are for whoever has logged in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import psycopg

from holdfast.contact import Question
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.life import LoanState
from holdfast.servicing import reading
from holdfast.servicing.service import Quote, quote
from holdfast.servicing.views import InstalmentRow, LoanDetail, Look

Db = psycopg.Connection[Any]
_REPAID: Final = frozenset({LoanState.ACTIVE, LoanState.WRITTEN_OFF})
_PAID_OFF: Final = frozenset({LoanState.RELEASING, LoanState.SETTLED})
# How far ahead a pay-off can be asked for.
MOST_DAYS_AHEAD: Final = 366


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question about one loan. `stands` is False where only a person can answer.

    All figures are None for whoever has proved nothing. `paid_off`: nothing is owed any more, and what was pledged comes back.
    """

    question: Question
    stands: bool
    paid_off: bool | None = None
    detail: LoanDetail | None = None
    plan: tuple[InstalmentRow, ...] = ()
    payoff: Quote | None = None


def answer(
    db: Db, *, clock: Clock, look: Look, loan: str, question: Question, proved: bool, on: date | None = None
) -> Answer:  # fmt: skip
    """Answer a question about a loan within sight; `on` is the day of a pay-off, today if it is not said.

    BadInput for a day that is over or too far ahead.
    """
    detail = reading.loan_detail(db, look, loan)
    state, today = LoanState(detail.row.state), clock.today()
    if question in (Question.STOP, Question.HELP, Question.OTHER) or state not in _REPAID | _PAID_OFF:
        return Answer(question, False)
    payoff = None
    if question is Question.PAYOFF and state in _REPAID:
        day = on or today
        if not 0 <= (day - today).days <= MOST_DAYS_AHEAD:
            raise BadInput(f"on: choose a day from {today}, within a year", field="on")
        try:
            payoff = quote(db, loan=loan, on=day)
        except Refusal:
            return Answer(question, False)
    if not proved:
        return Answer(question, True)
    plan = tuple(reading.schedule(db, look, loan)) if question is Question.PLAN else ()
    return Answer(question, True, state in _PAID_OFF, detail, plan, payoff)


def stands(db: Db, clock: Clock, loan: str, question: Question) -> bool:
    """Whether a question that came without any proof has an answer that whoever logs in reads at once."""
    look = reading.look_of(db, _One(loan), clock)
    return answer(db, clock=clock, look=look, loan=loan, question=question, proved=False).stands


@dataclass(frozen=True, slots=True)
class _One:
    """The sight of one loan."""

    public_id: str

    def condition(self, alias: str) -> tuple[str, Mapping[str, Any]]:
        return f"{alias}.public_id = %(one_loan)s", {"one_loan": self.public_id}
