"""The verbs of servicing: each loads, decides by `rules.change`, saves, and returns what it did.

The edge opens the transaction and commits it: one verb, one transaction, two round trips. Nobody here
asks for approval; a verb that needs two people is called by the edge with the approval it spent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar, Final

import psycopg

from holdfast import contact
from holdfast.duties import in_sight, take_by_id
from holdfast.journal import EMPTY_HEAD, Actor, Record, append, append_batch, chain_ids
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Fault, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import Money
from holdfast.life import DUTIES, LIVE, LoanState
from holdfast.loans import Happened, Loan, loan_id_of
from holdfast.parties import Staff, require
from holdfast.payments import payout_under_way
from holdfast.policy import Lender, Pack, lender, may_originate, read_pack
from holdfast.products import Terms, check_ceiling
from holdfast.products.terms import MONEY
from holdfast.servicing import reminder_plan_store, store, writing
from holdfast.servicing.duties import Cursors, Plan, plan_of
from holdfast.servicing.fold import Event, State, Totals, begin, fold, in_order
from holdfast.servicing.held import Account, Change, Held
from holdfast.servicing.payoff import PayoffLine, payoff, payoff_lines
from holdfast.servicing.promises import PROMISED, keep_promise, promise_of
from holdfast.servicing.recalculation import known_early, standing
from holdfast.servicing.reminder_plan_model import LivePlan
from holdfast.servicing.rules import Act, change
from holdfast.servicing.takeover_rows import TakenOver, TakeoverRow

Db = psycopg.Connection[Any]

# What a person's note records, by the kind of duty it fulfils.
NOTE_RECORDS = {
    "reminder": "contact.noted",
    "follow_up": "contact.noted",
    "reach": "message.followed_up",
    "recovery": "recovery.reviewed",
}
# Duties that are done by speaking with the borrower.
SPOKEN: Final = frozenset({"reminder", "follow_up", "reach"})
MOST_WORDS = 2_000
_REVERSED = frozenset(
    {
        "receipt",
        "refund",
        "waived",
        "deferred",
        "rearranged",
        "charge",
        "waived_part",
        "goodwill",
        "paused",
        "resumed",
        "written_off",
        "disbursed",
    }
)
# By these sources a pledge ended because the money posted: the thing is sold or gone, and the money stays where it fell.
_ENDED_A_PLEDGE = ("disposal ", "sale ", "compensation ")


@dataclass(frozen=True, slots=True)
class Done:
    """What a verb did: the loan, the number of its last event, the record that tells of it, and where the loan stands now."""

    loan_id: int
    public_id: str
    event_no: int
    record: Record
    state: LoanState
    principal_out: Money
    happened: tuple[Happened, ...] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """What ends the loan on `on`; the lines sum to the total."""

    loan: str
    on: date
    currency: str
    lines: tuple[PayoffLine, ...]
    total: Money


class Plans:
    """The plans of the packs that govern the loans at hand, each read once."""

    # By the pack's digest and all else that a plan is made of: what was right for one loan of this process is right for the next.
    _made: ClassVar[dict[tuple[str, str | None, str | None, str, str, date, tuple[LivePlan, ...]], Plan]] = {}

    def __init__(self, db: Db, known: Lender) -> None:
        self._db = db
        self._lender = known
        self._packs: dict[str, Pack] = {}
        self._live: tuple[LivePlan, ...] | None = None

    def of(self, held: Held) -> Plan:
        """The plan that governs this loan: its own pack, as it stood on the day the loan was opened, and the plans put live since."""
        loan, live = held.loan, self.live if held.live_plans is None else held.live_plans
        key = (held.pack_digest, self._lender.lender_type, self._lender.region, held.collateral, loan.product_code, loan.opened_on, live)
        plan = self._made.get(key)
        if plan is None:
            plan = self._made[key] = plan_of(
                self.pack(loan.pack_version), self._lender, held.collateral, loan.opened_on, product=loan.product_code, live=live
            )
        return plan

    @property
    def live(self) -> tuple[LivePlan, ...]:
        """The reminder plans that were put live."""
        if self._live is None:
            self._live = reminder_plan_store.live(self._db)
        return self._live

    def pack(self, version: str) -> Pack:
        """The pack named `cn-baseline 2026.11.0`."""
        if version not in self._packs:
            self._packs[version] = read_pack(self._db, *version.split(" ", 1))
        return self._packs[version]


def originate(
    db: Db,
    *,
    clock: Clock,
    by: Actor,
    officer_id: int | None,
    branch_id: int,
    party_id: int | None,
    borrower_label: str,
    product_code: str,
    product_version: int,
    contract_no: str,
    terms: Terms,
    pack: Pack,
) -> Done:
    """A loan is born and its principal paid out, whole: nothing is netted from it.

    Refusal if the lender is not set, the contract's rate is above the ceiling of its day, or its number is taken.
    """
    known = lender(db)
    may_originate(known)
    today = clock.today()
    if terms.disbursed_on > today:
        raise BadInput(f"terms.disbursed_on: {terms.disbursed_on} has not come yet; today is {today}", field="terms.disbursed_on")
    check_ceiling(terms, pack, known, on=terms.disbursed_on, product=product_code)
    loan_id = chain_ids(db, 1)[0]
    held = _unborn(
        db, loan_id, branch_id=branch_id, officer_id=officer_id, party_id=party_id, borrower_label=borrower_label,
        product_code=product_code, product_version=product_version, contract_no=contract_no, terms=terms,
        pack=pack, known=known, today=today, on=terms.disbursed_on, charges_barred=False,
        collateral=_collateral(db, product_code),
        state=begin(terms),
    )  # fmt: skip
    event = Event(1, "disbursed", terms.disbursed_on, today, {"amount": terms.principal})
    try:
        return do(
            db,
            held,
            clock,
            by,
            known,
            [event],
            plan=plan_of(pack, known, held.collateral, today, product=product_code, live=reminder_plan_store.live(db)),
        )
    except psycopg.errors.UniqueViolation as error:
        if error.diag.table_name != "loan_registry":
            raise
        raise Refusal(f"contract number {contract_no} stands on another loan", code="contract_no_taken", field="contract_no") from error


def disburse(db: Db, *, clock: Clock, by: Actor, loan: str, terms: Terms, paid_on: date) -> Done:
    """The money of a loan that came by an application has gone out, whole, on `paid_on`; from now on it is repaid.

    `terms` are the signed contract's; their schedule runs from the day of the payout. Refusal unless the loan is signed.
    """
    case = take_by_id(db, loan_id_of(db, loan))
    case.must_be(LoanState.SIGNED)
    today = clock.today()
    if paid_on > today:
        raise BadInput(f"paid_on: {paid_on} has not come yet; today is {today}", field="paid_on")
    terms = replace(terms, disbursed_on=paid_on)
    account = Account(None, 0, paid_on, Cursors(today, today), today, "pass", None, charges_barred=False)
    held = Held(
        case.loan, _collateral(db, case.loan.product_code), begin(terms), account, case.standing, case.lender, case.pack.digest
    )  # fmt: skip
    event = Event(1, "disbursed", paid_on, today, {"amount": terms.principal})
    return do(db, held, clock, by, case.lender, [event], done=frozenset({"pay_out"}))


def take_over(
    db: Db, rows: Sequence[TakeoverRow], *, clock: Clock, by: Actor, as_of: date, branch_id: int, pack: Pack, label: str
) -> list[TakenOver]:
    """Book loans of another lender's tape as they stood on `as_of`: one event each, sealed as one batch."""
    if not rows:
        return []
    known, today = lender(db), clock.today()
    ids = chain_ids(db, len(rows))
    act = Act(today, clock.now(), by, known.zone, known.closed_through)
    collateral = {code: _collateral(db, code) for code in {row.product_code for row in rows}}
    live = reminder_plan_store.live(db)
    plans: dict[str, Plan] = {code: plan_of(pack, known, kind, today, product=code, live=live) for code, kind in collateral.items()}
    changes = []
    for loan_id, row in zip(ids, rows, strict=True):
        held = _unborn(
            db, loan_id, branch_id=branch_id, officer_id=None, party_id=None, borrower_label=row.borrower_label,
            product_code=row.product_code, product_version=row.product_version, contract_no=row.contract_no, terms=row.terms,
            pack=pack, known=known, today=today, on=as_of, charges_barred=row.charges_barred,
            collateral=collateral[row.product_code],
            # The event builds the schedule from the balance; the contract's own is not needed.
            state=State(row.terms, [], Totals(), through=as_of),
        )  # fmt: skip
        event = Event(1, "taken_over", as_of, today, {**row.payload, "source": dict(row.source)})
        changes.append(change(held, act, plans[row.product_code], [event]))
    append_batch(db, [each.record for each in changes], at=act.now, on=today, by=by, label=label)
    writing.write(db, changes, source=label, at=act.now, today=act.booked_on)
    writing.register_tape(db, [(row.identity, each.held.loan.loan_id) for row, each in zip(rows, changes, strict=True)])
    return [
        TakenOver(row.identity, each.held.loan.loan_id, each.held.loan.public_id, each.held.loan.state.value, each.held.loan.principal_out)
        for row, each in zip(rows, changes, strict=True)
    ]


