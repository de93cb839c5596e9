"""A consumer that hands over every record that the broker has stored, also those that aiokafka cannot parse.

Kafka's protocol says that a header's name is UTF-8. Brokers do not check it, and clients in C, Go or Java send any
bytes. aiokafka 0.14 raises out of `getmany` each time it parses such a record. So one record stops all partitions of a
consumer for ever, and records parsed before it are lost (open upstream since 2018: aio-libs/aiokafka#321). Here a batch
that aiokafka cannot parse is parsed again, with Python's surrogate escapes (PEP 383) in names that are not UTF-8. A
batch that cannot be parsed at all becomes one record without a key whose value is the batch, so that its reader can put
it aside like any malformed record.

How: aiokafka makes its records in one function of its fetcher, `_proc_fetch_request`, from the class named
`MemoryRecords`, and its fetcher in `AIOKafkaConsumer.start`. Both functions run here with another class under those
names, so other consumers in the same process stay as they are.

A record also says under which leader of its partition it was written (`leader_epoch`), which aiokafka leaves out.
"""

import asyncio
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher, PartitionRecords
from aiokafka.record.memory_records import MemoryRecords

from contracts.client.batch_parsing import parsed_batch
from contracts.client.broken_connections import keeps_metadata
from contracts.client.fetch_waits import FetchClient
from contracts.client.topic_states import TopicState, TopicStatesRequest, topic_states

# A batch begins with its base offset (8 bytes) and its length (4 bytes), which counts what comes after them.
LOG_OVERHEAD_BYTES = 12
LEADER_EPOCH_POSITION = 12
MAGIC_POSITION = 16
NO_LEADER_EPOCH = -1
# How often aiokafka's fetcher goes through all partitions although nothing has happened. Its default: 200.
FETCHER_ROUND_MILLISECONDS = 1000


class StoredBatch:
    """A batch as aiokafka parses it; where that fails, as `parsed_batch` does."""

    def __init__(self, batch: Any, content: memoryview) -> None:
        self._batch = batch
        self._content = content
        self.base_offset: int = batch.base_offset
        self.next_offset: int = batch.next_offset
        self.is_control_batch: bool = batch.is_control_batch
        self.is_transactional: bool = batch.is_transactional
        self.producer_id: int | None = batch.producer_id
        self.validate_crc: Callable[[], bool] = batch.validate_crc

    def __iter__(self) -> Iterator[Any]:
        done = 0
        try:
            for record in self._batch:
                yield record
                done += 1
        except Exception:  # noqa: BLE001  # aiokafka's own errors, Unicode's, each codec's
            yield from parsed_batch(self._content)[done:]

    def __next__(self) -> Any:
        """The next record: asked for a control batch, whose only record says how a transaction ended."""
        return next(self._batch)


class WholeBatch(StoredBatch):
    """A batch whose records are all handed over, also a transaction marker."""

    def __init__(self, batch: Any, content: memoryview) -> None:
        super().__init__(batch, content)
        self.is_control_batch = False


class StoredRecords:
    """`MemoryRecords` over the same bytes, with `StoredBatch`es."""

    batch_class = StoredBatch

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)
        self._position = 0
        self.leader_epoch = NO_LEADER_EPOCH
        self._records = MemoryRecords(content)
        self.has_next: Callable[[], bool] = self._records.has_next
        self.size_in_bytes: Callable[[], int] = self._records.size_in_bytes

    def next_batch(self) -> Any:
        batch = self._records.next_batch()
        start = self._position
        (length,) = struct.unpack_from(">i", self._content, start + 8)
        self._position = start + LOG_OVERHEAD_BYTES + length
        if self._content[start + MAGIC_POSITION] < 2:
            self.leader_epoch = NO_LEADER_EPOCH
            return batch  # the format before Kafka 0.11, which has no headers
        (self.leader_epoch,) = struct.unpack_from(">i", self._content, start + LEADER_EPOCH_POSITION)
        return self.batch_class(batch, self._content[start : self._position])


class WholeRecords(StoredRecords):
    """The same, with `WholeBatch`es."""

    batch_class = WholeBatch


