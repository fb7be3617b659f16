"""What this stage asks of a later one: how much a loan still owes. `wiring` names who answers."""

from __future__ import annotations

from datetime import date
from typing import Any, Protocol

import psycopg

from holdfast.kernel.money import Money


class Owed(Protocol):
    """The debt that a loan's pledges secure on a day; nothing once it is paid."""

    def __call__(self, db: psycopg.Connection[Any], *, loan: str, on: date) -> Money: ...
