"""An address of a wrong server is reported as unavailable: in time, with advice, without a secret."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from pydantic import SecretStr

from infra.kafka.event_log import KafkaEventLog
from infra.kafka.required_topics import require_topics
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.redis.connection import client, faults_sorted
from infra.settings import Settings
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord, PublishFailed

ANSWERS = {
    "a web server": b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>no</html>",
    "zeros": bytes(4096),
    "noise": bytes(range(255, 0, -1)) * 16,
    "a mail server": b"220 mail.example ESMTP\r\n500 no\r\n" * 8,
    "nothing": b"",
}


@pytest_asyncio.fixture(params=ANSWERS)
async def wrong_server(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """`host:port` of a server that sends its answer to each connection and closes it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(ANSWERS[request.param])
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield "{}:{}".format(*server.sockets[0].getsockname())


@pytest.fixture
def settings(wrong_server: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("infra.kafka.connection.REQUEST_TIMEOUT_SECONDS", 1.0)
    return Settings(
        kafka_bootstrap_servers=wrong_server,
        database_url=SecretStr(f"postgresql://ada:hidden@{wrong_server}/annals"),
        redis_url=SecretStr(f"redis://ada:hidden@{wrong_server}/0"),
    )


async def pings(settings: Settings) -> None:
    async with client(settings) as redis:
        with faults_sorted():
            await redis.ping()


async def migrates(settings: Settings) -> None:
    assert settings.database_url is not None
    await migrate(settings.database_url.get_secret_value())


async def opens(settings: Settings) -> None:
    assert settings.database_url is not None
    await Database(settings.database_url.get_secret_value(), role="annals_writer", connections=1).open()


async def appends(settings: Settings) -> None:
    log = KafkaEventLog(settings, signed_by=None)
    try:
        await log.append("users.events", 0, [OutboundRecord(b"ada", b"{}", [])])
    finally:
        await log.stop()


STEPS: dict[str, Callable[[Settings], Awaitable[None]]] = {
    "Redis": pings,
    "Postgres, migrated": migrates,
    "Postgres": opens,
    "Kafka": lambda settings: require_topics(settings, ["users.commands"]),
    "Kafka, written to": appends,
}


@pytest.mark.parametrize("step", STEPS)
async def test_is_unavailable_in_time(step: str, settings: Settings) -> None:
    began = time.monotonic()
    with pytest.raises((Unavailable, PublishFailed)) as caught:
        await STEPS[step](settings)
    assert time.monotonic() - began < 30
    assert "hidden" not in str(caught.value)
    assert ";" in str(caught.value), "advice"
