"""Strategies of follow-up: a risk manager drafts one, tries it on last month's book, and puts it live with a second person.

One version decides on any one day, and what it decided can be decided again from the record that closed the follow-up. A strategy
tells people what to do; the days of the pack bind as they are, and the rules of contact are asked at every contact anyway.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import psycopg

from holdfast import approvals
from holdfast.approvals import Request
from holdfast.approvals import Standing as Asked
from holdfast.duties import in_sight
from holdfast.followup import strategies_store as store
from holdfast.followup.strategies_store import DraftRow, VersionRow
from holdfast.followup.strategy_check import Defect, check
from holdfast.followup.strategy_model import (
    Decided,
    Does,
    Facts,
    Row,
    Step,
    Strategy,
    decide,
    decided_bytes,
    read,
    shipped,
    step_json,
    written,
)
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.parties import Staff, require
from holdfast.policy import lender, pack_in_force, record_house_act
from holdfast.servicing import Done, note_duty
from holdfast.servicing.arrears import five_tier, floor_on
from holdfast.servicing.month_end import book_at, lines_of, month_end_of, snapshots

Db = psycopg.Connection[Any]

ACT: Final = "strategy.propose"
SHIPPED_ID: Final = "shipped"
MOST_DUE: Final = 500
MOST_DIFFERENT: Final = 50
_AT_ONCE: Final = 2_000
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Version:
    """A version and where it stands: `proposed`, `refused`, `to_come`, `in_force` or `past`. The shipped one is version 0."""

    public_id: str
    version: int
    strategy: Strategy
    standing: str
    from_day: date | None
    row: VersionRow | None
    asked: Request | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft with its defects. `proposed` is the version of it that waits for a second person."""

    row: DraftRow
    strategy: Strategy
    defects: tuple[Defect, ...]
    proposed: str | None


