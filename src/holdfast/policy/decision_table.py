"""Decision tables (JDM) run by zen-engine: what the policy table of a decision and a strategy of follow-up have in common.

A table is a text. It is compiled once, and the same text always answers the same facts alike.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.metadata import version
from typing import Any, Final

import zen

Fact = int | str | bool | None

ENGINE: Final = f"zen-engine {version('zen-engine')}"


@lru_cache(maxsize=64)
def tables_in(content: str) -> tuple[Any, ...]:
    """The nodes of a text that are decision tables, in their order. ValueError, KeyError or TypeError if it is none."""
    return tuple(node for node in json.loads(content)["nodes"] if node["type"] == "decisionTableNode")


@lru_cache(maxsize=64)
def compiled(content: str) -> Any:
    """The text as the engine evaluates it. RuntimeError if it is no JDM."""
    return zen.ZenEngine().create_decision(content)
