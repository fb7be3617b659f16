"""The embedded notary: a certificate authority, a seal and a time stamp of the lender's own, for trying out and for teaching.

Needs no account. Nobody outside trusts it, so every name in its certificates and every sheet of its
documents says TEST 测试. What it makes is in every other respect what a hired authority would make: PAdES
B-T signatures, EC P-256, one certificate a borrower and act, checkable by any PDF reader that is given the
authority's certificate.

Its keys lie in `notary/` of the keys folder, made on first use. Whoever loses them can sign no more, and
what was signed stays checkable by the certificate that was handed out.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Final

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from holdfast.adapters.local_tsa import LocalTimeStamper
from holdfast.files.ports import NotaryCapabilities, Signed
from holdfast.kernel.clock import Clock, ShiftedClock, iso_instant
from holdfast.kernel.errors import Fault, Unavailable
from holdfast.kernel.places import keys_folder

_FOLDER: Final = "notary"
_TEST: Final = " TEST 测试"
# X.509 sets the longest name at 64 characters.
_LONGEST_NAME: Final = 64
_ROOT_LIVES: Final = timedelta(days=365 * 20)
_LEAF_LIVES: Final = timedelta(days=365 * 5)
_EARLIER: Final = timedelta(days=1)
# Room for a signature, its certificates and a time-stamp token, in bytes.
_ROOM: Final = 16_384


@dataclass(frozen=True, slots=True)
class _Holder:
    """A key and the certificate that names its holder."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


