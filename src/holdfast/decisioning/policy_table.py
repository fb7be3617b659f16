"""The policy table: gates as decision tables in a file that a policy person can read and change (JDM, run by zen-engine).

Each gate is a small first-hit table whose last row catches everything and refers. What the engine does not
answer is REFER: it says nothing at all about an input that is absent or of another type, so that inputs are typed before.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any, Final

import zen

from holdfast.kernel.errors import BadInput
from holdfast.policy.decision_table import ENGINE, Fact, compiled, tables_in

__all__ = ["ENGINE", "Answer", "Fact", "Gate", "PolicyTable", "check", "read", "shipped"]

_MOST_CASES: Final = 20_000
_NUMBER: Final = re.compile(r"-?\d+")
_WORD: Final = re.compile(r'"([^"]*)"')


class Answer(StrEnum):
    """What a gate says, from the best to the worst."""

    PASS = "pass"
    REFER = "refer"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate's answer: the row that hit and what it says, what it was given, and whether two people may set the answer aside."""

    name: str
    answer: Answer
    row: str
    rule: str
    may_set_aside: bool
    given: Mapping[str, Fact]
    more: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PolicyTable:
    """A table as its bytes; `sha256` names exactly these gates."""

    name: str
    content: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content.encode()).hexdigest()

    @property
    def gates(self) -> tuple[str, ...]:
        """The gates' names, in the table's order."""
        return tuple(node["id"] for node in tables_in(self.content))

    @property
    def inputs(self) -> frozenset[str]:
        """All facts that the gates ask for."""
        return frozenset(each["field"] for node in tables_in(self.content) for each in node["content"]["inputs"])

    def ask(self, facts: Mapping[str, Fact]) -> tuple[Gate, ...]:
        """Every gate's answer to these facts. What the engine leaves unanswered is referred."""
        answered = compiled(self.content).evaluate(dict(facts), {"trace": True})
        return tuple(_gate(node, answered, facts) for node in tables_in(self.content))

    def better(self, gate: str, field: str, value: int, *, up: bool) -> int:
        """The nearest value above (or below) this one with which the gate answers better; the value itself if none does."""
        order = list(Answer)
        node = next(node for node in tables_in(self.content) if node["id"] == gate)
        cells = [row.get(field, "") for row in node["content"]["rules"]]
        tried = [case for case in _cases(field, cells) if isinstance(case, int) and (case > value if up else 0 <= case < value)]
        now = order.index(self._answer(gate, field, value))
        for case in sorted(tried, reverse=not up):
            if order.index(self._answer(gate, field, case)) < now:
                return case
        return value

    def _answer(self, gate: str, field: str, value: int) -> Answer:
        said = compiled(self.content).evaluate({field: value})["result"].get(gate) or {}
        return Answer(said.get("answer", Answer.REFER))


def _gate(node: Mapping[str, Any], answered: Mapping[str, Any], facts: Mapping[str, Fact]) -> Gate:
    name = node["id"]
    said = answered["result"].get(name) or {}
    given = {each["field"]: facts.get(each["field"]) for each in node["content"]["inputs"]}
    traced = ((answered.get("trace") or {}).get(name, {}).get("traceData") or {}).get("rule") or {}
    hit = str(traced.get("_id", "")) if isinstance(traced, Mapping) else ""
    if said.get("answer") not in set(Answer):
        return Gate(name, Answer.REFER, "", "", True, given, {})
    row: Mapping[str, Any] = next((each for each in node["content"]["rules"] if each["_id"] == hit), {})
    rule = ", ".join(row[field] for field in given if row.get(field))
    more = {key: value for key, value in said.items() if key not in ("answer", "set_aside")}
    return Gate(name, Answer(said["answer"]), hit, rule, bool(said.get("set_aside")), given, more)


def shipped(name: str) -> PolicyTable:
    """A table that comes with the program."""
    found = files("holdfast.decisioning") / "tables" / f"{name}.json"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not found.is_file():
        raise BadInput(f"table: no policy table {name!r} comes with this version", field="table")
    return read(found.read_text("utf-8"))


def read(content: str) -> PolicyTable:
    """The table in that text; BadInput, naming every gap and overlap, unless each gate is whole."""
    try:
        raw = json.loads(content)
        name = str(raw["name"])
        compiled(content)
        defects = check(content)
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise BadInput(f"table: not a decision table: {error}", field="table") from None
    if defects:
        raise BadInput("table: " + "; ".join(defects), field="table", defects=defects)
    return PolicyTable(name, content)


def check(content: str) -> list[str]:
    """The defects of a table, by trying every cut point of every gate: gaps, overlaps, no last row that refers everything.

    A word that no row names is no gap: it is meant to fall to the last row and be referred.
    """
    defects = []
    for node in tables_in(content):
        body, name = node["content"], node["id"]
        fields = [each["id"] for each in body["inputs"]]
        *rows, last = body["rules"]
        if body["hitPolicy"] != "first":
            defects.append(f"{name}: the hit policy must be first, not {body['hitPolicy']}")
        if any(last.get(field) for field in fields) or json.loads(last["answer"]) != Answer.REFER:
            defects.append(f"{name}: the last row must catch everything and refer")
            rows = body["rules"]
        cases = [_cases(field, [row.get(field, "") for row in rows]) for field in fields]
        if (combinations := math.prod(len(each) for each in cases)) > _MOST_CASES:
            defects.append(f"{name}: {combinations} cases are more than the {_MOST_CASES} that are tried; make two gates of it")
            continue
        seen: set[str] = set()
        for case in itertools.product(*cases):
            hits = [row["_id"] for row in rows if all(_holds(row.get(field, ""), value) for field, value in zip(fields, case, strict=True))]
            shown = ", ".join(f"{field} = {value!r}" for field, value in zip(fields, case, strict=True))
            if len(hits) > 1 and "+".join(hits) not in seen:
                seen.add("+".join(hits))
                defects.append(f"{name}: rows {' and '.join(hits)} overlap at {shown}")
            if not hits and not any(isinstance(value, str) for value in case) and "gap" not in seen:
                seen.add("gap")
                defects.append(f"{name}: no row for {shown}")
    return defects


def _cases(field: str, cells: list[str]) -> list[Fact]:
    """The values at which some row of a gate may begin or end, and those beside them."""
    if all(cell.strip() in ("", "true", "false") for cell in cells):
        return [True, False]
    if any('"' in cell for cell in cells):
        return [*sorted({word for cell in cells for word in _WORD.findall(cell)}), "a word that no row names"]
    cuts = sorted({int(number) for cell in cells for number in _NUMBER.findall(cell)})
    near = {value for cut in cuts for value in (cut - 1, cut, cut + 1)}
    return [*sorted(near | {0})]


def _holds(cell: str, value: Fact) -> bool:
    if not cell.strip():
        return True
    if isinstance(value, bool):
        return cell.strip() == ("true" if value else "false")
    return bool(zen.evaluate_unary_expression(cell, {"$": value}))
