"""Bank files: statements are handed in, their lines matched to loans, and what fits none kept in suspense.

A line is in the book once: its identity is the bank's reference, or its contents and its ordinal among equals, so the
same file twice, or a line in two files, applies once. Money that fits no loan is posted to `suspense`
and stays in the queue until a person finds its loan; where the payer is not the borrower, two people must.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from holdfast import approvals
from holdfast.duties import take, take_by_id
from holdfast.files import anything_sealed
from holdfast.journal import SYSTEM, Actor, write_record
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.sealing import Box, Sealed, master_box
from holdfast.life import LoanState
from holdfast.loans import Happened
from holdfast.parties import Reach, Staff, find, mask_name, require
from holdfast.payments import store
from holdfast.payments.accounts import account_number, lookup_of_account, masked_account
from holdfast.payments.drawers import take_out
from holdfast.payments.intents import clear, unclear
from holdfast.payments.matching import Known, Proposal, Told, codes_in, judge, numbers_in
from holdfast.payments.model import BankFile, BankLine, Intent
from holdfast.payments.statements import Statement, StatementLine, load_map, read_statement
from holdfast.payments.states import BANK_LINE_LIFE, BankLineEvent, BankLineState, after
from holdfast.payments.store import Db

CHUNK: Final = 100
SHORTEST_REASON: Final = 4
SUSPENSE: Final = (BankLineState.UNMATCHED, BankLineState.REVERSED)
_TAKES_MONEY: Final = (LoanState.ACTIVE, LoanState.WRITTEN_OFF, LoanState.RELEASING)
_MATCH: Final = "bank_line.match"
_SET_ASIDE: Final = "bank_line.set_aside"
_MOST_OUTGOING_LISTED: Final = 200

# Does `match_line` with all that must begin because of it.
Settle = Callable[..., BankLine]


def read_bank_file(*, clock: Clock, by: Staff, data: bytes, map_name: str) -> Statement:
    """What a file holds, before anything is booked; BadInput if it cannot be read."""
    require(by, "bank_file.load")
    return read_statement(data, load_map(map_name), today=clock.today())


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
    box = master_box("bank lines", first_use=not anything_sealed(db))
    marks = _identities(box, statement.lines)
    before = store.known_identities(db, marks)
    fresh = _fresh(statement, marks, before)
    outgoing = [line for line in statement.lines if line.amount < 0]
    report = {
        "rows": len(statement.lines) + len(statement.refused),
        "refused": [{"row": each.row, "column": each.column, "value": each.value, "reason": each.reason} for each in statement.refused],
        "outgoing": [line.row for line in outgoing[:_MOST_OUTGOING_LISTED]],
        "already": sum(1 for _, mark in fresh if mark is None),
    }
    public_id = new_id("bf")
    file_id = store.insert_file(
        db, public_id=public_id, name=name[:200], digest=digest, map_name=map_name, branch_id=by.branch_id, by=by.staff_id, at=clock.now(),
        report=canonical.encode(report).decode(),
    )  # fmt: skip
    store.insert_lines(db, (_row(box, file_id, line, mark) for line, mark in fresh))
    says = {
        "rows": report["rows"], "refused": len(statement.refused), "already": report["already"], "outgoing": len(outgoing), "map": map_name,
    }  # fmt: skip
    write_record(
        db, clock=clock, by=by.actor, chain_id=file_id, chain=public_id, kind="bank_file.loaded", says=says, seals={"file": digest}
    )
    return store.files(db, public_id=public_id)[0]


def match_lines(db: Db, *, clock: Clock, settle: Settle, limit: int = CHUNK) -> int:
    """Match up to `limit` lines that wait, in the caller's transaction; how many were looked at.

    Each line is settled or left in suspense by itself: what one loan refuses costs no other line.
    """
    waiting = [store.lines(db, public_id=each)[0] for each in store.lines_to_match(db, limit)]
    if not waiting:
        return 0
    judged = _proposals(db, waiting)
    # In the order of their loans, as everyone locks them who locks several.
    for line in sorted(waiting, key=lambda each: (judged[each.line_id].loan_id or 0, each.line_id)):
        proposal = judged[line.line_id]
        why = proposal.how
        if proposal.loan_id is not None:
            try:
                with db.transaction():
                    settle(
                        db, clock=clock, by=SYSTEM, line=line.public_id, loan_id=proposal.loan_id, how=proposal.how, intent=proposal.intent
                    )
                continue
            except Refusal as error:
                why = error.code
            except BadInput as error:
                why = error.code
        _miss(db, clock, line, why)
    return len(waiting)


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
    """A person finds the loan of a line in suspense. At once if the payer bears the borrower's name, else another person must agree."""
    require(by, _MATCH)
    found = _in_suspense(db, by, line)
    case = take(db, loan, by.scope)
    if case.loan.party_id is not None and _of_borrower(db, found, case.loan.party_id):
        return match_line(db, clock=clock, by=by.actor, line=line, loan_id=case.loan.loan_id, how="hand")
    inputs = {"line": line, "loan": loan, "amount": found.amount.as_json()}
    barred = () if case.loan.officer_id is None else (case.loan.officer_id,)
    asked = approvals.ask(db, clock=clock, by=by, act=_MATCH, inputs=inputs, reason=words, loan_id=case.loan.loan_id, barred=barred)
    store.update_line(db, found, loan_id=case.loan.loan_id, approval=asked.public_id)
    return _line(db, line)


