"""The record batches of a fetch, each parsed by aiokafka where it can be, and within bounds.

Kafka's protocol says that a header's name is UTF-8. Brokers do not check it, and clients in C, Go or Java send any
bytes. aiokafka 0.14 raises out of `getmany` each time it parses such a record. So one record stops all partitions of a
consumer for ever, and records parsed before it are lost (open upstream since 2018: aio-libs/aiokafka#321). Here a batch
that aiokafka cannot parse is parsed again, with Python's surrogate escapes (PEP 383) in names that are not UTF-8.

aiokafka also unpacks whatever a batch unpacks to. Here it only gets what unpacking.py has unpacked within its bounds.

A batch, or the rest of one, that cannot be read becomes one record without a key whose value is the batch as it is
stored, at the last of its offsets, so that its reader can put it aside like any malformed record.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords

from contracts.client.batch_parsing import parsed_batch
from contracts.client.signed_batches import is_signed
from contracts.client.unpacking import CODEC_MASK, HEADER, HEADER_BYTES, TooLarge, Unpacking
from contracts.signatures import Signatures
from contracts.unreadable_batch import BATCH_TOO_LARGE, BATCH_UNREADABLE, UnreadableBatch

# A batch begins with its base offset (8 bytes) and its length (4 bytes), which counts what comes after them.
LOG_OVERHEAD_BYTES = 12
LEADER_EPOCH_POSITION = 12
MAGIC_POSITION = 16
NO_LEADER_EPOCH = -1
# Of the formats before Kafka 0.11.
OLD_ATTRIBUTES_POSITION = 17
MAX_ERROR_CHARACTERS = 200
ADVICE = "none of its records was handled. If they are honest, have them sent again in smaller batches"


class UnreadableRecord(NamedTuple):
    """A record that stands for a batch, with the attributes of aiokafka's records."""

    offset: int
    timestamp: int
    value: bytes
    unreadable: UnreadableBatch
    timestamp_type: int = 0
    key: None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    checksum: None = None


class Reading:
    """How one consumer reads batches. `signatures`: those by which batches may be signed; None: none is."""

    def __init__(self, unpacking: Unpacking | None = None) -> None:
        self.unpacking = unpacking or Unpacking()
        self.signatures: Signatures | None = None


class StoredBatch:
    """A batch as aiokafka parses it; where that fails, as `parsed_batch` does.

    A batch that aiokafka cannot parse counts as unsigned: it is none of ours.
    """

    def __init__(self, batch: Any, content: memoryview, of: "StoredRecords") -> None:
        self._batch = batch
        self._content = content
        self._of = of
        self.base_offset: int = batch.base_offset
        self.next_offset: int = batch.next_offset
        self.is_control_batch: bool = batch.is_control_batch
        self.is_transactional: bool = batch.is_transactional
        self.producer_id: int | None = batch.producer_id
        self.validate_crc: Callable[[], bool] = batch.validate_crc

    def __iter__(self) -> Iterator[Any]:
        unpacking = self._of.reading.unpacking
        self._of.is_signed = False
        try:
            unpacked = unpacking.unpacked(self._content)
        except TooLarge as error:
            yield self._whole(BATCH_TOO_LARGE, f"{error}; {ADVICE}")
            return
        except Exception as error:  # noqa: BLE001  # each codec's own
            yield self._whole(BATCH_UNREADABLE, f"cannot be unpacked: {_text(error)}")
            return
        headers, record, is_first = 0, None, True
        try:
            for record in self._batch if unpacked is self._content else DefaultRecordBatch(unpacked):
                if is_first:
                    self._of.is_signed, is_first = self._is_signed(unpacked, record.headers), False
                yield record
                headers += len(record.headers)
        except Exception:  # noqa: BLE001  # aiokafka's own errors, Unicode's
            self._of.is_signed = False
            records, fault = parsed_batch(unpacked)
            yield from (other for other in records if record is None or other.offset > record.offset)
            if fault is not None:
                explanation = f"cannot be parsed after {len(records)} records: {_text(fault)}"
                yield self._whole(BATCH_UNREADABLE, explanation, records[-1].offset + 1 if records else None)
            headers = sum(len(record.headers) for record in records)
        unpacking.left -= HEADER_BYTES * headers

    def _is_signed(self, unpacked: memoryview | bytes, first_headers: Sequence[tuple[str, bytes | None]]) -> bool:
        signatures, place = self._of.reading.signatures, self._of.place
        return signatures is not None and is_signed(unpacked, first_headers, *place, signatures)

    def _whole(self, reason: str, explanation: str, first_unread: int | None = None) -> UnreadableRecord:
        last_time = HEADER.unpack_from(self._content)[8]
        first, last = self.base_offset, self.next_offset - 1
        text = f"the record batch of {len(self._content)} bytes at the offsets {first} to {last} {explanation}"
        unreadable = UnreadableBatch(reason, first if first_unread is None else first_unread, text)
        return UnreadableRecord(last, last_time, bytes(self._content), unreadable)

    def __next__(self) -> Any:
        """The next record: asked for a control batch, whose only record says how a transaction ended."""
        return next(self._batch)


