"""Whose duty it is: taking one, giving it back, handing it over, putting it off, being away, and moving many at once.

Each act is on record: on the loan's chain for one duty, on the person's for an absence, on the house's for many duties at once.
None of them moves a deadline, closes a duty or stops its escalation.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from holdfast.duties import owners_store as store
from holdfast.duties.absences import Absence, Ladder, SnoozeRules, away_on, flows, ladder_of, sees_as_much, snooze_rules
from holdfast.duties.case import Case, Db, enter, in_sight, take_by_id
from holdfast.duties.model import Duty
from holdfast.duties.owners_store import MoveLine
from holdfast.journal import Record, write_record
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock, iso_instant
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.life import DUTIES
from holdfast.parties import Role, Staff, may, require, staff_by_id
from holdfast.parties import staff as staff_named
from holdfast.policy import lender, pack_in_force, record_house_act

MOST_MOVED: Final = 5_000
LONGEST_ABSENCE: Final = timedelta(days=366)
_SHORTEST_REASON: Final = 4


@dataclass(frozen=True, slots=True)
class Hands:
    """Who is there today and who does the duties of whom: one reading, for a screen or a verb.

    `flow` leads from each person who is not there to the colleague who stands in, or to None: the role's queue.
    """

    flow: Mapping[int, int | None]
    ladder: Ladder
    snooze: SnoozeRules

    def owners_for(self, staff_id: int) -> list[int]:
        """Whose duties stand on this person's list: their own, and those of whom they stand in for."""
        return [staff_id, *(each for each, to in self.flow.items() if to == staff_id and each != staff_id)]

    @property
    def pool(self) -> list[int]:
        """Whose duties are back in their role's queue."""
        return [each for each, to in self.flow.items() if to is None]

    def does(self, owner: int | None) -> int | None:
        """Who does what this person owns: they themselves, a stand-in, or (None) whoever of the role takes it."""
        return owner if owner is None or owner not in self.flow else self.flow[owner]


def hands(db: Db, *, clock: Clock) -> Hands:
    """Who does whose duties today, by the pack in force."""
    today, known = clock.today(), lender(db)
    pack = pack_in_force(db, clock)
    away = away_on(store.current_absences(db, today), store.left(db), today)
    return Hands(flows(away), ladder_of(pack, known, today), snooze_rules(pack, known, today))


# ── one duty ───────────────────────────────────────────────────────────────────────────────────────────────


def take_duty(db: Db, *, clock: Clock, by: Staff, loan: str, duty_no: int) -> Record | None:
    """Make an open duty of one's role one's own. None if it was already.

    Refusal if it is another role's, or a colleague's who is there; what an absent colleague left may be taken by their
    stand-in, and where there is none by whoever works the role's queue.
    """
    require(by, "duty.take")
    case, duty = _held(db, by, loan, duty_no)
    if duty.owner_id == by.staff_id:
        return None
    if duty.role != by.role:
        raise Refusal(
            f"duty {duty_no} of loan {loan} is for {duty.role}, not for {by.role}", code="duty_role", field="duty_no", role=duty.role
        )
    known = hands(db, clock=clock)
    if duty.owner_id is not None and known.does(duty.owner_id) not in (None, by.staff_id):
        holder = staff_by_id(db, known.does(duty.owner_id) or duty.owner_id)
        raise Refusal(
            f"{holder.name} has duty {duty_no} of loan {loan}; ask them to hand it over, or a supervisor to assign it",
            code="duty_owned", field="duty_no", owner=holder.public_id,
        )  # fmt: skip
    return _hand(db, clock, by, case, duty, by, "duty.taken", "")


def give_back(db: Db, *, clock: Clock, by: Staff, loan: str, duty_no: int, reason: str) -> Record:
    """Put a duty of one's own back into the role's queue. Refusal if it is not one's own."""
    require(by, "duty.take")
    case, duty = _held(db, by, loan, duty_no)
    _must_do(hands(db, clock=clock), by, loan, duty)
    return _hand(db, clock, by, case, duty, None, "duty.given_back", _said(reason))


def hand_over(db: Db, *, clock: Clock, by: Staff, loan: str, duty_no: int, to: str, reason: str) -> Record:
    """Hand a duty of one's own to a colleague of the role who is there and sees the loan. Refusal names what is wrong with them."""
    require(by, "duty.take")
    case, duty = _held(db, by, loan, duty_no)
    known = hands(db, clock=clock)
    _must_do(known, by, loan, duty)
    return _hand(db, clock, by, case, duty, _fit(db, known, case, duty, to), "duty.handed_over", _said(reason))


