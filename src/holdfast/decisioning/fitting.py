"""Fitting a scorecard: columns of a credit file, their bins, a logistic regression, whole points.

What is chosen is chosen by information value beyond what chance alone would give. The same file gives the same
bytes: nothing is drawn by lot, folds follow from the rows' own digests (never from how they ended), and points
are whole numbers. This module and `bins` alone need scikit-learn (the extra `ml`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from holdfast.decisioning import protected
from holdfast.decisioning.bins import FIRST_CODE, MISSING, Binned, Column, Floats, Places, bin_column, woes_of
from holdfast.decisioning.credit_file import Columns, answers_of, holds_numbers, numbers, outcomes
from holdfast.decisioning.fitted import FOLDS, LEAST_INFORMATION, TIMES_CHANCE, Bin, Fitted, Used, Wishes
from holdfast.decisioning.measures import Measures, measure
from holdfast.decisioning.scorecard import MILLI, Characteristic, Scale, Scorecard, log_odds, pd
from holdfast.kernel.errors import BadInput

FEWEST_ROWS: Final = 100
FEWEST_OF_EACH: Final = 20
MOST_LEVELS: Final = 200
PENALTY: Final = 5.0  # on the squared weights of evidence: a tenth or so off in a small file, nothing in a large one
# Numbers that stand for "not known" or "does not apply" where a column holds nothing else below zero.
CODES: Final = frozenset({-7.0, -8.0, -9.0, -97.0, -98.0, -99.0, -997.0, -998.0, -999.0, -9997.0, -9998.0, -9999.0})


Points = Callable[[float], int]


def fit(file: Columns, target: str, *, name: str, wishes: Wishes | None = None) -> Fitted:
    """The scorecard of a credit file. BadInput names the column and the mend; Unavailable if scikit-learn is not installed."""
    wishes = wishes or Wishes()
    bads = np.array(outcomes(file, target), dtype=np.float64)
    if len(bads) < FEWEST_ROWS or min(bads.sum(), len(bads) - bads.sum()) < FEWEST_OF_EACH:
        raise BadInput(
            f"{target}: {len(bads)} rows with {int(bads.sum())} bad ends are too few to fit on; "
            f"at least {FEWEST_ROWS} rows and {FEWEST_OF_EACH} of each outcome are needed",
            field=target,
        )  # fmt: skip
    columns, left_out = _columns(file, target, wishes)
    folds = _folds(file, target)
    chosen, weights, _, why_not = _core(columns, bads, np.arange(len(bads)), wishes)
    if not chosen:
        raise BadInput(
            f"{target}: no column of the file tells anything about it (information value below {LEAST_INFORMATION})", field=target
        )
    unseen_log_odds = np.zeros(len(bads))
    for fold in range(FOLDS):
        inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        bins, slopes, level, _ = _core(columns, bads, inside, wishes)
        unseen_log_odds[outside] = level + sum(
            (slope * woes_of(each, outside) for each, slope in zip(bins, slopes, strict=True)), np.zeros(len(outside))
        )
    shrinkage = _shrinkage(unseen_log_odds, bads)
    unseen = _measured(shrinkage * unseen_log_odds, bads, level_to=bads)
    weights = [weight * shrinkage for weight in weights]
    scorecard, used = _scorecard(chosen, weights, bads, target=target, name=name)
    milli = [scorecard.milli_of(row) for row in answers_of(file, scorecard)]
    scale = scorecard.scale
    seen = measure([-each for each in milli], [pd(each, scale) for each in milli], [int(each) for each in bads])
    return Fitted(
        scorecard, len(bads), int(bads.sum()), used, (*left_out, *why_not), unseen, seen, round(shrinkage, 4),
    )  # fmt: skip


# ── from text to columns ───────────────────────────────────────────────────────────────────────────────────


def _columns(file: Columns, target: str, wishes: Wishes) -> tuple[list[Column], list[tuple[str, str]]]:
    for option, wanted in (("--include", wishes.include), ("--exclude", wishes.exclude), ("--levels", wishes.levels)):
        for column in sorted(wanted):
            file.column(column, option)
    found: list[Column] = []
    left_out: list[tuple[str, str]] = []
    for name in file.names:
        if name == target:
            continue
        what = protected.attribute(name)
        if name in wishes.exclude:
            left_out.append((name, "left out as asked"))
        elif what and name not in wishes.include:
            left_out.append((name, f"protected attribute ({what}); --include {name} would use it all the same"))
        elif all(cell is None for cell in file.column(name)):
            left_out.append((name, "empty throughout"))
        else:
            as_words = name in wishes.levels or not holds_numbers(file, name)
            ready = _words_column(file, name) if as_words else _number_column(file, name)
            if isinstance(ready, str):
                left_out.append((name, ready))
            else:
                found.append(ready)
    return found, left_out


def _number_column(file: Columns, name: str) -> Column | str:
    given = numbers(file, name)
    values = np.array([math.nan if each is None else each for each in given])
    known = values[~np.isnan(values)]
    if len(np.unique(known)) < 2:
        return "the same in every row"
    steps = np.abs(np.diff(known))
    if len(known) > FEWEST_OF_EACH and (steps == steps[0]).all() and steps[0] != 0:
        return "a row number, not a characteristic"
    places = np.where(np.isnan(values), MISSING, 0)
    below = {float(each) for each in np.unique(known[known < 0])}
    codes = tuple(sorted(below)) if below and below <= CODES else ()
    for place, code in enumerate(codes):
        places[values == code] = FIRST_CODE - place
    return Column(name, values, places, codes, None)


def _words_column(file: Columns, name: str) -> Column | str:
    cells = file.column(name)
    words = tuple(sorted({cell for cell in cells if cell is not None}))
    if len(words) > MOST_LEVELS:
        return f"{len(words)} different words: an identifier or a date, not a characteristic"
    if len(words) < 2 and None not in cells:
        return "the same in every row"
    number = {word: place for place, word in enumerate(words)}
    values = np.array([math.nan if cell is None else float(number[cell]) for cell in cells])
    return Column(name, values, np.where(np.isnan(values), MISSING, 0), (), words)


def _folds(file: Columns, target: str) -> Places:
    """Which fifth each row belongs to: by the order of digests of what it says besides its outcome, so that equal rows stay together."""
    names = [name for name in file.names if name != target]
    digests = [
        hashlib.sha256("\x1f".join("" if cell is None else cell for cell in row).encode()).digest()
        for row in zip(*(file.cells[name] for name in names), strict=True)
    ]
    rank = {digest: place for place, digest in enumerate(sorted(set(digests)))}
    return np.array([rank[digest] % FOLDS for digest in digests])


def _core(
    columns: Sequence[Column], bads: Floats, rows: Places, wishes: Wishes
) -> tuple[list[Binned], list[float], float, list[tuple[str, str]]]:
    """Bins, weights and level of those rows: the whole of fitting but the points, so that unseen rows test all of it."""
    binned, why_not = [], []
    for column in columns:
        each = bin_column(column, bads, rows, wishes)
        floor = max(LEAST_INFORMATION, TIMES_CHANCE * each.by_chance)
        if each.information >= floor:
            binned.append(each)
        else:
            why_not.append((column.name, f"information value {each.information:.4f}, below the floor of {floor:.4f}"))
    chosen, weights, intercept, turned = _regress(binned, bads, rows)
    return chosen, weights, intercept, why_not + turned


# ── weights and points ─────────────────────────────────────────────────────────────────────────────────────


def _regress(binned: Sequence[Binned], bads: Floats, rows: Places) -> tuple[list[Binned], list[float], float, list[tuple[str, str]]]:
    """Weights of the characteristics on the log-odds of a bad end; one that would turn its own evidence round is left out."""
    chosen = list(binned)
    turned: list[tuple[str, str]] = []
    while chosen:
        evidence = np.column_stack([woes_of(each, rows) for each in chosen])
        model = LogisticRegression(C=1 / PENALTY, solver="newton-cholesky", tol=1e-10, max_iter=200).fit(evidence, bads[rows])
        weights = [float(each) for each in model.coef_[0]]
        worst = max(range(len(weights)), key=weights.__getitem__)
        if weights[worst] < 0:
            return chosen, weights, float(model.intercept_[0]), turned
        turned.append((chosen[worst].column.name, "says nothing that the other characteristics do not say already"))
        del chosen[worst]
    return [], [], 0.0, turned


def _shrinkage(unseen: Floats, bads: Floats) -> float:
    """By how much unseen rows differ less than fitted ones: the slope of a logistic regression of the outcome on their log-odds."""
    level, slope = 0.0, 1.0
    for _ in range(50):
        chance = 1 / (1 + np.exp(-(level + slope * unseen)))
        spread = chance * (1 - chance)
        gradient = np.array([(bads - chance).sum(), ((bads - chance) * unseen).sum()])
        curve = np.array([[spread.sum(), (spread * unseen).sum()], [(spread * unseen).sum(), (spread * unseen**2).sum()]])
        step = np.linalg.solve(curve, gradient)
        level, slope = level + float(step[0]), slope + float(step[1])
        if float(np.abs(step).max()) < 1e-12:
            break
    return min(max(slope, 0.3), 1.0)


def _level(log_odds_without: Floats, bads: Floats) -> float:
    """What must be added to every row's log-odds so that as many bads are expected as there were."""
    level = 0.0
    for _ in range(100):
        chance = 1 / (1 + np.exp(-(level + log_odds_without)))
        step = float((bads - chance).sum() / (chance * (1 - chance)).sum())
        level += step
        if abs(step) < 1e-13:
            break
    return level


