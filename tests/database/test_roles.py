"""The services' role may add to the past and may not change it."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from holdfast.database.roles import APPEND_ONLY, MUTABLE


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
@pytest.mark.parametrize(
    "attempt", ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}", "TRUNCATE {table}"], ids=["update", "delete", "truncate"]
)
def test_an_append_only_table_refuses_its_past_to_be_changed(db: psycopg.Connection[Any], table: str, attempt: str) -> None:
    row = db.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_identity = 'NO' ORDER BY ordinal_position",
        (table,),
    ).fetchone()
    assert row is not None
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute(attempt.format(table=table, column=row[0]).encode())


@pytest.mark.parametrize("table", sorted(MUTABLE))
def test_no_table_can_be_emptied_by_the_services(db: psycopg.Connection[Any], table: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute(f"TRUNCATE {table}".encode())


def test_every_table_is_either_append_only_or_named_as_one_that_lives(db: psycopg.Connection[Any]) -> None:
    tables = {row[0] for row in db.execute("SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")}
    assert tables - APPEND_ONLY - set(MUTABLE) == set()
    assert (APPEND_ONLY | set(MUTABLE)) - tables == set(), "a list names a table that is not there"
    assert APPEND_ONLY.isdisjoint(MUTABLE)


def test_the_book_s_own_rows_cannot_be_removed(db: psycopg.Connection[Any]) -> None:
    for table in ("loan", "duty", "account", "message"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
            db.execute(f"DELETE FROM {table}".encode())


def test_the_services_log_in_as_themselves_and_cannot_become_the_owner(db: psycopg.Connection[Any]) -> None:
    row = db.execute(
        "SELECT session_user, current_user, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = session_user"
    ).fetchone()
    assert row == ("holdfast_app", "holdfast_app", False, False, False)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
        db.execute("SET ROLE holdfast_owner")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
        db.execute("SET session_replication_role = replica")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
        db.execute("CREATE TABLE of_my_own (n integer)")
