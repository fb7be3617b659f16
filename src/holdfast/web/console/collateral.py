"""What a thing is worth: the sources beside each other on the loan's page, and the price books they are held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from holdfast import collateral, duties, files
from holdfast.collateral import CHECKLIST, DEDUCTIONS, BadPriceFile, Standing, Thing, Valuation
from holdfast.database.connection import transaction
from holdfast.duties import Case
from holdfast.kernel.errors import HoldfastError
from holdfast.life import LIVE
from holdfast.parties import box_of, may, party_by_id, require
from holdfast.web.console import custody_words, words
from holdfast.web.console.acts import Verb, attempt, into_form, once
from holdfast.web.console.custody import requests_of
from holdfast.web.console.custody_forms import AppraiseForm, PriceForm, QuoteForm, SettleForm
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm
from holdfast.web.console.templatetags.console import money

VALUE: Final = "collateral.value"
APPRAISE: Final = "collateral.appraise"
_BOOKS: Final = 20
_CELLS: Final = 30


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """The panel: each thing's sources, which counts and by which rule, and what this person may add."""
    case = duties.take(db, loan_id, desk.staff.scope, lock=False)
    things = collateral.things_of(db, case.loan.loan_id)
    if not things:
        return None
    rows = [_row(db, desk, case, about) for about in things]
    live = case.loan.state in LIVE
    return {
        "value_loan": loan_id,
        "value_rows": rows,
        "currency": case.loan.currency,
        "may_appraise": live and may(desk.staff, APPRAISE),
        "value_form": ActForm(name="value") if live and may(desk.staff, VALUE) else None,
        "value_requests": requests_of(db, desk, case.loan.loan_id, only=(collateral.SETTLE,)),
    }


def _row(db: Db, desk: Desk, case: Case, about: Thing) -> Mapping[str, Any]:
    standing = collateral.look(db, clock=desk.clock, case=case, thing=about)
    kept = collateral.last_value(db, about.thing_id)
    policy = collateral.policy_of(case, desk.today)
    old = [] if standing is None else [each.public_id for each in standing.sources]
    settle = None
    if standing and standing.referred and may(desk.staff, collateral.SETTLE):
        sources = [(each.public_id, f"{_source(each)} {money(each.amount.minor, each.amount.currency)}") for each in standing.sources]
        settle = SettleForm(name=f"settle{about.thing_id}", sources=sources)
    return {
        "about": about,
        "standing": standing,
        "kept": kept,
        "alarm": _alarm(db, desk, about, policy.stale_after),
        "rule": words.word(custody_words.RULES, standing.rule) if standing else "",
        "older": [each for each in collateral.valuations(db, about.thing_id) if each.public_id not in old],
        "settle": settle,
        "parts": _parts(standing, policy.locked_percent) if standing and standing.counting else [],
        "disagreement": policy.disagreement_percent,
    }


def _parts(standing: Standing, locked_percent: int) -> list[tuple[str, str, str]]:
    """The sum from the counting value to what is lent on it: name, arithmetic, amount."""
    assert standing.counting is not None
    whole, currency = standing.counting.amount, standing.amount.currency
    lines = [(gettext("Counting value"), _source(standing.counting), money(whole.minor, currency))]
    if standing.locked:
        lines.append(
            (
                gettext("Locked: value of its parts"),
                f"{money(whole.minor, currency)} × {locked_percent}%",
                money(standing.amount.minor, currency),
            )
        )
    off = standing.amount.minor - standing.lending_value.minor
    lines.append((gettext("Haircut"), f"{money(standing.amount.minor, currency)} × {standing.haircut_percent}%", money(-off, currency)))
    return lines


def _source(each: Valuation) -> str:
    return f"{words.word(custody_words.SOURCES, each.source)} · {each.source_name}"


