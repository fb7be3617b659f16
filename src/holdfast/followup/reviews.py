"""Periodic reviews: the business that a loan carries is looked at again and again, by call, by video or on the spot.

A loan carries a business if its borrower is a firm, or if it was applied for to run one; from the pack's amount on it always
has its next review while it is repaid. The night calls for it, brings it forward when the class of the loan worsens, and ends
it when the loan is over. A review is made with the whole form and a conclusion; one that found things worse is read by risk,
another person. What was answered lies sealed under the borrower's key; the records hold digests.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import psycopg

from holdfast import files
from holdfast.contact import calls
from holdfast.duties import Case, enter, in_sight, take, take_by_id
from holdfast.files import File
from holdfast.followup import reviews_store as store
from holdfast.followup import visits
from holdfast.followup.kept_files import REVIEW, plain_words
from holdfast.followup.reviews_model import (
    CONCLUSIONS,
    FORM,
    MEANS,
    Listed,
    OpenedReview,
    Pace,
    Review,
    ReviewEvent,
    after,
    checked,
    not_fine,
)
from holdfast.followup.reviews_store import Made
from holdfast.followup.visits_model import Visit, VisitState
from holdfast.journal import SYSTEM
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.life import REVIEWED_DAYS_BEFORE, LoanState
from holdfast.parties import Party, Staff, box_of, may, party_by_id, require, staff_by_id
from holdfast.policy import Lender, Pack, lender, read_pack
from holdfast.servicing.arrears import CLASSES, five_tier
from holdfast.servicing.retold import lateness_of

Db = psycopg.Connection[Any]

DUTY: Final = "business_review"
_READING: Final = "review_reading"
_PURPOSE: Final = "service"
MOST_WORDS: Final = 2000
MOST_PHOTOS: Final = 8
MOST_LISTED: Final = 1000
WHICH: Final = ("soon", "late", "worrying", "all")
_SHARED: Final = frozenset({VisitState.BEGUN, VisitState.REPORTED, VisitState.CONFIRMED})


@dataclass(frozen=True, slots=True)
class Standing:
    """The next review of a loan: by when, since when it may be made, for which class and why, and by what it was called."""

    due_on: date
    from_on: date
    loan_class: str
    why: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many reviews within sight are late, fall due in the next thirty days, stand in all, and wait for risk to read them."""

    late: int
    soon: int
    standing: int
    unread: int


# ── what a person does ─────────────────────────────────────────────────────────────────────────────────────


def begin(db: Db, *, clock: Clock, by: Staff, loan: str, means: str, visit: str = "") -> Review:
    """Begin a review: before a call or a video call the rules of contact are asked, and refuse by name; a visit is one made by two.

    Refusal if none is called for, earlier than its days allow, or while another one is begun.
    """
    require(by, "review.make")
    if means not in MEANS:
        raise BadInput(f"means: write one of {', '.join(MEANS)}", field="means")
    case = take(db, loan, by.scope)
    case.must_be(LoanState.ACTIVE)
    standing = _must_stand(db, case)
    if clock.today() < standing.from_on:
        raise Refusal(
            f"the next review of loan {loan} may be made from {standing.from_on}; ask for it to be brought forward if it must be sooner",
            code="review_not_yet", on=standing.from_on.isoformat(),
        )  # fmt: skip
    before = store.of_loan(db, case.loan.loan_id)
    if any(each.open for each in before):
        raise Refusal(f"a review of loan {loan} is begun; finish it or give it up", code="review_begun", loan=loan)
    party = _borrower(db, case)
    made_at = _the_visit(db, by, loan, visit, before) if means == "visit" else None
    rule = made_at.rule if made_at is not None and made_at.rule else _dial(db, clock, by, case, party)
    public_id = new_id("rv")
    says = {"review": public_id, "means": means, "rule": rule, "form": FORM} | ({"visit": visit} if made_at else {})
    enter(db, case, clock=clock, by=by.actor, kind="review.begun", says=says)
    store.insert(
        db, loan_id=case.loan.loan_id, public_id=public_id, means=means, visit_no=made_at.visit_no if made_at else None, form=FORM,
        rule=rule, at=clock.now(), by=by.staff_id,
    )  # fmt: skip
    return _the(db, case, public_id)


