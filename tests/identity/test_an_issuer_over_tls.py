"""The keys of an issuer come over TLS, from whoever has a certificate of a trusted CA for the issuer's name."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import certifi
import pytest
import pytest_asyncio

from infra.identity.issuer_client import IssuerClient
from infra.identity.issuer_keys import KeysUnusable
from tests.certificates import Authority
from tests.identity.issuer_server import IssuerServer, issuer_server
from tests.identity.minting import minting_key


def server_context(file: Path) -> ssl.SSLContext:
    """That of a server with this certificate and key."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context


@pytest.fixture(params=["127.0.0.1", "127.0.0.2"])
def address(request: pytest.FixtureRequest) -> str:
    """What the certificate is for that the issuer shows; the second one is another address."""
    return str(request.param)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


@pytest_asyncio.fixture
async def issuer(authority: Authority, address: str) -> AsyncIterator[IssuerServer]:
    async with issuer_server(server_context(authority.issue("issuer", address).both_file)) as server:
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


async def test_only_with_its_certificate_and_its_name(issuer: IssuerServer, authority: Authority, address: str) -> None:
    assert await is_believed(issuer, authority.ca_file) == (address == "127.0.0.1")


async def test_a_certificate_that_nobody_vouches_for_is_refused(issuer: IssuerServer) -> None:
    assert not await is_believed(issuer, Path(certifi.where()))
    assert issuer.asked == []
