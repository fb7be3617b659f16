"""Promising messages and sending them: written before anything is sent, asked again when it is.

A rule may say not now: then the message waits for the earliest moment that the rule allows, and is
refused for good only if that lies beyond the time it was promised for. An outside that does not
answer loses nothing: the message is sent again under the same key until its time is over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from holdfast.contact import store
from holdfast.contact.model import Bubble, Dispatched, Due, Message, Promise, SealedLetter
from holdfast.contact.ports import Channels, Letter, SmsChannel
from holdfast.contact.rules import CHANNELS, PURPOSES, REFUSED, Allowed, Made, Refused, Stop, may_contact
from holdfast.contact.store import Db
from holdfast.contact.templates import text_of
from holdfast.journal import write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal, Unavailable
from holdfast.parties import Party, Scope, Staff, numbers_for_sending, require
from holdfast.policy import Lender, Pack, lender, pack_in_force

RETRY_AFTER: Final = timedelta(minutes=5)
STOP_REASONS: Final = ("opt_out", "complaint", "dispute", "hardship")
# What a pause binds unless it says otherwise: never codes, never the service messages that a person needs.
STOPPED_PURPOSES: Final = frozenset({"reminder", "collection", "marketing"})
# Not refused by a rule of contact: there was nothing left to send, or no time left to send it.
DROPPED_BY: Final = frozenset({"duty.closed", "tonight.hold", "contact.window"})
SHORTEST_REASON: Final = 4
MOST_MESSAGES: Final = 500
_A_CODE: Final = re.compile(r"(?<!\d)\d{6}(?!\d)")


def promise(db: Db, promised: Promise) -> int:
    """Promise one message; its number within the loan."""
    return promise_batch(db, [promised])[0]


def promise_batch(db: Db, promises: Sequence[Promise]) -> list[int]:
    """Promise messages, text and all, in the caller's transaction; their numbers within their loans, in order."""
    if not promises:
        return []
    known = lender(db)
    for each in promises:
        if each.purpose not in PURPOSES or each.channel not in CHANNELS:
            raise BadInput(f"purpose, channel: there is no {each.purpose} by {each.channel}", field="channel")
    tongue = store.languages(db, (each.party_id for each in promises if each.party_id is not None))
    home = "zh-hans" if known.region is None or known.region.startswith("CN") else "en"
    bodies, letters = [], []
    for each in promises:
        language = each.language or (tongue.get(each.party_id, home) if each.party_id else home)
        body = text_of(each.template, each.params, language=language, signature=known.name)
        whole = text_of(each.template, {**each.params, **each.secret}, language=language, signature=known.name) if each.secret else None
        bodies.append(body)
        letters.append(SealedLetter(each.number, whole) if each.number or whole else None)
    return store.write_promises(db, promises, bodies, letters)


def dispatch(db: Db, channels: Channels, *, clock: Clock, limit: int) -> list[Dispatched]:
    """Send what may be sent by now, at most `limit` at once, and say what became of each.

    Empty means that nothing is due any more. What a rule puts off, or an outside did not answer to, stays in
    the outbox and is not reported. The caller closes the duties in the same transaction.
    """
    store.one_dispatcher(db)
    while due := store.claim_due(db, clock.now(), limit):
        done = _Dispatch(db, channels, clock, lender(db), pack_in_force(db, clock)).work(due)
        if done:
            return done
    return []


def take_receipts(db: Db, channel: SmsChannel) -> int:
    """Write the receipts that have come over a channel; how many settled a message."""
    return sum(store.settle(db, provider_id=each.provider_id, state=each.outcome, why=each.why, at=each.at) for each in channel.receipts())


