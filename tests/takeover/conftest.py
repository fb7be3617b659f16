"""Synthetic tapes: the columns that the shipped map reads, in loans a lender could check by hand.

The sample loan: 12,000.00 at 12 % over 12 months from 1 January 2018. Its instalment, rounded up to the cent, is 1,066.19.
After five instalments, on 30 June 2018, 7,173.68 would be outstanding on schedule; balances on tapes often are not.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

COLUMNS = (
    "emp_title", "loan_amount", "term", "interest_rate", "installment", "issue_month", "loan_status",
    "balance", "paid_total", "paid_principal", "paid_interest", "paid_late_fees",
)  # fmt: skip
SAMPLE = {
    "emp_title": "示例", "loan_amount": "12000", "term": "12", "interest_rate": "12.0", "installment": "1066.19", "issue_month": "Jan-18",
    "loan_status": "Current", "balance": "7000.0", "paid_total": "5400.0", "paid_principal": "5000.0", "paid_interest": "400.0",
    "paid_late_fees": "0.0",
}  # fmt: skip

MakeTape = Callable[..., Path]


def as_csv(rows: tuple[Mapping[str, str], ...], columns: tuple[str, ...] = COLUMNS) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(SAMPLE | dict(row) for row in rows)
    return text.getvalue()


@pytest.fixture
def make_tape(tmp_path: Path) -> MakeTape:
    """`make_tape({"balance": "x"}, {}, encoding="gb18030")`: a file with the sample loan, changed so, in each row."""

    def make(*rows: Mapping[str, str], encoding: str = "utf-8", name: str = "tape.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(as_csv(rows).encode(encoding))
        return path

    return make


@pytest.fixture
def write_tape(tmp_path: Path) -> Callable[[bytes], Path]:
    """A file of exactly these bytes."""

    def write(data: bytes) -> Path:
        path = tmp_path / "tape.csv"
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def header() -> str:
    return ",".join(COLUMNS)


@pytest.fixture
def line() -> str:
    """The sample loan as one line of the file."""
    return as_csv(({},)).splitlines()[1]
