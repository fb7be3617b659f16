"""Field visits: two people go, within the hours in which the rules of contact let anybody be reached, and both say what they found.

A visit is a duty from the moment it is planned, closed by the second person's confirmation or by calling it off. The contact
ledger is asked when it is planned, when it is moved, and at the door. Nobody but the borrower is told of the debt; who was
told stands in the report. Where somebody lives and where we stood lies sealed; the records hold digests.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg

from holdfast import contact, files
from holdfast.contact import Promise, Refused
from holdfast.contact import visits as ledger
from holdfast.duties import Case, enter, in_sight, own, take
from holdfast.files import File
from holdfast.followup import visits_store as store
from holdfast.followup.kept_files import VISIT, plain_words
from holdfast.followup.visits_model import MET, OUTCOMES, REASONS, TOLD, Opened, Point, Visit, VisitEvent, after
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock, iso_instant
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.life import LoanState
from holdfast.parties import Party, PrivateKind, Staff, box_of, for_document, party_by_id, require, staff, staff_by_id

Db = psycopg.Connection[Any]

_ACT: Final = "visit.make"
# A visit about money is collection; one about the thing or the business is a service that the contract agreed to.
_PURPOSE: Final = {"collateral": "service", "review": "service"}
_TELLS_WITHIN: Final = timedelta(days=2)
MOST_WORDS: Final = 2000
MOST_PHOTOS: Final = 8
MOST_LISTED: Final = 500


def plan(
    db: Db, *, clock: Clock, by: Staff, loan: str, reason: str, words: str, planned_for: datetime, visitors: Sequence[str],
    address: str = "", point: Point | None = None,
) -> Visit:  # fmt: skip
    """Plan a visit by two people (their public ids); the first of them has the duty. `address` empty: the one that we know.

    Refused with the name of the rule if the borrower may not be visited at that time, for one log-in or one person twice, for
    people who do not see the loan, while another visit is open, and later than the pack gives for it.
    """
    require(by, "visit.plan")
    if reason not in REASONS:
        raise BadInput(f"reason: write one of {', '.join(REASONS)}", field="reason")
    case = take(db, loan, by.scope)
    case.must_be(LoanState.ACTIVE, LoanState.WRITTEN_OFF)
    if any(each.open for each in store.of_loan(db, case.loan.loan_id)):
        raise Refusal(f"a visit about loan {loan} is under way; finish it or call it off", code="visit_open", loan=loan)
    party = _borrower(db, case)
    first, second = _two(db, loan, visitors)
    public_id = new_id("vs")
    where = address.strip() or for_document(db, party).get(PrivateKind.ADDRESS, "")
    if not where:
        raise BadInput("address: no address of the borrower is known; write one", field="address")
    kept = _seal(db, clock, case, party, {"address": where, "why": _said(words), "point": _point_json(point)}, "place.json")
    says = {"visit": public_id, "reason": reason, "visitors": [first.public_id, second.public_id], "planned_for": iso_instant(planned_for)}
    enter(db, case, clock=clock, by=by.actor, kind="visit.planned", says=says, seals={"place": kept.digest}, opens=("visit",))
    _lawful(db, clock, case, reason, planned_for)
    own(db, case, kind="visit", owner_id=first.staff_id)
    store.insert(
        db, loan_id=case.loan.loan_id, public_id=public_id, reason=reason, planned_for=planned_for, at=clock.now(), by=by.staff_id,
        first=first.staff_id, second=second.staff_id, place=kept.file_id,
    )  # fmt: skip
    _tell(db, case, clock, "visit_planned", planned_for)
    return _the(db, case, public_id)


def move(db: Db, *, clock: Clock, by: Staff, loan: str, visit: str, planned_for: datetime) -> Visit:
    """Another time, asked of the same rules; the borrower is told. The duty's deadline stays."""
    require(by, "visit.plan")
    case, found = _case(db, by, loan, visit)
    after(found.state, VisitEvent.MOVE)
    _lawful(db, clock, case, found.reason, planned_for)
    says = {"visit": visit, "was": iso_instant(found.planned_for), "planned_for": iso_instant(planned_for)}
    enter(db, case, clock=clock, by=by.actor, kind="visit.moved", says=says)
    store.move(db, loan_id=case.loan.loan_id, visit_no=found.visit_no, planned_for=planned_for)
    _tell(db, case, clock, "visit_planned", planned_for)
    return _the(db, case, visit)


