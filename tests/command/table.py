"""`EventStore` in memory: what `annals.commit_commands` refuses, this refuses; what it writes, this writes.

A reservation is granted when nobody has it, not even the same stream; settling changes only what is there. Everything
is checked before anything is written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.lanes.in_memory import LaneRows
from workers.ports.event_store import (
    Batch,
    ClaimsRefused,
    EventRow,
    LookedUp,
    OutcomeRow,
    Repeated,
    StreamEvent,
    Unstorable,
)

NOW = datetime(2026, 5, 4, 12, 30, 15, 123456, tzinfo=UTC)
# Text with this in it cannot be stored here.
UNSTORABLE = "unstorable"


@dataclass
class TableInMemory(LaneRows):
    """The truth. `meanwhile`: what other lanes do just before the next commits, one entry a commit."""

    events: list[EventRow] = field(default_factory=list)
    outcomes: dict[str, OutcomeRow] = field(default_factory=dict)
    reservations: dict[tuple[str, str], str] = field(default_factory=dict)
    credentials: dict[str, str] = field(default_factory=dict)
    meanwhile: list[Callable[[], None]] = field(default_factory=list)
    commits: int = 0

    async def look_up(self, context: str, command_ids: Sequence[str], stream_ids: Sequence[str]) -> LookedUp:
        await self.reached()
        outcomes = {each: self.outcomes[each].outcome for each in command_ids if each in self.outcomes}
        events = [
            StreamEvent(row.stream_id, row.stream_version, row.type, row.schema_version, row.data)
            for row in self.events
            if row.context == context and row.stream_id in stream_ids
        ]
        return LookedUp(NOW, outcomes, sorted(events, key=lambda event: (event.stream_id, event.stream_version)))

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        await self.reached()
        found = [row for row in self.lane(context, partition) if row.sequence > sequence]
        return found[:limit]

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        await self.reached()
        found = [row for row in self.events if (row.context, row.stream_id) == (context, stream_id)]
        return [row for row in found if row.stream_version > version][:limit]

    def lane(self, context: str = "users", partition: int = 0) -> list[EventRow]:
        """One lane's events in order."""
        found = [row for row in self.events if (row.context, row.partition) == (context, partition)]
        return sorted(found, key=lambda row: row.sequence)

    async def commit(self, batch: Batch) -> None:
        await self.reached()
        if self.meanwhile:
            self.meanwhile.pop(0)()
        row = self.held(batch.lane, batch.epoch)
        self._check(batch)
        row.consumed, row.sequence, row.mark = batch.consumed, batch.sequence, batch.mark
        self.reservations |= {(scope, key): stream_id for scope, key, stream_id in batch.acquire}
        for scope, key, holder in batch.settle:
            if holder is None:
                self.reservations.pop((scope, key), None)
            elif (scope, key) in self.reservations:
                self.reservations[scope, key] = holder
        self.outcomes |= {outcome.command_id: outcome for outcome in batch.outcomes}
        self.events += batch.events
        for stream_id, secret in batch.credentials:
            self.credentials.pop(stream_id, None)
            if secret is not None:
                self.credentials[stream_id] = secret
        self.commits += 1
        self.journal.append("commit")

    def _check(self, batch: Batch) -> None:
        texts = [event.data.decode() for event in batch.events]
        texts += [secret or "" for _, secret in batch.credentials]
        if any(UNSTORABLE in text for text in texts):
            raise Unstorable("for the test")
        wanted = [(scope, key) for scope, key, _ in batch.acquire]
        refused = frozenset(key for key in wanted if key in self.reservations)
        if refused:
            raise ClaimsRefused(refused)
        ids = [outcome.command_id for outcome in batch.outcomes]
        if len(set(ids)) < len(ids) or not self.outcomes.keys().isdisjoint(ids):
            raise Repeated
        everything = [*self.events, *batch.events]
        places = {(event.context, event.partition, event.sequence) for event in everything}
        versions = {(event.context, event.stream_id, event.stream_version) for event in everything}
        assert len(places) == len(versions) == len(everything), "a place in a lane or in a stream was given twice"
        assert len(set(wanted)) == len(wanted), "a reservation is asked for twice"
