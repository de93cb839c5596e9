"""Records for one partition as ready-made batches: no future for each message, and no linger time.

A large record is compressed: a record that arrived compressed may exceed, unpacked, what any topic accepts, and it must
still be sent on or moved to the dead letters.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch

from contracts.partitioner import partitions_for
from contracts.signatures import Signatures
from workers.ports.log import OutboundRecord

LARGE_RECORD_BYTES = 1_048_576


def signed(
    topic: str, partition: int, records: Sequence[OutboundRecord], signatures: Signatures
) -> list[OutboundRecord]:
    """The records for this place, each with its signature."""
    return [
        OutboundRecord(key, value, [*headers, signatures.header(topic, partition, key, value, headers)])
        for key, value, headers in records
    ]


def grouped(
    messages: Sequence[tuple[str, int | None, OutboundRecord]], partitions: int
) -> dict[tuple[str, int], list[OutboundRecord]]:
    """The records by topic and partition, in order. Without a partition the key determines it, out of `partitions`."""
    keys = [record.key or b"" for _, chosen, record in messages if chosen is None]
    computed = iter(partitions_for(keys, partitions))
    groups: dict[tuple[str, int], list[OutboundRecord]] = {}
    for topic, chosen, record in messages:
        groups.setdefault((topic, next(computed) if chosen is None else chosen), []).append(record)
    return groups


def filled_batches(producer: AIOKafkaProducer, records: Sequence[OutboundRecord]) -> Iterator[tuple[Any, int]]:
    """The producer's batches that hold the records, in order, each with the number of its records."""
    position = 0
    while position < len(records):
        is_large = len(records[position].value or b"") > LARGE_RECORD_BYTES
        batch = _compressed_batch() if is_large else producer.create_batch()
        start = position
        while position < len(records):
            key, value, headers = records[position]
            pairs = headers if type(headers) is list else list(headers)
            if batch.append(timestamp=None, key=key, value=value, headers=pairs) is None:
                break
            position += 1
        yield batch, position - start


def _compressed_batch() -> Any:
    """A batch for a single record: a producer compresses either all of its own batches or none."""
    return BatchBuilder(1, DefaultRecordBatch.CODEC_ZSTD, is_transactional=False)


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
    sent = [
        await producer.send_batch(batch, topic, partition=partition) for batch, _ in filled_batches(producer, records)
    ]
    if len(sent) == 1:
        await sent[0]
    else:
        await asyncio.gather(*sent)
