"""Queues: what people have in hand by what is at stake; whose a duty is; who is away; and many duties moved in one act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from holdfast.database.connection import transaction
from holdfast.duties import escalation, ownership
from holdfast.duties.absences import marks_at
from holdfast.duties.ownership import Hands, Preview, Wanted
from holdfast.duties.ranking import weights_of
from holdfast.kernel.errors import HoldfastError, NotFound
from holdfast.life import DUTIES
from holdfast.parties import Staff, may, require, staff_list
from holdfast.servicing import queues
from holdfast.servicing import reading as book
from holdfast.web.console import duty_words, strategies, words
from holdfast.web.console.acts import Tried, in_panel, kept, perform
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, ReasonForm
from holdfast.web.console.templatetags.console import moment, of_language

_SHOWN: Final = 25
_FIRST_LINES: Final = 20


class HandForm(ReasonForm):
    """To whom, and why."""

    to = forms.ChoiceField(label=_("To whom"))
    field_order = ("to", "reason")

    def __init__(self, *args: Any, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        to = self.fields["to"]
        assert isinstance(to, forms.ChoiceField)
        to.choices = people


class SnoozeForm(ReasonForm):
    """Until when, and why. The lender's own time."""

    until = forms.DateTimeField(
        label=_("Until"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M"],
    )
    field_order = ("until", "reason")


class AbsenceForm(ReasonForm):
    """Who is away, when, and who stands in."""

    staff = forms.ChoiceField(label=_("Who is away"))
    from_on = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    until_on = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    stand_in = forms.ChoiceField(
        label=_("Who stands in"), required=False, help_text=_("Somebody of the same role. Nobody: the duties go back to the role's queue.")
    )
    field_order = ("staff", "from_on", "until_on", "stand_in", "reason")

    def __init__(
        self, *args: Any, people: list[tuple[str, str]], whom: list[tuple[str, str]], deputies: list[tuple[str, str]], **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        for name, choices, shown in (("staff", people, whom), ("stand_in", [("", gettext("nobody")), *people], deputies)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
            field.widget.choices = shown  # whoever else is named, the verb says why not


class MoveForm(ReasonForm):
    """The act that a preview showed: bound to exactly its lines."""

    shown = forms.CharField(widget=forms.HiddenInput, max_length=80)


# -- the queue -------------------------------------------------------------------------------------


@require_safe
@at_desk
def queue(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The duties in hand, a page at a time, each line with its reasons."""
    view = request.GET.get("view", "open")
    kind = request.GET.get("kind") or None
    with transaction() as db:
        hands = ownership.hands(db, clock=desk.clock)
        roles = queues.works(desk.staff.role)
        weights = weights_of(desk.pack, desk.lender, desk.today)
        page = queues.queue(
            db, desk.look, desk.staff, hands, weights, now=desk.now, zone=desk.lender.zone, view=view, kind=kind,
            roles=roles, cursor=request.GET.get("next") or None, limit=_SHOWN,
        )  # fmt: skip
        to_do = strategies.to_do(db, desk, [line.loan for line in page.items if line.kind == "follow_up"])
        counts = {
            name: queues.count(db, desk.look, desk.staff, hands, now=desk.now, zone=desk.lender.zone, view=name, roles=roles)
            for name in _views(hands, desk.staff)
        }
    asked = {"view": view, **({"kind": kind} if kind else {})}
    context = {
        "views": [(name, word, counts[name]) for name, word in duty_words.VIEWS.items() if name in counts],
        "view": view,
        "kind": of_language(DUTIES[kind]) if kind in DUTIES else "",
        "lines": [{**_line(line, desk), "to_do": to_do.get(line.loan, "") if line.kind == "follow_up" else ""} for line in page.items],
        "next_address": f"{reverse('console:duties')}?{urlencode({**asked, 'next': page.next})}" if page.next else "",
        "first_address": f"{reverse('console:duties')}?{urlencode(asked)}",
        "paged": "next" in request.GET,
        "may_move": may(desk.staff, "duty.assign"),
        "may_be_away": may(desk.staff, "absence.set"),
    }
    return render(request, "console/duties/queue.html", context)


def _views(hands: Hands, by: Staff) -> list[str]:
    """The views that say anything to this person."""
    if not may(by, "duty.take"):
        return ["open", *(["told"] if hands.ladder.hears(by.role) else [])]
    return [name for name in queues.VIEWS if name != "told" or hands.ladder.hears(by.role)]


def _line(line: queues.QueueLine, desk: Desk) -> Mapping[str, Any]:
    used, mark = escalation(line.window_from, line.due_at, desk.now)
    return {
        "line": line,
        "kind": DUTIES[line.kind],
        "about": words.about(line.kind, line.about),
        "used": used,
        "tone": words.TONES[mark],
        "left": line.due_at - desk.now,
        "reasons": duty_words.reasons(line.rank, line.exposure.currency),
        "told": duty_words.told(line.told, words.ROLES),
        "elsewhere": line.owner_id is not None and line.does != line.owner_id,
    }


# -- one duty --------------------------------------------------------------------------------------


@require_safe
@at_desk
def duty(request: HttpRequest, desk: Desk, loan_id: str, duty_no: int) -> HttpResponse:
    """Whose an open duty is, who hears of it when, and what this person may do about that."""
    return _duty_page(request, desk, loan_id, duty_no)


@require_POST
@at_desk
def act(request: HttpRequest, desk: Desk, loan_id: str, duty_no: int, what: str) -> HttpResponse:
    """Take it, give it back, hand it over, assign it, or put it off."""
    if what not in _ACTS:
        raise Http404(what)
    right, said = _ACTS[what]
    with transaction() as db:
        shown = _shown(db, desk, loan_id, duty_no)
    form = _form(what, request.POST, shown)

    def verb(db: Db) -> str:
        given: dict[str, Any] = {"clock": desk.clock, "by": desk.staff, "loan": loan_id, "duty_no": duty_no}
        told = form.cleaned_data
        if what == "take":
            ownership.take_duty(db, **given)
        elif what == "back":
            ownership.give_back(db, **given, reason=told["reason"])
        elif what == "over":
            ownership.hand_over(db, **given, to=told["to"], reason=told["reason"])
        elif what == "assign":
            ownership.assign(db, **given, to=None if told["to"] == _QUEUE else told["to"], reason=told["reason"])
        else:
            ownership.snooze(db, **given, until=_instant(told["until"], desk.lender.zone), reason=told["reason"])
        return ""

    return perform(
        request, desk, Tried(what, f"{loan_id} {duty_no}", form), act=right, verb=verb, said=str(said),
        back=reverse("console:duty", args=[loan_id, duty_no]),
        again=lambda tried: _duty_page(request, desk, loan_id, duty_no, tried=tried, status=422),
    )  # fmt: skip


_QUEUE: Final = "queue"
_ACTS: Final[Mapping[str, tuple[str, Any]]] = {
    "take": ("duty.take", _("It is yours now.")),
    "back": ("duty.take", _("It is back in the queue of its role.")),
    "over": ("duty.take", _("It is handed over.")),
    "assign": ("duty.assign", _("It is assigned.")),
    "snooze": ("duty.take", _("It is hidden until then. Its deadline stays where it is.")),
}


def _shown(db: Db, desk: Desk, loan_id: str, duty_no: int) -> Mapping[str, Any]:
    """The duty, who does it, and whom it can be given to."""
    detail = book.loan_detail(db, desk.look, loan_id)
    found = next((each for each in book.duties_of(db, desk.look, loan_id) if each.no == duty_no), None)
    if found is None:
        raise NotFound(f"loan {loan_id} has no duty {duty_no}", code="duty_not_found", field="duty")
    hands = ownership.hands(db, clock=desk.clock)
    owner_id, snoozed_until = ownership.holder(db, desk.staff, loan_id, duty_no)
    people = {each.staff_id: each for each in staff_list(db)}
    does = hands.does(owner_id)
    fit = [each for each in people.values() if each.active and each.role == found.role and each.staff_id not in hands.flow]
    return {
        "row": detail.row, "duty": found, "hands": hands, "owner": people.get(owner_id or 0), "does": people.get(does or 0),
        "mine": owner_id is not None and desk.staff.staff_id in (owner_id, does),
        "own": owner_id == desk.staff.staff_id,
        "free": does is None or does == desk.staff.staff_id,
        "people": [(each.public_id, each.name) for each in sorted(fit, key=lambda each: each.name) if each.staff_id != owner_id],
        "snoozed_until": snoozed_until,
    }  # fmt: skip


def _form(what: str, data: Any, shown: Mapping[str, Any]) -> ActForm:
    if what == "take":
        return ActForm(data, name="take")
    if what == "over":
        return HandForm(data, name="over", people=shown["people"])
    if what == "assign":
        return HandForm(data, name="assign", people=[(_QUEUE, gettext("back to the queue of its role")), *shown["people"]])
    return SnoozeForm(data, name="snooze") if what == "snooze" else ReasonForm(data, name="back")


def _duty_page(
    request: HttpRequest, desk: Desk, loan_id: str, duty_no: int, *, tried: Tried | None = None, status: int = 200
) -> HttpResponse:
    with transaction() as db:
        shown = _shown(db, desk, loan_id, duty_no)
    found, hands, mine = shown["duty"], shown["hands"], shown["mine"]
    kind = DUTIES[found.kind]
    takes = may(desk.staff, "duty.take")
    open_to = {
        "take": found.open and takes and found.role == desk.staff.role and shown["free"] and not shown["own"],
        "back": found.open and takes and mine,
        "over": found.open and takes and mine and bool(shown["people"]),
        "snooze": found.open and takes and mine and hands.snooze.allows(found.kind) and desk.now < found.due_at,
        "assign": found.open and may(desk.staff, "duty.assign") and hands.ladder.supervises(desk.staff.role, found.role),
    }
    about = f"{loan_id} {duty_no}"
    forms_shown = {name: kept(tried, name, about, _fresh(name, shown)) for name, offered in open_to.items() if offered or _is(tried, name)}
    used, mark = escalation(found.window_from, found.due_at, desk.now)
    at = marks_at(found.window_from, found.due_at)
    context = {
        **shown,
        "kind": kind,
        "about": words.about(found.kind, found.about),
        "used": used,
        "tone": words.TONES[mark],
        "left": found.due_at - desk.now,
        "steps": [
            (each, duty_words.told(hands.ladder.told(found.role, each)[-1:], words.ROLES), at.get(each), used >= each)
            for each, _w in hands.ladder.marks()
        ],
        "forms": forms_shown,
        "form": tried.form if tried else None,
        "never_waits": mine and not hands.snooze.allows(found.kind),
        "snooze_most": hands.snooze.most_times,
        "snoozed": shown["snoozed_until"] if shown["snoozed_until"] and shown["snoozed_until"] > desk.now else None,
        "title": f"{of_language(kind)} {words.about(found.kind, found.about)}".strip(),
    }
    return render(request, "console/duties/duty.html", context, status=status)


def _fresh(name: str, shown: Mapping[str, Any]) -> Callable[[], ActForm]:
    return lambda: _form(name, None, shown)


def _is(tried: Tried | None, name: str) -> bool:
    return tried is not None and tried.name == name


def _instant(typed: datetime, zone: str) -> datetime:
    """A moment as it was typed: the lender's own time unless the form has told it apart already."""
    return typed if typed.tzinfo is not None else typed.replace(tzinfo=ZoneInfo(zone))


# -- who is away -----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def away(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Who is away or will be, and entering an absence: one's own, or of somebody whose supervisor one is."""
    if request.method != "POST":
        return _away_page(request, desk)
    with transaction() as db:
        form = _absence_form(db, desk, request.POST)

    def verb(db: Db) -> str:
        told = form.cleaned_data
        made = ownership.set_absence(
            db, clock=desk.clock, by=desk.staff, staff=told["staff"], from_on=told["from_on"], until_on=told["until_on"],
            stand_in=told["stand_in"] or None, reason=told["reason"],
        )  # fmt: skip
        return made.public_id

    return perform(
        request, desk, Tried("absence", "", form), act="absence.set", verb=verb,
        said=gettext("Entered. From the first day on the duties go that way."),
        back=reverse("console:absences"), again=lambda tried: _away_page(request, desk, tried=tried, status=422),
    )  # fmt: skip


@require_POST
@at_desk
def back(request: HttpRequest, desk: Desk, absence: str) -> HttpResponse:
    """Somebody is back earlier than planned."""
    form = ActForm(request.POST, name="back")

    def verb(db: Db) -> str:
        ownership.end_absence(db, clock=desk.clock, by=desk.staff, absence=absence)
        return ""

    return in_panel(
        request, desk, Tried("back", absence, form), act="absence.set", verb=verb,
        said=gettext("Back: the duties are on their own list again."),
        back=reverse("console:absences"),
    )  # fmt: skip


def _absence_form(db: Db, desk: Desk, data: Any) -> AbsenceForm:
    hands = ownership.hands(db, clock=desk.clock)
    people = [each for each in staff_list(db) if each.active and may(each, "absence.set")]
    assigns = may(desk.staff, "duty.assign")
    whom = [
        each for each in people if each.staff_id == desk.staff.staff_id or (assigns and hands.ladder.supervises(desk.staff.role, each.role))
    ]
    roles = {each.role for each in whom}
    initial = {"staff": desk.staff.public_id, "from_on": desk.today, "until_on": desk.today}

    def told(each: Staff) -> tuple[str, str]:
        return each.public_id, f"{each.name} · {words.word(words.ROLES, each.role)}"

    return AbsenceForm(
        data, name="absence", people=[told(each) for each in people], whom=[told(each) for each in whom],
        deputies=[("", gettext("nobody")), *(told(each) for each in people if each.role in roles)], initial=initial,
    )  # fmt: skip


def _away_page(request: HttpRequest, desk: Desk, *, tried: Tried | None = None, status: int = 200) -> HttpResponse:
    with transaction() as db:
        hands = ownership.hands(db, clock=desk.clock)
        found = ownership.absences(db, clock=desk.clock)
        people = {each.staff_id: each for each in staff_list(db)}
        form = None
        if may(desk.staff, "absence.set"):
            form = tried.form if tried else _absence_form(db, desk, None)
    rows = [
        {
            "absence": each,
            "person": people[each.staff_id],
            "role": words.word(words.ROLES, people[each.staff_id].role),
            "stand_in": people.get(each.stand_in or 0),
            "now": each.holds(desk.today),
            "form": ActForm(name=f"back-{each.public_id}") if _may_end(hands, desk, people[each.staff_id]) else None,
        }
        for each in found
    ]
    return render(request, "console/duties/absences.html", {"rows": rows, "form": form}, status=status)


def _may_end(hands: Hands, desk: Desk, person: Staff) -> bool:
    if not may(desk.staff, "absence.set"):
        return False
    return person.staff_id == desk.staff.staff_id or (
        may(desk.staff, "duty.assign") and hands.ladder.supervises(desk.staff.role, person.role)
    )


# -- many at once ----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def move(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Which duties, from whom, to whom; how many that is; and the one act that moves them."""
    require(desk.staff, "duty.assign")
    if request.method != "POST":
        return _move_page(request, desk)
    wanted = _wanted(request)
    form = MoveForm(request.POST, name="move")
    moved: list[int] = []

    def verb(db: Db) -> str:
        done = ownership.move(
            db, clock=desk.clock, by=desk.staff, wanted=wanted, shown=form.cleaned_data["shown"], reason=form.cleaned_data["reason"]
        )
        return str(done.count)

    def said(count: str) -> str:
        moved.append(int(count))
        return ngettext("%(n)s duty has changed hands.", "%(n)s duties have changed hands.", int(count)) % {"n": count}

    return perform(
        request, desk, Tried("move", request.GET.urlencode(), form), act="duty.assign", verb=verb, said=said,
        back=reverse("console:duties") + "?view=told", again=lambda tried: _move_page(request, desk, tried=tried, status=422),
    )  # fmt: skip


def _wanted(request: HttpRequest) -> Wanted:
    """Which duties the address names."""
    asked = request.GET
    kinds = tuple(each for each in asked.getlist("kind") if each)
    return Wanted(role=asked.get("role", ""), owner=asked.get("from") or None, to=asked.get("to") or None, kinds=kinds)


def _move_page(request: HttpRequest, desk: Desk, *, tried: Tried | None = None, status: int = 200) -> HttpResponse:
    wanted = _wanted(request)
    seen: Preview | None = None
    why_not = ""
    with transaction() as db:
        hands = ownership.hands(db, clock=desk.clock)
        roles = [role for role in hands.ladder.supervisors if role != "system" and hands.ladder.supervises(desk.staff.role, role)]
        people = [each for each in staff_list(db) if each.role in roles]
        if wanted.role and (wanted.owner or wanted.to):
            try:
                seen = ownership.preview_move(db, clock=desk.clock, by=desk.staff, wanted=wanted)
            except HoldfastError as error:
                why_not = words.refusal(error)
    names = [(each.public_id, f"{each.name} · {words.word(words.ROLES, each.role)}", each.active) for each in people]
    context = {
        "wanted": wanted,
        "roles": [(role, words.word(words.ROLES, role)) for role in roles],
        "owners": names,
        "receivers": [each for each in names if each[2]],
        "kinds": [(name, of_language(kind)) for name, kind in DUTIES.items() if kind.role in roles],
        "seen": seen,
        "count": len(seen.lines) if seen else 0,
        "first": [
            (line, of_language(DUTIES[line.kind]), words.about(line.kind, line.about), moment(line.due_at, desk.today))
            for line in (seen.lines[:_FIRST_LINES] if seen else ())
        ],
        "more": max(0, len(seen.lines) - _FIRST_LINES) if seen else 0,
        "why_not": why_not,
        "form": tried.form if tried else MoveForm(name="move", initial={"shown": seen.shown}) if seen and seen.lines else None,
        "address": request.get_full_path(),
    }
    return render(request, "console/duties/move.html", context, status=status)
