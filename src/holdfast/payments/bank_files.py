"""Bank files: statements are handed in, their lines matched to loans, and what fits none kept in suspense.

A line is in the book once: its identity is the bank's reference, or its contents and its ordinal among equals, so the
same file twice, or a line in two files, applies once. Money that fits no loan is posted to `suspense`
and stays in the queue until a person finds its loan; where the payer is not the borrower, two people must.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol

from holdfast import approvals
from holdfast.duties import take, take_by_id
from holdfast.files import anything_sealed
from holdfast.journal import SYSTEM, Actor, write_record
from holdfast.kernel import canonical
from holdfast.kernel.batches import batch
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, HoldfastError, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import Money
from holdfast.kernel.sealing import Box, Sealed, master_box
from holdfast.life import LoanState
from holdfast.loans import Happened
from holdfast.parties import Reach, Staff, find, mask_name, require
from holdfast.payments import code_store, rail_store, store
from holdfast.payments.accounts import account_number, accounts_box, lookup_of_account, masked_account
from holdfast.payments.answers import PAYOUT_KEY, Record
from holdfast.payments.drawers import take_out
from holdfast.payments.intents import clear, unclear
from holdfast.payments.matching import Known, Proposal, Told, codes_in, judge, numbers_in
from holdfast.payments.messages import message_name, read_camt
from holdfast.payments.model import BankFile, BankLine, Intent
from holdfast.payments.pay_codes import pay_codes_in, virtual_numbers_in
from holdfast.payments.ports import Answer, Outcome
from holdfast.payments.statements import Statement, StatementLine, load_map, read_statement
from holdfast.payments.states import BANK_LINE_LIFE, BankLineEvent, BankLineState, after
from holdfast.payments.store import Db

CHUNK: Final = 2_000
SHORTEST_REASON: Final = 4
PURPOSES: Final = ("set_aside", "sent_back")
SUSPENSE: Final = (BankLineState.UNMATCHED, BankLineState.REVERSED)
_TAKES_MONEY: Final = (LoanState.ACTIVE, LoanState.WRITTEN_OFF, LoanState.RELEASING)
_MATCH: Final = "bank_line.match"
_SET_ASIDE: Final = "bank_line.set_aside"
_MOST_OUTGOING_LISTED: Final = 200
_MOST_PARTS: Final = 20
_KEY_OF_LINES: Final = "bank lines"
_KEY: Final = re.compile(r"(?<![0-9A-Za-z])(?:po|db)_[0-9a-hjkmnp-tv-z]{20}(?![0-9A-Za-z])")
# What is kept of a line: nonce, sealed bytes, the keyed hash of its payer's account.
Kept = tuple[bytes, bytes, bytes | None]


@dataclass(frozen=True, slots=True)
class Incoming:
    """Money of one line for one loan."""

    loan_id: int
    amount: Money
    received_on: date
    source: str


class Receive(Protocol):
    """Posts the receipts of different loans, with all that must begin because of each; for each, why it was refused, or None."""

    def __call__(self, db: Db, money: Sequence[Incoming], *, clock: Clock, by: Actor, label: str) -> Sequence[HoldfastError | None]: ...


def read_bank_file(*, clock: Clock, by: Staff, data: bytes, map_name: str) -> Statement:
    """What a file holds, before anything is booked; BadInput if it cannot be read. A camt message needs no map."""
    require(by, "bank_file.load")
    if message_name(data) is not None:
        return read_camt(data, today=clock.today())
    return read_statement(data, load_map(map_name), today=clock.today())


@batch()
def load_bank_file(db: Db, *, clock: Clock, by: Staff, name: str, data: bytes, map_name: str) -> BankFile:
    """Take a statement in: each line that can be read is kept, once, to be matched by `match_lines`; each other is told in the report.

    BadInput if the file cannot be read.
    """
    statement = read_bank_file(clock=clock, by=by, data=data, map_name=map_name)
    if by.branch_id is None:
        raise BadInput("branch: you belong to no branch, so the money of this file has no place; a colleague of a branch hands it in",
                       field="branch")  # fmt: skip
    store.one_file_at_a_time(db)
    digest = hashlib.sha256(data).hexdigest()
    # A book that has never sealed anything has no key yet.
    box = master_box(_KEY_OF_LINES, first_use=not anything_sealed(db))
    accounts = accounts_box()
    marks = _identities(box, statement.lines)
    before = store.known_identities(db, marks)
    fresh = _fresh(statement, marks, before)
    outgoing = [line for line in statement.lines if line.amount < 0]
    report = {
        "rows": len(statement.lines) + len(statement.refused),
        "refused": [{"row": each.row, "column": each.column, "value": each.value, "reason": each.reason} for each in statement.refused],
        "outgoing": [line.row for line in outgoing[:_MOST_OUTGOING_LISTED]],
        "already": sum(1 for _, mark in fresh if mark is None),
        "returned": [line.row for line in outgoing if line.returned][:_MOST_OUTGOING_LISTED],
    }
    public_id = new_id("bf")
    file_id = store.insert_file(
        db, public_id=public_id, name=name[:200], digest=digest, map_name=message_name(data) or map_name, branch_id=by.branch_id,
        by=by.staff_id, at=clock.now(),
        report=canonical.encode(report).decode(),
    )  # fmt: skip
    store.insert_lines(db, (_row(box, accounts, file_id, line, mark) for line, mark in fresh))
    says = {
        "rows": report["rows"], "refused": len(statement.refused), "already": report["already"], "outgoing": len(outgoing), "map": map_name,
    }  # fmt: skip
    write_record(
        db, clock=clock, by=by.actor, chain_id=file_id, chain=public_id, kind="bank_file.loaded", says=says, seals={"file": digest}
    )
    return store.files(db, public_id=public_id)[0]


@batch()
def match_lines(db: Db, *, clock: Clock, receive: Receive, answer: Record, limit: int = CHUNK) -> int:
    """Match up to `limit` lines of one file that wait, in the caller's transaction; how many were looked at.

    The loans' receipts are posted together, by the rule that a single one passes; what one loan refuses costs no other line.
    Of two lines for one loan the second is matched after the first is posted, so that it sees it.
    """
    waiting = store.lines_to_match(db, limit)
    if not waiting:
        return 0
    words, sealed = _read(db, waiting)
    for line in waiting:
        if line.about:
            _tell(db, clock, line, answer)
    left = [line for line in waiting if not line.about]
    judged = _proposals(db, left, words, sealed)
    turn, later = _first_of_each(left, judged)
    while turn:
        left = sorted(_match_round(db, clock, turn, judged, words, sealed, receive) + later, key=lambda line: line.line_id)
        turn, later = _first_of_each(left, judged)
        # What was just posted bears on these: a line is judged anew when its turn comes, and not while it waits for it.
        judged |= _proposals(db, turn, words, sealed)
    return len(waiting)


def _first_of_each(lines: Sequence[BankLine], judged: Mapping[int, Proposal]) -> tuple[list[BankLine], list[BankLine]]:
    """The first of these lines for each loan, and all that are for none; and the rest."""
    seen: set[int] = set()
    first: list[BankLine] = []
    rest: list[BankLine] = []
    for line in lines:
        loan_id = judged[line.line_id].loan_id
        (rest if loan_id in seen else first).append(line)
        if loan_id is not None:
            seen.add(loan_id)
    return first, rest


def _match_round(
    db: Db,
    clock: Clock,
    waiting: Sequence[BankLine],
    judged: Mapping[int, Proposal],
    words: Mapping[int, Mapping[str, str]],
    sealed: Mapping[int, Kept],
    receive: Receive,
) -> list[BankLine]:
    """Match the first of these lines for each loan, and all that are for none; the rest, which must see what those have paid."""
    loans = store.loans_at_hand(db, [each.loan_id for each in judged.values() if each.loan_id is not None])
    posted: dict[int, BankLine] = {}
    missed: list[tuple[BankLine, str]] = []
    left: list[BankLine] = []
    for line in waiting:
        proposal = judged[line.line_id]
        why = proposal.how if proposal.loan_id is None else _why_not(line, *loans[proposal.loan_id][:2])
        if proposal.loan_id is not None and proposal.loan_id in posted:
            left.append(line)
        elif why or proposal.loan_id is None:
            missed.append((line, why))
        else:
            posted[proposal.loan_id] = line
    money = [Incoming(loan_id, line.amount, line.booked_on, line.public_id) for loan_id, line in sorted(posted.items())]
    answers = receive(db, money, clock=clock, by=SYSTEM, label=f"bank file {waiting[0].file}") if money else []
    settled = []
    for each, refused in zip(money, answers, strict=True):
        line = posted[each.loan_id]
        if refused is not None:
            missed.append((line, refused.code))
            continue
        after(BANK_LINE_LIFE, f"line {line.row} of {line.file}", line.state, BankLineEvent.MATCH)
        settled.append((line.line_id, each.loan_id, judged[line.line_id].how))
    store.settle_lines(db, settled)
    _note_accounts(db, [(posted[loan_id], loans[loan_id][2]) for _, loan_id, _ in settled], words, sealed)
    _clear_all(db, clock, [(posted[loan_id], loan_id, judged[posted[loan_id].line_id].intent) for _, loan_id, _ in settled])
    _miss_all(db, clock, missed)
    return left


def match_line(
    db: Db, *, clock: Clock, by: Actor, line: str, loan_id: int, how: str, intent: Intent | None = None
) -> BankLine:  # fmt: skip
    """Say that a line is for a loan. The money is the loan's from now on: servicing receives it as of its value date.

    Refusal for a loan that takes no money or keeps its books in another currency.
    """
    found = _line(db, line)
    state = after(BANK_LINE_LIFE, f"line {found.row} of {found.file}", found.state, BankLineEvent.MATCH)
    case = take_by_id(db, loan_id)
    loan = case.loan
    if loan.state not in _TAKES_MONEY:
        raise Refusal(f"loan {loan.public_id} is {loan.state}; it takes no money", code="loan_not_open", loan=loan.public_id)
    if loan.currency != found.amount.currency:
        raise Refusal(f"loan {loan.public_id} is in {loan.currency}", code="other_currency", loan=loan.public_id)
    store.update_line(db, found, state=state, loan_id=loan_id, how=how, approval=None)
    if found.state in SUSPENSE:
        store.post_suspense(db, line=found, on=clock.today(), came=False, at=clock.now())
    _, _, account = store.sealed_lines(db, [found.line_id])[found.line_id]
    if account is not None and loan.party_id is not None and _of_borrower(db, found, loan.party_id):
        store.note_payer_account(db, account, loan.party_id)
    clear(db, clock=clock, by=by, case=case, line_id=found.line_id, amount=found.amount, intent=intent)
    facts = {"amount": found.amount, "received_on": found.booked_on, "source": found.public_id}
    return store.lines(db, public_id=line, happened=(Happened("money.matched", loan.public_id, facts),))[0]


def match_by_hand(db: Db, *, clock: Clock, by: Staff, line: str, loan: str, words: str) -> BankLine:
    """A person finds the loan of a line in suspense.

    At once if the payer bears the borrower's name and the sum is within the pack's `suspense.one_person_up_to`; else another person
    must agree.
    """
    require(by, _MATCH)
    found = in_suspense(db, by, line)
    case = take(db, loan, by.scope)
    within = found.amount.minor <= case.number("suspense.one_person_up_to", clock.today())
    if within and case.loan.party_id is not None and _of_borrower(db, found, case.loan.party_id):
        return match_line(db, clock=clock, by=by.actor, line=line, loan_id=case.loan.loan_id, how="hand")
    inputs = {"line": line, "loan": loan, "amount": found.amount.as_json()}
    asked = approvals.ask(db, clock=clock, by=by, act=_MATCH, inputs=inputs, reason=words, loan_id=case.loan.loan_id, barred=case.officers)
    store.update_line(db, found, loan_id=case.loan.loan_id, approval=asked.public_id)
    return _line(db, line)


def ask_set_aside(db: Db, *, clock: Clock, by: Staff, line: str, words: str, purpose: str = "set_aside") -> BankLine:
    """Money in suspense is no loan's: it goes back to who paid it (`sent_back`), or belongs to other business (`set_aside`).

    Another person must agree.
    """
    require(by, _MATCH)
    if purpose not in PURPOSES:
        raise BadInput(f"purpose: say one of {', '.join(PURPOSES)}", field="purpose")
    found = in_suspense(db, by, line)
    inputs = {"line": line, "amount": found.amount.as_json(), "purpose": purpose}
    asked = approvals.ask(db, clock=clock, by=by, act=_SET_ASIDE, inputs=inputs, reason=words)
    store.update_line(db, found, loan_id=None, approval=asked.public_id)
    return _line(db, line)


def answer_line(db: Db, *, clock: Clock, by: Staff, line: str, approved: bool, words: str) -> BankLine:
    """The second person's yes or no to what another proposed for a line in suspense; the yes does it."""
    require(by, "bank_line.check")
    found = in_suspense(db, by, line)
    if found.approval is None:
        raise Refusal(f"nobody has proposed anything for line {found.row} of {found.file}", code="nothing_proposed")
    answered = approvals.answer(db, clock=clock, by=by, public_id=found.approval, approved=approved, words=words)
    if not approved:
        store.update_line(db, found, loan_id=None, approval=None)
        return _line(db, line)
    approvals.spend(
        db, clock=clock, by=by.actor, public_id=found.approval, act=answered.act, inputs=answered.inputs, loan_id=answered.loan_id
    )
    if answered.act == _MATCH and answered.loan_id is not None:
        return match_line(db, clock=clock, by=by.actor, line=line, loan_id=answered.loan_id, how="hand")
    state = after(BANK_LINE_LIFE, f"line {found.row} of {found.file}", found.state, BankLineEvent.SET_ASIDE)
    purpose = str(answered.inputs["purpose"])
    store.update_line(db, found, state=state, how=purpose, approval=None)
    store.post_suspense(db, line=found, on=clock.today(), came=False, at=clock.now())
    _record(db, clock, by.actor, found, f"bank_line.{purpose}", {})
    return _line(db, line)


