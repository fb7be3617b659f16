"""Complaints: taken in from anybody by any way, acknowledged, answered in writing in their time, and taken further if the borrower wishes.

No complaint vanishes: while the loan is repaid each stage of it is a duty with a deadline that only the answer closes, and the
register keeps the clock of all. Nobody who is complained of answers, under whichever log-in; the second level is another
person than the first. While an answer is owed, collection rests as the pack says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import psycopg

from holdfast import contact, files
from holdfast.contact import Promise, rests
from holdfast.duties import Case, enter, own, take, take_own
from holdfast.followup import complaints_store as store
from holdfast.followup.complaints_model import CHANNELS, OUTCOMES, Complaint, ComplaintEvent, ComplaintFigures, ComplaintState, after
from holdfast.followup.kept_files import COMPLAINT, plain_words
from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.life import DUTIES, LoanState
from holdfast.parties import Staff, box_of, party_by_id, require, staff, staff_by_id
from holdfast.policy import add_workdays, lender, pack_in_force

Db = psycopg.Connection[Any]

# A duty runs where the loan has a life that duties belong to: from the payout to the return.
_WITH_DUTY: Final = frozenset({LoanState.ACTIVE, LoanState.WRITTEN_OFF, LoanState.RELEASING})
_STOP: Final = "complaint"
MOST_WORDS: Final = 4000
MOST_FILES: Final = 6
MOST_LISTED: Final = 5000
_TELLS_WITHIN: Final = timedelta(days=2)
# The duty of each stage: what calls for it stands in `life.DUTIES`.
_DUTY: Final = {
    ComplaintState.OPEN: "complaint",
    ComplaintState.EXTENDED: "complaint_extended",
    ComplaintState.ESCALATED: "complaint_second",
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a complaint or an answer: its bytes and the name it had."""

    data: bytes
    name: str


def take_in(
    db: Db, *, clock: Clock, by: Staff | Actor, loan: str, channel: str, about: str, words: str, against: Sequence[str] = (),
    attached: Sequence[Attachment] = (),
) -> Complaint:  # fmt: skip
    """Take a complaint in: from the borrower on their own loan, or by anyone of the staff who heard it.

    `against` are public ids of staff. It has a number and a last day from now on, the borrower is told both, and collection
    rests. Refusal if one about this loan waits for its answer already: then the words are added to that.
    """
    if isinstance(by, Staff):
        require(by, "complaint.take")
    elif channel != "page" or against:
        raise BadInput("channel: the borrower writes on the page, and names nobody by an id", field="channel")
    case = _case(db, by, loan)
    if channel not in CHANNELS:
        raise BadInput(f"channel: write one of {', '.join(CHANNELS)}", field="channel")
    if about not in (known := subjects(db, clock=clock)):
        raise BadInput(f"about: write one of {', '.join(known)}", field="about")
    accused = _named(db, against)
    if any(each.open for each in store.of_loan(db, case.loan.loan_id)):
        raise Refusal(
            f"a complaint about loan {loan} waits for its answer already; what is said now is added to it", code="complaint_open", loan=loan
        )
    public_id = new_id("cm")
    kept = _keep(db, clock, case, words, attached)
    says = {"complaint": public_id, "channel": channel, "about": about, "against": [each.public_id for each in accused]}
    seq, answer_by, in_duty = _open(db, case, clock, by, "complaint.taken", "complaint", says, kept)
    number = store.insert(
        db, loan_id=case.loan.loan_id, public_id=public_id, channel=channel, about=about, on=clock.today(), at=clock.now(),
        by=_staff_id(by), seq=seq, answer_by=answer_by, in_duty=in_duty, against=[each.staff_id for each in accused],
    )  # fmt: skip
    _step(db, clock, by, case, number, "take", seq, kept)
    _pause(db, clock, by, case)
    _tell(db, case, clock, "complaint_taken", {"no": public_id[-6:], "by": answer_by.isoformat()})
    return _the(db, case, public_id)


def add(
    db: Db, *, clock: Clock, by: Staff | Actor, loan: str, complaint: str, words: str, against: Sequence[str] = (),
    attached: Sequence[Attachment] = (),
) -> Complaint:  # fmt: skip
    """Add to a complaint that waits for its answer: more words, more files, or whom else it is against. Its clock runs on."""
    if isinstance(by, Staff):
        require(by, "complaint.take")
    elif against:
        raise BadInput("against: the borrower names nobody by an id", field="against")
    case = _case(db, by, loan)
    found = _the(db, case, complaint)
    after(found.state, ComplaintEvent.ADD)
    accused = _named(db, against)
    kept = _keep(db, clock, case, words, attached)
    says = {"complaint": complaint, "against": [each.public_id for each in accused]}
    record = enter(db, case, clock=clock, by=_actor(by), kind="complaint.added", says=says, seals=kept.seals, while_frozen=True)
    store.add_against(db, loan_id=case.loan.loan_id, complaint_no=found.complaint_no, against=[each.staff_id for each in accused])
    _step(db, clock, by, case, found.complaint_no, "add", record.seq, kept)
    return _the(db, case, complaint)


