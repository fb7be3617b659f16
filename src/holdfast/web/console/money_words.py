"""The words of money out and money in: payouts, drawers, lines of statements, and what a borrower announces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

PAYOUTS: Final[Mapping[str, tuple[str, Text]]] = {
    "asked": ("now", _("To be checked")),
    "approved": ("now", _("Checked, to be sent")),
    "listed": ("now", _("In a file, not taken out yet")),
    "sent": ("now", _("Sent, waiting for the answer")),
    "unknown": ("warn", _("Outcome not known")),
    "paid": ("done", _("Money is with the borrower")),
    "rejected": ("late", _("Rejected by the bank")),
    "cancelled": ("todo", _("Payout cancelled")),
}
DRAWERS: Final[Mapping[str, tuple[str, Text]]] = {
    "open": ("now", _("Drawer open")),
    "counted": ("warn", _("Counted, to be closed by another")),
    "closed": ("done", _("Closed by two")),
}
LINES: Final[Mapping[str, tuple[str, Text]]] = {
    "read": ("todo", _("To be matched")),
    "matched": ("done", _("Matched")),
    "unmatched": ("warn", _("In suspense")),
    "ignored": ("todo", _("Not booked")),
    "duplicate": ("todo", _("In the book already")),
    "reversed": ("warn", _("Taken back, in suspense")),
    "answered": ("done", _("Tells of a payment of ours")),
    "returned": ("todo", _("Taken back by the bank")),
    "split": ("todo", _("Split into parts")),
}
INTENTS: Final[Mapping[str, tuple[str, Text]]] = {
    "open": ("now", _("Transfer it with the code")),
    "said_paid": ("now", _("Paid, waiting for the bank")),
    "cleared": ("done", _("The money is here")),
    "expired": ("todo", _("Ran out")),
    "cancelled": ("todo", _("Given up")),
}
WITHDRAWALS: Final[Mapping[str, tuple[str, Text]]] = {
    "asked": ("now", _("Only the principal is owed")),
    "completed": ("done", _("Principal is back")),
    "lapsed": ("todo", _("Principal did not come; the contract stands")),
}
# Why a line was matched, or was not.
HOW: Final[Mapping[str, Text]] = {
    "code": _("by the code in the remark"),
    "contract_no": _("by the contract number in the remark"),
    "account": _("by the payer's account"),
    "account_and_amount": _("by the payer's account and the amount that was announced"),
    "pay_code": _("by the loan's own code"),
    "virtual_account": _("by the loan's own account number"),
    "hand": _("by hand"),
    "recall": _("a payout that came back"),
    "part": _("part of a line that was split"),
    "split": _("its parts stand in its place"),
    "payout": _("a payout of ours was paid"),
    "debit": _("a direct debit of ours, booked already"),
    "debit_returned": _("a direct debit that was returned"),
    "payout_returned": _("a payout of ours came back"),
    "returned": _("the bank took it back"),
    "returns": _("takes back what came before"),
    "sent_back": _("sent back by two people"),
    "unknown_key": _("names a payment that is not ours"),
    "other_amount": _("names a payment of ours with another amount"),
    "answer_refused": _("names a payment that stands otherwise in the book"),
    "several_loans": _("fits several loans"),
    "nobody_known": _("names no loan, and nobody known pays from this account"),
    "loan_not_open": _("its loan owes nothing"),
    "other_currency": _("its loan is in another currency"),
    "bad_input": _("dated before its loan began"),
    "set_aside": _("set aside by two people"),
    "reversed": _("its receipt was taken back"),
}
ACTS: Final[Mapping[str, Text]] = {
    "payout.check": _("Pay money out to the borrower"),
    "payout.rule": _("Say how an unknown payout ended"),
    "drawer.close": _("Close a drawer"),
    "bank_line.match": _("Match a bank's line to the loan"),
    "bank_line.set_aside": _("Set money in suspense aside"),
    "payout.matter": _("Say how a recall ended"),
    "house_account.set": _("Set the lender's own account"),
}
REFUSALS: Final[Mapping[str, Text]] = {
    "payee_not_borrower": _("This is not the borrower's name. Money goes to the borrower only, never to anybody else."),
    "payout_under_way": _("A payout of this loan is under way, or its principal is out already. Nothing goes out twice."),
    "above_limit": _("The contract leaves %(left)s to pay out; ask for no more than that."),
    "in_arrears": _("%(late)s is due and unpaid. Nothing more goes out until that is paid."),
    "too_near_the_end": _("The last instalment falls due on %(last)s; a further sum can no longer be spread over it."),
    "further_not_covered": _(
        "What is pledged is good for %(remaining)s; with this sum %(owed)s would be owed. Take a further thing in, or pay out less."
    ),
    "may_not_grow": _("This loan was taken over above a ceiling; nothing more may be lent on it."),
    "withdrawn_from": _("The borrower has withdrawn from this loan; nothing more goes out on it."),
    "loan_not_active": _("The loan is not being repaid any more, or not yet; this is not possible on it."),
    "contract_not_sealed": _("The contract does not bear the lender's seal yet; no money goes before."),
    "pledge_not_delivered": _("The thing is not in custody yet; no money goes before."),
    "no_pay_out_duty": _("Nothing asks for a payout of this loan now."),
    "loan_frozen": _("The loan is frozen; two people must thaw it first."),
    "rail_currency": _("%(rail)s cannot pay this currency."),
    "wrong_state": _("It has moved on since this page was drawn; this cannot be done any more."),
    "no_open_drawer": _("You have no open drawer. Open one before you take cash."),
    "drawer_open": _("A drawer of this cashier is open; count it first."),
    "not_your_drawer": _("A drawer is counted by its own cashier."),
    "no_counter": _("You belong to no branch, so there is no counter for you."),
    "no_house_account": _("The lender's own account is not set. An administrator asks for it below, another person agrees."),
    "payout_may_not_go": _("One of the payouts may not go out any more. Stop the file and make another without it."),
    "by_rail": _("A payout here goes straight to the bank, not by file."),
    "by_file": _("This payout went by file. Ask the bank, and hand in its answer."),
    "not_recallable": _("Only what was sent is asked back. Cancel it, or stop its file."),
    "recall_stands": _("It has been asked back already."),
    "line_asked": _("This line waits for another person's answer."),
    "virtual_range_used_up": _("The range of virtual accounts is used up. Ask the bank for a wider one."),
    "payer_not_borrower": _("This is not your name as we know it. We collect from your own account only."),
    "nothing_proposed": _("Nobody has proposed anything for this line."),
    "no_cooling_off": _("This loan was not paid out by this book; there is nothing to withdraw from."),
    "cooling_off_over": _("The days for withdrawing ended on %(ended_on)s."),
    "withdrawn_before": _("You have withdrawn from this loan before."),
    "intent_over": _("This payment code has run out. Choose again what to pay."),
    "approval_other_inputs": _("Something has changed since it was asked for; it must be asked for anew."),
}
