"""A request that other people must answer before an act may be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Standing(StrEnum):
    """Where a request stands. It follows from its answers and its use; nothing else keeps it."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    SPENT = "spent"


@dataclass(frozen=True, slots=True)
class Answer:
    """One person's yes or no, with their words. `person_id` is the party behind the log-in, where known."""

    staff_id: int
    person_id: int | None
    name: str
    approved: bool
    words: str
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: an act with exact inputs, by a maker, of `needed` people who are not barred."""

    request_id: int
    public_id: str
    act: str
    loan_id: int | None
    inputs: Mapping[str, Any]
    inputs_digest: str
    needed: int
    barred: frozenset[int]
    maker_id: int
    maker_person_id: int | None
    maker_name: str
    reason: str
    asked_at: datetime
    answers: tuple[Answer, ...]
    used_at: datetime | None

    @property
    def standing(self) -> Standing:
        """Spent once used; refused by a single no; approved by enough people; else open."""
        if self.used_at is not None:
            return Standing.SPENT
        if any(not answer.approved for answer in self.answers):
            return Standing.REFUSED
        return Standing.APPROVED if len(self.answers) >= self.needed else Standing.OPEN
