"""Authority: who may agree to give up how much, and to put how much off; told by name, never guessed."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.approvals.authority import PARTS, Authority, Limits, Wanted, authority_for, limits_of, may_agree
from holdfast.kernel.errors import Forbidden, Refusal
from holdfast.parties import Role
from holdfast.policy import Lender, shipped

BOTH = (Role.APPROVER, Role.RISK)
LIMITS = Limits(
    {
        "principal": {"approver": 10_000, "risk": 100_000},
        "principal_percent": {"approver": 10, "risk": 50},
        "penalty": {"approver": 50_000, "risk": 500_000},
        "deferral_months": {"approver": 2, "risk": 3},
        "instalments": {"risk": 12},
    },
    two_from=80_000,
    two={"approver": 1, "risk": 1},
)


def forgiven(principal: int, owed: int = 200_000, **more: int) -> Wanted:
    return Wanted("CNY", {"principal": principal, **more}, {"principal": owed, **dict.fromkeys(more, 10**9)})


@pytest.mark.parametrize(
    ("wanted", "roles", "beyond"),
    [
        (forgiven(10_000), ["approver", "risk"], {}),
        (forgiven(10_001), ["risk"], {"approver": "authority.principal"}),
        (forgiven(10_000, owed=99_999), ["risk"], {"approver": "authority.principal_percent"}),  # a fen more than a tenth
        (forgiven(10_000, owed=100_000), ["approver", "risk"], {}),  # a tenth
        (forgiven(0, penalty=50_001), ["risk"], {"approver": "authority.penalty"}),
        (Wanted("CNY", months=2), ["approver", "risk"], {}),
        (Wanted("CNY", months=3), ["risk"], {"approver": "authority.deferral_months"}),
        (Wanted("CNY", instalments=1), ["risk"], {"approver": "authority.instalments"}),  # a role that is not named may nothing
    ],
)
def test_each_limit_binds_the_role_that_it_names(wanted: Wanted, roles: list[str], beyond: dict[str, str]) -> None:
    found = authority_for(wanted, LIMITS, BOTH)
    assert [str(role) for role in found.roles] == roles
    assert {str(role): rule for role, rule in found.beyond.items()} == beyond


@pytest.mark.parametrize("wanted", [forgiven(100_001), forgiven(51, owed=100), Wanted("CNY", months=4)])
def test_what_is_beyond_everybody_is_refused_by_the_name_of_the_rules(wanted: Wanted) -> None:
    with pytest.raises(Refusal) as refused:
        authority_for(wanted, LIMITS, BOTH)
    assert refused.value.code == "beyond_all_authority" and refused.value.facts["limits"]


def test_a_pack_that_says_nothing_of_a_rule_limits_nobody_by_it() -> None:
    assert authority_for(Wanted("CNY", months=99, instalments=99), Limits({}), BOTH).roles == BOTH


def test_from_the_sum_that_the_pack_names_two_agree_one_of_each_role() -> None:
    assert authority_for(forgiven(79_999), LIMITS, BOTH).needed == 1
    assert authority_for(forgiven(80_000), LIMITS, BOTH).needed == 2


def test_two_who_could_never_have_the_authority_between_them_are_refused_at_once() -> None:
    limits = Limits(LIMITS.most, two_from=1, two={"approver": 2})
    with pytest.raises(Refusal):
        authority_for(forgiven(50_000), limits, BOTH)


@pytest.mark.parametrize(
    ("others", "by", "allowed"),
    [
        ((), "approver", True),
        ((), "risk", True),
        (("risk",), "approver", True),
        (("risk",), "risk", False),
        (("approver",), "approver", False),
    ],
)
def test_where_two_are_named_by_role_each_yes_is_one_of_those(others: tuple[str, ...], by: str, allowed: bool) -> None:
    found = authority_for(forgiven(80_000), LIMITS, BOTH)
    if allowed:
        may_agree(found, Role(by), [Role(each) for each in others])
        return
    with pytest.raises(Forbidden) as refused:
        may_agree(found, Role(by), [Role(each) for each in others])
    assert refused.value.code == "authority_of_others" and by not in refused.value.facts["whose"]


def test_of_two_who_decide_the_last_is_refused_if_neither_has_the_authority() -> None:
    found = authority_for(Wanted("CNY", months=3), LIMITS, BOTH)
    may_agree(found, Role.APPROVER, [], needed=2)  # the first of two may, for the other may have it
    with pytest.raises(Forbidden) as refused:
        may_agree(found, Role.APPROVER, [Role.APPROVER], needed=2)
    assert refused.value.code == "beyond_authority_of" and refused.value.facts["whose"] == ["risk"]
    may_agree(found, Role.RISK, [Role.APPROVER], needed=2)
    may_agree(found, Role.APPROVER, [Role.RISK], needed=2)


@given(st.dictionaries(st.sampled_from(PARTS), st.integers(0, 200_000)), st.integers(0, 4), st.integers(0, 13))
def test_whoever_may_agree_to_much_may_agree_to_less(parts: dict[str, int], months: int, instalments: int) -> None:
    owed = dict.fromkeys(PARTS, 300_000)

    def who(share: int) -> set[Role]:
        less = {part: minor * share // 100 for part, minor in parts.items()}
        try:
            found: Authority = authority_for(Wanted("CNY", less, owed, months * share // 100, instalments * share // 100), LIMITS, BOTH)
        except Refusal:
            return set()
        return set(found.roles)

    assert who(100) <= who(50) <= who(0)


def test_the_shipped_pack_names_every_limit_for_those_who_decide() -> None:
    pack, known = shipped(), Lender(name="示例", lender_type="micro_lender", licence_no="1", regulator="示例", region="CN", sample=True)
    found = limits_of(pack, known, on=pack.effective_from, product="phone")
    keys = {"".join(each) for each in product(PARTS, ("", "_percent"))} | {"deferral_months", "instalments"}
    assert set(found.most) == keys and found.two_from and found.two
    for key, table in found.most.items():
        assert table["approver"] <= table["risk"], key
