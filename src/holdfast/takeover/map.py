"""Maps: a readable file that says how one lender's tape becomes loans of this book.

A map names the tape's columns and how each is read, what the columns do not say (currency, date,
contract), and what the tape's status words mean. A field that this page does not know is refused:
a misspelt line of a map must never pass for one that was left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

from holdfast.kernel.calendar import parse_date
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import exponent_of
from holdfast.kernel.rate import Per, ppb_of_percent
from holdfast.products.terms import Method, Terms
from holdfast.servicing.arrears import CLASSES
from holdfast.takeover.causes import NextDue
from holdfast.takeover.cells import Reader

Choice = TypeVar("Choice", bound=StrEnum)

_LARGEST_MAP: Final = 1 << 20
_MANY: Final = 360
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,34}", re.ASCII)
_PREFIX: Final = re.compile(r"[A-Z0-9]{1,12}", re.ASCII)
_SHIPPED: Final = files("holdfast.takeover") / "maps"

# Each field of a loan that a column may give, and the ways in which it may be read.
FIELDS: Final[Mapping[str, frozenset[Reader]]] = {
    "principal": frozenset({Reader.MONEY}),
    "instalments": frozenset({Reader.INTEGER}),
    "rate": frozenset({Reader.PERCENT}),
    "instalment_amount": frozenset({Reader.MONEY}),
    "disbursed_on": frozenset({Reader.MONTH, Reader.DATE}),
    "first_due_on": frozenset({Reader.MONTH, Reader.DATE}),
    "status": frozenset({Reader.TEXT}),
    "balance": frozenset({Reader.MONEY}),
    "principal_paid": frozenset({Reader.MONEY}),
    "interest_paid": frozenset({Reader.FIGURE}),
    "fees_paid": frozenset({Reader.FIGURE}),
    "total_paid": frozenset({Reader.FIGURE}),
    **dict.fromkeys(("next_due_on", "last_receipt_on"), frozenset({Reader.MONTH, Reader.DATE})),
    **dict.fromkeys(("next_due_amount", "penalty_due", "last_receipt_amount"), frozenset({Reader.MONEY})),
    "days_past_due": frozenset({Reader.INTEGER}),
    "class": frozenset({Reader.TEXT}),
}
# Told by a daily export of the old system and compared with the book; an import looks at none of them.
COMPARED: Final = frozenset(
    {"next_due_on", "last_receipt_on", "next_due_amount", "penalty_due", "last_receipt_amount", "days_past_due", "class"}
)
NEEDED: Final = ("principal", "instalments", "rate", "disbursed_on", "status", "balance")
_TOP: Final = frozenset(
    {
        "format", "name", "title", "currency", "as_of", "ceiling_percent", "contract_prefix", "key", "contract", "rate_per",
        "columns", "statuses", "shadow",
    }
)  # fmt: skip
_OF_THE_ROW: Final = frozenset(
    {"currency", "principal", "rate", "instalments", "disbursed_on", "first_due_on", "instalment_amount", "fees"}
)


class Kind(StrEnum):
    """What the tape's lender says of a loan; whether it is alive, its balance says."""

    LIVE = "live"
    PAID = "paid"
    WRITTEN_OFF = "written_off"


@dataclass(frozen=True, slots=True)
class Status:
    """The meaning of one status word: at least `min_days_past_due` days late on the as-of date (0: up to date)."""

    kind: Kind
    min_days_past_due: int


@dataclass(frozen=True, slots=True)
class Shadow:
    """How a daily export of the old system speaks: which instalment it calls the next, and which class each of its words is."""

    next_due: NextDue
    classes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the tape and how its cells are read."""

    name: str
    reader: Reader


@dataclass(frozen=True, slots=True)
class TapeMap:
    """One map, checked. `contract` holds the fields of `Terms` that no column gives; `ceiling_ppb` is a yearly rate."""

    name: str
    title_zh: str
    title_en: str
    currency: str
    as_of: date | None
    ceiling_ppb: int | None
    contract_prefix: str
    key: tuple[str, ...]
    contract: Mapping[str, Any]
    rate_per: Per
    columns: Mapping[str, Column]
    statuses: Mapping[str, Status]
    shadow: Shadow

    @property
    def product_code(self) -> str:
        """The product under which loans of this map stand in the book."""
        return f"tape-{self.name}"

    @property
    def needed_columns(self) -> set[str]:
        """The columns that the tape's first line must name."""
        return {column.name for field, column in self.columns.items() if field not in COMPARED} | set(self.key)


