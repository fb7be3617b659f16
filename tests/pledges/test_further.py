"""A further thing is described and tied to the loan first; what would then stand behind the loan is shown before anybody asks."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast import collateral, pledges, servicing
from holdfast.collateral import Thing
from holdfast.journal import read_chain
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.parties import Role, Staff
from holdfast.pledges import How, Preview
from tests.books import CNY
from tests.collateral.things import imei, photo
from tests.pledges.lives import House


def papers(house: House, thing: Thing) -> dict[str, str]:
    party = house.party_of(thing)
    return {what: photo(house, party) for what in pledges.NEEDED}


def offer(house: House, loan: str, thing: Thing, *, by: Staff | None = None, **changes: Any) -> Thing:
    """The borrower of the loan's first thing brings another one."""
    said: dict[str, Any] = {
        "model": "示例机 X9", "storage_gb": 256, "grade": "A", "imeis": [imei(), imei()], "evidence": papers(house, thing), **changes,
    }  # fmt: skip
    return pledges.offer(house.db, clock=house.clock, by=by or house.chen, loan=loan, **said)


def seen(house: House, loan: str, by: Staff | None = None, **which: Any) -> Preview:
    return pledges.preview(house.db, clock=house.clock, by=by or house.officer, loan=loan, owed=servicing.owed, **which)


def test_a_further_thing_is_the_borrower_s_own_and_is_tied_to_the_loan_but_not_yet_pledged(house: House) -> None:
    loan, first, _held = house.lent()
    about = offer(house, loan, first)
    assert about.party_id == first.party_id
    assert [each.public_id for each in collateral.things_of(house.db, house.number(loan))] == [first.public_id, about.public_id]
    assert collateral.claims_on_thing(house.db, about.thing_id) == []
    record = read_chain(house.db, house.number(loan))[-1]
    assert record.kind == "pledge.offered" and record.says()["thing"] == about.public_id
    assert house.audit().clean


def test_a_further_thing_without_its_papers_is_asked_for_by_name(house: House) -> None:
    loan, first, _held = house.lent()
    for what in pledges.NEEDED:
        less = {name: file for name, file in papers(house, first).items() if name != what}
        with pytest.raises(BadInput) as bad:
            offer(house, loan, first, evidence=less)
        assert bad.value.field == what


def test_a_phone_that_is_pledged_already_is_not_offered_again(house: House) -> None:
    loan, first, held = house.lent()
    numbers = collateral.imeis_for_document(house.db, first.thing_id)
    with pytest.raises(Refusal) as refused:
        offer(house, loan, first, imeis=list(numbers))
    assert refused.value.code == "pledged_already" and held.public_id in refused.value.sentence


def test_only_a_loan_that_is_being_repaid_and_is_not_frozen_takes_a_further_thing(house: House) -> None:
    loan, first, _held = house.taken_in()
    with pytest.raises(Refusal) as refused:
        offer(house, loan, first)
    assert refused.value.code == "loan_state"


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.CUSTODIAN, Role.SYSTEM)])
def test_no_other_role_offers_a_thing(house: House, role: Role) -> None:
    loan, first, _held = house.lent()
    with pytest.raises(Forbidden):
        offer(house, loan, first, by=house.hire("别人", role))


def test_another_branch_offers_and_previews_nothing(house: House) -> None:
    loan, first, held = house.lent()
    stranger = house.hire("远方", Role.CUSTODIAN, branch=house.other_branch())
    with pytest.raises(NotFound):
        offer(house, loan, first, by=stranger)
    with pytest.raises(NotFound):
        seen(house, loan, stranger, leaves=held.public_id)


def test_what_stands_now_what_would_stand_and_what_the_rule_says_is_shown_with_its_figures(house: House) -> None:
    """1,200.00 is owed; the first phone is good for 1,800.00, the one that is offered for 3,600.00."""
    loan, first, held = house.lent()
    about = offer(house, loan, first)

    now = seen(house, loan)
    assert now.how is None and now.refused is None and now.cover is not None
    assert (now.cover.owed, now.cover.remaining) == (Money(120_000, CNY), Money(180_000, CNY))

    more = seen(house, loan, comes=about.public_id)
    assert more.how is None and more.refused is None and more.cover is not None
    assert dict(more.cover.parts) == {first.public_id: Money(180_000, CNY), about.public_id: Money(360_000, CNY)}

    instead = seen(house, loan, leaves=held.public_id, comes=about.public_id)
    assert instead.how is How.SUBSTITUTION and instead.refused is None and instead.cover is not None
    assert instead.cover.remaining == Money(360_000, CNY)

    gone = seen(house, loan, leaves=held.public_id)
    assert gone.how is How.PART and gone.refused is not None and gone.refused.code == "not_covered"
    assert gone.cover is not None and gone.cover.remaining == Money(0, CNY)


def test_a_thing_that_cannot_be_valued_is_told_as_such_and_a_look_writes_nothing(house: House) -> None:
    loan, first, held = house.lent()
    about = offer(house, loan, first, model="无人报价的机型")
    before = len(read_chain(house.db, first.thing_id)), len(read_chain(house.db, about.thing_id))
    said = seen(house, loan, leaves=held.public_id, comes=about.public_id)
    assert said.refused is not None and said.refused.code == "price_missing" and said.cover is None
    assert (len(read_chain(house.db, first.thing_id)), len(read_chain(house.db, about.thing_id))) == before


def test_what_was_offered_is_taken_in_in_place_of_the_first_and_the_first_is_owed_back(house: House) -> None:
    loan, first, held = house.lent()
    about = offer(house, loan, first)
    asked = pledges.ask_substitute(
        house.db, clock=house.clock, by=house.chen, loan=loan, pledge=held.public_id, thing=about.public_id,
        seen=house.seen(about, "A-02-01"), reason="借款人要换一部手机", owed=servicing.owed,
    )  # fmt: skip
    house.yes(asked.request.public_id)
    assert pledges.named(house.db, held.public_id).state == "lifted"
    assert "hand_back" in house.duty_kinds(loan)
    assert house.audit().clean
