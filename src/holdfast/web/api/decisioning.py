"""Decisions: the desk, the rule, two people's answers, a review asked for, and the replay of what was logged."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Router
from pydantic import StrictBool, StringConstraints

from holdfast import decisioning
from holdfast.decisioning import Artifact, Decision, Line, PolicyTable, Reason, Row, Scorecard
from holdfast.decisioning.rulebook import KINDS
from holdfast.duties import take
from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money
from holdfast.web.api.approvals import told_request
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.servicing import Limit
from holdfast.web.api.shapes import Json, RequestOut
from holdfast.web.api.values import Day, In, Instant, MoneyIn, MoneyOut, Out

router = Router()

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=500)]


class ReasonOut(Out):
    """A reason or a mend: its code, its figures, and its words in both languages."""

    code: str
    figures: Json
    zh: str
    en: str


class DecisioningPartOut(Out):
    """One bound on the sum; null where it is not known. Two people may set aside what is not hard."""

    name: str
    amount: MoneyOut | None
    hard: bool
    binds: bool


class DecisionOut(Out):
    """One row of the log. `gates`, `score` and `terms` stand as they were found; `record_seq` is of the loan's chain."""

    id: str
    loan: str
    no: int
    state: str
    outcome: str
    by_what: str
    limit: MoneyOut | None
    parts: list[DecisioningPartOut]
    approved: MoneyOut | None
    terms: Json | None
    gates: list[Json]
    score: Json | None
    reasons: list[ReasonOut]
    mends: list[ReasonOut]
    words: str
    waits_for_second: bool
    versions: Json
    made_at: Instant
    on: Day
    made_by: str
    record_seq: int


class DecisionList(Out):
    """The loan's decisions, first to last."""

    items: list[DecisionOut]
    next: None = None


class DecisioningLineOut(Out):
    """A line of the desk."""

    loan: str
    contract_no: str
    borrower: str
    product: str
    branch: str
    loan_state: str
    decision: str | None
    state: str
    due_at: Instant | None
    made_at: Instant | None


class DecisioningLineList(Out):
    """Lines of the desk."""

    items: list[DecisioningLineOut]
    next: None = None


class ReplayOut(Out):
    """Whether the log, computed anew, comes to the bytes that were logged; both digests are SHA-256."""

    decision: str
    same: bool
    logged: str
    computed: str


class DecisioningAnswerIn(In):
    """Yes or no, and why. The first yes names the sum (without one, what the rule proposes); the second repeats it or leaves it out."""

    approved: StrictBool
    words: Said
    amount: MoneyIn | None = None


class ProposalIn(In):
    """A scorecard or a policy table, whole, as its own text, and why it should decide."""

    kind: Literal["scorecard", "table"]
    content: Annotated[str, StringConstraints(min_length=2, max_length=500_000)]
    reason: Said


class VerdictIn(In):
    """Yes or no, and why."""

    approved: StrictBool
    words: Said


class InForceOut(Out):
    """What decides now, by name and SHA-256."""

    scorecard: str
    scorecard_sha256: str
    table: str
    table_sha256: str


class DecisioningReviewIn(In):
    """What the borrower says."""

    words: Said


@operation(router, "GET", "/decisions", "decisioning.list", answer=DecisioningLineList)
def list_decisions(call: Call, show: Literal["waiting", "decided"] = "waiting", limit: Limit = 50) -> Any:
    """What waits for a decision within the caller's sight, earliest deadline first; or what was decided, newest first."""
    return {"items": [_line(line) for line in decisioning.desk(call.db, call.staff.scope, decided=show == "decided", limit=limit)]}


class ArtifactOut(Out):
    """A scorecard or a table: in force (`active`), `proposed`, `refused`, or `retired`; `since` is when two people put it in force."""

    kind: str
    name: str
    sha256: str
    standing: str
    since: Instant | None
    shipped: bool
    request: RequestOut | None


class ArtifactList(Out):
    """All that is or was in force or proposed, of both kinds."""

    items: list[ArtifactOut]