def _alarm(db: Db, desk: Desk, about: Thing, stale_after: int) -> str:
    """Why this model cannot be valued today, if it cannot."""
    said = collateral.prices_of(db, model=about.model, storage_gb=about.storage_gb, on=desk.today)
    if not said:
        return gettext("The price book has no price for this model; it cannot be valued.")
    newest = max(line.as_of for line, _book in said)
    if (desk.today - newest).days > stale_after:
        return gettext("The newest price is of %(day)s, over %(n)s days old; it cannot be valued.") % {"day": newest, "n": stale_after}
    return ""


@require_POST
@at_desk
def value(request: HttpRequest, desk: Desk, loan_id: str, thing: str) -> HttpResponse:
    """Value the thing now and keep which source counts."""
    form = ActForm(request.POST, name="value")
    require(desk.staff, VALUE)
    with transaction() as db:
        duties.in_sight(db, loan_id, desk.staff.scope)

    def verb(db: Db) -> None:
        collateral.value(db, clock=desk.clock, by=desk.staff, loan=loan_id, thing=thing)

    _do(request, desk, VALUE, form, {"loan": loan_id, "thing": thing}, verb, gettext("Valued; the choice is kept with its rule."))
    return _back(loan_id)


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def appraise(request: HttpRequest, desk: Desk, loan_id: str, thing: str) -> HttpResponse:
    """An inspection, point by point."""
    return _fill(request, desk, loan_id, thing, AppraiseForm, _appraise, "console/collateral/appraise.html")


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def quote(request: HttpRequest, desk: Desk, loan_id: str, thing: str) -> HttpResponse:
    """What an outsider offers, with the paper that shows it."""
    return _fill(request, desk, loan_id, thing, QuoteForm, _quote, "console/collateral/quote.html")


def _fill(
    request: HttpRequest, desk: Desk, loan_id: str, thing: str, make: Callable[..., ActForm], do: Callable[..., None], template: str
) -> HttpResponse:
    require(desk.staff, APPRAISE)
    with transaction() as db:
        case = duties.take(db, loan_id, desk.staff.scope, lock=False)
        about = collateral.thing_of(db, case, thing)
    form = make(name="said", currency=case.loan.currency)
    status = 200
    if request.method == "POST":
        form, status = make(request.POST, request.FILES, name="said", currency=case.loan.currency), 422

        def verb(db: Db) -> None:
            do(db, desk, loan_id, about, form.cleaned_data)

        if _do(
            request, desk, APPRAISE, form, {"loan": loan_id, "thing": thing}, verb, gettext("Written; it stands beside the other sources.")
        ):
            return _back(loan_id)
    return render(request, template, {"form": form, "about": about, "loan": case.loan}, status=status)


def _appraise(db: Db, desk: Desk, loan_id: str, about: Thing, given: Mapping[str, Any]) -> None:
    seen = {point: given[f"see_{point}"] for point in CHECKLIST}
    off = {fault: given[f"off_{fault}"].minor for fault in DEDUCTIONS if given[f"off_{fault}"]}
    papers = _keep(db, desk, about, [given["photo"]] if given["photo"] else [])
    collateral.appraise(
        db, clock=desk.clock, by=desk.staff, loan=loan_id, thing=about.public_id, checklist=seen, market=given["market"], deductions=off,
        locked=given["locked"], evidence=papers,
    )  # fmt: skip


def _quote(db: Db, desk: Desk, loan_id: str, about: Thing, given: Mapping[str, Any]) -> None:
    collateral.enter_quote(
        db, clock=desk.clock, by=desk.staff, loan=loan_id, thing=about.public_id, source_name=given["source_name"], market=given["market"],
        as_of=given["as_of"], evidence=_keep(db, desk, about, [given["paper"]]),
    )  # fmt: skip


def _keep(db: Db, desk: Desk, about: Thing, uploads: Sequence[Any]) -> list[str]:
    owner = party_by_id(db, about.party_id)
    return [
        files.put(db, each.read(), clock=desk.clock, name=str(each.name)[-100:], box=box_of(db, owner), party_id=owner.party_id).public_id
        for each in uploads
    ]