class LocalNotary:
    """A `Notary` with an authority of its own in the keys folder."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or ShiftedClock()

    def capabilities(self) -> NotaryCapabilities:
        return NotaryCapabilities(name="local CA and TSA", test=True, trusted_list=False, run_against="pdfsig 22.12, OpenSSL 3.0")

    def authority(self) -> bytes:
        return self._root().certificate.public_bytes(Encoding.PEM)

    def seal(self, pdf: bytes, *, organisation: str, reason: str, at: datetime) -> Signed:
        name = f"lender-{hashlib.sha256(organisation.encode()).hexdigest()[:16]}"
        return self._sign(pdf, self._kept(name, _named(organisation, organisation)), reason, at)

    def sign_for(self, pdf: bytes, *, signer_label: str, evidence_digest: str, reason: str, at: datetime) -> Signed:
        key = ec.generate_private_key(ec.SECP256R1())
        evidence = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"urn:sha256:{evidence_digest}")])
        # The key is never written; it is gone when this call returns. So the certificate may live as long as its authority: nobody can
        # sign by it again, and a reader that knows no time stamps still finds it valid.
        certificate = self._issued(_named(signer_label), key, _ROOT_LIVES, evidence)
        return self._sign(pdf, _Holder(certificate, key), reason, at)

    def _sign(self, pdf: bytes, holder: _Holder, reason: str, at: datetime) -> Signed:
        root, stamping = self._root(), self._kept("tsa", _named("时间戳"))
        now = self._clock.now()
        if not holder.certificate.not_valid_before_utc <= now <= holder.certificate.not_valid_after_utc:
            until = holder.certificate.not_valid_after_utc
            raise Unavailable(f"the signing certificate is valid until {until:%Y-%m-%d}; remove it from the keys folder for a new one")
        registry = SimpleCertificateStore()
        registry.register(_asn1(root.certificate))
        signer = SimpleSigner(_asn1(holder.certificate), _asn1_key(holder.key), registry, embed_roots=True)
        subject = str(holder.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        about = PdfSignatureMetadata(
            field_name=f"Signature{secrets.token_hex(6)}", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, name=subject,
            reason=f"{reason} ({iso_instant(at)})",
        )  # fmt: skip
        stamper = LocalTimeStamper(stamping.certificate, stamping.key, root.certificate, self._clock)
        try:
            writer = IncrementalPdfFileWriter(BytesIO(pdf))
            pen = PdfSigner(about, signer, timestamper=stamper)
            # The library runs an event loop of its own, and whoever calls may be inside another: it signs in a thread of its own.
            with ThreadPoolExecutor(max_workers=1) as apart:
                signed = apart.submit(pen.sign_pdf, writer, bytes_reserved=_ROOM, in_place=False).result().getvalue()
        except (PdfError, SigningError) as error:
            raise Fault(f"the document cannot be signed: {error}", code="sign") from error
        return Signed(signed, holder.certificate.fingerprint(hashes.SHA256()).hex(), subject, now.replace(microsecond=0))

    def _root(self) -> _Holder:
        folder = _folder()
        if not (folder / "ca.pem").exists():
            key = ec.generate_private_key(ec.SECP256R1())
            name = _named("Holdfast 本地证书")
            _keep(folder / "ca.pem", _Holder(self._root_certificate(name, key), key))
        return _kept(folder / "ca.pem")

    def _kept(self, name: str, subject: x509.Name) -> _Holder:
        """The holder of that name; made on first use."""
        path = _folder() / f"{name}.pem"
        if not path.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            # A time-stamp authority may do nothing else (RFC 3161, 2.3).
            purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]) if name == "tsa" else None
            _keep(path, _Holder(self._issued(subject, key, _LEAF_LIVES, purpose), key))
        return _kept(path)

    def _root_certificate(self, name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        return (
            self._builder(name, name, key, _ROOT_LIVES)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signing=False), critical=True)
            .sign(key, hashes.SHA256())
        )

    def _issued(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, lives: timedelta, further: x509.ExtensionType | None
    ) -> x509.Certificate:
        root = self._root()
        builder = (
            self._builder(subject, root.certificate.subject, key, lives, no_later=root.certificate.not_valid_after_utc)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signing=True), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key()), critical=False)
        )
        if further is not None:
            builder = builder.add_extension(further, critical=isinstance(further, x509.ExtendedKeyUsage))
        return builder.sign(root.key, hashes.SHA256())

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, lives: timedelta, *, no_later: datetime | None = None
    ) -> x509.CertificateBuilder:
        now = self._clock.now()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _EARLIER)
            .not_valid_after(now + lives if no_later is None else min(now + lives, no_later))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )


def _named(name: str, organisation: str | None = None) -> x509.Name:
    cut = name[: _LONGEST_NAME - len(_TEST)] + _TEST
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.COMMON_NAME, cut)]
    if organisation is not None:
        attributes.insert(1, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:_LONGEST_NAME]))
    return x509.Name(attributes)


def _usage(*, signing: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signing, content_commitment=signing, key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=not signing, crl_sign=not signing, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _asn1_key(key: ec.EllipticCurvePrivateKey) -> asn1_keys.PrivateKeyInfo:
    return asn1_keys.PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def _folder() -> Path:
    folder = keys_folder() / _FOLDER
    try:
        folder.parent.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"the notary's folder of keys cannot be made: {error.strerror}", code="notary_keys") from error
    return folder


def _kept(path: Path) -> _Holder:
    try:
        text = path.read_bytes()
        key = load_pem_private_key(text, None)
        certificate = x509.load_pem_x509_certificate(text)
    except (OSError, ValueError) as error:
        raise Unavailable(f"{path.name} in the notary's folder of keys cannot be used: {error}", code="notary_keys") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Unavailable(f"{path.name} in the notary's folder of keys holds another kind of key", code="notary_keys")
    return _Holder(certificate, key)


def _keep(path: Path, holder: _Holder) -> None:
    """Write key and certificate, whole or not at all; of two processes at once, the first one's stays."""
    text = holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + holder.certificate.public_bytes(Encoding.PEM)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        finally:
            draft.unlink()
    except OSError as error:
        raise Unavailable(f"{path.name} cannot be written in the notary's folder of keys: {error.strerror}", code="notary_keys") from error
