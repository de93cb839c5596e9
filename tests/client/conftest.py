"""A corner of the run's Kafka with the users' topics in it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer, TopicPartition

from contracts.client.command_client import CommandClient
from infra.kafka.topics import create_topics, topics_of
from infra.settings import Settings
from tests.client.services.into_sqlite import IntoSqlite
from tests.client.services.runs import short_delays_of_a_consumer  # noqa: F401  # a fixture


def client_for(settings: Settings, **options: Any) -> CommandClient:
    assert settings.kafka_bootstrap_servers is not None
    return CommandClient(
        settings.kafka_bootstrap_servers, source="/tests", topic_prefix=settings.topic_prefix, **options
    )


@pytest_asyncio.fixture
async def kafka(settings: Settings) -> Settings:
    """Settings under which the users' topics exist."""
    await create_topics(settings, topics_of(["users"], settings))
    return settings


@pytest_asyncio.fixture
async def client(kafka: Settings) -> AsyncIterator[CommandClient]:
    async with client_for(kafka) as started:
        yield started


@pytest.fixture
def places(kafka: Settings) -> list[TopicPartition]:
    """Three partitions without records."""
    return [TopicPartition(f"{kafka.topic_prefix}users.events", number) for number in range(3)]


@pytest_asyncio.fixture
async def producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    started = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap_servers)
    await started.start()
    yield started
    await started.stop()


@pytest.fixture
def service(tmp_path: Path) -> IntoSqlite:
    """A service of somebody else's that has read nothing yet."""
    return IntoSqlite(str(tmp_path / "service.sqlite"))
