"""Ports: who sets a document in type, and who signs it.

A capability keeps its templates (`.typ`) in its own folder `documents/` and hands over facts; what comes
back is a PDF that is the same, byte for byte, for the same facts and moment. A notary puts signatures on
it that any PDF reader can check without us.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Signed:
    """A PDF with one more signature. `certificate` is the SHA-256 of the signer's certificate (hex), `stamped_at` the time stamp's instant.

    Signatures keep the machine's time even where the book lives on another day: a certificate is valid or not
    by the real calendar.
    """

    pdf: bytes
    certificate: str
    subject: str
    stamped_at: datetime


@dataclass(frozen=True, slots=True)
class NotaryCapabilities:
    """What a notary's signature is worth. `test`: nobody outside trusts it, and every document says so."""

    name: str
    test: bool
    trusted_list: bool
    run_against: str


class Press(Protocol):
    """Sets facts in type."""

    def typeset(self, template: Path, facts: Mapping[str, Any], *, at: datetime) -> bytes:
        """The PDF of `template` with `facts` (what JSON can hold; amounts and dates as they shall be read).

        `at` is the instant that the document bears. BadInput, naming them, for characters that the font lacks:
        a box in place of a name is worse than no contract.
        """


class Notary(Protocol):
    """Signs documents: PAdES signatures with an RFC 3161 time stamp (level B-T)."""

    def capabilities(self) -> NotaryCapabilities:
        """Who stands behind the signatures, and against which peer that was seen."""

    def authority(self) -> bytes:
        """The certificate (PEM) that an outsider checks the signatures against."""

    def seal(self, pdf: bytes, *, organisation: str, reason: str, at: datetime) -> Signed:
        """The organisation's signature. `at` is the book's instant, named in the reason. Unavailable if no signature could be had."""

    def sign_for(self, pdf: bytes, *, signer_label: str, evidence_digest: str, reason: str, at: datetime) -> Signed:
        """A person's signature under a certificate made for this act alone, which names the masked label and the evidence's digest.

        Its key is destroyed once it has signed.
        """
