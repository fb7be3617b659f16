"""Custody: the shelf slot by slot, what lies in one, its way in and out, and what two people do to move it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from holdfast import approvals, collateral, duties, files, pledges, wiring
from holdfast.approvals import Request
from holdfast.collateral import Item, Shelf, custody
from holdfast.database.connection import transaction
from holdfast.duties import Case
from holdfast.kernel.errors import HoldfastError, NotFound
from holdfast.life import DUTIES, LoanState
from holdfast.parties import Reach, box_of, may, party_by_id, require, staff, staff_by_id
from holdfast.pledges import IntakeRead, Kept
from holdfast.web.console import custody_words, words
from holdfast.web.console.acts import Verb, attempt, into_form
from holdfast.web.console.approval import why_not_second
from holdfast.web.console.custody_forms import FoundForm, HandBackForm, IntakeForm, NoLoanForm, SealForm, ShelfForm, SlotForm, WordsForm
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, AnswerForm, ReasonForm
from holdfast.web.console.templatetags.console import money

PHOTOS: Final = ("front", "back", "seal")
_FREE_SHOWN: Final = 6
# Which input of a request names the pledge that would end, and which the thing that would come.
_CHANGES: Final[Mapping[str, tuple[str, str]]] = {
    "pledge.add": ("", "thing"),
    "pledge.substitute": ("instead_of", "thing"),
    "pledge.part_release": ("pledge", ""),
}


# -- the shelf ---------------------------------------------------------------------------------------------------


@require_safe
@at_desk
def shelves(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The first shelf of this person's branch, or the way to put one up."""
    with transaction() as db:
        known = custody.shelves(db, desk.staff)
    if known:
        return HttpResponseRedirect(_address(known[0]))
    form = ShelfForm(name="shelf", initial={"code": "A", "levels": 5, "slots": 12})
    return render(request, "console/custody/no_shelf.html", {"form": form, "may_define": _may_define(desk)})


@require_safe
@at_desk
def shelf(request: HttpRequest, desk: Desk, branch: int, code: str) -> HttpResponse:
    """One shelf as it stands; `?slot=` shows what lies there."""
    return _page(request, desk, branch, code, chosen=request.GET.get("slot", ""))


