"""A payment provider as a process of its own, which misbehaves by a seed: it delays, duplicates, reorders, loses and contradicts.

Its own book is right: a key is paid, or collected, at most once, and refused for good if it was asked about before it came. What it
says of it may be late, twice, out of order, missing or a lie; a lie is always followed by the truth. `/book` is for the test alone.

    python -m tests.payments.provider SEED SECRET     # prints its port
"""

from __future__ import annotations

import json
import random
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from holdfast.adapters.http_rail import signature


class Provider:
    """What the provider knows, and the dice by which it answers."""

    def __init__(self, seed: int) -> None:
        self.lock = threading.Lock()
        self.dice = random.Random(seed)
        self.book: dict[str, str] = {}
        self.orders: dict[str, int] = {}
        self.amounts: dict[str, int] = {}
        self.feed: list[dict[str, Any]] = []
        self.waiting: list[dict[str, Any]] = []
        self.number = 0
        self.gentle = False
        self.did: dict[str, int] = {}

    def order(self, key: str, told: dict[str, Any]) -> tuple[dict[str, Any] | None, bool]:
        """An order that has arrived: what is answered (None: the line breaks), and whether the answer is torn."""
        self.orders[key] = self.orders.get(key, 0) + 1
        mood = "" if self.gentle else self.dice.choice(["", "", "", "lost_before", "lost_after", "torn", "slow", "lie", "twice", "other"])
        self.note(mood)
        if mood == "lost_before":
            return None, False
        if key not in self.book:
            self.book[key] = "rejected" if self.dice.random() < 0.15 else "paid"
            self.amounts[key] = told["amount"]["minor"]
        truth = self.book[key]
        if mood in ("lost_after", "slow"):
            self.later(key, truth)
            return (None, False) if mood == "lost_after" else (self.said(key, "accepted"), False)
        if mood == "lie":
            self.later(key, truth)
            return self.said(key, "rejected" if truth == "paid" else "paid"), False
        if mood == "twice":
            for _ in range(2):
                self.later(key, truth)
        if mood == "other":
            return self.said("po_somebodyelses0000000", truth), False
        return self.said(key, truth), mood == "torn"

    def enquiry(self, key: str) -> dict[str, Any] | None:
        """What became of a key; one that never came is refused from now on."""
        if not self.gentle and self.dice.random() < 0.3:
            self.note("silent")
            return None
        self.book.setdefault(key, "rejected")
        return self.said(key, self.book[key])

    def later(self, key: str, outcome: str) -> None:
        """Say it in the feed, but not yet, and in no order."""
        self.waiting.append({"key": key, "outcome": outcome})

    def answers(self, after: int) -> list[dict[str, Any]]:
        """The feed: some of what waits comes out, shuffled; what was heard stays readable."""
        self.dice.shuffle(self.waiting)
        out = len(self.waiting) if self.gentle else self.dice.randint(0, len(self.waiting))
        for each in self.waiting[:out]:
            self.number += 1
            self.feed.append({**self.said(each["key"], each["outcome"]), "number": self.number})
        del self.waiting[:out]
        return [each for each in self.feed if each["number"] > after][:50]

    def said(self, key: str, outcome: str) -> dict[str, Any]:
        return {"key": key, "outcome": outcome, "reference": f"p:{key[-6:]}", "why": "余额不足" if outcome == "rejected" else ""}

    def note(self, mood: str) -> None:
        self.did[mood] = self.did.get(mood, 0) + 1


def serve(seed: int, secret: bytes) -> None:
    """Serve until killed."""
    provider = Provider(seed)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not self.signed("POST", body):
                return self.send_error(401)
            told = json.loads(body)
            with provider.lock:
                if self.path.endswith("/recall"):
                    said, torn = provider.enquiry(told["key"]), False
                else:
                    said, torn = provider.order(told["key"], told)
            return self.answer(said, torn)

        def do_GET(self) -> None:
            path = urlsplit(self.path)
            if path.path == "/book":
                if "gentle" in path.query:
                    provider.gentle = True
                with provider.lock:
                    whole = {"book": provider.book, "orders": provider.orders, "amounts": provider.amounts, "did": provider.did}
                return self.answer(whole, False)
            if not self.signed("GET", b""):
                return self.send_error(401)
            with provider.lock:
                if path.path == "/answers":
                    return self.answer({"answers": provider.answers(int(parse_qs(path.query)["after"][0]))}, False)
                return self.answer(provider.enquiry(path.path.rsplit("/", 1)[1]), False)

        def signed(self, method: str, body: bytes) -> bool:
            expected = signature(secret, method, self.path, self.headers.get("Holdfast-Time", ""), body)
            return self.headers.get("Holdfast-Signature") == expected

        def answer(self, said: dict[str, Any] | None, torn: bool) -> None:
            if said is None:  # the line breaks: no answer at all
                self.close_connection = True
                return
            raw = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Holdfast-Signature", signature(secret, "ANSWER", self.path, self.headers.get("Holdfast-Time", ""), raw))
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw[: len(raw) // 2] if torn else raw)

        def log_message(self, *args: Any) -> None:
            return None

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2].encode())