class ChangeOut(Out):
    """One difference from what is in force: where, and what stood and would stand there; empty where there is nothing."""

    where: str
    what: str
    was: str
    now: str


class FiguresOut(Out):
    """How a scorecard ranks the rows that come with the program."""

    auc: str
    ks: str
    brier: str
    observed_over_predicted: str
    rows: int


class ArtifactDetailOut(Out):
    """One of them, what it says, what it would change against what is in force, and its figures (a scorecard's only)."""

    artifact: ArtifactOut
    content: str
    changes: list[ChangeOut]
    figures: FiguresOut | None


@operation(router, "GET", "/loans/{loan}/decisions", "decisioning.get", answer=DecisionList)
def get_decisions(call: Call, loan: str) -> Any:
    """All that was decided on a loan, with gates, score, limit, reasons and what may change it."""
    case = take(call.db, loan, call.staff.scope, lock=False)
    return {"items": [_told(call, loan, each) for each in decisioning.decisions_of(call.db, case.loan.loan_id)]}


@operation(router, "POST", "/loans/{loan}/decision", "decisioning.decide", answer=DecisionOut)
def decide(call: Call, loan: str) -> Any:
    """Let the rule decide on a confirmed loan: approve at once, refuse with what may change it, or refer to two people."""
    return _told(call, loan, decisioning.decide(call.db, clock=call.clock, by=call.staff, loan=loan))


@operation(router, "POST", "/loans/{loan}/decision/answer", "decisioning.answer", answer=DecisionOut)
def answer(call: Call, loan: str, body: DecisioningAnswerIn) -> Any:
    """One person's yes or no on a referred loan. Two yes to the same sum approve; a single no refuses."""
    amount = body.amount.money() if body.amount else None
    made = decisioning.answer_referral(
        call.db, clock=call.clock, by=call.staff, loan=loan, approved=body.approved, words=body.words, amount=amount
    )
    return _told(call, loan, made)


@operation(router, "POST", "/loans/{loan}/decision/review", "decisioning.review", answer=DecisionOut)
def review(call: Call, loan: str, body: DecisioningReviewIn) -> Any:
    """Pass on that the borrower asks for people to look at what the rule refused."""
    return _told(call, loan, decisioning.ask_review(call.db, clock=call.clock, by=call.staff, loan=loan, words=body.words))


@operation(router, "GET", "/decisions/{decision}/replay", "decisioning.replay", answer=ReplayOut)
def replay(call: Call, decision: str) -> Any:
    """Compute a logged decision anew from the log alone, with the scorecard and the table that it names."""
    made = decisioning.decision_named(call.db, decision, call.staff.scope)
    computed = decisioning.replay(call.db, made)
    digests = [canonical.digest(canonical.decode(each)) for each in (made.finding, computed)]
    return {"decision": decision, "same": computed == made.finding, "logged": digests[0], "computed": digests[1]}


@operation(router, "GET", "/decision-rules", "decisioning.in_force", answer=InForceOut)
def in_force(call: Call) -> Any:
    """The scorecard and the policy table that decide now."""
    card, table = decisioning.in_force(call.db)
    return {"scorecard": card.name, "scorecard_sha256": card.sha256, "table": table.name, "table_sha256": table.sha256}


@operation(router, "GET", "/decision-rules/artifacts", "decisioning.artifacts", answer=ArtifactList)
def artifacts(call: Call) -> Any:
    """Every scorecard and table that is or was in force or proposed, with its standing."""
    return {"items": [_artifact(each) for kind in KINDS for each in decisioning.artifacts(call.db, call.staff.scope, kind)]}


@operation(router, "GET", "/decision-rules/artifacts/{sha256}", "decisioning.artifact", answer=ArtifactDetailOut)
def artifact(call: Call, sha256: str) -> Any:
    """One of them, whole: what it says, what differs from what is in force, and how it ranks."""
    it, says = decisioning.artifact(call.db, call.staff.scope, sha256)
    card, table = decisioning.in_force(call.db)
    return {
        "artifact": _artifact(it),
        "content": says.content if isinstance(says, PolicyTable) else says.content.decode(),
        "changes": [
            {"where": each.where, "what": each.what, "was": _row(each.was), "now": _row(each.now)}
            for each in decisioning.changes(card if it.kind == "scorecard" else table, says)
        ],
        "figures": _figures(says) if isinstance(says, Scorecard) else None,
    }