def handle(db: Db, *, clock: Clock, by: Staff, loan: str, complaint: str) -> Complaint:
    """Take the duty to answer it upon oneself. Refused to whoever may not answer it."""
    require(by, "complaint.answer")
    case = _case(db, by, loan)
    found = _the(db, case, complaint)
    may_answer(db, by, found)
    if not found.in_duty:
        raise Refusal(f"complaint {complaint} is on the register only: no duty of the loan runs for it", code="duty_not_open", loan=loan)
    own(db, case, kind=_DUTY[found.state], owner_id=by.staff_id)
    return found


def extend(db: Db, *, clock: Clock, by: Staff, loan: str, complaint: str, words: str) -> Complaint:
    """Take more time for the first answer, once, and tell the borrower until when and why. The days are the pack's, from today."""
    require(by, "complaint.answer")
    case = _case(db, by, loan)
    found = _the(db, case, complaint)
    state = after(found.state, ComplaintEvent.EXTEND)
    may_answer(db, by, found)
    if clock.today() > found.answer_by:
        raise Refusal(f"complaint {complaint} was to be answered by {found.answer_by}; it is late, and is answered now",
                      code="complaint_late", by=found.answer_by.isoformat())  # fmt: skip
    kept = _keep(db, clock, case, words, ())
    says = {"complaint": complaint, "was_by": found.answer_by.isoformat()}
    seq, answer_by, in_duty = _open(db, case, clock, by, "complaint.extended", "complaint_extended", says, kept, ends="complaint")
    store.move(db, loan_id=case.loan.loan_id, complaint_no=found.complaint_no, state=state, answer_by=answer_by, in_duty=in_duty)
    _step(db, clock, by, case, found.complaint_no, "extend", seq, kept)
    _tell(db, case, clock, "complaint_extended", {"no": complaint[-6:], "by": answer_by.isoformat()})
    return _the(db, case, complaint)


def answer(
    db: Db, *, clock: Clock, by: Staff, loan: str, complaint: str, outcome: str, words: str, attached: Sequence[Attachment] = ()
) -> Complaint:  # fmt: skip
    """Answer in writing; the borrower reads it on their page and is told so. Contact may go on from then.

    Never whoever is complained of, nor, at the second level, whoever answered first; under whichever log-in.
    """
    require(by, "complaint.answer")
    if outcome not in OUTCOMES:
        raise BadInput(f"outcome: write one of {', '.join(OUTCOMES)}", field="outcome")
    case = _case(db, by, loan)
    found = _the(db, case, complaint)
    state = after(found.state, ComplaintEvent.ANSWER)
    may_answer(db, by, found)
    kept = _keep(db, clock, case, words, attached)
    says = {"complaint": complaint, "outcome": outcome, "level": 2 if state is ComplaintState.FINAL else 1}
    closes = (_DUTY[found.state],)
    record = enter(
        db, case, clock=clock, by=by.actor, kind="complaint.answered", says=says, seals=kept.seals, closes=closes, while_frozen=True
    )
    store.answer(
        db, loan_id=case.loan.loan_id, complaint_no=found.complaint_no, state=state, outcome=outcome, on=clock.today(), by=by.staff_id
    )
    _step(db, clock, by, case, found.complaint_no, "answer", record.seq, kept)
    _lift(db, clock, by, case)
    _tell(db, case, clock, "complaint_answered", {"no": complaint[-6:]})
    return _the(db, case, complaint)