def split_line(db: Db, *, clock: Clock, by: Staff, line: str, parts: Sequence[Money]) -> list[BankLine]:
    """Money in suspense that is for several loans: it stands as its parts from now on, each of which finds its own loan.

    BadInput unless they are 2 to 20 parts, each more than nothing, that sum to the line to the last fen.
    """
    require(by, _MATCH)
    found = in_suspense(db, by, line)
    state = after(BANK_LINE_LIFE, f"line {found.row} of {found.file}", found.state, BankLineEvent.SPLIT)
    if found.approval is not None:
        raise Refusal(f"line {found.row} of {found.file} waits for another person's answer", code="line_asked")
    if not 2 <= len(parts) <= _MOST_PARTS or any(part.minor <= 0 or part.currency != found.amount.currency for part in parts):
        raise BadInput(f"parts: 2 to {_MOST_PARTS} amounts in {found.amount.currency}, each more than nothing", field="parts")
    if (total := sum(part.minor for part in parts)) != found.amount.minor:
        raise BadInput(f"parts: they sum to {total} and the line is {found.amount.minor} (minor units)", field="parts")
    words, sealed = _read(db, [found])
    box = master_box(_KEY_OF_LINES)
    store.update_line(db, found, state=state, how="split")
    store.post_suspense(db, line=found, on=clock.today(), came=False, at=clock.now())
    made = []
    for number, part in enumerate(parts, 1):
        public_id = new_id("bl")
        kept = box.seal(canonical.encode(words[found.line_id]), public_id)
        mark = box.keyed_hash(f"part {line} {number}")
        store.insert_part(db, found, public_id=public_id, identity=mark, amount=part.minor, sealed=kept, lookup=sealed[found.line_id][2])
        made.append(_line(db, public_id))
    store.post_suspense_all(db, made, on=clock.today(), came=True, at=clock.now())
    _record(db, clock, by.actor, found, "bank_line.split", {"parts": [[each.public_id, each.amount.as_json()] for each in made]})
    return made


