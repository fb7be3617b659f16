"""`holdfast demo`: the whole house with a small sample book, for a newcomer and a browser.

The people in it are fictional. A second run finds the same book and prints the same log-ins.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from typing import Final, NamedTuple

from holdfast.cli.serve import keep_running, require_free_port, web, worker
from holdfast.database.connection import book, transaction
from holdfast.database.secrets import open_keys_folder
from holdfast.database.supervisor import Supervisor
from holdfast.kernel.errors import BadInput, Refusal, Unavailable
from holdfast.kernel.places import data_folder
from holdfast.sample import load
from holdfast.web.borrower.links import path_of

HOST: Final = "127.0.0.1"
_LOGINS: Final = "demo-logins.json"


class Login(NamedTuple):
    """A sample person who may log in, and the token a program may use in their name."""

    role: str
    user: str
    password: str
    token: str


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("demo", help="a living sample book in a browser, until Ctrl-C")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--fresh", action="store_true", help="throw the present sample book away and begin a new one")
    parser.set_defaults(func=run)


def run(given: argparse.Namespace) -> int:
    """Serve the sample book until Ctrl-C or SIGTERM."""
    require_free_port(HOST, given.port)
    if given.fresh:
        throw_away()
    with book():
        logins = sample_logins()

        def ready() -> None:
            for login in logins:
                print(f"login {login.role} {login.user} {login.password}")
            for login in logins:
                print(f"token {login.role} {login.token}")
            print(f"borrower http://{HOST}:{given.port}{borrower_path()}", flush=True)

        keep_running([web(HOST, given.port, workers=1, threads=4), worker()], HOST, given.port, ready=ready)
    return 0


def throw_away() -> None:
    """Remove this checkout's own book with its files; the keys stay. A database of somebody else's is not ours to remove."""
    if os.environ.get("DATABASE_URL"):
        raise BadInput("--fresh would empty the database in DATABASE_URL; name a new database there instead", field="--fresh")
    server = Supervisor.here()
    if server.in_use():
        raise Refusal(f"the book in {server.data} is in use; stop the other demo or command first")
    server.destroy()
    shutil.rmtree(data_folder() / "files", ignore_errors=True)


def sample_logins() -> list[Login]:
    """The sample book's log-ins; loads the sample book first if it is not there.

    The passwords are kept beside the other keys, written before the book is committed: a book whose log-ins
    nobody knows would be of no use.
    """
    path = open_keys_folder() / _LOGINS
    with transaction() as db:
        row = db.execute("SELECT sample, name FROM lender").fetchone()
        sample, name = row if row else (False, None)
        if sample:
            try:
                return [Login(*line) for line in json.loads(path.read_text("utf-8"))]
            except (OSError, ValueError) as error:
                raise Unavailable(f"the sample book is there but its log-ins are not in {path}; begin anew with --fresh") from error
        if name:
            raise Refusal(f"this book belongs to {name}; the demo would put fictional people into it. Set HOLDFAST_DATA to another folder")
        logins = [Login(*line) for line in load(db)]
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(logins, file, ensure_ascii=False, indent=1)
    return logins


def borrower_path() -> str:
    """The page of one sample borrower who still has something to pay."""
    with transaction() as db:
        row = db.execute("SELECT public_id FROM loan WHERE state = 'active' ORDER BY next_action_at, loan_id LIMIT 1").fetchone()
    return path_of(row[0]) if row else "/login"
