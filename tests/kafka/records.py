"""Records to write, and all that a topic holds as a plain consumer reads it."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from infra.settings import Settings
from workers.ports.log import InboundRecord, OutboundRecord

PARTITIONS = 3
READ_TIMEOUT_SECONDS = 30.0


def numbered(sequence: int, value: bytes = b"{}") -> OutboundRecord:
    """An event's record with this sequence."""
    return OutboundRecord(b"ada", value, [("ce_id", b"%d" % sequence), ("ce_sequence", b"%d" % sequence)])


def sequences(records: Sequence[InboundRecord]) -> list[int]:
    return [int(dict(record.headers)["ce_sequence"]) for record in records]


async def read(settings: Settings, topic: str) -> dict[int, list[InboundRecord]]:
    """All records of each partition, up to where it ends now."""
    places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    found: dict[int, list[InboundRecord]] = {number: [] for number in range(PARTITIONS)}
    async with (
        asyncio.timeout(READ_TIMEOUT_SECONDS),
        AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers, enable_auto_commit=False) as consumer,
    ):
        consumer.assign(places)
        starts, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        for place in places:
            consumer.seek(place, starts[place])
        while sum(map(len, found.values())) < sum(ends.values()) - sum(starts.values()):
            for place, records in (await consumer.getmany(*places, timeout_ms=500)).items():
                found[place.partition] += [
                    InboundRecord(
                        topic, place.partition, each.offset, each.key, each.value, list(each.headers), each.timestamp
                    )
                    for each in records
                ]
    return found
