"""Payout: the principal of a signed contract goes to the borrower, whole and once; a further sum under its limit goes the same way.

One person asks, another checks, and only then an order is given to the rail. What is first paid out is
the contract's principal: the amount is nobody's input, so nothing can be netted from it. A further sum is asked for while the
loan is repaid (`ask_further_payout`), where servicing lets the loan grow. The order is on
record as sent before the rail hears of it (`instruct`), the rail is called outside any transaction
(`sending`), and what it answers is recorded (`record_answer`). Whatever fails in between, the order is
enquired by its key and never sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from holdfast import approvals, contracts, pledges
from holdfast.duties import Case, enter, take, take_by_id
from holdfast.journal import SYSTEM, Actor
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Fault, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import Money
from holdfast.kernel.sealing import Sealed
from holdfast.life import LIVE, LoanState
from holdfast.loans import Happened
from holdfast.parties import Party, Scope, Staff, box_of, find, mask_name, normal, party_by_id, require
from holdfast.payments import store
from holdfast.payments.accounts import account_number, lookup_of_account, masked_account
from holdfast.payments.hearing import FIRST_ENQUIRY, keep_heard, next_enquiry
from holdfast.payments.matters import DISPUTE, RECALL, begin_matter, end_matter, standing
from holdfast.payments.model import Payout
from holdfast.payments.ports import Answer, Grows, Order, Outcome, PayoutRail
from holdfast.payments.states import PAYOUT_LIFE, PayoutEvent, PayoutState, after
from holdfast.payments.store import Db
from holdfast.products import Terms, check_ceiling

SHORTEST_REASON: Final = 4
CHANNELS: Final = ("rail", "file")
# Where a loan may stand when money of a further payout turns out to have gone: one that was paid off meanwhile owes again.
GROWS_IN: Final = (LoanState.ACTIVE, LoanState.RELEASING)
_ACT: Final = "payout.check"
_RULING: Final = "payout.rule"
_EVENTS: Final = {
    Outcome.ACCEPTED: PayoutEvent.ACCEPTED,
    Outcome.PAID: PayoutEvent.PAID,
    Outcome.REJECTED: PayoutEvent.REJECTED,
    Outcome.UNKNOWN: PayoutEvent.UNKNOWN,
}


# ── asked by one person, checked by another ────────────────────────────────────────────────────────────────


def ask_payout(db: Db, *, clock: Clock, by: Staff, loan: str, payee_name: str, account: str, channel: str = "rail") -> Payout:
    """Ask for the contract's principal to be paid to the borrower's account, by `channel`: the rail, or a file for the bank.

    Refusal unless the loan is signed, its contract sealed, its thing in custody and nothing freezes it; if the payee is
    not the borrower; if a payout is under way already; or if the contract's price is above the ceiling of today.
    """
    require(by, "payout.ask")
    case = take(db, loan, by.scope)
    agreed = _ready(db, clock, case)
    reason = f"pay out the principal of contract {case.loan.contract_no}"
    standing = store.payout_alive(db, case.loan.loan_id)
    return _ask(
        db, clock, by, case, amount=_principal(agreed.terms), contract=agreed.public_id, payee_name=payee_name, account=account,
        channel=channel, reason=reason, further=False, standing=standing,
    )  # fmt: skip


def ask_further_payout(
    db: Db, *, clock: Clock, by: Staff, loan: str, amount: Money, payee_name: str, account: str, words: str, grows: Grows,
    channel: str = "rail",
) -> Payout:  # fmt: skip
    """Ask for a further sum of a loan that is being repaid to be paid to the borrower's account; `words` say how the borrower asked for it.

    Refusal as of `grows`: above the contract's limit, for one. Refusal too while the loan is frozen, a withdrawal from it stands, or a
    payout is under way; if the payee is not the borrower; or if what is pledged is missing.
    """
    require(by, "payout.ask")
    case = take(db, loan, by.scope)
    _may_grow(db, clock, by, case, amount, grows)
    standing = store.payout_under_way(db, case.loan.loan_id)
    return _ask(
        db, clock, by, case, amount=amount, contract=_contract_named(db, case), payee_name=payee_name, account=account, channel=channel,
        reason=words, further=True, standing=standing,
    )  # fmt: skip


def _ask(
    db: Db, clock: Clock, by: Staff, case: Case, *, amount: Money, contract: str, payee_name: str, account: str, channel: str,
    reason: str, further: bool, standing: str | None,
) -> Payout:  # fmt: skip
    loan = case.loan.public_id
    if channel not in CHANNELS:
        raise BadInput(f"channel: pay by one of {', '.join(CHANNELS)}", field="channel")
    borrower = _borrower(db, case, payee_name)
    number = account_number(account)
    if standing is not None:
        raise Refusal(f"loan {loan} has the payout {standing} already", code="payout_under_way", payout=standing)
    public_id = new_id("po")
    sealed = box_of(db, borrower).seal(canonical.encode({"payee": normal("name", payee_name), "account": number}), public_id)
    lookup = lookup_of_account(number)
    asked = approvals.ask(
        db, clock=clock, by=by, act=_ACT, inputs=_inputs(public_id, loan, contract, amount, lookup, channel, further=further),
        reason=reason, loan_id=case.loan.loan_id, barred=case.officers,
    )  # fmt: skip
    store.insert_payout(
        db, loan_id=case.loan.loan_id, public_id=public_id, amount=amount, contract=contract, payee_label=mask_name(payee_name),
        account_masked=masked_account(number), sealed=sealed, lookup=lookup,
        channel=channel, approval=asked.public_id, maker_id=by.staff_id, at=clock.now(), further=further,
    )  # fmt: skip
    says = {
        "payout": public_id, "contract": contract, "amount": amount.as_json(), "approval": asked.public_id, "channel": channel,
        **({"further": True} if further else {}),
    }  # fmt: skip
    enter(db, case, clock=clock, by=by.actor, kind="payout.asked", says=says, seals={"account": lookup.hex()})
    return _payout(db, public_id)


def check_payout(
    db: Db, *, clock: Clock, by: Staff, payout: str, approved: bool, words: str, rail: PayoutRail, grows: Grows
) -> Payout:  # fmt: skip
    """The second person's yes or no. After a yes the order goes to the rail as soon as this is committed (`sending.send_approved`).

    Refusal and Forbidden as in `approvals`; the conditions of `ask_payout`, or of `ask_further_payout`, are looked at once more.
    Refusal if the rail cannot pay this currency.
    """
    require(by, _ACT)
    case, found = held_payout(db, payout, by.scope)
    if not approved:
        after(PAYOUT_LIFE, f"payout {payout}", found.state, PayoutEvent.CANCEL)
        approvals.answer(db, clock=clock, by=by, public_id=found.approval, approved=False, words=words)
        return _cancelled(db, clock, by.actor, case, found, words.strip(), checker_id=by.staff_id)
    state = after(PAYOUT_LIFE, f"payout {payout}", found.state, PayoutEvent.APPROVE)
    if found.further:
        _may_grow(db, clock, by, case, found.amount, grows)
        contract, amount = _contract_named(db, case), found.amount
    else:
        agreed = _ready(db, clock, case)
        contract, amount = agreed.public_id, _principal(agreed.terms)
    _borrower(db, case, canonical.decode(_opened(db, case, found))["payee"])
    known = rail.capabilities()
    if found.channel == "rail" and found.amount.currency not in known.currencies:
        raise Refusal(f"{known.name} cannot pay {found.amount.currency}", code="rail_currency", rail=known.name)
    lookup = store.lookup_of_payout(db, found)
    inputs = _inputs(payout, case.loan.public_id, contract, amount, lookup, found.channel, further=found.further)
    approvals.answer(db, clock=clock, by=by, public_id=found.approval, approved=True, words=words)
    approvals.spend(db, clock=clock, by=by.actor, public_id=found.approval, act=_ACT, inputs=inputs, loan_id=case.loan.loan_id)
    store.update_payout(db, found, state=state, checker_id=by.staff_id)
    says = {"payout": payout, "amount": found.amount.as_json(), "rail": known.name if found.channel == "rail" else "file"}
    enter(db, case, clock=clock, by=by.actor, kind="payout.approved", says=says)
    return _payout(db, payout)


def cancel_payout(db: Db, *, clock: Clock, by: Staff, payout: str, words: str) -> Payout:
    """Take back a payout that was not sent yet, saying why; a new one may be asked for."""
    require(by, "payout.ask")
    if len(words.strip()) < SHORTEST_REASON:
        raise BadInput("words: say why it is cancelled", field="words")
    case, found = held_payout(db, payout, by.scope)
    return _cancelled(db, clock, by.actor, case, found, words.strip())


# ── sent, and answered ─────────────────────────────────────────────────────────────────────────────────────


def instruct(db: Db, *, clock: Clock, payout: str) -> Order | None:
    """Write an approved payout down as sent and give the order that the rail is to be called with, once this is committed.

    None if it does not go by the rail, is not to be sent (any more), or the loan is frozen: a freeze stops money even after two people
    agreed. A payout of a loan that has ended meanwhile is cancelled.
    """
    case, found = held_payout(db, payout, None)
    if found.state is not PayoutState.APPROVED or found.channel != "rail" or case.freezes:
        return None
    if not _awaits(case, found):
        _cancelled(db, clock, SYSTEM, case, found, f"loan is {case.loan.state}, and nothing is to be paid out on it")
        return None
    if _is_gone(case):
        return None
    mark_sent(db, clock, SYSTEM, case, found, answer_by=clock.now() + FIRST_ENQUIRY)
    return order_of(db, case, found, on=clock.today())


def why_not_now(case: Case, found: Payout) -> str:
    """Why an approved payout may not go out as things stand today; empty if it may."""
    if case.freezes:
        return f"its loan is frozen ({case.freezes[0].reason})"
    if not _awaits(case, found):
        return f"its loan is {case.loan.state}, and nothing is to be paid out on it"
    return "the thing pledged for it is missing or lost" if _is_gone(case) else ""


def mark_sent(
    db: Db, clock: Clock, by: Actor, case: Case, found: Payout, *, answer_by: datetime, says: Mapping[str, Any] | None = None
) -> None:
    """Write a payout down as sent. From here on it is never sent again, whatever becomes of it."""
    state = after(PAYOUT_LIFE, f"payout {found.public_id}", found.state, PayoutEvent.SEND)
    store.update_payout(db, found, state=state, sent_at=clock.now(), enquire_at=answer_by)
    told = {"payout": found.public_id, "amount": found.amount.as_json(), **(says or {})}
    enter(db, case, clock=clock, by=by, kind="payout.sent", says=told)


def order_of(db: Db, case: Case, found: Payout, *, on: date) -> Order:
    """What a bank is told of a payout; name and account in the clear, for the moment of sending only."""
    opened = canonical.decode(_opened(db, case, found))
    return Order(found.public_id, found.amount, opened["payee"], opened["account"], case.loan.contract_no, on)


def record_answer(db: Db, *, clock: Clock, by: Actor, payout: str, answer: Answer, source: str = "rail", ruled: bool = False) -> Payout:
    """What the rail said of a payout that was sent. Paid: the loan's money is out, and servicing begins, or books the further sum, with it.

    The answer stands even if the loan was frozen meanwhile: the money has moved or it has not. An answer that contradicts an
    earlier final one moves nothing but to a person: the payout is disputed from then on, and only what two people `ruled` moves it.
    """
    if answer.outcome is Outcome.RETURNED:  # whoever was to be paid has nothing
        answer = replace(answer, outcome=Outcome.REJECTED)
    case, found = held_payout(db, payout, None)
    if found.disputed and not ruled:
        keep_heard(db, clock, payout, answer, source, "noted")
        return found
    if {found.state, str(answer.outcome)} == {PayoutState.PAID, PayoutState.REJECTED} and not ruled:
        return _contradicted(db, clock, by, case, found, answer, source)
    state = after(PAYOUT_LIFE, f"payout {payout}", found.state, _EVENTS[answer.outcome])
    if found.state in (PayoutState.PAID, PayoutState.REJECTED):
        keep_heard(db, clock, payout, answer, source, "known")
        return found
    keep_heard(db, clock, payout, answer, source, "moved")
    at = clock.now()
    says: dict[str, Any] = {"payout": payout, "reference": answer.reference}
    if answer.outcome is Outcome.PAID:
        paid_on = min(answer.paid_on or clock.today(), clock.today())
        store.update_payout(db, found, state=state, reference=answer.reference, why="", paid_on=paid_on, enquire_at=None, disputed=False)
        says |= {"amount": found.amount.as_json(), "paid_on": paid_on.isoformat()}
        enter(db, case, clock=clock, by=by, kind="payout.paid", says=says, closes=("payout_enquiry",), while_frozen=True)
        if case.loan.party_id is not None:
            store.note_payer_account(db, store.lookup_of_payout(db, found), case.loan.party_id)
        facts = {"amount": found.amount, "paid_on": paid_on, "payout": payout}
        if found.further:
            return _payout(db, payout, (Happened("payout.further_paid", case.loan.public_id, facts),))
        facts |= {"terms": contracts.contract_of(db, case.loan.loan_id).terms}
        return _payout(db, payout, (Happened("payout.paid", case.loan.public_id, facts),))
    if answer.outcome is Outcome.REJECTED:
        store.update_payout(db, found, state=state, reference=answer.reference, why=answer.why, enquire_at=None, disputed=False)
        says |= {"why": answer.why}
        enter(db, case, clock=clock, by=by, kind="payout.rejected", says=says, closes=("payout_enquiry",), while_frozen=True)
        if (asked_back := standing(db, case, RECALL)) is not None:
            end_matter(db, clock, by, case, asked_back, outcome="stopped", reference=answer.reference)
        return _payout(db, payout)
    again = None if found.channel == "file" else next_enquiry(at, found.enquiries)
    store.update_payout(
        db, found, state=state, reference=answer.reference or found.reference, why=answer.why, enquiries=found.enquiries + 1,
        enquire_at=again,
    )  # fmt: skip
    if state is PayoutState.UNKNOWN and found.state is PayoutState.SENT:
        says |= {"why": answer.why}
        enter(db, case, clock=clock, by=by, kind="payout.unknown", says=says, opens=("payout_enquiry",), while_frozen=True)
    return _payout(db, payout)


def _contradicted(db: Db, clock: Clock, by: Actor, case: Case, found: Payout, answer: Answer, source: str) -> Payout:
    """The bank says the opposite of what it said in the end. Nothing moves by itself; a person has a duty from now on.

    A rejected payout that was paid after all is not known again, if nothing has taken its place: two people rule on it as on any other.
    """
    keep_heard(db, clock, found.public_id, answer, source, "contradicts")
    words = f"the bank said {found.state}, and now says {answer.outcome}"
    if found.further:
        alone = store.payout_under_way(db, case.loan.loan_id) is None and case.loan.state in GROWS_IN
    else:
        alone = store.payout_alive(db, case.loan.loan_id) is None and case.loan.state is LoanState.SIGNED
    if found.state is PayoutState.REJECTED and alone:
        state = after(PAYOUT_LIFE, f"payout {found.public_id}", found.state, PayoutEvent.DISPUTE)
        store.update_payout(db, found, state=state, why=words, enquire_at=None, disputed=True)
        says = {"payout": found.public_id, "reference": answer.reference, "why": words}
        enter(db, case, clock=clock, by=by, kind="payout.unknown", says=says, opens=("payout_enquiry",), while_frozen=True)
        return _payout(db, found.public_id)
    store.update_payout(db, found, disputed=True)
    if case.loan.state in LIVE:
        begin_matter(db, clock, by, case, found, kind=DISPUTE, words=words, who="", reference=answer.reference)
    return _payout(db, found.public_id)


def give_up_waiting(db: Db, *, clock: Clock) -> int:
    """Payouts of files that the bank has not answered in time: nobody knows, and a person enquires. How many there were."""
    late = store.payouts_without_answer(db, clock.now())
    for payout in late:
        record_answer(db, clock=clock, by=SYSTEM, payout=payout, answer=Answer(Outcome.UNKNOWN, why="the bank has not answered the file"))
    return len(late)


def enquire(db: Db, *, clock: Clock, by: Staff, payout: str, rail: PayoutRail) -> Payout:
    """A person asks the rail by the key what became of a payout, and its answer is recorded. Nothing is ever sent here.

    Unavailable if the rail does not answer; then nothing is changed.
    """
    require(by, "payout.enquire")
    _, found = held_payout(db, payout, by.scope)
    if found.state not in (PayoutState.SENT, PayoutState.UNKNOWN):
        raise Refusal(f"payout {payout} is {found.state}; there is nothing to enquire", code="wrong_state", state=str(found.state))
    if found.channel == "file":
        raise Refusal(f"payout {payout} went by file; ask the bank and load its answer", code="by_file", payout=payout)
    return record_answer(db, clock=clock, by=by.actor, payout=payout, answer=rail.enquire(payout))


def ask_ruling(db: Db, *, clock: Clock, by: Staff, payout: str, outcome: str, reference: str, words: str) -> Payout:
    """A payout stays unknown though the rail was asked: one person says, on the bank's word, how it ended; another must agree.

    `outcome` is `paid` or `rejected`; `reference` names the bank's statement or letter.
    """
    require(by, "payout.enquire")
    case, found = held_payout(db, payout, by.scope)
    if found.state is not PayoutState.UNKNOWN:
        raise Refusal(f"payout {payout} is {found.state}; people rule only on what is unknown", code="wrong_state", state=str(found.state))
    if outcome not in (Outcome.PAID, Outcome.REJECTED):
        raise BadInput("outcome: say paid or rejected", field="outcome")
    if len(reference.strip()) < SHORTEST_REASON:
        raise BadInput("reference: name the bank's statement or letter that says so", field="reference")
    inputs = {"payout": payout, "outcome": str(outcome), "reference": reference.strip()}
    approvals.ask(
        db, clock=clock, by=by, act=_RULING, inputs=inputs, reason=words, loan_id=case.loan.loan_id, barred=case.officers
    )  # fmt: skip
    return found


def answer_ruling(db: Db, *, clock: Clock, by: Staff, request: str, approved: bool, words: str) -> Payout:
    """The second person's yes or no to what another says about an unknown payout; the yes ends it."""
    require(by, _ACT)
    asked = approvals.request(db, request)
    if asked.act != _RULING:
        raise NotFound(f"there is no ruling {request}", code="no_approval", field="request")
    payout = str(asked.inputs["payout"])
    _, found = held_payout(db, payout, by.scope)
    answered = approvals.answer(db, clock=clock, by=by, public_id=request, approved=approved, words=words)
    if not approved:
        return found
    approvals.spend(db, clock=clock, by=by.actor, public_id=request, act=_RULING, inputs=answered.inputs, loan_id=found.loan_id)
    said = Answer(Outcome(asked.inputs["outcome"]), str(asked.inputs["reference"]), "as two people say on the bank's word")
    return record_answer(db, clock=clock, by=by.actor, payout=payout, answer=said, source="two people", ruled=True)


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