def returned_by_bank(db: Db, *, clock: Clock, by: Staff, line: str, outgoing: str) -> BankLine:
    """The bank took the money of a line back, as an outgoing line of the same amount shows: its receipt is reversed, whatever had it.

    Refusal if the receipt can be taken back no more; then nothing is changed.
    """
    require(by, _MATCH)
    first, second = sorted((line, outgoing))
    store.lock_line(db, first)
    store.lock_line(db, second)
    found, proof = _in_sight(db, by, line), _in_sight(db, by, outgoing)
    name = f"line {found.row} of {found.file}"
    state = after(BANK_LINE_LIFE, name, found.state, BankLineEvent.RETURN)
    proved = after(BANK_LINE_LIFE, f"line {proof.row} of {proof.file}", proof.state, BankLineEvent.ANSWER)
    if proof.amount != -found.amount or proof.booked_on < found.booked_on:
        raise BadInput("outgoing: it must take out exactly what the line brought in, not before it", field="outgoing")
    store.update_line(db, found, state=state, how="returned", approval=None)
    store.update_line(db, proof, state=proved, how="returns", loan_id=found.loan_id)
    _record(db, clock, by.actor, found, "bank_line.returned", {"by": outgoing})
    if found.state in SUSPENSE:
        store.post_suspense(db, line=found, on=clock.today(), came=False, at=clock.now())
        return _line(db, line)
    assert found.loan is not None
    happened = (Happened("money.returned", found.loan, {"source": line, "reason": f"the bank took it back ({outgoing})"}),)
    return store.lines(db, public_id=line, happened=happened)[0]


