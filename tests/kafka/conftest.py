"""A topic for one test, written by the adapters of Annals and read by a plain consumer."""

import socket
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from infra.kafka.event_log import KafkaEventLog
from infra.kafka.message_sender import KafkaMessageSender
from infra.kafka.topics import Topic, create_topics
from infra.settings import Settings
from tests.kafka.records import PARTITIONS

LARGE_RECORDS = {"max.message.bytes": str(4 * 1024 * 1024)}


@pytest_asyncio.fixture
async def topic(settings: Settings) -> str:
    """An empty topic with `PARTITIONS` partitions."""
    name = f"{settings.topic_prefix}things"
    assert (await create_topics(settings, [Topic(name, PARTITIONS, LARGE_RECORDS)])).created == [name]
    return name


@pytest_asyncio.fixture
async def event_log(settings: Settings) -> AsyncIterator[KafkaEventLog]:
    log = KafkaEventLog(settings, signed_by=None)
    yield log
    await log.stop()


@pytest_asyncio.fixture
async def sender(settings: Settings) -> AsyncIterator[KafkaMessageSender]:
    sender = KafkaMessageSender(settings)
    yield sender
    await sender.stop()


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shortens the request timeout of the clients that the test creates."""
    monkeypatch.setattr("infra.kafka.connection.REQUEST_TIMEOUT_SECONDS", 1.0)


@pytest.fixture(params=["no process listens", "no process answers"])
def brokers_away(settings: Settings, request: pytest.FixtureRequest, short_timeout: None) -> Iterator[Settings]:
    """Settings with a bootstrap address where no broker runs: the port is taken, and no answer comes from it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        if request.param == "no process answers":
            probe.listen()
        yield settings.model_copy(update={"kafka_bootstrap_servers": f"127.0.0.1:{probe.getsockname()[1]}"})