def payout(db: Db, public_id: str, scope: Scope) -> Payout:
    """The payout of that public id within sight; NotFound otherwise."""
    return _found(store.payouts(db, scope, public_id=public_id), public_id)


def payouts(db: Db, scope: Scope, *, loan_id: int | None = None, states: tuple[PayoutState, ...] = tuple(PayoutState)) -> list[Payout]:
    """Payouts of loans within sight, newest first."""
    return store.payouts(db, scope, loan_id=loan_id, states=states)


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _ready(db: Db, clock: Clock, case: Case) -> contracts.Contract:
    """The contract whose principal may go out now; Refusal, naming what is missing, if it may not."""
    loan = case.loan.public_id
    case.must_be(LoanState.SIGNED)
    if case.freezes:
        freeze = case.freezes[0]
        raise Refusal(f"loan {loan} is frozen since {freeze.since} ({freeze.reason})", code="loan_frozen", loan=loan, reason=freeze.reason)
    agreed = contracts.contract_of(db, case.loan.loan_id)
    if agreed.state is not contracts.ContractState.SEALED:
        raise Refusal(f"the contract of loan {loan} is not sealed", code="contract_not_sealed", loan=loan)
    held = pledges.pledge_of(db, case.loan.loan_id)
    if held is None or held.state != "delivered":
        raise Refusal(f"the thing pledged for loan {loan} is not in custody", code="pledge_not_delivered", loan=loan)
    if case.open("pay_out") is None:
        raise Refusal(f"loan {loan} asks for no payout now", code="no_pay_out_duty", loan=loan)
    if _is_gone(case):
        raise Refusal(
            f"the thing pledged for loan {loan} is missing or lost; nothing is paid out on it", code="pledge_not_delivered", loan=loan
        )
    check_ceiling(agreed.terms, case.pack, case.lender, on=clock.today(), product=case.loan.product_code)
    return agreed