def shipped() -> list[str]:
    """The names of the maps that come with the system."""
    return sorted(entry.name.removesuffix(".yaml") for entry in _SHIPPED.iterdir() if entry.name.endswith(".yaml"))


def load(name_or_path: str) -> TapeMap:
    """The map of a shipped name, else of a file; BadInput names what is wrong in it."""
    if name_or_path in shipped():
        return parse((_SHIPPED / f"{name_or_path}.yaml").read_text("utf-8"), where=name_or_path)
    path = Path(name_or_path)
    try:
        if not path.is_file():
            raise BadInput(
                f"there is no map {name_or_path!r}: name a file or one of {', '.join(shipped())}", field="map", code="no_such_map"
            )
        if path.stat().st_size > _LARGEST_MAP:
            raise BadInput(f"the map {path.name} is larger than a map can be", field="map")
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:  # ValueError: bytes that are not UTF-8, or a NUL in the path
        raise BadInput(f"the map {path.name!r} cannot be read: {error}", field="map") from None
    return parse(text, where=path.name)


def parse(text: str, *, where: str = "map") -> TapeMap:
    """The map written in `text`; BadInput names the field and the mend."""
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadInput(f"the map {where} is not YAML: {' '.join(str(error).split())}", field="map") from None
    try:
        return _map(_object(data, "map", _TOP))
    except BadInput as error:
        raise BadInput(f"the map {where}: {error.sentence}", code=error.code, field=error.field) from None


def _map(data: dict[str, Any]) -> TapeMap:
    if data.get("format") != 1:
        raise BadInput(f"format: this system reads format 1, not {data.get('format')!r}", field="format")
    name, prefix = _text(data, "name"), _text(data, "contract_prefix")
    if not _NAME.fullmatch(name):
        raise BadInput(f"name: at most 35 small letters, digits and hyphens, not {name!r}", field="name")
    if not _PREFIX.fullmatch(prefix):
        raise BadInput(f"contract_prefix: at most 12 capital letters and digits, not {prefix!r}", field="contract_prefix")
    title = _object(data.get("title"), "title", {"zh", "en"})
    currency = _text(data, "currency")
    exponent_of(currency)
    columns = _columns(data.get("columns"))
    statuses = _statuses(data.get("statuses"))
    if "principal_paid" not in columns and any(status.kind is Kind.WRITTEN_OFF for status in statuses.values()):
        field = "columns.principal_paid"
        raise BadInput(f"{field}: is needed to know what remains of a loan that was written off", field=field)
    rate_per = _one_of(Per, data.get("rate_per", Per.YEAR), "rate_per")
    return TapeMap(
        name=name,
        title_zh=_text(title, "zh", "title."),
        title_en=_text(title, "en", "title."),
        currency=currency,
        as_of=_as_of(data.get("as_of")),
        ceiling_ppb=_ceiling(data.get("ceiling_percent"), rate_per),
        contract_prefix=prefix,
        key=_key(data.get("key", [])),
        contract=_contract(data.get("contract"), currency),
        rate_per=rate_per,
        columns=columns,
        statuses=statuses,
        shadow=_shadow(data.get("shadow")),
    )


