"""Settlements: a late or written-off debt ends for less than is owed, once the borrower has paid what was agreed by the days agreed.

A person offers it, people with the authority decide, the borrower agrees with a code to exactly its figures. Until all of it has come
in nothing is forgiven: interest and penalty run on, and what is late stays late. In the transaction of the last receipt the rest is
given up and the loan ends like any other. A day missed breaks it, the debt stands whole, and a caller is called for; money that is
taken back brings the debt back with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import psycopg

from holdfast import approvals, contact
from holdfast.approvals import Standing
from holdfast.approvals.authority import Authority, Wanted, authority_for, limits_of, may_agree
from holdfast.contact import Promise, codes, promise
from holdfast.duties import Case, enter, in_sight, take, take_by_id, take_own
from holdfast.files.ports import Notary, Press
from holdfast.followup import settlements_papers as papers
from holdfast.followup import settlements_store as store
from holdfast.followup.promises_model import PromiseState, Receipt, missed
from holdfast.followup.promises_model import judge as judged
from holdfast.followup.settlements_model import (
    LIFE,
    MEANS,
    OPEN,
    REASONS,
    Limits,
    Part,
    Settlement,
    SettlementEvent,
    SettlementState,
    Terms,
    after,
    in_order,
    paid_at_the_latest,
    terms_of,
)
from holdfast.journal import SYSTEM, Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.loans import Happened, loan_id_of
from holdfast.parties import MAY, Party, Role, Staff, party_by_id, require, staff_by_id
from holdfast.servicing import settling
from holdfast.servicing.collectable import collectable, received

Db = psycopg.Connection[Any]

ACT: Final = "settlement"
# What came of the talk about a broken settlement; another one is taken by `offer`, which ends the duty too.
OUTCOMES: Final = ("reached", "not_reached", "wrong_number", "refuses", "asks_for_relief", "disputes")
SHORTEST: Final = 4
MOST_WORDS: Final = 2000
MOST_LISTED: Final = 200
_OFFER: Final = "settlement.offer"
_DECIDE: Final = "settlement.decide"
_CODE: Final = "settlement"
_BROKEN: Final = "settlement_broken"
_OWING: Final = (LoanState.ACTIVE, LoanState.WRITTEN_OFF)
_TELLS_WITHIN: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Night:
    """What a night found out: how many settlements were kept, broken, lapsed or overtaken, and what must begin because of it."""

    kept: int = 0
    broken: int = 0
    lapsed: int = 0
    overtaken: int = 0
    happened: tuple[Happened, ...] = ()


def compare(db: Db, *, clock: Clock, by: Staff, loan: str, parts: Sequence[Part]) -> tuple[Terms, Authority]:
    """What such a settlement forgives, beside going on, and who must decide on it; writes nothing.

    Refusal and BadInput as `offer`.
    """
    require(by, _OFFER)
    case = take(db, loan, by.scope, lock=False)
    terms = _terms(db, case, clock, parts)
    return terms, _authority(case, terms)


def offer(
    db: Db, *, clock: Clock, by: Staff, loan: str, parts: Sequence[Part], reason: str, means: str, words: str, shown: str
) -> Settlement:
    """Offer that so much by such days ends the debt; people with the authority are asked at once. `shown` is the digest of its terms.

    Refusal if nothing is late, if one is open already, if nothing would be forgiven, if it is beyond everybody's authority, or if the
    loan has moved since the terms were shown.
    """
    require(by, _OFFER)
    if reason not in REASONS:
        raise BadInput(f"reason: choose one of {', '.join(REASONS)}, not {reason!r}", field="reason")
    if means not in MEANS:
        raise BadInput(f"means: choose one of {', '.join(MEANS)}, not {means!r}", field="means")
    words = _said(words)
    case = take(db, loan, by.scope)
    terms = _terms(db, case, clock, parts)
    _as_shown(terms, shown)
    authority = _authority(case, terms)
    public_id, loan_id, today = new_id("se"), case.loan.loan_id, clock.today()
    asked = approvals.ask(
        db, clock=clock, by=by, act=ACT, inputs=_inputs(public_id, loan, terms.shown), reason=words, loan_id=loan_id,
        needed=authority.needed, barred=case.officers,
    )  # fmt: skip
    says = {
        "settlement": public_id, "reason": reason, "means": means, "words": words, "request": asked.public_id, **_figures(terms),
        "decided_by": [str(role) for role in authority.roles], "two": {str(role): people for role, people in authority.two.items()},
    }  # fmt: skip
    record = enter(
        db, case, clock=clock, by=by.actor, kind="settlement.offered", says=says, seals={"terms": terms.shown}, opens=("settlement",),
        closes=(_BROKEN,),
    )  # fmt: skip
    agree_by = min(terms.parts[0].pay_by, today + timedelta(days=_limits(case, today).days_open))
    store.insert(
        db, loan_id=loan_id, public_id=public_id, terms=terms, reason=reason, means=means, on=today, by=by.staff_id, agree_by=agree_by,
        request=asked.public_id, seq=record.seq,
    )  # fmt: skip
    return _the(db, case, public_id)


def decide(db: Db, *, clock: Clock, by: Staff, loan: str, settlement: str, agreed: bool, words: str) -> Settlement:
    """Agree to exactly these terms, or refuse them and say why. The last yes sends them to the borrower.

    Forbidden beyond this person's authority, saying whose it is, and as in every approval: never whoever offered it, the loan's
    officer, the borrower, or one person twice. Refusal once the loan has moved since the terms were shown.
    """
    require(by, _DECIDE)
    case = take(db, loan, by.scope)
    found = _the(db, case, settlement)
    after(found.state, SettlementEvent.APPROVE)
    asked = approvals.request(db, found.request)
    approvals.may_answer(asked, by)
    if by.person_id is not None and by.person_id == case.loan.party_id:
        raise Forbidden("nobody decides on a loan of their own", code="approval_barred")
    if agreed:
        terms = _terms(db, case, clock, found.terms.parts, renewed=found)
        _as_shown(terms, found.shown)
        may_agree(_authority(case, terms), by.role, [staff_by_id(db, answer.staff_id).role for answer in asked.answers])
    answered = approvals.answer(db, clock=clock, by=by, public_id=found.request, approved=agreed, words=words)
    says = {"settlement": settlement, "words": words.strip(), "role": str(by.role)}
    if answered.standing is Standing.OPEN:
        enter(db, case, clock=clock, by=by.actor, kind="settlement.seconded", says=says, seals={"terms": found.shown})
        return _the(db, case, settlement)
    if answered.standing is Standing.REFUSED:
        record = enter(
            db, case, clock=clock, by=by.actor, kind="settlement.refused", says=says, seals={"terms": found.shown}, closes=("settlement",),
            while_frozen=True,
        )  # fmt: skip
        state = after(found.state, SettlementEvent.REFUSE)
        store.decide(db, found, state=state, seq=record.seq, ended_on=clock.today())
        return _the(db, case, settlement)
    approvals.spend(
        db, clock=clock, by=by.actor, public_id=found.request, act=ACT, inputs=_inputs(settlement, loan, found.shown),
        loan_id=case.loan.loan_id,
    )  # fmt: skip
    record = enter(
        db, case, clock=clock, by=by.actor, kind="settlement.approved", says=says, seals={"terms": found.shown}, closes=("settlement",),
        opens=("settlement_agree",),
    )  # fmt: skip
    store.decide(db, found, state=after(found.state, SettlementEvent.APPROVE), seq=record.seq, ended_on=None)
    _tell(db, case, clock, "settlement_offered", {"total": found.terms.total.as_json(), "by": found.agree_by.isoformat()})
    return _the(db, case, settlement)


def ask_code(db: Db, *, clock: Clock, by: Actor, loan: str, settlement: str) -> str:
    """Send the borrower a code that stands for agreeing to exactly the terms of a settlement; its id."""
    case = take_own(db, loan, by)
    found = _agreeable(db, case, clock, settlement)
    party = _borrower(db, case)
    return codes.send(db, clock=clock, chain_id=case.loan.loan_id, purpose=_CODE, bound=found.shown, party=party, language=party.language)


def agree(db: Db, *, clock: Clock, by: Actor, loan: str, settlement: str, code_id: str, press: Press, notary: Notary) -> Settlement:
    """The borrower agrees, by a proved code, to exactly the terms they were shown; the agreement is set, sealed and kept. It runs now."""
    case = take_own(db, loan, by)
    found = _agreeable(db, case, clock, settlement)
    evidence = codes.spend(db, clock=clock, code_id=code_id, purpose=_CODE, bound=found.shown)
    paper = papers.make(db, clock=clock, case=case, found=found, evidence=evidence, press=press, notary=notary)
    says = {
        "settlement": settlement, "code": evidence.code_id, "number": evidence.masked_number, "attempts": evidence.attempts,
        "paper": paper.public_id, **_figures(found.terms),
    }  # fmt: skip
    record = enter(
        db, case, clock=clock, by=by, kind="settlement.agreed", says=says, seals={"terms": found.shown, "paper": paper.digest},
        closes=("settlement_agree",),
    )  # fmt: skip
    state = after(found.state, SettlementEvent.AGREE)
    store.agree(db, found, state=state, seq=record.seq, on=clock.today(), paper=paper.public_id)
    settling.expect(db, loan=loan, runs=True)
    return _the(db, case, settlement)


def withdraw(db: Db, *, clock: Clock, by: Staff, loan: str, settlement: str, words: str) -> Settlement:
    """Take an offer back before the borrower has agreed to it, and say why; afterwards it binds."""
    require(by, _OFFER)
    case = take(db, loan, by.scope)
    found = _the(db, case, settlement)
    state = after(found.state, SettlementEvent.WITHDRAW)
    says = {"settlement": settlement, "words": _said(words)}
    enter(
        db, case, clock=clock, by=by.actor, kind="settlement.withdrawn", says=says, closes=("settlement", "settlement_agree"),
        while_frozen=True,
    )  # fmt: skip
    store.move(db, found, state=state, ended_on=clock.today())
    return _the(db, case, settlement)


def speak(db: Db, *, clock: Clock, by: Staff, loan: str, outcome: str, words: str, how: str) -> None:
    """Say what came of the talk about a broken settlement, and `how` you spoke (`contact.HOW`); its duty is done.

    The call that was dialled for it is hung up by this. The follow-up of what is late goes on.
    """
    require(by, _OFFER)
    if outcome not in OUTCOMES:
        raise BadInput(f"outcome: write one of {', '.join(OUTCOMES)}", field="outcome")
    case = take(db, loan, by.scope)
    if case.open(_BROKEN) is None:
        raise Refusal(
            f"loan {loan} has no broken settlement to speak about; a colleague may have just done it", code="settlement_none_broken"
        )
    says = {"outcome": outcome, "words": _said(words), "how": how}
    contact.spoke(db, by=by, loan_id=case.loan.loan_id, how=how, outcome=outcome)
    enter(db, case, clock=clock, by=by.actor, kind="settlement.followed_up", says=says, closes=(_BROKEN,), while_frozen=True)


# ── what money and the night do ────────────────────────────────────────────────────────────────────────────


def judge(db: Db, *, clock: Clock, by: Actor, loan: str, facts: Any) -> Night | None:
    """Money came in, or was taken back, on a loan whose settlement runs: if all of it is there now, the rest is forgiven at once.

    What was missed is found out by the night, which ends the day.
    """
    case = take_by_id(db, loan_id_of(db, loan))
    found = next((each for each in store.of_loan(db, case.loan.loan_id) if each.state in _WATCHED), None)
    if found is None:
        return None
    if found.state is SettlementState.KEPT:
        if case.loan.state not in _OWING:
            return None
        case, found = _undo(db, clock, by, case, found, reason="")
    return _kept_by_now(db, clock, by, case, found)


def undo(db: Db, *, clock: Clock, by: Actor, loan: str, facts: Any) -> Night | None:
    """Money of a loan whose settlement was kept was taken back, and with it what was forgiven: it runs again.

    If all that was agreed is there nevertheless, it is kept at once; otherwise the night judges it anew.
    """
    case = take_by_id(db, loan_id_of(db, loan))
    case, found = _undo(db, clock, by, case, _the(db, case, facts["settlement"]), reason=facts["reason"])
    return _kept_by_now(db, clock, by, case, found)


def judge_all(db: Db, *, clock: Clock, by: Actor, on: date) -> Night:
    """At the end of `on`: end what nobody agreed to in time, break what was not kept, and drop what the loan's end has overtaken.

    Safe to run again: what is ended is not open.
    """
    counts = dict.fromkeys((SettlementState.KEPT, SettlementState.BROKEN, SettlementState.LAPSED, SettlementState.OVERTAKEN), 0)
    happened: tuple[Happened, ...] = ()
    for loan_id in store.loans_with_open(db):
        case = take_by_id(db, loan_id)
        found = next(each for each in store.of_loan(db, loan_id) if each.state in OPEN)
        became = _at_night(db, clock, by, case, found, on)
        happened += became.happened
        now = _the(db, take_by_id(db, loan_id), found.public_id).state
        if now in counts:
            counts[now] += 1
    for loan_id in store.loans_to_speak_to(db):
        case = take_by_id(db, loan_id)
        if case.loan.state not in _OWING:
            enter(db, case, clock=clock, by=SYSTEM, kind="settlement.needless", says={}, closes=(_BROKEN,), while_frozen=True)
    kept, broken, lapsed, overtaken = counts.values()
    return Night(kept, broken, lapsed, overtaken, happened)


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


def settlements_of(db: Db, *, by: Staff | Actor, loan: str) -> list[Settlement]:
    """The settlements on a loan within sight, or on the borrower's own loan, newest first."""
    if isinstance(by, Staff):
        return store.of_loan(db, in_sight(db, loan, by.scope))
    return store.of_loan(db, take_own(db, loan, by, lock=False).loan.loan_id)


