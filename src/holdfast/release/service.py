"""The verbs of release: from the pay-off to the day when the thing is home and the bureau knows.

A release is opened by the receipt that pays the loan off, in its transaction. Each later verb is one
transaction and one record; the table in `states` says which may follow which, and the rule of two stands
here. What closes a duty of the loan is entered through servicing, so that the last one settles the loan.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from holdfast import approvals, duties, files, servicing
from holdfast.approvals import Request, Standing
from holdfast.contact import Promise, codes, promise
from holdfast.duties import Case, Duty
from holdfast.files.ports import Notary, Press
from holdfast.journal import Actor
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Fault, Forbidden, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.life import LoanState
from holdfast.parties import Party, Reach, Scope, Staff, find, mask_name, masks, party_by_id, require, staff_by_id
from holdfast.release import disposal, papers, rules, store, title
from holdfast.release.model import NOTHING_TO_HAND_BACK, AuditLine, Did, Release, Thing, Way
from holdfast.release.ports import Bureau, BureauLine
from holdfast.release.states import UNDER_WAY, ReleaseEvent, ReleaseState, after
from holdfast.release.store import Db

APPROVE: Final = "release.approve"
HAND_BACK: Final = "release.hand_back"
PHONE: Final = "release.phone_change"
ACTS: Final = frozenset({APPROVE, HAND_BACK, PHONE})
# The duties that servicing opened when the loan was paid off.
CERTIFICATE, RETURN, CREDIT = "settlement_certificate", "return_collateral", "credit_update"
TOKEN_BYTES: Final = 24
# How long a message may wait for a carrier or for the morning.
WAITS: Final = timedelta(days=1)


def open(  # noqa: A001  # the trade's word; nobody here opens a file
    db: Db, *, clock: Clock, by: Actor, loan: str, facts: Mapping[str, Any]
) -> Did:
    """The loan is paid off: begin to give back what secured it, and tell the borrower where and when to come."""
    case = duties.take(db, loan, None)
    case.must_be(LoanState.RELEASING)
    before = store.latest(db, case.loan.loan_id)
    if before is not None and before.state in UNDER_WAY:
        raise Fault(f"loan {loan} is paid off, but its release {before.public_id} is under way already", code="release_twice")
    if disposal.is_sold(db, case.loan.loan_id):
        thing = Thing.DISPOSED
    else:
        disposal.cure_if_paid(db, case, clock=clock, by=by, unpaid_due=0)
        thing = title.thing_of(db, case)
    public_id, today = new_id("rl"), clock.today()
    says = {"release": public_id, "thing": thing.value, "paid_off_on": facts.get("paid_off_on", today.isoformat())}
    record = duties.enter(
        db, case, clock=clock, by=by, kind="release.opened", says=says, opens=("release_notice",),
        closes=("business_review", "review_reading"), while_frozen=True,
    )  # fmt: skip
    release = Release(
        loan_id=case.loan.loan_id, release_no=before.release_no + 1 if before else 1, public_id=public_id,
        token=secrets.token_urlsafe(TOKEN_BYTES), state=ReleaseState.OPENED, thing=thing, opened_on=today, opened_at=clock.now(),
        opened_seq=record.seq, way=None, collector="", identified_at=None, identified_by=None, lines=(), audited_at=None, audited_by=None,
        request=None, approved_at=None, certificate=None, application=None, certified_at=None, certified_seq=None, hand_back_request=None,
        handed_back_at=None, handed_by=None, witness=None, hand_back_receipt=None, bureau_file=None, bureau_line=None, reported_at=None,
    )  # fmt: skip
    store.insert(db, release)
    _tell(db, case, clock, release, facts)
    if thing in (Thing.COMPENSATED, Thing.DISPOSED, Thing.RETURNED) and not disposal.is_sold(db, case.loan.loan_id):
        done = _nothing_to_return(db, clock, by, loan, release)
        return Did(loan, public_id, release.state, done.state, done.record)
    return Did(loan, public_id, release.state, case.loan.state, record)


def cancel(db: Db, *, clock: Clock, by: Actor, loan: str, facts: Mapping[str, Any], bureau: Bureau) -> Did | None:
    """The pay-off is undone: the debt lives again and the release ends. Refusal once the thing was handed back.

    So too where all is done but a refund still keeps the loan open. A debt that the bureau was told is settled is reported
    again as open.
    """
    case = duties.take(db, loan, None)
    release = store.latest(db, case.loan.loan_id)
    if release is None or release.state is ReleaseState.CANCELLED:
        return None
    if release.handed_back_at is not None:
        raise Refusal("the thing has been handed back; the receipt that paid the loan off stands", code="handed_back", loan=loan)
    state = after(release.state, ReleaseEvent.CANCEL)
    says: dict[str, Any] = {"release": release.public_id, "was": release.state.value, "certificate_void": release.certified_at is not None}
    if release.reported_at is not None:
        line = _bureau_line(db, case, release, status="reopened")
        reported = bureau.report(line, on=clock.today())
        says |= {"bureau_file": reported.file, "bureau_line": reported.line}
    record = duties.enter(db, case, clock=clock, by=by, kind="release.cancelled", says=says, closes=("release_notice",), while_frozen=True)
    release = store.change(db, release, state=state)
    return Did(loan, release.public_id, state, case.loan.state, record)


def close_lost(db: Db, *, clock: Clock, by: Staff, loan: str) -> Did:
    """The thing perished after the loan was paid off and was made good: nothing is left to return. Refusal while it is there, or owed."""
    require(by, HAND_BACK)
    case, release = _at_work(db, by.scope, loan)
    if release.thing is not Thing.IN_CUSTODY or release.handed_back_at is not None:
        raise Refusal(f"release {release.public_id} has nothing on the shelf ({release.thing})", code="nothing_to_hand_back")
    thing = title.thing_of(db, case)
    if thing is not Thing.COMPENSATED or case.open("compensate") is not None:
        raise Refusal("the thing is not lost and made good; it is handed back, or found, or compensated first", code="not_compensated")
    release = store.change(db, release, thing=thing)
    return _end(db, loan, release, _nothing_to_return(db, clock, by.actor, loan, release))


def _nothing_to_return(db: Db, clock: Clock, by: Actor, loan: str, release: Release) -> servicing.Done:
    return servicing.fulfil(
        db, clock=clock, by=by, loan=loan, kinds={RETURN}, record_kind="release.nothing_to_return",
        says={"release": release.public_id, "why": release.thing.value},
    )  # fmt: skip


# -- who has come ---------------------------------------------------------------------------------


def send_code(db: Db, *, clock: Clock, by: Staff, loan: str) -> str:
    """Send a code to the borrower's phone, bound to this release; its id. Whoever stands at the counter reads it out."""
    require(by, "release.identify")
    case, release = _at_work(db, by.scope, loan)
    borrower = _borrower(db, case)
    if borrower is None:
        raise Refusal("the book knows nobody to send a code to; identify by papers", code="no_number", field="way")
    return codes.send(db, clock=clock, chain_id=case.loan.loan_id, purpose="collect", bound=_bound(release), party=borrower)


