"""Records to one known partition as ready-made batches: no future a message, no wait for a linger."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer

from workers.ports.log import OutboundRecord


def filled_batches(producer: AIOKafkaProducer, records: Sequence[OutboundRecord]) -> Iterator[tuple[Any, int]]:
    """The producer's batches that hold the records, in order, each with the number of its records."""
    position = 0
    while position < len(records):
        batch = producer.create_batch()
        start = position
        while position < len(records):
            key, value, headers = records[position]
            held = headers if type(headers) is list else list(headers)
            if batch.append(timestamp=None, key=key, value=value, headers=held) is None:
                break
            position += 1
        yield batch, position - start


async def send_one_by_one(
    producer: AIOKafkaProducer, topic: str, partition: int, records: Sequence[OutboundRecord]
) -> int:
    """Send each batch after the one before is acknowledged; returns the last record's offset (-1: no records)."""
    last_offset = -1
    for batch, count in filled_batches(producer, records):
        delivered = await producer.send_batch(batch, topic, partition=partition)
        last_offset = (await delivered).offset + count - 1
    return last_offset


async def send_together(
    producer: AIOKafkaProducer, topic: str, partition: int, records: Sequence[OutboundRecord]
) -> None:
    """Send all batches and wait until all are acknowledged."""
    await asyncio.gather(
        *[
            await producer.send_batch(batch, topic, partition=partition)
            for batch, _ in filled_batches(producer, records)
        ]
    )