def register(db: Db, *, by: Staff, states: Sequence[SettlementState] | None = None, limit: int = 50, skip: int = 0) -> list[Settlement]:
    """The settlements on loans within sight, newest first; of some states only, if asked."""
    sight, values = by.scope.condition("l")
    return store.register(db, sight, values, states=states, limit=min(limit, MOST_LISTED), skip=skip)


def authority_of(db: Db, *, by: Staff | Actor, loan: str, settlement: str) -> Authority:
    """Who must decide on a settlement, by the loan's own pack."""
    case = take(db, loan, by.scope if isinstance(by, Staff) else None, lock=False)
    return _authority(case, _the(db, case, settlement).terms)


def may_be_decided_by(db: Db, *, by: Staff, loan: str, settlement: str) -> None:
    """Forbidden or Refusal, saying why, unless this person may agree now: what a screen asks beforehand."""
    require(by, _DECIDE)
    case = take(db, loan, by.scope, lock=False)
    found = _the(db, case, settlement)
    after(found.state, SettlementEvent.APPROVE)
    asked = approvals.request(db, found.request)
    approvals.may_answer(asked, by)
    may_agree(_authority(case, found.terms), by.role, [staff_by_id(db, answer.staff_id).role for answer in asked.answers])


def waits(db: Db, asked: approvals.Request) -> bool:
    """Whether a request still waits for an answer: one for a settlement that was taken back or has lapsed does not."""
    if asked.act != ACT or asked.loan_id is None:
        return True
    return any(each.request == asked.public_id and each.state is SettlementState.OFFERED for each in store.of_loan(db, asked.loan_id))


