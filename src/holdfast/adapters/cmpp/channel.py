"""Text messages straight to the carrier over CMPP: an `SmsChannel` on one or more connections that mend themselves.

A part whose answer is not known is never written again: it is answered `unknown` and its receipt is waited for. A part
that was certainly not taken (no connection, no room in the window, flow control) may be. A receipt or an inbound
message is answered only when it is stored.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Condition, Event, Thread
from typing import Any, Final

from holdfast.adapters.cmpp.content import UCS2, Joined, Joiner, ReceiptBody, contents, plain_number, receipt_of
from holdfast.adapters.cmpp.link import Account, Answer, Barred, Link, NotWritten, StepDown, open_link
from holdfast.adapters.cmpp.packets import BadPacket, Packet
from holdfast.contact import Accepted, Capabilities, Heard, Inbound, Keep, LateAnswer, Letter, PartAnswer, Receipt, parts_of
from holdfast.kernel.errors import BadInput, HoldfastError, Unavailable

log = logging.getLogger("holdfast.cmpp")
# What a SUBMIT_RESP says, by the protocol's text; 0 to 99 are its, 100 to 199 the maker's.
RESULTS: Final[Mapping[int, str]] = {
    1: "wrong structure", 2: "wrong command", 3: "repeated sequence", 4: "wrong length", 5: "wrong fee code", 6: "too long",
    7: "wrong service code", 8: "flow control", 9: "number not served", 10: "wrong Src_Id", 11: "wrong Msg_src",
    12: "wrong Fee_terminal_Id", 13: "wrong Dest_terminal_Id",
}  # fmt: skip
FLOW_CONTROL: Final = 8
# The first one may have been taken.
REPEATED: Final = 3
# The words of a receipt; every other one is a failure whose meaning is the channel's own.
STATS: Final[Mapping[str, str]] = {"DELIVRD": "delivered", "ACCEPTD": "waiting", "UNKNOWN": "unknown"}
# A part that waits longer than this to be written goes back to the outbox; well before its sender counts as gone.
SEND_WITHIN_S: Final = 150.0
_JOIN_WITHIN_S: Final = 50.0
_FLOW_TRIES: Final = 6


@dataclass
class _Batch:
    """Parts on their way, and how many of them have no answer yet."""

    left: int
    changed: Condition = field(default_factory=Condition)


@dataclass
class _Part:
    """One part of a letter, as the connection knows it: an `Asked`."""

    letter: Letter
    number: int
    total: int
    content: bytes
    batch: _Batch
    channel: CmppChannel
    answer: Answer | None = None
    written: bool = False

    def take(self, answer: Answer) -> None:
        with self.batch.changed:
            if self.answer is None:
                self.answer = answer
                self.batch.left -= 1
                self.batch.changed.notify_all()

    def late(self, answer: Answer) -> None:
        self.channel.keep_late(LateAnswer(self.letter.key, self.number, _said(answer)))


class CmppChannel:
    """An `SmsChannel`. It connects when something is first sent, or at `start`; `stop` takes leave of the gateway."""

    def __init__(self, account: Account, keep: Keep) -> None:
        self.account = account
        self._keep = keep
        self._links: list[Link] = []
        self._changed = Condition()
        self._stop = Event()
        self._threads: list[Thread] = []
        self._barred = ""
        self._version = account.version
        self._joiner = Joiner(_JOIN_WITHIN_S)
        self._joining = Condition()
        self._owed: dict[bytes, list[tuple[Link, Packet]]] = {}
        self._reference = 0
        self._next_at = 0.0

    def capabilities(self) -> Capabilities:
        return Capabilities(
            name=self.account.name, finance_allowed=self.account.finance_allowed, run_against=self.account.run_against,
            templates_must_be_approved=self.account.templates_must_be_approved,
            receipts_pushed=True, inbound=True, once_per_key=False, per_second=self.account.per_second,
        )  # fmt: skip

    def start(self) -> None:
        """Keep the connections up from now on."""
        if not self._threads:
            self._threads = [Thread(target=self._keep_up, name=f"cmpp {number}", daemon=True) for number in range(self.account.connections)]
            for thread in self._threads:
                thread.start()

    def stop(self) -> None:
        """Take leave of the gateway, and wait until that is done."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(5 + self.account.connect_s)
        self._threads, self._stop = [], Event()

    def send(self, letters: Sequence[Letter], at: datetime) -> Sequence[Accepted]:
        self.start()
        until = time.monotonic() + SEND_WITHIN_S
        self._wait_for_a_link(min(until, time.monotonic() + self.account.connect_s))
        batch, told = _Batch(0), []
        for letter in letters:
            self._reference = self._reference + 1 & 0xFF
            pieces = contents(parts_of(letter.text), self._reference)
            told.append([_Part(letter, number, len(pieces), piece, batch, self) for number, piece in enumerate(pieces, 1)])
        self._write_all([part for parts in told for part in parts], until)
        return [_accepted(letter, parts) for letter, parts in zip(letters, told, strict=True)]

    def receipt(self, raw: Mapping[str, str], body: bytes) -> Sequence[Receipt]:
        raise BadInput("CMPP delivers receipts over its own connection", code="not_pushed")

    def inbound(self, raw: Mapping[str, str], body: bytes) -> Sequence[Inbound]:
        raise BadInput("CMPP delivers messages over its own connection", code="not_pushed")

    def pull_receipts(self, provider_ids: Sequence[str]) -> Sequence[Receipt]:
        return ()  # QUERY tells daily totals, never the state of one message

    def pull_inbound(self) -> Sequence[Inbound]:
        return ()

    def keep_late(self, answer: LateAnswer) -> None:
        """Store an answer that came after its sender had given it up."""
        try:
            self._keep(self.account.name, [answer])
        except HoldfastError as error:
            log.error("%s: a late answer could not be stored: %s", self.account.name, error.sentence)

    # -- sending ----------------------------------------------------------------------------------

    def _write_all(self, parts: list[_Part], until: float) -> None:
        """Write every part once, and those again that the gateway certainly did not take for want of room."""
        waiting, delay = parts, 0.2
        for attempt in range(_FLOW_TRIES):
            if attempt:
                time.sleep(min(delay, max(0.0, until - time.monotonic())))
                delay *= 2
            for part in waiting:
                part.batch.left += 1
                if not self._write_one(part, until):
                    part.take(Answer(result=FLOW_CONTROL, why="not written"))
            self._wait_for_answers(waiting)
            waiting = [part for part in waiting if part.answer is not None and part.answer.result == FLOW_CONTROL and part.written]
            if not waiting or time.monotonic() >= until:
                return
            if attempt < _FLOW_TRIES - 1:
                for part in waiting:
                    part.answer = None

    def _write_one(self, part: _Part, until: float) -> bool:
        """Whether it was written; False if it certainly was not."""
        part.written = False
        while (now := time.monotonic()) < until and not self._stop.is_set():
            if (wait := self._next_at - now) > 0:
                time.sleep(min(wait, until - now))
            link = self._link(until)
            if link is None:
                return False
            try:
                link.submit(self._body(part), part, until)
            except NotWritten:
                continue
            self._next_at = max(self._next_at, time.monotonic()) + 1 / self.account.per_second
            part.written = True
            return True
        return False

    def _body(self, part: _Part) -> dict[str, Any]:
        return {
            "Pk_total": part.total, "Pk_number": part.number, "Registered_Delivery": 1, "Service_Id": self.account.service_id,
            "Fee_UserType": 2, "TP_udhi": int(part.total > 1), "Msg_Fmt": UCS2, "Msg_src": self.account.sp_id, "FeeType": "01",
            "FeeCode": "0", "Src_Id": self.account.src_id, "Dest_terminal_Id": [plain_number(part.letter.number)],
            "Msg_Content": part.content,
        }  # fmt: skip

    def _wait_for_answers(self, parts: Sequence[_Part]) -> None:
        """Each part is answered by its connection, in time or when that ends."""
        if not parts:
            return
        batch = parts[0].batch
        with batch.changed:
            batch.changed.wait_for(lambda: batch.left == 0, self.account.answer_s + 2 * SEND_WITHIN_S)

    def _link(self, until: float) -> Link | None:
        """The open connection with the most room, once there is one."""
        with self._changed:
            while not (found := [link for link in self._links if link.open]):
                left = until - time.monotonic()
                if left <= 0 or self._barred or self._stop.is_set() or not self._changed.wait(min(left, self.account.connect_s)):
                    return None
        return min(found, key=lambda link: link.in_flight)

    def _wait_for_a_link(self, until: float) -> None:
        if self._link(until) is None:
            raise Unavailable(self._barred or f"{self.account.name} cannot be reached; nothing has left", code="cmpp_no_connection")

    # -- connections ------------------------------------------------------------------------------

    def _keep_up(self) -> None:
        wait = self.account.first_wait_s
        while not self._stop.is_set():
            try:
                link = open_link(self.account, self._version, self._heard)
            except Barred as error:
                log.error("%s", error.sentence)
                with self._changed:
                    self._barred = error.sentence
                    self._changed.notify_all()
                return
            except StepDown as error:
                log.warning("%s", error.sentence)
                self._version = error.version
                continue
            except Unavailable as error:
                log.warning("%s", error.sentence)
                self._stop.wait(wait)
                wait = min(2 * wait, self.account.most_wait_s)
                continue
            wait = self.account.first_wait_s
            with self._changed:
                self._links.append(link)
                self._changed.notify_all()
            link.run(self._stop.is_set)
            with self._changed:
                self._links.remove(link)
            self._stop.wait(wait)

    def _heard(self, link: Link, packets: Sequence[Packet]) -> None:
        """Store what was delivered, then say so. What could not be stored is not answered: the gateway delivers it again."""
        with self._joining:
            heard: list[Heard] = []
            joined: list[Joined] = []
            now = time.monotonic()
            stored: list[tuple[Link, Packet]] = []
            for packet in packets:
                body = packet.body
                if body["Registered_Delivery"] == 1:
                    heard.append(_receipt(packet))
                    stored.append((link, packet))
                    continue
                self._owed.setdefault(body["Msg_Id"], []).append((link, packet))
                joined += self._joiner.take(
                    sender=plain_number(body["Src_terminal_Id"]), to=body["Dest_Id"], tp_udhi=body["TP_udhi"], msg_fmt=body["Msg_Fmt"],
                    content=body["Msg_Content"], msg_id=body["Msg_Id"], now=now,
                )  # fmt: skip
            for each in joined:
                heard.append(Inbound("+".join(one.hex() for one in each.msg_ids), each.sender, each.to, each.text, each.complete))
                stored += [owed for msg_id in each.msg_ids for owed in self._owed.pop(msg_id, ())]
            if not heard:
                return
            try:
                self._keep(self.account.name, heard)
            except HoldfastError as error:
                log.error("%s: what was delivered could not be stored: %s", self.account.name, error.sentence)
                return
        for owner, packet in stored:
            owner.answer(packet)


