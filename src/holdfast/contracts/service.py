"""From an approved decision to a contract that both have signed.

The officer offers; the borrower reads, types a code that is bound to exactly these papers, and signs; another
member of staff seals for the lender. On each of these days all costs together must keep the ceiling, by the
pack that governs the loan and by the one in force: a contract above it is signed on no path.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg

from holdfast import files
from holdfast.applications import of_loan
from holdfast.collateral import imeis_for_document, things_of
from holdfast.contact import Promise, codes, promise
from holdfast.contracts import store
from holdfast.contracts.clauses import VERSION, flagged
from holdfast.contracts.model import PAPERS, Contract, Document, DocumentKind, Stage
from holdfast.contracts.papers import FILE_NAMES, TEMPLATES, facts_of
from holdfast.contracts.states import STANDING, ContractEvent, ContractState, after
from holdfast.contracts.wording import purpose_zh
from holdfast.decisioning import decision_of
from holdfast.duties import Case, enter, take
from holdfast.files import Notary, Press, Signed
from holdfast.journal import Actor, write_record
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock, iso_instant
from holdfast.kernel.errors import BadInput, Fault, Forbidden, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.life import LoanState
from holdfast.parties import Party, Staff, box_of, for_document, party_by_id, require, staff_by_id
from holdfast.policy import Ceiling, add_workdays, may_originate, pack_in_force
from holdfast.products import Terms, check_ceiling, price_of

Db = psycopg.Connection[Any]

BORROWER: Final = "borrower"
SHORTEST_REASON: Final = 4
LONGEST_AGENT: Final = 300
_MESSAGE_WAITS: Final = timedelta(days=2)


# -- the lender's side -------------------------------------------------------------------------------------------


def draft(db: Db, *, clock: Clock, by: Staff, loan: str, press: Press) -> Contract:
    """Set the papers of a decided loan, to be read before they are offered. Refusal if a contract stands, or costs break the ceiling."""
    require(by, "contract.offer")
    case = take(db, loan, by.scope)
    return _draft(db, case, clock, by, press)


def offer(db: Db, *, clock: Clock, by: Staff, loan: str, press: Press) -> Contract:
    """Put the papers before the borrower, to be signed before the loan's duty to have them signed runs out; drafted first if none stand.

    There is always a workday to read them: an offer on the duty's last day is good until the next one.
    """
    require(by, "contract.offer")
    case = take(db, loan, by.scope)
    contract = _standing(db, case) or _draft(db, case, clock, by, press)
    state = after(contract.state, ContractEvent.OFFER)
    case.must_be(LoanState.DECIDED)
    _keep_ceiling(db, case, contract.terms, clock)
    today = clock.today()
    duty = case.open("sign")
    a_day_to_read = add_workdays(today, 1, case.lender.region).on
    good_until = a_day_to_read if duty is None else max(duty.due_on, a_day_to_read)
    says = {"contract": contract.public_id, "number": contract.number, "good_until": good_until.isoformat()}
    enter(db, case, clock=clock, by=by.actor, kind="contract.offered", says=says, seals=_digests(contract))
    store.offered(db, contract, state, by_staff=by.staff_id, on=today, good_until=good_until)
    _tell(db, case, clock, "contract_offer", {"by": good_until.isoformat()})
    return contract_of(db, case.loan.loan_id)


def seal(db: Db, *, clock: Clock, by: Staff, loan: str, notary: Notary) -> Contract:
    """The lender's seal over the borrower's signature; from now on the loan is signed. Never by the person who offered it."""
    require(by, "contract.seal")
    case = take(db, loan, by.scope)
    contract = _must_stand(db, case)
    state = after(contract.state, ContractEvent.SEAL)
    case.must_be(LoanState.DECIDED)
    may_seal(db, by, contract)
    ceiling = _keep_ceiling(db, case, contract.terms, clock)
    may_originate(case.lender)
    party = _party(db, case)
    sealed: dict[DocumentKind, Signed] = {
        document.kind: notary.seal(
            _bytes(db, party, document), organisation=case.lender.name or "", reason=f"出借人盖章 {contract.number}", at=clock.now()
        )
        for document in contract.documents
        if document.kind in PAPERS
    }
    digests = _keep(db, case, clock, party, contract, Stage.SEALED, sealed)
    says = {
        "contract": contract.public_id, "number": contract.number, "terms": canonical.digest(contract.terms.to_json()),
        "certificate": next(iter(sealed.values())).certificate, "stamped_at": _stamped(sealed), "notary": notary.capabilities().name,
        "ceiling": {"rule": ceiling.rule.key, "ppb": ceiling.rate.ppb},
    }  # fmt: skip
    enter(
        db, case, clock=clock, by=by.actor, kind="contract.sealed", says=says, seals=digests, to=LoanState.SIGNED, closes=("sign",),
        opens=("take_in",),
    )  # fmt: skip
    store.sealed(db, contract, state, clock.now(), by_staff=by.staff_id)
    _tell(db, case, clock, "contract_sealed", {})
    return contract_of(db, case.loan.loan_id)


def void(db: Db, *, clock: Clock, by: Staff, loan: str, words: str) -> Contract:
    """Take a contract back before it is sealed, and say why; a new one may be drafted. The loan goes on."""
    require(by, "contract.offer")
    if len(words.strip()) < SHORTEST_REASON:
        raise BadInput("words: say in a few words why it is taken back", field="words")
    case = take(db, loan, by.scope)
    contract = _must_stand(db, case)
    state = after(contract.state, ContractEvent.VOID)
    case.must_be(LoanState.DECIDED)
    says = {"contract": contract.public_id, "was": str(contract.state), "words": words.strip()}
    enter(db, case, clock=clock, by=by.actor, kind="contract.voided", says=says, while_frozen=True)
    store.ended(db, contract, state)
    return replace(contract, state=state)


def lapse(db: Db, *, clock: Clock, by: Staff | Actor, loan: str) -> Contract:
    """End a loan whose offer was not signed in its days. By the officer, or by the system on the morning after."""
    if isinstance(by, Staff):
        require(by, "contract.offer")
    case = take(db, loan, by.scope if isinstance(by, Staff) else None)
    contract = _must_stand(db, case)
    state = after(contract.state, ContractEvent.LAPSE)
    case.must_be(LoanState.DECIDED)
    if contract.good_until is None or clock.today() <= contract.good_until:
        raise Refusal(
            f"the offer is good until {contract.good_until}; it can lapse from the day after", code="offer_stands",
            good_until=str(contract.good_until),
        )  # fmt: skip
    says = {"contract": contract.public_id, "good_until": contract.good_until.isoformat()}
    who = by.actor if isinstance(by, Staff) else by
    enter(db, case, clock=clock, by=who, kind="contract.lapsed", says=says, to=LoanState.WITHDRAWN, closes=("sign",))
    store.ended(db, contract, state)
    return replace(contract, state=state)


# -- the borrower's side -----------------------------------------------------------------------------------------


def ask_code(db: Db, *, clock: Clock, by: Actor, loan: str) -> str:
    """Send the borrower a code that stands for signing exactly the papers on offer; its id."""
    case = take(db, loan, None)
    party = _borrower(db, case, by)
    contract = _signable(db, case, clock)
    return codes.send(
        db, clock=clock, chain_id=case.loan.loan_id, purpose="sign", bound=contract.bound, party=party, language=party.language
    )


def sign_by_borrower(
    db: Db, *, clock: Clock, by: Actor, loan: str, code_id: str, flags_read: Collection[str], notary: Notary, user_agent: str = ""
) -> Contract:
    """The borrower signs both papers by a proved code; each flagged clause must have been ticked as read.

    What proves it is kept under the borrower's key: the papers' digests, the code, the clauses read, when, and with what
    browser. Its digest stands in the signature's certificate.
    """
    case = take(db, loan, None)
    party = _borrower(db, case, by)
    contract = _signable(db, case, clock)
    state = after(contract.state, ContractEvent.SIGN)
    unread = [each.key for each in contract.clauses if each.key not in flags_read]
    if unread:
        raise BadInput(f"flags_read: read and tick each clause; {', '.join(unread)} is missing", field="flags_read", code="clause_unread")
    proof = codes.spend(db, clock=clock, code_id=code_id, purpose="sign", bound=contract.bound)
    papers: dict[DocumentKind, bytes] = {
        document.kind: _bytes(db, party, document) for document in contract.documents if document.kind in PAPERS
    }
    evidence = canonical.encode(_evidence(case, contract, papers, proof, clock.now(), user_agent))
    witness = hashlib.sha256(evidence).hexdigest()
    signed: dict[DocumentKind, Signed] = {
        kind: notary.sign_for(
            pdf, signer_label=case.loan.borrower_label, evidence_digest=witness, reason=f"借款人签署 {contract.number}", at=clock.now()
        )
        for kind, pdf in papers.items()
    }
    digests = _keep(db, case, clock, party, contract, Stage.SIGNED, signed)
    file = files.put(db, evidence, clock=clock, name=f"{contract.public_id}.txt", box=box_of(db, party), party_id=party.party_id)
    files.link(db, loan_id=case.loan.loan_id, file=file, purpose="contract evidence")
    store.insert_paper(db, loan_id=case.loan.loan_id, n=contract.n, kind=DocumentKind.EVIDENCE, stage=Stage.SIGNED, file_id=file.file_id)
    says = {
        "contract": contract.public_id, "number": contract.number, "bound": contract.bound,
        "clauses": [each.key for each in contract.clauses], "text": VERSION, "code": _told(proof),
        "certificates": sorted(each.certificate for each in signed.values()),
        "stamped_at": _stamped(signed),
    }  # fmt: skip
    enter(db, case, clock=clock, by=by, kind="contract.signed", says=says, seals={**digests, "evidence": file.digest})
    store.signed(db, contract, state, clock.now())
    return contract_of(db, case.loan.loan_id)


def paper_for_borrower(db: Db, *, by: Actor, loan: str, kind: str) -> tuple[str, bytes]:
    """The furthest copy of a paper of the borrower's own contract: its name for saving, and its bytes. Nothing before it is offered."""
    case = take(db, loan, None, lock=False)
    party = _borrower(db, case, by)
    contract = contract_of(db, case.loan.loan_id)
    document = contract.paper(kind)
    if document is None or contract.state is ContractState.DRAFTED:
        raise NotFound(f"there is no {kind} to read yet", code="no_paper", field="kind")
    return FILE_NAMES[document.kind], _bytes(db, party, document)


