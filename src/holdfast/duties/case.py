"""The case: one loan under lock, with its open duties; the one way in which a stage moves a loan on.

A stage decides by its own rule what it does; `enter` writes the record, closes and opens duties, moves
the state, and points the loan at its next duty. Nothing is entered on a loan that is frozen unless the
verb says that it may be, and no state follows another but as `life.MOVES` allows. (While a loan is
repaid, servicing's own rule does the same for what its money does; both leave each other's duties alone.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import psycopg

from holdfast.duties.model import Duty, Moment
from holdfast.duties.rules import Arrangement, rearrange, state_after
from holdfast.journal import EMPTY_HEAD, Actor, Head, Record, append, chain_ids, draw
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Fault, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.life import DUTIES, LIVE, MOVES, LoanState
from holdfast.loans import Loan
from holdfast.parties import Scope, party_by_id
from holdfast.policy import Lender, Pack, add_workdays, lender, read_pack

Db = psycopg.Connection[Any]

# Promises: the loan's row, if it is within sight; locked apart from reading, for a statement that waits joins what it read before.
_FIND: Final = (
    "SELECT l.loan_id FROM loan_registry r JOIN loan l USING (loan_id) WHERE r.kind = 'public_id' AND r.key = %(key)s AND {sight}"
)
_LOCK: Final = "SELECT 1 FROM loan WHERE loan_id = %s FOR UPDATE"
_LOAN: Final = """
SELECT loan_id, public_id, branch_id, officer_id, party_id, borrower_label, product_code, product_version, contract_no, currency, state,
       principal_out, head_seq, head_hash, last_duty_no, duty_no, next_action_at, pack_version, opened_on
  FROM loan WHERE loan_id = %s"""
_NAME: Final = "INSERT INTO loan_registry (kind, key, loan_id) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING loan_id"
_STANDING: Final = """
SELECT loan_id, duty_no, kind, about, due_on, due_at, window_from, role, opened_seq, proof_seq, closed_on, owner_id, attempts
  FROM duty WHERE loan_id = %s AND open ORDER BY duty_no"""
_FREEZES: Final = "SELECT freeze_no, reason, placed_on, words FROM loan_freeze WHERE loan_id = %s AND lifted_seq IS NULL ORDER BY freeze_no"


@dataclass(frozen=True, slots=True)
class Freeze:
    """Why a loan may not go on, and since when."""

    freeze_no: int
    reason: str
    since: date
    words: str


@dataclass(slots=True)
class Case:
    """A loan, its open duties, what freezes it, and the rules that govern it."""

    loan: Loan
    standing: list[Duty]
    freezes: list[Freeze]
    pack: Pack
    lender: Lender

    def number(self, key: str, on: date) -> int:
        """A whole number of the loan's own pack."""
        return self.pack.number(key, on=on, lender_type=self.lender.lender_type, product=self.loan.product_code)

    @property
    def officers(self) -> tuple[int, ...]:
        """The loan's officer, if it has one: who may not agree to what was asked for on it."""
        return () if self.loan.officer_id is None else (self.loan.officer_id,)

    def open(self, kind: str) -> Duty | None:
        """The open duty of that kind, if there is one."""
        return next((duty for duty in self.standing if duty.kind == kind), None)

    def must_be(self, *states: LoanState) -> None:
        """Refusal, naming where the loan stands, unless it is in one of these states."""
        if self.loan.state not in states:
            wanted = ", ".join(states)
            raise Refusal(
                f"loan {self.loan.public_id} is {self.loan.state}; this can be done while it is {wanted}",
                code="loan_state", state=str(self.loan.state), loan=self.loan.public_id,
            )  # fmt: skip


def take(db: Db, loan: str, scope: Scope | None, *, lock: bool = True) -> Case:
    """The case of a loan's public id, locked for the rest of the transaction; NotFound if it is out of sight.

    `scope` is None only where no member of staff acts: the borrower on their own loan, or the system.
    """
    return take_by_id(db, in_sight(db, loan, scope), lock=lock)