def save(db: Db, *, clock: Clock, by: Staff, loan: str, review: str, answers: Mapping[str, Any], photos: Sequence[bytes] = ()) -> Review:
    """Keep what was answered so far, to go on later: any question may be left out, what is answered must be right."""
    case, found = _own_draft(db, by, loan, review, ReviewEvent.SAVE)
    party = _borrower(db, case)
    kept = _seal(db, clock, case, party, checked(answers, whole=False), "answers.json")
    _reached(db, clock, by, case, found)
    store.save(db, loan_id=case.loan.loan_id, review_no=found.review_no, answers=kept.file_id, at=clock.now())
    _keep_photos(db, clock, case, party, found, photos)
    return _the(db, case, review)


def make(
    db: Db, *, clock: Clock, by: Staff, loan: str, review: str, answers: Mapping[str, Any], conclusion: str, words: str,
    photos: Sequence[bytes] = (),
) -> Review:  # fmt: skip
    """Finish a review: the whole form, a conclusion, and why. It ends its duty and calls for the next one; a worse one goes to risk.

    BadInput for a question without an answer, for `fine` where the answers do not let it be, and for premises that were seen by
    video without a picture. Refusal while the visit that it was made on is not confirmed by both.
    """
    if conclusion not in CONCLUSIONS:
        raise BadInput(f"conclusion: write one of {', '.join(CONCLUSIONS)}", field="conclusion")
    case, found = _own_draft(db, by, loan, review, ReviewEvent.MAKE)
    case.must_be(LoanState.ACTIVE)
    _must_stand(db, case)
    told = checked(answers, whole=True)
    if conclusion == "fine" and (name := not_fine(told)) is not None:
        raise BadInput(f"conclusion: it is not fine, for {name} is {told[name]}", field="conclusion", code="review_not_fine", question=name)
    if found.means == "call" and told["premises"] == "seen":
        raise BadInput("premises: nobody sees premises by telephone", field="premises", code="review_seen_by_call")
    if found.means == "video" and told["premises"] == "seen" and not (photos or found.photos):
        raise BadInput("photos: keep at least one picture of the premises that were seen", field="photos", code="review_no_picture")
    _confirmed(db, by, loan, found)
    party = _borrower(db, case)
    answered = _seal(db, clock, case, party, told, "answers.json")
    said = _seal(db, clock, case, party, {"words": plain_words(words, most=MOST_WORDS)}, "said.json")
    _reached(db, clock, by, case, found)
    _keep_photos(db, clock, case, party, found, photos)
    shots = {f"photo_{number}": files.get(db, each).digest for number, each in enumerate(_the(db, case, review).photos, 1)}
    loan_class = _class_of(db, case, clock.today())
    pace = pace_of(case.pack, case.lender, case.loan.opened_on, case.loan.product_code)
    assert pace is not None  # a review stands, so the loan's pack asks for them
    next_due_on = pace.due_on(clock.today(), loan_class, conclusion)
    says = {"review": review, "conclusion": conclusion, "class": loan_class, "form": found.form, "due_on": next_due_on.isoformat()}
    worse = conclusion == "worse"
    enter(
        db, case, clock=clock, by=by.actor, kind="review.worse" if worse else "review.made", says=says,
        seals={"answers": answered.digest, "said": said.digest, **shots}, opens=(DUTY, _READING) if worse and case.open(_READING) is None
        else (DUTY,), closes=(DUTY,), due={DUTY: next_due_on},
    )  # fmt: skip
    store.make(
        db, loan_id=case.loan.loan_id, review_no=found.review_no, answers=answered.file_id, conclusion=conclusion, said=said.file_id,
        on=clock.today(), at=clock.now(), by=by.staff_id, next_due_on=next_due_on,
    )  # fmt: skip
    return _the(db, case, review)


