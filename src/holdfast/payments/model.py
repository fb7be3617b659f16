"""What the verbs of payments return, and what screens show of it. Frozen; nothing here is in the clear that names a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from holdfast.kernel.money import Money
from holdfast.loans import Happened
from holdfast.payments.states import (
    BankLineState,
    DebitState,
    DrawerState,
    IntentState,
    MandateState,
    MatterState,
    PayoutFileState,
    PayoutState,
)


@dataclass(frozen=True, slots=True)
class Payout:
    """Money on its way to the borrower. `payee` and `account` are masked.

    It is the principal that the loan begins with, or a `further` sum under the contract's limit.
    """

    loan_id: int
    payout_no: int
    public_id: str
    loan: str
    contract_no: str
    borrower: str
    state: PayoutState
    amount: Money
    contract: str
    payee: str
    account: str
    approval: str
    maker_id: int
    maker: str
    checker: str | None
    asked_at: datetime
    sent_at: datetime | None
    reference: str
    why: str
    paid_on: date | None
    enquiries: int
    enquire_at: datetime | None
    channel: str = "rail"
    file_id: int | None = None
    disputed: bool = False
    further: bool = False
    happened: tuple[Happened, ...] = ()


@dataclass(frozen=True, slots=True)
class PayoutFile:
    """Approved payouts in one file for the bank. `reference` is the bank's receipt for it; `payouts` their public ids."""

    file_id: int
    public_id: str
    branch_id: int
    state: PayoutFileState
    orders: int
    total: Money
    execute_on: date
    digest: str
    maker_id: int
    maker: str
    taker: str | None
    made_at: datetime
    taken_at: datetime | None
    handed_at: datetime | None
    reference: str
    payouts: tuple[str, ...]
    answers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Matter:
    """A recall of a payout, or a contradiction of the bank about it. `words` say why; `outcome` is empty until one person has ruled."""

    loan_id: int
    matter_no: int
    public_id: str
    loan: str
    contract_no: str
    borrower: str
    payout: str
    amount: Money
    kind: str
    state: MatterState
    opened_at: datetime
    opened_by: str
    words: str
    approval: str | None
    outcome: str
    reference: str
    ended_at: datetime | None
    happened: tuple[Happened, ...] = ()


@dataclass(frozen=True, slots=True)
class RailAnswer:
    """One answer as it came. `fate`: moved, known (said before), noted (people rule on it), contradicts, nobody (no payment of ours)."""

    key: str
    outcome: str
    reference: str
    why: str
    said_on: date | None
    source: str
    fate: str
    came_at: datetime


@dataclass(frozen=True, slots=True)
class HouseAccount:
    """The lender's own account. With a `virtual_prefix` each loan has a number of its own there, `virtual_digits` long."""

    account_no: int
    holder: str
    account: str
    bank: str
    bank_code: str
    virtual_prefix: str
    virtual_digits: int
    set_at: datetime


@dataclass(frozen=True, slots=True)
class PayCode:
    """By what a loan's money is recognised. `virtual` is empty where the bank gives no virtual accounts."""

    loan_id: int
    code: str
    virtual: str


@dataclass(frozen=True, slots=True)
class Mandate:
    """The borrower's leave to collect what is due. `payer` and `account` are masked, in `body` too."""

    loan_id: int
    mandate_no: int
    public_id: str
    loan: str
    contract_no: str
    borrower: str
    state: MandateState
    payer: str
    account: str
    most_each: Money
    most_a_month: Money
    body: str
    digest: str
    drafted_at: datetime
    signed_at: datetime | None
    ended_at: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Debit:
    """One attempt to collect one instalment."""

    loan_id: int
    debit_no: int
    public_id: str
    loan: str
    contract_no: str
    borrower: str
    mandate_no: int
    n: int
    due_on: date
    state: DebitState
    amount: Money
    on: date
    sent_at: datetime | None
    reference: str
    why: str
    paid_on: date | None
    enquiries: int
    happened: tuple[Happened, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawer:
    """A cashier's drawer: what it began with, what came in, and what was counted.

    `difference` is what was counted less what was expected, and what receipts taken back since have added to it; open until it is settled.
    """

    drawer_id: int
    public_id: str
    branch_id: int
    branch: str
    cashier_id: int
    cashier: str
    state: DrawerState
    float_held: Money
    taken: Money
    receipts: int
    opened_at: datetime
    counted: Money | None
    words: str
    approval: str | None
    closer: str | None
    closed_at: datetime | None
    difference: Money | None
    settled_at: datetime | None
    happened: tuple[Happened, ...] = ()

    @property
    def expected(self) -> Money:
        """What should lie in the drawer."""
        return self.float_held + self.taken


@dataclass(frozen=True, slots=True)
class DrawerEntry:
    """One receipt of cash, in the order in which it was taken."""

    entry_no: int
    loan: str
    contract_no: str
    borrower: str
    amount: Money
    received_at: datetime


@dataclass(frozen=True, slots=True)
class CashTaken:
    """Cash that a cashier took for a loan; servicing posts it because of `happened`."""

    drawer: str
    entry_no: int
    loan: str
    amount: Money
    happened: tuple[Happened, ...]


@dataclass(frozen=True, slots=True)
class BankFile:
    """A statement that was handed in, and how far its lines are. `report` tells rows, refused lines and outgoing ones."""

    file_id: int
    public_id: str
    name: str
    digest: str
    map: str
    branch_id: int
    loaded_by: str
    loaded_at: datetime
    report: Mapping[str, Any]
    lines: Mapping[str, int]
    happened: tuple[Happened, ...] = ()


@dataclass(frozen=True, slots=True)
class BankLine:
    """One line of a statement. `payer` and `account` are masked; `how` says by what it was matched, or why not."""

    line_id: int
    public_id: str
    file: str
    file_id: int
    branch_id: int
    row: int
    state: BankLineState
    booked_on: date
    amount: Money
    payer: str
    account: str
    loan_id: int | None
    loan: str | None
    how: str
    approval: str | None
    about: str = ""
    happened: tuple[Happened, ...] = ()


@dataclass(frozen=True, slots=True)
class Intent:
    """What a borrower means to pay, and the code that his transfer carries. It counts only when it is here."""

    loan_id: int
    intent_no: int
    public_id: str
    loan: str
    code: str
    what: str
    amount: Money
    state: IntentState
    made_at: datetime
    said_at: datetime | None
    expires_on: date


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawal in the cooling-off period: asked for, and by when the principal is to be back."""

    loan: str
    state: str
    asked_on: date
    return_by: date
    happened: tuple[Happened, ...] = ()
