"""`holdfast value phone FILE`: what a phone would fetch, now and in the months of a loan, and how much could be lent on it.

FILE is JSON: `model`, `storage_gb`, and optionally `grade` (A), `locked` (false), `as_of` (today), `currency` (CNY), `prices`
(`[{"source", "price", "as_of"}]`: prices of grade A; without it the book's own price books are asked), `seen` (with `prices`:
whether the house knows the model) and `loan` (`{"method", "instalments", "rate_percent"}`: six equal instalments at 24 % a
year). Nothing is stored. A model without a fresh price is not valued: exit 1.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from holdfast.collateral import Grade, prices_of
from holdfast.collateral.forecast import (
    MONTHS,
    QUANTILES,
    RECOVERY_COST,
    Sale,
    balances_of,
    haircut_ppm,
    limit,
    monthly,
    quantile,
    spread_of,
)
from holdfast.collateral.price_book import fresh
from holdfast.collateral.price_file import SHARE_OF_A, PriceLine
from holdfast.database.connection import book, transaction
from holdfast.kernel.calendar import parse_date
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import decimal_of, exponent_of, minor_of
from holdfast.kernel.rounding import Rounding, to_minor
from holdfast.policy import clock, shipped

_KNOWN: Final = frozenset({"model", "storage_gb", "grade", "locked", "as_of", "currency", "prices", "seen", "loan", "colour"})
_LOAN: Final[Mapping[str, Any]] = {"method": "equal_instalment", "instalments": 6, "rate_percent": "24"}


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("value", help="value a thing and forecast what it will fetch")
    things = parser.add_subparsers(dest="thing", required=True, metavar="THING")
    phone = things.add_parser("phone", help="a phone, from a JSON file")
    phone.add_argument("file", metavar="FILE", type=Path)
    phone.set_defaults(func=run)


def run(given: argparse.Namespace) -> int:
    print(json.dumps(value_phone(_read(given.file)), ensure_ascii=False))
    return 0


def value_phone(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The answer as other programs read it: amounts as decimal strings, one object."""
    for name in asked:
        if name not in _KNOWN:
            raise BadInput(f"{name}: a phone has no such field; use {', '.join(sorted(_KNOWN))}", field=name)
    model, storage_gb = _text(asked, "model"), _whole(asked, "storage_gb")
    currency = str(asked.get("currency", "CNY"))
    exponent_of(currency)
    grade = _grade(asked)
    if not isinstance(asked.get("locked", False), bool):
        raise BadInput("locked: true or false", field="locked")
    as_of = parse_date(asked["as_of"], "as_of") if "as_of" in asked else None
    if "prices" in asked:
        as_of = as_of or _latest(asked["prices"])
        lines = [
            _line(each, f"prices[{place}]", model, storage_gb, currency) for place, each in enumerate(_list(asked["prices"], "prices"))
        ]
        seen = bool(asked.get("seen", True))
    else:
        with book(), transaction() as db:
            as_of = as_of or clock(db).today()
            lines = [line for line, _book in prices_of(db, model=model, storage_gb=storage_gb, on=as_of) if line.currency == currency]
        seen = bool(lines)
    stale_after = shipped().number("price_book.stale_after", on=as_of)
    usable = [line for line in lines if line.as_of <= as_of and fresh(line, on=as_of, stale_after=stale_after)]
    if not usable:
        last = max((line.as_of for line in lines), default=None)
        why = f"the newest price is of {last}, over {stale_after} days old" if last else "there is no price"
        raise Refusal(
            f"{model} {storage_gb} GB cannot be valued on {as_of}: {why}; load a price book or give `prices`",
            code="price_stale" if last else "price_missing",
        )
    point = min(line.prices[grade] for line in usable)
    if asked.get("locked"):
        point = point * shipped().number("valuation.locked_percent", on=as_of) // 100
    return _forecast(point, currency, as_of, seen, asked, [_source(line, grade, line in usable) for line in lines])


