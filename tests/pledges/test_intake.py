"""Taking a thing in: two people, the right phone, nothing on it, a slot and a seal of its own."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast import collateral, duties, files, pledges
from holdfast.journal import read_chain
from holdfast.kernel.errors import BadInput, Forbidden, HoldfastError, NotFound, Refusal
from holdfast.life import LoanState
from holdfast.parties import Reach, Role, box_of
from tests.pledges.lives import PORTS, House, imei, phone, seal


def test_a_thing_taken_in_by_two_opens_the_payout_and_lies_sealed_in_its_slot(house: House) -> None:
    loan, thing = house.signed()
    asked = house.ask_in(loan, thing)
    assert asked.pledge is not None and asked.pledge.state == "drafted"
    assert house.duty_kinds(loan) == {"take_in"}
    house.yes(asked.request.public_id)
    held = pledges.pledge_of(house.db, house.number(loan))
    item = collateral.custody.item_of(house.db, thing.thing_id)
    assert held is not None and item is not None
    assert (held.state, held.secures, held.taken_by, held.witness) == ("delivered", (loan,), "陈示例", "方示例")
    assert (item.state, str(item.place)) == ("in_custody", "A-01-01")
    assert house.duty_kinds(loan) == {"pay_out"}
    assert house.state(loan) is LoanState.SIGNED
    audit = house.audit()
    assert not audit.missing and not audit.unproved


def test_the_owner_gets_a_sealed_receipt_that_belongs_to_the_loan(house: House) -> None:
    loan, thing, held = house.taken_in()
    kept = [(file, purpose) for file, purpose in files.of_loan(house.db, house.number(loan)) if purpose == "custody_receipt"]
    assert [file.public_id for file, _ in kept] == [held.receipt]
    pdf = files.read(kept[0][0], box=box_of(house.db, house.party_of(thing)))
    assert pdf.startswith(b"%PDF") and b"/ByteRange" in pdf
    record = next(each for each in read_chain(house.db, house.number(loan)) if each.kind == "custody.taken_in")
    assert kept[0][0].digest.encode() in record.body


def test_the_link_stands_under_both_keys_with_a_record_on_both_chains(house: House) -> None:
    house.taken_in()
    assert pledges.compare_links(house.db) == (1, [])


@pytest.mark.parametrize(
    ("read", "field"),
    [
        ({"lock_off": False}, "lock_off"), ({"sim_out": False}, "sim_out"), ({"photos": {}}, "photos.front"), ({"seal_no": "?"}, "seal_no"),
        ({"slot": "over there"}, "slot"), ({"slot": "Z-01-01"}, "slot"), ({"slot": "A-06-01"}, "slot"), ({"slot": "A-01-13"}, "slot"),
        ({"imeis": ()}, "imei1"), ({"imeis": ("12",)}, "imei1"),
    ],
)  # fmt: skip
def test_what_is_not_as_it_must_be_is_refused_by_field(house: House, read: dict[str, Any], field: str) -> None:
    loan, thing = house.signed()
    with pytest.raises(BadInput) as refused:
        house.ask_in(loan, thing, **read) if "slot" not in read else house.ask_in(loan, thing, read["slot"])
    assert refused.value.field == field


def test_another_phone_than_that_of_the_file_is_not_taken_in(house: House) -> None:
    loan, thing = house.signed()
    with pytest.raises(Refusal) as refused:
        house.ask_in(loan, thing, imeis=(imei(), imei()))
    assert refused.value.code == "imei_differs"


def test_nothing_is_taken_in_before_the_contract_is_sealed_or_twice_for_one_loan(house: House) -> None:
    loan, _thing, _held = house.taken_in()
    second = house.offered(loan)
    with pytest.raises(Refusal) as refused:
        pledges.ask_take_in(
            house.db, clock=house.clock, by=house.chen, loan=loan, thing=second.public_id, seen=house.seen(second, "A-01-02")
        )
    assert refused.value.code == "no_take_in_duty"
    lent, other, _held = house.lent("A-02-01")
    with pytest.raises(Refusal) as too_late:
        house.ask_in(lent, other, "A-02-02")
    assert too_late.value.code == "loan_state"


def test_a_frozen_loan_takes_nothing_in(house: House) -> None:
    loan, thing = house.signed()
    asked = house.ask_in(loan, thing)
    case = duties.take(house.db, loan, None)
    duties.freeze(house.db, case, clock=house.clock, by=house.approver.actor, reason="fraud", words="本人否认申请")
    with pytest.raises(Refusal) as refused:
        house.yes(asked.request.public_id)
    assert refused.value.code == "loan_frozen"
    with pytest.raises(Refusal) as again:
        house.ask_in(loan, thing, "A-01-02")
    assert again.value.code == "loan_frozen"


def test_whoever_asked_cannot_be_the_witness_nor_under_another_log_in(house: House) -> None:
    loan, thing = house.signed()
    person = house.party_of(thing).party_id
    house.chen = house.hire("陈示例", Role.CUSTODIAN, person=person)
    twin = house.hire("陈示例（主管）", Role.APPROVER, person=person)
    asked = house.ask_in(loan, thing)
    with pytest.raises(Forbidden) as maker:
        house.yes(asked.request.public_id, house.chen)
    assert maker.value.code == "approval_maker"
    with pytest.raises(Forbidden) as same:
        house.yes(asked.request.public_id, twin)
    assert same.value.code == "approval_same_person"
    assert pledges.named(house.db, asked.pledge.public_id if asked.pledge else "").state == "drafted"


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.CUSTODIAN, Role.SYSTEM)])
def test_only_a_custodian_takes_in(house: House, role: Role) -> None:
    loan, thing = house.signed()
    with pytest.raises(Forbidden):
        pledges.ask_take_in(house.db, clock=house.clock, by=house.hire("别人", role), loan=loan, seen=house.seen(thing, "A-01-01"))


@pytest.mark.parametrize("role", [Role.CALLER, Role.OFFICER, Role.RISK, Role.AUDITOR, Role.ADMIN, Role.INTEGRATOR])
def test_who_may_not_witness_does_not(house: House, role: Role) -> None:
    loan, thing = house.signed()
    asked = house.ask_in(loan, thing)
    with pytest.raises(Forbidden):
        house.yes(asked.request.public_id, house.hire("别人", role))


def test_staff_of_another_branch_see_neither_the_loan_nor_the_request(house: House) -> None:
    loan, thing = house.signed()
    asked = house.ask_in(loan, thing)
    far = house.other_branch()
    stranger = house.hire("远方", Role.CUSTODIAN, branch=far)
    with pytest.raises(NotFound):
        house.yes(asked.request.public_id, stranger)
    with pytest.raises(NotFound):
        pledges.ask_take_in(house.db, clock=house.clock, by=stranger, loan=loan, seen=house.seen(thing, "A-01-02"))
    with pytest.raises(NotFound):
        pledges.take_in(
            house.db, clock=house.clock, by=stranger, approval=asked.request.public_id, press=PORTS["press"], notary=PORTS["notary"]
        )


def test_an_intake_that_nobody_agreed_to_is_not_done(house: House) -> None:
    loan, thing = house.signed()
    asked = house.ask_in(loan, thing)
    with pytest.raises(HoldfastError) as refused:
        pledges.take_in(
            house.db, clock=house.clock, by=house.chen, approval=asked.request.public_id, press=PORTS["press"], notary=PORTS["notary"]
        )
    assert refused.value.code == "approval_open"


def test_a_no_lets_slot_and_claim_go_and_the_phone_may_come_again(house: House) -> None:
    loan, thing = house.signed()
    asked = house.ask_in(loan, thing)
    house.answer(asked.request.public_id, house.fang, approved=False)
    assert asked.pledge is not None and pledges.named(house.db, asked.pledge.public_id).state == "void"
    item = collateral.custody.item_of(house.db, thing.thing_id)
    assert item is not None and item.state == "handed_back"
    house.yes(house.ask_in(loan, thing).request.public_id)
    assert house.duty_kinds(loan) == {"pay_out"}


def test_a_draft_is_taken_back_once_and_its_seal_stays_used(house: House) -> None:
    loan, thing = house.signed()
    number = seal()
    asked = house.ask_in(loan, thing, seal_no=number)
    assert asked.pledge is not None
    pledges.take_back_draft(house.db, clock=house.clock, by=house.chen, pledge=asked.pledge.public_id, words="手机没带来")
    with pytest.raises(Refusal) as twice:
        pledges.take_back_draft(house.db, clock=house.clock, by=house.chen, pledge=asked.pledge.public_id, words="手机没带来")
    assert twice.value.code == "pledge_state"
    with pytest.raises(Refusal) as gone:
        house.yes(asked.request.public_id)
    assert gone.value.code == "pledge_state"
    with pytest.raises(Refusal) as used:
        house.ask_in(loan, thing, seal_no=number)
    assert used.value.code == "seal_used"


def test_a_slot_holds_one_thing(house: House) -> None:
    house.taken_in("A-01-01")
    loan, thing = house.signed()
    with pytest.raises(Refusal) as refused:
        house.ask_in(loan, thing, "A-01-01")
    assert refused.value.code == "slot_taken"


def test_a_phone_that_is_pledged_is_refused_by_either_imei(house: House) -> None:
    first, second, third = imei(), imei(), imei()
    _loan, _thing, held = house.taken_in(thing=phone(house, imeis=(first, second)))
    for numbers in ((second, third), (first,), (third, first)):
        loan, thing = house.signed(phone(house, imeis=numbers))
        assert pledges.open_pledges(house.db, numbers) == [held.public_id]
        assert collateral.claims_on_thing(house.db, thing.thing_id) == [held.public_id]
        with pytest.raises(Refusal) as refused, house.db.transaction():
            house.ask_in(loan, thing, "A-01-02")
        assert refused.value.code == "pledged_already" and held.public_id in refused.value.sentence
    assert pledges.open_pledges(house.db, (third,)) == []


def test_a_draft_holds_the_phone_as_a_delivered_pledge_does(house: House) -> None:
    number = imei()
    loan, thing = house.signed(phone(house, imeis=(number,)))
    house.ask_in(loan, thing)
    other, same = house.signed(phone(house, imeis=(number,)))
    with pytest.raises(Refusal) as refused:
        house.ask_in(other, same, "A-01-02")
    assert refused.value.code == "pledged_already"


def test_staff_who_see_all_may_witness_anywhere(house: House) -> None:
    loan, thing = house.signed()
    asked = house.ask_in(loan, thing)
    house.yes(asked.request.public_id, house.hire("总部", Role.APPROVER, branch=house.other_branch(), reach=Reach.ALL))
    assert house.duty_kinds(loan) == {"pay_out"}
