"""A consumer to which nothing arrives waits long at its broker, and nothing that happens waits with it. One that
gathers records waits for a moment while many come.

The long wait is longer here than any test may take: whatever comes earlier did not wait for its end.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.protocol.fetch import FetchRequest

from contracts.client import fetch_waits
from contracts.client.consumer import Consumer, GatheringConsumer
from contracts.client.fetch_rounds import WantedFetch
from contracts.client.fetch_waits import (
    FETCH_CONNECTIONS,
    GATHERING_BYTES,
    GATHERING_MILLISECONDS,
    SHORT_WAIT_MILLISECONDS,
    FetchClient,
)
from infra.settings import Settings
from tests.waiting import until

LONG_WAIT_MILLISECONDS = 120_000


@pytest.fixture
async def consumer(
    settings: Settings, places: list[TopicPartition], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Consumer]:
    """It reads all partitions, and its fetch has begun a long wait."""
    monkeypatch.setattr(fetch_waits, "LONG_WAIT_MILLISECONDS", LONG_WAIT_MILLISECONDS)
    monkeypatch.setattr(fetch_waits, "QUIET_SECONDS", 0.0)
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
        waits = consumer._fetcher.fetches._long_waits.items()
        connections = consumer._client._conns
        return any(not is_given_up and (node_id, FETCH_CONNECTIONS) in connections for node_id, is_given_up in waits)

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


class Opening:
    """A client whose connection opens when the test says so, with so many bytes for each of so many partitions.
    `waits` are those of the fetches that it was asked for, `least_bytes` what ends them.
    """

    _request_timeout_ms = 10_000

    def __init__(self, partitions: int = 0, size: int = 0) -> None:
        self.opened = asyncio.Event()
        self.waits: list[int] = []
        self.least_bytes: list[int] = []
        found = [(number, b"x" * size) for number in range(partitions)]
        self._answer = SimpleNamespace(topics=[("users.events", found)], API_VERSION=4)

    async def ready(self, node_id: int, *, group: int) -> bool:
        await self.opened.wait()
        return True

    async def send(self, node_id: int, request: FetchRequest, *, group: int) -> object:
        await self.opened.wait()
        self.waits.append(request._max_wait_ms)
        self.least_bytes.append(request._min_bytes)
        return self._answer


def fetch(wait_milliseconds: int) -> WantedFetch:
    return WantedFetch(wait_milliseconds, 1, 1000, 0, {})


async def test_what_moves_while_the_connection_opens_waits_for_no_long_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_waits, "QUIET_SECONDS", -1.0)
    client = Opening()
    fetches = FetchClient(client, SHORT_WAIT_MILLISECONDS)
    fetching = asyncio.create_task(fetches.send(1, fetch(SHORT_WAIT_MILLISECONDS)))
    await asyncio.sleep(0)
    monkeypatch.setattr(fetch_waits, "QUIET_SECONDS", 60.0)
    fetches.note_movement()
    client.opened.set()
    await fetching
    assert client.waits == [SHORT_WAIT_MILLISECONDS]


@pytest.mark.parametrize(("wait", "quiet_seconds"), [(10, -1.0), (SHORT_WAIT_MILLISECONDS, 60.0)])
async def test_who_waits_shorter_or_is_busy_keeps_its_own_wait(
    wait: int, quiet_seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_waits, "QUIET_SECONDS", quiet_seconds)
    client = Opening()
    client.opened.set()
    await FetchClient(client, wait).send(1, fetch(wait))
    assert client.waits == [wait]


@pytest.mark.parametrize(
    ("partitions", "size", "gathers", "expected"),
    [
        (30, 500, True, (GATHERING_MILLISECONDS, GATHERING_BYTES)),
        (1, 50_000, True, (GATHERING_MILLISECONDS, GATHERING_BYTES)),
        (1, 500, True, (SHORT_WAIT_MILLISECONDS, 1)),
        (30, 0, True, (SHORT_WAIT_MILLISECONDS, 1)),
        (30, 500, False, (SHORT_WAIT_MILLISECONDS, 1)),
    ],
    ids=["many partitions", "many in one partition", "a record now and then", "none", "who does not gather"],
)
async def test_who_gathers_lets_a_fetch_wait_for_a_moment_while_many_records_come(
    monkeypatch: pytest.MonkeyPatch, partitions: int, size: int, gathers: bool, expected: tuple[int, int]
) -> None:
    monkeypatch.setattr(fetch_waits, "DENSITY_SECONDS", 60.0)  # a slow machine does not make them fewer
    client = Opening(partitions, size)
    client.opened.set()
    fetches = FetchClient(client, SHORT_WAIT_MILLISECONDS, gathers=gathers)
    await fetches.send(1, fetch(SHORT_WAIT_MILLISECONDS))
    assert (client.waits[0], client.least_bytes[0]) == (SHORT_WAIT_MILLISECONDS, 1)
    await fetches.send(1, fetch(SHORT_WAIT_MILLISECONDS))
    assert (client.waits[1], client.least_bytes[1]) == expected


async def test_who_has_gathered_waits_as_usual_soon_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_waits, "DENSITY_SECONDS", 1e-9)
    client = Opening(30, 500)
    client.opened.set()
    fetches = FetchClient(client, SHORT_WAIT_MILLISECONDS, gathers=True)
    for _ in range(3):
        await fetches.send(1, fetch(SHORT_WAIT_MILLISECONDS))
    assert client.waits == [SHORT_WAIT_MILLISECONDS] * 3


async def test_all_records_arrive_in_order_at_who_gathers(
    settings: Settings, producer: AIOKafkaProducer, places: list[TopicPartition], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_waits, "DENSITY_SECONDS", 60.0)
    consumer = GatheringConsumer(bootstrap_servers=settings.kafka_bootstrap_servers)
    await consumer.start()
    consumer.assign(places)
    for place in places:
        consumer.seek(place, 0)
    offsets: dict[TopicPartition, list[int]] = {place: [] for place in places}
    try:
        async with asyncio.timeout(60):
            for number in range(99):
                place = places[number % len(places)]
                await producer.send_and_wait(place.topic, b"x" * 3000, partition=place.partition)
                for place, records in (await consumer.getmany(timeout_ms=100)).items():
                    offsets[place] += [record.offset for record in records]
            while sum(map(len, offsets.values())) < 99:
                for place, records in (await consumer.getmany(timeout_ms=100)).items():
                    offsets[place] += [record.offset for record in records]
    finally:
        await consumer.stop()
    assert offsets == {place: list(range(33)) for place in places}
