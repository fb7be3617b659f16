"""Ending a pledge: in full, by substitution, in part, by disposal. Every verb asks the one rule, `rules.may_lift`.

The figures come from the book in the same transaction: what each loan owes, and the lending value, today, of every
other thing in custody that secures the same loans. A thing that is missing secures nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg

from holdfast import approvals, collateral, duties
from holdfast.collateral import ItemState, custody, thing_of
from holdfast.duties import Case
from holdfast.files.ports import Notary, Press
from holdfast.journal import Actor, write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Fault, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.life import LIVE, LoanState
from holdfast.loans import Happened, loan_id_of
from holdfast.parties import Staff, require
from holdfast.pledges import store
from holdfast.pledges.intake import ADD, deliver, draft, must_flow, named, on_pledge
from holdfast.pledges.model import Asked, Cover, Done, IntakeRead, Pledge, Preview
from holdfast.pledges.ports import Owed
from holdfast.pledges.rules import How, may_lift
from holdfast.pledges.states import PledgeEvent, PledgeState, after

Db = psycopg.Connection[Any]

SUBSTITUTE: Final = "pledge.substitute"
PART: Final = "pledge.part_release"
_REPAID: Final = (LoanState.ACTIVE, LoanState.WRITTEN_OFF)


def lift(
    db: Db, *, clock: Clock, by: Staff, loan: str, secured_debt: Money, how: str = "paid", case: Case | None = None
) -> Done:  # fmt: skip
    """Lift every pledge of a loan that owes nothing any more. Refusal while a fen is owed, here or on another loan they secure.

    `secured_debt` is what the caller has found owed; it is held against the loan's own row, so that a wrong figure is a
    Fault, never a lifted pledge. A caller that has taken the loan hands its `case` in.
    """
    require(by, "pledge.lift")
    case = case or duties.take(db, loan, by.scope)
    if secured_debt.currency != case.loan.currency:
        raise BadInput(f"secured_debt: loan {loan} is in {case.loan.currency}", field="secured_debt")
    if secured_debt.minor < case.loan.principal_out:
        raise Fault(
            f"loan {loan} was said to owe {secured_debt.minor} while {case.loan.principal_out} of principal is out", code="debt_understated"
        )
    held = _delivered(db, case)
    if not held:
        raise Refusal(f"no pledge secures loan {loan}", code="no_pledge")
    may_lift(How.IN_FULL, owed=secured_debt.minor, remaining=0)
    case.must_be(LoanState.RELEASING)
    for pledge in held:
        _others_must_be_paid(db, case, pledge)
    says = {"pledges": [each.public_id for each in held], "how": how, "secured_debt": secured_debt.as_json()}
    record = duties.enter(db, case, clock=clock, by=by.actor, kind="pledge.lifted", says=says)
    ended = tuple(_end(db, clock, by.actor, case, each, PledgeEvent.LIFT, how, {"secured_debt": secured_debt.as_json()}) for each in held)
    return Done(loan, ended, record.seq)


def lift_unlent(db: Db, *, clock: Clock, by: Actor, case: Case) -> tuple[Pledge, ...]:
    """Lift the pledges of a loan of which nothing was paid out, for `giving_back`; Fault if anything was."""
    if case.loan.state is not LoanState.SIGNED or case.loan.principal_out:
        raise Fault(f"loan {case.loan.public_id} is {case.loan.state}; its pledges secure something", code="debt_left")
    may_lift(How.IN_FULL, owed=case.loan.principal_out, remaining=0)
    return tuple(_end(db, clock, by, case, each, PledgeEvent.LIFT, "no_loan", {}) for each in _delivered(db, case))


def cover_without(
    db: Db, *, clock: Clock, by: Actor, case: Case, pledge: Pledge, owed: Owed, also: Sequence[tuple[str, Money]] = ()
) -> Cover:
    """What is owed on all loans that hang together with this pledge, and what else secures them, valued today.

    Loans and pledges that share one another are taken as one heap, so that no thing is counted twice. `also` are lending
    values of things that are being taken in by the same act, by thing.
    """
    loans, others = _heap(db, pledge)
    today, currency = clock.today(), case.loan.currency
    debts = {loan: owed(db, loan=loan, on=today) for loan in loans}
    parts = {other.thing: _stands_for(db, clock, by, case, other) for other in others}
    parts |= dict(also)
    for amount in (*debts.values(), *parts.values()):
        if amount.currency != currency:
            raise Refusal(f"{amount.currency} and {currency} stand behind one another; this is settled by hand", code="currencies_differ")
    total = Money(sum(each.minor for each in debts.values()), currency)
    return Cover(total, Money(sum(each.minor for each in parts.values()), currency), tuple(loans), parts)


def cover_of(
    db: Db, *, clock: Clock, by: Actor, case: Case, owed: Owed, also: Sequence[tuple[str, Money]] = ()
) -> Cover:  # fmt: skip
    """All that secures a loan, as `cover_without` tells it of the rest. Refusal if nothing does."""
    first = next(iter(_delivered(db, case)), None)
    if first is None:
        raise Refusal(f"no pledge secures loan {case.loan.public_id}", code="no_pledge")
    # One pledge apart, and the same one counted again.
    counted = [*also, (first.thing, _stands_for(db, clock, by, case, first))]
    return cover_without(db, clock=clock, by=by, case=case, pledge=first, owed=owed, also=counted)


def preview(
    db: Db, *, clock: Clock, by: Staff, loan: str, owed: Owed, leaves: str | None = None, comes: str | None = None
) -> Preview:  # fmt: skip
    """What would stand behind the loan if one pledge left or one thing came, and whether the rule lets it; nothing is written.

    `leaves` names a pledge, `comes` a thing offered for the loan: neither is how it stands now. NotFound for what is
    out of sight; whatever else stands in the way is the preview's `refused`.
    """
    case = duties.take(db, loan, by.scope, lock=False)
    how = How.PART if leaves and not comes else How.SUBSTITUTION if leaves else None
    cover: Cover | None = None
    with db.transaction(force_rollback=True):
        try:
            case.must_be(*_REPAID)
            must_flow(case)
            also = [_coming(db, clock, by.actor, case, thing_of(db, case, comes))] if comes else []
            if leaves:
                gone = _securing(db, case, leaves)
                cover = cover_without(db, clock=clock, by=by.actor, case=case, pledge=gone, owed=owed, also=also)
            else:
                cover = cover_of(db, clock=clock, by=by.actor, case=case, owed=owed, also=also)
            if how is not None:
                may_lift(how, owed=cover.owed.minor, remaining=cover.remaining.minor)
        except NotFound:
            raise
        except Refusal as refused:
            return Preview(how, cover, refused)
    return Preview(how, cover, None)


# -- a further thing behind a loan that is being repaid -----------------------------------------------------------


def ask_add(db: Db, *, clock: Clock, by: Staff, loan: str, thing: str, seen: IntakeRead, reason: str) -> Asked:
    """Draft a further pledge for a loan that is being repaid, and ask a witness, as for any intake."""
    require(by, "custody.take_in")
    case = duties.take(db, loan, by.scope)
    case.must_be(LoanState.ACTIVE)
    must_flow(case)
    return draft(db, clock, by, case, thing_of(db, case, thing), seen, act=ADD, more={}, reason=reason)


def add(db: Db, *, clock: Clock, by: Staff, approval: str, press: Press, notary: Notary) -> Done:
    """Deliver a further pledge that two people agreed on."""
    asked = approvals.request(db, approval)
    case = duties.take(db, asked.inputs["loan"], by.scope)
    case.must_be(LoanState.ACTIVE)
    approvals.spend(db, clock=clock, by=by.actor, public_id=approval, act=ADD, inputs=asked.inputs, loan_id=case.loan.loan_id)
    pledge, record = deliver(db, clock, by, case, asked.inputs, asked.maker_id, press=press, notary=notary, kind="pledge.added")
    return Done(case.loan.public_id, (pledge,), record.seq)


# -- one thing for another ------------------------------------------------------------------------------------------


def ask_substitute(
    db: Db, *, clock: Clock, by: Staff, loan: str, pledge: str, thing: str, seen: IntakeRead, reason: str, owed: Owed
) -> Asked:  # fmt: skip
    """Ask another person to take a new thing in place of a pledged one, which then goes home. Refusal if the new cover is too small."""
    require(by, "custody.take_in")
    case = duties.take(db, loan, by.scope)
    case.must_be(LoanState.ACTIVE)
    must_flow(case)
    old = _securing(db, case, pledge)
    new = thing_of(db, case, thing)
    _must_cover(db, clock, by.actor, case, old, How.SUBSTITUTION, owed, new)
    return draft(db, clock, by, case, new, seen, act=SUBSTITUTE, more={"instead_of": old.public_id}, reason=reason)


def substitute(db: Db, *, clock: Clock, by: Staff, approval: str, press: Press, notary: Notary, owed: Owed) -> Done:
    """The new thing comes in and the old pledge is lifted, in one transaction, if what then stands behind the loan covers it."""
    asked = approvals.request(db, approval)
    inputs = asked.inputs
    case = duties.take(db, inputs["loan"], by.scope)
    case.must_be(LoanState.ACTIVE)
    old, new = _securing(db, case, inputs["instead_of"]), collateral.thing_named(db, inputs["thing"])
    cover = _must_cover(db, clock, by.actor, case, old, How.SUBSTITUTION, owed, new)
    approvals.spend(db, clock=clock, by=by.actor, public_id=approval, act=SUBSTITUTE, inputs=inputs, loan_id=case.loan.loan_id)
    pledge, record = deliver(
        db, clock, by, case, inputs, asked.maker_id, press=press, notary=notary, kind="pledge.substituted",
        told={"instead_of": old.public_id, **_figures(cover)},
    )  # fmt: skip
    ended = _end(db, clock, by.actor, case, old, PledgeEvent.LIFT, str(How.SUBSTITUTION), _figures(cover))
    _owe_back(db, clock, by.actor, case, old)
    return Done(case.loan.public_id, (pledge, ended), record.seq)


# -- one thing of several goes home --------------------------------------------------------------------------------


def ask_release_part(db: Db, *, clock: Clock, by: Staff, loan: str, pledge: str, reason: str, owed: Owed) -> Asked:
    """Ask another person to let one of several things go. Refusal if what remains does not cover the debt today."""
    require(by, PART)
    case = duties.take(db, loan, by.scope)
    case.must_be(*_REPAID)
    must_flow(case)
    old = _securing(db, case, pledge)
    _must_cover(db, clock, by.actor, case, old, How.PART, owed)
    inputs = {"loan": loan, "pledge": old.public_id, "thing": old.thing}
    asked = approvals.ask(db, clock=clock, by=by, act=PART, inputs=inputs, reason=reason, loan_id=case.loan.loan_id, barred=case.officers)
    return Asked(asked, old)


def release_part(db: Db, *, clock: Clock, by: Staff, approval: str, owed: Owed) -> Done:
    """Lift one of several pledges, in the transaction of the second person's yes, if what remains still covers the debt."""
    asked = approvals.request(db, approval)
    case = duties.take(db, asked.inputs["loan"], by.scope)
    case.must_be(*_REPAID)
    old = _securing(db, case, asked.inputs["pledge"])
    cover = _must_cover(db, clock, by.actor, case, old, How.PART, owed)
    approvals.spend(db, clock=clock, by=by.actor, public_id=approval, act=PART, inputs=asked.inputs, loan_id=case.loan.loan_id)
    says = {"pledge": old.public_id, "thing": old.thing, **_figures(cover)}
    record = duties.enter(db, case, clock=clock, by=by.actor, kind="pledge.part_released", says=says)
    ended = _end(db, clock, by.actor, case, old, PledgeEvent.LIFT, str(How.PART), _figures(cover))
    _owe_back(db, clock, by.actor, case, old)
    return Done(case.loan.public_id, (ended,), record.seq)