def assign(db: Db, *, clock: Clock, by: Staff, loan: str, duty_no: int, to: str | None, reason: str) -> Record:
    """A supervisor gives an open duty to somebody of its role, or (None) back to the role's queue.

    Forbidden unless the pack makes this person's role the supervisor of the duty's.
    """
    require(by, "duty.assign")
    case, duty = _held(db, by, loan, duty_no)
    known = hands(db, clock=clock)
    _must_supervise(known, by, duty.role)
    owner = _fit(db, known, case, duty, to) if to is not None else None
    return _hand(db, clock, by, case, duty, owner, "duty.handed_over" if owner else "duty.given_back", _said(reason))


def snooze(db: Db, *, clock: Clock, by: Staff, loan: str, duty_no: int, until: datetime, reason: str) -> Record:
    """Put a duty of one's own off: it is hidden from its queue until then. Its deadline and its escalation stay as they are.

    Refusal for a kind that the pack never lets wait, for more times or longer than it allows, or past the deadline itself.
    """
    require(by, "duty.take")
    if until.tzinfo is None:
        raise BadInput("until: name a moment with its zone, such as 2026-11-23T15:00:00+08:00", field="until")
    case, duty = _held(db, by, loan, duty_no)
    known = hands(db, clock=clock)
    _must_do(known, by, loan, duty)
    times, _ = store.snoozed(db, duty.loan_id, duty.duty_no)
    rules, now = known.snooze, clock.now()
    if not rules.allows(duty.kind):
        raise Refusal(f"the pack never lets this wait: {DUTIES[duty.kind].en}", code="snooze_never", field="duty_no", rule="snooze.never")
    if times >= rules.most_times:
        raise Refusal(
            f"duty {duty_no} was put off {times} times, which is as often as the pack allows; do it, or hand it over",
            code="snooze_times", field="duty_no", most=rules.most_times,
        )  # fmt: skip
    latest = min(now + timedelta(days=rules.longest_days), duty.due_at)
    if not now < until <= latest:
        raise Refusal(
            f"until: a moment after now and not after {iso_instant(latest)}; the deadline is {iso_instant(duty.due_at)} and does not move",
            code="snooze_until", field="until", latest=iso_instant(latest),
        )  # fmt: skip
    says = {"duty": duty_no, "kind": duty.kind, "until": iso_instant(until), "times": times + 1, "reason": _said(reason)}
    record = enter(db, case, clock=clock, by=by.actor, kind="duty.snoozed", says=says, while_frozen=True)
    store.snooze(db, duty.loan_id, duty.duty_no, until)
    return record


def holder(db: Db, by: Staff, loan: str, duty_no: int) -> tuple[int | None, datetime | None]:
    """The inner key of a duty's owner, and until when it is put off; NotFound for a loan out of sight."""
    return store.holder(db, in_sight(db, loan, by.scope), duty_no)


# ── being away ─────────────────────────────────────────────────────────────────────────────────────────────


def set_absence(
    db: Db, *, clock: Clock, by: Staff, staff: str, from_on: date, until_on: date, stand_in: str | None = None, reason: str
) -> Absence:
    """Somebody is away on these days, both included; their duties go to the stand-in, or back to the role's queue.

    One's own absence, or one that a supervisor enters. Refusal for a stand-in of another role, who sees less, has left or is
    away on all of these days, and for days that an earlier absence covers.
    """
    require(by, "absence.set")
    person, today = _colleague(db, staff, "staff"), clock.today()
    known = hands(db, clock=clock)
    if person.staff_id != by.staff_id:
        require(by, "duty.assign")
        _must_supervise(known, by, person.role)
    if until_on < from_on or from_on < today:
        raise BadInput(f"until_on: not before the first day, which is today ({today}) or later", field="until_on", code="absence_days")
    if until_on - from_on > LONGEST_ABSENCE:
        raise BadInput(
            f"until_on: an absence lasts at most {LONGEST_ABSENCE.days} days; enter a later one then",
            field="until_on", code="absence_long", most=LONGEST_ABSENCE.days,
        )  # fmt: skip
    current = store.current_absences(db, today)
    for other in current:
        if other.staff_id == person.staff_id and other.from_on <= until_on and from_on <= other.until_on:
            raise Refusal(
                f"{person.name} is already away from {other.from_on} to {other.until_on}; end that absence first",
                code="absence_overlaps", field="from_on", absence=other.public_id,
            )  # fmt: skip
    deputy = _deputy(db, person, stand_in, current, from_on, until_on) if stand_in else None
    made = Absence(
        new_id("ab"), person.staff_id, from_on, until_on, deputy.staff_id if deputy else None, _said(reason), by.staff_id, clock.now()
    )
    store.insert_absence(db, made)
    says = {
        "absence": made.public_id, "from": from_on.isoformat(), "until": until_on.isoformat(),
        "stand_in": deputy.public_id if deputy else "", "reason": made.reason,
    }  # fmt: skip
    _on_person(db, clock, by, person, "staff.absent", says)
    return made