class WholeBatch(StoredBatch):
    """A batch whose records are all handed over, also a transaction marker."""

    def __init__(self, batch: Any, content: memoryview, of: "StoredRecords") -> None:
        super().__init__(batch, content, of)
        self.is_control_batch = False


class OldPackedMessages:
    """Compressed messages in a format before Kafka 0.11. It has no headers, so none can be a command or an event, and
    they are not unpacked.
    """

    is_control_batch = is_transactional = False
    producer_id = None

    def __init__(self, batch: Any, content: memoryview) -> None:
        self._content = content
        self.next_offset: int = batch.next_offset
        self.validate_crc: Callable[[], bool] = batch.validate_crc

    def __iter__(self) -> Iterator[UnreadableRecord]:
        last, magic = self.next_offset - 1, self._content[MAGIC_POSITION]
        text = f"the {len(self._content)} bytes up to offset {last} are compressed messages of format {magic}"
        unreadable = UnreadableBatch(BATCH_UNREADABLE, 0, f"{text}, which has no headers; have them sent in format 2")
        yield UnreadableRecord(last, -1, bytes(self._content), unreadable)


class StoredRecords:
    """`MemoryRecords` over the same bytes, with `StoredBatch`es. `place`: topic and partition that they were read from.
    `is_signed`: of the batch whose record was read last.
    """

    batch_class = StoredBatch
    is_signed = False

    def __init__(self, content: bytes, reading: Reading | None = None) -> None:
        self.reading = reading or Reading()
        self.place = ("", -1)
        self._content = memoryview(content)
        self._position = 0
        self.leader_epoch = NO_LEADER_EPOCH
        self._records = MemoryRecords(content)
        self.size_in_bytes: Callable[[], int] = self._records.size_in_bytes

    def has_next(self) -> bool:
        """Whether to take another batch. What is left when there is no room for more is fetched again: it is seldom so,
        and to keep a batch that was unpacked in part would take more memory.
        """
        return self._records.has_next() and (self.reading.unpacking.left > 0 or not self._position)

    def next_batch(self) -> Any:
        batch = self._records.next_batch()
        start = self._position
        (length,) = struct.unpack_from(">i", self._content, start + 8)
        self._position = start + LOG_OVERHEAD_BYTES + length
        content = self._content[start : self._position]
        if content[MAGIC_POSITION] < 2:
            self.leader_epoch = NO_LEADER_EPOCH
            return OldPackedMessages(batch, content) if content[OLD_ATTRIBUTES_POSITION] & CODEC_MASK else batch
        (self.leader_epoch,) = struct.unpack_from(">i", content, LEADER_EPOCH_POSITION)
        return self.batch_class(batch, content, self)


class WholeRecords(StoredRecords):
    """The same, with `WholeBatch`es."""

    batch_class = WholeBatch


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARACTERS]
