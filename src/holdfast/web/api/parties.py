"""Who works here: whom a token speaks for, and the staff."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router
from pydantic import Field

from holdfast.servicing.pages import LARGEST_PAGE
from holdfast.web.api.operation import NEXT, Call, operation
from holdfast.web.api.reading import branch_code, staff
from holdfast.web.api.roles import open_operations
from holdfast.web.api.shapes import MeOut, StaffPage

router = Router()


@operation(router, "GET", "/me", "parties.me", answer=MeOut)
def read_me(call: Call) -> Any:
    """Whom the token speaks for, what they see, the business date, and the operations open to them."""
    me = call.staff
    return {
        "id": me.public_id,
        "name": me.name,
        "role": me.role,
        "scope": me.reach,
        "branch": branch_code(call.db, me.branch_id),
        "team": me.team,
        "today": call.clock.today(),
        "may": open_operations(me.role, me.reach),
    }


@operation(router, "GET", "/staff", "parties.staff", answer=StaffPage)
def list_staff(call: Call, limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 50, cursor: str | None = NEXT) -> Any:
    """Everybody who has a log-in."""
    return staff(call.db, cursor=cursor, limit=limit)
