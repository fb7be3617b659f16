"""Fields: a value out of someone else's JSON, or a sentence that names the field and the mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import decimal_of, minor_of
from holdfast.kernel.rate import ppb_of_percent


def an_object(value: object, where: str, *, known: set[str] | None, needed: Sequence[str] = ()) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadInput(f"{where}: write an object, not {value!r}", field=where)
    for name in value:
        if known is not None and name not in known:
            raise BadInput(f"{where}.{name}: no such field", field=f"{where}.{name}")
    for name in needed:
        if name not in value:
            raise BadInput(f"{where}.{name}: is missing", field=f"{where}.{name}")
    return value


def an_amount(value: object, currency: str, field: str, *, least: int = 1) -> int:
    if not isinstance(value, str):
        raise BadInput(f'{field}: write the amount as text, such as "1234.50", not {value!r}', field=field)
    amount = minor_of(value, currency, field)
    if amount < least:
        raise BadInput(f"{field}: must be at least {decimal_of(least, currency)}, not {value}", field=field)
    return amount


def a_choice(value: object, choices: Sequence[str], field: str) -> str:
    if isinstance(value, str) and value in choices:
        return value
    raise BadInput(f"{field}: must be one of {', '.join(choices)}, not {value!r}", field=field)


def only_known(given: Mapping[str, Any], name: str, only: str) -> None:
    if given.get(name, only) != only:
        raise BadInput(f"terms.{name}: only {only!r} is known, not {given[name]!r}", field=f"terms.{name}")


def a_whole(value: object, field: str, *, least: int = 0, most: int = 1_000_000) -> int:
    """A whole number from `least` to `most`."""
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    raise BadInput(f"{field}: write a whole number from {least} to {most}, not {value!r}", field=field)


def a_percent(value: object, field: str) -> int:
    """A percentage written as text, in parts per billion."""
    if not isinstance(value, str):
        raise BadInput(f'{field}: write the percentage as text, such as "5.31", not {value!r}', field=field)
    return ppb_of_percent(value, field)


class NotYet(BadInput):
    """Well-formed, but of a family that our rules cannot do yet; `family` names it."""

    code = "not_yet"

    def __init__(self, family: str, field: str) -> None:
        super().__init__(f"{field}: {family} is not built yet", field=field)
        self.family = family
