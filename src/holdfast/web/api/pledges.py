"""Pledges: taking a thing in by two, handing it back, making good what was lost, and all that ends a pledge but the release."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Router
from pydantic import Field, StringConstraints

from holdfast import duties, pledges, wiring
from holdfast.pledges import Asked, IntakeRead, Pledge
from holdfast.web.api.approvals import told_request
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.shapes import RequestOut
from holdfast.web.api.values import Day, In, MoneyOut, Name, Out, Words

router = Router()


class PledgeOut(Out):
    """A right over one thing. It stands from delivery; `receipt` is the custody receipt's file."""

    id: str
    thing: str
    state: str
    secures: list[str]
    drafted_on: Day
    delivered_on: Day | None
    ended_on: Day | None
    how: str
    taken_by: str
    witness: str
    receipt: str | None
    request: str | None


class PledgeList(Out):
    items: list[PledgeOut]


class PledgesAskedOut(Out):
    """What waits for the second person, and the draft it is about."""

    request: RequestOut
    pledge: PledgeOut | None


class PledgesAnsweredOut(Out):
    """A request after an answer, and the pledges that the yes changed."""

    request: RequestOut
    pledges: list[PledgeOut]
    record_seq: int | None


class IntakeIn(In):
    """What was seen at the counter. `photos` names kept files: front, back and seal at least."""

    lock_off: bool
    sim_out: bool
    imeis: list[Name]
    photos: dict[str, Name]
    seal_no: Name
    slot: Name
    thing: Name | None = None

    def seen(self) -> IntakeRead:
        return IntakeRead(self.lock_off, self.sim_out, tuple(self.imeis), self.photos, self.seal_no, self.slot)


class MoreIn(IntakeIn):
    """A further thing: the same, and why."""

    reason: Words


class SubstituteIn(MoreIn):
    """A thing in place of the one under this pledge."""

    pledge: Name


class ThingIn(In):
    """A further thing that the borrower brings. `evidence` names kept files: invoice and declaration at least."""

    model: Name
    storage_gb: Annotated[int, Field(strict=True, ge=1, le=100_000)]
    grade: Literal["A", "B", "C", "D"]
    imeis: Annotated[list[Name], Field(min_length=1, max_length=2)]
    evidence: dict[str, Name]
    colour: Annotated[str, StringConstraints(max_length=40)] = ""


class OfferedOut(Out):
    """The thing as the book knows it now; its IMEIs are masked."""

    thing: str
    model: str
    storage_gb: int
    grade: str
    imeis: list[str]


class CoverOut(Out):
    """What is owed on all loans that these things secure, and what would stand behind them; `refused` is a stable code, or null."""

    how: str | None
    owed: MoneyOut | None
    remaining: MoneyOut | None
    things: dict[str, MoneyOut]
    loans: list[str]
    refused: str | None
    why: str | None


class PartIn(In):
    """The pledge that shall end, and why."""

    pledge: Name
    reason: Words


class NoLoanIn(In):
    """Who ends it, and why."""

    ends: Literal["withdrawn", "refused", "fraud"]
    reason: Words


class PledgesHandBackIn(In):
    """The seal that was scanned, and that the owner was identified."""

    seal_no: Name
    identity_seen: bool


class PledgesReasonIn(In):
    """Why, and which pledge where there are several."""

    reason: Words
    pledge: Name | None = None


class DraftIn(In):
    """Why the draft is given up."""

    words: Words


class PledgesAnswerIn(In):
    """Yes or no; a no says why."""

    approved: bool
    words: str = ""


@operation(router, "GET", "/loans/{loan}/pledges", "pledges.list", answer=PledgeList)
def list_pledges(call: Call, loan: str) -> Any:
    """The pledges that secure or ever secured a loan, and the draft that waits, if one does."""
    number = duties.in_sight(call.db, loan, call.staff.scope)
    draft = pledges.draft_of(call.db, number)
    return {"items": [_told(each) for each in [*pledges.pledges_of(call.db, number), *([draft] if draft else [])]]}


@operation(router, "POST", "/loans/{loan}/take-in", "pledges.ask_take_in", answer=PledgesAskedOut, status=201)
def ask_take_in(call: Call, loan: str, body: IntakeIn) -> Any:
    """Draft the pledge of a signed loan's thing and ask a witness."""
    return _asked(pledges.ask_take_in(call.db, clock=call.clock, by=call.staff, loan=loan, seen=body.seen(), thing=body.thing))


@operation(router, "POST", "/pledges/{pledge}/take-back", "pledges.take_back_draft", answer=PledgeOut)
def take_back_draft(call: Call, pledge: str, body: DraftIn) -> Any:
    """Give up a draft that nobody has agreed to."""
    return _told(pledges.take_back_draft(call.db, clock=call.clock, by=call.staff, pledge=pledge, words=body.words).pledges[0])


@operation(router, "POST", "/loans/{loan}/pledges", "pledges.ask_add", answer=PledgesAskedOut, status=201)
def ask_add(call: Call, loan: str, body: MoreIn) -> Any:
    """Draft a further pledge for a loan that is being repaid, and ask a witness."""
    return _asked(
        pledges.ask_add(call.db, clock=call.clock, by=call.staff, loan=loan, thing=body.thing or "", seen=body.seen(), reason=body.reason)
    )