def give_back(db: Db, *, clock: Clock, by: Actor, line: str) -> BankLine:
    """The receipt that a line made was reversed: its money is in suspense again, and a person finds where it belongs."""
    found = _line(db, line)
    if found.state is BankLineState.RETURNED:  # the bank has it again: nothing waits for a loan
        unclear(db, clock=clock, by=by, line_id=found.line_id)
        return found
    state = after(BANK_LINE_LIFE, f"line {found.row} of {found.file}", found.state, BankLineEvent.REVERSE)
    store.update_line(db, found, state=state, how="reversed")
    store.post_suspense(db, line=found, on=clock.today(), came=True, at=clock.now())
    unclear(db, clock=clock, by=by, line_id=found.line_id)
    _record(db, clock, by, found, "bank_line.reversed", {})
    return _line(db, line)


def take_back(db: Db, *, clock: Clock, by: Actor, source: str) -> None:
    """A receipt was reversed: what it came by is undone too. `source` is what servicing was told: a line, or a drawer and its entry."""
    if source.startswith("bl_"):
        give_back(db, clock=clock, by=by, line=source)
    elif source.startswith("dr_"):
        name, _, number = source.partition(" ")
        take_out(db, clock=clock, by=by, drawer=name, entry_no=int(number))


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


def bank_files(db: Db, by: Staff) -> list[BankFile]:
    """The files of this person's branch, or of all for one who sees all; newest first."""
    return store.files(db, branch_id=_branch_of(by))


