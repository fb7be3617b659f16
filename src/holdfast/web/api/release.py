"""Release and disposal: every verb of the desk, and what a reader may see of both."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal

from ninja import Router
from pydantic import Field, StrictBool

from holdfast import duties, files, release
from holdfast.contact import codes
from holdfast.kernel.errors import BadInput, NotFound
from holdfast.kernel.money import Money
from holdfast.parties import box_of, party_by_id
from holdfast.release import Did, Disposal, Release, disposal
from holdfast.servicing.pages import LARGEST_PAGE
from holdfast.servicing.reading import loan_number
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.values import Day, In, Instant, MoneyIn, MoneyOut, Name, Out, Words
from holdfast.wiring import BUREAU, NOTARY, PRESS, carry

router = Router()

Limit = Annotated[int, Field(ge=1, le=LARGEST_PAGE)]
Said = Annotated[str, Field(max_length=500)]
Site = Annotated[str, Field(pattern=r"^https?://[^\s/]+$", max_length=200)]
Number = Annotated[str, Field(max_length=40)]


# -- answers --------------------------------------------------------------------------------------


class DidOut(Out):
    """What a verb did: where the release or the default stands now, and the loan."""

    loan: str
    id: str
    state: str
    loan_state: str
    record_seq: int | None
    request: str | None


class ReleaseLineOut(Out):
    """One check of the audit."""

    check: str
    unit: str
    wanted: Any
    found: Any
    ok: bool


class ReleaseOut(Out):
    """A release."""

    id: str
    loan: str
    state: str
    thing: str
    opened_at: Instant
    way: str | None
    collector: str
    identified_at: Instant | None
    audit: list[ReleaseLineOut]
    request: str | None
    approved_at: Instant | None
    certificate: str | None
    application: str | None
    certified_at: Instant | None
    hand_back_request: str | None
    handed_back_at: Instant | None
    hand_back_receipt: str | None
    bureau_file: str | None
    bureau_line: int | None
    proof: str


class ReleaseList(Out):
    """Releases within sight."""

    items: list[ReleaseOut]


class DisposalOut(Out):
    """A default."""

    id: str
    loan: str
    state: str
    noticed_on: Day
    sale_from: Day
    days_past_due: int
    valuation: str | None
    valued_at: MoneyOut | None
    request: str | None
    price: MoneyOut | None
    costs: dict[str, MoneyOut]
    buyer: str
    sold_on: Day | None
    owed_before: MoneyOut | None
    net: MoneyOut | None
    surplus: MoneyOut | None
    deficit: MoneyOut | None
    notice_file: str
    statement_file: str | None
    surplus_request: str | None


class DisposalList(Out):
    """Defaults within sight."""

    items: list[DisposalOut]


class ReleaseCodeOut(Out):
    """A code that is on its way; its id."""

    code: str


class AttemptOut(Out):
    """Whether the digits were those that were sent; the attempt is counted."""

    right: bool


class ReleasePaperOut(Out):
    """A paper as it was sealed: the PDF in base64."""

    name: str
    media_type: str
    content: str


class CounterOut(Out):
    """Where and when a branch hands things back."""

    name: str
    address: str
    opens: str
    closes: str
    first_day: int
    last_day: int
    phone: str


def _did(did: Did) -> dict[str, Any]:
    return {
        "loan": did.loan, "id": did.id, "state": did.state, "loan_state": did.loan_state,
        "record_seq": did.record.seq if did.record else None, "request": did.request,
    }  # fmt: skip


def _release(found: Release, loan: str) -> dict[str, Any]:
    own = {name: getattr(found, name) for name in ReleaseOut.model_fields if hasattr(found, name)}
    return {**own, "id": found.public_id, "loan": loan, "audit": list(found.lines), "proof": f"/proof/{found.token}"}


def _disposal(found: Disposal, loan: str) -> dict[str, Any]:
    def money(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, found.currency)

    sold = found.price is not None
    own = {name: getattr(found, name) for name in DisposalOut.model_fields if hasattr(found, name)}
    return {
        **own, "id": found.public_id, "loan": loan, "valued_at": money(found.valued_at), "price": money(found.price),
        "costs": {name: money(minor) for name, minor in found.costs.items()}, "owed_before": money(found.owed_before),
        "net": money(found.net) if sold else None, "surplus": money(found.surplus) if sold else None,
        "deficit": money(found.deficit) if sold else None,
    }  # fmt: skip


# -- release --------------------------------------------------------------------------------------


@operation(router, "GET", "/releases", "release.list", answer=ReleaseList)
def list_releases(call: Call, over: bool = False, limit: Limit = 50) -> Any:
    """Releases within the caller's sight that go on, the most pressing first; with `over`, those that have ended."""
    return {
        "items": [
            _release(each.release, each.loan) for each in release.releases(call.db, call.staff.scope, under_way=not over, limit=limit)
        ]
    }