def identify(
    db: Db, *, clock: Clock, by: Staff, loan: str, way: str, name: str = "", id_number: str = "", code_id: str | None = None,
    agent_name: str = "", evidence: Sequence[str] = (), words: str = "",
) -> Did:  # fmt: skip
    """Check at the counter who has come. What was typed is compared inside this verb and not kept.

    `self`: name and ID number as sealed, and a code from the borrower's phone. `agent`: the same name and number from the
    power of attorney, which is kept as a file (`evidence`), and the agent's own name. `papers`: for a loan whose borrower
    the book does not know; the papers are kept, and words say what was seen. Refusal if anything does not agree.
    """
    require(by, "release.identify")
    case, release = _at_work(db, by.scope, loan)
    state = after(release.state, ReleaseEvent.IDENTIFY)
    _not_an_approver(db, release, by)
    try:
        how = Way(way)
    except ValueError:
        raise BadInput(f"way: write one of {', '.join(Way)}", field="way") from None
    borrower = _borrower(db, case)
    seals = _evidence(db, case, evidence)
    says: dict[str, Any] = {"release": release.public_id, "way": how.value}
    if how is Way.PAPERS:
        if borrower is not None:
            raise Refusal("the borrower is known; compare name and number, and send a code", code="papers_not_enough", field="way")
        if not seals or len(words.strip()) < 4:
            raise BadInput("evidence: keep a copy of the papers that were seen, and say which", field="evidence")
        says["words"] = words.strip()
        collector = case.loan.borrower_label
    else:
        if borrower is None:
            raise Refusal("the book holds no name to compare with; identify by papers", code="nothing_to_compare", field="way")
        _compare(db, borrower, name, id_number, has_papers=bool(seals))
        collector = borrower.label
        if how is Way.SELF:
            if code_id is None:
                raise BadInput("code: send a code to the borrower's phone and type it here", field="code")
            proved = codes.spend(db, clock=clock, code_id=code_id, purpose="collect", bound=_bound(release))
            says |= {"code": proved.code_id, "number": proved.masked_number, "attempts": proved.attempts}
        else:
            if not seals:
                raise BadInput("evidence: keep the power of attorney as a file", field="evidence")
            if not agent_name.strip():
                raise BadInput("agent_name: write whom the power of attorney names", field="agent_name")
            collector = mask_name(agent_name)
            says["agent"] = collector
    record = duties.enter(db, case, clock=clock, by=by.actor, kind="release.identified", says=says, seals=seals)
    release = store.change(db, release, state=state, way=how, collector=collector, identified_at=clock.now(), identified_by=by.staff_id)
    return Did(loan, release.public_id, state, case.loan.state, record)


