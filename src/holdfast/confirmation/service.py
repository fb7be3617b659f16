"""The verbs of the confirmation call: take a case, dial, answer, prove the code, and complete it or end it.

One person has a case and one call is open for it. Whatever a verb refuses, nothing of it is written: no step is
skipped, no step that names the loan is answered before it is proved who answers, and nothing is completed that
was not said. What the borrower says in their own words is sealed; the journal holds codes and digests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg

from holdfast import applications, contact, products
from holdfast.applications import ApplicationState
from holdfast.confirmation import rules, store
from holdfast.confirmation.figures import Facts, facts_of
from holdfast.confirmation.model import UNREACHED, Answer, Call, CallOutcome, Confirmation, Failure
from holdfast.confirmation.script import NAME, Script, Step, StepKind, Then, script
from holdfast.confirmation.states import ConfirmationEvent, ConfirmationState, after
from holdfast.contact import codes
from holdfast.duties import Case, enter, own, take, take_own
from holdfast.files import File, link, put
from holdfast.journal import Actor, Record
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock, FixedClock, iso_instant
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.sealing import Box
from holdfast.life import LoanState
from holdfast.loans import loan_id_of
from holdfast.parties import Party, Scope, Staff, answers_to, box_of, party_by_id, require

Db = psycopg.Connection[Any]

MAY: Final = "confirmation.call"
LONGEST_WORDS: Final = 1_000
RECORDING: Final = "call_recording"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a call stands after an answer: the step whose turn it is, and what the answers point to.

    `next` None and no `stops`: everything is said and it may be completed.
    """

    loan: str
    call: str
    passed: bool
    next: str | None
    stops: Failure | None
    call_back: bool


@dataclass(frozen=True, slots=True)
class CodeSent:
    """A code is on its way: to which masked number, and the digest of the facts that it stands for."""

    code_id: str
    to: str
    bound: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Facts that the file lacks and a call can fill in: those that it needs, and those that it may have besides."""

    needed: tuple[str, ...]
    besides: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended, and where the confirmation and the loan stand now."""

    loan: str
    call: str
    outcome: CallOutcome
    state: ConfirmationState
    loan_state: LoanState
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A completed confirmation: the record that tells of it, and the digest of what was confirmed."""

    loan: str
    call: str
    record: Record
    facts_digest: str
    state: LoanState


# ── the case and the call ──────────────────────────────────────────────────────────────────────────────────


def take_case(db: Db, *, clock: Clock, by: Staff, loan: str, instead: bool = False) -> Confirmation:
    """Make the confirmation of a loan this caller's own. Refusal if a colleague has it, unless taken `instead` of them."""
    case = _case(db, by, loan)
    found = store.confirmation(db, case.loan.loan_id)
    _not_anothers_call(found, by)
    duty = case.open("confirm")
    if duty is not None and duty.owner_id not in (None, by.staff_id) and not instead:
        raise Refusal(f"a colleague has the case {loan}; take it over from them if that is agreed", code="case_taken", loan=loan)
    if duty is None or duty.owner_id != by.staff_id:
        enter(db, case, clock=clock, by=by.actor, kind="confirmation.taken", says={"over": duty is not None and duty.owner_id is not None})
        own(db, case, kind="confirm", owner_id=by.staff_id)
    return found


def dial(db: Db, *, clock: Clock, by: Staff, loan: str, language: str | None = None) -> Call:
    """Ring the borrower, if the rules of contact allow it now. Refusal names the rule and the earliest moment that it allows."""
    case = _case(db, by, loan)
    found = store.confirmation(db, case.loan.loan_id)
    _own_case(case, by)
    _not_anothers_call(found, by)
    state = after(found.state, ConfirmationEvent.DIAL)
    rule = may_dial(db, clock=clock, case=case, found=found)
    spoken = script()
    call = Call(
        loan_id=case.loan.loan_id, call_no=len(found.calls) + 1, public_id=new_id("cf"), by_staff=by.staff_id, by_name=by.name,
        language=_language(language or _party(db, case).language), script=NAME, script_version=spoken.version, script_digest=spoken.digest,
        rule=rule, dialled_at=clock.now(), answered_at=None, ended_at=None, outcome=None, recording=None, recording_file=None,
        code_id=None, bound=None,
    )  # fmt: skip
    store.insert_call(db, call)
    store.write_confirmation(db, call.loan_id, state)
    if (duty := case.open("confirm")) is not None and duty.owner_id is None:
        own(db, case, kind="confirm", owner_id=by.staff_id)
    says = {"call": call.public_id, "attempt": call.call_no, "language": call.language, "script": _named(call), "rule": call.rule}
    enter(db, case, clock=clock, by=by.actor, kind="confirmation.dialled", says=says, seals={"script": call.script_digest})
    return call