def ask_set_aside(db: Db, *, clock: Clock, by: Staff, line: str, words: str) -> BankLine:
    """Money in suspense is no loan's: it goes back to who paid it, or belongs to other business. Another person must agree."""
    require(by, _MATCH)
    found = _in_suspense(db, by, line)
    inputs = {"line": line, "amount": found.amount.as_json()}
    asked = approvals.ask(db, clock=clock, by=by, act=_SET_ASIDE, inputs=inputs, reason=words)
    store.update_line(db, found, loan_id=None, approval=asked.public_id)
    return _line(db, line)


def answer_line(db: Db, *, clock: Clock, by: Staff, line: str, approved: bool, words: str) -> BankLine:
    """The second person's yes or no to what another proposed for a line in suspense; the yes does it."""
    require(by, "bank_line.check")
    found = _in_suspense(db, by, line)
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
    store.update_line(db, found, state=state, how="set_aside", approval=None)
    store.post_suspense(db, line=found, on=clock.today(), came=False, at=clock.now())
    _record(db, clock, by.actor, found, "bank_line.set_aside", {})
    return _line(db, line)


def give_back(db: Db, *, clock: Clock, by: Actor, line: str) -> BankLine:
    """The receipt that a line made was reversed: its money is in suspense again, and a person finds where it belongs."""
    found = _line(db, line)
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


def _row(box: Box, file_id: int, line: StatementLine, mark: bytes | None) -> tuple[Any, ...]:
    public_id = new_id("bl")
    number = _account(line.account)
    event = BankLineEvent.REPEAT if mark is None else BankLineEvent.PASS_OVER if line.amount < 0 else None
    state = BankLineState.READ if event is None else after(BANK_LINE_LIFE, f"row {line.row}", BankLineState.READ, event)
    sealed = box.seal(canonical.encode({"payer": line.payer, "account": line.account, "remark": line.remark}), public_id)
    return (
        public_id, file_id, line.row, mark, state, line.booked_on, line.amount, line.currency, mask_name(line.payer) if line.payer else "",
        masked_account(number or line.account), None if number is None else lookup_of_account(number), sealed.nonce, sealed.sealed, "",
    )  # fmt: skip


def _account(text: str) -> str | None:
    try:
        return account_number(text)
    except BadInput:
        return None  # an account that is masked or none in the file: it tells nothing


def _proposals(db: Db, waiting: Sequence[BankLine]) -> dict[int, Proposal]:
    words = _opened(db, waiting)
    lookups = {line_id: lookup for line_id, (_, _, lookup) in store.sealed_lines(db, [line.line_id for line in waiting]).items()}
    remarks = [each["remark"] for each in words.values()]
    codes = {each.code: each for each in store.intents(db, codes=sorted({code for remark in remarks for code in codes_in(remark)}))}
    contracts = store.loans_of_contracts(db, [number for remark in remarks for number in numbers_in(remark)])
    accounts = store.loans_of_accounts(db, [lookup for lookup in lookups.values() if lookup is not None])
    possible = set(contracts.values()) | {loan_id for found in accounts.values() for loan_id in found}
    pending: dict[int, list[Intent]] = {}
    for intent in store.intents_of_loans(db, sorted(possible)):
        pending.setdefault(intent.loan_id, []).append(intent)
    known = Known(codes, contracts, accounts, pending)
    return {
        line.line_id: judge(Told(words[line.line_id]["remark"], line.amount.minor, line.amount.currency, lookups[line.line_id]), known)
        for line in waiting
    }


def _opened(db: Db, lines: Sequence[BankLine]) -> dict[int, dict[str, str]]:
    box = master_box("bank lines")
    sealed = store.sealed_lines(db, [line.line_id for line in lines])
    found = {}
    for line in lines:
        nonce, kept, _ = sealed[line.line_id]
        found[line.line_id] = canonical.decode(box.open(Sealed(nonce, kept), line.public_id))
    return found


def _of_borrower(db: Db, line: BankLine, party_id: int) -> bool:
    """Whether the payer bears the borrower's name, compared by keyed hash."""
    payer = _opened(db, [line])[line.line_id]["payer"]
    try:
        return party_id in {each.party_id for each in find(db, "name", payer)}
    except BadInput:
        return False  # what stands there is no person's name


def _miss(db: Db, clock: Clock, line: BankLine, why: str) -> None:
    state = after(BANK_LINE_LIFE, f"line {line.row} of {line.file}", line.state, BankLineEvent.MISS)
    store.update_line(db, line, state=state, how=why)
    store.post_suspense(db, line=line, on=clock.today(), came=True, at=clock.now())


def _line(db: Db, public_id: str) -> BankLine:
    store.lock_line(db, public_id)
    found = store.lines(db, public_id=public_id)
    if not found:
        raise NotFound(f"there is no line {public_id}", code="no_bank_line", field="line")
    return found[0]


def _in_suspense(db: Db, by: Staff, public_id: str) -> BankLine:
    found = _line(db, public_id)
    if by.reach is not Reach.ALL and found.branch_id != by.branch_id:
        raise NotFound(f"there is no line {public_id} within your sight", code="no_bank_line", field="line")
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
