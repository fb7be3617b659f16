"""A sign of fraud: the loan stops where it stands, in the same moment, and two people must agree before it goes on.

Whoever sees it says what it is and what it rests on; the loan is frozen and the duty to look into it is due the
same day. Whoever reported takes no part in what follows. The loan is thawed, or it is ended, by one who asks and
another who answers; nothing that was seen in between is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from holdfast import approvals
from holdfast.approvals import Request, Standing
from holdfast.confirmation import store
from holdfast.confirmation.service import stop_for_fraud
from holdfast.duties import Case, enter, freeze, take, thaw
from holdfast.journal import Record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.sealing import Box, Sealed, master_box
from holdfast.life import DUTIES, LoanState
from holdfast.parties import Role, Scope, Staff, box_of, may, party_by_id, require

Db = psycopg.Connection[Any]

REASON: Final = "fraud"
THAW: Final = "fraud.thaw"
REFUSE: Final = "fraud.refuse"
SIGNS: Final = ("impersonation", "coached", "forged_papers", "stolen_thing", "paid_upfront", "many_at_once", "other")
SHORTEST: Final = 4
LONGEST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Reported:
    """A loan that is frozen: since which record, under which number the sign is kept, and by when it must be looked into."""

    loan: str
    report_no: int
    record: Record
    review_by: datetime | None
    call: str | None


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign that was seen, by whom, and what it rests on; `person_id` is the party behind that log-in, where known."""

    report_no: int
    sign: str
    staff_id: int
    person_id: int | None
    by: str
    call_no: int | None
    seen_at: datetime
    record_seq: int
    evidence: str


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What an answer came to: where the request stands, and where the loan stands; `record` once the act was done."""

    loan: str
    request: Request
    state: LoanState
    frozen: bool
    record: Record | None


def report_fraud(db: Db, *, clock: Clock, by: Staff, loan: str, sign: str, evidence: str, words: str) -> Reported:
    """Freeze a loan in any stage for a sign of fraud: from this transaction on nobody can withdraw, decide, sign or pay out.

    `evidence` is what it rests on and is sealed; `words` stand on the loan for all who see it. An open confirmation call ends.
    """
    require(by, "fraud.freeze")
    if sign not in SIGNS:
        raise BadInput(f"sign: use one of {', '.join(SIGNS)}, not {sign!r}", field="sign")
    for field, text in (("evidence", evidence), ("words", words)):
        if not SHORTEST <= len(text.strip()) <= LONGEST or "\x00" in text:
            raise BadInput(f"{field}: say in a few words {'what it rests on' if field == 'evidence' else 'what was seen'}", field=field)
    case = take(db, loan, by.scope)
    box = _box(db, case)
    call = stop_for_fraud(db, clock=clock, by=by, case=case)
    told, seals = {"sign": sign, "call": call.public_id if call else None}, {"evidence": box.keyed_hash(evidence.strip()).hex()}
    record = freeze(db, case, clock=clock, by=by.actor, reason=REASON, words=words, told=told, seals=seals)
    number = store.insert_report(
        db, loan_id=case.loan.loan_id, sign=sign, staff_id=by.staff_id, call_no=call.call_no if call else None, at=clock.now(),
        record_seq=record.seq, evidence=box.seal(evidence.strip().encode(), _about(loan)),
    )  # fmt: skip
    review = case.open("fraud_review")
    return Reported(loan, number, record, review.due_at if review else None, call.public_id if call else None)


def ask_thaw(db: Db, *, clock: Clock, by: Staff, loan: str, words: str) -> Request:
    """Ask another person to let a frozen loan go on. Neither may have reported a sign."""
    return _ask(db, clock, by, loan, THAW, words)


def ask_refusal(db: Db, *, clock: Clock, by: Staff, loan: str, words: str) -> Request:
    """Ask another person to end a frozen loan for good.

    Refusal where money has been paid out (then it is repaid, not refused), and while the thing is in custody (then it is
    handed back first, which ends the loan).
    """
    return _ask(db, clock, by, loan, REFUSE, words)


def answer_review(db: Db, *, clock: Clock, by: Staff, request: str, approved: bool, words: str) -> Reviewed:
    """Answer as the second person. The yes thaws or ends the loan in this transaction.

    Forbidden for whoever asked, for whoever reported, and for either of them under another log-in. Refusal if
    another sign was seen since it was asked: what that was, nobody has looked at yet.
    """
    require(by, THAW)
    asked = approvals.request(db, request)
    if asked.act not in (THAW, REFUSE):
        raise NotFound(f"there is no request {request} about a frozen loan", code="no_approval", field="request")
    loan = str(asked.inputs["loan"])
    case = _frozen(db, by, loan)
    answered = approvals.answer(db, clock=clock, by=by, public_id=request, approved=approved, words=words)
    if answered.standing is not Standing.APPROVED:
        return Reviewed(loan, answered, case.loan.state, True, None)
    spent = approvals.spend(
        db, clock=clock, by=by.actor, public_id=request, act=asked.act, inputs=_inputs(db, case, asked.act), loan_id=case.loan.loan_id
    )
    told = f"{asked.reason} / {words.strip()}" if words.strip() else asked.reason
    if asked.act == THAW:
        record = thaw(db, case, clock=clock, by=by.actor, reason=REASON, words=told)
    else:
        record = _refuse(db, case, clock, by, spent)
    return Reviewed(loan, spent, case.loan.state, bool(case.freezes), record)


def signs_of(db: Db, scope: Scope, *, loan: str) -> Sequence[Sign]:
    """The signs of fraud seen on a loan within sight, oldest first."""
    case = take(db, loan, scope, lock=False)
    rows = store.reports(db, case.loan.loan_id)
    box = _box(db, case) if rows else None
    return tuple(
        Sign(*[*row[:8], box.open(Sealed(bytes(row[8]), bytes(row[9])), _about(loan)).decode()]) for row in rows if box is not None
    )


def reviews_of(db: Db, scope: Scope, *, loan: str) -> Sequence[Request]:
    """What was asked about the freezing of a loan within sight, newest first."""
    case = take(db, loan, scope, lock=False)
    return tuple(each for each in approvals.requests(db, scope, loan_id=case.loan.loan_id) if each.act in (THAW, REFUSE))


def may_see_evidence(by: Staff) -> bool:
    """Whether this person is shown what a sign rests on: those who review, and those who audit."""
    return may(by, THAW) or by.role is Role.AUDITOR


def may_review(signs: Sequence[Sign], by: Staff) -> None:
    """Forbidden, saying why, for one who reported a sign, under whichever log-in."""
    for sign in signs:
        if by.staff_id == sign.staff_id or (by.person_id is not None and by.person_id == sign.person_id):
            raise Forbidden("whoever reported the sign takes no part in the review; two others must", code="fraud_reporter")


def _ask(db: Db, clock: Clock, by: Staff, loan: str, act: str, words: str) -> Request:
    require(by, THAW)
    case = _frozen(db, by, loan)
    if act == REFUSE:
        _may_refuse(case)
    if any(each.standing is Standing.OPEN for each in reviews_of(db, by.scope, loan=loan)):
        raise Refusal(f"something has been asked about {loan} already; it is answered first", code="review_open", loan=loan)
    signs = signs_of(db, by.scope, loan=loan)
    return approvals.ask(
        db, clock=clock, by=by, act=act, inputs=_inputs(db, case, act), reason=words, loan_id=case.loan.loan_id,
        barred=[sign.staff_id for sign in signs],
    )  # fmt: skip


def _frozen(db: Db, by: Staff, loan: str) -> Case:
    """The case of a loan frozen for fraud, for one who may review it and did not report it."""
    case = take(db, loan, by.scope)
    if not any(each.reason == REASON for each in case.freezes):
        raise Refusal(f"loan {loan} is not frozen for {REASON}", code="not_frozen", loan=loan)
    may_review(signs_of(db, by.scope, loan=loan), by)
    return case


def _inputs(db: Db, case: Case, act: str) -> Mapping[str, Any]:
    """What is approved: this freeze with so many signs. One more sign, and it is something else."""
    number = max(each.freeze_no for each in case.freezes if each.reason == REASON)
    return {"act": act, "loan": case.loan.public_id, "freeze": number, "signs": len(store.reports(db, case.loan.loan_id))}


def _may_refuse(case: Case) -> None:
    """Refusal where a refusal would leave something behind: money on its way, or a thing on our shelf."""
    case.must_be(LoanState.SUBMITTED, LoanState.CONFIRMED, LoanState.DECIDED, LoanState.SIGNED)
    if case.open("payout_enquiry") is not None:
        raise Refusal(
            "a payout of this loan has no known outcome; it is enquired after before the loan is ended", code="payout_unknown",
            loan=case.loan.public_id,
        )  # fmt: skip
    if case.open("pay_out") is not None or case.open("hand_back") is not None:
        raise Refusal(
            f"the thing of loan {case.loan.public_id} is in our custody; have it handed back, that ends the loan, frozen as it is",
            code="in_custody", loan=case.loan.public_id,
        )  # fmt: skip


def _refuse(db: Db, case: Case, clock: Clock, by: Staff, spent: Request) -> Record:
    """End the loan for good; it stays frozen in what it was."""
    _may_refuse(case)
    says = {"stage": "fraud", "reason": REASON, "approval": spent.public_id}
    closes = tuple(duty.kind for duty in case.standing if "loan.refused" in DUTIES[duty.kind].proofs)
    return enter(db, case, clock=clock, by=by.actor, kind="loan.refused", says=says, to=LoanState.REFUSED, closes=closes, while_frozen=True)


def _box(db: Db, case: Case) -> Box:
    """The borrower's box; the lender's own for a loan whose borrower nobody knows."""
    return box_of(db, party_by_id(db, case.loan.party_id)) if case.loan.party_id is not None else master_box("fraud evidence")


def _about(loan: str) -> str:
    return f"evidence of fraud on {loan}"
