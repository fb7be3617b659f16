"""A scratch book: a server, keys and databases of its own in a temporary folder, gone when the last story is told.

Nothing of the machine's own book is read or written, and no key of it signs anything that never happened.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from django.db import connection

from holdfast.database.connection import book, point_django_at
from holdfast.database.secrets import APP_PASSWORD, OWNER_PASSWORD, known
from holdfast.database.supervisor import APP_ROLE, DATABASE, OWNER_ROLE, Supervisor
from holdfast.kernel.errors import Fault

_ENVIRONMENT: Final = ("DATABASE_URL", "HOLDFAST_DATA", "HOLDFAST_KEYS")


@dataclass
class Scratch:
    """The temporary server; `empty_book` hands out one migrated book after the other."""

    server: Supervisor
    made: int = 0

    @contextmanager
    def empty_book(self) -> Iterator[None]:
        """This process stands in an empty book of its own."""
        self.made += 1
        name = f"story_{self.made}"
        owner, app = known(OWNER_PASSWORD), known(APP_PASSWORD)
        if owner is None or app is None:
            raise Fault("the scratch server has no passwords")
        connection.close()
        with psycopg.connect(self.server.url(OWNER_ROLE, owner, "postgres"), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE}")
        os.environ["DATABASE_URL"] = self.server.url(OWNER_ROLE, owner, name)
        point_django_at(self.server.url(APP_ROLE, app, name))
        try:
            yield
        finally:
            connection.close()
            del os.environ["DATABASE_URL"]


@contextmanager
def scratch() -> Iterator[Scratch]:
    """A server of its own, with its own keys, for as long as the block runs."""
    before = {name: os.environ.get(name) for name in _ENVIRONMENT}
    room = Path(tempfile.mkdtemp(prefix="holdfast-story-"))
    room.chmod(0o711)  # the account that runs the database passes through
    os.environ.pop("DATABASE_URL", None)
    os.environ["HOLDFAST_DATA"], os.environ["HOLDFAST_KEYS"] = str(room / "data"), str(room / "data" / "keys")
    server = Supervisor.here()
    try:
        with book():
            yield Scratch(server)
        server.destroy()
    finally:
        shutil.rmtree(room, ignore_errors=True)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
