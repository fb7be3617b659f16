"""The CMPP client against a gateway in another process: what it may send again and what it may not, whatever goes wrong."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from holdfast.adapters.cmpp.channel import CmppChannel
from holdfast.adapters.cmpp.content import ucs2
from holdfast.adapters.cmpp.packets import V20, V30
from holdfast.contact import Accepted, Heard, Inbound, LateAnswer, Letter, Receipt
from holdfast.kernel.errors import Unavailable
from tests.gateways.running import Running, gateway, until

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
VERSIONS = pytest.mark.parametrize("version", [V20, V30], ids=["2.0", "3.0"])


class Desk:
    """A channel to a gateway, and what it heard."""

    def __init__(self, at: Running, version: int = V30, **account: Any) -> None:
        self.gateway = at
        self.heard: list[Heard] = []
        self.broken = False
        self.channel = CmppChannel(at.account(version, **account), self._keep)

    def _keep(self, channel: str, heard: Sequence[Heard]) -> None:
        if self.broken:
            raise Unavailable("the database is away")
        self.heard += heard

    def send(self, *texts: str, first: int = 1) -> Sequence[Accepted]:
        letters = [Letter(f"7:{number}", f"139{number:08d}", text) for number, text in enumerate(texts, first)]
        return self.channel.send(letters, AT)

    def receipts(self) -> list[Receipt]:
        return [each for each in self.heard if isinstance(each, Receipt)]

    def submits(self) -> list[dict[str, Any]]:
        return self.gateway.noted("submit")


@pytest.fixture
def desk_at(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    desks: list[Desk] = []
    with gateway(tmp_path) as running:

        def make(version: int = V30, **account: Any) -> Desk:
            desks.append(Desk(running, version, **account))
            return desks[-1]

        yield make
        for desk in desks:
            desk.channel.stop()


def faults(desk: Desk, **shares: float) -> None:
    desk.gateway.order("faults", faults=shares)


@VERSIONS
def test_a_message_is_sent_and_its_receipt_comes_back_under_the_number_of_its_answer(desk_at: Any, version: int) -> None:
    desk = desk_at(version)
    (answer,) = desk.send("【示例】您好")
    assert answer.outcome == "sent"
    assert until(lambda: len(desk.receipts()) == 1)
    (receipt,) = desk.receipts()
    assert (receipt.provider_id, receipt.state, receipt.stat, receipt.number) == (answer.provider_id, "delivered", "DELIVRD", "13900000001")
    assert [(each["to"], each["content"]) for each in desk.submits()] == [(1, ucs2("【示例】您好").hex())]
    assert until(lambda: len(desk.gateway.noted("deliver")) == 1)


@VERSIONS
def test_a_long_message_goes_in_parts_each_with_its_own_number_and_receipt(desk_at: Any, version: int) -> None:
    desk = desk_at(version)
    (answer,) = desk.send("款" * 140)
    assert [each.outcome for each in answer.parts] == ["sent"] * 3
    assert until(lambda: len(desk.receipts()) == 3)
    assert {each.provider_id for each in desk.receipts()} == {each.provider_id for each in answer.parts}
    assert [(each["part"], each["total"], each["content"][:6]) for each in desk.submits()] == [(n, 3, "050003") for n in (1, 2, 3)]


@VERSIONS
def test_an_answer_that_does_not_come_is_unknown_and_the_message_is_not_written_again(desk_at: Any, version: int) -> None:
    desk = desk_at(version, answer_s=1.0)
    faults(desk, lose_answer=1.0)
    (answer,) = desk.send("a")
    assert (answer.outcome, answer.provider_id) == ("unknown", None)
    assert answer.why == "no answer within 1 seconds"
    assert len(desk.submits()) == 1
    assert until(lambda: len(desk.receipts()) == 1), "its receipt tells all the same"


def test_a_connection_that_ends_leaves_what_was_in_flight_unknown_and_the_next_one_repeats_nothing(desk_at: Any) -> None:
    desk = desk_at()
    faults(desk, hang_up_after=1.0)
    (first,) = desk.send("a")
    assert (first.outcome, first.why) == ("unknown", "the connection ended before the answer")
    faults(desk)
    (second,) = desk.send("b", first=2)
    assert second.outcome == "sent"
    assert [each["content"] for each in desk.submits()] == [ucs2("a").hex(), ucs2("b").hex()]
    assert len(desk.gateway.noted("connect")) == 2


def test_what_a_full_gateway_did_not_take_is_sent_again_more_slowly_until_it_does(desk_at: Any) -> None:
    desk = desk_at()
    faults(desk, flow_control=0.6)
    answers = desk.send(*(str(number) for number in range(10)))
    taken = [each["number"] for each in desk.submits() if each["taken"]]
    assert len(taken) == len(set(taken)), "nobody twice"
    assert {each.outcome for each in answers} <= {"sent", "not_taken"}
    assert sum(each.outcome == "sent" for each in answers) == len(taken)
    assert len(desk.submits()) > 10


def test_a_refused_message_fails_with_the_code_and_its_meaning(desk_at: Any) -> None:
    desk = desk_at()
    faults(desk, refuse=1.0)
    (answer,) = desk.send("a")
    assert (answer.outcome, answer.why) == ("failed", "13: wrong Dest_terminal_Id")


def test_a_late_answer_is_kept_with_its_key_and_part(desk_at: Any) -> None:
    desk = desk_at(answer_s=0.5)
    faults(desk, answer_after_s=1.5, lose_receipt=1.0)
    (answer,) = desk.send("a")
    assert answer.outcome == "unknown"
    assert until(lambda: len(desk.heard) == 1)
    (late,) = desk.heard
    assert isinstance(late, LateAnswer)
    assert (late.key, late.part_no, late.answer.outcome) == ("7:1", 1, "sent")


def test_never_more_requests_are_in_flight_than_the_window_allows(desk_at: Any) -> None:
    desk = desk_at(window=4, answer_s=1.0)
    faults(desk, lose_answer=1.0)
    done = threading.Thread(target=lambda: desk.send(*"abcdefgh"))
    done.start()
    assert until(lambda: len(desk.submits()) == 4)
    time.sleep(0.4)
    assert len(desk.submits()) == 4
    done.join()
    assert len(desk.submits()) == 8


def test_no_more_messages_leave_in_a_second_than_the_contract_allows(desk_at: Any) -> None:
    desk = desk_at(per_second=20)
    begun = time.monotonic()
    desk.send(*(str(number) for number in range(21)))
    assert time.monotonic() - begun >= 1.0


def test_receipts_are_answered_only_when_they_are_stored_and_come_again_until_then(desk_at: Any) -> None:
    desk = desk_at()
    desk.broken = True
    desk.send("a")
    time.sleep(0.5)
    assert desk.gateway.noted("deliver") == []
    desk.broken = False
    assert until(lambda: len(desk.receipts()) == 1), "delivered again"
    assert until(lambda: len(desk.gateway.noted("deliver")) == 1)


@VERSIONS
def test_an_inbound_message_in_parts_out_of_order_is_joined_and_then_answered(desk_at: Any, version: int) -> None:
    desk = desk_at(version)
    desk.channel.start()
    assert until(lambda: len(desk.gateway.noted("connect")) == 1)
    for number, text in ((2, "结清"), (1, "我想提前")):
        content = bytes((5, 0, 3, 9, 2, number)) + ucs2(text)
        body = {
            "Msg_Id": bytes([number] * 8).hex(), "Dest_Id": "106901234577", "Src_terminal_Id": "8613900000001", "TP_udhi": 1, "Msg_Fmt": 8,
            "Msg_Content": content.hex(),
        }  # fmt: skip
        desk.gateway.order("deliver", body=body)
    assert until(lambda: len(desk.heard) == 1)
    (heard,) = desk.heard
    assert isinstance(heard, Inbound)
    assert (heard.number, heard.to, heard.text, heard.complete) == ("13900000001", "106901234577", "我想提前结清", True)
    assert until(lambda: len(desk.gateway.noted("deliver")) == 2)


def test_a_gateway_that_takes_leave_is_answered_and_met_again(desk_at: Any) -> None:
    desk = desk_at()
    desk.send("a")
    desk.gateway.order("terminate")
    assert until(lambda: len(desk.gateway.noted("connect")) == 2)
    assert [each.outcome for each in desk.send("b", first=2)] == ["sent"]


def test_a_silent_connection_is_tested_and_a_deaf_gateway_is_left(desk_at: Any) -> None:
    desk = desk_at(idle_s=0.3, answer_s=0.3)
    desk.send("a")
    assert until(lambda: len(desk.gateway.noted("active_test")) >= 2)
    assert len(desk.gateway.noted("connect")) == 1, "it answers: the connection stays"
    desk.gateway.order("deaf")
    assert until(lambda: len(desk.gateway.noted("connect")) == 2)


def test_an_active_test_of_the_gateway_is_answered(desk_at: Any) -> None:
    desk = desk_at()
    desk.send("a")
    desk.gateway.order("active_test")
    assert [each.outcome for each in desk.send("b", first=2)] == ["sent"]


def test_a_packet_that_is_none_of_ours_is_passed_over(desk_at: Any) -> None:
    desk = desk_at()
    faults(desk, garbage=1.0)
    assert [each.outcome for each in desk.send("a", "b")] == ["sent", "sent"]


def test_a_wrong_secret_is_tried_once_and_then_waits_for_a_person(desk_at: Any) -> None:
    desk = desk_at(secret=b"another secret")
    with pytest.raises(Unavailable, match="wrong secret"):
        desk.send("a")
    time.sleep(0.6)
    assert len(desk.gateway.noted("connect")) == 1


def test_an_older_gateway_is_spoken_to_in_its_own_version_if_that_is_allowed(tmp_path: Path) -> None:
    with gateway(tmp_path, speaks="0x20") as running:
        stubborn = Desk(running, V30)
        with pytest.raises(Unavailable):
            stubborn.send("a")
        stubborn.channel.stop()
        desk = Desk(running, V30, step_down=True)
        assert [each.outcome for each in desk.send("a")] == ["sent"]
        assert until(lambda: len(desk.receipts()) == 1)
        desk.channel.stop()


def test_a_gateway_that_does_not_know_our_secret_is_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def pretend() -> None:
            guest, _ = server.accept()
            guest.recv(100)
            guest.sendall(bytes.fromhex("0000001e800000010000000100" + "00" * 16 + "20"))
            guest.recv(100)
            guest.close()

        threading.Thread(target=pretend, daemon=True).start()
        running = Running(None, server.getsockname()[1], Path())  # type: ignore[arg-type]
        desk = Desk(running, V20)
        with pytest.raises(Unavailable, match="does not know our secret"):
            desk.send("a")


def test_a_gateway_that_is_not_there_takes_nothing_and_that_is_certain() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        desk = Desk(Running(None, nobody.getsockname()[1], Path()), V30, connect_s=0.5)  # type: ignore[arg-type]
        with pytest.raises(Unavailable, match="nothing has left"):
            desk.send("a")
        desk.channel.stop()


def test_neither_number_nor_text_nor_secret_is_ever_logged(desk_at: Any, caplog: pytest.LogCaptureFixture) -> None:
    desk = desk_at()
    with caplog.at_level("DEBUG", logger="holdfast.cmpp"):
        faults(desk, hang_up_after=0.5, garbage=0.5)
        desk.send("还款提醒", "还款提醒")
    assert not re.search(r"139\d{8}|还款|secret of the test", caplog.text)
    assert "secret of the test" not in repr(desk.channel.account)