def _may_grow(db: Db, clock: Clock, by: Staff, case: Case, amount: Money, grows: Grows) -> None:
    """Refusal, saying why, unless a further sum may go out on this loan now."""
    loan = case.loan.public_id
    if case.freezes:
        freeze = case.freezes[0]
        raise Refusal(f"loan {loan} is frozen since {freeze.since} ({freeze.reason})", code="loan_frozen", loan=loan, reason=freeze.reason)
    if case.open("cooling_off") is not None:
        raise Refusal(f"the borrower has withdrawn from loan {loan}; nothing more goes out on it", code="withdrawn_from", loan=loan)
    if _is_gone(case):
        raise Refusal(
            f"the thing pledged for loan {loan} is missing or lost; nothing is paid out on it", code="pledge_not_delivered", loan=loan
        )
    grows(db, clock=clock, by=by, loan=loan, amount=amount)


def _contract_named(db: Db, case: Case) -> str:
    """The sealed contract of the loan, by its public id; by its number where it was signed elsewhere."""
    sealed = [each for each in contracts.contracts_of(db, case.loan.loan_id) if each.state is contracts.ContractState.SEALED]
    return sealed[-1].public_id if sealed else case.loan.contract_no


def _awaits(case: Case, found: Payout) -> bool:
    """Whether the loan still stands where money goes out on it."""
    if found.further:
        return case.loan.state is LoanState.ACTIVE and case.open("cooling_off") is None
    return case.loan.state is LoanState.SIGNED and case.open("pay_out") is not None


