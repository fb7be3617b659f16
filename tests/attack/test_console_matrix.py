"""Every form of the console, sent by everybody who may not: refused, and nothing written.

The forms are those of the addresses (`web/console/urls.py`); one that is not in the table of `tests/attack/forms.py` fails here, and
that file says how to add it. Who may is read from `parties.MAY`. The screen's own check is put out of force, so that what refuses is
the verb: a verb that forgets its `require` fails here although its page would not have let anybody through.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from holdfast import parties
from holdfast.kernel.errors import NotFound
from holdfast.parties import MAY, Staff
from holdfast.web.console import custody, programmes, queues, relief
from holdfast.web.console.urls import urlpatterns
from tests.attack.forms import FORMS, OPEN
from tests.attack.house import ROLES, Answer, House, opened

# Why somebody cannot be the second person, by code.
SAME_PERSON = frozenset(
    {
        "approval_same_person",
        "approval_maker",
        "approval_barred",
        "same_person",
        "own_loan",
        "fraud_reporter",
        "seal_same_person",
        "visit_own_report",
        "review_own",
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def house(shared_urls: Any) -> Iterator[House]:
    with opened(shared_urls) as house:
        yield house


def address_of(form: str) -> str:
    """The name of the address that the form is sent to."""
    return form.partition(" · ")[0]


@contextmanager
def screens_let_everybody_through() -> Iterator[None]:
    """No page of the console checks a role of its own accord."""
    with pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.startswith("holdfast.web.console") and getattr(module, "require", None) is parties.require:
                patch.setattr(module, "require", lambda _staff, _act: None)
        yield


@contextmanager
def acts_asked() -> Iterator[list[str]]:
    """The acts that verbs ask about, in their order."""
    asked: list[str] = []
    real = parties.require

    def noted(staff: Staff, act: str) -> None:
        asked.append(act)
        real(staff, act)

    with pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.startswith("holdfast.") and not name.startswith("holdfast.web") and getattr(module, "require", None) is real:
                patch.setattr(module, "require", noted)
        yield asked


# -- the table is whole -----------------------------------------------------------------------------


def test_every_address_that_takes_a_form_is_in_the_table(house: House) -> None:
    anybody = Client()
    taking = set()
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        assert pattern.name is not None
        names = {name: 1 if type(kind).__name__ == "IntConverter" else "x" for name, kind in pattern.pattern.converters.items()}
        if anybody.post(reverse(f"console:{pattern.name}", kwargs=names)).status_code != 405:
            taking.add(pattern.name)
    assert len(taking) > 80
    assert {address_of(name) for name in FORMS} | OPEN == taking


@pytest.mark.parametrize(
    ("address", "acts"),
    [
        ("shelf_act", custody._ACTS), ("custody_act", custody._LOAN_ACTS), ("relief", relief._ACTS), ("programme_act", programmes._ACTS),
        ("duty_act", queues._ACTS),
    ],
)  # fmt: skip
def test_every_act_of_an_address_that_does_several_things_is_in_the_table(address: str, acts: Collection[str]) -> None:
    assert {f"{address} · {what}" for what in acts} == {name for name in FORMS if address_of(name) == address}


def test_every_act_named_in_the_table_is_somebody_s() -> None:
    assert {act for form in FORMS.values() for act in (form.act, form.also or form.act)} <= set(MAY)


# -- each form ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMS)
def test_a_form_does_its_act_for_who_may_and_nothing_for_anybody_else(house: House, name: str) -> None:
    form, address = FORMS[name], address_of(name)
    with house.trial():
        sent = form.ready(house)
        before = house.traces()

        def nothing_written(what: str, answer: Answer) -> None:
            written = house.written(before)
            assert written == [], f"{what} wrote {written}: {answer.status} {answer.codes} {answer.said}"
            assert answer.status < 500, f"{what}: {answer.status}"

        answer = house.post(None, address, sent)
        nothing_written("nobody", answer)
        assert (answer.status, answer.leads_to.partition("?")[0]) == (302, "/login")

        nothing_written("a GET", house.post(form.who, address, replace(sent, fields={}), method="get"))

        with screens_let_everybody_through() if not form.screen else _nothing_put_out_of_force():
            for role in ROLES:
                if role not in form.may:
                    answer = house.post(f"any-{role}", address, sent)
                    nothing_written(role, answer)
                    refused = answer.refusal
                    assert refused is not None, f"{role} is not refused: {answer.status} {answer.said} {answer.wrong}"
                    assert refused.code == "role_may_not", f"{role} is refused for another reason: {refused.code} {refused}"
        wrong = next(role for role in ROLES if role not in form.may)
        answer = house.post(f"any-{wrong}", address, sent)
        nothing_written(f"{wrong} at the screen", answer)
        assert not answer.done and "role_may_not" in answer.codes

        if form.sight != "nowhere":
            for one in sorted(form.may):
                answer = house.post(f"far-{one}", address, sent)
                nothing_written(f"{one} of another branch", answer)
                if form.sight == "choice":
                    assert not answer.done, f"{one} of another branch: {answer.status} {answer.said}"
                    continue
                assert isinstance(answer.refusal, NotFound), f"{one} of another branch: {answer.status} {answer.codes} {answer.said}"
                if form.sight == "address":
                    assert answer.status == 404, f"{one} of another branch is told {answer.status} and led to {answer.leads_to}"

        with acts_asked() as asked:
            answer = house.post(form.who, address, sent)
        assert answer.done, f"{form.who} is refused: {answer.status} {answer.refused} {answer.said} {answer.wrong}"
        written = house.written(before)
        assert form.reads or written != []
        assert form.barred or "approval_answer" not in written, "a second person answers here: the table must name who may not be it"
        assert form.screen or form.act in asked, f"the verb asks for {asked}"


@contextmanager
def _nothing_put_out_of_force() -> Iterator[None]:
    yield


@pytest.mark.parametrize("name", [name for name, form in FORMS.items() if form.barred])
def test_the_same_person_under_another_log_in_is_not_the_second_person(house: House, name: str) -> None:
    form, address = FORMS[name], address_of(name)
    with house.trial():
        twins = [(of, role, house.twin(of, role)) for of in form.barred for role in sorted(form.may)]
        sent = form.ready(house)
        before = house.traces()
        for of, role, log_in in twins:
            answer = house.post(log_in, address, sent)
            what = f"{of} under another log-in as {role}"
            assert house.written(before) == [], f"{what} wrote {house.written(before)}: {answer.status} {answer.said}"
            assert answer.refusal is not None, f"{what} is not refused: {answer.status} {answer.said}"
            assert answer.refusal.code in SAME_PERSON, f"{what} is refused for another reason: {answer.refusal.code} {answer.refusal}"
        assert house.post(form.who, address, sent).done