def may_dial(db: Db, *, clock: Clock, case: Case, found: Confirmation) -> str:
    """The rule that lets the borrower be rung now. Refusal names the one that does not, and from when on it would."""
    _attempts_left(case, found)
    party = _party(db, case)
    verdict = contact.may_call(db, clock=clock, party_id=party.party_id, purpose="service", ringing=store.ringing(db, party.party_id))
    if isinstance(verdict, contact.Refused):
        raise _not_now(verdict, case.lender.zone)
    return verdict.rule


def picked_up(db: Db, *, clock: Clock, by: Staff, loan: str) -> Call:
    """Somebody has answered: the script begins, and the ledger counts a call that reached."""
    case, _found, call = _in_call(db, by, loan)
    if call.answered_at is not None:
        raise Refusal("this call has been answered already", code="call_answered", loan=loan)
    call = replace(call, answered_at=clock.now())
    store.update_call(db, call)
    _enter_ledger(db, clock, by, case, call, reached=True)
    return call


def answer(
    db: Db, *, clock: Clock, by: Staff, loan: str, step: str, answer: str = "", words: str = "", name: str = "", last_four: str = "",
    facts: Mapping[str, str] | None = None,
) -> Progress:  # fmt: skip
    """Write the answer to the step whose turn it is.

    A choice is one of the script's codes. Identity is the name and the last four of the ID number as they were said,
    compared and not kept. Facts are what was missing, put into the file with the call as their source. The code's step
    is done once the code has been proved. `words` are the borrower's own, sealed.
    """
    case, _found, call = _spoken(db, by, loan)
    spoken = script(call.script_version)
    asked = spoken.step(step)
    rules.may_answer(spoken, call.answers, asked)
    code, passed = _taken(db, clock, by, case, call, asked, answer, name, last_four, facts or {})
    if asked.proves == "recording":
        call = replace(call, recording=code == "agrees")
        store.update_call(db, call)
    given = Answer(len(call.answers) + 1, step, code, passed, call.seconds(clock.now()), bool(words.strip()))
    sealed = _box(db, case).seal(_words(words).encode(), _about(call, given.answer_no)) if given.said else None
    store.insert_answer(db, call, given, sealed)
    return _progress(case, replace(call, answers=(*call.answers, given)), spoken, given)


def send_code(db: Db, *, clock: Clock, by: Staff, loan: str) -> CodeSent:
    """Send the borrower the code that stands for what was read to them; only when all the rest is said."""
    case, _found, call = _spoken(db, by, loan)
    _file_is_with_us(db, case)
    spoken = script(call.script_version)
    rules.may_answer(spoken, call.answers, spoken.steps[-1])
    facts = _facts(db, case, call, clock)
    code_id = codes.send(
        db, clock=clock, chain_id=case.loan.loan_id, purpose="confirm", bound=facts.digest, party=_party(db, case), language=call.language
    )
    store.update_call(db, replace(call, code_id=code_id, bound=facts.digest))
    return CodeSent(code_id, codes.sent_to(db, code_id), facts.digest)


def try_code(db: Db, *, clock: Clock, by: Staff, loan: str, digits: str) -> bool:
    """Whether these are the digits that the borrower was sent, as read out in the call. The edge commits the attempt on its own."""
    _case_of_call, _found, call = _spoken(db, by, loan)
    return codes.attempt(db, clock=clock, code_id=_code_of(call), digits=digits)


