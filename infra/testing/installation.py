"""An installation in memory, which handles a command through decider, sagas and read models in milliseconds:

    async with installation(context) as annals:
        outcome = await annals.send(BookShipment(shipment_id="s-1", order_id="o-1", carrier="post"))
        assert outcome.status == "accepted"
        assert annals.read_model("shipments")["s-1"]["status"] == "booked"
        await annals.let_pass(3600)  # deadlines too

The lanes are those that run in production; only Kafka, Postgres and Redis are in memory. What they do about crashes,
late answers and several owners is not seen here: each is held by one owner, and every call is answered at once.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID, uuid5

from contracts.catalogue import catalogue, stored_events
from contracts.envelope import CommandEnvelope, rfc3339
from contracts.message import Command, Event
from contracts.outcome import Outcome
from contracts.partitioner import partition_for
from infra.testing.lanes import TOPICS, Servers
from infra.testing.read_models import NotThere, ReadModel
from workers.contexts import load
from workers.core.context import Context
from workers.ports.log import OutboundRecord
from workers.ports.outcomes import CommandKey
from workers.ports.parked import ParkedStream
from workers.ports.sagas import InstanceKey

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
IDS = UUID("1f0f1c0e-7d8a-5a52-8f5e-3a1a53ce52c8")
MAX_DOCUMENTS = 1_000_000

Result = TypeVar("Result")


class StreamParked(AssertionError):
    """The code of a read model or a saga cannot apply an event: in production the stream would wait for a fix."""

    def __init__(self, parked: ParkedStream) -> None:
        super().__init__(
            f"{parked.follower} cannot apply {parked.event_type} of the stream {parked.stream_id}: {parked.error}"
        )
        self.parked = parked


class SagaInstance(NamedTuple):
    """One instance of a saga: its status, and the facts that it has recorded."""

    status: str
    facts: Mapping[str, Any]


class Installation:
    """Contexts at work. `now` is the time of day, which stands still but for `let_pass`."""

    def __init__(self, contexts: Mapping[str, Context], partitions: int) -> None:
        self.now: datetime = BEGIN
        self.contexts = contexts
        self._partitions = partitions
        self._servers = Servers(contexts, partitions, lambda: self.now)
        self._sent = 0

    async def start(self) -> None:
        """Acquire all lanes."""
        await self._servers.start()

    async def stop(self) -> None:
        """Release all lanes."""
        await self._servers.stop()

    async def send(
        self,
        command: Command,
        *,
        command_id: str | None = None,
        expected_version: int | None = None,
        expires_at: datetime | None = None,
        actor: str | None = None,
    ) -> Outcome:
        """Send a command and let everything happen that follows from it; returns its outcome.

        Without a `command_id` it is a command of its own, however often the same is sent. Raises StreamParked,
        NotThere for a command of a context that is not at work, and NeverAtRest.
        """
        if command.context not in self.contexts:
            raise NotThere("context", command.context, self.contexts)
        self._sent += 1
        command_id = command_id or str(uuid5(IDS, str(self._sent)))
        envelope = CommandEnvelope(
            id=command_id,
            type=command.type,
            source="/testing",
            subject=command.stream_id,
            time=rfc3339(self.now),
            correlation_id=command_id,
            causation_id=command_id,
            actor=actor,
            expected_version=expected_version,
            expires_at=expires_at,
        )
        key = command.stream_id.encode()
        record = OutboundRecord(key, command.to_json(), envelope.to_headers())
        topic, partition = TOPICS.commands(command.context), partition_for(key, self._partitions)
        self._servers.broker.append(topic, partition, [record])
        await self.settle()
        stored = self._servers.table.outcome(CommandKey(command.context, command.stream_id, command_id))
        assert stored is not None, f"{command.type} has no outcome: it is a dead letter"
        return Outcome.model_validate_json(stored)

    async def let_pass(self, seconds: float) -> None:
        """Let time go on, and happen what was due at its end: deadlines pass. Raises StreamParked and NeverAtRest."""
        if seconds < 0:
            raise ValueError(f"time can't go back by {-seconds} s")
        self.now += timedelta(seconds=seconds)
        self._servers.clock.advance(seconds)
        await self.settle()

    async def settle(self) -> None:
        """Let everything happen that follows from what was sent. `send` and `let_pass` do it."""
        await self._servers.settle()
        for parked in self._parked():
            raise StreamParked(parked)

    def read_model(self, name: str) -> ReadModel:
        """The documents of a read model. Raises NotThere."""
        projections = {
            projection.name: projection for context in self.contexts.values() for projection in context.projections
        }
        if name not in projections:
            raise NotThere("read model", name, projections)
        return ReadModel(projections[name], self._servers.redis)

    def events(self, context: str, stream_id: str | None = None) -> list[Event]:
        """The events of a stream in their order; without an id those of all streams of the context, lane by lane."""
        table, reader = self._servers.table, stored_events()
        if stream_id is None:
            rows = [row for (name, _), rows in sorted(table.events.items()) if name == context for row in rows]
        else:
            rows = list(table.streams.get((context, stream_id), ()))
        return [
            event for row in rows for event in reader.read(f"{row.context}.{row.type}.v{row.schema_version}", row.data)
        ]

    def commands(self, context: str) -> list[Command]:
        """The commands that were sent to a context by whomever, in their order in each lane: also to one that is not at
        work, where they wait.
        """
        broker, models = self._servers.broker, catalogue().commands
        commands = []
        for log in broker.topics.get(TOPICS.commands(context), ()):
            for record in log.read(log.start, log.end - log.start):
                wire_type = dict(record.headers)["ce_type"].decode()
                commands.append(models[wire_type].model_validate_json(record.value or b""))
        return commands

    def saga(self, name: str, instance_id: str) -> SagaInstance:
        """An instance of a saga. Raises NotThere."""
        row = self._servers.table.sagas.get(InstanceKey(name, instance_id))
        if row is None:
            instances = [key.instance_id for key in self._servers.table.sagas if key.saga == name]
            raise NotThere(f"instance of the saga {name}", instance_id, instances)
        return SagaInstance(row.status, json.loads(row.state))

    def _parked(self) -> Sequence[ParkedStream]:
        by_sagas = [row for rows in self._servers.table.parked_streams.values() for row in rows.values()]
        by_projections = [
            row for key, rows in self._servers.redis.hashes.items() if key[0] == "parked" for row in rows.values()
        ]
        return [*by_sagas, *by_projections]


@asynccontextmanager
async def installation(*contexts: Context, partitions: int = 1) -> AsyncIterator[Installation]:
    """These contexts at work, in memory, and the installed ones whose events they follow; without any, all that are
    installed. With more `partitions` streams are spread over lanes, as in production.
    """
    at_work = Installation(_with_followed(contexts), partitions)
    await at_work.start()
    try:
        yield at_work
    finally:
        await at_work.stop()


def _with_followed(contexts: Sequence[Context]) -> dict[str, Context]:
    """The contexts by name, together with those whose events they follow, and so on."""
    chosen = {context.name: context for context in contexts or load().values()}
    to_come = list(chosen.values())
    while to_come:
        context = to_come.pop()
        names = {name for saga in context.sagas for name in saga.contexts}
        names |= {name for projection in context.projections for _, name in projection.fed_by()}
        for name in sorted(names - chosen.keys()):
            if name not in load():
                raise NotThere("context", name, load())
            chosen[name] = load()[name]
            to_come.append(chosen[name])
    return dict(sorted(chosen.items()))
