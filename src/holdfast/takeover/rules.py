"""What a row of a tape means: the loan it becomes, or why it becomes none.

Pure: the same row under the same map and date always gives the same answer. Liveness follows the
balance and never the status word: a loan with a balance is owed, whatever it is called, and one
without is settled, unless its lender charged it off; then what was lent and never came back is
taken over, written off on the same day, and the loan stays alive to be recovered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final, cast

from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import decimal_of
from holdfast.kernel.rate import percent_of_ppb
from holdfast.products.schedule import due_on, level
from holdfast.products.terms import Terms
from holdfast.servicing.takeover_rows import TakeoverRow
from holdfast.takeover.cells import read, shown
from holdfast.takeover.map import COMPARED, Kind, Status, TapeMap
from holdfast.takeover.reading import BadCell, BadRow, Row

_LONGEST: Final = 600
_DEAREST: Final = 1_000_000_000
_HUNDREDTH: Final = 100_000  # of a percent, in parts per billion
# Sums of figures that carry more decimals than the currency may differ by the rounding of each part.
_ROUNDED: Final = 1


@dataclass(frozen=True, slots=True)
class Difference:
    """An instalment that the engine computes otherwise than the tape, in minor units. The tape's is the contract."""

    tape: int
    ours: int
    reason: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A row that can be booked, and what is remarkable about it: a `difference` and `contradictions` stop nothing.

    `balance` is outstanding principal in minor units.
    """

    line: int
    status: str
    balance: int
    loan: TakeoverRow
    difference: Difference | None
    contradictions: tuple[BadCell, ...]


def fingerprint(row: Row, tape_map: TapeMap) -> str:
    """What makes a row this row: its key columns if the map has them, else all its cells; order of columns and quoting do not count."""
    names = tape_map.key or tuple(row.cells)
    return canonical.digest({name: row.cells[name].strip() for name in names})


def judge(row: Row, tape_map: TapeMap, *, as_of: date, mark: str, ordinal: int) -> Judged | BadRow:
    """The loan that `row` becomes on `as_of`, or all that keeps it from being one.

    `mark` is its fingerprint; `ordinal` counts, from 1, the rows of the tape up to it that have the same one.
    """
    cells = _Cells(row, tape_map)
    values, bad = cells.values()
    if bad := bad or _impossible(values, tape_map, cells, as_of):
        return BadRow(row.line, tuple(bad))
    status = tape_map.statuses[values["status"]]
    try:
        terms = _terms(values, tape_map)
        ends_on = due_on(terms, terms.instalments)
    except BadInput as error:
        where, _, what = error.sentence.partition(": ")
        field = where.removeprefix("terms.")
        return BadRow(row.line, (cells.bad(field if field in tape_map.columns else "instalments", what),))
    above_ceiling = tape_map.ceiling_ppb is not None and values["rate"] > tape_map.ceiling_ppb
    loan = TakeoverRow(
        identity=f"{tape_map.name}:{mark}:{ordinal}",
        contract_no=f"{tape_map.contract_prefix}-{mark[:16].upper()}" + (f"-{ordinal}" if ordinal > 1 else ""),
        borrower_label=f"{tape_map.contract_prefix} {mark[:8].upper()}",
        product_code=tape_map.product_code,
        product_version=1,
        terms=terms,
        payload=_payload(values, status, terms, as_of),
        charges_barred=above_ceiling,
        source={"map": tape_map.name, "line": row.line, "status": values["status"], "row": mark},
    )
    return Judged(
        line=row.line,
        status=values["status"],
        balance=values["balance"],
        loan=loan,
        difference=_difference(terms, level(replace(terms, instalment_amount=None))),
        contradictions=tuple(_contradictions(values, status, terms, cells, as_of, ends_on)),
    )


def balance_of(row: Row, tape_map: TapeMap) -> tuple[str, int] | None:
    """Status and outstanding principal of a row that was refused, where both can be read."""
    values, _ = _Cells(row, tape_map).values()
    status, balance = str(values.get("status")), int(values.get("balance", -1))
    return (status, balance) if status in tape_map.statuses and balance >= 0 else None


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of one row under the names that the map gives them."""

    row: Row
    tape_map: TapeMap

    def values(self) -> tuple[dict[str, Any], list[BadCell]]:
        """What can be read, by field, and the cells that cannot."""
        values: dict[str, Any] = {}
        bad = []
        for field, column in self.tape_map.columns.items():
            if field in COMPARED:
                continue
            text = self.row.cells[column.name]
            try:
                values[field] = read(column.reader, text, currency=self.tape_map.currency, field=column.name)
            except BadInput as error:
                bad.append(BadCell(column.name, shown(text), error.sentence))
        for name in self.tape_map.key:
            if not self.row.cells[name].strip():
                bad.append(BadCell(name, "", f"{name} is empty, and the map knows a loan by it"))
        return values, bad

    def bad(self, field: str, reason: str) -> BadCell:
        column = self.tape_map.columns[field].name
        return BadCell(column, shown(self.row.cells[column]), reason)


