"""Filling a file in, step by step: one way for the borrower on the phone and for the officer at the counter.

What holds is kept whatever else is wrong; what is refused stands beside its field; what is missing is told with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext

from holdfast import applications
from holdfast.applications import DECLARATION, Application, completeness
from holdfast.applications.facts import LARGEST_UPLOAD
from holdfast.database.connection import transaction
from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import HoldfastError
from holdfast.parties import Staff
from holdfast.web.borrower import wording
from holdfast.web.borrower.steps import SLOTS, StepForm, beside
from holdfast.web.console import words


@dataclass(frozen=True, slots=True)
class Hand:
    """Who fills the file in, at which time."""

    clock: Clock
    by: Actor | Staff


@dataclass(slots=True)
class Filled:
    """A step after it was sent: the form, the file as it stands, and what was refused of its papers."""

    form: StepForm
    file: Application
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def wrong(self) -> bool:
        return bool(self.form.errors or self.refused)


def fill(request: HttpRequest, hand: Hand, name: str, file: Application, models: tuple[str, ...]) -> Filled:
    """Keep what was sent of one step. Only the borrower's own hand gives consents here."""
    form = StepForm(request.POST, step=name, file=file, models=models)
    form.is_valid()
    kept = form.read()
    if name == "proof":
        # An empty box is an answer here: a tick that was taken out is taken out.
        kept["account_signed_out"] = bool(form.cleaned_data.get("account_signed_out"))
        kept["declaration"] = DECLARATION if form.cleaned_data.get("declaration") else ""
    refused: dict[str, str] = {}
    _keep(hand, file, form, kept)
    for slot in SLOTS.get(name, ()):
        _keep_picture(hand, file, slot, request.FILES.get(slot), refused)
    with transaction() as db:
        return Filled(form, applications.application(db, file.public_id, hand.by), refused)


def tell_missing(filled: Filled, hand: Hand, name: str) -> None:
    """Say beside each field of the step what the file still lacks, and why."""
    form = filled.form
    for each in completeness(filled.file, today=hand.clock.today()):
        if each.step != name:
            continue
        said = gettext("This is missing: %(why)s.") % {"why": wording.why(each.field)}
        if each.field not in form.fields:
            filled.refused.setdefault(each.field, said)
        elif each.field not in form.errors:
            form.add_error(each.field, said)


def slots_of(name: str, file: Application, refused: Mapping[str, str]) -> list[dict[str, Any]]:
    """The places for papers and pictures of a step, with what lies there."""
    return [
        {"name": slot, "label": slot_label(name, slot), "held": file.document(slot), "error": refused.get(slot, "")}
        for slot in SLOTS.get(name, ())
    ]


def slot_label(step_name: str, slot: str) -> str:
    """What a place for a paper is called in a step."""
    return str(wording.SCREENSHOT) if step_name == "proof" and slot == "account_signed_out" else wording.field(slot)


def _keep(hand: Hand, file: Application, form: StepForm, kept: dict[str, Any]) -> None:
    """Put the facts that hold into the file; one that the verb refuses is left out, and the others are still kept."""
    while kept:
        try:
            with transaction() as db:
                applications.save(db, clock=hand.clock, by=hand.by, application_id=file.public_id, facts=kept)
            break
        except HoldfastError as error:
            if error.field not in kept:
                raise
            form.add_error(error.field, beside(error))
            del kept[error.field]
    consents = form.consents()
    if consents and isinstance(hand.by, Actor):
        with transaction() as db:
            applications.agree(db, clock=hand.clock, by=hand.by, application_id=file.public_id, given=consents)


def _keep_picture(hand: Hand, file: Application, slot: str, upload: UploadedFile[Any] | None, refused: dict[str, str]) -> None:
    if upload is None:
        return
    if (upload.size or 0) > LARGEST_UPLOAD:
        refused[slot] = gettext("This file is too large; at most %(most)s MB.") % {"most": LARGEST_UPLOAD // 2**20}
        return
    try:
        with transaction() as db:
            applications.attach(
                db, clock=hand.clock, by=hand.by, application_id=file.public_id, slot=slot, data=upload.read(), name=upload.name or slot,
            )  # fmt: skip
    except HoldfastError as error:
        refused[slot] = words.refusal(error).removeprefix(f"{slot}: ")
