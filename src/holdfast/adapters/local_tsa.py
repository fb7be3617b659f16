"""A time-stamp authority of our own (RFC 3161), for a lender that has not hired one. Marked TEST by its certificate.

It says what the machine's clock said when it saw a digest; nobody outside vouches for that clock.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Any

from asn1crypto import algos, cms, tsp, x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate
from pyhanko.sign.general import as_signing_certificate_v2, simple_cms_attribute
from pyhanko.sign.timestamps import TimeStamper

from holdfast.kernel.clock import Clock

# Under the arc for private use by anyone; a real authority publishes its policy under its own number.
_POLICY = "1.3.6.1.4.1.99999.1"


class LocalTimeStamper(TimeStamper):
    """Answers time-stamp requests in this process with an EC P-256 key."""

    def __init__(self, certificate: Certificate, key: EllipticCurvePrivateKey, root: Certificate, clock: Clock) -> None:
        super().__init__(include_nonce=True)  # type: ignore[no-untyped-call]  # its base says no types
        self._certificate = x509.Certificate.load(certificate.public_bytes(Encoding.DER))
        self._root = x509.Certificate.load(root.public_bytes(Encoding.DER))
        self._key = key
        self._clock = clock

    def request_tsa_response(self, req: Any) -> Any:
        """The token for one request: its digest, the instant, our signature over both."""
        instant = self._clock.now().replace(microsecond=0)
        info = {
            "version": "v1",
            "policy": tsp.ObjectIdentifier(_POLICY),
            "message_imprint": req["message_imprint"],
            "serial_number": secrets.randbits(63),
            "gen_time": instant,
            "tsa": x509.GeneralName(name="directory_name", value=self._certificate.subject),
        }
        if req["nonce"].native is not None:
            info["nonce"] = req["nonce"]
        content = tsp.TSTInfo(info).dump()
        return tsp.TimeStampResp({"status": tsp.PKIStatusInfo({"status": "granted"}), "time_stamp_token": self._signed(content)})

    async def async_request_tsa_response(self, req: Any) -> Any:
        """The same; nothing is waited for."""
        return self.request_tsa_response(req)

    def _signed(self, content: bytes) -> Any:
        digest = algos.DigestAlgorithm({"algorithm": "sha256"})
        attributes = cms.CMSAttributes(
            [
                simple_cms_attribute("content_type", "tst_info"),
                simple_cms_attribute("message_digest", sha256(content).digest()),
                simple_cms_attribute("signing_certificate_v2", as_signing_certificate_v2(self._certificate)),
            ]
        )
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    {
                        "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                            {"issuer": self._certificate.issuer, "serial_number": self._certificate.serial_number}
                        )
                    }
                ),
                "digest_algorithm": digest,
                "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
                "signed_attrs": attributes,
                "signature": self._key.sign(attributes.dump(), ECDSA(SHA256())),
            }
        )
        data = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": cms.DigestAlgorithms((digest,)),
                "encap_content_info": cms.EncapsulatedContentInfo(
                    {"content_type": cms.ContentType("tst_info"), "content": cms.ParsableOctetString(content)}
                ),
                "certificates": [self._certificate, self._root],
                "signer_infos": [signer],
            }
        )
        return cms.ContentInfo({"content_type": cms.ContentType("signed_data"), "content": data})