def _compare(db: Db, borrower: Party, name: str, id_number: str, *, has_papers: bool) -> None:
    """Refusal unless what was typed is what is sealed. Compared by keyed hash; nothing is opened."""
    held = masks(db, borrower)
    if not any(each.party_id == borrower.party_id for each in find(db, "name", name or " ")):
        raise Refusal("the name is not the one on the contract", code="identity_differs", field="name")
    if "id_number" in held:
        if not any(each.party_id == borrower.party_id for each in find(db, "id_number", id_number)):
            raise Refusal("the ID number is not the one on the contract", code="identity_differs", field="id_number")
    elif not has_papers:
        raise BadInput("evidence: no ID number is held to compare with; keep a copy of the ID that was shown", field="evidence")


def _evidence(db: Db, case: Case, public_ids: Sequence[str]) -> dict[str, str]:
    """The digests of the files that an act rests on; each is tied to the loan."""
    seals = {}
    for number, public_id in enumerate(public_ids, 1):
        file = files.get(db, public_id)
        if file.party_id is not None and file.party_id != case.loan.party_id:
            raise NotFound(f"there is no file {public_id} of this borrower", code="no_file", field="evidence")
        files.link(db, loan_id=case.loan.loan_id, file=file, purpose="release.evidence")
        seals[f"evidence_{number}"] = file.digest
    return seals


# -- the audit, and two people's yes --------------------------------------------------------------


def facts_of(db: Db, *, clock: Clock, case: Case, release: Release) -> rules.Facts:
    """All that the audit looks at, read now."""
    loan, today = case.loan, clock.today()
    reckoning = servicing.reckon(db, loan=loan.public_id)
    owed_back = reckoning.overpaid.minor - reckoning.refunded.minor
    days = case.number("release.phone_change_freeze", loan.opened_on)
    changes = _phone_changes(db, case, clock)
    return rules.Facts(
        asked=reckoning.asked.minor,
        received=reckoning.kept.minor,
        owed=servicing.owed(db, loan=loan.public_id, on=today).minor,
        overpaid_without_duty=owed_back if case.open("refund") is None else 0,
        uncleared=title.uncleared(db, loan.loan_id, loan.currency),
        open_drawers=title.open_drawers(db, loan.loan_id),
        other_pledges=title.other_pledges(db, case),
        freezes=tuple(each.reason for each in case.freezes),
        breaches=(*(kind for kind in BREACHES if case.open(kind) is not None), *title.payouts_under_way(db, loan.loan_id)),
        phone_changed_on=changes[-1][1] if changes else None,
        phone_freeze_days=days,
        phone_approved=bool(changes) and _phone_allowed(db, case, changes[-1][0]),
        thing=release.thing,
        custody_problem=title.custody_problem(db, loan.loan_id) if release.thing is Thing.IN_CUSTODY else "",
        today=today,
    )