def take_own(db: Db, loan: str, by: Actor, *, lock: bool = True) -> Case:
    """The case of the borrower's own loan, as `take`; NotFound for whoever is not its borrower, as if it were not there."""
    case = take(db, loan, None, lock=lock)
    party_id = case.loan.party_id
    if by.role != "borrower" or party_id is None or party_by_id(db, party_id).public_id != by.id:
        raise NotFound(f"there is no loan {loan} within your sight", code="loan_not_found", field="loan")
    return case


def in_sight(db: Db, loan: str, scope: Scope | None) -> int:
    """The number of a loan within this scope; NotFound if it is out of sight, as if it were not there."""
    sight, values = scope.condition("l") if scope is not None else ("TRUE", {})
    found = db.execute(_FIND.format(sight=sight), {"key": loan, **values}).fetchone()
    if found is None:
        raise NotFound(f"there is no loan {loan} within your sight", code="loan_not_found", field="loan")
    return int(found[0])


def take_by_id(db: Db, loan_id: int, *, lock: bool = True) -> Case:
    """The case of a loan's number, for a verb that has found it by another name; Fault if it has no row."""
    if lock:
        db.execute(_LOCK, [loan_id])
    with db.pipeline():
        loans = db.execute(_LOAN, [loan_id])
        duties = db.execute(_STANDING, [loan_id])
        freezes = db.execute(_FREEZES, [loan_id])
    row = loans.fetchone()
    if row is None:
        raise Fault(f"loan {loan_id} has no row", code="loan_row_missing")
    loan = Loan(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], LoanState(row[10]), row[11],
        Head(row[12], bytes(row[13])), row[14], row[15], row[16], row[17], row[18],
    )  # fmt: skip
    pack = read_pack(db, *loan.pack_version.split(" ", 1))
    return Case(loan, [Duty(*each) for each in duties.fetchall()], [Freeze(*each) for each in freezes.fetchall()], pack, lender(db))


def begin(
    db: Db, *, clock: Clock, by: Actor, branch_id: int, officer_id: int | None, party_id: int, borrower_label: str, product_code: str,
    product_version: int, contract_no: str, currency: str, pack: Pack, kind: str, says: Mapping[str, Any],
    seals: Mapping[str, str] | None = None, opens: Iterable[str] = (),
) -> Case:  # fmt: skip
    """A loan is born, with its first record and duties: it is live from now on. Refusal if the contract number is taken."""
    loan_id = chain_ids(db, 1)[0]
    loan = Loan(
        loan_id, new_id("ln"), branch_id, officer_id, party_id, borrower_label, product_code, product_version, contract_no, currency,
        LoanState.SUBMITTED, 0, EMPTY_HEAD, 0, None, None, f"{pack.name} {pack.version}", clock.today(),
    )  # fmt: skip
    names = [("public_id", loan.public_id, loan_id), ("contract_no", contract_no, loan_id)]
    for name in names:
        taken = db.execute(
            "INSERT INTO loan_registry (kind, key, loan_id) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING loan_id", name
        )
        if taken.fetchone() is None:
            raise Refusal(f"contract number {contract_no} stands on another loan", code="contract_no_taken", field="contract_no")
    case = Case(loan, [], [], pack, lender(db))
    record, arrangement = _drawn(case, clock, by, kind, says, seals or {}, tuple(opens), (), LoanState.SUBMITTED, {})
    _insert_loan(db, loan)
    _write(db, case, record, arrangement)
    return case


