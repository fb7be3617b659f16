"""Policy packs: the dated rules that bind a lender, read from a file that a lawyer can read.

Every rule names its value, unit, dates, legal reference, source and how sure we are of it. A
pack is a value: once read it never changes, and its digest stands for all of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml

from holdfast.kernel import canonical
from holdfast.kernel.calendar import parse_date
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.rate import Per, Rate, ppb_of_percent

SHIPPED: Final = "cn-baseline"


class LenderType(StrEnum):
    """What licence a lender holds; most values of a pack depend on it."""

    COMMERCIAL_BANK = "commercial_bank"
    CONSUMER_FINANCE = "consumer_finance"
    AUTO_FINANCE = "auto_finance"
    MICRO_LENDER = "micro_lender"
    ONLINE_MICRO_LENDER = "online_micro_lender"
    PAWNSHOP = "pawnshop"
    FINANCIAL_LEASING = "financial_leasing"
    GUARANTEE = "guarantee"
    PRIVATE_LENDER = "private_lender"


class Confidence(StrEnum):
    """H: primary text read. M: one good secondary source. L: general knowledge or own choice."""

    HIGH = "H"
    MEDIUM = "M"
    LOW = "L"


@dataclass(frozen=True, slots=True)
class Hours:
    """Wall-clock hours from `start` (included) to `end` (not included); they may pass midnight."""

    start: time
    end: time

    def hold(self, at: time) -> bool:
        """Whether `at` lies within these hours."""
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


@dataclass(frozen=True, slots=True)
class Rule:
    """One dated rule. A hard one blocks; a soft one may be overridden by two people, on record.

    Empty `lender_types` or `products` mean all of them. `effective_to` is the last day, None for open.
    """

    key: str
    value: Any
    unit: str
    hard: bool
    lender_types: frozenset[str]
    products: frozenset[str]
    effective_from: date
    effective_to: date | None
    legal_ref: str
    source: str
    confidence: Confidence
    note: str = ""

    def binds(self, *, on: date, lender_type: str | None, product: str | None) -> bool:
        """Whether the rule is in force on that day for that lender and product."""
        return (
            self.effective_from <= on
            and (self.effective_to is None or on <= self.effective_to)
            and (not self.lender_types or lender_type in self.lender_types)
            and (not self.products or product in self.products)
        )

    @property
    def width(self) -> int:
        """0 for a rule that names both lender and product, 2 for one that names neither."""
        return (not self.lender_types) + (not self.products)


@dataclass(frozen=True, slots=True)
class LoanPrimeRate:
    """One published 1-year LPR: in force from `published_on` until the next."""

    published_on: date
    rate: Rate
    source: str
    confidence: Confidence
    provisional: bool


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The highest all-in yearly rate, the rule it came from, and whether it rests on a provisional figure."""

    rate: Rate
    rule: Rule
    provisional: bool


