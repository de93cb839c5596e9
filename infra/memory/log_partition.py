"""One partition of a topic in memory: its records with their offsets, and the last requests of each producer.

An idempotent producer numbers its records for each partition. A request that has been written is not written again,
however often it arrives, and a request that would leave a hole is refused. Like a broker, a partition remembers the
last few requests of each producer, and accepts any number from a producer that it does not know.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from workers.ports.log import InboundRecord, OutboundRecord

REMEMBERED_REQUESTS = 5


class OutOfOrder(Exception):
    """A producer's request leaves out records before it; nothing was written. Use a new producer."""

    def __init__(self, producer: int, expected: int, received: int) -> None:
        super().__init__(f"producer {producer} should go on with record {expected}, not {received}")
        self.producer = producer
        self.expected = expected
        self.received = received


class Request(NamedTuple):
    """A request that was written: the producer's number of its first record, the number of records, the last offset."""

    first: int
    size: int
    last_offset: int


class LogPartition:
    """Records from offset `start` to before `end`."""

    def __init__(self, topic: str, partition: int, now_milliseconds: Callable[[], int]) -> None:
        self.start = 0
        self.leader_epoch = 0
        self.listeners: list[Callable[[], None]] = []
        self._topic = topic
        self._partition = partition
        self._now_milliseconds = now_milliseconds
        self._records: list[InboundRecord] = []
        self._requests: dict[int, deque[Request]] = {}

    @property
    def end(self) -> int:
        return self.start + len(self._records)

    def append(self, records: Sequence[OutboundRecord], producer: int | None, first: int, *, are_signed: bool) -> int:
        """The offset of the last record. `first` is the producer's number of the first one. Raises OutOfOrder."""
        if producer is not None:
            written = self._written_before(producer, first)
            if written is not None:
                return written
        timestamp = self._now_milliseconds()
        place, offset = (self._topic, self._partition), self.end
        self._records += [
            InboundRecord(
                *place, offset + number, key, value, headers, timestamp, self.leader_epoch, is_signed=are_signed
            )
            for number, (key, value, headers) in enumerate(records)
        ]
        if producer is not None:
            remembered = self._requests.setdefault(producer, deque(maxlen=REMEMBERED_REQUESTS))
            remembered.append(Request(first, len(records), self.end - 1))
        for listener in self.listeners:
            listener()
        return self.end - 1

    def _written_before(self, producer: int, first: int) -> int | None:
        """The last offset of a request that was written before (-1: too long ago to know); None for a new request."""
        remembered = self._requests.get(producer)
        if not remembered:
            return None
        expected = remembered[-1].first + remembered[-1].size
        if first > expected:
            raise OutOfOrder(producer, expected, first)
        if first == expected:
            return None
        return next((request.last_offset for request in remembered if request.first == first), -1)

    def read(self, offset: int, limit: int, until: int | None = None) -> list[InboundRecord]:
        """At most `limit` records from an offset on, none at or behind `until`."""
        begin = max(offset - self.start, 0)
        end = begin + limit
        if until is not None:
            end = min(end, max(until - self.start, 0))
        return self._records[begin:end]

    def shorten(self, end: int) -> None:
        """Lose the records from offset `end` on, and the requests that wrote them, as a broker may that crashed and
        leads again.
        """
        self.leader_epoch += 1
        del self._records[max(end - self.start, 0) :]
        for producer, remembered in list(self._requests.items()):
            kept = [request for request in remembered if request.last_offset < end]
            self._requests[producer] = deque(kept, maxlen=REMEMBERED_REQUESTS)

    def expire(self, start: int) -> None:
        """Lose the records before offset `start`, as retention does."""
        if start > self.start:
            del self._records[: start - self.start]
            self.start = start
