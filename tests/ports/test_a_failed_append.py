"""After a failed append the tail of the log says how far it got; going on from there leaves neither hole nor disorder.

Whatever became of the records that were under way: they were lost, or only the answer was, or they arrive late.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal, NamedTuple, TypeVar

import pytest

from infra.kafka.event_log import KafkaEventLog
from infra.kafka.topics import Topic, create_topics
from infra.memory.broker import Broker
from infra.memory.clock import MemoryClock
from infra.memory.event_log import MemoryEventLog
from infra.settings import Settings
from tests.faults.proxy import Proxy
from tests.kafka.records import PARTITIONS, numbered, read, sequences
from workers.ports.lanes import Unavailable
from workers.ports.log import InboundRecord, PublishFailed

Trouble = Literal["requests lost", "answers lost", "requests late"]
T = TypeVar("T")


class TroubledLog(NamedTuple):
    """The log; `fail` begins the trouble, `heal` ends it; `read` gives one partition's records."""

    topic: str
    log: KafkaEventLog | MemoryEventLog
    fail: Callable[[], None]
    heal: Callable[[], None]
    read: Callable[[], Awaitable[list[InboundRecord]]]


class TroubledWire:
    """A wire in trouble: what is late arrives when the trouble ends, as often as it was sent."""

    def __init__(self, trouble: Trouble) -> None:
        self.is_troubled = False
        self._trouble = trouble
        self._late: list[Callable[[], Any]] = []

    async def call(self, server: str, operation: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        if not self.is_troubled:
            return operation()
        if self._trouble == "answers lost":
            operation()
        elif self._trouble == "requests late":
            self._late.append(operation)
        raise Unavailable(server, self._trouble)

    def fail(self) -> None:
        self.is_troubled = True

    def heal(self) -> None:
        self.is_troubled = False
        for operation in self._late:
            operation()


@asynccontextmanager
async def log_in_memory(trouble: Trouble) -> AsyncIterator[TroubledLog]:
    broker, wire = Broker(MemoryClock()), TroubledWire(trouble)
    broker.create_topic("things", PARTITIONS)

    async def records() -> list[InboundRecord]:
        return broker.read("things", 0, 0, 100)

    yield TroubledLog("things", MemoryEventLog(broker, wire), wire.fail, wire.heal, records)


@asynccontextmanager
async def log_in_kafka(settings: Settings, trouble: Trouble) -> AsyncIterator[TroubledLog]:
    topic = f"{settings.topic_prefix}things"
    await create_topics(settings, [Topic(topic, PARTITIONS, {})])
    assert settings.kafka_bootstrap_servers is not None
    proxy = Proxy(int(settings.kafka_bootstrap_servers.rpartition(":")[2]), is_kafka=True)
    await proxy.start()
    behind = settings.model_copy(update={"kafka_bootstrap_servers": f"127.0.0.1:{proxy.port}"})
    log = KafkaEventLog(behind, signed_by=None)
    late = trouble == "requests late"

    async def records() -> list[InboundRecord]:
        return (await read(settings, topic))[0]

    fail, heal = (proxy.hold, proxy.let_go) if late else (proxy.fall_silent, proxy.speak_again)
    try:
        yield TroubledLog(topic, log, fail, heal, records)
    finally:
        await log.stop()
        await proxy.stop()


@pytest.mark.parametrize(
    ("own", "trouble"),
    [
        ("memory", "requests lost"),
        ("memory", "answers lost"),
        ("memory", "requests late"),
        ("real", "requests lost"),
        ("real", "requests late"),
    ],
    indirect=["own"],
)
async def test_is_made_good_from_the_tail(
    own: Settings | None, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.kafka.event_log.APPEND_TIMEOUT_SECONDS", 1.0)
    monkeypatch.setattr("infra.kafka.clients.STOP_TIMEOUT_SECONDS", 0.5)
    async with log_in_memory(trouble) if own is None else log_in_kafka(own, trouble) as troubled:
        log, topic = troubled.log, troubled.topic
        assert await log.append(topic, 0, [numbered(1), numbered(2)]) == 1
        await log.append(topic, 1, [numbered(1)])
        troubled.fail()
        with pytest.raises(PublishFailed):
            await log.append(topic, 0, [numbered(3), numbered(4)])
        troubled.heal()
        tail = await log.tail(topic, 0, 0)
        assert tail.sequence in {"requests lost": {2}, "answers lost": {4}, "requests late": {2, 4}}[trouble]
        await log.append(topic, 0, [numbered(number) for number in range(tail.sequence + 1, 6)])
        await log.append(topic, 1, [numbered(2)])
        seen: list[int] = []
        for sequence in sequences(await troubled.read()):
            if sequence == len(seen) + 1:
                seen.append(sequence)
            else:
                assert sequence <= len(seen), "a hole"
        assert seen == [1, 2, 3, 4, 5]
