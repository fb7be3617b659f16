"""The way into the book: its addresses, its running server, and one transaction at a time."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from django.db import Error as DjangoDatabaseError
from django.db import InterfaceError, OperationalError, connection
from django.db.transaction import atomic
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from holdfast.database.migrate import configure_django, django_parameters, migrate
from holdfast.database.secrets import APP_PASSWORD, OWNER_PASSWORD, known
from holdfast.database.supervisor import APP_ROLE, DATABASE, OWNER_ROLE, Supervisor
from holdfast.kernel.errors import Unavailable
from holdfast.kernel.places import keys_folder

_LOST = (psycopg.OperationalError, psycopg.InterfaceError, OperationalError, InterfaceError)


def owner_url() -> str:
    """The owner's address: `DATABASE_URL`, else this checkout's own server. Whether it runs is another question."""
    if given := os.environ.get("DATABASE_URL"):
        return _guarded(given)
    return Supervisor.here().owner_url()


def app_url() -> str:
    """The services' address: the same database, entered as `holdfast_app`."""
    if not (given := os.environ.get("DATABASE_URL")):
        return Supervisor.here().app_url()
    parts = conninfo_to_dict(_guarded(given))
    return make_conninfo("", **{**parts, "user": APP_ROLE, "password": known(APP_PASSWORD) or ""})


def _guarded(url: str) -> str:
    """The same address, encrypted if it leaves this machine and does not say otherwise."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise Unavailable(f"DATABASE_URL cannot be read: {error}".strip(), field="DATABASE_URL", code="database_url") from error
    host = str(parts.get("host") or parts.get("hostaddr") or "/")
    stays_here = host.startswith(("/", "@", "127.")) or host in ("localhost", "::1")
    if stays_here or "sslmode" in parts or "PGSSLMODE" in os.environ:
        return url
    return make_conninfo("", **{**parts, "sslmode": "require"})


@contextmanager
def book(*, keep: bool = False) -> Iterator[None]:
    """What every command stands in: the server runs, the tables are there, Django is set up as `holdfast_app`.

    A server that it had to start is stopped again when its last user leaves; `keep` leaves it running.
    """
    os.environ.setdefault("HOLDFAST_KEYS", str(keys_folder()))
    if os.environ.get("DATABASE_URL"):
        _enter()
        yield
        return
    with Supervisor.here().share() as server:
        _make_database(server)
        _enter()
        if keep:
            server.keep()
        try:
            yield
        finally:
            connection.close()


def _enter() -> None:
    configure_django()
    try:
        migrate(owner_url())
    except (psycopg.OperationalError, OperationalError) as error:
        raise Unavailable(f"the database cannot be entered: {_first_line(error)}", code="database_entry") from error
    point_django_at(app_url())


def _make_database(server: Supervisor) -> None:
    """The book's own database in the cluster, if it is not there yet."""
    if (password := known(OWNER_PASSWORD)) is None:
        raise Unavailable(
            f"the database in {server.cluster} was made with other keys than those in {keys_folder()}; "
            "set HOLDFAST_KEYS to the folder that has them",
            code="keys_missing",
        )
    try:
        with psycopg.connect(server.url(OWNER_ROLE, password, "postgres"), autocommit=True) as owner:
            owner.execute("SELECT pg_advisory_lock(hashtext('holdfast database'))")
            if not owner.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
                owner.execute(f"CREATE DATABASE {DATABASE}")
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise Unavailable(
                f"the keys in {keys_folder()} do not open the database in {server.cluster}; "
                "set HOLDFAST_KEYS to the folder it was made with",
                code="keys_wrong",
            ) from error
        raise Unavailable(f"the database cannot be entered: {_first_line(error)}", code="database_entry") from error


def point_django_at(url: str) -> None:
    """Let Django's connection lead to that database from now on, in this process."""
    connection.close()
    parameters = django_parameters(url)
    options = {**connection.settings_dict["OPTIONS"], **parameters.pop("OPTIONS")}
    connection.settings_dict.update(parameters)
    connection.settings_dict["OPTIONS"] = options


@contextmanager
def transaction() -> Iterator[psycopg.Connection[Any]]:
    """One verb's transaction on Django's own psycopg connection: committed when the block ends, rolled back if it raises.

    Raises Unavailable if the database went away or gave up on the transaction; nothing of it is kept, and the same
    call may be tried again.
    """
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
        connection.health_check_done = _quiet(connection.connection)  # type: ignore[attr-defined]
    try:
        with atomic():
            connection.ensure_connection()
            yield cast("psycopg.Connection[Any]", connection.connection)
    except _LOST as error:
        connection.errors_occurred = True
        raise Unavailable(f"the database did not answer: {_first_line(error)}; try again", code="database_lost") from error


def _quiet(db: psycopg.Connection[Any] | None) -> bool:
    """Whether nothing has come from the server since it was last asked.

    A server that ends a connection says so, and closes it; both lie ready to be read, so a connection that is heard nothing
    of need not be tried by a statement and a round trip of their own.
    """
    if db is None or db.closed:
        return False
    ears = select.poll()
    ears.register(db.fileno(), select.POLLIN)
    return not ears.poll(0)


def _first_line(error: Exception | DjangoDatabaseError) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
