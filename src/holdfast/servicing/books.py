"""From a loan's cumulative totals to postings.

Each total has one pair of accounts. What a verb books is the difference of the totals before and
after, so a replayed, backdated or reversed receipt posts exactly what changed, and the sub-ledger of a loan
always sums to its totals.

Interest is earned day by day: each change of a loan also says by how much it moved the line of what has accrued
and is not yet due, and, for an impaired loan, of the unpaid interest that is kept off income; and by how much what
stands of it at the end of the last night, which the act enters at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from operator import attrgetter
from typing import Final

from holdfast.ledger import FLAT, PARTS, Account, Line, Move, Slope, line_of
from holdfast.servicing.fold import Event, Instalment, State, Totals
from holdfast.servicing.payoff import runs_from

# How the source of a receipt begins whose money came into a cashier's drawer.
DRAWER: Final = "dr_"

# total: (debited, credited) when it grows
PAIRS: Final = {
    "disbursed": (Account.PRINCIPAL, Account.BANK),
    "taken_over": (Account.PRINCIPAL, Account.TAKEOVER),
    "interest_earned": (Account.INTEREST, Account.INTEREST_INCOME),
    "fee_charged": (Account.FEE, Account.FEE_INCOME),
    "penalty_charged": (Account.PENALTY, Account.PENALTY_INCOME),
    "principal_paid": (Account.BANK, Account.PRINCIPAL),
    "interest_paid": (Account.BANK, Account.INTEREST),
    "fee_paid": (Account.BANK, Account.FEE),
    "penalty_paid": (Account.BANK, Account.PENALTY),
    "overpaid": (Account.BANK, Account.BORROWER_CREDIT),
    "refunded": (Account.BORROWER_CREDIT, Account.BANK),
    "principal_written_off": (Account.WRITE_OFF_LOSS, Account.PRINCIPAL),
    "interest_written_off": (Account.WRITE_OFF_LOSS, Account.INTEREST),
    "fee_written_off": (Account.WRITE_OFF_LOSS, Account.FEE),
    "penalty_written_off": (Account.WRITE_OFF_LOSS, Account.PENALTY),
    "goodwill": (Account.GOODWILL, Account.BANK),
    "recovered": (Account.BANK, Account.RECOVERY_INCOME),
}


_SUMS = attrgetter(*PAIRS)


def money_account(events: Sequence[Event], history: Sequence[Event] | None) -> Account:
    """Where the money of these events lies: cash that came into a drawer is on hand, all else is in the bank.

    A receipt that is taken back leaves the account into which it came.
    """
    for event in events:
        if event.kind == "reversal":
            undone = event.payload["event_no"]
            event = next((each for each in history or () if each.event_no == undone), event)
        if str(event.payload.get("source", "")).startswith(DRAWER):
            return Account.CASH
    return Account.BANK


def postings(before: Totals, after: Totals, money: Account = Account.BANK) -> list[Line]:
    """The lines that take the books from `before` to `after`; a total that fell is posted the other way round.

    All that one act moves in or out of the lender's money, however a replay spreads it over the totals, moves in `money`.
    """
    lines = []
    for (debit, credit), was, now in zip(PAIRS.values(), _SUMS(before), _SUMS(after), strict=True):
        change = now - was
        if not change:
            continue
        if money is not Account.BANK:
            debit, credit = (money if side is Account.BANK else side for side in (debit, credit))
        if change > 0:
            lines.append(Line(debit, credit, change))
        elif change < 0:
            lines.append(Line(credit, debit, -change))
    return _past_the_bank(lines)


def _past_the_bank(lines: list[Line]) -> list[Line]:
    """What the lender pays from its own pocket is an expense against the debt at once: no money moves through the bank."""
    found: list[Line] = []
    left = 0
    for line in lines:
        if Account.GOODWILL in (line.debit, line.credit):
            left += line.amount if line.debit is Account.GOODWILL else -line.amount
    for line in lines:
        if Account.GOODWILL in (line.debit, line.credit):
            continue
        toward = line.debit if left > 0 else line.credit
        part = min(abs(left), line.amount) if toward is Account.BANK and line.debit is not line.credit else 0
        if part:
            own = Line(Account.GOODWILL, line.credit, part) if left > 0 else Line(line.debit, Account.GOODWILL, part)
            found.append(own)
            left += -part if left > 0 else part
        if line.amount > part:
            found.append(Line(line.debit, line.credit, line.amount - part))
    if left:
        found.append(Line(Account.GOODWILL, Account.BANK, left) if left > 0 else Line(Account.BANK, Account.GOODWILL, -left))
    return found


def accruing(state: State) -> Slope:
    """What the loan has earned and is not yet due, as a line over days.

    The running instalment is the first that has not been billed; it earns its interest evenly over its period. What was paid ahead
    on it or on later ones was taken as earned when it came in, so it is taken off. Nothing accrues on a loan that is closed.
    """
    running = _running(state)
    if running is None:
        return FLAT
    ahead = sum(row.interest_paid for row in state.instalments if row.due_on > state.through)
    return line_of(running.interest, runs_from(state, running), running.due_on, less=ahead)


def _running(state: State) -> Instalment | None:
    if state.closed or not (state.totals.disbursed or state.totals.taken_over):
        return None
    return next((row for row in state.instalments if row.due_on > state.through), None)


def standing(state: State, line: Slope, through: date | None) -> int:
    """Where the loan's `line` stands at the end of the night of `through`, or where it begins if that is later: billionths of a minor unit.

    `line` is what the loan has written of itself; before it has, nothing stands.
    """
    running = _running(state)
    if line == FLAT or running is None:
        return 0
    begins = runs_from(state, running)
    return line.at(begins if through is None else max(begins, through))


def suspended(totals: Totals, accrued: Slope, non_accrual_since: date | None) -> Slope:
    """The unpaid interest of an impaired loan, billed and accrued, as a line over days; none if it is not impaired."""
    if non_accrual_since is None:
        return FLAT
    return accrued + Slope(0, _unpaid_interest(totals) * PARTS)


def _unpaid_interest(totals: Totals) -> int:
    return totals.interest_earned - totals.interest_paid - totals.interest_written_off


def in_doubt(totals: Totals, stood: int, non_accrual_since: date | None) -> int:
    """What stands of `suspended` where `stood` is what stands of what has accrued: billionths of a minor unit."""
    return 0 if non_accrual_since is None else stood + _unpaid_interest(totals) * PARTS


def moves(
    before: Totals,
    after: Totals,
    *,
    accrued: tuple[Slope, Slope],
    stood: tuple[int, int],
    non_accrual: tuple[date | None, date | None],
) -> list[Move]:
    """By how much a change moved the loan's lines; `accrued`, what `stood` of it (`standing`) and `non_accrual` before and after it."""
    found = [Move("accrued", accrued[1] - accrued[0], stood=stood[1] - stood[0])]
    if non_accrual != (None, None):
        was, now = suspended(before, accrued[0], non_accrual[0]), suspended(after, accrued[1], non_accrual[1])
        lost = after.interest_written_off - before.interest_written_off if non_accrual[0] is not None else 0
        found.append(
            Move("suspended", now - was, lost, in_doubt(after, stood[1], non_accrual[1]) - in_doubt(before, stood[0], non_accrual[0]))
        )
    return [move for move in found if move.by != FLAT or move.lost or move.stood]
