"""Messages for others in memory: replies, follow-up commands, misdirected commands, dead letters. At least once.

A message whose delivery was not confirmed may have arrived, and may arrive twice when its sender tries again.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from contracts.partitioner import partition_for
from infra.memory.broker import Broker, NoSuchPartition
from infra.memory.wire import Wire
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord

# Those of the Kafka adapter.
MAX_WAITING_RECORDS = 10_000
ROOM_TIMEOUT_SECONDS = 5.0


class MemoryMessageSender:
    """`MessageSender` on the in-memory broker, for topics with this number of partitions.

    `dropped` counts the records of `send_nowait` that were not delivered.
    """

    def __init__(self, broker: Broker, wire: Wire, partitions: int) -> None:
        self.dropped = 0
        self._broker = broker
        self._wire = wire
        self._partitions = partitions
        self._waiting: dict[tuple[str, int], list[OutboundRecord]] = {}
        self._waiting_records = 0
        self._room = asyncio.Event()
        self._room.set()
        self._sending: dict[tuple[str, int], asyncio.Task[None]] = {}

    async def send(self, messages: Sequence[tuple[str, int | None, OutboundRecord]]) -> None:
        groups: dict[tuple[str, int], list[OutboundRecord]] = {}
        try:
            for topic, chosen, record in messages:
                partition = partition_for(record.key or b"", self._partitions) if chosen is None else chosen
                groups.setdefault((topic, partition), []).append(record)
            for place, records in groups.items():
                await self._wire.call("Kafka", partial(self._broker.append, *place, records))
        except NoSuchPartition as error:
            raise Unavailable("Kafka", str(error)) from error

    async def send_nowait(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> None:
        try:
            async with asyncio.timeout(ROOM_TIMEOUT_SECONDS):
                await self._room.wait()
        except TimeoutError:
            self.dropped += len(records)
            return
        self._take_room(len(records))
        self._waiting.setdefault((topic, partition), []).extend(records)
        if (topic, partition) not in self._sending:
            self._sending[topic, partition] = asyncio.create_task(self._send_waiting((topic, partition)))

    def _take_room(self, records: int) -> None:
        self._waiting_records += records
        if self._waiting_records < MAX_WAITING_RECORDS:
            self._room.set()
        else:
            self._room.clear()

    async def _send_waiting(self, place: tuple[str, int]) -> None:
        """Send what waits for one partition, until nothing does."""
        try:
            while records := self._waiting.pop(place, None):
                try:
                    await self._wire.call("Kafka", partial(self._broker.append, *place, records))
                except (Unavailable, NoSuchPartition):
                    self.dropped += len(records)
                finally:
                    self._take_room(-len(records))
        finally:
            del self._sending[place]

    async def stop(self) -> None:
        """Wait, within a bound, for what is being sent."""
        if self._sending:
            await asyncio.wait(list(self._sending.values()), timeout=3)
