"""Bins: the few groups into which a characteristic's answers fall, and the weight of evidence of each.

Numbers are cut by a tree that may only rise or only fall, so that a better answer never costs points; words are
grouped by how their rows ended, rare ones together; missing has its own bin, and so has a code such as -9.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from holdfast.decisioning.fitted import Wishes

Floats = np.ndarray[Any, np.dtype[np.float64]]
Places = np.ndarray[Any, np.dtype[np.int64]]

MOST_BINS: Final = 10
LEAST_SHARE: Final = 0.04  # of the rows, in a bin ...
LEAST_ROWS: Final = 20
ENOUGH_ROWS: Final = 500  # ... though a bin of so many rows is large enough in any file
APART: Final = 1.0  # chi-square of two neighbouring bins below which they are one: what chance gives on average
SMOOTHING: Final = 20.0  # rows of the average kind added to each bin, so that a small bin does not shout

MISSING: Final = -1
FIRST_CODE: Final = -2


@dataclass(frozen=True, slots=True)
class Column:
    """A column ready for fitting: numbers, or numbers of levels (`words`); which rows are missing or coded."""

    name: str
    values: Floats
    places: Places  # -1 missing, -2 and below a code, else 0
    codes: tuple[float, ...]
    words: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Binned:
    """How a column is binned: edges of numbers, or groups of levels; then the bins' weights of evidence."""

    column: Column
    edges: tuple[float, ...]
    groups: tuple[tuple[int, ...], ...]
    counts: tuple[tuple[int, int], ...]  # rows and bads, bin after bin
    missing: tuple[int, int]
    codes: tuple[tuple[int, int], ...]
    woes: tuple[float, ...]
    missing_woe: float
    code_woes: tuple[float, ...]
    information: float
    by_chance: float