def end_absence(db: Db, *, clock: Clock, by: Staff, absence: str) -> Absence:
    """Somebody is back earlier than planned: from today their duties are on their own list again."""
    require(by, "absence.set")
    found = store.absence(db, absence)
    if found is None:
        raise NotFound(f"there is no absence {absence}", code="no_absence", field="absence")
    person = staff_by_id(db, found.staff_id)
    if person.staff_id != by.staff_id:
        require(by, "duty.assign")
        _must_supervise(hands(db, clock=clock), by, person.role)
    today = clock.today()
    if found.back_on is not None or found.until_on < today:
        raise Refusal(f"the absence {absence} has ended", code="absence_ended", field="absence")
    back = max(today, found.from_on)
    store.end_absence(db, absence, back)
    _on_person(db, clock, by, person, "staff.back", {"absence": absence, "back_on": back.isoformat()})
    return found


def absences(db: Db, *, clock: Clock) -> list[Absence]:
    """Who is away today or will be, the next first."""
    return store.current_absences(db, clock.today())


# ── many at once ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which duties are to change hands: those of a role, of a person (None: of the role's queue), of some kinds (none: of all).

    `to` is who gets them; None puts them into the role's queue.
    """

    role: str
    owner: str | None = None
    to: str | None = None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What a move would do. `shown` binds the act to exactly these lines; `unseen` of the loans are out of the other's sight and stay."""

    wanted: Wanted
    lines: tuple[MoveLine, ...]
    unseen: int
    more: bool
    shown: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What changed hands, and the record in the house's chain that tells of it."""

    public_id: str
    count: int
    digest: str
    record_seq: int


def preview_move(db: Db, *, clock: Clock, by: Staff, wanted: Wanted) -> Preview:
    """Which duties `wanted` means now, at most 5,000, the earliest due first. Writes nothing."""
    require(by, "duty.assign")
    known = hands(db, clock=clock)
    if wanted.role not in known.ladder.supervisors or wanted.role == Role.SYSTEM:
        raise BadInput(f"role: {wanted.role!r} has no queue", field="role", code="move_role")
    _must_supervise(known, by, wanted.role)
    for kind in wanted.kinds:
        if kind not in DUTIES or DUTIES[kind].role != wanted.role:
            raise BadInput(f"kinds: {kind!r} is no duty of {wanted.role}", field="kinds", code="move_kind")
    owner = staff_named(db, wanted.owner) if wanted.owner is not None else None
    to = _ready(db, known, wanted.role, wanted.to, "to") if wanted.to is not None else None
    if (owner.staff_id if owner else None) == (to.staff_id if to else None):
        raise BadInput("to: name somebody else than who has them now", field="to", code="move_same")
    found = store.lines_to_move(
        db, sight=by.scope, to_sight=to.scope if to else None, role=wanted.role, owner=owner.staff_id if owner else None,
        pool=known.pool if owner is None else (), kinds=wanted.kinds, most=MOST_MOVED + 1,
    )  # fmt: skip
    lines = tuple(line for line in found[:MOST_MOVED] if line.seen)
    unseen = sum(not line.seen for line in found[:MOST_MOVED])
    return Preview(wanted, lines, unseen, len(found) > MOST_MOVED, _digest(wanted, lines))


def move(db: Db, *, clock: Clock, by: Staff, wanted: Wanted, shown: str, reason: str) -> Moved:
    """Give all the duties that a preview showed to somebody else, in one act.

    Refusal if they are not the same any more as those that were `shown`, or if there are none.
    """
    require(by, "duty.assign")
    reason = _said(reason)
    seen = preview_move(db, clock=clock, by=by, wanted=wanted)
    if seen.shown != shown:
        raise Refusal("these are not the duties that were shown: some were done or taken meanwhile; look again", code="move_changed")
    if not seen.lines:
        raise Refusal("there is no such duty to move", code="move_empty")
    owner = staff_named(db, wanted.owner).staff_id if wanted.owner is not None else None
    to = staff_named(db, wanted.to).staff_id if wanted.to is not None else None
    if store.move(db, seen.lines, to) != len(seen.lines):
        raise Refusal("these are not the duties that were shown: some were done or taken meanwhile; look again", code="move_changed")
    public_id = new_id("dm")
    says = {
        "move": public_id, "role": wanted.role, "from": wanted.owner or "", "to": wanted.to or "", "kinds": sorted(wanted.kinds),
        "count": len(seen.lines), "reason": reason,
    }  # fmt: skip
    record = record_house_act(db, clock=clock, by=by.actor, kind="duties.moved", says=says, seals={"lines": seen.shown})
    store.insert_move(
        db, public_id=public_id, owner=owner, to=to, role=wanted.role, lines=seen.lines, digest=seen.shown, reason=reason,
        by=by.staff_id, at=clock.now(), record_seq=record.seq,
    )  # fmt: skip
    return Moved(public_id, len(seen.lines), seen.shown, record.seq)


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _held(db: Db, by: Staff, loan: str, duty_no: int) -> tuple[Case, Duty]:
    case = take_by_id(db, in_sight(db, loan, by.scope))
    duty = next((each for each in case.standing if each.duty_no == duty_no), None)
    if duty is None:
        raise Refusal(f"loan {loan} has no open duty {duty_no}; a colleague may have just done it", code="duty_not_open", field="duty_no")
    return case, duty