def receive(
    db: Db, *, clock: Clock, by: Actor | Staff, loan: str, amount: Money, received_on: date, source: str = "", early: str | None = None,
    kind: str = "receipt",
) -> Done:  # fmt: skip
    """Post a receipt: pay the loan off if it is enough, else pay what is due, oldest first, then what comes next.

    A receipt dated before the loan's last event replays the fold and posts the difference. Refusal for a settled
    loan or a date before the loan began. `source` says by which way the money came: a line of a bank file, a drawer.
    `early` is the borrower's choice of what money beyond the due does (`reduce`, `shorten` or `next`), where the contract gives one;
    `kind` is how the money came (`products.terms.MONEY`).
    """
    actor = _allowed(db, by, "receipt.post", loan)
    held = one(db, loan)
    event = receipt_event(held, today=clock.today(), amount=amount, received_on=received_on, source=source, early=early, kind=kind)
    return do(db, held, clock, actor, held.lender, [event])


def receipt_event(
    held: Held, *, today: date, amount: Money, received_on: date, source: str, early: str | None = None, kind: str = "receipt"
) -> Event:
    """The event that a receipt is on this loan; BadInput and Refusal as `receive` says. A single receipt and a bank file pass here."""
    loan = held.loan.public_id
    if amount.minor <= 0:
        raise BadInput(f"amount: a receipt is more than nothing, not {amount.decimal()}", field="amount")
    if amount.currency != held.loan.currency:
        raise BadInput(f"amount.currency: this loan is in {held.loan.currency}, not {amount.currency}", field="amount.currency")
    if received_on > today:
        raise BadInput(f"received_on: {received_on} has not come yet; today is {today}", field="received_on")
    if received_on < held.state.terms.disbursed_on:
        raise BadInput(f"received_on: the loan began on {held.state.terms.disbursed_on}, after {received_on}", field="received_on")
    if held.loan.state not in (LoanState.ACTIVE, LoanState.WRITTEN_OFF, LoanState.RELEASING):
        raise Refusal(f"loan {loan} is {held.loan.state}; nothing is owed on it, so it takes no receipt", code="loan_not_open", loan=loan)
    payload: dict[str, Any] = {"amount": amount.minor, "source": source} if source else {"amount": amount.minor}
    if kind not in MONEY:
        raise BadInput(f"kind: must be one of {', '.join(MONEY)}, not {kind!r}", field="kind")
    if kind != "receipt":
        payload["type"] = kind
    if early is not None:
        known_early(held.state, early)
        payload["early"] = early
    return Event(held.account.last_event_no + 1, "receipt", received_on, today, payload)


