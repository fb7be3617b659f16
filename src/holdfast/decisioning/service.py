"""Deciding: the rule finds, a straight case is done at once, and what the rule refers two people answer.

Every finding is logged with all that it follows from. A borrower whom the rule refused may ask for people: the
loan is alive again and two of them answer. Nobody decides on a loan that they are the officer of, and one person
under two log-ins is one person.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import psycopg

from holdfast import approvals, collateral, duties
from holdfast.applications import of_loan
from holdfast.applications.facts import age_on
from holdfast.approvals import Request, Standing
from holdfast.decisioning import policy_table, scorecard, store, trained
from holdfast.decisioning.features import SCORED, Facts, read_answers
from holdfast.decisioning.model import ByWhat, Decision, Line
from holdfast.decisioning.policy_table import PolicyTable
from holdfast.decisioning.rules import ENGINE, INPUTS, Basis, Finding, Outcome, find, people_may, terms_of
from holdfast.decisioning.scorecard import Scorecard
from holdfast.decisioning.states import DecisionEvent, DecisionState, after
from holdfast.duties import Case
from holdfast.journal import Actor, Record
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.parties import Scope, Staff, require, staff_by_id
from holdfast.policy import Lender, may_originate, read_pack
from holdfast.products import Terms, check_ceiling, version

Db = psycopg.Connection[Any]

MAKE: Final = "decision.make"
ACTIVATE: Final = "decision.activate"
SCORECARD: Final = "german-2026"  # what decides in a book that has put nothing of its own in force
TABLE: Final = "phone-2026-11"
OF_AGE: Final = 18
SHORTEST_WORDS: Final = 4
LONGEST_WORDS: Final = 500
MOST_LISTED: Final = 200
# The price book's own alarms, and how the valuation then stands.
_NO_PRICE: Final = {"price_missing": "missing", "price_stale": "stale"}
_EVENTS: Final = {Outcome.APPROVE: DecisionEvent.APPROVE, Outcome.REFER: DecisionEvent.REFER, Outcome.REFUSE: DecisionEvent.REFUSE}


# -- deciding ----------------------------------------------------------------------------------------------------


def decide(db: Db, *, clock: Clock, by: Staff, loan: str) -> Decision:
    """Let the rule decide on a confirmed loan: approved at once, refused with what may change it, or referred to two people.

    A referred loan may be decided again when its facts have changed. Refusal before the confirmation, on a frozen
    loan, and while a borrower's request for people is open; Forbidden to the loan's own officer.
    """
    require(by, MAKE)
    case = duties.take(db, loan, by.scope)
    _not_the_officer(db, case, by)
    case.must_be(LoanState.CONFIRMED)
    last = store.latest(db, case.loan.loan_id)
    if last is not None and last.by_what is ByWhat.REVIEW:
        raise Refusal(f"the borrower asked for people to look at loan {loan}; two of them answer", code="people_asked_for", loan=loan)
    facts, basis = _facts(db, clock, by, case), _basis(db, clock, case)
    finding = find(facts, basis)
    state = after(last.state if last else DecisionState.PENDING, _EVENTS[finding.outcome])
    terms = finding.terms if state is DecisionState.APPROVED else None
    return _log(db, clock, by.actor, case, ByWhat.RULE, state, facts, basis, finding, terms=terms)


def answer_referral(db: Db, *, clock: Clock, by: Staff, loan: str, approved: bool, words: str, amount: Money | None = None) -> Decision:
    """One person's yes or no on a referred loan. Two yes to the same sum approve; a single no refuses.

    The first yes names the sum (without one, what the rule proposes); the second says yes to exactly that. What stands
    against it is asked anew each time, on the facts of the moment.
    """
    require(by, MAKE)
    said = _words(words)
    case = duties.take(db, loan, by.scope)
    _not_the_officer(db, case, by)
    case.must_be(LoanState.CONFIRMED)
    last = store.latest(db, case.loan.loan_id)
    state = after(last.state if last else DecisionState.PENDING, DecisionEvent.YES if approved else DecisionEvent.NO)
    assert last is not None, "a decision that may be answered is there"
    asked = open_request(db, case.loan.loan_id, last, by.scope)
    facts, basis = _facts(db, clock, by, case), _basis(db, clock, case)
    finding = find(facts, basis)
    if not approved:
        if asked is not None:
            approvals.answer(db, clock=clock, by=by, public_id=asked.public_id, approved=False, words=said)
        return _log(
            db, clock, by.actor, case, ByWhat.PEOPLE, state, facts, basis, finding, words=said, request=asked.public_id if asked else None
        )
    minor = _sum_of(asked, finding, facts, amount, case.loan.currency)
    people_may(finding, minor, basis.product.offer.least)
    terms = terms_of(facts, basis, minor)
    check_ceiling(terms, case.pack, case.lender, on=clock.today(), product=case.loan.product_code)
    if asked is None:
        inputs = {"loan": loan, "decision": last.public_id, "amount": Money(minor, case.loan.currency).as_json()}
        barred = [case.loan.officer_id] if case.loan.officer_id is not None else []
        asked = approvals.ask(db, clock=clock, by=by, act=MAKE, inputs=inputs, reason=said, loan_id=case.loan.loan_id, barred=barred)
        _answered(db, clock, by, case, last, asked, said)
        return last
    approvals.answer(db, clock=clock, by=by, public_id=asked.public_id, approved=True, words=said)
    approvals.spend(db, clock=clock, by=by.actor, public_id=asked.public_id, act=MAKE, inputs=asked.inputs, loan_id=case.loan.loan_id)
    _answered(db, clock, by, case, last, asked, said)
    return _log(db, clock, by.actor, case, ByWhat.PEOPLE, state, facts, basis, finding, terms=terms, words=said, request=asked.public_id)


def ask_review(db: Db, *, clock: Clock, by: Staff | Actor, loan: str, words: str) -> Decision:
    """A borrower asks for people to look at what the rule refused; staff may pass it on. The loan is alive again and two people answer.

    Refusal for what people refused, and after the pack's days.
    """
    if isinstance(by, Staff):
        require(by, "decision.review")
    said = _words(words)
    case = duties.take(db, loan, by.scope) if isinstance(by, Staff) else duties.take_own(db, loan, by)
    last = store.latest(db, case.loan.loan_id)
    state = after(last.state if last else DecisionState.PENDING, DecisionEvent.REVIEW)
    assert last is not None, "a decision that may be looked at again is there"
    if last.by_what is not ByWhat.RULE:
        raise Refusal(f"people have looked at loan {loan} already; they refused it", code="people_refused", loan=loan)
    case.must_be(LoanState.REFUSED)
    days = case.number("decision.review_days", case.loan.opened_on)
    if clock.today() > last.on + timedelta(days=days):
        raise Refusal(f"loan {loan} was refused on {last.on}; people are asked for within {days} days", code="review_late", loan=loan)
    actor = by.actor if isinstance(by, Staff) else by
    public_id = new_id("dc")
    says = {"decision": public_id, "of": last.public_id, "words": said}
    record = duties.enter(
        db, case, clock=clock, by=actor, kind="decision.review_asked", says=says, to=LoanState.CONFIRMED, opens=("decide",)
    )
    store.insert(
        db, loan_id=case.loan.loan_id, decision_no=last.decision_no + 1, public_id=public_id, by_what=ByWhat.REVIEW, state=state,
        features=last.features, basis=last.basis, finding=last.finding, terms=None, words=said, request=None, made_by=actor.id,
        at=clock.now(), on=clock.today(), seq=record.seq,
    )  # fmt: skip
    return decision_of(db, case.loan.loan_id)


# -- reading -----------------------------------------------------------------------------------------------------


def decision_of(db: Db, loan_id: int) -> Decision:
    """The decision on a loan as it stands; NotFound before the first."""
    found = store.latest(db, loan_id)
    if found is None:
        raise NotFound("nothing has been decided on this loan yet", code="no_decision", field="loan")
    return found


def decisions_of(db: Db, loan_id: int) -> list[Decision]:
    """All that was decided on a loan, first to last."""
    return store.decisions(db, loan_id)


def decision_named(db: Db, public_id: str, scope: Scope) -> Decision:
    """The decision of that public id; NotFound if its loan is out of sight."""
    found = store.named(db, public_id)
    if found is None or not store.in_sight(db, found.loan_id, *scope.condition("l")):
        raise NotFound(f"there is no decision {public_id} within your sight", code="no_decision", field="decision")
    return found


def desk(db: Db, scope: Scope, *, decided: bool = False, limit: int = 50) -> list[Line]:
    """What waits for a decision within sight, earliest deadline first; or what was decided, newest first."""
    condition, values = scope.condition("l")
    return store.lines(db, condition, values, decided=decided, limit=min(max(1, limit), MOST_LISTED))


def open_request(db: Db, loan_id: int, last: Decision, scope: Scope) -> Request | None:
    """The first person's yes to this referral, while it waits for the second."""
    for asked in approvals.requests(db, scope, loan_id=loan_id, limit=MOST_LISTED):
        if asked.act == MAKE and asked.standing is Standing.OPEN and asked.inputs["decision"] == last.public_id:
            return asked
    return None