@operation(router, "GET", "/loans/{loan}/release", "release.read", answer=ReleaseOut)
def read_release(call: Call, loan: str) -> Any:
    """The newest release of a loan: what was done, and each line of its audit with its figures."""
    found = release.release_of(call.db, loan_number(call.db, call.look, loan))
    if found is None:
        raise NotFound(f"loan {loan} has no release; one begins when it is paid off", code="no_release", field="loan")
    return _release(found, loan)


class EvidenceIn(In):
    """A paper that was seen, in base64."""

    name: Name
    content: Annotated[str, Field(max_length=900_000)]


class IdentifyIn(In):
    """Who has come. `code` is the id of a code that was sent and typed; name and number are compared and not kept."""

    way: Literal["self", "agent", "papers"]
    name: Number = ""
    id_number: Number = ""
    code: Number | None = None
    agent_name: Number = ""
    evidence: Annotated[list[EvidenceIn], Field(max_length=5)] = []
    words: Said = ""


class ReleaseDigitsIn(In):
    """A code's id and the digits as the borrower reads them out."""

    code: Number
    digits: Number


class YesIn(In):
    """Yes or no; a no says why."""

    approved: StrictBool
    words: Said = ""


class SealIn(In):
    """A seal and the IMEIs of the phone under it."""

    seal_no: Number
    imeis: Annotated[list[Number], Field(min_length=1, max_length=4)]


class ReleaseHandBackIn(In):
    """What was read from each thing again; words for a thing that our records do not hold."""

    read: Annotated[list[SealIn], Field(max_length=20)] = []
    words: Said = ""


class SiteIn(In):
    """The address, without a path, under which the borrower reaches the proof page."""

    site: Site


class WitnessIn(YesIn, SiteIn):
    """The second person's yes or no."""


class ReleaseReasonIn(In):
    """Why it is asked."""

    reason: Words


@operation(router, "POST", "/loans/{loan}/release/codes", "release.send_code", answer=ReleaseCodeOut, status=201)
def send_code(call: Call, loan: str) -> Any:
    """Send a code to the borrower's phone, bound to this release."""
    return {"code": release.send_code(call.db, clock=call.clock, by=call.staff, loan=loan)}


@operation(router, "POST", "/loans/{loan}/release/codes/attempts", "release.attempt_code", answer=AttemptOut)
def attempt_code(call: Call, loan: str, body: ReleaseDigitsIn) -> Any:
    """Type the digits. A wrong attempt is counted; five end the code."""
    loan_number(call.db, call.look, loan)
    return {"right": codes.attempt(call.db, clock=call.clock, code_id=body.code, digits=body.digits)}


@operation(router, "POST", "/loans/{loan}/release/identification", "release.identify", answer=DidOut)
def identify(call: Call, loan: str, body: IdentifyIn) -> Any:
    """Check who has come: in person with a code, an agent with a power of attorney, or papers where the book knows no number."""
    evidence = [_kept(call, loan, each) for each in body.evidence]
    return _did(
        release.identify(
            call.db, clock=call.clock, by=call.staff, loan=loan, way=body.way, name=body.name, id_number=body.id_number, code_id=body.code,
            agent_name=body.agent_name, evidence=evidence, words=body.words,
        )
    )  # fmt: skip


