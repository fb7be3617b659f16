"""Acts: how a form becomes one verb, once.

Each form carries a key of its own. The verb and the note that the key was used are one
transaction, so a form sent twice acts once, and a key that comes back with other figures is refused.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from django import forms

from holdfast.database.connection import transaction
from holdfast.kernel import canonical
from holdfast.kernel.errors import HoldfastError
from holdfast.parties import require
from holdfast.web.api.idempotency import once as do_once
from holdfast.web.console import words
from holdfast.web.console.desk import Db, Desk


def new_key() -> str:
    """A key for one form."""
    return secrets.token_urlsafe(18)


def once(desk: Desk, *, act: str, key: str, inputs: Mapping[str, Any], verb: Callable[[Db], Any]) -> bool:
    """Do `verb` in one transaction; False if this key did it before, and nothing was done now.

    Forbidden if the role may not, Refusal if the key was used with other inputs.
    """
    require(desk.staff, act)
    asked = bytes.fromhex(canonical.digest({"act": act, "inputs": dict(inputs)}))
    with transaction() as db:

        def done() -> tuple[int, str]:
            verb(db)
            return 303, ""

        answer = do_once(db, scope=f"console {desk.staff.public_id}", key=key, inputs=asked, now=desk.clock.now(), act=done)
    return not answer.replayed


def into_form(form: forms.Form, error: HoldfastError) -> None:
    """Show what a verb refused beside the field it is about, else above the form; the input is kept."""
    field = (error.field or "").split(".")[0]
    form.add_error(field if field in form.fields else None, words.refusal(error))
