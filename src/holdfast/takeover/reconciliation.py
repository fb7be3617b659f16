"""Reconciliation: the tape on one side, the book on the other, and every row that is not plainly the same on both."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from holdfast.kernel.money import decimal_of
from holdfast.kernel.rate import percent_of_ppb
from holdfast.takeover.reading import BadCell, BadRow
from holdfast.takeover.rules import Judged
from holdfast.takeover.store import InBook


@dataclass(slots=True)
class Reconciliation:
    """What became of a tape's rows. Each row is booked, or was already, or is refused: the three sum to `rows`.

    Principal is what is outstanding, in minor units, by the tape's own status: `on_tape` and `in_book`
    speak of the rows that are in the book, `not_booked` of refused ones as far as they can be read.
    """

    tape: dict[str, Any]
    currency: str
    rows: int = 0
    booked: int = 0
    already: int = 0
    equal: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    different: list[dict[str, Any]] = field(default_factory=list)
    over_ceiling: list[dict[str, Any]] = field(default_factory=list)
    contradictions: list[dict[str, Any]] = field(default_factory=list)
    on_tape: Counter[str] = field(default_factory=Counter)
    in_book: Counter[str] = field(default_factory=Counter)
    not_booked: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)

    def refuse(self, row: BadRow, outstanding: tuple[str, int] | None) -> None:
        """Count a refused row; it is listed once, under the first column that is wrong, with the others beside it."""
        self.rows += 1
        first, *others = [_told(cell) for cell in row.cells]
        self.refused.append({"row": row.line, **first} | ({"also": others} if others else {}))
        if outstanding:
            self.not_booked[outstanding[0]] += outstanding[1]

    def accept(self, judged: Judged, held: InBook, *, new: bool) -> None:
        """Count a row that is in the book, from this reading or from an earlier one."""
        self.rows += 1
        self.booked += new
        self.already += not new
        self.on_tape[judged.status] += judged.balance
        self.in_book[judged.status] += held.principal_out if new else held.taken_over
        self.states[held.state] += 1
        terms, loan = judged.loan.terms, held.loan
        if judged.difference:
            tape, ours = decimal_of(judged.difference.tape, self.currency), decimal_of(judged.difference.ours, self.currency)
            self.different.append({"row": judged.line, "tape": tape, "ours": ours, "reason": judged.difference.reason, "loan": loan})
        elif terms.instalment_amount is not None:
            self.equal += 1
        if judged.loan.charges_barred:
            self.over_ceiling.append({"row": judged.line, "rate_percent": percent_of_ppb(terms.rate.ppb), "loan": loan})
        for cell in judged.contradictions:
            self.contradictions.append({"row": judged.line, **_told(cell), "loan": loan})

    @property
    def principal_agrees(self) -> bool:
        """Whether the book holds, for each status, exactly what the tape says is outstanding."""
        return self.on_tape == self.in_book

    def to_json(self) -> dict[str, Any]:
        """The report: money as decimal strings, principal per status."""
        return {
            "rows": self.rows,
            "booked": self.booked,
            "already": self.already,
            "refused": self.refused,
            "instalment": {"equal": self.equal, "different": self.different},
            "principal": {"tape": self._money(self.on_tape), "booked": self._money(self.in_book), "refused": self._money(self.not_booked)},
            "over_ceiling": self.over_ceiling,
            "contradictions": self.contradictions,
            "states": dict(sorted(self.states.items())),
            "currency": self.currency,
            "tape": self.tape,
        }

    def _money(self, sums: Counter[str]) -> dict[str, str]:
        return {status: decimal_of(minor, self.currency) for status, minor in sorted(sums.items())}


def _told(cell: BadCell) -> dict[str, Any]:
    return {"column": cell.column, "value": cell.value, "reason": cell.reason}
