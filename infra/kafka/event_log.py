"""The append-only log of events: an idempotent producer for all lanes of the process, and the reading of tails.

Each `append` to a partition must have ended before the next begins: so a failed one leaves a clean end, never a hole.
A producer that failed once is thrown away; the lanes that wait on it get their answer, new work goes to a new one.
"""

import asyncio
from collections.abc import Sequence

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from contracts.client.consumer import Consumer
from infra.kafka.batches import send_one_by_one
from infra.kafka.connection import MAX_REQUEST_BYTES, REQUEST_TIMEOUT_SECONDS, client_options
from infra.kafka.faults import KAFKA_FAULTS, unavailable
from infra.kafka.stopping import stopped
from infra.settings import Settings
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord, PublishFailed, Tail

BATCH_BYTES = 512 * 1024
APPEND_TIMEOUT_SECONDS = REQUEST_TIMEOUT_SECONDS + 5.0
TAIL_TIMEOUT_SECONDS = 60.0
# A fetch that waits at one partition's end holds up the next partition's tail.
FETCH_WAIT_MS = 10
# A shortened log is read back this far to find its last sequence: many times the records that can come late.
SHORTENED_SCAN_RECORDS = 20_000
MAX_SEQUENCE_DIGITS = 18

log = structlog.get_logger(__name__)


class KafkaEventLog:
    """`EventLog` on aiokafka."""

    def __init__(self, settings: Settings) -> None:
        self._options = client_options(settings)
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._reader: Consumer | None = None
        self._reading = asyncio.Lock()
        self._discarded: set[asyncio.Task[None]] = set()

    async def append(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> int:
        producer = await self._current_producer()
        try:
            async with asyncio.timeout(APPEND_TIMEOUT_SECONDS):
                return await send_one_by_one(producer, topic, partition, records)
        except KAFKA_FAULTS as error:
            self._discard(producer)
            raise PublishFailed(str(unavailable(error, f"{topic}/{partition}"))) from error

    async def _current_producer(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._options,
                    acks="all",
                    enable_idempotence=True,
                    max_batch_size=BATCH_BYTES,
                    max_request_size=MAX_REQUEST_BYTES,
                )
                try:
                    await producer.start()
                except KAFKA_FAULTS as error:
                    await stopped(producer)
                    raise PublishFailed(str(unavailable(error, "no producer could be started"))) from error
                self._producer = producer
            return self._producer

    def _discard(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            log.warning("producer discarded", advice="the lanes resume from the tail of the log with a new one")
            self._producer = None
            task = asyncio.create_task(stopped(producer))
            self._discarded.add(task)
            task.add_done_callback(self._discarded.discard)

    async def tail(self, topic: str, partition: int, from_offset: int) -> Tail:
        async with self._reading:
            try:
                async with asyncio.timeout(TAIL_TIMEOUT_SECONDS):
                    reader = await self._current_reader()
                    tail = await _scan(reader, TopicPartition(topic, partition), from_offset)
                    reader.pause(TopicPartition(topic, partition))
                    return tail
            except (KafkaError, OSError, TimeoutError) as error:
                broken, self._reader = self._reader, None
                if broken is not None:
                    await stopped(broken)
                raise Unavailable("Kafka", f"the tail of {topic}/{partition} could not be read: {error}") from error

    async def _current_reader(self) -> Consumer:
        if self._reader is None:
            reader = Consumer(
                **self._options, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=FETCH_WAIT_MS
            )
            self._reader = reader
            await reader.start()
        return self._reader

    async def stop(self) -> None:
        """Close both clients, within a bound."""
        for client in (self._producer, self._reader):
            if client is not None:
                await stopped(client)
        self._producer = self._reader = None


async def _scan(reader: Consumer, partition: TopicPartition, from_offset: int) -> Tail:
    reader.assign([partition])
    ends = await reader.end_offsets([partition])
    end: int = ends[partition]
    shortened = from_offset > 0 and end <= from_offset
    starts = await reader.beginning_offsets([partition])
    start = max(starts[partition], end - SHORTENED_SCAN_RECORDS if shortened else from_offset)
    sequence, offset = 0, -1
    reader.seek(partition, start)
    position = start
    while position < end:
        for record in (await reader.getmany(partition, timeout_ms=1000)).get(partition, ()):
            # A record that is none of ours may say anything here.
            said = next((value for name, value in record.headers if name == "ce_sequence"), b"") or b""
            found = int(said) if said.isdigit() and len(said) <= MAX_SEQUENCE_DIGITS else 0
            if found > sequence:
                sequence, offset = found, record.offset
        # Not the last record's offset: a transaction of somebody's leaves a mark behind it that is no record.
        position = await reader.position(partition)
    return Tail(sequence, offset, end, shortened)