@require_POST
@at_desk
def settle(request: HttpRequest, desk: Desk, loan_id: str, thing: str) -> HttpResponse:
    """Ask a second person to let one source count although they lie far apart."""
    with transaction() as db:
        case = duties.take(db, loan_id, desk.staff.scope, lock=False)
        about = collateral.thing_of(db, case, thing)
        standing = collateral.look(db, clock=desk.clock, case=case, thing=about)
    sources = [(each.public_id, each.public_id) for each in standing.sources] if standing else []
    form = SettleForm(request.POST, name="settle", sources=sources)

    def verb(db: Db) -> None:
        given = form.cleaned_data
        collateral.ask_settlement(
            db, clock=desk.clock, by=desk.staff, loan=loan_id, valuation=given["valuation"], reason=given["reason"], thing=thing
        )

    told = gettext("Asked. Another person agrees; until then nothing counts.")
    _do(request, desk, collateral.SETTLE, form, {"loan": loan_id, "thing": thing}, verb, told)
    return _back(loan_id)


# -- price books --------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def prices(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The price books, newest first, the alarms, and the way to load another."""
    form = PriceForm(name="prices")
    cells: Sequence[Any] = ()
    status = 200
    if request.method == "POST":
        require(desk.staff, "price_book.load")
        form, status = PriceForm(request.POST, request.FILES, name="prices"), 422
        if form.is_valid():
            upload = form.cleaned_data["file"]

            def verb(db: Db) -> str:
                return collateral.load_price_book(db, clock=desk.clock, by=desk.staff, name=str(upload.name), data=upload.read()).public_id

            try:
                loaded = once(desk, act="price_book.load", key=form.one_time_key, inputs=form.stated(), verb=verb)
            except BadPriceFile as error:
                cells = error.cells[:_CELLS]
                form.add_error("file", gettext("Nothing was loaded: %(n)s cells cannot be taken.") % {"n": len(error.cells)})
            except HoldfastError as error:
                into_form(form, error)
            else:
                messages.success(request, gettext("Loaded whole; from now on things are valued by it."))
                return HttpResponseRedirect(reverse("console:price_book", args=[loaded.made]))
    with transaction() as db:
        context = {
            "form": form,
            "cells": cells,
            "books": collateral.price_books(db, limit=_BOOKS),
            "alarms": collateral.price_alarms(db, on=desk.today, stale_after=_stale_after(desk)),
            "stale_after": _stale_after(desk),
            "may_load": may(desk.staff, "price_book.load"),
        }
    return render(request, "console/collateral/prices.html", context, status=status)


@require_safe
@at_desk
def price_book(request: HttpRequest, desk: Desk, book: str) -> HttpResponse:
    """One price book as it was loaded."""
    with transaction() as db:
        found = collateral.price_book(db, book)
        lines = [
            {
                "line": line,
                "fresh": (desk.today - line.as_of).days <= _stale_after(desk),
                "prices": [line.prices[grade] for grade in collateral.Grade],
                "own": line.own,
            }
            for line in collateral.lines_of(db, book)
        ]
    return render(request, "console/collateral/price_book.html", {"book": found, "lines": lines})


def _stale_after(desk: Desk) -> int:
    return desk.pack.number("price_book.stale_after", on=desk.today, lender_type=desk.lender.lender_type)


def _do(request: HttpRequest, desk: Desk, name: str, form: ActForm, about: Mapping[str, Any], verb: Verb, told: str) -> bool:
    """Do a form's act once; what was refused stands in the form, and for forms of the loan's page in a message."""
    if attempt(desk, form, act=name, about=about, verb=verb) is not None:
        messages.success(request, told)
        return True
    if not isinstance(form, AppraiseForm | QuoteForm):
        for field, errors in form.errors.items():
            label = form.fields[field].label if field in form.fields else ""
            messages.error(request, f"{label}: {errors[0]}" if label else str(errors[0]))
    return False


def _back(loan_id: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("console:loan", args=[loan_id]) + "#stage-collateral")
