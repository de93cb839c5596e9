"""One lane of a section: one partition of a context's event log into its own part of a projection's documents.

Delivery: an event takes effect once. The lane alone writes its values, in the transaction that moves its checkpoint,
and only if the checkpoint is still the one that it has left there. So neither a repeat, nor a second owner, nor a lost
answer counts an event twice or skips one; and lanes of other contexts, which write to the same documents, do not meet.

What the store loses beside the checkpoint is noticed and folded again from the table (section_integrity.py). An event
on which the section's code fails parks its stream; the others go on.
"""

import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from itertools import chain

import structlog

from contracts.stored_events import StoredEvents
from contracts.topics import Topics
from workers import telemetry
from workers.core.projection import Projection, Section
from workers.core.recorded import Recorded
from workers.lanes.sequenced import SequencedEvents, Stretch
from workers.lanes.waiting_events import parked_event, waiting_events
from workers.lanes.work import Restart
from workers.parking import tried_again
from workers.ports.clock import Clock
from workers.ports.event_store import EventTable
from workers.ports.lanes import Interruption
from workers.ports.log import InboundRecord
from workers.ports.parked import ParkedStreamRequest
from workers.ports.read_models import START, Checkpoint, Generation, ServerSigns
from workers.ports.sections import SectionStore, follower_name, lane_topic
from workers.projection.code import code_of_section
from workers.projection.folding import Folded
from workers.projection.part import Part
from workers.projection.section_folding import concerned, documents_of, fold_section
from workers.projection.section_integrity import SectionIntegrity
from workers.projection.section_restoring import NOTHING, SectionRestoring
from workers.projection.section_values import SectionValues, UnsureValues

LOST_VALUE = "the value is lost, and the code raises on other events of it"
"""The error of a parked stream whose events cannot be counted on what is left."""

log = structlog.get_logger(__name__)


