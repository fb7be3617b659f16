"""What a caller noticed is for people who look again: no decision reads it, by whatever road."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import holdfast
from holdfast import confirmation

SOURCE: Final = Path(holdfast.__file__).parent
APART: Final = "holdfast.confirmation.observations"
# Screens, the API and stories show it to people; nobody else opens it.
READERS: Final = {"web", "stories", "sample"}
TOLD: Final = ("call_observation", "observations_of", "confirmation.observations", "OBSERVED")


def imports(path: Path) -> Iterator[str]:
    """Every module and every name of a module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def reached_from(folder: str) -> set[str]:
    """Every module of ours that the modules of a folder reach, over however many imports."""
    waiting = {f"holdfast.{'.'.join(path.relative_to(SOURCE).with_suffix('').parts)}" for path in (SOURCE / folder).rglob("*.py")}
    seen: set[str] = set()
    while waiting:
        module = waiting.pop()
        path = SOURCE.parent.joinpath(*module.split("."))
        file = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
        if module in seen or not file.exists():
            continue
        seen.add(module)
        waiting |= {name for name in imports(file) if name.startswith("holdfast.")}
    return seen


def test_the_folder_of_decisions_is_looked_at() -> None:
    assert any((SOURCE / "decisioning").glob("*.py"))


def test_no_decision_reaches_what_was_noticed_over_any_import() -> None:
    assert APART not in reached_from("decisioning")


def test_what_was_noticed_would_be_seen_if_it_were_reached() -> None:
    assert APART in reached_from("web")


@pytest.mark.parametrize("told", TOLD)
def test_no_file_of_decisions_speaks_of_what_was_noticed(told: str) -> None:
    found = [
        path.name
        for path in (SOURCE / "decisioning").rglob("*")
        if path.suffix in {".py", ".sql", ".yaml", ".json"} and told in path.read_text("utf-8")
    ]
    assert found == []


def test_only_screens_api_and_stories_open_it() -> None:
    found = {
        path.relative_to(SOURCE).parts[0]
        for path in SOURCE.rglob("*.py")
        if APART in set(imports(path)) and path.relative_to(SOURCE).parts[0] != "confirmation"
    }
    assert found <= READERS


def test_only_its_own_module_reads_the_table() -> None:
    found = [str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if "call_observation" in path.read_text("utf-8")]
    assert sorted(found) == ["confirmation/observations.py", "database/roles.py"]


def test_the_face_of_the_confirmation_hands_nothing_of_it_out() -> None:
    assert not [name for name in confirmation.__all__ if "observ" in name.lower()]


def test_what_is_confirmed_holds_no_field_for_it() -> None:
    assert not [name for name in confirmation.Facts.__dataclass_fields__ if "observ" in name or "notice" in name.replace("notice_days", "")]
