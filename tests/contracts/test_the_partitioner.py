"""Kafka's key partitioner."""

import pytest
from aiokafka.partitioner import murmur2 as murmur2_of_aiokafka
from hypothesis import given
from hypothesis import strategies as st

from contracts.partitioner import murmur2, partition_for, partitions_for


# The vectors of Kafka's own UtilsTest.testMurmur2, there as signed numbers.
@pytest.mark.parametrize(
    ("key", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_hashes_as_kafka_does(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed % 2**32


@given(st.binary(max_size=200), st.integers(1, 1000))
def test_places_keys_as_another_kafka_client_does(key: bytes, partitions: int) -> None:
    assert murmur2(key) == murmur2_of_aiokafka(key) % 2**32
    assert partition_for(key, partitions) == (murmur2_of_aiokafka(key) & 0x7FFFFFFF) % partitions


@given(
    st.lists(st.binary(max_size=70), max_size=40)
    | st.integers(0, 70).flatmap(lambda length: st.lists(st.binary(min_size=length, max_size=length), max_size=40)),
    st.integers(1, 1000),
)
def test_places_many_keys_as_it_places_each_of_them(keys: list[bytes], partitions: int) -> None:
    assert partitions_for(keys, partitions) == [partition_for(key, partitions) for key in keys]


def test_places_many_keys_of_the_largest_words() -> None:
    keys = [bytes([255]) * 37] * 1000
    assert partitions_for(keys, 1 << 30) == [partition_for(keys[0], 1 << 30)] * 1000
