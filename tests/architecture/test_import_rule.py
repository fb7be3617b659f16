"""The folders stand in the order of a loan's life, and imports go one way."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import holdfast
from holdfast.life import STAGES

SOURCE: Final = Path(holdfast.__file__).parent
ROOT: Final = SOURCE.parents[1]
GROUND: Final = ("kernel", "journal", "ledger", "policy", "files", "parties", "approvals", "loans", "duties", "contact")
EDGES: Final = {"adapters", "database", "web", "worker", "cli", "sample", "stories"}


def layers() -> list[str]:
    """The layers of the import rule, lowest first."""
    rule = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"][0]
    return [name.strip() for layer in reversed(rule["layers"]) for name in layer.split("|")]


def test_the_import_rule_holds() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_layers_follow_the_map() -> None:
    stages = [stage.name for stage in STAGES if stage.built]
    inner = [name for name in layers() if name in stages]
    assert inner == stages
    assert [name for name in layers() if name in GROUND] == list(GROUND)


def test_every_folder_is_ground_a_built_stage_or_an_edge() -> None:
    folders = {path.parent.name for path in SOURCE.glob("*/__init__.py")} - {"migrations"}
    assert folders <= {*GROUND, *EDGES, *(stage.name for stage in STAGES if stage.built)}
    assert folders <= set(layers())


def imported(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def test_no_capability_reaches_into_another_s_store() -> None:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        own = path.relative_to(SOURCE).parts[0]
        for name in imported(path.read_text("utf-8")):
            parts = name.split(".")
            if parts[0] == "holdfast" and len(parts) > 2 and parts[1] != own and parts[-1] == "store":
                found.append(f"{path.relative_to(SOURCE)} imports {name}")
    assert found == []


def test_the_kernel_imports_nothing_of_ours() -> None:
    found = [
        f"{path.name}: {name}"
        for path in (SOURCE / "kernel").glob("*.py")
        for name in imported(path.read_text("utf-8"))
        if name.startswith("holdfast.") and not name.startswith("holdfast.kernel")
    ]
    assert found == []
