"""`holdfast db-url`: the address of the book's database, for someone who wants to look with tools of their own."""

from __future__ import annotations

import argparse
import sys

from holdfast.database.connection import app_url, book, owner_url
from holdfast.database.supervisor import Supervisor


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("db-url", help="print the address of the database; a server started for it stays up until --stop")
    parser.add_argument("--role", choices=("owner", "app"), default="app", help="owner may change everything; app is what the services are")
    parser.add_argument("--stop", action="store_true", help="let go of the server that an earlier db-url left running")
    parser.set_defaults(func=run)


def run(given: argparse.Namespace) -> int:
    """Print one line. An address of a server that is down would lead nowhere, so the server is left running."""
    if given.stop:
        Supervisor.here().unkeep()
        return 0
    with book(keep=True):
        print(owner_url() if given.role == "owner" else app_url())
    print("the database stays up for this address; `holdfast db-url --stop` lets it go", file=sys.stderr)
    return 0
