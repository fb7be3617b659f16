"""CMPP packets, versions 2.0, 2.1 and 3.0: field tables, bytes to fields and back, and a stream cut into packets.

Pure: no socket, no clock. The names of fields are those of the protocol's text. One table serves reading and
writing. Nothing is allocated by a length that a peer declares, and what does not fit its table is refused by field.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from holdfast.kernel.errors import BadInput

V20: Final = 0x20
V21: Final = 0x21
V30: Final = 0x30
VERSIONS: Final = (V20, V21, V30)
HEADER_BYTES: Final = 12
# The largest lawful SUBMIT of 3.0 has 3,586 bytes; whoever declares more is not speaking CMPP.
MOST_BYTES: Final = 4096
_RESPONSE: Final = 0x80000000


class Command(IntEnum):
    """What a packet is. A response has its request's number with the top bit set."""

    CONNECT = 0x00000001
    CONNECT_RESP = 0x80000001
    TERMINATE = 0x00000002
    TERMINATE_RESP = 0x80000002
    SUBMIT = 0x00000004
    SUBMIT_RESP = 0x80000004
    DELIVER = 0x00000005
    DELIVER_RESP = 0x80000005
    QUERY = 0x00000006
    QUERY_RESP = 0x80000006
    CANCEL = 0x00000007
    CANCEL_RESP = 0x80000007
    ACTIVE_TEST = 0x00000008
    ACTIVE_TEST_RESP = 0x80000008


class BadPacket(BadInput):
    """Bytes that are no packet of this version; `field` names where it was seen."""

    code = "cmpp_packet"


# A field is (name, kind, bytes): u a number, s text padded with NUL, x plain bytes, l as many texts as DestUsr_tl says,
# c the content, as long as Msg_Length says.
_Field = tuple[str, str, int]


def _submit(version: int) -> tuple[_Field, ...]:
    new = version == V30
    number = 32 if new else 21
    return (
        ("Msg_Id", "x", 8), ("Pk_total", "u", 1), ("Pk_number", "u", 1), ("Registered_Delivery", "u", 1), ("Msg_level", "u", 1),
        ("Service_Id", "s", 10), ("Fee_UserType", "u", 1), ("Fee_terminal_Id", "s", number),
        *((("Fee_terminal_type", "u", 1),) if new else ()),
        ("TP_pId", "u", 1), ("TP_udhi", "u", 1), ("Msg_Fmt", "u", 1), ("Msg_src", "s", 6), ("FeeType", "s", 2), ("FeeCode", "s", 6),
        ("ValId_Time", "s", 17), ("At_Time", "s", 17), ("Src_Id", "s", 21), ("DestUsr_tl", "u", 1), ("Dest_terminal_Id", "l", number),
        *((("Dest_terminal_type", "u", 1),) if new else ()),
        ("Msg_Length", "u", 1), ("Msg_Content", "c", 0), *((("LinkID", "s", 20),) if new else (("Reserve", "s", 8),)),
    )  # fmt: skip


def _deliver(version: int) -> tuple[_Field, ...]:
    new = version == V30
    return (
        ("Msg_Id", "x", 8), ("Dest_Id", "s", 21), ("Service_Id", "s", 10), ("TP_pid", "u", 1), ("TP_udhi", "u", 1), ("Msg_Fmt", "u", 1),
        ("Src_terminal_Id", "s", 32 if new else 21), *((("Src_terminal_type", "u", 1),) if new else ()),
        ("Registered_Delivery", "u", 1), ("Msg_Length", "u", 1), ("Msg_Content", "c", 0),
        *((("LinkID", "s", 20),) if new else (("Reserved", "s", 8),)),
    )  # fmt: skip