@operation(router, "POST", "/decision-rules", "decisioning.propose", answer=RequestOut, status=202)
def propose(call: Call, body: ProposalIn) -> Any:
    """Ask another person to let a scorecard or a policy table decide from now on; gaps and overlaps are refused by name."""
    return told_request(
        decisioning.propose(call.db, clock=call.clock, by=call.staff, kind=body.kind, content=body.content, reason=body.reason)
    )


@operation(router, "POST", "/decision-rules/{asked}/answer", "decisioning.activate", answer=RequestOut)
def activate(call: Call, asked: str, body: VerdictIn) -> Any:
    """Another person's answer; the yes puts the proposal in force. What was decided before stays as it was."""
    return told_request(
        decisioning.activate(call.db, clock=call.clock, by=call.staff, request=asked, approved=body.approved, words=body.words)
    )


def _artifact(each: Artifact) -> dict[str, Any]:
    return {
        "kind": each.kind, "name": each.name, "sha256": each.sha256, "standing": each.standing, "since": each.since,
        "shipped": each.shipped, "request": told_request(each.asked) if each.asked else None,
    }  # fmt: skip


def _row(row: Row | str) -> str:
    """A row of a gate on one line: what it asks, an arrow, what it answers."""
    if isinstance(row, str):
        return row
    asks = " and ".join(f"{field} {cell}" for field, cell in row.asks if cell) or "anything"
    return f"{asks} -> " + ", ".join(f"{field} = {cell}" for field, cell in row.says if cell)


def _figures(card: Scorecard) -> dict[str, Any] | None:
    """The figures, or nothing for a scorecard that asks for what those rows do not hold."""
    try:
        found = decisioning.figures(card).measures
    except BadInput:
        return None
    return {
        "auc": f"{found.auc:.4f}", "ks": f"{found.ks:.4f}", "brier": f"{found.brier:.4f}",
        "observed_over_predicted": f"{found.observed_over_predicted:.4f}", "rows": found.n,
    }  # fmt: skip


def _line(line: Line) -> dict[str, Any]:
    return {
        "loan": line.loan, "contract_no": line.contract_no, "borrower": line.borrower, "product": line.product, "branch": line.branch,
        "loan_state": line.loan_state, "decision": line.decision, "state": line.state, "due_at": line.due_at, "made_at": line.made_at,
    }  # fmt: skip


def _told(call: Call, loan: str, made: Decision) -> dict[str, Any]:
    found, currency = made.found, made.currency
    parts = [
        {
            "name": part["name"], "amount": None if part["minor"] is None else Money(part["minor"], currency), "hard": part["hard"],
            "binds": part["name"] == found["limit"]["binding"],
        }
        for part in found["limit"]["parts"]
    ]  # fmt: skip
    return {
        "id": made.public_id, "loan": loan, "no": made.decision_no, "state": made.state, "outcome": made.outcome, "by_what": made.by_what,
        "limit": made.limit, "parts": parts, "approved": None if made.approved_sum is None else Money(made.approved_sum, currency),
        "terms": made.approved_terms.to_json() if made.approved_terms else None, "gates": found["gates"], "score": found["score"],
        "reasons": [_reason(each, currency) for each in made.reasons], "mends": [_reason(each, currency) for each in made.mends],
        "words": made.words, "waits_for_second": decisioning.open_request(call.db, made.loan_id, made, call.staff.scope) is not None,
        "versions": dict(made.named), "made_at": made.made_at, "on": made.on, "made_by": made.made_by, "record_seq": made.record_seq,
    }  # fmt: skip


def _reason(reason: Reason, currency: str) -> dict[str, Any]:
    return {
        "code": reason.code, "figures": dict(reason.figures), "zh": decisioning.words(reason, chinese=True, currency=currency),
        "en": decisioning.words(reason, chinese=False, currency=currency),
    }  # fmt: skip
