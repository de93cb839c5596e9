"""Kafka's key partitioner: which partition a stream's messages belong to.

The same function as `org.apache.kafka.clients.producer.internals.BuiltInPartitioner.partitionForKey`: MurmurHash2
(32 bit, Austin Appleby, seed 0x9747b28c) of the key's bytes, made positive by masking the sign bit, modulo the number
of partitions. Clients with another default (librdkafka: CRC32) can set `partitioner=murmur2_random`; a worker
re-sends a command that arrives in another partition to its own.
"""

from collections.abc import Sequence
from struct import unpack, unpack_from

_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_MASK = 0xFFFFFFFF
_POSITIVE = 0x7FFFFFFF
# Below this number of keys it is faster to hash them one by one.
_FEW_KEYS = 8


def murmur2(key: bytes) -> int:
    """MurmurHash2 of `key` as an unsigned 32-bit number."""
    length = len(key)
    words = length >> 2
    hashed = _SEED ^ length
    for word in unpack_from(f"<{words}I", key):
        mixed = word * _MULTIPLIER & _MASK
        hashed = (hashed * _MULTIPLIER ^ (mixed ^ mixed >> 24) * _MULTIPLIER) & _MASK
    tail = key[words << 2 :]
    if tail:
        hashed ^= int.from_bytes(tail, "little")
        hashed = (hashed * _MULTIPLIER) & _MASK
    hashed ^= hashed >> 13
    hashed = (hashed * _MULTIPLIER) & _MASK
    return hashed ^ (hashed >> 15)


def partition_for(key: bytes, partitions: int) -> int:
    """The partition, counted from 0, of the messages with this key in a topic with `partitions` partitions."""
    return (murmur2(key) & _POSITIVE) % partitions


def partitions_for(keys: Sequence[bytes], partitions: int) -> list[int]:
    """The partition of each key, as `partition_for` gives it. Many keys of one length cost a fifth of that."""
    if len(keys) < _FEW_KEYS:
        return [partition_for(key, partitions) for key in keys]
    lengths = set(map(len, keys))
    if len(lengths) == 1:
        return [(hashed & _POSITIVE) % partitions for hashed in _murmur2_together(keys, *lengths)]
    if len(keys) < _FEW_KEYS * len(lengths):
        return [partition_for(key, partitions) for key in keys]
    partition_of: dict[bytes, int] = {}
    for length in lengths:
        same_length = [key for key in keys if len(key) == length]
        partition_of |= zip(same_length, partitions_for(same_length, partitions), strict=True)
    return [partition_of[key] for key in keys]


def _murmur2_together(keys: Sequence[bytes], length: int) -> tuple[int, ...]:
    """MurmurHash2 of keys that all have `length` bytes.

    One large integer has 64 bits for each key: room for the product of two 32-bit numbers. So one operation on it does
    the same step for all keys. A shift to the right brings bits of the next key in; they are masked away.
    """
    count = len(keys)
    ones = int.from_bytes(b"\1\0\0\0\0\0\0\0" * count, "little")
    low, byte = ones * _MASK, ones * 0xFF
    padding = bytes(-length % 4)
    stride = (length + len(padding)) // 4
    words = memoryview(padding.join(keys) + padding).cast("I")
    column = bytearray(8 * count)
    word_of_each_key = memoryview(column).cast("I")[::2]
    hashed = ones * (_SEED ^ length)
    for word in range(length // 4):
        word_of_each_key[:] = words[word::stride]
        mixed = int.from_bytes(column, "little") * _MULTIPLIER & low
        hashed = (hashed * _MULTIPLIER ^ (mixed ^ mixed >> 24 & byte) * _MULTIPLIER) & low
    if padding:
        word_of_each_key[:] = words[stride - 1 :: stride]
        hashed = (hashed ^ int.from_bytes(column, "little")) * _MULTIPLIER & low
    hashed ^= hashed >> 13 & ones * (_MASK >> 13)
    hashed = hashed * _MULTIPLIER & low
    hashed ^= hashed >> 15 & ones * (_MASK >> 15)
    return unpack(f"<{count}Q", hashed.to_bytes(8 * count, "little"))