def reverse(db: Db, *, clock: Clock, by: Actor, loan: str, event_no: int, reason: str) -> Done:
    """Undo an earlier event as if it had never been: the fold is replayed without it, and the difference is posted.

    Refusal for what the loan began with, what the night billed, and what later events cannot do without.
    """
    held = one(db, loan)
    events = store.history(db, [held.loan.loan_id])[held.loan.loan_id]
    target = next((event for event in events if event.event_no == event_no), None)
    if target is None:
        raise NotFound(f"loan {loan} has no event {event_no}", field="event_no")
    if target.kind not in _REVERSED:
        why = f"event {event_no} of loan {loan} is {target.kind}; only these are taken back: {', '.join(sorted(_REVERSED))}"
        raise Refusal(why, code="not_a_receipt", field="event_no")
    if target is next((event for event in events if event.kind == "disbursed"), None):
        why = f"event {event_no} of loan {loan} is the payout that the loan began with; it stands"
        raise Refusal(why, code="not_a_receipt", field="event_no")
    if any(event.kind == "reversal" and event.payload["event_no"] == event_no for event in events):
        raise Refusal(f"receipt {event_no} of loan {loan} is reversed already", code="already_reversed", field="event_no")
    if held.loan.state is LoanState.SETTLED:
        raise Refusal(f"loan {loan} is settled and the thing returned; its receipts stand", code="loan_not_open", loan=loan)
    if str(target.payload.get("source", "")).startswith(_ENDED_A_PLEDGE):
        why = f"receipt {event_no} of loan {loan} is what a pledged thing brought when its pledge ended; it stands"
        raise Refusal(why, code="receipt_ended_a_pledge", field="event_no")
    words = said(reason, "reason")
    happened: tuple[Happened, ...] = ()
    forgiven = next((event for event in in_order(events) if event.kind == "forgiven"), None)
    if forgiven is not None:
        # What was forgiven rests on the money that had come in; with any of it gone the debt stands whole again, first of all.
        happened = _take_back(db, held, clock, by, forgiven, words, events).happened
        happened = (*happened, Happened("settlement.undone", loan, {"settlement": forgiven.payload["settlement"], "reason": words}))
        held, events = one(db, loan), store.history(db, [held.loan.loan_id])[held.loan.loan_id]
    done = _take_back(db, held, clock, by, target, words, events)
    happened = (*done.happened, *happened)
    source = target.payload.get("source")
    if source:
        happened = (*happened, Happened("money.taken_back", loan, {"source": source}))
    return replace(done, happened=happened)


