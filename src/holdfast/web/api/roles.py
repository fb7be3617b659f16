"""Who may call what: one line an operation, and no other place decides it.

An operation that does something is open to whom `parties.MAY` lets do it, so that console and API
agree; reading is listed here. What is not in the table is open to nobody. `WHOLE_BOOK` names the operations
whose answer speaks of every loan at once; they ask for the data scope `all` besides the role.
"""

from __future__ import annotations

from typing import Final

from holdfast.kernel.errors import Forbidden
from holdfast.parties import MAY, Reach, Role

ROLES: Final = tuple(role for role in Role if role is not Role.SYSTEM)

_ALL: Final = frozenset(ROLES)
_READS_MONEY: Final = _ALL - {Role.CALLER, Role.CUSTODIAN}
_OVERSEES: Final = frozenset({Role.RISK, Role.AUDITOR, Role.ADMIN})
_PLANS_THE_NIGHT: Final = _OVERSEES | {Role.OFFICER, Role.APPROVER}
_SEES_REQUESTS: Final = MAY["receipt.reverse"] | MAY["write_off"] | MAY["approval.answer"] | {Role.AUDITOR, Role.ADMIN}

OPEN_TO: Final = {
    "applications.start": MAY["application.intake"],
    "applications.update": MAY["application.intake"],
    "applications.ask_consent_code": MAY["application.intake"],
    "applications.try_consent_code": MAY["application.intake"],
    "applications.attach": MAY["application.intake"],
    "applications.submit": MAY["application.intake"],
    "applications.supplement": MAY["application.intake"],
    "applications.give_back": MAY["application.intake"],
    "applications.close": MAY["application.intake"],
    "applications.withdraw": MAY["application.withdraw"],
    "applications.list": _ALL,
    "applications.get": _ALL,
    "servicing.list": _ALL,
    "servicing.read": _ALL,
    "servicing.schedule": _ALL,
    "servicing.timeline": _ALL,
    "servicing.payoff": _ALL,
    "servicing.events": _READS_MONEY,
    "servicing.statement": _ALL,
    "servicing.payoff_statement": _ALL,
    "servicing.due_dates": _ALL,
    "servicing.issue_paper": MAY["paper.issue"],
    "servicing.papers": _ALL,
    "servicing.paper": _ALL,
    "servicing.entries": _READS_MONEY,
    "servicing.preview": _ALL,
    "servicing.originate": MAY["loan.create"],
    "servicing.receive": MAY["receipt.post"],
    "servicing.reverse": MAY["receipt.reverse"],
    "servicing.refund": MAY["refund"],
    "servicing.write_off": MAY["write_off"],
    "contracts.list": _ALL,
    "contracts.get": _ALL,
    "contracts.draft": MAY["contract.offer"],
    "contracts.offer": MAY["contract.offer"],
    "contracts.seal": MAY["contract.seal"],
    "contracts.void": MAY["contract.offer"],
    "contracts.lapse": MAY["contract.offer"],
    "contracts.authority": _ALL,
    "restructuring.list": _ALL,
    "restructuring.compare": _ALL,
    "restructuring.ask": MAY["deferral.ask"],
    "restructuring.decide": MAY["deferral.decide"],
    "restructuring.withdraw": MAY["deferral.ask"],
    "release.list": _ALL,
    "release.read": _ALL,
    "release.send_code": MAY["release.identify"],
    "release.attempt_code": MAY["release.identify"],
    "release.identify": MAY["release.identify"],
    "release.audit": MAY["release.audit"],
    "release.approve": MAY["release.approve"],
    "release.ask_phone_change": MAY["release.audit"],
    "release.allow_phone_change": MAY["release.approve"],
    "release.certify": MAY["release.certify"],
    "release.ask_hand_back": MAY["release.hand_back"],
    "release.hand_back": MAY["custody.witness"] & MAY["approval.answer"],
    "release.report": MAY["release.report"],
    "release.close_lost": MAY["release.hand_back"],
    "release.paper": _READS_MONEY,
    "release.set_counter": MAY["branch.counter"],
    "disposal.list": _ALL,
    "disposal.read": _ALL,
    "disposal.notice": MAY["default.notice"],
    "disposal.withdraw": MAY["default.withdraw"],
    "disposal.value": MAY["disposal.value"],
    "disposal.ask_sale": MAY["disposal.sell"],
    "disposal.sell": MAY["disposal.approve"],
    "disposal.account": MAY["disposal.account"],
    "disposal.ask_surplus": MAY["refund"],
    "disposal.return_surplus": MAY["approval.answer"],
    "decisioning.list": _ALL,
    "decisioning.get": _ALL,
    "decisioning.decide": MAY["decision.make"],
    "decisioning.answer": MAY["decision.make"],
    "decisioning.review": MAY["decision.review"],
    "decisioning.replay": _READS_MONEY,
    "decisioning.in_force": _ALL,
    "decisioning.propose": MAY["decision.activate"],
    "decisioning.activate": MAY["decision.make"],
    "collateral.things": _ALL,
    "collateral.value": MAY["collateral.value"],
    "collateral.appraise": MAY["collateral.appraise"],
    "collateral.enter_quote": MAY["collateral.appraise"],
    "collateral.ask_settlement": MAY["valuation.settle"],
    "collateral.reveal_imei": MAY["party.reveal"],
    "collateral.keep_file": MAY["collateral.appraise"],
    "collateral.price_books": _ALL,
    "collateral.price_book": _ALL,
    "collateral.load_price_book": MAY["price_book.load"],
    "collateral.price_alarms": _ALL,
    "custody.shelves": _ALL,
    "custody.set_shelf": MAY["shelf.define"],
    "custody.shelf": _ALL,
    "custody.ask_move": MAY["custody.move"],
    "custody.miss": MAY["custody.audit"],
    "custody.found": MAY["custody.find"],
    "custody.ask_lost": MAY["custody.lost"],
    "custody.open_audit": MAY["custody.audit"],
    "custody.audit": _ALL,
    "custody.scan": MAY["custody.audit"],
    "custody.close_audit": MAY["custody.audit"],
    "pledges.list": _ALL,
    "pledges.ask_take_in": MAY["custody.take_in"],
    "pledges.take_back_draft": MAY["custody.take_in"],
    "pledges.offer": MAY["custody.take_in"],
    "pledges.preview": _ALL,
    "pledges.ask_add": MAY["custody.take_in"],
    "pledges.ask_substitute": MAY["custody.take_in"],
    "pledges.ask_release_part": MAY["pledge.part_release"],
    "pledges.ask_to_hand_back": MAY["custody.to_hand_back"],
    "pledges.ask_hand_back": MAY["custody.hand_back"],
    "pledges.ask_compensation": MAY["custody.compensate"],
    "pledges.answer": MAY["approval.answer"],
    "approvals.list": _SEES_REQUESTS,
    "approvals.read": _SEES_REQUESTS,
    "approvals.answer": MAY["approval.answer"],
    "confirmation.queue": _ALL,
    "confirmation.read": _ALL,
    **dict.fromkeys(
        (
            "confirmation.take",
            "confirmation.dial",
            "confirmation.picked_up",
            "confirmation.answer",
            "confirmation.send_code",
            "confirmation.try_code",
            "confirmation.confirm",
            "confirmation.end_call",
            "confirmation.fail",
            "confirmation.give_up",
            "confirmation.observe",
            "confirmation.keep_recording",
        ),
        MAY["confirmation.call"],
    ),
    "confirmation.observations": MAY["confirmation.call"] | MAY["fraud.thaw"] | {Role.AUDITOR},
    "confirmation.signs": _ALL,
    "confirmation.report_fraud": MAY["fraud.freeze"],
    "confirmation.ask_thaw": MAY["fraud.thaw"],
    "confirmation.ask_refusal": MAY["fraud.thaw"],
    "confirmation.answer_review": MAY["fraud.thaw"],
    "duties.list": _ALL,
    "duties.of_loan": _ALL,
    "duties.note": MAY["duty.note"],
    "duties.audit": _OVERSEES,
    "journal.head": _ALL,
    "journal.key": _ALL,
    "journal.records": _READS_MONEY,
    "journal.bundle": MAY["journal.export"],
    "ledger.trial_balance": _OVERSEES,
    "books.verify": _OVERSEES,
    "payments.payouts": _READS_MONEY,
    "payments.rail": _READS_MONEY,
    "payments.ask_payout": MAY["payout.ask"],
    "payments.check_payout": MAY["payout.check"],
    "payments.cancel_payout": MAY["payout.ask"],
    "payments.enquire": MAY["payout.enquire"],
    "payments.ask_ruling": MAY["payout.enquire"],
    "payments.answer_ruling": MAY["payout.check"],
    "payments.drawers": _ALL,
    "payments.open_drawer": MAY["drawer.open"],
    "payments.post_cash": MAY["receipt.post"],
    "payments.count_drawer": MAY["drawer.open"],
    "payments.close_drawer": MAY["drawer.close"],
    "payments.settle_difference": MAY["drawer.settle"],
    "payments.bank_files": _READS_MONEY,
    "payments.load_bank_file": MAY["bank_file.load"],
    "payments.bank_file": _READS_MONEY,
    "payments.lines": _READS_MONEY,
    "payments.suspense": _READS_MONEY,
    "payments.match_by_hand": MAY["bank_line.match"],
    "payments.ask_set_aside": MAY["bank_line.match"],
    "payments.answer_line": MAY["bank_line.check"],
    "payments.intents": _READS_MONEY,
    "policy.packs": _ALL,
    "products.list": _ALL,
    "parties.me": _ALL,
    "parties.staff": MAY["staff.manage"] | {Role.AUDITOR},
    "takeover.hand_in": MAY["tape.import"],
    "takeover.progress": MAY["tape.import"] | {Role.AUDITOR},
    "night.tonight": _PLANS_THE_NIGHT,
    "night.list": _PLANS_THE_NIGHT,
    "night.run": MAY["night.run"],
}

WHOLE_BOOK: Final = frozenset(
    {
        "duties.audit", "ledger.trial_balance", "books.verify", "parties.staff",
        "takeover.hand_in", "takeover.progress", "night.tonight", "night.list", "night.run",
    }
)  # fmt: skip


def open_operations(role: Role, reach: Reach) -> list[str]:
    """The operations open to a person, by name."""
    return sorted(name for name, roles in OPEN_TO.items() if role in roles and (reach is Reach.ALL or name not in WHOLE_BOOK))


def admit(operation: str, role: Role, reach: Reach) -> None:
    """Forbidden unless the operation is open to this role and, where it speaks of the whole book, to this scope."""
    open_to = OPEN_TO.get(operation, frozenset())
    if role not in open_to:
        allowed = ", ".join(name for name in ROLES if name in open_to) or "nobody"
        raise Forbidden(f"{operation} is open to {allowed}; your role is {role}", code="role_may_not", role=str(role))
    if operation in WHOLE_BOOK and reach is not Reach.ALL:
        raise Forbidden(f"{operation} speaks of the whole book; your data scope is {reach}", code="scope_too_narrow", scope=str(reach))
