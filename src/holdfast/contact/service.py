"""Promising messages and sending them: written before anything is sent, asked again when it is.

A rule may say not now: then the message waits for the earliest moment that the rule allows, and is
refused for good only if that lies beyond the time it was promised for. What an outside certainly did not
take is sent again under the same key until its time is over; what it may have taken is sent again only where
the key keeps it from reaching the person twice.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from holdfast import duties
from holdfast.contact import receipt_store, store, texts_store
from holdfast.contact.model import Bubble, Dispatched, Due, Handed, Message, Promise, SealedLetter
from holdfast.contact.ports import Accepted, Capabilities, Channels, Letter, PartAnswer, Still
from holdfast.contact.rules import (
    CHANNELS,
    FORBIDS_ALL,
    NOT_REACHED,
    PURPOSES,
    REACHED,
    REFUSED,
    Allowed,
    Made,
    Refused,
    Stop,
    may_contact,
)
from holdfast.contact.store import Db
from holdfast.contact.templates import segments, text_of
from holdfast.contact.voice import spoken
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Fault, NotFound, Refusal, Unavailable
from holdfast.parties import PrivateKind, Scope, Staff, lookup_of, numbers_for_sending, require
from holdfast.policy import Lender, Pack, lender, pack_in_force

RETRY_AFTER: Final = timedelta(minutes=5)
# Not refused by a rule of contact: there was nothing left to send, or no time left to send it.
DROPPED_BY: Final = frozenset({"duty.closed", "tonight.hold", "contact.window"})
# The channel could not be used for it; another may.
CANNOT_BE_USED: Final = frozenset({"contact.no_channel", "contact.finance_allowed", "contact.text_approved"})
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
    texts = texts_store.wordings(db)
    bodies, letters, wordings = [], [], []
    for each in promises:
        language = each.language or (tongue.get(each.party_id, home) if each.party_id else home)
        wording = texts.of(each.template, language)
        if wording is None:
            raise BadInput(f"template: there is no message called {each.template!r}", field="template")
        said: dict[str, Any] = {"language": language, "signature": None if each.channel == "voice" else known.name, "words": wording.words}
        body = text_of(each.template, each.params, **said)
        bodies.append(spoken(body, language=language, lender=known.name) if each.channel == "voice" else body)
        whole = text_of(each.template, {**each.params, **each.secret}, **said) if each.secret else None
        wordings.append(wording)
        letters.append(SealedLetter(each.number, whole) if each.number or whole else None)
    return store.write_promises(db, promises, bodies, letters, wordings)


def nothing_more(db: Db, asked: Sequence[tuple[int, str]]) -> Collection[tuple[int, str]]:
    """The `Still` of whoever cannot tell: nothing is asked for any more."""
    return ()


def dispatch(db: Db, channels: Channels, *, clock: Clock, limit: int, still: Still = nothing_more) -> list[Dispatched]:
    """Send what may be sent by now, at most `limit` at once, and say what became of each, all in the caller's transaction.

    Empty means that nothing is due any more. What a rule puts off, or an outside did not take, stays in the outbox and is
    not reported. The caller closes the duties in the same transaction. Only over channels on which a key is sent once
    however often it is given, for this transaction may be rolled back after the letters have left: Fault for any other;
    those are served by `claim`, `hand_over` and `take_answers`, a transaction each.
    """
    for channel in channels.values():
        if not channel.capabilities().once_per_key:
            raise Fault(f"{channel.capabilities().name} cannot be sent to within one transaction", code="dispatch_not_once")
    store.one_dispatcher(db)
    while due := store.claim_due(db, clock.now(), limit):
        pass_ = _Dispatch(db, channels, clock, lender(db), pack_in_force(db, clock), still)
        to_send = pass_.decide(due)
        pass_.write()
        done = pass_.done + take_answers(db, channels, hand_over(channels, to_send, clock.now()), clock=clock)
        if done:
            return done
    return []


def claim(
    db: Db, channels: Channels, *, clock: Clock, limit: int, still: Still = nothing_more
) -> tuple[list[Dispatched], list[Handed], bool]:
    """Ask the rules about what is due, at most `limit`, and write what may go as on its way. To be committed before it is sent.

    Gives back what a rule ended, what is now to be handed over, and whether anything was due at all. `still` tells of messages that
    follow one which had left and then failed whether they still ask for something.
    """
    store.one_dispatcher(db)
    due = store.claim_due(db, clock.now(), limit)
    pass_ = _Dispatch(db, channels, clock, lender(db), pack_in_force(db, clock), still)
    to_send = pass_.decide(due)
    pass_.write()
    known = {name: channel.capabilities() for name, channel in channels.items()}
    store.hand_over(
        db,
        [
            (each, lookup_of(PrivateKind.PHONE, each.number), _keeper(known[each.due.channel]), segments(each.text))
            for each in to_send
        ],
        clock.now(),
    )  # fmt: skip
    return pass_.done, to_send, bool(due)


def waiting_now(db: Db, *, clock: Clock) -> int:
    """How many messages have had their time to be sent come, and wait for a dispatcher."""
    return store.waiting_now(db, clock.now())


def hand_over(channels: Channels, handed: Sequence[Handed], at: datetime) -> list[tuple[Handed, Accepted]]:
    """Give what was claimed to its channels; every letter has an answer. Needs no transaction, and should stand in none."""
    answered = []
    for name in sorted({each.due.channel for each in handed}):
        these = [each for each in handed if each.due.channel == name]
        try:
            said = channels[name].send([Letter(each.key, each.number, each.text) for each in these], at)
        except Unavailable as error:
            said = [Accepted(each.key, None, "not_taken", error.sentence) for each in these]
        answered += list(zip(these, said, strict=True))
    return answered


def take_answers(db: Db, channels: Channels, answered: Sequence[tuple[Handed, Accepted]], *, clock: Clock) -> list[Dispatched]:
    """Write what the outside said to each letter. What it certainly did not take goes again, later; what nobody knows, never.

    Where a key is sent once however often it is given, what nobody knows goes again too.
    """
    now, on = clock.now(), clock.today()
    known = {name: channel.capabilities() for name, channel in channels.items()}
    states, ledger, done, back, parts, shown = [], [], [], [], [], []
    for each, answer in answered:
        due, can = each.due, known[each.due.channel]
        if answer.outcome == "not_taken" or (answer.outcome == "unknown" and can.once_per_key):
            back.append(due)
            continue
        pieces = answer.parts or (PartAnswer(answer.provider_id, answer.outcome, answer.why),)
        if (keeper := _keeper(can)) is not None:
            parts += [(due.loan_id, due.message_no, number, keeper, piece) for number, piece in enumerate(pieces, 1)]
        settled = None if answer.outcome in ("sent", "unknown") else now
        states.append((due, answer.outcome, answer.why, answer.provider_id, now, settled))
        done.append(Dispatched(due.loan_id, due.message_no, due.duty_no, answer.outcome, each.rule, due.after_no))
        outcome = _made_as(due.channel, answer.outcome)
        ledger.append((due.loan_id, due.party_id, due.purpose, due.channel, on, now, outcome, each.rule, None))
        if can.on_screen and due.letter and due.letter.text:
            shown.append((due.loan_id, due.message_no, due.letter.text))
    store.show_texts(db, shown)
    store.write_states(db, states)
    receipt_store.write_parts(db, parts, now)
    store.put_back(db, back, now + RETRY_AFTER)
    store.write_ledger(db, ledger)
    return done


def _left_before_it_failed(due: Due) -> bool:
    """Whether its duty was proved by a message that had left and is known by now not to have arrived."""
    return due.after_no is not None and not due.duty_open and due.proof == "contact.sent"


def _made_as(channel: str, outcome: str) -> str:
    """How the ledger tells of an answer: a call is told by whether somebody was reached, anything else by whether it left."""
    if channel == "voice" and outcome in ("delivered", "failed"):
        return REACHED if outcome == "delivered" else NOT_REACHED
    return "sent" if outcome == "delivered" else outcome


def _keeper(can: Capabilities) -> str | None:
    """The channel under whose name parts and receipts are kept; None for one that says all there is to say at once."""
    return can.name if can.receipts else None


def hold_line(db: Db, *, clock: Clock, by: Staff, loan_id: int, on: date, kind: str, about: str, reason: str) -> None:
    """Hold a line of that night or day back, with a reason that stays in the loan's chain. Its message is then a person's (`reach`)."""
    require(by, "tonight.hold")
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadInput("reason: say in a few words why this is held", field="reason")
    case = duties.take_by_id(db, loan_id)
    store.write_hold(db, loan_id=loan_id, on=on, kind=kind, about=about, reason=reason.strip(), by_staff=by.staff_id, at=clock.now())
    says = {"on": on.isoformat(), "kind": kind, "about": about, "reason": reason.strip()}
    duties.enter(db, case, clock=clock, by=by.actor, kind="night.held", says=says, while_frozen=True)


def let_go(db: Db, *, clock: Clock, by: Staff, loan_id: int, on: date, kind: str, about: str) -> None:
    """Let a held line go again; NotFound if it is not held."""
    require(by, "tonight.hold")
    case = duties.take_by_id(db, loan_id)
    if not store.delete_hold(db, loan_id=loan_id, on=on, kind=kind, about=about):
        raise NotFound(f"the line {about} of {on} is not held", code="not_held")
    says = {"on": on.isoformat(), "kind": kind, "about": about}
    duties.enter(db, case, clock=clock, by=by.actor, kind="night.let_go", says=says, while_frozen=True)


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
    """One pass over claimed messages: decide, and write what does not go."""

    db: Db
    channels: Channels
    clock: Clock
    lender: Lender
    pack: Pack
    still: Still
    states: list[tuple[Due, str, str, str | None, datetime | None, datetime | None]] = field(default_factory=list)
    postponed: list[tuple[int, datetime]] = field(default_factory=list)
    ledger: list[tuple[int, int | None, str, str, date, datetime, str, str, int | None]] = field(default_factory=list)
    done: list[Dispatched] = field(default_factory=list)
    ended: list[tuple[int, int, str]] = field(default_factory=list)
    taken: dict[str, frozenset[bytes]] = field(default_factory=dict)

    def decide(self, due: Sequence[Due]) -> list[Handed]:
        """What may go now; the rest is put off or ended, and is written by `write`."""
        parties = sorted({each.party_id for each in due if each.party_id is not None})
        numbers = numbers_for_sending(self.db, parties)
        history, stops = store.made_on(self.db, parties, self.clock.today()), store.stops_of(self.db, parties)
        to_send: list[Handed] = []
        asked = [(each.loan_id, each.about) for each in due if _left_before_it_failed(each)]
        standing = set(self.still(self.db, asked)) if asked else set()
        for each in due:
            if _left_before_it_failed(each):
                each = replace(each, duty_open=(each.loan_id, each.about) in standing)
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
                    text = each.letter.text if each.letter and each.letter.text else each.body
                    to_send.append(Handed(each, answer.rule, number, text))
                    continue
                verdict = answer
            if verdict is not None:
                self._not_now(each, verdict)
        return to_send

    def write(self) -> None:
        """Write what was put off and what was ended."""
        store.write_states(self.db, self.states)
        receipt_store.ended_by(self.db, self.ended)
        store.postpone(self.db, self.postponed)
        store.write_ledger(self.db, self.ledger)

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
        if not self.channels[due.channel].capabilities().finance_allowed:
            return Refused("contact.finance_allowed", "this carrier takes no messages about lending", None)
        if not self._approved_by_carrier(due):
            return Refused("contact.text_approved", "this carrier has not approved the wording", None)
        return None

    def _approved_by_carrier(self, due: Due) -> bool:
        can = self.channels[due.channel].capabilities()
        if not can.templates_must_be_approved:
            return True
        if can.name not in self.taken:
            self.taken[can.name] = texts_store.taken_by(self.db, can.name)
        return due.text_sha256 is not None and due.text_sha256 in self.taken[can.name]

    def _ask(self, due: Due, made: Sequence[Made], stops: Sequence[Stop]) -> Allowed | Refused:
        return may_contact(
            self.pack, history=made, stops=stops, purpose=due.purpose, channel=due.channel, moment=self.clock.now(), zone=self.lender.zone,
            lender_type=self.lender.lender_type, region=self.lender.region,
        )  # fmt: skip

    def _not_now(self, due: Due, verdict: Refused) -> None:
        """Put the message off if its rule allows it in time, else end it."""
        now = self.clock.now()
        if verdict.earliest is not None and verdict.earliest <= due.send_until:
            self.postponed.append((due.queue_id, verdict.earliest))
            return
        outcome = "dropped" if verdict.rule in DROPPED_BY or self._tried_otherwise(due, verdict.rule) else REFUSED
        self.states.append((due, "dropped", verdict.sentence, None, None, now))
        self.ended.append((due.loan_id, due.message_no, verdict.rule))
        self.done.append(Dispatched(due.loan_id, due.message_no, due.duty_no, outcome, verdict.rule, due.after_no))
        if verdict.rule not in DROPPED_BY:
            self._note(due, REFUSED, verdict.rule, now)

    def _tried_otherwise(self, due: Due, rule: str) -> bool:
        """Whether the moment goes on by another channel or with a person: its channel could not be used, or was not the first tried."""
        return rule in CANNOT_BE_USED or (due.after_no is not None and rule not in FORBIDS_ALL)

    def _note(self, due: Due, outcome: str, rule: str, at: datetime) -> None:
        self.ledger.append((due.loan_id, due.party_id, due.purpose, due.channel, self.clock.today(), at, outcome, rule, None))
