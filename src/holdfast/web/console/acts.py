"""Acts: how a form becomes one verb, once, and which page comes back when it is refused.

Each form carries a key of its own. The verb and the note that the key was used are one
transaction, so a form sent twice acts once and finds what the first one made, and a key that comes
back with other figures is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

from holdfast.database.connection import transaction
from holdfast.kernel import canonical
from holdfast.kernel.errors import HoldfastError, NotFound
from holdfast.parties import require
from holdfast.web.api.idempotency import once as do_once
from holdfast.web.console import words
from holdfast.web.console.desk import Db, Desk
from holdfast.web.console.forms import ActForm

Verb = Callable[[Db], str | None]


@dataclass(frozen=True, slots=True)
class Tried:
    """A form that was sent and refused: it is drawn again as it was filled in. `name` says which form of the page, `about` of what."""

    name: str
    about: str
    form: ActForm


@dataclass(frozen=True, slots=True)
class Done:
    """An act that is done. `made` is what its verb gave back, such as the public id of what it made; empty if nothing."""

    made: str


def once(desk: Desk, *, act: str, key: str, inputs: Mapping[str, Any], verb: Verb) -> Done:
    """Do `verb` in one transaction; if this key did it before, nothing is done now and the answer is the first one's.

    Forbidden if the role may not, Refusal if the key was used with other inputs.
    """
    require(desk.staff, act)
    asked = bytes.fromhex(canonical.digest({"act": act, "inputs": dict(inputs)}))
    with transaction() as db:

        def done() -> tuple[int, str]:
            return 303, verb(db) or ""

        answer = do_once(db, scope=f"console {desk.staff.public_id}", key=key, inputs=asked, now=desk.clock.now(), act=done)
    return Done(answer.body)


def attempt(desk: Desk, form: ActForm, *, act: str, about: Mapping[str, Any], verb: Verb) -> Done | None:
    """Do what a form asks, once; None if it was refused, and then the form says why.

    Forbidden if the role may not; NotFound if what the address names, and no field of the form, is not there.
    """
    require(desk.staff, act)
    if not form.is_valid():
        return None
    try:
        return once(desk, act=act, key=form.one_time_key, inputs={**about, **form.stated()}, verb=verb)
    except HoldfastError as error:
        if isinstance(error, NotFound) and error.field not in form.fields:
            raise
        into_form(form, error)
        return None


def perform(
    request: HttpRequest, desk: Desk, tried: Tried, *, act: str, verb: Verb, said: str | Callable[[str], str],
    back: str | Callable[[str], str],
    again: Callable[[Tried], HttpResponse],
) -> HttpResponse:  # fmt: skip
    """Do what the form asks, say so and go `back`; refused, the page is drawn `again` with the form.

    Nothing is said where the page itself shows it. What is said, and where it goes, may depend on what the verb gave back: of a form
    sent twice, on what it gave the first time.
    """
    done = attempt(desk, tried.form, act=act, about={"name": tried.name, "about": tried.about}, verb=verb)
    if done is None:
        return again(tried)
    if sentence := said if isinstance(said, str) else said(done.made):
        messages.success(request, sentence)
    return HttpResponseRedirect(back if isinstance(back, str) else back(done.made))


def in_panel(
    request: HttpRequest, desk: Desk, tried: Tried, *, act: str, verb: Verb, said: str | Callable[[str], str], back: str
) -> HttpResponse:
    """Do what a form in a panel of another page asks, and go `back` to the panel.

    What the form lacks is said above that page; what the verb refuses has a page of its own.
    """
    if tried.form.is_valid():
        done = once(
            desk, act=act, key=tried.form.one_time_key, inputs={"name": tried.name, "about": tried.about, **tried.form.stated()}, verb=verb
        )
        messages.success(request, said if isinstance(said, str) else said(done.made))
    else:
        wrong = [str(each) for errors in tried.form.errors.values() for each in errors]
        messages.error(request, " ".join([gettext("Nothing was saved."), *wrong]))
    return HttpResponseRedirect(back)


def kept(tried: Tried | None, name: str, about: str, fresh: Callable[[], ActForm]) -> ActForm:
    """The form that was refused, if it is this one; else a fresh one."""
    return tried.form if tried is not None and (tried.name, tried.about) == (name, about) else fresh()


def into_form(form: forms.Form, error: HoldfastError) -> None:
    """Show what a verb refused beside the field it is about, else above the form; the input is kept."""
    field = (error.field or "").split(".")[0]
    form.add_error(field if field in form.fields else None, words.refusal(error))