def cancel(db: Db, *, clock: Clock, by: Staff, loan: str, visit: str, words: str) -> Visit:
    """Call a visit off, or say that the two turned back; the borrower is told."""
    require(by, "visit.plan")
    case, found = _case(db, by, loan, visit)
    after(found.state, VisitEvent.CANCEL)
    why = _said(words)
    says = {"visit": visit, "words": why}
    enter(db, case, clock=clock, by=by.actor, kind="visit.cancelled", says=says, closes=("visit",), while_frozen=True)
    store.cancel(db, loan_id=case.loan.loan_id, visit_no=found.visit_no, why=why)
    _tell(db, case, clock, "visit_cancelled", found.planned_for)
    return _the(db, case, visit)


def begin(db: Db, *, clock: Clock, by: Staff, loan: str, visit: str) -> Visit:
    """At the door: one of the two asks the rules once more, on the planned day. Refused with the name of the rule: then nobody rings."""
    require(by, _ACT)
    case, found = _case(db, by, loan, visit)
    after(found.state, VisitEvent.BEGIN)
    _one_of_the_two(db, by, found)
    day = found.planned_for.astimezone(ZoneInfo(case.lender.zone)).date()
    if day != clock.today():
        raise Refusal(f"visit {visit} is planned for {day}; move it first", code="visit_other_day", on=day.isoformat())
    rule = _ask(db, clock, case, found.reason, None)
    enter(db, case, clock=clock, by=by.actor, kind="visit.begun", says={"visit": visit, "rule": rule})
    store.begin(db, loan_id=case.loan.loan_id, visit_no=found.visit_no, at=clock.now(), rule=rule)
    return _the(db, case, visit)


def report(
    db: Db, *, clock: Clock, by: Staff, loan: str, visit: str, met: str, told: str, outcome: str, words: str, stood: Point,
    photos: Sequence[bytes],
) -> Visit:  # fmt: skip
    """What one of the two found: whom they met, who was told of the debt, what came of it, where they stood, and at least one photo.

    The photos are kept without what the camera wrote into them. It counts once the other one has confirmed it.
    """
    require(by, _ACT)
    for name, given, known in (("met", met, MET), ("told", told, TOLD), ("outcome", outcome, OUTCOMES)):
        if given not in known:
            raise BadInput(f"{name}: write one of {', '.join(known)}", field=name)
    if told == "borrower" and met != "borrower":
        raise BadInput("told: the borrower was not met, so the borrower was told nothing", field="told")
    if not 1 <= len(photos) <= MOST_PHOTOS:
        raise BadInput(f"photos: take one to {MOST_PHOTOS}", field="photos")
    case, found = _case(db, by, loan, visit)
    after(found.state, VisitEvent.REPORT)
    _one_of_the_two(db, by, found)
    party = _borrower(db, case)
    said = _seal(db, clock, case, party, {"words": _said(words)}, "said.json")
    seen = _seal(db, clock, case, party, {"point": _point_json(stood)}, "seen.json")
    shots = [_photo(db, clock, case, party, data, number) for number, data in enumerate(photos, 1)]
    says = {"visit": visit, "met": met, "told": told, "outcome": outcome}
    seals = {"said": said.digest, "seen": seen.digest, **{f"photo_{number}": shot.digest for number, shot in enumerate(shots, 1)}}
    enter(db, case, clock=clock, by=by.actor, kind="visit.reported", says=says, seals=seals, while_frozen=True)
    store.report(
        db, loan_id=case.loan.loan_id, visit_no=found.visit_no, at=clock.now(), by=by.staff_id, met=met, told=told, outcome=outcome,
        said=said.file_id, seen=seen.file_id, photos=[shot.file_id for shot in shots],
    )  # fmt: skip
    ledger.enter_visit(
        db, clock=clock, by=by, loan_id=case.loan.loan_id, party_id=party.party_id, purpose=_purpose(found.reason),
        reached=met == "borrower", rule=found.rule or "",
    )  # fmt: skip
    return _the(db, case, visit)


