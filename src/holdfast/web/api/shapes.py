"""The shapes that the API answers in. Each is read from a frozen value of the book, field by field."""

from __future__ import annotations

from typing import Any

from holdfast.web.api.values import Day, Instant, MoneyOut, Out

Json = dict[str, Any]


class NextDutyOut(Out):
    """The duty that a live loan points at: what must be done next, by when and by whom."""

    no: int
    kind: str
    about: str
    due_at: Instant
    role: str
    owner: str | None


class LoanOut(Out):
    """One loan in a list. `class` is one of the five: pass, special_mention, substandard, doubtful, loss."""

    id: str
    contract_no: str
    borrower: str
    product: str
    branch: str
    officer: str | None
    state: str
    principal_out: MoneyOut
    days_past_due: int
    loan_class: str
    oldest_unpaid_due_on: Day | None
    next_due_on: Day | None
    next_due: MoneyOut | None
    next_duty: NextDutyOut | None
    opened_on: Day


class LoanPage(Out):
    """A page of loans."""

    items: list[LoanOut]
    next: str | None


class BalancesOut(Out):
    """Where the loan's money stands."""

    disbursed: MoneyOut
    taken_over: MoneyOut
    principal_out: MoneyOut
    principal_paid: MoneyOut
    interest_earned: MoneyOut
    interest_paid: MoneyOut
    interest_unpaid: MoneyOut
    fee_unpaid: MoneyOut
    penalty_unpaid: MoneyOut
    overpaid: MoneyOut
    refunded: MoneyOut
    principal_written_off: MoneyOut
    interest_written_off: MoneyOut
    recovered: MoneyOut


class PauseOut(Out):
    """Days that do not count as late: from `starts_on`, counted, to `ends_on`, not counted."""

    starts_on: Day
    ends_on: Day


class LoanDetailOut(LoanOut):
    """One loan: the list's line and its terms, balances and journal head."""

    party: str | None
    stage: str
    terms: Json
    balances: BalancesOut
    charges_barred: bool
    pauses: list[PauseOut]
    pack_version: str
    product_version: int
    last_event_no: int
    head_seq: int
    head_hash: str


class InstalmentOut(Out):
    """One line of a schedule. `state` is paid, part_paid, late or to_come."""

    n: int
    due_on: Day
    principal: MoneyOut
    interest: MoneyOut
    fee: MoneyOut
    penalty: MoneyOut
    due: MoneyOut
    paid: MoneyOut
    unpaid: MoneyOut
    balance_after: MoneyOut
    paid_on: Day | None
    state: str


class InstalmentList(Out):
    """A whole schedule."""

    items: list[InstalmentOut]
    next: None = None


class PartOut(Out):
    """What an event put on one instalment; negative where a replay took it back."""

    n: int
    principal: MoneyOut
    interest: MoneyOut
    fee: MoneyOut
    penalty: MoneyOut


class EventOut(Out):
    """One event of a loan."""

    no: int
    kind: str
    on: Day
    entered_on: Day
    amount: MoneyOut | None
    parts: list[PartOut]
    reversed_by: int | None
    record_seq: int
    recorded_at: Instant


class EventPage(Out):
    """A page of events, newest first."""

    items: list[EventOut]
    next: str | None


class EntryOut(Out):
    """One line of the loan's sub-ledger."""

    event_no: int
    line: int
    on: Day
    debit: str
    credit: str
    amount: MoneyOut


class EntryPage(Out):
    """A page of entries, newest event first."""

    items: list[EntryOut]
    next: str | None


class TimelineItemOut(Out):
    """One thing that happened, with its journal record; `position` is its place in the signed tree once sealed."""

    seq: int
    kind: str
    stage: str
    on: Day
    at: Instant
    by: str
    by_name: str | None
    role: str
    says: Json
    duties: list[int]
    leaf_hash: str
    position: int | None
    in_batch: bool


class TimelinePage(Out):
    """A page of a loan's life, newest first."""

    items: list[TimelineItemOut]
    next: str | None


class PayoffLineOut(Out):
    """One line of a pay-off; for running interest, `of` is the period's interest, `days` those used of `period_days`."""

    part: str
    n: int
    amount: MoneyOut
    of: MoneyOut
    days: int
    period_days: int


class PayoffOut(Out):
    """What ends the loan on that day; the lines sum to the total."""

    loan: str
    on: Day
    lines: list[PayoffLineOut]
    total: MoneyOut


class DoneOut(Out):
    """What a verb did: the event, the journal record that proves it, and where the loan stands now."""

    loan: str
    event_no: int
    record_seq: int
    record_kind: str
    leaf_hash: str
    state: str
    principal_out: MoneyOut


class DutyOut(Out):
    """One duty of one loan; `allowed_by` names the kinds of journal record that may prove it."""

    loan: str
    contract_no: str
    borrower: str
    product: str
    no: int
    kind: str
    about: str
    due_on: Day
    due_at: Instant
    window_from: Instant
    role: str
    owner: str | None
    attempts: int
    open: bool
    proof_seq: int | None
    closed_on: Day | None
    allowed_by: list[str]


class DutyPage(Out):
    """A page of duties."""

    items: list[DutyOut]
    next: str | None


class DutyList(Out):
    """All duties of one loan."""

    items: list[DutyOut]
    next: None = None


