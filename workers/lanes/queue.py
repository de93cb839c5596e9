"""The records of a lane that were fetched and are not handled yet, in order.

Offsets may be left out: by the markers of transactions, or because records were deleted before they were read. A batch
ends before such a gap, and the lane finds out what it is before it continues.
"""

from collections import deque
from collections.abc import Sequence

from workers.ports.log import InboundRecord

# Measured in turn: with 250 records in a batch (and 1,000 waiting) or 500, a create costs its worker 10 and 16 % more,
# and the broker 60 %, as it gets more requests; with 2,000 (and 8,000 waiting) 13 %, perhaps for the caches.
MAX_BATCH_RECORDS = 1000
MAX_BATCH_BYTES = 4 * 1_048_576
MAX_QUEUED_RECORDS = 4000
MAX_QUEUED_BYTES = 16 * 1_048_576
# What a header takes in memory, whatever is in it.
HEADER_BYTES = 64


class WentBack(Exception):
    """The topic continues at an offset that was read before: the record that should come next does not exist."""

    def __init__(self, offset: int, expected: int) -> None:
        super().__init__(f"its topic continues at offset {offset} instead of {expected}")
        self.offset = offset
        self.expected = expected


class RecordQueue:
    """Records that follow one another from `next_offset` on. `fetched_to` is the offset after the last fetched one."""

    def __init__(self) -> None:
        self.next_offset = 0
        self.fetched_to = 0
        self._records: deque[InboundRecord] = deque()
        self._bytes = 0
        self._gaps: deque[int] = deque()

    def __len__(self) -> int:
        return len(self._records)

    def begin(self, offset: int) -> None:
        """Forget all records; the next one to be fetched is at `offset`."""
        self._records.clear()
        self._bytes = 0
        self._gaps.clear()
        self.next_offset = self.fetched_to = offset

    def extend(self, records: Sequence[InboundRecord]) -> None:
        """Add records that were fetched after the last ones. Raises WentBack."""
        first = records[0].offset
        if first < self.fetched_to:
            raise WentBack(first, self.fetched_to)
        if first > self.fetched_to:
            self._gaps.append(first)
        self.fetched_to = records[-1].offset + 1
        self._records.extend(records)
        self._bytes += sum(map(_size, records))

    @property
    def is_full(self) -> bool:
        return len(self._records) >= MAX_QUEUED_RECORDS or self._bytes >= MAX_QUEUED_BYTES

    @property
    def has_room(self) -> bool:
        return len(self._records) < MAX_QUEUED_RECORDS // 2 and self._bytes < MAX_QUEUED_BYTES // 2

    @property
    def first_timestamp(self) -> int | None:
        """The timestamp of the oldest record, in milliseconds since 1970; None for an empty queue."""
        return self._records[0].timestamp if self._records else None

    @property
    def gap(self) -> int | None:
        """The offset of the next record if offsets are left out right before it, else None."""
        is_next = self._gaps and self._records and self._records[0].offset == self._gaps[0]
        return self._gaps[0] if is_next else None

    def pass_the_gap(self) -> None:
        """The gap before the next record is harmless."""
        self._gaps.popleft()

    def next_batch(self) -> list[InboundRecord]:
        """Remove and return the next records, up to a gap or the limits of a batch."""
        batch: list[InboundRecord] = []
        size = 0
        gap = self._gaps[0] if self._gaps else -1
        while self._records and len(batch) < MAX_BATCH_RECORDS and size < MAX_BATCH_BYTES:
            if self._records[0].offset == gap:
                break
            record = self._records.popleft()
            batch.append(record)
            size += _size(record)
        self._bytes -= size
        return batch

    def handled(self, batch: Sequence[InboundRecord]) -> None:
        """Note that the batch need never be read again."""
        self.next_offset = batch[-1].offset + 1


def _size(record: InboundRecord) -> int:
    """What a record takes in memory, about."""
    return len(record.value or b"") + len(record.key or b"") + HEADER_BYTES * len(record.headers)
