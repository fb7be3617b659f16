"""Performance: what those who follow up did in a day, a week or a month, from the contact ledger and the journal alone.

Everybody sees their own figures and what each is made of; approvers, risk and the auditor those of the people in their sight.
Nobody is ranked: the order is that of names, and complaints stand beside the money. Only loans within the reader's sight count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import psycopg

from holdfast.followup import performance_store as store
from holdfast.followup.performance_model import FEWEST_OF_A_TEAM, Figure, Figures, Line, Performer, days_of, together
from holdfast.kernel.errors import BadInput, Forbidden, NotFound
from holdfast.parties import Reach, Role, Staff, may, require, staff, staff_list

Db = psycopg.Connection[Any]

_ACT: Final = "performance.see"
_OTHERS: Final = "performance.see_others"
_FOLLOW_UP: Final = frozenset({Role.CALLER, Role.OFFICER})
MOST_LISTED: Final = 1000


def figures(db: Db, *, by: Staff, period: str, on: date) -> list[Performer]:
    """The figures of whoever `by` may see, by name, for the period that `on` lies in; those who left are shown if they did anything."""
    require(by, _ACT)
    since, until = days_of(period, on)
    people = _seen(db, by)
    told = _figures(db, by, people, since, until)
    return [
        Performer(each.public_id, each.name, told[each.staff_id])
        for each in people
        if each.active or told[each.staff_id] != Figures()
    ]  # fmt: skip


def team(db: Db, *, by: Staff, period: str, on: date) -> tuple[int, Figures] | None:
    """How many follow up in the team of `by`, and their figures together; None where they are so few that it would tell of one."""
    require(by, _ACT)
    since, until = days_of(period, on)
    mates = [each for each in _people(db) if each.active and (each.branch_id, each.team) == (by.branch_id, by.team)]
    if len(mates) < FEWEST_OF_A_TEAM:
        return None
    return len(mates), together(_figures(db, by, mates, since, until).values())


def lines(db: Db, *, by: Staff, of: str, figure: str, period: str, on: date, limit: int = 200) -> list[Line]:
    """The records that a figure of somebody counts, newest first. Forbidden for another person, unless it is one's work to see them.

    BadInput for an unknown figure. NotFound for somebody out of sight.
    """
    require(by, _ACT)
    if figure not in set(Figure):
        raise BadInput(f"figure: write one of {', '.join(Figure)}", field="figure")
    since, until = days_of(period, on)
    about = staff(db, of)
    if about.staff_id != by.staff_id and not may(by, _OTHERS):
        raise Forbidden("everybody sees what they did themselves; an approver or risk sees the others", code="performance_of_others")
    if about.staff_id not in {each.staff_id for each in _seen(db, by)}:
        raise NotFound(f"nobody {of} whose follow-ups you see", code="no_performer", field="staff")
    sight, scope = by.scope.condition("l")
    given = store.values_of([about.staff_id], since, until, scope)
    return store.lines(db, sight, given, Figure(figure), min(limit, MOST_LISTED))


def _people(db: Db) -> list[Staff]:
    return [each for each in staff_list(db) if each.role in _FOLLOW_UP]


def _seen(db: Db, by: Staff) -> list[Staff]:
    """Whose figures somebody sees: their own, and if it is their work those of the people as far as their sight goes."""
    if not may(by, _OTHERS):
        return [by]
    if by.reach is Reach.ALL:
        return _people(db)
    same_branch = [each for each in _people(db) if by.branch_id is not None and each.branch_id == by.branch_id]
    if by.reach is Reach.BRANCH:
        return same_branch
    return [each for each in same_branch if by.reach is Reach.TEAM and by.team is not None and each.team == by.team]


def _figures(db: Db, by: Staff, people: Sequence[Staff], since: date, until: date) -> dict[int, Figures]:
    sight, scope = by.scope.condition("l")
    given = store.values_of([each.staff_id for each in people], since, until, scope)
    told: dict[int, list[Figures]] = {each.staff_id: [] for each in people}
    for who, made, reached in store.calls(db, sight, given):
        told[who].append(Figures(calls=made, reached=reached))
    for who, in_time, late, waited in store.follow_ups(db, sight, given):
        told[who].append(Figures(in_time=in_time, late=late, waited=waited))
    for who, currency, made, kept, broken, promised, kept_money, broken_money, received in store.promises(db, sight, given):
        told[who].append(
            Figures(
                promises=made, kept=kept, broken=broken, promised={currency: promised}, kept_money={currency: kept_money},
                broken_money={currency: broken_money}, received={currency: received},
            )
        )  # fmt: skip
    for who, against, upheld in store.complaints(db, sight, given):
        told[who].append(Figures(complaints=against, upheld=upheld))
    return {who: together(each) for who, each in told.items()}
