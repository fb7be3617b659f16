"""Recalls: a payout is to come back, or the bank has said two things of it; what people find out, and what follows for the money.

Before it is sent a payout is simply cancelled, or its file stopped. Afterwards the bank is asked: by the rail if it can, else with the
sheet that the bank takes (camt.056). One person says how it ended and another agrees; money that came back is a line of a
statement in suspense, and goes to the loan as what it is.
"""

from __future__ import annotations

from typing import Final

from holdfast import approvals
from holdfast.duties import Case, take, take_by_id
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal, Unavailable
from holdfast.life import LIVE
from holdfast.loans import Happened
from holdfast.parties import Scope, Staff, require
from holdfast.payments import rail_store
from holdfast.payments.bank_files import in_suspense, match_line
from holdfast.payments.matters import DISPUTE, RECALL, begin_matter, end_matter, standing
from holdfast.payments.messages import write_camt056
from holdfast.payments.model import Matter, Payout, RailAnswer
from holdfast.payments.payouts import held_payout, record_answer
from holdfast.payments.ports import Answer, Outcome, PayoutRail
from holdfast.payments.states import MATTER_LIFE, MatterEvent, MatterState, PayoutState, after
from holdfast.payments.store import Db

SHORTEST_REASON: Final = 4
_ACT: Final = "payout.matter"
_RECALLABLE: Final = (PayoutState.SENT, PayoutState.UNKNOWN, PayoutState.PAID)
# How a matter may end, by its kind and by where its payout stands.
OUTCOMES: Final = {
    (RECALL, PayoutState.SENT): ("stopped", "refused"),
    (RECALL, PayoutState.UNKNOWN): ("stopped", "refused"),
    (RECALL, PayoutState.PAID): ("returned", "refused"),
    (DISPUTE, PayoutState.PAID): ("stands", "returned"),
    (DISPUTE, PayoutState.REJECTED): ("stands",),
}


def ask_recall(db: Db, *, clock: Clock, by: Staff, payout: str, words: str, rail: PayoutRail) -> Matter:
    """Ask the bank for a payout back, at once: nobody waits for a second person while money runs. A duty stands until it has ended.

    A rail that answers `rejected` has stopped it: the payout is rejected and the recall over. Refusal for a payout that was not sent
    (cancel it, or stop its file), and for a second recall beside one that stands.
    """
    require(by, "payout.recall")
    if len(words.strip()) < SHORTEST_REASON:
        raise BadInput("words: say why it must come back", field="words")
    case, found = held_payout(db, payout, by.scope)
    if found.state not in _RECALLABLE:
        raise Refusal(
            f"payout {payout} is {found.state}; only what was sent is asked back: cancel it, or stop its file",
            code="not_recallable", state=str(found.state),
        )  # fmt: skip
    if case.loan.state not in LIVE:
        raise Refusal(f"loan {case.loan.public_id} is {case.loan.state}; nothing is asked back on it", code="loan_state")
    if (stands := standing(db, case, RECALL)) is not None:
        raise Refusal(f"payout {payout} has been asked back already ({stands.public_id})", code="recall_stands", matter=stands.public_id)
    said = _ask_rail(rail, payout) if found.channel == "rail" else Answer(Outcome.UNKNOWN)
    matter = begin_matter(
        db, clock, by.actor, case, found, kind=RECALL, words=words.strip(), who=by.name, reference=said.reference or said.why
    )
    if said.outcome is Outcome.REJECTED and found.state is not PayoutState.PAID:
        record_answer(db, clock=clock, by=by.actor, payout=payout, answer=said, source="recall")
    return _matter(db, matter.public_id)


def rule_matter(db: Db, *, clock: Clock, by: Staff, matter: str, outcome: str, reference: str, words: str, line: str = "") -> Matter:
    """One person says, on the bank's word, how a recall or a contradiction ended; another must agree.

    `outcome` is one of those that `OUTCOMES` has for it. For money that is back, `line` names the line of a statement in suspense.
    """
    require(by, "payout.recall")
    case, found = _held(db, matter, by.scope)
    after(MATTER_LIFE, f"matter {matter}", found.state, MatterEvent.RULE)
    _, about = held_payout(db, found.payout, None)
    allowed = OUTCOMES.get((found.kind, about.state), ())
    if outcome not in allowed:
        raise BadInput(f"outcome: payout {found.payout} is {about.state}; say one of {', '.join(allowed)}", field="outcome")
    if len(reference.strip()) < SHORTEST_REASON:
        raise BadInput("reference: name the bank's statement or letter that says so", field="reference")
    inputs = {"matter": matter, "payout": found.payout, "outcome": outcome, "reference": reference.strip()}
    if outcome == "returned":
        inputs["line"] = _money_back(db, by, about, line)
    asked = approvals.ask(db, clock=clock, by=by, act=_ACT, inputs=inputs, reason=words, loan_id=case.loan.loan_id, barred=case.officers)
    rail_store.update_matter(db, found, state=MatterState.RULED, approval=asked.public_id, outcome=outcome, reference=reference.strip())
    return _matter(db, matter)


