"""Who there is: branches, staff with a role and a data scope, and the parties that a loan is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from holdfast.journal import Actor
from holdfast.kernel.errors import Forbidden


class Role(StrEnum):
    """What a person is here to do."""

    CALLER = "caller"
    OFFICER = "officer"
    APPROVER = "approver"
    CUSTODIAN = "custodian"
    RISK = "risk"
    AUDITOR = "auditor"
    ADMIN = "admin"
    INTEGRATOR = "integrator"
    SYSTEM = "system"


class Reach(StrEnum):
    """How far a person's sight goes: loans of their own, of their team, of their branch, or all."""

    OWN = "own"
    TEAM = "team"
    BRANCH = "branch"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Branch:
    """A place of business."""

    branch_id: int
    public_id: str
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Scope:
    """A person's data scope. Every statement that lists or opens loans for a person carries its condition."""

    reach: Reach
    staff_id: int
    branch_id: int | None
    team: str | None

    def condition(self, alias: str) -> tuple[str, Mapping[str, Any]]:
        """A condition on `loan` under `alias`, with its parameters (all named `scope_...`).

        A person without a branch or a team who is limited to one sees nothing.
        """
        if self.reach is Reach.ALL:
            return "TRUE", {}
        if self.reach is Reach.BRANCH:
            return f"{alias}.branch_id = %(scope_branch)s::bigint", {"scope_branch": self.branch_id}
        if self.reach is Reach.TEAM:
            members = (
                "SELECT mate.staff_id FROM staff mate WHERE mate.branch_id = %(scope_branch)s::bigint AND mate.team = %(scope_team)s::text"
            )
            return f"{alias}.officer_id IN ({members})", {"scope_branch": self.branch_id, "scope_team": self.team}
        return f"{alias}.officer_id = %(scope_staff)s::bigint", {"scope_staff": self.staff_id}


@dataclass(frozen=True, slots=True)
class Staff:
    """A log-in of someone who works here; `person_id` is the party it stands for, where that is known."""

    staff_id: int
    public_id: str
    user_id: int | None
    person_id: int | None
    name: str
    role: Role
    branch_id: int | None
    team: str | None
    reach: Reach
    active: bool

    @property
    def scope(self) -> Scope:
        """What this person may see."""
        return Scope(self.reach, self.staff_id, self.branch_id, self.team)

    @property
    def actor(self) -> Actor:
        """How the journal names this person."""
        return Actor(self.public_id, self.role)

    def is_same_person(self, other: Staff) -> bool:
        """Whether both are one person, under whichever log-in."""
        return self.staff_id == other.staff_id or (self.person_id is not None and self.person_id == other.person_id)


@dataclass(frozen=True, slots=True)
class Party:
    """A person or a firm, by masked name. `erased`: its key is destroyed and what was sealed is gone for good."""

    party_id: int
    public_id: str
    kind: str
    label: str
    language: str
    branch_id: int
    erased: bool


