"""Records to write, and a plain consumer that reads all records of a topic."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from infra.settings import Settings
from workers.ports.log import InboundRecord, OutboundRecord

PARTITIONS = 3
READ_TIMEOUT_SECONDS = 30.0


def numbered(sequence: int, value: bytes = b"{}") -> OutboundRecord:
    """The record of an event with this sequence."""
    return OutboundRecord(b"ada", value, [("ce_id", b"%d" % sequence), ("ce_sequence", b"%d" % sequence)])


def sequences(records: Sequence[InboundRecord]) -> list[int]:
    return [int(dict(record.headers)["ce_sequence"]) for record in records]


async def read(settings: Settings, topic: str) -> dict[int, list[InboundRecord]]:
    """All records of each partition, up to its present end."""
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    records_by_partition: dict[int, list[InboundRecord]] = {number: [] for number in range(PARTITIONS)}
    async with (
        asyncio.timeout(READ_TIMEOUT_SECONDS),
        AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers, enable_auto_commit=False) as consumer,
    ):
        consumer.assign(partitions)
        starts, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, starts[partition])
        while sum(map(len, records_by_partition.values())) < sum(ends.values()) - sum(starts.values()):
            for partition, records in (await consumer.getmany(*partitions, timeout_ms=500)).items():
                records_by_partition[partition.partition] += [
                    InboundRecord(
                        topic,
                        partition.partition,
                        record.offset,
                        record.key,
                        record.value,
                        list(record.headers),
                        record.timestamp,
                    )
                    for record in records
                ]
    return records_by_partition
