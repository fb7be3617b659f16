"""Duties: what must be done and in which order, whose it is, a person's word that it was done, and the audit that nothing is missed."""

from __future__ import annotations

import base64
from typing import Annotated, Any

from ninja import Router
from pydantic import Field

from holdfast.duties import ownership, papers
from holdfast.duties.absences import Absence
from holdfast.duties.audit import examine
from holdfast.duties.ownership import Preview, Wanted
from holdfast.duties.period import VERDICTS, Period, check_period, examine_loan, examine_period
from holdfast.duties.ranking import weights_of
from holdfast.duties.statements import statements
from holdfast.followup import strategies
from holdfast.kernel.errors import Refusal
from holdfast.parties import staff_by_id, staff_list
from holdfast.policy import lender, pack_in_force
from holdfast.servicing import queues
from holdfast.servicing.pages import LARGEST_PAGE
from holdfast.servicing.reading import duties_of, duty_list, loan_number
from holdfast.servicing.views import DutyFilter
from holdfast.web.api.operation import NEXT, Call, operation
from holdfast.web.api.servicing import done
from holdfast.web.api.shapes import AuditOut, DoneOut, DutyList, DutyPage
from holdfast.web.api.values import Day, How, In, Instant, MoneyOut, Name, Out, Words
from holdfast.wiring import EXPECTATIONS, NOTARY, PRESS

router = Router()


class NoteIn(In):
    """What came of a duty, and in a person's words how."""

    outcome: Name
    words: Words
    how: How | None = None
    pay_by: Day | None = None


@operation(router, "GET", "/duties", "duties.list", answer=DutyPage)
def list_duties(
    call: Call,
    role: str | None = None,
    kind: str | None = None,
    mine: bool = False,
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 50,
    cursor: str | None = NEXT,
) -> Any:
    """Open duties within the caller's sight, the most pressing first. `mine` keeps those the caller has taken."""
    wanted = DutyFilter(role=role, kind=kind, owner=call.staff.staff_id if mine else None)
    return duty_list(call.db, call.look, wanted, cursor=cursor, limit=limit)


@operation(router, "GET", "/duties/audit", "duties.audit", answer=AuditOut, snapshot=True)
def audit_duties(call: Call, on: Day | None = None) -> Any:
    """Recompute what should have been done as of a day (today if none is given), and name what is missing, late or unproved."""
    return examine(call.db, on or call.clock.today(), EXPECTATIONS).as_json()


@operation(router, "GET", "/loans/{loan}/duties", "duties.of_loan", answer=DutyList)
def read_duties(call: Call, loan: str) -> Any:
    """Every duty that the loan has or had, open ones first."""
    return {"items": duties_of(call.db, call.look, loan)}


@operation(router, "POST", "/loans/{loan}/duties/{no}/notes", "duties.note", answer=DoneOut, status=201)
def note(call: Call, loan: str, no: int, body: NoteIn) -> Any:
    """Say that an open duty was done and how it went; the record closes it, and the next one opens.

    A duty of speaking with the borrower says `how`: `called`, once the call was dialled (`calls.dial`), or `came`, if they came, rang or
    wrote themselves. `pay_by` goes with the outcome `promised`: the day by which the borrower will pay.
    """
    loan_number(call.db, call.look, loan)
    noted = strategies.note(
        call.db, clock=call.clock, by=call.staff, loan=loan, duty_no=no, outcome=body.outcome, words=body.words, pay_by=body.pay_by,
        how=body.how or "",
    )  # fmt: skip
    return done(noted)


# -- the queue, and whose a duty is ----------------------------------------------------------------


class QueueReasonOut(Out):
    """Why a duty ranks where it does: the weight's name in the pack, its points, and the figure or day it rests on."""

    name: str
    points: int
    figure: int | Day | None


class QueueRankOut(Out):
    """A duty's points, which are the sum of its reasons', the heaviest first."""

    points: int
    reasons: list[QueueReasonOut]


class QueueLineOut(Out):
    """One duty of a queue. `used` is percent of its time; `told` names who has been told of it so far."""

    loan: str
    contract_no: str
    borrower: str
    no: int
    kind: str
    about: str
    due_at: Instant
    window_from: Instant
    role: str
    owner: str | None
    attempts: int
    used: int
    exposure: MoneyOut
    snoozed_until: Instant | None
    rank: QueueRankOut
    told: list[str]


class QueuePage(Out):
    """A page of a queue, the most at stake first."""

    items: list[QueueLineOut]
    next: str | None