@dataclass(frozen=True, slots=True)
class Pack:
    """A named version of the rules. `version` is stored on everything that the pack governed."""

    name: str
    version: str
    effective_from: date
    rules: tuple[Rule, ...]
    lpr: tuple[LoanPrimeRate, ...]
    content: str
    digest: str
    _by_key: Mapping[str, tuple[Rule, ...]] = field(repr=False, compare=False)
    # Answers already given: the night asks the same few questions a million times.
    _asked: dict[tuple[str, date, str | None, str | None], Rule] = field(default_factory=dict, repr=False, compare=False)

    def rule(self, key: str, *, on: date, lender_type: str | None = None, product: str | None = None) -> Rule:
        """The narrowest rule of that key in force on that day; Refusal if the pack has none."""
        question = (key, on, lender_type, product)
        if (answer := self._asked.get(question)) is not None:
            return answer
        found = [each for each in self._by_key.get(key, ()) if each.binds(on=on, lender_type=lender_type, product=product)]
        if not found:
            raise Refusal(
                f"pack {self.name} {self.version} has no rule {key} for {lender_type or 'any lender'} on {on}",
                code="no_rule", field=key, pack=self.name, version=self.version,
            )  # fmt: skip
        self._asked[question] = min(found, key=lambda each: each.width)
        return self._asked[question]

    def number(self, key: str, *, on: date, lender_type: str | None = None, product: str | None = None) -> int:
        """The value of a rule that is one whole number: days, workdays, months, years or a count."""
        return int(self._typed(key, int, "one whole number", on, lender_type, product))

    def numbers(self, key: str, *, on: date, lender_type: str | None = None, product: str | None = None) -> tuple[int, ...]:
        """The value of a rule that is a list of whole numbers, in the pack's order."""
        return tuple(self._typed(key, list, "a list of numbers", on, lender_type, product))

    def flag(self, key: str, *, on: date, lender_type: str | None = None, product: str | None = None) -> bool:
        """The value of a rule that is on or off."""
        return bool(self._typed(key, bool, "yes or no", on, lender_type, product))

    def has(self, key: str, *, on: date, lender_type: str | None = None, product: str | None = None) -> bool:
        """Whether the pack has a rule of that key in force on that day."""
        return any(each.binds(on=on, lender_type=lender_type, product=product) for each in self._by_key.get(key, ()))

    def name_of(self, key: str, *, on: date, lender_type: str | None = None, product: str | None = None) -> str:
        """The value of a rule that is one name."""
        return str(self._typed(key, str, "a name", on, lender_type, product))

    def names(self, key: str, *, on: date, lender_type: str | None = None, product: str | None = None) -> tuple[str, ...]:
        """The value of a rule that is a list of names."""
        return tuple(self._typed(key, list, "a list of names", on, lender_type, product))

    def table(self, key: str, *, on: date, lender_type: str | None = None, product: str | None = None) -> dict[str, int]:
        """The value of a rule that is a table of whole numbers, such as the class floors."""
        return dict(self._typed(key, dict, "a table", on, lender_type, product))

    def hours(self, key: str, *, on: date, lender_type: str | None = None, product: str | None = None) -> Hours:
        """The value of a rule that is a stretch of the day."""
        value = self._typed(key, dict, "hours", on, lender_type, product)
        return _hours_of(value["from"], value["to"])

    def prime_rate(self, on: date) -> LoanPrimeRate:
        """The 1-year LPR in force on that day; Refusal if the pack knows none that early."""
        known = [each for each in self.lpr if each.published_on <= on]
        if not known:
            raise Refusal(
                f"pack {self.name} {self.version} knows no 1-year LPR for {on}; enter the published figure first",
                code="no_prime_rate", on=on.isoformat(),
            )  # fmt: skip
        return known[-1]

    def ceiling(self, *, on: date, lender_type: str, product: str | None = None) -> Ceiling:
        """The all-in yearly rate that a contract of that day may not exceed.

        A multiple of LPR is exact: parts per billion times the multiple. Refusal if the pack has no
        ceiling for this lender type: then nobody has said what is lawful, and silence is not consent.
        """
        rule = self.rule("rate.cap", on=on, lender_type=lender_type, product=product)
        if "percent" in rule.value:
            return Ceiling(Rate(ppb_of_percent(rule.value["percent"]), Per.YEAR), rule, provisional=False)
        prime = self.prime_rate(on)
        return Ceiling(Rate(prime.rate.ppb * int(rule.value["lpr_multiple"]), Per.YEAR), rule, prime.provisional)

    def _typed(self, key: str, kind: type, words: str, on: date, lender_type: str | None, product: str | None) -> Any:
        value = self.rule(key, on=on, lender_type=lender_type, product=product).value
        if type(value) is not kind:
            raise BadInput(f"{key}: the pack says {value!r}, which is not {words}", field=key)
        return value


@lru_cache(maxsize=64)
def _hours_of(start: str, end: str) -> Hours:
    return Hours(time.fromisoformat(start), time.fromisoformat(end))


def load(file: Path) -> Pack:
    """The pack in a YAML file; BadInput names the field that is wrong and how to mend it."""
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise BadInput(f"the pack {file.name} cannot be read: {error.strerror}", field="pack") from None
    except UnicodeDecodeError:
        raise BadInput(f"the pack {file.name} is not UTF-8 text", field="pack") from None
    return read(text)


def shipped(name: str = SHIPPED) -> Pack:
    """A pack that comes with the program."""
    source = files("holdfast.policy") / "packs" / f"{name}.yaml"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not source.is_file():
        raise BadInput(f"pack_name: no pack {name!r} comes with this version", field="pack_name")
    return read(source.read_text("utf-8"))


