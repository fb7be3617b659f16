"""`dispatch`: messages a second from the outbox over CMPP to a gateway in another process, until the last receipt is settled.

The sender and the listener are the worker's own verbs, in two threads of this process: the rules asked, each message written as on
its way before it leaves, its answer and its receipt stored, matched and settled. The floor is the same packets, made beforehand, through
the same gateway over one bare socket in the same window, each receipt answered; and bare COPY of the rows that were left behind.
"""

from __future__ import annotations

import socket
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final, cast

import psycopg

from bench import book
from bench.scratch import Figure, bare_copy, say, scratch_book, take_rows
from holdfast import contact, days
from holdfast.adapters.cmpp.channel import CmppChannel
from holdfast.adapters.cmpp.content import UCS2, ucs2
from holdfast.adapters.cmpp.packets import V30, Command, Framer, Packet, answer_to, connect, decode, encode
from holdfast.contact import Promise
from holdfast.database.connection import transaction
from holdfast.files import anything_sealed
from holdfast.kernel.sealing import master_box
from holdfast.wiring import CHANNELS
from tests.contact.running_clock import RunningClock
from tests.gateways import running
from tests.gateways.cmpp import SECRET, SP_ID

Db = psycopg.Connection[Any]
MESSAGES: Final = 20_000
WINDOW: Final = 16
_AT_ONCE: Final = 5_000
_LONGEST_S: Final = 300.0
_FEN: Final = {"minor": 100, "currency": "CNY"}
_SAYS: Final = {"contract": "1234", "paid_on": "2026-06-30", "amount": _FEN, "principal_out": _FEN}


def measure(scale: float) -> Figure:
    """Messages a second, from the first claim to the last settled receipt."""
    count = max(int(MESSAGES * scale), 200)
    # A clock that runs: a receipt that comes before its answer is looked at again a second later.
    now = RunningClock(book.morning(book.DAY).now(), time.monotonic())
    with scratch_book() as scratch, tempfile.TemporaryDirectory(prefix="hf-bench-sms-") as folder:
        with scratch.owner() as db:
            book.ground(db)
            db.commit()
        with transaction() as db:
            master_box("letters", first_use=not anything_sealed(db))
        for first in range(0, count, _AT_ONCE):
            _promise(first, min(_AT_ONCE, count - first))
        with running.gateway(Path(folder)) as at:
            channel = CmppChannel(at.account(V30, per_second=100_000, answer_s=30.0), contact.keep_heard(transaction, lambda db: now))
            cast("dict[str, Any]", CHANNELS)["sms"] = channel
            channel.start()
            with scratch.watch() as spent:
                begun = time.perf_counter()
                _send_and_hear(count, now)
                seconds = time.perf_counter() - begun
            channel.stop()
            with scratch.owner() as db:
                text = db.execute("SELECT body FROM message LIMIT 1").fetchone()
                rows = [take_rows(db, table, "true", {}) for table in ("message", "message_part", "channel_heard", "contact_ledger")]
                copied = bare_copy(db, rows)
            assert text is not None
            bare = _bare(at, count, text[0])
    floor = count / (bare + copied)
    say(f"{count / seconds:,.0f} messages/s; floor {floor:,.0f}/s ({bare:.2f} s on the wire, {copied:.2f} s of COPY)")
    detail = {
        "window": WINDOW, "connections": 1, "version": "3.0", "receipts": count, "wire_s": round(bare, 2), "copy_s": round(copied, 2),
    }  # fmt: skip
    return Figure(
        name="dispatch", figure=round(count / seconds, 1), unit="messages/s", floor=round(floor, 1), n=count,
        ratio=round(floor * seconds / count, 2), cpu_s=round(spent.cpu_s, 2), pg=scratch.version, detail=detail,
    )  # fmt: skip


def _promise(first: int, count: int) -> None:
    at = book.morning(book.DAY).now()
    with transaction() as db:
        contact.promise_batch(
            db,
            [
                Promise(
                    loan_id=1 + n // 10, duty_no=None, party_id=None, purpose="service", channel="sms", template="receipt", params=_SAYS,
                    on_date=book.DAY, send_from=at, send_until=at + timedelta(hours=9), number=f"139{n:08d}", language="zh-hans",
                )
                for n in range(first, first + count)
            ],
        )  # fmt: skip


def _send_and_hear(count: int, now: Any) -> None:
    stop = Event()

    def listen() -> None:
        while not stop.wait(0.05):
            days.take_receipts(now)

    listener = Thread(target=listen)
    listener.start()
    try:
        days.send_due(now)
        end = time.perf_counter() + _LONGEST_S
        while _delivered() < count:
            if time.perf_counter() > end:
                raise TimeoutError(f"{_delivered()} of {count} messages were delivered")
            time.sleep(0.02)
    finally:
        stop.set()
        listener.join()


def _delivered() -> int:
    with transaction() as db:
        row = db.execute("SELECT count(*) FROM message WHERE state = 'delivered'").fetchone()
    return 0 if row is None else int(row[0])


def _bare(at: running.Running, count: int, text: str) -> float:
    """Seconds for the same packets over a bare socket, until the last receipt is answered."""
    body = {
        "Pk_total": 1, "Pk_number": 1, "Registered_Delivery": 1, "Fee_UserType": 2, "Msg_Fmt": UCS2, "Msg_src": SP_ID, "FeeType": "01",
        "FeeCode": "0", "Src_Id": "1069012345", "Msg_Content": ucs2(text[:70]),
    }  # fmt: skip
    frames = [
        encode(Packet(Command.SUBMIT, n + 2, {**body, "Dest_terminal_Id": [f"139{n:08d}"]}), V30) for n in range(count)
    ]  # fmt: skip
    with socket.create_connection(("127.0.0.1", at.port)) as link:
        framer = Framer()
        link.sendall(encode(connect(sequence=1, source_addr=SP_ID, secret=SECRET, timestamp="1123100000", version=V30), V30))
        begun = time.perf_counter()
        sent = answered = told = 0
        while told < count:
            for raw in framer.feed(link.recv(65_536)):
                kind = raw[4:8]
                if kind == b"\x80\x00\x00\x04":
                    answered += 1
                elif kind == b"\x00\x00\x00\x05":
                    packet = decode(raw, V30)
                    link.sendall(encode(answer_to(packet, Msg_Id=packet.body["Msg_Id"]), V30))
                    told += 1
            room = min(WINDOW - (sent - answered), count - sent)
            if room > 0:
                link.sendall(b"".join(frames[sent : sent + room]))
                sent += room
        return time.perf_counter() - begun
