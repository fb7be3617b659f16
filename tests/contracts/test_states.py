"""The life of a contract, whole: every state with every event, by the table and by the verbs."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast import contracts
from holdfast.contracts import LIFE, ContractEvent, ContractState, after
from holdfast.kernel.errors import HoldfastError, Refusal
from tests.contracts.offers import PRESS, Desk

ALLOWED = {
    ("drafted", "offer"): "offered",
    ("drafted", "void"): "void",
    ("offered", "sign"): "borrower_signed",
    ("offered", "lapse"): "lapsed",
    ("offered", "void"): "void",
    ("borrower_signed", "seal"): "sealed",
    ("borrower_signed", "void"): "void",
}
PAIRS = [(str(state), str(event)) for state in ContractState for event in ContractEvent]


def test_the_table_is_the_one_that_the_docs_name() -> None:
    assert {(str(state), str(event)): str(then) for (state, event), then in LIFE.items()} == ALLOWED


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_every_pair_is_allowed_or_refused_by_the_table(state: str, event: str) -> None:
    if (state, event) in ALLOWED:
        assert after(ContractState(state), ContractEvent(event)) == ALLOWED[state, event]
        return
    with pytest.raises(Refusal, match=f"the contract is {state}"):
        after(ContractState(state), ContractEvent(event))


def do(desk: Desk, event: str) -> Any:
    if event == "offer":
        return desk.offer()
    if event == "sign":
        return desk.sign()
    if event == "seal":
        return desk.seal()
    if event == "lapse":
        desk.book.walk(30)
        return contracts.lapse(desk.db, clock=desk.clock, by=desk.people["officer"], loan=desk.loan)
    return contracts.void(desk.db, clock=desk.clock, by=desk.people["officer"], loan=desk.loan, words="示例：写错了")


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_every_pair_is_allowed_or_refused_by_the_verbs(desk: Desk, state: str, event: str) -> None:
    made = desk.bring_to(state)
    assert made is not None and made.state == state
    before = desk.kinds()
    # A contract that is over makes room for the next: then an offer is a new one.
    if (state, event) in ALLOWED or (state == "void" and event == "offer"):
        assert do(desk, event).state == ALLOWED.get((state, event), "offered")
        assert desk.audit().clean
        return
    with pytest.raises(HoldfastError), desk.db.transaction():
        do(desk, event)
    assert desk.kinds() == before
    assert contracts.contract_of(desk.db, made.loan_id).state == state


def test_only_one_contract_stands_at_a_time(desk: Desk) -> None:
    desk.bring_to("drafted")
    with pytest.raises(Refusal, match="a contract stands"):
        contracts.draft(desk.db, clock=desk.clock, by=desk.people["officer"], loan=desk.loan, press=PRESS)


def test_a_void_contract_stays_readable_and_the_next_has_a_number_of_its_own(desk: Desk) -> None:
    first = desk.bring_to("void")
    second = desk.offer()
    assert first is not None
    assert second.number == f"{first.number}-2"
    assert [each.state for each in contracts.contracts_of(desk.db, second.loan_id)] == ["void", "offered"]
    assert desk.state() == "decided"
