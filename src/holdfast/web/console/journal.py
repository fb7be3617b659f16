"""The journal: how large it is, its newest signed head, its key, one loan's records with their place, and what it cannot show."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from holdfast.database.connection import transaction
from holdfast.journal import export, give_head, newest_head, prove, signing_key
from holdfast.journal.recheck import as_of_one_moment, recheck
from holdfast.kernel.clock import ShiftedClock
from holdfast.kernel.places import keys_folder
from holdfast.parties import may, require
from holdfast.servicing import reading as book
from holdfast.web.console import reading
from holdfast.web.console.desk import Desk, at_desk

_LATEST = 20
_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def journal(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The journal as a whole; a POST computes all of it again from its records and compares."""
    verdict = None
    if request.method == "POST":
        with transaction() as db:
            as_of_one_moment(db)
            own = signing_key(keys_folder(), heads_exist=True).verifier if newest_head(db) else None
            verdict = recheck(db, own)
    with transaction() as db:
        newest = newest_head(db)
        key = signing_key(keys_folder(), heads_exist=newest is not None).verifier.text()
        state = reading.journal_state(db)
        latest = reading.latest_records(db, desk.look, _LATEST)
    head = {"size": newest[0].size, "root": newest[0].root.hex(), "note": newest[1], "signed_at": newest[2]} if newest else None
    return render(request, "console/journal.html", {"verdict": verdict, "head": head, "key": key, "state": state, "latest": latest})


@require_POST
@at_desk
def take_head(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Give out the newest signed head as a file, to be kept by somebody else; noted, so that later bundles build on it."""
    with transaction() as db:
        note = give_head(db, keys_folder(), ShiftedClock().now(), holder=f"staff {desk.staff.public_id}")
    response = HttpResponse(note, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="head.txt"'
    return response


@require_safe
@at_desk
def loan_journal(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """One loan's records, newest first, each with its digest and its place; one of them opened."""
    wanted = request.GET.get("record", "")
    with transaction() as db:
        detail = book.loan_detail(db, desk.look, loan_id)
        page = book.timeline(db, desk.look, loan_id, cursor=request.GET.get("next") or None, limit=_PAGE)
        proof = prove(db, detail.number)
        opened = reading.record(db, detail.number, int(wanted)) if wanted.isascii() and wanted.isdigit() and len(wanted) < 9 else None
    if opened is not None:
        opened["pretty"] = json.dumps(json.loads(bytes(opened["body"])), ensure_ascii=False, indent=1, sort_keys=True)
        opened["hash"] = bytes(opened["leaf_hash"]).hex()
    return render(
        request,
        "console/loan_journal.html",
        {
            "loan": detail,
            "row": detail.row,
            "page": page,
            "proof": proof,
            "opened": opened,
            "may_export": may(desk.staff, "journal.export"),
        },
    )


@require_safe
@at_desk
def bundle(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The loan's bundle as a file that anyone can check offline."""
    require(desk.staff, "journal.export")
    with transaction() as db:
        number = book.loan_number(db, desk.look, loan_id)
        data = export(db, keys_folder(), number, ShiftedClock().now())
    response = HttpResponse(data, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{loan_id}.bundle"'
    return response
