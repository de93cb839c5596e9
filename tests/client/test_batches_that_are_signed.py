"""One signature in a batch's first record is that of all its records, in any form in which a broker may keep it."""

import struct
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from contracts.client.consumer import FetchedRecord, _Records
from contracts.client.signed_batches import blank_signature
from contracts.client.stored_batches import Reading, StoredRecords
from contracts.client.unpacking import HEADER
from contracts.signatures import HEADER as SIGNATURE
from contracts.signatures import KEY_BYTES, Signatures, SigningKey
from infra.kafka.batches import LARGE_RECORD_BYTES, filled_batches
from tests.fuzz.packed_batches import CODECS, packed
from tests.fuzz.raw_batches import RawRecord, record_batch
from workers.ports.log import OutboundRecord

SIGNATURES = Signatures([SigningKey("1", b"s" * KEY_BYTES)])
PLACE = TopicPartition("users.events", 3)

headers = st.lists(st.tuples(st.text(max_size=4), st.binary(max_size=4)), max_size=3)
outbound = st.builds(OutboundRecord, st.none() | st.binary(max_size=8), st.binary(max_size=200), headers)
batches = st.lists(outbound, min_size=1, max_size=5)


def written(records: Sequence[OutboundRecord], signatures: Signatures | None = SIGNATURES) -> list[bytearray]:
    """The batches as they are sent."""
    filled = filled_batches(
        AIOKafkaProducer.__new__(AIOKafkaProducer), PLACE.topic, PLACE.partition, records, signatures
    )
    return [batch._build() for batch, _ in filled]


def read(content: bytes, place: TopicPartition = PLACE, signatures: Signatures | None = SIGNATURES) -> Any:
    """The records of batches as a consumer returns them. The checksum is looked at as well."""
    reading = Reading()
    reading.signatures = signatures
    fetched: list[FetchedRecord] = list(
        _Records(place, StoredRecords(content, reading), [], 0, None, None, True, "read_uncommitted")
    )
    return fetched


def are_signed(content: bytes, place: TopicPartition = PLACE) -> set[bool]:
    return {record.is_signed for record in read(content, place)}


@given(batches)
def test_are_read_as_they_were_written_all_records_signed(records: list[OutboundRecord]) -> None:
    (batch,) = written(records)
    fetched = read(bytes(batch))
    first, *others = fetched
    assert first.headers[-1][0] == SIGNATURE
    shown = [(first.key, first.value, list(first.headers[:-1])), *((r.key, r.value, list(r.headers)) for r in others)]
    assert shown == [tuple(record) for record in records]
    assert all(record.is_signed for record in fetched)


@given(batches, st.data())
def test_are_not_signed_when_any_bit_of_the_records_is_another(
    records: list[OutboundRecord], data: st.DataObject
) -> None:
    (batch,) = written(records)
    position = data.draw(st.integers(HEADER.size, len(batch) - 1), label="byte")
    batch[position] ^= 1 << data.draw(st.integers(0, 7), label="bit")
    assert True not in {record.is_signed for record in unchecked(bytes(batch))}


def unchecked(content: bytes) -> Any:
    """As `read`, whatever the checksum is: who forges batches makes it fit."""
    reading = Reading()
    reading.signatures = SIGNATURES
    return list(_Records(PLACE, StoredRecords(content, reading), [], 0, None, None, False, "read_uncommitted"))


def at(offset: int, batch: bytes) -> bytes:
    """The batch with another offset, as brokers assign them."""
    return struct.pack(">q", offset) + batch[8:]


@pytest.mark.parametrize("place", [PLACE._replace(topic="orders.events"), PLACE._replace(partition=4)])
def test_are_not_signed_elsewhere(place: TopicPartition) -> None:
    (batch,) = written([OutboundRecord(b"k", b"v", [])])
    assert are_signed(bytes(batch)) == {True}
    assert are_signed(bytes(batch), place) == {False}


def test_of_others_between_ours_are_not_signed_even_with_records_of_ours() -> None:
    ours = bytes(written([OutboundRecord(b"k", b"1", [("a", b"1")]), OutboundRecord(b"k", b"2", [])])[0])
    first, second = read(ours)
    copied = [RawRecord(r.key, r.value, [(name.encode(), value) for name, value in r.headers]) for r in (first, second)]
    forged = [
        [copied[0]],
        [copied[1]],
        [*copied, RawRecord(b"k", b"3")],
        [RawRecord(b"k", b"0"), *copied],
        [copied[1], copied[0]],
        [RawRecord(b"k", b"3", copied[0].headers)],
    ]
    for records in forged:
        log = ours + at(2, record_batch(records)) + at(2 + len(records), ours)
        signed = [record.is_signed for record in unchecked(log)]
        assert signed == [True, True, *[False] * len(records), True, True]


@pytest.mark.parametrize("form", [form for form, codec in CODECS.items() if codec])
def test_that_the_broker_compresses_stay_signed(form: str) -> None:
    (batch,) = written([OutboundRecord(b"k", b"v" * 500, []), OutboundRecord(b"k", b"w" * 500, [])])
    assert [record.is_signed for record in unchecked(packed(bytes(batch), form))] == [True, True]


def test_as_many_as_the_records_need_are_signed_each() -> None:
    records = [OutboundRecord(b"k", b"x" * 100_000, []) for _ in range(20)]
    sent = written(records)
    assert len(sent) > 2
    assert [record.is_signed for batch in sent for record in read(bytes(batch))] == [True] * 20


def test_of_a_large_record_are_compressed_and_signed() -> None:
    (batch,) = written([OutboundRecord(b"k", b"x" * (LARGE_RECORD_BYTES + 1), [])])
    assert len(batch) < LARGE_RECORD_BYTES
    (record,) = read(bytes(batch))
    assert record.is_signed
    assert len(record.value) == LARGE_RECORD_BYTES + 1


def test_whose_signature_is_blank_or_by_nobody_are_not_signed() -> None:
    name, blank = blank_signature(SIGNATURES)
    for value in (blank, b"", None, b"1:", b"2:" + blank[2:]):
        batch = record_batch([RawRecord(b"k", b"v", [(name.encode(), value)])])
        assert [record.is_signed for record in unchecked(batch)] == [False]


def test_are_not_signed_for_a_reader_without_keys() -> None:
    (batch,) = written([OutboundRecord(b"k", b"v", [])])
    assert [record.is_signed for record in read(bytes(batch), signatures=None)] == [False]
