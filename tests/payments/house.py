"""A lender with the people that money needs: two officers, an approver, a custodian, and a colleague of another branch."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import psycopg
from django.test import override_settings

from holdfast import payments
from holdfast.duties import Case, begin, enter
from holdfast.duties.audit import examine
from holdfast.journal import SYSTEM, Actor
from holdfast.kernel import canonical
from holdfast.kernel.clock import FixedClock
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.parties import Party, Staff, create_branch, create_staff, register_party
from holdfast.payments import Payout
from holdfast.payments.model import BankFile, BankLine
from holdfast.products import Terms
from holdfast.servicing import Done
from holdfast.servicing.verify import verify_books
from holdfast.wiring import EXPECTATIONS, GROWS, RAIL, carry, receive_many, take_answer
from tests.books import CNY, Book, round_terms

PASSWORD = "a long enough pass phrase"
ACCOUNT = "6222 0200 0000 0000 123"
NAME = "示例张三"


def yuan(amount: float | int) -> Money:
    return Money(round(amount * 100), CNY)


@dataclass
class House:
    """A book with its staff, and shortcuts for what every test begins with."""

    book: Book
    staff: dict[str, Staff] = field(default_factory=dict)
    borrowers: int = 0

    @property
    def db(self) -> psycopg.Connection[Any]:
        return self.book.db

    @property
    def clock(self) -> FixedClock:
        return self.book.clock

    def __post_init__(self) -> None:
        other = create_branch(self.db, code="X", name="示例第二营业部").branch_id
        # Nobody logs in here: a slow hash would only make every test wait.
        with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
            self._hire_all(other)

    def _hire_all(self, other: int) -> None:
        for name, role, branch in (
            ("officer", "officer", self.book.branch_id), ("cashier", "officer", self.book.branch_id),
            ("approver", "approver", self.book.branch_id), ("second", "approver", self.book.branch_id),
            ("custodian", "custodian", self.book.branch_id), ("risk", "risk", self.book.branch_id),
            ("caller", "caller", self.book.branch_id), ("auditor", "auditor", self.book.branch_id),
            ("stranger", "officer", other), ("far_approver", "approver", other),
        ):  # fmt: skip
            self.staff[name] = self.hire(name, role, branch)

    def __getitem__(self, name: str) -> Staff:
        return self.staff[name]

    def hire(self, name: str, role: str, branch: int, person: Party | None = None) -> Staff:
        return create_staff(
            self.db, clock=self.clock, by=SYSTEM, username=f"pay-{name}", password=PASSWORD, name=f"示例{name}", role=role,
            branch_id=branch, scope="branch", person_id=person.party_id if person else None,
        )  # fmt: skip

    def borrower(self, name: str = NAME) -> Party:
        return register_party(
            self.db, clock=self.clock, by=SYSTEM, kind="person", branch_id=self.book.branch_id, private={"name": name}
        )  # fmt: skip

    def borrower_of(self, loan: str) -> Actor:
        """The loan's borrower, as the journal knows them."""
        row = self.db.execute("SELECT p.public_id FROM party p JOIN loan l USING (party_id) WHERE l.public_id = %s", [loan]).fetchone()
        assert row is not None
        return Actor(row[0], "borrower")

    def begun(self, name: str = NAME, officer: str | None = "officer") -> Case:
        """A loan that has just been applied for."""
        party = self.borrower(name)
        self.borrowers += 1
        return begin(
            self.db, clock=self.clock, by=SYSTEM, branch_id=self.book.branch_id, officer_id=self[officer].staff_id if officer else None,
            party_id=party.party_id, borrower_label=party.label, product_code="phone", product_version=1,
            contract_no=f"PAY-2026-{self.borrowers:04d}", currency=CNY, pack=self.book.pack, kind="application.submitted", says={},
            opens=("confirm",),
        )  # fmt: skip

    def signed(self, name: str = NAME, *, officer: str | None = "officer", terms: Terms | None = None, sealed: bool = True) -> str:
        """A loan whose money may go out: contract sealed, thing in custody. Contract and pledge stand as their rows."""
        case = self.begun(name, officer)
        self._step(case, "confirmation.completed", to=LoanState.CONFIRMED, closes=("confirm",), opens=("decide",))
        self._step(case, "decision.approved", to=LoanState.DECIDED, closes=("decide",), opens=("sign",))
        self._step(case, "contract.sealed", to=LoanState.SIGNED, closes=("sign",), opens=("take_in",))
        self._step(case, "custody.taken_in", closes=("take_in",), opens=("pay_out",))
        agreed = terms or round_terms(self.book.day)
        self.db.execute(
            """INSERT INTO contract (loan_id, n, public_id, number, state, terms, clauses, drafted_by, offered_by, offered_on, good_until,
                                     signed_at, sealed_at, sealed_by)
               VALUES (%s, 1, %s, %s, %s, %s, '[]', %s, %s, %s, %s, %s, %s, %s)""",
            [
                case.loan.loan_id, f"ct_{case.loan.loan_id}", case.loan.contract_no, "sealed" if sealed else "borrower_signed",
                canonical.encode(agreed.to_json()).decode(), self["officer"].staff_id, self["officer"].staff_id, self.book.day,
                self.book.day + timedelta(days=5), self.clock.now(), self.clock.now(), self["approver"].staff_id,
            ],
        )  # fmt: skip
        return case.loan.public_id

    def _step(self, case: Case, kind: str, **how: Any) -> None:
        enter(self.db, case, clock=self.clock, by=SYSTEM, kind=kind, says={}, **how)

    # -- money out --

    def ask(self, loan: str, *, by: str = "officer", name: str = NAME, account: str = ACCOUNT) -> Payout:
        return payments.ask_payout(self.db, clock=self.clock, by=self[by], loan=loan, payee_name=name, account=account)

    def check(self, payout: str, *, by: str = "approver", approved: bool = True, words: str = "") -> Payout:
        return carry(
            payments.check_payout, self.db, clock=self.clock, by=self[by], payout=payout, approved=approved, words=words, rail=RAIL,
            grows=GROWS,
        )  # fmt: skip

    def answer(self, payout: str, answer: payments.Answer) -> Payout:
        return carry(payments.record_answer, self.db, clock=self.clock, by=SYSTEM, payout=payout, answer=answer)

    def paid(self, name: str = NAME, *, account: str = ACCOUNT, terms: Terms | None = None, officer: str | None = "officer") -> str:
        """A loan that was paid out today by this book."""
        loan = self.signed(name, terms=terms, officer=officer)
        payout = self.check(self.ask(loan, name=name, account=account).public_id).public_id
        order = payments.instruct(self.db, clock=self.clock, payout=payout)
        assert order is not None
        self.answer(payout, RAIL.send(order))
        return loan

    # -- money in --

    def load(self, data: bytes | str, *, by: str = "officer", name: str = "示例银行流水.csv") -> BankFile:
        raw = data.encode() if isinstance(data, str) else data
        return payments.load_bank_file(self.db, clock=self.clock, by=self[by], name=name, data=raw, map_name="generic")

    def match(self) -> int:
        seen = 0
        while looked := payments.match_lines(self.db, clock=self.clock, receive=receive_many, answer=take_answer):
            seen += looked
        return seen

    def line(self, file: BankFile, row: int) -> BankLine:
        return next(line for line in payments.lines_of(self.db, self["risk"], file.public_id) if line.row == row)

    def receipts(self, loan: str) -> list[tuple[int, date]]:
        """Amount in fen and value date of the loan's receipts, in their order."""
        rows = self.db.execute(
            """SELECT (e.payload::jsonb ->> 'amount')::bigint, e.on_date FROM loan_event e JOIN loan l USING (loan_id)
                WHERE l.public_id = %s AND e.kind = 'receipt' ORDER BY e.event_no""",
            [loan],
        )
        return [(row[0], row[1]) for row in rows]

    def loan_id(self, loan: str) -> int:
        row = self.db.execute("SELECT loan_id FROM loan WHERE public_id = %s", [loan]).fetchone()
        assert row is not None
        return int(row[0])

    def kinds(self, loan: str) -> list[str]:
        """The kinds of the loan's records, in their order."""
        return [row[0] for row in self.db.execute("SELECT kind FROM record WHERE loan_id = %s ORDER BY seq", [self.loan_id(loan)])]

    def state(self, loan: str) -> str:
        row = self.db.execute("SELECT state FROM loan WHERE public_id = %s", [loan]).fetchone()
        assert row is not None
        return str(row[0])

    def receive(self, loan: str, amount: float) -> Done:
        from holdfast import servicing

        return carry(servicing.receive, self.db, clock=self.clock, by=SYSTEM, loan=loan, amount=yuan(amount), received_on=self.book.day)

    def prove(self) -> None:
        """Every deferred key holds, the audit of today is clean, and the books agree."""
        self.db.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.db.execute("SET CONSTRAINTS ALL DEFERRED")
        found = examine(self.db, self.book.day, EXPECTATIONS)
        assert not found.missing and not found.late and not found.unproved, found.as_json()
        assert [(check.name, check.differences) for check in verify_books(self.db) if not check.ok] == []