def read(text: str) -> Pack:
    """The pack in YAML (or JSON) text."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadInput(f"the pack is not readable YAML: {error}", field="pack") from None
    return of(_plain(raw, "pack"))


def of(raw: Any) -> Pack:
    """The pack of a plain mapping, each field checked."""
    top = _mapping(raw, "pack", required=("pack", "version", "effective_from", "rules"), optional=("about", "sources", "lpr1y"))
    name = _text(top["pack"], "pack")
    version = _text(top["version"], "version")
    sources = _mapping(top.get("sources", {}), "sources")
    rules = tuple(_rule(each, f"rules[{index}]", sources) for index, each in enumerate(_list(top["rules"], "rules")))
    lpr = tuple(_prime_rate(each, f"lpr1y[{index}]", sources) for index, each in enumerate(_list(top.get("lpr1y", []), "lpr1y")))
    if [each.published_on for each in lpr] != sorted({each.published_on for each in lpr}):
        raise BadInput("lpr1y: the published figures must stand in date order, one a day", field="lpr1y")
    by_key = _grouped(rules)
    return Pack(
        name=name, version=version, effective_from=parse_date(top["effective_from"], "effective_from"), rules=rules, lpr=lpr,
        content=canonical.encode(top).decode(), digest=canonical.digest(top), _by_key=by_key,
    )  # fmt: skip


def _rule(raw: Any, where: str, sources: Mapping[str, Any]) -> Rule:
    entry = _mapping(
        raw, where,
        required=("key", "value", "unit", "hard", "effective_from", "legal_ref", "source", "confidence"),
        optional=("scope", "effective_to", "note"),
    )  # fmt: skip
    key = _text(entry["key"], f"{where}.key")
    where = f"{where} ({key})"
    unit = _text(entry["unit"], f"{where}.unit")
    if unit not in UNITS:
        raise BadInput(f"{where}.unit: {unit!r} is not one of {', '.join(UNITS)}", field=f"{where}.unit")
    UNITS[unit](entry["value"], f"{where}.value")
    scope = _mapping(entry.get("scope", {}), f"{where}.scope", optional=("lender_type", "product"))
    lender_types = frozenset(_texts(scope.get("lender_type", []), f"{where}.scope.lender_type"))
    if unknown := lender_types - set(LenderType):
        raise BadInput(f"{where}.scope.lender_type: no lender type is called {min(unknown)!r}", field=f"{where}.scope.lender_type")
    first = parse_date(entry["effective_from"], f"{where}.effective_from")
    last = parse_date(entry["effective_to"], f"{where}.effective_to") if entry.get("effective_to") is not None else None
    if last is not None and last < first:
        raise BadInput(f"{where}.effective_to: {last} is before the first day {first}", field=f"{where}.effective_to")
    return Rule(
        key=key, value=entry["value"], unit=unit, hard=_flag(entry["hard"], f"{where}.hard"),
        lender_types=lender_types, products=frozenset(_texts(scope.get("product", []), f"{where}.scope.product")),
        effective_from=first, effective_to=last, legal_ref=_text(entry["legal_ref"], f"{where}.legal_ref"),
        source=_source(entry["source"], f"{where}.source", sources),
        confidence=_confidence(entry["confidence"], f"{where}.confidence"), note=str(entry.get("note", "")),
    )  # fmt: skip


def _prime_rate(raw: Any, where: str, sources: Mapping[str, Any]) -> LoanPrimeRate:
    entry = _mapping(raw, where, required=("published_on", "percent", "source", "confidence", "provisional"))
    return LoanPrimeRate(
        published_on=parse_date(entry["published_on"], f"{where}.published_on"),
        rate=Rate(ppb_of_percent(_text(entry["percent"], f"{where}.percent"), f"{where}.percent"), Per.YEAR),
        source=_source(entry["source"], f"{where}.source", sources),
        confidence=_confidence(entry["confidence"], f"{where}.confidence"),
        provisional=_flag(entry["provisional"], f"{where}.provisional"),
    )


def _grouped(rules: Iterable[Rule]) -> dict[str, tuple[Rule, ...]]:
    groups: dict[str, tuple[Rule, ...]] = {}
    for rule in rules:
        for other in groups.get(rule.key, ()):
            if rule.width == other.width and _meet(rule, other):
                raise BadInput(
                    f"{rule.key}: two rules bind the same lender and product on the same day "
                    f"(from {other.effective_from} and from {rule.effective_from}); end the first one before",
                    field=rule.key,
                )
        groups[rule.key] = (*groups.get(rule.key, ()), rule)
    return groups


def _meet(one: Rule, other: Rule) -> bool:
    apart = (one.effective_to is not None and one.effective_to < other.effective_from) or (
        other.effective_to is not None and other.effective_to < one.effective_from
    )
    lenders = not one.lender_types or not other.lender_types or bool(one.lender_types & other.lender_types)
    products = not one.products or not other.products or bool(one.products & other.products)
    return not apart and lenders and products


def _plain(value: Any, where: str) -> Any:
    """YAML's dates as text and everything else as canonical JSON allows it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(each, f"{where}.{key}") for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, f"{where}[{index}]") for index, each in enumerate(value)]
    if isinstance(value, float):
        raise BadInput(f"{where}: write {value} between quotes; a rule holds no binary fractions", field=where)
    return value


