"""Bank files: hand in a statement, see what it holds, book it, and find the loan of what fits none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from holdfast import days, files, payments
from holdfast.approvals import Request
from holdfast.approvals import request as request_of
from holdfast.database.connection import transaction
from holdfast.kernel.errors import HoldfastError, NotFound
from holdfast.parties import mask_name, may, require
from holdfast.payments import BankLine, BankLineState
from holdfast.web.console import money_words, words
from holdfast.web.console.acts import Tried, Verb, into_form, kept, perform
from holdfast.web.console.approval import why_not_second
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.money_forms import AsideForm, BookForm, CheckForm, MatchForm, ReturnedForm, StatementForm
from holdfast.web.console.rails_forms import SplitForm
from holdfast.web.console.reading import loan_named
from holdfast.web.console.templatetags.console import day, of_language
from holdfast.wiring import carry

_SHOWN = 20
# So many lines are matched while the person waits; the worker does longer files.
_AT_ONCE = 500


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def statements(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The statements that were handed in; a POST keeps a new one and goes to what it holds."""
    maps = [
        (name, of_language((known.title_zh, known.title_en))) for name in payments.shipped_maps() for known in [payments.load_map(name)]
    ]
    form, status = StatementForm(name="statement", maps=maps), 200
    if request.method == "POST":
        require(desk.staff, "bank_file.load")
        form, status = StatementForm(request.POST, request.FILES, name="statement", maps=maps), 422
        if form.is_valid():
            try:
                return HttpResponseRedirect(_keep(desk, form))
            except HoldfastError as error:
                into_form(form, error)
    with transaction() as db:
        found = payments.bank_files(db, desk.staff)
        waiting = len(payments.suspense(db, desk.staff))
    context = {"form": form, "files": found, "waiting": waiting, "may_load": may(desk.staff, "bank_file.load"), "tab": "bank"}
    return render(request, "console/money/statements.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def preview(request: HttpRequest, desk: Desk, file: str, map_name: str) -> HttpResponse:
    """What a statement holds, line by line and refusal by refusal; a POST books it."""
    require(desk.staff, "bank_file.load")
    with transaction() as db:
        data, name = _kept_file(db, file)
    statement = payments.read_bank_file(clock=desk.clock, by=desk.staff, data=data, map_name=map_name)
    incoming = [line for line in statement.lines if line.amount > 0]
    context = {
        "name": name,
        "file": file,
        "map": map_name,
        "incoming": len(incoming),
        "outgoing": len(statement.lines) - len(incoming),
        "sums": _sums(incoming),
        "lines": [(line, mask_name(line.payer) if line.payer else "") for line in statement.lines[:_SHOWN]],
        "more": len(statement.lines) - _SHOWN,
        "refused": statement.refused[:_SHOWN],
        "refused_count": len(statement.refused),
        "tab": "bank",
    }

    def drawn(tried: Tried) -> HttpResponse:
        return render(request, "console/money/preview.html", {**context, "form": tried.form}, status=422)

    if request.method != "POST":
        return render(
            request, "console/money/preview.html", {**context, "form": BookForm(name="book", initial={"file": file, "map": map_name})}
        )
    form = BookForm(request.POST, name="book")

    def verb(db: Db) -> str:
        given = {"name": name, "data": data, "map_name": map_name}
        return carry(payments.load_bank_file, db, clock=desk.clock, by=desk.staff, **given).public_id

    def said(made: str) -> str:
        if len(incoming) <= _AT_ONCE:
            days.match_bank_lines()
            return gettext("Booked and matched. What fits no loan is in suspense.")
        return gettext("Booked. The lines are being matched; you may leave this page.")

    return perform(
        request, desk, Tried("book", file, form), act="bank_file.load", verb=verb, said=said,
        back=lambda made: reverse("console:statement", args=[made]), again=drawn,
    )  # fmt: skip


@require_safe
@at_desk
def statement(request: HttpRequest, desk: Desk, file: str) -> HttpResponse:
    """One statement: how far its lines are, and which were refused."""
    with transaction() as db:
        found = payments.bank_file(db, desk.staff, file)
        lines = payments.lines_of(db, desk.staff, file)
    context = {
        "file": found,
        "lines": [(line, *money_words.LINES[line.state], words.word(money_words.HOW, line.how)) for line in lines],
        "may_match": may(desk.staff, "bank_line.match"),
        "listed": len(lines),
        "all": sum(found.lines.values()),
        "counts": {state: found.lines.get(state, 0) for state in BankLineState},
        "suspended": found.lines.get("unmatched", 0) + found.lines.get("reversed", 0),
        "under_way": found.lines.get("read", 0),
        "tab": "bank",
    }
    return render(request, "console/money/statement.html", context)


@require_safe
@at_desk
def suspense(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Money that belongs to no loan yet, the oldest first."""
    return _suspense(request, desk)


@require_POST
@at_desk
def match(request: HttpRequest, desk: Desk, line: str) -> HttpResponse:
    """Say which loan a line is for."""
    form = MatchForm(request.POST, name=f"match-{line[-6:]}")

    def verb(db: Db) -> str:
        wanted = form.cleaned_data
        loan = loan_named(db, desk, wanted["loan"])
        return str(carry(payments.match_by_hand, db, clock=desk.clock, by=desk.staff, line=line, loan=loan, words=wanted["words"]).state)

    def said(made: str) -> str:
        if made == BankLineState.MATCHED:
            return gettext("Matched; the money is on the loan.")
        return gettext("The payer is not the borrower: another person must agree. Until then it stays in suspense.")

    return _do(request, desk, Tried("match", line, form), "bank_line.match", verb, said)


@require_POST
@at_desk
def set_aside(request: HttpRequest, desk: Desk, line: str) -> HttpResponse:
    """Propose that a line goes back to who paid it, or is no loan's."""
    form = AsideForm(request.POST, name=f"aside-{line[-6:]}")

    def verb(db: Db) -> None:
        wanted = {name: form.cleaned_data[name] for name in ("words", "purpose")}
        payments.ask_set_aside(db, clock=desk.clock, by=desk.staff, line=line, **wanted)

    said = gettext("Asked. Another person answers; until then it stays in suspense.")
    return _do(request, desk, Tried("aside", line, form), "bank_line.match", verb, said)


@require_POST
@at_desk
def split(request: HttpRequest, desk: Desk, line: str) -> HttpResponse:
    """Split a line that is for several loans."""
    form = SplitForm(request.POST, name=f"split-{line[-6:]}", currency=desk.lender.currency)

    def verb(db: Db) -> None:
        payments.split_line(db, clock=desk.clock, by=desk.staff, line=line, parts=form.parts)

    return _do(request, desk, Tried("split", line, form), "bank_line.match", verb, gettext("Split. Each part now finds its own loan."))


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def returned(request: HttpRequest, desk: Desk, line: str) -> HttpResponse:
    """Money that went out because the bank took back what had come: which money that was. Its receipt is reversed."""
    require(desk.staff, "bank_line.match")

    def drawn(tried: Tried | None = None) -> HttpResponse:
        with transaction() as db:
            outgoing, found = payments.taken_back_by(db, desk.staff, line)
            choices = [(each.public_id, _told(each, payments.line_words(db, desk.staff, each))) for each in found]
        form = tried.form if tried else ReturnedForm(name="returned")
        assert isinstance(form, ReturnedForm)
        form.offer(choices)
        context = {"line": outgoing, "form": form, "choices": choices}
        return render(request, "console/money/returned.html", context, status=422 if tried else 200)

    if request.method != "POST":
        return drawn()
    form = ReturnedForm(request.POST, name="returned")
    form.offer([(request.POST.get("line", ""), "")])  # whether that line may be, the verb says

    def verb(db: Db) -> str:
        given = {"line": form.cleaned_data["line"], "outgoing": line}
        return str(carry(payments.returned_by_bank, db, clock=desk.clock, by=desk.staff, **given).loan or "")

    def said(loan: str) -> str:
        return gettext("Taken back; the receipt is reversed.") if loan else gettext("Taken back; it has left suspense.")

    return perform(
        request, desk, Tried("returned", line, form), act="bank_line.match", verb=verb, said=said, again=drawn,
        back=lambda loan: reverse("console:loan", args=[loan]) if loan else reverse("console:suspense"),
    )  # fmt: skip


def _told(line: BankLine, told: Mapping[str, str]) -> str:
    """A line as somebody chooses it: its day, whose it was, and where the money is now."""
    where = line.loan or money_words.LINES[line.state][1]
    return " · ".join(str(each) for each in (day(line.booked_on), told["payer"], told["remark"], where) if each)


@require_POST
@at_desk
def answer(request: HttpRequest, desk: Desk, line: str) -> HttpResponse:
    """The second person's answer to what was proposed for a line."""
    form = CheckForm(request.POST, name=f"line-{line[-6:]}")

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        given = {"line": line, "approved": wanted["approved"], "words": wanted["words"]}
        carry(payments.answer_line, db, clock=desk.clock, by=desk.staff, **given)

    return _do(request, desk, Tried("answer", line, form), "bank_line.check", verb, gettext("Answered."))


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _keep(desk: Desk, form: StatementForm) -> str:
    """Keep the file, sealed, once it is sure that it can be read; the address at which its contents are seen."""
    handed = form.cleaned_data["file"]
    data, map_name = handed.read(), form.cleaned_data["map"]
    payments.read_bank_file(clock=desk.clock, by=desk.staff, data=data, map_name=map_name)
    with transaction() as db:
        kept_file = files.put(db, data, clock=desk.clock, name=handed.name or "statement")
    return reverse("console:statement_preview", args=[kept_file.public_id, map_name])


def _kept_file(db: Db, public_id: str) -> tuple[bytes, str]:
    found = files.get(db, public_id)
    if found.party_id is not None:
        raise NotFound(f"there is no file {public_id}", code="no_file", field="file")
    return files.read(found), found.name


def _sums(lines: list[payments.StatementLine]) -> list[tuple[str, int]]:
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.currency] = sums.get(line.currency, 0) + line.amount
    return sorted(sums.items())


def _do(request: HttpRequest, desk: Desk, tried: Tried, act: str, verb: Verb, said: str | Callable[[str], str]) -> HttpResponse:
    return perform(
        request, desk, tried, act=act, verb=verb, said=said, back=reverse("console:suspense"),
        again=lambda tried: _suspense(request, desk, tried),
    )  # fmt: skip


def _suspense(request: HttpRequest, desk: Desk, tried: Tried | None = None) -> HttpResponse:
    with transaction() as db:
        rows = [_line(db, desk, line, tried) for line in payments.suspense(db, desk.staff)]
    totals: dict[str, int] = {}
    for row in rows:
        amount = row["line"].amount
        totals[amount.currency] = totals.get(amount.currency, 0) + amount.minor
    context = {"rows": rows, "totals": sorted(totals.items()), "tab": "suspense"}
    return render(request, "console/money/suspense.html", context, status=422 if tried else 200)


def _line(db: Db, desk: Desk, line: BankLine, tried: Tried | None) -> Mapping[str, Any]:
    may_match = may(desk.staff, "bank_line.match")
    asked = request_of(db, line.approval) if line.approval else None
    form, why_not = _second(desk, asked, line, tried)
    return {
        "line": line,
        "shape": money_words.LINES[line.state][0],
        "word": money_words.LINES[line.state][1],
        "how": words.word(money_words.HOW, line.how),
        "told": payments.line_words(db, desk.staff, line) if may_match else None,
        "match_form": kept(tried, "match", line.public_id, lambda: MatchForm(name=f"match-{line.public_id[-6:]}"))
        if may_match and asked is None
        else None,
        "aside_form": kept(tried, "aside", line.public_id, lambda: AsideForm(name=f"aside-{line.public_id[-6:]}"))
        if may_match and asked is None
        else None,
        "split_form": kept(
            tried, "split", line.public_id, lambda: SplitForm(name=f"split-{line.public_id[-6:]}", currency=line.amount.currency)
        )
        if may_match and asked is None
        else None,
        "open": tried is not None and tried.about == line.public_id,
        "asked": asked,
        "answer_form": form,
        "why_not": why_not,
    }


def _second(desk: Desk, asked: Request | None, line: BankLine, tried: Tried | None) -> tuple[Any, str]:
    if asked is None:
        return None, ""
    if why_not := why_not_second(asked, desk, "bank_line.check"):
        return None, why_not
    return kept(tried, "answer", line.public_id, lambda: CheckForm(name=f"line-{line.public_id[-6:]}")), ""