def running(db: Db, loan_id: int) -> Settlement | None:
    """The settlement that runs on the loan, if one does."""
    return next((each for each in store.of_loan(db, loan_id) if each.state is SettlementState.RUNNING), None)


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────

# What a receipt, or one that is taken back, may change.
_WATCHED: Final = tuple(sorted({state for state, event in LIFE if event in (SettlementEvent.KEEP, SettlementEvent.UNDO)}))


def _at_night(db: Db, clock: Clock, by: Actor, case: Case, found: Settlement, on: date) -> Night:
    owing = case.loan.state in _OWING
    if found.state is SettlementState.RUNNING:
        became = _came(db, found, at_end_of=on)
        if became is PromiseState.KEPT:
            return _keep(db, clock, by, case, found)
        if not owing:
            _end(db, clock, by, case, found, SettlementEvent.OVERTAKE, "settlement.overtaken", {}, on)
        elif became is PromiseState.BROKEN:
            _break(db, clock, by, case, found, on, why="missed")
    elif not owing:
        _end(db, clock, by, case, found, SettlementEvent.OVERTAKE, "settlement.overtaken", {}, on)
    elif on >= found.agree_by:
        _end(db, clock, by, case, found, SettlementEvent.LAPSE, "settlement.lapsed", {}, on)
    return Night()


