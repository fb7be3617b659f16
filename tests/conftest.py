"""What tests stand on: one PostgreSQL server for the whole run, one migrated template, and databases copied from it.

    db            Django's own connection as `holdfast_app`, in a transaction that is rolled back; at the end every
                  deferred constraint is checked, as a commit would
    owner_db      a connection as the owner to the same database, in a transaction that is rolled back
    committed_db  `holdfast_app` on a fresh database of the test's own: for tests that must commit. Django, `transaction()`,
                  `app_url()` and commands run in this process or with `os.environ` lead to that database too
    fresh_urls    the owner's and the services' addresses of that fresh database

A pure test asks for none of them and starts nothing.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import hypothesis
import psycopg
import pytest

if TYPE_CHECKING:
    from django.test import Client

    from holdfast.database.supervisor import Supervisor

_TEMPLATE = "template_book"
_ROOM = "HOLDFAST_TEST_ROOM"  # the run's folder, made by the first process and handed down to its workers


# A busy machine is slow, not wrong: speed is a benchmark's business, never a test's.
hypothesis.settings.register_profile("holdfast", deadline=None)
hypothesis.settings.load_profile("holdfast")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run soak, large fault runs and many lives")


def pytest_configure(config: pytest.Config) -> None:
    if _ROOM not in os.environ:
        room = Path(tempfile.mkdtemp(prefix="hf-test-"))
        room.chmod(0o711)  # the account that runs the database passes through
        os.environ[_ROOM] = str(room)
        config.stash[_made_here] = room
    room = Path(os.environ[_ROOM])
    os.environ.pop("DATABASE_URL", None)
    os.environ["HOLDFAST_DATA"] = str(room / "data")
    os.environ["HOLDFAST_KEYS"] = str(room / "data" / "keys")
    os.environ["DJANGO_SETTINGS_MODULE"] = "holdfast.web.settings"
    # The browser's driver keeps an event loop in the tests' own thread; Django would take every later test for async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    from holdfast.database.migrate import configure_django

    configure_django()
    from django.conf import settings

    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]


def pytest_unconfigure(config: pytest.Config) -> None:
    if room := config.stash.get(_made_here, None):
        from holdfast.database.supervisor import Supervisor

        Supervisor.here().destroy()  # its cluster may live elsewhere, if the room lies where its account cannot go
        shutil.rmtree(room, ignore_errors=True)
        os.environ.pop(_ROOM, None)


_made_here = pytest.StashKey[Path]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if {"db", "owner_db", "committed_db", "fresh_urls"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("store")
        if item.get_closest_marker("long") and not config.getoption("--long"):
            item.add_marker(pytest.mark.skip(reason="only with --long"))


class Urls(NamedTuple):
    """The two addresses of one database."""

    owner: str
    app: str


class Server:
    """The run's server; hands out copies of the migrated template."""

    def __init__(self, supervisor: Supervisor) -> None:
        from holdfast.database import secrets

        self.supervisor = supervisor
        self._owner_password = secrets.secret(secrets.OWNER_PASSWORD)
        self._copies = 0

    def urls(self, database: str) -> Urls:
        from holdfast.database.secrets import APP_PASSWORD, known
        from holdfast.database.supervisor import APP_ROLE, OWNER_ROLE

        return Urls(
            self.supervisor.url(OWNER_ROLE, self._owner_password, database),
            self.supervisor.url(APP_ROLE, known(APP_PASSWORD) or "", database),
        )

    def administer(self, statement: str) -> None:
        with psycopg.connect(self.urls("postgres").owner, autocommit=True) as owner:
            owner.execute(statement.encode())

    def make_template(self) -> None:
        """Migrate the template once a run; the other workers wait for the first."""
        from holdfast.database.migrate import migrate

        with Path(os.environ[_ROOM], "template.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = Path(os.environ[_ROOM], "template.done")
            if not done.exists():
                self.administer(f"CREATE DATABASE {_TEMPLATE}")
                migrate(self.urls(_TEMPLATE).owner)
                done.touch()

    def copy(self, of: str = _TEMPLATE) -> str:
        self._copies += 1
        name = f"book_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{self._copies}"
        with Path(os.environ[_ROOM], "template.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # a template that somebody is copying cannot be copied
            self.administer(f"CREATE DATABASE {name} TEMPLATE {of}")
        return name

    def drop(self, name: str) -> None:
        self.administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def database_server() -> Iterator[Server]:
    from holdfast.database.supervisor import Supervisor

    with Supervisor.here().share() as supervisor:
        server = Server(supervisor)
        server.make_template()
        yield server


@pytest.fixture(scope="session")
def shared_urls(database_server: Server) -> Iterator[Urls]:
    """This worker's database for tests that roll back."""
    name = database_server.copy()
    yield database_server.urls(name)
    database_server.drop(name)


def _lead_to(urls: Urls | None) -> None:
    """Let Django, `transaction()` and everything that reads the environment lead to that database."""
    from holdfast.database.connection import point_django_at

    if urls is None:
        os.environ.pop("DATABASE_URL", None)
        return
    os.environ["DATABASE_URL"] = urls.owner
    point_django_at(urls.app)


@pytest.fixture
def db(shared_urls: Urls) -> Iterator[psycopg.Connection[Any]]:
    from django.db import connection
    from django.db.transaction import atomic, set_rollback

    _lead_to(shared_urls)
    try:
        with atomic():
            connection.ensure_connection()
            yield connection.connection
            try:
                if connection.connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
                    connection.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            finally:
                set_rollback(True)
    finally:
        connection.close()
        _lead_to(None)


@pytest.fixture
def owner_db(shared_urls: Urls) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(shared_urls.owner) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def fresh_urls(database_server: Server) -> Iterator[Urls]:
    from django.db import connection

    name = database_server.copy()
    urls = database_server.urls(name)
    _lead_to(urls)
    try:
        yield urls
    finally:
        connection.close()
        _lead_to(None)
        database_server.drop(name)


@pytest.fixture
def committed_db(fresh_urls: Urls) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(fresh_urls.app) as connection:
        yield connection


@pytest.fixture
def client() -> Client:
    """Django's test client; works together with `db` or `committed_db`."""
    from django.test import Client

    return Client()


@pytest.fixture
def holdfast_command() -> list[str]:
    """How a test starts the `holdfast` command as a process of its own."""
    return [sys.executable, "-m", "holdfast.cli.main"]