def _forecast(
    point: int, currency: str, as_of: date, seen: bool, asked: Mapping[str, Any], sources: list[dict[str, Any]]
) -> dict[str, Any]:
    spread, sale = spread_of(seen=seen), Sale(cost=RECOVERY_COST[currency])
    loan = {**_LOAN, **_mapping(asked.get("loan", {}), "loan", frozenset(_LOAN))}
    rate = monthly(str(loan["rate_percent"]))
    instalments = _whole(loan, "instalments", "loan.instalments")
    lent = limit(point, balances_of(str(loan["method"]), instalments, rate), rate, spread=spread, sale=sale)

    def told(months: int, q: float) -> str:
        return decimal_of(int(quantile(point, months, q, spread)), currency)

    return {
        "as_of": as_of.isoformat(),
        "point": decimal_of(point, currency),
        "quantiles": {f"p{round(q * 100):02d}": told(0, q) for q in QUANTILES},
        "forecast": [
            {"month": month, "p05": told(month, 0.05), "p50": told(month, 0.50)} for month in range(1, max(MONTHS, instalments) + 1)
        ],
        "lending_value": decimal_of(lent.amount, currency),
        "haircut_ppm": haircut_ppm(point, lent.amount),
        "binding_month": lent.binding_month,
        "seen": seen,
        "sources": sources,
    }


def _source(line: PriceLine, grade: Grade, usable: bool) -> dict[str, Any]:
    amount = decimal_of(line.prices[grade], line.currency)
    return {"source": line.source, "as_of": line.as_of.isoformat(), "grade": str(grade), "amount": amount, "fresh": usable}


def _line(raw: Any, where: str, model: str, storage_gb: int, currency: str) -> PriceLine:
    entry = _mapping(raw, where, frozenset({"source", "price", "as_of"}))
    for name in ("source", "price", "as_of"):
        if name not in entry:
            raise BadInput(f"{where}.{name}: it is missing", field=f"{where}.{name}")
    price = minor_of(str(entry["price"]), currency, f"{where}.price")
    if price <= 0:
        raise BadInput(f"{where}.price: a price is more than nothing", field=f"{where}.price")
    prices = {grade: to_minor(price * SHARE_OF_A[grade], Rounding.DOWN) for grade in Grade}
    own = frozenset({Grade.A})
    return PriceLine(0, model, storage_gb, currency, prices, own, str(entry["source"]), parse_date(entry["as_of"], f"{where}.as_of"))


def _latest(raw: Any) -> date:
    days = [parse_date(each.get("as_of"), "prices.as_of") for each in _list(raw, "prices") if isinstance(each, dict)]
    if not days:
        raise BadInput("prices: give at least one", field="prices")
    return max(days)


def _grade(asked: Mapping[str, Any]) -> Grade:
    try:
        return Grade(asked.get("grade", "A"))
    except ValueError:
        raise BadInput(f"grade: {asked['grade']!r} is not a grade; use A, B, C or D", field="grade") from None


def _text(asked: Mapping[str, Any], name: str) -> str:
    if not isinstance(asked.get(name), str) or not asked[name].strip():
        raise BadInput(f"{name}: say which, as text", field=name)
    return " ".join(str(asked[name]).split())


def _whole(asked: Mapping[str, Any], name: str, field: str = "") -> int:
    found = asked.get(name)
    if type(found) is not int or not 1 <= found <= 100_000:
        raise BadInput(f"{field or name}: write a whole number, such as 128", field=field or name)
    return found


def _mapping(raw: Any, where: str, known: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise BadInput(f"{where}: write an object", field=where)
    for name in raw:
        if name not in known:
            raise BadInput(f"{where}.{name}: no such field; use {', '.join(sorted(known))}", field=f"{where}.{name}")
    return raw


def _list(raw: Any, where: str) -> list[Any]:
    if not isinstance(raw, list):
        raise BadInput(f"{where}: write a list", field=where)
    return raw


def _read(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"FILE: {file} cannot be read: {error.strerror}", field="FILE") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"FILE: {file} is not JSON in UTF-8: {error}", field="FILE") from None
    if not isinstance(found, dict):
        raise BadInput("FILE: write one object", field="FILE")
    return found