def bank_file(db: Db, by: Staff, public_id: str) -> BankFile:
    """One file within sight; NotFound otherwise."""
    found = store.files(db, branch_id=_branch_of(by), public_id=public_id)
    if not found:
        raise NotFound(f"there is no bank file {public_id} within your sight", code="no_bank_file", field="bank_file")
    return found[0]


def lines_of(db: Db, by: Staff, public_id: str, *, limit: int = store.MOST_LISTED) -> list[BankLine]:
    """The lines of one file within sight, in its order."""
    return store.lines(db, branch_id=_branch_of(by), file=public_id, limit=limit)


def suspense(db: Db, by: Staff) -> list[BankLine]:
    """The lines whose money belongs to no loan yet, the oldest first."""
    return store.lines(db, branch_id=_branch_of(by), states=SUSPENSE, oldest_first=True)


def taken_back_by(db: Db, by: Staff, outgoing: str) -> tuple[BankLine, list[BankLine]]:
    """A line of money that went out, and the lines within sight whose money it may have taken back: the same amount, booked by its day.

    Refusal for a line that tells of something else already.
    """
    require(by, _MATCH)
    proof = _in_sight(db, by, outgoing)
    after(BANK_LINE_LIFE, f"line {proof.row} of {proof.file}", proof.state, BankLineEvent.ANSWER)
    states = [state for state, event in BANK_LINE_LIFE if event is BankLineEvent.RETURN]
    return proof, store.lines_of_amount(db, branch_id=_branch_of(by), amount=-proof.amount, through=proof.booked_on, states=states)


