"""Reading continues past transaction markers, and the records of a failed fetch are fetched again."""

import asyncio
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from confluent_kafka import Producer

from infra.kafka.event_log import KafkaEventLog
from infra.kafka.log_reader import LogReader
from infra.kafka.subscription import KafkaSubscription
from infra.settings import Settings
from tests.kafka.records import PARTITIONS, numbered, sequences
from tests.waiting import until
from workers.ports.lanes import Unavailable
from workers.ports.log import InboundRecord, Partition, Tail


def in_transactions(settings: Settings, topic: str, endings: str) -> None:
    """A record of partition 0 in each transaction: `c` commits, `a` aborts. Each adds a marker after its record."""
    producer = Producer({"bootstrap.servers": settings.kafka_bootstrap_servers, "transactional.id": uuid.uuid4().hex})
    producer.init_transactions(20)
    for sequence, ending in enumerate(endings, 1):
        producer.begin_transaction()
        headers: list[tuple[str, str | bytes | None]] = list(numbered(sequence).headers)
        producer.produce(topic, b"{}", b"ada", 0, headers=headers)
        assert producer.flush(20) == 0
        (producer.commit_transaction if ending == "c" else producer.abort_transaction)(20)


async def test_a_tail_and_a_whole_log_end_behind_the_transaction_markers(
    event_log: KafkaEventLog, settings: Settings, topic: str
) -> None:
    await asyncio.to_thread(in_transactions, settings, topic, "cac")
    async with asyncio.timeout(10):
        assert await event_log.tail(topic, 0, 0) == Tail(3, 4, 6, shortened=False)
    reader = LogReader(settings)
    try:
        async with asyncio.timeout(10):
            records = [record async for batch in reader.records(topic, 0, 0) for record in batch]
    finally:
        await reader.stop()
    assert sequences(records) == [1, 2, 3]


class Subscribed:
    """The only member of a group, which reads every partition from the start."""

    def __init__(self, settings: Settings, topic: str, *, committed_only: bool) -> None:
        self.topic = topic
        self.records: dict[Partition, list[InboundRecord]] = {}
        self.subscription = KafkaSubscription(
            settings, group=uuid.uuid4().hex, topics=[topic], committed_only=committed_only
        )

    async def start(self) -> None:
        await self.subscription.start(self._assigned, self._revoked)

    async def _assigned(self, partitions: frozenset[Partition]) -> None:
        for partition in partitions:
            self.subscription.seek(partition, 0)
            self.subscription.resume(partition)

    async def _revoked(self, partitions: frozenset[Partition]) -> None:
        pass

    async def has(self, count: int) -> bool:
        """Fetch once; return whether at least `count` records have come so far."""
        try:
            for partition, records in (await self.subscription.fetch(0.5)).items():
                self.records.setdefault(partition, []).extend(records)
        except Unavailable:
            return False
        return sum(map(len, self.records.values())) >= count

    def sequences(self, number: int) -> Sequence[int]:
        return sequences(self.records.get(Partition(self.topic, number), []))


async def test_aborted_records_are_read_only_by_a_member_that_reads_uncommitted_records(
    settings: Settings, topic: str
) -> None:
    await asyncio.to_thread(in_transactions, settings, topic, "caac")
    for committed_only, expected in ((True, [1, 4]), (False, [1, 2, 3, 4])):
        member = Subscribed(settings, topic, committed_only=committed_only)
        await member.start()
        try:
            await until(partial(member.has, len(expected)), "all records are read")
            assert member.sequences(0) == expected
            (reach,) = (await member.subscription.reach([Partition(topic, 0)])).values()
            assert reach.position == reach.extent.end == 8
        finally:
            await member.subscription.stop()


@pytest.mark.parametrize("error", [ValueError("no record at all"), OSError("connection lost")])
async def test_the_records_of_a_failed_fetch_are_fetched_again(
    event_log: KafkaEventLog, settings: Settings, topic: str, error: Exception
) -> None:
    for number in range(PARTITIONS):
        await event_log.append(topic, number, [numbered(sequence) for sequence in range(1, 101)])
    member = Subscribed(settings, topic, committed_only=False)
    await member.start()
    try:
        getmany = member.subscription._consumer.getmany
        failures = 3

        async def failing(**options: Any) -> Any:
            """Take records out of the consumer, as aiokafka does, and then fail."""
            nonlocal failures
            fetched = await getmany(**options)
            if fetched and failures:
                failures -= 1
                raise error
            return fetched

        member.subscription._consumer.getmany = failing  # type: ignore[method-assign]
        for _ in range(3):
            if isinstance(error, ValueError):
                with pytest.raises(ValueError, match="no record"):
                    await until(lambda: member.has(1), "a fetch fails")
        await until(lambda: member.has(100 * PARTITIONS), "all records are read")
        assert failures == 0
        for number in range(PARTITIONS):
            assert member.sequences(number) == list(range(1, 101))
    finally:
        await member.subscription.stop()
