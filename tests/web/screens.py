"""Pages as a test sees them: who sits before them, what a form carries, and sending it as a browser would."""

from __future__ import annotations

import re
from html import unescape
from typing import Any, Protocol

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from holdfast.kernel.clock import Clock
from holdfast.parties import Staff
from holdfast.web.console import desk as console
from tests.servicing.house import House

PASSWORD = "a long password 示例"
LANGUAGES = {"en": "en", "zh": "zh-hans"}


class Timed(Protocol):
    """What has an hour of its own."""

    @property
    def clock(self) -> Clock: ...


def desk(house: House, who: str) -> Client:
    """The console, with one of the house's people logged in, in English."""
    assert house.people[who].user_id is not None
    client = Client(headers={"Accept-Language": "en"})
    assert client.login(username=who, password=PASSWORD)
    return client


def on_the_phone(party: str) -> Client:
    """The phone of a borrower who has proved it, in English."""
    client = Client(headers={"Accept-Language": "en"})
    session = client.session
    session["borrower"] = party
    session.save()
    return client


def hidden(page: str, name: str) -> str:
    """What a form on the page carries under that name."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, f"no field {name} on the page"
    return unescape(found[1])


def form_of(page: str, to: str = "") -> tuple[str, dict[str, str]]:
    """Where a form leads (empty if to its own page), and what it carries unseen.

    Of those with a key of their own: the first whose address ends with `to`, else the first that has it anywhere. Without `to`: the
    first that leads to its own page, else the first with a key.
    """
    keyed = [form for form in _forms(page) if "key" in form[1]]
    if not to:
        fits = [form for form in _forms(page) if not form[0]] + keyed
    else:
        fits = [form for form in keyed if form[0].endswith(to)] + [form for form in keyed if to in form[0]]
    assert fits, f"no form leads to {to!r}"
    return fits[0]


def _forms(page: str) -> list[tuple[str, dict[str, str]]]:
    forms = []
    for head, body in re.findall(r"<form([^>]*)>(.*?)</form>", page, re.DOTALL):
        if _of(head, "method") != "post":
            continue
        hidden = [each for each in re.findall(r"<input([^>]*)>", body) if 'type="hidden"' in each]
        forms.append((_of(head, "action").partition("#")[0], {_of(each, "name"): _of(each, "value") for each in hidden}))
    return forms


def _of(tag: str, attribute: str) -> str:
    found = re.search(rf'\b{attribute}="([^"]*)"', tag)
    return unescape(found[1]) if found else ""


def sent(client: Client, path: str, to: str = "", **given: Any) -> Any:
    """The answer to the form of a page, sent with what it carries to where it leads."""
    where, carried = form_of(client.get(path).content.decode(), to)
    return client.post(where or path, {**carried, **given})


def live_at(monkeypatch: pytest.MonkeyPatch, house: Timed) -> None:
    """The console lives at the hour of the house."""
    monkeypatch.setattr(console, "clock", lambda _db: house.clock)


class Person:
    """Somebody of the staff at the console; each answer is checked for its status."""

    def __init__(self, db: psycopg.Connection[Any], who: Staff) -> None:
        user = get_user_model().objects.create_user(username=f"at-{who.public_id}", password=PASSWORD)
        db.execute("UPDATE staff SET user_id = %s WHERE staff_id = %s", [user.pk, who.staff_id])
        self.client = Client()
        self.client.force_login(user)

    def see(self, path: str, language: str = "en", status: int = 200) -> str:
        answer = self.client.get(path, headers={"Accept-Language": LANGUAGES[language]})
        assert answer.status_code == status, (path, answer.status_code, answer.content.decode()[:2000])
        return answer.content.decode()

    def send(self, page: str, to: str = "", *, status: int = 302, **given: Any) -> Any:
        where, carried = form_of(self.see(page), to)
        answer = self.client.post(where or page, {**carried, **given}, headers={"Accept-Language": "en"})
        assert answer.status_code == status, (answer.status_code, re.sub(r"<[^>]+>", " ", answer.content.decode())[:3000])
        return answer
