"""Only `kernel/clock.py` asks what time it is, so that a test lives five years in a second and a demonstration in ten minutes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import holdfast

SOURCE: Final = Path(holdfast.__file__).parent
# Tests that must know the machine's own time: they run a real server, or time the seals of one.
TESTS: Final = Path(__file__).parent.parent
MAY_ASK: Final = {"daytime.py", "journal/test_sealer.py", "stories/test_kill.py"}
THE_CLOCK: Final = SOURCE / "kernel" / "clock.py"

_ASKING: Final = {
    "datetime": {"now", "utcnow", "today", "fromtimestamp"},
    "date": {"today", "fromtimestamp"},
    "time": {"time", "time_ns", "gmtime", "localtime"},
    "timezone": {"now", "localdate", "localtime"},
}
_SQL_ASKING: Final = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(|\bcurrent_(date|time|timestamp)\b|\blocaltime(stamp)?\b",
    re.IGNORECASE,
)
# A string that is SQL: it begins with a verb of it. Docstrings may speak of now().
_SQL: Final = re.compile(r"\s*(--.*\n\s*)*(SELECT|INSERT|UPDATE|DELETE|WITH|COPY|CREATE|ALTER)\b")


def asked_in_python(text: str) -> Iterator[tuple[int, str]]:
    """Every call in a module that reads the machine's time; measuring how long something takes (`monotonic`) is not telling the time."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of = node.func.value
            owner = of.id if isinstance(of, ast.Name) else of.attr if isinstance(of, ast.Attribute) else ""
            if node.func.attr in _ASKING.get(owner, ()):
                yield node.lineno, f"{owner}.{node.func.attr}()"
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and _SQL.match(node.value)
            and (found := _SQL_ASKING.search(node.value))
        ):
            yield node.lineno, f"{found[0]} in SQL"
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            for name in node.names:
                if name.name in _ASKING["time"]:
                    yield node.lineno, f"from time import {name.name}"


def asked_in_sql(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _SQL_ASKING.search(line.partition("--")[0]):
            yield number, found[0]


def test_only_the_clock_reads_the_time() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{line}: {what}"
        for path in sorted(SOURCE.rglob("*.py"))
        if path != THE_CLOCK
        for line, what in asked_in_python(path.read_text("utf-8"))
    ]
    assert found == []


def test_no_test_hangs_on_the_hour_at_which_it_is_run() -> None:
    asking = {
        str(path.relative_to(TESTS)) for path in sorted(TESTS.rglob("*.py"))
        if [what for _, what in asked_in_python(path.read_text("utf-8")) if not what.endswith("in SQL")]
    }  # fmt: skip
    assert asking == MAY_ASK


def test_sql_is_given_the_business_date_and_never_asks_for_it() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{line}: {what}"
        for path in sorted(SOURCE.rglob("*.sql"))
        for line, what in asked_in_sql(path.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "datetime.now(UTC)",
        "datetime.datetime.now()",
        "date.today()",
        "time.time()",
        "from time import time",
        "timezone.now()",
        'db.execute("SELECT now()")',
        'db.execute("SELECT * FROM duty WHERE due_on = CURRENT_DATE")',
    ],
)
def test_each_way_of_asking_is_seen(line: str) -> None:
    assert list(asked_in_python(line))


@pytest.mark.parametrize("line", ["clock.today()", "time.monotonic()", '"never now()"', "datetime.combine(day, at, zone)"])
def test_what_does_not_ask_is_let_through(line: str) -> None:
    assert not list(asked_in_python(line))


def test_the_clock_itself_would_be_seen() -> None:
    assert list(asked_in_python(THE_CLOCK.read_text("utf-8")))
