"""Records that need several requests keep their order; a missing topic or broker is an error in time."""

import asyncio
import time
from typing import Any

import pytest
from aiokafka.producer.sender import Sender

from infra.kafka.clients import BATCH_BYTES
from infra.kafka.event_log import APPEND_TIMEOUT_SECONDS, KafkaEventLog
from infra.settings import Settings
from tests.kafka.records import numbered, read, sequences
from workers.ports.lanes import Unavailable
from workers.ports.log import PublishFailed, Tail


async def test_the_order_holds_over_several_batches(event_log: KafkaEventLog, settings: Settings, topic: str) -> None:
    small = [numbered(sequence, b"x" * 20_000) for sequence in range(1, 101)]
    large = [numbered(101, b"y" * (2 * BATCH_BYTES)), numbered(102), numbered(103, b"z" * (BATCH_BYTES + 1))]
    assert sum(len(record.value or b"") for record in small) > 3 * BATCH_BYTES
    assert await event_log.append(topic, 0, [*small, *large]) == 102
    records = (await read(settings, topic))[0]
    assert sequences(records) == list(range(1, 104))
    assert [record.value for record in records] == [record.value for record in [*small, *large]]


@pytest.mark.usefixtures("short_timeout")
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


async def test_brokers_that_are_away_are_an_error_in_time(brokers_away: Settings) -> None:
    event_log = KafkaEventLog(brokers_away, signed_by=None)
    began = time.monotonic()
    try:
        with pytest.raises(PublishFailed):
            await event_log.append("things", 0, [numbered(1)])
        with pytest.raises(Unavailable):
            await event_log.tail("things", 0, 0)
    finally:
        await event_log.stop()
    assert time.monotonic() - began < 20


async def test_a_recreated_log_is_cleared_only_when_no_earlier_append_is_still_under_way(
    event_log: KafkaEventLog, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An abandoned lane no longer waits for its append, but the producer still delivers it."""
    await event_log.append(topic, 1, [numbered(1)])
    sending, go_on = asyncio.Event(), asyncio.Event()
    send = Sender._send_produce_req

    async def delayed(sender: Sender, *arguments: Any) -> Any:
        sending.set()
        await go_on.wait()
        return await send(sender, *arguments)

    monkeypatch.setattr(Sender, "_send_produce_req", delayed)
    abandoned = asyncio.create_task(event_log.append(topic, 0, [numbered(97)]))
    await sending.wait()
    abandoned.cancel()
    clearing = asyncio.create_task(event_log.clear_recreated(topic, 0))
    await asyncio.wait({clearing}, timeout=2)  # without waiting for the append, it would be done by then
    go_on.set()
    await clearing
    assert await event_log.append(topic, 0, [numbered(1)]) == 1
    assert await event_log.tail(topic, 0, 0) == Tail(1, 1, 2, shortened=False)