def may_decide(db: Db, staff: Staff, loan: str) -> None:
    """Forbidden, saying why, unless this person may have the rule decide on the loan."""
    require(staff, MAKE)
    _not_the_officer(db, duties.take(db, loan, staff.scope, lock=False), staff)


def may_answer(db: Db, staff: Staff, loan: str) -> None:
    """Forbidden, saying why, unless this person may answer the loan's referral."""
    require(staff, MAKE)
    case = duties.take(db, loan, staff.scope, lock=False)
    _not_the_officer(db, case, staff)
    last = store.latest(db, case.loan.loan_id)
    asked = open_request(db, case.loan.loan_id, last, staff.scope) if last else None
    if asked is not None:
        approvals.may_answer(asked, staff)


def look(db: Db, *, clock: Clock, by: Staff, loan: str) -> tuple[Facts, Basis, Finding]:
    """What the rule would find now; nothing is written."""
    case = duties.take(db, loan, by.scope, lock=False)
    with db.transaction(force_rollback=True):
        facts, basis = _facts(db, clock, by, case), _basis(db, clock, case)
        return facts, basis, find(facts, basis)


def replay(db: Db, decision: Decision) -> bytes:
    """The finding of a logged decision, computed anew from the log alone: the same bytes as were logged, or something is broken.

    The scorecard and the table are those that the log names by digest, whatever has been put in force since.
    """
    named = decision.named
    card, table = store.artifact(db, named["scorecard"]["sha256"]), store.artifact(db, named["table"]["sha256"])
    if card is None or table is None:
        raise NotFound(f"what decision {decision.public_id} was made by is not in the log", code="no_artifact", field="decision")
    basis = Basis(
        product=version(db, named["product"]["code"], named["product"]["version"]),
        pack=read_pack(db, *named["pack"].split(" ", 1)),
        lender=Lender(lender_type=named["lender_type"]),
        scorecard=scorecard.read(card.encode()),
        table=PolicyTable(named["table"]["name"], table),
        on=decision.on.fromisoformat(named["on"]),
    )
    return find(decision.facts, basis).content()