def bin_column(column: Column, bads: Floats, rows: Places, wishes: Wishes) -> Binned:
    values, places, bad = column.values[rows], column.places[rows], bads[rows]
    plain = places == 0
    least = max(LEAST_ROWS, min(math.ceil(LEAST_SHARE * len(rows)), ENOUGH_ROWS))
    edges: tuple[float, ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()
    if column.words is None:
        edges = _edges(values[plain], bad[plain], least)
        at = np.searchsorted(np.array(edges), values[plain], side="right")
        counts = _counts(at, bad[plain], len(edges) + 1)
    else:
        groups = _groups(values[plain].astype(np.int64), bad[plain], len(column.words), least)
        counts = tuple(_sum(values[plain], bad[plain], group) for group in groups)
    missing = _sum(places, bad, (MISSING,))
    codes = tuple(_sum(places, bad, (FIRST_CODE - place,)) for place in range(len(column.codes)))
    n, all_bad = len(rows), float(bad.sum())
    woes = tuple(_woe(*each, n, all_bad) for each in counts)
    missing_woe = _woe(*missing, n, all_bad)
    if not wishes.silence_may_gain:
        missing_woe = min(missing_woe, 0.0)
    code_woes = tuple(_woe(*each, n, all_bad) for each in codes)
    everything = [*zip(counts, woes, strict=True), (missing, missing_woe), *zip(codes, code_woes, strict=True)]
    filled = [((size, ended), woe) for (size, ended), woe in everything if size]
    information = sum((((size - ended) / (n - all_bad)) - ended / all_bad) * woe for (size, ended), woe in filled)
    by_chance = (len(filled) - 1) * (1 / all_bad + 1 / (n - all_bad))
    return Binned(column, edges, groups, counts, missing, codes, woes, missing_woe, code_woes, information, by_chance)


def _edges(values: Floats, bad: Floats, least: int) -> tuple[float, ...]:
    """Edges of bins whose share of bads only rises or only falls, whichever tells more; each edge is a value of the file."""
    if len(values) < 2 * least or len(np.unique(values)) < 2:
        return ()
    best: tuple[float, tuple[float, ...]] = (0.0, ())
    for direction in (1, -1):
        tree = DecisionTreeClassifier(
            criterion="entropy", max_leaf_nodes=MOST_BINS, min_samples_leaf=least, monotonic_cst=[direction], random_state=0
        )
        inner = tree.fit(values.reshape(-1, 1), bad).tree_
        cuts = sorted({float(cut) for cut, left in zip(inner.threshold, inner.children_left, strict=True) if left != -1})
        edges = [float(values[values > cut].min()) for cut in cuts]
        edges, counts = _merged(edges, list(_counts(np.searchsorted(np.array(edges), values, side="right"), bad, len(edges) + 1)))
        told = _deviance(counts)
        if told > best[0] + 1e-9:
            best = (told, tuple(edges))
    return best[1]


def _merged(edges: list[float], counts: list[tuple[int, int]]) -> tuple[list[float], list[tuple[int, int]]]:
    """Neighbouring bins that chance alone may tell apart become one, the nearest first."""
    while edges:
        apart = [_chi_square(one, other) for one, other in pairwise(counts)]
        nearest = min(range(len(apart)), key=apart.__getitem__)
        if apart[nearest] >= APART:
            break
        counts[nearest : nearest + 2] = [_added(counts[nearest], counts[nearest + 1])]
        del edges[nearest]
    return edges, counts


def _groups(values: Places, bad: Floats, words: int, least: int) -> tuple[tuple[int, ...], ...]:
    """Levels in groups: rare ones together as the last group, then, in the order of their bads, those that chance may tell apart."""
    counts = {word: _sum(values, bad, (word,)) for word in range(words)}
    common = sorted((word for word in counts if counts[word][0] >= least), key=lambda word: (counts[word][1] / counts[word][0], word))
    rare = tuple(word for word in counts if counts[word][0] < least)
    groups: list[tuple[int, ...]] = [(word,) for word in common]
    sums = [counts[word] for word in common]
    while len(groups) > 1:
        apart = [_chi_square(one, other) for one, other in pairwise(sums)]
        nearest = min(range(len(apart)), key=apart.__getitem__)
        if apart[nearest] >= APART and len(groups) <= MOST_BINS:
            break
        groups[nearest : nearest + 2] = [groups[nearest] + groups[nearest + 1]]
        sums[nearest : nearest + 2] = [_added(sums[nearest], sums[nearest + 1])]
    return (*(tuple(sorted(group)) for group in groups), rare)


def _counts(at: Places, bad: Floats, bins: int) -> tuple[tuple[int, int], ...]:
    sizes = np.bincount(at, minlength=bins)
    ended = np.bincount(at, weights=bad, minlength=bins)
    return tuple((int(size), int(count)) for size, count in zip(sizes, ended, strict=True))


def _sum(values: Any, bad: Floats, wanted: Collection[int]) -> tuple[int, int]:
    here = np.isin(values, list(wanted))
    return int(here.sum()), int(bad[here].sum())


def _added(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def _woe(rows: int, bad: int, n: int, all_bad: float) -> float:
    """The weight of evidence of a bin: the logarithm of how much better its odds are than everybody's; 0 for one without rows."""
    if not rows:
        return 0.0
    share = all_bad / n
    return math.log((rows - bad + SMOOTHING * (1 - share)) / (bad + SMOOTHING * share) * share / (1 - share))


def _chi_square(one: tuple[int, int], other: tuple[int, int]) -> float:
    (n, a), (m, b) = one, other
    bad, good = a + b, n + m - a - b
    if not bad or not good or not n or not m:
        return 0.0
    return (n + m) * (a * (m - b) - b * (n - a)) ** 2 / (n * m * bad * good)


def _deviance(counts: Iterable[tuple[int, int]]) -> float:
    """How much the bins tell of the outcome, as twice the gain in log likelihood."""

    def own(n: int, bad: int) -> float:
        return sum(part * math.log(part / n) for part in (bad, n - bad) if part)

    listed = list(counts)
    return 2 * (sum(own(*each) for each in listed if each[0]) - own(sum(n for n, _ in listed), sum(bad for _, bad in listed)))


def woes_of(each: Binned, rows: Places) -> Floats:
    """The weight of evidence of those rows' answers; a level that was not seen takes the rare levels' weight."""
    values, places = each.column.values[rows], each.column.places[rows]
    found = np.zeros(len(rows))
    plain = places == 0
    if each.column.words is None:
        found[plain] = np.array(each.woes)[np.searchsorted(np.array(each.edges), values[plain], side="right")]
    else:
        of_word = np.zeros(len(each.column.words))
        for group, woe in zip(each.groups, each.woes, strict=True):
            of_word[list(group)] = woe
        found[plain] = of_word[values[plain].astype(np.int64)]
    found[places == MISSING] = each.missing_woe
    for place, woe in enumerate(each.code_woes):
        found[places == FIRST_CODE - place] = woe
    return found