def try_code_as_borrower(db: Db, *, clock: Clock, by: Actor, loan: str, digits: str) -> bool:
    """The same, typed by the borrower on their own page. NotFound for a loan of somebody else's."""
    call = store.confirmation(db, take_own(db, loan, by, lock=False).loan.loan_id).call
    if call is None:
        raise Refusal("there is no call in which a code was sent", code="no_call", loan=loan)
    return codes.attempt(db, clock=clock, code_id=_code_of(call), digits=digits)


def confirm(db: Db, *, clock: Clock, by: Staff, loan: str) -> Confirmed:
    """Complete the confirmation: every step was done in this call and the code stands for exactly what was read.

    Refusal, naming the steps, while one is missing; and if the figures have changed since the code was sent.
    """
    case, found, call = _spoken(db, by, loan)
    state = after(found.state, ConfirmationEvent.CONFIRM)
    _file_is_with_us(db, case)
    spoken = script(call.script_version)
    if missing := rules.missing(spoken, call.answers):
        raise Refusal(f"not yet: {', '.join(missing)}", code="steps_missing", field="step", steps=", ".join(missing))
    facts = _facts(db, case, call, clock)
    proof = codes.spend(db, clock=clock, code_id=_code_of(call), purpose="confirm", bound=facts.digest)
    call = replace(call, ended_at=clock.now(), outcome=CallOutcome.ANSWERED)
    store.update_call(db, call)
    kept = {**facts.as_json(), "wants_person": _wants_person(call)}
    store.write_confirmation(db, call.loan_id, state, facts=kept, facts_digest=facts.digest)
    evidence = {"code": proof.code_id, "sent_at": iso_instant(proof.sent_at), "proved_at": iso_instant(proof.proved_at),
                "attempts": proof.attempts, "number": proof.masked_number}  # fmt: skip
    says = {**_told(call), "attempts": len(found.calls), "facts": facts.digest, "proof": evidence, "wants_person": _wants_person(call)}
    record = enter(
        db, case, clock=clock, by=by.actor, kind="confirmation.completed", says=says, seals={**_seals(call), "facts": facts.digest},
        to=LoanState.CONFIRMED, opens=("decide",), closes=("confirm",),
    )  # fmt: skip
    return Confirmed(loan, call.public_id, record, facts.digest, case.loan.state)


def end_call(db: Db, *, clock: Clock, by: Staff, loan: str, outcome: str, call_back_at: datetime | None = None) -> Ended:
    """End a call that settled nothing: nobody answered, or another call is agreed. The duty stays and so does its deadline."""
    case, found, call = _in_call(db, by, loan, while_frozen=True)
    came_to = _outcome(outcome)
    rules.may_end(call, came_to)
    event = ConfirmationEvent.AGREE_CALL_BACK if came_to is CallOutcome.CALL_BACK else ConfirmationEvent.HANG_UP
    agreed = _agreed(db, clock, case, call_back_at) if came_to is CallOutcome.CALL_BACK else None
    state = after(found.state, event)
    call = replace(call, ended_at=clock.now(), outcome=came_to)
    store.update_call(db, call)
    if call.answered_at is None:
        _enter_ledger(db, clock, by, case, call, reached=False)
    store.write_confirmation(db, call.loan_id, state, call_back_at=agreed)
    says = {**_told(call), "call_back_at": iso_instant(agreed) if agreed else None}
    enter(db, case, clock=clock, by=by.actor, kind="confirmation.called", says=says, seals=_seals(call), while_frozen=True)
    return Ended(loan, call.public_id, came_to, state, case.loan.state)


