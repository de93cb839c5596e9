"""One lane of a projection: one partition of a context's event log into one read model.

Delivery: an event takes effect once. Documents, indexes and the checkpoint change in one transaction of the store, and
only if the checkpoint is still the one that this lane has left there. So neither a repeat, nor a second owner, nor a
lost answer can apply an event twice or skip one. If the stored checkpoint is another, for whatever reason (the store
was emptied, restored, switched to another generation, or written by another owner), the lane continues from there.

What the store loses beside the checkpoint is noticed and rebuilt from the table (integrity.py). The lane does not work
on a server that may evict keys. An event on which the projection's code fails parks its stream; the others go on.
"""

import time
from collections.abc import Sequence
from datetime import datetime

import orjson
import structlog

from contracts.stored_events import StoredEvents
from contracts.topics import Topics
from workers import telemetry
from workers.core.projection import Projection
from workers.lanes.sequenced import SequencedEvents, Stretch
from workers.lanes.work import Restart
from workers.ports.clock import Clock
from workers.ports.event_store import StreamTable
from workers.ports.lanes import Interruption
from workers.ports.log import InboundRecord
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.ports.read_models import LEFTOVERS, START, Checkpoint, Generation, ReadModelWriter, ServerSigns
from workers.projection.folding import Folded, fold
from workers.projection.part import Part
from workers.projection.rebuilding import written_whole
from workers.projection.restoring import Restoring
from workers.projection.unparking import unpark

log = structlog.get_logger(__name__)


