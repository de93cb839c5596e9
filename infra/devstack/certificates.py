"""The certificates of an embedded server with TLS: an authority of the home, made at the first start, and one for
127.0.0.1 that it signs anew at each start. Keys are files of mode 0600; clients need the authority's certificate only.
"""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.devstack.server import LOOPBACK
from infra.home import write_private

AUTHORITY_FILE = "authority.pem"
AUTHORITY_KEY_FILE = "authority.key.pem"
SERVER_FILE = "server.pem"
AUTHORITY_DAYS = 3650
SERVER_DAYS = 365
# For clocks that differ, and a clock that was set back.
BACKDATED_DAYS = 1


def make_certificates(folder: Path) -> None:
    """Makes the authority if it is missing or expires within a server certificate's life, and signs a certificate for
    127.0.0.1 and localhost. `SERVER_FILE` has its key and the chain, as PEM.
    """
    key = _key_of(folder / AUTHORITY_KEY_FILE)
    authority = _authority(folder / AUTHORITY_FILE, key)
    server_key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(
        _builder("localhost", authority.subject, server_key.public_key(), SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address(LOOPBACK))]),
            critical=False,
        )
        .add_extension(_usage(signs_certificates=False), critical=True)
        # The broker is a client too: of itself.
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        ),
        key,
    )
    parts = (_pem_of_key(server_key), _pem(certificate), _pem(authority))
    write_private(folder / SERVER_FILE, "".join(parts))


def _key_of(path: Path) -> ec.EllipticCurvePrivateKey:
    if path.exists():
        key = load_pem_private_key(path.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey), "only this module writes the file"
        return key
    key = ec.generate_private_key(ec.SECP256R1())
    write_private(path, _pem_of_key(key))
    return key


def _authority(path: Path, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    if path.exists():
        authority = x509.load_pem_x509_certificate(path.read_bytes())
        lives = authority.not_valid_after_utc > datetime.now(UTC) + timedelta(days=SERVER_DAYS)
        if lives and authority.public_key() == key.public_key():
            return authority
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Annals, embedded servers of one home")])
    authority = _signed(
        _builder(name, name, key.public_key(), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True),
        key,
    )
    write_private(path, _pem(authority))
    return authority


def _builder(
    subject: x509.Name | str, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    if isinstance(subject, str):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=BACKDATED_DAYS))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _signed(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return builder.add_extension(issuer, critical=False).sign(key, hashes.SHA256())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _pem_of_key(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