def enter(
    db: Db, case: Case, *, clock: Clock, by: Actor, kind: str, says: Mapping[str, Any], seals: Mapping[str, str] | None = None,
    to: LoanState | None = None, opens: Iterable[str] = (), closes: Iterable[str] = (), while_frozen: bool = False,
    due: Mapping[str, date] | None = None,
) -> Record:  # fmt: skip
    """Write what was done on the loan's chain, close and open duties by it, and move the loan `to` another state.

    `opens` and `closes` name kinds of duty that `life.DUTIES` lets a record of this `kind` open or prove. A kind in
    `closes` that is not open is passed over. `seals` are digests of what the record rests on. When the loan comes to a
    state that is not live, every duty that still stands must be closed by this record. `due` gives the day of each kind
    that is `dated`; the others' follows from the pack.
    """
    if case.freezes and not while_frozen:
        freeze = case.freezes[0]
        raise Refusal(
            f"loan {case.loan.public_id} is frozen since {freeze.since} ({freeze.reason}); two people must thaw it first",
            code="loan_frozen", loan=case.loan.public_id, reason=freeze.reason,
        )  # fmt: skip
    state = case.loan.state if to is None else to
    if to is not None and (case.loan.state, to) not in MOVES:
        raise Refusal(
            f"loan {case.loan.public_id} is {case.loan.state}; it cannot become {to}", code="loan_state", state=str(case.loan.state)
        )
    record, arrangement = _drawn(case, clock, by, kind, says, seals or {}, tuple(opens), tuple(closes), state, due or {})
    _write(db, case, record, arrangement)
    return record


def own(db: Db, case: Case, *, kind: str, owner_id: int) -> None:
    """Give the open duty of that kind to a member of staff: from now on it is theirs, and no longer their whole role's."""
    duty = case.open(kind)
    if duty is None:
        raise Refusal(f"loan {case.loan.public_id} has no open duty {kind}", code="duty_not_open", field="loan")
    db.execute("UPDATE duty SET owner_id = %s WHERE loan_id = %s AND duty_no = %s", [owner_id, duty.loan_id, duty.duty_no])
    duty.owner_id = owner_id


def freeze(
    db: Db, case: Case, *, clock: Clock, by: Actor, reason: str, words: str, seals: Mapping[str, str] | None = None,
    told: Mapping[str, Any] | None = None,
) -> Record:  # fmt: skip
    """Stop the loan where it stands, in this transaction, and open the duty to look into it. Freezing twice changes nothing more.

    `told` are further facts that the record states: the sign that was seen, for one.
    """
    if not words.strip():
        raise BadInput("words: say what was seen", field="words")
    if case.loan.state not in LIVE:
        raise Refusal(f"loan {case.loan.public_id} is {case.loan.state}; there is nothing to freeze", code="loan_state")
    first = not any(each.reason == reason for each in case.freezes)
    opens = (f"{reason}_review",) if first and f"{reason}_review" in DUTIES else ()
    says = {"reason": reason, "words": words.strip(), **(told or {})}
    record = enter(db, case, clock=clock, by=by, kind=f"{reason}.frozen" if first else f"{reason}.noted", says=says, seals=seals,
                   opens=opens, while_frozen=True)  # fmt: skip
    if first:
        number = db.execute("SELECT coalesce(max(freeze_no), 0) + 1 FROM loan_freeze WHERE loan_id = %s", [case.loan.loan_id]).fetchone()
        assert number is not None
        db.execute(
            "INSERT INTO loan_freeze (loan_id, freeze_no, reason, words, placed_seq, placed_on) VALUES (%s, %s, %s, %s, %s, %s)",
            [case.loan.loan_id, number[0], reason, words.strip(), record.seq, clock.today()],
        )
        case.freezes.append(Freeze(number[0], reason, clock.today(), words.strip()))
    return record