def _columns(data: object) -> dict[str, Column]:
    columns = {}
    for field, spec in _object(data, "columns", set(FIELDS)).items():
        where = f"columns.{field}"
        column = _object(spec, where, {"column", "read"})
        reader = _one_of(Reader, column.get("read"), f"{where}.read")
        if reader not in FIELDS[field]:
            raise BadInput(f"{where}.read: must be one of {', '.join(sorted(FIELDS[field]))}, not {reader.value}", field=f"{where}.read")
        columns[field] = Column(_text(column, "column", f"{where}."), reader)
    for field in NEEDED:
        if field not in columns:
            raise BadInput(f"columns.{field}: is missing", field=f"columns.{field}")
    return columns


def _statuses(data: object) -> dict[str, Status]:
    statuses = {}
    for word, spec in _object(data, "statuses", None).items():
        where = f"statuses.{word}"
        status = _object(spec, where, {"kind", "min_days_past_due"})
        days = status.get("min_days_past_due", 0)
        if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= 10_000:
            raise BadInput(f"{where}.min_days_past_due: write a number of days, not {days!r}", field=where)
        statuses[word.strip()] = Status(_one_of(Kind, status.get("kind"), f"{where}.kind"), days)
    return statuses


def _shadow(data: object) -> Shadow:
    if data is None:
        return Shadow(NextDue.OLDEST_UNPAID, {})
    told = _object(data, "shadow", {"next_due", "classes"})
    classes = {} if told.get("classes") is None else _object(told["classes"], "shadow.classes", None)
    for word, name in classes.items():
        if name not in CLASSES:
            raise BadInput(f"shadow.classes.{word}: must be one of {', '.join(CLASSES)}, not {name!r}", field=f"shadow.classes.{word}")
    return Shadow(_one_of(NextDue, told.get("next_due", NextDue.OLDEST_UNPAID), "shadow.next_due"), classes)


def _contract(data: object, currency: str) -> dict[str, Any]:
    contract = _object(data, "contract", None)
    if taken := sorted(_OF_THE_ROW & set(contract)):
        raise BadInput(f"contract.{taken[0]}: comes from the tape's columns or the map itself, not from here", field=f"contract.{taken[0]}")
    try:
        instalments = 1 if contract.get("method") == Method.SINGLE_PERIOD else _MANY
        sample = {"currency": currency, "principal": 1, "rate": {"ppb": 0, "per": "year"}, "instalments": instalments}
        sample["disbursed_on"] = "2018-01-01"
        Terms.from_json(sample | contract)
    except BadInput as error:
        sentence, field = (text.replace("terms.", "contract.", 1) for text in (error.sentence, error.field or ""))
        raise BadInput(sentence, field=field) from None
    return contract


def _as_of(value: object) -> date | None:
    return value if value is None or type(value) is date else parse_date(value, "as_of")


def _ceiling(value: object, rate_per: Per) -> int | None:
    if value is None:
        return None
    if rate_per is not Per.YEAR:
        raise BadInput("ceiling_percent: is for yearly rates; leave it out where rates are per month or day", field="ceiling_percent")
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise BadInput(f"ceiling_percent: write a whole number, or '24.5' in quotes, not {value!r}", field="ceiling_percent")
    return ppb_of_percent(str(value), "ceiling_percent")


def _key(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise BadInput(f"key: write a list of column names, or [] if none names a loan, not {value!r}", field="key")
    return tuple(value)


def _object(value: object, where: str, known: Set[str] | None) -> dict[str, Any]:
    if not isinstance(value, dict) or not value or not all(isinstance(name, str) for name in value):
        raise BadInput(f"{where}: must be a list of named fields", field=where)
    if known is not None and (strangers := sorted(set(value) - known)):
        raise BadInput(f"{where}: no such field as {strangers[0]!r}; known are {', '.join(sorted(known))}", field=f"{where}.{strangers[0]}")
    return value


def _text(data: Mapping[str, Any], field: str, prefix: str = "") -> str:
    value = data.get(field)
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{prefix}{field}: must be text", field=prefix + field)
    return value.strip()


def _one_of(kind: type[Choice], value: object, field: str) -> Choice:
    if not isinstance(value, str) or value not in list(kind):
        raise BadInput(f"{field}: must be one of {', '.join(kind)}, not {value!r}", field=field)
    return kind(value)
