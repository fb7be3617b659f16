"""What a CMPP packet carries: text in its code, long messages cut and joined, and receipts.

Pure. Content that is not text survives byte for byte. A user data header is walked element by element, for a
concatenation may stand behind another; the number of a part is the header's and never `Pk_number`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from holdfast.adapters.cmpp.packets import BadPacket

ASCII: Final = 0
UCS2: Final = 8
GB: Final = 15
_CODES: Final = {ASCII: "ascii", UCS2: "utf-16-be", GB: "gb18030"}
_UDHI_BITS: Final = 0x41  # bit 0 as CMPP says, bit 6 as GSM 03.40 has it and some gateways send
_NUMBER_BYTES: Final = {60: 21, 71: 32}
MOST_CONTENT: Final = 140


@dataclass(frozen=True, slots=True)
class Concat:
    """Which part of which long message; `ref_bits` is 8 or 16."""

    ref_bits: int
    ref: int
    total: int
    number: int


@dataclass(frozen=True, slots=True)
class Udh:
    """A user data header: its length byte, its elements (number and data), and the concatenation if one is there."""

    length: int
    elements: tuple[tuple[int, bytes], ...]

    @property
    def concat(self) -> Concat | None:
        for number, data in self.elements:
            if number == 0x00 and len(data) == 3:
                return Concat(8, data[0], data[1], data[2])
            if number == 0x08 and len(data) == 4:
                return Concat(16, int.from_bytes(data[:2], "big"), data[2], data[3])
        return None


def has_udh(tp_udhi: int) -> bool:
    """Whether the content begins with a header."""
    return bool(tp_udhi & _UDHI_BITS)


def cut_udh(content: bytes) -> tuple[Udh, bytes]:
    """A content's header and what follows it. BadPacket if the header runs over the content."""
    if not content or 1 + content[0] > len(content):
        raise BadPacket("Msg_Content: its header is longer than itself", field="Msg_Content")
    head, rest = content[1 : 1 + content[0]], content[1 + content[0] :]
    elements, at = [], 0
    while at < len(head):
        if at + 2 > len(head) or at + 2 + head[at + 1] > len(head):
            raise BadPacket("Msg_Content: an element runs over its header", field="Msg_Content")
        elements.append((head[at], head[at + 2 : at + 2 + head[at + 1]]))
        at += 2 + head[at + 1]
    return Udh(content[0], tuple(elements)), rest


def without_concat(content: bytes) -> bytes:
    """The content without its concatenation; other elements stay, and a header that is empty then goes."""
    udh, rest = cut_udh(content)
    kept = b"".join(bytes((number, len(data))) + data for number, data in udh.elements if (number, len(data)) not in ((0x00, 3), (0x08, 4)))
    return bytes((len(kept),)) + kept + rest if kept else rest


def text_of(msg_fmt: int, data: bytes) -> str | None:
    """The text of a content without its header; None where it is no text."""
    code = _CODES.get(msg_fmt)
    if code is None:
        return None
    try:
        return data.decode(code)
    except UnicodeDecodeError:
        return None


def ucs2(text: str) -> bytes:
    """A part's text as it stands in the packet."""
    return text.encode("utf-16-be", "surrogatepass")


def contents(parts: Sequence[str], ref: int) -> list[bytes]:
    """What each part of a message carries: UCS-2, and a header of six bytes if there are several."""
    if len(parts) == 1:
        return [ucs2(parts[0])]
    if not 1 <= len(parts) <= 255:
        raise BadPacket(f"Pk_total: {len(parts)} parts are too many", field="Pk_total")
    return [bytes((5, 0, 3, ref & 0xFF, len(parts), number)) + ucs2(part) for number, part in enumerate(parts, 1)]


@dataclass(frozen=True, slots=True)
class ReceiptBody:
    """What a receipt says. `msg_id` is that of the SUBMIT_RESP; `stat` is kept as it came; times are text, for they may be nonsense."""

    msg_id: bytes
    stat: str
    submit_time: str
    done_time: str
    number: str = field(repr=False)
    smsc_sequence: int


