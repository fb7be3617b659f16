"""Loans: the ground row that every stage hangs on, and the registry that keeps its names unique."""

from holdfast.loans.model import Happened, Loan
from holdfast.loans.store import loan_id_of, loan_of_number

__all__ = ["Happened", "Loan", "loan_id_of", "loan_of_number"]