def line_words(db: Db, by: Staff, line: BankLine) -> dict[str, str]:
    """Payer, account and remark of a line as the bank wrote them, for the person who has to find its loan."""
    require(by, _MATCH)
    return _opened(db, [line])[line.line_id]


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _identities(box: Box, lines: Sequence[StatementLine]) -> list[bytes]:
    seen = Counter[str]()
    marks = []
    for line in lines:
        base = f"{line.booked_on} {line.amount} {line.currency} "
        if line.reference:
            text = f"reference {base}{line.reference}"
        else:
            text = f"line {base}{line.payer}\x1f{line.account}\x1f{line.remark}"
            seen[text] += 1
            text += f"\x1f{seen[text]}"
        marks.append(box.keyed_hash(text))
    return marks


def _fresh(statement: Statement, marks: Sequence[bytes], before: set[bytes]) -> list[tuple[StatementLine, bytes | None]]:
    """Each line with its identity, or with None where it stands in the book, or further up in the file, already."""
    seen, found = set(before), []
    for line, mark in zip(statement.lines, marks, strict=True):
        found.append((line, None if mark in seen else mark))
        seen.add(mark)
    return found


def _row(box: Box, accounts: Box, file_id: int, line: StatementLine, mark: bytes | None) -> tuple[Any, ...]:
    public_id = new_id("bl")
    number = _account(line.account)
    about = "" if mark is None else _about(line)
    event = BankLineEvent.REPEAT if mark is None else BankLineEvent.PASS_OVER if line.amount < 0 and not about else None
    state = BankLineState.READ if event is None else after(BANK_LINE_LIFE, f"row {line.row}", BankLineState.READ, event)
    sealed = box.seal(
        canonical.encode({"payer": line.payer, "account": line.account, "remark": line.remark, "own": line.own_account}), public_id
    )
    return (
        public_id, file_id, line.row, mark, state, line.booked_on, line.amount, line.currency, mask_name(line.payer) if line.payer else "",
        masked_account(number or line.account), None if number is None else lookup_of_account(number, accounts),
        sealed.nonce, sealed.sealed, "", about,
    )  # fmt: skip


def _about(line: StatementLine) -> str:
    """The key of the payment of ours that a line tells of: as the bank gives it back, else as it stands in the remark."""
    for text in (line.end_to_end, line.reference, line.remark):
        if (found := _KEY.search(text)) is not None:
            return found[0]
    return ""


def _account(text: str) -> str | None:
    try:
        return account_number(text)
    except BadInput:
        return None  # an account that is masked or none in the file: it tells nothing


