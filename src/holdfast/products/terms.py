"""Terms: what the contract says about money and dates, and nothing else.

A loan's terms never change; a later agreement is a later event. Everything that servicing computes
comes from these values and the events, so two people with the same paper reach the same fen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, TypeVar

from holdfast.kernel.calendar import DayCount, Unit, parse_date
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import exponent_of
from holdfast.kernel.rate import BILLION, Per, Rate
from holdfast.kernel.rounding import Rounding

MOST_INSTALMENTS: Final = 1_000
PARTS: Final = ("fee", "penalty", "interest", "principal")
_FEE_FIELDS: Final = ({"name", "amount", "at", "collected_by"}, {"name", "amount", "at", "collected_by", "ppb", "of"})
# How money comes: of its own accord, as the lender's goodwill, or given back by a merchant or out of a payout.
MONEY: Final = ("receipt", "goodwill", "merchant_refund", "payout_refund")
_Choice = TypeVar("_Choice", bound=StrEnum)


class Method(StrEnum):
    """How the principal comes back."""

    EQUAL_INSTALMENT = "equal_instalment"  # 等额本息
    EQUAL_PRINCIPAL = "equal_principal"  # 等额本金
    INTEREST_FIRST = "interest_first"  # 先息后本: interest each period, principal with the last
    SINGLE_PERIOD = "single_period"  # 到期一次还本付息
    FLAT = "flat"  # interest on the first principal throughout


class PeriodInterest(StrEnum):
    """Whether a period's interest is a fixed share of the year or counted by days."""

    PERIOD = "period"
    DAILY = "daily"


class PayoffInterest(StrEnum):
    """What an early pay-off owes in interest: up to its day (Civil Code art. 677) or the whole schedule."""

    ACCRUED = "accrued"
    RUNNING_PERIOD = "running_period"  # the running period's whole, and nothing for later ones
    SCHEDULED = "scheduled"


class Annuity(StrEnum):
    """Which rates set an equal instalment: each period's own, or one period of 30-day months for all."""

    EACH_PERIOD = "each_period"
    THIRTY_DAYS = "thirty_days"


class Excess(StrEnum):
    """Where money goes that is more than what has fallen due."""

    NEXT = "next"
    LAST = "last"
    SPREAD = "spread"  # evenly over all instalments to come


class Early(StrEnum):
    """What money that is more than what has fallen due does.

    `ahead` pays instalments to come as they stand (`excess` says which), and saves no interest. All others take it to
    principal on its day, and interest follows the balance: `reduce` asks for less each time, `shorten` asks for the same
    and ends sooner, `next` asks for that much less the next times, `last` pays instalments in their order.
    """

    AHEAD = "ahead"
    REDUCE = "reduce"
    SHORTEN = "shorten"
    NEXT = "next"
    LAST = "last"


class OverdueInterest(StrEnum):
    """Whether principal that is overdue goes on bearing the contract's interest, asked for with the running instalment."""

    NONE = "none"
    RUNNING = "running"  # only from the due date before the day on which money next comes
    ALWAYS = "always"


class Rest(StrEnum):
    """From when money that came in no longer bears interest: its own day, or the due date that follows it."""

    DAILY = "daily"
    DUE_DATE = "due_date"


class Across(StrEnum):
    """Whether one instalment is finished before the next, or one part is paid on all of them first."""

    INSTALMENT = "instalment"
    PART = "part"


class ChargesDue(StrEnum):
    """When what staff put on a running instalment may be asked for: from its own day on, or only with the instalment."""

    OWN_DAY = "own_day"
    INSTALMENT = "instalment"


class PayoutJoins(StrEnum):
    """Which instalments share a further payout: those that fall due after its day, or one that falls due on it as well.

    With the second, the payout's own down payment stands before what falls due that day.
    """

    LATER = "later"
    SAME_DAY = "same_day"


class FeeAt(StrEnum):
    """When a fee without a date of its own falls due."""

    DISBURSEMENT = "disbursement"
    EACH_INSTALMENT = "each_instalment"


class FeeOf(StrEnum):
    """What a fee's percentage is of: the loan's principal, or parts of the instalment that it falls due with."""

    PRINCIPAL = "principal"
    INSTALMENT_PRINCIPAL = "instalment_principal"
    INSTALMENT_INTEREST = "instalment_interest"
    INSTALMENT = "instalment_principal_and_interest"


