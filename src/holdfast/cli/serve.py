"""`holdfast serve`: the web server and the worker, kept running until told to stop.

Each is a process of its own; one that dies is started again, since everything it does is safe to
do twice. The web server has few threads, each with one connection to the database.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from holdfast.database.connection import book
from holdfast.database.supervisor import Supervisor
from holdfast.kernel.errors import BadInput, Unavailable

SECONDS_TO_COME_UP: Final = 60
SECONDS_TO_STOP: Final = 20
SECONDS_BETWEEN_STARTS: Final = 2.0
_DIE_WITH_PARENT: Final = 1  # Linux's PR_SET_PDEATHSIG


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("serve", help="run the web server and the worker until stopped")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=2, help="web processes (default 2)")
    parser.add_argument("--threads", type=int, default=4, help="threads of each, and so its connections to the database (default 4)")
    parser.add_argument("--no-worker", action="store_true", help="the web server only; the worker runs elsewhere")
    parser.set_defaults(func=run)


def run(given: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM; ends with 0 after an orderly stop."""
    require_free_port(given.host, given.port)
    with book():
        services = [web(given.host, given.port, workers=given.workers, threads=given.threads)]
        if not given.no_worker:
            services.append(worker())
        keep_running(services, given.host, given.port, ready=lambda: None)
    return 0


@dataclass
class Service:
    """A process that is to be kept running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0

    def start(self) -> None:
        self.clear_away()
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            # A group of its own: Ctrl-C reaches us, and we stop the services in order.
            process_group=0,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - no threads run yet
        )

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def ask_to_stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def stop(self, until: float) -> None:
        if not self.process:
            return
        try:
            self.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.clear_away()

    def clear_away(self) -> None:
        """End what a service that was killed outright left behind in its group: it would hold the port."""
        if self.ended() and self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


def _die_with_parent() -> None:
    """A service outlives us not even when we are killed outright."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)


def web(host: str, port: int, *, workers: int, threads: int) -> Service:
    """Granian over WSGI. `HOLDFAST_TLS_CERT` and `HOLDFAST_TLS_KEY` name the files for TLS."""
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port), "--workers", str(workers),
        "--blocking-threads", str(threads), "--respawn-failed-workers", "--workers-kill-timeout", "10", "--log-level", "warning", "--no-ws",
    ]  # fmt: skip
    certificate, key = os.environ.get("HOLDFAST_TLS_CERT"), os.environ.get("HOLDFAST_TLS_KEY")
    if bool(certificate) != bool(key):
        raise BadInput("TLS needs both HOLDFAST_TLS_CERT and HOLDFAST_TLS_KEY; set both or neither", field="HOLDFAST_TLS_CERT")
    if certificate and key:
        command += ["--ssl-certificate", certificate, "--ssl-keyfile", key]
    return Service("web", [*command, "holdfast.web.wsgi:application"])


def worker() -> Service:
    """The process that does due work."""
    return Service("worker", [sys.executable, "-m", "holdfast.cli.main", "worker"])


def keep_running(services: Sequence[Service], host: str, port: int, *, ready: Callable[[], None]) -> None:
    """Start the services, call `ready` once the web answers, and restart what dies, until Ctrl-C or SIGTERM.

    The database is among what is restarted, if it is ours. At the end all services are stopped.
    """
    # Both are an orderly end, also for one that was started in the background, where Ctrl-C begins as ignored.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for service in services:
            service.start()
        _wait_until_it_answers(services, host, port)
        ready()
        print(f"ready {address(host, port)}", flush=True)
        while True:
            time.sleep(0.2)
            _revive_database()
            for service in services:
                if service.ended() and time.monotonic() - service.started > SECONDS_BETWEEN_STARTS:
                    print(f"holdfast: {service.name} ended; starting it again", file=sys.stderr, flush=True)
                    service.start()
    except KeyboardInterrupt:
        pass  # an orderly end; whatever else was raised goes on after the services are stopped
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # told twice, stopped once
        until = time.monotonic() + SECONDS_TO_STOP
        for service in services:
            service.ask_to_stop()
        for service in services:
            service.stop(until)


def _revive_database() -> None:
    """Start our own server again if it died. One that dies while it starts is started on the next turn."""
    if os.environ.get("DATABASE_URL"):
        return
    try:
        if Supervisor.here().revive():
            print("holdfast: the database ended; started it again", file=sys.stderr, flush=True)
    except Unavailable as error:
        print(f"holdfast: {error.sentence}; trying again", file=sys.stderr, flush=True)
        time.sleep(SECONDS_BETWEEN_STARTS)


def address(host: str, port: int) -> str:
    """Where a browser on this machine finds the server."""
    scheme = "https" if os.environ.get("HOLDFAST_TLS_CERT") else "http"
    return f"{scheme}://{'127.0.0.1' if host in ('0.0.0.0', '') else host}:{port}"  # noqa: S104 - compared with, not bound to


def _wait_until_it_answers(services: Sequence[Service], host: str, port: int) -> None:
    """Return when the server takes connections and reaches the database; Unavailable if it ends or takes longer than a minute."""
    until = time.monotonic() + SECONDS_TO_COME_UP
    while not _answers(host, port):
        for service in services:
            if service.ended():
                raise Unavailable(f"the {service.name} ended before it was up; what it printed above says why")
        if time.monotonic() > until:
            raise Unavailable(f"the web server did not answer on port {port} within {SECONDS_TO_COME_UP} s; what it printed above says why")
        time.sleep(0.1)


def _answers(host: str, port: int) -> bool:
    near = "127.0.0.1" if host in ("0.0.0.0", "") else host  # noqa: S104 - compared with, not bound to
    try:
        if os.environ.get("HOLDFAST_TLS_CERT"):
            socket.create_connection((near, port), timeout=5).close()
            return True
        with urllib.request.urlopen(f"http://{near}:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def require_free_port(host: str, port: int) -> None:
    """Refuse a port that is taken before anything is started."""
    if not 1 <= port <= 65535:
        raise BadInput(f"port {port} does not exist; choose one between 1 and 65535", field="--port")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Unavailable(f"port {port} cannot be used ({error.strerror}); choose another with --port", field="--port") from error
