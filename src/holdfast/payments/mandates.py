"""Mandates: the borrower lets the lender collect what is due from his account, and takes that back whenever he likes.

He agrees to a text, whole and in his language, with a code from his own phone that is bound to its digest. The account must be his own.
A mandate collects what is due and not paid, within its limits and the pack's plan; never more, and nothing that is not due.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Final

from holdfast.contact import codes
from holdfast.duties import Case, enter, take, take_by_id, take_own
from holdfast.journal import SYSTEM, Actor
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import LARGEST_MINOR, Money
from holdfast.life import LoanState
from holdfast.parties import Party, Scope, Staff, box_of, find, mask_name, party_by_id, require
from holdfast.payments import mandate_store
from holdfast.payments.accounts import account_number, lookup_of_account, masked_account
from holdfast.payments.model import Mandate
from holdfast.payments.states import DEBIT_LIFE, MANDATE_LIFE, DebitEvent, DebitState, MandateEvent, MandateState, after
from holdfast.payments.store import Db

PURPOSE: Final = "mandate"
LANGUAGES: Final = ("zh-hans", "en")
SHORTEST_REASON: Final = 2
_TEXTS: Final = files("holdfast.payments") / "texts"


def draft_mandate(
    db: Db, *, clock: Clock, by: Actor, loan: str, payer_name: str, account: str, most_each: Money, most_a_month: Money, language: str
) -> Mandate:
    """Write down what the borrower is about to allow, for him to read. It allows nothing until he has signed it.

    Refusal unless the loan is being repaid and the account bears the borrower's own name; BadInput for limits that make no sense.
    """
    if language not in LANGUAGES:
        raise BadInput(f"language: one of {', '.join(LANGUAGES)}", field="language")
    case = take_own(db, loan, by)
    case.must_be(LoanState.ACTIVE)
    borrower = _payer(db, case, payer_name)
    number = account_number(account)
    for field, amount in (("most_each", most_each), ("most_a_month", most_a_month)):
        if not 0 < amount.minor <= LARGEST_MINOR or amount.currency != case.loan.currency:
            raise BadInput(f"{field}: an amount in {case.loan.currency}, more than nothing", field=field)
    if most_a_month.minor < most_each.minor:
        raise BadInput("most_a_month: at least what one debit may be", field="most_a_month")
    for standing in mandate_store.mandates(db, None, loan_id=case.loan.loan_id, states=[MandateState.DRAFTED]):
        _end(db, clock, standing, MandateEvent.CANCEL, "another one was written")
    public_id = new_id("md")
    body = _body(case, mask_name(payer_name), masked_account(number), most_each, most_a_month, language, clock)
    sealed = box_of(db, borrower).seal(canonical.encode({"payer": payer_name.strip(), "account": number}), public_id)
    mandate_store.insert_mandate(
        db, loan_id=case.loan.loan_id, public_id=public_id, payer_label=mask_name(payer_name), account_masked=masked_account(number),
        sealed=sealed, lookup=lookup_of_account(number), most_each=most_each, most_a_month=most_a_month, body=body,
        digest=_digest(public_id, body), at=clock.now(),
    )  # fmt: skip
    return _mandate(db, public_id)


def ask_mandate_code(db: Db, *, clock: Clock, by: Actor, loan: str, mandate: str) -> str:
    """Send the borrower a code that is bound to exactly this text; its id."""
    case = take_own(db, loan, by)
    found = _of_loan(db, case, mandate)
    after(MANDATE_LIFE, f"mandate {mandate}", found.state, MandateEvent.SIGN)
    return codes.send(db, clock=clock, chain_id=case.loan.loan_id, purpose=PURPOSE, bound=found.digest, party=_borrower(db, case))


def sign_mandate(db: Db, *, clock: Clock, by: Actor, loan: str, mandate: str, code_id: str) -> Mandate:
    """The borrower agrees, with the code from his phone; one that stood before gives way. From now on what is due is collected."""
    case = take_own(db, loan, by)
    case.must_be(LoanState.ACTIVE)
    found = _of_loan(db, case, mandate)
    state = after(MANDATE_LIFE, f"mandate {mandate}", found.state, MandateEvent.SIGN)
    proof = codes.spend(db, clock=clock, code_id=code_id, purpose=PURPOSE, bound=found.digest)
    for standing in mandate_store.mandates(db, None, loan_id=case.loan.loan_id, states=[MandateState.ACTIVE]):
        _cancelled(db, clock, by, case, standing, "another one took its place")
    mandate_store.update_mandate(db, found, state=state, signed_at=clock.now())
    _, lookup = mandate_store.sealed_of_mandate(db, found)
    says = {
        "mandate": mandate, "most_each": found.most_each.as_json(), "most_a_month": found.most_a_month.as_json(),
        "code": proof.code_id, "code_sent_at": proof.sent_at.isoformat(), "code_proved_at": proof.proved_at.isoformat(),
        "phone": proof.masked_number,
    }  # fmt: skip
    seals = {"text": found.digest, "account": lookup.hex()}
    enter(db, case, clock=clock, by=by, kind="mandate.signed", says=says, seals=seals, while_frozen=True)
    return _mandate(db, mandate)


def cancel_mandate(db: Db, *, clock: Clock, by: Actor | Staff, loan: str, mandate: str, words: str) -> Mandate:
    """The borrower takes it back, or a member of staff does for him. What was proposed is dropped; nothing is collected from now on.

    A debit that the bank has already may still be answered; its money is then a receipt as any other.
    """
    if isinstance(by, Staff):
        require(by, "mandate.cancel")
    if len(words.strip()) < SHORTEST_REASON:
        raise BadInput("words: say why it is cancelled", field="words")
    case = take(db, loan, by.scope) if isinstance(by, Staff) else take_own(db, loan, by)
    found = _of_loan(db, case, mandate)
    if found.state is MandateState.DRAFTED:
        return _end(db, clock, found, MandateEvent.CANCEL, words.strip())
    return _cancelled(db, clock, by.actor if isinstance(by, Staff) else by, case, found, words.strip())


def end_mandates(db: Db, *, clock: Clock) -> int:
    """End the mandates of loans that are no longer repaid; how many."""
    loans = mandate_store.loans_to_end(db)
    for loan_id in loans:
        case = take_by_id(db, loan_id)
        for found in mandate_store.mandates(db, None, loan_id=loan_id, states=[MandateState.ACTIVE]):
            _end(db, clock, found, MandateEvent.END, "the loan has ended")
            enter(db, case, clock=clock, by=SYSTEM, kind="mandate.ended", says={"mandate": found.public_id}, while_frozen=True)
    return len(loans)


def mandates(db: Db, scope: Scope | None, *, loan_id: int | None = None, active_only: bool = False) -> list[Mandate]:
    """Mandates of loans within sight, newest first; drafts that nobody signed are left out."""
    states = [MandateState.ACTIVE] if active_only else [MandateState.ACTIVE, MandateState.CANCELLED, MandateState.ENDED]
    return [each for each in mandate_store.mandates(db, scope, loan_id=loan_id, states=states) if each.signed_at is not None]


def mandate_of_loan(db: Db, loan_id: int) -> Mandate | None:
    """The mandate in force, else the draft that waits to be signed, if there is one."""
    found = mandate_store.mandates(db, None, loan_id=loan_id, states=[MandateState.ACTIVE, MandateState.DRAFTED])
    return min(found, key=lambda each: (each.state is not MandateState.ACTIVE, -each.mandate_no), default=None)


def mandate_named(db: Db, loan_id: int, public_id: str) -> Mandate:
    """One mandate of a loan; NotFound if it is none of its own."""
    found = mandate_store.mandates(db, None, loan_id=loan_id, public_id=public_id)
    if not found:
        raise NotFound(f"there is no mandate {public_id} on this loan", code="no_mandate", field="mandate")
    return found[0]


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _body(case: Case, payer: str, account: str, each: Money, month: Money, language: str, clock: Clock) -> str:
    today = clock.today()
    plan = case.pack.numbers("debit.retry_days", on=today, lender_type=case.lender.lender_type, product=case.loan.product_code)
    retry = ("、" if language == "zh-hans" else ", ").join(str(days) for days in plan if days)
    text = (_TEXTS / f"mandate-{language}.txt").read_text("utf-8")
    return text.format(
        payer=payer, account=account, lender=case.lender.name or "—", contract=case.loan.contract_no, retry=retry, most_each=each.decimal(),
        most_a_month=month.decimal(), times=case.number("debit.most_a_month", today),
    )  # fmt: skip


def _digest(public_id: str, body: str) -> str:
    return hashlib.sha256(canonical.encode({"mandate": public_id, "text": body})).hexdigest()


def _payer(db: Db, case: Case, payer_name: str) -> Party:
    borrower = _borrower(db, case)
    if borrower.party_id not in {each.party_id for each in find(db, "name", payer_name)}:
        raise Refusal("payer_name: this is not the borrower's name; only his own account is collected from", code="payer_not_borrower",
                      field="payer_name")  # fmt: skip
    return borrower


def _borrower(db: Db, case: Case) -> Party:
    if case.loan.party_id is None:
        raise Refusal(f"loan {case.loan.public_id} names no borrower", code="no_borrower")
    return party_by_id(db, case.loan.party_id)


def _cancelled(db: Db, clock: Clock, by: Actor, case: Case, found: Mandate, why: str) -> Mandate:
    for debit in mandate_store.debits(db, None, loan_id=found.loan_id, states=[DebitState.PROPOSED]):
        dropped = after(DEBIT_LIFE, f"debit {debit.public_id}", debit.state, DebitEvent.DROP)
        mandate_store.update_debit(db, debit, state=dropped, why="the mandate was cancelled")
    ended = _end(db, clock, found, MandateEvent.CANCEL, why)
    says = {"mandate": found.public_id, "why": why}
    enter(db, case, clock=clock, by=by, kind="mandate.cancelled", says=says, while_frozen=True)
    return ended


def _end(db: Db, clock: Clock, found: Mandate, event: MandateEvent, why: str) -> Mandate:
    state = after(MANDATE_LIFE, f"mandate {found.public_id}", found.state, event)
    mandate_store.update_mandate(db, found, state=state, ended_at=clock.now(), why=why)
    return _mandate(db, found.public_id)


def _of_loan(db: Db, case: Case, public_id: str) -> Mandate:
    return mandate_named(db, case.loan.loan_id, public_id)


def _mandate(db: Db, public_id: str) -> Mandate:
    return mandate_store.mandates(db, None, public_id=public_id)[0]
