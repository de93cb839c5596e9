"""Certificate authorities of the tests' own, and certificates that they issue. All files are PEM."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID = timedelta(hours=12)
# From Python 3.13 on an authority that does not say that it signs certificates is not trusted.
_SIGNS = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class Certificate(NamedTuple):
    """The files of a certificate, of its key (PKCS #8), and of both together, the key first."""

    cert_file: Path
    key_file: Path
    both_file: Path


class Authority:
    """One authority; `ca_file` is what trusts it."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._issued = 0
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self.ca_file = folder / f"{name}-ca.pem"
        certificate = (
            self._builder(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_SIGNS, critical=True)
        )
        self.ca_file.write_bytes(_pem(certificate.sign(self._key, hashes.SHA256())))

    def issue(self, name: str, *addresses: str, key_password: str = "") -> Certificate:
        """A certificate for this common name and these addresses. With a password its key is encrypted."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_named(name), key.public_key()).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        if addresses:
            names = [x509.IPAddress(ip_address(address)) for address in addresses]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if key_password:
            encryption = serialization.BestAvailableEncryption(key_password.encode())
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        public = _pem(builder.sign(self._key, hashes.SHA256()))
        self._issued += 1
        stem = f"{self.ca_file.stem}-{self._issued}-{name}"
        files = Certificate(*(self._folder / f"{stem}{kind}.pem" for kind in ("", "-key", "-both")))
        for file, content in zip(files, (public, private, private + public), strict=True):
            file.write_bytes(content)
            file.chmod(0o600)
        return files

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number())
            .not_valid_before(now - VALID)
            .not_valid_after(now + VALID)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