def escalate(
    db: Db, *, clock: Clock, by: Staff | Actor, loan: str, complaint: str, words: str, attached: Sequence[Attachment] = ()
) -> Complaint:  # fmt: skip
    """The borrower does not accept the first answer: another person answers once more, in the pack's second time.

    Refusal once the days in which they may are over, or while another complaint about the loan waits.
    """
    if isinstance(by, Staff):
        require(by, "complaint.take")
    case = _case(db, by, loan)
    found = _the(db, case, complaint)
    state = after(found.state, ComplaintEvent.ESCALATE)
    last = last_day_to_escalate(db, found, clock=clock)
    if clock.today() > last:
        raise Refusal(
            f"complaint {complaint} could be taken further until {last}", code="complaint_escalation_over", until=last.isoformat()
        )
    if any(each.open for each in store.of_loan(db, case.loan.loan_id)):
        raise Refusal(f"another complaint about loan {loan} waits for its answer", code="complaint_open", loan=loan)
    kept = _keep(db, clock, case, words, attached)
    seq, answer_by, in_duty = _open(db, case, clock, by, "complaint.escalated", "complaint_second", {"complaint": complaint}, kept)
    store.move(
        db, loan_id=case.loan.loan_id, complaint_no=found.complaint_no, state=state, answer_by=answer_by, in_duty=in_duty,
        escalated_on=clock.today(),
    )  # fmt: skip
    _step(db, clock, by, case, found.complaint_no, "escalate", seq, kept)
    _pause(db, clock, by, case)
    _tell(db, case, clock, "complaint_taken", {"no": complaint[-6:], "by": answer_by.isoformat()})
    return _the(db, case, complaint)


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


def complaints_of(db: Db, *, by: Staff | Actor, loan: str) -> list[Complaint]:
    """The complaints about a loan, newest first, within sight of whoever asks. Their words are read with `words_of`."""
    return store.of_loan(db, _case(db, by, loan, lock=False).loan.loan_id)


def register(db: Db, *, by: Staff, since: date, until: date, only_open: bool = False, limit: int = 200) -> list[Complaint]:
    """The register within sight: what was taken in between two days, what is owed first and by its last day; without the steps."""
    sight, values = by.scope.condition("l")
    return store.register(db, sight, values, since=since, until=until, only_open=only_open, limit=min(limit, MOST_LISTED))


def figures(db: Db, *, clock: Clock, by: Staff, since: date, until: date) -> ComplaintFigures:
    """The register's figures of the complaints taken in between two days, within sight."""
    sight, values = by.scope.condition("l")
    lines = store.figures(db, sight, values, since=since, until=until, today=clock.today())
    taken, still, late, further, upheld = (sum(int(line[column]) for line in lines) for column in range(1, 6))
    return ComplaintFigures(since, until, taken, still, late, further, upheld, tuple((line[0], line[1]) for line in lines))


def words_of(db: Db, *, by: Staff | Actor, loan: str, complaint: str) -> Mapping[str, str]:
    """What was said and answered, by the public id of the file that holds it; nothing for a borrower whose data are erased."""
    case = _case(db, by, loan, lock=False)
    party = party_by_id(db, case.loan.party_id) if case.loan.party_id is not None else None
    if party is not None and party.erased:
        return {}
    box = box_of(db, party) if party is not None else None
    return {each.words: files.read(files.get(db, each.words), box=box).decode() for each in _the(db, case, complaint).steps}


def subjects(db: Db, *, clock: Clock) -> tuple[str, ...]:
    """What a complaint may be about: the pack's list."""
    return pack_in_force(db, clock).names("complaint.about", on=clock.today(), lender_type=lender(db).lender_type)


def last_day_to_escalate(db: Db, found: Complaint, *, clock: Clock) -> date:
    """Until when the borrower may say that they do not accept the answer."""
    known = lender(db)
    days = pack_in_force(db, clock).number("complaint.escalate_within", on=clock.today(), lender_type=known.lender_type)
    return (found.answered_on or found.taken_on) + timedelta(days=days)


def may_answer(db: Db, by: Staff, found: Complaint) -> None:
    """Forbidden to whoever is complained of and, at the second level, to whoever answered first; whatever the log-in."""
    for staff_id in found.against:
        if by.is_same_person(staff_by_id(db, staff_id)):
            raise Forbidden("nobody handles a complaint about themselves, under whichever log-in", code="complaint_about_you")
    if found.state is ComplaintState.ESCALATED and found.answered_by is not None and by.is_same_person(staff_by_id(db, found.answered_by)):
        raise Forbidden("the second answer is another person's than the first, under whichever log-in", code="complaint_answered_by_you")


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Kept:
    """The words and the files of one step, on disk and sealed."""

    words: files.File
    attached: tuple[files.File, ...]

    @property
    def seals(self) -> dict[str, str]:
        """Their digests, for the record."""
        return {"words": self.words.digest, **{f"file_{number}": file.digest for number, file in enumerate(self.attached, 1)}}


