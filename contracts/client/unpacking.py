"""Unpacks record batches of others, within bounds that hold before memory is taken.

A few kilobytes unpack to a gigabyte, and a megabyte holds as many records or headers as it has bytes. Whoever may write
to a topic could end its readers by that. So a batch has a largest size once unpacked, and a largest number of records
and headers. What one call of `getmany` returns is bounded as well.

No size that a batch states is relied upon: each codec writes to a buffer of a fixed size, and fails when it is full.
For snappy, whose decoder takes as much as is stated, the stated sizes are added up before.
"""

import mmap
import struct
from collections.abc import Callable, Iterator

import cramjam
from aiokafka.record.util import decode_varint

from contracts.topics import MAX_UNPACKED_BATCH_BYTES

# Those of 32 MiB of commands, each with a dozen headers, are fewer.
MAX_RECORDS = 100_000
MAX_HEADERS = 1_000_000
# A smaller batch cannot have enough headers to matter; counting them would take as long as parsing the batch.
COUNTED_BYTES = 1_048_576
# What a header takes in memory, whatever is in it.
HEADER_BYTES = 64

HEADER = struct.Struct(">qiibIhiqqqhii")
"""Base offset, length, leader epoch, magic, checksum, attributes, last offset delta, first and last timestamp, producer
id and epoch, base sequence, number of records. Source: https://kafka.apache.org/41/implementation/message-format/
"""
ATTRIBUTES = slice(21, 23)
CODEC_MASK = 0x07
NO_CODEC = b"\0\0"
SNAPPY = 2
Decoder = Callable[[memoryview, memoryview], int]
"""From a buffer into another one; the number of bytes written."""
DECODERS: dict[int, Decoder] = {
    1: cramjam.gzip.decompress_into,
    3: cramjam.lz4.decompress_into,
    4: cramjam.zstd.decompress_into,
}
# aiokafka reads a number to its end, also behind the end of a batch: there must be a byte that ends it.
ZEROS_BEHIND = 1
# How cramjam says that the buffer is full.
BUFFER_IS_FULL = "whole buffer"
SCRATCH_BYTES = 1_048_576
# Java's clients put blocks behind such a header; others write one block without any.
XERIAL_MAGIC, XERIAL_HEADER_BYTES = b"\x82SNAPPY\0", 16


class TooLarge(Exception):
    """A batch exceeds a bound. Nothing of it was read."""


class Unpacking:
    """What one consumer unpacks. `left`: how much more one call of `getmany` may return, in bytes; below zero when the
    last batch was larger.
    """

    def __init__(self, max_bytes: int = MAX_UNPACKED_BATCH_BYTES) -> None:
        """`max_bytes` of one batch; `getmany` returns at most as much, and one more batch."""
        self.max_bytes = max_bytes
        self.left = max_bytes
        self._scratch: memoryview | None = None

    def refill(self) -> None:
        """A call of `getmany` begins."""
        self.left = self.max_bytes

    def unpacked(self, content: memoryview) -> memoryview | bytes:
        """A batch (version 2) in the same format without compression; the same object when it has none.

        Raises TooLarge, and whatever a decoder raises for what it cannot decode.
        """
        *_, attributes, _, _, _, _, _, _, count = HEADER.unpack_from(content)
        if count > MAX_RECORDS:
            raise TooLarge(f"says that it has {count} records; at most {MAX_RECORDS} are read")
        unpacked = content if not attributes & CODEC_MASK else self._decoded(attributes & CODEC_MASK, content)
        self.left -= len(unpacked)
        if len(unpacked) > COUNTED_BYTES:
            _require_few_headers(memoryview(unpacked)[HEADER.size :], count)
        return unpacked

    def _decoded(self, codec: int, content: memoryview) -> memoryview | bytes:
        packed = content[HEADER.size :]
        start = (content[: ATTRIBUTES.start], NO_CODEC, content[ATTRIBUTES.stop : HEADER.size])
        try:
            if codec == SNAPPY:
                return _snappy_decoded(b"".join(start), packed, self.max_bytes)
            decode = DECODERS[codec]
            # The scratch is warm: a new buffer for each batch would cost more than most batches take to unpack.
            scratch = self._scratch = self._scratch or memoryview(bytearray(min(SCRATCH_BYTES, self.max_bytes)))
            size = _decoded_into(decode, packed, scratch)
            if size is not None:
                return b"".join((*start, scratch[:size]))
            if self.max_bytes <= SCRATCH_BYTES:
                raise _too_many_bytes(self.max_bytes)
            # Pages that are not written to take no memory.
            buffer = memoryview(mmap.mmap(-1, HEADER.size + self.max_bytes + ZEROS_BEHIND))
            size = _decoded_into(decode, packed, buffer[HEADER.size : -ZEROS_BEHIND])
            if size is None:
                raise _too_many_bytes(self.max_bytes)
            buffer[: HEADER.size] = b"".join(start)
            return buffer[: HEADER.size + size]
        except TooLarge:
            self.left -= self.max_bytes  # it took the time of one that large
            raise


def _too_many_bytes(max_bytes: int) -> TooLarge:
    return TooLarge(f"unpacks to more than {max_bytes} bytes (ANNALS_KAFKA_MAX_UNPACKED_BYTES)")


def _decoded_into(decode: Decoder, packed: memoryview, buffer: memoryview) -> int | None:
    """The number of bytes that were unpacked; None: there are more than the buffer holds."""
    try:
        return decode(packed, buffer)
    except cramjam.DecompressionError as error:
        if BUFFER_IS_FULL in str(error):
            return None
        raise


def _snappy_decoded(start: bytes, packed: memoryview, max_bytes: int) -> memoryview:
    size = sum(cramjam.snappy.decompress_raw_len(block) for block in _snappy_blocks(packed))
    if size > max_bytes:
        raise _too_many_bytes(max_bytes)
    buffer, position = memoryview(bytearray(len(start) + size)), len(start)
    buffer[:position] = start
    for block in _snappy_blocks(packed):
        position += cramjam.snappy.decompress_raw_into(block, buffer[position:])
    return buffer


def _snappy_blocks(packed: memoryview) -> Iterator[memoryview]:
    if packed[: len(XERIAL_MAGIC)] != XERIAL_MAGIC:
        yield packed
        return
    position, count = XERIAL_HEADER_BYTES, 0
    while position < len(packed):
        (size,) = struct.unpack_from(">i", packed, position)
        count += 1
        if size <= 0 or count > MAX_RECORDS:
            raise ValueError(f"block {count} of snappy says that it has {size} bytes")
        yield packed[position + 4 : position + 4 + size]
        position += 4 + size


def _require_few_headers(body: memoryview, count: int) -> None:
    """Raise TooLarge if the records of a body have too many headers. Whether they are well formed is for its parser to
    find out, which makes no object of what comes after.
    """
    headers, position = 0, 0
    try:
        for _ in range(count):
            length, position = _number(body, position)
            end = position + length
            for _ in ("attributes", "timestamp", "offset"):
                _, position = _number(body, position)
            for _ in ("key", "value"):
                size, position = _number(body, position)
                position += max(size, 0)
            headers += _number(body, position)[0]
            if headers > MAX_HEADERS:
                raise TooLarge(f"has records with more than {MAX_HEADERS} headers")
            position = end
    except (ValueError, IndexError):
        return


def _number(body: memoryview, position: int) -> tuple[int, int]:
    """A number and the position behind it. aiokafka's function alone would read from anywhere in memory."""
    if not 0 <= position < len(body):
        raise IndexError(position)
    number, position = decode_varint(body, position)
    return number, position
