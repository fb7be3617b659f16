"""The release desk: what waits, one release with its audit and its two-person panels, and what staff do on it.

Each act is one verb in one transaction. A page says why an act is not this person's: it shows the panel and the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from holdfast import approvals, duties, files, release
from holdfast.approvals import Request
from holdfast.collateral import custody
from holdfast.contact import codes, segments
from holdfast.database.connection import transaction
from holdfast.duties import Case
from holdfast.kernel.errors import HoldfastError, NotFound
from holdfast.parties import box_of, may, party_by_id, require, staff_by_id
from holdfast.release import NOTHING_TO_HAND_BACK, Release, ReleaseState, Thing, Way
from holdfast.servicing import reading as book
from holdfast.servicing import reckon
from holdfast.web.console import release_words
from holdfast.web.console.acts import Tried, Verb, into_form, perform
from holdfast.web.console.approval import why_not_second
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, AnswerForm, ReasonForm
from holdfast.web.console.release_forms import IdentifyForm, ReadForm
from holdfast.wiring import BUREAU, NOTARY, PRESS, carry

_LISTED: Final = 200


@require_safe
@at_desk
def desk_list(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Releases within sight: those that go on, or with `?done` those that are over."""
    done = "done" in request.GET
    with transaction() as db:
        rows = release.releases(db, desk.staff.scope, under_way=not done, limit=_LISTED)
    return render(request, "console/releases/list.html", {"rows": [_row(each) for each in rows], "done": done})


def _row(listed: release.Listed) -> Mapping[str, Any]:
    found = listed.release
    shape, word = release_words.RELEASE_STATES[found.state]
    return {
        "listed": listed, "release": found, "shape": shape, "word": word, "thing": release_words.THINGS[found.thing],
        "next": _next(found),
    }  # fmt: skip


def _next(found: Release) -> str:
    """What has to be done next, and by whom."""
    if found.state in (ReleaseState.OPENED, ReleaseState.IDENTIFIED):
        return gettext("audit the account")
    if found.state is ReleaseState.AUDITED:
        return gettext("two people approve")
    if found.state is ReleaseState.APPROVED:
        return gettext("issue the certificate")
    if found.state is ReleaseState.CERTIFIED and found.thing not in NOTHING_TO_HAND_BACK and found.handed_back_at is None:
        return gettext("hand the thing back") if found.identified_at else gettext("the borrower comes and is identified")
    return gettext("report to the bureau") if found.reported_at is None else "—"


