"""A timeline that is read back from the journal: each line names the record that it was read from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg

from holdfast.journal import read_chain
from holdfast.kernel import canonical
from holdfast.kernel.money import Money
from holdfast.life import RECORDS

Db = psycopg.Connection[Any]

# What a line says besides the kind: facts of the record, in this order, as far as it has them.
_TOLD: Final = (
    "outcome", "amount", "principal", "limit", "extra_interest", "months", "seal_no", "place", "price", "net", "surplus", "reason", "state",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One record of the loan's chain, as a reader is told it. `kind` and `seq` name it, `chain` says on which chain."""

    on: str
    at: datetime
    chain: str
    seq: int
    kind: str
    zh: str
    en: str
    by: str
    told: str

    def as_json(self) -> dict[str, Any]:
        return {
            "on": self.on, "at": self.at.isoformat(), "chain": self.chain, "seq": self.seq, "kind": self.kind, "zh": self.zh,
            "en": self.en, "by": self.by, "told": self.told,
        }  # fmt: skip

    def text(self, zone: str, *, language: str = "zh") -> str:
        """The line as it is printed: when, what, and the record that says so."""
        local = self.at.astimezone(ZoneInfo(zone))
        what = self.zh if language == "zh" else self.en
        told = f"  {self.told}" if self.told else ""
        return f"{self.on} {local:%H:%M}  {what}{told}  [{self.chain} #{self.seq} {self.kind}, {self.by}]"


def lines_of(db: Db, loan_id: int) -> Sequence[Line]:
    """Every record of a loan's chain, in its order. Nothing here comes from the script that was played."""
    found = []
    for record in read_chain(db, loan_id):
        body = canonical.decode(record.body)
        known = RECORDS.get(record.kind)
        found.append(
            Line(
                body["on"], record.recorded_at, body["chain"], record.seq, record.kind, known.zh if known else record.kind,
                known.en if known else record.kind, body["by"]["role"], _told(body["says"]),
            )
        )  # fmt: skip
    return found


def _told(says: dict[str, Any]) -> str:
    parts = []
    for name in _TOLD:
        value = says.get(name)
        if isinstance(value, dict) and set(value) == {"minor", "currency"}:
            parts.append(f"{name} {Money(**value).decimal()} {value['currency']}")
        elif isinstance(value, str | int) and value not in ("", 0):
            parts.append(f"{name} {value}")
    return ", ".join(parts)
