"""`night-growth`: the same number of due loans in a book ten times larger; the ratio is how many times the cost.

The small book holds ten days' loans, of which some are touched each night. The large one holds exactly these and nine
times as many that are not due in these days. Both are lived for two rounds as in `night-1m`, and the second ones
are compared: here the floor is the small book's cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bench import book
from bench.night_1m import Round, live_round
from bench.scratch import Figure, say, scratch_book

LOANS = 100_000
TIMES = 10
_BUSY = tuple(range(10))
# Their first reminder comes after the last round.
_QUIET = tuple(range(14, book.COHORTS))


def measure(scale: float) -> Figure:
    """The large book's second round beside the small book's."""
    small = book.evenly(int(LOANS * scale), _BUSY)
    large = small | book.evenly(sum(small.values()) * (TIMES - 1), _QUIET)
    low, loans_low, _ = _second_round(small)
    high, loans_high, pg = _second_round(large)
    assert low.touched == high.touched, f"not the same work: {low.touched} and {high.touched} loans"
    return Figure(
        name="night-growth",
        figure=round(high.wall_s, 3),
        unit="s",
        floor=round(low.wall_s, 3),
        ratio=round(high.wall_s / low.wall_s, 2),
        n=loans_high,
        cpu_s=round(high.cpu_s, 2),
        pg=pg,
        detail={
            "loans_touched": high.touched,
            "small_book": loans_low,
            "cpu_ratio": round(high.cpu_s / low.cpu_s, 2),
            "floor": "the same nights in the small book",
        },
    )


def _second_round(sizes: Mapping[int, int]) -> tuple[Round, int, str]:
    with scratch_book() as scratch:
        loans = book.generate(scratch, sizes)
        rounds = [live_round(scratch, book.DAY + timedelta(days=number)) for number in range(2)]
        say(f"{loans} loans: {[round(each.wall_s, 2) for each in rounds]} s")
        # The second night of both: the first one warms the caches, and no two nights touch the same number of loans.
        return rounds[1], loans, scratch.version