def fail(db: Db, *, clock: Clock, by: Staff, loan: str, reason: str, words: str = "") -> Ended:
    """End the application for what this call has shown: not the person, not their will, not understood, or no longer wanted.

    Refusal for a reason that no answer of the call shows.
    """
    case, found, call = _spoken(db, by, loan)
    why = _failure(reason)
    shown = rules.shows(script(call.script_version), call.answers)
    if why not in shown:
        told = ", ".join(sorted(shown)) or "nothing that ends an application"
        raise Refusal(f"the answers of this call show {told}, not {why}", code="failure_not_shown", field="reason")
    state = after(found.state, ConfirmationEvent.FAIL)
    call = replace(call, ended_at=clock.now(), outcome=CallOutcome.ANSWERED)
    store.update_call(db, call)
    store.write_confirmation(db, call.loan_id, state, failure=why)
    enter(db, case, clock=clock, by=by.actor, kind="confirmation.failed", says={**_told(call), "reason": str(why)}, seals=_seals(call))
    _end_application(db, case, clock, by, why, words)
    return Ended(loan, call.public_id, CallOutcome.ANSWERED, state, case.loan.state, why)


def give_up(db: Db, *, clock: Clock, by: Staff, loan: str, words: str = "") -> Ended:
    """Return an application whose borrower was called as often as the pack lets us and never answered."""
    case = _case(db, by, loan)
    _own_case(case, by)
    found = store.confirmation(db, case.loan.loan_id)
    state = after(found.state, ConfirmationEvent.GIVE_UP)
    most = case.number("confirmation.attempts_most", case.loan.opened_on)
    if found.unreached < most:
        raise Refusal(
            f"{found.unreached} of {most} calls reached nobody; call again before the application is returned", code="attempts_left",
            made=found.unreached, most=most,
        )  # fmt: skip
    last = found.calls[-1]
    store.write_confirmation(db, case.loan.loan_id, state, failure=Failure.UNREACHED)
    says = {"reason": str(Failure.UNREACHED), "attempts": len(found.calls), "unreached": found.unreached}
    enter(db, case, clock=clock, by=by.actor, kind="confirmation.failed", says=says)
    _end_application(db, case, clock, by, Failure.UNREACHED, words)
    assert last.outcome is not None
    return Ended(loan, last.public_id, last.outcome, state, case.loan.state, Failure.UNREACHED)


def keep_recording(db: Db, *, clock: Clock, by: Staff, loan: str, call: str, data: bytes, name: str) -> File:
    """Keep the recording of a call, sealed under the borrower's key. Refusal unless they agreed to it in that call."""
    require(by, MAY)
    case = take(db, loan, by.scope)
    found = store.confirmation(db, case.loan.loan_id)
    of = next((each for each in found.calls if each.public_id == call), None)
    if of is None:
        raise NotFound(f"loan {loan} has no call {call}", code="no_call", field="call")
    if not of.recording:
        raise Refusal("the borrower did not agree to be recorded in this call; nothing of it is kept", code="no_recording_consent")
    if of.recording_file is not None:
        raise Refusal("the recording of this call is kept already", code="recording_kept")
    party = _party(db, case)
    file = put(db, data, clock=clock, name=name, box=box_of(db, party), party_id=party.party_id)
    if not file.media_type.startswith("audio/"):
        raise BadInput("file: a recording is WAV, Ogg, MP3, M4A or AMR", field="file")
    link(db, loan_id=case.loan.loan_id, file=file, purpose=RECORDING)
    store.update_call(db, replace(of, recording_file=file.public_id))
    says = {"call": call, "file": file.public_id, "media_type": file.media_type}
    enter(
        db, case, clock=clock, by=by.actor, kind="confirmation.recording_kept", says=says, seals={"recording": file.digest},
        while_frozen=True,
    )  # fmt: skip
    return file


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


def confirmation_of(db: Db, loan_id: int) -> Confirmation:
    """Where the confirmation of a loan stands, with its calls."""
    return store.confirmation(db, loan_id)


def confirmed_facts(db: Db, loan_id: int) -> Mapping[str, Any]:
    """What the borrower confirmed: sums, plan, purpose and whether they want a person to decide. Refusal if it is not completed."""
    found = store.confirmation(db, loan_id)
    if found.facts is None:
        raise Refusal("the borrower has not confirmed this loan yet", code="not_confirmed")
    return found.facts


