"""What borrowers write to us: answered at once by word, or a ticket that only a person's recorded answer closes.

Nothing inbound proves identity, for numbers can be forged and phones are lent: a message is never answered with a figure or a
link, only with where the answer is read after a log-in. What cannot be told to stand on one loan goes to a queue of its own,
attached to nobody until a person has looked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg

from holdfast.contact import inbound_store as rows
from holdfast.contact import receipt_store, rests, store
from holdfast.contact.inbound_store import Queued, Ticket
from holdfast.contact.keywords import Question, asks
from holdfast.contact.model import Promise
from holdfast.contact.rules import STOPPED_PURPOSES, Stop
from holdfast.contact.service import promise
from holdfast.duties import Case, enter, take, take_by_id, take_own
from holdfast.journal import SYSTEM, Actor, write_record
from holdfast.kernel.clock import Clock, iso_instant
from holdfast.kernel.errors import BadInput, HoldfastError, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.sealing import NONCE_BYTES, Box, Sealed, master_box
from holdfast.life import DUTIES, LoanState
from holdfast.parties import Party, Staff, box_of, party_by_id, require, with_phone
from holdfast.policy import add_workdays, lender, pack_in_force

Db = psycopg.Connection[Any]
# Whether a question about a loan has an answer that whoever logs in reads at once; False: a person answers it.
Answers = Callable[[Db, Clock, str, Question], bool]

# Loans whose borrower may be writing about them, and that can have a duty.
_WITH_DUTY: Final = frozenset({LoanState.ACTIVE, LoanState.WRITTEN_OFF, LoanState.RELEASING})
_DUTY: Final = "inbound"
_ASKED: Final = frozenset({Question.BALANCE, Question.PLAN, Question.PAYOFF, Question.RELEASE})
_GOES_WITHIN: Final = timedelta(hours=24)
_AT_ONCE: Final = 1_000
MOST_LISTED: Final = 500
MOST_WORDS: Final = 2_000
SHORTEST_WORDS: Final = 2


def take_inbound(db: Db, *, clock: Clock, answers: Answers, limit: int = _AT_ONCE) -> int:
    """Look at what was heard, each delivery once: answer it, open a ticket, or queue it for a person; how many were looked at.

    Whoever asks to be left alone is, from this moment, for every party that has the number: to stop needs no proof.
    """
    waiting = receipt_store.inbound(db, clock.now(), limit)
    for heard_id, channel, lookup, heard_at, sealed in waiting:
        said = receipt_store.said(channel, sealed)
        text = said["text"] if said["complete"] else f"{said['text'] or ''} […]"
        one = _One(db, clock, answers, heard_id, channel, lookup, heard_at, text or "", with_phone(db, lookup))
        try:
            with db.transaction():
                came_to = one.settle()
        except HoldfastError:
            # What a rule refuses of one message is a person's to read, and holds up none of the others.
            came_to = one.leave_to_a_person()
        receipt_store.inbound_came_to(db, heard_id, "stopped" if came_to == "stopped" else "kept")
    return len(waiting)


def ask(db: Db, *, clock: Clock, by: Actor, loan: str, words: str) -> Ticket:
    """The borrower, logged in, asks about their own loan: a ticket with a last day, or more words for the one that is open."""
    case = take_own(db, loan, by)
    return _ticket(db, case, clock, by, "page", _text(words))


def leave_alone(db: Db, *, clock: Clock, by: Actor, loan: str) -> None:
    """The borrower, logged in, asks not to be written to; what they must know about their loan still comes."""
    case = take_own(db, loan, by, lock=False)
    assert case.loan.party_id is not None
    rests.pause(db, clock=clock, by=by, party_id=case.loan.party_id, reason="opt_out", purposes=STOPPED_PURPOSES)


def answer(db: Db, *, clock: Clock, by: Staff, loan: str, words: str) -> Ticket:
    """Answer the open ticket of a loan. The borrower reads it after a log-in, and is told by message that it is there.

    Refusal if no ticket is open.
    """
    require(by, "inbound.answer")
    case, text = take(db, loan, by.scope), _text(words)
    found = next((each for each in rows.of_loan(db, case.loan.loan_id) if each.open), None)
    if found is None:
        raise Refusal(f"no question about loan {loan} waits for an answer", code="no_ticket", loan=loan)
    says = {"ticket": found.public_id}
    _say(db, case, clock, by, found.ticket_no, "inbound.answered", "page", text, says, closes=(_DUTY,))
    rows.answered(db, case.loan.loan_id, found.ticket_no, clock.now())
    if case.loan.party_id is not None:
        _send(db, clock, case.loan.loan_id, case.loan.party_id, "inbound_answered", {})
    return _the(db, case, found.public_id)


def link(db: Db, *, clock: Clock, by: Staff, inbound: str, loan: str, why: str) -> Ticket:
    """Say, having checked, that a queued message is about this loan: it becomes a ticket there. Nothing is sent by itself.

    Refusal if a colleague has dealt with it already.
    """
    require(by, "inbound.link")
    reason, found = _text(why), _waiting(db, inbound)
    case = take(db, loan, by.scope)
    ticket = _ticket(db, case, clock, by.actor, found.channel, words_of_queued(found), {"inbound": inbound, "why": reason}, told=False)
    rows.close(db, inbound, "linked", at=clock.now(), by=by.staff_id, why=reason, loan_id=case.loan.loan_id)
    return ticket


def set_aside(db: Db, *, clock: Clock, by: Staff, inbound: str, why: str) -> None:
    """Say of a queued message that it is about no loan of ours, and why; it stays on record, on the chain of whoever said so."""
    require(by, "inbound.link")
    reason, found = _text(why), _waiting(db, inbound)
    rows.close(db, inbound, "set_aside", at=clock.now(), by=by.staff_id, why=reason, loan_id=None)
    says = {"inbound": found.public_id, "why": reason}
    write_record(db, clock=clock, by=by.actor, chain_id=by.staff_id, chain=by.public_id, kind="inbound.set_aside", says=says)


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


def tickets_of(db: Db, *, by: Staff | Actor, loan: str) -> list[Ticket]:
    """The questions about a loan, newest first, within sight of whoever asks."""
    return rows.of_loan(db, _case(db, by, loan).loan.loan_id)


def words_of(db: Db, *, by: Staff | Actor, loan: str) -> Mapping[int, str]:
    """What was asked and answered about a loan, by its record's number; nothing for a borrower whose data are erased."""
    case = _case(db, by, loan)
    box = _box(db, case)
    if box is None:
        return {}
    return {each.seq: _opened(box, case, each.sealed) for ticket in rows.of_loan(db, case.loan.loan_id) for each in ticket.said}


