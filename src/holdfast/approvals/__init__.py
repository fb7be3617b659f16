"""Approvals: two people for one act.

What is approved is an act with exact inputs; it is spent once, in the transaction of that act.
"""

from holdfast.approvals.model import Answer, Request, Standing
from holdfast.approvals.rules import may_answer, may_spend
from holdfast.approvals.service import answer, ask, request, requests, spend

__all__ = ["Answer", "Request", "Standing", "answer", "ask", "may_answer", "may_spend", "request", "requests", "spend"]
