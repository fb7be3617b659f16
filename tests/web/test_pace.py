"""From the application to the money, and the minutes of staff work: the rule by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from holdfast.web.console.pace import Told, minutes_of, pace, rank

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)


def told(loan: int, seq: int, minute: int, by: str = "st_a", role: str = "officer", kind: str = "contract.offered") -> Told:
    return Told(loan, seq, kind, NOON + timedelta(minutes=minute), by, role)


def lent(loan: int, minutes: int) -> list[Told]:
    """A loan whose borrower applied at noon and had the money so many minutes later, with one act of staff in between."""
    return [
        told(loan, 1, 0, "pt_x", "borrower", "application.submitted"),
        told(loan, 2, minutes // 2, f"st_{loan}"),
        told(loan, 3, minutes, "system", "system", "loan.disbursed"),
    ]


def test_a_record_took_the_time_since_the_same_person_s_last_one() -> None:
    worked = minutes_of([told(1, 1, 0), told(2, 1, 4), told(1, 2, 6, by="st_b"), told(1, 3, 10)])
    assert [worked[key].total_seconds() / 60 for key in ((1, 1), (2, 1), (1, 2), (1, 3))] == [15, 4, 15, 6]


def test_a_pause_counts_fifteen_minutes_at_most() -> None:
    assert minutes_of([told(1, 1, 0), told(1, 2, 300)])[1, 2] == timedelta(minutes=15)


def test_what_the_borrower_or_the_system_wrote_is_no_staff_work() -> None:
    worked = minutes_of([told(1, 1, 0, "pt_x", "borrower"), told(1, 2, 1, "system", "system"), told(1, 3, 2)])
    assert (worked[1, 1], worked[1, 2]) == (timedelta(), timedelta())


def test_the_median_and_the_slowest_while_there_are_few() -> None:
    found = pace([*lent(1, 30), *lent(2, 60), *lent(3, 300)])
    assert found is not None
    assert (found.loans, found.median, found.p95, found.slowest) == (3, timedelta(minutes=60), None, timedelta(minutes=300))
    assert found.staff_minutes == 15


def test_the_95th_percentile_once_there_are_twenty() -> None:
    found = pace([record for loan in range(1, 21) for record in lent(loan, 10 * loan)])
    assert found is not None and found.p95 == timedelta(minutes=190)


def test_what_is_not_paid_out_yet_does_not_count_and_nothing_gives_no_figure() -> None:
    assert pace([told(1, 1, 0, "pt_x", "borrower", "application.submitted")]) is None
    assert pace([]) is None


def test_the_nearest_rank() -> None:
    values = [timedelta(minutes=n) for n in (1, 2, 3, 4)]
    assert (rank(values, 50), rank(values, 95)) == (timedelta(minutes=2), timedelta(minutes=4))