def give_up(db: Db, *, clock: Clock, by: Staff, loan: str, review: str, words: str) -> Review:
    """A review that was begun comes to nothing, or nobody was reached: its duty stands on, and another one may be begun."""
    require(by, "review.make")
    case = take(db, loan, by.scope)
    found = _the(db, case, review)
    after(found.state, ReviewEvent.GIVE_UP)
    why = plain_words(words, most=MOST_WORDS)
    if found.means != "visit" and found.reached_at is None and _rings(db, caller := staff_by_id(db, found.begun_by), case):
        calls.hang_up(db, by=caller)
    enter(db, case, clock=clock, by=by.actor, kind="review.given_up", says={"review": review, "words": why}, while_frozen=True)
    store.give_up(db, loan_id=case.loan.loan_id, review_no=found.review_no, why=why)
    return _the(db, case, review)


def read(db: Db, *, clock: Clock, by: Staff, loan: str, review: str, words: str) -> Review:
    """Risk has read a review that found things worse, and any other of the loan that waits, and says what follows.

    Never whoever made one of them, under whichever log-in.
    """
    require(by, "review.read")
    case = take(db, loan, by.scope)
    found = _the(db, case, review)
    after(found.state, ReviewEvent.READ)
    if found.conclusion != "worse":
        raise Refusal(f"review {review} found nothing worse; nobody need read it", code="review_not_worse")
    unread = [each for each in store.of_loan(db, case.loan.loan_id) if each.unread]
    if any(each.made_by is not None and by.is_same_person(staff_by_id(db, each.made_by)) for each in unread):
        raise Forbidden("whoever made a review does not read it for risk; another person does", code="review_own")
    kept = _seal(db, clock, case, _borrower(db, case), {"words": plain_words(words, most=MOST_WORDS)}, "read.json")
    says = {"review": review, "with": [each.public_id for each in unread if each is not found]}
    enter(
        db, case, clock=clock, by=by.actor, kind="review.read", says=says, seals={"words": kept.digest}, closes=(_READING,),
        while_frozen=True,
    )  # fmt: skip
    for each in unread:
        store.read(db, loan_id=case.loan.loan_id, review_no=each.review_no, at=clock.now(), by=by.staff_id, words=kept.file_id)
    return _the(db, case, review)


def bring_forward(db: Db, *, clock: Clock, by: Staff, loan: str, due_on: date, words: str) -> Standing:
    """Have the next review made by an earlier day, and say why. BadInput unless the day lies between today and the one that stands."""
    require(by, "review.bring_forward")
    case = take(db, loan, by.scope)
    case.must_be(LoanState.ACTIVE)
    standing = _must_stand(db, case)
    if not clock.today() <= due_on < standing.due_on:
        raise BadInput(
            f"due_on: name a day from {clock.today()} to the one before {standing.due_on}", field="due_on", code="review_not_earlier",
            on=standing.due_on.isoformat(),
        )  # fmt: skip
    _move(db, clock, case, by, standing, due_on, {"asked": True, "words": plain_words(words, most=MOST_WORDS)})
    return _must_stand(db, case)


# ── what the night does ────────────────────────────────────────────────────────────────────────────────────