def _kept(call: Call, loan: str, paper: EvidenceIn) -> str:
    try:
        data = base64.b64decode(paper.content, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("evidence: the content is not base64", field="evidence") from None
    case = duties.take(call.db, loan, call.staff.scope)
    party = party_by_id(call.db, case.loan.party_id) if case.loan.party_id is not None else None
    box = box_of(call.db, party) if party else None
    file = files.put(call.db, data, clock=call.clock, name=paper.name, box=box, party_id=party.party_id if party else None)
    return file.public_id


@operation(router, "POST", "/loans/{loan}/release/audit", "release.audit", answer=ReleaseOut)
def audit(call: Call, loan: str) -> Any:
    """Make every check; if all agree, two people are asked to approve."""
    release.audit(call.db, clock=call.clock, by=call.staff, loan=loan)
    return read_release(call, loan)


@operation(router, "POST", "/loans/{loan}/release/approvals", "release.approve", answer=DidOut)
def approve(call: Call, loan: str, body: YesIn) -> Any:
    """One person's yes or no; the last yes approves, a no sends it back."""
    return _did(release.approve(call.db, clock=call.clock, by=call.staff, loan=loan, approved=body.approved, words=body.words))


@operation(router, "POST", "/loans/{loan}/release/phone-change", "release.ask_phone_change", answer=DidOut, status=202)
def ask_phone_change(call: Call, loan: str, body: ReleaseReasonIn) -> Any:
    """Ask two others to let the release go on although the borrower's phone number was changed of late."""
    return _did(release.ask_phone_change(call.db, clock=call.clock, by=call.staff, loan=loan, reason=body.reason))


@operation(router, "POST", "/releases/phone-changes/{asked}/answer", "release.allow_phone_change", answer=DidOut)
def allow_phone_change(call: Call, asked: str, body: YesIn) -> Any:
    """One person's yes or no to that."""
    return _did(
        release.allow_phone_change(call.db, clock=call.clock, by=call.staff, request=asked, approved=body.approved, words=body.words)
    )


@operation(router, "POST", "/loans/{loan}/release/certificate", "release.certify", answer=DidOut)
def certify(call: Call, loan: str, body: SiteIn) -> Any:
    """Issue the settlement certificate and the release application; their QR codes lead to the proof page under `site`."""
    return _did(release.certify(call.db, clock=call.clock, by=call.staff, loan=loan, press=PRESS, notary=NOTARY, site=body.site))


@operation(router, "POST", "/loans/{loan}/release/hand-back-request", "release.ask_hand_back", answer=DidOut, status=202)
def ask_hand_back(call: Call, loan: str, body: ReleaseHandBackIn) -> Any:
    """Seal and IMEI read again at the counter; a second person is asked to look."""
    read = {each.seal_no: list(each.imeis) for each in body.read}
    return _did(release.ask_hand_back(call.db, clock=call.clock, by=call.staff, loan=loan, read=read, words=body.words))


@operation(router, "POST", "/loans/{loan}/release/hand-back", "release.hand_back", answer=DidOut)
def hand_back(call: Call, loan: str, body: WitnessIn) -> Any:
    """The second person's yes or no; the yes lifts the pledge and hands the thing over."""
    return _did(
        release.hand_back(
            call.db, clock=call.clock, by=call.staff, loan=loan, approved=body.approved, words=body.words, press=PRESS, notary=NOTARY,
            site=body.site,
        )
    )  # fmt: skip


@operation(router, "POST", "/loans/{loan}/release/report", "release.report", answer=DidOut)
def report(call: Call, loan: str) -> Any:
    """Tell the credit bureau that the debt is settled."""
    return _did(carry(release.report, call.db, clock=call.clock, by=call.staff, loan=loan, bureau=BUREAU))


@operation(router, "POST", "/loans/{loan}/release/lost", "release.close_lost", answer=DidOut)
def close_lost(call: Call, loan: str) -> Any:
    """The thing perished after the pay-off and was made good: nothing is left to return."""
    return _did(carry(release.close_lost, call.db, clock=call.clock, by=call.staff, loan=loan))


@operation(router, "GET", "/loans/{loan}/release/papers/{paper}", "release.paper", answer=ReleasePaperOut)
def read_paper(call: Call, loan: str, paper: str) -> Any:
    """A certificate, application, receipt, notice or statement of the loan."""
    file, data = release.paper(call.db, loan_number(call.db, call.look, loan), paper)
    return {"name": file.name, "media_type": file.media_type, "content": base64.b64encode(data).decode()}


class CounterIn(In):
    """Where and when a branch hands things back; `first_day` and `last_day`: 1 is Monday."""

    address: Name
    opens: Number
    closes: Number
    first_day: Annotated[int, Field(ge=1, le=7)]
    last_day: Annotated[int, Field(ge=1, le=7)]
    phone: Number


@operation(router, "POST", "/branches/{branch}/counter", "release.set_counter", answer=CounterOut)
def set_counter(call: Call, branch: str, body: CounterIn) -> Any:
    """Say where and when a branch hands things back, and whom to call: what messages and papers tell."""
    return release.set_counter(call.db, clock=call.clock, by=call.staff, branch=branch, **body.model_dump())


# -- disposal -------------------------------------------------------------------------------------


class ValueIn(In):
    """A person's figure and how they know; without one, the price book's rule is asked."""

    amount: MoneyIn | None = None
    words: Said = ""


class CostIn(In):
    """One cost of a sale."""

    what: Name
    amount: MoneyIn


class SaleIn(In):
    """A sale, made today, and who buys. The buyer's ID number is compared and not kept."""

    price: MoneyIn
    costs: Annotated[list[CostIn], Field(max_length=10)] = []
    buyer_name: Name
    buyer_id: Number = ""
    relation: Literal["none", "related", "staff", "lender"]
    sold_on: Day
    reason: Said = ""


@operation(router, "GET", "/disposals", "disposal.list", answer=DisposalList)
def list_disposals(call: Call, limit: Limit = 50) -> Any:
    """Defaults within the caller's sight, newest first."""
    return {"items": [_disposal(each.disposal, each.loan) for each in release.disposals(call.db, call.staff.scope, limit=limit)]}


@operation(router, "GET", "/loans/{loan}/disposal", "disposal.read", answer=DisposalOut)
def read_disposal(call: Call, loan: str) -> Any:
    """The newest default of a loan: notice, valuation, sale, statement."""
    found = release.disposal_of(call.db, loan_number(call.db, call.look, loan))
    if found is None:
        raise NotFound(f"no notice of default was given on loan {loan}", code="no_disposal", field="loan")
    return _disposal(found, loan)


@operation(router, "POST", "/loans/{loan}/disposal/notice", "disposal.notice", answer=DidOut, status=201)
def notice(call: Call, loan: str) -> Any:
    """Give notice of default; nothing is sold before the pack's days have passed."""
    return _did(disposal.notice(call.db, clock=call.clock, by=call.staff, loan=loan, press=PRESS, notary=NOTARY))


@operation(router, "POST", "/loans/{loan}/disposal/withdrawal", "disposal.withdraw", answer=DidOut)
def withdraw(call: Call, loan: str, body: ReleaseReasonIn) -> Any:
    """Take a notice back."""
    return _did(disposal.withdraw_notice(call.db, clock=call.clock, by=call.staff, loan=loan, words=body.reason))


@operation(router, "POST", "/loans/{loan}/disposal/valuation", "disposal.value", answer=DidOut)
def value(call: Call, loan: str, body: ValueIn) -> Any:
    """Value the thing afresh before it is sold."""
    amount = body.amount.money() if body.amount else None
    return _did(disposal.value_for_sale(call.db, clock=call.clock, by=call.staff, loan=loan, amount=amount, words=body.words))


@operation(router, "POST", "/loans/{loan}/disposal/sale", "disposal.ask_sale", answer=DidOut, status=202)
def ask_sale(call: Call, loan: str, body: SaleIn) -> Any:
    """Ask two others to let the thing go at this price. The lender, its staff and their kin cannot buy."""
    costs = {each.what: each.amount.money() for each in body.costs}
    if len(costs) != len(body.costs):
        raise BadInput("costs: each cost has a name of its own", field="costs")
    return _did(
        disposal.ask_sale(
            call.db, clock=call.clock, by=call.staff, loan=loan, price=body.price.money(), costs=costs, buyer_name=body.buyer_name,
            buyer_id=body.buyer_id, relation=body.relation, sold_on=body.sold_on, reason=body.reason,
        )
    )  # fmt: skip


@operation(router, "POST", "/loans/{loan}/disposal/sale/answer", "disposal.sell", answer=DidOut)
def sell(call: Call, loan: str, body: YesIn) -> Any:
    """One person's yes or no; the last yes sells, and the proceeds fall on the debt in the same transaction."""
    return _did(carry(disposal.sell, call.db, clock=call.clock, by=call.staff, loan=loan, approved=body.approved, words=body.words))


@operation(router, "POST", "/loans/{loan}/disposal/statement", "disposal.account", answer=DidOut)
def account(call: Call, loan: str) -> Any:
    """Issue the deduction statement."""
    return _did(carry(disposal.account, call.db, clock=call.clock, by=call.staff, loan=loan, press=PRESS, notary=NOTARY))


@operation(router, "POST", "/loans/{loan}/disposal/surplus", "disposal.ask_surplus", answer=DidOut, status=202)
def ask_surplus(call: Call, loan: str, body: ReleaseReasonIn) -> Any:
    """Ask another person to let the surplus go back to the borrower."""
    return _did(disposal.ask_surplus(call.db, clock=call.clock, by=call.staff, loan=loan, reason=body.reason))


@operation(router, "POST", "/loans/{loan}/disposal/surplus/answer", "disposal.return_surplus", answer=DidOut)
def return_surplus(call: Call, loan: str, body: YesIn) -> Any:
    """Another person's yes or no; the yes sends the surplus back."""
    return _did(
        carry(disposal.return_surplus, call.db, clock=call.clock, by=call.staff, loan=loan, approved=body.approved, words=body.words)
    )