# Which roles may do what. What is not listed is nobody's; reading within one's scope is everybody's.
MAY: Final[Mapping[str, frozenset[Role]]] = {
    "loan.create": frozenset({Role.OFFICER, Role.INTEGRATOR}),
    # -- the stages before the money --
    "application.intake": frozenset({Role.OFFICER, Role.CALLER, Role.INTEGRATOR}),
    "application.withdraw": frozenset({Role.OFFICER, Role.INTEGRATOR}),
    "confirmation.call": frozenset({Role.CALLER}),
    "fraud.freeze": frozenset({Role.CALLER, Role.OFFICER, Role.APPROVER, Role.RISK, Role.CUSTODIAN}),
    "fraud.thaw": frozenset({Role.APPROVER, Role.RISK}),
    "price_book.load": frozenset({Role.RISK}),
    "collateral.appraise": frozenset({Role.CUSTODIAN}),
    "collateral.value": frozenset({Role.CUSTODIAN, Role.APPROVER, Role.RISK}),
    "valuation.settle": frozenset({Role.CUSTODIAN, Role.APPROVER, Role.RISK}),
    "decision.make": frozenset({Role.APPROVER, Role.RISK}),
    "decision.review": frozenset({Role.CALLER, Role.OFFICER}),
    "decision.activate": frozenset({Role.RISK}),
    "contract.offer": frozenset({Role.OFFICER}),
    "contract.seal": frozenset({Role.APPROVER, Role.RISK}),
    "custody.take_in": frozenset({Role.CUSTODIAN}),
    "custody.witness": frozenset({Role.CUSTODIAN, Role.OFFICER, Role.APPROVER}),
    "custody.move": frozenset({Role.CUSTODIAN}),
    "custody.audit": frozenset({Role.CUSTODIAN}),
    "custody.find": frozenset({Role.CUSTODIAN}),
    "custody.to_hand_back": frozenset({Role.CUSTODIAN, Role.OFFICER}),
    "custody.hand_back": frozenset({Role.CUSTODIAN}),
    "pledge.lift": frozenset({Role.CUSTODIAN, Role.APPROVER, Role.RISK}),
    "pledge.part_release": frozenset({Role.CUSTODIAN, Role.OFFICER}),
    "pledge.dispose": frozenset({Role.CUSTODIAN, Role.APPROVER, Role.RISK}),
    "custody.lost": frozenset({Role.CUSTODIAN}),
    "shelf.define": frozenset({Role.CUSTODIAN, Role.ADMIN}),
    "custody.compensate": frozenset({Role.CUSTODIAN, Role.OFFICER}),
    "payout.ask": frozenset({Role.OFFICER}),
    "payout.check": frozenset({Role.APPROVER, Role.RISK}),
    "payout.enquire": frozenset({Role.OFFICER, Role.APPROVER}),
    "payout_file.make": frozenset({Role.OFFICER}),
    "payout_file.take": frozenset({Role.APPROVER, Role.RISK}),
    "payout_file.stop": frozenset({Role.OFFICER, Role.APPROVER, Role.RISK}),
    "payout.recall": frozenset({Role.OFFICER, Role.APPROVER}),
    "house_account.set": frozenset({Role.ADMIN}),
    "house_account.check": frozenset({Role.RISK, Role.APPROVER}),
    "mandate.cancel": frozenset({Role.OFFICER, Role.CALLER}),
    "debit.note": frozenset({Role.CALLER}),
    "drawer.open": frozenset({Role.OFFICER}),
    "drawer.close": frozenset({Role.APPROVER, Role.RISK, Role.CUSTODIAN}),
    "drawer.bank": frozenset({Role.OFFICER, Role.APPROVER, Role.CUSTODIAN}),
    "drawer.settle": frozenset({Role.APPROVER, Role.RISK}),
    "bank_file.load": frozenset({Role.OFFICER, Role.INTEGRATOR}),
    "bank_line.match": frozenset({Role.OFFICER}),
    "bank_line.check": frozenset({Role.APPROVER, Role.RISK}),
    "restructuring.ask": frozenset({Role.OFFICER, Role.CALLER}),
    "restructuring.decide": frozenset({Role.APPROVER, Role.RISK}),
    "restructuring.reverse": frozenset({Role.OFFICER, Role.APPROVER, Role.RISK}),
    "release.identify": frozenset({Role.CUSTODIAN, Role.OFFICER}),
    "release.audit": frozenset({Role.OFFICER, Role.CUSTODIAN}),
    "release.approve": frozenset({Role.APPROVER, Role.RISK, Role.CUSTODIAN}),
    "release.certify": frozenset({Role.OFFICER, Role.APPROVER}),
    "release.hand_back": frozenset({Role.CUSTODIAN}),
    "release.report": frozenset({Role.OFFICER}),
    "default.notice": frozenset({Role.OFFICER}),
    "default.withdraw": frozenset({Role.OFFICER}),
    "disposal.value": frozenset({Role.CUSTODIAN, Role.RISK}),
    "disposal.sell": frozenset({Role.CUSTODIAN}),
    "disposal.approve": frozenset({Role.APPROVER, Role.RISK}),
    "disposal.account": frozenset({Role.OFFICER}),
    "branch.counter": frozenset({Role.ADMIN, Role.CUSTODIAN}),
    # -- while it is repaid --
    "receipt.post": frozenset({Role.OFFICER, Role.INTEGRATOR}),
    "receipt.reverse": frozenset({Role.OFFICER}),
    "refund": frozenset({Role.OFFICER}),
    "write_off": frozenset({Role.APPROVER, Role.RISK}),
    "charge": frozenset({Role.OFFICER}),
    "waiver": frozenset({Role.OFFICER, Role.APPROVER}),
    "goodwill": frozenset({Role.OFFICER, Role.APPROVER}),
    "delinquency.pause": frozenset({Role.OFFICER, Role.APPROVER}),
    "delinquency.resume": frozenset({Role.OFFICER, Role.APPROVER, Role.RISK}),
    "programme.plan": frozenset({Role.RISK}),
    "programme.decide": frozenset({Role.APPROVER, Role.RISK}),
    "paper.issue": frozenset({Role.CALLER, Role.OFFICER, Role.APPROVER, Role.RISK}),
    "duty.note": frozenset({Role.CALLER, Role.OFFICER, Role.CUSTODIAN}),
    "duty.take": frozenset({Role.CALLER, Role.OFFICER, Role.APPROVER, Role.CUSTODIAN, Role.RISK}),
    "duty.assign": frozenset({Role.APPROVER, Role.RISK, Role.ADMIN}),
    "absence.set": frozenset({Role.CALLER, Role.OFFICER, Role.APPROVER, Role.CUSTODIAN, Role.RISK, Role.ADMIN}),
    "duty.audit": frozenset({Role.AUDITOR, Role.RISK, Role.ADMIN}),
    "reminder_plan.propose": frozenset({Role.RISK}),
    "reminder_plan.answer": frozenset({Role.APPROVER, Role.RISK}),
    "strategy.propose": frozenset({Role.RISK}),
    "strategy.answer": frozenset({Role.APPROVER, Role.RISK}),
    "strategy.try": frozenset({Role.APPROVER, Role.RISK, Role.AUDITOR}),
    "tonight.hold": frozenset({Role.OFFICER, Role.APPROVER, Role.RISK}),
    "approval.answer": frozenset({Role.APPROVER, Role.RISK, Role.CUSTODIAN}),
    "party.register": frozenset({Role.OFFICER, Role.CALLER, Role.INTEGRATOR, Role.ADMIN}),
    "party.reveal": frozenset({Role.CALLER, Role.OFFICER, Role.APPROVER, Role.CUSTODIAN, Role.RISK}),
    "party.erase": frozenset({Role.ADMIN}),
    # Whoever of the staff hears it; an auditor only reads.
    "complaint.take": frozenset({Role.CALLER, Role.OFFICER, Role.APPROVER, Role.CUSTODIAN, Role.RISK, Role.ADMIN, Role.INTEGRATOR}),
    "complaint.answer": frozenset({Role.APPROVER, Role.RISK}),
    "promise.take": frozenset({Role.CALLER, Role.OFFICER, Role.APPROVER}),
    "promise.take_after_broken": frozenset({Role.APPROVER}),
    "performance.see": frozenset({Role.CALLER, Role.OFFICER, Role.APPROVER, Role.RISK, Role.AUDITOR}),
    "performance.see_others": frozenset({Role.APPROVER, Role.RISK, Role.AUDITOR}),
    "settlement.offer": frozenset({Role.CALLER, Role.OFFICER}),
    "settlement.decide": frozenset({Role.APPROVER, Role.RISK}),
    "visit.plan": frozenset({Role.CALLER, Role.OFFICER, Role.APPROVER}),
    "review.make": frozenset({Role.CALLER, Role.OFFICER}),
    "review.read": frozenset({Role.RISK}),
    "review.bring_forward": frozenset({Role.OFFICER, Role.APPROVER, Role.RISK}),
    # Whose work it is to know how a business goes.
    "review.look": frozenset({Role.CALLER, Role.OFFICER, Role.APPROVER, Role.RISK, Role.AUDITOR}),
    "visit.make": frozenset({Role.CALLER, Role.OFFICER, Role.CUSTODIAN}),
    "inbound.answer": frozenset({Role.CALLER, Role.OFFICER, Role.APPROVER, Role.RISK}),
    "inbound.link": frozenset({Role.CALLER, Role.OFFICER, Role.APPROVER, Role.RISK}),
    "text.draft": frozenset({Role.RISK}),
    "text.approve": frozenset({Role.APPROVER, Role.RISK}),
    "text.carrier": frozenset({Role.RISK, Role.ADMIN}),
    "contact.stop": frozenset({Role.CALLER, Role.OFFICER, Role.RISK}),
    "tape.import": frozenset({Role.ADMIN, Role.INTEGRATOR, Role.RISK}),
    "shadow.compare": frozenset({Role.ADMIN, Role.INTEGRATOR, Role.RISK}),
    "shadow.accept": frozenset({Role.ADMIN, Role.RISK}),
    "night.run": frozenset({Role.ADMIN}),
    "ledger.close": frozenset({Role.RISK, Role.ADMIN}),
    "ledger.reopen": frozenset({Role.RISK, Role.ADMIN}),
    "clock.shift": frozenset({Role.ADMIN, Role.OFFICER, Role.RISK}),
    "product.define": frozenset({Role.RISK}),
    "policy.store": frozenset({Role.RISK, Role.ADMIN}),
    "staff.manage": frozenset({Role.ADMIN}),
    "journal.export": frozenset({Role.AUDITOR, Role.OFFICER, Role.RISK, Role.ADMIN}),
}


def may(staff: Staff, act: str) -> bool:
    """Whether this person's role allows the act; nobody who has left may do anything."""
    return staff.active and (staff.role is Role.SYSTEM or staff.role in MAY.get(act, frozenset()))


def require(staff: Staff, act: str) -> None:
    """Forbidden, naming who may, unless this person's role allows the act."""
    if not may(staff, act):
        allowed = ", ".join(sorted(MAY.get(act, frozenset()))) or "nobody"
        raise Forbidden(f"{staff.role} may not do {act}; it is for: {allowed}", code="role_may_not", act=act, role=str(staff.role))