def in_force(db: Db) -> tuple[Scorecard, PolicyTable]:
    """What decides now: what two people put in force last, else what comes with the program."""
    card, table = store.active(db, "scorecard"), store.active(db, "table")
    return (
        scorecard.read(card.encode()) if card is not None else trained.shipped(SCORECARD),
        policy_table.read(table) if table is not None else policy_table.shipped(TABLE),
    )


# -- what decides ------------------------------------------------------------------------------------------------


def propose(db: Db, *, clock: Clock, by: Staff, kind: str, content: str, reason: str) -> Request:
    """Ask another person to let this scorecard, or this policy table, decide from now on. BadInput for one that is not whole.

    A scorecard may ask only for what a feature record holds; a table only for what the rule gives it, and needs its gate `score`.
    """
    require(by, ACTIVATE)
    if kind == "scorecard":
        card = scorecard.read(content.encode())
        unknown = sorted({each.name for each in card.characteristics} - set(SCORED))
        name, sha256 = card.name, card.sha256
    elif kind == "table":
        table = policy_table.read(content)
        unknown = sorted(table.inputs - INPUTS)
        name, sha256 = table.name, table.sha256
        if "score" not in table.gates:
            raise BadInput("content: the table has no gate score; every sum needs its cap", field="content")
    else:
        raise BadInput(f"kind: write scorecard or table, not {kind!r}", field="kind")
    if unknown:
        raise BadInput(f"content: nobody asks an applicant for {', '.join(unknown)}", field="content", unknown=unknown)
    store.keep(db, sha256=sha256, kind=kind, name=name, content=content, at=clock.now())
    return approvals.ask(db, clock=clock, by=by, act=ACTIVATE, inputs={"kind": kind, "name": name, "sha256": sha256}, reason=reason)