class PenaltyBase(StrEnum):
    """What of an overdue instalment bears penalty interest."""

    PRINCIPAL = "principal"
    PRINCIPAL_AND_INTEREST = "principal_and_interest"


@dataclass(frozen=True, slots=True)
class Fee:
    """A cost that the contract names, due at a named moment or on a date.

    Either `amount` in minor units, or `ppb` parts per billion of what `of` names, rounded as the contract rounds.
    """

    name: str
    amount: int
    at: FeeAt | date
    collected_by: str = "lender"
    ppb: int = 0
    of: FeeOf | None = None


@dataclass(frozen=True, slots=True)
class Penalty:
    """Penalty interest (罚息) on what is overdue, from day `from_day` after the due date on, until it is paid.

    Its rate is `ppb` parts per billion a day, or `ratio_ppb` times the contract's own rate (1.5 times: 1_500_000_000).
    """

    base: PenaltyBase
    ppb: int = 0
    ratio_ppb: int = 0
    from_day: int = 1


@dataclass(frozen=True, slots=True)
class Terms:
    """One contract. Amounts are minor units; a rate is parts per billion of its own period.

    `instalment_amount` is set where the contract fixes the instalment instead of naming how it is computed.
    `principal_grace` and `interest_grace` count the first instalments that ask for no principal, or for
    no interest (it is asked for with the first instalment after them).
    `balanced` spreads a rest that rounding would leave on the last instalment over all of them.
    `down_payment_ppb` is the share of each payout that falls due on its own day; `limit` the most that all payouts may come to.
    `balloon` is principal that the last instalment asks for beside its own; `last_due_on` its day where that is no step of the
    others; `excess_for` what money beyond the due does by how it came (`MONEY`), where that is not what `excess` says.
    """

    currency: str
    principal: int
    method: Method
    rate: Rate
    instalments: int
    disbursed_on: date
    day_count: DayCount = DayCount.THIRTY_360
    period_interest: PeriodInterest = PeriodInterest.PERIOD
    every_count: int = 1
    every_unit: Unit = Unit.MONTHS
    first_due_on: date | None = None
    rounding: Rounding = Rounding.HALF_UP
    instalment_rounding: Rounding = Rounding.HALF_UP
    instalment_multiple: int = 1
    instalment_amount: int | None = None
    principal_grace: int = 0
    interest_grace: int = 0
    annuity: Annuity = Annuity.EACH_PERIOD
    balanced: bool = False
    down_payment_ppb: int = 0
    allocation: tuple[str, ...] = PARTS
    allocation_in_advance: tuple[str, ...] | None = None
    across: Across = Across.INSTALMENT
    excess: Excess = Excess.NEXT
    payoff_interest: PayoffInterest = PayoffInterest.ACCRUED
    early: Early = Early.AHEAD
    overdue_interest: OverdueInterest = OverdueInterest.NONE
    compounding: bool = False
    rest: Rest = Rest.DAILY
    limit: int | None = None
    balloon: int = 0
    last_due_on: date | None = None
    excess_for: tuple[tuple[str, Excess], ...] = ()
    fees: tuple[Fee, ...] = ()
    penalty: Penalty | None = None
    charges_due: ChargesDue = ChargesDue.OWN_DAY
    payout_joins: PayoutJoins = PayoutJoins.LATER

    def __post_init__(self) -> None:
        exponent_of(self.currency, "terms.currency")
        _at_least(self.principal, 1, "principal")
        _at_least(self.rate.ppb, 0, "rate.ppb")
        _at_least(self.instalments, 1, "instalments")
        _at_least(self.every_count, 1, "every_count")
        _at_least(self.instalment_multiple, 1, "instalment_multiple")
        _at_least(self.principal_grace, 0, "principal_grace")
        _at_least(self.interest_grace, 0, "interest_grace")
        _at_least(self.down_payment_ppb, 0, "down_payment_ppb")
        if self.down_payment_ppb >= BILLION:
            raise BadInput("terms.down_payment_ppb: must leave something to lend", field="terms.down_payment_ppb")
        if self.instalments > MOST_INSTALMENTS:
            raise BadInput(f"terms.instalments: at most {MOST_INSTALMENTS}, not {self.instalments}", field="terms.instalments")
        if self.method is Method.SINGLE_PERIOD and self.instalments != 1:
            raise BadInput(f"terms.instalments: a single period has 1 instalment, not {self.instalments}", field="terms.instalments")
        for name in ("principal_grace", "interest_grace"):
            if getattr(self, name) >= self.instalments:
                raise BadInput(f"terms.{name}: must leave at least one instalment to pay", field=f"terms.{name}")
        if self.instalment_amount is not None:
            _at_least(self.instalment_amount, 1, "instalment_amount")
        if self.first_due_on is not None and self.first_due_on <= self.disbursed_on:
            raise BadInput("terms.first_due_on: must come after disbursed_on", field="terms.first_due_on")
        for name, order in (("allocation", self.allocation), ("allocation_in_advance", self.allocation_in_advance)):
            if order is not None and sorted(order) != sorted(PARTS):
                raise BadInput(f"terms.{name}: name each of {', '.join(PARTS)} once, not {list(order)}", field=f"terms.{name}")

        _at_least(self.balloon, 0, "balloon")
        if self.balloon and (self.balloon >= self.principal or self.method in (Method.INTEREST_FIRST, Method.SINGLE_PERIOD)):
            raise BadInput("terms.balloon: must leave principal for the other instalments", field="terms.balloon")
        if self.last_due_on is not None and self.last_due_on <= self.disbursed_on:
            raise BadInput("terms.last_due_on: must come after disbursed_on", field="terms.last_due_on")
        if self.excess_for:
            object.__setattr__(self, "excess_for", tuple(sorted(self.excess_for)))
            if len(dict(self.excess_for)) < len(self.excess_for):
                raise BadInput("terms.excess_for: name each kind of money once", field="terms.excess_for")
        for kind, _excess in self.excess_for:
            if kind not in MONEY:
                raise BadInput(f"terms.excess_for.{kind}: must be one of {', '.join(MONEY)}", field=f"terms.excess_for.{kind}")
        if self.limit is not None:
            _at_least(self.limit, self.principal, "limit")
        if self.recalculates and self.method is Method.FLAT:
            raise BadInput("terms.early: flat interest is on the first principal; no money saves or adds any", field="terms.early")
        if self.recalculates and self.interest_grace:
            raise BadInput(
                "terms.interest_grace: interest that follows what is owed is asked for as it falls due", field="terms.interest_grace"
            )
        if self.payout_joins is PayoutJoins.SAME_DAY and self.rate.ppb:
            raise BadInput(
                "terms.payout_joins: an instalment with interest asks for what was owed before its day; write later",
                field="terms.payout_joins",
            )
        if self.compounding and self.overdue_interest is OverdueInterest.NONE:
            raise BadInput("terms.compounding: say in overdue_interest that what is overdue bears interest", field="terms.compounding")

    def excess_of(self, kind: str) -> Excess:
        """What money of this kind does beyond what has fallen due."""
        if not self.excess_for:
            return self.excess
        return next((excess for name, excess in self.excess_for if name == kind), self.excess)

    @property
    def recalculates(self) -> bool:
        """Whether interest follows what is truly owed, rather than the schedule."""
        return self.early is not Early.AHEAD or self.overdue_interest is not OverdueInterest.NONE

    def to_json(self) -> dict[str, Any]:
        """The terms as canonical JSON holds them; `from_json` gives back an equal value."""
        return {
            "currency": self.currency,
            "principal": self.principal,
            "method": self.method.value,
            "rate": {"ppb": self.rate.ppb, "per": self.rate.per.value},
            "instalments": self.instalments,
            "disbursed_on": self.disbursed_on.isoformat(),
            "day_count": self.day_count.value,
            "period_interest": self.period_interest.value,
            "every_count": self.every_count,
            "every_unit": self.every_unit.value,
            "first_due_on": None if self.first_due_on is None else self.first_due_on.isoformat(),
            "rounding": self.rounding.value,
            "instalment_rounding": self.instalment_rounding.value,
            "instalment_multiple": self.instalment_multiple,
            "instalment_amount": self.instalment_amount,
            "principal_grace": self.principal_grace,
            "interest_grace": self.interest_grace,
            "annuity": self.annuity.value,
            "balanced": self.balanced,
            "down_payment_ppb": self.down_payment_ppb,
            "allocation": list(self.allocation),
            "allocation_in_advance": None if self.allocation_in_advance is None else list(self.allocation_in_advance),
            "across": self.across.value,
            "excess": self.excess.value,
            "payoff_interest": self.payoff_interest.value,
            **(
                {
                    "early": self.early.value,
                    "overdue_interest": self.overdue_interest.value,
                    "compounding": self.compounding,
                    "rest": self.rest.value,
                }
                if self.recalculates or self.rest is not Rest.DAILY
                else {}
            ),
            "fees": [
                {
                    "name": fee.name,
                    "amount": fee.amount,
                    "at": fee.at.value if isinstance(fee.at, FeeAt) else fee.at.isoformat(),
                    "collected_by": fee.collected_by,
                    **({} if fee.of is None else {"ppb": fee.ppb, "of": fee.of.value}),
                }
                for fee in self.fees
            ],
            **({"balloon": self.balloon} if self.balloon else {}),
            **({} if self.last_due_on is None else {"last_due_on": self.last_due_on.isoformat()}),
            **({"excess_for": {kind: excess.value for kind, excess in self.excess_for}} if self.excess_for else {}),
            **({} if self.limit is None else {"limit": self.limit}),
            **({} if self.penalty is None else {"penalty": _penalty_json(self.penalty)}),
            **({} if self.charges_due is ChargesDue.OWN_DAY else {"charges_due": self.charges_due.value}),
            **({} if self.payout_joins is PayoutJoins.LATER else {"payout_joins": self.payout_joins.value}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Terms:
        """Terms as `to_json` wrote them; BadInput names a field that is missing, unknown or malformed.

        A field that has a default may be left out.
        """
        for name in data:
            if name not in _READERS:
                raise BadInput(f"terms.{name}: no such field", field=f"terms.{name}")
        for name in ("currency", "principal", "method", "rate", "instalments", "disbursed_on"):
            if name not in data:
                raise BadInput(f"terms.{name}: is missing", field=f"terms.{name}")
        return cls(**{name: _READERS[name](value, f"terms.{name}") for name, value in data.items()})


def _at_least(value: int, least: int, name: str) -> None:
    if value < least:
        raise BadInput(f"terms.{name}: must be at least {least}, not {value}", field=f"terms.{name}")


def _whole(value: object, field: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise BadInput(f"{field}: write a whole number, not {value!r}", field=field)


def _text(value: object, field: str) -> str:
    if isinstance(value, str) and value:
        return value
    raise BadInput(f"{field}: write text, not {value!r}", field=field)


def _texts(value: object, field: str) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(_text(item, field) for item in value)
    raise BadInput(f"{field}: write a list, not {value!r}", field=field)


def _yes_or_no(value: object, field: str) -> bool:
    if isinstance(value, bool):
        return value
    raise BadInput(f"{field}: write true or false, not {value!r}", field=field)


def _one_of(kind: type[_Choice]) -> Callable[[object, str], _Choice]:
    """A reader of one member of `kind`; a look-up, since a batch reads the terms of every loan that it touches."""
    members = {member.value: member for member in kind}

    def read(value: object, field: str) -> _Choice:
        try:
            return members[value]  # type: ignore[index]
        except (KeyError, TypeError):
            raise BadInput(f"{field}: must be one of {', '.join(members)}, not {value!r}", field=field) from None

    return read


_per = _one_of(Per)
_excess = _one_of(Excess)


def _excess_for(value: object, field: str) -> tuple[tuple[str, Excess], ...]:
    if not isinstance(value, Mapping):
        raise BadInput(f"{field}: write an object, not {value!r}", field=field)
    return tuple((str(kind), _excess(value[kind], f"{field}.{kind}")) for kind in sorted(value))


def _rate(value: object, field: str) -> Rate:
    if not isinstance(value, Mapping) or set(value) != {"ppb", "per"}:
        raise BadInput(f"{field}: write an object with ppb and per, not {value!r}", field=field)
    return Rate(_whole(value["ppb"], f"{field}.ppb"), _per(value["per"], f"{field}.per"))


def _penalty_json(penalty: Penalty) -> dict[str, Any]:
    return {"base": penalty.base.value, "ppb": penalty.ppb, "ratio_ppb": penalty.ratio_ppb, "from_day": penalty.from_day}


def _penalty(value: object, field: str) -> Penalty | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or not {"base"} <= set(value) <= {"base", "ppb", "ratio_ppb", "from_day"}:
        raise BadInput(f"{field}: write an object with base, ppb or ratio_ppb, and from_day", field=field)
    numbers = {name: _whole(value[name], f"{field}.{name}") for name in ("ppb", "ratio_ppb", "from_day") if name in value}
    penalty = Penalty(_penalty_base(value["base"], f"{field}.base"), **numbers)
    if (penalty.ppb > 0) == (penalty.ratio_ppb > 0) or min(penalty.ppb, penalty.ratio_ppb) < 0:
        raise BadInput(f"{field}: give ppb a day, or ratio_ppb of the contract's rate, and not both", field=field)
    if penalty.from_day < 1:
        raise BadInput(f"{field}.from_day: the first day late that costs something, 1 or later", field=f"{field}.from_day")
    return penalty


_fee_of = _one_of(FeeOf)
_penalty_base = _one_of(PenaltyBase)


def _fees(value: object, field: str) -> tuple[Fee, ...]:
    if not isinstance(value, list | tuple):
        raise BadInput(f"{field}: write a list, not {value!r}", field=field)
    fees = []
    for index, item in enumerate(value):
        where = f"{field}[{index}]"
        if not isinstance(item, Mapping) or set(item) not in _FEE_FIELDS:
            raise BadInput(f"{where}: write an object with name, amount, at and collected_by; a percentage has ppb and of too", field=where)
        at: FeeAt | date
        at = FeeAt(item["at"]) if item["at"] in list(FeeAt) else parse_date(item["at"], f"{where}.at")
        amount = _whole(item["amount"], f"{where}.amount")
        if amount < 0:
            raise BadInput(f"{where}.amount: must not be negative, not {amount}", field=f"{where}.amount")
        name, collector = _text(item["name"], f"{where}.name"), _text(item["collected_by"], f"{where}.collected_by")
        if "of" in item:
            fees.append(_percentage(item, Fee(name, amount, at, collector), where))
        else:
            fees.append(Fee(name, amount, at, collector))
    return tuple(fees)


def _percentage(item: Mapping[str, Any], fee: Fee, where: str) -> Fee:
    of, ppb = _fee_of(item["of"], f"{where}.of"), _whole(item["ppb"], f"{where}.ppb")
    if ppb < 1 or fee.amount:
        raise BadInput(f"{where}.ppb: a percentage is more than nothing, and its amount is 0", field=f"{where}.ppb")
    if of is not FeeOf.PRINCIPAL and fee.at is not FeeAt.EACH_INSTALMENT:
        raise BadInput(f"{where}.of: a part of the instalment falls due with each instalment", field=f"{where}.of")
    return Fee(fee.name, 0, fee.at, fee.collected_by, ppb, of)


_READERS: Final[dict[str, Callable[[object, str], Any]]] = {
    "currency": _text,
    "principal": _whole,
    "method": _one_of(Method),
    "rate": _rate,
    "instalments": _whole,
    "disbursed_on": parse_date,
    "day_count": _one_of(DayCount),
    "period_interest": _one_of(PeriodInterest),
    "every_count": _whole,
    "every_unit": _one_of(Unit),
    "first_due_on": lambda value, field: None if value is None else parse_date(value, field),
    "rounding": _one_of(Rounding),
    "instalment_rounding": _one_of(Rounding),
    "instalment_multiple": _whole,
    "instalment_amount": lambda value, field: None if value is None else _whole(value, field),
    "principal_grace": _whole,
    "interest_grace": _whole,
    "annuity": _one_of(Annuity),
    "balanced": _yes_or_no,
    "down_payment_ppb": _whole,
    "allocation": _texts,
    "allocation_in_advance": lambda value, field: None if value is None else _texts(value, field),
    "across": _one_of(Across),
    "excess": _one_of(Excess),
    "payoff_interest": _one_of(PayoffInterest),
    "early": _one_of(Early),
    "overdue_interest": _one_of(OverdueInterest),
    "compounding": _yes_or_no,
    "rest": _one_of(Rest),
    "balloon": _whole,
    "last_due_on": lambda value, field: None if value is None else parse_date(value, field),
    "excess_for": _excess_for,
    "limit": lambda value, field: None if value is None else _whole(value, field),
    "fees": _fees,
    "penalty": _penalty,
    "charges_due": _one_of(ChargesDue),
    "payout_joins": _one_of(PayoutJoins),
}
