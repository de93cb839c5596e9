"""The append-only log of events in memory: one idempotent producer for all lanes of the process, and scans of tails.

As in the Kafka adapter, records go out in requests of a bounded size, each after the one before is acknowledged. A
request without an answer is sent again with the same numbers. A producer that failed is thrown away, so that nothing is
sent behind a hole. A request that was sent is not withdrawn when its caller is cancelled.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from contracts.stated_sequence import stated_sequence
from infra.memory.broker import Broker, NoSuchPartition
from infra.memory.log_partition import OutOfOrder
from infra.memory.wire import Wire
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord, PublishFailed, Tail, TopicState
from workers.ports.tail_scan import TailScan

MAX_REQUEST_RECORDS = 100
APPEND_TIMEOUT_SECONDS = 15.0
ATTEMPTS = 2
RETRY_DELAY_SECONDS = 0.1
# That of the Kafka adapter.
SHORTENED_SCAN_RECORDS = 20_000


class Producer:
    """Numbers what it sends to each partition. Once `broken`, it sends nothing more."""

    def __init__(self) -> None:
        self.id: int | None = None
        self.broken = False
        self.sent: dict[tuple[str, int], int] = {}
        self.turns: dict[tuple[str, int], asyncio.Lock] = {}
        self.starting = asyncio.Lock()


class MemoryEventLog:
    """`EventLog` on the in-memory broker."""

    def __init__(self, broker: Broker, wire: Wire) -> None:
        self._broker = broker
        self._wire = wire
        self._producer = Producer()
        self._sending: dict[asyncio.Task[int], None] = {}  # in order: a set of tasks has none

    async def append(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> int:
        producer = await self._started_producer()
        sending = asyncio.create_task(self._append(producer, (topic, partition), records))
        self._sending[sending] = None
        sending.add_done_callback(self._sending.pop)
        return await asyncio.shield(sending)

    async def _started_producer(self) -> Producer:
        producer = self._producer
        async with producer.starting:
            if producer.id is None:
                try:
                    producer.id = await self._wire.call("Kafka", self._broker.new_producer)
                except Unavailable as error:
                    raise PublishFailed(f"no producer could be started: {error}") from error
        return producer

    async def _append(self, producer: Producer, place: tuple[str, int], records: Sequence[OutboundRecord]) -> int:
        try:
            async with asyncio.timeout(APPEND_TIMEOUT_SECONDS), producer.turns.setdefault(place, asyncio.Lock()):
                return await self._send_all(producer, place, records)
        except (Unavailable, NoSuchPartition, OutOfOrder, TimeoutError) as error:
            producer.broken = True
            if self._producer is producer:
                self._producer = Producer()
            raise PublishFailed(f"{place[0]}/{place[1]}: {str(error) or type(error).__name__}") from error

    async def _send_all(self, producer: Producer, place: tuple[str, int], records: Sequence[OutboundRecord]) -> int:
        last_offset = -1
        for begin in range(0, len(records), MAX_REQUEST_RECORDS):
            if producer.broken:
                raise PublishFailed(f"{place[0]}/{place[1]}: the producer was thrown away")
            request = records[begin : begin + MAX_REQUEST_RECORDS]
            first = producer.sent.get(place, 0)
            producer.sent[place] = first + len(request)
            last_offset = await self._send(producer, place, request, first)
        return last_offset

    async def _send(
        self, producer: Producer, place: tuple[str, int], request: Sequence[OutboundRecord], first: int
    ) -> int:
        operation = partial(self._broker.append, *place, request, producer.id, first, are_signed=True)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._wire.call("Kafka", operation)
            except Unavailable:
                if attempt == ATTEMPTS:
                    raise
                await asyncio.sleep(RETRY_DELAY_SECONDS)
        raise AssertionError("not reached")

    async def tail(self, topic: str, partition: int, from_offset: int) -> Tail:
        try:
            extent = await self._wire.call("Kafka", partial(self._broker.extent, topic, partition))
            first, end = extent.start, extent.end
            shortened = from_offset > 0 and end <= from_offset
            start = max(first, end - SHORTENED_SCAN_RECORDS if shortened else from_offset)
            read = partial(self._broker.read_until, topic, partition, start, end)
            records = await self._wire.call("Kafka", read) if start < end else []
        except NoSuchPartition as error:
            raise Unavailable("Kafka", str(error)) from error
        if len(records) < end - start:
            raise Unavailable("Kafka", f"{topic}/{partition} has become shorter while it was read")
        scan = TailScan()
        for record in records:
            scan.add(record.headers, record.offset, is_signed=record.is_signed)
        return Tail(*scan.highest, end, shortened)

    async def topic(self, topic: str) -> TopicState:
        return await self._wire.call("Kafka", partial(self._broker.state, topic))

    async def clear_recreated(self, topic: str, partition: int) -> None:
        extent = await self._wire.call("Kafka", partial(self._broker.extent, topic, partition))
        first = await self._wire.call("Kafka", partial(self._broker.read, topic, partition, extent.start, 1))
        if first and stated_sequence(first[0].headers) != 1:
            await self._wire.call("Kafka", partial(self._broker.delete_records, topic, partition, extent.end))

    async def stop(self) -> None:
        """Send nothing more."""
        self._producer.broken = True
        for sending in list(self._sending):
            sending.cancel()
