"""The ledger: double entry in which an unbalanced entry cannot be written.

A line names the debited account, the credited account and one amount. Each loan has its own
sub-ledger; the general ledger holds the sums by branch and product, and a proof compares the two.
"""

from holdfast.ledger.accrual import FLAT, PARTS, Key, Kind, Level, Move, Slope, Sum, entries_of, line_of, nearest, sum_moves
from holdfast.ledger.chart import CHART, Account, Title, chart_of
from holdfast.ledger.nightly import AccrualRun, accrued_by_ledger, post_accrual, preview_accrual
from holdfast.ledger.rules import Line, aggregate
from holdfast.ledger.store import Folded, Waiting, accrual_balances, folded_moves, house_posted, open_day, post_house, waiting_moves

__all__ = [
    "CHART",
    "FLAT",
    "PARTS",
    "Account",
    "AccrualRun",
    "Folded",
    "Key",
    "Kind",
    "Level",
    "Line",
    "Move",
    "Slope",
    "Sum",
    "Title",
    "Waiting",
    "accrual_balances",
    "accrued_by_ledger",
    "aggregate",
    "chart_of",
    "entries_of",
    "folded_moves",
    "house_posted",
    "line_of",
    "nearest",
    "open_day",
    "post_accrual",
    "post_house",
    "preview_accrual",
    "sum_moves",
    "waiting_moves",
]
