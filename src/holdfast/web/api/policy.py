"""Policy packs: which dated rules the book knows, and which are in force."""

from __future__ import annotations

from typing import Any

from ninja import Router

from holdfast.policy import pack_in_force
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.reading import packs
from holdfast.web.api.shapes import PackList

router = Router()


@operation(router, "GET", "/policy/packs", "policy.packs", answer=PackList)
def list_packs(call: Call) -> Any:
    """The versions that are stored, newest first; each loan names the one that governs it."""
    now = pack_in_force(call.db, call.clock)
    return {"items": [{**pack, "in_force": (pack["name"], pack["version"]) == (now.name, now.version)} for pack in packs(call.db)]}
