"""A topic of one's own, written by our adapters and read by a plain consumer beside them."""

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
    log = KafkaEventLog(settings)
    yield log
    await log.stop()


@pytest_asyncio.fixture
async def sender(settings: Settings) -> AsyncIterator[KafkaMessageSender]:
    sender = KafkaMessageSender(settings)
    yield sender
    await sender.stop()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients made from now on wait less for an answer than in earnest."""
    monkeypatch.setattr("infra.kafka.connection.REQUEST_TIMEOUT_SECONDS", 1.0)


@pytest.fixture(params=["nobody listens", "nobody answers"])
def nobody(settings: Settings, request: pytest.FixtureRequest, hasty: None) -> Iterator[Settings]:
    """Settings with brokers that are not there: their port is taken, but no answer ever comes from it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        if request.param == "nobody answers":
            taken.listen()
        yield settings.model_copy(update={"kafka_bootstrap_servers": f"127.0.0.1:{taken.getsockname()[1]}"})
