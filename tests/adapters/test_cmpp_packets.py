"""CMPP packets against bytes that other implementations wrote: every field, both ways, in pieces, cut short and changed."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.adapters.cmpp.content import (
    Joiner,
    contents,
    cut_udh,
    plain_number,
    receipt_bytes,
    receipt_of,
    without_concat,
)
from holdfast.adapters.cmpp.packets import (
    MOST_BYTES,
    V20,
    V30,
    BadPacket,
    Command,
    Framer,
    Packet,
    answer_authenticator,
    authenticator,
    connect,
    decode,
    encode,
    packets_of,
)
from holdfast.adapters.cmpp.reading import read
from holdfast.contact import parts_of, segments

RECORDS = [json.loads(line) for line in (Path(__file__).parents[1] / "vectors" / "cmpp" / "packets.jsonl").read_text("utf-8").splitlines()]
PIECES = ("RECEIPT_BODY", "UDH_CONTENT", "MSG_ID")
PACKETS = [each for each in RECORDS if each["command"] not in PIECES]
WITH_SECRET = [each for each in RECORDS if "auth" in each]


def version_of(record: dict[str, Any]) -> int:
    return V30 if record["version"] == "any" else int(record["version"], 16)


def raw_of(record: dict[str, Any]) -> bytes:
    return bytes.fromhex(record["hex"])


def record_of(name: str) -> dict[str, Any]:
    return next(each for each in RECORDS if each["id"] == name)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["id"])
def test_every_field_is_read_as_the_other_implementation_meant_it(record: dict[str, Any]) -> None:
    told = read(raw_of(record), version=version_of(record), command=record["command"])
    assert told == {"command": record["command"], "fields": record["fields"]}


@pytest.mark.parametrize("record", PACKETS, ids=lambda record: record["id"])
def test_what_was_read_is_written_again_byte_for_byte(record: dict[str, Any]) -> None:
    version = version_of(record)
    assert b"".join(encode(packet, version) for packet in packets_of(raw_of(record), version)) == raw_of(record)


@pytest.mark.parametrize("record", WITH_SECRET, ids=lambda record: record["id"])
def test_authenticators_are_those_of_the_other_implementations(record: dict[str, Any]) -> None:
    auth, fields = record["auth"], record["fields"]
    secret = auth["shared_secret"].encode()
    if record["command"] == "CMPP_CONNECT":
        digest = authenticator(bytes.fromhex(auth["source_addr_bytes"]), secret, auth["timestamp_text"])
        assert digest.hex() == fields["AuthenticatorSource"]
    else:
        source = bytes.fromhex(auth["authenticator_source"])
        assert answer_authenticator(fields["Status"], auth["status_width"], source, secret).hex() == fields["AuthenticatorISMG"]


def test_connect_is_written_as_another_implementation_writes_it() -> None:
    record = record_of("run-gocmpp-connect-leading-zero-20")
    made = connect(sequence=1, source_addr="901234", secret=b"1234", timestamp="0706104024", version=V20)
    assert encode(made, V20) == raw_of(record)


@pytest.mark.parametrize("version", [V20, V30])
@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 64])
def test_the_same_packets_come_out_however_the_stream_is_cut(version: int, step: int) -> None:
    whole = [raw_of(each) for each in PACKETS if version_of(each) == version or (version == V20 and version_of(each) == 0x21)]
    stream, framer, found = b"".join(whole), Framer(), []
    for at in range(0, len(stream), step):
        found += framer.feed(stream[at : at + step])
    assert b"".join(found) == stream
    assert framer.waiting == 0
    assert [decode(each, version) for each in found] == packets_of(stream, version)


def test_the_same_packets_come_out_at_random_cuts() -> None:
    stream = b"".join(raw_of(each) for each in PACKETS if version_of(each) == V30)
    chance = random.Random(7)
    for _ in range(50):
        framer, found, at = Framer(), b"", 0
        while at < len(stream):
            size = chance.randint(1, 900)
            found += b"".join(framer.feed(stream[at : at + size]))
            at += size
        assert found == stream


@pytest.mark.parametrize("record", [each for each in PACKETS if each["command"] != "STREAM"], ids=lambda record: record["id"])
def test_a_packet_that_is_cut_short_is_refused_at_every_length(record: dict[str, Any]) -> None:
    raw = raw_of(record)
    for length in range(len(raw)):
        with pytest.raises(BadPacket):
            decode(raw[:length], version_of(record))
        # Nor if its header says so little.
        shorter = length.to_bytes(4, "big") + raw[4:length]
        if length >= 12 and length != len(raw):
            try:
                packet = decode(shorter, version_of(record))
            except BadPacket:
                continue
            assert packet.command.name.endswith("_RESP"), "only an answer has a shorter form"


@pytest.mark.parametrize("length", [0, 11, MOST_BYTES + 1, 2**32 - 1])
def test_a_length_that_no_packet_has_ends_the_stream_and_nothing_is_kept_for_it(length: int) -> None:
    framer = Framer()
    with pytest.raises(BadPacket) as caught:
        framer.feed(length.to_bytes(4, "big") + b"\0" * 20)
    assert caught.value.field == "Total_Length"


@given(st.binary(max_size=600), st.sampled_from([V20, V30]))
def test_no_bytes_do_more_than_be_refused(noise: bytes, version: int) -> None:
    framed = (len(noise) + 12).to_bytes(4, "big") + Command.DELIVER.to_bytes(4, "big") + b"\0\0\0\1" + noise
    for raw in (noise, framed):
        try:
            read(raw, version=version)
        except BadPacket:
            continue


def test_a_field_that_does_not_fit_is_named() -> None:
    for body, field in (({"Src_Id": "1" * 22}, "Src_Id"), ({"Pk_total": 256}, "Pk_total"), ({"Colour": 1}, "Colour")):
        with pytest.raises(BadPacket) as caught:
            encode(Packet(Command.SUBMIT, 1, body), V30)
        assert caught.value.field == field


def test_a_field_filled_to_its_last_byte_has_no_ending_nul() -> None:
    raw = encode(Packet(Command.SUBMIT, 1, {"Msg_src": "901234", "Src_Id": "1" * 21}), V20)
    packet = decode(raw, V20)
    assert (packet.body["Msg_src"], packet.body["Src_Id"]) == ("901234", "1" * 21)


def test_a_sequence_comes_round_after_its_highest_and_may_be_zero() -> None:
    for sequence in (0xFFFFFFFF, 0, 1):
        assert decode(encode(Packet(Command.ACTIVE_TEST, sequence, {}), V30), V30).sequence == sequence


def test_the_answer_of_an_older_gateway_is_told_by_its_length() -> None:
    older = encode(Packet(Command.CONNECT_RESP, 1, {"Status": 4, "Version": 0x20}), V20)
    assert (len(older), decode(older, V30).body["Status"]) == (30, 4)


def test_a_packet_shows_no_content_no_number_and_no_secret_when_it_is_printed() -> None:
    packet = Packet(Command.SUBMIT, 5, {"Dest_terminal_Id": ["13900000001"], "Msg_Content": b"secret"})
    assert repr(packet) == "Packet(SUBMIT, sequence=5)"


# -- content --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("characters", "parts"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)])
def test_a_message_has_70_characters_in_one_part_and_67_in_each_of_several(characters: int, parts: int) -> None:
    assert len(parts_of("款" * characters)) == segments("款" * characters) == parts


@given(st.text(st.sampled_from("款a😀𠮷1"), max_size=300), st.integers(0, 255))
def test_a_long_message_is_cut_between_characters_fits_its_packets_and_joins_again(text: str, ref: int) -> None:
    pieces = contents(parts_of(text), ref)
    assert all(len(piece) <= 140 for piece in pieces)
    joiner, found = Joiner(), []
    for number in random.Random(1).sample(range(len(pieces)), len(pieces)):
        raw = encode(Packet(Command.DELIVER, 1, {"Msg_Fmt": 8, "TP_udhi": int(len(pieces) > 1), "Msg_Content": pieces[number]}), V30)
        body = decode(raw, V30).body
        found += joiner.take(
            sender="13900000001", to="106", tp_udhi=body["TP_udhi"], msg_fmt=8, content=body["Msg_Content"], msg_id=bytes([number]), now=0
        )
    assert [(each.text, each.complete) for each in found] == [(text, True)]


def part(number: int, total: int, text: str, ref: int = 46, fmt: int = 8) -> dict[str, Any]:
    content = bytes((5, 0, 3, ref, total, number)) + text.encode("utf-16-be" if fmt == 8 else "gb18030")
    return {"sender": "13900000001", "to": "106", "tp_udhi": 1, "msg_fmt": fmt, "content": content, "msg_id": text.encode()}


def test_a_reference_that_comes_round_again_glues_no_two_messages_together() -> None:
    joiner = Joiner()
    assert joiner.take(**part(1, 2, "old"), now=0) == []
    (stale,) = joiner.take(**part(1, 2, "new"), now=1)
    assert (stale.text, stale.complete) == ("old", False)
    (whole,) = joiner.take(**part(2, 2, " end"), now=2)
    assert (whole.text, whole.complete) == ("new end", True)


def test_a_part_that_comes_twice_changes_nothing() -> None:
    joiner = Joiner()
    assert joiner.take(**part(1, 2, "a"), now=0) == joiner.take(**part(1, 2, "a"), now=0) == []
    assert [each.text for each in joiner.take(**part(2, 2, "b"), now=0)] == ["ab"]


def test_what_stays_incomplete_comes_out_marked_when_its_time_is_over() -> None:
    joiner = Joiner(expire_s=50)
    joiner.take(**part(2, 2, "b"), now=0)
    assert joiner.expired(50) == []
    assert [(each.text, each.complete) for each in joiner.expired(51)] == [("b", False)]


def test_parts_in_different_codes_are_read_each_in_its_own() -> None:
    joiner = Joiner()
    joiner.take(**part(1, 2, "退"), now=0)
    assert [each.text for each in joiner.take(**part(2, 2, "订", fmt=15), now=0)] == ["退订"]


def test_one_reference_of_two_senders_is_two_messages() -> None:
    joiner = Joiner()
    joiner.take(**part(1, 2, "a"), now=0)
    assert joiner.take(**{**part(2, 2, "b"), "sender": "13900000002"}, now=0) == []


def test_a_concatenation_is_found_behind_a_port_and_a_port_is_none() -> None:
    behind, rest = cut_udh(bytes.fromhex("0b0504c34f0000000387030161"))
    assert (behind.concat.ref if behind.concat else None, rest) == (0x87, b"a")
    assert without_concat(bytes.fromhex("0b0504c34f0000000387030161")) == bytes.fromhex("060504c34f000061")
    assert cut_udh(bytes.fromhex("060504c34f000001"))[0].concat is None


@pytest.mark.parametrize("content", ["", "ff", "0500038703", "05000e030301aa"])
def test_a_header_that_runs_over_its_content_is_refused(content: str) -> None:
    with pytest.raises(BadPacket):
        cut_udh(bytes.fromhex(content))


@pytest.mark.parametrize("width", [21, 32])
def test_a_receipt_is_told_by_its_length_and_never_refused_for_its_time(width: int) -> None:
    raw = bytes.fromhex(record_of("smsgate-report71-AF")["fields"]["Msg_Content"])
    receipt = receipt_of(raw)
    assert (receipt.stat, receipt.submit_time) == ("AF:4", "0001010000")
    assert receipt_of(receipt_bytes(receipt, width)) == receipt
    with pytest.raises(BadPacket):
        receipt_of(raw[:61])


@pytest.mark.parametrize(
    ("written", "plain"),
    [("13900000001", "13900000001"), ("8613900000001", "13900000001"), ("+8613900000001", "13900000001"), ("8612", "8612")],
)
def test_a_number_is_compared_without_its_country(written: str, plain: str) -> None:
    assert plain_number(written) == plain
