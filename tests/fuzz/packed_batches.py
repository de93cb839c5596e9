"""Record batches as other clients compress them, and some that unpack to far more than they have."""

import gzip
import struct

import cramjam
from aiokafka.codec import lz4_encode
from aiokafka.record.util import calc_crc32c, encode_varint

from contracts.client.unpacking import HEADER
from tests.fuzz.raw_batches import RawRecord, record_batch

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "xerial": 2, "lz4": 3, "zstd": 4}
"""By name of the form; xerial is what Java's clients make of snappy."""
XERIAL_START = b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1)
XERIAL_BLOCK_BYTES = 32 * 1024
COUNT_POSITION = HEADER.size - 4


def packed(batch: bytes, form: str) -> bytes:
    """The batch, compressed."""
    return with_body(batch, _packed_body(batch[HEADER.size :], form), CODECS[form])


def with_body(batch: bytes, body: bytes, codec: int, count: int | None = None) -> bytes:
    """The batch with another body and, if given, another number of records; its checksum is right."""
    fields = list(HEADER.unpack_from(batch))
    fields[5] = fields[5] & ~7 | codec
    if count is not None:
        fields[6], fields[12] = count - 1, count
    checked = HEADER.pack(*fields)[21:] + body
    return struct.pack(">qiibI", fields[0], 9 + len(checked), fields[2], 2, calc_crc32c(checked)) + checked


def _packed_body(body: bytes, form: str) -> bytes:
    match form:
        case "none":
            return body
        case "gzip":
            return gzip.compress(body, 6)
        case "snappy":
            return bytes(cramjam.snappy.compress_raw(body))
        case "xerial":
            blocks = [body[start : start + XERIAL_BLOCK_BYTES] for start in range(0, len(body), XERIAL_BLOCK_BYTES)]
            compressed = [bytes(cramjam.snappy.compress_raw(block)) for block in blocks]
            return XERIAL_START + b"".join(struct.pack(">i", len(block)) + block for block in compressed)
        case "lz4":
            return bytes(lz4_encode(body))  # in blocks of their own, as brokers ask for
        case _:
            return bytes(cramjam.zstd.compress(body))


def zeros(form: str, size: int) -> bytes:
    """A batch of one record whose value has so many bytes."""
    return packed(record_batch([RawRecord(b"k", bytes(size))]), form)


def many_records(count: int, form: str = "zstd") -> bytes:
    """A batch of so many empty records."""
    empty = record_batch([RawRecord(None, None)])
    records = bytearray()
    for index in range(count):
        inside = bytearray(b"\0\0")
        encode_varint(index, inside.append)
        inside += b"\1\1\0"  # no key, no value, no headers
        encode_varint(len(inside), records.append)
        records += inside
    return with_body(empty, _packed_body(bytes(records), form), CODECS[form], count)


def many_headers(counts: list[int], form: str = "zstd") -> bytes:
    """A batch whose records have so many headers, each with neither a name nor a value."""
    batch = record_batch([RawRecord(None, None)])
    records = bytearray()
    for index, count in enumerate(counts):
        inside = bytearray(b"\0\0")
        encode_varint(index, inside.append)
        inside += b"\1\1"
        encode_varint(count, inside.append)
        encode_varint(len(inside) + 2 * count, records.append)
        records += inside + b"\0\1" * count
    return with_body(batch, _packed_body(bytes(records), form), CODECS[form], len(counts))