class DutyWhyIn(In):
    """Why."""

    reason: Words


class DutyHandIn(In):
    """To whom (a person's public id), and why."""

    to: Name
    reason: Words


class DutyAssignIn(In):
    """To whom (a person's public id; left out: back to the role's queue), and why."""

    to: Name | None = None
    reason: Words


class SnoozeIn(In):
    """Until which moment, and why."""

    until: Instant
    reason: Words


class DutyRecordOut(Out):
    """What was done to a duty: the record that tells of it, None where nothing had to be written."""

    loan: str
    no: int
    record_seq: int | None


class AbsenceIn(In):
    """Who is away, from and until which day (both included), who stands in, and why."""

    staff: Name
    from_on: Day
    until_on: Day
    stand_in: Name | None = None
    reason: Words


class AbsenceOut(Out):
    """One absence. `stand_in` is null where the duties go back to the role's queue."""

    id: str
    staff: str
    name: str
    from_on: Day
    until_on: Day
    stand_in: str | None
    reason: str


class AbsenceList(Out):
    """Who is away or will be."""

    items: list[AbsenceOut]


class DutyMoveIn(In):
    """Which duties are to change hands: of a role, of a person (left out: of the queue), of some kinds (none: all), and to whom."""

    role: Name
    owner: Name | None = None
    to: Name | None = None
    kinds: list[Name] = []

    def wanted(self) -> Wanted:
        return Wanted(role=self.role, owner=self.owner, to=self.to, kinds=tuple(self.kinds))


class DutyMoveActIn(DutyMoveIn):
    """The same, with `shown` of the preview and why."""

    shown: Name
    reason: Words


class DutyMoveLineOut(Out):
    """One duty that would change hands."""

    loan: str
    borrower: str
    duty_no: int
    kind: str
    about: str
    due_at: Instant


class DutyMovePreviewOut(Out):
    """What a move would do: how many duties, the first fifty of them, how many stay because the other does not see the loan."""

    count: int
    unseen: int
    more: bool
    shown: str
    first: list[DutyMoveLineOut]


class DutiesMovedOut(Out):
    """What changed hands."""

    id: str
    count: int
    digest: str
    record_seq: int


@operation(router, "GET", "/duties/queue", "duties.queue", answer=QueuePage)
def read_queue(
    call: Call,
    view: str = "open",
    kind: str | None = None,
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 50,
    cursor: str | None = NEXT,
) -> Any:
    """The duties that the caller has in hand, by what is at stake: `open`, `mine`, `role`, `snoozed`, or `told` as a supervisor."""
    hands, known = ownership.hands(call.db, clock=call.clock), lender(call.db)
    weights = weights_of(pack_in_force(call.db, call.clock), known, call.clock.today())
    return queues.queue(
        call.db, call.look, call.staff, hands, weights, now=call.clock.now(), zone=known.zone, view=view, kind=kind,
        roles=queues.works(call.staff.role), cursor=cursor, limit=limit,
    )  # fmt: skip


@operation(router, "POST", "/loans/{loan}/duties/{no}/take", "duties.take", answer=DutyRecordOut)
def take_duty(call: Call, loan: str, no: int) -> Any:
    """Make an open duty of one's role one's own."""
    record = ownership.take_duty(call.db, clock=call.clock, by=call.staff, loan=loan, duty_no=no)
    return {"loan": loan, "no": no, "record_seq": record.seq if record else None}


@operation(router, "POST", "/loans/{loan}/duties/{no}/give-back", "duties.give_back", answer=DutyRecordOut)
def give_back(call: Call, loan: str, no: int, body: DutyWhyIn) -> Any:
    """Put a duty of one's own back into the role's queue."""
    record = ownership.give_back(call.db, clock=call.clock, by=call.staff, loan=loan, duty_no=no, reason=body.reason)
    return {"loan": loan, "no": no, "record_seq": record.seq}


@operation(router, "POST", "/loans/{loan}/duties/{no}/hand-over", "duties.hand_over", answer=DutyRecordOut)
def hand_over(call: Call, loan: str, no: int, body: DutyHandIn) -> Any:
    """Hand a duty of one's own to a colleague of the role who is there and sees the loan."""
    record = ownership.hand_over(call.db, clock=call.clock, by=call.staff, loan=loan, duty_no=no, to=body.to, reason=body.reason)
    return {"loan": loan, "no": no, "record_seq": record.seq}