@require_safe
@at_desk
def one(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The newest release of a loan."""
    return page(request, desk, loan_id)


def page(request: HttpRequest, desk: Desk, loan_id: str, *, tried: Tried | None = None, status: int = 200) -> HttpResponse:
    """The whole page; `tried` is a form that was refused and is shown as it was filled in."""
    with transaction() as db:
        case = duties.take(db, loan_id, desk.staff.scope, lock=False)
        found = release.release_of(db, case.loan.loan_id)
        if found is None:
            raise NotFound(f"loan {loan_id} has no release; one begins when it is paid off", code="no_release", field="loan")
        context = _context(db, request, desk, case, found, tried)
    return render(request, "console/releases/release.html", context, status=status)


def _context(db: Db, request: HttpRequest, desk: Desk, case: Case, found: Release, tried: Tried | None) -> dict[str, Any]:
    loan, currency = case.loan, case.loan.currency
    detail = book.loan_detail(db, desk.look, loan.public_id)
    reckoning = reckon(db, loan=loan.public_id)
    held = custody.holds(db, loan.loan_id)
    asked = approvals.request(db, found.request) if found.request else None
    witness = approvals.request(db, found.hand_back_request) if found.hand_back_request and found.handed_back_at is None else None
    allowed = [each for each in approvals.requests(db, desk.staff.scope, loan_id=loan.loan_id) if each.act == release.PHONE]
    under_way = found.state in release.UNDER_WAY
    shape, word = release_words.RELEASE_STATES[found.state]
    code_sent = request.session.get(_session_name(loan.public_id))
    forms_of: dict[str, forms.Form] = {
        "identify": IdentifyForm(name="identify", initial={"way": Way.SELF if loan.party_id else Way.PAPERS}),
        "hand_back": ReadForm(name="handback", places=[str(item.place) for item in held] if found.thing is Thing.IN_CUSTODY else []),
        **{name: ActForm(name=name) for name in ("code", "audit", "certify", "report", "lost")},
        "phone": ReasonForm(name="phone"),
        "approve": AnswerForm(name="approve"),
        "witness": AnswerForm(name="witness"),
        "allow": AnswerForm(name="allow"),
    }
    if tried is not None:
        forms_of[tried.name] = tried.form
    failing = [line for line in found.lines if not line.ok]
    return {
        "release": found, "loan": loan, "row": detail.row, "currency": currency, "shape": shape, "word": word, "reckoning": reckoning,
        "thing_word": release_words.THINGS[found.thing], "way_word": release_words.WAYS[found.way] if found.way else "",
        "held": held, "steps": _steps(found), "forms": forms_of, "failed": tried.name if tried else "",
        "lines": [(line, release_words.CHECKS[line.check], *release_words.figures(line, currency)) for line in found.lines],
        "failing": len(failing), "phone_blocks": any(line.check == "phone_number_unchanged" for line in failing),
        "audited_by": staff_by_id(db, found.audited_by).name if found.audited_by else "",
        "identified_by": staff_by_id(db, found.identified_by).name if found.identified_by else "",
        "asked": panel(db, desk, asked), "witness": panel(db, desk, witness), "allowed": panel(db, desk, allowed[0] if allowed else None),
        "duties": {duty.kind: duty for duty in case.standing},
        "can": {name: under_way and may(desk.staff, act) and possible(found) for name, (act, possible) in _POSSIBLE.items()},
        "code_sent": code_sent, "borrower_known": loan.party_id is not None,
        "messages_sent": [(body, state, sent_at, len(body), segments(body)) for body, state, sent_at in release.told(db, loan.loan_id)],
        "paid_off_at": release.paid_off_at(db, found), "papers": _papers(found), "bureau": BUREAU.run_against(),
        "nothing_to_hand_back": found.thing in NOTHING_TO_HAND_BACK,
        "lost": found.thing is Thing.IN_CUSTODY and not held and found.handed_back_at is None,
    }  # fmt: skip


# Which act is possible where the release stands, and what a person must be allowed.
_POSSIBLE: Final[Mapping[str, tuple[str, Callable[[Release], bool]]]] = {
    "identify": ("release.identify", lambda found: found.state is not ReleaseState.HANDED_BACK and found.thing not in NOTHING_TO_HAND_BACK),
    "audit": ("release.audit", lambda found: found.state in (ReleaseState.OPENED, ReleaseState.IDENTIFIED)),
    "approve": ("release.approve", lambda found: found.state is ReleaseState.AUDITED),
    "certify": ("release.certify", lambda found: found.state is ReleaseState.APPROVED),
    "hand_back": (
        "release.hand_back",
        lambda found: found.state is ReleaseState.CERTIFIED and found.identified_at is not None and found.thing not in NOTHING_TO_HAND_BACK,
    ),
    "report": (
        "release.report",
        lambda found: found.state in (ReleaseState.CERTIFIED, ReleaseState.HANDED_BACK) and found.reported_at is None,
    ),
    "lost": ("release.hand_back", lambda found: found.thing is Thing.IN_CUSTODY and found.handed_back_at is None),
    "phone": ("release.audit", lambda found: found.state in (ReleaseState.OPENED, ReleaseState.IDENTIFIED)),
}


def _steps(found: Release) -> list[Mapping[str, Any]]:
    """The stages of the release, each done, now or to come."""
    nothing = found.thing in NOTHING_TO_HAND_BACK
    steps: list[tuple[Any, Any]] = [(_("Paid off"), found.opened_at)]
    if not nothing:
        steps.append((_("Identified"), found.identified_at))
    steps += [
        (_("Audited"), found.audited_at if found.passed else None),
        (_("Two people"), found.approved_at),
        (_("Certificate"), found.certified_at),
    ]
    if not nothing:
        steps.append((_("Handed back"), found.handed_back_at))
    steps.append((_("Bureau told"), found.reported_at))
    now = next((index for index, (_name, at) in enumerate(steps) if at is None), len(steps))
    return [
        {"name": name, "at": at, "state": "done" if at else "now" if index == now else "todo"} for index, (name, at) in enumerate(steps)
    ]


def _papers(found: Release) -> list[tuple[str, str | None]]:
    return [
        (gettext("Settlement certificate"), found.certificate),
        (gettext("Release application"), found.application),
        *([] if found.thing in NOTHING_TO_HAND_BACK else [(gettext("Hand-back receipt"), found.hand_back_receipt)]),
    ]


def panel(db: Db, desk: Desk, asked: Request | None) -> Mapping[str, Any] | None:
    """A request as its panel shows it: who has answered, who is still needed, who is barred, and why this person may not."""
    if asked is None:
        return None
    why_not = why_not_second(asked, desk)
    barred = [staff_by_id(db, each).name for each in sorted(asked.barred)]
    return {
        "asked": asked, "open": asked.standing == "open", "why_not": why_not, "barred": [*barred, asked.maker_name],
        "wanting": range(max(asked.needed - len(asked.answers), 0)),
    }  # fmt: skip


# -- acts -----------------------------------------------------------------------------------------


@require_POST
@at_desk
def send_code(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Send a code to the borrower's phone; whoever stands at the counter reads it out."""

    def verb(db: Db) -> None:
        request.session[_session_name(loan_id)] = release.send_code(db, clock=desk.clock, by=desk.staff, loan=loan_id)

    return _act(
        request,
        desk,
        Tried("code", loan_id, ActForm(request.POST, name="code")),
        "release.identify",
        verb,
        gettext("The code is on its way."),
    )


@require_POST
@at_desk
def identify(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Compare name and number, and the code or the papers."""
    form = IdentifyForm(request.POST, request.FILES, name="identify")
    code_id = request.session.get(_session_name(loan_id))

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        evidence = [_keep(db, desk, loan_id, wanted["evidence"])] if wanted["evidence"] else []
        release.identify(
            db, clock=desk.clock, by=desk.staff, loan=loan_id, way=wanted["way"], name=wanted["name"], id_number=wanted["id_number"],
            code_id=code_id if wanted["way"] == Way.SELF else None, agent_name=wanted["agent_name"],
            evidence=evidence, words=wanted["words"],
        )  # fmt: skip
        request.session.pop(_session_name(loan_id), None)  # the code is used up

    if form.is_valid() and form.cleaned_data["way"] == Way.SELF and code_id and form.cleaned_data["code"]:
        require(desk.staff, "release.identify")
        try:
            # In a transaction of its own: a wrong attempt counts even if nothing else comes of it.
            with transaction() as db:
                right = codes.attempt(db, clock=desk.clock, code_id=code_id, digits=form.cleaned_data["code"])
            if not right:
                form.add_error("code", gettext("These are not the digits that were sent."))
        except HoldfastError as error:
            into_form(form, error)
    return _act(request, desk, Tried("identify", loan_id, form), "release.identify", verb, gettext("Identified."))


@require_POST
@at_desk
def audit(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Make every check; if all agree, two people are asked."""

    def verb(db: Db) -> None:
        release.audit(db, clock=desk.clock, by=desk.staff, loan=loan_id)

    return _act(
        request,
        desk,
        Tried("audit", loan_id, ActForm(request.POST, name="audit")),
        "release.audit",
        verb,
        gettext("Audited; see each line."),
    )


@require_POST
@at_desk
def approve(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """One person's yes or no."""
    form = AnswerForm(request.POST, name="approve")

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        release.approve(db, clock=desk.clock, by=desk.staff, loan=loan_id, approved=wanted["approved"], words=wanted["words"])

    return _act(request, desk, Tried("approve", loan_id, form), "release.approve", verb, gettext("Your answer is on record."))


@require_POST
@at_desk
def phone(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Ask two others to let the release go on although the phone number was changed of late."""
    form = ReasonForm(request.POST, name="phone")

    def verb(db: Db) -> None:
        release.ask_phone_change(db, clock=desk.clock, by=desk.staff, loan=loan_id, reason=form.cleaned_data["reason"])

    return _act(request, desk, Tried("phone", loan_id, form), "release.audit", verb, gettext("Asked. Two others answer on this page."))


@require_POST
@at_desk
def allow(request: HttpRequest, desk: Desk, loan_id: str, asked_id: str) -> HttpResponse:
    """One person's yes or no to a release in spite of a changed number."""
    form = AnswerForm(request.POST, name="allow")

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        release.allow_phone_change(
            db, clock=desk.clock, by=desk.staff, request=asked_id, approved=wanted["approved"], words=wanted["words"]
        )

    return _act(request, desk, Tried("allow", loan_id, form), "release.approve", verb, gettext("Your answer is on record."))


@require_POST
@at_desk
def certify(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Issue the certificate and the application."""

    def verb(db: Db) -> None:
        release.certify(db, clock=desk.clock, by=desk.staff, loan=loan_id, press=PRESS, notary=NOTARY, site=_site(request))

    form = ActForm(request.POST, name="certify")
    return _act(request, desk, Tried("certify", loan_id, form), "release.certify", verb, gettext("Issued and sealed."))


@require_POST
@at_desk
def ask_hand_back(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Seal and IMEI read again; ask the second person."""
    with transaction() as db:
        case = duties.take(db, loan_id, desk.staff.scope, lock=False)
        found = release.release_of(db, case.loan.loan_id)
        held = custody.holds(db, case.loan.loan_id) if found and found.thing is Thing.IN_CUSTODY else []
    form = ReadForm(request.POST, name="handback", places=[str(item.place) for item in held])

    def verb(db: Db) -> None:
        release.ask_hand_back(
            db,
            clock=desk.clock,
            by=desk.staff,
            loan=loan_id,
            read=form.read if form.count else None,
            words=form.cleaned_data.get("words", ""),
        )

    said = gettext("Seal and IMEI agree. Now the second person looks and says yes.")
    return _act(request, desk, Tried("hand_back", loan_id, form), "release.hand_back", verb, said)


@require_POST
@at_desk
def hand_back(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The second person's yes or no; the yes hands the thing over."""
    form = AnswerForm(request.POST, name="witness")

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        release.hand_back(
            db, clock=desk.clock, by=desk.staff, loan=loan_id, approved=wanted["approved"], words=wanted["words"], press=PRESS,
            notary=NOTARY, site=_site(request),
        )  # fmt: skip

    return _act(request, desk, Tried("witness", loan_id, form), "custody.witness", verb, gettext("Your answer is on record."))


@require_POST
@at_desk
def report(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Tell the bureau."""

    def verb(db: Db) -> None:
        carry(release.report, db, clock=desk.clock, by=desk.staff, loan=loan_id, bureau=BUREAU)

    return _act(request, desk, Tried("report", loan_id, ActForm(request.POST, name="report")), "release.report", verb, gettext("Reported."))


@require_POST
@at_desk
def close_lost(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The thing was lost and made good: nothing is left to return."""

    def verb(db: Db) -> None:
        carry(release.close_lost, db, clock=desk.clock, by=desk.staff, loan=loan_id)

    return _act(request, desk, Tried("lost", loan_id, ActForm(request.POST, name="lost")), "release.hand_back", verb, gettext("Entered."))


@require_safe
@at_desk
def paper(request: HttpRequest, desk: Desk, loan_id: str, file_id: str) -> HttpResponse:
    """A paper of the release or the disposal, as it was sealed."""
    with transaction() as db:
        number = book.loan_number(db, desk.look, loan_id)
        file, data = release.paper(db, number, file_id)
    response = HttpResponse(data, content_type=file.media_type)
    response["Content-Disposition"] = f'inline; filename="{file.public_id}.pdf"'
    return response


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """What the loan's page shows of its release: where it stands and what comes next."""
    number = book.loan_number(db, desk.look, loan_id)
    found = release.release_of(db, number)
    if found is None:
        return None
    shape, word = release_words.RELEASE_STATES[found.state]
    return {
        "release": found, "shape": shape, "word": word, "next": _next(found) if found.state in release.UNDER_WAY else "",
        "steps": _steps(found), "address": reverse("console:release", args=[loan_id]),
    }  # fmt: skip


# -- helpers --------------------------------------------------------------------------------------


def _act(request: HttpRequest, desk: Desk, tried: Tried, act: str, verb: Verb, said: str) -> HttpResponse:
    return perform(
        request, desk, tried, act=act, verb=verb, said=said, back=reverse("console:release", args=[tried.about]),
        again=lambda tried: page(request, desk, tried.about, tried=tried, status=422),
    )  # fmt: skip


def _keep(db: Db, desk: Desk, loan_id: str, upload: Any) -> str:
    """Keep an uploaded paper under the borrower's key; its public id."""
    case = duties.take(db, loan_id, desk.staff.scope)
    party = party_by_id(db, case.loan.party_id) if case.loan.party_id is not None else None
    box = box_of(db, party) if party else None
    return files.put(db, upload.read(), clock=desk.clock, name=upload.name, box=box, party_id=party.party_id if party else None).public_id


def _session_name(loan_id: str) -> str:
    return f"collect {loan_id}"


def _site(request: HttpRequest) -> str:
    """The address under which the borrower reaches the proof page: the one that this page was reached under."""
    return request.build_absolute_uri("/").rstrip("/")