def open_tickets(db: Db, *, by: Staff, limit: int = MOST_LISTED) -> list[Ticket]:
    """The questions within sight that wait for a person, the earliest last day first."""
    sight, values = by.scope.condition("l")
    return rows.open_tickets(db, sight, values, min(limit, MOST_LISTED))


def queue(db: Db, *, by: Staff, limit: int = MOST_LISTED) -> list[Queued]:
    """The messages of which nobody can tell whose they are. They belong to no branch, so whoever may link them sees all."""
    require(by, "inbound.link")
    return rows.queue(db, min(limit, MOST_LISTED))


def words_of_queued(found: Queued) -> str:
    """What a queued message says."""
    return str(receipt_store.said(found.channel, found.sealed)["text"] or "—")


def candidates(db: Db, *, by: Staff, found: Queued) -> list[tuple[str, str, str]]:
    """Public id, contract number and masked borrower of the loans within sight whose borrower has that number."""
    require(by, "inbound.link")
    sight, values = by.scope.condition("l")
    return rows.candidates(db, found.lookup, sight, values)


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


class _One:
    """One message, and what it comes to."""

    def __init__(
        self, db: Db, clock: Clock, answers: Answers, heard_id: int, channel: str, lookup: bytes, heard_at: datetime, text: str,
        parties: Sequence[Party],
    ) -> None:  # fmt: skip
        self.db, self.clock, self.answers = db, clock, answers
        self.heard_id, self.channel, self.lookup, self.heard_at = heard_id, channel, lookup, heard_at
        self.text, self.parties, self.question = text, parties, asks(text)
        self.public_id = new_id("in")

    def settle(self) -> str:
        """Do what it asks for and write what it came to."""
        loans = self._loans()
        if self.question is Question.STOP and self.parties:
            self._stop()
            return self._write("stopped", loans, template="inbound_stopped")
        if len(self.parties) != 1:
            return self._write("queued", loans)
        if self.question is Question.HELP:
            return self._write("answered", loans, template="inbound_help")
        if self.question in _ASKED and any(self.answers(self.db, self.clock, loan, self.question) for _, loan in loans):
            return self._write("answered", loans, template="inbound_waits")
        if len(loans) != 1:
            return self._write("queued", loans)
        case = take_by_id(self.db, loans[0][0])
        first = case.open(_DUTY) is None
        ticket = _ticket(self.db, case, self.clock, SYSTEM, self.channel, self.text or "—", {"inbound": self.public_id}, told=False)
        # Told once a ticket: two machines that answer each other come to rest here.
        params = {"by": ticket.answer_by.isoformat()}
        return self._write("ticket", loans, template="inbound_ticket" if first else None, params=params)

    def leave_to_a_person(self) -> str:
        """Queue it as it is."""
        return self._write("queued", self._loans())

    def _loans(self) -> Sequence[tuple[int, str]]:
        return rows.loans_of(self.db, [each.party_id for each in self.parties], [str(state) for state in _WITH_DUTY])

    def _stop(self) -> None:
        for party in self.parties:
            held = [each for each in store.stops_of(self.db, [party.party_id]).get(party.party_id, []) if each.reason == "opt_out"]
            if any(each.until is None for each in held):
                continue
            store.write_stop(self.db, party.party_id, Stop("opt_out", STOPPED_PURPOSES, self.clock.today(), None))
            says = {"reason": "opt_out", "purposes": sorted(STOPPED_PURPOSES), "until": None, "asked_at": iso_instant(self.heard_at)}
            write_record(
                self.db, clock=self.clock, by=SYSTEM, chain_id=party.party_id, chain=party.public_id, kind="contact.stopped", says=says
            )  # fmt: skip

    def _write(
        self, came_to: str, loans: Sequence[tuple[int, str]], *, template: str | None = None, params: Mapping[str, Any] | None = None
    ) -> str:
        """Write what it came to; what goes back by itself goes at most so often a day to one number, and to one party alone."""
        today, known = self.clock.today(), lender(self.db)
        pack = pack_in_force(self.db, self.clock)
        most = pack.number("inbound.answers_per_day", on=today, lender_type=known.lender_type)
        goes = template is not None and len(self.parties) == 1 and rows.answered_today(self.db, self.lookup, today) < most
        if goes and template is not None:
            party_id = self.parties[0].party_id
            _send(self.db, self.clock, loans[0][0] if len(loans) == 1 else party_id, party_id, template, self._params(template, params))
        came_to = "silent" if came_to == "answered" and not goes else came_to
        workdays = pack.number(DUTIES[_DUTY].within, on=today, lender_type=known.lender_type)
        rows.insert(
            self.db, public_id=self.public_id, heard_id=self.heard_id, channel=self.channel, lookup=self.lookup, heard_at=self.heard_at,
            on=today, question=str(self.question), known_to=len(self.parties), came_to=came_to, answered=goes,
            answer_by=add_workdays(today, workdays, known.region).on if came_to == "queued" else None,
            loan_id=loans[0][0] if len(loans) == 1 and came_to != "queued" else None,
        )  # fmt: skip
        return came_to

    def _params(self, template: str, params: Mapping[str, Any] | None) -> Mapping[str, Any]:
        return {"asked": str(self.question)} if template == "inbound_waits" else params or {}