def _receipt(packet: Packet) -> Receipt:
    try:
        said: ReceiptBody = receipt_of(packet.body["Msg_Content"])
    except BadPacket:
        # Kept all the same, under the packet's own number, for a person to look at.
        return Receipt(packet.body["Msg_Id"].hex(), "waiting", "unreadable", done=packet.body["Msg_Content"].hex())
    number = plain_number(said.number)
    return Receipt(said.msg_id.hex(), STATS.get(said.stat, "failed"), said.stat, number, said.submit_time, said.done_time)


def _said(answer: Answer) -> PartAnswer:
    if answer.result is None or answer.result == REPEATED:
        return PartAnswer(None, "unknown", answer.why or RESULTS[REPEATED])
    if answer.result == 0:
        return PartAnswer(answer.msg_id.hex(), "sent")
    return PartAnswer(None, "failed", f"{answer.result}: {RESULTS.get(answer.result, 'refused by the gateway')}")


def _accepted(letter: Letter, parts: Sequence[_Part]) -> Accepted:
    """What became of the whole letter. It may go again only if the gateway took no part of it."""
    answers = [part.answer or Answer(why="no answer") for part in parts]
    if all(answer.result == FLOW_CONTROL for answer in answers):
        return Accepted(letter.key, None, "not_taken", RESULTS[FLOW_CONTROL])
    said = tuple(_said(answer) for answer in answers)
    outcome = next((state for state in ("failed", "unknown") if any(each.outcome == state for each in said)), "sent")
    why = next((each.why for each in said if each.outcome == outcome), "")
    return Accepted(letter.key, said[0].provider_id, outcome, why, said)
