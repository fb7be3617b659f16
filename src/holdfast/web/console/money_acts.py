"""How a form of the money pages becomes one verb, once, and which page comes back when it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from holdfast.kernel.errors import HoldfastError, NotFound
from holdfast.loans import loan_of_number
from holdfast.parties import require
from holdfast.servicing import reading as book
from holdfast.web.console.acts import into_form, once
from holdfast.web.console.desk import Db, Desk
from holdfast.web.console.forms import ActForm


@dataclass(frozen=True, slots=True)
class Tried:
    """A form that was sent and refused: it is drawn again as it was filled in. `name` says which form of the page, `about` of what."""

    name: str
    about: str
    form: forms.Form


def perform(
    request: HttpRequest, desk: Desk, tried: Tried, *, act: str, verb: Callable[[Db], object], said: Callable[[], str], back: str,
    again: Callable[[Tried], HttpResponse],
) -> HttpResponse:  # fmt: skip
    """Do what the form asks in one transaction and go `back`; refused, the page is drawn `again` with the form."""
    require(desk.staff, act)
    form = tried.form
    assert isinstance(form, ActForm)
    if form.is_valid():
        inputs = {name: str(value) for name, value in form.cleaned_data.items() if name != "key"}
        try:
            once(desk, act=act, key=form.one_time_key, inputs={"name": tried.name, "about": tried.about, **inputs}, verb=verb)
        except HoldfastError as error:
            if isinstance(error, NotFound) and error.field not in form.fields:
                raise  # what the address names is not there
            into_form(form, error)
        else:
            messages.success(request, said())
            return HttpResponseRedirect(back)
    return again(tried)


def kept(tried: Tried | None, name: str, about: str, fresh: Callable[[], forms.Form]) -> forms.Form:
    """The form that was refused, if it is this one; else a fresh one."""
    return tried.form if tried is not None and (tried.name, tried.about) == (name, about) else fresh()


def loan_named(db: Db, desk: Desk, text: str) -> str:
    """The public id of a loan within sight, by its contract number or its id, however it was typed; NotFound otherwise."""
    typed = text.strip()
    public_id = typed if typed.startswith("ln_") else loan_of_number(db, typed)
    if public_id is None:
        raise NotFound(f"no loan within your sight has the number {typed}", code="loan_not_found", field="loan")
    book.loan_number(db, desk.look, public_id)
    return public_id
