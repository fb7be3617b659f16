"""What borrowers write: the questions that wait, the thread of a loan, its answer, and messages that are nobody's yet."""

from __future__ import annotations

from typing import Any

from ninja import Router

from holdfast.contact import inbound
from holdfast.contact.inbound_store import Ticket
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.values import Day, In, Instant, Name, Out, Words

router = Router()


class TicketWordOut(Out):
    """One thing asked or answered. `seq` is its record; `by` is empty where the borrower wrote; `words` null once their data are erased."""

    what: str
    channel: str
    at: Instant
    by: str
    seq: int
    words: str | None


class TicketOut(Out):
    """A question that a person answers; `answer_by` is its last day, `in_duty` whether a duty of the loan runs for it."""

    id: str
    loan: str
    contract_no: str
    borrower: str
    opened_at: Instant
    answer_by: Day
    in_duty: bool
    open: bool
    words: list[TicketWordOut]


class TicketList(Out):
    items: list[TicketOut]


class StrayMessageOut(Out):
    """A message that stands on no loan: `known_to` borrowers have its number; `loans` are those of them within sight."""

    id: str
    heard_at: Instant
    question: str
    known_to: int
    answer_by: Day | None
    words: str
    loans: list[str]


class StrayMessageList(Out):
    items: list[StrayMessageOut]


class TicketAnswerIn(In):
    """The answer, as the borrower reads it."""

    words: Words


class StrayLinkIn(In):
    """The loan that a message is about, and how that was checked."""

    loan: Name
    why: Words


class StrayAsideIn(In):
    """Why a message is about no loan of ours."""

    why: Words


class StrayDoneOut(Out):
    """The message that was set aside."""

    id: str


@operation(router, "GET", "/inbound/tickets", "inbound.tickets", answer=TicketList)
def tickets(call: Call) -> Any:
    """The questions within sight that wait for an answer, the earliest last day first, without the words."""
    return {"items": [_told(each, {}) for each in inbound.open_tickets(call.db, by=call.staff)]}


@operation(router, "GET", "/loans/{loan}/tickets", "inbound.thread", answer=TicketList)
def thread(call: Call, loan: str) -> Any:
    """What was asked and answered about a loan, newest first."""
    said = inbound.words_of(call.db, by=call.staff, loan=loan)
    return {"items": [_told(each, said) for each in inbound.tickets_of(call.db, by=call.staff, loan=loan)]}


@operation(router, "POST", "/loans/{loan}/tickets/answer", "inbound.answer", answer=TicketOut)
def answer(call: Call, loan: str, body: TicketAnswerIn) -> Any:
    """Answer the open question of a loan; the borrower is told where to read it."""
    found = inbound.answer(call.db, clock=call.clock, by=call.staff, loan=loan, words=body.words)
    return _told(found, inbound.words_of(call.db, by=call.staff, loan=loan))


@operation(router, "GET", "/inbound/strays", "inbound.strays", answer=StrayMessageList)
def strays(call: Call) -> Any:
    """The messages of which nobody can tell whose they are."""
    return {
        "items": [
            {
                "id": each.public_id, "heard_at": each.heard_at, "question": each.question, "known_to": each.known_to,
                "answer_by": each.answer_by, "words": inbound.words_of_queued(each),
                "loans": [loan for loan, _, _ in inbound.candidates(call.db, by=call.staff, found=each)],
            }
            for each in inbound.queue(call.db, by=call.staff)
        ]
    }  # fmt: skip


@operation(router, "POST", "/inbound/strays/{message}/link", "inbound.link", answer=TicketOut)
def link(call: Call, message: str, body: StrayLinkIn) -> Any:
    """Say, having checked, which loan a message is about: it is a question there from now on."""
    found = inbound.link(call.db, clock=call.clock, by=call.staff, inbound=message, loan=body.loan, why=body.why)
    return _told(found, inbound.words_of(call.db, by=call.staff, loan=found.loan))


@operation(router, "POST", "/inbound/strays/{message}/aside", "inbound.set_aside", answer=StrayDoneOut)
def set_aside(call: Call, message: str, body: StrayAsideIn) -> Any:
    """Say that a message is about no loan of ours, and why."""
    inbound.set_aside(call.db, clock=call.clock, by=call.staff, inbound=message, why=body.why)
    return {"id": message}


def _told(found: Ticket, said: Any) -> dict[str, Any]:
    names = ("loan", "contract_no", "borrower", "opened_at", "answer_by", "in_duty", "open")
    return {
        **{name: getattr(found, name) for name in names}, "id": found.public_id,
        "words": [
            {"what": one.what, "channel": one.channel, "at": one.at, "by": one.by, "seq": one.seq, "words": said.get(one.seq)}
            for one in found.said
        ],
    }  # fmt: skip