# Open duties that mean that something is wrong.
BREACHES: Final = (
    "fraud_review",
    "payout_enquiry",
    "payout_recall",
    "payout_dispute",
    "cooling_off",
    "restructuring",
    "find_item",
    "compensate",
)


def audit(db: Db, *, clock: Clock, by: Staff, loan: str, reason: str = "") -> tuple[Did, tuple[AuditLine, ...]]:
    """Make every check and keep its figures. If all agree, two people are asked to approve; if not, nothing moves on."""
    require(by, "release.audit")
    case, release = _at_work(db, by.scope, loan)
    state = after(release.state, ReleaseEvent.AUDIT)
    lines = rules.audit(facts_of(db, clock=clock, case=case, release=release))
    passed = all(line.ok for line in lines)
    told = [line.as_json() for line in lines]
    says = {"release": release.public_id, "passed": passed, "lines": told}
    record = duties.enter(db, case, clock=clock, by=by.actor, kind="release.audited", says=says, while_frozen=not passed)
    changes: dict[str, Any] = {"lines": lines, "audited_at": clock.now(), "audited_by": by.staff_id}
    if passed:
        asked = approvals.ask(
            db, clock=clock, by=by, act=APPROVE, inputs=_approved_inputs(loan, release, told), loan_id=case.loan.loan_id,
            reason=reason.strip() or "audit passed, to be released",
            needed=case.number("dual_control.release_approvers", case.loan.opened_on),
            barred=rules.barred_from_approving(
                officer=case.loan.officer_id, identified_by=release.identified_by,
                phone_changers=[staff for _, _, staff in _phone_changes(db, case, clock) if staff is not None],
            ),
        )  # fmt: skip
        changes |= {"state": state, "request": asked.public_id}
    release = store.change(db, release, **changes)
    return Did(loan, release.public_id, release.state, case.loan.state, record, request=release.request), lines


def approve(db: Db, *, clock: Clock, by: Staff, loan: str, approved: bool, words: str = "") -> Did:
    """One person's yes or no to the release. The last yes approves it; a no sends it back to be identified and audited anew.

    Forbidden for the loan's officer, whoever checked the identity, whoever changed the phone number, whoever asked, and the
    same person under another log-in.
    """
    require(by, APPROVE)
    case, release = _at_work(db, by.scope, loan)
    after(release.state, ReleaseEvent.APPROVE)
    _may_approve(db, clock, case, release, by)
    if release.request is None:
        raise Fault(f"release {release.public_id} is audited but nobody was asked to approve it", code="release_unasked")
    inputs = _approved_inputs(loan, release, [line.as_json() for line in release.lines])
    answered = approvals.answer(db, clock=clock, by=by, public_id=release.request, approved=approved, words=words)
    says: dict[str, Any] = {"release": release.public_id, "request": release.request}
    if answered.standing is Standing.REFUSED:
        state = after(release.state, ReleaseEvent.SEND_BACK)
        record = duties.enter(
            db, case, clock=clock, by=by.actor, kind="release.sent_back", says={**says, "words": words.strip()}, while_frozen=True
        )
        release = store.change(
            db, release, state=state, request=None, lines=(), audited_at=None, audited_by=None, way=None, collector="",
            identified_at=None, identified_by=None,
        )  # fmt: skip
        return Did(loan, release.public_id, state, case.loan.state, record)
    if answered.standing is not Standing.APPROVED:
        return Did(loan, release.public_id, release.state, case.loan.state, request=release.request)
    fresh = rules.audit(facts_of(db, clock=clock, case=case, release=release))
    if fresh != release.lines:
        changed = ", ".join(line.check for line, was in zip(fresh, release.lines, strict=False) if line != was)
        raise Refusal(f"what was audited has changed since ({changed}); send it back and audit again", code="audit_stale")
    approvals.spend(db, clock=clock, by=by.actor, public_id=answered.public_id, act=APPROVE, inputs=inputs, loan_id=case.loan.loan_id)
    state = after(release.state, ReleaseEvent.APPROVE)
    record = duties.enter(
        db, case, clock=clock, by=by.actor, kind="release.approved", says={**says, "approvers": [each.name for each in answered.answers]}
    )
    release = store.change(db, release, state=state, approved_at=clock.now())
    return Did(loan, release.public_id, state, case.loan.state, record)