def facts_wanted(db: Db, *, clock: Clock, loan_id: int) -> Wanted:
    """What a call can still put into the file: facts that can be said. Papers cannot, and the phone stays the phone that it is."""
    file = applications.of_loan(db, loan_id)
    sayable = [name for name in applications.FACTS if name not in _NOT_SAID]
    lacking = {each.field for each in applications.completeness(file, today=clock.today())}
    return Wanted(
        tuple(name for name in sayable if name in lacking),
        tuple(name for name in sayable if name not in lacking and name not in file.facts),
    )


# What makes the thing this thing, and what the borrower declares by hand.
_NOT_SAID: Final = frozenset({"model", "storage_gb", "sim", "imei1", "imei2", "account_signed_out", "declaration"})


def facts_now(db: Db, *, clock: Clock, scope: Scope | None, loan: str) -> Facts:
    """The figures that would be read today, or were begun to be read in the call that is open."""
    case = take(db, loan, scope, lock=False)
    return _facts(db, case, store.confirmation(db, case.loan.loan_id).call, clock)


def waits_for_code(db: Db, loan_id: int) -> bool:
    """Whether a code was sent in a call that is open, so that the borrower has something to confirm."""
    call = store.confirmation(db, loan_id).call
    return call is not None and call.code_id is not None


def facts_to_confirm(db: Db, *, clock: Clock, loan: str) -> Facts | None:
    """What the borrower is asked to confirm: the figures of the open call, once a code was sent in it and while it is not used."""
    call = store.confirmation(db, loan_id_of(db, loan)).call
    return facts_now(db, clock=clock, scope=None, loan=loan) if call is not None and call.code_id is not None else None


def stop_for_fraud(db: Db, *, clock: Clock, by: Staff, case: Case) -> Call | None:
    """End a call that is open because of a sign of fraud, in the transaction that freezes the loan; the call, if there was one."""
    found = store.confirmation(db, case.loan.loan_id)
    call = found.call
    if call is None:
        return None
    ended = replace(call, ended_at=clock.now(), outcome=CallOutcome.STOPPED)
    store.update_call(db, ended)
    if call.answered_at is None:
        _enter_ledger(db, clock, by, case, ended, reached=False)
    store.write_confirmation(db, call.loan_id, after(found.state, ConfirmationEvent.HANG_UP))
    return ended


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _case(db: Db, by: Staff, loan: str, *, while_frozen: bool = False) -> Case:
    """The case, for a caller who may call and sees it, while it waits for confirmation and is not frozen."""
    require(by, MAY)
    case = take(db, loan, by.scope)
    case.must_be(LoanState.SUBMITTED)
    if case.freezes and not while_frozen:
        freeze = case.freezes[0]
        raise Refusal(
            f"loan {loan} is frozen since {freeze.since} ({freeze.reason}); two people must thaw it first", code="loan_frozen", loan=loan,
            reason=freeze.reason,
        )  # fmt: skip
    return case


def _in_call(db: Db, by: Staff, loan: str, *, while_frozen: bool = False) -> tuple[Case, Confirmation, Call]:
    case = _case(db, by, loan, while_frozen=while_frozen)
    found = store.confirmation(db, case.loan.loan_id)
    if found.call is None:
        raise Refusal(f"there is no open call for {loan}; dial first", code="no_call", loan=loan)
    _not_anothers_call(found, by)
    return case, found, found.call


def _spoken(db: Db, by: Staff, loan: str) -> tuple[Case, Confirmation, Call]:
    case, found, call = _in_call(db, by, loan)
    if call.answered_at is None:
        raise Refusal("nobody has answered this call yet", code="call_rings", loan=loan)
    return case, found, call


def _file_is_with_us(db: Db, case: Case) -> None:
    """Refusal while the borrower has the file back: what is still to change in it cannot be confirmed."""
    if applications.of_loan(db, case.loan.loan_id).state is ApplicationState.RETURNED:
        raise Refusal(
            f"the file of loan {case.loan.public_id} was given back to the borrower; it is confirmed when it is handed in again",
            code="file_given_back", loan=case.loan.public_id,
        )  # fmt: skip


