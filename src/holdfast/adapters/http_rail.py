"""A rail over HTTP: orders and answers as signed JSON, by a file that describes the peer. NOT RUN AGAINST A REAL PEER.

Whoever puts a bank or a payment provider behind it writes one YAML file and names it in HOLDFAST_RAIL; the secret comes from the
environment or a file, never from that one. Every request carries its time and an HMAC-SHA-256 over method, path, time and body; every
answer is signed alike, and one that is not, or answers for another key, counts as no answer at all: nothing is known, and the key is
enquired after. What goes wrong after a request has left is `unknown`, never `rejected`.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import yaml

from holdfast.kernel.clock import ShiftedClock
from holdfast.kernel.errors import BadInput, Unavailable
from holdfast.kernel.money import EXPONENTS
from holdfast.payments import Answer, Heard, Order, Outcome, RailCapabilities

RAIL_FILE: Final = "HOLDFAST_RAIL"
_FORMAT: Final = "rail/1"
_MOST_BYTES: Final = 1_000_000
_PATHS: Final = ("pay", "collect", "enquire", "recall", "answers")
_KEYS: Final = frozenset({"format", "name", "url", "currencies", "secret_env", "secret_file", "timeout_s", "paths", "outcomes"})
_DEFAULT_PATHS: Final[Mapping[str, str]] = {
    "pay": "/orders", "collect": "/debits", "enquire": "/orders/{key}", "recall": "/orders/{key}/recall",
    "answers": "/answers?after={after}",
}  # fmt: skip
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Description:
    """What the file says of the peer. `outcomes` maps its words for where an order stands to ours."""

    name: str
    url: str
    currencies: frozenset[str]
    secret: bytes = field(repr=False)
    timeout_s: float
    paths: Mapping[str, str]
    outcomes: Mapping[str, Outcome]


class HttpRail:
    """A `PayoutRail` and a `DebitRail`."""

    def __init__(self, described: Description) -> None:
        self._peer = described

    def capabilities(self) -> RailCapabilities:
        return RailCapabilities(self._peer.name, self._peer.currencies, True, "NOT RUN AGAINST A REAL PEER")

    def send(self, order: Order) -> Answer:
        return self._answer(order.key, self._call("POST", "pay", order.key, _told(order)))

    def collect(self, order: Order) -> Answer:
        return self._answer(order.key, self._call("POST", "collect", order.key, _told(order)))

    def enquire(self, key: str) -> Answer:
        return self._answer(key, self._call("GET", "enquire", key))

    def recall(self, key: str) -> Answer:
        return self._answer(key, self._call("POST", "recall", key, {"key": key}))

    def answers(self, after: int) -> Sequence[Heard]:
        said = self._call("GET", "answers", str(after))
        listed = said.get("answers")
        if not isinstance(listed, list):
            raise Unavailable(f"{self._peer.name} gives no list of answers", code="rail_nonsense")
        found = []
        for each in listed:
            if not isinstance(each, dict) or not isinstance(each.get("number"), int) or not isinstance(each.get("key"), str):
                raise Unavailable(f"{self._peer.name} gives an answer without number or key", code="rail_nonsense")
            found.append(Heard(each["number"], each["key"], self._answer(each["key"], each)))
        return found

    def _answer(self, key: str, said: Mapping[str, Any]) -> Answer:
        if said.get("key") != key:
            raise Unavailable(f"{self._peer.name} answers for another key", code="rail_other_key")
        outcome = self._peer.outcomes.get(str(said.get("outcome")), Outcome.UNKNOWN)
        paid_on = None
        if outcome is Outcome.PAID:
            try:
                paid_on = date.fromisoformat(str(said.get("paid_on")))
            except ValueError:
                paid_on = None  # paid without a day: the day on which we hear of it
        return Answer(outcome, str(said.get("reference", ""))[:100], str(said.get("why", ""))[:300], paid_on)

    def _call(self, method: str, what: str, key: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        path = self._peer.paths[what].format(key=quote(key, safe=""), after=quote(key, safe=""))
        data = b"" if body is None else json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        at = str(int(ShiftedClock().now().timestamp()))  # machine time, whatever day the book lives on
        request = urllib.request.Request(self._peer.url + path, data=data or None, method=method)  # noqa: S310 - scheme checked on reading
        request.add_header("Content-Type", "application/json")
        request.add_header("Holdfast-Time", at)
        request.add_header("Holdfast-Signature", signature(self._peer.secret, method, path, at, data))
        try:
            with urllib.request.urlopen(request, timeout=self._peer.timeout_s, context=_context(self._peer.url)) as said:  # noqa: S310
                raw, signed = said.read(_MOST_BYTES + 1), said.headers.get("Holdfast-Signature", "")
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            raise Unavailable(f"{self._peer.name} gave no answer: {error}", code="rail_no_answer") from error
        if len(raw) > _MOST_BYTES or not hmac.compare_digest(signed, signature(self._peer.secret, "ANSWER", path, at, raw)):
            raise Unavailable(f"{self._peer.name} gave an answer that is not signed", code="rail_unsigned")
        try:
            told = json.loads(raw)
        except ValueError as error:
            raise Unavailable(f"{self._peer.name} gave an answer that is no JSON", code="rail_nonsense") from error
        if not isinstance(told, dict):
            raise Unavailable(f"{self._peer.name} gave an answer that is no object", code="rail_nonsense")
        return told


def signature(secret: bytes, method: str, path: str, at: str, body: bytes) -> str:
    """Hex HMAC-SHA-256 over method, path, time and the digest of the body, a line each; for an answer `method` is ANSWER."""
    text = f"{method}\n{path}\n{at}\n{hashlib.sha256(body).hexdigest()}"
    return hmac.digest(secret, text.encode(), hashlib.sha256).hex()


def rail_described() -> HttpRail | None:
    """The rail that the environment names a description of; None if it names none. BadInput for a description that is wrong."""
    named = os.environ.get(RAIL_FILE)
    return HttpRail(described(Path(named).read_text("utf-8"))) if named else None


def described(text: str) -> Description:
    """A description as written in a file; BadInput names the first thing that is wrong with it."""
    raw = yaml.safe_load(text)
    if not isinstance(raw, dict) or raw.get("format") != _FORMAT:
        raise BadInput(f"rail: it must say format: {_FORMAT}", field="format")
    if unknown := sorted(set(raw) - _KEYS):
        raise BadInput(f"rail: {unknown[0]!r} is no field of a description", field=unknown[0])
    url = str(raw.get("url", "")).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise BadInput("rail: url must be https; http only to this machine itself", field="url")
    currencies = frozenset(str(each) for each in raw.get("currencies", ()))
    if not currencies or currencies - set(EXPONENTS):
        raise BadInput("rail: currencies names at least one that books are kept in", field="currencies")
    paths = {**_DEFAULT_PATHS, **(raw.get("paths") or {})}
    if set(paths) != set(_PATHS):
        raise BadInput(f"rail: paths names only {', '.join(_PATHS)}", field="paths")
    try:
        outcomes = {str(word): Outcome(meaning) for word, meaning in (raw.get("outcomes") or {each: each for each in Outcome}).items()}
    except ValueError:
        raise BadInput(f"rail: outcomes maps the peer's words to {', '.join(Outcome)}", field="outcomes") from None
    timeout = raw.get("timeout_s", 10)
    if not isinstance(timeout, int | float) or not 0 < timeout <= 120:
        raise BadInput("rail: timeout_s is more than 0 and at most 120", field="timeout_s")
    return Description(str(raw.get("name", "rail")), url, currencies, _secret(raw), float(timeout), paths, outcomes)


def _secret(raw: Mapping[str, Any]) -> bytes:
    if raw.get("secret_env"):
        value = os.environ.get(str(raw["secret_env"]), "")
    elif raw.get("secret_file"):
        value = Path(str(raw["secret_file"])).read_text("utf-8").strip()
    else:
        raise BadInput("rail: say secret_env or secret_file", field="secret_env")
    if len(value) < 16:
        raise BadInput("rail: the secret is missing or shorter than 16 characters", field="secret_env")
    return value.encode()


def _context(url: str) -> ssl.SSLContext | None:
    return ssl.create_default_context() if url.startswith("https") else None


def _told(order: Order) -> dict[str, Any]:
    return {
        "key": order.key, "amount": order.amount.as_json(), "name": order.payee, "account": order.account, "remark": order.remark,
        "on": order.on.isoformat(),
    }  # fmt: skip