@operation(router, "POST", "/loans/{loan}/duties/{no}/assign", "duties.assign", answer=DutyRecordOut)
def assign(call: Call, loan: str, no: int, body: DutyAssignIn) -> Any:
    """A supervisor gives an open duty to somebody of its role, or back to the role's queue."""
    record = ownership.assign(call.db, clock=call.clock, by=call.staff, loan=loan, duty_no=no, to=body.to, reason=body.reason)
    return {"loan": loan, "no": no, "record_seq": record.seq}


@operation(router, "POST", "/loans/{loan}/duties/{no}/snooze", "duties.snooze", answer=DutyRecordOut)
def snooze(call: Call, loan: str, no: int, body: SnoozeIn) -> Any:
    """Put a duty of one's own off for a while. Its deadline and its escalation stay as they are."""
    record = ownership.snooze(call.db, clock=call.clock, by=call.staff, loan=loan, duty_no=no, until=body.until, reason=body.reason)
    return {"loan": loan, "no": no, "record_seq": record.seq}


@operation(router, "GET", "/absences", "duties.absences", answer=AbsenceList)
def list_absences(call: Call) -> Any:
    """Who is away today or will be, and who stands in."""
    people = {each.staff_id: each for each in staff_list(call.db)}
    found = ownership.absences(call.db, clock=call.clock)
    return {"items": [_absence(each, people[each.staff_id], people.get(each.stand_in or 0)) for each in found]}


@operation(router, "POST", "/absences", "duties.set_absence", answer=AbsenceOut, status=201)
def set_absence(call: Call, body: AbsenceIn) -> Any:
    """Somebody is away: their duties go to the stand-in, or back to the role's queue, until they are back."""
    made = ownership.set_absence(
        call.db, clock=call.clock, by=call.staff, staff=body.staff, from_on=body.from_on, until_on=body.until_on, stand_in=body.stand_in,
        reason=body.reason,
    )  # fmt: skip
    return _absence(made, staff_by_id(call.db, made.staff_id), staff_by_id(call.db, made.stand_in) if made.stand_in is not None else None)


@operation(router, "POST", "/absences/{absence}/end", "duties.end_absence", answer=AbsenceOut)
def end_absence(call: Call, absence: str) -> Any:
    """Somebody is back earlier than planned."""
    found = ownership.end_absence(call.db, clock=call.clock, by=call.staff, absence=absence)
    return _absence(found, staff_by_id(call.db, found.staff_id), staff_by_id(call.db, found.stand_in) if found.stand_in else None)


@operation(router, "POST", "/duties/moves/preview", "duties.preview_move", answer=DutyMovePreviewOut)
def preview_move(call: Call, body: DutyMoveIn) -> Any:
    """What a move of many duties would do. Nothing is moved; `shown` binds the act to exactly these."""
    seen = ownership.preview_move(call.db, clock=call.clock, by=call.staff, wanted=body.wanted())
    return _previewed(seen)


@operation(router, "POST", "/duties/moves", "duties.move", answer=DutiesMovedOut, status=201)
def move(call: Call, body: DutyMoveActIn) -> Any:
    """Give all the duties that the preview showed to somebody else, in one act."""
    moved = ownership.move(call.db, clock=call.clock, by=call.staff, wanted=body.wanted(), shown=body.shown, reason=body.reason)
    return {"id": moved.public_id, "count": moved.count, "digest": moved.digest, "record_seq": moved.record_seq}


def _absence(absence: Absence, person: Any, stand_in: Any) -> dict[str, Any]:
    return {
        "id": absence.public_id, "staff": person.public_id, "name": person.name, "from_on": absence.from_on, "until_on": absence.until_on,
        "stand_in": stand_in.public_id if stand_in else None, "reason": absence.reason,
    }  # fmt: skip


def _previewed(seen: Preview) -> dict[str, Any]:
    return {"count": len(seen.lines), "unseen": seen.unseen, "more": seen.more, "shown": seen.shown, "first": seen.lines[:50]}


# -- past days -------------------------------------------------------------------------------------


class PeriodLineOut(Out):
    """One thing that was due. `verdict` is proved, late, open, missing or unproved; `seq` names the record in the loan's chain."""

    loan: str
    kind: str
    about: str
    due_on: Day
    due_at: Instant
    verdict: str
    done_on: Day | None
    done_at: Instant | None
    by: str
    role: str
    seq: int | None
    record: str
    why: str


class PeriodCountsOut(Out):
    """How many things were due on a day, or over the period, by what became of them."""

    proved: int
    late: int
    open: int
    missing: int
    unproved: int


