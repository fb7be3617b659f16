"""The embedded notary: what it signs is checked here by OpenSSL and poppler, which know nothing of us."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509

from holdfast.adapters.local_ca import LocalNotary
from holdfast.adapters.typst_press import TypstPress
from holdfast.files import Signed
from holdfast.kernel.clock import FixedClock, ShiftedClock
from holdfast.kernel.errors import Fault, Unavailable
from tests.signatures import pdfsig, verdicts

AT: Final = datetime(2031, 2, 3, 4, tzinfo=UTC)  # a book that lives far from the machine's day
LENDER: Final = "示例小额贷款"
EVIDENCE: Final = "ab" * 32


@pytest.fixture
def notary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalNotary:
    monkeypatch.setenv("HOLDFAST_KEYS", str(tmp_path / "keys"))
    return LocalNotary()


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    template = tmp_path / "paper.typ"
    template.write_text("借款合同")
    monkeypatch.setattr("holdfast.adapters.typst_press._PACKAGE", tmp_path)
    return TypstPress(test=True).typeset(template, {}, at=AT)


def both(notary: LocalNotary, paper: bytes) -> tuple[Signed, Signed]:
    """The borrower's signature, then the lender's seal over both."""
    borrower = notary.sign_for(paper, signer_label="张*", evidence_digest=EVIDENCE, reason="签署", at=AT)
    return borrower, notary.seal(borrower.pdf, organisation=LENDER, reason="盖章", at=AT)


def test_both_signatures_and_both_time_stamps_verify_in_openssl(notary: LocalNotary, paper: bytes, tmp_path: Path) -> None:
    _, sealed = both(notary, paper)
    first, second = verdicts(sealed.pdf, notary.authority(), tmp_path)
    assert (first.signature, first.time_stamp, first.whole_document) == (True, True, False)
    assert (second.signature, second.time_stamp, second.whole_document) == (True, True, True)


def test_poppler_sees_two_valid_pades_signatures(notary: LocalNotary, paper: bytes, tmp_path: Path) -> None:
    _, sealed = both(notary, paper)
    said = pdfsig(sealed.pdf, tmp_path)
    assert said.count("Signature is Valid") == 2
    assert said.count("ETSI.CAdES.detached") == 2
    assert "张* TEST 测试" in said
    assert f"{LENDER} TEST 测试" in said


@pytest.mark.parametrize("where", [300, 900])
def test_a_flipped_byte_breaks_both(notary: LocalNotary, paper: bytes, tmp_path: Path, where: int) -> None:
    _, sealed = both(notary, paper)
    changed = bytearray(sealed.pdf)
    changed[where] ^= 1
    assert [each.signature for each in verdicts(bytes(changed), notary.authority(), tmp_path)] == [False, False]


def test_another_authoritys_certificate_proves_nothing(
    notary: LocalNotary, paper: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, sealed = both(notary, paper)
    monkeypatch.setenv("HOLDFAST_KEYS", str(tmp_path / "other"))
    assert [(each.signature, each.time_stamp) for each in verdicts(sealed.pdf, LocalNotary().authority(), tmp_path)] == [(False, False)] * 2


def test_what_is_appended_after_the_seal_is_seen_as_unsigned(notary: LocalNotary, paper: bytes, tmp_path: Path) -> None:
    _, sealed = both(notary, paper)
    assert not any(each.whole_document for each in verdicts(sealed.pdf + b"% more\n", notary.authority(), tmp_path))


def test_the_borrowers_certificate_is_of_this_act_alone(notary: LocalNotary, paper: bytes, tmp_path: Path) -> None:
    first = notary.sign_for(paper, signer_label="张*", evidence_digest=EVIDENCE, reason="签署", at=AT)
    second = notary.sign_for(paper, signer_label="张*", evidence_digest=EVIDENCE, reason="签署", at=AT)
    assert first.certificate != second.certificate
    assert f"urn:sha256:{EVIDENCE}".encode() in _certificates(first.pdf)
    # The key of the act is nowhere in the folder of keys.
    assert {path.name for path in (tmp_path / "keys" / "notary").iterdir()} == {"ca.pem", "tsa.pem"}


def test_a_lender_keeps_one_seal_and_another_lender_has_another(notary: LocalNotary, paper: bytes) -> None:
    one, again, other = (notary.seal(paper, organisation=name, reason="盖章", at=AT) for name in (LENDER, LENDER, "另一家示例"))
    assert one.certificate == again.certificate != other.certificate


def test_signatures_keep_the_machines_time_whatever_day_the_book_lives_on(notary: LocalNotary, paper: bytes) -> None:
    signed = notary.seal(paper, organisation=LENDER, reason="盖章", at=AT)
    assert abs(ShiftedClock().now() - signed.stamped_at) < timedelta(minutes=5)


def test_a_certificate_that_has_run_out_signs_nothing(notary: LocalNotary, paper: bytes) -> None:
    notary.seal(paper, organisation=LENDER, reason="盖章", at=AT)
    later = LocalNotary(FixedClock(ShiftedClock().now() + timedelta(days=365 * 6)))
    with pytest.raises(Unavailable, match="valid until"):
        later.seal(paper, organisation=LENDER, reason="盖章", at=AT)


def test_after_the_seals_certificate_has_run_out_the_signature_holds_by_the_moment_that_the_stamp_proves(
    notary: LocalNotary, paper: bytes, tmp_path: Path
) -> None:
    borrower, sealed = both(notary, paper)
    authority, later = notary.authority(), sealed.stamped_at + timedelta(days=365 * 6)
    assert [each.signature for each in verdicts(sealed.pdf, authority, tmp_path, at=later)] == [True, False]
    assert [each.signature for each in verdicts(sealed.pdf, authority, tmp_path, at=sealed.stamped_at)] == [True, True]
    assert borrower.stamped_at <= sealed.stamped_at


def test_keys_that_cannot_be_read_are_said_to_be_so(notary: LocalNotary, paper: bytes, tmp_path: Path) -> None:
    notary.seal(paper, organisation=LENDER, reason="盖章", at=AT)
    (tmp_path / "keys" / "notary" / "ca.pem").write_text("nothing")
    with pytest.raises(Unavailable, match=r"ca\.pem"):
        notary.seal(paper, organisation=LENDER, reason="盖章", at=AT)


def test_what_is_no_pdf_is_not_signed(notary: LocalNotary) -> None:
    with pytest.raises(Fault, match="cannot be signed"):
        notary.seal(b"no document", organisation=LENDER, reason="盖章", at=AT)


def test_the_keys_are_their_owners_alone(notary: LocalNotary, paper: bytes, tmp_path: Path) -> None:
    notary.seal(paper, organisation=LENDER, reason="盖章", at=AT)
    folder = tmp_path / "keys" / "notary"
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_it_says_that_it_is_a_test_and_who_has_checked_it(notary: LocalNotary) -> None:
    said = notary.capabilities()
    assert said.test
    assert not said.trusted_list
    assert "OpenSSL" in said.run_against
    subject = x509.load_pem_x509_certificate(notary.authority()).subject.rfc4514_string()
    assert "TEST" in subject


def _certificates(pdf: bytes) -> bytes:
    """The bytes of the signature as they stand in the PDF, out of hexadecimal."""
    start = pdf.index(b"/Contents <") + len(b"/Contents <")
    return bytes.fromhex(pdf[start : pdf.index(b">", start)].decode())
