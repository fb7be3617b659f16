"""Queues: the duties that people have in hand, in the order of what is at stake, each line with its reasons.

The order is computed in the database from the pack's tables, so that a page of a large book is a page; the points and reasons
of a line come from `duties.ranking.rank`, and a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from holdfast.duties import escalation
from holdfast.duties.ownership import Hands
from holdfast.duties.ranking import SIGNALS, Rank, Stake, Steps, Weights, rank
from holdfast.kernel.clock import instant_on
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money
from holdfast.life import DUTIES
from holdfast.parties import Role, Staff
from holdfast.servicing.pages import Db, Page, cursor_after, fetch, page_size, read_cursor
from holdfast.servicing.reading import LATE
from holdfast.servicing.views import Look

# mine: what I have taken or stand in for. role: my role's, nobody's yet. open: both. told: what I hear of as a supervisor.
# snoozed: mine that I put off.
VIEWS: Final = ("open", "mine", "role", "told", "snoozed")
_STEPPED: Final = ("exposure", "days_past_due", "time_used", "days_overdue")


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One duty of a queue: where it ranks and why, how much of its time is used, and who has been told so far.

    `does` is the inner key of who does it today: the owner, or who stands in; None where anyone of the role may take it.
    """

    loan: str
    contract_no: str
    borrower: str
    product_zh: str
    product_en: str
    no: int
    kind: str
    about: str
    due_on: date
    due_at: datetime
    window_from: datetime
    role: str
    owner: str | None
    owner_id: int | None
    does: int | None
    attempts: int
    used: int
    exposure: Money
    snoozed_until: datetime | None
    rank: Rank
    told: tuple[str, ...]


def queue(
    db: Db, look: Look, by: Staff, hands: Hands, weights: Weights, *, now: datetime, zone: str, view: str = "open", kind: str | None = None,
    roles: Sequence[str] | None = None, cursor: str | None = None, limit: int = 50,
) -> Page[QueueLine]:  # fmt: skip
    """A page of the duties whose time has begun or begins today, the most at stake first. BadInput for a view that is none.

    `roles` are the roles whose queues this person works (their own, if it is not said).
    """
    condition, values = _narrow(look, by, hands, zone, view, roles)
    if kind is not None:
        if kind not in DUTIES:
            raise BadInput(f"kind: {kind!r} is not a kind of duty; use one of {', '.join(DUTIES)}", field="kind")
        condition += " AND d.kind = %(kind)s"
        values["kind"] = kind
    after = ""
    if cursor is not None:
        worth, at, loan, no = read_cursor(cursor, f"queue {view}", "integer", "timestamptz", "bigint", "integer")
        values |= {"points": int(worth), "at": at, "loan": int(loan), "no": int(no)}
        after = """WHERE points < %(points)s
            OR (points = %(points)s AND (due_at, loan_id, duty_no) > (%(at)s::timestamptz, %(loan)s::bigint, %(no)s::integer))"""
    points, tables = _points(weights)
    values |= {"now": now, "today": look.today, "zone": zone, "limit": page_size(limit) + 1, **tables}
    rows = fetch(db, _PAGE.format(late=LATE, broken=_BROKEN, points=points, condition=condition, after=after), values)
    lines = [_line(row, hands, weights, now) for row in rows[:limit]]
    return Page(lines, cursor_after(rows, limit, f"queue {view}", "points", "due_at", "loan_id", "duty_no"))


def count(
    db: Db, look: Look, by: Staff, hands: Hands, *, now: datetime, zone: str, view: str = "open", roles: Sequence[str] | None = None,
    most: int = 1_000,
) -> int:  # fmt: skip
    """How many duties a view holds; counting stops at `most`."""
    condition, values = _narrow(look, by, hands, zone, view, roles)
    sql = f"SELECT count(*) AS n FROM (SELECT 1 FROM duty d JOIN loan l USING (loan_id) WHERE {condition} LIMIT %(most)s) AS counted"
    return int(fetch(db, sql, {**values, "now": now, "most": most})[0]["n"])


