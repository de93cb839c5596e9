"""A consumer to which nothing arrives waits long at its broker, and nothing that happens waits with it.

The long wait is longer here than any test may take: whatever comes earlier did not wait for its end.
"""

import uuid
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from contracts.client import quiet_fetches
from contracts.client.consumer import Consumer
from infra.kafka.topics import create_topics, topics_of
from infra.settings import Settings
from tests.waiting import until
from workers.domain import contexts

LONG_WAIT_MILLISECONDS = 120_000


@pytest.fixture
async def places(settings: Settings) -> list[TopicPartition]:
    """Two partitions without records."""
    await create_topics(settings, topics_of(list(contexts()), settings))
    return [TopicPartition(f"{settings.topic_prefix}users.events", number) for number in (0, 1)]


@pytest.fixture
async def producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    started = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap_servers)
    await started.start()
    yield started
    await started.stop()


@pytest.fixture
async def consumer(
    settings: Settings, places: list[TopicPartition], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Consumer]:
    """It reads both partitions, and its fetch has begun a long wait."""
    monkeypatch.setattr(quiet_fetches, "LONG_WAIT_MILLISECONDS", LONG_WAIT_MILLISECONDS)
    monkeypatch.setattr(quiet_fetches, "QUIET_SECONDS", 0.0)
    started = Consumer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        client_id=uuid.uuid4().hex,
        request_timeout_ms=2 * LONG_WAIT_MILLISECONDS,
    )
    await started.start()
    started.assign(places)
    for place in places:
        started.seek(place, 0)
    await _until_it_waits(started)
    yield started
    await started.stop()


async def _until_it_waits(consumer: Consumer) -> None:
    async def waits() -> bool:
        return bool(consumer._fetcher.fetches._long_waits)

    await until(waits, "a fetch waits long")


async def _offsets(consumer: Consumer, place: TopicPartition) -> list[int]:
    fetched = await consumer.getmany(timeout_ms=LONG_WAIT_MILLISECONDS // 2)
    return [record.offset for record in fetched.get(place, ())]


async def test_a_record_that_arrives_ends_the_wait(
    consumer: Consumer, producer: AIOKafkaProducer, places: list[TopicPartition]
) -> None:
    await producer.send_and_wait(places[1].topic, b"{}", partition=places[1].partition)
    assert await _offsets(consumer, places[1]) == [0]


async def test_questions_are_answered_while_a_fetch_waits(consumer: Consumer, places: list[TopicPartition]) -> None:
    assert await consumer.end_offsets(places) == dict.fromkeys(places, 0)
    assert list(await consumer.topic_states([places[0].topic])) == [places[0].topic]


async def test_a_partition_that_is_resumed_is_fetched_at_once(
    consumer: Consumer, producer: AIOKafkaProducer, places: list[TopicPartition]
) -> None:
    consumer.pause(places[0])
    consumer.seek(places[1], 0)  # gives up the fetch of both
    await _until_it_waits(consumer)
    await producer.send_and_wait(places[0].topic, b"{}", partition=places[0].partition)
    consumer.resume(places[0])
    assert await _offsets(consumer, places[0]) == [0]


async def test_a_partition_that_gets_another_position_is_fetched_from_there_at_once(
    consumer: Consumer, producer: AIOKafkaProducer, places: list[TopicPartition]
) -> None:
    await producer.send_and_wait(places[0].topic, b"{}", partition=places[0].partition)
    assert await _offsets(consumer, places[0]) == [0]
    await _until_it_waits(consumer)
    consumer.seek(places[0], 0)
    assert await _offsets(consumer, places[0]) == [0]


async def test_another_assignment_does_not_wait_for_the_fetch_of_the_former_one(
    consumer: Consumer, producer: AIOKafkaProducer, places: list[TopicPartition]
) -> None:
    await producer.send_and_wait(places[0].topic, b"{}", partition=places[0].partition)
    assert await _offsets(consumer, places[0]) == [0]
    await _until_it_waits(consumer)
    consumer.assign(places[:1])
    consumer.seek(places[0], 0)
    assert await _offsets(consumer, places[0]) == [0]
