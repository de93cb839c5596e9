"""A consumer that hands over every record that the broker has stored, also those that aiokafka cannot parse.

A batch that is malformed, or too large once it is unpacked, becomes one record (stored_batches.py). What one call of
`getmany` returns is bounded as well: many small batches may unpack to a lot.

How: aiokafka makes its records in one function of its fetcher, `_proc_fetch_request`, from the class named
`MemoryRecords`, and its fetcher and its coordinator in `AIOKafkaConsumer.start`. Such functions run here with other
classes under those names, so other consumers in the same process stay as they are.

A record also says under which leader of its partition it was written (`leader_epoch`), which aiokafka leaves out.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from types import MethodType
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
from aiokafka.errors import KafkaError, KafkaTimeoutError

from contracts.client.broken_connections import keeps_metadata
from contracts.client.connection import is_cancel_requested
from contracts.client.coordinator import LoneCoordinator, MemberCoordinator
from contracts.client.fetch_rounds import RoundFetcher
from contracts.client.fetch_waits import FetchClient
from contracts.client.renaming import with_names
from contracts.client.rights import DENIED, RightMissing, reading_denied, topics
from contracts.client.stored_batches import Reading, StoredRecords, UnreadableRecord, WholeRecords
from contracts.client.topic_states import TopicState, TopicStatesRequest, topic_states
from contracts.client.unpacking import Unpacking
from contracts.signatures import Signatures
from contracts.topics import MAX_UNPACKED_BATCH_BYTES
from contracts.unreadable_batch import UnreadableBatch

# How often aiokafka's fetcher goes through all partitions although nothing has happened. Its default: 200.
FETCHER_ROUND_MILLISECONDS = 1000


class FetchedRecord(NamedTuple):
    """A record as a `Consumer` returns it, in place of aiokafka's own, which takes many times as long to make.
    `timestamp` is in milliseconds since 1970; `leader_epoch` is -1 when it is unknown. `unreadable`: the record stands
    for a batch, which is its value. `is_signed`: it stands in a batch that is signed (`Consumer.signatures`).
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp: int
    leader_epoch: int
    unreadable: UnreadableBatch | None = None
    is_signed: bool = False


_new_tuple = tuple.__new__


class _Records(PartitionRecords):  # type: ignore[misc]  # aiokafka ships no types
    """Those of a fetch."""

    def __init__(self, tp: Any, records: Any, *arguments: Any) -> None:
        records.place = tp
        super().__init__(tp, records, *arguments)

    def _consumer_record(self, tp: Any, record: Any) -> FetchedRecord:
        records = self._records
        # FetchedRecord(…) takes twice as long.
        return _new_tuple(
            FetchedRecord,
            (
                tp.topic,
                tp.partition,
                record.offset,
                record.key,
                record.value,
                tuple(record.headers),
                record.timestamp,
                records.leader_epoch,
                record.unreadable if type(record) is UnreadableRecord else None,
                records.is_signed,
            ),
        )


class _Result(FetchResult):  # type: ignore[misc]  # aiokafka ships no types
    """What a fetch has brought of a partition. It stays packed while `getmany` has no room for more."""

    def getall(self, max_records: int | None = None) -> list[FetchedRecord]:
        records = self._partition_records
        if records is not None and records._records.reading.unpacking.left <= 0:  # noqa: SLF001
            return []
        all_records: list[FetchedRecord] = super().getall(max_records)
        return all_records


class _Fetcher(RoundFetcher):
    gathers = False
    records_class = StoredRecords

    next_record = with_names(RoundFetcher.next_record, FetchResult=_Result)
    fetched_records = with_names(RoundFetcher.fetched_records, FetchResult=_Result)

    def __init__(
        self, client: Any, *arguments: Any, max_unpacked_bytes: int, fetch_max_wait_ms: int, **options: Any
    ) -> None:
        self.fetches = FetchClient(client, fetch_max_wait_ms, gathers=self.gathers)
        self.reading = Reading(Unpacking(max_unpacked_bytes))
        process = with_names(
            RoundFetcher._proc_fetch_request,  # noqa: SLF001
            MemoryRecords=partial(self.records_class, reading=self.reading),
            PartitionRecords=_Records,
            FetchResult=_Result,
        )
        self._proc_fetch_request = MethodType(process, self)
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
    records_class = WholeRecords


class Consumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka ships no types
    """An AIOKafkaConsumer that no record stops, and that can tell a topic from another one of the same name.

    `signatures`: by which `getmany` recognizes batches as signed. None: all count as unsigned.
    """

    fetcher_class = _Fetcher
    coordinator_class = MemberCoordinator
    signatures: Signatures | None = None

    def __init__(self, *topics: str, max_unpacked_bytes: int = MAX_UNPACKED_BATCH_BYTES, **options: Any) -> None:
        """`options`: of aiokafka. A batch that unpacks to more than `max_unpacked_bytes` becomes one record."""
        super().__init__(*topics, consumer_timeout_ms=FETCHER_ROUND_MILLISECONDS, **options)
        self._max_unpacked_bytes = max_unpacked_bytes

    async def start(self) -> None:
        """As aiokafka's."""
        fetcher = partial(self.fetcher_class, max_unpacked_bytes=self._max_unpacked_bytes)
        names = {
            "Fetcher": fetcher,
            "GroupCoordinator": self.coordinator_class,
            "NoGroupCoordinator": LoneCoordinator,
        }
        try:
            await with_names(AIOKafkaConsumer.start, **names)(self)
        except DENIED as error:
            raise reading_denied(error) from error

    def seek(self, partition: Any, offset: int) -> None:
        """As aiokafka's; the partition is fetched from there at once, also if a fetch without it waits for records."""
        super().seek(partition, offset)
        self._fetcher.fetches.note_movement()

    def resume(self, *partitions: Any) -> None:
        """As aiokafka's, and as `seek`."""
        super().resume(*partitions)
        self._fetcher.fetches.note_movement()

    async def getmany(self, *partitions: Any, **options: Any) -> Any:
        """As aiokafka's, but at most `max_unpacked_bytes`, and what is left of a batch. A partition whose records were
        waiting to be returned has not been fetched meanwhile: from now on it is, as after `seek`.
        """
        self._fetcher.reading.unpacking.refill()
        self._fetcher.reading.signatures = self.signatures
        try:
            records = await super().getmany(*partitions, **options)
        except DENIED as error:
            raise reading_denied(error) from error
        except asyncio.CancelledError as error:
            if is_cancel_requested():
                raise
            raise KafkaError("a task of the consumer was cancelled by its driver") from error
        if records:
            self._fetcher.fetches.note_movement()
        return records

    async def beginning_offsets(self, partitions: Collection[Any]) -> Any:
        """As aiokafka's. Raises RightMissing where that waits for topics which the user may not see."""
        try:
            return await super().beginning_offsets(partitions)
        except KafkaTimeoutError as error:
            raise self._unseen(partitions) or error from error

    async def end_offsets(self, partitions: Collection[Any]) -> Any:
        """As `beginning_offsets`."""
        try:
            return await super().end_offsets(partitions)
        except KafkaTimeoutError as error:
            raise self._unseen(partitions) or error from error

    def _unseen(self, partitions: Collection[Any]) -> RightMissing | None:
        unseen = {place.topic for place in partitions} & self._client.cluster.unauthorized_topics
        return RightMissing("Describe", topics(unseen)) if unseen else None

    async def topic_states(self, topics: Sequence[str]) -> Mapping[str, TopicState]:
        """By name, those of the topics that exist. Raises KafkaError or OSError, RightMissing among them."""
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

    fetcher_class = _GatheringFetcher


class WholeConsumer(Consumer):
    """A Consumer of everything that is stored: transaction markers come as records. Not for `read_committed`."""

    fetcher_class = _WholeFetcher