def call_all(db: Db, *, clock: Clock, on: date) -> tuple[int, int, int]:
    """At the end of `on`: call for the reviews that are missing, bring forward those whose class worsened, end what is over.

    How many of each. Safe to run again: what stands as it should is left.
    """
    called = forward = ended = 0
    found = store.called_for(db)
    known, paces = lender(db), _Paces(db)
    lateness = lateness_of(db, [each.loan_id for each in found], on)
    for each in found:
        late, floor = lateness[each.loan_id]
        pace = paces.of(known, each)
        # Nothing is worse than it was called for where nothing is late; and most reviews of a book stand as they should.
        if pace is None or each.lent < pace.from_minor or (each.stands and not late and floor == CLASSES[0]):
            continue
        case = take_by_id(db, each.loan_id)
        loan_class = five_tier(late, floors_of(case.pack, case.lender, on, case.loan.product_code), floor)
        due_on = pace.due_on(clock.today(), loan_class, last_conclusion(store.of_loan(db, each.loan_id)))
        standing = _standing(db, case)
        if standing is None:
            says = {"class": loan_class, "why": each.why, "due_on": due_on.isoformat()}
            enter(db, case, clock=clock, by=SYSTEM, kind="review.called", says=says, opens=(DUTY,), due={DUTY: due_on}, while_frozen=True)
            called += 1
        elif CLASSES.index(loan_class) > CLASSES.index(standing.loan_class) and due_on < standing.due_on:
            _move(db, clock, case, None, standing, due_on, {"class": loan_class})
            forward += 1
    for loan_id in store.over(db):
        case = take_by_id(db, loan_id)
        enter(
            db, case, clock=clock, by=SYSTEM, kind="review.needless", says={"why": str(case.loan.state)}, closes=(DUTY, _READING),
            while_frozen=True,
        )  # fmt: skip
        ended += 1
    return called, forward, ended


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


def reviews_of(db: Db, *, by: Staff, loan: str) -> list[Review]:
    """The reviews of a loan within sight, newest first."""
    return store.of_loan(db, in_sight(db, loan, by.scope))


def standing_of(db: Db, *, by: Staff, loan: str) -> Standing | None:
    """The next review of a loan within sight; None if none is called for."""
    return _standing(db, take(db, loan, by.scope, lock=False))


def may_stand_for(visit: Visit) -> bool:
    """Whether a review may be made on this visit: it was planned for one, and has been begun."""
    return visit.reason == "review" and visit.state in _SHARED


def carries_business(db: Db, *, by: Staff, loan: str) -> str | None:
    """Why a loan within sight carries a business (`firm`, `working_capital`); None if it does not."""
    return store.why(db, in_sight(db, loan, by.scope))


def opened(db: Db, *, by: Staff, review: Review) -> OpenedReview | None:
    """What lies sealed of a review, for those whose work it is; None for anybody else, or once the borrower's data are erased."""
    case = take(db, review.loan, by.scope, lock=False)
    if not may(by, "review.look"):
        return None
    party = _borrower(db, case)
    if party.erased:
        return None
    answers, said, read_words = (_unseal(db, party, each) for each in (review.answers, review.said, review.read_words))
    return OpenedReview(answers, said.get("words", ""), read_words.get("words", ""))


def listed(
    db: Db, *, clock: Clock, by: Staff, which: str = "soon", branch: str | None = None, limit: int = 200
) -> list[Listed]:  # fmt: skip
    """The loans within sight for which a review is called: `late`, `soon` (late and in the next thirty days), `worrying`, or `all`."""
    if which not in WHICH:
        raise BadInput(f"which: write one of {', '.join(WHICH)}", field="which")
    sight, values = by.scope.condition("l")
    today = clock.today()
    return store.listed(
        db, sight, values, due_by=today + timedelta(days=REVIEWED_DAYS_BEFORE) if which == "soon" else None,
        late_on=today if which == "late" else None, worrying=which == "worrying", branch=branch, limit=min(limit, MOST_LISTED),
    )  # fmt: skip


def made(db: Db, *, by: Staff, since: date, until: date, branch: str | None = None, limit: int = 200) -> list[Made]:
    """The reviews within sight that were made between two days, newest first."""
    sight, values = by.scope.condition("l")
    return store.made(db, sight, values, since=since, until=until, branch=branch, limit=min(limit, MOST_LISTED))


