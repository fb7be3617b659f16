"""A stand-in for a provider's HTTP gateway, in a thread: it checks signatures, keeps what it was given, and answers as it is told."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "a secret of the test's own"
DESCRIBED = """
format: sms/1
kind: http
name: test provider
url: {url}
secret_env: SMS_SECRET
timeout_s: 2
finance_allowed: true
sign:
  text: "{{body}}{{seconds}}"
  algorithm: hmac-sha256
  encoding: hex
  header: X-Signature
send:
  path: /send
  form: json
  fields: {{mobile: "{{number}}", content: "{{text}}", msgid: "{{key}}"}}
  headers: {{X-Signature: "{{signature}}", X-Time: "{{seconds}}"}}
  answer:
    names: {{code: result.code, id: result.id, why: result.why}}
    words: {{"0": sent, "22": failed, "429": not_taken}}
receipts:
  list: reports
  names: {{id: id, stat: stat, number: mobile, done: at}}
  words: {{DELIVRD: delivered, WAITING: waiting, UNKNOWN: unknown}}
  pull:
    path: /reports
    form: form
    fields: {{ids: "{{ids}}"}}
    headers: {{X-Signature: "{{signature}}", X-Time: "{{seconds}}"}}
inbound:
  list: messages
  names: {{id: id, number: mobile, text: text, to: port}}
  pull:
    path: /messages
    form: json
    fields: {{ask: all}}
    headers: {{X-Signature: "{{signature}}", X-Time: "{{seconds}}"}}
"""


def signature(body: str, seconds: str) -> str:
    return hmac.digest(SECRET.encode(), f"{body}{seconds}".encode(), hashlib.sha256).hex()


class Provider:
    """What the provider was given and what it says."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []
        self.says: dict[str, Any] | None = None
        self.raw: bytes | None = None
        self.status = 200
        self.hangs_up = False
        self.messages: list[dict[str, str]] = []
        self.url = ""

    def answer(self, path: str, body: str) -> dict[str, Any]:
        if path == "/send":
            self.sent.append(json.loads(body))
            return self.says or {"result": {"code": "0", "id": f"p{len(self.sent)}"}}
        if path == "/reports":
            ids = body.removeprefix("ids=").replace("%2C", ",").split(",")
            taken = {f"p{number}": each["mobile"] for number, each in enumerate(self.sent, 1)}
            return {"reports": [{"id": each, "stat": "DELIVRD", "mobile": taken[each]} for each in ids if each in taken]}
        return {"messages": self.messages}


@contextmanager
def provider() -> Iterator[Provider]:
    """Run one until the block ends."""
    told = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            right = hmac.compare_digest(self.headers["X-Signature"], signature(body, self.headers["X-Time"]))
            said = told.answer(self.path, body) if right else {"result": {"code": "1", "why": "wrong signature"}}
            if told.hangs_up:
                self.close_connection = True
                self.connection.close()
                return
            raw = told.raw if told.raw is not None else json.dumps(said).encode()
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def finish(self) -> None:
            if not told.hangs_up:
                super().finish()

        def log_message(self, *args: Any) -> None:
            return None

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told.url = f"http://127.0.0.1:{server.server_port}"
        yield told
        server.shutdown()