def _kept_by_now(db: Db, clock: Clock, by: Actor, case: Case, found: Settlement) -> Night | None:
    kept = _came(db, found, at_end_of=clock.today()) is PromiseState.KEPT
    return _keep(db, clock, by, case, found) if kept else None


def _keep(db: Db, clock: Clock, by: Actor, case: Case, found: Settlement) -> Night:
    """All has come in: give up the rest, unless the debt is not the one that was settled any more."""
    loan, today = case.loan.public_id, clock.today()
    forgiven_no: int | None = None
    happened: tuple[Happened, ...] = ()
    if case.loan.state in _OWING:
        try:
            with db.transaction():
                done = settling.forgive_rest(
                    db, clock=clock, by=by, loan=loan, settlement=found.public_id, agreed=found.terms.forgiven, reason="settlement kept"
                )
        except Refusal as error:
            if error.code != "settlement_debt_grew":
                raise
            _break(db, clock, by, case, found, today, why="debt_grew")
            return Night()
        forgiven_no, happened = done.event_no, done.happened
        settling.expect(db, loan=loan, runs=False)
        case = take_by_id(db, case.loan.loan_id)
    says = {"settlement": found.public_id, "received": Money(found.received, found.terms.currency).as_json(), "forgiven_event": forgiven_no}
    enter(db, case, clock=clock, by=by, kind="settlement.kept", says=says, while_frozen=True)
    store.move(db, found, state=after(found.state, SettlementEvent.KEEP), ended_on=today, forgiven_no=forgiven_no)
    if forgiven_no is not None:
        _tell(db, case, clock, "settlement_kept", {"total": found.terms.total.as_json()})
    return Night(kept=1, happened=happened)


