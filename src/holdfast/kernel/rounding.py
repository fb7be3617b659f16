"""Rounding: the one place where a fraction becomes a whole number of minor units.

A contract names its mode; every call says which one it uses.
"""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction


class Rounding(StrEnum):
    """How a contract rounds to the minor unit. Ties are exact halves."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    UP = "up"
    DOWN = "down"


def divide(numerator: int, denominator: int, mode: Rounding) -> int:
    """`numerator / denominator` as a whole number; `UP` and `HALF_UP` move away from zero.

    `denominator` must be positive. Integers only, so that the result is exact at any size.
    """
    sign = -1 if numerator < 0 else 1
    whole, rest = divmod(abs(numerator), denominator)
    if rest:
        twice = 2 * rest
        if mode is Rounding.UP:
            whole += 1
        elif mode is Rounding.HALF_UP:
            whole += twice >= denominator
        elif mode is Rounding.HALF_EVEN:
            whole += twice > denominator or (twice == denominator and whole % 2 == 1)
    return sign * whole


def to_minor(value: Fraction, mode: Rounding, *, multiple: int = 1) -> int:
    """A fraction of minor units as a whole multiple of `multiple` minor units."""
    return divide(value.numerator, value.denominator * multiple, mode) * multiple
