"""A CMPP account as a file describes it. The secret comes from the environment or a file of its own, never from that one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from holdfast.adapters.cmpp.link import Account
from holdfast.adapters.cmpp.packets import V20, V21, V30
from holdfast.kernel.errors import BadInput

_VERSIONS: Final = {"2.0": V20, "2.1": V21, "3.0": V30}
# Each with its least and its most.
_WHOLE: Final = {"port": (1, 65_535), "connections": (1, 15), "window": (1, 256), "per_second": (1, 10_000), "tries": (1, 10)}
_SECONDS: Final = {"idle_s": (5, 600), "answer_s": (1, 120), "connect_s": (1, 60), "first_wait_s": (0.05, 60), "most_wait_s": (0.05, 600)}
_YES_NO: Final = ("strict", "step_down", "finance_allowed", "templates_must_be_approved")
_TEXTS: Final = {"host": 253, "src_id": 20, "service_id": 10}
FIELDS: Final = frozenset({"name", "version", "sp_id", *_WHOLE, *_SECONDS, *_YES_NO, *_TEXTS})


def account(raw: Mapping[str, Any], secret: bytes) -> Account:
    """The account that the fields describe; BadInput names the first one that is wrong."""
    if unknown := sorted(set(raw) - FIELDS):
        raise BadInput(f"sms: {unknown[0]!r} is no field of a CMPP account", field=unknown[0])
    given: dict[str, Any] = {"name": str(raw.get("name", "CMPP")), "secret": secret}
    version = str(raw.get("version", "3.0"))
    if version not in _VERSIONS:
        raise BadInput(f"sms: version is one of {', '.join(_VERSIONS)}", field="version")
    given["version"] = _VERSIONS[version]
    given["sp_id"] = str(raw.get("sp_id", ""))
    if len(given["sp_id"]) != 6 or not given["sp_id"].isascii():
        # Whether the padding of a shorter one enters the digest is told differently.
        raise BadInput("sms: sp_id has 6 characters", field="sp_id")
    for name, most in _TEXTS.items():
        given[name] = str(raw.get(name, ""))
        if len(given[name]) > most or not given[name].isascii() or (not given[name] and name != "service_id"):
            raise BadInput(f"sms: {name} has 1 to {most} plain characters", field=name)
    for name, (least, top) in {**_WHOLE, **_SECONDS}.items():
        if name not in raw:
            continue
        value = raw[name]
        kinds = (int,) if name in _WHOLE else (int, float)
        if not isinstance(value, kinds) or isinstance(value, bool) or not least <= value <= top:
            raise BadInput(f"sms: {name} is a number from {least} to {top}", field=name)
        given[name] = value
    if "port" not in given:
        raise BadInput("sms: port is a number from 1 to 65535", field="port")
    for name in _YES_NO:
        if name in raw:
            if not isinstance(raw[name], bool):
                raise BadInput(f"sms: {name} is true or false", field=name)
            given[name] = raw[name]
    return Account(**given)