class SectionLane:
    """`LaneWork` for one section of a projection on one partition of the section's context.

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
        section: Section,
        topics: Topics,
        partition: int,
        models: StoredEvents,
        table: EventTable,
        store: SectionStore,
        building: Generation | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._section = section
        self.partition = partition
        self._models = models
        self._table = table
        self._store = store
        self._name = follower_name(projection.name, section.name)
        self._code = code_of_section(section, models)
        self._input = SequencedEvents("projection", section.context, partition, models, table)
        topic = lane_topic(topics.events(section.context), section.name)
        self._part = Part(projection, topic, partition, store, building, section=section.name)
        self._values = SectionValues(section, models, table, store, self._part)
        self._integrity = SectionIntegrity(section, partition, models, table, store, clock)
        self._restoring = SectionRestoring(self._name, self._code, self._part, self._values, self._integrity, store)

    async def acquire(self) -> int:
        await self._integrity.ask_server()
        part = self._part
        before = (part.generation, part.checkpoint)
        part.generation = await part.live()
        stored = await part.stored()
        if stored == START and before[0] == part.generation and before[1] != START:
            telemetry.REBUILDS.labels(self._name).inc()
            log.warning("the read model is gone; it is rebuilt", projection=self._name, partition=self.partition)
        part.say_if_outdated(stored, self._code)
        part.checkpoint = stored
        if stored.sequence and not await self._is_in_table(stored):
            await self._restoring.start_over()
        await self._restoring.begin(await part.parked(), unchanged=before == (part.generation, part.checkpoint))
        self._input.position = part.checkpoint.sequence
        return part.checkpoint.offset

    async def _is_in_table(self, stored: Checkpoint) -> bool:
        """Whether the table has the last event that the checkpoint says was applied."""
        return bool(await self._table.events_after(self._section.context, self.partition, stored.sequence - 1, 1))

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
        folded = await self._folded(concerned(self._section, events, part.waiting))
        built_by = self._code if part.checkpoint == START else part.checkpoint.built_by
        await self._restoring.commit(folded, Checkpoint(events[-1].sequence, stretch.next_offset, built_by))
        telemetry.PROJECTED.labels(self._name).inc(len(events))
        age_seconds = time.time() - datetime.fromisoformat(events[-1].recorded_at).timestamp()
        self._note(max(age_seconds, 0.0))

    async def _folded(self, events: Sequence[Recorded], skipped: Sequence[Recorded] = ()) -> Folded:
        document_ids = documents_of(self._section, [*skipped, *events])
        try:
            stored = await self._values.at_checkpoint(document_ids)
        except UnsureValues as error:
            await self._restoring.start_over_unsure(error.document_ids)
        folded = fold_section(self._name, self._section, events, stored, skipped)
        if folded.parked:
            # The store may have a value that is ahead, with an event that is parked now: a retry would count it twice.
            before = {name: stored[name].encoded() if name in stored else None for name in document_ids}
            folded = folded._replace(documents=before | dict(folded.documents))
        return folded

    def _note(self, staleness_seconds: float) -> None:
        telemetry.STALENESS.labels(self._name, str(self.partition)).set(staleness_seconds)
        telemetry.WAITING.labels(self._name, self._part.topic, str(self.partition)).set(len(self._part.waiting))

    async def _handle_requests(self) -> None:
        """Do what operators have requested for parked streams."""
        part = self._part
        if not part.waiting:
            return
        requests = await self._store.parked_requests(part.generation, part.topic, self.partition)
        requests = [request for request in requests if request.stream_id in part.waiting]
        document_ids: set[str] = set()
        for request in requests:
            document_ids.update(documents_of(self._section, chain(*await self._requested_events(request))))
        unsure = await self._restoring.restore(sorted(document_ids))
        for request in requests:
            await self._handle_request(request, unsure)

    async def _requested_events(self, request: ParkedStreamRequest) -> tuple[Sequence[Recorded], Sequence[Recorded]]:
        """The events that a request would have applied, and those that it would have skipped."""
        part, context = self._part, self._section.context
        parked, until = part.waiting[request.stream_id], part.checkpoint.sequence
        events = await waiting_events(self._table, context, parked, request, self._models, until)
        skipped = await parked_event(self._table, context, parked, self._models) if request.action == "skip" else ()
        return concerned(self._section, events, {}), skipped

    async def _handle_request(self, request: ParkedStreamRequest, unsure: AbstractSet[str]) -> None:
        """The stream stays parked if it concerns one of the documents in `unsure`."""
        part = self._part
        parked = part.waiting[request.stream_id]
        events, skipped = await self._requested_events(request)
        if unsure.isdisjoint(documents_of(self._section, chain(events, skipped))):
            folded = await self._folded(events, skipped)
            folded = folded._replace(parked=tried_again(parked, folded.parked))
        else:
            folded = NOTHING._replace(parked=[parked._replace(attempts=parked.attempts + 1, error=LOST_VALUE)])
        unparked = () if folded.parked else (request.stream_id,)
        await self._restoring.commit(folded, part.touched_checkpoint, unparked)
        log.info("parked stream", requested=request.action, stream_id=request.stream_id, still_parked=not unparked)

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
        await self._restoring.check()
        self._note(0.0)

    @property
    def sequence(self) -> int:
        """The sequence of the last event that was read."""
        return self._input.position

    def note_signs(self, signs: ServerSigns | None) -> None:
        """The signs that the store's server reports now."""
        self._integrity.note_signs(signs)

    def is_at_rest(self, live: Generation, stored: Checkpoint) -> bool:
        """Whether `idle` would find nothing but events of the table, if these are the live generation and the stored
        checkpoint.
        """
        part = self._part
        is_unchanged = (live, stored) == (part.generation, part.checkpoint)
        until = part.checkpoint.sequence
        return is_unchanged and not part.waiting and not (until and self._integrity.is_due(until))

    async def release(self) -> None:
        """Nothing to do: the checkpoint is in the store."""

    def abandon(self) -> None:
        """Nothing to do: nothing is in flight between batches."""
