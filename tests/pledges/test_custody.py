"""Custody: one slot a thing, moves by two, an audit that misses nothing, and what happens to what is missing."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from holdfast import collateral, pledges, servicing
from holdfast.collateral import ItemState, custody
from holdfast.collateral.states import LIFE, ItemEvent, after
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.life import LoanState
from holdfast.parties import Role
from tests.pledges.lives import QUICK, House, seal


@pytest.fixture(autouse=True)
def quick(house: House) -> None:
    house.ports = QUICK


def item(house: House, thing: collateral.Thing) -> collateral.Item:
    found = custody.item_of(house.db, thing.thing_id)
    assert found is not None
    return found


def test_every_pair_of_the_states_table_is_allowed_or_refused() -> None:
    for state, event in product(ItemState, ItemEvent):
        if (state, event) in LIFE:
            assert after(state, event) is LIFE[state, event]
        else:
            with pytest.raises(Refusal):
                after(state, event)
    assert len(LIFE) == 8


# -- moving --------------------------------------------------------------------------------------------------------


def test_a_thing_moves_when_a_second_person_agrees_and_not_before(house: House) -> None:
    _loan, thing, _held = house.lent()
    asked = custody.ask_move(
        house.db, clock=house.clock, by=house.chen, seal_no=item(house, thing).seal_no, to="A-02-03", reason="换到上层"
    )
    assert str(item(house, thing).place) == "A-01-01"
    with pytest.raises(Forbidden):
        house.yes(asked.public_id, house.chen)
    house.yes(asked.public_id)
    assert str(item(house, thing).place) == "A-02-03"
    with pytest.raises(Refusal):
        house.yes(asked.public_id)


def test_a_move_to_a_taken_or_missing_slot_or_from_where_it_no_longer_lies_is_refused(house: House) -> None:
    _loan, thing, _held = house.lent()
    house.lent("A-01-02")
    number = item(house, thing).seal_no
    for to, kind in (("A-01-02", Refusal), ("A-09-01", BadInput), ("nowhere", BadInput)):
        with pytest.raises(kind):
            custody.ask_move(house.db, clock=house.clock, by=house.chen, seal_no=number, to=to, reason="换到上层")
    first, second = (
        custody.ask_move(house.db, clock=house.clock, by=house.chen, seal_no=number, to=to, reason="换到上层")
        for to in ("A-03-01", "A-03-02")
    )
    house.yes(first.public_id)
    with pytest.raises(Refusal) as refused, house.db.transaction():
        house.yes(second.public_id)
    assert refused.value.code == "moved_since"


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.CUSTODIAN, Role.SYSTEM)])
def test_only_a_custodian_moves_searches_and_audits(house: House, role: Role) -> None:
    _loan, thing, _held = house.lent()
    number, stranger = item(house, thing).seal_no, house.hire("别人", role)
    acts: list[Any] = [
        lambda: custody.ask_move(house.db, clock=house.clock, by=stranger, seal_no=number, to="A-02-01", reason="换到上层"),
        lambda: custody.miss(house.db, clock=house.clock, by=stranger, seal_no=number, words="格子是空的"),
        lambda: custody.found(house.db, clock=house.clock, by=stranger, seal_no=number, place="A-02-01", words="找到了呀"),
        lambda: custody.ask_lost(house.db, clock=house.clock, by=stranger, seal_no=number, reason="到处找遍了"),
        lambda: custody.open_audit(house.db, clock=house.clock, by=stranger, branch_id=house.branch_id, code="A"),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            act()


def test_another_branch_sees_neither_shelf_nor_thing(house: House) -> None:
    _loan, thing, _held = house.lent()
    stranger = house.hire("远方", Role.CUSTODIAN, branch=house.other_branch())
    with pytest.raises(NotFound):
        custody.miss(house.db, clock=house.clock, by=stranger, seal_no=item(house, thing).seal_no, words="格子是空的")
    with pytest.raises(NotFound):
        custody.open_audit(house.db, clock=house.clock, by=stranger, branch_id=house.branch_id, code="A")
    assert custody.shelves(house.db, stranger) == []


def test_a_shelf_does_not_shrink_under_what_lies_on_it(house: House) -> None:
    house.lent("A-03-05")
    with pytest.raises(Refusal) as refused:
        custody.set_shelf(house.db, clock=house.clock, by=house.chen, branch_id=house.branch_id, code="A", levels=2, slots=12)
    assert refused.value.code == "shelf_in_use"
    sizes: tuple[dict[str, Any], ...] = ({"code": "1"}, {"levels": 0}, {"slots": 51})
    for wrong in sizes:
        given: dict[str, Any] = {"branch_id": house.branch_id, "code": "B", "levels": 2, "slots": 2, **wrong}
        with pytest.raises(BadInput):
            custody.set_shelf(house.db, clock=house.clock, by=house.chen, **given)


# -- the audit -------------------------------------------------------------------------------------------------------


def walk(house: House, *seals: str) -> collateral.Finding:
    house.wait(0)
    going = custody.open_audit(house.db, clock=house.clock, by=house.chen, branch_id=house.branch_id, code="A")
    for number in seals:
        custody.scan(house.db, clock=house.clock, by=house.chen, audit=going.public_id, seal_no=number)
    return custody.close_audit(house.db, clock=house.clock, by=house.chen, audit=going.public_id)


def test_what_was_not_scanned_is_missing_and_its_loan_hears_of_it(house: House) -> None:
    first, second = house.lent("A-01-01"), house.lent("A-01-02")
    finding = walk(house, item(house, first[1]).seal_no)
    assert [each.thing for each in finding.seen] == [first[1].public_id]
    assert [each.thing for each in finding.missing] == [second[1].public_id]
    assert item(house, second[1]).state is ItemState.MISSING
    assert "find_item" in house.duty_kinds(second[0]) and "find_item" not in house.duty_kinds(first[0])
    audit = house.audit()
    assert not audit.missing and not audit.unproved


def test_a_later_audit_that_sees_it_ends_the_search(house: House) -> None:
    loan, thing, _held = house.lent()
    walk(house)
    assert [each.thing for each in walk(house, item(house, thing).seal_no).found] == [thing.public_id]
    assert item(house, thing).state is ItemState.IN_CUSTODY
    assert "find_item" not in house.duty_kinds(loan)


def test_what_does_not_belong_there_and_seals_of_nobody_are_named(house: House) -> None:
    custody.set_shelf(house.db, clock=house.clock, by=house.chen, branch_id=house.branch_id, code="B", levels=1, slots=3)
    _loan, thing, _held = house.lent("B-01-01")
    finding = walk(house, item(house, thing).seal_no, "XX-99999", "xx-99999")
    assert [each.thing for each in finding.elsewhere] == [thing.public_id]
    assert finding.unknown == ("XX-99999",)
    assert item(house, thing).state is ItemState.IN_CUSTODY


def test_what_came_in_during_the_walk_is_not_missing(house: House) -> None:
    going = custody.open_audit(house.db, clock=house.clock, by=house.chen, branch_id=house.branch_id, code="A")
    house.wait(1)
    _loan, thing, _held = house.lent()
    finding = custody.close_audit(house.db, clock=house.clock, by=house.chen, audit=going.public_id)
    assert finding.missing == () and item(house, thing).state is ItemState.IN_CUSTODY


def test_a_shelf_is_walked_once_at_a_time_and_a_closed_walk_takes_no_scan(house: House) -> None:
    going = custody.open_audit(house.db, clock=house.clock, by=house.chen, branch_id=house.branch_id, code="A")
    with pytest.raises(Refusal) as twice:
        custody.open_audit(house.db, clock=house.clock, by=house.fang, branch_id=house.branch_id, code="A")
    assert twice.value.code == "audit_open"
    custody.close_audit(house.db, clock=house.clock, by=house.fang, audit=going.public_id)
    for act in (
        lambda: custody.scan(house.db, clock=house.clock, by=house.chen, audit=going.public_id, seal_no="SL-1111"),
        lambda: custody.close_audit(house.db, clock=house.clock, by=house.chen, audit=going.public_id),
    ):
        with pytest.raises(Refusal) as closed:
            act()
        assert closed.value.code == "audit_closed"


# -- missing, found, lost, made good -----------------------------------------------------------------------------------


def test_a_found_thing_may_lie_elsewhere_under_a_new_seal(house: House) -> None:
    loan, thing, _held = house.lent()
    old, new = item(house, thing).seal_no, seal()
    custody.miss(house.db, clock=house.clock, by=house.chen, seal_no=old, words="格子是空的")
    custody.found(house.db, clock=house.clock, by=house.chen, seal_no=old, place="A-05-12", words="在柜顶，封签破损", new_seal_no=new)
    assert (str(item(house, thing).place), item(house, thing).seal_no) == ("A-05-12", new)
    assert "find_item" not in house.duty_kinds(loan)


def lost(house: House) -> tuple[str, collateral.Thing]:
    loan, thing, _held = house.lent()
    collateral.value(house.db, clock=house.clock, by=house.chen, loan=loan)
    number = item(house, thing).seal_no
    with pytest.raises(Refusal):
        custody.ask_lost(house.db, clock=house.clock, by=house.chen, seal_no=number, reason="到处找遍了")
    custody.miss(house.db, clock=house.clock, by=house.chen, seal_no=number, words="格子是空的")
    asked = custody.ask_lost(house.db, clock=house.clock, by=house.chen, seal_no=number, reason="到处找遍了")
    house.yes(asked.public_id)
    return loan, thing


def test_lost_is_said_by_two_and_opens_the_duty_to_compensate(house: House) -> None:
    loan, thing = lost(house)
    assert item(house, thing).state is ItemState.LOST
    assert "compensate" in house.duty_kinds(loan) and "find_item" not in house.duty_kinds(loan)


def test_compensation_falls_on_the_debt_and_its_surplus_is_the_borrower_s(house: House) -> None:
    """1,200.00 owed, a phone of 3,000.00: the debt is gone and 1,800.00 is to be refunded."""
    loan, _thing = lost(house)
    asked = pledges.ask_compensation(house.db, clock=house.clock, by=house.officer, loan=loan, reason="照价赔偿")
    assert asked.inputs["amount"] == {"minor": 300_000, "currency": "CNY"}
    house.yes(asked.public_id, house.approver)
    assert house.owed(loan).minor == 0
    assert servicing.reckon(house.db, loan=loan).overpaid.minor == 180_000
    assert "refund" in house.duty_kinds(loan) and "compensate" not in house.duty_kinds(loan)
    held = pledges.pledge_of(house.db, house.number(loan))
    assert held is not None and (held.state, held.how) == ("disposed", "compensated")
    audit = house.audit()
    assert not audit.missing and not audit.unproved


def test_nothing_is_made_good_that_was_not_lost(house: House) -> None:
    loan, _thing, _held = house.lent()
    with pytest.raises(Refusal) as refused:
        pledges.ask_compensation(house.db, clock=house.clock, by=house.officer, loan=loan, reason="照价赔偿")
    assert refused.value.code == "not_lost"


# -- no loan after all --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ends", "state"), [("withdrawn", LoanState.WITHDRAWN), ("refused", LoanState.REFUSED)])
def test_a_thing_goes_home_before_a_loan_that_was_never_made_ends(house: House, ends: str, state: LoanState) -> None:
    loan, thing, _held = house.taken_in()
    asked = pledges.ask_to_hand_back(house.db, clock=house.clock, by=house.officer, loan=loan, ends=ends, reason="借款人不借了")
    house.yes(asked.public_id)
    assert (house.duty_kinds(loan), house.state(loan)) == ({"hand_back"}, LoanState.SIGNED)
    number = item(house, thing).seal_no
    with pytest.raises(BadInput):
        pledges.ask_hand_back(house.db, clock=house.clock, by=house.chen, loan=loan, seal_no=number, identity_seen=False)
    with pytest.raises(Refusal) as other:
        pledges.ask_hand_back(house.db, clock=house.clock, by=house.chen, loan=loan, seal_no=seal(), identity_seen=True)
    assert other.value.code == "seal_differs"
    back = pledges.ask_hand_back(house.db, clock=house.clock, by=house.chen, loan=loan, seal_no=number, identity_seen=True)
    house.yes(back.public_id)
    assert house.state(loan) is state and house.duty_kinds(loan) == set()
    assert item(house, thing).state is ItemState.HANDED_BACK
    audit = house.audit()
    assert not audit.missing and not audit.unproved


def test_a_thing_whose_pledge_stands_never_goes_home(house: House) -> None:
    for loan, thing, _held in (house.taken_in("A-01-01"), house.lent("A-01-02")):
        with pytest.raises(Refusal) as refused:
            pledges.ask_hand_back(
                house.db, clock=house.clock, by=house.chen, loan=loan, seal_no=item(house, thing).seal_no, identity_seen=True
            )
        assert refused.value.code == "pledge_stands"


def test_the_pledge_of_a_released_loan_is_lifted_before_the_thing_is_handed_over(house: House) -> None:
    loan, thing, _held = house.lent()
    house.pay_off(loan)
    number = item(house, thing).seal_no
    with pytest.raises(Refusal):
        pledges.hand_over(house.db, clock=house.clock, by=house.chen, loan=loan, seal_no=number)
    pledges.lift(house.db, clock=house.clock, by=house.approver, loan=loan, secured_debt=house.owed(loan))
    assert pledges.hand_over(house.db, clock=house.clock, by=house.chen, loan=loan, seal_no=number).state is ItemState.HANDED_BACK
    assert pledges.custody_problem(house.db, house.number(loan)) != ""


def test_the_loan_s_officer_neither_asks_nor_agrees_that_a_thing_goes_home_under_whichever_log_in(house: House) -> None:
    loan, thing, _held = house.taken_in()
    person = house.party_of(thing).party_id
    house.db.execute("UPDATE staff SET person_id = %s WHERE staff_id = %s", [person, house.officer.staff_id])
    house.db.execute("UPDATE loan SET officer_id = %s WHERE public_id = %s", [house.officer.staff_id, loan])
    twin = house.hire("欧示例（库管）", Role.CUSTODIAN, person=person)
    asked = pledges.ask_to_hand_back(house.db, clock=house.clock, by=house.officer, loan=loan, ends="withdrawn", reason="借款人不借了")
    house.yes(asked.public_id)
    number = item(house, thing).seal_no
    with pytest.raises(Forbidden) as asking:
        pledges.ask_hand_back(house.db, clock=house.clock, by=twin, loan=loan, seal_no=number, identity_seen=True)
    back = pledges.ask_hand_back(house.db, clock=house.clock, by=house.chen, loan=loan, seal_no=number, identity_seen=True)
    with pytest.raises(Forbidden) as agreeing:
        house.yes(back.public_id, twin)
    assert (asking.value.code, agreeing.value.code) == ("approval_barred", "approval_barred")
    house.yes(back.public_id)
    assert item(house, thing).state is ItemState.HANDED_BACK
