"""A lender's house to test custody and pledges in: two custodians, an officer, an approver, a shelf, prices, and signed loans."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from holdfast import collateral, duties, pledges, servicing, wiring
from holdfast.collateral import Thing
from holdfast.duties.audit import Audit, examine
from holdfast.files.ports import Signed
from holdfast.journal import SYSTEM, Actor
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.parties import Reach, Role, Staff, staff_by_id
from holdfast.pledges import Answered, Asked, IntakeRead, Pledge
from holdfast.products import Terms
from holdfast.wiring import EXPECTATIONS
from tests.books import CNY, Book, round_terms
from tests.collateral.things import imei, owner, phone, photo

PORTS: dict[str, Any] = {"press": wiring.PRESS, "notary": wiring.NOTARY, "owed": servicing.owed}
MODELS = {"X1": (128, 3000), "X9": (256, 6000), "S0": (64, 600)}
_seals = count(1)


def seal() -> str:
    """A seal that nobody has used."""
    return f"SL-{next(_seals):05d}"


class QuickPress:
    """A press for tests that take in hundreds of things: the facts, with a PDF's first bytes."""

    def typeset(self, template: Path, facts: Mapping[str, Any], *, at: datetime) -> bytes:
        assert template.is_file()
        return b"%PDF-1.7\n" + json.dumps(facts, ensure_ascii=False).encode()


class QuickNotary(type(wiring.NOTARY)):  # type: ignore[misc]  # the class of whatever notary is wired
    """A notary for the same tests, which leaves a paper as it is."""

    def seal(self, pdf: bytes, *, organisation: str, reason: str, at: datetime) -> Signed:
        return Signed(pdf, "", organisation, at)


QUICK: dict[str, Any] = {"press": QuickPress(), "notary": QuickNotary(), "owed": servicing.owed}