def stop(
    db: Db, *, clock: Clock, by: Staff, party: Party, reason: str, until: date | None = None, purposes: frozenset[str] = STOPPED_PURPOSES
) -> None:
    """Pause contact with a person from today: opt-out, complaint, dispute or hardship."""
    require(by, "contact.stop")
    if reason not in STOP_REASONS:
        raise BadInput(f"reason: write one of {', '.join(STOP_REASONS)}, not {reason!r}", field="reason")
    if not purposes or not purposes <= set(PURPOSES):
        raise BadInput(f"purposes: choose from {', '.join(PURPOSES)}", field="purposes")
    today = clock.today()
    if until is not None and until < today:
        raise BadInput(f"until: {until} is over already", field="until")
    store.write_stop(db, party.party_id, Stop(reason, purposes, today, until))
    says = {"reason": reason, "purposes": sorted(purposes), "until": until.isoformat() if until else None}
    write_record(db, clock=clock, by=by.actor, chain_id=party.party_id, chain=party.public_id, kind="contact.stopped", says=says)


def resume(db: Db, *, clock: Clock, by: Staff, party: Party, reason: str) -> None:
    """End the pauses of that reason with yesterday; NotFound if there is none."""
    require(by, "contact.stop")
    if not store.end_stops(db, party.party_id, reason, clock.today() - timedelta(days=1)):
        raise NotFound(f"{party.public_id} has no {reason} in force", code="no_stop", field="reason")
    says = {"reason": reason}
    write_record(db, clock=clock, by=by.actor, chain_id=party.party_id, chain=party.public_id, kind="contact.resumed", says=says)


def hold_line(db: Db, *, clock: Clock, by: Staff, loan_id: int, on: date, kind: str, about: str, reason: str) -> None:
    """Hold a line of that night or day back, with a reason that stays on record."""
    require(by, "tonight.hold")
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadInput("reason: say in a few words why this is held", field="reason")
    store.write_hold(db, loan_id=loan_id, on=on, kind=kind, about=about, reason=reason.strip(), by_staff=by.staff_id, at=clock.now())


def let_go(db: Db, *, by: Staff, loan_id: int, on: date, kind: str, about: str) -> None:
    """Let a held line go again; NotFound if it is not held."""
    require(by, "tonight.hold")
    if not store.delete_hold(db, loan_id=loan_id, on=on, kind=kind, about=about):
        raise NotFound(f"the line {about} of {on} is not held", code="not_held")


def messages(db: Db, scope: Scope, *, loan_id: int | None = None, on: date | None = None, limit: int = 50) -> list[Message]:
    """Messages of the loans within sight, newest first; of one loan or of one day if asked. A code is the borrower's: it is masked."""
    condition, values = scope.condition("l")
    found = store.messages(db, condition, values, loan_id=loan_id, on=on, limit=min(limit, MOST_MESSAGES))
    return [replace(each, body=_A_CODE.sub("*" * 6, each.body)) if each.purpose == "code" else each for each in found]


def on_screen(db: Db, channels: Channels, *, clock: Clock, limit: int = 30) -> list[Bubble]:
    """The newest messages of yesterday and today as the phone shows them, codes and all.

    Refusal unless our own screen is the phone: what a carrier took is read on the borrower's phone and nowhere else.
    """
    channel = channels.get("sms")
    if channel is None or not channel.capabilities().on_screen:
        raise Refusal("messages leave the house over a carrier; nobody reads them here", code="not_on_screen")
    return store.on_screen(db, clock.today() - timedelta(days=1), min(limit, MOST_MESSAGES))


