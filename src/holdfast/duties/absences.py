"""Who does whose duties: absence, stand-ins, supervisors, and who hears of a duty that is running out of time.

All of it is reckoned from a few rows when a queue is opened. No duty is rewritten because somebody is ill, and none is
forgotten when they come back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from holdfast.duties.rules import ESCALATES_AT
from holdfast.life import DUTIES
from holdfast.parties import Reach, Role, Staff
from holdfast.policy import Lender, Pack

OWNER: Final = "owner"
SUPERVISOR: Final = "supervisor"
# Whose queues people work; an integrator has none, the system's own duties are people's only once they are late.
WORKED: Final = (Role.CALLER, Role.OFFICER, Role.APPROVER, Role.CUSTODIAN, Role.RISK)


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody is away from `from_on` to `until_on`, both included, or until the day before `back_on`.

    `stand_in` is None where their duties go back to the role's queue.
    """

    public_id: str
    staff_id: int
    from_on: date
    until_on: date
    stand_in: int | None
    reason: str
    placed_by: int
    placed_at: datetime
    back_on: date | None = None

    def holds(self, on: date) -> bool:
        """Whether the person is away on that day."""
        return self.from_on <= on <= self.until_on and (self.back_on is None or on < self.back_on)


def flows(away: Mapping[int, int | None]) -> dict[int, int | None]:
    """To whom the duties of each absent person go: the stand-in who is there, else (None) the role's queue.

    A stand-in who is away as well has a stand-in of their own; a circle of stand-ins ends in the role's queue.
    """
    found: dict[int, int | None] = {}
    for person in away:
        seen = {person}
        to = away[person]
        while to is not None and to in away:
            if to in seen:
                to = None
                break
            seen.add(to)
            to = away[to]
        found[person] = to
    return found


def away_on(absences: Iterable[Absence], left: Iterable[int], on: date) -> dict[int, int | None]:
    """Who is not there on a day, and their stand-ins: those who are away, and those who have left for good."""
    return dict.fromkeys(left) | {each.staff_id: each.stand_in for each in absences if each.holds(on)}


def sees_as_much(one: Staff, other: Staff) -> bool:
    """Whether all that `other` may see is within the sight of `one`, who would stand in."""
    if one.reach is Reach.ALL:
        return True
    if one.reach is Reach.OWN or one.branch_id != other.branch_id or other.reach is Reach.ALL:
        return False
    if one.reach is Reach.BRANCH:
        return other.branch_id is not None
    return other.reach in (Reach.TEAM, Reach.OWN) and one.team == other.team


@dataclass(frozen=True, slots=True)
class Ladder:
    """Who is told when: the percent at which the owner, the supervisor and risk hear of a duty, and who supervises which role."""

    owner: int
    supervisor: int
    risk: int
    supervisors: Mapping[str, str]

    def marks(self) -> tuple[tuple[int, str], ...]:
        """Each mark with who is told there, in order."""
        return tuple(sorted(((self.owner, OWNER), (self.supervisor, SUPERVISOR), (self.risk, str(Role.RISK)))))

    def told(self, role: str, percent: int) -> tuple[str, ...]:
        """Who has been told of a duty of a role by the time that `percent` is used: `owner`, then roles."""
        return tuple(self._who(role, who) for mark, who in self.marks() if percent >= mark)

    def hears(self, reader: str) -> dict[str, int]:
        """From which percent on a reader of this role hears of the duties of which roles."""
        found = {role: self.supervisor for role, above in self.supervisors.items() if above == reader}
        if reader == Role.RISK:
            found = {str(role): min(found.get(str(role), self.risk), self.risk) for role in self.supervisors}
        return found

    def supervises(self, reader: str, role: str) -> bool:
        """Whether this role may hand out the other's duties: its supervisor, risk, or the administrator."""
        return self.supervisors.get(role) == reader or reader in (Role.RISK, Role.ADMIN)

    def _who(self, role: str, who: str) -> str:
        return self.supervisors.get(role, str(Role.RISK)) if who == SUPERVISOR else who


def ladder_of(pack: Pack, lender: Lender, on: date) -> Ladder:
    """The pack's ladder on a day."""
    tell = pack.table("escalation.tell", on=on, lender_type=lender.lender_type)
    roles = [*map(str, WORKED), str(Role.ADMIN), str(Role.SYSTEM)]
    above = {role: pack.name_of(f"escalation.supervisor.{role}", on=on, lender_type=lender.lender_type) for role in roles}
    return Ladder(tell[OWNER], tell[SUPERVISOR], tell[str(Role.RISK)], above)


def marks_at(window_from: datetime, due_at: datetime) -> dict[int, datetime]:
    """When each of the marks of a duty's time is passed."""
    allowed = due_at - window_from
    return {mark: window_from + allowed * mark / 100 for mark in ESCALATES_AT}


@dataclass(frozen=True, slots=True)
class SnoozeRules:
    """How often and how long a duty may be put off, and which kinds (or roles) never."""

    most_times: int
    longest_days: int
    never: frozenset[str]

    def allows(self, kind: str) -> bool:
        """Whether duties of this kind may be put off at all."""
        return kind not in self.never and DUTIES[kind].role not in self.never


def snooze_rules(pack: Pack, lender: Lender, on: date) -> SnoozeRules:
    """The pack's rules on a day."""
    return SnoozeRules(
        pack.number("snooze.most_times", on=on, lender_type=lender.lender_type),
        pack.number("snooze.longest_days", on=on, lender_type=lender.lender_type),
        frozenset(pack.names("snooze.never", on=on, lender_type=lender.lender_type)),
    )