def _measured(log_odds_: Floats, bads: Floats, *, level_to: Floats) -> Measures:
    raised = log_odds_ + _level(log_odds_, level_to)
    return measure([float(each) for each in raised], [float(each) for each in 1 / (1 + np.exp(-raised))], [int(each) for each in bads])


def _scorecard(
    chosen: Sequence[Binned], weights: Sequence[float], bads: Floats, *, target: str, name: str
) -> tuple[Scorecard, tuple[Used, ...]]:
    """Whole points for each bin, and the base that makes as many bads expected as there were."""
    scale = Scale()
    factor = scale.pdo / math.log(2)
    rows = np.arange(len(bads))
    total = np.zeros(len(bads))
    characteristics, used = [], []
    for each, weight in zip(chosen, weights, strict=True):

        def points(woe: float, weight: float = weight) -> int:
            return math.floor(-weight * woe * factor + 0.5)

        total += woes_of(_in_points(each, points), rows)
        characteristics.append(_characteristic(each, points))
        used.append(Used(each.column.name, round(each.information, 4), round(-weight, 4), _bins(each, points)))
    level = _level(-total / factor, bads)
    base = round(MILLI * (scale.score - factor * (level + math.log(scale.odds))))
    order = sorted(range(len(used)), key=lambda place: (-used[place].information, used[place].name))
    card = Scorecard(name, target, scale, base, tuple(characteristics[place] for place in order))
    assert abs(log_odds(base, scale) - level) < 1e-3, "the scale's base does not mean the level that was fitted"
    return card, tuple(used[place] for place in order)


