"""A book with people in it: one of each role who sees all, a borrower, and loans that an officer keeps."""

from __future__ import annotations

from datetime import date
from typing import Any

from holdfast.duties.audit import examine
from holdfast.loans import loan_id_of
from holdfast.parties import Party, Staff, create_branch, create_staff, register_party
from holdfast.servicing import originate, read_loans
from holdfast.servicing.fold import State
from holdfast.servicing.night import run_night
from holdfast.servicing.verify import verify_books
from holdfast.wiring import EXPECTATIONS
from tests.books import OFFICER, Book, round_terms

DAY = date(2026, 3, 2)


class People(dict[str, Staff]):
    """Staff by role, each hired when first asked for; by name where there are more of a role."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self._house = house

    def __missing__(self, role: str) -> Staff:
        return self._house.hire(role)


class House(Book):
    """A lender's book with staff."""

    people: People
    borrower: Party

    def open(self) -> House:
        self.people = People(self)
        self.borrower = self.person("张示例", phone="13800000001")
        return self

    def person(self, name: str, **more: str) -> Party:
        private = {"name": name, **more}
        return register_party(self.db, clock=self.clock, by=OFFICER, kind="person", branch_id=self.branch_id, private=private)

    def hire(self, role: str, *, name: str | None = None, reach: str = "all", person_id: int | None = None) -> Staff:
        staff = create_staff(
            self.db, clock=self.clock, by=OFFICER, username=name or role, password="a long password 示例", role=role,
            name=f"{role}（示例）", scope=reach, person_id=person_id,
            branch_id=self.branch_elsewhere() if reach == "branch" else None,
        )  # fmt: skip
        self.people[name or role] = staff
        return staff

    def branch_elsewhere(self) -> int:
        """Another branch, in which no loan is kept."""
        return create_branch(self.db, code="E", name="别处营业部（示例）").branch_id

    def loan(self, **terms: Any) -> str:
        """1,200.00 lent today at 12 % a year in three: 412.00, 408.00 and 404.00."""
        self.loans += 1
        done = originate(
            self.db, clock=self.clock, by=OFFICER, officer_id=self.people["officer"].staff_id, branch_id=self.branch_id,
            party_id=self.borrower.party_id, borrower_label="张*", product_code="phone", product_version=1,
            contract_no=f"HF-T-{self.loans:04}", terms=round_terms(self.day, **terms), pack=self.pack,
        )  # fmt: skip
        return done.public_id

    def state(self, loan: str) -> State:
        return read_loans(self.db, [loan_id_of(self.db, loan)], lock=False)[0].state

    def kinds(self, loan: str) -> list[str]:
        """The kinds of record on the loan's chain, first to last."""
        rows = self.db.execute("SELECT kind FROM record WHERE loan_id = %s ORDER BY seq", [loan_id_of(self.db, loan)]).fetchall()
        return [row[0] for row in rows]

    def sleep(self, nights: int) -> None:
        for _ in range(nights):
            run_night(self.db, clock=self.clock, on=self.day)
            self.walk(1)

    def clean(self) -> None:
        for check in verify_books(self.db):
            assert check.ok, (check.name, check.differences)
        outcome = examine(self.db, self.day, EXPECTATIONS)
        assert not outcome.missing and not outcome.unproved, outcome.as_json()