def _proposals(
    db: Db, waiting: Sequence[BankLine], words: Mapping[int, Mapping[str, str]], sealed: Mapping[int, Kept]
) -> dict[int, Proposal]:
    own = rail_store.house_account(db)
    prefix, digits = (own.virtual_prefix, own.virtual_digits) if own is not None else ("", 0)
    virtual = {line.line_id: virtual_numbers_in(words[line.line_id].get("own", ""), prefix, digits) for line in waiting}
    remarks = [words[line.line_id]["remark"] for line in waiting]
    pay_codes = code_store.loans_of_codes(
        db, [code for remark in remarks for code in pay_codes_in(remark)] + [number for number in virtual.values() if number]
    )
    codes = {each.code: each for each in store.intents(db, codes=sorted({code for remark in remarks for code in codes_in(remark)}))}
    contracts = store.loans_of_contracts(db, [number for remark in remarks for number in numbers_in(remark)])
    accounts = store.loans_of_accounts(db, [lookup for line in waiting if (lookup := sealed[line.line_id][2]) is not None])
    possible = set(contracts.values()) | set(pay_codes.values()) | {loan_id for found in accounts.values() for loan_id in found}
    pending: dict[int, list[Intent]] = {}
    for intent in store.intents_of_loans(db, sorted(possible)):
        pending.setdefault(intent.loan_id, []).append(intent)
    known = Known(codes, contracts, accounts, pending, pay_codes)
    found = {}
    for line in waiting:
        told = Told(words[line.line_id]["remark"], line.amount.minor, line.amount.currency, sealed[line.line_id][2], virtual[line.line_id])
        found[line.line_id] = judge(told, known)
    return found


def _tell(db: Db, clock: Clock, line: BankLine, answer: Record) -> None:
    """A line that names a payment of ours: what became of it is recorded, and the line itself is no new money, but for one case.

    Money of a payout that came back is money: it waits in suspense, and the payout is contradicted.
    """
    payout, came = line.about.startswith(PAYOUT_KEY), line.amount.minor > 0
    of = store.payment_of_key(db, line.about)
    if of is None:
        return _leave(db, clock, line, "unknown_key")
    loan_id, amount = of
    if amount != (line.amount if came else -line.amount):
        return _leave(db, clock, line, "other_amount")
    if payout == came:
        said = Answer(Outcome.RETURNED, line.public_id, "the money came back", line.booked_on)
    else:
        said = Answer(Outcome.PAID, line.public_id, "", line.booked_on)
    taken = answer(db, clock=clock, by=SYSTEM, key=line.about, answer=said, source=f"bank file {line.file}")
    if payout and came:
        return _leave(db, clock, line, "payout_returned")
    if taken is None and not payout:
        return _leave(db, clock, line, "answer_refused")
    state = after(BANK_LINE_LIFE, f"line {line.row} of {line.file}", line.state, BankLineEvent.ANSWER)
    how = "payout" if payout else "debit" if came else "debit_returned"
    return store.update_line(db, line, state=state, loan_id=loan_id, how=how)


def _leave(db: Db, clock: Clock, line: BankLine, why: str) -> None:
    """What came is money all the same, and waits in suspense; what went is passed over, and people see why."""
    if line.amount.minor > 0:
        return _miss_all(db, clock, [(line, why)])
    state = after(BANK_LINE_LIFE, f"line {line.row} of {line.file}", line.state, BankLineEvent.PASS_OVER)
    return store.update_line(db, line, state=state, how=why)


def _why_not(line: BankLine, state: str, currency: str) -> str:
    if state not in _TAKES_MONEY:
        return "loan_not_open"
    return "other_currency" if currency != line.amount.currency else ""