# -- sold after default ---------------------------------------------------------------------------------------------


def lift_by_disposal(
    db: Db, *, clock: Clock, by: Staff, loan: str, proceeds: Money, owed: Owed, pledge: str | None = None, case: Case | None = None
) -> Done:  # fmt: skip
    """End the pledge of a thing that is sold, and let the thing go to its buyer.

    `happened` carries the proceeds: the caller returns it, so that they post to the debt in this transaction, which is
    what lifts the pledge. With nothing to post, what remains must cover the debt.
    """
    require(by, "pledge.dispose")
    case = case or duties.take(db, loan, by.scope)
    case.must_be(*_REPAID)
    old = _securing(db, case, pledge)
    if proceeds.currency != case.loan.currency or proceeds.minor < 0:
        raise BadInput(f"proceeds: an amount in {case.loan.currency}, not below nothing", field="proceeds")
    debts = sum(owed(db, loan=each, on=clock.today()).minor for each in _heap(db, old)[0])
    remaining = 0
    if debts and not proceeds.minor:
        remaining = cover_without(db, clock=clock, by=by.actor, case=case, pledge=old, owed=owed).remaining.minor
    may_lift(How.DISPOSAL, owed=debts, remaining=remaining, proceeds=proceeds.minor)
    custody.leave(db, clock=clock, item_id=old.item_id, disposed=True)
    told = {"proceeds": proceeds.as_json(), "owed": Money(debts, case.loan.currency).as_json()}
    says = {"pledges": [old.public_id], "how": str(How.DISPOSAL), **told}
    record = duties.enter(db, case, clock=clock, by=by.actor, kind="pledge.lifted", says=says)
    ended = _end(db, clock, by.actor, case, old, PledgeEvent.DISPOSE, str(How.DISPOSAL), told)
    facts = {"amount": proceeds, "received_on": clock.today(), "source": f"sale {old.public_id}"}
    happened = (Happened("disposal.sold", case.loan.public_id, facts),) if proceeds.minor else ()
    return Done(case.loan.public_id, (ended,), record.seq, happened)


