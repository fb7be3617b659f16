"""When a pledge may be lifted: the one rule, asked by every verb that ends a pledge. Pure.

In full only when nothing is owed that it secures. A substitution, a partial release or a disposal
lifts it only if what remains covers what is owed, by the policy's lending value, or if the proceeds
post to the debt in the same transaction.
"""

from __future__ import annotations

from enum import StrEnum

from holdfast.kernel.errors import Fault, Refusal


class How(StrEnum):
    """Why a pledge ends."""

    IN_FULL = "in_full"
    SUBSTITUTION = "substitution"
    PART = "part"
    DISPOSAL = "disposal"


def may_lift(how: How, *, owed: int, remaining: int, proceeds: int = 0) -> None:
    """Refusal, with the figures, unless a pledge may end this way.

    All in minor units of one currency: `owed` of every loan that it secures; `remaining` is the lending value of what
    still stands behind them once it is gone; `proceeds` post to the debt in this transaction (0: nothing does).
    """
    if owed < 0 or remaining < 0 or proceeds < 0:
        raise Fault("a debt, a lending value or proceeds below nothing", code="lift_figures")
    if owed == 0:
        return
    if how is How.IN_FULL:
        raise Refusal(f"{owed} minor units are still owed; a pledge is lifted in full only when nothing is", code="debt_left", owed=owed)
    if how is How.DISPOSAL and proceeds > 0:
        return
    if remaining < owed:
        raise Refusal(
            f"what remains is good for {remaining} minor units and {owed} are owed; the pledge stands", code="not_covered", owed=owed,
            remaining=remaining,
        )  # fmt: skip
