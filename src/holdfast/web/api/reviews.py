"""Periodic reviews of borrowers in business: which are due, beginning one, its draft, making it, reading it, having it made earlier."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Final, Literal

from ninja import Router
from pydantic import Field

from holdfast.duties import take
from holdfast.followup import reviews
from holdfast.followup.reviews_model import MOST_MINOR, MOST_STAFF, NAMES, Review
from holdfast.kernel.errors import BadInput
from holdfast.parties import staff_by_id
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.values import Currency, Day, In, Instant, MoneyOut, Name, Out, Words

router = Router()

_SUMS: Final = ("turnover", "evidenced", "other_debts")


class ReviewSumIn(In):
    """An amount of no less than nothing, in the loan's currency."""

    minor: Annotated[int, Field(ge=0, le=MOST_MINOR)]
    currency: Currency


class ReviewAnswersIn(In):
    """What was answered; a draft may leave any out.

    `evidenced` is asked where there is evidence, `used_for` where `money_use` is `otherwise`.
    """

    running: Literal["yes", "reduced", "stopped"] | None = None
    sells: Words | None = None
    staff: Annotated[int, Field(ge=0, le=MOST_STAFF)] | None = None
    premises: Literal["seen", "not_seen", "none"] | None = None
    turnover: ReviewSumIn | None = None
    evidence: list[Literal["bank_statement", "tax_return", "invoices", "payment_records", "none"]] | None = None
    evidenced: ReviewSumIn | None = None
    owner_changed: Literal["no", "yes"] | None = None
    address_changed: Literal["no", "yes"] | None = None
    other_debts: ReviewSumIn | None = None
    money_use: Literal["as_agreed", "otherwise", "not_shown"] | None = None
    used_for: Words | None = None
    thing: Literal["seen", "not_seen", "with_us", "nothing_pledged"] | None = None


class ReviewAnswersOut(Out):
    """What was answered, as it is kept."""

    running: str | None = None
    sells: str | None = None
    staff: int | None = None
    premises: str | None = None
    turnover: MoneyOut | None = None
    evidence: list[str] | None = None
    evidenced: MoneyOut | None = None
    owner_changed: str | None = None
    address_changed: str | None = None
    other_debts: MoneyOut | None = None
    money_use: str | None = None
    used_for: str | None = None
    thing: str | None = None


class ReviewOpenedOut(Out):
    """What lies sealed of a review: the answers, the words of the conclusion, and what risk wrote."""

    answers: ReviewAnswersOut
    said: str
    read: str


class ReviewOut(Out):
    """A review. `opened` is null for whoever's work it is not; `rule` is the rule of contact that allowed it."""

    id: str
    loan: str
    state: str
    means: str
    visit: str | None
    form: str
    rule: str
    begun_at: Instant
    begun_by: str
    conclusion: str | None
    made_on: Day | None
    made_by: str | None
    next_due_on: Day | None
    read_at: Instant | None
    read_by: str | None
    ended_why: str | None
    photos: list[str]
    opened: ReviewOpenedOut | None


class ReviewStandingOut(Out):
    """The next review: by when, from when on it may be made, the class it was called for, and why the loan carries a business."""

    due_on: Day
    from_on: Day
    loan_class: str
    why: str


class ReviewsOfLoan(Out):
    next: ReviewStandingOut | None
    items: list[ReviewOut]


class ReviewListedOut(Out):
    """A loan for which a review is called, and what the last one found. `unread`: it was worse, and risk has not read it."""

    loan: str
    contract_no: str
    borrower: str
    branch: str
    officer: str | None
    due_on: Day
    begun: bool
    last_on: Day | None
    conclusion: str | None
    unread: bool


class ReviewList(Out):
    """The loans under review, the earliest due first, with the figures of all within sight."""

    late: int
    soon: int
    standing: int
    unread: int
    items: list[ReviewListedOut]


class ReviewBeginIn(In):
    """By which means; for a visit, the id of a visit by two that was planned for a review and has been begun."""

    means: Literal["call", "video", "visit"]
    visit: Name | None = None


class ReviewSaveIn(In):
    """What was answered so far. `photos` are JPEG, PNG or WebP in base64."""

    answers: ReviewAnswersIn
    photos: Annotated[list[Annotated[str, Field(max_length=8_000_000)]], Field(max_length=reviews.MOST_PHOTOS)] = []


class ReviewMakeIn(ReviewSaveIn):
    """The whole form, what the review found, and why."""

    conclusion: Literal["fine", "watch", "worse"]
    words: Words


class ReviewWordsIn(In):
    """Why, or what follows, in words."""

    words: Words


class ReviewEarlierIn(In):
    """An earlier day for the next review, and why."""

    due_on: Day
    words: Words


@operation(router, "GET", "/reviews", "reviews.list", answer=ReviewList)
def listed(
    call: Call, which: Literal["late", "soon", "worrying", "all"] = "soon", branch: str | None = None,
    limit: Annotated[int, Field(ge=1, le=reviews.MOST_LISTED)] = 200,
) -> Any:  # fmt: skip
    """The loans within sight for which a review is called: the late, those of the next thirty days, the worrying, or all."""
    told = reviews.counts(call.db, clock=call.clock, by=call.staff)
    items = reviews.listed(call.db, clock=call.clock, by=call.staff, which=which, branch=branch, limit=limit)
    return {"late": told.late, "soon": told.soon, "standing": told.standing, "unread": told.unread, "items": items}


