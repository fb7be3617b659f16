"""Strategies of follow-up: versions, drafts and their rows, the trial on a month's book, two people, and what is said of a loan."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router
from pydantic import Field, StrictBool

from holdfast.followup import strategies
from holdfast.followup.strategies import Advice, Draft, Version
from holdfast.followup.strategy_model import MOST_POINTS, MOST_ROWS, Decided, Facts, decide, row_json, row_of, step_json
from holdfast.servicing.reading import loan_number
from holdfast.web.api.approvals import told_request
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.shapes import Json, RequestOut
from holdfast.web.api.values import Day, In, Instant, Name, Out, Words

router = Router()


class StrategyRowIn(In):
    """A rule. `when` by input: {"from", "to"} for a number (either may be null), a list of words, or true or false; not named: anything."""

    id: Annotated[str, Field(max_length=8)]
    when: Json
    step: Annotated[str, Field(max_length=20)]
    role: Annotated[str, Field(max_length=20)]
    script: Annotated[str, Field(max_length=40)]
    points: Annotated[int, Field(ge=0, le=MOST_POINTS)]
    why: Annotated[str, Field(max_length=200)]


class StrategyDraftIn(In):
    """A draft's name, and the version whose rows it begins with; empty: the one that decides now."""

    name: Name
    based_on: Annotated[str, Field(max_length=40)] = ""


class StrategyRowsIn(In):
    """All rows of a draft in their order, the last one `rest`. `revision` is the one that was read."""

    revision: Annotated[int, Field(ge=1)]
    name: Annotated[str, Field(max_length=60)] = ""
    rows: Annotated[list[StrategyRowIn], Field(min_length=1, max_length=MOST_ROWS)]


class StrategyProposalIn(In):
    """From which day, tomorrow at the earliest, and why."""

    from_day: Day
    reason: Words


class StrategyVerdictIn(In):
    """Yes or no; a no says why."""

    approved: StrictBool
    words: Annotated[str, Field(max_length=1000)] = ""


class StrategyFactsIn(In):
    """Typed facts by the inputs' names, all of them."""

    facts: Json


class StrategyOut(Out):
    """A version. `standing`: proposed, refused, to_come, in_force or past. `table` (JDM) is what `sha256` is the digest of."""

    id: str
    name: str
    version: int
    standing: str
    from_day: Day | None
    sha256: str
    rows: list[Json]
    table: str
    request: RequestOut | None


class StrategyList(Out):
    """All versions, newest first."""

    items: list[StrategyOut]


class StrategyDraftOut(Out):
    """A draft. `defects` are its gaps and overlaps in words; it is proposed only when there are none."""

    id: str
    name: str
    revision: int
    changed_by: str
    changed_at: Instant
    sha256: str
    rows: list[Json]
    defects: list[str]
    proposed: str | None
    ended: bool


class StrategyDraftList(Out):
    """The drafts that are worked at."""

    items: list[StrategyDraftOut]


class StrategyStepOut(Out):
    """An answer: the row that hit (empty: none), the step, and why the table gave no answer if it did not."""

    row: str
    step: str
    role: str
    script: str
    points: int
    why: str
    failed: str


class StrategyAdviceOut(Out):
    """What a strategy says about one loan today."""

    loan: str
    strategy: str
    version: int
    sha256: str
    facts: Json
    says: StrategyStepOut


class LoanStrategyOut(Out):
    """What is to be done about a loan; null if nothing is late."""

    advice: StrategyAdviceOut | None


class StrategyAdviceList(Out):
    """The follow-ups that are due, the most points first."""

    items: list[StrategyAdviceOut]


class StrategyCountOut(Out):
    """How many loans get a step now, and under what is tried."""

    step: str
    now: int
    tried: int


class StrategyDifferentOut(Out):
    """A loan that would get another answer."""

    loan: str
    facts: Json
    now: StrategyStepOut
    tried: StrategyStepOut


class StrategyTrialOut(Out):
    """What was found on a month's last day. `rows` counts loans by the row of what is tried; `next` asks for the next page."""

    on: Day
    loans: int
    changed: int
    steps: list[StrategyCountOut]
    rows: Json
    different: list[StrategyDifferentOut]
    next: int | None


@operation(router, "GET", "/strategies", "strategies.list", answer=StrategyList)
def list_strategies(call: Call) -> Any:
    """Every version of the strategy of follow-up; the one that comes with the program last."""
    return {"items": [_version(each) for each in strategies.every(call.db, clock=call.clock)]}


@operation(router, "GET", "/strategies/drafts", "strategies.drafts", answer=StrategyDraftList)
def list_drafts(call: Call) -> Any:
    """The drafts that are worked at, newest first."""
    return {"items": [_draft(each) for each in strategies.drafts(call.db)]}


@operation(router, "GET", "/strategies/due", "strategies.due", answer=StrategyAdviceList)
def list_due(call: Call) -> Any:
    """What is to be done today: the follow-ups within sight that are due, each with its step and its reason."""
    return {"items": [_advice(each) for each in strategies.due(call.db, clock=call.clock, by=call.staff)]}


@operation(router, "POST", "/strategies/drafts", "strategies.draft", answer=StrategyDraftOut, status=201)
def begin_draft(call: Call, body: StrategyDraftIn) -> Any:
    """Begin a draft."""
    return _draft(strategies.draft(call.db, clock=call.clock, by=call.staff, name=body.name, based_on=body.based_on))


