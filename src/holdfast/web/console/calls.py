"""The call desk: whose turn it is, and one call with its script, the file beside it, and what the caller may do next.

The script shows one open step. What a step that names the loan says is drawn only when it is proved who
answers; the rule says so, not the template. Every figure that is read out is the server's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from holdfast import applications, confirmation, contact, duties
from holdfast.confirmation import Call, CallOutcome, Confirmation, ConfirmationState, Facts, Script, Step, rules
from holdfast.confirmation.observations import Observation, observations_of
from holdfast.confirmation.script import StepKind
from holdfast.contact import codes
from holdfast.database.connection import transaction
from holdfast.duties import Case, escalation
from holdfast.kernel.errors import HoldfastError, Refusal
from holdfast.life import LIVE
from holdfast.parties import masked, masks, may, party_by_id
from holdfast.web.console import call_words, words
from holdfast.web.console.acts import Tried
from holdfast.web.console.call_forms import (
    ChoiceAnswerForm,
    CodeForm,
    DialForm,
    EndForm,
    FailForm,
    IdentityForm,
    MissingFactsForm,
    ObserveForm,
    RecordingForm,
    SignForm,
    WordsForm,
)
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, new_key
from holdfast.web.console.templatetags.console import money, of_language

MAY: Final = "confirmation.call"
FRAUD: Final = "fraud"
_NEXT: Final = 5
_RINGS: Final = (CallOutcome.NO_ANSWER, CallOutcome.BUSY, CallOutcome.POWERED_OFF, CallOutcome.WRONG_NUMBER)
_SPOKEN: Final = (CallOutcome.CALL_BACK, CallOutcome.REFUSED, CallOutcome.HUNG_UP, CallOutcome.WRONG_NUMBER)


@require_safe
@at_desk
def queue(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The loans that wait for their call, and why each stands where it stands."""
    with transaction() as db:
        waiting = confirmation.queue(db, desk.staff.scope, clock=desk.clock)
    mine = request.GET.get("mine") == "1"
    shown = [each for each in waiting if not mine or each.owner_id == desk.staff.staff_id]
    counts = {"all": len(waiting), "mine": sum(each.owner_id == desk.staff.staff_id for each in waiting)}
    context = {"rows": [_row(each, desk) for each in shown], "mine": mine, "counts": counts, "acts": may(desk.staff, MAY)}
    return render(request, "console/calls/queue.html", context)