_COUNTS: Final = ("MT_TLMsg", "MT_Tlusr", "MT_Scs", "MT_WT", "MT_FL", "MO_Scs", "MO_WT", "MO_FL")
_QUERY: Final[tuple[_Field, ...]] = (("Time", "s", 8), ("Query_Type", "u", 1), ("Query_Code", "s", 10))
_SAME: Final[Mapping[Command, tuple[_Field, ...]]] = {
    Command.CONNECT: (("Source_Addr", "s", 6), ("AuthenticatorSource", "x", 16), ("Version", "u", 1), ("Timestamp", "u", 4)),
    Command.TERMINATE: (),
    Command.TERMINATE_RESP: (),
    Command.ACTIVE_TEST: (),
    Command.ACTIVE_TEST_RESP: (("Reserved", "u", 1),),
    Command.QUERY: (*_QUERY, ("Reserve", "s", 8)),
    Command.QUERY_RESP: (*_QUERY, *((name, "u", 4) for name in _COUNTS)),
    Command.CANCEL: (("Msg_Id", "x", 8),),
}


def _table(command: Command, version: int, length: int | None) -> tuple[_Field, ...]:
    """The fields of a packet. A response is told apart by its own length: a gateway of 2.0 answers a CONNECT of 3.0 in its own form."""
    if command in _SAME:
        return _SAME[command]
    if command is Command.SUBMIT:
        return _submit(version)
    if command is Command.DELIVER:
        return _deliver(version)
    width = 4 if version == V30 else 1
    if length is not None:
        rest = {Command.CONNECT_RESP: 17, Command.SUBMIT_RESP: 8, Command.DELIVER_RESP: 8, Command.CANCEL_RESP: 0}[command]
        width = length - rest if length - rest in (1, 4) else width
    if command is Command.CONNECT_RESP:
        return (("Status", "u", width), ("AuthenticatorISMG", "x", 16), ("Version", "u", 1))
    if command is Command.CANCEL_RESP:
        return (("Success_Id", "u", width),)
    return (("Msg_Id", "x", 8), ("Result", "u", width))


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet. `body` has the fields by name: numbers, text without padding, bytes, and a list for the destinations."""

    command: Command
    sequence: int
    body: Mapping[str, Any]

    def __repr__(self) -> str:
        # Content, numbers and authenticators stay out of logs and tracebacks.
        return f"Packet({self.command.name}, sequence={self.sequence})"


def encode(packet: Packet, version: int) -> bytes:
    """The packet's bytes. Fields that are not given are zero or empty; BadPacket for a field that does not fit."""
    body, out = packet.body, []
    table = _table(packet.command, version, None)
    if unknown := set(body) - {name for name, _, _ in table}:
        raise BadPacket(f"{packet.command.name}: has no field {min(unknown)}", field=min(unknown))
    derived = {"DestUsr_tl": len(body.get("Dest_terminal_Id", ())), "Msg_Length": len(body.get("Msg_Content", b""))}
    for name, kind, size in table:
        value = body.get(name, derived.get(name))
        if kind == "u":
            out.append(_number(name, value or 0, size))
        elif kind == "c":
            out.append(value or b"")
        elif kind == "l":
            out += [_padded(name, each, size) for each in value or ()]
        else:
            out.append(_padded(name, value or b"", size))
    raw = b"".join(out)
    if HEADER_BYTES + len(raw) > MOST_BYTES:
        raise BadPacket(f"{packet.command.name}: longer than {MOST_BYTES} bytes", field="Total_Length")
    return struct.pack(">III", HEADER_BYTES + len(raw), packet.command, packet.sequence & 0xFFFFFFFF) + raw


def _number(name: str, value: int, size: int) -> bytes:
    try:
        return value.to_bytes(size, "big")
    except (OverflowError, AttributeError):
        raise BadPacket(f"{name}: {value!r} does not fit {size} bytes", field=name) from None


def _padded(name: str, value: str | bytes, size: int) -> bytes:
    raw = value.encode("latin-1", "replace") if isinstance(value, str) else bytes(value)
    if len(raw) > size:
        raise BadPacket(f"{name}: longer than {size} bytes", field=name)
    return raw.ljust(size, b"\0")


def decode(raw: bytes, version: int) -> Packet:
    """One whole packet from its bytes, each of which is used. BadPacket names the field that does not fit."""
    if len(raw) < HEADER_BYTES:
        raise BadPacket(f"Total_Length: {len(raw)} bytes are no header", field="Total_Length")
    length, number, sequence = struct.unpack_from(">III", raw)
    if length != len(raw):
        raise BadPacket(f"Total_Length: says {length}, there are {len(raw)}", field="Total_Length")
    try:
        command = Command(number)
    except ValueError:
        raise BadPacket(f"Command_Id: {number:08x} is none of ours", field="Command_Id") from None
    return Packet(command, sequence, dict(_fields(command, version, raw[HEADER_BYTES:])))


