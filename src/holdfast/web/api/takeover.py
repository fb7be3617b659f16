"""Tapes: handing one in to be read by the worker, and following how far it is."""

from __future__ import annotations

from typing import Any, Final

from ninja import Router
from ninja.files import UploadedFile
from ninja.params import functions as given_as

from holdfast.kernel.calendar import parse_date
from holdfast.kernel.errors import BadInput
from holdfast.takeover import ask, job, shipped, tape
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.shapes import TapeOut
from holdfast.web.uploads import keep_tape, plain_name

router = Router()

MAP: Final[Any] = given_as.Form(..., alias="map")
AS_OF: Final[Any] = given_as.Form(None)


@operation(router, "POST", "/tapes", "takeover.hand_in", answer=TapeOut, status=202)
def hand_in(call: Call, file: UploadedFile, map_name: str = MAP, as_of: str | None = AS_OF) -> Any:
    """Hand in a tape (CSV) with the name of its map and, if the map does not say it, the day whose balances it shows.

    The worker reads it; follow it with `GET /tapes/{id}`. The same tape twice books nothing twice.
    """
    if map_name not in shipped():
        raise BadInput(f"map: there is no map {map_name!r}; use one of {', '.join(shipped())}", field="map")
    on = parse_date(as_of, "as_of") if as_of else None
    asked = ask(
        call.db, clock=call.clock, by=call.staff, map_name=map_name, as_of=on, path=keep_tape(file), file_name=plain_name(file)
    )  # fmt: skip
    return _followed(call, asked)


@operation(router, "GET", "/tapes/{tape_id}", "takeover.progress", answer=TapeOut)
def follow(call: Call, tape_id: str) -> Any:
    """How far a tape is, and how tape and book compare once it is read."""
    return _followed(call, tape_id)


def _followed(call: Call, public_id: str) -> dict[str, Any]:
    found = job(call.db, public_id)
    outcome = None if found.tape is None else tape(call.db, found.tape).outcome
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