def confirm(db: Db, *, clock: Clock, by: Staff, loan: str, visit: str) -> Visit:
    """The other of the two says that it was so. Never whoever reported it, under whichever log-in. The duty is done."""
    require(by, _ACT)
    case, found = _case(db, by, loan, visit)
    after(found.state, VisitEvent.CONFIRM)
    if found.reported_by is None or by.is_same_person(staff_by_id(db, found.reported_by)):
        raise Forbidden("whoever reported a visit does not confirm it; the other one of the two does", code="visit_own_report")
    _one_of_the_two(db, by, found)
    says = {"visit": visit, "met": found.met, "outcome": found.outcome}
    enter(db, case, clock=clock, by=by.actor, kind="visit.confirmed", says=says, closes=("visit",), while_frozen=True)
    store.confirm(db, loan_id=case.loan.loan_id, visit_no=found.visit_no, at=clock.now(), by=by.staff_id)
    return _the(db, case, visit)


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


def visits_of(db: Db, *, by: Staff, loan: str) -> list[Visit]:
    """The visits about a loan within sight, newest first."""
    return store.of_loan(db, in_sight(db, loan, by.scope))


def listed(db: Db, *, by: Staff, only_open: bool = True, limit: int = 200) -> list[Visit]:
    """Visits within sight, what is still to be done first."""
    sight, values = by.scope.condition("l")
    return store.listed(db, sight, values, only_open=only_open, limit=min(limit, MOST_LISTED))


def opened(db: Db, *, by: Staff, visit: Visit) -> Opened | None:
    """What lies sealed of a visit, for the two who make it and whoever planned it; None for anybody else, or once data are erased."""
    people = [staff_by_id(db, each) for each in {visit.first_id, visit.second_id, visit.planned_by}]
    if not any(by.is_same_person(each) for each in people):
        return None
    case = take(db, visit.loan, by.scope, lock=False)
    party = _borrower(db, case)
    if party.erased:
        return None
    place, said, seen = (_unseal(db, party, each) for each in (visit.place, visit.said, visit.seen))
    return Opened(place["address"], place["why"], _point(place.get("point")), _point(seen.get("point")), said.get("words", ""))


def must_visit(db: Db, by: Staff, found: Visit) -> None:
    """Forbidden to everybody but the two who were named for it."""
    _one_of_the_two(db, by, found)


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _case(db: Db, by: Staff, loan: str, visit: str) -> tuple[Case, Visit]:
    case = take(db, loan, by.scope)
    return case, _the(db, case, visit)


def _the(db: Db, case: Case, visit: str) -> Visit:
    found = next((each for each in store.of_loan(db, case.loan.loan_id) if each.public_id == visit), None)
    if found is None:
        raise NotFound(f"loan {case.loan.public_id} has no visit {visit}", code="no_visit", field="visit")
    return found


def _borrower(db: Db, case: Case) -> Party:
    if case.loan.party_id is None:
        raise Refusal(f"nobody knows who the borrower of loan {case.loan.public_id} is", code="borrower_unknown", loan=case.loan.public_id)
    return party_by_id(db, case.loan.party_id)


def _two(db: Db, loan: str, visitors: Sequence[str]) -> tuple[Staff, Staff]:
    """The two people, each active, allowed to, and within whose sight the loan is."""
    if len(visitors) != 2:
        raise BadInput("visitors: name two people", field="visitors")
    try:
        first, second = (staff(db, each) for each in visitors)
        for each in (first, second):
            require(each, _ACT)
            in_sight(db, loan, each.scope)
    except (NotFound, Forbidden) as error:
        raise BadInput(f"visitors: {error.sentence}", field="visitors") from None
    if first.is_same_person(second):
        raise Refusal("a visit is made by two people, not by two log-ins of one", code="visit_one_person")
    return first, second