def receipt_of(content: bytes) -> ReceiptBody:
    """A receipt of 60 or of 71 bytes, told by its length; BadPacket for any other."""
    width = _NUMBER_BYTES.get(len(content))
    if width is None:
        raise BadPacket(f"Msg_Length: a receipt has 60 or 71 bytes, not {len(content)}", field="Msg_Length")

    def text(first: int, last: int) -> str:
        return content[first:last].partition(b"\0")[0].decode("latin-1")

    return ReceiptBody(
        content[:8], text(8, 15), text(15, 25), text(25, 35), text(35, 35 + width), int.from_bytes(content[35 + width :], "big")
    )


def receipt_bytes(receipt: ReceiptBody, width: int = 21) -> bytes:
    """A receipt as it stands in a DELIVER, its number in 21 or 32 bytes."""

    def fixed(text: str, size: int) -> bytes:
        return text.encode("latin-1")[:size].ljust(size, b"\0")

    return (
        receipt.msg_id + fixed(receipt.stat, 7) + fixed(receipt.submit_time, 10) + fixed(receipt.done_time, 10)
        + fixed(receipt.number, width) + receipt.smsc_sequence.to_bytes(4, "big")
    )  # fmt: skip


def plain_number(number: str) -> str:
    """A subscriber's number without +86 or 86 in front."""
    bare = number.removeprefix("+")
    return bare[2:] if bare.startswith("86") and len(bare) == 13 else bare


@dataclass(frozen=True, slots=True)
class Joined:
    """An inbound message. `text` None: it is no text. `complete` False: parts were missing when its time ran out."""

    sender: str = field(repr=False)
    to: str
    text: str | None = field(repr=False)
    complete: bool
    msg_ids: tuple[bytes, ...]


@dataclass(slots=True)
class _Group:
    parts: dict[int, tuple[int, bytes, bytes]]
    since: float


# Both numbers, width of the reference, the reference, the total.
_Key = tuple[str, str, int, int, int]


@dataclass
class Joiner:
    """Joins the parts of inbound messages. A reference that comes round again never glues two messages together."""

    expire_s: float = 600.0
    _groups: dict[_Key, _Group] = field(default_factory=dict)

    def take(
        self, *, sender: str, to: str, tp_udhi: int, msg_fmt: int, content: bytes, msg_id: bytes, now: float
    ) -> list[Joined]:  # fmt: skip
        """The messages that this part makes whole, after those whose place it takes; `now` counts seconds from anywhere."""
        done = self.expired(now)
        try:
            udh, data = cut_udh(content) if has_udh(tp_udhi) else (None, content)
        except BadPacket:
            udh, data = None, content
        concat = udh.concat if udh else None
        if concat is None or concat.total <= 1 or not 1 <= concat.number <= concat.total:
            return [*done, Joined(sender, to, text_of(msg_fmt, data), True, (msg_id,))]
        key = (sender, to, concat.ref_bits, concat.ref, concat.total)
        group = self._groups.get(key)
        if group is not None and concat.number in group.parts and group.parts[concat.number][:2] != (msg_fmt, data):
            done.append(self._join(key))
            group = None
        if group is None:
            group = self._groups[key] = _Group({}, now)
        group.parts[concat.number] = (msg_fmt, data, msg_id)
        if len(group.parts) == concat.total:
            done.append(self._join(key))
        return done

    def expired(self, now: float) -> list[Joined]:
        """What is still incomplete when its time is over."""
        return [self._join(key) for key, group in list(self._groups.items()) if now - group.since > self.expire_s]

    def _join(self, key: _Key) -> Joined:
        group = self._groups.pop(key)
        texts = [text_of(fmt, data) for _, (fmt, data, _) in sorted(group.parts.items())]
        whole = None if any(each is None for each in texts) else "".join(each for each in texts if each is not None)
        return Joined(key[0], key[1], whole, len(group.parts) == key[4], tuple(group.parts[number][2] for number in sorted(group.parts)))
