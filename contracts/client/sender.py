"""Sends commands to Kafka: a producer that connects in the background and is replaced when it is broken.

Each call ends within the deadline: acknowledged by all in-sync replicas, or with KafkaUnavailable. A record that was
not delivered in time is dropped soon after; it does not arrive minutes later. That is why the producer is not an
idempotent one, which would never give up. A record that a retry writes twice has one command id, so it is handled once.
"""

import asyncio
import logging
from collections.abc import Collection, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from contracts.client.broken_connections import keeps_metadata
from contracts.client.connection import FailureLog, is_cancel_requested, reason_of, stop_quietly
from contracts.client.errors import KafkaUnavailable
from contracts.client.kafka_errors import Next, step_after
from contracts.client.rights import RightMissing, needing
from contracts.partitioner import partition_for
from contracts.topics import MAX_MESSAGE_BYTES

FIRST_RETRY_SECONDS = 0.1
LAST_RETRY_SECONDS = 2.0
MAX_REQUEST_BYTES = 4 * MAX_MESSAGE_BYTES
# A record that does not fit into the open batch may be overtaken by a smaller one: so batches have room.
BATCH_BYTES = 512 * 1024

log = logging.getLogger(__name__)


class Sender:
    """Delivers records by their keys over the `partitions` of the installation (a number; None: as many as the topic
    has). There is one for each client.
    """

    def __init__(self, options: dict[str, Any], delivery_timeout_seconds: float, partitions: int | None = None) -> None:
        self._options = options
        self._partitions = partitions
        self._timeout_seconds = delivery_timeout_seconds
        self._producer: AIOKafkaProducer | None = None
        self._connected = asyncio.Event()
        self._broken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failures = FailureLog("Kafka is not reached", log)

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_connected())

    async def stop(self) -> None:
        """Send what was accepted, within the delivery timeout, and close."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def send(
        self, topic: str, key: bytes, value: bytes, headers: Sequence[tuple[str, bytes]], *, command_id: str
    ) -> None:
        """Write one record to the partition of its key and wait for the acknowledgement. Raises KafkaUnavailable."""
        stage, may_arrive = "no connection", False
        try:
            async with asyncio.timeout(self._timeout_seconds):
                producer = await self._connection()
                stage = f"topic {topic} is not known"
                with needing("Write", f"topic {topic}"):
                    count = self._partitions or len(await producer.partitions_for(topic))
                partition = partition_for(key, count)
                stage, may_arrive = "no acknowledgement", True
                with needing("Write", f"topic {topic}"):
                    acknowledged = await producer.send(topic, value, key, partition, headers=list(headers))
                    await acknowledged
        except TimeoutError as error:
            self._replace_if_lost()
            raise self._unavailable(self._with_reason(stage), command_id, may_arrive) from error
        except RightMissing as error:  # the broker has looked at the record and not taken it: the producer is fine
            raise self._unavailable(reason_of(error), command_id) from error
        except (KafkaError, OSError, AssertionError) as error:
            if step_after(error)[0] not in (Next.WAIT, Next.TOO_LARGE):
                self._broken.set()
            raise self._unavailable(reason_of(error), command_id, may_arrive) from error

    async def partitions(self, topic: str) -> Collection[int]:
        """The partitions of a topic. Raises KafkaUnavailable."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                producer = await self._connection()
                with needing("Describe", f"topic {topic}"):
                    partitions: Collection[int] = await producer.partitions_for(topic)
                return partitions
        except RightMissing as error:
            raise self._unavailable(reason_of(error)) from error
        except (KafkaError, OSError, TimeoutError) as error:
            raise self._unavailable(f"topic {topic} is not known") from error

    async def check(self) -> None:
        """Ask a broker for its metadata. Raises KafkaUnavailable when none answers."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answered = await (await self._connection()).client.force_metadata_update()
        except (KafkaError, OSError, TimeoutError) as error:
            self._replace_if_lost()
            raise self._unavailable(self._with_reason("no broker answers")) from error
        if not answered:
            raise self._unavailable("no broker answers")

    def _replace_if_lost(self) -> None:
        """Have another producer if this one no longer learns of topics and leaders."""
        if self._producer is not None and not keeps_metadata(self._producer.client):
            self._broken.set()

    def _with_reason(self, explanation: str) -> str:
        return f"{explanation}: {self._failures.reason}" if self._failures.reason else explanation

    def _unavailable(
        self, explanation: str, command_id: str | None = None, may_arrive: bool = False
    ) -> KafkaUnavailable:
        return KafkaUnavailable(
            explanation, waited_seconds=self._timeout_seconds, command_id=command_id, may_arrive=may_arrive
        )

    async def _connection(self) -> AIOKafkaProducer:
        await self._connected.wait()
        assert self._producer is not None, "set before `_connected`"
        return self._producer

    async def _keep_connected(self) -> None:
        retry_seconds = FIRST_RETRY_SECONDS
        while True:
            try:
                await self._connected_once()
                retry_seconds = FIRST_RETRY_SECONDS
                log.warning("a broken producer is replaced")
            except asyncio.CancelledError as error:
                if is_cancel_requested():
                    raise
                self._failures.failed(error)
            except Exception as error:  # noqa: BLE001  # any error: without this task nothing is sent any more
                self._failures.failed(error)
            await asyncio.sleep(retry_seconds)
            retry_seconds = min(retry_seconds * 2, LAST_RETRY_SECONDS)

    async def _connected_once(self) -> None:
        """Stay connected until the producer is broken."""
        producer = AIOKafkaProducer(
            **self._options, acks="all", max_batch_size=BATCH_BYTES, max_request_size=MAX_REQUEST_BYTES
        )
        try:
            await producer.start()
            self._failures.recovered()
            self._producer = producer
            self._broken.clear()
            self._connected.set()
            await self._broken.wait()
        finally:
            self._connected.clear()
            await stop_quietly(producer.stop)
