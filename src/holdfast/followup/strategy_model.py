"""A strategy of follow-up: a decision table that says, for one late loan, what is done at the follow-up that is due.

It is a text (JDM) that names its rows; a row is a box of conditions and one step. It is asked about typed facts that we hold, and
what it leaves unanswered is an approver's. It never loosens a rule of contact and never moves a day: those bind anyway.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any, Final

from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput
from holdfast.policy import LenderType
from holdfast.policy.decision_table import Fact, compiled, tables_in
from holdfast.servicing.arrears import CLASSES

SHIPPED: Final = "followup-2026-11"
REST: Final = "rest"  # the last row, which catches everything
MOST_ROWS: Final = 60
MOST_POINTS: Final = 100
MOST_FIGURE: Final = 10**15
_LONGEST_NAME: Final = 60
_LONGEST_WHY: Final = 200
_TABLE: Final = "strategy"
_ROW_ID: Final = re.compile(r"r[1-9][0-9]{0,3}")
_WORD: Final = re.compile(r"[a-z0-9_-]{1,40}")
_WORDS_CELL: Final = re.compile(r'"[^"]*"(?:, "[^"]*")*')
_SPAN_CELL: Final = re.compile(r"\[(\d{1,16})\.\.(\d{1,16})\]|>= (\d{1,16})")


class Does(StrEnum):
    """What is done."""

    MESSAGE = "message"
    CALL = "call"
    VISIT = "visit"
    LETTER = "letter"
    OFFER_TERMS = "offer_terms"
    LEGAL_REVIEW = "legal_review"
    LEAVE = "leave"
    REFER = "refer"


# Who does it; what is referred is an approver's.
ROLES: Final = ("caller", "officer", "approver")
# What is said to the borrower, by its name: the wording is the console's.
SCRIPTS: Final = ("none", "ask_what_happened", "agree_a_day", "after_broken_promise", "offer_help", "last_notice")
SPOKEN: Final = frozenset({Does.MESSAGE, Does.CALL, Does.VISIT, Does.LETTER, Does.OFFER_TERMS})


@dataclass(frozen=True, slots=True)
class Input:
    """A fact that a row may ask of: a whole number of 0 or more, a word (of `words`, or any if there are none), or yes or no."""

    name: str
    kind: str
    words: tuple[str, ...] = ()

    @property
    def numeric(self) -> bool:
        return self.kind == "number"


YES_NO: Final = ("true", "false")
INPUTS: Final = (
    Input("days_past_due", "number"),
    Input("class", "word", CLASSES),
    Input("product", "word"),
    Input("lender_type", "word", tuple(each.value for each in LenderType)),
    Input("exposure", "number"),  # principal owed, minor units
    Input("promises_broken", "number"),
    Input("times_followed_up", "number"),
    Input("has_collateral_in_custody", "yes_no", YES_NO),
    Input("restructured", "yes_no", YES_NO),
    Input("paused", "yes_no", YES_NO),
)
_INPUTS: Final = {each.name: each for each in INPUTS}
_OUTPUTS: Final = ("row", "step", "role", "script", "points", "why")


@dataclass(frozen=True, slots=True)
class Span:
    """Whole numbers from `low` to `high`, both included; no `high` is no end."""

    low: int
    high: int | None = None


Condition = Span | frozenset[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one loan on one day. BadInput, naming the input, for a fact of another type: nothing untyped reaches a table.

    `exposure` is the principal owed in minor units; `times_followed_up` counts what people noted in this run of arrears.
    """

    days_past_due: int
    loan_class: str
    product: str
    lender_type: str
    exposure: int
    promises_broken: int
    times_followed_up: int
    has_collateral_in_custody: bool
    restructured: bool
    paused: bool

    def __post_init__(self) -> None:
        for each, fact in zip(INPUTS, self._in_order(), strict=True):
            _typed(each, fact)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Facts:
        """From facts by name. BadInput for one that is missing, not known, or of another type."""
        for name in facts:
            if name not in _INPUTS:
                raise BadInput(f"{name}: no strategy asks of it; the inputs are {', '.join(_INPUTS)}", field=name)
        for name in _INPUTS:
            if name not in facts:
                raise BadInput(f"{name}: it is missing", field=name)
        return cls(*(facts[name] for name in _INPUTS))

    def told(self) -> dict[str, Fact]:
        """By the inputs' names, as a table is asked and a record keeps them."""
        return dict(zip(_INPUTS, self._in_order(), strict=True))

    def _in_order(self) -> tuple[Fact, ...]:
        return (
            self.days_past_due, self.loan_class, self.product, self.lender_type, self.exposure, self.promises_broken,
            self.times_followed_up, self.has_collateral_in_custody, self.restructured, self.paused,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """What is done, who does it, what is said, how pressing it is (0 to 100 points), and why."""

    step: Does
    role: str
    script: str
    points: int
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: where all of `when` hold (an input that is not named may be anything), `then` is done."""

    row_id: str
    when: Mapping[str, Condition]
    then: Step


@dataclass(frozen=True, slots=True)
class Decided:
    """A table's answer: the row that hit, empty if none did, and the step. `failed` says why the table gave no answer."""

    row: str
    step: Step
    failed: str = ""


# What is done where a table gives no answer: an approver looks, soon.
UNANSWERED: Final = Step(Does.REFER, "approver", "none", MOST_POINTS, "")


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy as its bytes; `sha256` names exactly these rows in this order."""

    name: str
    content: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content.encode()).hexdigest()

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows in their order; the last one catches everything."""
        return tuple(_row(rule) for rule in tables_in(self.content)[0]["content"]["rules"])


# ── deciding ───────────────────────────────────────────────────────────────────────────────────────────────


def decide(facts: Facts, strategy: Strategy) -> Decided:
    """What is done for a loan of these facts: the same for one loan and for a book. No answer, or a fault of the engine, is referred."""
    try:
        said = compiled(strategy.content).evaluate(facts.told())["result"]
        if not said:
            return Decided("", UNANSWERED, "no row answered")
        step = Step(Does(said["step"]), said["role"], said["script"], int(said["points"]), said["why"])
        return Decided(said["row"], step)
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        return Decided("", UNANSWERED, f"the table gave no answer: {error}")


def decided_bytes(decided: Decided) -> bytes:
    """An answer as canonical bytes: what a later answer is held against."""
    return canonical.encode({"row": decided.row, "failed": decided.failed, **step_json(decided.step)})


# ── reading and writing ────────────────────────────────────────────────────────────────────────────────────


def shipped(name: str = SHIPPED) -> Strategy:
    """A strategy that comes with the program; one that once came stays readable. BadInput for a name that never did."""
    found = files("holdfast.followup") / "tables" / f"{name}.json"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not found.is_file():
        raise BadInput(f"strategy: no strategy {name!r} comes with this version", field="strategy")
    return read(found.read_text("utf-8").rstrip("\n"))


def read(content: str) -> Strategy:
    """The strategy in a text, its rows well formed and its last one a referral. BadInput otherwise; gaps and overlaps are `check`'s."""
    try:
        raw = json.loads(content)
        rows = [_row(rule) for rule in tables_in(content)[0]["content"]["rules"]]
        made = written(str(raw["name"]), rows)
        if json.loads(made.content) != raw:
            raise BadInput("table: it holds more than rows of known inputs and outputs", field="table")
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise BadInput(f"table: not a strategy: {error}", field="table") from None
    return made


def written(name: str, rows: Sequence[Row]) -> Strategy:
    """The strategy of these rows. BadInput, naming the row, for a condition or a step that is not one."""
    name = " ".join(name.split())
    if not 2 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise BadInput(f"name: 2 to {_LONGEST_NAME} characters", field="name")
    if not 1 <= len(rows) <= MOST_ROWS:
        raise BadInput(f"rows: 1 to {MOST_ROWS} rows", field="rows")
    for row in rows:
        _check_row(row)
    if len({row.row_id for row in rows}) != len(rows):
        raise BadInput("rows: each row has a name of its own", field="rows")
    last = rows[-1]
    if last.row_id != REST or last.when or last.then.step is not Does.REFER:
        raise BadInput("rows: the last row must catch everything and refer it to an approver", field="rows")
    if any(row.row_id == REST for row in rows[:-1]):
        raise BadInput("rows: only the last row catches everything", field="rows")
    content = json.dumps(_jdm(name, rows), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return Strategy(name, content)


def row_json(row: Row) -> dict[str, Any]:
    """A row as the API says it: numbers as {"from", "to"}, words as a list, yes or no as true or false."""
    return {"id": row.row_id, "when": {name: _told(name, condition) for name, condition in row.when.items()}, **step_json(row.then)}


def step_json(step: Step) -> dict[str, Any]:
    """A step by its parts."""
    return {"step": step.step.value, "role": step.role, "script": step.script, "points": step.points, "why": step.why}


def row_of(told: Mapping[str, Any]) -> Row:
    """A row from what `row_json` gives. BadInput naming what is wrong."""
    row_id = str(told.get("id", ""))
    when = {name: _condition(name, said, row_id) for name, said in dict(told.get("when", {})).items()}
    try:
        step = Does(told["step"])
    except (KeyError, ValueError):
        raise BadInput(f"row {row_id}: step is one of {', '.join(Does)}", field="step") from None
    points = told.get("points")
    if isinstance(points, bool) or not isinstance(points, int):
        raise BadInput(f"row {row_id}: points is a whole number", field="points")
    then = Step(step, str(told.get("role", "")), str(told.get("script", "")), points, " ".join(str(told.get("why", "")).split()))
    row = Row(row_id, when, then)
    _check_row(row)
    return row


def _told(name: str, condition: Condition) -> Any:
    if isinstance(condition, Span):
        return {"from": condition.low, "to": condition.high}
    return condition == {"true"} if _INPUTS[name].kind == "yes_no" else sorted(condition)


def _condition(name: str, said: Any, row_id: str) -> Condition:
    known = _INPUTS.get(name)
    if known is None:
        raise BadInput(f"row {row_id}: {name} is no input; the inputs are {', '.join(_INPUTS)}", field=name)
    if known.numeric and isinstance(said, Mapping):
        low, high = said.get("from"), said.get("to")
        if all(each is None or (isinstance(each, int) and not isinstance(each, bool)) for each in (low, high)):
            return Span(low or 0, high)
    elif known.kind == "yes_no" and isinstance(said, bool):
        return frozenset({"true" if said else "false"})
    elif known.kind == "word" and isinstance(said, Sequence) and not isinstance(said, str) and all(isinstance(each, str) for each in said):
        return frozenset(said)
    shape = {"number": '{"from": 1, "to": 30}', "yes_no": "true or false", "word": "a list of words"}[known.kind]
    raise BadInput(f"row {row_id}: {name} is asked as {shape}", field=name)


def _check_row(row: Row) -> None:
    where = f"row {row.row_id}"
    if row.row_id != REST and not _ROW_ID.fullmatch(row.row_id):
        raise BadInput(f"{where}: a row is named r1 to r9999", field="rows")
    for name, condition in row.when.items():
        known = _INPUTS.get(name)
        if known is None:
            raise BadInput(f"{where}: {name} is no input; the inputs are {', '.join(_INPUTS)}", field=name)
        if isinstance(condition, Span):
            high = condition.high if condition.high is not None else MOST_FIGURE
            if not known.numeric or not 0 <= condition.low <= high <= MOST_FIGURE:
                raise BadInput(f"{where}: {name} goes from a number of 0 or more to one that is not less", field=name)
        elif known.numeric or not condition:
            raise BadInput(f"{where}: {name} names nothing that it could be", field=name)
        else:
            for word in condition:
                if not _WORD.fullmatch(word) or (known.words and word not in known.words):
                    raise BadInput(f"{where}: {name} cannot be {word!r}", field=name)
    then = row.then
    if then.role not in ROLES:
        raise BadInput(f"{where}: role is one of {', '.join(ROLES)}", field="role")
    if then.step is Does.REFER and then.role != "approver":
        raise BadInput(f"{where}: what is referred is an approver's", field="role")
    if then.script not in SCRIPTS or (then.script != "none") != (then.step in SPOKEN):
        raise BadInput(
            f"{where}: {'name what is said' if then.step in SPOKEN else 'nothing is said'}; script is one of {', '.join(SCRIPTS)}",
            field="script",
        )
    if not 0 <= then.points <= MOST_POINTS:
        raise BadInput(f"{where}: points are 0 to {MOST_POINTS}", field="points")
    if not 1 <= len(then.why) <= _LONGEST_WHY or not then.why.isprintable() or set(then.why) & {'"', "\\"}:
        raise BadInput(f'{where}: say why in 1 to {_LONGEST_WHY} characters, without " and \\', field="why")


def _typed(known: Input, fact: Fact) -> None:
    right = {
        "number": isinstance(fact, int) and not isinstance(fact, bool) and 0 <= fact <= MOST_FIGURE,
        "yes_no": isinstance(fact, bool),
        "word": isinstance(fact, str) and (fact in known.words if known.words else bool(_WORD.fullmatch(fact))),
    }[known.kind]
    if not right:
        shape = {
            "number": "a whole number of 0 or more",
            "yes_no": "true or false",
            "word": f"one of {', '.join(known.words) or 'our words'}",
        }
        raise BadInput(f"{known.name}: {fact!r} is not {shape[known.kind]}", field=known.name)


# ── the text (JDM) ─────────────────────────────────────────────────────────────────────────────────────────


def _jdm(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    at = {"x": 0, "y": 0}
    columns = [{"id": each.name, "name": each.name, "field": each.name} for each in INPUTS]
    says = [{"id": each, "name": each, "field": each} for each in _OUTPUTS]
    return {
        "contentType": "application/vnd.gorules.decision",
        "name": name,
        "nodes": [
            {"id": "facts", "type": "inputNode", "name": "facts", "position": at},
            {
                "id": _TABLE, "type": "decisionTableNode", "name": _TABLE, "position": at,
                "content": {"hitPolicy": "first", "rules": [_rule(row) for row in rows], "inputs": columns, "outputs": says},
            },
            {"id": "step", "type": "outputNode", "name": "step", "position": at},
        ],
        "edges": [
            {"id": "in", "type": "edge", "sourceId": "facts", "targetId": _TABLE},
            {"id": "out", "type": "edge", "sourceId": _TABLE, "targetId": "step"},
        ],
    }  # fmt: skip


def _rule(row: Row) -> dict[str, str]:
    cells = {each.name: _cell(each, row.when[each.name]) if each.name in row.when else "" for each in INPUTS}
    then = row.then
    said = {"row": row.row_id, "step": then.step.value, "role": then.role, "script": then.script, "why": then.why}
    return {"_id": row.row_id, **cells, **{name: f'"{text}"' for name, text in said.items()}, "points": str(then.points)}


def _cell(known: Input, condition: Condition) -> str:
    if isinstance(condition, Span):
        return f">= {condition.low}" if condition.high is None else f"[{condition.low}..{condition.high}]"
    if known.kind == "yes_no":
        return "" if len(condition) > 1 else next(iter(condition))
    return ", ".join(f'"{word}"' for word in sorted(condition))


def _row(rule: Mapping[str, str]) -> Row:
    when = {each.name: _read_cell(each, rule[each.name]) for each in INPUTS if rule[each.name]}
    said = {name: _plain(rule[name]) for name in ("row", "step", "role", "script", "why")}
    if said["row"] != rule["_id"]:
        raise BadInput(f"table: row {rule['_id']} calls itself {said['row']}", field="table")
    return Row(rule["_id"], when, Step(Does(said["step"]), said["role"], said["script"], int(rule["points"]), said["why"]))


def _read_cell(known: Input, cell: str) -> Condition:
    if known.numeric and (found := _SPAN_CELL.fullmatch(cell)):
        return Span(int(found[3])) if found[3] else Span(int(found[1]), int(found[2]))
    if known.kind == "yes_no" and cell in YES_NO:
        return frozenset({cell})
    if known.kind == "word" and _WORDS_CELL.fullmatch(cell):
        return frozenset(re.findall(r'"([^"]*)"', cell))
    raise BadInput(f"table: {cell!r} is no condition on {known.name}", field="table")


def _plain(text: str) -> str:
    if not re.fullmatch(r'"[^"\\]*"', text):
        raise BadInput(f"table: {text!r} is no plain text", field="table")
    return text[1:-1]