def _fields(command: Command, version: int, raw: bytes) -> Iterator[tuple[str, Any]]:
    at, seen = 0, {"DestUsr_tl": 0, "Msg_Length": 0}
    for name, kind, size in _table(command, version, len(raw)):
        if kind == "l":
            numbers = []
            for _ in range(seen["DestUsr_tl"]):
                numbers.append(_text(_cut(name, raw, at, size)))
                at += size
            yield name, numbers
            continue
        size = seen["Msg_Length"] if kind == "c" else size
        piece = _cut(name, raw, at, size)
        at += size
        if kind == "u":
            seen[name] = int.from_bytes(piece, "big")
            yield name, seen[name]
        else:
            yield name, _text(piece) if kind == "s" else piece
    if at != len(raw):
        raise BadPacket(f"{command.name}: {len(raw) - at} bytes too many", field="Total_Length")


def _cut(name: str, raw: bytes, at: int, size: int) -> bytes:
    if at + size > len(raw):
        raise BadPacket(f"{name}: the packet ends before it", field=name)
    return raw[at : at + size]


def _text(padded: bytes) -> str:
    """A fixed text ends at its first NUL; one that fills its field has none."""
    return padded.partition(b"\0")[0].decode("latin-1")


class Framer:
    """Cuts a stream into whole packets, however it arrives. BadPacket for a length that no packet has: the stream is lost then."""

    def __init__(self) -> None:
        self._kept = bytearray()

    @property
    def waiting(self) -> int:
        """How many bytes of a packet that is not whole yet are kept."""
        return len(self._kept)

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that are whole by now, in order, header and all."""
        self._kept += data
        whole, at = [], 0
        while len(self._kept) - at >= 4:
            length = int.from_bytes(self._kept[at : at + 4], "big")
            if not HEADER_BYTES <= length <= MOST_BYTES:
                raise BadPacket(f"Total_Length: {length} is no length of a packet", field="Total_Length")
            if len(self._kept) - at < length:
                break
            whole.append(bytes(self._kept[at : at + length]))
            at += length
        del self._kept[:at]
        return whole


def authenticator(source_addr: bytes, secret: bytes, timestamp: str) -> bytes:
    """AuthenticatorSource. `timestamp` is MMDDHHMMSS with its leading zero, though the number on the wire has none."""
    # MD5 is the protocol's own; the link needs a private line all the same.
    return hashlib.md5(source_addr + bytes(9) + secret + timestamp.encode(), usedforsecurity=False).digest()


def answer_authenticator(status: int, width: int, of_source: bytes, secret: bytes) -> bytes:
    """AuthenticatorISMG. `width` is that of Status in the packet: 1 byte in 2.x, 4 in 3.0."""
    return hashlib.md5(status.to_bytes(width, "big") + of_source + secret, usedforsecurity=False).digest()


def connect(*, sequence: int, source_addr: str, secret: bytes, timestamp: str, version: int) -> Packet:
    """The first packet on a connection."""
    digest = authenticator(source_addr.encode("latin-1"), secret, timestamp)
    body = {"Source_Addr": source_addr, "AuthenticatorSource": digest, "Version": version, "Timestamp": int(timestamp)}
    return Packet(Command.CONNECT, sequence, body)


def answer_to(packet: Packet, **fields: Any) -> Packet:
    """The response to a request, with its sequence."""
    return Packet(Command(packet.command | _RESPONSE), packet.sequence, fields)


def packets_of(raw: bytes, version: int) -> Sequence[Packet]:
    """All packets of a whole stream; BadPacket if something is left over."""
    framer = Framer()
    found = [decode(each, version) for each in framer.feed(raw)]
    if framer.waiting:
        raise BadPacket("Total_Length: the stream ends within a packet", field="Total_Length")
    return found
