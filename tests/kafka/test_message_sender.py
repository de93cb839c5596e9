"""A missing topic or broker is an error in time; sending without waiting applies back pressure before it drops."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import pytest
import structlog
from aiokafka.errors import InvalidProducerEpoch, KafkaError, OutOfOrderSequenceNumber

from infra.kafka.batches import send_together
from infra.kafka.message_sender import (
    DELIVERY_TIMEOUT_SECONDS,
    MAX_WAITING_RECORDS,
    ROOM_TIMEOUT_SECONDS,
    KafkaMessageSender,
)
from infra.settings import Settings
from tests.waiting import until
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord


def plain(value: bytes) -> OutboundRecord:
    return OutboundRecord(b"key", value, [])


@pytest.mark.usefixtures("short_timeout")
async def test_an_unknown_topic_is_an_error_in_time(sender: KafkaMessageSender, topic: str) -> None:
    began = time.monotonic()
    for partition in (None, 0):
        with pytest.raises(Unavailable):
            await sender.send([(f"{topic}.unknown", partition, plain(b"lost"))])
    assert time.monotonic() - began < 3 * DELIVERY_TIMEOUT_SECONDS + 5
    await sender.send([(topic, 0, plain(b"arrives"))])


async def test_sending_without_waiting_applies_back_pressure_and_counts_dropped_messages(
    brokers_away: Settings,
) -> None:
    sender = KafkaMessageSender(brokers_away)
    with structlog.testing.capture_logs() as lines:
        await sender.send_nowait("replies", 0, [plain(b"first")] * MAX_WAITING_RECORDS)
        held_back = asyncio.ensure_future(sender.send_nowait("replies", 1, [plain(b"second")] * 3))
        await asyncio.wait({held_back}, timeout=0)
        assert not held_back.done(), "the queue is full"
        async with asyncio.timeout(2 * ROOM_TIMEOUT_SECONDS):
            await held_back
        # No broker accepts them: in the end all are dropped and counted.
        assert await until(_all_dropped(sender, MAX_WAITING_RECORDS + 3), "all waiting messages are dropped")
    await sender.stop()
    assert sum(line["count"] for line in lines if line["event"] == "replies dropped") == sender.dropped


async def test_brokers_that_are_away_are_unavailable_in_time(brokers_away: Settings) -> None:
    sender = KafkaMessageSender(brokers_away)
    async with asyncio.timeout(DELIVERY_TIMEOUT_SECONDS + 5):
        with pytest.raises(Unavailable):
            await sender.send([("things", 0, plain(b"lost"))])
    await sender.stop()


class _Sends:
    """Replaces the sending of batches: records each batch, holds it back until `open` is set, or lets it fail."""

    def __init__(self) -> None:
        self.sent: list[list[bytes | None]] = []
        self.open = asyncio.Event()
        self.failure: Exception | None = None

    async def __call__(self, _: object, topic: str, partition: int, records: Sequence[OutboundRecord]) -> None:
        self.sent.append([record.value for record in records])
        failure, self.failure = self.failure, None
        await self.open.wait()
        if failure is not None:
            raise failure


class _WithoutBrokers(KafkaMessageSender):
    async def _current_producer(self, topics: Collection[str]) -> Any:
        return None


async def _in_line(sender: KafkaMessageSender, *values: bytes) -> list[asyncio.Task[None]]:
    """Start a `send` to one partition for each value, one after the other."""
    tasks = []
    for value in values:
        tasks.append(asyncio.create_task(sender.send([("things", 0, plain(value))])))
        for _ in range(5):
            await asyncio.sleep(0)
    return tasks


async def test_messages_that_wait_while_a_batch_is_under_way_are_sent_as_one_batch(
    brokers_away: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sends = _Sends()
    monkeypatch.setattr("infra.kafka.message_sender.send_together", sends)
    tasks = await _in_line(_WithoutBrokers(brokers_away), b"1", b"2", b"3", b"4")
    sends.open.set()
    await asyncio.gather(*tasks)
    assert sends.sent == [[b"1"], [b"2", b"3", b"4"]]


async def test_a_batch_that_fails_disturbs_neither_the_next_nor_a_lane_that_gives_up_its_companions(
    brokers_away: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sends = _Sends()
    sends.failure = KafkaError("no")
    monkeypatch.setattr("infra.kafka.message_sender.send_together", sends)
    first, second, third = await _in_line(_WithoutBrokers(brokers_away), b"1", b"2", b"3")
    second.cancel()
    sends.open.set()
    with pytest.raises(Unavailable):
        await first
    await third
    assert sends.sent == [[b"1"], [b"2", b"3"]]


def _all_dropped(sender: KafkaMessageSender, count: int) -> Callable[[], Awaitable[bool]]:
    async def dropped() -> bool:
        return sender.dropped == count

    return dropped


async def test_a_producer_that_is_out_of_step_with_its_broker_is_replaced(
    sender: KafkaMessageSender, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sender.send([(topic, 0, plain(b"first"))])
    before = sender._producer
    faults = [OutOfOrderSequenceNumber("for the test"), InvalidProducerEpoch("for the test")]

    async def out_of_step(*arguments: Any) -> None:
        if faults:
            raise faults.pop(0)
        await send_together(*arguments)

    monkeypatch.setattr("infra.kafka.message_sender.send_together", out_of_step)
    with pytest.raises(Unavailable, match="for the test"):
        await sender.send([(topic, 0, plain(b"refused"))])
    await sender.send_nowait(topic, 0, [plain(b"dropped")])
    await until(lambda: _holds(sender.dropped == 1), "a reply is dropped")
    await sender.send([(topic, 0, plain(b"second"))])
    assert sender._producer not in (None, before)


async def test_a_bug_in_sending_replies_is_logged_and_the_next_ones_are_sent(
    sender: KafkaMessageSender, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[Exception] = [ZeroDivisionError("a bug for the test")]
    sent: list[bytes | None] = []

    async def buggy(_: Any, __: str, ___: int, records: Sequence[OutboundRecord], *____: Any) -> None:
        if faults:
            raise faults.pop(0)
        sent.extend(record.value for record in records)

    monkeypatch.setattr("infra.kafka.message_sender.send_together", buggy)
    with structlog.testing.capture_logs() as lines:
        await sender.send_nowait(topic, 0, [plain(b"lost")])
        await until(lambda: _holds(sender.dropped == 1), "the lost reply is counted")
        await sender.send_nowait(topic, 0, [plain(b"arrives")])
        await until(lambda: _holds(sent == [b"arrives"]), "the next reply is sent")
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["a bug in sending replies"]


async def _holds(value: bool) -> bool:
    return value
