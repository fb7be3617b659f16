"""The ledger: double entry in which an unbalanced entry cannot be written.

A line names the debited account, the credited account and one amount. Each loan has its own
sub-ledger; the general ledger holds the sums by branch and product, and a proof compares the two.
"""

from holdfast.ledger.chart import CHART, Account
from holdfast.ledger.rules import Line, aggregate

__all__ = ["CHART", "Account", "Line", "aggregate"]