def _narrow(
    look: Look, by: Staff, hands: Hands, zone: str, view: str, roles: Sequence[str] | None
) -> tuple[str, dict[str, Any]]:  # fmt: skip
    """The condition of a view and its values; only what people do is in it, so that the index over their duties serves."""
    if view not in VIEWS:
        raise BadInput(f"view: {view!r} is no view; use one of {', '.join(VIEWS)}", field="view")
    sight, scoped = look.sight.condition("l")
    tomorrow = instant_on(look.today + timedelta(days=1), time(0), zone)
    values: dict[str, Any] = {**scoped, "owners": hands.owners_for(by.staff_id), "pool": hands.pool, "tomorrow": tomorrow}
    people = f"d.open AND d.window_from < %(tomorrow)s AND {sight}"
    mine = "d.owner_id = ANY(%(owners)s::bigint[])"
    pool = "(d.owner_id IS NULL OR d.owner_id = ANY(%(pool)s::bigint[])) AND d.role <> 'system' AND d.role = ANY(%(roles)s::text[])"
    awake = "(d.snoozed_until IS NULL OR d.snoozed_until <= %(now)s OR d.due_at <= %(now)s)"
    values["roles"] = list(roles if roles is not None else (str(by.role),))
    if view == "told":
        hears = hands.ladder.hears(str(by.role))
        values |= {"hears": list(hears), "from_percent": list(hears.values())}
        passed = (
            "EXISTS (SELECT 1 FROM unnest(%(hears)s::text[], %(from_percent)s::integer[]) AS heard (role, percent)"
            " WHERE heard.role = d.role AND %(now)s >= d.window_from + (d.due_at - d.window_from) * heard.percent / 100)"
        )
        return f"{people} AND d.role <> 'system' AND d.role = ANY(%(hears)s::text[]) AND {passed}", values
    if view == "snoozed":
        return f"{people} AND {mine} AND NOT {awake}", values
    whose = {"mine": mine, "role": pool, "open": f"({mine} OR {pool})"}[view]
    return f"{people} AND {whose} AND {awake}", values


def _points(weights: Weights) -> tuple[str, dict[str, int]]:
    """The pack's tables as one expression, with its values: as `ranking.rank` adds them up, the highest step that is reached of each."""
    terms: list[str] = []
    values: dict[str, int] = {}
    for name in _STEPPED:
        steps: Steps = getattr(weights, name)
        cases = []
        for place, (at, points) in reversed(list(enumerate(zip(steps.at, steps.points, strict=True)))):
            values |= {f"{name}_at_{place}": at, f"{name}_{place}": points}
            cases.append(f"WHEN {name} >= %({name}_at_{place})s::bigint THEN %({name}_{place})s::integer")
        if cases:
            terms.append(f"CASE {' '.join(cases)} ELSE 0 END")
    for name in SIGNALS:
        values[name] = weights.signals.get(name, 0)
        terms.append(f"CASE WHEN {name} THEN %({name})s::integer ELSE 0 END")
    return " + ".join(terms), values


# The promises of the last quarter whose day has gone by without anything having come in since they were made.
_BROKEN: Final = """payment_promise p
             WHERE p.pay_by < %(today)s::date AND p.pay_by >= %(today)s::date - 92
               AND NOT EXISTS (SELECT 1 FROM loan_event e
                                WHERE e.loan_id = p.loan_id AND e.kind = 'receipt' AND e.on_date >= p.made_on)"""

