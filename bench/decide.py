"""`decide`: the rule of a decision alone: gates, score, limit, price, reasons, canonical bytes; no database, no documents, no signatures.

The figure is the 99th percentile over generated applicants. The floor is one parse of the same feature record as JSON: what a
program must do at least to know whom it decides about.
"""

from __future__ import annotations

import json
import random
import resource
import time
from datetime import date

from bench.scratch import Figure, say
from holdfast.decisioning import policy_table, trained
from holdfast.decisioning.features import HOUSING, SAVINGS, Facts
from holdfast.decisioning.rules import Basis, find
from holdfast.kernel import canonical
from holdfast.policy import Lender, shipped
from holdfast.products import Offer, Product, ProductVersion

APPLICANTS = 2_000
_PRODUCT = ProductVersion(
    Product("phone-pledge", "手机质押借款", "Phone pledge loan", "phone"),
    1,
    {"method": "equal_instalment", "rate": {"ppb": 12_000_000, "per": "month"}},
    date(2026, 1, 1),
    Offer("CNY", 100_000, 800_000, (3, 6, 12)),
)


def measure(scale: float) -> Figure:
    """Milliseconds of one decision at the 99th percentile, beside one parse of its facts."""
    count = max(int(APPLICANTS * scale), 100)
    basis = Basis(
        _PRODUCT, shipped(), Lender(lender_type="micro_lender"), trained.shipped("german-2026"), policy_table.shipped("phone-2026-11"),
        date(2026, 11, 23),
    )  # fmt: skip
    people = [_applicant(random.Random(number)) for number in range(count)]
    records = [canonical.encode(each.to_json()) for each in people]
    for each in people[:20]:
        find(each, basis)
    begun = resource.getrusage(resource.RUSAGE_SELF)
    times, floors = [], []
    for each, record in zip(people, records, strict=True):
        started = time.perf_counter()
        find(each, basis).content()
        times.append((time.perf_counter() - started) * 1000)
        started = time.perf_counter()
        json.loads(record)
        floors.append((time.perf_counter() - started) * 1000)
    ended = resource.getrusage(resource.RUSAGE_SELF)
    p99, floor = sorted(times)[count * 99 // 100], sorted(floors)[count * 99 // 100]
    say(f"{p99:.2f} ms, floor {floor:.4f} ms")
    return Figure(
        name="decide",
        figure=round(p99, 3),
        unit="ms at p99",
        floor=round(floor, 4),
        ratio=round(p99 / floor, 1),
        n=count,
        cpu_s=round(ended.ru_utime - begun.ru_utime, 2),
        pg="",
        detail={"median_ms": round(sorted(times)[count // 2], 3), "floor": "one parse of the feature record as JSON, at p99"},
    )


def _applicant(rng: random.Random) -> Facts:
    return Facts(
        amount_minor=rng.randrange(100_000, 800_001), instalments=rng.choice([3, 6, 12]), purpose="daily_life", adult=True,
        employment_years=rng.randrange(0, 30), housing=rng.choice(HOUSING), savings_band=rng.choice(SAVINGS),
        existing_loans=rng.randrange(0, 7), monthly_income_minor=rng.randrange(200_000, 2_000_000),
        monthly_obligations_minor=rng.randrange(0, 500_000), lending_value_minor=rng.randrange(100_000, 900_000), valuation="counting",
        locked=False, may_originate=True,
    )  # fmt: skip
