"""Whole partitions are read outside of any group, to the end that they have when the reading starts."""

import pytest

from tests.kafka.records import PARTITIONS, numbered, sequences
from tests.ports.messaging import Messaging
from workers.ports.lanes import Unavailable
from workers.ports.log import InboundRecord

MANY = 5000


async def records_of(messaging: Messaging, partition: int, offset: int = 0, **options: bool) -> list[InboundRecord]:
    batches = messaging.topic_reader.records(messaging.topic, partition, offset, **options)
    records: list[InboundRecord] = []
    async for batch in batches:
        assert batch
        records += batch
    return records


@pytest.mark.parametrize("committed_only", [False, True])
async def test_a_partition_is_read_from_an_offset_in_order(messaging: Messaging, committed_only: bool) -> None:
    await messaging.event_log.append(messaging.topic, 1, [numbered(number) for number in range(1, MANY + 1)])
    records = await records_of(messaging, 1, committed_only=committed_only)
    assert sequences(records) == list(range(1, MANY + 1))
    assert [record.offset for record in records] == list(range(MANY))
    assert sequences(await records_of(messaging, 1, MANY - 2, committed_only=committed_only)) == [MANY - 1, MANY]
    assert await records_of(messaging, 1, MANY, committed_only=committed_only) == []
    assert await records_of(messaging, 0, committed_only=committed_only) == []


async def test_what_comes_after_the_start_is_not_read(messaging: Messaging) -> None:
    await messaging.event_log.append(messaging.topic, 0, [numbered(1)])
    reading = messaging.topic_reader.records(messaging.topic, 0, 0)
    assert sequences(await anext(reading)) == [1]
    await messaging.event_log.append(messaging.topic, 0, [numbered(2)])
    assert [batch async for batch in reading] == []


async def test_ends_and_states(messaging: Messaging) -> None:
    await messaging.event_log.append(messaging.topic, 2, [numbered(1), numbered(2)])
    reader = messaging.topic_reader
    assert list(await reader.committed_ends(messaging.topic, PARTITIONS)) == [0, 0, 2]
    states = await reader.states([messaging.topic, "nowhere"])
    assert states == {messaging.topic: await messaging.event_log.topic(messaging.topic)}
    assert (await reader.topic_settings([messaging.topic])).keys() == {messaging.topic}
    assert await reader.topic_settings([]) == {}


async def test_a_topic_that_is_not_there_is_unavailable(messaging: Messaging) -> None:
    with pytest.raises(Unavailable):
        await messaging.topic_reader.committed_ends(f"{messaging.topic}-nowhere", 1)
