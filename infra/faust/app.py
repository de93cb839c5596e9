"""The Faust app of analytics."""

from typing import Any

import faust

from contracts.signatures import Signatures
from infra.faust.transport import Transport
from infra.kafka.groups import ANALYTICS_GROUP
from infra.settings import Settings

STREAM_BUFFER = 4096
REQUEST_SECONDS = 15.0


class AnalyticsApp(faust.App):
    """A Faust app that reaches Kafka by these settings, has no files, no web server, and makes no topics."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        session = settings.kafka_session_timeout_seconds
        super().__init__(
            f"{settings.topic_prefix}{ANALYTICS_GROUP}",
            broker=[f"kafka://{server.strip()}" for server in (settings.kafka_bootstrap_servers or "").split(",")],
            autodiscover=False,
            store="memory://",
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            topic_partitions=settings.partitions,
            broker_session_timeout=session,
            broker_heartbeat_interval=session / 4,
            broker_request_timeout=max(REQUEST_SECONDS, session + 1),
            stream_buffer_maxsize=STREAM_BUFFER,
            stream_wait_empty=False,
            stream_recovery_delay=0.0,
            table_standby_replicas=0,
            key_serializer="raw",
            value_serializer="raw",
        )
        self.transport = Transport(self.conf.broker_consumer, self)
        self.producer_transport = Transport(self.conf.broker_producer, self)

    def recognize(self, signatures: Signatures) -> None:
        """By which records count as signed from now on."""
        consumer: Any = self.consumer
        consumer.recognize(signatures)

    @property
    def is_following(self) -> bool:
        """Whether the tables are read, and the events of the assigned partitions are given to the agent."""
        tables: Any = self.tables
        return self.started and not self.rebalancing and tables.recovery.completed.is_set()

    @property
    def recovered_to(self) -> int:
        """A number that changes while tables are read from their changelog."""
        tables: Any = self.tables
        return sum(offset or 0 for offset in tables.recovery.active_offsets.values())

    def _create_directories(self) -> None:
        """Nothing is kept in files: the root of a container may be read-only."""
