"""Records for one partition as ready-made batches: no future for each message, and no linger time.

A large record is compressed: a record that arrived compressed may exceed, unpacked, what any topic accepts, and it must
still be sent on or moved to the dead letters.
"""

import asyncio
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import cramjam
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.util import calc_crc32c

from contracts.client.rights import needing
from contracts.client.signed_batches import blank_signature, sign
from contracts.client.stored_batches import LOG_OVERHEAD_BYTES
from contracts.client.unpacking import ATTRIBUTES, HEADER
from contracts.partitioner import partitions_for
from contracts.signatures import Signatures
from infra.kafka.clients import BATCH_BYTES
from workers.ports.log import OutboundRecord

LARGE_RECORD_BYTES = 1_048_576
LENGTH, LENGTH_POSITION = struct.Struct(">i"), 8
CHECKSUM = struct.Struct(">I")


class SignedBatch(BatchBuilder):  # type: ignore[misc]  # aiokafka ships no types
    """A batch for this place that is signed when its producer takes it. `packed`: it is compressed as well."""

    def __init__(self, topic: str, partition: int, signatures: Signatures, *, packed: bool) -> None:
        super().__init__(BATCH_BYTES, 0, is_transactional=False)
        self._place = topic, partition
        self._signatures = signatures
        self._packed = packed
        self._signed: bytearray | None = None

    def _build(self) -> bytearray:
        if self._signed is None:
            batch: bytearray = super()._build()
            sign(batch, *self._place, self._signatures)
            self._signed = self._buffer = _finished(batch, packed=self._packed)
        return self._signed


def _finished(batch: bytearray, *, packed: bool) -> bytearray:
    """A batch (version 2) as it is or compressed, with the checksum that it then has."""
    if packed:
        head = batch[: HEADER.size]
        head[ATTRIBUTES.stop - 1] |= DefaultRecordBatch.CODEC_ZSTD
        batch = head + cramjam.zstd.compress(memoryview(batch)[HEADER.size :])
        LENGTH.pack_into(batch, LENGTH_POSITION, len(batch) - LOG_OVERHEAD_BYTES)
    CHECKSUM.pack_into(batch, ATTRIBUTES.start - CHECKSUM.size, calc_crc32c(memoryview(batch)[ATTRIBUTES.start :]))
    return batch


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


def filled_batches(
    producer: AIOKafkaProducer,
    topic: str,
    partition: int,
    records: Sequence[OutboundRecord],
    signatures: Signatures | None = None,
) -> Iterator[tuple[Any, int]]:
    """The producer's batches that hold the records, in order, each with the number of its records. They are for this
    place only if they are signed. Raises LookupError if there are signatures, but no key to sign with.
    """
    position = 0
    while position < len(records):
        packed = len(records[position].value or b"") > LARGE_RECORD_BYTES
        if signatures is not None:
            batch = SignedBatch(topic, partition, signatures, packed=packed)
        else:
            batch = _compressed_batch() if packed else producer.create_batch()
        start = position
        while position < len(records):
            key, value, headers = records[position]
            pairs = headers if type(headers) is list else list(headers)
            if signatures is not None and position == start:
                pairs = [*pairs, blank_signature(signatures)]
            if batch.append(timestamp=None, key=key, value=value, headers=pairs) is None:
                break
            position += 1
        yield batch, position - start


def _compressed_batch() -> Any:
    """A batch for a single record: a producer compresses either all of its own batches or none."""
    return BatchBuilder(1, DefaultRecordBatch.CODEC_ZSTD, is_transactional=False)


async def send_one_by_one(
    producer: AIOKafkaProducer,
    topic: str,
    partition: int,
    records: Sequence[OutboundRecord],
    signatures: Signatures | None = None,
) -> int:
    """Send each batch after the one before is acknowledged; returns the last record's offset (-1: no records)."""
    last_offset = -1
    with needing("Write", f"topic {topic}"):
        for batch, count in filled_batches(producer, topic, partition, records, signatures):
            delivered = await producer.send_batch(batch, topic, partition=partition)
            last_offset = (await delivered).offset + count - 1
    return last_offset


async def send_together(
    producer: AIOKafkaProducer,
    topic: str,
    partition: int,
    records: Sequence[OutboundRecord],
    signatures: Signatures | None = None,
) -> None:
    """Send all batches and wait until all are acknowledged."""
    with needing("Write", f"topic {topic}"):
        sent = [
            await producer.send_batch(batch, topic, partition=partition)
            for batch, _ in filled_batches(producer, topic, partition, records, signatures)
        ]
        if len(sent) == 1:
            await sent[0]
        else:
            await asyncio.gather(*sent)
