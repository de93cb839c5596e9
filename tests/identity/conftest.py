"""An issuer with one key, and an authenticator that believes it."""

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from infra.identity.issuer_client import IssuerClient
from infra.identity.key_set import KeySet
from infra.identity.tokens import Expected, JwtAuthenticator
from infra.memory.clock import MemoryClock
from tests.identity.issuer_server import IssuerServer, issuer_server
from tests.identity.minting import AUDIENCE, claims, minted, minting_key
from tests.property_tests import remove_time_limits

remove_time_limits()

Token = Callable[..., str]


@pytest_asyncio.fixture
async def issuer() -> AsyncIterator[IssuerServer]:
    async with issuer_server() as server:
        server.publish(minting_key().jwk())
        yield server


@pytest.fixture
def clock() -> MemoryClock:
    """By which keys are kept. It stands still unless a test moves it."""
    return MemoryClock()


@pytest_asyncio.fixture
async def keys(issuer: IssuerServer, clock: MemoryClock) -> AsyncIterator[KeySet]:
    # A busy machine may need more than a second for a right answer.
    client = IssuerClient(issuer.url, deadline_seconds=20.0)
    yield KeySet(client.fetch, clock)
    await client.aclose()


@pytest.fixture
def expected(issuer: IssuerServer) -> Expected:
    return Expected(issuer.url, AUDIENCE)


@pytest.fixture
def tokens(keys: KeySet, expected: Expected) -> JwtAuthenticator:
    return JwtAuthenticator(keys, expected, time.time)


@pytest.fixture
def token(issuer: IssuerServer) -> Token:
    """Makes a right token of Ada's, with other claims or another header as a test says."""

    def made(header: dict[str, Any] | None = None, **changed: Any) -> str:
        return minted(minting_key(), claims(issuer.url, **changed), **(header or {}))

    return made
