"""Files of payouts, the bank's answers, recalls, the lender's own account, mandates and direct debits: the desks of the bank's own ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from holdfast import payments
from holdfast.approvals import Request, Standing, requests
from holdfast.approvals import request as request_of
from holdfast.database.connection import transaction
from holdfast.kernel.errors import HoldfastError, NotFound
from holdfast.parties import Reach, may
from holdfast.payments import BankLine, Matter, PayoutFile
from holdfast.web.console import money_words, rails_words, words
from holdfast.web.console.acts import Tried, Verb, kept, perform
from holdfast.web.console.approval import why_not_second
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.money_forms import CheckForm, WordsForm
from holdfast.web.console.rails_forms import OUTCOMES, AnswersForm, HandOverForm, HouseAccountForm, MakeFileForm, MatterForm
from holdfast.web.console.templatetags.console import amount as amount_of
from holdfast.web.console.templatetags.console import day
from holdfast.wiring import RAIL, carry, take_answer

_LISTED = 30
# Payouts that were paid longer ago are asked back through the API, not offered here.
_RECALLED_WITHIN = timedelta(days=14)


# ── files of payouts ───────────────────────────────────────────────────────────────────────────────────────


@require_safe
@at_desk
def files(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Payouts that wait for a file, the files, the bank's answers to them, and the lender's own account."""
    return _files(request, desk)


