"""`queue-1m`: how fast a caller's queue opens in a book of a million loans, the morning after tens of thousands fell into arrears.

Everybody's follow-ups are in one queue, so every duty of the role is ranked: exposure, days, promise, thing, freeze. The figure is
the median of the first page, as console and API read it; a later page and one branch's queue stand in the detail, with the plan's
index. The floor is one SELECT of the page's duties and loans by their keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any

import psycopg

from bench import book
from bench.scratch import Figure, say, scratch_book
from holdfast.database.connection import transaction
from holdfast.days import close_book
from holdfast.duties import ownership
from holdfast.duties.ranking import weights_of
from holdfast.parties import Staff, create_staff
from holdfast.policy import lender, pack_in_force
from holdfast.servicing import queues
from holdfast.servicing.reading import look_of

LOANS = 1_000_000
READS = 30
PAGE = 25
_FLOOR = """
    SELECT * FROM duty d JOIN loan l USING (loan_id) LEFT JOIN account USING (loan_id)
     WHERE (d.loan_id, d.duty_no) IN (SELECT * FROM unnest(%s::bigint[], %s::integer[]))"""


def measure(scale: float) -> Figure:
    """Milliseconds to open the queue, beside the bare SELECT of its lines."""
    clock = book.morning(book.DAY + timedelta(days=1))
    with scratch_book() as scratch:
        loans = book.generate(scratch, book.evenly(int(LOANS * scale)))
        close_book(book.DAY, book.evening(book.DAY))
        with psycopg.connect(scratch.owner_url, autocommit=True) as db:
            db.execute("VACUUM ANALYZE duty")
        with scratch.owner() as db:
            everybody, branch = _caller(db, "all"), _caller(db, "branch")
            db.commit()
        with transaction() as db:

            def opened(by: Staff, cursor: str | None = None) -> Any:
                hands, known = ownership.hands(db, clock=clock), lender(db)
                weights = weights_of(pack_in_force(db, clock), known, clock.today())
                look = look_of(db, by.scope, clock)
                return queues.queue(db, look, by, hands, weights, now=clock.now(), zone=known.zone, cursor=cursor, limit=PAGE)

            first = opened(everybody)
            waiting = queues.count(
                db, look_of(db, everybody.scope, clock), everybody, ownership.hands(db, clock=clock), now=clock.now(), zone=book.ZONE,
                most=LOANS,
            )  # fmt: skip
            with scratch.watch() as spent:
                times = _times(lambda: opened(everybody), READS)
            later = median(_times(lambda: opened(everybody, first.next), READS))
            in_branch = median(_times(lambda: opened(branch), READS))
            numbers = [
                row[0] for row in db.execute("SELECT loan_id FROM loan WHERE public_id = ANY(%s)", [[each.loan for each in first.items]])
            ]
            places = [each.no for each in first.items]
            floor = median(_times(lambda: db.execute(_FLOOR, [numbers, places]).fetchall(), READS))
    say(f"{median(times):.1f} ms for {waiting} duties of {loans} loans, floor {floor:.2f} ms")
    return Figure(
        name="queue-1m",
        figure=round(median(times), 2),
        unit="ms",
        floor=round(floor, 2),
        ratio=round(median(times) / floor, 1),
        n=loans,
        cpu_s=round(spent.cpu_s, 2),
        pg=scratch.version,
        detail={
            "duties_ranked": waiting,
            "later_page_ms": round(later, 2),
            "one_branch_ms": round(in_branch, 2),
            "floor": "one SELECT of the page's duties, loans and accounts by their keys",
        },
    )


def _caller(db: psycopg.Connection[Any], scope: str) -> Staff:
    return create_staff(
        db, clock=book.morning(book.DAY), by=book.BY, username=f"bench-{scope}", password="a long password 示例", role="caller",
        name="示例", scope=scope, branch_id=1,
    )  # fmt: skip


def _times(act: Callable[[], Any], times: int) -> list[float]:
    """How long each call took, in milliseconds, in order of length."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        found.append((time.perf_counter() - began) * 1_000)
    return sorted(found)