@dataclass(slots=True)
class _Dispatch:
    """One pass over claimed messages: decide, send, write."""

    db: Db
    channels: Channels
    clock: Clock
    lender: Lender
    pack: Pack
    states: list[tuple[Due, str, str, str | None, datetime | None, datetime | None]] = field(default_factory=list)
    postponed: list[tuple[int, datetime]] = field(default_factory=list)
    ledger: list[tuple[int, int | None, str, str, date, datetime, str, str, int | None]] = field(default_factory=list)
    done: list[Dispatched] = field(default_factory=list)

    def work(self, due: Sequence[Due]) -> list[Dispatched]:
        parties = sorted({each.party_id for each in due if each.party_id is not None})
        numbers = numbers_for_sending(self.db, parties)
        history, stops = store.made_on(self.db, parties, self.clock.today()), store.stops_of(self.db, parties)
        to_send: dict[str, list[tuple[Due, str, str]]] = {}
        for each in due:
            number = each.letter.number if each.letter else None
            if number is None and each.party_id is not None:
                number = numbers.get(each.party_id)
            verdict = self._dropped(each) or self._unreachable(each, number)
            if verdict is None and number is not None:
                # Of somebody who is no party yet nothing is known but this message.
                made = [] if each.party_id is None else history.setdefault(each.party_id, [])
                answer = self._ask(each, made, [] if each.party_id is None else stops.get(each.party_id, []))
                if isinstance(answer, Allowed):
                    # Counted before it is sent, so that the next one in this pass sees it.
                    made.append(Made(self.clock.today(), each.purpose, each.channel, "sent"))
                    to_send.setdefault(each.channel, []).append((each, answer.rule, number))
                    continue
                verdict = answer
            if verdict is not None:
                self._not_now(each, verdict)
        for channel, letters in to_send.items():
            self._send(self.channels[channel], letters)
        store.write_states(self.db, self.states)
        store.postpone(self.db, self.postponed)
        store.write_ledger(self.db, self.ledger)
        return self.done

    def _dropped(self, due: Due) -> Refused | None:
        """Why the message has no more purpose, if it has none."""
        if not due.duty_open:
            return Refused("duty.closed", "what it was about has been done", None)
        if due.held is not None:
            return Refused("tonight.hold", f"held: {due.held}", None)
        if self.clock.now() > due.send_until:
            return Refused("contact.window", "its time was over", None)
        return None

    def _unreachable(self, due: Due, number: str | None) -> Refused | None:
        if number is None:
            return Refused("contact.no_number", "no number of the borrower is known", None)
        if due.channel not in self.channels:
            return Refused("contact.no_channel", f"no way to send by {due.channel} is set up", None)
        return None

    def _ask(self, due: Due, made: Sequence[Made], stops: Sequence[Stop]) -> Allowed | Refused:
        return may_contact(
            self.pack, history=made, stops=stops, purpose=due.purpose, channel=due.channel, moment=self.clock.now(), zone=self.lender.zone,
            lender_type=self.lender.lender_type,
        )  # fmt: skip

    def _not_now(self, due: Due, verdict: Refused) -> None:
        """Put the message off if its rule allows it in time, else end it."""
        now = self.clock.now()
        if verdict.earliest is not None and verdict.earliest <= due.send_until:
            self.postponed.append((due.queue_id, verdict.earliest))
            return
        outcome = "dropped" if verdict.rule in DROPPED_BY else REFUSED
        self.states.append((due, "dropped", verdict.sentence, None, None, now))
        self.done.append(Dispatched(due.loan_id, due.message_no, due.duty_no, outcome, verdict.rule))
        if outcome == REFUSED:
            self._note(due, REFUSED, verdict.rule, now)

    def _send(self, channel: SmsChannel, letters: Sequence[tuple[Due, str, str]]) -> None:
        now = self.clock.now()
        whole = {due.queue_id: due.letter.text for due, _, _ in letters if due.letter and due.letter.text}
        try:
            answers = channel.send(
                [Letter(f"{due.loan_id}:{due.message_no}", number, whole.get(due.queue_id, due.body)) for due, _, number in letters], now
            )
        except Unavailable:
            # Nothing is known: the same keys go again, until the message's own time is over.
            self.postponed += [(due.queue_id, now + RETRY_AFTER) for due, _, _ in letters]
            return
        if channel.capabilities().on_screen:
            store.show_texts(
                self.db, [(due.loan_id, due.message_no, whole[due.queue_id]) for due, _, _ in letters if due.queue_id in whole]
            )
        for (due, rule, _), answer in zip(letters, answers, strict=True):
            settled = None if answer.outcome == "sent" else now
            self.states.append((due, answer.outcome, answer.why, answer.provider_id, now, settled))
            self.done.append(Dispatched(due.loan_id, due.message_no, due.duty_no, answer.outcome, rule))
            self._note(due, "sent" if answer.outcome != "failed" else "failed", rule, now)

    def _note(self, due: Due, outcome: str, rule: str, at: datetime) -> None:
        self.ledger.append((due.loan_id, due.party_id, due.purpose, due.channel, self.clock.today(), at, outcome, rule, None))
