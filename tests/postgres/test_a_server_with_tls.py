"""A database is reached over TLS by its name and its authority, by settings or by the URL; anything else is refused."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import pytest
import pytest_asyncio
from pydantic import SecretStr, ValidationError

from infra.postgres.address import database_url
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.settings import Settings
from tests.certificates import Authority, Certificate
from tests.gateway.running import annals
from tests.tls_front import HOST, TlsFront, tls_front
from workers.ports.lanes import Unavailable


class Server(NamedTuple):
    """The run's server behind TLS. `url` says nothing of TLS; at `certified_url` clients must have a certificate."""

    url: str
    certified_url: str
    authority: Authority
    stranger: Authority
    client: Certificate
    fronts: tuple[TlsFront, TlsFront]


@pytest_asyncio.fixture
async def server(settings: Settings, tmp_path: Path) -> AsyncIterator[Server]:
    assert settings.database_url is not None
    parts = urlsplit(settings.database_url.get_secret_value())
    assert parts.port is not None
    authority, stranger = Authority(tmp_path, "ours"), Authority(tmp_path, "another")
    own = authority.issue("server", HOST).both_file
    async with (
        tls_front(parts.port, own, is_postgres=True) as front,
        tls_front(parts.port, own, clients=authority.ca_file, is_postgres=True) as asking,
    ):
        login = parts.netloc.rpartition("@")[0]
        urls = [f"postgresql://{login}@{HOST}:{port}{parts.path}" for port in (front.port, asking.port)]
        client = authority.issue("annals", key_password="hidden")
        yield Server(urls[0], urls[1], authority, stranger, client, (front, asking))


def with_url(url: str, **settings: Any) -> Settings:
    return Settings(database_url=SecretStr(url), **settings)


async def answers(settings: Settings) -> bool:
    database = Database(database_url(settings), role=None, connections=1)
    await database.open(checks_schema=False)
    try:
        async with database.connection() as connection:
            return bool(await connection.fetchval("SELECT true"))
    finally:
        await database.close()


async def why_not(settings: Settings) -> str:
    with pytest.raises(Unavailable) as caught:
        await answers(settings)
    assert settings.database_url is not None
    password = settings.database_url.get_secret_value().partition("@")[0].rpartition(":")[2]
    assert password not in str(caught.value)
    assert "hidden" not in str(caught.value)
    return str(caught.value)


def certified(server: Server, **changed: Any) -> Settings:
    """Settings of who has a certificate, with an encrypted key."""
    given: dict[str, Any] = {
        "database_tls_ca_file": server.authority.ca_file,
        "database_tls_cert_file": server.client.cert_file,
        "database_tls_key_file": server.client.key_file,
        "database_tls_key_password": SecretStr("hidden"),
    }
    return with_url(server.certified_url, **given | changed)


async def test_is_reached_by_settings_and_by_the_url(server: Server) -> None:
    ca_file = server.authority.ca_file
    assert await answers(with_url(server.url, database_tls_ca_file=ca_file))
    assert await answers(with_url(f"{server.url}?sslmode=verify-full&sslrootcert={quote(str(ca_file))}"))
    assert await answers(with_url(f"{server.url}?application_name=me", database_tls_ca_file=ca_file))
    assert server.fronts[0].encrypted == 3


async def test_a_client_shows_its_certificate(server: Server) -> None:
    assert await answers(certified(server))
    in_one_file = server.authority.issue("annals").both_file
    one_file = {"database_tls_cert_file": in_one_file, "database_tls_key_file": None, "database_tls_key_password": None}
    assert await answers(certified(server, **one_file))


async def test_a_certificate_that_was_renewed_is_shown_by_the_next_connection(server: Server, tmp_path: Path) -> None:
    """Without a restart: an operator of a cluster renews it in its place."""
    place = tmp_path / "renewed"
    place.mkdir()
    files = {"database_tls_cert_file": place / "tls.crt", "database_tls_key_file": place / "tls.key"}

    def renew(certificate: Certificate) -> None:
        (place / "tls.crt").write_bytes(certificate.cert_file.read_bytes())
        (place / "tls.key").write_bytes(certificate.key_file.read_bytes())

    renew(server.authority.issue("annals"))
    database = Database(
        database_url(certified(server, **files, database_tls_key_password=None)), role=None, connections=2
    )
    await database.open(checks_schema=False)
    try:
        async with database.connection():
            renew(server.stranger.issue("annals"))
            with pytest.raises(Unavailable):  # the control: the new files are the ones that count
                async with database.connection():
                    pass
            renew(server.authority.issue("annals"))
            async with database.connection() as second:
                assert await second.fetchval("SELECT true")
    finally:
        await database.close()


