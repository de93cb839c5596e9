"""Offsets that a consumer skips. Transaction markers and aborted records are no holes: they are in the log. Deleted
and compacted records are holes.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from aiokafka.admin.records_to_delete import RecordsToDelete

from infra.kafka.connection import client_options
from infra.kafka.event_log import KafkaEventLog
from infra.kafka.holes import HoleFinder
from infra.kafka.log_reader import LogReader
from infra.kafka.topics import Topic, administration, create_topics
from infra.settings import Settings
from tests.kafka.records import PARTITIONS, numbered
from tests.kafka.test_reading_continues import in_transactions
from tests.waiting import until
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord, Partition

# The broker's cleaner runs every fifteen seconds.
CLEANED_SECONDS = 120.0
CLEANED_AT_ONCE = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.001"}


@pytest_asyncio.fixture
async def holes(settings: Settings) -> AsyncIterator[HoleFinder]:
    finder = HoleFinder(client_options(settings))
    yield finder
    await finder.stop()


async def test_are_not_transaction_markers_or_aborted_records(
    holes: HoleFinder, settings: Settings, topic: str
) -> None:
    await asyncio.to_thread(in_transactions, settings, topic, "caac")
    partition = Partition(topic, 0)
    assert await holes.hole(partition, 0, 8) is None
    assert await holes.hole(partition, 3, 6) is None
    assert await holes.hole(partition, 8, 8) is None


async def test_are_records_deleted_from_the_beginning(
    holes: HoleFinder, settings: Settings, topic: str, event_log: KafkaEventLog
) -> None:
    await event_log.append(topic, 1, [numbered(sequence) for sequence in range(1, 8)])
    partition = Partition(topic, 1)
    assert await holes.hole(partition, 0, 7) is None
    async with administration(settings) as admin:
        await admin.delete_records({TopicPartition(*partition): RecordsToDelete(before_offset=3)})
    assert await holes.hole(partition, 1, 6) == (1, 3)
    assert await holes.hole(partition, 0, 2) == (0, 2)
    assert await holes.hole(partition, 3, 7) is None


async def test_are_records_compacted_away_in_the_middle(
    holes: HoleFinder, settings: Settings, event_log: KafkaEventLog
) -> None:
    topic = f"{settings.topic_prefix}compacted"
    await create_topics(settings, [Topic(topic, PARTITIONS, CLEANED_AT_ONCE)])
    partition = Partition(topic, 0)
    await event_log.append(topic, 0, [_of("bob", 1)])
    await event_log.append(topic, 0, [_of("ada", sequence) for sequence in (2, 3, 4, 5)])

    async def cleaned() -> bool:
        # Only closed segments are compacted. Each append may close the segment before.
        await event_log.append(topic, 0, [_of("eve", 6)])
        offsets = [record.offset async for batch in reader.records(topic, 0, 0) for record in batch]
        return offsets[:2] == [0, 4]

    reader = LogReader(settings)
    try:
        await until(cleaned, "the cleaner has compacted the log", seconds=CLEANED_SECONDS, every=0.5)
    finally:
        await reader.stop()
    assert await holes.hole(partition, 0, 5) == (1, 4)
    assert await holes.hole(partition, 2, 3) == (2, 3)
    assert await holes.hole(partition, 4, 5) is None
    assert await holes.hole(partition, 0, 1) is None


def _of(key: str, sequence: int) -> OutboundRecord:
    return numbered(sequence)._replace(key=key.encode())


async def test_of_a_broker_that_is_away_are_unknown(brokers_away: Settings) -> None:
    finder = HoleFinder(client_options(brokers_away))
    with pytest.raises(Unavailable):
        await finder.hole(Partition("things", 0), 0, 1)
    await finder.stop()
