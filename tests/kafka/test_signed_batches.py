"""What is signed as it is sent is signed as it is read, whatever a real broker makes of the batches meanwhile."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiokafka import TopicPartition

from contracts.client.consumer import Consumer, FetchedRecord
from contracts.signatures import KEY_BYTES, FixedSignatures, Signatures, SigningKey
from infra.kafka.clients import BATCH_BYTES, partition_reader
from infra.kafka.connection import consumer_options
from infra.kafka.event_log import KafkaEventLog
from infra.kafka.message_sender import KafkaMessageSender
from infra.kafka.topics import Topic, create_topics
from infra.settings import Settings
from tests.kafka.conftest import LARGE_RECORDS
from tests.kafka.records import numbered

KEYS = [SigningKey("1", b"s" * KEY_BYTES)]
RECORDS = [*(numbered(number, b"x" * 20_000) for number in range(1, 61)), numbered(61, b"y" * (3 * BATCH_BYTES))]
WAIT_SECONDS = 30.0

kinds = pytest.mark.parametrize(
    "topic_settings",
    [
        {},
        {"compression.type": "zstd"},
        {"compression.type": "gzip"},
        {"message.timestamp.type": "LogAppendTime"},
        {"compression.type": "lz4", "message.timestamp.type": "LogAppendTime"},
    ],
    ids=str,
)


@pytest_asyncio.fixture
async def reader(settings: Settings) -> AsyncIterator[Consumer]:
    consumer = await partition_reader(Consumer, consumer_options(settings))
    consumer.signatures = Signatures(KEYS)
    yield consumer
    await consumer.stop()


async def created(settings: Settings, topic_settings: dict[str, str]) -> str:
    name = f"{settings.topic_prefix}signed"
    await create_topics(settings, [Topic(name, 1, LARGE_RECORDS | topic_settings)])
    return name


async def read(reader: Consumer, topic: str, first: int, until_offset: int) -> list[FetchedRecord]:
    place = TopicPartition(topic, 0)
    reader.assign([place])
    reader.seek(place, first)
    records: list[FetchedRecord] = []
    async with asyncio.timeout(WAIT_SECONDS):
        while not records or records[-1].offset < until_offset:
            records += (await reader.getmany(place, timeout_ms=500)).get(place, [])
    return records


@kinds
async def test_events(settings: Settings, reader: Consumer, topic_settings: dict[str, str]) -> None:
    topic = await created(settings, topic_settings)
    log = KafkaEventLog(settings, signed_by=FixedSignatures(KEYS))
    last = await log.append(topic, 0, RECORDS)
    await log.stop()
    records = await read(reader, topic, 0, last)
    assert [record.value for record in records] == [record.value for record in RECORDS]
    assert all(record.is_signed for record in records)
    for first in (1, 7, 40):  # in the middle of a batch
        assert [record.is_signed for record in await read(reader, topic, first, last)] == [True] * (last + 1 - first)


@kinds
async def test_replies(settings: Settings, reader: Consumer, topic_settings: dict[str, str]) -> None:
    topic = await created(settings, topic_settings)
    sender = KafkaMessageSender(settings, replies_signed_by=FixedSignatures(KEYS))
    await sender.send_nowait(topic, 0, RECORDS)
    records = await read(reader, topic, 0, len(RECORDS) - 1)
    await sender.stop()
    assert all(record.is_signed for record in records)
    assert sender.dropped == 0


async def test_records_of_others_between_them_are_not(settings: Settings, reader: Consumer) -> None:
    topic = await created(settings, {})
    signing, other = (KafkaEventLog(settings, signed_by=source) for source in (FixedSignatures(KEYS), None))
    for log in (signing, other, signing):
        await log.append(topic, 0, [numbered(1), numbered(2)])
    records = await read(reader, topic, 0, 5)
    assert [record.is_signed for record in records] == [True, True, False, False, True, True]
    await signing.stop()
    await other.stop()
