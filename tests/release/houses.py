"""A house of staff and a borrower whose data is sealed: what the tests of release and disposal stand on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import psycopg

from holdfast import pledges, release, servicing
from holdfast.collateral import custody, load_price_book, offer_for, sample_price_book
from holdfast.contact import codes, dispatch
from holdfast.journal import SYSTEM
from holdfast.kernel.clock import FixedClock
from holdfast.kernel.money import Money
from holdfast.loans import loan_id_of
from holdfast.parties import Party, Staff, register_party, staff
from holdfast.products import Terms
from holdfast.release import disposal
from holdfast.servicing import Done, originate
from holdfast.servicing.night import record_contacts
from holdfast.wiring import BUREAU, CHANNELS, NOTARY, PRESS, carry
from tests.books import CNY, Book, clock_on, round_terms
from tests.collateral.things import imei, phone, photo

NAME, ID_NUMBER, PHONE = "张示例", "330302199003078523", "13800000001"
SITE = "https://proof.example"
MODEL, STORAGE = "示例机型 Pro", 256
START = date(2026, 3, 2)


def id_number(first17: str) -> str:
    from holdfast.parties.private import id_check_digit

    return first17 + id_check_digit(first17)


@dataclass
class House:
    """A book with people: each role once, a second approver, and somebody of another branch."""

    db: psycopg.Connection[Any]
    day: date = START
    book: Book = field(init=False)
    people: dict[str, Staff] = field(default_factory=dict)
    other_branch: int = 0
    minutes: int = 0
    things: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    borrower: Party = field(init=False)
    id_number: str = id_number("33030219900307852")

    def __post_init__(self) -> None:
        self.book = Book(self.db, self.day)
        row = self.db.execute(
            "INSERT INTO branch (public_id, code, name) VALUES ('br_far', 'F', '示例分部') RETURNING branch_id"
        ).fetchone()
        assert row is not None
        self.other_branch = row[0]
        for name, role in (
            ("officer", "officer"), ("custodian", "custodian"), ("keeper", "custodian"), ("approver", "approver"), ("checker", "approver"),
            ("risk", "risk"), ("caller", "caller"), ("auditor", "auditor"), ("admin", "admin"),
        ):  # fmt: skip
            self.hire(name, role)
        self.hire("stranger", "custodian", scope="branch", branch=self.other_branch)
        self.borrower = register_party(
            self.db, clock=self.clock, by=SYSTEM, kind="person", branch_id=self.book.branch_id,
            private={"name": NAME, "id_number": self.id_number, "phone": PHONE},
        )  # fmt: skip

    @property
    def clock(self) -> FixedClock:
        return FixedClock(clock_on(self.book.day).now() + timedelta(minutes=self.minutes))

    def hire(self, name: str, role: str, *, scope: str = "all", branch: int | None = None, person: Party | None = None) -> Staff:
        self.db.execute(
            "INSERT INTO staff (public_id, person_id, name, role, branch_id, scope) VALUES (%s, %s, %s, %s, %s, %s)",
            [f"st_{name}", person.party_id if person else None, f"{name} 示例", role, branch or self.book.branch_id, scope],
        )
        self.people[name] = staff(self.db, f"st_{name}")
        return self.people[name]

    def person(self, first17: str) -> Party:
        return register_party(
            self.db, clock=self.clock, by=SYSTEM, kind="person", branch_id=self.book.branch_id,
            private={"name": "李示例", "id_number": id_number(first17)},
        )  # fmt: skip

    def lend(self, terms: Terms | None = None, *, product: str = "phone", known: bool = True, officer: str = "officer") -> Done:
        self.book.loans += 1
        return originate(
            self.db, clock=self.clock, by=self.people["officer"].actor, officer_id=self.people[officer].staff_id,
            branch_id=self.book.branch_id, party_id=self.borrower.party_id if known else None, borrower_label="张*",
            product_code=product, product_version=1, contract_no=f"R-{self.book.loans}", terms=terms or round_terms(self.book.day),
            pack=self.book.pack,
        )  # fmt: skip

    def pledged(self, **changes: Any) -> str:
        """A loan whose phone lies on shelf A under a seal, with the seal and its IMEIs remembered by the loan."""
        loan = self.lend(**changes).public_id
        return self.take_in(loan)

    def take_in(self, loan: str) -> str:
        """One more phone behind the loan, taken in by the custodian before the checker."""
        number = len(self.things) + 1
        if number == 1:
            custody.set_shelf(
                self.db, clock=self.clock, by=self.people["custodian"], branch_id=self.book.branch_id, code="A", levels=2, slots=9
            )
            load_price_book(self.db, clock=self.clock, by=self.people["risk"], name="示例.csv", data=sample_price_book(self.book.day))
        imeis = (imei(), imei())
        thing = phone(self.book, self.borrower, imeis=imeis, model=MODEL, storage_gb=STORAGE)
        offer_for(self.db, thing_id=thing.thing_id, loan_id=loan_id_of(self.db, loan))
        seen = pledges.IntakeRead(
            True, True, imeis, {what: photo(self.book, self.borrower) for what in pledges.PHOTOS}, f"SL-{number:05d}", f"A-01-{number:02d}"
        )
        asked = pledges.ask_add(
            self.db, clock=self.clock, by=self.people["custodian"], loan=loan, thing=thing.public_id, seen=seen, reason="加押示例手机"
        )
        carry(
            pledges.answer, self.db, clock=self.clock, by=self.people["checker"], request=asked.request.public_id, approved=True, words="",
            press=PRESS, notary=NOTARY, owed=servicing.owed,
        )  # fmt: skip
        self.things.setdefault(loan, {})[seen.seal_no] = imeis
        return loan

    def pay(self, loan: str, yuan: float) -> Done:
        amount = Money(round(yuan * 100), CNY)
        return carry(
            servicing.receive, self.db, clock=self.clock, by=self.people["officer"], loan=loan, amount=amount, received_on=self.book.day
        )

    def walk(self, days: int) -> None:
        self.book.day += timedelta(days=days)

    # -- the counter ------------------------------------------------------------------------------

    def code(self, loan: str, who: str = "custodian") -> str:
        """Send a code and type it as the borrower reads it out."""
        self.minutes += 2
        code_id = release.send_code(self.db, clock=self.clock, by=self.people[who], loan=loan)
        self.send()
        digits = re.search(r"[0-9]{6}", self.messages(loan, "code_spoken")[0])
        assert digits is not None and codes.attempt(self.db, clock=self.clock, code_id=code_id, digits=digits[0])
        return code_id

    def send(self) -> None:
        """What is promised goes out, and what that proves is recorded."""
        record_contacts(self.db, dispatch(self.db, CHANNELS, clock=self.clock, limit=100), clock=self.clock)

    def messages(self, loan: str, template: str) -> list[str]:
        """What the borrower's phone shows, newest first."""
        rows = self.db.execute(
            "SELECT m.body FROM message m JOIN loan l USING (loan_id) WHERE l.public_id = %s AND template = %s ORDER BY message_no DESC",
            [loan, template],
        )
        return [row[0] for row in rows.fetchall()]

    def identify(self, loan: str, who: str = "custodian", **changes: Any) -> release.Did:
        fields: dict[str, Any] = {"way": "self", "name": NAME, "id_number": self.id_number}
        if "code_id" not in changes and changes.get("way", "self") == "self":
            changes["code_id"] = self.code(loan, who)
        return release.identify(self.db, clock=self.clock, by=self.people[who], loan=loan, **{**fields, **changes})

    def audit(self, loan: str, who: str = "officer") -> tuple[release.AuditLine, ...]:
        return release.audit(self.db, clock=self.clock, by=self.people[who], loan=loan)[1]

    def approve(self, loan: str, who: str, approved: bool = True, words: str = "看过了") -> release.Did:
        return release.approve(self.db, clock=self.clock, by=self.people[who], loan=loan, approved=approved, words=words)

    def certify(self, loan: str, who: str = "officer") -> release.Did:
        return release.certify(self.db, clock=self.clock, by=self.people[who], loan=loan, press=PRESS, notary=NOTARY, site=SITE)

    def ask_hand_back(self, loan: str, who: str = "custodian", **changes: Any) -> release.Did:
        fields: dict[str, Any] = {"read": self.things[loan]} if loan in self.things else {"words": "原柜交还（示例）"}
        return release.ask_hand_back(self.db, clock=self.clock, by=self.people[who], loan=loan, **{**fields, **changes})

    def hand_back(self, loan: str, who: str = "approver", approved: bool = True) -> release.Did:
        return release.hand_back(
            self.db,
            clock=self.clock,
            by=self.people[who],
            loan=loan,
            approved=approved,
            words="当面看过封签",
            press=PRESS,
            notary=NOTARY,
            site=SITE,
        )

    def certified(self, **changes: Any) -> str:
        """A pledged loan that is paid off, identified, audited, approved and certified."""
        loan = self.pledged(**changes)
        self.pay(loan, 1200)
        self.identify(loan)
        self.audit(loan)
        self.approve(loan, "approver")
        self.approve(loan, "risk")
        self.certify(loan)
        return loan

    def report(self, loan: str, who: str = "officer") -> release.Did:
        return release.report(self.db, clock=self.clock, by=self.people[who], loan=loan, bureau=BUREAU)

    def state(self, loan: str) -> tuple[str, str]:
        """Where the loan stands, and its release."""
        row = self.db.execute(
            "SELECT l.state, r.state FROM loan l LEFT JOIN release r USING (loan_id) WHERE l.public_id = %s"
            " ORDER BY r.release_no DESC LIMIT 1",
            [loan],
        ).fetchone()
        assert row is not None
        return row[0], row[1]

    def open_duties(self, loan: str) -> set[str]:
        return {kind for kind, _, _ in self.book.open_duties(loan)}

    def kinds(self, loan: str) -> list[str]:
        """The records of the loan's chain, first to last."""
        rows = self.db.execute("SELECT r.kind FROM record r JOIN loan l USING (loan_id) WHERE l.public_id = %s ORDER BY r.seq", [loan])
        return [row[0] for row in rows.fetchall()]

    # -- default ----------------------------------------------------------------------------------

    def notice(self, loan: str, who: str = "officer") -> release.Did:
        return disposal.notice(self.db, clock=self.clock, by=self.people[who], loan=loan, press=PRESS, notary=NOTARY)

    def value(self, loan: str, yuan: int = 1500, who: str = "custodian") -> release.Did:
        return disposal.value_for_sale(
            self.db, clock=self.clock, by=self.people[who], loan=loan, amount=Money(yuan * 100, CNY), words="市场三家询价（示例）"
        )

    def ask_sale(self, loan: str, yuan: int = 1500, costs: int = 50, who: str = "custodian", **changes: Any) -> release.Did:
        fields: dict[str, Any] = {
            "price": Money(yuan * 100, CNY), "costs": {"拍卖佣金": Money(costs * 100, CNY)}, "buyer_name": "王示例",
            "buyer_id": id_number("11010119800101001"), "relation": "none", "sold_on": self.book.day, "reason": "",
        }  # fmt: skip
        return disposal.ask_sale(self.db, clock=self.clock, by=self.people[who], loan=loan, **{**fields, **changes})

    def sell(self, loan: str, who: str, approved: bool = True) -> release.Did:
        return carry(disposal.sell, self.db, clock=self.clock, by=self.people[who], loan=loan, approved=approved, words="看过估值")

    def account(self, loan: str, who: str = "officer") -> release.Did:
        return disposal.account(self.db, clock=self.clock, by=self.people[who], loan=loan, press=PRESS, notary=NOTARY)