def _approved_inputs(loan: str, release: Release, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"loan": loan, "release": release.public_id, "audit": canonical.digest([dict(line) for line in lines])}


def ask_phone_change(db: Db, *, clock: Clock, by: Staff, loan: str, reason: str) -> Did:
    """Ask two others to let a release go on although the borrower's phone number was changed of late."""
    require(by, "release.audit")
    case, release = _at_work(db, by.scope, loan)
    changes = _phone_changes(db, case, clock)
    if not changes:
        raise Refusal("the phone number was not changed of late; nothing has to be allowed", code="phone_unchanged")
    asked = approvals.ask(
        db, clock=clock, by=by, act=PHONE, inputs=_phone_inputs(case, changes[-1][0]), loan_id=case.loan.loan_id, reason=reason,
        needed=case.number("dual_control.release_approvers", case.loan.opened_on),
        barred=rules.barred_from_approving(
            officer=case.loan.officer_id, identified_by=release.identified_by, phone_changers=[each[2] for each in changes if each[2]]
        ),
    )  # fmt: skip
    return Did(loan, release.public_id, release.state, case.loan.state, request=asked.public_id)


def allow_phone_change(db: Db, *, clock: Clock, by: Staff, request: str, approved: bool, words: str = "") -> Did:
    """One person's yes or no to a release in spite of a changed phone number; the last yes is entered on the loan."""
    require(by, APPROVE)
    asked = _asked(db, request, PHONE)
    case, release = _at_work(db, by.scope, str(asked.inputs["loan"]))
    answered = approvals.answer(db, clock=clock, by=by, public_id=request, approved=approved, words=words)
    record = None
    if answered.standing is Standing.APPROVED:
        approvals.spend(db, clock=clock, by=by.actor, public_id=request, act=PHONE, inputs=asked.inputs, loan_id=asked.loan_id)
        says = {"release": release.public_id, "request": request, "change": asked.inputs["change"]}
        record = duties.enter(db, case, clock=clock, by=by.actor, kind="release.phone_allowed", says=says)
    return Did(case.loan.public_id, release.public_id, release.state, case.loan.state, record, request=request)


def _phone_changes(db: Db, case: Case, clock: Clock) -> list[tuple[int, Any, int | None]]:
    """The changes of the borrower's number that still freeze a release today."""
    if case.loan.party_id is None:
        return []
    days = case.number("release.phone_change_freeze", case.loan.opened_on)
    return store.phone_changes(db, case.loan.party_id, clock.today() - timedelta(days=days))


def _phone_inputs(case: Case, change_seq: int) -> dict[str, Any]:
    return {"loan": case.loan.public_id, "party": case.loan.party_id, "change": change_seq}


def _phone_allowed(db: Db, case: Case, change_seq: int) -> bool:
    """Whether two people have let the release go on in spite of exactly this change."""
    everything = Scope(Reach.ALL, 0, None, None)
    wanted = _phone_inputs(case, change_seq)
    return any(
        each.act == PHONE and each.standing is Standing.SPENT and dict(each.inputs) == wanted
        for each in approvals.requests(db, everything, loan_id=case.loan.loan_id, limit=200)
    )


