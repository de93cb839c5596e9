"""Workers whose every server is behind TLS, and whose secrets are in files, do what they do elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from pydantic import SecretStr

from infra.secret_files import ReadSecret
from infra.settings import Settings
from tests.identity.issuer_server import issuer_server
from tests.kafka.secured_broker import asking_broker, issue_tokens
from tests.logins import as_account
from tests.sent_commands import create_users
from tests.servers import Servers, isolated_environment
from tests.system import System, running_system
from tests.tls_front import HOST, TlsFront, tls_front

pytestmark = pytest.mark.timeout(240)


def port_of(url: SecretStr | None) -> int:
    assert url is not None
    port = urlsplit(url.get_secret_value()).port
    assert port is not None
    return port


def through(url: SecretStr | None, front: TlsFront, scheme: str) -> str:
    """The URL by way of the front."""
    assert url is not None
    parts = urlsplit(url.get_secret_value())
    login = parts.netloc.rpartition("@")[0]
    return parts._replace(scheme=scheme, netloc=f"{login}@{HOST}:{front.port}", query="").geturl()


def in_file(folder: Path, name: str, value: str) -> ReadSecret:
    (folder / name).write_text(f"{value}\n")
    return ReadSecret(value, folder / name)


@pytest_asyncio.fixture
async def behind_tls(servers: Servers, tmp_path: Path) -> AsyncIterator[tuple[System, dict[str, Any]]]:
    """A system that the test reaches in the clear, and the settings of workers."""
    async with (
        isolated_environment(servers, tmp_path / "home") as own,
        asking_broker() as broker,
        issuer_server() as endpoint,
    ):
        issue_tokens(endpoint)
        certificate = broker.authority.issue("server", HOST).both_file
        clients = broker.authority.ca_file
        open_settings = own.model_copy(update={"kafka_bootstrap_servers": broker.open_address, "partitions": 2})
        async with (
            tls_front(port_of(own.database_url), certificate, clients=clients, is_postgres=True) as postgres,
            tls_front(port_of(own.redis_url), certificate, clients=clients) as redis,
            running_system(open_settings, tmp_path) as system,
        ):
            worker = broker.worker
            given = broker.by_token(endpoint, kafka_sasl_password=in_file(tmp_path, "kafka", "hidden"))
            given["redis_url"] = in_file(tmp_path, "redis", through(own.redis_url, redis, "rediss"))
            given["database_url"] = SecretStr(through(own.database_url, postgres, "postgresql"))
            for server in ("database", "redis"):
                given |= {f"{server}_tls_{name}": getattr(worker, name) for name in ("cert_file", "key_file")}
                given |= {f"{server}_tls_ca_file": broker.authority.ca_file}
            yield system, given


async def test_users_are_made_welcomed_and_shown(
    behind_tls: tuple[System, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, given = behind_tls
    # Each worker's own login, in a file too.
    monkeypatch.setattr("tests.system.as_account", lambda *arguments: _with_file(as_account(*arguments), tmp_path))
    workers = [await system.worker(role, **given) for role in ("command", "projection", "saga")]
    await asyncio.to_thread(system.send, create_users(20))
    await system.handled(20)
    await system.settled()
    log = "".join(worker.log_file.read_text() for worker in workers)
    secrets = [
        given["kafka_sasl_password"],
        given["redis_url"],
        system.settings.database_url,
        system.settings.redis_url,
    ]
    for secret in secrets:
        password = secret.get_secret_value().partition("@")[0].rpartition(":")[2]
        assert password not in log


def _with_file(settings: Settings, folder: Path) -> Settings:
    url = settings.database_url
    assert url is not None
    name = f"database-{urlsplit(url.get_secret_value()).username}"
    return settings.model_copy(update={"database_url": in_file(folder, name, url.get_secret_value())})
