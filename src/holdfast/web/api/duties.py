"""Duties: what must be done, a person's word that it was done, and the audit that nothing is missed."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router
from pydantic import Field

from holdfast.duties.audit import examine
from holdfast.servicing import note_duty
from holdfast.servicing.pages import LARGEST_PAGE
from holdfast.servicing.reading import duties_of, duty_list, loan_number
from holdfast.servicing.views import DutyFilter
from holdfast.web.api.operation import NEXT, Call, operation
from holdfast.web.api.servicing import done
from holdfast.web.api.shapes import AuditOut, DoneOut, DutyList, DutyPage
from holdfast.web.api.values import Day, In, Name, Words
from holdfast.wiring import EXPECTATIONS

router = Router()


class NoteIn(In):
    """What came of a duty, and in a person's words how."""

    outcome: Name
    words: Words


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
    """Say that an open duty was done and how it went; the record closes it, and the next one opens."""
    loan_number(call.db, call.look, loan)
    return done(note_duty(call.db, clock=call.clock, by=call.staff, loan=loan, duty_no=no, outcome=body.outcome, words=body.words))
