"""The night: what it will do, what it did, and closing the day."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final

from ninja import Router
from pydantic import Field

from holdfast.days import close_through, lives_apart, preview
from holdfast.kernel.errors import BadInput
from holdfast.policy import lender
from holdfast.servicing.pages import LARGEST_PAGE
from holdfast.web.api.operation import NEXT, Call, operation
from holdfast.web.api.reading import nights
from holdfast.web.api.shapes import NightList, TonightOut
from holdfast.web.api.values import Day, In

router = Router()

_MOST_LINES: Final = 1_000
_FURTHEST: Final = timedelta(days=31)


class CloseIn(In):
    """Up to which business day the book is closed; today if none is given."""

    through: Day | None = None


@operation(router, "GET", "/night/tonight", "night.tonight", answer=TonightOut)
def tonight(call: Call, limit: Annotated[int, Field(ge=0, le=_MOST_LINES)] = 200) -> Any:
    """What tonight will do, line by line with its rule, before it happens. Nothing is written."""
    night = preview(call.clock.today())
    return {**night.as_json(), "lines": [line.as_json() for line in night.lines[:limit]], "more": max(0, len(night.lines) - limit)}


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
