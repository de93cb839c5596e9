"""The past of the system in memory: what it has recorded, as the rows of a database. No saga runs there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from workers.core.recorded import Recorded
from workers.ports.event_store import EventRow
from workers.ports.history import Cause, Correlated
from workers.ports.lanes import Unavailable
from workers.ports.outcomes import CommandKey, OutcomeRow

if TYPE_CHECKING:
    from tests.gateway.in_memory import SystemInMemory


class RecordedHistory:
    """`History` on what a system in memory holds."""

    def __init__(self, system: "SystemInMemory") -> None:
        self._system = system

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        self._reach()
        stream = self._system.streams.get((context, stream_id), [])
        return self._rows(stream[version : version + limit])

    async def stream_end(self, context: str, stream_id: str) -> tuple[int, str] | None:
        self._reach()
        stream = self._system.streams.get((context, stream_id))
        return (stream[-1].stream_version, stream[-1].event.name) if stream else None

    async def causes(self, context: str, stream_id: str, command_ids: Sequence[str]) -> Mapping[str, Cause]:
        self._reach()
        return {
            meta.command_id: Cause(meta.command_id, command.type, meta.causation_id, None, None, None, meta.actor)
            for command, meta in self._system.sent
            if meta.command_id in command_ids
            and CommandKey(context, stream_id, meta.command_id) in self._system.handled
            and (command.context, command.stream_id) == (context, stream_id)
        }

    async def correlated(self, correlation_id: str, limit: int) -> Correlated:
        self._reach()
        commands = [row for row in self._commands() if row.correlation_id == correlation_id]
        events = self._rows([event for event in self._system.log if event.correlation_id == correlation_id])
        rows = (("commands", len(commands)), ("events", len(events)))
        cut = frozenset(kind for kind, count in rows if count > limit)
        return Correlated(commands[:limit], events[:limit], cut=cut)

    def _commands(self) -> list[OutcomeRow]:
        metas = {meta.command_id: meta for _, meta in self._system.sent}
        return [
            OutcomeRow(
                outcome.command_id,
                outcome.type,
                outcome.type.partition(".")[0],
                outcome.stream_id,
                outcome.status,
                outcome.stream_version,
                outcome.partition,
                outcome.sequence,
                [(event.event_id, event.type) for event in outcome.events],
                None if outcome.error is None else outcome.error.model_dump_json().encode(),
                outcome.correlation_id,
                metas[outcome.command_id].causation_id,
                metas[outcome.command_id].actor,
                outcome.handled_at,
                outcome.content_digest,
            )
            for outcome in self._system.handled.values()
        ]

    def _rows(self, recorded: Sequence[Recorded]) -> list[EventRow]:
        outcomes = self._system.handled.values()
        commands = {event.event_id: outcome for outcome in outcomes for event in outcome.events}
        return [
            EventRow(
                event.event.context,
                commands[event.event_id].partition,
                event.sequence,
                event.stream_id,
                event.stream_version,
                event.event_id,
                event.event.name,
                event.event.schema_version,
                event.event.to_json(),
                commands[event.event_id].command_id,
                event.correlation_id,
                commands[event.event_id].command_id,
                event.actor,
                event.traceparent,
                datetime.fromisoformat(event.recorded_at),
            )
            for event in recorded
        ]

    def _reach(self) -> None:
        if "Postgres" in self._system.away:
            raise Unavailable("Postgres", "connection to 10.1.2.3 refused")
