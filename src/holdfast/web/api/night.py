"""The night: what it will do, what it did, and closing the day."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router
from pydantic import Field

from holdfast.days import close_through, preview
from holdfast.servicing.pages import LARGEST_PAGE
from holdfast.web.api.operation import NEXT, Call, operation
from holdfast.web.api.reading import nights
from holdfast.web.api.shapes import NightList, TonightOut
from holdfast.web.api.values import Day, In

router = Router()

_MOST_LINES = 1_000


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
    """Close each business day that is not closed yet; answers with the nights that ran."""
    return {"items": [night.as_json() for night in close_through(body.through or call.clock.today())], "next": None}