@require_safe
@at_desk
def call_desk(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """One case at the desk."""
    return page(request, desk, loan_id)


@require_safe
@at_desk
def call_clock(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The call bar's clock, drawn anew, and whether the borrower has typed the code."""
    with transaction() as db:
        case = duties.take(db, loan_id, desk.staff.scope, lock=False)
        call = confirmation.confirmation_of(db, case.loan.loan_id).call
        proved = call is not None and call.code_id is not None and codes.proved_at(db, call.code_id) is not None
    context = {"loan_id": loan_id, "call": call, "clock": mark(call.seconds(desk.now)) if call else "", "proved": proved}
    return render(request, "console/calls/_clock.html", context)


def page(request: HttpRequest, desk: Desk, loan_id: str, *, tried: Tried | None = None, status: int = 200) -> HttpResponse:
    """The desk with this case; `tried` is the form that was refused, as it was filled in."""
    with transaction() as db:
        context = _context(db, desk, loan_id, tried)
    return render(request, "console/calls/desk.html", context, status=status)


def form_of_step(db: Db, desk: Desk, loan_id: str, step: Step, data: Any = None) -> ActForm:
    """The form that the answer to a step is given in."""
    name = f"step-{step.id}"
    if step.kind is StepKind.CHOICE:
        return ChoiceAnswerForm(data, name=name, step=step)
    if step.kind is StepKind.IDENTITY:
        return IdentityForm(data, name=name)
    if step.kind is StepKind.CODE:
        return CodeForm(data, name=name)
    return MissingFactsForm(data, name=name, missing=_missing(db, desk, duties.take(db, loan_id, desk.staff.scope, lock=False)))


def end_form(call: Call, data: Any = None) -> EndForm:
    """The form that ends a call, with what this one can have come to."""
    return EndForm(data, name="end", outcomes=_SPOKEN if call.answered_at else _RINGS)


def fail_form(call: Call, data: Any = None) -> FailForm:
    """The form that ends the application, with what this call has shown."""
    shown = sorted(rules.shows(confirmation.script(call.script_version), call.answers))
    return FailForm(data, name="fail", reasons=shown)


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """What a loan's page shows of its confirmation and of signs of fraud; nothing for a loan that has neither and is over."""
    case = duties.take(db, loan_id, desk.staff.scope, lock=False)
    found = confirmation.confirmation_of(db, case.loan.loan_id)
    waits = case.open("confirm") is not None
    signs = confirmation.signs_of(db, desk.staff.scope, loan=loan_id)
    reports = may(desk.staff, "fraud.freeze") and case.loan.state in LIVE
    if not (found.calls or waits or signs or reports):
        return None
    return {
        "loan_id": loan_id,
        "confirmation": found,
        "has": bool(found.calls or waits),
        "calls": [_told(call) for call in found.calls],
        "shape": call_words.STATES[found.state][0],
        "state_word": str(call_words.STATES[found.state][1]),
        "failure": words.word(call_words.FAILURES, found.failure) if found.failure else "",
        "opens_desk": waits,
        "frozen": any(each.reason == FRAUD for each in case.freezes),
        "signs": [{"sign": sign, "word": words.word(call_words.SIGNS, sign.sign)} for sign in signs],
        "reports": reports,
        "reviews": may(desk.staff, "fraud.thaw"),
    }


# ── what the page is made of ───────────────────────────────────────────────────────────────────────────────


def _context(db: Db, desk: Desk, loan_id: str, tried: Tried | None) -> Mapping[str, Any]:
    case = duties.take(db, loan_id, desk.staff.scope, lock=False)
    found = confirmation.confirmation_of(db, case.loan.loan_id)
    party = party_by_id(db, case.loan.party_id) if case.loan.party_id is not None else None
    facts = confirmation.facts_now(db, clock=desk.clock, scope=desk.staff.scope, loan=loan_id)
    call, duty = found.call, case.open("confirm")
    spoken = confirmation.script(call.script_version if call else None)
    acts = may(desk.staff, MAY) and duty is not None and not case.freezes
    mine = call is not None and call.by_staff == desk.staff.staff_id
    answered = call is not None and call.answered_at is not None
    waiting = confirmation.queue(db, desk.staff.scope, clock=desk.clock)
    others = [_row(each, desk) for each in waiting if each.loan != loan_id and not each.frozen]
    steps = _steps(db, desk, case, call, spoken, facts, tried, acts=acts and mine and answered)
    left = contact.calls_today(db, clock=desk.clock, party_id=party.party_id) if party else None
    open_step = next((step for step in steps if step["open"]), None)
    return {
        "loan_id": loan_id,
        "case": case,
        "confirmation": found,
        "state": found.state.value,
        "failure": words.word(call_words.FAILURES, found.failure) if found.failure else "",
        "call": call,
        "clock": mark(call.seconds(desk.now)) if call else "",
        "answered": answered,
        "mine": mine,
        "acts": acts,
        "frozen": bool(case.freezes),
        "freeze": case.freezes[0] if case.freezes else None,
        "masks": masks(db, party) if party else {},
        "facts": facts,
        "each": facts.instalments[0][1] if facts.instalments else 0,
        "documents": _file(db, case),
        "duty": duty,
        "used": escalation(duty.window_from, duty.due_at, desk.now)[0] if duty else 0,
        "tone": words.TONES[escalation(duty.window_from, duty.due_at, desk.now)[1]] if duty else "now",
        "owner": next((each.owner for each in waiting if each.loan == loan_id), None),
        "owned": duty is not None and duty.owner_id == desk.staff.staff_id,
        "left": left,
        "attempts_most": case.number("confirmation.attempts_most", case.loan.opened_on),
        "script": spoken,
        "steps": steps,
        "open_step": open_step,
        "all_done": bool(call) and answered and not rules.missing(spoken, call.answers) if call else False,
        "not_now": _not_now(db, desk, case, found) if acts and call is None else "",
        "dial_form": _kept(tried, "dial") or DialForm(name="dial", initial={"language": party.language if party else "zh-hans"}),
        "take_form": _kept(tried, "take") or ActForm(name="take"),
        "end_form": (_kept(tried, "end") or end_form(call)) if call else None,
        "fail_form": (_kept(tried, "fail") or _fail(call)) if call and answered else None,
        "confirm_form": _kept(tried, "confirm") or ActForm(name="confirm"),
        "send_form": _kept(tried, "send") or ActForm(name="send"),
        "give_up_form": (_kept(tried, "give_up") or WordsForm(name="giveup"))
        if found.state is not ConfirmationState.FAILED and _used_up(case, found)
        else None,
        "observe_form": _kept(tried, "observe") or ObserveForm(name="observe"),
        "observations": [_observed(each) for each in observations_of(db, desk.staff.scope, loan=loan_id)] if looks_again(desk) else [],
        "sign_form": _kept(tried, "sign") or SignForm(name="sign"),
        "may_freeze": may(desk.staff, "fraud.freeze") and case.loan.state in LIVE,
        "failed": tried.name if tried else "",
        "may_call": may(desk.staff, MAY),
        "picked_up_key": new_key(),
        "bar_forms": [tried.form] if tried and tried.name in ("dial", "take", "picked_up", "code_proved") else [],
        "calls": [_told(each) for each in found.calls],
        "recording_form": _kept(tried, "recording") or RecordingForm(name="recording"),
        "next_cases": others[:_NEXT],
        "others": len(others),
    }


def _kept(tried: Tried | None, name: str) -> forms.Form | None:
    return tried.form if tried and tried.name == name else None


def _fail(call: Call) -> FailForm | None:
    form = fail_form(call)
    return form if form.fields["reason"].choices else None  # type: ignore[attr-defined]  # a choice field


def _row(case: confirmation.Waiting, desk: Desk) -> Mapping[str, Any]:
    shape, word = call_words.TURNS[case.turn]
    used, mark = escalation(case.window_from, case.due_at, desk.now)
    return {
        "case": case,
        "shape": shape,
        "why": str(word),
        "product": of_language((case.product_zh, case.product_en)),
        "used": used,
        "tone": words.TONES[mark],
        "mine": case.owner_id == desk.staff.staff_id,
    }


def _steps(
    db: Db, desk: Desk, case: Case, call: Call | None, spoken: Script, facts: Facts, tried: Tried | None, *, acts: bool
) -> list[Mapping[str, Any]]:
    """Every step with its shape; the one whose turn it is with what is said and its form."""
    answers = call.answers if call else ()
    done = rules.passed(spoken, answers)
    turn = rules.next_step(spoken, answers) if call and call.answered_at else None
    shown: list[Mapping[str, Any]] = []
    for number, step in enumerate(spoken.steps, start=1):
        is_open = turn is not None and step.id == turn.id
        last = next((each for each in reversed(answers) if each.step == step.id), None)
        shown.append(
            {
                "n": number,
                "step": step,
                "title": of_language((step.title["zh-hans"], step.title["en"])),
                "shape": "done" if step.id in done else "now" if is_open else "todo",
                "open": is_open,
                "note": f"{_answered(step, last.code)} {mark(last.mark)}" if last else "",
                "tried": sum(each.step == step.id and not each.passed for each in answers),
                "closed": is_open and rules.unclear(answers, step),
                "said": _said(spoken, call, step, facts, desk, case) if is_open and call else "",
                "kind": step.kind.value,
                "form": (_kept(tried, "answer") or form_of_step(db, desk, case.loan.public_id, step)) if is_open and acts else None,
                "proved": bool(is_open and call and call.code_id and codes.proved_at(db, call.code_id)),
                "sent_to": codes.sent_to(db, call.code_id) if is_open and call and call.code_id else "",
            }
        )
    return shown


def _said(spoken: Script, call: Call, step: Step, facts: Facts, desk: Desk, case: Case) -> str:
    """What the step says, in the language of the call; nothing while the rule does not let it be read."""
    try:
        rules.may_show(spoken, call.answers, step)
    except Refusal:
        return ""
    figures = {"lender": case.lender.name or "", "caller": call.by_name}
    return step.said(call.language, {**figures, **(facts.words(call.language) if step.names_loan else {})})


def _answered(step: Step, code: str) -> str:
    for choice in step.choices:
        if choice.code == code:
            return of_language((choice.word["zh-hans"], choice.word["en"]))
    return words.word(call_words.ANSWERS, code)


def _told(call: Call) -> Mapping[str, Any]:
    """A call in one line of the list of calls."""
    return {
        "call": call,
        "outcome": words.word(call_words.OUTCOMES, call.outcome) if call.outcome else gettext("open now"),
        "length": mark(call.seconds(call.ended_at)) if call.answered_at and call.ended_at else "",
        "shape": "done" if call.outcome is CallOutcome.ANSWERED else "now" if call.open else "todo",
        "may_keep": bool(call.recording) and call.recording_file is None and call.answered_at is not None,
    }


def _observed(each: Observation) -> Mapping[str, Any]:
    return {"seen": each, "word": words.word(call_words.OBSERVED, each.kind), "at": mark(each.mark)}


def looks_again(desk: Desk) -> bool:
    """Whether this person is shown what was noticed: who calls, who reviews a sign of fraud, and who audits."""
    return may(desk.staff, MAY) or confirmation.may_see_evidence(desk.staff)


def _not_now(db: Db, desk: Desk, case: Case, found: Confirmation) -> str:
    """Why the borrower may not be rung now, with the rule and from when on; nothing if they may."""
    try:
        confirmation.may_dial(db, clock=desk.clock, case=case, found=found)
    except HoldfastError as error:
        return refusal(error)
    return ""


def refusal(error: HoldfastError) -> str:
    """A refusal of a verb, in the page's language and with the lender's hour."""
    return words.refusal(error)


def _used_up(case: Case, found: Confirmation) -> bool:
    return found.unreached >= case.number("confirmation.attempts_most", case.loan.opened_on)


def _missing(db: Db, desk: Desk, case: Case) -> Mapping[str, str]:
    """What a call can still put into the file: each fact's name and its label; what the file needs comes first."""
    wanted = confirmation.facts_wanted(db, clock=desk.clock, loan_id=case.loan.loan_id)
    return {name: words.word(call_words.FACTS, name) for name in (*wanted.needed, *wanted.besides)}


def _file(db: Db, case: Case) -> Sequence[tuple[str, str]]:
    """The key points of the application, masked: what the caller holds against what is said."""
    file = applications.of_loan(db, case.loan.loan_id)
    said = file.facts
    points = [(gettext("Purpose"), words.word(call_words.PURPOSES, file.purpose))]
    if "model" in said:
        points.append((gettext("The phone"), f"{said['model']} · {said.get('storage_gb', '?')} GB"))
    points += [(gettext("IMEI"), masked("imei", each)) for each in file.imeis]
    for name, label in (
        ("monthly_income_minor", gettext("Income a month, as stated")),
        ("monthly_obligations_minor", gettext("Obligations a month")),
    ):
        if name in said:
            points.append((label, money(int(said[name]), case.loan.currency)))
    return points


def mark(seconds: int) -> str:
    """How far into a call: `02:14`."""
    return f"{seconds // 60:02d}:{seconds % 60:02d}"
