"""The demonstration scorecard: fitted on old West German loans, with only those columns whose meaning carries over to what we ask.

It shows how a scorecard of one's own is made and lets a book decide from its first day. It must be refitted on
the lender's own loans before it decides about real people; its card says so first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Final

from holdfast.decisioning import credit_file
from holdfast.decisioning.card import Origin
from holdfast.decisioning.credit_file import Columns
from holdfast.decisioning.fitted import Wishes

NAME: Final = "german-2026"
TARGET: Final = "bad"

# What each published code means in the words of our own questions. Years are the lower end of the published class.
_YEARS: Final = {"A71": "0", "A72": "0", "A73": "1", "A74": "4", "A75": "7"}
_HOUSING: Final = {"A151": "rent", "A152": "own", "A153": "other"}
_SAVINGS: Final = {"A61": "none", "A62": "low", "A63": "medium", "A64": "high", "A65": None}
_OTHER_LOANS: Final = {"A141": "1", "A142": "1", "A143": "0"}

# Our question, the published column, and how its cells are read.
_CARRIES_OVER: Final[Mapping[str, tuple[str, Callable[[str], str | None]]]] = {
    "instalments": ("duration_months", str),
    "employment_years": ("employment", _YEARS.__getitem__),
    "housing": ("housing", _HOUSING.__getitem__),
    "savings_band": ("bonds", _SAVINGS.__getitem__),
    "existing_loans": ("installment_plans", _OTHER_LOANS.__getitem__),
}

LIMITS: Final = (
    "A DEMONSTRATION MODEL from West German loans of the 1970s to 1990s. It must be refitted on own data before production.",
    "Bad ends were over-sampled to 30 %: its chances of a bad end are far above those of a usual book; only the ranking carries over.",
    "Bands of savings are matched by rank (published: under 100, 500, 1,000 DM and above), not by what money buys today.",
    "Left out, their meaning does not carry over: checking account, credit history, purpose, property, job, telephone, guarantors.",
    "Left out, policy looks at them instead: the amount (there in DM) and the instalment as a share of income.",
    "Left out, nobody could act on it: years at one address, which in these rows count against people who stay.",
    "Left out, protected: age, sex with personal status, foreign workers.",
)


def origin() -> Origin:
    """Where the rows came from, for the card."""
    return Origin(
        file="decisioning/data/german/german.csv", sha256=hashlib.sha256(_data()).hexdigest(),
        purpose="To demonstrate the decision on a phone-pledge loan. Not for production.",
        window="loans of the 1970s to 1990s, published in 1994; how long they were watched is not published",
        limits=LIMITS,
        licence="CC BY 4.0; Hofmann, H. (1994), Statlog (German Credit Data), UCI Machine Learning Repository, doi 10.24432/C5NC77",
    )  # fmt: skip


def answers() -> Columns:
    """The published rows as answers to our own questions."""
    published = credit_file.parse(_data().decode(), "german.csv")
    cells = {
        name: [None if cell is None else read(cell) for cell in published.column(column)] for name, (column, read) in _CARRIES_OVER.items()
    }
    cells[TARGET] = published.column(TARGET)
    return Columns(tuple(cells), cells, published.lines)


def wishes() -> Wishes:
    """Nobody gains by leaving an answer out: "savings unknown" ended well in these rows, and a person could use that."""
    return Wishes(silence_may_gain=False)


def _data() -> bytes:
    return (files("holdfast.decisioning") / "data" / "german" / "german.csv").read_bytes()