@require_POST
@at_desk
def make_file(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Put the chosen payouts into one file."""
    with transaction() as db:
        waiting = [each.public_id for each in payments.payouts_for_a_file(db, desk.staff)]
    form = MakeFileForm(request.POST, name="file", choices=waiting, today=desk.today)

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        payments.make_payout_file(db, clock=desk.clock, by=desk.staff, payouts=wanted["payouts"], execute_on=wanted["execute_on"])

    said = gettext("Made. Another person takes it out; until then nothing is sent.")
    return _do(request, desk, Tried("make", "", form), "payout_file.make", verb, said)


@require_POST
@at_desk
def take_file(request: HttpRequest, desk: Desk, file: str) -> HttpResponse:
    """The second person takes the file out."""
    form = CheckForm(request.POST, name=f"take-{file[-6:]}")
    try:
        with transaction() as db:
            name, content = payments.take_payout_file(db, clock=desk.clock, by=desk.staff, file=file)
    except NotFound:
        raise
    except HoldfastError as error:
        form.full_clean()
        form.add_error(None, words.refusal(error))
        return _files(request, desk, Tried("take", file, form))
    return attached(name, content)


@require_POST
@at_desk
def hand_over(request: HttpRequest, desk: Desk, file: str) -> HttpResponse:
    """The file is with the bank."""
    form = HandOverForm(request.POST, name=f"hand-{file[-6:]}")

    def verb(db: Db) -> None:
        payments.hand_over(db, clock=desk.clock, by=desk.staff, file=file, reference=form.cleaned_data["reference"])

    return _do(request, desk, Tried("hand", file, form), "payout_file.take", verb, gettext("Noted: the bank has it."))


@require_POST
@at_desk
def stop_file(request: HttpRequest, desk: Desk, file: str) -> HttpResponse:
    """Stop a file that nobody has taken out."""
    form = WordsForm(request.POST, name=f"stop-{file[-6:]}")

    def verb(db: Db) -> None:
        payments.stop_payout_file(db, clock=desk.clock, by=desk.staff, file=file, words=form.cleaned_data["words"])

    said = gettext("Stopped. Its payouts are approved as before, and can be cancelled or go in another file.")
    return _do(request, desk, Tried("stop", file, form), "payout_file.stop", verb, said)


@require_POST
@at_desk
def bank_answers(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Hand in a status report of the bank."""
    form = AnswersForm(request.POST, request.FILES, name="answers")

    def verb(db: Db) -> str:
        given = form.cleaned_data["file"]
        taken = payments.take_answers(
            db, clock=desk.clock, by=desk.staff, data=given.read(), name=given.name or "pain.002", record=take_answer
        )
        return f"{taken.lines} {taken.moved} {taken.for_people}"

    def said(made: str) -> str:
        facts = dict(zip(("lines", "moved", "people"), made.split(), strict=True))
        return gettext("%(lines)s answers read: %(moved)s payouts moved, %(people)s answers need a person.") % facts

    return _do(request, desk, Tried("answers", "", form), "bank_file.load", verb, said)


@require_POST
@at_desk
def ask_house(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Ask for another account of the lender's own."""
    form = HouseAccountForm(request.POST, name="house")

    def verb(db: Db) -> None:
        wanted = {name: value for name, value in form.cleaned_data.items() if name != "key"}
        wanted["virtual_digits"] = wanted["virtual_digits"] or 0
        payments.ask_house_account(db, clock=desk.clock, by=desk.staff, **wanted)

    said = gettext("Asked. It is in force once another person agrees.")
    return _do(request, desk, Tried("house", "", form), "house_account.set", verb, said)


@require_POST
@at_desk
def answer_house(request: HttpRequest, desk: Desk, asked: str) -> HttpResponse:
    """The second person's answer about the lender's account."""
    form = CheckForm(request.POST, name=f"house-{asked[-6:]}")

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        payments.answer_house_account(
            db, clock=desk.clock, by=desk.staff, request=asked, approved=wanted["approved"], words=wanted["words"]
        )

    return _do(request, desk, Tried("house_answer", asked, form), "house_account.check", verb, gettext("Answered."))


# ── recalls and contradictions ─────────────────────────────────────────────────────────────────────────────


@require_safe
@at_desk
def recalls(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What must come back, what the bank contradicted, and what it said of nobody's payment."""
    return _recalls(request, desk)


@require_POST
@at_desk
def ask_recall(request: HttpRequest, desk: Desk, payout: str) -> HttpResponse:
    """Ask the bank for a payout back."""
    form = WordsForm(request.POST, name=f"recall-{payout[-6:]}")

    def verb(db: Db) -> str:
        given = {"payout": payout, "words": form.cleaned_data["words"], "rail": RAIL}
        return str(carry(payments.ask_recall, db, clock=desk.clock, by=desk.staff, **given).outcome)

    def said(made: str) -> str:
        if made == "stopped":
            return gettext("The bank has stopped it: it was not paid and will not be.")
        return gettext("Asked back. Somebody has a duty until it is known how it ended.")

    return perform(
        request, desk, Tried("recall", payout, form), act="payout.recall", verb=verb, said=said, back=reverse("console:recalls"),
        again=lambda tried: _recalls(request, desk, tried),
    )  # fmt: skip


@require_POST
@at_desk
def rule_matter(request: HttpRequest, desk: Desk, matter: str) -> HttpResponse:
    """Say how a matter ended."""
    with transaction() as db:
        found = payments.matter_of(db, desk.staff, matter)
        lines = _money_back(db, desk, found)
    form = MatterForm(request.POST, name=f"rule-{matter[-6:]}", allowed=tuple(OUTCOMES), lines=lines)

    def verb(db: Db) -> None:
        wanted = {name: form.cleaned_data[name] for name in ("outcome", "reference", "words", "line")}
        payments.rule_matter(db, clock=desk.clock, by=desk.staff, matter=matter, **wanted)

    return perform(
        request, desk, Tried("rule", matter, form), act="payout.recall", verb=verb, back=reverse("console:recalls"),
        said=gettext("Asked. Another person answers."), again=lambda tried: _recalls(request, desk, tried),
    )  # fmt: skip


@require_POST
@at_desk
def answer_matter(request: HttpRequest, desk: Desk, matter: str) -> HttpResponse:
    """The second person's answer about a matter."""
    form = CheckForm(request.POST, name=f"matter-{matter[-6:]}")

    def verb(db: Db) -> None:
        given = {"matter": matter, "approved": form.cleaned_data["approved"], "words": form.cleaned_data["words"]}
        carry(payments.answer_matter, db, clock=desk.clock, by=desk.staff, **given)

    return perform(
        request, desk, Tried("matter", matter, form), act="payout.check", verb=verb, back=reverse("console:recalls"),
        said=gettext("Answered."), again=lambda tried: _recalls(request, desk, tried),
    )  # fmt: skip


@require_safe
@at_desk
def sheet(request: HttpRequest, desk: Desk, matter: str) -> HttpResponse:
    """The request to the bank as a file."""
    with transaction() as db:
        name, content = payments.recall_sheet(db, clock=desk.clock, by=desk.staff, matter=matter)
    return attached(name, content)


# ── mandates ───────────────────────────────────────────────────────────────────────────────────────────────


@require_safe
@at_desk
def mandates(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Mandates in force, and the direct debits of late."""
    return _mandates(request, desk)


@require_POST
@at_desk
def cancel_mandate(request: HttpRequest, desk: Desk, loan_id: str, mandate: str) -> HttpResponse:
    """Cancel a mandate for the borrower."""
    form = WordsForm(request.POST, name=f"mandate-{mandate[-6:]}")

    def verb(db: Db) -> None:
        given = {"loan": loan_id, "mandate": mandate, "words": form.cleaned_data["words"]}
        payments.cancel_mandate(db, clock=desk.clock, by=desk.staff, **given)

    return perform(
        request, desk, Tried("mandate", mandate, form), act="mandate.cancel", verb=verb, back=reverse("console:mandates"),
        said=gettext("Cancelled. Nothing is collected any more."), again=lambda tried: _mandates(request, desk, tried),
    )  # fmt: skip


@require_POST
@at_desk
def follow_up(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """A caller has spoken to the borrower about a debit that failed."""
    form = WordsForm(request.POST, name="debit")

    def verb(db: Db) -> None:
        payments.follow_up_debit(db, clock=desk.clock, by=desk.staff, loan=loan_id, words=form.cleaned_data["words"])

    return perform(
        request, desk, Tried("debit", loan_id, form), act="debit.note", verb=verb, back=reverse("console:loan", args=[loan_id]),
        said=gettext("Noted; the duty is done."), again=lambda tried: _mandates(request, desk, tried),
    )  # fmt: skip


# ── how the desks are drawn ────────────────────────────────────────────────────────────────────────────────


def attached(name: str, content: bytes) -> HttpResponse:
    """A file to be kept, never shown."""
    answer = HttpResponse(content, content_type="application/xml")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _do(request: HttpRequest, desk: Desk, tried: Tried, act: str, verb: Verb, said: str | Callable[[str], str]) -> HttpResponse:
    return perform(
        request, desk, tried, act=act, verb=verb, said=said, back=reverse("console:payout_files"),
        again=lambda tried: _files(request, desk, tried),
    )  # fmt: skip


def _files(request: HttpRequest, desk: Desk, tried: Tried | None = None) -> HttpResponse:
    staff = desk.staff
    with transaction() as db:
        waiting = payments.payouts_for_a_file(db, staff)
        found = payments.payout_files(db, staff)[:_LISTED]
        own = payments.house_account(db)
        asked = [each for each in requests(db, staff.scope) if each.act == "house_account.set" and each.standing is Standing.OPEN]
    names = [each.public_id for each in waiting]
    context = {
        "waiting": waiting,
        "make_form": kept(tried, "make", "", lambda: MakeFileForm(name="file", choices=names, today=desk.today))
        if waiting and may(staff, "payout_file.make")
        else None,
        "files": [_file(desk, each, tried) for each in found],
        "answers_form": kept(tried, "answers", "", lambda: AnswersForm(name="answers")) if may(staff, "bank_file.load") else None,
        "own": own,
        "house_form": kept(tried, "house", "", lambda: HouseAccountForm(name="house")) if may(staff, "house_account.set") else None,
        "house_asked": [_asked(desk, each, tried, "house_answer", "house_account.check", f"house-{each.public_id[-6:]}") for each in asked],
        "tab": "files",
    }
    return render(request, "console/money/files.html", context, status=422 if tried else 200)


def _file(desk: Desk, found: PayoutFile, tried: Tried | None) -> Mapping[str, Any]:
    shape, word = rails_words.FILES[found.state]
    last, about = found.public_id[-6:], found.public_id
    mine = found.maker_id == desk.staff.staff_id
    takes, may_stop = may(desk.staff, "payout_file.take"), may(desk.staff, "payout_file.stop")
    made, taken = found.state == "made", found.state == "taken"
    return {
        "file": found,
        "shape": shape,
        "word": word,
        "counts": [(money_words.PAYOUTS[state][1], number) for state, number in sorted(found.answers.items())],
        "take_form": kept(tried, "take", about, lambda: CheckForm(name=f"take-{last}")) if (made or taken) and takes and not mine else None,
        "why_not": gettext("You made this file; another person takes it out.") if made and mine else "",
        "hand_form": kept(tried, "hand", about, lambda: HandOverForm(name=f"hand-{last}")) if taken and takes else None,
        "stop_form": kept(tried, "stop", about, lambda: WordsForm(name=f"stop-{last}")) if made and may_stop else None,
    }


def _recalls(request: HttpRequest, desk: Desk, tried: Tried | None = None) -> HttpResponse:
    staff = desk.staff
    with transaction() as db:
        found = payments.matters(db, staff.scope)
        payouts = {each.public_id: each for each in payments.payouts(db, staff.scope)}
        cards = [_matter(db, desk, each, payouts[each.payout].state if each.payout in payouts else None, tried) for each in found]
        unclear = payments.answers_for_people(db)[:_LISTED] if staff.reach is Reach.ALL else []
    recallable = [
        (each, kept(tried, "recall", each.public_id, lambda each=each: WordsForm(name=f"recall-{each.public_id[-6:]}")))  # type: ignore[misc]
        for each in payouts.values()
        if each.state in ("sent", "unknown", "paid") and may(staff, "payout.recall")
        and (each.paid_on is None or each.paid_on >= desk.today - _RECALLED_WITHIN)
        and not any(card["matter"].payout == each.public_id and card["open"] for card in cards)
    ]  # fmt: skip
    context = {
        "cards": [card for card in cards if card["open"]],
        "ended": [card for card in cards if not card["open"]][:_LISTED],
        "recallable": recallable[:_LISTED],
        "unclear": [(each, rails_words.FATES[each.fate]) for each in unclear],
        "tab": "recalls",
    }
    return render(request, "console/money/recalls.html", context, status=422 if tried else 200)


def _matter(db: Db, desk: Desk, found: Matter, state: str | None, tried: Tried | None) -> Mapping[str, Any]:
    shape, word = rails_words.MATTERS[found.state]
    asked = request_of(db, found.approval) if found.approval and found.state == "ruled" else None
    allowed = next((ways for (kind, at), ways in payments.OUTCOMES.items() if (kind, at) == (found.kind, state)), ())
    rules = found.state == "open" and bool(allowed) and may(desk.staff, "payout.recall")
    last = found.public_id[-6:]
    back = _money_back(db, desk, found) if rules and "returned" in allowed else []
    return {
        "matter": found,
        "next": _next(found, allowed, back),
        "shape": shape,
        "word": word,
        "open": found.state != "ended",
        "kind": rails_words.MATTER_KINDS[found.kind],
        "outcome": OUTCOMES.get(found.outcome, ""),
        "rule_form": kept(tried, "rule", found.public_id, lambda: MatterForm(name=f"rule-{last}", allowed=allowed, lines=back))
        if rules
        else None,
        "may_sheet": found.kind == "recall" and found.state != "ended" and may(desk.staff, "payout.recall"),
        "asked": _asked(desk, asked, tried, "matter", "payout.check", f"matter-{last}", found.public_id) if asked else None,
    }


def open_matters(db: Db, desk: Desk) -> list[Mapping[str, Any]]:
    """Payouts that are to come back, or came back, for the money desk: each with what is to be done next."""
    payouts = {each.public_id: each for each in payments.payouts(db, desk.staff.scope)}
    return [
        _matter(db, desk, each, payouts[each.payout].state if each.payout in payouts else None, None)
        for each in payments.matters(db, desk.staff.scope, open_only=True)
    ]


def _money_back(db: Db, desk: Desk, found: Matter) -> list[tuple[str, str]]:
    """The money in suspense that may be this payout's: no more than it was; a line that names it stands first."""
    if not may(desk.staff, "payout.recall"):
        return []
    fits = [
        each for each in payments.suspense(db, desk.staff)
        if each.approval is None and each.amount.currency == found.amount.currency and each.amount.minor <= found.amount.minor
    ]  # fmt: skip
    fits.sort(key=lambda each: (each.about != found.payout, each.amount.minor != found.amount.minor, -each.booked_on.toordinal()))
    return [(each.public_id, _line_told(each)) for each in fits[:_LISTED]]


def _line_told(line: BankLine) -> str:
    """A line in suspense as somebody chooses it."""
    return " · ".join(text for text in (day(line.booked_on), amount_of(line.amount.minor, line.amount.currency), line.payer) if text)


def _next(found: Matter, allowed: tuple[str, ...], back: list[tuple[str, str]]) -> str:
    """What somebody does next about a matter."""
    if found.state == "ruled":
        return gettext("Another person looks at the bank's word and agrees, or does not.")
    if "returned" in allowed and back:
        return gettext("Money that may be this lies in suspense. Compare it with the bank's word, then say by which line it came back.")
    if "returned" in allowed:
        return gettext("Ask the bank. Is the money back, it will be a line of a statement: load that first, then say so here.")
    return gettext("Ask the bank how it ended, then say so here with its statement or letter.")


def _asked(desk: Desk, asked: Request, tried: Tried | None, name: str, act: str, form_name: str, about: str = "") -> Mapping[str, Any]:
    """What another person asked, and whether this one may answer."""
    why_not = why_not_second(asked, desk, act)
    form = None if why_not else kept(tried, name, about or asked.public_id, lambda: CheckForm(name=form_name))
    return {"asked": asked, "form": form, "why_not": why_not}


def _mandates(request: HttpRequest, desk: Desk, tried: Tried | None = None) -> HttpResponse:
    may_cancel = may(desk.staff, "mandate.cancel")
    with transaction() as db:
        found = payments.mandates(db, desk.staff.scope, active_only=True)
        late = payments.debits(db, desk.staff.scope)[:_LISTED]
    context = {
        "mandates": [
            (
                each,
                kept(tried, "mandate", each.public_id, lambda each=each: WordsForm(name=f"mandate-{each.public_id[-6:]}"))  # type: ignore[misc]
                if may_cancel
                else None,
            )
            for each in found
        ],
        "debits": [(each, *rails_words.DEBITS[each.state]) for each in late],
        "tab": "mandates",
        "refused": tried.form if tried and tried.name == "debit" else None,
    }
    return render(request, "console/money/mandates.html", context, status=422 if tried else 200)


def on_loan(db: Db, desk: Desk, loan_id: str, number: int, open_kinds: set[str]) -> Mapping[str, Any]:
    """What the loan's money panel shows of its code, its mandate and its debits."""
    found = payments.mandates(db, desk.staff.scope, loan_id=number)
    debits = payments.debits(db, desk.staff.scope, loan_id=number)
    return {
        "pay_code": payments.known_pay_code(db, number),
        "mandates": [(each, *rails_words.MANDATES[each.state]) for each in found[:3]],
        "debits": [(each, *rails_words.DEBITS[each.state]) for each in debits[:6]],
        "matters": [
            (each, *rails_words.MATTERS[each.state]) for each in payments.matters(db, desk.staff.scope, loan_id=number, open_only=True)
        ],
        "debit_form": WordsForm(name="debit") if "debit_failed" in open_kinds and may(desk.staff, "debit.note") else None,
        "loan_id": loan_id,
    }
