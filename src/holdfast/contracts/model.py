"""A contract, its documents, and the clauses that must not be overlooked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from holdfast.contracts.states import ContractState
from holdfast.kernel import canonical
from holdfast.products import Terms


class DocumentKind(StrEnum):
    """The papers of a contract."""

    COST_STATEMENT = "cost_statement"  # 综合融资成本明示表
    AGREEMENT = "agreement"  # 借款与质押合同
    EVIDENCE = "evidence"  # what proves the borrower's signature; made with it


class Stage(StrEnum):
    """How far a copy has come."""

    DRAFT = "draft"
    SIGNED = "signed"
    SEALED = "sealed"


# The papers that both sign.
PAPERS: Final = (DocumentKind.COST_STATEMENT, DocumentKind.AGREEMENT)


@dataclass(frozen=True, slots=True)
class Document:
    """One copy of a paper: `file` is its public id, `digest` what the journal names it by."""

    kind: DocumentKind
    stage: Stage
    file: str
    digest: str


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause that the borrower ticks as read before signing, in the contract's words and in English."""

    key: str
    title_zh: str
    zh: str
    title_en: str
    en: str


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract of a loan. `copies` are all of its papers, oldest first; `n` counts the loan's contracts from 1.

    `terms` have the schedule as it is if the payout is on `terms.disbursed_on`; for another day the same terms give it.
    """

    public_id: str
    loan_id: int
    n: int
    number: str
    state: ContractState
    terms: Terms
    clauses: tuple[Clause, ...]
    copies: tuple[Document, ...]
    drafted_by: int
    offered_by: int | None
    offered_on: date | None
    good_until: date | None
    signed_at: datetime | None
    sealed_at: datetime | None
    sealed_by: int | None

    @property
    def documents(self) -> tuple[Document, ...]:
        """The furthest copy of each paper, the cost statement first."""
        furthest = {each.kind: each for each in self.copies}  # a later copy takes the place of an earlier one
        return tuple(furthest[kind] for kind in DocumentKind if kind in furthest)

    @property
    def bound(self) -> str:
        """What the one-time code is bound to: the digest of the papers as they were offered, whatever was signed on them since."""
        return binding(self.public_id, {each.kind: each.digest for each in self.copies if each.stage is Stage.DRAFT})

    def paper(self, kind: str) -> Document | None:
        """The furthest copy of a paper."""
        return next((each for each in self.documents if each.kind == kind), None)


def binding(public_id: str, digests: Mapping[str, str]) -> str:
    """The digest over a contract's papers."""
    return canonical.digest({"contract": public_id, "papers": {str(kind): digest for kind, digest in digests.items()}})
