"""A timeline that is read back from the journal: each line names the record that it was read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg

from holdfast.journal import read_chain
from holdfast.kernel import canonical
from holdfast.kernel.errors import Fault
from holdfast.kernel.money import Money
from holdfast.life import RECORDS
from holdfast.policy import lender

Db = psycopg.Connection[Any]

# What a line says besides its kind: facts of the record, in this order, as far as it has them.
_TOLD: Final[Mapping[str, tuple[str, str]]] = {
    "about": ("事项", "about"),
    "amount": ("金额", "amount"),
    "principal": ("本金", "principal"),
    "outcome": ("结果", "outcome"),
    "months": ("月数", "months"),
    "extra_interest": ("多付利息", "extra interest"),
    "seal_no": ("封签", "seal"),
    "place": ("货位", "place"),
    "price": ("价款", "price"),
    "net": ("净得", "net"),
    "surplus": ("余款", "surplus"),
    "reason": ("原因", "reason"),
    "state": ("状态", "now"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One record of a loan's chain, as a reader is told it: `chain`, `seq` and `kind` name the record that says so."""

    on: str
    at: datetime
    clock_time: str
    chain: str
    seq: int
    kind: str
    zh: str
    en: str
    by: str
    told_zh: str
    told_en: str

    def as_json(self) -> dict[str, Any]:
        names = ("on", "chain", "seq", "kind", "zh", "en", "by", "told_zh", "told_en")
        return {"at": self.at.isoformat(), **{name: getattr(self, name) for name in names}}

    def text(self) -> str:
        """The line as it is printed: when, what, and the record that says so."""
        what = f"{self.en}: {self.told_en}" if self.told_en else self.en
        return f"{self.on} {self.clock_time}  {what}  [{self.chain} #{self.seq} {self.kind}, {self.by}]"


def lines_of(db: Db, loan_id: int) -> Sequence[Line]:
    """Every record of a loan's chain, in its order. Nothing here comes from the script that was played.

    Fault for a kind of record that the map does not name.
    """
    zone = ZoneInfo(lender(db).zone)
    found: list[Line] = []
    state = ""
    for record in read_chain(db, loan_id):
        body = canonical.decode(record.body)
        if record.kind not in RECORDS:
            raise Fault(f"the map of life names no record {record.kind}", code="unknown_record")
        known, says = RECORDS[record.kind], dict(body["says"])
        if says.get("state") == state:
            del says["state"]
        state = says.get("state", state)
        zh, en = _told(says)
        at = record.recorded_at
        found.append(
            Line(
                body["on"], at, f"{at.astimezone(zone):%H:%M}", body["chain"], record.seq, record.kind, known.zh, known.en,
                body["by"]["role"], zh, en,
            )
        )  # fmt: skip
    return found


def _told(says: Mapping[str, Any]) -> tuple[str, str]:
    """The facts of a record that a line tells, in both languages."""
    told = [(zh, en, said) for name, (zh, en) in _TOLD.items() if (said := _said(says.get(name)))]
    return "，".join(f"{zh} {said}" for zh, _, said in told), ", ".join(f"{en} {said}" for _, en, said in told)


def _said(value: Any) -> str:
    if isinstance(value, dict) and set(value) == {"minor", "currency"}:
        return f"{value['currency']} {Money(**value).decimal()}"
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != 0 else ""