def _break(db: Db, clock: Clock, by: Actor, case: Case, found: Settlement, on: date, *, why: str) -> None:
    says: dict[str, Any] = {"why": why}
    short = missed(found.terms.parts, _receipts(db, found), grace_days=found.terms.grace_days)
    if short is not None:
        part, came = short
        says |= {"pay_by": part.pay_by.isoformat(), "received": Money(came, found.terms.currency).as_json()}
    _end(db, clock, by, case, found, SettlementEvent.BREAK, "settlement.broken", says, on, opens=(_BROKEN,))


def _end(
    db: Db, clock: Clock, by: Actor, case: Case, found: Settlement, event: SettlementEvent, kind: str, says: dict[str, Any], on: date,
    opens: tuple[str, ...] = (),
) -> None:  # fmt: skip
    closes = () if opens else ("settlement", "settlement_agree")
    told = {"settlement": found.public_id, **says}
    enter(db, case, clock=clock, by=by, kind=kind, says=told, opens=opens, closes=closes, while_frozen=True)
    store.move(db, found, state=after(found.state, event), ended_on=on)
    settling.expect(db, loan=found.loan, runs=False)


def _undo(db: Db, clock: Clock, by: Actor, case: Case, found: Settlement, *, reason: str) -> tuple[Case, Settlement]:
    says = {"settlement": found.public_id, "reason": reason}
    enter(db, case, clock=clock, by=by, kind="settlement.undone", says=says, while_frozen=True)
    store.move(db, found, state=after(found.state, SettlementEvent.UNDO), ended_on=None)
    settling.expect(db, loan=found.loan, runs=True)
    case = take_by_id(db, case.loan.loan_id)
    return case, _the(db, case, found.public_id)


def _came(db: Db, found: Settlement, *, at_end_of: date) -> PromiseState:
    """What the money that came in says of it: a settlement is judged as a promise to pay is."""
    return judged(found.terms.parts, _receipts(db, found), grace_days=found.terms.grace_days, at_end_of=at_end_of)


def _receipts(db: Db, found: Settlement) -> list[Receipt]:
    assert found.after_event is not None  # nobody judges what was not agreed to
    return [Receipt(day, minor) for day, minor in received(db, found.loan_id, after_event=found.after_event)]


