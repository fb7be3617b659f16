"""What the benchmarks stand on: a server of their own, a stop-watch that counts processor time on both sides, and floors.

A floor is the least work that could leave the same rows behind: the very rows that the code under test
wrote, in tables with the same columns and primary keys and nothing else, by COPY or INSERT, on the same server
with the same settings. A row that the code updated counts as one written.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

FLOOR_RUNS = 3
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of `./hf bench`. `ratio` is times the floor's cost: lower is better."""

    name: str
    figure: float
    unit: str
    floor: float
    ratio: float
    n: int
    cpu_s: float
    pg: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    data: str = "generated"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Spent:
    """Wall-clock and processor seconds, ours and the server's."""

    wall_s: float = 0.0
    client_cpu_s: float = 0.0
    server_cpu_s: float = 0.0

    @property
    def cpu_s(self) -> float:
        return self.client_cpu_s + self.server_cpu_s


@dataclass(frozen=True, slots=True)
class Scratch:
    """A running server with an empty book; gone when the benchmark ends."""

    owner_url: str
    app_url: str
    version: str
    postmaster: int

    def owner(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.owner_url)

    @contextmanager
    def watch(self) -> Iterator[Spent]:
        """Count what the block costs on both sides."""
        spent = Spent()
        wall, ours, theirs = time.perf_counter(), _our_cpu(), self._server_cpu()
        yield spent
        spent.wall_s = time.perf_counter() - wall
        spent.client_cpu_s = _our_cpu() - ours
        spent.server_cpu_s = self._server_cpu() - theirs

    def _server_cpu(self) -> float:
        """Processor seconds of the server: its living processes and those it has buried; 0 where /proc does not tell."""
        total = 0.0
        for process in Path("/proc").glob("[0-9]*"):
            try:
                fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(process.name) == self.postmaster:
                total += sum(int(fields[number]) for number in (11, 12, 13, 14))
            elif int(fields[1]) == self.postmaster:
                total += sum(int(fields[number]) for number in (11, 12))
        return total / _TICKS


def _our_cpu() -> float:
    ours, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return ours.ru_utime + ours.ru_stime + children.ru_utime + children.ru_stime


@contextmanager
def scratch_book() -> Iterator[Scratch]:
    """A server and an empty, migrated book in a folder of their own, whatever the environment names."""
    from holdfast.database.connection import app_url, book, owner_url
    from holdfast.database.supervisor import Supervisor

    folder = Path(tempfile.mkdtemp(prefix="hf-bench-"))
    folder.chmod(0o711)  # the account that runs the database passes through
    os.environ.pop("DATABASE_URL", None)
    os.environ["HOLDFAST_DATA"] = str(folder / "data")
    os.environ["HOLDFAST_KEYS"] = str(folder / "data" / "keys")
    try:
        with book():
            postmaster = Supervisor.here().pid()
            assert postmaster is not None
            with psycopg.connect(owner_url()) as owner:
                version = str(owner.info.server_version // 10000) + "." + str(owner.info.server_version % 10000)
            yield Scratch(owner_url(), app_url(), f"{version} {os.environ.get('HOLDFAST_PG', 'default')}", postmaster)
    finally:
        Supervisor.here().destroy()
        shutil.rmtree(folder, ignore_errors=True)


# -- floors ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table, as COPY carries them."""

    table: str
    columns: Sequence[str]
    key: Sequence[str]
    data: bytes
    count: int


def columns_of(db: psycopg.Connection[Any], table: str) -> list[str]:
    """The columns that hold data: those that the server generates are left to it."""
    rows = db.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
        " ORDER BY attnum",
        [table],
    )
    return [row[0] for row in rows]


def key_of(db: psycopg.Connection[Any], table: str) -> list[str]:
    """The columns of the primary key."""
    rows = db.execute(
        "SELECT a.attname FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(attnum, place)"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
        " WHERE i.indrelid = %s::regclass AND i.indisprimary ORDER BY k.place",
        [table],
    )
    return [row[0] for row in rows]


def take_rows(db: psycopg.Connection[Any], table: str, condition: str, values: Mapping[str, Any]) -> Rows:
    """The rows of `table` for which `condition` holds, ready to be copied elsewhere."""
    columns = columns_of(db, table)
    query = f"COPY (SELECT {', '.join(columns)} FROM {table} WHERE {condition}) TO STDOUT (FORMAT BINARY)"
    with db.cursor() as cursor, cursor.copy(query.encode(), values) as copy:
        data = b"".join(bytes(block) for block in copy)
        count = 0
    counted = db.execute(f"SELECT count(*) FROM {table} WHERE {condition}".encode(), values).fetchone()
    count = int(counted[0]) if counted else 0
    return Rows(table, columns, key_of(db, table), data, count)


def make_floor_tables(db: psycopg.Connection[Any], tables: Mapping[str, Sequence[str]]) -> None:
    """Empty tables with the same columns and primary keys, under the schema `floor`."""
    db.execute("DROP SCHEMA IF EXISTS floor CASCADE")
    db.execute("CREATE SCHEMA floor")
    for table, key in tables.items():
        db.execute(f"CREATE TABLE floor.{table} AS SELECT {', '.join(columns_of(db, table))} FROM {table} WITH NO DATA".encode())
        if key:
            db.execute(f"ALTER TABLE floor.{table} ADD PRIMARY KEY ({', '.join(key)})".encode())
    db.commit()


def bare_copy(db: psycopg.Connection[Any], rows: Sequence[Rows]) -> float:
    """THE FLOOR of a batch: COPY the same rows into bare tables and commit; median seconds of three runs."""
    seconds = []
    for _ in range(FLOOR_RUNS):
        make_floor_tables(db, {each.table: each.key for each in rows})
        begun = time.perf_counter()
        for each in rows:
            with db.cursor() as cursor, cursor.copy(f"COPY floor.{each.table} FROM STDIN (FORMAT BINARY)".encode()) as copy:
                copy.write(each.data)
        db.commit()
        seconds.append(time.perf_counter() - begun)
    return median(seconds)


def say(words: str) -> None:
    """Progress, for a person who waits."""
    print(f"bench: {words}", file=sys.stderr, flush=True)