def counts(db: Db, *, clock: Clock, by: Staff) -> Counts:
    """The figures of the list within sight."""
    sight, values = by.scope.condition("l")
    today = clock.today()
    return Counts(*store.counts(db, sight, values, today=today, soon=today + timedelta(days=REVIEWED_DAYS_BEFORE)))


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def pace_of(pack: Pack, known: Lender, on: date, product: str) -> Pace | None:
    """The pace of the pack that governs a loan, for its product; None if that pack asks for no reviews."""
    about: dict[str, Any] = {"on": on, "lender_type": known.lender_type, "product": product}
    if not pack.has("review.from_minor", **about):
        return None
    return Pace(
        pack.table("review.months_by_class", **about), pack.table("review.months_by_conclusion", **about),
        pack.number("review.from_minor", **about), known.region,
    )  # fmt: skip


def floors_of(pack: Pack, known: Lender, on: date, product: str) -> Mapping[str, int]:
    """The days late at which each class begins."""
    return pack.table("classification.floors", on=on, lender_type=known.lender_type, product=product)


def last_conclusion(found: Sequence[Review]) -> str | None:
    """What the newest review that was made found."""
    return next((each.conclusion for each in found if each.conclusion is not None), None)


class _Paces:
    """The paces of the packs that govern a book's loans, each read once."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self._known: dict[tuple[str, date, str], Pace | None] = {}

    def of(self, known: Lender, loan: store.CalledFor) -> Pace | None:
        """The pace of this loan's pack and product."""
        governed = (loan.pack_version, loan.opened_on, loan.product)
        if governed not in self._known:
            self._known[governed] = pace_of(read_pack(self._db, *loan.pack_version.split(" ", 1)), known, loan.opened_on, loan.product)
        return self._known[governed]


def _class_of(db: Db, case: Case, on: date) -> str:
    late, floor = lateness_of(db, [case.loan.loan_id], on)[case.loan.loan_id]
    return five_tier(late, floors_of(case.pack, case.lender, on, case.loan.product_code), floor)


def _standing(db: Db, case: Case) -> Standing | None:
    duty = case.open(DUTY)
    if duty is None:
        return None
    said = store.said(db, case.loan.loan_id, duty.opened_seq)
    first = duty.due_on - timedelta(days=REVIEWED_DAYS_BEFORE)
    return Standing(duty.due_on, first, said["class"], store.why(db, case.loan.loan_id) or "")


def _must_stand(db: Db, case: Case) -> Standing:
    found = _standing(db, case)
    if found is None:
        raise Refusal(f"no review of loan {case.loan.public_id} is called for", code="review_none_called", loan=case.loan.public_id)
    return found


def _move(
    db: Db, clock: Clock, case: Case, by: Staff | None, standing: Standing, due_on: date, says: Mapping[str, Any]
) -> None:  # fmt: skip
    """The duty of the next review stands for an earlier day from now on."""
    told = {"class": standing.loan_class, "was_due_on": standing.due_on.isoformat(), "due_on": due_on.isoformat(), **says}
    enter(
        db, case, clock=clock, by=by.actor if by else SYSTEM, kind="review.brought_forward", says=told, opens=(DUTY,), closes=(DUTY,),
        due={DUTY: due_on}, while_frozen=True,
    )  # fmt: skip


def _own_draft(db: Db, by: Staff, loan: str, review: str, event: ReviewEvent) -> tuple[Case, Review]:
    """The case and the review that was begun, for whoever began it."""
    require(by, "review.make")
    case = take(db, loan, by.scope)
    found = _the(db, case, review)
    after(found.state, event)
    if not by.is_same_person(staff_by_id(db, found.begun_by)):
        name = staff_by_id(db, found.begun_by).name
        raise Forbidden(f"{name} began this review; give it up and begin another if it must go on without them", code="review_not_yours",
                        name=name)  # fmt: skip
    return case, found