def activate(db: Db, *, clock: Clock, by: Staff, request: str, approved: bool, words: str) -> Request:
    """Another person's answer to a proposal; the yes puts it in force in the same transaction. What was decided before stays as it was."""
    require(by, MAKE)
    asked = approvals.request(db, request)
    if asked.act != ACTIVATE:
        raise Refusal(f"request {request} asks for something else", code="answered_elsewhere", act=asked.act)
    answered = approvals.answer(db, clock=clock, by=by, public_id=request, approved=approved, words=words)
    if answered.standing is not Standing.APPROVED:
        return answered
    spent = approvals.spend(db, clock=clock, by=by.actor, public_id=request, act=ACTIVATE, inputs=answered.inputs)
    store.activate(db, kind=spent.inputs["kind"], sha256=spent.inputs["sha256"], request=request, at=clock.now())
    return spent


# -- how it is done ----------------------------------------------------------------------------------------------


def _facts(db: Db, clock: Clock, by: Staff, case: Case) -> Facts:
    """The feature record of this moment: the file, the thing, the house. What a caller noticed is not among it."""
    asked = of_loan(db, case.loan.loan_id)
    adult = None if asked.born_on is None else age_on(asked.born_on, clock.today()) >= OF_AGE
    answers, unreadable = read_answers({**asked.answers, "purpose": asked.purpose or None, "adult": adult})
    lending_value, valuation, locked, claims = _thing(db, clock, by, case)
    originates = True
    try:
        may_originate(case.lender)
    except Refusal:
        originates = False
    return Facts(
        amount_minor=asked.principal.minor, instalments=asked.instalments, **answers, lending_value_minor=lending_value,
        valuation=valuation, locked=locked, open_pledges=claims, may_originate=originates,
        owed_here_minor=store.owed_elsewhere(
            db, party_id=case.loan.party_id, loan_id=case.loan.loan_id, currency=case.loan.currency
        ),
        unreadable=unreadable,
    )  # fmt: skip


def _thing(db: Db, clock: Clock, by: Staff, case: Case) -> tuple[int | None, str, bool | None, int]:
    """What can be lent on the loan's things, how their value stands, whether a lock holds one, and how many open pledges lie on them."""
    lendable, stands, locked, claims = 0, "counting", False, 0
    things = collateral.things_of(db, case.loan.loan_id)
    for thing in things:
        claims += len(collateral.claims_on_thing(db, thing.thing_id))
        try:
            standing = collateral.value_thing(db, clock=clock, by=by.actor, case=case, thing=thing)
        except Refusal as error:
            if error.code not in _NO_PRICE:
                raise
            stands = _NO_PRICE[error.code]
            continue
        locked = locked or standing.locked
        if standing.counting is None:
            stands = "referred" if stands == "counting" else stands
        lendable += standing.lending_value.minor
    if not things:
        return None, "missing", None, 0
    return (lendable if stands == "counting" else None), stands, locked, claims


def _basis(db: Db, clock: Clock, case: Case) -> Basis:
    card, table = in_force(db)
    product = version(db, case.loan.product_code, case.loan.product_version)
    return Basis(product, case.pack, case.lender, card, table, clock.today())


