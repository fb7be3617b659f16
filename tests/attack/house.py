"""A lender at work: loans in every state, everybody of its staff with a seat at the console, and a second branch far away.

It is built once for a whole file of tests and lies in one transaction that is never committed: whatever is tried
in a `trial` is rolled back. `traces` tells whether anything was written.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.transaction import atomic, set_rollback
from django.test import Client
from django.urls import reverse

from holdfast import contracts, days
from holdfast.database.connection import transaction
from holdfast.journal import SYSTEM
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.money import Money
from holdfast.loans import loan_id_of
from holdfast.parties import Role, Staff, register_party, staff
from holdfast.stories import cast
from holdfast.stories.cast import Borrower
from holdfast.stories.stage import Stage
from holdfast.stories.tales import BEGINS
from holdfast.web.borrower import desk as at_the_phone
from holdfast.web.console import desk, words
from holdfast.wiring import NOTARY

Db = psycopg.Connection[Any]
# Everybody who can have a log-in.
ROLES: Final = tuple(role for role in Role if role is not Role.SYSTEM)
ENGLISH: Final = {"Accept-Language": "en"}
# Where it is kept who is logged in, and nothing of a loan.
_OF_SESSIONS: Final = frozenset({"django_session", "auth_user"})


@dataclass(frozen=True)
class Upload:
    """A file that somebody picks; each time it is sent it is read anew."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Post:
    """A form as it is sent: what its address names, its fields, and what follows the address after a question mark."""

    names: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    query: str = ""


@dataclass(frozen=True)
class Answer:
    """What came back: the status, where it leads, and every refusal whose words were shown."""

    status: int
    leads_to: str
    refused: tuple[HoldfastError, ...]
    said: tuple[str, ...]
    page: str

    @property
    def codes(self) -> list[str]:
        return [each.code for each in self.refused]

    @property
    def done(self) -> bool:
        """Whether the form did what it is for."""
        return self.status in (200, 302) and not self.refused and not any(each.startswith("error") for each in self.said)

    @property
    def refusal(self) -> HoldfastError | None:
        """What the form was refused for; a page that is drawn again may tell of other acts that this person may not do."""
        return self.refused[0] if self.refused else None

    @property
    def wrong(self) -> list[str]:
        """What stands beside the fields that are filled in wrongly."""
        return re.findall(r'class="err"[^>]*>.*?</svg>([^<]*)', self.page)


