"""Another service on librdkafka alone, by the rules of contracts/README.md: it imports nothing of ours.

It sends a command and waits for its outcome, and reads the events of a partition in the order of their sequences.
"""

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

REPLIES_PARTITION = 0
MOST_HELD = 1_000


class ForeignService:
    """`options`: those of librdkafka that name the servers and the login."""

    def __init__(self, options: Mapping[str, Any], topic_prefix: str) -> None:
        self._options = dict(options)
        self._prefix = topic_prefix
        self._producer = Producer({**self._options, "partitioner": "murmur2_random", "acks": "all"})

    def outcome_of(self, type_: str, stream_id: str, fields: Mapping[str, Any], *, seconds: float = 30) -> Any:
        """Send a command and return its outcome; sent again under the same id when nothing came for a while."""
        replies = self._consumer()
        place = TopicPartition(f"{self._prefix}replies", REPLIES_PARTITION)
        try:
            # The position is fixed before the command is sent, so no reply is missed.
            place.offset = replies.get_watermark_offsets(place, timeout=seconds)[1]
            replies.assign([place])
            command_id, end = str(uuid.uuid4()), time.monotonic() + seconds
            while time.monotonic() < end:
                self._send(command_id, type_, stream_id, fields)
                again_at = min(end, time.monotonic() + 10)
                while time.monotonic() < again_at:
                    message = replies.poll(0.5)
                    if message is not None and not message.error() and message.key() == command_id.encode():
                        return json.loads(message.value() or b"")
        finally:
            replies.close()
        raise TimeoutError(f"command {command_id} has no outcome")

    def _send(self, command_id: str, type_: str, stream_id: str, fields: Mapping[str, Any]) -> None:
        headers = {
            "ce_specversion": "1.0",
            "ce_id": command_id,
            "ce_type": type_,
            "ce_source": "/foreign",
            "ce_subject": stream_id,
            "ce_time": datetime.now(UTC).isoformat(),
            "content-type": "application/json",
            "ce_replyto": f"{self._prefix}replies:{REPLIES_PARTITION}",
        }
        context = type_.partition(".")[0]
        self._producer.produce(
            f"{self._prefix}{context}.commands", json.dumps(fields).encode(), stream_id, headers=list(headers.items())
        )
        if self._producer.flush(10):
            raise TimeoutError("Kafka has not acknowledged the command")

    def events(
        self, context: str, partition: int, sequence: int = 0, offset: int = 0, *, seconds: float = 90
    ) -> Iterator[tuple[int, int, Any]]:
        """Sequence, next offset and message of each event behind this position, in order, for so many seconds.

        The next offset is not behind what is held back, so a service that stores it loses nothing.
        """
        consumer, held = self._consumer(), dict[int, Any]()
        consumer.assign([TopicPartition(f"{self._prefix}{context}.events", partition, offset)])
        try:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                message: Any = consumer.poll(0.5)
                if message is None or message.error():
                    continue
                stated = dict(message.headers() or []).get("ce_sequence") or b""
                if not stated.isdigit():
                    continue  # no event
                if int(stated) > sequence:
                    held[int(stated)] = message
                    if len(held) > MOST_HELD:
                        raise RuntimeError(f"the log lacks events from {sequence + 1} on")
                following = message.offset() + 1
                while (event := held.pop(sequence + 1, None)) is not None:
                    sequence += 1
                    yield sequence, min([following, *(kept.offset() for kept in held.values())]), event
        finally:
            consumer.close()

    def _consumer(self) -> Consumer:
        own = {"group.id": uuid.uuid4().hex, "enable.auto.commit": False, "auto.offset.reset": "earliest"}
        return Consumer({**self._options, **own})