def thaw(db: Db, case: Case, *, clock: Clock, by: Actor, reason: str, words: str) -> Record:
    """Let the loan go on; the caller has made sure that two people agreed. Refusal if it is not frozen for that reason."""
    if not any(each.reason == reason for each in case.freezes):
        raise Refusal(f"loan {case.loan.public_id} is not frozen for {reason}", code="not_frozen")
    says = {"reason": reason, "words": words.strip()}
    record = enter(db, case, clock=clock, by=by, kind=f"{reason}.thawed", says=says, closes=(f"{reason}_review",), while_frozen=True)
    db.execute(
        "UPDATE loan_freeze SET lifted_seq = %s WHERE loan_id = %s AND reason = %s AND lifted_seq IS NULL",
        [record.seq, case.loan.loan_id, reason],
    )
    case.freezes = [each for each in case.freezes if each.reason != reason]
    return record


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _drawn(
    case: Case, clock: Clock, by: Actor, kind: str, says: Mapping[str, Any], seals: Mapping[str, str], opens: tuple[str, ...],
    closes: tuple[str, ...], state: LoanState, due: Mapping[str, date],
) -> tuple[Record, Arrangement]:  # fmt: skip
    for name in opens:
        if kind not in DUTIES[name].after:
            raise Fault(f"a record {kind} does not call for the duty {name}", code="duty_not_called_for")
    for name in closes:
        if kind not in DUTIES[name].proofs:
            raise Fault(f"a record {kind} cannot prove the duty {name}", code="duty_proof_kind")
    loan, today = case.loan, clock.today()
    seq = loan.head.seq + 1
    wanted = {duty.kind: Moment(duty.due_on, duty.kind, duty.about) for duty in case.standing if duty.kind not in closes}
    for name in opens:
        if DUTIES[name].dated:
            due_on = due[name]
        else:
            workdays = case.number(DUTIES[name].within, loan.opened_on)
            due_on = add_workdays(today, workdays, case.lender.region).on if workdays else today
        wanted[name] = Moment(due_on, name, f"record {seq}")
    arrangement = rearrange(
        case.standing, wanted, (), loan_id=loan.loan_id, last_no=loan.last_duty_no, seq=seq, on=today, zone=case.lender.zone
    )
    following = arrangement.next
    state = state_after(state, following)
    if (state in LIVE) != (following is not None):
        what = "has no duty left" if following is None else f"still has the duty {following.kind}"
        raise Fault(f"loan {loan.public_id} would be {state} but {what}", code="duty_left" if following else "no_duty_left")
    told = {**says, "duties": arrangement.numbers, "state": state.value, "principal_out": loan.principal_out}
    record, head = draw(
        loan.head, loan_id=loan.loan_id, chain=loan.public_id, kind=kind, on=today, at=clock.now(), by=by, says=told, seals=seals,
        pack=loan.pack_version,
    )  # fmt: skip
    loan.state, loan.head, loan.last_duty_no = state, head, arrangement.last_no
    loan.duty_no, loan.next_action_at = (following.duty_no, following.due_at) if following else (None, None)
    case.standing = list(arrangement.still_open)
    return record, arrangement


def _insert_loan(db: Db, loan: Loan) -> None:
    db.execute(
        """INSERT INTO loan (loan_id, public_id, branch_id, officer_id, party_id, borrower_label, product_code, product_version,
                             contract_no, currency, state, principal_out, head_seq, head_hash, last_duty_no, duty_no, next_action_at,
                             pack_version, opened_on)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
        [
            loan.loan_id, loan.public_id, loan.branch_id, loan.officer_id, loan.party_id, loan.borrower_label, loan.product_code,
            loan.product_version, loan.contract_no, loan.currency, loan.state, loan.principal_out, loan.head.seq, loan.head.hash,
            loan.last_duty_no, loan.duty_no, loan.next_action_at, loan.pack_version, loan.opened_on,
        ],
    )  # fmt: skip


def _write(db: Db, case: Case, record: Record, arrangement: Arrangement) -> None:
    loan = case.loan
    append(db, [record])
    with db.cursor() as cursor:
        cursor.executemany(
            "UPDATE duty SET open = false, proof_seq = %s, closed_on = %s WHERE loan_id = %s AND duty_no = %s",
            [(duty.proof_seq, duty.closed_on, duty.loan_id, duty.duty_no) for duty in arrangement.closed],
        )
        cursor.executemany(
            """INSERT INTO duty (loan_id, duty_no, kind, about, due_on, due_at, window_from, role, opened_seq, open)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, true)""",
            [
                (duty.loan_id, duty.duty_no, duty.kind, duty.about, duty.due_on, duty.due_at, duty.window_from, duty.role, duty.opened_seq)
                for duty in arrangement.written
            ],
        )
    db.execute(
        """UPDATE loan SET state = %s, head_seq = %s, head_hash = %s, last_duty_no = %s, duty_no = %s, next_action_at = %s
            WHERE loan_id = %s""",
        [loan.state, loan.head.seq, loan.head.hash, loan.last_duty_no, loan.duty_no, loan.next_action_at, loan.loan_id],
    )
