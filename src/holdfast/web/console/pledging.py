"""What stands behind a loan that is being repaid, and how that is changed: a further thing, one for another, one of several home.

Before anybody asks, the page shows what would remain and what is owed; the rule that says no is the verb's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from holdfast import collateral, duties, files, pledges, wiring
from holdfast.applications.facts import grade_of
from holdfast.collateral import custody
from holdfast.database.connection import transaction
from holdfast.duties import Case
from holdfast.journal import Record, read_chain
from holdfast.kernel.errors import NotFound
from holdfast.life import LoanState
from holdfast.parties import box_of, may, party_by_id, require, staff
from holdfast.pledges import Pledge, Preview
from holdfast.web.borrower.steps import models_of
from holdfast.web.console import words
from holdfast.web.console.custody import did, free_slots, requests_of, seen_of
from holdfast.web.console.custody_forms import MoreIntakeForm, OfferForm
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ReasonForm

TAKE_IN: Final = "custody.take_in"
PART: Final = "pledge.part_release"
_CHANGES: Final = ("pledge.add", "pledge.substitute", "pledge.part_release", "custody.hand_back")
_TOLD: Final = frozenset(
    {
        "custody.taken_in", "pledge.offered", "pledge.added", "pledge.substituted", "pledge.part_released", "pledge.lifted",
        "custody.to_hand_back", "custody.given_back", "custody.handed_back",
    }
)  # fmt: skip
_STANDS: Final = (LoanState.ACTIVE, LoanState.WRITTEN_OFF)


@require_safe
@at_desk
def standing(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """What stands behind the loan, what each change would leave, what two people are asked, and what was changed before."""
    return _page(request, desk, loan_id)


def _page(
    request: HttpRequest, desk: Desk, loan_id: str, *, tried: tuple[str, ReasonForm] | None = None, status: int = 200
) -> HttpResponse:
    with transaction() as db:
        case = duties.take(db, loan_id, desk.staff.scope, lock=False)
        number = case.loan.loan_id
        held, draft = pledges.pledges_of(db, number), pledges.draft_of(db, number)
        stands = [each for each in held if each.state == "delivered"]
        now = _look(db, desk, loan_id) if stands else None
        context = {
            "case": case,
            "loan": case.loan,
            "currency": case.loan.currency,
            "now": now,
            "covered": now is not None and now.cover is not None and now.cover.remaining.minor >= now.cover.owed.minor,
            "why_not": words.refusal(now.refused) if now and now.refused else "",
            "rows": [_stands(db, desk, case, each, now, tried) for each in stands],
            "elsewhere": _elsewhere(db, now, stands),
            "going": [_thing(db, each) for each in held if each.state == "lifted" and _is_here(db, each)],
            "offered": _offered(db, desk, case, held, draft, stands) if case.loan.state is LoanState.ACTIVE else [],
            "draft": draft,
            "may_change": case.loan.state is LoanState.ACTIVE and not case.freezes and may(desk.staff, TAKE_IN),
            "stands_open": case.loan.state in _STANDS,
            "requests": requests_of(db, desk, number, only=_CHANGES),
            "history": [_told(db, each) for each in reversed(read_chain(db, number)) if each.kind in _TOLD],
        }
    return render(request, "console/pledging/standing.html", context, status=status)


def _stands(db: Db, desk: Desk, case: Case, pledge: Pledge, now: Preview | None, tried: tuple[str, ReasonForm] | None) -> Mapping[str, Any]:
    """One pledged thing: what it is good for today, and what would stand without it."""
    without = _look(db, desk, case.loan.public_id, leaves=pledge.public_id)
    form = None
    if without.refused is None and may(desk.staff, PART):
        form = tried[1] if tried and tried[0] == pledge.public_id else ReasonForm(name=f"part{pledge.pledge_id}")
    return {
        **_thing(db, pledge),
        "worth": now.cover.parts.get(pledge.thing) if now and now.cover else None,
        "without": without,
        "why_not": words.refusal(without.refused) if without.refused else "",
        "form": form,
    }


def _thing(db: Db, pledge: Pledge) -> dict[str, Any]:
    return {"pledge": pledge, "about": collateral.thing(db, pledge.thing_id), "item": custody.item_of(db, pledge.thing_id)}


def _is_here(db: Db, pledge: Pledge) -> bool:
    item = custody.item_of(db, pledge.thing_id)
    return item is not None and item.item_id == pledge.item_id and item.state == "in_custody"


def _elsewhere(db: Db, now: Preview | None, stands: list[Pledge]) -> list[Mapping[str, Any]]:
    """What stands behind other loans of the same heap, by model only."""
    own = {each.thing for each in stands}
    parts = now.cover.parts if now and now.cover else {}
    return [{"about": collateral.thing_named(db, thing), "worth": worth} for thing, worth in parts.items() if thing not in own]


def _offered(db: Db, desk: Desk, case: Case, held: list[Pledge], draft: Pledge | None, stands: list[Pledge]) -> list[Mapping[str, Any]]:
    """Things that the borrower brought and that no pledge lies on: what each would do."""
    taken = {each.thing_id for each in stands} | {each.thing_id for each in held if _is_here(db, each)}
    found: list[Mapping[str, Any]] = []
    for about in collateral.things_of(db, case.loan.loan_id):
        if about.thing_id in taken:
            continue
        beside = _look(db, desk, case.loan.public_id, comes=about.public_id)
        instead = [
            {"pledge": each, "model": collateral.thing(db, each.thing_id).model, "look": look,
             "why_not": words.refusal(look.refused) if look.refused else ""}
            for each in stands
            for look in [_look(db, desk, case.loan.public_id, leaves=each.public_id, comes=about.public_id)]
        ]  # fmt: skip
        found.append(
            {
                "about": about,
                "waits": draft is not None and draft.thing_id == about.thing_id,
                "worth": beside.cover.parts.get(about.public_id) if beside.cover else None,
                "why_not": words.refusal(beside.refused) if beside.refused else "",
                "beside": beside,
                "instead": instead,
            }
        )
    return found


def _told(db: Db, record: Record) -> Mapping[str, Any]:
    """One line of the history: what, when, who, and the figures by which it was done."""
    says = record.says()
    by = says.get("taken_by", ""), says.get("witness", "")
    thing = says.get("thing", "")
    return {
        "what": words.record(record.kind),
        "at": record.recorded_at,
        "by": "、".join(staff(db, each).name for each in by if str(each).startswith("st_")),
        "model": collateral.thing_named(db, thing).model if str(thing).startswith("th_") else "",
        "owed": says.get("owed"),
        "remaining": says.get("remaining"),
        "seq": record.seq,
    }


def _look(db: Db, desk: Desk, loan_id: str, *, leaves: str | None = None, comes: str | None = None) -> Preview:
    return pledges.preview(db, clock=desk.clock, by=desk.staff, loan=loan_id, owed=wiring.OWED, leaves=leaves, comes=comes)


# -- a thing is brought --------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def offer(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Describe a further thing that the borrower brings; it is tied to the loan and not yet pledged."""
    require(desk.staff, TAKE_IN)
    with transaction() as db:
        case = duties.take(db, loan_id, desk.staff.scope, lock=False)
        models = models_of(db, desk.pack, desk.lender, desk.today)
    form, status = OfferForm(name="offer", models=models), 200
    if request.method == "POST":
        form, status = OfferForm(request.POST, request.FILES, name="offer", models=models), 422

        def verb(db: Db) -> None:
            held = duties.take(db, loan_id, desk.staff.scope)
            facts, grade = form.facts, grade_of(form.facts)
            if grade is None or held.loan.party_id is None:
                raise NotFound(f"loan {loan_id} names no borrower who could bring a thing", code="no_borrower")
            imeis = [facts["imei1"], *([facts["imei2"]] if facts["sim"] == "dual" else [])]
            evidence = {what: _kept(db, desk, held.loan.party_id, what, form.cleaned_data[what]) for what in pledges.NEEDED}
            pledges.offer(
                db, clock=desk.clock, by=desk.staff, loan=loan_id, model=facts["model"], storage_gb=facts["storage_gb"], grade=grade,
                imeis=imeis, evidence=evidence, colour=facts.get("colour", ""),
            )  # fmt: skip

        if did(desk, TAKE_IN, form, {"loan": loan_id}, verb):
            messages.success(request, gettext("It is described and tied to the loan. Nothing is pledged by it yet."))
            return HttpResponseRedirect(_address(loan_id))
    context = {"case": case, "loan": case.loan, "form": form}
    return render(request, "console/pledging/offer.html", context, status=status)