@operation(router, "POST", "/loans/{loan}/substitution", "pledges.ask_substitute", answer=PledgesAskedOut, status=201)
def ask_substitute(call: Call, loan: str, body: SubstituteIn) -> Any:
    """Ask another person to take a new thing in place of a pledged one; what then stands behind the loan must cover it."""
    return _asked(
        pledges.ask_substitute(
            call.db, clock=call.clock, by=call.staff, loan=loan, pledge=body.pledge, thing=body.thing or "", seen=body.seen(),
            reason=body.reason, owed=wiring.OWED,
        )
    )  # fmt: skip


@operation(router, "POST", "/loans/{loan}/part-release", "pledges.ask_release_part", answer=PledgesAskedOut, status=201)
def ask_release_part(call: Call, loan: str, body: PartIn) -> Any:
    """Ask another person to let one of several things go; what remains must cover the debt."""
    return _asked(
        pledges.ask_release_part(
            call.db, clock=call.clock, by=call.staff, loan=loan, pledge=body.pledge, reason=body.reason, owed=wiring.OWED
        )
    )


@operation(router, "POST", "/loans/{loan}/pledges/things", "pledges.offer", answer=OfferedOut, status=201)
def offer(call: Call, loan: str, body: ThingIn) -> Any:
    """Describe a further thing of the borrower's for a loan that is being repaid; nothing is pledged by it."""
    about = pledges.offer(
        call.db, clock=call.clock, by=call.staff, loan=loan, model=body.model, storage_gb=body.storage_gb, grade=body.grade,
        imeis=body.imeis, evidence=body.evidence, colour=body.colour,
    )  # fmt: skip
    return {
        "thing": about.public_id, "model": about.model, "storage_gb": about.storage_gb, "grade": str(about.grade),
        "imeis": list(about.imeis),
    }  # fmt: skip


@operation(router, "GET", "/loans/{loan}/cover", "pledges.preview", answer=CoverOut)
def preview(call: Call, loan: str, leaves: str | None = None, comes: str | None = None) -> Any:
    """What would stand behind the loan if this pledge left and this thing came; with neither, as it stands now. Nothing is written."""
    seen = pledges.preview(call.db, clock=call.clock, by=call.staff, loan=loan, owed=wiring.OWED, leaves=leaves, comes=comes)
    return {
        "how": seen.how,
        "owed": seen.cover.owed if seen.cover else None,
        "remaining": seen.cover.remaining if seen.cover else None,
        "things": dict(seen.cover.parts) if seen.cover else {},
        "loans": list(seen.cover.loans) if seen.cover else [],
        "refused": seen.refused.code if seen.refused else None,
        "why": seen.refused.sentence if seen.refused else None,
    }


@operation(router, "POST", "/loans/{loan}/to-hand-back", "pledges.ask_to_hand_back", answer=RequestOut, status=201)
def ask_to_hand_back(call: Call, loan: str, body: NoLoanIn) -> Any:
    """Ask another person to agree that no loan is made and the thing goes home."""
    return told_request(pledges.ask_to_hand_back(call.db, clock=call.clock, by=call.staff, loan=loan, ends=body.ends, reason=body.reason))


@operation(router, "POST", "/loans/{loan}/hand-back", "pledges.ask_hand_back", answer=RequestOut, status=201)
def ask_hand_back(call: Call, loan: str, body: PledgesHandBackIn) -> Any:
    """Ask another person to agree that the thing under this seal goes to its owner."""
    return told_request(
        pledges.ask_hand_back(call.db, clock=call.clock, by=call.staff, loan=loan, seal_no=body.seal_no, identity_seen=body.identity_seen)
    )


@operation(router, "POST", "/loans/{loan}/compensation", "pledges.ask_compensation", answer=RequestOut, status=201)
def ask_compensation(call: Call, loan: str, body: PledgesReasonIn) -> Any:
    """Ask another person to make a lost thing good, at the value that counts."""
    return told_request(
        pledges.ask_compensation(call.db, clock=call.clock, by=call.staff, loan=loan, reason=body.reason, pledge=body.pledge)
    )


@operation(router, "POST", "/things/requests/{asked}/answer", "pledges.answer", answer=PledgesAnsweredOut)
def answer(call: Call, asked: str, body: PledgesAnswerIn) -> Any:
    """Say yes or no to a request about a thing; the yes does the act, with all that must begin because of it."""
    said = wiring.carry(
        pledges.answer, call.db, clock=call.clock, by=call.staff, request=asked, approved=body.approved, words=body.words,
        press=wiring.PRESS, notary=wiring.NOTARY, owed=wiring.OWED,
    )  # fmt: skip
    done = said.done if isinstance(said.done, pledges.Done) else None
    return {
        "request": told_request(said.request),
        "pledges": [_told(each) for each in done.pledges] if done else [],
        "record_seq": done.record_seq if done else None,
    }


def _asked(asked: Asked) -> dict[str, Any]:
    return {"request": told_request(asked.request), "pledge": _told(asked.pledge) if asked.pledge else None}


def _told(each: Pledge) -> dict[str, Any]:
    names = ("thing", "state", "secures", "drafted_on", "delivered_on", "ended_on", "how", "taken_by", "witness", "receipt", "request")
    return {"id": each.public_id, **{name: getattr(each, name) for name in names}}
