"""The append-only log of events: one idempotent producer for all lanes of the process, and the reading of tails.

Each `append` to a partition must have ended before the next begins, so a failed one never leaves a hole. A producer
that failed once is replaced: the lanes that wait for it get an error, and new work goes to a new producer.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.errors import KafkaError

from contracts.client.consumer import Consumer
from contracts.client.kafka_errors import error_text
from contracts.client.rights import needing
from contracts.client.topic_states import TopicState as BrokerTopicState
from contracts.signatures import Signatures, SignatureSource
from contracts.stated_sequence import stated_sequence
from infra.kafka.batches import send_one_by_one
from infra.kafka.clients import closed, idempotent_producer, partition_reader, stopped
from infra.kafka.connection import REQUEST_TIMEOUT_SECONDS, client_options, consumer_options
from infra.kafka.faults import KAFKA_FAULTS, advice_on, unavailable
from infra.kafka.tails import TailRequest, TailRequests
from infra.settings import Settings
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord, PublishFailed, Tail, TopicState

APPEND_TIMEOUT_SECONDS = REQUEST_TIMEOUT_SECONDS + 5.0
TAIL_TIMEOUT_SECONDS = 60.0
# All lanes of the process ask about the same few topics: one question brings the states of all of them.
STATE_MAX_AGE_SECONDS = 2.0

log = structlog.get_logger(__name__)


class KafkaEventLog:
    """`EventLog` on aiokafka."""

    def __init__(self, settings: Settings, *, signed_by: SignatureSource | None) -> None:
        """`signed_by` None: nothing is signed, which is for measurements."""
        self._options = client_options(settings)
        self._signed_by = signed_by
        self._consumer_options = consumer_options(settings)
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._reader: Consumer | None = None
        self._reading = asyncio.Lock()
        self._tails = TailRequests()
        self._discarded: set[asyncio.Task[None]] = set()
        self._states: dict[str, tuple[float, TopicState]] = {}

    async def connect(self, topic: str) -> None:
        """Connect before lanes wait for it. A failure is left to them: they say what is missing, and try again."""
        with suppress(PublishFailed):
            await self._current_producer(topic)
        with suppress(Unavailable):
            await self.topic(topic)

    async def append(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> int:
        signatures = None if self._signed_by is None else await self._signatures(self._signed_by)
        producer = await self._current_producer(topic)
        try:
            async with asyncio.timeout(APPEND_TIMEOUT_SECONDS):
                return await send_one_by_one(producer, topic, partition, records, signatures)
        except KAFKA_FAULTS as error:
            self._discard(producer)
            raise PublishFailed(str(unavailable(error, f"{topic}/{partition}"))) from error

    async def _signatures(self, source: SignatureSource) -> Signatures:
        try:
            return await source.current()
        except Unavailable as error:
            raise PublishFailed(f"the keys to sign with cannot be read: {error}") from error

    async def _current_producer(self, topic: str) -> AIOKafkaProducer:
        if self._producer is not None:
            return self._producer
        async with self._starting:
            if self._producer is None:
                try:
                    # Kafka lets those number their records who may write to some topic.
                    with needing("Write", f"topic {topic}"):
                        self._producer = await idempotent_producer(self._options)
                except KAFKA_FAULTS as error:
                    raise PublishFailed(str(unavailable(error, f"no producer for {topic} could be started"))) from error
            return self._producer

    def _discard(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            log.warning("producer discarded", advice="the lanes resume from the tail of the log with a new one")
            self._producer = None
            task = asyncio.create_task(stopped(producer))
            self._discarded.add(task)
            task.add_done_callback(self._discarded.discard)

    async def tail(self, topic: str, partition: int, from_offset: int) -> Tail:
        signatures = None if self._signed_by is None else await self._signed_by.current()
        request = TailRequest(TopicPartition(topic, partition), from_offset)
        self._tails.add(request)
        try:
            async with self._reader_for(f"the tail of {topic}/{partition}") as reader:
                reader.signatures = signatures
                await self._tails.answer(reader, request)
        finally:
            self._tails.remove(request)
        assert request.tail is not None
        return request.tail

    async def topic(self, topic: str) -> TopicState:
        async with self._reader_for(f"the state of {topic}") as reader:
            asked_at, state = self._states.get(topic, (0.0, None))
            if state is None or time.monotonic() - asked_at > STATE_MAX_AGE_SECONDS:
                topics = {topic, *self._states}
                current = await reader.topic_states(sorted(topics))
                self._states = {name: (time.monotonic(), _state_of(current.get(name))) for name in topics}
                state = self._states[topic][1]
            return state

    async def clear_recreated(self, topic: str, partition: int) -> None:
        await self._until_delivered()
        place = TopicPartition(topic, partition)
        async with self._reader_for(f"the beginning of {topic}/{partition}") as reader:
            end = (await reader.end_offsets([place]))[place]
            first = await _first_sequence(reader, place, end)
            reader.pause(place)
        if first not in (None, 1):
            log.warning("deleting what stands in a new log out of order", topic=topic, partition=partition, until=end)
            await self._delete(place, end)

    async def _until_delivered(self) -> None:
        """Wait until every record that the producer still holds has been delivered. Raises Unavailable.

        The producer keeps the records of a lane that was abandoned. Delivered later, they would stand in the log before
        those that it is filled with from the table.
        """
        producer = self._producer
        if producer is None:
            return
        try:
            async with asyncio.timeout(APPEND_TIMEOUT_SECONDS):
                await producer.flush()
        except KAFKA_FAULTS as error:
            self._discard(producer)
            raise unavailable(error, "what is under way has not arrived") from error

    async def _delete(self, place: TopicPartition, end: int) -> None:
        admin = AIOKafkaAdminClient(**self._options)
        try:
            async with asyncio.timeout(APPEND_TIMEOUT_SECONDS):
                await admin.start()
                await admin.delete_records({place: RecordsToDelete(before_offset=end)})
        except (KafkaError, OSError, TimeoutError) as error:
            explanation = f"{place.topic}/{place.partition} cannot be emptied: {error_text(error)}"
            raise Unavailable("Kafka", explanation, advice_on(error)) from error
        finally:
            await closed(admin)

    @asynccontextmanager
    async def _reader_for(self, what: str) -> AsyncIterator[Consumer]:
        """The reader of this log, for one caller at a time. A reader that failed is replaced."""
        async with self._reading:
            try:
                async with asyncio.timeout(TAIL_TIMEOUT_SECONDS):
                    yield await self._current_reader()
            except (KafkaError, OSError, TimeoutError) as error:
                broken, self._reader = self._reader, None
                if broken is not None:
                    await stopped(broken)
                explanation = f"{what} could not be read: {error_text(error)}"
                raise Unavailable("Kafka", explanation, advice_on(error)) from error

    async def _current_reader(self) -> Consumer:
        if self._reader is None:
            self._reader = await partition_reader(Consumer, self._consumer_options)
        return self._reader

    async def stop(self) -> None:
        """Close both clients, within a bound."""
        for client in (self._producer, self._reader):
            if client is not None:
                await stopped(client)
        self._producer = self._reader = None


def _state_of(topic: BrokerTopicState | None) -> TopicState:
    return TopicState("", 0) if topic is None else TopicState(topic.id, topic.partitions)


async def _first_sequence(reader: Consumer, place: TopicPartition, end: int) -> int | None:
    """The sequence of the partition's first record, 0 when it has none; None when there is no record before `end`."""
    reader.assign([place])
    position = (await reader.beginning_offsets([place]))[place]
    reader.seek(place, position)
    while position < end:
        for record in (await reader.getmany(place, timeout_ms=1000)).get(place, ()):
            return stated_sequence(record.headers)
        position = await reader.position(place)
    return None
