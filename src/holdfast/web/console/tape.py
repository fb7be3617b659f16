"""Tapes: upload another lender's book, watch it being read, and compare tape and book when it is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from holdfast import takeover
from holdfast.database.connection import transaction
from holdfast.kernel.money import minor_of
from holdfast.parties import may
from holdfast.web.console import reading
from holdfast.web.console.desk import Desk, at_desk
from holdfast.web.console.hand_in import TapeForm, hand_in

_LISTED: Final = 50


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def tapes(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The tapes read so far; a POST hands one in and goes to its page."""
    form, status = TapeForm(name="tape"), 200
    if request.method == "POST":
        form, status = TapeForm(request.POST, request.FILES, name="tape"), 422
        if (its_page := hand_in(desk, form, act="tape.import", ask=takeover.ask)) is not None:
            return its_page
    with transaction() as db:
        context = {
            "form": form,
            "jobs": reading.tape_jobs(db),
            "tapes": reading.tapes(db, _LISTED),
            "may_import": may(desk.staff, "tape.import"),
        }
    return render(request, "console/tapes.html", context, status=status)


@require_safe
@at_desk
def tape(request: HttpRequest, desk: Desk, tape_id: str) -> HttpResponse:
    """One tape: how far it is (asked again every second), then its reconciliation."""
    with transaction() as db:
        job = takeover.job(db, tape_id) if tape_id.startswith("tj_") else None
        read_id = job.tape if job else tape_id
        read = takeover.tape(db, read_id) if read_id and not (job and job.purpose == "compare") else None
    if job and job.purpose == "compare" and job.tape:
        address = reverse("console:shadow_run", args=[job.tape])
        return HttpResponse(headers={"HX-Redirect": address}) if request.htmx else HttpResponseRedirect(address)  # type: ignore[attr-defined]
    if job and read and not request.htmx:  # type: ignore[attr-defined]  # put there by its middleware
        return HttpResponseRedirect(reverse("console:tape", args=[read.public_id]))
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "console/_progress.html", {"job": job})
        if read:
            response["HX-Redirect"] = reverse("console:tape", args=[read.public_id])
        return response
    if read is None:
        return render(request, "console/tape_reading.html", {"job": job})
    return render(request, "console/tape.html", {"tape": read, **_told(read.outcome)})


def _told(outcome: dict[str, Any]) -> dict[str, Any]:
    """The reconciliation as the page shows it: principal by status side by side, long lists cut, with what was cut named."""
    currency = outcome["currency"]
    principal = outcome["principal"]
    statuses = sorted(set(principal["tape"]) | set(principal["booked"]) | set(principal.get("refused", {})))
    rows = []
    for status in statuses:
        on_tape, booked, refused = (minor_of(principal.get(side, {}).get(status, "0"), currency) for side in ("tape", "booked", "refused"))
        rows.append({"status": status, "tape": on_tape, "booked": booked, "refused": refused, "equal": on_tape == booked})
    sums = {side: sum(row[side] for row in rows) for side in ("tape", "booked", "refused")}
    lists = {"refused": outcome["refused"], "different": outcome["instalment"]["different"], "over_ceiling": outcome["over_ceiling"]}
    lists["contradictions"] = outcome.get("contradictions", [])
    equal = outcome["instalment"]["equal"]
    compared = equal + len(lists["different"])
    return {
        "outcome": outcome,
        "currency": currency,
        "principal_rows": rows,
        "principal_sums": sums,
        "agrees": all(row["equal"] for row in rows),
        "lists": {name: entries[:_LISTED] for name, entries in lists.items()},
        "lengths": {name: len(entries) for name, entries in lists.items()},
        "equal": equal,
        "compared": compared,
        "equal_share": f"{Decimal(100 * equal) / compared:.2f}%" if compared else "—",
        "listed": _LISTED,
    }
