"""`holdfast model train|evaluate`: fit a scorecard on a credit file, and measure one on another file.

The file is a CSV with one row a loan; the target column says 1 for a bad end and 0 for a good one.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from holdfast.decisioning.fitted import Fitted, Wishes
from holdfast.decisioning.trained import evaluate, train


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    model = commands.add_parser("model", help="scorecards: fit one on a credit file, measure one on another")
    verbs = model.add_subparsers(dest="verb", required=True)
    fitting = verbs.add_parser("train", help="fit a scorecard; needs the extra `ml`")
    fitting.add_argument("file", metavar="FILE", type=Path, help="a CSV with one row a loan")
    fitting.add_argument("--target", required=True, metavar="COL", help="the column that says 1 for a bad end and 0 for a good one")
    fitting.add_argument("--out", required=True, metavar="DIR", type=Path, help="the folder to write: scorecard.json, card.json, card.md")
    fitting.add_argument("--include", action="append", default=[], metavar="COL", help="use this protected attribute all the same")
    fitting.add_argument("--exclude", action="append", default=[], metavar="COL", help="do not use this column")
    fitting.add_argument("--levels", action="append", default=[], metavar="COL", help="this column's numbers are names, not amounts")
    fitting.add_argument("--window", metavar="WORDS", help="for the card: when the loans were made and how long they were watched")
    fitting.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    fitting.set_defaults(func=_train)
    measuring = verbs.add_parser("evaluate", help="measure a scorecard on a file")
    measuring.add_argument("folder", metavar="DIR", type=Path, help="the folder that `model train` wrote")
    measuring.add_argument("file", metavar="FILE", type=Path, help="a CSV with the same columns")
    measuring.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    measuring.set_defaults(func=_evaluate)


def _train(given: argparse.Namespace) -> int:
    wishes = Wishes(frozenset(given.include), frozenset(given.exclude), frozenset(given.levels))
    fitted = train(given.file, given.target, given.out, wishes=wishes, window=given.window)
    _tell(fitted, given.out)
    if given.json:
        told = {
            "out": str(given.out), "sha256": fitted.scorecard.sha256, "rows": fitted.rows, "bad": fitted.bad,
            "used": [used.name for used in fitted.used], "left_out": dict(fitted.left_out),
            "auc": round(fitted.unseen.auc, 6), "ks": round(fitted.unseen.ks, 6), "brier": round(fitted.unseen.brier, 6),
        }  # fmt: skip
        print(json.dumps(told, ensure_ascii=False))
    return 0


def _tell(fitted: Fitted, out: Path) -> None:
    print(f"{fitted.rows} rows, {fitted.bad} of them bad")
    for used in fitted.used:
        print(f"  used      {used.name:28} information value {used.information:.3f}")
    for column, why in fitted.left_out:
        print(f"  left out  {column:28} {why}")
    unseen = fitted.unseen
    print(f"on unseen rows: AUC {unseen.auc:.4f}, KS {unseen.ks:.4f}, Brier {unseen.brier:.4f}")
    print(f"written: {out} (SHA-256 {fitted.scorecard.sha256[:16]}…)")


def _evaluate(given: argparse.Namespace) -> int:
    found = evaluate(given.folder, given.file).as_json()
    if given.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:24} {value}")
    return 0