def _take_back(db: Db, held: Held, clock: Clock, by: Actor, target: Event, words: str, events: Sequence[Event]) -> Done:
    """The reversal of one event, whatever it is."""
    of = {} if target.kind == "receipt" else {"of": target.kind}
    payload = {"event_no": target.event_no, "reason": words} | of
    event = Event(held.account.last_event_no + 1, "reversal", clock.today(), clock.today(), payload)
    return do(db, held, clock, by, held.lender, [event], history=events)


def write_off(db: Db, *, clock: Clock, by: Actor, loan: str, reason: str) -> Done:
    """Give up on the books what is owed; the claim stays, the loan stays live, and later receipts are recoveries."""
    held = one(db, loan)
    if held.loan.state is not LoanState.ACTIVE:
        raise Refusal(
            f"loan {loan} is {held.loan.state}; only a loan that is being repaid is written off", code="loan_not_active", loan=loan
        )
    if (waits := payout_under_way(db, held.loan.loan_id)) is not None:
        raise Refusal(f"payout {waits} of loan {loan} is under way; end it first", code="payout_under_way", payout=waits)
    event = Event(held.account.last_event_no + 1, "written_off", clock.today(), clock.today(), {"reason": said(reason, "reason")})
    return do(db, held, clock, by, held.lender, [event])


