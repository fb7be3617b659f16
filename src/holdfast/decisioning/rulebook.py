"""What decides, what decided before, and what is proposed: each scorecard and policy table with its standing and what it would change.

Nothing is compared by name: two of the same digest are the same, and a change is told cell by cell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import psycopg

from holdfast import approvals
from holdfast.approvals import Request
from holdfast.approvals import Standing as Asked
from holdfast.decisioning import german, policy_table, scorecard, store, trained
from holdfast.decisioning.policy_table import PolicyTable
from holdfast.decisioning.scorecard import Characteristic, Scorecard
from holdfast.decisioning.service import ACTIVATE, SCORECARD, TABLE
from holdfast.decisioning.trained import Evaluated
from holdfast.kernel.errors import BadInput, NotFound
from holdfast.parties import Scope

Db = psycopg.Connection[Any]

KINDS: Final = ("scorecard", "table")
MOST_ASKED: Final = 200


class Standing(StrEnum):
    """Where a scorecard or a table stands."""

    ACTIVE = "active"
    PROPOSED = "proposed"
    REFUSED = "refused"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One scorecard or table. `since` is when it was last put in force, None for what came with the program; `asked` its last proposal."""

    kind: str
    name: str
    sha256: str
    standing: Standing
    since: datetime | None
    asked: Request | None
    shipped: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a gate: what it asks of each fact, empty for anything, and what it answers, by name."""

    asks: tuple[tuple[str, str], ...]
    says: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: where (a gate and its row, or a characteristic and its answer), and what stood and would stand there.

    An empty `was` is something new, an empty `now` something that goes.
    """

    where: str
    what: str
    was: Row | str
    now: Row | str


# -- which there are ----------------------------------------------------------------------------------------------


def artifacts(db: Db, scope: Scope, kind: str) -> list[Artifact]:
    """All scorecards, or all tables, that are or were in force or proposed: the one in force first, then by when they were asked for."""
    _known(kind)
    own = _shipped(kind)
    asked = _proposals(db, scope, kind)
    since = store.activations(db, kind)
    names = {own.sha256: own.name, **dict(store.names(db, kind))}
    in_force = max(since, key=lambda sha256: since[sha256][1]) if since else own.sha256
    found = []
    for sha256, name in names.items():
        last = asked.get(sha256)
        if sha256 == in_force:
            standing = Standing.ACTIVE
        elif last is not None and last.standing is Asked.OPEN:
            standing = Standing.PROPOSED
        elif sha256 in since or sha256 == own.sha256:
            standing = Standing.RETIRED
        elif last is not None:
            standing = Standing.REFUSED
        else:
            continue  # kept for a decision's replay, never asked for
        at = since[sha256][0] if sha256 in since else None
        found.append(Artifact(kind, name, sha256, standing, at, last, sha256 == own.sha256))
    order = list(Standing)
    return sorted(found, key=lambda each: (order.index(each.standing), -(each.asked.request_id if each.asked else 0)))


def artifact(db: Db, scope: Scope, sha256: str) -> tuple[Artifact, Scorecard | PolicyTable]:
    """One of them by its digest, with what it says; NotFound for a digest that nobody ever asked for."""
    for kind in KINDS:
        for each in artifacts(db, scope, kind):
            if each.sha256 == sha256:
                return each, content(db, each)
    raise NotFound(f"no scorecard or table has the digest {sha256}", code="no_artifact", field="sha256")


def content(db: Db, each: Artifact) -> Scorecard | PolicyTable:
    """What it says, read from what is kept or from what comes with the program."""
    if each.shipped:
        return _shipped(each.kind)
    kept = store.artifact(db, each.sha256)
    if kept is None:
        raise NotFound(f"{each.name} is not in the book", code="no_artifact", field="sha256")
    return scorecard.read(kept.encode()) if each.kind == "scorecard" else policy_table.read(kept)


# -- what would change --------------------------------------------------------------------------------------------


