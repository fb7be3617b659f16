"""The periodic review of a borrower in business: its form, its life, and when the next one is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from holdfast.kernel.calendar import add_months
from holdfast.kernel.errors import BadInput
from holdfast.kernel.states import following
from holdfast.policy import add_workdays

MEANS: Final = ("call", "video", "visit")
CONCLUSIONS: Final = ("fine", "watch", "worse")
WHY: Final = ("firm", "working_capital")
# Of the form below. Whoever changes a question makes a new version; what was answered keeps the version it was asked by.
FORM: Final = "2026-11"
MOST_STAFF: Final = 100_000
MOST_MINOR: Final = 10**13
_MOST_WORDS: Final = 1000


class ReviewState(StrEnum):
    """Where a review stands."""

    BEGUN = "begun"
    MADE = "made"
    READ = "read"
    GIVEN_UP = "given_up"


class ReviewEvent(StrEnum):
    """What may be done with a review."""

    SAVE = "save"
    MAKE = "make"
    READ = "read"
    GIVE_UP = "give_up"


LIFE: Final = {
    (ReviewState.BEGUN, ReviewEvent.SAVE): ReviewState.BEGUN,
    (ReviewState.BEGUN, ReviewEvent.MAKE): ReviewState.MADE,
    (ReviewState.BEGUN, ReviewEvent.GIVE_UP): ReviewState.GIVEN_UP,
    (ReviewState.MADE, ReviewEvent.READ): ReviewState.READ,
}


def after(state: ReviewState, event: ReviewEvent) -> ReviewState:
    """The state that `event` leads to; Refusal if the table has no such line."""
    return following(LIFE, state, event, words=f"the review is {state}; nobody can {event} it now", code="review_state")


# ── the form ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its name, its section, and the answers it takes.

    `kind`: `choice` (one of `options`), `several` (a list of them, at least one), `count` (a whole number), `money` (minor units of
    the loan's currency), `words`. With `when`, it is asked only where another question has one of those answers, and then needed.
    """

    name: str
    section: str
    kind: str
    options: tuple[str, ...] = ()
    when: tuple[str, tuple[str, ...]] | None = None


_EVIDENCE: Final = ("bank_statement", "tax_return", "invoices", "payment_records", "none")
_YES_NO: Final = ("no", "yes")
QUESTIONS: Final = (
    Question("running", "business", "choice", ("yes", "reduced", "stopped")),
    Question("sells", "business", "words"),
    Question("staff", "business", "count"),
    Question("premises", "business", "choice", ("seen", "not_seen", "none")),
    Question("turnover", "turnover", "money"),
    Question("evidence", "turnover", "several", _EVIDENCE),
    Question("evidenced", "turnover", "money", when=("evidence", _EVIDENCE[:-1])),
    Question("owner_changed", "changes", "choice", _YES_NO),
    Question("address_changed", "changes", "choice", _YES_NO),
    Question("other_debts", "changes", "money"),
    Question("money_use", "money", "choice", ("as_agreed", "otherwise", "not_shown")),
    Question("used_for", "money", "words", when=("money_use", ("otherwise",))),
    Question("thing", "money", "choice", ("seen", "not_seen", "with_us", "nothing_pledged")),
)
NAMES: Final = tuple(question.name for question in QUESTIONS)
# What cannot be called fine: a business that has stopped, and money that went elsewhere.
_NOT_FINE: Final = {"running": ("stopped",), "money_use": ("otherwise",)}


def checked(answers: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """The answers as they are kept, in the form's order; BadInput naming the first question that is answered wrongly.

    `whole`: every question that is asked must be answered; a draft may leave any out. An answer to a question that is not asked
    after all (its `when` does not hold) is dropped.
    """
    unknown = sorted(answers.keys() - set(NAMES))
    if unknown:
        raise BadInput(f"{unknown[0]}: the form has no such question", field=unknown[0])
    kept: dict[str, Any] = {}
    for question in QUESTIONS:
        given = answers.get(question.name)
        if not _asked(question, kept):
            continue
        if given is None or given == "" or given == []:
            if whole:
                raise BadInput(f"{question.name}: answer this question", field=question.name, code="review_unanswered")
            continue
        kept[question.name] = _answer(question, given)
    return kept


def not_fine(answers: Mapping[str, Any]) -> str | None:
    """The question whose answer does not let a review be called fine; None if there is none."""
    return next((name for name, options in _NOT_FINE.items() if answers.get(name) in options), None)


def _asked(question: Question, so_far: Mapping[str, Any]) -> bool:
    if question.when is None:
        return True
    name, options = question.when
    given = so_far.get(name)
    return any(each in options for each in (given if isinstance(given, list) else [given]))


def _answer(question: Question, given: Any) -> Any:
    name = question.name
    if question.kind == "choice":
        if given not in question.options:
            raise BadInput(f"{name}: write one of {', '.join(question.options)}", field=name)
        return given
    if question.kind == "several":
        if not isinstance(given, list | tuple) or any(each not in question.options for each in given):
            raise BadInput(f"{name}: choose from {', '.join(question.options)}", field=name)
        if "none" in given and len(given) > 1:
            raise BadInput(f"{name}: either none, or which there were", field=name, code="review_none_and_some")
        return [each for each in question.options if each in given]
    if question.kind == "words":
        if not isinstance(given, str) or not 2 <= len(given.strip()) <= _MOST_WORDS:
            raise BadInput(f"{name}: write 2 to {_MOST_WORDS} characters", field=name)
        return given.strip()
    most = MOST_STAFF if question.kind == "count" else MOST_MINOR
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= most:
        raise BadInput(f"{name}: a whole number from 0 to {most}", field=name, code="review_not_a_number")
    return given


# ── when the next one is due ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a business is reviewed: by the class of its loan, by what the last review found, and from what was lent on."""

    by_class: Mapping[str, int]
    by_conclusion: Mapping[str, int]
    from_minor: int
    region: str | None

    def due_on(self, on: date, loan_class: str, conclusion: str | None) -> date:
        """The last day of the next review, counted from `on`: the sooner of the two, on a workday or the first after it."""
        months = [self.by_class[loan_class]]
        if conclusion is not None and conclusion in self.by_conclusion:
            months.append(self.by_conclusion[conclusion])
        return add_workdays(add_months(on, min(months)), 0, self.region).on


# ── a review as it stands ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Review:
    """A review as its row has it. The answers and the words lie sealed: `reviews.opened` reads them."""

    public_id: str
    review_no: int
    loan: str
    contract_no: str
    borrower: str
    state: ReviewState
    means: str
    visit: str | None
    form: str
    rule: str
    begun_at: datetime
    begun_by: int
    reached_at: datetime | None
    answers: str | None
    conclusion: str | None
    said: str | None
    made_on: date | None
    made_by: int | None
    next_due_on: date | None
    read_at: datetime | None
    read_by: int | None
    read_words: str | None
    ended_why: str | None
    photos: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it was begun and is neither made nor given up."""
        return self.state is ReviewState.BEGUN

    @property
    def unread(self) -> bool:
        """Whether it found things worse and risk has not read it."""
        return self.state is ReviewState.MADE and self.conclusion == "worse"


@dataclass(frozen=True, slots=True)
class OpenedReview:
    """What lies sealed of a review: the answers by question, the words of the conclusion, and what risk wrote when reading it."""

    answers: Mapping[str, Any]
    said: str
    read: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A loan on the list of reviews: when the next is due, and what the last one found."""

    loan: str
    contract_no: str
    borrower: str
    branch: str
    officer: str | None
    due_on: date
    begun: bool
    last_on: date | None
    conclusion: str | None
    unread: bool
