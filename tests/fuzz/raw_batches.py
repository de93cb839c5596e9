"""Record batches written byte by byte, with data that no Python producer sends, such as header names in no encoding.

The layout is Kafka's record batch, version 2 (KIP-98). The checksum is right, so the broker accepts the batch.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.util import calc_crc32c, encode_varint
from aiokafka.structs import TopicPartition

MAGIC = 2
HEADER = struct.Struct(">hiqqqhii")
REQUEST_TIMEOUT_MILLISECONDS = 20_000


class RawRecord(NamedTuple):
    """A record as bytes. `timestamp` is in milliseconds since 1970."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[bytes, bytes | None]] = ()
    timestamp: int = 1_700_000_000_000


def record_batch(records: Sequence[RawRecord], attributes: int = 0) -> bytes:
    """An uncompressed batch without an idempotent producer."""
    first = records[0].timestamp
    body = b"".join(_record(index, record, first) for index, record in enumerate(records))
    latest = max(record.timestamp for record in records)
    checked = HEADER.pack(attributes, len(records) - 1, first, latest, -1, -1, -1, len(records)) + body
    counted = struct.pack(">ibI", -1, MAGIC, calc_crc32c(checked)) + checked
    return struct.pack(">qi", 0, len(counted)) + counted


def _record(index: int, record: RawRecord, first_timestamp: int) -> bytes:
    inside = bytearray(b"\x00")
    encode_varint(record.timestamp - first_timestamp, inside.append)
    encode_varint(index, inside.append)
    _bytes(inside, record.key)
    _bytes(inside, record.value)
    encode_varint(len(record.headers), inside.append)
    for name, value in record.headers:
        _bytes(inside, name)
        _bytes(inside, value)
    whole = bytearray()
    encode_varint(len(inside), whole.append)
    return bytes(whole + inside)


def _bytes(target: bytearray, value: bytes | None) -> None:
    encode_varint(-1 if value is None else len(value), target.append)
    target.extend(value or b"")


async def produce_batch(bootstrap_servers: str, topic: str, partition: int, batch: bytes) -> int:
    """Write a batch to a partition's leader, once. Returns the first record's offset. Raises aiokafka's KafkaError."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap_servers)
    await client.bootstrap()
    try:
        await client.set_topics([topic])
        leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        request = ProduceRequest(None, -1, REQUEST_TIMEOUT_MILLISECONDS, [(topic, [(partition, batch)])])
        answer = await client.send(leader, request)
        (_, ((_, error, offset, *_),)) = answer.topics[0]
        if error:
            raise for_code(error)
        return int(offset)
    finally:
        await client.close()
