"""The log keeps the order of what is appended, and its tail says how far it goes."""

import asyncio
import time

import pytest

from infra.kafka.event_log import APPEND_TIMEOUT_SECONDS, BATCH_BYTES, KafkaEventLog
from infra.settings import Settings
from tests.kafka.records import numbered, read, sequences
from workers.ports.lanes import Unavailable
from workers.ports.log import PublishFailed, Tail


async def test_append_returns_the_last_offset(event_log: KafkaEventLog, settings: Settings, topic: str) -> None:
    assert await event_log.append(topic, 1, [numbered(1)]) == 0
    assert await event_log.append(topic, 1, [numbered(2), numbered(3), numbered(4)]) == 3
    assert await event_log.append(topic, 2, [numbered(1)]) == 0
    found = await read(settings, topic)
    assert {partition: sequences(records) for partition, records in found.items()} == {0: [], 1: [1, 2, 3, 4], 2: [1]}
    first = found[1][0]
    assert (first.key, first.value, first.headers) == tuple(numbered(1))


async def test_the_order_holds_over_several_batches(event_log: KafkaEventLog, settings: Settings, topic: str) -> None:
    small = [numbered(sequence, b"x" * 20_000) for sequence in range(1, 101)]
    large = [numbered(101, b"y" * (2 * BATCH_BYTES)), numbered(102), numbered(103, b"z" * (BATCH_BYTES + 1))]
    assert sum(len(record.value or b"") for record in small) > 3 * BATCH_BYTES
    assert await event_log.append(topic, 0, [*small, *large]) == 102
    found = (await read(settings, topic))[0]
    assert sequences(found) == list(range(1, 104))
    assert [record.value for record in found] == [record.value for record in [*small, *large]]


async def test_lanes_append_side_by_side(event_log: KafkaEventLog, settings: Settings, topic: str) -> None:
    async def fill(partition: int) -> int:
        offsets = [await event_log.append(topic, partition, [numbered(1 + round_number)]) for round_number in range(20)]
        return offsets[-1]

    assert await asyncio.gather(*map(fill, range(3))) == [19, 19, 19]
    for records in (await read(settings, topic)).values():
        assert sequences(records) == list(range(1, 21))


async def test_the_tail_is_the_highest_sequence_from_the_start_and_from_a_mark(
    event_log: KafkaEventLog, topic: str
) -> None:
    await event_log.append(topic, 0, [numbered(sequence) for sequence in range(1, 11)])
    for mark in (0, 4, 9):
        assert await event_log.tail(topic, 0, mark) == Tail(10, 9, 10, shortened=False)


async def test_the_tail_of_an_empty_partition_is_nothing(event_log: KafkaEventLog, topic: str) -> None:
    await event_log.append(topic, 0, [numbered(1)])
    assert await event_log.tail(topic, 1, 0) == Tail(0, -1, 0, shortened=False)


async def test_a_late_repeat_at_the_end_does_not_lower_the_tail(event_log: KafkaEventLog, topic: str) -> None:
    await event_log.append(topic, 0, [numbered(sequence) for sequence in (1, 2, 3, 4, 2, 3)])
    assert await event_log.tail(topic, 0, 0) == Tail(4, 3, 6, shortened=False)
    assert await event_log.tail(topic, 0, 2) == Tail(4, 3, 6, shortened=False)


@pytest.mark.parametrize("mark", [3, 4, 1000])
async def test_a_log_that_ends_before_the_mark_was_shortened(event_log: KafkaEventLog, topic: str, mark: int) -> None:
    await event_log.append(topic, 0, [numbered(sequence) for sequence in (7, 8, 9)])
    assert await event_log.tail(topic, 0, mark) == Tail(9, 2, 3, shortened=True)


async def test_an_emptied_log_was_shortened(event_log: KafkaEventLog, topic: str) -> None:
    assert await event_log.tail(topic, 0, 5) == Tail(0, -1, 0, shortened=True)


async def test_a_tail_read_again_sees_what_was_appended_since(event_log: KafkaEventLog, topic: str) -> None:
    for sequence in (1, 2, 3):
        await event_log.append(topic, 0, [numbered(sequence)])
        assert await event_log.tail(topic, 0, 0) == Tail(sequence, sequence - 1, sequence, shortened=False)


async def test_tails_of_several_lanes_are_read_at_once(event_log: KafkaEventLog, topic: str) -> None:
    for partition in range(3):
        await event_log.append(topic, partition, [numbered(sequence) for sequence in range(1, 2 + partition)])
    tails = await asyncio.gather(*[event_log.tail(topic, partition, 0) for partition in range(3)])
    assert [tail.sequence for tail in tails] == [1, 2, 3]


@pytest.mark.usefixtures("hasty")
async def test_nothing_is_appended_to_an_unknown_topic(event_log: KafkaEventLog, topic: str) -> None:
    began = time.monotonic()
    with pytest.raises(PublishFailed):
        await event_log.append(f"{topic}.unknown", 0, [numbered(1)])
    assert time.monotonic() - began < APPEND_TIMEOUT_SECONDS + 5
    assert await event_log.append(topic, 0, [numbered(1)]) == 0


async def test_an_unknown_topic_has_no_tail(
    event_log: KafkaEventLog, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.kafka.event_log.TAIL_TIMEOUT_SECONDS", 3.0)
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        await event_log.tail(f"{topic}.unknown", 0, 0)
    assert time.monotonic() - began < 10
    assert caught.value.server == "Kafka"
    assert await event_log.tail(topic, 0, 0) == Tail(0, -1, 0, shortened=False)


async def test_brokers_that_are_away_are_an_error_in_time(nobody: Settings) -> None:
    event_log = KafkaEventLog(nobody)
    began = time.monotonic()
    try:
        with pytest.raises(PublishFailed):
            await event_log.append("things", 0, [numbered(1)])
        with pytest.raises(Unavailable):
            await event_log.tail("things", 0, 0)
    finally:
        await event_log.stop()
    assert time.monotonic() - began < 20
