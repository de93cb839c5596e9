"""Batches on a broker that are too large once they are unpacked, as those who read topics see them."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from contracts.topics import MAX_UNPACKED_BATCH_BYTES
from contracts.unreadable_batch import BATCH_TOO_LARGE
from infra.kafka.connection import consumer_options
from infra.kafka.event_log import KafkaEventLog
from infra.kafka.holes import HoleFinder
from infra.kafka.log_reader import LogReader
from infra.kafka.topics import Topic, create_topics
from infra.settings import Settings
from tests.fuzz.packed_batches import many_records, zeros
from tests.fuzz.raw_batches import produce_batch
from tests.kafka.records import numbered
from workers.ports.log import InboundRecord, Partition

MEBIBYTE = 1_048_576
RECORDS = 200_000


@pytest_asyncio.fixture
async def reader(settings: Settings) -> AsyncIterator[LogReader]:
    log_reader = LogReader(settings)
    yield log_reader
    await log_reader.stop()


async def _all_of(reader: LogReader, topic: str) -> list[InboundRecord]:
    return [record async for batch in reader.records(topic, 0, 0) for record in batch]


async def _produce(settings: Settings, topic: str, batch: bytes) -> None:
    await produce_batch(str(settings.kafka_bootstrap_servers), topic, 0, batch)


async def test_are_no_holes_in_a_topic(settings: Settings, topic: str, event_log: KafkaEventLog) -> None:
    await event_log.append(topic, 0, [numbered(1)])
    await _produce(settings, topic, many_records(RECORDS))
    await event_log.append(topic, 0, [numbered(2)])
    finder, partition = HoleFinder(consumer_options(settings)), Partition(topic, 0)
    try:
        for first, until in ((0, RECORDS + 2), (1, RECORDS + 1), (2, RECORDS), (RECORDS, RECORDS + 2)):
            assert await finder.hole(partition, first, until) is None
    finally:
        await finder.stop()


async def test_do_not_hide_what_stands_around_them(
    settings: Settings, topic: str, event_log: KafkaEventLog, reader: LogReader
) -> None:
    await event_log.append(topic, 0, [numbered(1)])
    await _produce(settings, topic, many_records(RECORDS))
    await event_log.append(topic, 0, [numbered(2)])
    records = await _all_of(reader, topic)
    assert [record.offset for record in records] == [0, RECORDS, RECORDS + 1]
    assert [record.unreadable and record.unreadable.reason for record in records] == [None, BATCH_TOO_LARGE, None]
    tail = await event_log.tail(topic, 0, 0)
    assert (tail.sequence, tail.offset, tail.end_offset) == (2, RECORDS + 1, RECORDS + 2)


@pytest.mark.parametrize(("suffix", "is_read"), [("", False), (".dlq", True)])
async def test_are_read_as_dead_letters_which_have_a_reason_more_than_the_record(
    settings: Settings, reader: LogReader, suffix: str, is_read: bool
) -> None:
    topic = f"{settings.topic_prefix}letters{suffix}"
    await create_topics(settings, [Topic(topic, 1, {})])
    await _produce(settings, topic, zeros("zstd", MAX_UNPACKED_BATCH_BYTES + MEBIBYTE // 2))
    (record,) = await _all_of(reader, topic)
    assert (record.unreadable is None) == is_read


async def test_are_read_where_the_bound_is_raised(settings: Settings, topic: str) -> None:
    await _produce(settings, topic, zeros("zstd", MAX_UNPACKED_BATCH_BYTES + MEBIBYTE))
    raised = LogReader(settings.model_copy(update={"kafka_max_unpacked_bytes": 2 * MAX_UNPACKED_BATCH_BYTES}))
    try:
        (record,) = await _all_of(raised, topic)
    finally:
        await raised.stop()
    assert len(record.value or b"") == MAX_UNPACKED_BATCH_BYTES + MEBIBYTE
