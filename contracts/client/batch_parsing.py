"""Parses a record batch (version 2) that aiokafka cannot parse. Slow, and seldom needed.

Gives records for everything that the broker has accepted, and says why there are no more.
Source of the format: https://kafka.apache.org/41/implementation/message-format/
"""

from typing import NamedTuple

from aiokafka.record.util import decode_varint

from contracts.client.unpacking import HEADER

LOG_APPEND_TIME_MASK = 0x08


class StoredRecord(NamedTuple):
    """A record with the attributes of aiokafka's records."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    checksum: None = None


def parsed_batch(content: memoryview | bytes) -> tuple[list[StoredRecord], Exception | None]:
    """The records of a batch without compression, in order, and why those after them cannot be parsed."""
    base_offset, _, _, _, _, attributes, _, first_time, last_time, _, _, _, count = HEADER.unpack_from(content)
    records: list[StoredRecord] = []
    try:
        reader = _Reader(bytes(content[HEADER.size :]))
        fixed_time = last_time if attributes & LOG_APPEND_TIME_MASK else None
        while len(records) < count:
            records.append(_record(reader, base_offset, first_time, fixed_time))
    except Exception as error:  # noqa: BLE001  # what is malformed may raise anything, and the lane must go on
        return records, error
    return records, None


class _Reader:
    """Reads the parts of records from their bytes, one after the other."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.position = 0

    def number(self) -> int:
        value, self.position = decode_varint(self._body, self.position)
        return int(value)

    def bytes(self) -> bytes | None:
        length = self.number()
        if length < 0:
            return None
        end = self.position + length
        if end > len(self._body):
            raise ValueError(f"{length} bytes are announced, {len(self._body) - self.position} are there")
        content, self.position = self._body[self.position : end], end
        return content


def _record(reader: _Reader, base_offset: int, first_time: int, fixed_time: int | None) -> StoredRecord:
    length = reader.number()
    end = reader.position + length
    reader.number()  # attributes: none are in use
    time, offset = first_time + reader.number(), base_offset + reader.number()
    key, value = reader.bytes(), reader.bytes()
    headers = [
        ((reader.bytes() or b"").decode(errors="surrogateescape"), reader.bytes()) for _ in range(reader.number())
    ]
    if reader.position != end:
        raise ValueError(f"a record of {length} bytes ends at {reader.position} instead of {end}")
    if fixed_time is not None:
        return StoredRecord(offset, fixed_time, 1, key, value, headers)
    return StoredRecord(offset, time, 0, key, value, headers)
