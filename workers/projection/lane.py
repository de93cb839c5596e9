"""One lane of a projection: one partition of a context's log into one read model.

Delivery: an event is applied once in effect. Documents, indexes and the checkpoint change in one transaction of the
store, and only if the checkpoint is still the one that this lane left there; so neither a repeat, nor a second owner,
nor an answer that was lost can apply an event twice or skip one. When the stored checkpoint is another, whatever the
reason (the store was emptied, restored, switched to another generation, or written by another owner), the lane goes on
from there. An event that the projection's code cannot take parks its stream; the others go on.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from contracts.message import Event
from contracts.topics import Topics
from workers import telemetry
from workers.core.projection import Projection
from workers.fingerprint import fingerprint
from workers.lanes.sequenced import SequencedEvents, Stretch
from workers.lanes.work import Restart
from workers.parking import within_bounds
from workers.ports.event_store import EventTable
from workers.ports.lanes import Interruption
from workers.ports.log import InboundRecord
from workers.ports.parked import ParkedStream
from workers.ports.read_models import START, Checkpoint, CheckpointMoved, Generation, ReadModelBatch, ReadModelWriter
from workers.projection.folding import Folded, fold
from workers.projection.mending import mended

log = structlog.get_logger(__name__)


class ProjectionLane:
    """`LaneWork` for one projection on one partition of its context's events.

    It keeps the live generation up to date, whichever that is; or `building`, when one is named, live or not.
    """

    # The checkpoint's sequence is what counts; its offset is a place to begin, in whatever topic there is.
    topic_id = ""
    can_read_the_table = True
    is_interrupted = False

    def __init__(
        self,
        projection: Projection,
        topics: Topics,
        partition: int,
        models: Mapping[str, type[Event]],
        table: EventTable,
        store: ReadModelWriter,
        building: Generation | None = None,
    ) -> None:
        self._projection = projection
        self._topic = topics.events(projection.context)
        self._partition = partition
        self._models = models
        self._table = table
        self._store = store
        self._building = building
        self._generation = building or Generation(projection.name)
        self._input = SequencedEvents("projection", projection.context, partition, models, table)
        self._fingerprint = fingerprint(projection.evolve, projection.indexes)
        self._checkpoint = START
        self._leftovers = False
        self._waiting: dict[str, ParkedStream] = {}

    async def take(self) -> int:
        name = self._projection.name
        before = (self._generation, self._checkpoint)
        self._generation = self._building or await self._store.live(name)
        stored = await self._stored_checkpoint()
        if stored == START and before[0] == self._generation and before[1] != START:
            telemetry.REBUILDS.labels(name).inc()
            log.warning("read model is gone; rebuilding", projection=name, partition=self._partition)
        self._say_if_outdated(stored)
        # Documents without a checkpoint are left from before: they must be compared, not just overwritten.
        self._leftovers = stored == START and not await self._store.is_empty(self._generation)
        parked = await self._store.parked(self._generation, self._topic, self._partition)
        self._waiting = {each.stream_id: each for each in parked}
        self._checkpoint = stored
        self._input.position = stored.sequence
        return stored.offset

    async def rebase(self, offset: int, topic_id: str, interruption: Interruption | None) -> None:
        """The next checkpoint has the new offset."""

    async def examine(self) -> None:
        """Looked at with each idle look."""

    def _say_if_outdated(self, stored: Checkpoint) -> None:
        name = self._projection.name
        outdated = stored.built_by not in ("", self._fingerprint)
        telemetry.OUTDATED.labels(name, str(self._partition)).set(outdated)
        if outdated:
            log.warning(
                "the projection's code has changed since its read model was begun",
                projection=name,
                partition=self._partition,
                generation=self._generation.number,
                advice=f"build it anew: annals projections rebuild {name}, then diff and switch",
            )

    async def handle(self, records: Sequence[InboundRecord]) -> None:
        async for stretch in self._input.read(records):
            if stretch.events:
                await self._apply(stretch)
        await self._mend()

    async def _apply(self, stretch: Stretch) -> None:
        events = stretch.events
        # A stream's first event has no document before it, so there is none to fetch.
        first = {recorded.stream_id: recorded.stream_version for recorded in reversed(events)}
        existing = [stream_id for stream_id, version in first.items() if version > 1 or self._leftovers]
        stored = await self._store.documents(self._generation, existing) if existing else {}
        folded = fold(self._projection, events, stored, self._waiting.keys())
        built_by = self._fingerprint if self._checkpoint == START else self._checkpoint.built_by
        await self._commit(folded, Checkpoint(events[-1].sequence, stretch.next_offset, built_by))
        telemetry.PROJECTED.labels(self._projection.name).inc(len(events))
        age_seconds = time.time() - datetime.fromisoformat(events[-1].recorded_at).timestamp()
        self._note(max(age_seconds, 0.0))

    def _note(self, staleness_seconds: float) -> None:
        name, partition = self._projection.name, str(self._partition)
        telemetry.STALENESS.labels(name, partition).set(staleness_seconds)
        telemetry.WAITING.labels(name, self._topic, partition).set(len(self._waiting))

    async def _commit(self, folded: Folded, checkpoint: Checkpoint, unparked: Sequence[str] = ()) -> None:
        documents, added, removed, parked = folded
        left = {each: waits for each, waits in self._waiting.items() if each not in unparked}
        within_bounds(self._projection.name, left, parked)
        batch = ReadModelBatch(
            self._generation,
            self._topic,
            self._partition,
            self._checkpoint,
            checkpoint,
            documents,
            added,
            removed,
            parked,
            unparked,
            only_if_live=self._building is None,
        )
        try:
            await self._store.commit(batch)
        except CheckpointMoved as error:
            raise Restart("the read model's checkpoint was moved by another") from error
        self._checkpoint = checkpoint
        self._waiting = left | {each.stream_id: each for each in parked}
        for each in parked:
            telemetry.PARKED.labels(each.follower, self._topic).inc()
            log.error("stream parked", **each._asdict(), advice="mend the code, then: annals parked retry")

    async def _mend(self) -> None:
        """Do what operators ask for, as long as anything is parked."""
        if not self._waiting:
            return
        for wish in await self._store.wishes(self._generation, self._topic, self._partition):
            parked = self._waiting.get(wish.stream_id)
            if parked is not None:
                stored = await self._store.documents(self._generation, [wish.stream_id])
                folded = await mended(
                    self._projection, parked, wish, stored, self._table, self._models, self._checkpoint.sequence
                )
                still = {each.stream_id for each in folded.parked}
                await self._commit(folded, self._checkpoint, [each for each in [wish.stream_id] if each not in still])
                log.info("parked stream", asked=wish.action, stream_id=wish.stream_id, waits_still=bool(still))

    async def idle(self) -> None:
        """An emptied, restored or switched store is noticed even when nothing happens; and so are wishes."""
        if self._building is None and await self._store.live(self._projection.name) != self._generation:
            raise Restart("another generation of the read model is live")
        if await self._stored_checkpoint() != self._checkpoint:
            raise Restart("the read model's checkpoint has changed without us")
        if unpublished := await self._input.unpublished():
            await self._apply(Stretch(unpublished, self._checkpoint.offset))
        await self._mend()
        self._note(0.0)

    async def _stored_checkpoint(self) -> Checkpoint:
        return await self._store.checkpoint(self._generation, self._topic, self._partition)

    async def leave(self) -> None:
        """The checkpoint in the store is all there is."""

    def drop(self) -> None:
        """Nothing is in flight between batches."""