def _may_approve(db: Db, clock: Clock, case: Case, release: Release, by: Staff) -> None:
    """Forbidden for whoever has had a part since the approval was asked for: the request's own list knows only who had one before."""
    changers = [staff for _, _, staff in _phone_changes(db, case, clock) if staff is not None]
    barred = rules.barred_from_approving(officer=case.loan.officer_id, identified_by=release.identified_by, phone_changers=changers)
    if any(by.is_same_person(staff_by_id(db, each)) for each in barred):
        raise Forbidden("this person has a part in the loan and cannot approve", code="approval_barred")


def _not_an_approver(db: Db, release: Release, by: Staff) -> None:
    """Forbidden for one who has approved this release: who checks the identity and who approves are different people."""
    if release.request is None:
        return
    for answer in approvals.request(db, release.request).answers:
        if answer.staff_id == by.staff_id or (by.person_id is not None and by.person_id == answer.person_id):
            raise Forbidden("whoever approved this release cannot check the identity; another person must", code="identity_by_approver")


# -- papers, the thing, the bureau ----------------------------------------------------------------


def certify(db: Db, *, clock: Clock, by: Staff, loan: str, press: Press, notary: Notary, site: str) -> Did:
    """Issue the settlement certificate and the release application, sealed, each with a QR code to the proof page under `site`."""
    require(by, "release.certify")
    case, release = _at_work(db, by.scope, loan)
    state = after(release.state, ReleaseEvent.CERTIFY)
    _not_frozen(case)
    made = papers.certify(db, clock=clock, by=by, case=case, release=release, press=press, notary=notary, site=site)
    done = servicing.fulfil(
        db, clock=clock, by=by.actor, loan=loan, kinds={CERTIFICATE}, record_kind="release.certified",
        says={"release": release.public_id, "certificate": made.certificate.public_id, "application": made.application.public_id},
        seals={"certificate": made.certificate.digest, "application": made.application.digest},
    )  # fmt: skip
    release = store.change(
        db, release, state=state, certificate=made.certificate.public_id, application=made.application.public_id,
        certified_at=clock.now(), certified_seq=done.record.seq,
    )  # fmt: skip
    return _end(db, loan, release, done)


def ask_hand_back(db: Db, *, clock: Clock, by: Staff, loan: str, read: Mapping[str, Sequence[str]] | None = None, words: str = "") -> Did:
    """The custodian has the thing and the borrower before them: read the seal and the IMEIs again and ask a second person to look.

    `read` is each seal with the IMEIs under it. Refusal unless they are those of the custody record. For a thing that our
    records do not hold, words say what it is and where it was kept. Neither of the two may be the loan's officer, under whichever log-in.
    """
    require(by, HAND_BACK)
    case, release = _at_work(db, by.scope, loan)
    rules.may_hand_back(release)
    _not_frozen(case)
    if release.thing is Thing.IN_CUSTODY:
        seen = title.compare(db, case.loan.loan_id, read or {})
    elif len(words.strip()) < 4:
        raise BadInput("words: no custody record is held; say what is handed back and where it was kept", field="words")
    else:
        seen = {"words": words.strip()}
    asked = approvals.ask(
        db, clock=clock, by=by, act=HAND_BACK, inputs={"loan": loan, "release": release.public_id, **seen},
        loan_id=case.loan.loan_id, reason=words.strip() or "the borrower is at the counter",
        needed=max(case.number("dual_control.custody_out_approvers", case.loan.opened_on) - 1, 1),
        barred=[each for each in (case.loan.officer_id,) if each is not None], maker_counts=True,
    )  # fmt: skip
    store.change(db, release, hand_back_request=asked.public_id)
    return Did(loan, release.public_id, release.state, case.loan.state, request=asked.public_id)