def _log(
    db: Db, clock: Clock, by: Actor, case: Case, by_what: ByWhat, state: DecisionState, facts: Facts, basis: Basis, finding: Finding, *,
    terms: Terms | None = None, words: str = "", request: str | None = None,
) -> Decision:  # fmt: skip
    """Keep the finding with all that it follows from, and move the loan by what was decided."""
    loan_id, now = case.loan.loan_id, clock.now()
    card, table = basis.scorecard, basis.table
    store.keep(db, sha256=card.sha256, kind="scorecard", name=card.name, content=card.content.decode(), at=now)
    store.keep(db, sha256=table.sha256, kind="table", name=table.name, content=table.content, at=now)
    features, named, found = canonical.encode(facts.to_json()), canonical.encode(_named(basis)), finding.content()
    public_id, last = new_id("dc"), store.latest(db, loan_id)
    says: dict[str, Any] = {
        "decision": public_id, "outcome": str(state), "by_what": str(by_what), "scorecard": card.name, "table": table.name,
        "engine": ENGINE,
        "reasons": [reason.code for reason in finding.reasons], "words": words,
    }  # fmt: skip
    if terms is not None:
        says["amount"] = Money(terms.principal, terms.currency).as_json()
        says["instalments"] = terms.instalments
    seals = {
        "features": canonical.digest(facts.to_json()), "finding": canonical.digest(finding.to_json()), "scorecard": card.sha256,
        "table": table.sha256,
    }  # fmt: skip
    record = _enter(db, clock, by, case, state, says, seals)
    store.insert(
        db, loan_id=loan_id, decision_no=last.decision_no + 1 if last else 1, public_id=public_id, by_what=by_what, state=state,
        features=features, basis=named, finding=found, terms=terms, words=words, request=request, made_by=by.id, at=now, on=clock.today(),
        seq=record.seq,
    )  # fmt: skip
    return decision_of(db, loan_id)


def _enter(db: Db, clock: Clock, by: Actor, case: Case, state: DecisionState, says: dict[str, Any], seals: dict[str, str]) -> Record:
    match state:
        case DecisionState.APPROVED:
            return duties.enter(
                db, case, clock=clock, by=by, kind="decision.approved", says=says, seals=seals, to=LoanState.DECIDED, opens=("sign",),
                closes=("decide",),
            )  # fmt: skip
        case DecisionState.REFUSED:
            return duties.enter(
                db, case, clock=clock, by=by, kind="loan.refused", says=says, seals=seals, to=LoanState.REFUSED, closes=("decide",)
            )
        case _:
            return duties.enter(db, case, clock=clock, by=by, kind="decision.referred", says=says, seals=seals)


def _answered(db: Db, clock: Clock, by: Staff, case: Case, last: Decision, asked: Request, words: str) -> None:
    says = {"decision": last.public_id, "request": asked.public_id, "answer": "yes", "amount": asked.inputs["amount"], "words": words}
    duties.enter(db, case, clock=clock, by=by.actor, kind="decision.answered", says=says)


def _named(basis: Basis) -> dict[str, Any]:
    return {
        "engine": ENGINE,
        "table_engine": policy_table.ENGINE,
        "product": {"code": basis.product.product.code, "version": basis.product.version},
        "pack": f"{basis.pack.name} {basis.pack.version}",
        "pack_digest": basis.pack.digest,
        "lender_type": basis.lender.lender_type,
        "scorecard": {"name": basis.scorecard.name, "sha256": basis.scorecard.sha256},
        "table": {"name": basis.table.name, "sha256": basis.table.sha256},
        "on": basis.on.isoformat(),
    }


def _sum_of(asked: Request | None, finding: Finding, facts: Facts, amount: Money | None, currency: str) -> int:
    """The sum that a yes is for: the first person's where there is one, else what is named, else what the rule proposes."""
    if amount is not None and amount.currency != currency:
        raise BadInput(f"amount: this loan is in {currency}", field="amount")
    if asked is not None:
        minor = int(asked.inputs["amount"]["minor"])
        if amount is not None and amount.minor != minor:
            raise Refusal(
                f"the first person said yes to {Money(minor, currency).decimal()}; say yes to exactly that, or no",
                code="approval_other_inputs", field="amount",
            )  # fmt: skip
        return minor
    if amount is not None:
        if amount.minor > facts.amount_minor:
            raise BadInput("amount: nobody is lent more than was asked for", field="amount")
        return amount.minor
    if finding.sum_minor is None:
        raise BadInput("amount: the rule proposes no sum here; name one", field="amount")
    return finding.sum_minor


def _not_the_officer(db: Db, case: Case, staff: Staff) -> None:
    """Forbidden if this person, under whatever log-in, is the loan's officer."""
    officer_id = case.loan.officer_id
    if officer_id is None:
        return
    if staff.is_same_person(staff_by_id(db, officer_id)):
        raise Forbidden("this person is the loan's officer and cannot decide on it", code="approval_barred")


def _words(words: str) -> str:
    said = words.strip()
    if len(said) < SHORTEST_WORDS:
        raise BadInput("words: say why in a few words", field="words")
    if len(said) > LONGEST_WORDS:
        raise BadInput(f"words: at most {LONGEST_WORDS} characters", field="words")
    return said