class FetchedRecord(NamedTuple):
    """A record as a `Consumer` returns it, in place of aiokafka's own, which takes many times as long to make.
    `timestamp` is in milliseconds since 1970; `leader_epoch` is -1 when it is unknown.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp: int
    leader_epoch: int


class _Records(PartitionRecords):  # type: ignore[misc]  # aiokafka ships no types
    """Those of a fetch."""

    def _consumer_record(self, tp: Any, record: Any) -> FetchedRecord:
        return FetchedRecord(
            tp.topic,
            tp.partition,
            record.offset,
            record.key,
            record.value,
            tuple(record.headers),
            record.timestamp,
            self._records.leader_epoch,
        )


def _with_names(function: Any, **names: Any) -> Any:
    """The function with other values under some of its global names."""
    unknown = set(names) - set(function.__code__.co_names)
    if unknown:
        raise ImportError(f"this aiokafka makes its records elsewhere: {function.__qualname__} does not use {unknown}")
    changed = FunctionType(
        function.__code__,
        {**function.__globals__, **names},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    changed.__kwdefaults__ = function.__kwdefaults__
    return changed


class _Fetcher(Fetcher):  # type: ignore[misc]  # aiokafka ships no types
    gathers = False

    _proc_fetch_request = _with_names(
        Fetcher._proc_fetch_request,  # noqa: SLF001
        MemoryRecords=StoredRecords,
        PartitionRecords=_Records,
    )

    def __init__(self, client: Any, *arguments: Any, fetch_max_wait_ms: int, **options: Any) -> None:
        self.fetches = FetchClient(client, fetch_max_wait_ms, gathers=self.gathers)
        super().__init__(self.fetches, *arguments, fetch_max_wait_ms=fetch_max_wait_ms, **options)

    async def close(self) -> None:
        """Stop fetching. aiokafka's own `close` lets the CancelledError of a waiting fetch escape: a caller that stops
        a consumer while its broker is away would end as if cancelled, and leave connections open.
        """
        self._fetch_task.cancel()
        await asyncio.wait([self._fetch_task])
        pending = list(self._pending_tasks)
        self._pending_tasks.clear()
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending)
        await super().close()


class _GatheringFetcher(_Fetcher):
    gathers = True


class _WholeFetcher(_Fetcher):
    _proc_fetch_request = _with_names(
        Fetcher._proc_fetch_request,  # noqa: SLF001
        MemoryRecords=WholeRecords,
        PartitionRecords=_Records,
    )


class Consumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka ships no types
    """An AIOKafkaConsumer that no record stops, and that can tell a topic from another one of the same name."""

    start = _with_names(AIOKafkaConsumer.start, Fetcher=_Fetcher)

    def __init__(self, *topics: str, **options: Any) -> None:
        super().__init__(*topics, consumer_timeout_ms=FETCHER_ROUND_MILLISECONDS, **options)

    def seek(self, partition: Any, offset: int) -> None:
        """As aiokafka's; the partition is fetched from there at once, also if a fetch without it waits for records."""
        super().seek(partition, offset)
        self._fetcher.fetches.note_movement()

    def resume(self, *partitions: Any) -> None:
        """As aiokafka's, and as `seek`."""
        super().resume(*partitions)
        self._fetcher.fetches.note_movement()

    async def getmany(self, *partitions: Any, **options: Any) -> Any:
        """As aiokafka's. A partition whose records were waiting to be returned has not been fetched meanwhile: from now
        on it is, as after `seek`.
        """
        records = await super().getmany(*partitions, **options)
        if records:
            self._fetcher.fetches.note_movement()
        return records

    async def topic_states(self, topics: Sequence[str]) -> Mapping[str, TopicState]:
        """By name, those of the topics that exist. Raises KafkaError or OSError."""
        response = await self._client.send(self._client.get_random_node(), TopicStatesRequest(topics))
        return topic_states(response)

    @property
    def keeps_metadata(self) -> bool:
        """Whether the task that fetches the metadata still runs. aiokafka never starts it again when it has failed."""
        return keeps_metadata(self._client)

    async def refresh(self) -> None:
        """Fetch the topics and partitions now. When they have changed, a member of a group joins again."""
        await self._client.force_metadata_update()


class GatheringConsumer(Consumer):
    """A Consumer for work in batches: while many records come, each fetch waits a few milliseconds for more."""

    start = _with_names(AIOKafkaConsumer.start, Fetcher=_GatheringFetcher)


class WholeConsumer(Consumer):
    """A Consumer of everything that is stored: transaction markers come as records. Not for `read_committed`."""

    start = _with_names(AIOKafkaConsumer.start, Fetcher=_WholeFetcher)
