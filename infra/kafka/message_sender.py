"""Sends messages that are not events: replies, follow-up commands, misdirected commands, dead letters.

Its producer is not the event log's, so that a failing reply topic never disturbs the log.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

import structlog
from aiokafka import AIOKafkaProducer

from contracts.client.broken_connections import keeps_metadata
from contracts.client.kafka_errors import TOPICS, error_text
from contracts.client.rights import needing
from contracts.client.rights import topics as topics_as_resource
from contracts.signatures import SignatureSource
from infra.kafka.batches import grouped, send_together
from infra.kafka.clients import idempotent_producer, stopped
from infra.kafka.connection import REQUEST_TIMEOUT_SECONDS, client_options
from infra.kafka.faults import KAFKA_FAULTS, ends_client, unavailable
from infra.settings import Settings
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord

DELIVERY_TIMEOUT_SECONDS = REQUEST_TIMEOUT_SECONDS + 5.0
MAX_WAITING_RECORDS = 10_000
ROOM_TIMEOUT_SECONDS = 5.0

log = structlog.get_logger(__name__)


class _Gathering(NamedTuple):
    """Records that wait for their partition's turn, and a future that is done when they have been sent."""

    records: list[OutboundRecord]
    sent: asyncio.Future[None]


class KafkaMessageSender:
    """`MessageSender` on aiokafka. `replies_signed_by`: only who sends replies needs it."""

    def __init__(self, settings: Settings, *, replies_signed_by: SignatureSource | None = None) -> None:
        self._replies_signed_by = replies_signed_by
        self._options = client_options(settings)
        self._partitions = settings.partitions
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        # Many lanes write dead letters to one partition. aiokafka sends one batch of a partition at a time and grants
        # no order among those that wait, so under load one of them could starve. A lock is acquired in turn.
        self._turns: defaultdict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._gathering: dict[tuple[str, int], _Gathering] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._waiting: dict[tuple[str, int], list[OutboundRecord]] = {}
        self._waiting_records = 0
        self._room = asyncio.Event()
        self._room.set()
        self._senders: dict[tuple[str, int], asyncio.Task[None]] = {}
        self.dropped = 0

    async def send(self, messages: Sequence[tuple[str, int | None, OutboundRecord]]) -> None:
        producer: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(DELIVERY_TIMEOUT_SECONDS):
                producer = await self._current_producer({topic for topic, _, _ in messages})
                groups = grouped(messages, self._partitions)
                await asyncio.gather(*(self._sent(producer, place, records) for place, records in groups.items()))
        except AssertionError as error:  # aiokafka's answer to a partition that the topic does not have
            raise Unavailable("Kafka", f"messages were not taken: {error}", TOPICS) from error
        except KAFKA_FAULTS as error:
            self._discard_after(error, producer)
            raise unavailable(error, "messages were not taken") from error

    async def _sent(self, producer: AIOKafkaProducer, place: tuple[str, int], records: list[OutboundRecord]) -> None:
        """Send to one partition, together with what other lanes have for it when its turn comes."""
        gathering = self._gathering.get(place)
        if gathering is None:
            gathering = self._gathering[place] = _Gathering([], asyncio.get_running_loop().create_future())
            # A task of its own: a lane that gives up waiting must not cancel the others' records.
            task = asyncio.create_task(self._send(producer, place, gathering))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        gathering.records.extend(records)
        await asyncio.shield(gathering.sent)

    async def _send(self, producer: AIOKafkaProducer, place: tuple[str, int], gathering: "_Gathering") -> None:
        async with self._turns[place]:
            del self._gathering[place]
            try:
                async with asyncio.timeout(DELIVERY_TIMEOUT_SECONDS):
                    await send_together(producer, *place, gathering.records)
            except Exception as error:  # noqa: BLE001  # the waiting lanes raise it
                gathering.sent.set_exception(error)
                gathering.sent.exception()  # retrieved, in case no lane waits any more
            else:
                gathering.sent.set_result(None)

    async def send_nowait(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> None:
        if not self._room.is_set():
            try:
                async with asyncio.timeout(ROOM_TIMEOUT_SECONDS):
                    await self._room.wait()
            except TimeoutError:
                self._drop(topic, partition, len(records), "too many wait already")
                return
        self._count_waiting(len(records))
        waiting = self._waiting.setdefault((topic, partition), [])
        waiting.extend(records)
        if (topic, partition) not in self._senders:
            self._senders[topic, partition] = asyncio.create_task(self._send_waiting(topic, partition))

    def _count_waiting(self, change: int) -> None:
        self._waiting_records += change
        if self._waiting_records < MAX_WAITING_RECORDS:
            self._room.set()
        else:
            self._room.clear()

    async def _send_waiting(self, topic: str, partition: int) -> None:
        """Send what waits for one partition until nothing does; what arrives meanwhile is sent together."""
        try:
            while records := self._waiting.pop((topic, partition), None):
                producer: AIOKafkaProducer | None = None
                try:
                    async with asyncio.timeout(DELIVERY_TIMEOUT_SECONDS):
                        signed_by = self._replies_signed_by
                        signatures = None if signed_by is None else await signed_by.current()
                        producer = await self._current_producer({topic})
                        await send_together(producer, topic, partition, records, signatures)
                except (*KAFKA_FAULTS, AssertionError, Unavailable) as error:
                    self._discard_after(error, producer)
                    self._drop(topic, partition, len(records), error_text(error))
                except Exception:  # a bug: these replies are lost, but not the next ones
                    log.exception("a bug in sending replies")
                    self._drop(topic, partition, len(records), "a bug")
                finally:
                    self._count_waiting(-len(records))  # only now: what is being sent counts too
        finally:
            del self._senders[topic, partition]

    def _discard_after(self, error: BaseException, producer: AIOKafkaProducer | None) -> None:
        """Replace a producer that its broker refuses for good, or that no longer learns of leaders: the next message
        gets a new one.
        """
        is_current = producer is self._producer
        if producer is None or not is_current:
            return
        if ends_client(error) or not keeps_metadata(producer.client):
            log.warning("producer discarded", reason=error_text(error), advice="nothing to do: a new one goes on")
            self._producer = None
            task = asyncio.create_task(stopped(producer))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def _drop(self, topic: str, partition: int, count: int, reason: str) -> None:
        self.dropped += count
        log.warning("replies dropped", topic=topic, partition=partition, count=count, reason=reason)

    async def _current_producer(self, topics: Collection[str]) -> AIOKafkaProducer:
        if self._producer is not None:
            return self._producer
        async with self._starting:
            if self._producer is None:
                # Kafka lets those number their records who may write to some topic.
                with needing("Write", topics_as_resource(topics)):
                    self._producer = await idempotent_producer(self._options)
            return self._producer

    async def stop(self) -> None:
        """Wait, within a bound, for what `send_nowait` accepted; then close."""
        if sending := {*self._senders.values(), *self._sending}:
            await asyncio.wait(sending, timeout=3)
        producer, self._producer = self._producer, None
        if producer is not None:
            await stopped(producer)
