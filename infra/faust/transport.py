"""Faust's transport on the consumer and the producer that all of Annals uses."""

from collections.abc import Mapping
from typing import Any

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, ensure_aiokafka_TP
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.transport.drivers.aiokafka import Producer as FaustProducer
from faust.transport.drivers.aiokafka import Transport as FaustTransport
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode.threads import ServiceThread, WorkerThread

from contracts.client.consumer import Consumer, FetchedRecord
from contracts.signatures import Signatures
from infra.kafka.connection import client_options, consumer_options
from infra.kafka.groups import ANALYTICS_GROUP
from infra.kafka.membership import MemberConsumer
from infra.kafka.subscription import HEARTBEAT_SECONDS
from infra.settings import Settings

MAX_FETCH_BYTES = 8 * 1_048_576
MAX_PARTITION_FETCH_BYTES = 1_048_576
REBALANCE_TIMEOUT_MS = 30_000
FETCH_WAIT_MS = 500
THREAD_STOP_SECONDS = 3.0


class RecordMessage(ConsumerMessage):
    """A message with the record that it was made of."""

    __slots__ = ("record",)

    record: FetchedRecord


class _DaemonThread(WorkerThread):
    """A thread that keeps no process from ending. Faust waits for its end without a bound, and blocks the main thread
    meanwhile.
    """

    def __init__(self, service: ServiceThread, **options: Any) -> None:
        super().__init__(service, **options)
        self.daemon = True

    def stop(self) -> None:
        self.is_stopped.wait(THREAD_STOP_SECONDS)


class _Thread(AIOKafkaConsumerThread):
    """The thread that the consumer runs in. `signatures`, which the main thread sets: by which records count as
    signed.
    """

    Worker = _DaemonThread
    signatures: Signatures | None = None

    def _create_worker_consumer(self, transport: FaustTransport) -> Consumer:
        settings: Settings = self.app.settings  # type: ignore[attr-defined]  # an AnalyticsApp's
        session_ms = int(settings.kafka_session_timeout_seconds * 1000)
        instance = f"{settings.instance}-{ANALYTICS_GROUP}" if settings.instance else None
        return MemberConsumer(
            # Made in this thread: a provider of tokens belongs to the loop in which it is made.
            **consumer_options(settings),
            group_id=self.app.conf.id,
            group_instance_id=instance,
            partition_assignment_strategy=[self.app.assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=min(int(HEARTBEAT_SECONDS * 1000), session_ms // 4),
            rebalance_timeout_ms=REBALANCE_TIMEOUT_MS,
            max_poll_interval_ms=300_000,
            fetch_max_bytes=MAX_FETCH_BYTES,
            max_partition_fetch_bytes=MAX_PARTITION_FETCH_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )

    async def _fetch_records(
        self,
        consumer: Consumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109  # as in Faust
        max_records: int | None = None,
    ) -> Mapping[TP, list[FetchedRecord]]:
        """Faust asks aiokafka's fetcher, past what our consumer does for each fetch."""
        if not self.consumer.flow_active or not active_partitions:
            return {}
        consumer.signatures = self.signatures
        records = await consumer.getmany(
            *map(ensure_aiokafka_TP, active_partitions),
            timeout_ms=int((timeout or 0) * 1000),
            max_records=max_records,
        )
        return {TP(*place): list(fetched) for place, fetched in records.items()}


class _Consumer(FaustConsumer):
    def _new_consumer_thread(self) -> _Thread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    def recognize(self, signatures: Signatures) -> None:
        """By which records count as signed from now on."""
        self._thread.signatures = signatures  # type: ignore[attr-defined]  # our thread

    def _to_message(self, tp: TP, record: FetchedRecord) -> RecordMessage:
        message = RecordMessage(
            record.topic,
            record.partition,
            record.offset,
            record.timestamp / 1000,
            0,
            list(record.headers),
            record.key,
            record.value,
            None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )
        message.record = record
        return message


class _Producer(FaustProducer):
    """Faust sends nothing here, but it starts one."""

    def _settings_default(self) -> Mapping[str, Any]:
        settings: Settings = self.app.settings  # type: ignore[attr-defined]  # an AnalyticsApp's
        return client_options(settings)

    def _settings_auth(self) -> Mapping[str, Any]:
        return {}  # among the above

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


class Transport(FaustTransport):
    """Faust's, with these."""

    Consumer = _Consumer
    Producer = _Producer