@dataclass(repr=False)
class House(Book):
    """A book with people in it."""

    ports: Mapping[str, Any] = field(default_factory=lambda: PORTS)

    def __repr__(self) -> str:
        return f"House(day={self.day})"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.chen, self.fang = self.hire("陈示例", Role.CUSTODIAN), self.hire("方示例", Role.CUSTODIAN)
        self.officer, self.approver = self.hire("欧示例", Role.OFFICER), self.hire("艾示例", Role.APPROVER)
        self.risk = self.hire("芮示例", Role.RISK, reach=Reach.ALL)
        collateral.custody.set_shelf(self.db, clock=self.clock, by=self.chen, branch_id=self.branch_id, code="A", levels=5, slots=12)
        self.load_prices()

    def hire(self, name: str, role: Role, *, branch: int | None = None, reach: Reach = Reach.BRANCH, person: int | None = None) -> Staff:
        row = self.db.execute(
            """INSERT INTO staff (public_id, person_id, name, role, branch_id, scope)
               VALUES ('st_' || nextval('chain_id_seq'), %s, %s, %s, %s, %s) RETURNING staff_id""",
            [person, name, role, branch or self.branch_id, reach],
        ).fetchone()
        assert row is not None
        return staff_by_id(self.db, row[0])

    def other_branch(self) -> int:
        row = self.db.execute(
            "INSERT INTO branch (public_id, code, name) VALUES ('br_far', 'F', '远方示例') RETURNING branch_id"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def load_prices(self, **prices: int) -> None:
        wanted = prices or {name: yuan for name, (_gb, yuan) in MODELS.items()}
        rows = "".join(f"示例机 {name},{MODELS[name][0]},{yuan}.00,示例行情,{self.day}\n" for name, yuan in wanted.items())
        text = f"机型,容量,A级价,来源,日期\n{rows}"
        collateral.load_price_book(self.db, clock=self.clock, by=self.risk, name="示例行情.csv", data=text.encode())

    def terms(self, **changes: Any) -> Terms:
        return round_terms(self.day, **changes)

    def signed(self, thing: Thing | None = None, *, model: str = "示例机 X1", storage_gb: int = 128) -> tuple[str, Thing]:
        """A loan whose contract is sealed and whose thing is awaited."""
        self.loans += 1
        about = thing or phone(self, model=model, storage_gb=storage_gb)
        case = duties.begin(
            self.db, clock=self.clock, by=SYSTEM, branch_id=self.branch_id, officer_id=self.officer.staff_id, party_id=about.party_id,
            borrower_label="张*", product_code="phone", product_version=1, contract_no=f"S-{self.loans}", currency=CNY, pack=self.pack,
            kind="application.submitted", says={}, opens=("confirm",),
        )  # fmt: skip
        collateral.offer_for(self.db, thing_id=about.thing_id, loan_id=case.loan.loan_id)
        for kind, closes, opens, to in (
            ("confirmation.completed", "confirm", "decide", LoanState.CONFIRMED),
            ("decision.approved", "decide", "sign", LoanState.DECIDED),
            ("contract.sealed", "sign", "take_in", LoanState.SIGNED),
        ):  # fmt: skip
            duties.enter(self.db, case, clock=self.clock, by=SYSTEM, kind=kind, says={}, closes=(closes,), opens=(opens,), to=to)
        return case.loan.public_id, about

    def offered(self, loan: str, *, model: str = "示例机 X1", storage_gb: int = 128, **changes: Any) -> Thing:
        """A further thing that the borrower offers for the loan."""
        party = owner(self, "李示例")
        about = phone(self, party, model=model, storage_gb=storage_gb, **changes)
        collateral.offer_for(self.db, thing_id=about.thing_id, loan_id=self.number(loan))
        return about

    def seen(self, thing: Thing, slot: str, **changes: Any) -> IntakeRead:
        """What the counter sees when all is well."""
        party = self.party_of(thing)
        read = IntakeRead(
            True, True, collateral.imeis_for_document(self.db, thing.thing_id), {what: photo(self, party) for what in pledges.PHOTOS},
            seal(), slot,
        )  # fmt: skip
        return replace(read, **changes)

    def party_of(self, thing: Thing) -> Any:
        from holdfast.parties import party_by_id

        return party_by_id(self.db, thing.party_id)

    def ask_in(self, loan: str, thing: Thing, slot: str = "A-01-01", **changes: Any) -> Asked:
        return pledges.ask_take_in(self.db, clock=self.clock, by=self.chen, loan=loan, seen=self.seen(thing, slot, **changes))

    def yes(self, request: str, by: Staff | None = None) -> Answered:
        """Another person's yes, with all that must begin because of it."""
        return self.answer(request, by or self.fang, approved=True)

    def answer(self, request: str, by: Staff, *, approved: bool) -> Answered:
        return wiring.carry(
            pledges.answer, self.db, clock=self.clock, by=by, request=request, approved=approved, words="看过实物与封签", **self.ports
        )

    def taken_in(self, slot: str = "A-01-01", **which: Any) -> tuple[str, Thing, Pledge]:
        """A signed loan whose thing lies in custody."""
        loan, thing = self.signed(**which)
        self.yes(self.ask_in(loan, thing, slot).request.public_id)
        held = pledges.pledge_of(self.db, self.number(loan))
        assert held is not None
        return loan, thing, held

    def lent(self, slot: str = "A-01-01", *, terms: Terms | None = None, **which: Any) -> tuple[str, Thing, Pledge]:
        """A loan paid out on its thing: by default 1,200.00."""
        loan, thing, held = self.taken_in(slot, **which)
        servicing.disburse(self.db, clock=self.clock, by=SYSTEM, loan=loan, terms=terms or self.terms(), paid_on=self.day)
        return loan, thing, held

    def pay_off(self, loan: str) -> None:
        """The whole debt comes in, and all that begins because of it."""
        wiring.carry(
            servicing.receive,
            self.db,
            clock=self.clock,
            by=Actor("st_till", "officer"),
            loan=loan,
            amount=self.owed(loan),
            received_on=self.day,
        )

    def owed(self, loan: str) -> Money:
        return servicing.owed(self.db, loan=loan, on=self.day)

    def number(self, loan: str) -> int:
        return duties.in_sight(self.db, loan, None)

    def state(self, loan: str) -> LoanState:
        return duties.take(self.db, loan, None).loan.state

    def duty_kinds(self, loan: str) -> set[str]:
        return {duty.kind for duty in duties.take(self.db, loan, None).standing}

    def audit(self) -> Audit:
        return examine(self.db, self.day, EXPECTATIONS)

    def wait(self, days: int) -> None:
        self.day += timedelta(days=days)


__all__ = ["PORTS", "House", "imei", "owner", "phone", "photo", "seal"]