# Promises: the first duties of a view by points, then by deadline; what names and words cost is asked for these lines alone.
_PAGE: Final = """
WITH stake AS MATERIALIZED (
    SELECT d.loan_id, d.duty_no, d.due_at, l.principal_out AS exposure, coalesce({late}, 0) AS days_past_due,
           CASE WHEN %(now)s >= d.due_at THEN 100
                ELSE floor(100 * extract(epoch FROM %(now)s - d.window_from) / extract(epoch FROM d.due_at - d.window_from))
           END AS time_used,
           CASE WHEN d.due_at <= %(now)s THEN %(today)s::date - (d.due_at AT TIME ZONE %(zone)s)::date ELSE 0 END AS days_overdue,
           d.kind = 'promise_broken' OR d.loan_id IN (SELECT p.loan_id FROM {broken}) AS promise_broken,
           d.loan_id IN (SELECT k.loan_id FROM custody_item i JOIN pledge g USING (thing_id) JOIN pledge_loan k USING (pledge_id)
                          WHERE i.state = 'missing' AND g.state = 'delivered') AS thing_missing,
           EXISTS (SELECT 1 FROM loan_pledge k JOIN pledge g USING (pledge_id)
                     LEFT JOIN LATERAL (SELECT CASE WHEN c.counting_id IS NOT NULL AND coalesce(c.valid_until >= %(today)s::date, true)
                                                    THEN c.amount END AS worth
                                          FROM valuation_choice c WHERE c.thing_id = g.thing_id ORDER BY c.choice_id DESC LIMIT 1) v ON true
                    WHERE k.loan_id = d.loan_id AND g.state = 'delivered'
                   HAVING bool_and(v.worth IS NOT NULL) AND sum(v.worth) < l.principal_out) AS thing_short,
           d.loan_id IN (SELECT f.loan_id FROM loan_freeze f WHERE f.lifted_seq IS NULL) AS frozen
      FROM duty d JOIN loan l USING (loan_id) LEFT JOIN account a USING (loan_id)
     WHERE {condition}
), ranked AS (
    SELECT * FROM (SELECT stake.*, {points} AS points FROM stake) AS pointed
    {after}
    ORDER BY points DESC, due_at, loan_id, duty_no LIMIT %(limit)s
)
SELECT r.*, CASE WHEN r.promise_broken THEN (SELECT max(p.pay_by) FROM payment_promise p
                                         WHERE p.loan_id = r.loan_id AND p.pay_by < %(today)s::date) END AS promise,
       l.public_id, l.contract_no, l.borrower_label, l.currency, p.name_zh, p.name_en,
       d.kind, d.about, d.due_on, d.window_from, d.role, d.owner_id, d.attempts, d.snoozed_until, o.name AS owner
  FROM ranked r JOIN duty d USING (loan_id, duty_no) JOIN loan l USING (loan_id) JOIN product p ON p.code = l.product_code
  LEFT JOIN staff o ON o.staff_id = d.owner_id
 ORDER BY r.points DESC, r.due_at, r.loan_id, r.duty_no"""


def _line(row: Mapping[str, Any], hands: Hands, weights: Weights, now: datetime) -> QueueLine:
    used, _ = escalation(row["window_from"], row["due_at"], now)
    stake = Stake(
        row["exposure"], row["days_past_due"], used, row["days_overdue"], row["promise"], row["thing_missing"], row["thing_short"],
        row["frozen"],
    )  # fmt: skip
    return QueueLine(
        loan=row["public_id"], contract_no=row["contract_no"], borrower=row["borrower_label"], product_zh=row["name_zh"],
        product_en=row["name_en"], no=row["duty_no"], kind=row["kind"], about=row["about"], due_on=row["due_on"], due_at=row["due_at"],
        window_from=row["window_from"], role=row["role"], owner=row["owner"], owner_id=row["owner_id"], does=hands.does(row["owner_id"]),
        attempts=row["attempts"], used=used, exposure=Money(row["exposure"], row["currency"]), snoozed_until=row["snoozed_until"],
        rank=rank(stake, weights), told=hands.ladder.told(row["role"], used),
    )  # fmt: skip


def works(role: str) -> tuple[str, ...]:
    """Whose queues a role works: its own; the administrator looks into every person's, others who decide nothing into none."""
    human = tuple(str(each) for each in (Role.CALLER, Role.OFFICER, Role.APPROVER, Role.CUSTODIAN, Role.RISK, Role.ADMIN))
    return human if role == Role.ADMIN else (role,)