def _note_accounts(
    db: Db, lines: Sequence[tuple[BankLine, int | None]], words: Mapping[int, Mapping[str, str]], sealed: Mapping[int, Kept]
) -> None:
    """Remember the accounts from which borrowers pay by their own names, so that the next line from there finds its loan."""
    known = store.parties_of_accounts(db, [lookup for line, _ in lines if (lookup := sealed[line.line_id][2]) is not None])
    for line, party_id in lines:
        account = sealed[line.line_id][2]
        if account is None or party_id is None or party_id in known.get(account, ()):
            continue
        if _bears_name(db, words[line.line_id]["payer"], party_id):
            store.note_payer_account(db, account, party_id)


def _clear_all(db: Db, clock: Clock, lines: Sequence[tuple[BankLine, int, Intent | None]]) -> None:
    waiting = {each.loan_id for each in store.intents_of_loans(db, [loan_id for _, loan_id, _ in lines])}
    for line, loan_id, intent in lines:
        if loan_id in waiting:
            clear(db, clock=clock, by=SYSTEM, case=take_by_id(db, loan_id), line_id=line.line_id, amount=line.amount, intent=intent)


def _opened(db: Db, lines: Sequence[BankLine]) -> dict[int, dict[str, str]]:
    return _read(db, lines)[0]


def _read(db: Db, lines: Sequence[BankLine]) -> tuple[dict[int, dict[str, str]], dict[int, Kept]]:
    """What the lines say, and what is kept of them, by the line's number."""
    box = master_box(_KEY_OF_LINES)
    sealed = store.sealed_lines(db, [line.line_id for line in lines])
    found = {}
    for line in lines:
        nonce, kept, _ = sealed[line.line_id]
        found[line.line_id] = canonical.decode(box.open(Sealed(nonce, kept), line.public_id))
    return found, sealed


def _of_borrower(db: Db, line: BankLine, party_id: int) -> bool:
    """Whether the payer bears the borrower's name, compared by keyed hash."""
    return _bears_name(db, _opened(db, [line])[line.line_id]["payer"], party_id)


def _bears_name(db: Db, payer: str, party_id: int) -> bool:
    try:
        return party_id in {each.party_id for each in find(db, "name", payer)}
    except BadInput:
        return False  # what stands there is no person's name


def _miss_all(db: Db, clock: Clock, missed: Sequence[tuple[BankLine, str]]) -> None:
    for line, _ in missed:
        after(BANK_LINE_LIFE, f"line {line.row} of {line.file}", line.state, BankLineEvent.MISS)
    store.miss_lines(db, [(line.line_id, why) for line, why in missed])
    store.post_suspense_all(db, [line for line, _ in missed], on=clock.today(), came=True, at=clock.now())


def _line(db: Db, public_id: str) -> BankLine:
    store.lock_line(db, public_id)
    found = store.lines(db, public_id=public_id)
    if not found:
        raise NotFound(f"there is no line {public_id}", code="no_bank_line", field="line")
    return found[0]


def _in_sight(db: Db, by: Staff, public_id: str) -> BankLine:
    found = _line(db, public_id)
    if by.reach is not Reach.ALL and found.branch_id != by.branch_id:
        raise NotFound(f"there is no line {public_id} within your sight", code="no_bank_line", field="line")
    return found


def in_suspense(db: Db, by: Staff, public_id: str) -> BankLine:
    """A line within sight whose money belongs to no loan yet, locked; Refusal for any other."""
    found = _in_sight(db, by, public_id)
    if found.state not in SUSPENSE:
        raise Refusal(
            f"line {found.row} of {found.file} is {found.state}; it is not in suspense", code="wrong_state", state=str(found.state)
        )
    return found


def _branch_of(by: Staff) -> int | None:
    return None if by.reach is Reach.ALL else by.branch_id or 0


def _record(db: Db, clock: Clock, by: Actor, line: BankLine, kind: str, says: dict[str, Any]) -> None:
    about = {"line": line.public_id, "row": line.row, "amount": line.amount.as_json(), **says}
    write_record(db, clock=clock, by=by, chain_id=line.file_id, chain=line.file, kind=kind, says=about)
