"""Where contracts and their papers are kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.contracts.model import Clause, Contract, Document, DocumentKind, Stage
from holdfast.contracts.states import ContractState
from holdfast.kernel import canonical
from holdfast.products import Terms

Db = psycopg.Connection[Any]

_FIELDS: Final = """public_id, loan_id, n, number, state, terms, clauses, drafted_by, offered_by, offered_on, good_until, signed_at,
                    sealed_at, sealed_by"""
SELECT_OF_LOAN: Final = f"SELECT {_FIELDS} FROM contract WHERE loan_id = %s ORDER BY n"
SELECT_PAPERS: Final = """
    SELECT p.n, p.kind, p.stage, f.public_id, f.digest
    FROM contract_paper p JOIN file f USING (file_id)
    WHERE p.loan_id = %s
    ORDER BY p.n, f.recorded_at, f.file_id"""
INSERT_CONTRACT: Final = """
    INSERT INTO contract (loan_id, n, public_id, number, state, terms, clauses, drafted_by) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"""
INSERT_PAPER: Final = "INSERT INTO contract_paper (loan_id, n, kind, stage, file_id) VALUES (%s, %s, %s, %s, %s)"
OFFERED: Final = "UPDATE contract SET state = %s, offered_by = %s, offered_on = %s, good_until = %s WHERE loan_id = %s AND n = %s"
SIGNED: Final = "UPDATE contract SET state = %s, signed_at = %s WHERE loan_id = %s AND n = %s"
SEALED: Final = "UPDATE contract SET state = %s, sealed_at = %s, sealed_by = %s WHERE loan_id = %s AND n = %s"
ENDED: Final = "UPDATE contract SET state = %s WHERE loan_id = %s AND n = %s"
# Offers whose last day is over, on loans that still wait for the signature. A frozen loan stays where it is.
SELECT_RUN_OUT: Final = """
    SELECT r.key FROM contract c JOIN loan l USING (loan_id) JOIN loan_registry r ON r.loan_id = l.loan_id AND r.kind = 'public_id'
    WHERE c.state = 'offered' AND c.good_until < %s AND l.state = 'decided'
      AND NOT EXISTS (SELECT FROM loan_freeze f WHERE f.loan_id = c.loan_id AND f.lifted_seq IS NULL)
    ORDER BY c.loan_id"""


def contracts_of(db: Db, loan_id: int) -> list[Contract]:
    """The contracts of a loan, first to last, each with all copies of its papers, oldest first."""
    papers: dict[int, list[Document]] = {}
    for n, kind, stage, file, digest in db.execute(SELECT_PAPERS, [loan_id]).fetchall():
        papers.setdefault(n, []).append(Document(DocumentKind(kind), Stage(stage), file, digest))
    return [_contract(row, papers.get(row[2], ())) for row in db.execute(SELECT_OF_LOAN, [loan_id]).fetchall()]


def insert(db: Db, *, loan_id: int, n: int, public_id: str, number: str, terms: Terms, clauses: Sequence[Clause], by_staff: int) -> None:
    """A contract that has just been drafted."""
    told = canonical.encode([asdict(each) for each in clauses]).decode()
    values = [loan_id, n, public_id, number, ContractState.DRAFTED, canonical.encode(terms.to_json()).decode(), told, by_staff]
    db.execute(INSERT_CONTRACT, values)


def insert_paper(db: Db, *, loan_id: int, n: int, kind: str, stage: str, file_id: int) -> None:
    """One more copy of a paper."""
    db.execute(INSERT_PAPER, [loan_id, n, kind, stage, file_id])


def offered(db: Db, contract: Contract, state: ContractState, *, by_staff: int, on: date, good_until: date) -> None:
    """It was offered, by whom and until when."""
    db.execute(OFFERED, [state, by_staff, on, good_until, contract.loan_id, contract.n])


def signed(db: Db, contract: Contract, state: ContractState, at: datetime) -> None:
    """The borrower signed."""
    db.execute(SIGNED, [state, at, contract.loan_id, contract.n])


def sealed(db: Db, contract: Contract, state: ContractState, at: datetime, *, by_staff: int) -> None:
    """The lender sealed."""
    db.execute(SEALED, [state, at, by_staff, contract.loan_id, contract.n])


def ended(db: Db, contract: Contract, state: ContractState) -> None:
    """It lapsed or was made void."""
    db.execute(ENDED, [state, contract.loan_id, contract.n])


def run_out(db: Db, on: date) -> list[str]:
    """The public ids of the loans whose offer was good until a day before `on`."""
    return [row[0] for row in db.execute(SELECT_RUN_OUT, [on]).fetchall()]


def _contract(row: Sequence[Any], papers: Sequence[Document]) -> Contract:
    public_id, loan_id, n, number, state, terms, clauses, *rest = row
    return Contract(
        public_id, loan_id, n, number, ContractState(state), Terms.from_json(json.loads(terms)),
        tuple(Clause(**each) for each in json.loads(clauses)), tuple(papers), *rest,
    )  # fmt: skip
