"""One CMPP connection, from CONNECT to its end: the window, answers, active tests, and what the gateway delivers.

A request is written once. Whether it was taken is told by its answer alone: a connection that ends, or an answer that
does not come in its time, leaves it unknown, and nothing here ever writes it again.
"""

from __future__ import annotations

import hmac
import logging
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Condition, Lock
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from holdfast.adapters.cmpp.packets import (
    VERSIONS,
    BadPacket,
    Command,
    Framer,
    Packet,
    answer_authenticator,
    answer_to,
    authenticator,
    connect,
    decode,
    encode,
)
from holdfast.kernel.clock import ShiftedClock
from holdfast.kernel.errors import Unavailable

log = logging.getLogger("holdfast.cmpp")
_CHUNK: Final = 65_536
_TICK_S: Final = 0.2
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_STATUS: Final = {1: "wrong structure", 2: "wrong source address", 3: "wrong secret", 4: "version too high"}


@dataclass(frozen=True, slots=True)
class Account:
    """How to reach a gateway and who we are to it; times in seconds.

    `idle_s`, `answer_s` and `tries` are C, T and N of the protocol's text.
    """

    name: str
    host: str
    port: int
    sp_id: str
    secret: bytes = field(repr=False)
    version: int
    src_id: str
    service_id: str = ""
    connections: int = 1
    window: int = 16
    per_second: int = 50
    idle_s: float = 180.0
    answer_s: float = 60.0
    tries: int = 3
    connect_s: float = 10.0
    first_wait_s: float = 1.0
    most_wait_s: float = 60.0
    strict: bool = True
    step_down: bool = False
    finance_allowed: bool = True
    templates_must_be_approved: bool = False
    run_against: str = "NOT RUN AGAINST A REAL PEER"


class Barred(Unavailable):
    """The gateway will not have us: wrong address or secret. A person has to mend it; trying on may lock the account."""

    code = "cmpp_barred"


