"""What can go wrong, in four kinds; the kind decides who hears of it.

    HoldfastError
    ├── BadInput     malformed: the caller mends it (HTTP 400 or 422, exit 2)
    ├── Refusal      the business says no: the person reads why, nobody is woken (HTTP 409, exit 1)
    │   ├── NotFound     there is no such thing within the caller's sight (HTTP 404)
    │   └── Forbidden    this person may not do this (HTTP 403)
    ├── Unavailable  something outside failed: retry with the same key (HTTP 503, exit 3)
    └── Fault        one of our own promises is broken: stop, roll back, wake someone (HTTP 500)

Each carries a stable `code`, the `field` it is about where there is one, its facts, and a
sentence that a clerk can act on.
"""

from __future__ import annotations

from typing import Any


class HoldfastError(Exception):
    """The root of all our errors. `code` is stable; `facts` are the values behind the sentence."""

    code: str = "error"

    def __init__(self, sentence: str, *, code: str | None = None, field: str | None = None, **facts: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field
        self.facts = facts
        if code is not None:
            self.code = code


class BadInput(HoldfastError):
    """Malformed input; the sentence names the field and the mend."""

    code = "bad_input"


class Refusal(HoldfastError):
    """The business says no, and says why."""

    code = "refused"


class NotFound(Refusal):
    """No such thing within the caller's sight."""

    code = "not_found"


class Forbidden(Refusal):
    """This person may not do this."""

    code = "forbidden"


class Unavailable(HoldfastError):
    """An outside service or the database failed; the same call may be tried again."""

    code = "unavailable"


class Fault(HoldfastError):
    """One of our own promises is broken."""

    code = "fault"
