"""CMPP bytes as a person reads them: what `holdfast decode cmpp` prints of a packet, a stream or a piece.

Names and forms of values are those of the protocol's text; message numbers, content and digests in hex.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.adapters.cmpp.content import ReceiptBody, Udh, cut_udh, has_udh, receipt_of, text_of, without_concat
from holdfast.adapters.cmpp.packets import VERSIONS, BadPacket, Command, Packet, decode, packets_of

# The pieces that are no packets, by the name under which they are asked for.
PIECES = ("RECEIPT_BODY", "UDH_CONTENT", "MSG_ID")


def read(raw: bytes, *, version: int, command: str | None = None) -> dict[str, Any]:
    """A line of the command's output: `command` and `fields`. BadPacket for bytes that are none."""
    if version not in VERSIONS:
        raise BadPacket("version: one of 0x20, 0x21, 0x30", field="version")
    if command in PIECES:
        return {"command": command, "fields": _piece(command, raw)}
    if command != "STREAM" and len(raw) >= 4 and int.from_bytes(raw[:4], "big") == len(raw):
        packet = decode(raw, version)
        return {"command": f"CMPP_{packet.command.name}", "fields": fields_of(packet, raw)}
    each = _each(raw, version)
    told: dict[str, Any] = {"packets": [{"command": f"CMPP_{packet.command.name}", "fields": fields} for packet, fields in each]}
    if reassembled := _reassembled([fields for _, fields in each]):
        told["reassembled"] = reassembled
    return {"command": "STREAM", "fields": told}


def _each(raw: bytes, version: int) -> list[tuple[Packet, dict[str, Any]]]:
    found, at = [], 0
    for packet in packets_of(raw, version):
        length = int.from_bytes(raw[at : at + 4], "big")
        found.append((packet, fields_of(packet, raw[at : at + length])))
        at += length
    return found


def fields_of(packet: Packet, raw: bytes) -> dict[str, Any]:
    """All fields of a packet, header first."""
    shown: dict[str, Any] = {"Total_Length": len(raw), "Command_Id": f"{packet.command:08x}", "Sequence_Id": packet.sequence}
    for name, value in packet.body.items():
        shown[name] = value.hex() if isinstance(value, bytes) else f"{value:02x}" if name == "Version" else value
        if name == "Msg_Id" and packet.command is not Command.SUBMIT:
            shown["Msg_Id_parts"] = msg_id_parts(value)
        elif name == "Timestamp":
            shown["Timestamp_text"] = f"{value:010d}"
        elif name == "Msg_Content":
            shown |= _content(packet.body)
    return shown


def _content(body: Mapping[str, Any]) -> dict[str, Any]:
    content = body["Msg_Content"]
    if "Dest_Id" in body and body["Registered_Delivery"] == 1:
        return {"receipt": _receipt(receipt_of(content))}
    if not has_udh(body["TP_udhi"]):
        return {"text": text_of(body["Msg_Fmt"], content)}
    udh, rest = cut_udh(content)
    return {"udh": _udh(udh), "text": text_of(body["Msg_Fmt"], rest)}


def _udh(udh: Udh) -> dict[str, Any]:
    concat = udh.concat
    return {
        "length": udh.length,
        "elements": [{"iei": f"{number:02x}", "data": data.hex()} for number, data in udh.elements],
        "concat": concat
        and {"ref_bits": concat.ref_bits, "ref": concat.ref, "total": concat.total, "number": concat.number},
    }  # fmt: skip


def _receipt(receipt: ReceiptBody) -> dict[str, Any]:
    return {
        "Msg_Id": receipt.msg_id.hex(), "Msg_Id_parts": msg_id_parts(receipt.msg_id), "Stat": receipt.stat,
        "Submit_time": receipt.submit_time, "Done_time": receipt.done_time, "Dest_terminal_Id": receipt.number,
        "SMSC_sequence": receipt.smsc_sequence,
    }  # fmt: skip


def msg_id_parts(msg_id: bytes) -> dict[str, int]:
    """What the 64 bits say by the protocol's text. Not every gateway keeps to it: nothing may be decided by it."""
    bits, parts, left = int.from_bytes(msg_id, "big"), {}, 64
    for name, width in (("month", 4), ("day", 5), ("hour", 5), ("minute", 6), ("second", 6), ("gateway", 22), ("sequence", 16)):
        left -= width
        parts[name] = bits >> left & (1 << width) - 1
    return parts


def msg_id_text(msg_id: bytes) -> str:
    """The usual form in text: MMDDHHMMSS, gateway in 7 digits, sequence in 5."""
    parts = msg_id_parts(msg_id)
    moment = "".join(f"{parts[name]:02d}" for name in ("month", "day", "hour", "minute", "second"))
    return f"{moment}{parts['gateway']:07d}{parts['sequence']:05d}"


def _piece(command: str, raw: bytes) -> dict[str, Any]:
    if command == "RECEIPT_BODY":
        return _receipt(receipt_of(raw))
    if command == "MSG_ID":
        if len(raw) != 8:
            raise BadPacket("Msg_Id: it has 8 bytes", field="Msg_Id")
        return {"Msg_Id_parts": msg_id_parts(raw), "text22": msg_id_text(raw)}
    udh, rest = cut_udh(raw)
    return {"udh": _udh(udh), "rest": rest.hex(), "without_concatenation": without_concat(raw).hex()}


def _reassembled(packets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The long messages of a stream, in the order in which they began; a part number that comes twice with other words is said."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for each in packets:
        concat = (each.get("udh") or {}).get("concat")
        if concat:
            ends = (each.get("Src_Id", each.get("Src_terminal_Id")), str(each.get("Dest_terminal_Id", each.get("Dest_Id"))))
            groups.setdefault((*ends, concat["ref_bits"], concat["ref"], concat["total"]), []).append(each)
    found = []
    for key, parts in groups.items():
        by_number: dict[int, set[str]] = {}
        for each in parts:
            by_number.setdefault(each["udh"]["concat"]["number"], set()).add(each["Msg_Content"])
        repeated = any(len(contents) > 1 for contents in by_number.values())
        texts = {each["udh"]["concat"]["number"]: each["text"] for each in parts}
        complete = len(by_number) == key[-1]
        whole = complete and not repeated and all(text is not None for text in texts.values())
        one: dict[str, Any] = {"ref": key[-2], "total": key[-1], "parts_present": sorted(by_number), "complete": complete}
        one["text"] = "".join(texts[number] for number in sorted(texts)) if whole else None
        found.append(one | ({"part_number_repeated": True} if repeated else {}))
    return found
