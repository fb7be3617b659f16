"""Checking a signed PDF with programs that are not ours: poppler's `pdfsig`, and OpenSSL on the bytes that the PDF holds."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest
from asn1crypto import cms

_RANGE: Final = re.compile(rb"/ByteRange\s*\[\s*(\d+) (\d+) (\d+) (\d+)\s*\]")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What OpenSSL says of one signature in a PDF: of the signature itself, and of its time stamp."""

    signature: bool
    time_stamp: bool
    whole_document: bool


def needs(*programs: str) -> None:
    """Skip, where that is allowed, what needs a program that is not there; fail otherwise."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def verdicts(pdf: bytes, authority: bytes, room: Path, *, at: datetime | None = None) -> list[Verdict]:
    """Each signature of the PDF, oldest first, as OpenSSL sees it with only the authority's certificate in hand.

    Certificates are held against the moment `at`: the one that the time stamp proves, or else now.
    """
    needs("openssl")
    (room / "ca.pem").write_bytes(authority)
    return list(_each(pdf, room, f" -attime {int(at.timestamp())}" if at else ""))


def _each(pdf: bytes, room: Path, moment: str) -> Iterator[Verdict]:
    for found in _RANGE.finditer(pdf):
        first, length, second, rest = (int(each) for each in found.groups())
        signature = cms.ContentInfo.load(bytes.fromhex(pdf[first + length + 1 : second - 1].decode()))
        (room / "signature").write_bytes(signature.dump())
        (room / "signed").write_bytes(pdf[first : first + length] + pdf[second : second + rest])
        signer = signature["content"]["signer_infos"][0]
        token = next(each for each in signer["unsigned_attrs"] if each["type"].native == "signature_time_stamp_token")["values"][0]
        (room / "token").write_bytes(token.dump())
        (room / "stamped").write_bytes(signer["signature"].native)
        yield Verdict(
            _openssl(
                room, f"cms -verify -binary -inform DER -in signature -content signed -CAfile ca.pem -purpose any{moment} -out /dev/null"
            ),
            _openssl(room, f"ts -verify -token_in -in token -data stamped -CAfile ca.pem{moment}"),
            second + rest == len(pdf),
        )


def _openssl(room: Path, command: str) -> bool:
    return subprocess.run(["openssl", *command.split()], cwd=room, capture_output=True).returncode == 0


def pdfsig(pdf: bytes, room: Path) -> str:
    """What poppler says of the signatures in the PDF."""
    needs("pdfsig")
    (room / "document.pdf").write_bytes(pdf)
    return subprocess.run(["pdfsig", "document.pdf"], cwd=room, capture_output=True, text=True).stdout


def words_of(pdf: bytes, room: Path) -> str:
    """The text of the PDF, by poppler, without any white space: lines break where they will."""
    needs("pdftotext")
    (room / "document.pdf").write_bytes(pdf)
    text = subprocess.run(["pdftotext", "-layout", "document.pdf", "-"], cwd=room, capture_output=True, text=True).stdout
    return re.sub(r"\s+", "", text)