@dataclass
class House:
    """The lender. `loans` and `who` by the state that the loan is left in; `seals` of the things on the shelf."""

    db: Db
    stage: Stage
    loans: dict[str, str] = field(default_factory=dict)
    who: dict[str, Borrower] = field(default_factory=dict)
    seals: dict[str, str] = field(default_factory=dict)
    far_branch: int = 0
    shown: list[HoldfastError] = field(default_factory=list)
    clients: dict[str, Client] = field(default_factory=dict)
    _serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # -- people -----------------------------------------------------------------------------------

    def settle(self) -> None:
        """Each of the cast is somebody; besides them one of every role here who took part in nothing, and one in the far branch."""
        home = self.stage.people["officer"].branch_id
        assert home is not None
        for user in list(self.stage.people):
            who = self.stage.people[user]
            person = self.person(home)
            self.db.execute("UPDATE staff SET person_id = %s WHERE staff_id = %s", [person, who.staff_id])
            self.seat(user, staff(self.db, who.public_id))
        row = self.db.execute(
            "INSERT INTO branch (public_id, code, name) VALUES ('br_far', 'F', '示例分部') RETURNING branch_id"
        ).fetchone()
        assert row is not None
        self.far_branch = row[0]
        for role in ROLES:
            self.hire(f"any-{role}", role)
            self.hire(f"far-{role}", role, branch=self.far_branch, reach="branch")

    def person(self, branch: int) -> int:
        """Somebody new who works here, as a party."""
        private = {"name": "示例员工"}
        return register_party(self.db, clock=self.stage.clock, by=SYSTEM, kind="person", branch_id=branch, private=private).party_id

    def hire(self, log_in: str, role: str, *, branch: int | None = None, reach: str = "all", person: int | None = None) -> Staff:
        """One more log-in."""
        home = branch or self.stage.people["officer"].branch_id
        assert home is not None
        user = get_user_model().objects.create_user(username=log_in)
        self.db.execute(
            "INSERT INTO staff (public_id, user_id, person_id, name, role, branch_id, scope) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [f"st_{log_in.replace('-', '')}", user.pk, person or self.person(home), f"{log_in} 示例", role, home, reach],
        )
        return self.seat(log_in, staff(self.db, f"st_{log_in.replace('-', '')}"))

    def seat(self, log_in: str, who: Staff) -> Staff:
        self.stage.people[log_in] = who
        client = Client()
        assert who.user_id is not None
        client.force_login(get_user_model().objects.get(pk=who.user_id))
        self.clients[log_in] = client
        return who

    def twin(self, of: str, role: str) -> str:
        """The same person under another log-in, in that role; their log-in."""
        log_in = f"twin{next(self._serial)}"
        self.hire(log_in, role, person=self.stage.people[of].person_id)
        return log_in

    def at_phone(self, state: str) -> str:
        """The borrower of the loan in that state, who has proved their phone in a browser of their own; their log-in."""
        log_in = f"borrower {state}"
        if log_in not in self.clients:
            party = self.one("SELECT p.public_id FROM party p JOIN loan l USING (party_id) WHERE l.public_id = %s", self.loans[state])
            self.clients[log_in] = Client()
            session = self.clients[log_in].session
            session["borrower"] = party
            session.save()
        return log_in

    # -- trying -----------------------------------------------------------------------------------

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Whatever is done inside is undone."""
        now = self.stage.now, self.stage.seals
        try:
            with atomic():
                yield
                set_rollback(True)
        finally:
            self.stage.now, self.stage.seals = now

    def post(self, log_in: str | None, name: str, sent: Post, *, method: str = "post", site: str = "console") -> Answer:
        """That person sends the form (nobody is logged in where there is no log-in); `site` may be the borrowers' too."""
        fields = {key: SimpleUploadedFile(each.name, each.data) if isinstance(each, Upload) else each for key, each in sent.fields.items()}
        given = {"key": f"one-time-key-{next(self._serial)}", **fields} if method == "post" else {}
        client = Client() if log_in is None else self.clients[log_in]
        self.shown.clear()
        client.cookies.pop("messages", None)  # what was said of an earlier form, and not read
        path = reverse(f"{site}:{name}", kwargs=dict(sent.names)) + (f"?{sent.query}" if sent.query else "")
        response = client.get(path, headers=ENGLISH) if method == "get" else client.post(path, given, headers=ENGLISH)
        said = tuple(f"{each.level_tag}: {each}" for each in get_messages(response.wsgi_request))
        words_of_it = response.content.decode(errors="replace") if response.status_code != 302 else ""
        return Answer(response.status_code, response.get("Location", ""), tuple(self.shown), said, words_of_it)

    def traces(self) -> dict[str, tuple[int, int]]:
        """Every table, with how many rows it has and a sum over where they lie: a row that is written or changed lies elsewhere."""
        if not hasattr(self, "_tables"):
            found = self.db.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
            ).fetchall()
            self._tables = sorted({row[0] for row in found} - _OF_SESSIONS)
        lines = [
            f"SELECT '{name}', count(*), coalesce(sum(hashtext(tableoid::text || ctid::text)::bigint), 0)::bigint FROM \"{name}\""
            for name in self._tables
        ]
        rows = self.db.execute(" UNION ALL ".join(lines).encode(), prepare=True).fetchall()
        return {row[0]: (row[1], row[2]) for row in rows}

    def written(self, before: Mapping[str, tuple[int, int]]) -> list[str]:
        """The tables in which something was written since."""
        return [name for name, trace in self.traces().items() if before[name] != trace]

    # -- what is asked of the book ------------------------------------------------------------------

    def do(self, verb: Any, log_in: str, **given: Any) -> Any:
        return self.stage.do(verb, log_in, **given)

    def one(self, statement: str, *values: Any) -> Any:
        """The one value that the statement finds."""
        row = self.db.execute(statement.encode(), values).fetchone()
        assert row is not None, statement
        return row[0]

    def number(self, state: str) -> int:
        """The loan's number in the database."""
        return int(self.one("SELECT loan_id FROM loan WHERE public_id = %s", self.loans[state]))

    def yuan(self, amount: int) -> Money:
        return Money(amount * 100, "CNY")

    # -- the loans ----------------------------------------------------------------------------------

    def borrower(self, state: str, **changes: Any) -> Borrower:
        self.who[state] = cast.borrower(next(self._serial), "张示例", **changes)
        return self.who[state]

    def lend(self, state: str, **plan: Any) -> str:
        """A loan from the application to the money, its thing on the shelf."""
        self.loans[state] = self.stage.lend(self.borrower(state), **plan)
        self.seals[state] = f"SL-{self.stage.seals:05d}"
        self.db.execute("UPDATE loan SET officer_id = %s WHERE public_id = %s", [self.stage.people["teller"].staff_id, self.loans[state]])
        return self.loans[state]

    def fill(self) -> None:
        """One loan in every state. Two are late: they are lent first, and the days go by before the others come."""
        stage = self.stage
        for state in ("late", "noticed"):
            self.lend(state, yuan=1_500)
        stage.go_to(stage.next_due(self.loans["late"]).due_on + timedelta(days=31))
        stage.notice_default(self.loans["noticed"])
        stage.go_to(stage.today + timedelta(days=14))
        stage.load_prices()
        for state in ("submitted", "called", "confirmed", "referred", "refused", "decided", "offered", "signed", "sealed", "stored"):
            self._bring(state)
        self.lend("active")
        self.lend("paid off")
        stage.pay_by_bank(self.loans["paid off"], self.who["paid off"], stage.owed(self.loans["paid off"]), what="all")
        stage.deliver()
        for state in self.loans:
            self.at_phone(state)

    def sign(self, loan: str) -> None:
        """The borrower signs what was offered, by code."""
        by = self.stage.borrower_of(loan)
        code_id = self.stage.type_code(self.stage.do(contracts.ask_code, by, loan=loan))
        read = [clause.key for clause in contracts.contracts_of(self.db, loan_id_of(self.db, loan))[-1].clauses]
        self.stage.do(contracts.sign_by_borrower, by, loan=loan, code_id=code_id, flags_read=read, notary=NOTARY, user_agent="示例浏览器")

    def _bring(self, state: str) -> None:
        """A loan to where it is left."""
        facts: dict[str, Any] = {}
        if state == "referred":
            facts = {"existing_loans": 4}
        if state == "refused":
            facts = {
                "monthly_income_minor": 300_000, "monthly_obligations_minor": 290_000, "existing_loans": 6, "employment_years": 0,
                "savings_band": "none", "housing": "rent",
            }  # fmt: skip
        stage, who = self.stage, self.borrower(state, facts=facts)
        loan = self.loans[state] = stage.apply(who)
        self.db.execute("UPDATE loan SET officer_id = %s WHERE public_id = %s", [stage.people["teller"].staff_id, loan])
        if state == "submitted":
            return
        stage.call(loan, who, upto="questions" if state == "called" else None)
        if state in ("called", "confirmed", "referred"):
            return
        stage.decide(loan)
        if state in ("refused", "decided"):
            return
        stage.offer(loan)
        if state == "offered":
            return
        self.sign(loan)
        if state == "signed":
            return
        stage.do(contracts.seal, "approver", loan=loan, notary=NOTARY)
        if state == "stored":
            self.seals[state] = stage.take_in(loan, who)


