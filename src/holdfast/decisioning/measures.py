"""How good a score is: ranking (AUC, KS), error (Brier) and level (observed over predicted). Plain arithmetic, nothing to install."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Measures:
    """`auc` is the chance that a bad one has the higher risk of two; `ks` the widest gap between the two distributions."""

    auc: float
    ks: float
    brier: float
    observed_over_predicted: float
    n: int
    bad: int


def measure(risks: Sequence[float], chances: Sequence[float], bads: Sequence[int]) -> Measures:
    """The measures of risks (higher is worse) and chances against what happened; both outcomes must be there."""
    n, bad = len(bads), sum(bads)
    good = n - bad
    if not bad or not good:
        raise ValueError("both outcomes must be there")
    seen_bad = seen_good = 0
    twice_above = 0  # twice the pairs in which the bad one has the higher risk; a tie counts once
    ks = 0.0
    for _, tied in groupby(sorted(zip(risks, bads, strict=True), key=lambda pair: pair[0]), key=lambda pair: pair[0]):
        group = [is_bad for _, is_bad in tied]
        bad_here = sum(group)
        good_here = len(group) - bad_here
        twice_above += bad_here * (2 * seen_good + good_here)
        seen_bad += bad_here
        seen_good += good_here
        ks = max(ks, abs(seen_good / good - seen_bad / bad))
    brier = sum((chance - is_bad) ** 2 for chance, is_bad in zip(chances, bads, strict=True)) / n
    return Measures(twice_above / (2 * bad * good), ks, brier, bad / sum(chances), n, bad)