def hand_back(
    db: Db, *, clock: Clock, by: Staff, loan: str, approved: bool, words: str = "", press: Press, notary: Notary, site: str
) -> Did:
    """The second person's yes or no. The yes lifts the pledge and hands the thing over, in this transaction."""
    require(by, "custody.witness")
    case, release = _at_work(db, by.scope, loan)
    rules.may_hand_back(release)
    _not_frozen(case)
    if release.hand_back_request is None:
        raise Refusal("a custodian reads seal and IMEI first and asks for a witness", code="hand_back_unasked")
    asked = _asked(db, release.hand_back_request, HAND_BACK)
    answered = approvals.answer(db, clock=clock, by=by, public_id=asked.public_id, approved=approved, words=words)
    if answered.standing is Standing.REFUSED:
        store.change(db, release, hand_back_request=None)
        return Did(loan, release.public_id, release.state, case.loan.state, request=asked.public_id)
    if answered.standing is not Standing.APPROVED:
        return Did(loan, release.public_id, release.state, case.loan.state, request=asked.public_id)
    approvals.spend(db, clock=clock, by=by.actor, public_id=asked.public_id, act=HAND_BACK, inputs=asked.inputs, loan_id=asked.loan_id)
    state = after(release.state, ReleaseEvent.HAND_BACK)
    custodian = staff_by_id(db, asked.maker_id)
    seen = {name: value for name, value in asked.inputs.items() if name not in ("loan", "release")}
    if release.thing is Thing.IN_CUSTODY:
        title.hand_over(db, clock=clock, case=case, custodian=custodian, witness=by, seals=seen["seal_no"])
    made = papers.handed_back(
        db, clock=clock, case=case, release=release, custodian=custodian, witness=by, seen=seen, press=press, notary=notary, site=site
    )
    done = servicing.fulfil(
        db, clock=clock, by=custodian.actor, loan=loan, kinds={RETURN}, record_kind="release.handed_back",
        says={"release": release.public_id, "witness": by.public_id, "request": asked.public_id, "thing": release.thing.value, **seen},
        seals={"receipt": made.digest},
    )  # fmt: skip
    release = store.change(
        db, release, state=state, handed_back_at=clock.now(), handed_by=custodian.staff_id, witness=by.staff_id,
        hand_back_receipt=made.public_id,
    )  # fmt: skip
    _tell_handed_back(db, case, clock)
    return _end(db, loan, release, done)


def report(db: Db, *, clock: Clock, by: Staff, loan: str, bureau: Bureau) -> Did:
    """Tell the credit bureau that the debt is settled; file and line are the proof."""
    require(by, "release.report")
    case, release = _at_work(db, by.scope, loan)
    state = after(release.state, ReleaseEvent.REPORT)
    _not_frozen(case)
    if release.reported_at is not None:
        raise Refusal(f"settlement was reported in {release.bureau_file}, line {release.bureau_line}", code="reported_already")
    reported = bureau.report(_bureau_line(db, case, release, status="settled"), on=clock.today())
    says = {"release": release.public_id, "file": reported.file, "line": reported.line, "run_against": bureau.run_against()}
    done = servicing.fulfil(db, clock=clock, by=by.actor, loan=loan, kinds={CREDIT}, record_kind="release.reported", says=says)
    release = store.change(db, release, state=state, bureau_file=reported.file, bureau_line=reported.line, reported_at=clock.now())
    return _end(db, loan, release, done)


# -- reading --------------------------------------------------------------------------------------


def release_of(db: Db, loan_id: int) -> Release | None:
    """The newest release of the loan, if there is one."""
    return store.latest(db, loan_id)


def release_named(db: Db, name: str) -> Release:
    """The release of a public id or of a proof page's token; NotFound otherwise."""
    found = store.named(db, name)
    if found is None:
        raise NotFound("there is no such release", code="no_release", field="release")
    return found


# -- helpers --------------------------------------------------------------------------------------