class PeriodDayOut(PeriodCountsOut):
    """One day's counts."""

    on: Day


class PeriodOut(Out):
    """The audit of a period. For one loan every line; for the book, those that were not done on their day, at most 1,000."""

    first: Day
    until: Day
    loans: int
    counts: PeriodCountsOut
    days: list[PeriodDayOut]
    lines: list[PeriodLineOut]


class PeriodPaperIn(In):
    """Which days, and which loan (left out: the whole book)."""

    first: Day
    until: Day
    loan: Name | None = None


class PeriodPaperOut(Out):
    """The sealed paper: its file, the digest that the record names, its bytes in base64, and what it found."""

    id: str
    name: str
    digest: str
    record_seq: int
    pdf: str
    counts: PeriodCountsOut


class CoverageOut(Out):
    """One day's statement of coverage, as the house's chain states it in record `record_seq`."""

    on: Day
    live: int
    due: int
    reminded: int
    proved: int
    late: int
    missing: int
    unproved: int
    record_seq: int


class CoverageList(Out):
    """The statements of a period, the latest first."""

    items: list[CoverageOut]


@operation(router, "GET", "/duties/period", "duties.period", answer=PeriodOut)
def audit_period(call: Call, first: Day, until: Day) -> Any:
    """Audit the whole book over past days: what was due on each, and what became of it."""
    check_period(first, until, call.clock.today())
    too_large(call.db)
    return _period(examine_period(call.db, first, until, EXPECTATIONS, most=1_000))


@operation(router, "GET", "/loans/{loan}/duties/period", "duties.period_of_loan", answer=PeriodOut)
def audit_period_of_loan(call: Call, loan: str, first: Day, until: Day) -> Any:
    """Audit one loan over past days: every line, when it was done, by whom, by which record."""
    check_period(first, until, call.clock.today())
    return _period(examine_loan(call.db, loan_number(call.db, call.look, loan), first, until, EXPECTATIONS))


@operation(router, "POST", "/duties/period/papers", "duties.issue_period", answer=PeriodPaperOut, status=201)
def issue_period(call: Call, body: PeriodPaperIn) -> Any:
    """The audit of past days as a sealed PDF, on record."""
    if body.loan is None:
        too_large(call.db)
    made = papers.issue(
        call.db, clock=call.clock, by=call.staff, first=body.first, until=body.until, loan=body.loan, providers=EXPECTATIONS, press=PRESS,
        notary=NOTARY,
    )  # fmt: skip
    _, pdf = papers.read_paper(call.db, by=call.staff, paper=made.file.public_id, loan=body.loan)
    return {
        "id": made.file.public_id, "name": made.file.name, "digest": made.file.digest, "record_seq": made.record_seq,
        "pdf": base64.b64encode(pdf).decode(), "counts": _counts(made.found.counts()),
    }  # fmt: skip


@operation(router, "GET", "/duties/coverage", "duties.coverage", answer=CoverageList)
def read_coverage(call: Call, first: Day | None = None, until: Day | None = None) -> Any:
    """The daily statements of coverage: live, due, reminded, proved, late, missing, unproved."""
    today = call.clock.today()
    found = statements(call.db, first or today.replace(year=today.year - 1, day=1), until or today)
    return {"items": [{**each.coverage.as_json(), "on": each.coverage.on, "record_seq": each.record_seq} for each in found]}


# An answer to one request reads the whole book only while that takes seconds; a larger book is audited by the command.
LARGEST_AT_ONCE = 20_000


def too_large(db: Any) -> None:
    """Refusal where a period of the whole book would take longer than a request may."""
    row = db.execute("SELECT count(*) FROM (SELECT 1 FROM loan LIMIT %s) AS counted", [LARGEST_AT_ONCE + 1]).fetchone()
    if row[0] > LARGEST_AT_ONCE:
        raise Refusal(
            f"the book holds more than {LARGEST_AT_ONCE} loans: run `holdfast duties period`, "
            "or `holdfast duties paper` for the sealed PDF, or name one loan",
            code="period_too_large", most=LARGEST_AT_ONCE,
        )  # fmt: skip


def _counts(found: Any) -> dict[str, int]:
    return {verdict: found[verdict] for verdict in VERDICTS}


def _period(found: Period) -> dict[str, Any]:
    return {
        "first": found.first, "until": found.until, "loans": found.loans, "counts": _counts(found.counts()),
        "days": [{"on": day, **_counts(found.days[day])} for day in sorted(found.days)], "lines": found.lines,
    }  # fmt: skip
