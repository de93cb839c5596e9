"""The log as its adapters and an onlooker see it: the real one, and its twin. Each test has a topic of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from contracts.signatures import KEY_BYTES, FixedSignatures, SigningKey
from infra.kafka.event_log import KafkaEventLog
from infra.kafka.log_reader import LogReader
from infra.kafka.message_sender import KafkaMessageSender
from infra.kafka.subscription import KafkaSubscription
from infra.kafka.topics import Topic, create_topics
from infra.memory.event_log import MemoryEventLog
from infra.memory.message_sender import MemoryMessageSender
from infra.memory.verification.topics import MemoryTopicReader
from infra.settings import Settings
from tests.kafka.records import PARTITIONS, read
from tests.simulation.consumer_groups.broker import BrokerWithGroups
from tests.simulation.consumer_groups.subscription import MemorySubscription
from tests.waiting import until
from workers.ports.log import InboundRecord, Partition, Subscription
from workers.ports.verification.topics import TopicReader

T = TypeVar("T")
Subscribing = Callable[[str], "Member"]

SIGNED = FixedSignatures([SigningKey("1", b"s" * KEY_BYTES)])
# The shortest session that a broker allows by default, and one for the twins that a busy machine does not miss.
REAL_SESSION_SECONDS = 6.0
MEMORY_SESSION_SECONDS = 2.0


@dataclass
class Member:
    """A member of the group, its partitions and its rebalances in order: "revoked" or "assigned", and which."""

    subscription: Subscription
    sleep: Callable[[], Awaitable[None]]
    wake: Callable[[], Awaitable[None]]
    rebalances: list[tuple[str, list[int]]] = field(default_factory=list)
    partitions: set[Partition] = field(default_factory=set)
    raises: bool = False

    async def start(self) -> None:
        await self.subscription.start(self._assigned, self._revoked)

    async def _assigned(self, partitions: frozenset[Partition]) -> None:
        self.rebalances.append(("assigned", sorted(partition.partition for partition in partitions)))
        self.partitions |= partitions
        if self.raises:
            raise RuntimeError("for the test")

    async def _revoked(self, partitions: frozenset[Partition]) -> None:
        self.rebalances.append(("revoked", sorted(partition.partition for partition in partitions)))
        self.partitions -= partitions
        if self.raises:
            raise RuntimeError("for the test")

    def open(self, offset: int = 0) -> None:
        """Read everything that is held from an offset on."""
        for partition in self.partitions:
            self.subscription.seek(partition, offset)
            self.subscription.resume(partition)

    async def fetched(self, count: int) -> dict[int, list[InboundRecord]]:
        """At least so many records, by the numbers of their partitions."""
        fetched: dict[int, list[InboundRecord]] = {}

        async def enough() -> bool:
            for partition, records in (await self.subscription.fetch(0.2)).items():
                fetched.setdefault(partition.partition, []).extend(records)
            return sum(map(len, fetched.values())) >= count

        await until(enough, f"{count} records arrive")
        return fetched

    async def holds(self, numbers: int) -> None:
        """Wait until so many partitions are assigned. A member must fetch meanwhile: that is what members do."""

        async def held() -> bool:
            return len(self.partitions) == numbers

        await until(held, f"{numbers} partitions are held")


@dataclass(frozen=True)
class Messaging:
    """A topic with `PARTITIONS` empty partitions, the adapters of one process, and members of one group."""

    topic: str
    event_log: KafkaEventLog | MemoryEventLog
    sender: KafkaMessageSender | MemoryMessageSender
    topic_reader: TopicReader
    read: Callable[[], Awaitable[dict[int, list[InboundRecord]]]]
    member: Subscribing

    def partition(self, number: int) -> Partition:
        return Partition(self.topic, number)


class DrowsyWire:
    """A wire of a member whose heartbeats wait while it sleeps."""

    def __init__(self) -> None:
        self.awake = asyncio.Event()
        self.awake.set()

    async def call(self, server: str, operation: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        if isinstance(operation, partial) and operation.func.__name__ == "heartbeat":
            await self.awake.wait()
        return operation()


@asynccontextmanager
async def messaging_in_memory() -> AsyncIterator[Messaging]:
    """The twins on a broker of their own."""
    broker, wire, topic = BrokerWithGroups(time.monotonic), DrowsyWire(), "things"
    broker.create_topic(topic, PARTITIONS)

    async def all_records() -> dict[int, list[InboundRecord]]:
        return {number: broker.read(topic, number, 0, broker.end(topic, number)) for number in range(PARTITIONS)}

    async with AsyncExitStack() as cleanup:

        def member(name: str) -> Member:
            own = DrowsyWire()
            subscription = MemorySubscription(
                broker,
                own,
                group="readers",
                topics=[topic],
                clock=time.monotonic,
                session_timeout_seconds=MEMORY_SESSION_SECONDS,
                member=name,
            )
            cleanup.push_async_callback(subscription.stop)

            async def sleep() -> None:
                own.awake.clear()

            async def wake() -> None:
                own.awake.set()

            return Member(subscription, sleep, wake)

        event_log, sender = MemoryEventLog(broker, wire), MemoryMessageSender(broker, wire, PARTITIONS)
        cleanup.push_async_callback(event_log.stop)
        cleanup.push_async_callback(sender.stop)
        yield Messaging(topic, event_log, sender, MemoryTopicReader(broker, wire), all_records, member)


@asynccontextmanager
async def messaging_in_kafka(settings: Settings) -> AsyncIterator[Messaging]:
    """The real adapters on a topic of their own."""
    settings = settings.model_copy(
        update={"kafka_session_timeout_seconds": REAL_SESSION_SECONDS, "partitions": PARTITIONS}
    )
    topic = f"{settings.topic_prefix}things"
    await create_topics(settings, [Topic(topic, PARTITIONS, {})])
    async with AsyncExitStack() as cleanup:

        def member(name: str) -> Member:
            subscription = KafkaSubscription(settings, group="readers", topics=[topic], signed_by=SIGNED)
            cleanup.push_async_callback(subscription.stop)

            async def sleep() -> None:
                coordinator = subscription._consumer._coordinator
                heartbeats, coordinator._heartbeat_task = coordinator._heartbeat_task, None
                heartbeats.cancel()
                await asyncio.wait([heartbeats])

            async def wake() -> None:
                subscription._consumer._coordinator._start_heartbeat_task()

            return Member(subscription, sleep, wake)

        event_log, sender = KafkaEventLog(settings, signed_by=SIGNED), KafkaMessageSender(settings)
        cleanup.push_async_callback(event_log.stop)
        cleanup.push_async_callback(sender.stop)
        topic_reader = LogReader(settings)
        cleanup.push_async_callback(topic_reader.stop)
        yield Messaging(topic, event_log, sender, topic_reader, lambda: read(settings, topic), member)