@dataclass(frozen=True, slots=True)
class Advice:
    """What a strategy says about one loan, from which facts, and by which row of which version."""

    loan: str
    contract_no: str
    borrower: str
    currency: str
    facts: Facts
    decided: Decided
    strategy: Strategy
    public_id: str
    version: int

    def stamp(self) -> dict[str, Any]:
        """What the record that closes a follow-up keeps: enough to decide it again."""
        return {
            "strategy": self.public_id, "name": self.strategy.name, "version": self.version, "sha256": self.strategy.sha256,
            "facts": self.facts.told(), "row": self.decided.row, "failed": self.decided.failed, **step_json(self.decided.step),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Different:
    """A loan for which the draft says something else."""

    loan: str
    contract_no: str
    facts: Facts
    was: Decided
    now: Decided


@dataclass(frozen=True, slots=True)
class Trial:
    """What a draft would have said at a month's end, beside what the live version says about the same loans.

    `steps` counts by step under the live version and under the draft, `rows` how many loans each row of the draft takes. `different`
    is one page; `next` is the loan number after which the next one begins.
    """

    on: date
    loans: int
    changed: int
    steps: tuple[tuple[str, int, int], ...]
    rows: Mapping[str, int]
    different: tuple[Different, ...]
    next: int | None


# ── drafting ───────────────────────────────────────────────────────────────────────────────────────────────


def draft(db: Db, *, clock: Clock, by: Staff, name: str, based_on: str = "") -> Draft:
    """Begin a draft from the rows of a version, or of the one in force."""
    require(by, ACT)
    start = one(db, clock=clock, strategy=based_on) if based_on else in_force(db, clock.today())
    made = written(name, start.strategy.rows)
    public_id = new_id("sd")
    store.one_writer(db)
    store.insert_draft(db, public_id=public_id, content=made.content, by=by.staff_id, at=clock.now())
    says = {"draft": public_id, "name": made.name, "from": start.public_id, "sha256": made.sha256}
    record_house_act(db, clock=clock, by=by.actor, kind="strategy.drafted", says=says)
    return draft_of(db, draft=public_id)


def change(db: Db, *, clock: Clock, by: Staff, draft: str, revision: int, rows: Sequence[Row], name: str = "") -> Draft:
    """Put other rows into a draft. They must be rows; gaps and overlaps may stand until it is proposed.

    Refusal if somebody has changed it since `revision` was read, or while it waits for a second person.
    """
    require(by, ACT)
    store.one_writer(db)
    found = _open(db, draft)
    if found.row.revision != revision:
        raise Refusal(
            f"{found.row.changed_by} has changed the draft meanwhile; look at it again", code="draft_changed", name=found.row.changed_by
        )
    made = written(name or found.strategy.name, rows)
    store.change_draft(db, draft_id=found.row.draft_id, content=made.content, by=by.staff_id, at=clock.now())
    says = {"draft": draft, "name": made.name, "was": found.strategy.sha256, "sha256": made.sha256}
    record_house_act(db, clock=clock, by=by.actor, kind="strategy.changed", says=says)
    return draft_of(db, draft=draft)


def set_aside(db: Db, *, clock: Clock, by: Staff, draft: str) -> None:
    """Nobody works at this draft any more. Refusal while it waits for a second person."""
    require(by, ACT)
    store.one_writer(db)
    found = _open(db, draft)
    store.end_draft(db, found.row.draft_id, clock.now())
    record_house_act(db, clock=clock, by=by.actor, kind="strategy.set_aside", says={"draft": draft, "sha256": found.strategy.sha256})


def propose(db: Db, *, clock: Clock, by: Staff, draft: str, from_day: date, words: str) -> Version:
    """Ask a second person, who has not written at it, to put the draft live from a day on.

    BadInput, naming every defect, while it has gaps or overlaps, and for a day before tomorrow: of one day one version decides.
    """
    require(by, ACT)
    store.one_writer(db)
    found = _open(db, draft)
    if found.defects:
        told = [each.sentence for each in found.defects]
        raise BadInput("draft: " + "; ".join(told), field="draft", code="strategy_not_whole", defects=told)
    if from_day < (earliest := clock.today() + _DAY):
        raise BadInput(f"from_day: {earliest} at the earliest", field="from_day")
    public_id = new_id("st")
    inputs = {"strategy": public_id, "sha256": found.strategy.sha256, "from_day": from_day.isoformat()}
    asked = approvals.ask(db, clock=clock, by=by, act=ACT, inputs=inputs, reason=words, barred=found.row.writers)
    store.insert_version(
        db, public_id=public_id, draft_id=found.row.draft_id, content=found.strategy.content, from_day=from_day, approval=asked.public_id,
        by=by.staff_id, at=clock.now(),
    )  # fmt: skip
    return one(db, clock=clock, strategy=public_id)


def answer(db: Db, *, clock: Clock, by: Staff, strategy: str, approved: bool, words: str) -> Version:
    """The second person's yes or no. After a yes it decides from its day on; after a no the draft may be worked at again.

    Refusal if that day has come meanwhile: then it is proposed once more.
    """
    require(by, "strategy.answer")
    store.one_writer(db)
    found = one(db, clock=clock, strategy=strategy)
    if found.row is None:
        raise Refusal("the strategy that comes with the program is asked of nobody", code="strategy_shipped")
    answered = approvals.answer(db, clock=clock, by=by, public_id=found.row.approval, approved=approved, words=words)
    if approved:
        if (earliest := clock.today() + _DAY) > found.row.from_day:
            raise Refusal(
                f"it was to begin on {found.row.from_day}; {earliest} is the earliest now", code="strategy_too_late",
                day=earliest.isoformat(),
            )  # fmt: skip
        approvals.spend(db, clock=clock, by=by.actor, public_id=found.row.approval, act=ACT, inputs=answered.inputs)
        store.put_live(db, found.row.strategy_id, clock.now())
        store.end_draft(db, draft_of(db, draft=found.row.draft).row.draft_id, clock.now())
        says = {
            "strategy": strategy, "name": found.strategy.name, "version": found.version, "from": found.row.from_day.isoformat(),
            "sha256": found.strategy.sha256, "table": found.strategy.content, "approval": found.row.approval,
        }  # fmt: skip
        record_house_act(db, clock=clock, by=by.actor, kind="strategy.live", says=says)
    return one(db, clock=clock, strategy=strategy)


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


def drafts(db: Db) -> list[Draft]:
    """The drafts that are worked at, newest first."""
    return [_draft(db, row) for row in store.drafts(db)]


def draft_of(db: Db, *, draft: str) -> Draft:
    """A draft by its public id, even one that is done with; NotFound otherwise."""
    rows = store.drafts(db, draft)
    if not rows:
        raise NotFound(f"there is no draft {draft}", code="no_strategy", field="draft")
    return _draft(db, rows[0])


def every(db: Db, *, clock: Clock) -> list[Version]:
    """All versions, newest first; the one that comes with the program last."""
    today = clock.today()
    live = store.in_force(db, today)
    return [*(_version(db, row, live, today) for row in store.versions(db)), _shipped("in_force" if live is None else "past")]


def one(db: Db, *, clock: Clock, strategy: str) -> Version:
    """A version by its public id, `shipped` for the one that comes with the program; NotFound otherwise."""
    today = clock.today()
    live = store.in_force(db, today)
    if strategy == SHIPPED_ID:
        return _shipped("in_force" if live is None else "past")
    rows = store.versions(db, strategy)
    if not rows:
        raise NotFound(f"there is no strategy {strategy}", code="no_strategy", field="strategy")
    return _version(db, rows[0], live, today)


def in_force(db: Db, on: date) -> Version:
    """The version that decides on a day: the latest that has begun, or the one that comes with the program."""
    live = store.in_force(db, on)
    return _shipped("in_force") if live is None else _version(db, store.versions(db, live)[0], live, on)


# ── deciding ───────────────────────────────────────────────────────────────────────────────────────────────


def for_loan(db: Db, *, clock: Clock, loan_id: int) -> Advice | None:
    """What to do at the follow-up of one loan today, and why; None if nothing is late."""
    return _advised(db, clock, [loan_id]).get(loan_id)


def for_loans(db: Db, *, clock: Clock, loans: Sequence[str]) -> dict[str, Advice]:
    """What to do at the follow-ups of several loans, by their public ids: of those that are late."""
    return {each.loan: each for each in _advised(db, clock, store.numbers(db, loans)).values()}


def due(db: Db, *, clock: Clock, by: Staff) -> list[Advice]:
    """What to do today: the loans within sight whose follow-up is due, the most points first; of very many the earliest deadlines only."""
    sight, values = by.scope.condition("l")
    found = store.due(db, sight, values, today=clock.today(), limit=MOST_DUE)
    advised = _advised(db, clock, found)
    return sorted((advised[loan_id] for loan_id in found if loan_id in advised), key=lambda each: -each.decided.step.points)


def note(
    db: Db, *, clock: Clock, by: Staff, loan: str, duty_no: int, outcome: str, words: str, pay_by: date | None = None,
    how: str = "",
) -> Done:  # fmt: skip
    """Note how a duty went, as `servicing.note_duty`; the record of a follow-up keeps what the strategy said to do, and why."""
    advice = for_loan(db, clock=clock, loan_id=in_sight(db, loan, by.scope))
    return note_duty(
        db, clock=clock, by=by, loan=loan, duty_no=duty_no, outcome=outcome, words=words, pay_by=pay_by, how=how,
        by_strategy=advice.stamp() if advice else None,
    )  # fmt: skip


def again(db: Db, *, clock: Clock, stamp: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """What a record says was decided, and what the same version decides of the same facts now: the same bytes, or something is wrong.

    Refusal if the version is not the one whose digest the record holds.
    """
    found = one(db, clock=clock, strategy=stamp["strategy"])
    strategy = found.strategy if found.strategy.sha256 == stamp["sha256"] else None
    if strategy is None:
        raise Refusal(f"strategy {stamp['strategy']} is not the one that decided", code="strategy_differs", strategy=stamp["strategy"])
    facts = Facts.of(stamp["facts"])
    was = Decided(stamp["row"], _step_of(stamp), stamp["failed"])
    return decided_bytes(was), decided_bytes(decide(facts, strategy))


def try_on(db: Db, *, clock: Clock, by: Staff, draft: str, month: str = "", after: int = -1) -> Trial:
    """What a draft, or a version, would have said at the end of a month (written 2026-10; the last one if it is not said). Writes nothing.

    The loans late on that day within sight, as the month's snapshot or else the book of that day tells them, with what else was known
    then. BadInput for a month that has not ended.
    """
    require(by, "strategy.try")
    today = clock.today()
    on = month_end_of(month) if month else today.replace(day=1) - _DAY
    if on >= today:
        raise BadInput(f"month: {month} has not ended", field="month")
    tried = draft_of(db, draft=draft).strategy if draft.startswith("sd_") else one(db, clock=clock, strategy=draft).strategy
    live = in_force(db, today).strategy
    was, now, rows = Counter[str](), Counter[str](), Counter[str]()
    different: list[Different] = []
    loans = changed = 0
    more: int | None = None
    for loan_id, loan, contract_no, facts in _late_at(db, by, on):
        before, instead = decide(facts, live), decide(facts, tried)
        loans += 1
        was[before.step.step.value] += 1
        now[instead.step.step.value] += 1
        rows[instead.row] += 1
        if _acts(before) == _acts(instead):
            continue
        changed += 1
        if loan_id <= after:
            continue
        if len(different) < MOST_DIFFERENT:
            different.append(Different(loan, contract_no, facts, before, instead))
            last = loan_id
        else:
            more = last
    steps = tuple((step, was[step], now[step]) for step in dict.fromkeys([*was, *now]))
    return Trial(on, loans, changed, steps, dict(rows), tuple(different), more)


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _acts(decided: Decided) -> tuple[str, ...]:
    """What matters of an answer to whoever has to act on it."""
    return decided.step.step, decided.step.role, decided.step.script


def _step_of(stamp: Mapping[str, Any]) -> Step:
    return Step(Does(stamp["step"]), stamp["role"], stamp["script"], stamp["points"], stamp["why"])


def _advised(db: Db, clock: Clock, loans: Sequence[int]) -> dict[int, Advice]:
    """What the version in force says of these loans today, by their numbers: of those that are late."""
    if not loans:
        return {}
    today = clock.today()
    house, live = lender(db), in_force(db, today)
    floors = pack_in_force(db, clock).table("classification.floors", on=today, lender_type=house.lender_type)
    late = [row for row in store.standing(db, loans, today) if row["days_late"] > 0]
    known = store.known(db, {row["loan_id"]: row["days_late"] for row in late}, today)
    found = {}
    for row in late:
        loan_class = five_tier(row["days_late"], floors, floor_on(row["class_floor"], row["observe_until"], today))
        facts = _facts(
            known[row["loan_id"]], days=row["days_late"], loan_class=loan_class, product=row["product_code"], lender_type=house.lender_type,
            exposure=row["principal_out"],
        )  # fmt: skip
        found[row["loan_id"]] = Advice(
            row["public_id"], row["contract_no"], row["borrower_label"], row["currency"], facts, decide(facts, live.strategy),
            live.strategy, live.public_id, live.version,
        )  # fmt: skip
    return found


def _late_at(db: Db, by: Staff, on: date) -> Iterator[tuple[int, str, str, Facts]]:
    """The loans within sight that were late at the end of a day, in order of their numbers, with their facts of that day."""
    kind = lender(db).lender_type
    sight, values = by.scope.condition("l")
    taken = next((each for each in snapshots(db) if each.on == on), None)

    def lines() -> Iterator[Any]:
        if taken is None:
            yield from book_at(db, on)
            return
        after = -1
        while page := lines_of(db, taken, after=after):
            yield from page
            after = page[-1].loan_id

    for chunk in _in_chunks(line for line in lines() if line.days_late > 0 and line.state == "active"):
        seen = store.in_sight(db, [line.loan_id for line in chunk], sight, values)
        known = store.known(db, {line.loan_id: line.days_late for line in chunk if line.loan_id in seen}, on)
        for line in chunk:
            if line.loan_id in seen:
                loan, contract_no = seen[line.loan_id]
                facts = _facts(
                    known[line.loan_id], days=line.days_late, loan_class=line.loan_class, product=line.product_code, lender_type=kind,
                    exposure=line.principal,
                )  # fmt: skip
                yield line.loan_id, loan, contract_no, facts


def _in_chunks(lines: Iterable[Any]) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) == _AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _facts(known: Mapping[str, Any], *, days: int, loan_class: str, product: str, lender_type: str | None, exposure: int) -> Facts:
    return Facts(
        days, loan_class, product, str(lender_type), exposure, known["promises_broken"], known["times_followed_up"], known["in_custody"],
        known["restructured"], known["paused"],
    )  # fmt: skip


def _open(db: Db, draft: str) -> Draft:
    found = draft_of(db, draft=draft)
    if found.row.ended_at is not None:
        raise Refusal("nobody works at this draft any more; begin another one", code="draft_ended")
    if found.proposed:
        raise Refusal("the draft waits for a second person; it is changed after their answer", code="draft_proposed")
    return found


def _draft(db: Db, row: DraftRow) -> Draft:
    strategy = read(row.content)
    waiting = (each for each in store.versions(db) if each.draft == row.public_id and each.live_at is None)
    proposed = next((each.public_id for each in waiting if approvals.request(db, each.approval).standing is Asked.OPEN), None)
    return Draft(row, strategy, tuple(check(strategy.rows)), proposed)


def _version(db: Db, row: VersionRow, live: str | None, today: date) -> Version:
    asked = approvals.request(db, row.approval)
    if row.live_at is None:
        standing = "refused" if asked.standing is Asked.REFUSED else "proposed"
    elif row.from_day > today:
        standing = "to_come"
    else:
        standing = "in_force" if row.public_id == live else "past"
    return Version(row.public_id, row.version, Strategy(read(row.content).name, row.content), standing, row.from_day, row, asked)


def _shipped(standing: str) -> Version:
    return Version(SHIPPED_ID, 0, shipped(), standing, None, None, None)
