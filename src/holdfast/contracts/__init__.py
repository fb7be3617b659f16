"""Contracts: terms to text to signature.

A borrower's consent is bound to the digest of exactly what was read; a contract above the ceiling is signed on no path.
"""

from holdfast.contracts.model import PAPERS, Clause, Contract, Document, DocumentKind, Stage
from holdfast.contracts.papers import FILE_NAMES, CostItem, cost_items
from holdfast.contracts.service import (
    ask_code,
    contract_of,
    contracts_of,
    draft,
    lapse,
    may_seal,
    offer,
    paper_for_borrower,
    read_paper,
    run_out,
    seal,
    sign_by_borrower,
    void,
)
from holdfast.contracts.states import LIFE, ContractEvent, ContractState, after

__all__ = [
    "FILE_NAMES",
    "LIFE",
    "PAPERS",
    "Clause",
    "Contract",
    "ContractEvent",
    "ContractState",
    "CostItem",
    "Document",
    "DocumentKind",
    "Stage",
    "after",
    "ask_code",
    "contract_of",
    "contracts_of",
    "cost_items",
    "draft",
    "lapse",
    "may_seal",
    "offer",
    "paper_for_borrower",
    "read_paper",
    "run_out",
    "seal",
    "sign_by_borrower",
    "void",
]