class NotWritten(Unavailable):
    """Nothing of this request has left."""

    code = "cmpp_not_written"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a SUBMIT came to: `result` None means that no answer came."""

    msg_id: bytes = b""
    result: int | None = None
    why: str = ""


class Asked(Protocol):
    """Who waits for an answer. It is called once in time; `late` if it comes after that."""

    def take(self, answer: Answer) -> None: ...

    def late(self, answer: Answer) -> None: ...


@dataclass(slots=True)
class _Pending:
    asked: Asked | None
    until: float
    given_up: bool = False


class Link:
    """A connection that has been accepted. `run` reads it until it ends; any thread may `submit`."""

    def __init__(
        self, account: Account, sock: socket.socket, version: int, framer: Framer, heard: Callable[[Link, Sequence[Packet]], None]
    ):
        self.account, self.version = account, version
        self._sock, self._framer, self._heard = sock, framer, heard
        self._writing = Lock()
        self._state = Condition()
        self._pending: dict[int, _Pending] = {}
        self._sequence = 1
        self._open = True
        self._ending = False
        self._leave_by = 0.0
        self._last_read = time.monotonic()
        self._tests = 0
        self.ignored = 0

    @property
    def open(self) -> bool:
        """Whether something may still be submitted."""
        return self._open and not self._ending

    @property
    def in_flight(self) -> int:
        """How many requests wait for their answer."""
        return sum(not each.given_up for each in self._pending.values())

    def submit(self, body: Mapping[str, Any], asked: Asked, until: float) -> None:
        """Write one SUBMIT once the window has room. NotWritten if that is not before `until`, or the connection is ending."""
        with self._state:
            while self.in_flight >= self.account.window:
                left = until - time.monotonic()
                if left <= 0 or not self.open:
                    raise NotWritten("the gateway's window did not open in time")
                self._state.wait(min(left, _TICK_S))
            if not self.open:
                raise NotWritten("the connection to the gateway has ended")
            sequence = self._next()
            raw = encode(Packet(Command.SUBMIT, sequence, body), self.version)
            self._pending[sequence] = _Pending(asked, time.monotonic() + self.account.answer_s)
        # From here on nobody can say that nothing left.
        if not self._write(raw):
            self._end("a write to the gateway failed")

    def answer(self, packet: Packet, result: int = 0) -> None:
        """Tell the gateway that what it delivered is stored."""
        self._write(encode(answer_to(packet, Msg_Id=packet.body["Msg_Id"], Result=result), self.version))

    def run(self, stop: Callable[[], bool]) -> None:
        """Read until the connection ends or `stop` says so; what is unanswered then is unknown."""
        try:
            while self._open:
                if stop() and not self._ending:
                    self._take_leave()
                if self._ending and (not self.in_flight or time.monotonic() > self._leave_by):
                    return
                self._read()
                self._look_at_the_clock()
        except (BadPacket, OSError) as error:
            log.warning("%s: %s", self.account.name, error)
        finally:
            self._end("the connection ended before the answer")

    def _read(self) -> None:
        self._sock.settimeout(_TICK_S)
        try:
            data = self._sock.recv(_CHUNK)
        except TimeoutError:
            return
        if not data:
            self._open = False
            return
        self._last_read, self._tests = time.monotonic(), 0
        delivered = []
        for raw in self._framer.feed(data):
            try:
                packet = decode(raw, self.version)
            except BadPacket as error:
                self.ignored += 1
                log.warning("%s: a packet was passed over: %s", self.account.name, error.sentence)
                continue
            if packet.command is Command.DELIVER:
                delivered.append(packet)
            else:
                self._take(packet)
        if delivered:
            self._heard(self, delivered)

    def _take(self, packet: Packet) -> None:
        if packet.command is Command.SUBMIT_RESP:
            with self._state:
                pending = self._pending.pop(packet.sequence, None)
                self._state.notify_all()
            if pending is not None and pending.asked is not None:
                answer = Answer(packet.body["Msg_Id"], packet.body["Result"])
                (pending.asked.late if pending.given_up else pending.asked.take)(answer)
        elif packet.command is Command.ACTIVE_TEST:
            self._write(encode(answer_to(packet), self.version))
        elif packet.command is Command.TERMINATE:
            self._write(encode(answer_to(packet), self.version))
            self._open = False
        elif packet.command is Command.TERMINATE_RESP:
            self._open = False
        elif packet.command is not Command.ACTIVE_TEST_RESP:
            self.ignored += 1

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        overdue = []
        with self._state:
            for pending in self._pending.values():
                if not pending.given_up and now > pending.until:
                    pending.given_up = True
                    overdue.append(pending)
            if overdue:
                self._state.notify_all()
        for pending in overdue:
            if pending.asked is not None:
                pending.asked.take(Answer(why=f"no answer within {self.account.answer_s:g} seconds"))
        silent = now - self._last_read
        due = self.account.idle_s + self._tests * self.account.answer_s
        if silent <= due:
            return
        if self._tests >= self.account.tries:
            log.warning("%s: no answer to %d active tests", self.account.name, self._tests)
            self._open = False
            return
        self._tests += 1
        with self._state:
            sequence = self._next()
        self._write(encode(Packet(Command.ACTIVE_TEST, sequence, {}), self.version))

    def _take_leave(self) -> None:
        self._ending = True
        self._leave_by = time.monotonic() + min(self.account.answer_s, 3.0)
        with self._state:
            sequence = self._next()
            self._state.notify_all()
        self._write(encode(Packet(Command.TERMINATE, sequence, {}), self.version))

    def _next(self) -> int:
        self._sequence = self._sequence + 1 & 0xFFFFFFFF
        return self._sequence

    def _write(self, raw: bytes) -> bool:
        try:
            with self._writing:
                self._sock.sendall(raw)
        except OSError as error:
            log.warning("%s: %s", self.account.name, error)
            return False
        return True

    def _end(self, why: str) -> None:
        with self._state:
            self._open = False
            left = [each for each in self._pending.values() if not each.given_up]
            self._pending.clear()
            self._state.notify_all()
        for each in left:
            if each.asked is not None:
                each.asked.take(Answer(why=why))
        self._sock.close()


def open_link(account: Account, version: int, heard: Callable[[Link, Sequence[Packet]], None]) -> Link:
    """Connect and be accepted. Barred for a wrong address or secret; Unavailable for anything else."""
    try:
        sock = socket.create_connection((account.host, account.port), timeout=account.connect_s)
    except OSError as error:
        raise Unavailable(f"{account.name} cannot be reached: {error}", code="cmpp_no_connection") from error
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        framer = Framer()
        timestamp = ShiftedClock().now().astimezone(_ZONE).strftime("%m%d%H%M%S")  # machine time, whatever day the book lives on
        hello = connect(sequence=1, source_addr=account.sp_id, secret=account.secret, timestamp=timestamp, version=version)
        sock.sendall(encode(hello, version))
        said, rest = _first(account, sock, framer)
        answer = decode(said, version)
        if answer.command is not Command.CONNECT_RESP:
            raise Unavailable(f"{account.name} answered CONNECT with {answer.command.name}", code="cmpp_not_accepted")
        _accepted(account, answer, len(said), version, timestamp)
    except (OSError, BadPacket) as error:
        sock.close()
        raise Unavailable(f"{account.name} gave no answer to CONNECT: {error}", code="cmpp_no_answer") from error
    except Unavailable:
        sock.close()
        raise
    link = Link(account, sock, version, framer, heard)
    delivered = [packet for packet in (decode(raw, version) for raw in rest) if packet.command is Command.DELIVER]
    if delivered:
        heard(link, delivered)
    return link


class StepDown(Unavailable):
    """The gateway speaks an older version; `version` is the one that it named."""

    code = "cmpp_version"

    def __init__(self, sentence: str, version: int) -> None:
        super().__init__(sentence)
        self.version = version


def _first(account: Account, sock: socket.socket, framer: Framer) -> tuple[bytes, list[bytes]]:
    until = time.monotonic() + account.connect_s
    while time.monotonic() < until:
        data = sock.recv(_CHUNK)
        if not data:
            raise Unavailable(f"{account.name} closed the connection before it answered", code="cmpp_no_answer")
        if whole := framer.feed(data):
            return whole[0], whole[1:]
    raise Unavailable(f"{account.name} gave no answer to CONNECT", code="cmpp_no_answer")


def _accepted(account: Account, answer: Packet, length: int, version: int, timestamp: str) -> None:
    status = answer.body["Status"]
    if status in (2, 3):
        raise Barred(f"{account.name} does not accept us ({_STATUS[status]}); mend the account, nothing is tried until then")
    if status == 4 and account.step_down and answer.body["Version"] in VERSIONS and answer.body["Version"] < version:
        raise StepDown(f"{account.name} speaks version {answer.body['Version']:#x}", answer.body["Version"])
    if status:
        raise Unavailable(f"{account.name} refused the connection: {_STATUS.get(status, f'status {status}')}", code="cmpp_not_accepted")
    if account.strict:
        source = authenticator(account.sp_id.encode("latin-1"), account.secret, timestamp)
        width = 4 if length == 33 else 1
        if not hmac.compare_digest(answer.body["AuthenticatorISMG"], answer_authenticator(status, width, source, account.secret)):
            raise Barred(f"{account.name} does not know our secret: this may be another gateway; nothing is sent to it")
