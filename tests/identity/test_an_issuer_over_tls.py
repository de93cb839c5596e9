"""The keys of an issuer come over TLS, from whoever has a certificate of a trusted CA for the issuer's name."""

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import certifi
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.identity.issuer_client import IssuerClient
from infra.identity.issuer_keys import KeysUnusable
from tests.identity.issuer_server import IssuerServer, issuer_server
from tests.identity.minting import minting_key


def certificate_for(address: str, folder: Path) -> Path:
    """A self-signed certificate and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{address}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture(params=["127.0.0.1", "127.0.0.2"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The certificate that the issuer shows; the second one is for another address."""
    return certificate_for(request.param, tmp_path)


@pytest_asyncio.fixture
async def issuer(file: Path) -> AsyncIterator[IssuerServer]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    async with issuer_server(context) as server:
        server.publish(minting_key().jwk())
        yield server


async def is_believed(issuer: IssuerServer, ca_file: Path) -> bool:
    client = IssuerClient(issuer.url, ca_file=ca_file)
    try:
        return bool(await client.fetch())
    except KeysUnusable as error:
        assert "cannot be reached" in error.why  # noqa: PT017 - either way is looked at
        return False
    finally:
        await client.aclose()


async def test_only_with_its_certificate_and_its_name(issuer: IssuerServer, file: Path) -> None:
    assert await is_believed(issuer, file) == (file.stem == "127.0.0.1")


async def test_a_certificate_that_nobody_vouches_for_is_refused(issuer: IssuerServer) -> None:
    assert not await is_believed(issuer, Path(certifi.where()))
    assert issuer.asked == []