def _borrower(db: Db, case: Case, payee_name: str) -> Party:
    """The loan's borrower, if the payee bears his name. The names are compared by their keyed hashes: neither is opened or repeated."""
    if case.loan.party_id is None:
        raise Refusal(f"loan {case.loan.public_id} names no borrower to pay to", code="no_borrower", field="payee_name")
    if case.loan.party_id not in {each.party_id for each in find(db, "name", payee_name)}:
        raise Refusal(
            "payee_name: this is not the borrower's name; money goes to the borrower only", code="payee_not_borrower", field="payee_name"
        )
    return party_by_id(db, case.loan.party_id)


def _is_gone(case: Case) -> bool:
    """Whether the pledged thing is being looked for, or was declared lost: then nothing stands behind the money."""
    return case.open("find_item") is not None or case.open("compensate") is not None


def _principal(terms: Terms) -> Money:
    return Money(terms.principal, terms.currency)


def _inputs(payout: str, loan: str, contract: str, amount: Money, lookup: bytes, channel: str, *, further: bool) -> dict[str, Any]:
    return {
        "payout": payout, "loan": loan, "contract": contract, "amount": amount.as_json(), "account": lookup.hex(), "channel": channel,
        **({"further": True} if further else {}),
    }  # fmt: skip


def held_payout(db: Db, public_id: str, scope: Scope | None) -> tuple[Case, Payout]:
    """The payout and its loan's case, both locked, the loan first; NotFound if the loan is out of sight."""
    loan_id = store.loan_of_payout(db, public_id)
    if loan_id is None:
        raise NotFound(f"there is no payout {public_id} within your sight", code="no_payout", field="payout")
    case = take_by_id(db, loan_id)
    if scope is not None:
        take(db, case.loan.public_id, scope, lock=False)
    return case, _payout(db, public_id)


