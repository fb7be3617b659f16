"""A decision as it was logged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from holdfast.decisioning.features import Facts
from holdfast.decisioning.reasons import Reason
from holdfast.decisioning.rules import Outcome
from holdfast.decisioning.states import DecisionState
from holdfast.kernel.errors import Refusal
from holdfast.kernel.money import Money
from holdfast.products import Terms


class ByWhat(StrEnum):
    """Who decided: the rule, two people, or nobody yet because a borrower asked people to look again."""

    RULE = "rule"
    PEOPLE = "people"
    REVIEW = "review"


_OUTCOMES = {DecisionState.APPROVED: Outcome.APPROVE, DecisionState.REFERRED: Outcome.REFER, DecisionState.REFUSED: Outcome.REFUSE}


@dataclass(frozen=True)
class Decision:
    """One row of the log. `features`, `basis` and `finding` are the bytes that a replay starts from and must come to."""

    public_id: str
    loan_id: int
    decision_no: int
    by_what: ByWhat
    state: DecisionState
    currency: str
    features: bytes
    basis: bytes
    finding: bytes
    approved_sum: int | None
    approved_terms: Terms | None
    words: str
    request: str | None
    made_by: str
    made_by_name: str | None
    made_at: datetime
    on: date
    record_seq: int

    @property
    def outcome(self) -> Outcome:
        """Approve, refer or refuse."""
        return _OUTCOMES[self.state]

    @cached_property
    def facts(self) -> Facts:
        """What the decision looked at."""
        return Facts.from_json(json.loads(self.features))

    @cached_property
    def found(self) -> Mapping[str, Any]:
        """What the rule found: gates, score, limit and its parts."""
        return dict(json.loads(self.finding))

    @cached_property
    def named(self) -> Mapping[str, Any]:
        """The versions that it was made by."""
        return dict(json.loads(self.basis))

    @property
    def limit(self) -> Money | None:
        """The lowest of the limit's parts; None while the thing's value does not stand."""
        minor = self.found["limit"]["minor"]
        return None if minor is None else Money(minor, self.currency)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why, as codes with their figures."""
        return tuple(Reason.from_json(each) for each in self.found["reasons"])

    @property
    def mends(self) -> tuple[Reason, ...]:
        """What may change it, as codes with their figures."""
        return tuple(Reason.from_json(each) for each in self.found["mends"])

    @property
    def terms(self) -> Terms:
        """The terms as approved; Refusal while nothing is approved."""
        if self.approved_terms is None:
            raise Refusal(f"decision {self.public_id} is {self.state}; nothing is approved", code="not_approved", state=str(self.state))
        return self.approved_terms


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the decisions desk."""

    loan_id: int
    loan: str
    contract_no: str
    borrower: str
    product: str
    branch: str
    loan_state: str
    decision: str | None
    state: DecisionState
    by_what: ByWhat | None
    made_at: datetime | None
    due_at: datetime | None
