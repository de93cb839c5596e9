"""A member of a group learns that a topic has changed, even if its metadata were from before the change."""

import uuid

import pytest
from aiokafka.admin import NewPartitions

from infra.kafka.subscription import KafkaSubscription
from infra.kafka.topics import administration
from infra.settings import Settings
from tests.kafka.records import PARTITIONS
from tests.waiting import until
from workers.ports.log import Partition


async def test_and_asks_once_more_until_it_knows_of_all_partitions(
    settings: Settings, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assigned_partitions: frozenset[Partition] = frozenset()

    async def assigned(partitions: frozenset[Partition]) -> None:
        nonlocal assigned_partitions
        assigned_partitions = partitions

    async def revoked(_: frozenset[Partition]) -> None: ...

    subscription = KafkaSubscription(settings, group=uuid.uuid4().hex, topics=[topic])
    await subscription.start(assigned, revoked)
    try:
        async with administration(settings) as admin:
            await admin.create_partitions({topic: NewPartitions(total_count=PARTITIONS + 2)})
        consumer = subscription._consumer  # replaced below, so that the test chooses its metadata

        async def answered_from_before() -> None: ...

        async def has_grown() -> bool:
            count: int = (await consumer.topic_states([topic]))[topic].partitions
            return count == PARTITIONS + 2

        await until(has_grown, "the broker reports the new partitions")
        with monkeypatch.context() as patched:
            patched.setattr(consumer, "refresh", answered_from_before)
            await subscription.reach([])

        async def holds_all() -> bool:
            await subscription.reach([])
            await subscription.fetch(0.1)
            return len(assigned_partitions) == PARTITIONS + 2

        await until(holds_all, "the member holds the new partitions", seconds=30)
    finally:
        await subscription.stop()
