"""The model card: what a scorecard was fitted on, what it uses and leaves out, how good it is, and what it must not be used for.

As JSON for programs and as a page for people; both say the same. A card carries no moment of its own making,
so that the same file gives the same card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from holdfast.decisioning.fitted import FOLDS, LEAST_INFORMATION, TIMES_CHANCE, Fitted
from holdfast.decisioning.measures import Measures

FORM: Final = "holdfast-model-card/1"
# With fewer bad ends than this the figures themselves are uncertain by more than a point or two.
FEW_BADS: Final = 1_000
TOO_GOOD: Final = 0.95


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the rows came from. `window`: when the loans were made and how long they were watched; both in words."""

    file: str
    sha256: str
    purpose: str = "not stated"
    window: str = "not stated in the file; whoever uses the scorecard must know when the loans were made and how long they were watched"
    limits: tuple[str, ...] = ()
    licence: str = "not stated"


def card_of(fitted: Fitted, origin: Origin) -> dict[str, Any]:
    """The card as JSON."""
    return {
        "form": FORM,
        "name": fitted.scorecard.name,
        "scorecard_sha256": fitted.scorecard.sha256,
        "purpose": origin.purpose,
        "data": {
            "file": origin.file,
            "sha256": origin.sha256,
            "licence": origin.licence,
            "window": origin.window,
            "rows": fitted.rows,
            "bad": fitted.bad,
            "good": fitted.rows - fitted.bad,
            "bad_share": _four(fitted.bad / fitted.rows),
            "target": fitted.scorecard.target,
        },
        "fitting": {
            "bins": "monotone trees for numbers; levels grouped by chi-square, rare ones together; missing has its own bin",
            "chosen": f"information value of at least {LEAST_INFORMATION} and at least {TIMES_CHANCE:g} times what chance alone gives",
            "weights": "logistic regression on weights of evidence; a weight that turned its evidence round was left out",
            "shrinkage": _four(fitted.shrinkage),
            "scale": f"{fitted.scorecard.scale.score} points at {fitted.scorecard.scale.odds}:1 good to bad; "
            f"{fitted.scorecard.scale.pdo} points double the odds",
        },
        "characteristics": [
            {
                "name": used.name,
                "information_value": _four(used.information),
                "weight": _four(used.weight),
                "bins": [
                    {"what": each.what, "rows": each.rows, "bad": each.bad, "woe": _four(each.woe), "points": each.points}
                    for each in used.bins
                ],
            }
            for used in fitted.used
        ],
        "left_out": [{"column": column, "why": why} for column, why in fitted.left_out],
        "measured": {
            f"on unseen rows ({FOLDS}-fold cross-validation, whole fitting repeated)": _measures(fitted.unseen),
            "on the fitted rows": _measures(fitted.seen),
        },
        "limits": _limits(fitted, origin),
    }


def page_of(card: dict[str, Any]) -> str:
    """The card as a short page in markdown."""
    data, lines = card["data"], [f"# Model card: {card['name']}", ""]
    lines += [
        f"**Purpose.** {card['purpose']}",
        "",
        f"**Data.** {data['file']}, SHA-256 `{data['sha256']}`.",
        f"{data['rows']} rows, {data['bad']} bad ({float(data['bad_share']) * 100:.1f} %); target `{data['target']}`.",
        f"**Licence of the data.** {data['licence']}",
        f"**Window.** {data['window']}",
        "",
        "**How good.** Higher AUC and KS are better, a lower Brier score is better, observed over predicted should be near 1.",
        "",
        "| measured | AUC | KS | Brier | observed / predicted | rows |",
        "|---|---|---|---|---|---|",
    ]
    for what, each in card["measured"].items():
        figures = (each["auc"], each["ks"], each["brier"], each["observed_over_predicted"], each["n"])
        lines.append(f"| {what} | " + " | ".join(str(figure) for figure in figures) + " |")
    lines += ["", f"**Scale.** {card['fitting']['scale']}.", "", "| characteristic | information value | points |", "|---|---|---|"]
    for used in card["characteristics"]:
        points = "; ".join(f"{each['what']}: {each['points']:+d}" for each in used["bins"] if each["rows"])
        lines.append(f"| {used['name']} | {used['information_value']} | {points} |")
    lines += ["", "**Left out.**", ""]
    lines += [f"- `{each['column']}`: {each['why']}" for each in card["left_out"]] or ["- nothing"]
    lines += ["", "**Limits.**", ""] + [f"- {limit}" for limit in card["limits"]]
    return "\n".join(lines) + "\n"


def _limits(fitted: Fitted, origin: Origin) -> Sequence[str]:
    limits = [*origin.limits]
    if fitted.bad < FEW_BADS:
        limits.append(f"Fitted on {fitted.bad} bad ends: its AUC is uncertain by about {0.4 / fitted.bad**0.5:.3f} either way.")
    if fitted.unseen.auc > TOO_GOOD:
        limits.append("It ranks too well to be true: look for a column that is only known after the loan has ended.")
    limits.append("It knows only loans that were made: whoever was refused is not in the file, and is judged by those who were not.")
    limits.append("Ranking and level hold for people like those in the file; measure both on your own loans before it decides anything.")
    return limits


def _measures(each: Measures) -> dict[str, Any]:
    return {
        "auc": _four(each.auc), "ks": _four(each.ks), "brier": _four(each.brier),
        "observed_over_predicted": _four(each.observed_over_predicted), "n": each.n, "bad": each.bad,
    }  # fmt: skip


def _four(value: float) -> str:
    """Four decimals as text: canonical JSON holds no binary fractions."""
    return f"{value:.4f}"
