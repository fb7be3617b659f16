"""Where a branch hands things back: its address, hours and telephone, as messages and papers tell them."""

from __future__ import annotations

import re
from typing import Final

from holdfast import parties
from holdfast.journal import write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput
from holdfast.parties import Staff, require
from holdfast.release import store
from holdfast.release.model import Counter
from holdfast.release.store import Db

_HOUR: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
# A mobile number has eleven digits in a row, which no message shows; a branch has a landline or a short number.
_PHONE: Final = re.compile(r"[0-9]{3,8}(-[0-9]{3,8}){0,3}", re.ASCII)
LONGEST: Final = 60


def set_counter(
    db: Db, *, clock: Clock, by: Staff, branch: str, address: str, opens: str, closes: str, first_day: int, last_day: int, phone: str
) -> Counter:  # fmt: skip
    """Say where and when the branch of that code hands things back. `first_day` and `last_day`: 1 is Monday."""
    require(by, "branch.counter")
    place = parties.branch(db, branch)
    if not address.strip() or len(address) > LONGEST:
        raise BadInput(f"address: street and number, at most {LONGEST} characters", field="address")
    for name, hour in (("opens", opens), ("closes", closes)):
        if not _HOUR.fullmatch(hour):
            raise BadInput(f"{name}: write the hour as 09:00", field=name)
    if opens >= closes:
        raise BadInput("closes: it closes after it opens", field="closes")
    if not 1 <= first_day <= last_day <= 7:
        raise BadInput("first_day, last_day: 1 is Monday, 7 is Sunday", field="first_day")
    if not _PHONE.fullmatch(phone):
        raise BadInput("phone: the branch's landline, such as 0574-5550-0126", field="phone")
    counter = Counter(place.branch_id, place.name, address.strip(), opens, closes, first_day, last_day, phone)
    store.write_counter(db, counter)
    says = {"branch": place.public_id, "address": counter.address, "hours": f"{opens}-{closes}", "days": f"{first_day}-{last_day}"}
    write_record(db, clock=clock, by=by.actor, chain_id=by.staff_id, chain=by.public_id, kind="branch.counter", says=says)
    return counter


def counter_of(db: Db, branch_id: int) -> Counter:
    """Where and when a branch hands things back; nine to six on workdays where nobody has said."""
    return store.counter(db, branch_id)