# -- reading -----------------------------------------------------------------------------------------------------


def contract_of(db: Db, loan_id: int) -> Contract:
    """The loan's last contract; NotFound before the first is drafted."""
    found = store.contracts_of(db, loan_id)
    if not found:
        raise NotFound("no contract has been drafted for this loan", code="no_contract", field="loan")
    return found[-1]


def contracts_of(db: Db, loan_id: int) -> list[Contract]:
    """All contracts of a loan, first to last: what was made void stays readable."""
    return store.contracts_of(db, loan_id)


def run_out(db: Db, clock: Clock) -> list[str]:
    """The loans whose offer was not signed in its days, to be let lapse."""
    return store.run_out(db, clock.today())


def read_paper(db: Db, *, clock: Clock, by: Staff, loan: str, kind: str, reason: str) -> tuple[str, bytes]:
    """A paper for a member of staff who says why: it shows the borrower's name and number in full. The record comes first."""
    require(by, "party.reveal")
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadInput("reason: say in a few words why you need to see it", field="reason")
    case = take(db, loan, by.scope, lock=False)
    party = _party(db, case)
    document = contract_of(db, case.loan.loan_id).paper(kind)
    if document is None:
        raise NotFound(f"this contract has no {kind}", code="no_paper", field="kind")
    says = {"what": f"contract {document.kind}", "file": document.file, "reason": reason.strip()}
    write_record(db, clock=clock, by=by.actor, chain_id=party.party_id, chain=party.public_id, kind="party.revealed", says=says)
    return FILE_NAMES[document.kind], _bytes(db, party, document)


