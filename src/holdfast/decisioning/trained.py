"""Trained models as folders: `scorecard.json` decides, `card.json` and `card.md` tell of it."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from holdfast.decisioning import credit_file
from holdfast.decisioning.card import Origin, card_of, page_of
from holdfast.decisioning.credit_file import Columns, answers_of
from holdfast.decisioning.fitted import Fitted, Wishes
from holdfast.decisioning.measures import Measures, measure
from holdfast.decisioning.scorecard import Scorecard, pd, read
from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput, Unavailable

SCORECARD: Final = "scorecard.json"
CARD: Final = "card.json"
PAGE: Final = "card.md"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """How a scorecard did on a file. `p99_us`: of a hundred rows, one took longer than that to score, in microseconds."""

    measures: Measures
    p99_us: float

    def as_json(self) -> dict[str, Any]:
        return {
            "auc": round(self.measures.auc, 6), "ks": round(self.measures.ks, 6), "brier": round(self.measures.brier, 6),
            "observed_over_predicted": round(self.measures.observed_over_predicted, 6), "n": self.measures.n,
            "p99_us": round(self.p99_us, 2),
        }  # fmt: skip


def train(file: Path, target: str, out: Path, *, wishes: Wishes | None = None, window: str | None = None) -> Fitted:
    """Fit a scorecard on a credit file and write its folder. The folder is written only when all of it is known."""
    if out.exists() and not out.is_dir():
        raise BadInput(f"--out: {out} is a file; name a folder", field="--out")
    columns = credit_file.read(file)
    try:
        from holdfast.decisioning.fitting import fit  # noqa: PLC0415  # deciding needs none of what fitting needs
    except ImportError as error:
        raise Unavailable(
            f"fitting needs {error.name}, which is not installed; install it with: pip install 'holdfast[ml]'", code="ml_missing"
        ) from None
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    # Named after what it was fitted on, so that the same file gives the same bytes wherever they are written.
    fitted = fit(columns, target, name=f"scorecard-{digest[:12]}", wishes=wishes)
    origin = Origin(file.name, digest, window=window) if window else Origin(file.name, digest)
    write(out, fitted, origin)
    return fitted


def write(out: Path, fitted: Fitted, origin: Origin) -> None:
    """The folder of a fitted scorecard; each file is put in place whole."""
    card = card_of(fitted, origin)
    contents = {SCORECARD: fitted.scorecard.content, CARD: canonical.encode(card) + b"\n", PAGE: page_of(card).encode()}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            fresh = out / f".{name}.new"
            fresh.write_bytes(content)
            fresh.replace(out / name)
    except OSError as error:
        raise BadInput(f"--out: {out} cannot be written: {error.strerror}", field="--out") from None


def load(folder: Path) -> Scorecard:
    """The scorecard of a folder that `train` wrote."""
    try:
        return read((folder / SCORECARD).read_bytes())
    except OSError as error:
        raise BadInput(f"DIR: there is no {SCORECARD} to read in {folder}: {error.strerror}", field="DIR") from None


def shipped(name: str) -> Scorecard:
    """A scorecard that comes with the program."""
    found = files("holdfast.decisioning") / "models" / name / SCORECARD
    if not re.fullmatch(r"[a-z0-9-]+", name) or not found.is_file():
        raise BadInput(f"model: no scorecard {name!r} comes with this version", field="model")
    return read(found.read_bytes())


def evaluate(folder: Path, file: Path) -> Evaluated:
    """How the folder's scorecard does on a credit file that names the same columns and target."""
    return evaluate_on(load(folder), credit_file.read(file))


def evaluate_on(scorecard: Scorecard, columns: Columns) -> Evaluated:
    """How a scorecard does on a file's rows; BadInput for a column that is absent or holds what it should not."""
    rows = answers_of(columns, scorecard)
    bads = credit_file.outcomes(columns, scorecard.target)
    milli, spent = [], []
    for row in rows:
        begun = time.perf_counter_ns()
        milli.append(scorecard.milli_of(row))
        spent.append(time.perf_counter_ns() - begun)
    measures = measure([-each for each in milli], [pd(each, scorecard.scale) for each in milli], bads)
    return Evaluated(measures, sorted(spent)[(len(spent) * 99 - 1) // 100] / 1000)