def _ticket(
    db: Db, case: Case, clock: Clock, by: Actor, channel: str, text: str, more: Mapping[str, Any] | None = None, *, told: bool = True
) -> Ticket:  # fmt: skip
    """Add words to the loan's open ticket, or open one with its duty where the loan can have one."""
    loan_id = case.loan.loan_id
    found = next((each for each in rows.of_loan(db, loan_id) if each.open), None)
    if found is not None:
        _say(db, case, clock, by, found.ticket_no, "inbound.added", channel, text, {"ticket": found.public_id, **(more or {})})
        return _the(db, case, found.public_id)
    public_id, in_duty = new_id("tk"), case.loan.state in _WITH_DUTY
    workdays = case.number(DUTIES[_DUTY].within, case.loan.opened_on)
    answer_by = add_workdays(clock.today(), workdays, case.lender.region).on
    number = rows.new_ticket(db, loan=loan_id, public_id=public_id, at=clock.now(), answer_by=answer_by, in_duty=in_duty)
    says = {"ticket": public_id, "channel": channel, "answer_by": answer_by.isoformat(), **(more or {})}
    kind = "inbound.asked" if in_duty else "inbound.asked_apart"
    _say(db, case, clock, by, number, kind, channel, text, says, opens=(_DUTY,) if in_duty else ())
    if told and case.loan.party_id is not None:
        _send(db, clock, loan_id, case.loan.party_id, "inbound_ticket", {"by": answer_by.isoformat()})
    return _the(db, case, public_id)


