"""The clauses that must not be overlooked: each stands boxed in the agreement, and is ticked as read before signing.

Their words lie in `texts/`, one file a version. Nothing personal stands in them.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from holdfast.contracts import wording as say
from holdfast.contracts.model import Clause
from holdfast.products import Price, Terms

VERSION: Final = "2026.1"
_TEXTS: Final = Path(__file__).resolve().parent / "texts"


def flagged(
    terms: Terms,
    price: Price,
    *,
    ceiling_ppb: int,
    penalty_percent: int,
    cooling_off_days: int,
    return_workdays: int,
    late_days: int,
    notice_days: int,
    pledged: bool,
) -> tuple[Clause, ...]:
    """The flagged clauses of one contract, in the order in which they are read.

    `penalty_percent`: the most that penalty interest may be of the contract's own rate.
    """
    cap_zh, cap_en = say.cap_of_penalty(terms, percent_of_rate=penalty_percent, ceiling_ppb=ceiling_ppb)
    told = {
        "currency": terms.currency,
        "rate_zh": say.rate_zh(terms.rate),
        "rate_en": say.rate_en(terms.rate),
        "yearly": say.yearly(terms.rate),
        "interest": say.amount(price.interest, terms.currency),
        "fees": say.amount(sum(each for _fee, each in price.fees), terms.currency),
        "total": say.amount(price.total, terms.currency),
        "all_in": say.share(price.all_in),
        "ceiling": say.percent(ceiling_ppb),
        "cooling_off_days": cooling_off_days,
        "return_workdays": return_workdays,
        "late_days": late_days,
        "notice_days": notice_days,
        "order_zh": say.order_zh(terms),
        "order_en": say.order_en(terms),
        "excess_zh": say.excess(terms)[0],
        "excess_en": say.excess(terms)[1],
        "late_zh": say.late(terms)[0] + cap_zh,
        "late_en": say.late(terms)[1] + cap_en,
        "early_zh": say.early(terms)[0],
        "early_en": say.early(terms)[1],
        "limit": say.amount(terms.limit or terms.principal, terms.currency),
    }
    there = {"pledged": pledged, "cooling_off": cooling_off_days > 0, "further": (terms.limit or 0) > terms.principal}
    clauses = []
    for each in _text(VERSION)["clauses"]:
        if not there.get(each.get("only"), True):
            continue
        zh = "".join(each["zh"].splitlines()).format_map(told)
        en = " ".join(each["en"].split()).format_map(told)
        if pledged and "pledged" in each:
            zh, en = zh + each["pledged"]["zh"], f"{en} {each['pledged']['en']}"
        clauses.append(Clause(each["key"], each["title"]["zh"], zh, each["title"]["en"], en))
    return tuple(clauses)


@lru_cache(maxsize=8)
def _text(version: str) -> Any:
    return yaml.safe_load((_TEXTS / f"{version}.yaml").read_text("utf-8"))
