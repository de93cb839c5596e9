"""The streams of a lane: what a batch needs of them is looked up, folded and kept.

A stream that is not kept is folded from its snapshot on, or from its first event when there is no snapshot that can be
used. Both ways lead to the same state. One question to the table; a second one only about snapshots found untrue.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.message import Event
from workers import telemetry
from workers.command.reading import Request
from workers.command.snapshots import Snapshots, Untrue, warn_once
from workers.command.streams import StreamCache, Versioned
from workers.core.decider import Decider
from workers.ports.event_store import BatchLookup, EventStore, StoredSnapshot, StreamEvent


class LaneStreams:
    """The streams that one owner of a lane has met. Raises Unavailable where it asks the table."""

    def __init__(
        self,
        context: str,
        decider: Decider[Any],
        store: EventStore,
        events: Mapping[str, type[Event]],
        snapshots: Snapshots,
    ) -> None:
        self._context = context
        self._decider = decider
        self._store = store
        self._events = events
        self._snapshots = snapshots
        self._kept = StreamCache()

    def __contains__(self, stream_id: object) -> bool:
        return stream_id in self._kept

    def of(self, requests: Sequence[Request]) -> dict[str, Versioned]:
        """The streams that these are about, all of them looked up before."""
        return {request.envelope.subject: self._kept.get(request.envelope.subject) for request in requests}

    def keep(self, streams: Mapping[str, Versioned]) -> None:
        """Remember what a batch has led to, once it is committed."""
        for stream_id, stream in streams.items():
            self._kept.keep(stream_id, stream)

    async def look_up(self, requests: Sequence[Request]) -> BatchLookup:
        """What the batch must know; afterwards `of` knows its streams."""
        command_ids = [request.envelope.id for request in requests]
        missing = self._kept.missing({request.envelope.subject for request in requests})
        known = await self._store.look_up(self._context, command_ids, missing, self._snapshots.fingerprint)
        begun, untrue = self._begun(known.snapshots)
        events = known.events
        if untrue:
            again = await self._store.look_up(self._context, [], sorted(untrue))
            events = [*(row for row in events if row.stream_id not in untrue), *again.events]
        folded = dict.fromkeys(missing, Versioned(0, self._decider.initial)) | begun
        for row in events:
            before = folded[row.stream_id]
            state = self._decider.evolve(before.state, self._event(row))
            folded[row.stream_id] = Versioned(row.stream_version, state, before.snapshot_version)
        self.keep(folded)
        return known

    def _begun(self, stored: Sequence[StoredSnapshot]) -> tuple[dict[str, Versioned], set[str]]:
        """Streams as of their snapshots, and those whose snapshot is not true."""
        begun, untrue = {}, set()
        for each in stored:
            try:
                begun[each.stream_id] = self._snapshots.read(each)
            except Untrue as error:
                untrue.add(error.stream_id)
                telemetry.SNAPSHOTS_UNUSABLE.labels(self._context, "reading").inc()
                warn_once(self._context, f"a snapshot is not used: {error.reason}")
        return begun, untrue

    def _event(self, row: StreamEvent) -> Event:
        model = self._events[f"{self._context}.{row.type}.v{row.schema_version}"]
        return model.model_validate_json(row.data)
