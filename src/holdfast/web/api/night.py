"""The night: what it will do, what it did, and closing the day."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from ninja import Router
from pydantic import Field

from holdfast.contact import hold_line, let_go
from holdfast.days import close_through, lives_apart, preview
from holdfast.kernel.errors import BadInput
from holdfast.policy import lender
from holdfast.servicing.morning import held_lines, loans_in_sight, messages_not_done, messages_promised_for
from holdfast.servicing.pages import LARGEST_PAGE
from holdfast.servicing.reading import loan_number
from holdfast.web.api.operation import NEXT, Call, operation
from holdfast.web.api.reading import nights
from holdfast.web.api.shapes import NightLineOut, NightList, TonightOut
from holdfast.web.api.values import Day, In, Instant, Name, Out, Words

router = Router()

_MOST_LINES: Final = 1_000
_FURTHEST: Final = timedelta(days=31)
_DAY: Final = timedelta(days=1)


class HeldLineOut(Out):
    """A line that somebody holds back, who and why."""

    loan: str
    on: Day
    kind: str
    about: str
    reason: str
    held_at: Instant
    by: str


class HeldLines(Out):
    """The lines of today and tomorrow that are held back, of the loans within sight."""

    held: list[HeldLineOut]


class NightLines(HeldLines):
    """What the coming night would do to loans within sight; `more` says that not all of it is here."""

    date: Day
    lines: list[NightLineOut]
    more: bool


class LetGoIn(In):
    """Which line: the loan, the day on which its message is to go, and what it is about (`i3 T-7`), as the night's lines have them."""

    loan: Name
    on: Day
    about: Annotated[str, Field(min_length=1, max_length=40)]


class HoldIn(LetGoIn):
    """Which line, and why it is held back."""

    reason: Words


class DifferenceOut(Out):
    """A message that was promised and not sent, or of which nobody knows. `with_person`: a caller has it now."""

    loan: str
    kind: str | None
    about: str | None
    purpose: str
    why: str
    with_person: bool


class MorningOut(Out):
    """Promised against done: `failed` counts those of which nobody knows too; `more`, the differences that are not listed here."""

    date: Day
    promised: int
    sent: int
    dropped: int
    failed: int
    waiting: int
    differences: list[DifferenceOut]
    more: int


class CloseIn(In):
    """Up to which business day the book is closed; today if none is given."""

    through: Day | None = None


@operation(router, "GET", "/night/tonight", "night.tonight", answer=TonightOut)
def tonight(call: Call, limit: Annotated[int, Field(ge=0, le=_MOST_LINES)] = 200) -> Any:
    """What tonight will do, line by line with its rule, before it happens. Nothing is written."""
    night = preview(call.clock.today())
    return {**night.as_json(), "lines": [line.as_json() for line in night.lines[:limit]], "more": max(0, len(night.lines) - limit)}


@operation(router, "GET", "/night/lines", "night.lines", answer=NightLines)
def lines(
    call: Call, kind: Literal["message", "duty", "class"] | None = None, limit: Annotated[int, Field(ge=1, le=_MOST_LINES)] = 200
) -> Any:  # fmt: skip
    """What tonight will do to the loans within sight, line by line with its rule, and the lines that are held back already.

    Of a large night as many loans are looked at as lines are asked for; `more` says that not all of it is here.
    """
    today = call.clock.today()
    night = preview(today, most=limit)
    seen = loans_in_sight(call.db, call.look, sorted({line.loan for line in night.lines if line.loan}))
    found = [line for line in night.lines if line.loan in seen and kind in (None, line.kind)]
    more = len(found) > limit or night.loans >= limit
    return {"date": today, "lines": [line.as_json() for line in found[:limit]], **_all_held(call), "more": more}


@operation(router, "POST", "/night/holds", "night.hold", answer=HeldLines)
def hold(call: Call, body: HoldIn) -> Any:
    """Hold a message of tonight back, with a reason that stays on the loan's chain; it is a person's to tell instead."""
    hold_line(call.db, **_line(call, body), reason=body.reason)
    return _all_held(call)


@operation(router, "POST", "/night/holds/let-go", "night.let_go", answer=HeldLines)
def let_line_go(call: Call, body: LetGoIn) -> Any:
    """Let a line that is held run after all; not found if nobody holds it."""
    let_go(call.db, **_line(call, body))
    return _all_held(call)


@operation(router, "GET", "/night/morning", "night.morning", answer=MorningOut)
def morning(call: Call, on: Day | None = None, limit: Annotated[int, Field(ge=1, le=_MOST_LINES)] = 200) -> Any:
    """What was promised for a day (today, if none is given) against what was done, of the loans within sight, difference by difference."""
    day = on or call.clock.today()
    told = messages_promised_for(call.db, call.look, day)
    undone = messages_not_done(call.db, call.look, day, limit)
    names = ("kind", "about", "purpose", "why", "with_person")
    counts = {name: told[name] for name in ("promised", "sent", "dropped", "failed", "waiting")}
    more = max(0, counts["dropped"] + counts["failed"] + counts["waiting"] - len(undone))
    return {"date": day, **counts, "more": more,
            "differences": [{"loan": row["public_id"], **{name: row[name] for name in names}} for row in undone]}  # fmt: skip


@operation(router, "GET", "/nights", "night.list", answer=NightList)
def list_nights(call: Call, limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 50, cursor: str | None = NEXT) -> Any:
    """The nights that have run, newest first."""
    return nights(call.db, cursor=cursor, limit=limit)


@operation(router, "POST", "/night", "night.run", answer=NightList)
def close_days(call: Call, body: CloseIn) -> Any:
    """Close each business day that is not closed yet; answers with the nights that ran.

    Days that have not come can be closed only where a book lives apart from the machine's date, and at most 31 at once.
    """
    today = call.clock.today()
    through = body.through or today
    furthest = today + _FURTHEST if lives_apart(lender(call.db)) else today
    if through > furthest:
        raise BadInput(f"through: {through} is too far ahead; today is {today}, and this call closes up to {furthest}", field="through")
    return {"items": [night.as_json() for night in close_through(through)], "next": None}


def _line(call: Call, body: LetGoIn) -> dict[str, Any]:
    loan_id = loan_number(call.db, call.look, body.loan)
    return {"clock": call.clock, "by": call.staff, "loan_id": loan_id, "on": body.on, "kind": "message", "about": body.about}


def _all_held(call: Call) -> dict[str, Any]:
    today = call.clock.today()
    return {"held": [_held(row) for row in held_lines(call.db, call.look, today, today + _DAY)]}


def _held(row: dict[str, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in ("kind", "about", "reason", "held_at")}
    return {**told, "loan": row["public_id"], "on": row["on_date"], "by": row["by_name"]}
