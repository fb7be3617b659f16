"""The tables, made and changed by the owner and by nobody else."""

from __future__ import annotations

import os
from copy import deepcopy
from typing import Any, Final

import django
import psycopg
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from holdfast.database import roles
from holdfast.database.secrets import APP_PASSWORD, known
from holdfast.database.supervisor import APP_ROLE
from holdfast.kernel.errors import Unavailable

_OWNER: Final = "owner"  # a second Django connection that exists only while migrating
_KNOWN_TO_DJANGO: Final = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def configure_django() -> None:
    """Set Django up once; every edge passes here."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "holdfast.web.settings")
    if not settings.configured or not apps.ready:
        django.setup()


def django_parameters(url: str) -> dict[str, Any]:
    """A database URL as Django's settings of one connection."""
    try:
        parsed = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise Unavailable(f"the database URL cannot be read: {error}".strip(), field="DATABASE_URL", code="database_url") from error
    parameters: dict[str, Any] = {theirs: str(parsed.pop(ours, "") or "") for ours, theirs in _KNOWN_TO_DJANGO.items()}
    parameters["OPTIONS"] = {name: value for name, value in parsed.items() if value is not None}
    return parameters


def migrate(owner_url: str) -> bool:
    """Bring the database to the present tables and rights; True if something had to be done.

    Two commands that come at once take turns; the second finds nothing to do.
    """
    configure_django()
    with psycopg.connect(owner_url, autocommit=True) as owner:
        if owner.info.server_version < 150000:
            raise Unavailable(
                f"the database is PostgreSQL {owner.info.server_version // 10000}; 15 to 18 are supported", code="version_mismatch"
            )
        owner.execute("SELECT pg_advisory_lock(hashtext('holdfast migrate'))")
        connections.settings[_OWNER] = _owner_settings(owner_url)
        try:
            executor = MigrationExecutor(connections[_OWNER])
            if not executor.migration_plan(executor.loader.graph.leaf_nodes()) and _prepared(owner):
                return False
            call_command("migrate", database=_OWNER, verbosity=0, interactive=False)
        finally:
            connections[_OWNER].close()
            del connections[_OWNER]
            del connections.settings[_OWNER]
        roles.prepare(owner)
    return True


def _owner_settings(owner_url: str) -> dict[str, Any]:
    parameters: dict[str, Any] = deepcopy(connections.settings["default"])
    options = {**parameters["OPTIONS"]}
    parameters.update(django_parameters(owner_url))
    parameters["OPTIONS"] = {**options, **parameters["OPTIONS"]}
    return parameters


def _prepared(owner: psycopg.Connection[Any]) -> bool:
    """Whether the services' role can log in with the password at hand and read the book."""
    password = known(APP_PASSWORD)
    if password is None or not owner.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (APP_ROLE,)).fetchone():
        return False
    parameters = {**owner.info.get_parameters(), "user": APP_ROLE, "password": password}
    try:
        with psycopg.connect(make_conninfo("", **parameters), connect_timeout=10) as app:
            row = app.execute("SELECT has_table_privilege('record', 'INSERT') AND NOT has_table_privilege('record', 'UPDATE')").fetchone()
    except psycopg.OperationalError:
        return False
    return bool(row and row[0])
