"""Papers: what is set in type. From terms and people to the facts of each document; pure.

The figures of the statement, the agreement and the screen come from one `Price`, so they cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from holdfast.collateral import Thing
from holdfast.contracts import wording as say
from holdfast.contracts.clauses import VERSION
from holdfast.contracts.model import Clause, DocumentKind
from holdfast.kernel.capitals import in_capitals
from holdfast.kernel.money import Money
from holdfast.parties import PrivateKind
from holdfast.policy import Ceiling, Lender
from holdfast.products import Price, Terms

_FOLDER: Final = Path(__file__).resolve().parent / "documents"
TEMPLATES: Final[Mapping[DocumentKind, Path]] = {
    DocumentKind.COST_STATEMENT: _FOLDER / "cost_statement.typ",
    DocumentKind.AGREEMENT: _FOLDER / "agreement.typ",
}
# How a copy is called when it is downloaded.
FILE_NAMES: Final[Mapping[DocumentKind, str]] = {
    DocumentKind.COST_STATEMENT: "综合融资成本明示表.pdf",
    DocumentKind.AGREEMENT: "借款与质押合同.pdf",
    DocumentKind.EVIDENCE: "签署证据.txt",
}
_NOT_GIVEN: Final = "（未提供）"


@dataclass(frozen=True, slots=True)
class CostItem:
    """One line of the cost statement: what, how it is collected, at which rate and by whom, each in Chinese and in English.

    `amount` is what it comes to over the whole life, in minor units. A fee keeps the name that the product gave it.
    """

    name: tuple[str, str]
    how: tuple[str, str]
    rate: tuple[str, str]
    collector: tuple[str, str]
    amount: int


def cost_items(terms: Terms, price: Price) -> list[CostItem]:
    """Every cost that the borrower bears, interest first."""
    rate = (f"{say.rate_zh(terms.rate)}，按未还本金", f"{say.rate_en(terms.rate)} on the principal that is left")
    lines = [CostItem(("利息", "Interest"), ("随每期还款", "with each instalment"), rate, say.collector("lender"), price.interest)]
    for fee, total in price.fees:
        figures = say.fee_rate(fee, terms.currency)
        lines.append(CostItem((fee.name, fee.name), say.fee_at(fee.at), figures, say.collector(fee.collected_by), total))
    return lines


def facts_of(
    *, number: str, terms: Terms, price: Price, ceiling: Ceiling, clauses: Sequence[Clause], lender: Lender,
    borrower: Mapping[PrivateKind, str], things: Sequence[tuple[Thing, Sequence[str]]], purpose: str, drafted_on: date, pack: str,
) -> dict[str, Any]:  # fmt: skip
    """The facts of both papers. `things` pairs each thing with its IMEIs in the clear."""
    currency = terms.currency

    def sum_of(minor: int) -> str:
        return say.amount(minor, currency)

    rows = [
        [
            str(row.n) if row.n >= 1 else "放款日",
            say.day_zh(row.due_on),
            sum_of(row.due),
            sum_of(row.principal),
            sum_of(row.interest),
            sum_of(row.fee),
            sum_of(left),
        ]
        for row, left in _with_balance(terms, price)
    ]
    totals = [sum(getattr(row, part) for row in price.instalments) for part in ("due", "principal", "interest", "fee")]
    return {
        "number": number,
        "version": VERSION,
        "pack": pack,
        "drafted_on": say.day_zh(drafted_on),
        "lender": {"name": lender.name or "", "licence_no": lender.licence_no or "", "regulator": lender.regulator or ""},
        "borrower": {
            "name": borrower[PrivateKind.NAME],
            "id_number": borrower.get(PrivateKind.ID_NUMBER, _NOT_GIVEN),
            "phone": borrower.get(PrivateKind.PHONE, _NOT_GIVEN),
            "address": borrower.get(PrivateKind.ADDRESS, _NOT_GIVEN),
        },
        "loan": {
            "principal": sum_of(terms.principal),
            "capitals": in_capitals(Money(terms.principal, currency)),
            "purpose": purpose,
            "instalments": str(terms.instalments),
            "every": say.every_zh(terms),
            "rate": say.rate_zh(terms.rate),
            "yearly": say.yearly(terms.rate),
            "method": say.method_zh(terms),
            "day_count": say.day_count_zh(terms),
            "expected_on": say.day_zh(terms.disbursed_on),
            "last_due_on": say.day_zh(price.instalments[-1].due_on),
            "order": say.order_zh(terms),
        },
        "cost": {
            "items": [
                [each.name[0], each.how[0], each.rate[0], each.collector[0], sum_of(each.amount)] for each in cost_items(terms, price)
            ],
            "contingent": [list(line) for line in say.contingent(terms)],
            "charges": sum_of(price.total - price.principal),
            "total": sum_of(price.total),
            "total_capitals": in_capitals(Money(price.total, currency)),
            "nominal": say.share(price.cost.nominal),
            "effective": say.share(price.cost.effective),
            "all_in": say.share(price.all_in),
            "ceiling": say.percent(ceiling.rate.ppb),
            "ceiling_rule": ceiling.rule.legal_ref,
        },
        "schedule": {"rows": rows, "total": ["合计", "", *map(sum_of, totals), ""], "fees": any(row.fee for row in price.instalments)},
        "things": [
            {
                "model": thing.model,
                "storage": f"{thing.storage_gb} GB",
                "colour": thing.colour or _NOT_GIVEN,
                "grade": thing.grade.value,
                "imeis": [f"IMEI{place} {imei}" for place, imei in enumerate(imeis, start=1)],
                "id": thing.public_id,
            }
            for thing, imeis in things
        ],
        "clauses": {each.key: {"title": each.title_zh, "text": each.zh} for each in clauses},
        "order": [each.key for each in clauses],
    }


def _with_balance(terms: Terms, price: Price) -> list[tuple[Any, int]]:
    """Each row of the schedule with the principal that is left after it."""
    left, rows = terms.principal, []
    for row in price.instalments:
        left -= row.principal
        rows.append((row, left))
    return rows
