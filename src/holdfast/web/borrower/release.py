"""The borrower follows the release: what was done, what comes next and by when, where to come and what to bring, and the papers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from holdfast import approvals, duties, release
from holdfast.database.connection import transaction
from holdfast.duties import Case
from holdfast.kernel.errors import NotFound
from holdfast.release import NOTHING_TO_HAND_BACK, Release, ReleaseState, Thing
from holdfast.servicing import reckon
from holdfast.web.borrower.desk import Db, Visitor, borrower_at


@require_safe
@borrower_at
def follow(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """The release of one's own loan, or the default that was noticed."""
    with transaction() as db:
        number = visitor.must_own(db, loan_id)
        case = duties.take_by_id(db, number, lock=False)
        found, default = release.release_of(db, number), release.disposal_of(db, number)
        if found is None and default is None:
            raise NotFound(f"loan {loan_id} is still being repaid", code="no_release", field="loan")
        context: dict[str, Any] = {
            "visitor": visitor, "loan": case.loan, "currency": case.loan.currency, "counter": release.counter_of(db, case.loan.branch_id),
            "default": default,
        }  # fmt: skip
        if found is not None:
            context |= _release(db, case, found)
    return render(request, "borrower/release.html", context)


def _release(db: Db, case: Case, found: Release) -> dict[str, Any]:
    asked = approvals.request(db, found.request) if found.request else None
    nothing = found.thing in NOTHING_TO_HAND_BACK
    ready = found.state is ReleaseState.CERTIFIED and not nothing and found.handed_back_at is None
    by = case.open("return_collateral")
    heading = _heading(found, nothing=nothing, ready=ready)
    return {
        "release": found, "reckoning": reckon(db, loan=case.loan.public_id), "nothing": nothing, "ready": ready, "heading": heading,
        "over": found.state in (ReleaseState.COMPLETED, ReleaseState.ENDED_OTHERWISE), "cancelled": found.state is ReleaseState.CANCELLED,
        "by": by.due_at if by else None, "agreed": len(asked.answers) if asked else 0, "needed": asked.needed if asked else 2,
        "steps": _steps(case, found, nothing=nothing, agreed=len(asked.answers) if asked else 0),
        "lost": found.thing is Thing.COMPENSATED, "sold": found.thing is Thing.DISPOSED,
    }  # fmt: skip


def _heading(found: Release, *, nothing: bool, ready: bool) -> str:
    if found.state is ReleaseState.CANCELLED:
        return gettext("The payment was taken back; the loan goes on")
    if found.handed_back_at is not None:
        return gettext("Your thing is back with you")
    if ready:
        return gettext("It is ready: come and fetch it")
    return (
        gettext("We are making your certificate")
        if nothing and found.certified_at is None
        else (gettext("Everything is done") if nothing else gettext("We are checking, and tell you as soon as it is ready"))
    )


def _steps(case: Case, found: Release, *, nothing: bool, agreed: int) -> list[Mapping[str, Any]]:
    """What was done and what comes next, in the borrower's words; `file` is a paper to open."""
    certificate, back, credit = (case.open(kind) for kind in ("settlement_certificate", "return_collateral", "credit_update"))
    steps: list[dict[str, Any]] = [
        {"what": gettext("Paid off, nothing is owed"), "at": found.opened_at},
        {
            "what": gettext("Two people check, neither has a part in your loan"), "at": found.approved_at,
            "how": gettext("%(n)s of 2 have agreed") % {"n": agreed} if agreed and found.approved_at is None else "",
        },
        {
            "what": gettext("Settlement certificate"), "at": found.certified_at, "by": certificate.due_at if certificate else None,
            "file": found.certificate, "more": found.application,
        },
    ]  # fmt: skip
    if not nothing:
        steps.append({"what": gettext("You come, we see that it is you"), "at": found.identified_at})
        steps.append(
            {
                "what": gettext("Handed back, seal checked before your eyes"), "at": found.handed_back_at,
                "by": back.due_at if back else None, "file": found.hand_back_receipt,
            }
        )  # fmt: skip
    steps.append(
        {"what": gettext("Reported as settled to the credit bureau"), "at": found.reported_at, "by": credit.due_at if credit else None}
    )
    now = next((index for index, step in enumerate(steps) if step["at"] is None), len(steps))
    return [{**step, "state": "done" if step["at"] else "now" if index == now else "todo"} for index, step in enumerate(steps)]


@require_safe
@borrower_at
def paper(request: HttpRequest, visitor: Visitor, loan_id: str, file_id: str) -> HttpResponse:
    """A paper of one's own loan, to keep."""
    with transaction() as db:
        file, data = release.paper(db, visitor.must_own(db, loan_id), file_id)
    response = HttpResponse(data, content_type=file.media_type)
    response["Content-Disposition"] = f'inline; filename="{file.public_id}.pdf"'
    return response