@operation(router, "GET", "/strategies/drafts/{draft}", "strategies.draft_of", answer=StrategyDraftOut)
def read_draft(call: Call, draft: str) -> Any:
    """A draft with its defects."""
    return _draft(strategies.draft_of(call.db, draft=draft))


@operation(router, "POST", "/strategies/drafts/{draft}/rows", "strategies.change", answer=StrategyDraftOut)
def change_draft(call: Call, draft: str, body: StrategyRowsIn) -> Any:
    """Put other rows into a draft; gaps and overlaps come back in its defects."""
    rows = [row_of(each.model_dump()) for each in body.rows]
    changed = strategies.change(call.db, clock=call.clock, by=call.staff, draft=draft, revision=body.revision, rows=rows, name=body.name)
    return _draft(changed)


@operation(router, "POST", "/strategies/drafts/{draft}/set-aside", "strategies.set_aside", answer=StrategyDraftOut)
def set_aside(call: Call, draft: str) -> Any:
    """Nobody works at this draft any more."""
    strategies.set_aside(call.db, clock=call.clock, by=call.staff, draft=draft)
    return _draft(strategies.draft_of(call.db, draft=draft))


@operation(router, "POST", "/strategies/drafts/{draft}/propose", "strategies.propose", answer=StrategyOut, status=202)
def propose(call: Call, draft: str, body: StrategyProposalIn) -> Any:
    """Ask a second person, who has not written at it, to put a draft live; refused with every gap and overlap."""
    made = strategies.propose(call.db, clock=call.clock, by=call.staff, draft=draft, from_day=body.from_day, words=body.reason)
    return _version(made)


@operation(router, "GET", "/strategies/{strategy}", "strategies.get", answer=StrategyOut)
def read_strategy(call: Call, strategy: str) -> Any:
    """A version by its id, whole, however long ago it decided; `shipped` is the one that comes with the program."""
    return _version(strategies.one(call.db, clock=call.clock, strategy=strategy))


@operation(router, "POST", "/strategies/{strategy}/answer", "strategies.answer", answer=StrategyOut)
def answer(call: Call, strategy: str, body: StrategyVerdictIn) -> Any:
    """The second person's answer; a yes lets it decide from its first day on."""
    return _version(
        strategies.answer(call.db, clock=call.clock, by=call.staff, strategy=strategy, approved=body.approved, words=body.words)
    )


@operation(router, "GET", "/strategies/{strategy}/trial", "strategies.try", answer=StrategyTrialOut)
def try_on(call: Call, strategy: str, month: str = "", after: Annotated[int, Field(ge=-1, lt=2**63)] = -1) -> Any:
    """What a draft or a version would have said at the end of a month (2026-10; the last one if none is named). Writes nothing."""
    found = strategies.try_on(call.db, clock=call.clock, by=call.staff, draft=strategy, month=month, after=after)
    return {
        "on": found.on, "loans": found.loans, "changed": found.changed, "rows": dict(found.rows), "next": found.next,
        "steps": [{"step": step, "now": was, "tried": now} for step, was, now in found.steps],
        "different": [
            {"loan": each.loan, "facts": each.facts.told(), "now": _says(each.was), "tried": _says(each.now)} for each in found.different
        ],
    }  # fmt: skip


@operation(router, "POST", "/strategies/{strategy}/decide", "strategies.decide", answer=StrategyStepOut)
def decide_facts(call: Call, strategy: str, body: StrategyFactsIn) -> Any:
    """What a version says of facts that are given. Every input must be there and of its type; nothing is written."""
    found = strategies.one(call.db, clock=call.clock, strategy=strategy)
    return _says(decide(Facts.of(body.facts), found.strategy))


@operation(router, "GET", "/loans/{loan}/strategy", "strategies.for_loan", answer=LoanStrategyOut)
def for_loan(call: Call, loan: str) -> Any:
    """What is to be done at the follow-up of a late loan today, from which facts and by which row."""
    found = strategies.for_loan(call.db, clock=call.clock, loan_id=loan_number(call.db, call.look, loan))
    return {"advice": _advice(found) if found else None}


def _version(each: Version) -> dict[str, Any]:
    return {
        "id": each.public_id, "name": each.strategy.name, "version": each.version, "standing": each.standing, "from_day": each.from_day,
        "sha256": each.strategy.sha256, "rows": [row_json(row) for row in each.strategy.rows], "table": each.strategy.content,
        "request": told_request(each.asked) if each.asked else None,
    }  # fmt: skip


def _draft(each: Draft) -> dict[str, Any]:
    return {
        "id": each.row.public_id, "name": each.strategy.name, "revision": each.row.revision, "changed_by": each.row.changed_by,
        "changed_at": each.row.changed_at, "sha256": each.strategy.sha256, "rows": [row_json(row) for row in each.strategy.rows],
        "defects": [defect.sentence for defect in each.defects], "proposed": each.proposed, "ended": each.row.ended_at is not None,
    }  # fmt: skip


def _says(each: Decided) -> dict[str, Any]:
    return {"row": each.row, "failed": each.failed, **step_json(each.step)}


def _advice(each: Advice) -> dict[str, Any]:
    return {
        "loan": each.loan, "strategy": each.public_id, "version": each.version, "sha256": each.strategy.sha256, "facts": each.facts.told(),
        "says": _says(each.decided),
    }  # fmt: skip