async def test_a_server_of_another_authority_or_name_is_refused(server: Server) -> None:
    said = await why_not(with_url(server.url, database_tls_ca_file=server.stranger.ca_file))
    assert "certificate verify failed" in said
    assert "ANNALS_DATABASE_TLS_" in said
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    assert "Hostname mismatch" in await why_not(with_url(elsewhere, database_tls_ca_file=server.authority.ca_file))


async def test_the_control_without_a_ca_every_server_will_do(server: Server) -> None:
    """So does libpq: an URL that says nothing takes TLS if there is some, and looks at no certificate."""
    assert await answers(with_url(server.url.replace("127.0.0.1", "localhost")))


async def test_a_server_without_tls_is_refused(settings: Settings, server: Server) -> None:
    assert settings.database_url is not None
    plain = settings.database_url.get_secret_value().partition("?")[0]
    said = await why_not(with_url(plain, database_tls_ca_file=server.authority.ca_file))
    assert "rejected SSL upgrade" in said
    assert "turn ssl on in the server" in said


async def test_a_client_without_a_certificate_or_with_that_of_another_authority_is_refused(server: Server) -> None:
    own = server.authority.ca_file
    assert await why_not(with_url(server.certified_url, database_tls_ca_file=own))
    other = server.stranger.issue("annals")
    files = {"database_tls_cert_file": other.cert_file, "database_tls_key_file": other.key_file}
    assert await why_not(certified(server, **files, database_tls_key_password=None))
    assert server.fronts[1].encrypted == 0


async def test_files_that_cannot_be_used_are_named(server: Server, tmp_path: Path) -> None:
    said = await why_not(certified(server, database_tls_ca_file=tmp_path / "none"))
    assert "No such file or directory; set ANNALS_DATABASE_TLS_CA_FILE right" in said
    said = await why_not(certified(server, database_tls_key_password=SecretStr("hidden too")))
    assert "ANNALS_DATABASE_TLS_KEY_PASSWORD" in said


async def test_the_command_line_migrates_over_tls(server: Server, settings: Settings) -> None:
    over_tls = certified(server, kafka_bootstrap_servers="127.0.0.1:1", redis_url=settings.redis_url)
    done = await annals(over_tls, "migrate")
    assert done.code == 0, done.errors
    assert await migrate(database_url(over_tls)) == []
    refused = await annals(over_tls.model_copy(update={"database_tls_ca_file": server.stranger.ca_file}), "migrate")
    assert refused.code == 3
    assert "certificate verify failed" in refused.errors
    assert "hidden" not in refused.errors


@pytest.mark.parametrize(
    "parameters",
    ["sslrootcert=/ca", "sslrootcert=/ca&sslmode=prefer", "sslmode=verify-full&sslmode=disable&sslrootcert=/"],
)
def test_a_ca_that_would_not_be_looked_at_is_refused(parameters: str) -> None:
    with pytest.raises(ValidationError, match="set sslmode=verify-full"):
        with_url(f"postgresql://ada:hidden@db.example/annals?{parameters}")


@pytest.mark.parametrize("parameters", ["sslmode=disable", "sslcert=/cert", "sslrootcert=/ca&sslmode=verify-full"])
def test_a_url_and_settings_that_both_name_tls_are_refused(parameters: str) -> None:
    with pytest.raises(ValidationError, match="set one of the two"):
        with_url(f"postgresql://ada:hidden@db.example/annals?{parameters}", database_tls_ca_file=Path("/ca"))


def test_a_certificate_without_a_ca_is_refused() -> None:
    with pytest.raises(ValidationError, match="ANNALS_DATABASE_TLS_CA_FILE is not: set it too"):
        with_url("postgresql://db.example/annals", database_tls_cert_file=Path("/cert"))