def dispose_as_lost(db: Db, *, clock: Clock, by: Actor, case: Case, pledge: Pledge, compensation: Money, posts: bool) -> Pledge:
    """End the pledge of a thing that perished: the right goes over to the compensation (Civil Code 390), which posts in this transaction.

    `posts` is False only where nothing was paid out on the loan: then nothing is owed that it secured.
    """
    may_lift(How.DISPOSAL, owed=case.loan.principal_out, remaining=0, proceeds=compensation.minor if posts else 0)
    return _end(db, clock, by, case, pledge, PledgeEvent.DISPOSE, "compensated", {"compensation": compensation.as_json()})


# -- how it is done ---------------------------------------------------------------------------------------------------


def _must_cover(
    db: Db, clock: Clock, by: Actor, case: Case, old: Pledge, how: How, owed: Owed, new: collateral.Thing | None = None
) -> Cover:
    also = [_coming(db, clock, by, case, new)] if new is not None else []
    cover = cover_without(db, clock=clock, by=by, case=case, pledge=old, owed=owed, also=also)
    may_lift(how, owed=cover.owed.minor, remaining=cover.remaining.minor)
    return cover


def _stands_for(db: Db, clock: Clock, by: Actor, case: Case, pledge: Pledge) -> Money:
    """The lending value today of a pledged thing in custody; nothing for one that is missing."""
    item = custody.item_of(db, pledge.thing_id)
    if item is None or item.state is not ItemState.IN_CUSTODY:
        return Money(0, case.loan.currency)
    return collateral.value_thing(db, clock=clock, by=by, case=case, thing=collateral.thing(db, pledge.thing_id)).lending_value


