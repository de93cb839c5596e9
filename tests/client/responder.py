"""A command worker of few words: it answers every command with an outcome, as the test says."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Self

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from contracts.client.consumer import Consumer
from contracts.envelope import CommandEnvelope, read_command
from contracts.outcome import Outcome
from contracts.topics import Topics
from infra.kafka.connection import client_options
from infra.settings import Settings


class Responder:
    """Reads all commands from the first one on. `silent` reads and says nothing."""

    def __init__(self, settings: Settings, *, silent: bool = False) -> None:
        self._settings = settings
        self._silent = silent
        self.read: list[tuple[Any, CommandEnvelope]] = []

    async def __aenter__(self) -> Self:
        topics = Topics(self._settings.topic_prefix)
        options = client_options(self._settings)
        self._consumer = Consumer(**options, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest")
        self._producer = AIOKafkaProducer(**options)
        await self._consumer.start()
        commands, partitions = topics.commands("users"), range(self._settings.partitions)
        self._consumer.assign([TopicPartition(commands, partition) for partition in partitions])
        await self._producer.start()
        self._task = asyncio.create_task(self._respond())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})
        await self._consumer.stop()
        await self._producer.stop()
        if not self._task.cancelled():
            self._task.result()  # raises what has ended it

    async def _respond(self) -> None:
        while True:
            fetched = await self._consumer.getmany(timeout_ms=1000)
            for records in fetched.values():
                for record in records:
                    await self._answer(record)

    async def _answer(self, record: Any) -> None:
        envelope = read_command(record.headers, record.key)
        self.read.append((record, envelope))
        if envelope.reply_to is not None and not self._silent:
            topic, _, partition = envelope.reply_to.rpartition(":")
            outcome = outcome_of(envelope)
            with suppress(KafkaTimeoutError):  # the broker is away: who has no answer sends the command again
                await self._producer.send(topic, outcome.to_json(), envelope.id.encode(), int(partition))


def outcome_of(envelope: CommandEnvelope) -> Outcome:
    return Outcome(
        command_id=envelope.id,
        type=envelope.type,
        status="accepted",
        stream_id=envelope.subject,
        stream_version=1,
        partition=0,
        sequence=1,
        events=(),
        error=None,
        correlation_id=envelope.correlation_id,
        handled_at=datetime.now(UTC),
    )
