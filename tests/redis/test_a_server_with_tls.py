"""A Redis is reached over TLS by its name and its authority, and shown a certificate; anything else is refused."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import pytest
import pytest_asyncio
from pydantic import SecretStr, ValidationError

from infra.redis.connection import client, faults_sorted
from infra.settings import Settings
from tests.certificates import Authority, Certificate
from tests.tls_front import HOST, TlsFront, tls_front
from workers.ports.lanes import Unavailable


class Server(NamedTuple):
    """The run's server behind TLS. At `certified_url` clients must have a certificate."""

    url: str
    certified_url: str
    authority: Authority
    stranger: Authority
    client: Certificate
    fronts: tuple[TlsFront, TlsFront]


@pytest_asyncio.fixture
async def server(settings: Settings, tmp_path: Path) -> AsyncIterator[Server]:
    assert settings.redis_url is not None
    parts = urlsplit(settings.redis_url.get_secret_value())
    assert parts.port is not None
    authority, stranger = Authority(tmp_path, "ours"), Authority(tmp_path, "another")
    own = authority.issue("server", HOST).both_file
    async with (
        tls_front(parts.port, own) as front,
        tls_front(parts.port, own, clients=authority.ca_file) as asking,
    ):
        login = parts.netloc.rpartition("@")[0]
        urls = [f"rediss://{login}@{HOST}:{port}{parts.path}" for port in (front.port, asking.port)]
        certificate = authority.issue("annals", key_password="hidden")
        yield Server(urls[0], urls[1], authority, stranger, certificate, (front, asking))


def with_url(url: str, **settings: Any) -> Settings:
    return Settings(redis_url=SecretStr(url), **settings)


async def answers(settings: Settings) -> bool:
    redis = client(settings)
    try:
        with faults_sorted():
            return bool(await redis.ping())
    finally:
        await redis.aclose()


async def why_not(settings: Settings) -> str:
    with pytest.raises(Unavailable) as caught:
        await answers(settings)
    assert "hidden" not in str(caught.value)
    return str(caught.value)


def certified(server: Server, **changed: Any) -> Settings:
    """Settings of who has a certificate, with an encrypted key."""
    given: dict[str, Any] = {
        "redis_tls_ca_file": server.authority.ca_file,
        "redis_tls_cert_file": server.client.cert_file,
        "redis_tls_key_file": server.client.key_file,
        "redis_tls_key_password": SecretStr("hidden"),
    }
    return with_url(server.certified_url, **given | changed)


async def test_is_reached_by_settings_and_by_the_url(server: Server) -> None:
    ca_file = server.authority.ca_file
    assert await answers(with_url(server.url, redis_tls_ca_file=ca_file))
    assert await answers(with_url(f"{server.url}?ssl_ca_certs={quote(str(ca_file))}"))
    assert server.fronts[0].encrypted == 2


async def test_transactions_work_as_ever(server: Server) -> None:
    redis = client(with_url(server.url, redis_tls_ca_file=server.authority.ca_file))
    pipeline = redis.pipeline()
    pipeline.set("annals:tls", "x" * 200_000)
    pipeline.get("annals:tls")
    assert await pipeline.execute() == [True, b"x" * 200_000]
    await redis.aclose()


async def test_a_client_shows_its_certificate(server: Server) -> None:
    assert await answers(certified(server))
    in_one_file = server.authority.issue("annals").both_file
    one_file = {"redis_tls_cert_file": in_one_file, "redis_tls_key_file": None, "redis_tls_key_password": None}
    assert await answers(certified(server, **one_file))


async def test_a_server_of_another_authority_or_name_is_refused(server: Server) -> None:
    said = await why_not(with_url(server.url, redis_tls_ca_file=server.stranger.ca_file))
    assert "certificate verify failed" in said
    assert "set ANNALS_REDIS_TLS_CA_FILE" in said
    assert "certificate verify failed" in await why_not(with_url(server.url))  # none of the system's authorities
    elsewhere = server.url.replace(f"@{HOST}", "@localhost")
    assert "Hostname mismatch" in await why_not(with_url(elsewhere, redis_tls_ca_file=server.authority.ca_file))
    assert server.fronts[0].encrypted == 0


async def test_with_a_ca_the_systems_authorities_are_not_trusted(server: Server) -> None:
    redis = client(with_url(server.url, redis_tls_ca_file=server.stranger.ca_file))
    context = redis.connection_pool.make_connection()._connection_arguments()["ssl"]
    assert [certificate["subject"] for certificate in context.get_ca_certs()] == [((("commonName", "another"),),)]
    await redis.aclose()


async def test_a_server_without_tls_is_refused(settings: Settings, server: Server) -> None:
    assert settings.redis_url is not None
    plain = settings.redis_url.get_secret_value().replace("redis://", "rediss://")
    assert await why_not(with_url(plain, redis_tls_ca_file=server.authority.ca_file))


async def test_a_client_without_a_certificate_or_with_that_of_another_authority_is_refused(server: Server) -> None:
    assert await why_not(with_url(server.certified_url, redis_tls_ca_file=server.authority.ca_file))
    other = server.stranger.issue("annals")
    files = {"redis_tls_cert_file": other.cert_file, "redis_tls_key_file": other.key_file}
    assert await why_not(certified(server, **files, redis_tls_key_password=None))
    assert server.fronts[1].encrypted == 0


async def test_files_that_cannot_be_used_are_named(server: Server, tmp_path: Path) -> None:
    said = await why_not(certified(server, redis_tls_ca_file=tmp_path / "none"))
    assert "No such file or directory; set ANNALS_REDIS_TLS_CA_FILE right" in said
    said = await why_not(certified(server, redis_tls_key_password=SecretStr("hidden too")))
    assert "ANNALS_REDIS_TLS_KEY_PASSWORD" in said


@pytest.mark.parametrize("url", ["redis://:hidden@db.example", "unix:///run/redis.sock", None])
def test_certificates_without_tls_are_refused(url: str | None) -> None:
    with pytest.raises(ValidationError, match="ANNALS_REDIS_URL uses no TLS") as caught:
        Settings(redis_url=SecretStr(url) if url else None, redis_tls_ca_file=Path("/ca"))
    assert "hidden" not in str(caught.value)


def test_a_url_and_settings_that_both_name_tls_are_refused() -> None:
    with pytest.raises(ValidationError, match="set one of the two"):
        with_url("rediss://:hidden@db.example?ssl_cert_reqs=none", redis_tls_ca_file=Path("/ca"))