def _must_do(known: Hands, by: Staff, loan: str, duty: Duty) -> None:
    if duty.owner_id is None or by.staff_id not in (duty.owner_id, known.does(duty.owner_id)):
        raise Refusal(f"duty {duty.duty_no} of loan {loan} is not yours; take it first", code="duty_not_yours", field="duty_no")


def _must_supervise(known: Hands, by: Staff, role: str) -> None:
    if not known.ladder.supervises(by.role, role):
        above = known.ladder.supervisors.get(role, str(Role.RISK))
        raise Forbidden(
            f"the duties of {role} are handed out by {above}, not by {by.role}", code="role_may_not", act="duty.assign", role=str(by.role)
        )


def _fit(db: Db, known: Hands, case: Case, duty: Duty, to: str) -> Staff:
    """The colleague, if the duty can be theirs; Refusal naming what stands against it."""
    person = _ready(db, known, duty.role, to, "to")
    try:
        in_sight(db, case.loan.public_id, person.scope)
    except NotFound:
        raise Refusal(f"{person.name} does not see loan {case.loan.public_id}", code="owner_sees_not", field="to") from None
    return person


def _ready(db: Db, known: Hands, role: str, public_id: str, field: str) -> Staff:
    person = _colleague(db, public_id, field)
    if person.role != role:
        raise Refusal(f"{person.name} is {person.role}; these duties are for {role}", code="owner_role", field=field)
    if person.staff_id in known.flow:
        raise Refusal(f"{person.name} is away today", code="owner_away", field=field)
    return person


def _colleague(db: Db, public_id: str, field: str) -> Staff:
    person = staff_named(db, public_id)
    if not person.active:
        raise Refusal(f"{person.name} has left", code="owner_left", field=field)
    if not may(person, "duty.take") and not may(person, "absence.set"):
        raise Refusal(f"{person.name} is {person.role}, who has no duties of their own", code="owner_role", field=field)
    return person


def _deputy(db: Db, person: Staff, public_id: str, current: Collection[Absence], from_on: date, until_on: date) -> Staff:
    deputy = _colleague(db, public_id, "stand_in")
    if deputy.staff_id == person.staff_id:
        raise BadInput("stand_in: name somebody else", field="stand_in", code="stand_in_self")
    if deputy.role != person.role:
        raise Refusal(f"{deputy.name} is {deputy.role}; a stand-in has the same role: {person.role}", code="owner_role", field="stand_in")
    if not sees_as_much(deputy, person):
        raise Refusal(f"{deputy.name} does not see all that {person.name} sees", code="owner_sees_not", field="stand_in")
    if any(each.staff_id == deputy.staff_id and each.from_on <= from_on and until_on <= each.until_on for each in current):
        raise Refusal(f"{deputy.name} is away on these days too", code="owner_away", field="stand_in")
    return deputy


def _hand(db: Db, clock: Clock, by: Staff, case: Case, duty: Duty, to: Staff | None, kind: str, reason: str) -> Record:
    before = staff_by_id(db, duty.owner_id).public_id if duty.owner_id is not None else ""
    says: dict[str, Any] = {"duty": duty.duty_no, "kind": duty.kind, "from": before, "to": to.public_id if to else "", "reason": reason}
    record = enter(db, case, clock=clock, by=by.actor, kind=kind, says=says, while_frozen=True)
    store.hand(db, duty.loan_id, duty.duty_no, to.staff_id if to else None)
    return record


def _on_person(db: Db, clock: Clock, by: Staff, person: Staff, kind: str, says: Mapping[str, Any]) -> None:
    write_record(db, clock=clock, by=by.actor, chain_id=person.staff_id, chain=person.public_id, kind=kind, says=says)


def _digest(wanted: Wanted, lines: Collection[MoveLine]) -> str:
    """Stands for exactly these duties, their present owners, and who would get them."""
    told = [[line.loan, line.duty_no, line.owner_id or 0] for line in lines]
    return canonical.digest({"role": wanted.role, "from": wanted.owner or "", "to": wanted.to or "", "lines": told})


def _said(reason: str) -> str:
    """BadInput unless somebody said why."""
    if not (_SHORTEST_REASON <= len(reason.strip()) <= 500):
        raise BadInput("reason: say why, in 4 to 500 characters", field="reason", code="reason_short")
    return reason.strip()
