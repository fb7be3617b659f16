"""Authority: who may agree to give up how much of a debt, and to put how much of it off.

The pack says it by role; one rule reads it, whatever is being decided. It comes on top of the rule of two and never in its place:
whoever asked, the loan's officer and the same person under another log-in are refused by `rules`, before anybody counts money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from holdfast.kernel.errors import Forbidden, Refusal
from holdfast.parties import Role
from holdfast.policy import Lender, Pack

# In the order in which money falls on them.
PARTS: Final = ("penalty", "fee", "interest", "principal")
_AMOUNTS: Final = (*PARTS, *(f"{part}_percent" for part in PARTS), "deferral_months", "instalments")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody is to agree to: how much of each part of what is `owed` is `forgiven` (minor units), and how much is put off."""

    currency: str
    forgiven: Mapping[str, int] = field(default_factory=dict)
    owed: Mapping[str, int] = field(default_factory=dict)
    months: int = 0
    instalments: int = 0

    @property
    def total(self) -> int:
        """All that is forgiven, in minor units."""
        return sum(self.forgiven.values())


@dataclass(frozen=True, slots=True)
class Limits:
    """What the pack says: the most by rule and role, from what sum two people agree, and how many of which role.

    A rule that the pack does not have limits nobody; a role that a rule does not name may agree to nothing of it.
    """

    most: Mapping[str, Mapping[str, int]]
    two_from: int | None = None
    two: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Authority:
    """Who must decide. `roles` may agree alone; where `two` is not empty so many of each role agree, one of `roles` among them.

    `beyond` names for every other role that decides the rule which it would break.
    """

    roles: tuple[Role, ...]
    two: Mapping[Role, int]
    beyond: Mapping[Role, str]

    @property
    def needed(self) -> int:
        """How many people must agree."""
        return sum(self.two.values()) or 1


def limits_of(pack: Pack, known: Lender, *, on: date, product: str) -> Limits:
    """The limits of a pack as it stood on a day."""

    def has(key: str) -> bool:
        return pack.has(f"authority.{key}", on=on, lender_type=known.lender_type, product=product)

    def table(key: str) -> dict[str, int]:
        return pack.table(f"authority.{key}", on=on, lender_type=known.lender_type, product=product)

    if not has("two_from"):
        return Limits({key: table(key) for key in _AMOUNTS if has(key)})
    two_from = pack.number("authority.two_from", on=on, lender_type=known.lender_type, product=product)
    return Limits({key: table(key) for key in _AMOUNTS if has(key)}, two_from, table("two"))


def authority_for(wanted: Wanted, limits: Limits, deciders: Sequence[Role]) -> Authority:
    """Who of those roles that decide such a thing at all may agree to it. Refusal, naming the rules, if it is beyond all of them."""
    asks = _asks(wanted)
    beyond: dict[Role, str] = {}
    for role in deciders:
        broken = next((key for key, needed in asks.items() if needed > limits.most.get(key, {role: needed}).get(role, 0)), None)
        if broken is not None:
            beyond[role] = f"authority.{broken}"
    within = tuple(role for role in deciders if role not in beyond)
    two = {Role(name): people for name, people in limits.two.items() if people}
    if limits.two_from is None or wanted.total < limits.two_from:
        two = {}
    if not within or (two and not set(within) & two.keys()):
        rules = sorted(set(beyond.values())) or ["authority.two"]
        raise Refusal(
            f"nobody may agree to this: it is beyond what {', '.join(rules)} of the pack lets anybody give up or put off",
            code="beyond_all_authority", limits=rules,
        )  # fmt: skip
    return Authority(within, two, beyond)


def may_agree(authority: Authority, by: Role, others: Sequence[Role], *, needed: int | None = None) -> None:
    """Forbidden, saying whose it is, unless this role's yes counts after those of `others`.

    Of several who must agree (`needed`; without it as many as the authority asks for) the last yes is refused if none of them has
    the authority. Where the pack names how many of which role agree, each yes must be one of those.
    """
    wanted = authority.needed if needed is None else needed
    if authority.two:
        if (*others, by).count(by) > authority.two.get(by, 0):
            whose = [str(role) for role, people in authority.two.items() if others.count(role) < people]
            raise Forbidden(
                f"authority.two: this waits for the yes of {' and '.join(whose)}, not of {by}", code="authority_of_others", whose=whose
            )
        return
    if len(others) + 1 >= wanted and not set(authority.roles) & {*others, by}:
        rule, whose = authority.beyond.get(by, "authority"), [str(role) for role in authority.roles]
        raise Forbidden(
            f"{rule}: this is beyond the authority of {by}; it is for {' or '.join(whose)}", code="beyond_authority_of", limits=[rule],
            whose=whose,
        )  # fmt: skip


def _asks(wanted: Wanted) -> dict[str, int]:
    """What each rule is held against: amounts as they are, shares in whole percent rounded up."""
    asks = {part: wanted.forgiven.get(part, 0) for part in PARTS}
    for part in PARTS:
        asks[f"{part}_percent"] = _percent(asks[part], wanted.owed.get(part, 0))
    return {**asks, "deferral_months": wanted.months, "instalments": wanted.instalments}


def _percent(part: int, whole: int) -> int:
    """How much of `whole` a `part` is, in percent, rounded up: what is a fen more than a limit is beyond it."""
    return 0 if not part else 100 if whole <= 0 else -(-part * 100 // whole)
