"""One lane of a projection: one partition of a context's log into one read model.

Delivery: an event is applied once in effect. Documents, indexes and the checkpoint change in one transaction of the
store, and only if the checkpoint is still the one that this lane left there; so neither a repeat, nor a second owner,
nor an answer that was lost can apply an event twice or skip one. When the stored checkpoint is another, whatever the
reason (the store was emptied, restored, or written by another owner), the lane goes on from there.
"""

from collections.abc import Mapping, Sequence

import structlog

from contracts.message import Event
from contracts.topics import Topics
from workers import telemetry
from workers.core.projection import Projection
from workers.lanes.sequenced import EventTable, SequencedEvents, Stretch
from workers.lanes.work import Restart
from workers.ports.log import InboundRecord
from workers.ports.read_models import START, Checkpoint, CheckpointMoved, ReadModelBatch, ReadModelWriter
from workers.projection.folding import fold

log = structlog.get_logger(__name__)


class ProjectionLane:
    """`LaneWork` for one projection on one partition of its context's events."""

    def __init__(
        self,
        projection: Projection,
        topics: Topics,
        partition: int,
        models: Mapping[str, type[Event]],
        table: EventTable,
        store: ReadModelWriter,
    ) -> None:
        self._projection = projection
        self._topic = topics.events(projection.context)
        self._partition = partition
        self._store = store
        self._input = SequencedEvents("projection", projection.context, partition, models, table)
        self._checkpoint = START
        self._leftovers = False

    async def take(self) -> int:
        stored = await self._stored_checkpoint()
        if stored == START and self._checkpoint != START:
            telemetry.REBUILDS.labels(self._projection.name).inc()
            log.warning("read model is gone; rebuilding", projection=self._projection.name, partition=self._partition)
        # Documents without a checkpoint are left from before: they must be compared, not just overwritten.
        self._leftovers = stored == START and not await self._store.is_empty(self._projection.name)
        self._checkpoint = stored
        self._input.position = stored.sequence
        return stored.offset

    async def handle(self, records: Sequence[InboundRecord]) -> None:
        async for stretch in self._input.read(records):
            if stretch.events:
                await self._apply(stretch)

    async def _apply(self, stretch: Stretch) -> None:
        events = stretch.events
        name = self._projection.name
        # A stream's first event has no document before it, so there is none to fetch.
        first = {recorded.stream_id: recorded.stream_version for recorded in reversed(events)}
        existing = [stream_id for stream_id, version in first.items() if version > 1 or self._leftovers]
        stored = await self._store.documents(name, existing) if existing else {}
        folded = fold(self._projection, events, stored)
        checkpoint = Checkpoint(events[-1].sequence, stretch.next_offset)
        batch = ReadModelBatch(name, self._topic, self._partition, self._checkpoint, checkpoint, *folded)
        try:
            await self._store.commit(batch)
        except CheckpointMoved as error:
            raise Restart("the read model's checkpoint was moved by another") from error
        self._checkpoint = checkpoint
        telemetry.PROJECTED.labels(name).inc(len(events))

    async def idle(self) -> None:
        """An emptied or restored store is noticed even when nothing happens."""
        if await self._stored_checkpoint() != self._checkpoint:
            raise Restart("the read model's checkpoint has changed without us")

    async def _stored_checkpoint(self) -> Checkpoint:
        return await self._store.checkpoint(self._projection.name, self._topic, self._partition)

    async def leave(self) -> None:
        """The checkpoint in the store is all there is."""

    def drop(self) -> None:
        """Nothing is in flight between batches."""