def changes(was: Scorecard | PolicyTable, now: Scorecard | PolicyTable) -> list[Change]:
    """Every difference from one to the other of the same kind, in the order in which they are read; empty if they say the same."""
    if isinstance(was, Scorecard) and isinstance(now, Scorecard):
        return list(_of_scorecards(was, now))
    if isinstance(was, PolicyTable) and isinstance(now, PolicyTable):
        return list(_of_tables(was, now))
    raise BadInput("a scorecard and a table cannot be held against each other", field="kind")


def _of_tables(was: PolicyTable, now: PolicyTable) -> Iterator[Change]:
    old, new = rows_of(was), rows_of(now)
    for gate in dict.fromkeys((*old, *new)):
        rows_old, rows_new = old.get(gate, {}), new.get(gate, {})
        for row in dict.fromkeys((*rows_old, *rows_new)):
            before: Row | str = rows_old.get(row, "")
            after: Row | str = rows_new.get(row, "")
            if before != after:
                yield Change(gate, row, before, after)


def rows_of(table: PolicyTable) -> dict[str, dict[str, Row]]:
    """Each gate with its rows in order."""
    nodes = [node for node in json.loads(table.content)["nodes"] if node["type"] == "decisionTableNode"]
    return {node["id"]: {rule["_id"]: _row(node["content"], rule) for rule in node["content"]["rules"]} for node in nodes}


def _row(body: Mapping[str, Any], rule: Mapping[str, Any]) -> Row:
    asks = tuple((each["field"], str(rule.get(each["id"], "")).strip()) for each in body["inputs"])
    says = tuple((each["field"], str(rule.get(each["id"], "")).strip().strip('"')) for each in body["outputs"])
    return Row(asks, says)


def _of_scorecards(was: Scorecard, now: Scorecard) -> Iterator[Change]:
    for what, before, after in (
        ("base", was.base_milli / 1000, now.base_milli / 1000),
        ("pdo", was.scale.pdo, now.scale.pdo), ("score", was.scale.score, now.scale.score), ("odds", was.scale.odds, now.scale.odds),
    ):  # fmt: skip
        if before != after:
            yield Change("", what, f"{before:g}", f"{after:g}")
    old, new = ({each.name: points_of(each) for each in card.characteristics} for card in (was, now))
    for name in dict.fromkeys((*old, *new)):
        before_points, after_points = old.get(name, {}), new.get(name, {})
        for answer in dict.fromkeys((*before_points, *after_points)):
            had, has = before_points.get(answer), after_points.get(answer)
            if had != has:
                yield Change(name, answer, "" if had is None else f"{had:+d}", "" if has is None else f"{has:+d}")


def points_of(each: Characteristic) -> dict[str, int]:
    """Each answer to a question, as a range or a word, with its points; `missing` is no answer, `other` any other word."""
    if not each.numeric:
        return {**each.levels, "other": each.other, "missing": each.missing}
    ends = ("", *each.edges), (*each.edges, "")
    ranges = {
        f"{f'{low} ≤ ' if low else ''}x{f' < {high}' if high else ''}": points for low, high, points in zip(*ends, each.points, strict=True)
    }
    return {**ranges, **{f"= {code}": points for code, points in each.codes.items()}, "missing": each.missing}


# -- how good ---------------------------------------------------------------------------------------------------------


def figures(card: Scorecard) -> Evaluated:
    """How a scorecard ranks the rows that come with the program. BadInput if it asks for what those rows do not hold."""
    return _figures(card.content)


@lru_cache(maxsize=32)
def _figures(content: bytes) -> Evaluated:
    return trained.evaluate_on(scorecard.read(content), german.answers())


# -- how it is done ------------------------------------------------------------------------------------------------------


def _known(kind: str) -> None:
    if kind not in KINDS:
        raise BadInput(f"kind: write scorecard or table, not {kind!r}", field="kind")


def _shipped(kind: str) -> Scorecard | PolicyTable:
    return trained.shipped(SCORECARD) if kind == "scorecard" else policy_table.shipped(TABLE)


def _proposals(db: Db, scope: Scope, kind: str) -> dict[str, Request]:
    """The last proposal of each, by digest."""
    asked = approvals.requests(db, scope, act=ACTIVATE, limit=MOST_ASKED)
    return {each.inputs["sha256"]: each for each in reversed(asked) if each.inputs["kind"] == kind}