def refund(db: Db, *, clock: Clock, by: Actor, loan: str, amount: Money) -> Done:
    """Money paid too much has gone back to the borrower."""
    held = one(db, loan)
    if amount.minor <= 0 or amount.currency != held.loan.currency:
        raise BadInput(f"amount: give back more than nothing, in {held.loan.currency}", field="amount")
    if held.loan.state not in LIVE:
        raise Refusal(f"loan {loan} is {held.loan.state}; there is nothing to give back", code="loan_not_open", loan=loan)
    event = Event(held.account.last_event_no + 1, "refund", clock.today(), clock.today(), {"amount": amount.minor})
    return do(db, held, clock, by, held.lender, [event])


def note_duty(
    db: Db, *, clock: Clock, by: Actor | Staff, loan: str, duty_no: int, outcome: str, words: str, seals: Mapping[str, str] | None = None,
    pay_by: date | None = None, how: str = "", by_strategy: Mapping[str, Any] | None = None,
) -> Done:  # fmt: skip
    """A person has done an open duty and says how it went; the record closes it and the next one opens.

    Also closes the moments of the same kind that have gone by since. A refund and what a stage
    must do (a certificate, a return, a report) are closed by doing them, never by words. `pay_by` is the day by which a
    borrower who promised to pay will; without one the pack's days count. BadInput for a day that has gone by. A duty of speaking with
    the borrower says `how` (`contact.HOW`): a call was dialled before, and is hung up by this note. `by_strategy` is what a strategy
    of follow-up had said to do, and from which facts: the record of a follow-up keeps it.
    """
    actor = _allowed(db, by, "duty.note", loan)
    held = one(db, loan)
    duty = next((each for each in held.standing if each.duty_no == duty_no), None)
    if duty is None:
        raise Refusal(f"loan {loan} has no open duty {duty_no}; a colleague may have just done it", code="duty_not_open", field="duty_no")
    if duty.kind not in NOTE_RECORDS:
        raise Refusal(
            f"duty {duty_no} is closed by doing it, not by a note: {DUTIES[duty.kind].en}", code="duty_needs_act", field="duty_no"
        )
    if duty.due_on > clock.today() and not DUTIES[duty.kind].chained:
        why = f"duty {duty_no} is for {duty.due_on}; it can be done from that day on"
        raise Refusal(why, code="duty_not_begun", field="duty_no", on=duty.due_on.isoformat())
    if duty.kind in SPOKEN:
        contact.spoke(db, by=by if isinstance(by, Staff) else None, loan_id=held.loan.loan_id, how=how, outcome=outcome)
    facts = {
        "kind": duty.kind,
        "about": duty.about,
        "outcome": said(outcome, "outcome"),
        "words": words[:MOST_WORDS],
        **({"how": how} if duty.kind in SPOKEN else {}),
        "seals": dict(seals or {}),
    }
    if by_strategy is not None and duty.kind == "follow_up":
        facts["by_strategy"] = dict(by_strategy)
    if outcome != PROMISED:
        return do(db, held, clock, actor, held.lender, [], note=(NOTE_RECORDS[duty.kind], facts), done=frozenset({duty.kind}))
    made = promise_of(held.loan.pack_version, db, clock.today(), pay_by)
    facts["pay_by"] = made.isoformat()
    noted = do(db, held, clock, actor, held.lender, [], note=(NOTE_RECORDS[duty.kind], facts), done=frozenset({duty.kind}))
    keep_promise(db, noted.record, made)
    return noted


