"""The port to the credit bureau: where a settled debt is reported, and what comes back as proof."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BureauLine:
    """What the bureau is told of one loan. `key` names the line: sent twice under one key it is one line.

    No name and no number: the bureau knows the account by the loan's own id, under which it was opened.
    """

    key: str
    account: str
    status: str  # settled, or reopened where a pay-off was undone
    settled_on: date
    principal: int
    currency: str


@dataclass(frozen=True, slots=True)
class Reported:
    """Where a line stands: the file's name and the line's number in it, counted from 1, the heading excluded."""

    file: str
    line: int


class Bureau(Protocol):
    """A way to report to the bureau."""

    def run_against(self) -> str:
        """Against which peer this was seen to work."""

    def report(self, line: BureauLine, *, on: date) -> Reported:
        """Put the line into that day's file. Unavailable if it could not be kept."""