def _at_work(db: Db, scope: Scope | None, loan: str) -> tuple[Case, Release]:
    """The loan under lock and the release that is under way; Refusal if there is none."""
    case = duties.take(db, loan, scope)
    release = store.latest(db, case.loan.loan_id)
    if release is None:
        raise Refusal(f"loan {loan} is {case.loan.state}; a release begins when it is paid off", code="no_release", loan=loan)
    if release.state not in UNDER_WAY:
        raise Refusal(
            f"release {release.public_id} is {release.state}; nothing is left to do", code="release_state", state=str(release.state)
        )
    return case, release


def _not_frozen(case: Case) -> None:
    if case.freezes:
        freeze = case.freezes[0]
        raise Refusal(
            f"loan {case.loan.public_id} is frozen since {freeze.since} ({freeze.reason}); two people must thaw it first",
            code="loan_frozen", loan=case.loan.public_id, reason=freeze.reason,
        )  # fmt: skip


def _borrower(db: Db, case: Case) -> Party | None:
    return None if case.loan.party_id is None else party_by_id(db, case.loan.party_id)


def _bound(release: Release) -> str:
    """What the borrower agrees to by reading out the code."""
    return canonical.digest({"act": "collect", "release": release.public_id})


def _asked(db: Db, public_id: str, act: str) -> Request:
    asked = approvals.request(db, public_id)
    if asked.act != act:
        raise NotFound(f"there is no request {public_id} for this", code="no_approval", field="request")
    return asked


def _bureau_line(db: Db, case: Case, release: Release, *, status: str) -> BureauLine:
    reckoning = servicing.reckon(db, loan=case.loan.public_id)
    return BureauLine(
        key=f"{release.public_id} {status}", account=case.loan.public_id, status=status, settled_on=release.opened_on,
        principal=reckoning.principal.minor, currency=case.loan.currency,
    )  # fmt: skip


def _end(db: Db, loan: str, release: Release, done: servicing.Done) -> Did:
    """Note that the release is over, if nothing is left to do for it."""
    event = rules.ends(release)
    if event is not None:
        release = store.change(db, release, state=after(release.state, event))
    return Did(loan, release.public_id, release.state, done.state, done.record, happened=done.happened)


def _tell(db: Db, case: Case, clock: Clock, release: Release, facts: Mapping[str, Any]) -> None:
    """Promise the message that says where and when to come, or that nothing has to be fetched; its sending proves the duty."""
    duty = case.open("release_notice")
    if duty is None:
        raise Fault("the release opened no duty to tell the borrower", code="duty_missing")
    counter = store.counter(db, case.loan.branch_id)
    ready = case.open(RETURN if release.thing not in NOTHING_TO_HAND_BACK else CERTIFICATE)
    params: dict[str, Any] = {
        "contract": case.loan.contract_no[-4:],
        "paid_on": str(facts.get("paid_off_on", clock.today())),
        "by": (ready or duty).due_on.isoformat(),
        "contact": counter.phone or counter.name,
    }
    template = "release_none"
    if release.thing not in NOTHING_TO_HAND_BACK:
        template = "release"
        params |= {
            "place": f"{counter.name} {counter.address}".strip(),
            "days": f"{counter.first_day}-{counter.last_day}",
            "hours": f"{counter.opens}-{counter.closes}",
        }
    _promise(db, case, clock, duty, template, params)


def _tell_handed_back(db: Db, case: Case, clock: Clock) -> None:
    counter = store.counter(db, case.loan.branch_id)
    params = {"contract": case.loan.contract_no[-4:], "on": clock.today().isoformat(), "contact": counter.phone or counter.name}
    _promise(db, case, clock, None, "released", params)


def _promise(db: Db, case: Case, clock: Clock, duty: Duty | None, template: str, params: Mapping[str, Any]) -> None:
    now = clock.now()
    promise(
        db,
        Promise(
            loan_id=case.loan.loan_id, duty_no=duty.duty_no if duty else None, party_id=case.loan.party_id, purpose="service",
            channel="sms", template=template, params=params, on_date=clock.today(), send_from=now,
            send_until=max(duty.due_at, now + WAITS) if duty else now + WAITS,
        ),
    )  # fmt: skip
