"""Two people for one act: what was asked about a loan, who has answered, and the answer that another person may give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.urls import reverse
from django.utils.translation import gettext

from holdfast.approvals import Request, Standing, may_answer
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.rate import percent_of_ppb
from holdfast.parties import may
from holdfast.servicing.approved import ACTS
from holdfast.web.console import relief_words, words
from holdfast.web.console.desk import Desk
from holdfast.web.console.forms import AnswerForm
from holdfast.web.console.templatetags.console import money


def panels(asked: Sequence[Request], desk: Desk, failed: tuple[str, forms.Form] | None = None) -> list[Mapping[str, Any]]:
    """The open requests as their panels show them: both people, and for one who may not answer, why."""
    shown: list[Mapping[str, Any]] = []
    for each in asked:
        if each.standing is not Standing.OPEN or each.act not in ACTS:
            continue
        why_not = why_not_second(each, desk)
        fresh = None if why_not else AnswerForm(name=f"answer-{each.public_id[-6:]}")
        form = failed[1] if fresh and failed and failed[0] == each.public_id else fresh
        shown.append({"asked": each, "what": what(each), "form": form, "why_not": why_not})
    return shown


def why_not_second(asked: Request, desk: Desk, act: str | None = None) -> str:
    """Why this person may not answer as the second one; empty if they may. `act` is what their role has to allow besides."""
    try:
        may_answer(asked, desk.staff)
    except HoldfastError as error:
        return words.refusal(error)
    return "" if act is None or may(desk.staff, act) else gettext("Your role may not do this.")


# Where an act that is about no loan is answered: the page, which of its inputs the address names, and what the role has to allow.
_PLACES: Final[Mapping[str, tuple[str, tuple[str, ...], str | None]]] = {
    "decision.activate": ("rule", ("sha256",), "decision.make"),
    "programme": ("programme", ("programme",), "programme.decide"),
    "programme.reverse": ("programme", ("programme",), "programme.decide"),
    "reminder_plan.propose": ("plan", ("plan",), "reminder_plan.answer"),
    "strategy.propose": ("strategy", ("strategy",), "strategy.answer"),
    "text.approve": ("text", ("template", "language"), "text.approve"),
    "ledger.reopen": ("months", (), "ledger.reopen"),
    "drawer.close": ("counter", (), "drawer.close"),
    "bank_line.set_aside": ("suspense", (), "bank_line.check"),
    "house_account.set": ("payout_files", (), "house_account.check"),
    "custody.move": ("shelf", (), None),
    "custody.lost": ("shelf", (), None),
}


def place(asked: Request, loan: str | None) -> str:
    """The address of the page on which a request is answered; empty if there is none but its own screen."""
    if loan is not None:
        return reverse("console:loan", args=[loan]) + f"#request-{asked.public_id}"
    if asked.act not in _PLACES:
        return ""
    name, inputs, _right = _PLACES[asked.act]
    return reverse(f"console:{name}", args=[asked.inputs[each] for each in inputs])


def is_mine(asked: Request, desk: Desk) -> bool:
    """Whether this person may answer it as the second one, on the page where it is answered."""
    right = _PLACES[asked.act][2] if asked.loan_id is None and asked.act in _PLACES else None
    return not why_not_second(asked, desk, right)


def what(asked: Request) -> str:
    """The act that is asked for, with its figures."""
    name = words.word(words.ACTS, asked.act)
    amount = asked.inputs.get("amount")
    if isinstance(amount, Mapping):
        return f"{name} {money(amount['minor'], amount['currency'])}"
    if asked.act == "waiver":
        parts = asked.inputs["parts"].items()
        return f"{name} " + " · ".join(f"{relief_words.PARTS[part]} {money(each['minor'], each['currency'])}" for part, each in parts)
    if asked.act == "delinquency.pause":
        return f"{name} {asked.inputs['starts_on']} – {asked.inputs['ends_on']}"
    if asked.act == "charge":
        return f"{name} {asked.inputs['name']} {percent_of_ppb(asked.inputs['ppb'])}% · {relief_words.BASES[asked.inputs['of']]}"
    if asked.act == "receipt.reverse":
        return gettext("%(act)s #%(n)s") % {"act": name, "n": asked.inputs.get("event_no")}
    return name