def _say(
    db: Db, case: Case, clock: Clock, by: Staff | Actor, ticket_no: int, kind: str, channel: str, text: str, says: Mapping[str, Any], *,
    opens: tuple[str, ...] = (), closes: tuple[str, ...] = (),
) -> None:  # fmt: skip
    """Write the record, which holds a keyed digest of the words, and the words, sealed under the borrower's own key."""
    box = _box(db, case)
    if box is None:
        raise Refusal(f"the data of the borrower of loan {case.loan.public_id} has been erased", code="party_erased")
    actor = by.actor if isinstance(by, Staff) else by
    seals = {"words": box.keyed_hash(text).hex()}
    record = enter(db, case, clock=clock, by=actor, kind=kind, says=says, seals=seals, opens=opens, closes=closes, while_frozen=True)
    kept = box.seal(text.encode(), _about(case))
    rows.say(
        db, loan=case.loan.loan_id, no=ticket_no, what="answer" if kind == "inbound.answered" else "ask", channel=channel, at=clock.now(),
        by=by.staff_id if isinstance(by, Staff) else None, seq=record.seq, sealed=kept.nonce + kept.sealed,
    )  # fmt: skip


def _send(db: Db, clock: Clock, chain_id: int, party_id: int, template: str, params: Mapping[str, Any]) -> None:
    """Promise a message that answers the borrower's own; it goes to the number we know, whatever number was written from."""
    now = clock.now()
    promise(
        db,
        Promise(
            loan_id=chain_id, duty_no=None, party_id=party_id, purpose="answer", channel="sms", template=template, params=params,
            on_date=clock.today(), send_from=now, send_until=now + _GOES_WITHIN,
        ),
    )  # fmt: skip


def _waiting(db: Db, inbound: str) -> Queued:
    found = rows.queued(db, inbound) if inbound.isprintable() else None
    if found is None:
        raise NotFound(f"there is no message {inbound}", code="no_inbound", field="inbound")
    if found.came_to != "queued":
        raise Refusal(f"a colleague has dealt with message {inbound} already", code="inbound_closed")
    return found


def _the(db: Db, case: Case, public_id: str) -> Ticket:
    return next(each for each in rows.of_loan(db, case.loan.loan_id) if each.public_id == public_id)


def _case(db: Db, by: Staff | Actor, loan: str) -> Case:
    return take(db, loan, by.scope, lock=False) if isinstance(by, Staff) else take_own(db, loan, by, lock=False)


def _box(db: Db, case: Case) -> Box | None:
    """The borrower's own key; the house's where nobody knows who the borrower is; None once it is destroyed."""
    if case.loan.party_id is None:
        return master_box("inbound")
    party = party_by_id(db, case.loan.party_id)
    return None if party.erased else box_of(db, party)


def _opened(box: Box, case: Case, sealed: bytes) -> str:
    return box.open(Sealed(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]), _about(case)).decode()


def _about(case: Case) -> str:
    return f"question of {case.loan.public_id}"


def _text(words: str) -> str:
    text = words.strip()
    if not SHORTEST_WORDS <= len(text) <= MOST_WORDS or any(ord(sign) < 32 and sign not in "\n\r\t" for sign in text):
        raise BadInput(f"words: write {SHORTEST_WORDS} to {MOST_WORDS} characters", field="words")
    return text
