"""What one stage did and a later one must answer is carried out on every path."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import holdfast
from holdfast.life import BEGINS
from holdfast.wiring import FOLLOWERS

SOURCE: Final = Path(holdfast.__file__).parent
EDGES: Final = ("web", "worker", "cli", "sample", "stories", "days.py")
STAGES: Final = frozenset({"servicing", "payments", "pledges", "release"})
# Verbs that tell what happened; at an edge they are handed to `wiring.carry`, never called.
TELLING: Final = frozenset(
    {
        "receive", "reverse", "write_off", "answer_request", "check_payout", "enquire", "post_cash", "load_bank_file", "match_line",
        "compensate", "sell",
    }
)  # fmt: skip


def called(tree: ast.Module) -> set[str]:
    """The telling verbs that a module calls: by a name it imported from us, or as an attribute of a stage."""
    ours = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("holdfast")
        for name in node.names
    }
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in ours & TELLING:
            found.add(node.func.id)
        elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id in STAGES:
            found |= {node.func.attr} & TELLING
    return found


def test_an_edge_never_calls_a_verb_past_the_wiring() -> None:
    found = []
    for edge in EDGES:
        for path in [SOURCE / edge] if edge.endswith(".py") else sorted((SOURCE / edge).rglob("*.py")):
            found += [f"{path.relative_to(SOURCE)} calls {name}" for name in sorted(called(ast.parse(path.read_text("utf-8"))))]
    assert found == []


def test_what_begins_is_carried_out_by_a_verb_that_is_wired() -> None:
    assert set(BEGINS.values()) == set(FOLLOWERS)