def _impossible(values: Mapping[str, Any], tape_map: TapeMap, cells: _Cells, as_of: date) -> list[BadCell]:
    """What is well written and cannot be."""
    principal, balance, first_due_on = values["principal"], values["balance"], values.get("first_due_on")
    found = []
    if principal <= 0:
        found.append(cells.bad("principal", "the amount lent must be more than nothing"))
    if not 1 <= values["instalments"] <= _LONGEST:
        found.append(cells.bad("instalments", f"a loan has 1 to {_LONGEST} instalments"))
    if values["rate"] > _DEAREST:
        found.append(cells.bad("rate", "a rate lies between 0 and 100 percent"))
    if values.get("instalment_amount", 1) <= 0:
        found.append(cells.bad("instalment_amount", "an instalment must be more than nothing"))
    if values["disbursed_on"] > as_of:
        found.append(cells.bad("disbursed_on", f"the loan would begin after {as_of}, the day as of which the tape is taken over"))
    if first_due_on is not None and first_due_on <= values["disbursed_on"]:
        found.append(cells.bad("first_due_on", "the first instalment must fall due after the loan begins"))
    status = tape_map.statuses.get(values["status"])
    if status is None:
        found.append(cells.bad("status", f"the map {tape_map.name} does not know this status; it knows {', '.join(tape_map.statuses)}"))
    if balance < 0:
        found.append(cells.bad("balance", "what is outstanding cannot be less than nothing"))
    elif balance > principal > 0:
        found.append(cells.bad("balance", f"more is outstanding than the {decimal_of(principal, tape_map.currency)} that was lent"))
    elif status is not None and status.kind is Kind.WRITTEN_OFF and not balance and not 0 <= values["principal_paid"] <= max(principal, 0):
        found.append(cells.bad("principal_paid", f"what it leaves of {decimal_of(principal, tape_map.currency)} cannot be written off"))
    return found


def _terms(values: Mapping[str, Any], tape_map: TapeMap) -> Terms:
    """The contract. The tape's instalment is part of it: what the borrower agreed to pay stands above what we would compute."""
    first_due_on = values.get("first_due_on")
    return Terms.from_json(
        {
            **tape_map.contract,
            "currency": tape_map.currency,
            "principal": values["principal"],
            "rate": {"ppb": values["rate"], "per": tape_map.rate_per.value},
            "instalments": values["instalments"],
            "disbursed_on": values["disbursed_on"].isoformat(),
            "first_due_on": first_due_on and first_due_on.isoformat(),
            "instalment_amount": values.get("instalment_amount"),
        }
    )


def _payload(values: Mapping[str, Any], status: Status, terms: Terms, as_of: date) -> dict[str, int]:
    balance = values["balance"]
    if balance:
        return {"balance": balance, "first_unpaid_n": _first_unpaid(status, terms, as_of)}
    payload = {"balance": 0, "first_unpaid_n": terms.instalments + 1}
    if status.kind is Kind.WRITTEN_OFF and (remainder := values["principal"] - values["principal_paid"]):
        payload["principal_written_off"] = remainder
    return payload


