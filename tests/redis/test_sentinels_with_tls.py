"""`rediss+sentinel://` is TLS to the sentinels and to the primary, with the same certificates."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from pydantic import SecretStr

from infra.redis.connection import client, faults_sorted
from infra.settings import Settings
from tests.certificates import Authority
from tests.redis.fake_sentinel import fake_sentinels
from tests.tls_front import HOST, TlsFront, tls_front
from workers.ports.lanes import Unavailable


class Behind(NamedTuple):
    """A primary and two sentinels, each behind TLS that wants a certificate; `plain` are addresses without it."""

    url: str
    plain: list[int]
    fronts: list[TlsFront]
    authority: Authority
    stranger: Authority


@pytest_asyncio.fixture
async def behind(settings: Settings, tmp_path: Path) -> AsyncIterator[Behind]:
    assert settings.redis_url is not None
    parts = urlsplit(settings.redis_url.get_secret_value())
    assert parts.port is not None
    authority, stranger = Authority(tmp_path, "ours"), Authority(tmp_path, "another")
    own = authority.issue("server", HOST).both_file
    async with AsyncExitStack() as cleanup:

        async def front(port: int) -> TlsFront:
            return await cleanup.enter_async_context(tls_front(port, own, clients=authority.ca_file))

        server = await front(parts.port)
        sentinels = await cleanup.enter_async_context(fake_sentinels((HOST, server.port), count=2))
        fronts = [await front(sentinel.port) for sentinel in sentinels]
        login = parts.netloc.rpartition("@")[0]
        hosts = ",".join(f"{HOST}:{front.port}" for front in fronts)
        url = f"rediss+sentinel://{login}@{hosts}/cards{parts.path}"
        yield Behind(url, [sentinel.port for sentinel in sentinels], [server, *fronts], authority, stranger)


def certified(behind: Behind, authority: Authority | None = None, **changed: Any) -> Settings:
    own = (authority or behind.authority).issue("annals")
    files = {"redis_tls_cert_file": own.cert_file, "redis_tls_key_file": own.key_file}
    given: dict[str, Any] = {"redis_url": SecretStr(behind.url), "redis_tls_ca_file": behind.authority.ca_file}
    return Settings(**given | files | changed)


async def why_not(settings: Settings) -> str:
    async with client(settings) as redis:
        with pytest.raises(Unavailable) as caught, faults_sorted():
            await redis.get("annals:x")
    return str(caught.value)


async def test_certificates_are_shown_to_all(behind: Behind) -> None:
    async with client(certified(behind)) as redis:
        assert await redis.get("annals:x") is None
    assert all(front.encrypted for front in behind.fronts)


async def test_so_are_those_of_the_url(behind: Behind) -> None:
    own = behind.authority.issue("annals")
    options = f"ssl_ca_certs={behind.authority.ca_file}&ssl_certfile={own.cert_file}&ssl_keyfile={own.key_file}"
    async with client(Settings(redis_url=SecretStr(f"{behind.url}?{options}"))) as redis:
        assert await redis.get("annals:x") is None
    assert all(front.encrypted for front in behind.fronts)


async def test_sentinels_of_another_authority_are_refused(behind: Behind) -> None:
    said = await why_not(certified(behind, redis_tls_ca_file=behind.stranger.ca_file))
    assert "no primary of cards is named" in said
    assert "certificate verify failed" in said
    assert "set ANNALS_REDIS_TLS_CA_FILE" in said


async def test_a_primary_of_another_authority_is_refused(behind: Behind, tmp_path: Path) -> None:
    """Its sentinels are right."""
    theirs = behind.stranger.issue("server", HOST).both_file
    async with tls_front(behind.plain[0], theirs) as impostor, fake_sentinels((HOST, impostor.port), count=1) as named:
        own = behind.authority.issue("server", HOST).both_file
        async with tls_front(named[0].port, own, clients=behind.authority.ca_file) as front:
            said = await why_not(
                certified(behind, redis_url=SecretStr(f"rediss+sentinel://:hidden@{HOST}:{front.port}/cards/0"))
            )
        assert "certificate verify failed" in said
        assert "set ANNALS_REDIS_TLS_CA_FILE" in said
        assert impostor.encrypted == 0


async def test_a_client_of_another_authority_is_refused(behind: Behind) -> None:
    assert "no primary of cards is named" in await why_not(certified(behind, behind.stranger))
    assert behind.fronts[0].encrypted == 0


async def test_sentinels_without_tls_are_refused(behind: Behind) -> None:
    url = f"rediss+sentinel://:hidden@{HOST}:{behind.plain[0]}/cards/0"
    said = await why_not(certified(behind, redis_url=SecretStr(url)))
    assert "no primary of cards is named" in said
    assert behind.fronts[0].encrypted == 0
