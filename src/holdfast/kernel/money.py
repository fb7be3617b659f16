"""Money: exact amounts in the currency's smallest unit.

Never a float. What is shared out always sums to what there was.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from holdfast.kernel.errors import BadInput, Fault

# ISO 4217 minor units of the currencies that we accept; all others are refused by name.
EXPONENTS: Final = {"CNY": 2, "HKD": 2, "USD": 2, "EUR": 2, "GBP": 2, "SGD": 2, "JPY": 0, "KWD": 3}
LARGEST_MINOR: Final = 10**15
_DECIMAL: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]+)?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount. `minor` counts the currency's smallest unit: fen for CNY, cents for EUR."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Share the amount by weight and lose nothing: the parts always sum to the whole.

        Each part is rounded down; the minor units left over go one each to the first parts.
        """
        total = sum(weights)
        parts = [self.minor * weight // total for weight in weights]
        for index in range(self.minor - sum(parts)):
            parts[index] += 1
        return [Money(part, self.currency) for part in parts]

    def as_json(self) -> dict[str, Any]:
        """`{"minor": 123400, "currency": "CNY"}`, the form the API and the journal use."""
        return {"minor": self.minor, "currency": self.currency}

    def decimal(self) -> str:
        """The amount in major units without grouping: `1234.00`."""
        return decimal_of(self.minor, self.currency)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise Fault(f"{other.currency} cannot be added to {self.currency}")
        return other.minor


def exponent_of(currency: str, field: str = "currency") -> int:
    """Decimal places of `currency`; BadInput for one that we do not know."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        known = ", ".join(sorted(EXPONENTS))
        raise BadInput(f"{field}: {currency!r} is not a currency we keep books in; use one of {known}", field=field) from None


def minor_of(text: str, currency: str, field: str = "amount") -> int:
    """Minor units in a decimal string such as `"1234.5"`; BadInput if it has too many decimals.

    Trailing zeros beyond the currency's decimals are accepted, digits that matter are not.
    """
    exponent = exponent_of(currency)
    if not _DECIMAL.fullmatch(text):
        raise BadInput(f"{field}: write the amount as digits with a point, such as 1234.50, not {text!r}", field=field)
    whole, _, fraction = text.partition(".")
    if fraction[exponent:].strip("0"):
        raise BadInput(f"{field}: {currency} has {exponent} decimals; {text!r} has more", field=field)
    minor = int(whole + fraction[:exponent].ljust(exponent, "0"))
    if abs(minor) > LARGEST_MINOR:
        raise BadInput(f"{field}: {text!r} is beyond the largest amount that we book", field=field)
    return minor


def decimal_of(minor: int, currency: str) -> str:
    """Minor units as a plain decimal string, always with all of the currency's decimals."""
    exponent = exponent_of(currency)
    if exponent == 0:
        return str(minor)
    sign = "-" if minor < 0 else ""
    whole, fraction = divmod(abs(minor), 10**exponent)
    return f"{sign}{whole}.{fraction:0{exponent}d}"