def answer_matter(db: Db, *, clock: Clock, by: Staff, matter: str, approved: bool, words: str) -> Matter:
    """The second person's yes or no; the yes ends it. Stopped: the payout is rejected. Returned: the money in suspense is the loan's."""
    require(by, "payout.check")
    case, found = _held(db, matter, by.scope)
    event = MatterEvent.END if approved else MatterEvent.DISAGREE
    state = after(MATTER_LIFE, f"matter {matter}", found.state, event)
    if found.approval is None:
        raise Refusal(f"nobody has said yet how matter {matter} ended", code="nothing_proposed")
    answered = approvals.answer(db, clock=clock, by=by, public_id=found.approval, approved=approved, words=words)
    if not approved:
        rail_store.update_matter(db, found, state=state, approval=None, outcome="", reference="")
        return _matter(db, matter)
    approvals.spend(db, clock=clock, by=by.actor, public_id=found.approval, act=_ACT, inputs=answered.inputs, loan_id=case.loan.loan_id)
    outcome, reference = str(answered.inputs["outcome"]), str(answered.inputs["reference"])
    if outcome == "stopped":
        said = Answer(Outcome.REJECTED, reference, "asked back, and stopped before it was paid")
        record_answer(db, clock=clock, by=by.actor, payout=found.payout, answer=said, source="two people", ruled=True)
        return _matter(db, matter)
    happened: tuple[Happened, ...] = ()
    if outcome == "returned":
        line = match_line(db, clock=clock, by=by.actor, line=str(answered.inputs["line"]), loan_id=case.loan.loan_id, how="recall")
        happened = line.happened
    case = take_by_id(db, case.loan.loan_id)
    return end_matter(db, clock, by.actor, case, found, outcome=outcome, reference=reference, happened=happened)


def recall_sheet(db: Db, *, clock: Clock, by: Staff, matter: str) -> tuple[str, bytes]:
    """The request to the bank as a file (camt.056): its name and its bytes."""
    require(by, "payout.recall")
    found = matter_of(db, by, matter)
    _, about = held_payout(db, found.payout, by.scope)
    named = next((each.public_id for each in rail_store.files(db) if found.payout in each.payouts), found.payout)
    sheet = write_camt056(
        case=found.public_id, made_at=clock.now(), message=named, end_to_end=found.payout, amount=about.amount, why=found.words
    )
    return f"camt.056-{found.public_id}.xml", sheet


def matters(db: Db, scope: Scope, *, loan_id: int | None = None, open_only: bool = False) -> list[Matter]:
    """Recalls and contradictions of loans within sight, newest first."""
    states = (MatterState.OPEN, MatterState.RULED) if open_only else tuple(MatterState)
    return rail_store.matters(db, scope, loan_id=loan_id, states=states)


def matter_of(db: Db, by: Staff, public_id: str) -> Matter:
    """One matter within sight; NotFound otherwise."""
    found = rail_store.matters(db, by.scope, public_id=public_id)
    if not found:
        raise _unknown(public_id)
    return found[0]


def answers_for_people(db: Db) -> list[RailAnswer]:
    """What banks said that contradicts the book or is about no payment of ours; newest first."""
    return rail_store.answers(db, fates=("contradicts", "nobody"))


def answers_of(db: Db, key: str) -> list[RailAnswer]:
    """All that was ever said of a payout or a direct debit, newest first."""
    return rail_store.answers(db, key=key)


def _ask_rail(rail: PayoutRail, payout: str) -> Answer:
    try:
        return rail.recall(payout)
    except Unavailable as error:
        return Answer(Outcome.UNKNOWN, why=error.sentence)  # asked all the same: the duty stands, and people ask by other ways


def _money_back(db: Db, by: Staff, about: Payout, line: str) -> str:
    if not line.strip():
        raise BadInput("line: name the line of a statement by which the money came back", field="line")
    found = in_suspense(db, by, line.strip())
    if found.amount.currency != about.amount.currency or not 0 < found.amount.minor <= about.amount.minor:
        raise BadInput(f"line: it is not part of {about.amount.decimal()} {about.amount.currency}", field="line")
    return found.public_id


def _held(db: Db, public_id: str, scope: Scope) -> tuple[Case, Matter]:
    loan_id = rail_store.loan_of_matter(db, public_id)
    if loan_id is None:
        raise _unknown(public_id)
    case = take_by_id(db, loan_id)
    take(db, case.loan.public_id, scope, lock=False)
    return case, _matter(db, public_id)


def _matter(db: Db, public_id: str) -> Matter:
    return rail_store.matters(db, None, public_id=public_id)[0]


def _unknown(public_id: str) -> NotFound:
    return NotFound(f"there is no matter {public_id} within your sight", code="no_matter", field="matter")