def _own_case(case: Case, by: Staff) -> None:
    """The case is this caller's: taken, or nobody's until now."""
    duty = case.open("confirm")
    if duty is not None and duty.owner_id not in (None, by.staff_id):
        raise Refusal(f"a colleague has the case {case.loan.public_id}", code="case_taken", loan=case.loan.public_id)


def _not_anothers_call(found: Confirmation, by: Staff) -> None:
    if found.call is not None and found.call.by_staff != by.staff_id:
        raise Forbidden(f"{found.call.by_name} is in a call with this borrower", code="anothers_call", who=found.call.by_name)


def _attempts_left(case: Case, found: Confirmation) -> None:
    most = case.number("confirmation.attempts_most", case.loan.opened_on)
    if found.unreached >= most:
        raise Refusal(
            f"{found.unreached} calls reached nobody and the pack allows {most}; return the application, saying why",
            code="attempts_used", rule="confirmation.attempts_most", made=found.unreached, most=most,
        )  # fmt: skip


def _not_now(verdict: contact.Refused, zone: str) -> Refusal:
    earliest = iso_instant(verdict.earliest) if verdict.earliest else None
    local = f"{verdict.earliest.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if verdict.earliest else "—"
    when = f"; from {earliest} on it may be" if earliest else ""
    return Refusal(
        f"not now: {verdict.sentence} ({verdict.rule}){when}", code="contact_refused", rule=verdict.rule, earliest=earliest, local=local
    )


def _taken(
    db: Db, clock: Clock, by: Staff, case: Case, call: Call, step: Step, answer: str, name: str, last_four: str, facts: Mapping[str, str]
) -> tuple[str, bool]:
    """The code under which an answer is kept, and whether the step is done by it."""
    if step.kind is StepKind.CHOICE:
        return answer, step.choice(answer).then is Then.PASS
    if step.kind is StepKind.IDENTITY:
        same = answers_to(db, _party(db, case), name=name, last_four=last_four)
        return (rules.MATCHES, True) if same else (rules.DIFFERS, False)
    if step.kind is StepKind.FACTS:
        given = {key: text.strip() for key, text in facts.items() if text.strip()}
        if given:
            applications.supplement(db, clock=clock, by=by, loan=case.loan.public_id, facts=given, source=f"call {call.public_id}")
        lacking = facts_wanted(db, clock=clock, loan_id=case.loan.loan_id).needed
        if lacking:
            raise Refusal(f"the file still lacks: {', '.join(lacking)}", code="facts_missing", field=f"fact-{lacking[0]}", facts=lacking)
        return rules.FILLED, True
    if codes.proved_at(db, _code_of(call)) is None:
        raise Refusal("the borrower has not typed or read out the code yet", code="code_not_proved", field="code")
    return rules.PROVED, True


def _facts(db: Db, case: Case, call: Call | None, clock: Clock) -> Facts:
    """The figures of the application as if paid out on the day of the call."""
    asked = applications.of_loan(db, case.loan.loan_id)
    on = FixedClock(call.dialled_at, case.lender.zone).today() if call is not None else clock.today()
    version = products.version(db, asked.product_code, asked.product_version)
    terms = products.plan(version, principal=asked.principal, instalments=asked.instalments, disbursed_on=on)
    opened = case.loan.opened_on
    days = {
        "default": case.number("default.days_past_due", opened),
        "notice": case.number("default.notice_days", opened),
        "return": case.number("release.sla.phone_return", opened),
    }
    return facts_of(
        loan=case.loan.public_id, version=version, terms=terms, price=products.price_of(terms), purpose=asked.purpose, days=days, as_of=on
    )


def _progress(case: Case, call: Call, spoken: Script, given: Answer) -> Progress:
    turn, stopped = rules.next_step(spoken, call.answers), rules.stops(spoken, call.answers)
    step = spoken.step(given.step)
    wants_later = step.kind is StepKind.CHOICE and step.choice(given.code).then is Then.CALL_BACK
    return Progress(case.loan.public_id, call.public_id, given.passed, turn.id if turn else None, stopped, wants_later)


