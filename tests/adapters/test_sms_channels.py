"""What every way of sending text messages promises, asked of each of them: the embedded default, CMPP and a provider over HTTP."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from holdfast.adapters.described_sms import described, sms_described
from holdfast.adapters.local_outbox import LocalOutbox
from holdfast.contact import Heard, Letter, Receipt, SmsChannel
from holdfast.kernel.errors import BadInput, Unavailable
from tests.gateways import http_sms
from tests.gateways.cmpp import SECRET, SP_ID
from tests.gateways.running import gateway, until

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
NAMES = ("local outbox", "cmpp 2.0", "cmpp 3.0", "http")
CMPP = """
format: sms/1
kind: cmpp
name: test gateway
host: 127.0.0.1
port: {port}
version: "{version}"
sp_id: "{sp_id}"
secret_env: SMS_SECRET
src_id: "1069012345"
per_second: 1000
connect_s: 1
first_wait_s: 0.05
"""


@dataclass
class Way:
    """A channel with a peer, the same channel without one, and what it heard by itself."""

    channel: SmsChannel
    without: SmsChannel | None
    heard: list[Heard] = field(default_factory=list)


def letters(*texts: str) -> list[Letter]:
    return [Letter(f"7:{number}", f"139{number:08d}", text) for number, text in enumerate(texts, 1)]


def nobody() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture(params=NAMES)
def way(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    heard: list[Heard] = []

    def keep(channel: str, these: Any) -> None:
        heard.extend(these)

    name = request.param
    if name == "local outbox":
        yield Way(LocalOutbox(), None, heard)
    elif name == "http":
        monkeypatch.setenv("SMS_SECRET", http_sms.SECRET)
        with http_sms.provider() as peer:
            away = described(http_sms.DESCRIBED.format(url=f"http://127.0.0.1:{nobody()}"), keep)
            yield Way(described(http_sms.DESCRIBED.format(url=peer.url), keep), away, heard)
    else:
        monkeypatch.setenv("SMS_SECRET", SECRET.decode())
        with gateway(tmp_path) as running:
            facts = {"version": name.removeprefix("cmpp "), "sp_id": SP_ID}
            away = described(CMPP.format(port=nobody(), **facts), keep)
            channel = described(CMPP.format(port=running.port, **facts), keep)
            yield Way(channel, away, heard)
            channel.stop()
            away.stop()


def test_each_letter_has_one_answer_under_its_key_in_order(way: Way) -> None:
    sent = letters("【示例】一", "【示例】二", "款" * 100)
    answers = way.channel.send(sent, AT)
    assert [each.key for each in answers] == [each.key for each in sent]
    assert {each.outcome for each in answers} <= {"sent", "delivered"}
    ids = [each.provider_id for each in answers]
    assert None not in ids
    assert len(set(ids)) == 3


def test_what_becomes_of_a_letter_is_told_under_the_number_of_its_answer(way: Way) -> None:
    can = way.channel.capabilities()
    answers = way.channel.send(letters("【示例】一", "款" * 100), AT)
    wanted = {part.provider_id for each in answers for part in each.parts} or {each.provider_id for each in answers}
    if not can.receipts:
        assert {each.outcome for each in answers} == {"delivered"}, "who tells nothing later says all at once"
        return
    if can.receipts_pulled:
        told = list(way.channel.pull_receipts(sorted(each for each in wanted if each)))
    else:
        assert until(lambda: len(way.heard) >= len(wanted))
        told = [each for each in way.heard if isinstance(each, Receipt)]
    assert {(each.provider_id, each.state, each.stat) for each in told} == {(each, "delivered", "DELIVRD") for each in wanted}


def test_without_a_peer_nothing_has_left_and_that_is_certain(way: Way) -> None:
    if way.without is None:
        return  # it has no outside
    try:
        answers = way.without.send(letters("a", "b"), AT)
    except Unavailable:
        return
    assert [each.outcome for each in answers] == ["not_taken", "not_taken"]


def test_what_anybody_might_push_is_refused(way: Way) -> None:
    for headers in ({}, {"X-Signature": "", "X-Time": ""}, {"X-Signature": "00" * 32, "X-Time": "1"}):
        for take in (way.channel.receipt, way.channel.inbound):
            with pytest.raises(BadInput):
                take(headers, b'{"reports":[{"id":"p1","stat":"DELIVRD"}]}')


def test_asking_after_nothing_or_the_unknown_tells_nothing(way: Way) -> None:
    assert list(way.channel.pull_receipts([])) == []
    assert list(way.channel.pull_receipts(["nobody's"])) == []
    assert list(way.channel.pull_inbound()) == []


def test_it_says_what_it_can_do_and_against_whom_that_was_seen(way: Way) -> None:
    can = way.channel.capabilities()
    assert can.name
    assert can.run_against in ("itself", "NOT RUN AGAINST A REAL PEER")
    assert can.finance_allowed


@pytest.mark.parametrize("must", [True, False])
def test_a_file_says_whether_its_carrier_approves_texts(monkeypatch: pytest.MonkeyPatch, must: bool) -> None:
    monkeypatch.setenv("SMS_SECRET", SECRET.decode())
    more = f"templates_must_be_approved: {str(must).lower()}\n"
    for text in (CMPP.format(port=1, version="3.0", sp_id=SP_ID), http_sms.DESCRIBED.format(url="http://127.0.0.1:1")):
        assert described(text + more, lambda _name, _heard: None).capabilities().templates_must_be_approved is must
        assert not described(text, lambda _name, _heard: None).capabilities().templates_must_be_approved


def test_starting_and_stopping_twice_does_no_harm(way: Way) -> None:
    way.channel.start()
    way.channel.start()
    way.channel.stop()
    way.channel.stop()


# -- a provider over HTTP ---------------------------------------------------------------------------


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[http_sms.Provider]:
    monkeypatch.setenv("SMS_SECRET", http_sms.SECRET)
    with http_sms.provider() as found:
        yield found


def http_channel(peer: http_sms.Provider, change: Callable[[str], str] = lambda text: text) -> SmsChannel:
    return described(change(http_sms.DESCRIBED.format(url=peer.url)), lambda channel, heard: None)


def test_a_provider_is_given_the_fields_that_its_file_names_signed_by_its_recipe(peer: http_sms.Provider) -> None:
    (answer,) = http_channel(peer).send(letters("【示例】您好"), AT)
    assert (answer.outcome, answer.provider_id) == ("sent", "p1")
    assert peer.sent == [{"mobile": "13900000001", "content": "【示例】您好", "msgid": "7:1"}]


@pytest.mark.parametrize(
    ("says", "outcome", "why"),
    [
        ({"result": {"code": "22", "why": "black list"}}, "failed", "22: black list"),
        ({"result": {"code": "429", "why": "slow down"}}, "not_taken", "429: slow down"),
        ({"result": {"code": "77"}}, "unknown", "77: "),
        ({"result": {"code": "0"}}, "unknown", "taken, but without a number"),
        ({"oops": 1}, "unknown", ": "),
    ],
)
def test_the_words_of_an_answer_mean_what_the_file_says_and_any_other_is_unknown(
    peer: http_sms.Provider, says: dict[str, Any], outcome: str, why: str
) -> None:
    peer.says = says
    (answer,) = http_channel(peer).send(letters("a"), AT)
    assert (answer.outcome, answer.why) == (outcome, why)


def test_an_error_after_the_connection_stood_is_unknown_and_never_failed(peer: http_sms.Provider) -> None:
    channel = http_channel(peer)
    peer.status = 502
    assert [each.outcome for each in channel.send(letters("a"), AT)] == ["unknown"]
    peer.status, peer.raw = 200, b"{not json"
    assert [each.outcome for each in channel.send(letters("a"), AT)] == ["unknown"]
    peer.raw, peer.hangs_up = None, True
    assert [each.outcome for each in channel.send(letters("a"), AT)] == ["unknown"]


def test_pushed_receipts_and_messages_are_read_if_they_are_signed(peer: http_sms.Provider) -> None:
    channel = http_channel(peer)
    body = '{"reports":[{"id":"p1","stat":"DELIVRD","mobile":"13900000001","at":"2611231000"},{"id":"p2","stat":"MK:0012"},{"stat":"X"}]}'
    signed = {"x-signature": http_sms.signature(body, "1700000000"), "X-Time": "1700000000"}
    told = channel.receipt(signed, body.encode())
    assert [(each.provider_id, each.state, each.stat) for each in told] == [("p1", "delivered", "DELIVRD"), ("p2", "failed", "MK:0012")]
    with pytest.raises(BadInput):
        channel.receipt(signed, body.replace("MK:0012", "DELIVRD").encode())
    body = '{"messages":[{"id":"m1","mobile":"13900000001","text":"退订","port":"106901234577"}]}'
    signed = {"X-Signature": http_sms.signature(body, ""), "X-Time": ""}
    (heard,) = channel.inbound(signed, body.encode())
    assert (heard.number, heard.to, heard.text) == ("13900000001", "106901234577", "退订")


def test_a_provider_that_does_not_answer_when_asked_is_unavailable(peer: http_sms.Provider) -> None:
    peer.status = 503
    for ask in (lambda: http_channel(peer).pull_receipts(["p1"]), lambda: http_channel(peer).pull_inbound()):
        with pytest.raises(Unavailable):
            ask()


# -- descriptions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("format: sms/1", "format: sms/2", "format"),
        ("kind: http", "kind: pigeon", "kind"),
        ("url: http://127.0.0.1", "url: http://sp.example", "url"),
        ("secret_env: SMS_SECRET", "secret_env: NOT_SET_ANYWHERE", "secret_env"),
        ("timeout_s: 2", "timeout_s: 0", "timeout_s"),
        ("finance_allowed: true", "finance_allowed: perhaps", "finance_allowed"),
        ("finance_allowed: true", "templates_must_be_approved: perhaps", "templates_must_be_approved"),
        ("finance_allowed: true", "colour: red", "colour"),
        ("algorithm: hmac-sha256", "algorithm: rot13", "sign.algorithm"),
        ("algorithm: hmac-sha256", "algorithm: md5", "sign.text"),
        ("encoding: hex", "encoding: braille", "sign.encoding"),
        ('mobile: "{number}"', 'mobile: "{phone}"', "send.fields"),
        ("path: /send", "path: send", "send.path"),
        ('"0": sent', '"0": gone', "send.answer.words"),
        ("names: {code: result.code, id: result.id, why: result.why}", "names: {code: result.code}", "send.answer.names"),
    ],
)
def test_a_wrong_description_of_a_provider_names_its_field(peer: http_sms.Provider, old: str, new: str, named: str) -> None:
    with pytest.raises(BadInput) as caught:
        http_channel(peer, lambda text: text.replace(old, new, 1))
    assert caught.value.field == named


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('version: "3.0"', 'version: "4.0"', "version"),
        ('sp_id: "901234"', 'sp_id: "9012"', "sp_id"),
        ("port: 7890", "port: 0", "port"),
        ("port: 7890", "# none", "port"),
        ('src_id: "1069012345"', 'src_id: ""', "src_id"),
        ("per_second: 1000", "per_second: true", "per_second"),
        ("per_second: 1000", "window: 0", "window"),
        ("per_second: 1000", "strict: 1", "strict"),
        ("per_second: 1000", "colour: red", "colour"),
    ],
)
def test_a_wrong_description_of_a_cmpp_account_names_its_field(monkeypatch: pytest.MonkeyPatch, old: str, new: str, named: str) -> None:
    monkeypatch.setenv("SMS_SECRET", "secret")
    text = CMPP.format(port=7890, version="3.0", sp_id=SP_ID)
    assert old in text
    with pytest.raises(BadInput) as caught:
        described(text.replace(old, new), lambda channel, heard: None)
    assert caught.value.field == named


def test_without_a_description_the_embedded_default_is_used_and_a_missing_file_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOLDFAST_SMS", raising=False)
    assert sms_described(lambda channel, heard: None) is None
    monkeypatch.setenv("HOLDFAST_SMS", "/nowhere/sms.yaml")
    with pytest.raises(BadInput):
        sms_described(lambda channel, heard: None)