def _the(db: Db, case: Case, review: str) -> Review:
    found = next((each for each in store.of_loan(db, case.loan.loan_id) if each.public_id == review), None)
    if found is None:
        raise NotFound(f"loan {case.loan.public_id} has no review {review}", code="no_review", field="review")
    return found


def _borrower(db: Db, case: Case) -> Party:
    if case.loan.party_id is None:
        raise Refusal(f"nobody knows who the borrower of loan {case.loan.public_id} is", code="borrower_unknown", loan=case.loan.public_id)
    return party_by_id(db, case.loan.party_id)


def _dial(db: Db, clock: Clock, by: Staff, case: Case, party: Party) -> str:
    """Have the call ring, if the contact ledger allows it; the rule that does. Refusal by the name of the rule."""
    return calls.dial(db, clock=clock, by=by, loan_id=case.loan.loan_id, party_id=party.party_id, purpose=_PURPOSE).rule


def _the_visit(db: Db, by: Staff, loan: str, visit: str, before: Sequence[Review]) -> Visit:
    """The visit by two that this review was made on: one for a review, which was begun and no other review has used."""
    found = next((each for each in visits.visits_of(db, by=by, loan=loan) if each.public_id == visit), None)
    if found is None or not may_stand_for(found) or any(each.visit == visit for each in before):
        raise BadInput(
            "visit: name a visit by two that was planned for a review, has been begun, and stands in no other review", field="visit",
            code="review_no_visit",
        )  # fmt: skip
    return found


def _confirmed(db: Db, by: Staff, loan: str, found: Review) -> None:
    if found.visit is None:
        return
    visit = next(each for each in visits.visits_of(db, by=by, loan=loan) if each.public_id == found.visit)
    if visit.state is not VisitState.CONFIRMED:
        raise Refusal("both of the two confirm the visit first; then the review made on it is finished", code="review_visit_open")


def _reached(db: Db, clock: Clock, by: Staff, case: Case, found: Review) -> None:
    """The first answers mean that the borrower was reached: the call is hung up and stands in the ledger, once. A visit enters itself.

    A call that the end of its day has hung up is dialled anew first.
    """
    if found.means == "visit" or found.reached_at is not None:
        return
    if not _rings(db, by, case):
        _dial(db, clock, by, case, _borrower(db, case))
    calls.spoke(db, by=by, loan_id=case.loan.loan_id, how=calls.CALLED, outcome="reached")


def _rings(db: Db, by: Staff, case: Case) -> bool:
    ringing = calls.rings(db, by=by)
    return ringing is not None and ringing.loan_id == case.loan.loan_id


def _seal(db: Db, clock: Clock, case: Case, party: Party, facts: Mapping[str, Any], name: str) -> File:
    """Facts that only the borrower's own key opens."""
    return files.put(db, canonical.encode(facts), clock=clock, name=name, box=box_of(db, party), party_id=party.party_id)


def _unseal(db: Db, party: Party, file: str | None) -> dict[str, Any]:
    if file is None:
        return {}
    told: dict[str, Any] = json.loads(files.read(files.get(db, file), box=box_of(db, party)))
    return told


def _keep_photos(db: Db, clock: Clock, case: Case, party: Party, found: Review, photos: Sequence[bytes]) -> None:
    if len(found.photos) + len(photos) > MOST_PHOTOS:
        raise BadInput(f"photos: keep at most {MOST_PHOTOS}", field="photos")
    for number, data in enumerate(photos, len(found.photos) + 1):
        kept = files.put(
            db, files.without_traces(data), clock=clock, name=f"review-{number}", box=box_of(db, party), party_id=party.party_id
        )  # fmt: skip
        if not kept.media_type.startswith("image/"):
            raise BadInput("photos: keep a picture, in JPEG, PNG or WebP", field="photos")
        files.link(db, loan_id=case.loan.loan_id, file=kept, purpose=REVIEW)
        store.add_photo(db, loan_id=case.loan.loan_id, review_no=found.review_no, file_id=kept.file_id)