def fulfil(
    db: Db, *, clock: Clock, by: Actor, loan: str, kinds: Collection[str], record_kind: str, says: Mapping[str, Any],
    seals: Mapping[str, str] | None = None,
) -> Done:  # fmt: skip
    """A stage's own act fulfils open duties of a loan that is, or was, being repaid; the record it writes proves them.

    Refusal if one of `kinds` is not open. The last duty of a loan that is being released settles it.
    """
    held = one(db, loan)
    for kind in kinds:
        if record_kind not in DUTIES[kind].proofs:
            raise Fault(f"a record {record_kind} cannot prove the duty {kind}", code="duty_proof_kind")
        if all(duty.kind != kind for duty in held.standing):
            raise Refusal(f"loan {loan} has no open duty {kind}; a colleague may have just done it", code="duty_not_open", field="loan")
    return do(db, held, clock, by, held.lender, [], note=(record_kind, says), seals=seals, done=frozenset(kinds))


def waive_for_cooling_off(db: Db, *, clock: Clock, by: Actor, loan: str) -> Done:
    """The borrower withdraws in the cooling-off period: from now on only the principal is asked for. `reverse` takes it back."""
    held = one(db, loan)
    if held.loan.state is not LoanState.ACTIVE:
        raise Refusal(f"loan {loan} is {held.loan.state}; only a loan that is being repaid can be withdrawn from", code="loan_not_active")
    event = Event(held.account.last_event_no + 1, "waived", clock.today(), clock.today(), {"why": "cooling_off"})
    return do(db, held, clock, by, held.lender, [event])


def take_back_waiver(db: Db, *, clock: Clock, by: Actor, loan: str) -> Done:
    """The withdrawal in the cooling-off period has lapsed: what was waived is asked for again, as if it had never been waived."""
    events = store.history(db, [loan_id := loan_id_of(db, loan)])[loan_id]
    undone = {event.payload["event_no"] for event in events if event.kind == "reversal"}
    waived = next((event for event in reversed(events) if event.kind == "waived" and event.event_no not in undone), None)
    if waived is None:
        raise Refusal(f"nothing is waived on loan {loan}", code="not_waived", loan=loan)
    return reverse(db, clock=clock, by=by, loan=loan, event_no=waived.event_no, reason="the principal did not come back in time")


def owed(db: Db, *, loan: str, on: date) -> Money:
    """The debt that the loan's pledges secure on `on`: what ends it, and of a loan written off what is still claimed; 0 once paid."""
    loan_id = loan_id_of(db, loan)
    if not db.execute("SELECT 1 FROM account WHERE loan_id = %s", [loan_id]).fetchone():
        return Money(0, take_by_id(db, loan_id, lock=False).loan.currency)
    held = store.load(db, [loan_id], lock=False)[0]
    claimed = held.state.lost
    return Money(claimed if held.state.written_off_on else payoff(held.state, max(on, held.account.last_event_on)), held.loan.currency)


def quote(db: Db, *, loan: str, on: date) -> Quote:
    """The pay-off of the loan on `on`, line by line: for a day that is gone, as the loan stood on it by all that is known now.

    BadInput for a day before the loan began.
    """
    held = store.load(db, [loan_id := loan_id_of(db, loan)], lock=False)[0]
    state = held.state
    if on < held.account.last_event_on:
        events = store.history(db, [loan_id])[loan_id]
        if on < (began := events[0].on):
            raise BadInput(f"on: the loan began on {began}, after {on}", field="on")
        state = fold(state.terms, [event for event in events if event.on <= on or event.kind == "reversal"])
    currency = held.loan.currency
    return Quote(loan, on, currency, tuple(payoff_lines(state, on)), Money(payoff(state, on), currency))


# ── how a verb is done ─────────────────────────────────────────────────────────────────────────────────────


def _allowed(db: Db, by: Actor | Staff, act: str, loan: str) -> Actor:
    """The actor, once it is sure that a member of staff may do this and sees the loan; the system's and a stage's own acts are theirs."""
    if isinstance(by, Staff):
        require(by, act)
        in_sight(db, loan, by.scope)
        return by.actor
    return by


def one(db: Db, loan: str) -> Held:
    return store.load_one(db, loan)