def _terms(db: Db, case: Case, clock: Clock, parts: Sequence[Part], *, renewed: Settlement | None = None) -> Terms:
    """The terms as the loan stands, within the pack; those of an offer (`renewed`) by the grace it was made with."""
    loan, today, currency = case.loan, clock.today(), case.loan.currency
    case.must_be(*_OWING)
    if loan.state is LoanState.ACTIVE and not collectable(db, loan.loan_id, today):
        raise Refusal(
            f"nothing is late on loan {loan.public_id}; there is nothing to settle", code="settlement_nothing_late", loan=loan.public_id
        )
    if case.open("dispose") is not None:
        raise Refusal(
            f"default was noticed on loan {loan.public_id}; withdraw the notice before the debt is settled",
            code="settlement_default_noticed",
        )
    if renewed is None:
        if any(each.state in OPEN for each in store.of_loan(db, loan.loan_id)):
            raise Refusal(f"a settlement on loan {loan.public_id} is open; withdraw it first", code="settlement_open", loan=loan.public_id)
        limits = _limits(case, today)
        ordered, grace_days = in_order(parts, limits, today=today, currency=currency), limits.grace_days
    else:
        ordered, grace_days = renewed.terms.parts, renewed.terms.grace_days
    told = settling.outlook_of(db, loan=loan.public_id, today=today, payments=paid_at_the_latest(ordered, grace_days))
    return terms_of(loan.public_id, currency, ordered, grace_days, told)


def _authority(case: Case, terms: Terms) -> Authority:
    opened, product = case.loan.opened_on, case.loan.product_code
    limits = limits_of(case.pack, case.lender, on=opened, product=product)
    wanted = Wanted(terms.currency, terms.forgiven.as_json(), terms.going_on.as_json())
    return authority_for(wanted, limits, [role for role in Role if role in MAY[_DECIDE]])


def _limits(case: Case, on: date) -> Limits:
    return Limits(
        case.number("settlement.days_ahead", on), case.number("settlement.parts", on), case.number("settlement.grace_days", on),
        case.number("settlement.days_open", on),
    )  # fmt: skip


def _agreeable(db: Db, case: Case, clock: Clock, settlement: str) -> Settlement:
    """A settlement that the borrower may agree to now, with its terms as they were shown."""
    found = _the(db, case, settlement)
    after(found.state, SettlementEvent.AGREE)
    _as_shown(_terms(db, case, clock, found.terms.parts, renewed=found), found.shown)
    return found


def _the(db: Db, case: Case, settlement: str) -> Settlement:
    found = next((each for each in store.of_loan(db, case.loan.loan_id) if each.public_id == settlement), None)
    if found is None:
        raise NotFound(f"loan {case.loan.public_id} has no settlement {settlement}", code="no_settlement", field="settlement")
    return found


def _inputs(settlement: str, loan: str, shown: str) -> dict[str, str]:
    return {"loan": loan, "settlement": settlement, "terms": shown}


def _figures(terms: Terms) -> dict[str, Any]:
    """What a record says of the terms."""
    currency = terms.currency
    return {
        "pays": terms.total.as_json(),
        "parts": [{"pay_by": part.pay_by.isoformat(), "amount": part.amount.as_json()} for part in terms.parts],
        "grace_days": terms.grace_days,
        "forgiven": {part: Money(minor, currency).as_json() for part, minor in terms.forgiven.as_json().items()},
    }


def _as_shown(terms: Terms, shown: str) -> None:
    if terms.shown != shown:
        raise Refusal(
            "the loan has moved since these terms were shown; look at the new ones and begin again", code="settlement_moved", field="shown"
        )


def _borrower(db: Db, case: Case) -> Party:
    assert case.loan.party_id is not None  # whoever acts as the borrower was found by it
    return party_by_id(db, case.loan.party_id)


def _said(words: str) -> str:
    if not SHORTEST <= len(words.strip()) <= MOST_WORDS or "\x00" in words:
        raise BadInput(f"words: say it in {SHORTEST} to {MOST_WORDS} characters", field="words")
    return words.strip()


def _tell(db: Db, case: Case, clock: Clock, template: str, params: dict[str, Any]) -> None:
    """Promise the borrower a message, by the day after tomorrow at the latest."""
    loan, now = case.loan, clock.now()
    if loan.party_id is None:
        return
    promise(
        db,
        Promise(
            loan_id=loan.loan_id, duty_no=None, party_id=loan.party_id, purpose="service", channel="sms", template=template,
            params={"contract": loan.contract_no[-4:], **params}, on_date=clock.today(), send_from=now, send_until=now + _TELLS_WITHIN,
        ),
    )  # fmt: skip