def _end_application(db: Db, case: Case, clock: Clock, by: Staff, why: Failure, words: str) -> None:
    """What the failure means for the loan: withdrawn where the borrower no longer wants it, refused otherwise."""
    says = {"stage": "confirmation", "reason": str(why), "words": _words(words)}
    if why is Failure.DECLINED:
        enter(db, case, clock=clock, by=by.actor, kind="application.withdrawn", says=says, to=LoanState.WITHDRAWN, closes=("confirm",))
    else:
        enter(db, case, clock=clock, by=by.actor, kind="loan.refused", says=says, to=LoanState.REFUSED, closes=("confirm",))


def _agreed(db: Db, clock: Clock, case: Case, at: datetime | None) -> datetime:
    """The moment at which another call is agreed: to come, and within the hours of contact."""
    if at is None:
        raise BadInput("call_back_at: say when to call again", field="call_back_at")
    if at <= clock.now():
        raise BadInput("call_back_at: that moment is over", field="call_back_at")
    verdict = contact.may_call(db, clock=clock, party_id=_party(db, case).party_id, purpose="service", moment=at)
    if isinstance(verdict, contact.Refused) and verdict.rule in _HOURS:
        raise _not_now(verdict, case.lender.zone)
    return at


_HOURS: Final = frozenset({"contact.quiet_hours", "contact.service_waits_for_morning"})


def _enter_ledger(db: Db, clock: Clock, by: Staff, case: Case, call: Call, *, reached: bool) -> None:
    contact.enter_call(
        db, clock=clock, by=by, loan_id=call.loan_id, party_id=_party(db, case).party_id, purpose="service", reached=reached, rule=call.rule
    )


def _party(db: Db, case: Case) -> Party:
    if case.loan.party_id is None:
        raise Refusal(f"nobody knows who the borrower of {case.loan.public_id} is", code="no_borrower", loan=case.loan.public_id)
    return party_by_id(db, case.loan.party_id)


def _box(db: Db, case: Case) -> Box:
    return box_of(db, _party(db, case))


def _about(call: Call, answer_no: int) -> str:
    return f"answer {answer_no} of {call.public_id}"


def _language(language: str) -> str:
    if language not in ("zh-hans", "en"):
        raise BadInput(f"language: the script is spoken in zh-hans and en, not {language!r}", field="language")
    return language


def _outcome(text: str) -> CallOutcome:
    try:
        return CallOutcome(text)
    except ValueError:
        raise BadInput(f"outcome: use one of {', '.join(CallOutcome)}, not {text!r}", field="outcome") from None


def _failure(text: str) -> Failure:
    try:
        return Failure(text)
    except ValueError:
        raise BadInput(f"reason: use one of {', '.join(Failure)}, not {text!r}", field="reason") from None


def _code_of(call: Call) -> str:
    if call.code_id is None:
        raise Refusal("no code was sent in this call yet", code="no_code", field="code")
    return call.code_id


def _wants_person(call: Call) -> bool:
    return any(answer.code == "wants_person" for answer in call.answers)


def _named(call: Call) -> str:
    return f"{call.script} {call.script_version}"


def _told(call: Call) -> dict[str, Any]:
    """What a record says of a call: codes and counts, nothing that was said."""
    assert call.outcome is not None
    return {
        "call": call.public_id,
        "attempt": call.call_no,
        "outcome": str(call.outcome),
        "reached": call.outcome not in UNREACHED,
        "language": call.language,
        "script": _named(call),
        "seconds": call.seconds(call.ended_at or call.dialled_at),
        "recording": call.recording,
        "steps": [answer.step for answer in call.answers if answer.passed],
    }


def _seals(call: Call) -> dict[str, str]:
    transcript = canonical.digest([dict(answer.as_json()) for answer in call.answers])
    return {"script": call.script_digest, "transcript": transcript}


def _words(text: str) -> str:
    if len(text) > LONGEST_WORDS or "\x00" in text:
        raise BadInput(f"words: at most {LONGEST_WORDS} characters, without control characters", field="words")
    return text.strip()
