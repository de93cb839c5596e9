"""A batch is unpacked to the same records as by aiokafka, up to a bound; beyond it, it is one record that says so."""

import struct
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from contracts.client.stored_batches import Reading, StoredRecords
from contracts.client.unpacking import (
    COUNTED_BYTES,
    HEADER,
    MAX_HEADERS,
    MAX_RECORDS,
    SCRATCH_BYTES,
    Unpacking,
)
from contracts.unreadable_batch import BATCH_TOO_LARGE, BATCH_UNREADABLE
from tests.fuzz.packed_batches import CODECS, XERIAL_START, many_headers, many_records, packed, with_body, zeros
from tests.fuzz.raw_batches import RawRecord, record_batch

MEBIBYTE = 1_048_576
SMALL = record_batch([RawRecord(b"k", b"v")])
LIMITS = (SCRATCH_BYTES // 2, SCRATCH_BYTES, 3 * SCRATCH_BYTES)
forms = pytest.mark.parametrize("form", [form for form, codec in CODECS.items() if codec])

texts = st.text(max_size=8).map(str.encode)
values = st.one_of(st.none(), st.binary(max_size=200), st.integers(0, 300_000).map(lambda size: b"ab" * size))
keys, headers, times = (
    st.none() | st.binary(max_size=20),
    st.lists(st.tuples(texts, values), max_size=3),
    st.integers(0, 2**41),
)
records = st.builds(RawRecord, keys, values, headers, times)


def _parsed(batches: Any) -> list[tuple[Any, ...]]:
    parsed = []
    while batches.has_next():
        parsed += [
            (record.offset, record.timestamp, record.key, record.value, list(record.headers))
            for record in batches.next_batch()
        ]
    return parsed


def _read(content: bytes, limit: int = 32 * MEBIBYTE) -> list[Any]:
    return list(StoredRecords(content, Reading(Unpacking(limit))).next_batch())


def _explained(content: bytes, reason: str, limit: int = 32 * MEBIBYTE) -> str:
    """Why the batch is one record, which holds it."""
    (record,) = _read(content, limit)
    assert (record.key, record.value, record.unreadable.reason) == (None, content, reason)
    return str(record.unreadable.explanation)


@given(st.lists(st.lists(records, min_size=1, max_size=8), min_size=1, max_size=3), st.sampled_from([*CODECS]))
def test_a_batch_within_the_bound_gives_what_aiokafka_gives(batches: Sequence[list[RawRecord]], form: str) -> None:
    plain = [record_batch(batch) for batch in batches]
    content = b"".join(packed(batch, form) for batch in plain)
    assert _parsed(StoredRecords(content)) == _parsed(MemoryRecords(content))


@forms
@pytest.mark.parametrize("limit", LIMITS)
def test_a_batch_may_unpack_to_the_bound_and_no_further(form: str, limit: int) -> None:
    overhead = len(record_batch([RawRecord(b"k", bytes(limit - 50))])) - HEADER.size - (limit - 50)
    (record,) = _read(zeros(form, limit - overhead), limit)
    assert record.value == bytes(limit - overhead)
    explanation = _explained(zeros(form, limit - overhead + 1), BATCH_TOO_LARGE, limit)
    assert f"unpacks to more than {limit} bytes" in explanation


def test_what_is_said_of_a_batch_that_is_too_large() -> None:
    content = packed(record_batch([RawRecord(b"k", bytes(MEBIBYTE))] * 3), "zstd")
    (record,) = _read(content, MEBIBYTE)
    assert (record.offset, record.unreadable.first_offset, record.headers) == (2, 0, ())
    batch = f"the record batch of {len(content)} bytes at the offsets 0 to 2"
    why = "unpacks to more than 1048576 bytes (ANNALS_KAFKA_MAX_UNPACKED_BYTES)"
    assert record.unreadable.explanation.startswith(f"{batch} {why}; none of its records was handled")


def test_a_batch_without_compression_is_read_whatever_its_size() -> None:
    (record,) = _read(record_batch([RawRecord(b"k", bytes(3 * MEBIBYTE))]), MEBIBYTE)
    assert len(record.value) == 3 * MEBIBYTE


def test_a_batch_may_have_so_many_records_and_no_more() -> None:
    assert len(_read(many_records(MAX_RECORDS))) == MAX_RECORDS
    explanation = _explained(many_records(MAX_RECORDS + 1), BATCH_TOO_LARGE)
    assert f"says that it has {MAX_RECORDS + 1} records" in explanation


def test_a_number_of_records_that_is_not_there_is_not_believed() -> None:
    empty = many_records(1)
    lie = with_body(empty, empty[HEADER.size :], CODECS["zstd"], 2**31 - 1)
    assert "says that it has 2147483647 records" in _explained(lie, BATCH_TOO_LARGE)
    read = _read(with_body(empty, empty[HEADER.size :], CODECS["zstd"], 5))
    assert [record.offset for record in read] == [0, 4]
    assert (read[1].unreadable.reason, read[1].unreadable.first_offset) == (BATCH_UNREADABLE, 1)


@pytest.mark.parametrize("counts", [[MAX_HEADERS + 1], [MAX_HEADERS // 2, 1, MAX_HEADERS // 2 + 1]])
@pytest.mark.parametrize("form", ["none", "zstd"])
def test_a_batch_with_more_headers_than_any_sender_needs_is_not_read(counts: list[int], form: str) -> None:
    content = many_headers(counts, form)
    assert f"more than {MAX_HEADERS} headers" in _explained(content, BATCH_TOO_LARGE)
    parsed = list(MemoryRecords(content).next_batch())
    assert sum(len(record.headers) for record in parsed) == sum(counts), "aiokafka makes all of them"


def test_as_many_headers_as_are_allowed_are_read() -> None:
    assert sum(len(record.headers) for record in _read(many_headers([MAX_HEADERS - 7, 7]))) == MAX_HEADERS


@pytest.mark.parametrize("place", ["record", "key", "value", "header"])
def test_a_length_that_is_not_there_takes_no_memory(place: str) -> None:
    gigabytes = b"\xfe\xff\xff\xff\x0f"
    parts = {
        "record": gigabytes,
        "key": b"\x20\0\0\0" + gigabytes,
        "value": b"\x20\0\0\0\1" + gigabytes,
        "header": b"\x20\0\0\0\1\1\2" + gigabytes,
    }
    for padding in (20, COUNTED_BYTES + 1):
        content = with_body(SMALL, parts[place] + bytes(padding), 0)
        assert "cannot be parsed after 0 records" in _explained(content, BATCH_UNREADABLE)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff\xff\xff\xff\x0f", BATCH_TOO_LARGE),
        (XERIAL_START + struct.pack(">i", 5) + b"\xff\xff\xff\xff\x0f", BATCH_TOO_LARGE),
        (XERIAL_START + struct.pack(">i", -4), BATCH_UNREADABLE),
        (XERIAL_START + struct.pack(">i", 0), BATCH_UNREADABLE),
        (XERIAL_START + struct.pack(">i", 100) + b"\5abc", BATCH_UNREADABLE),
        (XERIAL_START + b"\0\0", BATCH_UNREADABLE),
        (b"\x83\x01abc", BATCH_UNREADABLE),
    ],
    ids=["4 GiB", "4 GiB in a block", "a block before itself", "an empty block", "cut", "half a size", "wrong size"],
)
def test_sizes_that_snappy_states_are_not_believed(body: bytes, reason: str) -> None:
    _explained(with_body(SMALL, body, CODECS["snappy"]), reason)


@pytest.mark.parametrize(("magic", "codec"), [(0, 1), (0, 2), (1, 1), (1, 2), (1, 3)])
def test_compressed_messages_of_the_formats_without_headers_are_not_unpacked(magic: int, codec: int) -> None:
    builder = LegacyRecordBatchBuilder(magic, codec, 64 * MEBIBYTE)
    for offset in range(2):
        assert builder.append(offset, 1, b"k", bytes(20 * MEBIBYTE)) is not None
    content = bytes(builder.build())
    batch = StoredRecords(content).next_batch()
    (record,) = batch
    assert (record.offset, record.value) == (batch.next_offset - 1, content)
    assert f"compressed messages of format {magic}" in record.unreadable.explanation
    assert (batch.is_control_batch, batch.is_transactional, batch.producer_id) == (False, False, None)


def test_messages_of_those_formats_without_compression_are_read() -> None:
    builder = LegacyRecordBatchBuilder(1, 0, MEBIBYTE)
    builder.append(0, 1, b"k", b"v")
    (record,) = _read(bytes(builder.build()))
    assert (record.key, record.value) == (b"k", b"v")


@pytest.mark.parametrize("size", [5 * MEBIBYTE, 50 * MEBIBYTE], ids=["within the bound", "beyond it"])
def test_after_as_much_as_one_call_may_return_no_batch_is_taken(size: int) -> None:
    unpacking = Unpacking(8 * MEBIBYTE)
    fetched = StoredRecords(zeros("zstd", size) * 10, Reading(unpacking))
    taken = 0
    while fetched.has_next():
        list(fetched.next_batch())
        taken += 1
    assert taken == (2 if size < 8 * MEBIBYTE else 1)
    assert StoredRecords(SMALL, Reading(unpacking)).has_next(), (
        "else aiokafka takes its first record for one that is too large"
    )
    unpacking.refill()
    assert fetched.has_next()