def _open(
    db: Db, case: Case, clock: Clock, by: Staff | Actor, kind: str, duty: str, says: Mapping[str, Any], kept: _Kept, *, ends: str = ""
) -> tuple[int, date, bool]:  # fmt: skip
    """Write the record that an answer is owed from, with its duty where the loan can have one: its number, its last day, and whether."""
    workdays = case.number(DUTIES[duty].within, case.loan.opened_on)
    answer_by = add_workdays(clock.today(), workdays, case.lender.region).on
    in_duty = case.loan.state in _WITH_DUTY
    opens, closes = ((duty,), (ends,) if ends else ()) if in_duty else ((), ())
    record = enter(
        db, case, clock=clock, by=_actor(by), kind=kind if in_duty else f"{kind}_apart", says={**says, "answer_by": answer_by.isoformat()},
        seals=kept.seals, opens=opens, closes=closes, while_frozen=True,
    )  # fmt: skip
    return record.seq, answer_by, in_duty


def _keep(db: Db, clock: Clock, case: Case, words: str, attached: Iterable[Attachment]) -> _Kept:
    text, given = plain_words(words, most=MOST_WORDS), tuple(attached)
    if len(given) > MOST_FILES:
        raise BadInput(f"attached: at most {MOST_FILES} files", field="attached")
    party = party_by_id(db, case.loan.party_id) if case.loan.party_id is not None else None
    box, party_id = (box_of(db, party), party.party_id) if party is not None else (None, None)
    kept = [
        files.put(db, data, clock=clock, name=name, box=box, party_id=party_id)
        for data, name in [(text.encode(), "words.txt"), *((files.without_traces(each.data), each.name) for each in given)]
    ]
    for file in kept:
        files.link(db, loan_id=case.loan.loan_id, file=file, purpose=COMPLAINT)
    return _Kept(kept[0], tuple(kept[1:]))


def _step(db: Db, clock: Clock, by: Staff | Actor, case: Case, number: int, what: str, seq: int, kept: _Kept) -> None:
    store.insert_step(
        db, loan_id=case.loan.loan_id, complaint_no=number, what=what, at=clock.now(), by=_staff_id(by), seq=seq,
        words_id=kept.words.file_id, attached=[each.file_id for each in kept.attached],
    )  # fmt: skip


def _case(db: Db, by: Staff | Actor, loan: str, *, lock: bool = True) -> Case:
    return take(db, loan, by.scope, lock=lock) if isinstance(by, Staff) else take_own(db, loan, by, lock=lock)


def _the(db: Db, case: Case, complaint: str) -> Complaint:
    found = next((each for each in store.of_loan(db, case.loan.loan_id) if each.public_id == complaint), None)
    if found is None:
        raise NotFound(f"loan {case.loan.public_id} has no complaint {complaint}", code="no_complaint", field="complaint")
    return found


def _named(db: Db, against: Sequence[str]) -> list[Staff]:
    try:
        return [staff(db, each) for each in dict.fromkeys(against)]
    except NotFound as error:
        raise BadInput(f"against: {error.sentence}", field="against") from None


def _actor(by: Staff | Actor) -> Actor:
    return by.actor if isinstance(by, Staff) else by


def _staff_id(by: Staff | Actor) -> int | None:
    return by.staff_id if isinstance(by, Staff) else None


def _pause(db: Db, clock: Clock, by: Staff | Actor, case: Case) -> None:
    """Collection rests while an answer is owed, for the purposes that the pack names."""
    if case.loan.party_id is None:
        return
    purposes = pack_in_force(db, clock).names("complaint.pauses", on=clock.today(), lender_type=case.lender.lender_type)
    if purposes:
        rests.pause(db, clock=clock, by=_actor(by), party_id=case.loan.party_id, reason=_STOP, purposes=frozenset(purposes))


def _lift(db: Db, clock: Clock, by: Staff, case: Case) -> None:
    """Contact may go on once no complaint of this person waits for its answer."""
    if case.loan.party_id is not None and not store.open_of_party(db, case.loan.party_id):
        rests.lift(db, clock=clock, by=by.actor, party_id=case.loan.party_id, reason=_STOP)


def _tell(db: Db, case: Case, clock: Clock, template: str, params: Mapping[str, Any]) -> None:
    """Promise the borrower a message, by the next morning at the latest."""
    loan, now = case.loan, clock.now()
    contact.promise(
        db,
        Promise(
            loan_id=loan.loan_id, duty_no=None, party_id=loan.party_id, purpose="service", channel="sms", template=template,
            params={"contract": loan.contract_no[-4:], **params}, on_date=clock.today(), send_from=now, send_until=now + _TELLS_WITHIN,
        ),
    )  # fmt: skip
