"""Kafka's key partitioner: which partition a stream's messages belong to.

The same function as `org.apache.kafka.clients.producer.internals.BuiltInPartitioner.partitionForKey`: MurmurHash2
(32 bit, Austin Appleby, seed 0x9747b28c) of the key's bytes, made positive by masking the sign bit, modulo the number
of partitions. Clients with another default (librdkafka: CRC32) can set `partitioner=murmur2_random`; a worker
re-sends a command that arrives in another partition to its own.
"""

from struct import unpack_from

_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_MASK = 0xFFFFFFFF


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
    return (murmur2(key) & 0x7FFFFFFF) % partitions