@contextmanager
def opened(urls: Any) -> Iterator[House]:
    """The house, standing in one transaction on that database."""
    from tests.conftest import _lead_to

    _lead_to(urls)
    patch = pytest.MonkeyPatch()
    with ExitStack() as stack:
        stack.callback(_lead_to, None)
        stack.callback(connection.close)
        stack.callback(patch.undo)
        stack.enter_context(atomic())
        stack.callback(set_rollback, True)
        connection.ensure_connection()
        with transaction() as db:
            house = House(db, Stage.empty(BEGINS))
            house.settle()
            house.fill()
        _watch(house, patch)
        yield house


def _watch(house: House, patch: pytest.MonkeyPatch) -> None:
    """The console lives in the house's time, and every refusal that it puts into words is remembered."""
    told = words.refusal

    def remembered(error: HoldfastError) -> str:
        house.shown.append(error)
        return told(error)

    for name, module in list(sys.modules.items()):
        if name.startswith("holdfast.web") and getattr(module, "refusal", None) is told:
            patch.setattr(module, "refusal", remembered)
    for place in (desk, at_the_phone, days):
        patch.setattr(place, "clock", lambda _db: house.stage.clock)
    # The audit of the whole book asks for a snapshot of its own, which there is none of inside a transaction.
    patch.setattr(days, "audit_now", lambda _as_of, _at: None)