def _in_points(each: Binned, points: Points) -> Binned:
    return replace(
        each, woes=tuple(points(woe) for woe in each.woes), missing_woe=points(each.missing_woe),
        code_woes=tuple(points(woe) for woe in each.code_woes),
    )  # fmt: skip


def _characteristic(each: Binned, points: Points) -> Characteristic:
    column = each.column
    codes = {_text(code): points(woe) for code, woe in zip(column.codes, each.code_woes, strict=True)}
    if column.words is None:
        edges = tuple(_text(edge) for edge in each.edges)
        return Characteristic(column.name, True, points(each.missing_woe), edges, tuple(points(woe) for woe in each.woes), codes)
    levels = {column.words[word]: points(woe) for group, woe in zip(each.groups, each.woes, strict=True) for word in group}
    return Characteristic(column.name, False, points(each.missing_woe), levels=levels, other=points(each.woes[-1]))


def _bins(each: Binned, points: Points) -> tuple[Bin, ...]:
    column = each.column
    if column.words is None:
        edges = [_text(edge) for edge in each.edges]
        names = [
            f"{low or '…'} ≤ x < {high or '…'}" if low or high else "any" for low, high in zip(["", *edges], [*edges, ""], strict=True)
        ]
    else:
        names = [", ".join(column.words[word] for word in group) for group in each.groups[:-1]]
        names.append("rare: " + ", ".join(column.words[word] for word in each.groups[-1]) if each.groups[-1] else "not seen")
    found = [Bin(what, *count, round(woe, 4), points(woe)) for what, count, woe in zip(names, each.counts, each.woes, strict=True)]
    for code, count, woe in zip(column.codes, each.codes, each.code_woes, strict=True):
        found.append(Bin(f"code {_text(code)}", *count, round(woe, 4), points(woe)))
    found.append(Bin("missing", *each.missing, round(each.missing_woe, 4), points(each.missing_woe)))
    return tuple(found)


def _text(number: float) -> str:
    return str(int(number)) if number == int(number) and abs(number) < 2**53 else repr(number)