def may_seal(db: Db, by: Staff, contract: Contract) -> None:
    """Forbidden, saying why, if this person may not seal this contract: whoever offered it, under any log-in, may not."""
    require(by, "contract.seal")
    if contract.offered_by is None:
        raise Fault(f"contract {contract.public_id} was signed without an offer", code="contract_not_offered")
    maker = staff_by_id(db, contract.offered_by)
    if by.staff_id == maker.staff_id:
        raise Forbidden("whoever offered the contract cannot seal it; another person must", code="seal_maker")
    if by.person_id is not None and by.person_id == maker.person_id:
        raise Forbidden("this is the person who offered it, under another log-in; another person must seal", code="seal_same_person")


# -- how it is done ----------------------------------------------------------------------------------------------


def _draft(db: Db, case: Case, clock: Clock, by: Staff, press: Press) -> Contract:
    case.must_be(LoanState.DECIDED)
    if _standing(db, case) is not None:
        raise Refusal("a contract stands for this loan; take it back before another is drafted", code="contract_stands")
    may_originate(case.lender)
    loan, today, party = case.loan, clock.today(), _party(db, case)
    # Until money goes out its day is expected only; the contract says how the schedule follows the day it comes to be.
    terms = replace(decision_of(db, loan.loan_id).terms, disbursed_on=today)
    ceiling = _keep_ceiling(db, case, terms, clock)
    things = [(each, imeis_for_document(db, each.thing_id)) for each in things_of(db, loan.loan_id)]
    price = price_of(terms)
    clauses = flagged(
        terms, price, ceiling_ppb=ceiling.rate.ppb, penalty_percent=case.number("servicing.penalty_cap_percent", today),
        cooling_off_days=case.number("cooling_off.days", loan.opened_on),
        return_workdays=case.number("release.sla.phone_return", loan.opened_on),
        late_days=case.number("default.days_past_due", loan.opened_on), notice_days=case.number("default.notice_days", loan.opened_on),
        pledged=bool(things),
    )  # fmt: skip
    n = len(store.contracts_of(db, loan.loan_id)) + 1
    public_id, number = new_id("ct"), loan.contract_no if n == 1 else f"{loan.contract_no}-{n}"
    facts = facts_of(
        number=number, terms=terms, price=price, ceiling=ceiling, clauses=clauses, lender=case.lender, borrower=for_document(db, party),
        things=things, purpose=purpose_zh(of_loan(db, loan.loan_id).purpose), drafted_on=today, pack=loan.pack_version,
    )  # fmt: skip
    store.insert(db, loan_id=loan.loan_id, n=n, public_id=public_id, number=number, terms=terms, clauses=clauses, by_staff=by.staff_id)
    contract = contract_of(db, loan.loan_id)
    papers = {kind: press.typeset(TEMPLATES[kind], facts, at=clock.now()) for kind in PAPERS}
    digests = _keep(db, case, clock, party, contract, Stage.DRAFT, papers)
    says = {
        "contract": public_id, "number": number, "terms": canonical.digest(terms.to_json()), "text": VERSION,
        "principal": {"minor": terms.principal, "currency": terms.currency}, "total": {"minor": price.total, "currency": terms.currency},
        "all_in": str(price.all_in), "ceiling": {"rule": ceiling.rule.key, "ppb": ceiling.rate.ppb},
    }  # fmt: skip
    enter(db, case, clock=clock, by=by.actor, kind="contract.drafted", says=says, seals=digests)
    return contract_of(db, loan.loan_id)


