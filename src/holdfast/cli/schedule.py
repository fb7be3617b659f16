"""`holdfast schedule FILE`: the instalments that a contract's terms give, and what the loan costs in a year.

FILE holds the `terms` object of the test vectors, with optional `fees`. Nothing is stored.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import decimal_of
from holdfast.products.cost import yearly_cost
from holdfast.products.schedule import payout_fees, schedule
from holdfast.products.terms import Terms
from holdfast.servicing.vectors import read_setting


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("schedule", help="compute the instalments of a contract's terms")
    parser.add_argument("file", metavar="FILE", type=Path, help="the terms as JSON")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    print(json.dumps(lay_out(read_setting(_read(arguments.file)).terms), ensure_ascii=False))
    return 0


def lay_out(terms: Terms) -> dict[str, Any]:
    """The schedule as other programs read it: money as decimal strings, the yearly cost as shares of one."""
    balance = terms.principal
    rows = []
    sums = dict.fromkeys(("principal", "interest", "fees", "due"), 0)
    for number, row in enumerate((row for row in schedule(terms) if row.n >= 1 or row.principal), start=1):
        balance -= row.principal
        fees = row.fee if row.n >= 1 else 0  # those of the payout are told apart
        amounts = {"principal": row.principal, "interest": row.interest, "fees": fees, "due": row.due - row.fee + fees}
        for name, value in amounts.items():
            sums[name] += value
        rows.append({"n": number, "due_on": row.due_on.isoformat(), **_texts(terms, amounts | {"balance_after": balance})})
    sums["fees_at_disbursement"] = payout_fees(terms)
    cost = yearly_cost(terms)
    return {
        "instalments": rows,
        "totals": _texts(terms, sums),
        "apr_nominal": str(cost.nominal),
        "apr_effective": str(cost.effective),
    }


def _texts(terms: Terms, amounts: dict[str, int]) -> dict[str, str]:
    return {name: decimal_of(value, terms.currency) for name, value in amounts.items()}


def _read(file: Path) -> object:
    try:
        return json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_once)
    except OSError as error:
        raise BadInput(f"FILE: {file} cannot be read: {error.strerror}", field="FILE") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"FILE: {file} is not JSON in UTF-8: {error}", field="FILE") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(name for index, (name, _) in enumerate(pairs) if name in dict(pairs[:index]))
        raise BadInput(f"{twice}: stands twice in one object", field=twice)
    return found