def _first_unpaid(status: Status, terms: Terms, as_of: date) -> int:
    """The first instalment still owed.

    A late loan owes from the latest instalment on that is late enough for its status; one that is
    up to date owes the next to fall due. Past the contract's last due date the last instalment is
    the only one left, and it takes the whole balance.
    """
    if status.min_days_past_due:
        return max(1, _fallen_due(terms, as_of - timedelta(days=status.min_days_past_due)))
    return min(terms.instalments, 1 + _fallen_due(terms, as_of))


def _fallen_due(terms: Terms, on: date) -> int:
    """How many instalments the contract has let fall due by `on`."""
    n = 0
    while n < terms.instalments and due_on(terms, n + 1) <= on:
        n += 1
    return n


def _difference(terms: Terms, ours: int) -> Difference | None:
    tape = terms.instalment_amount
    if tape is None or tape == ours:
        return None
    apart = decimal_of(abs(tape - ours), terms.currency)
    reason = (
        f"{terms.instalments} instalments at {percent_of_ppb(terms.rate.ppb)} % a {terms.rate.per.value} come to"
        f" {decimal_of(ours, terms.currency)}; the tape's is {apart} {'more' if tape > ours else 'less'} and is kept as the contract"
    )
    return Difference(tape, ours, f"{reason}{_fitting(terms, tape)}; the last instalment takes the rest")


def _fitting(terms: Terms, instalment: int) -> str:
    """Which yearly rate, in hundredths of a percent, an instalment belongs to: the likeliest cause of a difference."""
    free, low, high = replace(terms, instalment_amount=None), 0, _DEAREST // _HUNDREDTH
    if instalment < level(replace(free, rate=replace(terms.rate, ppb=0))):
        return ", though it repays the loan in time at no rate"
    while low < high:
        middle = (low + high) // 2
        if level(replace(free, rate=replace(terms.rate, ppb=middle * _HUNDREDTH))) < instalment:
            low = middle + 1
        else:
            high = middle
    return f", as at a rate of about {percent_of_ppb(low * _HUNDREDTH)} %" if low * _HUNDREDTH != terms.rate.ppb else ""


def _contradictions(values: Mapping[str, Any], status: Status, terms: Terms, cells: _Cells, as_of: date, ends_on: date) -> list[BadCell]:
    """Figures of the row that deny each other. Each stops nothing; a person should know."""
    principal, balance, paid = values["principal"], values["balance"], values.get("principal_paid")

    def money(minor: Fraction | int) -> str:
        return decimal_of(round(minor), terms.currency)

    found = []
    if balance and status.kind is not Kind.LIVE:
        found.append(cells.bad("status", f"{money(balance)} is outstanding: the loan is taken over alive"))
    elif not balance and status.kind is Kind.LIVE:
        found.append(cells.bad("status", "nothing is outstanding: the loan is taken over as settled"))
    elif not balance and status.kind is Kind.WRITTEN_OFF and paid == principal:
        found.append(cells.bad("status", "all of the principal has come back: the loan is taken over as settled"))
    if balance and status.min_days_past_due and not _fallen_due(terms, as_of - timedelta(days=status.min_days_past_due)):
        found.append(cells.bad("status", f"no instalment of this contract is {status.min_days_past_due} days past due on {as_of}"))
    if balance and not status.min_days_past_due and ends_on <= as_of:
        found.append(cells.bad("status", f"the contract's last instalment fell due on {ends_on}: the whole balance is due"))
    written_off = not balance and status.kind is Kind.WRITTEN_OFF
    if paid is not None and not written_off and balance + paid != principal:
        found.append(cells.bad("principal_paid", f"with the balance it comes to {money(balance + paid)}, but {money(principal)} was lent"))
    parts = [values.get(name) for name in ("principal_paid", "interest_paid", "fees_paid")]
    total = values.get("total_paid")
    if total is not None and None not in parts and abs(total - sum(cast("list[Fraction]", parts))) > _ROUNDED:
        found.append(cells.bad("total_paid", f"its parts come to {money(sum(cast('list[Fraction]', parts)))}"))
    return found