def _keep_ceiling(db: Db, case: Case, terms: Terms, clock: Clock) -> Ceiling:
    """The lower of the ceilings that bind today: the loan's own pack, and the pack in force. Refusal above either."""
    packs = {f"{pack.name} {pack.version}": pack for pack in (case.pack, pack_in_force(db, clock))}
    ceilings = [check_ceiling(terms, pack, case.lender, on=clock.today(), product=case.loan.product_code) for pack in packs.values()]
    return min(ceilings, key=lambda each: each.rate.ppb)


def _keep(
    db: Db, case: Case, clock: Clock, party: Party, contract: Contract, stage: Stage,
    papers: Mapping[DocumentKind, bytes] | Mapping[DocumentKind, Signed],
) -> dict[str, str]:  # fmt: skip
    """Store each paper under the borrower's key; their digests."""
    digests, box = {}, box_of(db, party)
    for kind, made in papers.items():
        data = made.pdf if isinstance(made, Signed) else made
        file = files.put(db, data, clock=clock, name=f"{contract.number} {kind} {stage}.pdf", box=box, party_id=party.party_id)
        files.link(db, loan_id=case.loan.loan_id, file=file, purpose=f"contract {kind}, {stage}")
        store.insert_paper(db, loan_id=case.loan.loan_id, n=contract.n, kind=kind, stage=stage, file_id=file.file_id)
        digests[str(kind)] = file.digest
    return digests