def do(
    db: Db,
    held: Held,
    clock: Clock,
    by: Actor,
    known: Lender,
    events: Sequence[Event],
    *,
    plan: Plan | None = None,
    history: Sequence[Event] | None = None,
    note: tuple[str, Mapping[str, Any]] | None = None,
    seals: Mapping[str, str] | None = None,
    done: frozenset[str] = frozenset(),
) -> Done:
    act = Act(clock.today(), clock.now(), by, known.zone, known.closed_through)
    if history is None and any(event.on < held.account.last_event_on for event in events):
        history = store.history(db, [held.loan.loan_id])[held.loan.loan_id]
    result = change(held, act, plan or Plans(db, known).of(held), events, history=history, note=note, seals=seals, done=done)
    save(db, [result], source=f"{held.loan.public_id} {result.record.kind}", act=act)
    return done_of(result)


def save(db: Db, changes: Sequence[Change], *, source: str, act: Act) -> None:
    """Write the changes of single verbs and their records, in one round trip."""
    with db.pipeline():
        append(db, [record for each in changes for record in each.records])
        writing.write(db, changes, source=source, at=act.now, today=act.booked_on)


def done_of(result: Change) -> Done:
    """What the edge is told of a change, and what a later stage must answer."""
    loan = result.held.loan
    happened: tuple[Happened, ...] = ()
    if loan.state is LoanState.RELEASING and result.was is not LoanState.RELEASING:
        happened = (Happened("loan.paid_off", loan.public_id, {"paid_off_on": str(result.held.state.paid_off_on)}),)
    elif result.was is LoanState.RELEASING and loan.state in (LoanState.ACTIVE, LoanState.WRITTEN_OFF):
        happened = (Happened("loan.payoff_undone", loan.public_id),)
    elif loan.state is LoanState.ACTIVE and _cleared(result):
        happened = (Happened("arrears.cleared", loan.public_id),)
    if result.held.account.settling and any(event.kind in ("receipt", "reversal") for event in result.events):
        happened = (*happened, Happened("settlement.paid_on", loan.public_id))
    number, owing = result.held.account.last_event_no, Money(loan.principal_out, loan.currency)
    return Done(loan.loan_id, loan.public_id, number, result.record, loan.state, owing, happened)


def _cleared(result: Change) -> bool:
    """Whether nothing that has fallen due is unpaid any more on a loan whose default was noticed."""
    noticed = any(duty.kind == "dispose" for duty in result.held.standing)
    return noticed and standing(result.held.state, result.record.on_date).unpaid_due(result.record.on_date) == 0


def _unborn(
    db: Db,
    loan_id: int,
    *,
    branch_id: int,
    officer_id: int | None,
    party_id: int | None,
    borrower_label: str,
    product_code: str,
    product_version: int,
    contract_no: str,
    terms: Terms,
    pack: Pack,
    known: Lender,
    today: date,
    on: date,
    charges_barred: bool,
    collateral: str,
    state: State,
) -> Held:
    loan = Loan(
        loan_id, new_id("ln"), branch_id, officer_id, party_id, borrower_label, product_code, product_version, contract_no,
        terms.currency, LoanState.ACTIVE, 0, EMPTY_HEAD, 0, None, None, f"{pack.name} {pack.version}", today,
    )  # fmt: skip
    account = Account(None, 0, on, Cursors(today, today), today, "pass", None, charges_barred)
    return Held(loan, collateral, state, account, [], known, pack.digest)


def _collateral(db: Db, product_code: str) -> str:
    row = db.execute("SELECT collateral FROM product WHERE code = %s", [product_code]).fetchone()
    if row is None:
        raise BadInput(f"product: there is no product {product_code!r}", field="product")
    return str(row[0])


def said(text: str, field: str) -> str:
    if not text.strip():
        raise BadInput(f"{field}: say why in a few words", field=field)
    if len(text) > MOST_WORDS or "\x00" in text:
        raise BadInput(f"{field}: at most {MOST_WORDS} characters, without control characters", field=field)
    return text.strip()