class ProjectionLane:
    """`LaneWork` for one projection on one partition of its context's events.

    It keeps the live generation up to date, whichever that is; or the generation `building`, live or not.
    """

    # The sequence of the checkpoint counts. Its offset is only where to start reading, in whatever topic there is.
    topic_id = ""
    last_timestamp = 0
    can_read_the_table = True
    is_interrupted = False
    required_types: frozenset[str] = frozenset()

    def __init__(
        self,
        projection: Projection,
        topics: Topics,
        partition: int,
        models: StoredEvents,
        table: StreamTable,
        store: ReadModelWriter,
        building: Generation | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._projection = projection
        self._topic = topics.events(projection.context)
        self.partition = partition
        self._models = models
        self._table = table
        self._store = store
        self._input = SequencedEvents("projection", projection.context, partition, models, table)
        self._part = Part(projection, self._topic, partition, store, building)
        self._restoring = Restoring(projection, self._part, models, table, store, clock)
        self._leftovers = False

    async def acquire(self) -> int:
        await self._restoring.ask_server()
        name, part = self._projection.name, self._part
        before = (part.generation, part.checkpoint)
        part.generation = await part.live()
        stored = await part.stored()
        if stored == START and before[0] == part.generation and before[1] != START:
            telemetry.REBUILDS.labels(name).inc()
            log.warning("the read model is gone; it is rebuilt", projection=name, partition=self.partition)
        part.say_if_outdated(stored, self._restoring.code)
        if stored.sequence and not await self._is_in_table(stored):
            stored = await self._start_over(stored)
        unchanged = stored != START and before == (part.generation, stored)
        # Documents without a checkpoint are leftovers: they must be compared, not just overwritten.
        self._leftovers = stored.over_leftovers or (stored == START and not await self._store.is_empty(part.generation))
        part.checkpoint = stored
        self._input.position = stored.sequence
        await self._restoring.begin(await part.parked(), unchanged=unchanged)
        return stored.offset

    async def _is_in_table(self, stored: Checkpoint) -> bool:
        """Whether the table has the last event that the checkpoint says was applied."""
        return bool(await self._table.events_after(self._projection.context, self.partition, stored.sequence - 1, 1))

    async def _start_over(self, stored: Checkpoint) -> Checkpoint:
        """The checkpoint is not of this table: the table was restored, or something else has written the checkpoint.
        The events that the table adds up to it would be missing, and readers would take them for applied.
        """
        log.error(
            "the read model's checkpoint is ahead of the table; the lane starts over",
            projection=self._projection.name,
            partition=self.partition,
            sequence=stored.sequence,
        )
        self._part.checkpoint = stored
        await self._restoring.commit(Folded({}, (), (), ()), Checkpoint(0, 0, self._restoring.code + LEFTOVERS))
        return self._part.checkpoint

    async def rebase(self, offset: int, topic_id: str, interruption: Interruption | None) -> None:
        """The next checkpoint has the new offset."""

    async def examine(self) -> None:
        """Nothing to do: `idle` compares the checkpoint."""

    async def handle(self, records: Sequence[InboundRecord]) -> None:
        async for stretch in self._input.read(records):
            if stretch.events:
                await self._apply(stretch)
        await self._handle_requests()
        await self._restoring.check()

    async def _apply(self, stretch: Stretch) -> None:
        events, part = stretch.events, self._part
        # A stream's first event has no document before it, so there is none to fetch.
        first = {recorded.stream_id: recorded.stream_version for recorded in reversed(events)}
        existing = [stream_id for stream_id, version in first.items() if version > 1 or self._leftovers]
        stored = await self._store.documents(part.generation, existing) if existing else {}
        if len(stored) < len(existing):
            lacking = [stream_id for stream_id in existing if stream_id not in stored and first[stream_id] > 1]
            if await self._restoring.restore(lacking):
                stored = await self._store.documents(part.generation, existing)
        if stored and await self._restoring.set_back(stored, first):
            stored = await self._store.documents(part.generation, existing)
        folded = fold(self._projection, events, stored, part.waiting.keys())
        if self._leftovers:
            folded = self._whole(folded)
        built_by = part.checkpoint.built_by
        if part.checkpoint == START:
            built_by = self._restoring.code + LEFTOVERS * self._leftovers
        await self._restoring.commit(folded, Checkpoint(events[-1].sequence, stretch.next_offset, built_by))
        telemetry.PROJECTED.labels(self._projection.name).inc(len(events))
        age_seconds = time.time() - datetime.fromisoformat(events[-1].recorded_at).timestamp()
        self._note(max(age_seconds, 0.0))

    def _whole(self, folded: Folded) -> Folded:
        """With all index entries of each document: a leftover document may lack some."""
        documents = {
            document_id: orjson.loads(document) for document_id, document in folded.documents.items() if document
        }
        return folded._replace(added=written_whole(self._projection, documents).added)

    def _note(self, staleness_seconds: float) -> None:
        name, partition = self._projection.name, str(self.partition)
        telemetry.STALENESS.labels(name, partition).set(staleness_seconds)
        telemetry.WAITING.labels(name, self._topic, partition).set(len(self._part.waiting))

    async def _handle_requests(self) -> None:
        """Do what operators have requested for parked streams."""
        part = self._part
        if not part.waiting:
            return
        for request in await self._store.parked_requests(part.generation, self._topic, self.partition):
            parked = part.waiting.get(request.stream_id)
            if parked is not None:
                await self._handle_request(parked, request)

    async def _handle_request(self, parked: ParkedStream, request: ParkedStreamRequest) -> None:
        part = self._part
        await self._restoring.restore_waiting(parked)
        stored = await self._store.documents(part.generation, [request.stream_id])
        folded = await unpark(
            self._projection, parked, request, stored, self._table, self._models, part.checkpoint.sequence
        )
        is_parked = any(stream.stream_id == request.stream_id for stream in folded.parked)
        unparked = () if is_parked else (request.stream_id,)
        await self._restoring.commit(folded, part.touched_checkpoint, unparked)
        log.info("parked stream", requested=request.action, stream_id=request.stream_id, still_parked=is_parked)

    async def idle(self) -> None:
        """Without records: notice a store that was emptied, restored or switched, and operators' requests."""
        part = self._part
        if await part.live() != part.generation:
            raise Restart("another generation of the read model is live")
        if await part.stored() != part.checkpoint:
            raise Restart("another has changed the read model's checkpoint")
        if unpublished := await self._input.unpublished():
            await self._apply(Stretch(unpublished, part.checkpoint.offset))
        await self._handle_requests()
        if self._leftovers:
            await self._finish_leftovers()
        await self._restoring.check()
        self._note(0.0)

    async def _finish_leftovers(self) -> None:
        """Once the lane has applied every event of the table, no document is a leftover."""
        part = self._part
        context, sequence = self._projection.context, part.checkpoint.sequence
        if part.checkpoint != START and not await self._table.events_after(context, self.partition, sequence, 1):
            whole = part.checkpoint._replace(built_by=part.checkpoint.code)
            await self._restoring.commit(Folded({}, (), (), ()), whole)
            self._leftovers = False

    @property
    def sequence(self) -> int:
        """The sequence of the last event that was read."""
        return self._input.position

    def note_signs(self, signs: ServerSigns | None) -> None:
        """The signs that the store's server reports now."""
        self._restoring.note_signs(signs)

    def is_at_rest(self, live: Generation, stored: Checkpoint) -> bool:
        """Whether `idle` would find nothing but events of the table, if these are the live generation and the stored
        checkpoint.
        """
        part = self._part
        is_unchanged = (live, stored) == (part.generation, part.checkpoint)
        return is_unchanged and not part.waiting and not self._leftovers and self._restoring.is_at_rest

    async def release(self) -> None:
        """Nothing to do: the checkpoint is in the store."""

    def abandon(self) -> None:
        """Nothing to do: nothing is in flight between batches."""