def _signable(db: Db, case: Case, clock: Clock) -> Contract:
    """The contract on offer, if it may be signed now."""
    contract = _must_stand(db, case)
    after(contract.state, ContractEvent.SIGN)
    case.must_be(LoanState.DECIDED)
    if case.freezes:
        raise Refusal("this loan is being looked into; nothing can be signed until that is done", code="loan_frozen")
    if contract.good_until is None or clock.today() > contract.good_until:
        raise Refusal(
            f"the offer was good until {contract.good_until}; ask for a new one", code="offer_over", good_until=str(contract.good_until)
        )
    _keep_ceiling(db, case, contract.terms, clock)
    return contract


def _evidence(
    case: Case, contract: Contract, papers: Mapping[DocumentKind, bytes], proof: codes.CodeEvidence, at: datetime, user_agent: str
) -> dict[str, Any]:
    return {
        "contract": contract.public_id,
        "number": contract.number,
        "loan": case.loan.public_id,
        "signer": case.loan.borrower_label,
        "papers": {str(kind): hashlib.sha256(pdf).hexdigest() for kind, pdf in papers.items()},
        "bound": contract.bound,
        "code": _told(proof),
        "clauses": [{"key": each.key, "title": each.title_zh, "text": each.zh} for each in contract.clauses],
        "text": VERSION,
        "signed_at": iso_instant(at),
        "user_agent": user_agent[:LONGEST_AGENT],
    }


def _told(proof: codes.CodeEvidence) -> dict[str, Any]:
    return {
        "id": proof.code_id, "sent_at": iso_instant(proof.sent_at), "proved_at": iso_instant(proof.proved_at), "attempts": proof.attempts,
        "to": proof.masked_number,
    }  # fmt: skip


def _stamped(signed: Mapping[DocumentKind, Signed]) -> str:
    return iso_instant(max(each.stamped_at for each in signed.values()))


def _digests(contract: Contract) -> dict[str, str]:
    return {str(each.kind): each.digest for each in contract.documents}


def _bytes(db: Db, party: Party, document: Document) -> bytes:
    return files.read(files.get(db, document.file), box=box_of(db, party))


def _standing(db: Db, case: Case) -> Contract | None:
    return next((each for each in store.contracts_of(db, case.loan.loan_id) if each.state in STANDING), None)


def _must_stand(db: Db, case: Case) -> Contract:
    """The loan's last contract, whatever its state: the table says what can be done with it."""
    return contract_of(db, case.loan.loan_id)


def _party(db: Db, case: Case) -> Party:
    if case.loan.party_id is None:
        raise Refusal("nobody is known as the borrower of this loan", code="no_borrower")
    return party_by_id(db, case.loan.party_id)


def _borrower(db: Db, case: Case, by: Actor) -> Party:
    """The loan's borrower, if that is who acts; a loan that is somebody else's does not exist for them."""
    party = _party(db, case)
    if by.role != BORROWER or by.id != party.public_id:
        raise NotFound(f"there is no loan {case.loan.public_id} of yours", code="no_loan", field="loan")
    return party


def _tell(db: Db, case: Case, clock: Clock, template: str, params: dict[str, Any]) -> None:
    contract_end = case.loan.contract_no[-4:]
    promise(
        db,
        Promise(
            loan_id=case.loan.loan_id, duty_no=None, party_id=case.loan.party_id, purpose="service", channel="sms", template=template,
            params={"contract": contract_end, **params}, on_date=clock.today(), send_from=clock.now(),
            send_until=clock.now() + _MESSAGE_WAITS,
        ),
    )  # fmt: skip
