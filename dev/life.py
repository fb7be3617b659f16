"""`docs/life-of-a-loan.md`, written from `holdfast.life`: run `python -m dev.life` after the map has changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from holdfast.life import BEGINS, DUTIES, LIVE, MOVES, RECORDS, STAGES, LoanState

PAGE: Final = Path(__file__).parents[1] / "docs" / "life-of-a-loan.md"

_INTRODUCTION: Final = """# The life of a loan

This page is written from `src/holdfast/life.py` by `python -m dev.life`; a test holds the two together. The map is read by the
programs too: by the import rule, by the database's idea of a live loan, by the timeline, and by the audit that looks for what is
missing.

A loan is born with its application. It is *live* from then on until it is refused, withdrawn, or settled with everything given
back and reported, and while it is live it always has a next duty with a deadline. Each duty is called for by something that
happened, and is closed only by a later record of one of the kinds named here.
"""


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            _INTRODUCTION,
            "## Stages\n",
            "In this order; a later stage may use an earlier one, never the reverse.\n",
            *_table(
                ("stage", "中文", "folder", "owner", "built"),
                ((stage.en, stage.zh, f"`{stage.name}/`", stage.owner, "yes" if stage.built else "not yet") for stage in STAGES),
            ),
            "## States\n",
            "What is not in this table is refused, whoever asks. Live states are marked ●.\n",
            *_table(("from", "to"), ((f"{was}{' ●' if was in LIVE else ''}", _targets(was)) for was in LoanState if _targets(was))),
            "## What begins because of what\n",
            "In the same transaction, carried out by `wiring`.\n",
            *_table(("when this has happened", "this begins"), ((f"`{event}`", f"`{verb}`") for event, verb in BEGINS.items())),
            "## Duties\n",
            "*Within* names the rule of the policy pack that says how soon; a duty without one follows the schedule.\n",
            *_table(
                ("duty", "中文", "of", "called for by", "within", "closed by"),
                (
                    (
                        kind.en,
                        kind.zh,
                        kind.role,
                        _codes(kind.after) or "what falls due",
                        _codes([kind.within] if kind.within else []),
                        _codes(kind.proofs),
                    )
                    for kind in DUTIES.values()
                ),
            ),
            "## Records\n",
            "Every kind of record that a loan's chain in the journal may hold.\n",
            *_table(
                ("record", "中文", "English", "stage"), ((f"`{kind.name}`", kind.zh, kind.en, kind.stage) for kind in RECORDS.values())
            ),
        ]
    )


def _targets(was: LoanState) -> str:
    return ", ".join(to for to in LoanState if (was, to) in MOVES)


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [heading, ["---"] * len(heading), *rows]
    return [*("| " + " | ".join(cells) + " |" for cells in lines), ""]


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
