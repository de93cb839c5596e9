"""What a consumer reads over: the marks of transactions and what these took back stand there, what was deleted or
cleaned away does not.
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
from tests.kafka.test_reading_goes_on import in_transactions
from tests.waiting import until
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord, Partition

# By the broker's cleaner, which looks every fifteen seconds.
CLEANED_SECONDS = 120.0
CLEANED_AT_ONCE = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.001"}


@pytest_asyncio.fixture
async def holes(settings: Settings) -> AsyncIterator[HoleFinder]:
    finder = HoleFinder(client_options(settings))
    yield finder
    await finder.stop()


async def test_are_no_marks_and_nothing_that_was_taken_back(holes: HoleFinder, settings: Settings, topic: str) -> None:
    await asyncio.to_thread(in_transactions, settings, topic, "caac")
    place = Partition(topic, 0)
    assert await holes.hole(place, 0, 8) is None
    assert await holes.hole(place, 3, 6) is None
    assert await holes.hole(place, 8, 8) is None


async def test_are_what_was_deleted_from_the_beginning(
    holes: HoleFinder, settings: Settings, topic: str, event_log: KafkaEventLog
) -> None:
    await event_log.append(topic, 1, [numbered(each) for each in range(1, 8)])
    place = Partition(topic, 1)
    assert await holes.hole(place, 0, 7) is None
    async with administration(settings) as admin:
        await admin.delete_records({TopicPartition(*place): RecordsToDelete(before_offset=3)})
    assert await holes.hole(place, 1, 6) == (1, 3)
    assert await holes.hole(place, 0, 2) == (0, 2)
    assert await holes.hole(place, 3, 7) is None


async def test_are_what_was_cleaned_out_of_the_middle(
    holes: HoleFinder, settings: Settings, event_log: KafkaEventLog
) -> None:
    topic = f"{settings.topic_prefix}compacted"
    await create_topics(settings, [Topic(topic, PARTITIONS, CLEANED_AT_ONCE)])
    place = Partition(topic, 0)
    await event_log.append(topic, 0, [_of("bob", 1)])
    await event_log.append(topic, 0, [_of("ada", each) for each in (2, 3, 4, 5)])

    async def cleaned() -> bool:
        # Only what is in a closed segment is cleaned; each append may close the one before.
        await event_log.append(topic, 0, [_of("eve", 6)])
        found = [record.offset async for batch in reader.records(topic, 0, 0) for record in batch]
        return found[:2] == [0, 4]

    reader = LogReader(settings)
    try:
        await until(cleaned, "the cleaner has been there", seconds=CLEANED_SECONDS, every=0.5)
    finally:
        await reader.stop()
    assert await holes.hole(place, 0, 5) == (1, 4)
    assert await holes.hole(place, 2, 3) == (2, 3)
    assert await holes.hole(place, 4, 5) is None
    assert await holes.hole(place, 0, 1) is None


def _of(key: str, sequence: int) -> OutboundRecord:
    return numbered(sequence)._replace(key=key.encode())


async def test_of_a_broker_that_is_away_cannot_be_told(nobody: Settings) -> None:
    finder = HoleFinder(client_options(nobody))
    with pytest.raises(Unavailable):
        await finder.hole(Partition("things", 0), 0, 1)
    await finder.stop()