class CheckOut(Out):
    """One proof: how much was compared and where the two sides differ."""

    name: str
    ok: bool
    compared: int
    differences: list[Json]


class ChecksOut(Out):
    """All proofs of the books."""

    ok: bool
    checks: list[CheckOut]


class FindingOut(Out):
    """One duty that is missing, late or unproved, and why."""

    loan: str
    kind: str
    due_at: str | None
    why: str


class AuditOut(Out):
    """The duties audit: nothing is missed if all three lists are empty."""

    as_of: str
    loans: int
    expected: int
    missing: list[FindingOut]
    late: list[FindingOut]
    unproved: list[FindingOut]


class PackOut(Out):
    """One version of a policy pack, as stored."""

    name: str
    version: str
    effective_from: Day
    digest: str
    loaded_at: Instant
    in_force: bool


class PackList(Out):
    """The packs that the book knows, newest first."""

    items: list[PackOut]
    next: None = None


class ProductOut(Out):
    """What is offered: the newest version and the terms that a contract starts from."""

    code: str
    name_zh: str
    name_en: str
    collateral: str
    version: int
    from_date: Day
    terms: Json


class ProductList(Out):
    """All products."""

    items: list[ProductOut]
    next: None = None


class ComparisonOut(Out):
    """A day's export of the old system laid beside the book. Money as decimal strings in `currency`; `theirs` and `ours` in each field.

    `different` counts what the caller may see; of these `accepted` by a person, `unexplained` without a proved cause.
    """

    run: str
    as_of: Day
    map: str
    file: str
    currency: str
    rows: int
    compared: int
    equal: int
    different: int
    accepted: int
    unexplained: int
    balance: Json
    causes: list[Json]
    differences: list[Json]
    trend: list[Json]


class ComparedDayOut(Out):
    """One compared day of a map."""

    run: str
    map: str
    as_of: Day
    compared: int
    different: int
    unexplained: int


class ComparedDaysOut(Out):
    """The days that were compared, newest first."""

    items: list[ComparedDayOut]
    next: str | None


class TapeOut(Out):
    """A tape that was handed in: how far its reading is, and its reconciliation once it is done.

    `state` is waiting, reading, done or failed; `why` says why it failed.
    """

    id: str
    state: str
    map: str
    as_of: Day | None
    file: str
    rows_done: int
    rows_all: int | None
    why: str
    tape: str | None
    outcome: Json | None


class NightOut(Out):
    """The counts of one night."""

    date: Day
    loans: int
    entries: int
    messages: int
    duties: int
    classes: int


class NightLineOut(Out):
    """One thing that the night does, and the rule that asks for it."""

    loan: str
    kind: str
    about: str
    what: Json
    rule: str


class TonightOut(NightOut):
    """What the coming night would do, line by line; nothing is written."""

    lines: list[NightLineOut]
    more: int


class NightList(Out):
    """The nights that have run, newest first."""

    items: list[NightOut]
    next: str | None


class HeadOut(Out):
    """The newest signed head of the journal; all empty before the first record is sealed."""

    size: int
    root: str | None
    checkpoint: str | None
    signed_at: Instant | None


class KeyOut(Out):
    """The journal's public key as a C2SP verifier key."""

    key: str


class RecordOut(Out):
    """One record of a chain. `body` is the canonical text that was hashed, exactly."""

    seq: int
    kind: str
    on: Day
    recorded_at: Instant
    leaf_hash: str
    body: str


class RecordPage(Out):
    """A page of a loan's chain, first record first."""

    items: list[RecordOut]
    next: str | None


class BundleOut(Out):
    """A loan's proof. `bundle` is the canonical text: write exactly these bytes to a file and verify it."""

    loan: str
    bundle: str


class MeOut(Out):
    """Whom the token speaks for."""

    id: str
    name: str
    role: str
    scope: str
    branch: str | None
    team: str | None
    today: Day
    may: list[str]


class StaffOut(Out):
    """One log-in of someone who works here."""

    id: str
    name: str
    role: str
    branch: str | None
    team: str | None
    scope: str
    active: bool


class StaffPage(Out):
    """A page of staff."""

    items: list[StaffOut]
    next: str | None


class PlannedOut(Out):
    """One line of a schedule that is only computed."""

    n: int
    due_on: Day
    principal: MoneyOut
    interest: MoneyOut
    fees: MoneyOut
    due: MoneyOut
    balance_after: MoneyOut


class PlanOut(Out):
    """The schedule that terms give, and what the loan costs in a year as shares of one."""

    items: list[PlannedOut]
    next: None = None
    principal: MoneyOut
    interest: MoneyOut
    fees: MoneyOut
    apr_nominal: str
    apr_effective: str


class GivenAnswerOut(Out):
    """One person's yes or no."""

    by: str
    approved: bool
    words: str
    answered_at: Instant


class RequestOut(Out):
    """An act that waits for another person. `standing` is open, approved, refused or spent."""

    id: str
    act: str
    inputs: Json
    reason: str
    maker: str
    asked_at: Instant
    needed: int
    standing: str
    answers: list[GivenAnswerOut]


class RequestList(Out):
    """The newest requests."""

    items: list[RequestOut]
    next: None = None


class AnsweredOut(Out):
    """The request after the answer, and what was done if that was the last yes it needed."""

    request: RequestOut
    done: DoneOut | None