def _payout(db: Db, public_id: str, happened: tuple[Happened, ...] = ()) -> Payout:
    return _found(store.payouts(db, None, public_id=public_id, happened=happened), public_id)


def _found(found: list[Payout], public_id: str) -> Payout:
    if not found:
        raise NotFound(f"there is no payout {public_id} within your sight", code="no_payout", field="payout")
    return found[0]


def _cancelled(
    db: Db, clock: Clock, by: Actor, case: Case, found: Payout, why: str, *, checker_id: int | None = None
) -> Payout:  # fmt: skip
    state = after(PAYOUT_LIFE, f"payout {found.public_id}", found.state, PayoutEvent.CANCEL)
    store.update_payout(db, found, state=state, why=why, checker_id=checker_id)
    enter(db, case, clock=clock, by=by, kind="payout.cancelled", says={"payout": found.public_id, "why": why}, while_frozen=True)
    return _payout(db, found.public_id)


def _opened(db: Db, case: Case, found: Payout) -> bytes:
    if case.loan.party_id is None:
        raise Fault(f"payout {found.public_id} has no borrower to be sent to", code="no_borrower")
    nonce, sealed = store.sealed_of_payout(db, found)
    return box_of(db, party_by_id(db, case.loan.party_id)).open(Sealed(nonce, sealed), found.public_id)
