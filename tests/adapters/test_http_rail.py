"""The rail over HTTP: what is not signed, or answers for another key, is no answer; a wrong description names its field."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from holdfast.adapters.http_rail import HttpRail, described, signature
from holdfast.kernel.errors import BadInput, Unavailable
from holdfast.kernel.money import Money
from holdfast.payments import Order, Outcome

SECRET = "a secret of the test's own"
ORDER = Order("po_1", Money(120_000, "CNY"), "示例张三", "6222020000000000123", "PAY-2026-0001", date(2026, 3, 2))
TEXT = "format: rail/1\nname: peer\nurl: {url}\ncurrencies: [CNY]\nsecret_env: PEER_SECRET\ntimeout_s: 2\n"


class Peer:
    """Answers what it is told to, and keeps what it heard."""

    says: bytes = b"{}"
    signs = True
    status = 200

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, dict[str, Any]]] = []


@pytest.fixture
def peer() -> Iterator[tuple[Peer, HttpRail]]:
    told = Peer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            at = self.headers["Holdfast-Time"]
            assert self.headers["Holdfast-Signature"] == signature(SECRET.encode(), self.command, self.path, at, body)
            told.heard.append((self.command, self.path, json.loads(body or b"{}")))
            self.send_response(told.status)
            if told.signs:
                self.send_header("Holdfast-Signature", signature(SECRET.encode(), "ANSWER", self.path, at, told.says))
            self.send_header("Content-Length", str(len(told.says)))
            self.end_headers()
            self.wfile.write(told.says)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *args: Any) -> None:
            return None

    with HTTPServer(("127.0.0.1", 0), Handler) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEER_SECRET", SECRET)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield told, HttpRail(described(TEXT.format(url=f"http://127.0.0.1:{server.server_port}")))
        server.shutdown()


def test_an_order_is_told_whole_and_signed_and_its_answer_is_taken(peer: tuple[Peer, HttpRail]) -> None:
    told, rail = peer
    told.says = b'{"key":"po_1","outcome":"paid","reference":"B1","paid_on":"2026-03-02"}'
    answer = rail.send(ORDER)
    assert (answer.outcome, answer.reference, answer.paid_on) == (Outcome.PAID, "B1", date(2026, 3, 2))
    assert told.heard == [
        ("POST", "/orders", {
            "key": "po_1", "amount": {"minor": 120_000, "currency": "CNY"}, "name": "示例张三", "account": "6222020000000000123",
            "remark": "PAY-2026-0001", "on": "2026-03-02",
        }),
    ]  # fmt: skip


def test_collecting_enquiring_recalling_and_hearing_go_where_the_description_says(peer: tuple[Peer, HttpRail]) -> None:
    told, rail = peer
    told.says = b'{"key":"po_1","outcome":"accepted"}'
    assert {rail.collect(ORDER).outcome, rail.enquire("po_1").outcome, rail.recall("po_1").outcome} == {Outcome.ACCEPTED}
    told.says = b'{"answers":[{"number":7,"key":"po_2","outcome":"rejected","why":"no"}]}'
    (heard,) = rail.answers(3)
    assert (heard.number, heard.key, heard.answer.outcome, heard.answer.why) == (7, "po_2", Outcome.REJECTED, "no")
    assert [path for _, path, _ in told.heard] == ["/debits", "/orders/po_1", "/orders/po_1/recall", "/answers?after=3"]


@pytest.mark.parametrize(
    ("says", "signs", "status", "code"),
    [
        (b'{"key":"po_1","outcome":"rejected"}', False, 200, "rail_unsigned"),
        (b'{"key":"po_2","outcome":"rejected"}', True, 200, "rail_other_key"),
        (b"[]", True, 200, "rail_nonsense"),
        (b"not json", True, 200, "rail_nonsense"),
        (b'{"key":"po_1","outcome":"rejected"}', True, 500, "rail_no_answer"),
    ],
)
def test_what_is_not_a_signed_answer_for_this_key_is_no_answer_and_never_a_refusal(
    peer: tuple[Peer, HttpRail], says: bytes, signs: bool, status: int, code: str
) -> None:
    told, rail = peer
    told.says, told.signs, told.status = says, signs, status
    with pytest.raises(Unavailable) as caught:
        rail.send(ORDER)
    assert caught.value.code == code


def test_a_word_that_the_description_does_not_know_is_unknown(peer: tuple[Peer, HttpRail]) -> None:
    told, rail = peer
    told.says = b'{"key":"po_1","outcome":"maybe"}'
    assert rail.send(ORDER).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("format: rail/2", "format"),
        ("url: http://bank.example", "url"),
        ("url: ftp://bank.example", "url"),
        ("currencies: [XTS]", "currencies"),
        ("currencies: []", "currencies"),
        ("colour: red", "colour"),
        ("paths: {steal: /x}", "paths"),
        ("outcomes: {ok: fine}", "outcomes"),
        ("timeout_s: 0", "timeout_s"),
        ("secret_env: NOT_SET_ANYWHERE", "secret_env"),
    ],
)
def test_a_wrong_description_names_its_field(monkeypatch: pytest.MonkeyPatch, line: str, field: str) -> None:
    monkeypatch.setenv("PEER_SECRET", SECRET)
    name = line.split(":", maxsplit=1)[0]
    kept = [each for each in TEXT.format(url="https://bank.example").splitlines() if not each.startswith(f"{name}:")]
    with pytest.raises(BadInput) as caught:
        described("\n".join([*kept, line]))
    assert caught.value.field == field


def test_no_rail_was_run_against_a_real_peer_and_it_says_so(peer: tuple[Peer, HttpRail]) -> None:
    assert peer[1].capabilities().run_against == "NOT RUN AGAINST A REAL PEER"
