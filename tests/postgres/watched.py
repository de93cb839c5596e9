"""The event store on Postgres under a command lane whose log and sender are in memory, and what its look-ups gave."""

from collections.abc import Sequence
from typing import Any

from contracts.catalogue import catalogue
from contracts.message import Command
from contracts.outcome import Outcome
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.pool import Database
from tests.command.installation import TOPICS, command_id, record
from tests.lanes.in_memory import LogInMemory, MessageSenderInMemory
from workers.command.command_ports import CommandPorts
from workers.command.lane import CommandLane
from workers.command.snapshots import SNAPSHOT_INTERVAL_EVENTS
from workers.core.context import Context
from workers.core.decider import Decider
from workers.domain import contexts
from workers.ports.event_store import BatchLookup
from workers.ports.outcomes import CommandKey


class Watched(PostgresEventStore):
    """One lane of the users. Each batch is handled by a worker that has just started."""

    def __init__(self, database: Database, snapshot_interval_events: int = SNAPSHOT_INTERVAL_EVENTS) -> None:
        super().__init__(database)
        self.lookups: list[BatchLookup] = []
        self._log = LogInMemory()
        self._interval_events = snapshot_interval_events
        self._handled = 0

    async def look_up(
        self,
        context: str,
        commands: Sequence[tuple[str, str]],
        stream_ids: Sequence[str],
        fingerprint: str | None = None,
    ) -> BatchLookup:
        self.lookups.append(await super().look_up(context, commands, stream_ids, fingerprint))
        return self.lookups[-1]

    async def handle(self, *commands: Command, decider: Decider[Any] | None = None) -> tuple[Outcome, list[int]]:
        """The outcome of the last of these commands, and the number of events of each look-up of the batch."""
        messages, first = catalogue(), self._handled
        ports = CommandPorts(
            store=self,
            log=self._log,
            sender=MessageSenderInMemory(),
            topics=TOPICS,
            partitions=1,
            owner="tester",
            commands=messages.commands,
            events=messages.stored_events(),
            snapshot_interval_events=self._interval_events,
        )
        lane = CommandLane(Context("users", decider or contexts()["users"].decider), 0, ports)
        self.lookups.clear()
        assert await lane.acquire() == first
        await lane.handle([record(command, place) for place, command in enumerate(commands, start=first)])
        await lane.release()
        lane.abandon()
        self._handled += len(commands)
        stored = await self.outcome(CommandKey("users", commands[-1].stream_id, command_id(self._handled - 1)))
        assert stored is not None
        return Outcome.model_validate_json(stored), [len(lookup.events) for lookup in self.lookups]
