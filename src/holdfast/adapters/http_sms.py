"""Text messages through a provider's HTTP gateway, by a file that describes it. NOT RUN AGAINST A REAL PEER.

Every provider has its own fields, its own recipe for signing and its own words for what became of a message; the file says all
three (docs/capabilities/contact.md has an example). What goes wrong before a connection stands is `not_taken`; what goes wrong after
it is `unknown`, never `failed`, and is sent again only if the file promises that a key is sent once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from holdfast.contact import Accepted, Capabilities, Inbound, Letter, Receipt
from holdfast.kernel.clock import ShiftedClock
from holdfast.kernel.errors import BadInput, Unavailable

_MOST_BYTES: Final = 1_000_000
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_KEYS: Final = frozenset(
    {"name", "url", "timeout_s", "finance_allowed", "once_per_key", "long_messages", "per_second", "templates_must_be_approved",
     "sign", "send", "receipts", "inbound"}
)  # fmt: skip
_OUTCOMES: Final = ("sent", "failed", "not_taken", "unknown")
_STATES: Final = ("delivered", "failed", "waiting", "unknown")
_ALGORITHMS: Final = ("md5", "sha1", "sha256", "hmac-sha1", "hmac-sha256")
_ENCODINGS: Final = ("hex", "HEX", "base64")
# What a text of the file may name in braces.
_NAMES: Final = frozenset({"number", "text", "key", "time", "seconds", "body", "secret", "signature", "ids"})
_BRACES: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a request is signed: a text with names in braces, a digest of it, and how that is written."""

    text: str
    algorithm: str
    encoding: str

    def of(self, values: Mapping[str, str], secret: bytes) -> str:
        """The signature over these values."""
        told = _filled(self.text, {**values, "secret": secret.decode()}).encode()
        name = self.algorithm.removeprefix("hmac-")
        keyed = self.algorithm.startswith("hmac-")
        digest = hmac.digest(secret, told, name) if keyed else hashlib.new(name, told, usedforsecurity=False).digest()
        if self.encoding == "base64":
            return base64.b64encode(digest).decode()
        return digest.hex().upper() if self.encoding == "HEX" else digest.hex()


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: where, in which form, with which fields and headers."""

    path: str
    form: str
    fields: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """Where in what the peer says its facts stand; a path has its steps apart by dots, empty for the whole."""

    listed: str
    names: Mapping[str, str]
    states: Mapping[str, str]
    otherwise: str


@dataclass(frozen=True, slots=True)
class Peer:
    """What the file says."""

    name: str
    url: str
    secret: bytes = field(repr=False)
    timeout_s: float
    finance_allowed: bool
    once_per_key: bool
    long_messages: bool
    per_second: int | None
    templates_must_be_approved: bool
    sign: Recipe
    send: Ask
    answer: Told
    receipts: Told | None
    pull_receipts: Ask | None
    inbound: Told | None
    pull_inbound: Ask | None
    signature_header: str


class HttpSms:
    """An `SmsChannel`."""

    def __init__(self, described: Peer) -> None:
        self._peer = described

    def capabilities(self) -> Capabilities:
        peer = self._peer
        return Capabilities(
            name=peer.name, finance_allowed=peer.finance_allowed, run_against="NOT RUN AGAINST A REAL PEER",
            receipts_pushed=peer.receipts is not None and bool(peer.signature_header), receipts_pulled=peer.pull_receipts is not None,
            inbound=peer.inbound is not None, once_per_key=peer.once_per_key, long_messages=peer.long_messages, per_second=peer.per_second,
            templates_must_be_approved=peer.templates_must_be_approved,
        )  # fmt: skip

    def start(self) -> None:
        return None

    def stop(self) -> None:
        return None

    def send(self, letters: Sequence[Letter], at: datetime) -> Sequence[Accepted]:
        return [self._send(letter) for letter in letters]

    def receipt(self, raw: Mapping[str, str], body: bytes) -> Sequence[Receipt]:
        if self._peer.receipts is None:
            raise BadInput(f"{self._peer.name} pushes no receipts", code="not_pushed")
        return _receipts(self._peer.receipts, self._pushed(raw, body))

    def inbound(self, raw: Mapping[str, str], body: bytes) -> Sequence[Inbound]:
        if self._peer.inbound is None:
            raise BadInput(f"{self._peer.name} pushes no messages", code="not_pushed")
        return _inbound(self._peer.inbound, self._pushed(raw, body))

    def pull_receipts(self, provider_ids: Sequence[str]) -> Sequence[Receipt]:
        peer = self._peer
        if peer.pull_receipts is None or peer.receipts is None or not provider_ids:
            return ()
        return _receipts(peer.receipts, self._asked(peer.pull_receipts, {"ids": ",".join(provider_ids)}))

    def pull_inbound(self) -> Sequence[Inbound]:
        peer = self._peer
        if peer.pull_inbound is None or peer.inbound is None:
            return ()
        return _inbound(peer.inbound, self._asked(peer.pull_inbound, {}))

    def _send(self, letter: Letter) -> Accepted:
        peer = self._peer
        try:
            said = self._call(peer.send, {"number": letter.number, "text": letter.text, "key": letter.key})
        except _NotConnected as error:
            return Accepted(letter.key, None, "not_taken", str(error))
        except (OSError, http.client.HTTPException, _Nonsense) as error:
            return Accepted(letter.key, None, "unknown", f"{peer.name} gave no answer: {error}")
        word = str(_at(said, peer.answer.names["code"]))
        outcome = peer.answer.states.get(word, peer.answer.otherwise)
        found = _at(said, peer.answer.names["id"])
        why = "" if outcome == "sent" else f"{word}: {_at(said, peer.answer.names.get('why', ''))}"[:200]
        if outcome == "sent" and (not isinstance(found, str | int) or found == ""):
            return Accepted(letter.key, None, "unknown", "taken, but without a number")
        return Accepted(letter.key, str(found) if outcome == "sent" else None, outcome, why)

    def _asked(self, ask: Ask, values: Mapping[str, str]) -> Any:
        try:
            return self._call(ask, values)
        except (_NotConnected, OSError, http.client.HTTPException, _Nonsense) as error:
            raise Unavailable(f"{self._peer.name} gave no answer: {error}", code="sms_no_answer") from error

    def _pushed(self, raw: Mapping[str, str], body: bytes) -> Any:
        headers = {name.lower(): value for name, value in raw.items()}
        given = headers.get(self._peer.signature_header.lower(), "")
        values = {"body": body.decode("utf-8", "replace"), "time": headers.get("x-time", ""), "seconds": headers.get("x-time", "")}
        if not self._peer.signature_header or not hmac.compare_digest(given, self._peer.sign.of(values, self._peer.secret)):
            raise BadInput(f"what came is not signed by {self._peer.name}", code="sms_unsigned", field=self._peer.signature_header or None)
        try:
            return _read(body)
        except _Nonsense as error:
            raise BadInput(f"what {self._peer.name} pushed cannot be read: {error}", code="sms_nonsense") from error

    def _call(self, ask: Ask, given: Mapping[str, str]) -> Any:
        peer = self._peer
        now = ShiftedClock().now()  # machine time, whatever day the book lives on
        values = {**given, "time": now.strftime("%Y%m%d%H%M%S"), "seconds": str(int(now.timestamp()))}
        told = {
            name: _filled(text, {**values, "signature": "", "secret": ""}) for name, text in ask.fields.items() if "{signature}" not in text
        }
        values["body"] = _written(ask.form, told)
        values["signature"] = peer.sign.of(values, peer.secret)
        signed = {name: _filled(text, values) for name, text in ask.fields.items()}
        headers = {name: _filled(text, values) for name, text in ask.headers.items()}
        headers["Content-Type"] = "application/json" if ask.form == "json" else "application/x-www-form-urlencoded"
        connection = _connected(peer)
        try:
            connection.request("POST", urlsplit(peer.url).path.rstrip("/") + ask.path, _written(ask.form, signed).encode(), headers)
            answer = connection.getresponse()
            raw = answer.read(_MOST_BYTES + 1)
            if answer.status >= 500 or len(raw) > _MOST_BYTES:
                raise _Nonsense(f"status {answer.status}")
            return _read(raw)
        finally:
            connection.close()


class _NotConnected(Exception):
    """No connection stood, so nothing has left."""


class _Nonsense(Exception):
    """An answer that nobody can read."""


def _connected(peer: Peer) -> http.client.HTTPConnection:
    parts = urlsplit(peer.url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, parts.port, timeout=peer.timeout_s, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=peer.timeout_s)
    try:
        connection.connect()
    except OSError as error:
        raise _NotConnected(f"{peer.name} cannot be reached: {error}") from error
    return connection


def _written(form: str, fields: Mapping[str, str]) -> str:
    return (
        json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        if form == "json"
        else urlencode(sorted(fields.items()))
    )


def _read(raw: bytes) -> Any:
    """What a peer says: JSON, or fields as a form has them."""
    try:
        text = raw.decode("utf-8")
        if text[:1].strip() in ("{", "["):
            return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _Nonsense(str(error)) from error
    return dict(parse_qsl(text))


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _BRACES.sub(lambda found: values.get(found[1], ""), text)


def _at(said: Any, path: str) -> Any:
    """What stands at a path; an empty text if nothing does."""
    for step in path.split(".") if path else ():
        if isinstance(said, list) and step.isdigit() and int(step) < len(said):
            said = said[int(step)]
        elif isinstance(said, dict) and step in said:
            said = said[step]
        else:
            return ""
    return said


def _listed(told: Told, said: Any) -> list[dict[str, Any]]:
    found = _at(said, told.listed)
    found = found if isinstance(found, list) else [found]
    return [each for each in found if isinstance(each, dict)]


def _receipts(told: Told, said: Any) -> list[Receipt]:
    found = []
    for each in _listed(told, said):
        fact = {name: str(_at(each, path)) for name, path in told.names.items()}
        if fact["id"]:
            state = told.states.get(fact["stat"], told.otherwise)
            found.append(Receipt(fact["id"], state, fact["stat"], fact.get("number", ""), done=fact.get("done", "")))
    return found


def _inbound(told: Told, said: Any) -> list[Inbound]:
    found = []
    for each in _listed(told, said):
        fact = {name: str(_at(each, path)) for name, path in told.names.items()}
        if fact["number"]:
            found.append(Inbound(fact["id"], fact["number"], fact.get("to", ""), fact["text"]))
    return found


def peer(raw: Mapping[str, Any], secret: bytes) -> Peer:
    """What a file describes; BadInput names the first field that is wrong."""
    if unknown := sorted(set(raw) - _KEYS):
        raise BadInput(f"sms: {unknown[0]!r} is no field of an HTTP gateway", field=unknown[0])
    url = str(raw.get("url", "")).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise BadInput("sms: url must be https; http only to this machine itself", field="url")
    timeout = raw.get("timeout_s", 10)
    if not isinstance(timeout, int | float) or not 0 < timeout <= 60:
        raise BadInput("sms: timeout_s is more than 0 and at most 60", field="timeout_s")
    sign, send = _part(raw, "sign"), _part(raw, "send")
    receipts = _part(raw, "receipts") if "receipts" in raw else None
    inbound = _part(raw, "inbound") if "inbound" in raw else None
    return Peer(
        name=str(raw.get("name", "SMS provider")), url=url, secret=secret, timeout_s=float(timeout),
        finance_allowed=_flag(raw, "finance_allowed", False), once_per_key=_flag(raw, "once_per_key", False),
        long_messages=_flag(raw, "long_messages", True), per_second=raw.get("per_second"),
        templates_must_be_approved=_flag(raw, "templates_must_be_approved", False), sign=_recipe(sign), send=_ask(send, "send"),
        answer=_told(_part(send, "answer"), "send.answer", ("code", "id"), _OUTCOMES, "unknown"),
        receipts=_told(receipts, "receipts", ("id", "stat"), _STATES, "failed") if receipts else None,
        pull_receipts=_ask(_part(receipts, "pull"), "receipts.pull") if receipts and "pull" in receipts else None,
        inbound=_told(inbound, "inbound", ("id", "number", "text"), _STATES, "waiting") if inbound else None,
        pull_inbound=_ask(_part(inbound, "pull"), "inbound.pull") if inbound and "pull" in inbound else None,
        signature_header=str(sign.get("header", "")),
    )  # fmt: skip


def _part(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = raw.get(name)
    if not isinstance(found, dict):
        raise BadInput(f"sms: {name} is missing", field=name)
    return found


def _flag(raw: Mapping[str, Any], name: str, otherwise: bool) -> bool:
    value = raw.get(name, otherwise)
    if not isinstance(value, bool):
        raise BadInput(f"sms: {name} is true or false", field=name)
    return value


def _recipe(raw: Mapping[str, Any]) -> Recipe:
    algorithm, encoding = str(raw.get("algorithm", "")), str(raw.get("encoding", "hex"))
    if algorithm not in _ALGORITHMS:
        raise BadInput(f"sms: sign.algorithm is one of {', '.join(_ALGORITHMS)}", field="sign.algorithm")
    if encoding not in _ENCODINGS:
        raise BadInput(f"sms: sign.encoding is one of {', '.join(_ENCODINGS)}", field="sign.encoding")
    text = _worded(str(raw.get("text", "")), "sign.text")
    if "{secret}" not in text and not algorithm.startswith("hmac-"):
        raise BadInput("sms: sign.text must hold {secret}, or the algorithm be an hmac", field="sign.text")
    return Recipe(text, algorithm, encoding)


def _ask(raw: Mapping[str, Any], where: str) -> Ask:
    path, form = str(raw.get("path", "")), str(raw.get("form", "json"))
    if not path.startswith("/"):
        raise BadInput(f"sms: {where}.path begins with /", field=f"{where}.path")
    if form not in ("json", "form"):
        raise BadInput(f"sms: {where}.form is json or form", field=f"{where}.form")
    fields = {str(name): _worded(str(text), f"{where}.fields") for name, text in (raw.get("fields") or {}).items()}
    headers = {str(name): _worded(str(text), f"{where}.headers") for name, text in (raw.get("headers") or {}).items()}
    if not any("{signature}" in text for text in (*fields.values(), *headers.values())):
        raise BadInput(f"sms: {where} must carry {{signature}} in a field or a header", field=f"{where}.fields")
    return Ask(path, form, fields, headers)


def _told(raw: Mapping[str, Any], where: str, needed: Sequence[str], states: Sequence[str], otherwise: str) -> Told:
    names = {str(name): str(path) for name, path in (raw.get("names") or {}).items()}
    for name in needed:
        if name not in names:
            raise BadInput(f"sms: {where}.names must say where {name} stands", field=f"{where}.names")
    words = {str(word): str(state) for word, state in (raw.get("words") or {}).items()}
    if wrong := sorted(set(words.values()) - set(states)):
        raise BadInput(f"sms: {where}.words maps to one of {', '.join(states)}, not {wrong[0]}", field=f"{where}.words")
    return Told(str(raw.get("list", "")), names, words, otherwise)


def _worded(text: str, where: str) -> str:
    if unknown := sorted(set(_BRACES.findall(text)) - _NAMES):
        raise BadInput(f"sms: {where} names {unknown[0]!r}; it may name {', '.join(sorted(_NAMES))}", field=where)
    return text
