"""A stand-in for a carrier's CMPP gateway, in a process of its own: it speaks 2.0 and 3.0 over TCP and misbehaves by a seed.

    python -m tests.gateways.cmpp --log FILE [--seed N] [--faults 0.05] ...

prints `ready PORT`, and writes one JSON line for each SUBMIT that it was given (`taken` tells whether it kept it) and for each
DELIVER that was answered. It keeps its own account of what it took, by which a test can judge ours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TextIO

from holdfast.adapters.cmpp.content import ReceiptBody, receipt_bytes
from holdfast.adapters.cmpp.packets import (
    BadPacket,
    Command,
    Framer,
    Packet,
    answer_authenticator,
    answer_to,
    authenticator,
    decode,
    encode,
)

SP_ID = "901234"
SECRET = b"a secret of the test's own"
_STATS = ("EXPIRED", "UNDELIV", "REJECTD", "MK:0012", "UNKNOWN", "AF:4")


@dataclass
class Faults:
    """How often each thing goes wrong, between 0 and 1, and how long delays are at most, in seconds."""

    lose_answer: float = 0.0
    refuse: float = 0.0
    flow_control: float = 0.0
    hang_up_before: float = 0.0
    hang_up_after: float = 0.0
    early_receipt: float = 0.0
    lose_receipt: float = 0.0
    twice_receipt: float = 0.0
    wait_first: float = 0.0
    bad_stat: float = 0.0
    delay_s: float = 0.0
    answer_after_s: float = 0.0
    garbage: float = 0.0

    @classmethod
    def all_at(cls, share: float, delay_s: float) -> Faults:
        """Everything at once; hanging up is rarer, for each time takes all that is in flight with it."""
        rare = share / 20
        return cls(
            lose_answer=share, refuse=share, flow_control=share, hang_up_before=rare, hang_up_after=rare, early_receipt=share,
            lose_receipt=share, twice_receipt=share, wait_first=share, bad_stat=share, delay_s=delay_s, garbage=rare,
        )  # fmt: skip


@dataclass(eq=False)
class _Guest:
    """One connection that was accepted."""

    writer: asyncio.StreamWriter
    version: int = 0x20
    sequence: int = 0

    def write(self, packet: Packet) -> None:
        if not self.writer.is_closing():
            self.writer.write(encode(packet, self.version))

    def next(self) -> int:
        self.sequence += 1
        return self.sequence


@dataclass(eq=False)
class Gateway:
    """What the gateway knows, whoever is connected."""

    log: TextIO
    chance: random.Random
    faults: Faults
    version: int = 0x30
    window: int = 16
    redeliver_s: float = 2.0
    secret: bytes = SECRET
    deaf: bool = False
    guests: list[_Guest] = field(default_factory=list)
    ids: Any = field(default_factory=lambda: count(1))
    waiting: dict[tuple[_Guest, int], asyncio.Future[bool]] = field(default_factory=dict)
    somebody: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        guest, framer = _Guest(writer), Framer()
        try:
            while data := await reader.read(65_536):
                for raw in framer.feed(data):
                    if not self._take(guest, decode(raw, guest.version)):
                        return
                await writer.drain()
        except (BadPacket, OSError) as error:
            print(f"gateway: {error}", file=sys.stderr)
        finally:
            if guest in self.guests:
                self.guests.remove(guest)
            if not self.guests:
                self.somebody.clear()
            for owner, sequence in list(self.waiting):
                if owner is guest:
                    self._answered(guest, sequence, False)
            writer.close()

    def _take(self, guest: _Guest, packet: Packet) -> bool:
        """Deal with a packet; False if the connection is to be closed."""
        if packet.command is Command.CONNECT:
            return self._welcome(guest, packet)
        if guest not in self.guests:
            return False
        if packet.command is Command.SUBMIT:
            return self._submitted(guest, packet)
        if packet.command is Command.DELIVER_RESP:
            self._answered(guest, packet.sequence, True)
            self._note("deliver", id=packet.body["Msg_Id"].hex(), result=packet.body["Result"])
        elif packet.command is Command.ACTIVE_TEST:
            self._note("active_test")
            if not self.deaf:
                guest.write(answer_to(packet))
        elif packet.command is Command.TERMINATE:
            guest.write(answer_to(packet))
            return False
        return True

    def _answered(self, guest: _Guest, sequence: int, stored: bool) -> None:
        waits = self.waiting.get((guest, sequence))
        if waits is not None and not waits.done():
            waits.set_result(stored)

    def _welcome(self, guest: _Guest, packet: Packet) -> bool:
        body = packet.body
        stamp = f"{body['Timestamp']:010d}"
        right = body["AuthenticatorSource"] == authenticator(body["Source_Addr"].encode(), self.secret, stamp)
        too_high = body["Version"] > self.version
        status = 0 if right and not too_high else 4 if too_high else 3
        guest.version = min(body["Version"], self.version)
        width = 4 if guest.version == 0x30 else 1
        digest = answer_authenticator(status, width, body["AuthenticatorSource"], self.secret) if status == 0 else b""
        guest.write(answer_to(packet, Status=status, AuthenticatorISMG=digest, Version=self.version))
        self._note("connect", status=status)
        if status == 0:
            self.guests.append(guest)
            self.somebody.set()
        return status == 0

    def _submitted(self, guest: _Guest, packet: Packet) -> bool:
        body, now, chance = packet.body, self.faults, self.chance.random
        if chance() < now.hang_up_before:
            self._note("submit", body, taken=False, how="hung up before")
            return False
        if chance() < now.flow_control:
            self._note("submit", body, taken=False, how="flow control")
            guest.write(answer_to(packet, Result=8))
            return True
        if chance() < now.refuse:
            self._note("submit", body, taken=False, how="refused")
            guest.write(answer_to(packet, Result=13 if guest.version == 0x30 else 9))
            return True
        msg_id = next(self.ids).to_bytes(8, "big")
        self._note("submit", body, taken=True, id=msg_id.hex())
        self._later(self._report(body, msg_id), 0 if chance() < now.early_receipt else None)
        if chance() < now.hang_up_after:
            return False
        if chance() < now.garbage:
            guest.writer.write(b"\x00\x00\x00\x0d\x00\x00\x00\x09\x00\x00\x00\x01\x00")  # FWD, which is for gateways only
        if chance() >= now.lose_answer:
            answer = answer_to(packet, Msg_Id=msg_id, Result=0)
            if now.delay_s or now.answer_after_s:
                self._later(self._say(guest, answer), now.answer_after_s or None)
            else:
                guest.write(answer)
        return True

    async def _say(self, guest: _Guest, packet: Packet) -> None:
        guest.write(packet)

    async def _report(self, body: Any, msg_id: bytes) -> None:
        now, chance = self.faults, self.chance.random
        if not body["Registered_Delivery"] or chance() < now.lose_receipt:
            return
        stats = ["ACCEPTD"] if chance() < now.wait_first else []
        stats.append(self.chance.choice(_STATS) if chance() < now.bad_stat else "DELIVRD")
        self._note("outcome", id=msg_id.hex(), number=body["Dest_terminal_Id"][0], stat=stats[-1])
        if chance() < now.twice_receipt:
            stats.append(stats[-1])
        self.chance.shuffle(stats)
        for stat in stats:
            said = ReceiptBody(msg_id, stat, "2611231000", "2611231001", body["Dest_terminal_Id"][0], 7)
            wide = now.delay_s > 0 and chance() < 0.5
            await self.deliver({
                "Msg_Id": next(self.ids).to_bytes(8, "big"), "Dest_Id": body["Src_Id"], "Src_terminal_Id": body["Dest_terminal_Id"][0],
                "Registered_Delivery": 1, "Msg_Content": receipt_bytes(said, 32 if wide else 21),
            })  # fmt: skip

    async def deliver(self, body: dict[str, Any]) -> None:
        """Deliver until it is answered, a few times; on whichever connection is there."""
        for _ in range(50):
            await self.somebody.wait()
            guest = self.chance.choice(self.guests)
            packet = Packet(Command.DELIVER, guest.next(), body)
            answered = self.waiting[guest, packet.sequence] = asyncio.get_running_loop().create_future()
            guest.write(packet)
            try:
                if await asyncio.wait_for(answered, self.redeliver_s):
                    return
            except TimeoutError:
                continue
            finally:
                self.waiting.pop((guest, packet.sequence), None)

    def _later(self, work: Any, after: float | None = None) -> None:
        delay = self.chance.random() * self.faults.delay_s if after is None else after

        async def wait() -> None:
            if delay:
                await asyncio.sleep(delay)
            await work

        task = asyncio.get_running_loop().create_task(wait())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _note(self, what: str, body: Any = None, **facts: Any) -> None:
        if body is not None:
            facts |= {
                "number": body["Dest_terminal_Id"][0], "part": body["Pk_number"], "total": body["Pk_total"],
                "content": body["Msg_Content"].hex(), "to": len(body["Dest_terminal_Id"]),
            }  # fmt: skip
        self.log.write(json.dumps({"what": what, **facts}) + "\n")


async def _obey(gateway: Gateway) -> None:
    """Orders on standard input, one JSON object a line: `deliver` a message, `hang_up` on everybody, or end with the input."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order = json.loads(line)
        if order["do"] == "deliver":
            body = {name: bytes.fromhex(value) if name in ("Msg_Id", "Msg_Content") else value for name, value in order["body"].items()}
            gateway._later(gateway.deliver(body), 0)
        elif order["do"] == "hang_up":
            for guest in list(gateway.guests):
                guest.writer.close()
        elif order["do"] == "terminate":
            for guest in list(gateway.guests):
                guest.write(Packet(Command.TERMINATE, guest.next(), {}))
        elif order["do"] == "active_test":
            for guest in list(gateway.guests):
                guest.write(Packet(Command.ACTIVE_TEST, guest.next(), {}))
        elif order["do"] == "deaf":
            gateway.deaf = True
        elif order["do"] == "faults":
            gateway.faults = Faults(**order["faults"])
        print("done", flush=True)


async def _main(given: argparse.Namespace, log: TextIO) -> None:
    faults = Faults.all_at(given.faults, given.delay)
    gateway = Gateway(log, random.Random(given.seed), faults, version=int(given.speaks, 16))
    server = await asyncio.start_server(gateway.serve, "127.0.0.1", given.port)
    print(f"ready {server.sockets[0].getsockname()[1]}", flush=True)
    await _obey(gateway)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=float, default=0.0)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--speaks", default="0x30")
    options = parser.parse_args()
    with Path(options.log).open("a", buffering=1) as file:
        asyncio.run(_main(options, file))
