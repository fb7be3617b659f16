"""Complaints: the register, taking one in, more time, the answer, and a second answer by another person."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from ninja import Router

from holdfast.followup import complaints
from holdfast.followup.complaints_model import Complaint
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.values import Day, In, Instant, Name, Out, Words

router = Router()


class ComplaintStepOut(Out):
    """One thing said or done about a complaint. `seq` is its record on the loan's chain; `by` is empty where the borrower did it."""

    what: str
    at: Instant
    by: str
    seq: int
    words: str | None
    files: list[str]


class ComplaintOut(Out):
    """A complaint. `answer_by` is the last day for the answer that is owed; `in_duty` whether a duty of the loan runs for it."""

    id: str
    loan: str
    contract_no: str
    borrower: str
    state: str
    channel: str
    about: str
    taken_on: Day
    answer_by: Day
    in_duty: bool
    late: bool
    outcome: str | None
    answered_on: Day | None
    escalated_on: Day | None
    steps: list[ComplaintStepOut]


class ComplaintList(Out):
    items: list[ComplaintOut]


class ComplaintAboutOut(Out):
    """How many complaints were about one thing."""

    about: str
    taken: int


class ComplaintFiguresOut(Out):
    """The register's figures of the complaints that were taken in on these days."""

    since: Day
    until: Day
    taken: int
    open: int
    late: int
    escalated: int
    upheld: int
    by_about: list[ComplaintAboutOut]


class ComplaintIn(In):
    """A complaint as it was heard. `against` are public ids of staff: none of them handles it, under any log-in."""

    channel: Literal["phone", "counter", "letter", "sms", "page", "regulator"]
    about: Name
    words: Words
    against: list[Name] = []


class ComplaintWordsIn(In):
    """Words: what is added, why more time is taken, or why the answer is not accepted."""

    words: Words


class ComplaintAnswerIn(In):
    """What was found, and the answer as the borrower reads it."""

    outcome: Literal["upheld", "partly", "not_upheld"]
    words: Words


@operation(router, "GET", "/complaints", "complaints.register", answer=ComplaintList)
def register(call: Call, since: Day, until: Day, only_open: bool = False) -> Any:
    """The register within sight of what was taken in on these days, without the words; what is owed first, by its last day."""
    found = complaints.register(call.db, by=call.staff, since=since, until=until, only_open=only_open, limit=complaints.MOST_LISTED)
    return {"items": [_told(call, each, {}) for each in found]}


@operation(router, "GET", "/complaints/figures", "complaints.figures", answer=ComplaintFiguresOut)
def figures(call: Call, since: Day, until: Day) -> Any:
    """How many came, are open, are or were late, went further and were right, and what they were about."""
    told = complaints.figures(call.db, clock=call.clock, by=call.staff, since=since, until=until)
    names = ("since", "until", "taken", "open", "late", "escalated", "upheld")
    return {**{name: getattr(told, name) for name in names}, "by_about": [{"about": name, "taken": n} for name, n in told.by_about]}


@operation(router, "GET", "/loans/{loan}/complaints", "complaints.list", answer=ComplaintList)
def of_loan(call: Call, loan: str) -> Any:
    """The complaints about a loan, newest first, with all that was said."""
    return {"items": [_read(call, each) for each in complaints.complaints_of(call.db, by=call.staff, loan=loan)]}


@operation(router, "POST", "/loans/{loan}/complaints", "complaints.take_in", answer=ComplaintOut, status=201)
def take_in(call: Call, loan: str, body: ComplaintIn) -> Any:
    """Take a complaint in. The borrower is told its number and the last day for the answer, and collection rests."""
    given: dict[str, Any] = {"channel": body.channel, "about": body.about, "words": body.words, "against": body.against}
    return _read(call, complaints.take_in(call.db, clock=call.clock, by=call.staff, loan=loan, **given))


@operation(router, "POST", "/loans/{loan}/complaints/{complaint}/words", "complaints.add", answer=ComplaintOut)
def add(call: Call, loan: str, complaint: str, body: ComplaintWordsIn) -> Any:
    """Add to a complaint that waits for its answer; its clock runs on."""
    return _read(call, complaints.add(call.db, **_about(call, loan, complaint), words=body.words))


@operation(router, "POST", "/loans/{loan}/complaints/{complaint}/handler", "complaints.handle", answer=ComplaintOut)
def handle(call: Call, loan: str, complaint: str) -> Any:
    """Take the duty to answer upon oneself."""
    return _read(call, complaints.handle(call.db, **_about(call, loan, complaint)))


@operation(router, "POST", "/loans/{loan}/complaints/{complaint}/extension", "complaints.extend", answer=ComplaintOut)
def extend(call: Call, loan: str, complaint: str, body: ComplaintWordsIn) -> Any:
    """Take more time, once; the borrower is told until when, and reads why."""
    return _read(call, complaints.extend(call.db, **_about(call, loan, complaint), words=body.words))


@operation(router, "POST", "/loans/{loan}/complaints/{complaint}/answer", "complaints.answer", answer=ComplaintOut)
def answer(call: Call, loan: str, complaint: str, body: ComplaintAnswerIn) -> Any:
    """Answer in writing. Never whoever is complained of, nor for the second time whoever answered first, under whichever log-in."""
    given = {**_about(call, loan, complaint), "outcome": body.outcome, "words": body.words}
    return _read(call, complaints.answer(call.db, **given))


@operation(router, "POST", "/loans/{loan}/complaints/{complaint}/escalation", "complaints.escalate", answer=ComplaintOut)
def escalate(call: Call, loan: str, complaint: str, body: ComplaintWordsIn) -> Any:
    """The borrower does not accept the answer: another person answers."""
    return _read(call, complaints.escalate(call.db, **_about(call, loan, complaint), words=body.words))


def _about(call: Call, loan: str, complaint: str) -> dict[str, Any]:
    return {"clock": call.clock, "by": call.staff, "loan": loan, "complaint": complaint}


def _read(call: Call, found: Complaint) -> dict[str, Any]:
    return _told(call, found, complaints.words_of(call.db, by=call.staff, loan=found.loan, complaint=found.public_id))


def _told(call: Call, found: Complaint, said: Any) -> dict[str, Any]:
    names = (
        "loan", "contract_no", "borrower", "channel", "about", "taken_on", "answer_by", "in_duty", "outcome", "answered_on", "escalated_on",
    )  # fmt: skip
    today: date = call.clock.today()
    return {
        **{name: getattr(found, name) for name in names},
        "id": found.public_id,
        "state": str(found.state),
        "late": found.late(today),
        "steps": [
            {"what": each.what, "at": each.at, "by": each.by, "seq": each.seq, "words": said.get(each.words), "files": list(each.attached)}
            for each in found.steps
        ],
    }