def _coming(db: Db, clock: Clock, by: Actor, case: Case, new: collateral.Thing) -> tuple[str, Money]:
    """A thing that is being taken in, and what it is good for. Refusal while its value is not settled."""
    worth = collateral.value_thing(db, clock=clock, by=by, case=case, thing=new)
    if worth.referred:
        raise Refusal(f"the value of {new.model} is not settled: {worth.referred}", code="valuation_referred")
    return new.public_id, worth.lending_value


def _heap(db: Db, pledge: Pledge) -> tuple[list[str], list[Pledge]]:
    """All live loans that hang together with the pledge by pledges they share, and the delivered pledges behind them but this one."""
    loans: dict[str, None] = dict.fromkeys(pledge.secures)
    others: dict[int, Pledge] = {}
    grown = True
    while grown:
        grown = False
        for loan in list(loans):
            for each in store.pledges_where(db, _SECURES + " AND p.state = 'delivered'", loan_id_of(db, loan)):
                if each.pledge_id != pledge.pledge_id and each.pledge_id not in others:
                    others[each.pledge_id] = each
                    loans |= dict.fromkeys(each.secures)
                    grown = True
    live = [loan for loan in loans if duties.take_by_id(db, loan_id_of(db, loan), lock=False).loan.state in LIVE]
    return sorted(live), list(others.values())


