"""Sends what leaves a command lane in addition to events: replies, dead letters and misdirected commands.

Delivery is at least once. Dead letters and misdirected commands are acknowledged before their batch is committed, so
none is lost; replies are sent after the commit and not waited for, as the outcome can be queried.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog

from contracts.topics import Topics
from workers import telemetry
from workers.command.answering import dead_letter, replies
from workers.command.batch_decision import Answer
from workers.command.directing import redirected
from workers.command.reading import DeadLetter, Request
from workers.ports.log import MessageSender, OutboundRecord

log = structlog.get_logger(__name__)


class LaneMessages:
    """The messages of one lane. `input_topic` is the topic of its commands; all topics have `partitions` partitions."""

    def __init__(self, sender: MessageSender, topics: Topics, input_topic: str, partitions: int) -> None:
        self._sender = sender
        self._topics = topics
        self._input_topic = input_topic
        self._partitions = partitions
        # Offsets in the current batch whose records were sent elsewhere: not again if the batch is decided again.
        self._sent_offsets: set[int] = set()

    def begin_batch(self) -> None:
        """Forget what was sent for the last batch."""
        self._sent_offsets.clear()

    async def send_elsewhere(
        self, letters: Sequence[DeadLetter], misdirected: Sequence[Request], now: datetime
    ) -> None:
        """Send dead letters and misdirected commands, each once in a batch. Raises Unavailable."""
        letters = [letter for letter in letters if letter.record.offset not in self._sent_offsets]
        misdirected = [request for request in misdirected if request.record.offset not in self._sent_offsets]
        messages: list[tuple[str, int | None, OutboundRecord]] = [dead_letter(letter, now) for letter in letters]
        messages += [redirected(request, self._input_topic, self._partitions) for request in misdirected]
        if messages:
            await self._sender.send(messages)
        for letter in letters:
            record = letter.record
            self._sent_offsets.add(record.offset)
            telemetry.DEAD_LETTERS.labels(record.topic, letter.reason).inc()
            log.warning(
                "dead letter",
                reason=letter.reason,
                explanation=letter.explanation,
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
            )
        if misdirected:
            self._sent_offsets.update(request.record.offset for request in misdirected)
            telemetry.REDIRECTED.labels(self._input_topic).inc(len(misdirected))

    async def reply(self, answers: Sequence[Answer], now: datetime) -> None:
        """Send the replies of a committed batch."""
        for partition, records in replies(answers, self._topics, self._partitions, now).items():
            await self._sender.send_nowait(self._topics.replies, partition, records)
