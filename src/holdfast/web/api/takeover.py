"""Tapes and exports: handing one in to be read by the worker, following how far it is, and what the comparisons came to."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from ninja import Router
from ninja.files import UploadedFile
from ninja.params import functions as given_as

from holdfast.kernel.calendar import parse_date
from holdfast.kernel.errors import BadInput
from holdfast.takeover import ask, ask_comparison, job, shadow, shipped, tape
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.shapes import ComparedDaysOut, ComparisonOut, TapeOut
from holdfast.web.api.values import In, MoneyIn
from holdfast.web.uploads import keep_tape, plain_name

router = Router()

MAP: Final[Any] = given_as.Form(..., alias="map")
AS_OF: Final[Any] = given_as.Form(None)
_LISTED: Final = 50


class AcceptanceIn(In):
    """What is accepted: one line's difference, or (without a line) every loan's with this cause, and why.

    `most` says how far the balances may lie apart for it to hold on later days too (default: as far as now).
    """

    cause: str
    line: int | None = None
    most: MoneyIn | None = None
    reason: str


class TakeBackIn(In):
    """Which acceptance is taken back, and why."""

    cause: str
    line: int | None = None
    reason: str


@operation(router, "POST", "/tapes", "takeover.hand_in", answer=TapeOut, status=202)
def hand_in(call: Call, file: UploadedFile, map_name: str = MAP, as_of: str | None = AS_OF) -> Any:
    """Hand in a tape (CSV) with the name of its map and, if the map does not say it, the day whose balances it shows.

    The worker reads it; follow it with `GET /tapes/{id}`. The same tape twice books nothing twice.
    """
    on = _asked(map_name, as_of)
    asked = ask(
        call.db, clock=call.clock, by=call.staff, map_name=map_name, as_of=on, path=keep_tape(file), file_name=plain_name(file)
    )  # fmt: skip
    return _followed(call, asked)


@operation(router, "GET", "/tapes/{tape_id}", "takeover.progress", answer=TapeOut)
def follow(call: Call, tape_id: str) -> Any:
    """How far a tape is, and how tape and book compare once it is read."""
    return _followed(call, tape_id)


@operation(router, "POST", "/comparisons", "takeover.compare", answer=TapeOut, status=202)
def compare(call: Call, file: UploadedFile, map_name: str = MAP, as_of: str | None = AS_OF) -> Any:
    """Hand in the old system's export (CSV or XLSX) of the end of a day (default: yesterday), to be compared with the book.

    The worker reads it; follow it with `GET /tapes/{id}`, whose `tape` then names the comparison. Nothing of the book is changed.
    """
    on = _asked(map_name, as_of)
    asked = ask_comparison(
        call.db, clock=call.clock, by=call.staff, map_name=map_name, as_of=on, path=keep_tape(file), file_name=plain_name(file)
    )  # fmt: skip
    return _followed(call, asked)


@operation(router, "GET", "/comparisons", "takeover.comparisons", answer=ComparedDaysOut)
def days(call: Call) -> Any:
    """The latest comparisons with an old system, newest first."""
    runs = shadow.comparisons(call.db, limit=_LISTED)
    facts = ("compared", "different", "unexplained")
    items = [{"run": run.public_id, "map": run.map_name, "as_of": run.as_of, **{name: run.outcome[name] for name in facts}} for run in runs]
    return {"items": items, "next": None}


@operation(router, "GET", "/comparisons/{comparison}", "takeover.comparison", answer=ComparisonOut)
def comparison(call: Call, comparison: str) -> Any:
    """One comparison: totals, causes, each loan that differs with what proves the cause, and the trend of its map."""
    return _compared(call, comparison)


@operation(router, "POST", "/comparisons/{comparison}/acceptances", "takeover.accept_difference", answer=ComparisonOut)
def accept(call: Call, comparison: str, given: AcceptanceIn) -> Any:
    """Accept a difference with a reason: of one line's loan, or of every loan with a proved cause."""
    most = None if given.most is None else given.most.money()
    shadow.accept(
        call.db, clock=call.clock, by=call.staff, comparison=comparison, cause=given.cause, line=given.line, most=most, reason=given.reason
    )
    return _compared(call, comparison)


@operation(router, "POST", "/comparisons/{comparison}/acceptances/take-back", "takeover.take_back_acceptance", answer=ComparisonOut)
def take_back(call: Call, comparison: str, given: TakeBackIn) -> Any:
    """Take an acceptance back: what it covered is a difference again."""
    shadow.take_back(
        call.db, clock=call.clock, by=call.staff, comparison=comparison, cause=given.cause, line=given.line, reason=given.reason
    )
    return _compared(call, comparison)


def _compared(call: Call, public_id: str) -> dict[str, Any]:
    found = shadow.comparison(call.db, call.staff, public_id)
    return shadow.in_json(found, shadow.days(call.db, found.run.map_name, limit=_LISTED))


def _asked(map_name: str, as_of: str | None) -> date | None:
    if map_name not in shipped():
        raise BadInput(f"map: there is no map {map_name!r}; use one of {', '.join(shipped())}", field="map")
    return parse_date(as_of, "as_of") if as_of else None


def _followed(call: Call, public_id: str) -> dict[str, Any]:
    found = job(call.db, public_id)
    outcome = None if found.tape is None or found.purpose == "compare" else tape(call.db, found.tape).outcome
    return {
        "id": found.public_id,
        "state": found.state,
        "map": found.map_name,
        "as_of": found.as_of,
        "file": found.file_name,
        "rows_done": found.rows_done,
        "rows_all": found.rows_all,
        "why": found.why,
        "tape": found.tape,
        "outcome": outcome,
    }