_SECURES: Final = "p.pledge_id IN (SELECT pledge_id FROM loan_pledge WHERE loan_id = %s)"


def _delivered(db: Db, case: Case) -> list[Pledge]:
    found = store.pledges_where(db, _SECURES + " AND p.state = 'delivered'", case.loan.loan_id)
    return [store.lock(db, each.pledge_id) for each in found]


def _securing(db: Db, case: Case, pledge: str | None) -> Pledge:
    """The delivered pledge of that name behind the loan, locked, or its only one."""
    held = _delivered(db, case)
    if pledge is not None:
        found = named(db, pledge)
        if found.pledge_id not in [each.pledge_id for each in held]:
            if case.loan.public_id in found.secures:
                raise Refusal(f"pledge {pledge} is {found.state}; it secures nothing any more", code="pledge_state", state=str(found.state))
            raise NotFound(f"no pledge {pledge} secures loan {case.loan.public_id}", code="no_pledge", field="pledge")
        return store.lock(db, found.pledge_id)
    if not held:
        raise Refusal(f"no pledge secures loan {case.loan.public_id}", code="no_pledge")
    if len(held) > 1:
        raise BadInput(f"pledge: {len(held)} pledges secure this loan; name the one you mean", field="pledge")
    return held[0]


def _others_must_be_paid(db: Db, case: Case, pledge: Pledge) -> None:
    for loan in pledge.secures:
        if loan == case.loan.public_id:
            continue
        other = duties.take_by_id(db, loan_id_of(db, loan), lock=False).loan
        if other.state in LIVE and other.state is not LoanState.RELEASING:
            raise Refusal(f"pledge {pledge.public_id} also secures loan {loan}, which is {other.state}", code="secures_another", loan=loan)


def _end(db: Db, clock: Clock, by: Actor, case: Case, pledge: Pledge, event: PledgeEvent, how: str, told: Mapping[str, Any]) -> Pledge:
    pledge = store.lock(db, pledge.pledge_id)
    state = after(pledge.state, event)
    collateral.unclaim(db, pledge=pledge.public_id)
    store.end(db, pledge.pledge_id, state=state, on=clock.today(), how=how)
    kind = "pledge.lifted" if state is PledgeState.LIFTED else "pledge.disposed"
    on_pledge(db, clock, by, pledge, kind, {"loan": case.loan.public_id, "how": how, **told})
    return store.lock(db, pledge.pledge_id)


def _owe_back(db: Db, clock: Clock, by: Actor, case: Case, pledge: Pledge) -> None:
    """From now on somebody owes its owner the thing: the duty to hand it back begins."""
    item = custody.item_of(db, pledge.thing_id)
    says = {"thing": pledge.thing, "pledge": pledge.public_id, "seal_no": item.seal_no if item else "", "ends": ""}
    opens = () if case.open("hand_back") else ("hand_back",)
    duties.enter(db, case, clock=clock, by=by, kind="custody.to_hand_back", says=says, opens=opens)
    write_record(
        db, clock=clock, by=by, chain_id=pledge.thing_id, chain=pledge.thing, kind="custody.to_hand_back", says={"pledge": pledge.public_id}
    )


def _figures(cover: Cover) -> dict[str, Any]:
    return {"owed": cover.owed.as_json(), "remaining": cover.remaining.as_json(), "loans": list(cover.loans)}