@operation(router, "GET", "/loans/{loan}/reviews", "reviews.of_loan", answer=ReviewsOfLoan)
def of_loan(call: Call, loan: str) -> Any:
    """The reviews of a loan, newest first, and the next one that is called for."""
    found = reviews.reviews_of(call.db, by=call.staff, loan=loan)
    return {"next": reviews.standing_of(call.db, by=call.staff, loan=loan), "items": [_told(call, each) for each in found]}


@operation(router, "POST", "/loans/{loan}/reviews", "reviews.begin", answer=ReviewOut, status=201)
def begin(call: Call, loan: str, body: ReviewBeginIn) -> Any:
    """Begin a review. Before a call the rules of contact are asked; refused with the name of the rule."""
    found = reviews.begin(call.db, clock=call.clock, by=call.staff, loan=loan, means=body.means, visit=body.visit or "")
    return _told(call, found)


@operation(router, "POST", "/loans/{loan}/reviews/{review}/draft", "reviews.save", answer=ReviewOut)
def save(call: Call, loan: str, review: str, body: ReviewSaveIn) -> Any:
    """Keep what was answered so far, to go on later."""
    answers, photos = _answers(call, loan, body.answers), [_picture(each) for each in body.photos]
    return _told(call, reviews.save(call.db, **_about(call, loan), review=review, answers=answers, photos=photos))


@operation(router, "POST", "/loans/{loan}/reviews/{review}", "reviews.make", answer=ReviewOut)
def make(call: Call, loan: str, review: str, body: ReviewMakeIn) -> Any:
    """Make the review: the whole form and a conclusion. The next one is called for; a worse one goes to risk."""
    answers, photos = _answers(call, loan, body.answers), [_picture(each) for each in body.photos]
    found = reviews.make(
        call.db, **_about(call, loan), review=review, answers=answers, conclusion=body.conclusion, words=body.words, photos=photos
    )  # fmt: skip
    return _told(call, found)


@operation(router, "POST", "/loans/{loan}/reviews/{review}/giving-up", "reviews.give_up", answer=ReviewOut)
def give_up(call: Call, loan: str, review: str, body: ReviewWordsIn) -> Any:
    """Nobody was reached, or it came to nothing: the review is still to be made."""
    return _told(call, reviews.give_up(call.db, **_about(call, loan), review=review, words=body.words))


@operation(router, "POST", "/loans/{loan}/reviews/{review}/reading", "reviews.read", answer=ReviewOut)
def read(call: Call, loan: str, review: str, body: ReviewWordsIn) -> Any:
    """Risk has read a review that found things worse. Never whoever made it."""
    return _told(call, reviews.read(call.db, **_about(call, loan), review=review, words=body.words))


@operation(router, "POST", "/loans/{loan}/review-day", "reviews.bring_forward", answer=ReviewStandingOut)
def bring_forward(call: Call, loan: str, body: ReviewEarlierIn) -> Any:
    """Have the next review made by an earlier day."""
    return reviews.bring_forward(call.db, **_about(call, loan), due_on=body.due_on, words=body.words)


def _about(call: Call, loan: str) -> dict[str, Any]:
    return {"clock": call.clock, "by": call.staff, "loan": loan}


def _answers(call: Call, loan: str, given: ReviewAnswersIn) -> dict[str, Any]:
    """The answers as the rules take them: amounts in minor units of the loan's currency."""
    currency = take(call.db, loan, call.staff.scope, lock=False).loan.currency
    told: dict[str, Any] = {}
    for name in NAMES:
        answer = getattr(given, name)
        if isinstance(answer, ReviewSumIn):
            if str(answer.currency) != currency:
                raise BadInput(f"answers.{name}.currency: this loan is in {currency}", field=f"answers.{name}.currency")
            answer = answer.minor
        told[name] = answer
    return told


def _picture(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("photos: send each picture in base64", field="photos") from None


def _told(call: Call, found: Review) -> dict[str, Any]:
    names = ("loan", "means", "visit", "form", "rule", "begun_at", "conclusion", "made_on", "next_due_on", "read_at", "ended_why")

    def who(staff_id: int | None) -> str | None:
        return staff_by_id(call.db, staff_id).public_id if staff_id is not None else None

    opened = reviews.opened(call.db, by=call.staff, review=found)
    currency = take(call.db, found.loan, call.staff.scope, lock=False).loan.currency
    return {
        **{name: getattr(found, name) for name in names}, "id": found.public_id, "state": str(found.state), "begun_by": who(found.begun_by),
        "made_by": who(found.made_by), "read_by": who(found.read_by), "photos": list(found.photos),
        "opened": None if opened is None else {
            "answers": {name: {"minor": each, "currency": currency} if name in _SUMS else each for name, each in opened.answers.items()},
            "said": opened.said, "read": opened.read,
        },
    }  # fmt: skip
