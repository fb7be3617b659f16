"""The life of a contract, whole: what is not in the table is refused.

A contract that the borrower has signed no longer lapses by itself: the lender seals it, or says in words
why not (`void`), and offers anew.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from holdfast.kernel.states import following


class ContractState(StrEnum):
    """Where a contract stands."""

    DRAFTED = "drafted"
    OFFERED = "offered"
    BORROWER_SIGNED = "borrower_signed"
    SEALED = "sealed"
    LAPSED = "lapsed"
    VOID = "void"


class ContractEvent(StrEnum):
    """What can happen to one."""

    OFFER = "offer"
    SIGN = "sign"
    SEAL = "seal"
    LAPSE = "lapse"
    VOID = "void"


LIFE: Final = {
    (ContractState.DRAFTED, ContractEvent.OFFER): ContractState.OFFERED,
    (ContractState.DRAFTED, ContractEvent.VOID): ContractState.VOID,
    (ContractState.OFFERED, ContractEvent.SIGN): ContractState.BORROWER_SIGNED,
    (ContractState.OFFERED, ContractEvent.LAPSE): ContractState.LAPSED,
    (ContractState.OFFERED, ContractEvent.VOID): ContractState.VOID,
    (ContractState.BORROWER_SIGNED, ContractEvent.SEAL): ContractState.SEALED,
    (ContractState.BORROWER_SIGNED, ContractEvent.VOID): ContractState.VOID,
}

# In these a contract stands; in the others it is over, and the next may be drafted.
STANDING: Final = frozenset({ContractState.DRAFTED, ContractState.OFFERED, ContractState.BORROWER_SIGNED, ContractState.SEALED})

_DOINGS: Final = {
    ContractEvent.OFFER: "offered",
    ContractEvent.SIGN: "signed by the borrower",
    ContractEvent.SEAL: "sealed by the lender",
    ContractEvent.LAPSE: "let lapse",
    ContractEvent.VOID: "made void",
}


def after(state: ContractState, event: ContractEvent) -> ContractState:
    """The state that `event` leads to; Refusal if the table has no such line."""
    return following(LIFE, state, event, words=f"the contract is {state}; it cannot be {_DOINGS[event]}", code="contract_state")
