"""The journal: its signed head, its public key, a loan's records and the bundle that proves them to an outsider."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router
from pydantic import Field

from holdfast.journal import export, newest_head, signing_key
from holdfast.kernel.places import keys_folder
from holdfast.servicing.pages import LARGEST_PAGE
from holdfast.servicing.reading import loan_number
from holdfast.web.api.operation import NEXT, Call, operation
from holdfast.web.api.reading import records
from holdfast.web.api.shapes import BundleOut, HeadOut, KeyOut, RecordPage

router = Router()


@operation(router, "GET", "/journal/head", "journal.head", answer=HeadOut)
def read_head(call: Call) -> Any:
    """The newest signed head. Keep it outside: only a copy in other hands can expose a rewrite."""
    newest = newest_head(call.db)
    if newest is None:
        return {"size": 0, "root": None, "checkpoint": None, "signed_at": None}
    head, checkpoint, signed_at = newest
    return {"size": head.size, "root": head.root.hex(), "checkpoint": checkpoint, "signed_at": signed_at}


@operation(router, "GET", "/journal/key", "journal.key", answer=KeyOut)
def read_key(call: Call) -> Any:
    """The key that checks the heads' signatures. The lender holds its secret half, so the key alone proves nothing against the lender."""
    return {"key": signing_key(keys_folder(), heads_exist=newest_head(call.db) is not None).verifier.text()}


@operation(router, "GET", "/loans/{loan}/journal", "journal.records", answer=RecordPage)
def read_records(call: Call, loan: str, limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 50, cursor: str | None = NEXT) -> Any:
    """The loan's chain of records, first to last, each with the bytes that were hashed."""
    return records(call.db, loan_number(call.db, call.look, loan), cursor=cursor, limit=limit)


@operation(router, "GET", "/loans/{loan}/bundle", "journal.bundle", answer=BundleOut)
def read_bundle(call: Call, loan: str, head: Annotated[str, Field(max_length=4000)] | None = None) -> Any:
    """The loan's proof for `holdfast journal verify`.

    `head` is a checkpoint that somebody has kept; the bundle then shows that today's journal grew out of it.
    """
    number = loan_number(call.db, call.look, loan)
    return {"loan": loan, "bundle": export(call.db, keys_folder(), number, call.clock.now(), head=head).decode()}