@require_POST
@at_desk
def set_shelf(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Put up a shelf or change its size."""
    form = ShelfForm(request.POST, name="shelf")

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        custody.set_shelf(
            db, clock=desk.clock, by=desk.staff, branch_id=desk.staff.branch_id or 0, code=wanted["code"], levels=wanted["levels"],
            slots=wanted["slots"],
        )  # fmt: skip

    if did(desk, "shelf.define", form, {}, verb):
        messages.success(request, gettext("The shelf stands."))
        return HttpResponseRedirect(reverse("console:shelf"))
    return render(request, "console/custody/no_shelf.html", {"form": form, "may_define": _may_define(desk)}, status=422)


def _page(
    request: HttpRequest, desk: Desk, branch: int, code: str, *, chosen: str, tried: tuple[str, forms.Form] | None = None, status: int = 200
) -> HttpResponse:
    with transaction() as db:
        known = custody.shelf(db, desk.staff, branch, code)
        kept = pledges.on_shelf(db, known)
        walks = custody.audits(db, known)
        going = next((each for each in walks if each.closed_at is None), None)
        seen = set(custody.scanned(db, going)) if going else set()
        picked = next((each for each in kept if each.place == chosen), None)
        context = {
            "shelf": known,
            "shelves": custody.shelves(db, desk.staff),
            "levels": _levels(known, kept, seen if going else None),
            "heads": list(range(1, known.slots + 1)),
            "held": sum(each.state == "in_custody" for each in kept),
            "missing": [_missing(db, desk, each) for each in kept if each.state == "missing"],
            "coming": [each for each in kept if each.state == "expected" or (each.state == "in_custody" and each.pledge_state == "lifted")],
            "going": going,
            "progress": _progress(db, going) if going else None,
            "walks": walks,
            "may_audit": may(desk.staff, "custody.audit"),
            "audit_form": ActForm(name="audit"),
            "picked": _picked(db, desk, picked, tried) if picked else None,
            "empty_slot": chosen if chosen and picked is None else "",
            "slots": custody_words.SLOTS,
        }
    return render(request, "console/custody/shelf.html", context, status=status)


def _levels(known: Shelf, kept: list[Kept], seen: set[str] | None) -> list[Mapping[str, Any]]:
    """The shelf from its top level down, each slot with how it is drawn."""
    at = {(each.level, each.slot): each for each in kept}
    rows: list[Mapping[str, Any]] = []
    for level in range(known.levels, 0, -1):
        slots = []
        for slot in range(1, known.slots + 1):
            item = at.get((level, slot))
            css, shape, word = custody_words.SLOTS[_look(item, seen)]
            place = item.place if item else f"{known.code}-{level:02d}-{slot:02d}"
            slots.append({"place": place, "css": css, "shape": shape, "word": word, "tail": item.seal_no[-4:] if item else ""})
        rows.append({"level": level, "slots": slots})
    return rows


def _look(item: Kept | None, seen: set[str] | None) -> str:
    if item is None:
        return "none"
    if item.state == "missing":
        return "miss"
    if item.state == "expected":
        return "expected"
    if item.frozen:
        return "frozen"
    if item.pledge_state == "lifted":
        return "wait"
    return "unseen" if seen is not None and item.seal_no not in seen else "in"


def _missing(db: Db, desk: Desk, item: Kept) -> Mapping[str, Any]:
    """What the banner says of a missing thing: who must find it, and by when."""
    duty = None
    if item.loan:
        duty = next((each for each in duties.take(db, item.loan, None, lock=False).standing if each.kind == "find_item"), None)
    owner = staff_by_id(db, duty.owner_id).name if duty and duty.owner_id else ""
    role = words.word(words.ROLES, duty.role) if duty else ""
    return {"item": item, "duty": duty, "owner": owner or role}


def _progress(db: Db, going: custody.ShelfAudit) -> Mapping[str, Any]:
    finding = custody.compare_now(db, going)
    should = len(finding.seen) + len(finding.missing)
    return {
        "finding": finding,
        "seen": len(finding.seen),
        "should": should,
        "percent": 100 * len(finding.seen) // should if should else 100,
    }


def _picked(db: Db, desk: Desk, item: Kept, tried: tuple[str, forms.Form] | None) -> Mapping[str, Any]:
    """One thing: what it is, how it came, and what this person may ask for."""
    about = collateral.thing(db, item.thing_id)
    held = pledges.pledge_on(db, item.item_id)
    forms_of = {
        "move": SlotForm(name="move") if item.state == "in_custody" and may(desk.staff, "custody.move") else None,
        "miss": WordsForm(name="miss") if item.state == "in_custody" and may(desk.staff, "custody.audit") else None,
        "found": FoundForm(name="found", initial={"place": item.place})
        if item.state == "missing" and may(desk.staff, "custody.find")
        else None,
        "lost": ReasonForm(name="lost") if item.state == "missing" and may(desk.staff, "custody.lost") else None,
    }
    if tried and forms_of.get(tried[0]):
        forms_of[tried[0]] = tried[1]  # type: ignore[assignment]  # the same form, as it was filled in
    kept = custody.bearer(db, item.seal_no)
    return {
        "item": item,
        "about": about,
        "pledge": held,
        "photos": pledges.photos_of(db, held) if held else {},
        "passages": _passages(db, item, kept),
        "forms": forms_of,
        "failed": tried[0] if tried else "",
        "requests": requests_of(db, desk, _loan_number(db, item.loan), thing=item.thing) if item.loan else [],
        "may_reveal": may(desk.staff, "party.reveal"),
        "loan_in_sight": item.loan,
    }


def _passages(db: Db, item: Kept, kept: Item | None) -> list[Mapping[str, Any]]:
    lines: list[Mapping[str, Any]] = []
    for each in pledges.passages(db, item.thing_id):
        people = [each.says.get("taken_by", each.by), each.says.get("witness", "")]
        lines.append({"what": words.word(custody_words.PASSAGES, each.kind), "at": each.at, "by": _names(db, people), "seq": each.seq})
    for at, name, _audit in custody.sightings(db, kept) if kept else []:
        lines.append({"what": gettext("Audit, seal whole"), "at": at, "by": name, "seq": None})
    return sorted(lines, key=lambda line: line["at"], reverse=True)[:20]


def _names(db: Db, public_ids: list[str]) -> str:
    return "、".join(staff(db, each).name for each in dict.fromkeys(public_ids) if each.startswith("st_"))


# -- what is done to a thing on the shelf ----------------------------------------------------------------------------


@require_POST
@at_desk
def act(request: HttpRequest, desk: Desk, seal_no: str, what: str) -> HttpResponse:
    """Ask to move a thing, say that it is missing or found, or ask to have it declared lost."""
    if what not in _ACTS:
        raise NotFound("there is no such act", code="no_act")
    name, make, do, said = _ACTS[what]
    form = make(request.POST, name=what)
    with transaction() as db:
        item = custody.bearer(db, seal_no)
        if item is None:
            raise NotFound("nothing bears that seal", code="no_item")

    def verb(db: Db) -> None:
        do(db, desk, seal_no, form.cleaned_data)

    if did(desk, name, form, {"seal": seal_no}, verb):
        messages.success(request, gettext(said))
        return HttpResponseRedirect(reverse("console:shelf_one", args=[item.branch_id, item.place.shelf]) + f"?slot={_place_now(seal_no)}")
    return _page(request, desk, item.branch_id, item.place.shelf, chosen=str(item.place), tried=(what, form), status=422)


def _place_now(seal_no: str) -> str:
    with transaction() as db:
        item = custody.bearer(db, seal_no)
    return str(item.place) if item else ""


def _ask_move(db: Db, desk: Desk, seal_no: str, given: Mapping[str, Any]) -> None:
    custody.ask_move(db, clock=desk.clock, by=desk.staff, seal_no=seal_no, to=given["to"], reason=given["reason"])


def _miss(db: Db, desk: Desk, seal_no: str, given: Mapping[str, Any]) -> None:
    custody.miss(db, clock=desk.clock, by=desk.staff, seal_no=seal_no, words=given["words"])


def _found(db: Db, desk: Desk, seal_no: str, given: Mapping[str, Any]) -> None:
    custody.found(
        db,
        clock=desk.clock,
        by=desk.staff,
        seal_no=seal_no,
        place=given["place"],
        words=given["words"],
        new_seal_no=given["new_seal_no"] or None,
    )


def _ask_lost(db: Db, desk: Desk, seal_no: str, given: Mapping[str, Any]) -> None:
    custody.ask_lost(db, clock=desk.clock, by=desk.staff, seal_no=seal_no, reason=given["reason"])


_ACTS: Final[Mapping[str, tuple[str, Callable[..., ActForm], Callable[[Db, Desk, str, Mapping[str, Any]], None], str]]] = {
    "move": ("custody.move", SlotForm, _ask_move, _("Asked. Another person agrees to the move; until then the thing stays.")),
    "miss": ("custody.audit", WordsForm, _miss, _("Written on every loan it stands behind; the search has begun.")),
    "found": ("custody.find", FoundForm, _found, _("Found; the search is over.")),
    "lost": ("custody.lost", ReasonForm, _ask_lost, _("Asked. Another person agrees that it is lost; until then the search goes on.")),
}


# -- the audit -----------------------------------------------------------------------------------------------------


@require_POST
@at_desk
def open_audit(request: HttpRequest, desk: Desk, branch: int, code: str) -> HttpResponse:
    """Begin to walk along a shelf."""
    opened: list[str] = []
    form = ActForm(request.POST, name="audit")
    with transaction() as db:
        custody.shelf(db, desk.staff, branch, code)

    def verb(db: Db) -> None:
        opened.append(custody.open_audit(db, clock=desk.clock, by=desk.staff, branch_id=branch, code=code).public_id)

    if did(desk, "custody.audit", form, {"branch": branch, "shelf": code}, verb) and opened:
        return HttpResponseRedirect(reverse("console:shelf_audit", args=[opened[0]]))
    for error in form.non_field_errors():
        messages.error(request, str(error))
    return HttpResponseRedirect(reverse("console:shelf_one", args=[branch, code]))


@require_safe
@at_desk
def audit(request: HttpRequest, desk: Desk, audit_id: str) -> HttpResponse:
    """The walk: what was scanned, what is still to be, and the way to close it."""
    return _audit_page(request, desk, audit_id)


@require_POST
@at_desk
def scan(request: HttpRequest, desk: Desk, audit_id: str) -> HttpResponse:
    """A seal was scanned; the field is ready for the next."""
    form = SealForm(request.POST, name="scan")
    heard: list[Item | None] = []

    def verb(db: Db) -> None:
        heard.append(custody.scan(db, clock=desk.clock, by=desk.staff, audit=audit_id, seal_no=form.cleaned_data["seal_no"]))

    if not did(desk, "custody.audit", form, {"audit": audit_id}, verb):
        return _audit_page(request, desk, audit_id, form=form, status=422)
    if request.htmx:  # type: ignore[attr-defined]  # put there by its middleware
        return _audit_page(request, desk, audit_id, heard=(form.cleaned_data["seal_no"].upper(), heard[0] if heard else None))
    return HttpResponseRedirect(reverse("console:shelf_audit", args=[audit_id]) + "#scan")


@require_POST
@at_desk
def close_audit(request: HttpRequest, desk: Desk, audit_id: str) -> HttpResponse:
    """Close the walk; what is missing is written on its loans."""
    form = ActForm(request.POST, name="close")
    with transaction() as db:
        custody.audit(db, desk.staff, audit_id)

    def verb(db: Db) -> None:
        custody.close_audit(db, clock=desk.clock, by=desk.staff, audit=audit_id)

    if did(desk, "custody.audit", form, {"audit": audit_id}, verb):
        messages.success(request, gettext("The audit is closed."))
    else:
        for error in form.non_field_errors():
            messages.error(request, str(error))
    return HttpResponseRedirect(reverse("console:shelf_audit", args=[audit_id]))


def _audit_page(
    request: HttpRequest, desk: Desk, audit_id: str, *, form: forms.Form | None = None, heard: tuple[str, Item | None] | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    with transaction() as db:
        walk = custody.audit(db, desk.staff, audit_id)
        known = custody.shelf(db, desk.staff, walk.branch_id, walk.shelf)
        progress = _progress(db, walk) if walk.closed_at is None else None
        scanned = custody.scanned(db, walk)
        context = {
            "walk": walk,
            "shelf": known,
            "progress": progress,
            "scanned": list(reversed(scanned.items()))[:12],
            "count": len(scanned),
            "form": form or SealForm(name="scan"),
            "close_form": ActForm(name="close"),
            "heard": heard,
            "may_audit": may(desk.staff, "custody.audit"),
            "found": _found_items(db, walk),
        }
    template = "console/custody/_audit.html" if request.htmx and status == 200 else "console/custody/audit.html"  # type: ignore[attr-defined]
    return render(request, template, context, status=status)


def _found_items(db: Db, walk: custody.ShelfAudit) -> Mapping[str, list[tuple[str, Item | None]]]:
    return {name: [(seal, custody.bearer(db, seal)) for seal in seals] for name, seals in walk.found.items()}


# -- taking in --------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def take_in(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The intake form: what the counter saw; sent, it asks the witness."""
    require(desk.staff, "custody.take_in")
    with transaction() as db:
        case = duties.take(db, loan_id, desk.staff.scope, lock=False)
        things = collateral.things_of(db, case.loan.loan_id)
        free = free_slots(db, case.loan.branch_id)
        draft = pledges.draft_of(db, case.loan.loan_id)
    form = IntakeForm(name="intake", free=free)
    status = 200
    if request.method == "POST":
        form, status = IntakeForm(request.POST, request.FILES, name="intake", free=free), 422

        def verb(db: Db) -> None:
            about = collateral.thing_of(db, duties.take(db, loan_id, desk.staff.scope))
            seen = seen_of(db, desk, form.cleaned_data, about.party_id)
            pledges.ask_take_in(db, clock=desk.clock, by=desk.staff, loan=loan_id, seen=seen)

        if did(desk, "custody.take_in", form, {"loan": loan_id}, verb):
            messages.success(request, gettext("Asked. The witness looks at the thing and agrees on this page."))
            return HttpResponseRedirect(_on_loan(loan_id))
    context = {"case": case, "loan": case.loan, "things": things, "form": form, "draft": draft, "ready": _ready(case)}
    return render(request, "console/custody/take_in.html", context, status=status)


def seen_of(db: Db, desk: Desk, given: Mapping[str, Any], party_id: int) -> IntakeRead:
    """What an intake form says was seen, with its photos kept under the owner's key."""
    owner = party_by_id(db, party_id)
    photos = {}
    for what in PHOTOS:
        upload = given[f"photo_{what}"]
        kept = files.put(
            db, upload.read(), clock=desk.clock, name=f"{what}-{upload.name}"[-100:], box=box_of(db, owner), party_id=owner.party_id
        )
        photos[what] = kept.public_id
    imeis = tuple(number for number in (given["imei1"], given["imei2"]) if number)
    return IntakeRead(given["lock_off"], given["sim_out"], imeis, photos, given["seal_no"], given["slot"])


def free_slots(db: Db, branch_id: int) -> list[str]:
    """The first free slots of the branch's shelves."""
    free: list[str] = []
    for known in custody.shelves_of(db, branch_id):
        taken = {(item.place.level, item.place.slot) for item in custody.items_on(db, known)}
        for level in range(1, known.levels + 1):
            for slot in range(1, known.slots + 1):
                if (level, slot) not in taken:
                    free.append(f"{known.code}-{level:02d}-{slot:02d}")
                    if len(free) == _FREE_SHOWN:
                        return free
    return free


def _ready(case: Case) -> bool:
    return case.loan.state is LoanState.SIGNED and case.open("take_in") is not None and not case.freezes


# -- the panel on a loan's page --------------------------------------------------------------------------------------------


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """Where the loan's things are, what two people are asked, and what may be done next."""
    case = duties.take(db, loan_id, desk.staff.scope, lock=False)
    things = collateral.things_of(db, case.loan.loan_id)
    if not things:
        return None
    held = pledges.pledges_of(db, case.loan.loan_id)
    draft = pledges.draft_of(db, case.loan.loan_id)
    rows: list[dict[str, Any]] = []
    for about in things:
        item = custody.item_of(db, about.thing_id)
        pledge = next((each for each in reversed(held) if each.thing_id == about.thing_id), None)
        if draft is not None and draft.thing_id == about.thing_id:
            pledge = draft
        photos = pledges.photos_of(db, pledge) if pledge else {}
        rows.append({"about": about, "item": item, "pledge": pledge, "photos": photos})
    lifted = [
        row for row in rows if row["item"] and row["item"].state == "in_custody" and row["pledge"] and row["pledge"].state == "lifted"
    ]
    signed = case.loan.state is LoanState.SIGNED
    return {
        "custody_loan": loan_id,
        "custody_rows": rows,
        "custody_requests": requests_of(db, desk, case.loan.loan_id, skip=("valuation.settle",)),
        "may_change": case.loan.state in (LoanState.ACTIVE, LoanState.WRITTEN_OFF) and bool(held),
        "may_take_in": _ready(case) and draft is None and may(desk.staff, "custody.take_in"),
        "draft_form": ActForm(name="draft") if draft and may(desk.staff, "custody.take_in") else None,
        "draft": draft,
        "frozen_for_fraud": any(each.reason == "fraud" for each in case.freezes),
        "no_loan_form": NoLoanForm(name="noloan", fraud=any(each.reason == "fraud" for each in case.freezes))
        if signed
        and case.open("hand_back") is None
        and any(each.state == "delivered" for each in held)
        and may(desk.staff, "custody.to_hand_back")
        else None,
        "hand_back_form": HandBackForm(name="handback")
        if lifted and case.open("hand_back") and may(desk.staff, "custody.hand_back")
        else None,
        "compensate_form": ReasonForm(name="compensate") if case.open("compensate") and may(desk.staff, "custody.compensate") else None,
        "missing": next((row for row in rows if row["item"] and row["item"].state == "missing"), None),
        "find_duty": case.open("find_item"),
        "find_kind": DUTIES["find_item"],
    }


@require_POST
@at_desk
def on_loan_act(request: HttpRequest, desk: Desk, loan_id: str, what: str) -> HttpResponse:
    """What the panel's forms ask for: give a draft up, make no loan, hand back, compensate."""
    if what not in _LOAN_ACTS:
        raise NotFound("there is no such act", code="no_act")
    name, make, do, said = _LOAN_ACTS[what]
    form = make(request.POST, name=what)
    with transaction() as db:
        duties.in_sight(db, loan_id, desk.staff.scope)

    def verb(db: Db) -> None:
        do(db, desk, loan_id, form.cleaned_data)

    if did(desk, name, form, {"loan": loan_id}, verb):
        messages.success(request, gettext(said))
    else:
        for field, errors in form.errors.items():
            label = form.fields[field].label if field in form.fields else ""
            messages.error(request, f"{label}: {errors[0]}" if label else str(errors[0]))
    return HttpResponseRedirect(_on_loan(loan_id))


def _take_back(db: Db, desk: Desk, loan_id: str, given: Mapping[str, Any]) -> None:
    draft = pledges.draft_of(db, duties.in_sight(db, loan_id, desk.staff.scope))
    if draft is None:
        raise NotFound("there is no draft to take back", code="pledge_state")
    pledges.take_back_draft(db, clock=desk.clock, by=desk.staff, pledge=draft.public_id, words=given.get("reason", ""))


def _ask_no_loan(db: Db, desk: Desk, loan_id: str, given: Mapping[str, Any]) -> None:
    pledges.ask_to_hand_back(db, clock=desk.clock, by=desk.staff, loan=loan_id, ends=given["ends"], reason=given["reason"])


def _ask_hand_back(db: Db, desk: Desk, loan_id: str, given: Mapping[str, Any]) -> None:
    pledges.ask_hand_back(db, clock=desk.clock, by=desk.staff, loan=loan_id, seal_no=given["seal_no"], identity_seen=given["identity_seen"])


def _ask_compensation(db: Db, desk: Desk, loan_id: str, given: Mapping[str, Any]) -> None:
    pledges.ask_compensation(db, clock=desk.clock, by=desk.staff, loan=loan_id, reason=given["reason"])


_LOAN_ACTS: Final[Mapping[str, tuple[str, Callable[..., ActForm], Callable[[Db, Desk, str, Mapping[str, Any]], None], str]]] = {
    "draft": ("custody.take_in", ActForm, _take_back, _("The draft is taken back; slot and claim are free.")),
    "noloan": ("custody.to_hand_back", NoLoanForm, _ask_no_loan, _("Asked. Another person agrees; until then nothing changes.")),
    "handback": ("custody.hand_back", HandBackForm, _ask_hand_back, _("Asked. A second person agrees before the thing leaves.")),
    "compensate": (
        "custody.compensate",
        ReasonForm,
        _ask_compensation,
        _("Asked. Another person agrees; then the amount falls on the debt."),
    ),
}


# -- two people ------------------------------------------------------------------------------------------------------------------


def requests_of(
    db: Db, desk: Desk, loan_number: int | None, *, thing: str = "", only: tuple[str, ...] = (), skip: tuple[str, ...] = ()
) -> list[Mapping[str, Any]]:
    """The open requests about a loan's things, with the form for who may answer, and for others why not."""
    shown: list[Mapping[str, Any]] = []
    if loan_number is None:
        return shown
    for each in approvals.requests(db, desk.staff.scope, loan_id=loan_number):
        if (
            each.standing is not approvals.Standing.OPEN
            or each.act not in pledges.ACTS
            or each.act in skip
            or (only and each.act not in only)
        ):
            continue
        if thing and each.inputs.get("thing") not in (thing, None):
            continue
        why_not = why_not_second(each, desk)
        shown.append(
            {
                "asked": each,
                "what": words.word(custody_words.ACTS, each.act),
                "facts": facts_of(each) + _cover(db, desk, each),
                "form": None if why_not else AnswerForm(name=f"answer-{each.public_id[-6:]}"),
                "why_not": why_not,
            }
        )
    return shown


def facts_of(asked: Request) -> list[tuple[str, str]]:
    """What exactly is agreed to, line by line."""
    inputs = asked.inputs
    lines = [
        (gettext("Seal"), inputs.get("seal_no", "")),
        (gettext("From slot"), inputs.get("from", "")),
        (gettext("To slot"), inputs.get("to", "")),
        (gettext("Slot"), inputs.get("slot", "") or inputs.get("place", "")),
        (gettext("IMEI"), " · ".join(inputs.get("imeis", ()))),
    ]
    if inputs.get("lock_off"):
        lines.append((gettext("Seen"), gettext("lock off, SIM out, %(n)s photos") % {"n": len(inputs.get("photos", {}))}))
    if "ends" in inputs:
        lines.append((gettext("Who ends it"), words.word(custody_words.ENDS, inputs["ends"])))
    if "amount" in inputs:
        lines.append((gettext("Amount"), money(inputs["amount"]["minor"], inputs["amount"]["currency"])))
    return [(label, text) for label, text in lines if text]


def _cover(db: Db, desk: Desk, asked: Request) -> list[tuple[str, str]]:
    """Of a request that changes what stands behind a loan: which thing, and what would stand there today against what is owed."""
    if asked.act not in _CHANGES:
        return []
    leaves, comes = (asked.inputs.get(name) for name in _CHANGES[asked.act])
    seen = pledges.preview(
        db, clock=desk.clock, by=desk.staff, loan=asked.inputs["loan"], owed=wiring.OWED, leaves=leaves, comes=comes
    )  # fmt: skip
    lines = []
    if comes:
        lines.append((gettext("Comes in"), collateral.thing_named(db, comes).model))
    if leaves:
        lines.append((gettext("Goes home"), collateral.thing(db, pledges.named(db, leaves).thing_id).model))
    if seen.cover is not None:
        lines.append((gettext("Then stands behind it"), money(seen.cover.remaining.minor, seen.cover.remaining.currency)))
        lines.append((gettext("Is owed"), money(seen.cover.owed.minor, seen.cover.owed.currency)))
    if seen.refused is not None:
        lines.append((gettext("Today"), words.refusal(seen.refused)))
    return lines


@require_POST
@at_desk
def answer(request: HttpRequest, desk: Desk, asked_id: str) -> HttpResponse:
    """Say yes or no as the second person; the yes does the act."""
    form = AnswerForm(request.POST, name=f"answer-{asked_id[-6:]}")
    back = request.POST.get("back", "")
    with transaction() as db:
        asked = approvals.request(db, asked_id)
        loan = _public_loan(db, asked.loan_id)
        if loan:
            duties.in_sight(db, loan, desk.staff.scope)

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        wiring.carry(
            pledges.answer, db, clock=desk.clock, by=desk.staff, request=asked_id, approved=wanted["approved"], words=wanted["words"],
            press=wiring.PRESS, notary=wiring.NOTARY, owed=wiring.OWED,
        )  # fmt: skip

    if did(desk, "approval.answer", form, {"request": asked_id}, verb):
        yes = form.cleaned_data["approved"]
        messages.success(
            request, gettext("You agreed as the second person; it is done.") if yes else gettext("You said no; nothing is done.")
        )
    else:
        for errors in form.errors.values():
            messages.error(request, str(errors[0]))
    if back.startswith("/shelf") or (loan and back == reverse("console:pledging", args=[loan])):
        return HttpResponseRedirect(back)
    return HttpResponseRedirect(_on_loan(loan) if loan else reverse("console:shelf"))


# -- files and numbers ---------------------------------------------------------------------------------------------------------------


@require_safe
@at_desk
def file(request: HttpRequest, desk: Desk, loan_id: str, file_id: str) -> HttpResponse:
    """A photo of the intake or the custody receipt, for whoever sees the loan."""
    with transaction() as db:
        number = duties.in_sight(db, loan_id, desk.staff.scope)
        known = {each.receipt for each in pledges.pledges_of(db, number)}
        for about in collateral.things_of(db, number):
            known |= set(about.evidence.values())
        for each in [*pledges.pledges_of(db, number), *filter(None, [pledges.draft_of(db, number)])]:
            known |= set(pledges.photos_of(db, each).values())
        if file_id not in known:
            raise NotFound(f"loan {loan_id} has no such file", code="no_file")
        found = files.get(db, file_id)
        data = files.read(found, box=box_of(db, party_by_id(db, found.party_id)) if found.party_id else None)
    response = HttpResponse(data, content_type=found.media_type)
    response["Content-Disposition"] = "inline" if found.media_type.startswith("image/") else f"attachment; filename={file_id}.pdf"
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@at_desk
def reveal(request: HttpRequest, desk: Desk, thing: str) -> HttpResponse:
    """The IMEIs in full, once, with the reason on record."""
    form = ReasonForm(request.POST, name="reveal")
    numbers: tuple[str, ...] = ()
    with transaction() as db:
        about = collateral.thing_named(db, thing)
        if form.is_valid():
            try:
                numbers = collateral.reveal_imei(
                    db, clock=desk.clock, by=desk.staff, thing_id=about.thing_id, reason=form.cleaned_data["reason"]
                )
            except NotFound:
                raise
            except HoldfastError as error:
                into_form(form, error)
    response = render(
        request, "console/custody/reveal.html", {"about": about, "numbers": numbers, "form": form}, status=200 if numbers else 422
    )
    response["Cache-Control"] = "no-store"
    return response


# -- helpers ------------------------------------------------------------------------------------------------------------------------


def did(desk: Desk, name: str, form: ActForm, about: Mapping[str, Any], verb: Verb) -> bool:
    """Do a form's act once; what was refused stands in the form."""
    return attempt(desk, form, act=name, about=about, verb=verb) is not None


def _address(known: Shelf) -> str:
    return reverse("console:shelf_one", args=[known.branch_id, known.code])


def _on_loan(loan_id: str) -> str:
    return reverse("console:loan", args=[loan_id]) + "#stage-custody"


def _may_define(desk: Desk) -> bool:
    return may(desk.staff, "shelf.define") and (desk.staff.branch_id is not None or desk.staff.reach is Reach.ALL)


def _loan_number(db: Db, loan: str | None) -> int | None:
    return duties.in_sight(db, loan, None) if loan else None


def _public_loan(db: Db, loan_id: int | None) -> str:
    return duties.take_by_id(db, loan_id, lock=False).loan.public_id if loan_id is not None else ""
