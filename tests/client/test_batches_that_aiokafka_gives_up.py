"""Whatever bytes a broker hands over become records: as they are meant, or one that holds what cannot be read."""

import gzip
import random
import struct

import pytest

from contracts.client.batch_parsing import parsed_batch
from contracts.client.stored_batches import StoredRecords
from tests.fuzz.raw_batches import HEADER, RawRecord, record_batch

START = struct.calcsize(">qiibI") + HEADER.size
ATTRIBUTES_PLACE = struct.calcsize(">qiibI")

GOOD = [RawRecord(b"k%d" % number, b"v%d" % number, [(b"name", b"x"), (b"none", None)]) for number in range(5)]
LAST_OFFSET = len(GOOD) - 1
ODD = [*GOOD[:2], RawRecord(None, b"", [(b"caf\xe9", b"\xff"), (b"", None)], timestamp=-1), *GOOD[3:]]


def _records(content: bytes) -> list[tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]]:
    records = StoredRecords(content)
    parsed = []
    while records.has_next():
        parsed += [(record.offset, record.key, record.value, list(record.headers)) for record in records.next_batch()]
    return parsed


def _compressed(batch: bytes, attributes: int, body: bytes) -> bytes:
    """The same header with other attributes and another body; readers do not look at the checksum here."""
    header = bytearray(batch[:START])
    struct.pack_into(">h", header, ATTRIBUTES_PLACE, attributes)
    struct.pack_into(">i", header, 8, START + len(body) - 12)
    return bytes(header) + body


def test_a_name_that_is_no_text_keeps_its_bytes_and_the_records_around_it_are_as_ever() -> None:
    parsed = _records(record_batch(GOOD) + record_batch(ODD) + record_batch(GOOD))
    assert [len(parsed), [record[0] for record in parsed[5:10]]] == [15, [0, 1, 2, 3, 4]]
    assert parsed[:5] == parsed[10:]
    _, key, value, headers = parsed[7]
    assert (key, value) == (None, b"")
    assert [(name.encode(errors="surrogateescape"), header_value) for name, header_value in headers] == ODD[2].headers
    assert [parsed[index] for index in (5, 6, 8, 9)] == [parsed[index] for index in (0, 1, 3, 4)]


def test_both_parsers_read_a_good_batch_alike() -> None:
    batch = record_batch(GOOD)
    records, fault = parsed_batch(memoryview(batch))
    assert [(record.offset, record.key, record.value, record.headers) for record in records] == _records(batch)
    assert fault is None


def test_a_compressed_batch_with_such_a_name_is_read() -> None:
    batch = record_batch(ODD)
    assert _records(_compressed(batch, 1, gzip.compress(batch[START:]))) == _records(batch)


@pytest.mark.parametrize(
    "content",
    [
        _compressed(record_batch(GOOD), 5, b"no such codec"),
        _compressed(record_batch(GOOD), 1, b"no gzip"),
        _compressed(record_batch(GOOD), 4, b"no zstd"),
        _compressed(record_batch(GOOD), 0, b"\xff" * 40),
    ],
    ids=["an unknown codec", "broken gzip", "broken zstd", "no records"],
)
def test_a_batch_that_cannot_be_read_is_one_record_at_its_last_offset_that_holds_it(content: bytes) -> None:
    assert _records(content) == [(LAST_OFFSET, None, content, [])]


def test_a_batch_that_ends_too_soon_gives_what_it_has_and_then_itself() -> None:
    batch = record_batch(GOOD)
    cut = _compressed(batch, 0, batch[START:-10])
    parsed = _records(cut)
    assert parsed[:4] == _records(batch)[:4]
    assert parsed[4] == (4, None, cut, [])


def test_no_bytes_at_all_stop_a_reader() -> None:
    chance = random.Random(7)
    batch = record_batch(ODD)
    for _ in range(3000):
        body = bytearray(batch[START:])
        for _ in range(chance.randint(1, 6)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        content = _compressed(batch, 0, bytes(body))
        assert [record[0] for record in _records(content + record_batch(GOOD))][-5:] == [0, 1, 2, 3, 4]