def _kept(db: Db, desk: Desk, party_id: int, what: str, upload: UploadedFile[Any]) -> str:
    owner = party_by_id(db, party_id)
    name = f"{what}-{upload.name}"[-100:]
    return files.put(db, upload.read(), clock=desk.clock, name=name, box=box_of(db, owner), party_id=party_id).public_id


# -- it is taken in ---------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def take_in(request: HttpRequest, desk: Desk, loan_id: str, thing: str) -> HttpResponse:
    """Take an offered thing in, beside the others or, with `?instead_of=`, in place of one; sent, it asks the witness."""
    require(desk.staff, TAKE_IN)
    leaves = request.GET.get("instead_of", "")[:40] or None
    with transaction() as db:
        case = duties.take(db, loan_id, desk.staff.scope, lock=False)
        about = collateral.thing_of(db, case, thing)
        free = free_slots(db, case.loan.branch_id)
        look = _look(db, desk, loan_id, leaves=leaves, comes=thing)
        old = pledges.named(db, leaves) if leaves else None
        context: dict[str, Any] = {
            "case": case, "loan": case.loan, "about": about, "look": look, "leaves": _thing(db, old) if old else None,
            "why_not": words.refusal(look.refused) if look.refused else "", "draft": pledges.draft_of(db, case.loan.loan_id),
        }  # fmt: skip
    form, status = MoreIntakeForm(name="intake", free=free), 200
    if request.method == "POST":
        form, status = MoreIntakeForm(request.POST, request.FILES, name="intake", free=free), 422

        def verb(db: Db) -> None:
            given = form.cleaned_data
            seen = seen_of(db, desk, given, about.party_id)
            asked = {"clock": desk.clock, "by": desk.staff, "loan": loan_id, "thing": thing, "seen": seen, "reason": given["reason"]}
            if leaves:
                pledges.ask_substitute(db, **asked, pledge=leaves, owed=wiring.OWED)
            else:
                pledges.ask_add(db, **asked)

        if did(desk, TAKE_IN, form, {"loan": loan_id, "thing": thing, "instead_of": leaves or ""}, verb):
            messages.success(request, gettext("Asked. The witness looks at the thing and agrees on this page."))
            return HttpResponseRedirect(_address(loan_id))
    return render(request, "console/pledging/take_in.html", {**context, "form": form}, status=status)


# -- one of several goes home ------------------------------------------------------------------------------------------


@require_POST
@at_desk
def release_part(request: HttpRequest, desk: Desk, loan_id: str, pledge: str) -> HttpResponse:
    """Ask another person to let one of several things go."""
    with transaction() as db:
        number = pledges.named(db, pledge).pledge_id
        duties.in_sight(db, loan_id, desk.staff.scope)
    form = ReasonForm(request.POST, name=f"part{number}")

    def verb(db: Db) -> None:
        pledges.ask_release_part(
            db, clock=desk.clock, by=desk.staff, loan=loan_id, pledge=pledge, reason=form.cleaned_data["reason"], owed=wiring.OWED
        )

    if did(desk, PART, form, {"loan": loan_id, "pledge": pledge}, verb):
        messages.success(request, gettext("Asked. Another person agrees; until then the pledge stands."))
        return HttpResponseRedirect(_address(loan_id))
    for error in form.non_field_errors():
        messages.error(request, str(error))
    return _page(request, desk, loan_id, tried=(pledge, form), status=422)


def _address(loan_id: str) -> str:
    return reverse("console:pledging", args=[loan_id])