def _mapping(raw: Any, where: str, required: tuple[str, ...] = (), optional: tuple[str, ...] | None = None) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise BadInput(f"{where}: expected named fields, not {raw!r}", field=where)
    for name in required:
        if name not in raw:
            raise BadInput(f"{where}: the field {name!r} is missing", field=f"{where}.{name}")
    if required or optional is not None:
        for name in raw:
            if name not in required and name not in (optional or ()):
                raise BadInput(f"{where}: the field {name!r} is not known", field=f"{where}.{name}")
    return raw


def _list(raw: Any, where: str) -> list[Any]:
    if not isinstance(raw, list):
        raise BadInput(f"{where}: expected a list, not {raw!r}", field=where)
    return raw


def _text(raw: Any, where: str) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise BadInput(f"{where}: expected words, not {raw!r}", field=where)
    return raw


def _texts(raw: Any, where: str) -> list[str]:
    return [_text(each, where) for each in _list(raw, where)]


def _flag(raw: Any, where: str) -> bool:
    if not isinstance(raw, bool):
        raise BadInput(f"{where}: expected true or false, not {raw!r}", field=where)
    return raw


def _whole(raw: Any, where: str) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool) or raw < 0:
        raise BadInput(f"{where}: expected a whole number from 0, not {raw!r}", field=where)
    return raw


def _wholes(raw: Any, where: str) -> list[int]:
    return [_whole(each, where) for each in _list(raw, where)]


def _source(raw: Any, where: str, sources: Mapping[str, Any]) -> str:
    name = _text(raw, where)
    if name not in sources:
        raise BadInput(f"{where}: {name!r} is not among the pack's sources", field=where)
    return name


def _confidence(raw: Any, where: str) -> Confidence:
    try:
        return Confidence(raw)
    except ValueError:
        raise BadInput(f"{where}: write H, M or L, not {raw!r}", field=where) from None


def _hours(raw: Any, where: str) -> None:
    entry = _mapping(raw, where, required=("from", "to"))
    for name in ("from", "to"):
        if not isinstance(entry[name], str) or not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", entry[name]):
            raise BadInput(f'{where}.{name}: write the hour between quotes as "08:00", not {entry[name]!r}', field=f"{where}.{name}")


def _rate(raw: Any, where: str) -> None:
    entry = _mapping(raw, where, optional=("percent", "lpr_multiple"))
    if len(entry) != 1:
        raise BadInput(f"{where}: give either percent or lpr_multiple", field=where)
    if "percent" in entry:
        ppb_of_percent(_text(entry["percent"], f"{where}.percent"), f"{where}.percent")
    else:
        _whole(entry["lpr_multiple"], f"{where}.lpr_multiple")


def _table(raw: Any, where: str) -> None:
    for name, each in _mapping(raw, where).items():
        _whole(each, f"{where}.{name}")


# What a rule's unit says about the shape of its value.
UNITS: Final[Mapping[str, Callable[[Any, str], object]]] = {
    "days": _whole,
    "workdays": _whole,
    "months": _whole,
    "years": _whole,
    "a day": _whole,
    "minor": _whole,
    "permille a month": _whole,
    "people": _whole,
    "percent": _whole,
    "calls": _whole,
    "times": _whole,
    "days, each": _wholes,
    "days, by name": _table,
    "months, by name": _table,
    "percent, by name": _table,
    "minor, by name": _table,
    "points, by name": _table,
    "times, by name": _table,
    "yes or no": _flag,
    "name": _text,
    "names": _texts,
    "hours": _hours,
    "yearly rate": _rate,
}