def _one_of_the_two(db: Db, by: Staff, found: Visit) -> None:
    if by.staff_id not in (found.first_id, found.second_id):
        names = " and ".join(staff_by_id(db, each).name for each in (found.first_id, found.second_id))
        raise Forbidden(f"this visit is made by {names}", code="visit_not_yours", names=names)


def _lawful(db: Db, clock: Clock, case: Case, reason: str, planned_for: datetime) -> None:
    """Refusal unless the time is to come, within the duty's own, and one at which the rules let the borrower be visited."""
    if planned_for <= clock.now():
        raise BadInput("planned_for: name a time that is to come", field="planned_for")
    duty = case.open("visit")
    if duty is not None and planned_for > duty.due_at:
        raise Refusal(
            f"a visit is made by {duty.due_on}; name an earlier time",
            code="visit_too_late",
            by=duty.due_on.isoformat(),
            field="planned_for",
        )
    _ask(db, clock, case, reason, planned_for)


def _ask(db: Db, clock: Clock, case: Case, reason: str, moment: datetime | None) -> str:
    """Ask the contact ledger; the rule that allowed it. Refusal by the name of the rule."""
    party = _borrower(db, case)
    said = ledger.may_visit(db, clock=clock, party_id=party.party_id, purpose=_purpose(reason), moment=moment)
    if isinstance(said, Refused):
        raise Refusal(f"no visit then ({said.rule}): {said.sentence}", code="visit_refused", rule=said.rule, field="planned_for")
    return said.rule


def _purpose(reason: str) -> str:
    return _PURPOSE.get(reason, "collection")


def _said(words: str) -> str:
    return plain_words(words, most=MOST_WORDS)


def _seal(db: Db, clock: Clock, case: Case, party: Party, facts: dict[str, Any], name: str) -> File:
    """Facts that only the borrower's own key opens."""
    return files.put(db, canonical.encode(facts), clock=clock, name=name, box=box_of(db, party), party_id=party.party_id)


def _unseal(db: Db, party: Party, file: str | None) -> dict[str, Any]:
    if file is None:
        return {}
    told: dict[str, Any] = json.loads(files.read(files.get(db, file), box=box_of(db, party)))
    return told


def _photo(db: Db, clock: Clock, case: Case, party: Party, data: bytes, number: int) -> File:
    kept = files.put(
        db, files.without_traces(data), clock=clock, name=f"visit-{number}", box=box_of(db, party), party_id=party.party_id
    )  # fmt: skip
    if not kept.media_type.startswith("image/"):
        raise BadInput("photos: take a picture, in JPEG, PNG or WebP", field="photos")
    files.link(db, loan_id=case.loan.loan_id, file=kept, purpose=VISIT)
    return kept


def _point_json(point: Point | None) -> dict[str, Any] | None:
    # In millionths of a degree: what is signed and sealed holds no fractions.
    if point is None:
        return None
    return {"lat": round(point.lat * 1_000_000), "lon": round(point.lon * 1_000_000), "accuracy_m": point.accuracy_m, "typed": point.typed}


def _point(told: dict[str, Any] | None) -> Point | None:
    return Point(told["lat"] / 1_000_000, told["lon"] / 1_000_000, told["accuracy_m"], told["typed"]) if told else None


def _tell(db: Db, case: Case, clock: Clock, template: str, planned_for: datetime) -> None:
    """Promise the borrower a message, by the next morning at the latest; it names no debt."""
    loan, now, local = case.loan, clock.now(), planned_for.astimezone(ZoneInfo(case.lender.zone))
    params = {"contract": loan.contract_no[-4:], "on": local.date().isoformat(), "at": f"{local:%H:%M}"}
    contact.promise(
        db,
        Promise(
            loan_id=loan.loan_id, duty_no=None, party_id=loan.party_id, purpose="service", channel="sms", template=template,
            params=params, on_date=clock.today(), send_from=now, send_until=now + _TELLS_WITHIN,
        ),
    )  # fmt: skip
